//! What a store must know of a request or run without replaying it: whether it is over, and whether it is at work.
//!
//! Deliberately absent: whether an event fits; `apply` judges that when the journal is read.

use crate::workflow::request::RequestEvent;
use crate::workflow::run::{Answer, RunEvent, RunOutcome};

/// How a run stands, as rows are asked for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RunStanding {
    /// Waits for admission.
    Waiting,
    /// At work.
    Active,
    /// Waits for a person's word.
    NeedsPerson,
    /// Over.
    Over,
}

impl RunStanding {
    const ALL: [Self; 4] = [Self::Waiting, Self::Active, Self::NeedsPerson, Self::Over];

    /// The word in rows.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::NeedsPerson => "needs-person",
            Self::Over => "over",
        }
    }

    /// The standing of a word.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }

    /// How it stands after that event.
    pub(super) const fn after(self, event: &RunEvent) -> Self {
        match event {
            RunEvent::Planned { .. }
            | RunEvent::Replanned { .. }
            | RunEvent::Ended { outcome: RunOutcome::PutOff, .. } => Self::Waiting,
            RunEvent::Admitted(_)
            | RunEvent::StepBegun { .. }
            | RunEvent::StepSucceeded { .. }
            | RunEvent::PersonAnswered { answer: Answer::LookAgain, .. }
            | RunEvent::ReturnBegun { .. } => Self::Active,
            RunEvent::PersonAsked { .. } => Self::NeedsPerson,
            RunEvent::WasSilent { .. }
            | RunEvent::StillSafe { .. }
            | RunEvent::Kept { .. }
            | RunEvent::WentOn { .. }
            | RunEvent::StoodStill { .. }
            | RunEvent::MovedOn { .. }
            | RunEvent::ActAnswered { .. }
            | RunEvent::StepFailed(_)
            | RunEvent::PersonAnswered { answer: Answer::Did | Answer::DidNot, .. } => self,
            RunEvent::Ended { .. } => Self::Over,
        }
    }
}

/// Whether a request is over after that event.
pub(super) const fn ends_request(event: &RequestEvent) -> bool {
    match event {
        RequestEvent::Denied { .. } | RequestEvent::Ended { .. } => true,
        RequestEvent::Accepted(_)
        | RequestEvent::CardPosted { .. }
        | RequestEvent::Approved(_)
        | RequestEvent::ConsentVoided { .. }
        | RequestEvent::Replanned { .. }
        | RequestEvent::Reminded { .. }
        | RequestEvent::Escalated { .. }
        | RequestEvent::Blocked { .. }
        | RequestEvent::HeldUp { .. }
        | RequestEvent::Started { .. }
        | RequestEvent::Unblocked { .. }
        | RequestEvent::Halted(_)
        | RequestEvent::CancelAsked { .. }
        | RequestEvent::Override(_)
        | RequestEvent::Retried(_) => false,
    }
}
