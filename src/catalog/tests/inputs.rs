//! Parameters that stand for settings of steps: read, checked for every value that they may have, and put in.

use super::{DRAIN, REBOOT, check, command};
use crate::domain::command::{Input, MissingInput, Reboot, Step, StepSpec};
use crate::domain::intent::{ParameterName, Value};
use std::collections::BTreeMap;
use std::time::Duration;

const TIMES: &str = "timeout: 15m, grace: 90s";
const DRAINING: &str = "{ timeout: 10m, connections-below: 5 }";
/// `pause` of the file with bounds.
const PAUSE: &str = "pause: { type: duration, default: 90s }";

fn patient_drain() -> String {
    let parameters = "parameters:\n  patience: { type: duration, default: 10m }\n  below: { type: integer, min: 1, max: 50, default: 5 }\nwaves";
    let text = DRAIN.replace("waves", parameters);
    text.replace(DRAINING, "{ timeout: \"{patience}\", connections-below: \"{below}\" }")
}

fn values(given: &[(&str, Value)]) -> BTreeMap<ParameterName, Value> {
    given.iter().map(|(name, value)| (ParameterName::new(*name), value.clone())).collect()
}

#[test]
fn a_parameter_stands_for_a_setting_until_a_plan_has_values() {
    let drain = command(&[("drain.yaml", &patient_drain())], "drain");
    let (patience, below) = (ParameterName::new("patience"), ParameterName::new("below"));
    let defined = StepSpec::Drain {
        timeout: Input::Parameter(patience.clone()),
        connections_max: Input::Parameter(below.clone()),
    };
    assert_eq!(drain.steps, [defined]);
    let length = Value::Duration(Duration::from_secs(30));
    let steps = drain.steps_for(&values(&[("patience", length.clone()), ("below", Value::Integer(3))]));
    assert_eq!(steps, Ok(vec![Step::Drain { timeout: Duration::from_secs(30), connections_max: 2 }]));
    assert_eq!(drain.steps_for(&values(&[("below", Value::Integer(3))])), Err(MissingInput(patience)));
    for unfit in [Value::Integer(0), Value::Integer(-1), length.clone()] {
        let steps = drain.steps_for(&values(&[("patience", length.clone()), ("below", unfit)]));
        assert_eq!(steps, Err(MissingInput(below.clone())));
    }
}

#[test]
fn every_length_of_time_of_a_step_may_be_a_parameter() {
    let changes = [
        (TIMES, "timeout: \"{long}\", grace: \"{short}\""),
        ("within: 60s", "within: \"{short}\""),
        ("  - restore-state", "  - restore-state: { timeout: \"{long}\" }"),
        (
            "parameters:\n",
            "parameters:\n  long: { type: duration, min: 3m, default: 5m }\n  short: { type: duration, max: 2m, required: true }\n",
        ),
    ];
    let text = changes.iter().fold(REBOOT.to_owned(), |text, (from, to)| text.replace(from, to));
    let text = text.replace("reboot a-1", "reboot a-1 --short 90s").replace("reboot a-2", "reboot a-2 --short 60s");
    let reboot = command(&[("reboot.yaml", &text), ("drain.yaml", DRAIN)], "reboot");
    let (long, short) = (Duration::from_secs(600), Duration::from_secs(90));
    let given = values(&[("long", Value::Duration(long)), ("short", Value::Duration(short))]);
    let steps = reboot.steps_for(&given).expect("both are given");
    let timeouts: Vec<_> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Reboot(Reboot { timeout, grace, .. }) => Some((*timeout, Some(*grace))),
            Step::Check { timeout, .. } | Step::RestoreState { timeout } => Some((*timeout, None)),
            Step::Drain { .. } | Step::Gate(_) | Step::Undrain { .. } | Step::Http(_) => None,
        })
        .collect();
    let usual = Duration::from_secs(120);
    assert_eq!(timeouts, [(long, Some(short)), (short, None), (usual, None), (long, None)]);
}

#[test]
fn a_parameter_and_a_value_have_different_fingerprints() {
    let hash = |text: &str| command(&[("drain.yaml", text)], "drain").hash.clone();
    let patient = patient_drain();
    let all = [
        patient.clone(),
        patient.replace("\"{patience}\"", "10m"),
        patient.replace("\"{below}\"", "5"),
        patient.replace("patience", "endurance"),
    ];
    let hashes: std::collections::BTreeSet<_> = all.iter().map(|text| hash(text).hex().to_owned()).collect();
    assert_eq!(hashes.len(), all.len());
}

#[test]
fn what_stands_for_a_setting_is_declared_and_never_missing() {
    check(
        TIMES,
        "timeout: 15m, grace: \"{pauze}\"",
        "reboot.yaml:21:61 reboot has no parameter `pauze` / did you mean `{pause}`?",
    );
    check(
        TIMES,
        "timeout: \"{patience}\", grace: 90s",
        "reboot.yaml:21:49 reboot has no parameter `patience` / add `patience: { type: duration, default: 10m }` to `parameters`",
    );
    check(
        TIMES,
        "timeout: \"{tries}\", grace: 90s",
        "reboot.yaml:21:49 `timeout` takes a length of time, and the parameter `tries` is none / name a parameter as in `tries: { type: duration, default: 10m }`",
    );
    check("type: duration, default: 90s }", "type: duration }", "");
    check(
        DRAINING,
        "{ timeout: 10m, connections-below: \"{below}\" }",
        "drain.yaml:8:47 drain has no parameter `below` / add `below: { type: integer, min: 1, max: 100, default: 5 }` to `parameters` | \
         drain.yaml:8:47 reboot reuses this step and has no parameter `below` / add `below: { type: integer, min: 1, max: 100, default: 5 }` to `parameters`",
    );
}

