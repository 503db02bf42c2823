//! Which servers on standby are called for: as many as help, none that is not known to be well and out, and nothing where it is
//! not known how much comes.

use super::*;
use crate::admission::infrastructure::SeenAlerts;
use crate::admission::traffic::{
    Doubt, Measured, Shortage, Snapshot, Spared, StandbyRules, is_calm_without, shortages,
};
use crate::domain::alert::FiringAlert;
use crate::domain::identity::{AutomationName, PersonId};
use crate::domain::ids::BrakeId;
use crate::domain::place::ChannelName;
use crate::domain::server::{TagName, TagValue};
use crate::workflow::request::TrafficScope;
use std::collections::BTreeSet;

const MINUTE: Duration = Duration::from_secs(60);

fn undrain() -> CommandSpec {
    CommandSpec {
        name: CommandName::new("undrain"),
        targets: Targets::Servers {
            types: vec![ServerType::new("edge-cache"), ServerType::new("origin")],
            from: vec![Drained, Standby],
            max: 200,
        },
        steps: vec![StepSpec::Undrain { timeout: SECOND.into() }],
        hash: Fingerprint::of(b"undrain"),
        ..reboot()
    }
}

fn measured(units: f64) -> Result<Measured, Doubt> {
    Ok(Measured { units, seen_at: NOW, before: Vec::new(), usual: None, ahead: Vec::new() })
}

fn seen(pools: &[(&str, Result<Measured, Doubt>)]) -> Traffic {
    let pools = pools.iter().map(|(name, measured)| (PoolName::new(*name), measured.clone()));
    Traffic::Seen(Snapshot { pools: pools.collect(), silent: None })
}

/// A critical alert with that label besides.
fn firing(label: (&str, &str)) -> Firing {
    let labels = [("alertname", "FanDead"), ("severity", "critical"), label];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let alerts = vec![FiringAlert { labels: labels.into(), since: NOW }];
    Firing::Seen(SeenAlerts { at: NOW, alerts, silent: None })
}

impl Fleet {
    /// So many serve, and the others stand by, seen out of rotation just now; that much comes.
    fn standing_by(serving: usize, standby: usize, units: f64) -> Self {
        let fleet = Self::of(serving + standby).all(serving..serving + standby, Self::stood_by);
        Self { traffic: seen(&[("edge-lax", measured(units))]), spec: undrain(), ..fleet }
    }

    fn stood_by(self, number: usize) -> Self {
        self.in_state(number, Standby).seen(number, Health::OutOfRotation, 0)
    }

    /// Those are of another pool of the same site.
    fn in_pool(self, numbers: std::ops::Range<usize>, pool: &str) -> Self {
        self.all(numbers, |mut fleet, number| {
            fleet.servers[number].pool = Some(PoolName::new(pool));
            fleet
        })
    }

    fn short(&self, spared: &Spared) -> Vec<Shortage> {
        let inventory = self.inventory();
        shortages(&self.spec, spared, self.known(&inventory))
    }

    /// The one way in: the numbers of the servers that are called for.
    fn called(&self) -> Vec<usize> {
        let short = self.short(&Spared::default());
        let called = short.iter().flat_map(|shortage| &shortage.servers);
        called.map(|server| server.id.as_str().trim_start_matches('s').parse().expect("a number")).collect()
    }

    fn braked(mut self, kind: BrakeKind) -> Self {
        let (id, by) = (BrakeId::new("b"), PersonId::new("T0", "U0CID"));
        let (name, why) = ("cid".to_owned(), "because".to_owned());
        self.ledger.brakes.push(Brake { id, kind, by, name, since: NOW, why, until: None });
        self
    }
}

