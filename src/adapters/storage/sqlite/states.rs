//! Production states, as runs and people set them, and the record of what people said.

use super::super::Guard;
use super::super::shapes::{SHAPE, decode, encode};
use super::rows::{health_of, lock_standing_of, run_id_of, time, unknown};
use crate::admission::{Declarer, HealthRow, Lock, SetBy, StateRow};
use crate::domain::command::CommandName;
use crate::domain::identity::PersonId;
use crate::domain::server::{ProductionState, ServerId};
use crate::ports::StoreFault;
use crate::ports::store::DeclaredRecord;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, query};

pub(super) async fn set(connection: &mut SqliteConnection, row: &StateRow) -> Result<Guard, StoreFault> {
    let upsert = query(
        "INSERT INTO server_states (server_id, state, run_id, since_ms, team, user, name, why, taken_by, changed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, (SELECT COALESCE(MAX(changed), 0) + 1 FROM server_states))
         ON CONFLICT (server_id) DO UPDATE
         SET state = excluded.state, run_id = excluded.run_id, since_ms = excluded.since_ms,
             team = excluded.team, user = excluded.user, name = excluded.name, why = excluded.why,
             taken_by = excluded.taken_by, changed = excluded.changed",
    );
    let (run, person) = (row.by.run(), row.by.person());
    // The column was there before people could set a state, and cannot be empty.
    let upsert = upsert.bind(row.server.as_str()).bind(row.state.word());
    let upsert = upsert.bind(run.map(ToString::to_string).unwrap_or_default()).bind(row.since.millis());
    let upsert = upsert.bind(person.map(|by| by.id.team.as_str())).bind(person.map(|by| by.id.user.as_str()));
    let upsert = upsert.bind(person.map(|by| by.name.as_str())).bind(person.map(|by| by.why.as_str()));
    let upsert = upsert.bind(row.taken_by.as_ref().map(ToString::to_string));
    upsert.execute(connection).await?;
    Ok(Guard::Holds)
}

/// A person's word, if everything that it relies on is still so.
pub(super) async fn declare(connection: &mut SqliteConnection, record: &DeclaredRecord) -> Result<Guard, StoreFault> {
    let (change, server) = (&record.change, record.change.row.server.as_str());
    let states = query(
        "SELECT server_id, state, run_id, since_ms, team, user, name, why, taken_by
         FROM server_states WHERE server_id = $1",
    );
    let state = states.bind(server).fetch_optional(&mut *connection).await?;
    let locks =
        query("SELECT server_id, run_id, command, since_ms, standing, taken_from FROM locks WHERE server_id = $1");
    let lock = locks.bind(server).fetch_optional(&mut *connection).await?;
    let looks = query("SELECT server_id, health, seen_at_ms FROM health_looks WHERE server_id = $1");
    let look = looks.bind(server).fetch_optional(&mut *connection).await?;
    let state = state.as_ref().map(state_row_of).transpose()?;
    let lock = lock.as_ref().map(lock_of).transpose()?;
    let look = look.as_ref().map(look_of).transpose()?;
    if !change.holds(state.as_ref(), lock.as_ref(), look.as_ref()) {
        return Ok(Guard::Stale);
    }
    if let Some(run) = &change.takes_over {
        let delete = query("DELETE FROM locks WHERE server_id = $1 AND run_id = $2");
        delete.bind(server).bind(run.to_string()).execute(&mut *connection).await?;
    }
    set(connection, &change.row).await?;
    let insert = query("INSERT INTO declarations (server_id, at_ms, shape, body) VALUES ($1, $2, $3, $4)");
    let insert = insert.bind(server).bind(change.row.since.millis()).bind(SHAPE).bind(encode(record));
    insert.execute(connection).await?;
    Ok(Guard::Holds)
}

/// The states that have changed since that number.
pub(super) async fn changed(connection: &mut SqliteConnection, since: i64) -> Result<Vec<StateRow>, StoreFault> {
    let select = query(
        "SELECT server_id, state, run_id, since_ms, team, user, name, why, taken_by
         FROM server_states WHERE changed > $1",
    );
    select.bind(since).fetch_all(connection).await?.iter().map(state_row_of).collect()
}

/// The looks that have changed since that number.
pub(super) async fn looks_changed(connection: &mut SqliteConnection, since: i64) -> Result<Vec<HealthRow>, StoreFault> {
    let select = query("SELECT server_id, health, seen_at_ms FROM health_looks WHERE changed > $1");
    select.bind(since).fetch_all(connection).await?.iter().map(look_of).collect()
}

pub(super) async fn declarations(
    connection: &mut SqliteConnection,
    server: &ServerId,
    limit: usize,
) -> Result<Vec<DeclaredRecord>, StoreFault> {
    let select = query("SELECT shape, body FROM declarations WHERE server_id = $1 ORDER BY sequence DESC LIMIT $2");
    let select = select.bind(server.as_str()).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = select.fetch_all(connection).await?;
    rows.iter().map(|row| decode("a declaration", row.try_get("shape")?, row.try_get("body")?)).collect()
}

fn state_row_of(row: &SqliteRow) -> Result<StateRow, StoreFault> {
    let word = row.try_get::<&str, _>("state")?;
    let by = match row.try_get::<Option<&str>, _>("user")? {
        None => SetBy::Run(run_id_of(row.try_get("run_id")?)?),
        Some(user) => SetBy::Person(Declarer {
            id: PersonId::new(row.try_get::<Option<&str>, _>("team")?.unwrap_or_default(), user),
            name: row.try_get::<Option<String>, _>("name")?.unwrap_or_default(),
            why: row.try_get::<Option<String>, _>("why")?.unwrap_or_default(),
        }),
    };
    Ok(StateRow {
        server: ServerId::new(row.try_get::<&str, _>("server_id")?),
        state: ProductionState::of_word(word).ok_or_else(|| unknown("a server's state", word))?,
        by,
        taken_by: row.try_get::<Option<&str>, _>("taken_by")?.map(run_id_of).transpose()?,
        since: time(row, "since_ms")?,
    })
}

pub(super) fn lock_of(row: &SqliteRow) -> Result<Lock, StoreFault> {
    Ok(Lock {
        server: ServerId::new(row.try_get::<&str, _>("server_id")?),
        run: run_id_of(row.try_get("run_id")?)?,
        command: CommandName::new(row.try_get::<&str, _>("command")?),
        since: time(row, "since_ms")?,
        standing: lock_standing_of(row.try_get("standing")?)?,
        taken_from: row.try_get::<Option<&str>, _>("taken_from")?.map(run_id_of).transpose()?,
    })
}

pub(super) fn look_of(row: &SqliteRow) -> Result<HealthRow, StoreFault> {
    Ok(HealthRow {
        server: ServerId::new(row.try_get::<&str, _>("server_id")?),
        health: health_of(row.try_get("health")?)?,
        seen_at: time(row, "seen_at_ms")?,
    })
}
