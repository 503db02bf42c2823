//! Telling: help and status, for whoever asks, about what they may do and what is going on.

use super::{Cast, cast};
use crate::stage::{seconds, story};
use insta::assert_snapshot;

#[tokio::test]
async fn help_names_what_this_person_may_do_here() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let mine = ana.types(&noc, "/fleet help").await;
        assert_snapshot!(mine.transcript(), @"
        ana   /fleet help
        bot   (only ana) What you can do in #noc
              See: `/fleet status`
              `/fleet plan reboot edge-lax-[001-020] because kernel update`
              While it waits: `/fleet why req-2mq9`
              Take out and put back: `/fleet drain edge-lax-001 because fan noise`
              `/fleet undrain edge-lax-001`
              Restart: `/fleet reboot edge-lax-[001-020] because kernel update`
              Stop: `/fleet cancel req-2mq9`
              ~ in a thread, mention me instead of `/fleet` · more: `/fleet help reboot`, `/fleet help servers`, `/fleet help times`
              [[New request]] [My requests]
        ");
        let others = bob.types(&noc, "/fleet help").await;
        assert_snapshot!(others.transcript(), @"
        bob   /fleet help
        bot   (only bob) What you can do in #noc
              See: `/fleet status`
              While it waits: `/fleet why req-2mq9`
              No command may be run by you here.
              ~ in a thread, mention me instead of `/fleet` · more: `/fleet help servers`, `/fleet help times`
        ");
        let one = ana.types(&noc, "/fleet help reboot").await;
        assert_snapshot!(one.transcript(), @"
        ana   /fleet help reboot
        bot   (only ana) Reboot: Reboot servers, one wave at a time, and put them back into production
              `/fleet reboot SERVERS [--wave PERCENT] because REASON`
              servers: edge-cache or origin, in production, standby or drained, at most 500
              at once: at most 4 in one site
              --wave: a percentage, such as 10%, else 10%
              above 10: 1 approval of sre
              `/fleet reboot edge-lax-[001-020] because kernel update`
              `/fleet reboot site=riga & type=edge-cache --wave 20% because firmware hang`
              ~ in #noc you may run it, with noc · impact power-cycle · owner sre
              [[New request]] [My requests]
        ");
    })
    .await;
}

#[tokio::test]
async fn status_counts_pools_and_open_requests() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().has("edge-fra-[01-03]");
        stage.fleet().holds_boots();
        let quiet = bob.types(&noc, "/fleet status").await;
        assert_snapshot!(quiet.transcript(), @"
        bob   /fleet status
        bot   (only bob) Health by the load balancers: oldest look hh:mm (edge-fra) · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              6 of 6 in service in 2 pools
              No request is open
              ~ of 6 servers: drain, reboot and undrain 6
        ");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        let busy = bob.types(&noc, "/fleet status site=lax").await;
        assert_snapshot!(busy.transcript(), @"
        bob   /fleet status site=lax
        bot   (only bob) Health by the load balancers: oldest look hh:mm · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              2 of 3 in service in 1 pool
              edge-lax 2 of 3, floor 2 · 1 out: `edge-lax-01` (drained, req-0001)
              ▶️ req-0001 reboot 1 server in lax · running · 0 of 1 rebooted · ana
              ~ of 3 servers: drain, reboot and undrain 3
        ");
        let elsewhere = bob.types(&noc, "/fleet status site=fra").await;
        assert_snapshot!(elsewhere.transcript(), @"
        bob   /fleet status site=fra
        bot   (only bob) Health by the load balancers: oldest look hh:mm · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              3 of 3 in service in 1 pool
              No request is open
              ~ of 3 servers: drain, reboot and undrain 3
        ");
        let nowhere = bob.types(&noc, "/fleet status site=frb").await;
        assert_snapshot!(nowhere.transcript(), @"
        bob   /fleet status site=frb
        bot   (only bob) No server has the site frb
              ```
              status site=frb
                          ^^^ did you mean fra?
              ```
              Nothing has started.
              To send instead: `status site=fra`
              [[Use: status site=fra]]
        ");
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(20)).await;
        thread.since_last_look();
    })
    .await;
}

#[tokio::test]
async fn details_show_every_server() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        thread.transcript();
        bob.presses(&thread, "Details").await;
        assert_snapshot!(thread.since_last_look(), @"
        bob   presses [Details]
        bot   (only bob) Reboot 3 servers in lax · req-0001
              ▶️ running · 0 of 3 rebooted · as of hh:mm
              ▶ 1 working (1 rebooting): `edge-lax-01`
              · 2 waiting: `edge-lax-[02-03]`
        ");
        ana.presses(&thread, "Cancel").await;
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(20)).await;
        thread.since_last_look();
    })
    .await;
}
