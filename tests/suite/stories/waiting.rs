//! Waiting: what is not safe now starts by itself when it is, and says why it waits.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::{Fault, Rotation};

#[tokio::test]
async fn a_pool_at_its_floor_is_not_lowered() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏳ queued · starts by itself
              • edge-lax has 2 of 3 in service, floor 2
                1 out: `edge-lax-03` (out of rotation)
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));

        stage.clock().advance(seconds(30)).await;
        stage.fleet().rotates("edge-lax-03", Rotation::Ready);
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// Nothing else can serve in its place, so waiting for that would be in vain; that is said.
#[tokio::test]
async fn the_only_server_of_a_pool_says_what_helps() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-01");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(seconds(20)).await;
        assert!(thread.transcript().contains("edge-lax has 1 of 1 in service, floor 1"));
        let why = ana.types(&noc, "/fleet why req-2222").await.transcript();
        let helps = "it is the only one there: goes on when there are more, or by an override of capacity";
        assert!(why.contains(helps), "{why}");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// The cure is never blocked by the disease: a server that does not serve may be rebooted at any time.
/// Somebody took it out by hand, and a run that puts it back at its end would undo that.
#[tokio::test]
async fn what_somebody_else_took_out_waits_for_a_word() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let noc = noc.lets("sre", "state");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        stage.clock().advance(seconds(5)).await;
        let thread = ana.types(&noc, "/fleet reboot edge-lax-03 because kernel update").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-03 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-03` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏳ queued · starts by itself
              • `edge-lax-03` is meant to be in production, and out of rotation, by no run; to let it stay out, send `state edge-lax-03 maintenance because …`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let why = ana.types(&noc, "/fleet why req-2222").await;
        assert_snapshot!(why.transcript(), @"
        ana   /fleet why req-0001
        bot   (only ana) Reboot 1 server in lax · req-0001
              ⏳ queued
              • `edge-lax-03` is meant to be in production, and out of rotation, by no run; to let it stay out, send `state edge-lax-03 maintenance because …`
                blocks `edge-lax-03`
                goes on when it serves
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        stage.fleet().rotates("edge-lax-03", Rotation::Ready);
        stage.clock().advance(minutes(2)).await;
        assert!(thread.since_last_look().contains("1 of 1 rebooted"));
        stage.fleet().rebooted("edge-lax-03", times(1));
    })
    .await;
}

/// It is meant to be out, and serves: whoever restarted it would interrupt what nobody counts.
#[tokio::test]
async fn what_serves_though_it_is_meant_to_be_out_waits_for_a_word() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        ana.types(&noc, "/fleet drain edge-lax-03 because fan noise").await.transcript();
        stage.clock().advance(minutes(2)).await;
        stage.fleet().rotates("edge-lax-03", Rotation::Ready);
        stage.clock().advance(seconds(5)).await;
        noc.transcript();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-03 because kernel update").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-03 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-03` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in lax · req-0002
              ⏳ queued · starts by itself
              • `edge-lax-03` is meant to be drained, and in service at its load balancer; to let it go on serving, send `undrain edge-lax-03`, or take it out there
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let why = ana.types(&noc, "/fleet why req-2223").await;
        assert_snapshot!(why.transcript(), @"
        ana   /fleet why req-0002
        bot   (only ana) Reboot 1 server in lax · req-0002
              ⏳ queued
              • `edge-lax-03` is meant to be drained, and in service at its load balancer; to let it go on serving, send `undrain edge-lax-03`, or take it out there
                blocks `edge-lax-03`
                goes on when it is out of rotation
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        ana.types(&noc, "/fleet undrain edge-lax-03 because it is mended").await;
        stage.clock().advance(minutes(5)).await;
        assert!(thread.since_last_look().contains("1 of 1 rebooted"));
        stage.fleet().rebooted("edge-lax-03", times(1));
        noc.transcript();
    })
    .await;
}

