//! The durable store, as operations and questions in the domain's own words.
//!
//! An operation is a value with an id: one commit, all or nothing, and one whose outcome was lost may be asked about
//! again. Deliberately absent: SQL, transactions, rows.

use super::authorizations::{Authorization, Sought};
use super::chat::{Envelope, Inbox};
pub use super::controls::{Bound, Control, ControlAction, FormOf};
use super::decisions::{FoundDecisions, SoughtDecisions};
pub use super::outbox::{Content, Destination, Notice, Outgoing, Slot};
use crate::admission::{
    Brake, BrakeEnd, Breaker, Decided, FinishedRun, HealthRow, Ledger, Lock, Snapshot, StateChange, StateRow, Tally,
};
use crate::domain::breaker::BreakerScope;
use crate::domain::command::{CommandName, Touch};
use crate::domain::identity::{Actor, PersonId};
use crate::domain::ids::{
    BrakeId, DeliveryKey, EnvelopeKey, Epoch, Fingerprint, Handle, OperationId, RequestId, RunId, Version,
};
use crate::domain::place::MessageRef;
use crate::domain::server::ServerId;
use crate::domain::text_name;
use crate::domain::time::Timestamp;
use crate::workflow::request::{Request, RequestEvent};
use crate::workflow::run::{Run, RunEvent};
use async_trait::async_trait;

text_name! {
    /// What counts limits together and is locked in sorted order, e.g. `pool:edge-lax`.
    Scope
}
text_name! {
    /// Messages of one lane are delivered in order; one request's messages share a lane.
    Lane
}

/// Why the store did not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// The outcome is not known: ask again with the same operation id.
    #[error("the store did not answer: {0}")]
    Unavailable(String),
    /// What is stored cannot be read by this version.
    #[error("the store holds something unreadable: {0}")]
    Unreadable(String),
}

/// One commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// Makes a repetition recognisable.
    pub id: OperationId,
    /// What is written; all or nothing.
    pub writes: Vec<Write>,
}

/// How a commit ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Committed {
    /// It is durable.
    Done,
    /// It was durable before.
    AlreadyDone,
    /// Something it relied on has changed: nothing was written, read again.
    Stale,
}

/// One thing to write, with what it relies on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Write {
    /// An envelope is dealt with. Relies on its being open.
    EnvelopeSettled {
        /// The envelope.
        key: EnvelopeKey,
        /// What came of it, for the record.
        outcome: String,
    },
    /// A request goes on. Relies on its having exactly `expected` events; 0 makes it.
    RequestEvents {
        /// The request.
        id: RequestId,
        /// How many events it must have.
        expected: Version,
        /// The events to append.
        events: Vec<RequestEvent>,
    },
    /// A run goes on. Relies on its version and, unless it is made here, on its epoch.
    RunEvents {
        /// The run.
        id: RunId,
        /// How many events it must have; 0 makes it.
        expected: Version,
        /// The claim under which this was decided.
        epoch: Epoch,
        /// The events to append.
        events: Vec<RunEvent>,
        /// When it is due again; `None` for a run that waits for admission or a person, or is over.
        wake_at: Option<Timestamp>,
    },
    /// A run is due at another time. Relies on its epoch.
    RunWake {
        /// The run.
        id: RunId,
        /// The claim under which this was decided.
        epoch: Epoch,
        /// When it is due.
        wake_at: Timestamp,
    },
    /// A server's production state.
    ServerState(StateRow),
    /// A person says how a server is; a lock that was left behind on it is released. Relies on what [`StateChange::holds`] does.
    Declared(Box<DeclaredRecord>),
    /// A server is reserved. Relies on no other run's having it, at work or parked; a lock that was left behind is taken over.
    Lock(Lock),
    /// The run waits for a person and keeps its server. Relies on the run's lock, and on its not being left behind.
    LockParked {
        /// The server.
        server: ServerId,
        /// The run.
        run: RunId,
    },
    /// The run goes on with its server. Relies on the run's lock, and on its not being left behind.
    LockTakenUp {
        /// The server.
        server: ServerId,
        /// The run.
        run: RunId,
    },
    /// The run has failed; its server stays reserved until somebody takes it over. Relies on the run's lock.
    LockLeftBehind {
        /// The server.
        server: ServerId,
        /// The run.
        run: RunId,
    },
    /// The run has done nothing to the server that it took over: whoever had left it behind has its lock again. Relies on the run's
    /// lock, and on its having been taken over from that one.
    LockGivenBack {
        /// The lock as it is again.
        lock: Lock,
        /// The run that took it over.
        by: RunId,
    },
    /// The server is free again. Relies on the run's lock.
    Unlock {
        /// The server.
        server: ServerId,
        /// The run.
        run: RunId,
    },
    /// A button or form that may come back.
    Control(Control),
    /// A single-use control is used up. Relies on its not being used.
    ControlUsed {
        /// The control.
        handle: Handle,
        /// When.
        at: Timestamp,
    },
    /// A message to deliver; one with a known key is due again (edited), unless it holds a fixed content.
    Send(Outgoing),
    /// A post is about to leave; until it is settled, it must be looked for before it is sent again.
    SendBegun {
        /// The message.
        key: DeliveryKey,
        /// When.
        at: Timestamp,
    },
    /// A message is there.
    Delivered {
        /// The message.
        key: DeliveryKey,
        /// The revision that was delivered.
        revision: i64,
        /// When.
        at: Timestamp,
        /// Where it is, if others can see it.
        message: Option<MessageRef>,
    },
    /// A message is tried again later.
    Postponed {
        /// The message.
        key: DeliveryKey,
        /// Not before.
        until: Timestamp,
    },
    /// A message will never be delivered.
    Undeliverable {
        /// The message.
        key: DeliveryKey,
        /// Why.
        why: String,
    },
    /// A person has opened their home.
    HomeOpened {
        /// The person.
        person: Actor,
        /// When.
        at: Timestamp,
    },
    /// A home is about to be shown anew. Relies on its having been opened.
    HomeShown {
        /// The person.
        person: PersonId,
        /// What it shows of the person's own.
        shown: Fingerprint,
        /// When.
        at: Timestamp,
    },
    /// A look at a server's health.
    Health(HealthRow),
    /// Why something was or was not admitted.
    Decision(DecisionRecord),
    /// Whether somebody may.
    Authorization(Box<Authorization>),
    /// A person puts something on to stop things. Relies on its id being new and, for the stop of everything, on there
    /// being none.
    BrakeOn(Brake),
    /// A person takes it off. Relies on its being on.
    BrakeOff {
        /// Which.
        id: BrakeId,
        /// Who took it off, when and why.
        end: BrakeEnd,
    },
    /// Nothing is written. Relies on nothing that people put on forbidding that: no stop of everything, and no hold of the server.
    MayAct {
        /// The server, if it is done to one.
        server: Option<ServerId>,
        /// How much is done.
        touch: Touch,
        /// When.
        at: Timestamp,
    },
    /// Nothing is written. Relies on no open request being younger than that one, the youngest that was seen; `None` relies on
    /// there being no open one.
    NoYoungerRequest {
        /// The youngest.
        than: Option<RequestId>,
    },
    /// Somebody was seen to be a member.
    MemberSeen(SeenMember),
    /// What a pass looked at; one that is known stays as it is.
    Snapshot {
        /// What decisions refer to it by.
        id: Fingerprint,
        /// It.
        snapshot: Box<Snapshot>,
    },
    /// A run counts among those that have finished. Relies on that being the last that does.
    Finished {
        /// The run.
        run: FinishedRun,
        /// The place in the record of the last one that was seen; 0 before the first.
        last: i64,
    },
    /// A breaker opens, changes or is closed. Relies on its version before, and on being the only open one of its scope.
    Breaker(Breaker),
}

