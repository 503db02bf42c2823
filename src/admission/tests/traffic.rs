//! How much traffic is too much, and what counts as knowing it.

use super::ahead::any_hours;
use super::*;
use crate::admission::traffic::{Answers, Doubt, Measured, Snapshot, is_missed, judged, still_calm, usual};
use crate::domain::ids::Fingerprint;
use crate::domain::measure::{Labels, Sample, Series};
use crate::domain::server::{TagName, TagValue};
use crate::workflow::request::{TrafficMeasure, TrafficScope};
use proptest::prelude::*;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn pool(name: &str) -> PoolName {
    PoolName::new(name)
}

pub(super) fn ago(minutes: u32) -> Timestamp {
    NOW.minus(MINUTE * minutes)
}

/// A pool that carries that, measured just now, with no past.
pub(super) fn carries(units: f64) -> Measured {
    Measured { units, seen_at: NOW, before: Vec::new(), usual: None, ahead: Vec::new() }
}

pub(super) fn seen(pools: &[(&str, Measured)]) -> Traffic {
    let pools = pools.iter().map(|(name, measured)| (pool(name), Ok(measured.clone())));
    Traffic::Seen(Snapshot { pools: pools.collect(), silent: None })
}

impl Fleet {
    /// Everything of its pool may be out, so that traffic alone decides.
    pub(super) fn carrying(mut self, measured: Measured) -> Self {
        self.rules.pool_out_max_percent = 100;
        self.traffic = seen(&[("edge-lax", measured)]);
        self
    }

    pub(super) fn traffic_of(&self, number: usize) -> Vec<(TrafficMeasure, u32, Option<Timestamp>)> {
        let Verdict::Wait(blockers) = self.check(number) else { return Vec::new() };
        let told = blockers.into_iter().filter_map(|blocker| {
            let Blocker::Traffic { scope: TrafficScope::Pool(_), measure, percent, clear_from, .. } = blocker else {
                return None;
            };
            Some((measure, percent, clear_from))
        });
        told.collect()
    }

    fn doubt_of(&self, number: usize) -> Option<String> {
        let Verdict::Wait(blockers) = self.check(number) else { return None };
        blockers
            .into_iter()
            .find_map(|blocker| if let Blocker::TrafficUnknown { why, .. } = blocker { Some(why) } else { None })
    }
}

#[test]
fn what_is_left_must_carry_what_comes_with_room_to_spare() {
    // Servers, of them out, of them promised to other runs, traffic, and the load that would be left.
    let cases = [
        (20, 0, 0, 13.2, None),
        (20, 0, 0, 13.4, Some(71)),
        (20, 2, 0, 11.8, None),
        (20, 2, 0, 12.0, Some(71)),
        (20, 0, 2, 11.8, None),
        (20, 0, 2, 12.0, Some(71)),
        (20, 1, 1, 12.0, Some(71)),
        (2, 0, 0, 0.7, None),
        (2, 0, 0, 0.8, Some(80)),
        (1, 0, 0, 0.0, None),
        (1, 0, 0, 0.1, Some(999)),
    ];
    for (total, out, promised, units, expected) in cases {
        let fleet = Fleet::of(total).carrying(carries(units));
        let fleet = fleet.all(1..1 + out, |fleet, number| fleet.in_state(number, Drained));
        // Each other run waits for a person: it takes its server out all the same.
        let at = |number| if number % 2 == 0 { LockStanding::Working } else { LockStanding::Parked };
        let fleet = fleet.all(1 + out..1 + out + promised, |fleet, number| fleet.locked(number, "bbbb", at(number)));
        let told = expected.map(|percent| (TrafficMeasure::LoadAfter, percent, None));
        assert_eq!(
            fleet.traffic_of(0),
            Vec::from_iter(told),
            "{total} servers, {out} out, {promised} promised, {units}"
        );
        assert_eq!(fleet.blocks(0).contains(&"traffic"), expected.is_some());
    }
}

