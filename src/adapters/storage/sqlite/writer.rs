//! The writer: the task with the only write connection. Whatever waits goes into one commit; while it reaches the
//! disk the next batch forms, so there is no timer.
//!
//! Deliberately absent: what is written (`work`).

use super::recent::{Recent, Shared};
use super::work::{self, Verdict};
use crate::admission::Ledger;
use crate::domain::ids::OperationId;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::chat::Envelope;
use crate::ports::store::{Committed, Operation, Write};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// The most jobs in one commit.
const BATCH_JOBS_MAX: usize = 256;

/// What the writer is asked to do, and where the answer goes.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) answer: oneshot::Sender<Result<Committed, StoreFault>>,
}

/// Each is written whole or not at all.
#[derive(Debug)]
pub(super) enum Task {
    /// Keeps an envelope.
    Keep(Envelope),
    /// Writes an operation.
    Commit(Operation),
    /// Offers the ledger, and writes what comes back.
    Reserve {
        /// The operation.
        id: OperationId,
        /// Where the ledger goes; more than once if the commit is tried again.
        offers: mpsc::Sender<Offer>,
    },
    /// Takes over every run that is not over.
    Claim(Timestamp),
}

/// The ledger as it is inside the transaction, and the way back for what is decided.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) ledger: Ledger,
    pub(super) writes: oneshot::Sender<Vec<Write>>,
}

type Outcome = Result<Committed, StoreFault>;

pub(super) struct Writer {
    options: SqliteConnectOptions,
    /// `None` after a fault: a connection that failed inside a transaction is not trusted again.
    connection: Option<SqliteConnection>,
    recent: Arc<Shared>,
}

impl Writer {
    pub(super) fn new(options: SqliteConnectOptions, connection: SqliteConnection, recent: Arc<Shared>) -> Self {
        Self { options, connection: Some(connection), recent }
    }

    /// Writes batch after batch; ends, with its connection closed, once nobody can hand in more.
    pub(super) async fn write_until_closed(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH_JOBS_MAX);
        while queue.recv_many(&mut batch, BATCH_JOBS_MAX).await > 0 {
            self.write(std::mem::take(&mut batch)).await;
        }
        self.hang_up().await;
    }

    /// One commit for all; if that fails, one for each, so that one job's trouble stays its own.
    async fn write(&mut self, batch: Vec<Job>) {
        match self.attempt(&batch).await {
            Ok(outcomes) => batch.into_iter().zip(outcomes).for_each(|(job, outcome)| answer(job, outcome)),
            Err(fault) if batch.len() == 1 => {
                batch.into_iter().for_each(|job| answer(job, Err(fault.clone())));
            }
            Err(_) => {
                for job in batch {
                    let outcome = self.attempt(std::slice::from_ref(&job)).await;
                    answer(job, outcome.and_then(|outcomes| outcomes.into_iter().next().unwrap_or_else(no_outcome)));
                }
            }
        }
    }

    async fn attempt(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, StoreFault> {
        let outcomes = self.transaction(jobs).await;
        if outcomes.is_err() {
            self.hang_up().await;
        }
        outcomes
    }

    async fn transaction(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, StoreFault> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.options.connect().await?),
        };
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut outcomes = Vec::with_capacity(jobs.len());
        let mut recent: Recent = self.recent.now();
        for job in jobs {
            let mut savepoint = transaction.begin().await?;
            let outcome = match work::perform(&mut savepoint, &job.task, &mut recent).await? {
                Verdict::Keep(committed) => {
                    savepoint.commit().await?;
                    Ok(committed)
                }
                Verdict::TakeBack(outcome) => {
                    savepoint.rollback().await?;
                    outcome
                }
            };
            outcomes.push(outcome);
        }
        transaction.commit().await?;
        // Before, what it read may never have come to be.
        self.recent.keep(recent);
        Ok(outcomes)
    }

    async fn hang_up(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(fault) = connection.close().await
        {
            tracing::warn!(%fault, "the write connection did not close cleanly");
        }
    }
}

fn no_outcome() -> Outcome {
    Err(StoreFault::Unavailable("the writer has no outcome for it".into()))
}

/// The task goes first: a caller that waits for offers learns that there are no more.
fn answer(job: Job, outcome: Outcome) {
    let Job { task, answer } = job;
    drop(task);
    // A caller that is gone asks again with the same operation id, if it still wants to know.
    drop(answer.send(outcome));
}
