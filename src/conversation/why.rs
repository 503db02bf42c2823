//! Why a request or a run is where it is: every reason, who holds what is missing, what unblocks it, what comes next. Private.
//!
//! Deliberately absent: the reasons' words, which are `reasons`', so that a card and this say the same.

use super::card::{ended_by, ended_facts, review_with};
use super::declaring::{SaidBefore, said_before};
use super::details::groups;
use super::failure::steps;
use super::help::literal;
use super::message::{Block, Message, Rich};
use super::progress::{activity, at_the_worst, failure_lines, failure_phrase, left_as, stops};
use super::reasons::{in_full, named, shortly};
use super::restraints::standing;
use super::soaking::{not_well, uncompared};
use super::state::{State, state};
use super::view::{RequestView, server_names, sites, subject_name, title, wanted};
use super::words::{
    PATTERNS_MAX, Prose, capital, counted, first_three, is_are, ordinal, quoted, servers, size, summary,
};
use crate::admission::{Brake, Explained, Health, HealthRow, Place, SetBy, StateRow, Turn};
use crate::domain::command::Step;
use crate::domain::effect::BalancerLine;
use crate::domain::ids::{Handle, RequestId};
use crate::domain::limits::LOOK_AGAIN_EVERY;
use crate::domain::server::{ProductionState, Server, ServerName};
use crate::domain::time::{Timestamp, spoken};
use crate::fleet::folded;
use crate::workflow::pace::{Pace, ready_at, stage_since};
use crate::workflow::request::{HaltCause, Request, RequestStage};
use crate::workflow::run::{Run, RunStage};
use std::collections::BTreeMap;

/// The most reasons that are told one by one.
const REASONS_MAX: usize = 8;
/// The most brakes over a server that are told one by one.
const BRAKES_MAX: usize = 5;
/// The most kinds of failure that are told one by one.
const FAILURES_MAX: usize = 3;

/// A request, and why it does not start more.
#[derive(Clone, Copy, Debug)]
pub struct WhyView<'a> {
    /// The request.
    pub view: RequestView<'a>,
    /// What admission says of it now.
    pub explained: &'a Explained,
    /// Where it stands in the queue, if it waits there.
    pub place: Option<&'a Place>,
    /// Later requests that began before it, with when.
    pub overtaken_by: &'a [(RequestId, Timestamp)],
    /// Who asked for the other requests that are told of.
    pub names: &'a BTreeMap<RequestId, String>,
    /// How long those before it waited in all, of those that waited as long as it has.
    pub pace: Option<Pace>,
}

/// A run, with what is known of steps like its own.
#[derive(Clone, Copy, Debug)]
pub struct RunView<'a> {
    /// Its request.
    pub view: RequestView<'a>,
    /// It.
    pub run: &'a Run,
    /// How long the step that it is in took before.
    pub pace: Option<Pace>,
    /// What its load balancer says of the server now, and when it was asked.
    pub line: Option<(BalancerLine, Timestamp)>,
}

/// Why a request is where it is.
#[must_use]
pub fn why(why: WhyView<'_>) -> Message {
    let (view, request) = (why.view, why.view.request);
    let (state, id) = (state(view), view.request.id());
    let word = state.word(view.tally());
    let head = Prose::new().bold(title(request)).text(format!(" · {id}\n{} {word}", state.sign()));
    let head = overtaken(position(head, why, state), why, state);
    let mut blocks = vec![Block::Section(head.done())];
    for text in [stage(view, state), at_work(view, state), waits(why, state), limit(view, state)] {
        if !text.is_empty() {
            blocks.push(Block::Section(text));
        }
    }
    blocks.push(Block::Context(foot(why, state)));
    let blockers = why.explained.reasons.iter().map(|reason| reason.blocker.clone()).collect::<Vec<_>>();
    let first = shortly(&blockers).filter(|_| !state.is_over()).map_or_else(String::new, |first| format!(": {first}"));
    Message { summary: summary(format!("{} {id} {word}{first}", state.sign())), blocks }
}

/// The same with the button that opens the review form for whoever reads it.
#[must_use]
pub fn with_review(mut message: Message, handle: &Handle) -> Message {
    let place = message.blocks.len().saturating_sub(1);
    message.blocks.insert(place, Block::Actions(vec![review_with(handle)]));
    message
}

