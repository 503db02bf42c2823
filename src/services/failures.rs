//! Counts how runs finish, in the commit that ends them, and opens breakers by it.
//!
//! Deliberately absent: when a breaker opens (admission), and closing one (`closing`).

use super::messages;
use super::world::World;
use crate::admission::{Breaker, Counted, FinishedAs, FinishedRun, FinishedServer, after_run};
use crate::conversation::{self, BreakerView, message::Message};
use crate::domain::breaker::{BreakerScope, version_of};
use crate::domain::place::ChannelId;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::Write;
use crate::workflow::request::Request;
use crate::workflow::run::{Run, RunEvent};

/// What these events of a run change in what is counted: writes of the same commit.
pub(super) async fn counted(
    world: &World,
    request: &Request,
    run: &Run,
    events: &[RunEvent],
) -> Result<Vec<Write>, StoreFault> {
    let version = version_of(&request.plan.parts().parameters);
    let Some(work) = Counted::of(&request.spec, &run.subject, version) else { return Ok(Vec::new()) };
    // A run that a person was asked about has counted then.
    let new = events
        .iter()
        .rev()
        .find_map(|event| if let RunEvent::StepFailed(failure) = event { Some(failure) } else { None });
    let kind = new.or(run.failure.as_ref()).map(|failure| failure.kind);
    let finished_as = events.iter().find_map(|event| FinishedAs::of(event, kind)).filter(|_| run.asked_at.is_none());
    let Some(finished_as) = finished_as else {
        let is_over = events.iter().any(|event| matches!(event, RunEvent::Ended { .. }));
        return if is_over { turned_back(world, run).await } else { Ok(Vec::new()) };
    };
    let server = run.subject.server();
    let finished = FinishedRun {
        run: run.id.clone(),
        command: work.command.clone(),
        site: work.site.cloned(),
        server: server.map(|server| FinishedServer {
            id: server.id.clone(),
            name: server.name.clone(),
            server_type: server.server_type.clone(),
        }),
        version: work.version.map(str::to_owned),
        finished_as,
        at: world.now(),
    };
    count(world, work, finished).await
}

async fn count(world: &World, work: Counted<'_>, finished: FinishedRun) -> Result<Vec<Write>, StoreFault> {
    let rulebook = world.rulebook();
    let rules = &rulebook.rules.failure_rate;
    let open = world.store.open_breakers().await?;
    let (mut writes, mut last) = (Vec::new(), i64::MAX);
    for scope in work.scopes() {
        let record = world.store.finished_runs(&scope, rules.window(&scope) as usize).await?;
        // Whatever was added after the first look makes the whole commit stale.
        last = last.min(record.last);
        let breaker = open.iter().find(|breaker| breaker.scope == scope);
        let newest_first = std::iter::once(finished.clone()).chain(record.runs).collect::<Vec<_>>();
        let changed = after_run(breaker, &scope, &newest_first, rules);
        writes.extend(changed.into_iter().flat_map(|breaker| written(world.places.incidents.as_ref(), breaker)));
    }
    writes.push(Write::Finished { run: finished, last });
    Ok(writes)
}

/// A run that says nothing of its command: if it was a canary, another one may try.
async fn turned_back(world: &World, run: &Run) -> Result<Vec<Write>, StoreFault> {
    let open = world.store.open_breakers().await?;
    let without = open.iter().filter_map(|breaker| breaker.without_canary(&run.id));
    Ok(without.flat_map(|breaker| written(world.places.incidents.as_ref(), breaker)).collect())
}

/// A breaker with the message about it.
pub(super) fn written(incidents: Option<&ChannelId>, breaker: Breaker) -> impl Iterator<Item = Write> + use<> {
    let told = incidents.map(|channel| messages::breaker(&breaker.scope, breaker.opened_at, channel));
    std::iter::once(Write::Breaker(breaker)).chain(told)
}

/// What the incident channel reads of a breaker now.
pub(super) async fn told(
    world: &World,
    scope: &BreakerScope,
    opened_at: Timestamp,
) -> Result<Option<Message>, StoreFault> {
    let Some(breaker) = world.store.breaker(scope, opened_at).await? else { return Ok(None) };
    let mut failed = Vec::new();
    for example in &breaker.examples {
        let request = world.store.request(&example.run.request).await?;
        failed.extend(request.zip(world.store.run(&example.run).await?));
    }
    let card = failed.first().and_then(|(request, _)| request.card.as_ref());
    let link = match card {
        Some(card) => world.chat.link_to(card).await,
        None => None,
    };
    let rulebook = world.rulebook();
    Ok(Some(conversation::breaker(BreakerView {
        breaker: &breaker,
        failed: &failed,
        owner: rulebook.catalog.command(scope.command()).map(|spec| &spec.owner),
        soak: rulebook.rules.failure_rate.soak,
        thread_link: link.as_deref(),
    })))
}
