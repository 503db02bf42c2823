//! Scheduling: `at` and `in` let a request wait for a time, visibly, and start by itself.

use super::{Cast, cast};
use crate::stage::{seconds, story, times};
use insta::assert_snapshot;

/// Accepted and approved at once; nothing begins before the time, everything after it.
#[tokio::test]
async fn work_in_twenty_minutes_starts_by_itself() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 in 20m because kernel update").await;
        stage.clock().advance(seconds(60)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 in 20m because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              Starts from hh:mm
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              🕐 scheduled · starts by itself from hh:mm
              `edge-lax-01` · `kernel update`
              ~ @ana · plan 0000
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.clock().advance(seconds(20 * 60)).await;
        stage.clock().advance(seconds(180)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// The time is in the line, so it is in the plan: the same work at another time is another request.
#[tokio::test]
async fn the_same_line_at_the_same_time_is_one_request() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let line = "/fleet reboot edge-lax-01 at 23:30 UTC because kernel update";
        let first = ana.types(&noc, line).await;
        let again = ana.types(&noc, line).await;
        assert_snapshot!(again.transcript(), @"
        ana   /fleet reboot edge-lax-01 at hh:mm because kernel update
        bot   (only ana) This server is already in req-0001 (scheduled). Nothing was added. Its card <link>
        ");
        let cancel = ana.types(&noc, "/fleet cancel req-2222").await;
        stage.clock().advance(seconds(10)).await;
        assert!(first.transcript().contains("cancelled by ana"), "{}", first.transcript());
        assert!(cancel.transcript().contains("Nothing has started"), "{}", cancel.transcript());
    })
    .await;
}

/// Cancelled before its time, nothing ever happens.
#[tokio::test]
async fn a_cancelled_schedule_does_nothing() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 in 20m because kernel update").await;
        let cancel = ana.types(&noc, "/fleet cancel req-2222").await;
        stage.clock().advance(seconds(3600)).await;
        assert!(cancel.transcript().contains("Nothing has started"), "{}", cancel.transcript());
        assert!(thread.transcript().contains("cancelled"), "{}", thread.transcript());
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// Each of these is asked about instead of guessed at.
#[tokio::test]
async fn an_unclear_time_is_asked_about() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let ends = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update at 02:00").await;
        assert_snapshot!(ends.transcript(), @r#"
        ana   /fleet reboot edge-lax-01 because kernel update at hh:mm
        bot   (only ana) The reason ends in a time
              ```
              … because kernel update at hh:mm
                                      ^^^^^^^^
              ```
              Send the one you mean:
              `reboot edge-lax-01 at hh:mm because kernel update`
              `reboot edge-lax-01 because "kernel update at hh:mm"`
              Nothing has started.
              [Edit]
        "#);
        let far = ana.types(&noc, "/fleet reboot edge-lax-01 in 3d because kernel update").await;
        assert_snapshot!(far.transcript(), @"
        ana   /fleet reboot edge-lax-01 in 3d because kernel update
        bot   (only ana) This is too far ahead
              ```
              reboot edge-lax-01 in 3d becaus…
                                    ^^
              ```
              Work may begin at most 24 h from now. Nothing has started.
              [Edit]
        ");
        let site = ana.types(&noc, "/fleet reboot edge-lax-01 at 02:00 site time because kernel update").await;
        assert_snapshot!(site.transcript(), @"
        ana   /fleet reboot edge-lax-01 at hh:mm site time because kernel update
        bot   (only ana) The time zone of lax is not known
              ```
              …-01 at hh:mm site time because…
                      ^^^^^^^^^^^^^^^
              ```
              Write the zone instead of site time: at hh:mm. Nothing has started.
              [Edit]
        ");
    })
    .await;
}
