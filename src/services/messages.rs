//! Which messages exist, under which keys, and where they go. What they say is conversation's.

use crate::admission::Breaker;
use crate::conversation::message::{Form, Message};
use crate::domain::breaker::BreakerScope;
use crate::domain::identity::PersonId;
use crate::domain::ids::{BrakeId, DeliveryKey, EnvelopeKey, Fingerprint, Handle, RequestId, RunId};
use crate::domain::place::{ChannelId, Origin, ReplyPath};
use crate::domain::server::PoolName;
use crate::domain::time::Timestamp;
use crate::ports::chat::{PrivateTo, Replaces, TriggerId, ViewId};
use crate::ports::store::{Content, Control, ControlAction, Destination, Lane, Notice, Outgoing, Write};
use crate::workflow::request::Request;
use crate::workflow::run::Answer;

/// The lane of everything that is told about a request in its thread.
fn lane(request: &RequestId) -> Lane {
    Lane::new(format!("{request}"))
}

fn live(name: &str, of: &str, request: &RequestId, to: Destination, notice: Notice) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("{name}:{of}")),
        lane: lane(request),
        to,
        content: Content::Live(notice),
    })
}

pub(super) fn card(request: &RequestId) -> Write {
    live("card", &request.to_string(), request, Destination::Card(request.clone()), Notice::Card(request.clone()))
}

pub(super) fn approval_ask(request: &RequestId) -> Write {
    let to = Destination::Thread(request.clone());
    live("ask", &request.to_string(), request, to, Notice::ApprovalAsk(request.clone()))
}

pub(super) fn reminder(request: &RequestId) -> Write {
    let to = Destination::Thread(request.clone());
    live("reminder", &request.to_string(), request, to, Notice::Reminder(request.clone()))
}

pub(super) fn escalation(request: &RequestId) -> Write {
    let to = Destination::Thread(request.clone());
    live("escalation", &request.to_string(), request, to, Notice::Escalation(request.clone()))
}

/// The plan has changed: each time a new message, because an edited one notifies nobody.
pub(super) fn replanned(request: &RequestId, nth: u32) -> Write {
    let to = Destination::Thread(request.clone());
    live("replanned", &format!("{request}:{nth}"), request, to, Notice::Replanned(request.clone()))
}

/// Everything in the thread that asks for consent, drawn again: once decided, none of it keeps a button.
pub(super) fn asks(request: &Request) -> Vec<Write> {
    let id = request.id();
    let mut asks = vec![approval_ask(id)];
    let times = request.replanning.as_ref().map_or(0, |replanning| replanning.times);
    asks.extend((1..=times).map(|nth| replanned(id, nth)));
    asks.extend(request.reminded_at.map(|_| reminder(id)));
    asks.extend(request.escalated.as_ref().map(|_| escalation(id)));
    asks
}

pub(super) fn started(request: &RequestId) -> Write {
    let to = Destination::Thread(request.clone());
    live("started", &request.to_string(), request, to, Notice::Started(request.clone()))
}

/// Once for each wave; drawn again when it is known, so that nobody reads it as how it stands.
pub(super) fn wave_waits(request: &RequestId, wave: u32) -> Write {
    let (to, notice) = (Destination::Thread(request.clone()), Notice::WaveWaits { request: request.clone(), wave });
    live("wave-waits", &format!("{request}:{wave}"), request, to, notice)
}

pub(super) fn final_reply(request: &RequestId) -> Write {
    let to = Destination::Thread(request.clone());
    live("final", &request.to_string(), request, to, Notice::Final(request.clone()))
}

pub(super) fn server_failed(run: &RunId) -> Write {
    let to = Destination::Thread(run.request.clone());
    live("failed", &run.to_string(), &run.request, to, Notice::ServerFailed(run.clone()))
}

/// A question asked anew is a new message: the earlier one keeps its answer.
pub(super) fn question(run: &RunId, asked_at: Timestamp) -> Write {
    let to = Destination::Thread(run.request.clone());
    live("question", &format!("{run}:{}", asked_at.millis()), &run.request, to, Notice::Question(run.clone()))
}

