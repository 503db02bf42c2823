//! Envelopes, requests, runs, locks, controls and reservations: each write, and the "no" of what it relies on.

use super::values::*;
use super::{commit, does, is_stale, on_every_store, operation};
use std::sync::atomic::{AtomicUsize, Ordering};
use wrasse::admission::{ByServer, Health, Lock, LockStanding};
use wrasse::domain::command::CommandName;
use wrasse::domain::identity::{Actor, PersonId};
use wrasse::domain::ids::{Epoch, Fingerprint, Handle, OperationId, RequestId, RunId, Version};
use wrasse::domain::server::ProductionState;
use wrasse::ports::Store;
use wrasse::ports::store::{Committed, Home, Write};
use wrasse::workflow::request::RequestStage;
use wrasse::workflow::run::RunStage;

#[tokio::test]
async fn an_envelope_is_kept_once_and_settled_once() {
    on_every_store(async |store| {
        store.keep(envelope("event:late", 20)).await.unwrap();
        store.keep(envelope("event:early", 10)).await.unwrap();
        let again = wrasse::ports::chat::Envelope { raw: "another".into(), ..envelope("event:late", 99) };
        store.keep(again).await.unwrap();
        let open = store.open_envelopes(10).await.unwrap();
        assert_eq!(open, [envelope("event:early", 10), envelope("event:late", 20)]);
        assert_eq!(store.open_envelopes(1).await.unwrap(), [envelope("event:early", 10)]);

        does(store, "settle", vec![settled("event:early")]).await;
        assert_eq!(store.open_envelopes(10).await.unwrap(), [envelope("event:late", 20)]);
        is_stale(store, "settle twice", settled("event:early")).await;
        is_stale(store, "settle what never came", settled("event:never")).await;
        store.keep(envelope("event:early", 30)).await.unwrap();
        assert_eq!(store.open_envelopes(10).await.unwrap().len(), 1, "a settled envelope came back");
    })
    .await;
}

#[tokio::test]
async fn a_repeated_operation_is_recognised_and_changes_nothing() {
    on_every_store(async |store| {
        let id = request_id("2mq9");
        let accept = vec![request_events(&id, 0, vec![accepted(&id)])];
        assert_eq!(commit(store, "accept", accept.clone()).await, Committed::Done);
        assert_eq!(commit(store, "accept", accept).await, Committed::AlreadyDone);
        let other = vec![Write::Control(control("h-1"))];
        assert_eq!(commit(store, "accept", other).await, Committed::AlreadyDone);
        assert_eq!(store.control(&Handle::new("h-1")).await.unwrap(), None);
        assert_eq!(store.request(&id).await.unwrap().unwrap().version, Version(1));
    })
    .await;
}

#[tokio::test]
async fn a_request_goes_on_only_from_the_version_that_was_seen() {
    on_every_store(async |store| {
        let (first, second) = (request_id("zzzz"), request_id("2mq9"));
        assert_eq!(store.request(&first).await.unwrap(), None);
        is_stale(store, "goes on unmade", request_events(&first, 1, vec![card_posted("1.0")])).await;
        does(store, "accept first", vec![request_events(&first, 0, vec![accepted(&first)])]).await;
        does(store, "accept second", vec![request_events(&second, 0, vec![accepted(&second)])]).await;
        is_stale(store, "accept twice", request_events(&first, 0, vec![accepted(&first)])).await;
        does(store, "card", vec![request_events(&first, 1, vec![card_posted("1.0")])]).await;
        is_stale(store, "card twice", request_events(&first, 1, vec![card_posted("1.0")])).await;
        is_stale(store, "card too early", request_events(&first, 3, vec![card_posted("1.0")])).await;

        let request = store.request(&first).await.unwrap().unwrap();
        assert_eq!((request.version, &request.stage), (Version(2), &RequestStage::Queued));
        assert_eq!(open_ids(store).await, [first.clone(), second.clone()], "in the order of acceptance");
        does(store, "end", vec![request_events(&first, 2, vec![request_ended(9)])]).await;
        assert_eq!(open_ids(store).await, [second]);
        assert!(store.request(&first).await.unwrap().unwrap().is_over());
    })
    .await;
}