/// `, 2nd of 3 in lax`, with who is before it.
fn position(prose: Prose, why: WhyView<'_>, state: State) -> Prose {
    let Some(place) = why.place.filter(|place| place.of > 1 && !state.is_over()) else { return prose };
    let there = there(why.view.request);
    let prose = prose.text(format!(" · {} of {} that wait{there}", ordinal(place.position), place.of));
    if place.ahead.is_empty() {
        return prose;
    }
    let named = place.ahead.iter().map(|id| named(id, why.names)).collect::<Vec<_>>();
    prose.text(format!("\nbefore it: {}", first_three(&named)))
}

/// Who began before it though they came later: what they take is not what it lacks.
fn overtaken(prose: Prose, why: WhyView<'_>, state: State) -> Prose {
    const TOLD_MAX: usize = 3;
    if state.is_over() || why.overtaken_by.is_empty() {
        return prose;
    }
    let mut prose = prose.text("\nwent ahead of it:");
    for (id, at) in why.overtaken_by.iter().take(TOLD_MAX) {
        prose = prose.text(format!(" {} at ", named(id, why.names))).time(*at);
    }
    match why.overtaken_by.len().saturating_sub(TOLD_MAX) {
        0 => prose,
        hidden => prose.text(format!(" + {hidden} more")),
    }
}

/// What people or the clock must do first, or how it ended.
fn stage(view: RequestView<'_>, state: State) -> Rich {
    let request = view.request;
    let prose = Prose::new();
    match state {
        State::NeedsApproval => {
            let prose = match &request.need {
                Some(need) => {
                    let prose = wanted(prose.text("Missing: "), &request.missing(), "").text(", by ").time(need.until);
                    request.approvals.iter().fold(prose, |prose, approval| {
                        prose.text(format!("\nAgreed: {} ", quoted(&approval.name))).time(approval.at)
                    })
                }
                None => prose.text("Its card is not up yet; nothing starts that nobody can see"),
            };
            prose.line().text("Nothing has started. Without that, nothing will.").done()
        }
        State::Scheduled => match &request.plan.parts().not_before {
            Some(moment) => prose.text("Starts by itself from ").time(moment.at).text(", when it is safe.").done(),
            None => prose.done(),
        },
        State::HaltedByFailures => {
            let prose = match request.halted.as_ref().map(|halt| (halt.at, &halt.cause)) {
                Some((at, HaltCause::Failures(count))) => {
                    let limit = request.spec.waves.stop_when_failures_exceed;
                    let failed = servers(size(*count));
                    let worst = at_the_worst(view.tally()).map_or_else(String::new, |worst| format!(", {worst}"));
                    prose.text("Stopped at ").time(at).text(format!(": {failed} failed, limit {limit}{worst}."))
                }
                Some((at, HaltCause::Revoked(why) | HaltCause::NotNeeded(why))) => {
                    prose.text("Stopped at ").time(at).text(format!(": {why}."))
                }
                Some((at, HaltCause::Unwell(unwell))) => {
                    prose.text("Stopped at ").time(at).text(": ").rich(not_well(view, unwell)).text(".")
                }
                None => prose,
            };
            prose.line().text("It starts no more by itself. To go on with what is left, ask for it anew.").done()
        }
        State::Stopping => match &request.stage {
            RequestStage::Stopping { name, at, .. } => {
                let prose = prose.text(format!("{} cancelled it at ", quoted(name))).time(*at);
                prose.text(". Nothing new starts; what is in flight goes to a safe point.").done()
            }
            RequestStage::Announced
            | RequestStage::NeedsApproval
            | RequestStage::Queued
            | RequestStage::Running
            | RequestStage::Ended { .. } => prose.done(),
        },
        State::Queued | State::Running | State::HaltedByPolicy | State::Paused | State::NeedsPerson => prose.done(),
        State::Done | State::DoneWithFailures | State::Failed | State::Cancelled | State::Refused | State::Expired => {
            let prose = ended_by(prose.text("Ended"), &request.stage).line().rich(ended_facts(view));
            failure_lines(view, FAILURES_MAX).into_iter().fold(prose, |prose, line| prose.line().rich(line)).done()
        }
    }
}

