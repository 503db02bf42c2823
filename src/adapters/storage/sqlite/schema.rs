//! The schema and its history: one file a step, applied in order, never edited once shipped.

use crate::ports::StoreFault;
use futures::future::BoxFuture;
use sqlx::error::BoxDynError;
use sqlx::migrate::{MigrateError, Migration, MigrationSource, MigrationType, Migrator};
use sqlx::{SqlStr, SqliteConnection};
use std::path::Path;

/// The steps that this version knows.
const STEPS: [(i64, &str, &str); 15] = [
    (1, "first", include_str!("../../../../migrations/sqlite/0001_first.sql")),
    (2, "requester", include_str!("../../../../migrations/sqlite/0002_requester.sql")),
    (3, "homes", include_str!("../../../../migrations/sqlite/0003_homes.sql")),
    (4, "authorizations", include_str!("../../../../migrations/sqlite/0004_authorizations.sql")),
    (6, "brakes", include_str!("../../../../migrations/sqlite/0006_brakes.sql")),
    (7, "why", include_str!("../../../../migrations/sqlite/0007_why.sql")),
    (9, "breakers", include_str!("../../../../migrations/sqlite/0009_breakers.sql")),
    (12, "trouble", include_str!("../../../../migrations/sqlite/0012_trouble.sql")),
    (13, "starts", include_str!("../../../../migrations/sqlite/0013_starts.sql")),
    (14, "declarations", include_str!("../../../../migrations/sqlite/0014_declarations.sql")),
    (15, "automations", include_str!("../../../../migrations/sqlite/0015_automations.sql")),
    (17, "taken_out", include_str!("../../../../migrations/sqlite/0017_taken_out.sql")),
    (18, "parked", include_str!("../../../../migrations/sqlite/0018_parked.sql")),
    (19, "decided", include_str!("../../../../migrations/sqlite/0019_decided.sql")),
    (20, "hard_stop", include_str!("../../../../migrations/sqlite/0020_hard_stop.sql")),
];

#[derive(Debug)]
struct Steps;

impl MigrationSource<'static> for Steps {
    fn resolve(self) -> BoxFuture<'static, Result<Vec<Migration>, BoxDynError>> {
        let steps = STEPS.into_iter().map(|(version, name, sql)| {
            Migration::new(version, name.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
        });
        Box::pin(std::future::ready(Ok(steps.collect())))
    }
}

/// Applies the steps that are missing; refuses a file that has steps this version does not know.
pub(super) async fn bring_up_to_date(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreFault> {
    let migrator = Migrator::new(Steps).await.map_err(|fault| unusable(path, &fault))?;
    migrator.run_direct(None, connection, false).await.map_err(|fault| unusable(path, &fault))
}

/// The last step that was applied; `None` to a file that nothing was ever written to.
pub(super) async fn last_step(connection: &mut SqliteConnection) -> Result<Option<i64>, StoreFault> {
    let steps = sqlx::query("SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations'");
    if steps.fetch_optional(&mut *connection).await?.is_none() {
        return Ok(None);
    }
    let select = sqlx::query("SELECT max(version) AS version FROM _sqlx_migrations WHERE success");
    Ok(sqlx::Row::try_get(&select.fetch_one(connection).await?, "version")?)
}

/// Refuses a file whose schema has other steps than this version knows, and changes nothing.
pub(super) async fn is_of_this_version(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreFault> {
    let found = last_step(connection).await?;
    let (found, known) = (found.unwrap_or(0), STEPS.last().map_or(0, |(version, _, _)| *version));
    let path = path.display();
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(newer(&path, found)),
        std::cmp::Ordering::Less => Err(StoreFault::Unreadable(format!(
            "{path} was written by an older version: its schema has steps up to {found}, this version knows {known}; \
             start `wrasse serve` once, which brings it up to date"
        ))),
    }
}

fn newer(path: &std::path::Display<'_>, found: i64) -> StoreFault {
    let known = STEPS.last().map_or(0, |(version, _, _)| *version);
    StoreFault::Unreadable(format!(
        "{path} was written by a newer version: its schema has step {found}, this version knows steps up to {known}"
    ))
}

fn unusable(path: &Path, fault: &MigrateError) -> StoreFault {
    let path = path.display();
    if let MigrateError::VersionMissing(found) = fault {
        return newer(&path, *found);
    }
    StoreFault::Unavailable(format!("the schema of {path} cannot be brought up to date: {fault}"))
}
