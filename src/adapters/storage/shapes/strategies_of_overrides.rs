//! Anything that can happen to an override.

use super::strategies::{hash, person, run_id, text, time};
use super::strategies_of_requests::group;
use crate::domain::identity::Actor;
use crate::domain::server::ServerName;
use crate::workflow::breakglass::{OverrideAsked, OverrideEvent, Passing, SecondCause, Seconded};
use crate::workflow::request::PolicyName;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;

fn asked() -> BoxedStrategy<OverrideAsked> {
    let passing = (run_id(), text()).prop_map(|(run, server)| Passing { run, server: ServerName::new(server) });
    let cause = prop_oneof![
        any::<u32>().prop_map(|alone_max| SecondCause::ManyServers { alone_max }),
        Just(SecondCause::InterruptsProduction),
        Just(SecondCause::Destructive),
        Just(SecondCause::Shell),
    ];
    let what = (select(PolicyName::ALL.to_vec()), vec(passing, 0..3), hash());
    let who = (person(), text(), time(), time(), text(), option::of(text()));
    (what, who, vec(group(), 0..3), option::of(cause))
        .prop_map(|((policy, servers, plan), (by, name, at, until, why, account), groups, second)| OverrideAsked {
            policy,
            servers,
            by: Actor::recalled(by),
            name,
            at,
            until,
            why,
            groups,
            second,
            plan,
            account,
        })
        .boxed()
}

/// Any event of an override.
pub(super) fn override_event() -> BoxedStrategy<OverrideEvent> {
    let number = any::<u32>;
    let second = (person(), text(), time(), text(), hash(), text())
        .prop_map(|(by, name, at, why, seen, shown)| Seconded { by: Actor::recalled(by), name, at, why, seen, shown });
    prop_oneof![
        asked().prop_map(OverrideEvent::Asked),
        (number(), second).prop_map(|(number, second)| OverrideEvent::Seconded { number, second }),
        (number(), person(), text(), time(), text()).prop_map(|(number, by, name, at, why)| OverrideEvent::Refused {
            number,
            by: Actor::recalled(by),
            name,
            at,
            why
        }),
        (number(), time()).prop_map(|(number, at)| OverrideEvent::Expired { number, at }),
        (number(), time(), text()).prop_map(|(number, at, why)| OverrideEvent::Voided { number, at, why }),
        (number(), time(), vec(run_id(), 0..3)).prop_map(|(number, at, runs)| OverrideEvent::Used { number, at, runs }),
        (number(), time()).prop_map(|(number, at)| OverrideEvent::Closed { number, at }),
    ]
    .boxed()
}
