//! Closes breakers: by whoever may use the command once its canary has passed, and by its owners before.

use super::failures;
use super::intake::Outcome;
use super::lines::{Line, Speaker};
use super::messages;
use super::world::World;
use crate::admission::{BreakerStanding, Closing};
use crate::conversation;
use crate::domain::breaker::BreakerScope;
use crate::ports::StoreFault;

/// What `close-breaker` comes to. Why it does not help somebody is told with who could.
pub(super) async fn close(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    (scope, why): (&BreakerScope, &str),
) -> Result<Outcome, StoreFault> {
    let (now, ledger) = (world.now(), world.store.ledger().await?);
    let Some(breaker) = ledger.breakers.get(scope) else {
        let told = conversation::no_such_breaker(scope, ledger.breakers.keys());
        return Ok(line.answered(told, "answered: no such breaker"));
    };
    let standing = breaker.standing(speaker.rulebook.known(&ledger, now));
    let spec = speaker.rulebook.catalog.command(scope.command());
    let owns = spec.is_some_and(|spec| speaker.person.groups.contains(&spec.owner));
    let may = owns || spec.is_some_and(|spec| speaker.may_ever_use(spec));
    let after_canary = standing == BreakerStanding::MayClose;
    if !may || !(owns || after_canary) {
        let owner = spec.map(|spec| &spec.owner);
        let told = conversation::may_not_close(scope, (&standing, may), owner);
        return Ok(line.answered(told, format!("refused: may not close the breaker of {scope}")));
    }
    let (by, name) = (speaker.person.id.clone(), speaker.person.name.clone());
    let closed = breaker.closed(Closing { by, name, at: now, why: why.to_owned(), after_canary });
    let mut writes = failures::written(world, closed).collect::<Vec<_>>();
    let told = conversation::breaker_closed(scope, after_canary);
    writes.push(messages::answer(&line.envelope.key, line.origin, told));
    Ok(Outcome { writes, note: format!("closed the breaker of {scope}") })
}
