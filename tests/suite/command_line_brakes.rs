//! The brakes, as a shell calls them, on a database that no bot serves.

use crate::command_line::{complaint, out, wrasse_in};
use crate::storage::values::{accepted, request_events, request_id};
use std::process::Output;
use wrasse::adapters::storage::sqlite::SqliteStore;
use wrasse::domain::ids::OperationId;
use wrasse::ports::Store;
use wrasse::ports::store::Operation;
use wrasse::workflow::request::RequestStage;

/// What was printed, without clock times.
pub(crate) fn shown(output: &Output) -> String {
    let mut clean = String::new();
    let told = out(output);
    let mut rest = told.as_str();
    while let Some(colon) = rest.find(':') {
        let (before, after) = rest.split_at(colon);
        let is_clock = before.len() >= 2
            && before.bytes().rev().take(2).all(|byte| byte.is_ascii_digit())
            && after.bytes().skip(1).take(2).filter(u8::is_ascii_digit).count() == 2;
        if is_clock {
            clean.push_str(&before[..before.len() - 2]);
            clean.push_str("hh:mm");
            rest = &after[3..];
        } else {
            clean.push_str(before);
            clean.push(':');
            rest = &after[1..];
        }
    }
    clean.push_str(rest);
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("this very process"));
    clean.replace(&format!("local/{uid}"), "local/UID")
}

