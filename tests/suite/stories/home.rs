//! The home: what waits for a person, what is theirs, and how it is kept up to date without flooding anybody.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

#[tokio::test]
async fn a_home_shows_what_there_is_when_it_is_opened() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let typed = ana.types(&noc, "/fleet rebot edge-lax-01").await;
        assert_snapshot!(typed.transcript(), @"
        ana   /fleet rebot edge-lax-01
        bot   (only ana) There is no command rebot here
              ```
              rebot edge-lax-01
              ^^^^^ did you mean reboot?
              ```
              Nothing has started.
              To send instead: `reboot edge-lax-01`
              [Edit]
        ");
        let home = ana.opens_home().await;
        assert_snapshot!(ana.home(), @"
        Waiting for you · nothing
        Yours · nothing yet
        Fleet · 3 of 3 in service · no request is open
        Answers you got
        hh:mm · Not understood: There is no command rebot here. Nothing has started.
        [[New request]] [My requests]
        ~ as of hh:mm
        ");
        ana.presses_at_home("My requests").await;
        assert_snapshot!(home.transcript(), @"
        ana   opens the home
        ana   presses [My requests]
        bot   (form for ana) == Answer ==
              You have not asked for anything yet. Type help to see what you can do here.
              [Close]
        ");
    })
    .await;
}

#[tokio::test]
async fn what_waits_for_somebody_goes_once_another_has_decided() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let dee = stage.person("dee").in_group("sre");
        let at_bobs = bob.opens_home().await;
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(seconds(10)).await;
        assert_snapshot!(bob.home(), @"
        Waiting for you · 1
        🙋 req-0001 reboot 1 server in lax · needs approval · 1 of sre · ana · hh:mm
        [[Review]]
        Yours · nothing yet
        Fleet · 3 of 3 in service · 1 open request
        🙋 req-0001 reboot 1 server in lax · needs approval · 1 of sre · ana
        [[New request]] [My requests]
        ~ as of hh:mm
        ");
        bob.presses_at_home("Review").await;
        dee.approves(&thread, "").await;
        stage.clock().advance(seconds(10)).await;
        // The rest of the fleet is as of that showing, which may be before or after the start.
        assert!(bob.home().starts_with("Waiting for you · nothing\n"), "{}", bob.home());
        // The form that is open at bob's is of no use any more.
        bob.submits(&at_bobs, "approve", "").await;
        stage.clock().advance(minutes(20)).await;
        assert_snapshot!(at_bobs.transcript(), @"
        bob   opens the home
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Already decided: approved by dee at hh:mm (plan 0000)
              [Close]
        ");
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · approved by dee hh:mm · hh:mm to hh:mm
              [Details]
        bot > Approved by dee at hh:mm (plan 0000)
        dee   presses [Review]
        bot   (form for dee) Review req-0001 [Record]
        dee   submits approve
        bot   (form for dee) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · approved by dee hh:mm · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn a_request_is_approved_from_home() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        let at_bobs = bob.opens_home().await;
        let review = bob.sees_at_home("Review").unwrap();
        bob.presses_at_home("Review").await;
        bob.submits(&at_bobs, "approve", "go").await;
        // It is decided by now; the button that a stale screen still shows says so.
        bob.presses_again_at_home(&review, "presses [Review] on a screen that was not redrawn").await;
        stage.clock().advance(minutes(20)).await;
        assert_snapshot!(at_bobs.transcript(), @"
        bob   opens the home
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve: go
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bob   presses [Review] on a screen that was not redrawn
        bot   (form for bob) == Answer ==
              Already decided: approved by bob at hh:mm (plan 0000)
              [Close]
        ");
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
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · approved by bob hh:mm (`go`) · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn a_button_of_somebody_elses_home_is_worth_nothing() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let dee = stage.person("dee").in_group("sre");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        let at_bobs = bob.opens_home().await;
        let review = bob.sees_at_home("Review").unwrap();
        dee.presses_again_at_home(&review, "presses a copied button").await;
        bob.presses_copy(&thread, &review).await;
        assert_snapshot!(at_bobs.transcript(), @"
        bob   opens the home
        dee   presses a copied button
        bot   (form for dee) == Answer ==
              This button was made for somebody else. Nothing has changed. Send your own line.
              [Close]
        ");
        ana.presses(&thread, "Withdraw").await;
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
        bot > Withdrawn by ana at hh:mm. Nothing has started, and nothing runs later.
        bob   presses a copied button
        bot   (only bob) This button was made for somebody else. Nothing has changed. Send your own line.
        ana   presses [Withdraw], asked: Withdraw req-0001? Nothing has started, and nothing will. [Withdraw it]
        bot   (only ana) req-0001 is cancelled. Nothing has started, and nothing runs later.
        bot > ⏹️ req-0001 withdrawn by ana, nothing has started
              ~ asked by @ana · plan 0000 · reboot 1 server in lax
        ");
    })
    .await;
}

#[tokio::test]
async fn what_is_theirs_is_kept_up_to_date() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        ana.opens_home().await;
        assert_snapshot!(ana.home(), @"
        Waiting for you · nothing
        Yours · nothing yet
        Fleet · 3 of 3 in service · no request is open
        [[New request]] [My requests]
        ~ as of hh:mm
        ");
        let thread = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        stage.clock().advance(minutes(20)).await;
        assert_snapshot!(ana.home(), @"
        Waiting for you · nothing
        Yours
        ✅ req-0001 drain 1 server in lax · done · hh:mm · card <link>
        Fleet · 2 of 3 in service · no request is open
        [[New request]] [My requests]
        ~ as of hh:mm
        ");
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
    })
    .await;
}

