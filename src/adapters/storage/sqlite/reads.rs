//! The connections that read, and what they are asked. Each question is one statement, so it sees one moment.

use super::super::shapes::decode;
use super::decoded::Decoded;
use super::recent::Recent;
use super::rows::{request_id_of, time, time_if_any, unknown};
use super::{BUSY_TIMEOUT, breakers, cannot_open, starts, states};
use crate::admission::{Ledger, Lock, Snapshot};
use crate::domain::command::CommandName;
use crate::domain::identity::PersonId;
use crate::domain::ids::{EnvelopeKey, Fingerprint, Handle, RequestId, RunId};
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::chat::Envelope;
use crate::ports::store::{Control, DecisionRecord};
use crate::workflow::request::Request;
use crate::workflow::run::Run;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, query};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

/// How many questions are answered at the same time.
const READERS: usize = 4;

/// Read-only connections, lent one question at a time.
#[derive(Debug)]
pub(super) struct Readers {
    /// `None` once closed.
    connections: Vec<Mutex<Option<SqliteConnection>>>,
    turn: AtomicUsize,
}

impl Readers {
    pub(super) async fn open(path: &Path) -> Result<Self, StoreFault> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
        let options = options.disable_statement_logging();
        let mut connections = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let connection = options.connect().await.map_err(|fault| cannot_open(path, &fault))?;
            connections.push(Mutex::new(Some(connection)));
        }
        Ok(Self { connections, turn: AtomicUsize::new(0) })
    }

    /// A free connection, or the one whose turn it is once it is free.
    pub(super) async fn lend(&self) -> Result<MappedMutexGuard<'_, SqliteConnection>, StoreFault> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (late, early) = self.connections.split_at(turn % READERS);
        let free = early.iter().chain(late).find_map(|connection| connection.try_lock().ok());
        let lent = match (free, early.first()) {
            (Some(free), _) => free,
            (None, Some(connection)) => connection.lock().await,
            (None, None) => return Err(is_closed()),
        };
        MutexGuard::try_map(lent, Option::as_mut).map_err(|_| is_closed())
    }

    pub(super) async fn close(&self) -> Result<(), StoreFault> {
        for connection in &self.connections {
            if let Some(connection) = connection.lock().await.take() {
                connection.close().await?;
            }
        }
        Ok(())
    }
}

fn is_closed() -> StoreFault {
    StoreFault::Unavailable("the store is closed".into())
}

/// SQLite counts in 64 bits; nobody asks for more rows than that.
pub(super) fn rows_at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) async fn open_envelopes(
    connection: &mut SqliteConnection,
    limit: usize,
) -> Result<Vec<Envelope>, StoreFault> {
    let select = query(
        "SELECT key, raw, received_at_ms FROM envelopes WHERE outcome IS NULL
         ORDER BY received_at_ms, sequence LIMIT $1",
    );
    let rows = select.bind(rows_at_most(limit)).fetch_all(connection).await?;
    let envelope = |row| {
        Ok(Envelope {
            key: EnvelopeKey::new(sqlx::Row::try_get::<String, _>(row, "key")?),
            raw: sqlx::Row::try_get(row, "raw")?,
            received_at: time(row, "received_at_ms")?,
        })
    };
    rows.iter().map(envelope).collect()
}

pub(super) async fn request(
    (connection, decoded): (&mut SqliteConnection, &Decoded),
    id: &RequestId,
) -> Result<Option<Request>, StoreFault> {
    let select = query(
        "SELECT request_id, seq, shape, body FROM request_events WHERE request_id = $1
         ORDER BY seq",
    );
    let rows = select.bind(id.to_string()).fetch_all(connection).await?;
    Ok(decoded.requests(&rows)?.pop())
}

pub(super) async fn open_requests(
    (connection, decoded): (&mut SqliteConnection, &Decoded),
) -> Result<Vec<Request>, StoreFault> {
    let select = query(
        "SELECT event.request_id, event.seq, event.shape, event.body
         FROM requests AS request JOIN request_events AS event ON event.request_id = request.id
         WHERE request.is_open = 1
         ORDER BY request.sequence, event.seq",
    );
    decoded.requests(&select.fetch_all(connection).await?)
}

