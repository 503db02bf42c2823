//! Triggers (three seconds, once) and response URLs (five uses, half an hour). What they open or post is decided elsewhere.

use super::{Model, Now, Refusal};
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a trigger lives.
pub const TRIGGER_LIFE: Duration = Duration::from_secs(3);
/// How long a response URL lives.
pub const RESPONSE_URL_LIFE: Duration = Duration::from_mins(30);
/// How often a response URL may be used.
pub const RESPONSE_URL_USES_MAX: u8 = 5;
/// Old handles are forgotten beyond this many.
const HANDLES_KEPT_MAX: usize = 2_000;

/// The right to open a modal for one person.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// For whom.
    pub user: String,
    /// The modal that was open when it was made.
    pub view_id: Option<String>,
    made_at: Timestamp,
    is_used: bool,
}

/// The right to post back to where something happened.
#[derive(Clone, Debug)]
pub struct ResponseUrl {
    /// Where.
    pub channel: String,
    /// Who did it.
    pub user: String,
    /// The message that `replace_original` replaces.
    pub original: Option<String>,
    made_at: Timestamp,
    uses: u8,
}

impl ResponseUrl {
    /// A place to post to that no URL stands for: what an acknowledgement carries.
    pub(super) fn posting_to(channel: &str, user: &str) -> Self {
        Self {
            channel: channel.to_owned(),
            user: user.to_owned(),
            original: None,
            made_at: Timestamp::default(),
            uses: 0,
        }
    }
}

/// The handles that are out.
#[derive(Debug, Default)]
pub struct Edges {
    triggers: BTreeMap<String, Trigger>,
    response_urls: BTreeMap<String, ResponseUrl>,
}

/// Where a response URL posts to.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The channel.
    pub channel: String,
    /// The message with the control.
    pub original: Option<String>,
}

impl Model {
    /// A new trigger for that person.
    pub(super) fn make_trigger(&mut self, user: &str, view_id: Option<&str>, now: Now) -> String {
        let number = self.next();
        let tail = self.unique("").to_ascii_lowercase();
        let id = format!("{}.{number}.{tail}", now.at.millis());
        let trigger =
            Trigger { user: user.to_owned(), view_id: view_id.map(str::to_owned), made_at: now.at, is_used: false };
        forget_oldest(&mut self.edges.triggers);
        self.edges.triggers.insert(id.clone(), trigger);
        id
    }

    /// Takes a trigger; it cannot be taken again.
    ///
    /// # Errors
    /// `invalid_trigger_id`, `exchanged_trigger_id`, `expired_trigger_id`.
    pub fn exchange_trigger(&mut self, id: &str, now: Now) -> Result<Trigger, Refusal> {
        let trigger = self.edges.triggers.get_mut(id).ok_or_else(|| Refusal::new("invalid_trigger_id"))?;
        if trigger.is_used {
            return Err(Refusal::new("exchanged_trigger_id"));
        }
        if now.at.since(trigger.made_at) > TRIGGER_LIFE {
            return Err(Refusal::new("expired_trigger_id"));
        }
        trigger.is_used = true;
        Ok(trigger.clone())
    }

    /// A new response URL for what that person did there.
    pub(super) fn make_response_url(&mut self, user: &str, origin: Origin, now: Now) -> String {
        let token = format!("{}-{}", now.at.millis(), self.unique(""));
        let place = ResponseUrl {
            channel: origin.channel,
            user: user.to_owned(),
            original: origin.original,
            made_at: now.at,
            uses: 0,
        };
        forget_oldest(&mut self.edges.response_urls);
        self.edges.response_urls.insert(token.clone(), place);
        format!("{}/response/{token}", self.origin)
    }

    /// Uses a response URL once.
    ///
    /// # Errors
    /// `expired_url`, `used_url`.
    pub fn use_response_url(&mut self, token: &str, now: Now) -> Result<ResponseUrl, Refusal> {
        let place = self.edges.response_urls.get_mut(token).ok_or_else(|| Refusal::new("expired_url"))?;
        if now.at.since(place.made_at) > RESPONSE_URL_LIFE {
            return Err(Refusal::new("expired_url"));
        }
        if place.uses >= RESPONSE_URL_USES_MAX {
            return Err(Refusal::new("used_url"));
        }
        place.uses += 1;
        Ok(place.clone())
    }

    /// What this response URL posted last is what it replaces next.
    pub fn remember_response(&mut self, token: &str, ts: &str) {
        if let Some(place) = self.edges.response_urls.get_mut(token) {
            place.original = Some(ts.to_owned());
        }
    }
}

/// The keys begin with the time, so that the first is the oldest.
fn forget_oldest<T>(handles: &mut BTreeMap<String, T>) {
    while handles.len() >= HANDLES_KEPT_MAX {
        handles.pop_first();
    }
}
