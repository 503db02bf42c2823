//! Spreading: of what is redundant, such as the power feeds of a site or the sites of a metro, one part is out at a time.

use super::{Cast, cast};
use crate::stage::{Stage, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::admission::WiderFloors;
use wrasse::sandbox::fleet::model::{Fault, Rotation};

/// Ten servers in riga on two feeds.
fn two_feeds(stage: &Stage) -> Cast {
    let cast = cast(stage, "edge-riga-[01-10]");
    stage.fleet().hangs_on("edge-riga-[01-05]", "feed", "a");
    stage.fleet().hangs_on("edge-riga-[06-10]", "feed", "b");
    stage.lets_out_one_at_a_time("feed");
    stage.lets_out(50);
    cast
}

#[tokio::test]
async fn the_second_feed_waits_until_the_first_is_back() {
    story(async |stage| {
        let Cast { noc, ana, bob } = two_feeds(stage);
        let bob = bob.in_group("noc");
        let drained = ana.types(&noc, "/fleet drain edge-riga-[01-02] because fan noise").await;
        stage.clock().advance(minutes(1)).await;
        assert!(drained.transcript().contains("✅ done"), "{}", drained.transcript());
        let thread = bob.types(&noc, "/fleet reboot edge-riga-06 because kernel update").await;
        stage.clock().advance(seconds(10)).await;
        bob.types(&noc, "/fleet why").await;
        bob.types(&noc, "/fleet queue").await;
        assert_snapshot!(thread.transcript(), @"
        bob   /fleet reboot edge-riga-06 because kernel update
        bot   (only bob) Understood: reboot 1 server in riga
              `edge-riga-06` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in riga · req-0002
              ⏳ queued · starts by itself
              • feed a of riga has servers out since hh:mm, and at most 1 feed may at once
                2 out: `edge-riga-[01-02]` (drained, req-0001)
              ~ @bob · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        bob   /fleet why
        bot   (only bob) Reboot 1 server in riga · req-0002
              ⏳ queued
              • feed a of riga has servers out since hh:mm, and at most 1 feed may at once
                2 out: `edge-riga-[01-02]` (drained, req-0001)
                blocks `edge-riga-06`
                2 servers held by req-0001 (ana) since hh:mm
                goes on when they are back
              ~ asked by bob · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        bob   /fleet queue
        bot   (only bob) 1 request waits
              1. req-0002 reboot 1 server in riga · bob · since hh:mm
                feed a of riga has servers out
              ~ every reason: `why req-0002` · as of hh:mm
        ");
        stage.fleet().rebooted("edge-riga-06", times(0));
        // Whoever takes more of the same feed need not wait.
        ana.types(&noc, "/fleet reboot edge-riga-03 because kernel update").await;
        stage.clock().advance(minutes(2)).await;
        stage.fleet().rebooted("edge-riga-03", times(1));
        stage.fleet().rebooted("edge-riga-06", times(0));
        ana.types(&noc, "/fleet undrain edge-riga-[01-02] because it is quiet").await;
        stage.clock().advance(minutes(2)).await;
        assert!(thread.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-riga-06", times(1));
    })
    .await;
}

/// Servers that nobody of ours took out count as well, and what does not serve is repaired all the same.
#[tokio::test]
async fn what_fails_by_itself_counts_and_its_cure_goes_on() {
    story(async |stage| {
        let Cast { noc, ana, .. } = two_feeds(stage);
        stage.clock().advance(seconds(5)).await;
        stage.fleet().rotates("edge-riga-01", Rotation::Maintenance);
        stage.fleet().gets("edge-riga-07", Fault::Dead);
        stage.clock().advance(seconds(10)).await;
        let waits = ana.types(&noc, "/fleet reboot edge-riga-08 because kernel update").await;
        let cure = ana.types(&noc, "/fleet reboot edge-riga-07 because it does not answer").await;
        stage.clock().advance(minutes(10)).await;
        assert!(cure.transcript().contains("✅ done"), "{}", cure.transcript());
        stage.fleet().rebooted("edge-riga-07", times(1));
        assert_snapshot!(waits.transcript(), @"
        ana   /fleet reboot edge-riga-08 because kernel update
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-08` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in riga · req-0002
              ⏳ queued · starts by itself
              • feed a of riga has servers out, and at most 1 feed may at once
                1 out: `edge-riga-01` (out of rotation)
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ana   /fleet reboot edge-riga-07 because it does not answer
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-07` · reason: `it does not answer`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in riga · req-0001
              ✅ done · hh:mm
              `edge-riga-07` · `it does not answer`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-riga-07 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-riga-08", times(0));
        stage.fleet().rotates("edge-riga-01", Rotation::Ready);
        stage.clock().advance(minutes(2)).await;
        assert!(waits.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-riga-08", times(1));
    })
    .await;
}

#[tokio::test]
async fn one_site_of_a_metro_at_a_time() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has("edge-tll-[01-10]");
        stage.fleet().has("edge-fra-[01-10]");
        stage.has_metro("baltic", &["riga", "tll"]);
        stage.fleet().holds_boots();
        let first = ana.types(&noc, "/fleet reboot edge-riga-01 because kernel update").await;
        let second = ana.types(&noc, "/fleet reboot edge-tll-01 because kernel update").await;
        let elsewhere = ana.types(&noc, "/fleet reboot edge-fra-01 because kernel update").await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(second.transcript(), @"
        ana   /fleet reboot edge-tll-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in tll
              `edge-tll-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in tll · req-0001
              ⏳ queued · starts by itself
              • riga of metro baltic has servers out since hh:mm, and at most 1 site may at once
                1 out: `edge-riga-01` (drained, req-0002)
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ana   /fleet reboot edge-fra-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in fra
              `edge-fra-01` · reason: `kernel update`
              ~ req-0003 · … · card <link>
        bot   Reboot 1 server in fra · req-0003
              ▶️ running
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 1 working · 0 waiting
              Now: `edge-fra-01`: 1 rebooting
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-fra-01", times(1));
        stage.fleet().rebooted("edge-tll-01", times(0));
        stage.fleet().finishes("edge-riga-01");
        stage.fleet().finishes("edge-fra-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(2)).await;
        for thread in [first, second, elsewhere] {
            assert!(thread.transcript().contains("✅ done"), "{}", thread.transcript());
        }
        stage.fleet().rebooted("edge-tll-01", times(1));
    })
    .await;
}

/// Each of two pools has a server to spare; their site has one in all.
#[tokio::test]
async fn a_site_at_its_floor_is_not_lowered_by_another_pool() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().has("origin-lax-[01-03]");
        stage.lets_out_of_wider(WiderFloors { site: Some(10), ..WiderFloors::default() });
        stage.fleet().holds_boots();
        let first = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(seconds(20)).await;
        assert!(first.transcript().contains("1 rebooting"));
        let second = ana.types(&noc, "/fleet reboot origin-lax-01 because kernel update").await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(second.transcript(), @"
        ana   /fleet reboot origin-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `origin-lax-01` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in lax · req-0002
              ⏳ queued · starts by itself
              • site lax has 5 of 6 in service, floor 5
                1 out: `edge-lax-01` (drained, req-0001)
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let why = ana.types(&noc, "/fleet why req-2223").await;
        assert_snapshot!(why.transcript(), @"
        ana   /fleet why req-0002
        bot   (only ana) Reboot 1 server in lax · req-0002
              ⏳ queued
              • site lax has 5 of 6 in service, floor 5
                1 out: `edge-lax-01` (drained, req-0001)
                blocks `origin-lax-01`
                1 server held by req-0001 (ana) since hh:mm
                looked at hh:mm · goes on when one more of site lax serves
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ");
        let plan = ana.types(&noc, "/fleet plan reboot origin-lax-02 because kernel update").await;
        let told = plan.transcript();
        assert!(told.contains("origin-lax: 3 → 2 of 3 at the lowest, at most 1 out at once, floor 2"), "{told}");
        assert!(told.contains("site lax: 5 → 5 of 6 at the lowest, at most 0 out at once, floor 5"), "{told}");
        let status = ana.types(&noc, "/fleet status").await;
        let told = status.transcript();
        assert!(told.contains("edge-lax 2 of 3, floor 2") && told.contains("site lax 5 of 6, floor 5"), "{told}");
        stage.fleet().rebooted("origin-lax-01", times(0));
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(2)).await;
        for thread in [first, second] {
            assert!(thread.transcript().contains("✅ done"), "{}", thread.transcript());
        }
        stage.fleet().rebooted("origin-lax-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn an_override_lets_the_second_feed_pass() {
    story(async |stage| {
        stage.lets_override("incident-commander");
        let Cast { noc, ana, .. } = two_feeds(stage);
        let cid = stage.person("cid").in_group("incident-commander");
        let drained = ana.types(&noc, "/fleet drain edge-riga-01 because fan noise").await;
        stage.clock().advance(minutes(1)).await;
        drained.transcript();
        let thread = ana.types(&noc, "/fleet drain edge-riga-06 because fan noise").await;
        stage.clock().advance(seconds(20)).await;
        let told = thread.transcript();
        assert!(told.contains("incident-commander can override infrastructure"), "{told}");
        cid.types(&noc, "/fleet override infrastructure on req-2223 because it smells of smoke").await;
        stage.clock().advance(minutes(1)).await;
        let told = thread.since_last_look();
        assert!(told.contains("may pass infrastructure") && told.contains("✅ done"), "{told}");
        stage.channel("#incidents").transcript();
        stage.fleet().serves("edge-riga-06", false);
    })
    .await;
}