#[test]
fn a_server_carries_what_its_tag_says_else_what_its_type_does() {
    let mut fleet = Fleet::of(4).carrying(carries(20.0));
    fleet.rules.traffic.capacity.insert(ServerType::new("edge-cache"), 10);
    assert!(fleet.is_allowed(0), "20 of 30");
    let tagged = |mut fleet: Fleet, units: &str| {
        fleet.servers[1].tags.insert(TagName::new("capacity"), TagValue::new(units));
        fleet
    };
    assert_eq!(tagged(fleet.clone(), "5").traffic_of(0), [(TrafficMeasure::LoadAfter, 80, None)], "20 of 25");
    let told = tagged(fleet.clone(), "lots").doubt_of(0).expect("not known");
    assert_eq!(told, "the tag capacity of edge-lax-001 is no number of units");
    fleet.rules.traffic.capacity.insert(ServerType::new("edge-cache"), 0);
    fleet.traffic = seen(&[]);
    assert!(fleet.is_allowed(0), "what carries nothing is not looked at");
}

#[test]
fn without_a_source_traffic_stops_nothing_and_a_silent_one_stops_all_that_takes_capacity() {
    let fleet = Fleet::of(10);
    let since = ago(3);
    let known = |traffic: Traffic| Fleet { traffic, ..fleet.clone() };
    assert!(known(Traffic::NotConfigured).is_allowed(0));
    let silent = known(Traffic::Silent { why: "no answer in time".into(), since });
    for silent in [known(Traffic::NotAsked), known(Traffic::Pending), silent.clone(), known(seen(&[]))] {
        assert_eq!(silent.blocks(0), ["traffic unknown"], "{:?}", silent.traffic);
    }
    // The cure is never blocked by the disease, and returning capacity is never blocked.
    assert!(silent.clone().seen(0, Health::Failing, 0).is_allowed(0));
    assert!(silent.clone().in_state(0, Drained).is_allowed(0));
    let mut gives_back = silent;
    gives_back.spec.steps = vec![StepSpec::Undrain { timeout: SECOND.into() }];
    assert!(gives_back.is_allowed(0));
}

#[test]
fn a_measurement_counts_for_ninety_seconds() {
    for (seconds, is_known) in [(0, true), (90, true), (91, false)] {
        let seen_at = NOW.minus(Duration::from_secs(seconds));
        let fleet = Fleet::of(10).carrying(Measured { seen_at, ..carries(1.0) });
        assert_eq!(fleet.is_allowed(0), is_known, "{seconds} s old");
    }
    let old = Measured { seen_at: ago(2), ..carries(1.0) };
    let mut fleet = Fleet::of(10).carrying(old);
    assert_eq!(fleet.doubt_of(0).as_deref(), Some("there is no newer measurement"));
    let Traffic::Seen(snapshot) = &mut fleet.traffic else { panic!("seen") };
    snapshot.silent = Some("metrics do not answer: no answer in time".into());
    assert_eq!(fleet.doubt_of(0).as_deref(), Some("metrics do not answer: no answer in time"));
}

/// Once there was too much, there must be clearly less, and for long enough.
#[test]
fn too_much_is_forgotten_only_after_ten_calm_minutes() {
    // Nine are left of ten: 6.3 is the most, 5.85 is clear. Traffic by minutes ago; the last is now.
    type History = &'static [(u32, f64)];
    let cases: [(History, Option<u32>); 7] = [
        (&[(30, 5.0), (20, 5.0), (0, 6.2)], None),
        (&[(20, 7.0), (15, 6.0), (12, 6.0), (0, 6.0)], Some(0)),
        (&[(20, 7.0), (15, 5.0), (12, 5.0), (0, 5.0)], None),
        (&[(20, 7.0), (9, 5.0), (5, 5.0), (0, 5.0)], Some(9)),
        (&[(20, 7.0), (15, 5.0), (9, 6.0), (8, 5.0), (0, 5.0)], Some(8)),
        (&[(20, 7.0), (10, 5.0), (0, 5.0)], None),
        (&[(5, 5.0), (0, 7.0)], Some(0)),
    ];
    for (history, calm_ago) in cases {
        let (before, now) = history.split_at(history.len() - 1);
        let before = before.iter().map(|(minutes, units)| (ago(*minutes), *units)).collect();
        let fleet = Fleet::of(10).carrying(Measured { before, ..carries(now[0].1) });
        let told = fleet.traffic_of(0).into_iter().find(|(measure, ..)| *measure == TrafficMeasure::LoadAfter);
        let clear_from = calm_ago.filter(|ago| *ago > 0).map(|calm| ago(calm).plus(MINUTE * 10));
        assert_eq!(told.map(|(_, _, from)| from), calm_ago.map(|_| clear_from), "{history:?}");
    }
}

