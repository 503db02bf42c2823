//! Everything is stopped, or a person keeps the server, while a run is under way: what waits, what turns back, what goes on.

use super::*;
use crate::domain::command::Touch;
use crate::workflow::decide::{Commit, HALTED_LOOK_EVERY};
use crate::workflow::policy::PolicyName;

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

/// A call whose outcome is not known may not have arrived yet: it is not sent again meanwhile, and has its time afterwards.
#[test]
fn a_call_is_not_sent_again() {
    let intent = StepIntent { attempt: 1, at: START, way: None, boot_before: None, not_after: None, until: after(60) };
    let begun = Story::at_step(command(vec![http_step()]), ProductionState::Production, 0).begun(0, intent);
    let later = after(10);
    for story in [begun.clone(), begun.clone().answered(Begun::Unknown("cut".into()))] {
        assert!(sends(&story.clone().at(later).check(&Input::Nothing)).is_some());
        let mut halted = halted(story.at(later));
        assert_eq!(halted.commits(&Input::Nothing), None);
        assert_eq!(halted.run().stood_since, Some(later));
        let long_after = halted.clone().at(after(900));
        assert_eq!(long_after.check(&Input::Nothing), Decision::Wait(after(900).plus(HALTED_LOOK_EVERY)));
        let mut goes_on = under(long_after, Orders::GoOn);
        assert_eq!(goes_on.commits(&Input::Nothing), None, "first it is stored that it goes on");
        assert_eq!(until(&goes_on), Some(after(60 + 890)));
        assert!(sends(&goes_on.check(&Input::Nothing)).is_some());
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

/// What would be sent.
fn sends(decision: &Decision) -> Option<&Act> {
    match decision {
        Decision::Begin(errand) => Some(errand.act()),
        Decision::Commit(commit) => commit.then.as_ref().map(Errand::act),
        Decision::Observe(_) | Decision::AskSafety { .. } | Decision::Wait(_) | Decision::Settled => None,
    }
}

/// Until when the step under way may take.
fn until(story: &Story) -> Option<Timestamp> {
    match story.run().stage {
        RunStage::Acting { intent, .. } => Some(intent.until),
        RunStage::Waiting
        | RunStage::Ready { .. }
        | RunStage::NeedsPerson { .. }
        | RunStage::Returning { .. }
        | RunStage::Ended { .. } => None,
    }
}

/// Every place that a run of these steps may be in: before each of them, at each, with each answer, and on its way back.
fn places(spec: &CommandSpec) -> Vec<Story> {
    let mut all = Vec::new();
    for step in 0..spec.steps.len() {
        let ready = Story::at_step(spec.clone(), ProductionState::Production, step);
        let way = matches!(spec.steps[step], StepSpec::Reboot(_)).then_some(PowerPath::Ssh);
        let intent = way.map_or_else(|| plain_intent(MINUTE), |way| restart_intent(way, Some("before")));
        let acting = ready.clone().begun(step, intent);
        let answers = [
            Begun::Sent,
            Begun::NeverSent("closed".into()),
            Begun::Unknown("cut".into()),
            Begun::Refused("no".into()),
            Begun::OtherMachine("another".into()),
        ];
        all.extend(answers.map(|answer| acting.clone().answered(answer)));
        let back = RunEvent::ReturnBegun { at: START, outcome: RunOutcome::Returned };
        all.extend([ready, acting.clone(), acting.with(back)]);
    }
    all
}

fn inputs() -> Vec<Input> {
    let standings =
        [BalancerStanding::Up, BalancerStanding::Down, BalancerStanding::Drained, BalancerStanding::Maintenance];
    let lines = standings.into_iter().flat_map(|standing| [balancer(standing, 0), balancer(standing, 9)]);
    let mut all = vec![Input::Nothing, Input::Safe, Input::NotNow(PolicyName::Capacity), no_answer()];
    all.extend(lines);
    all.push(Input::ControllerSilent("no answer".into()));
    all.push(Input::Seen(Seen::Checks(vec![(HostCheck::Services, "one has failed".into())])));
    all.push(Input::Seen(Seen::Checks(Vec::new())));
    all.push(Input::Seen(Seen::OtherMachine("another".into())));
    all.extend([0, 120, 4000].map(|clock| boot("before", after(0), after(clock))));
    all.push(boot("after", after(5), after(100)));
    all
}

/// Whatever a run would do, what a stop, a hard stop or a hold forbids is not sent, and what stands still goes on afterwards.
#[test]
fn what_is_forbidden_is_never_sent() {
    let commands = [
        reboot_command(),
        command(vec![drain_step(), http_step(), check_step(), StepSpec::Undrain { timeout: MINUTE.into() }]),
    ];
    let (mut kept, mut let_go) = (0, 0);
    for story in commands.iter().flat_map(places) {
        for (input, seconds) in inputs().into_iter().flat_map(|input| [1, 61, 301, 4000].map(|at| (input.clone(), at)))
        {
            let story = story.clone().at(after(seconds));
            let wanted = story.check(&input);
            for orders in [Orders::Halt, Orders::Keep, Orders::StandStill] {
                let decision = under(story.clone(), orders).check(&input);
                let touch = sends(&decision).map_or(Touch::Looks, Act::touch);
                let most = if orders == Orders::Halt { Touch::GivesBack } else { Touch::Looks };
                assert!(touch <= most, "{orders:?} {:?} {input:?}: {decision:?}", story.run().stage);
                kept += u32::from(sends(&wanted).is_some() && sends(&decision).is_none());
                let_go += u32::from(sends(&decision).is_some());
            }
        }
    }
    assert!(kept > 100 && let_go > 100, "{kept} {let_go}");
}

/// A server on its way back waits where it is, and has its whole time left once it may go on.
#[test]
fn the_way_back_has_its_time_after_a_hard_stop() {
    for orders in [Orders::StandStill, Orders::Keep] {
        let mut story = Story::at_step(reboot_command(), ProductionState::Production, REBOOT);
        story.orders = Orders::Stop;
        assert_eq!(story.commits(&Input::Nothing), Some(Act::Undrain(name())));
        let out = balancer(BalancerStanding::Drained, 0);
        let mut story = under(story, orders).at(after(100));
        assert_eq!(story.commits(&out), None);
        let mut story = story.at(after(4000));
        assert_eq!(story.check(&out), Decision::Wait(after(4000).plus(HALTED_LOOK_EVERY)), "its time does not run out");
        let back = story.check(&balancer(BalancerStanding::Up, 0));
        assert!(
            matches!(back, Decision::Commit(commit) if commit.state == Some(ProductionState::Production)),
            "it is seen"
        );
        story.orders = Orders::GoOn;
        assert_eq!(story.commits(&out), None);
        assert_eq!(story.run().stood_since, None);
        assert!(matches!(story.check(&out), Decision::Begin(errand) if *errand.act() == Act::Undrain(name())));
        let late = story.clone().at(after(4019)).check(&out);
        assert!(matches!(late, Decision::Begin(_)), "20 of its 120 seconds are left: {late:?}");
        assert_eq!(story.at(after(4020)).ends(&out), (Some(FailureKind::BalancerFailed), Some(RunOutcome::Failed)));
    }
}

/// What was put back by a step has the rest of its time too; a restart that was sent is proved by its own clock meanwhile.
#[test]
fn a_restart_is_proved_under_a_hard_stop() {
    let intent = restart_intent(PowerPath::Ssh, Some("before"));
    let story = Story::at_step(reboot_command(), ProductionState::Production, REBOOT).begun(REBOOT, intent);
    let mut story = under(story.answered(Begun::Sent).at(after(60)), Orders::StandStill);
    assert_eq!(story.commits(&boot("after", after(30), after(60))), None);
    assert_eq!(story.run().stage, RunStage::Ready { step: CHECK });
    assert_eq!(story.commits(&Input::Seen(Seen::Checks(Vec::new()))), None);
    assert_eq!(story.commits(&Input::Nothing), None, "it is not put back");
    assert_eq!(story.check(&Input::Nothing), Decision::Wait(after(60).plus(HALTED_LOOK_EVERY)));
    story.orders = Orders::GoOn;
    assert_eq!(story.commits(&Input::Nothing), None, "it is stored that it goes on");
    assert_eq!(story.commits(&Input::Nothing), Some(Act::Undrain(name())));
}

/// What was found is settled, whatever is sent later: a restart that could not be sent is not sent hours later by another way.
#[test]
fn a_verdict_that_is_found_while_standing_still_stays() {
    let intent = restart_intent(PowerPath::Ssh, Some("before"));
    let unsent = Story::at_step(reboot_command(), ProductionState::Production, REBOOT).begun(REBOOT, intent);
    for (orders, parks) in [(Orders::StandStill, false), (Orders::Keep, true)] {
        let story = unsent.clone().answered(Begun::NeverSent("closed".into())).at(after(5));
        let mut story = under(story, orders);
        assert_eq!(story.commits(&Input::Nothing), None);
        let stood = RunEvent::StoodStill { at: after(5), parks };
        assert_eq!(story.journal.last(), Some(&stood));
        assert_eq!(story.run().failure.map(|failure| failure.kind), Some(FailureKind::CouldNotSend));
        let mut story = under(story, Orders::GoOn).at(after(9000));
        assert_eq!(story.commits(&Input::Nothing), None, "it is stored that it goes on");
        assert_eq!(story.check(&Input::Nothing), looks_at_balancer());
        assert!(
            matches!(story.check(&balancer(BalancerStanding::Drained, 0)), Decision::Begin(errand) if *errand.act() == Act::Undrain(name()))
        );
    }
}

/// A run that a person keeps while it is at work gives its places back; one that a hard stop keeps does not.
#[test]
fn standing_still_parks_for_a_person_alone() {
    let drained =
        Story::at_step(reboot_command(), ProductionState::Production, RESTORE).begun(RESTORE, plain_intent(MINUTE));
    for (orders, parks) in [(Orders::StandStill, false), (Orders::Keep, true)] {
        let mut story = under(drained.clone().at(after(5)), orders);
        story.commits(&balancer(BalancerStanding::Drained, 0));
        assert_eq!(story.journal.last(), Some(&RunEvent::StoodStill { at: after(5), parks }));
    }
    // One that a person keeps already stays parked under a hard stop.
    let kept = Story::at_step(reboot_command(), ProductionState::Production, DRAIN).with(RunEvent::Kept { at: START });
    let waits = Decision::Wait(START.plus(HALTED_LOOK_EVERY));
    assert_eq!(under(kept, Orders::StandStill).check(&Input::Nothing), waits);
}

/// Silence from before says nothing of now: after it stood still the server must be silent again before another way is taken.
#[test]
fn silence_from_before_does_not_count() {
    let story =
        Story::at_step(reboot_command(), ProductionState::Production, REBOOT).with(RunEvent::WasSilent { at: START });
    let mut story = under(story, Orders::StandStill);
    story.commits(&Input::Nothing);
    let mut story = under(story, Orders::GoOn).at(after(600));
    story.commits(&Input::Nothing);
    story.journal.push(RunEvent::StillSafe { at: after(600) });
    assert_eq!(story.commits(&no_answer()), None);
    assert_eq!(story.run().silent_since, Some(after(600)));
    assert_eq!(story.at(after(603)).check(&no_answer()), Decision::Observe(Probe::Power(name())));
}
