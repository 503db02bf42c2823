//! Capacity by count: no admission lowers a pool, or a wider scope that has a floor, below its floor, or deeper below it.
//!
//! A server in repair that somebody has taken on leaves the total of its pool: it is not expected back soon, and would only use
//! up what others may take. One that its load balancer sees in service nevertheless stays in it.
//! A server on standby is not meant to serve, so it is in the total as little: the total is what is installed to serve, present
//! or not. Only positive evidence says so: seen out of rotation a moment ago, and not left behind by a run that failed there.
//!
//! A server serves if it is in production and a fresh look says so. A reserved server that still serves is subtracted
//! too, because its run will take it out. Servers that failed by themselves use up the same allowance.

use super::counts::Counts;
use super::floors::{is_in, members, out_max, scopes};
use super::ledger::{Health, HealthRow, LockStanding};
use super::{Known, absorbing};
use crate::domain::plan::{Plan, PlannedServer};
use crate::domain::server::{PoolName, ProductionState, Server};
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, CapacityScope, OutServer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a pool stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolCount {
    /// The pool.
    pub pool: PoolName,
    /// Servers in it, without those in repair and on standby.
    pub total: u32,
    /// Servers that serve now.
    pub serving: u32,
    /// Of those, servers that a run has reserved and will take out.
    pub promised: u32,
    /// Servers whose health is not known well enough.
    pub unknown: u32,
    /// The oldest look at one of those.
    pub unknown_since: Option<Timestamp>,
    /// The least that must serve.
    pub floor: u32,
    /// Servers that do not serve, and why.
    pub out: Vec<OutServer>,
    /// Servers that have left the total, and whose they are.
    pub in_repair: Vec<OutServer>,
    /// Servers on standby, which are not in the total either.
    pub on_standby: Vec<OutServer>,
}

/// How any scope stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Count {
    pub(super) total: u32,
    pub(super) serving: u32,
    pub(super) promised: u32,
    pub(super) unknown: u32,
    pub(super) unknown_since: Option<Timestamp>,
    pub(super) floor: u32,
    /// Shared by every reason that tells of them.
    pub(super) out: Arc<Vec<OutServer>>,
    pub(super) in_repair: Vec<OutServer>,
    pub(super) on_standby: Vec<OutServer>,
}

impl Count {
    /// The same with one more of those that serve promised to a run.
    pub(super) fn promise(&mut self) {
        self.promised += 1;
    }
}

/// Counts a pool from what is known now.
#[must_use]
pub fn count_pool(pool: &PoolName, known: Known<'_>) -> PoolCount {
    let count = count(&CapacityScope::Pool(pool.clone()), known);
    let Count { total, serving, promised, unknown, unknown_since, floor, out, in_repair, on_standby } = count;
    let (pool, out) = (pool.clone(), Arc::unwrap_or_clone(out));
    PoolCount { pool, total, serving, promised, unknown, unknown_since, floor, out, in_repair, on_standby }
}

/// Counts a scope from what is known now.
pub(super) fn count(scope: &CapacityScope, known: Known<'_>) -> Count {
    let (mut count, mut out) = (Count::default(), Vec::new());
    for server in members(scope, known.inventory) {
        if let Some(repaired) = has_left(server, known) {
            count.in_repair.push(repaired);
            continue;
        }
        if stands_by(server, known) {
            count.on_standby.push(told(server, ProductionState::Standby.word().to_owned(), known));
            continue;
        }
        count.total += 1;
        match standing(server, known) {
            Standing::Serves => {
                count.serving += 1;
                let lock = known.lock(server);
                count.promised += u32::from(lock.is_some_and(|lock| lock.standing.is_a_runs()));
            }
            Standing::Out(one) => out.push(one),
            Standing::Unknown(seen_at) => {
                count.unknown += 1;
                count.unknown_since = match (count.unknown_since, seen_at) {
                    (Some(oldest), Some(seen)) => Some(oldest.min(seen)),
                    (oldest, seen) => oldest.or(seen),
                };
            }
        }
    }
    count.floor = count.total - out_max(scope, count.total, known.rules).min(count.total);
    count.out = Arc::new(out);
    count
}

