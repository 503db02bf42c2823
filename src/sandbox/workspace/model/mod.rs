//! The workspace as a pure state: everything that happens is a function of the state, the call and `now`.
//! Deliberately absent: sockets, HTTP, waiting, the clock. What should happen outside is handed over as [`Effect`]s.

pub mod content;
pub mod controls;
pub mod deliveries;
pub mod edges;
pub mod faults;
pub mod nouns;
pub mod payloads;
pub mod pressing;
pub mod submitting;
pub mod talk;
pub mod transcript;
pub mod typed;
pub mod views;

#[cfg(test)]
mod tests;

use super::rates::Rates;
use super::settings::{BOT_USER, SLACKBOT, TEAM, WorkspaceSettings};
use crate::domain::ids::Fingerprint;
use crate::domain::time::Timestamp;
use deliveries::{Deliveries, Outcome};
use edges::Edges;
use faults::Faults;
use nouns::{Channel, ChannelKind, Group, Person};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use views::Views;

/// The present, as the face hands it in.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The clock's time.
    pub at: Timestamp,
    /// The same moment in milliseconds with fractions; only acknowledgement times are measured with it.
    pub fine_ms: f64,
}

/// What the face has to do after a call of the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send that text frame on that socket.
    Frame {
        /// Which socket.
        socket: u64,
        /// The text of the frame.
        frame: String,
    },
    /// Close that socket.
    Close {
        /// Which socket.
        socket: u64,
        /// With a closing handshake, or cut.
        is_polite: bool,
    },
    /// Tell the pages that are open.
    Page {
        /// The kind of change.
        kind: String,
        /// What a page needs to draw it.
        data: Value,
    },
    /// A delivery has its final outcome.
    Settled {
        /// The number of the delivery.
        delivery: u64,
        /// What became of it.
        outcome: Outcome,
    },
}

/// Why the Web API says `ok: false`.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The short code that clients compare with.
    pub code: &'static str,
    /// Explanations, shown as `response_metadata.messages`.
    pub messages: Vec<String>,
}

impl Refusal {
    /// A refusal that its code explains.
    #[must_use]
    pub fn new(code: &'static str) -> Self {
        Self { code, messages: Vec::new() }
    }

    /// A refusal with explanations.
    #[must_use]
    pub fn with(code: &'static str, messages: Vec<String>) -> Self {
        Self { code, messages }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> Value {
        if self.messages.is_empty() {
            json!({ "ok": false, "error": self.code })
        } else {
            json!({ "ok": false, "error": self.code, "errors": self.messages,
                    "response_metadata": { "messages": self.messages } })
        }
    }
}

/// What somebody did that leaves no message: a typed command, a press. Only transcripts show it.
#[derive(Clone, Debug)]
pub struct Act {
    /// Its place in time among the messages.
    pub ts: String,
    /// Where.
    pub channel: String,
    /// The thread it happened in.
    pub thread_ts: Option<String>,
    /// The message it happened to.
    pub on: Option<String>,
    /// Who.
    pub user: String,
    /// `/fleet …`, `presses [Review]`.
    pub text: String,
}

/// The whole workspace.
#[derive(Debug)]
pub struct Model {
    /// What it was started with.
    pub settings: WorkspaceSettings,
    /// Where the Web API is reached, for response URLs and permalinks.
    pub origin: String,
    /// Everybody, by id.
    pub people: BTreeMap<String, Person>,
    /// The user groups, by id.
    pub groups: BTreeMap<String, Group>,
    /// The channels and direct messages, by id.
    pub channels: BTreeMap<String, Channel>,
    /// Envelopes, sockets, acknowledgements.
    pub deliveries: Deliveries,
    /// Modals and home tabs.
    pub views: Views,
    /// Triggers and response URLs.
    pub edges: Edges,
    /// What goes wrong at the moment.
    pub faults: Faults,
    /// How much of each method is left.
    pub rates: Rates,
    pub(super) acts: Vec<Act>,
    effects: Vec<Effect>,
    born_ms: i64,
    counter: u64,
    last_ts_micros: i64,
}

impl Model {
    /// A workspace with its cast, born at `now`.
    #[must_use]
    pub fn new(settings: WorkspaceSettings, origin: &str, now: Now) -> Self {
        let faults = Faults { rate_limits: settings.rate_limits, ..Faults::default() };
        let mut model = Self {
            origin: origin.to_owned(),
            people: BTreeMap::new(),
            groups: settings.groups.iter().map(|group| (group.id.clone(), group.clone())).collect(),
            channels: settings.channels.iter().map(|channel| (channel.id.clone(), channel.clone())).collect(),
            deliveries: Deliveries::default(),
            views: Views::default(),
            edges: Edges::default(),
            faults,
            rates: Rates::default(),
            acts: Vec::new(),
            effects: Vec::new(),
            born_ms: now.at.millis(),
            counter: 0,
            last_ts_micros: 0,
            settings,
        };
        let mut slackbot = Person::member(SLACKBOT, "slackbot", "Slackbot");
        slackbot.is_bot = true;
        model.add_person(slackbot);
        for person in model.settings.people.clone() {
            model.add_person(person);
        }
        model
    }

