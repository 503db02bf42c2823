//! Where more comes than the relief, what is done about it, and when that is over.

use super::*;
use crate::admission::traffic::{
    Asking, Doubt, Lack, Measured, Remedy, Shortage, Snapshot, Spared, StandbyRules, lacks, shortages,
};
use crate::domain::identity::AutomationName;
use crate::domain::place::ChannelName;
use crate::workflow::request::TrafficScope;
use std::collections::BTreeSet;

const MINUTE: Duration = Duration::from_secs(60);

fn undrain() -> CommandSpec {
    let targets = Targets::Servers {
        types: vec![ServerType::new("edge-cache"), ServerType::new("origin")],
        from: vec![Drained, Standby],
        max: 200,
    };
    let steps = vec![StepSpec::Undrain { timeout: SECOND.into() }];
    CommandSpec { name: CommandName::new("undrain"), targets, steps, hash: Fingerprint::of(b"undrain"), ..reboot() }
}

fn seen(pools: &[(&str, Option<f64>)]) -> Traffic {
    let measured = |units: Option<f64>| match units {
        Some(units) => Ok(Measured { units, seen_at: NOW, before: Vec::new(), usual: None, ahead: Vec::new() }),
        None => Err(Doubt { why: "no answer".into(), since: NOW }),
    };
    let pools = pools.iter().map(|(name, units)| (PoolName::new(*name), measured(*units)));
    Traffic::Seen(Snapshot { pools: pools.collect(), silent: None })
}

/// Ten serve and that many stand by; somebody is named who asks for them.
fn fleet(standby: usize, units: Option<f64>) -> Fleet {
    let mut fleet = Fleet::of(10 + standby).all(10..10 + standby, |fleet, number| fleet.in_state(number, Standby));
    fleet.rules.traffic.standby = Some(StandbyRules {
        automation: AutomationName::new("standby"),
        command: CommandName::new("undrain"),
        channel: ChannelName::new("noc"),
        again_after: MINUTE * 30,
        calm_percent: 50,
        calm_for: MINUTE * 60,
    });
    Fleet { traffic: seen(&[("edge-lax", units)]), spec: undrain(), ..fleet }
}

/// What is known besides the fleet.
#[derive(Default)]
struct Besides {
    spared: Spared,
    open: Vec<(RequestId, BTreeSet<PoolName>)>,
    before: Vec<Lack>,
}

fn check(fleet: &Fleet, besides: &Besides) -> Vec<Lack> {
    let inventory = fleet.inventory();
    let known = fleet.known(&inventory);
    let short = shortages(&fleet.spec, &besides.spared, known).into_iter().map(|short| (short, Remedy::Asking));
    let short = short.collect::<Vec<(Shortage, Remedy)>>();
    lacks(Asking { short: &short, spared: &besides.spared, open: &besides.open }, &besides.before, known)
}

fn remedies(fleet: &Fleet, besides: &Besides) -> Vec<Remedy> {
    check(fleet, besides).into_iter().map(|lack| lack.remedy).collect()
}

fn pool() -> BTreeSet<PoolName> {
    BTreeSet::from([PoolName::new("edge-lax")])
}

fn request() -> RequestId {
    run_of("2mq9", 1).request
}

/// As it was found ten minutes ago.
fn earlier(remedy: Remedy) -> Besides {
    let scope = TrafficScope::Pool(PoolName::new("edge-lax"));
    let (site, since) = (SiteName::new("lax"), NOW.minus(MINUTE * 10));
    let lack = Lack { scope, site, percent: Some(92), limit_percent: 85, since, servers: Vec::new(), remedy };
    Besides { before: vec![lack], ..Besides::default() }
}

