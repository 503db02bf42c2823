//! Decisions of admission: found by what they were about, the newest, and counted beyond.

use super::files::raw;
use super::values::*;
use super::{commit, database, does, on_every_store, open};
use sqlx::{Row, query};
use wrasse::admission::{Answered, Decided, Said};
use wrasse::domain::identity::Asker;
use wrasse::domain::plan::PlannedServer;
use wrasse::domain::server::{ProductionState, RackName, ServerId, ServerName, ServerType, SiteName};
use wrasse::ports::Store;
use wrasse::ports::decisions::{MORE_COUNTED_MAX, SoughtDecisions};
use wrasse::ports::store::{Committed, DecisionRecord, Write};
use wrasse::workflow::request::{Blocker, PolicyName};

const ALL: SoughtDecisions = SoughtDecisions::newest(99);

fn said_of(server: &str, site: &str, said: Said) -> Decided {
    let planned = PlannedServer {
        id: ServerId::new(format!("id-{server}")),
        name: ServerName::new(server),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new(site),
        rack: RackName::new("r1"),
        pool: None,
    };
    Decided { run: run_id(1), server: planned, asked_by: Asker::Person, passes: Vec::new(), said }
}

fn may() -> Said {
    let found = ProductionState::Production;
    Said::Allow { found, takes_over: None, overridden: Vec::new(), observed: Vec::new() }
}

fn stopped() -> Blocker {
    Blocker::Stopped { by: "bob".into(), since: at(1), why: "smoke".into(), hard: false }
}

fn frozen() -> Blocker {
    Blocker::Frozen { scope: "site=lax".into(), by: "bob".into(), until: None, why: "a match".into() }
}

pub(crate) fn decided(request: &str, millis: i64, verdict: &str, decided: Vec<Decided>) -> DecisionRecord {
    let (verdict, evidence) = (verdict.to_owned(), "as it was".to_owned());
    DecisionRecord { request: request_id(request), at: at(millis), verdict, evidence, decided, snapshot: None }
}

/// Five decisions, the oldest first; the last is of before what was said of each server was kept.
pub(crate) fn five() -> [DecisionRecord; 5] {
    let held_up = Said::Wait(vec![stopped(), Blocker::Behind { request: request_id("zzzz"), since: at(1) }]);
    [
        decided(
            "2mq9",
            10,
            "wait",
            vec![said_of("edge-lax-001", "lax", held_up), said_of("edge-fra-001", "fra", may())],
        ),
        decided("2mq9", 20, "wait", vec![said_of("edge-lax-001", "lax", Said::Wait(vec![frozen()]))]),
        decided("zzzz", 30, "deny", vec![said_of("edge-fra-001", "fra", Said::Deny("it is in repair".into()))]),
        decided("2mq9", 40, "allow (overridden)", vec![said_of("edge-lax-001", "lax", may())]),
        decided("zzzz", 50, "wait", Vec::new()),
    ]
}

fn writes(all: &[DecisionRecord]) -> Vec<Write> {
    all.iter().cloned().map(Write::Decision).collect()
}

#[tokio::test]
async fn decisions_are_found_by_what_they_were_about() {
    on_every_store(async |store| {
        let all = five();
        does(store, "all", writes(&all)).await;
        let times = async |sought: SoughtDecisions| {
            let found = store.decided(&sought).await.unwrap();
            assert_eq!(found.more, 0);
            found.records.iter().map(|record| record.at.millis()).collect::<Vec<_>>()
        };
        assert_eq!(store.decided(&ALL).await.unwrap().records, all, "the oldest first, as they were");
        let server = |name: &str| SoughtDecisions { server: Some(ServerName::new(name)), ..ALL };
        let site = |name: &str| SoughtDecisions { site: Some(SiteName::new(name)), ..ALL };
        let policy = |policy| SoughtDecisions { policy: Some(policy), ..ALL };
        let answered = |answered| SoughtDecisions { answered: Some(answered), ..ALL };
        assert_eq!(times(server("edge-lax-001")).await, [10, 20, 40]);
        assert_eq!(times(server("edge-lax")).await, Vec::<i64>::new(), "a name and no part of one");
        assert_eq!(times(site("fra")).await, [10, 30]);
        assert_eq!(times(policy(PolicyName::Stop)).await, [10]);
        assert_eq!(times(policy(PolicyName::Freeze)).await, [20]);
        assert_eq!(times(policy(PolicyName::Capacity)).await, Vec::<i64>::new());
        assert_eq!(times(answered(Answered::Wait)).await, [10, 20, 50]);
        assert_eq!(times(answered(Answered::Allow)).await, [10, 40], "with an override, too");
        assert_eq!(times(answered(Answered::Deny)).await, [30]);
        let request = |tail| SoughtDecisions { request: Some(request_id(tail)), ..ALL };
        assert_eq!(times(request("zzzz")).await, [30, 50]);
        assert_eq!(times(SoughtDecisions { answered: Some(Answered::Deny), ..request("zzzz") }).await, [30]);
        assert_eq!(times(SoughtDecisions { since: Some(at(20)), until: Some(at(40)), ..ALL }).await, [20, 30, 40]);
        assert_eq!(times(SoughtDecisions { since: Some(at(11)), ..server("edge-lax-001") }).await, [20, 40]);
        assert_eq!(times(SoughtDecisions { until: Some(at(39)), ..server("edge-lax-001") }).await, [10, 20]);
        // What is said of servers must hold of one and the same: in fra nothing was stopped.
        let stopped_in = |name: &str| SoughtDecisions { policy: Some(PolicyName::Stop), ..site(name) };
        assert_eq!(times(stopped_in("lax")).await, [10]);
        assert_eq!(times(stopped_in("fra")).await, Vec::<i64>::new());
        let all_four = SoughtDecisions { answered: Some(Answered::Wait), ..stopped_in("lax") };
        assert_eq!(times(SoughtDecisions { server: Some(ServerName::new("edge-lax-001")), ..all_four }).await, [10]);
    })
    .await;
}

