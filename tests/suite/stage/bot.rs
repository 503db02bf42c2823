//! The bot on the stage: the real services over a real store, stepped until they rest, killed and started again.

use super::crash::{Calls, Crashes, MortalStore};
use super::rulebook::StageSource;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use wrasse::adapters::storage::memory::MemoryStore;
use wrasse::adapters::storage::sqlite::SqliteStore;
use wrasse::app::services;
use wrasse::domain::time::Timestamp;
use wrasse::ports::{Alerts, Chat, Clock, Directory, Drivers, Ids, Metrics, Monitoring, Store};
use wrasse::services::{Gauge, InForce, Pager, Places, Relief, Ruler, Sentry, Service, Step, World};

/// More rounds than any story needs between two moments.
const ROUNDS_MAX: u32 = 20_000;
/// How long, in real time, something under way may take: only a hang takes longer.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// How often tasks get a turn before a dead process is taken away, so that its last calls land.
const LAST_TURNS: u32 = 16;

/// Which stage plays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The model store.
    Model,
    /// SQLite.
    Sqlite,
    /// SQLite, and the process ends after every commit.
    Restarts,
}

impl Kind {
    #[expect(clippy::disallowed_methods, reason = "which stage plays is asked of whoever starts the tests")]
    pub(super) fn of_environment() -> Self {
        match std::env::var("WRASSE_STAGE").as_deref() {
            Err(_) | Ok("" | "model") => Self::Model,
            Ok("sqlite") => Self::Sqlite,
            Ok("restarts") => Self::Restarts,
            Ok(other) => panic!("WRASSE_STAGE is {other:?}; it takes model, sqlite or restarts"),
        }
    }
}

/// Where what is durable is kept between two processes.
enum Kept {
    Model(Arc<MemoryStore>),
    Sqlite { folder: TempDir, open: Option<Arc<SqliteStore>> },
}

impl Kept {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Model => Self::Model(Arc::new(MemoryStore::new())),
            Kind::Sqlite | Kind::Restarts => Self::Sqlite { folder: folder(), open: None },
        }
    }

    async fn open(&mut self) -> Arc<dyn Store> {
        match self {
            Self::Model(store) => Arc::<MemoryStore>::clone(store),
            Self::Sqlite { folder, open } => {
                if let Some(before) = open.take() {
                    before.close().await.unwrap();
                }
                let store = Arc::new(SqliteStore::open(&folder.path().join("wrasse.db")).await.unwrap());
                *open = Some(Arc::clone(&store));
                store
            }
        }
    }
}

/// In memory where the machine has such a folder: what a power cut leaves is the store's own suite's business.
fn folder() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    tempfile::tempdir_in(&memory).or_else(|_| tempfile::tempdir()).unwrap()
}

/// What the bot is given.
pub(super) struct Ports {
    pub(super) chat: Arc<dyn Chat>,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) alerts: Option<Arc<dyn Alerts>>,
    pub(super) drivers: Arc<dyn Drivers>,
    pub(super) metrics: Option<Arc<dyn Metrics>>,
    pub(super) monitoring: Option<Arc<dyn Monitoring>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) source: Arc<StageSource>,
    pub(super) places: Places,
}

/// The bot and what it leaves behind.
pub(super) struct Bot {
    ports: Ports,
    kept: Kept,
    crashes: Arc<Mutex<Crashes>>,
    process: Option<Process>,
    /// Told whenever a new process starts.
    born: Box<dyn Fn()>,
}

struct Process {
    store: Arc<MortalStore>,
    services: Vec<Box<dyn Service>>,
}

enum Round {
    Made,
    Rests(Option<Timestamp>),
    Died,
}

impl Bot {
    pub(super) fn new(kind: Kind, ports: Ports, crashes: Arc<Mutex<Crashes>>, born: Box<dyn Fn()>) -> Self {
        if kind == Kind::Restarts {
            let planned = std::mem::replace(&mut *crashes.lock().unwrap(), Crashes::after_every_commit());
            assert!(!planned.is_planned(), "crashes are planned once the bot is there");
        }
        Self { ports, kept: Kept::new(kind), crashes, process: None, born }
    }

