//! A store that can end its owner: after a commit the process that made it is gone, as after `kill -9`.
//!
//! Once dead, every further question of that owner stays without an answer for ever, so that nothing of it can go on.
//! Deliberately absent: a crash in the middle of a commit, which the stores' own suite shows.

use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use wrasse::admission::{Brake, BrakeEnd, Breaker, Ledger, Snapshot, Tally};
use wrasse::domain::breaker::BreakerScope;
use wrasse::domain::command::CommandName;
use wrasse::domain::identity::PersonId;
use wrasse::domain::ids::{BrakeId, DeliveryKey, Fingerprint, Handle, OperationId, RequestId, RunId};
use wrasse::domain::place::MessageRef;
use wrasse::domain::server::ServerId;
use wrasse::domain::time::Timestamp;
use wrasse::ports::authorizations::{Authorization, Sought};
use wrasse::ports::chat::Envelope;
use wrasse::ports::decisions::{FoundDecisions, SoughtDecisions};
use wrasse::ports::store::{
    Committed, Control, Decide, DecisionRecord, DeclaredRecord, FailureRecord, Home, Operation, Scope, SeenMember,
    Slot, Write,
};
use wrasse::ports::{Inbox, Store, StoreFault};
use wrasse::workflow::{Request, Run, RunEvent};

/// What becomes of the calls that were about to leave when the process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Calls {
    /// They reach the other side; nobody is left to hear the answer.
    Land,
    /// They never leave.
    Vanish,
}

/// Which commits end the process.
type When = Box<dyn Fn(&[Write]) -> bool + Send>;

/// The crashes to come. They outlive the process.
#[derive(Default)]
pub(crate) struct Crashes {
    every_commit: bool,
    /// Restarts of servers that were decided and not answered yet.
    restarts: BTreeSet<RunId>,
    next: Option<(When, Calls)>,
}

impl Crashes {
    pub(super) fn after_every_commit() -> Self {
        Self { every_commit: true, ..Self::default() }
    }

    pub(super) fn plan(&mut self, when: impl Fn(&[Write]) -> bool + Send + 'static, calls: Calls) {
        assert!(self.next.is_none(), "one crash is planned already");
        self.next = Some((Box::new(when), calls));
    }

    /// Whether the planned crash is still to come.
    pub(super) const fn is_planned(&self) -> bool {
        self.next.is_some()
    }

    fn after(&mut self, writes: &[Write]) -> Option<Calls> {
        if self.next.as_ref().is_some_and(|(when, _)| when(writes)) {
            return self.next.take().map(|(_, calls)| calls);
        }
        // When something is looked at again is no fact; a process that only polls would never get anywhere.
        let is_fact = writes.iter().any(|write| !matches!(write, Write::RunWake { .. } | Write::MayAct { .. }));
        self.follow(writes);
        (self.every_commit && is_fact && self.restarts.is_empty()).then_some(Calls::Land)
    }

    /// A restart whose answer is lost ends otherwise than one that was answered, as it must: that is what the stories
    /// of crashes tell. Everywhere else the process may only end before or after the two together.
    fn follow(&mut self, writes: &[Write]) {
        for write in writes {
            let Write::RunEvents { id, events, .. } = write else { continue };
            for event in events {
                let restarts = matches!(event, RunEvent::StepBegun { intent, .. } if intent.way.is_some());
                if restarts {
                    self.restarts.insert(id.clone());
                } else {
                    self.restarts.remove(id);
                }
            }
        }
    }
}

/// A store with one owner who may end at any commit.
pub(crate) struct MortalStore {
    inner: Arc<dyn Store>,
    crashes: Arc<Mutex<Crashes>>,
    dead: watch::Sender<bool>,
    /// One commit at a time, so that none is durable behind the back of a process that dies at another.
    turn: tokio::sync::Mutex<()>,
}

