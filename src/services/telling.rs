//! Tells whoever asked for a request in person that it needs them: a question, servers left out, a halt. Once for each.
//!
//! In their own conversation with the bot, where a message notifies them; edited when it is over. Whether it was told is read
//! off the outbox. Not where the request was asked for in that very conversation, and not while its card, which mentions
//! them, is new. Deliberately absent: calling others when nobody acts, which is `calling`'s.

use super::rounds::Rounds;
use super::world::World;
use super::{Service, Step, messages};
use crate::admission::{Ledger, LockStanding};
use crate::domain::place::ReplyPath;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::Write;
use crate::workflow::request::{Request, RequestStage};
use crate::workflow::run::{Run, RunOutcome, RunStage};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// Open requests are looked at no more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A card mentions whoever asked; so soon after it they are not told once more.
const MENTIONED_LATELY: Duration = Duration::from_secs(60);

/// Tells people.
pub struct Telling {
    world: Arc<World>,
    rounds: Rounds,
}

impl Telling {
    /// Tells people of that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, rounds: Rounds::every(LOOK_EVERY) }
    }

    /// Tells whatever is due, and says when something is next.
    async fn tell(&self, after: Duration, now: Timestamp) -> Result<Option<Timestamp>, StoreFault> {
        let (mut writes, mut next) = (Vec::new(), None::<Timestamp>);
        let store = self.world.store.as_ref();
        let mut ledger = None;
        for request in store.open_requests().await? {
            if !is_told(&request) {
                continue;
            }
            if ledger.is_none() {
                ledger = Some(store.ledger().await?);
            }
            let runs = store.runs(request.id()).await?;
            let Some(ledger) = &ledger else { continue };
            for (since, write) in needs(&request, &runs, ledger) {
                if is_there(&self.world, &write).await? {
                    continue;
                }
                let due = since.plus(after).max(request.accepted_at.plus(MENTIONED_LATELY));
                if due <= now {
                    writes.push(write);
                } else {
                    next = next.into_iter().chain([due]).min();
                }
            }
        }
        if !writes.is_empty() {
            self.world.commit(writes).await?;
        }
        Ok(next)
    }
}

/// Whether its requester is told in person: they are one, it has begun, and it was not asked for in that conversation.
fn is_told(request: &Request) -> bool {
    let is_told_there = matches!(request.origin.reply, ReplyPath::Direct | ReplyPath::Nobody);
    !is_told_there && matches!(request.stage, RequestStage::Running | RequestStage::Stopping { .. })
}

/// What a request needs its requester for, since when. A halt tells what was left out as well.
fn needs(request: &Request, runs: &[Run], ledger: &Ledger) -> Vec<(Timestamp, Write)> {
    let person = request.origin.person.id();
    let questions = runs.iter().filter_map(|run| match &run.stage {
        RunStage::NeedsPerson { at, .. } => Some((*at, messages::question_direct(&run.id, *at, person))),
        RunStage::Waiting
        | RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::Returning { .. }
        | RunStage::Ended { .. } => None,
    });
    let mut needs = questions.collect::<Vec<_>>();
    let left = runs.iter().filter_map(|run| match &run.stage {
        RunStage::Ended { at, outcome: RunOutcome::Failed } if is_left_behind(run, ledger) => Some(*at),
        RunStage::Ended { .. }
        | RunStage::Waiting
        | RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::NeedsPerson { .. }
        | RunStage::Returning { .. } => None,
    });
    match (&request.halted, left.min()) {
        (Some(halt), _) => needs.push((halt.at, messages::halted_direct(request.id(), person))),
        (None, Some(since)) => needs.push((since, messages::left_out_direct(request.id(), person))),
        (None, None) => {}
    }
    needs
}

fn is_left_behind(run: &Run, ledger: &Ledger) -> bool {
    let lock = run.subject.server().and_then(|server| ledger.lock(&server.id));
    lock.is_some_and(|lock| lock.standing == LockStanding::LeftBehind && lock.run == run.id)
}

async fn is_there(world: &World, write: &Write) -> Result<bool, StoreFault> {
    let Write::Send(outgoing) = write else { return Ok(false) };
    Ok(world.store.slot(&outgoing.key).await?.is_some())
}

/// A question was answered: what was told of it in person says so from now on.
pub(super) async fn answered(
    world: &World,
    request: &Request,
    run: &Run,
    asked_at: Timestamp,
) -> Result<Option<Write>, StoreFault> {
    let write = messages::question_direct(&run.id, asked_at, request.origin.person.id());
    Ok(is_there(world, &write).await?.then_some(write))
}

/// A request is over: what was told of it in person says so from now on.
pub(super) async fn over(world: &World, request: &Request) -> Result<Vec<Write>, StoreFault> {
    let (id, person) = (request.id(), request.origin.person.id());
    let mut told = Vec::new();
    for write in [messages::halted_direct(id, person), messages::left_out_direct(id, person)] {
        if is_there(world, &write).await? {
            told.push(write);
        }
    }
    Ok(told)
}

#[async_trait]
impl Service for Telling {
    fn name(&self) -> &'static str {
        "telling"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let Some(after) = self.world.places.requester_told_after else { return Ok(Step::Idle { next_wake: None }) };
        let (now, changes) = (self.world.now(), *self.world.changes.borrow());
        if self.rounds.is_due(now, changes) {
            let next = self.tell(after, now).await?;
            self.rounds.looked((now, changes), next);
            return Ok(Step::Made);
        }
        Ok(self.rounds.rest(changes))
    }

    async fn ended(&mut self) {
        std::future::pending().await
    }
}
