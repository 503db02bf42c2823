//! Moves requests along that are not about starting servers: time-outs, orders to stop, too many failures, the end.

use super::effects::Effects;
use super::replanning::{self, Found, Need};
use super::world::World;
use super::{Service, Step, halting, messages, overrides, records, telling};
use crate::domain::ids::RequestId;
use crate::domain::plan::PlannedServer;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::authorizations::Occasion;
use crate::ports::store::{Committed, Write};
use crate::workflow::request::{Blocker, Halt, HaltCause, Request, RequestEvent, RequestOutcome, RequestStage};
use crate::workflow::run::{Run, RunEvent, RunOutcome, RunStage};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How soon whoever asked is looked up again when the directory was silent.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(15);

/// The keeper of requests.
pub struct Requests {
    world: Arc<World>,
    needs: Effects<RequestId, (Vec<PlannedServer>, Found)>,
    /// Whose requester could not be looked up, until when that rests.
    rests: BTreeMap<RequestId, Timestamp>,
}

impl Requests {
    /// A keeper over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, needs: Effects::new(), rests: BTreeMap::new() }
    }

    /// Looks up whose consent each plan needs whose servers have changed.
    fn follow(&mut self, open: &[Request], now: Timestamp) {
        self.rests.retain(|_, until| now < *until);
        let inventory = &self.world.rulebook().inventory;
        for request in open {
            let (id, servers) = (request.id(), replanning::drifted(request, inventory));
            if !servers.is_empty() && !self.needs.has(id) && !self.rests.contains_key(id) {
                let (world, request) = (Arc::clone(&self.world), request.clone());
                self.needs.start(id.clone(), async move {
                    let found = replanning::need(&world, &request).await;
                    (servers, found)
                });
            }
        }
    }

    /// The plan follows its servers, if they still differ from it.
    async fn followed(
        &mut self,
        id: &RequestId,
        (servers, found): (Vec<PlannedServer>, Found),
        now: Timestamp,
    ) -> Result<bool, StoreFault> {
        if matches!(found.need, Need::Unknown) {
            self.rests.insert(id.clone(), now.plus(ASK_AGAIN_AFTER));
            return Ok(false);
        }
        let Some(request) = self.world.store.request(id).await? else { return Ok(false) };
        // They may have changed once more while the directory was asked.
        if servers != replanning::drifted(&request, &self.world.rulebook().inventory) {
            return Ok(false);
        }
        let runs = self.world.store.runs(id).await?;
        let mut writes = replanning::followed(&request, &runs, servers, found.need, now);
        let records = found.records.into_iter();
        writes.extend(records.map(|record| records::kept(&self.world, Occasion::Start, Some(id), record)));
        self.world.commit(writes).await?;
        Ok(true)
    }

    /// The first commit that an open request needs, if one does.
    async fn advance(&self, request: &Request, now: Timestamp) -> Result<Option<Committed>, StoreFault> {
        let runs = self.world.store.runs(request.id()).await?;
        let Some(writes) = next(request, &runs, now) else { return Ok(None) };
        moved(&self.world, (request, &runs), writes).await.map(Some)
    }
}

/// Commits what moves a request along, with what is told of it besides.
pub(super) async fn moved(
    world: &World,
    (request, runs): (&Request, &[Run]),
    mut writes: Vec<Write>,
) -> Result<Committed, StoreFault> {
    let is_over =
        writes.iter().any(|write| matches!(write, Write::RequestEvents { events, .. } if events.iter().any(is_end)));
    if let Some(channel) = world.places.incidents.as_ref().filter(|_| is_over && leaves_servers(runs)) {
        writes.push(messages::incident(request.id(), channel));
    }
    writes.extend(halting::told(world.places.incidents.as_ref(), request, &writes));
    if is_over {
        writes.extend(telling::over(world, request).await?);
    }
    // Most of what moves a request along ends its overrides, and none of it says so itself.
    writes.extend(overrides::told(world.places.incidents.as_ref(), request));
    world.commit(writes).await
}

