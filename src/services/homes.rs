//! Shows people their homes: when they open them, and when what is theirs changes, for a day after that.
//!
//! What a home shows is composed by the courier at delivery, from what is stored then. Whether something of the person's
//! own is new is told by a fingerprint of it. Deliberately absent: the rest of the fleet, which is as of the last showing.

use super::effects::Effects;
use super::intake::{Who, member, who};
use super::standings::pools;
use super::world::World;
use super::{Service, Step, forms, messages};
use crate::admission::calendars::{Planned, planned};
use crate::admission::{self, Brake, BrakeKind};
use crate::approvals;
use crate::conversation::message::Message;
use crate::conversation::{self, HomeView, OwnRequest, RequestView, Told};
use crate::domain::identity::{PersonId, Profile, Standing};
use crate::domain::ids::{Fingerprint, Handle};
use crate::domain::limits::HOME_LIFE;
use crate::domain::place::ChannelId;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::{Bound, Content, Control, ControlAction, Home, Write};
use crate::workflow::request::{ControlVerb, Request};
use crate::workflow::run::Run;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One home is shown at most this often.
const SHOW_EVERY: Duration = Duration::from_secs(10);
/// Whether one must be shown anew is looked at no more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How many homes are looked at side by side.
const HOMES_AT_ONCE_MAX: usize = 4;
/// The most own requests that a home shows.
const YOURS_MAX: usize = 8;
/// The most private answers that a home repeats.
const TOLD_MAX: usize = 5;

/// The homes.
pub struct Homes {
    world: Arc<World>,
    effects: Effects<PersonId, Result<(), StoreFault>>,
    /// When each was last looked at, and how many changes there had been by then.
    looked: BTreeMap<PersonId, (Timestamp, u64)>,
}

impl Homes {
    /// The homes of that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, effects: Effects::new(), looked: BTreeMap::new() }
    }

    /// When to look at this home; `None` as long as nothing changes.
    fn next_look(&self, home: &Home, changes: u64) -> Option<Timestamp> {
        let shown_at = home.shown.as_ref().map(|(_, at)| at.plus(SHOW_EVERY));
        if is_opened_anew(home) {
            return Some(shown_at.unwrap_or_default());
        }
        match self.looked.get(&home.person) {
            Some((_, seen)) if *seen == changes => None,
            Some((at, _)) => Some(at.plus(LOOK_EVERY).max(shown_at.unwrap_or_default())),
            None => Some(shown_at.unwrap_or_default()),
        }
    }
}

/// Whether its person has opened it since it was last shown.
fn is_opened_anew(home: &Home) -> bool {
    home.shown.as_ref().is_none_or(|(_, at)| home.opened_at > *at)
}

#[async_trait]
impl Service for Homes {
    fn name(&self) -> &'static str {
        "homes"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let mut made = false;
        while let Some((person, result)) = self.effects.take() {
            made = true;
            if let Err(fault) = result {
                self.looked.remove(&person);
                return Err(fault);
            }
        }
        let (now, changes) = (self.world.now(), *self.world.changes.borrow());
        let homes = self.world.store.homes(now.minus(HOME_LIFE)).await?;
        self.looked.retain(|person, _| homes.iter().any(|home| home.person == *person));
        let mut next_wake: Option<Timestamp> = None;
        for home in homes {
            if self.effects.has(&home.person) || self.effects.in_flight() >= HOMES_AT_ONCE_MAX {
                continue;
            }
            match self.next_look(&home, changes) {
                None => {}
                Some(at) if at > now => next_wake = next_wake.into_iter().chain([at]).min(),
                Some(_) => {
                    self.looked.insert(home.person.id().clone(), (now, changes));
                    let world = Arc::clone(&self.world);
                    self.effects.start(home.person.id().clone(), async move { look(&world, &home).await });
                    made = true;
                }
            }
        }
        Ok(match (made, self.effects.in_flight()) {
            (true, _) => Step::Made,
            (false, 0) => Step::Idle { next_wake },
            (false, in_flight) => Step::Waiting { in_flight, next_wake },
        })
    }

    async fn ended(&mut self) {
        self.effects.wait().await;
    }
}

