//! Buttons and forms: whoever presses is looked at then, on the message where the button stands.

use super::intake::{Outcome, member};
use super::lines::{self, Line, Reply};
use super::world::World;
use super::{
    access, asking_why, brakes, cancelling, declaring, forms, messages, offers, outage, rechecks, records, retrying,
    reviews, seconding, telling,
};
use crate::admission;
use crate::authorization::AuthorizationRecord;
use crate::conversation::message::Message;
use crate::conversation::{self, RequestView};
use crate::domain::identity::{Actor, Profile};
use crate::domain::ids::{Handle, RequestId, RunId};
use crate::domain::place::{MessageRef, Origin};
use crate::ports::StoreFault;
use crate::ports::authorizations::Occasion;
use crate::ports::chat::{Envelope, TriggerId, ViewId};
use crate::ports::store::{Content, Control, ControlAction, Notice, Write};
use crate::workflow::request::{ControlVerb, Request};
use crate::workflow::run::{Answer, Failure, FailureKind, Run, RunEvent, RunOutcome, RunStage};
use std::collections::BTreeMap;

/// A press and where it happened.
pub(super) struct Press<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) origin: &'a Origin,
    pub(super) handle: &'a Handle,
    pub(super) at: Option<&'a MessageRef>,
    pub(super) trigger: Option<TriggerId>,
}

impl Press<'_> {
    pub(super) fn answered(&self, message: conversation::message::Message, note: impl Into<String>) -> Outcome {
        match &self.trigger {
            // Homes and forms stand in no channel, so what is answered there opens above them.
            Some(trigger) if self.origin.channel.is_nowhere() => {
                let form = conversation::answer_above(&message);
                let writes = vec![messages::open_form(&self.envelope.key, trigger.clone(), form)];
                Outcome { writes, note: note.into() }
            }
            _ => Outcome::answered(&self.envelope.key, self.origin, message, note),
        }
    }
}

/// A submitted form.
pub(super) struct Submission<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) person: &'a Actor,
    pub(super) handle: &'a Handle,
    pub(super) view: ViewId,
    pub(super) values: &'a BTreeMap<String, String>,
}

impl Submission<'_> {
    /// What stands in a field; nothing where there is none.
    pub(super) fn value(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }
}

/// What a press comes to.
pub(super) async fn answer(world: &World, press: Press<'_>) -> Result<Outcome, StoreFault> {
    let turned = match member(world, &press.origin.person).await {
        Ok(person) => return pressed(world, press, person).await,
        Err(turned) => turned,
    };
    if let Some(person) = outage::presser(world, &press, &turned).await? {
        let kept = turned.kept(world, Occasion::Press, press.origin);
        return Ok(pressed(world, press, person).await?.with([kept]));
    }
    Ok(match turned.reply(world, Occasion::Press, press.origin) {
        Reply::Said { message, note, also } => press.answered(message, note).with(also),
        reply @ (Reply::Refused { .. } | Reply::Misunderstood(_) | Reply::Accepted { .. } | Reply::Silent { .. }) => {
            reply.outcome(&press.envelope.key, press.origin)
        }
    })
}

