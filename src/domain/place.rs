//! Where: channels, messages, threads, and how an answer finds its way back to one person.

use super::identity::Actor;
use super::text_name;

text_name! {
    /// A channel's id, e.g. `C0NOC`.
    ChannelId
}
text_name! {
    /// A channel's name without `#`, e.g. `noc`.
    ChannelName
}
text_name! {
    /// A message inside its channel, e.g. `1764511500.000100`.
    MessageTs
}

impl ChannelId {
    /// No channel: where a form or a home stands, which belong to a person.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::new("")
    }

    /// Whether it is no channel.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        self.as_str().is_empty()
    }
}

/// One posted message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MessageRef {
    /// The channel it stands in.
    pub channel: ChannelId,
    /// Its id there.
    pub ts: MessageTs,
}

/// What the directory knows of a channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelFacts {
    /// The channel.
    pub id: ChannelId,
    /// Its name without `#`; a direct message has none.
    pub name: Option<ChannelName>,
    /// Whether the bot may post there.
    pub bot: Membership,
    /// Ours alone, or shared with another workspace.
    pub reach: Reach,
}

/// Whether the bot is in a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Membership {
    /// It is in, and may post.
    Inside,
    /// It is not in, and cannot post.
    Outside,
}

/// Who can read a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Only people of our own workspace.
    OwnWorkspace,
    /// Only those of our own workspace who were invited.
    Private,
    /// People of another workspace too.
    Shared,
    /// One person and the bot.
    Direct,
}

/// How a line arrived, and so how its private answer goes back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReplyPath {
    /// A single-purpose address that answers one person, valid for half an hour.
    ResponseAddress(String),
    /// A message only that person sees, in the channel or in that thread.
    Private {
        /// The thread the line stood in, if any.
        thread: Option<MessageTs>,
    },
    /// An ordinary message: a direct conversation is private already.
    Direct,
    /// Nobody is answered: an automation asked.
    Nobody,
    /// It was asked in a shell of the bot's own host, and answered there.
    Shell {
        /// Under which local account, e.g. `local/1000`.
        account: String,
    },
}

impl ReplyPath {
    /// Whether whoever asked waits for an answer in the chat.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        match self {
            Self::ResponseAddress(_) | Self::Private { .. } | Self::Direct => true,
            Self::Nobody | Self::Shell { .. } => false,
        }
    }
}

/// Where a line was typed, by whom, and how to answer that person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The person, from the authenticated envelope, or the files that say whose an account of the bot's host is.
    pub person: Actor,
    /// The channel.
    pub channel: ChannelId,
    /// The thread the line stood in; its card is then a reply there.
    pub thread: Option<MessageTs>,
    /// How a private answer reaches the person.
    pub reply: ReplyPath,
}
