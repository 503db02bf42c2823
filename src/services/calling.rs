//! Calls those who own a command when nobody has taken over, or answered, what one of its requests left out for a while.
//!
//! Once for each request: whether it was done is read off the outbox. Deliberately absent: what is the matter, which is
//! worked out as for a pager.

use super::matters::matters;
use super::rounds::Rounds;
use super::world::World;
use super::{Service, Step, messages};
use crate::conversation::MatterKind;
use crate::domain::ids::RequestId;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What is left out is looked at no more often than this: nobody is called within seconds.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Calls owners.
pub struct Calling {
    world: Arc<World>,
    rounds: Rounds,
}

impl Calling {
    /// Calls over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, rounds: Rounds::every(LOOK_EVERY) }
    }

    /// Calls whoever is due, and says when the next is.
    async fn call(&self, after: Duration, now: Timestamp) -> Result<Option<Timestamp>, StoreFault> {
        let mut waiting: BTreeMap<RequestId, Timestamp> = BTreeMap::new();
        for matter in matters(&self.world).await? {
            let calls = matches!(matter.kind, MatterKind::ServersLeftOut | MatterKind::OutcomeUnknown);
            if let Some(request) = matter.request.filter(|_| calls) {
                let since = waiting.entry(request).or_insert(matter.since);
                *since = matter.since.min(*since);
            }
        }
        let (mut writes, mut next) = (Vec::new(), None);
        for (request, since) in waiting {
            if self.world.store.slot(&messages::unclaimed_key(&request)).await?.is_some() {
                continue;
            }
            let due = since.plus(after);
            if due <= now {
                writes.push(messages::unclaimed(&request));
            } else {
                next = next.into_iter().chain([due]).min();
            }
        }
        if !writes.is_empty() {
            self.world.commit(writes).await?;
        }
        Ok(next)
    }
}

#[async_trait]
impl Service for Calling {
    fn name(&self) -> &'static str {
        "calling"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let Some(after) = self.world.places.owners_called_after else { return Ok(Step::Idle { next_wake: None }) };
        let (now, changes) = (self.world.now(), *self.world.changes.borrow());
        if self.rounds.is_due(now, changes) {
            let next = self.call(after, now).await?;
            self.rounds.looked((now, changes), next);
            return Ok(Step::Made);
        }
        Ok(self.rounds.rest(changes))
    }

    async fn ended(&mut self) {
        std::future::pending().await
    }
}
