//! The pager of the stage: like the real one, it rings for an alert until that ends, by being told so or by the clock.

use super::time::StageClock;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wrasse::conversation::MatterKey;
use wrasse::ports::alerts::{Alert, AlertsFault};
use wrasse::ports::{Alerts, Clock};

pub(super) struct StagePager {
    clock: Arc<StageClock>,
    alerts: Mutex<BTreeMap<MatterKey, Alert>>,
    silent: AtomicBool,
}

impl StagePager {
    pub(super) fn new(clock: Arc<StageClock>) -> Self {
        Self { clock, alerts: Mutex::default(), silent: AtomicBool::new(false) }
    }

    pub(super) fn is_silent(&self, is_silent: bool) {
        self.silent.store(is_silent, Ordering::SeqCst);
    }

    /// Every alert that has not ended.
    pub(super) fn rings(&self) -> String {
        let now = self.clock.now();
        let alerts = self.alerts.lock().unwrap();
        let lasting = alerts.values().filter(|alert| alert.ends_at > now).map(|alert| {
            let matter = &alert.matter;
            let link = alert.link.as_ref().map_or_else(String::new, |link| format!(" <{link}>"));
            let head = format!("{} {} of {}{link}", matter.kind.severity().word(), matter.kind.word(), matter.scope);
            format!("{head}: {}\n{}", matter.summary, matter.description).replace('\n', "\n  ")
        });
        lasting.collect::<Vec<_>>().join("\n")
    }
}

#[async_trait]
impl Alerts for StagePager {
    async fn tell(&self, alerts: &[Alert], _: Duration) -> Result<(), AlertsFault> {
        if self.silent.load(Ordering::SeqCst) {
            return Err(AlertsFault::Unavailable("no answer in time".to_owned()));
        }
        let mut known = self.alerts.lock().unwrap();
        known.extend(alerts.iter().map(|alert| (alert.matter.key.clone(), alert.clone())));
        Ok(())
    }
}
