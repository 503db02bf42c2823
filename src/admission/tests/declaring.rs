//! What a person's word makes of a server: a table for each thing that it depends on, and what it never does to a pool.

use super::*;
use crate::domain::declaration::Declared;
use crate::domain::identity::PersonId;
use crate::domain::server::ProductionState::{Maintenance, Repair};
use proptest::prelude::*;

pub(super) fn bob() -> Declarer {
    Declarer { id: PersonId::new("T0", "U0BOB"), name: "bob".into(), why: "its PSU is dead".into() }
}

impl Fleet {
    /// The one way in: what that word makes of a server now.
    fn said(&self, number: usize, declared: Declared) -> Result<StateChange, Objection> {
        let inventory = self.inventory();
        declare(&self.servers[number], declared, &bob(), self.known(&inventory))
    }

    /// The same, in short.
    fn fits(&self, number: usize, declared: Declared) -> String {
        match self.said(number, declared) {
            Ok(change) => change.row.state.word().to_owned(),
            Err(Objection::UnderWork(run)) => format!("under work by {run}"),
            Err(Objection::Serves { state, .. }) => format!("{} and serves", state.word()),
            Err(Objection::NotSeen { state, .. }) => format!("{} and not seen", state.word()),
            Err(Objection::Already { by, .. }) => format!("said by {}", by.name),
            Err(Objection::NotOut(state)) => format!("only {}", state.word()),
            Err(Objection::NotDrained(state)) => format!("not drained but {}", state.word()),
            Err(Objection::LeftBehind(run)) => format!("left behind by {run}"),
            Err(Objection::NoPool) => "no pool".to_owned(),
        }
    }

    /// In that state by somebody's word.
    pub(super) fn in_word(mut self, number: usize, state: ProductionState) -> Self {
        let row = StateRow { server: id(number), state, by: SetBy::Person(bob()), taken_by: None, since: NOW };
        self.ledger.states.insert(id(number), row);
        self
    }

    /// As it is once those changes are made.
    fn with(mut self, changes: &[StateChange]) -> Self {
        self.ledger = declared(&self.ledger, changes);
        self
    }
}

#[test]
fn only_what_does_not_serve_is_called_broken() {
    use Health::{Failing, OutOfRotation, Serving};
    let table = [
        // State, what was seen and how many seconds ago, and what comes of it.
        (Production, Some((Serving, 0)), "production and serves"),
        (Production, Some((Serving, 500)), "production and serves"),
        (Production, Some((Failing, 0)), "repair"),
        (Production, Some((OutOfRotation, 120)), "repair"),
        (Production, Some((OutOfRotation, 121)), "production and not seen"),
        (Production, None, "production and not seen"),
        (Draining, Some((Serving, 0)), "draining and serves"),
        (Draining, Some((OutOfRotation, 0)), "repair"),
        (Undraining, None, "undraining and not seen"),
        (Drained, None, "repair"),
        (Drained, Some((OutOfRotation, 500)), "repair"),
        (Drained, Some((Serving, 0)), "drained and serves"),
        (Standby, Some((OutOfRotation, 0)), "repair"),
        (Maintenance, Some((OutOfRotation, 0)), "repair"),
        (Maintenance, Some((Serving, 0)), "maintenance and serves"),
        // The inventory's word alone: nobody has taken it on yet.
        (Repair, Some((Failing, 0)), "repair"),
    ];
    for (state, look, expected) in table {
        let fleet = Fleet::of(10).in_state(0, state).unseen(0);
        let fleet = match look {
            Some((health, ago)) => fleet.seen(0, health, ago),
            None => fleet,
        };
        assert_eq!(fleet.fits(0, Declared::Repair), expected, "{state:?} {look:?}");
        let otherwise = if expected == "repair" { "maintenance" } else { expected };
        assert_eq!(fleet.fits(0, Declared::Maintenance), otherwise, "{state:?} {look:?}");
    }
}

#[test]
fn only_what_was_called_so_is_ready_and_it_is_still_out() {
    for state in ProductionState::ALL {
        let expected = match state {
            Maintenance | Repair => "drained".to_owned(),
            Production | Draining | Drained | Undraining | Standby => format!("only {}", state.word()),
        };
        for fleet in [Fleet::of(10).in_state(0, state), Fleet::of(10).in_word(0, state)] {
            let fleet = fleet.seen(0, Health::OutOfRotation, 0);
            assert_eq!(fleet.fits(0, Declared::Ready), expected, "{state:?}");
        }
    }
    let seen = Fleet::of(10).in_word(0, Repair);
    assert_eq!(seen.fits(0, Declared::Ready), "drained", "seen in service: that is how it is cured");
}

