//! Where matters ring a pager: by another way than the chat, so that somebody wakes while the chat is down.
//!
//! Deliberately absent: what is a matter, which `conversation` says, and whom it wakes, which the other side routes.

use crate::conversation::Matter;
use crate::domain::time::Timestamp;
use async_trait::async_trait;
use std::time::Duration;

/// What takes alerts. Each call ends within its deadline, whatever the other side does. May be repeated at will.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// Tells of these matters, all of which are taken when it returns `Ok`. None at all is told too: it shows that
    /// somebody listens.
    ///
    /// # Errors
    /// Some of them may not have been taken.
    async fn tell(&self, alerts: &[Alert], deadline: Duration) -> Result<(), AlertsFault>;
}

/// A matter on its way to a pager.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    /// The matter; its key makes it the same alert.
    pub matter: Matter,
    /// When it is over unless it is told again.
    pub ends_at: Timestamp,
    /// Where people talk about it.
    pub link: Option<String>,
}

/// Why alerts may not have been taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertsFault {
    /// Nothing came back in time, or the other side says that it cannot take them now.
    #[error("{0}")]
    Unavailable(String),
    /// The other side does not want them as they are.
    #[error("they were refused: {0}")]
    Refused(String),
}