/// The record of finished runs, as far as it says whether a breaker opens.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FailureRecord {
    /// The place of the last run in the whole record; 0 before the first.
    pub last: i64,
    /// Those of the scope since its breaker was last closed, the newest first.
    pub runs: Vec<FinishedRun>,
}

/// What was last known of a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenMember {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// When the directory said so.
    pub at: Timestamp,
}

/// A person's word on a server, for the record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeclaredRecord {
    /// What it changed.
    pub change: StateChange,
    /// What becomes of the server's pool, in words: `edge-lax: 17 of 19 in service, floor 18 → 17`.
    pub evidence: String,
}

/// Why something was or was not admitted, for the record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionRecord {
    /// The request.
    pub request: RequestId,
    /// When.
    pub at: Timestamp,
    /// `allow`, `wait` or `deny`.
    pub verdict: String,
    /// What it was based on, in words.
    pub evidence: String,
    /// What was said of each server, in the order of asking; empty where nothing was asked, or it was not kept yet.
    pub decided: Vec<Decided>,
    /// What all of that was decided on; it is stored once.
    pub snapshot: Option<Fingerprint>,
}

/// The home of a person who has opened it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Home {
    /// The person.
    pub person: Actor,
    /// When it was last opened.
    pub opened_at: Timestamp,
    /// What it last showed of the person's own, and when.
    pub shown: Option<(Fingerprint, Timestamp)>,
}

/// Decides inside the store's transaction, from what is locked there; may be called more than once.
pub type Decide<'a> = dyn Fn(&Ledger) -> Vec<Write> + Send + Sync + 'a;

/// The store.
#[async_trait]
pub trait Store: Inbox + Send + Sync {
    /// Writes all or nothing, once for each operation id.
    async fn commit(&self, operation: Operation) -> Result<Committed, StoreFault>;

