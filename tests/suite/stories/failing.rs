//! Failing: a server that does not come back stays drained and reserved, and somebody is told.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::{Fault, Rotation};

#[tokio::test]
async fn a_server_that_does_not_come_back_is_kept_out() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-02");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        stage.clock().advance(minutes(4)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              ⚠️ done, 1 failed · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              2 of 3 rebooted · 1 failed
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✗ edge-lax-02 did not come back
              Seen at hh:mm: `No answer for 2 min; Redfish says power on`
              It stays drained and reserved.
              The other 1 goes on; one more failure stops it.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ⚠️ req-0001: 2 of 3 rebooted, 1 failed
              ✗ `edge-lax-02` did not come back; drained
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ 1 server of lax out of production
              reboot: `edge-lax-02` did not come back; drained
              edge-lax now 5 of 6, floor 3
              ~ req-0001 by ana · since hh:mm
              [[I take it]] [Open thread]
        ");
        stage.fleet().rebooted("edge-lax-[01-03]", times(1));
        stage.fleet().serves("edge-lax-02", false);
        stage.fleet().serves("edge-lax-03", true);
    })
    .await;
}

/// The command says `stop-when: failures > 1`: the rest is never touched.
#[tokio::test]
async fn a_second_failure_stops_the_rest() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-08]");
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-01");
        stage.fleet().never_returns("edge-lax-02");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-04] because kernel update").await;
        stage.clock().advance(minutes(6)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-04] because kernel update
        bot   (only ana) Understood: reboot 4 servers in lax
              `edge-lax-[01-04]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 4 servers in lax · req-0001
              ❌ failed · hh:mm
              `edge-lax-[01-04]` · `kernel update`
              0 of 4 rebooted · 2 failed · 2 not started
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✗ edge-lax-01 did not come back
              Seen at hh:mm: `No answer for 2 min; Redfish says power on`
              It stays drained and reserved.
              The other 3 go on; one more failure stops them.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ✗ edge-lax-02 did not come back
              Seen at hh:mm: `No answer for 2 min; Redfish says power on`
              It stays drained and reserved.
              2 not started: it stops after more than 1 failed.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ❌ req-0001: none of 4 rebooted, 2 failed
              ✗ `edge-lax-[01-02]` did not come back; drained
              · `edge-lax-[03-04]` not started: stopped after 2 servers failed, limit 1
              ~ some time · asked by @ana · plan 0000
              [[Retry 4]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ 2 servers of lax out of production
              reboot: `edge-lax-[01-02]` did not come back; drained
              edge-lax now 6 of 8, floor 4
              ~ req-0001 by ana · since hh:mm
              [[I take it]] [Open thread]
        bot » ✗ Worse: 2 servers of lax out of production now
              reboot: `edge-lax-02` did not come back; drained
              edge-lax now 6 of 8, floor 4
        bot   ❌ req-0001 is over: failed · hh:mm
              Halted: 2 servers failed, limit 1.
              0 of 4 rebooted, 2 not started.
              To go on with what is left: `retry req-0001`
              ~ req-0001 by ana · halted hh:mm
              [[Retry 4]] [Open thread]
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
        stage.fleet().rebooted("edge-lax-[03-04]", times(0));
        stage.fleet().serves("edge-lax-[03-08]", true);
    })
    .await;
}

/// Nobody is called while the server is only slow.
#[tokio::test]
async fn a_server_that_comes_back_late_is_no_failure() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(seconds(100)).await;
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(20)).await;
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
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
    })
    .await;
}

/// It is up, but a service has failed: it gets no traffic.
#[tokio::test]
async fn a_server_whose_checks_fail_is_kept_out() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().gets("edge-lax-01", Fault::ChecksFail);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
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
        bot > ✗ edge-lax-01 did not pass the checks
              Seen at hh:mm: `services: varnish.service`
              It stays drained and reserved.
              ▸ drain ✓  reboot ✓  check ✗  return ·
        bot > ❌ req-0001: none of 1 rebooted, 1 failed
              ✗ `edge-lax-01` did not pass the checks; drained
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ 1 server of lax out of production
              reboot: `edge-lax-01` did not pass the checks; drained
              edge-lax now 2 of 3, floor 2
              ~ req-0001 by ana · since hh:mm
              [[I take it]] [Open thread]
        ");
        stage.fleet().serves("edge-lax-01", false);
    })
    .await;
}

/// A new request takes over what an earlier one left behind.
#[tokio::test]
async fn a_repaired_server_is_taken_over_by_the_next_request() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().never_returns("edge-lax-01");
        let first = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(minutes(3)).await;
        first.transcript();
        stage.channel("#incidents").transcript();
        stage.fleet().repairs("edge-lax-01");
        stage.clock().advance(seconds(10)).await;
        let second = ana.types(&noc, "/fleet undrain edge-lax-01 because it was repaired").await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(second.transcript(), @"
        ana   /fleet undrain edge-lax-01 because it was repaired
        bot   (only ana) Understood: undrain 1 server in lax
              `edge-lax-01` · reason: `it was repaired`
              ~ req-0002 · … · card <link>
        bot   Undrain 1 server in lax · req-0002
              ✅ done · hh:mm
              `edge-lax-01` · `it was repaired`
              1 of 1 put into production
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0002: edge-lax-01 put into production
              ~ some time · asked by @ana · plan 0000
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✅ hh:mm · lax: no server is out of production for req-0001
              ~ req-0001 by ana
        ");
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

/// Whoever took a server over and could do nothing to it leaves it to whoever had left it behind: it does not get lost.
#[tokio::test]
async fn what_is_taken_over_in_vain_is_left_behind_again() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().gets("edge-lax-01", Fault::ChecksFail);
        ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await.transcript();
        stage.clock().advance(minutes(3)).await;
        noc.transcript();
        stage.channel("#incidents").transcript();
        stage.fleet().gets("edge-lax-01", Fault::RefusesReboot);
        let second = ana.types(&noc, "/fleet reboot edge-lax-01 because its checks fail").await;
        stage.clock().advance(minutes(3)).await;
        assert_snapshot!(second.transcript(), @"
        ana   /fleet reboot edge-lax-01 because its checks fail
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `its checks fail`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in lax · req-0002
              ❌ failed · hh:mm
              `edge-lax-01` · `its checks fail`
              0 of 1 rebooted · 1 failed
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✗ edge-lax-01 did not reboot
              Seen at hh:mm: `Call to Reboot failed: Access denied`
              It is back in drained.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ❌ req-0002: none of 1 rebooted, 1 failed
              ✗ `edge-lax-01` did not reboot; back in drained
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ 1 server of lax out of production
              reboot: `edge-lax-01` did not pass the checks; drained
              edge-lax now 2 of 3, floor 2
              ~ req-0001 by ana · since hh:mm
              [[I take it]] [Open thread]
        ");
        let out = ana.types(&noc, "/fleet out").await;
        assert_snapshot!(out.transcript(), @"
        ana   /fleet out
        bot   (only ana) 1 of 3 servers out of production
              1. `edge-lax-01` drained, left behind by a run that failed since hh:mm · req-0001 (ana)
              [Return 1.]
              ~ more of one: `why edge-lax-01` · as of hh:mm
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", false);
    })
    .await;
}

/// Its sudoers say no: nothing was rebooted, so the server returns.
#[tokio::test]
async fn a_server_that_refuses_goes_back_to_work() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().gets("edge-lax-01", Fault::RefusesReboot);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
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
              Seen at hh:mm: `Call to Reboot failed: Access denied`
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

/// Somebody returns the server by hand while the bot is about to reboot it: it is not rebooted under traffic.
#[tokio::test]
async fn a_server_that_gets_traffic_again_is_not_rebooted() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.bot_dies_after(crate::stories::crashing::drained, crate::stage::Calls::Land).await;
        stage.bot_stays_down_after_crash();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.fleet().rotates("edge-lax-01", Rotation::Ready);
        stage.bot_wakes().await;
        stage.clock().advance(seconds(30)).await;
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
        bot > ✗ edge-lax-01 stopped, not safe to go on
              Seen at hh:mm: `the load balancer has put it back into rotation`
              It is back in production.
              ▸ drain ✓  gate ✗  reboot ·  check ·  return ·
        bot > ❌ req-0001: none of 1 rebooted, 1 failed
              ✗ `edge-lax-01` stopped, not safe to go on; back in production
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}
