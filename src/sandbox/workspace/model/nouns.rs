//! People, groups, channels and messages, and how a client of the Web API sees them. What happens to them is elsewhere.

use super::{Model, set};
use crate::sandbox::workspace::settings::{APP, BOT, BOT_USER, SLACKBOT, TEAM};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// When everything that was here from the beginning says it was made.
pub const CREATED_S: i64 = 1_764_500_000;

/// Somebody with an account, people and bots alike.
#[derive(Clone, Debug)]
pub struct Person {
    /// `U0ANA`.
    pub id: String,
    /// `ana`.
    pub name: String,
    /// `Ana Alder`.
    pub real_name: String,
    /// Their home team.
    pub team: String,
    /// An app's user.
    pub is_bot: bool,
    /// A guest.
    pub is_restricted: bool,
    /// A guest of a single channel.
    pub is_ultra_restricted: bool,
    /// Somebody from another workspace.
    pub is_stranger: bool,
    /// Their account is deactivated.
    pub is_deleted: bool,
}

impl Person {
    /// An ordinary member.
    #[must_use]
    pub fn member(id: &str, name: &str, real_name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            real_name: real_name.to_owned(),
            team: TEAM.to_owned(),
            is_bot: false,
            is_restricted: false,
            is_ultra_restricted: false,
            is_stranger: false,
            is_deleted: false,
        }
    }

    /// The object of `users.info`.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut user = json!({
            "id": self.id, "team_id": self.team, "name": self.name, "deleted": self.is_deleted,
            "color": "4bbe2e", "real_name": self.real_name, "tz": "Etc/UTC", "tz_label": "UTC", "tz_offset": 0,
            "profile": {
                "real_name": self.real_name, "real_name_normalized": self.real_name,
                "display_name": self.name, "display_name_normalized": self.name,
                "status_text": "", "team": self.team,
            },
            "is_admin": false, "is_owner": false, "is_primary_owner": false,
            "is_restricted": self.is_restricted, "is_ultra_restricted": self.is_ultra_restricted,
            "is_bot": self.is_bot && self.id != SLACKBOT, "is_app_user": false, "updated": CREATED_S,
        });
        if self.is_stranger {
            set(&mut user, "is_stranger", json!(true));
        }
        if self.id == BOT_USER
            && let Some(profile) = user.get_mut("profile")
        {
            set(profile, "bot_id", json!(BOT));
            set(profile, "api_app_id", json!(APP));
        }
        user
    }
}

/// A user group.
#[derive(Clone, Debug)]
pub struct Group {
    /// `S0SRE`.
    pub id: String,
    /// `sre`.
    pub handle: String,
    /// Who is in it, by user id.
    pub members: Vec<String>,
}

impl Group {
    /// A group with its members.
    #[must_use]
    pub fn new(id: &str, handle: &str, members: &[&str]) -> Self {
        Self {
            id: id.to_owned(),
            handle: handle.to_owned(),
            members: members.iter().map(|&id| id.to_owned()).collect(),
        }
    }

    /// The object of `usergroups.list`.
    #[must_use]
    pub fn json(&self, with_users: bool) -> Value {
        let mut group = json!({
            "id": self.id, "team_id": TEAM, "is_usergroup": true, "is_subteam": true, "name": self.handle,
            "description": "", "handle": self.handle, "is_external": false, "date_create": CREATED_S,
            "date_update": CREATED_S, "date_delete": 0, "auto_type": null, "auto_provision": false,
            "created_by": "U0DEE", "updated_by": "U0DEE", "deleted_by": null,
            "prefs": { "channels": [], "groups": [] }, "user_count": self.members.len(), "channel_count": 0,
        });
        if with_users {
            set(&mut group, "users", json!(self.members));
        }
        group
    }
}

/// What sort of conversation a channel is.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelKind {
    /// Everybody can find and join it.
    Public,
    /// Only members know of it.
    Private,
    /// Between one person and the bot.
    Direct {
        /// The person.
        user: String,
    },
}

