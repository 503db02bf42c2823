//! Reading firing alerts against real HTTP: the simulated fleet's, and every answer that must not count.

use axum::Router;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use wrasse::adapters::alerts::Alertmanager;
use wrasse::adapters::clock::SystemClock;
use wrasse::ports::Monitoring;
use wrasse::ports::monitoring::MonitoringFault;
use wrasse::sandbox::fleet::alerts_face::FleetMonitoring;
use wrasse::sandbox::fleet::model::{FleetSpec, MonitoringTrouble};
use wrasse::sandbox::fleet::{FleetSettings, SimulatedFleet};

const SOON: Duration = Duration::from_secs(5);

fn manager(url: &str) -> Alertmanager {
    // Another test of this process may have chosen it already.
    drop(rustls::crypto::ring::default_provider().install_default());
    Alertmanager::new(url, None).unwrap()
}

async fn serve(router: Router, tasks: &mut JoinSet<()>) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// What is made of an answer.
async fn read(status: StatusCode, body: &'static str) -> String {
    let mut tasks = JoinSet::new();
    let url = serve(Router::new().fallback(get(move || async move { (status, body) })), &mut tasks).await;
    match manager(&url).firing(SOON).await {
        Ok(alerts) => alerts.iter().map(|one| format!("{} since {};", one.name(), one.since.millis())).collect(),
        Err(fault) => fault.to_string(),
    }
}

#[tokio::test]
async fn an_answer_counts_only_if_all_of_it_can_be_read() {
    let ok = StatusCode::OK;
    let cases = [
        (ok, "[]", ""),
        (
            ok,
            r#"[{"labels":{"alertname":"A"},"startsAt":"1970-01-01T00:00:05.000Z","status":{"state":"active"},"more":1}]"#,
            "A since 5000;",
        ),
        (
            ok,
            r#"[{"labels":{"alertname":"A"},"startsAt":"1970-01-01T00:00:05Z","status":{"state":"suppressed","silencedBy":["1"]}},
                {"labels":{},"startsAt":"1970-01-01T02:00:06+02:00","status":{"state":"active","silencedBy":[]}}]"#,
            "an alert without a name since 6000;",
        ),
        // Inhibited is no reason to call somebody, and fires all the same.
        (
            ok,
            r#"[{"labels":{"alertname":"A"},"startsAt":"1970-01-01T00:00:05Z","status":{"state":"suppressed","silencedBy":[],"inhibitedBy":["b"]}}]"#,
            "A since 5000;",
        ),
        (
            ok,
            r#"[{"labels":{"alertname":"A"},"startsAt":"1970-01-01T00:00:05Z","status":{"state":"active"}},
                {"labels":{"alertname":"B"},"startsAt":"soon","status":{"state":"active"}}]"#,
            "its answer cannot be read: `soon` is no time",
        ),
        (
            ok,
            r#"[{"labels":{"alertname":"A"},"startsAt":"1970-01-01T00:00:05Z"}]"#,
            "its answer cannot be read: missing field `status` at line 1 column 63",
        ),
        (ok, "", "its answer cannot be read: EOF while parsing a value at line 1 column 0"),
        (ok, "<html>busy</html>", "its answer cannot be read: expected value at line 1 column 1"),
        (StatusCode::UNAUTHORIZED, "no", "it refuses to tell them: it answered 401 Unauthorized"),
        (StatusCode::FOUND, "", "it refuses to tell them: it answered 302 Found"),
        (StatusCode::SERVICE_UNAVAILABLE, "[]", "it does not answer: it answered 503 Service Unavailable"),
    ];
    for (status, body, told) in cases {
        assert_eq!(read(status, body).await, told, "{status} {body}");
    }
    let list = read(ok, r#"{"labels":{}}"#).await;
    assert!(list.starts_with("its answer cannot be read: invalid type: map, expected a sequence"), "{list}");
}