/// A server that does not count in the total of its pool: in repair by the word of somebody who answers for it, and not seen
/// in service. What the inventory alone calls so is nobody's yet, and stays.
fn has_left(server: &Server, known: Known<'_>) -> Option<OutServer> {
    if glance(server, known) != Glance::NotMeantTo(ProductionState::Repair) || known.ledger.is_contradicted(server) {
        return None;
    }
    let declarer = known.ledger.declarer(server)?;
    let (name, why) = (server.name.clone(), ProductionState::Repair.word().to_owned());
    Some(OutServer { name, holder: None, why, said_by: Some(declarer.name.clone()) })
}

/// Whether a server is known to stand by: what was not seen for a while may serve or be dead, and counts as any server that is out.
fn stands_by(server: &Server, known: Known<'_>) -> bool {
    let is_meant_to = glance(server, known) == Glance::NotMeantTo(ProductionState::Standby);
    let is_seen_out = || fresh_look(server, known).is_some_and(|look| look.health == Health::OutOfRotation);
    is_meant_to && !is_left_behind(server, known) && is_seen_out()
}

/// How a server counts.
pub(super) enum Standing {
    Serves,
    Out(OutServer),
    Unknown(Option<Timestamp>),
}

/// How a server counts now. One that a failed run left behind is out, whatever it answers.
pub(super) fn standing(server: &Server, known: Known<'_>) -> Standing {
    match (glance(server, known), known.lock(server)) {
        (Glance::Serves, Some(lock)) if lock.standing == LockStanding::LeftBehind => Standing::Out(OutServer {
            name: server.name.clone(),
            holder: Some(lock.run.request.clone()),
            why: "left behind by a run that failed".to_owned(),
            said_by: None,
        }),
        (Glance::Serves, _) => Standing::Serves,
        (Glance::Unknown(seen_at), _) => Standing::Unknown(seen_at),
        (Glance::NotMeantTo(state), _) => {
            let but = if known.ledger.is_contradicted(server) { ", but seen in service" } else { "" };
            Standing::Out(told(server, format!("{}{but}", state.word()), known))
        }
        (Glance::Seen(health), _) => Standing::Out(told(server, health.words().to_owned(), known)),
    }
}

/// Whether a run failed on a server and left it behind.
fn is_left_behind(server: &Server, known: Known<'_>) -> bool {
    known.lock(server).is_some_and(|lock| lock.standing == LockStanding::LeftBehind)
}

/// Whether a server counts as serving now.
pub(super) fn serves(server: &Server, known: Known<'_>) -> bool {
    glance(server, known) == Glance::Serves && !is_left_behind(server, known)
}

/// Whether a server serves as far as is known: one whose health is not known may, and so may one that is meant to be out and was
/// seen in service; one that a failed run left behind does not.
/// Only for asking whether too much comes, where what is not known must not count as nothing.
pub(super) fn may_serve(server: &Server, known: Known<'_>) -> bool {
    !is_out(server, known) && !is_left_behind(server, known)
}

/// Whether a server is known not to serve: taking it out takes nothing away. One that is meant to be out and was seen in
/// service may take something away.
pub(super) fn is_out(server: &Server, known: Known<'_>) -> bool {
    match glance(server, known) {
        Glance::NotMeantTo(_) => known.ledger.health.get(&server.id).is_none_or(|look| look.health != Health::Serving),
        Glance::Seen(_) => true,
        Glance::Serves | Glance::Unknown(_) => false,
    }
}

/// Whether a look from a moment ago shows that a server does not serve.
fn is_seen_out(server: &Server, known: Known<'_>) -> bool {
    is_out(server, known) && fresh_look(server, known).is_some()
}

