//! An override changes the answer of its own policy for its own servers, and nothing else.

use super::*;
use crate::workflow::breakglass::SecondCause;
use crate::workflow::request::PolicyName::{Capacity, Concurrency};
use proptest::prelude::{Strategy, any, proptest};
use proptest::sample::{select, subsequence};

impl Fleet {
    pub(super) fn check_passing(&self, number: usize, passes: &[PolicyName]) -> Verdict {
        let (inventory, server) = (self.inventory(), planned(&self.servers[number]));
        let (run, passes) = (run_of("2mq9", 1), passes.iter().copied().collect());
        evaluate(
            Candidate { run: &run, server: &server, spec: &self.spec, version: None, asked_by: Asker::Person, passes },
            self.known(&inventory),
        )
    }

    fn second(&self, numbers: std::ops::Range<usize>, lately: usize) -> Option<SecondCause> {
        let inventory = self.inventory();
        let servers = numbers.map(|number| planned(&self.servers[number])).collect::<Vec<_>>();
        second_needed(&self.spec, &servers.iter().collect::<Vec<_>>(), lately, self.known(&inventory))
    }

    fn with_impact(mut self, impact: Impact) -> Self {
        self.spec.impact = impact;
        self
    }
}

#[test]
fn capacity_is_passed_and_noted() {
    let fleet = Fleet::of(10).in_state(1, Drained);
    assert_eq!(fleet.blocks(0), ["capacity"]);
    assert!(matches!(fleet.check_passing(0, &[Concurrency]), Verdict::Wait(_)), "another policy");
    let Verdict::Allow(admitted) = fleet.check_passing(0, &[Capacity]) else { panic!("it does not pass") };
    assert_eq!(admitted.overridden(), [Capacity]);
    let back = fleet.in_state(1, Production).seen(1, Health::Serving, 0);
    let Verdict::Allow(admitted) = back.check_passing(0, &[Capacity]) else { panic!("it is allowed anyway") };
    assert!(admitted.overridden().is_empty(), "what was not in the way is not used up");
}

/// What is not known of the pool is told, and not of the server beside it; whoever passes the one does not pass the other.
#[test]
fn a_server_that_was_not_seen_is_not_passed_with_its_pool() {
    let mut fleet = Fleet::of(10);
    for number in 0..10 {
        fleet = fleet.seen(number, Health::Serving, 3600);
    }
    assert_eq!(fleet.blocks(0), ["unknown"]);
    let Verdict::Wait(left) = fleet.check_passing(0, &[Capacity]) else { panic!("it was not seen") };
    assert!(matches!(left.as_slice(), [Blocker::Unseen { .. }]), "{left:?}");
    assert!(matches!(fleet.check_passing(0, &[Capacity, PolicyName::ProductionState]), Verdict::Allow(_)));
}

#[test]
fn a_lock_and_a_changed_server_are_never_passed() {
    let all = PolicyName::ALL;
    let locked = Fleet::of(10).locked(0, "bbbb", LockStanding::Working);
    assert!(
        matches!(locked.check_passing(0, &all), Verdict::Wait(left) if left.iter().all(|one| word(one) == "locked"))
    );
    assert!(matches!(Fleet::of(10).in_state(0, Draining).check_passing(0, &all), Verdict::Deny(_)));
}

#[test]
fn a_server_left_behind_is_taken_over_as_ever() {
    let fleet = Fleet::of(10).in_state(0, Drained).locked(0, "bbbb", LockStanding::LeftBehind);
    let mut fleet = fleet.in_state(1, Drained).in_state(2, Drained);
    fleet.rules.fleet_concurrency = 0;
    let Verdict::Allow(admitted) = fleet.check_passing(0, &[Concurrency]) else { panic!("it does not pass") };
    assert_eq!(admitted.takes_over(), Some(&run_of("bbbb", 1)));
    assert_eq!(admitted.found(), Drained);
}

#[test]
fn what_cannot_be_undone_passes_nothing_in_production() {
    let fleet = Fleet::of(10).in_state(1, Drained).with_impact(Impact::Destructive);
    assert!(matches!(fleet.check_passing(0, &PolicyName::ALL), Verdict::Deny(_)));
}

#[test]
fn when_a_second_person_must_agree() {
    let drain = Fleet::of(20).with_impact(Impact::Drain);
    let many = Some(SecondCause::ManyServers { alone_max: 5 });
    assert_eq!(drain.second(0..5, 0), None);
    assert_eq!(drain.second(0..6, 0), many);
    assert_eq!(drain.second(0..2, 4), many, "many small ones are one large one");
    let reboot = Fleet::of(20);
    assert_eq!(reboot.second(0..1, 0), Some(SecondCause::InterruptsProduction));
    assert_eq!(reboot.clone().in_state(0, Drained).second(0..1, 0), None, "it is out already");
    let wipe = reboot.in_state(0, Drained).with_impact(Impact::Destructive);
    assert_eq!(wipe.second(0..1, 0), Some(SecondCause::Destructive));
}

