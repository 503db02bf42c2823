//! When a service that reads the store looks again: after a change, and when something is due by the clock, but no more often
//! than every so often.
//!
//! Deliberately absent: what it looks at.

use super::Step;
use crate::domain::time::Timestamp;
use std::time::Duration;

/// The looks of one service.
pub(super) struct Rounds {
    every: Duration,
    /// When it looked last, how many changes there had been by then, and when something is due.
    last: Option<(Timestamp, u64, Option<Timestamp>)>,
}

impl Rounds {
    pub(super) const fn every(every: Duration) -> Self {
        Self { every, last: None }
    }

    /// Whether it is time for a look.
    pub(super) fn is_due(&self, now: Timestamp, changes: u64) -> bool {
        self.next(changes).is_some_and(|at| now >= at)
    }

    /// It has looked, and something is due by the clock then.
    pub(super) const fn looked(&mut self, (now, changes): (Timestamp, u64), due: Option<Timestamp>) {
        self.last = Some((now, changes, due));
    }

    /// Until it is time for a look.
    pub(super) fn rest(&self, changes: u64) -> Step {
        Step::Idle { next_wake: self.next(changes) }
    }

    /// When to look again; `None` until something changes.
    fn next(&self, changes: u64) -> Option<Timestamp> {
        match self.last {
            None => Some(Timestamp::default()),
            Some((at, seen, due)) if seen == changes => due.map(|due| due.max(at.plus(self.every))),
            Some((at, ..)) => Some(at.plus(self.every)),
        }
    }
}
