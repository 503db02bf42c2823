//! Finished runs and breakers in the model.

use super::super::Guard;
use super::state::{BreakerRow, State};
use crate::admission::{Breaker, FinishedRun, FinishedServer, SERVER_FAILURES_KEPT_FOR, ServerFailure, Tally};
use crate::domain::breaker::BreakerScope;
use crate::domain::command::CommandName;
use crate::domain::identity::Asker;
use crate::domain::server::{ServerId, ServerName};
use crate::domain::time::Timestamp;
use crate::ports::store::FailureRecord;
use std::collections::BTreeMap;

impl State {
    pub(super) fn open_breakers(&self) -> impl Iterator<Item = &Breaker> {
        self.breakers.values().map(|row| &row.breaker).filter(|breaker| breaker.closed.is_none())
    }

    /// The last finished run when a breaker of that scope was last closed.
    fn closed_after(&self, scope: &BreakerScope) -> i64 {
        let closed = self.breakers.values().filter(|row| row.breaker.scope == *scope);
        closed.filter_map(|row| row.closed_after).max().unwrap_or(0)
    }

    pub(super) fn finished_runs(&self, scope: &BreakerScope, limit: usize) -> FailureRecord {
        let closed_after = self.closed_after(scope);
        let since = self.finished.rows().iter().rev().take_while(|(place, _)| **place > closed_after);
        let runs = since.map(|(_, run)| run).filter(|run| lies_in(run, scope)).take(limit).cloned().collect();
        FailureRecord { last: self.last_finished(), runs }
    }

    /// How many runs of a scope's command have finished since then outside of it, and how many of them failed.
    pub(super) fn elsewhere(&self, scope: &BreakerScope, since: Timestamp) -> Tally {
        let is_outside = |run: &&FinishedRun| run.command == *scope.command() && run.at > since && !lies_in(run, scope);
        let mut tally = Tally::default();
        for run in self.finished.values().filter(is_outside) {
            tally.of += 1;
            tally.failures += u32::from(run.finished_as.is_failure());
        }
        tally
    }

    /// The newest failure on each server that its command has not made good since, of the day before the newest of all; none
    /// from before the breaker of that command on that server was closed.
    pub(super) fn failures(&self) -> BTreeMap<ServerId, ServerFailure> {
        let mut last = BTreeMap::new();
        for (place, run) in self.finished.rows() {
            if let Some(server) = &run.server {
                last.insert((&run.command, &server.name), (place, run, server));
            }
        }
        let all = self.finished.values().filter(|run| run.server.is_some() && run.finished_as.is_failure());
        let newest = all.map(|run| run.at).max().unwrap_or_default();
        let failed = last.into_iter().filter(|((command, name), (place, run, _))| {
            let scope = BreakerScope::Server { command: (*command).clone(), server: (*name).clone() };
            let is_late = run.at.plus(SERVER_FAILURES_KEPT_FOR) > newest;
            run.finished_as.is_failure() && is_late && **place > self.closed_after(&scope)
        });
        let mut failed = failed.collect::<Vec<_>>();
        failed.sort_by_key(|(_, (place, _, _))| **place);
        let failure =
            |((command, name), (_, run, server)): ((&CommandName, &ServerName), (_, &FinishedRun, &FinishedServer))| {
                let (server, name, command) = (server.id.clone(), name.clone(), command.clone());
                (server.clone(), ServerFailure { server, name, command, run: run.run.clone(), at: run.at })
            };
        failed.into_iter().map(failure).collect()
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
            BreakerScope::Server { server, .. } => {
                let is_server = run.server.as_ref().is_some_and(|finished| finished.name == *server);
                is_server && run.asked_by == Asker::Automation
            }
            BreakerScope::Site { site, .. } => run.site.as_ref() == Some(site),
            BreakerScope::Version { server_type, version, .. } => {
                let is_type = run.server.as_ref().is_some_and(|server| server.server_type == *server_type);
                is_type && run.version.as_ref() == Some(version)
            }
        }
}
