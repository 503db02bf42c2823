//! chat.* and reading conversations: arguments in, message objects out. What posting changes is in `model`.

use super::arguments::Arguments;
use super::{channel_of, paged};
use crate::sandbox::workspace::model::content::content_of;
use crate::sandbox::workspace::model::nouns::{Channel, Message};
use crate::sandbox::workspace::model::talk::{TEXT_MAX_CHARS, Window};
use crate::sandbox::workspace::model::{Model, Now, Refusal, text};
use crate::sandbox::workspace::settings::BOT_USER;
use serde_json::{Value, json};

pub(super) fn post_message(model: &mut Model, given: &Arguments, now: Now) -> Result<Value, Refusal> {
    let channel_id = writable(model, given)?;
    let mut message = content_of(given.value())?;
    message.thread_ts = thread_of(model, given, &channel_id)?;
    message.is_broadcast = message.thread_ts.is_some() && given.is_set("reply_broadcast");
    let ts = model.post(&channel_id, message, now).ok_or_else(|| Refusal::new("channel_not_found"))?;
    let shown = shown(model, &channel_id, &ts);
    Ok(json!({ "channel": channel_id, "ts": ts, "message": shown }))
}

pub(super) fn post_ephemeral(model: &mut Model, given: &Arguments, now: Now) -> Result<Value, Refusal> {
    let channel_id = writable(model, given)?;
    let user = given.text("user").to_owned();
    if !model.people.contains_key(&user) {
        return Err(Refusal::new("user_not_found"));
    }
    if model.channels.get(&channel_id).is_none_or(|channel| !channel.members.contains(&user)) {
        return Err(Refusal::new("user_not_in_channel"));
    }
    let mut message = content_of(given.value())?;
    message.thread_ts = thread_of(model, given, &channel_id)?;
    message.only_for = Some(user);
    let ts = model.post(&channel_id, message, now).ok_or_else(|| Refusal::new("channel_not_found"))?;
    Ok(json!({ "message_ts": ts }))
}

pub(super) fn update(model: &mut Model, given: &Arguments, now: Now) -> Result<Value, Refusal> {
    let channel_id = channel_of(model, given)?;
    let ts = given.text("ts").to_owned();
    let known = own_message(model, &channel_id, &ts, "cant_update_message")?;
    if given.text("text").chars().count() > TEXT_MAX_CHARS {
        return Err(Refusal::new("msg_too_long"));
    }
    let mut content = content_of(given.value())?;
    // What is left out stays as it was; an empty list takes it away.
    if given.value().get("blocks").is_none_or(Value::is_null) && given.text("markdown_text").is_empty() {
        content.blocks.clone_from(&known.blocks);
    }
    if given.value().get("attachments").is_none_or(Value::is_null) {
        content.attachments.clone_from(&known.attachments);
    }
    if given.value().get("text").is_none_or(Value::is_null) && content.text.is_empty() {
        content.text.clone_from(&known.text);
    }
    model.rewrite(&channel_id, &ts, content, now);
    let shown = shown(model, &channel_id, &ts);
    Ok(json!({ "channel": channel_id, "ts": ts, "text": text(&shown, "text"), "message": shown }))
}

pub(super) fn delete(model: &mut Model, given: &Arguments, now: Now) -> Result<Value, Refusal> {
    let channel_id = channel_of(model, given)?;
    let ts = given.text("ts").to_owned();
    own_message(model, &channel_id, &ts, "cant_delete_message")?;
    model.remove(&channel_id, &ts, now);
    Ok(json!({ "channel": channel_id, "ts": ts }))
}

pub(super) fn get_permalink(model: &Model, given: &Arguments) -> Result<Value, Refusal> {
    let channel_id = channel_of(model, given)?;
    let ts = given.text("message_ts");
    let message = model.channels.get(&channel_id).and_then(|channel| channel.messages.get(ts));
    let Some(message) = message.filter(|message| message.only_for.is_none()) else {
        return Err(Refusal::new("message_not_found"));
    };
    let thread = message.thread_ts.as_ref().filter(|_| message.is_reply());
    let tail = thread.map(|thread| format!("?thread_ts={thread}&cid={channel_id}")).unwrap_or_default();
    let link = format!("{}/archives/{channel_id}/p{}{tail}", model.origin, ts.replace('.', ""));
    Ok(json!({ "channel": channel_id, "permalink": link }))
}

pub(super) fn history(model: &Model, given: &Arguments) -> Result<Value, Refusal> {
    let channel_id = channel_of(model, given)?;
    let mut all = model.history(&channel_id, &window(given))?;
    drop_metadata(&mut all, given);
    let (messages, cursor) = paged(all, given, 100);
    let has_more = !text(&cursor, "next_cursor").is_empty();
    Ok(json!({ "messages": messages, "has_more": has_more, "pin_count": 0, "response_metadata": cursor }))
}

pub(super) fn replies(model: &Model, given: &Arguments) -> Result<Value, Refusal> {
    let channel_id = channel_of(model, given)?;
    let mut all = model.replies(&channel_id, given.text("ts"), &window(given))?;
    drop_metadata(&mut all, given);
    let (messages, cursor) = paged(all, given, 1000);
    let has_more = !text(&cursor, "next_cursor").is_empty();
    Ok(json!({ "messages": messages, "has_more": has_more, "response_metadata": cursor }))
}

fn window(given: &Arguments) -> Window {
    Window { oldest: given.given("oldest"), latest: given.given("latest"), is_inclusive: given.is_set("inclusive") }
}

/// Metadata is shown only to those who ask for it.
fn drop_metadata(messages: &mut [Value], given: &Arguments) {
    if given.is_set("include_all_metadata") {
        return;
    }
    for message in messages.iter_mut().filter_map(Value::as_object_mut) {
        message.remove("metadata");
    }
}

/// The channel, if the bot may write there.
fn writable(model: &Model, given: &Arguments) -> Result<String, Refusal> {
    let channel_id = channel_of(model, given)?;
    match model.channels.get(&channel_id) {
        Some(channel) if channel.is_archived => Err(Refusal::new("is_archived")),
        Some(channel) if !channel.has_bot() => Err(Refusal::new("not_in_channel")),
        Some(_) | None => Ok(channel_id),
    }
}

/// The head of the thread that a reply goes to.
fn thread_of(model: &Model, given: &Arguments, channel_id: &str) -> Result<Option<String>, Refusal> {
    let Some(ts) = given.given("thread_ts") else { return Ok(None) };
    let known = model.channels.get(channel_id).and_then(|channel| channel.messages.get(&ts));
    match known {
        Some(message) => Ok(Some(message.thread_ts.clone().unwrap_or(ts))),
        None => Err(Refusal::new("thread_not_found")),
    }
}

fn own_message(model: &Model, channel_id: &str, ts: &str, otherwise: &'static str) -> Result<Message, Refusal> {
    let channel = model.channels.get(channel_id);
    let message = channel.and_then(|channel| channel.messages.get(ts)).filter(|message| message.only_for.is_none());
    match message {
        None => Err(Refusal::new("message_not_found")),
        Some(message) if message.user != BOT_USER => Err(Refusal::new(otherwise)),
        Some(message) => Ok(message.clone()),
    }
}

fn shown(model: &Model, channel_id: &str, ts: &str) -> Value {
    let show = |channel: &Channel| channel.messages.get(ts).map(|message| model.message_json(channel, message));
    model.channels.get(channel_id).and_then(show).unwrap_or_default()
}
