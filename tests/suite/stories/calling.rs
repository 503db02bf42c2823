//! Calling: what nobody takes over for a while is called out to those who own the command, once.

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
        let again = ana.types(&noc, "/fleet undrain edge-lax-02 because it was repaired").await;
        stage.clock().advance(minutes(60)).await;
        again.transcript();
        assert!(!stage.channel("#incidents").transcript().contains("taken over"));
    })
    .await;
}
