//! The chat of the stage: keeps everything that anybody said, edits and private answers, and can misbehave.
//!
//! An envelope's raw text is the number of an arrival that the chat remembers. Deliberately absent: how it is shown,
//! which is the transcript's.

use super::time::StageClock;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use wrasse::conversation::message::{Form, Message};
use wrasse::domain::identity::PersonId;
use wrasse::domain::ids::{DeliveryKey, EnvelopeKey, Handle};
use wrasse::domain::place::{ChannelId, MessageRef, MessageTs, ReplyPath};
use wrasse::domain::time::Timestamp;
use wrasse::ports::chat::{Arrival, Delivery, Envelope, Found, PostTo, PrivateTo, Replaces, Shown, TriggerId, ViewId};
use wrasse::ports::{Chat, Clock};

/// What gets lost of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lost {
    /// It is done, and nobody hears so.
    Answer,
    /// It is not done, and nobody hears so.
    Message,
}

/// One thing that people can see, in the order it happened.
pub(super) struct Row {
    pub(super) channel: ChannelId,
    /// Counts the acts of people: what a bot does between two of them has no order that anybody relies on.
    pub(super) beat: u64,
    pub(super) what: What,
    /// The text at the last look.
    pub(super) seen: Option<String>,
}

pub(super) enum What {
    /// A person typed or pressed.
    Act { who: String, text: String },
    /// The bot posted.
    Post { at: MessageRef, thread: Option<MessageTs>, shown: Shown, message: Message },
    /// The bot told one person.
    Private { to: PrivateTo, message: Message, by: u64 },
    /// The bot opened or changed a form.
    Form { person: PersonId, view: ViewId, form: Form },
}

/// A home as it was last shown.
pub(super) struct ShownHome {
    pub(super) home: Message,
    /// How often it was shown.
    pub(super) times: u32,
    /// By which process of the bot it was last shown, and when.
    by: u64,
    at: Timestamp,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) rows: Vec<Row>,
    pub(super) beat: u64,
    /// Which process of the bot speaks now.
    pub(super) process: u64,
    arrivals: BTreeMap<String, Arrival>,
    /// The keys of posts.
    keys: Vec<(DeliveryKey, MessageRef, Timestamp)>,
    /// Who may open a form where, once.
    triggers: BTreeMap<TriggerId, (PersonId, ChannelId)>,
    used_triggers: BTreeSet<TriggerId>,
    /// The next permission is over when it is used.
    triggers_are_late: bool,
    lost_posts: VecDeque<Lost>,
    lost_edits: VecDeque<Lost>,
    searches_in_vain: u32,
    /// Until then everything is too fast.
    slow_until: Option<Timestamp>,
    /// What posts are answered with, if they are not taken at all.
    refusal: Option<Delivery>,
    posts: u32,
    /// What each person's home shows, and how often it was shown anew.
    pub(super) homes: BTreeMap<PersonId, ShownHome>,
    counter: u64,
}

impl State {
    pub(super) fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(super) fn push(&mut self, channel: &ChannelId, what: What) {
        let (channel, beat) = (channel.clone(), self.beat);
        self.rows.push(Row { channel, beat, what, seen: None });
    }

    fn wait(&self, now: Timestamp) -> Option<Duration> {
        self.slow_until.map(|until| until.since(now)).filter(|wait| !wait.is_zero())
    }

    /// A repetition by the next process, with nothing of a person in between, is one answer to the eye.
    fn is_repeated(row: &Row, beat: u64, process: u64, to: &PrivateTo, message: &Message) -> bool {
        let first = |message: &Message| message.summary.clone();
        match &row.what {
            What::Private { to: earlier, message: told, by } => {
                let is_answer_to_the_same = match to.path {
                    ReplyPath::ResponseAddress(_) => earlier.path == to.path,
                    ReplyPath::Private { .. } | ReplyPath::Direct | ReplyPath::Nobody | ReplyPath::Shell { .. } => {
                        row.beat == beat
                    }
                };
                is_answer_to_the_same && *by != process && earlier.person == to.person && first(told) == first(message)
            }
            What::Act { .. } | What::Post { .. } | What::Form { .. } => false,
        }
    }
}

/// The chat.
pub(crate) struct StageChat {
    state: Mutex<State>,
    clock: Arc<StageClock>,
}