#[async_trait]
impl Service for Requests {
    fn name(&self) -> &'static str {
        "requests"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let now = self.world.now();
        let mut made = false;
        while let Some((id, found)) = self.needs.take() {
            made |= self.followed(&id, found, now).await?;
        }
        let open = self.world.store.open_requests().await?;
        self.follow(&open, now);
        for request in &open {
            made |= self.advance(request, now).await?.is_some();
        }
        if made {
            return Ok(Step::Made);
        }
        let deadlines = open.iter().filter_map(deadline).filter(|at| *at > now);
        let next_wake = deadlines.chain(self.rests.values().copied()).min();
        Ok(match self.needs.in_flight() {
            0 => Step::Idle { next_wake },
            in_flight => Step::Waiting { in_flight, next_wake },
        })
    }

    async fn ended(&mut self) {
        self.needs.wait().await;
    }
}

fn is_end(event: &RequestEvent) -> bool {
    matches!(event, RequestEvent::Ended { .. })
}

fn leaves_servers(runs: &[Run]) -> bool {
    runs.iter().any(|run| run.outcome() == Some(RunOutcome::Failed) && run.subject.server().is_some())
}

/// When the clock alone ends something.
fn deadline(request: &Request) -> Option<Timestamp> {
    match &request.stage {
        RequestStage::NeedsApproval => {
            let need = request.need.as_ref()?;
            let passed_on = need.escalation.as_ref().map(|escalation| escalation.at);
            [Some(need.until), need.remind_at, passed_on].into_iter().flatten().min()
        }
        RequestStage::Queued | RequestStage::Running => Some(request.plan.parts().expires_at),
        RequestStage::Announced | RequestStage::Stopping { .. } | RequestStage::Ended { .. } => None,
    }
}

/// What an open request needs now.
fn next(request: &Request, runs: &[Run], now: Timestamp) -> Option<Vec<Write>> {
    let overdue = match (&request.stage, &request.need) {
        (RequestStage::NeedsApproval, Some(need)) => now >= need.until,
        _ => deadline(request).is_some_and(|at| now >= at),
    };
    let active = runs.iter().any(Run::is_active);
    let waiting = runs.iter().any(|run| run.stage == RunStage::Waiting);
    match &request.stage {
        RequestStage::Announced | RequestStage::Ended { .. } => None,
        RequestStage::NeedsApproval if overdue => Some(end(request, runs, RequestOutcome::Expired, now)),
        RequestStage::NeedsApproval => asked_again(request, now),
        RequestStage::Queued if overdue => Some(end(request, runs, RequestOutcome::Expired, now)),
        RequestStage::Stopping { .. } if waiting => Some(not_started(request, runs, now)),
        RequestStage::Stopping { name, .. } if !active => {
            let outcome = RequestOutcome::Cancelled { name: name.clone() };
            Some(end(request, runs, outcome, now))
        }
        RequestStage::Running if request.halted.is_none() && waiting => {
            let failures = failures(runs);
            if failures > request.spec.waves.stop_when_failures_exceed {
                return Some(halt(request, runs, HaltCause::Failures(failures), now));
            }
            overdue.then(|| not_started(request, runs, now))
        }
        // A server that was put back because it was missed waits again, and nothing more starts.
        RequestStage::Running if request.halted.is_some() && waiting => Some(not_started(request, runs, now)),
        RequestStage::Queued | RequestStage::Running if !active && !waiting => {
            Some(end(request, runs, outcome(request, runs), now))
        }
        RequestStage::Queued | RequestStage::Running | RequestStage::Stopping { .. } => None,
    }
}

/// How many of these failed; an outcome that nobody can tell counts too.
pub(super) fn failures(runs: &[Run]) -> u32 {
    u32::try_from(runs.iter().filter(|run| run.counts_as_failed()).count()).unwrap_or(u32::MAX)
}

