//! Saying, editing, deleting, and who hears of it: the bot by events, the pages live. Who may say what is checked by the callers.

use super::nouns::{Channel, Message};
use super::payloads;
use super::{Model, Now, Refusal, set, text};
use crate::sandbox::workspace::settings::{BOT_USER, SLACKBOT};
use serde_json::{Value, json};

/// Characters of text after which a message is cut.
pub const TEXT_MAX_CHARS: usize = 40_000;

/// Which messages of a channel are wanted.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Only after this time stamp.
    pub oldest: Option<String>,
    /// Only before this time stamp.
    pub latest: Option<String>,
    /// The bounds themselves count.
    pub is_inclusive: bool,
}

impl Window {
    fn holds(&self, ts: &str) -> bool {
        let after = self.oldest.as_deref().is_none_or(|oldest| ts > oldest || (self.is_inclusive && ts == oldest));
        let before = self.latest.as_deref().is_none_or(|latest| ts < latest || (self.is_inclusive && ts == latest));
        after && before
    }
}

impl Model {
    /// Puts a message into a channel and tells everybody who should hear of it. Its time stamp, or nothing without the channel.
    pub fn post(&mut self, channel_id: &str, mut message: Message, now: Now) -> Option<String> {
        if !self.channels.contains_key(channel_id) {
            return None;
        }
        message.ts = self.next_ts(now);
        message.blocks = self.with_block_ids(std::mem::take(&mut message.blocks));
        let ts = message.ts.clone();
        let is_private = message.only_for.is_some();
        if let Some(channel) = self.channels.get_mut(channel_id) {
            channel.messages.insert(ts.clone(), message);
        }
        self.show_message(if is_private { "ephemeral" } else { "message" }, channel_id, &ts);
        if !is_private {
            self.show_thread_head(channel_id, &ts);
            self.tell_of_message(channel_id, &ts, now);
        }
        Some(ts)
    }

    /// A private answer in the chat system's own voice.
    pub fn slackbot_says(&mut self, channel_id: &str, user: &str, words: &str, now: Now) -> Option<String> {
        let message = Message {
            user: SLACKBOT.to_owned(),
            text: words.to_owned(),
            only_for: Some(user.to_owned()),
            ..Message::default()
        };
        self.post(channel_id, message, now)
    }

    /// Replaces what a message says. False if there is no such message.
    pub fn rewrite(&mut self, channel_id: &str, ts: &str, content: Message, now: Now) -> bool {
        let Some(previous) = self.channels.get(channel_id).and_then(|channel| channel.messages.get(ts)).cloned() else {
            return false;
        };
        let edited_at = self.next_ts(now);
        let blocks = self.with_block_ids(content.blocks);
        let is_private = previous.only_for.is_some();
        let had_mention = mentions_bot(&previous.text);
        let before = self.seen_by_bot(channel_id, &previous);
        if let Some(message) = self.channels.get_mut(channel_id).and_then(|channel| channel.messages.get_mut(ts)) {
            message.text = content.text;
            message.blocks = blocks;
            message.attachments = content.attachments;
            message.edited = Some(edited_at.clone());
            if content.metadata.is_some() {
                message.metadata = content.metadata;
            }
        }
        self.show_message(if is_private { "ephemeral" } else { "message_changed" }, channel_id, ts);
        if !is_private {
            self.tell_of_edit(channel_id, ts, &before, &edited_at, now);
            self.tell_of_new_mention(channel_id, ts, had_mention, now);
        }
        true
    }

    /// Takes a message away. False if there is no such message.
    pub fn remove(&mut self, channel_id: &str, ts: &str, now: Now) -> bool {
        let Some(channel) = self.channels.get_mut(channel_id) else { return false };
        let Some(gone) = channel.messages.remove(ts) else { return false };
        let type_word = channel.type_word();
        self.page(
            "message_deleted",
            json!({ "channel": channel_id, "ts": ts, "user": gone.only_for, "thread_ts": gone.thread_ts }),
        );
        if gone.only_for.is_none() {
            let event_ts = self.next_ts(now);
            let event = json!({ "type": "message", "subtype": "message_deleted", "channel": channel_id, "hidden": true,
                "ts": event_ts, "deleted_ts": ts, "event_ts": event_ts, "channel_type": type_word,
                "previous_message": self.seen_by_bot(channel_id, &gone) });
            self.message_event(channel_id, event, now);
        }
        true
    }

