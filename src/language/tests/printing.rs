//! A printed intent reads as the same intent, and nothing that is typed makes reading fall over.

use super::{because, command, lines, parameter};
use crate::domain::asked::WhyOf;
use crate::domain::command::{CommandName, Need, ParameterSpec, Targets, ValueKind};
use crate::domain::intent::{Intent, Planned, Value, ZoneName};
use crate::domain::time::Timestamp;
use crate::language::{Fields, Vocabulary, parse, print};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// One command that takes every kind of value, one without servers, and one (`wipe`) that this person may not use.
pub(super) fn every_kind() -> Vocabulary {
    let kinds = [
        ("wave", ValueKind::PERCENTAGE),
        ("soak", ValueKind::DURATION),
        ("tries", ValueKind::Integer { min: -5, max: 500 }),
        ("mode", ValueKind::Choice(vec!["warm".to_owned(), "cold".to_owned()])),
        ("note", ValueKind::TEXT),
        ("force", ValueKind::Boolean),
        ("until", ValueKind::Time),
        ("peer", ValueKind::Server),
        ("spare", ValueKind::Selector),
        ("owner", ValueKind::User),
        ("tell", ValueKind::Channel),
        ("kernel", ValueKind::Version),
        ("ticket", ValueKind::Url),
    ];
    let mut parameters = vec![because("reason", Need::Required)];
    parameters.extend(kinds.map(|(name, kind)| {
        let default = (name == "wave").then_some(Value::Percentage(10));
        ParameterSpec { default, ..parameter(name, kind) }
    }));
    let servers = Targets::Servers { types: Vec::new(), from: Vec::new(), max: 10 };
    let drain = command("drain", servers.clone(), vec![because("reason", Need::Required)]);
    let wipe = command("wipe", servers.clone(), vec![because("reason", Need::Required)]);
    let announce = command("announce", Targets::None, vec![because("message", Need::Required)]);
    Vocabulary {
        zone: Some(ZoneName::new("Europe/Riga")),
        // 2026-11-25 10:00 UTC, noon in Riga.
        now: Timestamp::from_millis(1_795_600_800_000),
        usable: ["announce", "drain", "reboot"].map(CommandName::new).to_vec(),
        ..Vocabulary::of(vec![announce, drain, command("reboot", servers, parameters), wipe])
    }
}

/// The same without places, which differ between two spellings.
fn meaning(intent: &Intent) -> String {
    match intent {
        Intent::Work(work) | Intent::Plan(Planned::Work(work)) | Intent::CanI(Planned::Work(work)) => {
            let selector = work.selector.as_ref().map(|selector| crate::fleet::print(&selector.value));
            let start = work.start.as_ref().map(|start| &start.value);
            let verb = match intent {
                Intent::Plan(_) => "plan ",
                Intent::CanI(_) => "can-i ",
                Intent::Work(_)
                | Intent::WhoCan { .. }
                | Intent::CloseBreaker { .. }
                | Intent::Why(_)
                | Intent::Queue(_)
                | Intent::Out(_)
                | Intent::Help { .. }
                | Intent::Status { .. }
                | Intent::Cancel { .. }
                | Intent::Brake(_)
                | Intent::Declare(_)
                | Intent::Override { .. }
                | Intent::Retry { .. } => "",
            };
            format!("{verb}{} {selector:?} {:?} {start:?}", work.command, work.values())
        }
        Intent::Queue(selector) | Intent::Out(selector) => {
            let verb = if matches!(intent, Intent::Out(_)) { "out" } else { "queue" };
            format!("{verb} {:?}", selector.as_ref().map(|selector| crate::fleet::print(&selector.value)))
        }
        Intent::Status { selector } => {
            format!("status {:?}", selector.as_ref().map(|selector| crate::fleet::print(&selector.value)))
        }
        Intent::WhoCan { command, selector } => {
            format!("who-can {command} {:?}", selector.as_ref().map(|selector| crate::fleet::print(&selector.value)))
        }
        Intent::Declare(declared)
        | Intent::Plan(Planned::Declare(declared))
        | Intent::CanI(Planned::Declare(declared)) => {
            let servers = crate::fleet::print(&declared.servers.value);
            let is_planned = !matches!(intent, Intent::Declare(_));
            format!("{is_planned} {servers} {:?} {}", declared.declared, declared.because)
        }
        Intent::Why(WhyOf::Server(selector)) => format!("why {:?}", crate::fleet::print(&selector.value)),
        Intent::Why(WhyOf::Here | WhyOf::Consent | WhyOf::Request(_) | WhyOf::Run(_))
        | Intent::Plan(Planned::Cancel { .. } | Planned::Brake(_))
        | Intent::CanI(Planned::Cancel { .. } | Planned::Brake(_))
        | Intent::Help { .. }
        | Intent::CloseBreaker { .. }
        | Intent::Brake(_)
        | Intent::Override { .. }
        | Intent::Retry { .. }
        | Intent::Cancel { .. } => format!("{intent:?}"),
    }
}

