//! Everything is stopped, or a person keeps the server, while a run is under way: what waits, what turns back, what goes on.

use super::*;
use crate::domain::command::Touch;
use crate::workflow::decide::{Commit, HALTED_LOOK_EVERY};

fn under(mut story: Story, orders: Orders) -> Story {
    story.orders = orders;
    story
}

fn halted(story: Story) -> Story {
    under(story, Orders::Halt)
}

/// The kinds of steps that may begin while everything is stopped, and those that may not.
#[test]
fn looking_and_giving_back_go_on_and_everything_else_does_not() {
    let (ssh, all) = (PowerPath::Ssh, reboot_command());
    let touches = all.steps.iter().map(|step| (step.word(), step.touch())).collect::<Vec<_>>();
    let expected = [
        ("drain", Touch::Changes),
        ("gate", Touch::Looks),
        ("reboot", Touch::Changes),
        ("check", Touch::Looks),
        ("return", Touch::GivesBack),
    ];
    assert_eq!(touches, expected);
    assert_eq!(reboot_step(ssh, None).touch(), Touch::Changes);
    assert_eq!(StepSpec::Undrain { timeout: MINUTE.into() }.touch(), Touch::GivesBack);
    assert_eq!(http_step().touch(), Touch::Changes);
    let StepSpec::Http(http) = http_step() else { panic!("a call") };
    assert_eq!(StepSpec::Http(HttpSpec { method: HttpMethod::Get, ..http }).touch(), Touch::Looks);
}

#[test]
fn what_was_not_begun_ends_untouched() {
    let story = halted(Story::at_step(reboot_command(), ProductionState::Production, DRAIN));
    let decision = story.check(&Input::Nothing);
    let Decision::Commit(commit) = decision else { panic!("it ends, not {decision:?}") };
    assert_eq!(commit.events, [RunEvent::Ended { at: START, outcome: RunOutcome::Returned }]);
    assert_eq!(commit.then, None);
}

#[test]
fn a_drained_server_is_returned_before_its_restart() {
    let mut story = halted(Story::at_step(reboot_command(), ProductionState::Production, REBOOT));
    assert_eq!(story.commits(&Input::Nothing), Some(Act::Undrain(name())));
    let RunStage::Returning { outcome, .. } = story.run().stage else { panic!("on its way back") };
    assert_eq!(outcome, RunOutcome::Returned);
}

#[test]
fn a_server_that_drains_is_returned() {
    let intent = StepIntent { attempt: 1, at: START, way: None, boot_before: None, not_after: None, until: after(1) };
    let mut story = halted(Story::at_step(reboot_command(), ProductionState::Production, DRAIN).begun(DRAIN, intent));
    assert_eq!(story.commits(&Input::Nothing), Some(Act::Undrain(name())));
}

/// Past the restart there is no way back: it is proved, looked at, and returned.
#[test]
fn what_was_restarted_goes_to_its_end() {
    for step in [CHECK, RESTORE] {
        let story = Story::at_step(reboot_command(), ProductionState::Production, step);
        assert_eq!(halted(story.clone()).check(&Input::Nothing), story.check(&Input::Nothing), "step {step}");
    }
}

/// A change behind a restart is a change of its own: it waits, and the server stays as it is.
#[test]
fn a_second_change_behind_a_restart_waits() {
    let steps = vec![drain_step(), reboot_step(PowerPath::Ssh, None), http_step(), restore_step()];
    let story = Story::at_step(command(steps), ProductionState::Production, 2);
    let waits = Decision::Wait(START.plus(HALTED_LOOK_EVERY));
    assert_eq!(halted(story.clone()).check(&Input::Nothing), waits);
    assert!(matches!(story.check(&Input::Nothing), Decision::Commit(commit) if commit.then.is_some()));
}

/// A call whose outcome is not known may not have arrived yet: it is not sent again meanwhile.
#[test]
fn a_call_is_not_sent_again() {
    let intent = StepIntent { attempt: 1, at: START, way: None, boot_before: None, not_after: None, until: after(60) };
    let begun = Story::at_step(command(vec![http_step()]), ProductionState::Production, 0).begun(0, intent);
    let later = after(10);
    let waits = Decision::Wait(later.plus(HALTED_LOOK_EVERY));
    for story in [begun.clone(), begun.clone().answered(Begun::Unknown("cut".into()))] {
        assert_eq!(halted(story.clone().at(later)).check(&Input::Nothing), waits);
        assert_ne!(story.at(later).check(&Input::Nothing), waits);
    }
}

/// A server that a person keeps is neither changed nor given back, but looked at.
#[test]
fn a_kept_server_is_neither_changed_nor_returned() {
    let later = START.plus(HALTED_LOOK_EVERY);
    for step in [DRAIN, REBOOT, RESTORE] {
        let mut story = under(Story::at_step(reboot_command(), ProductionState::Production, step), Orders::Keep);
        let stands_still = Commit { wake_at: later, ..Commit::of(vec![RunEvent::Kept { at: START }], START) };
        assert_eq!(story.check(&Input::Nothing), Decision::Commit(stands_still), "step {step}");
        story.commits(&Input::Nothing);
        assert_eq!(story.run().kept_since, Some(START), "step {step}");
        assert_eq!(story.check(&Input::Nothing), Decision::Wait(later), "step {step}: that is stored once");
    }
    let story = Story::at_step(reboot_command(), ProductionState::Production, CHECK);
    assert_eq!(under(story.clone(), Orders::Keep).check(&Input::Nothing), story.check(&Input::Nothing));
}

/// Before anything else it is stored that the run goes on, for with that it takes its places among those at work again.
#[test]
fn a_server_that_is_kept_no_longer_goes_on() {
    for step in [DRAIN, REBOOT, RESTORE] {
        let plain = Story::at_step(reboot_command(), ProductionState::Production, step);
        for orders in [Orders::GoOn, Orders::Stop, Orders::PutOff, Orders::Halt] {
            let mut story = under(plain.clone().with(RunEvent::Kept { at: START }), orders);
            let goes_on = Commit::of(vec![RunEvent::WentOn { at: START }], START);
            assert_eq!(story.check(&Input::Nothing), Decision::Commit(goes_on), "step {step} {orders:?}");
            story.commits(&Input::Nothing);
            let never_kept = under(plain.clone(), orders);
            assert_eq!(story.check(&Input::Nothing), never_kept.check(&Input::Nothing), "step {step} {orders:?}");
        }
    }
}
