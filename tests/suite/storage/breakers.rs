//! The record of finished runs, and breakers: counted since the last closing, one open for each scope.

use super::values::*;
use super::{database, does, is_stale, on_every_store, open};
use wrasse::admission::FinishedAs::{Failed, Succeeded, Unknown};
use wrasse::admission::{ServerFailure, Tally};
use wrasse::domain::identity::Asker;
use wrasse::domain::ids::Version;
use wrasse::ports::Store;
use wrasse::ports::store::Write;

async fn runs(store: &dyn Store, scope: &str, limit: usize) -> (i64, Vec<u32>) {
    let record = store.finished_runs(&breaker_scope(scope), limit).await.unwrap();
    (record.last, record.runs.iter().map(|run| run.run.number).collect())
}

#[tokio::test]
async fn finished_runs_are_told_by_scope_the_newest_first() {
    on_every_store(async |store| {
        assert_eq!(runs(store, "reboot", 9).await, (0, vec![]));
        is_stale(store, "after what never was", finished(1, "lax", 1)).await;
        does(store, "one", vec![finished(1, "lax", 0)]).await;
        does(store, "two", vec![finished(2, "rix", 1)]).await;
        does(store, "three", vec![finished(3, "lax", 2)]).await;
        is_stale(store, "somebody was faster", finished(4, "lax", 2)).await;
        does(store, "a run counts once", vec![finished(3, "rix", 3)]).await;
        assert_eq!(runs(store, "reboot", 9).await, (3, vec![3, 2, 1]));
        assert_eq!(runs(store, "reboot", 2).await, (3, vec![3, 2]));
        assert_eq!(runs(store, "reboot site=lax", 9).await, (3, vec![3, 1]));
        assert_eq!(runs(store, "reboot type=edge-cache version=1.2.3", 9).await, (3, vec![3, 2, 1]));
        assert_eq!(runs(store, "reboot type=edge-cache version=1.2.4", 9).await, (3, vec![]));
        assert_eq!(runs(store, "reboot type=origin version=1.2.3", 9).await, (3, vec![]));
        assert_eq!(runs(store, "drain site=lax", 9).await, (3, vec![]));
        let record = store.finished_runs(&breaker_scope("reboot"), 1).await.unwrap();
        let Write::Finished { run, .. } = finished(3, "lax", 2) else { panic!("not a finished run") };
        assert_eq!(record.runs, [run], "as it was written");
    })
    .await;
}

#[tokio::test]
async fn one_breaker_of_a_scope_is_open_and_its_closing_begins_the_count_anew() {
    on_every_store(async |store| {
        let scope = breaker_scope("reboot site=lax");
        does(store, "one", vec![finished(1, "lax", 0)]).await;
        is_stale(store, "changed before it opened", Write::Breaker(breaker("reboot site=lax", 10, 2))).await;
        let opened = breaker("reboot site=lax", 10, 1);
        does(store, "open", vec![Write::Breaker(opened.clone())]).await;
        does(store, "another scope", vec![Write::Breaker(breaker("reboot", 10, 1))]).await;
        is_stale(store, "open twice", Write::Breaker(breaker("reboot site=lax", 11, 1))).await;
        is_stale(store, "open again", Write::Breaker(opened.clone())).await;
        assert_eq!(store.breaker(&scope, at(10)).await.unwrap(), Some(opened.clone()));
        assert_eq!(store.breaker(&scope, at(11)).await.unwrap(), None);
        assert_eq!(store.ledger().await.unwrap().breakers.get(&scope), Some(&opened));

        let changed = breaker("reboot site=lax", 10, 2);
        does(store, "change", vec![Write::Breaker(changed.clone())]).await;
        is_stale(store, "change twice", Write::Breaker(changed)).await;
        let open = store.open_breakers().await.unwrap();
        let told = open.iter().map(|open| (open.scope.to_string(), open.version)).collect::<Vec<_>>();
        assert_eq!(told, [("reboot site=lax".to_owned(), Version(2)), ("reboot".to_owned(), Version(1))]);

        let closed = breaker("reboot site=lax", 10, 2).closed(closing(20));
        does(store, "two", vec![finished(2, "lax", 1)]).await;
        does(store, "close", vec![Write::Breaker(closed.clone())]).await;
        is_stale(store, "close twice", Write::Breaker(closed.clone())).await;
        let again = wrasse::admission::Breaker { version: Version(4), ..closed.clone() };
        is_stale(store, "change a closed one", Write::Breaker(again)).await;
        assert_eq!(store.ledger().await.unwrap().breakers.len(), 1);
        assert_eq!(store.breaker(&scope, at(10)).await.unwrap(), Some(closed), "it is kept for the record");
        assert_eq!(runs(store, "reboot site=lax", 9).await, (2, vec![]));
        assert_eq!(runs(store, "reboot", 9).await, (2, vec![2, 1]), "only of that scope");
        does(store, "three", vec![finished(3, "lax", 2)]).await;
        assert_eq!(runs(store, "reboot site=lax", 9).await, (3, vec![3]));
        does(store, "open anew", vec![Write::Breaker(breaker("reboot site=lax", 30, 1))]).await;
        assert_eq!(store.open_breakers().await.unwrap().len(), 2);
    })
    .await;
}

