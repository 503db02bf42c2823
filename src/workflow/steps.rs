//! The steps that may be repeated without harm: rotation, checks, keyed calls.

use super::decide::{
    Acting, Commit, Decision, Input, Orders, POLL_EVERY, SEND_AGAIN_AFTER, SEND_ATTEMPTS_MAX, Situation, ask, commit,
    fail, server_of, turn_back,
};
use super::errand::Errand;
use super::gate::{self, GATE_WITHIN, since};
use super::run::{FailureKind, Run, RunEvent, RunOutcome, StepIntent};
use crate::domain::command::{HostCheck, HttpCall, HttpMethod, Output, SITE_INPUT, Sent, Step};
use crate::domain::effect::{Act, BalancerLine, BalancerStanding, Begun, Probe, Seen};
use crate::domain::intent::{ParameterName, Value};
use crate::domain::limits::QUOTED_LENGTH_MAX_CHARS;
use crate::domain::server::ProductionState;
use std::collections::BTreeMap;
use std::time::Duration;

/// The first intent of a step that is not a restart.
fn intent(situation: Situation<'_>, timeout: Duration) -> StepIntent {
    let now = situation.now;
    StepIntent { attempt: 1, at: now, way: None, boot_before: None, not_after: None, until: now.plus(timeout) }
}

pub(super) fn succeeded(
    situation: Situation<'_>,
    step: usize,
    state: ProductionState,
    note: impl Into<String>,
) -> Commit {
    let now = situation.now;
    let outputs = BTreeMap::new();
    Commit::of(vec![RunEvent::StepSucceeded { step, at: now, state, note: note.into(), outputs }], now)
}

/// The same, with something that the step tells those after it.
pub(super) fn telling(mut done: Commit, output: Output, value: Value) -> Commit {
    if let Some(RunEvent::StepSucceeded { outputs, .. }) = done.events.last_mut() {
        outputs.insert(output, value);
    }
    done
}

fn count(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) fn begin_drain(situation: Situation<'_>, step: usize, timeout: Duration) -> Decision {
    let run = situation.run;
    let Some(server) = run.subject.server() else { return Decision::Settled };
    if server.pool.is_none() {
        let done = succeeded(situation, step, ProductionState::Drained, "takes no traffic from a load balancer");
        let done = telling(done, Output::ConnectionsLeft, count(0));
        return Decision::Commit(done.with_state(ProductionState::Drained));
    }
    if let Some(first) = gate::before(situation, step) {
        return first;
    }
    let drain = || {
        let begun = RunEvent::StepBegun { step, intent: intent(situation, timeout) };
        let commit = Commit::of(vec![begun], situation.now).with_state(ProductionState::Draining);
        Decision::Commit(commit.then(Errand::asked(Act::Drain(server.name.clone()))))
    };
    if !is_cure(run) {
        return drain();
    }
    // It did not serve when it was admitted, so no place of its pool was asked for. Where it has come back since, its turn
    // comes again, as that of a server that serves.
    match situation.input {
        Input::Nothing | Input::Safe | Input::NotNow(_) => Decision::Observe(Probe::Balancer(server.name.clone())),
        Input::Seen(Seen::Balancer(line)) if line.standing != BalancerStanding::Up => drain(),
        Input::Seen(Seen::Balancer(_)) => turn_back(situation, RunOutcome::PutOff, Vec::new()),
        // Whether it serves must be known.
        Input::Seen(_) | Input::ControllerSilent(_) if situation.now >= since(run).plus(GATE_WITHIN) => {
            turn_back(situation, RunOutcome::PutOff, Vec::new())
        }
        Input::Seen(_) | Input::ControllerSilent(_) => Decision::Wait(situation.now.plus(POLL_EVERY)),
    }
}

