//! What deciding costs where it is stored: on a real file with synchronous=FULL, in a fleet of 2,000, 20,000 and 200,000.
//!
//! Run by `cargo bench --bench store`, or for one fleet with `-- 20000`. The numbers to stay below: one start 5 ms, `why`
//! 20 ms, an envelope acknowledged 25 ms (99 of 100) also while passes run and servers start. Beside them stands a commit of
//! one row, which is what the disk of this machine takes. Nothing here fails by time.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench measures real time and prints what it measured"
)]

use scene::{FLEETS, NOW, OF_ONE_START, Scene};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wrasse::adapters::storage::sqlite::SqliteStore;
use wrasse::admission::{
    self, Admitted, Candidate, Health, HealthRow, Ledger, Outside, Rules, Snapshot, StateRow, TrafficRules, Verdict,
};
use wrasse::authorization::{Channels, Policies, PolicyFile};
use wrasse::catalog::Catalog;
use wrasse::conversation;
use wrasse::domain::identity::{Actor, Asker, PersonId};
use wrasse::domain::ids::{EnvelopeKey, Epoch, Fingerprint, OperationId, RequestId, Version};
use wrasse::domain::place::{ChannelId, MessageRef, MessageTs, Origin, ReplyPath};
use wrasse::domain::plan::{Plan, PlanParts, PlannedServer, Subject};
use wrasse::domain::server::ProductionState;
use wrasse::ports::chat::Envelope;
use wrasse::ports::store::{DecisionRecord, Operation, Write};
use wrasse::ports::{Inbox, Rulebook, Store};
use wrasse::services::explaining;
use wrasse::workflow::Admission;
use wrasse::workflow::request::{Accepted, PolicySet, RequestEvent};
use wrasse::workflow::run::RunEvent;

mod scene;

/// How often each is measured.
const TIMES: usize = 200;
/// How many servers one request has at most.
const OF_ONE_REQUEST: usize = 500;
/// How many envelopes come in a second while they are measured.
const ENVELOPE_EVERY: Duration = Duration::from_millis(5);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let chosen = std::env::args().filter_map(|argument| argument.parse().ok()).collect::<Vec<usize>>();
    println!("{:>8} {:<58} {:>9} {:>9} {:>9}", "servers", "", "half", "99 %", "longest");
    for servers in FLEETS.into_iter().filter(|servers| chosen.is_empty() || chosen.contains(servers)) {
        measure(servers).await;
    }
}

/// How long something took, each time.
struct Times(Vec<Duration>);

impl Times {
    fn tell(mut self, servers: usize, what: &str) {
        self.0.sort();
        let at = |share: usize| self.0[(self.0.len() * share / 100).min(self.0.len() - 1)].as_secs_f64() * 1e3;
        let (half, most, longest) = (at(50), at(99), at(100));
        println!("{servers:>8} {what:<58} {half:>6.2} ms {most:>6.2} ms {longest:>6.2} ms");
    }
}

/// A store on a file that knows the whole fleet, and a request that waits in it.
struct Stage {
    scene: Scene,
    store: SqliteStore,
    rulebook: Rulebook,
    request: RequestId,
}

fn roomy() -> Rules {
    Rules {
        rack_concurrency: 99,
        type_in_site_percent: 90,
        pool_out_max_percent: 90,
        starts_per_minute: None,
        fleet_concurrency: 9_999,
        command_concurrency: 9_999,
        traffic: TrafficRules { load_max_percent: 400, ..TrafficRules::default() },
        health_age_max: Duration::from_secs(u32::MAX.into()),
        ..Rules::default()
    }
}

fn rulebook(scene: &Scene, rules: Rules) -> Rulebook {
    let schema = include_str!("../policies/schema.cedarschema").to_owned();
    let schema = PolicyFile { name: "schema.cedarschema".to_owned(), text: schema };
    let known = wrasse::authorization::Known::default();
    Rulebook {
        catalog: Catalog::default(),
        policies: Policies::new(&[schema], &Channels::default(), &known).expect("the schema is fine"),
        rules,
        inventory: scene.inventory.clone(),
        files: Fingerprint::of(b"bench"),
    }
}

impl Stage {
    async fn of(servers: usize, folder: &std::path::Path) -> Self {
        let scene = Scene { rules: roomy(), ..Scene::of(servers, false) }.with_traffic().with_infrastructure();
        let scene = Scene { firing: wrasse::admission::Firing::NotConfigured, ..scene };
        let store = SqliteStore::open(&folder.join("wrasse.db")).await.expect("a store");
        let looks = scene.inventory.servers().iter().map(|server| {
            Write::Health(HealthRow { server: server.id.clone(), health: Health::Serving, seen_at: NOW })
        });
        // Every server was worked on before, so each has a state of its own.
        let old = RequestId::from_tail("2222").expect("a tail").run(1);
        let states = scene.inventory.servers().iter().map(|server| {
            let production = ProductionState::Production;
            Write::ServerState(StateRow::of_run((&server.id, &old), (production, production), None, NOW))
        });
        let writes = looks.chain(states).collect::<Vec<_>>();
        for (number, chunk) in writes.chunks(10_000).enumerate() {
            let operation = Operation { id: OperationId::new(format!("fleet {number}")), writes: chunk.to_vec() };
            store.commit(operation).await.expect("written");
        }
        let rulebook = rulebook(&scene, scene.rules.clone());
        let request = RequestId::from_tail("2mk4").expect("a tail");
        let stage = Self { scene, store, rulebook, request };
        stage.ask().await;
        stage
    }

