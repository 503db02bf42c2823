//! The fleet's metrics: Prometheus' query API over HTTP, and the same answers as the services' own port.
//!
//! It knows the queries that `policies/admission.yaml` ships with, and those of the example there, and refuses every other one.
//! Deliberately absent: a language of queries.

use super::model::{Fleet, MetricsTrouble, Rotation};
use super::shared::{SharedFleet, pass};
use crate::domain::measure::{Labels, Sample, Series, Span};
use crate::domain::server::{PoolName, SiteName};
use crate::domain::time::Timestamp;
use crate::ports::Metrics;
use crate::ports::metrics::MetricsFault;
use async_trait::async_trait;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const TRAFFIC: &str = "sum by (pool) (fleet_traffic)";
const SEEN: &str = "min by (pool) (timestamp(fleet_traffic))";
const UP: &str = "count by (pool) (up{job=\"fleet\"} == 1)";
const ERRORS: &str =
    "sum by (server) (rate(fleet_errors_total[2m])) / sum by (server) (rate(fleet_requests_total[2m]))";
const THROUGHPUT: &str = "sum by (server) (rate(fleet_requests_total[2m]))";
const SEEN_OF_SERVERS: &str = "min by (server) (timestamp(fleet_requests_total))";
/// How many requests a second a server can carry.
const REQUESTS_PER_SECOND: f64 = 1000.0;
/// What Prometheus itself allows.
const MOMENTS_MAX: u128 = 11_000;
/// How long a silent source holds a call.
const SILENT_FOR: Duration = Duration::from_secs(60);
const WARNING: &str = "a part of the store did not answer";

/// One of the queries that are known.
#[derive(Clone, Copy)]
enum Asked {
    Traffic,
    Seen,
    Up,
    OfServers(OfServers),
}

/// What is asked of single servers.
#[derive(Clone, Copy)]
enum OfServers {
    Errors,
    Throughput,
    Seen,
}

impl Asked {
    fn of(query: &str) -> Result<Self, String> {
        let words = query.split_whitespace().collect::<Vec<_>>().join(" ");
        match words.as_str() {
            TRAFFIC => Ok(Self::Traffic),
            SEEN => Ok(Self::Seen),
            UP => Ok(Self::Up),
            ERRORS => Ok(Self::OfServers(OfServers::Errors)),
            THROUGHPUT => Ok(Self::OfServers(OfServers::Throughput)),
            SEEN_OF_SERVERS => Ok(Self::OfServers(OfServers::Seen)),
            other => Err(format!(
                "the sandbox does not know the query `{other}`; it knows {TRAFFIC}, {SEEN}, {UP}, {ERRORS}, {THROUGHPUT} and \
                 {SEEN_OF_SERVERS}"
            )),
        }
    }
}

/// Pools with their site and how many servers they have.
fn pools(fleet: &Fleet) -> BTreeMap<PoolName, (SiteName, u32)> {
    let mut pools = BTreeMap::new();
    for server in fleet.servers() {
        if let Some(pool) = server.pool {
            pools.entry(pool).or_insert((server.site, 0)).1 += 1;
        }
    }
    pools
}

/// What is answered at one moment.
fn values(fleet: &mut Fleet, asked: Asked, at: Timestamp) -> Vec<(Labels, f64)> {
    match asked {
        Asked::Traffic | Asked::Seen | Asked::Up => of_pools(fleet, asked, at),
        Asked::OfServers(asked) => of_servers(fleet, asked, at),
    }
}

/// What each pool answers.
fn of_pools(fleet: &mut Fleet, asked: Asked, at: Timestamp) -> Vec<(Labels, f64)> {
    let mut answered = Vec::new();
    for (pool, (site, servers)) in pools(fleet) {
        let Some((share, measured)) = fleet.traffic().told(&site, at) else { continue };
        let value = match asked {
            Asked::Traffic => share * f64::from(servers),
            Asked::Seen | Asked::OfServers(_) => seconds(measured),
            Asked::Up => {
                let views = fleet.views(at);
                let up = views.iter().filter(|view| view.spec.pool.as_ref() == Some(&pool) && view.phase.is_up());
                let up = u32::try_from(up.count()).unwrap_or(u32::MAX);
                if up == 0 {
                    continue;
                }
                f64::from(up)
            }
        };
        answered.push((of_pool(&pool), value));
    }
    answered
}

/// What each server answers that is up; to one that is out of rotation nothing comes.
fn of_servers(fleet: &mut Fleet, asked: OfServers, at: Timestamp) -> Vec<(Labels, f64)> {
    let mut answered = Vec::new();
    for view in fleet.views(at).into_iter().filter(|view| view.phase.is_up()) {
        let Some((share, measured)) = fleet.traffic().told(&view.spec.site, at) else { continue };
        let comes = if view.rotation == Some(Rotation::Ready) { share } else { share * 0.0 };
        let value = match asked {
            OfServers::Throughput => comes * REQUESTS_PER_SECOND,
            // By nothing as by nothing: no number, as Prometheus has it.
            OfServers::Errors => fleet.traffic().errors(&view.spec.name, at) * comes / comes,
            OfServers::Seen => seconds(measured),
        };
        answered.push((Labels::from([("server".to_owned(), view.spec.name.to_string())]), value));
    }
    answered
}

#[expect(clippy::cast_precision_loss, reason = "seconds since the epoch are exact in it")]
fn seconds(at: Timestamp) -> f64 {
    at.millis() as f64 / 1000.0
}

