//! What a source of metrics answers: values with the labels that say whose they are, and when they were taken.
//!
//! Deliberately absent: whether an answer can be believed; admission judges that.

use super::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// The labels of a value, by name.
pub type Labels = BTreeMap<String, String>;

/// One value at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    /// Whose it is.
    pub labels: Labels,
    /// The moment that it was asked for.
    pub at: Timestamp,
    /// The value; it may be no number at all.
    pub value: f64,
}

/// Values over a while.
#[derive(Clone, PartialEq, Debug)]
pub struct Series {
    /// Whose they are.
    pub labels: Labels,
    /// Moments with values, oldest first; moments without a value are left out.
    pub points: Vec<(Timestamp, f64)>,
}

/// A while, and how finely it is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// The first moment.
    pub from: Timestamp,
    /// The last moment.
    pub to: Timestamp,
    /// From one moment to the next.
    pub every: Duration,
}
