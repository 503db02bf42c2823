//! The atoms of a selector: names, attributes, tags, expressions on names, saved groups, what a request left undone.
//!
//! Deliberately absent: how atoms are joined, and whether anything of that name exists.

use super::nearest::nearest;
use super::ranges::ranges;
use super::selector::{Parsed, Reader, Stop, fails, spaces};
use super::{expression, expression::EXPRESSION_LENGTH_MAX_CHARS};
use crate::domain::ids::RequestId;
use crate::domain::intent::{
    Attribute, Comparison, NameMatch, NamePart, NamePattern, Predicate, Selector, Spanned, TagPredicate,
};
use crate::domain::misunderstanding::{Expected, MisunderstandingKind as Kind};
use crate::domain::server::{ServerGroup, TagName};
use nom::Parser;
use nom::bytes::complete::{take_while, take_while1};
use nom::character::complete::char;

impl<'a> Reader<'a> {
    pub(super) fn atom(&self, input: &'a str) -> Parsed<'a, Selector> {
        if let Some(rest) = input.strip_prefix('@') {
            return self.group(input, rest);
        }
        if let Some(rest) = without_key(input, "failed:") {
            return self.undone(input, rest);
        }
        if let Some(rest) = without_key(input, "tag:") {
            return self.tag(input, rest);
        }
        match self.predicate(input) {
            Err(nom::Err::Error(_)) => self.names(input),
            read => read,
        }
    }

    fn group(&self, input: &'a str, rest: &'a str) -> Parsed<'a, Selector> {
        let (rest, name) = self.word(rest, Expected::GroupName)?;
        let span = self.at(input)..self.at(rest);
        Ok((rest, Selector::Group(Spanned { value: ServerGroup::new(name.value), span })))
    }

