//! One conformance suite for every store, a random comparison of them, and what only a file can show.

mod authorizations;
mod brakes;
mod breakers;
mod conformance;
pub(crate) mod decided;
mod declarations;
mod delivery;
mod files;
mod racing;
mod random;
mod shell;
mod troubles;
pub(crate) mod values;

use std::path::{Path, PathBuf};
use wrasse::adapters::storage::memory::MemoryStore;
use wrasse::adapters::storage::sqlite::SqliteStore;
use wrasse::domain::ids::OperationId;
use wrasse::ports::Store;
use wrasse::ports::store::{Committed, Operation, Write};

/// Runs the same questions against every store.
async fn on_every_store(check: impl AsyncFn(&dyn Store)) {
    eprintln!("on the model");
    check(&MemoryStore::new()).await;
    eprintln!("on SQLite");
    let folder = tempfile::tempdir().unwrap();
    let store = open(&database(folder.path())).await;
    check(&store).await;
    store.close().await.unwrap();
}

fn database(folder: &Path) -> PathBuf {
    folder.join("wrasse.db")
}

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).await.unwrap()
}

fn operation(id: impl Into<String>, writes: Vec<Write>) -> Operation {
    Operation { id: OperationId::new(id), writes }
}

async fn commit(store: &dyn Store, id: &str, writes: Vec<Write>) -> Committed {
    store.commit(operation(id, writes)).await.unwrap()
}

/// Commits what must hold.
async fn does(store: &dyn Store, id: &str, writes: Vec<Write>) {
    assert_eq!(commit(store, id, writes).await, Committed::Done, "{id}");
}

/// Commits what must not hold any more, together with a write that would be seen if it were made.
async fn is_stale(store: &dyn Store, id: &str, write: Write) {
    let witness = values::control(&format!("witness of {id}"));
    let handle = witness.handle.clone();
    let writes = vec![Write::Control(witness), write];
    assert_eq!(commit(store, id, writes.clone()).await, Committed::Stale, "{id}");
    assert_eq!(store.control(&handle).await.unwrap(), None, "{id} left something behind");
    assert_eq!(commit(store, id, writes).await, Committed::Stale, "{id} must not count as done");
}
