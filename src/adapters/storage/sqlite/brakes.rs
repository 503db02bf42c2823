//! What people have put on to stop things, and who was last seen to be a member.

use super::super::Guard;
use super::rows::{request_id_of, time, time_if_any, unknown};
use crate::admission::{BlacklistLevel, Brake, BrakeEnd, BrakeKind, Coverage};
use crate::domain::command::{CommandName, Touch};
use crate::domain::identity::PersonId;
use crate::domain::ids::BrakeId;
use crate::domain::server::{ServerId, ServerName};
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::SeenMember;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, query};

/// What tells one kind from another, in columns.
struct Columns {
    kind: &'static str,
    scope: Option<String>,
    detail: Option<String>,
    level: Option<&'static str>,
}

fn columns(kind: &BrakeKind) -> Columns {
    let of = |kind, scope: Option<String>| Columns { kind, scope, detail: None, level: None };
    match kind {
        BrakeKind::Stop { hard: false } => of("stop", None),
        BrakeKind::Stop { hard: true } => of("hard-stop", None),
        BrakeKind::Freeze { on } => of("freeze", on.text().map(str::to_owned)),
        BrakeKind::Hold { server, name } => {
            Columns { detail: Some(name.to_string()), ..of("hold", Some(server.to_string())) }
        }
        BrakeKind::Pause { request } => of("pause", Some(request.to_string())),
        BrakeKind::Blacklist { on, command, level } => Columns {
            detail: command.as_ref().map(ToString::to_string),
            level: Some(level.word()),
            ..of("blacklist", on.text().map(str::to_owned))
        },
    }
}

/// One whose time is over is not on any more; that is noted when another is put on, so that few rows are.
pub(super) async fn put_on(connection: &mut SqliteConnection, brake: &Brake) -> Result<Guard, StoreFault> {
    let over = query("UPDATE brakes SET is_on = 0 WHERE is_on = 1 AND until_ms <= $1").bind(brake.since.millis());
    over.execute(&mut *connection).await?;
    let Columns { kind, scope, detail, level } = columns(&brake.kind);
    let insert = query(
        "INSERT INTO brakes (id, kind, scope, detail, level, team, user, name, since_ms, why, until_ms, is_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)
         ON CONFLICT DO NOTHING",
    );
    let insert = insert.bind(brake.id.as_str()).bind(kind).bind(scope).bind(detail).bind(level);
    let insert = insert.bind(brake.by.team.as_str()).bind(brake.by.user.as_str()).bind(brake.name.as_str());
    let insert = insert.bind(brake.since.millis()).bind(brake.why.as_str()).bind(brake.until.map(Timestamp::millis));
    Ok(Guard::of(insert.execute(connection).await?.rows_affected() == 1))
}

pub(super) async fn take_off(
    connection: &mut SqliteConnection,
    id: &BrakeId,
    end: &BrakeEnd,
) -> Result<Guard, StoreFault> {
    let update = query(
        "UPDATE brakes SET is_on = 0, ended_team = $1, ended_user = $2, ended_name = $3, ended_at_ms = $4,
                           ended_why = $5
         WHERE id = $6 AND is_on = 1",
    );
    let update = update.bind(end.by.team.as_str()).bind(end.by.user.as_str()).bind(end.name.as_str());
    let update = update.bind(end.at.millis()).bind(end.why.as_str()).bind(id.as_str());
    Ok(Guard::of(update.execute(connection).await?.rows_affected() == 1))
}

/// The same question as [`forbids`](crate::admission::forbids), asked where nobody can put on anything meanwhile.
pub(super) async fn none_forbids(
    connection: &mut SqliteConnection,
    (server, touch, at): (Option<&ServerId>, Touch, Timestamp),
) -> Result<Guard, StoreFault> {
    if touch == Touch::Looks {
        return Ok(Guard::Holds);
    }
    let select = query(
        "SELECT id FROM brakes
         WHERE is_on = 1 AND (until_ms IS NULL OR until_ms > $1)
           AND (kind = 'hard-stop' OR kind = 'stop' AND $2 OR kind = 'hold' AND scope = $3)
         LIMIT 1",
    );
    let select = select.bind(at.millis()).bind(touch == Touch::Changes).bind(server.map(ServerId::as_str));
    Ok(Guard::of(select.fetch_optional(connection).await?.is_none()))
}

