//! Alerts of the monitoring, as they are read: what fires now.
//!
//! Deliberately absent: what follows from one, which admission judges, and our own matters on their way to a pager.

use super::measure::Labels;
use super::time::Timestamp;

/// The label that tells an alert's name.
const NAME_LABEL: &str = "alertname";
/// The label that only alerts of our own matters carry: it holds the matter's key.
pub const MATTER_LABEL: &str = "matter";

/// An alert that fires.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FiringAlert {
    /// What tells it from others: its name, where, how bad.
    pub labels: Labels,
    /// Since when it fires.
    pub since: Timestamp,
}

impl FiringAlert {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.labels.get(NAME_LABEL).map_or("an alert without a name", String::as_str)
    }

    /// Whether it is one of our own matters, which came back to us.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.labels.contains_key(MATTER_LABEL)
    }
}
