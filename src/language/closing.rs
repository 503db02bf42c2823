//! `close-breaker reboot site=lax because …`: what the breaker is about, and why it may be closed.
//!
//! Deliberately absent: whether there is such a breaker.

use super::line::Cursor;
use super::normalise::begins_reason;
use super::quotes;
use crate::domain::breaker::BreakerScope;
use crate::domain::intent::{Intent, ParameterName};
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};

/// The breaker behind the verb, and the reason to the end of the line.
pub(super) fn close_breaker(cursor: &Cursor<'_>, place: usize) -> Result<Intent, Misunderstanding> {
    let mut at = place;
    while !cursor.rest(at).is_empty() && !begins_reason(cursor.rest(at)) {
        at = cursor.word(at).1;
    }
    let written = cursor.line.get(place..at).unwrap_or_default().trim_end();
    let Some(scope) = BreakerScope::parse(written) else {
        let span = place..place + written.len();
        return Err(cursor.told(span, Kind::Unexpected { expected: Expected::Breaker }));
    };
    let (_, after) = cursor.word(at);
    let written = cursor.rest(after);
    let quoted = quotes::inside(written);
    let why = quoted.as_deref().unwrap_or(written).trim();
    // `because …` copied from a message says nothing yet.
    if !why.chars().any(char::is_alphanumeric) {
        return Err(cursor.told(cursor.end(), Kind::MissingReason { name: ParameterName::new("reason") }));
    }
    Ok(Intent::CloseBreaker { scope, why: why.to_owned() })
}
