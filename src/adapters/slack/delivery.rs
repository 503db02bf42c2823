//! Saying things in Slack: posts, edits, private answers, forms; and finding a post of unknown outcome again.
//!
//! Deliberately absent: retries. A call is made once (and once more in plain text where Slack refuses the blocks);
//! what happens next is the courier's decision.

use super::Slack;
use super::blocks::{METADATA_KIND, content, metadata, plain_content};
use super::mrkdwn::Surroundings;
use super::views::view;
use super::web_api::Call;
use crate::conversation::message::{Block, Form, FormBlock, Message, Piece, Rich};
use crate::domain::ids::DeliveryKey;
use crate::domain::place::{ChannelId, MessageRef, MessageTs, ReplyPath};
use crate::domain::time::Timestamp;
use crate::ports::chat::{Delivery, Found, PostTo, PrivateTo, Replaces, Shown};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Messages asked for in one page of a search.
const PAGE_MESSAGES: &str = "200";
/// The most pages one search reads; beyond it the search cannot tell.
const SEARCH_PAGES_MAX: usize = 20;
/// How far Slack's clock and ours may differ.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_secs(300);

/// Slack's words for "these blocks are no good"; the text alone still may be.
const BLOCK_TROUBLE: [&str; 6] = [
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "msg_too_long",
    "invalid_arguments",
    "too_many_blocks",
];

impl Slack {
    pub(super) async fn post_message(&self, to: &PostTo, message: &Message, key: &DeliveryKey) -> Delivery {
        let mut fields = addressed(to.channel.as_str(), to.thread.as_ref());
        if to.thread.is_some() && to.shown == Shown::InChannelToo {
            fields.push(("reply_broadcast", json!(true)));
        }
        fields.push(("metadata", metadata(key)));
        let call = self.say("chat.postMessage", &fields, message).await;
        match call {
            Call::Done(answer) => match ts_of(&answer) {
                Some(ts) => Delivery::Done(Some(MessageRef { channel: to.channel.clone(), ts })),
                None => Delivery::Unknown("posted, but Slack does not say where".to_owned()),
            },
            call @ (Call::Declined(..) | Call::NotNow(_) | Call::Unknown(_)) => delivery(call),
        }
    }

    pub(super) async fn edit_message(&self, at: &MessageRef, message: &Message) -> Delivery {
        let fields = [("channel", json!(at.channel.as_str())), ("ts", json!(at.ts.as_str()))];
        match self.say("chat.update", &fields, message).await {
            Call::Done(_) => Delivery::Done(Some(at.clone())),
            call @ (Call::Declined(..) | Call::NotNow(_) | Call::Unknown(_)) => delivery(call),
        }
    }

    pub(super) async fn tell_person(&self, to: &PrivateTo, message: &Message) -> Delivery {
        let channel = to.channel.as_str();
        let call = match &to.path {
            ReplyPath::ResponseAddress(address) => self.answer_at(address, to.replaces, message).await,
            ReplyPath::Private { thread } => {
                let mut fields = addressed(channel, thread.as_ref());
                fields.push(("user", json!(to.person.user.as_str())));
                self.say("chat.postEphemeral", &fields, message).await
            }
            ReplyPath::Direct => self.say("chat.postMessage", &addressed(channel, None), message).await,
            ReplyPath::Nobody | ReplyPath::Shell { .. } => {
                return Delivery::Refused("there is nobody to tell".to_owned());
            }
        };
        delivery(call)
    }

    pub(super) async fn open_view(&self, trigger: &str, form: &Form) -> Delivery {
        let view = view(form, &self.surroundings(form_pieces(form)).await);
        match self.web.post("views.open", "", &json!({"trigger_id": trigger, "view": view})).await {
            // A form was opened with it before, by a call whose answer was lost.
            Call::Declined(code, _) if code == "exchanged_trigger_id" => Delivery::Done(None),
            call @ (Call::Done(_) | Call::Declined(..) | Call::NotNow(_) | Call::Unknown(_)) => delivery(call),
        }
    }

    pub(super) async fn update_view(&self, id: &str, form: &Form) -> Delivery {
        let view = view(form, &self.surroundings(form_pieces(form)).await);
        delivery(self.web.post("views.update", "", &json!({"view_id": id, "view": view})).await)
    }

    /// What a person sees on the app's home tab; once more as plain text where Slack refuses the blocks.
    pub(super) async fn publish_home(&self, user: &str, home: &Message) -> Delivery {
        let around = self.surroundings(message_pieces(home)).await;
        let publish = async |content: Value| {
            let view = json!({"type": "home", "callback_id": "wrasse.home", "blocks": content.get("blocks")});
            self.web.post("views.publish", "", &json!({"user_id": user, "view": view})).await
        };
        let call = publish(content(home, &around)).await;
        if !is_block_trouble(&call) {
            return delivery(call);
        }
        tracing::warn!("slack refused the blocks of a home; it is shown as plain text");
        delivery(publish(plain_content(home)).await)
    }

