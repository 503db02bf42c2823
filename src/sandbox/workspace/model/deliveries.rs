//! Envelopes on their way to the bot: which socket, acknowledged or not, sent again or given up. The sockets themselves,
//! and what an acknowledgement's payload does, are elsewhere.

use super::{Effect, Model, Now};
use crate::domain::time::Timestamp;
use crate::sandbox::workspace::settings::APP;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Sockets an app may have open.
pub const SOCKETS_MAX: usize = 10;
/// Deliveries that are remembered.
const DELIVERIES_KEPT_MAX: usize = 5_000;
/// Deliveries whose payload is remembered, so that they can be repeated.
const PAYLOADS_KEPT_MAX: usize = 200;

/// What an envelope is about, and so what its acknowledgement means.
#[derive(Clone, Debug, PartialEq)]
pub enum About {
    /// A slash command; an acknowledgement may carry a message.
    Slash {
        /// Who typed it.
        user: String,
        /// Where.
        channel: String,
        /// `/fleet`.
        command: String,
        /// The token of its response URL.
        response_url: String,
    },
    /// An event; it comes again if it is not acknowledged.
    Event,
    /// A press; nobody waits but the person.
    Press {
        /// Who pressed.
        user: String,
    },
    /// A submitted modal; an acknowledgement decides what becomes of it.
    Submission {
        /// Who submitted.
        user: String,
        /// Which modal.
        view_id: String,
    },
    /// A payload delivered once more; nobody waits.
    Repeat,
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The bot acknowledged it in time.
    Acked {
        /// After so many milliseconds.
        after_ms: f64,
        /// What it said with it.
        payload: Option<Value>,
    },
    /// Nobody acknowledged it in time.
    TimedOut,
    /// No socket was open.
    Undelivered,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    InFlight { until: Timestamp },
    Waits { until: Timestamp },
    Acked,
    GivenUp,
}

#[derive(Clone, Debug)]
struct Attempt {
    envelope_id: String,
    socket: Option<u64>,
    sent_ms: f64,
    acked_ms: Option<f64>,
    reason: Option<&'static str>,
}

/// One thing that the bot has to hear.
#[derive(Clone, Debug)]
struct Delivery {
    kind: &'static str,
    name: String,
    payload: Option<Value>,
    about: About,
    attempts: Vec<Attempt>,
    state: State,
}

/// Why a socket is asked to leave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Leaving {
    /// It will be closed in about ten seconds.
    Warning,
    /// Open another one.
    RefreshRequested,
    /// Socket Mode was switched off.
    LinkDisabled,
}

impl Leaving {
    /// From the word of a fault request.
    ///
    /// # Errors
    /// A sentence with the words that exist.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "warning" => Ok(Self::Warning),
            "refresh_requested" => Ok(Self::RefreshRequested),
            "link_disabled" => Ok(Self::LinkDisabled),
            other => Err(format!("disconnect is warning, refresh_requested or link_disabled, not {other:?}")),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::RefreshRequested => "refresh_requested",
            Self::LinkDisabled => "link_disabled",
        }
    }

    fn grace(self) -> Duration {
        match self {
            Self::Warning | Self::RefreshRequested => Duration::from_secs(10),
            Self::LinkDisabled => Duration::ZERO,
        }
    }
}

/// All deliveries and the open sockets.
#[derive(Debug, Default)]
pub struct Deliveries {
    all: BTreeMap<u64, Delivery>,
    open: BTreeSet<u64>,
    by_envelope: BTreeMap<String, u64>,
    /// Open sockets, and when those that were told to leave are closed.
    sockets: BTreeMap<u64, Option<Timestamp>>,
    tickets: BTreeSet<String>,
    last_socket: u64,
}

impl Deliveries {
    /// The sockets that are open.
    #[must_use]
    pub fn socket_ids(&self) -> Vec<u64> {
        self.sockets.keys().copied().collect()
    }

