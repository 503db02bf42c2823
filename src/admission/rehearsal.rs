//! What admission would say now to servers that nobody has asked for yet; changes nothing and reserves nothing.

use super::{Candidate, Known, Lock, LockStanding, Verdict, evaluate, merged, never};
use crate::domain::command::CommandSpec;
use crate::domain::ids::RunId;
use crate::domain::plan::PlannedServer;
use crate::domain::server::ServerName;
use crate::workflow::request::Blocker;

/// What would become of servers that start together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rehearsal {
    /// These would start at once.
    pub start: Vec<ServerName>,
    /// These would wait.
    pub wait: Vec<ServerName>,
    /// For these reasons, longest-lasting first.
    pub blockers: Vec<Blocker>,
}

/// Asks for each server in turn, each counted before the next is asked about: exactly as servers are started.
///
/// The version is the one that the request is about, if its command takes one. Servers that would be left out are in neither list; see [`left_out`].
#[must_use]
pub fn rehearse(
    servers: &[&PlannedServer],
    (spec, version): (&CommandSpec, Option<&str>),
    run: &RunId,
    known: Known<'_>,
) -> Rehearsal {
    let mut ledger = known.ledger.clone();
    let mut rehearsal = Rehearsal::default();
    let mut blockers = Vec::new();
    for server in servers {
        let (known, now) = (Known { ledger: &ledger, ..known }, known.now);
        match evaluate(Candidate { run, server, spec, version }, known) {
            Verdict::Allow(admitted) => {
                let lock = Lock {
                    server: server.id.clone(),
                    run: run.clone(),
                    command: spec.name.clone(),
                    since: known.now,
                    standing: LockStanding::Working,
                    taken_from: admitted.takes_over().cloned(),
                };
                ledger.locks.insert(server.id.clone(), lock);
                ledger.try_with(run, Some(server), (admitted.canary_of(), now));
                rehearsal.start.push(server.name.clone());
            }
            Verdict::Wait(reasons) => {
                blockers.extend(reasons);
                rehearsal.wait.push(server.name.clone());
            }
            Verdict::Deny(_) => {}
        }
    }
    rehearsal.blockers = merged(blockers);
    rehearsal
}

/// The servers that would be left out as things are now, each with why.
#[must_use]
pub fn left_out(servers: &[&PlannedServer], spec: &CommandSpec, known: Known<'_>) -> Vec<(ServerName, String)> {
    servers.iter().filter_map(|server| Some((server.name.clone(), never(server, spec, known)?))).collect()
}
