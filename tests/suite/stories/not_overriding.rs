//! Not overriding: what nobody can override, who may not, a second person's no, and what ends an override early.

use super::overriding::{OVERRIDE, cast_with_commander};
use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Rotation;

/// A reboot of servers in production cannot be taken back, so that one is too many for one person as well.
#[tokio::test]
async fn a_second_person_says_no() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-03]");
        let dee = stage.person("dee").in_group("incident-commander");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        thread.transcript();
        cid.types(&noc, OVERRIDE).await;
        dee.denies(&thread, "").await;
        dee.submits(&thread, "deny", "the load balancer is being repaired").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.since_last_look(), @"
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) 🔓 Somebody else must agree before 1 server of req-0001 may pass capacity, by hh:mm. They were asked in its thread.
        bot > 🔓 cid asks to override capacity for 1 server
              `edge-lax-01` · dee said no at hh:mm: `the load balancer is being repaired`, nothing passed
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid hh:mm
        dee   presses [Review]
        bot   (form for dee) Override req-0001 [Record]
        dee   submits deny
        bot   (form for dee) Override req-0001 [Record]
        dee   submits deny: the load balancer is being repaired
        bot   (form for dee) == Override ==
              Recorded: denied. Nothing passes.
              [Close]
        bot > 🔓 The override of capacity ended at hh:mm: dee said no. `edge-lax-01` did not pass by it, and waits as before.
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   🔓 cid asks to override capacity for 1 server of lax
              `edge-lax-01` · dee said no at hh:mm: `the load balancer is being repaired`, nothing passed
              Why: `customers are affected`
              edge-lax now 2 of 3, floor 2
              ~ req-0001 by ana · override by cid hh:mm
              [Open thread]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

#[tokio::test]
async fn what_nobody_can_override() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        stage.fleet().holds_boots();
        let first = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        first.transcript();
        ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await.transcript();
        let asked = cid.types(&noc, "/fleet override concurrency on req-2223 because it hurries").await;
        cid.types(&noc, "/fleet override lock on req-2223 because it hurries").await;
        cid.types(&noc, "/fleet override capcity on req-2223 because it hurries").await;
        cid.types(&noc, "/fleet override capacity on req-2223").await;
        cid.types(&noc, "/fleet override capacity req-2223 because it hurries").await;
        cid.types(&noc, "/fleet override capacity on req-9zzz because it hurries").await;
        assert_snapshot!(asked.transcript(), @"
        cid   /fleet override concurrency on req-0002 because it hurries
        bot   (only cid) req-0002 does not wait for concurrency. Nothing has changed.
              It waits for:
              • `edge-lax-01` under work for req-0001 since hh:mm
              Nobody can override the work of another request.
        cid   /fleet override lock on req-0002 because it hurries
        bot   (only cid) Nobody can override lock
              ```
              override lock on req-0002 becau…
                       ^^^^
              ```
              Only concurrency, capacity, traffic, production-state, infrastructure and window can be overridden. Nothing has started.
        cid   /fleet override capcity on req-0002 because it hurries
        bot   (only cid) There is no policy capcity
              ```
              override capcity on req-0002 be…
                       ^^^^^^^ did you mean capacity?
              ```
              Nothing has started.
              To send instead: `override capacity on req-0002 because it hurries`
        cid   /fleet override capacity on req-0002
        bot   (only cid) Something is missing here
              ```
              override capacity on req-0002
                                            ^
              ```
              Expected here: because and why it cannot wait. Nothing has started.
        cid   /fleet override capacity req-0002 because it hurries
        bot   (only cid) This part of the line fits nothing
              ```
              override capacity req-0002 beca…
                                ^^^^^^^^ did you mean on req-0002?
              ```
              Nothing has started.
              To send instead: `override capacity on req-0002 because it hurries`
        cid   /fleet override capacity on req-9zzz because it hurries
        bot   (only cid) There is no req-9zzz. The id stands on the request's card, first line. Nothing has changed.
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(minutes(1)).await;
        first.since_last_look();
    })
    .await;
}

