//! What a run does next, from its definition, its journal, what was just seen, and the time.
//!
//! The rule that everything here keeps: an intent is stored before it is carried out, and an outcome that is not
//! known is verified, never repeated blindly. What may be repeated (taking a server out of rotation, say) says so.

use super::errand::Errand;
use super::run::{Failure, FailureKind, Run, RunEvent, RunOutcome, RunStage, StepIntent};
use super::{gate, reboot, steps};
use crate::domain::command::{Impact, Step, Touch};
use crate::domain::effect::{BalancerStanding, Begun, Probe, Seen};
use crate::domain::intent::ParameterName;
use crate::domain::server::{ProductionState, ServerName};
use crate::domain::time::Timestamp;
use crate::workflow::request::PolicyName;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often something that takes a while is looked at again.
pub const POLL_EVERY: Duration = Duration::from_millis(1000);
/// How long a reboot command may be under way before the server itself refuses it.
pub const REBOOT_COMMAND_LIFE: Duration = Duration::from_secs(30);
/// How long SSH must stay silent before another way is taken.
pub const SILENT_FOR: Duration = Duration::from_secs(3);
/// How often something that provably never got out is sent again.
pub const SEND_ATTEMPTS_MAX: u32 = 3;
/// How long after an attempt that may be repeated the next one is made; the second wait is twice as long.
pub const SEND_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How often it is looked at again whether people still stop everything, or keep the server.
pub const HALTED_LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a server may take to get back into rotation when a run gives up.
pub const RETURN_WITHIN: Duration = Duration::from_secs(120);

/// What is known besides the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// Nothing new.
    Nothing,
    /// The answer to a look.
    Seen(Seen),
    /// The management controller was asked and did not answer; why.
    ControllerSilent(String),
    /// Going on is still safe.
    Safe,
    /// That policy says that it is not safe now; it may be again in a while.
    NotNow(PolicyName),
}

/// What people have ordered meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Orders {
    /// Go on.
    GoOn,
    /// Start nothing that changes or takes capacity; reach a safe point.
    Stop,
    /// The server is missed: put it back where that is still possible, and start on it again another time.
    PutOff,
    /// Everything is stopped: no step that [changes](crate::domain::command::Touch::Changes) something begins. Looking,
    /// giving back, and proving what was begun go on.
    Halt,
    /// A person keeps the server: until it is released no step begins that changes it or gives it back.
    Keep,
    /// Everything is stopped hard: nothing is given back either, and looking goes on. Whoever has a place among those at work keeps it.
    StandStill,
}

impl Orders {
    /// Whether nothing may be begun that changes something or takes capacity.
    #[must_use]
    pub const fn forbid_changes(self) -> bool {
        match self {
            Self::GoOn => false,
            Self::Stop | Self::PutOff | Self::Halt | Self::Keep | Self::StandStill => true,
        }
    }

    /// Whether nothing that touches so much may be sent, whatever was decided. What the end of a request or traffic forbids, steps
    /// know themselves: there what was begun may be sent again.
    const fn forbid_to_send(self, touch: Touch) -> bool {
        match self {
            Self::GoOn | Self::Stop | Self::PutOff => false,
            Self::Halt => matches!(touch, Touch::Changes),
            Self::Keep | Self::StandStill => !matches!(touch, Touch::Looks),
        }
    }
}

/// What a run does next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Look at this, and ask again with what was seen.
    Observe(Probe),
    /// Ask admission whether going on is still safe, and ask again.
    AskSafety {
        /// Whether the run takes a place of its server's pool, so that those who watch over what is left are asked too.
        takes: bool,
    },
    /// Store these events in one commit, then go on.
    Commit(Commit),
    /// Carry out the stored intent: only for acts that may be repeated.
    Begin(Errand),
    /// Nothing to do before that time.
    Wait(Timestamp),
    /// Nothing to do at all.
    Settled,
}

/// One commit of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// The events, in order.
    pub events: Vec<RunEvent>,
    /// The production state that the server is in from now on, if it changes.
    pub state: Option<ProductionState>,
    /// What is begun once the commit is durable; never before.
    pub then: Option<Errand>,
    /// When the run is looked at again.
    pub wake_at: Timestamp,
}

impl Commit {
    /// A commit of events after which the run goes on at once.
    #[must_use]
    pub fn of(events: Vec<RunEvent>, now: Timestamp) -> Self {
        Self { events, state: None, then: None, wake_at: now }
    }

