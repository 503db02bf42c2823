//! When breakers open, and that nothing starts while one is open but one canary after the cool-down.

use super::*;
use crate::admission::{FinishedAs, admission_rules};
use crate::domain::breaker::BreakerScope;
use crate::domain::identity::PersonId;
use crate::domain::ids::Version;
use crate::workflow::request::PolicyName;
use proptest::prelude::*;
use std::collections::BTreeSet;

const MINUTE: Duration = Duration::from_secs(60);

fn at_site(site: &str) -> BreakerScope {
    BreakerScope::Site { command: CommandName::new("reboot"), site: SiteName::new(site) }
}

fn everywhere() -> BreakerScope {
    BreakerScope::Command { command: CommandName::new("reboot") }
}

/// `+` succeeded, `-` failed, `?` not known; a number before it repeats it. The newest is first.
fn finished(written: &str) -> Vec<FinishedRun> {
    let mut all = Vec::new();
    let mut times = String::new();
    for letter in written.chars().filter(|letter| *letter != ' ') {
        let finished_as = match letter {
            '+' => FinishedAs::Succeeded,
            '-' => FinishedAs::Failed,
            '?' => FinishedAs::Unknown,
            digit => {
                times.push(digit);
                continue;
            }
        };
        all.extend(std::iter::repeat_n(run_finished(1, "lax", finished_as, NOW), times.parse().unwrap_or(1)));
        times.clear();
    }
    all
}

/// A run of a person that finished then, at a site.
fn run_finished(number: u32, site: &str, finished_as: FinishedAs, at: Timestamp) -> FinishedRun {
    FinishedRun {
        run: run_of("2mq9", number),
        command: CommandName::new("reboot"),
        site: Some(SiteName::new(site)),
        server: None,
        version: None,
        asked_by: Asker::Person,
        finished_as,
        at,
    }
}

fn told(opening: Option<Opening>) -> String {
    match opening.map(|opening| opening.tally) {
        Some(Tally { failures, of }) => format!("{failures} of {of}"),
        None => "no".to_owned(),
    }
}

/// Three in a row reach; five or ten failures reach, and ten percent must be exceeded.
#[test]
fn a_breaker_opens_at_its_numbers_and_not_before() {
    let rules = FailureRules::default();
    let told = |scope: &BreakerScope, written: &str| {
        told(opens(ScopeRecord { scope, newest_first: &finished(written), elsewhere: None }, &rules))
    };
    for (written, narrow, command) in [
        ("", "no", "no"),
        ("--", "no", "no"),
        ("---", "3 of 3", "no"),
        ("-?-", "3 of 3", "no"),
        ("4- 9+", "4 of 4", "no"),
        ("--+-", "no", "no"),
        ("+---", "no", "no"),
        ("-+-+-+-", "no", "no"),
        ("-+-+-+-+-", "5 of 9", "no"),
        // Exactly a tenth is not more than a tenth; four of forty are not five.
        ("-+-+-+- 33+", "no", "no"),
        ("-+-+-+-+- 31+", "5 of 40", "no"),
        // What lies further back is not looked at.
        ("-+-+-+- 33+ 9-", "no", "13 of 49"),
        ("--+ --+ --+ --+ 6+", "8 of 18", "no"),
        ("--+ --+ --+ --+ --+", "10 of 15", "10 of 15"),
        ("+ 20- 179+", "20 of 40", "no"),
        ("+ 21- 178+", "21 of 40", "21 of 200"),
        ("+ 21- 279+ 50-", "21 of 40", "21 of 200"),
    ] {
        assert_eq!(
            (told(&at_site("lax"), written).as_str(), told(&everywhere(), written).as_str()),
            (narrow, command),
            "{written}"
        );
    }
}

fn of_version() -> BreakerScope {
    BreakerScope::parse("reboot type=edge-cache version=1.2.3").expect("it is a scope")
}

