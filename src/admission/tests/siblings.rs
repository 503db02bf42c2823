//! How a server of a finished wave does beside its siblings: which measurements halt, which only make the next wave wait, and
//! which count for nothing.

use super::soaking::{DONE_AGO, runs, told};
use super::waves::request_of;
use super::*;
use crate::admission::siblings::{Answer, Bad, Comparison, Floor, Samples, judged};
use crate::domain::measure::{Labels, Sample};
use proptest::prelude::*;

const BOTH: (ProductionState, ProductionState) = (Production, Production);
const ERRORS: Bad = Bad::Above(300);
/// What the other servers have in these tests.
const USUAL: f64 = 0.004;

fn comparison(name: &str, bad: Bad, floor: f64) -> Comparison {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a floor of a test is small")]
    let millionths = (floor * 1e6).round() as u64;
    let (query, seen) = (format!("{name} of each"), format!("when {name} was measured"));
    Comparison { name: name.to_owned(), query, seen, bad, floor: Floor { millionths, is_share: floor < 1.0 } }
}

fn errors() -> Comparison {
    comparison("errors", ERRORS, 0.01)
}

/// A sample of a server.
fn sample(number: usize, value: f64) -> Sample {
    let name = server(number).name.to_string();
    Sample { labels: Labels::from([("server".to_owned(), name)]), at: NOW, value }
}

/// When something was measured, as the metrics say it.
fn seconds_of(ago: u64) -> f64 {
    NOW.minus(Duration::from_secs(ago)).millis() as f64 / 1000.0
}

/// Each of these servers has that, measured so long ago.
fn samples(values: &[f64], ago: u64) -> Samples {
    let values = values.iter().enumerate();
    let each = values.map(|(number, value)| (sample(number, *value), sample(number, seconds_of(ago))));
    let (values, seen) = each.unzip();
    Samples { values, seen }
}

/// The first server has that, and as many others as there are in the pool what is usual.
fn beside_usual(own: f64) -> Vec<f64> {
    let mut values = vec![USUAL; 9];
    values[0] = own;
    values
}

impl Fleet {
    /// Compared by that, with numbers by which the canary of a minute ago is known well enough to be judged.
    fn comparing(mut self, compare: &[Comparison]) -> Self {
        self.rules.soak = SoakRules {
            compare: compare.to_vec(),
            siblings_min: 3,
            over: SECOND * 30,
            age_max: SECOND * 20,
            look_every: SECOND * 5,
        };
        self.measures = Measures::Asked(BTreeMap::new());
        self
    }

    /// A look that long ago, with that answer to that comparison.
    fn asked(mut self, of: &Comparison, ago: u64, answer: Result<Samples, String>) -> Self {
        let asked_at = NOW.minus(Duration::from_secs(ago));
        let next = {
            let before = self.measures.answer(of);
            judged((of, &self.rules.soak), answer, (&self.inventory(), asked_at), before)
        };
        let Measures::Asked(answers) = &mut self.measures else { panic!("there are metrics") };
        answers.insert(of.name.clone(), next);
        self
    }

    /// Two looks, each at a measurement of its own.
    fn measured(self, of: &Comparison, before: &[f64], newest: &[f64]) -> Self {
        self.asked(of, 10, Ok(samples(before, 11))).asked(of, 1, Ok(samples(newest, 2)))
    }

    fn compared_with_nobody(&self, words: &str) -> Vec<String> {
        let waves = words.split(' ').map(|word| u32::try_from(word.len()).expect("short")).collect::<Vec<_>>();
        let request = request_of("2mq9", self.spec.clone(), NOW, &waves);
        let groups = uncompared(&request, &runs(words, BOTH), self.known(&self.inventory()));
        let names = |group: &Uncompared| group.servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        groups.iter().map(|group| format!("{} {} of {}", names(group), group.siblings, group.needed)).collect()
    }
}

/// What a canary comes to that had this, and has that.
fn had_and_has(of: &Comparison, usual: f64, had: f64, has: f64) -> String {
    let values = |own: f64| [vec![own], vec![usual; 8]].concat();
    Fleet::of(9).comparing(std::slice::from_ref(of)).measured(of, &values(had), &values(has)).canary()
}