#[test]
fn a_surge_counts_where_it_matters_and_where_the_usual_is_known() {
    let cases = [
        (Some(4.0), 5.0, None),
        (Some(4.0), 5.4, Some(135)),
        (Some(1.0), 3.5, None),
        (Some(0.0), 5.0, None),
        (None, 6.0, None),
    ];
    for (usual, units, expected) in cases {
        let fleet = Fleet::of(10).carrying(Measured { usual, ..carries(units) });
        let told = expected.map(|percent| (TrafficMeasure::OfUsual, percent, None));
        assert_eq!(fleet.traffic_of(0), Vec::from_iter(told), "{units} where {usual:?} is usual");
    }
    let before = vec![(ago(12), 5.4), (ago(4), 5.4), (ago(3), 4.0)];
    let fleet = Fleet::of(10).carrying(Measured { usual: Some(4.0), before, ..carries(4.0) });
    assert_eq!(fleet.traffic_of(0), [(TrafficMeasure::OfUsual, 100, Some(ago(4).plus(MINUTE * 10)))]);
}

#[test]
fn a_steep_rise_counts_for_ten_minutes() {
    let rise = |before: Vec<(Timestamp, f64)>, units| {
        Fleet::of(10).carrying(Measured { before, ..carries(units) }).traffic_of(0)
    };
    assert_eq!(rise(vec![(ago(5), 4.0)], 4.8), [], "a fifth more is not steep");
    assert_eq!(rise(vec![(ago(5), 4.0)], 5.0), [(TrafficMeasure::OfBefore, 125, None)]);
    assert_eq!(rise(vec![(ago(5), 2.0)], 3.5), [], "little is not steep");
    assert_eq!(rise(vec![(ago(7), 4.0)], 5.0), [], "nothing is known of five minutes ago");
    let told = rise(vec![(ago(9), 4.0), (ago(8), 4.0), (ago(4), 5.0), (ago(3), 5.0)], 5.0);
    assert_eq!(told, [(TrafficMeasure::OfBefore, 100, Some(ago(3).plus(MINUTE * 10)))]);
}

/// Two sites; what riga cannot carry goes to fra.
pub(super) fn two_sites(fra: f64) -> Fleet {
    let mut fleet = Fleet::of(20).carrying(carries(1.0));
    for server in &mut fleet.servers[10..] {
        (server.site, server.pool) = (SiteName::new("fra"), Some(pool("edge-fra")));
    }
    fleet.traffic = seen(&[("edge-lax", carries(6.0)), ("edge-fra", carries(fra))]);
    fleet.rules.traffic.absorbed_by.insert(SiteName::new("lax"), vec![SiteName::new("fra")]);
    fleet
}

#[test]
fn the_sites_that_take_over_must_have_room_too() {
    assert!(two_sites(6.0).is_allowed(0), "6.6 of 10");
    let Verdict::Wait(blockers) = two_sites(6.6).check(0) else { panic!("7.2 of 10") };
    let scope = TrafficScope::Absorbing { site: SiteName::new("lax"), by: vec![SiteName::new("fra")] };
    let [Blocker::Traffic { scope: found, percent: 72, limit_percent: 70, .. }] = blockers.as_slice() else {
        panic!("{blockers:?}")
    };
    assert_eq!(*found, scope);
    assert!(!two_sites(6.6).is_allowed(10), "fra itself is too full for its own");
    let mut alone = two_sites(6.6);
    alone.rules.traffic.absorbed_by.clear();
    assert!(alone.is_allowed(0));
}