pub(super) fn drain(situation: Situation<'_>, acting: &Acting<'_>, connections_max: u64) -> Decision {
    let now = situation.now;
    let Some(server) = server_of(situation.run) else { return Decision::Settled };
    match situation.orders {
        Orders::Stop | Orders::Halt => return turn_back(situation, RunOutcome::Returned, Vec::new()),
        Orders::PutOff => return turn_back(situation, RunOutcome::PutOff, Vec::new()),
        Orders::GoOn | Orders::Keep | Orders::StandStill => {}
    }
    match situation.input {
        Input::Safe | Input::NotNow(_) => gate::ask_again(situation, acting.step),
        Input::Nothing | Input::ControllerSilent(_) => Decision::Observe(Probe::Balancer(server.clone())),
        Input::Seen(Seen::Balancer(line)) if is_out(line) && line.connections <= connections_max => {
            let note = format!("out of rotation, {} connections left", line.connections);
            let done = succeeded(situation, acting.step, ProductionState::Drained, note);
            let done = telling(done, Output::ConnectionsLeft, count(line.connections));
            Decision::Commit(done.with_state(ProductionState::Drained))
        }
        Input::Seen(seen) if situation.clock() >= acting.intent.until => {
            let note = match seen {
                Seen::Balancer(line) if is_out(line) => format!("{} connections did not end in time", line.connections),
                Seen::NoAnswer(why) | Seen::OtherMachine(why) => format!("the load balancer does not answer: {why}"),
                Seen::Boot(_) | Seen::Balancer(_) | Seen::Pool(_) | Seen::Power(_) | Seen::Checks(_) => {
                    "the load balancer keeps it in rotation".to_owned()
                }
            };
            fail(situation, acting.step, FailureKind::BalancerFailed, note)
        }
        Input::Seen(Seen::Balancer(line)) if is_out(line) => Decision::Wait(now.plus(POLL_EVERY)),
        // Its drain never got there, and it serves again: no place of its pool was asked for.
        Input::Seen(Seen::Balancer(line)) if line.standing == BalancerStanding::Up && is_cure(situation.run) => {
            turn_back(situation, RunOutcome::PutOff, Vec::new())
        }
        // It is not known to be out yet: what lets it be taken out must still count.
        Input::Seen(_) if !gate::is_fresh(situation) && !situation.orders.forbid_changes() => {
            gate::ask_again(situation, acting.step)
        }
        Input::Seen(_) => Decision::Begin(Errand::asked(Act::Drain(server.clone()))),
    }
}

/// Whether its server was meant to serve and did not when the run was admitted, so that no place of its pool was asked for.
pub(super) fn is_cure(run: &Run) -> bool {
    run.found == ProductionState::Production && !run.takes_capacity()
}

pub(super) fn is_out(line: &BalancerLine) -> bool {
    matches!(line.standing, BalancerStanding::Drained | BalancerStanding::Maintenance)
}

pub(super) fn check(situation: Situation<'_>, step: usize, checks: &[HostCheck], timeout: Duration) -> Decision {
    let Some(server) = server_of(situation.run) else { return Decision::Settled };
    match situation.input {
        Input::Seen(Seen::Checks(failing)) if failing.is_empty() => {
            let done = succeeded(situation, step, situation.run.state, all_hold(checks));
            Decision::Commit(telling(done, Output::CheckTook, Value::Duration(Duration::ZERO)))
        }
        // Something does not hold yet: from now on it has until its time-out to become true.
        Input::Seen(_) => {
            let begun = RunEvent::StepBegun { step, intent: intent(situation, timeout) };
            Decision::Commit(Commit {
                wake_at: situation.now.plus(POLL_EVERY),
                ..Commit::of(vec![begun], situation.now)
            })
        }
        Input::Nothing | Input::Safe | Input::NotNow(_) | Input::ControllerSilent(_) => {
            Decision::Observe(Probe::Checks(server.clone(), checks.to_vec()))
        }
    }
}