fn fresh_look<'a>(server: &Server, known: Known<'a>) -> Option<&'a HealthRow> {
    let look = known.ledger.health.get(&server.id);
    look.filter(|look| look.seen_at.counts(known.now, known.rules.health_age_max))
}

/// Whether work that takes this server out takes a place of that scope: one that does not serve takes none.
pub(super) fn takes(server: &PlannedServer, scope: &CapacityScope, known: Known<'_>) -> bool {
    let record = known.inventory.by_id(&server.id);
    record.is_some_and(|record| is_in(scope, record, known.inventory) && !is_out(record, known))
}

/// How a server looks from outside: asked of whole sites under the store's lock, so it names nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Glance {
    Serves,
    NotMeantTo(ProductionState),
    Seen(Health),
    Unknown(Option<Timestamp>),
}

fn glance(server: &Server, known: Known<'_>) -> Glance {
    match known.glances.zip(known.inventory.place_of(server)) {
        Some((glances, place)) => glances.of(place, || look(server, known)),
        None => look(server, known),
    }
}

fn look(server: &Server, known: Known<'_>) -> Glance {
    let state = known.ledger.state(server);
    if state != ProductionState::Production {
        return Glance::NotMeantTo(state);
    }
    match known.ledger.health.get(&server.id) {
        None => Glance::Unknown(None),
        Some(row) if !row.seen_at.counts(known.now, known.rules.health_age_max) => Glance::Unknown(Some(row.seen_at)),
        Some(row) => match row.health {
            Health::Serving => Glance::Serves,
            health @ (Health::Failing | Health::OutOfRotation) => Glance::Seen(health),
        },
    }
}

/// A server that does not serve, with who is known to have a part in that.
fn told(server: &Server, why: String, known: Known<'_>) -> OutServer {
    let holder = known.lock(server).map(|lock| &lock.run);
    let holder = holder.or_else(|| known.ledger.states.get(&server.id).and_then(|row| row.by.run()));
    let said_by = known.ledger.declarer(server).map(|by| by.name.clone());
    OutServer { name: server.name.clone(), holder: holder.map(|run| run.request.clone()), why, said_by }
}

/// What keeps this server from being taken out now, of its pool first.
pub(super) fn blockers(server: &PlannedServer, known: Known<'_>, counts: &Counts) -> Vec<Blocker> {
    let Some(record) = known.inventory.by_id(&server.id) else { return Vec::new() };
    // The cure is never blocked by the disease: what is seen not to serve takes nothing away, whatever is not known of others.
    if is_seen_out(record, known) {
        return Vec::new();
    }
    let each = scopes(record, (known.inventory, known.rules)).into_iter();
    let blockers = each.filter_map(|scope| {
        let count = counts.capacity(&scope, || count(&scope, known));
        let is_pool = matches!(scope, CapacityScope::Pool(_));
        without(record, (scope, &count), known).or_else(|| {
            let stays = stays_without(record, &count, known);
            absorbing::in_use(record, (&count, stays), known, Some(counts))
                .filter(|_| is_pool && !is_out(record, known))
        })
    });
    let blockers = blockers.collect::<Vec<_>>();
    let is_of_one =
        |blocker: &Blocker| matches!(blocker, Blocker::Capacity { scope, total: 1, .. } if lets_out(scope, known));
    match absorbing::of_one(record, known, Some(counts)) {
        // Where it is the only one, its pool or a wider scope, what others take over stands for the floor.
        Some(rule) if blockers.iter().any(is_of_one) => {
            let left = blockers.into_iter().filter(|blocker| !is_of_one(blocker));
            left.chain(absorbing::blockers(record, rule, known, counts)).collect()
        }
        Some(_) | None => blockers,
    }
}

/// Whether a scope may have servers out at all, had it more than one.
fn lets_out(scope: &CapacityScope, known: Known<'_>) -> bool {
    out_max(scope, 2, known.rules) > 0
}

