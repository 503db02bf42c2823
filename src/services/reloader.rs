//! Brings changed files into force: the whole set or nothing, and tells the administrators' channel of trouble.
//!
//! Deliberately absent: reading and checking, which are the source's.

use super::effects::Effects;
use super::messages;
use super::world::World;
use super::{Service, Step};
use crate::admission::{self, Changed, Ledger};
use crate::conversation::{self, Hold, SetCounts, Shrink, message::Message};
use crate::domain::ids::Fingerprint;
use crate::domain::server::{Server, ServerName};
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::ports::rulebook::Reading;
use crate::ports::{Rulebook, StoreFault};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often files with faults are checked anew although they did not change: what they name may exist by now.
const CHECK_AGAIN_EVERY: Duration = Duration::from_secs(60);
/// More of its servers a changed inventory may not lose.
const LOST_MAX_PERCENT: usize = 10;

/// The reloader.
pub struct Reloader {
    world: Arc<World>,
    effects: Effects<(), Reading>,
    /// The files as they were when they were last dealt with.
    seen: Fingerprint,
    trouble: Option<Trouble>,
    /// Which stretch from one repair to the next this is; looked up once.
    episode: Option<u32>,
    next_look: Option<Timestamp>,
}

/// Files that were read and are not in force.
struct Trouble {
    /// What is wrong, as a key.
    what: Fingerprint,
    check_again_at: Timestamp,
}

impl Reloader {
    /// A reloader over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        let seen = world.rulebook().files.clone();
        Self { world, effects: Effects::new(), seen, trouble: None, episode: None, next_look: None }
    }

    async fn take_in(&mut self, reading: Reading) -> Result<(), StoreFault> {
        match reading {
            Reading::Unchanged => {}
            Reading::Unavailable(why) => tracing::warn!(%why, "changed files cannot be checked now"),
            Reading::Faulty { files, faults } => {
                let message = conversation::files_faulty(faults.faults(), &self.world.rulebook().files);
                self.keep_out(files, &faults.to_string(), message).await?;
            }
            Reading::Fresh(rulebook) => match self.objection(&rulebook.inventory).await? {
                Some((why, message)) => self.keep_out(rulebook.files, &why, message).await?,
                None => self.bring_in(*rulebook).await?,
            },
        }
        Ok(())
    }

    /// Why a sound inventory may not take the place of the one in force, and what is told of it.
    async fn objection(&self, new: &Inventory) -> Result<Option<(String, Message)>, StoreFault> {
        let in_force = self.world.rulebook();
        if let Some(lost) = shrink(&in_force.inventory, new) {
            let message = conversation::inventory_shrunk(&lost, &in_force.files);
            return Ok(Some((format!("the inventory lost too much: {lost:?}"), message)));
        }
        let ledger = self.world.store.ledger().await?;
        Ok(held(&in_force.inventory, new, &ledger).map(|(hold, names)| {
            let message = conversation::inventory_held(hold, &names, &in_force.files);
            (format!("the inventory changes what must stay: {hold:?} {names:?}"), message)
        }))
    }

    /// What was in force stays; `why` is for the log, and tells one trouble from another.
    async fn keep_out(&mut self, files: Fingerprint, why: &str, message: Message) -> Result<(), StoreFault> {
        let what = Fingerprint::of(why.as_bytes());
        if self.is_news(&what) {
            tracing::error!(why, "changed files are not used; what was in force stays");
        }
        self.tell(what, message).await?;
        self.seen = files;
        Ok(())
    }

    async fn bring_in(&mut self, rulebook: Rulebook) -> Result<(), StoreFault> {
        let counts = SetCounts {
            commands: rulebook.catalog.commands().len(),
            channels: rulebook.policies.channels().count(),
            servers: rulebook.inventory.servers().len(),
        };
        if self.trouble.is_some() {
            if let Some(channel) = self.world.places.admins.clone() {
                let episode = self.episode().await?;
                let message = conversation::files_in_force(counts, &rulebook.files);
                self.world.commit(vec![messages::reload_repaired(episode, &channel, message)]).await?;
                self.episode = Some(episode.saturating_add(1));
            }
            self.trouble = None;
        }
        self.tell_of_rules(&rulebook).await?;
        tracing::info!(files = rulebook.files.short(), ?counts, "changed files are in force");
        self.seen = rulebook.files.clone();
        self.world.source.adopt(&rulebook.files);
        self.world.replace_rulebook(rulebook);
        Ok(())
    }

    /// Nothing becomes looser without a record: which rules change is stored and told before they count.
    async fn tell_of_rules(&self, new: &Rulebook) -> Result<(), StoreFault> {
        let before = self.world.rulebook();
        let mut changed = admission::changed(&before.rules, &new.rules);
        changed.extend(admission::floors_lowered(&before.inventory, &new.inventory, &new.rules));
        for Changed { what, from, to, way } in &changed {
            tracing::warn!(what, from, to, ?way, "a rule changes");
        }
        if let Some(channel) = self.world.places.admins.as_ref().filter(|_| !changed.is_empty()) {
            let message = conversation::rules_changed(&changed, &new.files);
            let files = (&before.files, &new.files);
            self.world.commit(vec![messages::rules_changed(files, self.world.now(), channel, message)]).await?;
        }
        Ok(())
    }

    fn is_news(&self, what: &Fingerprint) -> bool {
        self.trouble.as_ref().is_none_or(|trouble| trouble.what != *what)
    }

    /// Once for each trouble between two repairs, also over restarts.
    async fn tell(&mut self, what: Fingerprint, message: Message) -> Result<(), StoreFault> {
        if self.is_news(&what)
            && let Some(channel) = self.world.places.admins.clone()
        {
            let episode = self.episode().await?;
            if self.world.store.slot(&messages::reload_trouble_key(episode, &what)).await?.is_none() {
                self.world.commit(vec![messages::reload_trouble(episode, &what, &channel, message)]).await?;
            }
        }
        let check_again_at = self.world.now().plus(CHECK_AGAIN_EVERY);
        self.trouble = Some(Trouble { what, check_again_at });
        Ok(())
    }

    /// The first stretch without a repair at its end. One look for each repair there ever was, once for each start.
    async fn episode(&mut self) -> Result<u32, StoreFault> {
        if let Some(known) = self.episode {
            return Ok(known);
        }
        let mut episode = 1;
        while self.world.store.slot(&messages::reload_repaired_key(episode)).await?.is_some() {
            episode += 1;
        }
        self.episode = Some(episode);
        Ok(episode)
    }
}

