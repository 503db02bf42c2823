//! What the simulated fleet's monitoring fires: what was raised, and a watchdog that shows that it lives.

use crate::domain::alert::FiringAlert;
use crate::domain::measure::Labels;
use crate::domain::time::Timestamp;

/// The alert that always fires.
pub const WATCHDOG: &str = "Watchdog";

/// What is wrong with the monitoring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MonitoringTrouble {
    /// The watchdog does not fire: whatever evaluates the rules is dead.
    NoWatchdog,
    /// Nobody answers.
    Silent,
    /// What is answered cannot be read.
    Unreadable,
}

/// The alerts that fire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertsModel {
    raised: Vec<FiringAlert>,
    began: Timestamp,
    trouble: Option<MonitoringTrouble>,
}

impl AlertsModel {
    pub(super) fn new(began: Timestamp) -> Self {
        Self { raised: Vec::new(), began, trouble: None }
    }

    /// From then on an alert with these labels fires; one that does already goes on.
    pub fn raise(&mut self, labels: Labels, since: Timestamp) {
        if !self.raised.iter().any(|alert| alert.labels == labels) {
            self.raised.push(FiringAlert { labels, since });
        }
    }

    /// Every alert that has these labels, and maybe others, is over; how many were.
    pub fn end(&mut self, labels: &Labels) -> usize {
        let before = self.raised.len();
        self.raised.retain(|alert| !labels.iter().all(|(name, value)| alert.labels.get(name) == Some(value)));
        before - self.raised.len()
    }

    /// The monitoring has that trouble, or none.
    pub fn set_trouble(&mut self, trouble: Option<MonitoringTrouble>) {
        self.trouble = trouble;
    }

    /// What is wrong with the monitoring.
    #[must_use]
    pub const fn trouble(&self) -> Option<MonitoringTrouble> {
        self.trouble
    }

    /// Everything that fires.
    #[must_use]
    pub fn firing(&self) -> Vec<FiringAlert> {
        let watchdog = (self.trouble != Some(MonitoringTrouble::NoWatchdog)).then(|| FiringAlert {
            labels: Labels::from([("alertname".to_owned(), WATCHDOG.to_owned())]),
            since: self.began,
        });
        watchdog.into_iter().chain(self.raised.iter().cloned()).collect()
    }
}
