//! What a line would come to now: which part of it could start, when the rest is likely to, and that no decision says another.

use super::*;
use crate::domain::plan::Subject;
use proptest::prelude::*;

const MINUTE: Duration = Duration::from_secs(60);

fn paces(half: Duration, gives_back: bool) -> Paces {
    Paces::from([(CommandName::new("reboot"), RunPace { half, gives_back })])
}

fn frozen() -> BrakeKind {
    BrakeKind::Freeze { on: Coverage::everything() }
}

/// How many of the first servers could start at once, how many would wait though they were asked for alone, and in how many
/// seconds the first that waits is likely to start.
fn check(fleet: &Fleet, servers: usize, paces: &Paces) -> (usize, usize, Option<u64>) {
    let (inventory, run) = (fleet.inventory(), run_of("2mq9", 1));
    let subjects = fleet.servers.iter().take(servers).map(|server| Subject::Server(planned(server)));
    let subjects = subjects.collect::<Vec<_>>();
    let sought =
        Sought { subjects: &subjects, first: 1, spec: &fleet.spec, version: None, asked_by: Asker::Person, run: &run };
    let outlook = outlook(sought, fleet.known(&inventory), paces);
    assert_eq!(outlook.together.start.len() + outlook.together.wait.len(), servers);
    let about = outlook.about.map(|at| at.since(NOW).as_secs());
    (outlook.together.start.len(), outlook.alone.wait.len(), about)
}

#[test]
fn a_part_could_start_and_the_rest_when_its_runs_are_done() {
    let fleet = Fleet::of(20);
    assert_eq!(check(&fleet, 2, &paces(10 * MINUTE, true)), (2, 0, None), "two of twenty may be out");
    assert_eq!(check(&fleet, 3, &paces(10 * MINUTE, true)), (2, 0, Some(600)), "the third when one is back");
    assert_eq!(check(&fleet, 3, &paces(10 * MINUTE, false)), (2, 0, None), "they are not given back");
    assert_eq!(check(&fleet, 3, &Paces::new()), (2, 0, None), "too few have run before");
}

#[test]
fn what_others_hold_is_told_from_when_they_began() {
    let began = |minutes: u32| NOW.minus(MINUTE * minutes);
    let mut fleet = Fleet::of(20).locked(0, "bbbb", LockStanding::Working);
    let since = |fleet: &mut Fleet, at| {
        fleet.ledger.locks.get_mut(&id(0)).expect("it is locked").since = at;
    };
    since(&mut fleet, began(4));
    assert_eq!(check(&fleet, 1, &paces(10 * MINUTE, true)), (0, 1, Some(360)));
    since(&mut fleet, began(11));
    assert_eq!(check(&fleet, 1, &paces(10 * MINUTE, true)), (0, 1, None), "longer than most: nobody can tell");
    // Of several reasons the last that ends counts, of several servers the first that may start.
    since(&mut fleet, began(4));
    fleet.rules.fleet_concurrency = 1;
    assert_eq!(check(&fleet, 2, &paces(10 * MINUTE, true)), (0, 2, Some(360)));
    fleet.rules.fleet_concurrency = 200;
    fleet.ledger.locks.get_mut(&id(0)).expect("it is locked").standing = LockStanding::Parked;
    assert_eq!(check(&fleet, 1, &paces(10 * MINUTE, true)), (0, 1, None), "it waits for a person");
}

#[test]
fn what_is_missing_by_more_than_one_takes_as_many() {
    let fleet = Fleet::of(20).in_state(19, Drained).in_state(18, Drained).in_state(17, Drained);
    let mut fleet = fleet.locked(17, "bbbb", LockStanding::Working).locked(18, "cccc", LockStanding::Working);
    for (number, minutes) in [(17, 8), (18, 3)] {
        fleet.ledger.locks.get_mut(&id(number)).expect("it is locked").since = NOW.minus(MINUTE * minutes);
    }
    assert_eq!(
        check(&fleet, 1, &paces(10 * MINUTE, true)),
        (0, 1, Some(420)),
        "17 of 20 serve, floor 18: two must be back"
    );
}

