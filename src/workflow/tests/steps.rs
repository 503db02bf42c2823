//! The steps that may be repeated: rotation, gates, checks, keyed calls; and orders to stop between them.

use super::*;
use crate::domain::command::Input as Setting;
use crate::workflow::Right;

const PRODUCTION: ProductionState = ProductionState::Production;
const DRAINED: ProductionState = ProductionState::Drained;

fn draining() -> Story {
    Story::at_step(reboot_command(), PRODUCTION, DRAIN).begun(DRAIN, plain_intent(10 * MINUTE))
}

fn checks(failing: &[HostCheck]) -> Input {
    Input::Seen(Seen::Checks(failing.iter().map(|check| (*check, "nginx.service".to_owned())).collect()))
}

fn is_done(decision: &Decision, step: usize, reached: ProductionState) -> bool {
    matches!(decision, Decision::Commit(commit) if matches!(commit.events.as_slice(),
        [RunEvent::StepSucceeded { step: at, state, .. }, ..] if *at == step && *state == reached))
}

#[test]
fn a_waiting_or_ended_run_does_nothing() {
    let waiting = Story::pooled(reboot_command());
    let ended = waiting.clone().with(RunEvent::Ended { at: START, outcome: RunOutcome::NotStarted });
    for story in [waiting, ended] {
        for input in [Input::Nothing, no_answer(), Input::Safe] {
            assert_eq!(story.check(&input), Decision::Settled);
            assert_eq!(story.clone().stopped().check(&input), Decision::Settled);
        }
    }
}

/// What is begun without a commit before it, and by what right.
fn begins(decision: Decision) -> (Act, Right) {
    let Decision::Begin(errand) = decision else { panic!("something is begun, not {decision:?}") };
    (errand.act().clone(), errand.right())
}

#[test]
fn a_drain_is_stored_before_it_is_begun_and_may_begin_again() {
    let mut story = Story::at_step(reboot_command(), PRODUCTION, DRAIN);
    assert_eq!(story.commits(&Input::Nothing), Some(Act::Drain(name())));
    // Crashed before the act: the look shows it in rotation, and it is asked for again.
    assert_eq!(story.check(&Input::Nothing), looks_at_balancer());
    for standing in [BalancerStanding::Up, BalancerStanding::Down] {
        assert_eq!(begins(story.check(&balancer(standing, 9))), (Act::Drain(name()), Right::Asked));
    }
    assert_eq!(begins(story.check(&no_answer())), (Act::Drain(name()), Right::Asked));
}

#[test]
fn a_drain_waits_for_its_connections_and_not_for_ever() {
    for standing in [BalancerStanding::Drained, BalancerStanding::Maintenance] {
        for (connections, is_over) in [(0, true), (5, true), (6, false)] {
            let decision = draining().at(after(1)).check(&balancer(standing, connections));
            assert_eq!(is_done(&decision, DRAIN, DRAINED), is_over, "{standing:?} with {connections}");
        }
    }
    for seen in [balancer(BalancerStanding::Drained, 6), balancer(BalancerStanding::Up, 0), no_answer()] {
        let ended = draining().at(after(600)).ends(&seen);
        assert_eq!(ended, (Some(FailureKind::BalancerFailed), Some(RunOutcome::FailedAndReturned)), "{seen:?}");
    }
}

#[test]
fn a_drain_takes_its_settings_from_the_values_of_its_plan() {
    let parameter = |name: &str| ParameterName::new(name);
    let step = StepSpec::Drain {
        timeout: Setting::Parameter(parameter("patience")),
        connections_max: Setting::Parameter(parameter("below")),
    };
    let mut story = Story::at_step(command(vec![step]), PRODUCTION, 0);
    story.values = BTreeMap::from([
        (parameter("patience"), Value::Duration(Duration::from_secs(30))),
        (parameter("below"), Value::Integer(3)),
    ]);
    assert_eq!(story.commits(&Input::Nothing), Some(Act::Drain(name())));
    for (connections, is_over) in [(2, true), (3, false)] {
        let decision = story.clone().at(after(1)).check(&balancer(BalancerStanding::Drained, connections));
        assert_eq!(is_done(&decision, 0, DRAINED), is_over, "{connections}");
    }
    let busy = balancer(BalancerStanding::Drained, 3);
    assert!(matches!(story.clone().at(after(29)).check(&busy), Decision::Wait(_)));
    assert_eq!(story.at(after(30)).ends(&busy).0, Some(FailureKind::BalancerFailed));
}

