//! Everything a service works with: the ports, and the files that say what may be done.

use super::comparing::Ruler;
use super::monitoring::Sentry;
use super::paging::Pager;
use super::standby::Relief;
use super::traffic::Gauge;
use crate::admission::{Firing, Measures, Outside, Traffic};
use crate::domain::ids::OperationId;
use crate::domain::place::ChannelId;
use crate::domain::time::Timestamp;
use crate::ports::chat::Envelope;
use crate::ports::store::{Committed, Decide, Operation, Scope, Write};
use crate::ports::{Chat, Clock, Directory, Drivers, Ids, Inbox, Rulebook, RulebookSource, Store, StoreFault};
use async_trait::async_trait;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;

/// How often a commit of unknown outcome is asked about before the step gives up; its next turn reads afresh.
const COMMIT_ATTEMPTS_MAX: u32 = 3;

/// The rulebook in force. Who decides takes one snapshot, and decides the whole of it by that one.
pub struct InForce(RwLock<Arc<Rulebook>>);

impl InForce {
    /// That rulebook, to begin with.
    #[must_use]
    pub fn new(rulebook: Rulebook) -> Self {
        Self(RwLock::new(Arc::new(rulebook)))
    }
}

/// Channels with a purpose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    /// Where trouble is told; `None` tells it only in threads.
    pub incidents: Option<ChannelId>,
    /// Where changed files that cannot be used are told; `None` tells it only in the log.
    pub admins: Option<ChannelId>,
    /// How long nobody may take over what a request left out before its owners are called; `None` calls nobody.
    pub owners_called_after: Option<Duration>,
    /// How long a request may need whoever asked for it before they are told in person; `None` tells nobody so.
    pub requester_told_after: Option<Duration>,
    /// How the bot is called, for `/invite`.
    pub bot_name: String,
}

/// What is known of the outside at one moment.
#[derive(Clone, Debug)]
pub struct LookedUp {
    /// What pools carry.
    pub traffic: Arc<Traffic>,
    /// Which alerts fire.
    pub firing: Arc<Firing>,
    /// What servers have that are compared with their siblings.
    pub measures: Arc<Measures>,
}

impl LookedUp {
    /// As admission takes it.
    #[must_use]
    pub fn outside(&self) -> Outside<'_> {
        Outside { traffic: &self.traffic, firing: &self.firing, measures: &self.measures }
    }
}

/// The ports and the rulebook.
pub struct World {
    /// What is durable.
    pub store: Arc<dyn Store>,
    /// What people read and write.
    pub chat: Arc<dyn Chat>,
    /// Who people are.
    pub directory: Arc<dyn Directory>,
    /// What pools carry.
    pub traffic: Gauge,
    /// Which alerts fire.
    pub sentry: Sentry,
    /// What servers have that are compared with their siblings.
    pub ruler: Ruler,
    /// Where more comes than what serves can well carry, and what is done about it.
    pub relief: Relief,
    /// What rings while the chat is down.
    pub pager: Pager,
    /// How servers are reached.
    pub drivers: Arc<dyn Drivers>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// What may be done.
    pub in_force: InForce,
    /// Where the files are that say it.
    pub source: Arc<dyn RulebookSource>,
    /// Channels with a purpose.
    pub places: Places,
    /// Counts up whenever something was committed, so that idle services look again.
    pub changes: watch::Sender<u64>,
}

impl World {
    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What is known of the outside now; it stays as it is for whoever holds it.
    #[must_use]
    pub fn looked_up(&self) -> LookedUp {
        LookedUp { traffic: self.traffic.now(), firing: self.sentry.now(), measures: self.ruler.now() }
    }

    /// Commits all or nothing; a commit of unknown outcome is asked about again with the same id.
    ///
    /// # Errors
    /// The outcome stays unknown.
    pub async fn commit(&self, writes: Vec<Write>) -> Result<Committed, StoreFault> {
        let operation = Operation { id: self.ids.operation(), writes };
        let mut attempt = 1;
        loop {
            match self.store.commit(operation.clone()).await {
                Ok(committed) => return Ok(self.told(committed)),
                Err(StoreFault::Unavailable(_)) if attempt < COMMIT_ATTEMPTS_MAX => attempt += 1,
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Decides and writes under the store's lock.
    ///
    /// # Errors
    /// The outcome stays unknown.
    pub async fn reserve(&self, scopes: &[Scope], decide: &Decide<'_>) -> Result<Committed, StoreFault> {
        let id: OperationId = self.ids.operation();
        let mut attempt = 1;
        loop {
            match self.store.reserve(id.clone(), scopes, decide).await {
                Ok(committed) => return Ok(self.told(committed)),
                Err(StoreFault::Unavailable(_)) if attempt < COMMIT_ATTEMPTS_MAX => attempt += 1,
                Err(fault) => return Err(fault),
            }
        }
    }

    fn told(&self, committed: Committed) -> Committed {
        if committed != Committed::Stale {
            self.changes.send_modify(|count| *count += 1);
        }
        committed
    }

    /// The rulebook in force now; it stays as it is for whoever holds it.
    #[must_use]
    pub fn rulebook(&self) -> Arc<Rulebook> {
        // A thread that panicked with the lock in hand left a whole rulebook: it is replaced in one assignment.
        Arc::clone(&self.in_force.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on that rulebook is in force, and idle services look again.
    pub fn replace_rulebook(&self, rulebook: Rulebook) {
        *self.in_force.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rulebook);
        self.changes.send_modify(|count| *count += 1);
    }
}

/// An inbox that wakes the services once an envelope is durable.
pub struct WakingInbox {
    store: Arc<dyn Store>,
    changes: watch::Sender<u64>,
}

impl WakingInbox {
    /// An inbox over that store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, changes: watch::Sender<u64>) -> Self {
        Self { store, changes }
    }
}

#[async_trait]
impl Inbox for WakingInbox {
    async fn keep(&self, envelope: Envelope) -> Result<(), StoreFault> {
        self.store.keep(envelope).await?;
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }
}
