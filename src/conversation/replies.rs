//! Replies in a request's thread before and when it starts.
//!
//! Deliberately absent: failures, questions and the ending.

use super::card::review_button;
use super::message::{Block, Message, Rich};
use super::state::state;
use super::view::{RequestView, approvers, asked, more_needed, subjects};
use super::words::{PATTERNS_MAX, Prose, quoted, size, summary};
use crate::domain::time::spoken;
use crate::fleet::folded;
use crate::workflow::request::{Request, RequestOutcome, RequestStage};
use std::time::Duration;

/// A shorter wait is not worth a word.
const WAIT_TOLD_FROM: Duration = Duration::from_secs(5);

/// Asks the approvers; once decided, says by whom.
#[must_use]
pub fn approval_ask(view: RequestView<'_>) -> Message {
    let request = view.request;
    let id = request.id();
    if let Some(decided) = decision(request) {
        let line = super::plain::line(&decided);
        return Message::of_text(summary(format!("{} {id}: {line}", state(view).sign())), decided);
    }
    let Some(need) = &request.need else {
        let text = Prose::new().text("Needs nobody's approval.").done();
        return Message::of_text(summary(format!("{id} needs no approval")), text);
    };
    let missing = more_needed(request);
    let servers = request.plan.servers().count();
    let verb = if servers > 1 { "need" } else { "needs" };
    let prose = Prose::new().group(&need.from).text(format!(" {} {verb} ", subjects(request)));
    let prose = match missing {
        1 => prose.text("your approval by ").time(need.until).text("."),
        missing => prose.text(format!("approval from {missing} of you by ")).time(need.until).text("."),
    };
    let prose = match approvers(request) {
        Some(names) => prose.text(format!(" So far: {names}.")),
        None => prose,
    };
    let mut blocks = vec![Block::Section(prose.done())];
    blocks.extend(review_button(request).map(|button| Block::Actions(vec![button])));
    let (from, what) = (&need.from, asked(request));
    Message { summary: summary(format!("🙋 {id} needs approval of {from}: {what}")), blocks }
}

/// How an approval ended, if it did: `Approved by bob at 14:04 (plan 9f3a)`.
pub(super) fn decision(request: &Request) -> Option<Rich> {
    let plan = request.plan.hash().short();
    if request.is_approved() && !request.approvals.is_empty() {
        let mut prose = Prose::new().text("Approved by ");
        for (place, approval) in request.approvals.iter().enumerate() {
            let and = if place == 0 { "" } else { " and " };
            prose = prose.text(format!("{and}{} at ", quoted(&approval.name))).time(approval.at);
        }
        return Some(prose.text(format!(" (plan {plan})")).done());
    }
    let nothing = ". Nothing has started, and nothing runs later.";
    match &request.stage {
        RequestStage::Ended { at, outcome } => Some(match outcome {
            RequestOutcome::Denied { name, why } => {
                let prose = Prose::new().text(format!("Denied by {} at ", quoted(name))).time(*at).text(": ");
                prose.code(why).text(". Nothing has started.").done()
            }
            RequestOutcome::Cancelled { name } => {
                Prose::new().text(format!("Withdrawn by {} at ", quoted(name))).time(*at).text(nothing).done()
            }
            RequestOutcome::NoCard { .. } => Prose::new().text("No card could be posted").text(nothing).done(),
            RequestOutcome::Expired
            | RequestOutcome::Done
            | RequestOutcome::DoneWithFailures
            | RequestOutcome::Failed => {
                let until = request.need.as_ref().map_or(*at, |need| need.until);
                Prose::new().text("Not approved by ").time(until).text(nothing).done()
            }
        }),
        RequestStage::Stopping { name, at, .. } => {
            Some(Prose::new().text(format!("Withdrawn by {} at ", quoted(name))).time(*at).text(nothing).done())
        }
        RequestStage::Announced | RequestStage::NeedsApproval | RequestStage::Queued | RequestStage::Running => None,
    }
}

/// It has started after waiting.
#[must_use]
pub fn started(view: RequestView<'_>) -> Message {
    let request = view.request;
    let at = request.started_at.unwrap_or(view.now);
    let waited = at.since(view.ready_at());
    let mut prose = Prose::new().text("▶️ Started at ").time(at);
    if waited >= WAIT_TOLD_FROM {
        prose = prose.text(format!(", after {}", spoken(waited)));
    }
    prose = prose.text(".");
    let parts = request.plan.parts();
    let first = size(parts.waves.first().copied().unwrap_or(0));
    let names = request.plan.servers().take(first).map(|server| server.name.clone()).collect::<Vec<_>>();
    let is_canary = request.spec.waves.canary > 0 && parts.waves.len() > 1;
    if !names.is_empty() && parts.waves.len() > 1 {
        let canary = if is_canary { " (canary)" } else { "" };
        prose = prose.text(" First: ").code(folded(&names, PATTERNS_MAX)).text(format!("{canary}."));
    }
    let line = format!("▶️ {} started: {}", request.id(), asked(request));
    Message::of_text(summary(line), prose.done())
}
