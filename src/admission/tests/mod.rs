//! Whether it is safe now, as tables; `histories` holds the property over long histories.

mod absorbing;
mod ahead;
mod alerts;
mod brakes;
mod breakers;
mod calendars;
mod calendars_file;
mod capacity;
mod changes;
mod coming;
mod coverage;
mod declaring;
mod explaining;
mod floors;
mod going_on;
mod harm;
mod histories;
mod infrastructure;
mod lacks;
mod leaving_alone;
mod observing;
mod outlook;
mod overriding;
mod overshoot;
mod parking;
mod production;
mod queue;
mod rate;
mod siblings;
mod soaking;
mod standby;
mod suspect;
mod traffic;
mod usual;
mod waves;
mod wider;
mod withdrawing;
mod written;

use super::*;
use crate::domain::command::{
    CommandName, GateCheck, Impact, PowerPath, Priority, RebootSpec, StepSpec, Targets, WaveRule, WaveSize,
};
use crate::domain::identity::GroupName;
use crate::domain::ids::{Fingerprint, RequestId};
use crate::domain::server::{PoolName, RackName, Server, ServerId, ServerName, ServerType, SiteFacts, SiteName};
use crate::workflow::request::{CapacityScope, LimitScope};

const NOW: Timestamp = Timestamp::from_millis(1_764_511_500_000);
const SECOND: Duration = Duration::from_secs(1);
use crate::domain::server::ProductionState::{Drained, Draining, Production, Standby, Undraining};
use std::collections::BTreeMap;
use std::sync::Arc;

fn run_of(tail: &str, number: u32) -> RunId {
    RequestId::from_tail(tail).expect("a tail of the alphabet").run(number)
}

fn id(number: usize) -> ServerId {
    ServerId::new(format!("s{number:03}"))
}

fn server(number: usize) -> Server {
    Server {
        id: id(number),
        name: ServerName::new(format!("edge-lax-{number:03}")),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new("lax-r01"),
        pool: Some(PoolName::new("edge-lax")),
        initial_state: Production,
        tags: std::collections::BTreeMap::new(),
    }
}

fn planned(server: &Server) -> PlannedServer {
    PlannedServer {
        id: server.id.clone(),
        name: server.name.clone(),
        server_type: server.server_type.clone(),
        site: server.site.clone(),
        rack: server.rack.clone(),
        pool: server.pool.clone(),
    }
}

fn reboot() -> CommandSpec {
    CommandSpec {
        name: CommandName::new("reboot"),
        summary: String::new(),
        impact: Impact::PowerCycle,
        owner: GroupName::new("sre"),
        targets: Targets::Servers {
            types: vec![ServerType::new("edge-cache")],
            from: vec![Production, Standby, Drained],
            max: 500,
        },
        parameters: Vec::new(),
        waves: WaveRule { canary: 1, then: WaveSize::Percent(20), soak: SECOND, stop_when_failures_exceed: 1 },
        site_concurrency: None,
        priority: Priority::default(),
        remediates: false,
        approvals: None,
        steps: vec![
            StepSpec::Drain { timeout: SECOND.into(), connections_max: 0.into() },
            StepSpec::Gate(vec![GateCheck::Capacity]),
            StepSpec::Reboot(RebootSpec {
                via: PowerPath::Ssh,
                otherwise: None,
                timeout: SECOND.into(),
                grace: SECOND.into(),
            }),
        ],
        examples: Vec::new(),
        hash: Fingerprint::of(b"reboot"),
    }
}

/// Limits on work at once that a pool of one rack never reaches.
fn roomy() -> Rules {
    Rules { rack_concurrency: 1_000, type_in_site_percent: 100, starts_per_minute: None, ..Rules::default() }
}

/// A fleet of one pool, with what is known of it.
#[derive(Clone, Debug)]
struct Fleet {
    servers: Vec<Server>,
    ledger: Ledger,
    rules: Rules,
    traffic: Traffic,
    firing: Firing,
    measures: Measures,
    places: BTreeMap<SiteName, SiteFacts>,
    spec: CommandSpec,
}

