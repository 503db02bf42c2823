//! Production state: what a server is meant to be, and what its load balancer shows, must agree before it is taken out.
//!
//! A server that is meant to be out and serves would be interrupted, though nobody counts it. One that is meant to serve and
//! that somebody else took out of rotation would be put back at the end of a run that never took it out. Both wait for a
//! person. Deliberately absent: states that a command does not allow, which are no reason to wait but to leave out.

use super::ledger::Health;
use super::{Known, Verdict, found};
use crate::domain::plan::PlannedServer;
use crate::domain::server::{ProductionState, ServerName};
use crate::workflow::request::Blocker;

/// What keeps this server from being taken out, as far as its own state goes.
pub(super) fn blocker(server: &PlannedServer, known: Known<'_>) -> Option<Blocker> {
    let lock = known.ledger.lock(&server.id);
    // A run that has it is on its way from one state to the other.
    if server.pool.is_none() || lock.is_some_and(|lock| lock.standing.is_a_runs()) {
        return None;
    }
    let (meant, look) = (found(server, known), known.ledger.health.get(&server.id));
    let servers = vec![server.name.clone()];
    match meant {
        // However old, that it was seen in service is the last that is known.
        ProductionState::Drained
        | ProductionState::Standby
        | ProductionState::Maintenance
        | ProductionState::Repair => {
            let serves = look.is_some_and(|look| look.health == Health::Serving);
            serves.then_some(Blocker::Contradicted { servers, meant, serves })
        }
        ProductionState::Production => {
            let fresh = look.filter(|look| look.seen_at.counts(known.now, known.rules.health_age_max));
            match fresh.map(|look| look.health) {
                Some(Health::Serving | Health::Failing) => None,
                Some(Health::OutOfRotation) => Some(Blocker::Contradicted { servers, meant, serves: false }),
                None => Some(Blocker::Unseen { servers, since: look.map(|look| look.seen_at) }),
            }
        }
        ProductionState::Draining | ProductionState::Undraining => None,
    }
}

/// The answer as it is told: where too little is known of a whole scope, one server of it is not told apart. That is asked of
/// what is left to wait for, so that whoever passes the capacity of the scope does not pass this with it.
pub(super) fn told(said: Verdict) -> Verdict {
    let Verdict::Wait(mut blockers) = said else { return said };
    if blockers.iter().any(|blocker| matches!(blocker, Blocker::HealthUnknown { .. })) {
        blockers.retain(|blocker| !matches!(blocker, Blocker::Unseen { .. }));
    }
    Verdict::Wait(blockers)
}

/// Whether a server's own reason went into a merged one.
pub(super) fn is_told_by(own: &Blocker, merged: &Blocker) -> bool {
    let mut together = merged.clone();
    said_together(&mut together, own).is_some_and(|(told, names)| names.iter().all(|name| told.contains(name)))
}

/// The servers of an earlier reason and those of a later one, if the same is said of both.
pub(super) fn said_together<'a, 'b>(
    earlier: &'a mut Blocker,
    later: &'b Blocker,
) -> Option<(&'a mut Vec<ServerName>, &'b Vec<ServerName>)> {
    match (earlier, later) {
        (
            Blocker::Contradicted { servers, meant, serves },
            Blocker::Contradicted { servers: more, meant: other, serves: seen },
        ) if meant == other && serves == seen => Some((servers, more)),
        (Blocker::Unseen { servers, since }, Blocker::Unseen { servers: more, since: from }) => {
            *since = (*since).min(*from);
            Some((servers, more))
        }
        _ => None,
    }
}
