//! The selector's grammar (nom): atoms joined by `,` `!` `&` `^`, and parentheses.
//!
//! Deliberately absent: which servers exist. Chains whose meaning would depend on the order of reading are not
//! given one: they ask for parentheses.

use crate::domain::intent::{Selector, Spanned};
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};
use nom::character::complete::{char, space0};
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

/// Reads a text that is a selector and nothing else.
///
/// # Errors
/// A misunderstanding of the text, with the place.
pub fn parse_whole_selector(text: &str) -> Result<Spanned<Selector>, Misunderstanding> {
    let start = text.len() - text.trim_start().len();
    let (selector, end) = parse_selector(text, start)?;
    if text.get(end..).is_none_or(|rest| rest.trim().is_empty()) {
        return Ok(selector);
    }
    let kind = Kind::Unexpected { expected: Expected::AfterServers };
    Err(Misunderstanding::new(text, end..text.len(), kind))
}

/// Where reading stopped (as lengths of the rest of the line), and why.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) from_end: usize,
    pub(super) to_end: usize,
    pub(super) kind: Kind,
    pub(super) suggestion: Option<String>,
    /// Where the chain stands that has two readings.
    chain: Option<(usize, usize)>,
}

pub(super) type Parsed<'a, T> = IResult<&'a str, T, Stop>;

impl Stop {
    /// At the next word of the rest; at the end of the line, an empty place.
    pub(super) fn over(rest: &str, kind: Kind) -> Self {
        let word = rest.split(' ').next().unwrap_or_default();
        Self::between(rest, word.len(), kind)
    }

    pub(super) fn between(rest: &str, length: usize, kind: Kind) -> Self {
        Self { from_end: rest.len(), to_end: rest.len().saturating_sub(length), kind, suggestion: None, chain: None }
    }

    pub(super) fn first_character(rest: &str, kind: Kind) -> Self {
        Self::between(rest, rest.chars().next().map_or(0, char::len_utf8), kind)
    }

    fn told(self, line: &str) -> Misunderstanding {
        let span = line.len().saturating_sub(self.from_end)..line.len().saturating_sub(self.to_end);
        let readings = self.readings(line);
        Misunderstanding::new(line, span, self.kind).perhaps_suggesting(self.suggestion).asking_which(readings)
    }

    /// The whole lines that it may mean; none if they are too long to be written out.
    fn readings(&self, line: &str) -> Vec<String> {
        let (Kind::NeedsParentheses { readings }, Some((from_end, to_end))) = (&self.kind, self.chain) else {
            return Vec::new();
        };
        if readings.iter().any(|reading| reading.ends_with('…')) {
            return Vec::new();
        }
        let before = line.get(..line.len().saturating_sub(from_end)).unwrap_or_default();
        let after = line.get(line.len().saturating_sub(to_end)..).unwrap_or_default();
        readings.iter().map(|reading| format!("{before}{reading}{after}")).collect()
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

pub(super) fn fails<T>(stop: Stop) -> Result<T, nom::Err<Stop>> {
    Err(nom::Err::Failure(stop))
}

pub(super) fn spaces(input: &str) -> Parsed<'_, &str> {
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

pub(super) struct Reader<'a> {
    pub(super) line: &'a str,
}

impl<'a> Reader<'a> {
    /// Where a rest of the line begins.
    pub(super) fn at(&self, rest: &str) -> usize {
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
            let chain = Some((input.len(), rest.len()));
            return fails(Stop { kind: Kind::NeedsParentheses { readings }, chain, ..stop });
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
        self.atom(input)
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
