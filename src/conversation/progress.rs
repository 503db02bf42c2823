//! How far a rollout is: the bar, who is being worked on, what failed.
//!
//! Deliberately absent: the state's line above and the people's line below, which are the card's.

use super::message::Rich;
use super::soaking::unwell_in_short;
use super::view::{RequestView, Tally, names_of};
use super::words::{Prose, is_are, size};
use crate::admission::{NextWave, Overshoot, next_wave, overshoot};
use crate::domain::command::{CommandSpec, StepSpec};
use crate::domain::plan::Plan;
use crate::domain::server::ProductionState;
use crate::workflow::request::HaltCause;
use crate::workflow::run::{FailureKind, Run, RunOutcome, RunStage};
use std::collections::BTreeMap;

const BAR_CELLS: usize = 10;

/// `▰▰▰▰▱▱▱▱▱▱  9 of 20`.
pub(super) fn bar(done: usize, all: usize) -> String {
    let filled = (done * BAR_CELLS).checked_div(all).unwrap_or(0).min(BAR_CELLS);
    format!("{}{}  {done} of {all}", "▰".repeat(filled), "▱".repeat(BAR_CELLS - filled))
}

/// `3 rebooting, 1 draining`, the most frequent first.
pub(super) fn activities<'a>(runs: impl IntoIterator<Item = &'a Run>, spec: &CommandSpec) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs {
        *counts.entry(activity(run, spec)).or_default() += 1;
    }
    let mut counts = counts.into_iter().collect::<Vec<_>>();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

pub(super) fn activity(run: &Run, spec: &CommandSpec) -> &'static str {
    if run.stood_since.or(run.kept_since).is_some() {
        return "standing still";
    }
    match &run.stage {
        RunStage::Waiting => "waiting",
        RunStage::NeedsPerson { .. } => "needs a person",
        RunStage::Returning { .. } => "returning",
        RunStage::Ended { .. } => "over",
        RunStage::Ready { step } | RunStage::Acting { step, .. } => match spec.steps.get(*step) {
            None => "finishing",
            Some(StepSpec::Drain { .. }) => "draining",
            Some(StepSpec::Gate(_) | StepSpec::Check { .. }) => "checking",
            Some(StepSpec::Reboot(_)) => "rebooting",
            Some(StepSpec::RestoreState { .. } | StepSpec::Undrain { .. }) => "returning",
            Some(StepSpec::Http(_)) => "calling",
        },
    }
}

/// Who is being worked on, or until when the last wave is watched.
pub(super) fn now_line(view: RequestView<'_>) -> Rich {
    let active = view.runs.iter().filter(|run| run.is_active()).collect::<Vec<_>>();
    let doing = activities(active.iter().copied(), &view.request.spec);
    let names = names_of(active.iter().copied());
    if active.is_empty() {
        return match next_wave(view.request, view.runs, view.now) {
            NextWave::Soaking(until) => {
                Prose::new().text(format!("Watching wave {} until ", view.wave())).time(until).done()
            }
            NextWave::Open(_) | NextWave::AtWork | NextWave::Nothing => Prose::new().done(),
        };
    }
    if names.is_empty() {
        return Prose::new().text(format!("Now: {doing}")).done();
    }
    Prose::new().text("Now: ").code(names).text(format!(": {doing}")).done()
}

/// What went wrong on a subject, so that it fits one server and many.
pub(super) fn failure_phrase(run: &Run, spec: &CommandSpec) -> &'static str {
    let Some(failure) = &run.failure else { return "did not get done" };
    match failure.kind {
        FailureKind::DidNotComeBack => "did not come back",
        FailureKind::DidNotReboot => "did not reboot",
        FailureKind::CheckFailed => "did not pass the checks",
        FailureKind::BalancerFailed => {
            let leaving = matches!(spec.steps.get(failure.step), Some(StepSpec::Drain { .. }));
            if leaving && run.state != ProductionState::Undraining {
                "did not get out of rotation"
            } else {
                "did not get back into rotation"
            }
        }
        FailureKind::GateClosed => "stopped, not safe to go on",
        FailureKind::CouldNotSend => "could not be reached",
        FailureKind::Refused => "refused",
        FailureKind::OtherMachine => "did not get restarted: another machine answered",
    }
}

/// How a failed subject was left: `drained`, `back in production`.
pub(super) fn left_as(run: &Run) -> Option<String> {
    run.server_name()?;
    match run.outcome() {
        Some(RunOutcome::FailedAndReturned | RunOutcome::Returned | RunOutcome::PutOff) => {
            Some(format!("back in {}", run.found.word()))
        }
        Some(RunOutcome::Failed | RunOutcome::Done | RunOutcome::NotStarted | RunOutcome::LeftOut) | None => {
            Some(run.state.word().to_owned())
        }
    }
}

