//! What the store knows of the fleet: who works on which server, in which state it is, whether it serves, and what
//! people have put on to stop things.

use super::brake::Brake;
use super::breakers::{Breaker, ServerFailure};
use super::by_server::ByServer;
use super::rate::Start;
use crate::domain::breaker::BreakerScope;
use crate::domain::command::CommandName;
use crate::domain::identity::PersonId;
use crate::domain::ids::RunId;
use crate::domain::plan::PlannedServer;
use crate::domain::server::{ProductionState, Server, ServerId};
use crate::domain::time::Timestamp;
use crate::workflow::pace::Pace;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Locks, states, health, breakers and brakes, read together. A copy shares what no pass changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// One lock a server at most.
    pub locks: HashMap<ServerId, Lock>,
    /// States that differ from the inventory's word, or were ever set by us.
    pub states: ByServer<StateRow>,
    /// The last look at each server's health.
    pub health: ByServer<HealthRow>,
    /// The breakers that are open.
    pub breakers: BTreeMap<BreakerScope, Breaker>,
    /// The newest failure on each server that its command has not made good since, nor a person by closing its breaker there;
    /// those of the day before the newest of all.
    pub failures: BTreeMap<ServerId, ServerFailure>,
    /// What started on servers in the minute before the newest start, in order; also of runs that are over.
    pub starts: Vec<Start>,
    /// How long each command took on one server lately.
    pub paces: Arc<BTreeMap<CommandName, Pace>>,
    /// What nobody has taken off yet, the oldest first; some may be over by the clock.
    pub brakes: Vec<Brake>,
}

/// A run's claim on a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lock {
    /// The server.
    pub server: ServerId,
    /// The run.
    pub run: RunId,
    /// Its command.
    pub command: CommandName,
    /// Since when.
    pub since: Timestamp,
    /// At work, parked, or left behind by a run that failed.
    pub standing: LockStanding,
    /// The failed run that left the server behind before this one took it over.
    pub taken_from: Option<RunId>,
}

/// What a lock stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockStanding {
    /// A run works on the server; nobody else may.
    Working,
    /// A run has the server, and waits for a person: nobody else may work on it, and it counts as out, but not as work.
    Parked,
    /// A run failed on it; it counts as out until somebody takes it over.
    LeftBehind,
}

impl LockStanding {
    /// Whether a run has the server, so that nobody else may work on it and it will be out if it is not yet.
    #[must_use]
    pub const fn is_a_runs(self) -> bool {
        match self {
            Self::Working | Self::Parked => true,
            Self::LeftBehind => false,
        }
    }
}

/// A server's production state as we set it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateRow {
    /// The server.
    pub server: ServerId,
    /// The state.
    pub state: ProductionState,
    /// Who set it.
    pub by: SetBy,
    /// The run that took the server out of production, while it is out; none where people or the inventory say so, whoever
    /// has worked on it since.
    pub taken_by: Option<RunId>,
    /// Since when.
    pub since: Timestamp,
}

impl StateRow {
    /// As a run sets it that found the server in that state, over what was stored before.
    #[must_use]
    pub fn of_run(
        (server, run): (&ServerId, &RunId),
        (found, state): (ProductionState, ProductionState),
        before: Option<&Self>,
        since: Timestamp,
    ) -> Self {
        let took = || match found {
            ProductionState::Production => Some(run.clone()),
            ProductionState::Draining
            | ProductionState::Drained
            | ProductionState::Undraining
            | ProductionState::Standby
            | ProductionState::Maintenance
            | ProductionState::Repair => before.and_then(|row| row.taken_by.clone()),
        };
        let taken_by = if state == ProductionState::Production { None } else { took() };
        Self { server: server.clone(), state, by: SetBy::Run(run.clone()), taken_by, since }
    }
}

/// Who set a server's production state.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SetBy {
    /// A run, by what it did.
    Run(RunId),
    /// A person, by their word.
    Person(Declarer),
}

/// A person who said how a server is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Declarer {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Why, in their words.
    pub why: String,
}

impl SetBy {
    /// The run, if one did.
    #[must_use]
    pub const fn run(&self) -> Option<&RunId> {
        match self {
            Self::Run(run) => Some(run),
            Self::Person(_) => None,
        }
    }

    /// The person, if one said so.
    #[must_use]
    pub const fn person(&self) -> Option<&Declarer> {
        match self {
            Self::Run(_) => None,
            Self::Person(declarer) => Some(declarer),
        }
    }
}

/// The last look at a server's health.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HealthRow {
    /// The server.
    pub server: ServerId,
    /// What was seen.
    pub health: Health,
    /// When.
    pub seen_at: Timestamp,
}

/// Whether a server answers its users, as its load balancer sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    /// In rotation, and its health check answers.
    Serving,
    /// In rotation, but its health check fails.
    Failing,
    /// Out of rotation.
    OutOfRotation,
}

impl Health {
    /// What was seen, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Serving => "in service",
            Self::Failing => "does not answer",
            Self::OutOfRotation => "out of rotation",
        }
    }
}

impl Ledger {
    /// The lock on a server.
    #[must_use]
    pub fn lock(&self, server: &ServerId) -> Option<&Lock> {
        self.locks.get(server)
    }

    /// When the next of the brakes goes off by the clock.
    #[must_use]
    pub fn next_brake_over(&self, now: Timestamp) -> Option<Timestamp> {
        self.brakes.iter().filter_map(|brake| brake.until).filter(|until| *until > now).min()
    }

    /// A server's production state: ours if we ever set it, else the inventory's.
    #[must_use]
    pub fn state(&self, server: &Server) -> ProductionState {
        self.states.get(&server.id).map_or(server.initial_state, |row| row.state)
    }

    /// The person by whose word a server is in its state.
    #[must_use]
    pub fn declarer(&self, server: &Server) -> Option<&Declarer> {
        self.states.get(&server.id)?.by.person()
    }

    /// `maintenance`, or with whose word that is: `repair, says bob since 2026-11-25 14:05 UTC: PSU dead`.
    #[must_use]
    pub fn state_told(&self, server: &Server) -> String {
        let word = self.state(server).word();
        let row = self.states.get(&server.id);
        match row.and_then(|row| Some((row, row.by.person()?))) {
            Some((row, by)) => format!("{word}, says {} since {} UTC: {}", by.name, row.since.date_text(), by.why),
            None => word.to_owned(),
        }
    }

    /// Whether a server that nobody works on is meant to be out, and was last seen in service: one of both is wrong.
    #[must_use]
    pub fn is_contradicted(&self, server: &Server) -> bool {
        let is_at_rest = match self.state(server) {
            ProductionState::Drained
            | ProductionState::Standby
            | ProductionState::Maintenance
            | ProductionState::Repair => true,
            ProductionState::Production | ProductionState::Draining | ProductionState::Undraining => false,
        };
        let is_worked_on = self.lock(&server.id).is_some_and(|lock| lock.standing.is_a_runs());
        let is_seen_serving = self.health.get(&server.id).is_some_and(|row| row.health == Health::Serving);
        is_at_rest && !is_worked_on && is_seen_serving
    }

    /// That run is the canary of these open breakers from now on; what is to be stored of it.
    pub fn try_with(
        &mut self,
        run: &RunId,
        server: Option<&PlannedServer>,
        (scopes, at): (&[BreakerScope], Timestamp),
    ) -> Vec<Breaker> {
        let mut trying = Vec::new();
        for scope in scopes {
            if let Some(breaker) = self.breakers.get_mut(scope) {
                *breaker = breaker.trying(run, server, at);
                trying.push(breaker.clone());
            }
        }
        trying
    }
}