/// Where each run is that has begun.
fn at_work(view: RequestView<'_>, state: State) -> Rich {
    if view.request.started_at.is_none() || state.is_over() {
        return Vec::new();
    }
    let mut prose = Prose::new();
    for (sign, words, runs) in groups(view) {
        if runs.iter().all(|run| run.stage == RunStage::Waiting) {
            continue;
        }
        prose = prose.line().text(format!("{sign} {} {words}", runs.len()));
        let names = folded(&server_names(runs.iter().copied()), PATTERNS_MAX);
        if !names.is_empty() {
            prose = prose.text(": ").code(names);
        }
        let oldest = runs.iter().filter(|run| run.is_active()).filter_map(|run| Some((stage_since(run)?, &run.id)));
        if let Some((since, id)) = oldest.min() {
            prose = prose.text(", the longest ").code(id.to_string()).text(" since ").time(since);
        }
    }
    prose.done()
}

/// When it would stop starting, while it starts.
fn limit(view: RequestView<'_>, state: State) -> Rich {
    let is_starting = matches!(state, State::Running | State::HaltedByPolicy | State::Paused | State::NeedsPerson)
        && view.request.started_at.is_some()
        && view.request.halted.is_none();
    if !is_starting || view.tally().waiting == 0 {
        return Vec::new();
    }
    Prose::new().text(capital(&stops(&view.request.plan, &view.request.spec))).done()
}

/// Why what has not started does not start.
fn waits(why: WhyView<'_>, state: State) -> Rich {
    let explained = why.explained;
    let can_start = matches!(
        state,
        State::Queued | State::Scheduled | State::Running | State::HaltedByPolicy | State::Paused | State::NeedsPerson
    );
    if !can_start {
        return Vec::new();
    }
    let mut prose = Prose::new();
    if state == State::Scheduled && !explained.reasons.is_empty() {
        prose = prose.text("As things are now it would wait:");
    }
    for reason in explained.reasons.iter().take(REASONS_MAX) {
        prose = in_full(prose, reason, why.names);
    }
    if let hidden @ 1.. = explained.reasons.len().saturating_sub(REASONS_MAX) {
        prose = prose.line().text(format!("+ {}", counted(hidden, "more reason")));
    }
    if !explained.free.is_empty() && explained.turn == Turn::Due {
        let names = folded(&explained.free, PATTERNS_MAX);
        let starts = if explained.free.len() == 1 { "starts" } else { "start" };
        prose = prose.line().text("Nothing is in the way of ").code(names).text(format!(": {starts} at the next look"));
    }
    for (name, cause) in explained.left_out.iter().take(FAILURES_MAX) {
        prose = prose.line().text("– ").code(name.as_str()).text(format!(" will be left out: {}", quoted(cause)));
    }
    later(prose, explained).done()
}

fn later(prose: Prose, explained: &Explained) -> Prose {
    let later = size(explained.later);
    if later == 0 {
        return prose;
    }
    match explained.turn {
        Turn::Soaking(until) => {
            let waits = format!("{later} {} for the wave before to be watched until ", wait(later));
            uncompared(prose.line().text(waits).time(until), &explained.uncompared)
        }
        Turn::AfterWave => prose.line().text(format!("{later} {} for the wave before to be over", wait(later))),
        Turn::Due | Turn::NotBefore(_) => prose.line().text(format!("{later} {} for a later wave", wait(later))),
        Turn::Nothing => prose,
    }
}

const fn wait(count: usize) -> &'static str {
    if count == 1 { "waits" } else { "wait" }
}

/// When it looks again, what is likely, and how old all of this is.
fn foot(why: WhyView<'_>, state: State) -> Rich {
    let request = why.view.request;
    let mut prose = Prose::new().text(format!("asked by {}", quoted(&request.requester_name)));
    let is_due =
        why.explained.turn == Turn::Due && matches!(request.stage, RequestStage::Queued | RequestStage::Running);
    if is_due && request.halted.is_none() {
        prose = prose.text(format!(" · looks again at every change, and every {}", spoken(LOOK_AGAIN_EVERY)));
    }
    if state == State::Queued {
        prose = match why.pace {
            Some(pace) => likely(prose.text(" · "), request, pace).text(format!(" (as {} before)", pace.cases)),
            None => prose.text(" · no estimate yet"),
        };
    }
    prose.text(" · as of ").time(why.view.now).done()
}

/// `likely start 14:25, by 14:50`
pub(super) fn likely(prose: Prose, request: &Request, pace: Pace) -> Prose {
    let ready = ready_at(request);
    let prose = prose.text("likely start ").time(ready.plus(pace.half));
    prose.text(", by ").time(ready.plus(pace.nine_tenths))
}

/// ` in lax`, of a request that works somewhere.
pub(super) fn there(request: &Request) -> String {
    let sites = sites(request);
    if sites.is_empty() { String::new() } else { format!(" in {sites}") }
}

