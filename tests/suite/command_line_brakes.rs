//! `wrasse stop-everything` and `resume-everything`, as a shell calls them, on a database that no bot serves.

use crate::command_line::{complaint, out, wrasse_in};
use std::process::Output;

/// What was printed, without clock times.
fn shown(output: &Output) -> String {
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
    No request was waiting.
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
