//! Rebooting servers, from the line to the final reply.

use crate::stage::{minutes, story, times};
use insta::assert_snapshot;

#[tokio::test]
async fn three_servers_are_rebooted_one_after_the_other() {
    story(async |stage| {
        let noc = stage.channel("#noc").lets("noc", "reboot").needing_approvals(1, "sre");
        let ana = stage.person("ana").in_group("noc");
        let bob = stage.person("bob").in_group("sre");
        stage.fleet().has("edge-lax-[01-03]");

        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        ana.presses(&thread, "Review").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · nothing has started · card <link>
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
        stage.clock().advance(minutes(5)).await;
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
              [Close]
        bot > ✅ req-0001: all 3 rebooted and back in production
              ~ 35 s · asked by @ana · approved by bob · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[01-03]", times(1));
        stage.fleet().serves("edge-lax-[01-03]", true);
    })
    .await;
}