#[test]
fn a_server_without_a_pool_is_drained_and_returned_in_words_only() {
    let mut story = Story::new(reboot_command(), Subject::Server(server(None))).with(admitted(PRODUCTION));
    assert_eq!(story.commits(&Input::Nothing), None);
    assert_eq!(story.check(&Input::Nothing), asks(true), "no load balancer to ask");
    assert_eq!(story.commits(&Input::Safe), None);
    assert_eq!(story.check(&Input::Nothing), looks_at_boot());
    let returned = proved(REBOOT, START, DRAINED);
    let checked = proved(CHECK, START, DRAINED);
    let mut story = story.with(returned).with(checked);
    assert_eq!(story.commits(&Input::Nothing), None);
    assert_eq!(story.run().state, PRODUCTION);
    assert_eq!(story.ends(&Input::Nothing).1, Some(RunOutcome::Done));
    let stopped = Story::new(reboot_command(), Subject::Server(server(None)))
        .with(admitted(PRODUCTION))
        .with(proved(DRAIN, START, DRAINED))
        .stopped();
    let run = {
        let mut story = stopped;
        assert_eq!(story.commits(&Input::Nothing), None);
        story.run()
    };
    assert_eq!((run.outcome(), run.state), (Some(RunOutcome::Returned), PRODUCTION));
}

#[test]
fn checks_have_until_their_time_out_to_become_true() {
    let mut story = Story::at_step(reboot_command(), PRODUCTION, CHECK);
    assert!(is_done(&story.check(&checks(&[])), CHECK, DRAINED));
    assert_eq!(story.commits(&checks(&[HostCheck::Kernel])), None);
    let story = story.at(after(119));
    assert!(matches!(story.check(&checks(&[HostCheck::Kernel])), Decision::Wait(_)));
    assert!(is_done(&story.check(&checks(&[])), CHECK, DRAINED));
    for seen in [checks(&[HostCheck::Kernel]), no_answer()] {
        let ended = story.clone().at(after(120)).ends(&seen);
        assert_eq!(ended, (Some(FailureKind::CheckFailed), Some(RunOutcome::Failed)), "after a restart it stays out");
    }
}

#[test]
fn a_check_that_fails_before_any_restart_leaves_the_server_as_it_was() {
    let spec = command(vec![check_step(), StepSpec::Undrain { timeout: (5 * MINUTE).into() }]);
    let story = Story::at_step(spec, DRAINED, 0).begun(0, plain_intent(2 * MINUTE)).at(after(120));
    let ended = story.ends(&checks(&[HostCheck::Services]));
    assert_eq!(ended, (Some(FailureKind::CheckFailed), Some(RunOutcome::FailedAndReturned)));
}

#[test]
fn a_return_may_begin_again_and_ends_in_rotation_or_as_failed() {
    let mut story = Story::at_step(reboot_command(), PRODUCTION, RESTORE);
    assert_eq!(story.commits(&Input::Nothing), Some(Act::Undrain(name())));
    assert_eq!(story.check(&Input::Nothing), looks_at_balancer());
    assert_eq!(begins(story.check(&balancer(BalancerStanding::Drained, 0))), (Act::Undrain(name()), Right::GivingBack));
    assert!(matches!(story.check(&balancer(BalancerStanding::Down, 0)), Decision::Wait(_)));
    assert!(is_done(&story.check(&balancer(BalancerStanding::Up, 0)), RESTORE, PRODUCTION));
    let story = story.at(after(300));
    for seen in [balancer(BalancerStanding::Down, 0), balancer(BalancerStanding::Drained, 0), no_answer()] {
        assert_eq!(story.ends(&seen), (Some(FailureKind::BalancerFailed), Some(RunOutcome::Failed)), "{seen:?}");
    }
}

#[test]
fn a_server_goes_back_to_the_state_it_was_found_in_and_not_beyond() {
    for found in [ProductionState::Standby, DRAINED] {
        let mut story = Story::at_step(reboot_command(), found, RESTORE);
        assert_eq!(story.commits(&Input::Nothing), None, "nothing is put into rotation");
        assert_eq!(story.run().state, found);
        let stopped = Story::at_step(reboot_command(), found, GATE).stopped();
        assert_eq!(stopped.ends(&Input::Nothing).1, Some(RunOutcome::Returned));
    }
}

#[test]
fn commands_of_one_step_end_after_it() {
    let drain = Story::at_step(command(vec![drain_step()]), PRODUCTION, 1);
    assert_eq!(drain.ends(&Input::Nothing), (None, Some(RunOutcome::Done)));
    assert_eq!(drain.run().state, DRAINED);
    let undrain = command(vec![StepSpec::Undrain { timeout: (5 * MINUTE).into() }]);
    let mut story = Story::at_step(undrain, DRAINED, 0);
    assert_eq!(story.commits(&Input::Nothing), Some(Act::Undrain(name())));
    assert!(is_done(&story.check(&balancer(BalancerStanding::Up, 1)), 0, PRODUCTION));
}

