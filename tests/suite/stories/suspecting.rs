//! Suspecting: a run has a server, and nothing comes of it. People are told once, and nothing expires by it.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Fault;

/// Somebody has held the server in the middle of its work, and forgotten about it.
#[tokio::test]
async fn a_forgotten_hold_makes_a_reservation_suspect() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "hold").lets("sre", "reboot");
        stage.has_pager();
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        bob.types(&noc, "/fleet hold edge-lax-01 because I look at its fans").await.transcript();
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(20)).await;
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        assert_snapshot!(stage.rings(), @"");
        stage.clock().advance(minutes(40)).await;
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ⚠️ edge-lax-01: its reservation is suspect, req-0001 shows no progress
              reboot by run-0001.1 since hh:mm, nothing has come of it since hh:mm: check ✓, next is return
              Held by bob since hh:mm: `I look at its fans`
              Nobody else may work on it, and it counts as out, until that is over or somebody ends it.
              ~ to let it go on: `/fleet release edge-lax-01`
        ");
        assert_snapshot!(stage.rings(), @"
        critical suspect of edge-lax-01 <link>: edge-lax-01: its reservation is suspect, req-0001 shows no progress
          Reboot by run-0001.1 since hh:mm, nothing has come of it since hh:mm: check ✓, next is return
          Held by bob since hh:mm: `I look at its fans`
          Nobody else may work on it, and it counts as out, until that is over or somebody ends it.
          To let it go on: `/fleet release edge-lax-01`
        ");
        // It is told once, whatever happens meanwhile, and it stays as it was.
        stage.kills_bot().await;
        stage.clock().advance(minutes(90)).await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"");
        assert!(stage.rings().contains("suspect of edge-lax-01"), "it rings as long as it lasts");
        let other = ana.types(&noc, "/fleet drain edge-lax-01 because firmware hang").await;
        assert!(other.transcript().contains("`edge-lax-01` under work for req-0001 since"));
        ana.types(&noc, "/fleet cancel req-2223").await.transcript();
        other.transcript();
        stage.fleet().serves("edge-lax-01", false);
        bob.types(&noc, "/fleet release edge-lax-01").await.transcript();
        stage.clock().advance(minutes(6)).await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✅ hh:mm · edge-lax-01: req-0001 goes on
        ");
        assert_snapshot!(stage.rings(), @"");
        assert!(thread.transcript().contains("1 of 1 rebooted"));
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

/// What stands still because a person was asked is told as that.
#[tokio::test]
async fn a_question_is_not_suspect() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        for fault in [Fault::HangsInExec, Fault::BmcDead, Fault::WontBoot] {
            stage.fleet().gets("edge-lax-01", fault);
        }
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(minutes(5)).await;
        thread.transcript();
        assert!(stage.channel("#incidents").transcript().contains("outcome not known, a person must say"));
        stage.clock().advance(minutes(180)).await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"");
        ana.presses(&thread, "It did not").await;
        thread.transcript();
        stage.channel("#incidents").since_last_look();
    })
    .await;
}

/// A bot that was down for hours has not looked: what it had begun moves on first.
#[tokio::test]
async fn what_stood_still_while_the_bot_was_down_is_not_suspect() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(seconds(5)).await;
        stage.bot_sleeps().await;
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(120)).await;
        stage.bot_wakes().await;
        stage.clock().advance(minutes(5)).await;
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        thread.transcript();
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}
