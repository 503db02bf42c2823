//! A pool of one server may be taken out where pools of the same type elsewhere take over what it carries.
//!
//! The rules say which sites do, under `capacity.absorbed-by`. Here is which pools these are, and whether they are well; whether
//! they can carry it is asked by `traffic`, and where that does not hold work back nothing is proved. Deliberately absent: how
//! traffic gets there, which is not ours.

mod file;

pub(super) use file::absorptions;
pub use file::check_absorbed_by;

use super::capacity::{self, Count};
use super::counts::Counts;
use super::{Known, Rules, Traffic, traffic};
use crate::domain::plan::PlannedServer;
use crate::domain::server::{PoolName, ProductionState, Server, ServerType, SiteName};
use crate::fleet::Inventory;
use crate::workflow::request::{AbsorbLack, Blocker, CapacityScope, PolicyName};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Where servers of a type take over what a pool of one of that type carries.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Absorption {
    /// The type.
    pub server_type: ServerType,
    /// The site of the pool.
    pub site: SiteName,
    /// The sites whose pools of the type take over, all of them.
    pub by: Vec<SiteName>,
}

impl Absorption {
    /// Whether it is what that server carries that others take over.
    pub(super) fn covers(&self, server: &Server) -> bool {
        server.pool.is_some() && server.server_type == self.server_type && server.site == self.site
    }

    /// Whether that server is one of those that take over.
    pub(super) fn is_taken_over_by(&self, server: &Server) -> bool {
        server.pool.is_some() && server.server_type == self.server_type && self.by.contains(&server.site)
    }

    /// The pools that it is about.
    pub(super) fn covered<'a>(&self, inventory: &'a Inventory) -> BTreeSet<&'a PoolName> {
        let servers = inventory.in_site(&self.site).filter(|server| self.covers(server));
        servers.filter_map(|server| server.pool.as_ref()).collect()
    }

    /// The pools that take over: no pool does so for itself.
    pub(super) fn absorbers<'a>(&self, inventory: &'a Inventory) -> BTreeSet<&'a PoolName> {
        let covered = self.covered(inventory);
        let servers = self.by.iter().flat_map(|site| inventory.in_site(site));
        let servers = servers.filter(|server| self.is_taken_over_by(server));
        servers.filter_map(|server| server.pool.as_ref()).filter(|pool| !covered.contains(pool)).collect()
    }

    /// The pools that it is about, and those that take over.
    fn pools<'a>(&self, inventory: &'a Inventory) -> BTreeSet<&'a PoolName> {
        self.covered(inventory).into_iter().chain(self.absorbers(inventory)).collect()
    }
}

/// By which rule others take over from a server, if it is the only one of its pool and such a pool may have one out at all.
/// None do from one that takes over itself just now: then two pools would be out of which one relies on the other.
pub(super) fn of_one<'a>(server: &Server, known: Known<'a>, counts: Option<&Counts>) -> Option<&'a Absorption> {
    if known.rules.pool_out_max_percent == 0 {
        return None;
    }
    let rule = known.rules.absorbed_by.iter().find(|rule| rule.covers(server))?;
    let is_alone = counted(server.pool.as_ref()?, known, counts).total <= 1;
    (is_alone && relying_on(server, known, counts).is_none()).then_some(rule)
}

/// A pool that is out and whose load that server takes over, if there is one.
pub(super) fn relying_on<'a>(server: &Server, known: Known<'a>, counts: Option<&Counts>) -> Option<&'a PoolName> {
    let rules = known.rules.absorbed_by.iter().filter(|rule| rule.is_taken_over_by(server));
    let others = rules.flat_map(|rule| rule.covered(known.inventory));
    let mut others = others.filter(|pool| server.pool.as_ref() != Some(*pool));
    others.find(|pool| {
        let stays = known.inventory.in_pool(pool).any(|other| traffic::stays(other, known));
        // Where nobody is meant to serve, nothing is taken over any more.
        !stays && counted(pool, known, counts).total > 0
    })
}

/// Why a server of a pool that has others stays, as it takes over from a pool that is out: both at once would leave it at its floor.
pub(super) fn in_use(
    server: &Server,
    (count, stays): (&Count, u32),
    known: Known<'_>,
    counts: Option<&Counts>,
) -> Option<Blocker> {
    let own = server.pool.as_ref().filter(|_| count.total > 1 && stays <= count.floor)?;
    let pool = relying_on(server, known, counts)?.clone();
    let (serving, total, floor) = (count.serving.saturating_sub(count.promised), count.total, count.floor);
    Some(Blocker::NotAbsorbed { pool, lack: AbsorbLack::InUse { pool: own.clone(), serving, total, floor } })
}

fn counted(pool: &PoolName, known: Known<'_>, counts: Option<&Counts>) -> Rc<Count> {
    let scope = CapacityScope::Pool(pool.clone());
    let count = || capacity::count(&scope, known);
    counts.map_or_else(|| Rc::new(count()), |counts| counts.capacity(&scope, count))
}

