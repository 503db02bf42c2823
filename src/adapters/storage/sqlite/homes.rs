//! Who has opened their home, and what it last showed.

use super::super::Guard;
use super::rows::{time, time_if_any, unknown};
use crate::domain::identity::{Actor, PersonId};
use crate::domain::ids::Fingerprint;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::Home;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, query};

pub(super) async fn opened(
    connection: &mut SqliteConnection,
    person: &PersonId,
    at: Timestamp,
) -> Result<Guard, StoreFault> {
    let upsert = query(
        "INSERT INTO homes (team, user, opened_at_ms) VALUES ($1, $2, $3)
         ON CONFLICT (team, user) DO UPDATE SET opened_at_ms = excluded.opened_at_ms",
    );
    let upsert = upsert.bind(person.team.as_str()).bind(person.user.as_str()).bind(at.millis());
    upsert.execute(connection).await?;
    Ok(Guard::Holds)
}

pub(super) async fn shown(
    connection: &mut SqliteConnection,
    person: &PersonId,
    (shown, at): (&Fingerprint, Timestamp),
) -> Result<Guard, StoreFault> {
    let update = query("UPDATE homes SET shown = $1, shown_at_ms = $2 WHERE team = $3 AND user = $4");
    let update = update.bind(shown.hex()).bind(at.millis()).bind(person.team.as_str()).bind(person.user.as_str());
    Ok(Guard::of(update.execute(connection).await?.rows_affected() == 1))
}

pub(super) async fn home(connection: &mut SqliteConnection, person: &PersonId) -> Result<Option<Home>, StoreFault> {
    let select = query("SELECT team, user, opened_at_ms, shown, shown_at_ms FROM homes WHERE team = $1 AND user = $2");
    let select = select.bind(person.team.as_str()).bind(person.user.as_str());
    select.fetch_optional(connection).await?.as_ref().map(home_of).transpose()
}

pub(super) async fn homes(connection: &mut SqliteConnection, since: Timestamp) -> Result<Vec<Home>, StoreFault> {
    let select = query(
        "SELECT team, user, opened_at_ms, shown, shown_at_ms FROM homes WHERE opened_at_ms >= $1 ORDER BY team, user",
    );
    select.bind(since.millis()).fetch_all(connection).await?.iter().map(home_of).collect()
}

fn home_of(row: &SqliteRow) -> Result<Home, StoreFault> {
    let hex = row.try_get::<Option<String>, _>("shown")?;
    let shown = hex.map(|hex| Fingerprint::from_hex(&hex).ok_or_else(|| unknown("what a home showed", &hex)));
    Ok(Home {
        person: Actor::recalled(PersonId::new(row.try_get::<String, _>("team")?, row.try_get::<String, _>("user")?)),
        opened_at: time(row, "opened_at_ms")?,
        shown: shown.transpose()?.zip(time_if_any(row, "shown_at_ms")?),
    })
}
