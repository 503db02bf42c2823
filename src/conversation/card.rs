//! The card of a request, and the private echo before it.
//!
//! The card is edited as long as the request lasts: it says what is asked, how it stands, why, and who must act.
//! Deliberately absent: progress in words (`progress`) and reasons (`reasons`).

use super::message::{Block, Button, Confirm, Message, Piece, Rich, Style};
use super::overriding::card_line;
use super::progress::{at_the_worst, bar, cancel_consequence, ended_counts, now_line};
use super::reasons::{next_waits, reasons, shortly};
use super::soaking::{halted_line, unwell_in_short};
use super::state::{State, state};
use super::view::{RequestView, approvers, asked, asker, because, deed, names, names_of, step_words, title, wanted};
use super::why::{likely, there};
use super::words::{NOT_NEEDED, Prose, button, capital, cut, ordinal, quoted, summary};
use crate::admission::{Brake, Place, PoolImpact};
use crate::domain::identity::GroupName;
use crate::domain::ids::Handle;
use crate::domain::limits::LOOK_AGAIN_EVERY;
use crate::domain::time::{Timestamp, spoken};
use crate::workflow::pace::Pace;
use crate::workflow::request::{Blocker, ControlVerb, HaltCause, Request, RequestOutcome, RequestStage};
use crate::workflow::run::RunStage;

/// The card that everyone in the channel sees.
#[must_use]
pub fn card(view: RequestView<'_>) -> Message {
    card_beside(view, Beside::default())
}

/// What a card tells that the request itself does not say, as it is when the card is composed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The groups that could override what keeps it waiting.
    pub commanders: &'a [GroupName],
    /// Who has paused it.
    pub pause: Option<&'a Brake>,
    /// Where it stands in the queue.
    pub place: Option<&'a Place>,
    /// How long those before it waited in all, of those that waited as long as it has.
    pub pace: Option<Pace>,
}

/// The same, which also tells what is known beside the request.
#[must_use]
pub fn card_beside(view: RequestView<'_>, beside: Beside<'_>) -> Message {
    let Beside { commanders, pause, place, pace } = beside;
    let state = match (state(view), pause) {
        (State::Running | State::Queued | State::Scheduled | State::HaltedByPolicy, Some(_)) => State::Paused,
        (state, _) => state,
    };
    let head = Prose::new().bold(title(view.request)).text(format!(" · {}\n", view.request.id()));
    let head = head.rich(state_line(view, state, place));
    let facts = facts(view, state, pause);
    let mut blocks = vec![Block::Section(head.done())];
    // Beside work of its own there is no room to say who could.
    let commanders = if state == State::Running { &[] } else { commanders };
    let overriding = if state.is_over() { Rich::new() } else { card_line(view.request, commanders) };
    let facts = Prose::new().rich(facts).line().rich(overriding).done();
    if !facts.is_empty() {
        blocks.push(Block::Section(facts));
    }
    blocks.push(Block::Context(people_line(view, state, pace)));
    let buttons = buttons(view, state);
    if !buttons.is_empty() {
        blocks.push(Block::Actions(buttons));
    }
    Message { summary: card_summary(view, state), blocks }
}

fn card_summary(view: RequestView<'_>, state: State) -> String {
    let (sign, id, what) = (state.sign(), view.request.id(), asked(view.request));
    let word = state.word(view.tally());
    summary(match state {
        State::NeedsApproval => format!("{sign} {id} {word}: {what} ({})", quoted(&view.request.requester_name)),
        State::Queued | State::HaltedByPolicy | State::Paused => match shortly(&view.request.blockers) {
            Some(reasons) => format!("{sign} {id} {word}: {reasons}"),
            None => format!("{sign} {id} {word}: {what}"),
        },
        State::Scheduled
        | State::NeedsPerson
        | State::Stopping
        | State::HaltedByFailures
        | State::Running
        | State::Done
        | State::DoneWithFailures
        | State::Failed
        | State::Cancelled
        | State::Refused
        | State::Expired => format!("{sign} {id} {word}: {what}{}", progress_shortly(view, state)),
    })
}

