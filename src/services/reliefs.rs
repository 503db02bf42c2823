//! The requests by which an automation asks for servers on standby: what is spared because of them, what is told of them, and
//! which of them are not needed any more.
//!
//! Everything is read from what is stored, so that a restart forgets nothing. Deliberately absent: asking.

use super::requests::{end, halt, moved};
use super::world::World;
use super::{messages, queues};
use crate::admission::Known;
use crate::admission::traffic::{Spared, StandbyRules, Withdrawal, is_calm_without, withdrawal};
use crate::conversation;
use crate::domain::identity::Profile;
use crate::domain::ids::RequestId;
use crate::domain::place::ChannelId;
use crate::domain::server::{PoolName, ProductionState, Server};
use crate::domain::time::Timestamp;
use crate::ports::store::Write;
use crate::ports::{Rulebook, StoreFault};
use crate::workflow::request::{Halt, HaltCause, Request, RequestOutcome, RequestStage};
use crate::workflow::run::{Run, RunOutcome, RunStage};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The newest requests of the automation that are looked at.
const OWN_MAX: usize = 50;
/// So many of its requests for a pool that failed while what they asked for rests are enough: it is no matter of servers then.
const FAILED_MAX: usize = 3;
/// For how long after its end a request's notice may still have to be brought up to date.
const NOTICE_FOLLOWS_FOR: Duration = Duration::from_secs(3600);

/// The requests of the automation: those that are not over, and the newest that are, with when they ended and, for as long as
/// what they asked for rests, their runs.
#[derive(Default)]
pub(super) struct Reliefs {
    open: Vec<(Request, Vec<Run>)>,
    over: Vec<(Request, Timestamp)>,
    resting: Vec<(Request, Vec<Run>)>,
}

impl Reliefs {
    pub(super) async fn of(world: &World, rules: &StandbyRules, now: Timestamp) -> Result<Self, StoreFault> {
        let automation = Profile::automation(&rules.automation).id;
        let mut open = Vec::new();
        for request in world.store.open_requests().await?.into_iter().filter(|one| one.origin.person == automation) {
            let runs = world.store.runs(request.id()).await?;
            open.push((request, runs));
        }
        let newest = world.store.requests_of(&automation, OWN_MAX).await?.into_iter();
        let over = newest.filter_map(|request| ended(&request).map(|(at, _)| at).map(|at| (request, at)));
        let over = over.collect::<Vec<_>>();
        let mut resting = Vec::new();
        for (request, _) in over.iter().filter(|(_, at)| now < at.plus(rules.again_after)) {
            resting.push((request.clone(), world.store.runs(request.id()).await?));
        }
        Ok(Self { open, over, resting })
    }

    /// What is not asked for now: each server of a request that is open, and its pool unless it hangs; a pool for which one was
    /// ended a while ago by people or for want of permission, or has failed too often since; and each server that a run was on a
    /// while ago, whatever came of it.
    pub(super) fn spared(&self, rules: Option<&StandbyRules>, now: Timestamp) -> Spared {
        let mut spared = Spared::default();
        for (request, _) in &self.open {
            spared.servers.extend(request.plan.servers().map(|server| server.id.clone()));
        }
        spared.pools.extend(self.moving(rules, now).flat_map(pools));
        let mut failed: BTreeMap<PoolName, usize> = BTreeMap::new();
        for (request, runs) in &self.resting {
            let tried = runs.iter().filter(|run| run.outcome() != Some(RunOutcome::NotStarted));
            spared.servers.extend(tried.filter_map(|run| run.subject.server()).map(|server| server.id.clone()));
            let is_unwell = matches!(&request.halted, Some(Halt { cause: HaltCause::Unwell(_), .. }));
            let has_failed = is_unwell || runs.iter().any(|run| run.outcome().is_some_and(RunOutcome::is_failure));
            match ended(request).map(|(_, outcome)| Came::of(outcome)) {
                Some(Came::Failed) if has_failed => {
                    pools(request).into_iter().for_each(|pool| *failed.entry(pool).or_default() += 1)
                }
                Some(Came::NotWanted) => spared.pools.extend(pools(request)),
                // Where no server failed, none is known not to come; and the next surge is another one.
                Some(Came::Done | Came::Failed | Came::NotNeeded) | None => {}
            }
        }
        let too_often = failed.into_iter().filter(|(_, times)| *times >= FAILED_MAX);
        spared.pools.extend(too_often.map(|(pool, _)| pool));
        spared
    }

