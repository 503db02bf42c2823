//! `override capacity on req-2mq9 because …`: which policy, of which request, and why.
//!
//! Deliberately absent: which policies there are, and which of them can be overridden.

use super::line::{Cursor, because_like};
use super::normalise::begins_reason;
use super::quotes;
use crate::domain::ids::RequestId;
use crate::domain::intent::{Intent, Spanned};
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};

/// The line behind `override`.
pub(super) fn overriding(cursor: &Cursor<'_>, place: usize) -> Result<Intent, Misunderstanding> {
    let (policy, next) = cursor.word(place);
    if policy.value.is_empty() || is_on(policy.value) || begins_reason(cursor.rest(place)) {
        return Err(cursor.told(place..place, Kind::Unexpected { expected: Expected::Policy }));
    }
    let (on, after) = cursor.word(next);
    if !is_on(on.value) {
        // The id alone says as much, but a line that is read aloud says `on`.
        let better = RequestId::parse(&on.value.to_lowercase()).map(|request| format!("on {request}"));
        let span = if better.is_some() { on.span } else { next..next };
        return Err(cursor.told(span, Kind::Unexpected { expected: Expected::OnRequest }).perhaps_suggesting(better));
    }
    let (written, after) = cursor.word(after);
    if written.value.is_empty() || begins_reason(written.value) {
        let span = written.span.start..written.span.start;
        return Err(cursor.told(span, Kind::Unexpected { expected: Expected::RequestId }));
    }
    let Some(request) = RequestId::parse(&written.value.to_lowercase()) else {
        return Err(cursor.told(written.span, Kind::NotARequest { text: written.value.to_owned() }));
    };
    let why = reason(cursor, after)?;
    let policy = Spanned { value: policy.value.to_lowercase(), span: policy.span };
    Ok(Intent::Override { policy, request, why })
}

fn is_on(word: &str) -> bool {
    word.eq_ignore_ascii_case("on")
}

/// What stands behind `because`, which must say something.
fn reason(cursor: &Cursor<'_>, place: usize) -> Result<String, Misunderstanding> {
    let missing = |place: usize| cursor.told(place..place, Kind::Unexpected { expected: Expected::Reason });
    let rest = cursor.rest(place);
    if rest.is_empty() {
        return Err(missing(cursor.line.len()));
    }
    let (because, after) = cursor.word(place);
    if !begins_reason(rest) {
        let better = because_like(because.value).map(str::to_owned);
        let kind = Kind::Unexpected { expected: Expected::Reason };
        return Err(cursor.told(because.span, kind).perhaps_suggesting(better));
    }
    let written = cursor.rest(after);
    let quoted = quotes::inside(written);
    let text = quoted.as_deref().unwrap_or(written).trim();
    if !text.chars().any(char::is_alphanumeric) {
        return Err(missing(cursor.line.len()));
    }
    Ok(text.to_owned())
}
