//! Coverage: which servers of a pool ought to be measured, so that what is measured is what comes to it.

use super::traffic::{good, judge};
use super::*;
use crate::admission::traffic::Answers;
use crate::domain::measure::Sample;

/// A server that reboots is not measured for a while; that is no reason to doubt the others.
#[test]
fn servers_under_work_or_dead_need_not_be_measured() {
    let mut answers = good();
    answers.up[0].value = 8.0;
    for standing in [LockStanding::Working, LockStanding::Parked, LockStanding::LeftBehind] {
        let fleet = Fleet::of(10).locked(0, "bbbb", standing);
        assert!(judge(&fleet, &answers).is_err(), "8 of 9: {standing:?}");
        assert!(judge(&fleet.seen(1, Health::Failing, 0), &answers).is_ok(), "8 of 8: {standing:?}");
    }
}

/// It is where one server of a small pool rests that the others must not become unknown.
#[test]
fn a_server_at_rest_need_not_be_measured_and_one_that_serves_must() {
    let mut answers = good();
    answers.up[0].value = 4.0;
    for (state, is_enough) in [
        (Standby, true),
        (ProductionState::Maintenance, true),
        (ProductionState::Repair, true),
        (Drained, false),
        (Draining, false),
        (Undraining, false),
        (Production, false),
    ] {
        let fleet = Fleet::of(5).in_state(0, state);
        assert_eq!(judge(&fleet, &answers).is_ok(), is_enough, "4 of 5, {state:?}");
        assert!(judge(&fleet.clone().seen(0, Health::Serving, 0), &answers).is_err(), "{state:?}, but in service");
        let fewer = Answers { up: vec![Sample { value: 3.0, ..answers.up[0].clone() }], ..answers.clone() };
        assert!(judge(&fleet, &fewer).is_err(), "3 of 4, {state:?}");
    }
}
