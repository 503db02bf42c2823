//! `why` in the chat: which request, run or server is meant, and what is told of it. Only looks, so everybody here may ask.

use super::explaining::{self, Found};
use super::forms;
use super::intake::Outcome;
use super::lines::{Line, Speaker};
use super::looks::{self, Asked};
use super::world::World;
use crate::conversation;
use crate::domain::asked::WhyOf;
use crate::domain::command::StepSpec;
use crate::domain::effect::{BalancerLine, Probe, Seen};
use crate::domain::ids::RequestId;
use crate::domain::intent::{Selector, Spanned};
use crate::domain::place::{MessageRef, Origin};
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::{Content, Control, ControlAction, Write};
use crate::workflow::request::{ControlVerb, Request, RequestStage};
use crate::workflow::run::Run;
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
    let (store, now, looked_up) = (world.store.as_ref(), world.now(), world.looked_up());
    let on = (speaker.rulebook.as_ref(), looked_up.outside());
    let (found, note) = match of {
        WhyOf::Here => match here(world, line.origin).await? {
            Ok(request) => {
                let note = format!("answered: why {}", request.id());
                (Found::Request(Box::new(explaining::why(store, on, request, now).await?)), note)
            }
            Err(own) => return Ok(line.answered(conversation::no_request_here(&own), "answered: why of no request")),
        },
        WhyOf::Consent => match for_consent(world, line.origin).await? {
            Ok(request) => {
                let note = format!("answered: review {}", request.id());
                (Found::Request(Box::new(explaining::why(store, on, request, now).await?)), note)
            }
            Err(waiting) => {
                return Ok(line.answered(conversation::no_consent_here(&waiting), "answered: review of no request"));
            }
        },
        WhyOf::Request(id) => match store.request(id).await? {
            Some(request) => {
                let found = explaining::why(store, on, request, now).await?;
                (Found::Request(Box::new(found)), format!("answered: why {id}"))
            }
            None => return Ok(line.answered(conversation::no_such_request(id), "answered: no such request")),
        },
        WhyOf::Run(id) => match explaining::of_run(store, on, id, now).await? {
            Some(found) => (found, format!("answered: why {id}")),
            None => return Ok(line.answered(conversation::no_such_run(id), "answered: no such run")),
        },
        WhyOf::Server(selector) => match server(world, line, speaker, selector).await? {
            Ok(server) => {
                let note = format!("answered: why {}", server.name);
                (explaining::of_server(store, on, &server, now).await?, note)
            }
            Err(outcome) => return Ok(outcome),
        },
    };
    Ok(told(world, line, &found, note).await)
}

/// The request in whose thread a line stands, else the only open one of the person; else all of theirs that are open.
async fn here(world: &World, origin: &Origin) -> Result<Result<Request, Vec<RequestId>>, StoreFault> {
    let open = world.store.open_requests().await?;
    if let Some(request) = in_thread(world, origin, &open).await? {
        return Ok(Ok(request));
    }
    Ok(only(open.into_iter().filter(|request| request.origin.person == origin.person)))
}

/// The request in whose thread a line stands, else the only one in its channel that waits for the consent of others than who
/// asked; else all of those.
async fn for_consent(world: &World, origin: &Origin) -> Result<Result<Request, Vec<RequestId>>, StoreFault> {
    let open = world.store.open_requests().await?;
    if let Some(request) = in_thread(world, origin, &open).await? {
        return Ok(Ok(request));
    }
    let waits = |request: &Request| {
        request.stage == RequestStage::NeedsApproval
            && request.origin.channel == origin.channel
            && request.origin.person != origin.person
    };
    Ok(only(open.into_iter().filter(waits)))
}

/// The only one; else the ids of all, the newest first.
fn only(requests: impl Iterator<Item = Request>) -> Result<Request, Vec<RequestId>> {
    let mut requests = requests.collect::<Vec<_>>();
    match requests.len() {
        1 => requests.pop().ok_or_else(Vec::new),
        _ => Err(requests.iter().rev().map(|request| request.id().clone()).collect()),
    }
}

/// The request in whose thread a line stands.
async fn in_thread(world: &World, origin: &Origin, open: &[Request]) -> Result<Option<Request>, StoreFault> {
    let Some(thread) = &origin.thread else { return Ok(None) };
    let root = MessageRef { channel: origin.channel.clone(), ts: thread.clone() };
    let slot = world.store.slot_at(&root).await?;
    let hangs_on = slot.and_then(|slot| match slot.outgoing.content {
        Content::Live(notice) => notice.request().cloned(),
        Content::Fixed(_) | Content::Form(_) => None,
    });
    if let Some(id) = hangs_on
        && let Some(request) = world.store.request(&id).await?
    {
        return Ok(Some(request));
    }
    // A card that is itself a reply stands in the thread of the line that asked for it.
    let is_there =
        |request: &&Request| request.origin.thread.as_ref() == Some(thread) && request.origin.channel == origin.channel;
    let newest = world.store.requests_of(&origin.person, OWN_MAX).await?;
    Ok(open.iter().rev().find(is_there).or_else(|| newest.iter().find(is_there)).cloned())
}

async fn told(world: &World, line: Line<'_>, found: &Found, note: String) -> Outcome {
    let balancer = match found {
        Found::Run(ran) => connections(world, &ran.request, &ran.run).await,
        Found::Request(_) | Found::Server(_) => None,
    };
    let message = found.told(balancer);
    let Some(request) = found.needs_approval() else { return line.answered(message, note) };
    // A button works on a message of the request alone, or for whoever it was made for.
    let handle = world.ids.handle();
    let action = ControlAction::Request { request: request.clone(), verb: ControlVerb::Review };
    let bound = Some(forms::bound(world, line.origin));
    let outcome = line.answered(conversation::with_review(message, &handle), note);
    outcome.with([Write::Control(Control { handle, action, bound, used_at: None })])
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
        Seen::Boot(_)
        | Seen::Pool(_)
        | Seen::Power(_)
        | Seen::Checks(_)
        | Seen::NoAnswer(_)
        | Seen::OtherMachine(_) => None,
    }
}

/// The one server that is asked about.
async fn server(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    selector: &Spanned<Selector>,
) -> Result<Result<Server, Outcome>, StoreFault> {
    let servers = match looks::asked(world, line, speaker, Some(selector)).await? {
        Asked::Servers(servers, _) => servers,
        Asked::Answered(outcome) => return Ok(Err(outcome)),
    };
    let names = servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
    Ok(match <[Server; 1]>::try_from(servers) {
        Ok([server]) => Ok(server),
        Err(_) => Err(line.answered(conversation::ask_about_one(&names), "answered: why of more than one server")),
    })
}
