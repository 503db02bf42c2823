//! Parked: a run that waits for a person has its server still, which counts as out, but no place among those at work.

use super::*;

fn giving_back(fleet: Fleet) -> Fleet {
    let steps = vec![StepSpec::Undrain { timeout: SECOND.into() }];
    Fleet { spec: CommandSpec { steps, ..reboot() }, ..fleet }
}

#[test]
fn nobody_else_works_on_a_server_that_is_parked() {
    for standing in [LockStanding::Working, LockStanding::Parked] {
        let fleet = Fleet::of(10).locked(0, "bbbb", standing);
        assert!(fleet.blocks(0).contains(&"locked"), "{standing:?}");
        let half_way = fleet.in_state(0, Undraining).seen(0, Health::OutOfRotation, 0);
        assert_eq!(half_way.blocks(0), ["locked"], "{standing:?}: its state says nothing yet");
        let serves = half_way.in_state(0, Drained).seen(0, Health::Serving, 0).blocks(0);
        assert!(serves.contains(&"locked") && !serves.contains(&"serves"), "{standing:?}: it is on its way");
    }
}

/// It has not been taken out yet, and will be when it goes on.
#[test]
fn a_parked_server_counts_as_out() {
    for standing in [LockStanding::Working, LockStanding::Parked] {
        let fleet = Fleet::of(10).locked(1, "bbbb", standing);
        assert_eq!((fleet.count().serving, fleet.count().promised), (10, 1), "{standing:?}");
        assert_eq!(fleet.blocks(0), ["capacity"], "{standing:?}");
        let drained = fleet.in_state(1, Drained);
        assert_eq!((drained.count().serving, drained.count().promised), (9, 0), "{standing:?}");
        assert_eq!(drained.blocks(0), ["capacity"], "{standing:?}");
        assert_eq!(drained.seen(1, Health::Serving, 0).blocks(2), ["capacity"], "{standing:?}: it is on its way");
    }
}

#[test]
fn a_parked_server_takes_no_place_among_those_at_work() {
    let limits = [
        ("rack", Rules { rack_concurrency: 1, ..roomy() }),
        ("type in site", Rules { type_in_site_percent: 0, ..roomy() }),
        ("command", Rules { command_concurrency: 1, ..roomy() }),
        ("fleet", Rules { fleet_concurrency: 1, ..roomy() }),
    ];
    let of_site = Fleet { spec: CommandSpec { site_concurrency: Some(1), ..reboot() }, ..Fleet::of(40) };
    let limited = limits.map(|(what, rules)| (what, Fleet { rules, ..Fleet::of(40) }));
    for (what, fleet) in limited.into_iter().chain([("site", of_site)]) {
        let at = |standing| fleet.clone().locked(1, "bbbb", standing);
        assert_eq!(at(LockStanding::Working).blocks(0), ["concurrency"], "{what}");
        for standing in [LockStanding::Parked, LockStanding::LeftBehind] {
            assert_eq!(at(standing).blocks(0), ["allow"], "{what}: {standing:?}");
        }
        // It goes on beyond the limit, and then nobody else starts.
        let both = at(LockStanding::Parked).locked(2, "cccc", LockStanding::Working);
        assert_eq!(both.blocks(0), ["concurrency"], "{what}");
        assert_eq!(both.locked(1, "bbbb", LockStanding::Working).blocks(0), ["concurrency"], "{what}");
    }
}

/// Out there is less to take out next: giving back waits for nobody's place in a rack or a site.
#[test]
fn what_gives_capacity_back_waits_for_no_place_in_a_rack_or_a_site() {
    let narrow = Rules { rack_concurrency: 1, type_in_site_percent: 0, ..roomy() };
    let busy = |rules| {
        let fleet = Fleet { rules, ..Fleet::of(40) }.locked(1, "bbbb", LockStanding::Working);
        let fleet = fleet.in_state(0, Drained);
        Fleet { spec: CommandSpec { site_concurrency: Some(1), ..reboot() }, ..fleet }
    };
    assert_eq!(busy(narrow.clone()).blocks(0), ["concurrency"; 3]);
    let mut back = giving_back(busy(narrow));
    back.spec.site_concurrency = Some(1);
    assert_eq!(back.blocks(0), ["allow"]);
    for (rules, what) in [
        (Rules { command_concurrency: 1, ..roomy() }, "the command works on so many at once"),
        (Rules { fleet_concurrency: 1, ..roomy() }, "and the fleet carries so many"),
    ] {
        assert_eq!(giving_back(busy(rules)).blocks(0), ["concurrency"], "{what}");
    }
}