impl Fleet {
    /// A pool in which everything serves, freshly seen.
    fn of(total: usize) -> Self {
        let servers = (0..total).map(server).collect();
        let fleet = Self {
            servers,
            ledger: Ledger::default(),
            rules: roomy(),
            traffic: Traffic::NotConfigured,
            firing: Firing::NotConfigured,
            measures: Measures::NotConfigured,
            places: BTreeMap::new(),
            spec: reboot(),
        };
        (0..total).fold(fleet, |fleet, number| fleet.seen(number, Health::Serving, 0))
    }

    fn seen(mut self, number: usize, health: Health, seconds_ago: u64) -> Self {
        let seen_at = NOW.minus(Duration::from_secs(seconds_ago));
        self.ledger.health.insert(id(number), HealthRow { server: id(number), health, seen_at });
        self
    }

    fn unseen(mut self, number: usize) -> Self {
        let others = self.ledger.health.iter().filter(|(server, _)| **server != id(number));
        self.ledger.health = others.map(|(server, row)| (server.clone(), row.clone())).collect();
        self
    }

    fn in_state(mut self, number: usize, state: ProductionState) -> Self {
        let row = StateRow::of_run((&id(number), &run_of("aaaa", 1)), (Production, state), None, NOW);
        self.ledger.states.insert(id(number), row);
        match state {
            // As it is meant, unless somebody says otherwise.
            Drained | Standby | ProductionState::Maintenance | ProductionState::Repair => {
                self.seen(number, Health::OutOfRotation, 0)
            }
            Production | Draining | Undraining => self,
        }
    }

    fn locked(mut self, number: usize, tail: &str, standing: LockStanding) -> Self {
        let (run, command) = (run_of(tail, 1), CommandName::new("reboot"));
        self.ledger
            .locks
            .insert(id(number), Lock { server: id(number), run, command, since: NOW, standing, taken_from: None });
        self
    }

    fn all(self, numbers: std::ops::Range<usize>, change: impl Fn(Self, usize) -> Self) -> Self {
        numbers.fold(self, change)
    }

    /// The one way in: what admission says about that server now.
    fn check(&self, number: usize) -> Verdict {
        self.check_as_planned(&planned(&self.servers[number]))
    }

    fn check_as_planned(&self, server: &PlannedServer) -> Verdict {
        let inventory = self.inventory();
        let run = run_of("2mq9", 1);
        let candidate = Candidate {
            run: &run,
            server,
            spec: &self.spec,
            version: None,
            asked_by: Asker::Person,
            passes: PolicySet::NONE,
        };
        evaluate(candidate, self.known(&inventory))
    }

    fn inventory(&self) -> Inventory {
        let inventory = Inventory::new(self.servers.clone(), NOW).expect("the servers have different names");
        inventory.with_places(self.places.clone(), BTreeMap::new())
    }

    fn known<'a>(&'a self, inventory: &'a Inventory) -> Known<'a> {
        let outside = Outside { traffic: &self.traffic, firing: &self.firing, measures: &self.measures };
        Known::new((inventory, &self.rules), &self.ledger, outside, NOW)
    }

    fn count(&self) -> PoolCount {
        count_pool(&PoolName::new("edge-lax"), self.known(&self.inventory()))
    }

    fn is_allowed(&self, number: usize) -> bool {
        matches!(self.check(number), Verdict::Allow(_))
    }

    /// The words of what blocks, in order.
    fn blocks(&self, number: usize) -> Vec<&'static str> {
        match self.check(number) {
            Verdict::Allow(_) => vec!["allow"],
            Verdict::Deny(_) => vec!["deny"],
            Verdict::Wait(blockers) => blockers.iter().map(word).collect(),
        }
    }
}

fn word(blocker: &Blocker) -> &'static str {
    match blocker {
        Blocker::Locked { .. } => "locked",
        Blocker::Concurrency { .. } => "concurrency",
        Blocker::Rate { .. } => "rate",
        Blocker::Capacity { .. } => "capacity",
        Blocker::NotAbsorbed { .. } => "not absorbed",
        Blocker::HealthUnknown { .. } => "unknown",
        Blocker::Contradicted { serves: true, .. } => "serves",
        Blocker::Contradicted { .. } => "taken out",
        Blocker::Unseen { .. } => "unseen",
        Blocker::NoDirectory => "no directory",
        Blocker::Traffic { .. } => "traffic",
        Blocker::TrafficUnknown { .. } => "traffic unknown",
        Blocker::Domain { .. } => "domain",
        Blocker::Alert { .. } => "alert",
        Blocker::AlertsUnknown { .. } => "alerts unknown",
        Blocker::Broken { .. } => "broken",
        Blocker::Soak { .. } => "soak",
        Blocker::Behind { .. } => "behind",
        Blocker::Stopped { .. } => "stopped",
        Blocker::Frozen { .. } => "frozen",
        Blocker::Calendar(_) => "calendar",
        Blocker::Held { .. } => "held",
        Blocker::Blacklisted { .. } => "blacklisted",
    }
}

