//! What people can do with a request by a button, and what is kept of a retry.

use super::IllegalTransition;
use super::request::{Request, RequestStage};
use crate::domain::identity::PersonId;
use crate::domain::ids::RequestId;
use crate::domain::time::Timestamp;

/// What a button of a request does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ControlVerb {
    /// Opens the review form.
    Review,
    /// Shows every server.
    Details,
    /// Takes the request back before it started.
    Withdraw,
    /// Ends it.
    Cancel,
    /// Lets it start more again after a person paused it.
    Resume,
    /// Asks anew for what it left undone.
    Retry,
    /// Takes over the servers that it left out of production.
    TakeOver,
}

impl ControlVerb {
    /// Every verb of a request.
    pub const ALL: [Self; 7] =
        [Self::Review, Self::Details, Self::Withdraw, Self::Cancel, Self::Resume, Self::Retry, Self::TakeOver];

    /// The word in logs and rows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Review => "request.review",
            Self::Details => "request.details",
            Self::Withdraw => "request.withdraw",
            Self::Cancel => "request.cancel",
            Self::Resume => "request.resume",
            Self::Retry => "request.retry",
            Self::TakeOver => "request.take-over",
        }
    }
}

/// Who asked anew for what a request had left undone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retried {
    /// As which request.
    pub request: RequestId,
    /// Who.
    pub by: PersonId,
    /// Their name.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

impl Request {
    /// What it left is another request's from now on; that happens once, when it is over.
    pub(super) fn taken_up(mut self, by: &Retried) -> Result<Self, IllegalTransition> {
        if self.retried.is_some() || !matches!(self.stage, RequestStage::Ended { .. }) {
            let (state, event) = (format!("{:?}, retried: {:?}", self.stage, self.retried), format!("{by:?}"));
            return Err(IllegalTransition { of: self.id().to_string(), state, event });
        }
        self.retried = Some(by.clone());
        Ok(self)
    }
}
