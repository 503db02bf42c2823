//! Holding: a person keeps servers from any work, or a request from starting more, until somebody releases them.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;

/// Whoever looks before asking for anything is told what people put on over those servers, and how each ends.
#[tokio::test]
async fn what_is_put_on_is_told_of_the_servers_that_it_covers() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        stage.fleet().has("edge-fra-[01-03]");
        let noc = noc.lets("sre", "hold").lets("sre", "freeze").lets("sre", "blacklist");
        bob.types(&noc, "/fleet hold edge-lax-[01-02] because I change their disks").await.transcript();
        bob.types(&noc, "/fleet freeze site=lax for 5m because a live match").await.transcript();
        bob.types(&noc, "/fleet blacklist edge-lax-03 reboot for 2d because its BMC hangs").await.transcript();
        bob.types(&noc, "/fleet hold edge-fra-03 because a flaky fan").await.transcript();
        assert_snapshot!(ana.types(&noc, "/fleet status").await.transcript(), @"
        ana   /fleet status
        bot   (only ana) ❄ `edge-lax-[01-02]` held by bob since hh:mm: `I change their disks` · `/fleet release edge-lax-[01-02]`
              ❄ `site=lax` frozen by bob since hh:mm until hh:mm: `a live match` · `/fleet thaw site=lax`
              ❄ `reboot on edge-lax-03` on the blacklist by bob since hh:mm until hh:mm: `its BMC hangs` · `/fleet unblacklist edge-lax-03 reboot`
              + 1 more; `/fleet status SERVERS` tells of those there
              Health by the load balancers: oldest look hh:mm (edge-fra) · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              9 of 9 in service in 2 pools
              No request is open
              ~ of 9 servers: drain, reboot and undrain 9
        ");
        assert_snapshot!(ana.types(&noc, "/fleet status site=fra").await.transcript(), @"
        ana   /fleet status site=fra
        bot   (only ana) ❄ `edge-fra-03` held by bob since hh:mm: `a flaky fan` · `/fleet release edge-fra-03`
              Health by the load balancers: oldest look hh:mm · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              3 of 3 in service in 1 pool
              No request is open
              ~ of 3 servers: drain, reboot and undrain 3
        ");
        assert_snapshot!(ana.types(&noc, "/fleet why edge-lax-01").await.transcript(), @"
        ana   /fleet why edge-lax-01
        bot   (only ana) edge-lax-01: production, as the inventory has it
              Its load balancer: in service, hh:mm
              Nothing is under work on it, and no request waits for it
              ❄ `edge-lax-01` held by bob since hh:mm: `I change their disks` · `/fleet release edge-lax-01`
              ❄ `site=lax` frozen by bob since hh:mm until hh:mm: `a live match` · `/fleet thaw site=lax`
              ~ as of hh:mm
        ");
        let free = ana.types(&noc, "/fleet why edge-fra-01").await.transcript();
        assert!(!free.contains('❄'), "{free}");
        stage.clock().advance(minutes(6)).await;
        let thawed = ana.types(&noc, "/fleet why edge-lax-05").await.transcript();
        assert!(!thawed.contains('❄'), "{thawed}");
        bob.types(&noc, "/fleet stop everything because of smoke").await.transcript();
        stage.channel("#incidents").transcript();
        assert_snapshot!(ana.types(&noc, "/fleet why edge-lax-05").await.transcript(), @"
        ana   /fleet why edge-lax-05
        bot   (only ana) edge-lax-05: production, as the inventory has it
              Its load balancer: in service, hh:mm
              Nothing is under work on it, and no request waits for it
              🛑 Everything is stopped by bob since hh:mm: `of smoke` · `/fleet resume everything because …`
              ~ as of hh:mm
        ");
    })
    .await;
}

#[tokio::test]
async fn a_held_server_waits_until_it_is_released() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "hold");
        let hold = bob.types(&noc, "/fleet hold edge-lax-[01-02] because I change their disks").await;
        assert_snapshot!(hold.transcript(), @"
        bob   /fleet hold edge-lax-[01-02] because I change their disks
        bot   (only bob) `edge-lax-[01-02]` are held: no work on them starts, and what runs there neither changes nor returns them.
              No request waits for it now.
              ~ to let them go: `/fleet release edge-lax-[01-02]`
        ");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏳ queued · waits for a person
              • `edge-lax-01` held by bob since hh:mm: `I change their disks`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.kills_bot().await;
        stage.clock().advance(minutes(1)).await;
        stage.fleet().rebooted("edge-lax-01", times(0));
        let again = bob.types(&noc, "/fleet hold edge-lax-[02-03] because another disk").await;
        assert_snapshot!(again.transcript(), @"
        bob   /fleet hold edge-lax-[02-03] because another disk
        bot   (only bob) `edge-lax-03` is held: no work on it starts, and what runs there neither changes nor returns it.
              No request waits for it now.
              `edge-lax-02` is held already, by bob since hh:mm: `I change their disks`
              ~ to let them go: `/fleet release edge-lax-[02-03]`
        ");
        let refused = ana.types(&noc, "/fleet release edge-lax-01").await;
        assert_snapshot!(refused.transcript(), @"
        ana   /fleet release edge-lax-01
        bot   (only ana) 🚫 hold is not allowed in #noc
              Nothing has started.
              In #noc, sre may.
        ");
        let nothing = bob.types(&noc, "/fleet release edge-lax-06").await;
        assert_snapshot!(nothing.transcript(), @"
        bob   /fleet release edge-lax-06
        bot   (only bob) None of these servers is held. Nothing has changed.
        ");
        let free = bob.types(&noc, "/fleet release edge-lax-[01-03]").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(free.transcript(), @"
        bob   /fleet release edge-lax-[01-03]
        bot   (only bob) `edge-lax-[01-03]` are released. What waited starts by itself when it is safe.
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        thread.since_last_look();
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// Somebody may have their hands in a held server: what runs there does not even return it.
#[tokio::test]
async fn a_server_that_is_held_meanwhile_is_not_returned() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "hold");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        bob.types(&noc, "/fleet hold edge-lax-01 because I look at its fans").await.transcript();
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        stage.fleet().serves("edge-lax-01", false);
        bob.types(&noc, "/fleet release edge-lax-01").await.transcript();
        stage.clock().advance(minutes(1)).await;
        assert!(thread.transcript().contains("1 of 1 rebooted"));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

#[tokio::test]
async fn a_held_request_starts_no_more() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        thread.transcript();
        let refused = bob.types(&noc, "/fleet hold req-2222 because traffic is high").await;
        assert_snapshot!(refused.transcript(), @"
        bob   /fleet hold req-0001 because traffic is high
        bot   (only bob) req-0001 can be held and released by ana, or by somebody who may reboot the same servers in its channel. Nothing has changed.
        ");
        let hold = ana.types(&noc, "/fleet hold req-2222 because traffic is high").await;
        assert_snapshot!(hold.transcript(), @"
        ana   /fleet hold req-0001 because traffic is high
        bot   (only ana) req-0001 is held: it starts no more, and what it began goes on.
              1 not started · 1 at work
              ~ to let it go on: `/fleet release req-0001`
        ");
        let twice = ana.types(&noc, "/fleet hold req-2222 because traffic is high").await;
        assert_snapshot!(twice.transcript(), @"
        ana   /fleet hold req-0001 because traffic is high
        bot   (only ana) req-0001 is held already, by ana since hh:mm: `traffic is high`. Nothing has changed.
        ");
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ⏸️ paused · what it began goes on
              ▰▰▰▰▰▱▱▱▱▱  1 of 2 · 1 waiting
              • held by ana since hh:mm: `traffic is high`
              ~ @ana · as of hh:mm
              [Details] [Resume] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-02", times(0));
        let free = ana.types(&noc, "/fleet release req-2222").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(free.transcript(), @"
        ana   /fleet release req-0001
        bot   (only ana) req-0001 is released. It goes on by itself when it is safe.
        bot > ✅ req-0001: all 2 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        thread.since_last_look();
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
        let over = ana.types(&noc, "/fleet release req-2222").await;
        assert_snapshot!(over.transcript(), @"
        ana   /fleet release req-0001
        bot   (only ana) req-0001 is over since hh:mm: done. Nothing has changed.
        ");
        let silent = ana.types(&noc, "/fleet hold edge-lax-01").await;
        assert_snapshot!(silent.transcript(), @"
        ana   /fleet hold edge-lax-01
        bot   (only ana) Reason is missing
              ```
              hold edge-lax-01
                               ^
              ```
              Add because … at the end. Nothing has started.
        ");
        stage.clock().advance(seconds(5)).await;
    })
    .await;
}

/// People say pause and resume of a request; the card says who paused it, and lets it go on by a button.
#[tokio::test]
async fn a_paused_request_is_resumed_by_a_button() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        thread.transcript();
        let pause = ana.types(&noc, "/fleet pause req-2222 because traffic is high").await;
        assert_snapshot!(pause.transcript(), @"
        ana   /fleet pause req-0001 because traffic is high
        bot   (only ana) req-0001 is held: it starts no more, and what it began goes on.
              1 not started · 1 at work
              ~ to let it go on: `/fleet release req-0001`
        ");
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ⏸️ paused · what it began goes on
              ▱▱▱▱▱▱▱▱▱▱  0 of 2 · 1 working · 1 waiting
              Now: `edge-lax-01`: 1 rebooting
              • held by ana since hh:mm: `traffic is high`
              ~ @ana · as of hh:mm
              [Details] [Resume] [!Cancel!]
        ");
        bob.presses(&thread, "Resume").await;
        assert_snapshot!(thread.since_last_look(), @"
        bob   presses [Resume]
        bot   (only bob) req-0001 can be held and released by ana, or by somebody who may reboot the same servers in its channel. Nothing has changed.
        ");
        stage.kills_bot().await;
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ⏸️ paused · what it began goes on
              ▰▰▰▰▰▱▱▱▱▱  1 of 2 · 1 waiting
              • held by ana since hh:mm: `traffic is high`
              ~ @ana · as of hh:mm
              [Details] [Resume] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-02", times(0));
        ana.presses(&thread, "Resume").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              2 of 2 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        ana   presses [Resume]
        bot   (only ana) req-0001 is released. It goes on by itself when it is safe.
        bot > ✅ req-0001: all 2 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
        let waiting = ana.types(&noc, "/fleet reboot edge-lax-03 in 20m because kernel update").await;
        waiting.transcript();
        ana.types(&noc, "/fleet pause req-2223 because traffic is high").await.transcript();
        assert_snapshot!(waiting.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0002
              ⏸️ paused · nothing has started
              `edge-lax-03` · `kernel update`
              • held by ana since hh:mm: `traffic is high`
              ~ @ana · plan 0000
              [Details] [Resume] [!Cancel!]
        ");
        ana.types(&noc, "/fleet resume req-2223").await.transcript();
        ana.types(&noc, "/fleet cancel req-2223").await.transcript();
        waiting.since_last_look();
    })
    .await;
}

/// What was not safe within a day is given up, and that is said, also where some of it is done.
#[tokio::test]
async fn what_was_begun_and_could_not_go_on_expires_loudly() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-02]");
        let noc = noc.lets("sre", "hold");
        bob.types(&noc, "/fleet hold edge-lax-02 because I change its disks").await.transcript();
        let reboots = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        stage.clock().advance(minutes(5)).await;
        assert!(reboots.transcript().contains("1 of 2"), "{}", reboots.transcript());
        stage.bot_sleeps().await;
        stage.clock().advance(minutes(24 * 60)).await;
        stage.bot_wakes().await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(reboots.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              ⌛ expired · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              1 of 2 rebooted · 1 not started
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ⌛ req-0001 expired, 1 of 2 rebooted
              The rest was not safe in time, and nothing of it runs later.
              · `edge-lax-02` not started
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        stage.fleet().rebooted("edge-lax-02", times(0));
    })
    .await;
}
