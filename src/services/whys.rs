//! `why` in the chat: which request, run or server is meant, and what is told of it. Only looks, so everybody here may ask.

use super::explaining;
use super::intake::Outcome;
use super::lines::{Line, Speaker};
use super::offers;
use super::undone::left_undone;
use super::world::World;
use crate::conversation::{self, RequestView, RunView};
use crate::domain::asked::WhyOf;
use crate::domain::command::StepSpec;
use crate::domain::effect::{BalancerLine, Probe, Seen};
use crate::domain::ids::{RequestId, RunId};
use crate::domain::intent::{Selector, Spanned};
use crate::domain::place::{MessageRef, Origin};
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::fleet::{self, Snapshot};
use crate::ports::StoreFault;
use crate::ports::store::Content;
use crate::workflow::request::Request;
use crate::workflow::run::{Run, RunStage};
use std::time::Duration;

/// The most requests of a person among which the thread is looked for.
const OWN_MAX: usize = 20;
/// How long a load balancer may take to tell how many connections are left; without it the answer is sent all the same.
const LOOK_DEADLINE: Duration = Duration::from_secs(2);

/// What a `why` line comes to.
pub(super) async fn answer(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    of: &WhyOf,
) -> Result<Outcome, StoreFault> {
    match of {
        WhyOf::Here => match here(world, line.origin).await? {
            Ok(request) => why_request(world, line, speaker, request).await,
            Err(own) => Ok(line.answered(conversation::no_request_here(&own), "answered: why of no request")),
        },
        WhyOf::Request(id) => match world.store.request(id).await? {
            Some(request) => why_request(world, line, speaker, request).await,
            None => Ok(line.answered(conversation::no_such_request(id), "answered: no such request")),
        },
        WhyOf::Run(id) => why_run(world, line, speaker, id).await,
        WhyOf::Server(selector) => why_server(world, line, speaker, selector).await,
    }
}

/// The request in whose thread a line stands, else the only open one of the person; else all of theirs that are open.
async fn here(world: &World, origin: &Origin) -> Result<Result<Request, Vec<RequestId>>, StoreFault> {
    let open = world.store.open_requests().await?;
    if let Some(thread) = &origin.thread {
        let root = MessageRef { channel: origin.channel.clone(), ts: thread.clone() };
        let slot = world.store.slot_at(&root).await?;
        let hangs_on = slot.and_then(|slot| match slot.outgoing.content {
            Content::Live(notice) => notice.request().cloned(),
            Content::Fixed(_) | Content::Form(_) => None,
        });
        if let Some(id) = hangs_on
            && let Some(request) = world.store.request(&id).await?
        {
            return Ok(Ok(request));
        }
        // A card that is itself a reply stands in the thread of the line that asked for it.
        let is_there = |request: &&Request| {
            request.origin.thread.as_ref() == Some(thread) && request.origin.channel == origin.channel
        };
        let newest = world.store.requests_of(&origin.person, OWN_MAX).await?;
        if let Some(request) = open.iter().rev().find(is_there).or_else(|| newest.iter().find(is_there)) {
            return Ok(Ok(request.clone()));
        }
    }
    let mut own = open.into_iter().filter(|request| request.origin.person == origin.person).collect::<Vec<_>>();
    Ok(match own.len() {
        1 => own.pop().ok_or_else(Vec::new),
        _ => Err(own.iter().rev().map(|request| request.id().clone()).collect()),
    })
}

async fn why_request(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    request: Request,
) -> Result<Outcome, StoreFault> {
    let note = format!("answered: why {}", request.id());
    let why = explaining::why(world.store.as_ref(), &speaker.rulebook, request, world.now()).await?;
    Ok(line.answered(conversation::why(why.view()), note))
}

async fn why_run(world: &World, line: Line<'_>, speaker: &Speaker, id: &RunId) -> Result<Outcome, StoreFault> {
    let (request, run) = (world.store.request(&id.request).await?, world.store.run(id).await?);
    let (Some(request), Some(run)) = (request, run) else {
        return Ok(line.answered(conversation::no_such_run(id), "answered: no such run"));
    };
    if run.stage == RunStage::Waiting && !request.is_over() {
        // What it waits for, its request waits for.
        return why_request(world, line, speaker, request).await;
    }
    let pace = explaining::step_pace(world.store.as_ref(), &request, &run).await?;
    let balancer = connections(world, &request, &run).await;
    let view = RequestView { request: &request, runs: &[], impacts: &[], now: world.now() };
    let message = conversation::why_run(RunView { view, run: &run, pace, line: balancer });
    Ok(line.answered(message, format!("answered: why {id}")))
}

/// How many connections are left on a server that is being taken out.
async fn connections(world: &World, request: &Request, run: &Run) -> Option<(BalancerLine, Timestamp)> {
    let server = run.subject.server()?;
    let step = request.spec.steps.get(run.step()?)?;
    if !matches!(step, StepSpec::Drain { .. }) {
        return None;
    }
    match world.drivers.observe(&Probe::Balancer(server.name.clone()), LOOK_DEADLINE).await {
        Seen::Balancer(line) => Some((line, world.now())),
        Seen::Boot(_) | Seen::Pool(_) | Seen::Power(_) | Seen::Checks(_) | Seen::NoAnswer(_) => None,
    }
}

async fn why_server(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    selector: &Spanned<Selector>,
) -> Result<Outcome, StoreFault> {
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), Some(selector)).await?;
    let inventory = &speaker.rulebook.inventory;
    let snapshot = Snapshot { inventory, states: &|server| ledger.state(server), undone: &undone };
    let servers = match fleet::resolve(selector, snapshot, line.text) {
        Ok(servers) => servers,
        Err(told) => return Ok(offers::misunderstood(world, line, speaker, &told).await),
    };
    let [server] = servers.as_slice() else {
        let names = servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
        return Ok(line.answered(conversation::ask_about_one(&names), "answered: why of more than one server"));
    };
    if let Some(lock) = ledger.lock(&server.id) {
        return why_run(world, line, speaker, &lock.run).await;
    }
    if let Some(request) = waits_for(world, server).await? {
        return why_request(world, line, speaker, request).await;
    }
    let (state, health) = (ledger.states.get(&server.id), ledger.health.get(&server.id));
    let message = conversation::server_alone(server, state, health, world.now());
    Ok(line.answered(message, "answered: why of a server"))
}

/// The first open request that has not been on that server yet.
async fn waits_for(world: &World, server: &Server) -> Result<Option<Request>, StoreFault> {
    for request in world.store.open_requests().await? {
        if !request.plan.servers().any(|planned| planned.id == server.id) {
            continue;
        }
        let runs = world.store.runs(request.id()).await?;
        let is_its = |run: &&Run| run.subject.server().is_some_and(|planned| planned.id == server.id);
        if runs.iter().filter(is_its).any(|run| !run.is_over()) {
            return Ok(Some(request));
        }
    }
    Ok(None)
}
