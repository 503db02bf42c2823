//! The grammar of ranges: `[001-020/2,031]`.
//!
//! Deliberately absent: what stands around the brackets.

use super::selector::{NUMBER_LENGTH_MAX_DIGITS, Parsed, Stop, fails, spaces};
use crate::domain::intent::NumberRange;
use crate::domain::misunderstanding::{Expected, MisunderstandingKind as Kind};
use nom::Parser;
use nom::character::complete::{char, digit1};

/// `[001-020/2,031]`.
pub(super) fn ranges(input: &str) -> Parsed<'_, Vec<NumberRange>> {
    let (mut rest, _) = char('[').parse(input)?;
    if spaces(rest)?.0.starts_with(']') {
        let length = input.len() - spaces(rest)?.0.len() + 1;
        return fails(Stop::between(input, length, Kind::EmptyRange));
    }
    let mut ranges = Vec::new();
    loop {
        let (after, range) = range(spaces(rest)?.0)?;
        ranges.push(range);
        let (after, _) = spaces(after)?;
        if let Some(after) = after.strip_prefix(',') {
            rest = after;
        } else if let Some(after) = after.strip_prefix(']') {
            return Ok((after, ranges));
        } else {
            return fails(Stop::first_character(after, Kind::Unexpected { expected: Expected::RangeEnd }));
        }
    }
}

fn range(input: &str) -> Parsed<'_, NumberRange> {
    let (rest, (first_text, first)) = number(input)?;
    let width = if is_padded(first_text) { first_text.len() } else { 0 };
    let Some(after) = rest.strip_prefix('-') else {
        return Ok((rest, NumberRange { first, last: first, step: 1, width }));
    };
    let (rest, (last_text, last)) = number(after)?;
    let length = input.len() - rest.len();
    if (is_padded(first_text) || is_padded(last_text)) && first_text.len() != last_text.len() {
        return fails(Stop::between(input, length, Kind::UnclearPadding));
    }
    if last < first {
        return fails(Stop::between(input, length, Kind::ReversedRange));
    }
    let Some(after) = rest.strip_prefix('/') else {
        return Ok((rest, NumberRange { first, last, step: 1, width }));
    };
    let (rest, (step_text, step)) = number(after)?;
    if step == 0 {
        return fails(Stop::between(after, step_text.len(), Kind::ZeroStep));
    }
    Ok((rest, NumberRange { first, last, step, width }))
}

fn is_padded(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

fn number(input: &str) -> Parsed<'_, (&str, u64)> {
    let Ok((rest, digits)) = digit1::<_, Stop>(input) else {
        return fails(Stop::first_character(input, Kind::Unexpected { expected: Expected::RangeNumber }));
    };
    match digits.parse() {
        Ok(number) if digits.len() <= NUMBER_LENGTH_MAX_DIGITS => Ok((rest, (digits, number))),
        Ok(_) | Err(_) => fails(Stop::between(input, digits.len(), Kind::NumberTooLong)),
    }
}