/// Has a home shown if it was opened, or if what is the person's own has changed.
async fn look(world: &World, home: &Home) -> Result<(), StoreFault> {
    let shown = match who(world, &home.person).await {
        Who::Is(person) if person.standing == Standing::Member => {
            Own::of(world, &person).await?.fingerprint(world.now())
        }
        Who::Is(person) => Fingerprint::of(format!("{:?}", person.standing).as_bytes()),
        Who::NotKnown => Fingerprint::of(b"nobody"),
        Who::NoAnswer(_) if !is_opened_anew(home) => return Ok(()),
        Who::NoAnswer(_) => Fingerprint::of(b"no answer"),
    };
    if !is_opened_anew(home) && home.shown.as_ref().is_some_and(|(before, _)| *before == shown) {
        return Ok(());
    }
    let person = home.person.id().clone();
    let again = messages::home(&person);
    world.commit(vec![Write::HomeShown { person, shown, at: world.now() }, again]).await?;
    Ok(())
}

/// What is a person's own.
struct Own {
    /// Requests on which they may decide now.
    waiting: Vec<Request>,
    /// Their requests: the open ones, then the newest.
    yours: Vec<(Request, Vec<Run>)>,
    told: Vec<Told>,
    /// Every open request.
    open: Vec<Request>,
    /// The stop of everything, which everybody's home begins with.
    stop: Option<Brake>,
    /// What is frozen or on the blacklist, which everybody may want to know.
    frozen: Vec<Brake>,
}

impl Own {
    async fn of(world: &World, person: &Profile) -> Result<Self, StoreFault> {
        let now = world.now();
        let open = world.store.open_requests().await?;
        let may_decide = |request: &&Request| approvals::may_decide(request, person, now).is_ok();
        let waiting = open.iter().filter(may_decide).cloned().collect();
        let theirs = open.iter().rev().filter(|request| request.origin.person == person.id);
        let mut requests = theirs.cloned().collect::<Vec<_>>();
        for newest in world.store.requests_of(&person.id, YOURS_MAX).await? {
            if requests.iter().all(|known| known.id() != newest.id()) {
                requests.push(newest);
            }
        }
        let mut yours = Vec::new();
        for request in requests.into_iter().take(YOURS_MAX) {
            let runs = world.store.runs(request.id()).await?;
            yours.push((request, runs));
        }
        let told = |slot: crate::ports::store::Slot| match slot.outgoing.content {
            Content::Fixed(message) => Some(Told { at: slot.delivered_at, summary: message.summary }),
            Content::Live(_) | Content::Form(_) => None,
        };
        let answers = world.store.answers_to(&person.id, TOLD_MAX).await?;
        let brakes = world.store.brakes().await?;
        let is_frozen = |brake: &&Brake| match brake.kind {
            BrakeKind::Freeze { .. } | BrakeKind::Blacklist { .. } => brake.is_on(now),
            BrakeKind::Stop { .. } | BrakeKind::Hold { .. } | BrakeKind::Pause { .. } => false,
        };
        let frozen = brakes.iter().filter(is_frozen).cloned().collect();
        let stop = admission::stop_among(&brakes).cloned();
        Ok(Self { waiting, yours, told: answers.into_iter().filter_map(told).collect(), open, stop, frozen })
    }

