//! Carries runs on: what `decide` wants to see is looked at, what it wants stored is stored, and only then begun.

use super::effects::Effects;
use super::world::World;
use super::{Service, Step, failures, messages, mistaken, suspects, untouched};
use crate::admission::traffic::{Traffic, is_missed};
use crate::admission::{self, Brake, BrakeKind, Counted, Going, Health, HealthRow, StateRow};
use crate::domain::effect::{Begun, Probe, Seen};
use crate::domain::ids::RunId;
use crate::domain::intent::ParameterName;
use crate::domain::limits::EFFECT_DEADLINE;
use crate::domain::plan::PlannedServer;
use crate::domain::server::{ProductionState, ServerId};
use crate::domain::time::Timestamp;
use crate::mandate::Mandate;
use crate::ports::StoreFault;
use crate::ports::store::{Committed, Operation, Write};
use crate::workflow::decide::POLL_EVERY;
use crate::workflow::request::{Request, RequestStage};
use crate::workflow::run::{Run, RunEvent, RunOutcome, RunStage};
use crate::workflow::{Commit, Decision, Errand, Input, Orders, Situation, decide};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How many runs are carried on at once by this process.
const RUNS_AT_ONCE_MAX: usize = 256;
/// How many decisions of one run one step may make without the outside.
const DECISIONS_PER_STEP_MAX: u32 = 16;
/// A look must be quick, or it says nothing; an act gets the whole deadline.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);
/// How often a run is looked at again that decided on what it may not do.
const UNFOUNDED_LOOK_EVERY: Duration = Duration::from_secs(60);

/// The runner.
pub struct Runner {
    world: Arc<World>,
    effects: Effects<RunId, Ended>,
}

/// An effect that has ended.
enum Ended {
    Began(Begun),
    Saw { controller: bool, seen: Seen },
}

/// What one run is waiting for after its turn.
enum Turn {
    Effect,
    Rest,
}

