//! Starts servers when it is safe: explains on a snapshot, decides again under the store's lock.

use super::effects::Effects;
use super::messages;
use super::rechecks::{self, People};
use super::replanning;
use super::requests::{end, halt};
use super::world::World;
use super::{Service, Step};
use crate::admission::{self, Candidate, Known, Ledger, Lock, LockStanding, NextWave, Traffic, Verdict, next_wave};
use crate::approvals::{self, Approved};
use crate::domain::ids::{RequestId, RunId};
use crate::domain::time::Timestamp;
use crate::ports::store::{Committed, DecisionRecord, Scope, Write};
use crate::ports::{Rulebook, StoreFault};
use crate::workflow::request::{
    Blocker, HaltCause, Request, RequestEvent, RequestOutcome, RequestStage, VoidCause, alike,
};
use crate::workflow::run::{Run, RunEvent, RunOutcome};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How often what blocks is looked at again by the clock alone.
const LOOK_AGAIN_EVERY: Duration = Duration::from_secs(15);
/// The most servers decided in one transaction, so that admission never delays an acknowledgement.
const SERVERS_PER_TRANSACTION_MAX: usize = 32;

/// For how long a look at the people of a request counts. Asking for it is a call to the outside, so it is an effect.
const PEOPLE_COUNT_FOR: Duration = Duration::from_secs(2);

/// How many requests have their people looked up at once.
const LOOKS_AT_ONCE_MAX: usize = 8;

/// The admitter.
pub struct Admitter {
    world: Arc<World>,
    looks: Effects<RequestId, People>,
    people: BTreeMap<RequestId, (Timestamp, People)>,
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
    fn people_of(&mut self, request: &Request, now: Timestamp) -> Option<People> {
        let id = request.id();
        let fresh = self.people.get(id).filter(|(at, _)| now.since(*at) < PEOPLE_COUNT_FOR);
        if let Some((_, people)) = fresh {
            return Some(people.clone());
        }
        if !self.looks.has(id) && self.looks.in_flight() < LOOKS_AT_ONCE_MAX {
            let (world, request) = (Arc::clone(&self.world), request.clone());
            self.looks.start(id.clone(), async move { rechecks::people(&world, &request).await });
        }
        None
    }

    async fn look(&mut self, request: &Request, is_behind: bool, now: Timestamp) -> Result<Looked, StoreFault> {
        if !matches!(request.stage, RequestStage::Queued | RequestStage::Running) || request.halted.is_some() {
            return Ok(Looked::Nothing);
        }
        // Its plan follows the servers first, and people decide anew.
        if !replanning::drifted(request, &self.world.rulebook().inventory).is_empty() {
            return Ok(Looked::Nothing);
        }
        let Some(approved) = approvals::proof(request) else { return Ok(Looked::Nothing) };
        let runs = self.world.store.runs(request.id()).await?;
        if let Some(moment) = request.plan.parts().not_before.as_ref().filter(|moment| now < moment.at) {
            return Ok(Looked::Again(moment.at));
        }
        let due = match next_wave(request, &runs, now) {
            NextWave::Open(due) => due,
            NextWave::Soaking(until) => return Ok(Looked::Again(until)),
            NextWave::AtWork | NextWave::Nothing => return Ok(Looked::Nothing),
        };
        let due = due.get(..due.len().min(SERVERS_PER_TRANSACTION_MAX)).unwrap_or_default();
        let Some(people) = self.people_of(request, now) else { return Ok(Looked::Looking) };
        if is_behind {
            return Ok(Looked::Nothing);
        }
        let traffic = self.world.traffic.now();
        if *traffic == Traffic::Pending && request.spec.takes_capacity() {
            return Ok(Looked::Looking);
        }
        let ledger = self.world.store.ledger().await?;
        let rulebook = self.world.rulebook();
        let (world, approved) = (self.world.as_ref(), &approved);
        let pass = Pass { world, rulebook: &rulebook, traffic: &traffic, request, approved, due, now };
        if let Some(writes) = unfit(request, &runs, &people, now) {
            let committed = self.world.commit(writes).await?;
            return Ok(if committed == Committed::Stale { Looked::Again(now) } else { Looked::Made });
        }
        if pass.decide(&ledger).is_empty() {
            return self.explain(&pass, &runs, pass.blockers(&ledger)).await;
        }
        if matches!(people, People::Unknown) {
            return self.explain(&pass, &runs, vec![Blocker::NoDirectory]).await;
        }
        let scopes = pass.scopes();
        // What was measured must still count at the moment of the decision itself.
        let decide = |ledger: &Ledger| Pass { now: self.world.now(), ..pass }.decide(ledger);
        let committed = self.world.reserve(&scopes, &decide).await?;
        Ok(if committed == Committed::Stale { Looked::Again(now) } else { Looked::Made })
    }