/// What whoever asked is told in person: one message for each thing, and each its own lane.
fn direct(name: String, person: &PersonId, notice: Notice) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(name.clone()),
        lane: Lane::new(name),
        to: Destination::Direct(person.clone()),
        content: Content::Live(notice),
    })
}

pub(super) fn question_direct(run: &RunId, asked_at: Timestamp, person: &PersonId) -> Write {
    let name = format!("question-direct:{run}:{}", asked_at.millis());
    direct(name, person, Notice::QuestionDirect(run.clone()))
}

pub(super) fn left_out_direct(request: &RequestId, person: &PersonId) -> Write {
    direct(format!("left-out-direct:{request}"), person, Notice::LeftOutDirect(request.clone()))
}

pub(super) fn halted_direct(request: &RequestId, person: &PersonId) -> Write {
    direct(format!("halted-direct:{request}"), person, Notice::HaltedDirect(request.clone()))
}

/// The notice about a request in the incident channel.
pub(super) fn incident_key(request: &RequestId) -> DeliveryKey {
    DeliveryKey::new(format!("incident:{request}"))
}

/// A halted request in the incident channel. That of a retry is told under the halt that it follows.
pub(super) fn halt(request: &Request, channel: &ChannelId) -> Write {
    let (id, channel) = (request.id(), channel.clone());
    let to = match &request.retry_of {
        Some(first) => Destination::Worse { of: halt_key(first), channel },
        None => Destination::Channel(channel),
    };
    let lane = Lane::new(format!("halt:{id}"));
    Write::Send(Outgoing { key: halt_key(id), lane, to, content: Content::Live(Notice::Halt(id.clone())) })
}

pub(super) fn halt_key(request: &RequestId) -> DeliveryKey {
    DeliveryKey::new(format!("halt:{request}"))
}

/// One more server is out of production. An edited message notifies nobody, so this is a new one.
pub(super) fn incident_worse(run: &RunId, channel: &ChannelId) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("incident-worse:{run}")),
        lane: Lane::new(format!("incident:{}", run.request)),
        to: Destination::Worse { of: incident_key(&run.request), channel: channel.clone() },
        content: Content::Live(Notice::IncidentWorse(run.clone())),
    })
}

/// The notice of servers on standby that a request of an automation puts into production.
pub(super) fn relief(request: &RequestId, channel: &ChannelId) -> Write {
    let lane = Lane::new(format!("relief:{request}"));
    let to = Destination::Channel(channel.clone());
    Write::Send(Outgoing {
        key: relief_key(request),
        lane,
        to,
        content: Content::Live(Notice::Relief(request.clone())),
    })
}

pub(super) fn relief_key(request: &RequestId) -> DeliveryKey {
    DeliveryKey::new(format!("relief:{request}"))
}

/// What a pool could do without again. Fixed: what was measured is stored nowhere else.
pub(super) fn relieved(request: &RequestId, channel: &ChannelId, message: Message) -> Write {
    let lane = Lane::new(format!("relief:{request}"));
    let to = Destination::Channel(channel.clone());
    Write::Send(Outgoing { key: relieved_key(request), lane, to, content: Content::Fixed(message) })
}

pub(super) fn relieved_key(request: &RequestId) -> DeliveryKey {
    DeliveryKey::new(format!("relieved:{request}"))
}

/// Servers on standby that nobody asks for by itself, in that hour since the epoch. Fixed, likewise.
pub(super) fn standby_told(pool: &PoolName, hour: i64, channel: &ChannelId, message: Message) -> Write {
    let (lane, to) = (Lane::new(format!("standby:{pool}")), Destination::Channel(channel.clone()));
    Write::Send(Outgoing { key: standby_told_key(pool, hour), lane, to, content: Content::Fixed(message) })
}

pub(super) fn standby_told_key(pool: &PoolName, hour: i64) -> DeliveryKey {
    DeliveryKey::new(format!("standby:{pool}:{hour}"))
}

/// In the lane of the notice, so that it is there first.
pub(super) fn unclaimed(request: &RequestId) -> Write {
    Write::Send(Outgoing {
        key: unclaimed_key(request),
        lane: Lane::new(format!("incident:{request}")),
        to: Destination::Incident(request.clone()),
        content: Content::Live(Notice::Unclaimed(request.clone())),
    })
}

