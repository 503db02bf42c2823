//! Which servers on standby would carry what is too much: where more comes than the relief of a pool or its site, as many as
//! bring the load down to where work may go on again; all of them where that is not enough.
//!
//! What is not known well enough asks for nothing: neither a pool whose traffic is not known, nor a server that was not seen
//! out of rotation a moment ago. Deliberately absent: who puts them into production, and whether they may.

use super::{Figure, Place, RISE_STEPS, Snapshot, Traffic, looked_back, own_scopes, percent, share};
use crate::admission::ledger::{Health, LockStanding};
use crate::admission::{Known, blacklist, breakers, capacity, holds, infrastructure};
use crate::domain::command::{CommandSpec, Targets};
use crate::domain::ids::RequestId;
use crate::domain::server::{PoolName, ProductionState, Server, ServerId, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::request::TrafficScope;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A pool whose servers on standby are missed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shortage {
    /// The pool.
    pub pool: PoolName,
    /// Where too much comes: to the pool, or to its whole site.
    pub scope: TrafficScope,
    /// How much of what serves there that is, in percent, rounded up; `None` where nothing serves.
    pub percent: Option<u32>,
    /// How much it may be at most.
    pub limit_percent: u32,
    /// When the oldest part of it was measured.
    pub seen_at: Timestamp,
    /// The servers that would help; at least one, sorted by name.
    pub servers: Vec<Server>,
}

/// What is left alone, because it was asked about already.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spared {
    /// Pools.
    pub pools: BTreeSet<PoolName>,
    /// Servers.
    pub servers: BTreeSet<ServerId>,
    /// Servers that requests are about to put into production, each with its request: they count as if they served.
    pub coming: BTreeMap<ServerId, RequestId>,
}

/// Every pool whose servers on standby are missed, with those that this command could put into production; sorted by pool.
#[must_use]
pub fn shortages(spec: &CommandSpec, spared: &Spared, known: Known<'_>) -> Vec<Shortage> {
    let (Traffic::Seen(snapshot), Targets::Servers { max, .. }) = (known.outside.traffic, &spec.targets) else {
        return Vec::new();
    };
    let mut reserves = Reserves::of(snapshot, (spec, spared), known);
    let mut short = BTreeMap::new();
    for pool in snapshot.pools.keys().filter(|pool| !spared.pools.contains(*pool)) {
        reserves.relieve_pool(pool, &mut short);
    }
    let sites = known.inventory.distinct(|server| server.pool.is_some().then_some(&server.site));
    for site in sites {
        if !reserves.is_spared_in(site, spared) {
            reserves.relieve_site(site, &mut short);
        }
    }
    let fitting = short.into_values().map(|mut shortage: Shortage| {
        shortage.servers.truncate(usize::try_from(*max).unwrap_or(usize::MAX));
        shortage.servers.sort_by(|one, other| one.name.cmp(&other.name));
        shortage
    });
    fitting.filter(|shortage| !shortage.servers.is_empty()).collect()
}

/// The servers on standby that are not called for yet, by pool, the last one first.
struct Reserves<'a> {
    place: Place<'a>,
    left: BTreeMap<PoolName, Vec<&'a Server>>,
    coming: &'a BTreeMap<ServerId, RequestId>,
}