#[test]
fn as_many_are_called_for_as_bring_the_load_down_to_where_work_goes_on() {
    // Servers that serve, servers on standby, what comes, and how many of them are called for.
    let cases = [
        (10, 4, 8.4, 0),
        (10, 4, 8.5, 0),
        (10, 4, 8.6, 4),
        (20, 10, 17.1, 7),
        (20, 10, 19.4, 10),
        (10, 8, 9.05, 4),
        (10, 3, 40.0, 3),
        (10, 0, 9.9, 0),
        (0, 3, 0.0, 0),
        (0, 3, 1.0, 2),
    ];
    for (serving, standby, units, expected) in cases {
        let fleet = Fleet::standing_by(serving, standby, units);
        assert_eq!(fleet.called(), Vec::from_iter(serving..serving + expected), "{serving}, {standby}, {units}");
    }
    let [shortage] = &Fleet::standing_by(10, 4, 9.05).short(&Spared::default())[..] else { panic!("one pool") };
    assert_eq!(shortage.scope, TrafficScope::Pool(PoolName::new("edge-lax")));
    assert_eq!((shortage.percent, shortage.limit_percent, shortage.seen_at), (Some(91), 85, NOW));
    let [shortage] = &Fleet::standing_by(0, 4, 1.0).short(&Spared::default())[..] else { panic!("one pool") };
    assert_eq!(shortage.percent, None, "nothing serves");
}

#[test]
fn what_each_can_carry_counts() {
    let mut fleet = Fleet::standing_by(10, 4, 9.0);
    let tagged = |fleet: &mut Fleet, number: usize, units: &str| {
        fleet.servers[number].tags.insert(TagName::new("capacity"), TagValue::new(units));
    };
    tagged(&mut fleet, 10, "0");
    tagged(&mut fleet, 11, "10");
    assert_eq!(fleet.called(), [11], "one that carries nothing helps nobody, one that carries ten is enough");
    tagged(&mut fleet, 12, "lots");
    assert_eq!(fleet.called(), [] as [usize; 0], "of a pool with such a server it is not known what serves");
}

#[test]
fn nothing_is_called_for_where_it_is_not_known_how_much_comes() {
    let fleet = Fleet::standing_by(10, 4, 9.5);
    let known = |traffic: Traffic| Fleet { traffic, ..fleet.clone() };
    let doubt = Err(Doubt { why: "no answer".into(), since: NOW });
    let old = |seconds| Measured { seen_at: NOW.minus(SECOND * seconds), ..measured(9.5).unwrap() };
    let silent = Traffic::Silent { why: "no answer in time".into(), since: NOW };
    let unknown = [
        Traffic::NotAsked,
        Traffic::NotConfigured,
        Traffic::Pending,
        silent,
        seen(&[]),
        seen(&[("edge-fra", measured(9.5))]),
        seen(&[("edge-lax", doubt.clone())]),
        seen(&[("edge-lax", Ok(old(91)))]),
    ];
    for traffic in unknown {
        assert_eq!(known(traffic.clone()).called(), [] as [usize; 0], "{traffic:?}");
    }
    assert_eq!(known(seen(&[("edge-lax", Ok(old(90)))])).called().len(), 4);
    // Another pool of the site that is not known makes the site not known, and not this pool.
    let other = Fleet::of(12).in_pool(10..12, "origin-lax").all(8..10, Fleet::stood_by);
    let traffic = seen(&[("edge-lax", measured(7.5)), ("origin-lax", doubt)]);
    assert_eq!(Fleet { traffic, spec: undrain(), ..other }.called(), [8, 9]);
}

