//! Which failure domains a server is in, and which of those that stand in for them have servers out.

use crate::admission::Known;
use crate::admission::capacity::{self, Standing};
use crate::admission::counts::Counts;
use crate::admission::infrastructure::rules::{DomainRule, Within};
use crate::domain::plan::PlannedServer;
use crate::domain::server::{ProductionState, Server, SiteName, TagName};
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::workflow::request::{Blocker, OutDomain, OutServer, PolicyName, RedundantGroup};
use std::collections::BTreeMap;

/// The tag that every server has: it stands for the rack itself.
const RACK: &str = "rack";

/// Which domains of a group have servers out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::admission) struct DomainCount {
    out: BTreeMap<String, Vec<(OutServer, Option<Timestamp>)>>,
}

/// A group that a server is in.
struct Membership<'a> {
    group: RedundantGroup,
    /// The server's own domain of it.
    domain: &'a str,
    at_once: u32,
}

/// What keeps this server from being taken out now: each group in which as many other domains have servers out as may.
pub(in crate::admission) fn blockers(server: &PlannedServer, known: Known<'_>, counts: &Counts) -> Vec<Blocker> {
    // A server that does not serve takes nothing away: the cure is never blocked by the disease.
    let Some(record) = known.inventory.by_id(&server.id).filter(|record| !capacity::is_out(record, known)) else {
        return Vec::new();
    };
    let each = memberships(record, known).into_iter().filter_map(|one| {
        let count = counts.domains(&one.group, || count(&one.group, known));
        beyond(&one, &count)
    });
    each.collect()
}

/// Whether a run that takes, or has taken, its server out may go on: not while what stands in for it is out as well. A
/// run that has passed this policy by an override may.
///
/// # Errors
/// Why not now.
pub fn still_redundant(server: &PlannedServer, known: Known<'_>, passed: &[PolicyName]) -> Result<(), Vec<Blocker>> {
    if passed.contains(&PolicyName::Infrastructure) {
        return Ok(());
    }
    let Some(record) = known.inventory.by_id(&server.id) else { return Ok(()) };
    let each = memberships(record, known).into_iter().filter_map(|one| beyond(&one, &count(&one.group, known)));
    let blockers = each.collect::<Vec<_>>();
    if blockers.is_empty() { Ok(()) } else { Err(blockers) }
}

/// Whether work that takes this server out has a say in whose turn it is among the domains of that group.
pub(in crate::admission) fn takes(server: &PlannedServer, group: &RedundantGroup, known: Known<'_>) -> bool {
    let record = known.inventory.by_id(&server.id).filter(|record| !capacity::is_out(record, known));
    record.is_some_and(|record| memberships(record, known).iter().any(|one| one.group == *group))
}

/// The servers that are out in the groups of these, which is all of them that has a say.
pub(in crate::admission) fn having_a_say<'a>(
    servers: impl IntoIterator<Item = &'a Server>,
    known: Known<'a>,
) -> Vec<&'a Server> {
    let groups = servers.into_iter().flat_map(|server| memberships(server, known)).map(|one| (one.group, ()));
    let groups = groups.collect::<BTreeMap<_, _>>();
    let out = groups.keys().flat_map(|group| {
        let names = count(group, known).out.into_values().flatten().map(|(server, _)| server.name);
        names.filter_map(|name| known.inventory.by_name(&name)).collect::<Vec<_>>()
    });
    out.collect()
}

fn memberships<'a>(server: &'a Server, known: Known<'a>) -> Vec<Membership<'a>> {
    let rules = &known.rules.infrastructure;
    let of_rule = |rule: &DomainRule| {
        let tag = rule.tag.clone();
        let group = match rule.within {
            Within::Site => RedundantGroup::OfSite { tag, site: server.site.clone() },
            Within::Pool => RedundantGroup::OfPool { tag, pool: server.pool.clone()? },
        };
        Some(Membership { domain: tagged(server, &rule.tag)?, group, at_once: rule.at_once })
    };
    let metro = known.inventory.metro(&server.site).map(|metro| Membership {
        group: RedundantGroup::OfMetro(metro.clone()),
        domain: server.site.as_str(),
        at_once: rules.metro_sites_at_once,
    });
    rules.domains.iter().filter_map(of_rule).chain(metro).collect()
}

