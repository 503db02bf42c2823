//! What only a file can show: restarts, crashes, several processes, group commit, the serving lock, newer schemas.

use super::values::*;
use super::{commit, database, does, open, operation};
use sqlx::{ConnectOptions, query};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use wrasse::adapters::storage::lock::{LockFault, ServingLock};
use wrasse::adapters::storage::sqlite::SqliteStore;
use wrasse::admission::{Health, Ledger, LockStanding};
use wrasse::domain::identity::PersonId;
use wrasse::domain::ids::{Handle, OperationId};
use wrasse::domain::server::ProductionState;
use wrasse::ports::store::{Committed, DecisionRecord, Write};
use wrasse::ports::{Inbox, Store, StoreFault};
use wrasse::workflow::Request;

pub(super) async fn raw(path: &Path) -> sqlx::SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

#[tokio::test]
async fn after_a_restart_the_answers_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let (id, run) = (request_id("2mq9"), run_id(1));
    let decision = DecisionRecord {
        request: id.clone(),
        at: at(3),
        verdict: "wait".into(),
        evidence: "the pool".into(),
        decided: Vec::new(),
        snapshot: None,
    };

    let store = open(&path).await;
    store.keep(envelope("event:1", 1)).await.unwrap();
    let writes = vec![
        request_events(&id, 0, vec![accepted(&id), card_posted("1.0")]),
        run_events(&run, (0, 0), vec![planned(), admitted(1)], Some(7)),
        Write::Lock(lock("s-1", &run)),
        Write::ServerState(state_row("s-1", &run, ProductionState::Draining)),
        Write::Health(health_row("s-1", Health::Serving, 1)),
        Write::Control(control("h-1")),
        Write::Send(outgoing("card", "2mq9", live())),
        Write::Send(outgoing("note", "2mq9", fixed("a note"))),
        Write::Send(outgoing("form", "form", form("a form"))),
        delivered("card", 1, Some("1.0")),
        Write::Decision(decision.clone()),
    ];
    does(&store, "everything", writes.clone()).await;
    let before = everything(&store).await;
    store.close().await.unwrap();

    let store = open(&path).await;
    assert_eq!(everything(&store).await, before);
    assert_eq!(store.decisions(&id).await.unwrap(), [decision]);
    assert_eq!(commit(&store, "everything", writes).await, Committed::AlreadyDone);
    store.close().await.unwrap();
}

async fn everything(store: &dyn Store) -> String {
    let id = request_id("2mq9");
    let open = (store.open_envelopes(9).await, store.open_requests().await, store.runs(&id).await);
    let due = (store.due_runs(at(99), 9).await, store.due_slots(at(99), 9).await);
    let one = (store.control(&Handle::new("h-1")).await, store.slot_at(&message_ref("1.0")).await);
    format!("{open:#?} {due:#?} {one:#?} {:#?}", store.ledger().await)
}

#[tokio::test]
async fn a_closed_store_answers_that_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let store = open(&path).await;
    store.close().await.unwrap();
    let closed = StoreFault::Unavailable("the store is closed".into());
    assert_eq!(store.keep(envelope("event:1", 1)).await, Err(closed.clone()));
    assert_eq!(store.commit(operation("late", Vec::new())).await, Err(closed.clone()));
    assert_eq!(store.ledger().await, Err(closed));
    store.close().await.unwrap();
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert_eq!(left, ["wrasse.db"], "the log was not folded into the file");
}

/// One commit for all that wait is what makes a store of one file fast enough; the log shows how many there were.
#[tokio::test]
async fn what_waits_together_is_committed_together() {
    let folder = tempfile::tempdir().unwrap();
    let (one_by_one, together) = (folder.path().join("one.db"), folder.path().join("all.db"));
    let operations =
        || (0..200).map(|n| operation(format!("op {n}"), vec![Write::Control(control(&format!("h-{n}")))]));
    let log = |path: &Path| std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
    let first = open(&one_by_one).await;
    // The schema is written there too.
    let before = log(&one_by_one);
    for operation in operations() {
        assert_eq!(first.commit(operation).await, Ok(Committed::Done));
    }
    let second = open(&together).await;
    let outcomes = futures::future::join_all(operations().map(|operation| second.commit(operation))).await;
    assert_eq!(outcomes, vec![Ok(Committed::Done); 200]);
    let (one_by_one, together) = (log(&one_by_one) - before, log(&together) - before);
    assert!(together * 4 < one_by_one, "{together} and {one_by_one}");
    first.close().await.unwrap();
    second.close().await.unwrap();
}

