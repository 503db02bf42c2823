//! Starts in the model: when work began on servers, and how long it took.

use super::state::State;
use crate::admission::{Lock, PACED_STARTS_MAX, RATE_OVER, Start, paces};
use crate::domain::command::CommandName;
use crate::domain::ids::RunId;
use crate::workflow::pace::Pace;
use crate::workflow::run::{RunEvent, RunOutcome};
use std::collections::BTreeMap;
use std::time::Duration;

/// A start on a server, with how long it took once that is known.
#[derive(Clone, Debug)]
pub(super) struct StartRow {
    command: CommandName,
    took: Option<Duration>,
}

impl State {
    /// Whoever takes the lock on a server starts on it.
    pub(super) fn begun(&mut self, lock: &Lock) {
        // In the order of a row's text, in which runs of one moment are told apart.
        let key = (lock.since, lock.run.to_string());
        if self.starts.get(&key).is_none() {
            self.starts.put(key, StartRow { command: lock.command.clone(), took: None });
        }
    }

    /// A run that is done tells how long its last start took.
    pub(super) fn ended(&mut self, run: &RunId, events: &[RunEvent]) {
        for event in events {
            let RunEvent::Ended { at, outcome: RunOutcome::Done } = event else { continue };
            let name = run.to_string();
            let last = self.starts.rows().keys().rfind(|(_, run)| *run == name).cloned();
            if let Some(key) = last {
                let took = at.since(key.0);
                self.starts.change(&key, |row| row.took = Some(took));
            }
        }
    }

    /// Those of the minute before the newest, in order.
    pub(super) fn started_lately(&self) -> Vec<Start> {
        let rows = self.starts.rows();
        let Some(newest) = rows.keys().map(|(at, _)| *at).next_back() else { return Vec::new() };
        let lately = rows.iter().filter(|((at, _), _)| at.plus(RATE_OVER) > newest);
        let mut lately =
            lately.map(|((at, _), row)| Start { at: *at, command: row.command.clone() }).collect::<Vec<_>>();
        lately.sort();
        lately
    }

    /// How long each command took on one server, in the newest that are done.
    pub(super) fn newest_paces(&self) -> BTreeMap<CommandName, Pace> {
        let newest = self.starts.rows().iter().rev();
        paces(newest.filter_map(|(_, row)| Some((row.command.clone(), row.took?))).take(PACED_STARTS_MAX))
    }
}
