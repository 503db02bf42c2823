//! Delivers messages, in order, once: the only one who talks to the chat.
//!
//! A post cannot be made harmless to repeat, so its departure is stored first; after a crash or a lost answer it is
//! looked for before it is sent again. Edits may be repeated. Private answers may be lost: nothing depends on them.

use super::effects::Effects;
use super::requests::close_waiting;
use super::world::World;
use super::{Service, Step, brakes, explaining, failures, homes, messages, placing, restraining, suspects};
use crate::admission::{self, PoolImpact};
use crate::conversation::{self, Mentions, RequestView, message::Message};
use crate::domain::ids::{DeliveryKey, RequestId, RunId};
use crate::domain::place::{MessageRef, ReplyPath};
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::chat::{Delivery, Found, PostTo, PrivateTo, Replaces};
use crate::ports::store::{Content, ControlAction, Destination, Notice, Slot, Write};
use crate::workflow::request::{Request, RequestEvent, RequestOutcome, RequestStage};
use crate::workflow::run::{Answer, Run, RunStage};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How many messages are under way at once.
const MESSAGES_AT_ONCE_MAX: usize = 16;
/// One card is edited at most this often: the whole workspace shares fifty edits a minute.
const EDIT_EVERY: Duration = Duration::from_millis(2000);
/// How long before an unanswered post is looked for.
const LOOK_AFTER: Duration = Duration::from_secs(2);
/// A private answer or form is tried this often; then it is too late to help anybody.
const PRIVATE_ATTEMPTS_MAX: u32 = 5;

/// The courier.
pub struct Courier {
    world: Arc<World>,
    effects: Effects<DeliveryKey, Result<(), StoreFault>>,
    edited_at: BTreeMap<DeliveryKey, Timestamp>,
}

impl Courier {
    /// A courier over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, effects: Effects::new(), edited_at: BTreeMap::new() }
    }

    /// Until when an edit of this message must wait, if it must.
    fn too_soon(&mut self, slot: &Slot, now: Timestamp) -> Option<Timestamp> {
        if slot.delivered == 0 {
            return None;
        }
        let allowed_at = self.edited_at.get(&slot.outgoing.key).map(|at| at.plus(EDIT_EVERY));
        match allowed_at {
            Some(at) if at > now => Some(at),
            _ => {
                self.edited_at.insert(slot.outgoing.key.clone(), now);
                None
            }
        }
    }
}

#[async_trait]
impl Service for Courier {
    fn name(&self) -> &'static str {
        "courier"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let now = self.world.now();
        let mut made = false;
        while let Some((_, result)) = self.effects.take() {
            made = true;
            result?;
        }
        let mut soonest: Option<Timestamp> = None;
        for slot in self.world.store.due_slots(now, MESSAGES_AT_ONCE_MAX * 4).await? {
            if self.effects.in_flight() >= MESSAGES_AT_ONCE_MAX || self.effects.has(&slot.outgoing.key) {
                continue;
            }
            if let Some(at) = self.too_soon(&slot, now) {
                soonest = Some(soonest.map_or(at, |earlier| earlier.min(at)));
                continue;
            }
            made = true;
            let world = Arc::clone(&self.world);
            self.effects.start(slot.outgoing.key.clone(), async move { deliver(&world, slot).await });
        }
        if made {
            return Ok(Step::Made);
        }
        let stored = self.world.store.next_slot_wake(now).await?;
        let next_wake = soonest.into_iter().chain(stored).min();
        Ok(match self.effects.in_flight() {
            0 => Step::Idle { next_wake },
            in_flight => Step::Waiting { in_flight, next_wake },
        })
    }

    async fn ended(&mut self) {
        self.effects.wait().await;
    }
}

