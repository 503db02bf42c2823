//! Brakes and seen members: each write, the "no" of what it relies on, and that a reservation sees them.

use super::values::*;
use super::{commit, does, is_stale, on_every_store};
use wrasse::admission::{Brake, BrakeKind, Ledger};
use wrasse::domain::command::Touch;
use wrasse::domain::ids::{BrakeId, OperationId};
use wrasse::ports::Store;
use wrasse::ports::store::{Committed, SeenMember, Write};

fn may_act(name: &str, touch: Touch, millis: i64) -> Write {
    Write::MayAct { server: Some(server(name)), touch, at: at(millis) }
}

fn may_act_anywhere(millis: i64) -> Write {
    Write::MayAct { server: None, touch: Touch::Changes, at: at(millis) }
}

async fn ids(store: &dyn Store) -> Vec<String> {
    let on = store.brakes().await.unwrap();
    assert_eq!(store.ledger().await.unwrap().brakes, on, "the ledger has the same");
    on.iter().map(|brake| brake.id.to_string()).collect()
}

#[tokio::test]
async fn what_is_put_on_is_read_back_until_it_is_taken_off() {
    on_every_store(async |store| {
        let all = brake_kinds();
        let all: Vec<Brake> = (0..).zip(all).map(|(n, kind)| brake(&format!("b{n}"), kind, 10 + n, None)).collect();
        for one in &all {
            does(store, &format!("on {}", one.id), vec![Write::BrakeOn(one.clone())]).await;
        }
        assert_eq!(store.brakes().await.unwrap(), all, "in the order in which they were put on");
        does(store, "off", vec![brake_off("b3", 50)]).await;
        assert_eq!(ids(store).await, ["b0", "b1", "b2", "b4", "b5", "b6", "b7"]);
        let (held, end) = store.brake(&BrakeId::new("b3")).await.unwrap().unwrap();
        assert_eq!((held, end), (all[3].clone(), Some(brake_end(50))));
        assert_eq!(store.brake(&all[0].id).await.unwrap(), Some((all[0].clone(), None)));
        assert_eq!(store.brake(&BrakeId::new("never")).await.unwrap(), None);
        is_stale(store, "off twice", brake_off("b3", 60)).await;
        is_stale(store, "off what was never on", brake_off("never", 60)).await;
        is_stale(store, "on again", Write::BrakeOn(all[3].clone())).await;
    })
    .await;
}

#[tokio::test]
async fn everything_is_stopped_once_and_what_relies_on_no_stop_is_stale() {
    on_every_store(async |store| {
        does(store, "not stopped", vec![may_act("s-1", Touch::Changes, 1)]).await;
        does(store, "stop", vec![Write::BrakeOn(brake("one", BrakeKind::STOP, 1, None))]).await;
        is_stale(store, "stop twice", Write::BrakeOn(brake("two", BrakeKind::STOP, 2, None))).await;
        is_stale(store, "begin something", may_act("s-1", Touch::Changes, 2)).await;
        does(store, "give back", vec![may_act("s-1", Touch::GivesBack, 2)]).await;
        does(store, "resume", vec![brake_off("one", 3)]).await;
        does(store, "begin", vec![may_act("s-1", Touch::Changes, 3)]).await;
        does(store, "stop anew", vec![Write::BrakeOn(brake("three", BrakeKind::STOP, 4, None))]).await;
        assert_eq!(ids(store).await, ["three"]);
    })
    .await;
}

/// A hard stop is put on beside the other, once, and forbids to give back; going on relies on nothing else stopping.
#[tokio::test]
async fn a_hard_stop_is_put_on_once_and_nothing_may_be_given_back() {
    on_every_store(async |store| {
        let hard = |id: &str, since| Write::BrakeOn(brake(id, BrakeKind::HARD_STOP, since, None));
        does(store, "stop", vec![Write::BrakeOn(brake("one", BrakeKind::STOP, 1, None))]).await;
        does(store, "stop hard", vec![hard("two", 2)]).await;
        is_stale(store, "stop hard twice", hard("three", 3)).await;
        for touch in [Touch::Changes, Touch::GivesBack] {
            is_stale(store, &format!("do it: {touch:?}"), may_act("s-1", touch, 4)).await;
        }
        does(store, "look", vec![may_act("s-1", Touch::Looks, 4)]).await;
        let relies = may_act_anywhere(5);
        let half = vec![brake_off("one", 5), relies.clone()];
        assert_eq!(commit(store, "resume past the other", half).await, Committed::Stale);
        assert_eq!(ids(store).await, ["one", "two"], "nothing of it is written");
        does(store, "resume", vec![brake_off("one", 6), brake_off("two", 6), relies]).await;
        does(store, "give back", vec![may_act("s-1", Touch::GivesBack, 7)]).await;
    })
    .await;
}

