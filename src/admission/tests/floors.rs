//! Wider floors than a pool's: which servers they count, when they keep one in, and what is told of them.

use super::*;
use crate::admission::capacity::count;
use crate::domain::server::MetroName;
use crate::workflow::request::Contended;
use proptest::prelude::*;

fn lax() -> CapacityScope {
    CapacityScope::Site(SiteName::new("lax"))
}

fn type_in_lax() -> CapacityScope {
    CapacityScope::TypeInSite(ServerType::new("edge-cache"), SiteName::new("lax"))
}

fn west() -> CapacityScope {
    CapacityScope::Metro(MetroName::new("west"))
}

const NO_LIMIT: WiderFloors = WiderFloors { type_in_site: None, site: None, metro: None };

/// Each wider scope, with the rule that gives it that floor.
fn wider(percent: u8) -> [(CapacityScope, WiderFloors); 3] {
    [
        (type_in_lax(), WiderFloors { type_in_site: Some(percent), ..NO_LIMIT }),
        (lax(), WiderFloors { site: Some(percent), ..NO_LIMIT }),
        (west(), WiderFloors { metro: Some(percent), ..NO_LIMIT }),
    ]
}

impl Fleet {
    /// Everything of a pool may be out, so that the wider floors alone decide.
    pub(super) fn with_floors(mut self, floors: WiderFloors) -> Self {
        (self.rules.pool_out_max_percent, self.rules.wider_floors) = (100, floors);
        self.rules.infrastructure.metro_sites_at_once = 100;
        let facts = |metro: &str| SiteFacts { metro: Some(MetroName::new(metro)), ..SiteFacts::default() };
        let places = [("lax", "west"), ("sfo", "west"), ("fra", "main")];
        self.places = places.map(|(site, metro)| (SiteName::new(site), facts(metro))).into();
        self
    }

    pub(super) fn moved(mut self, number: usize, site: &str, server_type: &str) -> Self {
        let server = &mut self.servers[number];
        (server.site, server.server_type) = (SiteName::new(site), ServerType::new(server_type));
        server.pool = Some(PoolName::new(format!("{server_type}-{site}")));
        self
    }

    fn of_no_pool(mut self, number: usize) -> Self {
        self.servers[number].pool = None;
        self
    }

    /// Where too few would serve, or too little is known, in the order in which it is told.
    fn short_of(&self, number: usize) -> Vec<CapacityScope> {
        let Verdict::Wait(blockers) = self.check(number) else { return Vec::new() };
        let told = blockers.into_iter().map(|blocker| {
            let (Blocker::Capacity { scope, .. } | Blocker::HealthUnknown { scope, .. }) = blocker else {
                panic!("{blocker:?} is about something else")
            };
            scope
        });
        told.collect()
    }
}

/// Each with its number of servers in pools of two each, so that no pool could have so many out.
#[test]
fn a_share_of_a_wider_scope_may_be_out_and_one_where_there_are_two() {
    let cases = [(1, 10, 0), (2, 10, 1), (9, 10, 1), (19, 10, 1), (20, 10, 2), (29, 10, 2), (20, 50, 10), (20, 0, 0)];
    for (total, percent, most) in cases {
        for (scope, rule) in wider(percent) {
            let mut fleet = Fleet::of(total).with_floors(rule);
            for (number, server) in fleet.servers.iter_mut().enumerate() {
                server.pool = Some(PoolName::new(format!("pool-{}", number / 2)));
            }
            let full = fleet.all(1..1 + most, |fleet, number| fleet.in_state(number, Drained));
            // Alone in its pool it is the last one there as well.
            let is_wider = |scope: &CapacityScope| !matches!(scope, CapacityScope::Pool(_));
            let short = full.short_of(0).into_iter().filter(is_wider).collect::<Vec<_>>();
            assert_eq!(short, std::slice::from_ref(&scope), "{scope:?}: {percent} % of {total} with {most} out");
            if most > 0 {
                let back = full.in_state(1, Production).seen(1, Health::Serving, 0);
                assert_eq!(back.blocks(0), ["allow"], "{scope:?}: {percent} % of {total} with one fewer out");
            }
        }
    }
}

