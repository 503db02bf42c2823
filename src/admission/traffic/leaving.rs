//! What taking one server out does to its pool, its site and the sites that take over, and to the pools that take over what pools
//! of one carry.
//!
//! What is out of a pool of one is looked for as it will be with the server out as well, whichever of them was first. So what is
//! asked of two servers is the same in either order, and no order lets both start of which both together would be too much.

use super::evidence::RISE_OVER;
use super::figure::Brought;
use super::{Asked, Figure, Place, is_same, stays, tell_worse};
use crate::admission::counts::Counts;
use crate::admission::{Absorption, absorbing, capacity};
use crate::domain::server::{PoolName, ProductionState, Server, SiteName};
use crate::workflow::request::{Blocker, CapacityScope, TrafficScope};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A server that a run takes out, or has taken out, and how much it can carry.
pub(super) struct Leaving<'a> {
    pub(super) place: Place<'a>,
    pub(super) record: &'a Server,
    pub(super) pool: &'a PoolName,
    pub(super) units: f64,
    pub(super) asked: Asked,
    pub(super) counts: Option<&'a Counts>,
}

/// What pools of one carried of which nothing stays, and the pools that take it over by one rule.
struct Move<'a> {
    from: Vec<&'a PoolName>,
    to: BTreeSet<&'a PoolName>,
}

impl<'a> Leaving<'a> {
    /// Everything that keeps it from being taken out now.
    pub(super) fn blockers(&self) -> Vec<Blocker> {
        let known = self.place.known;
        let (mut blockers, mut moved, mut ahead) = (Vec::new(), None, None);
        let is_absorbed = absorbing::of_one(self.record, known, self.counts).is_some();
        match self.without(&TrafficScope::Pool(self.pool.clone())) {
            // Nothing is left there: what it carries is asked about where it goes, and is to be as usual.
            Ok(figure) if is_absorbed => {
                moved = Some(figure.part(1.0));
                blockers.extend(self.place.trends(&figure.with_only(self.units)));
            }
            Ok(figure) => {
                blockers.extend(self.place.judge(&figure));
                ahead = self.ahead(&figure);
            }
            Err(blocker) => blockers.push(blocker),
        }
        match self.rest_of_site() {
            None => {}
            Some(Ok(figure)) => {
                // What the server carried, should the rest of its site not take it.
                moved.get_or_insert(figure.part(self.units / (figure.left + self.units)));
                // What is too much for the pool is not told once more of its site.
                if blockers.is_empty() {
                    blockers.extend(self.place.judge(&figure));
                }
                ahead = ahead.or_else(|| self.ahead(&figure));
            }
            Some(Err(blocker)) if !blockers.contains(&blocker) => blockers.push(blocker),
            Some(Err(_)) => {}
        }
        blockers.extend(ahead);
        if let Some(by) = known.rules.traffic.absorbed_by.get(&self.record.site).filter(|by| !by.is_empty()) {
            let scope = TrafficScope::Absorbing { site: self.record.site.clone(), by: by.clone() };
            match self.without(&scope) {
                Ok(figure) => {
                    let figure = figure.with(moved);
                    blockers.extend(self.place.load(&figure).into_iter().chain(self.ahead(&figure)));
                }
                Err(blocker) => blockers.push(blocker),
            }
        }
        for blocker in self.where_pools_of_one_moved() {
            if let Some(earlier) = blockers.iter_mut().find(|earlier| is_same(earlier, &blocker)) {
                tell_worse(earlier, blocker);
            } else if !blockers.contains(&blocker) {
                blockers.push(blocker);
            }
        }
        blockers
    }

    /// What is too much ahead, as long as the server is not out. The shortest way back of one that is out is to its end: sent back
    /// for what may come it would be out once more later, and for what does come relief sends it back.
    fn ahead(&self, figure: &Figure) -> Option<Blocker> {
        let is_asked = match self.asked {
            Asked::ToStart => true,
            Asked::ToGoOn => self.place.known.ledger.state(self.record) == ProductionState::Production,
        };
        if is_asked { self.place.ahead(figure) } else { None }
    }