    /// Nothing may start: the reasons are stored and shown if they differ from those shown.
    async fn explain(&self, pass: &Pass<'_>, runs: &[Run], blockers: Vec<Blocker>) -> Result<Looked, StoreFault> {
        let again = Looked::Again(pass.now.plus(LOOK_AGAIN_EVERY));
        // While servers of the request are at work, waiting for them is no news.
        let at_work = runs.iter().any(Run::is_active);
        let shown = if at_work { Vec::new() } else { blockers };
        if alike(&shown, &pass.request.blockers) {
            return Ok(again);
        }
        let id = pass.request.id();
        let evidence = format!("{shown:?}");
        let event = if shown.is_empty() {
            RequestEvent::Unblocked { at: pass.now }
        } else {
            RequestEvent::Blocked { at: pass.now, blockers: shown }
        };
        let record = DecisionRecord { request: id.clone(), at: pass.now, verdict: "wait".into(), evidence };
        let writes = vec![
            Write::RequestEvents { id: id.clone(), expected: pass.request.version, events: vec![event] },
            Write::Decision(record),
            messages::card(id),
        ];
        self.world.commit(writes).await?;
        Ok(Looked::Made)
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
            let mut writes =
                vec![Write::RequestEvents { id: id.clone(), expected: request.version, events: vec![voided] }];
            writes.push(messages::card(id));
            writes.extend(messages::asks(request));
            Some(writes)
        }
    }
}

/// One decision about one request's due runs; pure over the ledger it is given.
#[derive(Clone, Copy)]
struct Pass<'a> {
    world: &'a World,
    rulebook: &'a Rulebook,
    traffic: &'a Traffic,
    request: &'a Request,
    approved: &'a Approved,
    due: &'a [&'a Run],
    now: Timestamp,
}

