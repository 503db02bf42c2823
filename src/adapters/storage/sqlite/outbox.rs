//! The slots: messages with how their delivery stands.

use super::super::Guard;
use super::super::shapes::{SHAPE, decode, encode};
use super::reads::rows_at_most;
use super::rows::{time, time_if_any};
use crate::domain::identity::PersonId;
use crate::domain::ids::DeliveryKey;
use crate::domain::place::{ChannelId, MessageRef, MessageTs};
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::{Content, Destination, Lane, Outgoing, Slot};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, query};

/// A known key is due again, unless it holds something that was composed when it was decided.
pub(super) async fn send(connection: &mut SqliteConnection, outgoing: &Outgoing) -> Result<Guard, StoreFault> {
    let upsert = query(
        "INSERT INTO slots (key, lane, shape, destination, content, is_live, revision, delivered, not_before_ms,
                            attempts, reader)
         VALUES ($1, $2, $3, $4, $5, $6, 1, 0, $7, 0, $8)
         ON CONFLICT (key) DO UPDATE SET revision = revision + 1 WHERE is_live = 1",
    );
    let is_live = matches!(outgoing.content, Content::Live(_));
    let reader = match &outgoing.to {
        Destination::Private(to) if !is_live => Some(to.person.to_string()),
        Destination::Private(_)
        | Destination::Card(_)
        | Destination::Thread(_)
        | Destination::Channel(_)
        | Destination::FormOpen(_)
        | Destination::FormUpdate(_)
        | Destination::Home(_)
        | Destination::Incident(_)
        | Destination::Worse { .. }
        | Destination::Direct(_) => None,
    };
    let upsert = upsert.bind(outgoing.key.as_str()).bind(outgoing.lane.as_str()).bind(SHAPE);
    let upsert = upsert.bind(encode(&outgoing.to)).bind(encode(&outgoing.content)).bind(i64::from(is_live));
    upsert.bind(Timestamp::default().millis()).bind(reader).execute(connection).await?;
    Ok(Guard::Holds)
}

pub(super) async fn send_begun(
    connection: &mut SqliteConnection,
    key: &DeliveryKey,
    at: Timestamp,
) -> Result<Guard, StoreFault> {
    let update = query("UPDATE slots SET begun_at_ms = $1 WHERE key = $2").bind(at.millis()).bind(key.as_str());
    Ok(Guard::of(update.execute(connection).await?.rows_affected() == 1))
}

pub(super) async fn delivered(
    connection: &mut SqliteConnection,
    key: &DeliveryKey,
    (revision, at): (i64, Timestamp),
    message: Option<&MessageRef>,
) -> Result<Guard, StoreFault> {
    let update = query(
        "UPDATE slots
         SET delivered = $1, begun_at_ms = NULL, attempts = 0, message_channel = coalesce($2, message_channel),
             message_ts = coalesce($3, message_ts), delivered_at_ms = $4
         WHERE key = $5",
    );
    let update = update.bind(revision).bind(message.map(|message| message.channel.as_str()));
    let update = update.bind(message.map(|message| message.ts.as_str())).bind(at.millis()).bind(key.as_str());
    Ok(Guard::of(update.execute(connection).await?.rows_affected() == 1))
}

pub(super) async fn postponed(
    connection: &mut SqliteConnection,
    key: &DeliveryKey,
    until: Timestamp,
) -> Result<Guard, StoreFault> {
    let update = query("UPDATE slots SET not_before_ms = $1, attempts = attempts + 1 WHERE key = $2");
    let done = update.bind(until.millis()).bind(key.as_str()).execute(connection).await?;
    Ok(Guard::of(done.rows_affected() == 1))
}

pub(super) async fn undeliverable(
    connection: &mut SqliteConnection,
    key: &DeliveryKey,
    why: &str,
) -> Result<Guard, StoreFault> {
    let update = query("UPDATE slots SET undeliverable = $1 WHERE key = $2").bind(why).bind(key.as_str());
    Ok(Guard::of(update.execute(connection).await?.rows_affected() == 1))
}

