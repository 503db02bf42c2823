//! The state of a request as one sign and one word.
//!
//! Deliberately absent: the sentences around it.

use super::view::{RequestView, Tally, deed, wanted};
use super::words::{Prose, counted};
use crate::workflow::request::{Blocker, RequestOutcome, RequestStage};

/// The states that people tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    NeedsPerson,
    Stopping,
    /// Too many servers failed; nothing more starts.
    HaltedByFailures,
    /// Nothing is at work and a policy, or a person, keeps the rest.
    HaltedByPolicy,
    /// A person keeps it from starting more.
    Paused,
    Running,
    NeedsApproval,
    /// Waits for its time.
    Scheduled,
    Queued,
    Done,
    DoneWithFailures,
    Failed,
    Cancelled,
    Refused,
    Expired,
}

impl State {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::NeedsPerson => "❓",
            Self::Stopping => "🛑",
            Self::HaltedByFailures | Self::HaltedByPolicy => "✋",
            Self::Paused => "⏸️",
            Self::Running => "▶️",
            Self::NeedsApproval => "🙋",
            Self::Scheduled => "🕐",
            Self::Queued => "⏳",
            Self::Done => "✅",
            Self::DoneWithFailures => "⚠️",
            Self::Failed => "❌",
            Self::Cancelled => "⏹️",
            Self::Refused => "🚫",
            Self::Expired => "⌛",
        }
    }

    const fn plain_word(self) -> &'static str {
        match self {
            Self::NeedsPerson => "needs a person",
            Self::Stopping => "stopping",
            Self::HaltedByFailures | Self::HaltedByPolicy => "halted",
            Self::Paused => "paused",
            Self::Running => "running",
            Self::NeedsApproval => "needs approval",
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Done | Self::DoneWithFailures => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }

    /// The word; a finished request also says how many went wrong.
    pub(super) fn word(self, tally: Tally) -> String {
        if self != Self::DoneWithFailures {
            self.plain_word().to_owned()
        } else if tally.failed > 0 {
            format!("done, {} failed", tally.failed)
        } else if tally.left_out > 0 {
            format!("done, {} left out", tally.left_out)
        } else {
            format!("done, {} not started", tally.untouched() + tally.returned)
        }
    }

    pub(super) const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Done | Self::DoneWithFailures | Self::Failed | Self::Cancelled | Self::Refused | Self::Expired
        )
    }
}

/// The first state that holds.
pub(super) fn state(view: RequestView<'_>) -> State {
    let tally = view.tally();
    let needs_person = tally.person > 0;
    match &view.request.stage {
        RequestStage::Ended { outcome, .. } => ended(outcome),
        RequestStage::Announced if view.request.is_approved() => waiting(view),
        RequestStage::Announced | RequestStage::NeedsApproval => State::NeedsApproval,
        RequestStage::Queued => waiting(view),
        RequestStage::Stopping { .. } if needs_person => State::NeedsPerson,
        RequestStage::Stopping { .. } => State::Stopping,
        RequestStage::Running if needs_person => State::NeedsPerson,
        RequestStage::Running if view.request.halted.is_some() => State::HaltedByFailures,
        RequestStage::Running if tally.active() == 0 && is_paused(view) => State::Paused,
        RequestStage::Running if tally.active() == 0 && tally.waiting > 0 && !view.request.blockers.is_empty() => {
            State::HaltedByPolicy
        }
        RequestStage::Running => State::Running,
    }
}

/// Whether a person keeps it from starting more, as far as that was looked at.
fn is_paused(view: RequestView<'_>) -> bool {
    view.request.blockers.iter().any(|blocker| matches!(blocker, Blocker::Held { servers, .. } if servers.is_empty()))
}

/// Until its time has come it is scheduled; from then on it waits until it is safe.
fn waiting(view: RequestView<'_>) -> State {
    let is_early = view.request.plan.parts().not_before.as_ref().is_some_and(|moment| view.now < moment.at);
    match (is_paused(view), is_early) {
        (true, _) => State::Paused,
        (false, true) => State::Scheduled,
        (false, false) => State::Queued,
    }
}

const fn ended(outcome: &RequestOutcome) -> State {
    match outcome {
        RequestOutcome::Done => State::Done,
        RequestOutcome::DoneWithFailures => State::DoneWithFailures,
        RequestOutcome::Failed | RequestOutcome::NoCard { .. } => State::Failed,
        RequestOutcome::Cancelled { .. } | RequestOutcome::NotNeeded { .. } => State::Cancelled,
        RequestOutcome::Denied { .. } | RequestOutcome::Revoked { .. } => State::Refused,
        RequestOutcome::Expired => State::Expired,
    }
}

/// The state's sign, and its word with the counts that matter in it.
#[must_use]
pub fn state_word(view: RequestView<'_>) -> (&'static str, String) {
    let (state, tally) = (state(view), view.tally());
    let mut word = state.word(tally);
    let progress = format!(" · {} of {} {}", tally.done, tally.all, deed(&view.request.spec));
    match state {
        State::NeedsApproval => {
            let missing = wanted(Prose::new(), &view.request.missing(), "").done();
            if !missing.is_empty() {
                word = format!("{word} · {}", super::plain::line(&missing).replace('`', ""));
            }
        }
        State::Queued => {
            if !view.request.blockers.is_empty() {
                word = format!("{word} · {}", counted(view.request.blockers.len(), "reason"));
            }
        }
        State::NeedsPerson
        | State::Stopping
        | State::HaltedByFailures
        | State::HaltedByPolicy
        | State::Paused
        | State::Running
        | State::DoneWithFailures
        | State::Cancelled => {
            if view.request.started_at.is_some() {
                word.push_str(&progress);
            }
            if tally.failed > 0 && state != State::DoneWithFailures {
                word = format!("{word} · {} failed", tally.failed);
            }
        }
        State::Scheduled | State::Done | State::Failed | State::Refused | State::Expired => {}
    }
    (state.sign(), word)
}