/// Whoever saw no other request that does the same work is told if one came meanwhile.
#[tokio::test]
async fn what_relies_on_no_younger_request_is_stale_once_there_is_one() {
    on_every_store(async |store| {
        let (first, second) = (request_id("zzzz"), request_id("2mq9"));
        let younger = |than: Option<&RequestId>| Write::NoYoungerRequest { than: than.cloned() };
        does(store, "none at all", vec![younger(None), request_events(&first, 0, vec![accepted(&first)])]).await;
        is_stale(store, "there is one", younger(None)).await;
        does(store, "none after it", vec![younger(Some(&first)), request_events(&second, 0, vec![accepted(&second)])])
            .await;
        is_stale(store, "one after it", younger(Some(&first))).await;
        is_stale(store, "none is known by that id", younger(Some(&request_id("7777")))).await;
        does(store, "card", vec![request_events(&second, 1, vec![card_posted("1.0")])]).await;
        does(store, "end", vec![request_events(&second, 2, vec![request_ended(9)])]).await;
        does(store, "over is not open", vec![younger(Some(&first))]).await;
    })
    .await;
}

#[tokio::test]
async fn a_person_is_shown_their_newest_requests() {
    on_every_store(async |store| {
        let ids = ["2mq9", "2mqb", "2mqc"].map(request_id);
        for id in &ids {
            does(store, &format!("accept {id}"), vec![request_events(id, 0, vec![accepted(id)])]).await;
        }
        does(store, "end", vec![request_events(&ids[2], 1, vec![request_ended(9)])]).await;
        let own = async |user: &str, limit: usize| {
            let own = store.requests_of(&PersonId::new("T0WRASSE", user), limit).await.unwrap();
            own.iter().map(|request| request.id().clone()).collect::<Vec<_>>()
        };
        assert_eq!(own("U0ANA", 2).await, [ids[2].clone(), ids[1].clone()], "newest first, over or not");
        assert_eq!(own("U0ANA", 9).await.len(), 3);
        assert_eq!(own("U0BOB", 9).await, []);
    })
    .await;
}

