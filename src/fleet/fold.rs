//! Many names as few patterns: `edge-lax-[001-020,031]`. Folding and expanding again gives the same names.

use super::print::print_range;
use crate::domain::intent::NumberRange;
use crate::domain::server::ServerName;
use std::collections::{BTreeMap, BTreeSet};

/// The names as the fewest patterns that vary in their last number; sorted, padding kept.
#[must_use]
pub fn fold(names: &[ServerName]) -> Vec<String> {
    families(names).iter().map(|family| family.pattern.clone()).collect()
}

/// At most that many patterns as one text, then how many servers are not named: `a, b + 4 more`.
#[must_use]
pub fn folded(names: &[ServerName], patterns_max: usize) -> String {
    let families = families(names);
    let shown: Vec<&str> = families.iter().take(patterns_max).map(|family| family.pattern.as_str()).collect();
    let hidden: usize = families.iter().skip(patterns_max).map(|family| family.servers).sum();
    match (shown.join(", "), hidden) {
        (text, 0) => text,
        (text, _) if text.is_empty() => format!("{hidden} servers"),
        (text, _) => format!("{text} + {hidden} more"),
    }
}

/// Names that differ in their last number only.
struct Family {
    pattern: String,
    servers: usize,
}

fn families(names: &[ServerName]) -> Vec<Family> {
    // Ordered by the first name of each family, as people expect a list of servers to be.
    let mut numbered: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut plain: BTreeSet<&str> = BTreeSet::new();
    for name in names {
        match split(name.as_str()) {
            Some((before, digits, after)) => {
                numbered.entry((before, after)).or_default().insert(digits);
            }
            None => {
                plain.insert(name.as_str());
            }
        }
    }
    let mut families: Vec<Family> =
        plain.into_iter().map(|name| Family { pattern: name.to_owned(), servers: 1 }).collect();
    for ((before, after), digits) in numbered {
        let ranges = ranges_of(&digits);
        let pattern = match ranges.as_slice() {
            [only] if only.first == only.last => format!("{before}{}{after}", print_range(only)),
            _ => format!("{before}[{}]{after}", ranges.iter().map(print_range).collect::<Vec<_>>().join(",")),
        };
        families.push(Family { pattern, servers: digits.len() });
    }
    families.sort_by(|left, right| left.pattern.cmp(&right.pattern));
    families
}

/// The text before the last number, the number, and the text after it.
fn split(name: &str) -> Option<(&str, &str, &str)> {
    let end = name.rfind(|letter: char| letter.is_ascii_digit())? + 1;
    let (head, after) = name.split_at_checked(end)?;
    let before = head.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let digits = head.get(before.len()..)?;
    (digits.len() <= super::selector::NUMBER_LENGTH_MAX_DIGITS).then_some((before, digits, after))
}

/// Ranges of numbers. Numbers of one length count as padded as soon as one of them begins with 0.
fn ranges_of(digits: &BTreeSet<&str>) -> Vec<NumberRange> {
    let is_padded = |text: &str| text.len() > 1 && text.starts_with('0');
    let padded_lengths: BTreeSet<usize> = digits.iter().filter(|text| is_padded(text)).map(|text| text.len()).collect();
    let mut numbers: Vec<(usize, u64)> = digits
        .iter()
        .filter_map(|text| {
            let width = if padded_lengths.contains(&text.len()) { text.len() } else { 0 };
            text.parse().ok().map(|number| (width, number))
        })
        .collect();
    numbers.sort_unstable();
    let mut ranges: Vec<NumberRange> = Vec::new();
    for (width, number) in numbers {
        match ranges.last_mut() {
            Some(range) if range.width == width && range.last + 1 == number => range.last = number,
            Some(_) | None => ranges.push(NumberRange { first: number, last: number, step: 1, width }),
        }
    }
    // A range reads its padding from its first number, so one that begins with 100 would lose it: but then no
    // number in it begins with 0, and padding changes nothing.
    ranges
}
