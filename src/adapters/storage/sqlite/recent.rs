//! Production states and health as they were read last: a row a server, of which few change between two reads.
//!
//! Each change numbers its row anew, so a read takes in what has a higher number than all it knows. Deliberately absent:
//! trusting what was read inside a transaction before that is committed; `Shared::keep` is told afterwards.

use super::states;
use crate::admission::{ByServer, HealthRow, StateRow};
use crate::domain::server::ServerId;
use crate::ports::StoreFault;
use sqlx::{Row, SqliteConnection, query};
use std::sync::{Mutex, PoisonError};

/// What one table said, up to the change with that number.
#[derive(Clone, Debug)]
struct Part<T> {
    /// Below every number while nothing was read.
    until: i64,
    rows: ByServer<T>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { until: -1, rows: ByServer::default() }
    }
}

impl<T: Clone> Part<T> {
    fn take_in(&mut self, until: i64, changed: Vec<(ServerId, T)>) {
        self.until = until;
        self.rows.extend(changed);
    }

    fn newer(self, than: &mut Self) {
        if self.until > than.until {
            *than = self;
        }
    }
}

/// Both tables, as one moment knows them.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    states: Part<StateRow>,
    health: Part<HealthRow>,
}

impl Recent {
    /// What both tables say in the transaction of that connection.
    pub(super) async fn catch_up(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> Result<(ByServer<StateRow>, ByServer<HealthRow>), StoreFault> {
        let newest = query(
            "SELECT COALESCE((SELECT MAX(changed) FROM server_states), 0) AS states,
             COALESCE((SELECT MAX(changed) FROM health_looks), 0) AS health",
        );
        let newest = newest.fetch_one(&mut *connection).await?;
        let (states, health) = (newest.try_get("states")?, newest.try_get("health")?);
        // Somebody else has read a later moment than this transaction sees.
        if states < self.states.until || health < self.health.until {
            *self = Self::default();
        }
        if states > self.states.until {
            let changed = states::changed(connection, self.states.until).await?;
            self.states.take_in(states, changed.into_iter().map(|row| (row.server.clone(), row)).collect());
        }
        if health > self.health.until {
            let changed = states::looks_changed(connection, self.health.until).await?;
            self.health.take_in(health, changed.into_iter().map(|row| (row.server.clone(), row)).collect());
        }
        Ok((self.states.rows.clone(), self.health.rows.clone()))
    }
}

/// The newest that anybody has read.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<Recent>);

impl Shared {
    pub(super) fn now(&self) -> Recent {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// That was read in a transaction that is over, and committed if it wrote.
    pub(super) fn keep(&self, read: Recent) {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read.states.newer(&mut newest.states);
        read.health.newer(&mut newest.health);
    }
}
