//! Capacity: what is in the total of a pool, and whom what is not known of it keeps from being cured.

use super::*;

/// Servers on standby are there for when too much comes: neither do they serve, nor are they missed.
#[test]
fn what_stands_by_is_not_in_the_total() {
    let fleet = Fleet::of(40).all(0..4, |fleet, number| fleet.in_state(number, Standby));
    let count = fleet.count();
    assert_eq!((count.serving, count.total, count.floor, count.out.len()), (36, 36, 33, 0));
    let names = count.on_standby.iter().map(|one| one.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["edge-lax-000", "edge-lax-001", "edge-lax-002", "edge-lax-003"]);
    assert_eq!(fleet.blocks(4), ["allow"], "three of 36 may be out");
    let two = fleet.clone().in_state(5, Drained).in_state(6, Drained);
    assert_eq!(two.blocks(4), ["allow"]);
    assert_eq!(two.in_state(7, Drained).blocks(4), ["capacity"]);
    assert_eq!(fleet.goes_on(4), Ok(()));
    let all = Fleet::of(3).all(0..3, |fleet, number| fleet.in_state(number, Standby)).count();
    assert_eq!((all.total, all.floor, all.on_standby.len()), (0, 0, 3));
}

/// Only a look from a moment ago that shows it out of rotation says that it stands by.
#[test]
fn what_is_not_known_to_stand_by_counts_as_out() {
    type Change = fn(Fleet) -> Fleet;
    let table: [(&str, Change, usize); 8] = [
        ("seen out of rotation", |fleet| fleet, 1),
        ("seen long ago", |fleet| fleet.seen(0, Health::OutOfRotation, 300), 0),
        ("never seen", |fleet| fleet.unseen(0), 0),
        ("its health check fails", |fleet| fleet.seen(0, Health::Failing, 0), 0),
        ("seen in service", |fleet| fleet.seen(0, Health::Serving, 0), 0),
        ("under work", |fleet| fleet.locked(0, "bbbb", LockStanding::Working), 1),
        ("left behind", |fleet| fleet.locked(0, "bbbb", LockStanding::LeftBehind), 0),
        ("half-way back", |fleet| fleet.in_state(0, Undraining), 0),
    ];
    for (what, change, standing_by) in table {
        let count = change(Fleet::of(10).in_state(0, Standby)).count();
        let total = 10 - u32::try_from(standing_by).expect("few");
        assert_eq!((count.total, count.on_standby.len(), count.serving), (total, standing_by, 9), "{what}");
        assert_eq!(count.out.len(), 1 - standing_by, "{what}");
    }
}

/// One server of a small pool that is not seen makes the pool not known; the dead one beside it can be cured all the same.
#[test]
fn what_is_not_known_of_others_does_not_keep_a_dead_server_from_its_cure() {
    let fleet = Fleet::of(5).seen(0, Health::Failing, 0).unseen(1);
    assert_eq!(fleet.blocks(0), ["allow"]);
    assert_eq!(fleet.blocks(2), ["unknown"], "one that serves waits");
    assert_eq!(fleet.blocks(1), ["unknown"], "and so does the one that is not seen");
    for state in [Drained, Standby] {
        assert_eq!(fleet.clone().in_state(0, state).blocks(0), ["allow"], "{state:?}");
    }
    let table = [
        ("dead long ago", fleet.clone().seen(0, Health::Failing, 300)),
        ("drained, and not seen since", fleet.clone().in_state(0, Drained).seen(0, Health::OutOfRotation, 300)),
        ("drained, and never seen", fleet.clone().in_state(0, Drained).unseen(0)),
    ];
    for (what, fleet) in table {
        assert_eq!(fleet.blocks(0), ["unknown"], "{what}: whether it serves must be known");
    }
    let serves = fleet.clone().in_state(0, Drained).seen(0, Health::Serving, 0);
    assert_eq!(serves.blocks(0), ["unknown", "serves"]);
    assert_eq!(
        fleet.seen(0, Health::OutOfRotation, 0).blocks(0),
        ["taken out"],
        "by somebody else: that is asked first"
    );
}
