//! The stop of everything: nothing starts that changes something or takes capacity, until somebody resumes.
//!
//! Looking goes on, and so does giving back what runs of ours took out. What is under way is the workflow's
//! (`Orders::Halt`): what nothing irreversible was done to is given back, what was begun is proved to its end.

use super::brake::{Brake, BrakeKind};
use super::ledger::Ledger;
use super::{Asked, Known};
use crate::domain::identity::PersonId;
use crate::domain::time::Timestamp;
use crate::workflow::request::Blocker;
use std::time::Duration;

/// How long whoever stopped everything must wait before they may resume it alone.
pub const RESUME_ALONE_AFTER: Duration = Duration::from_secs(600);

impl Ledger {
    /// The stop of everything, if it is on.
    #[must_use]
    pub fn stop(&self) -> Option<&Brake> {
        self.brakes.iter().find(|brake| brake.kind == BrakeKind::Stop)
    }
}

pub(super) fn blocker(asked: Asked<'_>, known: Known<'_>) -> Option<Blocker> {
    let stop = known.ledger.stop()?;
    if asked.spec.only_looks() || asked.gives_back(known) {
        return None;
    }
    Some(Blocker::Stopped { by: stop.name.clone(), since: stop.since, why: stop.why.clone() })
}

/// From when on that person may resume everything alone; `None` is at once, as a second person.
///
/// Somebody in a shell and somebody in the chat may be the same person, so neither is a second one to the other.
#[must_use]
pub fn may_resume_from(stop: &Brake, person: &PersonId) -> Option<Timestamp> {
    let is_second = stop.by.team == person.team && stop.by.user != person.user;
    (!is_second).then(|| stop.since.plus(RESUME_ALONE_AFTER))
}
