//! Why a request waits.

use super::absorbed::AbsorbLack;
use super::calendar::CalendarBlock;
use super::policy::PolicyName;
use super::redundancy::{AlertPlace, OutDomain, RedundantGroup};
pub use super::soak::SoakLack;
use crate::domain::breaker::BreakerScope;
use crate::domain::command::CommandName;
use crate::domain::ids::{RequestId, RunId};
use crate::domain::server::{MetroName, PoolName, ProductionState, RackName, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Traffic that differs by less is no news.
const TRAFFIC_NEWS_PERCENT: u32 = 3;
/// Traffic that goes up and down is news no more often than this: each piece of news is stored and shown.
const TRAFFIC_NEWS_EVERY: Duration = Duration::from_secs(120);

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
    /// As many servers are under work as may be.
    Concurrency {
        /// Where.
        scope: LimitScope,
        /// How many are.
        active: u32,
        /// How many may be.
        limit: u32,
        /// Who holds the places.
        holders: Vec<RequestId>,
    },
    /// The command has started on as many servers within the last minute as it may.
    Rate {
        /// The command.
        command: CommandName,
        /// On how many.
        started: u32,
        /// On how many it may.
        limit: u32,
        /// When there is room for one more.
        next: Timestamp,
    },
    /// As few serve there as must.
    Capacity {
        /// Where.
        scope: CapacityScope,
        /// In service now, less what was already promised.
        serving: u32,
        /// In all.
        total: u32,
        /// The least that must serve.
        floor: u32,
        /// Servers that are out, and why; of a wide scope many, so all reasons of one look at it share the list.
        out: Arc<Vec<OutServer>>,
    },
    /// That pool has one server, and those that are to take over cannot now, or nothing proves that they can.
    NotAbsorbed {
        /// The pool.
        pool: PoolName,
        /// What is missing for that.
        lack: AbsorbLack,
    },
    /// The directory of people does not answer, so it cannot be told whether whoever asked still may.
    NoDirectory,
    /// It is not known well enough who serves.
    HealthUnknown {
        /// Where.
        scope: CapacityScope,
        /// How many servers are not known.
        unknown: u32,
        /// In all.
        total: u32,
        /// The oldest look, if there was one.
        since: Option<Timestamp>,
    },
    /// What these servers are meant to be is not what their load balancer shows.
    Contradicted {
        /// The servers.
        servers: Vec<ServerName>,
        /// What they are meant to be.
        meant: ProductionState,
        /// Whether they are seen in service; else somebody took them out of rotation.
        serves: bool,
    },
    /// These servers are meant to serve, and their load balancer does not tell of them.
    Unseen {
        /// The servers.
        servers: Vec<ServerName>,
        /// The oldest look at one of them, if there was one.
        since: Option<Timestamp>,
    },
    /// Somebody has stopped everything.
    Stopped {
        /// Their name.
        by: String,
        /// Since when.
        since: Timestamp,
        /// Why, in their words.
        why: String,
        /// Whether nothing is given back either.
        hard: bool,
    },
    /// Somebody has frozen what it is about.
    Frozen {
        /// Where, as a selector or `everything`.
        scope: String,
        /// Their name.
        by: String,
        /// When it is over.
        until: Option<Timestamp>,
        /// Why, in their words.
        why: String,
    },
    /// It is not the time for it, by a calendar.
    Calendar(CalendarBlock),
    /// Somebody holds these servers, or the request itself.
    Held {
        /// The servers; none if it is the request.
        servers: Vec<ServerName>,
        /// Their name.
        by: String,
        /// Since when.
        since: Timestamp,
        /// Why, in their words.
        why: String,
    },
    /// It is on the blacklist.
    Blacklisted {
        /// What is, as a command and a selector.
        scope: String,
        /// Who put it there.
        by: String,
        /// When it is over.
        until: Option<Timestamp>,
        /// Why, in their words.
        why: String,
    },
    /// Too many runs of the same have failed.
    Broken {
        /// Of which.
        scope: BreakerScope,
        /// How many failed.
        failures: u32,
        /// Of how many.
        of: u32,
        /// Since when nothing more of it starts.
        since: Timestamp,
        /// Servers of the newest that failed.
        examples: Vec<ServerName>,
        /// What has to happen first.
        until: BrokenUntil,
    },
    /// The wave before is not known to be well, so the next one does not open.
    Soak {
        /// Servers of it.
        servers: Vec<ServerName>,
        /// What is not known of them, or speaks against them without proving anything.
        lacks: SoakLack,
        /// Since when, if that is known.
        since: Option<Timestamp>,
    },
    /// Another request has waited too long for the same, and goes first.
    Behind {
        /// It.
        request: RequestId,
        /// Since when it waits.
        since: Timestamp,
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
        /// The pools of which nothing is left, and a part of whose traffic counts in it.
        brought: Vec<PoolName>,
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
    /// Other parts of what is redundant have servers out already.
    Domain {
        /// What is redundant.
        group: RedundantGroup,
        /// The other domains that have servers out, with these servers.
        domains: Vec<OutDomain>,
        /// How many domains may have servers out at once.
        at_once: u32,
        /// Since when the first of those servers is known to be out.
        since: Option<Timestamp>,
    },
    /// The monitoring says that something is wrong there.
    Alert {
        /// The alert's name.
        name: String,
        /// Where.
        place: AlertPlace,
        /// Since when.
        since: Timestamp,
    },
    /// It is not known what the monitoring says.
    AlertsUnknown {
        /// Why it is not known.
        why: String,
        /// Since when, if it ever was.
        since: Option<Timestamp>,
    },
}

/// What an open breaker waits for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum BrokenUntil {
    /// Its cool-down, until then; after it one canary may start.
    CoolDown(Timestamp),
    /// The end of its canary.
    Canary(RunId),
    /// Its canary is watched until then.
    Soak(Timestamp),
    /// A person's word.
    Person,
}

