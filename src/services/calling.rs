//! Calls those who own a command when nobody has taken over, or answered, what one of its requests left out for a while; when
//! nobody has closed a breaker that stops it, or looked after a run of it that stands still.
//!
//! Once for each: whether it was done is read off the outbox. Deliberately absent: what is the matter, which is
//! worked out as for a pager.

use super::matters::matters;
use super::rounds::Rounds;
use super::world::World;
use super::{Service, Step, messages, suspects};
use crate::admission::Breaker;
use crate::conversation::MatterKind;
use crate::domain::ids::{DeliveryKey, RequestId};
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::Write;
use crate::workflow::request::PolicyName;
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
        let (mut writes, mut next) = (Vec::new(), None);
        for Waiting { since, key, called } in self.waiting().await? {
            if self.world.store.slot(&key).await?.is_some() {
                continue;
            }
            let due = since.plus(after);
            if due <= now {
                writes.push(called);
            } else {
                next = next.into_iter().chain([due]).min();
            }
        }
        if !writes.is_empty() {
            self.world.commit(writes).await?;
        }
        Ok(next)
    }

    /// All that waits for somebody, and how they are called.
    async fn waiting(&self) -> Result<Vec<Waiting>, StoreFault> {
        let world = &self.world;
        let mut left: BTreeMap<RequestId, Timestamp> = BTreeMap::new();
        for matter in matters(world).await? {
            let calls = matches!(matter.kind, MatterKind::ServersLeftOut | MatterKind::OutcomeUnknown);
            if let Some(request) = matter.request.filter(|_| calls) {
                let since = left.entry(request).or_insert(matter.since);
                *since = matter.since.min(*since);
            }
        }
        let of_request = |(request, since): (RequestId, Timestamp)| Waiting {
            since,
            key: messages::unclaimed_key(&request),
            called: messages::unclaimed(&request),
        };
        let mut waiting = left.into_iter().map(of_request).collect::<Vec<_>>();
        // The others are told in the incident channel alone.
        let Some(channel) = &world.places.incidents else { return Ok(waiting) };
        let is_observed = world.rulebook().rules.observes(PolicyName::FailureRate);
        let ledger = world.store.ledger().await?;
        let stops = |breaker: &&Breaker| !is_observed && breaker.scope.server().is_none();
        waiting.extend(ledger.breakers.values().filter(stops).map(|breaker| Waiting {
            since: breaker.opened_at,
            key: messages::breaker_unclaimed_key(breaker),
            called: messages::breaker_unclaimed(breaker, channel),
        }));
        waiting.extend(suspects::standing_still(world).await?.into_iter().map(|(run, since, suspect_from)| Waiting {
            since: suspect_from,
            key: messages::suspect_unclaimed_key(&run, since),
            called: messages::suspect_unclaimed(&run, since, channel),
        }));
        Ok(waiting)
    }
}

/// Something that waits for somebody.
struct Waiting {
    since: Timestamp,
    /// Under which it is known whether they were called.
    key: DeliveryKey,
    called: Write,
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