#[test]
fn who_may_is_read_from_the_file() {
    let read = |text: &str| admission_rules("admission.yaml", text).map(|rules| rules.overrides);
    let none = OverrideRules::default();
    assert_eq!((read("capacity: { out-max: 10% }").as_ref(), none.by.as_slice()), (Ok(&none), &[][..]));
    let named =
        OverrideRules { by: vec![GroupName::new("incident-commander")], life: Duration::from_secs(1800), alone_max: 2 };
    let text = "override: { by: [incident-commander], for: 30m, alone-up-to: 2 }";
    assert_eq!(read(text), Ok(named));
    let fault = |text: &str| read(text).expect_err("it has a fault").to_string();
    insta::assert_snapshot!(fault("health: {}\noverride:\n  by: incident-commander\n"), @"
    admission.yaml:3:7: override.by takes a list of groups, such as [incident-commander]
        by: incident-commander
            ^^^^^^^^^^^^^^^^^^
    ");
    insta::assert_snapshot!(fault("override:\n  by: [noc]\n  for: 2h\n"), @"
    admission.yaml:3:8: override.for takes a duration from 1m to 1h, such as 30m
        for: 2h
             ^^
    ");
    insta::assert_snapshot!(fault("override: { alone-up-to: 50 }"), @"
    admission.yaml:1:26: override.alone-up-to takes a number from 0 to 5
      override: { alone-up-to: 50 }
                               ^^
    ");
    insta::assert_snapshot!(fault("override: { until: 30m }"), @"
    admission.yaml:1:13: override has no until; it takes by, for and alone-up-to
      override: { until: 30m }
                  ^^^^^
    ");
    insta::assert_snapshot!(fault("override: everybody"), @"
    admission.yaml:1:11: override is a word; it takes by, for and alone-up-to
      override: everybody
                ^^^^^^^^^
    ");
    let known = [GroupName::new("incident-commander"), GroupName::new("noc")].into();
    let unknown = |text: &str| check_override_groups("admission.yaml", text, &known);
    assert_eq!(unknown("override: { by: [noc] }"), Ok(()));
    let told = unknown("override:\n  by: [noc, incident-comander]\n").expect_err("no such group").to_string();
    insta::assert_snapshot!(told, @"
    admission.yaml:2:13: there is no group incident-comander; did you mean incident-commander?
        by: [noc, incident-comander]
                  ^^^^^^^^^^^^^^^^^
    ");
}

/// Any fleet of one pool of six, in which much is in the way.
fn fleets() -> impl Strategy<Value = Fleet> {
    let states = proptest::collection::vec(select(vec![Production, Drained, Draining, Standby]), 6);
    let locks = proptest::collection::vec(
        select(
            [LockStanding::Working, LockStanding::Parked, LockStanding::LeftBehind]
                .map(Some)
                .into_iter()
                .chain([None])
                .collect::<Vec<_>>(),
        ),
        6,
    );
    let seen = proptest::collection::vec(select(vec![Some(Health::Serving), Some(Health::Failing), None]), 6);
    let impacts = select(Impact::ALL.to_vec());
    (states, locks, seen, impacts, 0..8_u32).prop_map(|(states, locks, seen, impact, places)| {
        let mut fleet = Fleet::of(6).with_impact(impact);
        fleet.rules.fleet_concurrency = places;
        for number in 0..6 {
            fleet = fleet.in_state(number, states[number]);
            fleet = match seen[number] {
                Some(health) => fleet.seen(number, health, 0),
                None => fleet.unseen(number),
            };
            if let Some(standing) = locks[number] {
                fleet = fleet.locked(number, "bbbb", standing);
            }
        }
        fleet
    })
}

proptest! {
    /// Without an override every answer is the same; with one, exactly the reasons of its own policies are gone, but
    /// never a lock, and a denial stays one.
    #[test]
    fn only_its_own_policy(fleet in fleets(), passes in subsequence(PolicyName::ALL.to_vec(), 0..=2), number in 0..6_usize) {
        let before = fleet.check(number);
        assert_eq!(fleet.check_passing(number, &[]), before);
        let after = fleet.check_passing(number, &passes);
        match (before, after) {
            (Verdict::Wait(blockers), after) => {
                let passed = |blocker: &Blocker| blocker.overridable().is_some_and(|policy| passes.contains(&policy));
                let is_destroyed = fleet.spec.impact == Impact::Destructive
                    && fleet.ledger.states.get(&id(number)).unwrap().state == Production;
                let left: Vec<Blocker> =
                    blockers.iter().filter(|one| is_destroyed || !passed(one)).cloned().collect();
                // Beside what is not known of a whole scope a server of it is not told; once that is passed, it is.
                let has_unknown = |blockers: &[Blocker]| {
                    blockers.iter().any(|one| matches!(one, Blocker::HealthUnknown { .. }))
                };
                let is_told_now = has_unknown(&blockers) && !has_unknown(&left);
                match after {
                    Verdict::Wait(mut after) => {
                        after.retain(|one| !(is_told_now && matches!(one, Blocker::Unseen { .. })));
                        assert_eq!(after, left);
                    }
                    Verdict::Allow(admitted) => {
                        assert!(left.is_empty());
                        assert!(admitted.overridden().iter().all(|policy| passes.contains(policy)));
                    }
                    Verdict::Deny(why) => panic!("denied by an override: {why}"),
                }
            }
            (before, after) => assert_eq!(after, before),
        }
    }

    /// Whatever is passed is counted by whoever comes after: the lock that follows an override blocks as any other.
    #[test]
    fn what_passes_is_counted(fleet in fleets(), number in 0..6_usize, taken in any::<bool>()) {
        if taken && matches!(fleet.check_passing(number, &PolicyName::ALL), Verdict::Allow(_)) {
            let before = fleet.count();
            let after = fleet.locked(number, "2mq9", LockStanding::Working);
            assert!(after.count().serving - after.count().promised <= before.serving - before.promised);
            assert!(matches!(after.check_passing(number, &PolicyName::ALL), Verdict::Wait(_) | Verdict::Deny(_)));
        }
    }
}