impl StageChat {
    pub(super) fn new(clock: Arc<StageClock>) -> Self {
        Self { state: Mutex::new(State::default()), clock }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A person did something: shown in the channel, and the bot's next answers belong to it.
    pub(super) fn act(&self, channel: &ChannelId, who: &str, text: impl Into<String>) -> usize {
        let mut state = self.state();
        state.beat += 1;
        let place = state.rows.len();
        let text = text.into();
        state.push(channel, What::Act { who: who.to_owned(), text: text.clone() });
        place
    }

    /// An envelope with that meaning.
    pub(super) fn envelope(&self, arrival: Arrival) -> Envelope {
        let mut state = self.state();
        let number = state.number();
        let raw = format!("arrival {number}");
        state.arrivals.insert(raw.clone(), arrival);
        Envelope { key: EnvelopeKey::new(format!("e{number}")), raw, received_at: self.clock.now() }
    }

    /// A permission to open one form.
    pub(super) fn trigger(&self, person: &PersonId, channel: &ChannelId) -> TriggerId {
        let mut state = self.state();
        let trigger = TriggerId::new(format!("trigger-{}", state.number()));
        state.triggers.insert(trigger.clone(), (person.clone(), channel.clone()));
        trigger
    }

    /// A response address.
    pub(super) fn address(&self) -> ReplyPath {
        ReplyPath::ResponseAddress(format!("address-{}", self.state().number()))
    }

    /// The id of a message that a person posts.
    pub(super) fn stamp(&self) -> MessageTs {
        MessageTs::new(format!("ts-{}", self.state().number()))
    }

    /// The newest form of that person sends back that handle.
    pub(super) fn gives_form_handle(&self, person: &PersonId, given: Handle) {
        let mut state = self.state();
        let newest = state.rows.iter_mut().rev().find_map(|row| match &mut row.what {
            What::Form { person: owner, form, .. } if owner == person => Some(form),
            What::Form { .. } | What::Act { .. } | What::Post { .. } | What::Private { .. } => None,
        });
        newest.unwrap().handle = Some(given);
    }

    /// For that long, posts and edits are too fast.
    pub(crate) fn says_slow_down(&self, wait: Duration) {
        self.state().slow_until = Some(self.clock.now().plus(wait));
    }

    /// The next posts lose that, one each.
    pub(crate) fn loses_next_posts(&self, lost: Lost, times: usize) {
        self.state().lost_posts.extend(std::iter::repeat_n(lost, times));
    }

    /// The next edits lose that, one each.
    pub(crate) fn loses_next_edits(&self, lost: Lost, times: usize) {
        self.state().lost_edits.extend(std::iter::repeat_n(lost, times));
    }

    /// No post is taken any more, for that reason.
    pub(crate) fn refuses_posts(&self, why: &str) {
        self.state().refusal = Some(Delivery::Refused(why.to_owned()));
    }

    /// The bot is not in any channel any more.
    pub(crate) fn puts_bot_out(&self) {
        self.state().refusal = Some(Delivery::NotInChannel);
    }

    /// The next searches for a post do not get a whole answer.
    pub(crate) fn searches_fail(&self, times: u32) {
        self.state().searches_in_vain = times;
    }

    /// The next form is opened too late.
    pub(crate) fn takes_too_long_for_forms(&self) {
        self.state().triggers_are_late = true;
    }

    /// How many messages were posted in all.
    pub(crate) fn posts(&self) -> u32 {
        self.state().posts
    }

    /// Whether all troubles were met.
    pub(super) fn is_calm(&self) -> bool {
        let state = self.state();
        state.lost_posts.is_empty() && state.lost_edits.is_empty()
    }
}

#[async_trait]
impl Chat for StageChat {
    fn read(&self, envelope: &Envelope) -> Arrival {
        let unreadable = || Arrival::Nothing { because: "it cannot be read".to_owned() };
        self.state().arrivals.get(&envelope.raw).cloned().unwrap_or_else(unreadable)
    }

    async fn post(&self, to: &PostTo, message: &Message, key: &DeliveryKey) -> Delivery {
        let mut state = self.state();
        if let Some(wait) = state.wait(self.clock.now()) {
            return Delivery::SlowDown(wait);
        }
        if let Some(refusal) = &state.refusal {
            return refusal.clone();
        }
        let lost = state.lost_posts.pop_front();
        if lost == Some(Lost::Message) {
            return Delivery::Unknown("no answer".to_owned());
        }
        let at = MessageRef { channel: to.channel.clone(), ts: MessageTs::new(format!("ts-{}", state.number())) };
        state.posts += 1;
        state.keys.push((key.clone(), at.clone(), self.clock.now()));
        let what = What::Post { at: at.clone(), thread: to.thread.clone(), shown: to.shown, message: message.clone() };
        state.push(&to.channel, what);
        match lost {
            Some(_) => Delivery::Unknown("no answer".to_owned()),
            None => Delivery::Done(Some(at)),
        }
    }

