//! Finished runs and breakers in rows.

use super::super::Guard;
use super::super::shapes::{SHAPE, decode, encode};
use super::rows::{run_id_of, time, unknown};
use crate::admission::{
    Breaker, FinishedAs, FinishedRun, FinishedServer, SERVER_FAILURES_KEPT_FOR, ServerFailure, Tally,
};
use crate::domain::breaker::BreakerScope;
use crate::domain::command::CommandName;
use crate::domain::identity::Asker;
use crate::domain::server::{ServerId, ServerName, ServerType, SiteName};
use crate::domain::time::{Timestamp, millis};
use crate::ports::StoreFault;
use crate::ports::store::FailureRecord;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, query};
use std::collections::BTreeMap;

/// The place of the last finished run; 0 before the first.
async fn last_finished(connection: &mut SqliteConnection) -> Result<i64, StoreFault> {
    let row = query("SELECT coalesce(max(sequence), 0) AS last FROM finished_runs").fetch_one(connection).await?;
    Ok(row.try_get("last")?)
}

pub(super) async fn finish(
    connection: &mut SqliteConnection,
    run: &FinishedRun,
    last: i64,
) -> Result<Guard, StoreFault> {
    if last_finished(connection).await? != last {
        return Ok(Guard::Stale);
    }
    let insert = query(
        "INSERT INTO finished_runs
         (sequence, run_id, command, site, server_id, server_name, server_type, version, finished_as, at_ms, asked_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (run_id) DO NOTHING",
    );
    let server = run.server.as_ref();
    let insert = insert.bind(last + 1).bind(run.run.to_string()).bind(run.command.as_str());
    let insert = insert.bind(run.site.as_ref().map(SiteName::as_str)).bind(server.map(|server| server.id.as_str()));
    let insert = insert.bind(server.map(|server| server.name.as_str()));
    let insert = insert.bind(server.map(|server| server.server_type.as_str())).bind(run.version.as_deref());
    // A run counts once, by what was known of it first.
    let insert = insert.bind(run.finished_as.word()).bind(run.at.millis()).bind(run.asked_by.word());
    insert.execute(connection).await?;
    Ok(Guard::Holds)
}

pub(super) async fn finished_runs(
    connection: &mut SqliteConnection,
    scope: &BreakerScope,
    limit: usize,
) -> Result<FailureRecord, StoreFault> {
    let last = last_finished(&mut *connection).await?;
    let closed = query("SELECT coalesce(max(closed_after), 0) AS place FROM breakers WHERE scope = $1");
    let closed = closed.bind(scope.to_string()).fetch_one(&mut *connection).await?;
    let closed_after = closed.try_get::<i64, _>("place")?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // One statement for each kind of scope, so that each is answered by its own index.
    let rows = match scope {
        BreakerScope::Command { command } => query(
            "SELECT run_id, command, site, server_id, server_name, server_type, version, finished_as, at_ms, asked_by
             FROM finished_runs WHERE command = $1 AND sequence > $2 ORDER BY sequence DESC LIMIT $3",
        )
        .bind(command.as_str())
        .bind(closed_after)
        .bind(limit)
        .fetch_all(connection),
        BreakerScope::Site { command, site } => query(
            "SELECT run_id, command, site, server_id, server_name, server_type, version, finished_as, at_ms, asked_by
             FROM finished_runs WHERE command = $1 AND sequence > $2 AND site = $4 ORDER BY sequence DESC LIMIT $3",
        )
        .bind(command.as_str())
        .bind(closed_after)
        .bind(limit)
        .bind(site.as_str())
        .fetch_all(connection),
        BreakerScope::Version { command, server_type, version } => query(
            "SELECT run_id, command, site, server_id, server_name, server_type, version, finished_as, at_ms, asked_by
             FROM finished_runs
             WHERE command = $1 AND sequence > $2 AND server_type = $4 AND version = $5
             ORDER BY sequence DESC LIMIT $3",
        )
        .bind(command.as_str())
        .bind(closed_after)
        .bind(limit)
        .bind(server_type.as_str())
        .bind(version.as_str())
        .fetch_all(connection),
        BreakerScope::Server { command, server } => query(
            "SELECT run_id, command, site, server_id, server_name, server_type, version, finished_as, at_ms, asked_by
             FROM finished_runs
             WHERE command = $1 AND sequence > $2 AND server_name = $4 AND asked_by = 'automation'
             ORDER BY sequence DESC LIMIT $3",
        )
        .bind(command.as_str())
        .bind(closed_after)
        .bind(limit)
        .bind(server.as_str())
        .fetch_all(connection),
    };
    let runs = rows.await?.iter().map(finished_run).collect::<Result<_, _>>()?;
    Ok(FailureRecord { last, runs })
}

/// How many runs of a scope's command have finished since then outside of it, and how many of them failed.
pub(super) async fn elsewhere(
    connection: &mut SqliteConnection,
    scope: &BreakerScope,
    since: Timestamp,
) -> Result<Tally, StoreFault> {
    let select = match scope {
        // Nothing of a command lies outside of it.
        BreakerScope::Command { .. } => return Ok(Tally::default()),
        BreakerScope::Site { command, site } => query(
            "SELECT count(*) AS finished, coalesce(sum(finished_as <> 'succeeded'), 0) AS failed FROM finished_runs
             WHERE command = $1 AND at_ms > $2 AND site IS NOT $3",
        )
        .bind(command.as_str())
        .bind(since.millis())
        .bind(site.as_str()),
        BreakerScope::Version { command, server_type, version } => query(
            "SELECT count(*) AS finished, coalesce(sum(finished_as <> 'succeeded'), 0) AS failed FROM finished_runs
             WHERE command = $1 AND at_ms > $2 AND NOT (server_type IS $3 AND version IS $4)",
        )
        .bind(command.as_str())
        .bind(since.millis())
        .bind(server_type.as_str())
        .bind(version.as_str()),
        BreakerScope::Server { command, server } => query(
            "SELECT count(*) AS finished, coalesce(sum(finished_as <> 'succeeded'), 0) AS failed FROM finished_runs
             WHERE command = $1 AND at_ms > $2 AND NOT (server_name IS $3 AND asked_by = 'automation')",
        )
        .bind(command.as_str())
        .bind(since.millis())
        .bind(server.as_str()),
    };
    let row = select.fetch_one(connection).await?;
    let count = |column| Ok::<_, StoreFault>(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX));
    Ok(Tally { failures: count("failed")?, of: count("finished")? })
}

