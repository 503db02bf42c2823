//! Overriding: a commander lets what waits pass one policy, once; loudly, and never alone where that would be too much.

use super::{Cast, cast};
use crate::stage::{Person, Stage, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Rotation;

pub(super) const OVERRIDE: &str = "/fleet override capacity on req-2222 because customers are affected";

/// Members of incident-commander may override; cid is one of them.
pub(super) fn cast_with_commander(stage: &Stage, servers: &str) -> (Cast, Person) {
    stage.lets_override("incident-commander");
    (cast(stage, servers), stage.person("cid").in_group("incident-commander"))
}

#[tokio::test]
async fn a_commander_lets_two_servers_pass_alone() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-06]");
        stage.fleet().rotates("edge-lax-06", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet drain edge-lax-[01-02] because fan noise").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet drain edge-lax-[01-02] because fan noise
        bot   (only ana) Understood: drain 2 servers in lax
              `edge-lax-[01-02]` · reason: `fan noise`
              ~ req-0001 · … · card <link>
        bot   Drain 2 servers in lax · req-0001
              ⏳ queued · starts by itself
              • edge-lax has 5 of 6 in service, floor 5
                1 out: `edge-lax-06` (out of rotation)
              incident-commander can override capacity
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        cid.types(&noc, OVERRIDE).await;
        stage.clock().advance(seconds(60)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Drain 2 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-02]` · `fan noise`
              2 of 2 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) 🔓 2 servers of req-0001 may pass capacity, once each, until hh:mm. Everybody is told.
        bot > 🔓 cid overrides capacity for 2 servers
              `edge-lax-[01-02]` · over: 2 of 2 passed
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid hh:mm
        bot > ▶️ Started at hh:mm. First: `edge-lax-01` (canary).
        bot > ✅ req-0001: all 2 drained
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   🔓 cid overrides capacity for 2 servers of lax
              `edge-lax-[01-02]` · over: 2 of 2 passed
              Why: `customers are affected`
              edge-lax now 3 of 6, floor 5
              ~ req-0001 by ana · override by cid hh:mm
              [Open thread]
        ");
        stage.fleet().serves("edge-lax-[01-02]", false);
        stage.fleet().serves("edge-lax-[03-05]", true);
    })
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn more_servers_need_a_second_person() {
    story(async |stage| {
        let (Cast { noc, ana, bob }, cid) = cast_with_commander(stage, "edge-lax-[01-10]");
        let dee = stage.person("dee").in_group("incident-commander");
        stage.fleet().rotates("edge-lax-10", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet drain edge-lax-[01-06] because fan noise").await;
        thread.transcript();
        cid.types(&noc, OVERRIDE).await;
        cid.presses(&thread, "Review").await;
        bob.presses(&thread, "Review").await;
        ana.presses(&thread, "Review").await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Drain 6 servers in lax · req-0001
              ⏳ queued · starts by itself
              • edge-lax has 9 of 10 in service, floor 9
                1 out: `edge-lax-10` (out of rotation)
              🔓 cid asks to override capacity; it needs a second person
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) 🔓 Somebody else must agree before 6 servers of req-0001 may pass capacity, by hh:mm. They were asked in its thread.
        bot > @incident-commander cid asks to override capacity for 6 servers (more than 5 servers). Somebody else of you must agree by hh:mm.
              Why: `customers are affected`. Nothing passes before.
              [[Review]]
        cid   presses [Review]
        bot   (only cid) You asked for this, so someone else of incident-commander must agree.
        bob   presses [Review]
        bot   (only bob) Agreeing to this needs incident-commander. Nothing has changed.
        ana   presses [Review]
        bot   (only ana) Agreeing to this needs incident-commander. Nothing has changed.
        ");
        stage.fleet().serves("edge-lax-[01-06]", true);
        dee.presses(&thread, "Review").await;
        assert_snapshot!(dee.form(), @"
        == Override req-0001 ==
        ⚠ Lets 6 servers pass capacity once, although it says wait.
        cid overrides: capacity for drain of req-0001
        why: `customers are affected`
        servers: `edge-lax-[01-06]`
        • edge-lax has 9 of 10 in service, floor 9
          1 out: `edge-lax-10` (out of rotation)
        Decision: ( ) Approve  ( ) Deny
        Why: [________] needed to deny
        ~ override fe08 · valid until hh:mm
        [Close] [[Record]]
        ");
        dee.submits(&thread, "", "").await;
        dee.submits(&thread, "approve", "go").await;
        stage.clock().advance(minutes(3)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Drain 6 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-06]` · `fan noise`
              6 of 6 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ 🔓 cid overrides capacity for 6 servers
              `edge-lax-[01-06]` · over: 6 of 6 passed
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid hh:mm · agreed by dee hh:mm
        dee   presses [Review]
        bot   (form for dee) Override req-0001 [Record]
        dee   submits nothing
        bot   (form for dee) Override req-0001 [Record]
        dee   submits approve: go
        bot   (form for dee) == Override ==
              Recorded: approved. They pass as soon as it is their turn.
              [Close]
        bot > ▶️ Started at hh:mm, after some time. First: `edge-lax-01` (canary).
        bot > ✅ req-0001: all 6 drained
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   🔓 cid overrides capacity for 6 servers of lax
              `edge-lax-[01-06]` · over: 6 of 6 passed
              Why: `customers are affected`
              edge-lax now 3 of 10, floor 9
              ~ req-0001 by ana · override by cid hh:mm · agreed by dee hh:mm
              [Open thread]
        ");
        stage.fleet().serves("edge-lax-[01-06]", false);
    })
    .await;
}

