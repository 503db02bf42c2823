//! The words for lines that were not understood, from the line itself on.

use super::{EXCERPT_WIDTH_MAX_CHARS, describe};
use crate::domain::command::{Need, ParameterSpec, ValueKind};
use crate::domain::intent::{Intent, ParameterName, Span};
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::time::DURATION_MAX;
use crate::language::{Vocabulary, parse};
use proptest::prelude::*;
use std::time::Duration;

fn told_about(line: &str) -> Misunderstanding {
    match parse(line, &Vocabulary::default()) {
        Err(told) => told,
        Ok(
            Intent::Work(_)
            | Intent::Plan(_)
            | Intent::CanI(_)
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
            | Intent::Retry { .. },
        ) => {
            panic!("{line} is understood")
        }
    }
}

fn check(line: &str, expected: &str) {
    let told = describe(&told_about(line));
    assert_eq!(format!("{}\n{}\n{}", told.headline, told.full_excerpt, told.hint), expected);
}

fn unknown_server(line: &str, place: Span) -> Misunderstanding {
    Misunderstanding::new(line, place, Kind::UnknownServer { shown: "edge-lxa-…".to_owned() }).suggesting("edge-lax")
}

#[test]
fn a_mistyped_site_looks_as_on_a_phone() {
    let told = describe(&unknown_server("reboot edge-lxa-[001-020] because kernel update", 7..15));
    assert_eq!(told.headline, "No server is called edge-lxa-…");
    assert_eq!(
        told.excerpt,
        "reboot edge-lxa-[001-020] becau…\n\
         \x20      ^^^^^^^^ did you mean edge-lax?"
    );
    assert_eq!(
        told.full_excerpt,
        "reboot edge-lxa-[001-020] because kernel update\n\
         \x20      ^^^^^^^^ did you mean edge-lax?"
    );
    assert_eq!(told.hint, "Did you mean edge-lax?");
}

#[test]
fn the_window_follows_a_place_far_to_the_right() {
    let line = "reboot edge-lax-[001-020],edge-fra-[001-020],edge-lxa-[001-009] because kernel update";
    let told = describe(&unknown_server(line, 45..53));
    assert_eq!(
        told.excerpt,
        "…1-020],edge-lxa-[001-009] beca…\n\
         \x20       ^^^^^^^^ did you mean edge-lax?"
    );
}

#[test]
fn what_is_missing_is_pointed_at_behind_the_line() {
    check(
        "cancel",
        "Something is missing here\ncancel\n       ^\nExpected here: the id of a request, such as req-2mq9.",
    );
}

#[test]
fn a_hidden_character_is_shown_by_its_number() {
    check(
        "status site=l\u{200b}ax",
        "There is a hidden character in this line\n\
         status site=l<U+200B>ax\n\
         \x20            ^^^^^^^^\n\
         U+200B zero-width space: type this part anew.",
    );
}

#[test]
fn two_readings_are_written_out() {
    check("status a,b&c", "This can be read in two ways\nstatus a,b&c\n          ^\nSend the one you mean:");
    assert_eq!(told_about("status a,b&c").readings, ["status (a,b) & c", "status a,(b & c)"]);
    // Too long to be written out as lines.
    let long = format!("status a,{}&c", "b".repeat(300));
    let told = told_about(&long);
    assert_eq!(told.readings, [""; 0]);
    assert!(describe(&told).hint.starts_with("Write (a,bbb"));
}

#[test]
fn a_line_that_is_too_long_is_not_repeated() {
    let told = describe(&told_about(&"x".repeat(100_000)));
    assert_eq!(told.headline, "This line is too long");
    assert_eq!(told.hint, "It has 100000 characters; at most 4000 are read.");
    assert_eq!((told.excerpt, told.full_excerpt), (String::new(), String::new()));
}

#[test]
fn one_sentence_each() {
    let table = [
        ("frobnicate x", "There is no command frobnicate here", "Type help to see what you can do here."),
        ("cancel x", "x is not the id of a request", ""),
        ("status name=~a(b", "This regular expression cannot be read", "Unclosed group."),
        ("status name=edge-lax-001", "This part of the line fits nothing", "=~ or !~, as in name=~^edge-"),
        ("status tag:=yes", "Something is missing here", "tag:canary=yes"),
        (
            "status colour=red",
            "Servers have no attribute colour",
            "There are site, type, pool, rack, state, name=~… and tag:…=….",
        ),
        ("status a-[003-001]", "This range ends before it begins", "Write the smaller number first: [001-020]."),
        ("status edge–1", "– does not belong in a server name", ""),
        ("status a-1 b-1", "This part of the line fits nothing", ""),
    ];
    for (line, headline, hint) in table {
        let told = describe(&told_about(line));
        assert_eq!(told.headline, headline, "{line}");
        assert!(told.hint.ends_with(['.', '?']) && told.hint.contains(hint), "{line}: {}", told.hint);
    }
}

#[test]
fn what_a_parameter_takes_is_told_with_its_bounds() {
    let length = |min, max| ValueKind::Duration { min: Duration::from_secs(min), max: Duration::from_secs(max) };
    let year = DURATION_MAX.as_secs();
    let table = [
        (ValueKind::Text { length_max: 80 }, "It takes text of at most 80 characters."),
        (ValueKind::Percentage { min: 5, max: 25 }, "It takes a percentage from 5% to 25%."),
        (ValueKind::DURATION, "It takes a length of time, such as 90s, 5m or 2h."),
        (length(10, 300), "It takes a length of time from 10s to 5m."),
        (length(10, year), "It takes a length of time, at least 10s."),
        (length(1, 300), "It takes a length of time, at most 5m."),
    ];
    for (kind, expected) in table {
        let (name, need) = (ParameterName::new("x"), Need::Optional);
        let parameter = Box::new(ParameterSpec { name, kind, default: None, need, asked_as_because: false });
        let told = Misunderstanding::new("reboot a --x 1", 13..14, Kind::UnfitValue { parameter });
        assert_eq!(describe(&told).hint, expected);
    }
}

proptest! {
    #[test]
    fn excerpts_are_narrow_and_no_word_is_unkind(line in "(status |cancel |help )?\\PC{0,80}") {
        if let Err(told) = parse(&line, &Vocabulary::default()) {
            let told = describe(&told);
            let first = told.excerpt.lines().next().unwrap_or_default();
            prop_assert!(first.chars().count() <= EXCERPT_WIDTH_MAX_CHARS);
            prop_assert!(told.excerpt.is_empty() || told.excerpt.contains('^'));
            let words = told.hint.to_lowercase();
            for word in ["error", "invalid", "oops", "please", "successfully"] {
                prop_assert!(line.to_lowercase().contains(word) || !words.contains(word));
            }
        }
    }
}