    /// Whether another server stays once this one is out as well.
    fn stays(&self, server: &Server) -> bool {
        server.id != self.record.id && stays(server, self.place.known)
    }

    /// What is left of a scope without the server: the scope is added up once for many.
    fn without(&self, scope: &TrafficScope) -> Result<Figure, Blocker> {
        let known = self.place.known;
        let whole = || self.place.figure(scope, &|other: &Server| stays(other, known));
        let whole = self.counts.map_or_else(|| Rc::new(whole()), |counts| counts.figure(scope, whole));
        let is_in = match scope {
            TrafficScope::Pool(pool) => pool == self.pool,
            TrafficScope::Site(site) => *site == self.record.site,
            TrafficScope::Absorbing { by, .. } => by.contains(&self.record.site),
        };
        let own = if is_in && stays(self.record, known) { self.units } else { 0.0 };
        whole.as_ref().clone().map(|figure| figure.less(own))
    }

    /// The server's site without it, and without what moves elsewhere; `None` where nothing else carries anything there.
    fn rest_of_site(&self) -> Option<Result<Figure, Blocker>> {
        let (known, scope) = (self.place.known, TrafficScope::Site(self.record.site.clone()));
        let apart = self.moved_from(&self.record.site);
        if apart.is_empty() {
            return Some(self.without(&scope));
        }
        let units_of = known.rules.traffic.units_of(known.inventory);
        let carries = |server: &Server| {
            server.pool.as_ref().is_some_and(|pool| !apart.contains(pool)) && units_of(server) != Ok(0)
        };
        let is_any = known.inventory.in_site(&self.record.site).any(carries);
        is_any.then(|| self.place.figure_without(&scope, &apart, &|server: &Server| self.stays(server)))
    }

