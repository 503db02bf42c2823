//! Parking: a run that waits for a person keeps its server, and gives its place among those at work to others meanwhile.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use wrasse::sandbox::fleet::model::Fault;

/// One server of a rack may be under work, and one run has asked a question that nobody answers for a day.
#[tokio::test]
async fn a_run_that_asks_a_person_keeps_its_server_and_no_place() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "drain");
        stage.lets_work_in_a_rack(1);
        for fault in [Fault::HangsInExec, Fault::BmcDead, Fault::WontBoot] {
            stage.fleet().gets("edge-lax-01", fault);
        }
        let asked = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        asked.transcript();
        let other = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        let full = "rack lax-r01: 1 server under work, at most 1 at once (req-0001)";
        assert!(other.transcript().contains(full));
        stage.clock().advance(minutes(5)).await;
        assert!(asked.transcript().contains("edge-lax-01: rebooted or not?"));
        assert!(other.transcript().contains("1 of 1 rebooted"), "the place is free");
        stage.kills_bot().await;
        let same = bob.types(&noc, "/fleet drain edge-lax-01 because firmware hang").await;
        assert!(same.transcript().contains("`edge-lax-01` under work for req-0001 since"), "and the server is not");
        // It goes on though another has taken the place meanwhile: it is finishing, not starting.
        stage.fleet().holds_boots();
        ana.types(&noc, "/fleet reboot edge-lax-03 because kernel update").await.transcript();
        ana.presses(&asked, "It did reboot").await;
        let late = ana.types(&noc, "/fleet reboot edge-lax-04 because kernel update").await;
        assert!(
            late.transcript().contains("rack lax-r01: 2 servers under work, at most 1 at once (req-0001, req-0004)")
        );
        bob.types(&noc, "/fleet cancel req-2224").await.transcript();
        stage.fleet().lets_boot();
        stage.fleet().repairs("edge-lax-01");
        stage.fleet().finishes("edge-lax-03");
        stage.clock().advance(minutes(3)).await;
        assert!(asked.transcript().contains("1 of 1 rebooted"));
        assert!(late.transcript().contains("1 of 1 rebooted"));
        stage.channel("#incidents").transcript();
        noc.transcript();
        stage.fleet().rebooted("edge-lax-[01-04]", times(1));
    })
    .await;
}

/// A person keeps the server in the middle of its work: others start where it stood, and it goes on once it is released.
#[tokio::test]
async fn a_run_whose_server_is_held_keeps_it_and_no_place() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "hold");
        stage.lets_work_in_a_rack(1);
        stage.fleet().holds_boots();
        let held = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        bob.types(&noc, "/fleet hold edge-lax-01 because I look at its fans").await.transcript();
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(seconds(20)).await;
        stage.fleet().serves("edge-lax-01", false);
        let other = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        stage.clock().advance(minutes(2)).await;
        assert!(other.transcript().contains("1 of 1 rebooted"));
        stage.fleet().rebooted("edge-lax-02", times(1));
        stage.kills_bot().await;
        stage.clock().advance(minutes(10)).await;
        stage.fleet().serves("edge-lax-01", false);
        bob.types(&noc, "/fleet release edge-lax-01").await.transcript();
        stage.clock().advance(minutes(1)).await;
        assert!(held.transcript().contains("1 of 1 rebooted"));
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

/// An undrain waits for no place in the rack: there is less out after it.
#[tokio::test]
async fn an_undrain_does_not_wait_for_the_rack() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-20]");
        stage.lets_work_in_a_rack(1);
        ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await.transcript();
        stage.fleet().serves("edge-lax-01", false);
        stage.fleet().holds_boots();
        let rebooting = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        let back = ana.types(&noc, "/fleet undrain edge-lax-01").await;
        stage.clock().advance(seconds(20)).await;
        stage.fleet().serves("edge-lax-01", true);
        back.transcript();
        stage.fleet().finishes("edge-lax-02");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        assert!(rebooting.transcript().contains("1 of 1 rebooted"));
    })
    .await;
}
