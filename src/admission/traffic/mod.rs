//! Traffic: no server is taken out where what is left could not carry what comes.
//!
//! It is asked for the server's pool, for its whole site, and for the sites that take over what that one cannot carry. A
//! server that does not serve takes nothing away. What usually comes in the hours ahead must be carried as well. Whether there was too much a while ago is read from the metrics' own
//! history and kept nowhere, so that a restart forgets nothing. Deliberately absent: looking.

mod ahead;
mod coming;
mod evidence;
mod figure;
mod lack;
mod leaving;
mod rules;
mod standby;
mod standby_file;
mod usual;
mod withdrawal;

pub use coming::coming;
pub use evidence::{Answers, Doubt, Measured, Snapshot, Traffic, judged, looked_back};
pub(super) use figure::Figure;
pub use lack::{Asking, Lack, Remedy, lacks};
pub(super) use rules::TrafficFile;
pub use rules::TrafficRules;
use standby::of_what_serves;
pub use standby::{Shortage, Spared, is_calm_without, shortages};
pub use standby_file::StandbyRules;
pub use usual::{Usual, same_hours, usual};
pub use withdrawal::{Withdrawal, withdrawal};

use super::counts::{Carrier, Counts};
use super::written::{Misnomer, Spot};
use super::{Known, absorbing, capacity};
use crate::domain::plan::PlannedServer;
use crate::domain::server::{PoolName, Server, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::workflow::request::{Blocker, PolicyName, TrafficMeasure, TrafficScope};
use evidence::RISE_OVER;
use leaving::{Leaving, is_missed_elsewhere};
use std::collections::BTreeSet;

/// A percentage that cannot be told better: there is traffic, and nothing to carry it.
const BEYOND_PERCENT: u32 = 999;
/// How many steps of the history may lie between a moment and the one five minutes before it.
const RISE_STEPS: u32 = 2;

/// Why taking this server out is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    /// A run would start on it.
    ToStart,
    /// A run has it, and would go on.
    ToGoOn,
}

/// Everything about traffic that keeps this server from being taken out now. Of servers that carry the same in the same place
/// the same is said.
pub(super) fn blockers(server: &PlannedServer, known: Known<'_>, counts: &Counts) -> Vec<Blocker> {
    let ask = || asked(server, known, (Asked::ToStart, Some(counts)));
    let Some(record) = known.inventory.by_id(&server.id).filter(|record| !capacity::is_out(record, known)) else {
        return ask();
    };
    match (&record.pool, known.rules.traffic.units(record)) {
        (Some(pool), Ok(units @ 1..)) => {
            let (pool, site) = (pool.clone(), record.site.clone());
            counts.traffic(Carrier { pool, site, units, carries: stays(record, known) }, ask)
        }
        (None, _) | (_, Ok(0) | Err(_)) => ask(),
    }
}

/// Whether a server serves, and no run has promised to take it out.
pub(super) fn stays(server: &Server, known: Known<'_>) -> bool {
    let is_promised = || known.lock(server).is_some_and(|lock| lock.standing.is_a_runs());
    capacity::serves(server, known) && !is_promised()
}

/// Whether a run that takes, or has taken, its server out may go on as far as traffic is concerned. A run that has passed
/// this policy by an override may.
///
/// # Errors
/// Why not now.
pub fn still_calm(server: &PlannedServer, known: Known<'_>, passed: &[PolicyName]) -> Result<(), Vec<Blocker>> {
    if passed.contains(&PolicyName::Traffic) {
        return Ok(());
    }
    let blockers = asked(server, known, (Asked::ToGoOn, None));
    if blockers.is_empty() { Ok(()) } else { Err(blockers) }
}

/// Whether so much comes that a server which a run has taken out is missed: beyond the relief of its pool or site.
/// What is not known misses nothing, and neither does anybody a server whose run has passed this policy by an override.
#[must_use]
pub fn is_missed(server: &PlannedServer, known: Known<'_>, passed: &[PolicyName]) -> bool {
    if passed.contains(&PolicyName::Traffic) {
        return false;
    }
    let relief = known.rules.traffic.relief_percent;
    let record = known.inventory.by_id(&server.id);
    match (record.and_then(|record| absorbing::of_one(record, known, None)), known.outside.traffic) {
        // Nothing is left where it was alone: it is missed where others take over.
        (Some(rule), Traffic::Seen(snapshot)) => is_missed_elsewhere(rule, relief, &Place { snapshot, known }),
        (Some(_) | None, _) => is_loaded_beyond(server, relief, known),
    }
}

/// Whether a server on standby is wanted: its pool or site carries more than what lets work go on. What is not known wants nothing.
pub(super) fn is_wanted(server: &PlannedServer, known: Known<'_>) -> bool {
    is_loaded_beyond(server, known.rules.traffic.resume_percent, known)
}