/// What stands by may be put into production without anybody's look, so it must be known to be out, and by a run or a word
/// that left it well.
#[test]
fn only_what_is_drained_and_seen_so_stands_by() {
    use Health::{Failing, OutOfRotation, Serving};
    let table = [
        (Drained, Some((OutOfRotation, 120)), "standby"),
        (Drained, Some((OutOfRotation, 121)), "drained and not seen"),
        (Drained, Some((Serving, 0)), "drained and serves"),
        (Drained, Some((Failing, 0)), "drained and serves"),
        (Drained, None, "drained and not seen"),
        (Production, Some((OutOfRotation, 0)), "not drained but production"),
        (Draining, Some((OutOfRotation, 0)), "not drained but draining"),
        (Undraining, Some((OutOfRotation, 0)), "not drained but undraining"),
        (Standby, Some((OutOfRotation, 0)), "not drained but standby"),
        (Maintenance, Some((OutOfRotation, 0)), "not drained but maintenance"),
        (Repair, Some((OutOfRotation, 0)), "not drained but repair"),
    ];
    for (state, look, expected) in table {
        let fleet = Fleet::of(10).in_state(0, state).unseen(0);
        let fleet = look.map_or(fleet.clone(), |(health, ago)| fleet.seen(0, health, ago));
        assert_eq!(fleet.fits(0, Declared::Standby), expected, "{state:?} {look:?}");
    }
    let fleet = Fleet::of(10).in_state(0, Drained).seen(0, OutOfRotation, 0);
    let left = fleet.clone().locked(0, "bbbb", LockStanding::LeftBehind);
    assert_eq!(left.fits(0, Declared::Standby), "left behind by run-bbbb.1");
    let change = fleet.said(0, Declared::Standby).expect("it is drained");
    let ledger = fleet.clone().seen(0, Serving, 0).ledger;
    assert!(!change.holds(ledger.states.get(&id(0)), None, ledger.health.get(&id(0))), "it serves by now");
    let said = fleet.with(&[change]);
    assert_eq!(said.fits(0, Declared::Standby), "said by bob");
}

#[test]
fn what_somebody_has_said_is_not_said_twice_and_the_other_word_is_another_thing() {
    let fleet = Fleet::of(10).in_word(0, Repair).seen(0, Health::Failing, 0);
    assert_eq!(fleet.fits(0, Declared::Repair), "said by bob");
    assert_eq!(fleet.fits(0, Declared::Maintenance), "maintenance");
    let left = fleet.locked(0, "bbbb", LockStanding::LeftBehind);
    assert_eq!(left.fits(0, Declared::Repair), "repair", "a run has failed on it since");
}

#[test]
fn a_server_at_work_is_its_runs_and_one_left_behind_is_taken_over() {
    let fleet = Fleet::of(10).in_state(0, Drained).seen(0, Health::OutOfRotation, 0);
    for standing in [LockStanding::Working, LockStanding::Parked] {
        let held = fleet.clone().locked(0, "bbbb", standing);
        for declared in Declared::ALL {
            assert_eq!(held.fits(0, declared), "under work by run-bbbb.1", "{standing:?}");
        }
    }
    // It was left half-way: what is known is that it does not serve.
    for state in [Drained, Draining, Undraining] {
        let left = fleet.clone().in_state(0, state).locked(0, "bbbb", LockStanding::LeftBehind);
        let change = left.said(0, Declared::Repair).expect("it is out");
        assert_eq!(change.takes_over, Some(run_of("bbbb", 1)));
        let after = left.with(&[change]);
        assert_eq!((after.ledger.lock(&id(0)), after.count().total), (None, 9));
    }
    let mut apart = fleet;
    apart.servers[0].pool = None;
    assert_eq!(apart.fits(0, Declared::Repair), "no pool");
}

