//! Going on: what was let start is asked about again before a server is taken out or restarted, however long that takes.

use super::crashing::{admitted, drained, gate_passed};
use super::{Cast, cast};
use crate::stage::{Calls, Stage, minutes, seconds, story, times};
use insta::assert_snapshot;
use std::time::Duration;
use wrasse::domain::server::ServerType;
use wrasse::ports::store::Write;
use wrasse::sandbox::fleet::model::Rotation;

const LINE: &str = "/fleet reboot edge-lax-01 because kernel update";
const TWO_HOURS: Duration = Duration::from_secs(7200);

/// The bot dies after that commit, and comes back later to a pool that has lost another server.
async fn away(stage: &Stage, when: fn(&[Write]) -> bool, how_long: Duration) -> crate::stage::Thread {
    let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
    stage.bot_dies_after(when, Calls::Land).await;
    stage.bot_stays_down_after_crash();
    let thread = ana.types(&noc, LINE).await;
    stage.fleet().rotates("edge-lax-02", Rotation::Maintenance);
    stage.clock().advance(how_long).await;
    stage.bot_wakes().await;
    thread
}

/// The pool has its server back: the rest follows by itself, once.
async fn goes_on_by_itself(stage: &Stage) {
    stage.fleet().rebooted("edge-lax-01", times(0));
    stage.fleet().serves("edge-lax-01", true);
    stage.fleet().rotates("edge-lax-02", Rotation::Ready);
    stage.clock().advance(minutes(2)).await;
    stage.fleet().rebooted("edge-lax-01", times(1));
    stage.fleet().serves("edge-lax-[01-02]", true);
}

/// It was nobody's failure: it waits a while, goes back to work, and its turn comes again.
#[tokio::test]
async fn a_pool_below_its_floor_puts_a_drained_server_back_to_work() {
    story(async |stage| {
        let thread = away(stage, drained, seconds(150)).await;
        stage.clock().advance(minutes(1)).await;
        stage.fleet().serves("edge-lax-01", false);
        assert!(!thread.transcript().contains("failed"), "it waits");
        stage.clock().advance(minutes(3)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✋ halted · goes on by itself
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 1 waiting
              • edge-lax has 9 of 10 in service, floor 9
                1 out: `edge-lax-02` (out of rotation)
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        goes_on_by_itself(stage).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
    })
    .await;
}

/// The pool recovers while it waits: it is restarted at once.
#[tokio::test]
async fn a_pool_that_recovers_lets_a_drained_server_go_on() {
    story(async |stage| {
        let thread = away(stage, drained, seconds(150)).await;
        stage.clock().advance(minutes(1)).await;
        stage.fleet().serves("edge-lax-01", false);
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().rotates("edge-lax-02", Rotation::Ready);
        stage.clock().advance(minutes(1)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        assert!(thread.transcript().contains("✅ done"));
    })
    .await;
}

/// The gate said that it was safe, and two hours later it is not.
#[tokio::test]
async fn a_gate_that_was_passed_two_hours_ago_restarts_nothing() {
    story(async |stage| {
        let thread = away(stage, gate_passed, TWO_HOURS).await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✋ halted · goes on by itself
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 1 waiting
              • edge-lax has 9 of 10 in service, floor 9
                1 out: `edge-lax-02` (out of rotation)
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        goes_on_by_itself(stage).await;
        assert!(thread.since_last_look().contains("✅ done"));
    })
    .await;
}

/// Somebody has put it back to work meanwhile.
#[tokio::test]
async fn a_server_that_serves_again_after_its_gate_is_not_restarted() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
        stage.bot_dies_after(gate_passed, Calls::Land).await;
        stage.bot_stays_down_after_crash();
        let thread = ana.types(&noc, LINE).await;
        stage.fleet().rotates("edge-lax-01", Rotation::Ready);
        stage.clock().advance(minutes(2)).await;
        stage.bot_wakes().await;
        stage.clock().advance(minutes(1)).await;
        let told = thread.transcript();
        assert!(told.contains("the load balancer has put it back into rotation"), "{told}");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

/// It was admitted and nothing was begun: it is let in anew, or not.
#[tokio::test]
async fn an_admission_of_two_hours_ago_takes_nothing_out() {
    story(async |stage| {
        let thread = away(stage, admitted, TWO_HOURS).await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✋ halted · goes on by itself
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 1 waiting
              • edge-lax has 9 of 10 in service, floor 9
                1 out: `edge-lax-02` (out of rotation)
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        goes_on_by_itself(stage).await;
        assert!(thread.since_last_look().contains("✅ done"));
    })
    .await;
}

/// What people put on while it drains: an entry of the blacklist is met before the restart, a freeze lets it go to its end.
#[tokio::test]
async fn the_blacklist_is_met_at_the_gate_and_a_freeze_is_not() {
    for (line, is_met) in [
        ("/fleet blacklist edge-lax-01 for 1h because its fans fail", true),
        ("/fleet blacklist edge-lax-01 for 1h --absolute because it is evidence", true),
        ("/fleet freeze site=lax for 1h because of the final", false),
    ] {
        story(async |stage| {
            let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
            let noc = noc.lets("noc", "blacklist").lets("noc", "freeze");
            stage.clock().advance(seconds(3)).await;
            // It leaves rotation, and nobody says yet that it has.
            stage.fleet().balancers_go_silent();
            let thread = ana.types(&noc, LINE).await;
            let put_on = ana.types(&noc, line).await.transcript();
            stage.fleet().balancers_answer();
            stage.clock().advance(minutes(1)).await;
            stage.fleet().rebooted("edge-lax-01", times(usize::from(!is_met)));
            stage.clock().advance(minutes(6)).await;
            stage.fleet().rebooted("edge-lax-01", times(usize::from(!is_met)));
            stage.fleet().serves("edge-lax-01", true);
            let told = thread.transcript();
            assert_eq!(told.contains("✅ done"), !is_met, "{put_on}{told}");
            assert!(!told.contains("not safe to go on"), "{told}");
        })
        .await;
    }
}

/// An absolute entry that comes between two waves leaves out what it covers, and the rest goes on.
#[tokio::test]
async fn an_absolute_entry_between_two_waves_leaves_its_server_out() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "blacklist");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] --wave 100% because kernel update").await;
        stage.clock().advance(seconds(9)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().rebooted("edge-lax-[02-03]", times(0));
        let line = "/fleet blacklist edge-lax-02 for 1d --absolute because it is evidence";
        assert_snapshot!(bob.types(&noc, line).await.transcript(), @"
        bob   /fleet blacklist edge-lax-02 for 1d --absolute because it is evidence
        bot   (only bob) `edge-lax-02` (1 server) is on the blacklist until hh:mm.
              1 server waits for it, of 1 request: req-0001. What it covers is left out.
              ~ to end it sooner: `/fleet unblacklist edge-lax-02`
        ");
        stage.clock().advance(minutes(15)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] --wave 100% because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              ⚠️ done, 1 left out · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              2 of 3 rebooted · 1 left out
              ~ @ana · hh:mm to hh:mm
              [Details]
        bob   /fleet blacklist edge-lax-02 for 1d --absolute because it is evidence
        bot   (only bob) `edge-lax-02` (1 server) is on the blacklist until hh:mm.
              1 server waits for it, of 1 request: req-0001. What it covers is left out.
              ~ to end it sooner: `/fleet unblacklist edge-lax-02`
        bot > ⚠️ req-0001: 2 of 3 rebooted, 1 left out
              – `edge-lax-02` left out: not as planned any more, or on the blacklist
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        stage.fleet().rebooted("edge-lax-02", times(0));
        stage.fleet().rebooted("edge-lax-03", times(1));
        stage.fleet().serves("edge-lax-[01-03]", true);
    })
    .await;
}

