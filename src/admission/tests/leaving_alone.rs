//! What has failed on a server keeps automations off it, and nobody else.

use super::*;
use crate::admission::{
    Breaker, Closing, FinishedAs, FinishedRun, FinishedServer, SERVER_FAILURES_KEPT_FOR, ScopeRecord, ServerFailure,
    Snapshot, decided, opens,
};
use crate::domain::breaker::BreakerScope;
use crate::domain::identity::PersonId;
use crate::domain::ids::Version;
use crate::workflow::request::{BrokenUntil, PolicyName};

const HOUR: Duration = Duration::from_secs(3600);

fn scope(text: &str) -> BreakerScope {
    BreakerScope::parse(text).expect("it is a scope")
}

fn breaker(text: &str) -> Breaker {
    Breaker {
        scope: scope(text),
        opened_at: NOW.minus(HOUR),
        version: Version(1),
        failures: 3,
        of: 4,
        elsewhere: None,
        examples: Vec::new(),
        canary_from: NOW.plus(HOUR),
        canary: None,
        closed: None,
    }
}

impl Fleet {
    fn broken(mut self, text: &str) -> Self {
        self.ledger.breakers.insert(scope(text), breaker(text));
        self
    }

    /// A run of that command failed on that server so long ago.
    fn failed(mut self, number: usize, command: &str, ago: Duration) -> Self {
        let failure = ServerFailure {
            server: id(number),
            name: server(number).name,
            command: CommandName::new(command),
            run: run_of("bbbb", 1),
            at: NOW.minus(ago),
        };
        self.ledger.failures.insert(id(number), failure);
        self
    }

    /// What keeps the first server from whoever asks.
    fn keeps(&self, asked_by: Asker) -> Vec<String> {
        let (inventory, run, server) = (self.inventory(), run_of("2mq9", 1), planned(&self.servers[0]));
        let version = Some("1.2.3");
        let candidate =
            Candidate { run: &run, server: &server, spec: &self.spec, version, asked_by, passes: PolicySet::NONE };
        match evaluate(candidate, self.known(&inventory)) {
            Verdict::Allow(admitted) => {
                assert!(admitted.canary_of().is_empty(), "nothing is tried here");
                Vec::new()
            }
            Verdict::Deny(why) => vec![why],
            Verdict::Wait(blockers) => blockers.iter().map(told).collect(),
        }
    }
}

fn told(blocker: &Blocker) -> String {
    let Blocker::Broken { scope, until, .. } = blocker else { return word(blocker).to_owned() };
    match until {
        BrokenUntil::CoolDown(at) => format!("{scope} for {} h", at.since(NOW).as_secs() / 3600),
        BrokenUntil::Canary(_) | BrokenUntil::Soak(_) => format!("{scope} for its canary"),
        BrokenUntil::Person => format!("{scope} until somebody closes it"),
    }
}

/// Three of a command within a day; what people asked for is not in the record, and what went well in between changes nothing.
#[test]
fn three_failures_within_a_day_open_the_breaker_of_a_server() {
    let rules = FailureRules::default();
    let scope = scope("reboot server=edge-lax-000");
    for (hours_ago, expected) in [
        (vec![], None),
        (vec![(0, '-'), (12, '-')], None),
        (vec![(0, '-'), (12, '-'), (23, '-')], Some((3, 3))),
        (vec![(0, '-'), (12, '-'), (24, '-')], None),
        (vec![(0, '-'), (6, '+'), (12, '?'), (18, '+'), (23, '-')], Some((3, 5))),
        (vec![(0, '-'), (1, '-'), (2, '-'), (3, '-'), (25, '+')], Some((4, 4))),
    ] {
        let run = |(ago, letter): &(u64, char)| FinishedRun {
            run: run_of("2mq9", 1),
            command: CommandName::new("reboot"),
            site: Some(SiteName::new("lax")),
            server: Some(FinishedServer { id: id(0), name: server(0).name, server_type: server(0).server_type }),
            version: None,
            asked_by: Asker::Automation,
            finished_as: match letter {
                '+' => FinishedAs::Succeeded,
                '?' => FinishedAs::Unknown,
                _ => FinishedAs::Failed,
            },
            at: NOW.minus(HOUR * u32::try_from(*ago).expect("few hours")),
        };
        let newest_first = hours_ago.iter().map(run).collect::<Vec<_>>();
        let opening = opens(ScopeRecord { scope: &scope, newest_first: &newest_first, elsewhere: None }, &rules);
        let tally = opening.map(|opening| (opening.tally.failures, opening.tally.of));
        assert_eq!(tally, expected, "{hours_ago:?}");
    }
}

