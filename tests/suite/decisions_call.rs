//! `wrasse decisions`, as a shell calls it: on a database that another process has open, or on none.

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