#[test]
fn what_is_not_said_is_no_limit() {
    let fleet = Fleet::of(10).with_floors(NO_LIMIT).all(1..10, |fleet, number| fleet.in_state(number, Drained));
    assert_eq!(fleet.blocks(0), ["allow"]);
    assert_eq!(Rules::default().wider_floors, NO_LIMIT);
    let mut fleet = fleet.with_floors(WiderFloors { metro: Some(10), ..NO_LIMIT });
    fleet.places.clear();
    assert_eq!(fleet.blocks(0), ["allow"], "it is not said in which metro the site is");
}

/// Of ten servers one more than the one that may be out is; whether it counts decides.
#[test]
fn a_scope_counts_whom_it_has_and_nobody_else() {
    type Change = fn(Fleet) -> Fleet;
    let table: [(&str, Change, [bool; 3]); 6] = [
        ("of the same pool", |fleet| fleet, [true, true, true]),
        (
            "of another pool of its type",
            |mut fleet| {
                fleet.servers[1].pool = Some(PoolName::new("edge-lax-b"));
                fleet
            },
            [true, true, true],
        ),
        ("of another type", |fleet| fleet.moved(1, "lax", "origin"), [false, true, true]),
        ("of another site of the metro", |fleet| fleet.moved(1, "sfo", "edge-cache"), [false, false, true]),
        ("of another metro", |fleet| fleet.moved(1, "fra", "edge-cache"), [false, false, false]),
        ("of no pool", |fleet| fleet.of_no_pool(1), [false, false, false]),
    ];
    for (what, change, counts) in table {
        for ((scope, rule), counts) in wider(10).into_iter().zip(counts) {
            let fleet = change(Fleet::of(10).with_floors(rule)).in_state(1, Drained);
            let expected = if counts { vec![scope.clone()] } else { Vec::new() };
            assert_eq!(fleet.short_of(0), expected, "{scope:?}: {what}");
        }
    }
    let none = Fleet::of(10).with_floors(WiderFloors { site: Some(10), ..NO_LIMIT }).in_state(1, Drained);
    assert_eq!(none.of_no_pool(0).blocks(0), ["allow"], "what serves nobody takes nothing away");
}

/// A server counts in a wider scope as it does in its pool, whatever is known of it.
#[test]
fn each_server_counts_as_it_does_in_its_pool() {
    type Change = fn(Fleet) -> Fleet;
    let table: [(&str, Change, bool); 12] = [
        ("serving", |fleet| fleet, true),
        ("drained", |fleet| fleet.in_state(1, Drained), false),
        ("in maintenance", |fleet| fleet.in_state(1, ProductionState::Maintenance), false),
        ("in repair, says nobody", |fleet| fleet.in_state(1, ProductionState::Repair), false),
        ("on standby", |fleet| fleet.in_state(1, Standby), true),
        ("failing by itself", |fleet| fleet.seen(1, Health::Failing, 0), false),
        ("taken out by somebody else", |fleet| fleet.seen(1, Health::OutOfRotation, 0), false),
        ("promised to a run", |fleet| fleet.locked(1, "bbbb", LockStanding::Working), false),
        ("promised to a run that waits", |fleet| fleet.locked(1, "bbbb", LockStanding::Parked), false),
        ("left behind", |fleet| fleet.locked(1, "bbbb", LockStanding::LeftBehind), false),
        ("never seen", |fleet| fleet.unseen(1), false),
        ("seen long ago", |fleet| fleet.seen(1, Health::Serving, 300), false),
    ];
    for (what, change, lets_another) in table {
        let pool = change(Fleet::of(12));
        assert_eq!(pool.is_allowed(0), lets_another, "the pool: {what}");
        let of_pool = pool.count();
        for (scope, rule) in wider(10) {
            let fleet = change(Fleet::of(12).with_floors(rule));
            assert_eq!(fleet.is_allowed(0), lets_another, "{scope:?}: {what}");
            let inventory = fleet.inventory();
            let count = count(&scope, fleet.known(&inventory));
            assert_eq!(
                (count.total, count.serving, count.promised, count.unknown, count.floor, &*count.out),
                (of_pool.total, of_pool.serving, of_pool.promised, of_pool.unknown, of_pool.floor, &of_pool.out),
                "{scope:?}: {what}"
            );
        }
    }
}

