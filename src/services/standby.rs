//! Asks for servers on standby where too much comes, in the name of an automation: a request like any other, with its card, its
//! permission and its waves.
//!
//! Whether it was asked, and how that went, is read from the stored requests, so that a restart forgets nothing and nothing is
//! asked for twice: a pool has one such request that moves at most, what was asked for rests, and what people's own requests
//! bring counts. Once it is calm, what has not started is taken back. Deliberately absent: which servers would help, which
//! admission says; and taking them out again, which is left to people.

use super::accepting::{self, Asked, Desk};
use super::effects::Effects;
use super::lines::{Reply, Speaker};
use super::lookout::Lookout;
use super::reliefs::Reliefs;
use super::world::World;
use super::{Service, Step, messages};
use crate::admission::Known;
use crate::admission::traffic::{
    Asking, Lack, Remedy, Shortage, Spared, StandbyRules, Traffic, coming, lacks, shortages,
};
use crate::conversation::{self, NotAsked, StandbyView};
use crate::domain::command::{CommandSpec, Touch};
use crate::domain::identity::{Actor, Profile};
use crate::domain::ids::RequestId;
use crate::domain::intent::Intent;
use crate::domain::place::{Membership, Origin, ReplyPath};
use crate::domain::server::{PoolName, ServerId};
use crate::domain::time::Timestamp;
use crate::fleet;
use crate::ports::store::{Committed, Write};
use crate::ports::{Rulebook, StoreFault};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What is missed is looked at no more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How soon it is tried again to ask for what could not be asked for.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How often it is told at most that nothing asks for what is missed.
const TOLD_EVERY: Duration = Duration::from_secs(3600);

/// Every lack as it was found last. Kept in memory alone: after a restart it is found again, as long as more comes than the relief.
pub type Relief = Lookout<(), Vec<Lack>>;

impl Default for Relief {
    fn default() -> Self {
        Self::at(None, Vec::new())
    }
}

/// Asks for servers on standby.
pub struct Standby {
    world: Arc<World>,
    asking: Effects<PoolName, Result<Tried, StoreFault>>,
    /// When it was last looked at, and how many changes there had been by then.
    looked: Option<(Timestamp, u64)>,
    /// Nothing is asked for before, once it was looked at: a process that dies of what it asks does not ask at each start.
    asks_from: Option<Timestamp>,
    /// Nothing is asked for before for these pools, and what was answered, if it is worth telling.
    rests_until: BTreeMap<PoolName, (Timestamp, Option<String>)>,
}

/// Whether something was asked for.
enum Tried {
    Asked,
    /// With what was answered.
    NotNow(Option<String>),
}

impl Standby {
    /// Looks after the servers on standby of that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, asking: Effects::new(), looked: None, asks_from: None, rests_until: BTreeMap::new() }
    }

    /// When to look again; `None` until something changes, as traffic does at each look at it. As long as nothing is known of it
    /// there is nothing to look at, and the first look does not wait for a second one.
    fn next_look(&self, changes: u64) -> Option<Timestamp> {
        match self.looked {
            _ if !matches!(*self.world.traffic.now(), Traffic::Seen(_)) => None,
            None => Some(Timestamp::default()),
            Some((at, seen)) if seen == changes => self.asks_from.filter(|from| *from > at),
            Some((at, _)) => Some(at.plus(LOOK_EVERY)),
        }
    }

    async fn look(&mut self, now: Timestamp) -> Result<(), StoreFault> {
        let (world, looked_up, rulebook) = (Arc::clone(&self.world), self.world.looked_up(), self.world.rulebook());
        let ledger = world.store.ledger().await?;
        let known = rulebook.known(&ledger, now).with_outside(looked_up.outside());
        let rules = rulebook.rules.traffic.standby.as_ref();
        let past = match rules {
            Some(rules) => Reliefs::of(&world, rules, now).await?,
            None => Reliefs::default(),
        };
        let mut writes = past.notices(&world, now).await?;
        if let Some(rules) = rules {
            past.withdraw(&world, rules, known).await?;
            writes.extend(past.calm(&world, rules, &rulebook, known).await?);
        }
        let mut spared = past.spared(rules, now);
        // Requests of people are read only where something is missed.
        let before = world.relief.now();
        if !before.is_empty() || !missed(&rulebook, &spared, known).is_empty() {
            spared.coming = on_their_way(&world, known).await?;
        }
        let mut short = Vec::new();
        for (spec, shortage) in missed(&rulebook, &spared, known) {
            let line = line_for(&spec, &shortage);
            let (why, remedy) = match (ledger.stop(), rules) {
                (_, None) => (NotAsked::NotConfigured, Remedy::NotConfigured),
                (Some(stop), Some(_)) => (NotAsked::Stopped(stop), Remedy::Stopped),
                (None, Some(rules)) => {
                    let remedy = self.ask_for((&rulebook, rules), (shortage.clone(), line), now);
                    short.push((shortage, remedy));
                    continue;
                }
            };
            writes.extend(told(&world, StandbyView { shortage: &shortage, line: &line }, why).await?);
            short.push((shortage, remedy));
        }
        let open = past.asking(rules, now);
        let asking = Asking { short: &short, spared: &spared, open: &open };
        world.relief.keep(lacks(asking, &before, known));
        if !writes.is_empty() {
            world.commit(writes).await?;
        }
        Ok(())
    }

    /// Asks for what is missed, unless that is under way or was answered a moment ago.
    fn ask_for(
        &mut self,
        (rulebook, rules): (&Arc<Rulebook>, &StandbyRules),
        (shortage, line): (Shortage, String),
        now: Timestamp,
    ) -> Remedy {
        let pool = shortage.pool.clone();
        let rests = self.rests_until.get(&pool);
        let answered = rests.and_then(|(_, answer)| answer.clone()).map_or(Remedy::Asking, Remedy::Answered);
        let may_ask = self.asks_from.is_some_and(|from| now >= from);
        if may_ask && !self.asking.has(&pool) && rests.is_none_or(|(until, _)| now >= *until) {
            let ask = ask(Arc::clone(&self.world), Arc::clone(rulebook), rules.clone(), (shortage, line));
            self.asking.start(pool, ask);
        }
        answered
    }
}

