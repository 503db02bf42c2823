//! Tells a pager of every matter, as long as it lasts: when it changes, and every minute.
//!
//! Which matters there are is worked out anew from what is stored, so that a restart forgets none. What was told is kept in
//! memory alone: it only serves to say at once that a matter is over, and what is not told again ends by itself soon.
//! Nothing here waits for the chat. Deliberately absent: the words.

use super::effects::Effects;
use super::matters::matters;
use super::world::World;
use super::{Service, Step};
use crate::conversation::{Matter, MatterKey};
use crate::domain::place::MessageRef;
use crate::domain::time::Timestamp;
use crate::ports::alerts::{Alert, AlertsFault};
use crate::ports::{Alerts, StoreFault};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Whether there is something else to tell is looked at no more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often everything is told again.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// How long what was told lasts: losing it a few times in a row resolves nothing.
const LASTS: Duration = Duration::from_secs(300);
/// When it is tried again after it was not taken.
const AGAIN_AFTER: Duration = Duration::from_secs(15);
/// How long one telling may take.
const TELL_DEADLINE: Duration = Duration::from_secs(10);
/// How many links are asked of the chat side by side.
const LINKS_AT_ONCE_MAX: usize = 4;

/// What takes alerts, if anything does, and since when it has been silent.
pub struct Pager {
    to: Option<Arc<dyn Alerts>>,
    silence: RwLock<Option<Silence>>,
}

/// Since when alerts have not been taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Silence {
    /// Since when.
    pub since: Timestamp,
    /// Why, as last heard.
    pub why: String,
}

impl Pager {
    /// A pager behind that; without it nobody is paged.
    #[must_use]
    pub fn new(to: Option<Arc<dyn Alerts>>) -> Self {
        Self { to, silence: RwLock::new(None) }
    }

    /// Since when alerts have not been taken, if they are not.
    #[must_use]
    pub fn silence(&self) -> Option<Silence> {
        self.silence.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps how the last telling went; the log hears of the first that was not taken, and of the end of that.
    fn keep(&self, told: &Result<(), AlertsFault>, now: Timestamp) {
        let mut silence = self.silence.write().unwrap_or_else(PoisonError::into_inner);
        *silence = match (told, silence.take()) {
            (Ok(()), None) => None,
            (Ok(()), Some(_)) => {
                tracing::info!("alerts are taken again");
                None
            }
            (Err(fault), Some(before)) => Some(Silence { why: fault.to_string(), ..before }),
            (Err(fault), None) => {
                tracing::warn!(%fault, "alerts are not taken; they are told again");
                Some(Silence { since: now, why: fault.to_string() })
            }
        };
    }
}

/// A matter as it was told.
type Told = BTreeMap<MatterKey, (Matter, Option<String>)>;

/// A call that is under way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    Tell,
    Link(MessageRef),
}

/// How it ended.
enum Ended {
    Told(Result<(), AlertsFault>),
    Link(Option<String>),
}

/// Tells the pager.
pub struct Paging {
    world: Arc<World>,
    calls: Effects<Call, Ended>,
    /// When it was last looked at, and how many changes there had been by then.
    looked: Option<(Timestamp, u64)>,
    matters: Vec<Matter>,
    /// The addresses of cards, and when they were last asked for.
    links: BTreeMap<MessageRef, (Option<String>, Timestamp)>,
    /// What the other side may think there is.
    told: Told,
    /// What is on its way to it.
    telling: Told,
    /// When everything is told again.
    tell_at: Timestamp,
    /// Nothing is told before.
    rests_until: Timestamp,
}