/// In one batch, what is stale or repeated does not harm its neighbours.
#[tokio::test]
async fn in_a_batch_each_operation_stands_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&database(folder.path())).await;
    let id = request_id("2mq9");
    does(&store, "accept", vec![request_events(&id, 0, vec![accepted(&id)])]).await;
    let card = |n: usize| {
        let writes = vec![Write::Control(control(&format!("h-{n}"))), request_events(&id, 1, vec![card_posted("1.0")])];
        operation(format!("card {n}"), writes)
    };
    let mut batch = (0..100).map(card).collect::<Vec<_>>();
    batch.extend((100..150).map(|n| operation(format!("op {n}"), vec![Write::Control(control(&format!("h-{n}")))])));
    batch.push(card(0));
    let outcomes = futures::future::join_all(batch.into_iter().map(|operation| store.commit(operation))).await;
    let mut expected = vec![Ok(Committed::Done)];
    expected.extend(vec![Ok(Committed::Stale); 99]);
    expected.extend(vec![Ok(Committed::Done); 50]);
    expected.push(Ok(Committed::AlreadyDone));
    assert_eq!(outcomes, expected);
    for (n, is_there) in [(0, true), (1, false), (99, false), (100, true)] {
        let found = store.control(&Handle::new(format!("h-{n}"))).await.unwrap();
        assert_eq!(found.is_some(), is_there, "h-{n}");
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_caller_that_vanishes_while_it_reserves_has_reserved_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&database(folder.path())).await);
    let wants = |_: &Ledger| vec![Write::Lock(lock("s-1", &run_id(1)))];

    // It is gone before the ledger reaches it.
    let mut reserving = store.reserve(OperationId::new("gone"), &[], &wants);
    assert!(futures::poll!(reserving.as_mut()).is_pending());
    drop(reserving);
    does(store.as_ref(), "meanwhile", vec![Write::Control(control("h-1"))]).await;

    // It breaks down while it decides.
    let mut tasks = JoinSet::new();
    let breaking = Arc::clone(&store);
    tasks.spawn(async move { breaking.reserve(OperationId::new("broken"), &[], &|_| panic!("on purpose")).await });
    assert!(tasks.join_next().await.unwrap().is_err_and(|fault| fault.is_panic()));
    does(store.as_ref(), "afterwards", vec![Write::Control(control("h-2"))]).await;

    // It is there, but does not look for longer than the writer waits.
    let mut sleeping = store.reserve(OperationId::new("late"), &[], &wants);
    assert!(futures::poll!(sleeping.as_mut()).is_pending());
    does(store.as_ref(), "after the wait", vec![Write::Control(control("h-3"))]).await;
    assert!(matches!(sleeping.await, Err(StoreFault::Unavailable(_))));

    assert!(store.ledger().await.unwrap().locks.is_empty());
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_keeps_every_commit_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    for crash in 0..5 {
        let store = Arc::new(open(&path).await);
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let mut people = JoinSet::new();
        for person in 0..8 {
            let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
            people.spawn(async move {
                for n in 0.. {
                    let name = format!("{crash} {person} {n}");
                    does(store.as_ref(), &name, vec![Write::Control(control(&name))]).await;
                    acknowledged.lock().unwrap().push(name);
                }
            });
        }
        let enough = async {
            while acknowledged.lock().unwrap().len() < 100 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), enough).await.expect("commits go on");
        people.abort_all();
        while people.join_next().await.is_some() {}
        drop(Arc::into_inner(store).expect("everybody else is gone"));

        let store = open(&path).await;
        let names = acknowledged.lock().unwrap().clone();
        for name in &names {
            assert!(store.control(&Handle::new(name)).await.unwrap().is_some(), "{name} is lost");
            assert_eq!(commit(&store, name, Vec::new()).await, Committed::AlreadyDone, "{name} is forgotten");
        }
        store.close().await.unwrap();
    }
    let check = query("PRAGMA integrity_check").fetch_one(&mut raw(&path).await).await.unwrap();
    assert_eq!(sqlx::Row::get::<String, _>(&check, 0), "ok");
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    open(&path).await.close().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (99, 'from the future', 1, x'00', 0)";
    query(newer).execute(&mut raw(&path).await).await.unwrap();
    let fault = SqliteStore::open(&path).await.unwrap_err();
    let expected = format!(
        "the store holds something unreadable: {} was written by a newer version: its schema has step 99, this \
         version knows steps up to 20",
        path.display()
    );
    assert_eq!(fault.to_string(), expected);
}

