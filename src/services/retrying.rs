//! Asks anew for what a request left undone: the same command, values and reason, on what did not get done.
//!
//! It is a line of whoever asks, made from the request: read, planned, allowed and approved like any other. A request is
//! retried once; what the new one leaves is retried from that, so nothing that got done meanwhile is done twice.
//! Deliberately absent: servers of which it is not known what became; as long as there are any, the request is not over.

use super::accepting::{self, Asked, Desk};
use super::halting;
use super::intake::Outcome;
use super::lines::{self, Line, Reply, Speaker};
use super::messages;
use super::presses::Press;
use super::undone::is_left;
use super::world::World;
use crate::conversation::message::Message;
use crate::conversation::{self, RequestView};
use crate::domain::identity::Profile;
use crate::domain::ids::RequestId;
use crate::domain::intent::{Intent, Spanned, WorkIntent};
use crate::domain::place::{ChannelId, Origin};
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::{Store, Write};
use crate::workflow::request::{Request, RequestEvent, Retried};
use crate::workflow::run::Run;
use crate::{fleet, language};

/// A press of the button on the last reply.
pub(super) async fn press(
    world: &World,
    press: &Press<'_>,
    person: &Profile,
    request: &Request,
) -> Result<Outcome, StoreFault> {
    let speaker = match lines::speaking(world, person.clone(), press.origin).await {
        Ok(speaker) => speaker,
        Err(reply) => return Ok(reply.outcome(&press.envelope.key, press.origin)),
    };
    // The new card stands where the old one does, and not in its thread; asked for in another channel, in that one.
    let is_there = press.origin.channel == request.origin.channel;
    let thread = request.origin.thread.clone().filter(|_| is_there);
    let origin = Origin { thread, ..press.origin.clone() };
    retry(world, Line::of(press.envelope, &origin, ""), &speaker, request.id()).await
}

/// What `retry` comes to.
pub(super) async fn retry(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    id: &RequestId,
) -> Result<Outcome, StoreFault> {
    let left = match left(world.store.as_ref(), id, world.now()).await? {
        Ok(left) => left,
        Err((message, note)) => return Ok(line.answered(message, note)),
    };
    let text = left.line(speaker);
    let line = Line { text: &text, ..line };
    let reply = anew(Desk::of(world), line.asked(), (speaker, &left), world.places.incidents.as_ref()).await?;
    Ok(lines::told(world, line, speaker, reply).await)
}

/// A request that is over, and what of it can be asked for anew.
pub(super) struct Left {
    pub(super) request: Request,
    work: WorkIntent,
}

impl Left {
    /// The line that asks for it.
    pub(super) fn line(&self, speaker: &Speaker) -> String {
        let vocabulary = language::Vocabulary::of(speaker.rulebook.catalog.commands().to_vec());
        language::print(&Intent::Work(self.work.clone()), &vocabulary)
    }
}

/// What a request left undone, or why nothing of it is retried: in words, and for the record.
pub(super) async fn left(
    store: &dyn Store,
    id: &RequestId,
    now: Timestamp,
) -> Result<Result<Left, (Message, String)>, StoreFault> {
    let Some(request) = store.request(id).await? else {
        return Ok(Err((conversation::no_such_request(id), "answered: no such request".to_owned())));
    };
    let runs = store.runs(id).await?;
    if !request.is_over() {
        let view = RequestView { request: &request, runs: &runs, impacts: &[], now };
        return Ok(Err((conversation::not_over_yet(view), format!("answered: {id} is not over"))));
    }
    if let Some(retried) = &request.retried {
        return Ok(Err((conversation::retried_before(id, retried), format!("answered: {id} was retried before"))));
    }
    Ok(match what_is_left(&request, &runs) {
        Some(work) => Ok(Left { request, work }),
        None => Err((conversation::nothing_left(id), format!("answered: {id} left nothing"))),
    })
}

/// Asks for it in the name of whoever speaks.
pub(super) async fn anew(
    desk: Desk<'_>,
    asked: Asked<'_>,
    (speaker, left): (&Speaker, &Left),
    incidents: Option<&ChannelId>,
) -> Result<Reply, StoreFault> {
    let (request, id) = (&left.request, left.request.id());
    // Read again: the command may have changed since, and then what does not fit any more is pointed at.
    let reply = match speaker.understand(asked.text, desk.now) {
        Ok(Intent::Work(work)) => accepting::work(desk, asked, (speaker, Some(id)), &work).await?,
        Ok(_) => Reply::silent("rejected: no work is left"),
        Err(told) => Reply::Misunderstood(Box::new(told)),
    };
    Ok(match reply {
        Reply::Accepted { id: anew, mut writes, note } => {
            let (by, name) = (speaker.person.id.clone(), speaker.person.name.clone());
            let retried = Retried { request: anew.clone(), by, name, at: desk.now };
            let events = vec![RequestEvent::Retried(retried)];
            writes.push(Write::RequestEvents { id: id.clone(), expected: request.version, events });
            writes.extend([messages::card(id), messages::final_reply(id)]);
            writes.extend(halting::told(incidents, request, &writes));
            Reply::Accepted { id: anew, writes, note: format!("{note}, a retry of {id}") }
        }
        reply @ (Reply::Said { .. } | Reply::Refused { .. } | Reply::Misunderstood(_) | Reply::Silent { .. }) => reply,
    })
}

/// The same on what is left; `None` if nothing is.
fn what_is_left(request: &Request, runs: &[Run]) -> Option<WorkIntent> {
    let left = runs.iter().filter(|run| is_left(run)).collect::<Vec<_>>();
    if left.is_empty() {
        return None;
    }
    let sites = left.iter().filter_map(|run| run.subject.site()).map(ToString::to_string).collect::<Vec<_>>();
    let selector = match (left.iter().any(|run| run.subject.server().is_some()), sites.as_slice()) {
        (true, _) => Some(format!("failed:{}", request.id())),
        (false, []) => None,
        (false, sites) => Some(format!("site in ({})", sites.join(", "))),
    };
    let selector = match selector.map(|text| fleet::parse_whole_selector(&text)) {
        Some(read) => Some(read.ok()?),
        None => None,
    };
    let parts = request.plan.parts();
    let spanned = |value: &crate::domain::intent::Value| Spanned { value: value.clone(), span: 0..0 };
    let parameters = parts.parameters.iter().map(|(name, value)| (name.clone(), spanned(value))).collect();
    Some(WorkIntent { command: parts.command.clone(), selector, parameters, start: None })
}