#[test]
fn a_tenth_of_a_pool_may_be_out_and_one_where_there_are_two() {
    for (total, floor) in [(1, 1), (2, 1), (4, 3), (9, 8), (10, 9), (19, 18), (20, 18), (40, 36)] {
        let fleet = Fleet::of(total);
        assert_eq!(fleet.count().floor, floor, "of {total}");
        let allowed = total - usize::try_from(floor).expect("small");
        let fleet = fleet.all(1..1 + allowed, |fleet, number| fleet.in_state(number, Drained));
        assert_eq!(fleet.blocks(0), ["capacity"], "{total} with {allowed} out");
        if allowed > 0 {
            let back = fleet.in_state(1, Production).seen(1, Health::Serving, 0);
            assert!(back.is_allowed(0), "{total} with one fewer out");
        }
    }
}

#[test]
fn none_out_means_none() {
    let rules = Rules { pool_out_max_percent: 0, ..Rules::default() };
    assert_eq!((Fleet { rules, ..Fleet::of(10) }).blocks(0), ["capacity"]);
}

#[test]
fn servers_that_fail_by_themselves_use_up_the_same_allowance() {
    for health in [Health::Failing, Health::OutOfRotation] {
        let fleet = Fleet::of(40).all(1..4, |fleet, number| fleet.seen(number, health, 0));
        assert!(fleet.is_allowed(0), "3 of 40 do not serve");
        let fleet = fleet.seen(4, health, 0);
        let Verdict::Wait(blockers) = fleet.check(0) else { panic!("4 of 40 do not serve") };
        let [Blocker::Capacity { serving, total, floor, out, .. }] = blockers.as_slice() else {
            panic!("capacity alone blocks, not {blockers:?}")
        };
        assert_eq!((*serving, *total, *floor, out.len()), (36, 40, 36, 4));
    }
}

#[test]
fn every_state_but_production_is_out() {
    for state in [Draining, Drained, Undraining, ProductionState::Maintenance] {
        assert_eq!(Fleet::of(10).in_state(1, state).blocks(0), ["capacity"], "{state:?}");
    }
}

#[test]
fn what_is_promised_to_a_run_is_counted_once() {
    let fleet = Fleet::of(10).locked(1, "bbbb", LockStanding::Working);
    assert_eq!(fleet.count().promised, 1);
    assert_eq!(fleet.blocks(0), ["capacity"], "it still serves, and will not");
    let fleet = fleet.in_state(1, Drained);
    assert_eq!((fleet.count().promised, fleet.count().serving), (0, 9), "now it is out");
    assert_eq!(fleet.blocks(0), ["capacity"]);
}

#[test]
fn a_server_that_does_not_serve_takes_nothing_away() {
    let fleet = Fleet::of(10).seen(0, Health::Failing, 0).seen(1, Health::Failing, 0).in_state(2, Standby);
    for number in 0..3 {
        assert!(fleet.is_allowed(number), "{number}");
    }
    assert_eq!(fleet.blocks(3), ["capacity"]);
    assert!(Fleet::of(1).seen(0, Health::Failing, 0).is_allowed(0), "the only one, broken");
}

#[test]
fn a_server_left_behind_counts_as_out_even_if_it_answers() {
    let fleet = Fleet::of(10).locked(0, "bbbb", LockStanding::LeftBehind);
    assert_eq!((fleet.count().serving, fleet.count().out.len()), (9, 1));
    assert_eq!(fleet.blocks(1), ["capacity"]);
    assert!(fleet.is_allowed(0), "taking it over leaves the 9 others");
    assert_eq!(fleet.seen(1, Health::Failing, 0).blocks(0), ["capacity"], "8 others are too few");
}

