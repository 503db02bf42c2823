//! Work that is asked for while open requests have some of it already: which have it, and what to send instead.
//!
//! Deliberately absent: what counts as the same work, which whoever asks finds out.

use super::answers::alone;
use super::message::{Message, Piece, Rich};
use super::words::{PATTERNS_MAX, Prose, is_are, listed, quoted, servers, summary, told};
use crate::domain::ids::RequestId;
use crate::domain::intent::{ParameterName, Value};
use crate::domain::server::ServerName;
use crate::fleet::folded;
use crate::workflow::request::Request;
use std::collections::BTreeMap;

/// The most requests that are told one by one.
const REQUESTS_MAX: usize = 3;
/// The most parameters that are told one by one.
const PARAMETERS_MAX: usize = 3;

/// What open requests have of a line already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Doubling {
    /// One has all of it.
    Whole(Box<Request>),
    /// Some have some of it, or all of it with other parameters.
    Partly {
        /// What each has, the oldest first.
        overlaps: Vec<Overlap>,
        /// The same line for the servers that none has, if there are any.
        rest: Option<String>,
    },
}

/// What one open request has of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overlap {
    /// It.
    pub request: Request,
    /// The servers of the line that it works on, or is going to.
    pub servers: Vec<ServerName>,
    /// Its parameters that are not those of the line, and what they are there; `None` is not given.
    pub other: BTreeMap<ParameterName, Option<Value>>,
}

/// Some of it is in open requests already, or they do it otherwise: nothing was added.
#[must_use]
pub fn overlapping(overlaps: &[Overlap], rest: Option<&str>, links: &BTreeMap<RequestId, String>) -> Message {
    let mut prose = listing(overlaps, links).line().text("Nothing was added.");
    if let Some(rest) = rest {
        prose = prose.text(format!(" {}: ", without(overlaps))).piece(Piece::Code(rest.replace('`', "'")));
    } else {
        let other = overlaps.iter().filter(|overlap| !overlap.other.is_empty()).collect::<Vec<_>>();
        for (place, overlap) in other.iter().take(REQUESTS_MAX).enumerate() {
            let cancel = format!("cancel {}", overlap.request.id());
            prose = prose.text(if place == 0 { " To do it otherwise: " } else { " and " }).code(cancel);
        }
        if !other.is_empty() {
            prose = prose.text(", then send your line again.");
        }
    }
    let text = prose.done();
    Message::of_text(summary(super::plain::line(&text)), text)
}

/// The same, of a line that is only looked at.
pub(super) fn would_double(doubling: &Doubling) -> Rich {
    let (overlaps, rest) = match doubling {
        Doubling::Whole(request) => {
            let line = format!("{} does this already; the same line would add nothing", request.id());
            return Prose::new().text(line).done();
        }
        Doubling::Partly { overlaps, rest } => (overlaps, rest),
    };
    let prose = listing(overlaps, &BTreeMap::new()).line().text("The same line would add nothing.");
    match rest {
        Some(rest) => prose.text(format!(" {}: ", without(overlaps))).piece(Piece::Code(rest.replace('`', "'"))).done(),
        None => prose.done(),
    }
}

/// `Without it`, `Without them`.
fn without(overlaps: &[Overlap]) -> &'static str {
    match overlaps {
        [only] if only.servers.len() == 1 => "Without it",
        _ => "Without them",
    }
}

/// Each in a line: `` `edge-lax-001` is already in req-2mq9 (running), with version 1.2.3. ``
fn listing(overlaps: &[Overlap], links: &BTreeMap<RequestId, String>) -> Prose {
    let mut prose = Prose::new();
    for Overlap { request, servers: names, other } in overlaps.iter().take(REQUESTS_MAX) {
        let (_, word) = alone(request, request.accepted_at);
        prose = prose.line().code(folded(names, PATTERNS_MAX));
        prose = match names.len() {
            1 => prose,
            count => prose.text(format!(" ({})", servers(count))),
        };
        prose = prose.text(format!(" {} already in {} ({word})", is_are(names.len()), request.id()));
        prose = match otherwise(other) {
            Some(otherwise) => prose.text(format!(", {otherwise}.")),
            None => prose.text("."),
        };
        if let Some(url) = links.get(request.id()) {
            prose = prose.text(" ").piece(Piece::Link { url: url.clone(), label: "Its card".to_owned() });
        }
    }
    match overlaps.len().saturating_sub(REQUESTS_MAX) {
        0 => prose,
        hidden => prose.line().text(format!("+ {hidden} more")),
    }
}

/// `with version 1.2.3 and without note`.
fn otherwise(other: &BTreeMap<ParameterName, Option<Value>>) -> Option<String> {
    let each = other.iter().take(PARAMETERS_MAX).map(|(name, value)| match value {
        Some(value) => format!("with {name} {}", quoted(&told(value))),
        None => format!("without {name}"),
    });
    let each = each.collect::<Vec<_>>();
    (!each.is_empty()).then(|| listed(&each, "and"))
}
