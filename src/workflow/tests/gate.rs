//! Gates, and what is asked again because what a gate or an admission said has grown old.

use super::*;
use crate::workflow::gate::{GATE_WITHIN, SAFE_FOR};
use crate::workflow::request::PolicyName;

const PRODUCTION: ProductionState = ProductionState::Production;
const DRAINED: ProductionState = ProductionState::Drained;
const NOT_NOW: Input = Input::NotNow(PolicyName::Capacity);

fn out() -> Input {
    balancer(BalancerStanding::Drained, 0)
}

fn boot_of(now: Timestamp) -> Input {
    boot("old", START.minus(10 * HOUR), now)
}

/// When what was told at the start does not count any more.
fn late() -> Timestamp {
    START.plus(SAFE_FOR).plus(Duration::from_millis(1))
}

fn at_gate(found: ProductionState) -> Story {
    Story::at_step(reboot_command(), found, GATE)
}

/// Before its restart, with its gate just passed.
fn before_reboot() -> Story {
    let mut story = at_gate(PRODUCTION);
    assert_eq!(story.commits(&Input::Safe), None);
    story
}

/// It goes back, and its turn comes again.
fn is_put_off(story: &Story, input: &Input) -> bool {
    story.ends(input) == (None, Some(RunOutcome::PutOff)) || {
        let mut story = story.clone();
        story.commits(input);
        story.run().stage == RunStage::Waiting
    }
}

fn waits(decision: &Decision) -> bool {
    matches!(decision, Decision::Wait(_))
}

#[test]
fn it_looks_at_the_drain_and_then_asks() {
    let gate = at_gate(PRODUCTION);
    assert_eq!(gate.check(&Input::Nothing), looks_at_balancer());
    assert_eq!(gate.check(&out()), asks(true));
    let Decision::Commit(commit) = gate.check(&Input::Safe) else { panic!("it is passed") };
    let [RunEvent::StepSucceeded { step: GATE, .. }, RunEvent::StillSafe { at: START }] = &commit.events[..] else {
        panic!("its word is kept with its time, not {:?}", commit.events)
    };
    assert!(waits(&gate.check(&no_answer())), "a look that failed says nothing");
    for standing in [BalancerStanding::Up, BalancerStanding::Down] {
        let ended = gate.ends(&balancer(standing, 0));
        assert_eq!(ended, (Some(FailureKind::GateClosed), Some(RunOutcome::FailedAndReturned)), "{standing:?}");
    }
}

/// Whatever policy it is: it waits, and then the server goes back and nobody has failed.
#[test]
fn not_now_waits_and_then_puts_off() {
    for policy in [PolicyName::Capacity, PolicyName::Blacklist, PolicyName::FailureRate, PolicyName::Traffic] {
        let (gate, said) = (at_gate(PRODUCTION), Input::NotNow(policy));
        assert!(waits(&gate.clone().at(after(299)).check(&said)), "{policy:?}");
        assert!(is_put_off(&gate.at(START.plus(GATE_WITHIN)), &said), "{policy:?}");
    }
}

#[test]
fn a_gate_that_nobody_answers_closes_in_time() {
    let gate = at_gate(PRODUCTION);
    assert!(waits(&gate.clone().at(after(299)).check(&no_answer())));
    let ended = gate.clone().at(after(300)).ends(&no_answer());
    assert_eq!(ended, (Some(FailureKind::GateClosed), Some(RunOutcome::FailedAndReturned)));
    assert_eq!(gate.at(after(300)).check(&out()), asks(true));
}

/// Behind a restart there is no way back: it stays out, and people are told which policy it was.
#[test]
fn a_gate_behind_a_point_of_no_return_puts_nothing_back() {
    let steps = vec![drain_step(), gate_step(), reboot_step(PowerPath::Ssh, None), gate_step(), http_step()];
    let gate = Story::at_step(command(steps), PRODUCTION, 3);
    assert!(waits(&gate.check(&NOT_NOW)));
    let mut story = gate.at(START.plus(GATE_WITHIN));
    assert_eq!(story.commits(&NOT_NOW), None, "it is not put into rotation");
    let run = story.run();
    assert_eq!((run.outcome(), run.state), (Some(RunOutcome::Failed), DRAINED));
    assert_eq!(run.failure.expect("it is told").note, "capacity has said no for 5 min");
}

