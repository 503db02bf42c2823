//! Whether a run may go on: at the gates of its definition, and again where what let a step begin has grown old.
//!
//! What is said holds for a short time. A run may stand before its next step for hours, because the bot was away or a
//! person held the server; then it asks anew, or is put off. Deliberately absent: what is asked (admission).

use super::decide::{Commit, Decision, Input, POLL_EVERY, Situation, fail, fail_before, may_turn_back, turn_back};
use super::run::{FailureKind, Run, RunEvent, RunOutcome};
use super::steps::{is_cure, is_out, succeeded};
use crate::domain::command::{GateCheck, HttpMethod, Impact, Step};
use crate::domain::effect::{Probe, Seen};
use crate::domain::server::ProductionState;
use crate::domain::time::{Timestamp, spoken};
use crate::workflow::request::PolicyName;
use std::time::Duration;

/// How long a gate may find nobody to ask, or be told to wait, before the server is put back.
pub(super) const GATE_WITHIN: Duration = Duration::from_secs(300);
/// How long it counts that it was safe. A healthy run needs some seconds from there to its step, and up to half a minute
/// where SSH is silent and the controller is asked; what may have changed in more than that is asked again.
pub(super) const SAFE_FOR: Duration = Duration::from_secs(60);

const IN_ROTATION: &str = "the load balancer has put it back into rotation";
const UNSAID: &str = "the load balancer does not say whether it is out";

pub(super) fn gate(situation: Situation<'_>, step: usize, checks: &[GateCheck]) -> Decision {
    let run = situation.run;
    let Some(server) = run.subject.server() else { return Decision::Settled };
    let holds = checks.contains(&GateCheck::DrainStillHolds) && server.pool.is_some();
    let ask = Decision::AskSafety { takes: checks.contains(&GateCheck::Capacity) && takes_a_place(run) };
    let is_late = situation.now >= since(run).plus(GATE_WITHIN);
    match situation.input {
        Input::Nothing if holds => Decision::Observe(Probe::Balancer(server.name.clone())),
        Input::Nothing => ask,
        Input::Seen(Seen::Balancer(line)) if is_out(line) => ask,
        Input::Seen(Seen::Balancer(_)) => fail_before(situation, step, FailureKind::GateClosed, IN_ROTATION),
        // A drained server must not wait for ever behind a load balancer that says nothing.
        Input::Seen(_) if is_late => fail_before(situation, step, FailureKind::GateClosed, UNSAID),
        Input::Seen(_) | Input::ControllerSilent(_) => Decision::Wait(situation.now.plus(POLL_EVERY)),
        Input::Safe => {
            let mut done = succeeded(situation, step, run.state, "still safe");
            done.events.push(RunEvent::StillSafe { at: situation.now });
            Decision::Commit(done)
        }
        Input::NotNow(policy) if is_late => put_off(situation, step, &told(*policy)),
        Input::NotNow(_) => Decision::Wait(situation.now.plus(POLL_EVERY)),
    }
}

/// A server that was out before takes nothing away: its cure must not wait for the pool that misses it.
/// That holds once it is drained; before, it may have come back.
fn takes_a_place(run: &Run) -> bool {
    run.takes_capacity() || is_cure(run) && run.state == ProductionState::Production
}

/// Since when the step that is next could have begun: not while the run stood still.
pub(super) fn since(run: &Run) -> Timestamp {
    let could = run.proofs.last().map(|proof| proof.at).or(run.admitted_at());
    could.max(run.went_on_at).unwrap_or_default()
}

