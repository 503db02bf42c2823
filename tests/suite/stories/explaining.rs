//! Explaining: whoever asks why is told every reason, whose it is, and what comes next; asking changes nothing.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{Channel, Person, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Rotation;

#[tokio::test]
async fn why_tells_every_reason_and_what_unblocks_it() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        let asked = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        asked.transcript();
        let why = bob.types(&noc, "/fleet why req-2222?").await;
        assert_snapshot!(why.transcript(), @"
        bob   /fleet why req-0001?
        bot   (only bob) Reboot 2 servers in lax · req-0001
              ⏳ queued
              • edge-lax has 2 of 3 in service, floor 2
                1 out: `edge-lax-03` (out of rotation)
                blocks `edge-lax-01`
                looked at hh:mm · goes on when one more of edge-lax serves
              1 waits for a later wave
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        // In its thread the request needs no name.
        let thread = ana.mentions_in(&asked, "@wrasse why").await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   @wrasse why
        bot   (only ana) Reboot 2 servers in lax · req-0001
              ⏳ queued
              • edge-lax has 2 of 3 in service, floor 2
                1 out: `edge-lax-03` (out of rotation)
                blocks `edge-lax-01`
                looked at hh:mm · goes on when one more of edge-lax serves
              1 waits for a later wave
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
        ana.types(&noc, "/fleet cancel req-2222").await;
        assert_snapshot!(bob.types(&noc, "/fleet why req-2222").await.transcript(), @"
        bob   /fleet why req-0001
        bot   (only bob) Reboot 2 servers in lax · req-0001
              ⏹️ cancelled
              Ended by ana · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              Nothing has started, and nothing runs later
              ~ asked by ana · as of hh:mm
        ");
        noc.transcript();
    })
    .await;
}

