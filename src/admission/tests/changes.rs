//! What changed in the rules, and which way.

use super::*;
use crate::admission::calendars::{Cron, Rule};
use crate::admission::{Calendar, Calendars, Changed, Coverage, Way, WiderFloors, changed, floors_lowered};
use crate::domain::calendar::{CalendarKind, CalendarName};

fn told(changes: &[Changed]) -> Vec<String> {
    let way = |way: Way| match way {
        Way::Looser => "looser",
        Way::Stricter => "stricter",
        Way::Other => "other",
    };
    changes.iter().map(|one| format!("{} {} {} {}", one.what, one.from, one.to, way(one.way))).collect()
}

/// Each key of the file, with what it becomes.
#[test]
fn each_number_is_told_with_the_way_it_went() {
    let cases = [
        ("capacity: { out-max: 20% }", "capacity.out-max 10% 20% looser"),
        ("capacity: { type-in-site-out-max: 10% }", "capacity.type-in-site-out-max none 10% stricter"),
        ("capacity: { site-out-max: 10% }", "capacity.site-out-max none 10% stricter"),
        ("capacity: { metro-out-max: 100% }", "capacity.metro-out-max none 100% stricter"),
        ("health: { age-max: 1m }", "health.age-max 2m 1m stricter"),
        ("health: { unknown-max: 5% }", "health.unknown-max 10% 5% stricter"),
        ("concurrency: { fleet: 201 }", "concurrency.fleet 200 201 looser"),
        ("concurrency: { command: 49 }", "concurrency.command 50 49 stricter"),
        ("concurrency: { rate: none }", "concurrency.rate 10 none looser"),
        ("concurrency: { rate: 9 }", "concurrency.rate 10 9 stricter"),
        ("concurrency: { type-in-site: 6% }", "concurrency.type-in-site 5% 6% looser"),
        ("concurrency: { rack: 2 }", "concurrency.rack 1 2 looser"),
        ("traffic: { load-max: 80% }", "traffic.load-max 70% 80% looser"),
        ("traffic: { clear-for: 5m }", "traffic.clear-for 10m 5m looser"),
        ("traffic: { ahead: 2h }", "traffic.ahead 1h 2h stricter"),
        ("traffic: { ahead: none }", "traffic.ahead 1h none looser"),
        ("traffic: { headroom: 10% }", "traffic.headroom 20% 10% looser"),
        ("traffic: { coverage-min: 95% }", "traffic.coverage-min 90% 95% stricter"),
        ("traffic: { query: up }", "traffic.query sum by (pool) (fleet_traffic) up other"),
        ("queue: { ageing: 2h }", "queue.ageing 1h 2h other"),
        ("failure-rate: { in-a-row: 4 }", "failure-rate.in-a-row 3 4 looser"),
        ("failure-rate: { share: { above: 20% } }", "failure-rate.share.above 10% 20% looser"),
        ("failure-rate: { command: { failures: 9 } }", "failure-rate.command.failures 10 9 stricter"),
        ("failure-rate: { cool-down: 10m }", "failure-rate.cool-down 30m 10m looser"),
        ("failure-rate: { soak: 20m }", "failure-rate.soak 10m 20m stricter"),
        ("soak: { siblings: 5 }", "soak.siblings 3 5 looser"),
        ("soak: { over: 5m }", "soak.over 2m 5m stricter"),
        ("soak: { age-max: 1m }", "soak.age-max 1m30s 1m stricter"),
        ("observe: [capacity]", "observe nothing capacity looser"),
        ("override: { by: [sre] }", "override.by nobody sre looser"),
        ("override: { alone-up-to: 1 }", "override.alone-up-to 5 1 stricter"),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let rules = admission_rules("admission.yaml", text).expect(text);
        let found = told(&changed(&Rules::default(), &rules));
        if found != [expected] {
            wrong.push(format!("{text}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let soak = |text: &str| admission_rules("admission.yaml", &format!("soak: {{ compare: [{text}] }}")).expect(text);
    let errors = soak("{ name: errors, query: e, seen: s, above: 300%, floor: 1% }");
    let (compare, queries) =
        ("soak.compare nothing errors above 300% from 1% stricter", "soak.queries nothing errors: e; s other");
    assert_eq!(told(&changed(&Rules::default(), &errors)), [compare, queries]);
    let other = soak("{ name: errors, query: e2, seen: s, above: 300%, floor: 1% }");
    assert_eq!(told(&changed(&errors, &other)), ["soak.queries errors: e; s errors: e2; s other"]);
    let later = soak("{ name: errors, query: e, seen: s, above: 400%, floor: 0.5 }");
    assert_eq!(
        told(&changed(&errors, &later)),
        ["soak.compare errors above 300% from 1% errors above 400% from 0.5 other"]
    );
    assert!(told(&changed(&errors, &Rules::default()))[0].ends_with("looser"));
    assert_eq!(changed(&Rules::default(), &Rules::default()), []);
}

/// An inventory that leaves out servers that are out lets as many more be taken out.
#[test]
fn pools_of_which_fewer_have_to_serve_are_told() {
    let inventory = |servers: usize| Fleet::of(servers).inventory();
    let lowered =
        |before: usize, now: usize| told(&floors_lowered(&inventory(before), &inventory(now), &Rules::default()));
    assert_eq!(lowered(40, 32), ["pool edge-lax at least 36 of 40 at least 29 of 32 looser"]);
    assert_eq!(lowered(40, 40), Vec::<String>::new());
    assert_eq!(lowered(32, 40), Vec::<String>::new(), "more have to serve");
    assert_eq!(lowered(10, 9), ["pool edge-lax at least 9 of 10 at least 8 of 9 looser"]);
}

/// A wider scope that has a floor is told as well, also where its site lies in another metro by now.
#[test]
fn wider_scopes_of_which_fewer_have_to_serve_are_told() {
    let floors = WiderFloors { type_in_site: Some(10), site: Some(20), metro: Some(30) };
    let fleet = |servers: usize| Fleet::of(servers).with_floors(floors);
    let (before, after) = (fleet(40), fleet(20));
    let lowered = |now: &Fleet, rules: &Rules| told(&floors_lowered(&before.inventory(), &now.inventory(), rules));
    let expected = [
        "edge-cache in lax at least 36 of 40 at least 18 of 20 looser",
        "site lax at least 32 of 40 at least 16 of 20 looser",
        "metro west at least 28 of 40 at least 14 of 20 looser",
    ];
    assert_eq!(lowered(&after, &before.rules), expected, "of pools everything may be out");
    assert_eq!(lowered(&before, &before.rules), Vec::<String>::new());
    let off = Rules { wider_floors: WiderFloors::default(), ..before.rules.clone() };
    assert_eq!(lowered(&after, &off), Vec::<String>::new());
    let mut moved = fleet(40);
    moved.places.clear();
    assert_eq!(lowered(&moved, &before.rules), ["metro west at least 28 of 40 gone looser"]);
    let mut of_no_pool = fleet(40);
    of_no_pool.servers.iter_mut().take(20).for_each(|server| server.pool = None);
    assert_eq!(lowered(&of_no_pool, &before.rules), expected, "they serve nobody by now");
}

#[test]
fn calendars_that_come_go_and_change_are_told() {
    let calendar = |name: &str, hours: u64| Calendar {
        name: CalendarName::new(name),
        kind: CalendarKind::Freeze,
        on: Coverage::everything(),
        commands: Vec::new(),
        impact: Impact::Drain,
        rule: Rule::Cron {
            at: vec![Cron::of_text("0 8 * * *").expect("a cron")],
            lasts: SECOND * 3600 * u32::try_from(hours).expect("small"),
            except: Vec::new(),
        },
        zone: None,
        why: String::new(),
        owner: GroupName::new("noc"),
    };
    let rules = |calendars: &[(&str, u64)]| {
        let all = calendars.iter().map(|(name, hours)| calendar(name, *hours)).collect();
        Rules { calendars: Calendars::of(all), ..Rules::default() }
    };
    let before = rules(&[("gone", 1), ("same", 1), ("other", 1)]);
    let now = rules(&[("other", 2), ("new", 1), ("same", 1)]);
    let expected = [
        "calendar gone freeze gone looser",
        "calendar other freeze changed other",
        "calendar new none freeze stricter",
    ];
    assert_eq!(told(&changed(&before, &now)), expected);
}
