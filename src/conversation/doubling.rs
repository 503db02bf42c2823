//! Work that is asked for while open requests have some of it already: which have it, and what to send instead.
//!
//! Deliberately absent: what counts as the same work, which whoever asks finds out.

use super::answers::short_word;
use super::message::{Message, Piece, Rich};
use super::words::{PATTERNS_MAX, Prose, is_are, listed, quoted, servers, summary, told};
use crate::domain::ids::RequestId;
use crate::domain::intent::{ParameterName, Value};
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::fleet::folded;
use crate::workflow::request::{Request, RequestStage};
use crate::workflow::run::{Run, RunStage};
use std::collections::BTreeMap;

/// The most requests that are told one by one.
const REQUESTS_MAX: usize = 3;
/// The most parameters that are told one by one.
const PARAMETERS_MAX: usize = 3;

/// What open requests have of a line already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Doubling {
    /// One has all of it.
    Whole(Box<Overlap>),
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
    /// Its runs, by number.
    pub runs: Vec<Run>,
    /// When they were looked at.
    pub now: Timestamp,
    /// The servers of the line that it works on, or is going to.
    pub servers: Vec<ServerName>,
    /// Its parameters that are not those of the line, and what they are there; `None` is not given.
    pub other: BTreeMap<ParameterName, Option<Value>>,
}

impl Overlap {
    /// `running`, `queued`, `✋ needs a person`: how the request stands.
    pub(super) fn word(&self) -> String {
        let Self { request, runs, now, .. } = self;
        short_word(super::RequestView { request, runs, impacts: &[], now: *now })
    }

    /// What helps somebody on who is told that nothing was added: an answer that the request waits for, or why it waits.
    pub(super) fn way_on(&self) -> Prose {
        let prose = Prose::new();
        let mut its = self
            .runs
            .iter()
            .filter(|run| run.server_name().is_some_and(|name| self.servers.contains(name)) && !run.is_over());
        if its.clone().any(|run| matches!(run.stage, RunStage::NeedsPerson { .. })) {
            return prose.text(" It goes on once somebody says in its thread what happened.");
        }
        let is_scheduled = self.request.plan.parts().not_before.as_ref().is_some_and(|moment| moment.at > self.now);
        if !is_scheduled && its.clone().next().is_some() && its.all(|run| run.stage == RunStage::Waiting) {
            return prose.text(" ").code(format!("why {}", self.request.id())).text(" tells what it waits for.");
        }
        prose
    }
}

/// One open request has all of it: nothing was added.
#[must_use]
pub fn doubled(overlap: &Overlap, link: Option<&str>) -> Message {
    let these = match overlap.servers.len() {
        0 => format!("The same {} is", super::view::asked(&overlap.request)),
        1 => "This server is".to_owned(),
        count => format!("These {} are", servers(count)),
    };
    let prose = Prose::new();
    let prose =
        prose.text(format!("{these} already in {} ({}). Nothing was added.", overlap.request.id(), overlap.word()));
    let prose = prose.rich(overlap.way_on().done());
    let prose = match link {
        Some(url) => prose.text(" ").piece(Piece::Link { url: url.to_owned(), label: "Its card".to_owned() }),
        None => prose,
    };
    let text = prose.done();
    Message::of_text(summary(super::plain::line(&text)), text)
}

/// Some of it is in open requests already, or they do it otherwise: nothing was added.
#[must_use]
pub fn overlapping(overlaps: &[Overlap], rest: Option<&str>, links: &BTreeMap<RequestId, String>) -> Message {
    let mut prose = listing(overlaps, links).line().text("Nothing was added.");
    if let Some(rest) = rest {
        prose = prose.text(format!(" {}: ", without(overlaps))).piece(Piece::Code(rest.replace('`', "'")));
    } else {
        let other = overlaps.iter().filter(|overlap| !overlap.other.is_empty()).collect::<Vec<_>>();
        let is_stopping = |one: &&&Overlap| matches!(one.request.stage, RequestStage::Stopping { .. });
        let to_cancel = other.iter().filter(|one| !is_stopping(one)).take(REQUESTS_MAX).collect::<Vec<_>>();
        for (place, overlap) in to_cancel.iter().enumerate() {
            let cancel = format!("cancel {}", overlap.request.id());
            prose = prose.text(if place == 0 { " To do it otherwise: " } else { " and " }).code(cancel);
        }
        prose = match (other.is_empty(), to_cancel.is_empty()) {
            (true, _) => prose,
            (false, true) => prose.text(" Send your line again when that is over."),
            (false, false) => prose.text(", and send your line again when that is over there."),
        };
    }
    let text = prose.done();
    Message::of_text(summary(super::plain::line(&text)), text)
}

/// The same, of a line that is only looked at.
pub(super) fn would_double(doubling: &Doubling) -> Rich {
    let (overlaps, rest) = match doubling {
        Doubling::Whole(overlap) => {
            let line = format!("{} does this already; the same line would add nothing", overlap.request.id());
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
    for overlap in overlaps.iter().take(REQUESTS_MAX) {
        let (Overlap { request, servers: names, other, .. }, word) = (overlap, overlap.word());
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
