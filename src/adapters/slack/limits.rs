//! How fast Slack may be called: one allowance per method, for posts per method and channel, and Slack's own
//! `Retry-After` above both.
//!
//! Pure: the moment is an argument and nothing waits here. Which message goes first is the courier's business.

use crate::domain::time::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// The longest a call waits for its turn inside the adapter; beyond it the caller is told to come back.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// Beyond this many tracked allowances the full ones are forgotten.
const TRACKED_MAX: usize = 2_000;

/// When a call may go out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// After this short wait (often none); the turn is taken.
    After(Duration),
    /// Not soon: nothing is taken, come back then.
    ComeBack(Duration),
}

/// What a method may do.
struct Allowance {
    /// One more call becomes possible every so many milliseconds.
    every_ms: i64,
    /// So many may go out at once.
    burst: i64,
    /// Whether each channel has its own.
    per_channel: bool,
}

/// Slack's tiers. Burst and refill together stay within the tier in every window of a minute.
fn allowance(method: &str) -> Allowance {
    let workspace = |every_ms, burst| Allowance { every_ms, burst, per_channel: false };
    match method {
        "chat.postMessage" => Allowance { every_ms: 1_000, burst: 3, per_channel: true },
        "chat.update"
        | "conversations.info"
        | "conversations.history"
        | "conversations.replies"
        | "users.conversations" => workspace(1_500, 10),
        "usergroups.list" | "users.list" => workspace(4_000, 5),
        _ => workspace(750, 20),
    }
}

/// The state of all allowances.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// When the allowance is whole again, in milliseconds.
    whole_at: HashMap<(String, String), i64>,
    /// Until when Slack asked for silence.
    silent_until: HashMap<(String, String), Timestamp>,
}

impl Limits {
    /// Takes a turn for a call, if it comes soon enough.
    pub(super) fn take(&mut self, method: &str, channel: &str, now: Timestamp) -> Turn {
        let allowance = allowance(method);
        let key = key(&allowance, method, channel);
        let silence = self.silent_until.get(&key).map_or(Duration::ZERO, |until| until.since(now));
        let whole_at = self.whole_at.get(&key).copied().unwrap_or_default().max(now.millis());
        let early_enough = whole_at.saturating_sub(allowance.every_ms * (allowance.burst - 1));
        let wait = Timestamp::from_millis(early_enough).since(now).max(silence);
        if wait > PATIENCE {
            return Turn::ComeBack(wait);
        }
        self.whole_at.insert(key, whole_at.saturating_add(allowance.every_ms));
        self.forget_the_whole(now);
        Turn::After(wait)
    }

    /// Slack asked for silence.
    pub(super) fn silence(&mut self, method: &str, channel: &str, until: Timestamp) {
        let entry = self.silent_until.entry(key(&allowance(method), method, channel)).or_default();
        *entry = (*entry).max(until);
    }

    fn forget_the_whole(&mut self, now: Timestamp) {
        if self.whole_at.len() > TRACKED_MAX {
            self.whole_at.retain(|_, whole_at| *whole_at > now.millis());
        }
        if self.silent_until.len() > TRACKED_MAX {
            self.silent_until.retain(|_, until| *until > now);
        }
    }
}

/// How long Slack wants silence, from what it said or did not say.
pub(super) fn retry_after(said: Option<Duration>) -> Duration {
    said.unwrap_or(Duration::from_secs(30)).clamp(Duration::from_secs(1), Duration::from_secs(600))
}

fn key(allowance: &Allowance, method: &str, channel: &str) -> (String, String) {
    (method.to_owned(), if allowance.per_channel { channel.to_owned() } else { String::new() })
}
