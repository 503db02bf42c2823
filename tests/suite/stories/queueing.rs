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

/// A card tells its place and, from five cases on, when it is likely to start; a place that has changed edits no card.
#[tokio::test]
async fn a_card_tells_its_place_and_when_it_is_likely_to_start() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "drain");
        let closes = |rotation| {
            stage.fleet().rotates("edge-lax-19", rotation);
            stage.fleet().rotates("edge-lax-20", rotation);
        };
        closes(Rotation::Maintenance);
        stage.clock().advance(seconds(5)).await;
        for number in 1..=5 {
            ana.types(&noc, &format!("/fleet reboot edge-lax-0{number} because kernel update")).await;
        }
        stage.clock().advance(minutes(2)).await;
        closes(Rotation::Ready);
        stage.clock().advance(minutes(5)).await;
        noc.transcript();
        closes(Rotation::Maintenance);
        stage.clock().advance(seconds(5)).await;
        let first = bob.types(&noc, "/fleet drain edge-lax-06 because it is hot").await;
        let second = ana.types(&noc, "/fleet reboot edge-lax-07 because kernel update").await;
        assert_snapshot!(second.transcript(), @"
        ana   /fleet reboot edge-lax-07 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-07` · reason: `kernel update`
              ~ req-0006 · … · card <link>
        bot   Reboot 1 server in lax · req-0006
              ⏳ queued, 2nd of 2 in lax at hh:mm · starts by itself
              • edge-lax has 18 of 20 in service, floor 18
                2 out: `edge-lax-[19-20]` (out of rotation)
              ~ @ana · likely start hh:mm, by hh:mm · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        bob.types(&noc, "/fleet cancel req-2227").await;
        stage.clock().advance(minutes(1)).await;
        assert!(first.transcript().contains("cancelled by bob"));
        assert_snapshot!(second.since_last_look(), @"");
        ana.types(&noc, "/fleet cancel req-2228").await;
        noc.transcript();
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

/// Whoever has waited too long goes first: nothing later takes what it waits for. What takes nothing of that goes ahead.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "both sides, and how it ends")]
async fn whoever_has_waited_too_long_goes_first() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-04]");
        stage.fleet().has("edge-fra-[01-04]");
        let noc = noc.lets("sre", "drain");
        stage.goes_first_after(minutes(10));
        stage.fleet().rotates("edge-lax-04", Rotation::Maintenance);
        stage.clock().advance(seconds(5)).await;
        ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(minutes(11)).await;
        bob.types(&noc, "/fleet drain edge-lax-02,edge-fra-01 because fans are loud").await;
        stage.clock().advance(minutes(2)).await;
        noc.transcript();
        assert_snapshot!(bob.types(&noc, "/fleet why req-2223").await.transcript(), @"
        bob   /fleet why req-0002
        bot   (only bob) Drain 2 servers in fra and lax · req-0002
              ✋ halted · 2nd of 2 that wait in fra and lax
              before it: req-0001 (ana)
              ✓ 1 done: `edge-fra-01`
              • edge-lax has 3 of 4 in service, floor 3
                1 out: `edge-lax-04` (out of rotation)
                blocks `edge-lax-02`
                looked at hh:mm · goes on when one more of edge-lax serves
              • req-0001 has waited for the same since hh:mm, and goes first
                blocks `edge-lax-02`
                goes on when req-0001 (ana) has got what it waits for
              Stops starting when more than 0 failed: nothing else is at work then, so at most 1 of 2 may fail
              ~ asked by bob · looks again at every change, and every 15 s · as of hh:mm
        ");
        assert_snapshot!(ana.types(&noc, "/fleet why req-2222").await.transcript(), @"
        ana   /fleet why req-0001
        bot   (only ana) Reboot 1 server in lax · req-0001
              ⏳ queued · 1st of 2 that wait in lax
              went ahead of it: req-0002 (bob) at hh:mm
              • edge-lax has 3 of 4 in service, floor 3
                1 out: `edge-lax-04` (out of rotation)
                blocks `edge-lax-01`
                looked at hh:mm · goes on when one more of edge-lax serves
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        stage.fleet().rotates("edge-lax-04", Rotation::Ready);
        stage.clock().advance(minutes(6)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bob   /fleet drain edge-lax-02,edge-fra-01 because fans are loud
        bot   (only bob) Understood: drain 2 servers in fra and lax
              `edge-fra-01, edge-lax-02` · reason: `fans are loud`
              ~ req-0002 · … · card <link>
        bot   Drain 2 servers in fra and lax · req-0002
              ✅ done · hh:mm
              `edge-fra-01, edge-lax-02` · `fans are loud`
              2 of 2 drained
              ~ @bob · hh:mm to hh:mm
              [Details]
        bob   /fleet why req-0002
        bot   (only bob) Drain 2 servers in fra and lax · req-0002
              ✋ halted · 2nd of 2 that wait in fra and lax
              before it: req-0001 (ana)
              ✓ 1 done: `edge-fra-01`
              • edge-lax has 3 of 4 in service, floor 3
                1 out: `edge-lax-04` (out of rotation)
                blocks `edge-lax-02`
                looked at hh:mm · goes on when one more of edge-lax serves
              • req-0001 has waited for the same since hh:mm, and goes first
                blocks `edge-lax-02`
                goes on when req-0001 (ana) has got what it waits for
              Stops starting when more than 0 failed: nothing else is at work then, so at most 1 of 2 may fail
              ~ asked by bob · looks again at every change, and every 15 s · as of hh:mm
        ana   /fleet why req-0001
        bot   (only ana) Reboot 1 server in lax · req-0001
              ⏳ queued · 1st of 2 that wait in lax
              went ahead of it: req-0002 (bob) at hh:mm
              • edge-lax has 3 of 4 in service, floor 3
                1 out: `edge-lax-04` (out of rotation)
                blocks `edge-lax-01`
                looked at hh:mm · goes on when one more of edge-lax serves
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        bot > ✅ req-0002: all 2 drained
              ~ some time · asked by @bob · plan 0000
        ");
    })
    .await;
}

/// What has time comes after what is planned, in the queue as in the looking.
#[tokio::test]
async fn the_more_urgent_is_told_first() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        stage.changes_command("drain.yaml", "owner: sre\n", "owner: sre\npriority: bulk\n");
        let noc = noc.lets("sre", "drain");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        stage.clock().advance(seconds(5)).await;
        bob.types(&noc, "/fleet drain edge-lax-01 because it is hot").await;
        stage.clock().advance(minutes(1)).await;
        ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        noc.transcript();
        assert_snapshot!(bob.types(&noc, "/fleet queue").await.transcript(), @"
        bob   /fleet queue
        bot   (only bob) 2 requests wait
              1. req-0002 reboot 1 server in lax · ana · since hh:mm
                edge-lax 2 of 3 in service, floor 2
              2. req-0001 drain 1 server in lax · bob · since hh:mm · bulk
                edge-lax 2 of 3 in service, floor 2
              ~ every reason: `why req-0002` · as of hh:mm
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
        noc.transcript();
    })
    .await;
}

/// Whoever waits holds up nobody else: however many of a wave come before, what can start does.
#[tokio::test]
async fn many_that_wait_hold_up_nobody_behind_them() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-fra-[01-40]");
        for site in ["ams", "lax"] {
            stage.fleet().has(&format!("edge-{site}-[01-02]"));
        }
        for number in 37..=40 {
            stage.fleet().rotates(&format!("edge-fra-{number}"), Rotation::Maintenance);
        }
        stage.clock().advance(seconds(5)).await;
        let servers = "edge-ams-01,edge-fra-[01-36],edge-lax-01";
        let thread = ana.types(&noc, &format!("/fleet reboot {servers} --wave 100% because kernel update")).await;
        bob.approves(&thread, "").await;
        stage.clock().advance(minutes(3)).await;
        assert!(thread.transcript().contains("2 of 38"), "{}", thread.transcript());
        stage.fleet().rebooted("edge-ams-01", times(1));
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().rebooted("edge-fra-[01-36]", times(0));
        ana.presses(&thread, "Cancel").await;
        stage.clock().advance(minutes(1)).await;
        thread.transcript();
    })
    .await;
}
