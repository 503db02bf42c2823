//! Approving: who may, when, and that it counts once and for one plan.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;
use wrasse::domain::ids::Fingerprint;

const LINE: &str = "/fleet reboot edge-lax-[01-02] because kernel update";

/// What an approver reads before deciding.
#[tokio::test]
async fn the_form_shows_the_whole_plan() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        assert_snapshot!(bob.form(), @"
        == Review req-0001 ==
        ⚠ Interrupts every server and takes capacity from edge-lax. Can be stopped between servers.
        ana asks: reboot 2 servers in lax
        reason: `kernel update`
        wave: `10%`
        servers: `edge-lax-[01-02]`
        1 rack · 1 site · edge-cache
        waves: 1 · 1
        stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 2 may fail
        steps: drain, reboot, check, return
        edge-lax: 3 → 2 at the lowest · floor 2
        out now: 0 servers of edge-lax
        undo: each returns to service by itself; a reboot itself cannot be undone
        Decision: ( ) Approve  ( ) Deny
        Why: [________] needed to deny
        ~ plan 0000 · valid until hh:mm
        [Close] [[Record]]
        ");
        bob.submits(&thread, "", "").await;
        assert_snapshot!(bob.form(), @"
        == Review req-0001 ==
        Nothing was chosen, so nothing was recorded. Choose, and press Record again.
        ⚠ Interrupts every server and takes capacity from edge-lax. Can be stopped between servers.
        ana asks: reboot 2 servers in lax
        reason: `kernel update`
        wave: `10%`
        servers: `edge-lax-[01-02]`
        1 rack · 1 site · edge-cache
        waves: 1 · 1
        stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 2 may fail
        steps: drain, reboot, check, return
        edge-lax: 3 → 2 at the lowest · floor 2
        out now: 0 servers of edge-lax
        undo: each returns to service by itself; a reboot itself cannot be undone
        Decision: ( ) Approve  ( ) Deny
        Why: [________] needed to deny
        ~ plan 0000 · valid until hh:mm
        [Close] [[Record]]
        ");
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 2 servers in lax need your approval by hh:mm.
              [[Review]]
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits nothing
        bot   (form for bob) Review req-0001 [Record]
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// The person who asked never counts as their own approver, whatever group they are in.
#[tokio::test]
async fn nobody_approves_their_own_request() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast_with_approval(stage, "edge-lax-[01-03]");
        let ana = ana.in_group("sre");
        let thread = ana.types(&noc, LINE).await;
        ana.approves(&thread, "I know what I do").await;
        stage.clock().advance(seconds(10)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 2 servers in lax need your approval by hh:mm.
              [[Review]]
        ana   presses [Review]
        bot   (only ana) You asked for this, so someone else of sre must decide. bob is active now.
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

#[tokio::test]
async fn only_the_named_group_approves() {
    story(async |stage| {
        let Cast { noc, ana, bob: _ } = cast_with_approval(stage, "edge-lax-[01-03]");
        let nia = stage.person("nia").in_group("noc");
        let gus = stage.person("gus").in_group("sre").with_standing(Standing::Guest);
        let thread = ana.types(&noc, LINE).await;
        nia.approves(&thread, "me too").await;
        gus.approves(&thread, "hello").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 2 servers in lax need your approval by hh:mm.
              [[Review]]
        nia   presses [Review]
        bot   (only nia) Approving this needs sre (2 servers in lax, plan 0000). bob is active now. Nothing has changed.
        gus   presses [Review]
        bot   (only gus) Guests cannot run anything here. Nothing has started.
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// Whoever decides is looked up when the form is sent, not when it was opened.
#[tokio::test]
async fn somebody_who_left_the_group_meanwhile_does_not_count() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        bob.leaves_group("sre");
        bob.submits(&thread, "approve", "still me").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 2 servers in lax need your approval by hh:mm.
              [[Review]]
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve: still me
        bot   (form for bob) == Review ==
              Approving this needs sre (2 servers in lax, plan 0000). Nothing has changed.
              [Close]
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

#[tokio::test]
async fn two_approvals_are_two_people() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let noc = noc.needing_approvals(2, "sre");
        let dee = stage.person("dee").in_group("sre");
        let thread = ana.types(&noc, LINE).await;
        bob.approves(&thread, "once").await;
        bob.approves(&thread, "twice").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 more of `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 2 servers in lax need your approval by hh:mm. So far: bob.
              [[Review]]
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve: once
        bot   (form for bob) == Review ==
              Recorded: approved. 1 more person must agree before it starts.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bob   presses [Review]
        bot   (only bob) You approved this at hh:mm. Until it starts you can take that back.
              [!Take it back!]
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
        dee.approves(&thread, "and me").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              2 of 2 rebooted
              ~ @ana · approved by bob and dee hh:mm · hh:mm to hh:mm
              [Details]
        bot ~ Approved by bob at hh:mm and dee at hh:mm (plan 0000)
        dee   presses [Review]
        bot   (form for dee) Review req-0001 [Record]
        dee   submits approve: and me
        bot   (form for dee) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✅ req-0001: all 2 rebooted and back in production
              ~ some time · asked by @ana · approved by bob hh:mm (`once`) and dee hh:mm (`and me`) · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

/// Two people decide at the same moment; one decision counts, the other one hears of it.
#[tokio::test]
async fn of_two_who_decide_at_once_one_counts() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let dee = stage.person("dee").in_group("sre");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        dee.presses(&thread, "Review").await;
        stage.bot_sleeps().await;
        bob.submits(&thread, "approve", "").await;
        dee.submits(&thread, "approve", "").await;
        stage.bot_wakes().await;
        stage.clock().advance(minutes(1)).await;
        let told = thread.transcript();
        assert_eq!(told.matches("Recorded: approved").count(), 1, "{told}");
        assert_eq!(told.matches("Already decided").count(), 1, "{told}");
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

#[tokio::test]
async fn a_denial_needs_a_reason_and_ends_the_request() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LINE).await;
        let review = bob.sees_button(&thread, "Review").unwrap();
        bob.denies(&thread, "").await;
        assert_snapshot!(bob.form(), @"
        == Review req-0001 ==
        A no needs a reason. Nothing was recorded. Say why, and press Record again.
        ⚠ Interrupts every server and takes capacity from edge-lax. Can be stopped between servers.
        ana asks: reboot 2 servers in lax
        reason: `kernel update`
        wave: `10%`
        servers: `edge-lax-[01-02]`
        1 rack · 1 site · edge-cache
        waves: 1 · 1
        stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 2 may fail
        steps: drain, reboot, check, return
        edge-lax: 3 → 2 at the lowest · floor 2
        out now: 0 servers of edge-lax
        undo: each returns to service by itself; a reboot itself cannot be undone
        Decision: ( ) Approve  ( ) Deny
        Why: [________] needed to deny
        ~ plan 0000 · valid until hh:mm
        [Close] [[Record]]
        ");
        bob.submits(&thread, "deny", "not during the match").await;
        stage.clock().advance(seconds(10)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🚫 refused by bob · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              Why: `not during the match` · nothing has started
              ~ @ana · plan 0000
              [Details]
        bot > Denied by bob at hh:mm: `not during the match`. Nothing has started.
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits deny
        bot   (form for bob) Review req-0001 [Record]
        bob   submits deny: not during the match
        bot   (form for bob) == Review ==
              Recorded: denied. Nothing has started.
              [Close]
        bot > 🚫 req-0001 denied by bob
              Why: `not during the match`. Nothing has started.
              ~ asked by @ana · plan 0000 · reboot 2 servers in lax
        ");
        bob.presses_again(&thread, &review).await;
        assert_snapshot!(thread.since_last_look(), @"
        bob   presses a button seen before
        bot   (only bob) Already decided: denied by bob at hh:mm: `not during the match`. Nothing has started.
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

#[tokio::test]
async fn a_request_that_nobody_approves_expires() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LINE).await;
        let review = bob.sees_button(&thread, "Review").unwrap();
        bob.presses(&thread, "Review").await;
        stage.clock().advance(minutes(5)).await;
        bob.submits(&thread, "approve", "too late").await;
        bob.presses_again(&thread, &review).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              ⌛ expired · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              Nothing has started, and nothing runs later
              ~ @ana · plan 0000
              [Details]
        bot > Not approved by hh:mm. Nothing has started, and nothing runs later.
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bot > Not approved by hh:mm. Nothing has started, and nothing runs later.
        bot > ⌛ req-0001 expired, nothing has started
              Not approved by hh:mm. Nothing runs later; send the line again to ask anew.
              ~ asked by @ana · plan 0000 · reboot 2 servers in lax
        bob   submits approve: too late
        bot   (form for bob) == Review ==
              Already decided: not approved by hh:mm. Nothing has started, and nothing runs later.
              [Close]
        bob   presses a button seen before
        bot   (only bob) Already decided: not approved by hh:mm. Nothing has started, and nothing runs later.
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// An approval is for the plan that the form showed, and for no other.
#[tokio::test]
async fn an_approval_of_another_plan_is_void() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        bob.forms_show_plan(&Fingerprint::of(b"another plan")).await;
        bob.submits(&thread, "approve", "").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 2 servers in lax need your approval by hh:mm.
              [[Review]]
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              The plan changed while you read. Nothing was recorded. Press Review again to see the new one.
              [Close]
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// Nobody can be looked up: nothing is recorded, and the next try counts.
#[tokio::test]
async fn without_the_directory_nobody_approves() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        thread.transcript();
        stage.directory_goes_down();
        bob.submits(&thread, "approve", "").await;
        stage.directory_comes_back();
        assert_snapshot!(thread.since_last_look(), @"
        bob   submits approve
        bot   (form for bob) == Review ==
              The directory of people does not answer, so nothing was recorded. Press Review again in a minute.
              [Close]
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
        bob.approves(&thread, "").await;
        stage.clock().advance(minutes(1)).await;
        assert!(thread.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

#[tokio::test]
async fn somebody_elses_form_is_worth_nothing() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        ana.submits_form_of(&bob, &thread, "approve").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 2 servers in lax need your approval by hh:mm.
              [[Review]]
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        ana   submits approve
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}
