//! Pressing: twice, on an old card, on a copy, on what was made for somebody else. Nothing happens a second time.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

#[tokio::test]
async fn a_second_press_of_approve_changes_nothing() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        let review = bob.sees_button(&thread, "Review").unwrap();
        bob.presses(&thread, "Review").await;
        bob.submits(&thread, "approve", "").await;
        stage.redelivers_last().await;
        bob.presses_again(&thread, &review).await;
        stage.clock().advance(seconds(30)).await;
        bob.presses_again(&thread, &review).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · approved by bob hh:mm · hh:mm to hh:mm
              [Details]
        bot > Approved by bob at hh:mm (plan 0000)
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · approved by bob hh:mm · plan 0000
        bob   presses a button seen before
        bot   (only bob) Already decided: approved by bob at hh:mm (plan 0000)
        bob   presses a button seen before
        bot   (only bob) Already decided: approved by bob at hh:mm (plan 0000)
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// A button is worth something only on a message that was posted for that very request.
#[tokio::test]
async fn a_copied_button_is_worth_nothing() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        stage.fleet().holds_boots();
        let first = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        let cancel = ana.sees_button(&first, "Cancel").unwrap();
        let second = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        first.since_last_look();
        ana.presses_copy(&second, &cancel).await;
        assert_snapshot!(first.since_last_look(), @"
        ana   presses a copied button
        bot   (only ana) This button is no longer in use. Nothing has changed.
        ");
        stage.fleet().finishes("edge-lax-[01-02]");
        stage.clock().advance(seconds(20)).await;
        let told = first.since_last_look();
        assert_eq!(told.matches("✅ done").count(), 2, "{told}");
    })
    .await;
}

/// A private answer's button is for the person it was made for, once, and for ten minutes.
#[tokio::test]
async fn somebody_elses_private_button() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let nia = stage.person("nia").in_group("noc");
        let thread = ana.types_late(&noc, minutes(5), "/fleet reboot edge-lax-01 because kernel update").await;
        let run = ana.sees_button(&thread, "Run it now").unwrap();
        assert!(nia.sees_button(&thread, "Run it now").is_none());
        nia.presses_again(&thread, &run).await;
        stage.clock().advance(minutes(11)).await;
        ana.presses_again(&thread, &run).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) You sent this at hh:mm, while I was away. Nothing has started.
              [[Run it now]] [Forget it]
        nia   presses a button seen before
        bot   (only nia) This button was made for somebody else. Nothing has changed. Send your own line.
        ana   presses a button seen before
        bot   (only ana) This button is no longer in use. Nothing has changed.
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

#[tokio::test]
async fn guests_press_in_vain() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast_with_approval(stage, "edge-lax-[01-03]");
        let gus = stage.person("gus").in_group("noc").with_standing(Standing::Guest);
        let hal = stage.person("hal").in_group("noc").with_standing(Standing::Bot);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        thread.transcript();
        for label in ["Review", "Details", "Withdraw"] {
            gus.presses(&thread, label).await;
            hal.presses(&thread, label).await;
        }
        assert_snapshot!(thread.since_last_look(), @"
        gus   presses [Review]
        bot   (only gus) Guests cannot run anything here. Nothing has started.
        hal   presses [Review]
        gus   presses [Details]
        bot   (only gus) Guests cannot run anything here. Nothing has started.
        hal   presses [Details]
        gus   presses [Withdraw], asked: Withdraw req-0001? Nothing has started, and nothing will. [Withdraw it]
        bot   (only gus) Guests cannot run anything here. Nothing has started.
        hal   presses [Withdraw], asked: Withdraw req-0001? Nothing has started, and nothing will. [Withdraw it]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}
