//! Calendars: when their times are by the clocks of a site, and what they say to a start.

use super::*;
use crate::admission::calendars::{Planned, Surroundings, calendars, planned as planned_freezes};
use crate::domain::intent::ZoneName;
use crate::domain::server::SiteFacts;
use crate::workflow::calendar::{CalendarBlock, CalendarSays, TakesBy};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// `2026-03-29 01:00`, in UTC.
fn utc(text: &str) -> Timestamp {
    let at = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time");
    Timestamp::from_millis(at.and_utc().timestamp_millis())
}

/// A server in each of these sites, whose clocks show that; an empty zone is one that nobody tells.
fn fleet(sites: &[(&str, &str)], yaml: &str) -> (Fleet, Inventory) {
    let mut fleet = Fleet::of(sites.len());
    for (server, (site, _)) in fleet.servers.iter_mut().zip(sites) {
        (server.site, server.pool) = (SiteName::new(*site), None);
    }
    let zone = |(site, zone): &(&str, &str)| {
        let zone = (!zone.is_empty()).then(|| ZoneName::new(*zone));
        (SiteName::new(*site), SiteFacts { zone, ..SiteFacts::default() })
    };
    let inventory = fleet.inventory().with_places(sites.iter().map(zone).collect(), BTreeMap::new());
    let told = |told: &crate::domain::misunderstanding::Misunderstanding| format!("{:?}", told.kind);
    let groups = BTreeSet::from([GroupName::new("noc")]);
    let commands = [Arc::new(fleet.spec.clone())];
    let surroundings = Surroundings { commands: &commands, inventory: &inventory, groups: &groups, words: &told };
    let text = format!("{yaml}  why: people are in the halls\n  owner: noc\n");
    fleet.rules.calendars = calendars("calendars.yaml", &text, surroundings)
        .unwrap_or_else(|faults| panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
    (fleet, inventory)
}

fn blockers(fleet: &Fleet, inventory: &Inventory, number: usize, at: &str) -> Vec<Blocker> {
    let (run, server) = (run_of("2mq9", 1), planned(&fleet.servers[number]));
    let candidate = Candidate {
        run: &run,
        server: &server,
        spec: &fleet.spec,
        version: None,
        asked_by: Asker::Person,
        passes: PolicySet::NONE,
    };
    match evaluate(candidate, Known { now: utc(at), ..fleet.known(inventory) }) {
        Verdict::Allow(_) => Vec::new(),
        Verdict::Wait(blockers) => blockers,
        Verdict::Deny(why) => panic!("{why}"),
    }
}

fn told(block: &CalendarBlock) -> String {
    let at = |at: &Timestamp| at.date_text();
    let then = |at: &Option<Timestamp>| at.as_ref().map_or("never".to_owned(), |at| at.date_text());
    match &block.says {
        CalendarSays::Frozen { since, until } => format!("frozen from {} until {}", at(since), at(until)),
        CalendarSays::Closed { since, opens } => format!("closed since {}, opens {}", then(since), then(opens)),
        CalendarSays::Closing { until, takes, opens, .. } => {
            format!("ends {}, takes {} min, opens {}", at(until), takes.as_secs() / 60, then(opens))
        }
        CalendarSays::Untold => "cannot be told".to_owned(),
    }
}

/// What a calendar says to a start in that site's zone at that time in UTC.
fn says(zone: &str, yaml: &str, at: &str) -> String {
    let (fleet, inventory) = fleet(&[("riga", zone)], yaml);
    match blockers(&fleet, &inventory, 0, at).as_slice() {
        [] => "starts".to_owned(),
        [Blocker::Calendar(block)] => told(block),
        others => panic!("only the calendar has a say, not {others:?}"),
    }
}

fn check(zone: &str, yaml: &str, table: &[(&str, &str)]) {
    for (at, expected) in table {
        assert_eq!(says(zone, yaml, at), *expected, "at {at} UTC");
    }
}

#[test]
fn working_hours_are_those_of_the_site() {
    let hours = "- name: hours\n  kind: freeze\n  at: 0 8 * * mon-fri\n  for: 9h\n";
    check(
        "Europe/Riga",
        hours,
        &[
            // 2026-01-05 is a Monday; Riga is two hours ahead.
            ("2026-01-05 05:59", "starts"),
            ("2026-01-05 06:00", "frozen from 2026-01-05 06:00 until 2026-01-05 15:00"),
            ("2026-01-05 14:59", "frozen from 2026-01-05 06:00 until 2026-01-05 15:00"),
            ("2026-01-05 15:00", "starts"),
            ("2026-01-04 10:00", "starts"),
        ],
    );
    check(
        "America/Los_Angeles",
        hours,
        &[("2026-01-05 06:00", "starts"), ("2026-01-05 16:00", "frozen from 2026-01-05 16:00 until 2026-01-06 01:00")],
    );
    let of_one_zone = "- name: hours\n  kind: freeze\n  at: 0 8 * * mon-fri\n  for: 9h\n  zone: UTC\n";
    check(
        "Europe/Riga",
        of_one_zone,
        &[("2026-01-05 07:59", "starts"), ("2026-01-05 08:00", "frozen from 2026-01-05 08:00 until 2026-01-05 17:00")],
    );
}

#[test]
fn a_freeze_goes_over_midnight() {
    check(
        "Europe/Riga",
        "- name: night\n  kind: freeze\n  at: 0 22 * * sat\n  for: 8h\n",
        &[
            ("2026-01-10 19:59", "starts"),
            ("2026-01-10 21:59", "frozen from 2026-01-10 20:00 until 2026-01-11 04:00"),
            ("2026-01-10 22:00", "frozen from 2026-01-10 20:00 until 2026-01-11 04:00"),
            ("2026-01-11 04:00", "starts"),
            // In this night the clocks go forward, and in that one back: it lasts eight real hours in both.
            ("2026-03-29 03:59", "frozen from 2026-03-28 20:00 until 2026-03-29 04:00"),
            ("2026-03-29 04:00", "starts"),
            ("2026-10-25 02:59", "frozen from 2026-10-24 19:00 until 2026-10-25 03:00"),
            ("2026-10-25 03:00", "starts"),
        ],
    );
}

/// In Riga the clocks go from 03:00 to 04:00 on 2026-03-29, and from 04:00 to 03:00 on 2026-10-25, both at 01:00 UTC.
#[test]
fn the_two_odd_days_of_the_year() {
    check(
        "Europe/Riga",
        "- name: early\n  kind: window\n  at: 30 3 * * *\n  for: 1h\n",
        &[
            ("2026-03-29 00:59", "closed since 2026-03-28 02:30, opens 2026-03-29 01:00"),
            ("2026-03-29 01:00", "starts"),
            ("2026-03-29 01:59", "starts"),
            ("2026-03-29 02:00", "closed since 2026-03-29 02:00, opens 2026-03-30 00:30"),
            ("2026-10-25 00:29", "closed since 2026-10-24 01:30, opens 2026-10-25 00:30"),
            ("2026-10-25 00:30", "starts"),
            ("2026-10-25 01:29", "starts"),
            // The clocks show 03:30 a second time, and it does not open again.
            ("2026-10-25 01:30", "closed since 2026-10-25 01:30, opens 2026-10-26 01:30"),
            ("2026-10-25 01:45", "closed since 2026-10-25 01:30, opens 2026-10-26 01:30"),
        ],
    );
    // Nothing of a daily round is lost where a day has 23 hours.
    let round = "- name: always\n  kind: freeze\n  at: 0 0 * * *\n  for: 1d\n";
    assert!(says("Europe/Riga", round, "2026-03-29 12:00").starts_with("frozen"));
}

/// In Samoa there was no 30 December 2011.
#[test]
fn a_day_that_the_clocks_skip_begins_with_the_next() {
    let window = "- name: once\n  kind: window\n  from: 2011-12-30 06:00\n  until: 2011-12-31 02:00\n";
    check(
        "Pacific/Apia",
        window,
        &[("2011-12-30 09:59", "closed since never, opens 2011-12-30 10:00"), ("2011-12-30 10:00", "starts")],
    );
}

#[test]
fn stretches_without_a_gap_are_one() {
    let weekend = "- name: weekend\n  kind: freeze\n  at: 0 0 * * sat,sun\n  for: 24h\n  zone: UTC\n";
    let whole = "frozen from 2026-01-10 00:00 until 2026-01-12 00:00";
    check("UTC", weekend, &[("2026-01-10 12:00", whole), ("2026-01-11 12:00", whole), ("2026-01-12 00:00", "starts")]);
    let nights = "- name: nights\n  kind: window\n  at: [0 22 * * *, 0 4 * * *]\n  for: 6h\n  zone: UTC\n";
    check(
        "UTC",
        nights,
        &[
            ("2026-01-10 09:59", "starts"),
            ("2026-01-10 10:00", "closed since 2026-01-10 10:00, opens 2026-01-10 22:00"),
        ],
    );
}

#[test]
fn days_are_left_out() {
    let cron = "- name: hours\n  kind: freeze\n  at: 0 8 * * *\n  for: 2h\n  zone: UTC\n  except: [2026-01-06]\n";
    check(
        "UTC",
        cron,
        &[("2026-01-05 09:00", "frozen from 2026-01-05 08:00 until 2026-01-05 10:00"), ("2026-01-06 09:00", "starts")],
    );
    let window = cron.replace("freeze", "window");
    check("UTC", &window, &[("2026-01-05 10:00", "closed since 2026-01-05 10:00, opens 2026-01-07 08:00")]);
    let dates = "- name: year-end\n  kind: freeze\n  from: 2026-12-23\n  until: 2027-01-03T06:00\n  except: [2026-12-28, 2026-12-29]\n";
    check(
        "Europe/Riga",
        dates,
        &[
            ("2026-12-22 21:59", "starts"),
            ("2026-12-22 22:00", "frozen from 2026-12-22 22:00 until 2026-12-27 22:00"),
            ("2026-12-28 12:00", "starts"),
            ("2026-12-29 22:00", "frozen from 2026-12-29 22:00 until 2027-01-03 04:00"),
            ("2027-01-03 04:00", "starts"),
        ],
    );
}

#[test]
fn a_start_must_fit_into_its_window() {
    let window = "- name: nights\n  kind: window\n  at: 0 22 * * *\n  for: 4h\n  zone: UTC\n";
    let says = |time_out: u64, at: &str| {
        let (mut fleet, inventory) = fleet(&[("riga", "")], window);
        fleet.spec.steps = vec![
            StepSpec::Drain { timeout: (SECOND * 60).into(), connections_max: 0.into() },
            StepSpec::RestoreState { timeout: (SECOND * 60 * u32::try_from(time_out).expect("small")).into() },
        ];
        match blockers(&fleet, &inventory, 0, at).as_slice() {
            [] => "starts".to_owned(),
            [Blocker::Calendar(block)] => {
                assert!(matches!(block.says, CalendarSays::Closing { by: TakesBy::TimeOuts, .. }), "{block:?}");
                told(block)
            }
            others => panic!("{others:?}"),
        }
    };
    // One minute and 59 are an hour.
    assert_eq!(says(59, "2026-01-05 22:00"), "starts");
    assert_eq!(says(59, "2026-01-06 01:00"), "starts");
    assert_eq!(says(59, "2026-01-06 01:01"), "ends 2026-01-06 02:00, takes 60 min, opens 2026-01-06 22:00");
    // Longer than the whole window: half of it is asked for.
    assert_eq!(says(600, "2026-01-06 00:00"), "starts");
    assert_eq!(says(600, "2026-01-06 00:01"), "ends 2026-01-06 02:00, takes 120 min, opens 2026-01-06 22:00");
}

/// Whoever cannot be sure waits.
#[test]
fn what_cannot_be_told_counts_as_frozen_and_closed() {
    for kind in ["freeze", "window"] {
        let yaml = format!("- name: hours\n  kind: {kind}\n  at: 0 8 * * *\n  for: 1h\n");
        let (mut fleet, _) = fleet(&[("riga", "Europe/Riga")], &yaml);
        let forgotten = fleet.inventory();
        let [Blocker::Calendar(block)] = &blockers(&fleet, &forgotten, 0, "2026-01-05 12:00")[..] else {
            panic!("{kind}")
        };
        assert_eq!((told(block).as_str(), block.zone.as_ref(), block.over_at()), ("cannot be told", None, None));
        fleet.rules.calendars = Calendars::default();
        assert_eq!(blockers(&fleet, &forgotten, 0, "2026-01-05 12:00"), []);
    }
}

const FROZEN: &str = "- name: now\n  kind: freeze\n  from: 2026-01-05\n  until: 2026-01-06\n  zone: UTC\n";
const THEN: &str = "2026-01-05 12:00";

#[test]
fn a_calendar_is_about_its_commands_and_their_impact() {
    let is_frozen = |more: &str, impact: Impact| {
        let (mut fleet, inventory) = fleet(&[("riga", "")], &format!("{FROZEN}{more}"));
        fleet.spec.impact = impact;
        !blockers(&fleet, &inventory, 0, THEN).is_empty()
    };
    for (more, config, drain, power_cycle) in [
        ("", false, true, true),
        ("  impact: config\n", true, true, true),
        ("  impact: power-cycle\n", false, false, true),
        ("  commands: [reboot]\n", true, true, true),
        ("  commands: [reboot]\n  impact: power-cycle\n", false, false, true),
    ] {
        let found = [Impact::Config, Impact::Drain, Impact::PowerCycle].map(|impact| is_frozen(more, impact));
        assert_eq!(found, [config, drain, power_cycle], "{more:?}");
    }
    let (mut other, inventory) = fleet(&[("riga", "")], &format!("{FROZEN}  commands: [reboot]\n"));
    other.spec.name = CommandName::new("drain");
    assert_eq!(blockers(&other, &inventory, 0, THEN), []);
}

#[test]
fn looking_and_giving_back_go_on() {
    let (frozen, inventory) = fleet(&[("riga", "")], FROZEN);
    let looking = CommandSpec {
        impact: Impact::ReadOnly,
        steps: vec![StepSpec::Check { checks: Vec::new(), timeout: SECOND.into() }],
        ..frozen.spec.clone()
    };
    let looks = Fleet { spec: looking, ..frozen.clone() };
    assert_eq!(blockers(&looks, &inventory, 0, THEN), []);
    let undrain = CommandSpec {
        impact: Impact::Drain,
        steps: vec![StepSpec::Undrain { timeout: SECOND.into() }],
        ..frozen.spec.clone()
    };
    let gives_back = Fleet { spec: undrain, ..frozen };
    assert_eq!(blockers(&gives_back.clone().in_state(0, Drained), &inventory, 0, THEN), []);
    assert_eq!(blockers(&gives_back.in_state(0, Standby), &inventory, 0, THEN).len(), 1, "nobody took it out");
}

/// Each site by its own clocks, and all that say the same are told as one.
#[test]
fn each_site_has_its_own_time() {
    let sites = [("riga", "Europe/Riga"), ("lax", "America/Los_Angeles"), ("tallinn", "Europe/Riga")];
    let hours = "- name: hours\n  kind: freeze\n  at: 0 8 * * *\n  for: 9h\n";
    let (fleet, inventory) = fleet(&sites, hours);
    let (run, servers) = (run_of("2mq9", 1), fleet.servers.iter().map(planned).collect::<Vec<_>>());
    let candidates = servers.iter().map(|server| Candidate {
        run: &run,
        server,
        spec: &fleet.spec,
        version: None,
        asked_by: Asker::Person,
        passes: PolicySet::NONE,
    });
    let said = pass(candidates, Known { now: utc("2026-01-05 06:30"), ..fleet.known(&inventory) });
    let [Blocker::Calendar(block)] = &reasons_of_servers(&said)[..] else { panic!("{said:?}") };
    let sites = block.sites.iter().map(SiteName::as_str).collect::<Vec<_>>();
    assert_eq!(sites, ["riga", "tallinn"]);
    assert!(matches!(said[1].1, Verdict::Allow(_)), "it is 22:30 in lax");
}

#[test]
fn only_a_window_can_be_overridden() {
    let passes = |yaml: &str| {
        let (fleet, inventory) = fleet(&[("riga", "")], yaml);
        let (run, server) = (run_of("2mq9", 1), planned(&fleet.servers[0]));
        let passes = PolicyName::ALL.into_iter().collect();
        let candidate =
            Candidate { run: &run, server: &server, spec: &fleet.spec, version: None, asked_by: Asker::Person, passes };
        match evaluate(candidate, Known { now: utc(THEN), ..fleet.known(&inventory) }) {
            Verdict::Allow(admitted) => admitted.overridden().to_vec(),
            Verdict::Wait(_) | Verdict::Deny(_) => Vec::new(),
        }
    };
    assert_eq!(passes(FROZEN), []);
    assert_eq!(
        passes("- name: late\n  kind: window\n  at: 0 22 * * *\n  for: 1h\n  zone: UTC\n"),
        [PolicyName::Window]
    );
}

/// Work on no site waits until none of the sites is frozen.
#[test]
fn work_on_no_site_goes_by_every_clock() {
    let hours = "- name: hours\n  kind: freeze\n  at: 0 8 * * *\n  for: 2h\n";
    let (fleet, inventory) = fleet(&[("riga", "Europe/Riga"), ("lax", "America/Los_Angeles")], hours);
    let request = RequestId::from_tail("2mq9").expect("a tail");
    let count = |at: &str| {
        let known = Known { now: utc(at), ..fleet.known(&inventory) };
        without_server(&request, (&Subject::Nothing, None), &fleet.spec, known)
            .expect("it is not on the blacklist")
            .len()
    };
    assert_eq!(["2026-01-05 06:30", "2026-01-05 16:30", "2026-01-05 12:00"].map(count), [1, 1, 0]);
}

#[test]
fn what_was_decided_by_a_calendar_is_decided_the_same_again() {
    let (fleet, inventory) =
        fleet(&[("riga", "Europe/Riga")], "- name: hours\n  kind: freeze\n  at: 0 8 * * *\n  for: 9h\n");
    for at in ["2026-01-05 06:30", "2026-01-05 20:00"] {
        let known = Known { now: utc(at), ..fleet.known(&inventory) };
        let (run, server) = (run_of("2mq9", 1), planned(&fleet.servers[0]));
        let passes = PolicySet::NONE;
        let said = pass(
            [Candidate {
                run: &run,
                server: &server,
                spec: &fleet.spec,
                version: None,
                asked_by: Asker::Person,
                passes,
            }],
            known,
        );
        let (kept, snapshot) = (decided(&said), Snapshot::of([&server], known, &Fingerprint::of(b"files")));
        let again = snapshot.ask_again(&kept, (&fleet.spec, None)).expect("an inventory");
        assert_eq!(again, kept.into_iter().map(|one| one.said).collect::<Vec<_>>(), "at {at}");
    }
}

#[test]
fn freezes_are_told_a_day_ahead() {
    let hours = "- name: hours\n  kind: freeze\n  at: 0 8 * * mon-fri\n  for: 9h\n";
    let (fleet, inventory) =
        fleet(&[("riga", "Europe/Riga"), ("lax", "")], &hours.replace("for:", "on: site=riga\n  for:"));
    let told = |at: &str| {
        let now = utc(at);
        let all = planned_freezes(&fleet.servers, Known { now, ..fleet.known(&inventory) });
        let line = |one: &Planned| (one.sites.len(), one.is_on(now), one.span.map(|span| span.from.date_text()));
        all.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(told("2026-01-05 12:00"), [(1, true, Some("2026-01-05 06:00".to_owned()))]);
    assert_eq!(told("2026-01-05 16:00"), [(1, false, Some("2026-01-06 06:00".to_owned()))]);
    assert_eq!(told("2026-01-10 12:00"), [], "it is Saturday");
}