/// More than three times as many as elsewhere, at least three, and enough elsewhere to say how many usually fail.
#[test]
fn what_fails_much_more_than_elsewhere_opens() {
    let rules = FailureRules::default();
    for (written, elsewhere, expected) in [
        // 7.5 % here: more than three times 2.4 %, exactly three times 2.5 %.
        ("-+-+- 35+", (24, 1000), "3 of 40"),
        ("-+-+- 35+", (25, 1000), "no"),
        ("-+-+- 35+", (26, 1000), "no"),
        // What is exactly three times as many in other numbers.
        ("-+-+- 25+", (1, 100), "3 of 30"),
        ("-+-+- 25+", (10, 300), "no"),
        // Two are too few, whatever fails elsewhere.
        ("-+- 2+", (0, 5000), "no"),
        // Where nothing fails elsewhere, three are enough.
        ("-+-+- 35+", (0, 100), "3 of 40"),
        // Too few elsewhere say nothing.
        ("-+-+- 35+", (0, 99), "no"),
        ("-+-+- 35+", (0, 0), "no"),
        // It takes a failure to open.
        ("+-+-+- 34+", (0, 5000), "no"),
        // Only the last forty are compared.
        ("- 19+ - 19+ -", (0, 5000), "no"),
        ("- 19+ - 18+ -", (0, 5000), "3 of 40"),
        // What could be counted overflows nothing.
        ("-+-+- 35+", (u32::MAX, u32::MAX), "no"),
    ] {
        let elsewhere = Tally { failures: elsewhere.0, of: elsewhere.1 };
        let runs = finished(written);
        let of = |scope: &BreakerScope| {
            opens(ScopeRecord { scope, newest_first: &runs, elsewhere: Some(elsewhere) }, &rules)
        };
        for scope in [at_site("lax"), of_version()] {
            let opening = of(&scope);
            assert_eq!(told(opening), expected, "{written} beside {elsewhere:?}");
            assert!(opening.is_none_or(|opening| opening.elsewhere == Some(elsewhere)), "it tells what it is beside");
        }
        assert_eq!(told(of(&everywhere())), "no", "a command as a whole is beside nothing");
    }
}

/// What opens anyway, or is too little, needs nobody to count what fails elsewhere; and the rule can be left out.
#[test]
fn what_fails_elsewhere_is_asked_for_only_where_it_could_open() {
    let rules = FailureRules::default();
    let asks = |scope: &BreakerScope, written: &str, rules: &FailureRules| {
        rules.compares(ScopeRecord { scope, newest_first: &finished(written), elsewhere: None }).is_some()
    };
    for (written, expected) in [
        ("--+", false),
        ("-+-+-", true),
        ("-+-+- 40-", false),
        ("-+?+- 35+", true),
        ("---", false),
        ("5-", false),
        ("+-+-+-", false),
    ] {
        assert_eq!(asks(&at_site("lax"), written, &rules), expected, "{written}");
        assert!(!asks(&everywhere(), written, &rules), "{written}");
    }
    let without = FailureRules { cohort: None, ..rules };
    assert!(!asks(&at_site("lax"), "-+-+-", &without));
    let (scope, runs) = (at_site("lax"), finished("-+-+-"));
    let record = ScopeRecord { scope: &scope, newest_first: &runs, elsewhere: Some(Tally { failures: 0, of: 500 }) };
    assert_eq!(opens(record, &without), None);
    let breaker = after_run(None, record, &FailureRules::default()).expect("it opens");
    assert_eq!((breaker.failures, breaker.of, breaker.elsewhere), (3, 5, record.elsewhere));
    let failed = finished("-");
    let again =
        after_run(Some(&breaker), ScopeRecord { newest_first: &failed, ..record }, &without).expect("it counts");
    assert_eq!((again.failures, again.elsewhere), (4, record.elsewhere), "why it opened stays");
}