async fn pressed(world: &World, press: Press<'_>, person: Profile) -> Result<Outcome, StoreFault> {
    let Some(control) = world.store.control(press.handle).await? else {
        return Ok(press.answered(conversation::old_button(None), "rejected: no such control"));
    };
    if let Some(bound) = &control.bound {
        let now = world.now();
        // What stands in a form or a home is shown to one person alone, and a press there names no channel.
        let elsewhere = bound.channel != press.origin.channel && !press.origin.channel.is_nowhere();
        if bound.person != press.origin.person || elsewhere {
            let kept = records::press(world, &person, press.origin, (records::NOT_THEIRS, None));
            let told = conversation::not_for_you();
            return Ok(press.answered(told, "rejected: somebody else's control").with([kept]));
        }
        if let (ControlAction::Access(_), Some(asked_at)) = (&control.action, control.used_at) {
            return Ok(press.answered(conversation::access_asked_before(asked_at), "answered: asked before"));
        }
        if control.used_at.is_some() || now >= bound.until {
            return Ok(press.answered(conversation::old_button(None), "rejected: a control that is used up"));
        }
        return bound_press(world, &press, &person, control).await;
    }
    match &control.action {
        ControlAction::Request { request, verb } => {
            if !stands_on(world, press.at, request).await? {
                return Ok(copied(world, &press, &person, request));
            }
            request_press(world, &press, &person, request, *verb).await
        }
        ControlAction::Answer { run, answer } => {
            if !stands_on(world, press.at, &run.request).await? {
                return Ok(copied(world, &press, &person, &run.request));
            }
            answer_press(world, &press, &person, run, *answer).await
        }
        ControlAction::Override { request, number } => {
            if !stands_on(world, press.at, request).await? {
                return Ok(press.answered(conversation::old_button(None), "rejected: not on that request's message"));
            }
            seconding::review(world, &press, &person, (request, *number)).await
        }
        ControlAction::AskWhy(line) => asking_why::open(world, &press, line).await,
        ControlAction::Review { .. }
        | ControlAction::OverrideReview { .. }
        | ControlAction::Line(_)
        | ControlAction::Use(_)
        | ControlAction::Forget
        | ControlAction::TakeBack(_)
        | ControlAction::Form(_)
        | ControlAction::Why(_)
        | ControlAction::Mine
        | ControlAction::Access(_)
        | ControlAction::Shown { .. } => {
            Ok(press.answered(conversation::old_button(None), "rejected: a control without an owner"))
        }
    }
}

async fn bound_press(
    world: &World,
    press: &Press<'_>,
    person: &Profile,
    control: Control,
) -> Result<Outcome, StoreFault> {
    let at = world.now();
    // What only shows something may be pressed again; a form is used up when it is sent.
    match &control.action {
        ControlAction::Form(form) => return Ok(forms::open(world, press, form, &control.handle).await),
        ControlAction::Mine => return forms::own(world, press).await,
        ControlAction::Shown { request, by } => return reviews::shown(world, press, request, by).await,
        ControlAction::Access(line) => return access::ask(world, press, &control.handle, line).await,
        // It stands in that person's home, and is decided like one on the card.
        ControlAction::Request { request, verb } => return request_press(world, press, person, request, *verb).await,
        ControlAction::TakeBack(id) => return reviews::take_back(world, press, person, id, &control.handle).await,
        ControlAction::Line(_)
        | ControlAction::Use(_)
        | ControlAction::Forget
        | ControlAction::Answer { .. }
        | ControlAction::Override { .. }
        | ControlAction::OverrideReview { .. }
        | ControlAction::AskWhy(_)
        | ControlAction::Why(_)
        | ControlAction::Review { .. } => {}
    }
    // Forgotten is forgotten: the button beside it is used up in the same commit.
    let beside = offers::beside(&control.handle);
    let used = beside.into_iter().chain([control.handle]).map(|handle| Write::ControlUsed { handle, at });
    let mut outcome = match &control.action {
        ControlAction::Line(text) | ControlAction::Use(text) => {
            let is_one_tap = matches!(&control.action, ControlAction::Use(_));
            let line = Line { is_one_tap, ..Line::of(press.envelope, press.origin, text) };
            lines::answer(world, line).await?
        }
        ControlAction::Forget => press.answered(conversation::forgotten(), "forgotten, as asked"),
        ControlAction::Request { .. }
        | ControlAction::Answer { .. }
        | ControlAction::Override { .. }
        | ControlAction::OverrideReview { .. }
        | ControlAction::Review { .. }
        | ControlAction::TakeBack(_)
        | ControlAction::Form(_)
        | ControlAction::AskWhy(_)
        | ControlAction::Why(_)
        | ControlAction::Mine
        | ControlAction::Access(_)
        | ControlAction::Shown { .. } => Outcome::noted("rejected: a control of another kind"),
    };
    outcome.writes.extend(used);
    Ok(outcome)
}

