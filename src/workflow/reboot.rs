//! The restart: the one step that must never happen twice.
//!
//! The proof that it happened is a boot id that differs from the one stored with the intent. The proof that it did
//! not is the old boot id on a server whose own clock is past the command's not-after time by the whole grace period:
//! the command cannot land any more, and had it landed at the last moment, its shutdown would be over. Everything else
//! is not known, and waits or asks a person.

use super::decide::{
    Acting, Commit, Decision, Input, POLL_EVERY, REBOOT_COMMAND_LIFE, SILENT_FOR, Situation, ask, fail, fail_before,
};
use super::errand::Errand;
use super::gate;
use super::run::{FailureKind, RunEvent, StepIntent};
use super::steps::{cut, succeeded, telling};
use crate::domain::command::{Output, PowerPath, Reboot};
use crate::domain::effect::{Act, Begun, BootFacts, Power, PowerFacts, Probe, Seen};
use crate::domain::intent::Value;
use crate::domain::server::{ProductionState, ServerName};
use crate::domain::time::{Timestamp, spoken};
use std::time::Duration;

/// Boot times are told in whole seconds.
const BOOT_TIME_GRAIN: Duration = Duration::from_secs(2);
/// How long a first silence counts: as long as it counts that it was safe.
const SILENCE_COUNTS_FOR: Duration = gate::SAFE_FOR;
/// How often a restart that provably did not happen is tried in all.
const RESTARTS_MAX: u32 = 2;

pub(super) fn begin(situation: Situation<'_>, step: usize, spec: &Reboot) -> Decision {
    let Situation { run, now, .. } = situation;
    let Some(server) = run.server_name() else { return Decision::Settled };
    if let Some(first) = gate::before(situation, step) {
        return first;
    }
    // Silence of before it stood still for long says nothing of now.
    let silent_since = run.silent_since.filter(|since| since.counts(now, SILENCE_COUNTS_FOR));
    let silent_long = silent_since.is_some_and(|since| now >= since.plus(SILENT_FOR));
    match situation.input {
        Input::Nothing | Input::Safe | Input::NotNow(_) => Decision::Observe(Probe::Boot(server.clone())),
        Input::Seen(Seen::Boot(facts)) => {
            let intent = first_intent(situation, spec, spec.via, Some(facts));
            begin_with(situation, step, server, intent)
        }
        Input::Seen(Seen::Power(_)) => {
            let intent = first_intent(situation, spec, PowerPath::Redfish, None);
            begin_with(situation, step, server, intent)
        }
        Input::Seen(Seen::NoAnswer(_)) if silent_since.is_none() => {
            let silent = RunEvent::WasSilent { at: now };
            Decision::Commit(Commit { wake_at: now.plus(SILENT_FOR), ..Commit::of(vec![silent], now) })
        }
        Input::Seen(Seen::NoAnswer(_)) if !silent_long => Decision::Wait(now.plus(SILENT_FOR)),
        // SSH never got to send anything: Redfish may be taken, if the controller answers.
        Input::Seen(Seen::NoAnswer(_)) if spec.via == PowerPath::Redfish || spec.otherwise.is_some() => {
            Decision::Observe(Probe::Power(server.clone()))
        }
        Input::Seen(Seen::OtherMachine(why)) => fail(situation, step, FailureKind::OtherMachine, cut(why)),
        Input::Seen(Seen::NoAnswer(why)) => fail_before(situation, step, FailureKind::CouldNotSend, cut(why)),
        Input::ControllerSilent(why) => fail_before(situation, step, FailureKind::CouldNotSend, cut(why)),
        Input::Seen(Seen::Balancer(_) | Seen::Pool(_) | Seen::Checks(_)) => {
            Decision::Observe(Probe::Boot(server.clone()))
        }
    }
}

fn first_intent(situation: Situation<'_>, spec: &Reboot, way: PowerPath, facts: Option<&BootFacts>) -> StepIntent {
    let now = situation.now;
    StepIntent {
        attempt: 1,
        at: now,
        way: Some(way),
        boot_before: facts.map(|facts| facts.boot_id.clone()),
        // By the server's own clock, so that a clock that is off cannot make a late command land.
        not_after: (way == PowerPath::Ssh)
            .then(|| facts.map_or(now, |facts| facts.server_clock).plus(REBOOT_COMMAND_LIFE)),
        until: now.plus(spec.timeout),
    }
}