    /// The pools of that site of which nothing stays, and others take over.
    fn moved_from(&self, site: &SiteName) -> BTreeSet<&'a PoolName> {
        let rules = self.place.known.rules.absorbed_by.iter().filter(|rule| rule.site == *site);
        rules.flat_map(|rule| self.emptied(rule)).collect()
    }

    /// The pools that a rule is about of which nothing stays.
    fn emptied(&self, rule: &Absorption) -> Vec<&'a PoolName> {
        let inventory = self.place.known.inventory;
        let covered = rule.covered(inventory).into_iter();
        covered.filter(|pool| !inventory.in_pool(pool).any(|server| self.stays(server))).collect()
    }

    /// What is too much, with what has moved from pools of one, for the pools that take over from this one or together with it.
    fn where_pools_of_one_moved(&self) -> Vec<Blocker> {
        let inventory = self.place.known.inventory;
        let members = inventory.in_pool(self.pool).collect::<Vec<_>>();
        let concerns = |rule: &&Absorption| members.iter().any(|one| rule.covers(one) || rule.is_taken_over_by(one));
        let rules = &self.place.known.rules.absorbed_by;
        let own = rules.iter().filter(concerns).filter_map(|rule| self.moves(rule)).collect::<Vec<_>>();
        let is_own = |one: &&Move<'_>| one.from.contains(&self.pool) || one.to.contains(self.pool);
        let touched = own.iter().filter(is_own).flat_map(|one| one.to.iter().copied()).collect::<BTreeSet<_>>();
        if touched.is_empty() {
            return Vec::new();
        }
        // What others bring to the same pools counts too; rules that share no site with them bring nothing there.
        let sites =
            touched.iter().flat_map(|pool| inventory.in_pool(pool)).map(|one| &one.site).collect::<BTreeSet<_>>();
        let near = rules.iter().filter(|rule| rule.by.iter().any(|site| sites.contains(site)));
        let near = near.filter_map(|rule| self.moves(rule)).filter(|one| !one.to.is_disjoint(&touched));
        match self.brought(&near.collect::<Vec<_>>()) {
            Ok(brought) => touched.into_iter().flat_map(|pool| self.with_brought(pool, &brought)).collect(),
            Err(blocker) => vec![blocker],
        }
    }

    fn moves(&self, rule: &Absorption) -> Option<Move<'a>> {
        let from = self.emptied(rule);
        (!from.is_empty()).then(|| Move { from, to: rule.absorbers(self.place.known.inventory) })
    }

    /// What each pool gets, shared by how much each can carry.
    fn brought(&self, moves: &[Move<'a>]) -> Result<BTreeMap<&'a PoolName, Vec<Brought>>, Blocker> {
        let mut brought: BTreeMap<&PoolName, Vec<Brought>> = BTreeMap::new();
        for one in moves {
            let carried = one.from.iter().map(|pool| self.carried(pool)).collect::<Result<Vec<_>, _>>()?;
            let left = one.to.iter().map(|pool| {
                let figure = self.without(&TrafficScope::Pool((*pool).clone()))?;
                Ok((*pool, figure.left.max(0.0)))
            });
            let left = left.collect::<Result<Vec<_>, Blocker>>()?;
            let all = left.iter().map(|(_, units)| units).sum::<f64>();
            for (pool, units) in left {
                // Where none is left to take it over, it is too much for each.
                let share = if all > 0.0 { units / all } else { 1.0 };
                brought.entry(pool).or_default().extend(carried.iter().map(|one| one.shared(share)));
            }
        }
        Ok(brought)
    }

    /// What a pool carries that is out, or carried lately. Whoever would start waits for the most of that: what moves is for a
    /// while seen in neither place. A run that has begun goes by what is still there, as the rest is seen where it has gone.
    fn carried(&self, pool: &PoolName) -> Result<Brought, Blocker> {
        let (known, rules) = (self.place.known, &self.place.known.rules.traffic);
        let lately = rules.clear_for.max(rules.age_max * 2).max(RISE_OVER);
        let most = |figure: &Figure| {
            let moments = figure.moments(known.now).filter(|(at, _)| known.now.since(*at) <= lately);
            moments.map(|(_, units)| units).fold(figure.units, f64::max)
        };
        let is_meant_to_serve = || capacity::count(&CapacityScope::Pool(pool.clone()), known).total > 0;
        match self.place.figure(&TrafficScope::Pool(pool.clone()), &|_: &Server| false) {
            Ok(figure) => {
                let units = if self.asked == Asked::ToGoOn { figure.units } else { most(&figure) };
                let is_usual = figure.ahead.is_empty() || is_meant_to_serve();
                Ok(Brought::all_of(pool, units, if is_usual { figure.ahead } else { Rc::default() }))
            }
            // Nobody is meant to serve there, so whatever it carried has been elsewhere for long.
            Err(_) if !is_meant_to_serve() => Ok(Brought::all_of(pool, 0.0, Rc::default())),
            Err(blocker) => Err(blocker),
        }
    }

    /// What is too much for one that takes over.
    fn with_brought(&self, pool: &PoolName, brought: &BTreeMap<&PoolName, Vec<Brought>>) -> Vec<Blocker> {
        match self.without(&TrafficScope::Pool(pool.clone())) {
            Ok(figure) => {
                let figure = figure.with(brought.get(pool).cloned().unwrap_or_default());
                self.place.judge(&figure).into_iter().chain(self.ahead(&figure)).collect()
            }
            Err(blocker) => vec![blocker],
        }
    }
}

/// Whether so much comes to a pool that takes over from that server's that the server is missed.
pub(super) fn is_missed_elsewhere(rule: &Absorption, percent: u32, place: &Place<'_>) -> bool {
    let known = place.known;
    rule.absorbers(known.inventory).into_iter().any(|pool| {
        let serving = |other: &Server| capacity::may_serve(other, known);
        let figure = place.figure(&TrafficScope::Pool(pool.clone()), &serving);
        figure.is_ok_and(|now| now.load(now.units) > super::share(percent))
    })
}
