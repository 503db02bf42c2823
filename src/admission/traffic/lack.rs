//! Where more comes than the relief, and what is done about it: for whoever looks, and for a pager where nothing is.
//!
//! A lack begins above the relief and ends where work may go on again, so that it does not come and go with every measurement.
//! What is not known begins none and ends none. Deliberately absent: asking, and the words.

use super::{Place, Shortage, Spared, Traffic, of_what_serves, own_scopes, share};
use crate::admission::{Known, absorbing, capacity};
use crate::domain::ids::RequestId;
use crate::domain::server::{PoolName, ProductionState, Server, ServerName, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::request::TrafficScope;
use std::collections::{BTreeMap, BTreeSet};

/// A pool or a site that carries more than the relief.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lack {
    /// Where.
    pub scope: TrafficScope,
    /// The site.
    pub site: SiteName,
    /// How much of what serves there that is, in percent, rounded up, as last known; `None` where nothing serves.
    pub percent: Option<u32>,
    /// How much it may be at most.
    pub limit_percent: u32,
    /// Since when it was found so.
    pub since: Timestamp,
    /// The servers on standby that would help and could be asked for.
    pub servers: Vec<ServerName>,
    /// What is done about it.
    pub remedy: Remedy,
}

/// What is done about a lack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Remedy {
    /// These requests are about to put servers there.
    Asked(Vec<RequestId>),
    /// It is being asked.
    Asking,
    /// Nobody asks by itself.
    NotConfigured,
    /// Nothing is asked for while everything is stopped.
    Stopped,
    /// What asks was answered that.
    Answered(String),
    /// What was asked for there failed, or was not wanted: it rests for a while.
    Rests,
    /// Nothing stands by there that could be called on.
    NoneLeft,
}

impl Lack {
    /// Whether it stays so unless a person does something.
    #[must_use]
    pub const fn needs_person(&self) -> bool {
        match &self.remedy {
            Remedy::Asked(_) | Remedy::Asking => false,
            Remedy::NotConfigured | Remedy::Stopped | Remedy::Answered(_) | Remedy::Rests | Remedy::NoneLeft => true,
        }
    }

    /// Whether it is about that server's pool or site.
    #[must_use]
    pub fn concerns(&self, server: &Server) -> bool {
        own_scopes(server).contains(&self.scope)
    }
}

/// What is known of asking for servers on standby.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// What is missed, each with why it is not asked for, or that it is being asked.
    pub short: &'a [(Shortage, Remedy)],
    /// What is left alone, and what comes.
    pub spared: &'a Spared,
    /// The requests that ask for servers on standby and do not hang, each with its pools.
    pub open: &'a [(RequestId, BTreeSet<PoolName>)],
}

/// Every lack there is now; `before` are those of the last look, which last until it is known that they are over.
#[must_use]
pub fn lacks(asking: Asking<'_>, before: &[Lack], known: Known<'_>) -> Vec<Lack> {
    let Traffic::Seen(snapshot) = known.outside.traffic else { return before.to_vec() };
    let place = Place { snapshot, known };
    let (relief, resume) = (known.rules.traffic.relief_percent, known.rules.traffic.resume_percent);
    let mut found: Vec<Lack> = Vec::new();
    for (scope, members) in scopes(known) {
        let earlier = before.iter().find(|lack| lack.scope == scope);
        let may_serve = |server: &Server| capacity::may_serve(server, known);
        let load = place.figure(&scope, &may_serve).ok().map(|figure| figure.load(figure.units));
        let pools = members.iter().filter_map(|server| server.pool.clone()).collect::<BTreeSet<_>>();
        // Whoever is out on purpose while others take over is missed there.
        if absorbing::is_handed_over(&members, known) {
            continue;
        }
        // A site is told only where none of its pools is.
        let is_told = found.iter().any(|lack| members.iter().any(|server| lack.concerns(server)));
        let begins = load.is_some_and(|load| load > share(relief)) && !is_told;
        // What was helped is over at the relief; what nothing was done about, only where it is calm.
        let is_left = earlier.is_some_and(Lack::needs_person);
        let lasts = is_left && !is_told && load.is_none_or(|load| load > share(resume));
        let Some(site) = members.first().map(|server| server.site.clone()).filter(|_| begins || lasts) else {
            continue;
        };
        let kept = earlier.map(|lack| lack.remedy.clone()).filter(|_| !begins);
        let Some(remedy) = remedy(asking, &pools, kept, (&members, known)) else { continue };
        let percent = load.map_or_else(|| earlier.and_then(|lack| lack.percent), of_what_serves);
        let short = asking.short.iter().filter(|(shortage, _)| pools.contains(&shortage.pool));
        let mut servers = short.flat_map(|(one, _)| one.servers.iter().map(|one| one.name.clone())).collect::<Vec<_>>();
        servers.sort();
        let since = earlier.map_or(known.now, |lack| lack.since);
        found.push(Lack { scope, site, percent, limit_percent: relief, since, servers, remedy });
    }
    found
}

/// Every pool with its servers, and then every site with those of all its pools.
fn scopes(known: Known<'_>) -> Vec<(TrafficScope, Vec<&Server>)> {
    let mut pools: BTreeMap<&PoolName, Vec<&Server>> = BTreeMap::new();
    let mut sites: BTreeMap<&SiteName, Vec<&Server>> = BTreeMap::new();
    for server in known.inventory.servers() {
        if let Some(pool) = &server.pool {
            pools.entry(pool).or_default().push(server);
            sites.entry(&server.site).or_default().push(server);
        }
    }
    let pools = pools.into_iter().map(|(pool, servers)| (TrafficScope::Pool(pool.clone()), servers));
    pools.chain(sites.into_iter().map(|(site, servers)| (TrafficScope::Site(site.clone()), servers))).collect()
}

/// What is done there; `None` where nobody counts on servers on standby, and none stands by.
fn remedy(
    asking: Asking<'_>,
    pools: &BTreeSet<PoolName>,
    kept: Option<Remedy>,
    (members, known): (&[&Server], Known<'_>),
) -> Option<Remedy> {
    if let Some((_, remedy)) = asking.short.iter().find(|(shortage, _)| pools.contains(&shortage.pool)) {
        return Some(remedy.clone());
    }
    let open = asking.open.iter().filter(|(_, of)| !of.is_disjoint(pools)).map(|(request, _)| request);
    let coming = members.iter().filter_map(|server| asking.spared.coming.get(&server.id));
    let requests = open.chain(coming).cloned().collect::<BTreeSet<_>>();
    if !requests.is_empty() {
        return Some(Remedy::Asked(requests.into_iter().collect()));
    }
    // Between the relief and where work may go on nothing is asked for, so what was said last still holds.
    if kept.is_some() {
        return kept;
    }
    let stands_by = |server: &&&Server| known.ledger.state(server) == ProductionState::Standby;
    match known.rules.traffic.standby {
        None => members.iter().find(stands_by).map(|_| Remedy::NotConfigured),
        Some(_) if !asking.spared.pools.is_disjoint(pools) => Some(Remedy::Rests),
        Some(_) => Some(Remedy::NoneLeft),
    }
}