/// Reasons as people write them, with all that could be read as something else.
fn reason() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-zA-Zäöüšķ日本はعр]{1,6}",
        "(at|in|because|--wave|02:00|20m|2h|site|time|UTC)",
        "[\"'“”‘’«»\\\\.…,!=&-]{1,3}",
    ];
    prop::collection::vec(word, 1..7).prop_map(|words| words.join(" "))
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "--wave [0-9]{1,3}%?",
        "--soak [1-9][0-9]?[smhd]([1-9]s)?",
        "--tries -?[0-9]{1,3}",
        "--mode (warm|COLD)",
        "--note (\"[a-z\\\\ .'“”-]{1,9}\"|‘[a-z \"]{1,9}’|[a-zü=%]{1,6})",
        "--force (yes|no|true|OFF)",
        "--until (\"2027-0[1-9]-1[0-9] 1[0-9]:00 (UTC|Asia/Tokyo)\"|12:30Z|\"tomorrow 2 am\")",
        "--peer edge-[a-z]{1,3}-[0-9]{1,3}",
        "--spare (\"site=lax & type=dns\"|a-\\[1-9\\]|a-1,b-2)",
        "--owner (@[a-z.]{1,5}|<@U[A-Z0-9]{2,5}(\\|ana)?>)",
        "--tell (#[a-z-]{1,6}|<#C[A-Z0-9]{2,5}>)",
        "--kernel v?[0-9]{1,2}\\.[0-9]\\.[0-9](-rc\\.1)?",
        "--ticket https://[a-z]{1,5}\\.example\\.com/[a-z?=&%.]{0,6}",
    ]
}

/// Good lines, most of them.
fn good_line() -> impl Strategy<Value = String> {
    let selector = prop_oneof![
        Just("edge-lax-[001-020/2,031]".to_owned()),
        Just("site=riga & type in (edge-cache, dns)".to_owned()),
        Just("(a-1,b-*) ! c-[2-3]".to_owned()),
        "[a-z]{1,4}-[0-9]{1,3}",
    ];
    let start = prop_oneof![
        Just(String::new()),
        " in [1-9][0-9]?[mh]",
        " at [01][0-9]:[0-5][0-9]( UTC| site time| Asia/Tokyo)?",
        " at tomorrow 0?[1-9]:30( am)? site time",
    ];
    let values = prop::collection::btree_map("[a-z]", value(), 0..3).prop_map(|values| {
        let values: Vec<String> = values.into_values().collect();
        values.join(" ")
    });
    let verb =
        prop_oneof![Just("reboot"), Just("plan reboot"), Just("Reboot"), Just("can-i reboot"), Just("Can I reboot")];
    (verb, selector, values, start, reason()).prop_map(|(verb, selector, values, start, reason)| {
        format!("{verb} {selector} {values}{start} because {reason}")
    })
}

/// Lines that ask about what policies say, whole and in part.
fn question() -> impl Strategy<Value = String> {
    let on = prop_oneof![Just(" "), Just(" on ")];
    let end = prop_oneof![Just(""), Just("?"), Just(" ?")];
    let asked = (prop_oneof![Just("who-can"), Just("Who can")], on, "[a-z]{1,4}-[0-9]{1,3}")
        .prop_map(|(verb, on, servers)| format!("{verb} reboot{on}{servers}"));
    let part = (good_line(), any::<prop::sample::Index>()).prop_map(|(line, place)| {
        let words: Vec<&str> = line.split(' ').collect();
        format!("can-i {}", words[..=place.index(words.len())].join(" "))
    });
    (prop_oneof![asked, part], end).prop_map(|(line, end)| format!("{line}{end}"))
}