impl Runner {
    /// A runner over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, effects: Effects::new() }
    }

    /// Takes in an effect: the answer to an act is stored before anything else, what was seen is decided on.
    async fn take_in(&mut self, id: RunId, ended: Ended) -> Result<(), StoreFault> {
        match ended {
            Ended::Saw { controller: true, seen: Seen::NoAnswer(why) } => {
                self.turn(id, Input::ControllerSilent(why)).await
            }
            Ended::Saw { seen, .. } => self.turn(id, Input::Seen(seen)).await,
            Ended::Began(answer) => {
                let Some(run) = self.world.store.run(&id).await? else { return Ok(()) };
                if matches!(run.stage, RunStage::Acting { answer: None, .. }) {
                    let events = vec![RunEvent::ActAnswered { answer }];
                    let wake_at = Some(self.world.now());
                    let (expected, epoch) = (run.version, run.epoch);
                    self.world
                        .commit(vec![Write::RunEvents { id: id.clone(), expected, epoch, events, wake_at }])
                        .await?;
                }
                Ok(())
            }
        }
    }

    /// One run's turn: decisions until it must look outside, rest, or is over.
    async fn turn(&mut self, id: RunId, mut input: Input) -> Result<(), StoreFault> {
        let brakes = self.world.store.brakes().await?;
        for _ in 0..DECISIONS_PER_STEP_MAX {
            let Some(run) = self.world.store.run(&id).await? else { return Ok(()) };
            let Some(request) = self.world.store.request(&id.request).await? else { return Ok(()) };
            let now = self.world.now();
            let parameters = parameters(&request);
            let orders = self.orders((&request, &run), &brakes, now).await?;
            let (steps, impact) = (&request.steps, request.spec.impact);
            let situation = Situation { steps, impact, run: &run, input: &input, orders, parameters: &parameters, now };
            let decision = decide(situation);
            if let Decision::AskSafety { takes } = decision {
                input = self.ask_safety((&request, &run), takes, now).await?;
                continue;
            }
            match self.carry_out(&request, &run, decision).await? {
                Some(Turn::Effect | Turn::Rest) => return Ok(()),
                None => input = Input::Nothing,
            }
        }
        Ok(())
    }

    /// What admission says now of a run that would go on.
    async fn ask_safety(
        &self,
        (request, run): (&Request, &Run),
        takes: bool,
        now: Timestamp,
    ) -> Result<Input, StoreFault> {
        let ledger = self.world.store.ledger().await?;
        let (rulebook, looked_up) = (self.world.rulebook(), self.world.looked_up());
        let known = rulebook.known(&ledger, now).with_outside(looked_up.outside());
        let (passed, work) = (request.passed(&run.id, run.admitted_at()), Counted::of(request, run));
        let (id, subject, spec) = (&run.id, &run.subject, request.spec.as_ref());
        let going = Going { run: id, subject, spec, work, passed: &passed, takes };
        Ok(match admission::may_go_on(going, known) {
            Ok(()) => Input::Safe,
            Err(policy) => Input::NotNow(policy),
        })
    }

    /// What people have ordered; and where so much comes that the server is missed, that it goes back.
    async fn orders(
        &self,
        (request, run): (&Request, &Run),
        brakes: &[Brake],
        now: Timestamp,
    ) -> Result<Orders, StoreFault> {
        let ordered = ordered(request, run, brakes, now);
        let takes = request.spec.takes_capacity() && run.takes_capacity() && run.is_active();
        let looked_up = self.world.looked_up();
        let (Orders::GoOn, Some(server), Traffic::Seen(_), true) =
            (ordered, run.subject.server(), looked_up.traffic.as_ref(), takes)
        else {
            return Ok(ordered);
        };
        let ledger = self.world.store.ledger().await?;
        let rulebook = self.world.rulebook();
        let known = rulebook.known(&ledger, now).with_outside(looked_up.outside());
        Ok(if is_missed(server, known, &rulebook.rules.not_asked(&request.passed(&run.id, run.admitted_at()))) {
            Orders::PutOff
        } else {
            ordered
        })
    }

    /// `None` means that the run may be decided on again at once.
    async fn carry_out(
        &mut self,
        request: &Request,
        run: &Run,
        decision: Decision,
    ) -> Result<Option<Turn>, StoreFault> {
        match decision {
            Decision::Observe(probe) => {
                self.look(run.id.clone(), probe);
                Ok(Some(Turn::Effect))
            }
            Decision::Begin(errand) => {
                let Some(mandate) = self.mandate(&errand, request, run).await? else { return Ok(Some(Turn::Rest)) };
                let now = self.world.now();
                // Its answer changes nothing in the journal, so the next look must not follow at once.
                let writes = vec![may_act(run, &mandate, now), wake(run, now.plus(POLL_EVERY))];
                let operation = Operation { id: self.world.ids.operation(), writes };
                if self.world.store.commit(operation).await? == Committed::Stale {
                    return Ok(Some(Turn::Rest));
                }
                self.begin(run.id.clone(), mandate);
                Ok(Some(Turn::Effect))
            }
            Decision::Wait(wake_at) => {
                self.rest(run, wake_at).await?;
                Ok(Some(Turn::Rest))
            }
            Decision::Commit(commit) => self.commit(request, run, commit).await,
            Decision::Settled | Decision::AskSafety { .. } => Ok(Some(Turn::Rest)),
        }
    }

    /// What may be done is done; a run that decided on anything else is a broken invariant: it rests, others go on.
    async fn mandate(&self, errand: &Errand, request: &Request, run: &Run) -> Result<Option<Mandate>, StoreFault> {
        match Mandate::of(errand, request, run) {
            Ok(mandate) => Ok(Some(mandate)),
            Err(unfounded) => {
                tracing::error!(run.id = %run.id, %unfounded, "nothing is sent: there is no mandate for it");
                self.rest(run, self.world.now().plus(UNFOUNDED_LOOK_EVERY)).await?;
                Ok(None)
            }
        }
    }

    async fn rest(&self, run: &Run, wake_at: Timestamp) -> Result<(), StoreFault> {
        let operation = Operation { id: self.world.ids.operation(), writes: vec![wake(run, wake_at)] };
        self.world.store.commit(operation).await?;
        Ok(())
    }

    async fn commit(&mut self, request: &Request, run: &Run, commit: Commit) -> Result<Option<Turn>, StoreFault> {
        let now = self.world.now();
        let wake_at = commit.wake_at;
        // Before the commit: an intent that nobody may carry out is not stored either.
        let then = match &commit.then {
            None => None,
            Some(errand) => match self.mandate(errand, request, run).await? {
                Some(mandate) => Some(mandate),
                None => return Ok(Some(Turn::Rest)),
            },
        };
        let counted = failures::counted(&self.world, request, run, &commit.events).await?;
        let state = self.state_after(run, &commit, now).await?;
        let writes = self.writes(request, run, commit, now);
        let mut writes = untouched::given_back(&self.world, run, writes).await?;
        writes.extend(state.map(Write::ServerState));
        writes.extend(counted);
        // A stop or a hold that came after the look at it is met here: from its own commit on nothing is begun that it forbids.
        // Before a hold that these events may put on themselves.
        writes.splice(0..0, then.as_ref().map(|mandate| may_act(run, mandate, now)));
        writes.extend(self.closes_incident(run, &writes).await?);
        writes.extend(suspects::moves_on(&self.world, run).await?);
        writes.extend(self.worsens_incident(run, &writes).await?);
        if self.world.commit(writes).await? == Committed::Stale {
            return Ok(Some(Turn::Rest));
        }
        match then {
            Some(mandate) => {
                self.begin(run.id.clone(), mandate);
                Ok(Some(Turn::Effect))
            }
            None if wake_at > now => Ok(Some(Turn::Rest)),
            None => Ok(None),
        }
    }

    /// The state that the server is in after the commit, if that changes it.
    async fn state_after(&self, run: &Run, commit: &Commit, now: Timestamp) -> Result<Option<StateRow>, StoreFault> {
        let (Some(state), Some(server)) = (commit.state, run.subject.server()) else { return Ok(None) };
        let ledger = self.world.store.ledger().await?;
        let before = ledger.states.get(&server.id);
        Ok(Some(StateRow::of_run((&server.id, &run.id), (run.found, state), before, now)))
    }

    /// The events, the server's lock, and what is told: one commit.
    fn writes(&self, request: &Request, run: &Run, commit: Commit, now: Timestamp) -> Vec<Write> {
        let mut writes = Vec::new();
        if let Some(server) = run.subject.server() {
            if let Some(state) = commit.state
                && server.pool.is_some()
                && has_seen_balancer(&commit.events, run)
            {
                writes.extend(health_of(&server.id, state, now));
            }
            writes.extend(commit.events.iter().filter_map(|event| lock_change(event, server, run)));
        }
        for event in &commit.events {
            self.tell(event, run, &mut writes);
        }
        writes.extend(mistaken::hold(&self.world, run, &commit.events, now));
        let over =
            commit.events.iter().any(|event| matches!(event, RunEvent::Ended { .. } | RunEvent::PersonAsked { .. }));
        let wake_at = (!over).then_some(commit.wake_at);
        writes.push(messages::card(request.id()));
        let (id, expected, epoch) = (run.id.clone(), run.version, run.epoch);
        writes.insert(0, Write::RunEvents { id, expected, epoch, events: commit.events, wake_at });
        writes
    }

    /// A server that an earlier run left behind is back: the notice about it says so.
    async fn closes_incident(&self, run: &Run, writes: &[Write]) -> Result<Option<Write>, StoreFault> {
        let unlocked =
            writes.iter().find_map(|write| if let Write::Unlock { server, .. } = write { Some(server) } else { None });
        let (Some(server), Some(channel)) = (unlocked, &self.world.places.incidents) else { return Ok(None) };
        let ledger = self.world.store.ledger().await?;
        let lock = ledger.lock(server).filter(|lock| lock.run == run.id);
        let from = lock.and_then(|lock| lock.taken_from.as_ref());
        Ok(from.map(|failed| messages::incident(&failed.request, channel)))
    }

    /// One more server is out than the incident channel has read of: that is told by itself.
    async fn worsens_incident(&self, run: &Run, writes: &[Write]) -> Result<Option<Write>, StoreFault> {
        let key = messages::incident_key(&run.id.request);
        let is_told = writes.iter().any(|write| matches!(write, Write::Send(outgoing) if outgoing.key == key));
        // Whoever a person was asked about has counted as out since.
        let channel = self.world.places.incidents.as_ref().filter(|_| is_told && run.asked_at.is_none());
        let Some(channel) = channel else { return Ok(None) };
        let slot = self.world.store.slot(&key).await?;
        let was_read = slot.is_some_and(|slot| slot.message.is_some());
        Ok(was_read.then(|| messages::incident_worse(&run.id, channel)))
    }

    fn tell(&self, event: &RunEvent, run: &Run, writes: &mut Vec<Write>) {
        let trouble = if let RunEvent::Ended { outcome, .. } = event
            && outcome.is_failure()
        {
            writes.push(messages::server_failed(&run.id));
            *outcome == RunOutcome::Failed
        } else if let RunEvent::PersonAsked { at, .. } = event {
            writes.extend(messages::answer_controls(&run.id, *at));
            writes.push(messages::question(&run.id, *at));
            true
        } else {
            if matches!(event, RunEvent::StepSucceeded { .. } | RunEvent::StepFailed(_)) {
                // A question that a further look has answered says so.
                writes.extend(run.asked_at.map(|at| messages::question(&run.id, at)));
            }
            false
        };
        if let Some(channel) =
            self.world.places.incidents.as_ref().filter(|_| trouble && run.subject.server().is_some())
        {
            writes.push(messages::incident(&run.id.request, channel));
        }
    }

    fn look(&mut self, id: RunId, probe: Probe) {
        let drivers = Arc::clone(&self.world.drivers);
        let controller = matches!(probe, Probe::Power(_));
        self.effects
            .start(id, async move { Ended::Saw { controller, seen: drivers.observe(&probe, LOOK_DEADLINE).await } });
    }

    fn begin(&mut self, id: RunId, mandate: Mandate) {
        let drivers = Arc::clone(&self.world.drivers);
        self.effects.start(id, async move { Ended::Began(drivers.begin(&mandate, EFFECT_DEADLINE).await) });
    }
}

