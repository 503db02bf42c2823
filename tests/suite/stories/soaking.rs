//! Soaking: a finished wave is watched, and the next one opens only while the one before is known to be well.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::{Fault, MonitoringTrouble, Rotation};

const LINE: &str = "/fleet reboot edge-lax-[01-04] --wave 50% because kernel update";
const DISK: [(&str, &str); 3] = [("alertname", "DiskFailing"), ("severity", "critical"), ("server", "edge-lax-01")];

/// It came back, ended well, and dies while it is watched: the rest is never touched.
#[tokio::test]
async fn a_canary_that_dies_while_it_is_watched_ends_the_rollout() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
        stage.lets_out(50);
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(9)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
        stage.fleet().gets("edge-lax-01", Fault::Dead);
        stage.clock().advance(minutes(2)).await;
        stage.fleet().rebooted("edge-lax-[02-04]", times(0));
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-04] --wave 50% because kernel update
        bot   (only ana) Understood: reboot 4 servers in lax
              `edge-lax-[01-04]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 4 servers in lax · req-0001
              ⚠️ done, 3 not started · hh:mm
              `edge-lax-[01-04]` · `kernel update`
              1 of 4 rebooted · 3 not started
              ✋ halted: `edge-lax-01` does not answer since hh:mm
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ⚠️ req-0001: 1 of 4 rebooted
              · `edge-lax-[02-04]` not started: `edge-lax-01` does not answer since hh:mm
              ~ some time · asked by @ana · plan 0000
              [[Retry 3]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ⚠️ req-0001 is over: done, 3 not started · hh:mm
              Halted: 1 of the 1 in wave 1 not well after the work: `edge-lax-01` does not answer since hh:mm.
              1 of 4 rebooted, 3 not started.
              To go on with what is left: `retry req-0001`
              ~ req-0001 by ana · halted hh:mm
              [[Retry 3]] [Open thread]
        ");
        ana.types(&noc, "/fleet why req-2222").await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   /fleet why req-0001
        bot   (only ana) Reboot 4 servers in lax · req-0001
              ⚠️ done, 3 not started
              Ended · hh:mm
              `edge-lax-[01-04]` · `kernel update`
              1 of 4 rebooted · 3 not started
              ✋ halted: `edge-lax-01` does not answer since hh:mm
              ~ asked by ana · as of hh:mm
        ");
        // What is left begins with a canary of its own, and whoever read of the halt reads who goes on.
        stage.fleet().repairs("edge-lax-01");
        stage.clock().advance(seconds(10)).await;
        ana.types(&noc, "/fleet retry req-2222").await;
        stage.clock().advance(minutes(3)).await;
        assert!(thread.since_last_look().contains("all 3 rebooted"), "the rest gets done");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✅ hh:mm · req-0001 is over: done, 3 not started · hh:mm
              Halted: 1 of the 1 in wave 1 not well after the work: `edge-lax-01` does not answer since hh:mm.
              1 of 4 rebooted, 3 not started.
              Retried by ana at hh:mm, as req-0002.
              ~ req-0001 by ana · halted hh:mm
        ");
        stage.fleet().rebooted("edge-lax-[02-04]", times(1));
    })
    .await;
}

/// Somebody takes it out of rotation by hand, or it has an alert of its own.
#[tokio::test]
async fn whatever_is_seen_of_a_server_itself_ends_the_rollout() {
    for is_alerted in [false, true] {
        story(async |stage| {
            let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
            stage.changes_command("reboot.yaml", "soak: 10s", "soak: 1m");
            stage.lets_out(50);
            if is_alerted {
                stage.fleet().is_monitored();
            }
            stage.clock().advance(seconds(20)).await;
            let thread = ana.types(&noc, LINE).await;
            stage.clock().advance(seconds(9)).await;
            stage.fleet().rebooted("edge-lax-01", times(1));
            match is_alerted {
                true => stage.fleet().alerts(&DISK),
                false => stage.fleet().rotates("edge-lax-01", Rotation::Maintenance),
            }
            stage.clock().advance(minutes(3)).await;
            stage.fleet().rebooted("edge-lax-[02-04]", times(0));
            let seen = if is_alerted { "alert DiskFailing" } else { "out of rotation" };
            let told = thread.transcript();
            assert!(told.contains(&format!("not started: `edge-lax-01` {seen} since hh:mm")), "{told}");
            let told = stage.channel("#incidents").transcript();
            assert!(told.contains(&format!("not well after the work: `edge-lax-01` {seen} since hh:mm")), "{told}");
        })
        .await;
    }
}

/// Nobody tells whether it serves: the next wave waits and says so, and goes on by itself.
#[tokio::test]
async fn a_wave_of_which_nothing_is_known_holds_up_the_next() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
        stage.changes_command("reboot.yaml", "soak: 10s", "soak: 1m");
        stage.lets_out(50);
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(7)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().balancers_go_silent();
        stage.clock().advance(minutes(4)).await;
        stage.fleet().rebooted("edge-lax-[02-04]", times(0));
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-04] --wave 50% because kernel update
        bot   (only ana) Understood: reboot 4 servers in lax
              `edge-lax-[01-04]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 4 servers in lax · req-0001
              ✋ halted · goes on by itself
              ▰▰▱▱▱▱▱▱▱▱  1 of 4 · 3 waiting
              • `edge-lax-01` of the wave before not seen in the load balancer since hh:mm
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        bot > ✋ Its next wave waits: it is not known whether the one before is well.
              • `edge-lax-01` of the wave before not seen in the load balancer since hh:mm
              It goes on by itself once that is known and well. To end it, press Cancel; `retry req-0001` then asks for what is left.
        ");
        ana.types(&noc, "/fleet why req-2222").await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   /fleet why req-0001
        bot   (only ana) Reboot 4 servers in lax · req-0001
              ✋ halted
              ✓ 1 done: `edge-lax-01`
              • `edge-lax-01` of the wave before not seen in the load balancer since hh:mm
                blocks `edge-lax-[02-03]`
                goes on when the load balancer shows them in service
              1 waits for a later wave
              Stops starting when more than 1 failed: up to 1 is at work then, so at most 3 of 4 may fail
              ~ asked by ana · looks again at every change, and every 15 s · as of hh:mm
        ");
        stage.fleet().balancers_answer();
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 4 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-04]` · `kernel update`
              4 of 4 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ What its next wave waited for is known.
        bot > ✅ req-0001: all 4 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-[01-04]", times(1));
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
    })
    .await;
}

/// Whoever reads the thread later must not wait for what was cancelled.
#[tokio::test]
async fn what_was_told_of_a_wave_that_waits_is_taken_back_when_the_request_ends() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
        stage.changes_command("reboot.yaml", "soak: 10s", "soak: 1m");
        stage.lets_out(50);
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(7)).await;
        stage.fleet().balancers_go_silent();
        stage.clock().advance(minutes(4)).await;
        assert!(thread.since_last_look().contains("Its next wave waits"), "{}", thread.transcript());
        ana.types(&noc, "/fleet cancel req-2222").await;
        stage.clock().advance(seconds(30)).await;
        assert!(thread.since_last_look().contains("bot ~ It starts no more."), "{}", thread.transcript());
    })
    .await;
}

/// The monitoring says nothing that counts, or an alert is older than the work: neither halts, and neither lets the next go.
#[tokio::test]
async fn alerts_that_prove_nothing_make_the_next_wave_wait() {
    for is_silent in [false, true] {
        story(async |stage| {
            let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
            stage.lets_out(50);
            stage.fleet().is_monitored();
            stage.fleet().holds_boots();
            stage.clock().advance(seconds(20)).await;
            let thread = ana.types(&noc, LINE).await;
            stage.clock().advance(seconds(10)).await;
            // It fires because the server is down.
            if !is_silent {
                stage.fleet().alerts(&DISK);
            }
            stage.clock().advance(seconds(20)).await;
            stage.fleet().lets_boot();
            stage.fleet().finishes("edge-lax-01");
            if is_silent {
                stage.fleet().monitoring_gets(Some(MonitoringTrouble::Silent));
            }
            stage.clock().advance(minutes(4)).await;
            stage.fleet().rebooted("edge-lax-01", times(1));
            stage.fleet().rebooted("edge-lax-[02-04]", times(0));
            let told = thread.transcript();
            let lack = if is_silent { "alerts about `edge-lax-01`" } else { "alert `DiskFailing` about `edge-lax-01`" };
            assert!(told.contains(&format!("• {lack} of the wave before")), "{told}");
            assert!(told.contains("✋ halted · goes on by itself"), "{told}");
            match is_silent {
                true => stage.fleet().monitoring_gets(None),
                false => stage.fleet().alert_ends(&DISK),
            }
            stage.clock().advance(minutes(4)).await;
            assert!(thread.since_last_look().contains("all 4 rebooted"));
            stage.fleet().rebooted("edge-lax-[02-04]", times(1));
        })
        .await;
    }
}

/// What a command leaves out on purpose does not serve afterwards, and is well.
#[tokio::test]
async fn servers_that_are_drained_on_purpose_are_well() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
        stage.lets_out(50);
        let thread = ana.types(&noc, "/fleet drain edge-lax-[01-04] because fan noise").await;
        stage.clock().advance(minutes(3)).await;
        assert!(thread.transcript().contains("all 4"), "{}", thread.transcript());
        stage.fleet().serves("edge-lax-[01-04]", false);
    })
    .await;
}

/// It is the same work, and got worse: whoever reads the channel is notified, under the first halt.
#[tokio::test]
async fn a_retry_that_is_halted_too_is_told_under_the_first_halt() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
        stage.lets_out(50);
        let incidents = stage.channel("#incidents");
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(9)).await;
        stage.fleet().gets("edge-lax-01", Fault::Dead);
        stage.clock().advance(minutes(2)).await;
        assert!(!incidents.transcript().contains('»'), "the first is a message of its own");
        ana.types(&noc, "/fleet retry req-2222").await;
        stage.clock().advance(seconds(9)).await;
        stage.fleet().rebooted("edge-lax-02", times(1));
        stage.fleet().gets("edge-lax-02", Fault::Dead);
        stage.clock().advance(minutes(2)).await;
        thread.transcript();
        assert_snapshot!(incidents.since_last_look(), @"
        bot ~ ✅ hh:mm · req-0001 is over: done, 3 not started · hh:mm
              Halted: 1 of the 1 in wave 1 not well after the work: `edge-lax-01` does not answer since hh:mm.
              1 of 4 rebooted, 3 not started.
              Retried by ana at hh:mm, as req-0002.
              ~ req-0001 by ana · halted hh:mm
        bot » ⚠️ req-0002 is over: done, 2 not started · hh:mm
              Halted: 1 of the 1 in wave 1 not well after the work: `edge-lax-02` does not answer since hh:mm.
              1 of 3 rebooted, 2 not started.
              To go on with what is left: `retry req-0002`
              ~ req-0002 by ana · halted hh:mm
              [[Retry 2]] [Open thread]
        ");
        stage.fleet().rebooted("edge-lax-[03-04]", times(0));
    })
    .await;
}