fn outcome(request: &Request, runs: &[Run]) -> RequestOutcome {
    let is_left = runs.iter().any(|run| run.outcome() == Some(RunOutcome::NotStarted));
    if let Some(HaltCause::NotNeeded(why)) = request.halted.as_ref().map(|halt| &halt.cause)
        && is_left
        && failures(runs) == 0
    {
        return RequestOutcome::NotNeeded { name: request.requester_name.clone(), why: why.clone() };
    }
    // Whoever halted or cancelled it has said why the rest did not start; otherwise its time was over.
    if is_left && matches!(request.stage, RequestStage::Running) && request.halted.is_none() {
        return RequestOutcome::Expired;
    }
    let done = runs.iter().filter(|run| run.outcome() == Some(RunOutcome::Done)).count();
    match done {
        all if all == runs.len() => RequestOutcome::Done,
        0 => RequestOutcome::Failed,
        _ => RequestOutcome::DoneWithFailures,
    }
}

/// Runs that were not admitted are over without having started.
pub(super) fn close_waiting(runs: &[Run], now: Timestamp) -> impl Iterator<Item = Write> {
    runs.iter().filter(|run| run.stage == RunStage::Waiting).map(move |run| Write::RunEvents {
        id: run.id.clone(),
        expected: run.version,
        epoch: run.epoch,
        events: vec![RunEvent::Ended { at: now, outcome: RunOutcome::NotStarted }],
        wake_at: None,
    })
}

fn not_started(request: &Request, runs: &[Run], now: Timestamp) -> Vec<Write> {
    close_waiting(runs, now).chain([messages::card(request.id())]).collect()
}

/// The approvers are reminded, or another group is asked as well; each once.
fn asked_again(request: &Request, now: Timestamp) -> Option<Vec<Write>> {
    let (id, need) = (request.id(), request.need.as_ref()?);
    if need.escalation.as_ref().is_some_and(|escalation| now >= escalation.at) {
        let escalated = RequestEvent::Escalated { at: now };
        let mut writes = vec![event(id, request, escalated), messages::escalation(id), messages::card(id)];
        writes.extend(messages::asks(request));
        return Some(writes);
    }
    let due = need.remind_at.is_some_and(|at| now >= at);
    due.then(|| vec![event(id, request, RequestEvent::Reminded { at: now }), messages::reminder(id)])
}

/// Ends the starts of a request for good; what is at work goes on.
pub(super) fn halt(request: &Request, runs: &[Run], cause: HaltCause, now: Timestamp) -> Vec<Write> {
    let halted = RequestEvent::Halted(Halt { at: now, cause });
    let mut writes = vec![event(request.id(), request, halted)];
    writes.extend(not_started(request, runs, now));
    // What was told of the last failure said what would become of the rest; now it is known.
    let failed = runs.iter().filter(|run| run.outcome().is_some_and(RunOutcome::is_failure));
    let last = failed.max_by_key(|run| run.failure.as_ref().map(|failure| failure.at));
    writes.extend(last.map(|run| messages::server_failed(&run.id)));
    writes.extend(wave_waited(request, runs));
    writes
}

/// What was told of a wave that waited for the one before, drawn again: it starts no more.
fn wave_waited(request: &Request, runs: &[Run]) -> Option<Write> {
    let waited = request.blockers.iter().any(|blocker| matches!(blocker, Blocker::Soak { .. }));
    let not_started = |run: &&Run| run.stage == RunStage::Waiting || run.outcome() == Some(RunOutcome::NotStarted);
    let wave = runs.iter().filter(not_started).map(|run| run.wave).min().filter(|_| waited)?;
    Some(messages::wave_waits(request.id(), wave))
}

/// Ends a request with everything that is told about it.
pub(super) fn end(request: &Request, runs: &[Run], outcome: RequestOutcome, now: Timestamp) -> Vec<Write> {
    let id = request.id();
    let mut writes = vec![event(id, request, RequestEvent::Ended { at: now, outcome })];
    writes.extend(close_waiting(runs, now));
    writes.push(messages::card(id));
    if request.need.is_some() && !request.is_approved() {
        writes.extend(messages::asks(request));
    }
    writes.push(messages::final_reply(id));
    writes.extend(wave_waited(request, runs));
    writes
}

fn event(id: &RequestId, request: &Request, event: RequestEvent) -> Write {
    Write::RequestEvents { id: id.clone(), expected: request.version, events: vec![event] }
}