/// A home that was opened once, long ago, is nobody's any more.
#[tokio::test]
async fn a_home_is_left_alone_a_day_after_it_was_opened() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        ana.opens_home().await;
        let shown = ana.home_shown();
        stage.clock().advance(minutes(20)).await;
        assert_eq!(ana.home_shown(), shown, "nothing of hers has changed");
        // Asleep, because a day is forty thousand looks at the load balancers.
        stage.bot_sleeps().await;
        stage.clock().advance(minutes(24 * 60)).await;
        stage.bot_wakes().await;
        let thread = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        stage.clock().advance(minutes(20)).await;
        assert_eq!(ana.home_shown(), shown, "she has not looked for a day");
        let home = ana.opens_home().await;
        assert!(ana.home().contains("done"), "{}", ana.home());
        home.since_last_look();
        thread.since_last_look();
    })
    .await;
}

#[tokio::test]
async fn guests_and_strangers_are_told_why_there_is_nothing() {
    story(async |stage| {
        stage.fleet().has("edge-lax-[01-03]");
        let gus = stage.person("gus").with_standing(Standing::Guest);
        let zoe = stage.person("zoe").with_standing(Standing::Stranger);
        let nobody = stage.person("nobody").unknown();
        for person in [&gus, &zoe, &nobody] {
            person.opens_home().await;
        }
        assert_snapshot!(gus.home(), @"Guests cannot run anything here. Nothing has started.");
        assert_snapshot!(zoe.home(), @"Only people of this workspace can run anything here. Nothing has started.");
        assert_eq!(nobody.home(), "(nothing)");
        let shown = (gus.home_shown(), zoe.home_shown());
        stage.clock().advance(minutes(5)).await;
        assert_eq!((gus.home_shown(), zoe.home_shown()), shown, "nothing more is said to them");
    })
    .await;
}

