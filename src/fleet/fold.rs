//! Many names as few patterns: `edge-lax-[001-020,031]`, `rack[1-2]-node[01-10]`. Folding and expanding again gives the same names.

use super::print::print_range;
use crate::domain::intent::NumberRange;
use crate::domain::server::ServerName;
use std::collections::{BTreeMap, BTreeSet};

/// The names as few patterns, with a bracket at each place whose numbers vary; sorted, padding kept.
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

/// Names that one pattern stands for.
struct Family {
    pattern: String,
    servers: usize,
}

/// A number as it is written: how many digits, and its value. Ordered as people count.
type Number = (usize, u64);

/// One number, or all that stand in one bracket, at each place of a name that has a number.
type Block = Vec<Vec<Number>>;

fn families(names: &[ServerName]) -> Vec<Family> {
    let mut shapes: BTreeMap<Vec<&str>, Vec<Block>> = BTreeMap::new();
    let distinct: BTreeSet<&str> = names.iter().map(ServerName::as_str).collect();
    for name in distinct {
        let (literals, numbers) = split(name);
        shapes.entry(literals).or_default().push(numbers.into_iter().map(|number| vec![number]).collect());
    }
    let mut families = Vec::new();
    for (literals, blocks) in shapes {
        families.extend(
            merged(blocks).iter().map(|block| Family {
                pattern: written(&literals, block),
                servers: block.iter().map(Vec::len).product(),
            }),
        );
    }
    // Ordered by the first name of each family, as people expect a list of servers to be.
    families.sort_by(|left, right| left.pattern.cmp(&right.pattern));
    families
}

/// The texts around the numbers, one more than there are numbers; and the numbers.
fn split(name: &str) -> (Vec<&str>, Vec<Number>) {
    let mut literals = Vec::new();
    let mut numbers = Vec::new();
    let (mut start, mut place) = (0, 0);
    while let Some(rest) = name.get(place..).filter(|rest| !rest.is_empty()) {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            place += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        // A number that is too long to be counted is text like any other.
        let number = rest.get(..digits).filter(|text| text.len() <= super::selector::NUMBER_LENGTH_MAX_DIGITS);
        if let Some(number) = number.and_then(|text| text.parse().ok()) {
            literals.push(name.get(start..place).unwrap_or_default());
            numbers.push((digits, number));
            start = place + digits;
        }
        place += digits;
    }
    literals.push(name.get(start..).unwrap_or_default());
    (literals, numbers)
}

/// As few blocks as can be had by joining those that differ at one place only, whichever order of places gives fewer.
fn merged(blocks: Vec<Block>) -> Vec<Block> {
    let places = blocks.first().map_or(0, Vec::len);
    if places < 2 {
        return if places == 0 { blocks } else { merged_at(blocks, &[0]) };
    }
    let from_the_end: Vec<usize> = (0..places).rev().collect();
    let from_the_start: Vec<usize> = (0..places).collect();
    let last_first = merged_at(blocks.clone(), &from_the_end);
    if last_first.len() == 1 {
        return last_first;
    }
    let first_first = merged_at(blocks, &from_the_start);
    let ranges = |blocks: &[Block]| blocks.iter().flatten().map(|numbers| ranges_of(numbers).len()).sum::<usize>();
    let cost = |blocks: &[Block]| (blocks.len(), ranges(blocks));
    if cost(&first_first) < cost(&last_first) { first_first } else { last_first }
}

fn merged_at(mut blocks: Vec<Block>, places: &[usize]) -> Vec<Block> {
    loop {
        let before = blocks.len();
        for place in places {
            blocks = joined(blocks, *place);
        }
        if blocks.len() == before || blocks.len() == 1 || places.len() == 1 {
            return blocks;
        }
    }
}

/// Joins the blocks that differ at that place only. They share no name, so nothing is counted twice.
fn joined(mut blocks: Vec<Block>, place: usize) -> Vec<Block> {
    let is_alike = |left: &Block, right: &Block| {
        left.iter().zip(right).enumerate().all(|(index, (left, right))| index == place || left == right)
    };
    blocks.sort_by(|left, right| {
        let pairs = left.iter().zip(right).enumerate().filter(|(index, _)| *index != place);
        let mut orders = pairs.map(|(_, (left, right))| left.cmp(right));
        orders.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut kept: Vec<Block> = Vec::new();
    for block in blocks {
        match kept.last_mut().filter(|last| is_alike(last, &block)) {
            Some(last) => {
                let more = block.into_iter().nth(place).unwrap_or_default();
                if let Some(numbers) = last.get_mut(place) {
                    numbers.extend(more);
                }
            }
            None => kept.push(block),
        }
    }
    kept.iter_mut().filter_map(|block| block.get_mut(place)).for_each(|numbers| numbers.sort_unstable());
    kept
}

fn written(literals: &[&str], block: &Block) -> String {
    let mut text = String::new();
    let mut numbers = block.iter();
    for literal in literals {
        text.push_str(literal);
        let Some(numbers) = numbers.next() else { continue };
        let ranges = ranges_of(numbers);
        match ranges.as_slice() {
            [only] if only.first == only.last => text.push_str(&print_range(only)),
            _ => {
                let ranges: Vec<String> = ranges.iter().map(print_range).collect();
                text.push_str(&format!("[{}]", ranges.join(",")));
            }
        }
    }
    text
}

/// Ranges of numbers. Numbers of one length count as padded as soon as one of them begins with 0.
fn ranges_of(numbers: &[Number]) -> Vec<NumberRange> {
    let is_padded = |(digits, number): &Number| *digits > 1 && digits_of(*number) < *digits;
    let padded_lengths: BTreeSet<usize> =
        numbers.iter().filter(|number| is_padded(number)).map(|(digits, _)| *digits).collect();
    let width_of = |digits: usize| if padded_lengths.contains(&digits) { digits } else { 0 };
    let mut widths: Vec<Number> = numbers.iter().map(|(digits, number)| (width_of(*digits), *number)).collect();
    widths.sort_unstable();
    let mut ranges: Vec<NumberRange> = Vec::new();
    for (width, number) in widths {
        match ranges.last_mut() {
            Some(range) if range.width == width && range.last + 1 == number => range.last = number,
            Some(_) | None => ranges.push(NumberRange { first: number, last: number, step: 1, width }),
        }
    }
    // A range reads its padding from its first number, so one that begins with 100 would lose it: but then no
    // number in it begins with 0, and padding changes nothing.
    ranges
}

fn digits_of(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |digits| digits as usize + 1)
}