/// Its server becomes another one in the inventory while it drains: it is not restarted, goes back, and is left out.
#[tokio::test]
async fn a_server_that_is_not_the_planned_one_any_more_is_not_restarted() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
        stage.clock().advance(seconds(3)).await;
        // It leaves rotation, and nobody says yet that it has.
        stage.fleet().balancers_go_silent();
        let thread = ana.types(&noc, LINE).await;
        stage.restarts_with("edge-lax-01", |server| server.server_type = ServerType::new("edge-next")).await;
        stage.fleet().balancers_answer();
        stage.clock().advance(minutes(1)).await;
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ❌ failed · hh:mm
              `edge-lax-01` · `kernel update`
              0 of 1 rebooted · 1 left out
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ❌ req-0001: none of 1 rebooted, 1 left out
              – `edge-lax-01` left out: not as planned any more, or on the blacklist
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

/// The bot restarts nothing itself, but the call that it makes does: the command says so, and it is met as a restart is.
#[tokio::test]
async fn a_call_that_interrupts_waits_for_its_pool() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().http_answers("https://power.example.com/cycle", 200);
        let reboot = "  - reboot: { via: ssh, else: redfish, timeout: 2m, grace: 40s }\n    verify: boot-id-changed\n    \
                      point-of-no-return: true\n";
        let call = "  - http: { method: POST, url: \"https://power.example.com/cycle\", send: [reason], expect: 200, timeout: 20s }\n";
        stage.changes_command("reboot.yaml", reboot, call);
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        stage.clock().advance(seconds(5)).await;
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(1)).await;
        let told = thread.transcript();
        assert!(told.contains("edge-lax has 2 of 3 in service"), "{told}");
        stage.fleet().took_http_effect(times(0));
        stage.fleet().rotates("edge-lax-03", Rotation::Ready);
        stage.clock().advance(minutes(2)).await;
        stage.fleet().took_http_effect(times(1));
        assert!(thread.since_last_look().contains("✅ done"));
    })
    .await;
}

/// No step says that it takes the server out, but the class of the command does.
#[tokio::test]
async fn a_drain_that_a_call_does_waits_for_its_pool() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().http_answers("https://balancer.example.com/out", 200);
        let drain = "  - drain: { timeout: 10m, connections-below: 5 }\n";
        let call = "  - http: { method: POST, url: \"https://balancer.example.com/out\", send: [reason], expect: 200, timeout: 20s }\n";
        stage.changes_command("drain.yaml", drain, call);
        stage.changes_command("reboot.yaml", "  - drain\n", drain);
        stage.fleet().rotates("edge-lax-03", Rotation::Maintenance);
        stage.clock().advance(seconds(5)).await;
        let thread = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        stage.clock().advance(minutes(1)).await;
        let told = thread.transcript();
        assert!(told.contains("edge-lax has 2 of 3 in service, floor 2"), "{told}");
        stage.fleet().took_http_effect(times(0));
        stage.fleet().rotates("edge-lax-03", Rotation::Ready);
        stage.clock().advance(minutes(1)).await;
        stage.fleet().took_http_effect(times(1));
        assert!(thread.since_last_look().contains("✅ done"));
    })
    .await;
}
