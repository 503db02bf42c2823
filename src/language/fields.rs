//! A command's line as the fields of a form, and back.
//!
//! Filling in is tolerant: whatever stands in a line is put where it seems to belong, so that nothing typed is lost.
//! The line that the fields make is then read like every other one.

use super::clock::{read_time, read_wait};
use super::line::{Cursor, begins_start};
use super::normalise::{begins_reason, normalise};
use super::print::{print_reason, written};
use super::quotes::{Quotes, inside, unescaped};
use crate::domain::command::{CommandSpec, ParameterSpec, Targets, ValueKind};
use crate::domain::intent::ParameterName;
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};
use crate::fleet::{parse_selector, parse_whole_selector};
use std::collections::BTreeMap;

/// What stands in the fields of a form, as people typed it; an empty text says nothing.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Fields {
    /// The servers or sites.
    pub subjects: String,
    /// Each parameter's text; the one that is asked as because among them.
    pub values: BTreeMap<ParameterName, String>,
    /// When to begin, e.g. `at 02:00` or `in 20m`.
    pub start: String,
}

impl Fields {
    /// What a line fills in, even one that was not understood.
    #[must_use]
    pub fn of_line(line: &str, spec: &CommandSpec) -> Self {
        let mut fields = Self::default();
        let Ok(line) = normalise(line) else { return fields };
        let cursor = Cursor { line: &line };
        let (verb, mut place) = cursor.word(0);
        if verb.value.eq_ignore_ascii_case("plan") {
            place = cursor.word(place).1;
        }
        if spec.targets != Targets::None {
            place = fields.take_subjects(&cursor, place);
        }
        while !cursor.rest(place).is_empty() {
            place = fields.take_next(&cursor, place, spec);
        }
        fields
    }

    /// Everything up to what begins a parameter, a time or a reason.
    fn take_subjects(&mut self, cursor: &Cursor<'_>, start: usize) -> usize {
        let mut place = match parse_selector(cursor.line, start) {
            Ok((_, end)) => end,
            Err(_) => start,
        };
        while place < cursor.line.len() {
            let next = cursor.past_spaces(place);
            if ends_subjects(cursor.rest(next)) {
                break;
            }
            place = cursor.word(next).0.span.end;
        }
        self.subjects = cursor.line.get(start..place).unwrap_or_default().trim().to_owned();
        cursor.past_spaces(place)
    }

    fn take_next(&mut self, cursor: &Cursor<'_>, place: usize, spec: &CommandSpec) -> usize {
        let rest = cursor.rest(place);
        let (word, after) = cursor.word(place);
        if begins_reason(rest) {
            let reason = cursor.rest(after);
            let reason = inside(reason).unwrap_or_else(|| reason.trim().to_owned());
            if let Some(because) = spec.parameters.iter().find(|one| one.asked_as_because) {
                self.values.insert(because.name.clone(), reason);
            }
            return cursor.line.len();
        }
        if begins_start(rest) {
            let mut end = after;
            while !cursor.rest(end).is_empty() && !ends_subjects(cursor.rest(end)) {
                end = cursor.word(end).1;
            }
            self.start = cursor.line.get(place..end).unwrap_or_default().trim().to_owned();
            return end;
        }
        let Some(name) = word.value.strip_prefix("--") else { return after };
        let (name, value_at) = match name.split_once('=') {
            Some((name, _)) => (name, place + "--".len() + name.len() + "=".len()),
            None => (name, after),
        };
        let (value, next) = value(cursor, value_at);
        if let Some(declared) = spec.parameter(&name.to_lowercase()) {
            self.values.entry(declared.name.clone()).or_insert(value);
        }
        next
    }

    /// The line that these fields make. Empty fields are left out, so that reading the line tells what is missing.
    ///
    /// # Errors
    /// What does not stay inside its field; places are those of the field's own text.
    pub fn line(&self, spec: &CommandSpec) -> Result<String, Misunderstanding> {
        let mut words = vec![spec.name.to_string()];
        if spec.targets != Targets::None && !is_blank(&self.subjects) {
            let subjects = normalise(&self.subjects)?;
            parse_whole_selector(&subjects)?;
            words.push(subjects);
        }
        let said = |one: &ParameterSpec| {
            let text = self.values.get(&one.name).filter(|text| !is_blank(text))?;
            Some(if matches!(one.kind, ValueKind::Text { .. }) { text.as_str() } else { text.trim() })
        };
        for parameter in spec.parameters.iter().filter(|one| !one.asked_as_because) {
            words.extend(said(parameter).map(|text| format!("--{} {}", parameter.name, written(text))));
        }
        if !is_blank(&self.start) {
            words.extend(start(&self.start)?);
        }
        // A reason that ends in a time stays one: the form has a field for the time.
        let because = spec.parameters.iter().find(|one| one.asked_as_because);
        words.extend(because.and_then(said).map(|text| format!("because {}", print_reason(text))));
        Ok(words.join(" "))
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// `in` before a parenthesis compares, and begins no time.
fn ends_subjects(rest: &str) -> bool {
    let compares = rest.get(.."in".len()).is_some_and(|word| word.eq_ignore_ascii_case("in"))
        && rest.get("in".len()..).is_some_and(|after| after.trim_start().starts_with('('));
    rest.starts_with("--") || begins_reason(rest) || (begins_start(rest) && !compares)
}

/// The value there, if one is; and where the next word begins.
fn value(cursor: &Cursor<'_>, place: usize) -> (String, usize) {
    let rest = cursor.rest(place);
    if let Some(text) = rest.strip_prefix('"')
        && let Some((inside, _)) = Quotes::Double.split(text)
    {
        return (unescaped(inside), cursor.past_spaces(place + inside.len() + "\"\"".len()));
    }
    if ends_subjects(rest) {
        return (String::new(), place);
    }
    let (word, next) = cursor.word(place);
    (word.value.to_owned(), next)
}

/// `02:00` is `at 02:00`, `20m` is `in 20m`, and `now` is what happens without a time.
fn start(text: &str) -> Result<Option<String>, Misunderstanding> {
    let text = normalise(text)?;
    if text.eq_ignore_ascii_case("now") {
        return Ok(None);
    }
    let candidates =
        if begins_start(&text) { vec![text.clone()] } else { vec![format!("at {text}"), format!("in {text}")] };
    match candidates.into_iter().find(|candidate| is_start(candidate)) {
        Some(start) => Ok(Some(start)),
        None => Err(Misunderstanding::new(&text, 0..text.len(), Kind::NotATime)),
    }
}

fn is_start(text: &str) -> bool {
    let cursor = Cursor { line: text };
    let (word, after) = cursor.word(0);
    let end = if word.value.eq_ignore_ascii_case("in") {
        read_wait(&cursor, after).map(|(_, end)| end)
    } else {
        read_time(&cursor, after).map(|(_, end)| end)
    };
    end == Ok(text.len())
}