/// A reboot of servers in production needs a second person, and nobody comes.
#[tokio::test]
async fn what_is_not_used_in_time_ends_loudly() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-06]");
        let dee = stage.person("dee").in_group("incident-commander");
        stage.fleet().rotates("edge-lax-06", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        thread.transcript();
        cid.types(&noc, OVERRIDE).await;
        let review = dee.sees_button(&thread, "Review").unwrap();
        stage.clock().advance(minutes(61)).await;
        dee.presses_again(&thread, &review).await;
        assert_snapshot!(thread.since_last_look(), @"
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) 🔓 Somebody else must agree before 2 servers of req-0001 may pass capacity, by hh:mm. They were asked in its thread.
        bot > 🔓 cid asks to override capacity for 2 servers
              `edge-lax-[01-02]` · over since hh:mm: nobody else agreed in time
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid hh:mm
        bot > 🔓 The override of capacity ended at hh:mm: nobody else agreed in time. `edge-lax-[01-02]` did not pass by it, and wait as before.
        dee   presses a button seen before
        bot   (only dee) There is nothing to decide any more. Nothing has changed.
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   🔓 cid asks to override capacity for 2 servers of lax
              `edge-lax-[01-02]` · over since hh:mm: nobody else agreed in time
              Why: `customers are affected`
              edge-lax now 5 of 6, floor 5
              ~ req-0001 by ana · override by cid hh:mm
              [Open thread]
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// Its time is over in the middle: what did not pass by then waits as before.
#[tokio::test]
async fn what_has_not_passed_in_time_waits_again() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-06]");
        stage.changes_command("drain.yaml", "soak: 10s", "soak: 90m");
        stage.fleet().rotates("edge-lax-06", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet drain edge-lax-[01-02] because fan noise").await;
        thread.transcript();
        cid.types(&noc, OVERRIDE).await;
        stage.clock().advance(minutes(30)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Drain 2 servers in lax · req-0001
              ▶️ running · wave 1 of 2
              ▰▰▰▰▰▱▱▱▱▱  1 of 2 · 1 waiting
              Watching wave 1 until hh:mm
              🔓 capacity overridden by cid until hh:mm, 1 of 2 passed
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) 🔓 2 servers of req-0001 may pass capacity, once each, until hh:mm. Everybody is told.
        bot > 🔓 cid overrides capacity for 2 servers
              `edge-lax-[01-02]` pass it once each, until hh:mm · 1 of 2 passed
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid hh:mm
        bot > ▶️ Started at hh:mm. First: `edge-lax-01` (canary).
        ");
        stage.clock().advance(minutes(70)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Drain 2 servers in lax · req-0001
              ✋ halted · goes on by itself
              ▰▰▰▰▰▱▱▱▱▱  1 of 2 · 1 waiting
              • edge-lax has 4 of 6 in service, floor 5
                2 out: `edge-lax-06` (out of rotation), `edge-lax-01` (drained, req-0001)
              incident-commander can override capacity
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        bot ~ 🔓 cid overrides capacity for 2 servers
              `edge-lax-[01-02]` · over since hh:mm: 1 of 2 passed in time
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid hh:mm
        bot > 🔓 The override of capacity ended at hh:mm. `edge-lax-02` did not pass by it, and waits as before.
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   🔓 cid overrides capacity for 2 servers of lax
              `edge-lax-[01-02]` · over since hh:mm: 1 of 2 passed in time
              Why: `customers are affected`
              edge-lax now 4 of 6, floor 5
              ~ req-0001 by ana · override by cid hh:mm
              [Open thread]
        ");
        stage.fleet().serves("edge-lax-01", false);
        stage.fleet().serves("edge-lax-02", true);
    })
    .await;
}