#[test]
fn the_file_says_when_breakers_open_and_never_that_they_do_not() {
    let text =
        "failure-rate: { in-a-row: 2, share: { above: 20%, of-last: 3 }, command: { failures: 4 }, cool-down: 1h }";
    let rules = admission_rules("admission.yaml", text).unwrap().failure_rate;
    let share = FailureShare { failures_min: 3, above_percent: 20, of_last: 3 };
    let command = FailureShare { failures_min: 4, above_percent: 10, of_last: 200 };
    let (cool_down, soak) = (60 * MINUTE, 10 * MINUTE);
    let cohort = Some(CohortRule::default());
    let server = ServerRule::default();
    assert_eq!(rules, FailureRules { in_a_row: 2, share, cohort, command, server, cool_down, soak });
    let shipped = include_str!("../../../policies/admission.yaml");
    let shipped = admission_rules("admission.yaml", shipped).unwrap().failure_rate;
    assert_eq!(shipped, FailureRules::default(), "what is shipped is the default");
    let text =
        "failure-rate: { share: { of-last: 2 }, cohort: { times: 5, runs: 50, within: 7d }, server: { failures: 2 } }";
    let rules = admission_rules("admission.yaml", text).unwrap().failure_rate;
    let within = Duration::from_secs(7 * 24 * 3600);
    assert_eq!(rules.cohort, Some(CohortRule { times: 5, failures_min: 2, runs_min: 50, within }));
    assert_eq!(rules.server, ServerRule { failures_min: 2, ..ServerRule::default() });
    let none = admission_rules("admission.yaml", "failure-rate: { cohort: { times: none } }").unwrap();
    assert_eq!(none.failure_rate.cohort, None);
    let lots = admission_rules("admission.yaml", "failure-rate: { cohort: { times: lots } }").unwrap_err().what;
    assert_eq!(lots, "failure-rate.cohort.times is `lots`; it takes 2 to 100 times as many as elsewhere, or none");
}

#[test]
fn what_the_file_says_of_failures_is_checked() {
    for (written, fault) in [
        ("in-a-row: 0", "failure-rate.in-a-row is `0`; it takes 1 to 1000 failures"),
        ("in-a-row: 1001", "failure-rate.in-a-row is `1001`; it takes 1 to 1000 failures"),
        ("share: { of-last: 0 }", "failure-rate.share.of-last is `0`; it takes 1 to 1000 runs"),
        (
            "share: { failures: 41 }",
            "failure-rate.share.failures is `41`; it takes 1 to 40 failures, as many as there are runs in `of-last`",
        ),
        ("command: { above: lots }", "failure-rate.command.above is `lots`; it takes a percentage such as 10%"),
        (
            "command: { above: 100% }",
            "failure-rate.command.above is `100%`; it takes less than 100%, because more than all cannot fail",
        ),
        ("cool-down: 30s", "failure-rate.cool-down is `30s`; it takes a duration of at least 1m, such as 30m"),
        (
            "cohort: { times: 1 }",
            "failure-rate.cohort.times is `1`; it takes 2 to 100 times as many as elsewhere, or none",
        ),
        (
            "cohort: { times: 101 }",
            "failure-rate.cohort.times is `101`; it takes 2 to 100 times as many as elsewhere, or none",
        ),
        (
            "cohort: { failures: 0 }",
            "failure-rate.cohort.failures is `0`; it takes 1 to 40 failures, as many as there are runs in `share.of-last`",
        ),
        (
            "share: { of-last: 5 }, cohort: { failures: 6 }",
            "failure-rate.cohort.failures is `6`; it takes 1 to 5 failures, as many as there are runs in `share.of-last`",
        ),
        ("cohort: { runs: 19 }", "failure-rate.cohort.runs is `19`; it takes 20 to 1000000 finished runs elsewhere"),
        (
            "cohort: { within: 23h }",
            "failure-rate.cohort.within is `23h`; it takes a duration of at least 1d, such as 30d",
        ),
        ("server: { failures: 0 }", "failure-rate.server.failures is `0`; it takes 1 to 100 failures"),
        ("server: { failures: 101 }", "failure-rate.server.failures is `101`; it takes 1 to 100 failures"),
        (
            "server: { within: 30s }",
            "failure-rate.server.within is `30s`; it takes a duration of at least 1m, such as 24h",
        ),
        (
            "server: { cool-down: 0s }",
            "failure-rate.server.cool-down is `0s`; it takes a duration of at least 1m, such as 6h",
        ),
        ("server: { cool-down: 25h }", "failure-rate.server.cool-down is `1d1h`; it takes 1d at most"),
        ("soak: never", "failure-rate.soak is `never`; it takes a duration of at least 1m, such as 10m"),
    ] {
        let found = admission_rules("admission.yaml", &format!("failure-rate: {{ {written} }}"));
        assert_eq!(found.unwrap_err().what, fault, "{written}");
    }
    let unknown = admission_rules("admission.yaml", "failure-rate:\n  off: yes\n").unwrap_err().to_string();
    assert!(unknown.contains("off") && unknown.contains("admission.yaml:2:3:"), "{unknown}");
}