/// What siblings have is the middle of it: one that is odd among them moves nothing.
#[test]
fn a_server_ails_that_does_worse_twice_in_a_row() {
    let of = errors();
    let ails = |own: &str| format!("1 of 1: edge-lax-000 errors {own} % where its siblings have 0.4 %");
    for (had, has, expected) in [
        (USUAL, USUAL, "well".to_owned()),
        (0.041, 0.041, ails("4.1")),
        (0.2, 0.0412, ails("4.1")),
        (1.0, 1.0, ails("100")),
        // One alone may be noise: the next one tells.
        (USUAL, 0.041, "not yet".to_owned()),
        // Nor does one good one after a bad one let anything go on.
        (0.041, USUAL, "not yet".to_owned()),
        // As far as it may go, and a little further.
        (0.012, 0.012, "well".to_owned()),
        (0.0121, 0.0121, ails("1.2")),
        (0.0, 0.0, "well".to_owned()),
    ] {
        assert_eq!(had_and_has(&of, USUAL, had, has), expected, "{had} and {has}");
    }
    assert_eq!(had_and_has(&of, 0.0001, 0.0099, 0.0099), "well", "so little harms nobody");
    assert_eq!(had_and_has(&of, 0.2, 0.3, 0.3), "well", "all have it, so it is not the work");
    let blind =
        format!("edge-lax-000 {:?} ever", measure("its siblings have 40 %, with which nothing can be compared"));
    assert_eq!(had_and_has(&of, 0.4, 1.0, 1.0), blind, "nobody could have three times as much");
    let from_none = had_and_has(&of, 0.0, 0.02, 0.02);
    assert_eq!(from_none, "1 of 1: edge-lax-000 errors 2 % where its siblings have 0 %");
    let odd = [0.041, 0.9, USUAL, USUAL, USUAL, USUAL, USUAL, USUAL, USUAL];
    assert_eq!(Fleet::of(9).comparing(std::slice::from_ref(&of)).measured(&of, &odd, &odd).canary(), ails("4.1"));
}

#[test]
fn a_server_ails_that_does_too_little_where_its_siblings_do_enough() {
    let of = comparison("throughput", Bad::Below(50), 5.0);
    let ails =
        |own: &str, usual: &str| format!("1 of 1: edge-lax-000 throughput {own} where its siblings have {usual}");
    for (usual, had, has, expected) in [
        (800.0, 800.0, 800.0, "well".to_owned()),
        (800.0, 400.0, 400.0, "well".to_owned()),
        (800.0, 399.0, 398.0, ails("398", "800")),
        (800.0, 0.0, 0.0, ails("0", "800")),
        (800.0, 500.0, 12.5, "not yet".to_owned()),
        (5.0, 0.3, 0.3, ails("0.3", "5")),
        (800.0, 900_000.0, 900_000.0, "well".to_owned()),
        // At night nothing comes to anybody.
        (4.9, 0.0, 0.0, "well".to_owned()),
        (0.0, 0.0, 0.0, "well".to_owned()),
    ] {
        assert_eq!(had_and_has(&of, usual, had, has), expected, "{had} and {has} beside {usual}");
    }
}

