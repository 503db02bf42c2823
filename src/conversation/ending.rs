//! The last reply of a request's thread: what was done, what was not, how long it took, who agreed.
//!
//! What is left undone can be retried with a button, once. Deliberately absent: what a retry is allowed.

use super::card::{control, retried};
use super::consents;
use super::message::{Block, Button, Confirm, Message, Rich, Style};
use super::progress::failure_lines;
use super::soaking::unwell;
use super::state::{State, state};
use super::view::{RequestView, asked, asker, deed, names_of, subject_name};
use super::words::{NOT_NEEDED, Prose, capital, first_three, quoted, servers, summary};
use crate::domain::command::{CommandSpec, Impact};
use crate::domain::server::ServerName;
use crate::domain::time::spoken;
use crate::workflow::request::{ControlVerb, HaltCause, RequestOutcome, RequestStage};
use crate::workflow::run::{Run, RunOutcome, RunStage};
use std::collections::BTreeSet;

/// The most lines about failed servers.
const FAILURE_LINES_MAX: usize = 2;

/// The final reply.
#[must_use]
pub fn final_reply(view: RequestView<'_>) -> Message {
    let state = state(view);
    let by_somebody = matches!(state, State::Cancelled | State::Refused | State::Expired);
    let colon = if by_somebody { "" } else { ":" };
    let headline = format!("{}{colon} {}", view.request.id(), headline(view, state));
    let mut prose = Prose::new().text(format!("{} ", state.sign())).bold(headline.as_str());
    for line in facts(view, state) {
        prose = prose.line().rich(line);
    }
    let mut blocks = vec![Block::Section(prose.done())];
    blocks.push(Block::Context(record(view)));
    blocks.extend(retry_button(view).map(|button| Block::Actions(vec![button])));
    Message { summary: summary(format!("{} {headline}", state.sign())), blocks }
}

/// The button that asks anew for what is left.
pub(super) fn retry_button(view: RequestView<'_>) -> Option<Button> {
    let (request, tally) = (view.request, view.tally());
    let left = tally.all - tally.done;
    // What people took back or refused before anything started is asked for again by a line, if at all.
    if left == 0 || request.retried.is_some() || !request.is_over() || request.started_at.is_none() {
        return None;
    }
    let label = if view.request.plan.servers().next().is_some() { format!("Retry {left}") } else { "Retry".to_owned() };
    let confirm = Confirm {
        title: format!("Retry {}?", request.id()),
        text: format!("A new request: {} on what is left, planned, allowed and approved anew.", request.spec.name),
        yes: label.clone(),
        no: "Leave it".to_owned(),
        style: Style::Primary,
    };
    let button = control(request, ControlVerb::Retry, &label)?.asking(confirm);
    Some(if state(view) == State::Cancelled { button } else { button.primary() })
}

