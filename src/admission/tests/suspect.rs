//! Suspect: from when on a reservation of which nothing comes is one, and which never are.

use super::*;
use crate::admission::{SUSPECT_AFTER, moved_at, suspect_from};
use crate::domain::command::Step;
use crate::domain::effect::Begun;
use crate::domain::identity::{Actor, PersonId};
use crate::domain::ids::Epoch;
use crate::domain::plan::Subject;
use crate::workflow::Admission;
use crate::workflow::run::{Answer, Failure, FailureKind, Run, RunEvent, RunOutcome, StepIntent};

const MINUTE: Duration = Duration::from_secs(60);

fn after(minutes: u32) -> Timestamp {
    NOW.plus(MINUTE * minutes)
}

/// Half an hour in all: a drain of ten minutes, a gate, and a check of twenty.
fn steps() -> Vec<Step> {
    vec![
        Step::Drain { timeout: 10 * MINUTE, connections_max: 0 },
        Step::Gate(vec![GateCheck::Capacity]),
        Step::Check { checks: Vec::new(), timeout: 20 * MINUTE },
    ]
}

fn begun(minutes: u32, until: u32) -> RunEvent {
    let (at, until) = (after(minutes), after(until));
    let intent = StepIntent { attempt: 1, at, way: None, boot_before: None, not_after: None, until };
    RunEvent::StepBegun { step: 0, intent }
}

fn proved(minutes: u32) -> RunEvent {
    let outputs = BTreeMap::new();
    RunEvent::StepSucceeded { step: 0, at: after(minutes), state: Drained, note: "out".into(), outputs }
}

/// The minutes after its admission at which a run is suspect of which nothing comes after those events.
fn check(events: &[RunEvent], standing: LockStanding) -> Option<u64> {
    let subject = Subject::Server(planned(&server(0)));
    let admitted = RunEvent::Admitted(Admission::noted(NOW, Production, true));
    let journal = [&[RunEvent::Planned { subject, wave: 0 }, admitted], events].concat();
    let run = Run::replay(run_of("2mq9", 1), Epoch(0), &journal).expect("a legal journal");
    let fleet = Fleet::of(1).locked(0, "2mq9", standing);
    let lock = fleet.ledger.lock(&id(0)).expect("it is locked");
    assert!(moved_at(lock, &run) >= lock.since);
    suspect_from(lock, Some((&steps(), &run))).map(|at| at.since(NOW).as_secs() / 60)
}

#[test]
fn a_reservation_is_suspect_when_nothing_came_of_it_for_longer_than_its_steps_may_take() {
    let margin = SUSPECT_AFTER.as_secs() / 60;
    let kept = [proved(3), RunEvent::Kept { at: after(4) }];
    let went_on = [&kept[..], &[RunEvent::WentOn { at: after(900) }]].concat();
    let back = RunEvent::ReturnBegun { at: after(7), outcome: RunOutcome::Returned };
    let failure = Failure { step: 0, at: after(6), kind: FailureKind::BalancerFailed, note: "late".into() };
    let table: [(&str, Vec<RunEvent>, u64); 9] = [
        ("nothing was begun", vec![], 30),
        ("a step was begun", vec![begun(2, 12)], 32),
        ("an answer has no time of its own", vec![begun(2, 12), RunEvent::ActAnswered { answer: Begun::Sent }], 32),
        ("a step was proved", vec![begun(2, 12), proved(5)], 35),
        ("its SSH was silent", vec![proved(5), RunEvent::WasSilent { at: after(8) }], 38),
        ("a step failed, and it returns", vec![begun(2, 12), RunEvent::StepFailed(failure), back], 37),
        ("its server is held", kept.to_vec(), 34),
        ("it was held for long, and goes on", went_on, 930),
        ("a step has more time than all of them", vec![begun(2, 90)], 90),
    ];
    for (what, events, due) in table {
        for standing in [LockStanding::Working, LockStanding::Parked] {
            assert_eq!(check(&events, standing), Some(due + margin), "{what}, {standing:?}");
        }
        assert_eq!(check(&events, LockStanding::LeftBehind), None, "{what}, left behind");
    }
}

/// A question is told as one, and whoever asks to look again gets the time for that.
#[test]
fn a_run_that_has_asked_a_person_is_not_suspect() {
    let margin = SUSPECT_AFTER.as_secs() / 60;
    let asked = [begun(2, 12), RunEvent::PersonAsked { at: after(12), why: "no answer".into() }];
    assert_eq!(check(&asked, LockStanding::Parked), None);
    let by = Actor::recalled(PersonId::new("T0WRASSE", "U0ANA"));
    let at = after(5000);
    let (answer, until) = (Answer::LookAgain, after(5001));
    let looks = [&asked[..], &[RunEvent::PersonAnswered { by, name: "ana".into(), at, answer, until }]].concat();
    assert_eq!(check(&looks, LockStanding::Working), Some(5030 + margin));
}

/// Nothing can come of what nobody can read.
#[test]
fn a_reservation_whose_run_cannot_be_read_is_suspect_soon() {
    let fleet = Fleet::of(1).locked(0, "2mq9", LockStanding::Working);
    assert_eq!(suspect_from(fleet.ledger.lock(&id(0)).expect("it is locked"), None), Some(NOW.plus(SUSPECT_AFTER)));
    let left = fleet.locked(0, "2mq9", LockStanding::LeftBehind);
    assert_eq!(suspect_from(left.ledger.lock(&id(0)).expect("it is locked"), None), None);
}
