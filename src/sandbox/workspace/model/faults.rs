//! What can go wrong between the workspace and a bot, as a person or a test switches it on. How it hurts is with its victims.

use super::deliveries::Leaving;
use super::{Effect, Model, Now};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Troubles of some calls of a method.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct MethodTrouble {
    /// Which method; every method without it.
    #[serde(default)]
    pub method: Option<String>,
    /// How many calls.
    #[serde(default = "once")]
    pub times: u32,
    /// Seconds that a 429 asks to wait.
    #[serde(default = "once")]
    pub retry_after: u32,
}

fn once() -> u32 {
    1
}

/// What goes wrong at the moment.
#[derive(Clone, Debug, Serialize)]
pub struct Faults {
    /// So many acknowledgements are still lost on the way.
    pub drop_acks: u32,
    /// Calls answered with 429.
    pub rate_limit: Vec<MethodTrouble>,
    /// Calls answered with 503 and without effect.
    pub answer_5xx: Vec<MethodTrouble>,
    /// Calls that take effect and are then answered with 500.
    pub lose_answers: Vec<MethodTrouble>,
    /// Whether method tiers are enforced.
    pub rate_limits: bool,
    /// When an unacknowledged event comes again.
    pub retry_delays_ms: Vec<u64>,
    /// How long an acknowledgement may take.
    pub ack_timeout_ms: u64,
    /// So much older is the next message than it looks.
    pub backdate_next_ms: u64,
    /// So long every new event is held back.
    pub hold_events_ms: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            drop_acks: 0,
            rate_limit: Vec::new(),
            answer_5xx: Vec::new(),
            lose_answers: Vec::new(),
            rate_limits: true,
            retry_delays_ms: vec![0, 60_000, 300_000],
            ack_timeout_ms: 3_000,
            backdate_next_ms: 0,
            hold_events_ms: 0,
        }
    }
}

/// What `POST /sandbox/slack-faults` may ask for; whatever is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRequest {
    /// Everything back to normal first.
    #[serde(default)]
    pub clear: bool,
    /// `warning`, `refresh_requested` or `link_disabled` on every open socket.
    pub disconnect: Option<String>,
    /// Milliseconds until a socket that was told to leave is closed.
    pub disconnect_grace_ms: Option<u64>,
    /// Cut every socket, without a word.
    #[serde(default)]
    pub close_sockets: bool,
    /// Lose the next acknowledgements.
    pub drop_acks: Option<u32>,
    /// Answer the next calls with 429.
    pub rate_limit: Option<MethodTrouble>,
    /// Answer the next calls with 503, without effect.
    pub answer_5xx: Option<MethodTrouble>,
    /// Let the next calls take effect and answer 500.
    pub lose_answers: Option<MethodTrouble>,
    /// Enforce method tiers or not.
    pub rate_limits: Option<bool>,
    /// When an unacknowledged event comes again.
    pub retry_delays_ms: Option<Vec<u64>>,
    /// How long an acknowledgement may take.
    pub ack_timeout_ms: Option<u64>,
    /// Make the next message so much older.
    pub backdate_next_ms: Option<u64>,
    /// Hold every new event back for so long.
    pub hold_events_ms: Option<u64>,
    /// Deliver the last payloads once more.
    pub redeliver: Option<usize>,
    /// Send this on a socket as it is: a text, or JSON.
    pub frame: Option<Value>,
}

/// What a call of the Web API meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CallTrouble {
    /// 429, come back after so many seconds.
    SlowDown(u32),
    /// 503, nothing happened.
    Unavailable,
    /// It happens, and the answer is lost.
    AnswerLost,
}

impl Model {
    /// Switches trouble on, or off.
    ///
    /// # Errors
    /// A sentence about what cannot be asked for.
    pub fn trouble(&mut self, request: FaultRequest, now: Now) -> Result<(), String> {
        let leaving = request.disconnect.as_deref().map(Leaving::parse).transpose()?;
        if request.clear {
            self.faults = Faults { rate_limits: self.settings.rate_limits, ..Faults::default() };
        }
        let faults = &mut self.faults;
        if let Some(delays) = request.retry_delays_ms {
            faults.retry_delays_ms = delays;
        }
        faults.drop_acks = request.drop_acks.unwrap_or(faults.drop_acks);
        faults.rate_limits = request.rate_limits.unwrap_or(faults.rate_limits);
        faults.ack_timeout_ms = request.ack_timeout_ms.unwrap_or(faults.ack_timeout_ms);
        faults.backdate_next_ms = request.backdate_next_ms.unwrap_or(faults.backdate_next_ms);
        faults.hold_events_ms = request.hold_events_ms.unwrap_or(faults.hold_events_ms);
        faults.rate_limit.extend(request.rate_limit);
        faults.answer_5xx.extend(request.answer_5xx);
        faults.lose_answers.extend(request.lose_answers);
        if let Some(leaving) = leaving {
            self.ask_to_leave(leaving, request.disconnect_grace_ms, now);
        }
        if request.close_sockets {
            for socket in self.deliveries.socket_ids() {
                self.effect(Effect::Close { socket, is_polite: false });
            }
        }
        if let Some(times) = request.redeliver {
            self.redeliver_last(times, now);
        }
        if let Some(frame) = request.frame {
            let words = frame.as_str().map_or_else(|| frame.to_string(), str::to_owned);
            let socket = self.deliveries.choose_socket().ok_or("no socket is open")?;
            self.effect(Effect::Frame { socket, frame: words });
        }
        Ok(())
    }

    /// What this call meets: switched-on trouble first, then the method's tier.
    pub fn call_trouble(&mut self, method: &str, channel: &str, now: Now) -> Option<CallTrouble> {
        if let Some(trouble) = take(&mut self.faults.rate_limit, method) {
            return Some(CallTrouble::SlowDown(trouble.retry_after));
        }
        if take(&mut self.faults.answer_5xx, method).is_some() {
            return Some(CallTrouble::Unavailable);
        }
        if self.faults.rate_limits
            && let Err(seconds) = self.rates.spend(method, channel, now.at)
        {
            return Some(CallTrouble::SlowDown(seconds));
        }
        take(&mut self.faults.lose_answers, method).map(|_| CallTrouble::AnswerLost)
    }
}

fn take(troubles: &mut Vec<MethodTrouble>, method: &str) -> Option<MethodTrouble> {
    troubles.retain(|trouble| trouble.times > 0);
    let hit = troubles.iter_mut().find(|trouble| trouble.method.as_deref().is_none_or(|named| named == method))?;
    hit.times -= 1;
    Some(hit.clone())
}