fn headline(view: RequestView<'_>, state: State) -> String {
    let request = view.request;
    let tally = view.tally();
    let (deed, all, done) = (deed(&request.spec), tally.all, tally.done);
    let has_servers = request.plan.servers().next().is_some();
    let mut parts = Vec::new();
    match state {
        State::Done => {
            let who = match (has_servers, all, view.runs.first()) {
                (true, 1, Some(run)) => subject_name(request, run),
                (true, _, _) => format!("all {all}"),
                (false, _, _) => request.spec.name.to_string(),
            };
            let back = view.back().map_or_else(String::new, |back| format!(" and {back}"));
            return format!("{who} {deed}{back}");
        }
        State::Cancelled if request.started_at.is_none() => {
            let word = if request.is_approved() { "cancelled" } else { "withdrawn" };
            return format!("{word} by {}, nothing has started", ended_by(view));
        }
        State::Refused if is_revoked(view) => return "is over before it started".to_owned(),
        State::Refused => return format!("denied by {}", ended_by(view)),
        State::Expired if request.started_at.is_none() => return "expired, nothing has started".to_owned(),
        State::Failed if request.started_at.is_none() => {
            return "no card could be posted, nothing has started".to_owned();
        }
        State::Cancelled => {
            let (returned, untouched) = (tally.returned, tally.untouched());
            parts.push(format!("cancelled by {}: {done} done", ended_by(view)));
            parts.extend((returned > 0).then(|| format!("{returned} returned")));
            parts.extend((tally.failed > 0).then(|| format!("{} failed", tally.failed)));
            parts.extend((untouched > 0).then(|| format!("{untouched} not started")));
            return parts.join(", ");
        }
        State::Failed if !has_servers => return format!("{} failed", request.spec.name),
        State::Failed => parts.push(format!("none of {all} {deed}")),
        State::Expired => parts.push(format!("expired, {done} of {all} {deed}")),
        State::DoneWithFailures
        | State::NeedsPerson
        | State::Stopping
        | State::HaltedByFailures
        | State::HaltedByPolicy
        | State::Paused
        | State::Running
        | State::NeedsApproval
        | State::Scheduled
        | State::Queued => parts.push(format!("{done} of {all} {deed}")),
    }
    parts.extend((tally.failed > 0).then(|| format!("{} failed", tally.failed)));
    parts.extend((tally.left_out > 0).then(|| format!("{} left out", tally.left_out)));
    parts.join(", ")
}

fn is_revoked(view: RequestView<'_>) -> bool {
    matches!(&view.request.stage, RequestStage::Ended { outcome: RequestOutcome::Revoked { .. }, .. })
}

fn ended_by(view: RequestView<'_>) -> String {
    match &view.request.stage {
        RequestStage::Ended {
            outcome:
                RequestOutcome::Cancelled { name }
                | RequestOutcome::Denied { name, .. }
                | RequestOutcome::NotNeeded { name, .. },
            ..
        }
        | RequestStage::Stopping { name, .. } => quoted(name),
        RequestStage::Ended { .. }
        | RequestStage::Announced
        | RequestStage::NeedsApproval
        | RequestStage::Queued
        | RequestStage::Running => "somebody".to_owned(),
    }
}

fn facts(view: RequestView<'_>, state: State) -> Vec<Rich> {
    let request = view.request;
    let mut lines = Vec::new();
    if request.plan.servers().next().is_none() {
        lines.push(super::card::what(request));
    }
    if let RequestStage::Ended { outcome, .. } = &request.stage {
        match outcome {
            RequestOutcome::Denied { why, .. } => {
                lines.push(Prose::new().text("Why: ").code(why).text(". Nothing has started.").done());
            }
            RequestOutcome::Revoked { why } => {
                lines.push(Prose::new().text(why.as_str()).text(". Nothing has started.").done());
            }
            RequestOutcome::NotNeeded { why, .. } => {
                lines.push(Prose::new().text(format!("{}: {why}.", capital(NOT_NEEDED))).done());
            }
            RequestOutcome::NoCard { why } => {
                lines.push(Prose::new().text("The chat says: ").code(why).done());
            }
            RequestOutcome::Expired if !request.is_approved() => {
                let until = request.need.as_ref().map_or(view.now, |need| need.until);
                let prose = Prose::new().text("Not approved by ").time(until);
                lines.push(prose.text(". Nothing runs later; send the line again to ask anew.").done());
            }
            RequestOutcome::Expired if request.started_at.is_some() => {
                lines.push(Prose::new().text("The rest was not safe in time, and nothing of it runs later.").done());
            }
            RequestOutcome::Expired => {
                lines.push(Prose::new().text("It was not safe in time. Send the line again to ask anew.").done());
            }
            RequestOutcome::Done
            | RequestOutcome::DoneWithFailures
            | RequestOutcome::Failed
            | RequestOutcome::Cancelled { .. } => {}
        }
    }
    let left_out = view.ended(&[RunOutcome::LeftOut]).collect::<Vec<_>>();
    let waiting = view
        .runs
        .iter()
        .filter(|run| matches!(run.stage, RunStage::Waiting | RunStage::Ended { outcome: RunOutcome::NotStarted, .. }));
    let untouched = super::view::server_names(waiting);
    // The button, or what became of it, takes a line as well.
    let is_full = !left_out.is_empty() && !untouched.is_empty();
    lines.extend(failure_lines(view, if is_full { FAILURE_LINES_MAX - 1 } else { FAILURE_LINES_MAX }));
    if !left_out.is_empty() {
        let prose = Prose::new().text("– ").code(names_of(left_out.iter().copied()));
        let why = left_out.iter().find_map(|run| run.failure.as_ref());
        lines.push(match why {
            Some(failure) => prose.text(" left out: ").code(&failure.note).done(),
            None => match said_of(view, &left_out) {
                Some(said) => prose.text(format!(" left out: {said}")).done(),
                None => prose.text(format!(" left out: {}", may_be(&request.spec))).done(),
            },
        });
    }
    if request.started_at.is_some() && !untouched.is_empty() {
        lines.push(not_started(view, state, &untouched));
    }
    lines.extend(retried(request));
    lines
}

