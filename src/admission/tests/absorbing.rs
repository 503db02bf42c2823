//! Pools of one: when others take over what they carry, and what waits meanwhile.

use super::*;
use crate::admission::traffic::{Doubt, Measured, Snapshot as Seen, is_missed};
use crate::workflow::request::{AbsorbLack, TrafficMeasure, TrafficScope};
use proptest::prelude::*;

/// The only server of riga, and the first ones of the pools that may take over.
pub(super) const RIGA: usize = 0;
pub(super) const FRA: usize = 1;
const TLL: usize = 5;

pub(super) fn pool_in(site: &str) -> PoolName {
    PoolName::new(format!("edge-cache-{site}"))
}

fn absorbed(site: &str, by: &[&str]) -> Absorption {
    let by = by.iter().copied().map(SiteName::new).collect();
    Absorption { server_type: ServerType::new("edge-cache"), site: SiteName::new(site), by }
}

pub(super) fn carried(units: f64) -> Measured {
    Measured { units, seen_at: NOW, before: Vec::new(), usual: None, ahead: Vec::new() }
}

fn known_to_carry(pools: &[(&str, f64)]) -> Traffic {
    let pools = pools.iter().map(|(site, units)| (pool_in(site), Ok(carried(*units))));
    Traffic::Seen(Seen { pools: pools.collect(), silent: None })
}

/// One server in riga, four in fra and two in tll, with room for what riga carries.
pub(super) fn three_sites() -> Fleet {
    let fleet = Fleet::of(7).moved(RIGA, "riga", "edge-cache");
    let fleet = fleet.all(FRA..TLL, |fleet, number| fleet.moved(number, "fra", "edge-cache"));
    let mut fleet = fleet.all(TLL..7, |fleet, number| fleet.moved(number, "tll", "edge-cache"));
    fleet.rules.absorbed_by = vec![absorbed("riga", &["fra", "tll"])];
    fleet.traffic = known_to_carry(&[("riga", 0.5), ("fra", 1.6), ("tll", 0.8)]);
    fleet
}

impl Fleet {
    pub(super) fn measuring(mut self, site: &str, measured: Result<Measured, Doubt>) -> Self {
        let Traffic::Seen(seen) = &mut self.traffic else { panic!("nothing is seen") };
        seen.pools.insert(pool_in(site), measured);
        self
    }

    fn lacks(&self, number: usize) -> Vec<AbsorbLack> {
        let Verdict::Wait(blockers) = self.check(number) else { return Vec::new() };
        let lacks = blockers.into_iter().filter_map(|blocker| {
            let Blocker::NotAbsorbed { lack, .. } = blocker else { return None };
            Some(lack)
        });
        lacks.collect()
    }

    fn too_much(&self, number: usize) -> Vec<(TrafficScope, TrafficMeasure, u32)> {
        let Verdict::Wait(blockers) = self.check(number) else { return Vec::new() };
        let told = blockers.into_iter().filter_map(|blocker| {
            let Blocker::Traffic { scope, measure, percent, .. } = blocker else { return None };
            Some((scope, measure, percent))
        });
        told.collect()
    }

    /// A run has it, which serves still.
    pub(super) fn promised(self, number: usize) -> Self {
        self.locked(number, "bbbb", LockStanding::Working)
    }
}

#[test]
fn a_pool_of_one_goes_out_where_others_take_over() {
    let fleet = three_sites();
    assert_eq!(fleet.blocks(RIGA), ["allow"]);
    let nobody = Fleet { rules: Rules { absorbed_by: Vec::new(), ..fleet.rules.clone() }, ..fleet.clone() };
    assert_eq!(nobody.blocks(RIGA), ["capacity", "traffic"], "without the rule it is an override's");
    let none_out = Fleet { rules: Rules { pool_out_max_percent: 0, ..fleet.rules.clone() }, ..fleet.clone() };
    assert!(none_out.blocks(RIGA).contains(&"capacity"), "none means none");
    let mut of_another_type = fleet.clone();
    of_another_type.rules.absorbed_by[0].server_type = ServerType::new("origin");
    assert_eq!(of_another_type.blocks(RIGA), ["capacity", "traffic"]);
    let mut floors = fleet;
    floors.rules.wider_floors = WiderFloors { type_in_site: Some(10), site: Some(10), metro: None };
    assert_eq!(floors.blocks(RIGA), ["allow"], "it is the only one of these as well");
}