/// `, 9 of 20 rebooted · 1 failed`, as far as there is something to count.
fn progress_shortly(view: RequestView<'_>, state: State) -> String {
    let request = view.request;
    if request.started_at.is_none() {
        return ", nothing has started".to_owned();
    }
    if request.plan.servers().next().is_none() || state == State::Done {
        return String::new();
    }
    if state.is_over() {
        return format!(", {}", ended_counts(view));
    }
    let tally = view.tally();
    let failed = if tally.failed > 0 { format!(" · {} failed", tally.failed) } else { String::new() };
    format!(", {} of {} {}{failed}", tally.done, tally.all, deed(&request.spec))
}

fn state_line(view: RequestView<'_>, state: State, place: Option<&Place>) -> Rich {
    let (request, tally) = (view.request, view.tally());
    let prose = Prose::new().text(format!("{} {}", state.sign(), state.word(tally)));
    // No card is edited because its place has changed, so that is told with its time.
    let prose = match place.filter(|place| state == State::Queued && place.of > 1) {
        Some(place) => {
            let place = format!(", {} of {}{}", ordinal(place.position), place.of, there(request));
            prose.text(place).text(" at ").time(view.now)
        }
        None => prose,
    };
    let prose = match state {
        State::NeedsApproval => match &request.need {
            Some(need) => {
                let more = if request.approvals.is_empty() { "" } else { " more" };
                wanted(prose.text(" · "), &request.missing(), more).text(", by ").time(need.until)
            }
            None => prose,
        },
        State::Scheduled => match &request.plan.parts().not_before {
            Some(moment) => prose.text(" · starts by itself from ").time(moment.at),
            None => prose,
        },
        State::Queued | State::HaltedByPolicy if request.blockers.iter().any(Blocker::waits_for_a_person) => {
            prose.text(" · waits for a person")
        }
        State::Queued => queued(prose, request),
        State::HaltedByPolicy => prose.text(" · goes on by itself"),
        State::Paused if request.started_at.is_some() => prose.text(" · what it began goes on"),
        State::Paused => prose.text(" · nothing has started"),
        State::HaltedByFailures => {
            let limit = request.spec.waves.stop_when_failures_exceed;
            match request.halted.as_ref().map(|halt| &halt.cause) {
                Some(HaltCause::Revoked(why)) => prose.text(format!(" · {why}")),
                Some(HaltCause::NotNeeded(why)) => prose.text(format!(" · the rest is {NOT_NEEDED}: {why}")),
                Some(HaltCause::Unwell(of)) => prose.text(format!(" · {}", unwell_in_short(of))),
                Some(HaltCause::Failures(_)) | None => {
                    let prose = prose.text(format!(" · {} failed, limit {limit}", tally.failed));
                    match at_the_worst(tally) {
                        Some(worst) => prose.text(format!(", {worst}")),
                        None => prose,
                    }
                }
            }
        }
        State::Running => {
            let waves = request.plan.parts().waves.len();
            let prose = if waves > 1 { prose.text(format!(" · wave {} of {waves}", view.wave())) } else { prose };
            if tally.failed > 0 { prose.text(format!(" · {} failed", tally.failed)) } else { prose }
        }
        State::NeedsPerson => prose.text(format!(" · {} not known", outcomes(tally.person))),
        State::Stopping => match &request.stage {
            RequestStage::Stopping { name, at, .. } => {
                prose.text(format!(" · cancelled by {} ", quoted(name))).time(*at)
            }
            RequestStage::Announced
            | RequestStage::NeedsApproval
            | RequestStage::Queued
            | RequestStage::Running
            | RequestStage::Ended { .. } => prose,
        },
        State::Cancelled | State::Refused | State::Done | State::DoneWithFailures | State::Failed | State::Expired => {
            ended_by(prose, &request.stage)
        }
    };
    prose.done()
}

fn queued(prose: Prose, request: &Request) -> Prose {
    let Some(at) = expires_first(request) else { return prose.text(" · starts by itself") };
    prose.text(" · expires ").time(at).text(", before it may start; to ask again with a time: ").code("at …")
}

/// When a request expires that has not started, if what makes it wait lasts longer by the clock.
fn expires_first(request: &Request) -> Option<Timestamp> {
    let (expires, opens) =
        (request.plan.parts().expires_at, request.blockers.iter().filter_map(Blocker::over_at).max()?);
    (request.started_at.is_none() && expires < opens).then_some(expires)
}

