//! Calling: what nobody takes over, closes or looks after for a while is called out to those who own the command, once.

use super::{Cast, cast};
use crate::stage::{minutes, story};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Fault;

#[tokio::test]
async fn owners_are_called_once_when_nobody_takes_a_server_over() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        stage.calls_owners_after(minutes(15));
        stage.fleet().never_returns("edge-lax-02");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        stage.clock().advance(minutes(5)).await;
        thread.transcript();
        let incidents = stage.channel("#incidents");
        incidents.transcript();
        stage.clock().advance(minutes(11)).await;
        assert_snapshot!(incidents.since_last_look(), @"");
        stage.clock().advance(minutes(5)).await;
        assert_snapshot!(incidents.since_last_look(), @"bot > @sre 1 server of lax waits for somebody since hh:mm, and nobody has taken over.");
        stage.kills_bot().await;
        stage.clock().advance(minutes(60)).await;
        assert_snapshot!(incidents.since_last_look(), @"");
    })
    .await;
}

/// The next request works on it: somebody has it.
#[tokio::test]
async fn nobody_is_called_when_somebody_has_taken_over() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        stage.calls_owners_after(minutes(15));
        stage.fleet().gets("edge-lax-02", Fault::ChecksFail);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        stage.clock().advance(minutes(5)).await;
        thread.transcript();
        stage.fleet().repairs("edge-lax-02");
        let again = ana.types(&noc, "/fleet undrain edge-lax-02 because it was repaired").await;
        stage.clock().advance(minutes(60)).await;
        again.transcript();
        assert!(!stage.channel("#incidents").transcript().contains("taken over"));
    })
    .await;
}

/// A breaker that nobody closes, once; and nobody is called for one that is closed in time.
#[tokio::test]
async fn owners_are_called_for_a_breaker_that_stays_open() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "reboot");
        stage.lets_out(50);
        stage.calls_owners_after(minutes(15));
        let incidents = stage.channel("#incidents").lets("sre", "state");
        for (round, names) in [["01", "02", "03"], ["04", "05", "06"]].into_iter().enumerate() {
            for name in names {
                let name = format!("edge-lax-{name}");
                stage.fleet().never_returns(&name);
                let line = format!("/fleet reboot {name} because kernel update");
                ana.types(&noc, &line).await.transcript();
                stage.clock().advance(minutes(4)).await;
                noc.transcript();
                bob.presses_on(&incidents.whole(), "I take it", &name).await;
            }
            incidents.transcript();
            if round == 0 {
                stage.clock().advance(minutes(10)).await;
                assert_snapshot!(incidents.since_last_look(), @"");
                stage.clock().advance(minutes(10)).await;
                assert_snapshot!(incidents.since_last_look(), @"bot » @sre Reboot in lax is stopped since hh:mm, and nobody has closed its breaker.");
                stage.kills_bot().await;
                stage.clock().advance(minutes(60)).await;
                assert_snapshot!(incidents.since_last_look(), @"");
            }
            let line = "/fleet close-breaker reboot site=lax because the image was wrong";
            bob.types(&noc, line).await.transcript();
        }
        stage.clock().advance(minutes(60)).await;
        assert_snapshot!(incidents.since_last_look(), @"
        bot ~ ✅ hh:mm · Reboot in lax may start again: closed by bob
              `the image was wrong`
              ~ without a canary · it was open since hh:mm
        ");
    })
    .await;
}

/// A run that stands still because somebody forgot that they hold its server.
#[tokio::test]
async fn owners_are_called_for_a_run_that_stands_still() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "hold");
        stage.calls_owners_after(minutes(15));
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        bob.types(&noc, "/fleet hold edge-lax-01 because I look at its fans").await.transcript();
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        let incidents = stage.channel("#incidents");
        stage.clock().advance(minutes(40)).await;
        assert!(incidents.transcript().contains("its reservation is suspect"));
        stage.clock().advance(minutes(15)).await;
        assert_snapshot!(incidents.since_last_look(), @"bot » @sre edge-lax-01: its reservation is suspect, req-0001 shows no progress. Since hh:mm nobody has looked after it; bob holds it.");
        stage.clock().advance(minutes(60)).await;
        assert_snapshot!(incidents.since_last_look(), @"");
        bob.types(&noc, "/fleet release edge-lax-01").await.transcript();
        stage.clock().advance(minutes(6)).await;
        assert_snapshot!(incidents.since_last_look(), @"bot ~ ✅ hh:mm · edge-lax-01: req-0001 goes on");
        thread.transcript();
    })
    .await;
}
