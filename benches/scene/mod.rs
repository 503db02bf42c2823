//! A fleet with everything that admission looks at, in the sizes that benches are run with.

use std::collections::BTreeMap;
use std::time::Duration;
use wrasse::admission::infrastructure::{DomainRule, SeenAlerts, Within};
use wrasse::admission::traffic::{Measured, Snapshot, Traffic};
use wrasse::admission::{Candidate, Firing, Health, HealthRow, Known, Ledger, Lock, LockStanding, Outside, Rules};
use wrasse::domain::alert::FiringAlert;
use wrasse::domain::command::{CommandName, CommandSpec, Impact, Priority, StepSpec, Targets, WaveRule, WaveSize};
use wrasse::domain::identity::{Asker, GroupName};
use wrasse::domain::ids::{Fingerprint, RequestId, RunId};
use wrasse::domain::plan::PlannedServer;
use wrasse::domain::server::{
    PoolName, ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName, TagName, TagValue,
};
use wrasse::domain::time::Timestamp;
use wrasse::fleet::Inventory;
use wrasse::workflow::request::PolicySet;

/// How many servers.
pub(crate) const FLEETS: [usize; 3] = [2_000, 20_000, 200_000];
const SERVERS_OF_A_SITE: usize = 148;
const SERVERS_OF_A_POOL: usize = 50;
const SERVERS_OF_A_RACK: usize = 8;
const UNDER_WORK: usize = 200;
/// The most servers that are decided in one transaction.
pub(crate) const OF_ONE_START: usize = 32;
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_764_511_500_000);

fn server(number: usize) -> Server {
    let (site, place) = (format!("s{:04}", number / SERVERS_OF_A_SITE), number % SERVERS_OF_A_SITE);
    let server_type = if place / SERVERS_OF_A_POOL == 0 { "edge-cache" } else { "origin" };
    Server {
        id: ServerId::new(format!("srv-{number}")),
        name: ServerName::new(format!("{server_type}-{site}-{place:03}")),
        server_type: ServerType::new(server_type),
        rack: RackName::new(format!("{site}-r{:02}", place / SERVERS_OF_A_RACK)),
        pool: Some(PoolName::new(format!("{server_type}-{site}-{}", place / SERVERS_OF_A_POOL))),
        site: SiteName::new(site),
        initial_state: ProductionState::Production,
        tags: BTreeMap::from([(TagName::new("feed"), TagValue::new(if place % 2 == 0 { "a" } else { "b" }))]),
    }
}

fn drain() -> CommandSpec {
    CommandSpec {
        name: CommandName::new("drain"),
        summary: String::new(),
        impact: Impact::Drain,
        owner: GroupName::new("sre"),
        targets: Targets::Servers {
            types: ["edge-cache", "origin"].map(ServerType::new).to_vec(),
            from: vec![ProductionState::Production],
            max: 500_000,
        },
        parameters: Vec::new(),
        waves: WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 },
        site_concurrency: None,
        priority: Priority::default(),
        remediates: false,
        approvals: None,
        steps: vec![StepSpec::Drain { timeout: Duration::from_secs(60).into(), connections_max: 0.into() }],
        examples: Vec::new(),
        hash: Fingerprint::of(b"bench"),
    }
}

/// A fleet, and what is known of it.
pub(crate) struct Scene {
    pub(crate) inventory: Inventory,
    pub(crate) ledger: Ledger,
    pub(crate) rules: Rules,
    pub(crate) traffic: Traffic,
    pub(crate) firing: Firing,
    pub(crate) spec: CommandSpec,
    pub(crate) run: RunId,
    pub(crate) planned: Vec<PlannedServer>,
}

impl Scene {
    /// Everything serves; 200 are under work, if any are, and then nothing more may be in the whole fleet.
    pub(crate) fn of(count: usize, is_busy: bool) -> Self {
        let inventory = Inventory::new((0..count).map(server).collect(), NOW).expect("names differ");
        let run = |number: u32| RequestId::from_tail("2mq9").expect("a tail").run(number);
        let mut ledger = Ledger::default();
        for server in inventory.servers() {
            let row = HealthRow { server: server.id.clone(), health: Health::Serving, seen_at: NOW };
            ledger.health.insert(server.id.clone(), row);
        }
        let under_work = inventory.servers().iter().step_by(count / UNDER_WORK).take(UNDER_WORK);
        for server in under_work.filter(|_| is_busy) {
            let lock = Lock {
                server: server.id.clone(),
                run: run(1),
                command: CommandName::new("drain"),
                since: NOW,
                standing: LockStanding::Working,
                taken_from: None,
            };
            ledger.locks.insert(server.id.clone(), lock);
        }
        let planned = inventory.servers().iter().map(|server| PlannedServer {
            id: server.id.clone(),
            name: server.name.clone(),
            server_type: server.server_type.clone(),
            site: server.site.clone(),
            rack: server.rack.clone(),
            pool: server.pool.clone(),
        });
        let planned = planned.collect();
        let rules = Rules { rack_concurrency: 2, ..Rules::default() };
        Self {
            planned,
            inventory,
            ledger,
            rules,
            traffic: Traffic::NotConfigured,
            firing: Firing::NotConfigured,
            spec: drain(),
            run: RequestId::from_tail("2mk4").expect("a tail").run(1),
        }
    }

    /// Every pool carries half of what it could, did for the last two hours, and usually does in the hours ahead.
    pub(crate) fn with_traffic(self) -> Self {
        let units = SERVERS_OF_A_POOL as f64 / 2.0;
        let before =
            (1..=240).rev().map(|steps| (NOW.minus(Duration::from_secs(30 * steps)), units)).collect::<Vec<_>>();
        let ahead = (0..15)
            .map(|steps| (NOW.minus(Duration::from_secs(300)).plus(Duration::from_secs(1800 * steps)), units))
            .collect();
        let measured = Measured { units, seen_at: NOW, before, usual: Some(units), ahead };
        let pools = self.inventory.servers().iter().filter_map(|server| server.pool.clone());
        let pools = pools.map(|pool| (pool, Ok(measured.clone()))).collect();
        Self { traffic: Traffic::Seen(Snapshot { pools, silent: None }), ..self }
    }

    /// One of two feeds of each site at a time, and an alert of every pool.
    pub(crate) fn with_infrastructure(mut self) -> Self {
        let feed = DomainRule { tag: TagName::new("feed"), within: Within::Site, at_once: 1 };
        self.rules.infrastructure.domains.push(feed);
        let pools = self.inventory.distinct(|server| server.pool.clone());
        let alerts = pools.into_iter().map(|pool| {
            let labels = [("alertname", "Slow"), ("severity", "critical"), ("pool", pool.as_str())];
            let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
            FiringAlert { labels: labels.into(), since: NOW }
        });
        let alerts = alerts.collect();
        Self { firing: Firing::Seen(SeenAlerts { at: NOW, alerts, silent: None }), ..self }
    }

    pub(crate) fn known(&self) -> Known<'_> {
        let outside = Outside { traffic: &self.traffic, firing: &self.firing, ..Outside::NOT_CONFIGURED };
        Known::new((&self.inventory, &self.rules), &self.ledger, outside, NOW)
    }

    pub(crate) fn candidates(&self, most: usize) -> impl Iterator<Item = Candidate<'_>> {
        let (run, spec, passes) = (&self.run, &self.spec, PolicySet::NONE);
        self.planned.iter().take(most).map(move |server| Candidate {
            run,
            server,
            spec,
            version: None,
            asked_by: Asker::Person,
            passes,
        })
    }
}
