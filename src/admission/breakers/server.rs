//! What failures on one server keep off it: automations, which cannot look at what is wrong with it, and nobody else.
//!
//! Two things do: the breaker of that server, which a person closes, and for some hours any run that failed on it. A person
//! may work on it all the while; what they do there well ends the wait.

use super::{Counted, FailureRules, blocker};
use crate::admission::Known;
use crate::domain::breaker::BreakerScope;
use crate::domain::command::CommandName;
use crate::domain::identity::Asker;
use crate::domain::ids::RunId;
use crate::domain::server::{Server, ServerId, ServerName};
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, BrokenUntil, PolicyName};
use std::time::Duration;

/// How long failures on servers are remembered for their cool-down; no longer one can be set.
pub const SERVER_FAILURES_KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// The newest run of a command on a server, which failed, and whose breaker there was not closed since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerFailure {
    /// The server.
    pub server: ServerId,
    /// Its name then.
    pub name: ServerName,
    /// The command.
    pub command: CommandName,
    /// The run.
    pub run: RunId,
    /// When it failed.
    pub at: Timestamp,
}

impl ServerFailure {
    /// Until when automations wait after it.
    #[must_use]
    pub fn cools_until(&self, rules: &FailureRules) -> Timestamp {
        self.at.plus(rules.server.cool_down)
    }
}

/// Why automations wait for a server; nothing to anybody else. A breaker is told, or else how long the last failure counts.
pub(super) fn keeps_off(work: Counted<'_>, known: Known<'_>) -> Vec<Blocker> {
    let server = work.server.filter(|_| work.asked_by == Asker::Automation);
    server.map_or_else(Vec::new, |server| kept_off(&server.id, &server.name, known))
}

/// What keeps every automation off that server.
fn kept_off(id: &ServerId, name: &ServerName, known: Known<'_>) -> Vec<Blocker> {
    let breakers = known.ledger.breakers.values().filter(|breaker| breaker.scope.server() == Some(name));
    let broken = breakers.filter_map(|breaker| blocker(breaker, known)).collect::<Vec<_>>();
    if !broken.is_empty() {
        return broken;
    }
    known.ledger.failures.get(id).and_then(|failure| cooling(failure, known)).into_iter().collect()
}

/// Whether failures keep every automation off that server; not where they are only observed.
pub(in crate::admission) fn keeps_automations_off(server: &Server, known: Known<'_>) -> bool {
    !known.rules.observes(PolicyName::FailureRate) && !kept_off(&server.id, &server.name, known).is_empty()
}

fn cooling(failure: &ServerFailure, known: Known<'_>) -> Option<Blocker> {
    let until = failure.cools_until(&known.rules.failure_rate);
    let (command, server) = (failure.command.clone(), failure.name.clone());
    (known.now < until).then(|| Blocker::Broken {
        scope: BreakerScope::Server { command, server },
        failures: 1,
        of: 1,
        since: failure.at,
        examples: vec![failure.name.clone()],
        until: BrokenUntil::CoolDown(until),
    })
}

/// Tells the cool-downs of several servers together, whatever command failed on each; whether both were one. The first of them that
/// ends gives its name and its end to all.
pub(in crate::admission) fn rest_together(earlier: &mut Blocker, later: &Blocker) -> bool {
    let Some((_, others, _)) = resting(later) else { return false };
    let Some((until, names, _)) = resting(earlier) else { return false };
    let new = others.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>();
    let mut all = [names, &new].concat();
    all.sort();
    let (first, other) =
        if resting(later).is_some_and(|(at, _, _)| at < until) { (later, &*earlier) } else { (&*earlier, later) };
    let since = resting(first).into_iter().chain(resting(other)).map(|(_, _, since)| since).min();
    let mut told = first.clone();
    if let Blocker::Broken { failures, of, since: from, examples, .. } = &mut told {
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        (*failures, *of, *from, *examples) = (count, count, since.unwrap_or(*from), all);
    }
    *earlier = told;
    true
}

/// Whether a server's own cool-down went into one that tells those of several servers.
pub(in crate::admission) fn rests_with(own: &Blocker, merged: &Blocker) -> bool {
    let (Some((_, own, _)), Some((_, all, _))) = (resting(own), resting(merged)) else { return false };
    own.iter().all(|name| all.contains(name))
}

/// When the first of them ends, the servers, and since when: of cool-downs alone, for a breaker takes a person, each its own.
fn resting(blocker: &Blocker) -> Option<(Timestamp, &[ServerName], Timestamp)> {
    let Blocker::Broken { scope, since, examples, until: BrokenUntil::CoolDown(at), .. } = blocker else { return None };
    scope.server().map(|_| (*at, examples.as_slice(), *since))
}
