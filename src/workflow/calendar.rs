//! Why a calendar keeps work from starting, and when reasons are over by the clock.

use super::blocker::Blocker;
use super::policy::PolicyName;
use crate::domain::calendar::{CalendarKind, CalendarName};
use crate::domain::identity::GroupName;
use crate::domain::intent::ZoneName;
use crate::domain::server::SiteName;
use crate::domain::time::Timestamp;
use std::time::Duration;

/// A calendar that keeps work from starting.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CalendarBlock {
    /// The calendar.
    pub name: CalendarName,
    /// What it says of its times.
    pub kind: CalendarKind,
    /// Of which sites, sorted; none of work that is on no site.
    pub sites: Vec<SiteName>,
    /// Whose clocks it goes by; `None` if that is not known.
    pub zone: Option<ZoneName>,
    /// What it says now.
    pub says: CalendarSays,
    /// Why there is such a calendar.
    pub why: String,
    /// The group that answers for it.
    pub owner: GroupName,
}

/// What a calendar says that keeps work from starting.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CalendarSays {
    /// It is one of its times, and it freezes them.
    Frozen {
        /// Since when.
        since: Timestamp,
        /// When it is over.
        until: Timestamp,
    },
    /// It is none of its windows.
    Closed {
        /// When the last one ended, if there was one.
        since: Option<Timestamp>,
        /// When the next one opens, if there is one.
        opens: Option<Timestamp>,
    },
    /// What is left of its window is too short.
    Closing {
        /// When the window ends.
        until: Timestamp,
        /// How long it takes until a server is back.
        takes: Duration,
        /// Where that is known from.
        by: TakesBy,
        /// When the next window opens, if there is one.
        opens: Option<Timestamp>,
    },
    /// It cannot be told, so it counts as frozen, or as closed.
    Untold,
}

/// Where it is known from how long something takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TakesBy {
    /// From so many runs before: 19 of 20 took at most so long.
    Runs(u32),
    /// From the time-outs of its steps.
    TimeOuts,
}

impl CalendarBlock {
    /// The policy that it comes from.
    #[must_use]
    pub const fn policy(&self) -> PolicyName {
        match self.kind {
            CalendarKind::Freeze => PolicyName::Freeze,
            CalendarKind::Window => PolicyName::Window,
        }
    }

    /// When it is over by the clock alone.
    #[must_use]
    pub const fn over_at(&self) -> Option<Timestamp> {
        match self.says {
            CalendarSays::Frozen { until, .. } => Some(until),
            CalendarSays::Closed { opens, .. } | CalendarSays::Closing { opens, .. } => opens,
            CalendarSays::Untold => None,
        }
    }

    /// Whether it says the same, of whichever sites.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.zone, &self.says) == (&other.name, &other.zone, &other.says)
            && self.sites.is_empty() == other.sites.is_empty()
    }

    /// Of the sites of another one that says the same, too.
    pub fn join(&mut self, other: Self) {
        for site in other.sites {
            if let Err(place) = self.sites.binary_search(&site) {
                self.sites.insert(place, site);
            }
        }
    }
}

impl Blocker {
    /// When it is over by the clock alone, if it is.
    #[must_use]
    pub const fn over_at(&self) -> Option<Timestamp> {
        match self {
            Self::Calendar(block) => block.over_at(),
            Self::Rate { next, .. } => Some(*next),
            Self::Frozen { until, .. } | Self::Blacklisted { until, .. } => *until,
            Self::Locked { .. }
            | Self::Concurrency { .. }
            | Self::Capacity { .. }
            | Self::NotAbsorbed { .. }
            | Self::HealthUnknown { .. }
            | Self::Contradicted { .. }
            | Self::Unseen { .. }
            | Self::Traffic { .. }
            | Self::TrafficUnknown { .. }
            | Self::Domain { .. }
            | Self::Alert { .. }
            | Self::AlertsUnknown { .. }
            | Self::NoDirectory
            | Self::Stopped { .. }
            | Self::Held { .. }
            | Self::Broken { .. }
            | Self::Soak { .. }
            | Self::Behind { .. } => None,
        }
    }
}