    async fn find(&self, to: &PostTo, key: &DeliveryKey, since: Timestamp) -> Found {
        let mut state = self.state();
        if state.searches_in_vain > 0 {
            state.searches_in_vain -= 1;
            return Found::CannotTell("half an answer".to_owned());
        }
        let fits = |(posted, at, when): &&(DeliveryKey, MessageRef, Timestamp)| {
            posted == key && at.channel == to.channel && *when >= since
        };
        let found = state.keys.iter().find(fits).map(|(_, at, _)| at.clone());
        found.map_or(Found::NotThere, Found::There)
    }

    async fn edit(&self, at: &MessageRef, message: &Message) -> Delivery {
        let mut state = self.state();
        if let Some(wait) = state.wait(self.clock.now()) {
            return Delivery::SlowDown(wait);
        }
        let lost = state.lost_edits.pop_front();
        if lost == Some(Lost::Message) {
            return Delivery::Unknown("no answer".to_owned());
        }
        for row in &mut state.rows {
            if let What::Post { at: here, message: shown, .. } = &mut row.what
                && here == at
            {
                shown.clone_from(message);
                return match lost {
                    Some(_) => Delivery::Unknown("no answer".to_owned()),
                    None => Delivery::Done(None),
                };
            }
        }
        Delivery::Refused("message_not_found".to_owned())
    }

    async fn tell(&self, to: &PrivateTo, message: &Message) -> Delivery {
        let mut state = self.state();
        let (beat, by) = (state.beat, state.process);
        let replaced = |row: &Row| match &row.what {
            What::Private { to: earlier, .. } => to.replaces == Replaces::Previous && earlier.path == to.path,
            What::Act { .. } | What::Post { .. } | What::Form { .. } => false,
        };
        let same = |row: &Row| replaced(row) || State::is_repeated(row, beat, by, to, message);
        if let Some(row) = state.rows.iter_mut().rev().find(|row| same(row)) {
            row.what = What::Private { to: to.clone(), message: message.clone(), by };
            return Delivery::Done(None);
        }
        state.push(&to.channel, What::Private { to: to.clone(), message: message.clone(), by });
        Delivery::Done(None)
    }

    async fn direct_channel(&self, person: &PersonId) -> Result<ChannelId, Delivery> {
        Ok(ChannelId::new(person.user.as_str().replacen("U0", "D0", 1)))
    }

    async fn open_form(&self, trigger: &TriggerId, form: &Form) -> Delivery {
        let mut state = self.state();
        let late = std::mem::take(&mut state.triggers_are_late);
        if state.used_triggers.contains(trigger) {
            return Delivery::Done(None);
        }
        let Some((person, channel)) = state.triggers.remove(trigger).filter(|_| !late) else {
            return Delivery::Refused("expired_trigger_id".to_owned());
        };
        state.used_triggers.insert(trigger.clone());
        let view = ViewId::new(format!("view-{}", state.number()));
        state.push(&channel, What::Form { person, view, form: form.clone() });
        Delivery::Done(None)
    }

    async fn update_form(&self, view: &ViewId, form: &Form) -> Delivery {
        let mut state = self.state();
        let here = state.rows.iter().rev().find_map(|row| match &row.what {
            What::Form { person, view: open, form } if open == view => {
                Some((row.channel.clone(), person.clone(), form.clone()))
            }
            What::Form { .. } | What::Act { .. } | What::Post { .. } | What::Private { .. } => None,
        });
        let Some((channel, person, shown)) = here else { return Delivery::Refused("not_found".to_owned()) };
        if shown != *form {
            state.push(&channel, What::Form { person, view: view.clone(), form: form.clone() });
        }
        Delivery::Done(None)
    }

    async fn show_home(&self, person: &PersonId, home: &Message) -> Delivery {
        let mut state = self.state();
        if let Some(wait) = state.wait(self.clock.now()) {
            return Delivery::SlowDown(wait);
        }
        // What the next process repeats in the same moment is one showing to the eye.
        let (now, by) = (self.clock.now(), state.process);
        let (times, is_repeated) = match state.homes.get(person) {
            Some(shown) => (shown.times, shown.by != by && shown.at == now),
            None => (0, false),
        };
        let times = if is_repeated { times } else { times + 1 };
        state.homes.insert(person.clone(), ShownHome { home: home.clone(), times, by, at: now });
        Delivery::Done(None)
    }

    async fn link_to(&self, at: &MessageRef) -> Option<String> {
        Some(format!("https://chat.example/{}/{}", at.channel, at.ts))
    }
}
