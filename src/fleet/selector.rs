//! The selector's grammar (nom): names with ranges, attributes, `,` `!` `&` `^`, parentheses.
//!
//! Deliberately absent: which servers exist. Chains whose meaning would depend on the order of reading are not
//! given one: they ask for parentheses.

use super::nearest::nearest;
use crate::domain::intent::{Attribute, Comparison, NamePart, NamePattern, NumberRange, Predicate, Selector, Spanned};
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, digit1, space0};
use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Parser};

/// More digits than this in one number are not read.
pub(super) const NUMBER_LENGTH_MAX_DIGITS: usize = 18;
/// Parentheses inside parentheses, at most.
const NESTING_MAX: usize = 16;
/// The longest reading that is written out when parentheses are asked for.
const READING_LENGTH_MAX_CHARS: usize = 200;

/// Reads a selector that begins at that byte of a normalised line; answers it and where it ends.
///
/// # Errors
/// A misunderstanding of the whole line, with the place.
pub fn parse_selector(line: &str, start: usize) -> Result<(Spanned<Selector>, usize), Misunderstanding> {
    let reader = Reader { line };
    let input = line.get(start..).unwrap_or_default();
    match reader.expression(input, 0) {
        Ok((rest, selector)) => {
            let end = reader.at(rest);
            Ok((Spanned { value: selector, span: start..end }, end))
        }
        Err(nom::Err::Error(stop) | nom::Err::Failure(stop)) => Err(stop.told(line)),
        Err(nom::Err::Incomplete(_)) => {
            Err(Stop::over(input, Kind::Unexpected { expected: Expected::Servers }).told(line))
        }
    }
}

/// Where reading stopped (as lengths of the rest of the line), and why.
#[derive(Debug)]
struct Stop {
    from_end: usize,
    to_end: usize,
    kind: Kind,
    suggestion: Option<String>,
}

type Parsed<'a, T> = IResult<&'a str, T, Stop>;

impl Stop {
    /// At the next word of the rest; at the end of the line, an empty place.
    fn over(rest: &str, kind: Kind) -> Self {
        let word = rest.split(' ').next().unwrap_or_default();
        Self::between(rest, word.len(), kind)
    }

    fn between(rest: &str, length: usize, kind: Kind) -> Self {
        Self { from_end: rest.len(), to_end: rest.len().saturating_sub(length), kind, suggestion: None }
    }

    fn first_character(rest: &str, kind: Kind) -> Self {
        Self::between(rest, rest.chars().next().map_or(0, char::len_utf8), kind)
    }

    fn told(self, line: &str) -> Misunderstanding {
        let span = line.len().saturating_sub(self.from_end)..line.len().saturating_sub(self.to_end);
        Misunderstanding::new(line, span, self.kind).perhaps_suggesting(self.suggestion)
    }
}

impl ParseError<&str> for Stop {
    fn from_error_kind(input: &str, _: ErrorKind) -> Self {
        Self::first_character(input, Kind::Unexpected { expected: Expected::Servers })
    }

    fn append(_: &str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

fn fails<T>(stop: Stop) -> Result<T, nom::Err<Stop>> {
    Err(nom::Err::Failure(stop))
}

fn spaces(input: &str) -> Parsed<'_, &str> {
    space0(input)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Union,
    Intersection,
    Difference,
    Exclusive,
}

impl Operator {
    const fn sign(self) -> &'static str {
        match self {
            Self::Union => ",",
            Self::Intersection => " & ",
            Self::Difference => " ! ",
            Self::Exclusive => " ^ ",
        }
    }

    fn join(self, left: Selector, right: Selector) -> Selector {
        let (left, right) = (Box::new(left), Box::new(right));
        match self {
            Self::Union => Selector::Union(left, right),
            Self::Intersection => Selector::Intersection(left, right),
            Self::Difference => Selector::Difference(left, right),
            Self::Exclusive => Selector::Exclusive(left, right),
        }
    }

    /// Whether two operators in a row mean the same however they are read, or in the one way that everybody reads.
    fn may_follow(self, before: Self) -> bool {
        self == before || (before == Self::Intersection && self == Self::Difference)
    }
}

fn operator(input: &str) -> Parsed<'_, Operator> {
    nom::branch::alt((
        char(',').map(|_| Operator::Union),
        char('&').map(|_| Operator::Intersection),
        char('!').map(|_| Operator::Difference),
        char('^').map(|_| Operator::Exclusive),
    ))
    .parse(input)
}