    /// The servers of the request, from all over the fleet.
    fn asked_for(&self) -> impl Iterator<Item = &PlannedServer> {
        // The last site is not whole, and all of them hang on one feed.
        let step = self.scene.planned.len() * 9 / 10 / OF_ONE_REQUEST / 2 * 2;
        self.scene.planned.iter().step_by(step).take(OF_ONE_REQUEST)
    }

    /// A request over as many servers as one may have, all of which wait.
    async fn ask(&self) {
        let ana = PersonId::new("T0WRASSE", "U0ANA");
        let channel = ChannelId::new("C0NOC");
        let subjects = self.asked_for().cloned().map(Subject::Server).collect::<Vec<_>>();
        let count = u32::try_from(subjects.len()).expect("few");
        let parts = PlanParts {
            request: self.request.clone(),
            command: self.scene.spec.name.clone(),
            definition: self.scene.spec.hash.clone(),
            parameters: BTreeMap::new(),
            subjects: subjects.clone(),
            waves: vec![count],
            soak: Duration::ZERO,
            requester: ana.clone(),
            channel: channel.clone(),
            not_before: None,
            expires_at: NOW.plus(Duration::from_secs(86_400)),
        };
        let card = MessageRef { channel: channel.clone(), ts: MessageTs::new("1.1") };
        let accepted = RequestEvent::Accepted(Box::new(Accepted {
            plan: Plan::new(parts).expect("a plan"),
            spec: Arc::new(self.scene.spec.clone()),
            origin: Origin { person: Actor::recalled(ana), channel, thread: None, reply: ReplyPath::Direct },
            requester_name: "ana".into(),
            allowed_by: vec!["noc may drain".into()],
            at: NOW,
            need: None,
            controls: BTreeMap::new(),
            retry_of: None,
        }));
        let events = vec![accepted, RequestEvent::CardPosted { card }];
        let mut writes = vec![Write::RequestEvents { id: self.request.clone(), expected: Version(0), events }];
        writes.extend((1..).zip(subjects).map(|(number, subject)| Write::RunEvents {
            id: self.request.run(number),
            expected: Version(0),
            epoch: Epoch(0),
            events: vec![RunEvent::Planned { subject, wave: 0 }],
            wake_at: None,
        }));
        self.store.commit(Operation { id: OperationId::new("asked"), writes }).await.expect("asked");
    }

    fn known<'a>(&'a self, ledger: &'a Ledger) -> admission::Known<'a> {
        self.scene.known().with_ledger(ledger)
    }

    /// What a pass writes that starts those runs: locks, events, the decision and what it was made on.
    fn decide(&self, numbers: &[u32], ledger: &Ledger) -> Vec<Write> {
        let runs = numbers.iter().map(|number| self.request.run(*number)).collect::<Vec<_>>();
        let servers = self.asked_for().collect::<Vec<_>>();
        let server = |number: u32| servers[number as usize - 1];
        let candidates = runs.iter().map(|run| Candidate {
            run,
            server: server(run.number),
            spec: &self.scene.spec,
            version: None,
            asked_by: Asker::Person,
            passes: PolicySet::NONE,
        });
        let known = self.known(ledger);
        let said = admission::pass(candidates, known);
        let mut writes = Vec::new();
        for (candidate, verdict) in &said {
            let Verdict::Allow(admitted) = verdict else { panic!("it starts: {verdict:?}") };
            writes.push(Write::Lock(admitted.lock(*candidate, NOW)));
            writes.push(started(candidate, admitted));
        }
        let snapshot = Snapshot::of(said.iter().map(|(candidate, _)| candidate.server), known, &self.rulebook.files);
        let id = snapshot.id();
        writes.push(Write::Decision(DecisionRecord {
            request: self.request.clone(),
            at: NOW,
            verdict: "allow".to_owned(),
            evidence: format!("{} admitted", said.len()),
            decided: admission::decided(&said),
            snapshot: Some(id.clone()),
        }));
        writes.push(Write::Snapshot { id, snapshot: Box::new(snapshot) });
        writes
    }

    /// Starts those runs in one transaction.
    async fn start(&self, (name, numbers): (String, &[u32])) -> Duration {
        let begun = Instant::now();
        let decide = |ledger: &Ledger| self.decide(numbers, ledger);
        let done = self.store.reserve(OperationId::new(name), &[], &decide).await;
        let took = begun.elapsed();
        assert_eq!(done, Ok(wrasse::ports::store::Committed::Done));
        took
    }