fn of_pool(pool: &PoolName) -> Labels {
    Labels::from([("pool".to_owned(), pool.to_string())])
}

fn moments(span: Span) -> Result<Vec<Timestamp>, String> {
    let every = span.every.max(Duration::from_millis(1));
    if span.to.since(span.from).as_millis() / every.as_millis() >= MOMENTS_MAX {
        return Err("exceeded maximum resolution of 11,000 points per timeseries".to_owned());
    }
    let mut moments = Vec::new();
    let mut at = span.from;
    while at <= span.to {
        moments.push(at);
        at = at.plus(every);
    }
    Ok(moments)
}

/// What was answered over a while. Which servers were up before is not kept.
fn history(fleet: &mut Fleet, asked: Asked, span: Span) -> Result<Vec<Series>, String> {
    let mut series: BTreeMap<Labels, Vec<(Timestamp, f64)>> = BTreeMap::new();
    for at in moments(span)? {
        for (labels, value) in values(fleet, asked, at) {
            series.entry(labels).or_default().push((at, value));
        }
    }
    Ok(series.into_iter().map(|(labels, points)| Series { labels, points }).collect())
}

/// The metrics as the services' own port: no socket between them.
#[derive(Clone)]
pub struct FleetMetrics(pub SharedFleet);

impl FleetMetrics {
    fn asked(&self, query: &str) -> Result<Asked, MetricsFault> {
        match self.0.fleet().traffic().trouble() {
            Some(MetricsTrouble::Silent) => Err(MetricsFault::Unavailable("no answer in time".to_owned())),
            Some(MetricsTrouble::Doubtful) => Err(MetricsFault::Doubtful(WARNING.to_owned())),
            Some(MetricsTrouble::Stale(_) | MetricsTrouble::NoNumbers) | None => {
                Asked::of(query).map_err(MetricsFault::Refused)
            }
        }
    }
}

#[async_trait]
impl Metrics for FleetMetrics {
    async fn at(&self, query: &str, at: Timestamp, _: Duration) -> Result<Vec<Sample>, MetricsFault> {
        let asked = self.asked(query)?;
        let values = values(&mut self.0.fleet(), asked, at).into_iter();
        Ok(values.map(|(labels, value)| Sample { labels, at, value }).collect())
    }

    async fn over(&self, query: &str, span: Span, _: Duration) -> Result<Vec<Series>, MetricsFault> {
        let asked = self.asked(query)?;
        history(&mut self.0.fleet(), asked, span).map_err(MetricsFault::Refused)
    }
}

/// The query API.
pub(super) fn router(fleet: SharedFleet) -> Router {
    Router::new().route("/api/v1/query", get(at)).route("/api/v1/query_range", get(over)).with_state(fleet)
}

#[derive(Deserialize)]
struct AtQuery {
    query: String,
    time: Option<f64>,
}

#[derive(Deserialize)]
struct OverQuery {
    query: String,
    start: f64,
    end: f64,
    step: f64,
}

#[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
fn moment(seconds: f64) -> Timestamp {
    Timestamp::from_millis((seconds * 1000.0).round() as i64)
}

fn value(at: Timestamp, value: f64) -> Value {
    json!([seconds(at), value.to_string()])
}

/// A silent source holds the call; nothing else is wrong with an answer before it is made.
async fn door(shared: &SharedFleet, query: &str) -> Result<Asked, Response> {
    let trouble = shared.fleet().traffic().trouble();
    if trouble == Some(MetricsTrouble::Silent) {
        pass(SILENT_FOR).await;
    }
    Asked::of(query).map_err(|why| refusal(&why))
}

fn refusal(why: &str) -> Response {
    let body = json!({ "status": "error", "errorType": "bad_data", "error": why });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn answer(shared: &SharedFleet, kind: &str, result: Vec<Value>) -> Response {
    let mut body = json!({ "status": "success", "data": { "resultType": kind, "result": Value::Array(result) } });
    if shared.fleet().traffic().trouble() == Some(MetricsTrouble::Doubtful)
        && let Some(members) = body.as_object_mut()
    {
        members.insert("warnings".to_owned(), json!([WARNING]));
    }
    Json(body).into_response()
}

async fn at(State(shared): State<SharedFleet>, Query(query): Query<AtQuery>) -> Response {
    let asked = match door(&shared, &query.query).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let at = query.time.map_or_else(|| shared.now(), moment);
    let rows = values(&mut shared.fleet(), asked, at).into_iter();
    let rows = rows.map(|(labels, number)| json!({ "metric": labels, "value": value(at, number) })).collect();
    answer(&shared, "vector", rows)
}

async fn over(State(shared): State<SharedFleet>, Query(query): Query<OverQuery>) -> Response {
    let asked = match door(&shared, &query.query).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let Ok(every) = Duration::try_from_secs_f64(query.step) else { return refusal("the step is no length of time") };
    let span = Span { from: moment(query.start), to: moment(query.end), every };
    let series = match history(&mut shared.fleet(), asked, span) {
        Ok(series) => series,
        Err(why) => return refusal(&why),
    };
    let rows = series.into_iter().map(|one| {
        let values = one.points.iter().map(|(at, number)| value(*at, *number)).collect::<Vec<_>>();
        json!({ "metric": one.labels, "values": values })
    });
    let rows = rows.collect();
    answer(&shared, "matrix", rows)
}
