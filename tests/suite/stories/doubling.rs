//! Doubling: what an open request has of a line already is not added to it; other servers and other commands are.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{Channel, Person, Thread, minutes, seconds, story, times};
use insta::assert_snapshot;

async fn asks(person: &Person, noc: &Channel, what: &str) -> Thread {
    person.types(noc, &format!("/fleet {what}")).await
}

/// The reason and whoever asks have no say in what the work is; whoever may not ask is not let in on it.
#[tokio::test]
async fn the_same_work_for_another_reason_of_somebody_else_is_one_request() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let (cleo, eve) = (stage.person("cleo").in_group("noc"), stage.person("eve").in_group("desk"));
        stage.fleet().holds_boots();
        let first = asks(&ana, &noc, "reboot edge-lax-01 because kernel update").await;
        let same = asks(&cleo, &noc, "reboot edge-lax-01 because memory leak").await;
        assert_snapshot!(same.transcript(), @"
        cleo  /fleet reboot edge-lax-01 because memory leak
        bot   (only cleo) This server is already in req-0001 (running). Nothing was added. Its card <link>
        ");
        let refused = asks(&eve, &noc, "reboot edge-lax-01 because memory leak").await.transcript();
        assert!(!refused.contains("req-"), "{refused}");
        let plan = asks(&cleo, &noc, "plan reboot edge-lax-01 because memory leak").await;
        assert_snapshot!(plan.transcript(), @"
        cleo  /fleet plan reboot edge-lax-01 because memory leak
        bot   (only cleo) Plan: reboot 1 server in lax · nothing is started
              `edge-lax-01`
              sites: lax 1 · types: edge-cache 1 · states: drained 1
              1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
              2. gate: asks again whether the drain still holds and its pool has enough without it
              3. reboot over SSH, else Redfish; proved by a new boot id, at most 2 min; cannot be undone
              4. check services, mounts, kernel and clock, at most 2 min
              5. return: back to the state it had, at most 5 min
              ✓ you may by noc-noc-reboot · needs nobody's approval
              edge-lax: 2 → 2 of 3 at the lowest, at most 0 out at once, floor 2
              first wave: would wait, and start by itself
              • `edge-lax-01` under work for req-0001 since hh:mm
              req-0001 does this already; the same line would add nothing
              ~ ask: sre for reboot
        ");
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(20)).await;
        assert!(first.transcript().contains("✅ done"), "{}", first.transcript());
        let anew = asks(&cleo, &noc, "reboot edge-lax-01 because memory leak").await;
        stage.clock().advance(seconds(20)).await;
        assert!(anew.transcript().contains("req-0002"), "what is over is no obstacle: {}", anew.transcript());
    })
    .await;
}

/// Where only some of the servers are in another request, the line without them is there to copy.
#[tokio::test]
async fn the_servers_that_another_request_has_are_left_out_by_the_line_to_copy() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-05]");
        stage.fleet().holds_boots();
        asks(&ana, &noc, "reboot edge-lax-[01-02] because kernel update").await;
        let some = asks(&ana, &noc, "reboot edge-lax-[02-04] because kernel update").await;
        assert_snapshot!(some.transcript(), @"
        ana   /fleet reboot edge-lax-[02-04] because kernel update
        bot   (only ana) `edge-lax-02` is already in req-0001 (running). Its card <link>
              Nothing was added. Without it: `reboot edge-lax-[03-04] because kernel update`
        ");
        let plan = asks(&ana, &noc, "plan reboot edge-lax-[02-04] because kernel update").await;
        assert_snapshot!(plan.transcript(), @"
        ana   /fleet plan reboot edge-lax-[02-04] because kernel update
        bot   (only ana) Plan: reboot 3 servers in lax · nothing is started
              `edge-lax-[02-04]`
              sites: lax 3 · types: edge-cache 3 · states: production 3
              waves: 1 · 1 · 1, watched for 10 s after each; stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 3 may fail
              1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
              2. gate: asks again whether the drain still holds and its pool has enough without it
              3. reboot over SSH, else Redfish; proved by a new boot id, at most 2 min; cannot be undone
              4. check services, mounts, kernel and clock, at most 2 min
              5. return: back to the state it had, at most 5 min
              ✓ you may by noc-noc-reboot · needs nobody's approval
              edge-lax: 4 → 4 of 5 at the lowest, at most 0 out at once, floor 4
              first wave: would wait, and start by itself
              • edge-lax has 4 of 5 in service, floor 4
                1 out: `edge-lax-01` (drained, req-0001)
              `edge-lax-02` is already in req-0001 (running).
              The same line would add nothing. Without it: `reboot edge-lax-[03-04] because kernel update`
              ~ ask: sre for reboot
        ");
        let rest = asks(&ana, &noc, "reboot edge-lax-[03-04] because kernel update").await;
        assert!(rest.transcript().contains("req-0002"), "{}", rest.transcript());
        let both = asks(&ana, &noc, "reboot edge-lax-[02-03] because kernel update").await;
        assert_snapshot!(both.transcript(), @"
        ana   /fleet reboot edge-lax-[02-03] because kernel update
        bot   (only ana) `edge-lax-02` is already in req-0001 (running). Its card <link>
              `edge-lax-03` is already in req-0002 (queued). Its card <link>
              Nothing was added.
        ");
        let scheduled = asks(&ana, &noc, "reboot edge-lax-02 in 40m because kernel update").await;
        assert!(scheduled.transcript().contains("req-0003"), "another time is other work: {}", scheduled.transcript());
        noc.transcript();
    })
    .await;
}