#[test]
fn whoever_cannot_take_over_keeps_it_in() {
    let short = |site: &str, serving, total, floor| AbsorbLack::Short { pool: pool_in(site), serving, total, floor };
    let unknown = |total, since| AbsorbLack::Unknown { pool: pool_in("fra"), unknown: 1, total, since };
    type Change = fn(Fleet) -> Fleet;
    let table: [(&str, Change, Vec<AbsorbLack>); 12] = [
        ("not seen", |fleet| fleet.unseen(FRA), vec![unknown(4, None)]),
        (
            "seen long ago",
            |fleet| fleet.seen(FRA, Health::Serving, 300),
            vec![unknown(4, Some(NOW.minus(300 * SECOND)))],
        ),
        ("at its floor", |fleet| fleet.in_state(FRA, Drained), vec![short("fra", 3, 4, 3)]),
        ("at its floor soon", |fleet| fleet.promised(FRA), vec![short("fra", 3, 4, 3)]),
        (
            "below it",
            |fleet| fleet.seen(FRA, Health::Failing, 0).in_state(FRA + 1, Drained),
            vec![short("fra", 2, 4, 3)],
        ),
        (
            "of one, and out",
            |fleet| fleet.moved(TLL + 1, "ams", "edge-cache").in_state(TLL, Drained),
            vec![short("tll", 0, 1, 1)],
        ),
        (
            "meant to be out as a whole",
            |fleet| fleet.in_state(TLL, Standby).in_state(TLL + 1, Standby),
            vec![short("tll", 0, 0, 0)],
        ),
        (
            "of another type",
            |fleet| fleet.all(FRA..7, |fleet, number| fleet.moved(number, "fra", "origin")),
            vec![AbsorbLack::Nobody],
        ),
        ("not measured", |fleet| Fleet { traffic: Traffic::NotConfigured, ..fleet }, vec![AbsorbLack::NotMeasured]),
        (
            "of a type that is not looked at",
            |mut fleet| {
                fleet.rules.traffic.capacity.insert(ServerType::new("edge-cache"), 0);
                fleet
            },
            vec![AbsorbLack::NotMeasured],
        ),
        (
            "only observed",
            |mut fleet| {
                fleet.rules.observed = vec![PolicyName::Traffic];
                fleet
            },
            vec![AbsorbLack::OnlyObserved],
        ),
        ("as it should be", |fleet| fleet, Vec::new()),
    ];
    for (what, change, lacks) in table {
        let fleet = change(three_sites());
        assert_eq!(fleet.lacks(RIGA), lacks, "{what}");
        assert_eq!(fleet.is_allowed(RIGA), lacks.is_empty(), "{what}");
    }
    let told_only = Fleet { traffic: Traffic::LeftOut, ..three_sites() };
    assert_eq!(told_only.blocks(RIGA), ["allow"], "who does not look says nothing of it, and tells what was told last");
    let of_capacity = Blocker::NotAbsorbed { pool: pool_in("riga"), lack: AbsorbLack::NotMeasured };
    assert_eq!(of_capacity.overridable(), Some(PolicyName::Capacity));
}

