//! What one task does inside the writer's transaction, write by write.

use super::super::Guard;
use super::super::shapes::{SHAPE, encode};
use super::super::standing::{RunStanding, ends_request};
use super::recent::Recent;
use super::rows::{health_word, lock_word, standing_of};
use super::writer::{Offer, Task};
use super::{authorizations, brakes, breakers, decided, homes, outbox, reads, starts, states};
use crate::admission::{HealthRow, Lock, LockStanding, Snapshot};
use crate::domain::ids::{EnvelopeKey, Epoch, Fingerprint, Handle, OperationId, RequestId, RunId, Version};
use crate::domain::server::ServerId;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::chat::Envelope;
use crate::ports::store::{Committed, Control, Write};
use crate::workflow::request::RequestEvent;
use crate::workflow::run::RunEvent;
use sqlx::{Row, SqliteConnection, query};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long the transaction stays open for a caller that decides. Everything else waits meanwhile.
const DECIDE_TIMEOUT: Duration = Duration::from_secs(1);

/// What becomes of a task's writes.
pub(super) enum Verdict {
    /// They stay.
    Keep(Committed),
    /// They are rolled back, without harm to the rest of the batch.
    TakeBack(Result<Committed, StoreFault>),
}

pub(super) async fn perform(
    connection: &mut SqliteConnection,
    task: &Task,
    recent: &mut Recent,
) -> Result<Verdict, StoreFault> {
    match task {
        Task::Keep(envelope) => {
            keep(connection, envelope).await?;
            Ok(Verdict::Keep(Committed::Done))
        }
        Task::Commit(operation) => {
            if is_done(connection, &operation.id).await? {
                return Ok(Verdict::Keep(Committed::AlreadyDone));
            }
            write_all(connection, &operation.id, &operation.writes).await
        }
        Task::Reserve { id, offers } => reserve(connection, id, offers, recent).await,
        Task::Claim(now) => {
            wake_runs_at_work(connection, *now).await?;
            raise_epochs(connection).await?;
            Ok(Verdict::Keep(Committed::Done))
        }
    }
}

async fn reserve(
    connection: &mut SqliteConnection,
    id: &OperationId,
    offers: &mpsc::Sender<Offer>,
    recent: &mut Recent,
) -> Result<Verdict, StoreFault> {
    if is_done(connection, id).await? {
        return Ok(Verdict::Keep(Committed::AlreadyDone));
    }
    let ledger = reads::ledger(connection, recent).await?;
    let (writes, decided) = oneshot::channel();
    let offered = offers.try_send(Offer { ledger, writes }).is_ok();
    let decided = if offered { tokio::time::timeout(DECIDE_TIMEOUT, decided).await.ok() } else { None };
    match decided {
        Some(Ok(writes)) if writes.is_empty() => Ok(Verdict::TakeBack(Ok(Committed::Done))),
        Some(Ok(writes)) => write_all(connection, id, &writes).await,
        Some(Err(_)) | None => {
            let why = "what to reserve was not decided in time; nothing was reserved";
            Ok(Verdict::TakeBack(Err(StoreFault::Unavailable(why.into()))))
        }
    }
}

async fn write_all(
    connection: &mut SqliteConnection,
    id: &OperationId,
    writes: &[Write],
) -> Result<Verdict, StoreFault> {
    for write in writes {
        if apply(connection, write).await? == Guard::Stale {
            return Ok(Verdict::TakeBack(Ok(Committed::Stale)));
        }
    }
    record_operation(connection, id).await?;
    Ok(Verdict::Keep(Committed::Done))
}

