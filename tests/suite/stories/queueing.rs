//! Queueing: what waits is told in order, what is out with who left it, and what knowledge somebody waits for.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Rotation;

#[tokio::test]
async fn the_queue_is_told_in_order() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().has("edge-fra-[01-03]");
        let noc = noc.lets("sre", "drain");
        assert_snapshot!(bob.types(&noc, "/fleet queue").await.transcript(), @"
        bob   /fleet queue
        bot   (only bob) Nothing waits
              ~ as of hh:mm
        ");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        stage.clock().advance(seconds(5)).await;
        ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        bob.types(&noc, "/fleet drain edge-lax-01 because it is hot").await;
        ana.types(&noc, "/fleet reboot edge-fra-01 in 2h because kernel update").await;
        noc.transcript();
        assert_snapshot!(bob.types(&noc, "/fleet queue").await.transcript(), @"
        bob   /fleet queue
        bot   (only bob) 3 requests wait
              1. req-0001 reboot 2 servers in lax · ana · since hh:mm
                edge-lax 2 of 3 in service, floor 2
              2. req-0002 drain 1 server in lax · bob · since hh:mm
                edge-lax 2 of 3 in service, floor 2
              · req-0003 reboot 1 server in fra · ana · since hh:mm
                🕐 scheduled
              ~ every reason: `why req-0001` · as of hh:mm
        ");
        assert_snapshot!(bob.types(&noc, "/fleet queue site=fra?").await.transcript(), @"
        bob   /fleet queue site=fra?
        bot   (only bob) 1 request waits
              · req-0003 reboot 1 server in fra · ana · since hh:mm
                🕐 scheduled
              ~ as of hh:mm
        ");
        for id in ["req-2222", "req-2223", "req-2224"] {
            let person = if id == "req-2223" { &bob } else { &ana };
            person.types(&noc, &format!("/fleet cancel {id}")).await;
        }
        noc.transcript();
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// What a run of ours left behind can be returned with a button, by whoever may put it back.
#[tokio::test]
async fn what_is_out_is_told_with_who_left_it_and_a_way_back() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-01");
        assert_snapshot!(bob.types(&noc, "/fleet out").await.transcript(), @"
        bob   /fleet out
        bot   (only bob) None of 6 servers is out of production
              ~ as of hh:mm
        ");
        ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        ana.types(&noc, "/fleet drain edge-lax-02 because fan noise").await;
        stage.fleet().rotates("edge-lax-04", Rotation::Maintenance);
        stage.clock().advance(minutes(4)).await;
        noc.transcript();
        stage.channel("#incidents").transcript();
        stage.fleet().repairs("edge-lax-01");
        stage.clock().advance(seconds(10)).await;
        let bobs = bob.types(&noc, "/fleet out site=lax").await;
        assert_snapshot!(bobs.transcript(), @"
        bob   /fleet out site=lax
        bot   (only bob) 3 of 6 servers out of production
              1. `edge-lax-01` drained, left behind by a run that failed since hh:mm · req-0001 (ana)
              2. `edge-lax-02` drained since hh:mm · req-0002 (ana)
              3. `edge-lax-04` taken out of rotation by somebody else
              [Return 1.] [Return 2.]
              ~ more of one: `why edge-lax-01` · as of hh:mm
        ");
        // bob sees the same, and may not put servers back.
        bob.presses(&bobs, "Return 1.").await;
        assert_snapshot!(bobs.since_last_look(), @"
        bob   presses [Return 1.]
        bot   (only bob) 🚫 undrain is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        ");
        let anas = ana.types(&noc, "/fleet out edge-lax-01").await;
        anas.transcript();
        ana.presses(&anas, "Return 1.").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(anas.since_last_look(), @"
        ana   presses [Return 1.]
        bot   (only ana) Understood: undrain 1 server in lax
              `edge-lax-01` · reason: `it was out of production`
              ~ req-0003 · … · card <link>
        bot   Undrain 1 server in lax · req-0003
              ✅ done · hh:mm
              `edge-lax-01` · `it was out of production`
              1 of 1 put into production
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0003: edge-lax-01 put into production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.channel("#incidents").transcript();
        stage.fleet().serves("edge-lax-01", true);
        assert_snapshot!(ana.types(&noc, "/fleet out").await.transcript(), @"
        ana   /fleet out
        bot   (only ana) 2 of 6 servers out of production
              1. `edge-lax-02` drained since hh:mm · req-0002 (ana)
              2. `edge-lax-04` taken out of rotation by somebody else
              [Return 1.]
              ~ more of one: `why edge-lax-02` · as of hh:mm
        ");
    })
    .await;
}

#[tokio::test]
async fn status_tells_which_source_somebody_waits_for() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().has("edge-fra-[01-03]");
        stage.clock().advance(seconds(3)).await;
        stage.fleet().balancers_go_silent();
        stage.clock().advance(seconds(150)).await;
        ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        noc.transcript();
        assert_snapshot!(bob.types(&noc, "/fleet status").await.transcript(), @"
        bob   /fleet status
        bot   (only bob) Health by the load balancers: oldest look hh:mm (edge-fra) · traffic is not looked at: no metrics configured · requests hh:mm · inventory hh:mm · people hh:mm
              ✋ edge-lax health unknown since hh:mm; req-0001 waits for that
              0 of 6 in service in 2 pools
              edge-fra 0 of 3, floor 2, 3 unknown
              edge-lax 0 of 3, floor 2, 3 unknown
              ⏳ req-0001 reboot 1 server in lax · queued · 1 reason · ana
              ~ of 6 servers: drain, reboot and undrain 6
        ");
        stage.fleet().balancers_answer();
        stage.clock().advance(minutes(1)).await;
        noc.transcript();
    })
    .await;
}