fn begin_with(situation: Situation<'_>, step: usize, server: &ServerName, intent: StepIntent) -> Decision {
    let act = match (intent.way, intent.not_after) {
        (Some(PowerPath::Ssh), Some(not_after)) => Act::RebootOverSsh { server: server.clone(), not_after },
        _ => Act::RestartOverRedfish(server.clone()),
    };
    Decision::Commit(Commit::of(vec![RunEvent::StepBegun { step, intent }], situation.now).then(Errand::asked(act)))
}

pub(super) fn verify(situation: Situation<'_>, acting: &Acting<'_>, spec: &Reboot) -> Decision {
    let Some(server) = situation.run.server_name() else { return Decision::Settled };
    if let Some(Begun::NeverSent(why)) = acting.answer {
        return never_sent(situation, acting, spec, why);
    }
    // No other way is taken: what the inventory says of this server is wrong somewhere, be it the address of its controller or of
    // the server itself, and nobody knows where.
    if let Some(Begun::OtherMachine(why)) = acting.answer {
        return fail(situation, acting.step, FailureKind::OtherMachine, cut(why));
    }
    match situation.input {
        Input::Nothing => Decision::Observe(Probe::Boot(server.clone())),
        // That was asked because it may be sent once more.
        Input::Safe | Input::NotNow(_) | Input::Seen(Seen::Balancer(_)) => gate::ask_again(situation, acting.step),
        Input::Seen(Seen::Boot(facts)) => match judge(acting.intent, facts, situation.now, spec.timeout) {
            Judgement::Rebooted(note) => {
                let done = succeeded(situation, acting.step, ProductionState::Drained, note);
                let took = situation.now.since(acting.intent.at);
                let done = telling(done, Output::RebootTook, Value::Duration(took));
                Decision::Commit(Commit { state: None, ..keep_state(done, situation) })
            }
            Judgement::SameBoot => same_boot(situation, acting, spec, facts),
        },
        Input::ControllerSilent(why) => {
            ask(situation, format!("it does not answer, and neither does its management controller ({})", cut(why)))
        }
        // What comes up first may have a key of its own, as an early boot that asks for the key of its disks does.
        Input::Seen(Seen::OtherMachine(why)) if situation.now >= acting.intent.until => {
            ask(situation, format!("it does not answer; {}", cut(why)))
        }
        Input::Seen(Seen::NoAnswer(_)) if situation.now >= acting.intent.until => {
            Decision::Observe(Probe::Power(server.clone()))
        }
        Input::Seen(Seen::Power(facts)) => did_not_answer(situation, acting, spec, facts),
        Input::Seen(_) => Decision::Wait(situation.now.plus(POLL_EVERY)),
    }
}

/// A restart does not move the production state; the journal repeats the one it was in.
fn keep_state(mut done: Commit, situation: Situation<'_>) -> Commit {
    for event in &mut done.events {
        if let RunEvent::StepSucceeded { state, .. } = event {
            *state = situation.run.state;
        }
    }
    done
}

enum Judgement {
    Rebooted(String),
    SameBoot,
}

/// Another boot id is the proof. Where none is known from before, the server must have been up for less time than
/// has passed since the intent: two differences, each on one clock, so that clocks need not agree. More than the
/// time-out never counts as passed: our clock may have jumped, and then a server that was never down would look new.
fn judge(intent: &StepIntent, facts: &BootFacts, now: Timestamp, timeout: Duration) -> Judgement {
    match &intent.boot_before {
        Some(before) if *before != facts.boot_id => Judgement::Rebooted("its boot id changed".to_owned()),
        Some(_) => Judgement::SameBoot,
        None => {
            let up = facts.server_clock.since(facts.booted_at);
            let passed = now.since(intent.at).min(timeout);
            if up <= passed + BOOT_TIME_GRAIN && passed > BOOT_TIME_GRAIN {
                Judgement::Rebooted(format!("up for {}, less than since the restart was sent", spoken(up)))
            } else {
                Judgement::SameBoot
            }
        }
    }
}