fn wake(run: &Run, wake_at: Timestamp) -> Write {
    Write::RunWake { id: run.id.clone(), epoch: run.epoch, wake_at }
}

fn may_act(run: &Run, mandate: &Mandate, at: Timestamp) -> Write {
    let server = run.subject.server().map(|server| server.id.clone());
    Write::MayAct { server, touch: mandate.act().touch(), at }
}

/// Under a hard stop everything stands still. A server that a person holds is left alone, whatever else was ordered. A stop of
/// everything forbids more than the end of one request does, so it comes next.
fn ordered(request: &Request, run: &Run, brakes: &[Brake], now: Timestamp) -> Orders {
    let stop = admission::stop_among(brakes);
    if stop.is_some_and(|stop| stop.kind == BrakeKind::HARD_STOP) {
        Orders::StandStill
    } else if run.subject.server().is_some_and(|server| admission::is_held(server, brakes, now)) {
        Orders::Keep
    } else if stop.is_some() {
        Orders::Halt
    } else if matches!(request.stage, RequestStage::Stopping { .. }) {
        Orders::Stop
    } else {
        Orders::GoOn
    }
}

fn parameters(request: &Request) -> BTreeMap<ParameterName, String> {
    let parameters = request.plan.parts().parameters.iter();
    parameters.map(|(name, value)| (name.clone(), value.to_string())).collect()
}

