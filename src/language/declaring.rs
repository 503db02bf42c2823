//! `state edge-lax-007 repair because PSU dead`: which servers, how they are, and why.
//!
//! Deliberately absent: whether that fits how they are known to be.

use super::braking::{reason_given, selected};
use super::line::Cursor;
use crate::domain::declaration::{Declaration, Declared};
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};
use crate::fleet::nearest;

/// What people say instead of the words that are read.
const SAME: [(Declared, &[&str]); 4] = [
    (Declared::Maintenance, &["maint", "down", "out", "work"]),
    (Declared::Repair, &["broken", "dead", "defective", "failed", "rma", "repairing"]),
    (Declared::Ready, &["production", "prod", "up", "back", "ok", "fine", "fixed", "repaired", "done", "drained"]),
    (Declared::Standby, &["reserve", "spare", "waiting", "idle", "stand-by"]),
];

/// The servers behind the verb, the word, and the reason to the end of the line.
pub(super) fn state(cursor: &Cursor<'_>, place: usize) -> Result<Declaration, Misunderstanding> {
    // Whoever begins with the word has left out the servers: no server is called so.
    let (first, _) = cursor.word(place);
    if Declared::of_word(first.value).is_some() {
        return Err(cursor.told(place..place, Kind::Unexpected { expected: Expected::Servers }));
    }
    let (servers, place) = selected(cursor, place)?;
    let (word, after) = cursor.word(place);
    let Some(declared) = Declared::of_word(word.value) else {
        let span = if word.value.is_empty() { cursor.end() } else { word.span };
        let told = cursor.told(span, Kind::Unexpected { expected: Expected::Declared });
        return Err(told.perhaps_suggesting(meant(word.value).map(|declared| declared.word().to_owned())));
    };
    Ok(Declaration { servers, declared, because: reason_given(cursor, after)? })
}

/// The word that somebody meant who wrote another.
fn meant(written: &str) -> Option<Declared> {
    let is_same = |(_, words): &&(Declared, &[&str])| words.iter().any(|word| word.eq_ignore_ascii_case(written));
    let same = SAME.iter().find(is_same).map(|(declared, _)| *declared);
    same.or_else(|| Declared::of_word(nearest(written, Declared::ALL.map(Declared::word))?))
}
