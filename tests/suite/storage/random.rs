//! Random operations on the model and on SQLite: the same outcome of each, and the same answers after each.

use super::values::*;
use super::{database, open};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use wrasse::adapters::storage::memory::MemoryStore;
use wrasse::admission::{ByServer, FinishedAs, Health, Ledger, Lock, LockStanding};
use wrasse::domain::command::Touch;
use wrasse::domain::identity::{Asker, PersonId};
use wrasse::domain::ids::{DeliveryKey, Handle, OperationId, RequestId};
use wrasse::domain::server::ProductionState;
use wrasse::ports::Store;
use wrasse::ports::authorizations::Sought;
use wrasse::ports::store::{Operation, Write};
use wrasse::workflow::request::RequestEvent;
use wrasse::workflow::run::RunEvent;

const TAILS: [&str; 3] = ["2mq9", "aaaa", "zzzz"];
const SCOPES: [&str; 3] = ["reboot", "reboot site=lax", "reboot server=edge-lax-01"];
const SERVERS: [&str; 2] = ["edge-lax-01", "edge-lax-02"];
const NAMES: [&str; 3] = ["one", "two", "three"];

/// What is done to both stores.
#[derive(Clone, Debug)]
enum Deed {
    Keep(&'static str, i64),
    Claim(i64),
    Commit(u16, Vec<Draft>),
    Reserve(u16, &'static str, u32),
}

/// A write whose guards are filled in from the model when it is done: most hold, some are off by one.
#[derive(Clone, Debug)]
enum Draft {
    Ready(Box<Write>),
    Request { tail: &'static str, off: i64, events: Vec<RequestEvent> },
    Run { number: u32, off: (i64, i64), events: Vec<RunEvent>, wake_at: Option<i64> },
    Wake { number: u32, off: i64, wake_at: i64 },
    Finished { number: u32, site: &'static str, off: i64 },
    FinishedOn { number: u32, server: &'static str, how: (Asker, FinishedAs, i64), off: i64 },
    Declared { name: &'static str, state: ProductionState, off: i64 },
    Breaker { scope: &'static str, opened_at: i64, off: i64, closes: bool },
}

fn name() -> impl Strategy<Value = &'static str> {
    select(NAMES.to_vec())
}

fn number() -> impl Strategy<Value = u32> {
    1_u32..5
}

fn moment() -> impl Strategy<Value = i64> {
    0_i64..40
}

fn off() -> impl Strategy<Value = i64> {
    prop_oneof![20 => Just(0), 1 => Just(1), 1 => Just(-1)]
}

fn request_draft() -> impl Strategy<Value = Draft> {
    let event = prop_oneof![
        Just(card_posted("1.0")),
        moment().prop_map(|millis| RequestEvent::Started { at: at(millis) }),
        moment().prop_map(|millis| RequestEvent::Unblocked { at: at(millis) }),
        moment().prop_map(request_ended),
    ];
    (select(TAILS.to_vec()), off(), vec(event, 0..3)).prop_map(|(tail, off, events)| Draft::Request {
        tail,
        off,
        events,
    })
}

fn run_draft() -> impl Strategy<Value = Draft> {
    let event = prop_oneof![
        3 => moment().prop_map(admitted),
        2 => Just(step_begun()),
        1 => Just(act_answered()),
        1 => Just(person_asked()),
        1 => moment().prop_map(run_ended),
    ];
    (number(), (off(), off()), vec(event, 0..3), option::of(moment()))
        .prop_map(|(number, off, events, wake_at)| Draft::Run { number, off, events, wake_at })
}

fn server_write() -> impl Strategy<Value = Write> {
    let health = select(vec![Health::Serving, Health::Failing, Health::OutOfRotation]);
    prop_oneof![
        2 => (name(), number(), option::of(number())).prop_map(|(name, number, former)| {
            Write::Lock(Lock { taken_from: former.map(run_id), ..lock(name, &run_id(number)) })
        }),
        1 => (name(), number()).prop_map(|(name, number)| {
            Write::LockLeftBehind { server: server(name), run: run_id(number) }
        }),
        1 => (name(), number()).prop_map(|(name, number)| {
            Write::LockParked { server: server(name), run: run_id(number) }
        }),
        1 => (name(), number()).prop_map(|(name, number)| {
            Write::LockTakenUp { server: server(name), run: run_id(number) }
        }),
        1 => (name(), number()).prop_map(|(name, number)| Write::Unlock { server: server(name), run: run_id(number) }),
        1 => (name(), number(), select(ProductionState::ALL.to_vec()))
            .prop_map(|(name, number, state)| Write::ServerState(state_row(name, &run_id(number), state))),
        1 => (name(), select(brake_kinds()), moment(), option::of(moment()))
            .prop_map(|(id, kind, since, until)| Write::BrakeOn(brake(id, kind, since, until))),
        1 => (name(), moment()).prop_map(|(id, millis)| brake_off(id, millis)),
        1 => (name(), select(vec![Touch::Looks, Touch::GivesBack, Touch::Changes]), moment())
            .prop_map(|(name, touch, millis)| Write::MayAct { server: Some(server(name)), touch, at: at(millis) }),
        1 => (name(), number(), number()).prop_map(|(name, by, former)| Write::LockGivenBack {
            lock: Lock { standing: LockStanding::LeftBehind, ..lock(name, &run_id(former)) },
            by: run_id(by),
        }),
        1 => option::of(select(TAILS.to_vec()))
            .prop_map(|tail| Write::NoYoungerRequest { than: tail.map(request_id) }),
        1 => (name(), health, moment()).prop_map(|(name, health, seen)| Write::Health(health_row(name, health, seen))),
    ]
}

fn outbox_write() -> impl Strategy<Value = Write> {
    let content = prop_oneof![3 => Just(live()), 1 => Just(fixed("words")), 1 => Just(form("a form"))];
    prop_oneof![
        6 => (name(), select(vec!["a", "b"]), content)
            .prop_map(|(key, lane, content)| Write::Send(outgoing(key, lane, content))),
        2 => (name(), moment()).prop_map(|(key, millis)| begun(key, millis)),
        1 => moment().prop_map(|millis| home_opened("U0ANA", millis)),
        1 => (name(), moment()).prop_map(|(words, millis)| home_shown("U0ANA", words, millis)),
        1 => (name(), option::of(Just(()))).prop_map(|(key, live_too)| {
            Write::Send(private(key, "U0ANA", live_too.map_or_else(|| fixed("words"), |()| live())))
        }),
        4 => (name(), 1_i64..4, option::of(select(vec!["1.0", "2.0"])))
            .prop_map(|(key, revision, ts)| delivered(key, revision, ts)),
        2 => (name(), moment()).prop_map(|(key, until)| postponed(key, until)),
        1 => name().prop_map(undeliverable),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    prop_oneof![
        3 => request_draft(),
        4 => run_draft(),
        1 => (number(), off(), moment()).prop_map(|(number, off, wake_at)| Draft::Wake { number, off, wake_at }),
        3 => server_write().prop_map(|write| Draft::Ready(Box::new(write))),
        4 => outbox_write().prop_map(|write| Draft::Ready(Box::new(write))),
        1 => name().prop_map(|key| Draft::Ready(Box::new(settled(key)))),
        1 => name().prop_map(|handle| Draft::Ready(Box::new(Write::Control(control(handle))))),
        1 => (name(), moment()).prop_map(|(handle, millis)| Draft::Ready(Box::new(used(handle, millis)))),
        2 => (name(), select(ProductionState::ALL.to_vec()), off())
            .prop_map(|(name, state, off)| Draft::Declared { name, state, off }),
        2 => (number(), select(vec!["lax", "rix"]), off())
            .prop_map(|(number, site, off)| Draft::Finished { number, site, off }),
        2 => (number(), select(SERVERS.to_vec()), how(), off())
            .prop_map(|(number, server, how, off)| Draft::FinishedOn { number, server, how, off }),
        2 => (select(SCOPES.to_vec()), 0_i64..2, off(), any::<bool>())
            .prop_map(|(scope, opened_at, off, closes)| Draft::Breaker { scope, opened_at, off, closes }),
        1 => (option::of(select(TAILS.to_vec())), name(), moment()).prop_map(|(tail, verdict, millis)| {
            Draft::Ready(Box::new(authorized(tail, verdict, millis)))
        }),
    ]
}

/// By whom it was asked for, how it finished, and when: on one of two days.
fn how() -> impl Strategy<Value = (Asker, FinishedAs, i64)> {
    let day = select(vec![0, 24 * 3_600_000]);
    (select(Asker::ALL.to_vec()), select(FinishedAs::ALL.to_vec()), moment(), day)
        .prop_map(|(asked_by, finished_as, moment, day)| (asked_by, finished_as, moment + day))
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        1 => (name(), moment()).prop_map(|(key, millis)| Deed::Keep(key, millis)),
        1 => moment().prop_map(Deed::Claim),
        8 => (any::<u16>(), vec(draft(), 1..3)).prop_map(|(id, drafts)| Deed::Commit(id, drafts)),
        2 => (any::<u16>(), name(), number()).prop_map(|(id, name, number)| Deed::Reserve(id, name, number)),
    ]
}

/// Fills in the guards as they stand before the operation.
async fn resolve(draft: &Draft, model: &dyn Store) -> Write {
    match draft {
        Draft::Ready(write) => write.as_ref().clone(),
        Draft::Request { tail, off, events } => {
            let id = request_id(tail);
            let version = model.request(&id).await.ok().flatten().map_or(0, |request| request.version.0);
            let mut all = if version == 0 { vec![accepted(&id)] } else { Vec::new() };
            all.extend(events.iter().cloned());
            request_events(&id, version + off, all)
        }
        Draft::Run { number, off, events, wake_at } => {
            let id = run_id(*number);
            let (version, epoch) =
                model.run(&id).await.ok().flatten().map_or((0, 0), |run| (run.version.0, run.epoch.0));
            let mut all = if version == 0 { vec![planned()] } else { Vec::new() };
            all.extend(events.iter().cloned());
            run_events(&id, (version + off.0, epoch + off.1), all, *wake_at)
        }
        Draft::Wake { number, off, wake_at } => {
            let id = run_id(*number);
            let epoch = model.run(&id).await.ok().flatten().map_or(0, |run| run.epoch.0);
            wake(&id, epoch + off, *wake_at)
        }
        Draft::Declared { name, state, off } => {
            let ledger = model.ledger().await.unwrap();
            let before = ledger.states.get(&server(name)).filter(|_| *off == 0).cloned();
            let takes_over = ledger.locks.get(&server(name)).map(|lock| lock.run.clone());
            let mut record = declared(name, *state, before);
            record.change.takes_over = takes_over;
            Write::Declared(Box::new(record))
        }
        Draft::Finished { number, site, off } => {
            let record = model.finished_runs(&breaker_scope("reboot"), 0).await.unwrap();
            finished(*number, site, record.last + off)
        }
        Draft::FinishedOn { number, server, how, off } => {
            let record = model.finished_runs(&breaker_scope("reboot"), 0).await.unwrap();
            finished_on(server, (*number, record.last + off), *how)
        }
        Draft::Breaker { scope, opened_at, off, closes } => {
            let known = model.breaker(&breaker_scope(scope), at(*opened_at)).await.unwrap();
            let version = known.map_or(0, |known| known.version.0) + off;
            let closed = breaker(scope, *opened_at, version).closed(closing(20));
            Write::Breaker(if *closes { closed } else { breaker(scope, *opened_at, version + 1) })
        }
    }
}

/// What became of a deed, in words.
async fn carry_out(deed: &Deed, writes: &[Write], store: &dyn Store) -> String {
    match deed {
        Deed::Keep(key, millis) => format!("{:?}", store.keep(envelope(key, *millis)).await),
        Deed::Claim(now) => format!("{:?}", store.claim(at(*now)).await),
        Deed::Commit(id, _) => {
            let operation = Operation { id: OperationId::new(id.to_string()), writes: writes.to_vec() };
            format!("{:?}", store.commit(operation).await)
        }
        Deed::Reserve(id, name, number) => {
            let decide = |ledger: &Ledger| {
                if ledger.locks.len() < 2 { vec![Write::Lock(lock(name, &run_id(*number)))] } else { Vec::new() }
            };
            format!("{:?}", store.reserve(OperationId::new(id.to_string()), &[], &decide).await)
        }
    }
}

/// Every answer of a store, in words.
async fn answers(store: &dyn Store) -> String {
    let mut text = String::new();
    let mut tell = |answer: &dyn std::fmt::Debug| writeln!(text, "{answer:?}").unwrap();
    tell(&store.open_envelopes(2).await);
    tell(&store.open_requests().await);
    tell(&store.requests_of(&PersonId::new("T0WRASSE", "U0ANA"), 2).await);
    tell(&store.answers_to(&person("U0ANA"), 2).await);
    tell(&(store.home(&person("U0ANA")).await, store.homes(at(20)).await));
    for id in TAILS.map(request_id) {
        tell(&store.request(&id).await);
        tell(&runs_of(store, &id).await);
    }
    for now in [0, 20, 60].map(at) {
        tell(&(store.due_runs(now, 2).await, store.next_run_wake(now).await));
        tell(&(store.due_slots(now, 2).await, store.next_slot_wake(now).await));
    }
    for name in NAMES {
        tell(&store.declarations(&server(name), 2).await);
        tell(&store.slot(&DeliveryKey::new(name)).await);
        tell(&store.control(&Handle::new(name)).await);
    }
    for ts in ["1.0", "2.0"] {
        tell(&store.slot_at(&message_ref(ts)).await);
    }
    for scope in SCOPES.map(breaker_scope) {
        tell(&(store.finished_runs(&scope, 2).await, store.breaker(&scope, at(1)).await));
        tell(&store.elsewhere(&scope, at(20)).await);
    }
    tell(&store.open_breakers().await);
    // Rows of servers are in no order.
    let ledger = store.ledger().await.unwrap();
    tell(&(ledger.states.iter().collect::<BTreeMap<_, _>>(), ledger.health.iter().collect::<BTreeMap<_, _>>()));
    tell(&ledger.locks.iter().collect::<BTreeMap<_, _>>());
    tell(&Ledger { states: ByServer::default(), health: ByServer::default(), locks: HashMap::new(), ..ledger });
    tell(&store.last_known(&person("U0ANA")).await);
    for (request, since) in [(None, None), (Some(request_id(TAILS[0])), Some(at(10)))] {
        tell(&store.authorizations(&Sought { request, since, limit: 3 }).await);
    }
    text
}

async fn runs_of(store: &dyn Store, request: &RequestId) -> String {
    let one = store.run(&request.run(1)).await;
    format!("{one:?} {:?}", store.runs(request).await)
}

async fn compare(deeds: Vec<Deed>) {
    let folder = tempfile::tempdir().unwrap();
    let (model, sqlite) = (MemoryStore::new(), open(&database(folder.path())).await);
    for deed in deeds {
        let mut writes = Vec::new();
        if let Deed::Commit(_, drafts) = &deed {
            for draft in drafts {
                writes.push(resolve(draft, &model).await);
            }
        }
        let meant = carry_out(&deed, &writes, &model).await;
        assert_eq!(carry_out(&deed, &writes, &sqlite).await, meant, "{deed:?}");
        assert_eq!(answers(&sqlite).await, answers(&model).await, "after {deed:?}");
    }
    sqlite.close().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_stores_do_the_same(deeds in vec(deed(), 1..50)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(compare(deeds));
    }
}
