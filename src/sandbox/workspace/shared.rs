//! What the faces share: the model behind one lock, and the ways out for its effects. No rule of the workspace lives here.

use super::model::deliveries::Outcome;
use super::model::{Effect, Model, Now};
use crate::ports::Clock;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio::time::Instant;

/// Frames that may wait for a slow socket.
pub(super) const SOCKET_QUEUE_MAX_FRAMES: usize = 8_192;
/// Events that may wait for a slow page.
const PAGE_QUEUE_MAX_EVENTS: usize = 4_096;
/// How often time-outs are looked at while something is open.
const TICK: Duration = Duration::from_millis(40);

/// Something that an open page should show.
#[derive(Clone, Debug, PartialEq)]
pub struct PageEvent {
    /// `message`, `view_opened`, `fleet`, …
    pub kind: String,
    /// What the page needs to draw it.
    pub data: Value,
}

/// What leaves on a socket.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A text frame.
    Frame(String),
    /// A closing handshake.
    Goodbye,
    /// The end, without a word.
    Cut,
}

/// The model and its ways out.
pub(super) struct Shared {
    model: Mutex<Model>,
    clock: Arc<dyn Clock>,
    base_ms: f64,
    started: Instant,
    sockets: Mutex<BTreeMap<u64, mpsc::Sender<Outgoing>>>,
    waiters: Mutex<BTreeMap<u64, oneshot::Sender<Outcome>>>,
    page: broadcast::Sender<PageEvent>,
    alarm: Notify,
}

impl Shared {
    /// Around the model that `make` builds at the present moment.
    pub(super) fn new(clock: Arc<dyn Clock>, make: impl FnOnce(Now) -> Model) -> Self {
        let at = clock.now();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits")]
        let base_ms = at.millis() as f64;
        let model = make(Now { at, fine_ms: base_ms });
        let (page, _) = broadcast::channel(PAGE_QUEUE_MAX_EVENTS);
        Self {
            model: Mutex::new(model),
            clock,
            base_ms,
            started: Instant::now(),
            sockets: Mutex::new(BTreeMap::new()),
            waiters: Mutex::new(BTreeMap::new()),
            page,
            alarm: Notify::new(),
        }
    }

    fn now(&self) -> Now {
        Now { at: self.clock.now(), fine_ms: self.base_ms + self.started.elapsed().as_secs_f64() * 1000.0 }
    }

    /// Calls the model and does what it asks for.
    pub(super) fn act<R>(&self, call: impl FnOnce(&mut Model, Now) -> R) -> R {
        self.act_then(call, |_| {})
    }

    /// The same, with something to prepare between the call and its effects.
    pub(super) fn act_then<R>(&self, call: impl FnOnce(&mut Model, Now) -> R, prepare: impl FnOnce(&R)) -> R {
        let mut model = locked(&self.model);
        let result = call(&mut model, self.now());
        prepare(&result);
        for effect in model.take_effects() {
            self.perform(effect);
        }
        drop(model);
        self.alarm.notify_one();
        result
    }

    /// Looks without changing anything.
    pub(super) fn look<R>(&self, call: impl FnOnce(&Model) -> R) -> R {
        call(&locked(&self.model))
    }

    /// Waits for the outcome of a delivery that `prepare` registers.
    pub(super) fn expect_outcome(&self, delivery: u64) -> oneshot::Receiver<Outcome> {
        let (told, outcome) = oneshot::channel();
        locked(&self.waiters).insert(delivery, told);
        outcome
    }

    /// A way out for a socket that the model knows under that number.
    pub(super) fn connect(&self, socket: u64, out: mpsc::Sender<Outgoing>) {
        locked(&self.sockets).insert(socket, out);
    }

    /// A socket is gone.
    pub(super) fn disconnect(&self, socket: u64) {
        locked(&self.sockets).remove(&socket);
        self.act(|model, _| model.socket_closed(socket));
    }

    /// Everything that pages hear from now on.
    pub(super) fn page_events(&self) -> broadcast::Receiver<PageEvent> {
        self.page.subscribe()
    }

    /// Tells the pages; nobody listening is fine.
    pub(super) fn publish(&self, event: PageEvent) {
        if self.page.receiver_count() > 0 && self.page.send(event).is_err() {
            tracing::debug!("the last page closed while it was being told");
        }
    }

    fn perform(&self, effect: Effect) {
        match effect {
            Effect::Frame { socket, frame } => self.send(socket, Outgoing::Frame(frame)),
            Effect::Close { socket, is_polite } => {
                self.send(socket, if is_polite { Outgoing::Goodbye } else { Outgoing::Cut });
            }
            Effect::Page { kind, data } => self.publish(PageEvent { kind, data }),
            Effect::Settled { delivery, outcome } => {
                let waiter = locked(&self.waiters).remove(&delivery);
                if waiter.is_some_and(|told| told.send(outcome).is_err()) {
                    tracing::debug!(delivery, "nobody waits for this outcome any more");
                }
            }
        }
    }

    /// A socket that does not take its frames is let go.
    fn send(&self, socket: u64, what: Outgoing) {
        let mut sockets = locked(&self.sockets);
        if sockets.get(&socket).is_some_and(|out| out.try_send(what).is_err()) {
            sockets.remove(&socket);
        }
    }

    /// Watches the clock for time-outs and retries; runs until it is dropped.
    pub(super) async fn watch_clock(&self) {
        loop {
            let wake = self.look(Model::next_wake);
            match wake {
                None => self.alarm.notified().await,
                Some(at) => {
                    let pause = at.since(self.clock.now()).clamp(Duration::from_millis(1), TICK);
                    tokio::time::sleep_until(Instant::now() + pause).await;
                    self.act(|model, now| model.tick(now));
                }
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