impl Paging {
    /// A pager over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self {
            world,
            calls: Effects::new(),
            looked: None,
            matters: Vec::new(),
            links: BTreeMap::new(),
            told: Told::new(),
            telling: Told::new(),
            tell_at: Timestamp::default(),
            rests_until: Timestamp::default(),
        }
    }

    fn take_in(&mut self, call: Call, ended: Ended, now: Timestamp) {
        match (call, ended) {
            (Call::Link(card), Ended::Link(link)) => drop(self.links.insert(card, (link, now))),
            (_, Ended::Told(told)) => {
                self.world.pager.keep(&told, now);
                let telling = std::mem::take(&mut self.telling);
                if told.is_ok() {
                    self.told = telling;
                } else {
                    // Some of it may have been taken, so it is not forgotten that it must end.
                    self.told.extend(telling);
                    self.rests_until = now.plus(AGAIN_AFTER);
                    self.tell_at = self.rests_until;
                }
            }
            (Call::Tell, Ended::Link(_)) => {}
        }
    }

    /// When to work out again what is the matter: after changes, and before everything is told again.
    fn next_look(&self, changes: u64) -> Timestamp {
        match self.looked {
            None => Timestamp::default(),
            Some((at, seen)) if seen == changes => self.tell_at.max(at.plus(LOOK_EVERY)),
            Some((at, _)) => at.plus(LOOK_EVERY),
        }
    }

    /// Asks for addresses that are not known yet; a matter is told without, and told again once its own is known.
    fn ask_for_links(&mut self, now: Timestamp) -> bool {
        let cards = self.matters.iter().filter_map(|matter| matter.card.clone()).collect::<BTreeSet<_>>();
        self.links.retain(|card, _| cards.contains(card));
        let mut made = false;
        for card in cards {
            let is_asked = match self.links.get(&card) {
                Some((link, at)) => link.is_some() || now.since(*at) < TELL_EVERY,
                None => false,
            };
            let call = Call::Link(card.clone());
            if is_asked || self.calls.has(&call) || self.calls.in_flight() > LINKS_AT_ONCE_MAX {
                continue;
            }
            let chat = Arc::clone(&self.world.chat);
            self.calls.start(call, async move { Ended::Link(chat.link_to(&card).await) });
            made = true;
        }
        made
    }

    fn tell(&mut self, to: &Arc<dyn Alerts>, now: Timestamp) -> bool {
        if self.calls.has(&Call::Tell) || now < self.rests_until {
            return false;
        }
        let link = |matter: &Matter| self.links.get(matter.card.as_ref()?)?.0.clone();
        let all = self.matters.iter().map(|matter| (matter.key.clone(), (matter.clone(), link(matter))));
        let all = all.collect::<Told>();
        if now < self.tell_at && all == self.told {
            return false;
        }
        let alert = |(matter, link): &(Matter, Option<String>), ends_at| Alert {
            matter: matter.clone(),
            ends_at,
            link: link.clone(),
        };
        let lasting = all.values().map(|told| alert(told, now.plus(LASTS)));
        let over = self.told.iter().filter(|(key, _)| !all.contains_key(*key)).map(|(_, told)| alert(told, now));
        let alerts = lasting.chain(over).collect::<Vec<_>>();
        let to = Arc::clone(to);
        self.calls.start(Call::Tell, async move { Ended::Told(to.tell(&alerts, TELL_DEADLINE).await) });
        self.telling = all;
        self.tell_at = now.plus(TELL_EVERY);
        true
    }
}

#[async_trait]
impl Service for Paging {
    fn name(&self) -> &'static str {
        "paging"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let Some(to) = self.world.pager.to.clone() else { return Ok(Step::Idle { next_wake: None }) };
        let now = self.world.now();
        let mut made = false;
        while let Some((call, ended)) = self.calls.take() {
            made = true;
            self.take_in(call, ended, now);
        }
        let changes = *self.world.changes.borrow();
        if now >= self.next_look(changes) {
            self.matters = matters(&self.world).await?;
            self.looked = Some((now, changes));
        }
        made |= self.ask_for_links(now);
        made |= self.tell(&to, now);
        if made {
            return Ok(Step::Made);
        }
        let is_telling = self.calls.has(&Call::Tell);
        let tell_at = Some(self.tell_at.max(self.rests_until)).filter(|_| !is_telling);
        let next_wake = tell_at.into_iter().chain([self.next_look(changes)]).filter(|at| *at > now).min();
        Ok(match self.calls.in_flight() {
            0 => Step::Idle { next_wake },
            in_flight => Step::Waiting { in_flight, next_wake },
        })
    }

    async fn ended(&mut self) {
        self.calls.wait().await;
    }
}