/// An override is for the servers that waited then, and for each of them once: the next request waits as any other.
#[tokio::test]
async fn the_same_server_waits_again_in_another_request() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-06]");
        stage.fleet().rotates("edge-lax-06", Rotation::Maintenance);
        let first = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        cid.types(&noc, OVERRIDE).await;
        stage.clock().advance(seconds(30)).await;
        stage.fleet().serves("edge-lax-01", false);
        ana.types(&noc, "/fleet undrain edge-lax-01 because it is quiet").await;
        stage.clock().advance(seconds(60)).await;
        stage.fleet().serves("edge-lax-01", true);
        first.transcript();
        stage.channel("#incidents").transcript();
        let again = ana.types(&noc, "/fleet drain edge-lax-[01-02] because fan noise again").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(again.transcript(), @"
        ana   /fleet drain edge-lax-[01-02] because fan noise again
        bot   (only ana) Understood: drain 2 servers in lax
              `edge-lax-[01-02]` · reason: `fan noise again`
              ~ req-0003 · … · card <link>
        bot   Drain 2 servers in lax · req-0003
              ⏳ queued · starts by itself
              • edge-lax has 5 of 6 in service, floor 5
                1 out: `edge-lax-06` (out of rotation)
              incident-commander can override capacity
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().serves("edge-lax-[01-02]", true);
    })
    .await;
}

/// The gate before the restart asks for the capacity that was overridden, and honours that; a crash changes nothing.
#[tokio::test]
async fn a_reboot_passes_its_gate_over_a_restart_of_the_bot() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-03]");
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        thread.transcript();
        // The requester may be the second person: they are not who overrides.
        let ana = ana.in_group("incident-commander");
        cid.types(&noc, OVERRIDE).await;
        stage.kills_bot().await;
        ana.approves(&thread, "").await;
        stage.kills_bot().await;
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        cid   /fleet override capacity on req-0001 because customers are affected
        bot   (only cid) 🔓 Somebody else must agree before 1 server of req-0001 may pass capacity, by hh:mm. They were asked in its thread.
        bot > 🔓 cid overrides capacity for 1 server
              `edge-lax-01` · over: 1 of 1 passed
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid hh:mm · agreed by ana hh:mm
        ana   presses [Review]
        bot   (form for ana) Override req-0001 [Record]
        ana   submits approve
        bot   (form for ana) == Override ==
              Recorded: approved. They pass as soon as it is their turn.
              [Close]
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   🔓 cid overrides capacity for 1 server of lax
              `edge-lax-01` · over: 1 of 1 passed
              Why: `customers are affected`
              edge-lax now 1 of 3, floor 2
              ~ req-0001 by ana · override by cid hh:mm · agreed by ana hh:mm
              [Open thread]
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

#[tokio::test]
async fn a_place_at_a_site_is_overridden_as_well() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-20]");
        let dee = stage.person("dee").in_group("incident-commander");
        stage.lets_out(100);
        stage.fleet().holds_boots();
        let first = ana.types(&noc, "/fleet reboot edge-lax-[01-05] --wave 100% because kernel update").await;
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(30)).await;
        first.transcript();
        let second = ana.types(&noc, "/fleet reboot edge-lax-06 because kernel update").await;
        cid.types(&noc, "/fleet override capacity on req-2223 because it hurries").await;
        cid.types(&noc, "/fleet override concurrency on req-2223 because it hurries").await;
        cid.types(&noc, "/fleet override concurrency on req-2223 because it hurries").await;
        dee.approves(&second, "").await;
        assert_snapshot!(second.transcript(), @"
        ana   /fleet reboot edge-lax-06 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-06` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in lax · req-0002
              ▶️ running
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 1 working · 0 waiting
              Now: `edge-lax-06`: 1 rebooting
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        cid   /fleet override capacity on req-0002 because it hurries
        bot   (only cid) req-0002 does not wait for capacity. Nothing has changed.
              It waits for:
              • lax: 4 servers under work, at most 4 at once (req-0001)
        cid   /fleet override concurrency on req-0002 because it hurries
        bot   (only cid) 🔓 Somebody else must agree before 1 server of req-0002 may pass concurrency, by hh:mm. They were asked in its thread.
        bot > 🔓 cid overrides concurrency for 1 server
              `edge-lax-06` · over: 1 of 1 passed
              Why: `it hurries`
              ~ req-0002 by ana · override by cid hh:mm · agreed by dee hh:mm
        cid   /fleet override concurrency on req-0002 because it hurries
        bot   (only cid) cid asked to override concurrency on req-0002 at hh:mm. It needs a second person: Review in its thread.
        dee   presses [Review]
        bot   (form for dee) Override req-0002 [Record]
        dee   submits approve
        bot   (form for dee) == Override ==
              Recorded: approved. They pass as soon as it is their turn.
              [Close]
        bot > ▶️ Started at hh:mm, after some time.
        ");
        stage.fleet().finishes("edge-lax-[02-06]");
        stage.clock().advance(minutes(1)).await;
        first.since_last_look();
        stage.channel("#incidents").transcript();
        stage.fleet().rebooted("edge-lax-[01-06]", times(1));
    })
    .await;
}