/// Whoever waits is told who holds the server that more than one want, and who is before them.
#[tokio::test]
async fn why_names_who_holds_what_is_missing_and_who_is_before() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "undrain");
        stage.lets_out(50);
        stage.fleet().holds_boots();
        ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await.transcript();
        ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await.transcript();
        bob.types(&noc, "/fleet undrain edge-lax-01 because it is cool again").await.transcript();
        let second = bob.types(&noc, "/fleet why req-2224").await;
        assert_snapshot!(second.transcript(), @"
        bob   /fleet why req-0003
        bot   (only bob) Undrain 1 server in lax · req-0003
              ⏳ queued · 1st of 3 that wait in lax
              • `edge-lax-01` under work for req-0001 since hh:mm
                goes on when req-0001 (ana) is done with it
              ~ asked by bob · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        let at_work = bob.types(&noc, "/fleet why req-2222").await;
        assert_snapshot!(at_work.transcript(), @"
        bob   /fleet why req-0001
        bot   (only bob) Reboot 2 servers in lax · req-0001
              ▶️ running · 2nd of 3 that wait in lax
              before it: req-0003 (bob)
              ▶ 1 working (1 rebooting): `edge-lax-01`, the longest `run-0001.1` since hh:mm
              1 waits for the wave before to be over
              Stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 2 may fail
              ~ asked by ana · as of hh:mm
        ");
        // A server leads to the run that works on it.
        let server = ana.types(&noc, "/fleet why edge-lax-01").await;
        assert_snapshot!(server.transcript(), @"
        ana   /fleet why edge-lax-01
        bot   (only ana) edge-lax-01: rebooting · run-0001.1
              Step 3 of 5, since hh:mm, for 14 s; fewer than 5 cases to compare with
              It was begun at hh:mm over SSH, may take until hh:mm
              Last seen at hh:mm: `still safe`
              Next: check, return
              ▸ drain ✓  reboot ▶  check ·  return ·
              ~ reboot req-0001 by ana · as of hh:mm
        ");
        let run = ana.types(&noc, "/fleet why run-2222.2").await;
        assert_snapshot!(run.transcript(), @"
        ana   /fleet why run-0001.2
        bot   (only ana) Reboot 2 servers in lax · req-0001
              ▶️ running · 2nd of 3 that wait in lax
              before it: req-0003 (bob)
              ▶ 1 working (1 rebooting): `edge-lax-01`, the longest `run-0001.1` since hh:mm
              1 waits for the wave before to be over
              Stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 2 may fail
              ~ asked by ana · as of hh:mm
        ");
        let idle = ana.types(&noc, "/fleet why edge-lax-05").await;
        assert_snapshot!(idle.transcript(), @"
        ana   /fleet why edge-lax-05
        bot   (only ana) edge-lax-05: production, as the inventory has it
              Its load balancer: in service, hh:mm
              Nothing is under work on it, and no request waits for it
              ~ as of hh:mm
        ");
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(2)).await;
        noc.transcript();
    })
    .await;
}

#[tokio::test]
async fn why_tells_who_must_agree_and_when_it_may_begin() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 in 20m because kernel update").await;
        thread.transcript();
        assert_snapshot!(ana.types(&noc, "/fleet why").await.transcript(), @"
        ana   /fleet why
        bot   (only ana) Reboot 1 server in lax · req-0001
              🙋 needs approval
              Missing: 1 of `sre`, by hh:mm
              Nothing has started. Without that, nothing will.
              [[Review]]
              ~ asked by ana · as of hh:mm
        ");
        bob.approves(&thread, "").await;
        thread.transcript();
        assert_snapshot!(ana.types(&noc, "/fleet why").await.transcript(), @"
        ana   /fleet why
        bot   (only ana) Reboot 1 server in lax · req-0001
              🕐 scheduled
              Starts by itself from hh:mm, when it is safe.
              ~ asked by ana · as of hh:mm
        ");
        stage.clock().advance(minutes(25)).await;
        thread.transcript();
        assert_snapshot!(ana.types(&noc, "/fleet why req-2222").await.transcript(), @"
        ana   /fleet why req-0001
        bot   (only ana) Reboot 1 server in lax · req-0001
              ✅ done
              Ended · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ asked by ana · as of hh:mm
        ");
    })
    .await;
}

/// While the directory does not answer, that is the reason; what is known is told all the same.
#[tokio::test]
async fn why_tells_that_people_cannot_be_looked_up() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 in 5m because kernel update").await;
        stage.clock().advance(minutes(4)).await;
        stage.directory_goes_down();
        stage.clock().advance(minutes(2)).await;
        stage.directory_comes_back();
        thread.transcript();
        assert_snapshot!(bob.types(&noc, "/fleet why req-2222").await.transcript(), @"
        bob   /fleet why req-0001
        bot   (only bob) Reboot 1 server in lax · req-0001
              ⏳ queued
              • the directory of people does not answer; waits until it does
                blocks `edge-lax-01`
                looked at hh:mm · goes on when it answers
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        bot > ▶️ Started at hh:mm, after some time.
        ");
        stage.clock().advance(minutes(1)).await;
        thread.transcript();
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        types(
            &ana,
            &noc,
            &["/fleet why", "/fleet why req-9999", "/fleet why run-9999.1", "/fleet why edge-lax-[01-03]"],
        )
        .await;
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet why
        bot   (only ana) Say which request: `why req-2mq9`. You have none that is open.
              In the thread of a request why alone means that one.
        ana   /fleet why req-9999
        bot   (only ana) There is no req-9999. The id stands on the request's card, first line. Nothing has changed.
        ana   /fleet why run-9999.1
        bot   (only ana) There is no run-9999.1. Those of its request: `why req-9999`
        ana   /fleet why edge-lax-[01-03]
        bot   (only ana) These 3 servers are too many for one why. Ask about one: `why edge-lax-01`, or about a request: `why req-2mq9`
        ");
        stage.clock().advance(seconds(1)).await;
        assert!(stage.store().await.open_requests().await.unwrap().is_empty());
    })
    .await;
}

