//! What an envelope means: Slack's payloads, read tolerantly, become an [`Arrival`].
//!
//! Only the dozen fields that are used are named; unknown fields and kinds are passed over, a field of an
//! unexpected type counts as missing, and nothing here fails. Identities come from the envelope alone.

use super::envelope::TRUNCATED_MARK;
use super::text::{typed, without_quotes};
use crate::domain::identity::{Actor, PersonId};
use crate::domain::ids::Handle;
use crate::domain::place::{ChannelId, MessageRef, MessageTs, Origin, ReplyPath};
use crate::domain::time::Timestamp;
use crate::ports::chat::{Arrival, Envelope, TriggerId, ViewId};
use serde_json::Value;
use std::collections::BTreeMap;

/// Who we are, as Slack knows us.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Us {
    /// Our workspace.
    pub(super) team: String,
    /// Our organisation, if the workspace belongs to one.
    pub(super) enterprise: Option<String>,
    /// Our user, which is mentioned and whose messages are our own.
    pub(super) user: String,
    /// Our bot.
    pub(super) bot: Option<String>,
    /// Our app, once known.
    pub(super) app: Option<String>,
}

/// The ids by which a payload is recognised when it comes again.
pub(super) struct PayloadHead {
    /// New for each command and interaction.
    pub(super) trigger_id: Option<String>,
    /// New for each event.
    pub(super) event_id: Option<String>,
}

impl PayloadHead {
    /// The ids of that payload.
    pub(super) fn of(payload: &Value) -> Self {
        Self { trigger_id: text(payload, "/trigger_id"), event_id: text(payload, "/event_id") }
    }
}

/// One message event, flattened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Event {
    kind: String,
    subtype: Option<String>,
    channel: Option<String>,
    channel_type: Option<String>,
    ts: Option<String>,
    thread_ts: Option<String>,
    user: Option<String>,
    team: Option<String>,
    text: String,
    text_before: String,
    is_edit: bool,
    is_from_app: bool,
    is_hidden: bool,
    is_forward: bool,
}

impl Event {
    /// The event inside an `events_api` payload; `None` if it is not about a message.
    pub(super) fn of(payload: &Value) -> Option<Self> {
        let event = payload.get("event")?;
        let kind = text(event, "/type")?;
        if kind != "message" && kind != "app_mention" {
            return None;
        }
        let subtype = text(event, "/subtype");
        let is_changed = subtype.as_deref() == Some("message_changed");
        let message = if is_changed { event.get("message").unwrap_or(event) } else { event };
        let before = text(event, "/previous_message/text").unwrap_or_default();
        let now = text(message, "/text").unwrap_or_default();
        let was_edited = message.get("edited").is_some_and(|edited| !edited.is_null());
        Some(Self {
            kind,
            channel: text(event, "/channel"),
            channel_type: text(event, "/channel_type"),
            ts: text(message, "/ts"),
            thread_ts: text(message, "/thread_ts"),
            user: text(message, "/user"),
            team: ["/user_team", "/source_team", "/team"].iter().find_map(|path| text(message, path)),
            // Slack also sends `message_changed` when it unfolds a link or counts replies: no edit by anyone.
            is_edit: was_edited && (!is_changed || before != now),
            is_from_app: is_set(message, "bot_id") || is_set(message, "bot_profile"),
            is_hidden: event.get("hidden").and_then(Value::as_bool) == Some(true),
            is_forward: is_forward(message),
            text: now,
            text_before: before,
            subtype,
        })
    }

    /// The key for messages people wrote or edited; the rest goes by event id.
    pub(super) fn key(&self) -> Option<String> {
        let (channel, ts) = (self.channel.as_deref()?, self.ts.as_deref()?);
        match self.subtype.as_deref() {
            _ if self.is_edit && !self.is_from_app => Some(format!("edit:{channel}:{ts}")),
            None => Some(format!("message:{channel}:{ts}")),
            Some(_) => None,
        }
    }

    fn is_direct(&self) -> bool {
        self.channel_type.as_deref() == Some("im") || self.channel.as_deref().is_some_and(|id| id.starts_with('D'))
    }
}

