//! Counts how runs finish, in the commit that ends them, and opens breakers by it.
//!
//! Deliberately absent: when a breaker opens (admission), and closing one (`closing`).

use super::asking_why;
use super::messages;
use super::world::World;
use crate::admission::{self, Breaker, Counted, FinishedAs, FinishedRun, FinishedServer, ScopeRecord, after_run};
use crate::conversation::{self, BreakerView, message::Message};
use crate::domain::breaker::BreakerScope;
use crate::domain::intent::BuiltInVerb;
use crate::domain::place::ChannelId;
use crate::domain::server::SiteName;
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::ports::StoreFault;
use crate::ports::store::Write;
use crate::workflow::request::{PolicyName, Request};
use crate::workflow::run::{Run, RunEvent};

/// What these events of a run change in what is counted: writes of the same commit.
pub(super) async fn counted(
    world: &World,
    request: &Request,
    run: &Run,
    events: &[RunEvent],
) -> Result<Vec<Write>, StoreFault> {
    let Some(work) = Counted::of(request, run) else { return Ok(Vec::new()) };
    // A run that a person was asked about has counted then.
    let new = events
        .iter()
        .rev()
        .find_map(|event| if let RunEvent::StepFailed(failure) = event { Some(failure) } else { None });
    let kind = new.or(run.failure.as_ref()).map(|failure| failure.kind);
    let finished_as = events.iter().find_map(|event| FinishedAs::of(event, kind)).filter(|_| run.asked_at.is_none());
    let Some(finished_as) = finished_as else {
        let is_over = events.iter().any(|event| matches!(event, RunEvent::Ended { .. }));
        return if is_over { turned_back(world, run, work).await } else { Ok(Vec::new()) };
    };
    let finished = FinishedRun {
        run: run.id.clone(),
        command: work.command.clone(),
        site: work.site.cloned(),
        server: work.server.map(|server| FinishedServer {
            id: server.id.clone(),
            name: server.name.clone(),
            server_type: server.server_type.clone(),
        }),
        version: work.version.map(str::to_owned),
        asked_by: work.asked_by,
        finished_as,
        at: world.now(),
    };
    count(world, work, finished).await
}

async fn count(world: &World, work: Counted<'_>, finished: FinishedRun) -> Result<Vec<Write>, StoreFault> {
    let rulebook = world.rulebook();
    let rules = &rulebook.rules.failure_rate;
    let open = world.store.open_breakers().await?;
    // Whatever was added after the first look makes the whole commit stale.
    let everywhere = BreakerScope::Command { command: work.command.clone() };
    let last = world.store.finished_runs(&everywhere, 0).await?.last;
    let mut writes = Vec::new();
    for scope in &work.scopes() {
        let record = world.store.finished_runs(scope, rules.window(scope) as usize).await?;
        let breaker = open.iter().find(|breaker| breaker.scope == *scope);
        let newest_first = std::iter::once(finished.clone()).chain(record.runs).collect::<Vec<_>>();
        let mut record = ScopeRecord { scope, newest_first: &newest_first, elsewhere: None };
        // What fails elsewhere is asked for only where it could open a breaker.
        if let Some(rule) = rules.compares(record).filter(|_| breaker.is_none()) {
            record.elsewhere = Some(world.store.elsewhere(scope, finished.at.minus(rule.within)).await?);
        }
        match (after_run(breaker, record, rules), breaker) {
            (Some(changed), before) => {
                writes.extend(canary_failed(world, before, &changed));
                writes.extend(written(world.places.incidents.as_ref(), changed));
            }
            (None, Some(open)) => writes.extend(fewer_at_work(world, open)),
            (None, None) => {}
        }
    }
    writes.push(Write::Finished { run: finished, last });
    Ok(writes)
}

/// The canary of an open breaker has failed, or what it had shown counts no more: nothing is tried again for a while.
fn canary_failed(world: &World, before: Option<&Breaker>, changed: &Breaker) -> Option<Write> {
    let had_canary = before.is_some_and(|before| before.canary.is_some());
    let channel = world.places.incidents.as_ref().filter(|_| had_canary && changed.canary.is_none())?;
    Some(messages::breaker_worse(changed, channel))
}

/// A run that says nothing of its command: if it was a canary, another one may try.
async fn turned_back(world: &World, run: &Run, work: Counted<'_>) -> Result<Vec<Write>, StoreFault> {
    let (mut writes, scopes) = (Vec::new(), work.scopes());
    for open in world.store.open_breakers().await? {
        match open.without_canary(&run.id) {
            Some(without) => writes.extend(written(world.places.incidents.as_ref(), without)),
            None if scopes.contains(&open.scope) => writes.extend(fewer_at_work(world, &open)),
            None => {}
        }
    }
    Ok(writes)
}

/// The message about an open breaker tells how many more may fail, which are fewer now.
fn fewer_at_work(world: &World, open: &Breaker) -> Option<Write> {
    world.places.incidents.as_ref().map(|channel| messages::breaker(&open.scope, open.opened_at, channel))
}

/// A breaker with the message about it.
pub(super) fn written(incidents: Option<&ChannelId>, breaker: Breaker) -> impl Iterator<Item = Write> + use<> {
    let (scope, opened_at) = (&breaker.scope, breaker.opened_at);
    let told = incidents.map(|channel| {
        let line = format!("{} {scope}", BuiltInVerb::CloseBreaker.word());
        let button = asking_why::asks_why(asking_why::close_handle(scope, opened_at), &line);
        [button, messages::breaker(scope, opened_at, channel)]
    });
    std::iter::once(Write::Breaker(breaker)).chain(told.into_iter().flatten())
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
    let (rulebook, mut at_work) = (world.rulebook(), 0);
    for request in world.store.open_requests().await?.iter().filter(|request| request.spec.name == *scope.command()) {
        at_work += admission::at_work(&breaker, request, &world.store.runs(request.id()).await?);
    }
    Ok(Some(conversation::breaker(BreakerView {
        breaker: &breaker,
        failed: &failed,
        owner: rulebook.catalog.command(scope.command()).map(|spec| &spec.owner),
        site: site_of(scope, &rulebook.inventory),
        soak: rulebook.rules.failure_rate.soak,
        at_work,
        is_observed: rulebook.rules.observes(PolicyName::FailureRate),
        thread_link: link.as_deref(),
        close: Some(&asking_why::close_handle(scope, opened_at)),
    })))
}

/// The site of what a breaker is about: whoever looks after it is called for its servers.
pub(super) fn site_of<'a>(scope: &'a BreakerScope, inventory: &'a Inventory) -> Option<&'a SiteName> {
    let server = scope.server().and_then(|name| inventory.by_name(name));
    scope.site().or(server.map(|server| &server.site))
}