    /// The next socket in turn; those that were told to leave only if there is no other.
    pub fn choose_socket(&mut self) -> Option<u64> {
        let staying: Vec<u64> =
            self.sockets.iter().filter(|(_, leaves)| leaves.is_none()).map(|(&socket, _)| socket).collect();
        let choice = if staying.is_empty() { self.socket_ids() } else { staying };
        let next = choice.iter().find(|&&socket| socket > self.last_socket).or_else(|| choice.first()).copied()?;
        self.last_socket = next;
        Some(next)
    }
}

impl Model {
    /// A single-use ticket for one socket.
    pub fn issue_ticket(&mut self) -> String {
        let ticket = self.unique("").to_ascii_lowercase();
        self.deliveries.tickets.insert(ticket.clone());
        ticket
    }

    /// Uses a ticket. False if it was used before or never issued.
    pub fn redeem_ticket(&mut self, ticket: &str) -> bool {
        self.deliveries.tickets.remove(ticket)
    }

    /// A socket opened: says hello, or sends it away if there are too many.
    pub fn socket_opened(&mut self, now: Now) -> u64 {
        let socket = self.next();
        let is_full = self.deliveries.sockets.len() >= SOCKETS_MAX;
        self.deliveries.sockets.insert(socket, is_full.then_some(now.at));
        let hello = json!({
            "type": "hello", "num_connections": self.deliveries.sockets.len(),
            "debug_info": { "host": "applink-sandbox", "build_number": 1, "approximate_connection_time": 18_060 },
            "connection_info": { "app_id": APP },
        });
        self.effect(Effect::Frame { socket, frame: hello.to_string() });
        if is_full {
            self.effect(Effect::Frame { socket, frame: farewell("too_many_websockets") });
            self.effect(Effect::Close { socket, is_polite: true });
        }
        let open = self.deliveries.sockets.len();
        self.page("bot", json!({ "sockets": open }));
        socket
    }

    /// A socket is gone.
    pub fn socket_closed(&mut self, socket: u64) {
        self.deliveries.sockets.remove(&socket);
        let open = self.deliveries.sockets.len();
        self.page("bot", json!({ "sockets": open }));
    }

    pub(super) fn ask_to_leave(&mut self, leaving: Leaving, grace_ms: Option<u64>, now: Now) {
        let grace = grace_ms.map_or_else(|| leaving.grace(), Duration::from_millis);
        for socket in self.deliveries.socket_ids() {
            self.deliveries.sockets.insert(socket, Some(now.at.plus(grace)));
            self.effect(Effect::Frame { socket, frame: farewell(leaving.word()) });
        }
    }

    pub(super) fn deliver_event(&mut self, name: &str, payload: Value, now: Now) {
        let number = self.enlist("events_api", name, payload, About::Event);
        if self.faults.hold_events_ms > 0 {
            let until = now.at.plus(Duration::from_millis(self.faults.hold_events_ms));
            self.set_state(number, State::Waits { until });
        } else {
            self.attempt(number, now);
        }
    }

    /// Sends something that a person waits for. The number under which its outcome is told.
    pub(super) fn deliver(&mut self, kind: &'static str, payload: Value, about: About, now: Now) -> u64 {
        let name = match &about {
            About::Slash { command, .. } => command.clone(),
            About::Event | About::Press { .. } | About::Submission { .. } | About::Repeat => {
                super::text(&payload, "type").to_owned()
            }
        };
        let number = self.enlist(kind, &name, payload, about);
        self.attempt(number, now);
        number
    }

    pub(super) fn redeliver_last(&mut self, times: usize, now: Now) {
        let last: Vec<Delivery> = self.deliveries.all.values().rev().take(times).cloned().collect();
        for delivery in last.into_iter().rev() {
            if let Some(payload) = delivery.payload {
                let number = self.enlist(delivery.kind, &delivery.name, payload, About::Repeat);
                self.attempt(number, now);
            }
        }
    }