pub(super) async fn troubled_requests(
    (connection, decoded): (&mut SqliteConnection, &Decoded),
    now: Timestamp,
) -> Result<Vec<Request>, StoreFault> {
    let select = query(
        "SELECT event.request_id, event.seq, event.shape, event.body
         FROM requests AS request JOIN request_events AS event ON event.request_id = request.id
         WHERE request.trouble_until_ms > $1 AND request.trouble_until_ms > 0 AND request.is_open = 0
         ORDER BY request.sequence, event.seq",
    );
    decoded.requests(&select.bind(now.millis()).fetch_all(connection).await?)
}

pub(super) async fn newest_of(
    (connection, decoded): (&mut SqliteConnection, &Decoded),
    person: &PersonId,
    limit: usize,
) -> Result<Vec<Request>, StoreFault> {
    let select = query(
        "SELECT event.request_id, event.seq, event.shape, event.body
         FROM (SELECT id, sequence FROM requests WHERE requester = $1 ORDER BY sequence DESC LIMIT $2) AS request
         JOIN request_events AS event ON event.request_id = request.id
         ORDER BY request.sequence DESC, event.seq",
    );
    decoded.requests(&select.bind(person.to_string()).bind(rows_at_most(limit)).fetch_all(connection).await?)
}

pub(super) async fn newest_with(
    (connection, decoded): (&mut SqliteConnection, &Decoded),
    command: &CommandName,
    limit: usize,
) -> Result<Vec<Request>, StoreFault> {
    let select = query(
        "SELECT event.request_id, event.seq, event.shape, event.body
         FROM (SELECT id, sequence FROM requests WHERE command = $1 ORDER BY sequence DESC LIMIT $2) AS request
         JOIN request_events AS event ON event.request_id = request.id
         ORDER BY request.sequence DESC, event.seq",
    );
    decoded.requests(&select.bind(command.as_str()).bind(rows_at_most(limit)).fetch_all(connection).await?)
}

pub(super) async fn run(
    (connection, decoded): (&mut SqliteConnection, &Decoded),
    id: &RunId,
) -> Result<Option<Run>, StoreFault> {
    let select = query(
        "SELECT event.run_id, event.seq, event.shape, event.body, run.epoch
         FROM runs AS run JOIN run_events AS event ON event.run_id = run.id
         WHERE run.id = $1
         ORDER BY event.seq",
    );
    let rows = select.bind(id.to_string()).fetch_all(connection).await?;
    Ok(decoded.runs(&rows)?.pop())
}

pub(super) async fn runs(
    (connection, decoded): (&mut SqliteConnection, &Decoded),
    request: &RequestId,
) -> Result<Vec<Run>, StoreFault> {
    let select = query(
        "SELECT event.run_id, event.seq, event.shape, event.body, run.epoch
         FROM runs AS run JOIN run_events AS event ON event.run_id = run.id
         WHERE run.request_id = $1
         ORDER BY run.number, event.seq",
    );
    decoded.runs(&select.bind(request.to_string()).fetch_all(connection).await?)
}