#[test]
fn no_server_is_called_for_that_is_not_known_to_be_well_and_out() {
    type Change = fn(Fleet) -> Fleet;
    let changes: [(&str, Change); 14] = [
        ("seen in service", |fleet| fleet.seen(10, Health::Serving, 0)),
        ("in rotation and failing", |fleet| fleet.seen(10, Health::Failing, 0)),
        ("not seen", |fleet| fleet.unseen(10)),
        ("seen too long ago", |fleet| fleet.seen(10, Health::OutOfRotation, 121)),
        ("drained", |fleet| fleet.in_state(10, Drained)),
        ("in repair", |fleet| fleet.in_state(10, ProductionState::Repair)),
        ("under work", |fleet| fleet.locked(10, "bbbb", LockStanding::Working)),
        ("left behind", |fleet| fleet.locked(10, "bbbb", LockStanding::LeftBehind)),
        ("held", |fleet| {
            let name = fleet.servers[10].name.clone();
            fleet.braked(BrakeKind::Hold { server: id(10), name })
        }),
        ("on the blacklist", |fleet| {
            let on = Coverage::of_text("edge-lax-010");
            fleet.braked(BrakeKind::Blacklist { on, command: None, level: BlacklistLevel::Block })
        }),
        ("on it for that command", |fleet| {
            let (on, command) = (Coverage::of_text("edge-lax-010"), Some(CommandName::new("undrain")));
            fleet.braked(BrakeKind::Blacklist { on, command, level: BlacklistLevel::Absolute })
        }),
        ("of a type that the command does not take", |mut fleet| {
            fleet.servers[10].server_type = ServerType::new("dns");
            fleet
        }),
        ("a run failed on it an hour ago, which keeps automations off", |mut fleet| {
            let (server, name, run) = (id(10), fleet.servers[10].name.clone(), run_of("bbbb", 1));
            let (command, at) = (CommandName::new("reboot"), NOW.minus(60 * MINUTE));
            fleet.ledger.failures.insert(id(10), ServerFailure { server, name, command, run, at });
            fleet
        }),
        ("an alert about it fires", |fleet| Fleet { firing: firing(("server", "edge-lax-010")), ..fleet }),
    ];
    let fleet = Fleet::standing_by(10, 2, 9.5);
    assert_eq!(fleet.called(), [10, 11]);
    for (why, change) in changes {
        assert_eq!(change(fleet.clone()).called(), [11], "{why}");
    }
    let other = Some(CommandName::new("reboot"));
    let on = Coverage::everything();
    let blacklist = BrakeKind::Blacklist { on, command: other, level: BlacklistLevel::Block };
    assert_eq!(fleet.clone().braked(blacklist).called(), [10, 11], "another command is on it");
    assert_eq!(Fleet { firing: firing(("site", "lax")), ..fleet }.called(), [10, 11], "more capacity harms no site");
}

/// A load balancer that is silent proves no lack: what is not known may well serve.
#[test]
fn nothing_is_called_for_because_looks_are_missing() {
    let fleet = Fleet::standing_by(10, 2, 5.0);
    assert_eq!(fleet.clone().all(0..5, |fleet, number| fleet.seen(number, Health::Failing, 0)).called(), [10, 11]);
    assert_eq!(fleet.clone().all(0..5, Fleet::unseen).called(), [0; 0]);
    assert_eq!(fleet.all(0..10, |fleet, number| fleet.seen(number, Health::Serving, 500)).called(), [0; 0]);
}

#[test]
fn what_was_asked_about_is_left_alone() {
    let fleet = Fleet::standing_by(10, 3, 9.5);
    let servers = Spared { servers: BTreeSet::from([id(10), id(12)]), ..Spared::default() };
    let called = fleet.short(&servers);
    assert_eq!(called[0].servers.iter().map(|server| server.id.clone()).collect::<Vec<_>>(), [id(11)]);
    let pools = Spared { pools: BTreeSet::from([PoolName::new("edge-lax")]), ..Spared::default() };
    assert_eq!(fleet.short(&pools), []);
    let mut few = fleet;
    let Targets::Servers { max, .. } = &mut few.spec.targets else { panic!("servers") };
    *max = 2;
    assert_eq!(few.called(), [10, 11], "no more than the command takes at once");
}

