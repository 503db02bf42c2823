//! Closes breakers: by whoever may use the command once its canary has passed, and by its owners before.

use super::failures;
use super::restraining::{Braker, Came, CameTo, Right, Said};
use crate::admission::{BreakerStanding, Closing, Ledger, ServerFailure};
use crate::conversation;
use crate::domain::breaker::BreakerScope;
use crate::ports::StoreFault;

/// The failure on the server of that scope that automations still wait after, if it has one.
fn failure_of<'a>(scope: &BreakerScope, ledger: &'a Ledger) -> Option<&'a ServerFailure> {
    let is_of = |failure: &&ServerFailure| scope.server() == Some(&failure.name) && *scope.command() == failure.command;
    ledger.failures.values().find(is_of)
}

/// What `close-breaker` comes to. Why it does not help somebody is told with who could.
///
/// # Errors
/// The store does not answer.
pub async fn close(braker: Braker<'_>, (scope, why): (&BreakerScope, &str)) -> Result<Came, StoreFault> {
    let (now, ledger) = (braker.now, braker.store.ledger().await?);
    let Some(breaker) = ledger.breakers.get(scope) else {
        let cooling =
            failure_of(scope, &ledger).map(|failure| failure.cools_until(&braker.rulebook.rules.failure_rate));
        if let Some(until) = cooling.filter(|until| now < *until) {
            let told = conversation::only_cooling_down(scope, until);
            return Ok(Came::told(CameTo::Refused, told, "refused: no open breaker, only a cool-down"));
        }
        let told = conversation::no_such_breaker(scope, ledger.breakers.keys());
        let to = if ledger.breakers.is_empty() { CameTo::Done } else { CameTo::Refused };
        return Ok(Came::told(to, told, "answered: no such breaker"));
    };
    let standing = breaker.standing(braker.rulebook.known(&ledger, now));
    let spec = braker.rulebook.catalog.command(scope.command());
    let (owns, may) = match braker.right {
        Right::OfTheFile => (true, true),
        Right::OfTheChannel(Said { speaker, .. }) => (
            spec.is_some_and(|spec| speaker.person.groups.contains(&spec.owner)),
            spec.is_some_and(|spec| speaker.may_ever_use(spec)),
        ),
    };
    let (may, may_close) = (owns || may, standing == BreakerStanding::MayClose);
    // A server has no canary: whoever closes its breaker has looked at it.
    let after_canary = may_close && scope.server().is_none();
    if !may || !(owns || may_close) {
        let owner = spec.map(|spec| &spec.owner);
        let told = conversation::may_not_close(scope, (&standing, may), owner);
        return Ok(Came::told(CameTo::Refused, told, format!("refused: may not close the breaker of {scope}")));
    }
    let (by, name) = (braker.by.actor.id().clone(), braker.by.name.to_owned());
    let closed = breaker.closed(Closing { by, name, at: now, why: why.to_owned(), after_canary });
    let writes = failures::written(braker.incidents, closed).collect();
    Ok(Came::done(conversation::breaker_closed(scope, after_canary), writes, format!("closed the breaker of {scope}")))
}
