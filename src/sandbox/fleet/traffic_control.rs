//! The traffic's part of the control API: what comes to a site, how much of it fails at a server, and what is wrong with the
//! metrics.

use super::model::{Curve, MetricsTrouble};
use super::shared::SharedFleet;
use crate::domain::server::{ServerName, SiteName};
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// More than this comes to no site.
const SHARE_MAX: f64 = 10.0;
const HINT: &str = "send {\"site\": …} with \"level\": 0.9 or \"curve\": {\"low\": 0.2, \"high\": 0.5, \"peak_hour\": 19}; \
or {\"server\": …, \"errors\": 0.05}; \
or {\"metrics\": …} with one of well, stale, silent, doubtful, no_numbers; or {\"missing\": [sites]}";

/// The calls under `/sandbox/traffic`.
pub(super) fn router(fleet: SharedFleet) -> Router {
    Router::new().route("/sandbox/traffic", get(tell).post(change)).with_state(fleet)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    site: Option<String>,
    server: Option<String>,
    errors: Option<f64>,
    level: Option<f64>,
    curve: Option<DayBody>,
    metrics: Option<String>,
    missing: Option<BTreeSet<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DayBody {
    low: f64,
    high: f64,
    peak_hour: f64,
}

/// What comes to each site now, as a share of what its servers could carry.
fn shares(shared: &SharedFleet) -> Value {
    let (now, fleet) = (shared.now(), shared.fleet());
    let sites: BTreeSet<SiteName> = fleet.servers().into_iter().map(|server| server.site).collect();
    let share = |site: &SiteName| (site.to_string(), json!(fleet.traffic().share(site, now)));
    Value::Object(sites.iter().map(share).collect())
}

async fn tell(State(shared): State<SharedFleet>) -> Response {
    Json(shares(&shared)).into_response()
}

async fn change(State(shared): State<SharedFleet>, body: Result<Json<Change>, JsonRejection>) -> Response {
    let Ok(Json(body)) = body else { return refusal(HINT) };
    let now = shared.now();
    if let Some(site) = body.site.map(SiteName::new) {
        let is_share = |share: f64| (0.0..=SHARE_MAX).contains(&share);
        let curve = match (body.level, body.curve) {
            (Some(level), None) if is_share(level) => Curve::Level(level),
            (None, Some(day)) if is_share(day.low) && is_share(day.high) && (0.0..24.0).contains(&day.peak_hour) => {
                Curve::Day { low: day.low, high: day.high, peak_hour: day.peak_hour }
            }
            (Some(_) | None, Some(_) | None) => return refusal(HINT),
        };
        let mut fleet = shared.fleet();
        if !fleet.servers().iter().any(|server| server.site == site) {
            return refusal(&format!("`{site}` is no site of this fleet"));
        }
        fleet.traffic_mut().set(&site, curve, now);
    } else if body.level.is_some() || body.curve.is_some() {
        return refusal(HINT);
    }
    match (body.server.map(ServerName::new), body.errors) {
        (Some(server), Some(share)) if (0.0..=1.0).contains(&share) => {
            let mut fleet = shared.fleet();
            if !fleet.servers().iter().any(|one| one.name == server) {
                return refusal(&format!("`{server}` is no server of this fleet"));
            }
            fleet.traffic_mut().set_errors(&server, share, now);
        }
        (None, None) => {}
        (Some(_) | None, Some(_) | None) => return refusal(HINT),
    }
    if let Some(word) = body.metrics {
        let trouble = match word.as_str() {
            "well" => None,
            "stale" => Some(MetricsTrouble::Stale(now)),
            "silent" => Some(MetricsTrouble::Silent),
            "doubtful" => Some(MetricsTrouble::Doubtful),
            "no_numbers" => Some(MetricsTrouble::NoNumbers),
            _ => return refusal(HINT),
        };
        shared.fleet().traffic_mut().set_trouble(trouble);
    }
    if let Some(missing) = body.missing {
        shared.fleet().traffic_mut().set_missing(missing.into_iter().map(SiteName::new).collect());
    }
    Json(json!({ "ok": true, "traffic": shares(&shared) })).into_response()
}

fn refusal(hint: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "ok": false, "error": "bad_body", "hint": hint }))).into_response()
}
