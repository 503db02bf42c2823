//! What people say of servers: written if what it relies on is still so, read back with the record, and older rows beside it.

use super::values::*;
use super::{database, does, is_stale, on_every_store, open};
use sqlx::query;
use wrasse::admission::{Health, LockStanding, StateRow};
use wrasse::domain::server::ProductionState::{Drained, Maintenance, Repair};
use wrasse::domain::server::ServerId;
use wrasse::ports::Store;
use wrasse::ports::store::{DeclaredRecord, Write};

fn write(record: &DeclaredRecord) -> Write {
    Write::Declared(Box::new(record.clone()))
}

async fn state(store: &dyn Store, name: &str) -> Option<StateRow> {
    store.ledger().await.unwrap().states.get(&ServerId::new(name)).cloned()
}

#[tokio::test]
async fn a_word_is_written_only_over_the_state_that_it_was_said_of() {
    on_every_store(async |store| {
        let (run, name) = (run_id(1), "s-1");
        let first = declared(name, Maintenance, None);
        does(store, "said", vec![write(&first)]).await;
        assert_eq!(state(store, name).await, Some(first.change.row.clone()));
        is_stale(store, "said of a server that had no state", write(&declared(name, Repair, None))).await;
        let drained = state_row(name, &run, Drained);
        is_stale(store, "said of another state", write(&declared(name, Repair, Some(drained.clone())))).await;
        does(store, "a run goes on", vec![Write::ServerState(drained.clone())]).await;
        assert_eq!(state(store, name).await, Some(drained.clone()), "a run's state has no person");
        is_stale(store, "said before the run", write(&declared(name, Repair, Some(first.change.row.clone())))).await;
        let second = declared(name, Repair, Some(drained));
        does(store, "said anew", vec![write(&second)]).await;
        assert_eq!(state(store, name).await, Some(second.change.row.clone()));
        let said = store.declarations(&server(name), 9).await.unwrap();
        assert_eq!(said, [second.clone(), first], "the newest first");
        assert_eq!(store.declarations(&server(name), 1).await.unwrap(), [second]);
        assert_eq!(store.declarations(&server("s-2"), 9).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_word_is_not_written_where_a_run_works_or_the_server_serves() {
    on_every_store(async |store| {
        let (one, two, name) = (run_id(1), run_id(2), "s-1");
        let over = |run| {
            let mut record = declared(name, Repair, None);
            record.change.takes_over = Some(run);
            record
        };
        is_stale(store, "a lock that is not there", write(&over(one.clone()))).await;
        does(store, "lock", vec![Write::Lock(lock(name, &one))]).await;
        is_stale(store, "at work", write(&declared(name, Repair, None))).await;
        is_stale(store, "at work, not left behind", write(&over(one.clone()))).await;
        does(store, "fail", vec![Write::LockLeftBehind { server: server(name), run: one.clone() }]).await;
        is_stale(store, "left behind by another", write(&over(two))).await;
        does(store, "seen", vec![Write::Health(health_row(name, Health::Serving, 1))]).await;
        is_stale(store, "it serves", write(&over(one.clone()))).await;
        let left = store.ledger().await.unwrap().locks.get(&server(name)).map(|lock| lock.standing);
        assert_eq!(left, Some(LockStanding::LeftBehind), "what is stale releases nothing");
        does(store, "seen out", vec![Write::Health(health_row(name, Health::Failing, 2))]).await;
        does(store, "taken over", vec![write(&over(one))]).await;
        assert_eq!(store.ledger().await.unwrap().locks.get(&server(name)), None);
        does(store, "seen again", vec![Write::Health(health_row(name, Health::Serving, 3))]).await;
        let row = state(store, name).await;
        is_stale(store, "maintenance", write(&declared(name, Maintenance, row.clone()))).await;
        does(store, "ready", vec![write(&declared(name, Drained, row))]).await;
    })
    .await;
}

#[tokio::test]
async fn states_of_an_earlier_version_are_their_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let store = open(&path).await;
    let row = state_row("s-1", &run_id(1), Drained);
    does(&store, "drained", vec![Write::ServerState(row.clone())]).await;
    store.close().await.unwrap();
    let mut other = super::files::raw(&path).await;
    for back in [
        "ALTER TABLE server_states DROP COLUMN taken_by",
        "DROP INDEX server_states_changed",
        "ALTER TABLE server_states DROP COLUMN changed",
        "DROP INDEX health_looks_changed",
        "ALTER TABLE health_looks DROP COLUMN changed",
        "ALTER TABLE server_states DROP COLUMN team",
        "ALTER TABLE server_states DROP COLUMN user",
        "ALTER TABLE server_states DROP COLUMN name",
        "ALTER TABLE server_states DROP COLUMN why",
        "DROP TABLE declarations",
        "DELETE FROM _sqlx_migrations WHERE version IN (14, 17)",
    ] {
        query(back).execute(&mut other).await.unwrap();
    }
    drop(other);
    let store = open(&path).await;
    assert_eq!(state(&store, "s-1").await, Some(row.clone()));
    let said = declared("s-1", Repair, Some(row));
    does(&store, "said", vec![write(&said)]).await;
    store.close().await.unwrap();
    let store = open(&path).await;
    assert_eq!(state(&store, "s-1").await, Some(said.change.row.clone()));
    assert_eq!(store.declarations(&server("s-1"), 9).await.unwrap(), [said]);
    store.close().await.unwrap();
}