/// One place of a good line, with something else there.
fn mutated() -> impl Strategy<Value = String> {
    (good_line(), any::<prop::sample::Index>(), "\\PC{0,2}", 0_usize..3).prop_map(|(line, place, put, cut)| {
        let letters: Vec<char> = line.chars().collect();
        let place = place.index(letters.len());
        let tail = letters.iter().skip(place + cut);
        letters.iter().take(place).copied().chain(put.chars()).chain(tail.copied()).collect()
    })
}

fn check(line: &str) -> Result<bool, TestCaseError> {
    let vocabulary = every_kind();
    match parse(line, &vocabulary) {
        Ok(intent) => {
            let printed = print(&intent, &vocabulary);
            let again = parse(&printed, &vocabulary);
            let again = again.map_err(|told| TestCaseError::fail(format!("{line}\n{printed}\n{told:?}")))?;
            prop_assert_eq!(meaning(&again), meaning(&intent), "{}\n{}", line, printed);
            Ok(true)
        }
        Err(told) => {
            prop_assert!(told.line.get(told.span).is_some(), "{}", line);
            Ok(false)
        }
    }
}

/// Lines that say how servers are.
fn declaration() -> impl Strategy<Value = String> {
    let verb = prop_oneof![Just("state"), Just("State"), Just("plan state")];
    let servers =
        prop_oneof![Just("edge-lax-[001-020/2,031]"), Just("(a-1,b-*) ! c-[2-3]"), Just("site=riga & type=dns")];
    let word = prop_oneof![Just("maintenance"), Just("repair"), Just("READY")];
    (verb, servers, word, reason()).prop_map(|(verb, on, word, why)| format!("{verb} {on} {word} because {why}"))
}

proptest! {
    #[test]
    fn so_does_what_is_said_of_servers(line in declaration()) {
        check(&line)?;
    }

    #[test]
    fn a_printed_intent_reads_as_the_same(line in good_line()) {
        check(&line)?;
    }

    #[test]
    fn so_does_a_question(line in question()) {
        check(&line)?;
    }

    #[test]
    fn so_does_any_line_that_is_read_at_all(line in prop_oneof![mutated(), lines(), any::<String>()]) {
        check(&line)?;
    }
}

/// The fields of a form hold what a line says, and make a line that says the same.
fn check_fields(line: &str) -> Result<(), TestCaseError> {
    let vocabulary = every_kind();
    let Ok(Intent::Work(work)) = parse(line, &vocabulary) else { return Ok(()) };
    let spec = vocabulary.command(work.command.as_str()).expect("a command that was read");
    let made = Fields::of_line(line, spec).line(spec);
    let made = made.map_err(|told| TestCaseError::fail(format!("{line}\n{told:?}")))?;
    let again = parse(&made, &vocabulary).map_err(|told| TestCaseError::fail(format!("{line}\n{made}\n{told:?}")))?;
    prop_assert_eq!(meaning(&again), meaning(&Intent::Work(work)), "{}\n{}", line, made);
    Ok(())
}

proptest! {
    #[test]
    fn the_fields_of_a_form_make_a_line_of_the_same_meaning(line in prop_oneof![good_line(), mutated()]) {
        check_fields(&line)?;
    }

    #[test]
    fn no_line_makes_filling_in_fall_over(line in prop_oneof![mutated(), lines(), any::<String>()]) {
        let vocabulary = every_kind();
        for spec in &vocabulary.commands {
            let fields = Fields::of_line(&line, spec);
            if let Err(told) = fields.line(spec) {
                prop_assert!(told.line.get(told.span).is_some(), "{}", line);
            }
        }
    }
}

/// The lines of the property are read, or it would prove nothing.
#[test]
fn most_good_lines_are_read() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let read = (0..200).filter(|_| {
        let line = good_line().new_tree(&mut runner).expect("a line").current();
        parse(&line, &every_kind()).is_ok()
    });
    assert!(read.count() > 60);
}
