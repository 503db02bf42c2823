//! A management controller that is another machine's: nothing is reset, the server is held, and people are told.

use super::{Cast, cast};
use crate::stage::{minutes, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Fault;

const SERVERS: [&str; 2] = ["edge-lax-01", "edge-lax-02"];

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn two_swapped_controllers_reset_neither_server_and_both_are_held() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "hold");
        for server in SERVERS {
            stage.fleet().goes_silent(server);
            stage.fleet().gets(server, Fault::BmcSwapped);
        }
        let first = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(first.transcript(), @"
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
        bot > ✗ edge-lax-01 did not get restarted: another machine answered
              Seen at hh:mm: `its controller says UUID 3e61ea2d-2ad8-42a3-a4ed-275cdbf3bb6e, the inventory says b249a9a5-f42d-4172-ad4f-c3d098c370fd`
              It stays drained and reserved.
              No machine was restarted. It is held until the cabling, its `ssh:` and its `bmc:` in the inventory were looked at; then: `/fleet release edge-lax-01`
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ❌ req-0001: none of 1 rebooted, 1 failed
              ✗ `edge-lax-01` did not get restarted: another machine answered; drained
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ 1 server of lax out of production
              reboot: `edge-lax-01` did not get restarted: another machine answered; drained
              edge-lax now 19 of 20, floor 18
              ~ req-0001 by ana · since hh:mm
              [[I take it]] [Open thread]
        ");
        let second = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        stage.clock().advance(minutes(2)).await;
        assert!(second.transcript().contains("another machine answered"));
        stage.channel("#incidents").since_last_look();
        for server in SERVERS {
            stage.fleet().rebooted(server, times(0));
            stage.fleet().serves(server, false);
        }
        assert_snapshot!(ana.types(&noc, "/fleet why edge-lax-01").await.transcript(), @"
        ana   /fleet why edge-lax-01
        bot   (only ana) edge-lax-01: did not get restarted: another machine answered · run-0001.1
              Since hh:mm
              Last seen at hh:mm: `still safe`
              Went wrong at hh:mm: `its controller says UUID 3e61ea2d-2ad8-42a3-a4ed-275cdbf3bb6e, the inventory says b249a9a5-f42d-4172-ad4f-c3d098c370fd`
              It is drained now
              ▸ drain ✓  reboot ✗  check ·  return ·
              ~ reboot req-0001 by ana · as of hh:mm
        ");
        // Asked for again it waits: for a person, not for luck.
        let again = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.kills_bot().await;
        stage.clock().advance(minutes(5)).await;
        assert_snapshot!(again.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0003 · … · card <link>
        bot   Reboot 1 server in lax · req-0003
              ⏳ queued · waits for a person
              • `edge-lax-01` held by wrasse since hh:mm: `its controller says UUID 3e61ea2d-2ad8-42a3-a4ed-275cdbf3bb6e, the inventory says b249a9a5-f42d-4172-ad4f-c3d098c370fd`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        // Somebody has put the cables right.
        for server in SERVERS {
            stage.fleet().repairs(server);
        }
        let free = bob.types(&noc, "/fleet release edge-lax-[01-02]").await;
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(free.transcript(), @"
        bob   /fleet release edge-lax-[01-02]
        bot   (only bob) `edge-lax-[01-02]` are released. What waited starts by itself when it is safe.
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0003: edge-lax-01 rebooted and back as found
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        again.since_last_look();
        stage.channel("#incidents").since_last_look();
        stage.fleet().rebooted("edge-lax-01", times(1));
        // It was found drained, and is left so.
        stage.fleet().serves("edge-lax-01", false);
        stage.fleet().rebooted("edge-lax-02", times(0));
    })
    .await;
}
