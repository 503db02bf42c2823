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

/// The middle one of these values, or between the two; `None` of none.
#[must_use]
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(*values.get(middle - 1)?, upper)) }
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