async fn apply(connection: &mut SqliteConnection, write: &Write) -> Result<Guard, StoreFault> {
    match write {
        Write::EnvelopeSettled { key, outcome } => settle_envelope(connection, key, outcome).await,
        Write::RequestEvents { id, expected, events } => request_goes_on(connection, id, *expected, events).await,
        Write::RunEvents { id, expected, epoch, events, wake_at } => {
            let fence = (*expected, *epoch);
            run_goes_on(connection, id, fence, (events, *wake_at)).await
        }
        Write::RunWake { id, epoch, wake_at } => wake_run(connection, id, *epoch, *wake_at).await,
        Write::ServerState(row) => states::set(connection, row).await,
        Write::Declared(record) => states::declare(connection, record).await,
        Write::Lock(lock) => take_lock(connection, lock).await,
        Write::LockParked { server, run } => hold_lock(connection, (server, run), LockStanding::Parked).await,
        Write::LockTakenUp { server, run } => hold_lock(connection, (server, run), LockStanding::Working).await,
        Write::LockLeftBehind { server, run } => leave_lock_behind(connection, server, run).await,
        Write::LockGivenBack { lock, by } => give_lock_back(connection, lock, by).await,
        Write::Unlock { server, run } => unlock(connection, server, run).await,
        Write::Control(control) => add_control(connection, control).await,
        Write::ControlUsed { handle, at } => use_control(connection, handle, *at).await,
        Write::Send(outgoing) => outbox::send(connection, outgoing).await,
        Write::SendBegun { key, at } => outbox::send_begun(connection, key, *at).await,
        Write::Delivered { key, revision, at, message } => {
            outbox::delivered(connection, key, (*revision, *at), message.as_ref()).await
        }
        Write::Postponed { key, until } => outbox::postponed(connection, key, *until).await,
        Write::Undeliverable { key, why } => outbox::undeliverable(connection, key, why).await,
        Write::HomeOpened { person, at } => homes::opened(connection, person, *at).await,
        Write::HomeShown { person, shown, at } => homes::shown(connection, person, (shown, *at)).await,
        Write::Health(row) => set_health(connection, row).await,
        Write::Decision(record) => decided::add(connection, record).await,
        Write::Finished { run, last } => breakers::finish(connection, run, *last).await,
        Write::Breaker(breaker) => breakers::put(connection, breaker).await,
        Write::Authorization(authorization) => authorizations::add(connection, authorization).await,
        Write::BrakeOn(brake) => brakes::put_on(connection, brake).await,
        Write::BrakeOff { id, end } => brakes::take_off(connection, id, end).await,
        Write::MayAct { server, touch, at } => brakes::none_forbids(connection, (server.as_ref(), *touch, *at)).await,
        Write::NoYoungerRequest { than } => none_is_younger(connection, than.as_ref()).await,
        Write::MemberSeen(member) => brakes::see_member(connection, member).await,
        Write::Snapshot { id, snapshot } => keep_snapshot(connection, id, snapshot).await,
    }
}

async fn is_done(connection: &mut SqliteConnection, id: &OperationId) -> Result<bool, StoreFault> {
    let row = query("SELECT outcome FROM operations WHERE operation_id = $1").bind(id.as_str());
    Ok(row.fetch_optional(connection).await?.is_some())
}

async fn record_operation(connection: &mut SqliteConnection, id: &OperationId) -> Result<(), StoreFault> {
    let insert = query("INSERT INTO operations (operation_id, outcome) VALUES ($1, $2)").bind(id.as_str()).bind("done");
    insert.execute(connection).await?;
    Ok(())
}

async fn keep(connection: &mut SqliteConnection, envelope: &Envelope) -> Result<(), StoreFault> {
    let insert = query(
        "INSERT INTO envelopes (key, raw, received_at_ms) VALUES ($1, $2, $3)
         ON CONFLICT (key) DO NOTHING",
    );
    let insert = insert.bind(envelope.key.as_str()).bind(envelope.raw.as_str()).bind(envelope.received_at.millis());
    insert.execute(connection).await?;
    Ok(())
}

async fn settle_envelope(
    connection: &mut SqliteConnection,
    key: &EnvelopeKey,
    outcome: &str,
) -> Result<Guard, StoreFault> {
    let update = query("UPDATE envelopes SET outcome = $1 WHERE key = $2 AND outcome IS NULL");
    let done = update.bind(outcome).bind(key.as_str()).execute(connection).await?;
    Ok(Guard::of(done.rows_affected() == 1))
}

