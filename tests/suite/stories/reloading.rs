//! Reloading: files that change while the bot serves are used as a whole, or not at all.

use super::{Cast, cast};
use crate::stage::{seconds, story, times};
use insta::assert_snapshot;

#[tokio::test]
async fn the_next_line_means_what_the_changed_command_says() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-04]");
        let before = ana.types(&noc, "/fleet plan drain edge-lax-[01-02] because fan noise").await;
        assert!(before.transcript().contains("Plan: drain 2 servers"));
        stage.edits_command("drain.yaml", "max: 200", "max: 1").await;
        let after = ana.types(&noc, "/fleet drain edge-lax-[01-02] because fan noise").await;
        assert_snapshot!(after.transcript(), @"
        ana   /fleet drain edge-lax-[01-02] because fan noise
        bot   (only ana) You asked for 2 servers, at most 1 fit one request. Nothing has started.
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
    })
    .await;
}

#[tokio::test]
async fn a_broken_change_keeps_what_was_in_force_and_is_told_until_repaired() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-04]");
        ana.types(&noc, "/fleet help").await.transcript();
        stage.edits_command("drain.yaml", "max: 200", "mox: 1").await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ✗ 2 faults in changed files, which are not used
              `commands/drain.yaml:6` `'max' is missing`
              `commands/drain.yaml:6` `there is no key 'mox' here`
              ~ The set 0000 stays in force. Correct the files; they are read again by themselves.
        ");
        stage.clock().advance(seconds(200)).await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"");
        let line = ana.types(&noc, "/fleet plan drain edge-lax-[01-02] because fan noise").await;
        assert_snapshot!(line.transcript(), @"
        ana   /fleet plan drain edge-lax-[01-02] because fan noise
        bot   (only ana) Plan: drain 2 servers in lax · nothing is started
              `edge-lax-[01-02]`
              sites: lax 2 · types: edge-cache 2 · states: production 2
              waves: 1 · 1, watched for 10 s after each; stops starting when more than 0 failed: nothing else is at work then, so at most 1 of 2 may fail
              1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
              ✓ you may by noc-noc-drain · needs nobody's approval
              edge-lax: 4 → 3 of 4 at the lowest, at most 1 out at once, floor 3
              first wave: could start now
              ~ ask: sre for drain
              ~ to do it: `drain edge-lax-[01-02] because fan noise`
        ");
        stage.edits_command("drain.yaml", "mox: 1", "max: 1").await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ✅ The changed files are in force (set 0000)
              4 commands, policies of 1 channel, 4 servers
        ");
        let line = ana.types(&noc, "/fleet drain edge-lax-[01-02] because fan noise").await;
        assert_snapshot!(line.transcript(), @"
        ana   /fleet drain edge-lax-[01-02] because fan noise
        bot   (only ana) You asked for 2 servers, at most 1 fit one request. Nothing has started.
        ");
        // The same fault after a repair is told anew.
        stage.edits_command("drain.yaml", "max: 1", "mox: 1").await;
        assert!(stage.channel("#incidents").since_last_look().contains("drain.yaml"));
    })
    .await;
}

#[tokio::test]
async fn an_inventory_that_lost_a_site_is_not_believed() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-20]");
        stage.fleet().has("edge-fra-01");
        ana.types(&noc, "/fleet help").await.transcript();
        stage.inventory_loses(&["edge-fra-01"]).await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ✗ The changed inventory lost 1 of 21 servers; it is not used
              1 site gone as a whole: fra
              Put them back, or restart the bot if they are gone for good.
              ~ The set 0000 stays in force.
        ");
        let line = ana.types(&noc, "/fleet status edge-fra-01").await;
        assert!(line.transcript().contains("1 of 1 in service"), "what was in force stays");
    })
    .await;
}

#[tokio::test]
async fn an_inventory_that_lost_one_server_of_many_is_used() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-20]");
        ana.types(&noc, "/fleet help").await.transcript();
        stage.inventory_loses(&["edge-lax-20"]).await;
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        let line = ana.types(&noc, "/fleet status edge-lax-20").await;
        assert_snapshot!(line.transcript(), @"
        ana   /fleet status edge-lax-20
        bot   (only ana) No server is called edge-lax-20
              ```
              status edge-lax-20
                     ^^^^^^^^^^^
              ```
              Names are those of the inventory, with every digit. Nothing has started.
        ");
    })
    .await;
}

/// A server that is worked on must stay reachable and go back: the change waits until the work is over.
#[tokio::test]
async fn an_inventory_without_a_server_at_work_waits_for_it() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-20]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.inventory_loses(&["edge-lax-01"]).await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ✗ The changed inventory moves or drops 1 server under work; it is not used yet
              `edge-lax-01`
              It is used by itself within a minute after their work is over.
              ~ The set 0000 stays in force.
        ");
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(seconds(60)).await;
        assert!(thread.transcript().contains("back in production"), "{}", thread.transcript());
        stage.clock().advance(seconds(70)).await;
        // A bot that was started anew in between has no trouble to take back, and says nothing.
        stage.channel("#incidents").since_last_look();
        let gone = ana.types(&noc, "/fleet status edge-lax-01").await;
        assert!(gone.transcript().contains("No server is called edge-lax-01"), "the new set is in force");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// By the changed command the reboot would have been given up long before the server is back.
#[tokio::test]
async fn a_running_request_keeps_the_definition_it_was_planned_with() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.edits_command("reboot.yaml", "timeout: 2m, grace: 40s", "timeout: 20s, grace: 10s").await;
        stage.clock().advance(seconds(70)).await;
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(seconds(60)).await;
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
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}