fn copied(world: &World, press: &Press<'_>, person: &Profile, request: &RequestId) -> Outcome {
    let kept = records::press(world, person, press.origin, (records::COPIED, Some(request)));
    press.answered(conversation::old_button(None), "rejected: not on that request's message").with([kept])
}

/// A copied button is worth nothing: it must stand on a message that we posted for that very request.
async fn stands_on(world: &World, at: Option<&MessageRef>, request: &RequestId) -> Result<bool, StoreFault> {
    let Some(at) = at else { return Ok(false) };
    let slot = world.store.slot_at(at).await?;
    Ok(slot.is_some_and(|slot| match &slot.outgoing.content {
        Content::Live(notice) => notice.request() == Some(request),
        Content::Fixed(_) | Content::Form(_) => false,
    }))
}

async fn request_press(
    world: &World,
    press: &Press<'_>,
    person: &Profile,
    id: &RequestId,
    verb: ControlVerb,
) -> Result<Outcome, StoreFault> {
    let Some(request) = world.store.request(id).await? else {
        return Ok(press.answered(conversation::old_button(None), "rejected: no such request"));
    };
    match verb {
        ControlVerb::Review => reviews::review(world, press, person, &request).await,
        ControlVerb::Details => {
            let (runs, impacts) = (world.store.runs(id).await?, impacts(world, &request).await?);
            let view = RequestView { request: &request, runs: &runs, impacts: &impacts, now: world.now() };
            Ok(reviews::details(world, press, view))
        }
        ControlVerb::Retry => retrying::press(world, press, person, &request).await,
        ControlVerb::TakeOver => declaring::take_over(world, press, &request).await,
        ControlVerb::Resume => brakes::resume_press(world, press, person, id).await,
        ControlVerb::Withdraw | ControlVerb::Cancel => {
            cancel(world, &press.envelope.key, press.origin, person, &request).await
        }
    }
}

/// What a request does to each pool, as things are.
pub(super) async fn impacts(world: &World, request: &Request) -> Result<Vec<admission::PoolImpact>, StoreFault> {
    let ledger = world.store.ledger().await?;
    let rulebook = world.rulebook();
    Ok(admission::impact(&request.plan, request.spec.site_concurrency, rulebook.known(&ledger, world.now())))
}

/// What a submitted form comes to.
pub(super) async fn submitted(world: &World, submission: Submission<'_>) -> Result<Outcome, StoreFault> {
    let Some(control) = world.store.control(submission.handle).await? else {
        return Ok(Outcome::noted("rejected: a form that we did not open"));
    };
    if let (ControlAction::Form(form), Some(bound)) = (&control.action, &control.bound) {
        if bound.person != *submission.person {
            return Ok(reviews::not_theirs(world, &submission, None));
        }
        return forms::submitted(world, &submission, &control, form).await;
    }
    if let (ControlAction::Why(form), Some(bound)) = (&control.action, &control.bound) {
        if bound.person != *submission.person {
            return Ok(reviews::not_theirs(world, &submission, None));
        }
        return asking_why::submitted(world, &submission, &control, form).await;
    }
    if let ControlAction::OverrideReview { .. } = &control.action {
        return seconding::submitted(world, &submission, control).await;
    }
    reviews::submitted(world, &submission, control).await
}

/// A typed `cancel req-…`.
pub(super) async fn cancel_line(
    world: &World,
    line: Line<'_>,
    person: &Profile,
    id: &RequestId,
) -> Result<Outcome, StoreFault> {
    match world.store.request(id).await? {
        Some(request) => cancel(world, &line.envelope.key, line.origin, person, &request).await,
        None => {
            let told = conversation::no_such_request(id);
            Ok(Outcome::answered(&line.envelope.key, line.origin, told, "answered: no such request"))
        }
    }
}

/// What `cancel` would do, without doing it.
pub(super) async fn cancel_plan(
    world: &World,
    line: Line<'_>,
    person: &Profile,
    id: &RequestId,
) -> Result<Outcome, StoreFault> {
    let told = match world.store.request(id).await? {
        None => conversation::no_such_request(id),
        Some(request) => match may_cancel(world, person, &request).await? {
            Err(NoCancel { told, .. }) => told,
            Ok(_) => conversation::cancel_planned(&request),
        },
    };
    Ok(Outcome::answered(&line.envelope.key, line.origin, told, "answered: a plan"))
}

