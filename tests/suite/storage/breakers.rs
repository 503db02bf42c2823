//! The record of finished runs, and breakers: counted since the last closing, one open for each scope.

use super::values::*;
use super::{does, is_stale, on_every_store};
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
