//! Leaving alone: after failures on a server automations wait, and at last keep off it until a person says that it is mended.

use super::Cast;
use crate::stage::{Channel, Person, Stage, Thread, minutes, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Fault;

const RULES: &str = "allow:
- { id: noc-work, who: [noc, automation:nightly], commands: [reboot, drain, undrain], reason: they may }
";
const COOL_DOWN: u64 = 20;

/// ana of noc, and an automation, may work on servers in #noc; bob is of sre.
fn cast(stage: &Stage) -> (Cast, Person) {
    stage.fleet().has("edge-lax-[01-08]");
    stage.lets_out(50);
    stage.keeps_automations_off_for(minutes(COOL_DOWN));
    let noc = stage.channel("#noc").has_rules(RULES);
    let nightly = stage.automation("nightly").in_group("noc");
    (Cast { noc, ana: stage.person("ana").in_group("noc"), bob: stage.person("bob").in_group("sre") }, nightly)
}

async fn asks(person: &Person, noc: &Channel, server: &str) -> Thread {
    person.types(noc, &format!("/fleet reboot {server} because kernel update")).await
}

/// The first reason that is told there.
fn reason(thread: &Thread) -> String {
    let told = thread.transcript();
    told.lines().map(str::trim).find(|line| line.starts_with('•')).unwrap_or_default().to_owned()
}

/// Whatever anybody did, the automation waits; a person does not, and what goes well there ends the wait.
#[tokio::test]
async fn automations_wait_after_a_failure_and_people_do_not() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, nightly) = cast(stage);
        stage.fleet().gets("edge-lax-01", Fault::RefusesReboot);
        let failed = asks(&ana, &noc, "edge-lax-01").await;
        stage.clock().advance(minutes(3)).await;
        assert!(failed.transcript().contains("✗ `edge-lax-01`"), "{}", failed.transcript());
        let waits = asks(&nightly, &noc, "edge-lax-01").await;
        assert_snapshot!(reason(&waits), @"• `edge-lax-01`: reboot failed hh:mm; automations wait until hh:mm");
        let other = asks(&nightly, &noc, "edge-lax-02").await;
        stage.clock().advance(minutes(1)).await;
        assert!(other.transcript().contains("✅ done"), "{}", other.transcript());
        let why = ana.mentions_in(&waits, "@wrasse why").await;
        assert_snapshot!(why.transcript(), @"
        ana   @wrasse why
        bot   (only ana) Reboot 1 server in lax · req-0002
              ⏳ queued
              • `edge-lax-01`: reboot failed hh:mm; automations wait until hh:mm
                blocks `edge-lax-01`
                goes on then; what a person asks for need not wait
              ~ asked by automation:nightly · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        let plan = nightly.types(&noc, "/fleet plan reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(reason(&plan), @"• `edge-lax-01`: reboot failed hh:mm; automations wait until hh:mm");
        let of_a_person = ana.types(&noc, "/fleet plan reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(reason(&of_a_person), @"");
        let can = nightly.types(&noc, "/fleet can-i reboot edge-lax-01").await;
        assert_snapshot!(reason(&can), @"• `edge-lax-01`: reboot failed hh:mm; automations wait until hh:mm");
        let queue = ana.types(&noc, "/fleet queue").await;
        assert!(queue.transcript().contains("edge-lax-01 failed, automations wait until"), "{}", queue.transcript());

        stage.fleet().repairs("edge-lax-01");
        let retried = asks(&ana, &noc, "edge-lax-01").await;
        stage.clock().advance(minutes(2)).await;
        assert!(retried.transcript().contains("✅ done"), "{}", retried.transcript());
        assert!(waits.transcript().contains("✅ done"), "it goes well there again: {}", waits.transcript());
        stage.fleet().rebooted("edge-lax-01", times(2));
    })
    .await;
}