/// The newest failure on each server that its command has not made good since, of the day before the newest of all; none
/// from before the breaker of that command on that server was closed, whose scope is written like this.
pub(super) async fn failures(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<ServerId, ServerFailure>, StoreFault> {
    let select = query(
        "SELECT server_id, server_name, command, run_id, at_ms FROM finished_runs AS failed
         WHERE finished_as <> 'succeeded' AND server_id IS NOT NULL AND at_ms > $1 + (
             SELECT max(at_ms) FROM finished_runs WHERE finished_as <> 'succeeded' AND server_id IS NOT NULL)
         AND NOT EXISTS (
             SELECT 1 FROM finished_runs AS later WHERE later.command = failed.command
             AND later.server_name = failed.server_name AND later.sequence > failed.sequence)
         AND NOT EXISTS (
             SELECT 1 FROM breakers WHERE scope = failed.command || ' server=' || failed.server_name
             AND closed_after >= failed.sequence)
         ORDER BY +failed.sequence",
    );
    // The plus keeps SQLite from walking the whole record in that order, where an index knows the few that failed.
    let rows = select.bind(-millis(SERVER_FAILURES_KEPT_FOR)).fetch_all(connection).await?;
    let failure = |row: &SqliteRow| {
        let server = ServerId::new(row.try_get::<String, _>("server_id")?);
        let failure = ServerFailure {
            server: server.clone(),
            name: ServerName::new(row.try_get::<String, _>("server_name")?),
            command: CommandName::new(row.try_get::<&str, _>("command")?),
            run: run_id_of(row.try_get("run_id")?)?,
            at: time(row, "at_ms")?,
        };
        Ok((server, failure))
    };
    rows.iter().map(failure).collect()
}

fn finished_run(row: &SqliteRow) -> Result<FinishedRun, StoreFault> {
    let text = |column| row.try_get::<Option<String>, _>(column);
    let server = match (text("server_id")?, text("server_name")?, text("server_type")?) {
        (Some(id), Some(name), Some(server_type)) => Some(FinishedServer {
            id: ServerId::new(id),
            name: ServerName::new(name),
            server_type: ServerType::new(server_type),
        }),
        _ => None,
    };
    let word = row.try_get::<&str, _>("finished_as")?;
    let finished_as = FinishedAs::ALL.into_iter().find(|finished_as| finished_as.word() == word);
    let asker = row.try_get::<&str, _>("asked_by")?;
    let asked_by = Asker::ALL.into_iter().find(|asked_by| asked_by.word() == asker);
    Ok(FinishedRun {
        run: run_id_of(row.try_get("run_id")?)?,
        command: CommandName::new(row.try_get::<&str, _>("command")?),
        site: text("site")?.map(SiteName::new),
        server,
        version: text("version")?,
        finished_as: finished_as.ok_or_else(|| unknown("how a run finished", word))?,
        at: time(row, "at_ms")?,
        asked_by: asked_by.ok_or_else(|| unknown("by whom a run was asked for", asker))?,
    })
}

/// A breaker as it is after `version - 1` writes; a closed one is not written again.
pub(super) async fn put(connection: &mut SqliteConnection, breaker: &Breaker) -> Result<Guard, StoreFault> {
    let last = last_finished(&mut *connection).await?;
    let (scope, opened_at) = (breaker.scope.to_string(), breaker.opened_at.millis());
    let stored = query("SELECT version, closed_after FROM breakers WHERE scope = $1 AND opened_at_ms = $2");
    let stored = stored.bind(&scope).bind(opened_at).fetch_optional(&mut *connection).await?;
    let (version, is_closed) = match stored {
        Some(row) => (row.try_get::<i64, _>("version")?, row.try_get::<Option<i64>, _>("closed_after")?.is_some()),
        None => (0, false),
    };
    if version + 1 != breaker.version.0 || is_closed {
        return Ok(Guard::Stale);
    }
    // Another open one of the scope is a conflict on the index of open ones, for which nothing is written.
    let upsert = query(
        "INSERT INTO breakers (scope, opened_at_ms, version, shape, body, closed_after)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (scope, opened_at_ms) DO UPDATE
         SET version = excluded.version, shape = excluded.shape, body = excluded.body,
             closed_after = excluded.closed_after
         WHERE version = $7
         ON CONFLICT DO NOTHING",
    );
    let upsert = upsert.bind(scope).bind(opened_at).bind(breaker.version.0).bind(SHAPE).bind(encode(breaker));
    let upsert = upsert.bind(breaker.closed.as_ref().map(|_| last)).bind(version);
    Ok(Guard::of(upsert.execute(connection).await?.rows_affected() == 1))
}

pub(super) async fn breaker(
    connection: &mut SqliteConnection,
    scope: &BreakerScope,
    opened_at: Timestamp,
) -> Result<Option<Breaker>, StoreFault> {
    let select = query("SELECT scope, shape, body FROM breakers WHERE scope = $1 AND opened_at_ms = $2");
    let row = select.bind(scope.to_string()).bind(opened_at.millis()).fetch_optional(connection).await?;
    row.as_ref().map(breaker_of).transpose()
}

pub(super) async fn open(connection: &mut SqliteConnection) -> Result<Vec<Breaker>, StoreFault> {
    let select = query("SELECT scope, shape, body FROM breakers WHERE closed_after IS NULL");
    let mut open = select.fetch_all(connection).await?.iter().map(breaker_of).collect::<Result<Vec<_>, _>>()?;
    open.sort_by(|one, other| one.scope.cmp(&other.scope));
    Ok(open)
}

fn breaker_of(row: &SqliteRow) -> Result<Breaker, StoreFault> {
    let what = format!("the breaker of {:?}", row.try_get::<&str, _>("scope")?);
    decode(&what, row.try_get("shape")?, row.try_get("body")?)
}