/// Nothing that cannot be relied on is taken for good, nor for bad.
#[test]
fn what_is_not_known_makes_the_next_wave_wait() {
    let of = errors();
    let fleet = Fleet::of(9).comparing(std::slice::from_ref(&of));
    let lacks = |why: &str, ago: &str| format!("edge-lax-000 {:?} {ago}", measure(why));
    let with = |change: &dyn Fn(&mut Samples)| {
        let mut both = samples(&beside_usual(0.041), 2);
        change(&mut both);
        fleet.clone().asked(&of, 10, Ok(samples(&beside_usual(0.041), 11))).asked(&of, 1, Ok(both)).canary()
    };
    for (value, told) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (-0.5, "-0.5")] {
        let why = format!("it is {told}, which is no amount");
        assert_eq!(with(&|both| both.values[0].value = value), lacks(&why, "ever"));
        let why = format!("when it was measured is {told}, which is no amount");
        assert_eq!(with(&|both| both.seen[0].value = value), lacks(&why, "ever"));
    }
    let twice = |both: &mut Samples| both.values.push(sample(0, USUAL));
    assert_eq!(with(&twice), lacks("the metrics say it more than once", "ever"));
    let twice = |both: &mut Samples| both.seen.push(sample(0, seconds_of(2)));
    assert_eq!(with(&twice), lacks("the metrics say when it was measured more than once", "ever"));
    let absent = |both: &mut Samples| drop(both.values.remove(0));
    assert_eq!(with(&absent), lacks("the metrics do not say it", "ever"));
    let absent = |both: &mut Samples| drop(both.seen.remove(0));
    assert_eq!(with(&absent), lacks("the metrics do not say when it was measured", "ever"));
    let nothing = |both: &mut Samples| *both = Samples::default();
    assert_eq!(with(&nothing), "not yet", "what was measured before counts until it is too old");
    let nobody = fleet.clone().asked(&of, 1, Ok(Samples::default())).canary();
    assert_eq!(nobody, lacks("it says nothing of any server of the inventory", "1"));
    let of_others =
        |both: &mut Samples| both.values[0].labels = Labels::from([("host".to_owned(), "edge-lax-000".to_owned())]);
    assert_eq!(with(&of_others), lacks("the metrics do not say it", "ever"));
    let old = |both: &mut Samples| both.seen[0].value = seconds_of(21);
    assert_eq!(with(&old), lacks("not measured since", "21"));
    let ahead = |both: &mut Samples| both.seen[0].value = seconds_of(0) + 30.0;
    assert_eq!(with(&ahead), lacks("its clock is ahead of ours", "ever"));
    let of_two = |both: &mut Samples| both.values.truncate(3);
    assert_eq!(with(&of_two), lacks("2 of its 8 siblings measured, at least 3 are needed", "ever"));
    let of_three = |both: &mut Samples| both.values.truncate(4);
    assert!(with(&of_three).starts_with("1 of 1: edge-lax-000 errors"), "three are enough");
    let bad_among = |both: &mut Samples| both.values[1].value = f64::NAN;
    assert!(with(&bad_among).starts_with("1 of 1: edge-lax-000 errors"), "one sibling less");
    // Never asked, or asked something else by that name.
    assert_eq!(fleet.canary(), lacks("not looked at yet", "ever"));
    let other = Comparison { query: "other".into(), ..of.clone() };
    let asked_other = fleet.clone().measured(&other, &beside_usual(USUAL), &beside_usual(USUAL));
    assert_eq!(asked_other.canary(), lacks("not looked at yet", "ever"));
    let mut nobody = fleet.clone();
    nobody.measures = Measures::NotAsked;
    assert_eq!(nobody.canary(), lacks("not looked at yet", "ever"));
    // Without a source nothing is compared, and status says so.
    nobody.measures = Measures::NotConfigured;
    assert_eq!(nobody.canary(), "well");
}

fn measure(why: &str) -> crate::workflow::request::SoakLack {
    crate::workflow::request::SoakLack::Measure { of: "errors".to_owned(), why: why.to_owned() }
}

/// The last answer counts until it is too old; then it is told since when there is none.
#[test]
fn a_source_that_is_silent_takes_nothing_away_at_once() {
    let of = errors();
    let fleet = Fleet::of(9).comparing(std::slice::from_ref(&of));
    let silent = |fleet: Fleet, ago: u64| fleet.asked(&of, ago, Err("no answer".into()));
    let told = |ago: u64| format!("edge-lax-000 {:?} {ago}", measure("no answer"));
    assert_eq!(silent(silent(fleet.clone(), 9), 1).canary(), told(9), "since the first");
    let well = fleet.clone().asked(&of, 10, Ok(samples(&beside_usual(USUAL), 11)));
    assert_eq!(silent(well, 1).canary(), "well", "it is fresh enough");
    let well_once = fleet.clone().asked(&of, 30, Ok(samples(&beside_usual(USUAL), 29)));
    assert_eq!(silent(well_once, 7).canary(), told(7));
    let bad_once = fleet.clone().asked(&of, 10, Ok(samples(&beside_usual(0.041), 11)));
    assert_eq!(silent(bad_once.clone(), 1).canary(), "not yet", "silence proves nothing");
    let again = bad_once.asked(&of, 1, Ok(samples(&beside_usual(0.041), 11)));
    assert_eq!(again.canary(), "not yet", "the same measurement, looked at twice");
    let back = silent(fleet, 12).measured(&of, &beside_usual(USUAL), &beside_usual(USUAL));
    assert_eq!(back.canary(), "well");
}

