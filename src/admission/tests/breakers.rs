//! When breakers open, and that nothing starts while one is open but one canary after the cool-down.

use super::*;
use crate::admission::{FinishedAs, admission_rules};
use crate::domain::breaker::BreakerScope;
use crate::domain::identity::PersonId;
use crate::domain::ids::Version;
use crate::domain::plan::Subject;
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
fn finished(written: &str) -> Vec<FinishedAs> {
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
        all.extend(std::iter::repeat_n(finished_as, times.parse().unwrap_or(1)));
        times.clear();
    }
    all
}

/// Three in a row reach; five or ten failures reach, and ten percent must be exceeded.
#[test]
fn a_breaker_opens_at_its_numbers_and_not_before() {
    let rules = FailureRules::default();
    let told = |scope: &BreakerScope, written: &str| match opens(scope, &finished(written), &rules) {
        Some(Tally { failures, of }) => format!("{failures} of {of}"),
        None => "no".to_owned(),
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

#[test]
fn the_file_says_when_breakers_open_and_never_that_they_do_not() {
    let text =
        "failure-rate: { in-a-row: 2, share: { above: 20%, of-last: 3 }, command: { failures: 4 }, cool-down: 1h }";
    let rules = admission_rules("admission.yaml", text).unwrap().failure_rate;
    let share = FailureShare { failures_min: 3, above_percent: 20, of_last: 3 };
    let command = FailureShare { failures_min: 4, above_percent: 10, of_last: 200 };
    let (cool_down, soak) = (60 * MINUTE, 10 * MINUTE);
    assert_eq!(rules, FailureRules { in_a_row: 2, share, command, cool_down, soak });
    let shipped = include_str!("../../../policies/admission.yaml");
    let shipped = admission_rules("admission.yaml", shipped).unwrap().failure_rate;
    assert_eq!(shipped, FailureRules::default(), "what is shipped is the default");
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
        ("soak: never", "failure-rate.soak is `never`; it takes a duration of at least 1m, such as 10m"),
    ] {
        let found = admission_rules("admission.yaml", &format!("failure-rate: {{ {written} }}"));
        assert_eq!(found.unwrap_err().to_string(), format!("admission.yaml: {fault}"), "{written}");
    }
    let unknown = admission_rules("admission.yaml", "failure-rate:\n  off: yes\n").unwrap_err().to_string();
    assert!(unknown.contains("off") && unknown.contains("line 2"), "{unknown}");
}

/// Looking, and giving capacity back, are never held up.
#[test]
fn only_what_may_do_harm_is_watched() {
    let subject = Subject::Server(planned(&server(1)));
    let scopes = |spec: &CommandSpec, version| Counted::of(spec, &subject, version).map(Counted::scopes);
    let version = BreakerScope::Version {
        command: CommandName::new("reboot"),
        server_type: ServerType::new("edge-cache"),
        version: "1.2.3".into(),
    };
    assert_eq!(scopes(&reboot(), None), Some(vec![at_site("lax"), everywhere()]));
    assert_eq!(scopes(&reboot(), Some("1.2.3")), Some(vec![at_site("lax"), version, everywhere()]));
    assert_eq!(scopes(&CommandSpec { impact: Impact::ReadOnly, ..reboot() }, None), None);
    let steps = vec![StepSpec::Gate(vec![GateCheck::Capacity]), StepSpec::Undrain { timeout: SECOND.into() }];
    assert_eq!(scopes(&CommandSpec { steps, impact: Impact::Config, ..reboot() }, None), None);
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
        let candidate = Candidate { run: &run, server: &server, spec, version: None, passes: PolicySet::NONE };
        let verdict = evaluate(candidate, known);
        if self.at_work.contains(&number) {
            return Ok(());
        }
        let open = |told: &Told| told.is_open;
        let may = |told: &Told| told.canary.is_none() && self.now >= told.last_failure.plus(30 * MINUTE);
        let scopes = [at_site(server.site.as_str()), everywhere()];
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
        let finished = FinishedRun {
            run: self.run(number),
            command: CommandName::new("reboot"),
            site: Some(server.site.clone()),
            server: None,
            version: None,
            finished_as,
            at: self.now,
        };
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
            if let Some(breaker) = after_run(open, &scope, &newest_first, &self.fleet.rules.failure_rate) {
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
