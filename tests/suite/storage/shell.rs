//! `wrasse why`, `queue`, `out` and `status` in a shell: on the bot's own database, while it serves and while it does not.

use super::values::*;
use super::{database, does, open};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, query};
use std::path::Path;
use std::process::{Command, Output};

const FLEET: &str = "\
sites: [lax, riga]
pools:
  - { name: edge-lax, load_balancer: { address: \"127.0.0.1:1\", backend: edge } }
servers:
  - { id: a, name: edge-lax-001, type: edge-cache, site: lax, rack: lax-r01, pool: edge-lax }
  - { id: b, name: edge-lax-002, type: edge-cache, site: lax, rack: lax-r01, pool: edge-lax, state: standby }
  - { id: d, name: origin-riga-01, type: origin, site: riga, rack: riga-r01 }
";

fn wrasse(folder: &Path, arguments: &[&str]) -> Output {
    let inventory = folder.join("inventory.yaml");
    std::fs::write(&inventory, FLEET).unwrap();
    Command::new(env!("CARGO_BIN_EXE_wrasse"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .env_clear()
        .env("WRASSE_INVENTORY", &inventory)
        .env("WRASSE_DATABASE", database(folder))
        .output()
        .unwrap()
}

fn out(folder: &Path, arguments: &[&str]) -> String {
    let output = wrasse(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// What is said, without the moment at which it was looked.
fn timeless(text: &str) -> String {
    text.split("as of ").next().unwrap().trim_end().to_owned()
}

const LOOKS: [&[&str]; 4] = [&["why", "req-2mq9"], &["queue"], &["out"], &["why", "edge-lax-001"]];

#[tokio::test]
async fn a_shell_looks_while_the_bot_serves_and_while_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let store = open(&database(path)).await;
    let id = request_id("2mq9");
    does(&store, "accept", vec![request_events(&id, 0, vec![accepted(&id)])]).await;
    let served = LOOKS.map(|look| out(path, look));
    let json = out(path, &["queue", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["requests"], serde_json::json!([]));
    let json = out(path, &["why", "req-2mq9", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["request"], &json["place"]), (&"req-2mq9".into(), &serde_json::Value::Null));
    assert!(out(path, &["status"]).contains("in service"));
    assert!(out(path, &["status", "--json", "site=lax"]).contains("\"servers\":2"));
    store.close().await.unwrap();
    let alone = LOOKS.map(|look| out(path, look));
    assert_eq!(alone.each_ref().map(|text| timeless(text)), served.each_ref().map(|text| timeless(text)));
    insta::assert_snapshot!(alone.map(|text| timeless(&text)).join("\n\n"), @"
    Reboot · req-2mq9
    ⏳ queued
    ~ asked by ana · no estimate yet ·

    Nothing waits
    ~

    1 of 3 servers out of production
    1. `edge-lax-002` standby
    ~

    edge-lax-001: production, as the inventory has it
    Its load balancer has not told of it yet
    Nothing is under work on it, and no request waits for it
    ~
    ");
}

#[tokio::test]
async fn a_shell_that_cannot_look_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let none = wrasse(path, &["queue"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("`wrasse serve` makes it"), "{none:?}");
    assert!(!database(path).exists(), "looking makes no database");
    open(&database(path)).await.close().await.unwrap();
    let nothing = wrasse(path, &["why", "req-9999"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("There is no req-9999"), "{nothing:?}");
    let unknown = wrasse(path, &["out", "site=frb"]);
    assert_eq!(unknown.status.code(), Some(2));
    // A file of an older version is not brought up to date by a look.
    let mut raw = SqliteConnectOptions::new().filename(database(path)).connect().await.unwrap();
    query("DELETE FROM _sqlx_migrations WHERE version > 3").execute(&mut raw).await.unwrap();
    drop(raw);
    let older = wrasse(path, &["queue"]);
    assert_eq!(older.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&older.stderr).contains("start `wrasse serve` once"), "{older:?}");
}
