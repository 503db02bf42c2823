//! The one place where adapters meet services: builds the world, repeats the steps, and ends them together.

use crate::adapters::alerts::Alertmanager;
use crate::adapters::clock::{SteadyClock, until};
use crate::adapters::drivers::RealDrivers;
use crate::adapters::ids::RandomIds;
use crate::adapters::metrics::Prometheus;
use crate::adapters::slack::{Slack, SlackSettings};
use crate::adapters::storage::lock::ServingLock;
use crate::adapters::storage::sqlite::SqliteStore;
use crate::admission::{Ledger, Paces};
use crate::domain::command::CommandName;
use crate::domain::ids::RequestId;
use crate::domain::intent::{Selector, Spanned};
use crate::files::{Files, ServedFiles, workspace};
use crate::fleet::Undone;
use crate::ports::{Alerts, Clock, Directory, Metrics, Monitoring, Store};
use crate::services::admitter::Admitter;
use crate::services::calling::Calling;
use crate::services::comparing::Comparing;
use crate::services::courier::Courier;
use crate::services::doubling::{OpenRuns, open_runs};
use crate::services::explaining::run_paces;
use crate::services::homes::Homes;
use crate::services::intake::Intake;
use crate::services::monitoring::AlertWatch;
use crate::services::overrides::Overrides;
use crate::services::paging::Paging;
use crate::services::reloader::Reloader;
use crate::services::requests::Requests;
use crate::services::runner::Runner;
use crate::services::safety::Around;
use crate::services::standby::Standby;
use crate::services::suspects::Suspects;
use crate::services::telling::Telling;
use crate::services::traffic::TrafficWatch;
use crate::services::undone::left_undone;
use crate::services::watcher::Watcher;
use crate::services::{Gauge, InForce, Pager, Places, Relief, Ruler, Sentry, Service, Step, WakingInbox, World};
use crate::settings::{AlertmanagerSettings, PrometheusSettings, Settings};
use crate::workflow::request::Request;
use anyhow::{Context, anyhow};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a service rests after the store did not answer.
const REST_AFTER_FAULT: Duration = Duration::from_secs(1);
/// How often it is looked whether the clock was set back.
const CLOCK_LOOKED_AT_EVERY: Duration = Duration::from_secs(1);
/// How long the last effects may take when the process is asked to end.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(10);

/// Runs the bot until `shutdown` returns.
///
/// # Errors
/// Anything that keeps it from starting, and any service that ended by itself.
pub async fn serve(settings: Settings, shutdown: impl Future<Output = ()> + Send) -> anyhow::Result<()> {
    let steady = Arc::new(SteadyClock::default());
    let clock: Arc<dyn Clock> = Arc::<SteadyClock>::clone(&steady);
    let serving_alone = ServingLock::take(&settings.database)?;
    let files = Files {
        commands: settings.commands.clone(),
        policies: settings.policies.clone(),
        inventory: settings.inventory.clone(),
    };
    // Files with faults are told before anything is connected.
    files.read(None, clock.now()).map_err(|faults| anyhow!("{faults}"))?;
    let slack = SlackSettings {
        api_base: settings.api_base.clone(),
        app_token: settings.app_token.clone(),
        bot_token: settings.bot_token.clone(),
        sockets: settings.sockets,
    };
    let slack = Arc::new(Slack::connect(slack, Arc::clone(&clock)).await?);
    let workspace = workspace(slack.as_ref(), files.mentioned_people()).await;
    let workspace = workspace.context("the people of the workspace cannot be looked up")?;
    let whole = files.read(Some(workspace), clock.now()).map_err(|faults| anyhow!("{faults}"))?;
    let drivers = Arc::new(RealDrivers::new(whole.endpoints)?);
    let store = Arc::new(SqliteStore::open(&settings.database).await?);
    store.claim(clock.now()).await?;
    let metrics = prometheus(settings.prometheus)?;
    let bot_name = slack.person(&slack.bot()).await.map_or_else(|_| "wrasse".to_owned(), |bot| bot.name);
    let world = Arc::new(World {
        store: store.clone(),
        chat: slack.clone(),
        directory: slack.clone(),
        traffic: Gauge::new(metrics.clone()),
        ruler: Ruler::new(metrics),
        sentry: Sentry::new(monitoring(settings.alerts)?),
        relief: Relief::default(),
        pager: Pager::new(alertmanager(settings.alertmanager)?),
        drivers: drivers.clone(),
        source: Arc::new(ServedFiles::new(files, slack.clone(), Arc::clone(&clock), drivers)),
        clock,
        ids: Arc::new(RandomIds),
        in_force: InForce::new(whole.rulebook),
        places: Places {
            incidents: settings.incidents.clone(),
            admins: settings.admins.clone(),
            owners_called_after: settings.owners_called_after,
            requester_told_after: settings.requester_told_after,
            bot_name,
        },
        changes: watch::Sender::new(0),
    });
    run(&world, &slack, &steady, shutdown).await?;
    store.close().await?;
    drop(serving_alone);
    Ok(())
}

