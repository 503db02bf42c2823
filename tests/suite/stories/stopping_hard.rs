//! Stopping everything hard: nothing is given back either, looking goes on, and afterwards everything has the time that it had left.

use super::{Cast, cast};
use crate::stage::{Calls, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Fault;

/// A hard stop lets nothing be given back either: what reboots is proved, and stays out until somebody else resumes.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn a_hard_stop_gives_nothing_back() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let incidents = stage.channel("#incidents");
        stage.lets_out(50);
        ana.types(&noc, "/fleet drain edge-lax-04 because fan noise").await;
        stage.clock().advance(seconds(30)).await;
        noc.transcript();
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        thread.transcript();
        let look = bob.types(&noc, "/fleet plan stop everything --hard because the balancer lies").await;
        assert_snapshot!(look.transcript(), @"
        bob   /fleet plan stop everything --hard because the balancer lies
        bot   (only bob) Plan: stop everything · nothing is done yet
              Nothing would start that changes a server.
              Nothing would be given back either.
              No request would wait now. 1 server at work would stay as it is: req-0002.
              ~ to do it: `/fleet stop everything --hard because the balancer lies`
        ");
        bob.types(&noc, "/fleet stop everything because servers do not come back").await.transcript();
        incidents.transcript();
        let hard = ana.types(&noc, "/fleet stop everything --hard because the balancer lies").await;
        assert_snapshot!(hard.transcript(), @"
        ana   /fleet stop everything --hard because the balancer lies
        bot   (only ana) 🛑 Everything is stopped hard. Nothing starts that changes a server.
              Nothing is given back either: what is out stays as it is. What is being sent just now may still arrive.
              No request waits now. 1 server at work stays as it is: req-0002.
              ~ to go on: `/fleet resume everything because …`, by another person, or by ana from hh:mm
        ");
        assert_snapshot!(incidents.since_last_look(), @"
        bot ~ 🛑 Everything is stopped by bob since hh:mm: `servers do not come back`
              Nothing starts that changes a server. Nothing is given back either: what is out stays as it is. What is being sent just now may still arrive.
              ~ to go on: `/fleet resume everything because …`, by another person, or by bob from hh:mm
        bot   🛑 Everything is stopped hard by ana since hh:mm: `the balancer lies`
              Nothing starts that changes a server. Nothing is given back either: what is out stays as it is. What is being sent just now may still arrive.
              ~ to go on: `/fleet resume everything because …`, by another person, or by ana from hh:mm
        ");
        let again = bob.types(&noc, "/fleet stop everything --hard because the balancer lies").await;
        assert_snapshot!(again.transcript(), @"
        bob   /fleet stop everything --hard because the balancer lies
        bot   (only bob) 🛑 Everything is stopped hard by ana since hh:mm: `the balancer lies`
              It was stopped before you asked. Nothing has changed.
              ~ to go on: `/fleet resume everything because …`, by another person, or by ana from hh:mm
        ");
        let status = bob.types(&noc, "/fleet status").await.transcript();
        assert!(status.contains("Everything is stopped hard by ana"), "{status}");
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.kills_bot().await;
        stage.clock().advance(minutes(5)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", false);
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0002
              ▶️ running
              🛑 Everything is stopped hard by ana since hh:mm: `the balancer lies`
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 1 working · 0 waiting
              Now: `edge-lax-01`: 1 standing still
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        // Giving back by hand waits as well, and so does its reason.
        let by_hand = ana.types(&noc, "/fleet undrain edge-lax-04 because it is needed").await;
        assert_snapshot!(by_hand.transcript(), @"
        ana   /fleet undrain edge-lax-04 because it is needed
        bot   (only ana) Understood: undrain 1 server in lax
              `edge-lax-04` · reason: `it is needed`
              ~ req-0003 · … · card <link>
        bot   Undrain 1 server in lax · req-0003
              ⏳ queued · waits for a person
              • everything is stopped hard by ana since hh:mm: `the balancer lies`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let other = ana.types(&noc, "/fleet resume everything because the balancer was replaced").await;
        assert_snapshot!(other.transcript(), @"
        ana   /fleet resume everything because the balancer was replaced
        bot   (only ana) To go on after your own stop takes another person, or 10 min: you may from hh:mm. Nothing has changed.
              Stopped by ana at hh:mm.
        ");
        bob.types(&noc, "/fleet resume everything because the balancer was replaced").await.transcript();
        let cid = stage.person("cid").in_group("noc");
        let on = cid.types(&noc, "/fleet resume everything because the balancer was replaced").await;
        assert_snapshot!(on.transcript(), @"
        cid   /fleet resume everything because the balancer was replaced
        bot   (only cid) ✅ Everything goes on. It was stopped by bob at hh:mm.
              1 request starts by itself when it is safe.
        bot > ✅ req-0002: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0003: edge-lax-04 put into production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        stage.clock().advance(minutes(3)).await;
        assert_snapshot!(incidents.since_last_look(), @"
        bot ~ ✅ hh:mm · Everything goes on, resumed by cid: `the balancer was replaced`
              Stopped by bob from hh:mm: `servers do not come back`
        bot ~ ✅ hh:mm · Everything goes on, resumed by cid: `the balancer was replaced`
              Stopped by ana from hh:mm: `the balancer lies`
        ");
        stage.fleet().serves("edge-lax-01", true);
        stage.fleet().serves("edge-lax-04", true);
        noc.transcript();
    })
    .await;
}

/// A server on its way back while the load balancer is silent waits for as long as the hard stop lasts, and is returned after it.
#[tokio::test]
async fn the_way_back_is_not_given_up_under_a_hard_stop() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().gets("edge-lax-01", Fault::RefusesReboot);
        stage.bot_dies_after(super::crashing::turned_back, Calls::Vanish).await;
        stage.bot_stays_down_after_crash();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(minutes(3)).await;
        stage.fleet().balancers_go_down();
        stage.bot_wakes().await;
        ana.types(&noc, "/fleet stop everything --hard because the balancer lies").await.transcript();
        noc.transcript();
        stage.clock().advance(minutes(5)).await;
        stage.fleet().balancers_answer();
        stage.clock().advance(minutes(1)).await;
        stage.fleet().serves("edge-lax-01", false);
        assert_snapshot!(thread.since_last_look(), @"");
        let cid = stage.person("cid").in_group("noc");
        cid.types(&noc, "/fleet resume everything because the balancer was mended").await;
        stage.clock().advance(seconds(20)).await;
        let told = noc.transcript();
        assert!(told.contains("✗ `edge-lax-01` did not reboot; back in production"), "{told}");
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.fleet().serves("edge-lax-01", true);
        stage.channel("#incidents").transcript();
        noc.transcript();
    })
    .await;
}

/// It needs no other stop before it, and another changes nothing.
#[tokio::test]
async fn a_hard_stop_is_a_stop_by_itself() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        ana.types(&noc, "/fleet stop everything --hard").await.transcript();
        let soft = bob.types(&noc, "/fleet stop everything because servers do not come back").await;
        assert_snapshot!(soft.transcript(), @"
        bob   /fleet stop everything because servers do not come back
        bot   (only bob) 🛑 Everything is stopped hard by ana since hh:mm, no reason given
              It was stopped before you asked. Nothing has changed.
              ~ to go on: `/fleet resume everything because …`, by another person, or by ana from hh:mm
        ");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        thread.transcript();
        stage.clock().advance(minutes(2)).await;
        stage.fleet().rebooted("edge-lax-01", times(0));
        let on = bob.types(&noc, "/fleet resume everything because it was a mistake").await;
        assert_snapshot!(on.transcript(), @"
        bob   /fleet resume everything because it was a mistake
        bot   (only bob) ✅ Everything goes on. It was stopped by ana at hh:mm.
              1 request starts by itself when it is safe.
        bot > ▶️ Started at hh:mm, after some time.
        ");
        stage.clock().advance(minutes(3)).await;
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.channel("#incidents").transcript();
        noc.transcript();
    })
    .await;
}