/// What an envelope means to us.
pub(super) fn read(us: &Us, envelope: &Envelope) -> Arrival {
    let Ok(frame) = serde_json::from_str::<Value>(&envelope.raw) else {
        return nothing("not readable as JSON");
    };
    if frame.get(TRUNCATED_MARK).is_some() {
        return nothing("too large");
    }
    let payload = frame.get("payload").unwrap_or(&Value::Null);
    let app = text(payload, "/api_app_id");
    if app.is_some() && us.app.is_some() && app != us.app {
        return nothing("meant for another app");
    }
    match (text(&frame, "/type").as_deref(), text(payload, "/type").as_deref()) {
        (Some("slash_commands"), _) => slash(us, payload, envelope.received_at),
        (Some("events_api"), _) => event(us, payload, envelope.received_at),
        (Some("interactive"), Some("block_actions")) => press(us, payload),
        (Some("interactive"), Some("view_submission")) => submission(us, payload),
        (Some("interactive"), Some(_)) => nothing("an interaction of a kind that is not used"),
        (Some(_), _) => nothing("an envelope of a kind that is not used"),
        (None, _) => nothing("an envelope without a kind"),
    }
}

fn slash(us: &Us, payload: &Value, received_at: Timestamp) -> Arrival {
    let (Some(user), Some(channel)) = (text(payload, "/user_id"), text(payload, "/channel_id")) else {
        return nothing("a slash command without person or channel");
    };
    let person = person(us, text(payload, "/team_id"), user);
    // Without its address an answer can still reach the person as a private message in the channel.
    let reply = text(payload, "/response_url").map_or(ReplyPath::Private { thread: None }, ReplyPath::ResponseAddress);
    Arrival::Line {
        origin: Origin { person, channel: ChannelId::new(channel), thread: None, reply },
        line: typed(&text(payload, "/text").unwrap_or_default(), &us.user).line,
        sent_at: received_at,
        trigger: text(payload, "/trigger_id").map(TriggerId::new),
    }
}

fn event(us: &Us, payload: &Value, received_at: Timestamp) -> Arrival {
    if text(payload, "/event/type").as_deref() == Some("app_home_opened") {
        return home_opened(us, payload);
    }
    let Some(event) = Event::of(payload) else {
        return nothing("an event of a kind that is not used");
    };
    let (Some(channel), Some(ts)) = (event.channel.clone(), event.ts.clone()) else {
        return nothing("a message without channel or time");
    };
    let Some(user) = event.user.clone() else {
        return nothing("a message without a person");
    };
    if event.is_from_app || user == us.user {
        return nothing("a message of an app");
    }
    let is_addressed =
        |text: &str| event.kind == "app_mention" || event.is_direct() || typed(text, &us.user).mentions_us;
    let thread = event.thread_ts.clone().map(MessageTs::new);
    let reply = if event.is_direct() { ReplyPath::Direct } else { ReplyPath::Private { thread: thread.clone() } };
    let team = event.team.clone().or_else(|| text(payload, "/team_id"));
    let origin = Origin { person: person(us, team, user), channel: ChannelId::new(channel), thread, reply };
    if event.is_edit {
        return if is_addressed(&event.text) || is_addressed(&event.text_before) {
            Arrival::Edited { origin }
        } else {
            nothing("an edited message that was not for us")
        };
    }
    if let Some(subtype) = &event.subtype {
        return nothing(&format!("a message of the kind {}", plain_word(subtype)));
    }
    if event.is_hidden || event.is_forward {
        return nothing("a hidden or forwarded message");
    }
    let own_words = without_quotes(&event.text);
    let typed = typed(&own_words, &us.user);
    match (event.is_direct(), typed.mentions_us, typed.line.is_empty()) {
        (true, _, true) if !event.text.trim().is_empty() => nothing("only quoted text"),
        (true, _, _) | (false, true, _) => {
            Arrival::Line { origin, line: typed.line, sent_at: moment(&ts).unwrap_or(received_at), trigger: None }
        }
        (false, false, _) => nothing("a message that does not mention us"),
    }
}

/// The tab of messages is a direct conversation, which is opened without any word to us.
fn home_opened(us: &Us, payload: &Value) -> Arrival {
    match (text(payload, "/event/user"), text(payload, "/event/tab").as_deref()) {
        (Some(user), Some("home")) => Arrival::HomeOpened { person: person(us, text(payload, "/team_id"), user) },
        (Some(_), _) => nothing("another tab than the home"),
        (None, _) => nothing("a home without a person"),
    }
}