#[tokio::test]
async fn the_newest_requests_of_a_command_are_the_past_of_the_next() {
    on_every_store(async |store| {
        let ids = ["2mq9", "2mqb", "2mqc"].map(request_id);
        for id in &ids {
            does(store, &format!("accept {id}"), vec![request_events(id, 0, vec![accepted(id)])]).await;
        }
        does(store, "end", vec![request_events(&ids[1], 1, vec![request_ended(9)])]).await;
        let command = store.request(&ids[0]).await.unwrap().unwrap().spec.name.clone();
        let with = async |command: &CommandName, limit: usize| {
            let found = store.requests_with(command, limit).await.unwrap();
            found.iter().map(|request| request.id().clone()).collect::<Vec<_>>()
        };
        assert_eq!(with(&command, 2).await, [ids[2].clone(), ids[1].clone()], "newest first, over or not");
        assert_eq!(with(&command, 9).await.len(), 3);
        assert_eq!(with(&CommandName::new("nothing"), 9).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_home_remembers_when_it_was_opened_and_what_it_showed() {
    on_every_store(async |store| {
        let home = async |user: &str| store.home(&person(user)).await.unwrap();
        assert_eq!(home("U0ANA").await, None);
        is_stale(store, "shown unopened", home_shown("U0ANA", "nothing", 1)).await;
        does(store, "open", vec![home_opened("U0BOB", 20), home_opened("U0ANA", 10)]).await;
        assert_eq!(
            home("U0ANA").await.unwrap(),
            Home { person: Actor::recalled(person("U0ANA")), opened_at: at(10), shown: None }
        );
        does(store, "show", vec![home_shown("U0ANA", "one request", 11)]).await;
        does(store, "open again", vec![home_opened("U0ANA", 30)]).await;
        let again = home("U0ANA").await.unwrap();
        assert_eq!((again.opened_at, again.shown), (at(30), Some((Fingerprint::of(b"one request"), at(11)))));
        let since = async |millis: i64| {
            let homes = store.homes(at(millis)).await.unwrap();
            homes.iter().map(|home| home.person.user.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(since(20).await, ["U0ANA", "U0BOB"]);
        assert_eq!(since(21).await, ["U0ANA"]);
        assert_eq!(since(31).await, Vec::<String>::new());
    })
    .await;
}

async fn open_ids(store: &dyn Store) -> Vec<RequestId> {
    store.open_requests().await.unwrap().iter().map(|request| request.id().clone()).collect()
}

#[tokio::test]
async fn a_run_goes_on_only_from_its_version_and_under_its_epoch() {
    on_every_store(async |store| {
        let run = run_id(1);
        assert_eq!(store.run(&run).await.unwrap(), None);
        is_stale(store, "goes on unmade", run_events(&run, (1, 0), vec![admitted(1)], Some(1))).await;
        is_stale(store, "wakes unmade", wake(&run, 0, 5)).await;
        does(store, "plan", vec![run_events(&run, (0, 0), vec![planned()], None)]).await;
        is_stale(store, "plan twice", run_events(&run, (0, 0), vec![planned()], None)).await;
        does(store, "admit", vec![run_events(&run, (1, 0), vec![admitted(1)], Some(10))]).await;
        is_stale(store, "another version", run_events(&run, (1, 0), vec![step_begun()], Some(10))).await;
        is_stale(store, "another epoch", run_events(&run, (2, 1), vec![step_begun()], Some(10))).await;
        is_stale(store, "wakes under another epoch", wake(&run, 1, 5)).await;

        store.claim(at(50)).await.unwrap();
        is_stale(store, "under the old epoch", run_events(&run, (2, 0), vec![step_begun()], Some(10))).await;
        is_stale(store, "wakes under the old epoch", wake(&run, 0, 5)).await;
        does(store, "begin", vec![run_events(&run, (2, 1), vec![step_begun()], Some(70))]).await;
        let run = store.run(&run).await.unwrap().unwrap();
        assert_eq!((run.version, run.epoch), (Version(3), Epoch(1)));
        assert!(matches!(run.stage, RunStage::Acting { step: 0, .. }));
    })
    .await;
}

async fn due(store: &dyn Store, now: i64, limit: usize) -> Vec<u32> {
    store.due_runs(at(now), limit).await.unwrap().iter().map(|run| run.id.number).collect()
}

#[tokio::test]
async fn runs_are_due_at_their_time_the_longest_due_first() {
    on_every_store(async |store| {
        for (number, wake_at) in [(1, Some(30)), (2, Some(10)), (3, None), (11, Some(20)), (12, Some(20))] {
            let events = vec![planned(), admitted(1)];
            does(store, &format!("make {number}"), vec![run_events(&run_id(number), (0, 0), events, wake_at)]).await;
        }
        assert_eq!(due(store, 9, 10).await, Vec::<u32>::new());
        assert_eq!(due(store, 20, 10).await, [2, 11, 12]);
        assert_eq!(due(store, 99, 10).await, [2, 11, 12, 1]);
        assert_eq!(due(store, 99, 2).await, [2, 11]);
        assert_eq!(store.next_run_wake(at(20)).await.unwrap(), Some(at(30)));
        assert_eq!(store.next_run_wake(at(30)).await.unwrap(), None);
        let numbers =
            store.runs(&request_id("2mq9")).await.unwrap().iter().map(|run| run.id.number).collect::<Vec<_>>();
        assert_eq!(numbers, [1, 2, 3, 11, 12]);
        assert_eq!(store.runs(&request_id("zzzz")).await.unwrap(), []);

        does(store, "later", vec![wake(&run_id(2), 0, 40)]).await;
        does(store, "over", vec![run_events(&run_id(11), (2, 0), vec![run_ended(9)], Some(20))]).await;
        assert_eq!(due(store, 30, 10).await, [12, 1]);
        assert_eq!(store.next_run_wake(at(30)).await.unwrap(), Some(at(40)));
    })
    .await;
}

#[tokio::test]
async fn a_claim_takes_over_open_runs_and_wakes_those_at_work() {
    on_every_store(async |store| {
        let histories = [
            vec![planned()],
            vec![planned(), admitted(1)],
            vec![planned(), admitted(1), step_begun(), act_answered(), person_asked()],
            vec![planned(), admitted(1), run_ended(2)],
        ];
        for (number, events) in (1..).zip(histories) {
            does(store, &format!("make {number}"), vec![run_events(&run_id(number), (0, 0), events, None)]).await;
        }
        store.claim(at(50)).await.unwrap();
        assert_eq!(due(store, 49, 10).await, Vec::<u32>::new());
        assert_eq!(due(store, 50, 10).await, [2]);
        let runs = store.runs(&request_id("2mq9")).await.unwrap();
        let epochs = runs.iter().map(|run| run.epoch.0).collect::<Vec<_>>();
        assert_eq!(epochs, [1, 1, 1, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_server_has_one_worker_and_what_was_left_behind_can_be_taken_over() {
    on_every_store(async |store| {
        let (one, two) = (run_id(1), run_id(2));
        let name = "s-1";
        let unlock = |run: &RunId| Write::Unlock { server: server(name), run: run.clone() };
        let leave = |run: &RunId| Write::LockLeftBehind { server: server(name), run: run.clone() };
        is_stale(store, "unlock what is free", unlock(&one)).await;
        is_stale(store, "leave what is free", leave(&one)).await;
        is_stale(store, "park what is free", Write::LockParked { server: server(name), run: one.clone() }).await;
        is_stale(store, "take up what is free", Write::LockTakenUp { server: server(name), run: one.clone() }).await;
        does(store, "lock", vec![Write::Lock(lock(name, &one))]).await;
        does(store, "lock again oneself", vec![Write::Lock(lock(name, &one))]).await;
        is_stale(store, "lock what is taken", Write::Lock(lock(name, &two))).await;
        is_stale(store, "unlock another's", unlock(&two)).await;
        is_stale(store, "leave another's", leave(&two)).await;
        assert_eq!(store.ledger().await.unwrap().lock(&server(name)), Some(&lock(name, &one)));

        // Parked it is nobody else's either, until it goes on, or is left behind from there.
        let park = |run: &RunId| Write::LockParked { server: server(name), run: run.clone() };
        let take_up = |run: &RunId| Write::LockTakenUp { server: server(name), run: run.clone() };
        let standing = async || store.ledger().await.unwrap().lock(&server(name)).map(|lock| lock.standing);
        is_stale(store, "park another's", park(&two)).await;
        does(store, "park", vec![park(&one)]).await;
        assert_eq!(standing().await, Some(LockStanding::Parked));
        does(store, "park again", vec![park(&one)]).await;
        is_stale(store, "lock what is parked", Write::Lock(lock(name, &two))).await;
        is_stale(store, "unlock what another parked", unlock(&two)).await;
        is_stale(store, "take up another's", take_up(&two)).await;
        does(store, "take up", vec![take_up(&one)]).await;
        assert_eq!(store.ledger().await.unwrap().lock(&server(name)), Some(&lock(name, &one)));
        does(store, "take up again, and park", vec![take_up(&one), park(&one)]).await;

        does(store, "leave", vec![leave(&one)]).await;
        is_stale(store, "park what was left behind", park(&one)).await;
        is_stale(store, "take up what was left behind", take_up(&one)).await;
        let left = store.ledger().await.unwrap().lock(&server(name)).cloned().unwrap();
        assert_eq!((left.standing, left.run), (LockStanding::LeftBehind, one.clone()));
        does(store, "take over", vec![Write::Lock(lock(name, &two))]).await;
        is_stale(store, "unlock what was taken over", unlock(&one)).await;
        does(store, "unlock and lock", vec![unlock(&two), Write::Lock(lock(name, &one))]).await;
        does(store, "unlock", vec![unlock(&one)]).await;
        assert!(store.ledger().await.unwrap().locks.is_empty());
    })
    .await;
}

/// Whoever took a server over and did nothing to it gives it back as it was left behind.
#[tokio::test]
async fn what_was_taken_over_is_given_back_to_whoever_left_it_behind() {
    on_every_store(async |store| {
        let (one, two) = (run_id(1), run_id(2));
        let taken = Lock { taken_from: Some(one.clone()), ..lock("s-1", &two) };
        let left = Lock { standing: LockStanding::LeftBehind, since: at(1), ..lock("s-1", &one) };
        let given_back = |by: &RunId| Write::LockGivenBack { lock: left.clone(), by: by.clone() };
        is_stale(store, "give back what is free", given_back(&two)).await;
        does(store, "lock", vec![Write::Lock(lock("s-1", &two))]).await;
        is_stale(store, "give back what was nobody's", given_back(&two)).await;
        does(store, "take over", vec![Write::Lock(taken)]).await;
        is_stale(store, "give back another's", given_back(&one)).await;
        does(store, "give back", vec![given_back(&two)]).await;
        assert_eq!(store.ledger().await.unwrap().lock(&server("s-1")), Some(&left));
        is_stale(store, "give back twice", given_back(&two)).await;
    })
    .await;
}

#[tokio::test]
async fn the_ledger_shows_the_last_state_and_the_last_look() {
    on_every_store(async |store| {
        let run = run_id(1);
        let writes = vec![
            Write::ServerState(state_row("s-1", &run, ProductionState::Draining)),
            Write::ServerState(state_row("s-2", &run, ProductionState::Standby)),
            Write::Health(health_row("s-1", Health::Serving, 1)),
            Write::Health(health_row("s-2", Health::Failing, 2)),
        ];
        does(store, "first", writes).await;
        let writes = vec![
            Write::ServerState(state_row("s-1", &run, ProductionState::Drained)),
            Write::Health(health_row("s-1", Health::OutOfRotation, 3)),
        ];
        does(store, "second", writes).await;
        let ledger = store.ledger().await.unwrap();
        let rows = [state_row("s-1", &run, ProductionState::Drained), state_row("s-2", &run, ProductionState::Standby)];
        assert_eq!(ledger.states, ByServer::from_iter(rows.map(|row| (row.server.clone(), row))));
        let looks = [health_row("s-1", Health::OutOfRotation, 3), health_row("s-2", Health::Failing, 2)];
        assert_eq!(ledger.health, ByServer::from_iter(looks.map(|look| (look.server.clone(), look))));
    })
    .await;
}

#[tokio::test]
async fn a_control_is_used_once_and_a_known_handle_stays_what_it_is() {
    on_every_store(async |store| {
        let handle = Handle::new("h-1");
        assert_eq!(store.control(&handle).await.unwrap(), None);
        is_stale(store, "use what is not there", used("h-1", 5)).await;
        does(store, "make", vec![Write::Control(control("h-1"))]).await;
        assert_eq!(store.control(&handle).await.unwrap(), Some(control("h-1")));
        does(store, "use", vec![used("h-1", 5)]).await;
        is_stale(store, "use twice", used("h-1", 6)).await;
        does(store, "make again", vec![Write::Control(control("h-1"))]).await;
        assert_eq!(store.control(&handle).await.unwrap().unwrap().used_at, Some(at(5)));
    })
    .await;
}

#[tokio::test]
async fn a_reservation_decides_on_the_ledger_as_it_is() {
    on_every_store(async |store| {
        let (id, run) = (OperationId::new("reserve"), run_id(1));
        let lock_if_free = |ledger: &wrasse::admission::Ledger| match ledger.lock(&server("s-1")) {
            None => vec![Write::Lock(lock("s-1", &run))],
            Some(_) => Vec::new(),
        };
        assert_eq!(store.reserve(id.clone(), &[], &lock_if_free).await.unwrap(), Committed::Done);
        assert_eq!(store.ledger().await.unwrap().lock(&server("s-1")), Some(&lock("s-1", &run)));

        let asked = AtomicUsize::new(0);
        let never = |_: &wrasse::admission::Ledger| {
            asked.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        };
        assert_eq!(store.reserve(id, &[], &never).await.unwrap(), Committed::AlreadyDone);
        assert_eq!(asked.load(Ordering::Relaxed), 0, "what is done is not decided again");

        // Nothing to write is done, and leaves the operation free.
        let empty = OperationId::new("empty");
        assert_eq!(store.reserve(empty.clone(), &[], &lock_if_free).await.unwrap(), Committed::Done);
        let other = |_: &wrasse::admission::Ledger| vec![Write::Lock(lock("s-2", &run))];
        assert_eq!(store.reserve(empty, &[], &other).await.unwrap(), Committed::Done);

        let stale =
            |_: &wrasse::admission::Ledger| vec![Write::Control(control("h-1")), Write::Lock(lock("s-1", &run_id(2)))];
        assert_eq!(store.reserve(OperationId::new("stale"), &[], &stale).await.unwrap(), Committed::Stale);
        assert_eq!(store.control(&Handle::new("h-1")).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn of_two_reservations_for_the_last_place_one_gets_it() {
    on_every_store(async |store| {
        for round in 0..50 {
            let name = format!("s-{round}");
            let attempt = |number: u32| {
                let name = name.clone();
                async move {
                    let decide = |ledger: &wrasse::admission::Ledger| match ledger.lock(&server(&name)) {
                        None => vec![Write::Lock(lock(&name, &run_id(number)))],
                        Some(_) => Vec::new(),
                    };
                    store.reserve(OperationId::new(format!("{name} {number}")), &[], &decide).await.unwrap()
                }
            };
            let outcomes = futures::join!(attempt(1), attempt(2));
            assert_eq!(outcomes, (Committed::Done, Committed::Done));
            assert_eq!(store.ledger().await.unwrap().locks.len(), round + 1);
        }
    })
    .await;
}

#[tokio::test]
async fn all_of_an_operation_is_written_or_nothing() {
    on_every_store(async |store| {
        let (id, run) = (request_id("2mq9"), run_id(1));
        store.keep(envelope("event:1", 1)).await.unwrap();
        let accept = vec![
            settled("event:1"),
            request_events(&id, 0, vec![accepted(&id)]),
            run_events(&run, (0, 0), vec![planned()], None),
            Write::Control(control("h-1")),
            Write::Send(outgoing("card", "2mq9", live())),
        ];
        let mut too_much = accept.clone();
        too_much.push(used("h-2", 1));
        assert_eq!(store.commit(operation("half", too_much)).await.unwrap(), Committed::Stale);
        assert_eq!(store.open_envelopes(9).await.unwrap().len(), 1);
        assert_eq!(store.request(&id).await.unwrap(), None);
        assert_eq!(store.run(&run).await.unwrap(), None);
        assert_eq!(store.due_slots(at(1), 9).await.unwrap(), []);
        does(store, "whole", accept).await;
        assert_eq!(store.open_envelopes(9).await.unwrap(), []);
        assert_eq!(store.due_slots(at(1), 9).await.unwrap().len(), 1);
        assert!(store.run(&run).await.unwrap().is_some());
    })
    .await;
}
