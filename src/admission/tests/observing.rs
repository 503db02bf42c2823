//! What is only observed holds nothing up, and is told; and other numbers are tried on what was decided.

use super::*;
use crate::admission::{Breaker, Change, Replay, Snapshot, admission_rules, decided, pass};
use crate::domain::breaker::BreakerScope;
use crate::domain::ids::Version;
use crate::workflow::request::PolicyName;

/// A pool of three with one out, at its floor.
fn at_its_floor() -> Fleet {
    Fleet::of(3).seen(2, Health::Failing, 0)
}

fn observing(mut fleet: Fleet, policies: &[PolicyName]) -> Fleet {
    fleet.rules.observed = policies.to_vec();
    fleet
}

#[test]
fn what_is_only_observed_starts_and_is_told() {
    assert_eq!(at_its_floor().blocks(0), ["capacity"]);
    let Verdict::Allow(admitted) = observing(at_its_floor(), &[PolicyName::Capacity]).check(0) else {
        panic!("nothing but capacity stands in its way");
    };
    assert_eq!(admitted.observed(), [PolicyName::Capacity]);
    assert!(admitted.overridden().is_empty(), "nobody has overridden anything");
    let Verdict::Allow(admitted) = observing(Fleet::of(3), &[PolicyName::Capacity]).check(0) else {
        panic!("nothing stands in its way");
    };
    assert!(admitted.observed().is_empty(), "what was not in the way would not have made it wait");
}

/// Whatever else blocks goes on blocking; a lock is a limit of the server itself, and nobody only observes it.
#[test]
fn nothing_else_is_let_go() {
    let locked = at_its_floor().locked(0, "aaaa", LockStanding::Working);
    assert_eq!(observing(locked, &[PolicyName::Capacity, PolicyName::Concurrency]).blocks(0), ["locked"]);
    assert_eq!(observing(at_its_floor(), &[PolicyName::Traffic]).blocks(0), ["capacity"]);
    let mut narrow = at_its_floor().locked(1, "aaaa", LockStanding::Working);
    narrow.rules.fleet_concurrency = 1;
    assert_eq!(observing(narrow.clone(), &[PolicyName::Capacity]).blocks(0), ["concurrency"]);
    assert_eq!(observing(narrow, &[PolicyName::Concurrency]).blocks(0), ["capacity"]);
}

#[test]
fn the_file_names_what_is_only_observed() {
    let read = |text: &str| admission_rules("admission.yaml", text).map(|rules| rules.observed);
    assert_eq!(read("observe: [traffic, capacity, traffic]"), Ok(vec![PolicyName::Capacity, PolicyName::Traffic]));
    assert_eq!(read("observe: []"), Ok(Vec::new()));
    for never in ["stop", "freeze", "hold", "blacklist", "trafic", ""] {
        let fault = read(&format!("observe: [\"{never}\"]")).unwrap_err().to_string();
        assert!(
            fault.contains(&format!(
                "observe is `{never}`; it takes some of concurrency, capacity, traffic, production-state, infrastructure, failure-rate, window"
            )),
            "{fault}"
        );
    }
}

/// What was decided about the first server of a fleet, and on what.
fn decision(fleet: &Fleet) -> (Snapshot, Vec<crate::admission::Decided>) {
    let (inventory, run, server) = (fleet.inventory(), run_of("2mq9", 1), planned(&fleet.servers[0]));
    let candidate = Candidate {
        run: &run,
        server: &server,
        spec: &fleet.spec,
        version: None,
        asked_by: Asker::Person,
        passes: PolicySet::NONE,
    };
    let known = fleet.known(&inventory);
    let said = pass([candidate], known);
    (Snapshot::of([&server], known, &Fingerprint::of(b"files")), decided(&said))
}

#[test]
fn other_numbers_are_tried_on_what_was_decided() {
    let (started, waited) = (decision(&Fleet::of(3)), decision(&at_its_floor()));
    let tried = |out_max: u8| {
        let rules = Rules { pool_out_max_percent: out_max, ..roomy() };
        let mut replay = Replay::default();
        for (snapshot, decided) in [&started, &waited] {
            replay.ask((snapshot, decided), (&reboot(), None), &rules).expect("they make an inventory");
        }
        assert_eq!((replay.decisions, replay.answers), (2, 2));
        let each = [Change::WouldWait, Change::WouldStart, Change::OtherPolicies, Change::LeftOut];
        let by_capacity = |change| {
            let (count, by) = replay.tally(change);
            assert_eq!(by.values().sum::<usize>(), count, "one policy makes each difference");
            assert!(by.keys().all(|policy| *policy == PolicyName::Capacity));
            count
        };
        each.map(by_capacity)
    };
    assert_eq!(tried(roomy().pool_out_max_percent), [0, 0, 0, 0], "the numbers that were in force change nothing");
    assert_eq!(tried(0), [1, 0, 0, 0]);
    assert_eq!(tried(100), [0, 1, 0, 0]);
}

/// Who else counts in a site was kept only where that had a floor.
#[test]
fn a_floor_of_a_site_is_tried_where_there_was_one() {
    let with_floor =
        |percent| Rules { wider_floors: WiderFloors { site: Some(percent), ..WiderFloors::default() }, ..roomy() };
    let tried_on = |fleet: &Fleet| {
        let (snapshot, decided) = decision(fleet);
        let mut replay = Replay::default();
        replay.ask((&snapshot, &decided), (&reboot(), None), &with_floor(0)).expect("it makes an inventory");
        replay.tally(Change::WouldWait).0
    };
    assert_eq!(tried_on(&Fleet::of(3)), 0, "nobody knows of the others");
    assert_eq!(tried_on(&Fleet { rules: with_floor(90), ..Fleet::of(3) }), 1);
}

/// An open breaker that is only observed makes nobody its canary but the one that may be.
#[test]
fn what_passes_an_observed_breaker_is_not_its_canary() {
    let scope = BreakerScope::Command { command: CommandName::new("reboot") };
    let open = |canary_from: Timestamp| {
        let mut fleet = observing(Fleet::of(3), &[PolicyName::FailureRate]);
        let breaker = Breaker {
            scope: scope.clone(),
            opened_at: NOW,
            version: Version(1),
            failures: 10,
            of: 10,
            elsewhere: None,
            examples: Vec::new(),
            canary_from,
            canary: None,
            closed: None,
        };
        fleet.ledger.breakers.insert(scope.clone(), breaker);
        let Verdict::Allow(admitted) = fleet.check(0) else { panic!("it is only observed") };
        (admitted.observed().to_vec(), admitted.canary_of().to_vec())
    };
    assert_eq!(open(NOW.plus(Duration::from_secs(60))), (vec![PolicyName::FailureRate], Vec::new()));
    assert_eq!(open(NOW), (Vec::new(), vec![scope.clone()]));
}

/// What cannot be undone is let past nothing in production: not by an override, and not by looking only.
#[test]
fn nothing_that_destroys_passes_in_production() {
    let mut fleet = observing(at_its_floor(), &[PolicyName::Capacity]);
    fleet.spec.impact = Impact::Destructive;
    assert_eq!(fleet.blocks(0), ["deny"]);
}