/// Failed subjects, one line for each kind: `✗ edge-lax-012 did not come back; drained`.
pub(super) fn failure_lines(view: RequestView<'_>, lines_max: usize) -> Vec<Rich> {
    let spec = &view.request.spec;
    let mut groups: BTreeMap<(&str, Option<String>), Vec<&Run>> = BTreeMap::new();
    for run in view.ended(&[RunOutcome::Failed, RunOutcome::FailedAndReturned]) {
        groups.entry((failure_phrase(run, spec), left_as(run))).or_default().push(run);
    }
    let mut groups = groups.into_iter().collect::<Vec<_>>();
    groups.sort_by_key(|(_, runs)| std::cmp::Reverse(runs.len()));
    let hidden = groups.iter().skip(lines_max).map(|(_, runs)| runs.len()).sum::<usize>();
    let mut lines = Vec::new();
    for ((phrase, left), runs) in groups.into_iter().take(lines_max) {
        let names = names_of(runs);
        let names = if names.is_empty() { spec.name.to_string() } else { names };
        let left = left.map_or_else(String::new, |left| format!("; {left}"));
        let prose = Prose::new().text("✗ ").code(names).text(format!(" {phrase}{left}"));
        let is_last = lines.len() + 1 == lines_max && hidden > 0;
        lines.push(if is_last { prose.text(format!(" + {hidden} more failed")).done() } else { prose.done() });
    }
    lines
}

/// What the other subjects do after a failure.
pub(super) fn others(view: RequestView<'_>) -> Option<String> {
    let tally = view.tally();
    if let Some(halt) = &view.request.halted {
        let finish = match tally.working {
            0 => String::new(),
            1 => "1 at work finishes; ".to_owned(),
            working => format!("{working} at work finish; "),
        };
        let why = match &halt.cause {
            HaltCause::Failures(_) => {
                format!("it stops after more than {} failed", view.request.spec.waves.stop_when_failures_exceed)
            }
            HaltCause::Revoked(why) | HaltCause::NotNeeded(why) => why.clone(),
            HaltCause::Unwell(unwell) => unwell_in_short(unwell),
        };
        return Some(format!("{finish}{} not started: {why}.", tally.untouched()));
    }
    let left = tally.waiting + tally.working;
    if view.request.is_over() || left == 0 {
        return None;
    }
    let limit = size(view.request.spec.waves.stop_when_failures_exceed);
    let more = (limit + 1).saturating_sub(tally.failed);
    let them = match more {
        0 => return Some(format!("The other {left} stop where it is safe.")),
        1 => "one more failure stops them".to_owned(),
        more => format!("{more} more failures stop them"),
    };
    let go_on = if left == 1 { "goes on" } else { "go on" };
    Some(format!("The other {left} {go_on}; {}.", if left == 1 { them.replace("them", "it") } else { them }))
}

/// When a plan stops starting, and what that may come to: `stops starting when more than 1 failed: up to 4 are at work then,
/// so at most 6 of 20 may fail`.
pub(super) fn stops(plan: &Plan, spec: &CommandSpec) -> String {
    let when = format!("stops starting when more than {} failed", spec.waves.stop_when_failures_exceed);
    let Some(Overshoot { at_work, failed_max, of, .. }) = overshoot(plan, spec) else { return when };
    let then = match at_work {
        0 => "nothing else is at work then".to_owned(),
        1 => "up to 1 is at work then".to_owned(),
        at_work => format!("up to {at_work} are at work then"),
    };
    format!("{when}: {then}, so at most {failed_max} of {of} may fail")
}

/// What a stop after too many failures may still come to: `at most 5 of 20 with those at work`.
pub(super) fn at_the_worst(tally: Tally) -> Option<String> {
    // An outcome that nobody can tell counts as failed already.
    let failed = tally.failed + tally.person;
    (tally.working > 0).then(|| format!("at most {} of {} with those at work", failed + tally.working, tally.all))
}

/// `9 of 20 rebooted · 1 failed · 7 not started`: how it ended, without what is zero.
pub(super) fn ended_counts(view: RequestView<'_>) -> String {
    let tally = view.tally();
    let parts = [
        (tally.failed, "failed"),
        (tally.left_out, "left out"),
        (tally.returned, "returned unchanged"),
        (tally.untouched(), "not started"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(" · {count} {word}"));
    let deed = super::view::deed(&view.request.spec);
    format!("{} of {} {deed}{}", tally.done, tally.all, parts.collect::<String>())
}

/// What a cancel would do now, for the question before it counts.
pub(super) fn cancel_consequence(view: RequestView<'_>) -> String {
    let tally = view.tally();
    if view.request.started_at.is_none() {
        return "Nothing has started, and nothing will.".to_owned();
    }
    if view.request.plan.servers().next().is_none() {
        return "What is under way is not called back. Nothing new starts.".to_owned();
    }
    let flight = match tally.active() {
        0 => String::new(),
        1 => "1 server goes to a safe point and returns. ".to_owned(),
        active => format!("{active} servers go to a safe point and return. "),
    };
    let (waiting, done) = (tally.waiting, tally.done);
    format!("{flight}{waiting} {} not started. {done} {} done.", is_are(waiting), is_are(done))
}
