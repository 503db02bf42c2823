//! Words and rows: how a column becomes a value.

use super::super::shapes::decode;
use super::super::standing::RunStanding;
use crate::admission::{Health, LockStanding};
use crate::domain::ids::{RequestId, RunId};
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

pub(super) const fn lock_word(standing: LockStanding) -> &'static str {
    match standing {
        LockStanding::Working => "working",
        LockStanding::Parked => "parked",
        LockStanding::LeftBehind => "left-behind",
    }
}

pub(super) fn lock_standing_of(word: &str) -> Result<LockStanding, StoreFault> {
    let known = [LockStanding::Working, LockStanding::Parked, LockStanding::LeftBehind];
    known.into_iter().find(|standing| lock_word(*standing) == word).ok_or_else(|| unknown("a lock's standing", word))
}

pub(super) const fn health_word(health: Health) -> &'static str {
    match health {
        Health::Serving => "serving",
        Health::Failing => "failing",
        Health::OutOfRotation => "out-of-rotation",
    }
}

pub(super) fn health_of(word: &str) -> Result<Health, StoreFault> {
    let known = [Health::Serving, Health::Failing, Health::OutOfRotation];
    known.into_iter().find(|health| health_word(*health) == word).ok_or_else(|| unknown("a server's health", word))
}

pub(super) fn standing_of(word: &str) -> Result<RunStanding, StoreFault> {
    RunStanding::of_word(word).ok_or_else(|| unknown("a run's state", word))
}

pub(super) fn run_id_of(text: &str) -> Result<RunId, StoreFault> {
    RunId::parse(text).ok_or_else(|| unknown("a run's id", text))
}

pub(super) fn request_id_of(text: &str) -> Result<RequestId, StoreFault> {
    RequestId::parse(text).ok_or_else(|| unknown("a request's id", text))
}

pub(super) fn unknown(what: &str, found: &str) -> StoreFault {
    StoreFault::Unreadable(format!("{what} is {found:?}, which this version does not know"))
}

/// A column of milliseconds.
pub(super) fn time(row: &SqliteRow, column: &str) -> Result<Timestamp, StoreFault> {
    Ok(Timestamp::from_millis(row.try_get(column)?))
}

/// A column of milliseconds that may be empty.
pub(super) fn time_if_any(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>, StoreFault> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis))
}

pub(super) fn event_of<T: super::super::shapes::Stored>(id: &str, row: &SqliteRow) -> Result<T, StoreFault> {
    let what = format!("{id} event {}", row.try_get::<i64, _>("seq")?);
    decode(&what, row.try_get("shape")?, row.try_get("body")?)
}

/// Rows in runs of equal id.
pub(super) fn by_id<'a>(rows: &'a [SqliteRow], column: &str) -> Result<Vec<(String, &'a [SqliteRow])>, StoreFault> {
    let mut groups = Vec::new();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let id = first.try_get::<String, _>(column)?;
        let same = |row: &&SqliteRow| row.try_get::<&str, _>(column).is_ok_and(|found| found == id);
        let (group, others) = rest.split_at(rest.iter().take_while(same).count().max(1));
        groups.push((id, group));
        rest = others;
    }
    Ok(groups)
}