fn same_boot(situation: Situation<'_>, acting: &Acting<'_>, spec: &Reboot, facts: &BootFacts) -> Decision {
    let now = situation.now;
    let intent = acting.intent;
    let past_grace = now >= intent.at.plus(spec.grace);
    // Told by the server's clock too, as ours may have jumped while the server shuts down.
    let cannot_land = intent.not_after.is_some_and(|not_after| facts.server_clock >= not_after.plus(spec.grace));
    let Some(server) = situation.run.server_name() else { return Decision::Settled };
    if past_grace && cannot_land {
        let is_fresh = gate::is_fresh(situation);
        let may_try_again = intent.attempt < RESTARTS_MAX && !situation.orders.forbid_changes();
        if !may_try_again || !is_fresh && now >= intent.until {
            let note = match acting.answer {
                Some(Begun::Refused(why)) => cut(why),
                _ => "it is up with the same boot id, and the command can no longer land".to_owned(),
            };
            return fail_before(situation, acting.step, FailureKind::DidNotReboot, note);
        }
        if !is_fresh {
            return gate::ask_again(situation, acting.step);
        }
        let intent = StepIntent {
            attempt: intent.attempt + 1,
            at: now,
            not_after: Some(facts.server_clock.plus(REBOOT_COMMAND_LIFE)),
            until: now.plus(spec.timeout),
            ..intent.clone()
        };
        return begin_with(situation, acting.step, server, intent);
    }
    if now >= intent.until {
        let found = match intent.boot_before {
            Some(_) => "it is up with the boot id from before",
            None => "it is up, and nothing proves that it was restarted",
        };
        let why = format!("{found}, {} after the restart was asked for", spoken(now.since(intent.at)));
        return ask(situation, why);
    }
    Decision::Wait(now.plus(POLL_EVERY))
}

fn never_sent(situation: Situation<'_>, acting: &Acting<'_>, spec: &Reboot, why: &str) -> Decision {
    let now = situation.now;
    let Some(server) = situation.run.server_name() else { return Decision::Settled };
    let other = spec.otherwise.filter(|other| acting.intent.way != Some(*other));
    let is_fresh = gate::is_fresh(situation);
    let may_try = !situation.orders.forbid_changes() && (is_fresh || now < acting.intent.until);
    let Some(way) = other.filter(|_| may_try) else {
        return fail_before(situation, acting.step, FailureKind::CouldNotSend, cut(why));
    };
    if !is_fresh {
        return gate::ask_again(situation, acting.step);
    }
    let next = StepIntent { attempt: acting.intent.attempt + 1, at: now, way: Some(way), ..acting.intent.clone() };
    let next = StepIntent { not_after: None, until: now.plus(spec.timeout), ..next };
    match (way, situation.input) {
        (PowerPath::Redfish, _) => begin_with(situation, acting.step, server, next),
        // SSH needs the server's own clock for its not-after time.
        (PowerPath::Ssh, Input::Seen(Seen::Boot(facts))) => {
            let fresh = first_intent(situation, spec, way, Some(facts));
            begin_with(situation, acting.step, server, StepIntent { attempt: next.attempt, ..fresh })
        }
        (PowerPath::Ssh, Input::Seen(Seen::OtherMachine(why))) => {
            fail(situation, acting.step, FailureKind::OtherMachine, cut(why))
        }
        (PowerPath::Ssh, Input::Seen(_)) => fail_before(situation, acting.step, FailureKind::CouldNotSend, cut(why)),
        (PowerPath::Ssh, Input::Nothing | Input::Safe | Input::NotNow(_) | Input::ControllerSilent(_)) => {
            Decision::Observe(Probe::Boot(server.clone()))
        }
    }
}

/// The time is up and SSH stays silent: what the controller says decides between failed and not known.
fn did_not_answer(situation: Situation<'_>, acting: &Acting<'_>, spec: &Reboot, facts: &PowerFacts) -> Decision {
    let power = match facts.power {
        Power::On => "on",
        Power::Off => "off",
    };
    let waited = spoken(spec.timeout);
    match (acting.answer, acting.intent.way) {
        (Some(Begun::Sent), Some(PowerPath::Ssh)) => {
            let note = format!("No answer for {waited}; Redfish says power {power}");
            fail(situation, acting.step, FailureKind::DidNotComeBack, note)
        }
        (Some(Begun::Sent), _)
            if facts.last_reset.is_some_and(|reset| reset.plus(BOOT_TIME_GRAIN) >= acting.intent.at) =>
        {
            ask(situation, format!("Redfish reset it ({power} now), but it has not answered for {waited}"))
        }
        _ => ask(
            situation,
            format!("the answer to the restart was lost, and it has not answered for {waited}; power {power}"),
        ),
    }
}
