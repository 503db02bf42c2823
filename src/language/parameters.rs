//! `--name value`, `at …`, `in …` and `because …`, against what the command declares.

use super::line::{Cursor, because_like, begins_start};
use super::normalise::begins_reason;
use super::quotes::{self, Quotes};
use super::{Vocabulary, start, values};
use crate::domain::command::{CommandSpec, Need, ParameterSpec};
use crate::domain::intent::{ParameterName, Spanned, Start, Value};
use crate::domain::misunderstanding::{Expected, Missing, MissingPart, Misunderstanding, MisunderstandingKind as Kind};
use crate::fleet::nearest;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Reads the parameters of one command.
pub(super) struct Parameters<'a> {
    cursor: &'a Cursor<'a>,
    spec: &'a CommandSpec,
    vocabulary: &'a Vocabulary,
    given: BTreeMap<ParameterName, Spanned<Value>>,
    start: Option<Spanned<Start>>,
    /// Where `because` stands: parameters belong before it.
    because_at: Option<usize>,
    /// Parameters that are named without a value, and the first that is told of them.
    valueless: Vec<Missing>,
    told: Option<Misunderstanding>,
}

/// The parameters with their values, and when to begin.
type Given = (BTreeMap<ParameterName, Spanned<Value>>, Option<Spanned<Start>>);

impl<'a> Parameters<'a> {
    pub(super) fn new(cursor: &'a Cursor<'a>, spec: &'a CommandSpec, vocabulary: &'a Vocabulary) -> Self {
        Self {
            cursor,
            spec,
            vocabulary,
            given: BTreeMap::new(),
            start: None,
            because_at: None,
            valueless: Vec::new(),
            told: None,
        }
    }

    /// Everything from that place to the end of the line, defaults filled in.
    pub(super) fn read(mut self, start: usize) -> Result<Given, Misunderstanding> {
        match self.read_all(start) {
            Ok(()) => self.complete(),
            // What comes first in the line is told first.
            Err(told) => Err(self.told.unwrap_or(told)),
        }
    }

    /// The same of a line that is only asked about: what it does not say yet is left out.
    pub(super) fn read_partly(mut self, start: usize) -> Result<Given, Misunderstanding> {
        self.read_all(start)?;
        // A name without its value says nothing yet.
        self.valueless.clear();
        self.fill_in();
        Ok((self.given, self.start))
    }

    fn read_all(&mut self, start: usize) -> Result<(), Misunderstanding> {
        let mut place = start;
        while !self.cursor.rest(place).is_empty() {
            if begins_reason(self.cursor.rest(place)) {
                return self.read_reason(place);
            }
            place =
                if begins_start(self.cursor.rest(place)) { self.read_start(place)? } else { self.read_named(place)? };
        }
        Ok(())
    }

    /// A parameter is named, but its value is not there: that is told once everything else is read.
    fn is_valueless(&mut self, spec: &ParameterSpec, at: usize) {
        let told = self.cursor.told(at..at, Kind::MissingValue { name: spec.name.clone() });
        self.told.get_or_insert(told);
        self.valueless.push(Missing { at, part: MissingPart::Value(Box::new(spec.clone())) });
    }

    fn is_named(&self, spec: &ParameterSpec) -> bool {
        let is_it = |missing: &Missing| matches!(&missing.part, MissingPart::Value(named) if named.name == spec.name);
        self.given.contains_key(&spec.name) || self.valueless.iter().any(is_it)
    }

    fn read_start(&mut self, place: usize) -> Result<usize, Misunderstanding> {
        let (start, next) = start::read(self.cursor, place, self.vocabulary)?;
        if self.start.is_some() {
            return Err(self.cursor.told(start.span, Kind::DoubleStart));
        }
        self.start = Some(start);
        Ok(next)
    }

    fn read_named(&mut self, place: usize) -> Result<usize, Misunderstanding> {
        let (written, after) = self.cursor.word(place);
        let Some(name) = written.value.strip_prefix("--") else {
            let better = match written.value.strip_prefix('-') {
                Some(_) => Some(format!("-{}", written.value)),
                None => because_like(written.value).map(str::to_owned),
            };
            let kind = Kind::Unexpected { expected: Expected::Parameter };
            return Err(self.cursor.told(written.span, kind).perhaps_suggesting(better));
        };
        // `--wave=10%` is one word, `--wave 10%` two.
        let (name, value_at) = match name.split_once('=') {
            Some((name, _)) => (name, place + "--".len() + name.len() + "=".len()),
            None => (name, after),
        };
        let name = Spanned { value: name, span: place..place + "--".len() + name.len() };
        let spec = self.declared(&name)?;
        if self.is_named(spec) {
            return Err(self.cursor.told(name.span, Kind::DoubleParameter { name: spec.name.clone() }));
        }
        let Some((value, next)) = self.written_value(value_at) else {
            self.is_valueless(spec, value_at);
            return Ok(self.cursor.past_spaces(value_at));
        };
        let span = value.span.clone();
        let value =
            values::read(spec, &value.value, self.vocabulary).map_err(|unfit| self.unfit(spec, &value, unfit))?;
        self.given.insert(spec.name.clone(), Spanned { value, span });
        Ok(next)
    }

