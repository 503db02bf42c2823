//! Retrying: what a request left undone is asked for anew, once; each with its "no".

use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Fault;

/// The failed server alone is worked on again; what was done is not.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one request from its failure to the end of its retry")]
async fn what_failed_is_retried_by_a_button() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-02");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        stage.clock().advance(minutes(4)).await;
        thread.transcript();
        stage.fleet().repairs("edge-lax-02");
        // Whoever may not reboot may not do so again either.
        bob.presses(&thread, "Retry 1").await;
        assert_snapshot!(thread.since_last_look(), @"
        bob   presses [Retry 1], asked: Retry req-0001? A new request: reboot on what is left, planned, allowed and approved anew. [Retry 1]
        bot   (only bob) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        ");
        stage.kills_bot().await;
        ana.presses(&thread, "Retry 1").await;
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              ⚠️ done, 1 failed · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              2 of 3 rebooted · 1 failed
              Retried by ana at hh:mm, as req-0002
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✗ edge-lax-02 did not come back
              Seen at hh:mm: `No answer for 2 min; Redfish says power on`
              It stays drained and reserved.
              The other 1 goes on; one more failure stops it.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ⚠️ req-0001: 2 of 3 rebooted, 1 failed
              ✗ `edge-lax-02` did not come back; drained
              Retried by ana at hh:mm, as req-0002
              ~ some time · asked by @ana · plan 0000
        bob   presses [Retry 1], asked: Retry req-0001? A new request: reboot on what is left, planned, allowed and approved anew. [Retry 1]
        bot   (only bob) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        ana   presses [Retry 1], asked: Retry req-0001? A new request: reboot on what is left, planned, allowed and approved anew. [Retry 1]
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-02` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in lax · req-0002
              ✅ done · hh:mm
              `edge-lax-02` · `kernel update`
              1 of 1 rebooted
              ~ @ana · retry of req-0001 · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0002: edge-lax-02 rebooted and back as found
              ~ some time · asked by @ana · plan 0000
        ");
        assert_snapshot!(thread.since_last_look(), @"");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().rebooted("edge-lax-02", times(2));
        stage.fleet().rebooted("edge-lax-03", times(1));
        // It was found out of production, and is put back as it was found.
        stage.fleet().serves("edge-lax-02", false);
        stage.channel("#incidents").transcript();
        let twice = ana.types(&noc, "/fleet retry req-2222").await;
        assert_snapshot!(twice.transcript(), @"
        ana   /fleet retry req-0001
        bot   (only ana) req-0001 was retried by ana at hh:mm, as req-0002. Nothing has changed.
              What req-0002 leaves is retried with `retry req-0002`
        ");
        let nothing = ana.types(&noc, "/fleet retry req-2223").await;
        assert_snapshot!(nothing.transcript(), @"
        ana   /fleet retry req-0002
        bot   (only ana) req-0002 left nothing undone. Nothing has changed.
        ");
        let unknown = ana.types(&noc, "/fleet retry req-9999").await;
        assert_snapshot!(unknown.transcript(), @"
        ana   /fleet retry req-9999
        bot   (only ana) There is no req-9999. The id stands on the request's card, first line. Nothing has changed.
        ");
    })
    .await;
}

/// Consent was for the plan before: the new one is approved anew.
#[tokio::test]
async fn what_was_cancelled_is_retried_and_approved_anew() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-06]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        bob.approves(&thread, "looks right").await;
        thread.transcript();
        let early = ana.types(&noc, "/fleet retry req-2222").await;
        assert_snapshot!(early.transcript(), @"
        ana   /fleet retry req-0001
        bot   (only ana) req-0001 is not over: running. It can be retried once it is. Nothing has changed.
              To end it: `cancel req-0001`
        ");
        ana.types(&noc, "/fleet cancel req-2222").await.transcript();
        let stopping = ana.types(&noc, "/fleet retry req-2222").await;
        assert_snapshot!(stopping.transcript(), @"
        ana   /fleet retry req-0001
        bot   (only ana) req-0001 is not over: stopping. It can be retried once it is. Nothing has changed.
        ");
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        thread.since_last_look();
        let anew = ana.types(&noc, "/fleet retry req-2222").await;
        assert_snapshot!(anew.transcript(), @"
        ana   /fleet retry req-0001
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-02` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in lax · req-0002
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-02` · `kernel update`
              At most 1 out at once: 5 of 6 stay, floor 5
              ~ @ana · retry of req-0001 · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 1 server in lax needs your approval by hh:mm.
              [[Review]]
        ");
        bob.approves(&anew, "still right").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(anew.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0002
              ✅ done · hh:mm
              `edge-lax-02` · `kernel update`
              1 of 1 rebooted
              ~ @ana · retry of req-0001 · approved by bob hh:mm · hh:mm to hh:mm
              [Details]
        bot ~ Approved by bob at hh:mm (plan 0000)
        bob   presses [Review]
        bot   (form for bob) Review req-0002 [Record]
        bob   submits approve: still right
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✅ req-0002: edge-lax-02 rebooted and back in production
              ~ some time · asked by @ana · approved by bob hh:mm (`still right`) · plan 0000
        ");
        thread.since_last_look();
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

/// As long as it is not known what became of a server, nothing is asked anew.
#[tokio::test]
async fn an_unknown_outcome_is_not_retried() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().gets("edge-lax-01", Fault::HangsInExec);
        stage.fleet().gets("edge-lax-01", Fault::BmcDead);
        stage.fleet().gets("edge-lax-01", Fault::WontBoot);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(minutes(3)).await;
        thread.transcript();
        let asked = ana.types(&noc, "/fleet retry req-2222").await;
        assert_snapshot!(asked.transcript(), @"
        ana   /fleet retry req-0001
        bot   (only ana) req-0001 is not over: needs a person. It can be retried once it is. Nothing has changed.
              First say in its thread what happened.
        ");
        ana.presses(&thread, "It did reboot").await;
        stage.clock().advance(minutes(5)).await;
        thread.since_last_look();
        noc.transcript();
        stage.channel("#incidents").transcript();
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// What never started is left whole; and whoever may not ask for it may not ask anew.
#[tokio::test]
async fn what_never_started_is_left_whole() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] in 20m because kernel update").await;
        thread.transcript();
        let scheduled = ana.types(&noc, "/fleet retry req-2222").await;
        assert_snapshot!(scheduled.transcript(), @"
        ana   /fleet retry req-0001
        bot   (only ana) req-0001 is not over: scheduled. It can be retried once it is. Nothing has changed.
              To end it: `cancel req-0001`
        ");
        ana.types(&noc, "/fleet cancel req-2222").await.transcript();
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              Nothing has started, and nothing runs later
              ~ @ana · plan 0000
              [Details]
        ");
        let refused = bob.types(&noc, "/fleet retry req-2222").await;
        assert_snapshot!(refused.transcript(), @"
        bob   /fleet retry req-0001
        bot   (only bob) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        ");
        let anew = ana.types(&noc, "/fleet retry req-2222").await;
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(anew.transcript(), @"
        ana   /fleet retry req-0001
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 2 servers in lax · req-0002
              ✅ done · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              2 of 2 rebooted
              ~ @ana · retry of req-0001 · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0002: all 2 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        thread.since_last_look();
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}
