//! The review form, what it answers, and why a person's word did not count.
//!
//! Deliberately absent: whether it counts; `approvals` says that.

use super::message::{Block, Form, FormBlock, Message, Piece, Rich};
use super::progress::stops;
use super::replies::decision;
use super::view::{RequestView, because, deed, names, pools, step_words, subjects};
use super::words::{Prose, button, clock, counted, is_are, listed, quoted, servers, summary, told};
use crate::admission::PoolImpact;
use crate::approvals::{self, Unfit};
use crate::domain::command::{Impact, StepSpec};
use crate::domain::identity::GroupName;
use crate::domain::ids::Handle;
use crate::domain::time::Timestamp;
use crate::workflow::request::Request;
use std::collections::BTreeSet;

/// The key of the decision in a submission; its values are `approve` and `deny`.
pub const DECISION_KEY: &str = "decision";
/// The key of the typed number in a submission.
pub const COUNT_KEY: &str = "count";
/// The key of the reason in a submission.
pub const WHY_KEY: &str = "why";
/// The most pools that the form tells one by one.
const POOLS_MAX: usize = 5;

/// The form that shows a whole plan and asks for a decision, with nothing chosen.
#[must_use]
pub fn review_form(view: RequestView<'_>, handle: &Handle) -> Form {
    let request = view.request;
    let mut blocks = Vec::new();
    blocks.extend(warning(request).map(|text| FormBlock::Warning(Prose::new().text(text).done())));
    let asks = Prose::new().bold(quoted(&request.requester_name)).text(" asks: ").bold(request.spec.name.as_str());
    let asks = match request.plan.servers().count() {
        0 => asks,
        count => asks.text(format!(" {} in {}", servers(count), super::view::sites(request))),
    };
    blocks.push(FormBlock::Section(asks.done()));
    if let Some(replanning) = &request.replanning {
        let prose = Prose::new().bold("Changed since it was asked for");
        blocks.push(FormBlock::Section(super::replies::changed(prose, replanning).done()));
    }
    blocks.push(FormBlock::Section(plan_lines(request)));
    let effects = effect_lines(view);
    if !effects.is_empty() {
        blocks.push(FormBlock::Section(effects));
    }
    let options = vec![("approve".to_owned(), "Approve".to_owned()), ("deny".to_owned(), "Deny".to_owned())];
    blocks.push(FormBlock::Choice { key: DECISION_KEY.to_owned(), label: "Decision".to_owned(), options });
    blocks.push(FormBlock::Input {
        key: WHY_KEY.to_owned(),
        label: "Why".to_owned(),
        hint: "needed to deny".to_owned(),
        initial: None,
        optional: true,
    });
    if approvals::types_count(request) {
        let count = request.plan.parts().subjects.len();
        blocks.push(FormBlock::Input {
            key: COUNT_KEY.to_owned(),
            label: format!("Type {count} to approve"),
            hint: "this cannot be undone".to_owned(),
            initial: None,
            optional: true,
        });
    }
    let context = Prose::new().text(format!("plan {}", request.plan.hash().short()));
    let context = match &request.need {
        Some(need) => context.text(" · valid until ").time(need.until),
        None => context,
    };
    blocks.push(FormBlock::Context(context.done()));
    Form {
        title: format!("Review {}", request.id()),
        submit: Some("Record".to_owned()),
        close: "Close".to_owned(),
        handle: Some(handle.clone()),
        blocks,
    }
}

fn warning(request: &Request) -> Option<String> {
    let pools = pools(request);
    let stop = if request.plan.parts().subjects.len() > 1 { " Can be stopped between servers." } else { "" };
    match request.spec.impact {
        Impact::ReadOnly | Impact::Config => None,
        Impact::Drain => Some(format!("Takes capacity from {pools}.{stop}")),
        Impact::PowerCycle => Some(format!("Interrupts every server and takes capacity from {pools}.{stop}")),
        Impact::Destructive => Some(format!("Cannot be undone. Takes capacity from {pools}.{stop}")),
    }
}