pub(super) async fn on(connection: &mut SqliteConnection) -> Result<Vec<Brake>, StoreFault> {
    let select = query(
        "SELECT id, kind, scope, detail, level, team, user, name, since_ms, why, until_ms FROM brakes
         WHERE is_on = 1 ORDER BY sequence",
    );
    select.fetch_all(connection).await?.iter().map(brake_of).collect()
}

pub(super) async fn brake(
    connection: &mut SqliteConnection,
    id: &BrakeId,
) -> Result<Option<(Brake, Option<BrakeEnd>)>, StoreFault> {
    let select = query(
        "SELECT id, kind, scope, detail, level, team, user, name, since_ms, why, until_ms,
                ended_team, ended_user, ended_name, ended_at_ms, ended_why
         FROM brakes WHERE id = $1",
    );
    let Some(row) = select.bind(id.as_str()).fetch_optional(connection).await? else { return Ok(None) };
    let end = match time_if_any(&row, "ended_at_ms")? {
        None => None,
        Some(at) => Some(BrakeEnd {
            by: PersonId::new(row.try_get::<String, _>("ended_team")?, row.try_get::<String, _>("ended_user")?),
            name: row.try_get("ended_name")?,
            at,
            why: row.try_get("ended_why")?,
        }),
    };
    Ok(Some((brake_of(&row)?, end)))
}

fn brake_of(row: &SqliteRow) -> Result<Brake, StoreFault> {
    Ok(Brake {
        id: BrakeId::new(row.try_get::<&str, _>("id")?),
        kind: kind_of(row)?,
        by: PersonId::new(row.try_get::<&str, _>("team")?, row.try_get::<&str, _>("user")?),
        name: row.try_get("name")?,
        since: time(row, "since_ms")?,
        why: row.try_get("why")?,
        until: time_if_any(row, "until_ms")?,
    })
}

/// A kind that is not known is a fault, so that everything waits rather than starts past it.
fn kind_of(row: &SqliteRow) -> Result<BrakeKind, StoreFault> {
    let (scope, detail) = (row.try_get::<Option<&str>, _>("scope")?, row.try_get::<Option<&str>, _>("detail")?);
    let on = || scope.map_or_else(Coverage::everything, Coverage::of_text);
    let kind = row.try_get::<&str, _>("kind")?;
    let lacking = || unknown("what a brake covers", kind);
    Ok(match kind {
        "stop" => BrakeKind::STOP,
        "hard-stop" => BrakeKind::HARD_STOP,
        "freeze" => BrakeKind::Freeze { on: on() },
        "hold" => BrakeKind::Hold {
            server: ServerId::new(scope.ok_or_else(lacking)?),
            name: ServerName::new(detail.ok_or_else(lacking)?),
        },
        "pause" => BrakeKind::Pause { request: request_id_of(scope.ok_or_else(lacking)?)? },
        "blacklist" => {
            let word = row.try_get::<Option<&str>, _>("level")?.unwrap_or_default();
            let level = BlacklistLevel::ALL.into_iter().find(|level| level.word() == word);
            let level = level.ok_or_else(|| unknown("the level of a blacklist's entry", word))?;
            BrakeKind::Blacklist { on: on(), command: detail.map(CommandName::new), level }
        }
        other => return Err(unknown("the kind of a brake", other)),
    })
}

pub(super) async fn see_member(connection: &mut SqliteConnection, member: &SeenMember) -> Result<Guard, StoreFault> {
    let upsert = query(
        "INSERT INTO members_seen (team, user, name, seen_at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (team, user) DO UPDATE SET name = excluded.name, seen_at_ms = excluded.seen_at_ms",
    );
    let upsert = upsert.bind(member.person.team.as_str()).bind(member.person.user.as_str());
    upsert.bind(member.name.as_str()).bind(member.at.millis()).execute(connection).await?;
    Ok(Guard::Holds)
}

pub(super) async fn member_seen(
    connection: &mut SqliteConnection,
    person: &PersonId,
) -> Result<Option<SeenMember>, StoreFault> {
    let select = query("SELECT name, seen_at_ms FROM members_seen WHERE team = $1 AND user = $2");
    let select = select.bind(person.team.as_str()).bind(person.user.as_str());
    let Some(row) = select.fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some(SeenMember { person: person.clone(), name: row.try_get("name")?, at: time(&row, "seen_at_ms")? }))
}