/// A source that answers for half of the sites: the other half waits, and is named.
#[test]
fn a_site_that_is_not_known_waits_alone() {
    let mut fleet = two_sites(1.0);
    fleet.rules.traffic.absorbed_by.clear();
    let Traffic::Seen(snapshot) = &mut fleet.traffic else { panic!("seen") };
    snapshot.pools.insert(pool("edge-fra"), Err(Doubt { why: "nothing".into(), since: ago(1) }));
    assert!(fleet.is_allowed(0));
    assert_eq!(fleet.blocks(10), ["traffic unknown"]);
    fleet.rules.traffic.absorbed_by.insert(SiteName::new("lax"), vec![SiteName::new("fra")]);
    assert_eq!(fleet.blocks(0), ["traffic unknown"], "nor can it be said to take over");
}

#[test]
fn a_gate_waits_while_there_is_too_much_and_a_missed_server_is_called_back() {
    for (units, is_calm, is_missed_now) in [(5.0, true, false), (6.5, false, false), (7.7, false, true)] {
        let fleet = Fleet::of(10).carrying(carries(units));
        let fleet = fleet.in_state(0, Drained).locked(0, "2mq9", LockStanding::Working);
        let (inventory, server) = (fleet.inventory(), planned(&fleet.servers[0]));
        let known = fleet.known(&inventory);
        assert_eq!(
            (still_calm(&server, known, &[]).is_ok(), is_missed(&server, known, &[])),
            (is_calm, is_missed_now),
            "{units}"
        );
    }
    let mut silent = Fleet::of(10).in_state(0, Drained);
    silent.traffic = Traffic::Silent { why: "no answer".into(), since: NOW };
    let (inventory, server) = (silent.inventory(), planned(&silent.servers[0]));
    assert!(still_calm(&server, silent.known(&inventory), &[]).is_err());
    assert!(!is_missed(&server, silent.known(&inventory), &[]), "what is not known misses nothing");
}

// -- what counts as knowing it --

pub(super) fn labels(name: &str) -> Labels {
    Labels::from([("pool".to_owned(), name.to_owned())])
}

fn sample(value: f64) -> Sample {
    Sample { labels: labels("edge-lax"), at: NOW, value }
}

fn seconds(at: Timestamp) -> f64 {
    f64::from(u32::try_from(at.seconds()).expect("before 2106"))
}

pub(super) fn good() -> Answers {
    let points = vec![(ago(2), 5.0), (ago(1), 5.0)];
    let before = vec![Series { labels: labels("edge-lax"), points }];
    Answers { traffic: vec![sample(5.0)], seen: vec![sample(seconds(NOW))], up: vec![sample(10.0)], before }
}

pub(super) fn judge(fleet: &Fleet, answers: &Answers) -> Result<Measured, String> {
    let inventory = fleet.inventory();
    let snapshot = judged(answers, &usual(&[], &fleet.rules.traffic, NOW), fleet.known(&inventory), None);
    let measured = snapshot.pools.get(&pool("edge-lax")).expect("it is looked at");
    measured.clone().map_err(|doubt| doubt.why)
}

#[test]
fn only_positive_and_fresh_evidence_counts() {
    type Spoil = fn(&mut Answers);
    let cases: [(Spoil, &str); 15] = [
        (|answers| answers.traffic.clear(), "the metrics do not say its traffic"),
        (|answers| answers.traffic[0].labels.clear(), "the metrics do not say its traffic"),
        (|answers| answers.traffic.push(sample(1.0)), "the metrics say its traffic more than once"),
        (|answers| answers.traffic[0].value = f64::NAN, "its traffic is NaN, which is no amount"),
        (|answers| answers.traffic[0].value = f64::INFINITY, "its traffic is inf, which is no amount"),
        (|answers| answers.traffic[0].value = -0.1, "its traffic is -0.1, which is no amount"),
        (|answers| answers.seen.clear(), "the metrics do not say when its traffic was measured"),
        (|answers| answers.seen[0].value = seconds(ago(2)), "the newest measurement is from 14:03"),
        (|answers| answers.seen[0].value += 600.0, "its clock is ahead of ours"),
        (|answers| answers.up.clear(), "the metrics do not say how many of its servers are measured"),
        (|answers| answers.up[0].value = 8.0, "8 of 10 servers are measured"),
        (|answers| answers.up[0].value = f64::NAN, "how many of its servers are measured is NaN, which is no amount"),
        (|answers| answers.before[0].points[0].1 = f64::NAN, "a value of the last minutes is no amount"),
        (|answers| answers.before[0].points.reverse(), "the values of the last minutes are not in order"),
        (|answers| answers.before.push(answers.before[0].clone()), "several histories instead of one"),
    ];
    let fleet = Fleet::of(10);
    assert!(judge(&fleet, &good()).is_ok());
    for (spoil, why) in cases {
        let mut answers = good();
        spoil(&mut answers);
        let told = judge(&fleet, &answers).expect_err(why);
        assert_eq!(told.replace(&ago(2).clock_text(), "14:03"), why);
    }
    let mut enough = good();
    enough.up[0].value = 9.0;
    enough.before.clear();
    assert!(judge(&fleet, &enough).is_ok(), "nine of ten are measured, and no past is no fault");
}

