//! The fleet's alerts: Alertmanager's API over HTTP, the same answers as the services' own port, and the calls that raise
//! and end them.
//!
//! Deliberately absent: silences, and taking alerts from others.

use super::model::MonitoringTrouble;
use super::shared::{SharedFleet, pass};
use crate::domain::alert::FiringAlert;
use crate::domain::measure::Labels;
use crate::ports::Monitoring;
use crate::ports::monitoring::MonitoringFault;
use async_trait::async_trait;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a silent source holds a call.
const SILENT_FOR: Duration = Duration::from_secs(60);
/// The most labels of one alert.
const LABELS_MAX: usize = 32;
const HINT: &str = "POST {\"labels\": {\"alertname\": \"FeedDown\", \"severity\": \"critical\", \"site\": \"riga\"}} \
raises an alert, DELETE {\"labels\": …} ends those that have these labels, POST {\"monitoring\": …} takes one of well, \
no_watchdog, silent, unreadable";

/// The alerts as the services' own port: no socket between them.
#[derive(Clone)]
pub struct FleetMonitoring(pub SharedFleet);

#[async_trait]
impl Monitoring for FleetMonitoring {
    async fn firing(&self, _: Duration) -> Result<Vec<FiringAlert>, MonitoringFault> {
        let fleet = self.0.fleet();
        match fleet.alerts().trouble() {
            Some(MonitoringTrouble::Silent) => Err(MonitoringFault::Unavailable("no answer in time".to_owned())),
            Some(MonitoringTrouble::Unreadable) => Err(MonitoringFault::Unreadable("it is no list".to_owned())),
            Some(MonitoringTrouble::NoWatchdog) | None => Ok(fleet.alerts().firing()),
        }
    }
}

/// Alertmanager's API, as far as it is read.
pub(super) fn router(fleet: SharedFleet) -> Router {
    Router::new().route("/api/v2/alerts", get(firing)).with_state(fleet)
}

/// The calls under `/sandbox/alerts`.
pub(super) fn control_router(fleet: SharedFleet) -> Router {
    Router::new().route("/sandbox/alerts", get(tell).post(change).delete(end)).with_state(fleet)
}

fn told(alert: &FiringAlert) -> Value {
    let since = chrono::DateTime::from_timestamp_millis(alert.since.millis()).unwrap_or_default();
    json!({
        "labels": alert.labels,
        "annotations": {},
        "startsAt": since.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "status": { "state": "active", "silencedBy": [], "inhibitedBy": [] },
    })
}

fn all(shared: &SharedFleet) -> Value {
    Value::Array(shared.fleet().alerts().firing().iter().map(told).collect())
}

async fn firing(State(shared): State<SharedFleet>) -> Response {
    let trouble = shared.fleet().alerts().trouble();
    match trouble {
        Some(MonitoringTrouble::Silent) => {
            pass(SILENT_FOR).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Some(MonitoringTrouble::Unreadable) => "<html>busy</html>".into_response(),
        Some(MonitoringTrouble::NoWatchdog) | None => Json(all(&shared)).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    labels: Option<Labels>,
    monitoring: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    labels: Labels,
}

async fn tell(State(shared): State<SharedFleet>) -> Response {
    Json(all(&shared)).into_response()
}

async fn change(State(shared): State<SharedFleet>, body: Result<Json<Change>, JsonRejection>) -> Response {
    let Ok(Json(Change { labels, monitoring })) = body else { return refusal() };
    if labels.is_none() && monitoring.is_none() {
        return refusal();
    }
    if let Some(labels) = labels {
        if labels.len() > LABELS_MAX || !labels.contains_key("alertname") {
            return refusal();
        }
        let now = shared.now();
        shared.fleet().alerts_mut().raise(labels, now);
    }
    if let Some(word) = monitoring {
        let trouble = match word.as_str() {
            "well" => None,
            "no_watchdog" => Some(MonitoringTrouble::NoWatchdog),
            "silent" => Some(MonitoringTrouble::Silent),
            "unreadable" => Some(MonitoringTrouble::Unreadable),
            _ => return refusal(),
        };
        shared.fleet().alerts_mut().set_trouble(trouble);
    }
    Json(json!({ "ok": true, "alerts": all(&shared) })).into_response()
}

async fn end(State(shared): State<SharedFleet>, body: Result<Json<End>, JsonRejection>) -> Response {
    let Ok(Json(End { labels })) = body else { return refusal() };
    let ended = shared.fleet().alerts_mut().end(&labels);
    Json(json!({ "ok": true, "ended": ended, "alerts": all(&shared) })).into_response()
}

fn refusal() -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "ok": false, "error": "bad_body", "hint": HINT }))).into_response()
}
