//! Why a request waits.

use crate::domain::ids::RequestId;
use crate::domain::server::{PoolName, ServerName, SiteName};
use crate::domain::time::Timestamp;

/// Traffic that differs by less is no news.
const TRAFFIC_NEWS_PERCENT: u32 = 3;

/// One of the policies that say whether it is safe now, by the name that people use for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PolicyName {
    /// How many may be under work at once: on a server, a site, a command, the fleet.
    Concurrency,
    /// How many of a pool must serve.
    Capacity,
    /// How much of what is left may be used.
    Traffic,
}

impl PolicyName {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Concurrency, Self::Capacity, Self::Traffic];

    /// Its name, as people write it and as it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Concurrency => "concurrency",
            Self::Capacity => "capacity",
            Self::Traffic => "traffic",
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
    /// What would be left could not well carry what comes.
    Traffic {
        /// Where.
        scope: TrafficScope,
        /// What is too much.
        measure: TrafficMeasure,
        /// How much of it there is, in percent, rounded up.
        percent: u32,
        /// How much there may be.
        limit_percent: u32,
        /// When the oldest part of it was measured.
        seen_at: Timestamp,
        /// From when on all has been well for long enough, if it stays so; `None` while it is too much.
        clear_from: Option<Timestamp>,
    },
    /// It is not known well enough how much comes.
    TrafficUnknown {
        /// Where.
        scope: TrafficScope,
        /// Why it is not known.
        why: String,
        /// Since when, if it ever was.
        since: Option<Timestamp>,
    },
}

/// Where traffic is added up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TrafficScope {
    /// In a pool.
    Pool(PoolName),
    /// In a whole site.
    Site(SiteName),
    /// In the sites that take over what a site cannot carry.
    Absorbing {
        /// The site.
        site: SiteName,
        /// Those that take over.
        by: Vec<SiteName>,
    },
}

/// What of traffic is too much.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TrafficMeasure {
    /// Of the capacity that would be left.
    LoadAfter,
    /// Of what is usual at this hour of the week.
    OfUsual,
    /// Of what it was five minutes before.
    OfBefore,
}

/// Whether two lists of reasons say the same but for how much traffic there is just now, which changes at every look.
#[must_use]
pub fn alike(some: &[Blocker], others: &[Blocker]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(one, other)| one.is_like(other))
}

impl Blocker {
    /// The policy that it comes from; `None` where it is not known whether the people of the request still may.
    #[must_use]
    pub const fn policy(&self) -> Option<PolicyName> {
        match self {
            Self::Locked { .. } | Self::Concurrency { .. } => Some(PolicyName::Concurrency),
            Self::Capacity { .. } | Self::HealthUnknown { .. } => Some(PolicyName::Capacity),
            Self::Traffic { .. } | Self::TrafficUnknown { .. } => Some(PolicyName::Traffic),
            Self::NoDirectory => None,
        }
    }

    /// Whether it is the same reason, for the same numbers as people read them.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Traffic { scope, measure, percent, limit_percent, clear_from, .. },
                Self::Traffic {
                    scope: of, measure: by, percent: value, limit_percent: limit, clear_from: from, ..
                },
            ) => {
                let same = (scope, measure, limit_percent) == (of, by, limit);
                same && clear_from == from && percent.abs_diff(*value) < TRAFFIC_NEWS_PERCENT
            }
            (Self::TrafficUnknown { scope, .. }, Self::TrafficUnknown { scope: of, .. }) => scope == of,
            (one, other) => one == other,
        }
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
