//! Command files: what they mean, and what is said of their faults.

mod bounds;
mod gates;
mod inputs;
mod outputs;
mod table;

use super::{Catalog, load};
use crate::domain::command::{
    CommandName, CommandSpec, GateCheck, HostCheck, Impact, Need, PowerPath, Sent, StepSpec, Targets, ValueKind,
    WaveSize,
};
use crate::domain::ids::Fingerprint;
use crate::domain::intent::{ParameterName, Value};
use crate::domain::server::ProductionState;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

const DRAIN: &str = "\
command: drain
summary: Take servers out
impact: drain
owner: sre
targets: { types: [edge-cache], from: [production], max: 10 }
waves: { canary: 1, then: 20%, soak: 1m, stop-when: failures > 0 }
steps:
  - drain: { timeout: 10m, connections-below: 5 }
examples: [drain a-1, drain a-2]
";

const REBOOT: &str = "\
command: reboot
summary: Reboot servers
impact: power-cycle
owner: sre
targets:
  types: [edge-cache, origin]
  from: [production, drained]
  max: 500
parameters:
  reason: { type: text, required: true, asked-as: because }
  wave: { type: percentage, of: request, default: 10% }
  tries: { type: integer, min: 1, max: 5 }
  mode: { type: choice, one-of: [warm, cold], default: warm }
  pause: { type: duration, default: 90s }
