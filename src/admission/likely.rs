//! When what waits is likely to start: by ends that are known, and by how long runs like those that hold it took before.
//!
//! Says nothing rather than guess: what waits for people, for data, or for a run that takes longer than usual has no time.

use super::{Candidate, Known, Ledger, Lock, LockStanding, Verdict, floors};
use crate::domain::command::CommandName;
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, BrokenUntil};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long runs of a command took before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunPace {
    /// Half of them took at most so long.
    pub half: Duration,
    /// Whether they give back what they take out.
    pub gives_back: bool,
}

/// How long runs took before, of each command of which enough is known.
pub type Paces = BTreeMap<CommandName, RunPace>;

/// When the first of those that wait in a pass is likely to start.
pub(super) fn likely_start(said: &[(Candidate<'_>, Verdict)], known: Known<'_>, paces: &Paces) -> Option<Timestamp> {
    // Those that would start now hold what the rest waits for.
    let mut ledger = known.ledger.clone();
    for (candidate, verdict) in said {
        if let Verdict::Allow(admitted) = verdict {
            ledger.locks.insert(candidate.server.id.clone(), admitted.lock(*candidate, known.now));
        }
    }
    let starts = said.iter().filter_map(|(candidate, verdict)| match verdict {
        Verdict::Wait(blockers) => {
            let ends = blockers.iter().map(|blocker| ends(blocker, *candidate, (&ledger, known), paces));
            ends.collect::<Option<Vec<_>>>()?.into_iter().max()
        }
        Verdict::Allow(_) | Verdict::Deny(_) => None,
    });
    starts.min()
}

/// When that blocks no more, if that can be told.
fn ends(
    blocker: &Blocker,
    candidate: Candidate<'_>,
    (ledger, known): (&Ledger, Known<'_>),
    paces: &Paces,
) -> Option<Timestamp> {
    let working = || ledger.locks.values().filter(|lock| lock.standing == LockStanding::Working);
    match blocker {
        Blocker::Frozen { until, .. } | Blocker::Blacklisted { until, .. } => *until,
        Blocker::Traffic { clear_from, .. } => *clear_from,
        Blocker::Calendar(block) => block.over_at(),
        Blocker::Rate { next, .. } => Some(*next),
        // The cool-down of a server ends by itself; whatever else has broken waits for a person.
        Blocker::Broken { scope, until: BrokenUntil::CoolDown(at), .. } if scope.server().is_some() => Some(*at),
        Blocker::Locked { .. } => {
            let lock = ledger.lock(&candidate.server.id)?;
            // What waits for a person has no time.
            (lock.standing == LockStanding::Working).then(|| done_at(lock, known.now, paces))?
        }
        Blocker::Concurrency { holders, .. } => {
            let held = working().filter(|lock| holders.contains(&lock.run.request));
            held.filter_map(|lock| done_at(lock, known.now, paces)).min()
        }
        Blocker::Capacity { scope, serving, floor, .. } => {
            let is_of_it = |lock: &&Lock| {
                let server = known.inventory.by_id(&lock.server);
                server.is_some_and(|server| floors::is_in(scope, server, known.inventory))
            };
            let gives_back = |lock: &&Lock| paces.get(&lock.command).is_some_and(|pace| pace.gives_back);
            let back = working().filter(is_of_it).filter(gives_back);
            let mut back = back.filter_map(|lock| done_at(lock, known.now, paces)).collect::<Vec<_>>();
            back.sort();
            let missing = floor.saturating_add(1).saturating_sub(*serving);
            back.get(usize::try_from(missing).ok()?.checked_sub(1)?).copied()
        }
        Blocker::HealthUnknown { .. }
        | Blocker::NotAbsorbed { .. }
        | Blocker::Contradicted { .. }
        | Blocker::Unseen { .. }
        | Blocker::TrafficUnknown { .. }
        | Blocker::Domain { .. }
        | Blocker::Alert { .. }
        | Blocker::AlertsUnknown { .. }
        | Blocker::NoDirectory
        | Blocker::Stopped { .. }
        | Blocker::Held { .. }
        | Blocker::Broken { .. }
        | Blocker::Soak { .. }
        | Blocker::Behind { .. } => None,
    }
}

/// When a run is likely to be done; `None` of one that takes longer than most.
fn done_at(lock: &Lock, now: Timestamp, paces: &Paces) -> Option<Timestamp> {
    let done = lock.since.plus(paces.get(&lock.command)?.half);
    (done > now).then_some(done)
}
