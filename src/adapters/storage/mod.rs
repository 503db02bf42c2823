//! The stores: a model in memory that says what is meant, and SQLite, which keeps it.
//!
//! Both answer the same port and pass one conformance suite. Deliberately absent: what any of it means.

pub mod lock;
pub mod memory;
mod shapes;
pub mod sqlite;
mod standing;
#[cfg(test)]
mod tests;

/// Whether what a write relied on still holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Guard {
    /// It does, and the write was made.
    Holds,
    /// It does not: nothing of the whole operation may be written.
    Stale,
}

impl Guard {
    /// Holds if that is so.
    const fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Stale }
    }
}
