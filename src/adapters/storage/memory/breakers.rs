//! Finished runs and breakers in the model.

use super::super::Guard;
use super::state::{BreakerRow, State};
use crate::admission::{Breaker, FinishedRun};
use crate::domain::breaker::BreakerScope;
use crate::ports::store::FailureRecord;

impl State {
    pub(super) fn open_breakers(&self) -> impl Iterator<Item = &Breaker> {
        self.breakers.values().map(|row| &row.breaker).filter(|breaker| breaker.closed.is_none())
    }

    pub(super) fn finished_runs(&self, scope: &BreakerScope, limit: usize) -> FailureRecord {
        let closed = self.breakers.values().filter(|row| row.breaker.scope == *scope);
        let closed_after = closed.filter_map(|row| row.closed_after).max().unwrap_or(0);
        let since = self.finished.rows().iter().rev().take_while(|(place, _)| **place > closed_after);
        let runs = since.map(|(_, run)| run).filter(|run| lies_in(run, scope)).take(limit).cloned().collect();
        FailureRecord { last: self.last_finished(), runs }
    }

    fn last_finished(&self) -> i64 {
        self.finished.next_sequence() - 1
    }

    pub(super) fn finish(&mut self, run: &FinishedRun, last: i64) -> Guard {
        if last != self.last_finished() {
            return Guard::Stale;
        }
        // A run counts once, by what was known of it first.
        if self.finished.values().all(|earlier| earlier.run != run.run) {
            self.finished.put(self.finished.next_sequence(), run.clone());
        }
        Guard::Holds
    }

    pub(super) fn put_breaker(&mut self, breaker: &Breaker) -> Guard {
        let key = (breaker.scope.clone(), breaker.opened_at);
        let before = self.breakers.get(&key);
        let (version, was_closed) =
            before.map_or((0, false), |row| (row.breaker.version.0, row.breaker.closed.is_some()));
        let is_other_open = self.open_breakers().any(|open| open.scope == breaker.scope && open.opened_at != key.1);
        if version + 1 != breaker.version.0 || was_closed || (is_other_open && breaker.closed.is_none()) {
            return Guard::Stale;
        }
        let closed_after = breaker.closed.as_ref().map(|_| self.last_finished());
        self.breakers.put(key, BreakerRow { breaker: breaker.clone(), closed_after });
        Guard::Holds
    }
}

fn lies_in(run: &FinishedRun, scope: &BreakerScope) -> bool {
    run.command == *scope.command()
        && match scope {
            BreakerScope::Command { .. } => true,
            BreakerScope::Site { site, .. } => run.site.as_ref() == Some(site),
            BreakerScope::Version { server_type, version, .. } => {
                let is_type = run.server.as_ref().is_some_and(|server| server.server_type == *server_type);
                is_type && run.version.as_ref() == Some(version)
            }
        }
}