/// One message: composed from what is stored now, delivered, and the outcome stored.
async fn deliver(world: &World, slot: Slot) -> Result<(), StoreFault> {
    let outcome = match &slot.outgoing.to {
        Destination::FormOpen(trigger) => match &slot.outgoing.content {
            Content::Form(form) => brief(&slot, world.chat.open_form(trigger, form).await),
            Content::Live(_) | Content::Fixed(_) => Settled::Dead("a form without its content".into()),
        },
        Destination::FormUpdate(view) => match &slot.outgoing.content {
            Content::Form(form) => brief(&slot, world.chat.update_form(view, form).await),
            Content::Live(_) | Content::Fixed(_) => Settled::Dead("a form without its content".into()),
        },
        Destination::Home(person) => match homes::compose(world, person).await? {
            Some(message) => home(world.chat.show_home(person, &message).await),
            None => Settled::There(None),
        },
        Destination::Private(to) => match compose(world, &slot).await? {
            Some(message) => private(world, &slot, to, &message).await,
            None => Settled::Dead("there is nothing to say".into()),
        },
        Destination::Card(_)
        | Destination::Thread(_)
        | Destination::Channel(_)
        | Destination::Incident(_)
        | Destination::Worse { .. }
        | Destination::Direct(_) => match compose(world, &slot).await? {
            Some(message) => public(world, &slot, &message).await?,
            None => Settled::Dead("there is nothing to say".into()),
        },
    };
    settle(world, &slot, outcome).await
}

/// What a slot begins with; each time that its message is due again is one more.
const FIRST_REVISION: i64 = 1;

/// How a delivery is settled.
enum Settled {
    There(Option<MessageRef>),
    Later(Duration),
    NotInChannel,
    Dead(String),
}

/// Private answers and forms: never repeated when the outcome is not known.
fn brief(slot: &Slot, delivery: Delivery) -> Settled {
    match delivery {
        Delivery::Done(_) | Delivery::Unknown(_) => Settled::There(None),
        Delivery::SlowDown(_) if slot.attempts >= PRIVATE_ATTEMPTS_MAX => Settled::Dead("too late to help".into()),
        Delivery::SlowDown(wait) => Settled::Later(wait),
        Delivery::NotInChannel => Settled::Dead("not in the channel".into()),
        Delivery::Refused(why) => Settled::Dead(why),
    }
}

/// A home is shown anew whenever it is due again, so one that was refused now is not given up for good.
fn home(delivery: Delivery) -> Settled {
    match delivery {
        Delivery::Done(_) => Settled::There(None),
        Delivery::Unknown(_) => Settled::Later(LOOK_AFTER),
        Delivery::SlowDown(wait) => Settled::Later(wait),
        Delivery::NotInChannel => Settled::There(None),
        Delivery::Refused(why) => {
            tracing::warn!(%why, "a home was not taken");
            Settled::There(None)
        }
    }
}

async fn private(world: &World, slot: &Slot, to: &PrivateTo, message: &Message) -> Settled {
    let again = slot.delivered > 0;
    let replaces =
        if again && matches!(to.path, ReplyPath::ResponseAddress(_)) { Replaces::Previous } else { to.replaces };
    let to = PrivateTo { replaces, ..to.clone() };
    brief(slot, world.chat.tell(&to, message).await)
}

async fn public(world: &World, slot: &Slot, message: &Message) -> Result<Settled, StoreFault> {
    if let Some(at) = &slot.message {
        return Ok(match world.chat.edit(at, message).await {
            Delivery::Done(_) => Settled::There(None),
            Delivery::Unknown(_) => Settled::Later(LOOK_AFTER),
            Delivery::SlowDown(wait) => Settled::Later(wait),
            Delivery::NotInChannel => Settled::Dead("not in the channel".into()),
            Delivery::Refused(why) => Settled::Dead(why),
        });
    }
    let to = if let Destination::Direct(person) = &slot.outgoing.to {
        match world.chat.direct_channel(person).await {
            Ok(channel) => PostTo::channel(channel),
            Err(delivery) => return Ok(unopened(delivery)),
        }
    } else {
        match placing::place(world, &slot.outgoing.to).await? {
            Some(to) => to,
            None => return Ok(Settled::Dead("its request has no card".into())),
        }
    };
    let key = &slot.outgoing.key;
    match slot.begun_at {
        Some(begun_at) => match world.chat.find(&to, key, begun_at.minus(LOOK_AFTER)).await {
            // What is there was composed before it was due again, so it may say less than is stored by now.
            Found::There(at) if slot.revision > FIRST_REVISION => {
                return Ok(match world.chat.edit(&at, message).await {
                    Delivery::Done(_) => Settled::There(Some(at)),
                    Delivery::Unknown(_) => Settled::Later(LOOK_AFTER),
                    Delivery::SlowDown(wait) => Settled::Later(wait),
                    Delivery::NotInChannel => Settled::Dead("not in the channel".into()),
                    Delivery::Refused(why) => Settled::Dead(why),
                });
            }
            Found::There(at) => return Ok(Settled::There(Some(at))),
            Found::CannotTell(_) => return Ok(Settled::Later(LOOK_AFTER)),
            Found::NotThere => {}
        },
        None => {
            world.commit(vec![Write::SendBegun { key: key.clone(), at: world.now() }]).await?;
        }
    }
    Ok(match world.chat.post(&to, message, key).await {
        Delivery::Done(at) => Settled::There(at),
        Delivery::Unknown(_) => Settled::Later(LOOK_AFTER),
        Delivery::SlowDown(wait) => Settled::Later(wait),
        Delivery::NotInChannel => Settled::NotInChannel,
        Delivery::Refused(why) => Settled::Dead(why),
    })
}

