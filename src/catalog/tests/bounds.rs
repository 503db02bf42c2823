//! Bounds of parameters: read, checked against defaults, and kept for lines.

use super::{DRAIN, REBOOT, check, command};
use crate::domain::command::ValueKind;
use crate::domain::time::{DURATION_MAX, DURATION_MIN};
use std::time::Duration;

fn kind_of(parameter: &str, from: &str, to: &str) -> ValueKind {
    let text = REBOOT.replace(from, to);
    let reboot = command(&[("reboot.yaml", text.as_str()), ("drain.yaml", DRAIN)], "reboot");
    reboot.parameter(parameter).expect("declared").kind.clone()
}

const WAVE: &str = "{ type: percentage, of: request, default: 10% }";
const PAUSE: &str = "{ type: duration, default: 90s }";
const REASON: &str = "{ type: text, required: true, asked-as: because }";

#[test]
fn each_end_may_be_left_out() {
    let seconds = Duration::from_secs;
    let table = [
        ("wave", WAVE, WAVE, ValueKind::PERCENTAGE),
        (
            "wave",
            WAVE,
            "{ type: percentage, of: request, default: 10%, max: 25% }",
            ValueKind::Percentage { min: 1, max: 25 },
        ),
        (
            "wave",
            WAVE,
            "{ type: percentage, of: request, default: 10%, min: 5% }",
            ValueKind::Percentage { min: 5, max: 100 },
        ),
        ("pause", PAUSE, PAUSE, ValueKind::DURATION),
        (
            "pause",
            PAUSE,
            "{ type: duration, min: 10s, max: 5m }",
            ValueKind::Duration { min: seconds(10), max: seconds(300) },
        ),
        ("pause", PAUSE, "{ type: duration, max: 5m }", ValueKind::Duration { min: DURATION_MIN, max: seconds(300) }),
        ("pause", PAUSE, "{ type: duration, min: 10s }", ValueKind::Duration { min: seconds(10), max: DURATION_MAX }),
        ("reason", REASON, REASON, ValueKind::TEXT),
        (
            "reason",
            REASON,
            "{ type: text, required: true, asked-as: because, length: 80 }",
            ValueKind::Text { length_max: 80 },
        ),
    ];
    for (parameter, from, to, expected) in table {
        assert_eq!(kind_of(parameter, from, to), expected, "{to}");
    }
}

#[test]
fn defaults_lie_within_their_bounds() {
    check(
        "default: 10% }",
        "default: 10%, max: 5% }",
        "reboot.yaml:11:51 `10%` is no value of this parameter / write 1% to 5%",
    );
    check(
        "default: 90s }",
        "default: 90s, min: 2m, max: 1h }",
        "reboot.yaml:14:37 `90s` is no value of this parameter / write 2m to 1h",
    );
    check(
        "{ type: choice, one-of: [warm, cold], default: warm }",
        "{ type: text, length: 3, default: warm }",
        "reboot.yaml:13:43 `warm` is no value of this parameter / write at most 3 characters",
    );
}

#[test]
fn bounds_that_are_none() {
    check("default: 10% }", "max: 5 }", "reboot.yaml:11:47 a percentage belongs here / write 1% to 100%");
    check("default: 90s }", "min: 5 }", "reboot.yaml:14:33 a length of time belongs here / write 90s, 5m or 2h");
    check("default: 90s }", "min: 5m, max: 1m }", "reboot.yaml:14:42 `max` lies below `min` / write 5m or more");
    check(
        "asked-as: because }\n  wave",
        "asked-as: because, length: 4001 }\n  wave",
        "reboot.yaml:10:68 `length` takes a whole number from 1 to 4000 / write `length: 1`",
    );
    check("min: 1, max: 5 }", "max: 5 }", "reboot.yaml:12:3 `min` is missing / add `min: …`");
}
