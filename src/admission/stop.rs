//! The stop of everything: nothing starts that changes something or takes capacity, until somebody resumes.
//!
//! Looking goes on, and so does giving back what runs of ours took out, unless it is a hard stop. What is under way is the
//! workflow's: by `Orders::Halt` what nothing irreversible was done to is given back, and what was begun is proved to its end; by
//! `Orders::StandStill` nothing is sent that does more than look.

use super::brake::{Brake, BrakeKind};
use super::ledger::Ledger;
use super::{Asked, Known};
use crate::domain::command::Touch;
use crate::domain::identity::PersonId;
use crate::domain::server::ServerId;
use crate::domain::time::Timestamp;
use crate::workflow::request::Blocker;
use std::time::Duration;

/// How long whoever stopped everything must wait before they may resume it alone.
pub const RESUME_ALONE_AFTER: Duration = Duration::from_secs(600);

impl Ledger {
    /// The stop of everything, if it is on; of two the one that forbids more.
    #[must_use]
    pub fn stop(&self) -> Option<&Brake> {
        stop_among(&self.brakes)
    }
}

/// The stop of everything, if it is among these; of two the one that forbids more.
#[must_use]
pub fn stop_among(brakes: &[Brake]) -> Option<&Brake> {
    let hard = brakes.iter().find(|brake| brake.kind == BrakeKind::HARD_STOP);
    hard.or_else(|| brakes.iter().find(|brake| brake.kind == BrakeKind::STOP))
}

/// Whether that brake forbids to do so much at that time to that server, or to what is none. What only waits to start is asked
/// about at its admission; this is about what a run sends.
#[must_use]
pub fn forbids(brake: &Brake, (server, touch, at): (Option<&ServerId>, Touch, Timestamp)) -> bool {
    let covers = match &brake.kind {
        BrakeKind::Stop { hard } => *hard || touch == Touch::Changes,
        BrakeKind::Hold { server: held, .. } => server == Some(held),
        BrakeKind::Freeze { .. } | BrakeKind::Pause { .. } | BrakeKind::Blacklist { .. } => false,
    };
    covers && touch != Touch::Looks && brake.is_on(at)
}

pub(super) fn blocker(asked: Asked<'_>, known: Known<'_>) -> Option<Blocker> {
    let stop = known.ledger.stop()?;
    let hard = stop.kind == BrakeKind::HARD_STOP;
    if asked.spec.only_looks() || !hard && asked.gives_back(known) {
        return None;
    }
    Some(Blocker::Stopped { by: stop.name.clone(), since: stop.since, why: stop.why.clone(), hard })
}

/// From when on that person may resume everything alone; `None` is at once, as a second person.
///
/// Somebody in a shell and somebody in the chat may be the same person, so neither is a second one to the other.
#[must_use]
pub fn may_resume_from(stop: &Brake, person: &PersonId) -> Option<Timestamp> {
    let is_second = stop.by.team == person.team && stop.by.user != person.user;
    (!is_second).then(|| stop.since.plus(RESUME_ALONE_AFTER))
}