/// A hold forbids what is done to its own server, until its time is over.
#[tokio::test]
async fn what_a_person_holds_is_left_alone_until_it_is_over() {
    on_every_store(async |store| {
        let held = brake_kinds()[3].clone();
        does(store, "hold", vec![Write::BrakeOn(brake("one", held, 1, Some(20)))]).await;
        for (touch, may) in [(Touch::Looks, true), (Touch::GivesBack, false), (Touch::Changes, false)] {
            let done = commit(store, &format!("at ten: {touch:?}"), vec![may_act("s-1", touch, 10)]).await;
            assert_eq!(done == Committed::Done, may, "{touch:?}");
        }
        does(store, "another", vec![may_act("s-2", Touch::Changes, 10)]).await;
        does(store, "none", vec![may_act_anywhere(10)]).await;
        does(store, "later", vec![may_act("s-1", Touch::Changes, 20)]).await;
    })
    .await;
}

/// What is over by the clock is put away when something else is put on, and nobody has taken it off.
#[tokio::test]
async fn what_is_over_by_the_clock_is_put_away() {
    on_every_store(async |store| {
        let kinds = brake_kinds();
        does(store, "short", vec![Write::BrakeOn(brake("short", kinds[1].clone(), 10, Some(20)))]).await;
        does(store, "long", vec![Write::BrakeOn(brake("long", kinds[2].clone(), 19, Some(40)))]).await;
        assert_eq!(ids(store).await, ["short", "long"]);
        does(store, "later", vec![Write::BrakeOn(brake("later", kinds[5].clone(), 20, None))]).await;
        assert_eq!(ids(store).await, ["long", "later"]);
        assert_eq!(store.brake(&BrakeId::new("short")).await.unwrap().unwrap().1, None);
        is_stale(store, "off what is over", brake_off("short", 21)).await;
    })
    .await;
}

/// The stop is read in the transaction that reserves, so that none comes between the look and the lock.
#[tokio::test]
async fn a_reservation_sees_the_stop_under_its_lock() {
    on_every_store(async |store| {
        let decide = |ledger: &Ledger| match ledger.stop() {
            Some(_) => Vec::new(),
            None => vec![Write::Lock(lock("s-1", &run_id(1)))],
        };
        does(store, "stop", vec![Write::BrakeOn(brake("one", BrakeKind::STOP, 1, None))]).await;
        let done = store.reserve(OperationId::new("reserve stopped"), &[], &decide).await.unwrap();
        assert_eq!(done, Committed::Done);
        assert_eq!(store.ledger().await.unwrap().lock(&server("s-1")), None);
        does(store, "resume", vec![brake_off("one", 2)]).await;
        store.reserve(OperationId::new("reserve"), &[], &decide).await.unwrap();
        assert!(store.ledger().await.unwrap().lock(&server("s-1")).is_some());
    })
    .await;
}

#[tokio::test]
async fn a_member_is_known_as_they_were_last_seen() {
    on_every_store(async |store| {
        let seen = |name: &str, millis: i64| SeenMember { person: person("U0BOB"), name: name.into(), at: at(millis) };
        assert_eq!(store.member_seen(&person("U0BOB")).await.unwrap(), None);
        does(store, "see", vec![Write::MemberSeen(seen("bob", 1))]).await;
        assert_eq!(commit(store, "see again", vec![Write::MemberSeen(seen("bobby", 2))]).await, Committed::Done);
        assert_eq!(store.member_seen(&person("U0BOB")).await.unwrap(), Some(seen("bobby", 2)));
        assert_eq!(store.member_seen(&person("U0ANA")).await.unwrap(), None);
    })
    .await;
}
