//! Folded names: how many names one stands for, which, and whether a name fits one with `*`.

use crate::domain::intent::{NamePart, NamePattern, NumberRange};

/// Whether the pattern has a `*`.
pub(super) fn is_open(pattern: &NamePattern) -> bool {
    pattern.parts.contains(&NamePart::Anything)
}

/// How many names the pattern stands for; saturates. A `*` counts once.
pub(super) fn count(pattern: &NamePattern) -> u64 {
    pattern.parts.iter().fold(1, |product: u64, part| match part {
        NamePart::Literal(_) | NamePart::Anything => product,
        NamePart::Ranges(ranges) => {
            product.saturating_mul(ranges.iter().fold(0, |sum: u64, range| sum.saturating_add(length(range))))
        }
    })
}

fn length(range: &NumberRange) -> u64 {
    (range.last.saturating_sub(range.first) / range.step.max(1)).saturating_add(1)
}

/// Every name that a pattern without `*` stands for, in its order; `None` beyond `names_max` or with a `*`.
#[must_use]
pub fn expand(pattern: &NamePattern, names_max: usize) -> Option<Vec<String>> {
    if is_open(pattern) || count(pattern) > names_max as u64 {
        return None;
    }
    let mut names = vec![String::new()];
    for part in &pattern.parts {
        match part {
            NamePart::Literal(text) => names.iter_mut().for_each(|name| name.push_str(text)),
            NamePart::Ranges(ranges) => {
                names = names
                    .iter()
                    .flat_map(|name| ranges.iter().flat_map(numbers).map(move |number| format!("{name}{number}")))
                    .collect();
            }
            NamePart::Anything => return None,
        }
    }
    Some(names)
}

/// The numbers of a range, padded as written.
fn numbers(range: &NumberRange) -> impl Iterator<Item = String> + use<> {
    let (width, step) = (range.width, usize::try_from(range.step.max(1)).unwrap_or(usize::MAX));
    (range.first..=range.last).step_by(step).map(move |number| format!("{number:0width$}"))
}

/// Whether a name fits. Follows all places it may stand at once, so that no pattern makes it slow.
pub(super) fn fits(pattern: &NamePattern, name: &str) -> bool {
    let mut places = vec![false; name.len() + 1];
    if let Some(start) = places.first_mut() {
        *start = true;
    }
    for part in &pattern.parts {
        let mut next = vec![false; name.len() + 1];
        for (place, _) in places.iter().enumerate().filter(|(_, reached)| **reached) {
            let Some(rest) = name.get(place..) else { continue };
            mark(part, rest, place, &mut next);
        }
        places = next;
    }
    places.last().copied().unwrap_or(false)
}

fn mark(part: &NamePart, rest: &str, place: usize, next: &mut [bool]) {
    let mut reach = |end: usize| {
        if let Some(slot) = next.get_mut(end) {
            *slot = true;
        }
    };
    match part {
        NamePart::Literal(text) => {
            if rest.starts_with(text.as_str()) {
                reach(place + text.len());
            }
        }
        NamePart::Anything => (place..=place + rest.len()).for_each(reach),
        NamePart::Ranges(ranges) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            for end in 1..=digits {
                let text = rest.get(..end).unwrap_or_default();
                if ranges.iter().any(|range| holds(range, text)) {
                    reach(place + end);
                }
            }
        }
    }
}

/// Whether the digits are one of the range's numbers, padded as written.
fn holds(range: &NumberRange, digits: &str) -> bool {
    let width = range.width;
    digits.parse::<u64>().is_ok_and(|number| {
        (range.first..=range.last).contains(&number)
            && (number - range.first).is_multiple_of(range.step.max(1))
            && format!("{number:0width$}") == digits
    })
}
