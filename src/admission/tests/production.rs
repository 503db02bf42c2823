//! What a server is meant to be and what its load balancer shows.

use super::*;
use crate::domain::server::ProductionState::{Maintenance, Repair};

#[test]
fn what_is_meant_and_what_is_seen_must_agree() {
    let table = [
        // What it is meant to be, what was seen and how many seconds ago, and what is said.
        (Production, Some((Health::Serving, 0)), "allow"),
        (Production, Some((Health::Failing, 0)), "allow"),
        (Production, Some((Health::OutOfRotation, 0)), "taken out"),
        (Production, Some((Health::OutOfRotation, 120)), "taken out"),
        (Production, Some((Health::Serving, 121)), "unseen"),
        (Production, Some((Health::Failing, 121)), "unseen"),
        (Production, None, "unseen"),
        (Drained, Some((Health::OutOfRotation, 0)), "allow"),
        (Drained, Some((Health::Failing, 0)), "allow"),
        (Drained, None, "allow"),
        (Drained, Some((Health::Serving, 0)), "serves"),
        // An old look is no proof that it has stopped since.
        (Drained, Some((Health::Serving, 500)), "serves"),
        (Standby, Some((Health::Serving, 0)), "serves"),
        (Maintenance, Some((Health::Serving, 0)), "serves"),
        (Repair, Some((Health::Serving, 0)), "serves"),
    ];
    for (state, look, expected) in table {
        let mut fleet = Fleet::of(20).in_state(0, state).unseen(0);
        fleet.spec.targets = any_state();
        let fleet = match look {
            Some((health, ago)) => fleet.seen(0, health, ago),
            None => fleet,
        };
        assert_eq!(fleet.blocks(0), [expected], "{state:?} {look:?}");
    }
}

fn any_state() -> Targets {
    Targets::Servers { types: vec![server(0).server_type], from: ProductionState::ALL.to_vec(), max: 99 }
}

#[test]
fn a_server_that_was_left_half_way_is_meant_to_be_out() {
    for state in [Draining, Undraining] {
        let fleet = Fleet::of(20).in_state(0, state).locked(0, "bbbb", LockStanding::LeftBehind);
        assert_eq!(fleet.blocks(0), ["serves"], "{state:?}");
        assert!(fleet.seen(0, Health::OutOfRotation, 0).is_allowed(0), "{state:?}");
    }
}

#[test]
fn what_takes_nothing_out_goes_on_and_so_does_what_no_balancer_knows() {
    let taken_out = Fleet::of(20).seen(0, Health::OutOfRotation, 0);
    assert!(taken_out.clone().running(Impact::ReadOnly, Vec::new()).is_allowed(0));
    let mut alone = taken_out.unseen(0);
    alone.servers[0].pool = None;
    assert!(alone.is_allowed(0));
}

/// Where the whole pool is not known, that is what is told; and nobody can let a contradicted server pass.
#[test]
fn an_override_passes_what_is_not_seen_and_nothing_else() {
    let dark = Fleet::of(20).all(0..20, Fleet::unseen);
    assert_eq!(dark.blocks(0), ["unknown"]);
    let passes = |fleet: &Fleet, policies: &[PolicyName]| match fleet.check_passing(0, policies) {
        Verdict::Allow(_) => Vec::new(),
        Verdict::Wait(blockers) => blockers.iter().map(word).collect(),
        Verdict::Deny(why) => panic!("{why}"),
    };
    let unseen = Fleet::of(20).unseen(0);
    assert_eq!(passes(&unseen, &[PolicyName::ProductionState]), [""; 0]);
    for contradicted in [
        Fleet::of(20).seen(0, Health::OutOfRotation, 0),
        Fleet::of(20).in_state(0, Drained).seen(0, Health::Serving, 0),
    ] {
        assert_eq!(passes(&contradicted, &PolicyName::ALL).len(), 1);
    }
}

#[test]
fn servers_of_which_the_same_is_said_are_told_together() {
    let name = |number: usize| server(number).name;
    let contradicted =
        |number, serves| Blocker::Contradicted { servers: vec![name(number)], meant: Production, serves };
    let unseen = |number, since| Blocker::Unseen { servers: vec![name(number)], since: Some(since) };
    let earlier = NOW.minus(SECOND);
    let told = merged(vec![
        contradicted(0, false),
        unseen(1, NOW),
        contradicted(2, false),
        unseen(3, earlier),
        contradicted(0, false),
    ]);
    assert_eq!(
        told,
        [
            Blocker::Contradicted { servers: vec![name(0), name(2)], meant: Production, serves: false },
            Blocker::Unseen { servers: vec![name(1), name(3)], since: Some(earlier) },
        ]
    );
}

#[test]
fn what_is_not_known_well_enough_waits() {
    let fleet = Fleet::of(40).all(1..5, Fleet::unseen);
    assert_eq!(fleet.blocks(0), ["capacity"], "4 of 40 are not known: they count as out");
    let fleet = fleet.unseen(5);
    assert_eq!(fleet.blocks(0), ["unknown"], "5 of 40 are more than a tenth");
    assert!(Fleet::of(40).seen(1, Health::Serving, 120).is_allowed(0));
    assert_eq!(Fleet::of(40).seen(1, Health::Serving, 121).count().unknown, 1, "a look of 121 s ago is stale");
    let ahead = |seconds: u64| {
        let mut fleet = Fleet::of(40);
        let seen_at = NOW.plus(Duration::from_secs(seconds));
        fleet.ledger.health.insert(id(1), HealthRow { server: id(1), health: Health::Serving, seen_at });
        fleet.count().unknown
    };
    assert_eq!((ahead(120), ahead(121)), (0, 1), "and so is one of a time to come, by a clock that was set back");
    assert_eq!(Fleet::of(4).unseen(1).blocks(0), ["unknown"], "one of four");
}

#[test]
fn a_server_that_may_serve_is_taken_only_if_the_others_are_enough() {
    let fleet = Fleet::of(20).unseen(0);
    let passes = |fleet: &Fleet| match fleet.check_passing(0, &[PolicyName::ProductionState]) {
        Verdict::Allow(_) => Vec::new(),
        Verdict::Wait(blockers) => blockers.iter().map(word).collect(),
        Verdict::Deny(why) => panic!("{why}"),
    };
    assert_eq!(fleet.blocks(0), ["unseen"], "19 others are known to serve; it itself is not known");
    assert_eq!(passes(&fleet), [""; 0]);
    let fleet = fleet.seen(1, Health::Failing, 0).seen(2, Health::Failing, 0);
    assert_eq!(fleet.blocks(0), ["capacity", "unseen"], "only 17 are");
    assert_eq!(passes(&fleet), ["capacity"]);
}