const ONE: &str = "edge-lax-01";
const OTHER: &str = "edge-lax-02";
const DAY: i64 = 24 * 3_600_000;

/// What people asked for is not counted on a server, and neither is another command.
#[tokio::test]
async fn runs_that_automations_asked_for_are_told_by_server() {
    on_every_store(async |store| {
        let (robot, ana) = (Asker::Automation, Asker::Person);
        does(store, "one", vec![finished_on(ONE, (1, 0), (robot, Failed, 5))]).await;
        does(store, "two", vec![finished_on(ONE, (2, 1), (ana, Failed, 6))]).await;
        does(store, "three", vec![finished_on(OTHER, (3, 2), (robot, Failed, 7))]).await;
        does(store, "four", vec![finished_on(ONE, (4, 3), (robot, Succeeded, 8))]).await;
        let scope = format!("reboot server={ONE}");
        assert_eq!(runs(store, &scope, 9).await, (4, vec![4, 1]));
        assert_eq!(runs(store, &format!("drain server={ONE}"), 9).await, (4, vec![]));
        assert_eq!(runs(store, "reboot", 9).await, (4, vec![4, 3, 2, 1]), "where all are counted");
        let record = store.finished_runs(&breaker_scope(&scope), 1).await.unwrap();
        let Write::Finished { run, .. } = finished_on(ONE, (4, 3), (robot, Succeeded, 8)) else { panic!("it is one") };
        assert_eq!(record.runs, [run], "as it was written");
        does(store, "open", vec![Write::Breaker(breaker(&scope, 10, 1))]).await;
        let closed = breaker(&scope, 10, 1).closed(closing(20));
        does(store, "close", vec![Write::Breaker(closed)]).await;
        assert_eq!(runs(store, &scope, 9).await, (4, vec![]), "they begin anew");
    })
    .await;
}

#[tokio::test]
async fn what_fails_elsewhere_is_what_the_command_did_outside_of_a_scope() {
    on_every_store(async |store| {
        let of = async |scope: &str, since: i64| {
            let Tally { failures, of } = store.elsewhere(&breaker_scope(scope), at(since)).await.unwrap();
            (failures, of)
        };
        assert_eq!(of("reboot site=lax", 0).await, (0, 0));
        does(store, "one", vec![finished(1, "rix", 0)]).await;
        does(store, "two", vec![finished(2, "fra", 1)]).await;
        does(store, "three", vec![finished(3, "lax", 2)]).await;
        does(store, "four", vec![finished_on(ONE, (4, 3), (Asker::Automation, Succeeded, 9))]).await;
        assert_eq!(of("reboot site=lax", 0).await, (2, 2));
        assert_eq!(of("reboot site=rix", 0).await, (2, 3), "one of them has succeeded");
        assert_eq!(of("reboot site=nrt", 6).await, (3, 4));
        assert_eq!(of("reboot site=nrt", 7).await, (0, 1), "what finished at that moment is not since then");
        assert_eq!(of("reboot type=edge-cache version=1.2.3", 0).await, (0, 0));
        assert_eq!(of("reboot type=edge-cache version=1.2.4", 0).await, (3, 4));
        assert_eq!(of("reboot type=origin version=1.2.3", 0).await, (3, 4));
        assert_eq!(of(&format!("reboot server={ONE}"), 0).await, (3, 3));
        assert_eq!(of("reboot", 0).await, (0, 0), "nothing of a command lies outside of it");
        assert_eq!(of("drain site=lax", 0).await, (0, 0), "another command");
        does(store, "open", vec![Write::Breaker(breaker("reboot site=rix", 10, 1))]).await;
        does(store, "close", vec![Write::Breaker(breaker("reboot site=rix", 10, 1).closed(closing(20)))]).await;
        assert_eq!(of("reboot site=lax", 0).await, (2, 2), "closing changes nothing of what has been");
    })
    .await;
}