pub(super) fn unclaimed_key(request: &RequestId) -> DeliveryKey {
    DeliveryKey::new(format!("unclaimed:{request}"))
}

pub(super) fn incident(request: &RequestId, channel: &ChannelId) -> Write {
    Write::Send(Outgoing {
        key: incident_key(request),
        lane: Lane::new(format!("incident:{request}")),
        to: Destination::Channel(channel.clone()),
        content: Content::Live(Notice::Incident(request.clone())),
    })
}

/// A run has a server of which nothing has come since then: one message for each time.
pub(super) fn suspect(run: &RunId, since: Timestamp, channel: &ChannelId) -> Write {
    let key = suspect_key(run, since);
    Write::Send(Outgoing {
        lane: Lane::new(key.as_str()),
        key,
        to: Destination::Channel(channel.clone()),
        content: Content::Live(Notice::Suspect { run: run.clone(), since }),
    })
}

pub(super) fn suspect_key(run: &RunId, since: Timestamp) -> DeliveryKey {
    DeliveryKey::new(format!("suspect:{run}:{}", since.millis()))
}

/// The canary of a breaker has failed, which makes that many failures.
pub(super) fn breaker_worse(breaker: &Breaker, channel: &ChannelId) -> Write {
    let (scope, opened_at) = (breaker.scope.clone(), breaker.opened_at);
    let name = breaker_name(&scope, opened_at);
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("{name}:worse:{}", breaker.failures)),
        lane: Lane::new(name.clone()),
        to: Destination::Worse { of: DeliveryKey::new(name), channel: channel.clone() },
        content: Content::Live(Notice::BreakerWorse { scope, opened_at }),
    })
}

/// Nobody has closed it: told under the message about it.
pub(super) fn breaker_unclaimed(breaker: &Breaker, channel: &ChannelId) -> Write {
    let (scope, opened_at) = (breaker.scope.clone(), breaker.opened_at);
    let name = breaker_name(&scope, opened_at);
    Write::Send(Outgoing {
        key: breaker_unclaimed_key(breaker),
        lane: Lane::new(name.clone()),
        to: Destination::Worse { of: DeliveryKey::new(name), channel: channel.clone() },
        content: Content::Live(Notice::BreakerUnclaimed { scope, opened_at }),
    })
}

pub(super) fn breaker_unclaimed_key(breaker: &Breaker) -> DeliveryKey {
    DeliveryKey::new(format!("{}:unclaimed", breaker_name(&breaker.scope, breaker.opened_at)))
}

/// Nobody has looked after it: told under the message about it.
pub(super) fn suspect_unclaimed(run: &RunId, since: Timestamp, channel: &ChannelId) -> Write {
    let of = suspect_key(run, since);
    Write::Send(Outgoing {
        key: suspect_unclaimed_key(run, since),
        lane: Lane::new(of.as_str()),
        to: Destination::Worse { of, channel: channel.clone() },
        content: Content::Live(Notice::SuspectUnclaimed { run: run.clone(), since }),
    })
}

pub(super) fn suspect_unclaimed_key(run: &RunId, since: Timestamp) -> DeliveryKey {
    DeliveryKey::new(format!("{}:unclaimed", suspect_key(run, since)))
}

fn breaker_name(scope: &BreakerScope, opened_at: Timestamp) -> String {
    format!("breaker:{scope}:{}", opened_at.millis())
}

/// A breaker: one message from its opening to its closing.
pub(super) fn breaker(scope: &BreakerScope, opened_at: Timestamp, channel: &ChannelId) -> Write {
    let name = breaker_name(scope, opened_at);
    Write::Send(Outgoing {
        key: DeliveryKey::new(name.clone()),
        lane: Lane::new(name),
        to: Destination::Channel(channel.clone()),
        content: Content::Live(Notice::Breaker { scope: scope.clone(), opened_at }),
    })
}