/// A conversation with one person that could not be opened: nothing was said in it.
fn unopened(delivery: Delivery) -> Settled {
    match delivery {
        Delivery::SlowDown(wait) => Settled::Later(wait),
        Delivery::Unknown(_) => Settled::Later(LOOK_AFTER),
        Delivery::Refused(why) => Settled::Dead(why),
        Delivery::Done(_) | Delivery::NotInChannel => Settled::Dead("there is no conversation with them".into()),
    }
}

/// What is told of no request, or of one that may be unreadable.
async fn without_request(world: &World, slot: &Slot, notice: &Notice) -> Result<Option<Option<Message>>, StoreFault> {
    let told = if let Notice::Stop(id) = notice {
        brakes::notice(world, id).await?
    } else if let Notice::Breaker { scope, opened_at } = notice {
        failures::told(world, scope, *opened_at).await?
    } else if let Notice::BreakerWorse { scope, opened_at } = notice {
        let breaker = world.store.breaker(scope, *opened_at).await?;
        breaker.map(|breaker| conversation::breaker_worse(&breaker))
    } else if let Notice::BreakerUnclaimed { scope, opened_at } = notice {
        let (breaker, rulebook) = (world.store.breaker(scope, *opened_at).await?, world.rulebook());
        let owner = rulebook.catalog.command(scope.command()).map(|spec| &spec.owner);
        breaker.map(|breaker| conversation::breaker_unclaimed(&breaker, owner))
    } else if let Notice::Suspect { run, since } = notice {
        suspects::notice(world, slot, (run, *since)).await?
    } else if let Notice::SuspectUnclaimed { run, since } = notice {
        suspects::unclaimed(world, (run, *since)).await?
    } else {
        return Ok(None);
    };
    Ok(Some(told))
}

async fn compose(world: &World, slot: &Slot) -> Result<Option<Message>, StoreFault> {
    let notice = match &slot.outgoing.content {
        Content::Fixed(message) => return Ok(Some(message.clone())),
        Content::Form(_) => return Ok(None),
        Content::Live(notice) => notice,
    };
    if let Some(told) = without_request(world, slot, notice).await? {
        return Ok(told);
    }
    let Some(id) = notice.request() else { return Ok(None) };
    let Some(request) = world.store.request(id).await? else { return Ok(None) };
    let runs = world.store.runs(request.id()).await?;
    let now = world.now();
    let ledger = world.store.ledger().await?;
    let rulebook = world.rulebook();
    let impacts: Vec<PoolImpact> =
        admission::impact(&request.plan, request.spec.site_concurrency, rulebook.known(&ledger, now));
    let view = RequestView { request: &request, runs: &runs, impacts: &impacts, now };
    let link = link(world, notice, &request).await;
    let run = |id: &RunId| runs.iter().find(|run| run.id == *id);
    Ok(match notice {
        Notice::Echo(_) => Some(conversation::echo(view, link.as_deref())),
        Notice::Card(_) => {
            let (place, pace) = explaining::wait(world.store.as_ref(), &rulebook, &request, now).await?;
            let (commanders, pause) = (&rulebook.rules.overrides.by, restraining::pausing(request.id(), &ledger));
            let beside = conversation::Beside { commanders, pause, place: place.as_ref(), pace };
            let card = conversation::card_beside(view, beside);
            Some(conversation::marked_stopped(card, &request, ledger.stop()))
        }
        Notice::ApprovalAsk(_) => Some(conversation::approval_ask(view)),
        Notice::Reminder(_) => Some(conversation::reminder(view)),
        Notice::Replanned(_) => Some(conversation::replanned(view)),
        Notice::Escalation(_) => Some(conversation::escalation(view)),
        Notice::Started(_) => Some(conversation::started(view)),
        Notice::WaveWaits { .. } => Some(conversation::wave_waits(view)),
        Notice::Final(_) => Some(conversation::final_reply(view)),
        Notice::Incident(_) => Some(conversation::incident(view, link.as_deref())),
        Notice::Unclaimed(_) => Some(conversation::unclaimed(view)),
        Notice::ServerFailed(id) => run(id).map(|run| conversation::server_failed(view, run)),
        Notice::Home(_)
        | Notice::Stop(_)
        | Notice::Breaker { .. }
        | Notice::BreakerWorse { .. }
        | Notice::BreakerUnclaimed { .. }
        | Notice::Suspect { .. }
        | Notice::SuspectUnclaimed { .. } => None,
        Notice::Override { number, .. } => request
            .override_of(*number)
            .map(|one| conversation::overridden(view, one, &messages::override_handle(id, *number), mentions(world))),
        Notice::OverrideEnded { number, .. } => {
            request.override_of(*number).map(|one| conversation::override_ended(view, one, mentions(world)))
        }
        Notice::OverrideIncident { number, .. } => request.override_of(*number).map(|one| {
            conversation::override_incident(view, one, &messages::override_handle(id, *number), link.as_deref())
        }),
        Notice::QuestionDirect(id) => {
            run(id).map(|run| conversation::question_direct(view, run, &handles(run), link.as_deref()))
        }
        Notice::LeftOutDirect(_) => Some(conversation::left_out_direct(view, link.as_deref())),
        Notice::HaltedDirect(_) => Some(conversation::halted_direct(view, link.as_deref())),
        Notice::Halt(_) => Some(conversation::halt_notice(view, link.as_deref())),
        Notice::IncidentWorse(id) => run(id).map(|run| conversation::incident_worse(view, run)),
        Notice::Relief(_) => Some(conversation::relief(view, link.as_deref())),
        Notice::Question(id) => run(id).map(|run| conversation::question(view, run, &handles(run))),
    })
}

