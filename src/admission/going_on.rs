//! Whether a run that was let to start may go on, at its gates and before what cannot be undone.
//!
//! What is denied for good is asked of every run, as it was when it was let start: whether its server is still the one that was
//! planned, and that nothing irreversible is done to what serves. So are the blacklist and open breakers, and of one that takes a place of its pool also what watches over what
//! is left: capacity, traffic, domains and alerts. Deliberately absent are freezes and the windows of calendars, because they say
//! what may begin: a run under way has its server out, and the shortest way back is to its end. So are limits and turns, of
//! which it has its share; holds and the stop of everything are orders, which reach a run at any step and not only at gates.

use super::breakers::{Counted, broken};
use super::capacity::is_above_floors;
use super::infrastructure::{still_quiet, still_redundant};
use super::never::{as_planned, destroys_what_serves};
use super::traffic::still_calm;
use super::{Asked, Known, blacklist, state};
use crate::domain::command::CommandSpec;
use crate::domain::ids::RunId;
use crate::domain::plan::{PlannedServer, Subject};
use crate::workflow::request::{Blocker, BrokenUntil, PolicyName};

/// A run that was let to start, and would go on.
#[derive(Clone, Copy, Debug)]
pub struct Going<'a> {
    /// The run.
    pub run: &'a RunId,
    /// What it works on.
    pub subject: &'a Subject,
    /// The command.
    pub spec: &'a CommandSpec,
    /// What it counts towards; `None` where it only looks.
    pub work: Option<Counted<'a>>,
    /// The policies that it has passed by an override.
    pub passed: &'a [PolicyName],
    /// Whether it takes a place of its server's pool.
    pub takes: bool,
}

/// Whether a run may go on. What let it start by an override, and what is only observed, is not asked: it would send the server
/// back at once. Nothing lets it past what is denied for good.
///
/// # Errors
/// The first policy that says not now.
pub fn may_go_on(going: Going<'_>, known: Known<'_>) -> Result<(), PolicyName> {
    let Going { subject, spec, takes, .. } = going;
    let passed = known.rules.not_asked(going.passed);
    if subject.server().is_some_and(|server| is_never(server, spec, known)) {
        return Err(PolicyName::ProductionState);
    }
    if is_blacklisted(going, known) {
        return Err(PolicyName::Blacklist);
    }
    if !passed.contains(&PolicyName::FailureRate) && is_broken(going, known) {
        return Err(PolicyName::FailureRate);
    }
    let Some(server) = subject.server().filter(|_| takes) else { return Ok(()) };
    let asks_traffic = !passed.contains(&PolicyName::Traffic);
    if !passed.contains(&PolicyName::Capacity) && !is_above_floors(server, known, asks_traffic) {
        return Err(PolicyName::Capacity);
    }
    still_calm(server, known, &passed).map_err(|_| PolicyName::Traffic)?;
    still_redundant(server, known, &passed).map_err(|_| PolicyName::Infrastructure)?;
    still_quiet((server, spec), known, &passed).map_err(|_| PolicyName::Infrastructure)
}

/// Whether it is not worked on at all, whatever else is said. The states that its command starts from are not asked: the run
/// itself has brought it into another one.
fn is_never(server: &PlannedServer, spec: &CommandSpec, known: Known<'_>) -> bool {
    as_planned(server, known).is_err() || destroys_what_serves(spec, state(server, known))
}

/// Whether an entry of any level covers it by now.
fn is_blacklisted(going: Going<'_>, known: Known<'_>) -> bool {
    let asked = Asked::of(&going.run.request, going.subject, going.spec);
    let mut on = known.ledger.brakes.iter().filter(|brake| brake.is_on(known.now));
    blacklist::never(asked, known).is_some() || on.any(|brake| blacklist::blocker(brake, asked, known).is_some())
}

/// Whether a breaker is open that it is not itself the canary of.
fn is_broken(going: Going<'_>, known: Known<'_>) -> bool {
    let is_own = |blocker: &Blocker| matches!(blocker, Blocker::Broken { until: BrokenUntil::Canary(canary), .. } if canary == going.run);
    broken(going.work, known).iter().any(|blocker| !is_own(blocker))
}