#[test]
fn what_it_carries_must_be_carried_where_it_goes() {
    // 0.5 of riga are shared by six servers, of which fra has four.
    let fra = |units, percent| {
        let fleet = three_sites().measuring("fra", Ok(carried(units)));
        let told = (TrafficScope::Pool(pool_in("fra")), TrafficMeasure::LoadAfter, percent);
        assert_eq!(fleet.too_much(RIGA), if percent > 70 { vec![told] } else { Vec::new() }, "{units}");
    };
    fra(2.46, 70);
    fra(2.5, 71);
    fra(3.0, 84);
    let doubt = || Err(Doubt { why: "no sample".to_owned(), since: NOW });
    for site in ["riga", "fra", "tll"] {
        assert_eq!(three_sites().measuring(site, doubt()).blocks(RIGA), ["traffic unknown"], "{site}");
        let old = Measured { seen_at: NOW.minus(91 * SECOND), ..carried(0.5) };
        assert_eq!(three_sites().measuring(site, Ok(old)).blocks(RIGA), ["traffic unknown"], "{site}");
    }
    // What is more than usual there, or rises, keeps it in as well, as far as it is much with what comes.
    let surge = |units, usual| Ok(Measured { usual: Some(usual), ..carried(units) });
    let told = three_sites().measuring("fra", surge(1.6, 1.0)).too_much(RIGA);
    assert_eq!(told, [(TrafficScope::Pool(pool_in("fra")), TrafficMeasure::OfUsual, 160)]);
    assert_eq!(three_sites().measuring("fra", surge(0.9, 0.5)).blocks(RIGA), ["allow"], "little with it");
    assert_eq!(three_sites().measuring("fra", surge(1.3, 0.9)).blocks(RIGA), ["traffic"], "40 % with it");
    let own = three_sites().measuring("riga", surge(0.5, 0.3)).too_much(RIGA);
    assert_eq!(own, [(TrafficScope::Pool(pool_in("riga")), TrafficMeasure::OfUsual, 167)]);
    // What it carried a moment ago counts: for a while it is seen in neither place.
    let lately = |minutes: u32| {
        let before = vec![(NOW.minus(60 * SECOND * minutes), 3.0)];
        three_sites().measuring("riga", Ok(Measured { before, ..carried(0.0) })).promised(RIGA)
    };
    assert!(!lately(9).is_allowed(FRA) && lately(11).blocks(FRA) == ["not absorbed"]);
}

/// Only where what comes from elsewhere is a part of what is told.
#[test]
fn a_reason_names_the_pools_whose_load_comes_with_it() {
    let from = |fleet: &Fleet, number: usize| {
        let Verdict::Wait(blockers) = fleet.check(number) else { panic!("it may start") };
        let told = blockers.into_iter().filter_map(|blocker| {
            let Blocker::Traffic { scope: TrafficScope::Pool(pool), measure, brought, .. } = blocker else {
                return None;
            };
            Some((pool, measure, brought))
        });
        told.collect::<Vec<_>>()
    };
    use TrafficMeasure::{LoadAfter, OfUsual};
    let (fra, riga, tll) = (pool_in("fra"), pool_in("riga"), pool_in("tll"));
    let busy = three_sites().measuring("fra", Ok(Measured { usual: Some(1.0), ..carried(2.5) }));
    assert_eq!(from(&busy, RIGA), [(fra.clone(), LoadAfter, vec![riga.clone()]), (fra.clone(), OfUsual, vec![])]);
    let mut roomy = three_sites().promised(RIGA).measuring("fra", Ok(carried(2.2)));
    roomy.rules.pool_out_max_percent = 60;
    assert_eq!(from(&roomy, FRA), [(fra.clone(), LoadAfter, vec![riga.clone()])], "of those who take over as well");
    let gone = roomy.clone().measuring("riga", Ok(carried(0.0)));
    assert_eq!(from(&gone, FRA), [(fra.clone(), LoadAfter, Vec::new())], "it carries nothing");
    let in_use = roomy.measuring("riga", Ok(carried(0.1)));
    assert_eq!(from(&in_use, FRA), [(fra.clone(), LoadAfter, vec![riga])], "the worse of both is told");
    // Two pools of one that are both taken over by one server of tll.
    let mut two = three_sites().moved(TLL + 1, "ams", "edge-cache").promised(TLL + 1);
    two.rules.absorbed_by = vec![absorbed("ams", &["tll"]), absorbed("riga", &["tll"])];
    two.traffic = known_to_carry(&[("riga", 0.3), ("ams", 0.3), ("tll", 0.3), ("fra", 0.0)]);
    assert_eq!(from(&two, RIGA), [(tll, LoadAfter, vec![pool_in("ams"), pool_in("riga")])]);
}

