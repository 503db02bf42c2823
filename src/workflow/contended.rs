//! What requests take from each other, and for how long one has waited for it.

use super::absorbed::AbsorbLack;
use super::blocker::{Blocker, CapacityScope, LimitScope, OutServer};
use super::redundancy::RedundantGroup;
use crate::domain::ids::RequestId;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use std::collections::BTreeSet;

/// What requests take from each other: whoever works on it takes it from whoever waits for it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Contended {
    /// The server itself.
    Server(ServerName),
    /// A place among those of a scope that may be out.
    Floor(CapacityScope),
    /// A place under a limit on work at once.
    Limit(LimitScope),
    /// The turn of a domain among those of what is redundant.
    Group(RedundantGroup),
}

impl Blocker {
    /// What it waits for that others take; `None` where nobody's going first would help.
    #[must_use]
    pub fn contended(&self) -> Option<Vec<Contended>> {
        match self {
            Self::Locked { servers, .. } => Some(servers.iter().cloned().map(Contended::Server).collect()),
            Self::Concurrency { scope, .. } => Some(vec![Contended::Limit(scope.clone())]),
            Self::Rate { command, .. } => Some(vec![Contended::Limit(LimitScope::Command(command.clone()))]),
            Self::Capacity { scope, .. } => Some(vec![Contended::Floor(scope.clone())]),
            Self::NotAbsorbed { lack: AbsorbLack::Short { pool, .. }, .. } => {
                Some(vec![Contended::Floor(CapacityScope::Pool(pool.clone()))])
            }
            Self::Domain { group, .. } => Some(vec![Contended::Group(group.clone())]),
            Self::Behind { .. } => Some(Vec::new()),
            Self::NoDirectory
            | Self::NotAbsorbed { .. }
            | Self::HealthUnknown { .. }
            | Self::Contradicted { .. }
            | Self::Unseen { .. }
            | Self::Stopped { .. }
            | Self::Frozen { .. }
            | Self::Calendar(_)
            | Self::Held { .. }
            | Self::Blacklisted { .. }
            | Self::Broken { .. }
            | Self::Soak { .. }
            // Going first brings no less traffic, and ends no alert.
            | Self::Alert { .. }
            | Self::AlertsUnknown { .. }
            | Self::Traffic { .. }
            | Self::TrafficUnknown { .. } => None,
        }
    }
}

impl Blocker {
    /// Whether it is nothing but that request's own work that stands in its way: it is over when that is.
    #[must_use]
    pub fn is_own_doing(&self, own: &RequestId) -> bool {
        let is_own = |out: &OutServer| out.holder.as_ref() == Some(own);
        match self {
            Self::Locked { holder, .. } => holder == own,
            Self::Concurrency { holders, .. } => holders.iter().all(|holder| holder == own),
            Self::Capacity { out, .. } => out.iter().all(is_own),
            Self::Domain { domains, .. } => domains.iter().flat_map(|domain| &domain.out).all(is_own),
            // Nobody notes whose starts they were, and it is over within the minute.
            Self::Rate { .. } => true,
            Self::Behind { .. }
            | Self::Soak { .. }
            | Self::NoDirectory
            | Self::NotAbsorbed { .. }
            | Self::HealthUnknown { .. }
            | Self::Contradicted { .. }
            | Self::Unseen { .. }
            | Self::Stopped { .. }
            | Self::Frozen { .. }
            | Self::Calendar(_)
            | Self::Held { .. }
            | Self::Blacklisted { .. }
            | Self::Broken { .. }
            | Self::Alert { .. }
            | Self::AlertsUnknown { .. }
            | Self::Traffic { .. }
            | Self::TrafficUnknown { .. } => false,
        }
    }
}

/// How long a request has waited with nothing of it at work, and for what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Waited {
    /// Since when; `None` if it does not.
    pub since: Option<Timestamp>,
    /// Everything contended that it was told to wait for meanwhile.
    pub on: BTreeSet<Contended>,
}

impl Waited {
    /// It was looked at again, and waits for these.
    pub fn told(&mut self, at: Timestamp, blockers: &[Blocker]) {
        self.since.get_or_insert(at);
        self.on.extend(blockers.iter().filter_map(Blocker::contended).flatten());
    }
}
