//! The order in which requests are looked at: who is before whom, where they want the same.
//!
//! The more urgent comes first, and of those that are as urgent whoever waits longest; waiting makes more urgent. Each takes
//! what it can, so a later one goes ahead where nothing that it takes is what an earlier one lacks. Whoever has waited too
//! long all the same takes precedence: nothing later takes what it waits for.
//! Deliberately absent: whether one may start, which is decided when its turn comes.

use super::{Candidate, Known, capacity, concurrency, infrastructure};
use crate::domain::command::{CommandName, Priority, Touch};
use crate::domain::ids::RequestId;
use crate::domain::server::SiteName;
use crate::domain::time::Timestamp;
use crate::workflow::pace::ready_at;
use crate::workflow::request::{Blocker, Contended, Request, RequestStage};
use crate::workflow::run::{Run, RunStage};
use std::collections::BTreeSet;
use std::time::Duration;

/// How waiting counts; from `queue` in `policies/admission.yaml`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueRules {
    /// Whoever has waited so long is looked at as if it were one step more urgent; never as urgent as safety.
    pub ageing: Duration,
    /// Whoever has waited so long with nothing at work takes precedence.
    pub starve_after: Duration,
}

impl Default for QueueRules {
    fn default() -> Self {
        Self { ageing: Duration::from_secs(60 * 60), starve_after: Duration::from_secs(2 * 60 * 60) }
    }
}

/// A request that has waited too long: nothing later takes what it waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Precedence {
    /// The request.
    pub request: RequestId,
    /// Its command.
    pub command: CommandName,
    /// Where it works: racks of different sites may have the same name.
    pub sites: BTreeSet<SiteName>,
    /// Since when it waits.
    pub since: Timestamp,
    /// What it has waited for meanwhile.
    pub over: BTreeSet<Contended>,
}

/// Since when a request waits with nothing of it at work; `None` if it does not.
fn waits_since(request: &Request) -> Option<Timestamp> {
    match request.stage {
        RequestStage::Queued => Some(ready_at(request)),
        RequestStage::Running => request.waited.since,
        RequestStage::Announced
        | RequestStage::NeedsApproval
        | RequestStage::Stopping { .. }
        | RequestStage::Ended { .. } => None,
    }
}

/// How urgent a request has become: its own priority, one step up for each time it has aged.
fn urgency(request: &Request, rules: QueueRules, now: Timestamp) -> Priority {
    let waited = waits_since(request).map_or(Duration::ZERO, |since| now.since(since));
    let aged = waited.as_millis().checked_div(rules.ageing.as_millis()).unwrap_or(0);
    let mut priority = request.spec.priority;
    for _ in 0..aged.min(Priority::ALL.len() as u128) {
        priority = match priority {
            Priority::Bulk => Priority::Planned,
            Priority::Planned | Priority::Security => Priority::Security,
            Priority::Safety => Priority::Safety,
        };
    }
    priority
}

/// Open requests in the order in which they are looked at; they come in the order in which they were accepted.
#[must_use]
pub fn in_order(open: &[Request], rules: QueueRules, now: Timestamp) -> Vec<&Request> {
    let mut open = open.iter().collect::<Vec<_>>();
    open.sort_by_key(|request| (urgency(request, rules, now), ready_at(request)));
    open
}

/// Those of the open requests that take precedence, in order.
#[must_use]
pub fn precedences(open: &[Request], rules: QueueRules, now: Timestamp) -> Vec<Precedence> {
    let starving = in_order(open, rules, now).into_iter().filter_map(|request| {
        let since = waits_since(request).filter(|since| now.since(*since) >= rules.starve_after)?;
        // Where people or missing data stand in the way, going first would not help; neither would it after a halt.
        let would_help = request.blockers.iter().all(|blocker| blocker.contended().is_some());
        let waits = !request.blockers.is_empty() && request.halted.is_none();
        let over = &request.waited.on;
        (would_help && waits && !over.is_empty()).then(|| Precedence {
            request: request.id().clone(),
            command: request.spec.name.clone(),
            sites: sites(request).cloned().collect(),
            since,
            over: over.clone(),
        })
    });
    starving.collect()
}

/// Those that began after this request was ready and come after it in order, and work where it wants to, with when they
/// began; only of a request that waits with nothing at work.
#[must_use]
pub fn overtakers(
    request: &Request,
    open: &[Request],
    rules: QueueRules,
    now: Timestamp,
) -> Vec<(RequestId, Timestamp)> {
    let Some(since) = waits_since(request) else { return Vec::new() };
    let wanted = sites(request).collect::<BTreeSet<_>>();
    let after = in_order(open, rules, now).into_iter().skip_while(|other| other.id() != request.id()).skip(1);
    let overtook = after.filter_map(|other| {
        let started_at = other.started_at.filter(|at| *at > since && other.id() != request.id())?;
        sites(other).any(|site| wanted.contains(site)).then(|| (other.id().clone(), started_at))
    });
    overtook.collect()
}

fn sites(request: &Request) -> impl Iterator<Item = &SiteName> {
    request.plan.servers().map(|server| &server.site).chain(request.plan.sites())
}

/// Those that the candidate must not take anything from.
pub(super) fn turns(candidate: Candidate<'_>, known: Known<'_>) -> Vec<Blocker> {
    let spec = candidate.spec;
    if spec.priority == Priority::Safety || spec.touch() == Touch::GivesBack || spec.only_looks() {
        return Vec::new();
    }
    let own = known.before.iter().position(|one| one.request == candidate.run.request);
    let before = known.before.iter().take(own.unwrap_or(known.before.len()));
    let takes = |one: &&Precedence| one.over.iter().any(|contended| takes(candidate, contended, one, known));
    before.filter(takes).map(|one| Blocker::Behind { request: one.request.clone(), since: one.since }).collect()
}

fn takes(candidate: Candidate<'_>, contended: &Contended, by: &Precedence, known: Known<'_>) -> bool {
    match contended {
        Contended::Server(name) => candidate.server.name == *name,
        Contended::Floor(scope) => candidate.spec.takes_capacity() && capacity::takes(candidate.server, scope, known),
        Contended::Group(group) => {
            candidate.spec.takes_capacity() && infrastructure::takes(candidate.server, group, known)
        }
        Contended::Limit(scope) => concurrency::takes(candidate, scope, by),
    }
}

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
