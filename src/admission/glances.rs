//! How servers look from outside, found out once for all the policies and scopes of one pass: nothing that a pass admits changes it,
//! since what is admitted puts locks on and no more.
//!
//! Which servers have a lock is kept beside it, so that whoever asks about thousands looks at the locks of a few; what a lock
//! says is asked of the ledger each time.

use super::Known;
use super::capacity::Glance;
use super::ledger::{Health, Ledger, Lock};
use crate::domain::server::{ProductionState, Server};
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many neighbours in the inventory are kept side by side; they are mostly asked about together.
const PAGE: usize = 256;

const BITS: usize = u64::BITS as usize;

/// What was found out, by where a server stands in the inventory. A glance is kept as one word and without a lock, so that
/// the looks at one server after the other do not wait for each other.
#[derive(Debug)]
pub(super) struct Glances {
    found: Vec<OnceLock<Box<[AtomicU64]>>>,
    locked: Vec<AtomicU64>,
}

impl Glances {
    /// At the start of a pass over these.
    pub(super) fn new(ledger: &Ledger, inventory: &Inventory) -> Self {
        let servers = inventory.servers().len();
        let found = (0..servers.div_ceil(PAGE)).map(|_| OnceLock::new()).collect();
        let glances = Self { found, locked: zeros(servers.div_ceil(BITS)).collect() };
        let locked = ledger.locks.keys().filter_map(|id| inventory.by_id(id));
        locked.filter_map(|server| inventory.place_of(server)).for_each(|place| glances.lock(place));
        glances
    }

    /// The server that stands there has a lock from now on.
    pub(super) fn lock(&self, place: usize) {
        if let Some(word) = self.locked.get(place / BITS) {
            word.fetch_or(1 << (place % BITS), Ordering::Relaxed);
        }
    }

    /// Whether the server that stands there has a lock.
    pub(super) fn has_lock(&self, place: usize) -> bool {
        self.locked.get(place / BITS).is_none_or(|word| (word.load(Ordering::Relaxed) >> (place % BITS)) & 1 == 1)
    }

    /// How the server that stands there looks.
    pub(super) fn of(&self, place: usize, find_out: impl FnOnce() -> Glance) -> Glance {
        let page = self.found.get(place / PAGE).map(|page| page.get_or_init(|| zeros(PAGE).collect()));
        let Some(word) = page.and_then(|page| page.get(place % PAGE)) else { return find_out() };
        if let Some(known) = unpacked(word.load(Ordering::Relaxed)) {
            return known;
        }
        let glance = find_out();
        word.store(packed(glance), Ordering::Relaxed);
        glance
    }
}

fn zeros(count: usize) -> impl Iterator<Item = AtomicU64> {
    (0..count).map(|_| AtomicU64::default())
}

/// A glance that carries no time is its place here, from 1 on; 0 is none.
const TIMELESS: [Glance; 12] = [
    Glance::Unknown(None),
    Glance::Serves,
    Glance::NotMeantTo(ProductionState::Production),
    Glance::NotMeantTo(ProductionState::Draining),
    Glance::NotMeantTo(ProductionState::Drained),
    Glance::NotMeantTo(ProductionState::Undraining),
    Glance::NotMeantTo(ProductionState::Standby),
    Glance::NotMeantTo(ProductionState::Maintenance),
    Glance::NotMeantTo(ProductionState::Repair),
    Glance::Seen(Health::Serving),
    Glance::Seen(Health::Failing),
    Glance::Seen(Health::OutOfRotation),
];
/// What stands in the lowest byte of a word with a time above it.
const TIMED: u8 = 0xff;

/// A glance as a word; none for a time that no clock shows.
fn packed(glance: Glance) -> u64 {
    if let Glance::Unknown(Some(at)) = glance {
        let word = (at.millis() << 8).cast_unsigned() | u64::from(TIMED);
        return if unpacked(word) == Some(glance) { word } else { 0 };
    }
    let place = TIMELESS.iter().position(|one| *one == glance);
    place.and_then(|place| u64::try_from(place + 1).ok()).unwrap_or(0)
}

fn unpacked(word: u64) -> Option<Glance> {
    if word.to_le_bytes().first() == Some(&TIMED) {
        return Some(Glance::Unknown(Some(Timestamp::from_millis(word.cast_signed() >> 8))));
    }
    let place = usize::try_from(word).ok()?.checked_sub(1)?;
    TIMELESS.get(place).copied()
}

impl<'a> Known<'a> {
    /// The lock on a server of the inventory.
    pub(super) fn lock(self, server: &Server) -> Option<&'a Lock> {
        let is_free = |(glances, place): (&Glances, usize)| !glances.has_lock(place);
        if self.glances.zip(self.inventory.place_of(server)).is_some_and(is_free) {
            return None;
        }
        self.ledger.lock(&server.id)
    }
}

#[cfg(test)]
mod tests {
    use super::{Glance, TIMELESS, packed, unpacked};
    use crate::domain::time::Timestamp;

    #[test]
    fn a_glance_is_kept_as_it_is_or_not_at_all() {
        let timed = |millis| Glance::Unknown(Some(Timestamp::from_millis(millis)));
        let kept = [timed(0), timed(-1), timed(1_764_511_500_123)];
        for glance in TIMELESS.into_iter().chain(kept) {
            assert_eq!(unpacked(packed(glance)), Some(glance));
        }
        for glance in [timed(i64::MAX), timed(i64::MIN)] {
            assert_eq!((packed(glance), unpacked(0)), (0, None), "it is found out anew");
        }
    }
}
