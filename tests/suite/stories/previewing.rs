//! Previewing: `plan` before a line tells what that line would do, to whoever asks, and does nothing.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Rotation;

#[tokio::test]
async fn a_plan_tells_everything_and_starts_nothing() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let mine = ana.types(&noc, "/fleet plan reboot edge-lax-[01-02] because kernel update").await;
        assert_snapshot!(mine.transcript(), @"
        ana   /fleet plan reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Plan: reboot 2 servers in lax · nothing is started
              `edge-lax-[01-02]`
              sites: lax 2 · types: edge-cache 2 · states: production 2
              waves: 1 · 1, watched for 10 s after each; stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 2 may fail
              1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
              2. gate: asks again whether the drain still holds and its pool has enough without it
              3. reboot over SSH, else Redfish; proved by a new boot id, at most 2 min; cannot be undone
              4. check services, mounts, kernel and clock, at most 2 min
              5. return: back to the state it had, at most 5 min
              ✓ you may by noc-noc-reboot · needs nobody's approval
              edge-lax: 3 → 2 of 3 at the lowest, at most 1 out at once, floor 2
              first wave: could start now
              ~ ask: sre for reboot
              ~ to do it: `reboot edge-lax-[01-02] because kernel update`
        ");
        let others = bob.types(&noc, "/fleet plan reboot edge-lax-[01-02] because kernel update").await;
        assert_snapshot!(others.transcript(), @"
        bob   /fleet plan reboot edge-lax-[01-02] because kernel update
        bot   (only bob) Plan: reboot 2 servers in lax · nothing is started
              `edge-lax-[01-02]`
              sites: lax 2 · types: edge-cache 2 · states: production 2
              waves: 1 · 1, watched for 10 s after each; stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 2 may fail
              1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
              2. gate: asks again whether the drain still holds and its pool has enough without it
              3. reboot over SSH, else Redfish; proved by a new boot id, at most 2 min; cannot be undone
              4. check services, mounts, kernel and clock, at most 2 min
              5. return: back to the state it had, at most 5 min
              🚫 would be refused: reboot is not allowed in #noc
              In #noc, noc may.
              edge-lax: 3 → 2 of 3 at the lowest, at most 1 out at once, floor 2
              first wave: could start now
              ~ ask: sre for reboot
              ~ to do it: `reboot edge-lax-[01-02] because kernel update`
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_cannot_be_made_says_why() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let unknown = ana.types(&noc, "/fleet plan reboot edge-lax-09 because kernel update").await;
        assert_snapshot!(unknown.transcript(), @"
        ana   /fleet plan reboot edge-lax-09 because kernel update
        bot   (only ana) No server is called edge-lax-09
              ```
              plan reboot edge-lax-09 because…
                          ^^^^^^^^^^^
              ```
              Names are those of the inventory, with every digit. Nothing has started.
              [Edit]
        ");
        let nothing = ana.types(&noc, "/fleet plan").await;
        assert_snapshot!(nothing.transcript(), @"
        ana   /fleet plan
        bot   (only ana) Something is missing here
              ```
              plan
                   ^
              ```
              Expected here: a line, such as reboot edge-lax-001 because …. Nothing has started.
        ");
        let cancel = ana.types(&noc, "/fleet plan cancel req-zzzz").await;
        assert_snapshot!(cancel.transcript(), @"
        ana   /fleet plan cancel req-zzzz
        bot   (only ana) There is no req-zzzz. The id stands on the request's card, first line. Nothing has changed.
        ");
    })
    .await;
}

/// What a request left undone is a selector; before that there is nothing to name.
#[tokio::test]
async fn what_a_request_left_undone_can_be_selected() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] in 20m because kernel update").await;
        let cancel = ana.types(&noc, "/fleet cancel req-2222").await;
        stage.clock().advance(seconds(10)).await;
        assert!(thread.transcript().contains("nothing has started"), "{}", thread.transcript());
        assert!(cancel.transcript().contains("is cancelled"), "{}", cancel.transcript());
        let plan = ana.types(&noc, "/fleet plan reboot failed:req-2222 because the rest").await;
        assert_snapshot!(plan.transcript(), @"
        ana   /fleet plan reboot failed:req-0001 because the rest
        bot   (only ana) Plan: reboot 3 servers in lax · nothing is started
              `edge-lax-[01-03]`
              sites: lax 3 · types: edge-cache 3 · states: production 3
              waves: 1 · 1 · 1, watched for 10 s after each; stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 3 may fail
              1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
              2. gate: asks again whether the drain still holds and its pool has enough without it
              3. reboot over SSH, else Redfish; proved by a new boot id, at most 2 min; cannot be undone
              4. check services, mounts, kernel and clock, at most 2 min
              5. return: back to the state it had, at most 5 min
              ✓ you may by noc-noc-reboot · needs nobody's approval
              edge-lax: 3 → 2 of 3 at the lowest, at most 1 out at once, floor 2
              first wave: could start now
              ~ ask: sre for reboot
              ~ to do it: `reboot failed:req-0001 because the rest`
        ");
        let unknown = ana.types(&noc, "/fleet plan reboot failed:req-zzzz because the rest").await;
        assert_snapshot!(unknown.transcript(), @"
        ana   /fleet plan reboot failed:req-zzzz because the rest
        bot   (only ana) There is no request req-zzzz
              ```
              plan reboot failed:req-zzzz bec…
                          ^^^^^^^^^^^^^^^
              ```
              The id stands on the request's card. Nothing has started.
              [Edit]
        ");
    })
    .await;
}