/// Looking is never held up, and giving capacity back is not by what people ask for. The widest scope comes first.
#[test]
fn only_what_may_do_harm_is_watched() {
    let (server, run) = (planned(&server(1)), run_of("2mq9", 1));
    let scopes = |spec: &CommandSpec, version, asked_by| {
        let candidate = Candidate { run: &run, server: &server, spec, version, asked_by, passes: PolicySet::NONE };
        Counted::of_candidate(candidate).map(Counted::scopes)
    };
    let here = BreakerScope::parse("reboot server=edge-lax-001").expect("it is a scope");
    let (ana, robot) = (Asker::Person, Asker::Automation);
    assert_eq!(scopes(&reboot(), None, ana), Some(vec![everywhere(), at_site("lax")]));
    let all = || vec![everywhere(), of_version(), at_site("lax")];
    assert_eq!(scopes(&reboot(), Some("1.2.3"), ana), Some(all()));
    assert_eq!(scopes(&reboot(), Some("1.2.3"), robot), Some([all(), vec![here.clone()]].concat()));
    let looking = CommandSpec { impact: Impact::ReadOnly, ..reboot() };
    assert_eq!((scopes(&looking, None, ana), scopes(&looking, None, robot)), (None, None));
    let steps = vec![StepSpec::Gate(vec![GateCheck::Capacity]), StepSpec::Undrain { timeout: SECOND.into() }];
    let giving_back = CommandSpec { steps, impact: Impact::Config, ..reboot() };
    assert_eq!(scopes(&giving_back, None, ana), Some(Vec::new()));
    assert_eq!(scopes(&giving_back, None, robot), Some(vec![here]));
}

/// One thing that happens; numbers choose a server or a run at work.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Asks(usize),
    Ends(usize, FinishedAs),
    IsTurnedBack(usize),
    Passes(u64),
    IsClosed(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    let ends =
        prop_oneof![3 => Just(FinishedAs::Failed), 3 => Just(FinishedAs::Succeeded), 1 => Just(FinishedAs::Unknown)];
    prop_oneof![
        8 => (0_usize..12).prop_map(Happening::Asks),
        8 => (0_usize..12, ends).prop_map(|(number, ends)| Happening::Ends(number, ends)),
        1 => (0_usize..12).prop_map(Happening::IsTurnedBack),
        2 => (1_u64..45).prop_map(Happening::Passes),
        1 => any::<bool>().prop_map(Happening::IsClosed),
    ]
}

/// What is really so of one scope, told by the test's own simple means.
#[derive(Default)]
struct Told {
    /// Since it was last closed, the newest last.
    finished: Vec<bool>,
    is_open: bool,
    last_failure: Timestamp,
    /// The only run that has been admitted since it opened, as long as that says something.
    canary: Option<usize>,
}

