//! Starts in rows: when work began on servers, and how long it took.

use super::rows::time;
use crate::admission::{Lock, PACED_STARTS_MAX, RATE_OVER, Start, paces};
use crate::domain::command::CommandName;
use crate::domain::ids::RunId;
use crate::domain::time::{Timestamp, millis};
use crate::ports::StoreFault;
use crate::workflow::pace::Pace;
use crate::workflow::run::{RunEvent, RunOutcome};
use sqlx::{Row, SqliteConnection, query};
use std::collections::BTreeMap;
use std::time::Duration;

/// Whoever takes the lock on a server starts on it.
pub(super) async fn begun(connection: &mut SqliteConnection, lock: &Lock) -> Result<(), StoreFault> {
    let insert =
        query("INSERT INTO starts (run_id, at_ms, command) VALUES ($1, $2, $3) ON CONFLICT (run_id, at_ms) DO NOTHING");
    let insert = insert.bind(lock.run.to_string()).bind(lock.since.millis()).bind(lock.command.as_str());
    insert.execute(connection).await?;
    Ok(())
}

/// A run that is done tells how long its last start took.
pub(super) async fn ended(
    connection: &mut SqliteConnection,
    run: &RunId,
    events: &[RunEvent],
) -> Result<(), StoreFault> {
    for event in events {
        let RunEvent::Ended { at, outcome: RunOutcome::Done } = event else { continue };
        let update = query(
            "UPDATE starts SET took_ms = max($1 - at_ms, 0)
             WHERE run_id = $2 AND at_ms = (SELECT max(at_ms) FROM starts WHERE run_id = $2)",
        );
        update.bind(at.millis()).bind(run.to_string()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Those of the minute before the newest, in order.
pub(super) async fn lately(connection: &mut SqliteConnection) -> Result<Vec<Start>, StoreFault> {
    let select = query(
        "SELECT at_ms, command FROM starts WHERE at_ms > (SELECT max(at_ms) FROM starts) - $1 ORDER BY at_ms, command",
    );
    let rows = select.bind(millis(RATE_OVER)).fetch_all(connection).await?;
    let start = |row: &sqlx::sqlite::SqliteRow| {
        Ok(Start { at: time(row, "at_ms")?, command: CommandName::new(row.try_get::<&str, _>("command")?) })
    };
    rows.iter().map(start).collect()
}

/// How long each command took on one server, in the newest that are done.
pub(super) async fn newest_paces(connection: &mut SqliteConnection) -> Result<BTreeMap<CommandName, Pace>, StoreFault> {
    let select = query(
        "SELECT command, took_ms FROM starts WHERE took_ms IS NOT NULL ORDER BY at_ms DESC, run_id DESC LIMIT $1",
    );
    let rows = select.bind(i64::try_from(PACED_STARTS_MAX).unwrap_or(i64::MAX)).fetch_all(connection).await?;
    let case = |row: &sqlx::sqlite::SqliteRow| {
        let took: Duration = time(row, "took_ms")?.since(Timestamp::default());
        Ok((CommandName::new(row.try_get::<&str, _>("command")?), took))
    };
    Ok(paces(rows.iter().map(case).collect::<Result<Vec<_>, StoreFault>>()?))
}
