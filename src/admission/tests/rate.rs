//! The rate: how many starts of one command within a minute are enough.

use super::*;
use crate::workflow::request::alike;

fn started(mut fleet: Fleet, command: &str, seconds_ago: &[u64]) -> Fleet {
    for ago in seconds_ago {
        let at = NOW.minus(Duration::from_secs(*ago));
        fleet.ledger.starts.push(Start { at, command: CommandName::new(command) });
    }
    fleet
}

fn limited(to: u32) -> Fleet {
    let rules = Rules { starts_per_minute: Some(to), ..roomy() };
    let mut fleet = Fleet { rules, ..Fleet::of(6) };
    for server in &mut fleet.servers {
        server.pool = None;
    }
    fleet
}

/// How many started, and in how many seconds there is room.
fn told(fleet: &Fleet) -> Option<(u32, u64)> {
    match fleet.check(0) {
        Verdict::Allow(_) => None,
        Verdict::Wait(blockers) => match blockers.as_slice() {
            [Blocker::Rate { started, next, .. }] => Some((*started, next.since(NOW).as_secs())),
            others => panic!("only the rate has a say, not {others:?}"),
        },
        Verdict::Deny(why) => panic!("{why}"),
    }
}

#[test]
fn a_start_counts_for_a_minute() {
    for (limit, ago, expected) in [
        (2, &[][..], None),
        (2, &[10], None),
        (2, &[10, 20], Some((2, 40))),
        (2, &[59, 59], Some((2, 1))),
        (2, &[60, 59], None),
        // With more than there may be, because there might be more before, all but one must be over.
        (2, &[10, 20, 30, 40], Some((4, 40))),
        (1, &[0], Some((1, 60))),
    ] {
        assert_eq!(told(&started(limited(limit), "reboot", ago)), expected, "{limit} {ago:?}");
    }
}

#[test]
fn another_command_and_no_limit_take_no_place() {
    assert_eq!(told(&started(limited(1), "drain", &[1, 2, 3])), None);
    let mut free = started(limited(1), "reboot", &[1, 2, 3]);
    free.rules.starts_per_minute = None;
    assert_eq!(told(&free), None);
}

#[test]
fn looking_and_giving_back_are_not_limited() {
    let full = started(limited(1), "reboot", &[1]);
    let looking = CommandSpec {
        impact: Impact::ReadOnly,
        steps: vec![StepSpec::Check { checks: Vec::new(), timeout: SECOND.into() }],
        ..full.spec.clone()
    };
    let undrain = CommandSpec {
        impact: Impact::Drain,
        steps: vec![StepSpec::Undrain { timeout: SECOND.into() }],
        ..full.spec.clone()
    };
    for spec in [looking, undrain] {
        assert_eq!(told(&Fleet { spec, ..full.clone() }), None);
    }
}

/// Each server that a pass lets start is counted before the next is asked about; asked again it is the same.
#[test]
fn a_pass_counts_its_own_starts() {
    let fleet = started(limited(3), "reboot", &[30]);
    let inventory = fleet.inventory();
    let (run, servers) = (run_of("2mq9", 1), fleet.servers.iter().map(planned).collect::<Vec<_>>());
    let passes = PolicySet::NONE;
    let candidates = servers.iter().map(|server| Candidate {
        run: &run,
        server,
        spec: &fleet.spec,
        version: None,
        asked_by: Asker::Person,
        passes,
    });
    let said = pass(candidates, fleet.known(&inventory));
    let starts = said.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Allow(_))).count();
    assert_eq!(starts, 2);
    let [Blocker::Rate { started, limit, next, .. }] = &reasons_of_servers(&said)[..] else { panic!("{said:?}") };
    assert_eq!((*started, *limit, next.since(NOW)), (3, 3, SECOND * 30));
    let (kept, snapshot) =
        (decided(&said), Snapshot::of(&servers, fleet.known(&inventory), &Fingerprint::of(b"files")));
    let again = snapshot.ask_again(&kept, (&fleet.spec, None)).expect("an inventory");
    assert_eq!(again, kept.into_iter().map(|one| one.said).collect::<Vec<_>>());
}

#[test]
fn the_file_says_how_many() {
    for (text, expected) in
        [("", Some(10)), ("concurrency: { rate: 3 }", Some(3)), ("concurrency: { rate: none }", None)]
    {
        assert_eq!(admission_rules("admission.yaml", text).expect("it is sound").starts_per_minute, expected, "{text}");
    }
    for wrong in ["0", "-1", "many", "[]"] {
        let fault = admission_rules("admission.yaml", &format!("concurrency: {{ rate: {wrong} }}")).expect_err(wrong);
        assert!(fault.line == Some(1) && fault.to_string().contains("rate"), "{fault}");
    }
}

/// How long a command took is known from five on; until then its time-outs count.
#[test]
fn paces_are_taken_from_what_was_done() {
    let command = CommandName::new("reboot");
    let cases = |count: u64| (1..=count).map(|seconds| (command.clone(), Duration::from_secs(seconds)));
    assert_eq!(paces(cases(4)).get(&command), None);
    let pace = paces(cases(40)).remove(&command).expect("40 cases");
    assert_eq!((pace.cases, pace.nineteen_in_twenty), (40, Duration::from_secs(38)));
}

/// Each start makes another number and another time of it, which is no news.
#[test]
fn a_rate_that_goes_on_is_told_once() {
    let of = |ago: &[u64]| match started(limited(2), "reboot", ago).check(0) {
        Verdict::Wait(blockers) => blockers,
        Verdict::Allow(_) | Verdict::Deny(_) => panic!("it waits"),
    };
    assert!(alike(&of(&[1, 2, 3]), &of(&[20, 30])));
    assert!(!alike(&of(&[1, 2, 3]), &[]));
}