fn press(us: &Us, payload: &Value) -> Arrival {
    let Some(user) = text(payload, "/user/id") else {
        return nothing("a press without a person");
    };
    let Some(handle) = text(payload, "/actions/0/value") else {
        return nothing("a press that carries nothing");
    };
    let sender = text(payload, "/message/app_id");
    if sender.is_some() && us.app.is_some() && sender != us.app {
        return nothing("a button of another app");
    }
    let first = |paths: &[&str]| paths.iter().find_map(|path| text(payload, path));
    let view = first(&["/view/id", "/container/view_id"]);
    let channel = first(&["/container/channel_id", "/channel/id"]);
    let ts = first(&["/container/message_ts", "/message/ts"]);
    // A card at the top of a channel names itself as its thread once it has replies.
    let thread = first(&["/container/thread_ts", "/message/thread_ts"]).filter(|thread| Some(thread) != ts.as_ref());
    let is_private = payload.pointer("/container/is_ephemeral").and_then(Value::as_bool) == Some(true);
    let thread = thread.map(MessageTs::new);
    let address = text(payload, "/response_url").filter(|_| is_private && view.is_none());
    let is_direct = channel.as_deref().is_some_and(|id| id.starts_with('D'));
    // A visible message's address would let an answer replace the card itself, so only private messages use theirs.
    let reply = match address {
        Some(address) => ReplyPath::ResponseAddress(address),
        None if is_direct => ReplyPath::Direct,
        None => ReplyPath::Private { thread: thread.clone() },
    };
    let at = match (&channel, ts, is_private || view.is_some()) {
        (Some(channel), Some(ts), false) => {
            Some(MessageRef { channel: ChannelId::new(channel), ts: MessageTs::new(ts) })
        }
        _ => None,
    };
    let origin = Origin {
        person: presser(us, payload, user),
        channel: channel.map_or_else(ChannelId::nowhere, ChannelId::new),
        thread,
        reply,
    };
    let trigger = text(payload, "/trigger_id").map(TriggerId::new);
    Arrival::Press { origin, handle: Handle::new(handle), at, trigger, view: view.map(ViewId::new) }
}

fn submission(us: &Us, payload: &Value) -> Arrival {
    let (Some(user), Some(view)) = (text(payload, "/user/id"), text(payload, "/view/id")) else {
        return nothing("a form without person or id");
    };
    let Some(handle) = text(payload, "/view/private_metadata") else {
        return nothing("a form that carries nothing");
    };
    let mut values = BTreeMap::new();
    let blocks = payload.pointer("/view/state/values").and_then(Value::as_object);
    for (key, input) in blocks.into_iter().flat_map(|blocks| blocks.values()).filter_map(Value::as_object).flatten() {
        let value = text(input, "/value").or_else(|| text(input, "/selected_option/value"));
        if let Some(value) = value {
            values.insert(key.clone(), value);
        }
    }
    Arrival::Submission {
        person: presser(us, payload, user),
        handle: Handle::new(handle),
        view: ViewId::new(view),
        values,
    }
}

fn presser(us: &Us, payload: &Value, user: String) -> Actor {
    let team = text(payload, "/user/team_id").or_else(|| text(payload, "/team/id"));
    person(us, team, user)
}

/// A person of the team the envelope names. Strangers keep their own team, so that the directory can refuse
/// them; where no team is named (installations for a whole organisation) the directory decides alone.
fn person(us: &Us, team: Option<String>, user: String) -> Actor {
    let team = team.filter(|team| Some(team) != us.enterprise.as_ref()).unwrap_or_else(|| us.team.clone());
    Actor::of_envelope(PersonId::new(team, user))
}

/// `1764511500.000100` as a moment.
fn moment(ts: &str) -> Option<Timestamp> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    let thousandths = fraction.get(..3).unwrap_or("0");
    let millis = seconds.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(thousandths.parse().ok()?)?;
    Some(Timestamp::from_millis(millis))
}

fn is_forward(message: &Value) -> bool {
    let marks = ["is_share", "is_msg_unfurl", "is_reply_unfurl", "is_thread_root_unfurl"];
    let attachments = message.get("attachments").and_then(Value::as_array);
    attachments
        .into_iter()
        .flatten()
        .any(|one| marks.iter().any(|mark| one.get(mark).and_then(Value::as_bool) == Some(true)))
}

fn is_set(value: &Value, field: &str) -> bool {
    value.get(field).is_some_and(|inner| !inner.is_null())
}

/// A non-empty text at that place.
fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A word fit for a record: the sender chose it, so only letters, digits and `_`, and not many.
fn plain_word(word: &str) -> String {
    word.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(40).collect()
}

fn nothing(because: &str) -> Arrival {
    Arrival::Nothing { because: because.to_owned() }
}
