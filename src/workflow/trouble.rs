//! Of which trouble with a request people are told, and until when: some of it outlives the request.
//!
//! Deliberately absent: who is told, and in which words.

use super::breakglass::{Override, OverrideEvent};
use super::request::{Halt, HaltCause, Request, RequestEvent};
use crate::domain::time::Timestamp;
use std::time::Duration;

/// How long people are told of a halt, and of a server that passed a policy, once the request is over: a request may
/// end in the same second, and a pager that rang for a second has told nobody. No override lasts longer.
pub const TROUBLE_TOLD_FOR: Duration = Duration::from_secs(3600);

impl RequestEvent {
    /// Until when people may have to be told of this after the end of its request; `None` if it is no trouble.
    #[must_use]
    pub fn trouble_until(&self) -> Option<Timestamp> {
        match self {
            Self::Halted(halt) => halt.is_trouble().then(|| halt.at.plus(TROUBLE_TOLD_FOR)),
            Self::Override(OverrideEvent::Used { at, .. }) => Some(at.plus(TROUBLE_TOLD_FOR)),
            Self::Accepted(_)
            | Self::CardPosted { .. }
            | Self::Approved(_)
            | Self::ConsentVoided { .. }
            | Self::Replanned { .. }
            | Self::Reminded { .. }
            | Self::Escalated { .. }
            | Self::Denied { .. }
            | Self::Blocked { .. }
            | Self::HeldUp { .. }
            | Self::Started { .. }
            | Self::Unblocked { .. }
            | Self::CancelAsked { .. }
            | Self::Ended { .. }
            | Self::Retried(_)
            | Self::Override(
                OverrideEvent::Asked(_)
                | OverrideEvent::Seconded { .. }
                | OverrideEvent::Refused { .. }
                | OverrideEvent::Expired { .. }
                | OverrideEvent::Voided { .. }
                | OverrideEvent::Closed { .. },
            ) => None,
        }
    }
}

impl Halt {
    /// Whether something is wrong: that the rest is not needed any more is good news.
    #[must_use]
    pub const fn is_trouble(&self) -> bool {
        match &self.cause {
            HaltCause::Failures(_) | HaltCause::Revoked(_) | HaltCause::Unwell(_) => true,
            HaltCause::NotNeeded(_) => false,
        }
    }
}

impl Request {
    /// Why it starts no more servers, as long as people are told of it: while it is open, and for a while in any case.
    #[must_use]
    pub fn halt_to_tell(&self, now: Timestamp) -> Option<&Halt> {
        let is_told = |halt: &&Halt| !self.is_over() || now < halt.at.plus(TROUBLE_TOLD_FOR);
        self.halted.as_ref().filter(|halt| halt.is_trouble()).filter(is_told)
    }

    /// The overrides that people are told of: by which servers may pass, or have passed, until their time is over.
    pub fn overrides_to_tell(&self, now: Timestamp) -> impl Iterator<Item = &Override> {
        let is_told = move |one: &&Override| one.is_in_force(now) || (!one.used.is_empty() && now < one.asked.until);
        self.overrides.iter().filter(is_told)
    }
}
