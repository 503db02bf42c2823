//! When to begin: `at …`, `in …`, clocks that jump, and reasons that end in a time.

use super::vocabulary;
use crate::domain::intent::{Day, Intent, Start, WallTime, ZoneName};
use crate::domain::misunderstanding::MisunderstandingKind as Kind;
use crate::domain::time::Timestamp;
use crate::language::{Vocabulary, moment_at, parse, written_moment};
use chrono::DateTime;

fn moment(text: &str) -> Timestamp {
    Timestamp::from_millis(DateTime::parse_from_rfc3339(text).expect("a point in time").timestamp_millis())
}

fn riga(now: &str) -> Vocabulary {
    Vocabulary { zone: Some(ZoneName::new("Europe/Riga")), now: moment(now), ..vocabulary() }
}

/// The start, or what is wrong with which part, and what was probably meant.
fn start_of(line: &str, vocabulary: &Vocabulary) -> String {
    match parse(line, vocabulary) {
        Ok(Intent::Work(work)) => match work.start.map(|start| start.value) {
            None => "as soon as it is safe".to_owned(),
            Some(Start::After(wait)) => format!("in {}", crate::domain::time::exact(wait)),
            Some(Start::At(moment)) => format!("{} = {}", written_moment(&moment), moment.at.clock_text()),
            Some(Start::AtSiteTime(WallTime { day, hour, minute })) => format!("{day:?} {hour}:{minute:02} there"),
        },
        Ok(other) => format!("{other:?}"),
        Err(told) => {
            let place = told.line.get(told.span.clone()).expect("the place is in the line");
            let better = told.suggestion.map_or_else(String::new, |word| format!(" -> {word}"));
            let readings: String = told.readings.iter().map(|line| format!("\n{line}")).collect();
            let kind = format!("{:?}", told.kind);
            let kind = kind.split([' ', '{']).next().unwrap_or_default().to_owned();
            format!("{kind} at `{place}`{better}{readings}")
        }
    }
}

#[test]
fn times_are_read_as_people_write_them() {
    let ana = riga("2026-11-25T10:00:00Z");
    for (written, expected) in [
        ("at 14:30", "2026-11-25 14:30 Europe/Riga = 12:30"),
        ("at 02:00", "2026-11-26 02:00 Europe/Riga = 00:00"),
        ("AT 2AM", "2026-11-26 02:00 Europe/Riga = 00:00"),
        ("at 2:30 pm", "2026-11-25 14:30 Europe/Riga = 12:30"),
        ("at 12am", "2026-11-26 00:00 Europe/Riga = 22:00"),
        ("at 12:01pm tomorrow", "TooFarAhead at `12:01pm tomorrow`"),
        ("at 14h30", "2026-11-25 14:30 Europe/Riga = 12:30"),
        ("at 14:30 UTC", "2026-11-25 14:30 UTC = 14:30"),
        ("at 14:30Z", "2026-11-25 14:30 UTC = 14:30"),
        ("at 14:30 utc tomorrow", "TooFarAhead at `14:30 utc tomorrow`"),
        ("at 02:00 america/los_angeles", "2026-11-26 02:00 America/Los_Angeles = 10:00"),
        ("at today 23:59", "2026-11-25 23:59 Europe/Riga = 21:59"),
        ("at tomorrow 02:00", "2026-11-26 02:00 Europe/Riga = 00:00"),
        ("at 02:00 tomorrow", "2026-11-26 02:00 Europe/Riga = 00:00"),
        ("at 2026-11-26 02:00", "2026-11-26 02:00 Europe/Riga = 00:00"),
        ("at 2026-11-26T02:00Z", "2026-11-26 02:00 UTC = 02:00"),
        ("at 02:00 site time", "Next 2:00 there"),
        ("at tomorrow 02:00 Site Time", "Tomorrow 2:00 there"),
        ("in 20m", "in 20m"),
        ("in 2h30m", "in 2h30m"),
        ("In 2 hours and 30 minutes", "in 2h30m"),
        ("in an hour", "in 1h"),
        ("in 1d", "in 1d"),
        ("", "as soon as it is safe"),
    ] {
        assert_eq!(start_of(&format!("reboot a-1 {written} because x"), &ana), expected, "{written}");
    }
    assert_eq!(start_of("reboot a-1 at 02:00 --wave 20% because x", &ana), "2026-11-26 02:00 Europe/Riga = 00:00");
    assert_eq!(start_of("reboot a-1 --wave 20% in 5m because x", &ana), "in 5m");
    assert_eq!(start_of("announce in 5m because x", &ana), "in 5m");
}