#[test]
fn what_is_done_is_told_of_each_place_that_carries_too_much() {
    let [lack] = &check(&fleet(4, Some(9.05)), &Besides::default())[..] else { panic!("one pool") };
    assert_eq!((lack.percent, lack.limit_percent, lack.since), (Some(91), 85, NOW));
    assert_eq!(lack.servers.len(), 4);
    assert_eq!((&lack.remedy, lack.needs_person()), (&Remedy::Asking, false));
    assert_eq!(check(&fleet(4, Some(8.5)), &Besides::default()), [], "not beyond the relief");
    assert_eq!(remedies(&fleet(0, Some(9.0)), &Besides::default()), [Remedy::NoneLeft]);
    let spared = Spared { pools: pool(), ..Spared::default() };
    assert_eq!(remedies(&fleet(4, Some(9.0)), &Besides { spared, ..Besides::default() }), [Remedy::Rests]);
    let asked = Besides {
        spared: Spared { pools: pool(), ..Spared::default() },
        open: vec![(request(), pool())],
        before: Vec::new(),
    };
    assert_eq!(remedies(&fleet(4, Some(9.0)), &asked), [Remedy::Asked(vec![request()])]);
    let coming = [(id(10), request()), (id(11), request())].into();
    let people = Besides { spared: Spared { coming, ..Spared::default() }, ..Besides::default() };
    assert_eq!(remedies(&fleet(4, Some(9.0)), &people), [Remedy::Asked(vec![request()])]);
    assert_eq!(remedies(&fleet(4, Some(12.0)), &people), [Remedy::Asking], "more is missed than what comes");
}

/// Who has no servers on standby, and nobody who would ask for them, has other ways to learn of traffic.
#[test]
fn where_nobody_counts_on_standby_nothing_is_told() {
    let unnamed = |standby| {
        let mut fleet = fleet(standby, Some(9.0));
        fleet.rules.traffic.standby = None;
        fleet
    };
    assert_eq!(check(&unnamed(0), &Besides::default()), []);
    let held = Spared { servers: (10..14).map(id).collect(), ..Spared::default() };
    assert_eq!(remedies(&unnamed(4), &Besides { spared: held, ..Besides::default() }), [Remedy::NotConfigured]);
}

/// It does not come and go with every measurement, and what is not known ends nothing.
#[test]
fn what_needs_a_person_lasts_until_it_is_known_to_be_calm() {
    let none = |units| check(&fleet(0, units), &earlier(Remedy::NoneLeft));
    for (units, percent) in [(Some(9.0), 90), (Some(7.0), 70), (None, 92)] {
        let [lack] = &none(units)[..] else { panic!("it lasts: {units:?}") };
        assert_eq!((lack.percent, &lack.remedy), (Some(percent), &Remedy::NoneLeft), "{units:?}");
        assert_eq!(lack.since, NOW.minus(MINUTE * 10));
    }
    assert_eq!(none(Some(6.5)), [], "it is calm");
    assert_eq!(check(&fleet(0, Some(7.0)), &Besides::default()), [], "none begins below the relief");
    assert_eq!(check(&fleet(0, None), &Besides::default()), [], "nor where it is not known");
    for traffic in [Traffic::NotAsked, Traffic::Pending, Traffic::Silent { why: "silent".into(), since: NOW }] {
        let besides = earlier(Remedy::NoneLeft);
        assert_eq!(check(&Fleet { traffic, ..fleet(0, None) }, &besides), besides.before);
    }
    // Where something came of it, it is over at the relief; where something is asked meanwhile, nobody is needed.
    let asked = earlier(Remedy::Asked(vec![request()]));
    assert_eq!(check(&fleet(0, Some(8.4)), &asked), []);
    assert_eq!(
        remedies(&fleet(0, Some(8.6)), &asked),
        [Remedy::NoneLeft],
        "what was asked for is over, and not enough"
    );
    let meanwhile = Besides { open: vec![(request(), pool())], ..earlier(Remedy::NoneLeft) };
    assert_eq!(remedies(&fleet(0, Some(7.0)), &meanwhile), [Remedy::Asked(vec![request()])]);
}

#[test]
fn a_site_is_told_only_where_none_of_its_pools_is() {
    let fleet = |edge, origin| {
        let mut fleet = fleet(4, None);
        fleet.servers[7..10].iter_mut().for_each(|server| server.pool = Some(PoolName::new("origin-lax")));
        Fleet { traffic: seen(&[("edge-lax", Some(edge)), ("origin-lax", Some(origin))]), ..fleet }
    };
    let scopes =
        |fleet: &Fleet| check(fleet, &Besides::default()).into_iter().map(|lack| lack.scope).collect::<Vec<_>>();
    let of_pool = |name: &str| TrafficScope::Pool(PoolName::new(name));
    assert_eq!(scopes(&fleet(3.0, 1.0)), []);
    assert_eq!(scopes(&fleet(6.5, 1.0)), [of_pool("edge-lax")]);
    assert_eq!(scopes(&fleet(6.5, 2.9)), [of_pool("edge-lax"), of_pool("origin-lax")], "and the site with them");
}