/// Whether what serves in a server's pool or site is known to carry more than that share: what may serve counts as serving.
fn is_loaded_beyond(server: &PlannedServer, percent: u32, known: Known<'_>) -> bool {
    let (Traffic::Seen(snapshot), Some(record)) = (known.outside.traffic, known.inventory.by_id(&server.id)) else {
        return false;
    };
    if record.pool.is_none() || known.rules.traffic.units(record).is_ok_and(|units| units == 0) {
        return false;
    }
    let place = Place { snapshot, known };
    own_scopes(record).into_iter().any(|scope| {
        let serving = |other: &Server| capacity::may_serve(other, known);
        place.figure(&scope, &serving).is_ok_and(|now| now.load(now.units) > share(percent))
    })
}

fn asked(server: &PlannedServer, known: Known<'_>, (asked, counts): (Asked, Option<&Counts>)) -> Vec<Blocker> {
    let Some(record) = known.inventory.by_id(&server.id) else { return Vec::new() };
    let Some(pool) = record.pool.clone() else { return Vec::new() };
    let unknown =
        |why: String, since| vec![Blocker::TrafficUnknown { scope: TrafficScope::Pool(pool.clone()), why, since }];
    let is_left_out = matches!(known.outside.traffic, Traffic::NotConfigured | Traffic::LeftOut);
    if is_left_out || asked == Asked::ToStart && capacity::is_out(record, known) {
        return Vec::new();
    }
    let units = match known.rules.traffic.units(record) {
        Ok(0) => return Vec::new(),
        Ok(units) => units,
        Err(why) => return unknown(why, None),
    };
    let snapshot = match known.outside.traffic {
        Traffic::NotConfigured | Traffic::LeftOut => return Vec::new(),
        Traffic::NotAsked | Traffic::Pending => return unknown("not looked at yet".to_owned(), None),
        Traffic::Silent { why, since } => return unknown(why.clone(), Some(*since)),
        Traffic::Seen(snapshot) => snapshot,
    };
    let (place, units, pool) = (Place { snapshot, known }, f64::from(units), record.pool.as_ref().unwrap_or(&pool));
    Leaving { place, record, pool, units, asked, counts }.blockers()
}

/// The servers of a scope that serve somebody; it is asked under the store's lock, so nothing searches the whole inventory.
fn servers<'a>(scope: &'a TrafficScope, inventory: &'a Inventory) -> Box<dyn Iterator<Item = &'a Server> + 'a> {
    match scope {
        TrafficScope::Pool(pool) => Box::new(inventory.in_pool(pool)),
        TrafficScope::Site(site) => Box::new(inventory.in_site(site).filter(|server| server.pool.is_some())),
        TrafficScope::Absorbing { by, .. } => {
            let by = by.iter().flat_map(|site| inventory.in_site(site));
            Box::new(by.filter(|server| server.pool.is_some()))
        }
    }
}

fn own_scopes(server: &Server) -> Vec<TrafficScope> {
    let pool = server.pool.clone().map(TrafficScope::Pool);
    pool.into_iter().chain([TrafficScope::Site(server.site.clone())]).collect()
}

/// A percentage as a share of one.
fn share(percent: u32) -> f64 {
    f64::from(percent) / 100.0
}

/// A share as a percentage, rounded up: what is too much never reads as just enough.
fn percent(share: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
    let whole = (share * 100.0 - 1e-9).ceil().max(0.0) as i64;
    u32::try_from(whole).map_or(BEYOND_PERCENT, |percent| percent.min(BEYOND_PERCENT))
}

/// What is known, to be asked about one scope after the other.
struct Place<'a> {
    snapshot: &'a Snapshot,
    known: Known<'a>,
}

