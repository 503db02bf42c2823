//! The model store: ordered maps under one mutex, in the words of the port. What it answers is what is meant.
//!
//! Deliberately absent: files, serialisation. It lives as long as its value, so a restart keeps the value.

mod breakers;
mod declarations;
mod starts;
mod state;
mod table;

use crate::admission::{Brake, BrakeEnd, Breaker, Ledger, Snapshot, Tally};
use crate::domain::breaker::BreakerScope;
use crate::domain::command::CommandName;
use crate::domain::identity::PersonId;
use crate::domain::ids::{BrakeId, DeliveryKey, Fingerprint, Handle, OperationId, RequestId, RunId};
use crate::domain::place::MessageRef;
use crate::domain::server::ServerId;
use crate::domain::time::Timestamp;
use crate::ports::authorizations::{Authorization, Sought};
use crate::ports::chat::Envelope;
use crate::ports::decisions::{FoundDecisions, SoughtDecisions};
use crate::ports::store::{
    Committed, Content, Control, Decide, DecisionRecord, DeclaredRecord, Destination, FailureRecord, Home, Operation,
    Scope, SeenMember, Slot,
};
use crate::ports::{Inbox, Store, StoreFault};
use crate::workflow::request::Request;
use crate::workflow::run::Run;
use async_trait::async_trait;
use state::{RequestRow, State};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A store in memory.
#[derive(Default, Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A panic elsewhere cannot have left half an operation: nothing runs under the lock but this module and a
    /// `decide`, and that before anything is written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Inbox for MemoryStore {
    async fn keep(&self, envelope: Envelope) -> Result<(), StoreFault> {
        self.state().keep(envelope);
        Ok(())
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, operation: Operation) -> Result<Committed, StoreFault> {
        Ok(self.state().commit(&operation))
    }

    /// The mutex is the lock on every scope.
    async fn reserve(&self, id: OperationId, _scopes: &[Scope], decide: &Decide<'_>) -> Result<Committed, StoreFault> {
        let mut state = self.state();
        if state.operations.get(&id).is_some() {
            return Ok(Committed::AlreadyDone);
        }
        let writes = decide(&state.ledger());
        if writes.is_empty() {
            return Ok(Committed::Done);
        }
        Ok(state.commit(&Operation { id, writes }))
    }

    async fn claim(&self, now: Timestamp) -> Result<(), StoreFault> {
        self.state().claim(now);
        Ok(())
    }

    async fn open_envelopes(&self, limit: usize) -> Result<Vec<Envelope>, StoreFault> {
        let state = self.state();
        let mut open = state.envelopes.values().filter(|row| row.outcome.is_none()).collect::<Vec<_>>();
        open.sort_by_key(|row| (row.envelope.received_at, row.sequence));
        Ok(open.into_iter().take(limit).map(|row| row.envelope.clone()).collect())
    }

    async fn request(&self, id: &RequestId) -> Result<Option<Request>, StoreFault> {
        self.state().requests.get(id).map(|row| row.replay(id)).transpose()
    }

    async fn open_requests(&self) -> Result<Vec<Request>, StoreFault> {
        let state = self.state();
        let mut open = state.requests.rows().iter().filter(|(_, row)| row.is_open).collect::<Vec<_>>();
        open.sort_by_key(|(_, row)| row.sequence);
        open.into_iter().map(|(id, row)| row.replay(id)).collect()
    }

    async fn troubled_requests(&self, now: Timestamp) -> Result<Vec<Request>, StoreFault> {
        let state = self.state();
        let is_told = |row: &RequestRow| !row.is_open && row.trouble_until().is_some_and(|until| until > now);
        let mut troubled = state.requests.rows().iter().filter(|(_, row)| is_told(row)).collect::<Vec<_>>();
        troubled.sort_by_key(|(_, row)| row.sequence);
        troubled.into_iter().map(|(id, row)| row.replay(id)).collect()
    }

    async fn requests_of(&self, person: &PersonId, limit: usize) -> Result<Vec<Request>, StoreFault> {
        let state = self.state();
        let mut rows = state.requests.rows().iter().collect::<Vec<_>>();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.sequence));
        let all = rows.into_iter().map(|(id, row)| row.replay(id));
        let own = all.filter(|request| request.as_ref().map_or(true, |request| request.origin.person == *person));
        own.take(limit).collect()
    }

    async fn requests_with(&self, command: &CommandName, limit: usize) -> Result<Vec<Request>, StoreFault> {
        let state = self.state();
        let mut rows = state.requests.rows().iter().collect::<Vec<_>>();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.sequence));
        let all = rows.into_iter().map(|(id, row)| row.replay(id));
        let of_it = all.filter(|request| request.as_ref().map_or(true, |request| request.spec.name == *command));
        of_it.take(limit).collect()
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreFault> {
        self.state().runs.get(id).map(|row| row.replay(id)).transpose()
    }

    async fn runs(&self, request: &RequestId) -> Result<Vec<Run>, StoreFault> {
        let state = self.state();
        let first = request.run(0);
        let of_request = state.runs.rows().range(first..).take_while(|(id, _)| id.request == *request);
        of_request.map(|(id, row)| row.replay(id)).collect()
    }

    async fn due_runs(&self, now: Timestamp, limit: usize) -> Result<Vec<Run>, StoreFault> {
        let state = self.state();
        let open = state.runs.rows().iter().filter(|(_, row)| row.is_open());
        let mut due = open
            .filter_map(|(id, row)| row.wake_at.filter(|wake_at| *wake_at <= now).map(|wake_at| (wake_at, id, row)))
            .collect::<Vec<_>>();
        due.sort_by_key(|(wake_at, id, _)| (*wake_at, *id));
        due.into_iter().take(limit).map(|(_, id, row)| row.replay(id)).collect()
    }

    async fn next_run_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreFault> {
        let state = self.state();
        let wakes = state.runs.values().filter(|row| row.is_open()).filter_map(|row| row.wake_at);
        Ok(wakes.filter(|wake_at| *wake_at > now).min())
    }

    async fn due_slots(&self, now: Timestamp, limit: usize) -> Result<Vec<Slot>, StoreFault> {
        let slots = next_of_lanes(&self.state());
        Ok(slots.into_iter().filter(|slot| slot.not_before <= now).take(limit).collect())
    }

    async fn next_slot_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreFault> {
        let slots = next_of_lanes(&self.state());
        Ok(slots.into_iter().map(|slot| slot.not_before).filter(|not_before| *not_before > now).min())
    }

    async fn slot(&self, key: &DeliveryKey) -> Result<Option<Slot>, StoreFault> {
        Ok(self.state().slots.get(key).cloned())
    }

    async fn slot_at(&self, message: &MessageRef) -> Result<Option<Slot>, StoreFault> {
        let state = self.state();
        let there = state.slots.values().filter(|slot| slot.message.as_ref() == Some(message));
        Ok(there.min_by_key(|slot| slot.sequence).cloned())
    }

    async fn answers_to(&self, person: &PersonId, limit: usize) -> Result<Vec<Slot>, StoreFault> {
        let state = self.state();
        let is_theirs = |slot: &&Slot| {
            let is_private = matches!(&slot.outgoing.to, Destination::Private(to) if to.person == *person);
            is_private && slot.delivered > 0 && !matches!(slot.outgoing.content, Content::Live(_))
        };
        let mut answers = state.slots.values().filter(is_theirs).collect::<Vec<_>>();
        answers.sort_by_key(|slot| std::cmp::Reverse(slot.sequence));
        Ok(answers.into_iter().take(limit).cloned().collect())
    }

    async fn home(&self, person: &PersonId) -> Result<Option<Home>, StoreFault> {
        Ok(self.state().homes.get(person).cloned())
    }

    async fn homes(&self, since: Timestamp) -> Result<Vec<Home>, StoreFault> {
        Ok(self.state().homes.values().filter(|home| home.opened_at >= since).cloned().collect())
    }

    async fn control(&self, handle: &Handle) -> Result<Option<Control>, StoreFault> {
        Ok(self.state().controls.get(handle).cloned())
    }

    async fn finished_runs(&self, scope: &BreakerScope, limit: usize) -> Result<FailureRecord, StoreFault> {
        Ok(self.state().finished_runs(scope, limit))
    }

    async fn elsewhere(&self, scope: &BreakerScope, since: Timestamp) -> Result<Tally, StoreFault> {
        Ok(self.state().elsewhere(scope, since))
    }

    async fn breaker(&self, scope: &BreakerScope, opened_at: Timestamp) -> Result<Option<Breaker>, StoreFault> {
        Ok(self.state().breakers.get(&(scope.clone(), opened_at)).map(|row| row.breaker.clone()))
    }

    async fn open_breakers(&self) -> Result<Vec<Breaker>, StoreFault> {
        Ok(self.state().open_breakers().cloned().collect())
    }

    async fn decisions(&self, request: &RequestId) -> Result<Vec<DecisionRecord>, StoreFault> {
        Ok(self.state().decisions.values().filter(|record| record.request == *request).cloned().collect())
    }

    async fn decided(&self, sought: &SoughtDecisions) -> Result<FoundDecisions, StoreFault> {
        let state = self.state();
        let mut fitting = state.decisions.rows().iter().filter(|(_, record)| sought.fits(record)).collect::<Vec<_>>();
        fitting.sort_by_key(|(sequence, record)| std::cmp::Reverse((record.at, **sequence)));
        let mut found = FoundDecisions::default();
        for (_, record) in fitting {
            if !found.take(record.clone(), sought.limit) {
                break;
            }
        }
        Ok(found.in_order())
    }

    async fn snapshot(&self, id: &Fingerprint) -> Result<Option<Snapshot>, StoreFault> {
        Ok(self.state().snapshots.get(id).cloned())
    }

    async fn ledger(&self) -> Result<Ledger, StoreFault> {
        Ok(self.state().ledger())
    }

    async fn last_known(&self, person: &PersonId) -> Result<Option<Authorization>, StoreFault> {
        let state = self.state();
        let is_theirs = |one: &&Authorization| {
            let record = &one.record;
            record.team == person.team.as_str() && record.user == person.user.as_str() && !record.standing.is_empty()
        };
        Ok(state.authorizations.values().rev().find(is_theirs).cloned())
    }

    async fn authorizations(&self, sought: &Sought) -> Result<Vec<Authorization>, StoreFault> {
        let state = self.state();
        let fits = |one: &&Authorization| {
            sought.request.as_ref().is_none_or(|id| one.request.as_ref() == Some(id))
                && sought.since.is_none_or(|since| one.at >= since)
        };
        let fitting = state.authorizations.values().filter(fits).collect::<Vec<_>>();
        let newest = fitting.len().saturating_sub(sought.limit);
        Ok(fitting.into_iter().skip(newest).cloned().collect())
    }

    async fn brakes(&self) -> Result<Vec<Brake>, StoreFault> {
        Ok(self.state().brakes_on())
    }

    async fn brake(&self, id: &BrakeId) -> Result<Option<(Brake, Option<BrakeEnd>)>, StoreFault> {
        Ok(self.state().brakes.get(id).map(|row| (row.brake.clone(), row.end.clone())))
    }

    async fn declarations(&self, server: &ServerId, limit: usize) -> Result<Vec<DeclaredRecord>, StoreFault> {
        Ok(self.state().declarations_of(server, limit))
    }

    async fn member_seen(&self, person: &PersonId) -> Result<Option<SeenMember>, StoreFault> {
        Ok(self.state().members.get(person).cloned())
    }
}

/// Of each lane the first message that was never delivered, and every edit of one that was; oldest first. An edit
/// changes no order, so it neither waits for its lane nor holds it up.
fn next_of_lanes(state: &State) -> Vec<Slot> {
    let mut slots = state.slots.values().filter(|slot| slot.undeliverable.is_none()).collect::<Vec<_>>();
    slots.sort_by_key(|slot| slot.sequence);
    let mut lanes = BTreeSet::new();
    let is_next = |slot: &&Slot| {
        if slot.delivered > 0 { slot.revision > slot.delivered } else { lanes.insert(slot.outgoing.lane.clone()) }
    };
    slots.into_iter().filter(is_next).cloned().collect()
}