/// Whatever command opened it, automations do nothing more on that server; people do, and other servers are as before.
#[test]
fn the_breaker_of_a_server_stops_automations_and_nobody_else() {
    let fleet = Fleet::of(40).broken("wipe server=edge-lax-000");
    assert_eq!(fleet.keeps(Asker::Automation), ["wipe server=edge-lax-000 until somebody closes it"]);
    assert!(fleet.keeps(Asker::Person).is_empty());
    assert!(Fleet::of(40).broken("reboot server=edge-lax-001").keeps(Asker::Automation).is_empty());
    let looking =
        Fleet { spec: CommandSpec { impact: Impact::ReadOnly, steps: Vec::new(), ..reboot() }, ..fleet.clone() };
    assert!(looking.keeps(Asker::Automation).is_empty(), "looking is never held up");
    let steps = vec![StepSpec::Undrain { timeout: SECOND.into() }];
    let back = Fleet { spec: CommandSpec { steps, impact: Impact::Config, ..reboot() }, ..fleet.clone() };
    assert_eq!(back.keeps(Asker::Automation).len(), 1, "nobody knows what is wrong with it");
    assert!(back.keeps(Asker::Person).is_empty());
    let mut observed = fleet;
    observed.rules.observed = vec![PolicyName::FailureRate];
    assert!(observed.keeps(Asker::Automation).is_empty(), "it is only observed");
}

/// A person may close it at once: there is no canary to wait for.
#[test]
fn the_breaker_of_a_server_waits_for_nothing_but_a_person() {
    let fleet = Fleet::of(3);
    let inventory = fleet.inventory();
    let open = breaker("reboot server=edge-lax-000");
    assert_eq!(open.standing(fleet.known(&inventory)), BreakerStanding::MayClose);
    let (by, name, why) = (PersonId::new("T0", "U0"), String::new(), String::new());
    let closed = open.closed(Closing { by, name, at: NOW, why, after_canary: false });
    assert_eq!(closed.standing(fleet.known(&inventory)), BreakerStanding::Closed);
}

#[test]
fn automations_wait_six_hours_after_a_failure_on_a_server() {
    let minute = Duration::from_secs(60);
    let after = |ago, asked_by| Fleet::of(40).failed(0, "drain", ago).keeps(asked_by);
    assert_eq!(after(minute, Asker::Automation), ["drain server=edge-lax-000 for 5 h"]);
    assert_eq!(after(HOUR * 6 - SECOND, Asker::Automation), ["drain server=edge-lax-000 for 0 h"]);
    assert!(after(HOUR * 6, Asker::Automation).is_empty(), "it is over");
    assert!(after(minute, Asker::Person).is_empty());
    assert!(Fleet::of(40).failed(1, "reboot", minute).keeps(Asker::Automation).is_empty(), "another server");
    let mut longer = Fleet::of(40).failed(0, "drain", HOUR * 7);
    longer.rules.failure_rate.server.cool_down = SERVER_FAILURES_KEPT_FOR;
    assert_eq!(longer.keeps(Asker::Automation), ["drain server=edge-lax-000 for 17 h"]);
    let broken = Fleet::of(40).failed(0, "drain", minute).broken("reboot server=edge-lax-000");
    assert_eq!(broken.keeps(Asker::Automation), ["reboot server=edge-lax-000 until somebody closes it"]);
}