/// Each value is cut on its own, so that a long one cannot hide the next.
fn plan_lines(request: &Request) -> Rich {
    let mut prose = Prose::new();
    let reason = request.spec.parameters.iter().find(|parameter| parameter.asked_as_because);
    if let (Some(parameter), Some(because)) = (reason, because(request)) {
        prose = prose.text(format!("{}: ", parameter.name)).code(because);
    }
    for (name, value) in &request.plan.parts().parameters {
        if reason.is_none_or(|reason| reason.name != *name) {
            prose = prose.line().text(format!("{name}: ")).code(told(value));
        }
    }
    let names = names(request);
    if !names.is_empty() {
        let racks = request.plan.servers().map(|server| server.rack.as_str()).collect::<BTreeSet<_>>().len();
        let sites = request.plan.servers().map(|server| server.site.as_str()).collect::<BTreeSet<_>>().len();
        let types = request.plan.servers().map(|server| server.server_type.as_str()).collect::<BTreeSet<_>>();
        let types = types.into_iter().collect::<Vec<_>>();
        prose = prose.line().text("servers: ").code(names).line();
        prose = prose.text(format!("{} · {} · ", counted(racks, "rack"), counted(sites, "site")));
        prose = prose.text(super::words::first_three(&types));
        prose = prose.line().text(waves_line(&request.plan.parts().waves));
    }
    if request.plan.parts().subjects.len() > 1 {
        prose = prose.line().text(stops(&request.plan, &request.spec));
    }
    prose.line().text(format!("steps: {}", step_words(&request.spec))).done()
}

fn waves_line(waves: &[u32]) -> String {
    const WAVES_SHOWN_MAX: usize = 12;
    let shown = waves.iter().take(WAVES_SHOWN_MAX).map(ToString::to_string).collect::<Vec<_>>().join(" · ");
    let more = if waves.len() > WAVES_SHOWN_MAX { " · …" } else { "" };
    format!("waves: {shown}{more}")
}

fn effect_lines(view: RequestView<'_>) -> Rich {
    let mut prose = Prose::new();
    if view.request.spec.takes_capacity() {
        for impact in view.impacts.iter().take(POOLS_MAX) {
            prose = prose.line().text(capacity(impact));
            prose = prose.line().text(elsewhere(impact));
        }
        let hidden = view.impacts.len().saturating_sub(POOLS_MAX);
        if hidden > 0 {
            prose = prose.line().text(format!("and {}", counted(hidden, "more pool")));
        }
    }
    match undo(view.request) {
        Some(undo) => prose.line().text(format!("undo: {undo}")).done(),
        None => prose.done(),
    }
}

fn capacity(impact: &PoolImpact) -> String {
    let now = &impact.now;
    if impact.out_at_once == 0 {
        return format!("{}: {} of {} serve now · floor {} · waits", now.pool, now.serving, now.total, now.floor);
    }
    format!("{}: {} → {} at the lowest · floor {}", now.pool, now.serving, impact.lowest, now.floor)
}

fn elsewhere(impact: &PoolImpact) -> String {
    let out = impact.now.out.len();
    let unknown = match impact.now.unknown {
        0 => String::new(),
        unknown => format!(" · {unknown} not known"),
    };
    format!("out now: {} of {}{unknown}", servers(out), impact.now.pool)
}

fn undo(request: &Request) -> Option<String> {
    let any = |is: fn(&StepSpec) -> bool| request.spec.steps.iter().any(is);
    let returns = any(|step| matches!(step, StepSpec::RestoreState { .. }));
    if any(|step| matches!(step, StepSpec::Reboot(_))) {
        let back = if returns { "each returns to service by itself; " } else { "" };
        return Some(format!("{back}a reboot itself cannot be undone"));
    }
    match deed(&request.spec) {
        "drained" if !returns => Some("undrain puts them back".to_owned()),
        "put into production" => Some("drain takes them out again".to_owned()),
        _ => None,
    }
}

