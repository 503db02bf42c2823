//! The restart: every row of the truth table, every crash point, every clock.

use super::*;
use crate::domain::effect::{Power, PowerFacts};

/// The intent is stored, as if sent over SSH to a server with boot id `old`.
fn sent_over_ssh() -> Story {
    Story::at_step(reboot_command(), ProductionState::Production, REBOOT)
        .begun(REBOOT, restart_intent(PowerPath::Ssh, Some("old")))
}

fn sent_over_redfish(boot_before: Option<&str>) -> Story {
    Story::at_step(reboot_command(), ProductionState::Production, REBOOT)
        .begun(REBOOT, restart_intent(PowerPath::Redfish, boot_before))
}

fn power(power: Power, last_reset: Option<Timestamp>) -> Input {
    Input::Seen(Seen::Power(PowerFacts { power, last_reset }))
}

/// `old`, booted long ago, by a server clock that agrees with ours.
fn same_boot(now: Timestamp) -> Input {
    boot("old", START.minus(10 * HOUR), now)
}

fn is_proved(decision: &Decision) -> bool {
    matches!(decision, Decision::Commit(commit)
        if matches!(commit.events.as_slice(), [RunEvent::StepSucceeded { step: REBOOT, .. }]))
}

fn every_answer() -> Vec<Option<Begun>> {
    vec![
        None,
        Some(Begun::Sent),
        Some(Begun::Unknown("cut".into())),
        Some(Begun::Refused("it arrived too late".into())),
    ]
}

fn with_answer(story: Story, answer: Option<Begun>) -> Story {
    match answer {
        Some(answer) => story.answered(answer),
        None => story,
    }
}

#[test]
fn another_boot_id_is_the_proof_whatever_was_answered_and_whenever() {
    for answer in every_answer() {
        for now in [after(1), after(45), after(3600), START.minus(DAY), START.plus(DAY)] {
            for server_clock in [now, now.plus(HOUR), now.minus(HOUR)] {
                let story = with_answer(sent_over_ssh(), answer.clone()).at(now);
                assert!(is_proved(&story.check(&boot("new", server_clock, server_clock))), "{answer:?} at {now:?}");
            }
        }
    }
}

#[test]
fn the_old_boot_id_within_grace_is_looked_at_again() {
    for answer in every_answer() {
        for seconds in [0, 5, 29, 31, 60, 89] {
            let story = with_answer(sent_over_ssh(), answer.clone()).at(after(seconds));
            let decision = story.check(&same_boot(after(seconds)));
            assert!(
                matches!(decision, Decision::Wait(at) if at > after(seconds)),
                "{answer:?} {seconds}: {decision:?}"
            );
        }
    }
}

#[test]
fn it_is_sent_once_more_only_when_it_provably_did_not_happen_and_cannot_land() {
    let mut story = sent_over_ssh().at(after(121)).with(RunEvent::StillSafe { at: after(121) });
    let act = story.commits(&same_boot(after(121)));
    assert_eq!(act, Some(Act::RebootOverSsh { server: name(), not_after: after(151) }));
    // The second time there is no third.
    let story = story.at(after(300));
    let ended = story.ends(&same_boot(after(300)));
    assert_eq!(ended, (Some(FailureKind::DidNotReboot), Some(RunOutcome::FailedAndReturned)));
}

/// The command lands at the last moment and the server takes its time to shut down, still with the old boot id.
#[test]
fn a_server_that_may_be_shutting_down_gets_nothing_more() {
    for now in [after(91), after(119), START.plus(DAY)] {
        let story = sent_over_ssh().at(now);
        for server_seconds in [0, 29, 31, 91, 119] {
            assert!(!restarts(&story.check(&same_boot(after(server_seconds)))), "{server_seconds} s on its clock");
        }
    }
}

