//! The adapter for Alertmanager, on a wire: what is posted, and what each kind of trouble is told as.

use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use wrasse::adapters::alerts::Alertmanager;
use wrasse::conversation::{Matter, MatterKey, MatterKind};
use wrasse::domain::command::CommandName;
use wrasse::domain::ids::RequestId;
use wrasse::domain::server::SiteName;
use wrasse::domain::time::Timestamp;
use wrasse::ports::Alerts;
use wrasse::ports::alerts::{Alert, AlertsFault};

const SOON: Duration = Duration::from_secs(10);

/// 2026-11-25 14:05 UTC.
pub(crate) const NOW: i64 = 1_795_615_500_000;

/// A server that was left out at that time.
pub(crate) fn left_out(key: &str, since: Timestamp) -> Matter {
    Matter {
        key: MatterKey::new(key),
        kind: MatterKind::ServersLeftOut,
        since,
        scope: "lax".to_owned(),
        site: Some(SiteName::new("lax")),
        command: Some(CommandName::new("reboot")),
        request: RequestId::parse("req-2mq9"),
        card: None,
        summary: "lax: edge-lax-012 out of production after a reboot".to_owned(),
        description: "It stays reserved\nuntil a new request takes over.".to_owned(),
    }
}

fn alert(number: usize) -> Alert {
    let since = Timestamp::from_millis(NOW);
    let matter = left_out(&format!("left-out:req-2mq9:lax{number}"), since);
    Alert { matter, ends_at: since.plus(Duration::from_secs(300)), link: Some("https://chat.example/1".to_owned()) }
}

type Calls = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// Something that takes posts and answers each with that.
async fn answering(status: StatusCode, words: &'static str, tasks: &mut JoinSet<()>) -> (String, Calls) {
    // Another test of this process may have been first.
    drop(rustls::crypto::ring::default_provider().install_default());
    let calls = Calls::default();
    let kept = Arc::clone(&calls);
    let take = async move |headers: HeaderMap, axum::Json(body): axum::Json<Value>| {
        kept.lock().unwrap().push((headers, body));
        let location = [("location", "/elsewhere")];
        (status, location, words)
    };
    let router = axum::Router::new().route("/under/api/v2/alerts", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/under/", listener.local_addr().unwrap());
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, calls)
}

#[tokio::test]
async fn a_matter_is_posted_as_an_alert_with_labels_that_stay() {
    let mut tasks = JoinSet::new();
    let (url, calls) = answering(StatusCode::OK, "", &mut tasks).await;
    let manager = Alertmanager::new(&url, Some("s3cret".into())).unwrap();
    assert_eq!(manager.tell(&[alert(1)], SOON).await, Ok(()));
    let (headers, body) = calls.lock().unwrap().pop().unwrap();
    assert_eq!(headers["authorization"], "Bearer s3cret");
    let expected = json!([{
        "labels": {
            "alertname": "WrasseServersLeftOut",
            "severity": "critical",
            "matter": "left-out:req-2mq9:lax1",
            "scope": "lax",
            "site": "lax",
            "command": "reboot",
            "request": "req-2mq9",
        },
        "annotations": {
            "summary": "lax: edge-lax-012 out of production after a reboot",
            "description": "It stays reserved\nuntil a new request takes over.",
        },
        "startsAt": "2026-11-25T14:05:00.000Z",
        "endsAt": "2026-11-25T14:10:00.000Z",
        "generatorURL": "https://chat.example/1",
    }]);
    assert_eq!(body, expected);

    // It is over before it began, by a clock that was set back; and its link is none.
    let early = Alert { ends_at: Timestamp::from_millis(0), link: Some("not an address".to_owned()), ..alert(1) };
    assert_eq!(manager.tell(&[early], SOON).await, Ok(()));
    let (_, body) = calls.lock().unwrap().pop().unwrap();
    assert_eq!(body[0]["endsAt"], body[0]["startsAt"]);
    assert_eq!(body[0].get("generatorURL"), None);

    assert_eq!(manager.tell(&[], SOON).await, Ok(()));
    assert_eq!(calls.lock().unwrap().pop().unwrap().1, json!([]), "nothing is told too");
    let many = (0..150).map(alert).collect::<Vec<_>>();
    assert_eq!(manager.tell(&many, SOON).await, Ok(()));
    let sizes = calls.lock().unwrap().iter().map(|(_, body)| body.as_array().unwrap().len()).collect::<Vec<_>>();
    assert_eq!(sizes, [64, 64, 22]);
}

#[tokio::test]
async fn each_kind_of_trouble_is_told_as_what_it_is() {
    let mut tasks = JoinSet::new();
    let refused = |said: &str| Err(AlertsFault::Refused(said.to_owned()));
    let unavailable = |said: &str| Err(AlertsFault::Unavailable(said.to_owned()));
    for (status, words, expected) in [
        (
            StatusCode::BAD_REQUEST,
            "\"start time must be\n before end\"",
            refused("it answered 400 Bad Request: start time must be before end"),
        ),
        (StatusCode::UNAUTHORIZED, "", refused("it answered 401 Unauthorized")),
        (StatusCode::BAD_GATEWAY, "down", unavailable("it answered 502 Bad Gateway: down")),
        (StatusCode::TEMPORARY_REDIRECT, "", unavailable("it answered 307 Temporary Redirect")),
    ] {
        let (url, calls) = answering(status, words, &mut tasks).await;
        let manager = Alertmanager::new(&url, Some("s3cret".into())).unwrap();
        assert_eq!(manager.tell(&[alert(1)], SOON).await, expected);
        assert_eq!(calls.lock().unwrap().len(), 1, "once, and a token follows nowhere");
        // One call that is refused does not keep the next from being made.
        let many = (0..65).map(alert).collect::<Vec<_>>();
        assert_eq!(manager.tell(&many, SOON).await, expected);
        assert_eq!(calls.lock().unwrap().len(), 3);
    }
    let mut long = String::new();
    for _ in 0..100_000 {
        long.push('x');
    }
    let (url, _) = answering(StatusCode::BAD_REQUEST, long.leak(), &mut tasks).await;
    let Err(AlertsFault::Refused(said)) = Alertmanager::new(&url, None).unwrap().tell(&[], SOON).await else {
        panic!("it was refused")
    };
    assert!(said.chars().count() < 300, "{said}");
}

#[tokio::test]
async fn whoever_does_not_answer_holds_nobody_up() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let manager = Alertmanager::new(&url, None).unwrap();
    let begun = tokio::time::Instant::now();
    let silent = manager.tell(&[alert(1)], Duration::from_millis(300)).await;
    assert_eq!(silent, Err(AlertsFault::Unavailable("no answer in time".to_owned())));
    assert!(begun.elapsed() < Duration::from_secs(5));

    let mut tasks = JoinSet::new();
    tasks.spawn(async move { while listener.accept().await.is_ok() {} });
    let cut = manager.tell(&[alert(1)], SOON).await;
    assert_eq!(cut, Err(AlertsFault::Unavailable("the connection was cut".to_owned())));
    tasks.shutdown().await;
    let nobody = manager.tell(&[alert(1)], SOON).await;
    assert_eq!(nobody, Err(AlertsFault::Unavailable("the address cannot be reached".to_owned())));
    let nowhere = Alertmanager::new("no address", None).unwrap().tell(&[], SOON).await;
    assert_eq!(nowhere, Err(AlertsFault::Unavailable("the address is none".to_owned())));
}