    /// Adds members and tells of it.
    pub fn join(&mut self, channel_id: &str, user: &str, by: Option<&str>, now: Now) -> bool {
        let Some(channel) = self.channels.get_mut(channel_id) else { return false };
        if !channel.members.insert(user.to_owned()) {
            return false;
        }
        let type_word = channel.type_word();
        let words = match by {
            Some(inviter) => format!("<@{inviter}> added <@{user}> to the channel."),
            None => format!("<@{user}> has joined the channel"),
        };
        let notice = Message {
            user: user.to_owned(),
            text: words,
            subtype: Some("channel_join".to_owned()),
            ..Message::default()
        };
        self.post(channel_id, notice, now);
        let event_ts = self.next_ts(now);
        let letter = if type_word == "group" { "G" } else { "C" };
        let mut event = json!({ "type": "member_joined_channel", "user": user, "channel": channel_id,
            "channel_type": letter, "team": super::TEAM, "event_ts": event_ts });
        if let Some(inviter) = by {
            set(&mut event, "inviter", json!(inviter));
        }
        self.event("member_joined_channel", channel_id, event, now);
        let data = self.channels.get(channel_id).map(Channel::json).unwrap_or_default();
        self.page("channel", data);
        true
    }

    /// The top-level messages of a channel, newest first.
    ///
    /// # Errors
    /// `channel_not_found`, `not_in_channel`.
    pub fn history(&self, channel_id: &str, window: &Window) -> Result<Vec<Value>, Refusal> {
        let channel = self.readable(channel_id)?;
        let wanted = channel
            .messages
            .values()
            .filter(|message| message.only_for.is_none() && (!message.is_reply() || message.is_broadcast))
            .filter(|message| window.holds(&message.ts));
        Ok(wanted.rev().map(|message| self.message_json(channel, message)).collect())
    }

    /// A thread, its first message first; oldest first.
    ///
    /// # Errors
    /// `channel_not_found`, `not_in_channel`, `thread_not_found`.
    pub fn replies(&self, channel_id: &str, thread_ts: &str, window: &Window) -> Result<Vec<Value>, Refusal> {
        let channel = self.readable(channel_id)?;
        if channel.messages.get(thread_ts).is_none_or(|head| head.only_for.is_some()) {
            return Err(Refusal::new("thread_not_found"));
        }
        let wanted = channel
            .messages
            .values()
            .filter(|message| message.only_for.is_none())
            .filter(|message| message.ts == thread_ts || message.thread_ts.as_deref() == Some(thread_ts))
            .filter(|message| message.ts == thread_ts || window.holds(&message.ts));
        Ok(wanted.map(|message| self.message_json(channel, message)).collect())
    }

    fn readable(&self, channel_id: &str) -> Result<&Channel, Refusal> {
        let channel = self.channels.get(channel_id).ok_or_else(|| Refusal::new("channel_not_found"))?;
        match (channel.has_bot(), channel.is_private()) {
            (true, _) => Ok(channel),
            (false, true) => Err(Refusal::new("channel_not_found")),
            (false, false) => Err(Refusal::new("not_in_channel")),
        }
    }

    /// Gives every block that lacks one a `block_id`, and every interactive element an `action_id`, as Slack does.
    pub(super) fn with_block_ids(&mut self, mut blocks: Vec<Value>) -> Vec<Value> {
        for block in &mut blocks {
            self.name_block(block);
        }
        blocks
    }

    fn name_block(&mut self, block: &mut Value) {
        if text(block, "block_id").is_empty() {
            let id = self.short_id();
            set(block, "block_id", json!(id));
        }
        let mut names: Vec<String> = Vec::new();
        names.extend((0..32).map(|_| self.short_id()));
        let mut names = names.into_iter();
        let mut name_element = |element: &mut Value| {
            let kind = text(element, "type").to_owned();
            let is_interactive = !matches!(kind.as_str(), "" | "image" | "mrkdwn" | "plain_text" | "raw_text");
            if is_interactive && text(element, "action_id").is_empty() {
                set(element, "action_id", json!(names.next()));
            }
        };
        if text(block, "type") == "actions"
            && let Some(elements) = block.get_mut("elements").and_then(Value::as_array_mut)
        {
            elements.iter_mut().for_each(&mut name_element);
        }
        for key in ["accessory", "element"] {
            if let Some(element) = block.get_mut(key) {
                name_element(element);
            }
        }
    }

    fn short_id(&mut self) -> String {
        self.unique("").get(..5).unwrap_or_default().to_owned()
    }

    fn show_message(&mut self, kind: &str, channel_id: &str, ts: &str) {
        let Some(channel) = self.channels.get(channel_id) else { return };
        let Some(message) = channel.messages.get(ts) else { return };
        let data = json!({ "channel": channel_id, "user": message.only_for, "thread_ts": message.thread_ts,
                           "message": self.page_message(channel, message) });
        self.page(kind, data);
    }