    fn enlist(&mut self, kind: &'static str, name: &str, payload: Value, about: About) -> u64 {
        let number = self.next();
        let state = State::GivenUp;
        let delivery =
            Delivery { kind, name: name.to_owned(), payload: Some(payload), about, attempts: Vec::new(), state };
        self.deliveries.all.insert(number, delivery);
        self.deliveries.open.insert(number);
        while self.deliveries.all.len() > DELIVERIES_KEPT_MAX {
            if let Some((old, delivery)) = self.deliveries.all.pop_first() {
                self.deliveries.open.remove(&old);
                for attempt in delivery.attempts {
                    self.deliveries.by_envelope.remove(&attempt.envelope_id);
                }
            }
        }
        let open = &self.deliveries.open;
        let settled = self.deliveries.all.iter_mut().rev().skip(PAYLOADS_KEPT_MAX);
        // Everything older was thinned out when it was the one just past the limit.
        for (number, delivery) in settled.take(1 + open.len()) {
            if !open.contains(number) {
                delivery.payload = None;
            }
        }
        number
    }

    fn attempt(&mut self, number: u64, now: Now) {
        let envelope_id = self.envelope_id();
        let socket = self.deliveries.choose_socket();
        let until = now.at.plus(Duration::from_millis(self.faults.ack_timeout_ms));
        let Some(delivery) = self.deliveries.all.get_mut(&number) else { return };
        let previous = delivery.attempts.last();
        let reason = previous.map(|last| if last.socket.is_some() { "timeout" } else { "connection_failed" });
        let mut envelope = json!({ "envelope_id": envelope_id, "payload": delivery.payload, "type": delivery.kind,
            "accepts_response_payload": matches!(delivery.about, About::Slash { .. } | About::Submission { .. }) });
        if delivery.about == About::Event {
            super::set(&mut envelope, "retry_attempt", json!(delivery.attempts.len()));
            super::set(&mut envelope, "retry_reason", json!(reason.unwrap_or_default()));
        }
        let is_awaited = !matches!(delivery.about, About::Event | About::Repeat) || delivery.name == "app_mention";
        let attempt =
            Attempt { envelope_id: envelope_id.clone(), socket, sent_ms: now.fine_ms, acked_ms: None, reason };
        delivery.attempts.push(attempt);
        delivery.state = State::InFlight { until };
        self.deliveries.by_envelope.insert(envelope_id, number);
        match socket {
            Some(socket) => {
                self.effect(Effect::Frame { socket, frame: envelope.to_string() });
                if is_awaited {
                    self.page("typing", json!({ "user": crate::sandbox::workspace::settings::BOT_USER }));
                }
            }
            None => self.attempt_failed(number, Outcome::Undelivered, now),
        }
    }

    fn attempt_failed(&mut self, number: u64, outcome: Outcome, now: Now) {
        let Some(delivery) = self.deliveries.all.get(&number) else { return };
        let is_event = delivery.about == About::Event;
        let retry = delivery.attempts.len().checked_sub(1).and_then(|index| self.faults.retry_delays_ms.get(index));
        match retry {
            Some(&delay_ms) if is_event => {
                let until = now.at.plus(Duration::from_millis(delay_ms));
                self.set_state(number, State::Waits { until });
                if delay_ms == 0 {
                    self.attempt(number, now);
                }
            }
            Some(_) | None => self.settle(number, outcome, now),
        }
    }

    fn set_state(&mut self, number: u64, state: State) {
        if let Some(delivery) = self.deliveries.all.get_mut(&number) {
            delivery.state = state;
        }
    }

    fn settle(&mut self, number: u64, outcome: Outcome, now: Now) {
        self.deliveries.open.remove(&number);
        let is_acked = matches!(outcome, Outcome::Acked { .. });
        self.set_state(number, if is_acked { State::Acked } else { State::GivenUp });
        let Some(about) = self.deliveries.all.get(&number).map(|delivery| delivery.about.clone()) else { return };
        self.follow_up(&about, &outcome, now);
        self.effect(Effect::Settled { delivery: number, outcome });
    }

