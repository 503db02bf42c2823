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
use wrasse::ports::chat::{
    Arrival, Delivery, Envelope, Found, PostTo, PrivateTo, Replaces, TriggerId, ViewId,
};
use wrasse::ports::{Chat, Clock};

/// What goes wrong with a post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// Too fast: nothing is posted.
    SlowDown(Duration),
    /// It is posted, and nobody hears so.
    AnswerLost,
    /// It is not posted, and nobody hears so.
    MessageLost,
    /// It is not taken.
    Refused(String),
    /// The bot was put out of the channel.
    NotInChannel,
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
    Post { at: MessageRef, thread: Option<MessageTs>, message: Message },
    /// The bot told one person.
    Private { to: PrivateTo, message: Message, by: u64 },
    /// The bot opened or changed a form.
    Form { person: PersonId, view: ViewId, form: Form },
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
    troubles: VecDeque<Trouble>,
    edit_troubles: VecDeque<Trouble>,
    searches_in_vain: u32,
    posts: u32,
    counter: u64,
    outside: BTreeSet<ChannelId>,
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

    /// A repetition by the next process, with nothing of a person in between, is one answer to the eye.
    fn is_repeated(row: &Row, beat: u64, process: u64, to: &PrivateTo, message: &Message) -> bool {
        let first = |message: &Message| message.summary.clone();
        match &row.what {
            What::Private { to: earlier, message: told, by } => {
                row.beat == beat && *by != process && earlier.person == to.person && first(told) == first(message)
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

    /// The next posts meet these, one each.
    pub(crate) fn meets(&self, trouble: Trouble, times: usize) {
        self.state().troubles.extend(std::iter::repeat_n(trouble, times));
    }

    /// The next edits meet these, one each.
    pub(crate) fn edits_meet(&self, trouble: Trouble, times: usize) {
        self.state().edit_troubles.extend(std::iter::repeat_n(trouble, times));
    }

    /// The next searches for a post do not get a whole answer.
    pub(crate) fn searches_fail(&self, times: u32) {
        self.state().searches_in_vain = times;
    }

    /// How many messages were posted in all.
    pub(crate) fn posts(&self) -> u32 {
        self.state().posts
    }

    /// Whether all troubles were met.
    pub(super) fn is_calm(&self) -> bool {
        let state = self.state();
        state.troubles.is_empty() && state.edit_troubles.is_empty()
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
        let trouble = state.troubles.pop_front();
        match &trouble {
            Some(Trouble::SlowDown(wait)) => return Delivery::SlowDown(*wait),
            Some(Trouble::Refused(why)) => return Delivery::Refused(why.clone()),
            Some(Trouble::NotInChannel) => return Delivery::NotInChannel,
            Some(Trouble::MessageLost) => return Delivery::Unknown("no answer".to_owned()),
            Some(Trouble::AnswerLost) | None if state.outside.contains(&to.channel) => return Delivery::NotInChannel,
            Some(Trouble::AnswerLost) | None => {}
        }
        let at = MessageRef { channel: to.channel.clone(), ts: MessageTs::new(format!("ts-{}", state.number())) };
        state.posts += 1;
        state.keys.push((key.clone(), at.clone(), self.clock.now()));
        let what = What::Post { at: at.clone(), thread: to.thread.clone(), message: message.clone() };
        state.push(&to.channel, what);
        match trouble {
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
        match state.edit_troubles.pop_front() {
            Some(Trouble::SlowDown(wait)) => return Delivery::SlowDown(wait),
            Some(Trouble::Refused(why)) => return Delivery::Refused(why),
            Some(Trouble::NotInChannel) => return Delivery::NotInChannel,
            Some(Trouble::MessageLost) => return Delivery::Unknown("no answer".to_owned()),
            Some(Trouble::AnswerLost) | None => {}
        }
        for row in &mut state.rows {
            if let What::Post { at: here, message: shown, .. } = &mut row.what
                && here == at
            {
                shown.clone_from(message);
                return Delivery::Done(None);
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

    async fn open_form(&self, trigger: &TriggerId, form: &Form) -> Delivery {
        let mut state = self.state();
        let Some((person, channel)) = state.triggers.remove(trigger) else {
            return Delivery::Refused("expired_trigger_id".to_owned());
        };
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

    async fn link_to(&self, at: &MessageRef) -> Option<String> {
        Some(format!("https://chat.example/{}/{}", at.channel, at.ts))
    }
}