/// The servers that somebody's requests are about to put into production.
async fn on_their_way(world: &World, known: Known<'_>) -> Result<BTreeMap<ServerId, RequestId>, StoreFault> {
    let mut work = Vec::new();
    for request in world.store.open_requests().await?.into_iter().filter(|one| one.spec.returns_capacity()) {
        let runs = world.store.runs(request.id()).await?;
        work.push((request, runs));
    }
    Ok(coming(&work, known))
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
        return Ok(Tried::NotNow(Some(why.to_owned())));
    };
    let origin = Origin {
        person: Actor::of_automation(&rules.automation),
        channel: speaker.channel.id.clone(),
        thread: None,
        reply: ReplyPath::Nobody,
    };
    let reply = match speaker.understand(&line, world.now()) {
        Ok(Intent::Work(work)) => {
            accepting::work(Desk::of(&world), Asked { origin: &origin, text: &line }, (&speaker, None), &work).await?
        }
        Ok(_) => Reply::silent("rejected: no work"),
        Err(told) => Reply::Misunderstood(Box::new(told)),
    };
    let (writes, tried) = match reply {
        Reply::Accepted { id, mut writes, note } => {
            // A stop that came meanwhile makes this stale.
            writes.push(Write::MayAct { server: None, touch: Touch::Changes, at: world.now() });
            if world.commit(writes).await? == Committed::Stale {
                return Ok(Tried::NotNow(None));
            }
            tracing::info!(request.id = %id, pool = %shortage.pool, %note, "servers on standby are asked for");
            return Ok(Tried::Asked);
        }
        Reply::Said { message, note, mut also } | Reply::Refused { message, note, mut also, .. } => {
            tracing::warn!(pool = %shortage.pool, %note, "servers on standby cannot be asked for");
            let (view, why) = (StandbyView { shortage: &shortage, line: &line }, NotAsked::Answered(&message.summary));
            also.extend(told(&world, view, why).await?);
            (also, Tried::NotNow(Some(message.summary)))
        }
        Reply::Misunderstood(misunderstanding) => {
            let said = conversation::misunderstood(&misunderstanding).summary;
            let view = StandbyView { shortage: &shortage, line: &line };
            let writes = Vec::from_iter(told(&world, view, NotAsked::Answered(&said)).await?);
            (writes, Tried::NotNow(Some(said)))
        }
        Reply::Silent { also, .. } => (also, Tried::NotNow(None)),
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
            match tried? {
                Tried::Asked => drop(self.rests_until.remove(&pool)),
                Tried::NotNow(answer) => drop(self.rests_until.insert(pool, (now.plus(ASK_AGAIN_AFTER), answer))),
            }
        }
        if self.next_look(changes).is_some_and(|at| now >= at) {
            self.looked = Some((now, changes));
            self.asks_from.get_or_insert(now.plus(LOOK_EVERY));
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