/// However many servers rest, it is one reason; each of them goes on when its own time is over.
#[tokio::test]
async fn many_servers_that_rest_are_told_in_one_line() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, nightly) = cast(stage);
        stage.keeps_automations_off_for(minutes(60));
        for server in ["edge-lax-05", "edge-lax-06", "edge-lax-07"] {
            stage.fleet().gets(server, Fault::RefusesReboot);
            let failed = asks(&ana, &noc, server).await;
            stage.clock().advance(minutes(3)).await;
            assert!(failed.transcript().contains("✗ `edge-lax-"), "{}", failed.transcript());
            let well = asks(&ana, &noc, "edge-lax-08").await;
            stage.clock().advance(minutes(2)).await;
            assert!(well.transcript().contains("✅ done"), "{}", well.transcript());
        }
        let all = "/fleet reboot edge-lax-01,edge-lax-[05-07] --wave 100% because kernel update";
        let waits = nightly.types(&noc, all).await;
        stage.clock().advance(minutes(8)).await;
        assert_snapshot!(waits.transcript(), @"
        nightly /fleet reboot edge-lax-01,edge-lax-[05-07] --wave 100% because kernel update
        bot   (only automation:nightly) Understood: reboot 4 servers in lax
              `edge-lax-[01,05-07]` · reason: `kernel update`
              ~ req-0007 · … · card <link>
        bot   Reboot 4 servers in lax · req-0007
              ✋ halted · goes on by itself
              ▰▰▱▱▱▱▱▱▱▱  1 of 4 · 3 waiting
              • 3 servers rest after a failure, the first until hh:mm: `edge-lax-[05-07]`
              ~ automation nightly · as of hh:mm
              [Details] [!Cancel!]
        ");
        let why = ana.mentions_in(&waits, "@wrasse why").await;
        assert_snapshot!(why.transcript(), @"
        ana   @wrasse why
        bot   (only ana) Reboot 4 servers in lax · req-0007
              ✋ halted
              ✓ 1 done: `edge-lax-01`
              • 3 servers rest after a failure, the first until hh:mm: `edge-lax-[05-07]`
                blocks `edge-lax-[05-07]`
                each goes on when its own time is over; what a person asks for need not wait
              Stops starting when more than 1 failed: up to 2 are at work then, so at most 4 of 4 may fail
              ~ asked by automation:nightly · looks again at every change, and every 15 s · as of hh:mm
        ");
        let queue = ana.types(&noc, "/fleet queue").await.transcript();
        assert!(queue.contains("3 servers rest after a failure, the first until"), "{queue}");
        ["edge-lax-05", "edge-lax-06", "edge-lax-07"].into_iter().for_each(|server| stage.fleet().repairs(server));
        stage.clock().advance(minutes(60)).await;
        assert!(waits.transcript().contains("✅ done"), "{}", waits.transcript());
    })
    .await;
}

#[tokio::test]
async fn the_wait_ends_by_itself() {
    story(async |stage| {
        let (Cast { noc, .. }, nightly) = cast(stage);
        stage.fleet().gets("edge-lax-01", Fault::RefusesReboot);
        let failed = asks(&nightly, &noc, "edge-lax-01").await;
        stage.clock().advance(minutes(3)).await;
        assert!(failed.transcript().contains("✗ `edge-lax-01`"), "{}", failed.transcript());
        stage.fleet().repairs("edge-lax-01");
        let waits = asks(&nightly, &noc, "edge-lax-01").await;
        stage.clock().advance(minutes(COOL_DOWN - 4)).await;
        assert!(waits.transcript().contains("⏳ queued"), "{}", waits.transcript());
        stage.clock().advance(minutes(5)).await;
        assert!(waits.transcript().contains("✅ done"), "{}", waits.transcript());
    })
    .await;
}

/// The automation's three failures on that server; in between other servers are rebooted well.
async fn fails_three_times(stage: &Stage, (noc, ana, nightly): (&Channel, &Person, &Person)) {
    stage.fleet().gets("edge-lax-07", Fault::RefusesReboot);
    for other in ["edge-lax-01", "edge-lax-02", "edge-lax-03"] {
        let failed = asks(nightly, noc, "edge-lax-07").await;
        stage.clock().advance(minutes(3)).await;
        assert!(failed.transcript().contains("✗ `edge-lax-07`"), "{}", failed.transcript());
        let well = asks(ana, noc, other).await;
        stage.clock().advance(minutes(COOL_DOWN)).await;
        assert!(well.transcript().contains("✅ done"), "{}", well.transcript());
    }
}

