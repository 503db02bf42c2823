//! `wrasse can-i --as automation:NAME`, `wrasse check` and `wrasse policy test` about what acts without a person.

use crate::command_line::{complaint, out, wrasse_in};
use std::path::Path;
use std::process::Output;

/// The shipped policies with an automation, a rule that names it, and a table about it.
fn policies(folder: &Path) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let own = folder.join("policies");
    std::fs::create_dir_all(own.join("channels")).unwrap();
    std::fs::create_dir_all(own.join("tests")).unwrap();
    for name in ["schema.cedarschema", "global.cedar", "groups.yaml", "channels.yaml"] {
        std::fs::copy(shipped.join(name), own.join(name)).unwrap();
    }
    let write = |name: &str, text: &str| std::fs::write(own.join(name), text).unwrap();
    write("automations.yaml", "nightly-canary: reboots one server each night\nother: does nothing\n");
    write(
        "channels/noc.yaml",
        "allow:
  - { id: nightly, who: automation:nightly-canary, commands: reboot, at-most: 1, reason: one server each night }
  - { id: all, who: everyone, commands: all, reason: whatever people want }
",
    );
    write("channels.yaml", "channels: { noc: C0NOC, quiet: C0QUIET, web: C0WEB, incidents: C0INCIDENTS }\n");
    write(
        "channels/quiet.yaml",
        "allow:
  - { id: quietly, who: automation:nightly-canary, commands: reboot, at-most: 1, reason: one server each night }
  - { id: sre, who: sre, commands: reboot, reason: sre reboots }
",
    );
    write(
        "tests/automations.yaml",
        "- { who: automation:nightly-canary, in: noc, command: reboot, on: { type: edge-cache }, expect: allowed by nightly }
- { who: automation:nightly-canary, in: noc, command: reboot, on: { type: edge-cache, count: 2 }, expect: refused above 1 by nightly }
- { who: automation:other, in: noc, command: reboot, on: { type: edge-cache }, expect: refused by no policy }
- { who: nobody, in: noc, command: drain, on: { type: edge-cache }, expect: allowed by all }
",
    );
}

fn call(words: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder for one call");
    policies(folder.path());
    let own = folder.path().join("policies");
    let own = ["--policies", own.to_str().expect("a path in text")];
    let (verb, rest) = words.split_at(if words.first() == Some(&"policy") { 2 } else { 1 });
    wrasse_in(folder.path(), &[verb, &own, rest].concat())
}

#[test]
fn can_i_answers_for_an_automation_by_what_names_it() {
    let asks = |name: &str, line: &str| call(&["can-i", "--as", name, "--in", "noc", line]);
    let yes = asks("automation:nightly-canary", "reboot edge-lax-001");
    assert_eq!(yes.status.code(), Some(0), "{}", complaint(&yes));
    assert!(out(&yes).contains("Policy nightly: `one server each night`"), "{}", out(&yes));
    for (name, line) in [
        ("automation:nightly-canary", "reboot edge-lax-[001-002]"),
        ("automation:nightly-canary", "drain edge-lax-001"),
        ("automation:other", "reboot edge-lax-001"),
    ] {
        let no = asks(name, line);
        assert_eq!(no.status.code(), Some(3), "{name} {line}: {} {}", out(&no), complaint(&no));
    }
    let unknown = asks("automation:nightly-canry", "reboot edge-lax-001");
    assert_eq!(unknown.status.code(), Some(1));
    assert!(complaint(&unknown).contains("`nightly-canry` is not a known automation"), "{}", complaint(&unknown));
    let grouped = call(&["can-i", "--as", "automation:other", "--in", "noc", "--group", "noc", "reboot edge-lax-001"]);
    assert!(complaint(&grouped).contains("an automation is in no group"), "{}", complaint(&grouped));
}

#[test]
fn who_can_names_the_automations_that_may() {
    let told = call(&["who-can", "--in", "noc", "drain on edge-lax-001"]);
    assert!(out(&told).contains("Everybody of this workspace"), "{}", out(&told));
    assert!(!out(&told).contains("nightly-canary"), "no rule names it for that: {}", out(&told));
    let json = call(&["who-can", "--in", "quiet", "--json", "reboot on edge-lax-001"]);
    assert!(out(&json).contains(r#""automations":["nightly-canary"]"#), "{}", out(&json));
    let words = call(&["who-can", "--in", "quiet", "reboot on edge-lax-001"]);
    insta::assert_snapshot!(out(&words), @"
    Who may reboot 1 server in #quiet
    Members of sre, and automation nightly-canary.
    ");
    let more = call(&["who-can", "--in", "quiet", "reboot on edge-lax-[001-002]"]);
    assert!(!out(&more).contains("nightly-canary"), "it may one server at a time: {}", out(&more));
    let general = call(&["who-can", "--in", "quiet", "reboot"]);
    assert!(out(&general).contains("and automation nightly-canary"), "{}", out(&general));
}

#[test]
fn tables_ask_for_automations_too() {
    let tested = call(&["policy", "test"]);
    assert_eq!(tested.status.code(), Some(0), "{}\n{}", out(&tested), complaint(&tested));
    assert!(out(&tested).contains("4 "), "{}", out(&tested));
}