/// What was decided on a look is written only if that is still so.
#[test]
fn a_word_relies_on_what_it_was_decided_on() {
    let fleet = Fleet::of(10).in_state(0, Drained).seen(0, Health::OutOfRotation, 0);
    let fleet = fleet.locked(0, "bbbb", LockStanding::LeftBehind);
    let change = fleet.said(0, Declared::Repair).expect("it is out");
    let holds = |fleet: &Fleet| {
        let ledger = &fleet.ledger;
        change.holds(ledger.states.get(&id(0)), ledger.lock(&id(0)), ledger.health.get(&id(0)))
    };
    assert!(holds(&fleet));
    assert!(holds(&fleet.clone().seen(0, Health::Failing, 0)), "out is out");
    assert!(holds(&fleet.clone().unseen(0)));
    assert!(!holds(&fleet.clone().seen(0, Health::Serving, 0)), "it serves by now");
    assert!(!holds(&fleet.clone().locked(0, "bbbb", LockStanding::Working)), "a run works on it");
    assert!(!holds(&fleet.clone().locked(0, "bbbb", LockStanding::Parked)), "a run has it");
    assert!(!holds(&fleet.clone().locked(0, "cccc", LockStanding::LeftBehind)), "another run failed on it since");
    assert!(!holds(&fleet.clone().in_state(0, Standby)), "its state is another");
    assert!(!holds(&fleet.clone().in_word(0, Drained)), "by somebody else's word");
    let mut free = fleet.clone();
    free.ledger.locks.clear();
    assert!(!holds(&free), "it was put back and is free");
    let ready = Fleet::of(10).in_word(0, Repair).seen(0, Health::Serving, 0);
    let change = ready.said(0, Declared::Ready).expect("it is in repair");
    let ledger = &ready.ledger;
    assert!(change.holds(ledger.states.get(&id(0)), None, ledger.health.get(&id(0))), "it is to come back anyway");
}

#[test]
fn what_is_in_repair_leaves_the_total_and_what_is_in_maintenance_does_not() {
    let fleet = Fleet::of(20).seen(0, Health::Failing, 0).seen(1, Health::Failing, 0);
    let count = fleet.count();
    assert_eq!((count.serving, count.total, count.floor), (18, 20, 18));
    assert_eq!(fleet.blocks(2), ["capacity"]);
    let maintenance = fleet.clone().in_word(0, Maintenance).in_word(1, Maintenance).count();
    assert_eq!((maintenance.serving, maintenance.total, maintenance.floor), (18, 20, 18));
    let repair = fleet.in_word(0, Repair).in_word(1, Repair);
    let count = repair.count();
    assert_eq!((count.serving, count.total, count.floor, count.in_repair.len()), (18, 18, 17, 2));
    assert!(repair.is_allowed(2), "one of the eighteen may go");
    let inventory = Fleet::of(20).seen(0, Health::Failing, 0).in_state(0, Repair).count();
    assert_eq!((inventory.total, inventory.in_repair.len()), (20, 0), "nobody has taken it on");
    let all = Fleet::of(3).all(0..3, |fleet, number| fleet.seen(number, Health::Failing, 0).in_word(number, Repair));
    assert_eq!((all.count().total, all.count().floor), (0, 0));
}

/// A load balancer that sees it in service is believed as far as that it does not leave; it serves all the same to nobody.
#[test]
fn a_contradiction_counts_against_both() {
    let fleet = Fleet::of(20).in_word(0, Repair);
    let count = fleet.count();
    assert_eq!((count.serving, count.total, count.floor), (19, 20, 18));
    assert_eq!(count.out[0].why, "repair, but seen in service");
    assert_eq!(count.out[0].said_by.as_deref(), Some("bob"));
    let inventory = fleet.inventory();
    let out = out(&fleet.servers[0], fleet.known(&inventory)).expect("it is out");
    assert_eq!((out.why, out.by), (OutWhy::Contradicted, Some(SetBy::Person(bob()))));
    for (state, expected) in [(Drained, true), (Standby, true), (Draining, false), (Production, false)] {
        let fleet = Fleet::of(20).in_state(0, state).seen(0, Health::Serving, 0);
        assert_eq!(fleet.ledger.is_contradicted(&fleet.servers[0]), expected, "{state:?}");
    }
    let worked_on =
        Fleet::of(20).in_state(0, Drained).seen(0, Health::Serving, 0).locked(0, "bbbb", LockStanding::Working);
    assert!(!worked_on.ledger.is_contradicted(&worked_on.servers[0]), "a run is putting it back");
}

#[test]
fn a_command_that_does_not_take_it_says_whose_word_it_is() {
    let Verdict::Deny(why) = Fleet::of(10).in_word(0, Repair).check(0) else { panic!("it is in repair") };
    assert_eq!(why, "it is in repair, says bob since 2025-11-30 14:05 UTC: its PSU is dead");
}

