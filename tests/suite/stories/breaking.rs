//! Breaking: when too many fail in a row nothing more of the same starts, until a canary has passed and a person says so.

use super::{Cast, cast};
use crate::stage::{Calls, Channel, Person, Stage, Thread, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Fault;

/// Reboots one server after the other; each refuses and goes back to work.
async fn fail(stage: &Stage, ana: &Person, noc: &Channel, names: &[&str]) {
    for name in names {
        stage.fleet().gets(name, Fault::RefusesReboot);
        let thread = ana.types(noc, &format!("/fleet reboot {name} because kernel update")).await;
        stage.clock().advance(minutes(3)).await;
        assert!(thread.transcript().contains("✗ `"), "{name} failed");
    }
}

/// Asks for the reboot of one server.
async fn asks(ana: &Person, noc: &Channel, name: &str) -> Thread {
    ana.types(noc, &format!("/fleet reboot {name} because kernel update")).await
}

#[tokio::test]
async fn three_failures_in_a_row_at_one_site_stop_that_site_and_no_other() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-08]");
        stage.fleet().has("edge-rix-[01-03]");
        stage.lets_out(50);
        fail(stage, &ana, &noc, &["edge-lax-01", "edge-lax-02"]).await;
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        fail(stage, &ana, &noc, &["edge-lax-03"]).await;
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ Reboot in lax stopped: 3 of the last 3 failed
              `edge-lax-03` did not reboot (req-0003)
              `edge-lax-02` did not reboot (req-0002)
              `edge-lax-01` did not reboot (req-0001)
              Nothing more of it starts; nothing else of it is at work.
              One canary may start from hh:mm.
              ~ since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
              [Close it] [Open thread]
        ");

        let waits = asks(&ana, &noc, "edge-lax-04").await;
        assert_snapshot!(waits.transcript(), @"
        ana   /fleet reboot edge-lax-04 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-04` · reason: `kernel update`
              ~ req-0004 · … · card <link>
        bot   Reboot 1 server in lax · req-0004
              ⏳ queued · starts by itself
              • reboot in lax: 3 of the last 3 failed (`edge-lax-[01-03]`); one canary may start from hh:mm
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let goes = asks(&ana, &noc, "edge-rix-01").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(goes.transcript(), @"
        ana   /fleet reboot edge-rix-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in rix
              `edge-rix-01` · reason: `kernel update`
              ~ req-0005 · … · card <link>
        bot   Reboot 1 server in rix · req-0005
              ✅ done · hh:mm
              `edge-rix-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0005: edge-rix-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        let plan = ana.types(&noc, "/fleet plan reboot edge-lax-05 because kernel update").await;
        assert_snapshot!(plan.transcript(), @"
        ana   /fleet plan reboot edge-lax-05 because kernel update
        bot   (only ana) Plan: reboot 1 server in lax · nothing is started
              `edge-lax-05`
              sites: lax 1 · types: edge-cache 1 · states: production 1
              1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
              2. gate: asks again whether the drain still holds and its pool has enough without it
              3. reboot over SSH, else Redfish; proved by a new boot id, at most 2 min; cannot be undone
              4. check services, mounts, kernel and clock, at most 2 min
              5. return: back to the state it had, at most 5 min
              ✓ you may by noc-noc-reboot · needs nobody's approval
              edge-lax: 8 → 7 of 8 at the lowest, at most 1 out at once, floor 4
              first wave: would wait, and start by itself
              • reboot in lax: 3 of the last 3 failed (`edge-lax-[01-03]`); one canary may start from hh:mm
              ~ ask: sre for reboot
              ~ to do it: `reboot edge-lax-05 because kernel update`
        ");
        stage.fleet().rebooted("edge-lax-04", times(0));
        stage.fleet().rebooted("edge-rix-01", times(1));
    })
    .await;
}