    /// A text frame came from the bot; only acknowledgements mean something.
    pub fn frame_came(&mut self, frame: &str, now: Now) {
        let Ok(ack) = serde_json::from_str::<Value>(frame) else { return };
        let Some(&number) = self.deliveries.by_envelope.get(super::text(&ack, "envelope_id")) else { return };
        if self.faults.drop_acks > 0 {
            self.faults.drop_acks -= 1;
            return;
        }
        let Some(delivery) = self.deliveries.all.get_mut(&number) else { return };
        let id = super::text(&ack, "envelope_id");
        let Some(attempt) = delivery.attempts.iter_mut().find(|attempt| attempt.envelope_id == id) else { return };
        if attempt.acked_ms.is_some() {
            return;
        }
        attempt.acked_ms = Some(now.fine_ms);
        let after_ms = now.fine_ms - attempt.sent_ms;
        if self.deliveries.open.contains(&number) {
            let payload = ack.get("payload").filter(|payload| !payload.is_null()).cloned();
            self.settle(number, Outcome::Acked { after_ms, payload }, now);
        }
    }

    /// Time has passed: what was not acknowledged is sent again or given up, sockets that were told to leave are closed.
    pub fn tick(&mut self, now: Now) {
        for number in self.deliveries.open.clone() {
            match self.deliveries.all.get(&number).map(|delivery| delivery.state) {
                Some(State::InFlight { until }) if until <= now.at => {
                    self.attempt_failed(number, Outcome::TimedOut, now);
                }
                Some(State::Waits { until }) if until <= now.at => self.attempt(number, now),
                Some(State::InFlight { .. } | State::Waits { .. } | State::Acked | State::GivenUp) | None => {}
            }
        }
        let leaving: Vec<u64> = self
            .deliveries
            .sockets
            .iter()
            .filter(|(_, at)| at.is_some_and(|at| at <= now.at))
            .map(|(&socket, _)| socket)
            .collect();
        for socket in leaving {
            self.deliveries.sockets.remove(&socket);
            self.effect(Effect::Close { socket, is_polite: true });
        }
    }

    /// When `tick` has something to do next.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        let deliveries = self.deliveries.open.iter().filter_map(|number| {
            match self.deliveries.all.get(number).map(|delivery| delivery.state) {
                Some(State::InFlight { until } | State::Waits { until }) => Some(until),
                Some(State::Acked | State::GivenUp) | None => None,
            }
        });
        deliveries.chain(self.deliveries.sockets.values().filter_map(|leaves| *leaves)).min()
    }

    /// Every envelope that is remembered: kind, sent, acknowledged, attempts.
    #[must_use]
    pub fn envelopes(&self) -> Value {
        let shown =
            self.deliveries.all.iter().map(|(number, delivery)| {
                let first = delivery.attempts.first();
                let acked_ms = delivery.attempts.iter().find_map(|attempt| attempt.acked_ms);
                let answered = delivery.attempts.iter().find(|attempt| attempt.acked_ms.is_some());
                let state = match delivery.state {
                    State::InFlight { .. } => "in_flight",
                    State::Waits { .. } => "waits",
                    State::Acked => "acked",
                    State::GivenUp => "given_up",
                };
                let attempts: Vec<Value> = delivery.attempts.iter().map(|attempt| {
                json!({ "envelope_id": attempt.envelope_id, "socket": attempt.socket, "sent_ms": attempt.sent_ms,
                        "acked_ms": attempt.acked_ms, "retry_reason": attempt.reason })
            }).collect();
                json!({ "id": number, "kind": delivery.kind, "name": delivery.name, "state": state,
                    "sent_ms": first.map(|attempt| attempt.sent_ms), "acked_ms": acked_ms,
                    "ack_ms": answered.and_then(|attempt| Some(attempt.acked_ms? - attempt.sent_ms)),
                    "attempts": delivery.attempts.len(), "deliveries": attempts })
            });
        json!({ "ok": true, "sockets": self.deliveries.sockets.len(), "envelopes": shown.collect::<Vec<Value>>() })
    }
}

fn farewell(reason: &str) -> String {
    json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "applink-sandbox" } }).to_string()
}
