//! Is it safe now? Policies over what is known of the fleet; each answers for one server, all are asked.
//!
//! Deliberately absent: looking (the watcher's) and reserving (the store's). What is not known well enough waits.

mod capacity;
mod concurrency;
mod file;
mod ledger;
mod rehearsal;
#[cfg(test)]
mod tests;
pub mod traffic;
mod waves;

pub use capacity::{PoolCount, PoolImpact, count_pool, impact};
pub use file::{AdmissionFileFault, admission_rules};
pub use ledger::{Health, HealthRow, Ledger, Lock, LockStanding, StateRow};
pub use rehearsal::{Rehearsal, left_out, rehearse};
pub use traffic::{Traffic, TrafficRules};
pub use waves::{NextWave, next_wave, wave_sizes};

use crate::domain::command::{CommandSpec, Targets};
use crate::domain::ids::RunId;
use crate::domain::plan::PlannedServer;
use crate::domain::server::ProductionState;
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::workflow::request::Blocker;
use std::time::Duration;

/// The numbers that policies use, from `policies/admission.yaml`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// At most this share of a pool may be out at once, rounded down, but one where there are two.
    pub pool_out_max_percent: u8,
    /// A look at a server's health older than this counts as not known.
    pub health_age_max: Duration,
    /// With a larger share of a pool not known, everything in it waits.
    pub unknown_max_percent: u8,
    /// The most servers under work at once in the whole fleet.
    pub fleet_concurrency: u32,
    /// How much traffic is too much.
    pub traffic: TrafficRules,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            pool_out_max_percent: 10,
            health_age_max: Duration::from_secs(120),
            unknown_max_percent: 10,
            fleet_concurrency: 200,
            traffic: TrafficRules::default(),
        }
    }
}

/// A server that a run would start on.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The server.
    pub server: &'a PlannedServer,
    /// The command.
    pub spec: &'a CommandSpec,
}

/// What is known, and what is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Every server.
    pub inventory: &'a Inventory,
    /// Locks, states and health.
    pub ledger: &'a Ledger,
    /// The numbers.
    pub rules: &'a Rules,
    /// What pools carry; whoever admits says so by [`Known::with_traffic`].
    pub traffic: &'a Traffic,
    /// The time.
    pub now: Timestamp,
}

impl<'a> Known<'a> {
    /// The same with what is known of traffic.
    #[must_use]
    pub fn with_traffic(self, traffic: &'a Traffic) -> Self {
        Self { traffic, ..self }
    }
}

/// What admission says about one server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may start.
    Allow(Admitted),
    /// Not now; everything that blocks it.
    Wait(Vec<Blocker>),
    /// Not at all: the server is not what was planned.
    Deny(String),
}

/// Proof that a server may be worked on now. Only this module makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admitted {
    run: RunId,
    found: ProductionState,
    takes_over: Option<RunId>,
}

impl Admitted {
    /// The run that may start.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The production state that the server is in, and goes back to.
    #[must_use]
    pub fn found(&self) -> ProductionState {
        self.found
    }

    /// The failed run whose lock on the server is taken over.
    #[must_use]
    pub fn takes_over(&self) -> Option<&RunId> {
        self.takes_over.as_ref()
    }
}

/// Asks every policy about one server; the worst answer wins, and every reason is told.
#[must_use]
pub fn evaluate(candidate: Candidate<'_>, known: Known<'_>) -> Verdict {
    let server = candidate.server;
    if let Some(why) = never(server, candidate.spec, known) {
        return Verdict::Deny(why);
    }
    let mut blockers = Vec::new();
    let lock = known.ledger.lock(&server.id);
    let takes_over = match lock {
        Some(lock) if lock.standing == LockStanding::Working => {
            blockers.push(Blocker::Locked {
                servers: vec![server.name.clone()],
                holder: lock.run.request.clone(),
                since: lock.since,
            });
            None
        }
        // A person's new request takes a server over from a run that failed on it; that is recorded.
        Some(lock) => Some(lock.run.clone()),
        None => None,
    };
    blockers.extend(concurrency::blocker(candidate, known));
    if candidate.spec.takes_capacity() {
        blockers.extend(capacity::blocker(server, known));
        blockers.extend(traffic::blockers(server, known));
    }
    if blockers.is_empty() {
        let found = found(server, known);
        Verdict::Allow(Admitted { run: candidate.run.clone(), found, takes_over })
    } else {
        Verdict::Wait(blockers)
    }
}