#[test]
fn the_cure_of_a_server_that_was_out_does_not_wait_for_its_pool() {
    for found in [ProductionState::Standby, DRAINED] {
        assert_eq!(at_gate(found).check(&out()), asks(false), "{found:?}");
    }
}

#[test]
fn a_gate_that_does_not_name_the_pool_asks_the_rest() {
    let steps = vec![drain_step(), StepSpec::Gate(vec![GateCheck::DrainStillHolds])];
    assert_eq!(Story::at_step(command(steps), PRODUCTION, 1).check(&out()), asks(false));
}

/// The bot was away between the gate and the restart, or a person held the server.
#[test]
fn a_gate_that_was_passed_long_ago_lets_nothing_be_restarted() {
    let story = before_reboot();
    assert!(restarts(&story.clone().at(START.plus(SAFE_FOR)).check(&boot_of(START))), "it still counts");
    for now in [late(), START.plus(2 * HOUR), START.minus(HOUR)] {
        let story = story.clone().at(now);
        for input in [Input::Nothing, boot_of(now), Input::Seen(Seen::Checks(Vec::new()))] {
            assert_eq!(story.check(&input), looks_at_balancer(), "{input:?}");
        }
        assert_eq!(story.check(&out()), asks(true));
        // It is in rotation again.
        let ended = story.ends(&balancer(BalancerStanding::Up, 7));
        assert_eq!(ended, (Some(FailureKind::GateClosed), Some(RunOutcome::FailedAndReturned)));
        // It is still safe: a restart follows a look, and that look is soon after.
        let mut story = story;
        assert_eq!(story.commits(&Input::Safe), None);
        assert_eq!(story.check(&Input::Nothing), looks_at_boot());
        assert!(restarts(&story.check(&boot_of(now))));
        assert!(!restarts(&story.at(now.plus(2 * SAFE_FOR)).check(&boot_of(now))), "that word grows old as well");
    }
}

#[test]
fn what_is_not_safe_any_more_is_put_off() {
    let soon = before_reboot().at(late());
    for input in [NOT_NOW, no_answer()] {
        assert!(waits(&soon.check(&input)), "it may be in a while");
        assert!(is_put_off(&before_reboot().at(START.plus(GATE_WITHIN)), &input), "{input:?}");
    }
}

/// A journal from before gates kept when they were passed.
#[test]
fn an_admission_of_long_ago_and_a_gate_without_its_time_are_asked_again() {
    let story = Story::at_step(reboot_command(), PRODUCTION, REBOOT).at(START.plus(HOUR));
    assert_eq!(story.check(&boot_of(START)), looks_at_balancer());
}

/// Nothing was done yet, so every policy is asked as at a start, freezes too.
#[test]
fn an_old_admission_that_began_nothing_is_let_in_anew() {
    for spec in [reboot_command(), command(vec![http_step()])] {
        let story = Story::pooled(spec).with(admitted(PRODUCTION));
        let Decision::Commit(now) = story.clone().at(START.plus(SAFE_FOR)).check(&Input::Nothing) else {
            panic!("it begins")
        };
        assert!(now.then.is_some());
        let mut old = story.at(late());
        assert_eq!(old.commits(&Input::Nothing), None);
        assert_eq!((old.run().stage, old.run().admission()), (RunStage::Waiting, None));
    }
    // Giving back needs no young word, nor does a look.
    let undrain = command(vec![StepSpec::Undrain { timeout: MINUTE.into() }]);
    let mut story = Story::at_step(undrain, DRAINED, 0).at(START.plus(DAY));
    assert_eq!(story.commits(&Input::Nothing), Some(Act::Undrain(name())));
}