#[test]
fn a_server_whose_clock_is_before_the_not_after_time_gets_nothing_more() {
    // Our clock is past everything; the server's own is not, so the first command may still land.
    for now in [after(121), after(899)] {
        let decision = sent_over_ssh().at(now).check(&same_boot(after(29)));
        assert!(matches!(decision, Decision::Wait(_)), "{decision:?}");
    }
    assert!(sent_over_ssh().at(after(900)).asks_a_person(&same_boot(after(29))));
}

#[test]
fn not_after_is_told_in_the_servers_own_time() {
    for server_clock in [START, START.plus(HOUR), START.minus(HOUR), START.minus(30 * DAY)] {
        let mut story = Story::at_step(reboot_command(), ProductionState::Production, REBOOT);
        let act = story.commits(&boot("old", server_clock.minus(HOUR), server_clock));
        let not_after = server_clock.plus(Duration::from_secs(30));
        assert_eq!(act, Some(Act::RebootOverSsh { server: name(), not_after }));
        let story = story.with(RunEvent::StillSafe { at: after(121) });
        let decision = story.clone().at(after(121)).check(&boot("old", START, server_clock.plus(2 * MINUTE)));
        assert!(restarts(&decision), "121 s later on both clocks");
        let decision = story.at(after(121)).check(&boot("old", START, server_clock.plus(Duration::from_secs(20))));
        assert!(!restarts(&decision), "only 20 s later on the server's");
    }
}

#[test]
fn no_crash_between_intent_and_proof_sends_it_again() {
    let mut story = Story::pooled(reboot_command()).with(admitted(PRODUCTION));
    let drained = balancer(BalancerStanding::Drained, 0);
    let mut sent = 0;
    let inputs = [Input::Nothing, drained.clone(), Input::Safe, same_boot(START)];
    for input in &inputs {
        sent += u32::from(story.commits(input).as_ref().is_some_and(is_restart));
    }
    assert_eq!(sent, 1, "the story up to the intent");
    let answers = [None, Some(Begun::Sent), Some(Begun::Unknown("cut".into()))];
    for answer in answers {
        let story = with_answer(story.clone(), answer);
        assert_eq!(story.check(&Input::Nothing), looks_at_boot(), "first of all it looks");
        for input in [no_answer(), same_boot(after(1)), boot("new", after(1), after(1)), Input::Safe] {
            assert!(!restarts(&story.clone().at(after(1)).check(&input)), "{input:?}");
        }
    }
}

const PRODUCTION: ProductionState = ProductionState::Production;

#[test]
fn a_journal_cut_anywhere_never_begins_a_restart_without_a_fresh_look() {
    let whole = sent_over_ssh()
        .answered(Begun::Sent)
        .with(proved(REBOOT, after(60), ProductionState::Drained))
        .with(proved(CHECK, after(61), ProductionState::Drained))
        .begun(RESTORE, plain_intent(5 * MINUTE))
        .with(proved(RESTORE, after(62), PRODUCTION))
        .with(RunEvent::Ended { at: after(62), outcome: RunOutcome::Done });
    for length in 1..=whole.journal.len() {
        let cut = Story { journal: whole.journal[..length].to_vec(), now: after(70), ..whole.clone() };
        assert!(!restarts(&cut.check(&Input::Nothing)), "{length} events");
    }
}

#[test]
fn silence_alone_never_takes_the_other_way_at_once() {
    let story = Story::at_step(reboot_command(), PRODUCTION, REBOOT);
    assert_eq!(story.check(&Input::Nothing), looks_at_boot());
    let mut story = story;
    assert_eq!(story.commits(&no_answer()), None, "only that it was silent is stored");
    let decision = story.clone().at(after(2)).check(&no_answer());
    assert!(matches!(decision, Decision::Wait(_)), "{decision:?}");
    let decision = story.clone().at(after(3)).check(&no_answer());
    assert_eq!(decision, Decision::Observe(Probe::Power(name())));
    // It answers after all: SSH is the way.
    let act = story.clone().at(after(3)).commits(&same_boot(after(3)));
    assert!(matches!(act, Some(Act::RebootOverSsh { .. })));
    // The controller answers: nothing was ever sent over SSH, so Redfish it is.
    let mut story = story.at(after(3));
    assert_eq!(story.commits(&power(Power::On, None)), Some(Act::RestartOverRedfish(name())));
}