/// What the new inventory lost, if that is too much to be believed.
fn shrink(old: &Inventory, new: &Inventory) -> Option<Shrink> {
    let lost = old.servers().iter().filter(|server| new.by_id(&server.id).is_none()).count();
    let remaining = new.servers().iter().map(|server| &server.site).collect::<BTreeSet<_>>();
    let sites = old.servers().iter().map(|server| &server.site).collect::<BTreeSet<_>>();
    let sites = sites.difference(&remaining).map(ToString::to_string).collect::<Vec<_>>();
    let of = old.servers().len();
    (lost * 100 > of * LOST_MAX_PERCENT || !sites.is_empty()).then_some(Shrink { lost, of, sites })
}

/// What must not change while the bot runs: drivers reach a server by its name, so a name stays with its machine; and a
/// run that is at work, or parked, goes on to rely on where its server was.
fn held(old: &Inventory, new: &Inventory, ledger: &Ledger) -> Option<(Hold, Vec<ServerName>)> {
    let is_another = |server: &&Server| new.by_name(&server.name).is_some_and(|now| now.id != server.id);
    let others = old.servers().iter().filter(is_another).map(|server| server.name.clone()).collect::<Vec<_>>();
    if !others.is_empty() {
        return Some((Hold::OtherMachines, others));
    }
    let of_runs = ledger.locks.values().filter(|lock| lock.standing.is_a_runs());
    let changed = of_runs.filter_map(|lock| {
        let server = old.by_id(&lock.server)?;
        let stays = new.by_id(&lock.server).is_some_and(|now| is_where_it_was(server, now));
        (!stays).then(|| server.name.clone())
    });
    let mut changed = changed.collect::<Vec<_>>();
    changed.sort();
    (!changed.is_empty()).then_some((Hold::AtWork, changed))
}

fn is_where_it_was(before: &Server, now: &Server) -> bool {
    before.name == now.name
        && before.server_type == now.server_type
        && before.site == now.site
        && before.pool == now.pool
}

#[async_trait]
impl Service for Reloader {
    fn name(&self) -> &'static str {
        "reloader"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        if let Some(((), reading)) = self.effects.take() {
            self.take_in(reading).await?;
            return Ok(Step::Made);
        }
        let now = self.world.now();
        if self.effects.in_flight() > 0 {
            return Ok(Step::Waiting { in_flight: self.effects.in_flight(), next_wake: None });
        }
        if self.next_look.is_some_and(|at| now < at) {
            return Ok(Step::Idle { next_wake: self.next_look });
        }
        let again = self.trouble.as_ref().is_some_and(|trouble| now >= trouble.check_again_at);
        let (source, seen) = (Arc::clone(&self.world.source), (!again).then(|| self.seen.clone()));
        self.effects.start((), async move { source.read(seen.as_ref()).await });
        self.next_look = Some(now.plus(LOOK_EVERY));
        Ok(Step::Made)
    }

    async fn ended(&mut self) {
        self.effects.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Hold, held};
    use crate::admission::Ledger;
    use crate::domain::server::{ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};
    use crate::domain::time::Timestamp;
    use crate::fleet::Inventory;
    use std::collections::BTreeMap;

    fn inventory(servers: &[(&str, &str)]) -> Inventory {
        let server = |(id, name): &(&str, &str)| Server {
            id: ServerId::new(*id),
            name: ServerName::new(*name),
            server_type: ServerType::new("edge-cache"),
            site: SiteName::new("lax"),
            rack: RackName::new("lax-r01"),
            pool: None,
            initial_state: ProductionState::Production,
            tags: BTreeMap::new(),
        };
        Inventory::new(servers.iter().map(server).collect(), Timestamp::default()).unwrap()
    }

    /// Whatever is at work: a name that is swapped while a run begins would send its next act to another machine.
    #[test]
    fn a_name_stays_with_its_machine() {
        let old = inventory(&[("a", "edge-lax-01"), ("b", "edge-lax-02")]);
        let swapped = inventory(&[("a", "edge-lax-02"), ("b", "edge-lax-01")]);
        let (hold, names) = held(&old, &swapped, &Ledger::default()).unwrap();
        assert_eq!((hold, names.len()), (Hold::OtherMachines, 2));
        let more = inventory(&[("a", "edge-lax-01"), ("b", "edge-lax-02"), ("c", "edge-lax-03")]);
        assert_eq!(held(&old, &more, &Ledger::default()), None);
        let renamed = inventory(&[("a", "edge-lax-01"), ("b", "edge-lax-04")]);
        assert_eq!(held(&old, &renamed, &Ledger::default()), None, "nothing works on it, and no name is taken over");
    }
}
