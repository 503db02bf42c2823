//! The fleet's part of the sandbox's control API: the truth about servers, trouble, repair, the log.

use super::model::{Deed, Fault, LogEntry, NoSuchServer, Outcome, ServerView};
use super::select::Selection;
use super::shared::SharedFleet;
use crate::domain::effect::Power;
use crate::domain::server::ServerName;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

/// How many of a server's last log lines a listing shows.
const LOG_LINES_LISTED: usize = 8;

/// The calls under `/sandbox/fleet`.
pub(super) fn router(fleet: SharedFleet) -> Router {
    Router::new()
        .route("/sandbox/fleet", get(list))
        .route("/sandbox/fleet/log", get(log))
        .route("/sandbox/fleet/{server}", get(one))
        .route("/sandbox/fleet/{server}/fault", post(fault))
        .route("/sandbox/fleet/{server}/repair", post(repair))
        .with_state(fleet)
}

/// One server as the page shows it, without its log.
pub(super) fn server_value(view: &ServerView) -> Value {
    json!({
        "name": view.spec.name.as_str(),
        "id": view.spec.id.as_str(),
        "site": view.spec.site.as_str(),
        "type": view.spec.server_type.as_str(),
        "rack": view.spec.rack.as_str(),
        "pool": view.spec.pool.as_ref().map(|pool| pool.as_str()),
        "phase": view.letter().to_string(),
        "doing": view.phase.word(),
        "power": match view.power { Power::On => "On", Power::Off => "Off" },
        "boot_id": view.boot_id.as_str(),
        "booted_at_ms": view.booted_at.millis(),
        "reboots": view.reboots,
        "rotation": view.rotation.map(|rotation| rotation.word()),
        "drained": view.letter() == 'D' || view.rotation.is_some_and(|rotation| rotation.word() != "ready"),
        "connections": view.connections,
        "faults": view.faults.iter().map(|fault| fault.word()).collect::<Vec<_>>(),
    })
}

fn entry_value(entry: &LogEntry) -> Value {
    let detail = match entry.deed {
        Deed::Fault(fault) => Some(fault.word().to_owned()),
        Deed::Weight(weight) => Some(weight.to_string()),
        Deed::Reboot
        | Deed::Restart
        | Deed::PowerOn
        | Deed::PowerOff
        | Deed::WentDown
        | Deed::CameUp
        | Deed::StayedDown
        | Deed::Drain
        | Deed::Ready
        | Deed::Maintenance
        | Deed::ShutSessions
        | Deed::Repair => None,
    };
    let (outcome, why) = match &entry.outcome {
        Outcome::Done => ("done", None),
        Outcome::WithoutEffect => ("without_effect", None),
        Outcome::Refused(why) => ("refused", Some(why.as_str())),
    };
    json!({
        "sequence": entry.sequence,
        "at_ms": entry.at.millis(),
        "server": entry.server.as_str(),
        "via": entry.via.word(),
        "deed": entry.deed.word(),
        "detail": detail,
        "outcome": outcome,
        "why": why,
        "counts_as_reboot": entry.is_reboot(),
        "boot_id": entry.boot_id.as_str(),
    })
}

fn with_log(view: &ServerView, log: &[LogEntry], lines_max: usize) -> Value {
    let mut value = server_value(view);
    let mut lines: Vec<Value> =
        log.iter().rev().filter(|entry| entry.server == view.spec.name).take(lines_max).map(entry_value).collect();
    lines.reverse();
    if let Some(members) = value.as_object_mut() {
        members.insert("log".to_owned(), Value::Array(lines));
    }
    value
}

#[derive(Deserialize)]
struct ListQuery {
    select: Option<String>,
}

async fn list(State(shared): State<SharedFleet>, Query(query): Query<ListQuery>) -> Response {
    let selection = match query.select.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => match Selection::parse(text) {
            Ok(selection) => Some(selection),
            Err(hint) => return refusal(StatusCode::BAD_REQUEST, "bad_selection", &hint),
        },
    };
    let now = shared.now();
    let mut fleet = shared.fleet();
    let views = fleet.views(now);
    let names = views.iter().map(|view| view.spec.name.as_str());
    if let Some(missing) = selection.as_ref().and_then(|selection| selection.first_without(&names)) {
        let hint = format!("`{missing}` is no server of this fleet");
        return refusal(StatusCode::NOT_FOUND, "no_such_server", &hint);
    }
    let chosen = views.iter().filter(|view| selection.as_ref().is_none_or(|one| one.covers(view.spec.name.as_str())));
    Json(Value::Array(chosen.map(|view| with_log(view, fleet.log(), LOG_LINES_LISTED)).collect())).into_response()
}

async fn one(State(shared): State<SharedFleet>, Path(server): Path<String>) -> Response {
    let now = shared.now();
    let mut fleet = shared.fleet();
    match fleet.view(&ServerName::new(server.as_str()), now) {
        Some(view) => Json(with_log(&view, fleet.log(), usize::MAX)).into_response(),
        None => no_such_server(&NoSuchServer(ServerName::new(server))),
    }
}

#[derive(Deserialize)]
struct LogQuery {
    after: Option<u64>,
}

async fn log(State(shared): State<SharedFleet>, Query(query): Query<LogQuery>) -> Response {
    let now = shared.now();
    let mut fleet = shared.fleet();
    fleet.settle(now);
    let after = query.after.unwrap_or(0);
    Json(Value::Array(fleet.log().iter().filter(|entry| entry.sequence > after).map(entry_value).collect()))
        .into_response()
}

async fn fault(
    State(shared): State<SharedFleet>,
    Path(server): Path<String>,
    body: Result<Json<Value>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let hint = || format!("send {{\"kind\": …}} with one of {}", Fault::ALL.map(Fault::word).join(", "));
    let Ok(Json(body)) = body else { return refusal(StatusCode::BAD_REQUEST, "bad_body", &hint()) };
    let Some(fault) = body.get("kind").and_then(Value::as_str).and_then(Fault::of_word) else {
        return refusal(StatusCode::BAD_REQUEST, "no_such_fault", &hint());
    };
    let name = ServerName::new(server);
    let now = shared.now();
    let mut fleet = shared.fleet();
    match fleet.set_fault(&name, fault, now) {
        Ok(()) => done(fleet.view(&name, now).as_ref()),
        Err(none) => no_such_server(&none),
    }
}

async fn repair(State(shared): State<SharedFleet>, Path(server): Path<String>) -> Response {
    let name = ServerName::new(server);
    let now = shared.now();
    let mut fleet = shared.fleet();
    match fleet.repair(&name, now) {
        Ok(()) => done(fleet.view(&name, now).as_ref()),
        Err(none) => no_such_server(&none),
    }
}

fn done(view: Option<&ServerView>) -> Response {
    Json(json!({ "ok": true, "server": view.map(server_value) })).into_response()
}

fn no_such_server(none: &NoSuchServer) -> Response {
    refusal(StatusCode::NOT_FOUND, "no_such_server", &none.to_string())
}

fn refusal(status: StatusCode, error: &str, hint: &str) -> Response {
    (status, Json(json!({ "ok": false, "error": error, "hint": hint }))).into_response()
}
