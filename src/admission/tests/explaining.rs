//! What is explained is what is decided: on any snapshot, for any servers.

use super::waves::request;
use super::*;
use crate::domain::ids::Epoch;
use crate::domain::plan::Subject;
use crate::workflow::Request;
use crate::workflow::run::{Run, RunEvent};
use proptest::prelude::*;

/// What is known of one server.
fn standing() -> impl Strategy<Value = (usize, Option<LockStanding>, Option<ProductionState>)> {
    let standings = [LockStanding::Working, LockStanding::Parked, LockStanding::LeftBehind].map(Some);
    let lock = prop_oneof![1 => Just(None), 3 => prop::sample::select(standings.to_vec())];
    let state =
        prop_oneof![2 => Just(None), 1 => prop_oneof![Just(Drained), Just(Draining), Just(Standby)].prop_map(Some)];
    (0_usize..5, lock, state)
}

pub(super) fn runs(request: &Request) -> Vec<Run> {
    let planned = (1..).zip(request.plan.parts().subjects.clone());
    let run = |(number, subject): (u32, Subject)| {
        let wave = u32::try_from(request.plan.wave_of(number)).expect("few waves");
        Run::replay(request.id().run(number), Epoch(0), &[RunEvent::Planned { subject, wave }]).expect("it is planned")
    };
    planned.map(run).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_explained_is_what_is_decided(
        standings in prop::collection::vec(standing(), 4..14),
        asked in 1_u32..5,
        out_max in 0_u8..60,
        fleet_concurrency in 0_u32..6,
    ) {
        let mut fleet = Fleet::of(standings.len());
        fleet.rules.pool_out_max_percent = out_max;
        fleet.rules.fleet_concurrency = fleet_concurrency;
        for (number, (health, lock, state)) in standings.iter().enumerate() {
            fleet = match health {
                0 => fleet.unseen(number),
                1 => fleet.seen(number, Health::Failing, 1),
                2 => fleet.seen(number, Health::Serving, 500),
                _ => fleet,
            };
            fleet = match state {
                Some(state) => fleet.in_state(number, *state),
                None => fleet,
            };
            fleet = match lock {
                Some(standing) => fleet.locked(number, "bbbb", *standing),
                None => fleet,
            };
        }
        let request = request(&[asked, 2]);
        let (runs, inventory) = (runs(&request), fleet.inventory());
        let explained = explain(&request, &runs, fleet.known(&inventory));
        prop_assert_eq!(explained.turn, Turn::Due);
        prop_assert_eq!(explained.later, 2);

        // The same once more, server by server, by the one question that a decision asks.
        let (mut told, mut free, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        let mut ledger = fleet.ledger.clone();
        for (number, run) in runs.iter().enumerate().take(asked as usize) {
            let server = planned(&server(number));
            let candidate = Candidate { run: &run.id, server: &server, spec: &request.spec, version: None, asked_by: Asker::Person, passes: PolicySet::NONE };
            match evaluate(candidate, fleet.known(&inventory).with_ledger(&ledger)) {
                Verdict::Wait(reasons) => told.extend(reasons.into_iter().map(|reason| (server.name.clone(), reason))),
                Verdict::Deny(why) => left_out.push((server.name.clone(), why)),
                Verdict::Allow(admitted) => {
                    free.push(server.name.clone());
                    ledger.locks.insert(server.id.clone(), admitted.lock(candidate, NOW));
                }
            }
        }
        prop_assert_eq!(&explained.free, &free);
        prop_assert_eq!(&explained.left_out, &left_out);
        let blockers = explained.reasons.iter().map(|reason| reason.blocker.clone()).collect::<Vec<_>>();
        prop_assert_eq!(blockers, merged(told.iter().map(|(_, reason)| reason.clone()).collect()));
        for (name, _) in &told {
            let blocks = |reason: &Reason| reason.servers.contains(name);
            prop_assert!(explained.reasons.iter().any(blocks), "{} waits, and nothing says why", name);
        }
        for reason in &explained.reasons {
            prop_assert!(!reason.servers.is_empty(), "{:?} blocks nobody", reason);
        }
    }
}

/// Who holds what is missing is told with how many and since when, the oldest first.
#[test]
fn holders_are_told_with_their_age() {
    let mut fleet = Fleet::of(10).locked(3, "bbbb", LockStanding::Working).locked(4, "cccc", LockStanding::Working);
    fleet.rules.fleet_concurrency = 2;
    if let Some(lock) = fleet.ledger.locks.get_mut(&id(4)) {
        lock.since = NOW.minus(60 * SECOND);
    }
    let request = request(&[1]);
    let inventory = fleet.inventory();
    let explained = explain(&request, &runs(&request), fleet.known(&inventory));
    let holders = explained.reasons.iter().flat_map(|reason| &reason.holders);
    let told = holders.map(|holder| (holder.request.to_string(), holder.servers, NOW.since(holder.since).as_secs()));
    assert_eq!(told.collect::<Vec<_>>(), [("req-cccc".to_owned(), 1, 60), ("req-bbbb".to_owned(), 1, 0)]);
}