/// A check before it takes its time: the drain asks again, and the checks are not begun anew.
#[test]
fn a_drain_behind_other_steps_asks_again() {
    let mut story = Story::at_step(command(vec![check_step(), drain_step()]), PRODUCTION, 1).at(late());
    assert_eq!(story.check(&Input::Nothing), asks(true), "it is in rotation, so there is no drain to look at");
    assert!(waits(&story.check(&NOT_NOW)));
    assert!(is_put_off(&story.clone().at(START.plus(GATE_WITHIN)), &NOT_NOW));
    assert_eq!(story.commits(&Input::Safe), None);
    assert_eq!(story.commits(&Input::Nothing), Some(Act::Drain(name())));
}

/// Its intent was stored and the bot died: what is in rotation still is not taken out on an old word.
#[test]
fn a_drain_that_never_left_is_not_begun_on_an_old_word() {
    let story = Story::at_step(reboot_command(), PRODUCTION, DRAIN).begun(DRAIN, plain_intent(10 * MINUTE));
    let up = balancer(BalancerStanding::Up, 9);
    assert!(matches!(story.clone().at(START.plus(SAFE_FOR)).check(&up), Decision::Begin(_)));
    let mut old = story.at(late());
    assert_eq!(old.check(&Input::Nothing), looks_at_balancer());
    for input in [up.clone(), no_answer()] {
        assert_eq!(old.check(&input), asks(true), "{input:?}");
    }
    assert!(waits(&old.check(&NOT_NOW)));
    assert!(is_put_off(&old.clone().at(START.plus(GATE_WITHIN)), &NOT_NOW));
    assert_eq!(old.commits(&Input::Safe), None);
    assert!(matches!(old.check(&up), Decision::Begin(_)));
}

/// A restart that provably did not happen is a new one when it is sent again.
#[test]
fn a_second_restart_is_asked_about_like_the_first() {
    let sent = before_reboot().begun(REBOOT, restart_intent(PowerPath::Ssh, Some("old")));
    let mut story = sent.at(after(121));
    assert_eq!(story.check(&boot_of(after(121))), looks_at_balancer());
    assert_eq!(story.check(&out()), asks(true));
    let ended = story.ends(&balancer(BalancerStanding::Up, 7));
    assert_eq!(ended, (Some(FailureKind::GateClosed), Some(RunOutcome::FailedAndReturned)));
    assert!(waits(&story.check(&NOT_NOW)));
    assert!(is_put_off(&story.clone().at(START.plus(GATE_WITHIN)), &NOT_NOW));
    assert_eq!(story.commits(&Input::Safe), None);
    assert!(restarts(&story.check(&boot_of(after(121)))));
    // After its time it is told, and not tried again.
    let ended = story.at(after(900)).ends(&boot_of(after(900)));
    assert_eq!(ended, (Some(FailureKind::DidNotReboot), Some(RunOutcome::FailedAndReturned)));
}

/// Nothing got out, and the bot was away: the other way is not taken on the old word.
#[test]
fn the_other_way_is_not_taken_on_an_old_word() {
    let unsent = before_reboot()
        .begun(REBOOT, restart_intent(PowerPath::Ssh, Some("old")))
        .answered(Begun::NeverSent("no route".into()));
    assert!(restarts(&unsent.clone().at(after(1)).check(&Input::Nothing)));
    let mut old = unsent.clone().at(late());
    assert_eq!(old.check(&Input::Nothing), looks_at_balancer());
    assert_eq!(old.check(&out()), asks(true));
    assert_eq!(old.commits(&Input::Safe), None);
    assert!(restarts(&old.check(&Input::Nothing)));
    let ended = unsent.at(START.plus(HOUR)).ends(&Input::Nothing);
    assert_eq!(ended, (Some(FailureKind::CouldNotSend), Some(RunOutcome::FailedAndReturned)));
}