    /// Changes when any of it would read otherwise.
    fn fingerprint(&self, now: Timestamp) -> Fingerprint {
        let waiting = self.waiting.iter().map(|request| format!("waiting {}", request.id()));
        let yours = self.yours.iter().map(|(request, runs)| {
            let (_, word) = conversation::state_word(RequestView { request, runs, impacts: &[], now });
            format!("yours {} {word} {}", request.id(), request.card.is_some())
        });
        let told = self.told.iter().map(|told| format!("told {:?} {}", told.at, told.summary));
        let stop = self.stop.iter().map(|stop| format!("stop {}", stop.id));
        let all = waiting.chain(yours).chain(told).chain(stop).collect::<Vec<_>>();
        Fingerprint::of(all.join("\n").as_bytes())
    }
}

/// What a home shows now; everybody but members is told why it is empty. Its buttons are stored before they are shown.
pub(super) async fn compose(world: &World, person: &PersonId) -> Result<Option<Message>, StoreFault> {
    let profile = match member(world, person).await {
        Ok(profile) => profile,
        Err(turned) => return Ok(turned.reply.message()),
    };
    let Some(home) = world.store.home(person).await? else { return Ok(None) };
    let Own { waiting, yours, told, open, stop, frozen } = Own::of(world, &profile).await?;
    let mut controls = Controls { home: &home, all: Vec::new() };
    let review = |request: Request| {
        let action = ControlAction::Request { request: request.id().clone(), verb: ControlVerb::Review };
        let handle = controls.put(&format!("review {}", request.id()), action);
        (request, handle)
    };
    let waiting = waiting.into_iter().map(review).collect::<Vec<_>>();
    let new = controls.put("new", ControlAction::Form(forms::anywhere(&home.person)));
    let mine = controls.put("mine", ControlAction::Mine);
    controls.keep(world).await?;
    let mut own = Vec::new();
    for (request, runs) in yours {
        let link = match &request.card {
            Some(card) => world.chat.link_to(card).await,
            None => None,
        };
        own.push(OwnRequest { request, runs, link });
    }
    let mut all = Vec::new();
    for request in open {
        let runs = world.store.runs(request.id()).await?;
        all.push((request, runs));
    }
    let (serving, calendars) = fleet(world).await?;
    Ok(Some(conversation::home(&HomeView {
        stop: stop.as_ref(),
        frozen: &frozen,
        waiting: &waiting,
        yours: &own,
        calendars: &calendars,
        serving,
        open: &all,
        told: &told,
        new: &new,
        mine: &mine,
        now: world.now(),
    })))
}

/// How many servers of all pools serve, and how many there are; and the freezes of the calendar.
async fn fleet(world: &World) -> Result<((u32, u32), Vec<Planned>), StoreFault> {
    let (ledger, rulebook) = (world.store.ledger().await?, world.rulebook());
    let (servers, known) = (rulebook.inventory.servers(), rulebook.known(&ledger, world.now()));
    let counts = pools(servers, known);
    let serving = (counts.iter().map(|pool| pool.serving).sum(), counts.iter().map(|pool| pool.total).sum());
    Ok((serving, planned(servers, known)))
}

/// The controls behind a home's buttons: for its person alone, in no channel, and for as long as it is kept up to date.
struct Controls<'a> {
    home: &'a Home,
    all: Vec<Control>,
}

impl Controls<'_> {
    /// Derived from when it was opened, so that showing it again stores nothing new, and opening it renews them all.
    fn put(&mut self, name: &str, action: ControlAction) -> Handle {
        let Home { person, opened_at, .. } = self.home;
        let handle = messages::derived(&format!("home {person} {} {name}", opened_at.millis()));
        let until = opened_at.plus(HOME_LIFE);
        let bound = Some(Bound { person: person.id().clone(), channel: ChannelId::nowhere(), until });
        self.all.push(Control { handle: handle.clone(), action, bound, used_at: None });
        handle
    }

    async fn keep(self, world: &World) -> Result<(), StoreFault> {
        let mut new = Vec::new();
        for control in self.all {
            if world.store.control(&control.handle).await?.is_none() {
                new.push(Write::Control(control));
            }
        }
        if !new.is_empty() {
            world.commit(new).await?;
        }
        Ok(())
    }
}
