//! Consenting: several groups, a reminder, another group after a while, taking back, and people who may not any more.

use super::{Cast, cast};
use crate::stage::{Stage, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

const LINE: &str = "/fleet reboot edge-lax-[01-02] because kernel update";
const LATER: &str = "/fleet reboot edge-lax-01 in 20m because kernel update";

/// Each reboot needs what that rule says.
fn cast_with_rule(stage: &Stage, rule: &str) -> Cast {
    let cast = cast(stage, "edge-lax-[01-03]");
    let shipped = "approvals: { above: 10, from: sre, count: 1, within: 60m }";
    stage.changes_command("reboot.yaml", shipped, &format!("approvals: {{ above: 0, {rule} }}"));
    cast
}

/// Types have no owner here, so their owner is the command's: sre.
#[tokio::test]
async fn one_of_each_group_must_agree() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_rule(stage, "from: lead, count: 1, within: 5m, owners: [type]");
        let cyn = stage.person("cyn").in_group("sre");
        let lia = stage.person("lia").in_group("lead");
        let thread = ana.types(&noc, LINE).await;
        bob.approves(&thread, "").await;
        cyn.approves(&thread, "").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 more of `lead`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @lead 2 servers in lax need your approval by hh:mm. So far: bob.
              [[Review]]
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Recorded: approved. 1 more person must agree before it starts.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        cyn   presses [Review]
        bot   (only cyn) Approving this needs lead (2 servers in lax, plan 0000). lia is active now. Nothing has changed.
        ");
        lia.approves(&thread, "go").await;
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              2 of 2 rebooted
              ~ @ana · approved by bob and lia hh:mm · hh:mm to hh:mm
              [Details]
        bot ~ Approved by bob at hh:mm and lia at hh:mm (plan 0000)
        lia   presses [Review]
        bot   (form for lia) Review req-0001 [Record]
        lia   submits approve: go
        bot   (form for lia) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✅ req-0001: all 2 rebooted and back in production
              ~ some time · asked by @ana · approved by bob hh:mm and lia hh:mm (`go`) · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn approvers_are_reminded_and_then_another_group_is_asked_as_well() {
    story(async |stage| {
        let rule = "from: sre, count: 1, within: 6m, escalate: { to: lead, after: 4m }";
        let Cast { noc, ana, .. } = cast_with_rule(stage, rule);
        let lia = stage.person("lia").in_group("lead");
        let thread = ana.types(&noc, LINE).await;
        lia.approves(&thread, "too early").await;
        stage.clock().advance(seconds(181)).await;
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
        lia   presses [Review]
        bot   (only lia) Approving this needs sre (2 servers in lax, plan 0000). bob is active now. Nothing has changed.
        bot > @sre 2 servers in lax still wait for your decision. At hh:mm it ends, and nothing starts.
              [[Review]]
        ");
        stage.clock().advance(seconds(60)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 of `lead` or `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot ~ @lead @sre 2 servers in lax need your approval by hh:mm.
              [[Review]]
        bot ~ @lead @sre 2 servers in lax still wait for your decision. At hh:mm it ends, and nothing starts.
              [[Review]]
        bot > @lead nobody of sre has decided on 2 servers in lax so far. You may as well, by hh:mm.
              [[Review]]
        ");
        lia.approves(&thread, "go").await;
        stage.clock().advance(minutes(5)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              2 of 2 rebooted
              ~ @ana · approved by lia hh:mm · hh:mm to hh:mm
              [Details]
        bot > Approved by lia at hh:mm (plan 0000)
        lia   presses [Review]
        bot   (only lia) Approving this needs sre (2 servers in lax, plan 0000). bob is active now. Nothing has changed.
        bot > Approved by lia at hh:mm (plan 0000)
        bot > Approved by lia at hh:mm (plan 0000)
        lia   presses [Review]
        bot   (form for lia) Review req-0001 [Record]
        lia   submits approve: go
        bot   (form for lia) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✅ req-0001: all 2 rebooted and back in production
              ~ some time · asked by @ana · approved by lia hh:mm (`go`) · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

#[tokio::test]
async fn a_consent_can_be_taken_back_until_the_start() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_rule(stage, "from: sre, count: 1, within: 5m");
        let thread = ana.types(&noc, LATER).await;
        bob.approves(&thread, "").await;
        let button = bob.sees_button(&thread, "Take it back").unwrap();
        ana.presses_again(&thread, &button).await;
        bob.presses(&thread, "Take it back").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 in 20m because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              Starts from hh:mm
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-01` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              Starts from hh:mm
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 1 server in lax needs your approval by hh:mm.
              [[Review]]
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        ana   presses a button seen before
        bot   (form for ana) == Answer ==
              This button was made for somebody else. Nothing has changed. Send your own line.
              [Close]
        bob   presses [Take it back]
        bot   (form for bob) == Answer ==
              Your approval of req-0001 is taken back. It starts only when others agree.
              [Close]
        bot > @sre 1 server in lax still waits for your decision. At hh:mm it ends, and nothing starts.
              [[Review]]
        ");
        bob.presses_again(&thread, &button).await;
        stage.clock().advance(minutes(6)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ⌛ expired · hh:mm
              `edge-lax-01` · `kernel update`
              Nothing has started, and nothing runs later
              ~ @ana · plan 0000
              [Details]
        bot ~ Not approved by hh:mm. Nothing has started, and nothing runs later.
        bot ~ Not approved by hh:mm. Nothing has started, and nothing runs later.
        bob   presses a button seen before
        bot   (form for bob) == Answer ==
              This button is no longer in use. Nothing has changed.
              [Close]
        bot > ⌛ req-0001 expired, nothing has started
              Not approved by hh:mm. Nothing runs later; send the line again to ask anew.
              ~ asked by @ana · plan 0000 · reboot 1 server in lax
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

#[tokio::test]
async fn a_consent_stands_once_it_has_started() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_rule(stage, "from: sre, count: 1, within: 5m");
        let thread = ana.types(&noc, LINE).await;
        bob.approves(&thread, "").await;
        stage.clock().advance(seconds(5)).await;
        thread.transcript();
        bob.presses(&thread, "Take it back").await;
        assert!(
            thread
                .transcript()
                .contains("has started, so your approval stands. Cancel on its card stops what is left."),
            "{}",
            thread.transcript()
        );
        stage.clock().advance(minutes(10)).await;
        bob.presses(&thread, "Take it back").await;
        assert!(thread.transcript().contains("It is over: done"), "{}", thread.transcript());
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

#[tokio::test]
async fn the_word_of_somebody_who_left_the_workspace_does_not_start_anything() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_rule(stage, "from: sre, count: 1, within: 5m");
        let cyn = stage.person("cyn").in_group("sre");
        let thread = ana.types(&noc, LATER).await;
        bob.approves(&thread, "").await;
        // The group may change its people meanwhile, as one that takes turns does.
        bob.leaves_group("sre");
        let _bob = bob.with_standing(Standing::Deactivated);
        thread.transcript();
        stage.clock().advance(minutes(21)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 in 20m because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              Starts from hh:mm
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-01` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              Starts from hh:mm
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 1 server in lax needs your approval by hh:mm.
              [[Review]]
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > @sre 1 server in lax still waits for your decision. At hh:mm it ends, and nothing starts.
              [[Review]]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        cyn.approves(&thread, "").await;
        stage.clock().advance(minutes(2)).await;
        assert!(thread.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn an_approver_who_left_the_group_agreed_all_the_same() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_rule(stage, "from: sre, count: 1, within: 5m");
        let thread = ana.types(&noc, LATER).await;
        bob.approves(&thread, "").await;
        bob.leaves_group("sre");
        stage.clock().advance(minutes(22)).await;
        assert!(thread.transcript().contains("✅ done"));
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn what_somebody_asked_who_may_not_any_more_does_not_start() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LATER).await;
        ana.leaves_group("noc");
        stage.clock().advance(minutes(21)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 in 20m because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              Starts from hh:mm
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              🚫 refused · hh:mm
              `edge-lax-01` · `kernel update`
              ana, who asked, may not reboot these in #noc any more · nothing has started
              ~ @ana · plan 0000
              [Details]
        bot > 🚫 req-0001 is over before it started
              ana, who asked, may not reboot these in #noc any more. Nothing has started.
              ~ asked by @ana · plan 0000 · reboot 1 server in lax
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

#[tokio::test]
async fn nobody_approves_for_somebody_who_is_no_member_any_more() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_rule(stage, "from: sre, count: 1, within: 5m");
        let thread = ana.types(&noc, LINE).await;
        bob.presses(&thread, "Review").await;
        let _ana = ana.with_standing(Standing::Deactivated);
        bob.submits(&thread, "approve", "").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🚫 refused · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              ana, who asked, is no member of the workspace any more · nothing has started
              ~ @ana · plan 0000
              [Details]
        bot > ana, who asked, is no member of the workspace any more. Nothing has started, and nothing runs later.
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Not recorded: ana, who asked, is no member of the workspace any more. The request is over, and nothing has started.
              [Close]
        bot > 🚫 req-0001 is over before it started
              ana, who asked, is no member of the workspace any more. Nothing has started.
              ~ asked by @ana · plan 0000 · reboot 2 servers in lax
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

#[tokio::test]
async fn a_rollout_stops_when_whoever_asked_may_not_any_more() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        stage.clock().advance(seconds(5)).await;
        ana.leaves_group("noc");
        stage.clock().advance(minutes(5)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              ⚠️ done, 2 not started · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              1 of 3 rebooted · 2 not started
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ⚠️ req-0001: 1 of 3 rebooted
              · `edge-lax-[02-03]` not started: ana, who asked, may not reboot these in #noc any more
              ~ some time · asked by @ana · plan 0000
              [[Retry 2]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ⚠️ req-0001 is over: done, 2 not started · hh:mm
              Halted: ana, who asked, may not reboot these in #noc any more.
              1 of 3 rebooted, 2 not started.
              To go on with what is left: `retry req-0001`
              ~ req-0001 by ana · halted hh:mm
              [[Retry 2]] [Open thread]
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().rebooted("edge-lax-[02-03]", times(0));
    })
    .await;
}

#[tokio::test]
async fn nothing_starts_while_the_directory_does_not_answer() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LATER).await;
        stage.directory_goes_down();
        stage.clock().advance(minutes(21)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 in 20m because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              Starts from hh:mm
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏳ queued · starts by itself
              • the directory of people does not answer; waits until it does
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.directory_comes_back();
        stage.clock().advance(minutes(3)).await;
        assert!(thread.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_undone_needs_the_number_typed() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_rule(stage, "from: sre, count: 1, within: 5m");
        stage.changes_command("reboot.yaml", "impact: power-cycle", "impact: destructive");
        stage.lets_out(70);
        let incidents = stage.channel("#incidents").lets("incident-commander", "reboot");
        // To what serves it is not done at all.
        let out = ana.types(&noc, "/fleet drain edge-lax-[01-02] because kernel update").await;
        stage.clock().advance(minutes(3)).await;
        assert!(out.transcript().contains("✅ done"));
        let ana = ana.in_group("incident-commander");
        let thread = ana.types(&incidents, LINE).await;
        bob.presses(&thread, "Review").await;
        assert!(bob.form().contains("Type 2 to approve: [________] this cannot be undone"), "{}", bob.form());
        bob.fills(&thread, &[("Decision", "approve")]).await;
        bob.fills(&thread, &[("Decision", "approve"), ("Type 2 to approve", "20")]).await;
        assert!(bob.form().contains("type how many there are: 2"), "{}", bob.form());
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
        bob.fills(&thread, &[("Decision", "approve"), ("Type 2 to approve", " 2 ")]).await;
        stage.clock().advance(minutes(5)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 2 servers in lax · req-0002
              ✅ done · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              2 of 2 rebooted
              ~ @ana · approved by bob hh:mm · hh:mm to hh:mm
              [Details]
        bot > Approved by bob at hh:mm (plan 0000)
        bob   presses [Review]
        bot   (form for bob) Review req-0002 [Record]
        bob   sends the form Decision: approve
        bot   (form for bob) Review req-0002 [Record]
        bob   sends the form Decision: approve, Type 2 to approve: 20
        bob   sends the form Decision: approve, Type 2 to approve:  2
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✅ req-0002: all 2 rebooted and back as found
              ~ some time · asked by @ana · approved by bob hh:mm · plan 0000
        ");
    })
    .await;
}