waves: { canary: 1, then: \"{wave}\", soak: 5m, stop-when: failures > 1 }
limits: { concurrency: { site: 4 } }
approvals: { above: 10, from: sre, count: 1, within: 60m }
steps:
  - drain
  - gate: [drain-still-holds, capacity]
  - reboot: { via: ssh, else: redfish, timeout: 15m, grace: 90s }
    verify: boot-id-changed
    point-of-no-return: true
  - check: { that: [services, mounts], within: 60s }
  - check: [kernel]
  - restore-state
examples:
  - reboot a-1 because x
  - reboot a-2 because y
";

const ANNOUNCE: &str = "\
command: announce
summary: Post a line
impact: config
owner: sre
targets: none
parameters:
  message: { type: text, required: true, asked-as: because }
steps:
  - http: { method: POST, url: \"https://status.example.com/api\", send: [message], expect: 201, timeout: 20s }
examples: [announce because a, announce because b]
";

fn files(texts: &[(&str, &str)]) -> Vec<(String, String)> {
    texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn catalog(texts: &[(&str, &str)]) -> Catalog {
    load(&files(texts)).unwrap_or_else(|faults| panic!("{faults}"))
}

fn command(texts: &[(&str, &str)], name: &str) -> Arc<CommandSpec> {
    catalog(texts).command(&CommandName::new(name)).cloned().expect("it is among the files")
}

/// The faults of the three files after a replacement, one a line: `file:line:column what / instead`.
fn faults_after(from: &str, to: &str) -> Vec<String> {
    let all = [("announce.yaml", ANNOUNCE), ("drain.yaml", DRAIN), ("reboot.yaml", REBOOT)];
    assert!(all.iter().any(|(_, text)| text.contains(from)), "`{from}` stands in a file");
    let changed = all.map(|(name, text)| (name.to_owned(), text.replace(from, to)));
    let faults = load(&changed).err().map(|faults| faults.faults().to_vec()).unwrap_or_default();
    let told = |fault: &super::CatalogFault| {
        format!("{}:{}:{} {} / {}", fault.file, fault.line, fault.column, fault.what, fault.instead)
    };
    faults.iter().map(told).collect()
}

fn check(from: &str, to: &str, expected: &str) {
    assert_eq!(faults_after(from, to).join(" | "), expected, "{from} => {to}");
}

#[test]
fn a_file_becomes_a_command() {
    let reboot = command(&[("reboot.yaml", REBOOT), ("drain.yaml", DRAIN)], "reboot");
    assert_eq!(
        (reboot.summary.as_str(), reboot.impact, reboot.owner.as_str()),
        ("Reboot servers", Impact::PowerCycle, "sre")
    );
    let Targets::Servers { types, from, max } = &reboot.targets else { panic!("it works on servers") };
    assert_eq!(types.iter().map(|one| one.as_str()).collect::<Vec<_>>(), ["edge-cache", "origin"]);
    assert_eq!((from.as_slice(), *max), (&[ProductionState::Production, ProductionState::Drained][..], 500));
    assert_eq!((reboot.waves.canary, reboot.waves.soak), (1, Duration::from_secs(300)));
    assert_eq!(reboot.waves.then, WaveSize::Parameter(ParameterName::new("wave")));
    assert_eq!((reboot.waves.stop_when_failures_exceed, reboot.site_concurrency), (1, Some(4)));
    let rule = reboot.approvals.as_ref().expect("it has one");
    assert_eq!((rule.above, rule.from.as_str(), rule.count, rule.within), (10, "sre", 1, Duration::from_secs(3600)));
    assert_eq!(reboot.examples.len(), 2);
}

#[test]
fn parameters_may_be_of_every_type() {
    let kinds = [
        ("boolean", ValueKind::Boolean),
        ("time", ValueKind::Time),
        ("server", ValueKind::Server),
        ("selector", ValueKind::Selector),
        ("user", ValueKind::User),
        ("channel", ValueKind::Channel),
        ("version", ValueKind::Version),
        ("url", ValueKind::Url),
    ];
    for (word, kind) in kinds {
        let text = REBOOT.replace("{ type: integer, min: 1, max: 5 }", &format!("{{ type: {word} }}"));
        let reboot = command(&[("reboot.yaml", text.as_str()), ("drain.yaml", DRAIN)], "reboot");
        assert_eq!(reboot.parameter("tries").expect("declared").kind, kind);
    }
    let yes = REBOOT.replace("{ type: integer, min: 1, max: 5 }", "{ type: boolean, default: true }");
    let reboot = command(&[("reboot.yaml", yes.as_str()), ("drain.yaml", DRAIN)], "reboot");
    assert_eq!(reboot.parameter("tries").expect("declared").default, Some(Value::Boolean(true)));
    let told = faults_after("{ type: integer, min: 1, max: 5 }", "{ type: server, default: edge-lax-001 }");
    assert!(told.iter().any(|fault| fault.contains("a parameter of this type has none")), "{told:?}");
}

#[test]
fn parameters_keep_the_order_of_the_file() {
    let reboot = command(&[("reboot.yaml", REBOOT), ("drain.yaml", DRAIN)], "reboot");
    let names: Vec<&str> = reboot.parameters.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["reason", "wave", "tries", "mode", "pause"]);
    let reason = reboot.parameter("reason").expect("declared");
    assert_eq!((reason.need, reason.asked_as_because, &reason.default), (Need::Required, true, &None));
    assert_eq!(reboot.parameter("wave").expect("declared").default, Some(Value::Percentage(10)));
    assert_eq!(reboot.parameter("tries").expect("declared").kind, ValueKind::Integer { min: 1, max: 5 });
    assert_eq!(reboot.parameter("mode").expect("declared").default, Some(Value::Choice("warm".to_owned())));
    assert_eq!(reboot.parameter("pause").expect("declared").default, Some(Value::Duration(Duration::from_secs(90))));
}

#[test]
fn steps_of_another_command_stand_in_its_place() {
    let reboot = command(&[("reboot.yaml", REBOOT), ("drain.yaml", DRAIN)], "reboot");
    let words: Vec<&str> = reboot.steps.iter().map(StepSpec::word).collect();
    assert_eq!(words, ["drain", "gate", "reboot", "check", "check", "return"]);
    let [drain, gate, power, check, ..] = reboot.steps.as_slice() else { panic!("six steps") };
    assert_eq!(*drain, StepSpec::Drain { timeout: Duration::from_secs(600).into(), connections_max: 4.into() });
    assert_eq!(*gate, StepSpec::Gate(vec![GateCheck::DrainStillHolds, GateCheck::Capacity]));
    let StepSpec::Reboot(power) = power else { panic!("the third step reboots") };
    assert_eq!((power.via, power.otherwise), (PowerPath::Ssh, Some(PowerPath::Redfish)));
    assert_eq!(
        (power.timeout.clone(), power.grace.clone()),
        (Duration::from_secs(900).into(), Duration::from_secs(90).into())
    );
    let checks = vec![HostCheck::Services, HostCheck::Mounts];
    assert_eq!(*check, StepSpec::Check { checks, timeout: Duration::from_secs(60).into() });
}

#[test]
fn a_command_may_need_no_server() {
    let announce = command(&[("announce.yaml", ANNOUNCE)], "announce");
    assert_eq!(announce.targets, Targets::None);
    let [StepSpec::Http(http)] = announce.steps.as_slice() else { panic!("one call") };
    assert_eq!((http.url.as_str(), http.expect), ("https://status.example.com/api", 201));
    assert_eq!(http.send, [Sent::Parameter(ParameterName::new("message"))]);
}

fn hash(drain: &str, reboot: &str) -> Fingerprint {
    command(&[("drain.yaml", drain), ("reboot.yaml", reboot)], "reboot").hash.clone()
}

#[test]
fn the_fingerprint_covers_what_is_reused() {
    let before = hash(DRAIN, REBOOT);
    assert_eq!(hash(DRAIN, REBOOT), before);
    for (from, to) in [("timeout: 10m", "timeout: 11m"), ("connections-below: 5", "connections-below: 6")] {
        assert_ne!(hash(&DRAIN.replace(from, to), REBOOT), before, "{to}");
    }
    for (from, to) in [
        ("grace: 90s", "grace: 91s"),
        ("else: redfish, ", ""),
        ("default: 10%", "default: 11%"),
        ("failures > 1", "failures > 2"),
        ("site: 4", "site: 5"),
        ("above: 10", "above: 11"),
        ("[kernel]", "[clock]"),
        ("max: 500", "max: 501"),
        ("soak: 5m", "soak: 6m"),
        ("canary: 1", "canary: 2"),
        ("warm, cold", "warm, cold, hot"),
        ("drained]", "standby]"),
        ("asked-as: because }", "asked-as: because, length: 80 }"),
        ("default: 10% }", "default: 10%, max: 50% }"),
        ("default: 90s }", "default: 90s, min: 10s }"),
    ] {
        assert_ne!(hash(DRAIN, &REBOOT.replace(from, to)), before, "{to}");
    }
    // Comments, layout, examples, and what of the other command is not reused change nothing.
    assert_eq!(hash(&DRAIN.replace("max: 10", "max: 11"), &format!("# why\n{REBOOT}")), before);
    assert_eq!(hash(DRAIN, &REBOOT.replace("because x", "because z")), before);
}

#[test]
fn keys_and_words_that_are_not_known() {
    check(
        "summary: Reboot",
        "sumary: Reboot",
        "reboot.yaml:1:1 `summary` is missing / add `summary: …` | reboot.yaml:2:1 there is no key `sumary` here / did you mean `summary`?",
    );
    check("soak: 5m", "sook: 5m", "reboot.yaml:15:37 there is no key `sook` here / did you mean `soak`?");
    check(
        "impact: power-cycle",
        "impact: powercycle",
        "reboot.yaml:3:9 `powercycle` is not known here / did you mean `power-cycle`?",
    );
    check(
        "[edge-cache, origin]\n  from: [production, drained]",
        "[edge-cache, origin]\n  from: [prodution]",
        "reboot.yaml:7:10 `prodution` is not known here / did you mean `production`?",
    );
    check("  - drain\n", "  - drian\n", "reboot.yaml:19:5 there is no command `drian` / did you mean `drain`?");
    check(
        "gate: [drain-still-holds, capacity]",
        "gate: [drain-still-holds, capasity]",
        "reboot.yaml:20:31 `capasity` is not known here / did you mean `capacity`?",
    );
    check("- check: [kernel]", "- chek: [kernel]", "reboot.yaml:25:5 there is no step `chek` / did you mean `check`?");
}

#[test]
fn values_out_of_their_range() {
    check("max: 500", "max: 0", "reboot.yaml:8:8 `max` takes a whole number from 1 to 20000 / write `max: 1`");
    check("max: 500", "max: many", "reboot.yaml:8:8 `max` takes a whole number from 1 to 20000 / write `max: 1`");
    check("soak: 5m", "soak: 5", "reboot.yaml:15:43 `soak` takes a length of time / write 90s, 5m or 2h");
    check(
        "timeout: 15m",
        "timeout: 80s",
        "reboot.yaml:21:5 `grace` must be shorter than `timeout` / give the server longer",
    );
    check("failures > 1", "failed > 1", "reboot.yaml:15:58 `failed > 1` is not a condition / write `failures > 1`");
    check(
        "then: 20%",
        "then: 120%",
        "drain.yaml:6:27 `120%` is not the size of a wave / write 20%, all, or \"{name}\" of a percentage parameter",
    );
    check("default: 10%", "default: 0%", "reboot.yaml:11:51 `0%` is no value of this parameter / write 1% to 100%");
    check(
        "one-of: [warm, cold], default: warm",
        "one-of: [warm, cold], default: hot",
        "reboot.yaml:13:56 `hot` is no value of this parameter / write one of warm, cold",
    );
    check("min: 1, max: 5", "min: 6, max: 5", "reboot.yaml:12:40 `max` lies below `min` / write 6 or more");
    check(
        "expect: 201",
        "expect: 42",
        "announce.yaml:9:91 `expect` takes a whole number from 100 to 599 / write `expect: 100`",
    );
    check(
        "https://status.example.com/api",
        "https://status.example.com/{message}",
        "announce.yaml:9:32 an address begins with https:// or http:// and has no placeholder / write it out; what people type goes into `send`",
    );
    check(
        "command: announce",
        "command: status",
        "announce.yaml:1:10 `status` is a word of the language itself / give the command another name",
    );
    check(
        "command: announce",
        "command: An Announcement",
        "announce.yaml:1:10 `An Announcement` is not a command's name / use lower-case letters, digits and dashes, a letter first",
    );
}

#[test]
fn what_does_not_fit_together() {
    check(
        "impact: power-cycle",
        "impact: config",
        "reboot.yaml:3:9 the step reboot makes this at least power-cycle / write `impact: power-cycle`",
    );
    check(
        "impact: power-cycle",
        "impact: destructive",
        "reboot.yaml:3:9 a destructive command always needs approval / add `approvals: { above: 0, … }`",
    );
    check(
        "required: true, asked-as: because }\n  wave",
        "asked-as: because }\n  wave",
        "reboot.yaml:3:9 a power-cycle command always needs a reason / add `reason: { type: text, required: true, asked-as: because }` to `parameters`",
    );
    check(
        "    point-of-no-return: true\n",
        "",
        "reboot.yaml:21:5 `point-of-no-return` is missing: a reboot cannot be undone / add `point-of-no-return: true`",
    );
    check(
        "point-of-no-return: true",
        "point-of-no-return: false",
        "reboot.yaml:21:5 a reboot is always a point of no return / write `point-of-no-return: true`",
    );
    check("    verify: boot-id-changed\n", "", "reboot.yaml:21:5 `verify` is missing / add `verify: …`");
    check(
        "  - gate: [drain-still-holds, capacity]\n",
        "",
        "reboot.yaml:20:5 a reboot needs a gate before it, which asks again whether it is still safe / add `- gate: [drain-still-holds, capacity]` before it",
    );
    check(
        "else: redfish",
        "else: ssh",
        "reboot.yaml:21:31 `else` is the same way again / name the other way, or leave it out",
    );
}

#[test]
fn parts_that_name_what_is_not_there_or_there_twice() {
    check(
        "\"{wave}\"",
        "\"{share}\"",
        "reboot.yaml:15:8 `{share}` is no percentage parameter with a default / add `share: { type: percentage, of: request, default: 10% }` to `parameters`",
    );
    check(
        "send: [message]",
        "send: [text]",
        "announce.yaml:9:73 announce has no parameter `text` to send / declare `text`, or do not send it",
    );
    check(
        "targets: none",
        "targets: none\nwaves: { then: all, stop-when: failures > 0 }",
        "announce.yaml:6:8 a command without servers has no waves / leave `waves` out",
    );
    check(
        "waves: { canary: 1, then: 20%, soak: 1m, stop-when: failures > 0 }\n",
        "",
        "drain.yaml:3:9 a drain command needs waves / add `waves: { canary: 1, then: 20%, soak: 5m, stop-when: failures > 1 }`",
    );
    check(
        "[drain a-1, drain a-2]",
        "[drain a-1]",
        "drain.yaml:9:11 one example is not enough / add a second one; both are tested",
    );
    check(
        "pause: { type: duration",
        "pause: { type: text, asked-as: because",
        "reboot.yaml:14:3 two parameters are asked as because / let the other have a --name",
    );
    check(
        "command: announce",
        "command: drain",
        "drain.yaml:1:10 the command drain is defined in announce.yaml already / give one of them another name",
    );
}

#[test]
fn steps_that_go_round_in_a_circle() {
    check(
        "  - drain: { timeout: 10m, connections-below: 5 }",
        "  - reboot",
        "drain.yaml:8:5 the steps go round in a circle: drain → reboot → drain / write the steps of one of them out | \
         reboot.yaml:19:5 the steps go round in a circle: reboot → drain → reboot / write the steps of one of them out",
    );
}

#[test]
fn broken_yaml_and_files_that_are_no_mapping() {
    check(
        "owner: sre\ntargets: none",
        "owner: [sre\ntargets: none",
        "announce.yaml:5:8 illegal placement of ':' indicator / correct the YAML; everything else in this file is read after that",
    );
    check(
        "owner: sre\ntargets: none",
        "owner: sre\nowner: noc\ntargets: none",
        "announce.yaml:5:1 duplicate mapping key `owner` is not allowed here / correct the YAML; everything else in this file is read after that",
    );
    check(
        ANNOUNCE,
        "just a word\n",
        "announce.yaml:1:1 keys with values belong here, not a word / write `key: value` lines below, or { key: value }",
    );
    check(
        ANNOUNCE,
        "",
        "announce.yaml:1:1 keys with values belong here, not nothing / write `key: value` lines below, or { key: value }",
    );
}

#[test]
fn every_fault_of_every_file_is_drawn_with_its_line() {
    let files = files(&[
        ("drain.yaml", &DRAIN.replace("impact: drain", "impact: drane").replace("10m", "10 min")),
        ("reboot.yaml", &REBOOT.replace("grace: 90s", "grase: 90s")),
    ]);
    let faults = load(&files).expect_err("there are faults");
    assert_eq!(faults.faults().len(), 4, "{faults}");
    insta::assert_snapshot!(faults.to_string(), @r#"
     × `drane` is not known here
      ╭─[drain.yaml:3:9]
    2 │ summary: Take servers out
    3 │ impact: drane
      ·         ──┬──
      ·           ╰── here
    4 │ owner: sre
      ╰────
     help: there are: read-only, config, drain, power-cycle, destructive
     × `timeout` takes a length of time
      ╭─[drain.yaml:8:23]
    7 │ steps:
    8 │   - drain: { timeout: 10 min, connections-below: 5 }
      ·                       ───┬──
      ·                          ╰── here
    9 │ examples: [drain a-1, drain a-2]
      ╰────
     help: write 90s, 5m or 2h, or "{name}" of a duration parameter
     × `grace` is missing
       ╭─[reboot.yaml:21:5]
    20 │   - gate: [drain-still-holds, capacity]
    21 │   - reboot: { via: ssh, else: redfish, timeout: 15m, grase: 90s }
       ·     ───┬──
       ·        ╰── here
    22 │     verify: boot-id-changed
       ╰────
     help: add `grace: …`
     × there is no key `grase` here
       ╭─[reboot.yaml:21:54]
    20 │   - gate: [drain-still-holds, capacity]
    21 │   - reboot: { via: ssh, else: redfish, timeout: 15m, grase: 90s }
       ·                                                      ──┬──
       ·                                                        ╰── here
    22 │     verify: boot-id-changed
       ╰────
     help: did you mean `grace`?
    "#);
}

proptest! {
    #[test]
    fn reading_anything_never_panics(text in "\\PC{0,60}", from in 0..REBOOT.len(), length in 0..40_usize) {
        let broken: String = REBOOT.bytes().enumerate().filter(|(at, _)| !(from..from + length).contains(at)).map(|(_, byte)| char::from(byte)).collect();
        if let Err(faults) = load(&files(&[("a.yaml", &text), ("b.yaml", &broken)])) {
            prop_assert!(!faults.to_string().is_empty());
        }
    }
}
