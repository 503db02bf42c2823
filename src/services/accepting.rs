//! Work that is asked for, by a person's line or by an automation: resolved, authorised, planned and accepted in one commit.
//!
//! Deliberately absent: where the words come from, and who is told what comes of them.

use super::access;
use super::doubling::runs_touching;
use super::lines::{Reply, Speaker};
use super::undone::left_undone;
use super::world::World;
use super::{messages, records};
use crate::authorization::Authorized;
use crate::conversation::{self, Doubling};
use crate::domain::command::CommandSpec;
use crate::domain::ids::{Epoch, RequestId, Version};
use crate::domain::intent::WorkIntent;
use crate::domain::place::Origin;
use crate::domain::plan::Plan;
use crate::domain::time::Timestamp;
use crate::ports::authorizations::Occasion;
use crate::ports::store::{Control, ControlAction, Write};
use crate::ports::{Chat, Ids, Store, StoreFault};
use crate::workflow::request::{Accepted, ApprovalNeed, ControlVerb, RequestEvent};
use crate::workflow::run::RunEvent;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is asked for, in words, and where.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) origin: &'a Origin,
    pub(super) text: &'a str,
}

/// What work is asked with: the bot's own, or a shell's beside it.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) ids: &'a dyn Ids,
    /// What links to cards; a shell has no chat.
    pub(super) chat: Option<&'a dyn Chat>,
    pub(super) now: Timestamp,
}

impl<'a> Desk<'a> {
    pub(super) fn of(world: &'a World) -> Self {
        let chat = Some(world.chat.as_ref());
        Self { store: world.store.as_ref(), ids: world.ids.as_ref(), chat, now: world.now() }
    }
}

/// What comes of asking for work; perhaps anew, on what a request left undone.
pub(super) async fn work(
    desk: Desk<'_>,
    asked: Asked<'_>,
    (speaker, retry_of): (&Speaker, Option<&RequestId>),
    work: &WorkIntent,
) -> Result<Reply, StoreFault> {
    let Some(spec) = speaker.rulebook.catalog.command(&work.command).cloned() else {
        return Ok(Reply::silent("rejected: a command that is not in the catalogue"));
    };
    let ledger = desk.store.ledger().await?;
    let undone = left_undone(desk.store, work.selector.as_ref()).await?;
    let asking = speaker.asking(desk.now, &ledger, &undone, asked.text);
    let subjects = match asking.subjects(work, &spec) {
        Ok(subjects) => subjects,
        Err(answer) => return Ok(answer.into()),
    };
    let authorized = match asking.authorize(&spec, &subjects) {
        Ok(authorized) => authorized,
        Err(refusal) => {
            let told = conversation::refused(&refusal, &spec, speaker.channel_name(), subjects.count());
            let note = "refused: not allowed".to_owned();
            let also = vec![records::kept_at(desk.now, Occasion::Line, None, refusal.record.clone())];
            return Ok(match access::can_be_asked_for(&refusal, &speaker.channel) {
                true => Reply::Refused { message: told, note, line: asked.text.to_owned(), also },
                false => Reply::Said { message: told, note, also },
            });
        }
    };
    if let Err(answer) = asking.reason_given(work, &spec, &authorized) {
        return Ok(answer.into());
    }
    let need = asking.need(&spec, &subjects, Some(&authorized));
    let plan = match asking.draft(&desk.ids.request(), work, &spec, &subjects) {
        Ok(plan) => plan,
        Err(answer) => return Ok(answer.into()),
    };
    let open = desk.store.open_requests().await?;
    let runs = runs_touching(desk.store, &open, &plan).await?;
    if let Some(mut doubling) = asking.doubling((work, &spec), &plan, (&open, &runs)) {
        if let (Some(_), Doubling::Partly { rest, .. }) = (retry_of, &mut doubling) {
            // A line of its own would not be known as the retry, so the same could be retried once more.
            *rest = None;
        }
        return Ok(doubled(desk, &doubling, &authorized).await);
    }
    let youngest = open.last().map(|request| request.id().clone());
    let accepting = Accepting { speaker, spec, plan, need, authorized: &authorized, retry_of, youngest };
    Ok(accept(desk, asked.origin, accepting))
}