    /// The requests that are open and do not hang, each with its pools.
    pub(super) fn asking(&self, rules: Option<&StandbyRules>, now: Timestamp) -> Vec<(RequestId, BTreeSet<PoolName>)> {
        self.moving(rules, now).map(|request| (request.id().clone(), pools(request))).collect()
    }

    fn moving<'a>(&'a self, rules: Option<&'a StandbyRules>, now: Timestamp) -> impl Iterator<Item = &'a Request> {
        let hangs = move |request: &Request, runs: &[Run]| {
            rules.is_some_and(|rules| hangs(request, runs, now.minus(rules.again_after)))
        };
        self.open.iter().filter(move |(request, runs)| !hangs(request, runs)).map(|(request, _)| request)
    }

    /// The notices that are due: of requests whose card is up, so that they lead there, and of those that have ended since theirs
    /// was composed.
    pub(super) async fn notices(&self, world: &World, now: Timestamp) -> Result<Vec<Write>, StoreFault> {
        let mut writes = Vec::new();
        let Some(channel) = &world.places.incidents else { return Ok(writes) };
        let over = self.over.iter().filter(|(_, at)| now.since(*at) < NOTICE_FOLLOWS_FOR);
        let over = over.map(|(request, at)| (request, Some(*at)));
        for (request, ended_at) in self.open.iter().map(|(request, _)| (request, None)).chain(over) {
            // Where its card stands itself, a notice would tell nothing.
            let is_elsewhere = request.card.as_ref().is_some_and(|card| card.channel != *channel);
            let is_due = match world.store.slot(&messages::relief_key(request.id())).await? {
                None => is_elsewhere,
                Some(slot) => {
                    let delivered_at = slot.delivered_at.filter(|_| slot.revision == slot.delivered);
                    ended_at.zip(delivered_at).is_some_and(|(ended, delivered)| delivered < ended)
                }
            };
            writes.extend(is_due.then(|| messages::relief(request.id(), channel)));
        }
        Ok(writes)
    }

    /// Takes back what has not started of those that are not needed any more: it would start later for nothing. Each is a commit of
    /// its own, on the request and the runs that were decided on, so that one that has moved on meanwhile is looked at anew.
    pub(super) async fn withdraw(
        &self,
        world: &World,
        rules: &StandbyRules,
        known: Known<'_>,
    ) -> Result<(), StoreFault> {
        for (request, runs) in &self.open {
            let why = || conversation::not_needed(request, rules);
            let writes = match withdrawal(request, runs, known) {
                None => continue,
                Some(Withdrawal::Whole) => {
                    let outcome = RequestOutcome::NotNeeded { name: request.requester_name.clone(), why: why() };
                    end(request, runs, outcome, known.now)
                }
                Some(Withdrawal::Rest) => halt(request, runs, HaltCause::NotNeeded(why()), known.now),
            };
            tracing::info!(request.id = %request.id(), "what waits for servers on standby is not needed any more");
            moved(world, (request, runs), writes).await?;
        }
        Ok(())
    }

    /// The pools that could do without what these requests put there, each told once after the newest of them.
    pub(super) async fn calm(
        &self,
        world: &World,
        rules: &StandbyRules,
        rulebook: &Rulebook,
        known: Known<'_>,
    ) -> Result<Vec<Write>, StoreFault> {
        let mut writes = Vec::new();
        for (pool, servers) in self.still_there(known) {
            let ids = servers.iter().map(|(server, _)| server.id.clone()).collect::<BTreeSet<_>>();
            if self.has_open(&pool) || !is_calm_without(&pool, &ids, known) {
                continue;
            }
            let newest = servers.iter().map(|(_, request)| *request).max_by_key(|request| request.accepted_at);
            let Some(newest) = newest.map(Request::id) else { continue };
            if world.store.slot(&messages::relieved_key(newest)).await?.is_some() {
                continue;
            }
            let members = servers.iter().map(|(server, _)| *server).collect::<Vec<_>>();
            let names = members.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
            let why = (ProductionState::Production, "it is calm again");
            let way_out = queues::way_out(&rulebook.catalog, &members, why);
            let message = conversation::relieved(&pool, &names, rules, way_out.as_deref());
            let channel = self.place_of(world, newest);
            writes.extend(channel.map(|channel| messages::relieved(newest, &channel, message)));
        }
        Ok(writes)
    }