/// By whom, if by a person, and when.
pub(super) fn ended_by(prose: Prose, stage: &RequestStage) -> Prose {
    let RequestStage::Ended { at, outcome } = stage else { return prose };
    let prose = match outcome {
        RequestOutcome::Cancelled { name }
        | RequestOutcome::Denied { name, .. }
        | RequestOutcome::NotNeeded { name, .. } => prose.text(format!(" by {}", quoted(name))),
        RequestOutcome::Done
        | RequestOutcome::DoneWithFailures
        | RequestOutcome::Failed
        | RequestOutcome::Expired
        | RequestOutcome::Revoked { .. }
        | RequestOutcome::NoCard { .. } => prose,
    };
    prose.text(" · ").time(*at)
}

fn outcomes(count: usize) -> String {
    super::words::counted(count, "outcome")
}

fn facts(view: RequestView<'_>, state: State, pause: Option<&Brake>) -> Rich {
    let request = view.request;
    let tally = view.tally();
    match state {
        State::NeedsApproval => {
            let prose = Prose::new().rich(what(request)).line().rich(impact_lines(view)).line();
            prose.rich(starts_from(request)).done()
        }
        State::Scheduled => what(request),
        State::Paused => paused(view, pause),
        State::Queued if request.blockers.is_empty() => what(request),
        State::Queued => reasons(&request.blockers),
        State::HaltedByPolicy => Prose::new()
            .rich(bar_line(view))
            .line()
            .rich(reasons(request.blockers.get(..2).unwrap_or(&request.blockers)))
            .done(),
        State::Running if request.plan.servers().next().is_none() => {
            Prose::new().rich(what(request)).line().rich(now_line(view)).done()
        }
        State::Running => {
            let prose = Prose::new().rich(bar_line(view)).line().rich(now_line(view)).line();
            prose.rich(next_waits(&request.blockers, request.id())).done()
        }
        State::HaltedByFailures | State::Stopping => {
            let count = tally.active();
            let go = match (state, count) {
                (_, 0) => String::new(),
                (State::Stopping, 1) => " · 1 goes to a safe point".to_owned(),
                (State::Stopping, _) => format!(" · {count} go to a safe point"),
                (_, 1) => " · 1 finishes".to_owned(),
                (_, _) => format!(" · {count} finish"),
            };
            let line = format!("{}{go} · {} not started", bar(tally.done, tally.all), tally.untouched());
            Prose::new().text(line).line().rich(now_line(view)).done()
        }
        State::NeedsPerson => {
            let unknown = view.runs.iter().filter(|run| matches!(run.stage, RunStage::NeedsPerson { .. }));
            let names = names_of(unknown);
            let asked = if names.is_empty() {
                Prose::new().text("What happened? Answer in the thread.")
            } else {
                Prose::new().rich(bar_line(view)).line().code(names).text(": what happened? Answer in the thread.")
            };
            asked.done()
        }
        State::Done | State::DoneWithFailures | State::Failed | State::Cancelled | State::Refused | State::Expired => {
            ended_facts(view)
        }
    }
}

/// Who has paused it and why, and how far it is.
fn paused(view: RequestView<'_>, pause: Option<&Brake>) -> Rich {
    let request = view.request;
    let prose = match request.started_at {
        Some(_) => Prose::new().rich(bar_line(view)).line().rich(now_line(view)).line(),
        None => Prose::new().rich(what(request)).line(),
    };
    match pause {
        Some(brake) => {
            let prose = prose.text(format!("• held by {} since ", quoted(&brake.name))).time(brake.since);
            prose.text(": ").code(&brake.why).done()
        }
        None => prose.rich(reasons(request.blockers.get(..2).unwrap_or(&request.blockers))).done(),
    }
}

fn bar_line(view: RequestView<'_>) -> Rich {
    let tally = view.tally();
    if view.request.plan.servers().next().is_none() {
        return Vec::new();
    }
    let working = if tally.working > 0 { format!(" · {} working", tally.working) } else { String::new() };
    Prose::new().text(format!("{}{working} · {} waiting", bar(tally.done, tally.all), tally.waiting)).done()
}

/// As which request what it left was asked for anew.
pub(super) fn retried(request: &Request) -> Option<Rich> {
    let retried = request.retried.as_ref()?;
    let prose = Prose::new().text(format!("Retried by {} at ", quoted(&retried.name))).time(retried.at);
    Some(prose.text(format!(", as {}", retried.request)).done())
}

pub(super) fn ended_facts(view: RequestView<'_>) -> Rich {
    let prose = Prose::new().rich(how_it_ended(view));
    halted_line(view.request)
        .into_iter()
        .chain(retried(view.request))
        .fold(prose, |prose, line| prose.line().rich(line))
        .done()
}

