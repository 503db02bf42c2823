//! The buttons of #incidents: what helps is pressed where the trouble is told, and judged by the policies of that channel.

use super::overriding::{OVERRIDE, cast_with_commander};
use super::{Cast, cast};
use crate::stage::{minutes, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Rotation;

/// Whoever takes it says so by one press: the servers are in repair, by them.
#[tokio::test]
async fn what_was_left_out_is_taken_over() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-12]");
        let incidents = stage.channel("#incidents").lets("sre", "state");
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-02");
        stage.fleet().never_returns("edge-lax-03");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        stage.clock().advance(minutes(6)).await;
        thread.transcript();
        assert_snapshot!(incidents.transcript(), @"
        bot   ✗ 2 servers of lax out of production
              reboot: `edge-lax-[02-03]` did not come back; drained
              edge-lax now 10 of 12, floor 6
              ~ req-0001 by ana · since hh:mm
              [[I take it]] [Open thread]
        bot » ✗ Worse: 2 servers of lax out of production now
              reboot: `edge-lax-03` did not come back; drained
              edge-lax now 10 of 12, floor 6
        ");
        let there = incidents.whole();
        let button = bob.sees_button(&there, "I take it").unwrap();
        ana.presses(&there, "I take it").await;
        bob.presses(&there, "I take it").await;
        stage.kills_bot().await;
        bob.presses_again(&there, &button).await;
        assert_snapshot!(incidents.since_last_look(), @"
        bot ~ ✗ 2 servers of lax out of production
              reboot: `edge-lax-[02-03]` did not come back; drained
              taken over by bob: `edge-lax-[02-03]` (repair)
              edge-lax now 10 of 10, floor 5
              ~ req-0001 by ana · since hh:mm
              [Open thread]
        ana   presses [I take it], asked: Take over 2 servers? You say that what req-0001 left out is in repair, by you. Its pool is counted without it. [I take it]
        bot   (only ana) 🚫 state is not allowed in #incidents
              Nothing has started.
              In #incidents, sre may.
        bob   presses [I take it], asked: Take over 2 servers? You say that what req-0001 left out is in repair, by you. Its pool is counted without it. [I take it]
        bot   (only bob) `edge-lax-[02-03]` are in repair: only commands that take servers in that state start there.
              What req-0001 left behind is taken over.
              edge-lax: 10 of 10 in service, floor 6 → 5
              ~ when that is done: `/fleet state edge-lax-[02-03] ready because …`
        bot   edge-lax-[02-03]: in repair, says bob: `left out by req-0001`
              What req-0001 left behind is taken over.
              edge-lax: 10 of 10 in service, floor 6 → 5
        bob   presses a button seen before
        bot   (only bob) Nothing that req-0001 left out is nobody's: it is back, or somebody took it over. Nothing has changed.
        ");
        assert_snapshot!(thread.since_last_look(), @"");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// A halted request that is over is retried where the halt is told, as the policies there allow; the card comes there too.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn what_a_halt_left_is_retried() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-12]");
        let cid = stage.person("cid").in_group("incident-commander");
        let incidents = stage.channel("#incidents").lets("incident-commander", "reboot");
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-01");
        stage.fleet().never_returns("edge-lax-02");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-06] because kernel update").await;
        stage.clock().advance(minutes(10)).await;
        thread.transcript();
        assert_snapshot!(incidents.transcript(), @"
        bot   ✗ 2 servers of lax out of production
              reboot: `edge-lax-[01-02]` did not come back; drained
              edge-lax now 10 of 12, floor 6
              ~ req-0001 by ana · since hh:mm
              [[I take it]] [Open thread]
        bot » ✗ Worse: 2 servers of lax out of production now
              reboot: `edge-lax-02` did not come back; drained
              edge-lax now 10 of 12, floor 6
        bot   ❌ req-0001 is over: failed · hh:mm
              Halted: 2 servers failed, limit 1.
              0 of 6 rebooted, 4 not started.
              To go on with what is left: `retry req-0001`
              ~ req-0001 by ana · halted hh:mm
              [[Retry 6]] [Open thread]
        ");
        stage.fleet().repairs("edge-lax-01");
        stage.fleet().repairs("edge-lax-02");
        let there = incidents.whole();
        ana.presses(&there, "Retry 6").await;
        cid.presses(&there, "Retry 6").await;
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(incidents.since_last_look(), @"
        bot ~ ✅ hh:mm · req-0001 is over: failed · hh:mm
              Halted: 2 servers failed, limit 1.
              0 of 6 rebooted, 4 not started.
              Retried by cid at hh:mm, as req-0002.
              ~ req-0001 by ana · halted hh:mm
        ana   presses [Retry 6], asked: Retry req-0001? A new request: reboot on what is left, planned, allowed and approved anew. [Retry 6]
        bot   (only ana) 🚫 reboot is not allowed in #incidents
              Nothing has started.
              In #noc you may. In #incidents, incident-commander may.
              [Ask for access]
        cid   presses [Retry 6], asked: Retry req-0001? A new request: reboot on what is left, planned, allowed and approved anew. [Retry 6]
        bot   (only cid) Understood: reboot 6 servers in lax
              `edge-lax-[01-06]` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 6 servers in lax · req-0002
              ✅ done · hh:mm
              `edge-lax-[01-06]` · `kernel update`
              6 of 6 rebooted
              ~ @cid · retry of req-0001 · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0002: all 6 rebooted and back as found
              ~ some time · asked by @cid · plan 0000
        ");
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 6 servers in lax · req-0001
              ❌ failed · hh:mm
              `edge-lax-[01-06]` · `kernel update`
              0 of 6 rebooted · 2 failed · 4 not started
              Retried by cid at hh:mm, as req-0002
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ ❌ req-0001: none of 6 rebooted, 2 failed
              ✗ `edge-lax-[01-02]` did not come back; drained
              · `edge-lax-[03-06]` not started: stopped after 2 servers failed, limit 1
              Retried by cid at hh:mm, as req-0002
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[03-06]", times(1));
    })
    .await;
}

