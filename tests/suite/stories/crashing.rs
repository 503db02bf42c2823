//! Crashing: wherever the bot is killed, no server is rebooted twice and the same thread is carried on to its end.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{Calls, minutes, seconds, story, times};
use wrasse::ports::store::Write;
use wrasse::workflow::request::RequestEvent;
use wrasse::workflow::run::RunEvent;

fn run_event(writes: &[Write], wanted: impl Fn(&RunEvent) -> bool) -> bool {
    writes.iter().any(|write| matches!(write, Write::RunEvents { events, .. } if events.iter().any(&wanted)))
}

fn request_event(writes: &[Write], wanted: impl Fn(&RequestEvent) -> bool) -> bool {
    writes.iter().any(|write| matches!(write, Write::RequestEvents { events, .. } if events.iter().any(&wanted)))
}

pub(super) fn admitted(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::Admitted(_)))
}

pub(super) fn drain_begun(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::StepBegun { step: 0, .. }))
}

pub(super) fn drained(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::StepSucceeded { step: 0, .. }))
}

pub(super) fn gate_passed(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::StepSucceeded { step: 1, .. }))
}

fn reboot_begun(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::StepBegun { intent, .. } if intent.way.is_some()))
}

fn reboot_answered(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::ActAnswered { .. }))
}

fn rebooted(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::StepSucceeded { step: 2, .. }))
}

fn checked(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::StepSucceeded { step: 3, .. }))
}

fn return_begun(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::StepBegun { step: 4, .. }))
}

/// On the way back without having got done.
pub(super) fn turned_back(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::ReturnBegun { .. }))
}

fn run_over(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::Ended { .. }))
}

/// Any step: for commands whose only step is the act.
pub(super) fn request_step_begun(writes: &[Write]) -> bool {
    run_event(writes, |event| matches!(event, RunEvent::StepBegun { .. }))
}

fn accepted(writes: &[Write]) -> bool {
    request_event(writes, |event| matches!(event, RequestEvent::Accepted(_)))
}

fn card_up(writes: &[Write]) -> bool {
    request_event(writes, |event| matches!(event, RequestEvent::CardPosted { .. }))
}

fn approved(writes: &[Write]) -> bool {
    request_event(writes, |event| matches!(event, RequestEvent::Approved(_)))
}

fn request_over(writes: &[Write]) -> bool {
    request_event(writes, |event| matches!(event, RequestEvent::Ended { .. }))
}

fn post_begun(writes: &[Write]) -> bool {
    writes.iter().any(|write| matches!(write, Write::SendBegun { .. }))
}

fn post_done(writes: &[Write]) -> bool {
    writes.iter().any(|write| matches!(write, Write::Delivered { .. }))
}

/// One reboot with one crash; the thread ends as if there had been none.
async fn survives(when: fn(&[Write]) -> bool, calls: Calls) {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        stage.bot_dies_after(when, calls).await;
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        bob.approves(&thread, "").await;
        // Long enough for a command that never left to be given up and sent again.
        stage.clock().advance(seconds(100)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
        let told = thread.transcript();
        assert!(told.contains("✅ done"), "{told}");
        // One card, one question, one final reply: nothing is posted twice.
        assert_eq!(told.lines().filter(|line| line.starts_with("bot   Reboot")).count(), 1, "{told}");
        assert_eq!(told.matches("Approved by bob").count(), 1, "{told}");
        assert_eq!(told.matches("req-0001: edge-lax-01 rebooted").count(), 1, "{told}");
        assert_eq!(stage.chat().posts(), 3, "{told}");
    })
    .await;
}

macro_rules! killed {
    ($($name:ident: $when:ident, $calls:ident;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                survives($when, Calls::$calls).await;
            }
        )*
    };
}

killed! {
    killed_when_the_line_was_accepted: accepted, Vanish;
    killed_before_the_card_left: post_begun, Vanish;
    killed_while_the_card_was_posted: post_begun, Land;
    killed_when_the_card_was_noted: card_up, Vanish;
    killed_after_a_delivery: post_done, Vanish;
    killed_when_the_approval_was_recorded: approved, Vanish;
    killed_when_the_server_was_reserved: admitted, Vanish;
    killed_before_the_drain_left: drain_begun, Vanish;
    killed_while_draining: drain_begun, Land;
    killed_when_drained: drained, Vanish;
    killed_when_the_gate_was_passed: gate_passed, Vanish;
    killed_after_the_reboot_was_decided: reboot_begun, Vanish;
    killed_after_the_reboot_and_before_its_answer: reboot_begun, Land;
    killed_while_booting: reboot_answered, Land;
    killed_when_the_boot_was_proved: rebooted, Vanish;
    killed_when_the_checks_held: checked, Vanish;
    killed_before_the_return_left: return_begun, Vanish;
    killed_while_returning: return_begun, Land;
    killed_when_the_run_was_over: run_over, Vanish;
    killed_when_the_request_was_over: request_over, Vanish;
}

/// Between two commits, again and again, whatever it is doing.
#[tokio::test]
async fn killed_every_second() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        for _ in 0..12 {
            stage.clock().advance(seconds(1)).await;
            stage.kills_bot().await;
        }
        stage.clock().advance(minutes(1)).await;
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
        stage.fleet().serves("edge-lax-[01-02]", true);
        let told = thread.transcript();
        assert!(told.contains("✅ done"), "{told}");
        assert_eq!(stage.chat().posts(), 2, "{told}");
    })
    .await;
}

/// It comes back after the server has been up for long: the boot id still proves the reboot.
#[tokio::test]
async fn away_for_ten_minutes_after_the_reboot_left() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.bot_dies_after(reboot_begun, Calls::Land).await;
        stage.bot_stays_down_after_crash();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(minutes(10)).await;
        stage.bot_wakes().await;
        stage.clock().advance(seconds(20)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        let told = thread.transcript();
        assert!(told.contains("✅ done"), "{told}");
    })
    .await;
}
