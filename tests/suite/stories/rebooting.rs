//! Rebooting servers, from the line to the final reply.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::server::ProductionState;

#[tokio::test]
async fn three_servers_are_rebooted_one_after_the_other() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");

        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        ana.presses(&thread, "Review").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-[01-03]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 3 servers in lax need your approval by hh:mm.
              [[Review]]
        ana   presses [Review]
        bot   (only ana) You asked for this, so someone else of sre must decide. bob is active now.
        ");

        bob.approves(&thread, "looks right").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 3 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              3 of 3 rebooted
              ~ @ana · approved by bob hh:mm · hh:mm to hh:mm
              [Details]
        bot ~ Approved by bob at hh:mm (plan 0000)
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve: looks right
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✅ req-0001: all 3 rebooted and back in production
              ~ some time · asked by @ana · approved by bob hh:mm (`looks right`) · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[01-03]", times(1));
        stage.fleet().serves("edge-lax-[01-03]", true);
    })
    .await;
}

/// The card counts up while waves go by; nothing else is said in between.
#[tokio::test]
async fn eight_of_forty_servers_go_in_waves() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[001-040]");
        stage.fleet().holds_boots();

        let thread = ana.types(&noc, "/fleet reboot edge-lax-[001-008] --wave 50% because kernel update").await;
        stage.clock().advance(seconds(10)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[001-008] --wave 50% because kernel update
        bot   (only ana) Understood: reboot 8 servers in lax
              `edge-lax-[001-008]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 8 servers in lax · req-0001
              ▶️ running · wave 1 of 3
              ▱▱▱▱▱▱▱▱▱▱  0 of 8 · 1 working · 7 waiting
              Now: `edge-lax-001`: 1 rebooting
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");

        stage.fleet().finishes("edge-lax-001");
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 8 servers in lax · req-0001
              ▶️ running · wave 2 of 3
              ▰▱▱▱▱▱▱▱▱▱  1 of 8 · 4 working · 3 waiting
              Now: `edge-lax-[002-005]`: 4 rebooting
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-[002-005]", times(1));
        stage.fleet().rebooted("edge-lax-[006-008]", times(0));

        stage.fleet().finishes("edge-lax-[002-005]");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 8 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[001-008]` · `kernel update`
              8 of 8 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: all 8 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[001-008]", times(1));
        stage.fleet().rebooted("edge-lax-[009-040]", times(0));
        stage.fleet().serves("edge-lax-[001-040]", true);
    })
    .await;
}

/// A server goes back to the state it was found in, never beyond it.
#[tokio::test]
async fn a_standby_server_stays_out_of_rotation() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().has_in("edge-lax-04", ProductionState::Standby);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-04 because kernel update").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-04 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-04` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-04` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-04 rebooted and back as found
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-04", times(1));
        stage.fleet().serves("edge-lax-04", false);
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_delivered_twice_is_one_request() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.redelivers_last().await;
        stage.clock().advance(seconds(30)).await;
        stage.redelivers_last().await;
        assert_snapshot!(thread.transcript(), @"
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
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// The same line typed again while the first is under way adds nothing; other servers do.
#[tokio::test]
async fn a_line_that_is_typed_twice_is_one_request() {
    story(async |stage| {
        let Cast { noc, ana, bob: _ } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().holds_boots();
        let first = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        let second = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(second.since_last_look(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) This server is already in req-0001 (running). Nothing was added. Its card <link>
        ");
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(first.since_last_look(), @"
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
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn drained_servers_wait_for_undrain() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        stage.clock().advance(seconds(10)).await;
        stage.fleet().serves("edge-lax-01", false);
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet drain edge-lax-01 because fan noise
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-01` · reason: `fan noise`
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `fan noise`
              1 of 1 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 drained
              ~ some time · asked by @ana · plan 0000
        ");
        let thread = ana.types(&noc, "/fleet undrain edge-lax-01").await;
        stage.clock().advance(seconds(10)).await;
        stage.fleet().serves("edge-lax-01", true);
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet undrain edge-lax-01
        bot   (only ana) Understood: undrain 1 server in lax
              `edge-lax-01`
              ~ req-0002 · … · card <link>
        bot   Undrain 1 server in lax · req-0002
              ✅ done · hh:mm
              `edge-lax-01`
              1 of 1 put into production
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0002: edge-lax-01 put into production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}