/// The queries look back for half a minute: for as long after the run they see the work itself.
#[test]
fn what_was_measured_too_soon_after_the_run_counts_for_nothing() {
    let of = errors();
    let fleet = |over: u64, age_max: u64| {
        let mut fleet = Fleet::of(9).comparing(std::slice::from_ref(&of));
        fleet.rules.soak.over = Duration::from_secs(over);
        fleet.rules.soak.age_max = Duration::from_secs(age_max);
        fleet
    };
    let (bad, well) = (beside_usual(0.041), beside_usual(USUAL));
    assert!(fleet(48, 20).measured(&of, &bad, &bad).canary().starts_with("1 of 1: edge-lax-000 errors"));
    for over in [49, 57] {
        assert_eq!(
            fleet(over, 20).measured(&of, &bad, &bad).canary(),
            "not yet",
            "the one before is of the work: {over} s"
        );
        assert_eq!(fleet(over, 20).measured(&of, &bad, &well).canary(), "well", "{over} s");
    }
    for over in [58, 120] {
        assert_eq!(fleet(over, 20).measured(&of, &bad, &bad).canary(), "not yet", "both are: {over} s");
        assert_eq!(
            fleet(over, 20).measured(&of, &well, &well).canary(),
            "not yet",
            "that it is well as well: {over} s"
        );
    }
    // That nothing is known yet, so soon, is not worth telling.
    assert_eq!(fleet(DONE_AGO - 20, 20).canary(), "not yet");
    assert_ne!(fleet(DONE_AGO - 21, 20).canary(), "not yet");
}

/// What others of the request's own, what does not serve, and what others work on says nothing of how servers should do.
#[test]
fn siblings_are_those_of_the_pool_that_serve_and_nobody_has_touched() {
    let of = errors();
    let ails = |fleet: &Fleet, words: &str| told(fleet.soaks(words, BOTH)).contains("edge-lax-000 errors");
    let measured = |fleet: Fleet| {
        let values = [vec![0.041; 5], vec![USUAL; 4]].concat();
        fleet.comparing(std::slice::from_ref(&of)).measured(&of, &values, &values)
    };
    let fleet = measured(Fleet::of(9));
    assert!(!ails(&fleet, "d ...."), "five of nine have it, four of them untouched: the middle of the others");
    assert!(ails(&fleet, "ddddd ...."), "those of the wave are no siblings");
    assert!(!ails(&fleet, "d dddd ...."), "the newest wave alone is watched");
    let out = |change: &dyn Fn(Fleet, usize) -> Fleet| (5..7).fold(fleet.clone(), change);
    let none = Vec::<String>::new();
    let all = "edge-lax-000,edge-lax-001,edge-lax-002,edge-lax-003,edge-lax-004";
    assert_eq!(fleet.compared_with_nobody("ddddd ...."), none);
    for (change, name) in [
        (
            &(|fleet: Fleet, number| fleet.locked(number, "bbbb", LockStanding::Working))
                as &dyn Fn(Fleet, usize) -> Fleet,
            "at work",
        ),
        (&|fleet, number| fleet.locked(number, "bbbb", LockStanding::LeftBehind), "left behind"),
        (&|fleet, number| fleet.in_state(number, Drained), "drained"),
        (&|fleet, number| fleet.seen(number, Health::Failing, 0), "does not answer"),
        (&|fleet, number| fleet.unseen(number), "not seen"),
        (
            &|mut fleet, number| {
                fleet.servers[number].pool = Some(PoolName::new("other"));
                fleet
            },
            "of another pool",
        ),
    ] {
        let fleet = out(change);
        // Of four that are meant to serve two do, just now: that proves nothing yet.
        let is_momentary = !matches!(name, "drained" | "of another pool");
        let waits = format!("{all} {:?} ever", measure("2 of its 4 siblings measured, at least 3 are needed"));
        let expected = if is_momentary { waits.as_str() } else { "well" };
        assert_eq!(told(fleet.soaks("ddddd ....", BOTH)), expected, "two are too few: {name}");
        let nobody = if is_momentary { none.clone() } else { vec![format!("{all} 2 of 3")] };
        assert_eq!(fleet.compared_with_nobody("ddddd ...."), nobody, "{name}");
    }
    let begun = "ddddd ..";
    assert!(ails(&fleet, begun), "what waits, and what is in no request at all, are siblings alike");
    assert!(ails(&fleet, "ddddd lll."), "left out, so not touched");
}

