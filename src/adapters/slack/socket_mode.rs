//! Receiving: the library's sockets, our own envelopes. An envelope is durable before it is acknowledged.
//!
//! Each socket has a manager of the library to itself, so that one can be drained and let go while the others go
//! on. Which ones to open and close is decided in `sockets`, what a frame is in `envelope`.

use super::envelope::{Delivery, Frame, frame};
use super::sockets::{Sockets, Step};
use crate::domain::ids::EnvelopeKey;
use crate::ports::Clock;
use crate::ports::chat::{Envelope, Inbox};
use async_trait::async_trait;
use slack_morphism::clients_manager::{SlackSocketModeClientsManager, SlackSocketModeClientsManagerFactory};
use slack_morphism::listener::SlackClientEventsListenerEnvironment;
use slack_morphism::prelude::SlackClientHyperHttpsConnector;
use slack_morphism::{
    SlackApiToken, SlackClient, SlackClientSocketModeConfig, SlackSocketModeClientListener, SlackSocketModeWssClientId,
};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// How often sockets that say nothing are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The listening side: whether it is ready, and how to end it.
#[derive(Clone)]
pub struct Listening {
    shared: Arc<Shared>,
    ready: watch::Receiver<bool>,
}

impl Listening {
    /// Whether at least one socket is up; changes are seen by waiting on the receiver.
    #[must_use]
    pub fn ready(&self) -> watch::Receiver<bool> {
        self.ready.clone()
    }

    /// How many frames could not be read at all, and so neither kept nor acknowledged.
    #[must_use]
    pub fn unreadable_frames(&self) -> u64 {
        self.shared.unreadable.load(Ordering::Relaxed)
    }

    /// Stops taking in: nothing more is kept or acknowledged, Slack delivers it again later. The task then ends.
    pub fn stop(&self) {
        self.shared.is_stopped.store(true, Ordering::Release);
        self.shared.changed.notify_one();
    }
}

/// What listening needs.
pub(super) struct Setup {
    pub(super) client: Arc<SlackClient<SlackClientHyperHttpsConnector>>,
    pub(super) app_token: SlackApiToken,
    pub(super) sockets: usize,
    pub(super) app: Arc<OnceLock<String>>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Starts listening, in a task of that set.
pub(super) fn start(setup: Setup, inbox: Arc<dyn Inbox>, tasks: &mut JoinSet<()>) -> Listening {
    let (ready, seen) = watch::channel(false);
    let shared = Arc::new(Shared {
        inbox,
        clock: setup.clock,
        app: setup.app,
        sockets: Mutex::new(Sockets::new(setup.sockets)),
        changed: Notify::new(),
        ready,
        unreadable: AtomicU64::new(0),
        is_stopped: AtomicBool::new(false),
    });
    let keeper = Keeper {
        shared: Arc::clone(&shared),
        client: setup.client,
        app_token: setup.app_token,
        managers: HashMap::new(),
    };
    tasks.spawn(keeper.run());
    Listening { shared, ready: seen }
}

struct Shared {
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    app: Arc<OnceLock<String>>,
    sockets: Mutex<Sockets>,
    changed: Notify,
    ready: watch::Sender<bool>,
    unreadable: AtomicU64,
    is_stopped: AtomicBool,
}

impl Shared {
    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// Tells everybody whether a socket is up.
    fn publish(&self) {
        let is_ready = self.sockets().is_ready() && !self.is_stopped();
        self.ready.send_if_modified(|ready| std::mem::replace(ready, is_ready) != is_ready);
    }

    /// Something about a socket changed: says so and wakes the keeper.
    fn look_again(&self) {
        self.publish();
        self.changed.notify_one();
    }
}

/// Opens and closes sockets until it is stopped.
struct Keeper {
    shared: Arc<Shared>,
    client: Arc<SlackClient<SlackClientHyperHttpsConnector>>,
    app_token: SlackApiToken,
    managers: HashMap<u64, Arc<dyn SlackSocketModeClientsManager + Send + Sync>>,
}

impl Keeper {
    async fn run(mut self) {
        while !self.shared.is_stopped() {
            let now = self.shared.clock.now();
            let steps = self.shared.sockets().steps(now);
            for step in steps {
                match step {
                    Step::Open(number) => self.open(number).await,
                    Step::Close(number) => self.close(number).await,
                }
            }
            self.shared.publish();
            if tokio::time::timeout(LOOK_EVERY, self.shared.changed.notified()).await.is_err() {
                tracing::trace!("no news from the sockets");
            }
        }
        self.shared.publish();
        for manager in self.managers.values() {
            manager.shutdown().await;
        }
    }

