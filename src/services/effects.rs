//! Calls to the outside that are under way, at most one for each key.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use tokio::task::JoinSet;

/// Effects under way and those that have ended but were not taken in yet.
pub(super) struct Effects<K, T> {
    tasks: JoinSet<(K, T)>,
    keys: BTreeSet<K>,
    ended: VecDeque<(K, T)>,
}

impl<K: Ord + Clone + Send + 'static, T: Send + 'static> Effects<K, T> {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new(), keys: BTreeSet::new(), ended: VecDeque::new() }
    }

    /// Starts an effect; the key must not be under way.
    pub(super) fn start(&mut self, key: K, effect: impl Future<Output = T> + Send + 'static) {
        self.keys.insert(key.clone());
        self.tasks.spawn(async move { (key, effect.await) });
    }

    pub(super) fn has(&self, key: &K) -> bool {
        self.keys.contains(key)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.keys.len()
    }

    /// The next effect that has ended, without waiting.
    pub(super) fn take(&mut self) -> Option<(K, T)> {
        if self.ended.is_empty()
            && let Some(joined) = self.tasks.try_join_next()
        {
            self.keep(joined);
        }
        let (key, value) = self.ended.pop_front()?;
        self.keys.remove(&key);
        Some((key, value))
    }

    /// Waits until one has ended; never returns if none is under way.
    pub(super) async fn wait(&mut self) {
        if !self.ended.is_empty() {
            return;
        }
        match self.tasks.join_next().await {
            Some(joined) => self.keep(joined),
            None => std::future::pending().await,
        }
    }

    fn keep(&mut self, joined: Result<(K, T), tokio::task::JoinError>) {
        match joined {
            Ok(ended) => self.ended.push_back(ended),
            // A panic in an effect is our bug: it must be seen, not turned into a silent hang of one run.
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Err(_) => {}
        }
    }
}