/// Where the servers that serve are counted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CapacityScope {
    /// In a pool.
    Pool(PoolName),
    /// Those of one type in one site.
    TypeInSite(ServerType, SiteName),
    /// In a whole site.
    Site(SiteName),
    /// In the sites of a metro.
    Metro(MetroName),
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
    /// What usually comes in the hours ahead, with headroom, of the capacity that would be left.
    Ahead,
}

/// Whether reasons say the same as those that were told before but for how much traffic there is just now, which changes
/// at every look.
#[must_use]
pub fn alike(now: &[Blocker], told: &[Blocker]) -> bool {
    now.len() == told.len() && now.iter().zip(told).all(|(one, told)| one.is_like(told))
}

impl Blocker {
    /// The policy that it comes from; `None` of a turn, of a wave that is watched, and where it is not known whether the people of the request still may.
    #[must_use]
    pub const fn policy(&self) -> Option<PolicyName> {
        match self {
            Self::Locked { .. } | Self::Concurrency { .. } | Self::Rate { .. } => Some(PolicyName::Concurrency),
            Self::Capacity { .. } | Self::NotAbsorbed { .. } | Self::HealthUnknown { .. } => Some(PolicyName::Capacity),
            Self::Contradicted { .. } | Self::Unseen { .. } => Some(PolicyName::ProductionState),
            Self::Traffic { .. } | Self::TrafficUnknown { .. } => Some(PolicyName::Traffic),
            Self::Domain { .. } | Self::Alert { .. } | Self::AlertsUnknown { .. } => Some(PolicyName::Infrastructure),
            Self::Broken { .. } => Some(PolicyName::FailureRate),
            Self::Stopped { .. } => Some(PolicyName::Stop),
            Self::Frozen { .. } => Some(PolicyName::Freeze),
            Self::Calendar(block) => Some(block.policy()),
            Self::Held { .. } => Some(PolicyName::Hold),
            Self::Blacklisted { .. } => Some(PolicyName::Blacklist),
            Self::NoDirectory | Self::Behind { .. } | Self::Soak { .. } => None,
        }
    }

    /// Whether it stays until a person takes it off.
    #[must_use]
    pub const fn waits_for_a_person(&self) -> bool {
        matches!(self, Self::Stopped { .. } | Self::Held { .. })
    }

    /// Whether it comes from what is looked up outside: a shell does not look there.
    #[must_use]
    pub const fn is_looked_up(&self) -> bool {
        matches!(
            self,
            Self::Traffic { .. }
                | Self::TrafficUnknown { .. }
                | Self::Alert { .. }
                | Self::AlertsUnknown { .. }
                | Self::NotAbsorbed { lack: AbsorbLack::NotMeasured, .. }
                | Self::Soak { lacks: SoakLack::Alert(_) | SoakLack::Alerts(_) | SoakLack::Measure { .. }, .. }
        )
    }
}

/// What a limit on work at once counts over.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LimitScope {
    /// Every server, whatever is done to it.
    Fleet,
    /// The servers on which that command works.
    Command(CommandName),
    /// The servers of the site on which the request's command works.
    Site(SiteName),
    /// The servers of one type in one site, whatever is done to them.
    TypeInSite(ServerType, SiteName),
    /// The servers of one rack, whatever is done to them.
    Rack(RackName),
}