#[test]
fn a_server_without_a_pool_needs_no_capacity() {
    let mut fleet = Fleet::of(1);
    fleet.servers[0].pool = None;
    assert!(fleet.is_allowed(0));
    assert_eq!(fleet.goes_on(0), Ok(()));
}

#[test]
fn a_server_left_behind_is_taken_over_and_one_at_work_is_not() {
    let fleet = Fleet::of(10).in_state(0, Undraining).seen(0, Health::OutOfRotation, 0).locked(
        0,
        "bbbb",
        LockStanding::LeftBehind,
    );
    let Verdict::Allow(admitted) = fleet.check(0) else { panic!("it may be taken over") };
    assert_eq!((admitted.found(), admitted.takes_over()), (Drained, Some(&run_of("bbbb", 1))));
    assert_eq!(admitted.run(), &run_of("2mq9", 1));
    let fleet = fleet.locked(0, "bbbb", LockStanding::Working);
    assert_eq!(fleet.blocks(0), ["locked"], "half-way in somebody's hands is no reason to leave it out");
}

#[test]
fn a_server_that_is_not_what_was_planned_is_left_out() {
    let fleet = Fleet::of(10);
    let as_planned = planned(&fleet.servers[0]);
    assert!(matches!(fleet.check_as_planned(&as_planned), Verdict::Allow(_)));
    let others = [
        PlannedServer { id: ServerId::new("gone"), ..as_planned.clone() },
        PlannedServer { name: ServerName::new("edge-lax-900"), ..as_planned.clone() },
        PlannedServer { server_type: ServerType::new("origin"), ..as_planned.clone() },
        PlannedServer { site: SiteName::new("fra"), ..as_planned.clone() },
        PlannedServer { pool: None, ..as_planned.clone() },
    ];
    for other in others {
        assert!(matches!(fleet.check_as_planned(&other), Verdict::Deny(_)), "{other:?}");
    }
    let moved = PlannedServer { rack: RackName::new("lax-r02"), ..as_planned };
    assert!(matches!(fleet.check_as_planned(&moved), Verdict::Allow(_)), "the rack binds nothing yet");
    for state in [ProductionState::Maintenance, Draining, Undraining] {
        assert_eq!(Fleet::of(10).in_state(0, state).blocks(0), ["deny"], "{state:?}");
    }
}

#[test]
fn places_are_counted_from_the_locks_of_runs_at_work() {
    let busy = |count: usize| {
        Fleet::of(40).all(1..1 + count, |fleet, number| {
            fleet.in_state(number, Drained).seen(number, Health::OutOfRotation, 0).locked(
                number,
                "bbbb",
                LockStanding::Working,
            )
        })
    };
    let limited =
        |count, limit| Fleet { spec: CommandSpec { site_concurrency: Some(limit), ..reboot() }, ..busy(count) };
    assert!(limited(3, 4).is_allowed(0));
    assert_eq!(limited(4, 4).blocks(0), ["concurrency", "capacity"], "every reason is told");
    let other = CommandSpec { name: CommandName::new("drain"), ..limited(4, 4).spec };
    assert_eq!(Fleet { spec: other, ..busy(4) }.blocks(0), ["capacity"], "another command has its own places");
    let left = limited(3, 3).all(1..4, |fleet, number| fleet.locked(number, "bbbb", LockStanding::LeftBehind));
    assert!(left.is_allowed(0), "a run that has ended holds no place");
    let rules = Rules { fleet_concurrency: 3, ..roomy() };
    let Verdict::Wait(blockers) = (Fleet { rules, ..busy(3) }).check(0) else { panic!("the fleet is full") };
    let [Blocker::Concurrency { active: 3, limit: 3, holders, .. }] = blockers.as_slice() else {
        panic!("the fleet's places block, not {blockers:?}")
    };
    assert_eq!(holders.as_slice(), [run_of("bbbb", 1).request], "each holder once");
}

