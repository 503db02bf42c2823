//! Asks for servers on standby where too much comes, in the name of an automation: a request like any other, with its card, its
//! permission and its waves.
//!
//! Whether it was asked, and how that went, is read from the stored requests, so that a restart forgets nothing and nothing is
//! asked for twice: a pool has one such request at most, and what was asked for rests. Deliberately absent: which servers would
//! help, which admission says; and taking them out again, which is left to people.

use super::accepting::{self, Asked};
use super::effects::Effects;
use super::lines::{Reply, Speaker};
use super::world::World;
use super::{Service, Step, messages, queues};
use crate::admission::Known;
use crate::admission::traffic::{Shortage, Spared, StandbyRules, Traffic, is_calm_without, shortages};
use crate::conversation::{self, NotAsked, StandbyView};
use crate::domain::command::CommandSpec;
use crate::domain::identity::{Actor, Profile};
use crate::domain::ids::RequestId;
use crate::domain::intent::Intent;
use crate::domain::place::{ChannelId, Membership, Origin, ReplyPath};
use crate::domain::server::{PoolName, ProductionState, Server};
use crate::domain::time::Timestamp;
use crate::fleet;
use crate::ports::store::{Committed, Write};
use crate::ports::{Rulebook, StoreFault};
use crate::workflow::request::{Request, RequestOutcome, RequestStage};
use crate::workflow::run::{Run, RunOutcome};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What is missed is looked at no more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How soon it is tried again to ask for what could not be asked for.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// The newest requests of the automation that are looked at.
const OWN_MAX: usize = 50;
/// So many of its requests for a pool that failed while what they asked for rests are enough: it is no matter of servers then.
const FAILED_MAX: usize = 3;
/// How often it is told at most that nothing asks for what is missed.
const TOLD_EVERY: Duration = Duration::from_secs(3600);
/// For how long after its end a request's notice may still have to be brought up to date.
const NOTICE_FOLLOWS_FOR: Duration = Duration::from_secs(3600);

/// Asks for servers on standby.
pub struct Standby {
    world: Arc<World>,
    asking: Effects<PoolName, Result<Tried, StoreFault>>,
    /// When it was last looked at, and how many changes there had been by then.
    looked: Option<(Timestamp, u64)>,
    /// Nothing is asked for before for these pools.
    rests_until: BTreeMap<PoolName, Timestamp>,
}

/// Whether something was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tried {
    Asked,
    NotNow,
}

/// The requests of the automation: those that are not over, and the newest that are, with when they ended and, for as long as
/// what they asked for rests, their runs.
#[derive(Default)]
struct Past {
    open: Vec<Request>,
    over: Vec<(Request, Timestamp)>,
    resting: Vec<(Request, Vec<Run>)>,
}

impl Standby {
    /// Looks after the servers on standby of that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, asking: Effects::new(), looked: None, rests_until: BTreeMap::new() }
    }

    /// When to look again; `None` until something changes, as traffic does at each look at it.
    fn next_look(&self, changes: u64) -> Option<Timestamp> {
        match self.looked {
            None => Some(Timestamp::default()),
            Some((_, seen)) if seen == changes => None,
            Some((at, _)) => Some(at.plus(LOOK_EVERY)),
        }
    }

    async fn look(&mut self, now: Timestamp) -> Result<(), StoreFault> {
        let (world, looked_up, rulebook) = (Arc::clone(&self.world), self.world.looked_up(), self.world.rulebook());
        if !matches!(*looked_up.traffic, Traffic::Seen(_)) {
            return Ok(());
        }
        let ledger = world.store.ledger().await?;
        let known = rulebook.known(&ledger, now).with_outside(looked_up.outside());
        let rules = rulebook.rules.traffic.standby.as_ref();
        let past = match rules {
            Some(rules) => Past::of(&world, rules, now).await?,
            None => Past::default(),
        };
        let mut writes = past.notices(&world, now).await?;
        if let Some(rules) = rules {
            writes.extend(past.calm(&world, rules, &rulebook, known).await?);
        }
        let spared = past.spared();
        for (spec, shortage) in missed(&rulebook, &spared, known) {
            let line = line_for(&spec, &shortage);
            let why = match (ledger.stop(), rules) {
                (_, None) => NotAsked::NotConfigured,
                (Some(stop), Some(_)) => NotAsked::Stopped(stop),
                (None, Some(rules)) => {
                    let pool = shortage.pool.clone();
                    let rests = self.rests_until.get(&pool).is_some_and(|until| now < *until);
                    if !self.asking.has(&pool) && !rests {
                        let ask = ask(Arc::clone(&world), Arc::clone(&rulebook), rules.clone(), (shortage, line));
                        self.asking.start(pool, ask);
                    }
                    continue;
                }
            };
            writes.extend(told(&world, StandbyView { shortage: &shortage, line: &line }, why).await?);
        }
        if !writes.is_empty() {
            world.commit(writes).await?;
        }
        Ok(())
    }
}

