//! Socket Mode frames: which one it is, what makes two deliveries of it the same, and what acknowledges it.
//!
//! Pure. What a payload means is `wire`'s business; here only the few fields are read that delivery needs.

use super::wire::{Event, PayloadHead};
use serde::Deserialize;
use serde_json::{Value, json};

/// The largest envelope kept whole, in bytes; Slack's own are far smaller.
pub(super) const ENVELOPE_MAX_BYTES: usize = 1024 * 1024;
/// How much of a larger one is kept, in bytes.
const TRUNCATED_HEAD_MAX_BYTES: usize = 16 * 1024;
/// The field that marks an envelope that was kept only in part.
pub(super) const TRUNCATED_MARK: &str = "wrasse_truncated_bytes";

/// One frame from the socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Frame {
    /// The socket is ready; for which app.
    Hello {
        /// The app's id.
        app: Option<String>,
    },
    /// Slack is about to close this socket.
    Disconnect {
        /// Slack's word for why.
        reason: String,
    },
    /// Something to keep and acknowledge.
    Delivery(Delivery),
    /// Nothing that could be acknowledged; why.
    Unreadable(&'static str),
}

/// Something to keep and acknowledge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Delivery {
    /// What makes two deliveries of one event the same.
    pub(super) key: String,
    /// The text to keep.
    pub(super) raw: String,
    /// The text that acknowledges it.
    pub(super) ack: String,
}

#[derive(Deserialize)]
struct FrameHead {
    #[serde(rename = "type", default)]
    kind: Value,
    #[serde(default)]
    envelope_id: Value,
    #[serde(default)]
    reason: Value,
    #[serde(default)]
    connection_info: Value,
    #[serde(default)]
    accepts_response_payload: Value,
    #[serde(default)]
    payload: Value,
}

/// Reads one frame. Never fails: what cannot be read is `Unreadable`.
pub(super) fn frame(body: String) -> Frame {
    let Ok(head) = serde_json::from_str::<FrameHead>(&body) else {
        return Frame::Unreadable("not a JSON object");
    };
    match head.kind.as_str() {
        Some("hello") => {
            let app = head.connection_info.get("app_id").and_then(Value::as_str).map(str::to_owned);
            return Frame::Hello { app };
        }
        Some("disconnect") => {
            return Frame::Disconnect { reason: head.reason.as_str().unwrap_or("unknown").to_owned() };
        }
        _ => {}
    }
    let Some(envelope_id) = head.envelope_id.as_str().filter(|id| !id.is_empty()) else {
        return Frame::Unreadable("no envelope id");
    };
    let key = key_of(head.kind.as_str().unwrap_or_default(), &head.payload, envelope_id);
    let ack = ack_of(&head, envelope_id);
    let raw = if body.len() > ENVELOPE_MAX_BYTES { truncated(&body, envelope_id) } else { body };
    Frame::Delivery(Delivery { key, raw, ack })
}

/// `trigger:…` for commands and interactions, `message:…`, `edit:…` or `event:…` for events.
///
/// A mention arrives as two events, so messages go by channel and time; `envelope_id` is only the last
/// resort, as it is new for each delivery.
fn key_of(kind: &str, payload: &Value, envelope_id: &str) -> String {
    let head = PayloadHead::of(payload);
    let key = match kind {
        "slash_commands" | "interactive" => head.trigger_id.map(|id| format!("trigger:{id}")),
        "events_api" => {
            let by_message = Event::of(payload).and_then(|event| event.key());
            by_message.or_else(|| head.event_id.map(|id| format!("event:{id}")))
        }
        _ => None,
    };
    key.unwrap_or_else(|| format!("envelope:{envelope_id}"))
}

/// The acknowledgement: bare, but for a submitted form, which stays open and says that it is being recorded.
fn ack_of(head: &FrameHead, envelope_id: &str) -> String {
    let is_submission = head.payload.get("type").and_then(Value::as_str) == Some("view_submission");
    if is_submission && head.accepts_response_payload.as_bool() == Some(true) {
        let view = recording(head.payload.get("view").unwrap_or(&Value::Null));
        return json!({"envelope_id": envelope_id, "payload": {"response_action": "update", "view": view}}).to_string();
    }
    json!({ "envelope_id": envelope_id }).to_string()
}

/// The submitted form with its content replaced; title, handle and callback stay.
fn recording(view: &Value) -> Value {
    let title = view.pointer("/title/text").and_then(Value::as_str).unwrap_or("Recording");
    let text = |name: &str| view.get(name).and_then(Value::as_str).unwrap_or_default();
    json!({
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "Close"},
        "private_metadata": text("private_metadata"),
        "callback_id": text("callback_id"),
        "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "Recording…"}}],
    })
}

fn truncated(body: &str, envelope_id: &str) -> String {
    let mut end = TRUNCATED_HEAD_MAX_BYTES.min(body.len());
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    json!({ TRUNCATED_MARK: body.len(), "envelope_id": envelope_id, "head": body.get(..end) }).to_string()
}