/// A conversation and what was said in it.
#[derive(Clone, Debug)]
pub struct Channel {
    /// `C0NOC`.
    pub id: String,
    /// `noc`.
    pub name: String,
    /// Public, private or direct.
    pub kind: ChannelKind,
    /// Shared with another workspace.
    pub is_ext_shared: bool,
    /// Closed for good.
    pub is_archived: bool,
    /// Who is in it, by user id.
    pub members: BTreeSet<String>,
    /// What was said, by time stamp; private answers included.
    pub messages: BTreeMap<String, Message>,
}

/// The id of the direct messages between that person and the bot.
#[must_use]
pub fn direct_channel_of(user: &str) -> String {
    format!("D{}", user.get(1..).unwrap_or_default())
}

impl Channel {
    /// An empty channel.
    #[must_use]
    pub fn new(id: &str, name: &str, kind: ChannelKind) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            kind,
            is_ext_shared: false,
            is_archived: false,
            members: BTreeSet::new(),
            messages: BTreeMap::new(),
        }
    }

    /// The same channel with these members as well.
    #[must_use]
    pub fn joined_by(mut self, members: &[&str]) -> Self {
        self.members.extend(members.iter().map(|&id| id.to_owned()));
        self
    }

    /// Between one person and the bot.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        matches!(self.kind, ChannelKind::Direct { .. })
    }

    /// Only members know of it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.kind == ChannelKind::Private
    }

    /// The bot is in it.
    #[must_use]
    pub fn has_bot(&self) -> bool {
        self.members.contains(BOT_USER)
    }

    /// `channel`, `group` or `im`, as events call it.
    #[must_use]
    pub fn type_word(&self) -> &'static str {
        match self.kind {
            ChannelKind::Public => "channel",
            ChannelKind::Private => "group",
            ChannelKind::Direct { .. } => "im",
        }
    }

    /// The name that payloads carry.
    #[must_use]
    pub fn payload_name(&self) -> &str {
        match self.kind {
            ChannelKind::Direct { .. } => "directmessage",
            ChannelKind::Public => &self.name,
            ChannelKind::Private => "privategroup",
        }
    }

    /// The object of `conversations.info`.
    #[must_use]
    pub fn json(&self) -> Value {
        if let ChannelKind::Direct { user } = &self.kind {
            return json!({ "id": self.id, "created": CREATED_S, "is_im": true, "is_org_shared": false,
                           "is_archived": self.is_archived, "user": user, "is_user_deleted": false, "priority": 0 });
        }
        json!({
            "id": self.id, "name": self.name, "name_normalized": self.name, "is_channel": !self.is_private(),
            "is_group": self.is_private(), "is_im": false, "is_mpim": false, "is_private": self.is_private(),
            "created": CREATED_S, "creator": "U0DEE", "is_archived": self.is_archived, "is_general": false,
            "unlinked": 0, "is_shared": self.is_ext_shared, "is_org_shared": false,
            "is_ext_shared": self.is_ext_shared, "is_pending_ext_shared": false, "pending_shared": [],
            "context_team_id": TEAM, "parent_conversation": null, "is_member": self.has_bot(),
            "shared_team_ids": if self.is_ext_shared { json!([TEAM, "T0OTHER"]) } else { json!([TEAM]) },
            "topic": { "value": "", "creator": "", "last_set": 0 },
            "purpose": { "value": "", "creator": "", "last_set": 0 },
            "previous_names": [], "num_members": self.members.len(),
        })
    }
}

/// Something said in a channel.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// When, and its identity in the channel.
    pub ts: String,
    /// Who, by user id.
    pub user: String,
    /// The text, with entities escaped.
    pub text: String,
    /// The layout, if any.
    pub blocks: Vec<Value>,
    /// Old-style attachments, kept as they came.
    pub attachments: Vec<Value>,
    /// What an app keeps with it.
    pub metadata: Option<Value>,
    /// The thread it stands in.
    pub thread_ts: Option<String>,
    /// A reply that is shown in the channel too.
    pub is_broadcast: bool,
    /// When it was edited last.
    pub edited: Option<String>,
    /// The only person who sees it.
    pub only_for: Option<String>,
    /// `channel_join`, …
    pub subtype: Option<String>,
    /// The writer's own client's id.
    pub client_msg_id: Option<String>,
}

impl Message {
    /// A reply in a thread, and not its first message.
    #[must_use]
    pub fn is_reply(&self) -> bool {
        self.thread_ts.as_ref().is_some_and(|thread| *thread != self.ts)
    }
}

