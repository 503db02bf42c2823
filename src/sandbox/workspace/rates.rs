//! How often each method may be called: token buckets after the published tiers. Which call is refused otherwise is absent.

use crate::domain::time::Timestamp;
use std::collections::BTreeMap;

/// How a method is limited.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tier {
    /// Tokens in a full bucket.
    pub burst: f64,
    /// Tokens that come back in a minute.
    pub per_minute: f64,
    /// Whether each channel has a bucket of its own.
    pub is_per_channel: bool,
}

const fn tier(burst: f64, per_minute: f64) -> Tier {
    Tier { burst, per_minute, is_per_channel: false }
}

/// The limit of a method. Opening sockets is tier 1 on paper; a bot that restarts is let in all the same.
#[must_use]
pub fn tier_of(method: &str) -> Tier {
    match method {
        "chat.postMessage" => Tier { burst: 5.0, per_minute: 60.0, is_per_channel: true },
        "chat.update"
        | "chat.delete"
        | "conversations.info"
        | "conversations.history"
        | "conversations.replies"
        | "conversations.join"
        | "conversations.open"
        | "conversations.invite"
        | "users.conversations" => tier(50.0, 50.0),
        "conversations.list" | "usergroups.list" | "usergroups.users.list" | "users.list" => tier(20.0, 20.0),
        "apps.connections.open" => tier(30.0, 1.0),
        "auth.test" | "api.test" | "chat.getPermalink" => tier(300.0, 300.0),
        _ => tier(100.0, 100.0),
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
}

/// What is left of each method, per channel where the tier says so.
#[derive(Debug, Default)]
pub struct Rates {
    buckets: BTreeMap<String, Bucket>,
}

impl Rates {
    /// Takes one token, or says after how many seconds there will be one.
    ///
    /// # Errors
    /// The seconds to wait, at least one.
    pub fn spend(&mut self, method: &str, channel: &str, now: Timestamp) -> Result<(), u32> {
        let tier = tier_of(method);
        let key = if tier.is_per_channel { format!("{method} {channel}") } else { method.to_owned() };
        let per_second = tier.per_minute / 60.0;
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: tier.burst, filled_at: now });
        let elapsed_s = now.since(bucket.filled_at).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed_s * per_second).min(tier.burst);
        bucket.filled_at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait_s = ((1.0 - bucket.tokens) / per_second).ceil().clamp(1.0, 60.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=60")]
        Err(wait_s as u32)
    }
}