/// After the cool-down one server goes first, and is watched; a restart in between changes nothing. It may not be closed yet.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one breaker from its cool-down to its last minute, whole")]
async fn a_canary_goes_first_and_is_watched() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-08]");
        stage.lets_out(50);
        fail(stage, &ana, &noc, &["edge-lax-01", "edge-lax-02", "edge-lax-03"]).await;
        stage.channel("#incidents").transcript();
        stage.fleet().holds_boots();
        let first = asks(&ana, &noc, "edge-lax-04").await;
        let second = asks(&ana, &noc, "edge-lax-05").await;
        first.transcript();
        second.transcript();
        let early = ana.types(&noc, "/fleet close-breaker reboot site=lax because it was sudo").await;
        assert_snapshot!(early.transcript(), @"
        ana   /fleet close-breaker reboot site=lax because it was sudo
        bot   (only ana) Reboot in lax stays stopped: one canary may start from hh:mm. You may close it once its canary has passed; sre may before. Nothing has changed.
        ");

        stage.clock().advance(minutes(31)).await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✗ Reboot in lax stopped: 3 of the last 3 failed
              `edge-lax-03` did not reboot (req-0003)
              `edge-lax-02` did not reboot (req-0002)
              `edge-lax-01` did not reboot (req-0001)
              Nothing more of it starts; nothing else of it is at work.
              Its canary `edge-lax-04` (req-0004) is at work since hh:mm.
              ~ since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
              [Close it] [Open thread]
        ");
        assert_snapshot!(first.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0004
              ▶️ running
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 1 working · 0 waiting
              Now: `edge-lax-04`: 1 rebooting
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        bot ~ Reboot 1 server in lax · req-0005
              ⏳ queued · starts by itself
              • reboot in lax: 3 of the last 3 failed (`edge-lax-[01-03]`); waits for its canary, req-0004
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        bot > ▶️ Started at hh:mm, after some time.
        ");
        stage.fleet().rebooted("edge-lax-05", times(0));
        stage.kills_bot().await;
        stage.fleet().finishes("edge-lax-04");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(first.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0004
              ✅ done · hh:mm
              `edge-lax-04` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ Reboot 1 server in lax · req-0005
              ⏳ queued · starts by itself
              • reboot in lax: 3 of the last 3 failed (`edge-lax-[01-03]`); its canary is watched until hh:mm, then a person may close it
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        bot > ✅ req-0004: edge-lax-04 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✗ Reboot in lax stopped: 3 of the last 3 failed
              `edge-lax-03` did not reboot (req-0003)
              `edge-lax-02` did not reboot (req-0002)
              `edge-lax-01` did not reboot (req-0001)
              Nothing more of it starts; nothing else of it is at work.
              Its canary `edge-lax-04` has succeeded and is watched until hh:mm; then a person may close it.
              ~ since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
              [Close it] [Open thread]
        ");
        let soaking = ana.types(&noc, "/fleet close breaker reboot site=lax because it was sudo").await;
        assert_snapshot!(soaking.transcript(), @"
        ana   /fleet close breaker reboot site=lax because it was sudo
        bot   (only ana) Reboot in lax stays stopped: its canary is watched until hh:mm. You may close it once its canary has passed; sre may before. Nothing has changed.
        ");

        stage.clock().advance(minutes(11)).await;
        assert_snapshot!(second.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0005
              ⏳ queued · starts by itself
              • reboot in lax: 3 of the last 3 failed (`edge-lax-[01-03]`); its canary has passed, so a person may send `close-breaker reboot site=lax because …`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
    })
    .await;
}

/// Only whoever may use the command, and only with a reason.
#[tokio::test]
async fn a_breaker_is_closed_by_whoever_may_use_its_command() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-08]");
        let eve = stage.person("eve").in_group("desk");
        stage.lets_out(50);
        fail(stage, &ana, &noc, &["edge-lax-01", "edge-lax-02", "edge-lax-03"]).await;
        let first = asks(&ana, &noc, "edge-lax-04").await;
        let second = asks(&ana, &noc, "edge-lax-05").await;
        stage.clock().advance(minutes(45)).await;
        assert!(first.transcript().contains("its canary has passed"));
        stage.channel("#incidents").transcript();

        let not_theirs = eve.types(&noc, "/fleet close-breaker reboot site=lax because I am in a hurry").await;
        assert_snapshot!(not_theirs.transcript(), @"
        eve   /fleet close-breaker reboot site=lax because I am in a hurry
        bot   (only eve) Reboot in lax can be let start again by whoever may reboot here, once its canary has passed, and sre before. Nothing has changed.
        ");
        let unnamed = ana.types(&noc, "/fleet close-breaker reboot because it was sudo").await;
        assert_snapshot!(unnamed.transcript(), @"
        ana   /fleet close-breaker reboot because it was sudo
        bot   (only ana) Nothing stops reboot everywhere: its breaker is not open. Open are: reboot site=lax. Nothing has changed.
        ");
        let mute = ana.types(&noc, "/fleet close-breaker reboot site=lax").await;
        assert_snapshot!(mute.transcript(), @"
        ana   /fleet close-breaker reboot site=lax
        bot   (only ana) Reason is missing
              ```
              close-breaker reboot site=lax
                                            ^
              ```
              Add because … at the end. Nothing has started.
        ");
        let closes = ana.types(&noc, "/fleet close-breaker reboot site=lax because it was sudo").await;
        assert_snapshot!(closes.transcript(), @"
        ana   /fleet close-breaker reboot site=lax because it was sudo
        bot   (only ana) Reboot in lax may start again. Failures are counted anew.
        bot > ▶️ Started at hh:mm, after some time.
        ");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✅ hh:mm · Reboot in lax may start again: closed by ana
              `it was sudo`
              ~ after its canary edge-lax-04 · it was open since hh:mm
        ");
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(second.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0005
              ✅ done · hh:mm
              `edge-lax-05` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0005: edge-lax-05 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-05", times(1));
        let again = ana.types(&noc, "/fleet close-breaker reboot site=lax because it was sudo").await;
        assert_snapshot!(again.transcript(), @"
        ana   /fleet close-breaker reboot site=lax because it was sudo
        bot   (only ana) Nothing stops reboot in lax: its breaker is not open. No breaker is. Nothing has changed.
        ");
    })
    .await;
}

/// A canary that fails begins the cool-down anew, and only the owners may close without one.
#[tokio::test]
async fn a_canary_that_fails_keeps_it_open_and_the_owners_may_close() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-08]");
        stage.lets_out(50);
        fail(stage, &ana, &noc, &["edge-lax-01", "edge-lax-02", "edge-lax-03"]).await;
        stage.channel("#incidents").transcript();
        stage.fleet().gets("edge-lax-04", Fault::RefusesReboot);
        let first = asks(&ana, &noc, "edge-lax-04").await;
        first.transcript();
        stage.clock().advance(minutes(35)).await;
        assert!(first.transcript().contains("✗ `edge-lax-04` did not reboot"));
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✗ Reboot in lax stopped: 4 of the last 4 failed
              `edge-lax-04` did not reboot (req-0004)
              `edge-lax-03` did not reboot (req-0003)
              `edge-lax-02` did not reboot (req-0002)
              Nothing more of it starts; nothing else of it is at work.
              One canary may start from hh:mm.
              ~ since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
              [Close it] [Open thread]
        bot » ✗ Worse: reboot in lax failed again, 4 by now
              `edge-lax-04` failed. It stays stopped; another canary may start from hh:mm.
        ");
        let second = asks(&ana, &noc, "edge-lax-05").await;
        assert_snapshot!(second.transcript(), @"
        ana   /fleet reboot edge-lax-05 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-05` · reason: `kernel update`
              ~ req-0005 · … · card <link>
        bot   Reboot 1 server in lax · req-0005
              ⏳ queued · starts by itself
              • reboot in lax: 4 of the last 4 failed (`edge-lax-[01-04]`); one canary may start from hh:mm
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let closes = bob.types(&noc, "/fleet close-breaker reboot site=lax because sudoers are repaired").await;
        assert_snapshot!(closes.transcript(), @"
        bob   /fleet close-breaker reboot site=lax because sudoers are repaired
        bot   (only bob) Reboot in lax may start again, without a canary. Failures are counted anew.
        bot > ▶️ Started at hh:mm.
        ");
        stage.clock().advance(minutes(1)).await;
        assert!(second.transcript().contains("✅ done"));
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✅ hh:mm · Reboot in lax may start again: closed by bob
              `sudoers are repaired`
              ~ without a canary · it was open since hh:mm
        ");
    })
    .await;
}

/// Three of many are few, but not where the same goes well elsewhere.
#[tokio::test]
async fn a_site_where_more_fails_than_elsewhere_is_stopped() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-08]");
        stage.fleet().has("edge-rix-[01-03]");
        stage.lets_out(50);
        stage.compares_with_elsewhere_from(4);
        let well = async |name: &str| {
            let goes = asks(&ana, &noc, name).await;
            stage.clock().advance(minutes(1)).await;
            assert!(goes.transcript().contains("✅ done"), "{}", goes.transcript());
        };
        for name in ["edge-rix-01", "edge-rix-02", "edge-rix-03"] {
            well(name).await;
        }
        for (fails, goes) in [("edge-lax-01", "edge-lax-02"), ("edge-lax-03", "edge-lax-04")] {
            fail(stage, &ana, &noc, &[fails]).await;
            well(goes).await;
        }
        fail(stage, &ana, &noc, &["edge-lax-05"]).await;
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        // One more elsewhere is enough to compare with.
        well("edge-rix-01").await;
        well("edge-lax-06").await;
        fail(stage, &ana, &noc, &["edge-lax-07"]).await;
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ Reboot in lax stopped: 4 of the last 7 failed
              `edge-lax-07` did not reboot (req-0011)
              `edge-lax-05` did not reboot (req-0008)
              `edge-lax-03` did not reboot (req-0006)
              Elsewhere 0 of 4 failed, which is far less.
              Nothing more of it starts; nothing else of it is at work.
              One canary may start from hh:mm.
              ~ since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
              [Close it] [Open thread]
        ");
        let waits = asks(&ana, &noc, "edge-lax-08").await;
        assert!(waits.transcript().contains("• reboot in lax: 4 of the last 7 failed"), "{}", waits.transcript());
    })
    .await;
}

/// Whoever reads of it knows what may still come, and the message follows those that end.
#[tokio::test]
async fn what_is_at_work_when_it_opens_may_fail_too_and_is_told() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-12]");
        stage.lets_out(50);
        fail(stage, &ana, &noc, &["edge-lax-01", "edge-lax-02"]).await;
        stage.fleet().holds_boots();
        stage.fleet().gets("edge-lax-03", Fault::RefusesReboot);
        let third = asks(&ana, &noc, "edge-lax-03").await;
        // Whether a refused restart took place is looked at for a while; the others start in the meantime.
        stage.clock().advance(seconds(80)).await;
        let (first, second) = (asks(&ana, &noc, "edge-lax-05").await, asks(&ana, &noc, "edge-lax-06").await);
        let elsewhere = ana.types(&noc, "/fleet drain edge-lax-07 because fan noise").await;
        let cards = || [&first, &second, &third, &elsewhere].iter().for_each(|thread| drop(thread.transcript()));
        stage.clock().advance(seconds(60)).await;
        cards();
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ Reboot in lax stopped: 3 of the last 3 failed
              `edge-lax-03` did not reboot (req-0006)
              `edge-lax-02` did not reboot (req-0002)
              `edge-lax-01` did not reboot (req-0001)
              Nothing more of it starts; 2 more are at work, and may fail too.
              One canary may start from hh:mm.
              ~ since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
              [Close it] [Open thread]
        ");
        stage.fleet().finishes("edge-lax-05");
        stage.clock().advance(seconds(15)).await;
        cards();
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✗ Reboot in lax stopped: 3 of the last 3 failed
              `edge-lax-03` did not reboot (req-0006)
              `edge-lax-02` did not reboot (req-0002)
              `edge-lax-01` did not reboot (req-0001)
              Nothing more of it starts; 1 more is at work, and may fail too.
              One canary may start from hh:mm.
              ~ since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
              [Close it] [Open thread]
        ");
        stage.clock().advance(minutes(3)).await;
        cards();
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✗ Reboot in lax stopped: 4 of the last 4 failed
              `edge-lax-06` did not come back (req-0004)
              `edge-lax-03` did not reboot (req-0006)
              `edge-lax-02` did not reboot (req-0002)
              Nothing more of it starts; nothing else of it is at work.
              One canary may start from hh:mm.
              ~ since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
              [Close it] [Open thread]
        bot   ✗ 1 server of lax out of production
              reboot: `edge-lax-06` did not come back; drained
              edge-lax now 10 of 12, floor 6
              ~ req-0004 by ana · since hh:mm
              [[I take it]] [Open thread]
        ");
    })
    .await;
}

/// An outcome that nobody can tell counts as a failure, and counts once.
#[tokio::test]
async fn a_question_to_a_person_counts() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-08]");
        stage.lets_out(50);
        fail(stage, &ana, &noc, &["edge-lax-01", "edge-lax-02"]).await;
        stage.fleet().gets("edge-lax-03", Fault::HangsInExec);
        stage.fleet().never_returns("edge-lax-03");
        let asked = asks(&ana, &noc, "edge-lax-03").await;
        stage.clock().advance(minutes(3)).await;
        asked.transcript();
        // The two notices are in lanes of their own, so either may come first.
        let told = stage.channel("#incidents").transcript();
        for line in ["✗ Reboot in lax stopped: 3 of the last 3 failed", "`edge-lax-03` outcome not known (req-0003)"]
        {
            assert!(told.contains(line), "{told}");
        }
        assert_eq!(told.matches("stopped").count(), 1, "{told}");
    })
    .await;
}

/// What was ended by a person says nothing of the command, whether it had begun or not.
#[tokio::test]
async fn cancelled_runs_do_not_count() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-08]");
        stage.lets_out(50);
        fail(stage, &ana, &noc, &["edge-lax-01", "edge-lax-02"]).await;
        stage.bot_dies_after(crate::stories::crashing::drained, Calls::Land).await;
        stage.bot_stays_down_after_crash();
        let cancelled = asks(&ana, &noc, "edge-lax-[03-04]").await;
        ana.presses(&cancelled, "Cancel").await;
        stage.bot_wakes().await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(cancelled.transcript(), @"
        ana   /fleet reboot edge-lax-[03-04] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[03-04]` · reason: `kernel update`
              ~ req-0003 · … · card <link>
        bot   Reboot 2 servers in lax · req-0003
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-[03-04]` · `kernel update`
              0 of 2 rebooted · 1 returned unchanged · 1 not started
              ~ @ana · hh:mm to hh:mm
              [Details]
        ana   presses [Cancel], asked: Cancel req-0003? 1 server goes to a safe point and returns. 1 is not started. 0 are done. [Cancel it]
        bot   (only ana) req-0003 is stopping. Nothing new starts; what is in flight goes to a safe point, drained servers return.
        bot > ⏹️ req-0003 cancelled by ana: 0 done, 1 returned, 1 not started
              · `edge-lax-04` not started
              ~ some time · asked by @ana · plan 0000
              [Retry 2]
        ");
        let goes = asks(&ana, &noc, "edge-lax-05").await;
        stage.clock().advance(minutes(1)).await;
        assert!(goes.transcript().contains("✅ done"));
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
    })
    .await;
}
