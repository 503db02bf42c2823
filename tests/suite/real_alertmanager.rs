//! The adapter against the Alertmanager that real fleets run. `tests/peers/install` installs it.

use super::alerts_wire::left_out;
use super::real_peers::{Peer, free_port, listens, until};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use wrasse::adapters::alerts::Alertmanager;
use wrasse::adapters::clock::SystemClock;
use wrasse::domain::time::Timestamp;
use wrasse::ports::alerts::{Alert, AlertsFault};
use wrasse::ports::{Alerts, Clock, Monitoring};

const SOON: Duration = Duration::from_secs(10);

/// What it holds as firing.
async fn firing(url: &str) -> Vec<Value> {
    let answer = reqwest::get(format!("{url}/api/v2/alerts?active=true")).await.unwrap();
    answer.json::<Value>().await.unwrap().as_array().unwrap().clone()
}

#[tokio::test]
async fn an_alert_is_there_as_long_as_it_is_told_and_ends_when_it_is_over() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("alertmanager.yml");
    std::fs::write(&config, "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n").unwrap();
    let (port, data) = (free_port(), folder.path().join("data"));
    let peer = Peer::start(
        Path::new("/usr/bin/prometheus-alertmanager"),
        &[
            &format!("--config.file={}", config.display()),
            &format!("--storage.path={}", data.display()),
            &format!("--web.listen-address=127.0.0.1:{port}"),
            "--cluster.listen-address=",
        ],
    );
    listens(port).await;
    let url = format!("http://127.0.0.1:{port}");
    let manager = Alertmanager::new(&url, None).unwrap();
    assert_eq!(manager.tell(&[], SOON).await, Ok(()), "nothing at all is taken");

    let since = SystemClock.now().minus(Duration::from_secs(90));
    let alert = |key: &str, ends_at: Timestamp| Alert {
        matter: left_out(key, since),
        ends_at,
        link: Some("https://chat.example/archives/C0NOC/p1".to_owned()),
    };
    let lasting = || SystemClock.now().plus(Duration::from_secs(300));
    assert_eq!(manager.tell(&[alert("one", lasting()), alert("two", lasting())], SOON).await, Ok(()));
    let both = until("both are there", async || Some(firing(&url).await).filter(|there| there.len() == 2)).await;
    let one = both.iter().find(|alert| alert["labels"]["matter"] == "one").unwrap();
    assert_eq!(one["labels"]["alertname"], "WrasseServersLeftOut");
    assert_eq!(one["labels"]["severity"], "critical");
    assert_eq!(one["annotations"]["summary"], "lax: edge-lax-012 out of production after a reboot");
    assert_eq!(one["generatorURL"], "https://chat.example/archives/C0NOC/p1");
    let read = manager.firing(SOON).await.unwrap();
    assert_eq!(read.iter().filter(|alert| alert.is_ours() && alert.since == since).count(), 2, "{read:?}");
    assert_eq!(read[0].name(), "WrasseServersLeftOut");

    assert_eq!(manager.tell(&[alert("one", lasting()), alert("two", lasting())], SOON).await, Ok(()));
    assert_eq!(firing(&url).await.len(), 2, "told again, they are the same");
    assert_eq!(manager.tell(&[alert("one", lasting()), alert("two", SystemClock.now())], SOON).await, Ok(()));
    let left = until("one is over", async || Some(firing(&url).await).filter(|there| there.len() == 1)).await;
    assert_eq!(left[0]["labels"]["matter"], "one");
    let soon = SystemClock.now().plus(Duration::from_secs(2));
    assert_eq!(manager.tell(&[alert("one", SystemClock.now()), alert("three", soon)], SOON).await, Ok(()));
    until("another is there", async || Some(firing(&url).await).filter(|there| there.len() == 1)).await;
    until("what is not told again ends by itself", async || firing(&url).await.is_empty().then_some(())).await;

    drop(peer);
    let gone = manager.tell(&[], SOON).await;
    assert_eq!(gone, Err(AlertsFault::Unavailable("the address cannot be reached".to_owned())));
}