#[tokio::test]
async fn requests_of_an_earlier_version_have_their_command() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let store = open(&path).await;
    let id = request_id("2mq9");
    does(&store, "accept", vec![request_events(&id, 0, vec![accepted(&id)])]).await;
    let command = store.request(&id).await.unwrap().unwrap().spec.name.clone();
    store.close().await.unwrap();
    let mut other = raw(&path).await;
    for back in [
        "DROP INDEX requests_by_command",
        "ALTER TABLE requests DROP COLUMN command",
        "ALTER TABLE decisions DROP COLUMN shape",
        "ALTER TABLE decisions DROP COLUMN decided",
        "ALTER TABLE decisions DROP COLUMN snapshot",
        "DROP TABLE snapshots",
        "DELETE FROM _sqlx_migrations WHERE version = 7",
    ] {
        query(back).execute(&mut other).await.unwrap();
    }
    drop(other);
    let store = open(&path).await;
    let found = store.requests_with(&command, 9).await.unwrap();
    assert_eq!(found.iter().map(|request| request.id().clone()).collect::<Vec<_>>(), [id]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn requests_of_an_earlier_version_have_their_requester() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let store = open(&path).await;
    let id = request_id("2mq9");
    does(&store, "accept", vec![request_events(&id, 0, vec![accepted(&id)])]).await;
    store.close().await.unwrap();
    let mut other = raw(&path).await;
    for back in [
        "DROP INDEX requests_by_requester",
        "ALTER TABLE requests DROP COLUMN requester",
        "DELETE FROM _sqlx_migrations WHERE version = 2",
    ] {
        query(back).execute(&mut other).await.unwrap();
    }
    drop(other);
    let store = open(&path).await;
    let own = store.requests_of(&PersonId::new("T0WRASSE", "U0ANA"), 9).await.unwrap();
    assert_eq!(own.iter().map(Request::id).collect::<Vec<_>>(), [&id]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn requests_of_an_earlier_version_have_no_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let store = open(&path).await;
    let id = request_id("2mq9");
    does(&store, "accept", vec![request_events(&id, 0, vec![accepted(&id), request_halted(5), request_ended(6)])])
        .await;
    store.close().await.unwrap();
    let mut other = raw(&path).await;
    for back in [
        "DROP INDEX requests_troubled",
        "ALTER TABLE requests DROP COLUMN trouble_until_ms",
        "DELETE FROM _sqlx_migrations WHERE version = 12",
    ] {
        query(back).execute(&mut other).await.unwrap();
    }
    drop(other);
    let store = open(&path).await;
    assert_eq!(store.troubled_requests(at(7)).await.unwrap(), []);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_run_of_an_earlier_version_that_asked_a_person_is_parked() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let store = open(&path).await;
    let asked = vec![planned(), admitted(1), step_begun(), act_answered(), person_asked()];
    let ended = vec![planned(), admitted(1), step_begun(), act_answered(), person_asked(), run_ended(2)];
    for (number, events) in [(1, vec![planned(), admitted(1)]), (2, asked.clone()), (3, ended), (4, asked)] {
        does(&store, &format!("run {number}"), vec![run_events(&run_id(number), (0, 0), events, None)]).await;
        does(&store, &format!("lock {number}"), vec![Write::Lock(lock(&format!("s-{number}"), &run_id(number)))]).await;
    }
    does(&store, "leave", vec![Write::LockLeftBehind { server: server("s-3"), run: run_id(3) }]).await;
    store.close().await.unwrap();
    let mut other = raw(&path).await;
    query("DELETE FROM _sqlx_migrations WHERE version = 18").execute(&mut other).await.unwrap();
    drop(other);
    let store = open(&path).await;
    let locks = store.ledger().await.unwrap().locks;
    let standing = |name: &str| locks.get(&server(name)).map(|lock| lock.standing);
    assert_eq!(standing("s-1"), Some(LockStanding::Working));
    assert_eq!(standing("s-2"), Some(LockStanding::Parked));
    assert_eq!(standing("s-3"), Some(LockStanding::LeftBehind));
    assert_eq!(standing("s-4"), Some(LockStanding::Parked));
    store.close().await.unwrap();
}

#[tokio::test]
async fn private_answers_of_an_earlier_version_have_their_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let store = open(&path).await;
    let answers =
        ["note", "echo"].map(|key| Write::Send(private(key, "U0ANA", if key == "note" { fixed(key) } else { live() })));
    does(&store, "say", answers.to_vec()).await;
    does(&store, "there", vec![delivered("note", 1, None), delivered("echo", 1, None)]).await;
    store.close().await.unwrap();
    let mut other = raw(&path).await;
    for back in [
        "DROP INDEX slots_by_reader",
        "ALTER TABLE slots DROP COLUMN reader",
        "ALTER TABLE slots DROP COLUMN delivered_at_ms",
        "DROP TABLE homes",
        "DELETE FROM _sqlx_migrations WHERE version = 3",
    ] {
        query(back).execute(&mut other).await.unwrap();
    }
    drop(other);
    let store = open(&path).await;
    let told = store.answers_to(&person("U0ANA"), 9).await.unwrap();
    let told = told.iter().map(|slot| (slot.outgoing.key.as_str(), slot.delivered_at)).collect::<Vec<_>>();
    assert_eq!(told, [("note", None)]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let store = open(&path).await;
    let (id, run) = (request_id("2mq9"), run_id(1));
    does(&store, "accept", vec![request_events(&id, 0, vec![accepted(&id)])]).await;
    does(&store, "plan", vec![run_events(&run, (0, 0), vec![planned(), admitted(1)], None)]).await;
    let mut other = raw(&path).await;
    query("UPDATE request_events SET shape = 9").execute(&mut other).await.unwrap();
    query("UPDATE run_events SET body = '{}' WHERE seq = 2").execute(&mut other).await.unwrap();
    let why = "req-2mq9 event 1 has shape 9, this version reads shape 1";
    assert_eq!(store.request(&id).await, Err(StoreFault::Unreadable(why.into())));
    assert_eq!(store.open_requests().await, Err(StoreFault::Unreadable(why.into())));
    let why = "run-2mq9.1 event 2: `kind`: expected a text, found nothing";
    assert_eq!(store.run(&run).await, Err(StoreFault::Unreadable(why.into())));
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder.path().join("nowhere"));
    let fault = SqliteStore::open(&path).await.unwrap_err().to_string();
    assert!(fault.contains(&format!("{} cannot be opened", path.display())), "{fault}");
}

#[test]
fn a_second_process_may_not_serve() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let first = ServingLock::take(&path).unwrap();
    let second = ServingLock::take(&path).unwrap_err();
    let expected = format!(
        "another process (pid {}) already serves {}: stop it first, or give this one its own database",
        std::process::id(),
        path.display()
    );
    assert_eq!(second.to_string(), expected);
    drop(first);
    ServingLock::take(&path).unwrap();
    let nowhere = ServingLock::take(&folder.path().join("nowhere").join("wrasse.db"));
    assert!(matches!(nowhere, Err(LockFault::Unusable { .. })));
}