/// What a call has done cannot be undone where its command does harm; then nobody turns back.
#[test]
fn a_call_is_a_point_of_no_return_where_its_command_interrupts() {
    let steps = vec![drain_step(), gate_step(), http_step(), check_step(), restore_step()];
    for (impact, returns) in
        [(Impact::Config, true), (Impact::Drain, true), (Impact::PowerCycle, false), (Impact::Destructive, false)]
    {
        for orders in [Orders::Stop, Orders::PutOff, Orders::Halt] {
            let mut story = Story::at_step(command(steps.clone()), PRODUCTION, 3);
            (story.spec.impact, story.orders) = (impact, orders);
            let goes_back = matches!(story.check(&Input::Nothing), Decision::Commit(commit) if commit.then.is_some());
            // Under a stop of everything a look is none that would have to turn back.
            assert_eq!(goes_back, returns && orders != Orders::Halt, "{impact:?} {orders:?}");
            let mut before = Story { orders: Orders::Stop, ..Story::at_step(command(steps.clone()), PRODUCTION, 2) };
            before.spec.impact = impact;
            assert_eq!(before.commits(&Input::Nothing), Some(Act::Undrain(name())), "nothing was called yet");
        }
        let mut failing = Story::at_step(command(steps.clone()), PRODUCTION, 3).begun(3, plain_intent(MINUTE));
        failing.spec.impact = impact;
        let ended = failing.at(after(60)).ends(&no_answer()).1;
        assert_eq!(ended, Some(if returns { RunOutcome::FailedAndReturned } else { RunOutcome::Failed }), "{impact:?}");
    }
}

/// A restart that provably was not there changes nothing of what a call before it did.
#[test]
fn a_restart_that_never_was_gives_nothing_back_behind_such_a_call() {
    let steps = vec![drain_step(), gate_step(), http_step(), reboot_step(PowerPath::Ssh, None), restore_step()];
    let at = || Story::at_step(command(steps.clone()), PRODUCTION, 3);
    let sent = || at().begun(3, restart_intent(PowerPath::Ssh, Some("old")));
    let silent = at().with(RunEvent::WasSilent { at: START }).at(after(59));
    let cases = [
        (silent, no_answer(), FailureKind::CouldNotSend),
        (sent().answered(Begun::NeverSent("no route".into())).at(after(1)), Input::Nothing, FailureKind::CouldNotSend),
        (sent().at(after(900)), boot_of(after(900)), FailureKind::DidNotReboot),
    ];
    for (story, input, kind) in cases {
        for (impact, outcome) in
            [(Impact::Config, RunOutcome::FailedAndReturned), (Impact::PowerCycle, RunOutcome::Failed)]
        {
            let mut story = story.clone();
            story.spec.impact = impact;
            assert_eq!(story.ends(&input), (Some(kind), Some(outcome)), "{impact:?} {kind:?}");
        }
    }
}

/// Only the last answer is kept, so an earlier call may have arrived.
#[test]
fn a_harmful_call_that_was_sent_more_than_once_is_a_persons_to_judge() {
    let steps = vec![drain_step(), gate_step(), http_step(), restore_step()];
    let sent = |impact: Impact, attempt: u32, answer: &Begun| {
        let intent = StepIntent { attempt, ..plain_intent(Duration::from_secs(20)) };
        let mut story = Story::at_step(command(steps.clone()), PRODUCTION, 2).begun(2, intent).answered(answer.clone());
        story.spec.impact = impact;
        story.at(after(20))
    };
    for answer in [Begun::Refused("409".into()), Begun::NeverSent("refused".into())] {
        assert!(sent(Impact::PowerCycle, 2, &answer).asks_a_person(&Input::Nothing), "{answer:?}");
        for (impact, attempt) in [(Impact::PowerCycle, 1), (Impact::Config, 2)] {
            let ended = sent(impact, attempt, &answer).ends(&Input::Nothing).1;
            assert_eq!(ended, Some(RunOutcome::FailedAndReturned), "{impact:?} {attempt} {answer:?}");
        }
    }
}

#[test]
fn what_follows_a_point_of_no_return_is_not_held_up() {
    let steps = vec![drain_step(), gate_step(), reboot_step(PowerPath::Ssh, None), check_step(), http_step()];
    let mut story = Story::at_step(command(steps.clone()), PRODUCTION, 4).at(START.plus(DAY));
    assert!(matches!(story.commits(&Input::Nothing), Some(Act::Http { .. })));
    // A gate between them is there to be asked.
    let gated = [&steps[..4], &[gate_step()], &steps[4..]].concat();
    assert_eq!(Story::at_step(command(gated), PRODUCTION, 5).at(late()).check(&Input::Nothing), looks_at_balancer());
}
