//! The store on one SQLite file: one writer task with the only write connection, and a few connections that read.
//!
//! Deliberately absent: a connection pool. Its timers and its tasks for returned connections do not bear paused
//! clocks, and four connections behind mutexes need neither.

mod authorizations;
mod brakes;
mod breakers;
mod decided;
mod decoded;
mod homes;
mod outbox;
mod reader;
mod reads;
mod recent;
mod rows;
mod schema;
mod starts;
mod states;
mod work;
mod writer;

use super::lock::ServingLock;
use crate::admission::{Brake, BrakeEnd, Breaker, Ledger, Snapshot, Tally};
use crate::domain::breaker::BreakerScope;
use crate::domain::command::CommandName;
use crate::domain::identity::PersonId;
use crate::domain::ids::{BrakeId, DeliveryKey, Fingerprint, Handle, OperationId, RequestId, RunId};
use crate::domain::place::MessageRef;
use crate::domain::server::ServerId;
use crate::domain::time::Timestamp;
use crate::ports::authorizations::{Authorization, Sought};
use crate::ports::chat::Envelope;
use crate::ports::decisions::{FoundDecisions, SoughtDecisions};
use crate::ports::store::{
    Committed, Control, Decide, DecisionRecord, DeclaredRecord, FailureRecord, Home, Operation, Scope, SeenMember, Slot,
};
use crate::ports::{Inbox, Store, StoreFault};
use crate::workflow::request::Request;
use crate::workflow::run::Run;
use async_trait::async_trait;
use decoded::Decoded;
pub use reader::SqliteReader;
use reads::Readers;
use recent::Shared;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use writer::{Job, Task, Writer};

/// How long a connection waits for another process (the command line) to finish its own short write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many jobs may wait for the writer before callers wait to hand theirs in.
const QUEUED_JOBS_MAX: usize = 4_096;

/// A store on one file. [`SqliteStore::close`] it before the file is used otherwise.
#[derive(Debug)]
pub struct SqliteStore {
    /// `None` once it is closed.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    readers: Readers,
    recent: Arc<Shared>,
    decoded: Decoded,
    /// The writer; dropping the store stops it.
    tasks: Mutex<JoinSet<()>>,
}

impl SqliteStore {
    /// Opens the file, makes it if there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// The file cannot be opened, or was written by a newer version.
    pub async fn open(path: &Path) -> Result<Self, StoreFault> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(|fault| cannot_open(path, &fault))?;
        schema::bring_up_to_date(&mut connection, path).await?;
        let readers = Readers::open(path).await?;
        let (jobs, queue) = mpsc::channel(QUEUED_JOBS_MAX);
        let mut tasks = JoinSet::new();
        let recent = Arc::<Shared>::default();
        tasks.spawn(Writer::new(options, connection, Arc::clone(&recent)).write_until_closed(queue));
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            readers,
            recent,
            decoded: Decoded::default(),
            tasks: Mutex::new(tasks),
        })
    }

    /// Opens a file beside whoever serves it. One of an older version is brought up to date only where nobody serves it: an
    /// older bot would be locked out of it.
    ///
    /// # Errors
    /// The file cannot be opened, or was written by another version.
    pub async fn beside(path: &Path) -> Result<Self, StoreFault> {
        let readers = Readers::open(path).await?;
        let is_new = schema::last_step(&mut *readers.lend().await?).await?.is_none();
        let is_of_this_version = schema::is_of_this_version(&mut *readers.lend().await?, path).await;
        readers.close().await?;
        if is_new || is_of_this_version.is_ok() {
            return Self::open(path).await;
        }
        // Held until it is up to date: nobody may begin to serve it meanwhile.
        let _nobody_serves = ServingLock::take(path).map_err(|fault| {
            let why = is_of_this_version.map_or_else(|fault| fault.to_string(), |()| String::new());
            StoreFault::Unavailable(format!(
                "{fault}, of another version ({why}); use the program that it runs, such as /proc/PID/exe, or write its line in the chat"
            ))
        })?;
        Self::open(path).await
    }

    /// Opens a file to look only: nothing is written to it, not even its schema, and whoever serves it is not disturbed.
    ///
    /// # Errors
    /// The file cannot be opened, or was written by another version.
    pub async fn look(path: &Path) -> Result<Self, StoreFault> {
        let readers = Readers::open(path).await?;
        schema::is_of_this_version(&mut *readers.lend().await?, path).await?;
        let recent = Arc::<Shared>::default();
        Ok(Self {
            jobs: Mutex::new(None),
            readers,
            recent,
            decoded: Decoded::default(),
            tasks: Mutex::new(JoinSet::new()),
        })
    }

    /// Finishes what was handed in, and closes every connection before it returns.
    ///
    /// # Errors
    /// The writer did not end as it should.
    pub async fn close(&self) -> Result<(), StoreFault> {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.readers.close().await?;
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(|fault| StoreFault::Unavailable(format!("the writer ended early: {fault}")))?;
        }
        Ok(())
    }

    /// Decisions of that moment or later with their numbers, in order: so many of those after that number.
    ///
    /// # Errors
    /// The file does not answer, or does not hold what it should.
    pub async fn decided_since(
        &self,
        since: Timestamp,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, DecisionRecord)>, StoreFault> {
        reads::decided_since(&mut *self.readers.lend().await?, since, (after, limit)).await
    }

    /// Hands a task to the writer; the answer comes after its commit.
    async fn hand_in(&self, task: Task) -> Result<oneshot::Receiver<Result<Committed, StoreFault>>, StoreFault> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let jobs = jobs.ok_or_else(|| StoreFault::Unavailable("the store is closed".into()))?;
        let (answer, answered) = oneshot::channel();
        jobs.send(Job { task, answer }).await.map_err(|_| writer_is_gone())?;
        Ok(answered)
    }

    async fn write(&self, task: Task) -> Result<Committed, StoreFault> {
        self.hand_in(task).await?.await.map_err(|_| writer_is_gone())?
    }
}

