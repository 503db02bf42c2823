//! How servers stand, on one look at the store: the same for the chat and for a shell.
//!
//! Only reads. Deliberately absent: the words.

use super::world::LookedUp;
use crate::admission::calendars::{Planned, planned};
use crate::admission::traffic::Lack;
use crate::admission::{self, Brake, BrakeKind, Firing, Known, Measures, PoolCount, Traffic, WiderCount};
use crate::catalog::Catalog;
use crate::conversation::StatusView;
use crate::domain::command::{CommandName, Targets};
use crate::domain::server::{PoolName, Server};
use crate::domain::time::Timestamp;
use crate::ports::store::Store;
use crate::ports::{Rulebook, StoreFault};
use crate::workflow::request::{PolicyName, Request};
use crate::workflow::run::Run;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How servers stand.
#[derive(Clone, Debug)]
pub struct Standings {
    /// The stop of everything, if it is on.
    pub stop: Option<Brake>,
    /// What else people put on over them.
    pub brakes: Vec<Brake>,
    /// The freezes of the calendar over them that are on or come within a day.
    pub calendars: Vec<Planned>,
    /// Every pool in which one of them is, by name.
    pub pools: Vec<PoolCount>,
    /// Every wider scope with a floor in which one of them counts, the narrowest first.
    pub wider: Vec<WiderCount>,
    /// Open requests that touch one of them, with their runs.
    pub open: Vec<(Request, Vec<Run>)>,
    /// For how many of them each command is there.
    pub coverage: Vec<(CommandName, u32)>,
    /// How many they are.
    pub servers: u32,
    /// When the inventory was read.
    pub inventory_at: Timestamp,
    /// The oldest look at the health of one of them, and in which pool.
    pub health_oldest: Option<(Timestamp, PoolName)>,
    /// When the directory of people last answered; `None` where it was not asked.
    pub people_at: Option<Timestamp>,
    /// What pools carry and which alerts fire; not asked where it was not looked at.
    pub outside: LookedUp,
    /// By what servers are compared with their siblings while their wave is watched.
    pub compares: Vec<String>,
    /// The policies that are only observed.
    pub observed: Vec<PolicyName>,
    /// Where more comes than the relief to one of them; empty where that was not looked at.
    pub lacks: Vec<Lack>,
    /// Since when alerts are not taken, and why; `None` where they are, or where it was not looked at.
    pub alerts_silent: Option<(Timestamp, String)>,
    /// When all of this was looked at.
    pub now: Timestamp,
}

impl Standings {
    /// As messages look at it.
    #[must_use]
    pub fn view(&self) -> StatusView<'_> {
        let Self {
            stop,
            brakes,
            calendars,
            pools,
            wider,
            open,
            coverage,
            servers,
            inventory_at,
            health_oldest,
            people_at,
            alerts_silent,
            outside,
            compares,
            observed,
            lacks,
            now,
        } = self;
        StatusView {
            stop: stop.as_ref(),
            brakes,
            calendars,
            pools,
            wider,
            coverage,
            requests: open,
            servers: *servers,
            inventory_at: *inventory_at,
            health_oldest: health_oldest.clone(),
            people_at: *people_at,
            outside: outside.outside(),
            compares,
            observed,
            lacks,
            alerts_silent: alerts_silent.as_ref().map(|(since, why)| (*since, why.as_str())),
            now: *now,
        }
    }
}

/// How these servers stand; `is_whole` if they are the whole fleet, of which every open request is.
///
/// # Errors
/// The store does not answer.
pub async fn standings(
    store: &dyn Store,
    rulebook: &Rulebook,
    (servers, whole): (&[Server], Whole),
    now: Timestamp,
) -> Result<Standings, StoreFault> {
    let ledger = store.ledger().await?;
    let mut open = Vec::new();
    for request in store.open_requests().await? {
        let touches = whole == Whole::Fleet
            || request.plan.servers().any(|planned| servers.iter().any(|server| server.id == planned.id));
        if touches {
            let runs = store.runs(request.id()).await?;
            open.push((request, runs));
        }
    }
    let seen = |server: &Server| Some((ledger.health.get(&server.id)?.seen_at, server.pool.clone()?));
    let health_oldest = servers.iter().filter_map(seen).min();
    Ok(Standings {
        stop: ledger.stop().cloned(),
        brakes: brakes(servers, whole, (&open, rulebook.known(&ledger, now))),
        calendars: planned(servers, rulebook.known(&ledger, now)),
        pools: pools(servers, rulebook.known(&ledger, now)),
        wider: admission::count_wider(servers, rulebook.known(&ledger, now)),
        open,
        coverage: coverage(&rulebook.catalog, servers),
        servers: u32::try_from(servers.len()).unwrap_or(u32::MAX),
        inventory_at: rulebook.inventory.fetched_at(),
        health_oldest,
        people_at: None,
        outside: LookedUp {
            traffic: Arc::new(Traffic::NotAsked),
            firing: Arc::new(Firing::NotAsked),
            measures: Arc::new(Measures::NotAsked),
        },
        compares: rulebook.rules.soak.compare.iter().map(|one| one.name.clone()).collect(),
        observed: rulebook.rules.observed.clone(),
        lacks: Vec::new(),
        alerts_silent: None,
        now,
    })
}

/// What people put on over these servers and on the requests that touch them; of the whole fleet, also what covers none of it now.
fn brakes(servers: &[Server], whole: Whole, (open, known): (&[(Request, Vec<Run>)], Known<'_>)) -> Vec<Brake> {
    let requests = open.iter().map(|(request, _)| request.id()).collect::<BTreeSet<_>>();
    match whole {
        Whole::Part => admission::standing(servers, &requests, known).into_iter().cloned().collect(),
        Whole::Fleet => {
            let is_told = |brake: &&Brake| match &brake.kind {
                BrakeKind::Stop { .. } => false,
                BrakeKind::Pause { request } => requests.contains(request),
                BrakeKind::Freeze { .. } | BrakeKind::Hold { .. } | BrakeKind::Blacklist { .. } => true,
            };
            let on = known.ledger.brakes.iter().filter(|brake| brake.is_on(known.now));
            on.filter(is_told).cloned().collect()
        }
    }
}

/// Whether servers are all that there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whole {
    /// Every server.
    Fleet,
    /// Those that somebody named.
    Part,
}

/// How each pool stands in which one of these servers is, by name.
pub(super) fn pools(servers: &[Server], known: Known<'_>) -> Vec<PoolCount> {
    let pools = servers.iter().filter_map(|server| server.pool.as_ref()).collect::<BTreeSet<_>>();
    pools.into_iter().map(|pool| admission::count_pool(pool, known)).collect()
}

/// For how many of the servers each command is there.
fn coverage(catalog: &Catalog, servers: &[Server]) -> Vec<(CommandName, u32)> {
    let counts = catalog.commands().iter().filter_map(|spec| match &spec.targets {
        Targets::Servers { types, .. } => {
            let covered = servers.iter().filter(|server| types.contains(&server.server_type)).count();
            Some((spec.name.clone(), u32::try_from(covered).unwrap_or(u32::MAX)))
        }
        Targets::Sites { .. } | Targets::None => None,
    });
    counts.collect()
}