    /// The conversation of that person with the bot; there is one at most, however often it is opened.
    pub(super) async fn open_direct(&self, user: &str) -> Result<ChannelId, Delivery> {
        match self.web.post("conversations.open", "", &json!({"users": user})).await {
            Call::Done(answer) => match answer.pointer("/channel/id").and_then(Value::as_str) {
                Some(id) if !id.is_empty() => Ok(ChannelId::new(id)),
                Some(_) | None => Err(Delivery::Unknown("opened, but Slack does not say where".to_owned())),
            },
            call @ (Call::Declined(..) | Call::NotNow(_) | Call::Unknown(_)) => Err(delivery(call)),
        }
    }

    pub(super) async fn permalink(&self, at: &MessageRef) -> Option<String> {
        let query = [("channel", at.channel.as_str()), ("message_ts", at.ts.as_str())];
        match self.web.get("chat.getPermalink", &query).await {
            Call::Done(answer) => answer.get("permalink").and_then(Value::as_str).map(str::to_owned),
            Call::Declined(..) | Call::NotNow(_) | Call::Unknown(_) => None,
        }
    }

    /// Reads everything since then, page by page; only a whole reading can say that a message is not there.
    pub(super) async fn search(&self, to: &PostTo, key: &DeliveryKey, since: Timestamp) -> Found {
        let since = since.minus(CLOCKS_DIFFER_MAX);
        let oldest = format!("{}.{:06}", since.seconds(), since.millis().rem_euclid(1_000) * 1_000);
        let mut cursor = String::new();
        for _ in 0..SEARCH_PAGES_MAX {
            let mut query = vec![
                ("channel", to.channel.as_str()),
                ("oldest", oldest.as_str()),
                ("inclusive", "true"),
                ("include_all_metadata", "true"),
                ("limit", PAGE_MESSAGES),
            ];
            let method = match &to.thread {
                Some(thread) => {
                    query.push(("ts", thread.as_str()));
                    "conversations.replies"
                }
                None => "conversations.history",
            };
            if !cursor.is_empty() {
                query.push(("cursor", cursor.as_str()));
            }
            let answer = match self.web.get(method, &query).await {
                Call::Done(answer) => answer,
                Call::Declined(code, _) if code == "thread_not_found" => return Found::NotThere,
                Call::Declined(reason, _) | Call::Unknown(reason) => return Found::CannotTell(reason),
                Call::NotNow(wait) => return Found::CannotTell(format!("busy for {} s", wait.as_secs().max(1))),
            };
            let Some(messages) = answer.get("messages").and_then(Value::as_array) else {
                return Found::CannotTell("an answer without messages".to_owned());
            };
            let ours = messages.iter().find(|message| self.is_delivery(message, key));
            if let Some(ts) = ours.and_then(ts_of) {
                return Found::There(MessageRef { channel: to.channel.clone(), ts });
            }
            let next = answer.pointer("/response_metadata/next_cursor").and_then(Value::as_str).unwrap_or_default();
            let has_more = answer.get("has_more").and_then(Value::as_bool) == Some(true);
            match (next.is_empty(), has_more) {
                (true, false) => return Found::NotThere,
                (true, true) => return Found::CannotTell("more messages, but no way to ask for them".to_owned()),
                (false, _) => cursor = next.to_owned(),
            }
        }
        Found::CannotTell("too many messages since then".to_owned())
    }

    /// Whether that message is ours and carries the key.
    fn is_delivery(&self, message: &Value, key: &DeliveryKey) -> bool {
        let text = |path: &str| message.pointer(path).and_then(Value::as_str);
        let us = self.us();
        let is_ours = match (text("/bot_id"), &us.bot) {
            (Some(bot), Some(our_bot)) => bot == our_bot,
            _ => text("/user").is_none_or(|user| user == us.user),
        };
        is_ours
            && text("/metadata/event_type") == Some(METADATA_KIND)
            && text("/metadata/event_payload/key") == Some(key.as_str())
    }

    async fn answer_at(&self, address: &str, replaces: Replaces, message: &Message) -> Call {
        if !self.is_answer_address(address) {
            return Call::Declined("not_an_answer_address".to_owned(), Value::Null);
        }
        let fields =
            [("response_type", json!("ephemeral")), ("replace_original", json!(replaces == Replaces::Previous))];
        let around = self.surroundings(message_pieces(message)).await;
        let call = self.web.post_to_address(address, &with(content(message, &around), &fields)).await;
        if !is_block_trouble(&call) {
            return call;
        }
        tracing::warn!("slack refused the blocks of an answer; it is sent as plain text");
        self.web.post_to_address(address, &with(plain_content(message), &fields)).await
    }

