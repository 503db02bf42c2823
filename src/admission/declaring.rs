//! What a person's word makes of a server, and why it may not: `state … maintenance|repair|ready|standby`.
//!
//! Nobody's word takes a server out of service or puts one into it: only what does not serve can be called broken, and what is
//! ready is still out, until a command has put it back after its checks; what stands by is drained, and seen so. Deliberately absent: who may say it, and the words.

use super::ledger::{Declarer, Health, HealthRow, Ledger, Lock, LockStanding, SetBy, StateRow};
use super::{Known, settled};
use crate::domain::declaration::Declared;
use crate::domain::ids::RunId;
use crate::domain::server::{ProductionState, Server, ServerId};
use crate::domain::time::Timestamp;

/// What a person's word changes of one server, with what that relies on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateChange {
    /// The state that it is in from now on.
    pub row: StateRow,
    /// The state as it was set before, if it ever was.
    pub before: Option<StateRow>,
    /// The failed run whose lock on it is released, because somebody has taken it over.
    pub takes_over: Option<RunId>,
}

/// Why a server cannot be called so.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Objection {
    /// A run works on it.
    UnderWork(RunId),
    /// It was last seen in service, at that time.
    Serves {
        /// What it is meant to be.
        state: ProductionState,
        /// When it was seen.
        seen_at: Timestamp,
    },
    /// It is meant to serve, and no fresh look says that it does not.
    NotSeen {
        /// What it is meant to be.
        state: ProductionState,
        /// The last look.
        seen_at: Option<Timestamp>,
    },
    /// Somebody has said the same already.
    Already {
        /// Who.
        by: Declarer,
        /// Since when.
        since: Timestamp,
    },
    /// It is in that state, and nobody has called it broken or taken it for work: there is nothing to be ready from.
    NotOut(ProductionState),
    /// It is in that state; only what is drained can stand by.
    NotDrained(ProductionState),
    /// A run failed on it: nobody knows yet whether it is well.
    LeftBehind(RunId),
    /// It stands behind no load balancer: nothing tells whether it serves, and no command could put it back.
    NoPool,
}

impl StateChange {
    /// Whether what it relies on still is so: the state as it was seen, nobody at work, and, unless it is to come back, no
    /// look that sees it in service.
    #[must_use]
    pub fn holds(&self, state: Option<&StateRow>, lock: Option<&Lock>, look: Option<&HealthRow>) -> bool {
        let is_lock_as_seen = match (lock, &self.takes_over) {
            (None, None) => true,
            (Some(lock), Some(run)) => lock.run == *run && lock.standing == LockStanding::LeftBehind,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let comes_back = self.row.state == Declared::Ready.state();
        let serves = look.is_some_and(|look| look.health == Health::Serving);
        state == self.before.as_ref() && is_lock_as_seen && (comes_back || !serves)
    }
}

/// What that word makes of a server now.
///
/// # Errors
/// Why it does not fit what is known of it.
pub fn declare(server: &Server, declared: Declared, by: &Declarer, known: Known<'_>) -> Result<StateChange, Objection> {
    if server.pool.is_none() {
        return Err(Objection::NoPool);
    }
    let lock = known.ledger.lock(&server.id);
    let takes_over = match lock.map(|lock| (lock.standing, &lock.run)) {
        Some((LockStanding::Working | LockStanding::Parked, run)) => return Err(Objection::UnderWork(run.clone())),
        Some((LockStanding::LeftBehind, run)) => Some(run.clone()),
        None => None,
    };
    let before = known.ledger.states.get(&server.id);
    let state = settled(known.ledger.state(server), takes_over.is_some());
    match declared {
        Declared::Ready => fits_ready(state)?,
        Declared::Maintenance | Declared::Repair => {
            is_news(declared, before.filter(|_| takes_over.is_none()))?;
            is_out(server, state, known)?;
        }
        Declared::Standby => {
            if let Some(run) = takes_over {
                return Err(Objection::LeftBehind(run));
            }
            is_news(declared, before)?;
            stands_still(server, state, known)?;
        }
    }
    let row = StateRow {
        server: server.id.clone(),
        state: declared.state(),
        by: SetBy::Person(by.clone()),
        taken_by: None,
        since: known.now,
    };
    Ok(StateChange { row, before: before.cloned(), takes_over })
}

/// Whether nobody has said the same already.
fn is_news(declared: Declared, before: Option<&StateRow>) -> Result<(), Objection> {
    let said_before = before.filter(|row| row.state == declared.state());
    match said_before.and_then(|row| Some((row.by.person()?, row.since))) {
        Some((by, since)) => Err(Objection::Already { by: by.clone(), since }),
        None => Ok(()),
    }
}

/// Whether a server is drained, and was seen so a moment ago: only that may be put into production without anybody's look.
fn stands_still(server: &Server, state: ProductionState, known: Known<'_>) -> Result<(), Objection> {
    match state {
        ProductionState::Drained => {}
        ProductionState::Production
        | ProductionState::Draining
        | ProductionState::Undraining
        | ProductionState::Standby
        | ProductionState::Maintenance
        | ProductionState::Repair => return Err(Objection::NotDrained(state)),
    }
    let look = known.ledger.health.get(&server.id);
    let is_fresh = |look: &&HealthRow| look.seen_at.counts(known.now, known.rules.health_age_max);
    match look.filter(is_fresh).map(|look| (look.health, look.seen_at)) {
        Some((Health::OutOfRotation, _)) => Ok(()),
        Some((Health::Serving | Health::Failing, seen_at)) => Err(Objection::Serves { state, seen_at }),
        None => Err(Objection::NotSeen { state, seen_at: look.map(|look| look.seen_at) }),
    }
}

const fn fits_ready(state: ProductionState) -> Result<(), Objection> {
    match state {
        ProductionState::Maintenance | ProductionState::Repair => Ok(()),
        ProductionState::Production
        | ProductionState::Draining
        | ProductionState::Drained
        | ProductionState::Undraining
        | ProductionState::Standby => Err(Objection::NotOut(state)),
    }
}

/// Whether a server does not serve, by what is known of it. What we took out ourselves is out unless it was seen in service; of
/// what is meant to serve, a fresh look must say that it does not.
fn is_out(server: &Server, state: ProductionState, known: Known<'_>) -> Result<(), Objection> {
    let look = known.ledger.health.get(&server.id);
    if let Some(look) = look.filter(|look| look.health == Health::Serving) {
        return Err(Objection::Serves { state, seen_at: look.seen_at });
    }
    let is_meant_to_serve = match state {
        ProductionState::Production | ProductionState::Draining | ProductionState::Undraining => true,
        ProductionState::Drained
        | ProductionState::Standby
        | ProductionState::Maintenance
        | ProductionState::Repair => false,
    };
    let is_fresh = |look: &HealthRow| look.seen_at.counts(known.now, known.rules.health_age_max);
    if is_meant_to_serve && !look.is_some_and(is_fresh) {
        return Err(Objection::NotSeen { state, seen_at: look.map(|look| look.seen_at) });
    }
    Ok(())
}

/// What is known once those changes are made.
#[must_use]
pub fn declared(ledger: &Ledger, changes: &[StateChange]) -> Ledger {
    let mut after = ledger.clone();
    for change in changes {
        let server: &ServerId = &change.row.server;
        after.states.insert(server.clone(), change.row.clone());
        after.locks.remove(server);
    }
    after
}
