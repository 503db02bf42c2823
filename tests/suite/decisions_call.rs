//! `wrasse decisions`, as a shell calls it: on a database that another process has open, or on none.

use crate::storage::decided::five;
use crate::storage::values::{authorization, authorized};
use std::path::Path;
use std::process::{Command, Output};
use wrasse::adapters::storage::sqlite::SqliteStore;
use wrasse::domain::ids::OperationId;
use wrasse::ports::Store;
use wrasse::ports::authorizations::{Authorization, Occasion};
use wrasse::ports::store::{Operation, Write};

fn decisions(database: &Path, arguments: &[&str]) -> Output {
    let mut call = Command::new(env!("CARGO_BIN_EXE_wrasse"));
    call.arg("decisions").args(arguments).env_clear().env("WRASSE_DATABASE", database);
    call.output().expect("the program is built beside this test")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text").trim_end().to_owned()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text").trim_end().to_owned()
}

#[tokio::test]
async fn decisions_are_told_while_the_database_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrasse.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let mut standing = authorization(None, "standing", 1_764_511_505_000);
    standing.record.policies.clear();
    standing.record.name = "gus\u{1b}[31m".into();
    let started =
        Authorization { occasion: Occasion::Start, ..authorization(Some("2mq9"), "allowed", 1_764_511_560_000) };
    let writes = vec![
        authorized(Some("2mq9"), "allowed", 1_764_511_500_000),
        Write::Authorization(Box::new(standing)),
        Write::Authorization(Box::new(started)),
    ];
    store.commit(Operation { id: OperationId::new("all"), writes }).await.unwrap();

    let told = decisions(&path, &[]);
    assert_eq!(told.status.code(), Some(0), "{}", complaint(&told));
    insta::assert_snapshot!(out(&told), @"
    2025-11-30T14:05:00Z line · allowed · ana (T0WRASSE/U0ANA) in #noc: reboot 2 servers · req-2mq9
      by noc-small: the NOC reboots a few
      policies 5b3a02e57af9 · 2 edge-cache in lax (edge-lax)
    2025-11-30T14:05:05Z line · refused: standing · gus [31m (T0WRASSE/U0ANA) in #noc: reboot 2 servers
      policies 5b3a02e57af9 · 2 edge-cache in lax (edge-lax)
    2025-11-30T14:06:00Z start · allowed · ana (T0WRASSE/U0ANA) in #noc: reboot 2 servers · req-2mq9
      by noc-small: the NOC reboots a few
      policies 5b3a02e57af9 · 2 edge-cache in lax (edge-lax)
    ");
    insta::assert_snapshot!(out(&decisions(&path, &["req-2mq9", "--limit", "1"])), @"
    2025-11-30T14:06:00Z start · allowed · ana (T0WRASSE/U0ANA) in #noc: reboot 2 servers · req-2mq9
      by noc-small: the NOC reboots a few
      policies 5b3a02e57af9 · 2 edge-cache in lax (edge-lax)
    ~ the newest 1; --limit shows more
    ");
    insta::assert_snapshot!(out(&decisions(&path, &["req-2mq9", "--limit", "1", "--json"])), @r#"{"at":"2025-11-30T14:06:00Z","at_ms":1764511560000,"occasion":"start","request":"req-2mq9","decision":{"verdict":"allowed","policies":["noc-small"],"reason":"the NOC reboots a few","policies_version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f","team":"T0WRASSE","user":"U0ANA","name":"ana","standing":"member","groups":["noc"],"channel":"C0NOC","channel_name":"noc","reach":"own-workspace","command":"reboot","impact":"power-cycle","server_count":2,"classes":[{"server_type":"edge-cache","site":"lax","pool":"edge-lax","servers":2}],"sites":[]}}"#);
    insta::assert_snapshot!(out(&decisions(&path, &["--since", "2h"])), @"no decision is stored of that");
    insta::assert_snapshot!(out(&decisions(&path, &["req-zzzz"])), @"no decision is stored of that");
    store.close().await.unwrap();
}

#[test]
fn what_cannot_be_asked_is_told_with_what_to_type() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none.db");
    let told = decisions(&none, &[]);
    assert_eq!(told.status.code(), Some(1));
    let complained = complaint(&told).replace(&none.display().to_string(), "none.db");
    insta::assert_snapshot!(complained, @"wrasse: none.db is not there; say where the database is: --database FILE");
    insta::assert_snapshot!(complaint(&decisions(&none, &["2mq9"])), @"
    error: invalid value '2mq9' for '[REQUEST]': a request is written as on its card, such as req-2mq9

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(complaint(&decisions(&none, &["--since", "yesterday"])), @"
    error: invalid value 'yesterday' for '--since <TIME>': a time is written as 45m, 2h, 1h30m or 7d

    For more information, try '--help'.
    ");
    assert!(!none.exists(), "asking makes no database");
}

#[tokio::test]
async fn what_was_safe_is_found_by_server_site_policy_answer_and_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrasse.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let writes = five().into_iter().map(Write::Decision).collect();
    store.commit(Operation { id: OperationId::new("all"), writes }).await.unwrap();
    let safety = |arguments: &[&str]| {
        let told = decisions(&path, &[&["safety"], arguments].concat());
        assert_eq!(told.status.code(), Some(0), "{}", complaint(&told));
        out(&told).replace(&path.display().to_string(), "wrasse.db")
    };
    insta::assert_snapshot!(safety(&[]), @"
    1970-01-01T00:00:00Z wait · req-2mq9 · edge-lax-001: waits: everything is stopped by bob since 00:00 UTC; req-zzzz waited longer and goes first · edge-fra-001: may start
    1970-01-01T00:00:00Z wait · req-2mq9 · edge-lax-001: waits: site=lax frozen by bob
    1970-01-01T00:00:00Z deny · req-zzzz · edge-fra-001: left out: it is in repair
    1970-01-01T00:00:00Z allow (overridden) · req-2mq9 · edge-lax-001: may start
    1970-01-01T00:00:00Z wait · req-zzzz · no server was asked about: as it was
    ~ to ask again, and see whether it is answered alike: `wrasse why --decisions req-zzzz --database wrasse.db`
    ");
    insta::assert_snapshot!(safety(&["--site", "fra"]), @"
    1970-01-01T00:00:00Z wait · req-2mq9 · edge-fra-001: may start
    1970-01-01T00:00:00Z deny · req-zzzz · edge-fra-001: left out: it is in repair
    ~ to ask again, and see whether it is answered alike: `wrasse why --decisions req-zzzz --database wrasse.db`
    ");
    insta::assert_snapshot!(safety(&["--server", "edge-lax-001", "--policy", "freeze"]), @"
    1970-01-01T00:00:00Z wait · req-2mq9 · edge-lax-001: waits: site=lax frozen by bob
    ~ to ask again, and see whether it is answered alike: `wrasse why --decisions req-2mq9 --database wrasse.db`
    ");
    insta::assert_snapshot!(safety(&["req-2mq9", "--answer", "wait", "--limit", "1"]), @"
    1970-01-01T00:00:00Z wait · req-2mq9 · edge-lax-001: waits: site=lax frozen by bob
    ~ 1 more, older; --limit shows them
    ~ to ask again, and see whether it is answered alike: `wrasse why --decisions req-2mq9 --database wrasse.db`
    ");
    insta::assert_snapshot!(safety(&["--answer", "deny", "--json"]), @r#"{"at":"1970-01-01T00:00:00Z","at_ms":30,"request":"req-zzzz","verdict":"deny","decided":[{"run":"run-2mq9.1","server":"edge-fra-001","site":"fra","said":"deny","policies":[],"words":"left out: it is in repair"}],"snapshot":null,"again":"wrasse why --decisions req-zzzz --database wrasse.db"}"#);
    insta::assert_snapshot!(safety(&["--policy", "capacity"]), @"no decision is stored of that");
    insta::assert_snapshot!(safety(&["--since", "2h"]), @"no decision is stored of that");
    assert_eq!(safety(&["--until", "2h"]), safety(&[]), "all of it was longer ago");
    let many = decisions(&path, &["safety", "--limit", "2", "--json"]);
    assert_eq!(out(&many).lines().count(), 2);
    insta::assert_snapshot!(complaint(&many), @"wrasse: 3 more, older; --limit shows them");
    store.close().await.unwrap();
}

#[test]
fn what_cannot_be_asked_of_safety_is_told_with_what_to_type() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none.db");
    let refused = |arguments: &[&str]| {
        let told = decisions(&none, &[&["safety"], arguments].concat());
        assert_ne!(told.status.code(), Some(0));
        complaint(&told).lines().next().unwrap_or_default().replace(&none.display().to_string(), "none.db")
    };
    insta::assert_snapshot!(refused(&[]), @"wrasse: none.db is not there; say where the database is: --database FILE");
    insta::assert_snapshot!(refused(&["2mq9"]), @"error: invalid value '2mq9' for '[REQUEST]': a request is written as on its card, such as req-2mq9");
    insta::assert_snapshot!(refused(&["--policy", "capasity"]), @"error: invalid value 'capasity' for '--policy <NAME>': did you mean capacity? the policies are concurrency, capacity, traffic, production-state, infrastructure, failure-rate, stop, freeze, hold, blacklist, window");
    insta::assert_snapshot!(refused(&["--answer", "maybe"]), @"error: invalid value 'maybe' for '--answer <ANSWER>': the answers are allow, wait, deny");
    insta::assert_snapshot!(refused(&["--server", "edge-lax-[001-003]"]), @"error: invalid value 'edge-lax-[001-003]' for '--server <NAME>': it takes the name of one server, such as edge-lax-001");
    insta::assert_snapshot!(refused(&["--site", ""]), @"error: invalid value '' for '--site <NAME>': it takes the name of one site, such as lax");
    insta::assert_snapshot!(refused(&["--since", "yesterday"]), @"error: invalid value 'yesterday' for '--since <TIME>': a time is written as 45m, 2h, 1h30m or 7d");
    insta::assert_snapshot!(refused(&["--since", "1h", "--until", "2h"]), @"wrasse: nothing was both less than --since and more than --until ago; give --since the longer time");
    insta::assert_snapshot!(refused(&["--limit", "0"]), @"error: invalid value '0' for '--limit <NUMBER>': it takes a whole number from 1");
    assert!(!none.exists(), "asking makes no database");
}
