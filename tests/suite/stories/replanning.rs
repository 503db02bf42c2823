//! Replanning: a planned server changes before anything started, so people decide anew on what would run.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::server::{RackName, SiteName};

const LINE: &str = "/fleet reboot edge-lax-[01-02] because kernel update";
const LATER: &str = "/fleet reboot edge-lax-[01-02] in 20m because kernel update";

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn a_server_that_moved_voids_what_was_agreed_to() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-20]");
        let cyn = stage.person("cyn").in_group("sre");
        let thread = ana.types(&noc, LATER).await;
        bob.approves(&thread, "go").await;
        stage.inventory_changes("edge-lax-02", |server| server.rack = RackName::new("lax-r09")).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] in 20m because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              Starts from hh:mm
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 19 of 20 stay, floor 18
              Starts from hh:mm
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 2 servers in lax need your approval by hh:mm.
              [[Review]]
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve: go
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > @sre the plan of 2 servers in lax has changed. The approval of bob does not count any more. Please look again, by hh:mm.
              edge-lax-02: rack lax-r01 → lax-r09
              [[Review]]
        ");
        cyn.presses(&thread, "Review").await;
        assert_snapshot!(cyn.form(), @"
        == Review req-0001 ==
        ⚠ Interrupts every server and takes capacity from edge-lax. Can be stopped between servers.
        ana asks: reboot 2 servers in lax
        Changed since it was asked for
        edge-lax-02: rack lax-r01 → lax-r09
        reason: `kernel update`
        wave: `10%`
        servers: `edge-lax-[01-02]`
        2 racks · 1 site · edge-cache
        waves: 1 · 1
        stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 2 may fail
        steps: drain, reboot, check, return
        edge-lax: 20 → 19 at the lowest · floor 18
        out now: 0 servers of edge-lax
        undo: each returns to service by itself; a reboot itself cannot be undone
        Decision: ( ) Approve  ( ) Deny
        Why: [________] needed to deny
        ~ plan 0000 · valid until hh:mm
        [Close] [[Record]]
        ");
        cyn.submits(&thread, "approve", "the other rack is fine").await;
        stage.clock().advance(minutes(30)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              2 of 2 rebooted
              ~ @ana · approved by cyn hh:mm · hh:mm to hh:mm
              [Details]
        bot ~ Approved by cyn at hh:mm (plan 0000)
        bot ~ Approved by cyn at hh:mm (plan 0000)
        cyn   presses [Review]
        bot   (form for cyn) Review req-0001 [Record]
        cyn   submits approve: the other rack is fine
        bot   (form for cyn) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ▶️ Started at hh:mm, after some time. First: `edge-lax-01` (canary).
        bot > ✅ req-0001: all 2 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · approved by cyn hh:mm (`the other rack is fine`) · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

#[tokio::test]
async fn nothing_starts_when_nobody_looks_again() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-20]");
        let thread = ana.types(&noc, LATER).await;
        bob.approves(&thread, "go").await;
        stage.inventory_changes("edge-lax-02", |server| server.rack = RackName::new("lax-r09")).await;
        thread.transcript();
        stage.clock().advance(minutes(70)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ⌛ expired · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              Nothing has started, and nothing runs later
              ~ @ana · plan 0000
              [Details]
        bot ~ Not approved by hh:mm. Nothing has started, and nothing runs later.
        bot ~ Not approved by hh:mm. Nothing has started, and nothing runs later.
        bot > Not approved by hh:mm. Nothing has started, and nothing runs later.
        bot > ⌛ req-0001 expired, nothing has started
              Not approved by hh:mm. Nothing runs later; send the line again to ask anew.
              ~ asked by @ana · plan 0000 · reboot 2 servers in lax
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// The form shows what it showed; what runs is something else by now.
#[tokio::test]
async fn a_form_that_was_open_meanwhile_agrees_to_nothing() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-20]");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        stage.inventory_changes("edge-lax-02", |server| server.rack = RackName::new("lax-r09")).await;
        bob.submits(&thread, "approve", "go").await;
        assert!(thread.transcript().contains("The plan changed while you read."), "{}", thread.transcript());
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
        bob.approves(&thread, "now I have seen it").await;
        stage.clock().advance(minutes(5)).await;
        assert!(thread.transcript().contains("all 2 rebooted"), "{}", thread.transcript());
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_changes_twice_tells_the_difference_to_what_was_asked_for() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast_with_approval(stage, "edge-lax-[01-20]");
        let thread = ana.types(&noc, LINE).await;
        stage.inventory_changes("edge-lax-02", |server| server.rack = RackName::new("lax-r08")).await;
        stage.inventory_changes("edge-lax-02", |server| server.rack = RackName::new("lax-r09")).await;
        thread.transcript();
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 19 of 20 stay, floor 18
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 2 servers in lax need your approval by hh:mm.
              [[Review]]
        bot > @sre the plan of 2 servers in lax has changed. Please look again, by hh:mm.
              edge-lax-02: rack lax-r01 → lax-r09
              [[Review]]
        bot > @sre the plan of 2 servers in lax has changed. Please look again, by hh:mm.
              edge-lax-02: rack lax-r01 → lax-r09
              [[Review]]
        ");
        stage.inventory_changes("edge-lax-02", |_| {}).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ @sre the plan of 2 servers in lax has changed. Please look again, by hh:mm.
              Every server is what it was when it was asked for again.
              [[Review]]
        bot ~ @sre the plan of 2 servers in lax has changed. Please look again, by hh:mm.
              Every server is what it was when it was asked for again.
              [[Review]]
        bot > @sre the plan of 2 servers in lax has changed. Please look again, by hh:mm.
              Every server is what it was when it was asked for again.
              [[Review]]
        ");
    })
    .await;
}

