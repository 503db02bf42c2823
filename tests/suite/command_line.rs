//! `wrasse parse`, `select`, `plan`, `can-i` and `who-can`, as a shell calls them: what is printed where, and the status at the end.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program in the project's folder, with a small fleet, no database and none of the caller's settings.
fn wrasse(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder for one call");
    wrasse_in(folder.path(), arguments)
}

/// The same, with what calls before it left in that folder.
pub(crate) fn wrasse_in(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wrasse"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .env_clear()
        .env("WRASSE_INVENTORY", inventory_in(folder))
        .env("WRASSE_DATABASE", folder.join("none.db"))
        .output()
        .expect("the program is built beside this test")
}

/// The small fleet, written into that folder.
pub(crate) fn inventory_in(folder: &Path) -> PathBuf {
    let inventory = folder.join("inventory.yaml");
    std::fs::write(&inventory, FLEET).expect("the folder is ours");
    inventory
}

const FLEET: &str = "\
sites: [lax, riga]
pools:
  - { name: edge-lax, load_balancer: { address: \"127.0.0.1:1\", backend: edge } }
servers:
  - { id: a, name: edge-lax-001, type: edge-cache, site: lax, rack: lax-r01, pool: edge-lax }
  - { id: b, name: edge-lax-002, type: edge-cache, site: lax, rack: lax-r01, pool: edge-lax }
  - { id: c, name: edge-lax-003, type: edge-cache, site: lax, rack: lax-r02, pool: edge-lax, state: standby }
  - { id: d, name: origin-riga-01, type: origin, site: riga, rack: riga-r01 }
";

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text").trim_end().to_owned()
}

pub(crate) fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text").trim_end().to_owned()
}

