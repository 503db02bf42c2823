//! Outcomes that are not known are verified, never guessed; what cannot be verified is asked of a person.

use super::{Cast, cast};
use crate::stage::{Stage, Thread, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Fault;

const LINE: &str = "/fleet reboot edge-lax-01 because kernel update";

/// The command is carried out and its answer never comes: the boot id proves it.
#[tokio::test]
async fn a_lost_answer_is_verified_by_the_boot_id() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().gets("edge-lax-01", Fault::HangsInExec);
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_is_cut_is_verified_too() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().gets("edge-lax-01", Fault::DropsConnectionInExec);
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(30)).await;
        assert!(thread.transcript().contains("✅ done"));
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// Nothing was ever sent over SSH, so the other way may be taken.
#[tokio::test]
async fn a_dead_ssh_daemon_is_bypassed_through_redfish() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().goes_silent("edge-lax-01");
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

/// Neither way is open: nothing was sent, and the server goes back to work.
#[tokio::test]
async fn a_server_that_cannot_be_reached_at_all_is_given_back() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().goes_silent("edge-lax-01");
        stage.fleet().gets("edge-lax-01", Fault::BmcDead);
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ❌ failed · hh:mm
              `edge-lax-01` · `kernel update`
              0 of 1 rebooted · 1 failed
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✗ edge-lax-01 could not be reached
              Seen at hh:mm: `the management controller did not answer in time`
              It is back in production.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ❌ req-0001: none of 1 rebooted, 1 failed
              ✗ `edge-lax-01` could not be reached; back in production
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

/// The command left, its answer was lost, the server is silent and so is its controller.
async fn asked(stage: &Stage) -> (crate::stage::Person, Thread) {
    let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
    stage.fleet().gets("edge-lax-01", Fault::HangsInExec);
    stage.fleet().gets("edge-lax-01", Fault::BmcDead);
    stage.fleet().gets("edge-lax-01", Fault::WontBoot);
    let thread = ana.types(&noc, LINE).await;
    stage.clock().advance(minutes(3)).await;
    stage.fleet().rebooted("edge-lax-01", times(1));
    (ana, thread)
}

#[tokio::test]
async fn what_cannot_be_verified_is_asked_and_it_did_not() {
    story(async |stage| {
        let (ana, thread) = asked(stage).await;
        let sid = stage.person("sid").in_group("sales");
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ❓ needs a person · 1 outcome not known
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 0 waiting
              `edge-lax-01`: what happened? Answer in the thread.
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        bot > ❓ edge-lax-01: rebooted or not?
              Asked at hh:mm over SSH. Known: `it does not answer, and neither does its management controller (the management controller did not answer in time)`
              It stays drained and reserved until somebody says. Nothing is sent to it.
              [[It did reboot]] [It did not] [Look again]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ 1 server of lax out of production
              reboot: `edge-lax-01` outcome not known, a person must say
              edge-lax now 2 of 3, floor 2
              ~ req-0001 by ana · since hh:mm
              [Open thread]
        ");
        sid.presses(&thread, "It did reboot").await;
        let did = ana.sees_button(&thread, "It did reboot").unwrap();
        ana.presses(&thread, "It did not").await;
        ana.presses_again(&thread, &did).await;
        stage.clock().advance(seconds(10)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ❌ failed · hh:mm
              `edge-lax-01` · `kernel update`
              0 of 1 rebooted · 1 failed
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ ✗ edge-lax-01: it did not reboot · hh:mm
              Known: `ana said so`
        sid   presses [It did reboot], asked: It did reboot? edge-lax-01 goes on with: check, return. [It did reboot]
        bot   (only sid) This button was made for somebody else. Nothing has changed. Send your own line.
        ana   presses [It did not], asked: It did not? edge-lax-01 counts as failed. No second reboot is sent to it. [It did not]
        bot > ✗ edge-lax-01 did not reboot
              Seen at hh:mm: `ana said so`
              It stays drained and reserved.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ❌ req-0001: none of 1 rebooted, 1 failed
              ✗ `edge-lax-01` did not reboot; drained
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ana   presses a button seen before
        bot   (only ana) The card of req-0001 is from hh:mm. It is over: failed at hh:mm. Nothing has changed.
        ");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✗ 1 server of lax out of production
              reboot: `edge-lax-01` did not reboot; drained
              edge-lax now 2 of 3, floor 2
              ~ req-0001 by ana · since hh:mm
              [[I take it]] [Open thread]
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", false);
    })
    .await;
}

/// The person saw it on the console; the checks and the return still have to hold.
#[tokio::test]
async fn it_did_reboot_goes_on_with_the_checks() {
    story(async |stage| {
        let (ana, thread) = asked(stage).await;
        thread.transcript();
        stage.channel("#incidents").transcript();
        stage.fleet().repairs("edge-lax-01");
        stage.clock().advance(seconds(10)).await;
        ana.presses(&thread, "It did reboot").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ ✓ edge-lax-01: it did reboot · hh:mm
              Known: `ana said so`
        ana   presses [It did reboot], asked: It did reboot? edge-lax-01 goes on with: check, return. [It did reboot]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✅ hh:mm · lax: no server is out of production for req-0001
              ~ req-0001 by ana
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

#[tokio::test]
async fn looking_again_finds_it_or_asks_again() {
    story(async |stage| {
        let (ana, thread) = asked(stage).await;
        thread.transcript();
        stage.channel("#incidents").transcript();
        ana.presses(&thread, "Look again").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ ▶ edge-lax-01: looking again
              Nothing is sent to it. You are asked anew at hh:mm if it stays unknown.
        ana   presses [Look again], asked: Look again? edge-lax-01 is looked at once more. Nothing is sent to it. [Look again]
        bot > ❓ edge-lax-01: rebooted or not?
              Asked at hh:mm over SSH. Known: `it does not answer, and neither does its management controller (the management controller did not answer in time)`
              It stays drained and reserved until somebody says. Nothing is sent to it.
              [[It did reboot]] [It did not] [Look again]
        ");
        stage.fleet().repairs("edge-lax-01");
        stage.clock().advance(seconds(10)).await;
        ana.presses(&thread, "Look again").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ ✓ edge-lax-01: it did reboot · hh:mm
              Known: `its boot id changed`
        ana   presses [Look again], asked: Look again? edge-lax-01 is looked at once more. Nothing is sent to it. [Look again]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✅ hh:mm · lax: no server is out of production for req-0001
              ~ req-0001 by ana
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

/// The server took the command and did nothing: after the grace it is sent once more, and then given up.
#[tokio::test]
async fn a_reboot_that_provably_did_not_happen_is_tried_twice() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().gets("edge-lax-01", Fault::IgnoresReboot);
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(3)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ❌ failed · hh:mm
              `edge-lax-01` · `kernel update`
              0 of 1 rebooted · 1 failed
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✗ edge-lax-01 did not reboot
              Seen at hh:mm: `it is up with the same boot id, and the command can no longer land`
              It is back in production.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ❌ req-0001: none of 1 rebooted, 1 failed
              ✗ `edge-lax-01` did not reboot; back in production
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}
