//! Recording: every answer to "may they?" is stored with what followed from it, and nothing that was only asked.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, story};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

const LINE: &str = "/fleet reboot edge-lax-[01-02] because kernel update";

#[tokio::test]
async fn the_answers_of_a_request_are_stored_from_its_line_to_its_start() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let nia = stage.person("nia").in_group("noc");
        let thread = ana.types(&noc, LINE).await;
        ana.presses(&thread, "Review").await;
        nia.presses(&thread, "Review").await;
        bob.approves(&thread, "go").await;
        stage.clock().advance(minutes(5)).await;
        assert!(thread.transcript().contains("✅ done"));
        assert_snapshot!(stage.decisions().await, @"
        line      ana in noc: reboot 2 edge-cache -> allowed by noc-noc-reboot · req-0001
        approval  ana in C0NOC: reboot -> is-requester · req-0001
        approval  nia in C0NOC: reboot -> not-in-group · req-0001
        approval  ana in noc: reboot 2 edge-cache -> allowed by noc-noc-reboot · req-0001
        approval  bob in C0NOC: reboot -> allowed · req-0001
        start     ana in noc: reboot 2 edge-cache -> allowed by noc-noc-reboot · req-0001
        ");
    })
    .await;
}

#[tokio::test]
async fn refusals_are_stored_and_questions_are_not() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let small = stage.channel("#small").lets_up_to("noc", "reboot", 1);
        let gus = stage.person("gus").in_group("noc").with_standing(Standing::Guest);
        for line in [
            "/fleet can-i reboot edge-lax-01",
            "/fleet who-can reboot",
            "/fleet help",
            "/fleet plan reboot edge-lax-01 because a",
        ] {
            bob.types(&noc, line).await.transcript();
        }
        bob.types(&noc, "/fleet rebot edge-lax-01 because kernel update").await.transcript();
        assert_eq!(stage.decisions().await, "", "nothing followed from any of these");
        ana.types(&small, LINE).await.transcript();
        bob.types(&noc, LINE).await.transcript();
        gus.types(&noc, LINE).await.transcript();
        stage.directory_goes_down();
        ana.types(&noc, LINE).await.transcript();
        stage.directory_comes_back();
        assert_snapshot!(stage.decisions().await, @"
        line      ana in small: reboot 2 edge-cache -> too-many by small-noc-reboot
        line      bob in noc: reboot 2 edge-cache -> nothing-allowed
        line      gus in C0NOC:  -> standing
        line      U0ANA in C0NOC:  -> no-directory
        ");
    })
    .await;
}

#[tokio::test]
async fn presses_are_stored_with_their_answer() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let first = ana.types(&noc, "/fleet reboot edge-lax-01 in 20m because kernel update").await;
        let cancel = ana.sees_button(&first, "Cancel").unwrap();
        let second = ana.types(&noc, "/fleet reboot edge-lax-02 in 20m because kernel update").await;
        let late = ana.types_late(&noc, minutes(5), "/fleet reboot edge-lax-03 because kernel update").await;
        let run = ana.sees_button(&late, "Run it now").unwrap();
        bob.presses_again(&late, &run).await;
        bob.presses_copy(&second, &cancel).await;
        bob.presses(&first, "Cancel").await;
        ana.presses(&first, "Cancel").await;
        first.transcript();
        assert_snapshot!(stage.decisions().await, @"
        line      ana in noc: reboot 1 edge-cache -> allowed by noc-noc-reboot · req-0001
        line      ana in noc: reboot 1 edge-cache -> allowed by noc-noc-reboot · req-0002
        press     bob in C0NOC:  -> not-theirs
        press     bob in C0NOC:  -> copied · req-0001
        cancel    bob in noc: reboot 1 edge-cache -> nothing-allowed · req-0002
        cancel    ana in C0NOC: reboot -> allowed · req-0002
        ");
        stage.clock().advance(minutes(30)).await;
        first.transcript();
    })
    .await;
}

/// What is looked at before each wave is stored when it differs from the last look, and not each time.
#[tokio::test]
async fn a_look_before_a_start_is_stored_when_its_answer_changes() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        let waits = ana.types(&noc, "/fleet reboot edge-lax-01 in 30m because kernel update").await;
        stage.clock().advance(minutes(10)).await;
        assert!(thread.transcript().contains("✅ done"));
        assert_snapshot!(stage.decisions().await, @"
        line      ana in noc: reboot 3 edge-cache -> allowed by noc-noc-reboot · req-0001
        start     ana in noc: reboot 3 edge-cache -> allowed by noc-noc-reboot · req-0001
        line      ana in noc: reboot 1 edge-cache -> allowed by noc-noc-reboot · req-0002
        ");
        ana.leaves_group("noc");
        stage.clock().advance(minutes(30)).await;
        waits.transcript();
        assert_snapshot!(stage.decisions().await.lines().last().unwrap(), @"start     ana in noc: reboot 1 edge-cache -> nothing-allowed · req-0002");
    })
    .await;
}

/// Details says who agreed, when and why, and opens what the form had shown to each, word for word.
#[tokio::test]
async fn the_record_shows_what_each_approver_saw() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let noc = noc.needing_approvals(2, "sre");
        let dee = stage.person("dee").in_group("sre");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        let seen = bob.form();
        bob.submits(&thread, "approve", "the window is open").await;
        dee.approves(&thread, "").await;
        stage.clock().advance(minutes(5)).await;
        thread.transcript();
        ana.presses(&thread, "Details").await;
        let button = ana.sees_button(&thread, "bob saw").unwrap();
        ana.presses(&thread, "bob saw").await;
        let shown = ana.form();
        assert!(shown.contains(&seen), "{shown}\n--- is not what bob saw:\n{seen}");
        assert_snapshot!(thread.since_last_look(), @"
        ana   presses [Details]
        bot   (only ana) Reboot 2 servers in lax · req-0001
              ✅ done · as of hh:mm
              ✓ 2 done: `edge-lax-[01-02]`
              ~ approved by bob hh:mm (`the window is open`) and dee hh:mm
              [bob saw] [dee saw]
        ana   presses [bob saw]
        bot   (form for ana) == What was shown ==
              bob approved req-0001 at hh:mm: `the window is open` · plan 0000
              The form showed:
              ```
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
              ```
              [Close]
        ");
        // It is shown to whoever pressed Details, and to nobody by a copy.
        dee.presses_again(&thread, &button).await;
        assert!(thread.since_last_look().contains("made for somebody else"));
    })
    .await;
}

#[tokio::test]
async fn details_of_what_was_denied_say_by_whom() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LINE).await;
        bob.denies(&thread, "not during the match").await;
        thread.transcript();
        ana.presses(&thread, "Details").await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   presses [Details]
        bot   (only ana) Reboot 2 servers in lax · req-0001
              🚫 refused · as of hh:mm
              · 2 not started: `edge-lax-[01-02]`
              ~ Denied by bob at hh:mm: `not during the match`. Nothing has started.
        ");
    })
    .await;
}