impl Pass<'_> {
    fn scopes(&self) -> Vec<Scope> {
        let mut scopes = BTreeSet::from([Scope::new("fleet")]);
        for server in self.due.iter().filter_map(|run| run.subject.server()) {
            scopes.insert(Scope::new(format!("server:{}", server.id)));
            scopes.insert(Scope::new(format!("site:{}", server.site)));
            if let Some(pool) = &server.pool {
                scopes.insert(Scope::new(format!("pool:{pool}")));
            }
        }
        scopes.into_iter().collect()
    }

    fn known<'a>(&'a self, ledger: &'a Ledger) -> Known<'a> {
        self.rulebook.known(ledger, self.now).with_traffic(self.traffic)
    }

    /// What starts now, each server counted before the next is asked about; empty if nothing can.
    fn decide(&self, ledger: &Ledger) -> Vec<Write> {
        if self.approved.plan() != self.request.plan.hash() {
            return Vec::new();
        }
        let mut ledger = ledger.clone();
        let mut writes = Vec::new();
        let mut evidence = Vec::new();
        for run in self.due {
            let Some(server) = run.subject.server() else {
                writes.push(self.run_events(
                    run,
                    vec![self.admitted(crate::domain::server::ProductionState::Production)],
                    true,
                ));
                evidence.push(match run.subject.site() {
                    Some(site) => format!("{site} as a whole"),
                    None => format!("{} without a server", run.id),
                });
                continue;
            };
            let candidate = Candidate { run: &run.id, server, spec: &self.request.spec };
            match admission::evaluate(candidate, self.known(&ledger)) {
                Verdict::Wait(_) => {}
                Verdict::Deny(why) => {
                    let left_out = RunEvent::Ended { at: self.now, outcome: RunOutcome::LeftOut };
                    writes.push(self.run_events(run, vec![left_out], false));
                    evidence.push(format!("{} left out: {why}", server.name));
                }
                Verdict::Allow(admitted) => {
                    let lock = Lock {
                        server: server.id.clone(),
                        run: admitted.run().clone(),
                        command: self.request.spec.name.clone(),
                        since: self.now,
                        standing: LockStanding::Working,
                        taken_from: admitted.takes_over().cloned(),
                    };
                    ledger.locks.insert(server.id.clone(), lock.clone());
                    writes.push(Write::Lock(lock));
                    writes.extend(self.taken_over(admitted.takes_over()));
                    writes.push(self.run_events(run, vec![self.admitted(admitted.found())], true));
                    let over = admitted.takes_over().map_or(String::new(), |run| format!(", taken over from {run}"));
                    evidence.push(format!("{} admitted{over}", server.name));
                }
            }
        }
        if !writes.is_empty() {
            self.tell(&mut writes, evidence.join("; "));
        }
        writes
    }

    fn admitted(&self, found: crate::domain::server::ProductionState) -> RunEvent {
        RunEvent::Admitted { at: self.now, found }
    }

    /// The notice about the server's failure is edited: somebody works on it now.
    fn taken_over(&self, from: Option<&RunId>) -> Option<Write> {
        let channel = self.world.places.incidents.as_ref()?;
        Some(messages::incident(&from?.request, channel))
    }

    fn run_events(&self, run: &Run, events: Vec<RunEvent>, starts: bool) -> Write {
        let wake_at = starts.then_some(self.now);
        Write::RunEvents { id: run.id.clone(), expected: run.version, epoch: run.epoch, events, wake_at }
    }

    fn tell(&self, writes: &mut Vec<Write>, evidence: String) {
        let id = self.request.id();
        let first = self.request.stage == RequestStage::Queued;
        let was_due = self.request.plan.parts().not_before.is_some();
        let waited = first && (was_due || !self.request.blockers.is_empty());
        let mut events = Vec::new();
        if first {
            events.push(RequestEvent::Started { at: self.now });
        } else if !self.request.blockers.is_empty() {
            events.push(RequestEvent::Unblocked { at: self.now });
        }
        if !events.is_empty() {
            writes.push(Write::RequestEvents { id: id.clone(), expected: self.request.version, events });
        }
        writes.push(Write::Decision(DecisionRecord {
            request: id.clone(),
            at: self.now,
            verdict: "allow".into(),
            evidence,
        }));
        writes.push(messages::card(id));
        if waited {
            writes.push(messages::started(id));
        }
    }

    fn blockers(&self, ledger: &Ledger) -> Vec<Blocker> {
        let mut blockers = Vec::new();
        for run in self.due {
            let Some(server) = run.subject.server() else { continue };
            let candidate = Candidate { run: &run.id, server, spec: &self.request.spec };
            if let Verdict::Wait(reasons) = admission::evaluate(candidate, self.known(ledger)) {
                blockers.extend(reasons);
            }
        }
        admission::merged(blockers)
    }
}

#[async_trait]
impl Service for Admitter {
    fn name(&self) -> &'static str {
        "admitter"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let now = self.world.now();
        while let Some((id, people)) = self.looks.take() {
            self.people.insert(id, (now, people));
        }
        let (mut next_wake, mut is_behind): (Option<Timestamp>, bool) = (None, false);
        let open = self.world.store.open_requests().await?;
        self.people.retain(|id, _| open.iter().any(|request| request.id() == id));
        for request in open {
            match self.look(&request, is_behind, now).await? {
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