/// The second person need not look for the thread.
#[tokio::test]
async fn an_override_is_reviewed() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-10]");
        let dee = stage.person("dee").in_group("incident-commander");
        stage.fleet().rotates("edge-lax-10", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet drain edge-lax-[01-06] because fan noise").await;
        cid.types(&noc, OVERRIDE).await;
        thread.transcript();
        let incidents = stage.channel("#incidents");
        assert_snapshot!(incidents.transcript(), @"
        bot   🔓 cid asks to override capacity for 6 servers of lax
              `edge-lax-[01-06]` · waits for a second person until hh:mm
              Why: `customers are affected`
              edge-lax now 9 of 10, floor 9
              ~ req-0001 by ana · override by cid hh:mm
              [[Review]] [Open thread]
        ");
        let there = incidents.whole();
        cid.presses(&there, "Review").await;
        dee.presses(&there, "Review").await;
        dee.submits(&there, "approve", "").await;
        stage.clock().advance(minutes(3)).await;
        assert_snapshot!(incidents.since_last_look(), @"
        bot ~ 🔓 cid overrides capacity for 6 servers of lax
              `edge-lax-[01-06]` · over: 6 of 6 passed
              Why: `customers are affected`
              edge-lax now 3 of 10, floor 9
              ~ req-0001 by ana · override by cid hh:mm · agreed by dee hh:mm
              [Open thread]
        cid   presses [Review]
        bot   (only cid) You asked for this, so someone else of incident-commander must agree.
        dee   presses [Review]
        bot   (form for dee) Override req-0001 [Record]
        dee   submits approve
        bot   (form for dee) == Override ==
              Recorded: approved. They pass as soon as it is their turn.
              [Close]
        ");
        thread.transcript();
        stage.fleet().serves("edge-lax-[01-06]", false);
    })
    .await;
}