    fn has_open(&self, pool: &PoolName) -> bool {
        self.open.iter().any(|(request, _)| request.plan.servers().any(|server| server.pool.as_ref() == Some(pool)))
    }

    /// Where trouble is told, or where it was asked.
    fn place_of(&self, world: &World, request: &RequestId) -> Option<ChannelId> {
        let asked = self.over.iter().find(|(over, _)| over.id() == request);
        world.places.incidents.clone().or_else(|| asked.map(|(request, _)| request.origin.channel.clone()))
    }

    /// The servers in production of which a run of these requests was the last to say so, by pool.
    fn still_there<'a>(&'a self, known: Known<'a>) -> BTreeMap<PoolName, Vec<(&'a Server, &'a Request)>> {
        let mut there: BTreeMap<PoolName, Vec<(&Server, &Request)>> = BTreeMap::new();
        let requests = self.over.iter().map(|(request, _)| (request.id(), request)).collect::<BTreeMap<_, _>>();
        for row in known.ledger.states.values().filter(|row| row.state == ProductionState::Production) {
            let request = row.by.run().and_then(|run| requests.get(&run.request));
            if let (Some(request), Some(server)) = (request, known.inventory.by_id(&row.server))
                && let Some(pool) = &server.pool
            {
                there.entry(pool.clone()).or_default().push((server, request));
            }
        }
        there.values_mut().for_each(|servers| servers.sort_by(|one, other| one.0.name.cmp(&other.0.name)));
        there
    }
}

fn ended(request: &Request) -> Option<(Timestamp, &RequestOutcome)> {
    if let RequestStage::Ended { at, outcome } = &request.stage { Some((*at, outcome)) } else { None }
}

/// Whether nothing of a request that needs nobody's consent any more has begun or ended since then: something keeps its servers,
/// and asking for others may help. Where consent is missing it would be missing for those as well.
fn hangs(request: &Request, runs: &[Run], since: Timestamp) -> bool {
    let ended = runs.iter().filter_map(|run| match &run.stage {
        RunStage::Ended { at, .. } => Some(*at),
        RunStage::Waiting
        | RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::NeedsPerson { .. }
        | RunStage::Returning { .. } => None,
    });
    let moved_at = ended.chain(request.started_at).chain([request.accepted_at]).max();
    let may_start = matches!(request.stage, RequestStage::Queued | RequestStage::Running);
    // What a person has to answer, or keeps, does not move.
    let moves = |run: &Run| {
        run.is_active()
            && run.kept_since.or(run.stood_since).is_none()
            && !matches!(run.stage, RunStage::NeedsPerson { .. })
    };
    may_start && !runs.iter().any(moves) && moved_at.is_some_and(|at| at <= since)
}

fn pools(request: &Request) -> BTreeSet<PoolName> {
    request.plan.servers().filter_map(|server| server.pool.clone()).collect()
}

/// What became of a request for servers on standby.
enum Came {
    /// They are in production.
    Done,
    /// Not all of them are; others may.
    Failed,
    /// It was calm again before all of them were.
    NotNeeded,
    /// Somebody, or some rule, did not want them there.
    NotWanted,
}

impl Came {
    const fn of(outcome: &RequestOutcome) -> Self {
        match outcome {
            RequestOutcome::Done => Self::Done,
            RequestOutcome::DoneWithFailures | RequestOutcome::Failed => Self::Failed,
            RequestOutcome::NotNeeded { .. } => Self::NotNeeded,
            RequestOutcome::Cancelled { .. }
            | RequestOutcome::Denied { .. }
            | RequestOutcome::Expired
            | RequestOutcome::Revoked { .. }
            | RequestOutcome::NoCard { .. } => Self::NotWanted,
        }
    }
}
