//! Stored answers to "may they?".

use super::super::Guard;
use super::super::shapes::{SHAPE, decode, encode};
use super::reads::rows_at_most;
use super::rows::{request_id_of, time, unknown};
use crate::domain::identity::PersonId;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::authorizations::{Authorization, Occasion, Sought};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, query};

pub(super) async fn add(connection: &mut SqliteConnection, authorization: &Authorization) -> Result<Guard, StoreFault> {
    let insert = query(
        "INSERT INTO authorizations (at_ms, occasion, request_id, person, standing, shape, record)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let insert = insert.bind(authorization.at.millis()).bind(authorization.occasion.word());
    let insert = insert.bind(authorization.request.as_ref().map(ToString::to_string));
    let record = &authorization.record;
    let insert = insert.bind(format!("{}/{}", record.team, record.user)).bind(record.standing.as_str());
    insert.bind(SHAPE).bind(encode(record)).execute(connection).await?;
    Ok(Guard::Holds)
}

pub(super) async fn sought(
    connection: &mut SqliteConnection,
    sought: &Sought,
) -> Result<Vec<Authorization>, StoreFault> {
    let limit = rows_at_most(sought.limit);
    let rows = match &sought.request {
        Some(request) => {
            let select = query(
                "SELECT at_ms, occasion, request_id, shape, record FROM authorizations
                 WHERE request_id = $1 AND at_ms >= $2 ORDER BY sequence DESC LIMIT $3",
            );
            let select = select.bind(request.to_string()).bind(since(sought)).bind(limit);
            select.fetch_all(connection).await?
        }
        None => {
            let select = query(
                "SELECT at_ms, occasion, request_id, shape, record FROM authorizations
                 WHERE at_ms >= $1 ORDER BY sequence DESC LIMIT $2",
            );
            select.bind(since(sought)).bind(limit).fetch_all(connection).await?
        }
    };
    rows.iter().rev().map(authorization_of).collect()
}

pub(super) async fn last_known(
    connection: &mut SqliteConnection,
    person: &PersonId,
) -> Result<Option<Authorization>, StoreFault> {
    let select = query(
        "SELECT at_ms, occasion, request_id, shape, record FROM authorizations
         WHERE person = $1 AND standing <> '' ORDER BY sequence DESC LIMIT 1",
    );
    let row = select.bind(person.to_string()).fetch_optional(connection).await?;
    row.as_ref().map(authorization_of).transpose()
}

fn since(sought: &Sought) -> i64 {
    sought.since.map_or(i64::MIN, Timestamp::millis)
}

fn authorization_of(row: &SqliteRow) -> Result<Authorization, StoreFault> {
    let word = row.try_get::<&str, _>("occasion")?;
    let request = row.try_get::<Option<&str>, _>("request_id")?;
    Ok(Authorization {
        at: time(row, "at_ms")?,
        occasion: Occasion::of_word(word).ok_or_else(|| unknown("an occasion", word))?,
        request: request.map(request_id_of).transpose()?,
        record: decode("who might", row.try_get("shape")?, row.try_get("record")?)?,
    })
}