impl<'a> Reserves<'a> {
    fn of(snapshot: &'a Snapshot, (spec, spared): (&CommandSpec, &'a Spared), known: Known<'a>) -> Self {
        let mut left: BTreeMap<PoolName, Vec<&Server>> = BTreeMap::new();
        let is_spared = |id: &ServerId| spared.servers.contains(id) || spared.coming.contains_key(id);
        let helps = |server: &&Server| !is_spared(&server.id) && stands_by(server, spec, known);
        for server in known.inventory.servers().iter().filter(helps) {
            if let Some(pool) = &server.pool {
                left.entry(pool.clone()).or_default().push(server);
            }
        }
        left.values_mut().for_each(|servers| servers.sort_by(|one, other| other.name.cmp(&one.name)));
        Self { place: Place { snapshot, known }, left, coming: &spared.coming }
    }

    fn is_spared_in(&self, site: &SiteName, spared: &Spared) -> bool {
        let mut pools = self.place.known.inventory.in_site(site).filter_map(|server| server.pool.as_ref());
        pools.any(|pool| spared.pools.contains(pool))
    }

    /// What comes there over what may serve now, so that only too much for certain counts; `None` if it is not known.
    fn figure(&self, scope: &TrafficScope) -> Option<Figure> {
        let known = self.place.known;
        self.place.figure(scope, &|server: &Server| capacity::may_serve(server, known)).ok()
    }

    /// The same as it will be: what comes serves as well.
    fn figure_soon(&self, scope: &TrafficScope) -> Option<Figure> {
        let known = self.place.known;
        let soon = |server: &Server| {
            self.coming.contains_key(&server.id) || is_there_unseen(server, known) || capacity::may_serve(server, known)
        };
        self.place.figure(scope, &soon).ok()
    }

    /// Both, where too much comes even so: what is told is how it is now, and what is called for is missed then.
    fn too_much(&self, scope: &TrafficScope) -> Option<(Figure, Figure)> {
        let now = self.figure(scope).filter(|figure| self.is_too_much(figure))?;
        Some((now, self.figure_soon(scope).filter(|figure| self.is_too_much(figure))?))
    }

    fn is_too_much(&self, figure: &Figure) -> bool {
        figure.load(figure.units) > share(self.place.known.rules.traffic.relief_percent)
    }

    fn units(&self, server: &Server) -> f64 {
        self.place.known.rules.traffic.units(server).map_or(0.0, f64::from)
    }

    fn relieve_pool(&mut self, pool: &PoolName, short: &mut BTreeMap<PoolName, Shortage>) {
        let scope = TrafficScope::Pool(pool.clone());
        let Some((now, mut figure)) = self.too_much(&scope) else { return };
        let told = self.told(pool, &now);
        let servers = self.call(pool, &mut figure);
        short.insert(pool.clone(), Shortage { servers, ..told });
    }

    /// A site can have too much although what its pools called for would do for each: then the others help, the one that
    /// carries most for its size first.
    fn relieve_site(&mut self, site: &SiteName, short: &mut BTreeMap<PoolName, Shortage>) {
        let scope = TrafficScope::Site(site.clone());
        let Some((now, mut figure)) = self.too_much(&scope) else { return };
        let pools = self.pools_by_load(site);
        let called = pools.iter().filter_map(|pool| short.get(pool)).flat_map(|shortage| &shortage.servers);
        figure.left += called.map(|server| self.units(server)).sum::<f64>();
        if !self.is_too_much(&figure) {
            return;
        }
        for pool in pools {
            let told = self.told(&pool, &now);
            let servers = self.call(&pool, &mut figure);
            short.entry(pool).or_insert(told).servers.extend(servers);
        }
    }

    fn pools_by_load(&self, site: &SiteName) -> Vec<PoolName> {
        let pools = self.place.known.inventory.in_site(site).filter_map(|server| server.pool.clone());
        let mut pools = pools.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        let load = |pool: &PoolName| self.figure(&TrafficScope::Pool(pool.clone())).map(|one| one.load(one.units));
        pools.sort_by_key(|pool| Reverse(load(pool).map(percent)));
        pools
    }

    /// Takes as many of the pool's as are needed there.
    fn call(&mut self, pool: &PoolName, figure: &mut Figure) -> Vec<Server> {
        let enough = share(self.place.known.rules.traffic.resume_percent);
        let mut called = Vec::new();
        while figure.load(figure.units) > enough
            && let Some(server) = self.left.get_mut(pool).and_then(Vec::pop)
        {
            figure.left += self.units(server);
            called.push(server.clone());
        }
        called
    }

    /// What is too much there, before anything helps.
    fn told(&self, pool: &PoolName, figure: &Figure) -> Shortage {
        Shortage {
            pool: pool.clone(),
            scope: figure.scope.clone(),
            percent: of_what_serves(figure.load(figure.units)),
            limit_percent: self.place.known.rules.traffic.relief_percent,
            seen_at: figure.seen_at,
            servers: Vec::new(),
        }
    }
}

