//! What people do: type, write, edit, press, submit, close, and what trouble is switched on.

use super::{Bad, Body, Said, read};
use crate::sandbox::workspace::model::deliveries::Outcome;
use crate::sandbox::workspace::model::faults::FaultRequest;
use crate::sandbox::workspace::model::pressing::{Place, Press};
use crate::sandbox::workspace::model::set;
use crate::sandbox::workspace::model::submitting::Submission;
use crate::sandbox::workspace::model::typed::{CannotDo, CommandLine, Line, Typed};
use crate::sandbox::workspace::model::{Model, Now, Seat};
use crate::sandbox::workspace::shared::Shared;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::oneshot;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slash {
    user: String,
    channel: String,
    command: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Say {
    user: String,
    channel: String,
    text: String,
    #[serde(default)]
    thread_ts: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    user: String,
    channel: String,
    ts: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PressBody {
    user: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    ts: Option<String>,
    #[serde(default)]
    view_id: Option<String>,
    #[serde(default)]
    block_id: Option<String>,
    #[serde(default)]
    action_id: Option<String>,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    value: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submit {
    user: String,
    view_id: String,
    #[serde(default)]
    values: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Close {
    user: String,
    view_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Home {
    user: String,
}

/// What happened, and the outcome to wait for if there is one.
type Started = Result<(Value, Option<u64>), CannotDo>;

/// Does something and waits for what the bot makes of it.
async fn until_settled(shared: &Arc<Shared>, start: impl FnOnce(&mut Model, Now) -> Started) -> Said {
    let mut waiting: Option<oneshot::Receiver<Outcome>> = None;
    let started = shared.act_then(start, |started| {
        if let Ok((_, Some(delivery))) = started {
            waiting = Some(shared.expect_outcome(*delivery));
        }
    });
    let (mut body, _) = started?;
    let Some(waiting) = waiting else { return Ok(Json(body)) };
    let (is_acked, after_ms, payload, trouble) = match waiting.await {
        Ok(Outcome::Acked { after_ms, payload }) => (true, json!(after_ms), payload.unwrap_or_default(), Value::Null),
        Ok(Outcome::TimedOut) => (false, Value::Null, Value::Null, json!("operation_timeout")),
        Ok(Outcome::Undelivered) | Err(_) => (false, Value::Null, Value::Null, json!("dispatch_failed")),
    };
    set(&mut body, "ok", json!(true));
    set(&mut body, "acked", json!(is_acked));
    set(&mut body, "ack_ms", after_ms);
    set(&mut body, "payload", payload);
    set(&mut body, "error", trouble);
    Ok(Json(body))
}

pub(super) async fn slash(State(shared): State<Arc<Shared>>, body: Body) -> Said {
    let typed: Slash = read(body)?;
    until_settled(&shared, |model, now| {
        let seat = Seat { user: &typed.user, channel: &typed.channel };
        let line = CommandLine { command: &typed.command, text: &typed.text };
        Ok(match model.slash(seat, line, now)? {
            Typed::Sent { delivery, trigger_id, response_url } => {
                (json!({ "trigger_id": trigger_id, "response_url": response_url }), Some(delivery))
            }
            Typed::AnsweredBySlack { ts, text } => {
                (json!({ "ok": true, "acked": false, "answered_by": "slack", "ts": ts, "text": text }), None)
            }
        })
    })
    .await
}

pub(super) async fn say(State(shared): State<Arc<Shared>>, body: Body) -> Said {
    let said: Say = read(body)?;
    let seat = Seat { user: &said.user, channel: &said.channel };
    let line = Line { text: &said.text, thread_ts: said.thread_ts.as_deref() };
    let ts = shared.act(|model, now| model.say(seat, line, now))?;
    Ok(Json(json!({ "ok": true, "ts": ts })))
}

pub(super) async fn edit(State(shared): State<Arc<Shared>>, body: Body) -> Said {
    let edit: Edit = read(body)?;
    let seat = Seat { user: &edit.user, channel: &edit.channel };
    shared.act(|model, now| model.edit(seat, (&edit.ts, &edit.text), now))?;
    Ok(Json(json!({ "ok": true, "ts": edit.ts })))
}

pub(super) async fn press(State(shared): State<Arc<Shared>>, body: Body) -> Said {
    let given: PressBody = read(body)?;
    let need = |hint: &str| Bad::new(StatusCode::BAD_REQUEST, "body_not_understood", hint);
    let place = match (given.channel, given.ts, given.view_id) {
        (Some(channel), Some(ts), None) => Place::Message { channel, ts },
        (None, None, Some(view_id)) => Place::View { view_id },
        _ => return Err(need("name channel and ts of a message, or view_id of a view")),
    };
    let control = given.action_id.or(given.label).ok_or_else(|| need("name the action_id or the label to press"))?;
    let press = Press { user: given.user, place, block: given.block_id, control, value: given.value };
    until_settled(&shared, |model, now| {
        let pressed = model.press(&press, now)?;
        let body = json!({ "trigger_id": pressed.trigger_id, "response_url": pressed.response_url,
                           "action_id": pressed.action_id });
        Ok((body, Some(pressed.delivery)))
    })
    .await
}

pub(super) async fn submit(State(shared): State<Arc<Shared>>, body: Body) -> Said {
    let Submit { user, view_id, values } = read(body)?;
    let given = Submission { user, view_id, values };
    let mut said = until_settled(&shared, |model, now| {
        let delivery = model.submit(&given, now)?;
        Ok((json!({ "view_id": given.view_id }), Some(delivery)))
    })
    .await?;
    let errors = shared.look(|model| model.views.errors_of(&given.view_id));
    set(&mut said.0, "errors", errors);
    Ok(said)
}

pub(super) async fn close(State(shared): State<Arc<Shared>>, body: Body) -> Said {
    let given: Close = read(body)?;
    shared.act(|model, now| model.close(&given.user, &given.view_id, now))?;
    Ok(Json(json!({ "ok": true })))
}

pub(super) async fn home(State(shared): State<Arc<Shared>>, body: Body) -> Said {
    let given: Home = read(body)?;
    shared.act(|model, now| model.open_home(&given.user, now))?;
    Ok(Json(json!({ "ok": true })))
}

pub(super) async fn faults(State(shared): State<Arc<Shared>>, body: Body) -> Said {
    let request: FaultRequest = read(body)?;
    let faults = shared.act(|model, now| {
        model.trouble(request, now)?;
        Ok::<_, String>(model.faults.clone())
    });
    let faults = faults.map_err(|sentence| Bad::new(StatusCode::BAD_REQUEST, "fault_not_possible", sentence))?;
    Ok(Json(json!({ "ok": true, "faults": faults })))
}
