//! Suspect reservations: a run has a server, and for longer than all its steps may take nothing has come of it.
//!
//! It is worked out from rows and the clock. Nothing expires by it: the server stays locked and counts as before, until the
//! run moves on, ends, or somebody makes it. Deliberately absent: a run that has asked a person, which is told as that, and one
//! that failed, whose lock is left behind.

use super::ledger::Lock;
use crate::domain::command::Step;
use crate::domain::time::Timestamp;
use crate::workflow::run::{Run, RunStage};
use std::time::Duration;

/// How much longer than its steps may take a run may stand still: longer than a gate is asked (5 min), and than a server is given
/// to get back into rotation (2 min), which have no time-outs of their own.
pub const SUSPECT_AFTER: Duration = Duration::from_secs(15 * 60);

/// Since when nothing has come of a run that has this lock.
#[must_use]
pub fn moved_at(lock: &Lock, run: &Run) -> Timestamp {
    run.moved_at.map_or(lock.since, |at| at.max(lock.since))
}

/// From when on that lock is suspect, if nothing comes of its run until then; the run, and the steps of its request, are none
/// where they cannot be read: nothing can come of it then.
#[must_use]
pub fn suspect_from(lock: &Lock, found: Option<(&[Step], &Run)>) -> Option<Timestamp> {
    if !lock.standing.is_a_runs() {
        return None;
    }
    let Some((steps, run)) = found else { return Some(lock.since.plus(SUSPECT_AFTER)) };
    let still_since = moved_at(lock, run);
    let all = steps.iter().map(time_out).fold(Duration::ZERO, Duration::saturating_add);
    let due = still_since.plus(all);
    let due = match &run.stage {
        RunStage::NeedsPerson { .. } => return None,
        // Whoever asked for another look has given it a time of its own.
        RunStage::Acting { intent, .. } => due.max(intent.until),
        // A run that waits or is over has no lock; if it has one all the same, nothing will come of it.
        RunStage::Waiting | RunStage::Ready { .. } | RunStage::Returning { .. } | RunStage::Ended { .. } => due,
    };
    Some(due.plus(SUSPECT_AFTER))
}

const fn time_out(step: &Step) -> Duration {
    match step {
        Step::Gate(_) => Duration::ZERO,
        Step::Reboot(reboot) => reboot.timeout,
        Step::Http(http) => http.timeout,
        Step::Drain { timeout, .. }
        | Step::Check { timeout, .. }
        | Step::RestoreState { timeout }
        | Step::Undrain { timeout } => *timeout,
    }
}
