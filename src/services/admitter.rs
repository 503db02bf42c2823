//! Starts servers when it is safe: explains on a snapshot, decides again under the store's lock.

use super::deciding::{Pass, SERVERS_PER_TRANSACTION_MAX};
use super::effects::Effects;
use super::rechecks::{self, Look, People};
use super::requests::{end, failures, halt};
use super::world::World;
use super::{Service, Step, halting, messages, overrides, records, replanning};
use crate::admission::{self, Candidate, Ledger, NextWave, Precedence, Soaked, Verdict, next_wave, soaked};
use crate::approvals;
use crate::authorization::AuthorizationRecord;
use crate::domain::ids::RequestId;
use crate::domain::limits::LOOK_AGAIN_EVERY;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::authorizations::{Authorization, Occasion, Sought};
use crate::ports::store::{Committed, Write};
use crate::workflow::request::{
    Blocker, HaltCause, Request, RequestEvent, RequestOutcome, RequestStage, Unwell, VoidCause, alike,
};
use crate::workflow::run::Run;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// For how long a look at the people of a request counts. Asking for it is a call to the outside, so it is an effect.
const PEOPLE_COUNT_FOR: Duration = Duration::from_secs(2);

/// More answers than the people of one request are given.
const RECORDS_MAX: usize = 1_000;

/// How many requests have their people looked up at once.
const LOOKS_AT_ONCE_MAX: usize = 8;

/// The admitter.
pub struct Admitter {
    world: Arc<World>,
    looks: Effects<RequestId, Look>,
    people: BTreeMap<RequestId, (Timestamp, Look)>,
}

/// What one look at one request came to.
enum Looked {
    Made,
    Again(Timestamp),
    /// Its people are being looked up. Nothing later overtakes it meanwhile.
    Looking,
    Nothing,
}

