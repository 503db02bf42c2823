//! The demo's own calls beside the control API: the bot's process, first lines, and a status page to announce on.

use super::bot::Bot;
use crate::sandbox::workspace::Workspace;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

#[derive(Clone)]
struct Demo {
    bot: Arc<Mutex<Bot>>,
    workspace: Workspace,
    announcements: Arc<Mutex<BTreeMap<String, Value>>>,
}

pub(super) fn router(bot: Arc<Mutex<Bot>>, workspace: Workspace) -> Router {
    let demo = Demo { bot, workspace, announcements: Arc::default() };
    Router::new()
        .route("/sandbox/demo", get(tell))
        .route("/sandbox/demo/bot", axum::routing::post(move_bot))
        .route("/sandbox/status-page", get(announcements).post(announce))
        .with_state(demo)
}

async fn tell(State(demo): State<Demo>) -> Json<Value> {
    let mut bot = demo.bot.lock().await;
    let pid = bot.pid();
    Json(json!({
        "bot": { "running": pid.is_some(), "pid": pid, "starts": bot.starts() },
        "first_lines": first_lines(),
    }))
}

/// Lines to click in an empty channel; each shows something else that works.
fn first_lines() -> Value {
    json!([
        {
            "label": "Reboot 20 servers",
            "text": "/fleet reboot edge-lax-[001-020] because kernel update",
            "channel": "C0NOC", "user": "U0ANA",
            "watch_for": "a card that needs bob's approval; be bob (Alt+2) and press Review",
        },
        {
            "label": "Mistype a name",
            "text": "/fleet reboot edge-lxa-[001-020] because kernel update",
            "channel": "C0NOC", "user": "U0ANA",
            "watch_for": "an answer that points at the word and offers the right one",
        },
        {
            "label": "Ask in the wrong channel",
            "text": "/fleet reboot edge-lax-[001-020] because kernel update",
            "channel": "C0WEB", "user": "U0ANA",
            "watch_for": "a refusal that names the policy, and where you may",
        },
        {
            "label": "Look at the fleet",
            "text": "/fleet status site=lax",
            "channel": "C0NOC", "user": "U0ANA",
            "watch_for": "what serves in lax, and how old that knowledge is",
        },
    ])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    action: String,
}

async fn move_bot(State(demo): State<Demo>, Json(body): Json<Move>) -> (StatusCode, Json<Value>) {
    let mut bot = demo.bot.lock().await;
    let moved = match body.action.as_str() {
        "kill" => bot.kill().await,
        "start" => bot.start(),
        other => {
            let hint = format!("`{other}` is not known; kill and start are");
            return (StatusCode::BAD_REQUEST, Json(json!({ "ok": false, "error": "unknown_action", "hint": hint })));
        }
    };
    let pid = bot.pid();
    demo.workspace.publish("bot", json!({ "running": pid.is_some() }));
    match moved {
        Ok(()) => (StatusCode::OK, Json(json!({ "ok": true, "running": pid.is_some(), "pid": pid }))),
        Err(fault) => {
            let body = json!({ "ok": false, "error": "not_done", "hint": fault.to_string() });
            (StatusCode::INTERNAL_SERVER_ERROR, Json(body))
        }
    }
}

async fn announcements(State(demo): State<Demo>) -> Json<Value> {
    Json(json!(*demo.announcements.lock().await))
}

/// The same key twice is one announcement.
async fn announce(State(demo): State<Demo>, headers: HeaderMap, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let Some(key) = headers.get("idempotency-key").and_then(|key| key.to_str().ok()) else {
        let body = json!({ "ok": false, "error": "no_key", "hint": "send an Idempotency-Key header" });
        return (StatusCode::BAD_REQUEST, Json(body));
    };
    demo.announcements.lock().await.entry(key.to_owned()).or_insert(body);
    (StatusCode::CREATED, Json(json!({ "ok": true })))
}
