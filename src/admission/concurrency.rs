//! Concurrency: how many servers may be under work at once, counted from the locks themselves.
//!
//! Of each scope a server lies in there is a limit of its own, and all must hold. What a failed run left behind is not
//! under work; it counts as out, which is capacity's.

use super::ledger::{Lock, LockStanding};
use super::{Candidate, Known, Rules};
use crate::domain::command::CommandName;
use crate::domain::server::Server;
use crate::workflow::request::{Blocker, LimitScope};

/// What keeps one more server from being worked on at once; each scope that is full.
pub(super) fn blockers(candidate: Candidate<'_>, known: Known<'_>) -> Vec<Blocker> {
    let at_work = |lock: &&Lock| lock.standing == LockStanding::Working;
    let locks = known.ledger.locks.values().filter(at_work).collect::<Vec<_>>();
    let full = limits(candidate, known).into_iter().filter_map(|(scope, limit)| {
        let holders = locks.iter().copied().filter(|lock| is_in(lock, &scope, candidate, known)).collect::<Vec<_>>();
        (holders.len() >= limit as usize).then(|| blocked(scope, &holders, limit))
    });
    full.collect()
}

/// Every scope that the candidate lies in, the narrowest first, with how many may be under work there.
fn limits(candidate: Candidate<'_>, known: Known<'_>) -> Vec<(LimitScope, u32)> {
    let (server, spec, rules) = (candidate.server, candidate.spec, known.rules);
    let mut limits = vec![(LimitScope::Rack(server.rack.clone()), rules.rack_concurrency)];
    let (server_type, site) = (server.server_type.clone(), server.site.clone());
    let alike = known.inventory.in_site(&site).filter(|other| other.server_type == server_type).count();
    let most = share(u32::try_from(alike).unwrap_or(u32::MAX), rules);
    limits.push((LimitScope::TypeInSite(server_type.clone(), site.clone()), most));
    limits.extend(spec.site_concurrency.map(|most| (LimitScope::Site(site), most)));
    limits.push((LimitScope::Command(spec.name.clone()), rules.command_concurrency));
    limits.push((LimitScope::Fleet, rules.fleet_concurrency));
    limits
}

/// How many of so many servers of one type in one site: rounded down, but one.
fn share(of: u32, rules: &Rules) -> u32 {
    let share = u64::from(of) * u64::from(rules.type_in_site_percent) / 100;
    u32::try_from(share).unwrap_or(u32::MAX).max(1)
}

/// Whether work on the candidate takes a place there from that command's next server.
pub(super) fn takes(candidate: Candidate<'_>, scope: &LimitScope, command: &CommandName) -> bool {
    let (server, own) = (candidate.server, &candidate.spec.name);
    match scope {
        LimitScope::Fleet => true,
        LimitScope::Command(name) => own == name,
        LimitScope::Site(site) => own == command && server.site == *site,
        LimitScope::TypeInSite(server_type, site) => server.server_type == *server_type && server.site == *site,
        LimitScope::Rack(rack) => server.rack == *rack,
    }
}

fn is_in(lock: &Lock, scope: &LimitScope, candidate: Candidate<'_>, known: Known<'_>) -> bool {
    let server = known.inventory.by_id(&lock.server);
    let server_is = |fits: &dyn Fn(&Server) -> bool| server.is_some_and(fits);
    match scope {
        LimitScope::Fleet => true,
        LimitScope::Command(command) => lock.command == *command,
        LimitScope::Site(site) => lock.command == candidate.spec.name && server_is(&|server| server.site == *site),
        LimitScope::TypeInSite(server_type, site) => {
            server_is(&|server| server.server_type == *server_type && server.site == *site)
        }
        LimitScope::Rack(rack) => server_is(&|server| server.rack == *rack && server.site == candidate.server.site),
    }
}

fn blocked(scope: LimitScope, locks: &[&Lock], limit: u32) -> Blocker {
    let mut holders = locks.iter().map(|lock| lock.run.request.clone()).collect::<Vec<_>>();
    holders.sort();
    holders.dedup();
    let active = u32::try_from(locks.len()).unwrap_or(u32::MAX);
    Blocker::Concurrency { scope, active, limit, holders }
}
