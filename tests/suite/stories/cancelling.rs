//! Cancelling: before the start nothing happens, in the middle everything reaches a safe point.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Rotation;

#[tokio::test]
async fn withdrawn_before_anybody_approved() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        let review = bob.sees_button(&thread, "Review").unwrap();
        ana.presses(&thread, "Withdraw").await;
        bob.presses_again(&thread, &review).await;
        stage.clock().advance(seconds(10)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              Nothing has started, and nothing runs later
              ~ @ana · plan 0000
              [Details]
        bot > Withdrawn by ana at hh:mm. Nothing has started, and nothing runs later.
        ana   presses [Withdraw], asked: Withdraw req-0001? Nothing has started, and nothing will. [Withdraw it]
        bot   (only ana) req-0001 is cancelled. Nothing has started, and nothing runs later.
        bot > ⏹️ req-0001 withdrawn by ana, nothing has started
              ~ asked by @ana · plan 0000 · reboot 2 servers in lax
        bob   presses a button seen before
        bot   (only bob) Already decided: withdrawn by ana at hh:mm. Nothing has started, and nothing runs later.
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// A request that waits for its pool never starts once it is cancelled.
#[tokio::test]
async fn cancelled_while_queued() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        ana.presses(&thread, "Cancel").await;
        stage.fleet().rotates("edge-lax-03", Rotation::Ready);
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-01` · `kernel update`
              Nothing has started, and nothing runs later
              ~ @ana · plan 0000
              [Details]
        ana   presses [Cancel], asked: Cancel req-0001? Nothing has started, and nothing will. [Cancel it]
        bot   (only ana) req-0001 is cancelled. Nothing has started, and nothing runs later.
        bot > ⏹️ req-0001 cancelled by ana, nothing has started
              ~ asked by @ana · plan 0000 · reboot 1 server in lax
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// What reboots is seen through; what waits is never touched.
#[tokio::test]
async fn cancelled_by_button_in_the_middle() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        ana.presses(&thread, "Cancel").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              🛑 stopping · cancelled by ana hh:mm
              ▱▱▱▱▱▱▱▱▱▱  0 of 3 · 1 goes to a safe point · 2 not started
              Now: `edge-lax-01`: 1 rebooting
              ~ @ana · as of hh:mm
              [Details]
        ana   presses [Cancel], asked: Cancel req-0001? 1 server goes to a safe point and returns. 2 are not started. 0 are done. [Cancel it]
        bot   (only ana) req-0001 is stopping. Nothing new starts; what is in flight goes to a safe point, drained servers return.
        ");
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 3 servers in lax · req-0001
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              1 of 3 rebooted · 2 not started
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ⏹️ req-0001 cancelled by ana: 1 done, 2 not started
              · `edge-lax-[02-03]` not started
              ~ some time · asked by @ana · plan 0000
              [Retry 2]
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().rebooted("edge-lax-[02-03]", times(0));
        stage.fleet().serves("edge-lax-[01-03]", true);
    })
    .await;
}

/// A server that is only drained goes back without a reboot.
#[tokio::test]
async fn a_drained_server_returns() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.bot_dies_after(crate::stories::crashing::drain_begun, crate::stage::Calls::Land).await;
        stage.bot_stays_down_after_crash();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.fleet().serves("edge-lax-01", false);
        let typed = ana.types(&noc, "/fleet cancel req-2222").await;
        stage.bot_wakes().await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-01` · `kernel update`
              0 of 1 rebooted · 1 returned unchanged
              ~ @ana · hh:mm to hh:mm
              [Details]
        ana   /fleet cancel req-0001
        bot   (only ana) req-0001 is stopping. Nothing new starts; what is in flight goes to a safe point, drained servers return.
        bot > ⏹️ req-0001 cancelled by ana: 0 done, 1 returned
              ~ some time · asked by @ana · plan 0000
              [Retry 1]
        ");
        assert_snapshot!(typed.since_last_look(), @"");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

#[tokio::test]
async fn cancelled_by_line_and_then_again() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        let cancel = ana.sees_button(&thread, "Cancel").unwrap();
        ana.types(&noc, "/fleet cancel req-2222").await;
        ana.types(&noc, "/fleet cancel req-2222").await;
        ana.presses_again(&thread, &cancel).await;
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(30)).await;
        ana.types(&noc, "/fleet cancel req-2222").await;
        ana.types(&noc, "/fleet cancel req-9zzz").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              1 of 3 rebooted · 2 not started
              ~ @ana · hh:mm to hh:mm
              [Details]
        ana   /fleet cancel req-0001
        bot   (only ana) req-0001 is stopping. Nothing new starts; what is in flight goes to a safe point, drained servers return.
        ana   /fleet cancel req-0001
        bot   (only ana) req-0001 is stopping already: ana asked at hh:mm. Nothing new starts.
        ana   presses a button seen before
        bot   (only ana) req-0001 is stopping already: ana asked at hh:mm. Nothing new starts.
        bot > ⏹️ req-0001 cancelled by ana: 1 done, 2 not started
              · `edge-lax-[02-03]` not started
              ~ some time · asked by @ana · plan 0000
              [Retry 2]
        ana   /fleet cancel req-0001
        bot   (only ana) req-0001 is over since hh:mm: cancelled. Nothing has changed.
        ana   /fleet cancel req-9zzz
        bot   (only ana) There is no req-9zzz. The id stands on the request's card, first line. Nothing has changed.
        ");
        stage.fleet().rebooted("edge-lax-[02-03]", times(0));
    })
    .await;
}

/// Whoever may ask for the same may stop it; nobody else.
#[tokio::test]
async fn cancelled_by_somebody_else() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let nia = stage.person("nia").in_group("noc");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        bob.presses(&thread, "Cancel").await;
        bob.types(&noc, "/fleet cancel req-2222").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              ▶️ running · wave 1 of 3
              ▱▱▱▱▱▱▱▱▱▱  0 of 3 · 1 working · 2 waiting
              Now: `edge-lax-01`: 1 rebooting
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        bob   presses [Cancel], asked: Cancel req-0001? 1 server goes to a safe point and returns. 2 are not started. 0 are done. [Cancel it]
        bot   (only bob) req-0001 can be cancelled by ana, or somebody who may reboot the same servers in its channel. Nothing has changed.
        bob   /fleet cancel req-0001
        bot   (only bob) req-0001 can be cancelled by ana, or somebody who may reboot the same servers in its channel. Nothing has changed.
        ");
        nia.presses(&thread, "Cancel").await;
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 3 servers in lax · req-0001
              ⏹️ cancelled by nia · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              1 of 3 rebooted · 2 not started
              ~ @ana · hh:mm to hh:mm
              [Details]
        nia   presses [Cancel], asked: Cancel req-0001? 1 server goes to a safe point and returns. 2 are not started. 0 are done. [Cancel it]
        bot   (only nia) req-0001 is stopping. Nothing new starts; what is in flight goes to a safe point, drained servers return.
        bot > ⏹️ req-0001 cancelled by nia: 1 done, 2 not started
              · `edge-lax-[02-03]` not started
              ~ some time · asked by @ana · plan 0000
              [Retry 2]
        ");
        stage.fleet().rebooted("edge-lax-[02-03]", times(0));
    })
    .await;
}