fn tagged<'a>(server: &'a Server, tag: &TagName) -> Option<&'a str> {
    if tag.as_str() == RACK {
        return Some(server.rack.as_str());
    }
    server.tags.get(tag).map(|value| value.as_str())
}

/// The servers of a group, each with its domain; it is asked under the store's lock, so nothing searches the whole inventory.
fn members<'a>(
    group: &'a RedundantGroup,
    inventory: &'a Inventory,
) -> Box<dyn Iterator<Item = (&'a Server, &'a str)> + 'a> {
    let with_tag = |tag: &'a TagName| move |server: &'a Server| Some((server, tagged(server, tag)?));
    match group {
        RedundantGroup::OfSite { tag, site } => Box::new(inventory.in_site(site).filter_map(with_tag(tag))),
        RedundantGroup::OfPool { tag, pool } => Box::new(inventory.in_pool(pool).filter_map(with_tag(tag))),
        RedundantGroup::OfMetro(metro) => {
            Box::new(inventory.in_metro(metro).map(|server| (server, SiteName::as_str(&server.site))))
        }
    }
}

/// Counts a group from what is known now.
fn count(group: &RedundantGroup, known: Known<'_>) -> DomainCount {
    let mut count = DomainCount::default();
    for (server, domain) in members(group, known.inventory) {
        let Some(out) = out(server, known) else { continue };
        match count.out.get_mut(domain) {
            Some(servers) => servers.push(out),
            None => drop(count.out.insert(domain.to_owned(), vec![out])),
        }
    }
    count
}

/// How a server is out, or will be once the run that has it gets on with it; since when, if that is known. One behind a load
/// balancer that is not known to serve counts as out. One on standby was not there to begin with.
fn out(server: &Server, known: Known<'_>) -> Option<(OutServer, Option<Timestamp>)> {
    let lock = known.lock(server);
    let under_work = lock.filter(|lock| lock.standing.is_a_runs());
    let told = |why: &str, holder| OutServer { name: server.name.clone(), holder, why: why.to_owned(), said_by: None };
    let out = match capacity::standing(server, known) {
        Standing::Out(_) if known.ledger.state(server) == ProductionState::Standby && lock.is_none() => None,
        Standing::Out(out) => Some(out),
        Standing::Unknown(_) if server.pool.is_some() && lock.is_none() => Some(told("health not known", None)),
        Standing::Unknown(_) | Standing::Serves => lock.map(|lock| {
            let why = if under_work.is_some() { "under work" } else { "left behind by a run that failed" };
            told(why, Some(lock.run.request.clone()))
        }),
    }?;
    let row = known.ledger.states.get(&server.id).filter(|row| row.state != ProductionState::Production);
    let since = lock.map(|lock| lock.since).into_iter().chain(row.map(|row| row.since)).min();
    Some((out, since))
}

/// The reason to wait, if other domains than the server's own have servers out, as many as may at once.
fn beyond(one: &Membership<'_>, count: &DomainCount) -> Option<Blocker> {
    let others = count.out.iter().filter(|(name, _)| name.as_str() != one.domain).collect::<Vec<_>>();
    if others.len() < one.at_once as usize {
        return None;
    }
    let since = others.iter().flat_map(|(_, out)| out.iter()).filter_map(|(_, since)| *since).min();
    let domains = others.into_iter().map(|(name, out)| OutDomain {
        name: name.clone(),
        out: out.iter().map(|(server, _)| server.clone()).collect(),
    });
    let (group, domains, at_once) = (one.group.clone(), domains.collect(), one.at_once);
    Some(Blocker::Domain { group, domains, at_once, since })
}