pub(super) fn check_again(situation: Situation<'_>, acting: &Acting<'_>, checks: &[HostCheck]) -> Decision {
    let now = situation.now;
    let Some(server) = server_of(situation.run) else { return Decision::Settled };
    match situation.input {
        Input::Seen(Seen::Checks(failing)) if failing.is_empty() => {
            let done = succeeded(situation, acting.step, situation.run.state, all_hold(checks));
            Decision::Commit(telling(done, Output::CheckTook, Value::Duration(now.since(acting.intent.at))))
        }
        Input::Seen(seen) if now >= acting.intent.until => {
            let note = match seen {
                Seen::Checks(failing) => {
                    let told = failing.iter().map(|(check, found)| format!("{}: {found}", check.word()));
                    cut(&told.collect::<Vec<_>>().join("; "))
                }
                Seen::NoAnswer(why) | Seen::OtherMachine(why) => format!("it does not answer: {why}"),
                Seen::Boot(_) | Seen::Balancer(_) | Seen::Pool(_) | Seen::Power(_) => "it does not answer".to_owned(),
            };
            fail(situation, acting.step, FailureKind::CheckFailed, note)
        }
        Input::Seen(_) => Decision::Wait(now.plus(POLL_EVERY)),
        Input::Nothing | Input::Safe | Input::NotNow(_) | Input::ControllerSilent(_) => {
            Decision::Observe(Probe::Checks(server.clone(), checks.to_vec()))
        }
    }
}

fn all_hold(checks: &[HostCheck]) -> String {
    let words = checks.iter().map(|check| check.word()).collect::<Vec<_>>().join(", ");
    format!("{words} hold")
}

/// At most 120 characters, as texts of servers are shown.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(QUOTED_LENGTH_MAX_CHARS).collect()
}

pub(super) fn begin_return(situation: Situation<'_>, step: usize, timeout: Duration, to: ProductionState) -> Decision {
    let Some(server) = situation.run.subject.server() else { return Decision::Settled };
    if to != ProductionState::Production || server.pool.is_none() {
        let done = succeeded(situation, step, to, format!("back to {}", to.word()));
        return Decision::Commit(done.with_state(to));
    }
    let begun = RunEvent::StepBegun { step, intent: intent(situation, timeout) };
    let commit = Commit::of(vec![begun], situation.now).with_state(ProductionState::Undraining);
    Decision::Commit(commit.then(Errand::back(situation.run, &server.name)))
}

pub(super) fn put_back(situation: Situation<'_>, acting: &Acting<'_>, to: ProductionState) -> Decision {
    let now = situation.now;
    let Some(server) = server_of(situation.run) else { return Decision::Settled };
    match situation.input {
        Input::Nothing | Input::Safe | Input::NotNow(_) | Input::ControllerSilent(_) => {
            Decision::Observe(Probe::Balancer(server.clone()))
        }
        Input::Seen(Seen::Balancer(line)) if line.standing == BalancerStanding::Up => {
            let done = succeeded(situation, acting.step, to, "in rotation, and its health check answers");
            Decision::Commit(done.with_state(to))
        }
        Input::Seen(seen) if situation.clock() >= acting.intent.until => {
            let note = match seen {
                Seen::Balancer(line) if line.standing == BalancerStanding::Down => {
                    "in rotation, but its health check fails".to_owned()
                }
                Seen::NoAnswer(why) | Seen::OtherMachine(why) => format!("the load balancer does not answer: {why}"),
                Seen::Boot(_) | Seen::Balancer(_) | Seen::Pool(_) | Seen::Power(_) | Seen::Checks(_) => {
                    "the load balancer keeps it out".to_owned()
                }
            };
            let failed = super::run::Failure { step: acting.step, at: now, kind: FailureKind::BalancerFailed, note };
            let ended = RunEvent::Ended { at: now, outcome: super::run::RunOutcome::Failed };
            commit(vec![RunEvent::StepFailed(failed), ended], now)
        }
        Input::Seen(Seen::Balancer(line)) if line.standing == BalancerStanding::Down => {
            Decision::Wait(now.plus(POLL_EVERY))
        }
        Input::Seen(_) => Decision::Begin(Errand::back(situation.run, server)),
    }
}

fn call(situation: Situation<'_>, step: usize, http: &HttpCall) -> Errand {
    let send = http.send.iter().filter_map(|sent| member(situation, step, sent)).collect();
    let calls_before = situation.steps.iter().take(step).filter(|step| matches!(step, Step::Http(_))).count();
    Errand::asked(Act::Http {
        method: http.method,
        url: http.url.clone(),
        send,
        expect: http.expect,
        key: situation.run.id.clone(),
        call: calls_before + 1,
    })
}