#[tokio::test]
async fn consent_is_not_overridden() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-03]");
        let noc = noc.needing_approvals(1, "sre");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        thread.transcript();
        cid.types(&noc, OVERRIDE).await;
        ana.presses(&thread, "Withdraw").await;
        cid.types(&noc, OVERRIDE).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-[01-02]` · `kernel update`
              Nothing has started, and nothing runs later
              ~ @ana · plan 0000
              [Details]
        bot ~ Withdrawn by ana at hh:mm. Nothing has started, and nothing runs later.
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) req-0001 needs approval, and nobody can override that. Nothing has changed.
        ana   presses [Withdraw], asked: Withdraw req-0001? Nothing has started, and nothing will. [Withdraw it]
        bot   (only ana) req-0001 is cancelled. Nothing has started, and nothing runs later.
        bot > ⏹️ req-0001 withdrawn by ana, nothing has started
              ~ asked by @ana · plan 0000 · reboot 2 servers in lax
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) req-0001 is over. Nothing has changed.
        ");
    })
    .await;
}

#[tokio::test]
async fn whoever_may_not_is_told_who_could() {
    story(async |stage| {
        let (Cast { noc, ana, bob }, _) = cast_with_commander(stage, "edge-lax-[01-03]");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        thread.transcript();
        bob.types(&noc, OVERRIDE).await;
        ana.mentions(&noc, "@wrasse override capacity on req-2222 because customers are affected").await;
        assert_snapshot!(thread.since_last_look(), @"
        bob   /fleet override capacity on req-0001 because customers are affected
        bot   (only bob) Only members of incident-commander may override capacity. Nothing has changed. cid could.
        ana   @wrasse override capacity on req-0001 because customers are affected
        bot   (only ana) Only members of incident-commander may override capacity. Nothing has changed. cid could.
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

#[tokio::test]
async fn nobody_may_until_a_group_is_named() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let cid = stage.person("cid").in_group("incident-commander");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        thread.transcript();
        cid.types(&noc, OVERRIDE).await;
        assert_snapshot!(thread.since_last_look(), @"
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) Nobody may override capacity here, because no group is named. Nothing has changed.
              To name one, add to policies/admission.yaml: `override: { by: [GROUP] }`
        ");
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

/// A cancel ends it, also while the form of the second person is open.
#[tokio::test]
async fn a_cancel_ends_it() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-03]");
        let dee = stage.person("dee").in_group("incident-commander");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        thread.transcript();
        cid.types(&noc, OVERRIDE).await;
        dee.presses(&thread, "Review").await;
        ana.presses(&thread, "Cancel").await;
        dee.submits(&thread, "approve", "").await;
        stage.clock().advance(seconds(60)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-01` · `kernel update`
              Nothing has started, and nothing runs later
              ~ @ana · plan 0000
              [Details]
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) 🔓 Somebody else must agree before 1 server of req-0001 may pass capacity, by hh:mm. They were asked in its thread.
        bot > 🔓 cid asks to override capacity for 1 server
              `edge-lax-01` · over since hh:mm: 0 of 1 passed, req-0001 starts no more
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid hh:mm
        dee   presses [Review]
        bot   (form for dee) Override req-0001 [Record]
        ana   presses [Cancel], asked: Cancel req-0001? Nothing has started, and nothing will. [Cancel it]
        bot   (only ana) req-0001 is cancelled. Nothing has started, and nothing runs later.
        bot > ⏹️ req-0001 cancelled by ana, nothing has started
              ~ asked by @ana · plan 0000 · reboot 1 server in lax
        dee   submits approve
        bot   (form for dee) == Override ==
              There is nothing to decide any more. Nothing has changed.
              [Close]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   🔓 cid asks to override capacity for 1 server of lax
              `edge-lax-01` · over since hh:mm: 0 of 1 passed, req-0001 starts no more
              Why: `customers are affected`
              edge-lax now 2 of 3, floor 2
              ~ req-0001 by ana · override by cid hh:mm
              [Open thread]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// Whoever asked must still be of the group when somebody agrees.