#[test]
fn without_ssh_and_controller_the_server_returns_untouched() {
    let silent = Story::at_step(reboot_command(), PRODUCTION, REBOOT).with(RunEvent::WasSilent { at: START });
    let ended = silent.clone().at(after(5)).ends(&Input::ControllerSilent("no route".into()));
    assert_eq!(ended, (Some(FailureKind::CouldNotSend), Some(RunOutcome::FailedAndReturned)));
    let only_ssh = Story { spec: reboot_by(PowerPath::Ssh, None), ..silent };
    let ended = only_ssh.at(after(5)).ends(&no_answer());
    assert_eq!(ended, (Some(FailureKind::CouldNotSend), Some(RunOutcome::FailedAndReturned)));
}

#[test]
fn redfish_is_taken_only_if_ssh_provably_never_sent_it() {
    for answer in every_answer() {
        for seconds in [1, 40, 600] {
            let story = with_answer(sent_over_ssh(), answer.clone()).at(after(seconds));
            assert!(!restarts(&story.check(&no_answer())), "{answer:?} after {seconds} s");
        }
    }
    let mut story = sent_over_ssh().answered(Begun::NeverSent("refused".into())).at(after(1));
    assert_eq!(story.commits(&Input::Nothing), Some(Act::RestartOverRedfish(name())));
    // And never back again.
    let story = story.answered(Begun::NeverSent("no route".into())).at(after(2));
    let ended = story.ends(&Input::Nothing);
    assert_eq!(ended, (Some(FailureKind::CouldNotSend), Some(RunOutcome::FailedAndReturned)));
}

#[test]
fn a_stop_before_anything_was_sent_takes_no_other_way() {
    let story = sent_over_ssh().answered(Begun::NeverSent("refused".into())).at(after(1)).stopped();
    assert_eq!(story.ends(&Input::Nothing).1, Some(RunOutcome::FailedAndReturned));
}

#[test]
fn without_a_boot_id_from_before_the_proof_is_an_uptime_shorter_than_the_wait() {
    for skew in [START, START.plus(HOUR), START.minus(HOUR)] {
        let story = sent_over_redfish(None).answered(Begun::Sent).at(after(100));
        let clock = skew.plus(Duration::from_secs(100));
        let up = |seconds| boot("any", clock.minus(Duration::from_secs(seconds)), clock);
        assert!(is_proved(&story.check(&up(60))), "up for 60 s of the 100");
        let decision = story.check(&up(400));
        assert!(matches!(decision, Decision::Wait(_)), "up for 400 s: {decision:?}");
        assert!(story.at(after(900)).asks_a_person(&up(4000)), "still not after 15 minutes");
    }
}

#[test]
fn a_jump_of_our_clock_proves_no_restart() {
    let story = sent_over_redfish(None).answered(Begun::Unknown("cut".into()));
    let up_for_ten_hours = same_boot(after(60));
    for now in [START.plus(DAY), START.minus(DAY)] {
        assert!(!is_proved(&story.clone().at(now).check(&up_for_ten_hours)), "{now:?}");
    }
}

#[test]
fn a_redfish_restart_that_cannot_be_proved_undone_is_never_repeated() {
    for before in [None, Some("old")] {
        for answer in every_answer() {
            for seconds in [31, 91, 121, 899, 900, 90_000] {
                let story = with_answer(sent_over_redfish(before), answer.clone()).at(after(seconds));
                assert!(!restarts(&story.check(&same_boot(after(seconds)))), "{before:?} {answer:?} {seconds}");
            }
        }
    }
}

