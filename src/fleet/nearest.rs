//! Which known word a mistyped one probably stands for.

/// The known word nearest to a mistyped one, if exactly one is near enough.
///
/// Near enough is one slip in a short word, two in a longer one; swapping neighbours is one slip.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    if written.len() > WORD_LENGTH_MAX_CHARS {
        return None;
    }
    let slips_max = match written.len() {
        0 | 1 => 0,
        2..=5 => 1,
        6..=11 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &str)> = None;
    let mut is_tied = false;
    for candidate in known {
        let letters: Vec<char> = candidate.chars().collect();
        if letters.len().abs_diff(written.len()) > slips_max {
            continue;
        }
        let slips = distance(&written, &letters);
        if slips > slips_max {
            continue;
        }
        match best {
            Some((fewest, _)) if slips > fewest => {}
            Some((fewest, other)) if slips == fewest => is_tied = is_tied || other != candidate,
            Some(_) | None => {
                best = Some((slips, candidate));
                is_tied = false;
            }
        }
    }
    best.filter(|_| !is_tied).map(|(_, candidate)| candidate)
}

/// Longer words are not compared: nothing known is that long.
const WORD_LENGTH_MAX_CHARS: usize = 80;

/// How many insertions, deletions, replacements and swaps of neighbours lie between two words.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_previous: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (row, left_letter) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut right_before = None;
        for (column, right_letter) in right.iter().enumerate() {
            let at = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut slips = (at(&previous, column) + usize::from(left_letter != right_letter))
                .min(at(&previous, column + 1) + 1)
                .min(at(&current, column) + 1);
            if column > 0 && left_before == Some(right_letter) && right_before == Some(left_letter) {
                slips = slips.min(at(&before_previous, column - 1) + 1);
            }
            current.push(slips);
            right_before = Some(right_letter);
        }
        before_previous = std::mem::replace(&mut previous, current);
        left_before = Some(left_letter);
    }
    previous.last().copied().unwrap_or(left.len())
}
