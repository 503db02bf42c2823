//! Messages to deliver, and how far each is.

use super::chat::{PrivateTo, TriggerId, ViewId};
use super::store::Lane;
use crate::conversation::message::{Form, Message};
use crate::domain::breaker::BreakerScope;
use crate::domain::identity::PersonId;
use crate::domain::ids::{BrakeId, DeliveryKey, RequestId, RunId};
use crate::domain::place::{ChannelId, MessageRef};
use crate::domain::time::Timestamp;

/// A message to deliver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// What makes it recognisable as already sent.
    pub key: DeliveryKey,
    /// What it must stay in order with.
    pub lane: Lane,
    /// Where it goes.
    pub to: Destination,
    /// What it says.
    pub content: Content,
}

/// Where a message goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Destination {
    /// Where the request was asked for: its channel, or the thread it was asked in.
    Card(RequestId),
    /// The thread of a request's card.
    Thread(RequestId),
    /// A channel.
    Channel(ChannelId),
    /// One person.
    Private(PrivateTo),
    /// A form to open.
    FormOpen(TriggerId),
    /// An open form to change.
    FormUpdate(ViewId),
    /// The home of one person.
    Home(PersonId),
    /// The thread of the notice about a request in the incident channel; of its card where there is no such notice.
    Incident(RequestId),
    /// The thread of another message, and its channel as well: that matter has got worse. Without that message, the channel.
    Worse {
        /// The key of that message.
        of: DeliveryKey,
        /// The channel that it stands in.
        channel: ChannelId,
    },
    /// The conversation of one person with the bot.
    Direct(PersonId),
}

/// What a message says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// Composed from what is stored at the moment of delivery, so that it is never out of date.
    Live(Notice),
    /// Composed when it was decided.
    Fixed(Message),
    /// A form, composed when it was decided.
    Form(Form),
}

/// A message that is composed from what is stored.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Notice {
    /// The private echo of what was understood.
    Echo(RequestId),
    /// The card.
    Card(RequestId),
    /// Asks the approvers, in the thread.
    ApprovalAsk(RequestId),
    /// Servers of the plan have changed.
    Replanned(RequestId),
    /// Reminds the approvers, in the thread.
    Reminder(RequestId),
    /// Asks another group as well, in the thread.
    Escalation(RequestId),
    /// It has started after waiting, in the thread.
    Started(RequestId),
    /// Its next wave waits until it is known how the one before does, in the thread.
    WaveWaits {
        /// The request.
        request: RequestId,
        /// The wave that waits, counted from 0.
        wave: u32,
    },
    /// A server failed, in the thread.
    ServerFailed(RunId),
    /// An outcome that a person must judge, in the thread.
    Question(RunId),
    /// The final reply, in the thread.
    Final(RequestId),
    /// Servers out of production after this request, in the incident channel.
    Incident(RequestId),
    /// What a person's home shows.
    Home(PersonId),
    /// Everything is stopped, in the incident channel; once it is over it says so.
    Stop(BrakeId),
    /// An override, in the thread; asks for a second person where one must agree.
    Override {
        /// Its request.
        request: RequestId,
        /// Which of its overrides.
        number: u32,
    },
    /// An override whose time is over before it was used up, in the thread.
    OverrideEnded {
        /// Its request.
        request: RequestId,
        /// Which of its overrides.
        number: u32,
    },
    /// A breaker, in the incident channel.
    Breaker {
        /// Its scope.
        scope: BreakerScope,
        /// When it opened.
        opened_at: Timestamp,
    },
    /// An override, in the incident channel.
    OverrideIncident {
        /// Its request.
        request: RequestId,
        /// Which of its overrides.
        number: u32,
    },
    /// Nobody has taken over what a request left out, under its notice in the incident channel.
    Unclaimed(RequestId),
    /// A question about a run, to whoever asked for its request.
    QuestionDirect(RunId),
    /// Servers out of production, to whoever asked for the request.
    LeftOutDirect(RequestId),
    /// A request that starts no more, to whoever asked for it.
    HaltedDirect(RequestId),
    /// The same in the incident channel, until it is over.
    Halt(RequestId),
    /// One more server is out of production, under the notice about them.
    IncidentWorse(RunId),
    /// The canary of a breaker has failed, under the message about it.
    BreakerWorse {
        /// Its scope.
        scope: BreakerScope,
        /// When it opened.
        opened_at: Timestamp,
    },
    /// Nobody has closed a breaker for a while, under the message about it.
    BreakerUnclaimed {
        /// Its scope.
        scope: BreakerScope,
        /// When it opened.
        opened_at: Timestamp,
    },
    /// Nobody has looked after a run that stands still, under the message about it.
    SuspectUnclaimed {
        /// The run.
        run: RunId,
        /// Since when.
        since: Timestamp,
    },
    /// Servers on standby that an automation puts into production, in the incident channel.
    Relief(RequestId),
    /// A run has a server, and nothing has come of it for too long, in the incident channel.
    Suspect {
        /// The run.
        run: RunId,
        /// Since when.
        since: Timestamp,
    },
}

/// A message with how its delivery stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// The message.
    pub outgoing: Outgoing,
    /// The order of first writing.
    pub sequence: i64,
    /// Counts what was asked to be delivered, from 1.
    pub revision: i64,
    /// The last revision that was.
    pub delivered: i64,
    /// When a post left whose outcome is not known.
    pub begun_at: Option<Timestamp>,
    /// When it was last delivered.
    pub delivered_at: Option<Timestamp>,
    /// Where it is.
    pub message: Option<MessageRef>,
    /// Not to be tried before.
    pub not_before: Timestamp,
    /// How often it was postponed since it was last delivered.
    pub attempts: u32,
    /// Why it never will be delivered.
    pub undeliverable: Option<String>,
}
