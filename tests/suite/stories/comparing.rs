//! Comparing: a finished wave does as well as the servers beside it, or the rest is not begun.

use super::{Cast, cast};
use crate::stage::{Stage, Thread, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::ids::RequestId;
use wrasse::sandbox::fleet::model::MetricsTrouble;

const LINE: &str = "/fleet reboot edge-lax-[01-04] --wave 50% because kernel update";

/// Ten servers that are compared, and the canary of [`LINE`] has just come back.
async fn canary_done(stage: &Stage) -> (Cast, Thread) {
    let there = cast(stage, "edge-lax-[01-10]");
    stage.lets_out(50);
    stage.fleet().is_measured(0.5);
    stage.compares_servers();
    let thread = there.ana.types(&there.noc, LINE).await;
    stage.clock().advance(seconds(9)).await;
    stage.fleet().rebooted("edge-lax-01", times(1));
    (there, thread)
}

/// It serves, no alert fires, and its users get errors.
#[tokio::test]
async fn a_canary_that_comes_back_with_errors_ends_the_rollout() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
        stage.lets_out(50);
        stage.fleet().is_measured(0.5);
        stage.compares_servers();
        stage.clock().advance(minutes(1)).await;
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(9)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
        stage.fleet().fails_requests("edge-lax-01", 0.041);
        // What is measured so soon is of the work itself.
        stage.clock().advance(seconds(110)).await;
        stage.fleet().rebooted("edge-lax-[02-04]", times(0));
        assert!(!thread.transcript().contains("halted"), "{}", thread.transcript());
        stage.clock().advance(minutes(1)).await;
        stage.fleet().rebooted("edge-lax-[02-04]", times(0));
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 4 servers in lax · req-0001
              ⚠️ done, 3 not started · hh:mm
              `edge-lax-[01-04]` · `kernel update`
              1 of 4 rebooted · 3 not started
              ✋ halted: `edge-lax-01` errors 4.1 % where its siblings have 0.2 % since hh:mm
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ⚠️ req-0001: 1 of 4 rebooted
              · `edge-lax-[02-04]` not started: `edge-lax-01` errors 4.1 % where its siblings have 0.2 % since hh:mm
              ~ some time · asked by @ana · plan 0000
              [[Retry 3]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ⚠️ req-0001 is over: done, 3 not started · hh:mm
              Halted: 1 of the 1 in wave 1 not well after the work: `edge-lax-01` errors 4.1 % where its siblings have 0.2 % since hh:mm.
              1 of 4 rebooted, 3 not started.
              To go on with what is left: `retry req-0001`
              ~ req-0001 by ana · halted hh:mm
              [[Retry 3]] [Open thread]
        ");
    })
    .await;
}

/// As many errors everywhere are not the work's doing.
#[tokio::test]
async fn a_canary_that_does_as_its_siblings_lets_the_next_wave_go() {
    story(async |stage| {
        let (_, thread) = canary_done(stage).await;
        (1..=9).for_each(|number| stage.fleet().fails_requests(&format!("edge-lax-0{number}"), 0.2));
        stage.clock().advance(minutes(5)).await;
        assert!(thread.transcript().contains("all 4 rebooted"), "{}", thread.transcript());
        stage.fleet().rebooted("edge-lax-[01-04]", times(1));
        assert_eq!(stage.channel("#incidents").transcript(), "");
    })
    .await;
}

/// A halt is for good, and one measurement may be wrong.
#[tokio::test]
async fn one_odd_measurement_only_makes_the_next_wave_wait_for_another() {
    story(async |stage| {
        let (_, thread) = canary_done(stage).await;
        stage.clock().advance(seconds(112)).await;
        stage.fleet().rebooted("edge-lax-[02-04]", times(0));
        stage.fleet().fails_requests("edge-lax-01", 0.5);
        // As long as from one look to the next: it is seen once.
        stage.clock().advance(seconds(15)).await;
        stage.fleet().rebooted("edge-lax-[02-04]", times(0));
        stage.fleet().fails_requests("edge-lax-01", 0.002);
        stage.clock().advance(minutes(5)).await;
        assert!(thread.transcript().contains("all 4 rebooted"), "{}", thread.transcript());
        stage.fleet().rebooted("edge-lax-[01-04]", times(1));
        assert_eq!(stage.channel("#incidents").transcript(), "");
    })
    .await;
}