/// The address of the card, for what stands elsewhere.
async fn link(world: &World, notice: &Notice, request: &Request) -> Option<String> {
    let stands_elsewhere = matches!(
        notice,
        Notice::Echo(_)
            | Notice::Incident(_)
            | Notice::OverrideIncident { .. }
            | Notice::QuestionDirect(_)
            | Notice::LeftOutDirect(_)
            | Notice::HaltedDirect(_)
            | Notice::Halt(_)
            | Notice::Relief(_)
    );
    match request.card.as_ref().filter(|_| stands_elsewhere) {
        Some(card) => world.chat.link_to(card).await,
        None => None,
    }
}

/// Without a channel for incidents the thread itself calls those who must know.
fn mentions(world: &World) -> Mentions {
    if world.places.incidents.is_some() { Mentions::Nobody } else { Mentions::Groups }
}

fn handles(run: &Run) -> BTreeMap<Answer, crate::domain::ids::Handle> {
    match &run.stage {
        RunStage::NeedsPerson { at, .. } => {
            Answer::ALL.into_iter().map(|answer| (answer, messages::answer_handle(&run.id, *at, answer))).collect()
        }
        RunStage::Waiting
        | RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::Returning { .. }
        | RunStage::Ended { .. } => BTreeMap::new(),
    }
}

async fn settle(world: &World, slot: &Slot, outcome: Settled) -> Result<(), StoreFault> {
    let key = slot.outgoing.key.clone();
    let mut writes = match outcome {
        Settled::There(message) => {
            let (revision, at) = (slot.revision, world.now());
            let mut writes = vec![Write::Delivered { key, revision, at, message: message.clone() }];
            if let (Destination::Card(id), Some(card)) = (&slot.outgoing.to, message) {
                writes.extend(card_is_up(world, id, card).await?);
            }
            writes
        }
        Settled::Later(wait) => vec![Write::Postponed { key, until: world.now().plus(wait) }],
        Settled::NotInChannel => {
            let why = "the bot is not in the channel".to_owned();
            let mut writes = no_card(world, slot, &why).await?;
            if let (false, Destination::Card(id)) = (writes.is_empty(), &slot.outgoing.to) {
                writes.extend(how_to_invite(world, id).await?);
            }
            writes.push(Write::Undeliverable { key, why });
            writes
        }
        Settled::Dead(why) => {
            tracing::warn!(delivery.key = %key, %why, "a message will not be delivered");
            let mut writes = no_card(world, slot, &why).await?;
            if let (false, Destination::Card(id)) = (writes.is_empty(), &slot.outgoing.to) {
                writes.extend(echo_again(world, id).await?);
            }
            writes.extend(form_missed(world, slot).await?);
            writes.push(Write::Undeliverable { key, why });
            writes
        }
    };
    if writes.is_empty() {
        return Ok(());
    }
    if world.commit(std::mem::take(&mut writes)).await? == crate::ports::store::Committed::Stale {
        tracing::debug!(delivery.key = %slot.outgoing.key, "the request moved on while its message was delivered");
    }
    Ok(())
}