/// What somebody called ready comes back from a repair, so a freeze keeps it as it keeps any change.
#[test]
fn only_what_a_run_took_out_is_given_back() {
    let mut undrain = reboot();
    undrain.steps = vec![StepSpec::Undrain { timeout: SECOND.into() }];
    let brake = Brake {
        id: crate::domain::ids::BrakeId::new("b"),
        kind: BrakeKind::Freeze { on: Coverage::everything() },
        by: bob().id,
        name: "cid".into(),
        since: NOW,
        why: "a live match".into(),
        until: Some(NOW.plus(SECOND)),
    };
    for (fleet, expected) in
        [(Fleet::of(10).in_state(0, Drained), "allow"), (Fleet::of(10).in_word(0, Drained), "frozen")]
    {
        let mut fleet = Fleet { spec: undrain.clone(), ..fleet.seen(0, Health::OutOfRotation, 0) };
        fleet.ledger.brakes.push(brake.clone());
        assert_eq!(fleet.blocks(0), [expected]);
    }
}

/// Who took a server out stays known whatever works on it meanwhile, and who did not does not become who did.
#[test]
fn a_run_takes_out_only_what_served() {
    let (server, first, second) = (id(0), run_of("aaaa", 1), run_of("bbbb", 1));
    let after =
        |run, found, state, before: Option<&StateRow>| StateRow::of_run((&server, run), (found, state), before, NOW);
    for state in [Draining, Drained, Undraining] {
        assert_eq!(after(&first, Production, state, None).taken_by.as_ref(), Some(&first), "{state:?}");
        assert_eq!(after(&first, Standby, state, None).taken_by, None, "{state:?}: it did not serve");
    }
    let drained = after(&first, Production, Drained, None);
    let worked_on = after(&second, Drained, Drained, Some(&after(&second, Drained, Draining, Some(&drained))));
    assert_eq!((worked_on.by.run(), worked_on.taken_by.as_ref()), (Some(&second), Some(&first)));
    assert_eq!(after(&second, Drained, Production, Some(&worked_on)).taken_by, None, "it is back");
    let ready = StateRow { server: id(0), state: Drained, by: SetBy::Person(bob()), taken_by: None, since: NOW };
    assert_eq!(after(&second, Drained, Drained, Some(&ready)).taken_by, None, "bob's word stands");
}

fn any_server(fleet: Fleet, number: usize, (state, look, word, lock): (usize, usize, bool, usize)) -> Fleet {
    let state = ProductionState::ALL[state];
    let fleet = if word { fleet.in_word(number, state) } else { fleet.in_state(number, state) };
    let fleet = match look {
        0 => fleet.unseen(number),
        1 => fleet.seen(number, Health::Failing, 0),
        2 => fleet.seen(number, Health::OutOfRotation, 300),
        _ => fleet.seen(number, Health::Serving, 0),
    };
    match lock {
        0 => fleet.locked(number, "bbbb", LockStanding::Working),
        1 => fleet.locked(number, "bbbb", LockStanding::LeftBehind),
        2 => fleet.locked(number, "bbbb", LockStanding::Parked),
        _ => fleet,
    }
}

proptest! {
    /// Whatever anybody says of a pool, nothing that serves stops counting as serving, and nothing starts to; and a pool with
    /// servers in repair is counted as one that does not have them.
    #[test]
    fn no_word_changes_who_serves(
        servers in prop::collection::vec((0..ProductionState::ALL.len(), 0_usize..6, any::<bool>(), 0_usize..5), 1..24),
        words in prop::collection::vec((0_usize..24, 0..Declared::ALL.len()), 1..12),
    ) {
        let total = servers.len();
        let mut fleet = servers.into_iter().enumerate().fold(Fleet::of(total), |fleet, (number, one)| any_server(fleet, number, one));
        for (number, word) in words {
            let (before, number) = (fleet.count(), number % total);
            let Ok(change) = fleet.said(number, Declared::ALL[word]) else { continue };
            fleet = fleet.with(&[change]);
            let after = fleet.count();
            prop_assert_eq!(after.serving, before.serving);
            prop_assert!(after.total.abs_diff(before.total) <= 1);
            prop_assert!(after.floor.abs_diff(before.floor) <= 1, "{} to {}", before.floor, after.floor);
            let mut without = fleet.clone();
            without.servers.retain(|server| after.in_repair.iter().all(|out| out.name != server.name));
            if !without.servers.is_empty() {
                let without = without.count();
                prop_assert_eq!((without.total, without.serving, without.floor), (after.total, after.serving, after.floor));
            }
        }
    }
}