#[tokio::test]
async fn the_newest_are_told_and_the_rest_is_counted() {
    on_every_store(async |store| {
        let wait =
            |millis| decided("2mq9", millis, "wait", vec![said_of("edge-lax-001", "lax", Said::Wait(vec![frozen()]))]);
        let all = (0..250).map(wait).collect::<Vec<_>>();
        does(store, "all", writes(&all)).await;
        for sought in [
            SoughtDecisions::newest(3),
            SoughtDecisions { site: Some(SiteName::new("lax")), ..SoughtDecisions::newest(3) },
            SoughtDecisions { request: Some(request_id("2mq9")), ..SoughtDecisions::newest(3) },
        ] {
            let found = store.decided(&sought).await.unwrap();
            assert_eq!((found.records.as_slice(), found.more), (&all[247..], 247));
        }
        let many = (0..i64::try_from(MORE_COUNTED_MAX).unwrap()).map(|millis| wait(1_000 + millis)).collect::<Vec<_>>();
        does(store, "many", writes(&many)).await;
        let found = store.decided(&SoughtDecisions::newest(3)).await.unwrap();
        assert_eq!((found.records.len(), found.more), (3, MORE_COUNTED_MAX), "counting ends");
    })
    .await;
}

/// Several decisions of one moment are told in the order in which they were made, on every page.
#[tokio::test]
async fn decisions_of_one_moment_are_each_told_once() {
    on_every_store(async |store| {
        let one = |number: usize| {
            decided(
                "2mq9",
                7,
                "wait",
                vec![said_of(&format!("edge-lax-{number:03}"), "lax", Said::Wait(vec![frozen()]))],
            )
        };
        let all = (0..230).map(one).collect::<Vec<_>>();
        does(store, "all", writes(&all)).await;
        for site in [None, Some(SiteName::new("lax"))] {
            let found = store.decided(&SoughtDecisions { site, ..SoughtDecisions::newest(500) }).await.unwrap();
            assert_eq!(found.records, all);
        }
    })
    .await;
}

#[tokio::test]
async fn a_decision_is_kept_only_with_what_follows_from_it() {
    on_every_store(async |store| {
        let [first, ..] = five();
        let stale = vec![Write::Decision(first), settled("event:never")];
        assert_eq!(commit(store, "stale", stale).await, Committed::Stale);
        assert_eq!(store.decided(&ALL).await.unwrap().records, []);
        let of_site = SoughtDecisions { site: Some(SiteName::new("lax")), ..ALL };
        assert_eq!(store.decided(&of_site).await.unwrap().records, []);
    })
    .await;
}

/// What an earlier version stored is found by the same, after the step that notes what it was about.
#[tokio::test]
async fn decisions_of_an_earlier_version_are_found_by_what_they_were_about() {
    async fn topics(path: &std::path::Path) -> Vec<(String, i64, i64)> {
        let select = query("SELECT topic, at_ms, sequence FROM decision_topics ORDER BY topic, at_ms, sequence");
        let rows = select.fetch_all(&mut raw(path).await).await.unwrap();
        rows.iter().map(|row| (row.get("topic"), row.get("at_ms"), row.get("sequence"))).collect()
    }
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let store = open(&path).await;
    does(&store, "all", writes(&five())).await;
    store.close().await.unwrap();
    let before = topics(&path).await;
    assert!(before.iter().any(|(topic, ..)| topic == "policy:freeze") && before.len() > 15, "{before:?}");
    let mut other = raw(&path).await;
    for back in [
        "DROP INDEX decisions_by_time",
        "DROP TABLE decision_topics",
        "UPDATE decisions SET decided = NULL WHERE decided = '[]'",
        "DELETE FROM _sqlx_migrations WHERE version = 19",
    ] {
        query(back).execute(&mut other).await.unwrap();
    }
    drop(other);
    let store = open(&path).await;
    assert_eq!(topics(&path).await, before);
    let deny = SoughtDecisions { answered: Some(Answered::Deny), ..ALL };
    assert_eq!(store.decided(&deny).await.unwrap().records.len(), 1);
    store.close().await.unwrap();
}

/// The longer the history, the more it matters: no question reads all of it.
#[tokio::test]
async fn no_question_reads_every_decision() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    open(&path).await.close().await.unwrap();
    for (select, by) in [
        ("SELECT at_ms FROM decisions WHERE at_ms >= 1 AND (at_ms, sequence) < (9, 9) ORDER BY at_ms DESC, sequence DESC", "decisions_by_time"),
        (
            "SELECT d.at_ms FROM decision_topics AS t CROSS JOIN decisions AS d ON d.sequence = t.sequence
             WHERE t.topic = 'site:lax' AND t.at_ms >= 1 AND (t.at_ms, t.sequence) < (9, 9) ORDER BY t.at_ms DESC, t.sequence DESC",
            "PRIMARY KEY (topic=?",
        ),
    ] {
        let rows = query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {select}"))).fetch_all(&mut raw(&path).await).await.unwrap();
        let plan = rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("; ");
        assert!(plan.contains(by) && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
