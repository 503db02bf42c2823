//! The Prometheus adapter against real HTTP: the simulated fleet's metrics, and every answer that must not count.

use axum::Router;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use wrasse::adapters::clock::SystemClock;
use wrasse::adapters::metrics::Prometheus;
use wrasse::admission::traffic::{Answers, Traffic, judged, looked_back, same_hours, still_calm, usual};
use wrasse::admission::{Health, HealthRow, Known, Ledger, Outside, TrafficRules, admission_rules};
use wrasse::domain::measure::Span;
use wrasse::domain::plan::PlannedServer;
use wrasse::domain::server::SiteName;
use wrasse::domain::time::Timestamp;
use wrasse::fleet::Inventory;
use wrasse::ports::metrics::MetricsFault;
use wrasse::ports::{Clock, Metrics};
use wrasse::sandbox::fleet::metrics_face::FleetMetrics;
use wrasse::sandbox::fleet::model::{Curve, Fleet, FleetSpec, MetricsTrouble};
use wrasse::sandbox::fleet::{FleetSettings, SharedFleet, SimulatedFleet};
use wrasse::workflow::request::{Blocker, TrafficMeasure};

const SOON: Duration = Duration::from_secs(5);
const NOW: Timestamp = Timestamp::from_millis(1_764_511_500_250);

fn prometheus(url: &str) -> Prometheus {
    // Another test of this process may have chosen it already.
    drop(rustls::crypto::ring::default_provider().install_default());
    Prometheus::new(url, None).unwrap()
}

/// A source that answers everything with that.
struct Answering {
    prometheus: Prometheus,
    _tasks: JoinSet<()>,
}

async fn serve(router: Router, tasks: &mut JoinSet<()>) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn answering(status: StatusCode, body: &'static str) -> Answering {
    let router = Router::new().fallback(get(move || async move { (status, body) }));
    let mut tasks = JoinSet::new();
    let url = serve(router, &mut tasks).await;
    Answering { prometheus: prometheus(&url), _tasks: tasks }
}

impl Answering {
    async fn at(&self) -> String {
        match self.prometheus.at("up", NOW, SOON).await {
            Ok(samples) => samples.iter().map(|one| format!("{:?} {}", one.labels, one.value)).collect(),
            Err(fault) => fault.to_string(),
        }
    }
}

#[tokio::test]
async fn an_answer_counts_only_if_it_is_whole() {
    let ok = StatusCode::OK;
    let cases = [
        (
            ok,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"pool":"a"},"value":[1.5,"0.25"]}]}}"#,
            r#"{"pool": "a"} 0.25"#,
        ),
        (ok, r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#, ""),
        (
            ok,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}}"#,
            "{} NaN",
        ),
        (
            ok,
            r#"{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["a store\n is away"]}"#,
            "metrics doubt their own answer: a store is away",
        ),
        (
            ok,
            r#"{"status":"success","data":{"resultType":"scalar","result":[]}}"#,
            "the answer of the metrics cannot be read: a scalar instead of a vector",
        ),
        (
            ok,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"lots"]}]}}"#,
            "the answer of the metrics cannot be read: `lots` is no value",
        ),
        (ok, r#"{"status":"success"}"#, "the answer of the metrics cannot be read: it holds no data"),
        (ok, r#"{"status":"error","error":"a timeout"}"#, "metrics refuse the query: a timeout"),
        (
            StatusCode::BAD_REQUEST,
            r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
            "metrics refuse the query: parse error (400 Bad Request)",
        ),
        (StatusCode::SERVICE_UNAVAILABLE, "busy", "metrics do not answer: it answered 503 Service Unavailable"),
        (StatusCode::FOUND, "", "metrics do not answer: it answered 302 Found"),
    ];
    for (status, body, told) in cases {
        assert_eq!(answering(status, body).await.at().await, told, "{body}");
    }
    let rubbish = answering(ok, "<html>").await.at().await;
    assert!(rubbish.starts_with("the answer of the metrics cannot be read: "), "{rubbish}");
}

