//! What happens to a run, and when something last came of it.

use super::Admission;
use super::outcome::{Answer, RunOutcome};
use super::run::{Failure, Run, RunStage, StepIntent};
use crate::domain::command::Output;
use crate::domain::effect::Begun;
use crate::domain::identity::Actor;
use crate::domain::intent::Value;
use crate::domain::plan::{PlannedServer, Subject};
use crate::domain::server::ProductionState;
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// Something that happened to a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunEvent {
    /// It was planned.
    Planned {
        /// What it works on.
        subject: Subject,
        /// The wave it belongs to.
        wave: u32,
    },
    /// The server has changed before anything started, and the plan with it.
    Replanned {
        /// The server as it is now.
        server: PlannedServer,
    },
    /// It was admitted: the server is reserved for it.
    Admitted(Admission),
    /// The server's SSH stayed silent before anything was sent.
    WasSilent {
        /// When.
        at: Timestamp,
    },
    /// It was asked again whether it is safe to go on, and it is.
    StillSafe {
        /// When.
        at: Timestamp,
    },
    /// A person keeps its server: it stands still before its next step.
    Kept {
        /// When.
        at: Timestamp,
    },
    /// The server is kept no longer: it goes on.
    WentOn {
        /// When.
        at: Timestamp,
    },
    /// What it would send may not be sent: it stands still, and its time-out with it.
    StoodStill {
        /// When.
        at: Timestamp,
        /// Whether it gives its places among those at work back meanwhile: where a person keeps its server.
        parks: bool,
    },
    /// It may be sent again: its time-out is later by as long as that took.
    MovedOn {
        /// When.
        at: Timestamp,
    },
    /// A step's intent, durable before the act.
    StepBegun {
        /// The step.
        step: usize,
        /// What is intended.
        intent: StepIntent,
    },
    /// What the other side answered.
    ActAnswered {
        /// The answer.
        answer: Begun,
    },
    /// A step is proved.
    StepSucceeded {
        /// The step.
        step: usize,
        /// When.
        at: Timestamp,
        /// The state the server is in now.
        state: ProductionState,
        /// What proved it.
        note: String,
        /// What it tells the steps after it; empty where a person said that it happened.
        outputs: BTreeMap<Output, Value>,
    },
    /// A step failed; what follows says whether the server is put back.
    StepFailed(Failure),
    /// The outcome of a step cannot be verified.
    PersonAsked {
        /// When.
        at: Timestamp,
        /// The evidence.
        why: String,
    },
    /// A person said what happened.
    PersonAnswered {
        /// Who.
        by: Actor,
        /// Their name.
        name: String,
        /// When.
        at: Timestamp,
        /// What they said.
        answer: Answer,
        /// Until when a further look may take.
        until: Timestamp,
    },
    /// It goes back to the state that was found.
    ReturnBegun {
        /// When.
        at: Timestamp,
        /// How it will have ended.
        outcome: RunOutcome,
    },
    /// It is over.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        outcome: RunOutcome,
    },
}

impl RunEvent {
    /// When it happened, if that is kept with it.
    pub(super) const fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Admitted(admission) => Some(admission.at()),
            Self::StepFailed(failure) => Some(failure.at),
            Self::StepBegun { intent, .. } => Some(intent.at),
            Self::WasSilent { at }
            | Self::StillSafe { at }
            | Self::Kept { at }
            | Self::WentOn { at }
            | Self::StoodStill { at, .. }
            | Self::MovedOn { at }
            | Self::StepSucceeded { at, .. }
            | Self::PersonAsked { at, .. }
            | Self::PersonAnswered { at, .. }
            | Self::ReturnBegun { at, .. }
            | Self::Ended { at, .. } => Some(*at),
            // An answer belongs to the intent before it; nothing has come of what is only planned.
            Self::Planned { .. } | Self::Replanned { .. } | Self::ActAnswered { .. } => None,
        }
    }
}

impl Run {
    /// Takes in that it stands still, or does so no longer; whether that fits where it stands.
    pub(super) fn takes_in_standing(&mut self, event: &RunEvent) -> bool {
        let is_ready = matches!(self.stage, RunStage::Ready { .. });
        let is_at_work =
            matches!(self.stage, RunStage::Ready { .. } | RunStage::Acting { .. } | RunStage::Returning { .. });
        if let RunEvent::Kept { at } = event
            && is_ready
            && self.kept_since.is_none()
        {
            self.kept_since = Some(*at);
        } else if let RunEvent::WentOn { at } = event
            && is_ready
            && self.kept_since.is_some()
        {
            (self.kept_since, self.went_on_at) = (None, Some(*at));
        } else if let RunEvent::StoodStill { at, .. } = event
            && is_at_work
            && self.stood_since.is_none()
        {
            self.stood_since = Some(*at);
        } else if let RunEvent::MovedOn { at } = event
            && is_at_work
            && let Some(since) = self.stood_since.take()
        {
            self.went_on_at = Some(*at);
            self.is_late_by(at.since(since));
        } else {
            return false;
        }
        true
    }

    /// Whatever it is on has that much longer.
    fn is_late_by(&mut self, stood: Duration) {
        match &mut self.stage {
            RunStage::Acting { intent, .. } => intent.until = intent.until.plus(stood),
            RunStage::Returning { at, .. } => *at = at.plus(stood),
            RunStage::Waiting | RunStage::Ready { .. } | RunStage::NeedsPerson { .. } | RunStage::Ended { .. } => {}
        }
    }
}