    /// Locks the scopes in sorted order, lets `decide` see the ledger as it is under the lock, and writes what it
    /// returns in the same transaction. An empty answer writes nothing and is `Done`.
    async fn reserve(&self, id: OperationId, scopes: &[Scope], decide: &Decide<'_>) -> Result<Committed, StoreFault>;

    /// Takes over every run that is not over: raises its epoch, and makes those at work due now.
    async fn claim(&self, now: Timestamp) -> Result<(), StoreFault>;

    /// Envelopes that are not dealt with, oldest first.
    async fn open_envelopes(&self, limit: usize) -> Result<Vec<Envelope>, StoreFault>;

    /// A request.
    async fn request(&self, id: &RequestId) -> Result<Option<Request>, StoreFault>;

    /// Requests that are not over, in the order they were accepted.
    async fn open_requests(&self) -> Result<Vec<Request>, StoreFault>;

    /// Requests that are over and have an event of which people are still told then ([`RequestEvent::trouble_until`]), in
    /// the order they were accepted.
    async fn troubled_requests(&self, now: Timestamp) -> Result<Vec<Request>, StoreFault>;

    /// The newest requests of a person, newest first, over or not.
    async fn requests_of(&self, person: &PersonId, limit: usize) -> Result<Vec<Request>, StoreFault>;

    /// The newest requests of a command, newest first, over or not.
    async fn requests_with(&self, command: &CommandName, limit: usize) -> Result<Vec<Request>, StoreFault>;

    /// A run.
    async fn run(&self, id: &RunId) -> Result<Option<Run>, StoreFault>;

    /// A request's runs, by number.
    async fn runs(&self, request: &RequestId) -> Result<Vec<Run>, StoreFault>;

    /// Runs at work that are due, the longest due first.
    async fn due_runs(&self, now: Timestamp, limit: usize) -> Result<Vec<Run>, StoreFault>;

    /// When the next run at work is due after now.
    async fn next_run_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreFault>;

    /// Messages to deliver now: of each lane only the first that is not delivered, oldest first.
    async fn due_slots(&self, now: Timestamp, limit: usize) -> Result<Vec<Slot>, StoreFault>;

    /// When the next message may be tried after now.
    async fn next_slot_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreFault>;

    /// A message by its key.
    async fn slot(&self, key: &DeliveryKey) -> Result<Option<Slot>, StoreFault>;

    /// The message of ours that stands there.
    async fn slot_at(&self, message: &MessageRef) -> Result<Option<Slot>, StoreFault>;

    /// Private answers that a person got and that were composed when they were decided, the newest first.
    async fn answers_to(&self, person: &PersonId, limit: usize) -> Result<Vec<Slot>, StoreFault>;

    /// The home of a person, if they have ever opened it.
    async fn home(&self, person: &PersonId) -> Result<Option<Home>, StoreFault>;

    /// Homes that were opened since then, by person.
    async fn homes(&self, since: Timestamp) -> Result<Vec<Home>, StoreFault>;

    /// What a handle stands for.
    async fn control(&self, handle: &Handle) -> Result<Option<Control>, StoreFault>;

    /// The newest finished runs of a scope since its breaker was last closed.
    async fn finished_runs(&self, scope: &BreakerScope, limit: usize) -> Result<FailureRecord, StoreFault>;

    /// How many runs of a scope's command have finished since then outside of that scope, and how many of them failed.
    async fn elsewhere(&self, scope: &BreakerScope, since: Timestamp) -> Result<Tally, StoreFault>;

    /// A breaker, open or closed, by when it opened.
    async fn breaker(&self, scope: &BreakerScope, opened_at: Timestamp) -> Result<Option<Breaker>, StoreFault>;

    /// The breakers that are open, by scope.
    async fn open_breakers(&self) -> Result<Vec<Breaker>, StoreFault>;

    /// Locks, states, health and open breakers.
    /// Why a request was or was not admitted, in order.
    async fn decisions(&self, request: &RequestId) -> Result<Vec<DecisionRecord>, StoreFault>;

    /// Decisions that fit, of every request.
    async fn decided(&self, sought: &SoughtDecisions) -> Result<FoundDecisions, StoreFault>;

    /// What a pass looked at.
    async fn snapshot(&self, id: &Fingerprint) -> Result<Option<Snapshot>, StoreFault>;

    /// Locks, states, health and brakes.
    async fn ledger(&self) -> Result<Ledger, StoreFault>;

    /// The newest stored answer about that person in which the directory told what they were.
    async fn last_known(&self, person: &PersonId) -> Result<Option<Authorization>, StoreFault>;

    /// Stored answers to "may they?", the oldest first.
    async fn authorizations(&self, sought: &Sought) -> Result<Vec<Authorization>, StoreFault>;
    /// What people have put on and nobody has taken off, the oldest first; some may be over by the clock.
    async fn brakes(&self) -> Result<Vec<Brake>, StoreFault>;

    /// A brake, and how it was taken off if somebody did.
    async fn brake(&self, id: &BrakeId) -> Result<Option<(Brake, Option<BrakeEnd>)>, StoreFault>;

    /// What people have said of a server, the newest first.
    async fn declarations(&self, server: &ServerId, limit: usize) -> Result<Vec<DeclaredRecord>, StoreFault>;

    /// What was last known of a person who was seen to be a member.
    async fn member_seen(&self, person: &PersonId) -> Result<Option<SeenMember>, StoreFault>;
}