/// What may have left servers out, where it was not kept. What cannot be undone is done to nothing that serves.
fn may_be(spec: &CommandSpec) -> &'static str {
    match spec.impact {
        Impact::Destructive => "in production (drain them first), not as planned any more, or on the blacklist",
        Impact::ReadOnly | Impact::Config | Impact::Drain | Impact::PowerCycle => {
            "not as planned any more, or on the blacklist"
        }
    }
}

/// Whose word it is that these are out, if each of them is by somebody's: `repair, says bob`.
fn said_of(view: RequestView<'_>, left_out: &[&Run]) -> Option<String> {
    let known = || {
        view.impacts
            .iter()
            .flat_map(|impact| impact.now.out.iter().chain(&impact.now.in_repair).chain(&impact.now.on_standby))
    };
    let said = |run: &&Run| {
        let out = known().find(|out| run.server_name() == Some(&out.name))?;
        Some(format!("{}, says {}", quoted(&out.why), quoted(out.said_by.as_ref()?)))
    };
    let each = left_out.iter().map(said).collect::<Option<BTreeSet<_>>>()?;
    Some(first_three(&each.into_iter().collect::<Vec<_>>()))
}

fn not_started(view: RequestView<'_>, state: State, untouched: &[ServerName]) -> Rich {
    let names = crate::fleet::folded(untouched, super::words::PATTERNS_MAX);
    let prose = Prose::new().text("· ").code(names);
    match &view.request.halted {
        Some(halt) if state != State::Cancelled => match &halt.cause {
            HaltCause::Failures(failures) => {
                let limit = view.request.spec.waves.stop_when_failures_exceed;
                let failed = servers(super::words::size(*failures));
                prose.text(format!(" not started: stopped after {failed} failed, limit {limit}")).done()
            }
            HaltCause::Revoked(why) | HaltCause::NotNeeded(why) => prose.text(format!(" not started: {why}")).done(),
            HaltCause::Unwell(of) => unwell(prose.text(" not started: "), of).done(),
        },
        Some(_) | None => prose.text(" not started").done(),
    }
}

fn record(view: RequestView<'_>) -> Rich {
    let request = view.request;
    let mut prose = Prose::new();
    if let RequestStage::Ended { at, .. } = &request.stage
        && let Some(started) = request.started_at
    {
        let queued = started.since(view.ready_at());
        prose = prose.text(spoken(at.since(view.ready_at())));
        if queued.as_secs() > 0 {
            prose = prose.text(format!(", of which {} queued", spoken(queued)));
        }
    }
    prose = asker(prose.dot().text("asked by "), request);
    if !request.approvals.is_empty() {
        prose = consents::told(prose.text(" · "), request);
    }
    let prose = prose.text(format!(" · plan {}", request.plan.hash().short()));
    if request.started_at.is_none() { prose.text(format!(" · {}", asked(request))).done() } else { prose.done() }
}
