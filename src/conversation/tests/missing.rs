//! What a line lacks: told with what it takes, and as a whole line that is not carried out before it is filled in.

use super::{PRIVATE, command, shown};
use crate::conversation::filling_in;
use crate::conversation::misunderstanding::to_fill_in;
use crate::domain::command::{CommandName, CommandSpec, Need, ParameterSpec, Targets, ValueKind};
use crate::domain::intent::ParameterName;
use crate::domain::misunderstanding::Misunderstanding;
use crate::language::{Vocabulary, parse};
use insta::assert_snapshot;
use std::sync::Arc;

/// `reboot` as shipped, `open` on whole sites, and `tune`, which must be told a value of every kind.
pub(super) fn vocabulary() -> Vocabulary {
    let kinds = [
        ("note", ValueKind::TEXT),
        ("tries", ValueKind::Integer { min: 1, max: 5 }),
        ("share", ValueKind::PERCENTAGE),
        ("soak", ValueKind::DURATION),
        ("mode", ValueKind::Choice(vec!["warm".to_owned(), "cold".to_owned()])),
        ("force", ValueKind::Boolean),
        ("until", ValueKind::Time),
        ("peer", ValueKind::Server),
        ("spare", ValueKind::Selector),
        ("owner", ValueKind::User),
        ("tell", ValueKind::Channel),
        ("kernel", ValueKind::Version),
        ("ticket", ValueKind::Url),
    ];
    let reboot = command("reboot");
    let reason = reboot.parameters.iter().find(|parameter| parameter.asked_as_because).unwrap().clone();
    let made = |name: &str, targets: Targets, parameters: Vec<ParameterSpec>| {
        Arc::new(CommandSpec { name: CommandName::new(name), targets, parameters, ..reboot.as_ref().clone() })
    };
    let mut parameters = vec![reason.clone()];
    parameters.extend(kinds.map(|(name, kind)| ParameterSpec {
        name: ParameterName::new(name),
        kind,
        default: None,
        need: Need::Required,
        asked_as_because: false,
    }));
    let tune = made("tune", Targets::None, parameters);
    let open = made("open", Targets::Sites { max: 3 }, vec![reason]);
    Vocabulary::of(vec![reboot.clone(), tune, open])
}

fn told(line: &str) -> Misunderstanding {
    parse(line, &vocabulary()).unwrap_err()
}

fn whole(line: &str) -> String {
    to_fill_in(&told(line)).unwrap_or_default()
}

#[test]
fn the_whole_line_has_a_place_for_everything_that_is_missing() {
    assert_eq!(whole("reboot edge-lax-001"), "reboot edge-lax-001 because …");
    assert_eq!(whole("Reboot"), "Reboot SERVERS because …");
    assert_eq!(whole("plan reboot because fan noise"), "plan reboot SERVERS because fan noise");
    assert_eq!(whole("reboot --wave 20%"), "reboot SERVERS --wave 20% because …");
    assert_eq!(whole("reboot edge-lax-001 --wave"), "reboot edge-lax-001 --wave PERCENT because …");
    assert_eq!(whole("reboot edge-lax-001 --wave="), "reboot edge-lax-001 --wave=PERCENT because …");
    assert_eq!(whole("reboot edge-lax-001 --wave because x"), "reboot edge-lax-001 --wave PERCENT because x");
    assert_eq!(whole("reboot edge-lax-001 in 20m because"), "reboot edge-lax-001 in 20m because …");
    assert_eq!(whole("open"), "open SITES because …");
    // Something else is wrong as well, and is told first.
    assert_eq!(whole("reboot edge-lax-001 --wafe 20%"), "");
    assert_eq!(whole("reboot edge-lax-001 --wave 200%"), "");
    assert_eq!(whole("cancel"), "");
}

#[test]
fn each_is_told_with_what_it_takes() {
    assert_snapshot!(shown(&filling_in(&told("reboot")).unwrap(), PRIVATE), @"
    Something is missing
    ----
    Missing:
    servers: names or attributes, such as edge-lax-[001-020] or site=lax
    because: text of at most 500 characters
    To fill in: `reboot SERVERS because …`
    ");
    let every = filling_in(&told("tune --soak because x")).unwrap();
    assert_snapshot!(crate::conversation::plain::render(&every), @"
    Missing:
    --soak: a length of time, such as 90s, 5m or 2h
    --note: text of at most 500 characters
    --tries: a whole number from 1 to 5
    --share: a percentage from 1% to 100%
    --mode: one of warm, cold
    --force: yes or no
    --until: a time, such as 02:00 UTC
    --peer: one server, such as edge-lax-001
    --spare: servers, such as edge-lax-[001-020]
    --owner: a person, such as @ana
    --tell: a channel, such as #noc
    --kernel: a version, such as 1.2.3
    --ticket: an address that begins with https:// and has no password
    To fill in: `tune --soak DURATION --note … --tries NUMBER --share PERCENT --mode warm|cold --force yes|no --until TIME --peer … --spare […] --owner PERSON --tell CHANNEL --kernel VERSION --ticket URL because x`
    ");
    assert_eq!(filling_in(&told("reboot edge-lax-[003-001]")), None);
}

/// Copied and sent as it is, a line with places to fill in is carried out by nobody.
#[test]
fn a_line_to_fill_in_is_not_understood_as_it_stands() {
    let vocabulary = vocabulary();
    for line in ["reboot edge-lax-001", "reboot", "open", "open riga", "tune", "tune because x", "reboot a-1 --wave"] {
        assert!(parse(&whole(line), &vocabulary).is_err(), "{}", whole(line));
    }
    // Nor is one in which all but one place is filled in.
    let tune = vocabulary.command("tune").unwrap();
    let values = [
        "soft",
        "3",
        "10%",
        "5m",
        "warm",
        "yes",
        "\"2026-12-01 02:00 UTC\"",
        "edge-lax-001",
        "site=lax",
        "@ana",
        "#noc",
        "1.2.3",
        "https://a.example/1",
    ];
    let named = tune.parameters.iter().filter(|parameter| !parameter.asked_as_because);
    let given = named.zip(values).map(|(parameter, value)| format!("--{} {value}", parameter.name)).collect::<Vec<_>>();
    assert!(parse(&format!("tune {} because x", given.join(" ")), &vocabulary).is_ok());
    for left_out in 0..given.len() {
        let others = given.iter().enumerate().filter(|(place, _)| *place != left_out).map(|(_, text)| text.as_str());
        let line = whole(&format!("tune {} because x", others.collect::<Vec<_>>().join(" ")));
        assert!(parse(&line, &vocabulary).is_err(), "{line}");
    }
}