#[test]
fn a_server_that_stays_silent_failed_only_if_the_order_was_taken() {
    let asks = Decision::Observe(Probe::Power(name()));
    let story = |answer| with_answer(sent_over_ssh(), answer).at(after(900));
    assert_eq!(story(None).check(&no_answer()), asks, "the controller is asked when the time is up");
    let decision = story(None).at(after(899)).check(&no_answer());
    assert!(matches!(decision, Decision::Wait(_)), "and not before: {decision:?}");
    for (state, last_reset) in [(Power::On, None), (Power::Off, None), (Power::On, Some(after(5)))] {
        let facts = power(state, last_reset);
        let ended = story(Some(Begun::Sent)).ends(&facts);
        assert_eq!(ended, (Some(FailureKind::DidNotComeBack), Some(RunOutcome::Failed)), "{state:?}");
        for answer in [None, Some(Begun::Unknown("cut".into())), Some(Begun::Refused("no".into()))] {
            assert!(story(answer.clone()).asks_a_person(&facts), "{answer:?} {state:?}");
        }
        let redfish = sent_over_redfish(None).answered(Begun::Sent).at(after(900));
        assert!(redfish.asks_a_person(&facts), "Redfish, {last_reset:?}");
    }
    for answer in every_answer() {
        assert!(story(answer).asks_a_person(&Input::ControllerSilent("no route".into())));
    }
}

#[test]
fn a_further_look_finds_the_truth_and_asks_again_without_it() {
    let asked = sent_over_ssh()
        .with(RunEvent::PersonAsked { at: after(900), why: "it does not answer".into() })
        .at(after(1000));
    assert_eq!(asked.check(&Input::Nothing), Decision::Settled, "nothing happens until a person says");
    let looked = asked.with(person_said(Answer::LookAgain, after(1000)));
    assert_eq!(looked.check(&Input::Nothing), looks_at_boot());
    assert!(is_proved(&looked.check(&boot("new", after(900), after(1000)))));
    assert!(matches!(looked.check(&no_answer()), Decision::Wait(_)));
    let late = looked.at(after(1031));
    assert_eq!(late.check(&no_answer()), Decision::Observe(Probe::Power(name())));
    assert!(late.asks_a_person(&power(Power::On, None)));
}

#[test]
fn what_a_person_says_ends_the_question() {
    let asked = sent_over_ssh().with(RunEvent::PersonAsked { at: after(900), why: "silent".into() });
    let done = proved(REBOOT, after(950), ProductionState::Drained);
    let did = asked.clone().with(person_said(Answer::Did, after(950))).with(done).at(after(950));
    assert!(matches!(did.check(&Input::Nothing), Decision::Observe(Probe::Checks(..))), "the next step follows");
    let failed = Failure { step: REBOOT, at: after(950), kind: FailureKind::DidNotReboot, note: "".into() };
    let ended = RunEvent::Ended { at: after(950), outcome: RunOutcome::Failed };
    let did_not = asked.with(person_said(Answer::DidNot, after(950))).with(RunEvent::StepFailed(failed)).with(ended);
    assert_eq!(did_not.check(&Input::Nothing), Decision::Settled);
}

#[test]
fn after_the_restart_was_begun_a_stop_goes_forward() {
    let story = sent_over_ssh().answered(Begun::Sent).stopped();
    assert_eq!(story.check(&Input::Nothing), looks_at_boot());
    assert!(is_proved(&story.clone().at(after(60)).check(&boot("new", after(50), after(60)))));
    // But what provably did not happen is not tried again.
    let ended = story.at(after(121)).ends(&same_boot(after(121)));
    assert_eq!(ended, (Some(FailureKind::DidNotReboot), Some(RunOutcome::FailedAndReturned)));
}

