//! `wrasse policy replay` and `wrasse policy observed`, as a shell calls them on a database that another process has open.

use crate::storage::values::{accepted, request_events, request_id};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;
use wrasse::adapters::clock::SystemClock;
use wrasse::adapters::storage::sqlite::SqliteStore;
use wrasse::admission::{Candidate, Health, HealthRow, Known, Ledger, Outside, Rules, Snapshot, decided, pass};
use wrasse::domain::identity::Asker;
use wrasse::domain::ids::{Fingerprint, OperationId};
use wrasse::domain::plan::PlannedServer;
use wrasse::domain::server::{PoolName, ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};
use wrasse::domain::time::Timestamp;
use wrasse::fleet::Inventory;
use wrasse::ports::store::{DecisionRecord, Operation, Write};
use wrasse::ports::{Clock, Store};
use wrasse::workflow::request::{PolicyName, PolicySet, RequestEvent};

fn policy(database: &Path, arguments: &[&str]) -> Output {
    let mut call = Command::new(env!("CARGO_BIN_EXE_wrasse"));
    call.arg("policy").args(arguments).env_clear().env("WRASSE_DATABASE", database);
    call.output().expect("the program is built beside this test")
}

fn out(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", complaint(output));
    String::from_utf8(output.stdout.clone()).expect("text").trim_end().to_owned()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text").trim_end().to_owned()
}

fn server(number: usize) -> Server {
    Server {
        id: ServerId::new(format!("s{number}")),
        name: ServerName::new(format!("edge-lax-00{number}")),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new(format!("lax-r0{number}")),
        pool: Some(PoolName::new("edge-lax")),
        initial_state: ProductionState::Production,
        tags: BTreeMap::new(),
    }
}

/// The decision about the first of three servers, of which the others serve or not, by rules that observe those policies.
fn decision(now: Timestamp, others: Health, observed: &[PolicyName]) -> Vec<Write> {
    let servers = (1..=3).map(server).collect::<Vec<_>>();
    let health = |server: &Server| {
        let health = if server.id == ServerId::new("s1") { Health::Serving } else { others };
        (server.id.clone(), HealthRow { server: server.id.clone(), health, seen_at: now })
    };
    let ledger = Ledger { health: servers.iter().map(health).collect(), ..Ledger::default() };
    let inventory = Inventory::new(servers.clone(), now).unwrap();
    let rules = Rules { observed: observed.to_vec(), ..Rules::default() };
    let RequestEvent::Accepted(accepted) = accepted(&request_id("2mq9")) else { panic!("a request begins so") };
    let spec = wrasse::domain::command::CommandSpec {
        steps: vec![wrasse::domain::command::StepSpec::Drain {
            timeout: Duration::from_secs(60).into(),
            connections_max: wrasse::domain::command::Input::Literal(5),
        }],
        ..accepted.spec.as_ref().clone()
    };
    let first = &servers[0];
    let planned = PlannedServer {
        id: first.id.clone(),
        name: first.name.clone(),
        server_type: first.server_type.clone(),
        site: first.site.clone(),
        rack: first.rack.clone(),
        pool: first.pool.clone(),
    };
    let known = Known::new((&inventory, &rules), &ledger, Outside::NOT_CONFIGURED, now);
    let run = request_id("2mq9").run(1);
    let passes = PolicySet::NONE;
    let said = pass(
        [Candidate { run: &run, server: &planned, spec: &spec, version: None, asked_by: Asker::Person, passes }],
        known,
    );
    let snapshot = Snapshot::of([&planned], known, &Fingerprint::of(b"files"));
    let record = DecisionRecord {
        request: request_id("2mq9"),
        at: now,
        verdict: "as it was".into(),
        evidence: String::new(),
        decided: decided(&said),
        snapshot: Some(snapshot.id()),
    };
    let id = snapshot.id();
    vec![Write::Snapshot { id, snapshot: Box::new(snapshot) }, Write::Decision(record)]
}

