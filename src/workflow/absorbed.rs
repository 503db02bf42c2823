//! What is missing for others to take over what a pool of one server carries.

use crate::domain::server::PoolName;
use crate::domain::time::Timestamp;

/// Why it is not so that others carry what a pool of one carries while that is out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AbsorbLack {
    /// No pool of its type is where it is taken over.
    Nobody,
    /// A pool that takes over has as many out as it may, or more.
    Short {
        /// That pool.
        pool: PoolName,
        /// In service now, less what was already promised.
        serving: u32,
        /// In all.
        total: u32,
        /// The least that must serve.
        floor: u32,
    },
    /// It is out already, and without one more that pool, which takes over from it, would be at its own floor.
    InUse {
        /// The pool that takes over.
        pool: PoolName,
        /// In service now, less what was already promised.
        serving: u32,
        /// In all.
        total: u32,
        /// The least that must serve; while it takes over, one more.
        floor: u32,
    },
    /// It is not known well enough who serves in a pool that takes over.
    Unknown {
        /// That pool.
        pool: PoolName,
        /// How many servers are not known.
        unknown: u32,
        /// In all.
        total: u32,
        /// The oldest look, if there was one.
        since: Option<Timestamp>,
    },
    /// Nothing measures what it carries, so nothing proves that others can.
    NotMeasured,
    /// Traffic is only observed, so nothing holds work back where others cannot.
    OnlyObserved,
}