#[tokio::test]
async fn while_the_directory_is_silent_a_changed_plan_waits() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-20]");
        let thread = ana.types(&noc, LATER).await;
        bob.approves(&thread, "go").await;
        stage.directory_goes_down();
        stage.inventory_changes("edge-lax-02", |server| server.rack = RackName::new("lax-r09")).await;
        stage.clock().advance(minutes(21)).await;
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
        stage.directory_comes_back();
        stage.clock().advance(seconds(20)).await;
        assert!(thread.transcript().contains("has changed. The approval of bob does not count any more."));
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_moved_out_of_what_its_requester_may_ends_the_request() {
    story(async |stage| {
        stage.fleet().has("edge-lax-[01-03]");
        stage.fleet().has("edge-fra-[01-03]");
        let rules = "allow:\n  - { id: ours, who: noc, commands: reboot, on: { site: lax }, reason: lax is ours }\n";
        let noc = stage.channel("#noc").has_rules(rules).needing_approvals(1, "sre");
        let (ana, bob) = (stage.person("ana").in_group("noc"), stage.person("bob").in_group("sre"));
        let thread = ana.types(&noc, LATER).await;
        bob.approves(&thread, "go").await;
        stage.inventory_changes("edge-lax-02", |server| server.site = SiteName::new("fra")).await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   /fleet reboot edge-lax-[01-02] in 20m because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              Starts from hh:mm
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🚫 refused · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              ana, who asked, may not reboot these in #noc any more · nothing has started
              ~ @ana · approved by bob hh:mm · plan 0000
              [Details]
        bot > Approved by bob at hh:mm (plan 0000)
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve: go
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > 🚫 req-0001 is over before it started
              ana, who asked, may not reboot these in #noc any more. Nothing has started.
              ~ asked by @ana · approved by bob hh:mm (`go`) · plan 0000 · reboot 2 servers in lax
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// Nobody was shown anything to decide on, so what is not as it was asked for is left out.
#[tokio::test]
async fn without_consent_a_server_that_moved_is_left_out() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-20]");
        let thread = ana.types(&noc, LATER).await;
        stage.inventory_changes("edge-lax-02", |server| server.site = SiteName::new("fra")).await;
        stage.clock().advance(minutes(30)).await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   /fleet reboot edge-lax-[01-02] in 20m because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              Starts from hh:mm
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              ⚠️ done, 1 left out · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              1 of 2 rebooted · 1 left out
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ▶️ Started at hh:mm, after some time. First: `edge-lax-01` (canary).
        bot > ⚠️ req-0001: 1 of 2 rebooted, 1 left out
              – `edge-lax-02` left out: not as planned any more, or on the blacklist
              ~ some time, of which some time queued · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().rebooted("edge-lax-02", times(0));
    })
    .await;
}