#[tokio::test]
async fn nobody_floods_and_nobody_is_flooded() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-09]");
        for _ in 0..5 {
            ana.opens_home().await;
        }
        // Five times in fifteen seconds.
        assert!(ana.home_shown() <= 2, "{} times", ana.home_shown());
        stage.clock().advance(seconds(20)).await;
        bob.opens_home().await;
        let (anas, bobs) = (ana.home_shown(), bob.home_shown());
        let thread = ana.types(&noc, "/fleet drain edge-lax-[01-09] because fan noise").await;
        stage.clock().advance(seconds(60)).await;
        let times_shown = ana.home_shown() - anas;
        assert!((1..=7).contains(&times_shown), "{times_shown} times in a minute");
        assert_eq!(bob.home_shown(), bobs, "none of it is bob's");
        stage.clock().advance(minutes(10)).await;
        thread.since_last_look();
    })
    .await;
}

#[tokio::test]
async fn a_new_request_from_home_asks_where_it_belongs() {
    story(async |stage| {
        let Cast { ana, .. } = cast(stage, "edge-lax-[01-03]");
        let web = stage.channel("#web").lets("noc", "drain");
        stage.channel("#quiet").lets("noc", "drain").without_bot();
        stage.channel("#others").lets("sre", "drain");
        let left = stage.channel("#left").lets("noc", "drain");
        ana.leaves(&left);
        let home = ana.opens_home().await;
        ana.presses_at_home("New request").await;
        assert_snapshot!(ana.form(), @"
        == New request ==
        Where: [________ ▾] #noc | #web
        ~ its rules say what you may do, and its people see the card
        [Close] [[Next]]
        ");
        ana.fills(&home, &[("Where", "C0WEB")]).await;
        assert_snapshot!(ana.form(), @"
        == New request ==
        What: [________ ▾] Drain: Take servers out of their load balancer and wait until their connec…
        [Close] [[Next]]
        ");
        ana.fills(&home, &[("What", "drain")]).await;
        ana.fills(&home, &[("Servers", "edge-lax-02"), ("Because", "fan noise")]).await;
        stage.clock().advance(minutes(20)).await;
        assert_snapshot!(home.transcript(), @"
        ana   opens the home
        ana   presses [New request]
        bot   (form for ana) New request [Next]
        ana   sends the form Where: C0WEB
        bot   (form for ana) New request [Next]
        ana   sends the form What: drain
        bot   (form for ana) Drain [Send]
        ana   sends the form Servers: edge-lax-02, Because: fan noise
        bot   (form for ana) == Drain ==
              Sent as req-0001. Its card stands in the channel.
              [Close]
        ");
        assert_snapshot!(web.transcript(), @"
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-02` · reason: `fan noise`
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-02` · `fan noise`
              1 of 1 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-02 drained
              ~ some time · asked by @ana · plan 0000
        ");
    })
    .await;
}

/// The chat checks what is chosen from a list; we do too.
#[tokio::test]
async fn a_channel_that_was_not_offered_cannot_be_chosen() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.channel("#others").lets("sre", "drain");
        let home = ana.opens_home().await;
        ana.presses_at_home("New request").await;
        ana.fills(&home, &[("Where", "C0OTHERS")]).await;
        ana.presses_at_home("New request").await;
        ana.leaves(&noc);
        ana.fills(&home, &[("Where", "C0NOC")]).await;
        ana.presses_at_home("New request").await;
        assert_snapshot!(home.transcript(), @"
        ana   opens the home
        ana   presses [New request]
        bot   (form for ana) New request [Next]
        ana   sends the form Where: C0OTHERS
        bot   (form for ana) == New request ==
              No command may be run by you here. Nothing has started.
              [Close]
        ana   presses [New request]
        bot   (form for ana) New request [Next]
        ana   sends the form Where: C0NOC
        bot   (form for ana) == New request ==
              No command may be run by you here. Nothing has started.
              [Close]
        ana   presses [New request]
        bot   (form for ana) == Answer ==
              No command may be run by you in any channel that you and the bot are in. Nothing has started.
              [Close]
        ");
    })
    .await;
}