/// A question and a plan name what could start instead, and the line for it starts at once.
#[tokio::test]
async fn what_could_start_instead_can_be_sent() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "hold");
        bob.types(&noc, "/fleet hold edge-lax-01 because disk swap").await.transcript();
        let asked = ana.types(&noc, "/fleet can-i reboot edge-lax-[01-03] because kernel update").await;
        assert_snapshot!(asked.transcript(), @"
        ana   /fleet can-i reboot edge-lax-[01-03] because kernel update
        bot   (only ana) ✓ You may reboot 3 servers in #noc
              Policy noc-noc-reboot: `noc may reboot in #noc`
              Needs nobody's approval.
              Nothing has started. To do it: `reboot edge-lax-[01-03] because kernel update`
              first wave: would wait, and start by itself
              • `edge-lax-01` held by bob since hh:mm: `disk swap`
              could start now: 2 of 3 (`edge-lax-[02-03]`), 1 waits
              without what waits: `reboot edge-lax-[02-03] because kernel update`
              ~ what it would do: `plan reboot edge-lax-[01-03] because kernel update`
        ");
        let plan = ana.types(&noc, "/fleet plan reboot edge-lax-[01-03] because kernel update").await;
        let in_the_way = |told: &str| {
            let lines = told.lines().map(str::trim).skip_while(|line| !line.starts_with("first wave"));
            lines.take_while(|line| !line.starts_with('~')).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(in_the_way(&plan.transcript()), in_the_way(&asked.transcript()));
        let sent = ana.types(&noc, "/fleet reboot edge-lax-02,edge-lax-03 because kernel update").await;
        stage.clock().advance(minutes(2)).await;
        assert!(sent.transcript().contains("✅ done"), "{}", sent.transcript());
        stage.fleet().rebooted("edge-lax-[02-03]", times(1));
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// Whatever stands in the way, `can-i` says of a line what becomes of it when it is sent.
#[tokio::test]
async fn can_i_says_what_is_decided() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "hold").lets("sre", "freeze");
        stage.fleet().has("edge-fra-[01-03]");
        stage.fleet().has("edge-ams-[01-03]");
        stage.fleet().rotates("edge-fra-03", Rotation::Maintenance);
        stage.fleet().holds_boots();
        stage.clock().advance(seconds(5)).await;
        bob.types(&noc, "/fleet hold edge-lax-01 because disk swap").await;
        bob.types(&noc, "/fleet freeze site=ams for 2h because a match is on").await;
        ana.types(&noc, "/fleet reboot edge-lax-05 because kernel update").await;
        noc.transcript();
        for (servers, starts) in [
            ("edge-lax-01", false),
            ("edge-lax-05", false),
            ("edge-fra-01", false),
            ("edge-ams-02", false),
            ("edge-fra-03", false),
            ("edge-lax-09", true),
        ] {
            let asked = ana.types(&noc, &format!("/fleet can-i drain {servers} because fan noise")).await.transcript();
            let sent = ana.types(&noc, &format!("/fleet drain {servers} because fan noise")).await.transcript();
            assert_eq!(asked.contains("first wave: could start now"), starts, "{asked}");
            assert_eq!(asked.contains("first wave: would wait"), !starts, "{asked}");
            assert_eq!(sent.contains("⏳ queued"), !starts, "{sent}");
            // Reason by reason the same words.
            let reasons = |told: &str| {
                let lines = told.lines().map(str::trim).filter(|line| line.starts_with('•'));
                lines.map(ToOwned::to_owned).collect::<Vec<_>>()
            };
            assert_eq!(reasons(&asked), reasons(&sent), "{asked} {sent}");
        }
        noc.transcript();
        stage.fleet().lets_boot();
        stage.fleet().finishes("edge-lax-05");
        stage.clock().advance(minutes(1)).await;
        noc.transcript();
    })
    .await;
}