impl Admitter {
    /// An admitter over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, looks: Effects::new(), people: BTreeMap::new() }
    }

    /// What is known of the people of a request just now; where nothing is, a look at them is begun, whose end is a
    /// reason for the next step.
    fn people_of(&mut self, request: &Request, now: Timestamp) -> Option<Look> {
        let id = request.id();
        let fresh = self.people.get(id).filter(|(at, _)| now.since(*at) < PEOPLE_COUNT_FOR);
        if let Some((_, look)) = fresh {
            return Some(look.clone());
        }
        if !self.looks.has(id) && self.looks.in_flight() < LOOKS_AT_ONCE_MAX {
            let (world, request) = (Arc::clone(&self.world), request.clone());
            self.looks.start(id.clone(), async move { rechecks::people(&world, &request).await });
        }
        None
    }

    async fn look(
        &mut self,
        request: &Request,
        (ledger, before): (&Ledger, &[Precedence]),
        is_behind: bool,
        now: Timestamp,
    ) -> Result<Looked, StoreFault> {
        if !matches!(request.stage, RequestStage::Queued | RequestStage::Running) || request.halted.is_some() {
            return Ok(Looked::Nothing);
        }
        // Its plan follows the servers first, and people decide anew.
        if !replanning::drifted(request, &self.world.rulebook().inventory).is_empty() {
            return Ok(Looked::Nothing);
        }
        let Some(approved) = approvals::proof(request) else { return Ok(Looked::Nothing) };
        let runs = self.world.store.runs(request.id()).await?;
        let due = match due(request, (&runs, ledger), now) {
            Due::Now(due) => due,
            Due::Soaking(until) => return self.watch(request, (&runs, ledger), (until, now)).await,
            Due::Not(looked) => return Ok(looked),
        };
        let Some(look) = self.people_of(request, now) else { return Ok(Looked::Looking) };
        if is_behind {
            return Ok(Looked::Nothing);
        }
        let looked_up = self.world.looked_up();
        let outside = looked_up.outside();
        if outside.is_pending() && request.spec.takes_capacity() {
            return Ok(Looked::Looking);
        }
        let rulebook = self.world.rulebook();
        let authorized = look.authorized.as_deref();
        let (world, approved) = (&*self.world, &approved);
        let (rulebook, due) = (&*rulebook, due.as_slice());
        let pass = Pass { world, rulebook, outside, request, authorized, approved, due, runs: &runs, before, now };
        if let Some(mut writes) = unfit(request, &runs, &look.people, now) {
            writes.extend(halting::told(self.world.places.incidents.as_ref(), request, &writes));
            writes.extend(self.rechecked(request, &look).await?);
            writes.extend(overrides::told(self.world.places.incidents.as_ref(), request));
            let committed = self.world.commit(writes).await?;
            return Ok(if committed == Committed::Stale { Looked::Again(now) } else { Looked::Made });
        }
        match soaked(request, &runs, pass.known(ledger)) {
            Soaked::Well => {}
            Soaked::NotKnown(blockers) if blockers.is_empty() => return Ok(Looked::Again(now.plus(LOOK_AGAIN_EVERY))),
            Soaked::NotKnown(blockers) => {
                let again = look_again(ledger, &blockers, now);
                return self.explain(&pass, (ledger, &[]), (&runs, &look), (blockers, again)).await;
            }
            Soaked::Unwell(unwell) => return self.unwell(request, &runs, unwell, now).await,
        }
        let said = pass.verdicts(ledger);
        // In a pass none depends on a later one, so what was said of the first can be asked again.
        let kept = said.get(..said.len().min(SERVERS_PER_TRANSACTION_MAX)).unwrap_or_default();
        if !pass.makes_something(ledger, &said, &look.people) {
            let blockers = admission::reasons(request, due, &said, pass.known(ledger));
            let again = look_again(ledger, &blockers, now);
            return self.explain(&pass, (ledger, kept), (&runs, &look), (blockers, again)).await;
        }
        if matches!(look.people, People::Unknown) {
            let blockers = vec![Blocker::NoDirectory];
            let again = look_again(ledger, &blockers, now);
            return self.explain(&pass, (ledger, kept), (&runs, &look), (blockers, again)).await;
        }
        let first = pass.first_to_decide(&said);
        let pass = Pass { due: &first, ..pass };
        let (scopes, rechecked) = (pass.scopes(), self.rechecked(request, &look).await?);
        let decide = |ledger: &Ledger| {
            // What was measured must still count at the moment of the decision itself, and the wave before still be well.
            let pass = Pass { now: self.world.now(), ..pass };
            let is_well = soaked(request, &runs, pass.known(ledger)) == Soaked::Well;
            let writes = if is_well { pass.decide(ledger) } else { Vec::new() };
            // Where nothing starts, nothing is written.
            let also = if writes.is_empty() { &[] } else { rechecked.as_slice() };
            [writes.as_slice(), also].concat()
        };
        let committed = self.world.reserve(&scopes, &decide).await?;
        Ok(if committed == Committed::Stale { Looked::Again(now) } else { Looked::Made })
    }

    /// A finished wave soaks until then. It is looked at all the while: one that is seen not to be well is the last.
    async fn watch(
        &self,
        request: &Request,
        (runs, ledger): (&[Run], &Ledger),
        (until, now): (Timestamp, Timestamp),
    ) -> Result<Looked, StoreFault> {
        let rulebook = self.world.rulebook();
        let looked_up = self.world.looked_up();
        match soaked(request, runs, rulebook.known(ledger, now).with_outside(looked_up.outside())) {
            Soaked::Unwell(unwell) => self.unwell(request, runs, unwell, now).await,
            // What is not known yet may be when it is over.
            Soaked::Well | Soaked::NotKnown(_) => Ok(Looked::Again(until.min(now.plus(LOOK_AGAIN_EVERY)))),
        }
    }

    /// Servers of the wave before are not well: nothing more starts.
    async fn unwell(
        &self,
        request: &Request,
        runs: &[Run],
        unwell: Unwell,
        now: Timestamp,
    ) -> Result<Looked, StoreFault> {
        let mut writes = halt(request, runs, HaltCause::Unwell(unwell), now);
        writes.extend(halting::told(self.world.places.incidents.as_ref(), request, &writes));
        writes.extend(overrides::told(self.world.places.incidents.as_ref(), request));
        let committed = self.world.commit(writes).await?;
        Ok(if committed == Committed::Stale { Looked::Again(now) } else { Looked::Made })
    }

    /// The answers of a look that are stored with what follows from it: those that differ from the last one about the
    /// same person, or were given by other policies.
    async fn rechecked(&self, request: &Request, look: &Look) -> Result<Vec<Write>, StoreFault> {
        let sought = Sought { request: Some(request.id().clone()), since: None, limit: RECORDS_MAX };
        let before = self.world.store.authorizations(&sought).await?;
        let of_start = || before.iter().rev().filter(|one| one.occasion == Occasion::Start);
        let is_news = |record: &&AuthorizationRecord| {
            let is_same_person =
                |one: &&Authorization| (&one.record.team, &one.record.user) == (&record.team, &record.user);
            of_start().find(is_same_person).is_none_or(|Authorization { record: last, .. }| {
                last.verdict != record.verdict || last.policies_version != record.policies_version
            })
        };
        let news = look.records.iter().filter(is_news).cloned();
        Ok(news.map(|record| records::kept(&self.world, Occasion::Start, Some(request.id()), record)).collect())
    }

    /// Nothing may start: the reasons are stored and shown if they differ from those shown.
    async fn explain(
        &self,
        pass: &Pass<'_>,
        on: (&Ledger, &[(Candidate<'_>, Verdict)]),
        (runs, look): (&[Run], &Look),
        (blockers, again): (Vec<Blocker>, Timestamp),
    ) -> Result<Looked, StoreFault> {
        let again = Looked::Again(again);
        let id = pass.request.id();
        // While servers of the request are at work, waiting for them is no news; whatever else it waits for is.
        let at_work = runs.iter().any(Run::is_active);
        let is_told = |blocker: &Blocker| !at_work || !blocker.is_own_doing(id);
        let shown = blockers.into_iter().filter(is_told).collect::<Vec<_>>();
        // It has waited only since nothing of it is at work any more.
        let is_as_told = shown.is_empty() || at_work == pass.request.waited.since.is_none();
        if is_as_told && alike(&shown, &pass.request.blockers) {
            return Ok(again);
        }
        let evidence = format!("{shown:?}");
        let is_soak = shown.iter().any(|blocker| matches!(blocker, Blocker::Soak { .. }));
        let waits = pass.wave_waits(is_soak);
        let event = match at_work {
            _ if shown.is_empty() => RequestEvent::Unblocked { at: pass.now },
            true => RequestEvent::HeldUp { at: pass.now, blockers: shown },
            false => RequestEvent::Blocked { at: pass.now, blockers: shown },
        };
        let (expected, events) = (pass.request.version, vec![event]);
        let mut writes = vec![Write::RequestEvents { id: id.clone(), expected, events }];
        writes.extend(pass.record("wait", evidence, on));
        writes.push(messages::card(id));
        writes.extend(waits);
        writes.extend(self.rechecked(pass.request, look).await?);
        self.world.commit(writes).await?;
        Ok(Looked::Made)
    }
}

/// When what blocks is looked at again by the clock: what people and calendars have put on ends at its own time.
fn look_again(ledger: &Ledger, blockers: &[Blocker], now: Timestamp) -> Timestamp {
    let by_clock = blockers.iter().filter_map(Blocker::over_at).filter(|at| *at > now);
    let regularly = now.plus(LOOK_AGAIN_EVERY);
    by_clock.chain(ledger.next_brake_over(now)).fold(regularly, Timestamp::min)
}

/// Whether a run has its server by that ledger, and works on it.
fn still_has_its_server(run: &Run, ledger: &Ledger) -> bool {
    let lock = run.subject.server().and_then(|server| ledger.lock(&server.id));
    lock.is_some_and(|lock| lock.run == run.id && lock.standing.is_a_runs())
}

/// Whose turn it is.
enum Due<'a> {
    Now(Vec<&'a Run>),
    /// The wave before is watched until then.
    Soaking(Timestamp),
    /// Nobody's; what the look comes to.
    Not(Looked),
}

fn due<'a>(request: &Request, (runs, ledger): (&'a [Run], &Ledger), now: Timestamp) -> Due<'a> {
    // The ledger is older than the runs: what has ended since would be in the way of its own request.
    if runs.iter().any(|run| run.is_over() && still_has_its_server(run, ledger)) {
        return Due::Not(Looked::Again(now));
    }
    // It is about to be halted: whoever takes the place of the one that failed last would be one too many.
    if failures(runs) > request.spec.waves.stop_when_failures_exceed {
        return Due::Not(Looked::Nothing);
    }
    if let Some(moment) = request.plan.parts().not_before.as_ref().filter(|moment| now < moment.at) {
        return Due::Not(Looked::Again(moment.at));
    }
    match next_wave(request, runs, now) {
        NextWave::Open(due) => Due::Now(due),
        NextWave::Soaking(until) => Due::Soaking(until),
        NextWave::AtWork | NextWave::Nothing => Due::Not(Looked::Nothing),
    }
}

