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