    /// The same with a production state.
    #[must_use]
    pub fn with_state(self, state: ProductionState) -> Self {
        Self { state: Some(state), ..self }
    }

    /// The same with something to begin afterwards.
    #[must_use]
    pub fn then(self, errand: Errand) -> Self {
        Self { then: Some(errand), ..self }
    }
}

/// Everything a decision about one run looks at.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The steps of the definition that the plan was made with, its values put in.
    pub steps: &'a [Step],
    /// How much harm that definition can do.
    pub impact: Impact,
    /// The run.
    pub run: &'a Run,
    /// What is known besides the journal.
    pub input: &'a Input,
    /// What people have ordered.
    pub orders: Orders,
    /// The plan's parameters, as texts.
    pub parameters: &'a BTreeMap<ParameterName, String>,
    /// The time.
    pub now: Timestamp,
}

impl Situation<'_> {
    /// The time by which what waits to be sent is late: while a run may not send, its clock stands still.
    pub(super) fn clock(&self) -> Timestamp {
        self.run.stood_since.unwrap_or(self.now)
    }

    /// Whether the orders forbid what the step under way, or the way back, would send.
    fn forbids_to_send(&self) -> bool {
        match &self.run.stage {
            RunStage::Acting { step, .. } => {
                self.steps.get(*step).is_some_and(|step| self.orders.forbid_to_send(step.touch()))
                    || self.orders.forbid_to_send(Touch::GivesBack)
            }
            RunStage::Returning { .. } => self.orders.forbid_to_send(Touch::GivesBack),
            RunStage::Ready { .. } => self.orders == Orders::StandStill,
            RunStage::Waiting | RunStage::NeedsPerson { .. } | RunStage::Ended { .. } => false,
        }
    }
}

/// What the run does next. What its orders forbid to send is not sent, whatever was decided: it stands still instead, and decides
/// anew once it may go on.
#[must_use]
pub fn decide(situation: Situation<'_>) -> Decision {
    if situation.run.stood_since.is_some() && !situation.forbids_to_send() {
        return commit(vec![RunEvent::MovedOn { at: situation.now }], situation.now);
    }
    let wanted = wanted(situation);
    let errand = match &wanted {
        Decision::Begin(errand) => Some(errand),
        Decision::Commit(commit) => commit.then.as_ref(),
        Decision::Observe(_) | Decision::AskSafety { .. } | Decision::Wait(_) | Decision::Settled => None,
    };
    let is_forbidden = errand.is_some_and(|errand| situation.orders.forbid_to_send(errand.act().touch()));
    if is_forbidden { stands_still(situation, wanted) } else { wanted }
}

/// Instead of what was wanted. That a run turns back, and why, is settled once it was found, whatever is sent later: looked at
/// again after hours, what had proved it may have passed.
fn stands_still(situation: Situation<'_>, wanted: Decision) -> Decision {
    let Situation { run, orders, now, .. } = situation;
    let wake_at = now.plus(HALTED_LOOK_EVERY);
    let stood_still = RunEvent::StoodStill { at: now, parks: orders == Orders::Keep };
    if let Decision::Commit(back) = wanted
        && back.events.iter().any(|event| matches!(event, RunEvent::ReturnBegun { .. }))
    {
        let events = back.events.into_iter().chain([stood_still]).collect();
        return Decision::Commit(Commit { events, then: None, wake_at, ..back });
    }
    if run.stood_since.or(run.kept_since).is_some() {
        return Decision::Wait(wake_at);
    }
    Decision::Commit(Commit { wake_at, ..Commit::of(vec![stood_still], now) })
}

