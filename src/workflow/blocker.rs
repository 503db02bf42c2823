//! Why a request waits.

use crate::domain::ids::RequestId;
use crate::domain::server::{PoolName, ServerName, SiteName};
use crate::domain::time::Timestamp;

/// One reason why a request waits: what, how much, whose, and what would unblock it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Blocker {
    /// Another run works on these servers.
    Locked {
        /// The servers.
        servers: Vec<ServerName>,
        /// The request that holds them.
        holder: RequestId,
        /// Since when.
        since: Timestamp,
    },
    /// As many servers of the site are under work as may be.
    Concurrency {
        /// The site.
        site: SiteName,
        /// How many are.
        active: u32,
        /// How many may be.
        limit: u32,
        /// Who holds the places.
        holders: Vec<RequestId>,
    },
    /// The pool is at its floor.
    Capacity {
        /// The pool.
        pool: PoolName,
        /// In service now, less what was already promised.
        serving: u32,
        /// In the pool.
        total: u32,
        /// The least that must serve.
        floor: u32,
        /// Servers that are out, and why.
        out: Vec<OutServer>,
    },
    /// The directory of people does not answer, so it cannot be told whether whoever asked still may.
    NoDirectory,
    /// It is not known well enough who serves.
    HealthUnknown {
        /// The pool.
        pool: PoolName,
        /// How many servers are not known.
        unknown: u32,
        /// In the pool.
        total: u32,
        /// The oldest look, if there was one.
        since: Option<Timestamp>,
    },
}

/// A server that does not serve.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct OutServer {
    /// The server.
    pub name: ServerName,
    /// The request that took it out, if one did.
    pub holder: Option<RequestId>,
    /// What is known: its production state, or that it does not answer.
    pub why: String,
}
