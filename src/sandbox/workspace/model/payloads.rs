//! The payloads of envelopes, field for field as Slack sends them. When they are sent is decided elsewhere.

use super::nouns::{Channel, Message, Person};
use super::{Model, Now, set};
use crate::sandbox::workspace::settings::{APP, BOT_USER, TEAM};
use serde_json::{Value, json};

/// The verification token that old payloads still carry.
const TOKEN: &str = "sandbox-verification-token";

/// An `event_callback` around an event.
pub(super) fn event_callback(model: &mut Model, event: Value, is_shared: bool, now: Now) -> Value {
    let event_id = model.unique("Ev");
    let context = model.unique("4-");
    json!({
        "token": TOKEN, "team_id": TEAM, "context_team_id": TEAM, "context_enterprise_id": null, "api_app_id": APP,
        "event": event, "type": "event_callback", "event_id": event_id, "event_time": now.at.seconds(),
        "authorizations": [{ "enterprise_id": null, "team_id": TEAM, "user_id": BOT_USER, "is_bot": true,
                             "is_enterprise_install": false }],
        "is_ext_shared_channel": is_shared, "event_context": context,
    })
}

/// The opaque handles that a payload carries.
pub(super) struct Handles<'a> {
    /// Opens a modal, once, within three seconds.
    pub(super) trigger_id: &'a str,
    /// Posts back, five times within half an hour; empty where there is none.
    pub(super) response_url: &'a str,
}

/// A slash command.
pub(super) fn slash(person: &Person, channel: &Channel, line: (&str, &str), handles: &Handles<'_>) -> Value {
    json!({
        "token": TOKEN, "team_id": person.team, "team_domain": domain_of(&person.team), "channel_id": channel.id,
        "channel_name": channel.payload_name(), "user_id": person.id, "user_name": person.name, "command": line.0,
        "text": line.1, "api_app_id": APP, "is_enterprise_install": "false", "response_url": handles.response_url,
        "trigger_id": handles.trigger_id,
    })
}

fn domain_of(team: &str) -> &'static str {
    if team == TEAM { "wrasse" } else { "elsewhere" }
}

fn presser(person: &Person) -> Value {
    json!({ "id": person.id, "username": person.name, "name": person.name, "team_id": person.team })
}

/// What is common to everything a person does with a control.
fn interaction(model: &Model, kind: &str, person: &Person, trigger_id: &str) -> Value {
    json!({
        "type": kind, "user": presser(person), "api_app_id": APP, "token": TOKEN, "trigger_id": trigger_id,
        "team": model.team_json(), "enterprise": null, "is_enterprise_install": false,
    })
}

/// A control of a message was used.
pub(super) fn message_action(
    model: &Model,
    person: &Person,
    place: (&Channel, &Message),
    action: (Value, &Handles<'_>),
) -> Value {
    let (channel, message) = place;
    let (action, handles) = action;
    let mut payload = interaction(model, "block_actions", person, handles.trigger_id);
    let is_private = message.only_for.is_some();
    let mut container = json!({ "type": "message", "message_ts": message.ts, "channel_id": channel.id,
                                "is_ephemeral": is_private });
    if let Some(thread) = &message.thread_ts {
        set(&mut container, "thread_ts", json!(thread));
    }
    set(&mut payload, "container", container);
    set(&mut payload, "channel", json!({ "id": channel.id, "name": channel.payload_name() }));
    if !is_private {
        set(&mut payload, "message", model.message_json(channel, message));
    }
    set(&mut payload, "state", json!({ "values": {} }));
    set(&mut payload, "response_url", json!(handles.response_url));
    set(&mut payload, "actions", json!([action]));
    payload
}

/// A control of a modal or a home tab was used.
pub(super) fn view_action(model: &Model, person: &Person, view: &Value, action: (Value, &str)) -> Value {
    let mut payload = interaction(model, "block_actions", person, action.1);
    set(&mut payload, "container", json!({ "type": "view", "view_id": super::text(view, "id") }));
    set(&mut payload, "view", view.clone());
    set(&mut payload, "actions", json!([action.0]));
    payload
}

/// A modal was submitted.
pub(super) fn view_submission(model: &Model, person: &Person, view: &Value, trigger_id: &str) -> Value {
    let mut payload = interaction(model, "view_submission", person, trigger_id);
    set(&mut payload, "view", view.clone());
    set(&mut payload, "response_urls", json!([]));
    payload
}

/// A modal was closed by its person.
pub(super) fn view_closed(model: &Model, person: &Person, view: &Value) -> Value {
    let mut payload = interaction(model, "view_closed", person, "");
    if let Some(object) = payload.as_object_mut() {
        object.remove("trigger_id");
    }
    set(&mut payload, "view", view.clone());
    set(&mut payload, "is_cleared", json!(false));
    payload
}