impl Past {
    async fn of(world: &World, rules: &StandbyRules, now: Timestamp) -> Result<Self, StoreFault> {
        let automation = Profile::automation(&rules.automation).id;
        let open = world.store.open_requests().await?.into_iter().filter(|one| one.origin.person == automation);
        let newest = world.store.requests_of(&automation, OWN_MAX).await?.into_iter();
        let over = newest.filter_map(|request| ended(&request).map(|(at, _)| at).map(|at| (request, at)));
        let over = over.collect::<Vec<_>>();
        let mut resting = Vec::new();
        for (request, _) in over.iter().filter(|(_, at)| now < at.plus(rules.again_after)) {
            resting.push((request.clone(), world.store.runs(request.id()).await?));
        }
        Ok(Self { open: open.collect(), over, resting })
    }

    /// What is not asked for now: a pool for which a request is open, was ended a while ago by people or for want of permission, or
    /// has failed too often since; and each server that a run was on a while ago, whatever came of it.
    fn spared(&self) -> Spared {
        let mut spared = Spared::default();
        self.open.iter().for_each(|request| spared.pools.extend(pools(request)));
        let mut failed: BTreeMap<PoolName, usize> = BTreeMap::new();
        for (request, runs) in &self.resting {
            let tried = runs.iter().filter(|run| run.outcome() != Some(RunOutcome::NotStarted));
            spared.servers.extend(tried.filter_map(|run| run.subject.server()).map(|server| server.id.clone()));
            let has_failed = runs.iter().any(|run| run.outcome().is_some_and(RunOutcome::is_failure));
            match ended(request).map(|(_, outcome)| Came::of(outcome)) {
                Some(Came::Failed) if has_failed => {
                    pools(request).into_iter().for_each(|pool| *failed.entry(pool).or_default() += 1)
                }
                Some(Came::NotWanted) => spared.pools.extend(pools(request)),
                // Where no server failed, none is known not to come.
                Some(Came::Done | Came::Failed) | None => {}
            }
        }
        let too_often = failed.into_iter().filter(|(_, times)| *times >= FAILED_MAX);
        spared.pools.extend(too_often.map(|(pool, _)| pool));
        spared
    }