    fn declared(&self, name: &Spanned<&str>) -> Result<&'a ParameterSpec, Misunderstanding> {
        let lower = name.value.to_lowercase();
        if let Some(spec) = self.spec.parameter(&lower) {
            return Ok(spec);
        }
        let known = self.spec.parameters.iter().map(|parameter| parameter.name.as_str());
        let better = nearest(&lower, known).map(|near| format!("--{near}"));
        let kind = Kind::UnknownParameter { name: name.value.to_owned() };
        Err(self.cursor.told(name.span.clone(), kind).perhaps_suggesting(better))
    }

    /// A word, or a quoted text without its quotes; and where the next word begins.
    fn written_value(&self, place: usize) -> Option<(Spanned<Cow<'a, str>>, usize)> {
        let rest = self.cursor.rest(place);
        if let Some(quoted) = rest.strip_prefix('"')
            && let Some((inside, _)) = Quotes::Double.split(quoted)
        {
            let span = place..place + inside.len() + "\"\"".len();
            let next = self.cursor.past_spaces(span.end);
            return Some((Spanned { value: Cow::Owned(quotes::unescaped(inside)), span }, next));
        }
        let (word, next) = self.cursor.word(place);
        if word.value.is_empty() || word.value.starts_with("--") || begins_reason(rest) {
            return None;
        }
        Some((Spanned { value: Cow::Borrowed(word.value), span: word.span }, next))
    }

    fn unfit(&self, spec: &ParameterSpec, value: &Spanned<Cow<'_, str>>, better: Option<String>) -> Misunderstanding {
        let kind = Kind::UnfitValue { parameter: Box::new(spec.clone()) };
        self.cursor.told(value.span.clone(), kind).perhaps_suggesting(better)
    }

    fn read_reason(&mut self, place: usize) -> Result<(), Misunderstanding> {
        let (because, after) = self.cursor.word(place);
        let Some(spec) = self.spec.parameters.iter().find(|parameter| parameter.asked_as_because) else {
            return Err(self.cursor.told(because.span, Kind::BecauseNotTaken { command: self.spec.name.clone() }));
        };
        if self.is_named(spec) {
            return Err(self.cursor.told(because.span, Kind::DoubleParameter { name: spec.name.clone() }));
        }
        self.because_at = Some(place);
        let written = self.cursor.rest(after);
        let quoted = quotes::inside(written);
        let text = quoted.as_deref().unwrap_or(written).trim();
        // `because …` copied from the help says nothing yet.
        if !text.chars().any(char::is_alphanumeric) {
            self.is_valueless(spec, self.cursor.line.len());
            return Ok(());
        }
        let span = after..self.cursor.line.len();
        let value = Value::Text(text.to_owned());
        if !spec.kind.admits(&value) {
            let kind = Kind::UnfitValue { parameter: Box::new(spec.clone()) };
            return Err(self.cursor.told(span, kind));
        }
        if quoted.is_none() && self.start.is_none() {
            start::ask_about_reason(self.cursor, place, after)?;
        }
        self.given.insert(spec.name.clone(), Spanned { value, span });
        Ok(())
    }

    /// Gives every parameter that was left out its default; tells those that have none and are needed.
    fn fill_in(&mut self) -> Vec<&'a ParameterSpec> {
        let mut absent = Vec::new();
        for spec in &self.spec.parameters {
            if self.is_named(spec) {
                continue;
            }
            match (&spec.default, spec.need) {
                (Some(value), _) => {
                    self.given.insert(spec.name.clone(), Spanned { value: value.clone(), span: self.cursor.end() });
                }
                (None, Need::Optional) => {}
                (None, Need::Required) => absent.push(spec),
            }
        }
        absent
    }

    fn complete(mut self) -> Result<Given, Misunderstanding> {
        let mut absent = self.fill_in();
        // A reason stands at the end, and everything else before it.
        absent.sort_by_key(|spec| spec.asked_as_because);
        let told = self.told.or_else(|| {
            let spec = absent.first()?;
            let name = spec.name.clone();
            let kind =
                if spec.asked_as_because { Kind::MissingReason { name } } else { Kind::MissingParameter { name } };
            Some(self.cursor.told(self.cursor.end(), kind))
        });
        let Some(told) = told else { return Ok((self.given, self.start)) };
        let end = self.cursor.line.len();
        let mut missing = self.valueless;
        missing.extend(absent.into_iter().map(|spec| {
            let at = if spec.asked_as_because { end } else { self.because_at.unwrap_or(end) };
            Missing { at, part: MissingPart::Parameter(Box::new(spec.clone())) }
        }));
        missing.sort_by_key(|missing| missing.at);
        Err(told.lacking(missing))
    }
}