fn writer_is_gone() -> StoreFault {
    StoreFault::Unavailable("the writer has stopped; what was handed in may or may not be written".into())
}

fn cannot_open(path: &Path, fault: &sqlx::Error) -> StoreFault {
    StoreFault::Unavailable(format!("{} cannot be opened: {fault}", path.display()))
}

impl From<sqlx::Error> for StoreFault {
    fn from(fault: sqlx::Error) -> Self {
        if matches!(fault, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_)) {
            return Self::Unreadable(fault.to_string());
        }
        Self::Unavailable(fault.to_string())
    }
}

#[async_trait]
impl Inbox for SqliteStore {
    async fn keep(&self, envelope: Envelope) -> Result<(), StoreFault> {
        self.write(Task::Keep(envelope)).await.map(drop)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, operation: Operation) -> Result<Committed, StoreFault> {
        self.write(Task::Commit(operation)).await
    }

    /// The one write transaction is the lock on every scope. The writer sends the ledger over, and waits a bounded
    /// time for what is decided here; a caller that is gone by then has reserved nothing.
    async fn reserve(&self, id: OperationId, _scopes: &[Scope], decide: &Decide<'_>) -> Result<Committed, StoreFault> {
        let (offers, mut offered) = mpsc::channel(1);
        let answered = self.hand_in(Task::Reserve { id, offers }).await?;
        while let Some(offer) = offered.recv().await {
            let writes = decide(&offer.ledger);
            // The writer did not wait any longer: its answer says so.
            drop(offer.writes.send(writes));
        }
        answered.await.map_err(|_| writer_is_gone())?
    }

    async fn claim(&self, now: Timestamp) -> Result<(), StoreFault> {
        self.write(Task::Claim(now)).await.map(drop)
    }

    async fn open_envelopes(&self, limit: usize) -> Result<Vec<Envelope>, StoreFault> {
        reads::open_envelopes(&mut *self.readers.lend().await?, limit).await
    }

    async fn request(&self, id: &RequestId) -> Result<Option<Request>, StoreFault> {
        reads::request((&mut *self.readers.lend().await?, &self.decoded), id).await
    }

    async fn requests_of(&self, person: &PersonId, limit: usize) -> Result<Vec<Request>, StoreFault> {
        reads::newest_of((&mut *self.readers.lend().await?, &self.decoded), person, limit).await
    }

    async fn requests_with(&self, command: &CommandName, limit: usize) -> Result<Vec<Request>, StoreFault> {
        reads::newest_with((&mut *self.readers.lend().await?, &self.decoded), command, limit).await
    }

    async fn troubled_requests(&self, now: Timestamp) -> Result<Vec<Request>, StoreFault> {
        reads::troubled_requests((&mut *self.readers.lend().await?, &self.decoded), now).await
    }