/// What open requests have already is not added to them; they are linked to.
async fn doubled(desk: Desk<'_>, doubling: &Doubling, authorized: &Authorized) -> Reply {
    let requests = match doubling {
        Doubling::Whole(overlap) => vec![&overlap.request],
        Doubling::Partly { overlaps, .. } => overlaps.iter().map(|overlap| &overlap.request).collect(),
    };
    let mut links = BTreeMap::new();
    for request in &requests {
        if let Some(card) = &request.card
            && let Some(chat) = desk.chat
            && let Some(link) = chat.link_to(card).await
        {
            links.insert(request.id().clone(), link);
        }
    }
    let ids = requests.iter().map(|request| request.id().to_string()).collect::<Vec<_>>().join(", ");
    let (message, note) = match doubling {
        Doubling::Whole(same) => (
            conversation::doubled(same, links.get(same.request.id()).map(String::as_str)),
            format!("answered: the same as {ids}"),
        ),
        Doubling::Partly { overlaps, rest } => {
            (conversation::overlapping(overlaps, rest.as_deref(), &links), format!("refused: some of it is in {ids}"))
        }
    };
    let record = authorized.record().clone();
    Reply::said(message, note).with(records::kept_at(
        desk.now,
        Occasion::Line,
        requests.first().map(|one| one.id()),
        record,
    ))
}

struct Accepting<'a> {
    speaker: &'a Speaker,
    spec: Arc<CommandSpec>,
    plan: Plan,
    need: Option<ApprovalNeed>,
    authorized: &'a Authorized,
    retry_of: Option<&'a RequestId>,
    /// The youngest request of which it is known that it is not the same work.
    youngest: Option<RequestId>,
}

/// Writes the request with its runs, controls and first messages: one commit.
fn accept(desk: Desk<'_>, origin: &Origin, accepting: Accepting<'_>) -> Reply {
    let Accepting { speaker, spec, plan, need, authorized, retry_of, youngest } = accepting;
    let now = desk.now;
    let id = plan.parts().request.clone();
    let controls = ControlVerb::ALL.map(|verb| (verb, desk.ids.handle()));
    // One that came meanwhile may ask for the same: then this is read again.
    let mut writes = vec![Write::NoYoungerRequest { than: youngest }];
    for (number, subject) in (1..).zip(plan.parts().subjects.clone()) {
        let wave = u32::try_from(plan.wave_of(number)).unwrap_or(u32::MAX);
        writes.push(Write::RunEvents {
            id: id.run(number),
            expected: Version(0),
            epoch: Epoch::default(),
            events: vec![RunEvent::Planned { subject, wave }],
            wake_at: None,
        });
    }
    for (verb, handle) in &controls {
        let action = ControlAction::Request { request: id.clone(), verb: *verb };
        writes.push(Write::Control(Control { handle: handle.clone(), action, bound: None, used_at: None }));
    }
    let accepted = Accepted {
        need,
        plan,
        spec,
        origin: origin.clone(),
        requester_name: speaker.person.name.clone(),
        allowed_by: authorized.allowed_by().iter().map(|note| note.id.to_string()).collect(),
        at: now,
        controls: controls.into_iter().collect(),
        retry_of: retry_of.cloned(),
    };
    writes.insert(1, request_made(&id, accepted));
    writes.push(records::kept_at(desk.now, Occasion::Line, Some(&id), authorized.record().clone()));
    writes.push(messages::card(&id));
    if origin.reply.is_answered() {
        writes.push(messages::echo(&id, origin));
    }
    Reply::Accepted { writes, note: format!("accepted: {id}"), id }
}

fn request_made(id: &RequestId, accepted: Accepted) -> Write {
    Write::RequestEvents {
        id: id.clone(),
        expected: Version(0),
        events: vec![RequestEvent::Accepted(Box::new(accepted))],
    }
}