fn call(story: &mut Story, input: &Input) -> Option<Act> {
    story.commits(input)
}

#[test]
fn a_keyed_call_may_begin_again_with_its_key() {
    let mut story = Story::new(command(vec![http_step()]), Subject::Nothing).with(admitted(PRODUCTION));
    let act = call(&mut story, &Input::Nothing).expect("the call is begun");
    let Act::Http { key, send, expect, .. } = &act else { panic!("a call, not {act:?}") };
    assert_eq!((key, *expect), (&run_id(), 201));
    assert_eq!(send, &BTreeMap::from([(ParameterName::new("message"), "all is well".to_owned())]));
    assert_eq!(begins(story.check(&Input::Nothing)).0, act, "crashed before the answer");
    assert!(is_done(&story.clone().answered(Begun::Sent).check(&Input::Nothing), 0, PRODUCTION));
    let refused = story.clone().answered(Begun::Refused("403".into()));
    assert_eq!(refused.ends(&Input::Nothing).0, Some(FailureKind::Refused));
    let unsent = story.clone().answered(Begun::NeverSent("refused".into())).at(after(20));
    assert_eq!(unsent.ends(&Input::Nothing).0, Some(FailureKind::CouldNotSend));
    for answer in [Begun::NeverSent("refused".into()), Begun::Unknown("cut".into())] {
        let early = story.clone().answered(answer.clone());
        assert!(matches!(early.check(&Input::Nothing), Decision::Wait(_)), "not at once");
        let mut story = story.clone().answered(answer).at(after(2));
        assert_eq!(call(&mut story, &Input::Nothing), Some(act.clone()), "the same key again");
    }
}

/// The other side takes the same key for the same call, so a later step must not look like a repetition of an earlier.
#[test]
fn each_call_of_a_run_is_one_of_its_own() {
    let spec = command(vec![http_step(), check_step(), http_step()]);
    for (step, expected) in [(0, 1), (2, 2)] {
        let mut story = Story::at_step(spec.clone(), PRODUCTION, step);
        let begun = story.commits(&Input::Nothing);
        assert!(matches!(begun, Some(Act::Http { call, .. }) if call == expected), "{begun:?}");
        assert_eq!(Some(begins(story.check(&Input::Nothing)).0), begun, "the same one again");
    }
}

#[test]
fn a_call_whose_outcome_stays_unknown_is_a_persons_to_judge() {
    let unknown = || Begun::Unknown("cut".into());
    let story = Story::new(command(vec![http_step()]), Subject::Nothing)
        .with(admitted(PRODUCTION))
        .begun(0, StepIntent { attempt: 3, ..plain_intent(Duration::from_secs(20)) })
        .answered(unknown());
    assert!(story.asks_a_person(&Input::Nothing), "it may have been posted");
    // Looking again is calling again: the key makes that one call.
    let asked = RunEvent::PersonAsked { at: after(3), why: "cut".into() };
    let looked = story.with(asked).with(person_said(Answer::LookAgain, after(60))).at(after(60));
    assert!(matches!(begins(looked.check(&Input::Nothing)), (Act::Http { .. }, Right::Asked)));
    assert!(is_done(&looked.clone().answered(Begun::Sent).check(&Input::Nothing), 0, PRODUCTION));
    assert!(looked.answered(unknown()).asks_a_person(&Input::Nothing));
}

#[test]
fn a_stop_before_the_restart_returns_the_server_and_after_it_goes_on() {
    for step in [DRAIN, GATE, REBOOT] {
        let mut story = Story::at_step(reboot_command(), PRODUCTION, step).stopped();
        let begun = story.commits(&Input::Nothing);
        if step == DRAIN {
            assert_eq!((begun, story.run().outcome()), (None, Some(RunOutcome::Returned)), "nothing was touched");
            continue;
        }
        assert_eq!(begun, Some(Act::Undrain(name())), "step {step}");
        // Crashed before the act: the return looks, and begins again.
        assert_eq!(story.check(&Input::Nothing), looks_at_balancer());
        assert_eq!(
            begins(story.check(&balancer(BalancerStanding::Drained, 0))),
            (Act::Undrain(name()), Right::GivingBack)
        );
        assert_eq!(story.ends(&balancer(BalancerStanding::Up, 0)), (None, Some(RunOutcome::Returned)));
        let mut late = story.at(after(120));
        assert_eq!(late.ends(&no_answer()), (Some(FailureKind::BalancerFailed), Some(RunOutcome::Failed)));
        late.commits(&no_answer());
        assert_eq!(late.run().state, ProductionState::Undraining, "what the record of the server says, too");
    }
    let mut story = draining().stopped();
    assert_eq!(story.commits(&Input::Nothing), Some(Act::Undrain(name())), "while it drains");
    let check = Story::at_step(reboot_command(), PRODUCTION, CHECK).stopped();
    assert!(matches!(check.check(&Input::Nothing), Decision::Observe(Probe::Checks(..))), "after the restart");
    let mut restore = Story::at_step(reboot_command(), PRODUCTION, RESTORE).stopped();
    assert_eq!(restore.commits(&Input::Nothing), Some(Act::Undrain(name())));
}