/// Whoever takes over stays, as far as both at once would be too much; in either order.
#[test]
fn while_it_is_out_those_stay_who_take_over() {
    let out = [
        three_sites().promised(RIGA),
        three_sites().in_state(RIGA, Drained),
        three_sites().seen(RIGA, Health::Failing, 0),
        three_sites().unseen(RIGA),
    ];
    for fleet in out {
        let told = AbsorbLack::InUse { pool: pool_in("fra"), serving: 4, total: 4, floor: 3 };
        assert_eq!(fleet.lacks(FRA), [told], "it would be at its floor");
        let mut roomy = fleet;
        roomy.rules.pool_out_max_percent = 60;
        assert_eq!(roomy.blocks(FRA), ["allow"], "60 % of three, with what comes");
        let busy = roomy.measuring("fra", Ok(carried(1.9)));
        assert_eq!(busy.blocks(FRA), ["traffic"], "1.9 of three would do, and not 2.2");
        let other = busy.measuring("fra", Ok(carried(1.6))).measuring("tll", Ok(carried(1.3)));
        assert_eq!(other.too_much(FRA), [(TrafficScope::Pool(pool_in("tll")), TrafficMeasure::LoadAfter, 75)]);
    }
    let mut back = three_sites().measuring("fra", Ok(carried(1.9)));
    assert_eq!(back.blocks(FRA), ["allow"], "riga serves");
    back.rules.pool_out_max_percent = 60;
    assert_eq!(back.promised(FRA).blocks(RIGA), ["traffic"], "the other order");
    // Where nobody is meant to serve, what was carried has been elsewhere for long.
    let apart = three_sites().in_state(RIGA, Standby);
    let apart = apart.measuring("riga", Err(Doubt { why: "no sample".to_owned(), since: NOW }));
    assert_eq!(apart.blocks(FRA), ["allow"]);
}

#[test]
fn two_pools_of_one_that_take_over_from_each_other_are_never_both_out() {
    let mut fleet = three_sites().moved(TLL + 1, "ams", "origin");
    fleet.rules.absorbed_by = vec![absorbed("riga", &["tll"]), absorbed("tll", &["riga"])];
    fleet.traffic = known_to_carry(&[("riga", 0.3), ("tll", 0.3), ("fra", 0.0)]);
    assert_eq!((fleet.blocks(RIGA), fleet.blocks(TLL)), (vec!["allow"], vec!["allow"]));
    for (out, other) in [(RIGA, TLL), (TLL, RIGA)] {
        for fleet in [fleet.clone().promised(out), fleet.clone().in_state(out, Drained)] {
            assert!(fleet.blocks(other).contains(&"capacity"), "{:?}", fleet.blocks(other));
        }
    }
}

