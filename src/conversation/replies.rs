//! Replies in a request's thread before and when it starts.
//!
//! Deliberately absent: failures, questions and the ending.

use super::card::review_button;
use super::message::{Block, Message, Rich};
use super::state::state;
use super::view::{RequestView, approvers, asked, more_needed, subjects, wanted};
use super::words::{PATTERNS_MAX, Prose, listed, quoted, size, summary};
use crate::domain::consent;
use crate::domain::identity::GroupName;
use crate::domain::plan::PlannedServer;
use crate::domain::time::spoken;
use crate::fleet::folded;
use crate::workflow::request::{Change, Replanning, Request, RequestOutcome, RequestStage};
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
    let quotas = request.missing();
    let groups = consent::groups(&quotas);
    let verb = if request.plan.servers().count() > 1 { "need" } else { "needs" };
    let prose = groups.iter().fold(Prose::new(), |prose, group| prose.group(group).text(" "));
    let prose = prose.text(format!("{} {verb} ", subjects(request)));
    let prose = match (more_needed(request), quotas.len()) {
        (1, _) => prose.text("your approval by ").time(need.until).text("."),
        (missing, 0 | 1) => prose.text(format!("approval from {missing} of you by ")).time(need.until).text("."),
        (_, _) => wanted(prose.text("approval by ").time(need.until).text(": "), &quotas, "").text("."),
    };
    let prose = match approvers(request) {
        Some(names) => prose.text(format!(" So far: {names}.")),
        None => prose,
    };
    let names = groups.iter().map(|group| group.as_str()).collect::<Vec<_>>();
    asking(request, prose, &format!("needs approval of {}", listed(&names, "and")))
}

fn asking(request: &Request, prose: Prose, what: &str) -> Message {
    let mut blocks = vec![Block::Section(prose.done())];
    blocks.extend(review_button(request).map(|button| Block::Actions(vec![button])));
    Message { summary: summary(format!("🙋 {} {what}: {}", request.id(), asked(request))), blocks }
}

/// Reminds the approvers, once; says how it ended as the ask does.
#[must_use]
pub fn reminder(view: RequestView<'_>) -> Message {
    let request = view.request;
    let (Some(need), None) = (&request.need, decision(request)) else { return approval_ask(view) };
    let quotas = request.missing();
    let prose = consent::groups(&quotas).iter().fold(Prose::new(), |prose, group| prose.group(group).text(" "));
    let verb = if request.plan.servers().count() > 1 { "wait" } else { "waits" };
    let prose = prose.text(format!("{} still {verb} for your decision. At ", subjects(request))).time(need.until);
    asking(request, prose.text(" it ends, and nothing starts."), "still needs a decision")
}

/// Asks another group as well, once.
#[must_use]
pub fn escalation(view: RequestView<'_>) -> Message {
    let request = view.request;
    let (Some(need), None, Some((_, to))) = (&request.need, decision(request), &request.escalated) else {
        return approval_ask(view);
    };
    let quotas = request.missing();
    let others = consent::groups(&quotas).into_iter().filter(|group| *group != to);
    let others = others.map(GroupName::as_str).collect::<Vec<_>>();
    let prose = Prose::new().group(to).text(format!(" nobody of {} has decided on ", listed(&others, "and")));
    let prose = prose.text(format!("{} so far. You may as well, by ", subjects(request))).time(need.until).text(".");
    asking(request, prose, "was passed on")
}

/// The most servers whose changes are told one by one.
const CHANGES_MAX: usize = 8;

/// The plan has changed, so that people are asked anew; says how it ended as the ask does.
#[must_use]
pub fn replanned(view: RequestView<'_>) -> Message {
    let request = view.request;
    let (Some(need), None, Some(replanning)) = (&request.need, decision(request), &request.replanning) else {
        return approval_ask(view);
    };
    let quotas = request.missing();
    let prose = consent::groups(&quotas).iter().fold(Prose::new(), |prose, group| prose.group(group).text(" "));
    let names = replanning.voided.iter().map(|name| quoted(name)).collect::<Vec<_>>();
    let voided = match names.as_slice() {
        [] => String::new(),
        [one] => format!(" The approval of {one} does not count any more."),
        _ => format!(" The approvals of {} do not count any more.", listed(&names, "and")),
    };
    let prose = prose.text(format!("the plan of {} has changed.{voided} ", subjects(request)));
    let prose = prose.text("Please look again, by ").time(need.until).text(".");
    asking(request, changed(prose, replanning), "has a changed plan")
}

/// Each server that is not what was asked for, a line each: `edge-lax-02: rack lax-r01 → lax-r02`.
pub(super) fn changed(prose: Prose, replanning: &Replanning) -> Prose {
    let changes = &replanning.changes;
    if changes.is_empty() {
        return prose.line().text("Every server is what it was when it was asked for again.");
    }
    let shown = changes.iter().take(CHANGES_MAX);
    let prose = shown.fold(prose, |prose, change| prose.line().text(difference(change)));
    match changes.len().saturating_sub(CHANGES_MAX) {
        0 => prose,
        more => prose.line().text(format!("and {more} more")),
    }
}

fn difference(change: &Change) -> String {
    let (before, after) = (&change.before, &change.after);
    let pool = |server: &PlannedServer| server.pool.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    let of = |server: &PlannedServer| {
        [
            ("name", server.name.to_string()),
            ("type", server.server_type.to_string()),
            ("site", server.site.to_string()),
            ("rack", server.rack.to_string()),
            ("pool", pool(server)),
        ]
    };
    let pairs = of(before).into_iter().zip(of(after)).filter(|(before, after)| before != after);
    let pairs = pairs.map(|((what, before), (_, after))| format!("{what} {before} → {after}"));
    format!("{}: {}", before.name, pairs.collect::<Vec<_>>().join(", "))
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
            RequestOutcome::Revoked { why } => Prose::new().text(why.as_str()).text(nothing).done(),
            RequestOutcome::NotNeeded { name, why } => {
                let prose = Prose::new().text(format!("Withdrawn by {} at ", quoted(name))).time(*at);
                prose.text(format!(": {why}")).text(nothing).done()
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
