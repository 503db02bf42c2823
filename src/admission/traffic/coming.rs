//! Which servers are on their way into production: where too much comes they count as if they served already, so that nothing is
//! asked for twice, whoever asked first.
//!
//! Only what moves counts. A run at work is bounded by the times of its steps, and what waits for its wave or its turn comes by
//! itself, so both count, of people and of automations alike. What waits for consent may never get it, what a person keeps stays
//! where it is until a person says so, and what has waited for long with nothing at work hangs: counted, each of them could keep
//! relief away for as long as the request is open, a day. Not counted, the worst is more capacity than is needed, which is the
//! safe side. Deliberately absent: asking.

use crate::admission::{Known, blacklist, holds};
use crate::domain::ids::RequestId;
use crate::domain::server::ServerId;
use crate::workflow::request::{Blocker, Request, RequestStage};
use crate::workflow::run::{Run, RunStage};
use std::collections::BTreeMap;
use std::time::Duration;

/// What has waited longer than this with nothing at work does not come soon.
const COMES_WITHIN: Duration = Duration::from_secs(600);

/// The servers that these requests are about to put into production, each with its request.
#[must_use]
pub fn coming(work: &[(Request, Vec<Run>)], known: Known<'_>) -> BTreeMap<ServerId, RequestId> {
    let returning = work.iter().filter(|(request, _)| request.spec.returns_capacity());
    let coming = returning.flat_map(|(request, runs)| {
        let moves = moves(request, runs, known);
        let comes = runs.iter().filter(move |run| comes(run, moves));
        let servers = comes.filter_map(|run| known.inventory.by_id(&run.subject.server()?.id));
        let is_kept = move |id: &ServerId| holds::keeps(id, &known.ledger.brakes, known.now);
        let free =
            servers.filter(move |server| !is_kept(&server.id) && !blacklist::covers(server, &request.spec, known));
        free.map(|server| (server.id.clone(), request.id().clone()))
    });
    coming.collect()
}

/// Whether what waits of a request moves on by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moves {
    Yes,
    /// Nothing more of it starts soon; what is at work goes on.
    NoMore,
    /// What is at work turns back.
    Back,
}

fn moves(request: &Request, runs: &[Run], known: Known<'_>) -> Moves {
    let now = known.now;
    let lasts = |since| now.since(since) >= COMES_WITHIN;
    let is_at_work = runs.iter().any(Run::is_active);
    let hangs = || {
        let is_early = request.plan.parts().not_before.as_ref().is_some_and(|moment| now < moment.at);
        let is_kept = request.blockers.iter().any(Blocker::waits_for_a_person);
        is_early || is_kept || request.halted.is_some() || !is_at_work && request.waited.since.is_some_and(lasts)
    };
    match &request.stage {
        RequestStage::Announced if request.is_approved() && !lasts(request.accepted_at) && !hangs() => Moves::Yes,
        RequestStage::Queued | RequestStage::Running if !hangs() => Moves::Yes,
        RequestStage::Stopping { .. } | RequestStage::Ended { .. } => Moves::Back,
        RequestStage::Announced | RequestStage::NeedsApproval | RequestStage::Queued | RequestStage::Running => {
            Moves::NoMore
        }
    }
}

fn comes(run: &Run, moves: Moves) -> bool {
    match &run.stage {
        RunStage::Ready { .. } | RunStage::Acting { .. } => moves != Moves::Back,
        RunStage::Waiting => moves == Moves::Yes,
        RunStage::NeedsPerson { .. } | RunStage::Returning { .. } | RunStage::Ended { .. } => false,
    }
}
