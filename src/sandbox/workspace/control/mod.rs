//! The control API under `/sandbox/`: what people do and see, for pages, tests and any outside program. Names are stable.
//! What a call changes is in `model`; the fleet's calls are merged in by the caller.

mod acts;
mod cast;
mod looks;

use super::model::typed::CannotDo;
use super::shared::Shared;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// A call that was not understood or not possible.
#[derive(Debug)]
struct Bad {
    status: StatusCode,
    code: String,
    hint: String,
}

impl Bad {
    fn new(status: StatusCode, code: &str, hint: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), hint: hint.into() }
    }
}

impl From<CannotDo> for Bad {
    fn from(cannot: CannotDo) -> Self {
        let status = match cannot.code {
            code if code.ends_with("_not_found") => StatusCode::NOT_FOUND,
            "not_in_channel" | "cant_update_message" | "account_inactive" => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, cannot.code, cannot.hint)
    }
}

impl IntoResponse for Bad {
    fn into_response(self) -> Response {
        let body = json!({ "ok": false, "error": self.code, "hint": self.hint });
        (self.status, axum::Json(body)).into_response()
    }
}

/// What a call answers.
type Said = Result<axum::Json<Value>, Bad>;

/// The body as it came, or why it could not be read.
type Body = Result<Bytes, BytesRejection>;

/// Reads a JSON body, telling what is wrong with it.
fn read<T: DeserializeOwned>(body: Body) -> Result<T, Bad> {
    let bytes = body.map_err(|rejected| {
        Bad::new(rejected.status(), "body_not_readable", format!("the body was not taken: {}", rejected.body_text()))
    })?;
    serde_json::from_slice(&bytes)
        .map_err(|fault| Bad::new(StatusCode::BAD_REQUEST, "body_not_understood", fault.to_string()))
}

fn only_post<H, T>(handler: H) -> MethodRouter<Arc<Shared>>
where
    H: axum::handler::Handler<T, Arc<Shared>>,
    T: 'static,
{
    post(handler).fallback(wrong_method)
}

fn only_get<H, T>(handler: H) -> MethodRouter<Arc<Shared>>
where
    H: axum::handler::Handler<T, Arc<Shared>>,
    T: 'static,
{
    get(handler).fallback(wrong_method)
}

async fn wrong_method() -> Bad {
    Bad::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "GET /sandbox/ lists what is a GET and what is a POST")
}

/// All routes of the control API.
pub(super) fn routes() -> Router<Arc<Shared>> {
    let cast = |listed: MethodRouter<Arc<Shared>>| listed.fallback(wrong_method);
    Router::new()
        .route("/sandbox", only_get(manual))
        .route("/sandbox/", only_get(manual))
        .route("/sandbox/slash", only_post(acts::slash))
        .route("/sandbox/say", only_post(acts::say))
        .route("/sandbox/edit", only_post(acts::edit))
        .route("/sandbox/press", only_post(acts::press))
        .route("/sandbox/submit", only_post(acts::submit))
        .route("/sandbox/close", only_post(acts::close))
        .route("/sandbox/home", only_post(acts::home))
        .route("/sandbox/slack-faults", cast(get(looks::faults).post(acts::faults)))
        .route("/sandbox/messages", only_get(looks::messages))
        .route("/sandbox/transcript", only_get(looks::transcript))
        .route("/sandbox/views", only_get(looks::views))
        .route("/sandbox/envelopes", only_get(looks::envelopes))
        .route("/sandbox/state", only_get(looks::state))
        .route("/sandbox/events", only_get(looks::events))
        .route("/sandbox/people", cast(get(cast::people).post(cast::add_person)))
        .route("/sandbox/channels", cast(get(cast::channels).post(cast::add_channel)))
}

async fn manual() -> Html<&'static str> {
    Html(include_str!("manual.html"))
}
