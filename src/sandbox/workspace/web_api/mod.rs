//! The Web API: one pure function from a call to its answer, and the HTTP around it. What calls change is in `model`.

mod arguments;
mod chat;
mod directory;
mod views;

use super::model::faults::CallTrouble;
use super::model::{Model, Now, Refusal, text};
use super::settings::{APP, BOT, BOT_USER, TEAM};
use super::shared::Shared;
pub use arguments::Arguments;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use serde_json::{Value, json};
use std::sync::Arc;

/// A call of a method.
#[derive(Clone, Debug)]
pub struct Call {
    /// `chat.postMessage`.
    pub method: String,
    /// Query, JSON or form, as one object.
    pub arguments: Arguments,
    /// From the header or the `token` argument.
    pub token: Option<String>,
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Seconds of the `Retry-After` header.
    pub retry_after: Option<u32>,
    /// The body.
    pub body: Value,
}

impl Answer {
    fn of(body: Value) -> Self {
        Self { status: 200, retry_after: None, body }
    }
}

/// Answers a call of the Web API.
pub fn answer(model: &mut Model, call: &Call, now: Now) -> Answer {
    if let Err(refusal) = check_token(model, call) {
        return Answer::of(refusal.body());
    }
    let wanted = call.arguments.text("channel");
    let place = model.channel(wanted).map_or_else(|| wanted.to_owned(), |channel| channel.id.clone());
    let trouble = model.call_trouble(&call.method, &place, now);
    match trouble {
        Some(CallTrouble::SlowDown(seconds)) => {
            let body = json!({ "ok": false, "error": "ratelimited" });
            return Answer { status: 429, retry_after: Some(seconds), body };
        }
        Some(CallTrouble::Unavailable) => {
            return Answer {
                status: 503,
                retry_after: None,
                body: json!({ "ok": false, "error": "service_unavailable" }),
            };
        }
        Some(CallTrouble::AnswerLost) | None => {}
    }
    let body = match dispatch(model, call, now) {
        Ok(mut body) => {
            super::model::set(&mut body, "ok", json!(true));
            body
        }
        Err(refusal) => refusal.body(),
    };
    if trouble == Some(CallTrouble::AnswerLost) {
        return Answer { status: 500, retry_after: None, body: json!({ "ok": false, "error": "internal_error" }) };
    }
    Answer::of(body)
}

fn check_token(model: &Model, call: &Call) -> Result<(), Refusal> {
    let Some(token) = call.token.as_deref().filter(|token| !token.is_empty()) else {
        return if call.method == "api.test" { Ok(()) } else { Err(Refusal::new("not_authed")) };
    };
    let is_app = token == model.settings.app_token;
    let is_bot = token == model.settings.bot_token;
    match (is_app, is_bot, call.method.as_str()) {
        (false, false, _) => Err(Refusal::new("invalid_auth")),
        (_, true, "apps.connections.open") => Err(Refusal::new("not_allowed_token_type")),
        (true, _, "apps.connections.open" | "auth.test" | "api.test") | (_, true, _) => Ok(()),
        (true, _, _) => Err(Refusal::new("not_allowed_token_type")),
    }
}

fn dispatch(model: &mut Model, call: &Call, now: Now) -> Result<Value, Refusal> {
    let given = &call.arguments;
    match call.method.as_str() {
        "api.test" => Ok(json!({ "args": given.value() })),
        "auth.test" => Ok(auth_test(model)),
        "apps.connections.open" => {
            let ticket = model.issue_ticket();
            let host = model.origin.trim_start_matches("http://").to_owned();
            Ok(json!({ "url": format!("ws://{host}/link/?ticket={ticket}&app_id={APP}") }))
        }
        "chat.postMessage" => chat::post_message(model, given, now),
        "chat.postEphemeral" => chat::post_ephemeral(model, given, now),
        "chat.update" => chat::update(model, given, now),
        "chat.delete" => chat::delete(model, given, now),
        "chat.getPermalink" => chat::get_permalink(model, given),
        "conversations.history" => chat::history(model, given),
        "conversations.replies" => chat::replies(model, given),
        "conversations.info" => directory::conversation(model, given),
        "conversations.list" => directory::conversations(model, given, None),
        "conversations.members" => directory::members(model, given),
        "conversations.open" => directory::open_direct(model, given),
        "conversations.join" => directory::join(model, given, now),
        "conversations.invite" => directory::invite(model, given, now),
        "users.info" => directory::user(model, given),
        "users.list" => directory::users(model, given),
        "users.conversations" => directory::conversations(model, given, Some(given.text_or("user", BOT_USER))),
        "usergroups.list" => Ok(directory::groups(model, given)),
        "usergroups.users.list" => directory::group_users(model, given),
        "bots.info" => Ok(json!({ "bot": super::model::nouns::bot_json() })),
        "team.info" => Ok(json!({ "team": { "id": TEAM, "name": "Wrasse", "domain": "wrasse",
                                            "email_domain": "", "icon": { "image_default": true } } })),
        "views.open" => views::open(model, given, now),
        "views.push" => views::push(model, given, now),
        "views.update" => views::update(model, given, now),
        "views.publish" => views::publish(model, given, now),
        _ => Err(Refusal::new("unknown_method")),
    }
}