#[test]
fn one_that_is_in_repair_by_somebodys_word_has_left() {
    for (scope, rule) in wider(10) {
        let said_by_nobody = Fleet::of(20).with_floors(rule).in_state(1, ProductionState::Repair);
        let inventory = said_by_nobody.inventory();
        let total = count(&scope, said_by_nobody.known(&inventory)).total;
        assert_eq!(total, 20, "{scope:?}: nobody has taken it on");
        let said = said_by_nobody.in_word(1, ProductionState::Repair);
        let counted = count(&scope, said.known(&inventory));
        assert_eq!((counted.total, counted.floor, counted.in_repair.len()), (19, 18, 1), "{scope:?}");
    }
}

#[test]
fn too_little_known_of_a_wider_scope_waits_and_the_dead_are_cured() {
    for (scope, rule) in wider(50) {
        let one = Fleet::of(10).with_floors(rule).unseen(1);
        assert_eq!(one.blocks(0), ["allow"], "{scope:?}: a tenth may be unknown");
        let two = one.seen(2, Health::Serving, 300);
        // The pool of the same servers is as little known.
        let pool = CapacityScope::Pool(PoolName::new("edge-lax"));
        assert_eq!(two.short_of(0), [pool, scope.clone()]);
        assert_eq!(two.blocks(0), ["unknown", "unknown"], "{scope:?}");
        assert_eq!(two.blocks(1), ["unknown", "unknown"], "{scope:?}: it is not told apart");
        assert_eq!(two.clone().seen(3, Health::Failing, 0).blocks(3), ["allow"], "{scope:?}: the cure");
        assert_eq!(two.in_state(3, Drained).blocks(3), ["allow"], "{scope:?}: it takes nothing");
    }
    let elsewhere = Fleet::of(10).with_floors(WiderFloors { site: Some(50), ..NO_LIMIT });
    let elsewhere = elsewhere.moved(1, "lax", "origin").moved(2, "lax", "origin").unseen(1).unseen(2);
    assert_eq!(elsewhere.short_of(0), [lax()], "its own pool is known");
}

#[test]
fn every_floor_is_told_the_narrowest_first() {
    let rules = WiderFloors { type_in_site: Some(10), site: Some(10), metro: Some(10) };
    let mut fleet = Fleet::of(10).with_floors(rules).in_state(1, Drained);
    fleet.rules.pool_out_max_percent = 10;
    let pool = CapacityScope::Pool(PoolName::new("edge-lax"));
    assert_eq!(fleet.short_of(0), [pool, type_in_lax(), lax(), west()]);
    let Verdict::Wait(blockers) = fleet.check(0) else { panic!("it waits") };
    assert_eq!(merged(blockers.clone()), blockers, "they are different reasons");
    let told = Blocker::Capacity { scope: lax(), serving: 9, total: 10, floor: 9, out: fleet.count().out.into() };
    assert!(blockers.contains(&told), "{blockers:?}");
    let may_pass = blockers.iter().all(|blocker| blocker.overridable() == Some(PolicyName::Capacity));
    assert!(may_pass, "an override of capacity lets it pass all");
}

#[test]
fn a_run_under_way_asks_for_the_wider_floors_again() {
    for (scope, rule) in wider(10) {
        let taken = Fleet::of(10).with_floors(rule).in_state(0, Drained).locked(0, "2mq9", LockStanding::Working);
        assert_eq!(taken.goes_on(0), Ok(()), "{scope:?}: 9 of 10 serve");
        for worse in [taken.clone().seen(1, Health::Failing, 0), taken.clone().unseen(1)] {
            assert_eq!(worse.goes_on(0), Err(PolicyName::Capacity), "{scope:?}");
        }
        let without_drain = Fleet::of(10).with_floors(rule).locked(0, "2mq9", LockStanding::Working);
        assert_eq!(without_drain.goes_on(0), Ok(()), "{scope:?}: it will be gone, and nothing else is");
        let worse = without_drain.seen(1, Health::Failing, 0);
        assert_eq!(worse.goes_on(0), Err(PolicyName::Capacity), "{scope:?}: 9 serve, but 8 will");
    }
}