/// A pool of two goes on, and it is told why nothing was compared.
#[test]
fn with_nobody_to_compare_with_nothing_waits() {
    let of = errors();
    let two = Fleet::of(2).comparing(std::slice::from_ref(&of));
    assert_eq!(two.canary_of("d ."), "well");
    assert_eq!(two.compared_with_nobody("d ."), ["edge-lax-000 1 of 3"]);
    let mut plain = two.clone();
    plain.rules.soak.compare.clear();
    assert!(plain.compared_with_nobody("d .").is_empty(), "nobody wants anything compared");
    let mut unconfigured = two;
    unconfigured.measures = Measures::NotConfigured;
    assert!(unconfigured.compared_with_nobody("d .").is_empty());
    // Without a pool, those of the type in the site that are meant to serve.
    let mut without_pool = Fleet::of(5).comparing(std::slice::from_ref(&of)).in_state(4, Drained);
    without_pool.servers.iter_mut().for_each(|server| server.pool = None);
    let bad = [0.041, USUAL, USUAL, USUAL, USUAL];
    let without_pool = without_pool.measured(&of, &bad, &bad);
    assert!(without_pool.canary_of("d .").contains("edge-lax-000 errors"));
    let mut elsewhere = without_pool;
    elsewhere.servers[1].site = SiteName::new("fra");
    assert_eq!(elsewhere.canary_of("d ."), "well");
    assert_eq!(elsewhere.compared_with_nobody("d ."), ["edge-lax-000 2 of 3"]);
}

impl Fleet {
    fn canary_of(&self, words: &str) -> String {
        told(self.soaks(words, BOTH))
    }
}

/// What proves something comes first: of looks, of alerts, of comparisons in their order.
#[test]
fn one_proof_is_enough_and_one_lack_too_much() {
    let (errors, throughput) = (errors(), comparison("throughput", Bad::Below(50), 5.0));
    let fleet = Fleet::of(9).comparing(&[errors.clone(), throughput.clone()]);
    let (usual, bad) = (beside_usual(USUAL), beside_usual(0.041));
    let (enough, little) = (vec![800.0; 9], [vec![80.0], vec![800.0; 8]].concat());
    let all_well = fleet.clone().measured(&errors, &usual, &usual).measured(&throughput, &enough, &enough);
    assert_eq!(all_well.canary(), "well");
    let both = fleet.clone().measured(&errors, &bad, &bad).measured(&throughput, &little, &little);
    assert_eq!(both.canary(), "1 of 1: edge-lax-000 errors 4.1 % where its siblings have 0.4 %");
    assert_eq!(both.clone().seen(0, Health::Failing, 0).canary(), "1 of 1: edge-lax-000 does not answer");
    let alerted = both.monitored(&[("DiskFailing", "edge-lax-000", 5)]);
    assert_eq!(alerted.canary(), "1 of 1: edge-lax-000 alert DiskFailing");
    let one_lacks = fleet.clone().measured(&throughput, &little, &little);
    assert_eq!(one_lacks.canary(), "1 of 1: edge-lax-000 throughput 80 where its siblings have 800");
    let one_lacks = fleet.measured(&throughput, &enough, &enough);
    assert_eq!(one_lacks.canary(), format!("edge-lax-000 {:?} ever", measure("not looked at yet")));
    let was_alerted = one_lacks.monitored(&[("WasDown", "edge-lax-000", 90)]);
    assert_eq!(was_alerted.canary(), "edge-lax-000 Alert(\"WasDown\") 90");
}