#[test]
fn parse_tells_the_typed_intent() {
    let told = wrasse(&["parse", "reboot edge-lax-[001-002] --wave 20% because kernel update."]);
    assert_eq!(told.status.code(), Some(0), "{}", complaint(&told));
    insta::assert_snapshot!(out(&told), @"
    reboot
    impact: `power-cycle`
    owner: `sre`
    servers: `edge-lax-[001-002]`
    reason: `kernel update`
    wave: `20%`
    ");
    // A shell splits a line that is not quoted; it means the same.
    let split = wrasse(&["parse", "reboot", "edge-lax-[001-002]", "--wave", "20%", "because", "kernel", "update."]);
    assert_eq!(out(&split), out(&told));
    let json = wrasse(&["parse", "--json", "reboot edge-lax-[001-002] because kernel update"]);
    insta::assert_snapshot!(out(&json), @r#"{"verb":"reboot","work":{"command":"reboot","selector":"edge-lax-[001-002]","parameters":{"reason":{"value":"kernel update","default":false},"wave":{"value":"10%","default":true}},"start":null}}"#);
}

#[test]
fn parse_points_at_what_it_did_not_understand() {
    let told = wrasse(&["parse", "rebot edge-lax-001 because fan noise"]);
    assert_eq!(told.status.code(), Some(2));
    assert_eq!(out(&told), "");
    insta::assert_snapshot!(complaint(&told), @"
    wrasse: There is no command rebot here
    ```
    rebot edge-lax-001 because fan …
    ^^^^^ did you mean reboot?
    ```
    Nothing has started.
    To send instead: `reboot edge-lax-001 because fan noise`
    ");
    let json = wrasse(&["parse", "--json", "reboot edge-lax-[002-001] because fan noise"]);
    assert_eq!(json.status.code(), Some(2));
    insta::assert_snapshot!(out(&json), @r#"{"misunderstanding":{"line":"reboot edge-lax-[002-001] because fan noise","from_byte":17,"to_byte":24,"what":"This range ends before it begins","hint":"Write the smaller number first: [001-020].","suggestion":null,"readings":[],"corrected":null,"missing":[],"to_fill_in":null}}"#);
}

#[test]
fn what_is_missing_is_told_with_a_line_to_fill_in() {
    let told = wrasse(&["parse", "reboot --wave"]);
    assert_eq!((told.status.code(), out(&told).as_str()), (Some(2), ""));
    insta::assert_snapshot!(complaint(&told), @"
    wrasse: Reboot needs to know which servers
    ```
    reboot --wave
           ^
    ```
    Add servers, such as edge-lax-[001-020] or site=lax. Nothing has started.
    Missing:
    servers: names or attributes, such as edge-lax-[001-020] or site=lax
    --wave: a percentage from 1% to 100%
    because: text of at most 500 characters
    To fill in: `reboot SERVERS --wave PERCENT because …`
    ");
    let planned = wrasse(&["plan", "--as", "U0ANA", "--in", "noc", "--group", "noc", "reboot edge-lax-001"]);
    assert_eq!(planned.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&planned), @"
    wrasse: Reason is missing
    ```
    reboot edge-lax-001
                        ^
    ```
    Add because … at the end. Nothing has started.
    Missing:
    because: text of at most 500 characters
    To fill in: `reboot edge-lax-001 because …`
    ");
    let json = wrasse(&["parse", "--json", "reboot edge-lax-001"]);
    assert_eq!(json.status.code(), Some(2));
    insta::assert_snapshot!(out(&json), @r#"{"misunderstanding":{"line":"reboot edge-lax-001","from_byte":19,"to_byte":19,"what":"Reason is missing","hint":"Add because … at the end.","suggestion":null,"readings":[],"corrected":null,"missing":[{"name":"because","takes":"text of at most 500 characters"}],"to_fill_in":"reboot edge-lax-001 because …"}}"#);
    // A server that is none is told in the same way as a word that is none.
    let unknown = ["plan", "--as", "U0ANA", "--in", "noc", "--group", "noc", "--json", "reboot edge-lxa-001 because x"];
    insta::assert_snapshot!(out(&wrasse(&unknown)), @r#"{"misunderstanding":{"line":"reboot edge-lxa-001 because x","from_byte":7,"to_byte":15,"what":"No server is called edge-lxa-001","hint":"Did you mean edge-lax?","suggestion":"edge-lax","readings":[],"corrected":"reboot edge-lax-001 because x","missing":[],"to_fill_in":null}}"#);
}

#[test]
fn select_folds_or_lists() {
    let folded = wrasse(&["select", "site=lax & state=production , origin-riga-01"]);
    assert_eq!(folded.status.code(), Some(2), "a chain of two operators is not guessed at: {}", out(&folded));
    let folded = wrasse(&["select", "(site=lax & state=production), origin-riga-01"]);
    assert_eq!(folded.status.code(), Some(0), "{}", complaint(&folded));
    assert_eq!(out(&folded), "edge-lax-[001-002],origin-riga-01");
    assert_eq!(out(&wrasse(&["select", "--expand", "edge-*"])), "edge-lax-001\nedge-lax-002\nedge-lax-003");
    let json = wrasse(&["select", "--json", "edge-lax-[001-002]"]);
    assert_eq!(out(&json), r#"{"count":2,"servers":["edge-lax-001","edge-lax-002"]}"#);
}

#[test]
fn select_never_answers_with_nothing() {
    let unknown = wrasse(&["select", "edge-lax-009"]);
    assert_eq!((unknown.status.code(), out(&unknown).as_str()), (Some(2), ""));
    insta::assert_snapshot!(complaint(&unknown), @"
    wrasse: No server is called edge-lax-009
    ```
    edge-lax-009
    ^^^^^^^^^^^^
    ```
    Names are those of the inventory, with every digit. Nothing has started.
    ");
    let empty = wrasse(&["select", "site=riga & type=edge-cache"]);
    assert_eq!(empty.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&empty), @"
    wrasse: This leaves no server
    ```
    site=riga & type=edge-cache
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ```
    Every part is known, but together they match none. Nothing has started.
    ");
    let more = wrasse(&["select", "edge-lax-001 because"]);
    assert_eq!(more.status.code(), Some(2), "{}", out(&more));
}

#[test]
fn plan_tells_what_a_line_would_do() {
    let line = "reboot edge-lax-[001-003] because kernel update";
    let told = wrasse(&["plan", "--as", "U0ANA", "--in", "#noc", "--group", "noc", line]);
    assert_eq!(told.status.code(), Some(0), "{}", complaint(&told));
    insta::assert_snapshot!(out(&told), @"
    Plan: reboot 3 servers in lax · nothing is started
    `edge-lax-[001-003]`
    sites: lax 3 · types: edge-cache 3 · states: production 2, standby 1
    waves: 1 · 1 · 1, watched for 5 min after each; stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 3 may fail
    1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
    2. gate: asks again whether the drain still holds and its pool has enough without it
    3. reboot over SSH, else Redfish; proved by a new boot id, at most 15 min; cannot be undone
    4. check services, mounts, kernel and clock, at most 2 min
    5. return: back to the state it had, at most 5 min
    ✓ you may by noc-servers · needs nobody's approval
    edge-lax: health of 2 of 3 not known
    first wave: would wait, and start by itself
    • health of 2 of 3 in edge-lax unknown, not looked at yet; waits until it is known
    ~ ask: sre for reboot
    ~ to do it: `reboot edge-lax-[001-003] because kernel update`
    ~ person and groups: as this call says · locks, states and health: unknown: there is no database · traffic and alerts: as told last
    ");
    let refused = wrasse(&["plan", "--as", "U0ANA", "--in", "noc", "--group", "web", "--json", line]);
    assert_eq!(refused.status.code(), Some(0), "{}", complaint(&refused));
    insta::assert_snapshot!(out(&refused), @r#"{"line":"reboot edge-lax-[001-003] because kernel update","command":"reboot","servers":["edge-lax-001","edge-lax-003","edge-lax-002"],"sites":[],"waves":[1,1,1],"not_before_seconds":null,"allowed":false,"refusal":{"policy":null,"words":"🚫 reboot is not allowed in #noc\nNothing has started.\nIn #noc, noc or sre may."},"approvals":null,"first_wave":{"start":[],"wait":["edge-lax-001"]},"could_start":{"start":[],"wait":["edge-lax-001","edge-lax-003","edge-lax-002"]},"next_seconds":null,"nearest":null,"left_out":[],"pools":[{"pool":"edge-lax","total":3,"serving":0,"floor":2,"lowest":0}],"wider":[],"same_request":null,"overlaps":[],"person":"as this call says","states_known":false}"#);
}

#[test]
fn plan_says_what_it_needs_to_know() {
    let nobody = wrasse(&["plan", "--as", "U0ANA", "--in", "noc", "reboot edge-lax-001 because fan noise"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(complaint(&nobody).contains("--group NAME"), "{}", complaint(&nobody));
    let looks = wrasse(&["plan", "--as", "U0ANA", "--in", "noc", "--group", "noc", "status"]);
    assert_eq!(looks.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&looks), @"
    wrasse: Only work can be planned, and status only looks
    ```
    plan status
    ^^^^^^^^^^^ did you mean status?
    ```
    Nothing has started.
    To send instead: `status`
    ");
    let ends = wrasse(&["plan", "--as", "U0ANA", "--in", "noc", "--group", "noc", "cancel req-2mq9"]);
    assert_eq!(ends.status.code(), Some(1));
    assert!(complaint(&ends).contains("`plan cancel req-2mq9` in the chat"), "{}", complaint(&ends));
}

#[test]
fn can_i_tells_yes_and_no_by_its_status() {
    let by = |group: &str, words: &[&str]| {
        let call = ["can-i", "--as", "U0ANA", "--in", "noc", "--group", group];
        wrasse(&call.iter().chain(words).copied().collect::<Vec<_>>())
    };
    let yes = by("noc", &["reboot edge-lax-[001-003]"]);
    assert_eq!(yes.status.code(), Some(0), "{}", complaint(&yes));
    insta::assert_snapshot!(out(&yes), @"
    ✓ You may reboot 3 servers in #noc
    Policy noc-servers: `noc and sre reboot, drain and return edge caches and origins, up to 50 at a time`
    Needs nobody's approval. The line still has to say `because REASON`.
    Nothing has started.
    first wave: would wait, and start by itself
    • health of 2 of 3 in edge-lax unknown, not looked at yet; waits until it is known
    ~ person and groups: as this call says · locks, states and health: unknown: there is no database · traffic and alerts: as told last
    ");
    let no = by("web", &["reboot edge-lax-[001-003] because kernel update"]);
    assert_eq!(no.status.code(), Some(3), "{}", complaint(&no));
    insta::assert_snapshot!(out(&no), @"
    🚫 reboot is not allowed in #noc
    Nothing has started.
    In #noc, noc or sre may.
    ~ person and groups: as this call says
    ");
    let general = by("web", &["reboot"]);
    assert_eq!(general.status.code(), Some(3), "{}", complaint(&general));
    insta::assert_snapshot!(out(&general), @"
    🚫 You may not reboot servers in #noc
    Nothing has started.
    Members of noc or sre may.
    ~ person and groups: as this call says
    ");
    let json = by("noc", &["--json", "reboot edge-lax-001"]);
    insta::assert_snapshot!(out(&json), @r#"{"command":"reboot","in_general":false,"line":"reboot edge-lax-001","allowed":true,"verdict":"allowed","policies":["noc-servers"],"approvals":null,"lacking":["reason"],"could_start":{"start":[],"wait":["edge-lax-001"]},"words":"✓ You may reboot 1 server in #noc\nPolicy noc-servers: `noc and sre reboot, drain and return edge caches and origins, up to 50 at a time`\nNeeds nobody's approval. The line still has to say `because REASON`.\nNothing has started.\nfirst wave: would wait, and start by itself\n• health of 2 of 3 in edge-lax unknown, not looked at yet; waits until it is known","person":"as this call says"}"#);
    let unknown = by("noc", &["reboot edge-lxa-001"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", out(&unknown));
    let ends = by("noc", &["cancel req-2mq9"]);
    assert_eq!(ends.status.code(), Some(1));
    insta::assert_snapshot!(complaint(&ends), @"wrasse: who may cancel depends on the request; type `can-i cancel req-2mq9` in the chat");
}

#[test]
fn who_can_tells_groups_as_the_files_say() {
    let exact = wrasse(&["who-can", "--in", "#noc", "reboot", "on", "edge-lax-[001-003]"]);
    assert_eq!(exact.status.code(), Some(0), "{}", complaint(&exact));
    insta::assert_snapshot!(out(&exact), @"
    Who may reboot 3 servers in #noc
    Members of noc or sre.
    ");
    let general = wrasse(&["who-can", "--in", "noc", "--json", "reboot"]);
    insta::assert_snapshot!(out(&general), @r#"{"command":"reboot","in_general":true,"everyone":false,"groups":["noc","sre"],"people":[],"automations":[],"approvals":null,"words":"Who may reboot servers in #noc\nMembers of noc or sre.\n~ on some of them at least; to be exact, name them: `/fleet who-can reboot on site=lax`"}"#);
    let nowhere = wrasse(&["who-can", "--in", "lobby", "reboot"]);
    assert_eq!(nowhere.status.code(), Some(0), "{}", complaint(&nowhere));
    insta::assert_snapshot!(out(&nowhere), @"
    Who may reboot servers in #lobby
    Nobody. Nothing is allowed in #lobby: it has no policy.
    ");
    let mistyped = wrasse(&["who-can", "--in", "noc", "rebot"]);
    assert_eq!(mistyped.status.code(), Some(2), "{}", out(&mistyped));
    insta::assert_snapshot!(complaint(&mistyped), @"
    wrasse: There is no command rebot here
    ```
    who-can rebot
            ^^^^^ did you mean reboot?
    ```
    Nothing has started.
    To send instead: `who-can reboot`
    ");
}

#[test]
fn check_tells_every_fault_of_every_file() {
    let sound = wrasse(&["check"]);
    assert_eq!(sound.status.code(), Some(0), "{}", complaint(&sound));
    insta::assert_snapshot!(out(&sound), @"
    sound: 4 commands with 9 examples, policies of 3 channels, 4 servers
    not checked here: whether the groups and people that policies name exist; `serve` asks the workspace
    ");
    let folder = tempfile::tempdir().expect("a folder for one call");
    let write = |name: &str, from: &str, changes: &[(&str, &str)]| {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("commands").join(from));
        let text = changes.iter().fold(text.expect("it is part of the project"), |text, (from, to)| {
            assert!(text.contains(from), "{name} does not say {from:?}");
            text.replace(from, to)
        });
        std::fs::write(folder.path().join(name), text).expect("the folder is ours");
    };
    write(
        "drain.yaml",
        "drain.yaml",
        &[("drain edge-lax-001 because", "drain edge-lax-001 becuase"), ("impact:", "impct:")],
    );
    write("announce.yaml", "announce.yaml", &[("  message:", "  site:"), ("[message]", "[site]")]);
    write("undrain.yaml", "undrain.yaml", &[("undrain edge-lax-001\n", "undrain edge-lax-001 becuase x\n")]);
    let faulty = wrasse(&["check", "--commands", &folder.path().display().to_string()]);
    assert_eq!(faulty.status.code(), Some(2));
    assert_eq!(out(&faulty), "");
    insta::assert_snapshot!(complaint(&faulty), @"
    wrasse: 4 faults found
      × a parameter cannot be called `site`: selectors use that word for servers
        ╭─[announce.yaml:9:3]
      8 │ parameters:
      9 │   site: { type: text, required: true, asked-as: because }
        ·   ──┬─
        ·     ╰── here
     10 │ steps:
        ╰────
      help: give it another name
      × `impact` is missing
       ╭─[drain.yaml:2:1]
     1 │ # yaml-language-server: $schema=command.schema.json
     2 │ command: drain
       · ───────┬──────
       ·        ╰── here
     3 │ summary: Take servers out of their load balancer and wait until their connections have ended
       ╰────
      help: add `impact: …`
      × there is no key `impct` here
       ╭─[drain.yaml:4:1]
     3 │ summary: Take servers out of their load balancer and wait until their connections have ended
     4 │ impct: drain
       · ──┬──
       ·   ╰── here
     5 │ owner: sre
       ╰────
      help: did you mean `impact`?
      × this example would not be understood
        ╭─[undrain.yaml:17:26]
     16 │ examples:
     17 │   - undrain edge-lax-001 becuase x
        ·                          ───┬───
        ·                             ╰── here
     18 │   - undrain site=riga & state=drained because firmware is done
        ╰────
      help: did you mean `undrain edge-lax-001 because x`?
    ");
}

#[test]
fn the_shipped_policies_say_what_their_tables_expect() {
    let told = wrasse(&["policy", "test"]);
    assert_eq!(told.status.code(), Some(0), "{}\n{}", out(&told), complaint(&told));
    insta::assert_snapshot!(out(&told), @"as expected: 20 cases in 1 file; these policies decide none: global-destructive, incidents-take-over, noc-brakes, noc-state");
}

/// The shipped policies in a folder of their own, with those texts replaced.
fn policies_with(changes: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for one test");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for part in ["", "channels", "tests"] {
        std::fs::create_dir_all(folder.path().join(part)).expect("the folder is ours");
        let entries = std::fs::read_dir(shipped.join(part)).expect("the shipped policies are there");
        for path in entries.map(|entry| entry.expect("a file").path()).filter(|path| path.is_file()) {
            let name = path.file_name().expect("a file has a name");
            std::fs::copy(&path, folder.path().join(part).join(name)).expect("the folder is ours");
        }
    }
    for (file, from, to) in changes {
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).expect("it was copied");
        assert!(text.contains(from), "{file} does not say {from:?} any more");
        std::fs::write(&path, text.replace(from, to)).expect("the folder is ours");
    }
    folder
}

/// `wrasse policy test` with those policies.
fn policy_test(policies: &tempfile::TempDir) -> Output {
    wrasse(&["policy", "test", "--policies", policies.path().to_str().expect("a plain path")])
}

#[test]
fn policies_that_say_something_else_are_shown_with_what_was_expected() {
    let changes = [
        ("channels/noc.yaml", "at-most: 50", "at-most: 40"),
        ("channels/web.yaml", "commands: reboot", "commands: drain"),
    ];
    let folder = policies_with(&changes);
    let told = policy_test(&folder);
    assert_eq!(told.status.code(), Some(2), "{}", complaint(&told));
    insta::assert_snapshot!(out(&told), @"
    tests/shipped.yaml:6: reboot of 50 edge-cache in lax by somebody of noc in #noc
      - allowed by noc-servers
      + refused above 40 by noc-servers
          noc-servers (channels/noc.yaml:3): noc and sre reboot, drain and return edge caches and origins, up to 50 at a time

    tests/shipped.yaml:8: reboot of 51 edge-cache in lax by somebody of noc in #noc
      - refused above 50 by noc-servers
      + refused above 40 by noc-servers
          noc-servers (channels/noc.yaml:3): noc and sre reboot, drain and return edge caches and origins, up to 50 at a time

    tests/shipped.yaml:15: drain of 10 edge-cache in lax by somebody of noc in #web
      - allowed by web-small
      + refused by web-no-reboots
          web-no-reboots (channels/web.yaml:11): servers are not rebooted from #web

    tests/shipped.yaml:16: drain of 11 edge-cache in lax by somebody of noc in #web
      - refused above 10 by web-small
      + refused by web-no-reboots
          web-no-reboots (channels/web.yaml:11): servers are not rebooted from #web

    tests/shipped.yaml:18: reboot of 1 edge-cache in lax by somebody of noc, sre in #web
      - refused by web-no-reboots
      + refused by no policy: none allows it
    ");
    insta::assert_snapshot!(complaint(&told), @"wrasse: 5 of 20 cases in 1 file answered otherwise than expected; these policies decide none: global-destructive, incidents-take-over, noc-brakes, noc-state, web-small");
}

#[test]
fn a_table_with_faults_is_told_with_their_places() {
    let to = "who: nok, in: noc, command: anounce, expect: allowed by noc-announce";
    let folder = policies_with(&[
        ("tests/shipped.yaml", "who: noc, in: noc, command: announce, expect: allowed by noc-announce", to),
        ("tests/shipped.yaml", "on: { type: origin, count: 1 }", "servers: edge-lax-009"),
    ]);
    let told = policy_test(&folder);
    assert_eq!((told.status.code(), out(&told).as_str()), (Some(2), ""));
    insta::assert_snapshot!(complaint(&told), @"
    wrasse:   × Not understood: No server is called edge-lax-009. Nothing has started.
       ╭─[tests/shipped.yaml:7:49]
     6 │ - { who: noc, in: noc, command: reboot, on: { type: edge-cache, count: 50 }, expect: allowed by noc-servers }
     7 │ - { who: sre, in: noc, command: drain, servers: edge-lax-009, expect: allowed by noc-servers }
       ·                                                 ────────────
     8 │ - { who: noc, in: noc, command: reboot, on: { type: edge-cache, count: 51 }, expect: refused above 50 by noc-servers }
       ╰────
      help: `wrasse select` tells what a selector means

      × `anounce` is not a known command
        ╭─[tests/shipped.yaml:9:33]
      8 │ - { who: noc, in: noc, command: reboot, on: { type: edge-cache, count: 51 }, expect: refused above 50 by noc-servers }
      9 │ - { who: nok, in: noc, command: anounce, expect: allowed by noc-announce }
        ·                                 ───────
     10 │ - { who: sre, in: noc, command: announce, expect: refused by no policy }
        ╰────
      help: did you mean `announce`?

      × `nok` is not a known group
        ╭─[tests/shipped.yaml:9:10]
      8 │ - { who: noc, in: noc, command: reboot, on: { type: edge-cache, count: 51 }, expect: refused above 50 by noc-servers }
      9 │ - { who: nok, in: noc, command: anounce, expect: allowed by noc-announce }
        ·          ───
     10 │ - { who: sre, in: noc, command: announce, expect: refused by no policy }
        ╰────
      help: did you mean `noc`?
    ");
    let select =
        policies_with(&[("tests/shipped.yaml", "on: { type: origin, count: 1 }", "servers: 'edge-lax-[001-002]'")]);
    assert_eq!(policy_test(&select).status.code(), Some(0));
}

#[test]
fn policy_show_prints_what_rules_became() {
    let told = wrasse(&["policy", "show", "--channel", "#web"]);
    assert_eq!(told.status.code(), Some(0), "{}", complaint(&told));
    insta::assert_snapshot!(out(&told), @r#"
    // #web

    // channels/web.yaml:3
    @id("web-small")
    @reason("in #web, noc and sre drain and return edge caches, up to 10 at a time")
    permit(
      principal,
      action in [Action::"drain",Action::"undrain"],
      resource
    ) when {
      (context.channel == Channel::"web") && ((principal in [Group::"noc", Group::"sre"]) && ((resource is Server) && ((resource in [ServerType::"edge-cache"]) && (context.server_count <= 10))))
    };

    // channels/web.yaml:11
    @id("web-no-reboots")
    @reason("servers are not rebooted from #web")
    forbid(
      principal,
      action == Action::"reboot",
      resource
    );
    "#);
    let all = wrasse(&["policy", "show"]);
    for channel in ["// #incidents", "// #noc", "// #web", "incidents-commander"] {
        assert!(out(&all).contains(channel), "{channel} is missing in {}", out(&all));
    }
    let unknown = wrasse(&["policy", "show", "--channel", "wed"]);
    assert_eq!(unknown.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&unknown), @"wrasse: #wed has no policies; those that have are incidents, noc, web");
}
