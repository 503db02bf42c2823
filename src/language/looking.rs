//! Lines that only look: `why` before a request, a run or a server; `queue` and `out`, perhaps with servers.
//!
//! Deliberately absent: the answers, and whether there is such a request.

use super::line::{Cursor, after_selector};
use crate::domain::asked::WhyOf;
use crate::domain::ids::{RequestId, RunId};
use crate::domain::intent::{Selector, Spanned};
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};
use crate::fleet::parse_selector;

/// What stands behind `why`; nothing means the request in whose thread the line stands.
pub(super) fn why(cursor: &Cursor<'_>, place: usize) -> Result<WhyOf, Misunderstanding> {
    let (written, after) = cursor.word(place);
    let word = written.value.to_lowercase();
    if word.is_empty() {
        let (verb, _) = cursor.word(0);
        return Ok(if is_consent(&verb.value.to_lowercase()) { WhyOf::Consent } else { WhyOf::Here });
    }
    let of = match (RequestId::parse(&word), RunId::parse(&word)) {
        (Some(request), _) => WhyOf::Request(request),
        (None, Some(run)) => WhyOf::Run(run),
        (None, None) if is_meant_as_id(&word) => {
            let meant = RequestId::from_tail(&word).map(|request| request.to_string());
            let kind = Kind::NotARequest { text: written.value.to_owned() };
            return Err(cursor.told(written.span, kind).perhaps_suggesting(meant));
        }
        (None, None) => {
            let (selector, end) = parse_selector(cursor.line, place)?;
            cursor.expect_end(after_selector(cursor, end)?)?;
            return Ok(WhyOf::Server(selector));
        }
    };
    cursor.expect_end(after)?;
    Ok(of)
}

/// What people write who want to agree to a request, or not to.
pub(super) fn is_consent(word: &str) -> bool {
    matches!(word, "review" | "approve" | "agree" | "deny" | "reject")
}

/// The servers that are asked about, to the end of the line; nothing means every one, which is safe for reading.
pub(super) fn scope(cursor: &Cursor<'_>, place: usize) -> Result<Option<Spanned<Selector>>, Misunderstanding> {
    if cursor.rest(place).is_empty() {
        return Ok(None);
    }
    let (selector, end) = parse_selector(cursor.line, place)?;
    cursor.expect_end(after_selector(cursor, end)?)?;
    Ok(Some(selector))
}

/// Whether a word is the id of a request or a run with something wrong: with its beginning, or its end alone.
fn is_meant_as_id(word: &str) -> bool {
    let is_tail = RequestId::from_tail(word).is_some() && word.contains(|letter: char| letter.is_ascii_digit());
    is_tail || word.starts_with("req-") || word.starts_with("run-") || matches!(word, "req" | "run")
}