/// Two racks, two types, two sites; eleven of each kind, so that a share of 20 % is two.
fn full(limits: Rules, at_work: &[usize]) -> Vec<&'static str> {
    let mut fleet = Fleet::of(44);
    for (number, server) in fleet.servers.iter_mut().enumerate() {
        server.rack = RackName::new(if number % 2 == 0 { "r01" } else { "r02" });
        server.server_type = ServerType::new(if number % 4 < 2 { "edge-cache" } else { "origin" });
        server.site = SiteName::new(if number < 22 { "lax" } else { "fra" });
        server.pool = None;
    }
    let Targets::Servers { from, max, .. } = fleet.spec.targets else { unreachable!("it works on servers") };
    let types = vec![ServerType::new("edge-cache"), ServerType::new("origin")];
    fleet.spec.targets = Targets::Servers { types, from, max };
    fleet.rules = limits;
    let fleet = at_work.iter().fold(fleet, |fleet, number| fleet.locked(*number, "bbbb", LockStanding::Working));
    let of = |scope: &LimitScope| match scope {
        LimitScope::Fleet => "fleet",
        LimitScope::Command(_) => "command",
        LimitScope::Site(_) => "site",
        LimitScope::TypeInSite(..) => "type",
        LimitScope::Rack(_) => "rack",
    };
    match fleet.check(0) {
        Verdict::Allow(_) => Vec::new(),
        Verdict::Deny(why) => panic!("{why}"),
        Verdict::Wait(blockers) => {
            let word = |blocker: &Blocker| {
                if let Blocker::Concurrency { scope, .. } = blocker { of(scope) } else { word(blocker) }
            };
            blockers.iter().map(word).collect()
        }
    }
}

/// Server 0 is an edge cache in rack r01 of lax.
#[test]
fn each_scope_has_a_limit_of_its_own() {
    let only = |rules: Rules| Rules { fleet_concurrency: 100, command_concurrency: 100, ..rules };
    let none: [&str; 0] = [];
    let racks = only(Rules { rack_concurrency: 1, type_in_site_percent: 100, ..Rules::default() });
    assert_eq!(full(racks.clone(), &[2]), ["rack"], "another type in the same rack");
    assert_eq!(full(racks.clone(), &[1, 3]), none, "the other rack");
    assert_eq!(full(racks, &[24]), none, "a rack of the same name in another site is another rack");
    let types = only(Rules { rack_concurrency: 100, type_in_site_percent: 20, ..Rules::default() });
    assert_eq!(full(types.clone(), &[4]), none, "two of twelve");
    assert_eq!(full(types.clone(), &[4, 5]), ["type"]);
    assert_eq!(full(types.clone(), &[2, 3, 22, 24]), none, "other types and other sites");
    let one = Rules { type_in_site_percent: 0, ..types };
    assert_eq!(full(one.clone(), &[]), none, "one may always be");
    assert_eq!(full(one, &[4]), ["type"]);
    assert_eq!(full(Rules { command_concurrency: 2, ..roomy() }, &[22, 23]), ["command"]);
    let all = Rules {
        rack_concurrency: 1,
        type_in_site_percent: 5,
        command_concurrency: 1,
        fleet_concurrency: 1,
        ..Rules::default()
    };
    assert_eq!(full(all, &[4]), ["rack", "type", "command", "fleet"], "every reason is told");
}

#[test]
fn one_line_for_each_thing_that_blocks() {
    let locked = |name: &str, tail, seconds| Blocker::Locked {
        servers: vec![ServerName::new(name)],
        holder: run_of(tail, 1).request,
        since: NOW.plus(Duration::from_secs(seconds)),
    };
    let full = |limit| Blocker::Concurrency {
        scope: LimitScope::Site(SiteName::new("lax")),
        active: 4,
        limit,
        holders: Vec::new(),
    };
    let unknown =
        || Blocker::HealthUnknown { scope: CapacityScope::Pool(PoolName::new("a")), unknown: 2, total: 4, since: None };
    let told = merged(vec![
        full(4),
        locked("a", "bbbb", 9),
        unknown(),
        locked("c", "cccc", 1),
        full(4),
        locked("b", "bbbb", 3),
    ]);
    let both = Blocker::Locked {
        servers: vec![ServerName::new("a"), ServerName::new("b")],
        holder: run_of("bbbb", 1).request,
        since: NOW.plus(Duration::from_secs(3)),
    };
    assert_eq!(told, [unknown(), both, locked("c", "cccc", 1), full(4)]);
    assert_eq!(merged(Vec::new()), []);
}
