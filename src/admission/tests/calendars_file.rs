//! `policies/calendars.yaml`: each kind of mistake is told with its line, and all of them together.

use super::*;
use crate::admission::calendars::{Surroundings, calendars};
use crate::domain::intent::ZoneName;
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::server::SiteFacts;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The faults of a text, as line and words.
fn faults(text: &str) -> Vec<String> {
    let mut fleet = Fleet::of(2);
    fleet.servers[1].site = SiteName::new("fra");
    let riga = SiteFacts { zone: Some(ZoneName::new("America/Los_Angeles")), ..SiteFacts::default() };
    let places = BTreeMap::from([(SiteName::new("lax"), riga)]);
    let inventory = fleet.inventory().with_places(places, BTreeMap::new());
    let looks = CommandSpec {
        name: CommandName::new("status-page"),
        impact: Impact::ReadOnly,
        steps: vec![StepSpec::Check { checks: Vec::new(), timeout: SECOND.into() }],
        ..reboot()
    };
    let commands = [Arc::new(reboot()), Arc::new(looks)];
    let groups = BTreeSet::from([GroupName::new("noc")]);
    let words = |told: &Misunderstanding| format!("{:?}", told.kind);
    let surroundings = Surroundings { commands: &commands, inventory: &inventory, groups: &groups, words: &words };
    let found = calendars("calendars.yaml", text, surroundings).err().unwrap_or_default();
    found.iter().map(|fault| format!("{} {}", fault.line.unwrap_or_default(), fault.what)).collect()
}

const SOUND: &str = "\
- name: nights
  kind: window
  on: site=lax
  commands: [reboot]
  at: 0 22 * * *
  for: 8h
  why: few are awake
  owner: noc
";

#[test]
fn no_text_is_no_calendar_and_a_sound_one_has_no_fault() {
    for text in ["", "# nothing here\n", "[]\n", SOUND] {
        assert_eq!(faults(text), [""; 0], "{text}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn each_mistake_is_told_with_its_line() {
    let table = [
        ("name: nights", "name: Nights", "1 a name is lower-case letters, digits and dashes, at most 63"),
        ("kind: window", "kind: open", "2 there is no kind open; it is freeze or window"),
        ("on: site=lax", "on: site=lux", "3 UnknownValue { attribute: Site, value: \"lux\" }"),
        ("on: site=lax", "on: site=", "3 Unexpected { expected: AttributeValue }"),
        (
            "on: site=lax",
            "on: site=fra",
            "3 the inventory has no `zone` for fra, so it cannot be told when this is there; add it there, or a `zone` here",
        ),
        (
            "  on: site=lax\n",
            "",
            "1 the inventory has no `zone` for fra, so it cannot be told when this is there; add it there, or a `zone` here",
        ),
        ("[reboot]", "[reboto]", "4 there is no command reboto; did you mean reboot?"),
        ("[reboot]", "[]", "4 `commands` names nothing; leave it out instead"),
        ("[reboot]", "[status-page]", "4 status-page only looks, which no calendar stops"),
        ("[reboot]", "[reboot]\n  impact: destructive", "5 reboot is power-cycle, which is less: it would never count"),
        (
            "[reboot]",
            "[reboot]\n  impact: drian",
            "5 `impact` takes one of read-only, config, drain, power-cycle, destructive",
        ),
        (
            "0 22 * * *",
            "0 22 30 2 *",
            "5 `0 22 30 2 *` is no cron: there is no such day; it takes minute, hour, day, month and day of the week, such as 0 8 * * mon-fri",
        ),
        ("for: 8h", "for: 0h", "6 `for` takes a duration such as 9h"),
        ("for: 8h", "for: 25h", "6 it lasts 1d1h, and begins again 1d later"),
        ("  for: 8h\n", "", "5 it takes both `at` and `for`, or both `from` and `until`, and not of each"),
        ("  at: 0 22 * * *\n  for: 8h\n", "", "1 it takes `at` and `for`, or `from` and `until`"),
        (
            "for: 8h",
            "for: 8h\n  from: 2026-12-23\n  until: 2026-12-24",
            "7 it takes both `at` and `for`, or both `from` and `until`, and not of each",
        ),
        ("for: 8h", "for: 8h\n  except: [someday]", "7 `except` takes dates such as 2026-12-24"),
        (
            "at: 0 22 * * *\n  for: 8h",
            "from: 2026-12-24\n  until: 2026-12-24",
            "6 it is over at 2026-12-24 00:00, before it begins at 2026-12-24 00:00",
        ),
        (
            "at: 0 22 * * *\n  for: 8h",
            "from: soon\n  until: 2026-12-24",
            "5 `from` takes a date or a time such as 2026-12-23 18:00",
        ),
        (
            "at: 0 22 * * *\n  for: 8h",
            "from: 2026-12-23\n  until: 2026-12-24\n  except: [2026-12-23]",
            "6 with its exceptions there is nothing left of it",
        ),
        (
            "for: 8h",
            "for: 8h\n  zone: Europe/Rigga",
            "7 there is no time zone Europe/Rigga; write it as in Europe/Riga, or UTC",
        ),
        ("commands: [reboot]", "command: [reboot]", "4 a calendar has no `command`; did you mean commands?"),
        ("  why: few are awake\n", "", "1 `why` is missing"),
        ("owner: noc", "owner: nco", "8 no group of people is called nco; did you mean noc?"),
    ];
    let mut wrong = Vec::new();
    for (from, to, expected) in table {
        assert!(SOUND.contains(from), "{from}");
        let found = faults(&SOUND.replace(from, to));
        if found.first().map(String::as_str) != Some(expected) {
            wrong.push(format!("{to}\n  expected {expected}\n  found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(faults(&SOUND.replace("0 22 * * *", "0 22 * *"))[0].starts_with("5 `0 22 * *` is no cron: "));
    assert_eq!(faults(&format!("{SOUND}{SOUND}")), ["9 two calendars are called nights"]);
    assert_eq!(faults("name: nights\n"), ["1 calendars are a list, and this is keys with values"]);
    assert_eq!(faults("- nights\n"), ["1 a calendar is keys with values, and this is a word"]);
}

#[test]
fn all_mistakes_are_told_together() {
    let text = SOUND.replace("site=lax", "site=lux").replace("reboot", "reboto").replace("owner: noc", "owner: nco");
    assert_eq!(faults(&text).len(), 3);
}

/// With its own clocks a calendar needs none of the sites'.
#[test]
fn a_zone_of_its_own_is_enough() {
    assert_eq!(faults(&SOUND.replace("  on: site=lax\n", "  zone: UTC\n")), [""; 0]);
}
