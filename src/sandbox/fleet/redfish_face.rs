//! The management controllers: one Redfish service with a system for each server.
//!
//! A reset is answered before its effect, as controllers do. Deliberately absent: everything but power.

use super::model::{Fault, Fleet, Phase, ResetKind};
use super::ports_face::SLOW_BMC_ANSWERS_AFTER;
use super::shared::{SharedFleet, pass};
use crate::domain::effect::Power;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::time::Duration;

/// The login name of every controller.
pub(super) const USERNAME: &str = "wrasse";

/// How long a dead controller holds a connection.
const DEAD_FOR: Duration = Duration::from_secs(120);

const RESET_TYPES: [&str; 7] =
    ["On", "ForceOn", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "PowerCycle"];

#[derive(Clone)]
struct Controllers {
    fleet: SharedFleet,
    /// The whole header that logs in.
    login: String,
}

/// The service.
pub(super) fn router(fleet: SharedFleet, password: &str) -> Router {
    let login = format!("Basic {}", base64(format!("{USERNAME}:{password}").as_bytes()));
    let controllers = Controllers { fleet, login };
    let locked = Router::new()
        .route("/redfish/v1/Systems", get(systems))
        .route("/redfish/v1/Systems/{id}", get(system))
        .route("/redfish/v1/Systems/{id}/Actions/ComputerSystem.Reset", post(reset))
        .route_layer(middleware::from_fn_with_state(controllers.clone(), check_login));
    let open = Router::new().route("/redfish/v1", get(root)).route("/redfish/v1/", get(root));
    open.merge(locked).with_state(controllers).fallback(async || {
        refusal(StatusCode::NOT_FOUND, "Base.1.0.ResourceMissingAtURI", "there is nothing at this address")
    })
}

async fn check_login(
    State(controllers): State<Controllers>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given == Some(controllers.login.as_str()) {
        next.run(request).await
    } else {
        let answer = refusal(StatusCode::UNAUTHORIZED, "Base.1.0.NoValidSession", "log in with Basic authentication");
        ([(header::WWW_AUTHENTICATE, "Basic realm=\"sandbox\"")], answer).into_response()
    }
}

async fn root() -> Json<Value> {
    Json(json!({
        "@odata.id": "/redfish/v1/",
        "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot",
        "Id": "RootService",
        "Name": "Root Service",
        "RedfishVersion": "1.5.0",
        "Systems": { "@odata.id": "/redfish/v1/Systems" },
        "Links": { "Sessions": { "@odata.id": "/redfish/v1/SessionService/Sessions" } },
    }))
}

async fn systems(State(controllers): State<Controllers>) -> Json<Value> {
    let servers = controllers.fleet.fleet().servers();
    let members: Vec<Value> =
        servers.iter().map(|server| json!({ "@odata.id": format!("/redfish/v1/Systems/{}", server.id) })).collect();
    Json(json!({
        "@odata.id": "/redfish/v1/Systems",
        "@odata.type": "#ComputerSystemCollection.ComputerSystemCollection",
        "Name": "Computer System Collection",
        "Members@odata.count": members.len(),
        "Members": members,
    }))
}

async fn system(State(controllers): State<Controllers>, Path(id): Path<String>) -> Response {
    let Some(name) = controllers.awake(&id).await else { return no_such_system() };
    let now = controllers.fleet.now();
    let found = system_body(&mut controllers.fleet.fleet(), &name, now);
    found.map_or_else(no_such_system, |body| Json(body).into_response())
}

async fn reset(
    State(controllers): State<Controllers>,
    Path(id): Path<String>,
    body: Result<Json<Value>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let Some(name) = controllers.alive(&id).await else { return no_such_system() };
    let wanted = body.ok().and_then(|Json(body)| Some(body.get("ResetType")?.as_str()?.to_owned()));
    let Some(kind) = wanted.as_deref().and_then(ResetKind::of_word) else {
        let words = format!("ResetType is one of {}", RESET_TYPES.join(", "));
        return refusal(StatusCode::BAD_REQUEST, "Base.1.0.ActionParameterNotSupported", &words);
    };
    let now = controllers.fleet.now();
    let outcome = controllers.fleet.fleet().reset_at(&name, kind, now);
    // A slow controller does at once what it is told and is slow to say so.
    controllers.take_its_time(&name).await;
    match outcome {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(_) => no_such_system(),
    }
}

