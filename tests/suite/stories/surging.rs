//! Surging: what is taken out is taken from what carries traffic, so it waits for a calm hour and says so.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::ids::RequestId;
use wrasse::sandbox::fleet::model::MetricsTrouble;

const LINE: &str = "/fleet reboot edge-riga-[01-04] --wave 50% because kernel update";

#[tokio::test]
async fn a_surge_stops_new_starts_and_the_rest_follows_by_itself() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-20]");
        stage.lets_out(50);
        stage.fleet().is_measured(0.5);
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, LINE).await;
        stage.fleet().finishes("edge-riga-01");
        stage.clock().advance(seconds(30)).await;
        stage.fleet().rebooted("edge-riga-[01-03]", times(1));
        stage.fleet().gets_traffic("riga", 0.8);
        stage.clock().advance(seconds(30)).await;
        stage.fleet().finishes("edge-riga-[02-03]");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        stage.fleet().rebooted("edge-riga-04", times(0));
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-riga-[01-04] --wave 50% because kernel update
        bot   (only ana) Understood: reboot 4 servers in riga
              `edge-riga-[01-04]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 4 servers in riga · req-0001
              ✋ halted · goes on by itself
              ▰▰▰▰▰▰▰▱▱▱  3 of 4 · 1 waiting
              • edge-riga traffic would be 85 % of what is left, at most 70 %, measured hh:mm
              • edge-riga traffic is 160 % of the usual, at most 130 %, measured hh:mm
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        stage.fleet().gets_traffic("riga", 0.5);
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 4 servers in riga · req-0001
              ✋ halted · goes on by itself
              ▰▰▰▰▰▰▰▱▱▱  3 of 4 · 1 waiting
              • edge-riga traffic would be 53 % of what is left, at most 65 %; clear from hh:mm if it stays so
              • edge-riga traffic is 100 % of the usual, at most 130 %; clear from hh:mm if it stays so
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-riga-04", times(0));
        stage.clock().advance(minutes(12)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 4 servers in riga · req-0001
              ✅ done · hh:mm
              `edge-riga-[01-04]` · `kernel update`
              4 of 4 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: all 4 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-riga-[01-04]", times(1));
    })
    .await;
}

/// While one boots for minutes, what keeps the next from starting is on the card and in the record, once.
#[tokio::test]
async fn a_surge_beside_a_slow_boot_is_told_while_it_boots() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-20]");
        stage.changes_command("reboot.yaml", "canary: 1", "canary: 2");
        stage.changes_command("reboot.yaml", "concurrency: { site: 4 }", "concurrency: { site: 1 }");
        stage.lets_out(50);
        stage.fleet().is_measured(0.5);
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(30)).await;
        let told = thread.transcript();
        assert!(!told.contains("Next waits"), "its own work is no reason: {told}");
        stage.fleet().gets_traffic("riga", 0.8);
        stage.clock().advance(seconds(40)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 4 servers in riga · req-0001
              ▶️ running · wave 1 of 2
              ▱▱▱▱▱▱▱▱▱▱  0 of 4 · 1 working · 3 waiting
              Now: `edge-riga-01`: 1 rebooting
              Next waits: edge-riga traffic would be 89 % of what is left, at most 70 %
              • edge-riga traffic is 160 % of the usual, at most 130 % · edge-riga traffic is 160 % of 5 min ago, at most 120 %
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        let decisions = stage.store().await.decisions(&RequestId::parse("req-2222").unwrap()).await.unwrap();
        let of_surge = decisions.iter().filter(|one| one.verdict == "wait" && one.evidence.contains("LoadAfter"));
        assert_eq!(of_surge.count(), 1, "it is recorded once: {decisions:?}");
        ana.types(&noc, "/fleet why req-2222").await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   /fleet why req-0001
        bot   (only ana) Reboot 4 servers in riga · req-0001
              ▶️ running
              ▶ 1 working (1 rebooting): `edge-riga-01`, the longest `run-0001.1` since hh:mm
              • edge-riga traffic would be 89 % of what is left, at most 70 %, measured hh:mm
                blocks `edge-riga-02`
                goes on when less has come, or more has served, for long enough
              • edge-riga traffic is 160 % of the usual, at most 130 %, measured hh:mm
                blocks `edge-riga-02`
                goes on when less has come for long enough
              • edge-riga traffic is 160 % of 5 min ago, at most 120 %, measured hh:mm
                blocks `edge-riga-02`
                goes on when less has come for long enough
              • riga: 1 server under work, at most 1 at once (req-0001)
                blocks `edge-riga-02`
                1 server held by req-0001 (ana) since hh:mm
                goes on when one of them is done
              2 wait for a later wave
              Stops starting when more than 1 failed: up to 1 is at work then, so at most 3 of 4 may fail
              ~ asked by ana · looks again at every change, and every 15 s · as of hh:mm
        ");
        stage.fleet().gets_traffic("riga", 0.5);
        stage.fleet().lets_boot();
        stage.fleet().finishes("edge-riga-01");
        stage.clock().advance(minutes(18)).await;
        assert!(thread.since_last_look().contains("all 4 rebooted"), "the rest follows by itself");
        stage.fleet().rebooted("edge-riga-[01-04]", times(1));
    })
    .await;
}

/// A server that is out and not yet restarted goes back to work when it is missed, and its turn comes again.
#[tokio::test]
async fn a_server_that_is_missed_goes_back_and_its_turn_comes_again() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().is_measured(0.5);
        stage.clock().advance(seconds(3)).await;
        // It leaves rotation, and nobody says yet that it has.
        stage.fleet().balancers_go_silent();
        let thread = ana.types(&noc, "/fleet reboot edge-riga-01 because kernel update").await;
        stage.fleet().serves("edge-riga-01", false);
        stage.fleet().rebooted("edge-riga-01", times(0));
        stage.fleet().gets_traffic("riga", 0.9);
        stage.clock().advance(seconds(30)).await;
        stage.fleet().balancers_answer();
        stage.clock().advance(seconds(10)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-riga-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in riga · req-0001
              ✋ halted · goes on by itself
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 1 waiting
              • edge-riga traffic would be 100 % of what is left, at most 70 %, measured hh:mm
              • edge-riga traffic is 180 % of the usual, at most 130 %, measured hh:mm
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        stage.fleet().serves("edge-riga-01", true);
        stage.fleet().rebooted("edge-riga-01", times(0));
        stage.fleet().gets_traffic("riga", 0.5);
        stage.clock().advance(minutes(15)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in riga · req-0001
              ✅ done · hh:mm
              `edge-riga-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-riga-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-riga-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn stale_metrics_make_what_takes_capacity_wait() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().is_measured(0.5);
        stage.clock().advance(seconds(20)).await;
        stage.fleet().metrics_go_stale();
        stage.clock().advance(minutes(2)).await;
        let thread = ana.types(&noc, "/fleet reboot edge-riga-01 because kernel update").await;
        stage.clock().advance(minutes(6)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-riga-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in riga · req-0001
              ⏳ queued · starts by itself
              • edge-riga traffic unknown since hh:mm (the newest measurement is from hh:mm); waits until it is known
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let status = ana.types(&noc, "/fleet status").await;
        assert!(status.transcript().contains("traffic unknown"), "{}", status.transcript());
        stage.fleet().rebooted("edge-riga-01", times(0));
        stage.fleet().metrics_are_well();
        stage.clock().advance(minutes(1)).await;
        assert!(thread.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-riga-01", times(1));
    })
    .await;
}