/// What the run would do next.
fn wanted(situation: Situation<'_>) -> Decision {
    let Situation { steps, run, now, .. } = situation;
    match &run.stage {
        RunStage::Waiting | RunStage::Ended { .. } | RunStage::NeedsPerson { .. } => Decision::Settled,
        RunStage::Returning { at, outcome } => returning(situation, *at, *outcome),
        RunStage::Ready { step } => match steps.get(*step) {
            None => commit(vec![RunEvent::Ended { at: now, outcome: RunOutcome::Done }], now),
            Some(_)
                if situation.run.kept_since.is_some()
                    && !matches!(situation.orders, Orders::Keep | Orders::StandStill) =>
            {
                commit(vec![RunEvent::WentOn { at: now }], now)
            }
            Some(_)
                if situation.orders == Orders::Stop
                    && (may_turn_back(situation, *step) || only_looked(steps, *step)) =>
            {
                turn_back(situation, RunOutcome::Returned, Vec::new())
            }
            Some(spec) if situation.orders == Orders::Keep && spec.touch() != Touch::Looks => kept(situation),
            Some(spec) if situation.orders == Orders::StandStill && spec.touch() != Touch::Looks => {
                stands_still(situation, Decision::Settled)
            }
            Some(spec) if situation.orders == Orders::Halt && spec.touch() == Touch::Changes => {
                halted(situation, *step)
            }
            Some(_) if situation.orders == Orders::PutOff && may_turn_back(situation, *step) => {
                turn_back(situation, RunOutcome::PutOff, Vec::new())
            }
            Some(spec) => ready(situation, *step, spec),
        },
        RunStage::Acting { step, intent, answer } => match steps.get(*step) {
            None => Decision::Settled,
            Some(spec) => acting(situation, &Acting { step: *step, intent, answer: answer.as_ref() }, spec),
        },
    }
}

/// A step under way.
pub(super) struct Acting<'a> {
    pub(super) step: usize,
    pub(super) intent: &'a StepIntent,
    pub(super) answer: Option<&'a Begun>,
}

fn ready(situation: Situation<'_>, step: usize, spec: &Step) -> Decision {
    match spec {
        Step::Drain { timeout, .. } => steps::begin_drain(situation, step, *timeout),
        Step::Gate(checks) => gate::gate(situation, step, checks),
        Step::Reboot(reboot) => reboot::begin(situation, step, reboot),
        Step::Check { checks, timeout } => steps::check(situation, step, checks, *timeout),
        Step::RestoreState { timeout } => steps::begin_return(situation, step, *timeout, situation.run.found),
        Step::Undrain { timeout } => steps::begin_return(situation, step, *timeout, ProductionState::Production),
        Step::Http(http) => steps::begin_http(situation, step, http),
    }
}

fn acting(situation: Situation<'_>, acting: &Acting<'_>, spec: &Step) -> Decision {
    match spec {
        Step::Drain { connections_max, .. } => steps::drain(situation, acting, *connections_max),
        Step::Reboot(reboot) => reboot::verify(situation, acting, reboot),
        Step::RestoreState { .. } => steps::put_back(situation, acting, situation.run.found),
        Step::Undrain { .. } => steps::put_back(situation, acting, ProductionState::Production),
        Step::Http(http) => steps::http(situation, acting, http),
        Step::Check { checks, .. } => steps::check_again(situation, acting, checks),
        Step::Gate(_) => Decision::Settled,
    }
}

/// A person keeps the server. That it stands still is stored, for with that it gives back its places among those at work.
fn kept(situation: Situation<'_>) -> Decision {
    let wake_at = situation.now.plus(HALTED_LOOK_EVERY);
    match situation.run.kept_since {
        Some(_) => Decision::Wait(wake_at),
        None => {
            let events = vec![RunEvent::Kept { at: situation.now }];
            Decision::Commit(Commit { wake_at, ..Commit::of(events, situation.now) })
        }
    }
}

/// The next step would change something while everything is stopped. What nothing irreversible came before is given
/// back; after a restart the server waits as it is, for the step is a change of its own.
fn halted(situation: Situation<'_>, step: usize) -> Decision {
    if may_turn_back(situation, step) || only_looked(situation.steps, step) {
        return turn_back(situation, RunOutcome::Returned, Vec::new());
    }
    Decision::Wait(situation.now.plus(HALTED_LOOK_EVERY))
}

/// Before the first step of a definition that is irreversible there is nothing that could not be undone.
pub(super) fn may_turn_back(situation: Situation<'_>, step: usize) -> bool {
    let Situation { steps, impact, .. } = situation;
    let is_past_return = steps.iter().take(step).any(|step| gate::is_irreversible(step, impact));
    let only_returns =
        steps.iter().skip(step).all(|step| matches!(step, Step::RestoreState { .. } | Step::Undrain { .. }));
    !is_past_return && !only_returns
}