async fn types(person: &Person, channel: &Channel, lines: &[&str]) {
    for line in lines {
        person.types(channel, line).await;
    }
}

#[tokio::test]
async fn a_why_that_was_mistyped_is_told_how_it_goes() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let ids = ["/fleet why 2mq9", "/fleet why req-2mq", "/fleet why run-2mq9", "/fleet why edge-lxa-01"];
        types(&ana, &noc, &ids).await;
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet why 2mq9
        bot   (only ana) 2mq9 is not the id of a request
              ```
              why 2mq9
                  ^^^^ did you mean req-2mq9?
              ```
              Nothing has started.
              To send instead: `why req-2mq9`
              [[Use: why req-2mq9]]
        ana   /fleet why req-2mq
        bot   (only ana) req-2mq is not the id of a request
              ```
              why req-2mq
                  ^^^^^^^
              ```
              An id looks like req-2mq9; it stands on the request's card. Nothing has started.
        ana   /fleet why run-2mq9
        bot   (only ana) run-2mq9 is not the id of a request
              ```
              why run-2mq9
                  ^^^^^^^^
              ```
              An id looks like req-2mq9; it stands on the request's card. Nothing has started.
        ana   /fleet why edge-lxa-01
        bot   (only ana) No server is called edge-lxa-01
              ```
              why edge-lxa-01
                  ^^^^^^^^ did you mean edge-lax?
              ```
              Nothing has started.
              To send instead: `why edge-lax-01`
              [[Use: why edge-lax-01]]
        ");
        let lines = ["/fleet wyh req-2mq9", "/fleet plan why req-2mq9", "/fleet why req-2mq9 now"];
        types(&ana, &noc, &lines).await;
        assert_snapshot!(noc.since_last_look(), @"
        ana   /fleet wyh req-2mq9
        bot   (only ana) There is no command wyh here
              ```
              wyh req-2mq9
              ^^^ did you mean why?
              ```
              Nothing has started.
              To send instead: `why req-2mq9`
              [[Use: why req-2mq9]]
        ana   /fleet plan why req-2mq9
        bot   (only ana) Only work can be planned, and why only looks
              ```
              plan why req-2mq9
              ^^^^^^^^ did you mean why?
              ```
              Nothing has started.
              To send instead: `why req-2mq9`
              [[Use: why req-2mq9]]
        ana   /fleet why req-2mq9 now
        bot   (only ana) This part of the line fits nothing
              ```
              why req-2mq9 now
                           ^^^
              ```
              Expected here: the end of the line. Nothing has started.
        ");
    })
    .await;
}

/// A step is compared with what it took before once there are five cases, and a wait likewise.
#[tokio::test]
async fn what_took_long_before_is_compared_with() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-20]");
        stage.lets_out(50);
        ana.types(&noc, "/fleet reboot edge-lax-[01-06] --wave 100% because kernel update").await;
        stage.clock().advance(minutes(3)).await;
        noc.transcript();
        stage.fleet().holds_boots();
        ana.types(&noc, "/fleet reboot edge-lax-07 because kernel update").await;
        stage.clock().advance(seconds(40)).await;
        noc.transcript();
        assert_snapshot!(ana.types(&noc, "/fleet why edge-lax-07").await.transcript(), @"
        ana   /fleet why edge-lax-07
        bot   (only ana) edge-lax-07: rebooting · run-0002.1
              Step 3 of 5, since hh:mm, for 42 s; three of four took at most 4 s (of 6): longer than usual
              It was begun at hh:mm over SSH, may take until hh:mm
              Last seen at hh:mm: `still safe`
              Next: check, return
              ▸ drain ✓  reboot ▶  check ·  return ·
              ~ reboot req-0002 by ana · as of hh:mm
        ");
        stage.fleet().finishes("edge-lax-07");
        stage.clock().advance(minutes(1)).await;
        noc.transcript();
    })
    .await;
}