#[test]
fn everything_is_stopped_and_stays_so() {
    let folder = tempfile::tempdir().expect("a folder for the calls");
    let missing = wrasse_in(folder.path(), &["stop-everything", "--because", "servers do not come back"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(complaint(&missing).contains("there is no database"), "{}", complaint(&missing));
    std::fs::write(folder.path().join("none.db"), "").expect("the folder is ours");

    let nothing = wrasse_in(folder.path(), &["resume-everything", "--because", "the cause was found"]);
    assert_eq!(nothing.status.code(), Some(0), "{}", complaint(&nothing));
    insta::assert_snapshot!(shown(&nothing), @"
    Nothing is stopped as a whole. Nothing has changed.
    To see what waits, and why: `/fleet status`
    ");
    let stopped = wrasse_in(folder.path(), &["stop-everything", "--because", "servers do not come back"]);
    assert_eq!(stopped.status.code(), Some(0), "{}", complaint(&stopped));
    insta::assert_snapshot!(shown(&stopped), @"
    🛑 Everything is stopped. Nothing starts that changes a server.
    No request waits now.
    ~ to go on: `/fleet resume everything because …`, by another person, or by local/UID from hh:mm UTC
    ");
    insta::assert_snapshot!(complaint(&stopped), @"wrasse: no channel is told: set WRASSE_INCIDENT_CHANNEL or --incidents; cards, status and homes say it");
    let again = wrasse_in(folder.path(), &["stop-everything", "--incidents", "C0INCIDENTS"]);
    assert_eq!(again.status.code(), Some(0));
    insta::assert_snapshot!(shown(&again), @"
    🛑 Everything is stopped by local/UID since hh:mm UTC: `servers do not come back`
    It was stopped before you asked. Nothing has changed.
    ~ to go on: `/fleet resume everything because …`, by another person, or by local/UID from hh:mm UTC
    ");

    let alone = wrasse_in(folder.path(), &["resume-everything", "--because", "the cause was found"]);
    assert_eq!(alone.status.code(), Some(3), "the same account, at once");
    insta::assert_snapshot!(shown(&alone), @"
    To go on after your own stop takes another person, or 10 min: you may from hh:mm UTC. Nothing has changed.
    Stopped by local/UID at hh:mm UTC.
    ");
    let silent = wrasse_in(folder.path(), &["resume-everything", "--because", "…"]);
    assert_eq!(silent.status.code(), Some(1));
    insta::assert_snapshot!(complaint(&silent), @r#"wrasse: say why: --because "the cause was found""#);
}

#[test]
fn a_hard_stop_is_put_on_beside_one_that_is_on() {
    let folder = tempfile::tempdir().expect("a folder for the calls");
    let call = |arguments: &[&str]| wrasse_in(folder.path(), arguments);
    std::fs::write(folder.path().join("none.db"), "").expect("the folder is ours");
    let look = call(&["stop-everything", "--hard", "--plan"]);
    insta::assert_snapshot!(shown(&look), @"
    Plan: stop everything · nothing is done yet
    Nothing would start that changes a server.
    Nothing would be given back either.
    No request would wait now.
    ~ to do it: `/fleet stop everything --hard`
    ");
    assert!(
        shown(&call(&["stop-everything", "--because", "servers do not come back"])).contains("Everything is stopped.")
    );
    let hard = call(&["stop-everything", "--hard", "--because", "the balancer lies"]);
    assert_eq!(hard.status.code(), Some(0), "{}", complaint(&hard));
    insta::assert_snapshot!(shown(&hard), @"
    🛑 Everything is stopped hard. Nothing starts that changes a server.
    Nothing is given back either: what is out stays as it is. What is being sent just now may still arrive.
    No request waits now.
    ~ to go on: `/fleet resume everything because …`, by another person, or by local/UID from hh:mm UTC
    ");
    assert!(shown(&call(&["stop-everything", "--hard"])).contains("It was stopped before you asked."));
    let alone = call(&["resume-everything", "--because", "the cause was found"]);
    assert_eq!(alone.status.code(), Some(3), "the same account, at once");
}

#[test]
fn a_site_is_frozen_and_thawed() {
    let folder = tempfile::tempdir().expect("a folder for the calls");
    let call = |arguments: &[&str]| wrasse_in(folder.path(), arguments);
    let missing = call(&["freeze", "site=lax for 2h because a live match"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(complaint(&missing).contains("there is no database"), "{}", complaint(&missing));
    std::fs::write(folder.path().join("none.db"), "").expect("the folder is ours");

    let look = call(&["freeze", "--plan", "site=lax for 2h because a live match"]);
    assert_eq!(look.status.code(), Some(0), "{}", complaint(&look));
    insta::assert_snapshot!(shown(&look), @"
    Plan · nothing is done yet
    `site=lax` (3 servers) would be frozen until hh:mm UTC.
    No request would wait for it now.
    ~ to do it: `/fleet freeze site=lax for 2h because a live match`
    ");
    let frozen = call(&["freeze", "site=lax", "for", "2h", "because", "a", "live", "match"]);
    assert_eq!(frozen.status.code(), Some(0), "{}", complaint(&frozen));
    insta::assert_snapshot!(shown(&frozen), @"
    `site=lax` (3 servers) is frozen until hh:mm UTC.
    No request waits for it now.
    ~ to end it sooner: `/fleet thaw site=lax`
    ");
    let other = call(&["thaw", "everything"]);
    assert_eq!(other.status.code(), Some(3), "something else is frozen, so it is not as it was asked");
    insta::assert_snapshot!(shown(&other), @"
    `everything` is not frozen, as far as it was said so. Nothing has changed.
    `/fleet thaw site=lax` frozen by local/UID: `a live match`
    ");
    let look = call(&["thaw", "--plan", "site=lax"]);
    assert_eq!(look.status.code(), Some(0), "{}", complaint(&look));
    insta::assert_snapshot!(shown(&look), @"
    Plan · nothing is done yet
    `site=lax` is frozen by local/UID since hh:mm UTC until hh:mm UTC: `a live match`
    No request waits for it now.
    ~ to end it: `/fleet thaw site=lax`
    ");
    let thawed = call(&["thaw", "site=lax"]);
    assert_eq!(thawed.status.code(), Some(0), "{}", complaint(&thawed));
    insta::assert_snapshot!(shown(&thawed), @"`site=lax` is not frozen any more. What waited starts by itself when it is safe.");
    let again = call(&["thaw", "site=lax"]);
    assert_eq!(again.status.code(), Some(0), "it is as it was asked");
    insta::assert_snapshot!(shown(&again), @"`site=lax` is not frozen, as far as it was said so. Nothing has changed.");

    let forever = call(&["freeze", "site=lax", "--because", "a live match"]);
    assert_eq!(forever.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&forever), @"
    wrasse: This part of the line fits nothing
    ```
    freeze site=lax because a live …
                    ^^^^^^^
    ```
    Expected here: when it is over: until 18:00, or for 2h. Nothing has started.
    ");
    let nowhere = call(&["freeze", "site=lox", "for", "2h", "--because", "a live match"]);
    assert_eq!(nowhere.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&nowhere), @"
    wrasse: No server has the site lox
    ```
    freeze site=lox for 2h because …
                ^^^ did you mean lax?
    ```
    Nothing has started.
    To send instead: `freeze site=lax for 2h because a live match`
    ");
}

#[test]
fn servers_are_held_and_kept_from_a_command() {
    let folder = tempfile::tempdir().expect("a folder for the calls");
    let call = |arguments: &[&str]| wrasse_in(folder.path(), arguments);
    std::fs::write(folder.path().join("none.db"), "").expect("the folder is ours");

    let held = call(&["hold", "edge-lax-[001-002]", "--because", "I change their disks"]);
    assert_eq!(held.status.code(), Some(0), "{}", complaint(&held));
    insta::assert_snapshot!(shown(&held), @"
    `edge-lax-[001-002]` are held: no work on them starts, and what runs there neither changes nor returns them.
    No request waits for it now.
    ~ to let them go: `/fleet release edge-lax-[001-002]`
    ");
    let again = call(&["hold", "edge-lax-001 because another disk"]);
    assert_eq!(again.status.code(), Some(0));
    insta::assert_snapshot!(shown(&again), @"
    `edge-lax-001` is held already, by local/UID since hh:mm UTC: `I change their disks`
    ~ to let it go: `/fleet release edge-lax-001`
    ");
    let released = call(&["release", "edge-lax-[001-002]"]);
    insta::assert_snapshot!(shown(&released), @"`edge-lax-[001-002]` are released. What waited starts by itself when it is safe.");
    let unknown = call(&["hold", "req-2222", "because", "traffic is high"]);
    assert_eq!(unknown.status.code(), Some(3));
    insta::assert_snapshot!(shown(&unknown), @"There is no req-2222. The id stands on the request's card, first line. Nothing has changed.");

    // The level may be said on either side, and is no part of the reason.
    let absolute = call(&["blacklist", "--absolute", "site=lax reboot for 2d because a known fault"]);
    assert_eq!(absolute.status.code(), Some(0), "{}", complaint(&absolute));
    insta::assert_snapshot!(shown(&absolute), @"
    `reboot on site=lax` (3 servers) is on the blacklist until hh:mm UTC.
    No request waits for it now. What it covers is left out.
    ~ to end it sooner: `/fleet unblacklist site=lax reboot`
    ");
    let what = call(&["blacklist", "site=lax rebot for 2d because a known fault"]);
    assert_eq!(what.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&what), @"
    wrasse: There is no command rebot here
    ```
    blacklist site=lax rebot for 2d…
                       ^^^^^ did you mean reboot?
    ```
    Nothing has started.
    To send instead: `blacklist site=lax reboot for 2d because a known fault`
    ");
    let ended = call(&["unblacklist", "site=lax", "reboot"]);
    assert_eq!(ended.status.code(), Some(0));
    insta::assert_snapshot!(shown(&ended), @"`reboot on site=lax` is not on the blacklist any more. What waited starts by itself when it is safe.");

    let none = call(&["close-breaker", "reboot site=lax", "--because", "the cable is replaced"]);
    assert_eq!(none.status.code(), Some(0), "{}", complaint(&none));
    insta::assert_snapshot!(shown(&none), @"Nothing stops reboot in lax: its breaker is not open. No breaker is. Nothing has changed.");
}

/// While the chat is down, too.
#[tokio::test]
async fn a_request_is_held_and_ended() {
    let folder = tempfile::tempdir().expect("a folder for the calls");
    let call = |arguments: &[&str]| wrasse_in(folder.path(), arguments);
    let path = folder.path().join("none.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let id = request_id("2mq9");
    let writes = vec![request_events(&id, 0, vec![accepted(&id)])];
    store.commit(Operation { id: OperationId::new("asked"), writes }).await.unwrap();

    let held = call(&["hold", "req-2mq9", "--because", "traffic is high"]);
    assert_eq!(held.status.code(), Some(0), "{}", complaint(&held));
    insta::assert_snapshot!(shown(&held), @"
    req-2mq9 is held: it starts no more, and what it began goes on.
    0 not started · 0 at work
    ~ to let it go on: `/fleet release req-2mq9`
    ");
    let released = call(&["release", "req-2mq9"]);
    assert_eq!(released.status.code(), Some(0), "{}", complaint(&released));
    insta::assert_snapshot!(shown(&released), @"req-2mq9 is released. It goes on by itself when it is safe.");
    let look = call(&["cancel", "--plan", "req-2mq9"]);
    assert_eq!(look.status.code(), Some(0), "{}", complaint(&look));
    insta::assert_snapshot!(shown(&look), @"
    req-2mq9 would be cancelled: nothing has started, and nothing would run later.
    To do it: `cancel req-2mq9`
    ");
    let request = store.request(&id).await.unwrap().unwrap();
    assert!(!matches!(request.stage, RequestStage::Stopping { .. }), "a look changes nothing");
    let ended = call(&["cancel", "req-2mq9"]);
    assert_eq!(ended.status.code(), Some(0), "{}", complaint(&ended));
    insta::assert_snapshot!(shown(&ended), @"req-2mq9 is cancelled. Nothing has started, and nothing runs later.");
    let request = store.request(&id).await.unwrap().unwrap();
    assert!(matches!(request.stage, RequestStage::Stopping { .. }), "{:?}", request.stage);
    let again = call(&["cancel", "req-2mq9"]);
    assert_eq!(again.status.code(), Some(0), "it is as it was asked");
    insta::assert_snapshot!(shown(&again), @"req-2mq9 is stopping already: local/UID asked at hh:mm UTC. Nothing new starts.");

    let nobody = call(&["cancel", "req-7777"]);
    assert_eq!(nobody.status.code(), Some(3));
    insta::assert_snapshot!(shown(&nobody), @"There is no req-7777. The id stands on the request's card, first line. Nothing has changed.");
    let unreadable = call(&["cancel", "edge-lax-001"]);
    assert_eq!(unreadable.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&unreadable), @"
    wrasse: edge-lax-001 is not the id of a request
    ```
    cancel edge-lax-001
           ^^^^^^^^^^^^
    ```
    An id looks like req-2mq9; it stands on the request's card. Nothing has started.
    ");
    store.close().await.unwrap();
}