    /// Adds a person and their direct messages with the bot.
    pub fn add_person(&mut self, person: Person) {
        if !person.is_bot {
            let id = nouns::direct_channel_of(&person.id);
            let kind = ChannelKind::Direct { user: person.id.clone() };
            let direct = Channel::new(&id, &person.name, kind).joined_by(&[BOT_USER, &person.id]);
            self.channels.entry(id).or_insert(direct);
        }
        self.people.insert(person.id.clone(), person);
    }

    /// What the face has to do now; asking empties the list.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Tells the open pages about a change.
    pub fn page(&mut self, kind: &str, data: Value) {
        self.effects.push(Effect::Page { kind: kind.to_owned(), data });
    }

    /// A person by id, by name, or by `@name`.
    #[must_use]
    pub fn person(&self, who: &str) -> Option<&Person> {
        let who = who.trim_start_matches('@');
        self.people.get(who).or_else(|| self.people.values().find(|person| person.name == who))
    }

    /// A channel by id, by name, by `#name`, or the direct messages of a user id.
    #[must_use]
    pub fn channel(&self, which: &str) -> Option<&Channel> {
        let name = which.trim_start_matches('#');
        self.channels
            .get(name)
            .or_else(|| self.channels.get(&nouns::direct_channel_of(name)))
            .or_else(|| self.channels.values().find(|channel| channel.name == name && !channel.is_direct()))
    }

    /// A number that no other call gets.
    pub(super) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// An identifier that is unique even if the workspace was started anew: a bot remembers those it has seen.
    pub(super) fn unique(&mut self, prefix: &str) -> String {
        let number = self.next();
        let hex = Fingerprint::of(format!("{} {prefix} {number}", self.born_ms).as_bytes());
        format!("{prefix}{}", hex.hex().get(..16).unwrap_or_default().to_ascii_uppercase())
    }

    /// An envelope id, which looks like a UUID.
    pub(super) fn envelope_id(&mut self) -> String {
        let number = self.next();
        let hex = Fingerprint::of(format!("{} envelope {number}", self.born_ms).as_bytes());
        let part = |range: std::ops::Range<usize>| hex.hex().get(range).unwrap_or_default().to_owned();
        format!("{}-{}-4{}-8{}-{}", part(0..8), part(8..12), part(13..16), part(17..20), part(20..32))
    }

    /// A message time stamp, later than every earlier one.
    pub(super) fn next_ts(&mut self, now: Now) -> String {
        let micros = now.at.millis().saturating_mul(1000).max(self.last_ts_micros.saturating_add(100));
        self.last_ts_micros = micros;
        ts_text(micros)
    }

    /// `team` as payloads carry it.
    pub(super) fn team_json(&self) -> Value {
        json!({ "id": TEAM, "domain": "wrasse" })
    }

    /// Notes what somebody did, for transcripts.
    pub(super) fn note(&mut self, act: Act) {
        const ACTS_KEPT_MAX: usize = 5_000;
        if self.acts.len() >= ACTS_KEPT_MAX {
            self.acts.drain(..ACTS_KEPT_MAX / 2);
        }
        self.acts.push(act);
    }
}

/// `1764511500.000100`.
pub(super) fn ts_text(micros: i64) -> String {
    format!("{:010}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
}

/// The text under that key, or nothing.
#[must_use]
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The list under that key, or nothing.
#[must_use]
pub fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Sets a key of an object; anything else is left alone.
pub fn set(value: &mut Value, key: &str, to: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(key.to_owned(), to);
    }
}
