//! What is looked up outside again and again: where, what was known of it last, and when it is asked for next.
//!
//! It is kept in memory alone: after a restart it is looked up anew. Nobody looks anything up inside a transaction.

use super::Step;
use super::effects::Effects;
use crate::domain::time::Timestamp;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Where something is looked up, if anywhere, and what was known of it last.
pub struct Lookout<S: ?Sized, K> {
    source: Option<Arc<S>>,
    last: RwLock<Arc<K>>,
}

impl<S: ?Sized, K> Lookout<S, K> {
    /// One that looks there, and knows that before it has looked.
    pub(super) fn at(source: Option<Arc<S>>, first: K) -> Self {
        Self { source, last: RwLock::new(Arc::new(first)) }
    }

    /// Where it looks.
    pub(super) fn source(&self) -> Option<Arc<S>> {
        self.source.clone()
    }

    /// What is known now; it stays as it is for whoever holds it.
    #[must_use]
    pub fn now(&self) -> Arc<K> {
        Arc::clone(&self.last.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn keep(&self, known: K) {
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
    }
}

/// Looks that are begun at steady times, at most one at once.
pub(super) struct Looks<T> {
    effects: Effects<(), T>,
    next: Option<Timestamp>,
}

impl<T: Send + 'static> Looks<T> {
    pub(super) fn new() -> Self {
        Self { effects: Effects::new(), next: None }
    }

    /// The look that has ended, without waiting.
    pub(super) fn take(&mut self) -> Option<T> {
        self.effects.take().map(|((), look)| look)
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.next.is_none_or(|at| now >= at) && !self.effects.has(&())
    }

    pub(super) fn begin(
        &mut self,
        (now, every): (Timestamp, Duration),
        look: impl Future<Output = T> + Send + 'static,
    ) {
        self.next = Some(now.plus(every));
        self.effects.start((), look);
    }

    /// Nothing is to be looked at now.
    pub(super) fn put_off(&mut self, now: Timestamp, every: Duration) {
        self.next = Some(now.plus(every));
    }

    /// What a step comes to that has made something of looks, or not.
    pub(super) fn step(&self, made: bool) -> Step {
        match (made, self.effects.in_flight()) {
            (true, _) => Step::Made,
            (false, 0) => Step::Idle { next_wake: self.next },
            (false, in_flight) => Step::Waiting { in_flight, next_wake: None },
        }
    }

    pub(super) async fn ended(&mut self) {
        self.effects.wait().await;
    }
}