#[test]
fn what_waits_for_people_or_for_data_has_no_time() {
    let usual = paces(10 * MINUTE, true);
    assert_eq!(check(&Fleet::of(20).unseen(0).unseen(1).unseen(2), 4, &usual), (0, 4, None));
    assert_eq!(check(&Fleet::of(20).under(BrakeKind::STOP), 1, &usual), (0, 1, None));
    assert_eq!(check(&Fleet::of(20).under(frozen()), 1, &usual), (0, 1, None), "it lasts until somebody thaws it");
    let ends = Fleet::of(20).under(frozen()).until(NOW.plus(5 * MINUTE));
    assert_eq!(check(&ends, 1, &usual), (0, 1, Some(300)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is said beforehand of the first wave is what the decision says of it, and whoever waits alone waits together.
    #[test]
    fn what_is_asked_is_what_is_decided(
        standings in prop::collection::vec((0_usize..5, 0_usize..3, 0_usize..4), 4..14),
        first in 1_u32..5,
        out_max in 0_u8..60,
    ) {
        let mut fleet = Fleet::of(standings.len());
        fleet.rules.pool_out_max_percent = out_max;
        for (number, (health, lock, state)) in standings.iter().enumerate() {
            fleet = match health {
                0 => fleet.unseen(number),
                1 => fleet.seen(number, Health::Failing, 1),
                2 => fleet.seen(number, Health::Serving, 500),
                _ => fleet,
            };
            fleet = match state {
                0 => fleet.in_state(number, Drained),
                1 => fleet.in_state(number, Draining),
                _ => fleet,
            };
            fleet = match lock {
                0 => fleet.locked(number, "bbbb", LockStanding::Working),
                1 => fleet.locked(number, "bbbb", LockStanding::LeftBehind),
                2 => fleet.locked(number, "bbbb", LockStanding::Parked),
                _ => fleet,
            };
        }
        let request = super::waves::request(&[first, 2]);
        let (subjects, inventory, run) = (&request.plan.parts().subjects, fleet.inventory(), request.id().run(1));
        let size = usize::try_from(first).expect("small");
        let sought = Sought { subjects, first: size, spec: &request.spec, version: None, asked_by: Asker::Person, run: &run };
        let outlook = outlook(sought, fleet.known(&inventory), &Paces::new());

        let runs = super::explaining::runs(&request);
        let due = runs.iter().take(size).collect::<Vec<_>>();
        let said = pass(candidates(&request, &due, NOW), fleet.known(&inventory));
        let of = |is: fn(&Verdict) -> bool| -> Vec<ServerName> {
            said.iter().filter(|(_, verdict)| is(verdict)).map(|(candidate, _)| candidate.server.name.clone()).collect()
        };
        prop_assert_eq!(&outlook.first.start, &of(|verdict| matches!(verdict, Verdict::Allow(_))));
        prop_assert_eq!(&outlook.first.wait, &of(|verdict| matches!(verdict, Verdict::Wait(_))));
        prop_assert_eq!(&outlook.first.blockers, &reasons(&request, &due, &said, fleet.known(&inventory)));
        prop_assert!(outlook.alone.wait.iter().all(|name| outlook.together.wait.contains(name)));
        prop_assert!(outlook.together.start.iter().all(|name| outlook.alone.start.contains(name)));
    }
}

/// What nobody can override is told beforehand, by the answer of the pass itself.
#[test]
fn what_is_never_worked_on_is_told_as_left_out() {
    let level = BlacklistLevel::Absolute;
    let fleet = Fleet::of(3).under(BrakeKind::Blacklist { on: Coverage::everything(), command: None, level });
    let (inventory, run) = (fleet.inventory(), run_of("2mq9", 1));
    let subjects = [Subject::Server(planned(&fleet.servers[0]))];
    let sought =
        Sought { subjects: &subjects, first: 1, spec: &fleet.spec, version: None, asked_by: Asker::Person, run: &run };
    let outlook = outlook(sought, fleet.known(&inventory), &Paces::new());
    let left_out = outlook.left_out.iter().map(|(server, _)| server).collect::<Vec<_>>();
    assert_eq!(left_out, [&fleet.servers[0].name]);
}
