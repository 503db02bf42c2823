//! Looks at what serves: every pool's lines in its load balancer, often enough to count as fresh.

use super::effects::Effects;
use super::world::World;
use super::{Service, Step};
use crate::admission::{Health, HealthRow};
use crate::domain::effect::{BalancerStanding, Probe, Seen};
use crate::domain::server::PoolName;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::Write;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// How often a pool is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A look that found nothing new is stored again after this share of the age at which it stops counting.
const REFRESH_SHARE: u32 = 3;
/// How long one look may take.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);

/// The watcher.
pub struct Watcher {
    world: Arc<World>,
    /// The looks under way, each with when it was begun.
    effects: Effects<PoolName, (Timestamp, Seen)>,
    next_look: Option<Timestamp>,
}

impl Watcher {
    /// A watcher over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, effects: Effects::new(), next_look: None }
    }

    /// What a look showed counts as of when it was begun: what has changed since may not be in it.
    async fn take_in(&self, pool: &PoolName, (begun_at, seen): (Timestamp, Seen)) -> Result<(), StoreFault> {
        let lines = match seen {
            Seen::Pool(lines) => lines,
            Seen::NoAnswer(why) | Seen::OtherMachine(why) => {
                tracing::warn!(%pool, %why, "the load balancer does not answer");
                return Ok(());
            }
            Seen::Boot(_) | Seen::Balancer(_) | Seen::Power(_) | Seen::Checks(_) => return Ok(()),
        };
        let now = self.world.now();
        let ledger = self.world.store.ledger().await?;
        let rulebook = self.world.rulebook();
        let refresh_after = rulebook.rules.health_age_max / REFRESH_SHARE;
        let mut writes = Vec::new();
        for (name, line) in lines {
            let Some(server) = rulebook.inventory.by_name(&name) else { continue };
            let health = match line.standing {
                BalancerStanding::Up => Health::Serving,
                BalancerStanding::Down => Health::Failing,
                BalancerStanding::Drained | BalancerStanding::Maintenance => Health::OutOfRotation,
            };
            let row = HealthRow { server: server.id.clone(), health, seen_at: begun_at };
            // Whoever watches a server that was put somewhere else waits for looks at it: the next at once, and then each
            // after as long again.
            let moved_at = ledger.states.get(&server.id).map(|row| row.since);
            let is_news = ledger.health.get(&server.id).is_none_or(|known| {
                // A look of the same moment tells nothing more, however often the bot starts anew in it.
                let is_later = begun_at > known.seen_at;
                let was_new = |moved_at| is_later && now.since(known.seen_at) >= known.seen_at.since(moved_at);
                let is_due = !known.seen_at.counts(now, refresh_after) || moved_at.is_some_and(was_new);
                // What a run has seen meanwhile is newer; what lies ahead was seen before the clock was set back.
                let is_newer = known.seen_at > begun_at && known.seen_at <= now;
                !is_newer && (known.health != health || is_due)
            });
            if is_news {
                writes.push(Write::Health(row));
            }
        }
        if !writes.is_empty() {
            self.world.commit(writes).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Service for Watcher {
    fn name(&self) -> &'static str {
        "watcher"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let now = self.world.now();
        let mut made = false;
        while let Some((pool, seen)) = self.effects.take() {
            made = true;
            self.take_in(&pool, seen).await?;
        }
        if self.next_look.is_none_or(|at| now >= at) {
            for pool in self.world.rulebook().inventory.distinct(|server| server.pool.clone()) {
                if !self.effects.has(&pool) {
                    let (drivers, probe) = (Arc::clone(&self.world.drivers), Probe::Pool(pool.clone()));
                    let look = async move { (now, drivers.observe(&probe, LOOK_DEADLINE).await) };
                    self.effects.start(pool.clone(), look);
                }
            }
            self.next_look = Some(now.plus(LOOK_EVERY));
            made = true;
        }
        Ok(match (made, self.effects.in_flight()) {
            (true, _) => Step::Made,
            (false, 0) => Step::Idle { next_wake: self.next_look },
            (false, in_flight) => Step::Waiting { in_flight, next_wake: self.next_look },
        })
    }

    async fn ended(&mut self) {
        self.effects.wait().await;
    }
}
