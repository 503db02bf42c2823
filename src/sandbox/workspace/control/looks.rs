//! What people see: messages, transcripts, views, envelopes, the state a page begins with, and the live stream.

use super::{Bad, Said};
use crate::sandbox::workspace::model::nouns::{Channel, ChannelKind, Person};
use crate::sandbox::workspace::model::transcript::Look;
use crate::sandbox::workspace::model::views::View;
use crate::sandbox::workspace::model::{Model, set};
use crate::sandbox::workspace::settings::{APP, BOT, BOT_USER, SLACKBOT, TEAM};
use crate::sandbox::workspace::shared::{PageEvent, Shared};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

#[derive(Deserialize)]
pub(super) struct Wanted {
    channel: Option<String>,
    thread_ts: Option<String>,
    #[serde(rename = "as")]
    viewer: Option<String>,
    user: Option<String>,
}

/// The query, or why it could not be read.
type Asked = Result<Query<Wanted>, axum::extract::rejection::QueryRejection>;

fn asked(query: Asked) -> Result<Wanted, Bad> {
    query
        .map(|Query(wanted)| wanted)
        .map_err(|rejected| Bad::new(StatusCode::BAD_REQUEST, "query_not_understood", rejected.body_text()))
}

/// What the query asks to look at, if that person may.
fn look_of(model: &Model, wanted: &Wanted) -> Result<Look, Bad> {
    let named = wanted.channel.as_deref().unwrap_or_default();
    let Some(channel) = model.channel(named) else {
        let known: Vec<&str> = model.channels.keys().map(String::as_str).collect();
        let hint = format!("channel is one of {}", known.join(", "));
        return Err(Bad::new(StatusCode::NOT_FOUND, "channel_not_found", hint));
    };
    let viewer = match wanted.viewer.as_deref() {
        Some(who) => Some(model.speaker(who, &channel.id)?.0),
        None => None,
    };
    if let Some(thread) = &wanted.thread_ts
        && !channel.messages.contains_key(thread)
    {
        return Err(Bad::new(StatusCode::NOT_FOUND, "thread_not_found", format!("no message {thread} there")));
    }
    Ok(Look { channel: channel.id.clone(), thread_ts: wanted.thread_ts.clone(), viewer })
}

pub(super) async fn messages(State(shared): State<Arc<Shared>>, query: Asked) -> Said {
    let wanted = asked(query)?;
    shared.look(|model| {
        let look = look_of(model, &wanted)?;
        Ok(Json(json!({ "ok": true, "channel": look.channel, "messages": model.messages_seen(&look) })))
    })
}

pub(super) async fn transcript(State(shared): State<Arc<Shared>>, query: Asked) -> Result<String, Bad> {
    let wanted = asked(query)?;
    shared.look(|model| Ok(model.transcript(&look_of(model, &wanted)?)))
}

pub(super) async fn views(State(shared): State<Arc<Shared>>, query: Asked) -> Said {
    let wanted = asked(query)?;
    let who = wanted.user.or(wanted.viewer).unwrap_or_default();
    shared.look(|model| {
        let user = model.known_person(&who)?;
        let (open, home) = model.views_of(&user);
        let shown = |view: View| {
            let mut shown = view.json;
            set(&mut shown, "errors", view.errors);
            shown
        };
        let open: Vec<Value> = open.into_iter().map(shown).collect();
        Ok(Json(json!({ "ok": true, "user": user, "views": open, "home": home.map(shown) })))
    })
}

pub(super) async fn envelopes(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.look(Model::envelopes))
}

pub(super) async fn faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.look(|model| json!({ "ok": true, "faults": model.faults })))
}

