//! Freezes: nothing that changes something starts where one covers, until it is over or thawed.
//!
//! Work under way goes to its end, and is not asked at its gates (`going_on`); looking goes on, and so does giving back what
//! runs of ours took out, and what stands by for a place where too much comes.

use super::brake::{Brake, BrakeKind};
use super::{Asked, Known};
use crate::workflow::request::Blocker;

pub(super) fn blocker(brake: &Brake, asked: Asked<'_>, known: Known<'_>) -> Option<Blocker> {
    let BrakeKind::Freeze { on } = &brake.kind else { return None };
    if asked.spec.only_looks() || !asked.is_covered(on, known) || asked.gives_back(known) || asked.relieves(known) {
        return None;
    }
    let (by, why) = (brake.name.clone(), brake.why.clone());
    Some(Blocker::Frozen { scope: on.told().to_owned(), by, until: brake.until, why })
}