    /// The real Slack's own addresses, or the local workspace's.
    fn is_answer_address(&self, address: &str) -> bool {
        let host_of =
            |url: &str| url.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().map(str::to_owned));
        match &self.api_base {
            None => {
                let host = host_of(address).flatten().unwrap_or_default();
                address.starts_with("https://") && (host.ends_with(".slack.com") || host.ends_with(".slack-gov.com"))
            }
            Some(base) => host_of(address) == host_of(base),
        }
    }

    /// Sends a message, and once more as plain text where Slack refuses its blocks: never silent.
    async fn say(&self, method: &str, fields: &[(&str, Value)], message: &Message) -> Call {
        let channel = fields.iter().find(|(name, _)| *name == "channel");
        let channel = channel.and_then(|(_, id)| id.as_str()).unwrap_or_default();
        let around = self.surroundings(message_pieces(message)).await;
        let call = self.web.post(method, channel, &with(content(message, &around), fields)).await;
        if !is_block_trouble(&call) {
            return call;
        }
        tracing::warn!(slack.method = method, "slack refused the blocks of a message; it is sent as plain text");
        self.web.post(method, channel, &with(plain_content(message), fields)).await
    }

    async fn surroundings(&self, mut pieces: impl Iterator<Item = &Piece> + Send) -> Surroundings {
        let mentions_groups = pieces.any(|piece| matches!(piece, Piece::Group(_)));
        let groups = if mentions_groups { self.directory.group_ids(&self.web).await } else { BTreeMap::new() };
        let now = self.web.now();
        let rendering = self.renderings.fetch_add(1, Ordering::Relaxed);
        Surroundings { groups, now, salt: format!("{:x}.{rendering:x}", now.millis()) }
    }
}

/// The channel and, if it is said in a thread, the thread.
fn addressed(channel: &str, thread: Option<&MessageTs>) -> Vec<(&'static str, Value)> {
    let mut fields = vec![("channel", json!(channel))];
    fields.extend(thread.map(|thread| ("thread_ts", json!(thread.as_str()))));
    fields
}

fn with(mut body: Value, fields: &[(&str, Value)]) -> Value {
    if let Some(object) = body.as_object_mut() {
        object.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    body
}

fn delivery(call: Call) -> Delivery {
    match call {
        Call::Done(_) => Delivery::Done(None),
        Call::NotNow(wait) => Delivery::SlowDown(wait),
        Call::Unknown(reason) => Delivery::Unknown(reason),
        // Slack says `channel_not_found` of a private channel that we are not in.
        Call::Declined(code, _) if code == "not_in_channel" || code == "channel_not_found" => Delivery::NotInChannel,
        Call::Declined(code, answer) => {
            let word = answer.get("error").and_then(Value::as_str).unwrap_or(&code);
            Delivery::Refused(word.to_owned())
        }
    }
}

fn is_block_trouble(call: &Call) -> bool {
    match call {
        Call::Declined(code, answer) => {
            let inner = answer.get("error").and_then(Value::as_str).unwrap_or_default();
            BLOCK_TROUBLE.contains(&code.as_str()) || BLOCK_TROUBLE.contains(&inner)
        }
        Call::Done(_) | Call::NotNow(_) | Call::Unknown(_) => false,
    }
}

fn ts_of(message: &Value) -> Option<MessageTs> {
    message.get("ts").and_then(Value::as_str).filter(|ts| !ts.is_empty()).map(MessageTs::new)
}

fn message_pieces(message: &Message) -> impl Iterator<Item = &Piece> + Send {
    message.blocks.iter().filter_map(block_text).flatten()
}

fn block_text(block: &Block) -> Option<&Rich> {
    match block {
        Block::Section(text) | Block::Context(text) => Some(text),
        Block::Actions(_) | Block::Steps { .. } => None,
    }
}

fn form_pieces(form: &Form) -> impl Iterator<Item = &Piece> + Send {
    form.blocks.iter().filter_map(form_text).flatten()
}

fn form_text(block: &FormBlock) -> Option<&Rich> {
    match block {
        FormBlock::Warning(text) | FormBlock::Section(text) | FormBlock::Context(text) => Some(text),
        FormBlock::Actions(_) | FormBlock::Choice { .. } | FormBlock::Input { .. } | FormBlock::Select { .. } => None,
    }
}