#[tokio::test]
async fn it_asks_for_what_fires_and_is_not_silenced_with_its_token() {
    let mut tasks = JoinSet::new();
    let told = async |RawQuery(query): RawQuery, headers: HeaderMap| {
        let token = headers.get("authorization").map(|token| token.to_str().unwrap().to_owned());
        let labels = json!({ "alertname": query.unwrap_or_default(), "token": token.unwrap_or_default() });
        let alert = json!({ "labels": labels, "startsAt": "1970-01-01T00:00:00Z", "status": { "state": "active" } });
        axum::Json(json!([alert]))
    };
    let url = serve(Router::new().route("/api/v2/alerts", get(told)), &mut tasks).await;
    drop(rustls::crypto::ring::default_provider().install_default());
    let manager = Alertmanager::new(&format!("{url}/"), Some("secret".to_owned().into())).unwrap();
    let alerts = manager.firing(SOON).await.unwrap();
    assert_eq!(alerts[0].name(), "active=true&silenced=false&inhibited=true");
    assert_eq!(alerts[0].labels["token"], "Bearer secret");
}

#[tokio::test]
async fn silence_and_absence_are_told_apart_from_an_empty_answer() {
    let mut tasks = JoinSet::new();
    let hangs = async || std::future::pending::<String>().await;
    let url = serve(Router::new().fallback(get(hangs)), &mut tasks).await;
    let hung = manager(&url).firing(Duration::from_millis(100)).await;
    assert_eq!(hung, Err(MonitoringFault::Unavailable("no answer in time".to_owned())));
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let gone = manager(&gone).firing(SOON).await;
    assert_eq!(gone, Err(MonitoringFault::Unavailable("the address cannot be reached".to_owned())));
}

/// Over the wire the simulated fleet answers what its face for the services does, and people can raise and end alerts.
#[tokio::test]
async fn the_simulated_fleet_fires_what_is_raised() {
    let mut tasks = JoinSet::new();
    let settings = FleetSettings { spec: FleetSpec::scaled(12), redfish_port: 0, on_change: None };
    let fleet = SimulatedFleet::start(settings, Arc::new(SystemClock), &mut tasks).await.unwrap();
    let control = serve(fleet.control_router(), &mut tasks).await;
    let (wire, face) = (manager(&fleet.alertmanager_url), FleetMonitoring(fleet.shared().clone()));
    let names = async || {
        let alerts = wire.firing(SOON).await.unwrap();
        assert_eq!(alerts, face.firing(SOON).await.unwrap(), "both faces tell the same");
        alerts.iter().map(|alert| alert.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["Watchdog"]);

    let (web, url) = (reqwest::Client::new(), format!("{control}/sandbox/alerts"));
    let raised = json!({ "labels": { "alertname": "FeedDown", "severity": "critical", "site": "riga" } });
    for _ in 0..2 {
        let answer = web.post(&url).json(&raised).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert_eq!(names().await, ["Watchdog", "FeedDown"], "raised twice it is one");
    let listed = reqwest::get(&url).await.unwrap().json::<serde_json::Value>().await.unwrap();
    assert_eq!(listed[1]["labels"]["site"], "riga");
    for bad in [json!({}), json!({ "labels": { "site": "riga" } }), json!({ "monitoring": "odd" }), json!({ "x": 1 })] {
        let answer = web.post(&url).json(&bad).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{bad}");
    }
    let ended = web.delete(&url).json(&json!({ "labels": { "site": "riga" } })).send().await.unwrap();
    assert_eq!(ended.json::<serde_json::Value>().await.unwrap()["ended"], 1);
    assert_eq!(names().await, ["Watchdog"]);

    let gets = async |word: &str| {
        let answer = web.post(&url).json(&json!({ "monitoring": word })).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    };
    gets("no_watchdog").await;
    assert_eq!(names().await, Vec::<String>::new());
    gets("unreadable").await;
    assert!(matches!(wire.firing(SOON).await, Err(MonitoringFault::Unreadable(_))));
    gets("silent").await;
    let silent = wire.firing(Duration::from_millis(100)).await;
    assert_eq!(silent, Err(MonitoringFault::Unavailable("no answer in time".to_owned())));
    assert_eq!(fleet.shared().fleet().alerts().trouble(), Some(MonitoringTrouble::Silent));
    gets("well").await;
    assert_eq!(names().await, ["Watchdog"]);
}
