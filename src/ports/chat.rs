//! The chat: reading what arrives, and saying things so that a crash in between can be found out.

use crate::conversation::message::{Form, Message};
use crate::domain::identity::{Actor, PersonId};
use crate::domain::ids::{DeliveryKey, EnvelopeKey, Handle};
use crate::domain::place::{ChannelId, MessageRef, MessageTs, Origin, ReplyPath};
use crate::domain::text_name;
use crate::domain::time::Timestamp;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::time::Duration;

text_name! {
    /// The chat's permission to open one form, once, within seconds.
    TriggerId
}
text_name! {
    /// An open form.
    ViewId
}

/// Something that arrived, exactly as received, stored before it was acknowledged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// What makes two deliveries of one event the same.
    pub key: EnvelopeKey,
    /// The bytes as received.
    pub raw: String,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// Where envelopes are kept. Returning `Ok` means durable: only then may the sender be told.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Keeps the envelope; one that is already known (by key) changes nothing.
    async fn keep(&self, envelope: Envelope) -> Result<(), crate::ports::StoreFault>;
}

/// What an envelope means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// A person typed a line for us: slash command, mention, or direct message.
    Line {
        /// Who, where, and how to answer.
        origin: Origin,
        /// The line: markup decoded to what the person saw, our own mention and the slash command removed.
        line: String,
        /// When it was sent.
        sent_at: Timestamp,
        /// Permission to open a form, if the surface gives one.
        trigger: Option<TriggerId>,
    },
    /// A person pressed one of our buttons.
    Press {
        /// Who and where.
        origin: Origin,
        /// The stored control's key.
        handle: Handle,
        /// The message that carries the button; `None` for one that only that person sees, or for a form.
        at: Option<MessageRef>,
        /// Permission to open a form.
        trigger: Option<TriggerId>,
        /// The form the button stands in, if it does.
        view: Option<ViewId>,
    },
    /// A person submitted one of our forms.
    Submission {
        /// Who.
        person: Actor,
        /// The stored control's key.
        handle: Handle,
        /// The form, now showing that it is being recorded.
        view: ViewId,
        /// The values by key.
        values: BTreeMap<String, String>,
    },
    /// A person opened our home.
    HomeOpened {
        /// Who.
        person: Actor,
    },
    /// A person edited a message that was a line for us.
    Edited {
        /// Who, where, and how to answer.
        origin: Origin,
    },
    /// Nothing for us to act on; why, for the record.
    Nothing {
        /// A short reason, e.g. `bot message`.
        because: String,
    },
}

/// Where a message is posted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PostTo {
    /// The channel.
    pub channel: ChannelId,
    /// The thread, or the channel itself.
    pub thread: Option<MessageTs>,
    /// Whether a reply in a thread is shown in the channel as well.
    pub shown: Shown,
}

/// Where a reply in a thread is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// In its thread.
    InThread,
    /// In the channel as well, where it notifies as a message of its own does.
    InChannelToo,
}

impl PostTo {
    /// A message of its own in a channel.
    #[must_use]
    pub fn channel(channel: ChannelId) -> Self {
        Self { channel, thread: None, shown: Shown::InThread }
    }

    /// A reply in that thread.
    #[must_use]
    pub fn thread(channel: ChannelId, thread: MessageTs) -> Self {
        Self { channel, thread: Some(thread), shown: Shown::InThread }
    }
}

/// Whom a private answer goes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrivateTo {
    /// The only reader.
    pub person: PersonId,
    /// The channel it appears in.
    pub channel: ChannelId,
    /// How it gets there.
    pub path: ReplyPath,
    /// Whether it takes the place of the answer that went the same way before (response addresses only).
    pub replaces: Replaces,
}

/// Whether an answer stands beside or in place of the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replaces {
    /// Beside.
    Nothing,
    /// In its place.
    Previous,
}

/// How a delivery went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// It is there; where, if it is a message others can see.
    Done(Option<MessageRef>),
    /// Too fast: nothing happened, and when to try again.
    SlowDown(Duration),
    /// It may or may not be there: look before sending again.
    Unknown(String),
    /// The bot is not in that channel: nothing happened.
    NotInChannel,
    /// It will not be taken, ever; the chat's own word for why.
    Refused(String),
}

/// What a search for an earlier delivery found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// It is there.
    There(MessageRef),
    /// It is provably not there.
    NotThere,
    /// The search did not get a whole answer: wait, and search again.
    CannotTell(String),
}

/// The chat.
#[async_trait]
pub trait Chat: Send + Sync {
    /// What an envelope means. Never fails: what cannot be read is `Nothing` with the reason.
    fn read(&self, envelope: &Envelope) -> Arrival;

    /// Posts a message that carries its key, so that [`Chat::find`] can find it.
    async fn post(&self, to: &PostTo, message: &Message, key: &DeliveryKey) -> Delivery;

    /// Looks for the message with that key, posted since then.
    async fn find(&self, to: &PostTo, key: &DeliveryKey, since: Timestamp) -> Found;

    /// Edits a message of ours. Harmless to repeat.
    async fn edit(&self, at: &MessageRef, message: &Message) -> Delivery;

    /// Tells one person something that nobody else sees.
    async fn tell(&self, to: &PrivateTo, message: &Message) -> Delivery;

    /// The conversation of that person with the bot, in which can be posted; else how far that came. Harmless to repeat.
    async fn direct_channel(&self, person: &PersonId) -> Result<ChannelId, Delivery>;

    /// Opens a form.
    async fn open_form(&self, trigger: &TriggerId, form: &Form) -> Delivery;

    /// Replaces what an open form shows.
    async fn update_form(&self, view: &ViewId, form: &Form) -> Delivery;

    /// Shows a person their home, in place of what it showed before. Harmless to repeat.
    async fn show_home(&self, person: &PersonId, home: &Message) -> Delivery;

    /// The address of a message, for links.
    async fn link_to(&self, at: &MessageRef) -> Option<String>;
}