struct Reader<'a> {
    line: &'a str,
}

impl<'a> Reader<'a> {
    /// Where a rest of the line begins.
    fn at(&self, rest: &str) -> usize {
        self.line.len() - rest.len()
    }

    fn text(&self, from: &str, to: &str) -> &'a str {
        self.line.get(self.at(from)..self.at(to)).unwrap_or_default()
    }

    fn expression(&self, input: &'a str, depth: usize) -> Parsed<'a, Selector> {
        let (mut rest, mut selector) = self.term(input, depth)?;
        let mut texts = vec![self.text(input, rest)];
        let mut operators: Vec<Operator> = Vec::new();
        let mut unclear: Option<(usize, Stop)> = None;
        loop {
            let (sign, _) = spaces(rest)?;
            let Ok((after, next)) = operator(sign) else { break };
            if unclear.is_none() && operators.last().is_some_and(|before| !next.may_follow(*before)) {
                let readings = Box::new([String::new(), String::new()]);
                unclear = Some((operators.len(), Stop::first_character(sign, Kind::NeedsParentheses { readings })));
            }
            let (after, _) = spaces(after)?;
            let (end, right) = self.term(after, depth)?;
            texts.push(self.text(after, end));
            operators.push(next);
            selector = next.join(selector, right);
            rest = end;
        }
        if let Some((place, stop)) = unclear {
            let readings = Box::new(readings(&texts, &operators, place));
            return fails(Stop { kind: Kind::NeedsParentheses { readings }, ..stop });
        }
        Ok((rest, selector))
    }

    fn term(&self, input: &'a str, depth: usize) -> Parsed<'a, Selector> {
        if let Ok((inside, _)) = char::<_, Stop>('(').parse(input) {
            if depth == NESTING_MAX {
                return fails(Stop::first_character(input, Kind::NestedTooDeep));
            }
            let (inside, _) = spaces(inside)?;
            let (rest, selector) = self.expression(inside, depth + 1)?;
            let (rest, _) = spaces(rest)?;
            return match char::<_, Stop>(')').parse(rest) {
                Ok((rest, _)) => Ok((rest, selector)),
                Err(_) => fails(Stop::over(rest, Kind::Unexpected { expected: Expected::ClosingParenthesis })),
            };
        }
        if input.starts_with('@') {
            let length = input.find([' ', ',', '&', '!', '^', '(', ')']).unwrap_or(input.len());
            let group = input.get(..length).unwrap_or(input).to_owned();
            return fails(Stop::between(input, length, Kind::UnknownGroup { group }));
        }
        match self.predicate(input) {
            Err(nom::Err::Error(_)) => self.names(input),
            read => read,
        }
    }

    fn predicate(&self, input: &'a str) -> Parsed<'a, Selector> {
        let (after_key, key) = take_while1(|letter: char| letter.is_ascii_alphabetic() || letter == '_')(input)?;
        let (sign, gap) = spaces(after_key)?;
        let (rest, comparison) = nom::branch::alt((tag("!="), tag("="), tag("in"))).parse(sign)?;
        if comparison == "in" && (gap.is_empty() || !rest.trim_start_matches(' ').starts_with('(')) {
            return Err(nom::Err::Error(Stop::over(input, Kind::Unexpected { expected: Expected::Servers })));
        }
        if comparison == "=" && rest.starts_with(['~', '=']) {
            return fails(Stop::between(sign, 2, Kind::Unexpected { expected: Expected::Comparison }));
        }
        let lower = key.to_ascii_lowercase();
        let Some(attribute) = Attribute::ALL.into_iter().find(|attribute| attribute.word() == lower) else {
            let mut stop = Stop::between(input, key.len(), Kind::UnknownAttribute { word: key.to_owned() });
            stop.suggestion = attribute_like(&lower).map(str::to_owned);
            return fails(stop);
        };
        let (rest, _) = spaces(rest)?;
        let (rest, values) = if comparison == "in" { self.value_list(rest)? } else { self.one_value(rest)? };
        let comparison = if comparison == "!=" { Comparison::NotEqual } else { Comparison::Equal };
        let span = self.at(input)..self.at(rest);
        Ok((rest, Selector::Attribute(Spanned { value: Predicate { attribute, comparison, values }, span })))
    }

    fn one_value(&self, input: &'a str) -> Parsed<'a, Vec<Spanned<String>>> {
        let (rest, value) = self.value(input)?;
        Ok((rest, vec![value]))
    }

    fn value_list(&self, input: &'a str) -> Parsed<'a, Vec<Spanned<String>>> {
        let (mut rest, _) = char('(').parse(input)?;
        let mut values = Vec::new();
        loop {
            let (after, value) = self.value(spaces(rest)?.0)?;
            values.push(value);
            let (after, _) = spaces(after)?;
            if let Ok((after, _)) = char::<_, Stop>(',').parse(after) {
                rest = after;
                continue;
            }
            return match char::<_, Stop>(')').parse(after) {
                Ok((after, _)) => Ok((after, values)),
                Err(_) => fails(Stop::over(after, Kind::Unexpected { expected: Expected::ClosingParenthesis })),
            };
        }
    }

    fn value(&self, input: &'a str) -> Parsed<'a, Spanned<String>> {
        let (rest, text) = take_while(is_name_letter)(input)?;
        refuse_foreign(rest)?;
        if text.is_empty() || text.starts_with("--") {
            return fails(Stop::over(input, Kind::Unexpected { expected: Expected::AttributeValue }));
        }
        Ok((rest, Spanned { value: text.to_ascii_lowercase(), span: self.at(input)..self.at(rest) }))
    }

    fn names(&self, input: &'a str) -> Parsed<'a, Selector> {
        let mut rest = input;
        let mut parts = Vec::new();
        if !input.starts_with("--") && input.split(' ').next() != Some("because") {
            loop {
                let (after, literal) = take_while(is_name_letter)(rest)?;
                if !literal.is_empty() {
                    parts.push(NamePart::Literal(literal.to_ascii_lowercase()));
                }
                refuse_foreign(after)?;
                if let Some(after) = after.strip_prefix('*') {
                    parts.push(NamePart::Anything);
                    rest = after;
                } else if after.starts_with('[') {
                    let (after, ranges) = ranges(after)?;
                    parts.push(NamePart::Ranges(ranges));
                    rest = after;
                } else {
                    rest = after;
                    break;
                }
            }
        }
        if parts.is_empty() {
            return fails(Stop::over(input, Kind::Unexpected { expected: Expected::Servers }));
        }
        let span = self.at(input)..self.at(rest);
        Ok((rest, Selector::Names(Spanned { value: NamePattern { parts }, span })))
    }
}

/// Letters of names and values. Dots and underscores are read, so that the answer can name what was meant.
fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

fn refuse_foreign(rest: &str) -> Result<(), nom::Err<Stop>> {
    match rest.chars().next() {
        Some(character) if !character.is_ascii() => fails(Stop::first_character(rest, Kind::NotAscii { character })),
        Some(_) | None => Ok(()),
    }
}

fn attribute_like(word: &str) -> Option<&'static str> {
    match word {
        "pop" | "location" | "dc" | "datacenter" => Some(Attribute::Site.word()),
        "role" | "kind" => Some(Attribute::Type.word()),
        _ => nearest(word, Attribute::ALL.map(Attribute::word)),
    }
}

/// `[001-020/2,031]`.
fn ranges(input: &str) -> Parsed<'_, Vec<NumberRange>> {
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

/// The two readings of a chain whose operator at `place` does not go with the one before it.
fn readings(texts: &[&str], operators: &[Operator], place: usize) -> [String; 2] {
    let join = |from: usize, to: usize| {
        let mut text = String::new();
        for (index, term) in texts.iter().enumerate().take(to + 1).skip(from) {
            if index > from {
                text.push_str(operators.get(index - 1).map_or("", |operator| operator.sign()));
            }
            text.push_str(term);
        }
        text
    };
    let sign = |index: usize| operators.get(index).map_or("", |operator| operator.sign());
    let last = texts.len().saturating_sub(1);
    let left = format!("({}){}{}", join(0, place), sign(place), join(place + 1, last));
    let before = place.saturating_sub(1);
    let right = format!("{}{}({})", join(0, before), sign(before), join(place, last));
    [left, right].map(|reading| match reading.char_indices().nth(READING_LENGTH_MAX_CHARS) {
        Some((end, _)) => format!("{}…", reading.get(..end).unwrap_or_default()),
        None => reading,
    })
}