/// An edit changes no order, so it neither waits for its lane nor holds it up.
pub(super) async fn due_slots(
    connection: &mut SqliteConnection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Slot>, StoreFault> {
    let select = query(
        "SELECT key, lane, shape, destination, content, sequence, revision, delivered, begun_at_ms, message_channel,
                message_ts, not_before_ms, attempts, undeliverable, delivered_at_ms
         FROM slots AS slot
         WHERE undeliverable IS NULL AND revision > delivered AND not_before_ms <= $1
           AND (delivered > 0 OR NOT EXISTS (
                SELECT 1 FROM slots AS earlier
                WHERE earlier.undeliverable IS NULL AND earlier.delivered = 0 AND earlier.lane = slot.lane
                  AND earlier.sequence < slot.sequence))
         ORDER BY sequence LIMIT $2",
    );
    let rows = select.bind(now.millis()).bind(rows_at_most(limit)).fetch_all(connection).await?;
    rows.iter().map(slot_of).collect()
}

pub(super) async fn next_slot_wake(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreFault> {
    let select = query(
        "SELECT min(not_before_ms) AS not_before_ms
         FROM slots AS slot
         WHERE undeliverable IS NULL AND revision > delivered AND not_before_ms > $1
           AND (delivered > 0 OR NOT EXISTS (
                SELECT 1 FROM slots AS earlier
                WHERE earlier.undeliverable IS NULL AND earlier.delivered = 0 AND earlier.lane = slot.lane
                  AND earlier.sequence < slot.sequence))",
    );
    time_if_any(&select.bind(now.millis()).fetch_one(connection).await?, "not_before_ms")
}

pub(super) async fn slot(connection: &mut SqliteConnection, key: &DeliveryKey) -> Result<Option<Slot>, StoreFault> {
    let select = query(
        "SELECT key, lane, shape, destination, content, sequence, revision, delivered, begun_at_ms, message_channel,
                message_ts, not_before_ms, attempts, undeliverable, delivered_at_ms
         FROM slots WHERE key = $1",
    );
    select.bind(key.as_str()).fetch_optional(connection).await?.as_ref().map(slot_of).transpose()
}

pub(super) async fn slot_at(
    connection: &mut SqliteConnection,
    message: &MessageRef,
) -> Result<Option<Slot>, StoreFault> {
    let select = query(
        "SELECT key, lane, shape, destination, content, sequence, revision, delivered, begun_at_ms, message_channel,
                message_ts, not_before_ms, attempts, undeliverable, delivered_at_ms
         FROM slots WHERE message_channel = $1 AND message_ts = $2
         ORDER BY sequence LIMIT 1",
    );
    let select = select.bind(message.channel.as_str()).bind(message.ts.as_str());
    select.fetch_optional(connection).await?.as_ref().map(slot_of).transpose()
}

pub(super) async fn answers_to(
    connection: &mut SqliteConnection,
    person: &PersonId,
    limit: usize,
) -> Result<Vec<Slot>, StoreFault> {
    let select = query(
        "SELECT key, lane, shape, destination, content, sequence, revision, delivered, begun_at_ms, message_channel,
                message_ts, not_before_ms, attempts, undeliverable, delivered_at_ms
         FROM slots WHERE reader = $1 AND delivered > 0
         ORDER BY sequence DESC LIMIT $2",
    );
    let rows = select.bind(person.to_string()).bind(rows_at_most(limit)).fetch_all(connection).await?;
    rows.iter().map(slot_of).collect()
}

fn slot_of(row: &SqliteRow) -> Result<Slot, StoreFault> {
    let key = row.try_get::<String, _>("key")?;
    let shape = row.try_get("shape")?;
    let channel = row.try_get::<Option<String>, _>("message_channel")?;
    let ts = row.try_get::<Option<String>, _>("message_ts")?;
    Ok(Slot {
        outgoing: Outgoing {
            lane: Lane::new(row.try_get::<&str, _>("lane")?),
            to: decode(&format!("the destination of {key}"), shape, row.try_get("destination")?)?,
            content: decode(&format!("the content of {key}"), shape, row.try_get("content")?)?,
            key: DeliveryKey::new(key),
        },
        sequence: row.try_get("sequence")?,
        revision: row.try_get("revision")?,
        delivered: row.try_get("delivered")?,
        begun_at: time_if_any(row, "begun_at_ms")?,
        delivered_at: time_if_any(row, "delivered_at_ms")?,
        message: channel
            .zip(ts)
            .map(|(channel, ts)| MessageRef { channel: ChannelId::new(channel), ts: MessageTs::new(ts) }),
        not_before: time(row, "not_before_ms")?,
        attempts: row.try_get("attempts")?,
        undeliverable: row.try_get("undeliverable")?,
    })
}
