//! Production states, and what people said of servers, in the model.

use super::super::Guard;
use super::state::State;
use crate::admission::StateRow;
use crate::domain::server::ServerId;
use crate::ports::store::DeclaredRecord;

impl State {
    pub(super) fn set_state(&mut self, row: &StateRow) -> Guard {
        self.states.put(row.server.clone(), row.clone());
        Guard::Holds
    }

    pub(super) fn declare(&mut self, record: &DeclaredRecord) -> Guard {
        let (change, server) = (&record.change, &record.change.row.server);
        if !change.holds(self.states.get(server), self.locks.get(server), self.health.get(server)) {
            return Guard::Stale;
        }
        if change.takes_over.is_some() {
            self.locks.remove(server);
        }
        self.set_state(&change.row);
        self.declarations.put(self.declarations.next_sequence(), record.clone());
        Guard::Holds
    }

    pub(super) fn declarations_of(&self, server: &ServerId, limit: usize) -> Vec<DeclaredRecord> {
        let newest_first = self.declarations.values().rev();
        newest_first.filter(|record| record.change.row.server == *server).take(limit).cloned().collect()
    }
}