/// Each pool is counted for itself; and a site that has too much is helped by any of its pools.
#[test]
fn pools_are_counted_apart_and_a_site_together() {
    // Ten of edge-lax serve and two stand by; four of origin-lax serve and three stand by.
    let fleet = |edge: f64, origin: f64| {
        let fleet =
            Fleet::of(19).in_pool(12..19, "origin-lax").all(10..12, Fleet::stood_by).all(16..19, Fleet::stood_by);
        let traffic = seen(&[("edge-lax", measured(edge)), ("origin-lax", measured(origin))]);
        Fleet { traffic, spec: undrain(), ..fleet }
    };
    assert_eq!(fleet(5.0, 2.0).called(), [] as [usize; 0]);
    assert_eq!(fleet(9.0, 1.0).called(), [10, 11], "the site has room");
    assert_eq!(fleet(5.0, 3.5).called(), [16, 17], "3.5 of 6 is enough");
    assert_eq!(fleet(9.0, 3.95).called(), [10, 11, 16, 17, 18]);
    // 14.5 of 14 in the site; what edge-lax has leaves 14.5 of 16, so the others help until the site may go on, or there are no more.
    assert_eq!(fleet(12.0, 2.5).called(), [10, 11, 16, 17, 18]);
    let short = fleet(12.0, 2.5).short(&Spared::default());
    let scopes = short.iter().map(|shortage| (shortage.pool.as_str(), shortage.scope.clone(), shortage.percent));
    let site = TrafficScope::Site(SiteName::new("lax"));
    let edge = TrafficScope::Pool(PoolName::new("edge-lax"));
    assert_eq!(Vec::from_iter(scopes), [("edge-lax", edge, Some(120)), ("origin-lax", site, Some(104))]);
    let spared = Spared { pools: BTreeSet::from([PoolName::new("edge-lax")]), ..Spared::default() };
    assert_eq!(fleet(12.0, 2.5).short(&spared), [], "the site waits for what is asked for already");
}

/// A freeze keeps out every change, and not what stands by for the moment that has come.
#[test]
fn a_freeze_lets_in_what_is_wanted_and_a_stop_lets_in_nothing() {
    let freeze = || BrakeKind::Freeze { on: Coverage::everything() };
    for (units, expected) in [(9.5, "allow"), (6.6, "allow"), (6.5, "frozen"), (1.0, "frozen")] {
        let fleet = Fleet::standing_by(10, 2, units).braked(freeze());
        assert_eq!(fleet.blocks(10), [expected], "{units}");
    }
    let unknown = Fleet { traffic: Traffic::Pending, ..Fleet::standing_by(10, 2, 9.5) };
    assert_eq!(unknown.braked(freeze()).blocks(10), ["frozen"]);
    assert_eq!(Fleet::standing_by(10, 2, 9.5).braked(BrakeKind::STOP).blocks(10), ["stopped"]);
    let mut reboots = Fleet::standing_by(10, 2, 9.5).braked(freeze());
    reboots.spec = reboot();
    assert_eq!(reboots.blocks(10), ["frozen"], "only what gives capacity");
}

