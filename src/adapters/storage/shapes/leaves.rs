//! The smallest stored values: texts, numbers, times, names; and lists, maps and options of others.

use super::{Json, Misfit, Stored};
use crate::domain::breaker::BreakerScope;
use crate::domain::calendar::CalendarName;
use crate::domain::command::CommandName;
use crate::domain::effect::BootId;
use crate::domain::identity::{AutomationName, GroupName, TeamId, UserId};
use crate::domain::ids::{BrakeId, DeliveryKey, Fingerprint, Handle, RequestId, RunId, Version};
use crate::domain::intent::{ParameterName, ZoneName};
use crate::domain::place::{ChannelId, ChannelName, MessageTs};
use crate::domain::server::{
    MetroName, PoolName, RackName, ServerId, ServerName, ServerType, SiteName, TagName, TagValue,
};
use crate::domain::time::{Timestamp, millis};
use crate::ports::chat::{TriggerId, ViewId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

impl Stored for String {
    fn store(&self, json: &mut Json) {
        json.text(self.as_str());
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        value.as_str().map(str::to_owned).ok_or_else(|| Misfit::expected("a text", value))
    }
}

impl Stored for bool {
    fn store(&self, json: &mut Json) {
        json.plain(self);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        value.as_bool().ok_or_else(|| Misfit::expected("true or false", value))
    }
}

impl Stored for i64 {
    fn store(&self, json: &mut Json) {
        json.plain(self);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        value.as_i64().ok_or_else(|| Misfit::expected("a whole number", value))
    }
}

/// Counts, which are never negative.
macro_rules! stored_counts {
    ($($type:ty),*) => { $(
        impl Stored for $type {
            fn store(&self, json: &mut Json) {
                json.plain(self);
            }

            fn restore(value: &Value) -> Result<Self, Misfit> {
                let count = value.as_u64().and_then(|count| Self::try_from(count).ok());
                count.ok_or_else(|| Misfit::expected("a count", value))
            }
        }
    )* };
}
stored_counts!(u8, u16, u32, u64, usize);

impl Stored for Timestamp {
    fn store(&self, json: &mut Json) {
        json.plain(self.millis());
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        i64::restore(value).map(Self::from_millis)
    }
}

impl Stored for Duration {
    fn store(&self, json: &mut Json) {
        json.plain(millis(*self));
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        u64::restore(value).map(Self::from_millis)
    }
}

/// Names, stored as their text.
macro_rules! stored_names {
    ($($type:ty),* $(,)?) => { $(
        impl Stored for $type {
            fn store(&self, json: &mut Json) {
                json.text(self.as_str());
            }

            fn restore(value: &Value) -> Result<Self, Misfit> {
                String::restore(value).map(Self::new)
            }
        }
    )* };
}
stored_names!(
    AutomationName,
    BootId,
    BrakeId,
    CalendarName,
    ChannelId,
    ChannelName,
    CommandName,
    DeliveryKey,
    GroupName,
    Handle,
    MessageTs,
    ParameterName,
    PoolName,
    RackName,
    ServerId,
    ServerName,
    TagName,
    MetroName,
    TagValue,
    ServerType,
    SiteName,
    TeamId,
    TriggerId,
    UserId,
    ViewId,
    ZoneName,
);

impl Stored for RequestId {
    fn store(&self, json: &mut Json) {
        json.shown(self);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        value.as_str().and_then(Self::parse).ok_or_else(|| Misfit::expected("a request's id", value))
    }
}

impl Stored for BreakerScope {
    fn store(&self, json: &mut Json) {
        json.shown(self);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        value.as_str().and_then(Self::parse).ok_or_else(|| Misfit::expected("the scope of a breaker", value))
    }
}

impl Stored for Version {
    fn store(&self, json: &mut Json) {
        json.plain(self.0);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        i64::restore(value).map(Self)
    }
}

impl Stored for RunId {
    fn store(&self, json: &mut Json) {
        json.shown(self);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        value.as_str().and_then(Self::parse).ok_or_else(|| Misfit::expected("a run's id", value))
    }
}

impl Stored for Fingerprint {
    fn store(&self, json: &mut Json) {
        json.text(self.hex());
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        value.as_str().and_then(Self::from_hex).ok_or_else(|| Misfit::expected("64 hex digits", value))
    }
}

impl<T: Stored> Stored for Option<T> {
    fn store(&self, json: &mut Json) {
        match self {
            Some(value) => value.store(json),
            None => json.null(),
        }
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        if value.is_null() { Ok(None) } else { T::restore(value).map(Some) }
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn store(&self, json: &mut Json) {
        json.list(self);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let items = value.as_array().ok_or_else(|| Misfit::expected("a list", value))?;
        items.iter().map(T::restore).collect()
    }
}

impl<T: Stored + Ord> Stored for BTreeSet<T> {
    fn store(&self, json: &mut Json) {
        json.list(self);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        Vec::restore(value).map(Self::from_iter)
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn store(&self, json: &mut Json) {
        json.pair(&self.0, &self.1);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        match value.as_array().map(Vec::as_slice) {
            Some([first, second]) => Ok((A::restore(first)?, B::restore(second)?)),
            _ => Err(Misfit::expected("a pair", value)),
        }
    }
}

impl<K: Stored + Ord, V: Stored> Stored for BTreeMap<K, V> {
    fn store(&self, json: &mut Json) {
        self.iter().fold(json.object(), |object, (key, value)| object.keyed(key, value)).end();
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let object = value.as_object().ok_or_else(|| Misfit::expected("an object", value))?;
        object.iter().map(|(key, value)| Ok((K::restore(&Value::from(key.as_str()))?, V::restore(value)?))).collect()
    }
}

impl<T: Stored> Stored for Box<T> {
    fn store(&self, json: &mut Json) {
        self.as_ref().store(json);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        T::restore(value).map(Self::new)
    }
}

impl<T: Stored> Stored for Arc<T> {
    fn store(&self, json: &mut Json) {
        self.as_ref().store(json);
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        T::restore(value).map(Self::new)
    }
}
