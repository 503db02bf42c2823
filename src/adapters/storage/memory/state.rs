//! What the model holds, and what each write does to it.

use super::super::Guard;
use super::super::standing::{RunStanding, ends_request};
use super::starts::StartRow;
use super::table::Table;
use crate::admission::{
    Brake, BrakeEnd, BrakeKind, Breaker, FinishedRun, HealthRow, Ledger, Lock, LockStanding, Snapshot, StateRow,
    forbids,
};
use crate::domain::breaker::BreakerScope;
use crate::domain::command::Touch;
use crate::domain::identity::{Actor, PersonId};
use crate::domain::ids::{
    BrakeId, DeliveryKey, EnvelopeKey, Epoch, Fingerprint, Handle, OperationId, RequestId, RunId, Version,
};
use crate::domain::server::ServerId;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::authorizations::Authorization;
use crate::ports::chat::Envelope;
use crate::ports::store::{
    Committed, Content, Control, DecisionRecord, DeclaredRecord, Home, Operation, Outgoing, SeenMember, Slot, Write,
};
use crate::workflow::request::{Request, RequestEvent};
use crate::workflow::run::{Run, RunEvent};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct EnvelopeRow {
    pub(super) sequence: i64,
    pub(super) envelope: Envelope,
    pub(super) outcome: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct RequestRow {
    pub(super) sequence: i64,
    pub(super) is_open: bool,
    events: Vec<RequestEvent>,
}

impl RequestRow {
    /// Until when people are told of trouble with it after its end.
    pub(super) fn trouble_until(&self) -> Option<Timestamp> {
        self.events.iter().filter_map(RequestEvent::trouble_until).max()
    }
}

#[derive(Clone, Debug)]
pub(super) struct RunRow {
    pub(super) standing: RunStanding,
    pub(super) wake_at: Option<Timestamp>,
    epoch: Epoch,
    events: Vec<RunEvent>,
}

#[derive(Clone, Debug)]
pub(super) struct BreakerRow {
    pub(super) breaker: Breaker,
    /// The last finished run when it was closed.
    pub(super) closed_after: Option<i64>,
}

/// Everything that is kept.
#[derive(Default, Debug)]
pub(super) struct State {
    pub(super) operations: Table<OperationId, ()>,
    pub(super) envelopes: Table<EnvelopeKey, EnvelopeRow>,
    pub(super) requests: Table<RequestId, RequestRow>,
    pub(super) runs: Table<RunId, RunRow>,
    pub(super) states: Table<ServerId, StateRow>,
    pub(super) locks: Table<ServerId, Lock>,
    pub(super) health: Table<ServerId, HealthRow>,
    pub(super) controls: Table<Handle, Control>,
    pub(super) slots: Table<DeliveryKey, Slot>,
    pub(super) homes: Table<PersonId, Home>,
    pub(super) decisions: Table<i64, DecisionRecord>,
    pub(super) finished: Table<i64, FinishedRun>,
    pub(super) breakers: Table<(BreakerScope, Timestamp), BreakerRow>,
    pub(super) authorizations: Table<i64, Authorization>,
    pub(super) brakes: Table<BrakeId, BrakeRow>,
    pub(super) members: Table<PersonId, SeenMember>,
    pub(super) snapshots: Table<Fingerprint, Snapshot>,
    pub(super) starts: Table<(Timestamp, String), StartRow>,
    pub(super) declarations: Table<i64, DeclaredRecord>,
}

/// A brake, in the order in which they were put on.
#[derive(Clone, Debug)]
pub(super) struct BrakeRow {
    sequence: i64,
    is_on: bool,
    pub(super) brake: Brake,
    pub(super) end: Option<BrakeEnd>,
}

impl RequestRow {
    pub(super) fn replay(&self, id: &RequestId) -> Result<Request, StoreFault> {
        Request::replay(&self.events).map_err(|fault| StoreFault::Unreadable(format!("{id}: {fault}")))
    }
}

impl RunRow {
    pub(super) fn replay(&self, id: &RunId) -> Result<Run, StoreFault> {
        Run::replay(id.clone(), self.epoch, &self.events)
            .map_err(|fault| StoreFault::Unreadable(format!("{id}: {fault}")))
    }

    pub(super) fn is_open(&self) -> bool {
        self.standing != RunStanding::Over
    }
}

fn version_of<T>(events: &[T]) -> Version {
    Version(i64::try_from(events.len()).unwrap_or(i64::MAX))
}

impl State {
    /// Writes all of an operation or nothing.
    pub(super) fn commit(&mut self, operation: &Operation) -> Committed {
        if self.operations.get(&operation.id).is_some() {
            return Committed::AlreadyDone;
        }
        if operation.writes.iter().any(|write| self.apply(write) == Guard::Stale) {
            self.take_back();
            return Committed::Stale;
        }
        self.operations.put(operation.id.clone(), ());
        self.settle();
        Committed::Done
    }

    /// Keeps an envelope that is not known yet.
    pub(super) fn keep(&mut self, envelope: Envelope) {
        if self.envelopes.get(&envelope.key).is_none() {
            let sequence = self.envelopes.next_sequence();
            self.envelopes.put(envelope.key.clone(), EnvelopeRow { sequence, envelope, outcome: None });
            self.envelopes.settle();
        }
    }

    /// Raises the epoch of every run that is not over; those at work are due.
    pub(super) fn claim(&mut self, now: Timestamp) {
        let open = self.runs.rows().iter().filter(|(_, row)| row.is_open()).map(|(id, _)| id.clone());
        for id in open.collect::<Vec<_>>() {
            self.runs.change(&id, |row| {
                row.epoch = Epoch(row.epoch.0 + 1);
                if row.standing == RunStanding::Active {
                    row.wake_at = Some(now);
                }
            });
        }
        self.runs.settle();
    }

    pub(super) fn ledger(&self) -> Ledger {
        Ledger {
            locks: self.locks.rows().clone().into_iter().collect(),
            states: self.states.rows().clone().into_iter().collect(),
            health: self.health.rows().clone().into_iter().collect(),
            breakers: self.open_breakers().map(|breaker| (breaker.scope.clone(), breaker.clone())).collect(),
            failures: self.failures(),
            starts: self.started_lately(),
            paces: Arc::new(self.newest_paces()),
            brakes: self.brakes_on(),
        }
    }

    /// What nobody has taken off, the oldest first.
    pub(super) fn brakes_on(&self) -> Vec<Brake> {
        let mut on = self.brakes.values().filter(|row| row.is_on).collect::<Vec<_>>();
        on.sort_by_key(|row| row.sequence);
        on.into_iter().map(|row| row.brake.clone()).collect()
    }

    /// Whether nothing that people put on forbids to do so much to that server, or to anything.
    fn may_act(&self, server: Option<&ServerId>, touch: Touch, at: Timestamp) -> bool {
        let mut on = self.brakes.values().filter(|row| row.is_on).map(|row| &row.brake);
        !on.any(|brake| forbids(brake, (server, touch, at)))
    }

    /// One stop of everything, and one that is hard, are enough.
    fn is_stopped_as(&self, kind: &BrakeKind) -> bool {
        matches!(kind, BrakeKind::Stop { .. }) && self.brakes.values().any(|row| row.is_on && row.brake.kind == *kind)
    }

    /// Whether an open request is younger than that one, or there is any.
    fn has_younger(&self, than: Option<&RequestId>) -> bool {
        let youngest = than.and_then(|id| self.requests.get(id)).map_or(0, |row| row.sequence);
        self.requests.values().any(|row| row.is_open && row.sequence > youngest)
    }

    fn put_on(&mut self, brake: &Brake) -> Guard {
        let over = self.brakes.values().filter(|row| !row.brake.is_on(brake.since)).map(|row| row.brake.id.clone());
        for id in over.collect::<Vec<_>>() {
            self.brakes.change(&id, |row| row.is_on = false);
        }
        if self.brakes.get(&brake.id).is_some() || self.is_stopped_as(&brake.kind) {
            return Guard::Stale;
        }
        let sequence = self.brakes.next_sequence();
        self.brakes.put(brake.id.clone(), BrakeRow { sequence, is_on: true, brake: brake.clone(), end: None });
        Guard::Holds
    }

    fn take_off(&mut self, id: &BrakeId, end: &BrakeEnd) -> Guard {
        let is_on = self.brakes.get(id).is_some_and(|row| row.is_on);
        Guard::of(is_on && self.brakes.change(id, |row| (row.is_on, row.end) = (false, Some(end.clone()))))
    }

    fn settle(&mut self) {
        self.operations.settle();
        self.envelopes.settle();
        self.requests.settle();
        self.runs.settle();
        self.states.settle();
        self.locks.settle();
        self.health.settle();
        self.controls.settle();
        self.slots.settle();
        self.homes.settle();
        self.decisions.settle();
        self.finished.settle();
        self.breakers.settle();
        self.authorizations.settle();
        self.brakes.settle();
        self.members.settle();
        self.snapshots.settle();
        self.starts.settle();
        self.declarations.settle();
    }

    fn take_back(&mut self) {
        self.operations.take_back();
        self.envelopes.take_back();
        self.requests.take_back();
        self.runs.take_back();
        self.states.take_back();
        self.locks.take_back();
        self.health.take_back();
        self.controls.take_back();
        self.slots.take_back();
        self.homes.take_back();
        self.decisions.take_back();
        self.finished.take_back();
        self.breakers.take_back();
        self.authorizations.take_back();
        self.brakes.take_back();
        self.members.take_back();
        self.snapshots.take_back();
        self.starts.take_back();
        self.declarations.take_back();
    }

    fn leave_behind(&mut self, server: &ServerId, run: &RunId) -> Guard {
        let is_ours = self.is_locked_by(server, run);
        Guard::of(is_ours && self.locks.change(server, |lock| lock.standing = LockStanding::LeftBehind))
    }

    fn give_back(&mut self, lock: &Lock, by: &RunId) -> Guard {
        let is_theirs = |held: &Lock| held.run == *by && held.taken_from.as_ref() == Some(&lock.run);
        let is_due = self.locks.get(&lock.server).is_some_and(is_theirs);
        Guard::of(is_due && self.locks.change(&lock.server, |held| *held = lock.clone()))
    }

    fn unlock(&mut self, server: &ServerId, run: &RunId) -> Guard {
        let is_ours = self.is_locked_by(server, run);
        if is_ours {
            self.locks.remove(server);
        }
        Guard::of(is_ours)
    }

    fn apply(&mut self, write: &Write) -> Guard {
        match write {
            Write::EnvelopeSettled { key, outcome } => {
                let is_open = self.envelopes.get(key).is_some_and(|row| row.outcome.is_none());
                Guard::of(is_open && self.envelopes.change(key, |row| row.outcome = Some(outcome.clone())))
            }
            Write::RequestEvents { id, expected, events } => self.request_goes_on(id, *expected, events),
            Write::RunEvents { id, expected, epoch, events, wake_at } => {
                let fence = (*expected, *epoch);
                self.run_goes_on(id, fence, (events, *wake_at))
            }
            Write::RunWake { id, epoch, wake_at } => {
                let is_ours = self.runs.get(id).is_some_and(|row| row.epoch == *epoch);
                Guard::of(is_ours && self.runs.change(id, |row| row.wake_at = Some(*wake_at)))
            }
            Write::ServerState(row) => self.set_state(row),
            Write::Declared(record) => self.declare(record),
            Write::Lock(lock) => self.lock(lock),
            Write::LockParked { server, run } => self.hold_lock((server, run), LockStanding::Parked),
            Write::LockTakenUp { server, run } => self.hold_lock((server, run), LockStanding::Working),
            Write::LockLeftBehind { server, run } => self.leave_behind(server, run),
            Write::LockGivenBack { lock, by } => self.give_back(lock, by),
            Write::Unlock { server, run } => self.unlock(server, run),
            Write::Control(control) => self.control_made(control),
            Write::ControlUsed { handle, at } => self.control_used(handle, *at),
            Write::HomeOpened { person, at } => self.home_opened(person, *at),
            Write::HomeShown { person, shown, at } => {
                Guard::of(self.homes.change(person, |home| home.shown = Some((shown.clone(), *at))))
            }
            Write::Health(row) => {
                self.health.put(row.server.clone(), row.clone());
                Guard::Holds
            }
            Write::Decision(record) => {
                self.decisions.put(self.decisions.next_sequence(), record.clone());
                Guard::Holds
            }
            Write::Finished { run, last } => self.finish(run, *last),
            Write::Breaker(breaker) => self.put_breaker(breaker),
            Write::Authorization(authorization) => {
                self.authorizations.put(self.authorizations.next_sequence(), authorization.as_ref().clone());
                Guard::Holds
            }
            Write::BrakeOn(brake) => self.put_on(brake),
            Write::BrakeOff { id, end } => self.take_off(id, end),
            Write::MayAct { server, touch, at } => Guard::of(self.may_act(server.as_ref(), *touch, *at)),
            Write::NoYoungerRequest { than } => Guard::of(!self.has_younger(than.as_ref())),
            Write::MemberSeen(member) => {
                self.members.put(member.person.clone(), member.clone());
                Guard::Holds
            }
            Write::Snapshot { id, snapshot } => {
                self.snapshots.put(id.clone(), snapshot.as_ref().clone());
                Guard::Holds
            }
            Write::Send(_)
            | Write::SendBegun { .. }
            | Write::Delivered { .. }
            | Write::Postponed { .. }
            | Write::Undeliverable { .. } => self.deliver(write),
        }
    }

    fn home_opened(&mut self, person: &Actor, at: Timestamp) -> Guard {
        let shown = self.homes.get(person).and_then(|home| home.shown.clone());
        self.homes.put(person.id().clone(), Home { person: person.clone(), opened_at: at, shown });
        Guard::Holds
    }

    fn control_made(&mut self, control: &Control) -> Guard {
        if self.controls.get(&control.handle).is_none() {
            self.controls.put(control.handle.clone(), control.clone());
        }
        Guard::Holds
    }

    fn control_used(&mut self, handle: &Handle, at: Timestamp) -> Guard {
        let is_fresh = self.controls.get(handle).is_some_and(|control| control.used_at.is_none());
        Guard::of(is_fresh && self.controls.change(handle, |control| control.used_at = Some(at)))
    }

    fn request_goes_on(&mut self, id: &RequestId, expected: Version, events: &[RequestEvent]) -> Guard {
        let row = self.requests.get(id).cloned();
        let mut row = row.unwrap_or_else(|| RequestRow {
            sequence: self.requests.next_sequence(),
            is_open: true,
            events: Vec::new(),
        });
        if version_of(&row.events) != expected {
            return Guard::Stale;
        }
        if !events.is_empty() {
            row.is_open = row.is_open && !events.iter().any(ends_request);
            row.events.extend_from_slice(events);
            self.requests.put(id.clone(), row);
        }
        Guard::Holds
    }

    fn run_goes_on(
        &mut self,
        id: &RunId,
        (expected, epoch): (Version, Epoch),
        (events, wake_at): (&[RunEvent], Option<Timestamp>),
    ) -> Guard {
        let row = self.runs.get(id).cloned();
        let is_new = row.is_none();
        let mut row =
            row.unwrap_or(RunRow { standing: RunStanding::Waiting, wake_at: None, epoch, events: Vec::new() });
        if version_of(&row.events) != expected || row.epoch != epoch {
            return Guard::Stale;
        }
        if is_new && events.is_empty() {
            return Guard::Holds;
        }
        row.standing = events.iter().fold(row.standing, RunStanding::after);
        row.events.extend_from_slice(events);
        row.wake_at = wake_at;
        self.runs.put(id.clone(), row);
        self.ended(id, events);
        Guard::Holds
    }

    fn lock(&mut self, lock: &Lock) -> Guard {
        let is_taken =
            self.locks.get(&lock.server).is_some_and(|held| held.standing.is_a_runs() && held.run != lock.run);
        if is_taken {
            return Guard::Stale;
        }
        self.locks.put(lock.server.clone(), lock.clone());
        self.begun(lock);
        Guard::Holds
    }

    /// What was left behind is nobody's to go on with.
    fn hold_lock(&mut self, (server, run): (&ServerId, &RunId), standing: LockStanding) -> Guard {
        let is_ours = self.locks.get(server).is_some_and(|lock| lock.run == *run && lock.standing.is_a_runs());
        Guard::of(is_ours && self.locks.change(server, |lock| lock.standing = standing))
    }

    fn is_locked_by(&self, server: &ServerId, run: &RunId) -> bool {
        self.locks.get(server).is_some_and(|lock| lock.run == *run)
    }

    fn deliver(&mut self, write: &Write) -> Guard {
        match write {
            Write::Send(outgoing) => {
                self.send(outgoing);
                Guard::Holds
            }
            Write::SendBegun { key, at } => Guard::of(self.slots.change(key, |slot| slot.begun_at = Some(*at))),
            Write::Delivered { key, revision, at, message } => Guard::of(self.slots.change(key, |slot| {
                slot.delivered = *revision;
                slot.delivered_at = Some(*at);
                slot.begun_at = None;
                slot.attempts = 0;
                slot.message = message.clone().or_else(|| slot.message.take());
            })),
            Write::Postponed { key, until } => Guard::of(self.slots.change(key, |slot| {
                slot.not_before = *until;
                slot.attempts += 1;
            })),
            Write::Undeliverable { key, why } => {
                Guard::of(self.slots.change(key, |slot| slot.undeliverable = Some(why.clone())))
            }
            Write::EnvelopeSettled { .. }
            | Write::RequestEvents { .. }
            | Write::RunEvents { .. }
            | Write::RunWake { .. }
            | Write::ServerState(_)
            | Write::Declared(_)
            | Write::Lock(_)
            | Write::LockParked { .. }
            | Write::LockTakenUp { .. }
            | Write::LockLeftBehind { .. }
            | Write::LockGivenBack { .. }
            | Write::Unlock { .. }
            | Write::Control(_)
            | Write::ControlUsed { .. }
            | Write::HomeOpened { .. }
            | Write::HomeShown { .. }
            | Write::Health(_)
            | Write::Decision(_)
            | Write::Finished { .. }
            | Write::Breaker(_) => Guard::Holds,
            Write::Authorization(_) => Guard::Holds,
            Write::BrakeOn(_) | Write::BrakeOff { .. } | Write::MayAct { .. } | Write::MemberSeen(_) => Guard::Holds,
            Write::NoYoungerRequest { .. } => Guard::Holds,
            Write::Snapshot { .. } => Guard::Holds,
        }
    }

    fn send(&mut self, outgoing: &Outgoing) {
        let is_known = self.slots.change(&outgoing.key, |slot| {
            if matches!(slot.outgoing.content, Content::Live(_)) {
                slot.revision += 1;
            }
        });
        if !is_known {
            let slot = Slot {
                outgoing: outgoing.clone(),
                sequence: self.slots.next_sequence(),
                revision: 1,
                delivered: 0,
                begun_at: None,
                delivered_at: None,
                message: None,
                not_before: Timestamp::default(),
                attempts: 0,
                undeliverable: None,
            };
            self.slots.put(outgoing.key.clone(), slot);
        }
    }
}