pub(super) async fn due_runs(
    (connection, decoded): (&mut SqliteConnection, &Decoded),
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Run>, StoreFault> {
    let select = query(
        "SELECT event.run_id, event.seq, event.shape, event.body, run.epoch
         FROM (SELECT id, request_id, number, epoch, wake_at_ms FROM runs
               WHERE state <> 'over' AND wake_at_ms IS NOT NULL AND wake_at_ms <= $1
               ORDER BY wake_at_ms, request_id, number LIMIT $2) AS run
         JOIN run_events AS event ON event.run_id = run.id
         ORDER BY run.wake_at_ms, run.request_id, run.number, event.seq",
    );
    decoded.runs(&select.bind(now.millis()).bind(rows_at_most(limit)).fetch_all(connection).await?)
}

pub(super) async fn next_run_wake(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreFault> {
    let select = query(
        "SELECT min(wake_at_ms) AS wake_at_ms FROM runs
         WHERE state <> 'over' AND wake_at_ms IS NOT NULL AND wake_at_ms > $1",
    );
    time_if_any(&select.bind(now.millis()).fetch_one(connection).await?, "wake_at_ms")
}

pub(super) async fn control(connection: &mut SqliteConnection, handle: &Handle) -> Result<Option<Control>, StoreFault> {
    let select = query("SELECT shape, action, bound, used_at_ms FROM controls WHERE handle = $1");
    let Some(row) = select.bind(handle.as_str()).fetch_optional(connection).await? else { return Ok(None) };
    let shape = row.try_get("shape")?;
    Ok(Some(Control {
        handle: handle.clone(),
        action: decode("a control's action", shape, row.try_get("action")?)?,
        bound: decode("a control's bounds", shape, row.try_get("bound")?)?,
        used_at: time_if_any(&row, "used_at_ms")?,
    }))
}

pub(super) async fn decisions(
    connection: &mut SqliteConnection,
    request: &RequestId,
) -> Result<Vec<DecisionRecord>, StoreFault> {
    let select = query(
        "SELECT request_id, at_ms, verdict, evidence, shape, decided, snapshot FROM decisions WHERE request_id = $1
         ORDER BY sequence",
    );
    let rows = select.bind(request.to_string()).fetch_all(connection).await?;
    rows.iter().map(decision).collect()
}

/// How many decisions are read at once where many may have to be looked through.
pub(super) const DECISIONS_PER_PAGE: usize = 100;

/// Decisions of that moment or later, with their numbers, in order.
pub(super) async fn decided_since(
    connection: &mut SqliteConnection,
    since: Timestamp,
    (after, limit): (i64, usize),
) -> Result<Vec<(i64, DecisionRecord)>, StoreFault> {
    let select = query(
        "SELECT sequence, request_id, at_ms, verdict, evidence, shape, decided, snapshot FROM decisions
         WHERE sequence > $1 AND at_ms >= $2 ORDER BY sequence LIMIT $3",
    );
    let select = select.bind(after).bind(since.millis()).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = select.fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("sequence")?, decision(row)?))).collect()
}

pub(super) fn decision(row: &sqlx::sqlite::SqliteRow) -> Result<DecisionRecord, StoreFault> {
    Ok(DecisionRecord {
        request: request_id_of(row.try_get("request_id")?)?,
        at: time(row, "at_ms")?,
        verdict: row.try_get("verdict")?,
        evidence: row.try_get("evidence")?,
        decided: match row.try_get::<Option<&str>, _>("decided")? {
            Some(decided) => decode("a decision", row.try_get("shape")?, decided)?,
            None => Vec::new(),
        },
        snapshot: row.try_get::<Option<&str>, _>("snapshot")?.map(fingerprint_of).transpose()?,
    })
}

/// Locks, states, health and open breakers; the caller holds the transaction that makes them of one moment.
pub(super) async fn snapshot(
    connection: &mut SqliteConnection,
    id: &Fingerprint,
) -> Result<Option<Snapshot>, StoreFault> {
    let select = query("SELECT shape, body FROM snapshots WHERE id = $1").bind(id.hex());
    let Some(row) = select.fetch_optional(connection).await? else { return Ok(None) };
    decode("a snapshot", row.try_get("shape")?, row.try_get("body")?).map(Some)
}

fn fingerprint_of(hex: &str) -> Result<Fingerprint, StoreFault> {
    Fingerprint::from_hex(hex).ok_or_else(|| unknown("a snapshot's id", hex))
}

/// Locks, states, health and brakes; the caller holds the transaction that makes them of one moment.
pub(super) async fn ledger(connection: &mut SqliteConnection, recent: &mut Recent) -> Result<Ledger, StoreFault> {
    let locks = locks(connection).await?.into_iter().map(|lock| (lock.server.clone(), lock)).collect();
    let (states, health) = recent.catch_up(connection).await?;
    let breakers = breakers::open(connection).await?.into_iter().map(|row| (row.scope.clone(), row)).collect();
    let failures = breakers::failures(connection).await?;
    let (starts, paces) = (starts::lately(connection).await?, starts::newest_paces(connection).await?);
    let brakes = super::brakes::on(connection).await?;
    Ok(Ledger { locks, states, health, breakers, failures, starts, paces: Arc::new(paces), brakes })
}

async fn locks(connection: &mut SqliteConnection) -> Result<Vec<Lock>, StoreFault> {
    let select = query("SELECT server_id, run_id, command, since_ms, standing, taken_from FROM locks");
    select.fetch_all(connection).await?.iter().map(states::lock_of).collect()
}