    fn undone(&self, input: &'a str, rest: &'a str) -> Parsed<'a, Selector> {
        let (after, id) = self.word(rest, Expected::RequestId)?;
        let Some(request) = RequestId::parse(&id.value) else {
            return fails(Stop::between(rest, rest.len() - after.len(), Kind::NotARequest { text: id.value }));
        };
        Ok((after, Selector::Undone(Spanned { value: request, span: self.at(input)..self.at(after) })))
    }

    fn tag(&self, input: &'a str, rest: &'a str) -> Parsed<'a, Selector> {
        let (rest, name) = self.word(rest, Expected::TagName)?;
        let (sign, gap) = spaces(rest)?;
        let Some((rest, comparison)) = comparison(sign, gap) else {
            return fails(Stop::over(sign, Kind::Unexpected { expected: Expected::Comparison }));
        };
        let (rest, values) = self.values(rest, comparison)?;
        let tag = Spanned { value: TagName::new(name.value), span: name.span };
        let span = self.at(input)..self.at(rest);
        let value = TagPredicate { tag, comparison: comparison.meaning(), values };
        Ok((rest, Selector::Tag(Spanned { value, span })))
    }

    fn predicate(&self, input: &'a str) -> Parsed<'a, Selector> {
        let (after_key, key) = take_while1(|letter: char| letter.is_ascii_alphabetic() || letter == '_')(input)?;
        let (sign, gap) = spaces(after_key)?;
        let lower = key.to_ascii_lowercase();
        let is_expression = sign.starts_with("=~") || sign.starts_with("!~");
        if lower == NAME && is_expression {
            return self.name_match(input, sign);
        }
        let Some((rest, comparison)) = comparison(sign, gap) else {
            return Err(nom::Err::Error(Stop::over(input, Kind::Unexpected { expected: Expected::Servers })));
        };
        if lower == NAME {
            return fails(Stop::between(
                sign,
                comparison.sign().len(),
                Kind::Unexpected { expected: Expected::NameComparison },
            ));
        }
        if is_expression || sign.starts_with("==") {
            return fails(Stop::between(sign, 2, Kind::Unexpected { expected: Expected::Comparison }));
        }
        let Some(attribute) = Attribute::ALL.into_iter().find(|attribute| attribute.word() == lower) else {
            let mut stop = Stop::between(input, key.len(), Kind::UnknownAttribute { word: key.to_owned() });
            stop.suggestion = attribute_like(&lower).map(str::to_owned);
            return fails(stop);
        };
        let (rest, values) = self.values(rest, comparison)?;
        let span = self.at(input)..self.at(rest);
        let value = Predicate { attribute, comparison: comparison.meaning(), values };
        Ok((rest, Selector::Attribute(Spanned { value, span })))
    }

    /// `sign` begins with the `=~` or `!~`.
    fn name_match(&self, input: &'a str, sign: &'a str) -> Parsed<'a, Selector> {
        let comparison = if sign.starts_with('=') { Comparison::Equal } else { Comparison::NotEqual };
        let (start, _) = spaces(sign.get(2..).unwrap_or_default())?;
        let length = expression::length(start);
        let (text, rest) = start.split_at_checked(length).unwrap_or((start, ""));
        if text.is_empty() {
            return fails(Stop::over(start, Kind::Unexpected { expected: Expected::Expression }));
        }
        if text.chars().count() > EXPRESSION_LENGTH_MAX_CHARS {
            let why = format!("it has more than {EXPRESSION_LENGTH_MAX_CHARS} characters");
            return fails(Stop::between(start, length, Kind::BadExpression { why }));
        }
        if let Err((place, why)) = expression::read(text) {
            let from = start.get(place.start..).unwrap_or_default();
            return fails(Stop::between(from, place.len(), Kind::BadExpression { why }));
        }
        let expression = Spanned { value: text.to_owned(), span: self.at(start)..self.at(rest) };
        let span = self.at(input)..self.at(rest);
        Ok((rest, Selector::NameMatches(Spanned { value: NameMatch { comparison, expression }, span })))
    }

    /// One word of name letters, in lower case.
    fn word(&self, input: &'a str, expected: Expected) -> Parsed<'a, Spanned<String>> {
        let (rest, text) = take_while(is_name_letter)(input)?;
        refuse_foreign(rest)?;
        if text.is_empty() {
            return fails(Stop::between(input, 0, Kind::Unexpected { expected }));
        }
        Ok((rest, Spanned { value: text.to_ascii_lowercase(), span: self.at(input)..self.at(rest) }))
    }

    fn values(&self, input: &'a str, comparison: Sign) -> Parsed<'a, Vec<Spanned<String>>> {
        let (rest, _) = spaces(input)?;
        match comparison {
            Sign::In => self.value_list(rest),
            Sign::Equal | Sign::NotEqual => self.one_value(rest),
        }
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

/// The word that expressions on names begin with.
const NAME: &str = "name";

#[derive(Clone, Copy)]
enum Sign {
    Equal,
    NotEqual,
    In,
}

impl Sign {
    const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::In => "in",
        }
    }

    const fn meaning(self) -> Comparison {
        match self {
            Self::Equal | Self::In => Comparison::Equal,
            Self::NotEqual => Comparison::NotEqual,
        }
    }
}

/// `=`, `!=`, or a word `in` before a parenthesis; and a `!~`, which is none, so that it can be told.
fn comparison<'a>(sign: &'a str, gap: &str) -> Option<(&'a str, Sign)> {
    let signs: [(&str, Sign); 3] = [("!=", Sign::NotEqual), ("=", Sign::Equal), ("!~", Sign::NotEqual)];
    if let Some(read) = signs.into_iter().find_map(|(text, read)| Some((sign.strip_prefix(text)?, read))) {
        return Some(read);
    }
    let rest = sign.strip_prefix("in").filter(|rest| rest.trim_start_matches(' ').starts_with('('))?;
    (!gap.is_empty()).then_some((rest, Sign::In))
}

/// What stands behind a key, however it is capitalised.
fn without_key<'a>(input: &'a str, key: &str) -> Option<&'a str> {
    let (written, rest) = input.split_at_checked(key.len())?;
    written.eq_ignore_ascii_case(key).then_some(rest)
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