fn version_after<T>(expected: Version, events: &[T]) -> i64 {
    expected.0.saturating_add(i64::try_from(events.len()).unwrap_or(i64::MAX))
}

async fn none_is_younger(connection: &mut SqliteConnection, than: Option<&RequestId>) -> Result<Guard, StoreFault> {
    let younger = query(
        "SELECT sequence FROM requests
         WHERE is_open = 1 AND sequence > coalesce((SELECT sequence FROM requests WHERE id = $1), 0) LIMIT 1",
    );
    let younger = younger.bind(than.map_or_else(String::new, ToString::to_string)).fetch_optional(connection).await?;
    Ok(Guard::of(younger.is_none()))
}

async fn request_goes_on(
    connection: &mut SqliteConnection,
    id: &RequestId,
    expected: Version,
    events: &[RequestEvent],
) -> Result<Guard, StoreFault> {
    let id = id.to_string();
    let stored = query("SELECT version FROM requests WHERE id = $1").bind(&id);
    let stored = stored.fetch_optional(&mut *connection).await?;
    let version = stored.map_or(Ok(0), |row| row.try_get::<i64, _>("version"))?;
    if version != expected.0 {
        return Ok(Guard::Stale);
    }
    if events.is_empty() {
        return Ok(Guard::Holds);
    }
    let is_open = i64::from(!events.iter().any(ends_request));
    let upsert = query(
        "INSERT INTO requests (id, version, is_open, requester, command, trouble_until_ms)
         VALUES ($1, $2, $3, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, is_open = min(is_open, excluded.is_open),
             trouble_until_ms = max(trouble_until_ms, excluded.trouble_until_ms)
         WHERE version = $4",
    );
    let upsert = upsert.bind(&id).bind(version_after(expected, events)).bind(is_open).bind(expected.0);
    // Only the first event makes the row, and it says whose the request is, and of which command.
    let (requester, command) = match events.first() {
        Some(RequestEvent::Accepted(accepted)) => (accepted.origin.person.to_string(), accepted.spec.name.to_string()),
        Some(_) | None => Default::default(),
    };
    let trouble_until = events.iter().filter_map(RequestEvent::trouble_until).max().unwrap_or_default();
    let upsert = upsert.bind(requester).bind(command).bind(trouble_until.millis());
    upsert.execute(&mut *connection).await?;
    for (seq, event) in (expected.0 + 1..).zip(events) {
        append_request_event(connection, &id, seq, event).await?;
    }
    Ok(Guard::Holds)
}

async fn append_request_event(
    connection: &mut SqliteConnection,
    id: &str,
    seq: i64,
    event: &RequestEvent,
) -> Result<(), StoreFault> {
    let insert = query("INSERT INTO request_events (request_id, seq, shape, body) VALUES ($1, $2, $3, $4)");
    insert.bind(id).bind(seq).bind(SHAPE).bind(encode(event)).execute(connection).await?;
    Ok(())
}

async fn run_goes_on(
    connection: &mut SqliteConnection,
    id: &RunId,
    (expected, epoch): (Version, Epoch),
    (events, wake_at): (&[RunEvent], Option<Timestamp>),
) -> Result<Guard, StoreFault> {
    let name = id.to_string();
    let stored = query("SELECT version, epoch, state FROM runs WHERE id = $1").bind(&name);
    let standing = match stored.fetch_optional(&mut *connection).await? {
        Some(row) => {
            let fence = (row.try_get::<i64, _>("version")?, row.try_get::<i64, _>("epoch")?);
            if fence != (expected.0, epoch.0) {
                return Ok(Guard::Stale);
            }
            standing_of(row.try_get("state")?)?
        }
        None if expected.0 != 0 => return Ok(Guard::Stale),
        None if events.is_empty() => return Ok(Guard::Holds),
        None => RunStanding::Waiting,
    };
    let upsert = query(
        "INSERT INTO runs (id, request_id, number, version, epoch, state, wake_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE
         SET version = excluded.version, state = excluded.state, wake_at_ms = excluded.wake_at_ms
         WHERE version = $8 AND epoch = excluded.epoch",
    );
    let standing = events.iter().fold(standing, RunStanding::after);
    let upsert = upsert.bind(&name).bind(id.request.to_string()).bind(id.number).bind(version_after(expected, events));
    let upsert = upsert.bind(epoch.0).bind(standing.word()).bind(wake_at.map(Timestamp::millis)).bind(expected.0);
    upsert.execute(&mut *connection).await?;
    for (seq, event) in (expected.0 + 1..).zip(events) {
        append_run_event(connection, &name, seq, event).await?;
    }
    starts::ended(connection, id, events).await?;
    Ok(Guard::Holds)
}

async fn append_run_event(
    connection: &mut SqliteConnection,
    id: &str,
    seq: i64,
    event: &RunEvent,
) -> Result<(), StoreFault> {
    let insert = query("INSERT INTO run_events (run_id, seq, shape, body) VALUES ($1, $2, $3, $4)");
    insert.bind(id).bind(seq).bind(SHAPE).bind(encode(event)).execute(connection).await?;
    Ok(())
}

async fn wake_run(
    connection: &mut SqliteConnection,
    id: &RunId,
    epoch: Epoch,
    wake_at: Timestamp,
) -> Result<Guard, StoreFault> {
    let update = query("UPDATE runs SET wake_at_ms = $1 WHERE id = $2 AND epoch = $3");
    let update = update.bind(wake_at.millis()).bind(id.to_string()).bind(epoch.0);
    Ok(Guard::of(update.execute(connection).await?.rows_affected() == 1))
}

async fn wake_runs_at_work(connection: &mut SqliteConnection, now: Timestamp) -> Result<(), StoreFault> {
    query("UPDATE runs SET wake_at_ms = $1 WHERE state = 'active'").bind(now.millis()).execute(connection).await?;
    Ok(())
}

async fn raise_epochs(connection: &mut SqliteConnection) -> Result<(), StoreFault> {
    query("UPDATE runs SET epoch = epoch + 1 WHERE state <> 'over'").execute(connection).await?;
    Ok(())
}

async fn take_lock(connection: &mut SqliteConnection, lock: &Lock) -> Result<Guard, StoreFault> {
    let upsert = query(
        "INSERT INTO locks (server_id, run_id, command, since_ms, standing, taken_from) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (server_id) DO UPDATE
         SET run_id = excluded.run_id, command = excluded.command, since_ms = excluded.since_ms,
             standing = excluded.standing, taken_from = excluded.taken_from
         WHERE locks.standing = $7 OR locks.run_id = excluded.run_id",
    );
    let upsert = upsert.bind(lock.server.as_str()).bind(lock.run.to_string()).bind(lock.command.as_str());
    let upsert = upsert.bind(lock.since.millis()).bind(lock_word(lock.standing));
    let upsert = upsert.bind(lock.taken_from.as_ref().map(ToString::to_string));
    let done = upsert.bind(lock_word(LockStanding::LeftBehind)).execute(&mut *connection).await?;
    if done.rows_affected() != 1 {
        return Ok(Guard::Stale);
    }
    starts::begun(connection, lock).await?;
    Ok(Guard::Holds)
}

/// What was left behind is nobody's to go on with.
async fn hold_lock(
    connection: &mut SqliteConnection,
    (server, run): (&ServerId, &RunId),
    standing: LockStanding,
) -> Result<Guard, StoreFault> {
    let update = query("UPDATE locks SET standing = $1 WHERE server_id = $2 AND run_id = $3 AND standing <> $4");
    let update = update.bind(lock_word(standing)).bind(server.as_str()).bind(run.to_string());
    let done = update.bind(lock_word(LockStanding::LeftBehind)).execute(connection).await?;
    Ok(Guard::of(done.rows_affected() == 1))
}

async fn leave_lock_behind(
    connection: &mut SqliteConnection,
    server: &ServerId,
    run: &RunId,
) -> Result<Guard, StoreFault> {
    let update = query("UPDATE locks SET standing = $1 WHERE server_id = $2 AND run_id = $3");
    let update = update.bind(lock_word(LockStanding::LeftBehind)).bind(server.as_str()).bind(run.to_string());
    Ok(Guard::of(update.execute(connection).await?.rows_affected() == 1))
}

/// To whoever had left it behind when that run took it over.
async fn give_lock_back(connection: &mut SqliteConnection, lock: &Lock, by: &RunId) -> Result<Guard, StoreFault> {
    let update = query(
        "UPDATE locks SET run_id = $1, command = $2, since_ms = $3, standing = $4, taken_from = NULL
         WHERE server_id = $5 AND run_id = $6 AND taken_from = $1",
    );
    let update = update.bind(lock.run.to_string()).bind(lock.command.as_str()).bind(lock.since.millis());
    let update = update.bind(lock_word(LockStanding::LeftBehind)).bind(lock.server.as_str()).bind(by.to_string());
    Ok(Guard::of(update.execute(connection).await?.rows_affected() == 1))
}

async fn unlock(connection: &mut SqliteConnection, server: &ServerId, run: &RunId) -> Result<Guard, StoreFault> {
    let delete = query("DELETE FROM locks WHERE server_id = $1 AND run_id = $2");
    let done = delete.bind(server.as_str()).bind(run.to_string()).execute(connection).await?;
    Ok(Guard::of(done.rows_affected() == 1))
}

/// A known handle stays what it is: a control that was used never becomes fresh again.
async fn add_control(connection: &mut SqliteConnection, control: &Control) -> Result<Guard, StoreFault> {
    let insert = query(
        "INSERT INTO controls (handle, shape, action, bound, used_at_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (handle) DO NOTHING",
    );
    let insert = insert.bind(control.handle.as_str()).bind(SHAPE).bind(encode(&control.action));
    let insert = insert.bind(encode(&control.bound)).bind(control.used_at.map(Timestamp::millis));
    insert.execute(connection).await?;
    Ok(Guard::Holds)
}

async fn use_control(connection: &mut SqliteConnection, handle: &Handle, at: Timestamp) -> Result<Guard, StoreFault> {
    let update = query("UPDATE controls SET used_at_ms = $1 WHERE handle = $2 AND used_at_ms IS NULL");
    let done = update.bind(at.millis()).bind(handle.as_str()).execute(connection).await?;
    Ok(Guard::of(done.rows_affected() == 1))
}

async fn set_health(connection: &mut SqliteConnection, row: &HealthRow) -> Result<Guard, StoreFault> {
    let upsert = query(
        "INSERT INTO health_looks (server_id, health, seen_at_ms, changed)
         VALUES ($1, $2, $3, (SELECT COALESCE(MAX(changed), 0) + 1 FROM health_looks))
         ON CONFLICT (server_id) DO UPDATE
         SET health = excluded.health, seen_at_ms = excluded.seen_at_ms, changed = excluded.changed",
    );
    let upsert = upsert.bind(row.server.as_str()).bind(health_word(row.health)).bind(row.seen_at.millis());
    upsert.execute(connection).await?;
    Ok(Guard::Holds)
}

/// Many decisions may be made on one snapshot.
async fn keep_snapshot(
    connection: &mut SqliteConnection,
    id: &Fingerprint,
    snapshot: &Snapshot,
) -> Result<Guard, StoreFault> {
    let insert = query("INSERT INTO snapshots (id, shape, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING");
    insert.bind(id.hex()).bind(SHAPE).bind(encode(snapshot)).execute(connection).await?;
    Ok(Guard::Holds)
}
