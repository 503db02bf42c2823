//! Looks at which alerts fire, often enough to count as fresh, and keeps the last answer where whoever decides finds it.
//!
//! Deliberately absent: what an answer is worth, which admission says.

use super::lookout::{Lookout, Looks};
use super::world::World;
use super::{Service, Step};
use crate::admission::infrastructure::{Firing, judged};
use crate::domain::alert::FiringAlert;
use crate::domain::time::Timestamp;
use crate::ports::monitoring::MonitoringFault;
use crate::ports::{Monitoring, StoreFault};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// How long one look may take.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);

/// Where firing alerts are read, if anywhere, and what was known last.
pub type Sentry = Lookout<dyn Monitoring, Firing>;

impl Sentry {
    /// One that reads there; without a place to read them, alerts stop nothing.
    #[must_use]
    pub fn new(source: Option<Arc<dyn Monitoring>>) -> Self {
        let first = if source.is_some() { Firing::Pending } else { Firing::NotConfigured };
        Self::at(source, first)
    }
}

/// When it was asked, and what came back.
type Look = (Timestamp, Result<Vec<FiringAlert>, MonitoringFault>);

/// Looks at alerts.
pub struct AlertWatch {
    world: Arc<World>,
    looks: Looks<Look>,
}

impl AlertWatch {
    /// A look-out over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, looks: Looks::new() }
    }

    fn take_in(&self, (asked_at, answer): Look) {
        let before = self.world.sentry.now();
        let rulebook = self.world.rulebook();
        let answer = answer.map_err(|fault| fault.to_string());
        let next = judged(answer, asked_at, &rulebook.rules.infrastructure.alerts, &before);
        tell_doubt(&next, &before);
        self.world.sentry.keep(next);
        // Servers that wait are looked at again.
        self.world.changes.send_modify(|count| *count += 1);
    }
}

/// That alerts cannot be relied on any more, or can again, is told once in the log.
fn tell_doubt(next: &Firing, before: &Firing) {
    let doubt = |firing: &Firing| match firing {
        Firing::Unknown { why, .. } => Some(why.clone()),
        Firing::Seen(seen) => seen.silent.clone(),
        Firing::NotAsked | Firing::NotConfigured | Firing::Pending => None,
    };
    match (doubt(next), doubt(before)) {
        (Some(why), None) => tracing::warn!(%why, "alerts are not known"),
        (None, Some(_)) => tracing::info!("alerts are known again"),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

#[async_trait]
impl Service for AlertWatch {
    fn name(&self) -> &'static str {
        "alerts"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let Some(source) = self.world.sentry.source() else { return Ok(Step::Idle { next_wake: None }) };
        let now = self.world.now();
        let mut made = false;
        while let Some(look) = self.looks.take() {
            made = true;
            self.take_in(look);
        }
        if self.looks.is_due(now) {
            let every = self.world.rulebook().rules.infrastructure.alerts.look_every;
            self.looks.begin((now, every), async move { (now, source.firing(LOOK_DEADLINE).await) });
            made = true;
        }
        Ok(self.looks.step(made))
    }

    async fn ended(&mut self) {
        self.looks.ended().await;
    }
}
