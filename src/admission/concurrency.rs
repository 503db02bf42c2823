//! Concurrency: how many servers may be under work at once, counted from the locks themselves.
//!
//! Of each scope a server lies in there is a limit of its own, and all must hold. What a failed run left behind, and what
//! is parked until a person has their say, is not under work; it counts as out, which is capacity's.

use super::counts::{Counts, WorkScope};
use super::{Candidate, Known, Precedence, Rules};
use crate::domain::command::Touch;
use crate::workflow::request::{Blocker, LimitScope};

/// What keeps one more server from being worked on at once; each scope that is full.
pub(super) fn blockers(candidate: Candidate<'_>, known: Known<'_>, counts: &Counts) -> Vec<Blocker> {
    let full = limits(candidate, known, counts).into_iter().filter_map(|(scope, limit)| {
        let work = counts.work(&counted_as(&scope, candidate));
        let active = work.map_or(0, |work| work.active);
        let holders = || work.map_or_else(Vec::new, |work| work.holders.iter().cloned().collect());
        (active >= limit).then(|| Blocker::Concurrency { scope, active, limit, holders: holders() })
    });
    full.collect()
}

/// Every scope that the candidate lies in, the narrowest first, with how many may be under work there. A place in a rack or a
/// site is for what takes something out there: what only gives capacity back waits for nobody's, it is the safe direction.
fn limits(candidate: Candidate<'_>, known: Known<'_>, counts: &Counts) -> Vec<(LimitScope, u32)> {
    let (server, spec, rules) = (candidate.server, candidate.spec, known.rules);
    let mut limits = Vec::new();
    if spec.touch() != Touch::GivesBack {
        limits.push((LimitScope::Rack(server.rack.clone()), rules.rack_concurrency));
        let (server_type, site) = (server.server_type.clone(), server.site.clone());
        let most = share(counts.alike(known.inventory, &server_type, &site), rules);
        limits.push((LimitScope::TypeInSite(server_type, site.clone()), most));
        limits.extend(spec.site_concurrency.map(|most| (LimitScope::Site(site), most)));
    }
    limits.push((LimitScope::Command(spec.name.clone()), rules.command_concurrency));
    limits.push((LimitScope::Fleet, rules.fleet_concurrency));
    limits
}

/// Where work counts towards that limit of the candidate's: a rack is one of its site, and a site's limit the command's own.
fn counted_as(scope: &LimitScope, candidate: Candidate<'_>) -> WorkScope {
    match scope {
        LimitScope::Fleet => WorkScope::Fleet,
        LimitScope::Command(command) => WorkScope::Command(command.clone()),
        LimitScope::Site(site) => WorkScope::CommandInSite(candidate.spec.name.clone(), site.clone()),
        LimitScope::TypeInSite(server_type, site) => WorkScope::TypeInSite(server_type.clone(), site.clone()),
        LimitScope::Rack(rack) => WorkScope::Rack(candidate.server.site.clone(), rack.clone()),
    }
}

/// How many of so many servers of one type in one site: rounded down, but one.
fn share(of: u32, rules: &Rules) -> u32 {
    let share = u64::from(of) * u64::from(rules.type_in_site_percent) / 100;
    u32::try_from(share).unwrap_or(u32::MAX).max(1)
}

/// Whether work on the candidate takes a place there from the next server of that request.
pub(super) fn takes(candidate: Candidate<'_>, scope: &LimitScope, from: &Precedence) -> bool {
    let (server, own) = (candidate.server, &candidate.spec.name);
    match scope {
        LimitScope::Fleet => true,
        LimitScope::Command(name) => own == name,
        LimitScope::Site(site) => *own == from.command && server.site == *site,
        LimitScope::TypeInSite(server_type, site) => server.server_type == *server_type && server.site == *site,
        LimitScope::Rack(rack) => server.rack == *rack && from.sites.contains(&server.site),
    }
}