/// What the form says after it was sent, or while it is on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::large_enum_variant, reason = "one is made for each submission and dropped at once")]
pub enum ReviewOutcome {
    /// The form is being filled.
    Loading,
    /// The decision is being stored.
    Recording,
    /// Yes, recorded.
    Approved {
        /// How many more people must agree.
        more_needed: u32,
        /// The button with which it can be taken back.
        take_back: Option<Handle>,
    },
    /// Whoever asked may not any more; why.
    Revoked(String),
    /// No, recorded.
    Denied,
    /// The word did not count, on this request.
    Unfit(Unfit, Request),
    /// Sent without a decision.
    NothingChosen,
    /// The directory of people did not answer.
    Unavailable,
}

fn decided_text(request: &Request) -> Rich {
    match decision(request) {
        Some(decision) => Prose::new().text("Already decided: ").rich(lowered(decision)).done(),
        None => Prose::new().text("There is nothing to decide any more.").done(),
    }
}

/// The same sentence behind a colon.
fn lowered(mut text: Rich) -> Rich {
    if let Some(Piece::Text(first)) = text.first_mut() {
        let mut letters = first.chars();
        let lower = letters.next().map(|letter| letter.to_lowercase().chain(letters.clone()).collect());
        *first = lower.unwrap_or_default();
    }
    text
}

/// The form once more, with what was missing at its top: the person goes on where they were.
#[must_use]
pub fn review_again(view: RequestView<'_>, handle: &Handle, missing: &ReviewOutcome) -> Form {
    let mut form = review_form(view, handle);
    form.blocks.splice(0..0, review_outcome(missing).blocks);
    form
}

/// The form that answers a submission.
#[must_use]
pub fn review_outcome(outcome: &ReviewOutcome) -> Form {
    let text = match outcome {
        ReviewOutcome::Loading => Prose::new().text("Loading…").done(),
        ReviewOutcome::Recording => Prose::new().text("Recording…").done(),
        ReviewOutcome::Revoked(why) => {
            Prose::new().text(format!("Not recorded: {why}. The request is over, and nothing has started.")).done()
        }
        ReviewOutcome::Approved { more_needed: 0, .. } => {
            Prose::new().text("Recorded: approved. It starts when it is safe.").done()
        }
        ReviewOutcome::Approved { more_needed, .. } => {
            let verb = if *more_needed == 1 { "person must" } else { "people must" };
            Prose::new().text(format!("Recorded: approved. {more_needed} more {verb} agree before it starts.")).done()
        }
        ReviewOutcome::Denied => Prose::new().text("Recorded: denied. Nothing has started.").done(),
        ReviewOutcome::Unfit(unfit, request) => unfit_text(unfit, request, &[]),
        ReviewOutcome::NothingChosen => {
            Prose::new().text("Nothing was chosen, so nothing was recorded. Choose, and press Record again.").done()
        }
        ReviewOutcome::Unavailable => Prose::new()
            .text("The directory of people does not answer, so nothing was recorded. Press Review again in a minute.")
            .done(),
    };
    let mut blocks = vec![FormBlock::Section(text)];
    if let ReviewOutcome::Approved { take_back: Some(handle), .. } = outcome {
        let button = button("Take it back", "request.take-back", handle).danger();
        blocks.push(FormBlock::Context(Prose::new().text("Until it starts you can take that back.").done()));
        blocks.push(FormBlock::Actions(vec![button]));
    }
    Form { title: "Review".to_owned(), submit: None, close: "Close".to_owned(), handle: None, blocks }
}

/// Somebody who agreed presses Review again: they may take it back.
#[must_use]
pub fn agreed_already(at: Timestamp, take_back: &Handle) -> Message {
    let text = Prose::new().text("You approved this at ").time(at).text(". Until it starts you can take that back.");
    let line = format!("You approved this at {}", clock(at));
    let blocks = vec![
        Block::Section(text.done()),
        Block::Actions(vec![button("Take it back", "request.take-back", take_back).danger()]),
    ];
    Message { summary: summary(line), blocks }
}