/// Changes both, so that a line may leave the parameter out.
#[test]
fn what_a_line_may_leave_out_stands_for_nothing() {
    let text =
        REBOOT.replace(PAUSE, "pause: { type: duration, max: 10m }").replace(TIMES, "timeout: 15m, grace: \"{pause}\"");
    let files = super::files(&[("reboot.yaml", &text), ("drain.yaml", DRAIN)]);
    let faults = crate::catalog::load(&files).expect_err("a line may leave it out");
    insta::assert_snapshot!(faults.to_string(), @r#"
     × a line may leave `pause` out, and then nothing says what `grace` is
       ╭─[reboot.yaml:21:61]
    20 │   - gate: [drain-still-holds, capacity]
    21 │   - reboot: { via: ssh, else: redfish, timeout: 15m, grace: "{pause}" }
       ·                                                             ────┬────
       ·                                                                 ╰── here
    22 │     verify: boot-id-changed
       ╰────
     help: give `pause` a `default`, or write `required: true` there
    "#);
}

fn faults_with(pause: &str, times: &str) -> String {
    let text = REBOOT.replace(PAUSE, pause).replace(TIMES, times);
    let files = super::files(&[("reboot.yaml", &text), ("drain.yaml", DRAIN)]);
    let faults = crate::catalog::load(&files).err().map(|faults| faults.faults().to_vec()).unwrap_or_default();
    let told = faults.iter().map(|fault| format!("{}:{} {} / {}", fault.line, fault.column, fault.what, fault.instead));
    told.collect::<Vec<_>>().join(" | ")
}

#[test]
fn the_grace_time_is_shorter_whatever_a_line_says() {
    let table = [
        ("pause: { type: duration, max: 14m, default: 90s }", "timeout: 15m, grace: \"{pause}\"", ""),
        (
            "pause: { type: duration, max: 15m, default: 90s }",
            "timeout: 15m, grace: \"{pause}\"",
            "21:61 `grace` may be 15m, and `timeout` only 15m: it must always be shorter / give `pause` a `max` below 15m",
        ),
        (
            PAUSE,
            "timeout: 15m, grace: \"{pause}\"",
            "21:61 `grace` may be 366d, and `timeout` only 15m: it must always be shorter / give `pause` a `max` below 15m",
        ),
        ("pause: { type: duration, min: 91s, default: 2m }", "timeout: \"{pause}\", grace: 90s", ""),
        (
            PAUSE,
            "timeout: \"{pause}\", grace: 90s",
            "21:49 `grace` may be 1m30s, and `timeout` only 1s: it must always be shorter / give `pause` a `min` above 1m30s",
        ),
        (
            PAUSE,
            "timeout: \"{pause}\", grace: \"{pause}\"",
            "21:67 `grace` may be 366d, and `timeout` only 1s: it must always be shorter / name two different parameters",
        ),
        (
            "pause: { type: duration, min: 1m, max: 2m, default: 90s }\n  back: { type: duration, min: 2m, default: 15m }",
            "timeout: \"{back}\", grace: \"{pause}\"",
            "22:66 `grace` may be 2m, and `timeout` only 2m: it must always be shorter / give `pause` a `max` that is below the `min` of `back`",
        ),
    ];
    for (pause, times, expected) in table {
        assert_eq!(faults_with(pause, times), expected, "{pause} {times}");
    }
}

#[test]
fn a_count_stays_within_what_the_setting_takes() {
    let drain = |below: &str| {
        let text = patient_drain().replace("min: 1, max: 50, default: 5", below);
        let files = super::files(&[("drain.yaml", &text)]);
        crate::catalog::load(&files).err().map(|faults| faults.faults()[0].what.clone())
    };
    assert_eq!(drain("min: 1, max: 999999, default: 5"), None);
    assert_eq!(
        drain("min: 0, max: 50, default: 5").as_deref(),
        Some("`below` may be 0, and `connections-below` takes 1 to 999999")
    );
    assert_eq!(
        drain("min: 1, max: 1000000, default: 5").as_deref(),
        Some("`below` may be 1000000, and `connections-below` takes 1 to 999999")
    );
}

#[test]
fn braces_are_quoted_and_hold_a_name() {
    check(
        "within: 60s",
        "within: {pause}",
        "reboot.yaml:24:48 a parameter in braces needs quotes around it / write `within: \"{pause}\"`",
    );
    check(
        "\"{wave}\"",
        "{wave}",
        "reboot.yaml:15:27 a parameter in braces needs quotes around it / write `then: \"{wave}\"`",
    );
    check(
        "within: 60s",
        "within: \"{pause} + 1m\"",
        "reboot.yaml:24:48 this is no parameter's name in braces / write `within: \"{name}\"`",
    );
}