#[test]
fn a_doubt_says_since_when() {
    let (fleet, mut answers) = (Fleet::of(10), good());
    answers.up.clear();
    let inventory = fleet.inventory();
    let known = Known { now: ago(5), ..fleet.known(&inventory) };
    answers.seen[0].value = seconds(ago(5));
    let first = judged(&answers, &usual(&[], &fleet.rules.traffic, NOW), known, None);
    let again = judged(&answers, &usual(&[], &fleet.rules.traffic, NOW), fleet.known(&inventory), Some(&first));
    let since = |snapshot: &Snapshot| snapshot.pools[&pool("edge-lax")].clone().map_err(|doubt| doubt.since);
    assert_eq!((since(&first), since(&again)), (Err(ago(5)), Err(ago(5))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// However many are admitted in one pass, each counted before the next is asked about.
    #[test]
    fn no_admission_leaves_too_little_for_what_comes(
        sizes in prop::collection::vec(0_u32..5, 2..20),
        share in 0.0_f64..1.2,
        out in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut fleet = Fleet::of(sizes.len());
        for (server, units) in fleet.servers.iter_mut().zip(&sizes) {
            server.tags.insert(TagName::new("capacity"), TagValue::new(units.to_string()));
        }
        let units = share * f64::from(sizes.iter().sum::<u32>());
        fleet = fleet.carrying(carries(units));
        for index in out {
            fleet = fleet.in_state(index.index(sizes.len()), Drained);
        }
        for number in 0..sizes.len() {
            let took = fleet.ledger.state(&fleet.servers[number]) == Production && sizes[number] > 0;
            if !fleet.is_allowed(number) {
                continue;
            }
            fleet = fleet.locked(number, "2mq9", LockStanding::Working);
            let stays = |number: &usize| {
                let serves = fleet.ledger.state(&fleet.servers[*number]) == Production;
                serves && fleet.ledger.lock(&id(*number)).is_none()
            };
            let left: u32 = (0..sizes.len()).filter(stays).map(|number| sizes[number]).sum();
            prop_assert!(!took || units <= f64::from(left) * 0.7 + 1e-9, "{units} over {left}");
        }
    }
}

/// What is known of one pool, from one number and another.
pub(super) fn any_pool() -> impl Strategy<Value = Result<Measured, Doubt>> {
    let known = (0.0_f64..9.0, 0_u32..3, prop::collection::vec(0.0_f64..9.0, 0..4), prop::option::of(1.0_f64..9.0));
    let known = (known, any_hours()).prop_map(|((units, age, before, usual), ahead)| {
        let before = (1..4).rev().zip(before).map(|(minutes, units)| (ago(minutes), units)).collect();
        Ok(Measured { units, seen_at: ago(age), before, usual, ahead })
    });
    let doubt = Just(Err(Doubt { why: "nothing".into(), since: ago(9) }));
    prop_oneof![4 => known, 1 => doubt]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A decision keeps of all that is known what can have had a say, and no less.
    #[test]
    fn a_pass_that_is_asked_again_says_the_same(
        pools in (any_pool(), any_pool(), any_pool()),
        asked in prop::collection::vec(0_usize..20, 1..9),
        out in prop::collection::vec(0_usize..20, 0..4),
        takes_over in any::<bool>(),
    ) {
        let mut fleet = two_sites(1.0);
        fleet.rules.pool_out_max_percent = 100;
        // A third site, in which nobody asks for anything.
        for server in &mut fleet.servers[16..] {
            (server.site, server.pool) = (SiteName::new("rio"), Some(pool("edge-rio")));
        }
        if !takes_over {
            fleet.rules.traffic.absorbed_by.clear();
        }
        let pools = [("edge-lax", pools.0), ("edge-fra", pools.1), ("edge-rio", pools.2)];
        let pools = pools.map(|(name, known)| (pool(name), known)).into_iter().collect();
        fleet.traffic = Traffic::Seen(Snapshot { pools, silent: None });
        fleet = out.iter().fold(fleet, |fleet, number| fleet.in_state(*number, Drained));
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
        // What a pass has counted already is what each is told that is asked alone.
        let mut ledger = fleet.ledger.clone();
        for (candidate, verdict) in &passed {
            prop_assert_eq!(verdict, &evaluate(*candidate, known.with_ledger(&ledger)));
            if let Verdict::Allow(admitted) = verdict {
                ledger.locks.insert(candidate.server.id.clone(), admitted.lock(*candidate, NOW));
            }
        }
        let said = decided(&passed);
        let kept = crate::admission::Snapshot::of(&servers, known, &Fingerprint::of(b"files"));
        let again = kept.ask_again(&said, (&fleet.spec, None)).expect("they make an inventory");
        prop_assert_eq!(again, said.iter().map(|one| one.said.clone()).collect::<Vec<_>>());
        let Traffic::Seen(measured) = &kept.traffic else { panic!("it was looked at") };
        let is_in_rio = |number: &usize| *number >= 16;
        prop_assert_eq!(measured.pools.contains_key(&pool("edge-rio")), asked.iter().any(is_in_rio));
    }
}

#[test]
fn the_file_takes_numbers_that_fit_each_other_and_says_which_do_not() {
    let read = |text: &str| admission_rules("admission.yaml", &format!("traffic: {{ {text} }}"));
    let shipped = include_str!("../../../policies/admission.yaml");
    let shipped = admission_rules("admission.yaml", shipped).map(|rules| rules.traffic);
    let shipped = shipped.map(|rules| TrafficRules { standby: None, ..rules });
    assert_eq!(shipped, Ok(Rules::default().traffic), "it shows the defaults");
    let rules = read("load-max: 60%, resume: 50%, capacity: { edge-cache: 40 }").expect("they fit").traffic;
    assert_eq!((rules.load_max_percent, rules.resume_percent), (60, 50));
    assert_eq!(rules.capacity[&ServerType::new("edge-cache")], 40);
    let cases = [
        ("load-max: 0%", "traffic.load-max is `0%`; it takes a percentage from 1% to 100%"),
        ("surge: 90%", "traffic.surge is `90%`; it takes a percentage from 101% to 1000%"),
        ("resume: 75%", "traffic.resume is `75%`; it takes at most load-max, 70%"),
        ("relief: 60%", "traffic.relief is `60%`; it takes at least load-max, 70%"),
        ("ahead: 13h", "traffic.ahead is `13h`; it takes a length of time from 30m to 12h, or none"),
        ("headroom: 501%", "traffic.headroom is `501%`; it takes a percentage from 0% to 500%"),
        ("clear-for: soon", "traffic.clear-for is `soon`; it takes a length of time from 1s to 1d"),
        ("look-every: 60s", "traffic.look-every is `60s`; it takes at most half of age-max, 45s"),
        ("query: ' '", "traffic.query is ` `; it takes a query"),
        (
            "capacity: { edge-cache: 2000000 }",
            "traffic.capacity.edge-cache is `2000000`; it takes units from 0 to 1000000",
        ),
    ];
    for (text, told) in cases {
        assert_eq!(read(text).expect_err(text).what, told);
    }
    assert!(read("lode-max: 70%").expect_err("unknown").to_string().contains("lode-max"));
}
