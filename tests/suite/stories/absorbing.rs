//! Absorbing: a pool of one server is worked on while others take over what it carries.

use super::{Cast, cast};
use crate::stage::{Stage, minutes, seconds, story, times};
use insta::assert_snapshot;

const LINE: &str = "/fleet reboot edge-riga-01 because kernel update";

/// One server in riga, and four in fra that take over.
fn alone_in_riga(stage: &Stage) -> Cast {
    let cast = cast(stage, "edge-riga-01");
    stage.fleet().has("edge-fra-[01-04]");
    stage.absorbs("riga", &["fra"]);
    cast
}

#[tokio::test]
async fn a_pool_of_one_is_rebooted_while_others_take_over_and_they_stay_meanwhile() {
    story(async |stage| {
        let Cast { noc, ana, .. } = alone_in_riga(stage);
        stage.fleet().is_measured(0.4);
        stage.fleet().holds_boots();
        let asked = ana.types(&noc, "/fleet can-i reboot edge-riga-01").await;
        assert!(asked.transcript().contains("could start now"), "{}", asked.transcript());
        let plan = ana.types(&noc, "/fleet plan reboot edge-riga-01 because kernel update").await;
        let told = plan.transcript();
        assert!(told.contains("edge-riga: 1 → 0 of 1 at the lowest, at most 1 out at once, floor 1"), "{told}");
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(30)).await;
        stage.fleet().rebooted("edge-riga-01", times(1));
        thread.transcript();
        let other = ana.types(&noc, "/fleet reboot edge-fra-01 because kernel update").await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(other.transcript(), @"
        ana   /fleet reboot edge-fra-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in fra
              `edge-fra-01` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in fra · req-0002
              ⏳ queued · starts by itself
              • edge-riga is out, and edge-fra, which takes over, has 4 of 4 in service and must stay above its floor 3
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-fra-01", times(0));
        stage.fleet().finishes("edge-riga-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(3)).await;
        for thread in [thread, other] {
            assert!(thread.transcript().contains("✅ done"), "{}", thread.transcript());
        }
        stage.fleet().rebooted("edge-riga-01", times(1));
        stage.fleet().rebooted("edge-fra-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn a_pool_of_one_waits_while_those_who_take_over_are_in_a_surge() {
    story(async |stage| {
        let Cast { noc, ana, .. } = alone_in_riga(stage);
        stage.fleet().is_measured(0.4);
        stage.clock().advance(seconds(30)).await;
        stage.fleet().gets_traffic("fra", 0.66);
        stage.clock().advance(seconds(30)).await;
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-riga-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in riga · req-0001
              ⏳ queued · starts by itself
              • edge-fra traffic with that of edge-riga would be 76 % of what is left, at most 70 %, measured hh:mm
              • edge-fra traffic is 165 % of the usual, at most 130 %, measured hh:mm
              • edge-fra traffic is 165 % of 5 min ago, at most 120 %, measured hh:mm
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-riga-01", times(0));
        stage.fleet().gets_traffic("fra", 0.4);
        stage.clock().advance(minutes(15)).await;
        assert!(thread.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-riga-01", times(1));
    })
    .await;
}

/// Nothing proves that others can carry it where nothing measures it; then it is a person's decision.
#[tokio::test]
async fn a_pool_of_one_takes_an_override_where_traffic_is_not_measured() {
    story(async |stage| {
        stage.lets_override("incident-commander");
        let Cast { noc, ana, .. } = alone_in_riga(stage);
        let cid = stage.person("cid").in_group("incident-commander");
        let thread = ana.types(&noc, "/fleet drain edge-riga-01 because fan noise").await;
        stage.clock().advance(seconds(20)).await;
        ana.types(&noc, "/fleet why req-2222").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet drain edge-riga-01 because fan noise
        bot   (only ana) Understood: drain 1 server in riga
              `edge-riga-01` · reason: `fan noise`
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in riga · req-0001
              ⏳ queued · starts by itself
              • edge-riga has one server, and nothing measures whether others can carry its traffic
              incident-commander can override capacity
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ana   /fleet why req-0001
        bot   (only ana) Drain 1 server in riga · req-0001
              ⏳ queued
              • edge-riga has one server, and nothing measures whether others can carry its traffic
                blocks `edge-riga-01`
                goes on by an override of capacity
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        stage.fleet().serves("edge-riga-01", true);
        cid.types(&noc, "/fleet override capacity on req-2222 because it must not wait").await;
        stage.clock().advance(minutes(3)).await;
        let told = thread.since_last_look();
        assert!(told.contains("may pass capacity") && told.contains("✅ done"), "{told}");
        stage.channel("#incidents").transcript();
        stage.fleet().serves("edge-riga-01", false);
    })
    .await;
}
