//! Everything a service works with: the ports, and the files that say what may be done.

use crate::admission::{Known, Ledger, Rules};
use crate::authorization::Policies;
use crate::catalog::Catalog;
use crate::domain::ids::OperationId;
use crate::domain::place::ChannelId;
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::ports::chat::Envelope;
use crate::ports::store::{Committed, Decide, Operation, Scope, Write};
use crate::ports::{Chat, Clock, Directory, Drivers, Ids, Inbox, Store, StoreFault};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::watch;

/// How often a commit of unknown outcome is asked about before the step gives up; its next turn reads afresh.
const COMMIT_ATTEMPTS_MAX: u32 = 3;

/// The files that say what may be done: read together, replaced together.
pub struct Rulebook {
    /// The commands.
    pub catalog: Catalog,
    /// Who may use them where.
    pub policies: Policies,
    /// The numbers of admission.
    pub rules: Rules,
    /// The servers.
    pub inventory: Inventory,
}

/// Channels with a purpose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    /// Where trouble is told; `None` tells it only in threads.
    pub incidents: Option<ChannelId>,
    /// How the bot is called, for `/invite`.
    pub bot_name: String,
}

/// The ports and the rulebook.
pub struct World {
    /// What is durable.
    pub store: Arc<dyn Store>,
    /// What people read and write.
    pub chat: Arc<dyn Chat>,
    /// Who people are.
    pub directory: Arc<dyn Directory>,
    /// How servers are reached.
    pub drivers: Arc<dyn Drivers>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// What may be done.
    pub rulebook: Rulebook,
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

    /// What admission looks at.
    #[must_use]
    pub fn known<'a>(&'a self, ledger: &'a Ledger, now: Timestamp) -> Known<'a> {
        Known { inventory: &self.rulebook.inventory, ledger, rules: &self.rulebook.rules, now }
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