#[test]
fn a_run_that_has_it_out_asks_for_those_who_take_over_again() {
    let out = || three_sites().in_state(RIGA, Drained).locked(RIGA, "2mq9", LockStanding::Working);
    assert_eq!(out().goes_on(RIGA), Ok(()));
    for worse in [
        out().seen(FRA, Health::Failing, 0),
        out().unseen(TLL),
        Fleet { traffic: Traffic::NotConfigured, ..out() },
        Fleet { rules: Rules { observed: vec![PolicyName::Traffic], ..out().rules }, ..out() },
    ] {
        assert_eq!(worse.goes_on(RIGA), Err(PolicyName::Capacity));
    }
    for busy in [out().measuring("fra", Ok(carried(2.5))), out().measuring("tll", Ok(carried(1.3)))] {
        assert_eq!(busy.goes_on(RIGA), Err(PolicyName::Traffic));
    }
    let gone = out().measuring("riga", Ok(Measured { before: vec![(NOW, 3.0)], ..carried(0.0) }));
    assert_eq!(gone.goes_on(RIGA), Ok(()), "what it carried is seen where it has gone by now");
    // Nobody misses it where nothing is left, and it is missed where too much comes.
    let missed = |fleet: &Fleet| is_missed(&planned(&fleet.servers[RIGA]), fleet.known(&fleet.inventory()), &[]);
    assert!(!missed(&out()) && missed(&out().measuring("fra", Ok(carried(3.5)))));
    let taking_over = three_sites().seen(RIGA, Health::Failing, 0).in_state(FRA, Drained);
    let taking_over = taking_over.locked(FRA, "2mq9", LockStanding::Working);
    assert_eq!(taking_over.goes_on(FRA), Err(PolicyName::Capacity), "it is missed, now that riga has failed");
}

#[test]
fn the_file_says_who_takes_over() {
    let read = |text: &str| admission_rules("admission.yaml", &format!("capacity:\n  absorbed-by: {text}\n"));
    let rules = read("[{ type: edge-cache, site: riga, by: [fra, tll] }]").map(|rules| rules.absorbed_by);
    assert_eq!(rules, Ok(vec![absorbed("riga", &["fra", "tll"])]));
    assert_eq!(read("[]").map(|rules| rules.absorbed_by), Ok(Vec::new()));
    for (wrong, told) in [
        ("riga", "capacity.absorbed-by takes a list"),
        ("[riga]", "capacity.absorbed-by takes a list"),
        ("[{ type: edge-cache, site: riga }]", "capacity.absorbed-by takes a list"),
        ("[{ type: edge-cache, site: riga, by: [] }]", "capacity.absorbed-by takes a list"),
        ("[{ type: edge-cache, site: riga, by: [fra], why: x }]", "capacity.absorbed-by takes a list"),
        ("[{ type: edge-cache, site: riga, by: [riga] }]", "riga cannot take over from itself"),
        ("[{ type: edge-cache, site: riga, by: [fra, fra] }]", "fra is named twice"),
        ("[{ type: a, site: b, by: [c] }, { type: a, site: b, by: [d] }]", "twice who takes over a in b"),
    ] {
        let fault = read(wrong).expect_err(wrong);
        assert!(fault.line == Some(2) && fault.what.contains(told), "{wrong}: {fault:?}");
    }
    let inventory = three_sites().inventory();
    let check = |text: &str| {
        let text = format!("capacity:\n  absorbed-by:\n    - {text}\n");
        let faults = check_absorbed_by("admission.yaml", &text, &inventory).err().unwrap_or_default();
        faults.into_iter().map(|fault| (fault.line, fault.what)).collect::<Vec<_>>()
    };
    let at = |what: &str| (Some(3), what.to_owned());
    assert_eq!(check("{ type: edge-cache, site: riga, by: [fra, tll] }"), []);
    assert_eq!(
        check("{ type: edge-cash, site: riga, by: [fra] }"),
        [at("the inventory has no server of type `edge-cash`: did you mean `edge-cache`?")]
    );
    let unknown = [
        at("the inventory has no site `rig`: did you mean `riga`?"),
        at("the inventory has no site `frb`: did you mean `fra`?"),
    ];
    assert_eq!(check("{ type: edge-cache, site: rig, by: [frb] }"), unknown);
    let of_another = three_sites().moved(TLL, "tll", "origin").moved(TLL + 1, "tll", "origin").inventory();
    let text = "capacity: { absorbed-by: [{ type: edge-cache, site: riga, by: [tll] }] }\n";
    let faults = check_absorbed_by("admission.yaml", text, &of_another).expect_err("nothing of the type is there");
    assert_eq!(faults[0].what, "the inventory has no server of type `edge-cache` with a pool in tll");
}

