//! Alerting: nothing is taken out where the monitoring says that something is wrong, or says nothing that counts.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::MonitoringTrouble;

const FEED_DOWN: [(&str, &str); 3] = [("alertname", "FeedDown"), ("severity", "critical"), ("site", "riga")];
const LINE: &str = "/fleet reboot edge-riga-01 because kernel update";

#[tokio::test]
async fn a_critical_alert_of_a_site_makes_its_reboots_wait() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has("edge-fra-[01-10]");
        stage.fleet().is_monitored();
        stage.clock().advance(seconds(20)).await;
        stage.fleet().alerts(&FEED_DOWN);
        stage.fleet().alerts(&[("alertname", "DiskSlow"), ("severity", "warning"), ("site", "fra")]);
        stage.clock().advance(seconds(20)).await;
        let thread = ana.types(&noc, LINE).await;
        let elsewhere = ana.types(&noc, "/fleet reboot edge-fra-01 because kernel update").await;
        stage.clock().advance(minutes(1)).await;
        assert!(elsewhere.transcript().contains("✅ done"), "{}", elsewhere.transcript());
        ana.types(&noc, "/fleet why req-2222").await;
        ana.types(&noc, "/fleet queue").await;
        ana.types(&noc, "/fleet status").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-riga-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-01` · reason: `kernel update`
              ~ req-0002 · … · card <link>
        bot   Reboot 1 server in riga · req-0002
              ⏳ queued · starts by itself
              • alert `FeedDown` in riga since hh:mm
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ana   /fleet reboot edge-fra-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in fra
              `edge-fra-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in fra · req-0001
              ✅ done · hh:mm
              `edge-fra-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-fra-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ana   /fleet why req-0002
        bot   (only ana) Reboot 1 server in riga · req-0002
              ⏳ queued
              • alert `FeedDown` in riga since hh:mm
                blocks `edge-riga-01`
                goes on when it is over, or silenced where it is raised
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ana   /fleet queue
        bot   (only ana) 1 request waits
              1. req-0002 reboot 1 server in riga · ana · since hh:mm
                alert FeedDown in riga
              ~ every reason: `why req-0002` · as of hh:mm
        ana   /fleet status
        bot   (only ana) Health by the load balancers: oldest look hh:mm (edge-fra) · traffic is not looked at: no metrics configured · alerts hh:mm · requests hh:mm · inventory hh:mm · people hh:mm
              20 of 20 in service in 2 pools
              ⏳ req-0002 reboot 1 server in riga · queued · 1 reason · ana
              ~ of 20 servers: drain, reboot and undrain 20
        ");
        stage.fleet().rebooted("edge-riga-01", times(0));
        stage.fleet().alert_ends(&FEED_DOWN);
        stage.clock().advance(minutes(1)).await;
        assert!(thread.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-riga-01", times(1));
    })
    .await;
}

/// That nothing fires proves nothing where the watchdog does not; what gives capacity back goes on.
#[tokio::test]
async fn without_a_watchdog_or_an_answer_nothing_is_taken_out() {
    for trouble in [MonitoringTrouble::NoWatchdog, MonitoringTrouble::Silent, MonitoringTrouble::Unreadable] {
        story(async |stage| {
            let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-20]");
            stage.fleet().is_monitored();
            let drained = ana.types(&noc, "/fleet drain edge-riga-10 because fan noise").await;
            stage.clock().advance(seconds(30)).await;
            assert!(drained.transcript().contains("✅ done"), "{}", drained.transcript());
            stage.fleet().monitoring_gets(Some(trouble));
            stage.clock().advance(minutes(3)).await;
            let waits = ana.types(&noc, LINE).await;
            let told = waits.transcript();
            assert!(told.contains("• alerts unknown since"), "{told}");
            let status = ana.types(&noc, "/fleet status").await;
            let told = status.transcript();
            assert!(told.contains("✋ alerts unknown; req-0002 waits for that"), "{told}");
            ana.types(&noc, "/fleet undrain edge-riga-10 because it is quiet").await;
            stage.clock().advance(minutes(1)).await;
            waits.transcript();
            stage.fleet().serves("edge-riga-10", true);
            stage.fleet().rebooted("edge-riga-01", times(0));
            stage.fleet().monitoring_gets(None);
            stage.clock().advance(minutes(1)).await;
            waits.transcript();
            stage.fleet().rebooted("edge-riga-01", times(1));
        })
        .await;
    }
}

#[tokio::test]
async fn a_dead_watchdog_is_told_on_the_card() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().is_monitored();
        stage.fleet().monitoring_gets(Some(MonitoringTrouble::NoWatchdog));
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-riga-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in riga · req-0001
              ⏳ queued · starts by itself
              • alerts unknown since hh:mm (the watchdog Watchdog does not fire); waits until they are known
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-riga-01", times(0));
        ana.types(&noc, "/fleet cancel req-2222").await;
        stage.clock().advance(seconds(10)).await;
        thread.since_last_look();
    })
    .await;
}

/// A cure is not kept from a server by the alert that it is to cure; a reboot that is none waits for somebody to look.
#[tokio::test]
async fn a_command_that_remediates_ignores_alerts_about_its_own_servers() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.changes_command("reboot.yaml", "owner: sre\n", "owner: sre\nremediates: true\n");
        stage.fleet().is_monitored();
        let hung = [("alertname", "Hung"), ("severity", "critical"), ("instance", "edge-riga-01.example.com:9100")];
        stage.fleet().alerts(&hung);
        stage.clock().advance(seconds(20)).await;
        let drain = ana.types(&noc, "/fleet drain edge-riga-01 because fan noise").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(drain.transcript(), @"
        ana   /fleet drain edge-riga-01 because fan noise
        bot   (only ana) Understood: drain 1 server in riga
              `edge-riga-01` · reason: `fan noise`
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in riga · req-0001
              ⏳ queued · starts by itself
              • alert `Hung` on `edge-riga-01` since hh:mm
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        ana.types(&noc, "/fleet cancel req-2222").await;
        stage.clock().advance(seconds(10)).await;
        drain.since_last_look();
        let cure = ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(1)).await;
        assert!(cure.transcript().contains("✅ done"), "{}", cure.transcript());
        stage.fleet().rebooted("edge-riga-01", times(1));
    })
    .await;
}

/// An alert that begins while a server is being taken out keeps it from its restart, and its turn comes again.
#[tokio::test]
async fn an_alert_stops_what_is_under_work_before_its_restart() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().is_monitored();
        stage.clock().advance(seconds(3)).await;
        stage.fleet().balancers_go_silent();
        let thread = ana.types(&noc, LINE).await;
        stage.fleet().alerts(&FEED_DOWN);
        stage.clock().advance(seconds(20)).await;
        stage.fleet().balancers_answer();
        stage.clock().advance(minutes(4)).await;
        stage.fleet().rebooted("edge-riga-01", times(0));
        stage.fleet().serves("edge-riga-01", false);
        stage.clock().advance(minutes(3)).await;
        stage.fleet().serves("edge-riga-01", true);
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-riga-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in riga · req-0001
              ✋ halted · goes on by itself
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 1 waiting
              • alert `FeedDown` in riga since hh:mm
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        stage.fleet().alert_ends(&FEED_DOWN);
        stage.clock().advance(minutes(2)).await;
        assert!(thread.since_last_look().contains("✅ done"));
        stage.fleet().rebooted("edge-riga-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn without_monitoring_nothing_waits_for_alerts_and_status_says_so() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().alerts(&FEED_DOWN);
        let status = ana.types(&noc, "/fleet status").await;
        let told = status.transcript();
        assert!(told.contains("alerts are not read: no monitoring configured"), "{told}");
        ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(1)).await;
        status.transcript();
        stage.fleet().rebooted("edge-riga-01", times(1));
    })
    .await;
}
