//! Any breaker, and what it keeps from starting.

use super::strategies::{person, run_id, text, time};
use super::tests::comes_back;
use crate::admission::{Breaker, Canary, Closing, FailedRun, Tally};
use crate::domain::breaker::BreakerScope;
use crate::domain::command::CommandName;
use crate::domain::ids::Version;
use crate::domain::server::{ServerId, ServerName, ServerType, SiteName};
use crate::workflow::request::{Blocker, BrokenUntil};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof, proptest};

/// Any scope that a breaker can have: names are words.
pub(super) fn scope() -> BoxedStrategy<BreakerScope> {
    let word = || "[a-z][a-z0-9-]{0,9}";
    let command = || word().prop_map(CommandName::new);
    prop_oneof![
        command().prop_map(|command| BreakerScope::Command { command }),
        (command(), word())
            .prop_map(|(command, server)| BreakerScope::Server { command, server: ServerName::new(server) }),
        (command(), word()).prop_map(|(command, site)| BreakerScope::Site { command, site: SiteName::new(site) }),
        (command(), word(), "[0-9]{1,2}(\\.[0-9]{1,3}){1,2}(-[A-Za-z0-9]{1,4})?").prop_map(
            |(command, server_type, version)| BreakerScope::Version {
                command,
                server_type: ServerType::new(server_type),
                version
            }
        ),
    ]
    .boxed()
}

/// What waits for a breaker.
pub(super) fn broken() -> BoxedStrategy<Blocker> {
    let until = prop_oneof![
        time().prop_map(BrokenUntil::CoolDown),
        run_id().prop_map(BrokenUntil::Canary),
        time().prop_map(BrokenUntil::Soak),
        Just(BrokenUntil::Person),
    ];
    let examples = vec(text().prop_map(ServerName::new), 0..3);
    (scope(), any::<(u32, u32)>(), time(), examples, until)
        .prop_map(|(scope, (failures, of), since, examples, until)| Blocker::Broken {
            scope,
            failures,
            of,
            since,
            examples,
            until,
        })
        .boxed()
}

fn breaker() -> impl Strategy<Value = Breaker> {
    let failed = (run_id(), option::of(text().prop_map(ServerName::new)));
    let server = (text().prop_map(ServerId::new), text().prop_map(ServerName::new));
    let canary = (run_id(), option::of(server), time(), option::of(time()))
        .prop_map(|(run, server, at, succeeded_at)| Canary { run, server, at, succeeded_at });
    let closing = (person(), text(), time(), text(), any::<bool>())
        .prop_map(|(by, name, at, why, after_canary)| Closing { by, name, at, why, after_canary });
    let elsewhere = option::of(any::<(u32, u32)>().prop_map(|(failures, of)| Tally { failures, of }));
    let counts = (any::<(u32, u32)>(), elsewhere, 1_i64..99);
    let times = (time(), time());
    (scope(), counts, times, vec(failed, 0..3), option::of(canary), option::of(closing)).prop_map(
        |(scope, ((failures, of), elsewhere, version), (opened_at, canary_from), examples, canary, closed)| Breaker {
            scope,
            opened_at,
            version: Version(version),
            failures,
            of,
            elsewhere,
            examples: examples.into_iter().map(|(run, server)| FailedRun { run, server }).collect(),
            canary_from,
            canary,
            closed,
        },
    )
}

proptest! {
    #[test]
    fn every_breaker_comes_back_as_it_was(breaker in breaker()) {
        comes_back(&breaker);
    }
}