/// What gives capacity back waits for no metrics; what they prove ends it all the same. What is left out is compared with nobody.
#[test]
fn what_gives_capacity_back_waits_for_no_comparison() {
    let of = errors();
    let mut fleet = Fleet::of(9).comparing(std::slice::from_ref(&of));
    fleet.spec.steps = vec![StepSpec::Undrain { timeout: SECOND.into() }];
    fleet.spec.impact = Impact::Config;
    assert_eq!(fleet.canary(), "well");
    let bad = beside_usual(0.041);
    assert!(fleet.clone().measured(&of, &bad, &bad).canary().contains("errors 4.1 %"));
    let drained = Fleet::of(9).comparing(std::slice::from_ref(&of)).in_state(0, Drained);
    assert_eq!(told(drained.soaks("d ..", (Production, Drained))), "well");
    let config = Fleet {
        spec: CommandSpec { impact: Impact::Config, steps: vec![StepSpec::Gate(vec![])], ..reboot() },
        ..fleet
    };
    assert_ne!(config.canary(), "well", "what changes a server and takes no capacity is what comparing is for");
}

#[test]
fn an_answer_is_of_what_was_asked() {
    let of = errors();
    let fleet = Fleet::of(9).comparing(std::slice::from_ref(&of));
    let before = fleet.asked(&of, 10, Ok(samples(&beside_usual(USUAL), 11)));
    let Some(Answer { servers, .. }) = before.measures.answer(&of) else { panic!("it was answered") };
    assert_eq!(servers.len(), 9, "one of each server of the inventory");
    let stricter = Comparison { bad: Bad::Above(200), floor: Floor { millionths: 1, is_share: false }, ..of.clone() };
    assert!(before.measures.answer(&stricter).is_some(), "other numbers are no other question");
    let other = Comparison { seen: "other".into(), ..of };
    assert_eq!(before.measures.answer(&other), None);
}

proptest! {
    /// In whatever unit it is measured, the same is said.
    #[test]
    fn a_ratio_is_judged_alike_at_every_scale(
        own in 0.0_f64..100.0,
        others in proptest::collection::vec(0.0_f64..100.0, 3..9),
        above in any::<bool>(),
        scale in -8_i32..8,
    ) {
        // A power of two, so that nothing is rounded.
        let scale = 2.0_f64.powi(scale);
        let said = |scale: f64| {
            let bad = if above { Bad::Above(150) } else { Bad::Below(60) };
            let of = Comparison { floor: Floor { millionths: 1, is_share: false }, ..comparison("it", bad, 1.0) };
            let values = std::iter::once(&own).chain(&others).map(|value| (value + 1.0) * scale).collect::<Vec<_>>();
            let fleet = Fleet::of(values.len()).comparing(std::slice::from_ref(&of)).measured(&of, &values, &values);
            matches!(fleet.soaks("d ..", BOTH), Soaked::Unwell(_))
        };
        prop_assert_eq!(said(1.0), said(scale));
    }

    /// Whatever it is: who has what its siblings have in the middle is as they are.
    #[test]
    fn a_server_in_the_middle_never_ails(
        others in proptest::collection::vec(0.0_f64..1e6, 3..9),
        above in any::<bool>(),
        percent in 1_u32..100,
        floor in 1_u64..1_000_000,
    ) {
        let bad = if above { Bad::Above(100 + percent) } else { Bad::Below(percent) };
        let of = Comparison { floor: Floor { millionths: floor, is_share: false }, ..comparison("it", bad, 1.0) };
        let middle = crate::domain::measure::median(others.clone()).expect("there are some");
        let values = [vec![middle], others].concat();
        let fleet = Fleet::of(values.len()).comparing(std::slice::from_ref(&of)).measured(&of, &values, &values);
        prop_assert_eq!(fleet.canary(), "well");
    }
}