fn how_it_ended(view: RequestView<'_>) -> Rich {
    let request = view.request;
    let prose = Prose::new().rich(what(request)).line();
    let RequestStage::Ended { outcome, .. } = &request.stage else { return prose.done() };
    match outcome {
        RequestOutcome::Denied { why, .. } => prose.text("Why: ").code(why).text(" · nothing has started").done(),
        RequestOutcome::Revoked { why } => prose.text(format!("{why} · nothing has started")).done(),
        RequestOutcome::NotNeeded { why, .. } => {
            let prose = prose.text(format!("{}: {why}", capital(NOT_NEEDED)));
            match request.started_at {
                None => prose.text(" · nothing has started").done(),
                Some(_) => prose.line().text(ended_counts(view)).done(),
            }
        }
        RequestOutcome::NoCard { why } => prose.text("No card could be posted: ").code(why).done(),
        RequestOutcome::Expired | RequestOutcome::Cancelled { .. } if request.started_at.is_none() => {
            prose.text("Nothing has started, and nothing runs later").done()
        }
        RequestOutcome::Done
        | RequestOutcome::DoneWithFailures
        | RequestOutcome::Failed
        | RequestOutcome::Cancelled { .. }
        | RequestOutcome::Expired => {
            if request.plan.servers().next().is_none() {
                prose.done()
            } else {
                prose.text(ended_counts(view)).done()
            }
        }
    }
}

/// When it may start, if somebody said so.
fn starts_from(request: &Request) -> Rich {
    match &request.plan.parts().not_before {
        Some(moment) => Prose::new().text("Starts from ").time(moment.at).done(),
        None => Vec::new(),
    }
}

/// `edge-lax-[001-020] · kernel update`.
pub(super) fn what(request: &Request) -> Rich {
    let names = names(request);
    let prose = if names.is_empty() { Prose::new() } else { Prose::new().code(names) };
    match because(request) {
        Some(because) if prose.is_empty() => prose.text("Text: ").code(because).done(),
        Some(because) => prose.dot().code(because).done(),
        None => prose.done(),
    }
}

/// What the plan does to its pools, in at most two lines.
fn impact_lines(view: RequestView<'_>) -> Rich {
    const POOLS_MAX: usize = 2;
    if !view.request.spec.takes_capacity() {
        return Vec::new();
    }
    let mut prose = Prose::new();
    for impact in view.impacts.iter().take(POOLS_MAX) {
        prose = prose.line().text(impact_line(impact, view.impacts.len()));
    }
    match view.impacts.len().saturating_sub(POOLS_MAX) {
        0 => prose.done(),
        hidden => prose.text(format!(" + {}", super::words::counted(hidden, "more pool"))).done(),
    }
}

fn impact_line(impact: &PoolImpact, pools: usize) -> String {
    let PoolImpact { now, out_at_once, lowest } = impact;
    if now.unknown > 0 && now.serving + now.unknown > now.floor && *out_at_once == 0 {
        return format!("{}: not known yet who serves ({} of {} not looked at)", now.pool, now.unknown, now.total);
    }
    if *out_at_once == 0 {
        return format!("{} is at its floor now: {} of {}, floor {}", now.pool, now.serving, now.total, now.floor);
    }
    let (total, floor) = (now.total, now.floor);
    if pools == 1 {
        format!("At most {out_at_once} out at once: {lowest} of {total} stay, floor {floor}")
    } else {
        format!("{}: at most {out_at_once} out, {lowest} of {total} stay, floor {floor}", now.pool)
    }
}