pub(super) fn of_what_serves(load: f64) -> Option<u32> {
    load.is_finite().then(|| percent(load))
}

/// Whether a server was put into production after it was last looked at: its run saw it there, and the next look will.
fn is_there_unseen(server: &Server, known: Known<'_>) -> bool {
    let put = known.ledger.states.get(&server.id).filter(|row| row.state == ProductionState::Production);
    let look = known.ledger.health.get(&server.id);
    let is_left_behind = known.ledger.lock(&server.id).is_some_and(|lock| lock.standing == LockStanding::LeftBehind);
    !is_left_behind && put.zip(look).is_some_and(|(put, look)| look.seen_at < put.since)
}

/// Whether that command could put the server from standby into production, as far as is known of it alone: it was seen out of
/// rotation a moment ago, nobody works on it or keeps it, no failure keeps automations off it, and no alert about it fires.
fn stands_by(server: &Server, spec: &CommandSpec, known: Known<'_>) -> bool {
    let Targets::Servers { types, from, .. } = &spec.targets else { return false };
    let ledger = known.ledger;
    let look = ledger.health.get(&server.id).filter(|look| look.health == Health::OutOfRotation);
    types.contains(&server.server_type)
        && from.contains(&ProductionState::Standby)
        && ledger.state(server) == ProductionState::Standby
        && known.rules.traffic.units(server).is_ok_and(|units| units > 0)
        && look.is_some_and(|look| look.seen_at.counts(known.now, known.rules.health_age_max))
        && ledger.lock(&server.id).is_none()
        && !holds::keeps(&server.id, &ledger.brakes, known.now)
        && !blacklist::covers(server, spec, known)
        && !breakers::keeps_automations_off(server, known)
        && !infrastructure::is_told_of(server, known)
}

/// Whether a pool could do without those servers of it again: for long enough its load, and that of its site, was low, and what
/// would be left without them would have carried all of that.
#[must_use]
pub fn is_calm_without(pool: &PoolName, servers: &BTreeSet<ServerId>, known: Known<'_>) -> bool {
    let rules = &known.rules.traffic;
    let (Traffic::Seen(snapshot), Some(standby)) = (known.outside.traffic, &rules.standby) else { return false };
    let Some(member) = known.inventory.in_pool(pool).next() else { return false };
    let place = Place { snapshot, known };
    let serves = |server: &Server| capacity::serves(server, known);
    let stays = |server: &Server| !servers.contains(&server.id) && serves(server);
    own_scopes(member).iter().all(|scope| {
        let (Ok(now), Ok(left)) = (place.figure(scope, &serves), place.figure(scope, &stays)) else { return false };
        let since = known.now.minus(standby.calm_for);
        let is_known_since = now.before.first().is_some_and(|(at, _)| *at <= since);
        let is_low = |units: f64| {
            now.load(units) < share(standby.calm_percent) && left.load(units) <= share(rules.resume_percent)
        };
        // What nobody measured was not low.
        let after = |(at, _): &(Timestamp, f64)| *at >= since;
        let begin = now.before.iter().map(|(at, _)| *at).filter(|at| *at <= since).max();
        let moments = begin.into_iter().chain(now.moments(known.now).filter(after).map(|(at, _)| at));
        let moments = moments.collect::<Vec<_>>();
        let gap_max = looked_back(rules, known.now).every * RISE_STEPS + rules.age_max;
        let has_gap = moments.windows(2).any(|two| matches!(two, [one, next] if next.since(*one) > gap_max));
        is_known_since
            && !has_gap
            && now.moments(known.now).filter(|(at, _)| *at >= since).all(|(_, units)| is_low(units))
    })
}