/// What keeps a server from being taken out of a scope that stands like that.
fn without(record: &Server, (scope, count): (CapacityScope, &Count), known: Known<'_>) -> Option<Blocker> {
    if count.unknown * 100 > count.total * u32::from(known.rules.unknown_max_percent) {
        let (unknown, total, since) = (count.unknown, count.total, count.unknown_since);
        return Some(Blocker::HealthUnknown { scope, unknown, total, since });
    }
    let left = count.serving.saturating_sub(count.promised);
    // Nor does one that is meant to be out and was never seen to serve, once enough is known of its scope.
    if is_out(record, known) {
        return None;
    }
    let (total, floor) = (count.total, count.floor);
    (stays_without(record, count, known) < floor).then(|| Blocker::Capacity {
        scope,
        serving: left,
        total,
        floor,
        out: Arc::clone(&count.out),
    })
}

/// How many of those that nobody has promised away stay without that server. One that is not counted as serving may well serve:
/// the others must be enough without it.
fn stays_without(record: &Server, count: &Count, known: Known<'_>) -> u32 {
    let left = count.serving.saturating_sub(count.promised);
    if serves(record, known) { left.saturating_sub(1) } else { left }
}

/// Whether nothing in which a server is counted that a run takes out, or has taken out, is below its floor without it.
pub(super) fn is_above_floors(server: &PlannedServer, known: Known<'_>, asks_traffic: bool) -> bool {
    let record = known.inventory.by_id(&server.id);
    // Without a drain before it, the server itself still serves, and will not.
    let itself = u32::from(record.is_some_and(|record| serves(record, known)));
    let scopes = match record {
        Some(record) => scopes(record, (known.inventory, known.rules)),
        None => server.pool.iter().cloned().map(CapacityScope::Pool).collect(),
    };
    let absorbed = record.and_then(|record| Some((record, absorbing::of_one(record, known, None)?)));
    let is_left_to_others =
        |scope: &CapacityScope, count: &Count| absorbed.is_some() && count.total == 1 && lets_out(scope, known);
    scopes.iter().all(|scope| {
        let count = count(scope, known);
        let stays = count.serving.saturating_sub(itself);
        let is_in_use = matches!(scope, CapacityScope::Pool(_))
            && record.is_some_and(|record| absorbing::in_use(record, (&count, stays), known, None).is_some());
        (stays >= count.floor && !is_in_use) || is_left_to_others(scope, &count)
    }) && absorbed.is_none_or(|(record, rule)| asks_traffic && absorbing::holds(record, rule, known))
}

/// What a plan does to one pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolImpact {
    /// The pool as it is now.
    pub now: PoolCount,
    /// The most servers of the plan that are out at once.
    pub out_at_once: u32,
    /// The fewest that serve while it runs.
    pub lowest: u32,
}

/// What a plan would do to each pool it touches, sorted by pool.
#[must_use]
pub fn impact(plan: &Plan, site_concurrency: Option<u32>, known: Known<'_>) -> Vec<PoolImpact> {
    let mut planned: BTreeMap<&PoolName, u32> = BTreeMap::new();
    for pool in plan.servers().filter_map(|server| server.pool.as_ref()) {
        *planned.entry(pool).or_default() += 1;
    }
    let widest = plan.parts().waves.iter().copied().max().unwrap_or(1);
    let counted = planned.into_iter().map(|(pool, servers)| {
        let now = count_pool(pool, known);
        let is_absorbed = known.inventory.in_pool(pool).any(|server| absorbing::of_one(server, known, None).is_some());
        let allowed = if is_absorbed { now.serving } else { now.serving.saturating_sub(now.floor) };
        let out_at_once = servers.min(widest).min(site_concurrency.unwrap_or(u32::MAX)).min(allowed);
        PoolImpact { lowest: now.serving.saturating_sub(out_at_once), out_at_once, now }
    });
    counted.collect()
}
