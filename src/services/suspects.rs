//! Tells of reservations that nothing has come of for too long: once each, in the incident channel; it is withdrawn in the commit
//! with which the run moves on.
//!
//! Nothing is released here. Deliberately absent: when one is suspect (admission), and the words (conversation).

use super::rounds::Rounds;
use super::world::World;
use super::{Service, Step, messages};
use crate::admission::{self, Brake, BrakeKind, Ledger, Lock, SUSPECT_AFTER};
use crate::conversation::message::Message;
use crate::conversation::{self, Matter, SuspectView};
use crate::domain::ids::RunId;
use crate::domain::server::{ServerName, SiteName};
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::{Slot, Write};
use crate::workflow::request::Request;
use crate::workflow::run::Run;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// Locks are looked at no more often than this: none becomes suspect within seconds.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// What stood still because the bot was down, or everything stopped, gets so long to move on by itself before the channel reads
/// of it: the message waits in the outbox, and is none if the run has moved on by then.
const SETTLES_WITHIN: Duration = Duration::from_secs(120);

/// A lock, with what is stored of its run.
struct Reservation {
    lock: Lock,
    found: Result<(Request, Run), String>,
    server: ServerName,
    site: Option<SiteName>,
    hold: Option<Brake>,
}

impl Reservation {
    async fn of(world: &World, lock: &Lock, ledger: &Ledger) -> Result<Self, StoreFault> {
        let rulebook = world.rulebook();
        let record = rulebook.inventory.by_id(&lock.server);
        let holds = |brake: &&Brake| matches!(&brake.kind, BrakeKind::Hold { server, .. } if *server == lock.server);
        let hold = ledger.brakes.iter().filter(|brake| brake.is_on(world.now())).find(holds);
        Ok(Self {
            found: found(world, &lock.run).await?,
            server: record.map_or_else(|| ServerName::new(lock.server.as_str()), |record| record.name.clone()),
            site: record.map(|record| record.site.clone()),
            hold: hold.cloned(),
            lock: lock.clone(),
        })
    }

    /// Since when nothing has come of it.
    fn since(&self) -> Timestamp {
        self.found.as_ref().map_or(self.lock.since, |(_, run)| admission::moved_at(&self.lock, run))
    }

    fn suspect_from(&self) -> Option<Timestamp> {
        let found = self.found.as_ref().ok().map(|(request, run)| (request.steps.as_slice(), run));
        admission::suspect_from(&self.lock, found)
    }

    fn view(&self) -> SuspectView<'_> {
        let found = self.found.as_ref().map(|(request, run)| (request, run)).map_err(String::as_str);
        let (server, site, hold) = (&self.server, self.site.as_ref(), self.hold.as_ref());
        SuspectView { server, site, lock: &self.lock, since: self.since(), found, hold }
    }
}

/// What is stored of a run, or why that cannot be read. That the store does not answer says nothing of the run.
async fn found(world: &World, id: &RunId) -> Result<Result<(Request, Run), String>, StoreFault> {
    let request = readable(world.store.request(&id.request).await)?;
    let run = readable(world.store.run(id).await)?;
    Ok(match (request, run) {
        (Ok(Some(request)), Ok(Some(run))) => Ok((request, run)),
        (Ok(None), _) | (_, Ok(None)) => Err("there is nothing".to_owned()),
        (Err(why), _) | (_, Err(why)) => Err(why),
    })
}

/// What cannot be read, as why; that the store does not answer stays a fault.
pub(super) fn readable<T>(answer: Result<T, StoreFault>) -> Result<Result<T, String>, StoreFault> {
    match answer {
        Err(StoreFault::Unreadable(why)) => Ok(Err(why)),
        answer => answer.map(Ok),
    }
}

/// Those that are suspect now, and when the next may become so. Under a stop of everything none is: that is told already.
async fn suspects(world: &World) -> Result<(Vec<Reservation>, Option<Timestamp>), StoreFault> {
    let (ledger, now) = (world.store.ledger().await?, world.now());
    let (mut all, mut next) = (Vec::new(), None::<Timestamp>);
    let mut soonest = |at: Timestamp| next = Some(next.map_or(at, |earlier| earlier.min(at)));
    let is_stopped = ledger.stop().is_some();
    for lock in ledger.locks.values().filter(|lock| lock.standing.is_a_runs() && !is_stopped) {
        let earliest = lock.since.plus(SUSPECT_AFTER);
        if now < earliest {
            soonest(earliest);
            continue;
        }
        let reservation = Reservation::of(world, lock, &ledger).await?;
        match reservation.suspect_from() {
            Some(from) if from <= now => all.push(reservation),
            Some(from) => soonest(from),
            None => {}
        }
    }
    Ok((all, next))
}