/// What must come before this step may begin; `None` lets it begin. Nothing does where it was told a moment ago that it is
/// safe, nor behind a point of no return without a gate since: the way out leads forward.
pub(super) fn before(situation: Situation<'_>, step: usize) -> Option<Decision> {
    let mut earlier = situation.steps.iter().take(step).rev();
    let counts = |step: &&Step| matches!(step, Step::Gate(_)) || is_irreversible(step, situation.impact);
    let is_behind = earlier.find(counts).is_some_and(|step| is_irreversible(step, situation.impact));
    if is_fresh(situation) || is_behind {
        return None;
    }
    // Nothing was done yet: it is let in anew, by every policy, or not.
    if situation.run.proofs.is_empty() {
        return Some(turn_back(situation, RunOutcome::PutOff, Vec::new()));
    }
    Some(ask_again(situation, step))
}

/// Whether what was told last of safety counts.
pub(super) fn is_fresh(situation: Situation<'_>) -> bool {
    situation.run.safe_at.is_some_and(|at| at.counts(situation.now, SAFE_FOR))
}

/// The same as at a gate, before a step that a gate let begin and that did not begin in time.
pub(super) fn ask_again(situation: Situation<'_>, step: usize) -> Decision {
    let Situation { run, now, impact, .. } = situation;
    let ask = Decision::AskSafety { takes: impact >= Impact::Drain && takes_a_place(run) };
    let is_late = run.safe_at.max(run.went_on_at).is_none_or(|at| now >= at.plus(GATE_WITHIN));
    match (situation.input, run.server_name().filter(|_| is_drain_asked(situation, step))) {
        (Input::Safe, _) => Decision::Commit(Commit::of(vec![RunEvent::StillSafe { at: now }], now)),
        (Input::NotNow(policy), _) if is_late => put_off(situation, step, &told(*policy)),
        (Input::NotNow(_), _) => Decision::Wait(now.plus(POLL_EVERY)),
        (_, None) => ask,
        (Input::Seen(Seen::Balancer(line)), _) if is_out(line) => ask,
        (Input::Seen(Seen::Balancer(_)), _) => fail_before(situation, step, FailureKind::GateClosed, IN_ROTATION),
        // After a long absence there is no time to wait for an answer; its turn comes again.
        (Input::Seen(Seen::NoAnswer(_)), _) if is_late => put_off(situation, step, UNSAID),
        (Input::Seen(Seen::NoAnswer(_)), _) => Decision::Wait(now.plus(POLL_EVERY)),
        (Input::Nothing | Input::Seen(_) | Input::ControllerSilent(_), Some(server)) => {
            Decision::Observe(Probe::Balancer(server.clone()))
        }
    }
}

/// Whether a gate before that step asks for the drain, which was done.
fn is_drain_asked(situation: Situation<'_>, step: usize) -> bool {
    let asks = |step: &Step| matches!(step, Step::Gate(checks) if checks.contains(&GateCheck::DrainStillHolds));
    let is_behind_balancer = situation.run.subject.server().is_some_and(|server| server.pool.is_some());
    let is_drained = situation.run.state == ProductionState::Drained;
    is_behind_balancer && is_drained && situation.steps.iter().take(step).any(asks)
}

/// What is told of a policy that said no to the end.
fn told(policy: PolicyName) -> String {
    format!("{} has said no for {}", policy.word(), spoken(GATE_WITHIN))
}

/// It was nobody's failure: the server goes back to work, and its turn comes again. Behind a point of no return it cannot be
/// as it was before: it stays out, and a person is told.
fn put_off(situation: Situation<'_>, step: usize, why: &str) -> Decision {
    if may_turn_back(situation, step) {
        return turn_back(situation, RunOutcome::PutOff, Vec::new());
    }
    fail(situation, step, FailureKind::GateClosed, why)
}

/// Whether that step cannot be undone, whatever came before it.
pub(super) fn is_irreversible(step: &Step, impact: Impact) -> bool {
    match step {
        Step::Reboot(_) => true,
        // A call of a harmless command changes what can be changed again.
        Step::Http(http) => http.method == HttpMethod::Post && impact >= Impact::PowerCycle,
        Step::Drain { .. } | Step::Gate(_) | Step::Check { .. } | Step::RestoreState { .. } | Step::Undrain { .. } => {
            false
        }
    }
}