/// Why the pools that take over from that server cannot now, as far as that is seen without what they carry.
pub(super) fn blockers(server: &Server, rule: &Absorption, known: Known<'_>, counts: &Counts) -> Vec<Blocker> {
    let Some(pool) = &server.pool else { return Vec::new() };
    let absorbers = rule.absorbers(known.inventory);
    let nobody = absorbers.is_empty().then_some(AbsorbLack::Nobody);
    let each = absorbers.into_iter().filter_map(|absorber| {
        let count = counted(absorber, known, Some(counts));
        lack(absorber, &count, known)
    });
    let lacks = unproved(server, known).into_iter().chain(nobody).chain(each);
    lacks.map(|lack| Blocker::NotAbsorbed { pool: pool.clone(), lack }).collect()
}

/// Why nothing proves that others can carry what a server carries, whoever they are.
fn unproved(server: &Server, known: Known<'_>) -> Option<AbsorbLack> {
    let is_measured = *known.outside.traffic != Traffic::NotConfigured && known.rules.traffic.units(server) != Ok(0);
    match (is_measured, known.rules.observes(PolicyName::Traffic)) {
        (false, _) => Some(AbsorbLack::NotMeasured),
        (true, true) => Some(AbsorbLack::OnlyObserved),
        (true, false) => None,
    }
}

fn lack(pool: &PoolName, count: &Count, known: Known<'_>) -> Option<AbsorbLack> {
    let (pool, total) = (pool.clone(), count.total);
    if count.unknown * 100 > total * u32::from(known.rules.unknown_max_percent) {
        return Some(AbsorbLack::Unknown { pool, unknown: count.unknown, total, since: count.unknown_since });
    }
    let (serving, floor) = (count.serving.saturating_sub(count.promised), count.floor);
    (!has_room(serving, count)).then_some(AbsorbLack::Short { pool, serving, total, floor })
}

/// Whether a pool of which so many serve can take over: one that has all, or could lose one more.
fn has_room(serving: u32, count: &Count) -> bool {
    serving > 0 && (serving >= count.total || serving > count.floor)
}

/// Why a server that passes what traffic says, and not its pool's floor, stays where it is alone: what others carry was not asked
/// then, and nothing else stands for the floor.
pub(super) fn not_proved(server: &PlannedServer, known: Known<'_>) -> Option<Blocker> {
    let record = known.inventory.by_id(&server.id).filter(|record| !capacity::is_out(record, known))?;
    of_one(record, known, None)?;
    Some(Blocker::NotAbsorbed { pool: record.pool.clone()?, lack: AbsorbLack::OnlyObserved })
}

/// Whether a run that has a pool's only server out may go on as far as those are concerned who take over.
pub(super) fn holds(server: &Server, rule: &Absorption, known: Known<'_>) -> bool {
    let absorbers = rule.absorbers(known.inventory);
    let is_well = |pool: &&PoolName| {
        let count = counted(pool, known, None);
        has_room(count.serving, &count)
    };
    unproved(server, known).is_none() && !absorbers.is_empty() && absorbers.iter().all(is_well)
}

/// Whether nothing of these servers serves because somebody means it so, and others take over: then nobody misses them there.
pub(super) fn is_handed_over(servers: &[&Server], known: Known<'_>) -> bool {
    let is_meant = |server: &Server| known.ledger.state(server) != ProductionState::Production;
    servers.iter().all(|server| !capacity::may_serve(server, known))
        && servers.iter().any(|server| is_meant(server) && of_one(server, known, None).is_some())
}

/// Those of these rules that can be asked of what was kept under others: who takes over was kept only where that was a rule.
#[must_use]
pub fn absorptions_asked_on(now: &[Absorption], then: &[Absorption]) -> Vec<Absorption> {
    now.iter().filter(|rule| then.contains(rule)).cloned().collect()
}

/// The servers that have a say by who takes over what: those of every pool that is bound to the pools of these by such rules.
pub(super) fn having_a_say<'a>(records: &[&'a Server], (inventory, rules): (&'a Inventory, &Rules)) -> Vec<&'a Server> {
    let mut left = rules.absorbed_by.iter().map(|rule| rule.pools(inventory)).collect::<Vec<_>>();
    let mut bound = records.iter().filter_map(|record| record.pool.as_ref()).collect::<BTreeSet<_>>();
    let mut found = BTreeSet::new();
    loop {
        let (near, far): (Vec<_>, Vec<_>) = left.into_iter().partition(|pools| !pools.is_disjoint(&bound));
        if near.is_empty() {
            return found.into_iter().flat_map(|pool| inventory.in_pool(pool)).collect();
        }
        found.extend(near.iter().flatten().copied());
        bound.extend(near.into_iter().flatten());
        left = far;
    }
}