/// Each of them as a matter for a pager; at once, for what is not so any more is told there as well.
pub(super) async fn matters(world: &World) -> Result<Vec<Matter>, StoreFault> {
    let (all, _) = suspects(world).await?;
    Ok(all.iter().map(|one| conversation::suspect_matter(one.view())).collect())
}

/// What is told of a run that stood still since then, as things are now; nothing if nobody has read of it and it has moved on.
pub(super) async fn notice(
    world: &World,
    slot: &Slot,
    (id, since): (&RunId, Timestamp),
) -> Result<Option<Message>, StoreFault> {
    let ledger = world.store.ledger().await?;
    if let Some(lock) = ledger.locks.values().find(|lock| lock.run == *id) {
        let reservation = Reservation::of(world, lock, &ledger).await?;
        if reservation.since() == since && reservation.suspect_from().is_some() {
            return Ok(Some(conversation::suspect(reservation.view())));
        }
    }
    if slot.delivered == 0 && slot.begun_at.is_none() {
        return Ok(None);
    }
    let Ok((_, run)) = found(world, id).await? else { return Ok(None) };
    Ok(run.server_name().map(|server| conversation::suspect_no_more(server, &run, world.now())))
}

/// What is told under the message about it when nobody looks after it: nothing any more once it has moved on.
pub(super) async fn unclaimed(world: &World, (id, since): (&RunId, Timestamp)) -> Result<Option<Message>, StoreFault> {
    let ledger = world.store.ledger().await?;
    let Some(lock) = ledger.locks.values().find(|lock| lock.run == *id) else { return Ok(None) };
    let reservation = Reservation::of(world, lock, &ledger).await?;
    let stands = reservation.since() == since && reservation.suspect_from().is_some();
    Ok(stands.then(|| conversation::suspect_unclaimed(reservation.view())))
}

/// Each of them: which run, since when nothing has come of it, and since when that is too long.
pub(super) async fn standing_still(world: &World) -> Result<Vec<(RunId, Timestamp, Timestamp)>, StoreFault> {
    let (all, _) = suspects(world).await?;
    Ok(all.iter().filter_map(|one| Some((one.lock.run.clone(), one.since(), one.suspect_from()?))).collect())
}

/// The run moves on: what was told of its standing still is told no more.
pub(super) async fn moves_on(world: &World, run: &Run) -> Result<Option<Write>, StoreFault> {
    let (Some(since), Some(channel)) = (run.moved_at, &world.places.incidents) else { return Ok(None) };
    if world.now().since(since) < SUSPECT_AFTER {
        return Ok(None);
    }
    let is_told = world.store.slot(&messages::suspect_key(&run.id, since)).await?.is_some();
    Ok(is_told.then(|| messages::suspect(&run.id, since, channel)))
}

/// Tells of them.
pub struct Suspects {
    world: Arc<World>,
    rounds: Rounds,
}

impl Suspects {
    /// Tells of those in that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, rounds: Rounds::every(LOOK_EVERY) }
    }

    /// Tells of those that were not told yet, and says when to look again by the clock.
    async fn tell(&self) -> Result<Option<Timestamp>, StoreFault> {
        let (all, next) = suspects(&self.world).await?;
        let mut writes = Vec::new();
        for one in all {
            let (run, since) = (&one.lock.run, one.since());
            let Some(channel) = &self.world.places.incidents else { continue };
            let key = messages::suspect_key(run, since);
            if self.world.store.slot(&key).await?.is_none() {
                tracing::warn!(run.id = %run, server.name = %one.server, "nothing comes of a reservation; it stays");
                writes.push(messages::suspect(run, since, channel));
                writes.push(Write::Postponed { key, until: self.world.now().plus(SETTLES_WITHIN) });
            }
        }
        if !writes.is_empty() {
            self.world.commit(writes).await?;
        }
        Ok(next)
    }
}

#[async_trait]
impl Service for Suspects {
    fn name(&self) -> &'static str {
        "suspects"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let (now, changes) = (self.world.now(), *self.world.changes.borrow());
        if self.rounds.is_due(now, changes) {
            let next = self.tell().await?;
            self.rounds.looked((now, changes), next);
            return Ok(Step::Made);
        }
        Ok(self.rounds.rest(changes))
    }

    async fn ended(&mut self) {
        std::future::pending().await
    }
}