/// Why somebody's cancel changes nothing: what the person reads, a note for the record, and the refusal if it is one.
struct NoCancel {
    told: Message,
    note: String,
    record: Option<AuthorizationRecord>,
}

/// Whether this person's cancel ends the request, and by what answer.
async fn may_cancel(
    world: &World,
    person: &Profile,
    request: &Request,
) -> Result<Result<AuthorizationRecord, NoCancel>, StoreFault> {
    let id = request.id();
    if cancelling::is_over(request) {
        let told = conversation::cancelled_already(request, world.now());
        return Ok(Err(NoCancel { told, note: format!("answered: {id} is over or stopping"), record: None }));
    }
    let record = match person.id == request.origin.person {
        true => records::about(request, records::of_member(world, AuthorizationRecord::ALLOWED, person)),
        false => match may_ask_the_same(world, person, request).await {
            record if record.verdict == records::NO_DIRECTORY => {
                outage::may_without_directory(world, person, request).await?
            }
            record => record,
        },
    };
    if record.is_allowed() {
        return Ok(Ok(record));
    }
    let (told, note) = (conversation::may_not_cancel(request), format!("refused: may not cancel {id}"));
    Ok(Err(NoCancel { told, note, record: Some(record) }))
}

/// Why this person's cancel would change nothing: what the person reads, and a note for the record.
pub(super) async fn no_cancel(
    world: &World,
    person: &Profile,
    request: &Request,
) -> Result<Option<(Message, String)>, StoreFault> {
    Ok(may_cancel(world, person, request).await?.err().map(|NoCancel { told, note, .. }| (told, note)))
}

/// Ends a request: whoever asked for it may, and whoever may ask for the same in that channel.
async fn cancel(
    world: &World,
    envelope: &crate::domain::ids::EnvelopeKey,
    origin: &Origin,
    person: &Profile,
    request: &Request,
) -> Result<Outcome, StoreFault> {
    let id = request.id();
    let kept = |record| records::kept(world, Occasion::Cancel, Some(id), record);
    let record = match may_cancel(world, person, request).await? {
        Ok(record) => record,
        Err(NoCancel { told, note, record }) => {
            return Ok(Outcome::answered(envelope, origin, told, note).with(record.map(kept)));
        }
    };
    let by = (&origin.person, person.name.as_str());
    let mut writes = cancelling::asked(request, by, world.places.incidents.as_ref(), world.now());
    let told = conversation::cancel_confirmed(request, brakes::is_stopped_hard(world.store.as_ref()).await?);
    writes.push(messages::answer(envelope, origin, told));
    writes.push(kept(record));
    Ok(Outcome { writes, note: format!("cancel of {id} asked") })
}

/// Whether somebody may ask for what this request does, in the channel where it was asked.
async fn may_ask_the_same(world: &World, person: &Profile, request: &Request) -> AuthorizationRecord {
    match world.directory.channel(&request.origin.channel).await {
        Ok(channel) => rechecks::may(world, person, &channel, request).record,
        Err(_) => records::about(request, records::of_member(world, records::NO_DIRECTORY, person)),
    }
}