/// Whether these events rest on the server's line in its load balancer.
fn has_seen_balancer(events: &[RunEvent], run: &Run) -> bool {
    let returned = matches!(run.stage, RunStage::Returning { .. });
    let ended = events.iter().any(|event| matches!(event, RunEvent::Ended { .. }));
    (ended && returned) || events.iter().any(|event| matches!(event, RunEvent::StepSucceeded { .. }))
}

/// A run that has just seen the line knows better than the last round of looks.
fn health_of(server: &ServerId, state: ProductionState, now: Timestamp) -> Option<Write> {
    let health = match state {
        ProductionState::Production => Health::Serving,
        ProductionState::Drained => Health::OutOfRotation,
        ProductionState::Draining
        | ProductionState::Undraining
        | ProductionState::Standby
        | ProductionState::Maintenance
        | ProductionState::Repair => return None,
    };
    Some(Write::Health(HealthRow { server: server.clone(), health, seen_at: now }))
}

/// A server is free again only when its run has verified that it is as it should be, or that nothing was done. A run that
/// waits for a person has its server still, but no place among those at work.
fn lock_change(event: &RunEvent, server: &PlannedServer, run: &Run) -> Option<Write> {
    let stood_still = run.stood_since.or(run.kept_since).is_some();
    let (server, run) = (server.id.clone(), run.id.clone());
    let outcome = match event {
        RunEvent::PersonAsked { .. } | RunEvent::Kept { .. } | RunEvent::StoodStill { parks: true, .. } => {
            return Some(Write::LockParked { server, run });
        }
        RunEvent::WentOn { .. } | RunEvent::MovedOn { .. } => return Some(Write::LockTakenUp { server, run }),
        // It has got on by what was seen, and is at work again.
        RunEvent::StepSucceeded { .. } | RunEvent::ReturnBegun { .. } if stood_still => {
            return Some(Write::LockTakenUp { server, run });
        }
        RunEvent::Ended { outcome, .. } => outcome,
        RunEvent::Planned { .. }
        | RunEvent::Replanned { .. }
        | RunEvent::Admitted(_)
        | RunEvent::WasSilent { .. }
        | RunEvent::StillSafe { .. }
        | RunEvent::StoodStill { parks: false, .. }
        | RunEvent::StepBegun { .. }
        | RunEvent::ActAnswered { .. }
        | RunEvent::StepSucceeded { .. }
        | RunEvent::StepFailed(_)
        | RunEvent::PersonAnswered { .. }
        | RunEvent::ReturnBegun { .. } => return None,
    };
    match outcome {
        RunOutcome::Done | RunOutcome::Returned | RunOutcome::FailedAndReturned | RunOutcome::PutOff => {
            Some(Write::Unlock { server, run })
        }
        RunOutcome::Failed => Some(Write::LockLeftBehind { server, run }),
        RunOutcome::NotStarted | RunOutcome::LeftOut => None,
    }
}

#[async_trait]
impl Service for Runner {
    fn name(&self) -> &'static str {
        "runner"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let now = self.world.now();
        let mut made = false;
        while let Some((id, ended)) = self.effects.take() {
            made = true;
            self.take_in(id, ended).await?;
        }
        for run in self.world.store.due_runs(now, RUNS_AT_ONCE_MAX).await? {
            if self.effects.in_flight() < RUNS_AT_ONCE_MAX && !self.effects.has(&run.id) {
                made = true;
                self.turn(run.id, Input::Nothing).await?;
            }
        }
        if made {
            return Ok(Step::Made);
        }
        let next_wake = self.world.store.next_run_wake(now).await?;
        Ok(match self.effects.in_flight() {
            0 => Step::Idle { next_wake },
            in_flight => Step::Waiting { in_flight, next_wake },
        })
    }

    async fn ended(&mut self) {
        self.effects.wait().await;
    }
}

#[cfg(test)]
mod tests;