/// What follows when somebody of a request may not any more: it ends, starts no more, or asks for consent again.
fn unfit(request: &Request, runs: &[Run], people: &People, now: Timestamp) -> Option<Vec<Write>> {
    let has_started = request.stage == RequestStage::Running;
    match people {
        People::Hold | People::Unknown => None,
        People::Revoked(why) if has_started => Some(halt(request, runs, HaltCause::Revoked(why.clone()), now)),
        People::Revoked(why) => Some(end(request, runs, RequestOutcome::Revoked { why: why.clone() }, now)),
        People::Gone { name, .. } if has_started => {
            let why = format!("{name}, who approved, is no member of the workspace any more");
            Some(halt(request, runs, HaltCause::Revoked(why), now))
        }
        People::Gone { by, name } => {
            let (by, name, cause) = (by.clone(), name.clone(), VoidCause::LeftWorkspace);
            let until = approvals::until_anew(request, now);
            let voided = RequestEvent::ConsentVoided { by, name, at: now, cause, until };
            let id = request.id();
            let events = vec![voided];
            let mut writes = vec![Write::RequestEvents { id: id.clone(), expected: request.version, events }];
            writes.push(messages::card(id));
            writes.extend(messages::asks(request));
            Some(writes)
        }
    }
}

#[async_trait]
impl Service for Admitter {
    fn name(&self) -> &'static str {
        "admitter"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let now = self.world.now();
        while let Some((id, look)) = self.looks.take() {
            self.people.insert(id, (now, look));
        }
        let (mut next_wake, mut is_behind): (Option<Timestamp>, bool) = (None, false);
        let open = self.world.store.open_requests().await?;
        self.people.retain(|id, _| open.iter().any(|request| request.id() == id));
        let rules = self.world.rulebook().rules.queue;
        let before = admission::precedences(&open, rules, now);
        // One ledger for all: what changes between two looks would let the later one overtake the earlier.
        let ledger = self.world.store.ledger().await?;
        for request in admission::in_order(&open, rules, now) {
            match self.look(request, (&ledger, &before), is_behind, now).await? {
                Looked::Looking => is_behind = true,
                Looked::Made => return Ok(Step::Made),
                Looked::Again(at) => next_wake = Some(next_wake.map_or(at, |earlier| earlier.min(at))),
                Looked::Nothing => {}
            }
        }
        Ok(match self.looks.in_flight() {
            0 => Step::Idle { next_wake },
            in_flight => Step::Waiting { in_flight, next_wake },
        })
    }

    async fn ended(&mut self) {
        self.looks.wait().await;
    }
}
