//! Where metrics come from: what a query answers at one moment, and over a while.
//!
//! Deliberately absent: what an answer is worth. An empty one is an answer here; admission knows what it means.

use crate::domain::measure::{Sample, Series, Span};
use crate::domain::time::Timestamp;
use async_trait::async_trait;
use std::time::Duration;

/// A source of metrics. Each call ends within its deadline, whatever the other side does.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// What the query answers at that moment.
    ///
    /// # Errors
    /// No answer, or one that cannot be relied on.
    async fn at(&self, query: &str, at: Timestamp, deadline: Duration) -> Result<Vec<Sample>, MetricsFault>;

    /// What the query answers over that while.
    ///
    /// # Errors
    /// No answer, or one that cannot be relied on.
    async fn over(&self, query: &str, span: Span, deadline: Duration) -> Result<Vec<Series>, MetricsFault>;
}

/// Why there is no answer that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricsFault {
    /// Nothing came back in time, or the source says that it cannot answer now.
    #[error("metrics do not answer: {0}")]
    Unavailable(String),
    /// The source does not take the query.
    #[error("metrics refuse the query: {0}")]
    Refused(String),
    /// The source says itself that something is missing or doubtful in its answer.
    #[error("metrics doubt their own answer: {0}")]
    Doubtful(String),
    /// The answer is not one that can be read.
    #[error("the answer of the metrics cannot be read: {0}")]
    Unreadable(String),
}
