//! Which servers are out of production: why, since when, and by which run or whose word.
//!
//! Deliberately absent: how one comes back, which a command does.

use super::{Health, Known, LockStanding, SetBy, settled};
use crate::domain::server::{ProductionState, Server};
use crate::domain::time::Timestamp;

/// A server that is out of production, or in production and not in service.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Out {
    /// How it is out.
    pub why: OutWhy,
    /// The production state, as a run on it would find it.
    pub state: ProductionState,
    /// Since when it is known to be.
    pub since: Option<Timestamp>,
    /// The run that brought it there, or works on it; or the person who said so.
    pub by: Option<SetBy>,
}

/// How a server is out of production.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum OutWhy {
    /// A run failed on it and left it as it is.
    LeftBehind,
    /// Its state says so, and its load balancer sees it in service nevertheless.
    Contradicted,
    /// Its state says so, and nobody works on it.
    State,
    /// It is meant to serve, and its load balancer sees no answer.
    Failing,
    /// It is meant to serve, and somebody else took it out of rotation.
    OutOfRotation,
    /// A run works on it.
    UnderWork,
}

/// How that server is out; `None` of one that is in production, as far as is known.
#[must_use]
pub fn out(server: &Server, known: Known<'_>) -> Option<Out> {
    let row = known.ledger.states.get(&server.id);
    let lock = known.ledger.lock(&server.id);
    let left_behind = lock.filter(|lock| lock.standing == LockStanding::LeftBehind);
    let state = settled(known.ledger.state(server), left_behind.is_some());
    if let Some(lock) = left_behind {
        let since = row.map_or(lock.since, |row| row.since);
        return Some(Out {
            why: OutWhy::LeftBehind,
            state,
            since: Some(since),
            by: Some(SetBy::Run(lock.run.clone())),
        });
    }
    if state != ProductionState::Production {
        let why = match lock {
            Some(_) => OutWhy::UnderWork,
            None if known.ledger.is_contradicted(server) => OutWhy::Contradicted,
            None => OutWhy::State,
        };
        let by = lock.map(|lock| SetBy::Run(lock.run.clone())).or(row.map(|row| row.by.clone()));
        return Some(Out { why, state, since: row.map(|row| row.since), by });
    }
    let why = match known.ledger.health.get(&server.id)?.health {
        Health::Serving => return None,
        Health::Failing => OutWhy::Failing,
        Health::OutOfRotation => OutWhy::OutOfRotation,
    };
    // When it began was not kept: only the last look was.
    Some(Out { why, state, since: None, by: lock.map(|lock| SetBy::Run(lock.run.clone())) })
}