/// Nobody tells how it does: the next wave waits and says so, and goes on by itself.
#[tokio::test]
async fn metrics_that_are_silent_hold_up_the_next_wave() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, thread) = canary_done(stage).await;
        stage.fleet().metrics_get(MetricsTrouble::Silent);
        stage.clock().advance(minutes(6)).await;
        stage.fleet().rebooted("edge-lax-[02-04]", times(0));
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-04] --wave 50% because kernel update
        bot   (only ana) Understood: reboot 4 servers in lax
              `edge-lax-[01-04]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 4 servers in lax · req-0001
              ✋ halted · goes on by itself
              ▰▰▱▱▱▱▱▱▱▱  1 of 4 · 3 waiting
              • `errors` of `edge-lax-01` of the wave before unknown since hh:mm (metrics do not answer: no answer in time)
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        bot > ✋ Its next wave waits: it is not known whether the one before is well.
              • `errors` of `edge-lax-01` of the wave before unknown since hh:mm (metrics do not answer: no answer in time)
              It goes on by itself once that is known and well. To end it, press Cancel; `retry req-0001` then asks for what is left.
        ");
        ana.types(&noc, "/fleet why req-2222").await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   /fleet why req-0001
        bot   (only ana) Reboot 4 servers in lax · req-0001
              ✋ halted
              ✓ 1 done: `edge-lax-01`
              • `errors` of `edge-lax-01` of the wave before unknown since hh:mm (metrics do not answer: no answer in time)
                blocks `edge-lax-[02-03]`
                goes on when the metrics tell it, if they do as well as their siblings
              1 waits for a later wave
              Stops starting when more than 1 failed: up to 1 is at work then, so at most 3 of 4 may fail
              ~ asked by ana · looks again at every change, and every 15 s · as of hh:mm
        ");
        let status = ana.types(&noc, "/fleet status").await;
        let told = status.transcript();
        assert!(told.contains("✋ `errors` of servers unknown since"), "{told}");
        stage.fleet().metrics_are_well();
        stage.clock().advance(minutes(6)).await;
        let told = thread.since_last_look();
        assert!(told.contains("What its next wave waited for is known."), "{told}");
        assert!(told.contains("all 4 rebooted"), "{told}");
        stage.fleet().rebooted("edge-lax-[01-04]", times(1));
        let told = ana.types(&noc, "/fleet status").await.transcript();
        assert!(!told.contains("of servers unknown"), "{told}");
    })
    .await;
}

/// There is nobody to compare with: that is told, and nothing waits for it.
#[tokio::test]
async fn a_pool_of_three_goes_on() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.changes_command("reboot.yaml", "soak: 10s", "soak: 1m");
        stage.lets_out(50);
        stage.fleet().is_measured(0.3);
        stage.compares_servers();
        stage.clock().advance(seconds(30)).await;
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] --wave 50% because kernel update").await;
        stage.clock().advance(seconds(20)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().fails_requests("edge-lax-01", 0.5);
        thread.transcript();
        ana.types(&noc, "/fleet why req-2222").await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   /fleet why req-0001
        bot   (only ana) Reboot 3 servers in lax · req-0001
              ▶️ running
              ✓ 1 done: `edge-lax-01`
              2 wait for the wave before to be watched until hh:mm
              `edge-lax-01` is compared with nobody: 2 siblings serve untouched, at least 3 are needed
              Stops starting when more than 1 failed: up to 1 is at work then, so at most 3 of 3 may fail
              ~ asked by ana · as of hh:mm
        ");
        stage.clock().advance(minutes(4)).await;
        assert!(thread.since_last_look().contains("all 3 rebooted"), "{}", thread.transcript());
        stage.fleet().rebooted("edge-lax-[01-03]", times(1));
        let id = RequestId::parse("req-2222").unwrap();
        let decisions = stage.store().await.decisions(&id).await.unwrap();
        let told = "edge-lax-01 compared with nobody (2 of 3 siblings)";
        assert!(decisions.iter().any(|record| record.evidence.contains(told)), "{decisions:?}");
    })
    .await;
}

/// A query that nobody answers shows in `status` before a wave depends on it, and so does that there are no metrics at all.
#[tokio::test]
async fn a_query_that_fails_shows_before_anybody_depends_on_it() {
    for is_measured in [true, false] {
        story(async |stage| {
            let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
            if is_measured {
                stage.fleet().is_measured(0.5);
            }
            stage.compares_servers();
            stage.clock().advance(seconds(30)).await;
            let told = ana.types(&noc, "/fleet status").await.transcript();
            let nothing = "✋ nothing is compared by errors and throughput after a wave: no metrics configured";
            assert_eq!(told.contains(nothing), !is_measured, "{told}");
            assert!(!told.contains("of servers unknown"), "{told}");
            stage.edits_rules(|rules| rules.soak.compare[1].query = "rate(nothing)".to_owned()).await;
            let changed = stage.channel("#incidents").transcript();
            assert!(changed.contains("`soak.queries`") && changed.contains("1 rule changed"), "{changed}");
            stage.clock().advance(seconds(30)).await;
            let told = ana.types(&noc, "/fleet status").await.transcript();
            assert_eq!(told.contains("✋ `throughput` of servers unknown since"), is_measured, "{told}");
            assert_eq!(told.contains("the sandbox does not know the query"), is_measured, "{told}");
        })
        .await;
    }
}

/// Nobody polls for what nobody watches: each comparison is asked once, and again while a wave is watched.
#[tokio::test]
async fn servers_are_measured_only_while_somebody_is_watched() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
        stage.lets_out(50);
        stage.fleet().is_measured(0.5);
        stage.compares_servers();
        let errors = || stage.fleet().was_asked_for("fleet_errors_total");
        stage.clock().advance(seconds(30)).await;
        assert!((1..=2).contains(&errors()), "to see that it is answered");
        stage.clock().advance(minutes(2)).await;
        // Each process asks once, and where every commit is a crash this is another one.
        assert!(errors() <= 1, "nobody is watched");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        stage.clock().advance(seconds(20)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        errors();
        stage.clock().advance(seconds(90)).await;
        let asked = errors();
        assert!((1..8).contains(&asked), "every 15 s while the first is watched: {asked}");
        stage.fleet().rebooted("edge-lax-02", times(0));
        stage.clock().advance(minutes(4)).await;
        assert!(thread.transcript().contains("all 2 rebooted"), "{}", thread.transcript());
        errors();
        stage.clock().advance(minutes(2)).await;
        assert!(errors() <= 1, "it is over");
    })
    .await;
}