impl Place<'_> {
    /// Adds up the pools of a scope. One that is not known makes the scope not known.
    fn figure(&self, scope: &TrafficScope, carries: &dyn Fn(&Server) -> bool) -> Result<Figure, Blocker> {
        self.figure_without(scope, &BTreeSet::new(), carries)
    }

    /// The same without some of its pools.
    fn figure_without(
        &self,
        scope: &TrafficScope,
        apart: &BTreeSet<&PoolName>,
        carries: &dyn Fn(&Server) -> bool,
    ) -> Result<Figure, Blocker> {
        let (known, rules) = (self.known, &self.known.rules.traffic);
        let unknown = |why: String, since| Blocker::TrafficUnknown { scope: scope.clone(), why, since };
        let (mut left, units_of) = (0.0, rules.units_of(known.inventory));
        let mut pools: Vec<&PoolName> = Vec::new();
        let is_part = |server: &&Server| server.pool.as_ref().is_none_or(|pool| !apart.contains(pool));
        for server in servers(scope, known.inventory).filter(is_part) {
            let units = units_of(server).map_err(|why| unknown(why, None))?;
            if units > 0 && carries(server) {
                left += f64::from(units);
            }
            // Neighbours are mostly of one pool, so the newest is compared first.
            if let Some(pool) =
                server.pool.as_ref().filter(|pool| units > 0 && !pools.iter().rev().any(|known| known == pool))
            {
                pools.push(pool);
            }
        }
        let mut sum: Option<Figure> = None;
        for pool in pools {
            let own = TrafficScope::Pool(pool.clone());
            let doubt = |why: String, since| Blocker::TrafficUnknown { scope: own.clone(), why, since };
            let measured = match self.snapshot.pools.get(pool) {
                Some(Ok(measured)) => measured,
                Some(Err(found)) => return Err(doubt(found.why.clone(), Some(found.since))),
                None => return Err(doubt("not looked at yet".to_owned(), None)),
            };
            if !measured.seen_at.counts(known.now, rules.age_max) {
                let why = self.snapshot.silent.clone();
                let why = why.unwrap_or_else(|| "there is no newer measurement".to_owned());
                return Err(doubt(why, Some(measured.seen_at)));
            }
            sum = Some(match sum {
                None => Figure::of(scope, left, measured),
                Some(sum) => sum.and(measured),
            });
        }
        sum.ok_or_else(|| unknown("nothing there is looked at".to_owned(), None))
    }

    fn judge(&self, figure: &Figure) -> Vec<Blocker> {
        self.load(figure).into_iter().chain(self.trends(figure)).collect()
    }

    /// What is more than usual, or rises.
    fn trends(&self, figure: &Figure) -> impl Iterator<Item = Blocker> {
        [self.surge(figure), self.rise(figure)].into_iter().flatten()
    }

    /// Too much for what would be left, or not yet clear again for long enough.
    fn load(&self, figure: &Figure) -> Option<Blocker> {
        let (rules, now) = (&self.known.rules.traffic, self.known.now);
        let (most, resume) = (share(rules.load_max_percent), share(rules.resume_percent));
        let (mut is_high, mut clear_since) = (false, None);
        for (at, units) in figure.moments(now) {
            let load = figure.load(units);
            if load > most {
                (is_high, clear_since) = (true, None);
            } else if is_high && load > resume {
                clear_since = None;
            } else if is_high {
                let since = *clear_since.get_or_insert(at);
                if at.since(since) >= rules.clear_for {
                    (is_high, clear_since) = (false, None);
                }
            }
        }
        let limit = if figure.load(figure.units) > most { rules.load_max_percent } else { rules.resume_percent };
        let value = percent(figure.load(figure.units));
        let clear_from = clear_since.map(|since| since.plus(rules.clear_for));
        is_high.then(|| self.told(figure, TrafficMeasure::LoadAfter, (value, limit), clear_from))
    }

    /// More than usual at this hour of the week.
    fn surge(&self, figure: &Figure) -> Option<Blocker> {
        let (rules, usual) = (&self.known.rules.traffic, figure.usual.filter(|usual| *usual > 0.0)?);
        let is_surge = |_, units: f64| units > usual * share(rules.surge_percent);
        let value = percent(figure.units / usual);
        self.lasting(figure, &is_surge, TrafficMeasure::OfUsual, (value, rules.surge_percent))
    }

    /// Much more than five minutes before.
    fn rise(&self, figure: &Figure) -> Option<Blocker> {
        let (rules, now) = (&self.known.rules.traffic, self.known.now);
        let every = looked_back(rules, now).every;
        let earlier = |at: Timestamp| {
            let until = at.minus(RISE_OVER);
            let place = figure.before.partition_point(|(then, _)| *then <= until).checked_sub(1)?;
            let (then, units) = *figure.before.get(place)?;
            (until.since(then) <= every * RISE_STEPS && units > 0.0).then_some(units)
        };
        let growth = |at: Timestamp, units: f64| earlier(at).map(|before| units / before);
        let is_steep = |at, units| growth(at, units).is_some_and(|growth| growth > share(rules.rise_percent));
        let value = percent(growth(now, figure.units).unwrap_or(1.0));
        self.lasting(figure, &is_steep, TrafficMeasure::OfBefore, (value, rules.rise_percent))
    }

    /// What is too much now, or was within the time for which all must be well.
    fn lasting(
        &self,
        figure: &Figure,
        is_bad: &dyn Fn(Timestamp, f64) -> bool,
        measure: TrafficMeasure,
        numbers: (u32, u32),
    ) -> Option<Blocker> {
        let (rules, now) = (&self.known.rules.traffic, self.known.now);
        let matters = |units: f64| figure.load(units) >= share(rules.judged_from_percent);
        // Only the last while matters, and of that the newest bad moment.
        let (last, _) =
            figure.lately(now, rules.clear_for).rev().find(|(at, units)| matters(*units) && is_bad(*at, *units))?;
        let clear_from = (last < now).then(|| last.plus(rules.clear_for));
        Some(self.told(figure, measure, numbers, clear_from))
    }

    fn told(
        &self,
        figure: &Figure,
        measure: TrafficMeasure,
        (percent, limit_percent): (u32, u32),
        clear_from: Option<Timestamp>,
    ) -> Blocker {
        let (scope, seen_at) = (figure.scope.clone(), figure.seen_at);
        let brought = match measure {
            TrafficMeasure::LoadAfter => figure.brought_now(),
            TrafficMeasure::Ahead => figure.brought_ahead(),
            // What is usual, and what was before, is told of what is seen there.
            TrafficMeasure::OfUsual | TrafficMeasure::OfBefore => Vec::new(),
        };
        Blocker::Traffic { scope, measure, percent, limit_percent, brought, seen_at, clear_from }
    }
}