/// Everything is stopped; told once, and edited when it is over.
pub(super) fn stop(stop: &BrakeId, channel: &ChannelId) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("stop:{stop}")),
        lane: Lane::new(format!("stop:{stop}")),
        to: Destination::Channel(channel.clone()),
        content: Content::Live(Notice::Stop(stop.clone())),
    })
}

fn of_override(name: &str, request: &RequestId, number: u32, notice: Notice) -> Write {
    live(name, &format!("{request}:{number}"), request, Destination::Thread(request.clone()), notice)
}

/// An override, in the thread.
pub(super) fn overridden(request: &RequestId, number: u32) -> Write {
    of_override("override", request, number, Notice::Override { request: request.clone(), number })
}

/// It ended before it was used up: an edited message notifies nobody, so this is a new one.
pub(super) fn override_ended(request: &RequestId, number: u32) -> Write {
    of_override("override-ended", request, number, Notice::OverrideEnded { request: request.clone(), number })
}

/// An override, in the incident channel.
pub(super) fn override_incident(request: &RequestId, number: u32, channel: &ChannelId) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("override-incident:{request}:{number}")),
        lane: Lane::new(format!("override-incident:{request}:{number}")),
        to: Destination::Channel(channel.clone()),
        content: Content::Live(Notice::OverrideIncident { request: request.clone(), number }),
    })
}

/// The handle of the button with which a second person reviews an override; derived like a question's.
pub(super) fn override_handle(request: &RequestId, number: u32) -> Handle {
    derived(&format!("override {request} {number}"))
}

/// Changed files that are not used, in that stretch between two repairs.
pub(super) fn reload_trouble_key(episode: u32, what: &Fingerprint) -> DeliveryKey {
    DeliveryKey::new(format!("reload:{episode}:{}", what.hex().get(..24).unwrap_or_default()))
}

pub(super) fn reload_trouble(episode: u32, what: &Fingerprint, channel: &ChannelId, message: Message) -> Write {
    reload(reload_trouble_key(episode, what), channel, message)
}

/// The repair at the end of that stretch.
pub(super) fn reload_repaired_key(episode: u32) -> DeliveryKey {
    DeliveryKey::new(format!("reload:{episode}:repaired"))
}

pub(super) fn reload_repaired(episode: u32, channel: &ChannelId, message: Message) -> Write {
    reload(reload_repaired_key(episode), channel, message)
}

/// Rules became others. The same change an hour later is told again, and once though the bot is started anew meanwhile.
pub(super) fn rules_changed(
    (before, now): (&Fingerprint, &Fingerprint),
    at: Timestamp,
    channel: &ChannelId,
    message: Message,
) -> Write {
    let change = Fingerprint::of(format!("{before} {now} {}", at.seconds() / 3600).as_bytes());
    reload(DeliveryKey::new(format!("reload:rules:{}", change.hex().get(..24).unwrap_or_default())), channel, message)
}

/// Fixed, unlike what is told of requests: what the files said is stored nowhere else.
fn reload(key: DeliveryKey, channel: &ChannelId, message: Message) -> Write {
    let (lane, to) = (Lane::new("reload"), Destination::Channel(channel.clone()));
    Write::Send(Outgoing { key, lane, to, content: Content::Fixed(message) })
}

/// Somebody has said how servers are. Fixed: a later word is told by itself.
pub(super) fn declared(token: &Handle, channel: &ChannelId, message: Message) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("declared:{token}")),
        lane: Lane::new(format!("declared:{channel}")),
        to: Destination::Channel(channel.clone()),
        content: Content::Fixed(message),
    })
}

/// Somebody asks for access. Fixed: what was refused and why is stored nowhere else.
pub(super) fn access_asked(token: &Handle, channel: &ChannelId, message: Message) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("access:{token}")),
        lane: Lane::new(format!("access:{channel}")),
        to: Destination::Channel(channel.clone()),
        content: Content::Fixed(message),
    })
}

/// The echo to whoever asked. A response address can be edited later, so it goes out at once; other private
/// answers cannot, so they wait for the card in its lane and carry its link from the start.
pub(super) fn echo(request: &RequestId, origin: &Origin) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("echo:{request}")),
        lane: echo_lane(request, origin),
        to: Destination::Private(private_to(origin)),
        content: Content::Live(Notice::Echo(request.clone())),
    })
}