    /// A look at one server and a state of another have changed since, as they do beside starts.
    async fn disturb(&self, number: usize) -> Duration {
        let server = &self.scene.planned[number % self.scene.planned.len()].id;
        let look = HealthRow { server: server.clone(), health: Health::Serving, seen_at: NOW };
        let operation = Operation { id: OperationId::new(format!("look {number}")), writes: vec![Write::Health(look)] };
        let begun = Instant::now();
        self.store.commit(operation).await.expect("written");
        begun.elapsed()
    }

    /// Acknowledges envelopes at a steady pace: how long each took to be kept.
    async fn keep(&self, (name, times): (&str, usize)) -> Times {
        let mut took = Vec::new();
        for number in 0..times {
            let key = EnvelopeKey::new(format!("{name} {number}"));
            let raw = format!("{{\"text\":\"{}\"}}", "x".repeat(2_000));
            let begun = Instant::now();
            self.store.keep(Envelope { key, raw, received_at: NOW }).await.expect("kept");
            took.push(begun.elapsed());
            tokio::time::sleep(ENVELOPE_EVERY).await;
        }
        Times(took)
    }
}

fn started(candidate: &Candidate<'_>, admitted: &Admitted) -> Write {
    let admission = Admission::noted(NOW, admitted.found(), admitted.takes());
    Write::RunEvents {
        id: candidate.run.clone(),
        expected: Version(1),
        epoch: Epoch(0),
        events: vec![RunEvent::Admitted(admission)],
        wake_at: Some(NOW),
    }
}

async fn measure(servers: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::of(servers, folder.path()).await;
    let mut commits = Vec::new();
    for number in 0..TIMES {
        commits.push(stage.disturb(number).await);
    }
    Times(commits).tell(servers, "a commit of one row");

    let mut reads = Vec::new();
    for number in 0..TIMES {
        stage.disturb(1_000 + number).await;
        let begun = Instant::now();
        black_box(stage.store.ledger().await.expect("read"));
        reads.push(begun.elapsed());
    }
    Times(reads).tell(servers, "the ledger, after a server has changed");

    let usual =
        rulebook(&stage.scene, Rules { health_age_max: stage.rulebook.rules.health_age_max, ..Rules::default() });
    let mut whys = Vec::new();
    for _ in 0..TIMES / 4 {
        let begun = Instant::now();
        let request = stage.store.request(&stage.request).await.expect("read").expect("it was asked for");
        let outside = Outside { traffic: &stage.scene.traffic, firing: &stage.scene.firing, ..Outside::NOT_CONFIGURED };
        let why = explaining::why(&stage.store, (&usual, outside), request, NOW).await.expect("read");
        black_box(conversation::why(why.view()));
        whys.push(begun.elapsed());
    }
    Times(whys).tell(servers, "why of a request with 500 servers");

    stage.keep(("idle", TIMES)).await.tell(servers, "an envelope kept, while nothing else is done");
    let is_over = AtomicBool::new(false);
    let passes = async {
        let mut count = 0_u32;
        while !is_over.load(Ordering::Relaxed) {
            let ledger = stage.store.ledger().await.expect("read");
            black_box(admission::pass(stage.scene.candidates(servers.min(20_000)), stage.known(&ledger)));
            count += 1;
            tokio::task::yield_now().await;
        }
        count
    };
    let kept = async {
        let times = stage.keep(("busy", TIMES * 2)).await;
        is_over.store(true, Ordering::Relaxed);
        times
    };
    let (times, count) = std::thread::scope(|scope| {
        let (handle, passes) = (tokio::runtime::Handle::current(), passes);
        let beside = scope.spawn(move || handle.block_on(passes));
        let times = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(kept));
        (times, beside.join().expect("it ends"))
    });
    times.tell(servers, &format!("an envelope kept, beside {count} passes over {}", servers.min(20_000)));

    let mut starts = Vec::new();
    for number in 0..TIMES {
        stage.disturb(2_000 + number).await;
        let run = u32::try_from(number + 1).expect("few");
        starts.push(stage.start((format!("start {number}"), &[run])).await);
    }
    Times(starts).tell(servers, "a start of one server");
    let mut starts = Vec::new();
    let first = u32::try_from(TIMES + 1).expect("few");
    let numbers = (first..=u32::try_from(OF_ONE_REQUEST).expect("few")).collect::<Vec<_>>();
    for (number, numbers) in numbers.chunks_exact(OF_ONE_START).enumerate() {
        stage.disturb(3_000 + number).await;
        starts.push(stage.start((format!("start of many {number}"), numbers)).await);
    }
    Times(starts).tell(servers, &format!("a start of {OF_ONE_START} servers"));
    stage.store.close().await.expect("closed");
}