/// Whoever lets everything go on is asked why, and is told no as where they type it.
#[tokio::test]
async fn everything_goes_on_by_a_button_that_asks_why() {
    story(async |stage| {
        let Cast { noc, bob, .. } = cast(stage, "edge-lax-[01-03]");
        let cid = stage.person("cid").in_group("incident-commander");
        let incidents = stage.channel("#incidents").lets("incident-commander", "reboot");
        bob.types(&noc, "/fleet stop everything because servers do not come back").await.transcript();
        incidents.transcript();
        let there = incidents.whole();
        bob.presses(&there, "Let it go on").await;
        bob.fills(&there, &[("Why", "it was me")]).await;
        cid.presses(&there, "Let it go on").await;
        assert_snapshot!(cid.form(), @"
        == Why? ==
        You say: `/fleet resume-everything because …`
        Why: [________] everybody reads it, and it is kept
        [Close] [[Send]]
        ");
        cid.fills(&there, &[("Why", "the cause was found")]).await;
        assert_snapshot!(incidents.since_last_look(), @"
        bot ~ ✅ hh:mm · Everything goes on, resumed by cid: `the cause was found`
              Stopped by bob from hh:mm: `servers do not come back`
        bob   presses [Let it go on]
        bot   (form for bob) Why? [Send]
        bob   sends the form Why: it was me
        bot   (only bob) To go on after your own stop takes another person, or 10 min: you may from hh:mm. Nothing has changed.
              Stopped by bob at hh:mm.
        bot   (form for bob) == Why? ==
              Sent: `resume-everything because it was me`. The answer stands in the channel.
              [Close]
        cid   presses [Let it go on]
        bot   (form for cid) Why? [Send]
        cid   sends the form Why: the cause was found
        bot   (only cid) ✅ Everything goes on. It was stopped by bob at hh:mm.
              No request was waiting.
        bot   (form for cid) == Why? ==
              Sent: `resume-everything because the cause was found`. The answer stands in the channel.
              [Close]
        ");
        let again = cid.types(&noc, "/fleet resume everything because the cause was found").await;
        assert!(again.transcript().contains("Nothing is stopped"));
    })
    .await;
}

/// In a channel without work nobody lets everything go on, so there is no button for it either.
#[tokio::test]
async fn no_button_lets_everything_go_on_where_nobody_may() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let incidents = stage.channel("#incidents");
        bob.types(&noc, "/fleet stop everything because servers do not come back").await.transcript();
        assert!(!incidents.transcript().contains("Let it go on"));
        ana.types(&noc, "/fleet resume everything because the cause was found").await.transcript();
        incidents.transcript();
    })
    .await;
}

/// Whoever owns the command closes its breaker where it is told, with a reason.
#[tokio::test]
async fn a_breaker_is_closed_by_a_button_that_asks_why() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "reboot");
        stage.lets_out(50);
        let incidents = stage.channel("#incidents").lets("sre", "reboot");
        for name in ["edge-lax-01", "edge-lax-02", "edge-lax-03"] {
            stage.fleet().never_returns(name);
            ana.types(&noc, &format!("/fleet reboot {name} because kernel update")).await.transcript();
            stage.clock().advance(minutes(4)).await;
            noc.transcript();
        }
        incidents.transcript();
        let there = incidents.whole();
        ana.presses(&there, "Close it").await;
        ana.fills(&there, &[("Why", "I want to")]).await;
        bob.presses(&there, "Close it").await;
        bob.fills(&there, &[("Why", "the firmware  was replaced")]).await;
        assert_snapshot!(incidents.since_last_look(), @"
        bot ~ ✅ hh:mm · Reboot in lax may start again: closed by bob
              `the firmware was replaced`
              ~ without a canary · it was open since hh:mm
        ana   presses [Close it]
        bot   (form for ana) Why? [Send]
        ana   sends the form Why: I want to
        bot   (only ana) Reboot in lax can be let start again by whoever may reboot here, once its canary has passed, and sre before. Nothing has changed.
        bot   (form for ana) == Why? ==
              Sent: `close-breaker reboot site=lax because I want to`. The answer stands in the channel.
              [Close]
        bob   presses [Close it]
        bot   (form for bob) Why? [Send]
        bob   sends the form Why: the firmware  was replaced
        bot   (only bob) Reboot in lax may start again, without a canary. Failures are counted anew.
        bot   (form for bob) == Why? ==
              Sent: `close-breaker reboot site=lax because the firmware was replaced`. The answer stands in the channel.
              [Close]
        ");
        noc.transcript();
    })
    .await;
}
