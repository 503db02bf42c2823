//! The order in which requests are looked at: who is before whom, where they want the same.
//!
//! Deliberately absent: whether one may start, which is decided when its turn comes.

use crate::domain::ids::RequestId;
use crate::domain::server::SiteName;
use crate::domain::time::Timestamp;
use crate::workflow::request::{Request, RequestStage};
use crate::workflow::run::{Run, RunStage};
use std::collections::BTreeSet;

/// A request that waits to start something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// The request.
    pub request: RequestId,
    /// Where what has not started stands.
    pub sites: BTreeSet<SiteName>,
}

/// Where a request stands in the queue of its sites.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Counted from 1.
    pub position: u32,
    /// How many wait there, itself among them.
    pub of: u32,
    /// Those that are looked at before it, in order.
    pub ahead: Vec<RequestId>,
}

/// What a request still wants to start; `None` if it wants nothing, or nothing yet.
#[must_use]
pub fn waiting(request: &Request, runs: &[Run], now: Timestamp) -> Option<Waiting> {
    let is_early = request.plan.parts().not_before.as_ref().is_some_and(|moment| now < moment.at);
    let may = matches!(request.stage, RequestStage::Queued | RequestStage::Running) && request.halted.is_none();
    let left = runs.iter().filter(|run| run.stage == RunStage::Waiting).collect::<Vec<_>>();
    if !may || is_early || left.is_empty() {
        return None;
    }
    let sites = left.iter().filter_map(|run| match run.subject.server() {
        Some(server) => Some(server.site.clone()),
        None => run.subject.site().cloned(),
    });
    Some(Waiting { request: request.id().clone(), sites: sites.collect() })
}

/// Where that request stands among those that want the same sites; the queue is in the order of looking.
#[must_use]
pub fn place(request: &RequestId, queue: &[Waiting]) -> Option<Place> {
    let own = queue.iter().find(|one| one.request == *request)?;
    let rivals = queue.iter().filter(|one| one.request == *request || !one.sites.is_disjoint(&own.sites));
    let rivals = rivals.map(|one| &one.request).collect::<Vec<_>>();
    let ahead = rivals.iter().copied().take_while(|other| *other != request).cloned().collect::<Vec<_>>();
    let count = |all: usize| u32::try_from(all).unwrap_or(u32::MAX);
    Some(Place { position: count(ahead.len()).saturating_add(1), of: count(rivals.len()), ahead })
}