    async fn open_requests(&self) -> Result<Vec<Request>, StoreFault> {
        reads::open_requests((&mut *self.readers.lend().await?, &self.decoded)).await
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreFault> {
        reads::run((&mut *self.readers.lend().await?, &self.decoded), id).await
    }

    async fn runs(&self, request: &RequestId) -> Result<Vec<Run>, StoreFault> {
        reads::runs((&mut *self.readers.lend().await?, &self.decoded), request).await
    }

    async fn due_runs(&self, now: Timestamp, limit: usize) -> Result<Vec<Run>, StoreFault> {
        reads::due_runs((&mut *self.readers.lend().await?, &self.decoded), now, limit).await
    }

    async fn next_run_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreFault> {
        reads::next_run_wake(&mut *self.readers.lend().await?, now).await
    }

    async fn due_slots(&self, now: Timestamp, limit: usize) -> Result<Vec<Slot>, StoreFault> {
        outbox::due_slots(&mut *self.readers.lend().await?, now, limit).await
    }

    async fn next_slot_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreFault> {
        outbox::next_slot_wake(&mut *self.readers.lend().await?, now).await
    }

    async fn slot(&self, key: &DeliveryKey) -> Result<Option<Slot>, StoreFault> {
        outbox::slot(&mut *self.readers.lend().await?, key).await
    }

    async fn slot_at(&self, message: &MessageRef) -> Result<Option<Slot>, StoreFault> {
        outbox::slot_at(&mut *self.readers.lend().await?, message).await
    }

    async fn answers_to(&self, person: &PersonId, limit: usize) -> Result<Vec<Slot>, StoreFault> {
        outbox::answers_to(&mut *self.readers.lend().await?, person, limit).await
    }

    async fn home(&self, person: &PersonId) -> Result<Option<Home>, StoreFault> {
        homes::home(&mut *self.readers.lend().await?, person).await
    }

    async fn homes(&self, since: Timestamp) -> Result<Vec<Home>, StoreFault> {
        homes::homes(&mut *self.readers.lend().await?, since).await
    }

    async fn control(&self, handle: &Handle) -> Result<Option<Control>, StoreFault> {
        reads::control(&mut *self.readers.lend().await?, handle).await
    }

    async fn finished_runs(&self, scope: &BreakerScope, limit: usize) -> Result<FailureRecord, StoreFault> {
        let mut connection = self.readers.lend().await?;
        // One transaction, so that the last run is the last of those that were looked at.
        let mut moment = sqlx::Connection::begin(&mut *connection).await?;
        let record = breakers::finished_runs(&mut moment, scope, limit).await?;
        moment.commit().await?;
        Ok(record)
    }

    async fn elsewhere(&self, scope: &BreakerScope, since: Timestamp) -> Result<Tally, StoreFault> {
        breakers::elsewhere(&mut *self.readers.lend().await?, scope, since).await
    }

    async fn breaker(&self, scope: &BreakerScope, opened_at: Timestamp) -> Result<Option<Breaker>, StoreFault> {
        breakers::breaker(&mut *self.readers.lend().await?, scope, opened_at).await
    }

    async fn open_breakers(&self) -> Result<Vec<Breaker>, StoreFault> {
        breakers::open(&mut *self.readers.lend().await?).await
    }

    async fn decisions(&self, request: &RequestId) -> Result<Vec<DecisionRecord>, StoreFault> {
        reads::decisions(&mut *self.readers.lend().await?, request).await
    }

    async fn decided(&self, sought: &SoughtDecisions) -> Result<FoundDecisions, StoreFault> {
        decided::sought(&mut *self.readers.lend().await?, sought).await
    }

    async fn snapshot(&self, id: &Fingerprint) -> Result<Option<Snapshot>, StoreFault> {
        reads::snapshot(&mut *self.readers.lend().await?, id).await
    }

    async fn ledger(&self) -> Result<Ledger, StoreFault> {
        let mut connection = self.readers.lend().await?;
        // One transaction, so that locks, states, health and brakes are of one moment.
        let mut moment = sqlx::Connection::begin(&mut *connection).await?;
        let mut recent = self.recent.now();
        let ledger = reads::ledger(&mut moment, &mut recent).await?;
        moment.commit().await?;
        self.recent.keep(recent);
        Ok(ledger)
    }

    async fn last_known(&self, person: &PersonId) -> Result<Option<Authorization>, StoreFault> {
        authorizations::last_known(&mut *self.readers.lend().await?, person).await
    }

    async fn authorizations(&self, sought: &Sought) -> Result<Vec<Authorization>, StoreFault> {
        authorizations::sought(&mut *self.readers.lend().await?, sought).await
    }

    async fn brakes(&self) -> Result<Vec<Brake>, StoreFault> {
        brakes::on(&mut *self.readers.lend().await?).await
    }

    async fn brake(&self, id: &BrakeId) -> Result<Option<(Brake, Option<BrakeEnd>)>, StoreFault> {
        brakes::brake(&mut *self.readers.lend().await?, id).await
    }

    async fn declarations(&self, server: &ServerId, limit: usize) -> Result<Vec<DeclaredRecord>, StoreFault> {
        states::declarations(&mut *self.readers.lend().await?, server, limit).await
    }

    async fn member_seen(&self, person: &PersonId) -> Result<Option<SeenMember>, StoreFault> {
        brakes::member_seen(&mut *self.readers.lend().await?, person).await
    }
}