#[test]
fn it_is_calm_once_there_was_little_for_long_enough_and_the_rest_would_have_carried_it() {
    let standby = StandbyRules {
        automation: AutomationName::new("standby"),
        command: CommandName::new("undrain"),
        channel: ChannelName::new("noc"),
        again_after: MINUTE * 30,
        calm_percent: 50,
        calm_for: MINUTE * 60,
    };
    // Twelve serve, two of which stood by. Traffic from that many minutes ago on, measured each minute; the last is now.
    type History = &'static [(u32, f64)];
    let cases: [(History, bool); 7] = [
        (&[(70, 5.0), (30, 5.9), (0, 5.0)], true),
        (&[(70, 9.0), (61, 9.0), (60, 5.0), (0, 5.0)], true),
        (&[(70, 5.0), (30, 6.0), (0, 5.0)], false),
        (&[(70, 5.0), (30, 5.0), (0, 6.0)], false),
        (&[(59, 5.0), (30, 5.0), (0, 5.0)], false),
        (&[(0, 5.0)], false),
        (&[(60, 5.0), (0, 5.0)], true),
    ];
    let calm = |fleet: &Fleet, without: usize| {
        let inventory = fleet.inventory();
        let servers = (12 - without..12).map(id).collect::<BTreeSet<_>>();
        is_calm_without(&PoolName::new("edge-lax"), &servers, fleet.known(&inventory))
    };
    for (history, expected) in cases {
        let (before, now) = history.split_at(history.len() - 1);
        let at = |minute: u32| before.iter().rfind(|(from, _)| *from >= minute).map(|(_, units)| *units);
        let each = (1..=80).rev().filter_map(|minute| Some((NOW.minus(MINUTE * minute), at(minute)?)));
        let measured =
            Measured { units: now[0].1, seen_at: NOW, before: each.collect(), usual: None, ahead: Vec::new() };
        let mut fleet = Fleet::of(12);
        fleet.traffic = seen(&[("edge-lax", Ok(measured))]);
        assert!(!calm(&fleet, 2), "nothing was asked for by itself");
        fleet.rules.traffic.standby = Some(standby.clone());
        assert_eq!(calm(&fleet, 2), expected, "{history:?}");
        assert!(!calm(&fleet, 5), "{history:?}: seven would have had to carry more than lets work go on");
        fleet.traffic = Traffic::Pending;
        assert!(!calm(&fleet, 2));
    }
    // Nobody measured it meanwhile, so it is not known that it was calm.
    let mut silent = Fleet::of(12);
    silent.rules.traffic.standby = Some(standby);
    let before = vec![(NOW.minus(MINUTE * 61), 5.0), (NOW.minus(MINUTE * 60), 5.0)];
    silent.traffic =
        seen(&[("edge-lax", Ok(Measured { units: 5.0, seen_at: NOW, before, usual: None, ahead: Vec::new() }))]);
    assert!(!calm(&silent, 2));
}

#[test]
fn the_file_says_who_asks_and_each_value_within_its_bounds() {
    let read = |text: &str| admission_rules("admission.yaml", &format!("traffic: {{ {text} }}"));
    let shipped = admission_rules("admission.yaml", include_str!("../../../policies/admission.yaml"));
    let shipped = shipped.expect("it is whole").traffic.standby.expect("it is on");
    let named = (shipped.automation.as_str(), shipped.command.as_str(), shipped.channel.as_str());
    assert_eq!(named, ("standby", "undrain", "noc"));
    assert_eq!((shipped.again_after, shipped.calm_percent, shipped.calm_for), (MINUTE * 30, 50, MINUTE * 60));
    assert_eq!(read("relief: 90%").expect("it is left out").traffic.standby, None);
    assert_eq!(read("standby: ").expect("it is empty").traffic.standby, None);
    let cases = [
        ("as: ' ', with: undrain, in: noc", "traffic.standby.as is ` `; it takes an automation of automations.yaml"),
        (
            "as: a, with: b, in: c, again-after: 1s",
            "traffic.standby.again-after is `1s`; it takes a length of time from 1m to 1d",
        ),
        (
            "as: a, with: b, in: c, calm-for: 3h",
            "traffic.standby.calm-for is `3h`; it takes a length of time from 1m to 2h",
        ),
        (
            "as: a, with: b, in: c, calm: 66%",
            "traffic.standby.calm is `66%`; it takes a percentage from 1% to that of traffic.resume, 65%",
        ),
    ];
    for (text, told) in cases {
        let said = read(&format!("standby: {{ {text} }}")).expect_err(text).what;
        assert_eq!(said, told);
    }
    assert!(read("standby: { as: a, in: c }").expect_err("no command").to_string().contains("with"));
    assert!(read("standby: { as: a, with: b, in: c, soon: 1 }").expect_err("unknown").to_string().contains("soon"));
}