impl MortalStore {
    pub(super) fn new(inner: Arc<dyn Store>, crashes: Arc<Mutex<Crashes>>) -> Self {
        Self { inner, crashes, dead: watch::Sender::new(false), turn: tokio::sync::Mutex::new(()) }
    }

    /// What everybody else sees.
    pub(super) fn inner(&self) -> &Arc<dyn Store> {
        &self.inner
    }

    pub(super) fn is_dead(&self) -> bool {
        *self.dead.borrow()
    }

    /// Returns once the owner is dead.
    pub(super) async fn died(&self) {
        let ended = self.dead.subscribe().wait_for(|dead| *dead).await.map(|_| ());
        assert!(ended.is_ok(), "the sender lives as long as the store");
    }

    /// Ends the owner between two commits.
    pub(super) fn kill(&self) {
        self.dead.send_replace(true);
    }

    async fn alive(&self) {
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    async fn after(&self, writes: &[Write], committed: Committed) {
        if committed != Committed::Done || writes.is_empty() {
            return;
        }
        let end = self.crashes.lock().unwrap().after(writes);
        match end {
            None => {}
            Some(Calls::Land) => self.kill(),
            Some(Calls::Vanish) => {
                self.kill();
                std::future::pending::<()>().await;
            }
        }
    }
}

#[async_trait]
impl Inbox for MortalStore {
    async fn keep(&self, envelope: Envelope) -> Result<(), StoreFault> {
        self.alive().await;
        self.inner.keep(envelope).await
    }
}

#[async_trait]
impl Store for MortalStore {
    async fn commit(&self, operation: Operation) -> Result<Committed, StoreFault> {
        let _turn = self.turn.lock().await;
        self.alive().await;
        let writes = operation.writes.clone();
        let committed = self.inner.commit(operation).await?;
        self.after(&writes, committed).await;
        Ok(committed)
    }

    async fn reserve(&self, id: OperationId, scopes: &[Scope], decide: &Decide<'_>) -> Result<Committed, StoreFault> {
        let _turn = self.turn.lock().await;
        self.alive().await;
        let decided = Mutex::new(Vec::new());
        let deciding = |ledger: &Ledger| {
            let writes = decide(ledger);
            decided.lock().unwrap().clone_from(&writes);
            writes
        };
        let committed = self.inner.reserve(id, scopes, &deciding).await?;
        let writes = decided.lock().unwrap().clone();
        self.after(&writes, committed).await;
        Ok(committed)
    }

    async fn claim(&self, now: Timestamp) -> Result<(), StoreFault> {
        self.alive().await;
        self.inner.claim(now).await
    }

    async fn open_envelopes(&self, limit: usize) -> Result<Vec<Envelope>, StoreFault> {
        self.alive().await;
        self.inner.open_envelopes(limit).await
    }

    async fn request(&self, id: &RequestId) -> Result<Option<Request>, StoreFault> {
        self.alive().await;
        self.inner.request(id).await
    }

    async fn open_requests(&self) -> Result<Vec<Request>, StoreFault> {
        self.alive().await;
        self.inner.open_requests().await
    }

    async fn troubled_requests(&self, now: Timestamp) -> Result<Vec<Request>, StoreFault> {
        self.alive().await;
        self.inner.troubled_requests(now).await
    }

    async fn requests_of(&self, person: &PersonId, limit: usize) -> Result<Vec<Request>, StoreFault> {
        self.alive().await;
        self.inner.requests_of(person, limit).await
    }