async fn answer_press(
    world: &World,
    press: &Press<'_>,
    person: &Profile,
    id: &RunId,
    answer: Answer,
) -> Result<Outcome, StoreFault> {
    let (Some(request), Some(run)) = (world.store.request(&id.request).await?, world.store.run(id).await?) else {
        return Ok(press.answered(conversation::old_button(None), "rejected: no such run"));
    };
    let RunStage::NeedsPerson { step, at: asked_at, .. } = &run.stage else {
        return Ok(press.answered(conversation::old_button(Some(&request)), format!("rejected: {id} was answered")));
    };
    if messages::answer_handle(id, *asked_at, answer) != *press.handle {
        return Ok(
            press.answered(conversation::old_button(Some(&request)), format!("rejected: an earlier question of {id}"))
        );
    }
    let record = may_ask_the_same(world, person, &request).await;
    let is_allowed = record.is_allowed();
    let kept = records::kept(world, Occasion::Answer, Some(&id.request), record);
    if !is_allowed {
        let outcome = press.answered(conversation::not_for_you(), format!("refused: may not answer for {id}"));
        return Ok(outcome.with([kept]));
    }
    let (step, asked_at) = (*step, *asked_at);
    let mut writes = answered(world, &run, step, (&press.origin.person, &person.name), answer);
    writes.push(kept);
    writes.push(messages::card(&id.request));
    writes.push(messages::question(id, asked_at));
    writes.extend(telling::answered(world, &request, &run, asked_at).await?);
    if let Some(channel) = world.places.incidents.as_ref().filter(|_| run.subject.server().is_some()) {
        writes.push(messages::incident(&id.request, channel));
    }
    Ok(Outcome { writes, note: format!("{} said {} of {id}", person.name, answer.word()) })
}

fn answered(world: &World, run: &Run, step: usize, (by, name): (&Actor, &str), answer: Answer) -> Vec<Write> {
    let now = world.now();
    let said = RunEvent::PersonAnswered {
        by: by.clone(),
        name: name.to_owned(),
        at: now,
        answer,
        until: now.plus(LOOK_AGAIN_FOR),
    };
    let (note, outputs) = (format!("{name} said so"), BTreeMap::new());
    let (events, wake_at) = match answer {
        Answer::LookAgain => (vec![said], Some(now)),
        // What a person says happened was measured by nobody.
        Answer::Did => {
            (vec![said, RunEvent::StepSucceeded { step, at: now, state: run.state, note, outputs }], Some(now))
        }
        Answer::DidNot => {
            let kind =
                if run.subject.server().is_some() { FailureKind::DidNotReboot } else { FailureKind::CouldNotSend };
            let failed = Failure { step, at: now, kind, note };
            let ended = RunEvent::Ended { at: now, outcome: RunOutcome::Failed };
            (vec![said, RunEvent::StepFailed(failed), ended], None)
        }
    };
    let mut writes = Vec::new();
    if let Some(server) = run.subject.server() {
        let (server, run) = (server.id.clone(), run.id.clone());
        match answer {
            Answer::DidNot => {
                writes.push(messages::server_failed(&run));
                writes.push(Write::LockLeftBehind { server, run });
            }
            // It goes on, and takes its places among those at work again.
            Answer::Did | Answer::LookAgain => writes.push(Write::LockTakenUp { server, run }),
        }
    }
    writes.insert(0, Write::RunEvents { id: run.id.clone(), expected: run.version, epoch: run.epoch, events, wake_at });
    writes
}

/// How long a further look at a server may take before the question is asked again.
const LOOK_AGAIN_FOR: std::time::Duration = std::time::Duration::from_secs(30);

impl Notice {
    /// The request that it tells about, if it tells about one.
    #[must_use]
    pub fn request(&self) -> Option<&RequestId> {
        match self {
            Self::Echo(request)
            | Self::Card(request)
            | Self::ApprovalAsk(request)
            | Self::Reminder(request)
            | Self::Replanned(request)
            | Self::Escalation(request)
            | Self::Started(request)
            | Self::Final(request)
            | Self::Incident(request)
            | Self::Unclaimed(request)
            | Self::LeftOutDirect(request)
            | Self::HaltedDirect(request)
            | Self::Halt(request)
            | Self::Relief(request)
            | Self::Override { request, .. }
            | Self::OverrideEnded { request, .. }
            | Self::OverrideIncident { request, .. }
            | Self::WaveWaits { request, .. } => Some(request),
            Self::ServerFailed(run)
            | Self::Question(run)
            | Self::QuestionDirect(run)
            | Self::IncidentWorse(run)
            | Self::Suspect { run, .. }
            | Self::SuspectUnclaimed { run, .. } => Some(&run.request),
            Self::Home(_)
            | Self::Breaker { .. }
            | Self::BreakerWorse { .. }
            | Self::BreakerUnclaimed { .. }
            | Self::Stop(_) => None,
        }
    }
}