    /// The first message of a thread shows how many replies it has.
    fn show_thread_head(&mut self, channel_id: &str, ts: &str) {
        let message = self.channels.get(channel_id).and_then(|channel| channel.messages.get(ts));
        let head = message.filter(|message| message.is_reply()).and_then(|message| message.thread_ts.clone());
        if let Some(head) = head {
            self.show_message("message_changed", channel_id, &head);
        }
    }

    fn seen_by_bot(&self, channel_id: &str, message: &Message) -> Value {
        self.channels.get(channel_id).map(|channel| self.message_json(channel, message)).unwrap_or_default()
    }

    fn tell_of_message(&mut self, channel_id: &str, ts: &str, now: Now) {
        let Some(channel) = self.channels.get(channel_id) else { return };
        let Some(message) = channel.messages.get(ts) else { return };
        let mut event = self.message_json(channel, message);
        for key in ["reply_count", "reply_users", "reply_users_count", "latest_reply", "is_locked", "subscribed"] {
            if let Some(object) = event.as_object_mut() {
                object.remove(key);
            }
        }
        set(&mut event, "channel", json!(channel_id));
        set(&mut event, "event_ts", json!(ts));
        self.add_origin(&mut event, channel_id);
        let is_mention = mentions_bot(text(&event, "text")) && text(&event, "user") != BOT_USER;
        let is_direct = channel.is_direct();
        let mut spoken = event.clone();
        set(&mut spoken, "channel_type", json!(channel.type_word()));
        if is_mention && !is_direct && event.get("subtype").is_none() {
            set(&mut event, "type", json!("app_mention"));
            self.event("app_mention", channel_id, event, now);
        }
        self.message_event(channel_id, spoken, now);
    }

    /// Who wrote it and for which team, where teams meet.
    fn add_origin(&self, event: &mut Value, channel_id: &str) {
        let is_shared = self.channels.get(channel_id).is_some_and(|channel| channel.is_ext_shared);
        if is_shared && let Some(person) = self.people.get(text(event, "user")) {
            let team = json!(person.team);
            set(event, "user_team", team.clone());
            set(event, "source_team", team);
        }
    }

    fn tell_of_edit(&mut self, channel_id: &str, ts: &str, before: &Value, edited_at: &str, now: Now) {
        let Some(channel) = self.channels.get(channel_id) else { return };
        let Some(message) = channel.messages.get(ts) else { return };
        let event = json!({ "type": "message", "subtype": "message_changed", "hidden": true, "channel": channel_id,
            "channel_type": channel.type_word(), "ts": edited_at, "event_ts": edited_at,
            "message": self.message_json(channel, message), "previous_message": before });
        self.message_event(channel_id, event, now);
    }

    /// A mention that an edit brought in arrives as a mention, marked `edited`.
    fn tell_of_new_mention(&mut self, channel_id: &str, ts: &str, had_mention: bool, now: Now) {
        let Some(channel) = self.channels.get(channel_id) else { return };
        let Some(message) = channel.messages.get(ts) else { return };
        if had_mention || !mentions_bot(&message.text) || message.user == BOT_USER || channel.is_direct() {
            return;
        }
        let mut event = self.message_json(channel, message);
        set(&mut event, "type", json!("app_mention"));
        set(&mut event, "channel", json!(channel_id));
        let event_ts = self.next_ts(now);
        set(&mut event, "event_ts", json!(event_ts));
        self.event("app_mention", channel_id, event, now);
    }

    fn message_event(&mut self, channel_id: &str, event: Value, now: Now) {
        let kind = match self.channels.get(channel_id).map(Channel::type_word) {
            Some("im") => "message.im",
            Some("group") => "message.groups",
            _ => "message.channels",
        };
        self.event(kind, channel_id, event, now);
    }

    /// Sends an event to the bot, if it has subscribed and is where it happened.
    pub(super) fn event(&mut self, kind: &str, channel_id: &str, event: Value, now: Now) {
        if !self.settings.subscriptions.iter().any(|subscribed| subscribed == kind) {
            return;
        }
        let channel = self.channels.get(channel_id);
        if channel.is_some_and(|channel| !channel.has_bot()) {
            return;
        }
        let is_shared = channel.is_some_and(|channel| channel.is_ext_shared);
        let payload = payloads::event_callback(self, event, is_shared, now);
        self.deliver_event(kind, payload, now);
    }
}

/// The text names the bot.
#[must_use]
pub fn mentions_bot(words: &str) -> bool {
    words.contains(&format!("<@{BOT_USER}>")) || words.contains(&format!("<@{BOT_USER}|"))
}