/// Where traffic is looked up, if anywhere; which of the two it is is said once.
fn prometheus(settings: Option<PrometheusSettings>) -> anyhow::Result<Option<Arc<dyn Metrics>>> {
    let Some(settings) = settings else {
        tracing::info!("traffic is not looked at, and no server is compared: WRASSE_PROMETHEUS_URL is not set");
        return Ok(None);
    };
    tracing::info!("traffic is looked at");
    Ok(Some(Arc::new(Prometheus::new(&settings.url, settings.token)?)))
}

/// Where firing alerts are read, if anywhere; which of the two it is is said once.
fn monitoring(settings: Option<AlertmanagerSettings>) -> anyhow::Result<Option<Arc<dyn Monitoring>>> {
    let Some(settings) = settings else {
        tracing::info!("alerts are not read: WRASSE_ALERTS_URL is not set");
        return Ok(None);
    };
    tracing::info!("firing alerts are read");
    Ok(Some(Arc::new(Alertmanager::new(&settings.url, settings.token)?)))
}

/// What takes alerts, if anything does; which of the two it is is said once.
fn alertmanager(settings: Option<AlertmanagerSettings>) -> anyhow::Result<Option<Arc<dyn Alerts>>> {
    let Some(settings) = settings else {
        tracing::info!("nobody is paged: WRASSE_ALERTMANAGER_URL is not set");
        return Ok(None);
    };
    tracing::info!("matters are told as alerts");
    Ok(Some(Arc::new(Alertmanager::new(&settings.url, settings.token)?)))
}

async fn run(
    world: &Arc<World>,
    slack: &Slack,
    clock: &SteadyClock,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let mut loops: JoinSet<()> = JoinSet::new();
    for service in services(world) {
        loops.spawn(repeat(service, world.changes.subscribe(), (stop.clone(), Arc::clone(&world.clock))));
    }
    let mut sockets = JoinSet::new();
    let inbox = WakingInbox::new(Arc::clone(&world.store), world.changes.clone());
    let listening = slack.listen(Arc::new(inbox), &mut sockets);
    let mut ready = listening.ready();
    tracing::info!("serving; waiting for the first socket");
    tokio::pin!(shutdown);
    let outcome = loop {
        tokio::select! {
            () = &mut shutdown => break Ok(()),
            by = set_back(clock) => break Err(anyhow!(
                "the machine's clock was set back by {} s, so no time that was set before holds; start again, and every open run \
                 is looked at anew",
                by.as_secs()
            )),
            Some(ended) = loops.join_next() => break Err(ended.err().map_or_else(
                || anyhow!("a service ended by itself"),
                |fault| anyhow!(fault).context("a service broke"),
            )),
            changed = ready.changed() => match changed {
                Ok(()) => tracing::info!(ready = *ready.borrow_and_update(), "sockets"),
                Err(_) => break Err(anyhow!("the sockets ended by themselves")),
            },
        }
    };
    listening.stop();
    stop.cancel();
    let joined = tokio::time::timeout(SHUTDOWN_WITHIN, async { while loops.join_next().await.is_some() {} }).await;
    if joined.is_err() {
        tracing::warn!("effects were still under way at the end; they are verified at the next start");
    }
    outcome
}

