//! What a decision was made on and what it said, kept so that it can be asked again and gets the same answer.
//!
//! Deliberately absent: who was asked about their people, which is no question of safety, and where this is kept.

use super::{
    Brake, Breaker, Candidate, Firing, HealthRow, Known, Ledger, Lock, Outside, Precedence, RATE_OVER, Rules,
    ServerFailure, Start, StateRow, Traffic, Verdict, absorbing, floors, infrastructure, pass, traffic,
};
use crate::domain::command::{CommandName, CommandSpec};
use crate::domain::identity::Asker;
use crate::domain::ids::{Fingerprint, RunId};
use crate::domain::intent::ZoneName;
use crate::domain::plan::PlannedServer;
use crate::domain::server::{MetroName, ProductionState, Server, ServerId, SiteFacts, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet::{Inventory, InventoryFault};
use crate::workflow::pace::Pace;
use crate::workflow::request::{Blocker, PolicyName};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What one pass looked at: of everything only what can have had a say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// When.
    pub at: Timestamp,
    /// The version of the files that were in force.
    pub files: Fingerprint,
    /// The numbers.
    pub rules: Rules,
    /// The servers asked about, everything that is counted with them, what is alike in their sites, whatever was under work anywhere, and
    /// where traffic is known whatever serves in their sites or takes over from them; and what is out in what is redundant.
    pub servers: Vec<Server>,
    /// The metros of their sites.
    pub metros: BTreeMap<SiteName, MetroName>,
    /// The time zones of the sites asked about, where calendars go by them.
    pub zones: BTreeMap<SiteName, ZoneName>,
    /// Every lock.
    pub locks: Vec<Lock>,
    /// The states of those servers, as far as they were set.
    pub states: Vec<StateRow>,
    /// The last look at the health of each.
    pub health: Vec<HealthRow>,
    /// What had started on servers in the minute before.
    pub starts: Vec<Start>,
    /// How long commands took on one server, where calendars have windows.
    pub paces: BTreeMap<CommandName, Pace>,
    /// What people had put on to stop things.
    pub brakes: Vec<Brake>,
    /// What was known of traffic in those sites, and in those that take over from them.
    pub traffic: Traffic,
    /// The alerts that fired about those servers, or why none were known.
    pub firing: Firing,
    /// The breakers that were open.
    pub breakers: Vec<Breaker>,
    /// What had failed on those servers lately.
    pub failures: Vec<ServerFailure>,
    /// Those that had waited too long, in order.
    pub before: Vec<Precedence>,
}

/// What was said of one server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// The run.
    pub run: RunId,
    /// The server, as it was planned.
    pub server: PlannedServer,
    /// By whom it was asked for.
    pub asked_by: Asker,
    /// The policies that it could pass by an override.
    pub passes: Vec<PolicyName>,
    /// The answer.
    pub said: Said,
}

/// An answer of admission, as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// It may start.
    Allow {
        /// The production state that was found.
        found: ProductionState,
        /// The failed run whose lock was taken over.
        takes_over: Option<RunId>,
        /// The policies that would have made it wait, and that it passed by an override.
        overridden: Vec<PolicyName>,
        /// The policies that would have made it wait, and were only observed.
        observed: Vec<PolicyName>,
    },
    /// Not now; everything that blocked it.
    Wait(Vec<Blocker>),
    /// Not at all.
    Deny(String),
}

/// Which of its answers admission gave.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Answered {
    /// It may start.
    Allow,
    /// Not now.
    Wait,
    /// Not at all.
    Deny,
}

impl Answered {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Wait, Self::Deny];

    /// The word in rows and in what is printed.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Wait => "wait",
            Self::Deny => "deny",
        }
    }
}

impl Said {
    /// Which answer it is.
    #[must_use]
    pub const fn answered(&self) -> Answered {
        match self {
            Self::Allow { .. } => Answered::Allow,
            Self::Wait(_) => Answered::Wait,
            Self::Deny(_) => Answered::Deny,
        }
    }

    /// The policies that made it wait.
    #[must_use]
    pub fn made_wait_by(&self) -> BTreeSet<PolicyName> {
        match self {
            Self::Wait(blockers) => blockers.iter().filter_map(Blocker::policy).collect(),
            Self::Allow { .. } | Self::Deny(_) => BTreeSet::new(),
        }
    }
}

impl From<&Verdict> for Said {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Allow(admitted) => Self::Allow {
                found: admitted.found(),
                takes_over: admitted.takes_over().cloned(),
                overridden: admitted.overridden().to_vec(),
                observed: admitted.observed().to_vec(),
            },
            Verdict::Wait(blockers) => Self::Wait(blockers.clone()),
            Verdict::Deny(why) => Self::Deny(why.clone()),
        }
    }
}

