//! When something last came of a run.

use super::run::RunEvent;
use crate::domain::time::Timestamp;

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
