//! What every face holds: the model, the time, and a way to wait.

use super::model::Fleet;
use crate::domain::time::Timestamp;
use crate::ports::Clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The model and the time.
#[derive(Clone)]
pub struct SharedFleet {
    fleet: Arc<Mutex<Fleet>>,
    clock: Arc<dyn Clock>,
}

impl SharedFleet {
    /// Shares a fleet.
    #[must_use]
    pub fn new(fleet: Arc<Mutex<Fleet>>, clock: Arc<dyn Clock>) -> Self {
        Self { fleet, clock }
    }

    /// The model itself.
    pub fn fleet(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model behind its lock, for the ports' face.
    #[must_use]
    pub fn model(&self) -> Arc<Mutex<Fleet>> {
        Arc::clone(&self.fleet)
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Lets real time pass: a slow controller is slow on the wire.
pub(super) async fn pass(time: Duration) {
    tokio::time::sleep_until(tokio::time::Instant::now() + time).await;
}