/// From now on the request may start, and its thread exists.
async fn card_is_up(world: &World, id: &RequestId, card: MessageRef) -> Result<Vec<Write>, StoreFault> {
    let Some(request) = world.store.request(id).await? else { return Ok(Vec::new()) };
    if request.card.is_some() {
        return Ok(Vec::new());
    }
    let posted = RequestEvent::CardPosted { card };
    let mut writes = vec![Write::RequestEvents { id: id.clone(), expected: request.version, events: vec![posted] }];
    if request.need.is_some() && request.stage == RequestStage::Announced {
        writes.push(messages::approval_ask(id));
    }
    if matches!(request.origin.reply, ReplyPath::ResponseAddress(_)) {
        writes.push(messages::echo(id, &request.origin));
    }
    Ok(writes)
}

/// An echo may have left before it was known that there is no card; others wait for the card in its lane.
async fn echo_again(world: &World, id: &RequestId) -> Result<Option<Write>, StoreFault> {
    let request = world.store.request(id).await?;
    let request = request.filter(|request| matches!(request.origin.reply, ReplyPath::ResponseAddress(_)));
    Ok(request.map(|request| messages::echo(id, &request.origin)))
}

/// Tells whoever asked how to get the bot into the channel; the echo is left alone, or it would take its place.
async fn how_to_invite(world: &World, id: &RequestId) -> Result<Option<Write>, StoreFault> {
    let told = conversation::wrong_place(&world.places.bot_name);
    let request = world.store.request(id).await?.filter(|request| request.origin.reply.is_answered());
    Ok(request.map(|request| messages::no_card(id, &request.origin, told)))
}

/// A form that did not open, because its permission lives for seconds only: its person is told, with a button that
/// brings a new permission. A form that was open and went away was closed by its person.
async fn form_missed(world: &World, slot: &Slot) -> Result<Option<Write>, StoreFault> {
    let (Destination::FormOpen(_), Content::Form(form)) = (&slot.outgoing.to, &slot.outgoing.content) else {
        return Ok(None);
    };
    let Some(handle) = &form.handle else { return Ok(None) };
    let Some(control) = world.store.control(handle).await? else { return Ok(None) };
    Ok(match (&control.action, &control.bound) {
        // What was pressed in a home is still there to press.
        (ControlAction::Form(form), _) if form.origin.channel.is_nowhere() => None,
        (ControlAction::Form(form), _) => {
            let told = conversation::form_missed(Some(handle));
            Some(messages::form_missed(&slot.outgoing.key, messages::private_to(&form.origin), told))
        }
        (ControlAction::Review { .. } | ControlAction::Why(_), Some(bound)) if !bound.channel.is_nowhere() => {
            let (person, channel) = (bound.person.clone(), bound.channel.clone());
            let path = ReplyPath::Private { thread: None };
            let to = PrivateTo { person, channel, path, replaces: Replaces::Nothing };
            Some(messages::form_missed(&slot.outgoing.key, to, conversation::form_missed(None)))
        }
        _ => None,
    })
}

/// Without a card nothing starts: the request ends.
async fn no_card(world: &World, slot: &Slot, why: &str) -> Result<Vec<Write>, StoreFault> {
    let Destination::Card(id) = &slot.outgoing.to else { return Ok(Vec::new()) };
    let Some(request): Option<Request> = world.store.request(id).await? else { return Ok(Vec::new()) };
    if request.card.is_some() || request.is_over() {
        return Ok(Vec::new());
    }
    let outcome = RequestOutcome::NoCard { why: why.to_owned() };
    let ended = RequestEvent::Ended { at: world.now(), outcome };
    let mut writes = vec![Write::RequestEvents { id: id.clone(), expected: request.version, events: vec![ended] }];
    writes.extend(close_waiting(&world.store.runs(id).await?, world.now()));
    Ok(writes)
}