/// Why a run is where it is.
#[must_use]
pub fn why_run(of: RunView<'_>) -> Message {
    let RunView { view, run, .. } = of;
    let (request, spec) = (view.request, &view.request.spec);
    let name = subject_name(request, run);
    let doing = match &run.stage {
        RunStage::Ended { .. } if run.outcome().is_some_and(crate::workflow::run::RunOutcome::is_failure) => {
            failure_phrase(run, spec).to_owned()
        }
        RunStage::Ended { outcome, .. } => outcome.words().to_owned(),
        RunStage::Waiting
        | RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::NeedsPerson { .. }
        | RunStage::Returning { .. } => activity(run, spec).to_owned(),
    };
    let prose = Prose::new().bold(format!("{name}: {doing}")).text(format!(" · {}", run.id));
    let mut blocks = vec![Block::Section(elapsed(prose, of).rich(evidence(of)).done())];
    if run.admission().is_some() {
        blocks.push(Block::Steps { title: name.clone(), steps: steps(view, run) });
    }
    let by = quoted(&request.requester_name);
    let foot = Prose::new().text(format!("{} {} by {by} · as of ", spec.name, request.id())).time(view.now);
    blocks.push(Block::Context(foot.done()));
    Message { summary: summary(format!("{}: {name} {doing}", run.id)), blocks }
}

/// The step it is in, since when, and against what that step took before.
fn elapsed(prose: Prose, of: RunView<'_>) -> Prose {
    let RunView { view, run, pace, .. } = of;
    let Some(since) = stage_since(run) else { return prose };
    let steps = &view.request.spec.steps;
    let prose = match run.step() {
        Some(step) if step < steps.len() => prose.line().text(format!("Step {} of {}, since ", step + 1, steps.len())),
        Some(_) | None => prose.line().text("Since "),
    };
    let prose = prose.time(since);
    if run.is_over() {
        return prose;
    }
    let prose = prose.text(format!(", for {}", spoken(view.now.since(since))));
    match (run.step(), pace) {
        (None, _) => prose,
        (Some(_), None) => prose.text("; fewer than 5 cases to compare with"),
        (Some(_), Some(pace)) => {
            let usual = spoken(pace.three_quarters);
            let prose = prose.text(format!("; three of four took at most {usual} (of {})", pace.cases));
            if view.now.since(since) > pace.three_quarters { prose.text(": longer than usual") } else { prose }
        }
    }
}

/// What was last seen, what is intended, and how it was left.
fn evidence(of: RunView<'_>) -> Rich {
    let RunView { run, line, view, .. } = of;
    let mut prose = Prose::new().text("\n");
    match &run.stage {
        RunStage::Acting { intent, .. } => {
            prose = prose.line().text(format!("{} begun at ", attempt(intent.attempt))).time(intent.at);
            if let Some(way) = intent.way {
                prose = prose.text(format!(" over {}", way.word()));
            }
            prose = prose.text(", may take until ").time(intent.until);
        }
        RunStage::NeedsPerson { why, .. } => {
            prose = prose.line().text("A person must say what happened. Known: ").code(why);
        }
        RunStage::Waiting | RunStage::Ready { .. } | RunStage::Returning { .. } | RunStage::Ended { .. } => {}
    }
    if let Some((line, at)) = line {
        let left = counted(usize::try_from(line.connections).unwrap_or(usize::MAX), "connection");
        let most = match run.step().and_then(|step| view.request.steps.get(step)) {
            Some(Step::Drain { connections_max, .. }) => format!(", goes on with at most {connections_max}"),
            Some(_) | None => String::new(),
        };
        prose = prose.line().text(format!("{left} left{most}, asked at ")).time(at);
    }
    if let Some(proof) = run.proofs.last() {
        prose = prose.line().text("Last seen at ").time(proof.at).text(": ").code(&proof.note);
    }
    if let Some(failure) = &run.failure {
        prose = prose.line().text("Went wrong at ").time(failure.at).text(": ").code(&failure.note);
    }
    if let Some(left) = left_as(run).filter(|_| run.is_over()) {
        prose = prose.line().text(format!("It is {left} now"));
    }
    let rest = view.request.spec.steps.iter().skip(run.step().map_or(usize::MAX, |step| step.saturating_add(1)));
    let rest = rest.map(crate::domain::command::StepSpec::word).collect::<Vec<_>>();
    if !rest.is_empty() {
        prose = prose.line().text(format!("Next: {}", rest.join(", ")));
    }
    prose.done()
}