fn echo_lane(request: &RequestId, origin: &Origin) -> Lane {
    match origin.reply {
        ReplyPath::ResponseAddress(_) => Lane::new(format!("echo:{request}")),
        ReplyPath::Private { .. } | ReplyPath::Direct | ReplyPath::Nobody | ReplyPath::Shell { .. } => lane(request),
    }
}

/// What follows the echo when there is no card.
pub(super) fn no_card(request: &RequestId, origin: &Origin, message: Message) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("no-card:{request}")),
        lane: echo_lane(request, origin),
        to: Destination::Private(private_to(origin)),
        content: Content::Fixed(message),
    })
}

/// To whoever is answered there.
pub(super) fn private_to(origin: &Origin) -> PrivateTo {
    PrivateTo {
        person: origin.person.id().clone(),
        channel: origin.channel.clone(),
        path: origin.reply.clone(),
        replaces: Replaces::Nothing,
    }
}

/// A private answer to what arrived in that envelope.
pub(super) fn answer(envelope: &EnvelopeKey, origin: &Origin, message: Message) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("answer:{envelope}")),
        lane: Lane::new(format!("answer:{envelope}")),
        to: Destination::Private(private_to(origin)),
        content: Content::Fixed(message),
    })
}

/// What is said instead of a form that did not open.
pub(super) fn form_missed(form: &DeliveryKey, to: PrivateTo, message: Message) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("missed:{form}")),
        lane: Lane::new(format!("missed:{form}")),
        to: Destination::Private(to),
        content: Content::Fixed(message),
    })
}

/// A home, again: its lane holds nothing else.
pub(super) fn home(person: &PersonId) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("home:{person}")),
        lane: Lane::new(format!("home:{person}")),
        to: Destination::Home(person.clone()),
        content: Content::Live(Notice::Home(person.clone())),
    })
}

pub(super) fn open_form(envelope: &EnvelopeKey, trigger: TriggerId, form: Form) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("form:{envelope}")),
        lane: Lane::new(format!("form:{envelope}")),
        to: Destination::FormOpen(trigger),
        content: Content::Form(form),
    })
}

pub(super) fn update_form(envelope: &EnvelopeKey, view: ViewId, form: Form) -> Write {
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("form:{envelope}")),
        lane: Lane::new(format!("form:{envelope}")),
        to: Destination::FormUpdate(view),
        content: Content::Form(form),
    })
}

/// What an open form says of the request that it made: before the echo, where that does not wait for the card.
pub(super) fn form_sent(request: &RequestId, origin: &Origin, view: ViewId, form: Form) -> Write {
    let lane = match origin.reply {
        ReplyPath::ResponseAddress(_) => echo_lane(request, origin),
        ReplyPath::Private { .. } | ReplyPath::Direct | ReplyPath::Nobody | ReplyPath::Shell { .. } => {
            Lane::new(format!("form:{request}"))
        }
    };
    Write::Send(Outgoing {
        key: DeliveryKey::new(format!("form:{request}")),
        lane,
        to: Destination::FormUpdate(view),
        content: Content::Form(form),
    })
}

/// A handle that is worked out from what it is for.
pub(super) fn derived(text: &str) -> Handle {
    let digest = Fingerprint::of(text.as_bytes());
    Handle::new(format!("h_{}", digest.hex().get(..24).unwrap_or_default()))
}

/// The handle of a question's button. Derived, so that the question can be drawn again without a search; it opens
/// nothing by itself, because the presser and the message are checked at the press.
pub(super) fn answer_handle(run: &RunId, asked_at: Timestamp, answer: Answer) -> Handle {
    derived(&format!("answer {run} {} {}", asked_at.millis(), answer.word()))
}

/// The controls of a question.
pub(super) fn answer_controls(run: &RunId, asked_at: Timestamp) -> impl Iterator<Item = Write> {
    Answer::ALL.into_iter().map(move |answer| {
        Write::Control(Control {
            handle: answer_handle(run, asked_at, answer),
            action: ControlAction::Answer { run: run.clone(), answer },
            bound: None,
            used_at: None,
        })
    })
}