/// A request whose command drains, since what is asked again is asked of that command.
fn draining() -> Vec<Write> {
    let id = request_id("2mq9");
    let RequestEvent::Accepted(mut draining) = accepted(&id) else { panic!("a request begins so") };
    let mut spec = draining.spec.as_ref().clone();
    spec.steps = vec![wrasse::domain::command::StepSpec::Drain {
        timeout: Duration::from_secs(60).into(),
        connections_max: wrasse::domain::command::Input::Literal(5),
    }];
    draining.spec = Arc::new(spec);
    vec![request_events(&id, 0, vec![RequestEvent::Accepted(draining)])]
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "half of it is what is printed")]
async fn other_numbers_are_tried_on_what_was_decided() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrasse.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let now = SystemClock.now();
    let long_ago = now.minus(Duration::from_secs(40 * 86_400));
    let notes = DecisionRecord {
        request: request_id("2mq9"),
        at: now,
        verdict: "wait".into(),
        evidence: "the directory of people does not answer".into(),
        decided: Vec::new(),
        snapshot: None,
    };
    let writes = [
        draining(),
        decision(long_ago, Health::Serving, &[]),
        decision(now, Health::Serving, &[]),
        decision(now, Health::Failing, &[]),
        decision(now, Health::Failing, &[PolicyName::Capacity]),
        vec![Write::Decision(notes)],
    ];
    let operation = Operation { id: OperationId::new("all"), writes: writes.concat() };
    store.commit(operation).await.unwrap();

    let tried = |text: &str| {
        let file = folder.path().join("new.yaml");
        std::fs::write(&file, text).unwrap();
        let told = out(&policy(&path, &["replay", file.to_str().unwrap()]));
        let told = told.replace(folder.path().to_str().unwrap(), "…");
        let moment = format!("{}Z", now.date_text().replacen(' ', "T", 1));
        told.replace(&moment, "hh:mm")
    };
    insta::assert_snapshot!(tried(""), @"
    3 decisions about 3 servers of 1 request within 30d, asked again by …/new.yaml
      the same: 2
      started, and would have waited: 1 (capacity 1)
        hh:mm req-2mq9 edge-lax-001: edge-lax 1 of 3 in service, floor 2
      waited, and would have started: 0
    ~ 1 decision without what it was decided on
    ~ each is asked on what was known then; what would have followed from another answer is not played
    ");
    insta::assert_snapshot!(tried("capacity: { out-max: 0% }"), @"
    3 decisions about 3 servers of 1 request within 30d, asked again by …/new.yaml
      the same: 1
      started, and would have waited: 2 (capacity 2)
        hh:mm req-2mq9 edge-lax-001: edge-lax 3 of 3 in service, floor 3
        hh:mm req-2mq9 edge-lax-001: edge-lax 1 of 3 in service, floor 3
      waited, and would have started: 0
    ~ 1 decision without what it was decided on
    ~ each is asked on what was known then; what would have followed from another answer is not played
    ");
    insta::assert_snapshot!(tried("capacity: { out-max: 100% }"), @"
    3 decisions about 3 servers of 1 request within 30d, asked again by …/new.yaml
      the same: 2
      started, and would have waited: 0
      waited, and would have started: 1 (capacity 1)
        hh:mm req-2mq9 edge-lax-001: edge-lax 1 of 3 in service, floor 2
    ~ 1 decision without what it was decided on
    ~ each is asked on what was known then; what would have followed from another answer is not played
    ");
    insta::assert_snapshot!(tried("observe: [capacity]"), @"
    3 decisions about 3 servers of 1 request within 30d, asked again by …/new.yaml
      the same: 2
      started, and would have waited: 0
      waited, and would have started: 1 (capacity 1)
        hh:mm req-2mq9 edge-lax-001: edge-lax 1 of 3 in service, floor 2
    ~ 1 decision without what it was decided on
    ~ each is asked on what was known then; what would have followed from another answer is not played
    ");
    insta::assert_snapshot!(out(&policy(&path, &["observed"])), @"
    2 servers started within 30d
      capacity would have made 1 server wait: req-2mq9
    ");
    insta::assert_snapshot!(out(&policy(&path, &["observed", "--since", "60d", "--json"])), @r#"{"starts":3,"observed":[{"policy":"capacity","servers":1,"requests":["req-2mq9"]}]}"#);
    let json = out(&policy(&path, &["replay", "--json", folder.path().join("new.yaml").to_str().unwrap()]));
    assert!(json.contains(r#""answers":3"#) && json.contains(r#""change":"would-start""#), "{json}");

    let wrong = folder.path().join("wrong.yaml");
    std::fs::write(&wrong, "capacity: { out-max: a lot }\n").unwrap();
    let told = policy(&path, &["replay", wrong.to_str().unwrap()]);
    assert_eq!(told.status.code(), Some(2));
    assert!(complaint(&told).contains("capacity.out-max is `a lot`"), "{}", complaint(&told));
    let told = policy(&folder.path().join("no.db"), &["replay", wrong.to_str().unwrap()]);
    assert_ne!(told.status.code(), Some(0));
    let told = policy(&path, &["replay", "nowhere.yaml"]);
    assert!(complaint(&told).contains("nowhere.yaml cannot be read"), "{}", complaint(&told));
    store.close().await.unwrap();
}