/// Whoever has waited too long for a place of a wider scope takes precedence over all that would take one of it.
#[test]
fn nobody_later_takes_a_place_of_a_scope_that_another_waits_for() {
    let fleet = Fleet::of(20).with_floors(NO_LIMIT).moved(1, "lax", "origin").moved(2, "sfo", "edge-cache");
    let fleet = fleet.moved(3, "fra", "edge-cache").of_no_pool(4).in_state(5, Drained);
    let (inventory, run) = (fleet.inventory(), run_of("2mq9", 1));
    let cases = [
        (type_in_lax(), [true, false, false, false, false, false]),
        (lax(), [true, true, false, false, false, false]),
        (west(), [true, true, true, false, false, false]),
    ];
    for (scope, expected) in cases {
        let before = [Precedence {
            request: run_of("aaaa", 1).request,
            command: CommandName::new("reboot"),
            sites: [SiteName::new("lax")].into(),
            since: NOW,
            over: [Contended::Floor(scope.clone())].into(),
        }];
        for (number, is_behind) in expected.into_iter().enumerate() {
            let server = planned(&fleet.servers[number]);
            let (spec, version, asked_by, passes) = (&fleet.spec, None, Asker::Person, PolicySet::NONE);
            let candidate = Candidate { run: &run, server: &server, spec, version, asked_by, passes };
            let verdict = evaluate(candidate, fleet.known(&inventory).after(&before));
            let waits_behind = |verdict: &Verdict| match verdict {
                Verdict::Wait(blockers) => blockers.iter().any(|blocker| word(blocker) == "behind"),
                Verdict::Allow(_) | Verdict::Deny(_) => false,
            };
            assert_eq!(waits_behind(&verdict), is_behind, "{scope:?}: server {number}");
        }
    }
}

#[test]
fn the_file_takes_a_percentage_or_none() {
    let read = |text: &str| {
        admission_rules("admission.yaml", &format!("capacity: {{ {text} }}")).map(|rules| rules.wider_floors)
    };
    assert_eq!(read("out-max: 10%"), Ok(NO_LIMIT));
    let all = WiderFloors { type_in_site: Some(50), site: Some(20), metro: Some(0) };
    assert_eq!(read("type-in-site-out-max: 50%, site-out-max: 20%, metro-out-max: 0%"), Ok(all));
    assert_eq!(read("type-in-site-out-max: none, site-out-max: none, metro-out-max: none"), Ok(NO_LIMIT));
    for key in ["type-in-site-out-max", "site-out-max", "metro-out-max"] {
        for wrong in ["101%", "a lot", "-1%", "'10 % or so'"] {
            let fault = read(&format!("{key}: {wrong}")).expect_err(wrong).what;
            let given = wrong.trim_matches('\'');
            let told = format!("capacity.{key} is `{given}`; it takes a percentage such as 10%, or none");
            assert_eq!(fault, told);
        }
    }
    assert!(read("region-out-max: 10%").expect_err("unknown").to_string().contains("region-out-max"));
    let shipped = include_str!("../../../policies/admission.yaml");
    let shipped = admission_rules("admission.yaml", shipped).map(|rules| rules.wider_floors);
    assert_eq!(shipped, Ok(NO_LIMIT), "it shows the defaults");
}

/// What may be known of one server.
#[derive(Clone, Copy, Debug)]
enum News {
    In(ProductionState),
    Seen(Health),
    Unseen,
    Locked(LockStanding),
}

fn any_news() -> impl Strategy<Value = News> {
    use LockStanding::{LeftBehind, Parked, Working};
    prop_oneof![
        2 => prop::sample::select(vec![Drained, Standby]).prop_map(News::In),
        1 => prop::sample::select(vec![Health::Failing, Health::OutOfRotation]).prop_map(News::Seen),
        1 => Just(News::Unseen),
        2 => prop::sample::select(vec![Working, Parked, LeftBehind]).prop_map(News::Locked),
    ]
}