impl Told {
    fn ends(&mut self, number: usize, failed: bool, is_narrow: bool, now: Timestamp) {
        self.finished.push(failed);
        let last = |count: usize| self.finished.iter().rev().take(count).copied().collect::<Vec<_>>();
        let many = |count: usize, min: usize| {
            let looked_at = last(count);
            let failures = looked_at.iter().filter(|failed| **failed).count();
            failures >= min && failures * 10 > looked_at.len()
        };
        let in_a_row = self.finished.len() >= 3 && last(3) == [true; 3];
        self.is_open |= if is_narrow { in_a_row || many(40, 5) } else { many(200, 10) };
        if failed {
            self.last_failure = now;
            self.canary = self.canary.filter(|canary| *canary != number && *canary < PASSED);
        } else if self.canary == Some(number) {
            self.canary = Some(number + PASSED);
        }
    }
}

/// Added to the number of a canary that has succeeded.
const PASSED: usize = 1_000;

struct History {
    fleet: Fleet,
    now: Timestamp,
    record: Vec<FinishedRun>,
    /// By scope, how many of the record lay before it was last closed.
    closed_after: BTreeMap<BreakerScope, usize>,
    told: BTreeMap<BreakerScope, Told>,
    at_work: BTreeSet<usize>,
}

use std::collections::BTreeMap;

impl History {
    fn new() -> Self {
        let mut fleet = Fleet::of(12);
        fleet.rules.pool_out_max_percent = 100;
        fleet.rules.health_age_max = Duration::from_secs(u64::from(u32::MAX));
        for server in fleet.servers.iter_mut().skip(6) {
            server.site = SiteName::new("rix");
        }
        let told = [at_site("lax"), at_site("rix"), everywhere()].map(|scope| (scope, Told::default()));
        let (record, closed_after) = (Vec::new(), BTreeMap::new());
        Self { fleet, now: NOW, record, closed_after, told: told.into(), at_work: BTreeSet::new() }
    }

    fn run(&self, number: usize) -> RunId {
        run_of("2mq9", u32::try_from(number + 1).expect("a small number"))
    }

    fn asks(&mut self, number: usize) -> Result<(), TestCaseError> {
        let server = planned(&self.fleet.servers[number]);
        let inventory = self.fleet.inventory();
        let run = self.run(number);
        let known = Known { now: self.now, ..self.fleet.known(&inventory) };
        let spec = &self.fleet.spec;
        let candidate = Candidate {
            run: &run,
            server: &server,
            spec,
            version: None,
            asked_by: Asker::Person,
            passes: PolicySet::NONE,
        };
        let verdict = evaluate(candidate, known);
        if self.at_work.contains(&number) {
            return Ok(());
        }
        let open = |told: &Told| told.is_open;
        let may = |told: &Told| told.canary.is_none() && self.now >= told.last_failure.plus(30 * MINUTE);
        let scopes = [everywhere(), at_site(server.site.as_str())];
        let stopped = scopes.iter().any(|scope| open(&self.told[scope]) && !may(&self.told[scope]));
        match verdict {
            Verdict::Allow(admitted) => {
                prop_assert!(!stopped, "a start in an open scope that is no canary after the cool-down");
                let expected = scopes.iter().filter(|scope| open(&self.told[*scope])).cloned().collect::<Vec<_>>();
                prop_assert_eq!(admitted.canary_of(), expected.as_slice());
                for scope in &expected {
                    self.told.get_mut(scope).expect("it is there").canary = Some(number);
                }
                self.fleet.ledger.try_with(&run, Some(&server), (admitted.canary_of(), self.now));
                self.at_work.insert(number);
            }
            Verdict::Wait(blockers) => {
                prop_assert!(stopped, "nothing but a breaker can stop it: {blockers:?}");
                prop_assert!(blockers.iter().all(|blocker| blocker.policy() == Some(PolicyName::FailureRate)));
            }
            Verdict::Deny(why) => prop_assert!(false, "{why}"),
        }
        Ok(())
    }