pub(super) async fn state(State(shared): State<Arc<Shared>>, query: Asked) -> Said {
    let wanted = asked(query)?;
    shared.look(|model| {
        let me = wanted.viewer.as_deref().map(|who| model.known_person(who)).transpose()?;
        let people: Vec<Value> =
            model.people.values().filter(|person| !person.is_bot).map(|person| person_json(model, person)).collect();
        let is_seen = |channel: &&Channel| me.as_ref().is_none_or(|me| channel.members.contains(me));
        let channels: Vec<Value> = model.channels.values().filter(is_seen).map(channel_json).collect();
        let groups: Vec<Value> = model
            .groups
            .values()
            .map(|group| json!({ "id": group.id, "handle": group.handle, "members": group.members }))
            .collect();
        let sockets = model.deliveries.socket_ids().len();
        Ok(Json(json!({
            "ok": true, "me": me, "people": people, "groups": groups, "channels": channels,
            "commands": model.settings.commands, "team_id": TEAM, "app_id": APP, "slackbot_user_id": SLACKBOT,
            "bot": { "user_id": BOT_USER, "bot_id": BOT, "name": "wrasse", "sockets": sockets },
            "api_base": format!("{}/api", model.origin),
        })))
    })
}

pub(super) fn person_json(model: &Model, person: &Person) -> Value {
    let groups = model.groups.values().filter(|group| group.members.contains(&person.id));
    json!({
        "id": person.id, "name": person.name, "real_name": person.real_name, "team_id": person.team,
        "groups": groups.map(|group| group.handle.as_str()).collect::<Vec<_>>(),
        "is_guest": person.is_restricted || person.is_ultra_restricted, "is_stranger": person.is_stranger,
        "is_deactivated": person.is_deleted,
    })
}

pub(super) fn channel_json(channel: &Channel) -> Value {
    let (kind, user) = match &channel.kind {
        ChannelKind::Public => ("public", None),
        ChannelKind::Private => ("private", None),
        ChannelKind::Direct { user } => ("direct", Some(user)),
    };
    json!({
        "id": channel.id, "name": channel.name, "kind": kind, "user": user, "has_bot": channel.has_bot(),
        "is_shared": channel.is_ext_shared, "members": channel.members,
        "latest_ts": channel.messages.keys().next_back(),
    })
}

/// What only one person may see goes to that person's page alone.
fn is_for(event: &PageEvent, viewer: Option<&str>) -> bool {
    let is_private = matches!(
        event.kind.as_str(),
        "ephemeral" | "view_opened" | "view_updated" | "view_closed" | "home" | "press_failed"
    ) || event.kind == "message_deleted";
    let owner = event.data.get("user").and_then(Value::as_str);
    match (is_private, owner, viewer) {
        (true, Some(owner), Some(viewer)) => owner == viewer,
        (true, None, _) | (_, _, None) | (false, _, _) => true,
    }
}

pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    query: Asked,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Bad> {
    let wanted = asked(query)?;
    let viewer = wanted.viewer.map(|who| shared.look(|model| model.known_person(&who))).transpose()?;
    let receiver = shared.page_events();
    let hello = PageEvent { kind: "hello".to_owned(), data: json!({ "user": viewer }) };
    let first = stream::once(async move { Ok(sse(&hello)) });
    let rest = stream::unfold((receiver, viewer), |(mut receiver, viewer)| async move {
        loop {
            match receiver.recv().await {
                Ok(event) if is_for(&event, viewer.as_deref()) => return Some((Ok(sse(&event)), (receiver, viewer))),
                Ok(_) => {}
                // A page that fell behind begins anew.
                Err(RecvError::Lagged(missed)) => {
                    let event = PageEvent { kind: "reload".to_owned(), data: json!({ "missed": missed }) };
                    return Some((Ok(sse(&event)), (receiver, viewer)));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Ok(Sse::new(stream::StreamExt::chain(first, rest)).keep_alive(KeepAlive::default()))
}

fn sse(event: &PageEvent) -> Event {
    Event::default().event(&event.kind).data(event.data.to_string())
}

/// People by id, for answers that list them.
pub(super) fn people_json(model: &Model) -> BTreeMap<String, Value> {
    let people = model.people.values().filter(|person| !person.is_bot);
    people.map(|person| (person.id.clone(), person_json(model, person))).collect()
}