#[test]
fn redfish_first_needs_no_ssh() {
    let silent = Story::at_step(reboot_by(PowerPath::Redfish, None), PRODUCTION, REBOOT)
        .with(RunEvent::WasSilent { at: START })
        .at(after(3));
    assert_eq!(silent.check(&no_answer()), Decision::Observe(Probe::Power(name())));
    let mut silent = silent;
    assert_eq!(silent.commits(&power(Power::On, None)), Some(Act::RestartOverRedfish(name())));
}

#[test]
fn ssh_as_the_other_way_is_really_ssh_and_carries_its_not_after_time() {
    let unsent = Story::at_step(reboot_by(PowerPath::Redfish, Some(PowerPath::Ssh)), PRODUCTION, REBOOT)
        .begun(REBOOT, restart_intent(PowerPath::Redfish, Some("old")))
        .answered(Begun::NeverSent("no route".into()))
        .at(after(1));
    assert_eq!(unsent.check(&Input::Nothing), looks_at_boot());
    assert_eq!(unsent.ends(&no_answer()).1, Some(RunOutcome::FailedAndReturned));
    let mut story = unsent;
    let act = story.commits(&same_boot(after(2)));
    assert_eq!(act, Some(Act::RebootOverSsh { server: name(), not_after: after(32) }));
}

/// Whose machine the server is, nobody knows: nothing is sent by any way, and it stays out for people to look at.
#[test]
fn a_controller_of_another_machine_ends_it_and_no_other_way_is_taken() {
    let other = (Some(FailureKind::OtherMachine), Some(RunOutcome::Failed));
    let seen = Input::Seen(Seen::OtherMachine("its controller says UUID b".into()));
    let silent = Story::at_step(reboot_command(), PRODUCTION, REBOOT).with(RunEvent::WasSilent { at: START });
    assert_eq!(silent.at(after(4)).ends(&seen), other);
    for story in [
        sent_over_redfish(None),
        sent_over_redfish(Some("old")),
        Story::at_step(reboot_by(PowerPath::Redfish, Some(PowerPath::Ssh)), PRODUCTION, REBOOT)
            .begun(REBOOT, restart_intent(PowerPath::Redfish, Some("old"))),
    ] {
        let story = story.answered(Begun::OtherMachine("its controller says UUID b".into()));
        for seconds in [1, 40, 900, 90_000] {
            for input in [Input::Nothing, same_boot(after(seconds)), no_answer(), power(Power::On, None)] {
                assert_eq!(story.clone().at(after(seconds)).ends(&input), other, "{input:?} after {seconds} s");
            }
        }
    }
    // So does another machine at the server's own address, before anything is sent by any way.
    let key = Input::Seen(Seen::OtherMachine("its host key is not the one in the inventory".into()));
    for spec in [reboot_command(), reboot_by(PowerPath::Redfish, Some(PowerPath::Ssh))] {
        assert_eq!(Story::at_step(spec, PRODUCTION, REBOOT).ends(&key), other);
    }
    let by_controller = Story::at_step(reboot_by(PowerPath::Redfish, Some(PowerPath::Ssh)), PRODUCTION, REBOOT)
        .begun(REBOOT, restart_intent(PowerPath::Redfish, None));
    let unsent = by_controller.answered(Begun::NeverSent("closed".into()));
    assert_eq!(unsent.at(after(1)).ends(&key).0, Some(FailureKind::OtherMachine));
    let by_ssh = sent_over_ssh().answered(Begun::OtherMachine("its host key is not the one".into()));
    assert_eq!(by_ssh.at(after(40)).ends(&no_answer()), other, "no way by its controller is taken");
    // While it boots, what comes up first may have another key.
    let booting = sent_over_ssh().answered(Begun::Sent).at(after(60));
    assert_eq!(booting.check(&key), Decision::Wait(after(61)));
    // Behind a restart over SSH the controller is only asked what became of it.
    assert!(sent_over_ssh().answered(Begun::Sent).at(after(900)).asks_a_person(&seen));
}