#[tokio::test]
async fn after_three_failures_automations_keep_off_until_a_person_closes_it() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, nightly) = cast(stage);
        stage.has_pager();
        fails_three_times(stage, (&noc, &ana, &nightly)).await;
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ Automations keep off edge-lax-07: 3 of the last 3 times that they asked for reboot it failed
              `edge-lax-07` did not reboot (req-0005)
              `edge-lax-07` did not reboot (req-0003)
              `edge-lax-07` did not reboot (req-0001)
              Nothing starts on it that an automation asks for; people may work on it.
              ~ since hh:mm · `close-breaker reboot server=edge-lax-07 because …` closes it once the server is mended
              [Close it] [Open thread]
        ");
        assert_snapshot!(stage.rings(), @"
        critical breaker of reboot server=edge-lax-07 <link>: Automations keep off edge-lax-07: 3 of the last 3 times that they asked for reboot it failed
          Nothing starts on it that an automation asks for; people may work on it.
          Since hh:mm · `close-breaker reboot server=edge-lax-07 because …` closes it once the server is mended
        ");
        let waits = asks(&nightly, &noc, "edge-lax-07").await;
        let drain = nightly.types(&noc, "/fleet drain edge-lax-07 because it fails").await;
        assert_snapshot!(reason(&waits), @"• `edge-lax-07`: 3 of the last 3 times that automations asked for reboot it failed; once it is mended a person may send `close-breaker reboot server=edge-lax-07 because …`");
        assert_eq!(reason(&drain), reason(&waits), "whatever it would do there");
        let why = ana.mentions_in(&waits, "@wrasse why").await;
        assert_snapshot!(why.transcript(), @"
        ana   @wrasse why
        bot   (only ana) Reboot 1 server in lax · req-0007
              ⏳ queued · 1st of 2 that wait in lax
              • `edge-lax-07`: 3 of the last 3 times that automations asked for reboot it failed; once it is mended a person may send `close-breaker reboot server=edge-lax-07 because …`
                blocks `edge-lax-07`
                goes on when a person has closed it; what a person asks for need not wait
              ~ asked by automation:nightly · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        let repairs = asks(&ana, &noc, "edge-lax-07").await;
        stage.clock().advance(minutes(3)).await;
        assert!(repairs.transcript().contains("✗ `edge-lax-07`"), "it could try: {}", repairs.transcript());
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"");
        stage.clock().advance(minutes(COOL_DOWN)).await;
        assert!(waits.transcript().contains("⏳ queued"), "the clock ends nothing: {}", waits.transcript());

        stage.fleet().repairs("edge-lax-07");
        let closes = ana.types(&noc, "/fleet close-breaker reboot server=edge-lax-07 because its sudo is repaired").await;
        assert_snapshot!(closes.transcript(), @"
        ana   /fleet close-breaker reboot server=edge-lax-07 because its sudo is repaired
        bot   (only ana) Automations may work on edge-lax-07 again. Failures are counted anew.
        bot > ▶️ Started at hh:mm, after some time.
        ");
        stage.clock().advance(minutes(3)).await;
        assert!(waits.transcript().contains("✅ done"), "{}", waits.transcript());
        assert!(drain.transcript().contains("✅ done"), "{}", drain.transcript());
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✅ hh:mm · Automations may work on edge-lax-07 again: closed by ana
              `its sudo is repaired`
              ~ it was open since hh:mm
        ");
        stage.fleet().rebooted("edge-lax-07", times(1));
    })
    .await;
}

/// What people failed at there says nothing of automations.
#[tokio::test]
async fn what_people_asked_for_opens_no_breaker_of_a_server() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, _) = cast(stage);
        stage.fleet().gets("edge-lax-08", Fault::RefusesReboot);
        for other in ["edge-lax-04", "edge-lax-05", "edge-lax-06"] {
            let failed = asks(&ana, &noc, "edge-lax-08").await;
            stage.clock().advance(minutes(3)).await;
            assert!(failed.transcript().contains("✗ `edge-lax-08`"), "{}", failed.transcript());
            let well = asks(&ana, &noc, other).await;
            stage.clock().advance(minutes(2)).await;
            assert!(well.transcript().contains("✅ done"), "{}", well.transcript());
        }
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        let none = ana.types(&noc, "/fleet close-breaker reboot server=edge-lax-08 because of nothing").await;
        assert_snapshot!(none.transcript(), @"
        ana   /fleet close-breaker reboot server=edge-lax-08 because of nothing
        bot   (only ana) There is no breaker to close: automations leave edge-lax-08 alone until hh:mm because reboot failed there. People need not wait, and a reboot of theirs there that goes well ends it. Nothing has changed.
        ");
    })
    .await;
}

#[tokio::test]
async fn only_whoever_may_use_the_command_says_that_a_server_is_mended() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, nightly) = cast(stage);
        let eve = stage.person("eve").in_group("desk");
        fails_three_times(stage, (&noc, &ana, &nightly)).await;
        stage.channel("#incidents").transcript();
        let not_theirs = eve.types(&noc, "/fleet close-breaker reboot server=edge-lax-07 because I am in a hurry").await;
        assert_snapshot!(not_theirs.transcript(), @"
        eve   /fleet close-breaker reboot server=edge-lax-07 because I am in a hurry
        bot   (only eve) Automations can be let work on edge-lax-07 again by whoever may reboot here, and by sre. Nothing has changed.
        ");
    })
    .await;
}