/// Whether both tell the same of the same place; how much it would be differs from server to server.
pub(super) fn is_same(one: &Blocker, other: &Blocker) -> bool {
    let Blocker::Traffic { scope, measure, .. } = one else { return false };
    matches!(other, Blocker::Traffic { scope: of, measure: by, .. } if (scope, measure) == (of, by))
}

/// Of two that tell the same, the worse is told.
pub(super) fn tell_worse(earlier: &mut Blocker, later: Blocker) {
    let (Blocker::Traffic { percent: told, brought: from, .. }, Blocker::Traffic { percent, brought, .. }) =
        (&*earlier, &later)
    else {
        return;
    };
    // Of what is equally much, that which says from where.
    if (percent, brought.len()) > (told, from.len()) {
        *earlier = later;
    }
}

/// What can have a say about servers of these sites: their own pools and those of the sites that take over; with the servers
/// of all of these.
pub(super) fn having_a_say<'a>(
    sites: impl IntoIterator<Item = &'a SiteName>,
    known: Known<'a>,
) -> (Traffic, Vec<&'a Server>) {
    let Traffic::Seen(snapshot) = known.outside.traffic else { return (known.outside.traffic.clone(), Vec::new()) };
    let own = sites.into_iter().collect::<BTreeSet<_>>();
    let absorbed_by = &known.rules.traffic.absorbed_by;
    let others = own.iter().filter_map(|site| absorbed_by.get(*site)).flatten();
    let sites = own.iter().copied().chain(others).collect::<BTreeSet<_>>();
    let members = sites.into_iter().flat_map(|site| known.inventory.in_site(site));
    let servers = members.filter(|server| server.pool.is_some()).collect::<Vec<_>>();
    let pools = servers.iter().filter_map(|server| server.pool.as_ref()).collect::<BTreeSet<_>>();
    let measured = snapshot.pools.iter().filter(|(pool, _)| pools.contains(pool));
    let pools = measured.map(|(pool, measured)| (pool.clone(), measured.clone())).collect();
    (Traffic::Seen(Snapshot { pools, silent: snapshot.silent.clone() }), servers)
}

/// The oldest measurement that counts; `None` where nothing is known.
#[must_use]
pub fn oldest_seen(traffic: &Traffic) -> Option<Timestamp> {
    match traffic {
        Traffic::Seen(snapshot) => snapshot.pools.values().flatten().map(|pool| pool.seen_at).min(),
        Traffic::NotAsked | Traffic::NotConfigured | Traffic::LeftOut | Traffic::Pending | Traffic::Silent { .. } => {
            None
        }
    }
}

/// What the numbers name that the inventory does not have, each in words.
#[must_use]
pub fn strangers(rules: &TrafficRules, inventory: &Inventory) -> Vec<Misnomer> {
    let servers = inventory.servers();
    let is_site = |site: &SiteName| servers.iter().any(|server| server.site == *site);
    let is_type = |name: &ServerType| servers.iter().any(|server| server.server_type == *name);
    let mut strangers = Vec::new();
    let mut site = |spot: Spot, site: &SiteName| {
        if !is_site(site) {
            let what = format!("traffic.absorbed-by names `{site}`, and the inventory has no such site");
            strangers.push(Misnomer { spot, what });
        }
    };
    for (absorbed, by) in &rules.absorbed_by {
        site(Spot::Key(format!("traffic.absorbed-by.{absorbed}")), absorbed);
        for (place, absorber) in by.iter().enumerate() {
            site(Spot::Value(format!("traffic.absorbed-by.{absorbed}.{place}")), absorber);
        }
    }
    let types = rules.capacity.keys().filter(|name| !is_type(name));
    strangers.extend(types.map(|name| Misnomer {
        spot: Spot::Key(format!("traffic.capacity.{name}")),
        what: format!("traffic.capacity names `{name}`, and the inventory has no server of that type"),
    }));
    strangers
}