#[tokio::test]
async fn a_source_that_is_away_or_hangs_is_told_in_time() {
    let away = prometheus("http://127.0.0.1:1");
    let fault = away.at("up", NOW, SOON).await.unwrap_err();
    assert_eq!(fault, MetricsFault::Unavailable("the address cannot be reached".to_owned()));
    let mut tasks = JoinSet::new();
    let url = serve(Router::new().fallback(get(std::future::pending::<&str>)), &mut tasks).await;
    let hangs = prometheus(&url);
    let span = Span { from: NOW, to: NOW, every: SOON };
    let fault = hangs.over("up", span, Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(fault, MetricsFault::Unavailable("no answer in time".to_owned()));
}

#[tokio::test]
async fn it_is_asked_as_the_api_wants_it() {
    let echo = |RawQuery(query): RawQuery, headers: HeaderMap| async move {
        let token = headers.get("authorization").map_or("nobody", |token| token.to_str().unwrap());
        let said = format!("{} as {token}", query.unwrap_or_default());
        (StatusCode::BAD_REQUEST, serde_json::json!({ "error": said }).to_string())
    };
    let mut tasks = JoinSet::new();
    let url = serve(Router::new().fallback(get(echo)), &mut tasks).await;
    prometheus(&url);
    let prometheus = Prometheus::new(&format!("{url}/"), Some("secret".to_owned().into())).unwrap();
    let fault = prometheus.at("sum(up)", NOW, SOON).await.unwrap_err().to_string();
    assert!(fault.contains("query=sum%28up%29&time=1764511500.250 as Bearer secret"), "{fault}");
    let span = Span { from: NOW, to: NOW.plus(SOON), every: Duration::from_millis(1500) };
    let fault = prometheus.over("up", span, SOON).await.unwrap_err().to_string();
    assert!(fault.contains("query=up&start=1764511500.250&end=1764511505.250&step=1.5 as Bearer"), "{fault}");
}

/// Both faces of the simulated metrics say the same, now and of the past, by the queries that are shipped.
#[tokio::test]
async fn the_simulated_metrics_say_the_same_on_the_wire_and_off_it() {
    let mut tasks = JoinSet::new();
    let settings = FleetSettings { spec: FleetSpec::scaled(48), redfish_port: 0, on_change: None };
    let fleet = SimulatedFleet::start(settings, Arc::new(SystemClock), &mut tasks).await.unwrap();
    let now = SystemClock.now();
    let riga = SiteName::new("riga");
    fleet.shared().fleet().traffic_mut().set(&riga, Curve::Level(0.9), now.minus(Duration::from_secs(60)));
    let (wire, face) = (prometheus(&fleet.prometheus_url), FleetMetrics(fleet.shared().clone()));
    let rules = TrafficRules::default();
    for query in [&rules.query, &rules.seen, &rules.up] {
        let told = wire.at(query, now, SOON).await.unwrap();
        assert!(told.len() >= 6, "{told:?}");
        assert_eq!(told, face.at(query, now, SOON).await.unwrap());
    }
    for span in same_hours(&rules, now).into_iter().chain([looked_back(&rules, now)]) {
        let told = wire.over(&rules.query, span, SOON).await.unwrap();
        let moments = usize::try_from(span.to.since(span.from).as_secs() / span.every.as_secs()).unwrap() + 1;
        assert!(told.iter().all(|series| series.points.len() == moments), "{span:?}");
        assert_eq!(told, face.over(&rules.query, span, SOON).await.unwrap());
    }
    fleet.shared().fleet().traffic_mut().set_trouble(Some(MetricsTrouble::Doubtful));
    assert!(matches!(wire.at(&rules.query, now, SOON).await, Err(MetricsFault::Doubtful(_))));
    fleet.shared().fleet().traffic_mut().set_trouble(None);
    assert!(matches!(wire.at("sum(up)", now, SOON).await, Err(MetricsFault::Refused(_))));
}

/// A demo must not wait for the evening of a site, whenever it is played: neither as the days of its sites are, nor while a surge
/// is made there and is over.
#[tokio::test]
async fn the_days_of_the_sandbox_let_servers_out_at_every_hour() {
    let demo = include_str!("../../src/cli/demo/files/policies/admission.yaml");
    let rules = admission_rules("admission.yaml", demo).unwrap();
    assert!(rules.traffic.ahead.is_some(), "the demo looks ahead");
    let riga = SiteName::new("riga");
    for hour in (0..24).step_by(4) {
        let now = NOW.plus(Duration::from_secs(hour * 3600));
        let spec = FleetSpec::standard();
        let servers = spec.servers.iter().map(|server| server.server()).collect::<Vec<_>>();
        let fleet = Arc::new(Mutex::new(Fleet::of(spec, now)));
        let face = FleetMetrics(SharedFleet::new(Arc::clone(&fleet), Arc::new(SystemClock)));
        let before = now.minus(Duration::from_secs(60));
        fleet.lock().unwrap().traffic_mut().set(&riga, Curve::Level(0.8), before);
        fleet.lock().unwrap().traffic_mut().set(&riga, Curve::Level(0.3), now.minus(Duration::from_secs(10)));
        let mut weeks = Vec::new();
        for span in same_hours(&rules.traffic, now) {
            weeks.push(face.over(&rules.traffic.query, span, SOON).await.unwrap());
        }
        let usual = usual(&weeks, &rules.traffic, now);
        let answers = Answers {
            traffic: face.at(&rules.traffic.query, now, SOON).await.unwrap(),
            seen: face.at(&rules.traffic.seen, now, SOON).await.unwrap(),
            up: face.at(&rules.traffic.up, now, SOON).await.unwrap(),
            before: face.over(&rules.traffic.query, looked_back(&rules.traffic, now), SOON).await.unwrap(),
        };
        let looks = servers.iter().map(|server| {
            let look = HealthRow { server: server.id.clone(), health: Health::Serving, seen_at: now };
            (server.id.clone(), look)
        });
        let ledger = Ledger { health: looks.collect(), ..Ledger::default() };
        let inventory = Inventory::new(servers, now).unwrap();
        let known = Known::new((&inventory, &rules), &ledger, Outside::NOT_CONFIGURED, now);
        let traffic = Traffic::Seen(judged(&answers, &usual, known, None));
        let outside = Outside { traffic: &traffic, ..Outside::NOT_CONFIGURED };
        let known = Known::new((&inventory, &rules), &ledger, outside, now);
        let mut pools = BTreeSet::new();
        for server in inventory.servers().iter().filter(|server| pools.insert(server.pool.clone())) {
            let planned = PlannedServer {
                id: server.id.clone(),
                name: server.name.clone(),
                server_type: server.server_type.clone(),
                site: server.site.clone(),
                rack: server.rack.clone(),
                pool: server.pool.clone(),
            };
            let blockers = still_calm(&planned, known, &[]).err().unwrap_or_default();
            let is_known = !blockers.iter().any(|blocker| matches!(blocker, Blocker::TrafficUnknown { .. }));
            let is_ahead =
                |blocker: &Blocker| matches!(blocker, Blocker::Traffic { measure: TrafficMeasure::Ahead, .. });
            assert!(
                is_known && !blockers.iter().any(is_ahead),
                "{} at {}: {blockers:?}",
                server.name,
                now.clock_text()
            );
        }
        assert_eq!(pools.len(), 13, "twelve, and none");
        let Traffic::Seen(snapshot) = &traffic else { panic!("it is seen") };
        assert!(snapshot.pools.values().flatten().all(|pool| pool.ahead.len() >= 15), "{:?}", snapshot.pools);
    }
}

/// The example of the demo works as soon as the marks are off its lines, and requests can be let fail at one server.
#[tokio::test]
async fn the_simulated_servers_are_measured_by_the_queries_of_the_examples() {
    let mut tasks = JoinSet::new();
    let settings = FleetSettings { spec: FleetSpec::scaled(48), redfish_port: 0, on_change: None };
    let fleet = SimulatedFleet::start(settings, Arc::new(SystemClock), &mut tasks).await.unwrap();
    let (_, example) =
        include_str!("../../src/cli/demo/files/policies/admission.yaml").split_once("# soak:\n").unwrap();
    let marked = example.lines().map_while(|line| line.strip_prefix("# ")).collect::<Vec<_>>().join("\n");
    let demo = admission_rules("admission.yaml", &format!("soak:\n{marked}\n")).unwrap().soak;
    let (wire, face) = (prometheus(&fleet.prometheus_url), FleetMetrics(fleet.shared().clone()));
    let now = SystemClock.now();
    for comparison in &demo.compare {
        for query in [&comparison.query, &comparison.seen] {
            let told = wire.at(query, now, SOON).await.unwrap();
            assert_eq!(told.len(), fleet.shared().fleet().servers().len());
            assert_eq!(told, face.at(query, now, SOON).await.unwrap());
        }
    }
    let name = fleet.shared().fleet().servers()[0].name.to_string();
    let errors = async || {
        let told = wire.at(&demo.compare[0].query, SystemClock.now(), SOON).await.unwrap();
        told.into_iter().find(|sample| sample.labels["server"] == name).unwrap().value
    };
    assert!((errors().await - 0.002).abs() < 1e-9);
    let control = format!("{}/sandbox/traffic", serve(fleet.control_router(), &mut tasks).await);
    let post = async |body: serde_json::Value| {
        reqwest::Client::new().post(&control).json(&body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(post(serde_json::json!({ "server": name, "errors": 0.05 })).await, 200);
    assert!((errors().await - 0.05).abs() < 1e-9);
    for wrong in [
        serde_json::json!({ "server": name }),
        serde_json::json!({ "errors": 0.05 }),
        serde_json::json!({ "server": name, "errors": 1.5 }),
        serde_json::json!({ "server": "nobody", "errors": 0.05 }),
    ] {
        assert_eq!(post(wrong).await, 400);
    }
}
