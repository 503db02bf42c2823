//! Decisions of admission: kept with what each is about, and found by it.

use super::super::Guard;
use super::super::shapes::{SHAPE, encode};
use super::reads::{DECISIONS_PER_PAGE, decision};
use crate::domain::ids::Fingerprint;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::decisions::{FoundDecisions, SoughtDecisions};
use crate::ports::store::DecisionRecord;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, query};
use std::collections::BTreeSet;

/// How many topics one question may have: a server, a policy, a site and an answer.
const TOPICS_MAX: usize = 4;

pub(super) async fn add(connection: &mut SqliteConnection, record: &DecisionRecord) -> Result<Guard, StoreFault> {
    let insert = query(
        "INSERT INTO decisions (request_id, at_ms, verdict, evidence, shape, decided, snapshot)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let insert = insert.bind(record.request.to_string()).bind(record.at.millis());
    let insert = insert.bind(record.verdict.as_str()).bind(record.evidence.as_str());
    let insert = insert.bind(SHAPE).bind(encode(&record.decided)).bind(record.snapshot.as_ref().map(Fingerprint::hex));
    let sequence = insert.execute(&mut *connection).await?.last_insert_rowid();
    // One statement for all of them: a decision may be about thousands of servers, and others wait for its transaction.
    let topics = serde_json::Value::from(topics(record).into_iter().collect::<Vec<_>>()).to_string();
    let note = query("INSERT INTO decision_topics (topic, at_ms, sequence) SELECT value, $2, $3 FROM json_each($1)");
    note.bind(topics).bind(record.at.millis()).bind(sequence).execute(connection).await?;
    Ok(Guard::Holds)
}

/// Everything that a decision is found by.
fn topics(record: &DecisionRecord) -> BTreeSet<String> {
    let mut topics = BTreeSet::new();
    if record.decided.is_empty() {
        topics.insert(format!("said:{}", record.first_word()));
    }
    for one in &record.decided {
        topics.insert(format!("server:{}", one.server.name));
        topics.insert(format!("site:{}", one.server.site));
        topics.insert(format!("said:{}", one.said.answered().word()));
        topics.extend(one.said.made_wait_by().into_iter().map(|policy| format!("policy:{}", policy.word())));
    }
    topics
}

/// What a decision that fits must be about, the rarest first.
fn topics_of(sought: &SoughtDecisions) -> Vec<String> {
    let server = sought.server.as_ref().map(|server| format!("server:{server}"));
    let policy = sought.policy.map(|policy| format!("policy:{}", policy.word()));
    let site = sought.site.as_ref().map(|site| format!("site:{site}"));
    let said = sought.answered.map(|answered| format!("said:{}", answered.word()));
    [server, policy, site, said].into_iter().flatten().collect()
}

/// The newest that fit, page after page; where that much is said of several servers, each page is looked through.
pub(super) async fn sought(
    connection: &mut SqliteConnection,
    sought: &SoughtDecisions,
) -> Result<FoundDecisions, StoreFault> {
    let topics = topics_of(sought);
    let mut found = FoundDecisions::default();
    let mut before = (sought.until.map_or(i64::MAX, Timestamp::millis), i64::MAX);
    loop {
        let rows = match (&sought.request, topics.as_slice()) {
            (Some(_), _) => of_request(connection, sought, before).await?,
            (None, []) => of_time(connection, sought, before).await?,
            (None, topics) => of_topics(connection, sought, (topics, before)).await?,
        };
        for row in &rows {
            before = (row.try_get("at_ms")?, row.try_get("sequence")?);
            let record = decision(row)?;
            if sought.fits(&record) && !found.take(record, sought.limit) {
                return Ok(found.in_order());
            }
        }
        if rows.len() < DECISIONS_PER_PAGE {
            return Ok(found.in_order());
        }
    }
}

async fn of_request(
    connection: &mut SqliteConnection,
    sought: &SoughtDecisions,
    (at, sequence): (i64, i64),
) -> Result<Vec<SqliteRow>, StoreFault> {
    let select = query(
        "SELECT sequence, request_id, at_ms, verdict, evidence, shape, decided, snapshot FROM decisions
         WHERE request_id = $1 AND at_ms >= $2 AND (at_ms, sequence) < ($3, $4)
         ORDER BY at_ms DESC, sequence DESC LIMIT $5",
    );
    let select = select.bind(sought.request.as_ref().map(ToString::to_string)).bind(since(sought));
    Ok(select.bind(at).bind(sequence).bind(page()).fetch_all(connection).await?)
}

async fn of_time(
    connection: &mut SqliteConnection,
    sought: &SoughtDecisions,
    (at, sequence): (i64, i64),
) -> Result<Vec<SqliteRow>, StoreFault> {
    let select = query(
        "SELECT sequence, request_id, at_ms, verdict, evidence, shape, decided, snapshot FROM decisions
         WHERE at_ms >= $1 AND (at_ms, sequence) < ($2, $3) ORDER BY at_ms DESC, sequence DESC LIMIT $4",
    );
    Ok(select.bind(since(sought)).bind(at).bind(sequence).bind(page()).fetch_all(connection).await?)
}

/// By the first topic in the order of its index; the others are only looked up.
async fn of_topics(
    connection: &mut SqliteConnection,
    sought: &SoughtDecisions,
    (topics, (at, sequence)): (&[String], (i64, i64)),
) -> Result<Vec<SqliteRow>, StoreFault> {
    let select = query(
        "SELECT d.sequence, d.request_id, d.at_ms, d.verdict, d.evidence, d.shape, d.decided, d.snapshot
         FROM decision_topics AS t CROSS JOIN decisions AS d ON d.sequence = t.sequence
         WHERE t.topic = $1 AND t.at_ms >= $2 AND (t.at_ms, t.sequence) < ($3, $4)
         AND NOT EXISTS (SELECT 1 FROM json_each($5) AS wanted WHERE NOT EXISTS (
             SELECT 1 FROM decision_topics AS o WHERE o.topic = wanted.value AND o.at_ms = t.at_ms AND o.sequence = t.sequence
         ))
         ORDER BY t.at_ms DESC, t.sequence DESC LIMIT $6",
    );
    let others = topics.iter().skip(1).take(TOPICS_MAX).cloned().collect::<Vec<_>>();
    let select = select.bind(topics.first().map(String::as_str)).bind(since(sought)).bind(at).bind(sequence);
    Ok(select.bind(serde_json::Value::from(others).to_string()).bind(page()).fetch_all(connection).await?)
}

fn since(sought: &SoughtDecisions) -> i64 {
    sought.since.map_or(i64::MIN, Timestamp::millis)
}

fn page() -> i64 {
    i64::try_from(DECISIONS_PER_PAGE).unwrap_or(i64::MAX)
}
