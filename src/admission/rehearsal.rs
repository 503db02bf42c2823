//! What admission would say now to servers that nobody has asked for yet; changes nothing and reserves nothing.

use super::{Candidate, Known, Verdict, never, pass, reasons_of_servers};
use crate::domain::command::CommandSpec;
use crate::domain::ids::RunId;
use crate::domain::plan::PlannedServer;
use crate::domain::server::ServerName;
use crate::workflow::request::{Blocker, PolicySet};

/// What would become of servers that start together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rehearsal {
    /// These would start at once.
    pub start: Vec<ServerName>,
    /// These would wait.
    pub wait: Vec<ServerName>,
    /// For these reasons_of_servers, longest-lasting first.
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
    let passes = PolicySet::NONE;
    let said = pass(servers.iter().map(|server| Candidate { run, server, spec, version, passes }), known);
    let mut rehearsal = Rehearsal { blockers: reasons_of_servers(&said), ..Rehearsal::default() };
    for (candidate, verdict) in &said {
        match verdict {
            Verdict::Allow(_) => rehearsal.start.push(candidate.server.name.clone()),
            Verdict::Wait(_) => rehearsal.wait.push(candidate.server.name.clone()),
            Verdict::Deny(_) => {}
        }
    }
    rehearsal
}

/// The servers that would be left out as things are now, each with why.
#[must_use]
pub fn left_out(servers: &[&PlannedServer], spec: &CommandSpec, known: Known<'_>) -> Vec<(ServerName, String)> {
    servers.iter().filter_map(|server| Some((server.name.clone(), never(server, spec, known)?))).collect()
}
