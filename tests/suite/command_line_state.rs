//! What a technician says of servers in a shell, on a database that no bot serves.

use crate::command_line::{complaint, out, wrasse_in};
use crate::command_line_brakes::shown;

/// The third server stands by, so that nothing has to say that it does not serve; the others are in production, and nobody looks.
#[test]
fn a_server_is_in_repair_and_ready_again() {
    let folder = tempfile::tempdir().expect("a folder for the calls");
    let call = |arguments: &[&str]| wrasse_in(folder.path(), arguments);
    std::fs::write(folder.path().join("none.db"), "").expect("the folder is ours");

    let look = call(&["state", "--plan", "edge-lax-003 repair because its PSU is dead"]);
    assert_eq!(look.status.code(), Some(0), "{}", complaint(&look));
    insta::assert_snapshot!(shown(&look), @"
    Plan · nothing is done yet
    `edge-lax-003` would be in repair: only commands that take servers in that state start there.
    edge-lax: 0 of 2 in service, floor 2 → 1
    ~ to do it: `/fleet state edge-lax-003 repair because its PSU is dead`
    ");
    let early = call(&["state", "edge-lax-003", "ready", "--because", "the PSU is replaced"]);
    assert_eq!(early.status.code(), Some(3), "a look changes nothing");
    insta::assert_snapshot!(shown(&early), @"
    🚫 Nothing has changed
    • `edge-lax-003` standing by: only what is in maintenance or in repair can be ready: `/fleet undrain edge-lax-003 because the PSU is replaced`
    ");
    let repair = call(&["state", "edge-lax-003", "repair", "--because", "its PSU is dead"]);
    assert_eq!(repair.status.code(), Some(0), "{}", complaint(&repair));
    insta::assert_snapshot!(shown(&repair), @"
    `edge-lax-003` is in repair: only commands that take servers in that state start there.
    edge-lax: 0 of 2 in service, floor 2 → 1
    ~ when that is done: `/fleet state edge-lax-003 ready because …`
    ");
    let unseen = call(&["state", "edge-lax-[001-003] maintenance because their rack moves"]);
    assert_eq!(unseen.status.code(), Some(3));
    insta::assert_snapshot!(shown(&unseen), @"
    🚫 Nothing has changed: 2 of 3 servers do not fit
    • `edge-lax-[001-002]` may be in service: its load balancer has not told of it yet; drain it first: `/fleet drain edge-lax-[001-002] because their rack moves`
    ");
    let json = call(&["out", "--json"]);
    assert!(
        out(&json).contains("\"said_why\": \"its PSU is dead\"")
            || out(&json).contains("\"said_why\":\"its PSU is dead\""),
        "{}",
        out(&json)
    );
    let ready = call(&["state", "edge-lax-003", "ready", "--because", "the PSU is replaced"]);
    assert_eq!(ready.status.code(), Some(0), "{}", complaint(&ready));
    insta::assert_snapshot!(shown(&ready), @"
    `edge-lax-003` is ready, and still out: drained. Nobody's word puts a server into production.
    edge-lax: 0 of 3 in service, floor 1 → 2
    ~ to put back, after checks: `/fleet undrain edge-lax-003 because the PSU is replaced`
    ");
    let why = call(&["why", "edge-lax-003"]);
    assert_eq!(why.status.code(), Some(0), "{}", complaint(&why));
    insta::assert_snapshot!(shown(&why), @"
    edge-lax-003: drained, says local/UID since hh:mm UTC: `the PSU is replaced`
    Its load balancer has not told of it yet
    Nothing is under work on it, and no request waits for it
    Said before:
    · hh:mm UTC local/UID: repair, `its PSU is dead`
    ~ as of hh:mm UTC
    ");

    let silent = call(&["state", "edge-lax-003", "repair"]);
    assert_eq!(silent.status.code(), Some(2));
    let what = call(&["state", "edge-lax-003", "broken", "--because", "its PSU is dead"]);
    assert_eq!(what.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&what), @"
    wrasse: This part of the line fits nothing
    ```
    state edge-lax-003 broken becau…
                       ^^^^^^ did you mean repair?
    ```
    Nothing has started.
    To send instead: `state edge-lax-003 repair because its PSU is dead`
    ");
}

/// A reset asks nobody, so whoever keeps the inventory hears how many controllers nothing proves.
#[test]
fn check_counts_the_controllers_that_nothing_identifies() {
    let folder = tempfile::tempdir().expect("a folder for the calls");
    std::fs::write(folder.path().join("password"), "secret\n").expect("the folder is ours");
    let bmc = |identity: &str| format!("bmc: {{ url: \"http://127.0.0.1:1/\", credential: bmc{identity} }}");
    let check = |identities: [&str; 2]| {
        let [first, second] = identities.map(bmc);
        let text = format!(
            "sites: [lax, riga]\ncredentials:\n  bmc: {{ username: admin, password_file: password }}\nservers:\n  \
             - {{ id: a, name: edge-lax-001, type: edge-cache, site: lax, rack: r, {first} }}\n  \
             - {{ id: b, name: edge-lax-002, type: edge-cache, site: lax, rack: r, {second} }}\n  \
             - {{ id: c, name: origin-riga-01, type: origin, site: riga, rack: r }}\n"
        );
        let inventory = folder.path().join("bmcs.yaml");
        std::fs::write(&inventory, text).expect("the folder is ours");
        let told = call_check(folder.path(), &inventory);
        assert_eq!(told.status.code(), Some(0), "{}", complaint(&told));
        out(&told)
    };
    let all = check([", serial: A1", ", uuid: 4c4c4544-0046-5110-8034-c7c04f583133"]);
    assert!(!all.contains("identity"), "{all}");
    insta::assert_snapshot!(check(["", ", serial: A1"]), @"
    sound: 4 commands with 9 examples, policies of 3 channels, 3 servers
    1 server has a BMC without an identity: a reset there reaches whatever machine answers; state `uuid:` or `serial:` in their `bmc:`
    not checked here: whether the groups and people that policies name exist; `serve` asks the workspace
    ");
    let none = check(["", ""]);
    assert!(none.contains("2 servers have a BMC without an identity: "), "{none}");
}

fn call_check(folder: &std::path::Path, inventory: &std::path::Path) -> std::process::Output {
    wrasse_in(folder, &["check", "--inventory", &inventory.display().to_string()])
}