impl Blocker {
    /// The policy whose override lets servers pass this; `None` for what nobody can override, such as the lock on a
    /// server, whatever policy it comes from.
    #[must_use]
    pub fn overridable(&self) -> Option<PolicyName> {
        let can_pass = match self {
            Self::Concurrency { .. }
            | Self::Rate { .. }
            | Self::Capacity { .. }
            | Self::NotAbsorbed { .. }
            | Self::HealthUnknown { .. }
            | Self::Unseen { .. }
            | Self::Traffic { .. }
            | Self::TrafficUnknown { .. }
            | Self::Domain { .. }
            | Self::Alert { .. }
            | Self::AlertsUnknown { .. }
            // Of calendars the windows, which their policy tells.
            | Self::Calendar(_) => true,
            Self::Locked { .. }
            // Nobody can say what such a server takes with it.
            | Self::Contradicted { .. }
            | Self::NoDirectory
            | Self::Stopped { .. }
            | Self::Frozen { .. }
            | Self::Held { .. }
            | Self::Blacklisted { .. }
            | Self::Broken { .. }
            // A new request for what is left begins with a canary of its own.
            | Self::Soak { .. }
            | Self::Behind { .. } => false,
        };
        self.policy().filter(|policy| can_pass && policy.can_be_overridden())
    }

    /// The policy that may be only observed as far as this goes: those that can be overridden, and breakers.
    #[must_use]
    pub fn observable(&self) -> Option<PolicyName> {
        match self {
            Self::Broken { .. } => Some(PolicyName::FailureRate),
            Self::Locked { .. }
            | Self::Concurrency { .. }
            | Self::Rate { .. }
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
            | Self::Frozen { .. }
            | Self::Calendar(_)
            | Self::Held { .. }
            | Self::Blacklisted { .. }
            | Self::Soak { .. }
            | Self::Behind { .. } => self.overridable(),
        }
    }

    /// Whether it is the same reason as one that was told before, for the same numbers as people read them or so soon
    /// after it that other numbers are no news.
    fn is_like(&self, told: &Self) -> bool {
        match (self, told) {
            (
                Self::Traffic { scope, measure, percent, limit_percent, brought, seen_at, clear_from },
                Self::Traffic {
                    scope: of,
                    measure: by,
                    percent: value,
                    limit_percent: limit,
                    brought: from_there,
                    seen_at: seen,
                    clear_from: from,
                },
            ) => {
                let is_close = (limit_percent, brought, clear_from) == (limit, from_there, from)
                    && percent.abs_diff(*value) < TRAFFIC_NEWS_PERCENT;
                (scope, measure) == (of, by) && (is_close || seen_at.since(*seen) < TRAFFIC_NEWS_EVERY)
            }
            (Self::TrafficUnknown { scope, .. }, Self::TrafficUnknown { scope: of, .. }) => scope == of,
            (Self::AlertsUnknown { .. }, Self::AlertsUnknown { .. }) => true,
            // Since when nobody looks, and in which words others are silent, is no other reason.
            (Self::Soak { servers, lacks, .. }, Self::Soak { servers: names, lacks: told, .. }) => {
                let is_same = match (lacks, told) {
                    (SoakLack::Alerts(_), SoakLack::Alerts(_)) => true,
                    (SoakLack::Measure { of, .. }, SoakLack::Measure { of: by, .. }) => of == by,
                    (one, other) => one == other,
                };
                servers == names && is_same
            }
            // Each start makes another number and another time of it.
            (Self::Rate { command, limit, .. }, Self::Rate { command: of, limit: at_most, .. }) => {
                (command, limit) == (of, at_most)
            }
            // What becomes of the servers that are out there is told on their own cards.
            (Self::Domain { group, domains, .. }, Self::Domain { group: of, domains: told, .. }) => {
                let names =
                    |domains: &[OutDomain]| domains.iter().map(|domain| domain.name.clone()).collect::<Vec<_>>();
                group == of && names(domains) == names(told)
            }
            // Of a wide scope many are out, and others every moment: what matters is how many serve.
            (
                Self::Capacity { scope, serving, total, floor, .. },
                Self::Capacity { scope: of, serving: serve, total: all, floor: least, .. },
            ) if !matches!(scope, CapacityScope::Pool(_)) => (scope, serving, total, floor) == (of, serve, all, least),
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
    /// The name of the person by whose word it is.
    pub said_by: Option<String>,
}