    /// The notices that are due: of requests whose card is up, so that they lead there, and of those that have ended since theirs
    /// was composed.
    async fn notices(&self, world: &World, now: Timestamp) -> Result<Vec<Write>, StoreFault> {
        let mut writes = Vec::new();
        let Some(channel) = &world.places.incidents else { return Ok(writes) };
        let over = self.over.iter().filter(|(_, at)| now.since(*at) < NOTICE_FOLLOWS_FOR);
        let over = over.map(|(request, at)| (request, Some(*at)));
        for (request, ended_at) in self.open.iter().map(|request| (request, None)).chain(over) {
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

    /// The pools that could do without what these requests put there, each told once after the newest of them.
    async fn calm(
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
        self.open.iter().any(|request| request.plan.servers().any(|server| server.pool.as_ref() == Some(pool)))
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

fn pools(request: &Request) -> BTreeSet<PoolName> {
    request.plan.servers().filter_map(|server| server.pool.clone()).collect()
}

/// What became of a request for servers on standby.
enum Came {
    /// They are in production.
    Done,
    /// Not all of them are; others may.
    Failed,
    /// Somebody, or some rule, did not want them there.
    NotWanted,
}

impl Came {
    const fn of(outcome: &RequestOutcome) -> Self {
        match outcome {
            RequestOutcome::Done => Self::Done,
            RequestOutcome::DoneWithFailures | RequestOutcome::Failed => Self::Failed,
            RequestOutcome::Cancelled { .. }
            | RequestOutcome::Denied { .. }
            | RequestOutcome::Expired
            | RequestOutcome::Revoked { .. }
            | RequestOutcome::NoCard { .. } => Self::NotWanted,
        }
    }
}

/// What is missed in each pool, with the command that puts it there: the automation's, or where there is none, any that does.
fn missed(rulebook: &Rulebook, spared: &Spared, known: Known<'_>) -> Vec<(Arc<CommandSpec>, Shortage)> {
    let standby = rulebook.rules.traffic.standby.as_ref();
    let is_asked = |spec: &&Arc<CommandSpec>| standby.is_none_or(|rules| rules.command == spec.name);
    let mut missed: BTreeMap<PoolName, (Arc<CommandSpec>, Shortage)> = BTreeMap::new();
    for spec in rulebook.catalog.commands().iter().filter(is_asked).filter(|spec| spec.relieves()) {
        for shortage in shortages(spec, spared, known) {
            missed.entry(shortage.pool.clone()).or_insert_with(|| (Arc::clone(spec), shortage));
        }
    }
    missed.into_values().collect()
}

/// The line that puts them into production.
fn line_for(spec: &CommandSpec, shortage: &Shortage) -> String {
    let names = shortage.servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
    let asks_why = spec.parameters.iter().any(|parameter| parameter.asked_as_because);
    let because = if asks_why { format!(" because {}", conversation::relief_reason(shortage)) } else { String::new() };
    format!("{} {}{because}", spec.name, fleet::fold(&names).join(","))
}

/// Asks as the automation, where its rules say; what it is answered instead of a request is told.
async fn ask(
    world: Arc<World>,
    rulebook: Arc<Rulebook>,
    rules: StandbyRules,
    (shortage, line): (Shortage, String),
) -> Result<Tried, StoreFault> {
    let Some(speaker) = speaker(&world, rulebook, &rules).await else {
        let why = "it cannot ask in its channel: the bot is not in there, or the directory does not answer";
        let view = StandbyView { shortage: &shortage, line: &line };
        let writes = Vec::from_iter(told(&world, view, NotAsked::Answered(why)).await?);
        if !writes.is_empty() {
            world.commit(writes).await?;
        }
        return Ok(Tried::NotNow);
    };
    let origin = Origin {
        person: Actor::of_automation(&rules.automation),
        channel: speaker.channel.id.clone(),
        thread: None,
        reply: ReplyPath::Nobody,
    };
    let reply = match speaker.understand(&line, world.now()) {
        Ok(Intent::Work(work)) => {
            accepting::work(&world, Asked { origin: &origin, text: &line }, (&speaker, None), &work).await?
        }
        Ok(_) => Reply::silent("rejected: no work"),
        Err(told) => Reply::Misunderstood(Box::new(told)),
    };
    let (writes, tried) = match reply {
        Reply::Accepted { id, mut writes, note } => {
            // A stop that came meanwhile makes this stale.
            writes.push(Write::NotStopped);
            if world.commit(writes).await? == Committed::Stale {
                return Ok(Tried::NotNow);
            }
            tracing::info!(request.id = %id, pool = %shortage.pool, %note, "servers on standby are asked for");
            return Ok(Tried::Asked);
        }
        Reply::Said { message, note, mut also } | Reply::Refused { message, note, mut also, .. } => {
            tracing::warn!(pool = %shortage.pool, %note, "servers on standby cannot be asked for");
            let (view, why) = (StandbyView { shortage: &shortage, line: &line }, NotAsked::Answered(&message.summary));
            also.extend(told(&world, view, why).await?);
            (also, Tried::NotNow)
        }
        Reply::Misunderstood(misunderstanding) => {
            let said = conversation::misunderstood(&misunderstanding).summary;
            let view = StandbyView { shortage: &shortage, line: &line };
            (Vec::from_iter(told(&world, view, NotAsked::Answered(&said)).await?), Tried::NotNow)
        }
        Reply::Silent { also, .. } => (also, Tried::NotNow),
    };
    if !writes.is_empty() {
        world.commit(writes).await?;
    }
    Ok(tried)
}

/// The automation in its channel, as long as the bot is in there and the directory says so.
async fn speaker(world: &World, rulebook: Arc<Rulebook>, rules: &StandbyRules) -> Option<Speaker> {
    let (name, channel) = (&rules.automation, &rules.channel);
    let Some(id) = rulebook.policies.channel_called(channel).cloned() else {
        tracing::warn!(automation = %name, %channel, "servers on standby are asked for in no channel of channels.yaml");
        return None;
    };
    match world.directory.channel(&id).await {
        Ok(facts) if facts.bot == Membership::Inside => {
            Some(Speaker { person: Profile::automation(name), channel: facts, rulebook })
        }
        Ok(_) => {
            tracing::warn!(%channel, "servers on standby cannot be asked for: the bot is not in that channel");
            None
        }
        Err(fault) => {
            tracing::warn!(%channel, %fault, "servers on standby cannot be asked for now");
            None
        }
    }
}

/// Tells where trouble is told that nothing asks for what is missed, once in a while.
async fn told(world: &World, view: StandbyView<'_>, why: NotAsked<'_>) -> Result<Option<Write>, StoreFault> {
    let Some(channel) = &world.places.incidents else { return Ok(None) };
    let (now, pool) = (world.now(), &view.shortage.pool);
    let hour = now.seconds().div_euclid(3600);
    let before = world.store.slot(&messages::standby_told_key(pool, hour - 1)).await?;
    let was_told_lately =
        before.is_some_and(|slot| slot.delivered_at.is_none_or(|delivered| now.since(delivered) < TOLD_EVERY));
    if was_told_lately || world.store.slot(&messages::standby_told_key(pool, hour)).await?.is_some() {
        return Ok(None);
    }
    Ok(Some(messages::standby_told(pool, hour, channel, conversation::standby_not_asked(view, why))))
}

#[async_trait]
impl Service for Standby {
    fn name(&self) -> &'static str {
        "standby"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let (now, changes) = (self.world.now(), *self.world.changes.borrow());
        let mut made = false;
        while let Some((pool, tried)) = self.asking.take() {
            made = true;
            if tried? == Tried::NotNow {
                self.rests_until.insert(pool, now.plus(ASK_AGAIN_AFTER));
            }
        }
        if self.next_look(changes).is_some_and(|at| now >= at) {
            self.looked = Some((now, changes));
            self.look(now).await?;
            made = true;
        }
        Ok(match (made, self.asking.in_flight()) {
            (true, _) => Step::Made,
            (false, 0) => Step::Idle { next_wake: self.next_look(changes) },
            (false, in_flight) => Step::Waiting { in_flight, next_wake: self.next_look(changes) },
        })
    }

    async fn ended(&mut self) {
        self.asking.wait().await;
    }
}