/// Every service, in the order of a message's journey.
#[must_use]
pub fn services(world: &Arc<World>) -> Vec<Box<dyn Service>> {
    vec![
        Box::new(Intake::new(Arc::clone(world))),
        Box::new(Requests::new(Arc::clone(world))),
        Box::new(Overrides::new(Arc::clone(world))),
        Box::new(Admitter::new(Arc::clone(world))),
        Box::new(Runner::new(Arc::clone(world))),
        Box::new(Homes::new(Arc::clone(world))),
        Box::new(Courier::new(Arc::clone(world))),
        Box::new(Calling::new(Arc::clone(world))),
        Box::new(Telling::new(Arc::clone(world))),
        Box::new(Suspects::new(Arc::clone(world))),
        Box::new(Paging::new(Arc::clone(world))),
        Box::new(Watcher::new(Arc::clone(world))),
        Box::new(TrafficWatch::new(Arc::clone(world))),
        Box::new(Comparing::new(Arc::clone(world))),
        Box::new(AlertWatch::new(Arc::clone(world))),
        Box::new(Standby::new(Arc::clone(world))),
        Box::new(Reloader::new(Arc::clone(world))),
    ]
}

/// Repeats a service's step until it is told to stop.
async fn repeat(
    mut service: Box<dyn Service>,
    mut changes: watch::Receiver<u64>,
    (stop, clock): (CancellationToken, Arc<dyn Clock>),
) {
    let until = |at| until(at, clock.as_ref());
    while !stop.is_cancelled() {
        changes.borrow_and_update();
        let (busy, next_wake) = match service.step().await {
            Ok(Step::Made) => {
                tokio::task::yield_now().await;
                continue;
            }
            Ok(Step::Waiting { next_wake, .. }) => (true, next_wake.map(until)),
            Ok(Step::Idle { next_wake }) => (false, next_wake.map(until)),
            Err(fault) => {
                tracing::error!(service = service.name(), %fault, "a step failed; it is repeated");
                (false, Some(REST_AFTER_FAULT))
            }
        };
        let timer = async {
            match next_wake {
                Some(wait) => rest(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = changes.changed() => {}
            () = timer => {}
            () = service.ended(), if busy => {}
        }
    }
}

/// Returns once the clock was set back so far that nothing which waits for a time to come can be relied on.
async fn set_back(clock: &SteadyClock) -> Duration {
    loop {
        if let Some(by) = clock.set_back() {
            return by;
        }
        rest(CLOCK_LOOKED_AT_EVERY).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "this loop is where production waits for the clock")]
async fn rest(wait: Duration) {
    tokio::time::sleep(wait).await;
}

/// What the database tells to those who only look.
pub(crate) struct Stored {
    /// Locks, states and health.
    pub(crate) ledger: Ledger,
    /// Requests that are not over.
    pub(crate) open: Vec<Request>,
    /// The runs of those of the command that was asked about.
    pub(crate) runs: OpenRuns,
    /// What the requests that were asked about left undone.
    pub(crate) undone: Undone,
    /// How long runs took before, of the command that was asked about and of those at work.
    pub(crate) paces: Paces,
    /// Whether there is a database at all.
    pub(crate) is_there: bool,
}

impl Stored {
    /// What is known around a line; the id is that of no request.
    pub(crate) fn around<'a>(&'a self, id: &'a RequestId) -> Around<'a> {
        Around { id, open: &self.open, runs: &self.runs, paces: &self.paces }
    }
}

/// Looks into the database, if there is that file; none is made. The selector may ask what requests left undone.
pub(crate) async fn read_stored(
    database: &Path,
    (selector, command): (Option<&Spanned<Selector>>, Option<&CommandName>),
) -> anyhow::Result<Stored> {
    if !database.exists() {
        let (ledger, open, runs, undone, paces) = Default::default();
        return Ok(Stored { ledger, open, runs, undone, paces, is_there: false });
    }
    // Whoever only asks brings nothing up to date: the bot that serves may be of an older version.
    let store = SqliteStore::look(database).await?;
    let undone = left_undone(&store, selector).await?;
    let (ledger, open) = (store.ledger().await?, store.open_requests().await?);
    let (runs, paces) = match command {
        Some(command) => (open_runs(&store, &open, command).await?, run_paces(&store, &ledger, command).await?),
        None => (OpenRuns::new(), Paces::new()),
    };
    let stored = Stored { ledger, open, runs, undone, paces, is_there: true };
    store.close().await?;
    Ok(stored)
}