#[test]
fn a_stopped_undrain_that_only_looked_leaves_the_server_out() {
    let spec = command(vec![check_step(), StepSpec::Undrain { timeout: (5 * MINUTE).into() }]);
    for step in [0, 1] {
        let mut story = Story::at_step(spec.clone(), DRAINED, step).stopped();
        assert_eq!(story.commits(&Input::Nothing), None, "step {step}");
        assert_eq!((story.run().outcome(), story.run().state), (Some(RunOutcome::Returned), DRAINED));
    }
    // What was begun goes on: it gives capacity back.
    let begun = Story::at_step(spec, DRAINED, 1).begun(1, plain_intent(5 * MINUTE)).stopped();
    assert!(is_done(&begun.check(&balancer(BalancerStanding::Up, 0)), 1, PRODUCTION));
}

/// What a run took out of production it may put back by right; to return what it found out is what was asked for.
/// The same where it was meant to serve and did not; unless it does again before it is drained.
#[test]
fn a_server_that_did_not_serve_is_cured_without_a_place_unless_it_has_come_back() {
    let dead = RunEvent::Admitted(Admission::noted(START, PRODUCTION, false));
    let story = Story::pooled(reboot_command()).with(dead);
    assert_eq!(story.check(&Input::Nothing), looks_at_balancer());
    for standing in [BalancerStanding::Down, BalancerStanding::Drained, BalancerStanding::Maintenance] {
        assert_eq!(story.clone().commits(&balancer(standing, 0)), Some(Act::Drain(name())), "{standing:?}");
    }
    // Whether it serves must be known, and not for ever.
    assert!(matches!(story.check(&no_answer()), Decision::Wait(_)));
    let drained = story.clone().with(proved(DRAIN, START, DRAINED));
    assert_eq!(drained.check(&balancer(BalancerStanding::Drained, 0)), asks(false), "the pool is not asked");

    // It has come back: it waits for its turn as a server that serves, and nothing was done to it.
    for (seen, at) in [(balancer(BalancerStanding::Up, 9), START), (no_answer(), START.plus(HOUR))] {
        let mut put_off = story.clone().at(at);
        assert_eq!(put_off.commits(&seen), None);
        assert_eq!((put_off.run().stage, put_off.run().state), (RunStage::Waiting, PRODUCTION));
    }
    // Nor is it taken out where its drain was begun and never got there.
    let mut begun = story.clone().begun(DRAIN, plain_intent(10 * MINUTE)).at(after(1));
    assert_eq!(begun.clone().check(&Input::Nothing), looks_at_balancer());
    assert_eq!(begun.commits(&balancer(BalancerStanding::Up, 9)), Some(Act::Undrain(name())));
    // Without a drain before it, its pool is asked: it may have come back.
    let gate = StepSpec::Gate(vec![GateCheck::Capacity]);
    let undrained =
        Story::pooled(command(vec![gate])).with(RunEvent::Admitted(Admission::noted(START, PRODUCTION, false)));
    assert_eq!(undrained.check(&Input::Nothing), asks(true));
}

#[test]
fn only_what_a_run_took_out_itself_goes_back_by_right() {
    let undrain = command(vec![StepSpec::Undrain { timeout: MINUTE.into() }]);
    for (spec, step, found, right) in [
        (reboot_command(), RESTORE, PRODUCTION, Right::GivingBack),
        (undrain.clone(), 0, DRAINED, Right::Asked),
        (undrain, 0, PRODUCTION, Right::GivingBack),
    ] {
        let Decision::Commit(commit) = Story::at_step(spec, found, step).check(&Input::Nothing) else {
            panic!("it is committed")
        };
        let errand = commit.then.expect("it is begun");
        assert_eq!((errand.act(), errand.right()), (&Act::Undrain(name()), right), "found {}", found.word());
    }
}