    fn ends(&mut self, number: usize, finished_as: FinishedAs) {
        let server = &self.fleet.servers[number];
        let number_of_run = u32::try_from(number + 1).expect("a small number");
        let finished = run_finished(number_of_run, server.site.as_str(), finished_as, self.now);
        let scopes = [at_site(server.site.as_str()), everywhere()];
        self.record.push(finished);
        for scope in scopes {
            let is_narrow = scope != everywhere();
            let told = self.told.get_mut(&scope).expect("it is there");
            told.ends(number, finished_as.is_failure(), is_narrow, self.now);
            let since = self.record.iter().skip(self.closed_after.get(&scope).copied().unwrap_or(0)).rev();
            let in_scope = |run: &&FinishedRun| !is_narrow || run.site == self.record.last().expect("just pushed").site;
            let newest_first = since.filter(in_scope).cloned().collect::<Vec<_>>();
            let open = self.fleet.ledger.breakers.get(&scope);
            let record = ScopeRecord { scope: &scope, newest_first: &newest_first, elsewhere: None };
            if let Some(breaker) = after_run(open, record, &self.fleet.rules.failure_rate) {
                self.fleet.ledger.breakers.insert(scope, breaker);
            }
        }
    }

    fn is_turned_back(&mut self, number: usize) {
        let run = self.run(number);
        for breaker in self.fleet.ledger.breakers.values_mut() {
            if let Some(without) = breaker.without_canary(&run) {
                *breaker = without;
            }
        }
        for told in self.told.values_mut() {
            told.canary = told.canary.filter(|canary| *canary != number);
        }
    }

    /// A person closes every breaker, or those whose canary has passed.
    fn is_closed(&mut self, all: bool) {
        let inventory = self.fleet.inventory();
        let known = Known { now: self.now, ..self.fleet.known(&inventory) };
        let open = known.ledger.breakers.values();
        let closes = open.filter(|breaker| all || breaker.standing(known) == BreakerStanding::MayClose);
        let scopes = closes.map(|breaker| breaker.scope.clone()).collect::<Vec<_>>();
        for scope in scopes {
            let closing = Closing {
                by: PersonId::new("T0", "U0"),
                name: String::new(),
                at: self.now,
                why: String::new(),
                after_canary: !all,
            };
            let breaker = self.fleet.ledger.breakers.remove(&scope).expect("it is open");
            assert_eq!(breaker.closed(closing).version, Version(breaker.version.0 + 1));
            self.closed_after.insert(scope.clone(), self.record.len());
            self.told.insert(scope, Told::default());
        }
    }

    fn happens(&mut self, happening: Happening) -> Result<(), TestCaseError> {
        let at_work = |number: usize| self.at_work.iter().nth(number % self.at_work.len().max(1)).copied();
        match happening {
            Happening::Asks(number) => return self.asks(number),
            Happening::Ends(number, finished_as) => {
                if let Some(number) = at_work(number) {
                    self.at_work.remove(&number);
                    self.ends(number, finished_as);
                }
            }
            Happening::IsTurnedBack(number) => {
                if let Some(number) = at_work(number) {
                    self.at_work.remove(&number);
                    self.is_turned_back(number);
                }
            }
            Happening::Passes(minutes) => self.now = self.now.plus(Duration::from_secs(minutes * 60)),
            Happening::IsClosed(all) => self.is_closed(all),
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_starts_in_an_open_scope_but_one_canary_after_the_cool_down(
        happenings in prop::collection::vec(happening(), 1..250),
    ) {
        let mut history = History::new();
        for happening in happenings {
            history.happens(happening)?;
        }
    }
}