/// And that holds to the end of its run: the pool is below its floor because of this server, so its gate lets it through.
#[tokio::test]
async fn a_dead_server_of_a_pool_below_its_floor_is_cured() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().gets("edge-lax-02", Fault::Dead);
        stage.fleet().gets("edge-lax-03", Fault::Dead);
        stage.clock().advance(seconds(30)).await;
        let thread = ana.types(&noc, "/fleet reboot edge-lax-03 because it does not answer").await;
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-03 because it does not answer
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-03` · reason: `it does not answer`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-03` · `it does not answer`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-03 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-03", times(1));
    })
    .await;
}

#[tokio::test]
async fn a_server_of_another_request_is_waited_for() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        stage.fleet().holds_boots();
        let first = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        first.transcript();
        let second = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        assert_snapshot!(second.transcript(), @"
        ana   /fleet drain edge-lax-01 because fan noise
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-01` · reason: `fan noise`
              ~ req-0002 · … · card <link>
        bot   Drain 1 server in lax · req-0002
              ⏳ queued · starts by itself
              • `edge-lax-01` under work for req-0001 since hh:mm
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.clock().advance(seconds(30)).await;
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(first.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ Drain 1 server in lax · req-0002
              ✅ done · hh:mm
              `edge-lax-01` · `fan noise`
              1 of 1 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0002: edge-lax-01 drained
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        stage.fleet().serves("edge-lax-01", false);
    })
    .await;
}

/// What was not looked at for two minutes counts as not known; a moment is not enough for that.
#[tokio::test]
async fn a_pool_that_was_looked_at_long_ago_waits() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.clock().advance(seconds(3)).await;
        stage.fleet().balancers_go_silent();
        stage.clock().advance(seconds(150)).await;
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏳ queued · starts by itself
              • health of 3 of 3 in edge-lax unknown since hh:mm; waits until it is known
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().balancers_answer();
        stage.clock().advance(minutes(1)).await;
        assert!(thread.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// A bot that has never seen a pool takes nothing from it.
#[tokio::test]
async fn a_pool_that_nobody_has_looked_at_waits() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().balancers_go_silent();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏳ queued · starts by itself
              • health of 3 of 3 in edge-lax unknown, not looked at yet; waits until it is known
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.clock().advance(seconds(30)).await;
        stage.fleet().balancers_answer();
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// At most four servers of one site at once: the fifth waits, and it is no news.
#[tokio::test]
async fn four_servers_of_a_site_at_once() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-20]");
        stage.lets_out(50);
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-07] --wave 100% because kernel update").await;
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(30)).await;
        stage.fleet().rebooted("edge-lax-[02-05]", times(1));
        stage.fleet().rebooted("edge-lax-[06-07]", times(0));
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-07] --wave 100% because kernel update
        bot   (only ana) Understood: reboot 7 servers in lax
              `edge-lax-[01-07]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 7 servers in lax · req-0001
              ▶️ running · wave 2 of 2
              ▰▱▱▱▱▱▱▱▱▱  1 of 7 · 4 working · 2 waiting
              Now: `edge-lax-[02-05]`: 4 rebooting
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        stage.fleet().finishes("edge-lax-[02-05]");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 7 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-07]` · `kernel update`
              7 of 7 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: all 7 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[01-07]", times(1));
    })
    .await;
}

/// A server that failed by itself uses up the same allowance.
#[tokio::test]
async fn a_dead_server_counts_as_out() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().gets("edge-lax-03", Fault::Dead);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              ⏳ queued · starts by itself
              • edge-lax has 2 of 3 in service, floor 2
                1 out: `edge-lax-03` (does not answer)
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// One mistake with a rack then costs one server, not all of them.
#[tokio::test]
async fn one_server_of_a_rack_at_once() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-30]");
        stage.lets_work_in_a_rack(1);
        stage.fleet().holds_boots();
        let first = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        let second = ana.types(&noc, "/fleet drain edge-lax-02 because it is slow").await;
        assert_snapshot!(second.transcript(), @"
        ana   /fleet drain edge-lax-02 because it is slow
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-02` · reason: `it is slow`
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in lax · req-0001
              ⏳ queued · starts by itself
              • rack lax-r01: 1 server under work, at most 1 at once (req-0002)
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(2)).await;
        assert!(first.transcript().contains("back in production"), "{}", first.transcript());
        assert!(second.transcript().contains("drained"), "{}", second.transcript());
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}