/// The newest failure of each server, until the same command does well there, its breaker is closed, or a day has passed.
#[tokio::test]
async fn what_has_failed_on_servers_is_known_for_a_day() {
    on_every_store(async |store| {
        let failed = async || {
            let ledger = store.ledger().await.unwrap();
            let of = |failure: &ServerFailure| (failure.name.to_string(), failure.run.number, failure.at.millis());
            ledger.failures.values().map(of).collect::<Vec<_>>()
        };
        assert_eq!(failed().await, []);
        does(store, "one", vec![finished_on(ONE, (1, 0), (Asker::Person, Failed, 5))]).await;
        does(store, "two", vec![finished_on(OTHER, (2, 1), (Asker::Automation, Unknown, 6))]).await;
        assert_eq!(failed().await, [(ONE.to_owned(), 1, 5), (OTHER.to_owned(), 2, 6)]);
        does(store, "three", vec![finished_on(ONE, (3, 2), (Asker::Automation, Failed, 7))]).await;
        assert_eq!(failed().await, [(ONE.to_owned(), 3, 7), (OTHER.to_owned(), 2, 6)], "the newest");
        does(store, "four", vec![finished_on(ONE, (4, 3), (Asker::Person, Succeeded, 8))]).await;
        assert_eq!(failed().await, [(OTHER.to_owned(), 2, 6)], "it does well again");
        let scope = format!("reboot server={OTHER}");
        does(store, "open", vec![Write::Breaker(breaker(&scope, 10, 1))]).await;
        assert_eq!(failed().await, [(OTHER.to_owned(), 2, 6)]);
        does(store, "close", vec![Write::Breaker(breaker(&scope, 10, 1).closed(closing(20)))]).await;
        assert_eq!(failed().await, [], "a person has said that it is mended");
        does(store, "five", vec![finished_on(OTHER, (5, 4), (Asker::Automation, Failed, 9))]).await;
        assert_eq!(failed().await, [(OTHER.to_owned(), 5, 9)], "and it has failed again");
        does(store, "six", vec![finished_on(ONE, (6, 5), (Asker::Automation, Failed, 8 + DAY))]).await;
        assert_eq!(failed().await, [(ONE.to_owned(), 6, 8 + DAY), (OTHER.to_owned(), 5, 9)]);
        does(store, "seven", vec![finished_on(ONE, (7, 6), (Asker::Automation, Failed, 9 + DAY))]).await;
        assert_eq!(failed().await, [(ONE.to_owned(), 7, 9 + DAY)], "a day is over");
    })
    .await;
}

#[tokio::test]
async fn runs_that_finished_in_an_earlier_version_were_asked_for_by_people() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path());
    let store = open(&path).await;
    does(&store, "one", vec![finished(1, "lax", 0)]).await;
    store.close().await.unwrap();
    let mut other = super::files::raw(&path).await;
    for back in [
        "DROP INDEX finished_runs_by_server",
        "DROP INDEX finished_runs_failed",
        "DROP INDEX finished_runs_lately",
        "ALTER TABLE finished_runs DROP COLUMN asked_by",
        "DELETE FROM _sqlx_migrations WHERE version = 15",
    ] {
        sqlx::query(back).execute(&mut other).await.unwrap();
    }
    drop(other);
    let store = open(&path).await;
    let record = store.finished_runs(&breaker_scope("reboot"), 9).await.unwrap();
    let Write::Finished { run, .. } = finished(1, "lax", 0) else { panic!("it is one") };
    assert_eq!(record.runs, [run]);
    assert_eq!(runs(&store, "reboot server=edge-lax-01", 9).await, (1, vec![]));
    assert_eq!(store.ledger().await.unwrap().failures.len(), 1, "and its server has failed");
    store.close().await.unwrap();
}