impl Model {
    /// A message as the Web API and events show it.
    #[must_use]
    pub fn message_json(&self, channel: &Channel, message: &Message) -> Value {
        let mut shown = self.bare_message_json(message);
        if let Some(thread) = &message.thread_ts {
            set(&mut shown, "thread_ts", json!(thread));
            if message.is_reply()
                && let Some(parent) = channel.messages.get(thread)
            {
                set(&mut shown, "parent_user_id", json!(parent.user));
            }
        }
        let replies: Vec<&Message> = channel
            .messages
            .values()
            .filter(|reply| reply.only_for.is_none() && reply.is_reply())
            .filter(|reply| reply.thread_ts.as_deref() == Some(message.ts.as_str()))
            .collect();
        if let Some(last) = replies.last() {
            let users: BTreeSet<&str> = replies.iter().map(|reply| reply.user.as_str()).collect();
            set(&mut shown, "thread_ts", json!(message.ts));
            set(&mut shown, "reply_count", json!(replies.len()));
            set(&mut shown, "reply_users_count", json!(users.len()));
            set(&mut shown, "reply_users", json!(users));
            set(&mut shown, "latest_reply", json!(last.ts));
            set(&mut shown, "is_locked", json!(false));
            set(&mut shown, "subscribed", json!(true));
        }
        shown
    }

    /// A message without what depends on its thread.
    fn bare_message_json(&self, message: &Message) -> Value {
        let mut shown = json!({ "type": "message", "user": message.user, "ts": message.ts, "text": message.text });
        let team = self.people.get(&message.user).map_or(TEAM, |person| person.team.as_str());
        set(&mut shown, "team", json!(team));
        if message.user == BOT_USER {
            set(&mut shown, "bot_id", json!(BOT));
            set(&mut shown, "app_id", json!(APP));
            set(&mut shown, "bot_profile", bot_json());
        }
        if !message.blocks.is_empty() {
            set(&mut shown, "blocks", json!(message.blocks));
        } else if message.user != BOT_USER && message.subtype.is_none() {
            set(&mut shown, "blocks", json!([super::typed::rich_text(&message.text)]));
        }
        if !message.attachments.is_empty() {
            set(&mut shown, "attachments", json!(message.attachments));
        }
        if let Some(metadata) = &message.metadata {
            set(&mut shown, "metadata", metadata.clone());
        }
        if let Some(id) = &message.client_msg_id {
            set(&mut shown, "client_msg_id", json!(id));
        }
        if let Some(subtype) = &message.subtype {
            set(&mut shown, "subtype", json!(subtype));
        } else if message.is_broadcast {
            set(&mut shown, "subtype", json!("thread_broadcast"));
        }
        if let Some(at) = &message.edited {
            let editor = if message.user == BOT_USER { BOT } else { &message.user };
            set(&mut shown, "edited", json!({ "user": editor, "ts": at }));
        }
        shown
    }

    /// A message as the page and the control API show it.
    #[must_use]
    pub fn page_message(&self, channel: &Channel, message: &Message) -> Value {
        let author = self.people.get(&message.user).map_or(message.user.as_str(), |person| person.name.as_str());
        let replies = channel
            .messages
            .values()
            .filter(|reply| reply.only_for.is_none() && reply.is_reply())
            .filter(|reply| reply.thread_ts.as_deref() == Some(message.ts.as_str()))
            .count();
        json!({
            "ts": message.ts, "channel": channel.id, "user": message.user, "author": author,
            "is_bot": message.user == BOT_USER, "text": message.text, "blocks": message.blocks,
            "attachments": message.attachments, "metadata": message.metadata, "thread_ts": message.thread_ts,
            "reply_count": replies, "is_broadcast": message.is_broadcast, "edited": message.edited,
            "only_for": message.only_for, "subtype": message.subtype,
        })
    }
}

/// The object of `bots.info`.
#[must_use]
pub fn bot_json() -> Value {
    json!({ "id": BOT, "app_id": APP, "user_id": BOT_USER, "name": "wrasse", "deleted": false, "updated": CREATED_S,
            "team_id": TEAM, "icons": { "image_36": "", "image_48": "", "image_72": "" } })
}