/// Why a server may not be worked on at all: it is not what was planned, or not in a state that the command allows.
/// While another run works on it its state says nothing yet.
fn never(server: &PlannedServer, spec: &CommandSpec, known: Known<'_>) -> Option<String> {
    let Some(record) = known.inventory.by_id(&server.id) else {
        return Some("it is not in the inventory any more".into());
    };
    let same = record.name == server.name && record.site == server.site && record.pool == server.pool;
    if !same || record.server_type != server.server_type {
        return Some("the inventory has changed its name, type, site or pool".into());
    }
    let is_worked_on = known.ledger.lock(&server.id).is_some_and(|lock| lock.standing == LockStanding::Working);
    match &spec.targets {
        Targets::Servers { from, .. } if !is_worked_on && !from.contains(&found(server, known)) => {
            Some(format!("it is in {}", state(server, known).word()))
        }
        Targets::Servers { .. } | Targets::Sites { .. } | Targets::None => None,
    }
}

/// A planned server's production state now.
fn state(server: &PlannedServer, known: Known<'_>) -> ProductionState {
    known.inventory.by_id(&server.id).map_or(ProductionState::Maintenance, |record| known.ledger.state(record))
}

/// The state that a run on it would find, and go back to.
fn found(server: &PlannedServer, known: Known<'_>) -> ProductionState {
    let left_behind = known.ledger.lock(&server.id).is_some_and(|lock| lock.standing == LockStanding::LeftBehind);
    settled(state(server, known), left_behind)
}

/// A failed run may leave a server half-way; it counts as out until somebody takes it over.
fn settled(state: ProductionState, left_behind: bool) -> ProductionState {
    let is_half_way = matches!(state, ProductionState::Draining | ProductionState::Undraining);
    if is_half_way && left_behind { ProductionState::Drained } else { state }
}

/// Whether a run that takes, or has taken, its server out may go on: its pool is not below its floor without it.
///
/// # Errors
/// Why not, in words.
pub fn still_safe(server: &PlannedServer, known: Known<'_>) -> Result<(), String> {
    let Some(pool) = &server.pool else { return Ok(()) };
    let count = count_pool(pool, known);
    // Without a drain before it, the server itself still serves, and will not.
    let itself = known.inventory.by_id(&server.id).is_some_and(|record| capacity::serves(record, known));
    let serving = count.serving.saturating_sub(u32::from(itself));
    if serving >= count.floor {
        return Ok(());
    }
    Err(format!("{pool} has {serving} of {} in service, floor {}", count.total, count.floor))
}

/// One blocker for each thing that blocks, with the servers it blocks together; longest-lasting first.
#[must_use]
pub fn merged(blockers: Vec<Blocker>) -> Vec<Blocker> {
    let mut merged: Vec<Blocker> = Vec::new();
    for blocker in blockers {
        if let Blocker::Locked { servers, holder, since } = &blocker {
            let same = merged.iter_mut().find_map(|earlier| match earlier {
                Blocker::Locked { servers, holder: held, since: from } if held == holder => Some((servers, from)),
                Blocker::Locked { .. }
                | Blocker::Concurrency { .. }
                | Blocker::Capacity { .. }
                | Blocker::Traffic { .. }
                | Blocker::TrafficUnknown { .. }
                | Blocker::NoDirectory
                | Blocker::HealthUnknown { .. } => None,
            });
            if let Some((earlier, from)) = same {
                earlier.extend(servers.iter().cloned());
                *from = (*from).min(*since);
                continue;
            }
        }
        if !merged.contains(&blocker) {
            merged.push(blocker);
        }
    }
    merged.sort_by_key(|blocker| match blocker {
        Blocker::Capacity { .. } => 0,
        Blocker::HealthUnknown { .. } => 1,
        Blocker::Traffic { .. } => 2,
        Blocker::TrafficUnknown { .. } => 3,
        Blocker::Locked { .. } => 4,
        Blocker::Concurrency { .. } => 5,
        Blocker::NoDirectory => 6,
    });
    merged
}