    /// Starts a process, as `serve` does: what is open is claimed before anything else.
    async fn start(&mut self) {
        let store = Arc::new(MortalStore::new(self.kept.open().await, Arc::clone(&self.crashes)));
        let ports = &self.ports;
        let world = Arc::new(World {
            store: Arc::<MortalStore>::clone(&store),
            chat: Arc::clone(&ports.chat),
            directory: Arc::clone(&ports.directory),
            traffic: Gauge::new(ports.metrics.clone()),
            ruler: Ruler::new(ports.metrics.clone()),
            sentry: Sentry::new(ports.monitoring.clone()),
            relief: Relief::default(),
            pager: Pager::new(ports.alerts.clone()),
            drivers: Arc::clone(&ports.drivers),
            clock: Arc::clone(&ports.clock),
            ids: Arc::clone(&ports.ids),
            in_force: InForce::new(ports.source.start()),
            source: Arc::<StageSource>::clone(&ports.source),
            places: ports.places.clone(),
            changes: watch::Sender::new(0),
        });
        store.claim(ports.clock.now()).await.unwrap();
        (self.born)();
        self.process = Some(Process { store, services: services(&world) });
    }

    /// Where its files are.
    pub(super) fn source(&self) -> &StageSource {
        &self.ports.source
    }

    /// Takes a process away with everything it had under way.
    async fn bury(&mut self) {
        self.process = None;
        for _ in 0..LAST_TURNS {
            tokio::task::yield_now().await;
        }
    }

    /// Ends the process now, between two commits; nothing that was about to leave leaves.
    pub(super) async fn kill(&mut self) {
        if let Some(process) = &self.process {
            process.store.kill();
        }
        self.bury().await;
    }

    /// What is durable.
    pub(super) async fn store(&mut self) -> Arc<dyn Store> {
        if self.process.is_none() {
            self.start().await;
        }
        Arc::clone(self.process.as_ref().unwrap().store.inner())
    }

    /// Steps every service until none has anything to do, and says when the clock will give them more.
    pub(super) async fn settle(&mut self) -> Option<Timestamp> {
        self.settle_while(|| true).await
    }

    /// The same, but a process is only started again while that holds.
    pub(super) async fn settle_while(&mut self, restarts: impl Fn() -> bool) -> Option<Timestamp> {
        for _ in 0..ROUNDS_MAX {
            if self.process.is_none() && !restarts() {
                return None;
            }
            if self.process.is_none() {
                self.start().await;
            }
            match self.process.as_mut().unwrap().round().await {
                Round::Made => tokio::task::yield_now().await,
                Round::Rests(next_wake) => return next_wake,
                Round::Died => {
                    for _ in 0..LAST_TURNS {
                        tokio::task::yield_now().await;
                    }
                    self.bury().await;
                }
            }
        }
        panic!("the services did not come to rest within {ROUNDS_MAX} rounds");
    }
}

impl Process {
    /// One step of every service; if none made anything, something that is under way is waited for.
    async fn round(&mut self) -> Round {
        let mut made = false;
        let mut busy = None;
        let mut next_wake: Option<Timestamp> = None;
        for (place, service) in self.services.iter_mut().enumerate() {
            let step = tokio::select! {
                biased;
                step = service.step() => step,
                () = self.store.died() => return Round::Died,
            };
            if self.store.is_dead() {
                return Round::Died;
            }
            let wake = match step.unwrap_or_else(|fault| panic!("{}: {fault}", service.name())) {
                Step::Made => {
                    made = true;
                    None
                }
                Step::Waiting { next_wake, .. } => {
                    busy = Some(place);
                    next_wake
                }
                Step::Idle { next_wake } => next_wake,
            };
            next_wake = next_wake.into_iter().chain(wake).min();
        }
        match busy {
            _ if made => Round::Made,
            None => Round::Rests(next_wake),
            Some(place) => {
                let service = &mut self.services[place];
                tokio::select! {
                    biased;
                    () = self.store.died() => Round::Died,
                    ended = tokio::time::timeout(ENDS_WITHIN, service.ended()) => {
                        assert!(ended.is_ok(), "{} waits for something that never ends", service.name());
                        Round::Made
                    }
                }
            }
        }
    }
}

/// What the planned crash leaves of the calls under way.
pub(super) fn plan(
    crashes: &Mutex<Crashes>,
    when: impl Fn(&[wrasse::ports::store::Write]) -> bool + Send + 'static,
    calls: Calls,
) {
    crashes.lock().unwrap().plan(when, calls);
}