impl Controllers {
    /// The server of that id, if its controller lives; a dead one holds the line.
    async fn alive(&self, id: &str) -> Option<ServerName> {
        let name = self.fleet.fleet().name_of_id(id)?;
        if self.has(&name, Fault::BmcDead) {
            pass(DEAD_FOR).await;
            return None;
        }
        Some(name)
    }

    /// The server of that id, once its controller has taken its time.
    async fn awake(&self, id: &str) -> Option<ServerName> {
        let name = self.alive(id).await?;
        self.take_its_time(&name).await;
        Some(name)
    }

    async fn take_its_time(&self, server: &ServerName) {
        if self.has(server, Fault::BmcSlow) {
            pass(SLOW_BMC_ANSWERS_AFTER).await;
        }
    }

    fn has(&self, server: &ServerName, fault: Fault) -> bool {
        let now = self.fleet.now();
        self.fleet.fleet().view(server, now).is_some_and(|view| view.faults.contains(&fault))
    }
}

fn system_body(fleet: &mut Fleet, name: &ServerName, now: Timestamp) -> Option<Value> {
    let id = fleet.view(name, now)?.spec.id;
    let uuid = fleet.controller_uuid(name);
    // A machine that is not of this fleet stands as this one does.
    let behind = fleet.behind_controller(name).unwrap_or_else(|| name.clone());
    let power = fleet.power(&behind, now)?;
    let view = fleet.view(&behind, now)?;
    let (state, progress) = match view.phase {
        Phase::Up => ("Enabled", "OSRunning"),
        Phase::GoingDown { .. } => ("Disabled", "None"),
        Phase::Booting { .. } => ("Starting", "OSBootStarted"),
        Phase::Stuck => ("Enabled", "None"),
        Phase::Off => ("Disabled", "None"),
    };
    let reset_action = json!({
        "target": format!("/redfish/v1/Systems/{id}/Actions/ComputerSystem.Reset"),
        "ResetType@Redfish.AllowableValues": RESET_TYPES,
    });
    let mut body = json!({
        "@odata.id": format!("/redfish/v1/Systems/{id}"),
        "@odata.type": "#ComputerSystem.v1_20_0.ComputerSystem",
        "Id": id.as_str(),
        "UUID": uuid,
        "SerialNumber": serial_of(&uuid),
        "Name": behind.as_str(),
        "SystemType": "Physical",
        "PowerState": match power.power { Power::On => "On", Power::Off => "Off" },
        "Status": { "State": state, "Health": "OK" },
        "BootProgress": { "LastState": progress },
        "Actions": { "#ComputerSystem.Reset": reset_action },
    });
    let last_reset = power.last_reset.and_then(|moment| chrono::DateTime::from_timestamp_millis(moment.millis()));
    if let (Some(last_reset), Some(members)) = (last_reset, body.as_object_mut()) {
        let text = last_reset.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        members.insert("LastResetTime".to_owned(), Value::String(text));
    }
    Some(body)
}

/// The serial number of a machine, as short as those on stickers.
fn serial_of(uuid: &str) -> String {
    let first = uuid.split('-').next().unwrap_or_default();
    format!("WR{}", first.to_uppercase())
}

fn no_such_system() -> Response {
    refusal(StatusCode::NOT_FOUND, "Base.1.0.ResourceNotFound", "there is no such system")
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

/// Base64 with padding; one header does not need a crate.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let octet = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = octet(0) << 16 | octet(1) << 8 | octet(2);
        for position in 0..4_usize {
            let digit = usize::try_from(group >> (18 - 6 * position) & 63).unwrap_or(0);
            let letter = ALPHABET.get(digit).map_or('=', |byte| char::from(*byte));
            text.push(if position <= chunk.len() { letter } else { '=' });
        }
    }
    text
}
