//! What is denied for good: a server that is not what was planned, or in a state that the command does not start from.
//!
//! Deliberately absent: what is absolutely on the blacklist, which is told there.

use super::{Known, found};
use crate::domain::command::{CommandSpec, Impact, Targets};
use crate::domain::plan::PlannedServer;
use crate::domain::server::{ProductionState, Server};

/// Why a server may not be worked on at all: it is not what was planned, or not in a state that the command allows.
/// While another run works on it its state says nothing yet.
pub(super) fn why(server: &PlannedServer, spec: &CommandSpec, known: Known<'_>) -> Option<String> {
    let record = match as_planned(server, known) {
        Ok(record) => record,
        Err(why) => return Some(why.into()),
    };
    let is_worked_on = known.ledger.lock(&server.id).is_some_and(|lock| lock.standing.is_a_runs());
    match &spec.targets {
        Targets::Servers { from, .. } if !is_worked_on && !from.contains(&found(server, known)) => {
            Some(format!("it is in {}", known.ledger.state_told(record)))
        }
        Targets::Servers { .. } if !is_worked_on && destroys_what_serves(spec, found(server, known)) => {
            Some(format!("it is in production, and {} cannot be undone; drain it first, by another request", spec.name))
        }
        Targets::Servers { .. } | Targets::Sites { .. } | Targets::None => None,
    }
}

/// The record of a planned server, as long as that says the same of it.
pub(super) fn as_planned<'a>(server: &PlannedServer, known: Known<'a>) -> Result<&'a Server, &'static str> {
    let record = known.inventory.by_id(&server.id).ok_or("it is not in the inventory any more")?;
    let same = record.name == server.name && record.site == server.site && record.pool == server.pool;
    if same && record.server_type == server.server_type {
        Ok(record)
    } else {
        Err("the inventory has changed its name, type, site or pool")
    }
}

/// Nothing that is irreversible is done to what serves, not even by a command that would drain it first.
pub(super) fn destroys_what_serves(spec: &CommandSpec, state: ProductionState) -> bool {
    spec.impact == Impact::Destructive && state == ProductionState::Production
}
