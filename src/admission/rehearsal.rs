//! What admission would say now to a line that nobody has sent yet; changes nothing and reserves nothing.

use super::counts::Counts;
use super::likely::{Paces, likely_start};
use super::{Candidate, Known, Verdict, evaluate_with, evaluate_without_server, merged, pass, reasons_of_servers};
use crate::domain::command::CommandSpec;
use crate::domain::identity::Asker;
use crate::domain::ids::RunId;
use crate::domain::plan::{PlannedServer, Subject};
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, PolicySet};

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

/// What admission says now of everything that a line would work on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outlook {
    /// What would become of its first wave.
    pub first: Rehearsal,
    /// What would become of all its servers if they started together.
    pub together: Rehearsal,
    /// What would become of each if it were asked for alone: who waits here waits for others.
    pub alone: Rehearsal,
    /// The servers that would be left out, each with why.
    pub left_out: Vec<(ServerName, String)>,
    /// Why nothing of it would be carried out at all, where it works on no servers.
    pub denied: Option<String>,
    /// What was told last of what is not looked at here.
    pub told_last: Vec<Blocker>,
    /// When the first of those that wait is likely to start; `None` where nobody can tell.
    pub about: Option<Timestamp>,
}

/// A line as admission is asked about it.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// What it works on, in the order of starting.
    pub subjects: &'a [Subject],
    /// How many of them are the first wave.
    pub first: usize,
    /// Its command.
    pub spec: &'a CommandSpec,
    /// The version that it is about, if its command takes one.
    pub version: Option<&'a str>,
    /// Who would ask for it.
    pub asked_by: Asker,
    /// A run of the request that it would become.
    pub run: &'a RunId,
}

/// Asks about a line from all sides, by the pass that decides.
#[must_use]
pub fn outlook(sought: Sought<'_>, known: Known<'_>, paces: &Paces) -> Outlook {
    let Sought { subjects, first, spec, version, asked_by, run } = sought;
    let servers = subjects.iter().filter_map(Subject::server).collect::<Vec<_>>();
    let started_first = subjects.iter().take(first).filter_map(Subject::server).collect::<Vec<_>>();
    let passes = PolicySet::NONE;
    let candidates = || servers.iter().map(|server| Candidate { run, server, spec, version, asked_by, passes });
    let together = pass(candidates(), known);
    let counts = Counts::of(known.ledger, known.inventory);
    let alone = candidates().map(|candidate| (candidate, evaluate_with(candidate, known, &counts)));
    let mut outlook = Outlook {
        first: rehearse(&started_first, (spec, version, asked_by), run, known),
        about: likely_start(&together, known, paces),
        together: rehearsal(&together),
        alone: rehearsal(&alone.collect::<Vec<_>>()),
        left_out: denied(&together),
        ..Outlook::default()
    };
    let mut of_others = Vec::new();
    for subject in subjects.iter().filter(|subject| subject.server().is_none()) {
        match evaluate_without_server(run, (subject, version), spec, known) {
            Verdict::Allow(_) => {}
            Verdict::Wait(blockers) => of_others.extend(blockers),
            Verdict::Deny(why) => outlook.denied = Some(why),
        }
    }
    outlook.first.blockers.extend(of_others);
    outlook.first.blockers = merged(outlook.first.blockers);
    outlook
}

/// Asks for each server in turn, each counted before the next is asked about: exactly as servers are started.
///
/// The version is the one that the request is about, if its command takes one. Servers that would be left out are in neither list.
#[must_use]
pub fn rehearse(
    servers: &[&PlannedServer],
    (spec, version, asked_by): (&CommandSpec, Option<&str>, Asker),
    run: &RunId,
    known: Known<'_>,
) -> Rehearsal {
    let passes = PolicySet::NONE;
    let candidates = servers.iter().map(|server| Candidate { run, server, spec, version, asked_by, passes });
    rehearsal(&pass(candidates, known))
}

fn rehearsal(said: &[(Candidate<'_>, Verdict)]) -> Rehearsal {
    let mut rehearsal = Rehearsal { blockers: reasons_of_servers(said), ..Rehearsal::default() };
    for (candidate, verdict) in said {
        match verdict {
            Verdict::Allow(_) => rehearsal.start.push(candidate.server.name.clone()),
            Verdict::Wait(_) => rehearsal.wait.push(candidate.server.name.clone()),
            Verdict::Deny(_) => {}
        }
    }
    rehearsal
}

/// The servers that would be left out as things are now, each with why.
fn denied(said: &[(Candidate<'_>, Verdict)]) -> Vec<(ServerName, String)> {
    let why = |(candidate, verdict): &(Candidate<'_>, Verdict)| match verdict {
        Verdict::Deny(why) => Some((candidate.server.name.clone(), why.clone())),
        Verdict::Allow(_) | Verdict::Wait(_) => None,
    };
    said.iter().filter_map(why).collect()
}