fn auth_test(model: &Model) -> Value {
    json!({ "url": format!("{}/", model.origin), "team": "Wrasse", "user": "wrasse", "team_id": TEAM,
            "user_id": BOT_USER, "bot_id": BOT, "app_id": APP, "app_name": "Wrasse", "is_enterprise_install": false })
}

/// The routes of the Web API and of response URLs.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/api/{method}", any(called)).route("/response/{token}", post(responded))
}

async fn called(
    State(shared): State<Arc<Shared>>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let arguments = match Arguments::read(query.as_deref(), content_type, &body) {
        Ok(arguments) => arguments,
        Err(refusal) => return respond(&Answer::of(refusal.body())),
    };
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(|token| token.trim().to_owned());
    let token = bearer.or_else(|| Some(arguments.text("token").to_owned()));
    let call = Call { method, arguments, token };
    respond(&shared.act(|model, now| answer(model, &call, now)))
}

fn respond(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, axum::Json(&answer.body)).into_response();
    if let Some(seconds) = answer.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    response
}

async fn responded(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let arguments = match Arguments::read(None, content_type, &body) {
        Ok(arguments) => arguments,
        Err(refusal) => return (StatusCode::BAD_REQUEST, axum::Json(refusal.body())).into_response(),
    };
    // Old clients wrap the object into a form field.
    let wrapped = arguments.value().get("payload").filter(|inner| inner.is_object());
    let said = wrapped.unwrap_or_else(|| arguments.value()).clone();
    let outcome = shared.act(|model, now| {
        let place = model.use_response_url(&token, now)?;
        let posted = model.respond(&place, &said, now)?;
        if let Some(ts) = &posted {
            model.remember_response(&token, ts);
        }
        Ok::<(), Refusal>(())
    });
    match outcome {
        Ok(()) => (StatusCode::OK, "ok").into_response(),
        Err(refusal) => {
            let is_gone = matches!(refusal.code, "expired_url" | "used_url");
            let status = if is_gone { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
            (status, axum::Json(refusal.body())).into_response()
        }
    }
}

/// The channel that a call names, which the bot must know of.
fn channel_of(model: &Model, arguments: &Arguments) -> Result<String, Refusal> {
    let wanted = arguments.text("channel");
    if wanted.is_empty() {
        return Err(Refusal::with("invalid_arguments", vec!["[ERROR] missing required field: channel".to_owned()]));
    }
    match model.channel(wanted) {
        Some(channel) if !channel.is_private() || channel.has_bot() => Ok(channel.id.clone()),
        Some(_) | None => Err(Refusal::new("channel_not_found")),
    }
}

/// One page of a list, and the cursor of the next.
fn paged(all: Vec<Value>, arguments: &Arguments, default: usize) -> (Vec<Value>, Value) {
    let start = text(arguments.value(), "cursor").strip_prefix("next:").and_then(|at| at.parse().ok()).unwrap_or(0);
    let limit = arguments.number("limit").unwrap_or(default).clamp(1, 1000);
    let count = all.len();
    let page: Vec<Value> = all.into_iter().skip(start).take(limit).collect();
    let end = start.saturating_add(page.len());
    let cursor = if end < count { format!("next:{end}") } else { String::new() };
    (page, json!({ "next_cursor": cursor }))
}