/// Who takes over was kept only where that was a rule.
#[test]
fn a_replay_asks_only_what_was_kept() {
    let now = [absorbed("riga", &["fra"]), absorbed("tll", &["fra"])];
    assert_eq!(absorptions_asked_on(&now, &[absorbed("riga", &["fra"]), absorbed("tll", &["ams"])]), [now[0].clone()]);
    assert_eq!(absorptions_asked_on(&now, &[]), []);
}

/// One server of riga and one of ams, up to five of fra and of tll.
#[derive(Clone, Debug)]
struct Places {
    fra: usize,
    tll: usize,
    units: [f64; 4],
    cyclic: bool,
    out_max: u8,
}

const SITES: [&str; 4] = ["riga", "ams", "fra", "tll"];

fn any_places() -> impl Strategy<Value = Places> {
    let units = (0.0..0.9_f64, 0.0..0.9_f64, 0.0..0.7_f64, 0.0..0.7_f64);
    (1_usize..6, 1_usize..6, units, any::<bool>(), prop::sample::select(vec![10_u8, 50, 100])).prop_map(
        |(fra, tll, (riga, ams, of_fra, of_tll), cyclic, out_max)| {
            let share = |count: usize, load: f64| f64::from(u32::try_from(count).expect("few")) * load;
            Places { fra, tll, units: [riga, ams, share(fra, of_fra), share(tll, of_tll)], cyclic, out_max }
        },
    )
}

impl Places {
    fn fleet(&self) -> Fleet {
        let site = |number: usize| match number {
            0 | 1 => SITES[number],
            _ if number < 2 + self.fra => "fra",
            _ => "tll",
        };
        let total = 2 + self.fra + self.tll;
        let fleet = Fleet::of(total);
        let mut fleet = fleet.all(0..total, |fleet, number| fleet.moved(number, site(number), "edge-cache"));
        fleet.rules.absorbed_by = self.rules();
        fleet.rules.pool_out_max_percent = self.out_max;
        let pools = SITES.into_iter().zip(self.units).collect::<Vec<_>>();
        fleet.traffic = known_to_carry(&pools);
        fleet
    }

    fn rules(&self) -> Vec<Absorption> {
        let mut rules = vec![absorbed("ams", &["fra"]), absorbed("riga", &["fra", "tll"])];
        if self.cyclic {
            rules.push(absorbed("fra", &["riga", "tll"]));
            rules.push(absorbed("tll", &["ams", "riga"]));
            rules.sort();
        }
        rules
    }

    /// How much each site carries of what is left there, with what comes from where nothing is left: counted here anew.
    fn loads(&self, fleet: &Fleet) -> Vec<(&'static str, f64, f64)> {
        let left = |site: &str| {
            let stays = fleet.servers.iter().filter(|server| server.site.as_str() == site);
            let stays = stays.filter(|server| !fleet.ledger.locks.contains_key(&server.id)).count();
            f64::from(u32::try_from(stays).expect("few"))
        };
        let units = |site: &str| self.units[SITES.iter().position(|one| *one == site).expect("it is one of them")];
        let mut brought = BTreeMap::<String, f64>::new();
        for rule in self.rules().iter().filter(|rule| left(rule.site.as_str()) == 0.0) {
            let all = rule.by.iter().map(|site| left(site.as_str())).sum::<f64>();
            for site in &rule.by {
                let part = if all > 0.0 { left(site.as_str()) / all } else { 1.0 };
                *brought.entry(site.to_string()).or_default() += units(rule.site.as_str()) * part;
            }
        }
        SITES.into_iter().map(|site| (site, units(site) + brought.get(site).unwrap_or(&0.0), left(site))).collect()
    }
}