/// Nothing but looks came before, so that even a return may be left alone.
fn only_looked(steps: &[Step], step: usize) -> bool {
    steps.iter().take(step).all(|step| matches!(step, Step::Check { .. } | Step::Gate(_)))
}

/// Puts the server back as it was found, after a failure or an order, and ends there.
pub(super) fn turn_back(situation: Situation<'_>, outcome: RunOutcome, mut events: Vec<RunEvent>) -> Decision {
    let Situation { run, now, .. } = situation;
    let touched = run.state != run.found || matches!(run.stage, RunStage::Acting { .. });
    match run.server_name() {
        Some(server)
            if touched
                && run.found == ProductionState::Production
                && run.subject.server().is_some_and(|s| s.pool.is_some()) =>
        {
            events.push(RunEvent::ReturnBegun { at: now, outcome });
            let back = Errand::back(run, server);
            Decision::Commit(Commit::of(events, now).with_state(ProductionState::Undraining).then(back))
        }
        _ => {
            events.push(RunEvent::Ended { at: now, outcome });
            let state = run.subject.server().map(|_| run.found);
            Decision::Commit(Commit { state, ..Commit::of(events, now) })
        }
    }
}

/// A failure of a step that may have done something: behind a restart the server stays as it is, reserved, and out.
pub(super) fn fail(situation: Situation<'_>, step: usize, kind: FailureKind, note: impl Into<String>) -> Decision {
    let gives_back = may_turn_back(situation, step) && !matches!(situation.steps.get(step), Some(Step::Reboot(_)));
    failed(situation, Failure { step, at: situation.now, kind, note: note.into() }, gives_back)
}

/// A failure before the step itself has done anything: the server goes back, unless something irreversible came before.
pub(super) fn fail_before(
    situation: Situation<'_>,
    step: usize,
    kind: FailureKind,
    note: impl Into<String>,
) -> Decision {
    failed(situation, Failure { step, at: situation.now, kind, note: note.into() }, may_turn_back(situation, step))
}

fn failed(situation: Situation<'_>, failure: Failure, gives_back: bool) -> Decision {
    let (now, failed) = (situation.now, RunEvent::StepFailed(failure));
    if gives_back {
        return turn_back(situation, RunOutcome::FailedAndReturned, vec![failed]);
    }
    commit(vec![failed, RunEvent::Ended { at: now, outcome: RunOutcome::Failed }], now)
}

/// Nobody but a person can tell what became of the step.
pub(super) fn ask(situation: Situation<'_>, why: String) -> Decision {
    commit(vec![RunEvent::PersonAsked { at: situation.now, why }], situation.now)
}

fn returning(situation: Situation<'_>, since: Timestamp, outcome: RunOutcome) -> Decision {
    let Situation { run, now, input, .. } = situation;
    let Some(server) = run.server_name() else {
        return commit(vec![RunEvent::Ended { at: now, outcome }], now);
    };
    match input {
        Input::Seen(Seen::Balancer(line)) if line.standing == BalancerStanding::Up => {
            Decision::Commit(Commit::of(vec![RunEvent::Ended { at: now, outcome }], now).with_state(run.found))
        }
        Input::Seen(_) if situation.clock() >= since.plus(RETURN_WITHIN) => {
            let note = "it did not get back into rotation".to_owned();
            let step = run.failure.as_ref().map_or(0, |failure| failure.step);
            let failed = Failure { step, at: now, kind: FailureKind::BalancerFailed, note };
            let events = vec![RunEvent::StepFailed(failed), RunEvent::Ended { at: now, outcome: RunOutcome::Failed }];
            commit(events, now)
        }
        Input::Seen(Seen::Balancer(line)) if line.standing == BalancerStanding::Down => {
            Decision::Wait(now.plus(POLL_EVERY))
        }
        // Natural: asking again for what it may already be doing changes nothing.
        Input::Seen(_) => Decision::Begin(Errand::back(run, server)),
        Input::Nothing | Input::Safe | Input::NotNow(_) | Input::ControllerSilent(_) => {
            Decision::Observe(Probe::Balancer(server.clone()))
        }
    }
}

pub(super) fn commit(events: Vec<RunEvent>, now: Timestamp) -> Decision {
    Decision::Commit(Commit::of(events, now))
}

/// The server of a step that needs one; commands are checked so that it is always there.
pub(super) fn server_of(run: &Run) -> Option<&ServerName> {
    run.server_name()
}
