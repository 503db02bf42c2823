//! Why a request waits.

use crate::domain::ids::RequestId;
use crate::domain::server::{PoolName, ServerName, SiteName};
use crate::domain::time::Timestamp;

/// One of the policies that say whether it is safe now, by the name that people use for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PolicyName {
    /// How many may be under work at once: on a server, a site, a command, the fleet.
    Concurrency,
    /// How many of a pool must serve.
    Capacity,
}

impl PolicyName {
    /// Every policy.
    pub const ALL: [Self; 2] = [Self::Concurrency, Self::Capacity];

    /// Those that an override can let servers pass; whatever is not named here never can be.
    pub const OVERRIDABLE: [Self; 2] = [Self::Concurrency, Self::Capacity];

    /// Whether an override can let servers pass it.
    #[must_use]
    pub fn can_be_overridden(self) -> bool {
        Self::OVERRIDABLE.contains(&self)
    }

    /// Its name, as people write it and as it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Concurrency => "concurrency",
            Self::Capacity => "capacity",
        }
    }
}

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

impl Blocker {
    /// The policy that it comes from; `None` where it is not known whether the people of the request still may.
    #[must_use]
    pub const fn policy(&self) -> Option<PolicyName> {
        match self {
            Self::Locked { .. } | Self::Concurrency { .. } => Some(PolicyName::Concurrency),
            Self::Capacity { .. } | Self::HealthUnknown { .. } => Some(PolicyName::Capacity),
            Self::NoDirectory => None,
        }
    }
}

impl Blocker {
    /// The policy whose override lets servers pass this; `None` for what nobody can override, such as the lock on a
    /// server, whatever policy it comes from.
    #[must_use]
    pub fn overridable(&self) -> Option<PolicyName> {
        let can_pass = matches!(self, Self::Concurrency { .. } | Self::Capacity { .. } | Self::HealthUnknown { .. });
        self.policy().filter(|policy| can_pass && policy.can_be_overridden())
    }
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