/// What happens: a run asks for a server, or gives back the one that it has.
fn after(fleet: &Fleet, number: usize) -> (Fleet, bool) {
    if fleet.ledger.locks.contains_key(&id(number)) {
        let mut back = fleet.clone();
        back.ledger.locks.remove(&id(number));
        return (back, false);
    }
    if fleet.is_allowed(number) { (fleet.clone().promised(number), true) } else { (fleet.clone(), false) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever starts and comes back in whatever order: nobody who takes over gets more than may be.
    #[test]
    fn no_order_of_starts_brings_too_much_to_whoever_takes_over(
        places in any_places(),
        events in prop::collection::vec(0_usize..12, 1..24),
    ) {
        let mut fleet = places.fleet();
        for number in events {
            let number = number % fleet.servers.len();
            let (next, started) = after(&fleet, number);
            fleet = next;
            if !started {
                continue;
            }
            for (site, units, left) in places.loads(&fleet) {
                let is_relied_on = places.rules().iter().any(|rule| {
                    let is_out = places.loads(&fleet).iter().any(|(one, _, left)| rule.site.as_str() == *one && *left == 0.0);
                    is_out && rule.by.iter().any(|by| by.as_str() == site)
                });
                prop_assert!(!is_relied_on || units <= 0.7 * left + 1e-9, "{site} carries {units} with {left}: {places:?}");
            }
        }
    }

    /// Of two servers either both may be out, whichever was first, or neither order lets both.
    #[test]
    fn of_two_servers_the_order_does_not_matter(places in any_places(), one in 0_usize..12, other in 0_usize..12) {
        let fleet = places.fleet();
        let (one, other) = (one % fleet.servers.len(), other % fleet.servers.len());
        prop_assume!(one != other);
        let both = |first, second| {
            let (fleet, started) = after(&fleet, first);
            started && after(&fleet, second).1
        };
        let alone = fleet.is_allowed(one) && fleet.is_allowed(other);
        prop_assume!(alone);
        prop_assert_eq!(both(one, other), both(other, one), "{} and {}", one, other);
    }

    /// A pass says what is said without what it has counted, and a decision keeps of all that is known what can have had a say.
    #[test]
    fn what_was_decided_is_said_again(
        places in any_places(),
        asked in prop::collection::vec(0_usize..12, 1..6),
        out in prop::collection::vec((0_usize..12, any::<bool>()), 0..3),
    ) {
        let mut fleet = places.fleet();
        let total = fleet.servers.len();
        for (number, is_drained) in out {
            fleet = if is_drained { fleet.in_state(number % total, Drained) } else { fleet.unseen(number % total) };
        }
        let (inventory, run) = (fleet.inventory(), run_of("2mq9", 1));
        let servers = asked.iter().map(|number| planned(&fleet.servers[number % total])).collect::<Vec<_>>();
        let (spec, version, asked_by, passes) = (&fleet.spec, None, Asker::Person, PolicySet::NONE);
        let candidates = servers.iter().map(|server| Candidate { run: &run, server, spec, version, asked_by, passes });
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

/// An override of traffic says nothing of what others can carry, so the floor that they stand for is asked after all.
#[test]
fn passing_traffic_alone_takes_out_no_pool_of_one() {
    use PolicyName::{Capacity, Traffic as Carried};
    let unknown = three_sites().measuring(
        "fra",
        Err(Doubt { why: "no sample".into(), since: crate::domain::time::Timestamp::from_millis(0) }),
    );
    assert!(matches!(unknown.check_passing(RIGA, &[]), Verdict::Wait(_)));
    let Verdict::Wait(left) = unknown.check_passing(RIGA, &[Carried]) else { panic!("nothing proves it") };
    assert!(matches!(left.as_slice(), [Blocker::NotAbsorbed { .. }]), "{left:?}");
    let Verdict::Allow(admitted) = unknown.check_passing(RIGA, &[Carried, Capacity]) else { panic!("both are passed") };
    assert_eq!(admitted.overridden(), [Carried]);
}