fn attempt(number: u32) -> String {
    if number <= 1 { "It was".to_owned() } else { format!("For the {} time it was", ordinal(number)) }
}

/// A server that no run works on, and no request waits for; with what people said of it, the newest first, and put on over it.
#[must_use]
pub fn server_alone(
    server: &Server,
    (state, health): (Option<&StateRow>, Option<&HealthRow>),
    (said, brakes): (&[SaidBefore], &[Brake]),
    now: Timestamp,
) -> Message {
    let is_in = state.map_or(server.initial_state, |row| row.state);
    let prose = Prose::new().bold(format!("{}: {}", server.name, is_in.word()));
    let prose = match state.map(|row| (&row.by, row.since)) {
        Some((SetBy::Run(run), since)) => prose.text(format!(", by {run} since ")).time(since),
        Some((SetBy::Person(by), since)) => {
            prose.text(format!(", says {} since ", quoted(&by.name))).time(since).text(": ").code(&by.why)
        }
        None => prose.text(", as the inventory has it"),
    };
    let is_seen_serving = health.is_some_and(|row| row.health == Health::Serving);
    let prose = match health {
        Some(row) => prose.line().text(format!("Its load balancer: {}, ", row.health.words())).time(row.seen_at),
        None if server.pool.is_some() => prose.line().text("Its load balancer has not told of it yet"),
        None => prose.line().text("It stands in no pool"),
    };
    let prose = if is_seen_serving && is_in != ProductionState::Production {
        prose.text(": one of both is wrong, and nothing here counts it as serving")
    } else {
        prose
    };
    let prose = prose.line().text("Nothing is under work on it, and no request waits for it");
    let prose = prose.line().rich(standing(brakes, BRAKES_MAX));
    let is_persons = state.is_some_and(|row| row.by.person().is_some());
    let earlier = said.get(usize::from(is_persons)..).unwrap_or_default();
    let text = said_before(if earlier.is_empty() { prose } else { prose.line().text("Said before:") }, earlier).done();
    let context = match is_in {
        ProductionState::Maintenance | ProductionState::Repair => {
            let line = format!("state {} ready because …", server.name);
            Prose::new().text("when that is done: ").piece(literal(&line)).text(" · as of ")
        }
        ProductionState::Production
        | ProductionState::Draining
        | ProductionState::Drained
        | ProductionState::Undraining
        | ProductionState::Standby => Prose::new().text("as of "),
    };
    let line = summary(format!("{}: {}, nothing under work", server.name, is_in.word()));
    Message { summary: line, blocks: vec![Block::Section(text), Block::Context(context.time(now).done())] }
}

/// More than one server was asked about.
#[must_use]
pub fn ask_about_one(names: &[ServerName]) -> Message {
    let count = names.len();
    let prose =
        Prose::new().text(format!("These {} {} too many for one why. Ask about one: ", servers(count), is_are(count)));
    let prose = match names.first() {
        Some(name) => prose.code(format!("why {name}")),
        None => prose,
    };
    let text = prose.text(", or about a request: ").code("why req-2mq9").done();
    Message::of_text(summary(super::plain::line(&text)), text)
}

/// `why` alone, where no request is meant.
#[must_use]
pub fn no_request_here(own: &[RequestId]) -> Message {
    let prose = Prose::new().text("Say which request: ");
    let prose = match own {
        [] => prose.code("why req-2mq9").text(". You have none that is open."),
        own => own.iter().take(PATTERNS_MAX).enumerate().fold(prose, |prose, (place, id)| {
            prose.text(if place == 0 { "" } else { " or " }).code(format!("why {id}"))
        }),
    };
    let text = prose.line().text("In the thread of a request why alone means that one.").done();
    Message::of_text(summary(super::plain::line(&text)), text)
}

/// Somebody would agree, where several requests wait for consent, or none does.
#[must_use]
pub fn no_consent_here(waiting: &[RequestId]) -> Message {
    let prose = match waiting {
        [] => Prose::new().text("Nothing that others asked for waits for consent here."),
        waiting => waiting
            .iter()
            .take(PATTERNS_MAX)
            .enumerate()
            .fold(Prose::new().text("Say which request: "), |prose, (place, id)| {
                prose.text(if place == 0 { "" } else { " or " }).code(format!("review {id}"))
            }),
    };
    let text = prose.done();
    Message::of_text(summary(super::plain::line(&text)), text)
}