#[test]
fn times_that_cannot_be_are_told() {
    let ana = riga("2026-11-25T10:00:00Z");
    for (written, expected) in [
        ("at 25:00", "NotATime at `25:00`"),
        ("at 2", "NotATime at `2` -> 02:00"),
        ("at 02.00", "NotATime at `02.00` -> 02:00"),
        ("at 0200", "NotATime at `0200` -> 02:00"),
        ("at noon", "NotATime at `noon` -> 12:00"),
        ("at 13pm", "NotATime at `13pm`"),
        ("at", "NotATime at ``"),
        ("at 20m", "NotATime at `at` -> in"),
        ("in 02:00", "NotADelay at `in` -> at"),
        ("in", "NotADelay at ``"),
        ("in 0m", "NotADelay at `0m`"),
        ("in 30m 2h", "NotADelay at `30m 2h`"),
        ("in 25h", "TooFarAhead at `25h`"),
        ("in 99999999999999999999h", "NotADelay at `99999999999999999999h`"),
        ("at 02:00 Riga", "UnknownZone at `Riga` -> Europe/Riga"),
        ("at 02:00 riga time", "UnknownZone at `riga time` -> Europe/Riga"),
        ("at 02:00 Europe/Rgia", "UnknownZone at `Europe/Rgia` -> Europe/Riga"),
        ("at 02:00 CST", "UnknownZone at `CST`"),
        ("at 02:00 site", "UnknownZone at `site` -> site time"),
        ("at 02:00 in 5m", "DoubleStart at `in 5m`"),
        ("at today 02:00", "PastTime at `today 02:00`"),
        ("at 2026-11-24 02:00", "PastTime at `2026-11-24 02:00`"),
        ("at 2026-12-24 02:00", "TooFarAhead at `2026-12-24 02:00`"),
        ("at 2026-02-30 02:00", "NotATime at `2026-02-30`"),
        ("at 02:00 becuase y", "Unexpected at `becuase` -> because"),
        ("in 20m becuase y", "Unexpected at `becuase` -> because"),
        ("at 02:00 -wave 5%", "Unexpected at `-wave` -> --wave"),
    ] {
        assert_eq!(start_of(&format!("reboot a-1 {written} because x"), &ana), expected, "{written}");
    }
    let nowhere = Vocabulary { zone: None, ..ana };
    assert_eq!(start_of("reboot a-1 at 02:00 because x", &nowhere), "NoOwnZone at `02:00` -> 02:00 UTC");
    assert_eq!(start_of("reboot a-1 at 02:00 UTC because x", &nowhere), "2026-11-26 02:00 UTC = 02:00");
}

#[test]
fn a_time_that_the_clocks_skip_or_show_twice_is_asked_about() {
    let spring = riga("2027-03-27T20:00:00Z");
    assert_eq!(
        start_of("reboot a-1 at 03:30 because x", &spring),
        "SkippedTime at `03:30`\n\
         reboot a-1 at 2027-03-28 01:30 UTC because x\n\
         reboot a-1 at 2027-03-28 00:30 UTC because x"
    );
    let autumn = riga("2026-10-24T20:00:00Z");
    assert_eq!(
        start_of("reboot a-1 at 03:30 because x", &autumn),
        "DoubleTime at `03:30`\n\
         reboot a-1 at 2026-10-25 00:30 UTC because x\n\
         reboot a-1 at 2026-10-25 01:30 UTC because x"
    );
    for line in ["reboot a-1 at 2026-10-25 00:30 UTC because x", "reboot a-1 at 04:00 because x"] {
        assert!(parse(line, &autumn).is_ok(), "{line}");
    }
    // Between the two readings of the next 03:30 there is still one to come.
    let between = riga("2026-10-25T01:00:00Z");
    assert!(start_of("reboot a-1 at 03:30 because x", &between).starts_with("DoubleTime"));
}

#[test]
fn site_time_is_that_of_the_zone() {
    let now = moment("2026-11-25T10:00:00Z");
    let wall = |day| WallTime { day, hour: 2, minute: 0 };
    let at = |day, zone: &str| moment_at(wall(day), &ZoneName::new(zone), now).map(|moment| written_moment(&moment));
    assert_eq!(at(Day::Next, "Asia/Tokyo"), Ok("2026-11-26 02:00 Asia/Tokyo".to_owned()));
    assert_eq!(at(Day::Next, "America/Los_Angeles"), Ok("2026-11-26 02:00 America/Los_Angeles".to_owned()));
    assert_eq!(at(Day::Next, "Mars/Olympus"), Err(Kind::UnknownZone { zone: "Mars/Olympus".to_owned() }));
}

#[test]
fn a_reason_that_ends_in_a_time_is_asked_about() {
    let ana = riga("2026-11-25T10:00:00Z");
    assert_eq!(
        start_of("reboot a-1 because kernel update at 02:00", &ana),
        "TimeInReason at `at 02:00`\n\
         reboot a-1 at 02:00 because kernel update\n\
         reboot a-1 because \"kernel update at 02:00\""
    );
    assert_eq!(
        start_of("reboot a-1 --wave 20% because the \"new\" kernel, in 20 min.", &ana),
        "TimeInReason at `in 20 min`\n\
         reboot a-1 --wave 20% in 20 min because the \"new\" kernel\n\
         reboot a-1 --wave 20% because \"the \\\"new\\\" kernel, in 20 min\""
    );
    for reason in
        ["\"kernel update at 02:00\"", "the fan died at 02:00 again", "it is in lax", "at 02:00", "crash, look at it"]
    {
        let line = format!("reboot a-1 because {reason}");
        assert_eq!(start_of(&line, &ana), "as soon as it is safe", "{reason}");
    }
    let line = "reboot a-1 at 14:00 because it crashed at 02:00";
    assert_eq!(start_of(line, &ana), "2026-11-25 14:00 Europe/Riga = 12:00");
    for asked in ["reboot a-1 because kernel update at 02:00", "reboot a-1 because the \"new\" kernel in 20 min"] {
        for reading in parse(asked, &ana).expect_err("it is asked about").readings {
            assert!(parse(&reading, &ana).is_ok(), "{reading}");
        }
    }
}
