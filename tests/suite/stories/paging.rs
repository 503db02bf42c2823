//! Paging: what needs a person rings by another way than the chat, for as long as it lasts.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Fault;

/// Longer than an alert lasts that nobody tells again: a bot that was started anew does not know what it told.
const UNTIL_IT_ENDS: std::time::Duration = minutes(6);

/// The chat takes no post for an hour, and somebody wakes all the same; once the next request has taken the server over
/// nobody is woken any more.
#[tokio::test]
async fn a_failed_server_rings_while_the_chat_is_down() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        stage.has_pager();
        stage.fleet().never_returns("edge-lax-02");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        thread.transcript();
        assert_snapshot!(stage.rings(), @"");
        stage.chat().says_slow_down(minutes(60));
        stage.clock().advance(minutes(4)).await;
        assert_snapshot!(thread.since_last_look(), @"");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        assert_snapshot!(stage.rings(), @"
        critical left-out of lax <link>: lax: edge-lax-02 out of production after a reboot
          reboot: `edge-lax-02` did not come back; drained
          It stays reserved until a new request takes over. `out site=lax` shows what is out.
          Reboot 1 server in lax, req-0001 by ana.
        ");
        stage.clock().advance(minutes(20)).await;
        assert!(stage.rings().contains("left-out of lax"), "it is told again and again");

        stage.clock().advance(minutes(40)).await;
        thread.since_last_look();
        stage.channel("#incidents").since_last_look();
        ana.types(&noc, "/fleet undrain edge-lax-02 because it was repaired").await.transcript();
        stage.clock().advance(UNTIL_IT_ENDS).await;
        thread.since_last_look();
        stage.channel("#incidents").since_last_look();
        assert!(stage.rings().contains("left-out of lax"), "it is still down, and its return was in vain");
        stage.fleet().lets_boot();
        stage.fleet().repairs("edge-lax-02");
        stage.clock().advance(seconds(10)).await;
        ana.types(&noc, "/fleet undrain edge-lax-02 because it was repaired").await.transcript();
        stage.clock().advance(UNTIL_IT_ENDS).await;
        thread.since_last_look();
        stage.channel("#incidents").since_last_look();
        assert_snapshot!(stage.rings(), @"");
    })
    .await;
}

#[tokio::test]
async fn a_stop_of_everything_rings_until_somebody_resumes() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        stage.has_pager();
        bob.types(&noc, "/fleet stop everything because servers do not come back").await.transcript();
        stage.clock().advance(seconds(10)).await;
        assert_snapshot!(stage.rings(), @"
        critical stop of everything: Everything is stopped by bob
          Nothing starts that changes a server: `servers do not come back`.
          To go on: `/fleet resume everything because …`, by another person, or by bob from hh:mm
        ");
        stage.kills_bot().await;
        stage.clock().advance(minutes(30)).await;
        assert!(stage.rings().contains("stop of everything"), "a restart forgets nothing");
        ana.types(&noc, "/fleet resume everything because the cause was found").await.transcript();
        stage.channel("#incidents").transcript();
        stage.clock().advance(UNTIL_IT_ENDS).await;
        assert_snapshot!(stage.rings(), @"");
    })
    .await;
}

#[tokio::test]
async fn a_breaker_rings_until_it_is_closed_and_a_halt_for_an_hour() {
    story(async |stage| {
        let Cast { noc, bob, ana } = cast(stage, "edge-lax-[01-08]");
        stage.lets_out(50);
        stage.has_pager();
        for name in ["edge-lax-01", "edge-lax-02", "edge-lax-03"] {
            stage.fleet().gets(name, Fault::RefusesReboot);
        }
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-04] because kernel update").await;
        stage.clock().advance(minutes(6)).await;
        thread.transcript();
        let other = ana.types(&noc, "/fleet reboot edge-lax-03 because kernel update").await;
        stage.clock().advance(minutes(3)).await;
        other.transcript();
        stage.channel("#incidents").transcript();
        assert_snapshot!(stage.rings(), @"
        critical breaker of reboot site=lax <link>: Reboot in lax stopped: 3 of the last 3 failed
          Nothing more of it starts; nothing else of it is at work.
          One canary may start from hh:mm.
          Since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
        warning halt of req-0001 <link>: req-0001 halted: 2 servers failed
          Reboot 4 servers in lax, req-0001 by ana.
          Nothing more of it starts; what is at work goes on. What is left takes a new request.
        ");
        bob.types(&noc, "/fleet close-breaker reboot site=lax because it was sudo").await.transcript();
        stage.channel("#incidents").transcript();
        stage.clock().advance(UNTIL_IT_ENDS).await;
        assert_snapshot!(stage.rings(), @"
        warning halt of req-0001 <link>: req-0001 halted: 2 servers failed
          Reboot 4 servers in lax, req-0001 by ana.
          Nothing more of it starts; what is at work goes on. What is left takes a new request.
        ");
        stage.clock().advance(minutes(60)).await;
        assert_snapshot!(stage.rings(), @"");
    })
    .await;
}

/// A pager that takes nothing holds up no work; `status` says so, and it is told once it listens.
#[tokio::test]
async fn a_silent_pager_holds_nothing_up_and_status_says_so() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        stage.has_pager();
        stage.pager_is_silent(true);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(minutes(3)).await;
        assert!(thread.transcript().contains("✅ done"), "{}", thread.transcript());
        let status = ana.types(&noc, "/fleet status").await;
        assert_snapshot!(status.transcript(), @"
        ana   /fleet status
        bot   (only ana) Health by the load balancers: oldest look hh:mm · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              ✋ alerts are not taken since hh:mm: `no answer in time`
              3 of 3 in service in 1 pool
              No request is open
              ~ of 3 servers: drain, reboot and undrain 3
        ");
        bob.types(&noc, "/fleet stop everything because servers do not come back").await.transcript();
        stage.channel("#incidents").transcript();
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(stage.rings(), @"");
        stage.pager_is_silent(false);
        stage.clock().advance(seconds(20)).await;
        assert!(stage.rings().contains("stop of everything"), "{}", stage.rings());
        let status = ana.types(&noc, "/fleet status").await;
        assert!(!status.transcript().contains("alerts are not taken"), "{}", status.transcript());
    })
    .await;
}