/// Whatever is wrong with an answer, it never reads as little traffic; what gives capacity back goes on.
#[tokio::test]
async fn bad_metrics_stop_what_takes_capacity_and_nothing_that_returns_it() {
    for trouble in [MetricsTrouble::Silent, MetricsTrouble::Doubtful, MetricsTrouble::NoNumbers] {
        story(async |stage| {
            let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
            stage.fleet().is_measured(0.2);
            let drained = ana.types(&noc, "/fleet drain edge-riga-10 because fan noise").await;
            stage.clock().advance(seconds(30)).await;
            assert!(drained.transcript().contains("✅ done"), "{}", drained.transcript());
            stage.fleet().metrics_get(trouble);
            stage.clock().advance(minutes(3)).await;
            let waits = ana.types(&noc, "/fleet reboot edge-riga-01 because kernel update").await;
            let told = waits.transcript();
            assert!(told.contains("edge-riga traffic unknown since"), "{told}");
            ana.types(&noc, "/fleet undrain edge-riga-10 because it is quiet").await;
            stage.clock().advance(minutes(1)).await;
            waits.transcript();
            stage.fleet().serves("edge-riga-10", true);
            stage.fleet().rebooted("edge-riga-01", times(0));
            stage.fleet().metrics_are_well();
            stage.clock().advance(minutes(1)).await;
            waits.transcript();
            stage.fleet().rebooted("edge-riga-01", times(1));
        })
        .await;
    }
}

