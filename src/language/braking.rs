//! Lines that stop things, and lines that let them go on.
//!
//! A stop is read whatever else is missing: whoever is in a hurry gets it. Deliberately absent: who may, and what is stopped.

use super::line::Cursor;
use super::normalise::begins_reason;
use super::{Vocabulary, quotes};
use crate::domain::braking::Braking;
use crate::domain::intent::{BuiltInVerb, ParameterName};
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};

/// What is said behind that verb, if it is one that stops things or lets them go on.
pub(super) fn read(
    cursor: &Cursor<'_>,
    verb: BuiltInVerb,
    place: usize,
    _vocabulary: &Vocabulary,
) -> Option<Result<Braking, Misunderstanding>> {
    match verb {
        BuiltInVerb::StopEverything => {
            let (word, after) = cursor.word(place);
            let place = if word.value.eq_ignore_ascii_case("now") { after } else { place };
            Some(reason(cursor, place).map(|because| Braking::Stop { because }))
        }
        BuiltInVerb::ResumeEverything => Some(reason_given(cursor, place).map(|because| Braking::Resume { because })),
        BuiltInVerb::Help
        | BuiltInVerb::Status
        | BuiltInVerb::Cancel
        | BuiltInVerb::Plan
        | BuiltInVerb::CanI
        | BuiltInVerb::WhoCan
        | BuiltInVerb::Why
        | BuiltInVerb::Queue
        | BuiltInVerb::Out
        | BuiltInVerb::Override => None,
    }
}

/// The text behind `because`, to the end of the line; a time at its end is a part of it.
fn reason(cursor: &Cursor<'_>, place: usize) -> Result<Option<String>, Misunderstanding> {
    let rest = cursor.rest(place);
    if rest.is_empty() {
        return Ok(None);
    }
    let (word, after) = cursor.word(place);
    if !begins_reason(rest) {
        let better = super::line::because_like(word.value).map(str::to_owned);
        let kind = Kind::Unexpected { expected: Expected::ReasonOrEnd };
        return Err(cursor.told(word.span, kind).perhaps_suggesting(better));
    }
    let written = cursor.rest(after);
    let quoted = quotes::inside(written);
    let text = quoted.as_deref().unwrap_or(written).trim();
    // `because …` copied from the help says nothing yet.
    Ok(Some(text.to_owned()).filter(|text| text.chars().any(char::is_alphanumeric)))
}

fn reason_given(cursor: &Cursor<'_>, place: usize) -> Result<String, Misunderstanding> {
    reason(cursor, place)?
        .ok_or_else(|| cursor.told(cursor.end(), Kind::MissingReason { name: ParameterName::new("reason") }))
}