/// The answers of a pass, as they are kept.
#[must_use]
pub fn decided(said: &[(Candidate<'_>, Verdict)]) -> Vec<Decided> {
    let each = said.iter().map(|(candidate, verdict)| Decided {
        run: candidate.run.clone(),
        server: candidate.server.clone(),
        asked_by: candidate.asked_by,
        passes: candidate.passes.iter().collect(),
        said: verdict.into(),
    });
    each.collect()
}

impl Snapshot {
    /// What those servers were decided on.
    #[must_use]
    pub fn of<'a>(servers: impl IntoIterator<Item = &'a PlannedServer>, known: Known<'_>, files: &Fingerprint) -> Self {
        let asked = servers.into_iter().collect::<Vec<_>>();
        let kinds = asked.iter().map(|server| (&server.site, &server.server_type)).collect::<BTreeSet<_>>();
        let (inventory, ledger) = (known.inventory, known.ledger);
        // It is composed under the store's lock, so nothing searches the whole inventory.
        let alike = kinds.into_iter().flat_map(|(site, server_type)| {
            inventory.in_site(site).filter(move |server| server.server_type == *server_type)
        });
        let ids = asked.iter().map(|server| &server.id).chain(ledger.locks.keys());
        let records = asked.iter().filter_map(|server| inventory.by_id(&server.id)).collect::<Vec<_>>();
        let bound = absorbing::having_a_say(&records, (inventory, known.rules));
        let sites = asked.iter().map(|server| &server.site).chain(bound.iter().map(|server| &server.site));
        let (traffic, carrying) = traffic::having_a_say(sites, known);
        let members = floors::having_a_say(&records, known);
        let (out, firing) = infrastructure::having_a_say(&records, known);
        let has_a_say = ids.filter_map(|id| inventory.by_id(id)).chain(alike).chain(members).chain(carrying);
        let has_a_say = has_a_say.chain(out).chain(bound);
        let mut kept = has_a_say.map(|server| (&server.id, server)).collect::<BTreeMap<_, _>>();
        if kept.is_empty() {
            // An inventory has a server, or it is none.
            kept.extend(inventory.servers().first().map(|server| (&server.id, server)));
        }
        let places = kept.values().map(|server| &server.site).collect::<BTreeSet<_>>();
        let metros = places.into_iter().filter_map(|site| Some((site.clone(), inventory.metro(site)?.clone())));
        let has_calendars = !known.rules.calendars.is_empty();
        let sites = asked.iter().map(|server| &server.site).filter(|_| has_calendars).collect::<BTreeSet<_>>();
        let zone = |site: &SiteName| Some((site.clone(), inventory.site(site).zone?));
        let zones = sites.into_iter().filter_map(zone).collect();
        Self {
            at: known.now,
            metros: metros.collect(),
            files: files.clone(),
            rules: known.rules.clone(),
            zones,
            locks: locks_in_order(ledger),
            states: kept.keys().filter_map(|id| ledger.states.get(id)).cloned().collect(),
            health: kept.keys().filter_map(|id| ledger.health.get(id)).cloned().collect(),
            starts: ledger.starts.iter().filter(|start| known.now < start.at.plus(RATE_OVER)).cloned().collect(),
            paces: if has_calendars { BTreeMap::clone(&ledger.paces) } else { BTreeMap::new() },
            brakes: ledger.brakes.clone(),
            traffic,
            firing,
            breakers: ledger.breakers.values().cloned().collect(),
            failures: asked.iter().filter_map(|server| ledger.failures.get(&server.id)).cloned().collect(),
            before: known.before.to_vec(),
            servers: kept.into_values().cloned().collect(),
        }
    }

    /// What it is referred to by.
    #[must_use]
    pub fn id(&self) -> Fingerprint {
        Fingerprint::of(format!("{self:?}").as_bytes())
    }

    /// Asks about the same servers once more, in the same order, by the policies of this version.
    ///
    /// # Errors
    /// The servers that were kept make no inventory.
    pub fn ask_again(
        &self,
        decided: &[Decided],
        (spec, version): (&CommandSpec, Option<&str>),
    ) -> Result<Vec<Said>, InventoryFault> {
        let named = self.metros.keys().chain(self.zones.keys()).collect::<BTreeSet<_>>();
        let facts = |site: &SiteName| {
            let (metro, zone) = (self.metros.get(site).cloned(), self.zones.get(site).cloned());
            (site.clone(), SiteFacts { metro, zone, ..SiteFacts::default() })
        };
        let sites = named.into_iter().map(facts).collect();
        let inventory = Inventory::new(self.servers.clone(), self.at)?.with_places(sites, BTreeMap::new());
        let ledger = Ledger {
            locks: by_server(&self.locks, |lock| &lock.server),
            states: by_server(&self.states, |row| &row.server),
            health: by_server(&self.health, |row| &row.server),
            starts: self.starts.clone(),
            paces: Arc::new(self.paces.clone()),
            brakes: self.brakes.clone(),
            failures: by_server(&self.failures, |failure| &failure.server),
            breakers: self.breakers.iter().map(|breaker| (breaker.scope.clone(), breaker.clone())).collect(),
        };
        // A pass asks no metrics of single servers: what a wave was watched by is in the words of the decision.
        let outside = Outside { traffic: &self.traffic, firing: &self.firing, ..Outside::NOT_ASKED };
        let known = Known::new((&inventory, &self.rules), &ledger, outside, self.at).after(&self.before);
        let candidates = decided.iter().map(|one| Candidate {
            run: &one.run,
            server: &one.server,
            spec,
            version,
            asked_by: one.asked_by,
            passes: one.passes.iter().copied().collect(),
        });
        Ok(pass(candidates, known).iter().map(|(_, verdict)| verdict.into()).collect())
    }
}

/// Every lock, by server: the same is always told alike.
fn locks_in_order(ledger: &Ledger) -> Vec<Lock> {
    let mut locks = ledger.locks.values().cloned().collect::<Vec<_>>();
    locks.sort_by(|one, other| one.server.cmp(&other.server));
    locks
}

fn by_server<T: Clone, M: FromIterator<(ServerId, T)>>(rows: &[T], server: impl Fn(&T) -> &ServerId) -> M {
    rows.iter().map(|row| (server(row).clone(), row.clone())).collect()
}
