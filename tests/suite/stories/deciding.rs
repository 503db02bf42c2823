//! Deciding: each decision is kept with what it was made on, and says the same when it is asked again.

use super::{Cast, cast};
use crate::stage::{Stage, minutes, seconds, story, times};
use std::collections::BTreeSet;
use wrasse::domain::breaker::version_of;
use wrasse::domain::ids::RequestId;
use wrasse::sandbox::fleet::model::Rotation;

/// Asks every decision on a request again; the verdicts there were.
async fn asked_again(stage: &Stage, id: &str) -> BTreeSet<String> {
    let (store, id) = (stage.store().await, RequestId::parse(id).unwrap());
    let request = store.request(&id).await.unwrap().unwrap();
    let mut verdicts = BTreeSet::new();
    // While the wave before is not known to be well, no server of the next one is asked about.
    let is_of_wave = |evidence: &str| evidence.starts_with("[Soak");
    for record in store.decisions(&id).await.unwrap().into_iter().filter(|record| !is_of_wave(&record.evidence)) {
        let snapshot = store.snapshot(record.snapshot.as_ref().unwrap()).await.unwrap().unwrap();
        assert_eq!(Some(snapshot.id()), record.snapshot, "it came back as it was");
        let again =
            snapshot.ask_again(&record.decided, (&request.spec, version_of(&request.plan.parts().parameters))).unwrap();
        let said = record.decided.iter().map(|one| one.said.clone()).collect::<Vec<_>>();
        assert_eq!(again, said, "{}", record.evidence);
        assert!(!said.is_empty());
        verdicts.insert(record.verdict);
    }
    verdicts
}

/// What was known of traffic is kept with what it made wait and let start.
#[tokio::test]
async fn a_decision_on_traffic_says_the_same_when_it_is_asked_again() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has("edge-fra-[01-04]");
        stage.fleet().is_measured(0.5);
        stage.fleet().gets_traffic("fra", 0.43);
        ana.types(&noc, "/fleet reboot edge-riga-[01-02],edge-fra-01 --wave 100% because kernel update").await;
        stage.fleet().gets_traffic("riga", 0.73);
        stage.clock().advance(seconds(50)).await;
        stage.fleet().metrics_lose("fra");
        ana.types(&noc, "/fleet reboot edge-riga-05,edge-fra-04 --wave 100% because kernel update").await;
        stage.clock().advance(minutes(2)).await;
        stage.fleet().metrics_are_well();
        stage.fleet().gets_traffic("riga", 0.5);
        stage.clock().advance(minutes(20)).await;
        noc.transcript();
        for id in ["req-2222", "req-2223"] {
            let verdicts = asked_again(stage, id).await;
            assert!(verdicts.contains("wait") && verdicts.contains("allow"), "{id}: {verdicts:?}");
        }
    })
    .await;
}

/// Traffic that goes up and down at every look is told, and kept, every two minutes at most.
#[tokio::test]
async fn traffic_that_goes_up_and_down_is_no_news_each_time() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().is_measured(0.5);
        stage.fleet().gets_traffic("riga", 0.8);
        stage.clock().advance(seconds(20)).await;
        let thread = ana.types(&noc, "/fleet reboot edge-riga-01 because kernel update").await;
        for share in [0.9, 0.6].into_iter().cycle().take(40) {
            stage.fleet().gets_traffic("riga", share);
            stage.clock().advance(seconds(15)).await;
        }
        noc.transcript();
        let decisions = stage.store().await.decisions(&RequestId::parse("req-2222").unwrap()).await.unwrap();
        assert!((2..=7).contains(&decisions.len()), "{} decisions in ten minutes", decisions.len());
        ana.presses(&thread, "Cancel").await;
        noc.transcript();
    })
    .await;
}

#[tokio::test]
async fn a_decision_that_is_asked_again_says_the_same() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.fleet().rotates("edge-lax-06", Rotation::Maintenance);
        ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        stage.clock().advance(seconds(30)).await;
        stage.fleet().rotates("edge-lax-06", Rotation::Ready);
        stage.clock().advance(minutes(5)).await;
        noc.transcript();
        for id in ["req-2222", "req-2223"] {
            let verdicts = asked_again(stage, id).await;
            assert!(verdicts.contains("wait") && verdicts.contains("allow"), "{id}: {verdicts:?}");
        }
        // The first wave of the reboot is not known to be well while its server is drained by somebody else's request.
        stage.fleet().rebooted("edge-lax-[02-03]", times(0));
        ana.types(&noc, "/fleet undrain edge-lax-01 because the fan is quiet").await;
        stage.clock().advance(minutes(3)).await;
        noc.transcript();
        stage.fleet().rebooted("edge-lax-[01-03]", times(1));
    })
    .await;
}
