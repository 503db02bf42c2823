//! Arbitrary values of parameters, and what values a parameter takes.

use super::strategies::{length, text};
use crate::domain::command::ValueKind;
use crate::domain::identity::UserId;
use crate::domain::intent::{Moment, Named, Value, ZoneName};
use crate::domain::place::ChannelId;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};

pub(super) fn value() -> BoxedStrategy<Value> {
    prop_oneof![
        text().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        any::<u8>().prop_map(Value::Percentage),
        length().prop_map(Value::Duration),
        text().prop_map(Value::Choice),
        any::<bool>().prop_map(Value::Boolean),
        (any::<i64>(), text())
            .prop_map(|(at, zone)| Value::Time(Moment { at: Timestamp::from_millis(at), zone: ZoneName::new(zone) })),
        text().prop_map(|name| Value::Server(ServerName::new(name))),
        text().prop_map(Value::Selector),
        text().prop_map(|id| Value::User(Named::Id(UserId::new(id)))),
        text().prop_map(|name| Value::User(Named::Name(name))),
        text().prop_map(|id| Value::Channel(Named::Id(ChannelId::new(id)))),
        text().prop_map(|name| Value::Channel(Named::Name(name))),
        text().prop_map(Value::Version),
        text().prop_map(Value::Url),
    ]
    .boxed()
}

pub(super) fn value_kind() -> BoxedStrategy<ValueKind> {
    prop_oneof![
        any::<u32>().prop_map(|length_max| ValueKind::Text { length_max }),
        any::<(i64, i64)>().prop_map(|(min, max)| ValueKind::Integer { min, max }),
        any::<(u8, u8)>().prop_map(|(min, max)| ValueKind::Percentage { min, max }),
        (length(), length()).prop_map(|(min, max)| ValueKind::Duration { min, max }),
        vec(text(), 0..3).prop_map(ValueKind::Choice),
        Just(ValueKind::Boolean),
        Just(ValueKind::Time),
        Just(ValueKind::Server),
        Just(ValueKind::Selector),
        Just(ValueKind::User),
        Just(ValueKind::Channel),
        Just(ValueKind::Version),
        Just(ValueKind::Url),
    ]
    .boxed()
}