/// The same command with other parameters would come after it, and undo or repeat it: it is refused.
#[tokio::test]
async fn other_parameters_are_refused_until_the_open_request_is_over() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-05]");
        stage.fleet().holds_boots();
        let first = asks(&ana, &noc, "reboot edge-lax-[01-02] because kernel update").await;
        let other = asks(&ana, &noc, "reboot edge-lax-[01-02] --wave 50% because kernel update").await;
        assert_snapshot!(other.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] --wave 50% because kernel update
        bot   (only ana) `edge-lax-[01-02]` (2 servers) are already in req-0001 (running), with wave 10%. Its card <link>
              Nothing was added. To do it otherwise: `cancel req-0001`, and send your line again when that is over there.
        ");
        let some = asks(&ana, &noc, "reboot edge-lax-[02-03] --wave 50% because kernel update").await;
        assert_snapshot!(some.transcript(), @"
        ana   /fleet reboot edge-lax-[02-03] --wave 50% because kernel update
        bot   (only ana) `edge-lax-02` is already in req-0001 (running), with wave 10%. Its card <link>
              Nothing was added. Without it: `reboot edge-lax-03 --wave 50% because kernel update`
        ");
        let plan = asks(&ana, &noc, "plan reboot edge-lax-[01-02] --wave 50% because kernel update").await;
        assert!(plan.transcript().contains("with wave 10%"), "{}", plan.transcript());
        ana.presses(&first, "Cancel").await;
        let stopping = asks(&ana, &noc, "reboot edge-lax-02 --wave 50% because kernel update").await;
        assert!(stopping.transcript().contains("req-0002"), "it never starts there: {}", stopping.transcript());
        let another = asks(&ana, &noc, "drain edge-lax-02 because it is loud").await;
        assert!(another.transcript().contains("req-0003"), "another command waits its turn: {}", another.transcript());
        let at_work = asks(&ana, &noc, "reboot edge-lax-01 --wave 50% because kernel update").await;
        assert!(at_work.transcript().contains("Nothing was added"), "{}", at_work.transcript());
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(3)).await;
        noc.transcript();
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// What a queued request is going to do need not be asked for again, and the answer counts what was asked for.
#[tokio::test]
async fn one_server_of_a_larger_request_is_led_there() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-10]");
        stage.fleet().holds_boots();
        asks(&ana, &noc, "reboot edge-lax-[01-10] because kernel update").await;
        let one = asks(&ana, &noc, "reboot edge-lax-07 because it hangs").await;
        assert_snapshot!(one.transcript(), @"
        ana   /fleet reboot edge-lax-07 because it hangs
        bot   (only ana) This server is already in req-0001 (running). Nothing was added. `why req-0001` tells what it waits for. Its card <link>
        ");
        noc.transcript();
    })
    .await;
}

/// A large request that waits for people, or for its time, keeps nobody from one urgent server of it.
#[tokio::test]
async fn what_waits_for_people_or_for_its_time_is_in_nobodys_way() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast_with_approval(stage, "edge-lax-[01-10]");
        asks(&ana, &noc, "reboot edge-lax-[01-10] because kernel update").await;
        let one = asks(&ana, &noc, "reboot edge-lax-07 because it hangs").await.transcript();
        assert!(one.contains("Understood"), "{one}");
        let again = asks(&ana, &noc, "reboot edge-lax-[01-10] because memory leak").await;
        assert_snapshot!(again.transcript(), @"
        ana   /fleet reboot edge-lax-[01-10] because memory leak
        bot   (only ana) These 10 servers are already in req-0002 (needs approval). Nothing was added. `why req-0002` tells what it waits for. Its card <link>
        ");
        let later = asks(&ana, &noc, "reboot edge-lax-[01-10] --wave 20% in 3h because firmware").await.transcript();
        assert!(later.contains("Understood"), "{later}");
        let now = asks(&ana, &noc, "reboot edge-lax-08 --wave 100% because it hangs").await.transcript();
        assert!(now.contains("Understood"), "{now}");
        noc.transcript();
    })
    .await;
}

/// Two people who see the same trouble type within the same moment: one request, whichever of them is read first.
#[tokio::test]
async fn two_lines_at_once_make_one_request() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-08]");
        let cleo = stage.person("cleo").in_group("noc");
        for server in 1..=4 {
            let line = format!("/fleet reboot edge-lax-{server:02} because memory leak");
            let thread = ana.types_beside(&cleo, &noc, (&line, &line)).await;
            let told = thread.transcript();
            assert_eq!(told.matches("Nothing was added").count(), 1, "{told}");
            assert_eq!(told.matches("Understood: reboot 1 server").count(), 1, "{told}");
        }
        stage.clock().advance(minutes(40)).await;
        noc.transcript();
        (1..=4).for_each(|server| stage.fleet().rebooted(&format!("edge-lax-{server:02}"), times(1)));
    })
    .await;
}