fn people_line(view: RequestView<'_>, state: State, pace: Option<Pace>) -> Rich {
    let request = view.request;
    let mut prose = asker(Prose::new(), request);
    if let Some(before) = &request.retry_of {
        prose = prose.text(format!(" · retry of {before}"));
    }
    if state == State::NeedsApproval {
        let plan = format!(" · plan {} · {}", request.plan.hash().short(), step_words(&request.spec));
        return prose.text(cut(&plan, super::words::SUMMARY_LENGTH_MAX_CHARS)).done();
    }
    if let (Some(names), Some(last)) = (approvers(request), request.approvals.last()) {
        prose = prose.text(format!(" · approved by {names} ")).time(last.at);
    }
    if let Some(pace) = pace.filter(|_| state == State::Queued) {
        prose = likely(prose.text(" · "), request, pace);
    }
    match (&request.stage, request.started_at, request.looked_at) {
        (RequestStage::Ended { at, .. }, Some(started), _) => {
            prose.text(" · ").time(started).text(" to ").time(*at).done()
        }
        (RequestStage::Ended { .. }, None, _) => prose.text(format!(" · plan {}", request.plan.hash().short())).done(),
        (_, None, Some(looked)) => {
            prose.text(" · looked ").time(looked).text(format!(", again every {}", spoken(LOOK_AGAIN_EVERY))).done()
        }
        (_, None, None) => prose.text(format!(" · plan {}", request.plan.hash().short())).done(),
        (_, Some(_), _) => prose.text(" · as of ").time(view.now).done(),
    }
}

fn buttons(view: RequestView<'_>, state: State) -> Vec<Button> {
    let request = view.request;
    let mut buttons = Vec::new();
    if state == State::NeedsApproval {
        buttons.extend(review_button(request));
    }
    buttons.extend(control(request, ControlVerb::Details, "Details"));
    if state == State::Paused {
        buttons.extend(control(request, ControlVerb::Resume, "Resume"));
    }
    if state == State::NeedsApproval {
        let withdraw = control(request, ControlVerb::Withdraw, "Withdraw").map(|button| {
            let text = "Nothing has started, and nothing will.";
            button.danger().asking(confirm(format!("Withdraw {}?", request.id()), text, "Withdraw it", "Keep it"))
        });
        buttons.extend(withdraw);
    } else if state != State::Stopping && !state.is_over() && !matches!(request.stage, RequestStage::Stopping { .. }) {
        let keep = if request.started_at.is_some() { "Keep running" } else { "Keep it" };
        let cancel = control(request, ControlVerb::Cancel, "Cancel").map(|button| {
            let title = format!("Cancel {}?", request.id());
            button.danger().asking(confirm(title, cancel_consequence(view), "Cancel it", keep))
        });
        buttons.extend(cancel);
    }
    buttons
}

/// The button that opens the review form for whoever that handle was made for.
pub(super) fn review_with(handle: &Handle) -> Button {
    button("Review", ControlVerb::Review.word(), handle).primary()
}

/// The button that opens the review form; the same record on the card and in the thread.
pub(super) fn review_button(request: &Request) -> Option<Button> {
    request.controls.get(&ControlVerb::Review).map(review_with)
}

pub(super) fn control(request: &Request, verb: ControlVerb, label: &str) -> Option<Button> {
    request.controls.get(&verb).map(|handle| button(label, verb.word(), handle))
}

fn confirm(title: String, text: impl Into<String>, yes: &str, no: &str) -> Confirm {
    Confirm { title, text: text.into(), yes: yes.to_owned(), no: no.to_owned(), style: Style::Danger }
}

/// The private echo of what was understood.
#[must_use]
pub fn echo(view: RequestView<'_>, card_link: Option<&str>) -> Message {
    let request = view.request;
    let understood = format!("Understood: {}", asked(request));
    let names = names(request);
    let mut facts = if names.is_empty() { Prose::new() } else { Prose::new().code(names) };
    if let Some(because) = because(request) {
        let word = request.spec.parameters.iter().find(|parameter| parameter.asked_as_because);
        let word = word.map_or("reason", |parameter| parameter.name.as_str()).to_owned();
        facts = facts.dot().text(format!("{word}: ")).code(because);
    }
    let facts = facts.line().rich(starts_from(request));
    let section = Prose::new().text(understood.as_str()).line().rich(facts.done()).done();
    let state = state(view);
    let stands = match (&request.stage, request.started_at) {
        (RequestStage::Ended { outcome: RequestOutcome::NoCard { .. }, .. }, _) => {
            "no card could be posted here, so nothing has started".to_owned()
        }
        (_, None) if !state.is_over() => "nothing has started".to_owned(),
        _ => state.word(view.tally()),
    };
    let context = Prose::new().text(format!("{} · {stands}", request.id()));
    let context = match card_link {
        Some(url) => context.text(" · ").piece(Piece::Link { url: url.to_owned(), label: "card".to_owned() }),
        None => context,
    };
    Message {
        summary: summary(format!("{} understood: {}", request.id(), asked(request))),
        blocks: vec![Block::Section(section), Block::Context(context.done())],
    }
}
