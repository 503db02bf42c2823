//! Where firing alerts are read.
//!
//! Deliberately absent: what an answer is worth. One without a single alert is an answer here; admission knows what it means.

use crate::domain::alert::FiringAlert;
use async_trait::async_trait;
use std::time::Duration;

/// What knows which alerts fire. Each call ends within its deadline, whatever the other side does.
#[async_trait]
pub trait Monitoring: Send + Sync {
    /// Every alert that fires now and that nobody has silenced.
    ///
    /// # Errors
    /// No answer, or one that cannot be relied on.
    async fn firing(&self, deadline: Duration) -> Result<Vec<FiringAlert>, MonitoringFault>;
}

/// Why there is no answer that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MonitoringFault {
    /// Nothing came back in time, or the other side says that it cannot answer now.
    #[error("it does not answer: {0}")]
    Unavailable(String),
    /// The other side does not let us look.
    #[error("it refuses to tell them: {0}")]
    Refused(String),
    /// The answer is not one that can be read.
    #[error("its answer cannot be read: {0}")]
    Unreadable(String),
}