pub(super) fn any_percent() -> impl Strategy<Value = Option<u8>> {
    prop::option::weighted(0.7, 0_u8..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A pass says what is said without what it has counted, and a decision keeps of all that is known what can have had a say.
    #[test]
    fn a_pass_that_is_asked_again_says_the_same(
        floors in (any_percent(), any_percent(), any_percent()),
        asked in prop::collection::vec(0_usize..24, 1..9),
        news in prop::collection::vec((0_usize..24, any_news()), 0..5),
        places in prop::collection::vec((0_usize..3, any::<bool>()), 24),
    ) {
        let (type_in_site, site, metro) = floors;
        let mut fleet = Fleet::of(24).with_floors(WiderFloors { type_in_site, site, metro });
        fleet.rules.unknown_max_percent = 20;
        for (number, (site, is_origin)) in places.into_iter().enumerate() {
            let server_type = if is_origin { "origin" } else { "edge-cache" };
            fleet = fleet.moved(number, ["lax", "sfo", "fra"][site], server_type);
        }
        for (number, news) in news {
            fleet = match news {
                News::In(state) => fleet.in_state(number, state),
                News::Seen(health) => fleet.seen(number, health, 0),
                News::Unseen => fleet.unseen(number),
                News::Locked(standing) => fleet.locked(number, "bbbb", standing),
            };
        }
        let (inventory, run) = (fleet.inventory(), run_of("2mq9", 1));
        let servers = asked.iter().map(|number| planned(&fleet.servers[*number])).collect::<Vec<_>>();
        let candidates = servers.iter().map(|server| Candidate {
            run: &run,
            server,
            spec: &fleet.spec,
            version: None,
            asked_by: Asker::Person,
            passes: PolicySet::NONE,
        });
        let known = fleet.known(&inventory);
        let passed = pass(candidates, known);
        let mut ledger = fleet.ledger.clone();
        for (candidate, verdict) in &passed {
            prop_assert_eq!(verdict, &evaluate(*candidate, known.with_ledger(&ledger)));
            if let Verdict::Allow(admitted) = verdict {
                ledger.locks.insert(candidate.server.id.clone(), admitted.lock(*candidate, NOW));
            }
        }
        let said = decided(&passed);
        let kept = Snapshot::of(&servers, known, &Fingerprint::of(b"files"));
        let again = kept.ask_again(&said, (&fleet.spec, None)).expect("they make an inventory");
        prop_assert_eq!(again, said.iter().map(|one| one.said.clone()).collect::<Vec<_>>());
    }
}

/// Of a wide scope many are out and many wait, so what each reason tells of them is made once.
#[test]
fn reasons_of_one_scope_in_a_pass_hold_one_list_of_what_is_out() {
    for (scope, rule) in wider(10) {
        let mut fleet = Fleet::of(40).with_floors(rule);
        for (number, server) in fleet.servers.iter_mut().enumerate() {
            server.pool = Some(PoolName::new(format!("pool-{}", number / 20)));
        }
        let fleet = fleet.all(0..3, |fleet, number| fleet.in_state(number, Drained));
        let (inventory, run) = (fleet.inventory(), run_of("2mq9", 1));
        let servers = fleet.servers.iter().skip(3).map(planned).collect::<Vec<_>>();
        let (spec, version, asked_by, passes) = (&fleet.spec, None, Asker::Person, PolicySet::NONE);
        let candidates = servers.iter().map(|server| Candidate { run: &run, server, spec, version, asked_by, passes });
        let said = pass(candidates, fleet.known(&inventory));
        let lists = said.iter().filter_map(|(_, verdict)| match verdict {
            Verdict::Wait(blockers) => match blockers.as_slice() {
                [Blocker::Capacity { out, .. }] => Some(out),
                other => panic!("{scope:?}: {other:?}"),
            },
            Verdict::Allow(_) | Verdict::Deny(_) => None,
        });
        let lists = lists.collect::<Vec<_>>();
        assert_eq!(lists.len(), 36, "{scope:?}: one more starts, and is promised");
        assert!(lists.iter().all(|list| Arc::ptr_eq(list, lists[0])), "{scope:?}: each has a list of its own");
        let told = reasons_of_servers(&said);
        let [Blocker::Capacity { out, .. }] = told.as_slice() else { panic!("{scope:?}: {told:?}") };
        assert!(Arc::ptr_eq(out, lists[0]) && out.len() == 3, "{scope:?}");
    }
}