/// The name and the text of one member; what is not known is left out.
fn member(situation: Situation<'_>, step: usize, sent: &Sent) -> Option<(ParameterName, String)> {
    match sent {
        Sent::Parameter(name) => {
            let site = || situation.run.subject.site().filter(|_| name.as_str() == SITE_INPUT);
            let text = situation.parameters.get(name).cloned().or_else(|| site().map(ToString::to_string));
            Some((name.clone(), text?))
        }
        Sent::Output(output) => {
            let teller = situation.steps.iter().take(step).rposition(|step| step.tells(*output))?;
            let proof = situation.run.proofs.iter().find(|proof| proof.step == teller)?;
            Some((ParameterName::new(output.word()), proof.outputs.get(output)?.to_string()))
        }
    }
}

pub(super) fn begin_http(situation: Situation<'_>, step: usize, http: &HttpCall) -> Decision {
    if let Some(first) = gate::before(situation, step).filter(|_| http.method == HttpMethod::Post) {
        return first;
    }
    let begun = RunEvent::StepBegun { step, intent: intent(situation, http.timeout) };
    Decision::Commit(Commit::of(vec![begun], situation.now).then(call(situation, step, http)))
}

fn send_again_at(intent: &StepIntent) -> crate::domain::time::Timestamp {
    intent.at.plus(SEND_AGAIN_AFTER * intent.attempt)
}

pub(super) fn http(situation: Situation<'_>, acting: &Acting<'_>, http: &HttpCall) -> Decision {
    let now = situation.now;
    let again = || call(situation, acting.step, http);
    let is_last = situation.clock() >= acting.intent.until || acting.intent.attempt >= SEND_ATTEMPTS_MAX;
    let is_irreversible =
        situation.steps.get(acting.step).is_some_and(|step| gate::is_irreversible(step, situation.impact));
    // Only the last answer is kept: an earlier call may have arrived, and what it did would not be undone.
    let may_have_arrived = acting.intent.attempt > 1 && is_irreversible;
    match acting.answer {
        Some(Begun::Sent) => {
            let note = format!("answered {}", http.expect);
            let done = succeeded(situation, acting.step, situation.run.state, note);
            // It answered the status that means done, or it would not count as sent.
            Decision::Commit(telling(done, Output::HttpStatus, count(http.expect.into())))
        }
        Some(Begun::Refused(why) | Begun::OtherMachine(why)) if !may_have_arrived => {
            fail(situation, acting.step, FailureKind::Refused, cut(why))
        }
        Some(Begun::NeverSent(why)) if is_last && !may_have_arrived => {
            fail(situation, acting.step, FailureKind::CouldNotSend, cut(why))
        }
        // It may have taken effect, and nothing tells whether it did.
        Some(Begun::Refused(why) | Begun::OtherMachine(why)) => {
            ask(situation, format!("the call was refused when it was sent again: {}", cut(why)))
        }
        Some(Begun::NeverSent(why) | Begun::Unknown(why)) if is_last => {
            ask(situation, format!("no answer to the call: {}", cut(why)))
        }
        Some(Begun::NeverSent(_) | Begun::Unknown(_)) if now < acting.intent.at.plus(POLL_EVERY) => {
            Decision::Wait(acting.intent.at.plus(POLL_EVERY))
        }
        // What is down for a second must not use up every attempt within that second.
        Some(Begun::NeverSent(_) | Begun::Unknown(_)) if now < send_again_at(acting.intent) => {
            Decision::Wait(send_again_at(acting.intent))
        }
        // Keyed: the same key twice is one effect, so an unknown outcome is asked for again.
        Some(Begun::NeverSent(_) | Begun::Unknown(_)) => {
            let intent = StepIntent { attempt: acting.intent.attempt + 1, at: now, ..acting.intent.clone() };
            let begun = RunEvent::StepBegun { step: acting.step, intent };
            Decision::Commit(Commit::of(vec![begun], now).then(again()))
        }
        None => Decision::Begin(again()),
    }
}
