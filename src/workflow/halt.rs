//! Why a request starts no more of its servers, for good.
//!
//! Deliberately absent: reasons to wait, which pass by themselves; those are blockers.

use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;

/// Why a request starts no more servers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Halt {
    /// Since when.
    pub at: Timestamp,
    /// What ended it.
    pub cause: HaltCause,
}

/// What ends the starts of a request for good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HaltCause {
    /// So many servers had failed.
    Failures(u32),
    /// Whoever asked or agreed may not any more; why, as a sentence.
    Revoked(String),
    /// What has not started is not needed any more; why, as a sentence.
    NotNeeded(String),
    /// Servers whose runs were done are seen not to be well.
    Unwell(Unwell),
}

/// Servers of a finished wave that are seen not to be well while it is watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unwell {
    /// The first of them, by name.
    pub servers: Vec<Ailing>,
    /// How many there are.
    pub count: u32,
    /// Of how many that are watched.
    pub of: u32,
}

/// One of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ailing {
    /// The server.
    pub name: ServerName,
    /// What was seen, in words.
    pub seen: String,
    /// When; of an alert since when it fires.
    pub at: Timestamp,
}
