//! Concurrency: how many servers may be under work at once, counted from the locks themselves.

use super::ledger::{Lock, LockStanding};
use super::{Candidate, Known};
use crate::domain::server::SiteName;
use crate::workflow::request::Blocker;

/// What keeps one more server from being worked on at once.
pub(super) fn blocker(candidate: Candidate<'_>, known: Known<'_>) -> Option<Blocker> {
    let site = &candidate.server.site;
    let at_work = |lock: &&Lock| lock.standing == LockStanding::Working;
    let all = known.ledger.locks.values().filter(at_work).collect::<Vec<_>>();
    let here = all.iter().copied().filter(|lock| {
        let there = known.inventory.by_id(&lock.server).is_some_and(|server| server.site == *site);
        there && lock.command == candidate.spec.name
    });
    if let Some(limit) = candidate.spec.site_concurrency {
        let here = here.collect::<Vec<_>>();
        if here.len() >= limit as usize {
            return Some(blocked(site.clone(), &here, limit));
        }
    }
    let limit = known.rules.fleet_concurrency;
    (all.len() >= limit as usize).then(|| blocked(SiteName::new("the fleet"), &all, limit))
}

fn blocked(site: SiteName, locks: &[&Lock], limit: u32) -> Blocker {
    let mut holders = locks.iter().map(|lock| lock.run.request.clone()).collect::<Vec<_>>();
    holders.sort();
    holders.dedup();
    let active = u32::try_from(locks.len()).unwrap_or(u32::MAX);
    Blocker::Concurrency { site, active, limit, holders }
}