#[tokio::test]
async fn a_commander_who_left_the_group_overrides_nothing() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-03]");
        let dee = stage.person("dee").in_group("incident-commander");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        thread.transcript();
        cid.types(&noc, OVERRIDE).await;
        cid.leaves_group("incident-commander");
        dee.approves(&thread, "").await;
        stage.clock().advance(seconds(60)).await;
        assert_snapshot!(thread.since_last_look(), @"
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) 🔓 Somebody else must agree before 1 server of req-0001 may pass capacity, by hh:mm. They were asked in its thread.
        bot > 🔓 cid asks to override capacity for 1 server
              `edge-lax-01` · over since hh:mm: cid, who asked for it, may not override any more, 0 of 1 passed
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid hh:mm
        dee   presses [Review]
        bot   (form for dee) Override req-0001 [Record]
        dee   submits approve
        bot   (form for dee) == Override ==
              Not recorded: cid, who asked for it, may not override any more. The override is over.
              [Close]
        bot > 🔓 The override of capacity ended at hh:mm: cid, who asked for it, may not override any more. `edge-lax-01` did not pass by it, and waits as before.
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   🔓 cid asks to override capacity for 1 server of lax
              `edge-lax-01` · over since hh:mm: cid, who asked for it, may not override any more, 0 of 1 passed
              Why: `customers are affected`
              edge-lax now 2 of 3, floor 2
              ~ req-0001 by ana · override by cid hh:mm
              [Open thread]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// Many small overrides are one large one, whatever became of their requests.
#[tokio::test]
async fn one_person_passes_no_more_than_five_alone_within_an_hour() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-20]");
        stage.fleet().rotates("edge-lax-19", Rotation::Maintenance);
        stage.fleet().rotates("edge-lax-20", Rotation::Maintenance);
        let first = ana.types(&noc, "/fleet drain edge-lax-[01-03] because fan noise").await;
        cid.types(&noc, OVERRIDE).await;
        stage.clock().advance(seconds(60)).await;
        assert!(first.transcript().contains("✅ done"));
        let second = ana.types(&noc, "/fleet drain edge-lax-[04-06] because dust").await;
        cid.types(&noc, &OVERRIDE.replace("req-2222", "req-2223")).await;
        assert_snapshot!(second.transcript(), @"
        ana   /fleet drain edge-lax-[04-06] because dust
        bot   (only ana) Understood: drain 3 servers in lax
              `edge-lax-[04-06]` · reason: `dust`
              ~ req-0002 · … · card <link>
        bot   Drain 3 servers in lax · req-0002
              ⏳ queued · starts by itself
              • edge-lax has 15 of 20 in service, floor 18
                5 out: `edge-lax-[01-03]` (drained, req-0001), `edge-lax-[19-20]` (out of rotation)
              🔓 cid asks to override capacity; it needs a second person
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        cid   /fleet override capacity on req-0002 because customers are affected
        bot   (only cid) 🔓 Somebody else must agree before 3 servers of req-0002 may pass capacity, by hh:mm. They were asked in its thread.
        bot > @incident-commander cid asks to override capacity for 3 servers (more than 5 servers within an hour). Somebody else of you must agree by hh:mm.
              Why: `customers are affected`. Nothing passes before.
              [[Review]]
        ");
        stage.channel("#incidents").transcript();
        stage.fleet().serves("edge-lax-[04-06]", true);
    })
    .await;
}

/// What cannot be undone is done to no server in production by an override, whoever would agree.
#[tokio::test]
async fn destruction_in_production_is_not_overridden() {
    story(async |stage| {
        let (Cast { ana, bob, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-03]");
        let incidents = stage.channel("#incidents").lets("incident-commander", "reboot").needing_approvals(1, "sre");
        stage.changes_command("reboot.yaml", "impact: power-cycle", "impact: destructive");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        let ana = ana.in_group("incident-commander");
        let thread = ana.types(&incidents, "/fleet reboot edge-lax-01 because kernel update").await;
        thread.transcript();
        cid.types(&incidents, OVERRIDE).await;
        assert_snapshot!(thread.since_last_look(), @"
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) req-0001 needs approval, and nobody can override that. Nothing has changed.
        ");
        bob.presses(&thread, "Review").await;
        bob.fills(&thread, &[("Decision", "approve"), ("Type 1 to approve", "1")]).await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ❌ failed · hh:mm
              `edge-lax-01` · `kernel update`
              0 of 1 rebooted · 1 left out
              ~ @ana · approved by bob hh:mm · hh:mm to hh:mm
              [Details]
        bot ~ Approved by bob at hh:mm (plan 0000)
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   sends the form Decision: approve, Type 1 to approve: 1
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ❌ req-0001: none of 1 rebooted, 1 left out
              – `edge-lax-01` left out: in production (drain them first), not as planned any more, or on the blacklist
              ~ some time · asked by @ana · approved by bob hh:mm · plan 0000
              [[Retry 1]]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}