    async fn requests_with(&self, command: &CommandName, limit: usize) -> Result<Vec<Request>, StoreFault> {
        self.alive().await;
        self.inner.requests_with(command, limit).await
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreFault> {
        self.alive().await;
        self.inner.run(id).await
    }

    async fn runs(&self, request: &RequestId) -> Result<Vec<Run>, StoreFault> {
        self.alive().await;
        self.inner.runs(request).await
    }

    async fn due_runs(&self, now: Timestamp, limit: usize) -> Result<Vec<Run>, StoreFault> {
        self.alive().await;
        self.inner.due_runs(now, limit).await
    }

    async fn next_run_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreFault> {
        self.alive().await;
        self.inner.next_run_wake(now).await
    }

    async fn due_slots(&self, now: Timestamp, limit: usize) -> Result<Vec<Slot>, StoreFault> {
        self.alive().await;
        self.inner.due_slots(now, limit).await
    }

    async fn next_slot_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreFault> {
        self.alive().await;
        self.inner.next_slot_wake(now).await
    }

    async fn slot(&self, key: &DeliveryKey) -> Result<Option<Slot>, StoreFault> {
        self.alive().await;
        self.inner.slot(key).await
    }

    async fn slot_at(&self, message: &MessageRef) -> Result<Option<Slot>, StoreFault> {
        self.alive().await;
        self.inner.slot_at(message).await
    }

    async fn answers_to(&self, person: &PersonId, limit: usize) -> Result<Vec<Slot>, StoreFault> {
        self.alive().await;
        self.inner.answers_to(person, limit).await
    }

    async fn home(&self, person: &PersonId) -> Result<Option<Home>, StoreFault> {
        self.alive().await;
        self.inner.home(person).await
    }

    async fn homes(&self, since: Timestamp) -> Result<Vec<Home>, StoreFault> {
        self.alive().await;
        self.inner.homes(since).await
    }

    async fn control(&self, handle: &Handle) -> Result<Option<Control>, StoreFault> {
        self.alive().await;
        self.inner.control(handle).await
    }

    async fn finished_runs(&self, scope: &BreakerScope, limit: usize) -> Result<FailureRecord, StoreFault> {
        self.alive().await;
        self.inner.finished_runs(scope, limit).await
    }

    async fn elsewhere(&self, scope: &BreakerScope, since: Timestamp) -> Result<Tally, StoreFault> {
        self.alive().await;
        self.inner.elsewhere(scope, since).await
    }

    async fn breaker(&self, scope: &BreakerScope, opened_at: Timestamp) -> Result<Option<Breaker>, StoreFault> {
        self.alive().await;
        self.inner.breaker(scope, opened_at).await
    }

    async fn open_breakers(&self) -> Result<Vec<Breaker>, StoreFault> {
        self.alive().await;
        self.inner.open_breakers().await
    }

    async fn decisions(&self, request: &RequestId) -> Result<Vec<DecisionRecord>, StoreFault> {
        self.alive().await;
        self.inner.decisions(request).await
    }

    async fn decided(&self, sought: &SoughtDecisions) -> Result<FoundDecisions, StoreFault> {
        self.alive().await;
        self.inner.decided(sought).await
    }

    async fn snapshot(&self, id: &Fingerprint) -> Result<Option<Snapshot>, StoreFault> {
        self.alive().await;
        self.inner.snapshot(id).await
    }

    async fn ledger(&self) -> Result<Ledger, StoreFault> {
        self.alive().await;
        self.inner.ledger().await
    }

    async fn last_known(&self, person: &PersonId) -> Result<Option<Authorization>, StoreFault> {
        self.alive().await;
        self.inner.last_known(person).await
    }

    async fn authorizations(&self, sought: &Sought) -> Result<Vec<Authorization>, StoreFault> {
        self.alive().await;
        self.inner.authorizations(sought).await
    }

    async fn brakes(&self) -> Result<Vec<Brake>, StoreFault> {
        self.alive().await;
        self.inner.brakes().await
    }

    async fn brake(&self, id: &BrakeId) -> Result<Option<(Brake, Option<BrakeEnd>)>, StoreFault> {
        self.alive().await;
        self.inner.brake(id).await
    }

    async fn declarations(&self, server: &ServerId, limit: usize) -> Result<Vec<DeclaredRecord>, StoreFault> {
        self.alive().await;
        self.inner.declarations(server, limit).await
    }

    async fn member_seen(&self, person: &PersonId) -> Result<Option<SeenMember>, StoreFault> {
        self.alive().await;
        self.inner.member_seen(person).await
    }
}
