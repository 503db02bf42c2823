//! Ten admitters, each with its own connection to one file, race for one last slot: never two winners.

use super::{database, does, open, operation, values};
use std::sync::Arc;
use tokio::task::JoinSet;
use wrasse::admission::{Candidate, Health, Known, Ledger, Lock, LockStanding, Outside, Rules, Verdict, evaluate};
use wrasse::domain::command::{CommandName, CommandSpec, Impact, Priority, StepSpec, Targets, WaveRule, WaveSize};
use wrasse::domain::identity::{Asker, GroupName};
use wrasse::domain::ids::{Fingerprint, OperationId, RequestId};
use wrasse::domain::plan::PlannedServer;
use wrasse::domain::server::{PoolName, ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};
use wrasse::domain::time::Timestamp;
use wrasse::fleet::Inventory;
use wrasse::ports::store::{Scope, Write};
use wrasse::ports::{Store, StoreFault};
use wrasse::workflow::request::PolicySet;

const ADMITTERS: usize = 10;
/// How many rounds are run unless `WRASSE_RACE_ROUNDS` says otherwise, as `tests/race` does.
const ROUNDS: usize = 1_000;
const NOW: i64 = 60_000;

fn server(number: usize) -> Server {
    Server {
        id: ServerId::new(format!("s{number:02}")),
        name: ServerName::new(format!("edge-lax-{number:02}")),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new("lax-r01"),
        pool: Some(PoolName::new("edge-lax")),
        initial_state: ProductionState::Production,
        tags: std::collections::BTreeMap::new(),
    }
}

fn drain() -> CommandSpec {
    let timeout = std::time::Duration::from_secs(60).into();
    CommandSpec {
        name: CommandName::new("drain"),
        summary: String::new(),
        impact: Impact::Drain,
        owner: GroupName::new("sre"),
        targets: Targets::Servers {
            types: vec![ServerType::new("edge-cache")],
            from: vec![ProductionState::Production],
            max: 100,
        },
        parameters: Vec::new(),
        waves: WaveRule {
            canary: 0,
            then: WaveSize::All,
            soak: std::time::Duration::ZERO,
            stop_when_failures_exceed: 0,
        },
        site_concurrency: None,
        priority: Priority::default(),
        remediates: false,
        approvals: None,
        steps: vec![StepSpec::Drain { timeout, connections_max: 0.into() }],
        examples: Vec::new(),
        hash: Fingerprint::of(b"drain"),
    }
}

/// What all of them know; each decides by the ledger that the store lends it inside its transaction.
struct Race {
    inventory: Inventory,
    spec: CommandSpec,
}

impl Race {
    /// One may start: by the fleet's limit, by its rack's, by the rate, or by the floor of its pool. Its looks count for long,
    /// because each round is a minute later.
    fn rules(round: usize) -> Rules {
        let health_age_max = std::time::Duration::from_secs(u32::MAX.into());
        let free = Rules { starts_per_minute: None, health_age_max, ..Rules::default() };
        let roomy = Rules { rack_concurrency: 100, type_in_site_percent: 100, ..free };
        match round % 4 {
            0 => Rules { fleet_concurrency: 1, pool_out_max_percent: 100, ..roomy },
            1 => Rules { starts_per_minute: Some(1), pool_out_max_percent: 100, ..roomy },
            2 => Rules { rack_concurrency: 1, pool_out_max_percent: 100, ..roomy },
            _ => Rules { pool_out_max_percent: 10, ..roomy },
        }
    }

    fn decide(&self, rules: &Rules, ledger: &Ledger, (admitter, now): (usize, Timestamp)) -> Vec<Write> {
        let record = &self.inventory.servers()[admitter];
        let planned = PlannedServer {
            id: record.id.clone(),
            name: record.name.clone(),
            server_type: record.server_type.clone(),
            site: record.site.clone(),
            rack: record.rack.clone(),
            pool: record.pool.clone(),
        };
        let run = RequestId::from_tail("2mq9").unwrap().run(u32::try_from(admitter).unwrap() + 1);
        let outside = Outside::NOT_CONFIGURED;
        let known = Known::new((&self.inventory, rules), ledger, outside, now);
        match evaluate(
            Candidate {
                run: &run,
                server: &planned,
                spec: &self.spec,
                version: None,
                asked_by: Asker::Person,
                passes: PolicySet::NONE,
            },
            known,
        ) {
            Verdict::Allow(admitted) => vec![Write::Lock(Lock {
                server: planned.id,
                run: admitted.run().clone(),
                command: self.spec.name.clone(),
                since: now,
                standing: LockStanding::Working,
                taken_from: None,
            })],
            Verdict::Wait(_) => Vec::new(),
            Verdict::Deny(why) => panic!("{why}"),
        }
    }
}

/// Most of a round is waiting for the file, so several races are run beside each other, each on its own file.
const RACES: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_admitters_never_both_win_the_last_slot() {
    #[expect(clippy::disallowed_methods, reason = "a script says for how long")]
    let rounds = std::env::var("WRASSE_RACE_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut races = (0..RACES).map(|_| race(rounds.div_ceil(RACES))).collect::<JoinSet<()>>();
    while let Some(ended) = races.join_next().await {
        ended.unwrap();
    }
}

async fn race(rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let servers = (0..ADMITTERS).map(server).collect();
    let race = Arc::new(Race { inventory: Inventory::new(servers, values::at(0)).unwrap(), spec: drain() });
    let mut stores = Vec::new();
    for _ in 0..ADMITTERS {
        stores.push(Arc::new(open(&database(folder.path())).await));
    }
    let looks = race.inventory.servers().iter();
    let looks = looks.map(|server| Write::Health(values::health_row(server.id.as_str(), Health::Serving, NOW)));
    does(stores[0].as_ref(), "looks", looks.collect()).await;
    for round in 0..rounds {
        let contenders = stores.iter().cloned().enumerate().map(|(admitter, store)| {
            let race = Arc::clone(&race);
            async move {
                let (id, rules) = (OperationId::new(format!("round {round}, {admitter}")), Race::rules(round));
                let now = values::at(NOW + 60_000 * i64::try_from(round).unwrap());
                let scopes = [Scope::new("fleet"), Scope::new("pool:edge-lax")];
                let decide = |ledger: &Ledger| race.decide(&rules, ledger, (admitter, now));
                // Whoever gets no answer in time asks again with the same id, as services do.
                while let Err(fault) = store.reserve(id.clone(), &scopes, &decide).await {
                    assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault}");
                }
            }
        });
        let mut contenders = contenders.collect::<JoinSet<()>>();
        while let Some(ended) = contenders.join_next().await {
            ended.unwrap();
        }
        let locks = stores[round % ADMITTERS].ledger().await.unwrap().locks;
        assert_eq!(locks.len(), 1, "round {round}: {locks:?}");
        let free = locks.into_values().map(|lock| Write::Unlock { server: lock.server, run: lock.run });
        stores[0].commit(operation(format!("round {round} is over"), free.collect())).await.unwrap();
    }
    for store in stores {
        store.close().await.unwrap();
    }
}
