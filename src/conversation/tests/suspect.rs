//! A reservation of which nothing comes: in the incident channel, withdrawn, and for a pager.

use super::{INCIDENT, Story, admitted, at, begun, done, proved, shown, words_fit};
use crate::admission::{Brake, BrakeKind, Lock, LockStanding};
use crate::conversation::{SuspectView, suspect, suspect_matter, suspect_no_more};
use crate::domain::command::CommandName;
use crate::domain::identity::PersonId;
use crate::domain::ids::BrakeId;
use crate::domain::server::{ProductionState, ServerId, ServerName, SiteName};
use crate::workflow::request::Request;
use crate::workflow::run::{Run, RunEvent, RunOutcome};
use insta::assert_snapshot;

/// The first server's run after those events, and its request.
fn after(events: &[RunEvent]) -> (Request, Run) {
    let story = Story::asked().approved().started().now(17, 30).runs([1], events);
    (story.request(), story.runs[0].clone())
}

fn hold() -> Brake {
    Brake {
        id: BrakeId::new("b"),
        kind: BrakeKind::Hold { server: ServerId::new("1"), name: ServerName::new("edge-lax-001") },
        by: PersonId::new("T0WRASSE", "U0BOB"),
        name: "bob".into(),
        since: at(14, 40),
        why: "I look at its fans".into(),
        until: None,
    }
}

/// What is told of it, in the channel and by the pager.
fn told(found: Result<(&Request, &Run), &str>, run: &Run, hold: Option<&Brake>) -> String {
    let lock = Lock {
        server: ServerId::new("1"),
        run: run.id.clone(),
        command: CommandName::new("reboot"),
        since: at(14, 31),
        standing: LockStanding::Working,
        taken_from: None,
    };
    let (server, site) = (ServerName::new("edge-lax-001"), SiteName::new("lax"));
    let since = run.moved_at.expect("something has come of it");
    let view = SuspectView { server: &server, site: Some(&site), lock: &lock, since, found, hold };
    let matter = suspect_matter(view);
    words_fit(&[matter.summary.clone(), matter.description.clone()]);
    assert!(matter.description.lines().count() <= 5, "too long for a pager: {}", matter.description);
    format!("{}\n====\n{} {}\n{}", shown(&suspect(view), INCIDENT), matter.key, matter.summary, matter.description)
}

#[test]
fn what_it_last_did_and_the_line_that_helps_are_told() {
    let (request, run) = after(&[admitted(), begun(0, None)]);
    assert_snapshot!(told(Ok((&request, &run)), &run, None), @"
    ⚠️ edge-lax-001: its reservation is suspect, req-2mq9 shows no progress
    ----
    ⚠️ edge-lax-001: its reservation is suspect, req-2mq9 shows no progress
    reboot by run-2mq9.1 since 14:31 UTC, nothing has come of it since 14:31 UTC: it was admitted, drain was begun
    Nobody else may work on it, and it counts as out, until that is over or somebody ends it.
    ~ what it waits for: `/fleet why edge-lax-001` · to end it: `/fleet cancel req-2mq9`
    ====
    suspect:run-2mq9.1:1764513060000 edge-lax-001: its reservation is suspect, req-2mq9 shows no progress
    Reboot by run-2mq9.1 since 14:31 UTC, nothing has come of it since 14:31 UTC: it was admitted, drain was begun
    Nobody else may work on it, and it counts as out, until that is over or somebody ends it.
    What it waits for: `/fleet why edge-lax-001` · to end it: `/fleet cancel req-2mq9`
    ");
    let out = [admitted(), begun(0, None), proved(0, ProductionState::Drained, "out")];
    let (request, run) = after(&[&out[..], &[RunEvent::Kept { at: at(14, 41) }]].concat());
    assert_snapshot!(told(Ok((&request, &run)), &run, Some(&hold())), @"
    ⚠️ edge-lax-001: its reservation is suspect, req-2mq9 shows no progress
    ----
    ⚠️ edge-lax-001: its reservation is suspect, req-2mq9 shows no progress
    reboot by run-2mq9.1 since 14:31 UTC, nothing has come of it since 14:41 UTC: drain ✓, next is gate
    Held by bob since 14:40 UTC: `I look at its fans`
    Nobody else may work on it, and it counts as out, until that is over or somebody ends it.
    ~ to let it go on: `/fleet release edge-lax-001`
    ====
    suspect:run-2mq9.1:1764513660000 edge-lax-001: its reservation is suspect, req-2mq9 shows no progress
    Reboot by run-2mq9.1 since 14:31 UTC, nothing has come of it since 14:41 UTC: drain ✓, next is gate
    Held by bob since 14:40 UTC: `I look at its fans`
    Nobody else may work on it, and it counts as out, until that is over or somebody ends it.
    To let it go on: `/fleet release edge-lax-001`
    ");
    let why = "run-2mq9.1 event 2: `kind`: expected a text, found nothing";
    assert_snapshot!(told(Err(why), &run, None), @"
    ⚠️ edge-lax-001: its reservation is suspect, req-2mq9 shows no progress
    ----
    ⚠️ edge-lax-001: its reservation is suspect, req-2mq9 shows no progress
    reboot by run-2mq9.1 since 14:31 UTC, nothing has come of it since 14:41 UTC
    What is stored of it cannot be read, so nothing more comes of it: `run-2mq9.1 event 2: 'kind': expected a text, found nothing`
    Nobody else may work on it, and it counts as out, until that is over or somebody ends it.
    ~ whoever runs the bot must look: its log says what it met
    ====
    suspect:run-2mq9.1:1764513660000 edge-lax-001: its reservation is suspect, req-2mq9 shows no progress
    Reboot by run-2mq9.1 since 14:31 UTC, nothing has come of it since 14:41 UTC
    What is stored of it cannot be read, so nothing more comes of it: `run-2mq9.1 event 2: 'kind': expected a text, found nothing`
    Nobody else may work on it, and it counts as out, until that is over or somebody ends it.
    Whoever runs the bot must look: its log says what it met
    ");
}

#[test]
fn what_became_of_it_is_told() {
    let server = ServerName::new("edge-lax-001");
    let no_more = |events: &[RunEvent]| {
        let (_, run) = after(events);
        shown(&suspect_no_more(&server, &run, at(17, 30)), INCIDENT)
    };
    assert_snapshot!(no_more(&[admitted(), begun(0, None)]), @"
    ✅ edge-lax-001: req-2mq9 goes on
    ----
    ✅ 17:30 UTC · edge-lax-001: req-2mq9 goes on
    ");
    assert_snapshot!(no_more(&done()), @"
    ✅ edge-lax-001: req-2mq9 done
    ----
    ✅ 17:30 UTC · edge-lax-001: req-2mq9 done
    ");
    let failed = RunEvent::Ended { at: at(17, 30), outcome: RunOutcome::Failed };
    assert_snapshot!(no_more(&[admitted(), begun(0, None), failed]), @"
    ✅ edge-lax-001: req-2mq9 failed
    ----
    ✅ 17:30 UTC · edge-lax-001: req-2mq9 failed
    ");
}