#[tokio::test]
async fn metrics_of_half_of_the_sites_move_that_half() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has("edge-fra-[01-10]");
        stage.fleet().is_measured(0.4);
        stage.fleet().metrics_lose("fra");
        let thread = ana.types(&noc, "/fleet reboot edge-riga-01,edge-fra-01 --wave 100% because kernel update").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-riga-01,edge-fra-01 --wave 100% because kernel update
        bot   (only ana) Understood: reboot 2 servers in fra and riga
              `edge-fra-01, edge-riga-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in fra and riga · req-0001
              ⏳ queued · starts by itself
              • edge-fra traffic unknown since hh:mm (the metrics do not say its traffic); waits until it is known
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().metrics_are_well();
        stage.clock().advance(minutes(1)).await;
        assert!(thread.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-fra-01", times(1));
        stage.fleet().rebooted("edge-riga-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn without_metrics_nothing_waits_for_traffic_and_status_says_so() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        let status = ana.types(&noc, "/fleet status").await;
        let told = status.transcript();
        assert!(told.contains("traffic is not looked at: no metrics configured"), "{told}");
        ana.types(&noc, "/fleet reboot edge-riga-01 because kernel update").await;
        stage.clock().advance(minutes(1)).await;
        status.transcript();
        stage.fleet().rebooted("edge-riga-01", times(1));
    })
    .await;
}

/// Whoever may override lets a server start all the same, and it is not called back for what it has passed.
#[tokio::test]
async fn an_override_lets_a_server_pass_a_surge() {
    story(async |stage| {
        stage.lets_override("incident-commander");
        stage.lets_out(50);
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        let cid = stage.person("cid").in_group("incident-commander");
        stage.fleet().is_measured(0.5);
        stage.clock().advance(seconds(20)).await;
        stage.fleet().gets_traffic("riga", 0.9);
        stage.clock().advance(seconds(20)).await;
        let thread = ana.types(&noc, "/fleet drain edge-riga-[01-02] because fan noise").await;
        ana.types(&noc, "/fleet why").await;
        ana.types(&noc, "/fleet queue").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet drain edge-riga-[01-02] because fan noise
        bot   (only ana) Understood: drain 2 servers in riga
              `edge-riga-[01-02]` · reason: `fan noise`
              ~ req-0001 · … · card <link>
        bot   Drain 2 servers in riga · req-0001
              ⏳ queued · starts by itself
              • edge-riga traffic would be 100 % of what is left, at most 70 %, measured hh:mm
              • edge-riga traffic is 180 % of the usual, at most 130 %, measured hh:mm
              • edge-riga traffic is 180 % of 5 min ago, at most 120 %, measured hh:mm
              incident-commander can override traffic
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ana   /fleet why
        bot   (only ana) Drain 2 servers in riga · req-0001
              ⏳ queued
              • edge-riga traffic would be 100 % of what is left, at most 70 %, measured hh:mm
                blocks `edge-riga-01`
                goes on when less has come, or more has served, for long enough
              • edge-riga traffic is 180 % of the usual, at most 130 %, measured hh:mm
                blocks `edge-riga-01`
                goes on when less has come for long enough
              • edge-riga traffic is 180 % of 5 min ago, at most 120 %, measured hh:mm
                blocks `edge-riga-01`
                goes on when less has come for long enough
              1 waits for a later wave
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ana   /fleet queue
        bot   (only ana) 1 request waits
              1. req-0001 drain 2 servers in riga · ana · since hh:mm
                edge-riga traffic would be 100 % of what is left, at most 70 %, and 2 more reasons
              ~ every reason: `why req-0001` · as of hh:mm
        ");
        cid.types(&noc, "/fleet override traffic on req-2222 because it smells of smoke").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Drain 2 servers in riga · req-0001
              ✅ done · hh:mm
              `edge-riga-[01-02]` · `fan noise`
              2 of 2 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        cid   /fleet override traffic on req-0001 because it smells of smoke
        bot   (only cid) 🔓 2 servers of req-0001 may pass traffic, once each, until hh:mm. Everybody is told.
        bot > 🔓 cid overrides traffic for 2 servers
              `edge-riga-[01-02]` · over: 2 of 2 passed
              Why: `it smells of smoke`
              ~ req-0001 by ana · override by cid hh:mm
        bot > ▶️ Started at hh:mm, after some time. First: `edge-riga-01` (canary).
        bot > ✅ req-0001: all 2 drained
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        let loud = stage.channel("#incidents").transcript();
        assert!(loud.contains("cid overrides traffic for 2 servers of riga"), "{loud}");
        stage.fleet().serves("edge-riga-[01-02]", false);
    })
    .await;
}