/// It has started, so that a consent cannot be taken back.
#[must_use]
pub fn too_late_to_take_back(request: &Request) -> Message {
    let text = format!("{} has started, so your approval stands. Cancel on its card stops what is left.", request.id());
    Message::of_text(summary(text.as_str()), Prose::new().text(text).done())
}

/// A consent was taken back.
#[must_use]
pub fn taken_back(request: &Request) -> Message {
    let text = format!("Your approval of {} is taken back. It starts only when others agree.", request.id());
    Message::of_text(summary(text.as_str()), Prose::new().text(text).done())
}

/// Why a press of Review, or a word given in its form, does not count; private.
#[must_use]
pub fn unfit(unfit: &Unfit, request: &Request, active: &[String]) -> Message {
    let text = unfit_text(unfit, request, active);
    let line = super::plain::line(&text);
    Message::of_text(summary(format!("{}: {line}", request.id())), text)
}

fn unfit_text(unfit: &Unfit, request: &Request, active: &[String]) -> Rich {
    let prose = Prose::new();
    match unfit {
        Unfit::IsRequester { from } => prose
            .text(format!("You asked for this, so someone else of {} must decide.", or(from)))
            .text(active_now(active))
            .done(),
        Unfit::NotInGroup { from } => {
            let what = format!(" ({}, plan {})", subjects(request), request.plan.hash().short());
            let prose = prose.text(format!("Approving this needs {}{what}.", or(from))).text(active_now(active));
            prose.text(" Nothing has changed.").done()
        }
        Unfit::NotAMember => prose.text("Only members of this workspace can approve. Nothing has changed.").done(),
        Unfit::AlreadyApproved { at } => {
            let prose = prose.text("You approved this at ").time(*at).text(". It needs someone else too.");
            prose.text(active_now(active)).done()
        }
        Unfit::AlreadyDecided => decided_text(request),
        Unfit::TooLate { until } => prose
            .text("The time to decide ended at ")
            .time(*until)
            .text(". Nothing has started; send the line again to ask anew.")
            .done(),
        Unfit::PlanChanged => prose
            .text("The plan changed while you read. Nothing was recorded. Press Review again to see the new one.")
            .done(),
        Unfit::WrongCount { count } => prose
            .text(format!("This cannot be undone, so type how many there are: {count}. Nothing was recorded."))
            .done(),
        Unfit::NeedsReason => {
            prose.text("A no needs a reason. Nothing was recorded. Say why, and press Record again.").done()
        }
    }
}

fn or(groups: &[GroupName]) -> String {
    listed(&groups.iter().map(GroupName::as_str).collect::<Vec<_>>(), "or")
}

/// ` bob and dee are active now.`, or nothing if nobody is known to be.
fn active_now(active: &[String]) -> String {
    const NAMES_MAX: usize = 3;
    let names = active.iter().take(NAMES_MAX).map(|name| quoted(name)).collect::<Vec<_>>();
    match active.len() {
        0 => String::new(),
        1..=NAMES_MAX => format!(" {} {} active now.", listed(&names, "and"), is_are(names.len())),
        all => format!(" {} and {} more are active now.", names.join(", "), all - NAMES_MAX),
    }
}

/// How it was decided, in half a line of plain text: `approved by bob at 14:04 UTC`.
pub(super) fn decided_shortly(request: &Request) -> Option<String> {
    if let Some(last) = request.approvals.last().filter(|_| request.is_approved()) {
        let names = super::view::approvers(request)?;
        return Some(format!("approved by {names} at {}", clock(last.at)));
    }
    let line = super::plain::line(&lowered(decision(request)?));
    line.split(". ").next().map(ToOwned::to_owned)
}
