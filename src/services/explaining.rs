//! Why something is where it is, on one look at the store: the same for the chat and for a shell.
//!
//! Only reads. Deliberately absent: the words, and any decision; admission's own pass says what blocks.

use crate::admission::{self, Explained, Place, Waiting};
use crate::conversation::{RequestView, WhyView};
use crate::domain::ids::RequestId;
use crate::domain::time::Timestamp;
use crate::ports::store::Store;
use crate::ports::{Rulebook, StoreFault};
use crate::workflow::pace::{self, Pace};
use crate::workflow::request::{Request, RequestStage};
use crate::workflow::run::Run;
use std::collections::{BTreeMap, BTreeSet};

/// The most requests of the same command that are looked at as its past.
const PAST_REQUESTS_MAX: usize = 30;
/// The most runs whose steps are compared with.
const PAST_RUNS_MAX: usize = 200;

/// A request, and why it is where it is.
#[derive(Clone, Debug)]
pub struct Why {
    /// The request.
    pub request: Request,
    /// Its runs, by number.
    pub runs: Vec<Run>,
    /// What admission says now.
    pub explained: Explained,
    /// Where it stands in the queue, if it waits there.
    pub place: Option<Place>,
    /// Who asked for the other requests that are told of.
    pub names: BTreeMap<RequestId, String>,
    /// How long those before it waited in all.
    pub pace: Option<Pace>,
    /// When all of this was looked at.
    pub now: Timestamp,
}

impl Why {
    /// As messages look at it.
    #[must_use]
    pub fn view(&self) -> WhyView<'_> {
        let Self { request, runs, explained, place, names, pace, now } = self;
        let view = RequestView { request, runs, impacts: &[], now: *now };
        WhyView { view, explained, place: place.as_ref(), names, pace: *pace }
    }
}

/// Looks at a request.
///
/// # Errors
/// The store does not answer.
pub async fn why(store: &dyn Store, rulebook: &Rulebook, request: Request, now: Timestamp) -> Result<Why, StoreFault> {
    let runs = store.runs(request.id()).await?;
    let ledger = store.ledger().await?;
    let explained = admission::explain(&request, &runs, rulebook.known(&ledger, now));
    let queue = if request.is_over() { Vec::new() } else { queue(store, now).await? };
    let place = admission::place(request.id(), &queue);
    let holders = explained.reasons.iter().flat_map(|reason| reason.holders.iter().map(|holder| &holder.request));
    let others = holders.chain(place.iter().flat_map(|place| place.ahead.iter())).collect::<BTreeSet<_>>();
    let mut names = BTreeMap::new();
    for id in others {
        if let Some(other) = store.request(id).await? {
            names.insert(id.clone(), other.requester_name);
        }
    }
    let pace = match request.stage {
        RequestStage::Queued => {
            let past = past(store, &request).await?;
            pace::wait_pace(&past, now.since(pace::ready_at(&request)))
        }
        RequestStage::Announced
        | RequestStage::NeedsApproval
        | RequestStage::Running
        | RequestStage::Stopping { .. }
        | RequestStage::Ended { .. } => None,
    };
    Ok(Why { request, runs, explained, place, names, pace, now })
}

/// Everything that waits to start, in the order in which it is looked at.
///
/// # Errors
/// The store does not answer.
pub async fn queue(store: &dyn Store, now: Timestamp) -> Result<Vec<Waiting>, StoreFault> {
    let mut queue = Vec::new();
    for request in store.open_requests().await? {
        let runs = store.runs(request.id()).await?;
        queue.extend(admission::waiting(&request, &runs, now));
    }
    Ok(queue)
}

/// The requests of the same command before this one, where a site of it is one of theirs.
async fn past(store: &dyn Store, request: &Request) -> Result<Vec<Request>, StoreFault> {
    let sites = |request: &Request| -> BTreeSet<_> {
        let of_servers = request.plan.servers().map(|server| server.site.clone());
        of_servers.chain(request.plan.sites().cloned()).collect()
    };
    let own = sites(request);
    let mut past = store.requests_with(&request.spec.name, PAST_REQUESTS_MAX).await?;
    past.retain(|other| other.id() != request.id() && (own.is_empty() || !sites(other).is_disjoint(&own)));
    Ok(past)
}

/// How long the step that a run is in took before, in runs of the same command.
///
/// # Errors
/// The store does not answer.
pub async fn step_pace(store: &dyn Store, request: &Request, run: &Run) -> Result<Option<Pace>, StoreFault> {
    let Some(step) = run.step() else { return Ok(None) };
    let Some(word) = request.spec.steps.get(step).map(crate::domain::command::StepSpec::word) else { return Ok(None) };
    let mut times = Vec::new();
    for other in store.requests_with(&request.spec.name, PAST_REQUESTS_MAX).await? {
        // A step of another definition at the same place may be another step.
        if other.spec.steps.get(step).is_some_and(|other| other.word() == word) && times.len() < PAST_RUNS_MAX {
            let runs = store.runs(other.id()).await?;
            times.extend(pace::step_times(runs.iter().filter(|other| other.id != run.id), step));
        }
    }
    Ok(pace::pace(times))
}