#[test]
fn of_several_that_are_open_the_widest_is_told_first() {
    let all = ["reboot", "reboot type=edge-cache version=1.2.3", "reboot site=lax"];
    let fleet = all.iter().fold(Fleet::of(40).failed(0, "reboot", HOUR), |fleet, text| fleet.broken(text));
    let named = |asked_by| {
        fleet.keeps(asked_by).iter().map(|told| told.split(" for ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(named(Asker::Person), all);
    assert_eq!(named(Asker::Automation), [all.as_slice(), &["reboot server=edge-lax-000"]].concat());
    // Of several servers, too, whichever was asked about first.
    let blocker = |text: &str| Blocker::Broken {
        scope: scope(text),
        failures: 3,
        of: 3,
        since: NOW,
        examples: Vec::new(),
        until: BrokenUntil::Person,
    };
    let told =
        merged(["reboot server=edge-lax-000", "reboot site=rix", "reboot site=lax", "reboot"].map(blocker).into());
    let told = told.iter().map(told_scope).collect::<Vec<_>>();
    assert_eq!(told, ["reboot", "reboot site=rix", "reboot site=lax", "reboot server=edge-lax-000"]);
}

/// Of many servers in their cool-down one line is told, by the first that ends; breakers take a person each, and stay apart.
#[test]
fn servers_that_rest_are_told_together() {
    let cooling = |number: usize, command: &str, hours: u32| Blocker::Broken {
        scope: scope(&format!("{command} server={}", server(number).name)),
        failures: 1,
        of: 1,
        since: NOW.minus(HOUR * (6 - hours)),
        examples: vec![server(number).name],
        until: BrokenUntil::CoolDown(NOW.plus(HOUR * hours)),
    };
    let open = |number: usize| Blocker::Broken {
        scope: scope(&format!("reboot server={}", server(number).name)),
        failures: 3,
        of: 3,
        since: NOW,
        examples: vec![server(number).name],
        until: BrokenUntil::Person,
    };
    let all = [cooling(2, "reboot", 3), open(5), cooling(0, "drain", 1), cooling(1, "reboot", 5), open(6)];
    let together = Blocker::Broken {
        scope: scope("drain server=edge-lax-000"),
        failures: 3,
        of: 3,
        since: NOW.minus(HOUR * 5),
        examples: [0, 1, 2].map(|number| server(number).name).into(),
        until: BrokenUntil::CoolDown(NOW.plus(HOUR)),
    };
    let told = merged(all.to_vec());
    assert_eq!(told, [together.clone(), open(5), open(6)]);
    assert_eq!(merged([told, all.to_vec()].concat()), [together, open(5), open(6)], "told once more it is the same");
    let alone = merged(vec![cooling(2, "reboot", 3), cooling(2, "reboot", 3)]);
    assert_eq!(alone, [cooling(2, "reboot", 3)]);
    let site = Blocker::Broken {
        scope: scope("reboot site=lax"),
        failures: 3,
        of: 3,
        since: NOW,
        examples: vec![server(0).name],
        until: BrokenUntil::CoolDown(NOW.plus(HOUR)),
    };
    let apart = merged(vec![site.clone(), cooling(0, "drain", 1)]);
    assert_eq!(apart, [site, cooling(0, "drain", 1)], "what a whole site waits for is another reason");
}

fn told_scope(blocker: &Blocker) -> String {
    let Blocker::Broken { scope, .. } = blocker else { panic!("nothing else: {blocker:?}") };
    scope.to_string()
}

/// Asked again on what was kept of it, a decision about an automation says the same.
#[test]
fn what_kept_automations_off_is_kept_with_the_decision() {
    let fleet = Fleet::of(3).failed(0, "reboot", HOUR).failed(1, "reboot", HOUR);
    let (inventory, run, server) = (fleet.inventory(), run_of("2mq9", 1), planned(&fleet.servers[0]));
    let known = fleet.known(&inventory);
    for asked_by in Asker::ALL {
        let (spec, passes) = (&fleet.spec, PolicySet::NONE);
        let said = pass([Candidate { run: &run, server: &server, spec, version: None, asked_by, passes }], known);
        let (snapshot, kept) = (Snapshot::of([&server], known, &Fingerprint::of(b"files")), decided(&said));
        assert_eq!(snapshot.failures.len(), 1, "of the server that was asked about alone");
        let again = snapshot.ask_again(&kept, (&fleet.spec, None)).expect("they make an inventory");
        assert_eq!(again, [kept[0].said.clone()]);
    }
}