    async fn open(&mut self, number: u64) {
        let environment = Arc::new(SlackClientEventsListenerEnvironment::new(Arc::clone(&self.client)));
        let manager = self.client.http_api.connector.new_clients_manager(environment);
        let ear = Arc::new(Ear { number, shared: Arc::clone(&self.shared) });
        match manager.register_new_token(&config(), self.app_token.clone(), ear).await {
            Ok(()) => {
                manager.start().await;
                self.managers.insert(number, manager);
            }
            Err(_) => {
                tracing::warn!(slack.socket = number, "a socket could not be set up");
                self.shared.sockets().closed(number, self.shared.clock.now());
            }
        }
    }

    async fn close(&mut self, number: u64) {
        if let Some(manager) = self.managers.remove(&number) {
            manager.shutdown().await;
            tracing::debug!(slack.socket = number, "socket let go");
        }
    }
}

impl Drop for Keeper {
    /// The library's own tasks outlive ours by moments; what they still receive must not be acknowledged.
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Release);
        self.shared.ready.send_replace(false);
    }
}

/// One socket; how fast it is opened again is our own decision, so the library's waits are short.
fn config() -> SlackClientSocketModeConfig {
    SlackClientSocketModeConfig::new()
        .with_max_connections_count(1)
        .with_initial_backoff_in_seconds(0)
        .with_reconnect_timeout_in_seconds(3)
        .with_ping_interval_in_seconds(5)
        .with_ping_failure_threshold_times(3)
}

/// What listens on one socket.
struct Ear {
    number: u64,
    shared: Arc<Shared>,
}

impl Ear {
    async fn keep(&self, delivery: Delivery) -> Option<String> {
        let key = EnvelopeKey::new(delivery.key);
        let envelope = Envelope { key, raw: delivery.raw, received_at: self.shared.clock.now() };
        match self.shared.inbox.keep(envelope).await {
            Ok(()) => Some(delivery.ack),
            Err(fault) => {
                // Without an acknowledgement Slack delivers it again, or tells the person that it did not arrive.
                tracing::error!(fault = %fault, "an envelope could not be kept; it is not acknowledged");
                None
            }
        }
    }
}

#[async_trait]
impl SlackSocketModeClientListener for Ear {
    async fn on_message(&self, _: &SlackSocketModeWssClientId, body: String) -> Option<String> {
        if self.shared.is_stopped() {
            return None;
        }
        match frame(body) {
            Frame::Delivery(delivery) => return self.keep(delivery).await,
            Frame::Hello { app } => {
                if let Some(app) = app {
                    self.shared.app.get_or_init(|| app);
                }
                self.shared.sockets().said_hello(self.number, self.shared.clock.now());
                tracing::info!(slack.socket = self.number, "socket ready");
            }
            Frame::Disconnect { reason } => {
                let mut sockets = self.shared.sockets();
                sockets.will_close(self.number, &reason, self.shared.clock.now());
                if sockets.is_cut_off() {
                    tracing::error!("socket mode was switched off for this app; nothing more arrives");
                } else {
                    tracing::info!(slack.socket = self.number, slack.reason = %reason, "socket will close");
                }
            }
            Frame::Unreadable(why) => {
                let count = self.shared.unreadable.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::warn!(slack.socket = self.number, why, count, "a frame could not be read and is passed over");
                return None;
            }
        }
        self.shared.look_again();
        None
    }

    async fn on_error(&self, _: Box<dyn std::error::Error + Send + Sync>) {
        tracing::warn!(slack.socket = self.number, "the socket reports trouble");
    }

    async fn on_disconnect(&self, _: &SlackSocketModeWssClientId) {
        self.shared.sockets().closed(self.number, self.shared.clock.now());
        self.shared.look_again();
    }
}
