//! Stopping everything: nothing starts any more, what was begun goes to a safe point, and to go on takes a second person.

use super::crashing::drain_begun;
use super::{Cast, cast, cast_with_approval};
use crate::stage::{Calls, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

/// A restart does not clear it; what waited starts by itself once somebody else resumes.
#[tokio::test]
async fn everything_is_stopped_until_a_second_person_resumes() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let incidents = stage.channel("#incidents");
        let stop = bob.types(&noc, "/fleet stop everything because servers do not come back").await;
        assert_snapshot!(stop.transcript(), @"
        bob   /fleet stop everything because servers do not come back
        bot   (only bob) 🛑 Everything is stopped. Nothing starts that changes a server.
              No request waits now.
              ~ to go on: `/fleet resume everything because …`, by another person, or by bob from hh:mm
        ");
        assert_snapshot!(incidents.transcript(), @"
        bot   🛑 Everything is stopped by bob since hh:mm: `servers do not come back`
              Nothing starts that changes a server. What was begun is proved to its end; drained servers return.
              ~ to go on: `/fleet resume everything because …`, by another person, or by bob from hh:mm
        ");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏳ queued · waits for a person
              • everything is stopped by bob since hh:mm: `servers do not come back`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.kills_bot().await;
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(thread.since_last_look(), @"");
        stage.fleet().rebooted("edge-lax-01", times(0));

        let alone = bob.types(&noc, "/fleet resume everything because the cause was found").await;
        assert_snapshot!(alone.transcript(), @"
        bob   /fleet resume everything because the cause was found
        bot   (only bob) To go on after your own stop takes another person, or 10 min: you may from hh:mm. Nothing has changed.
              Stopped by bob at hh:mm.
        ");
        let on = ana.types(&noc, "/fleet resume everything because the cause was found").await;
        assert_snapshot!(on.transcript(), @"
        ana   /fleet resume everything because the cause was found
        bot   (only ana) ✅ Everything goes on. It was stopped by bob at hh:mm.
              1 request starts by itself when it is safe.
        bot > ▶️ Started at hh:mm, after some time.
        ");
        assert_snapshot!(incidents.since_last_look(), @"
        bot ~ ✅ hh:mm · Everything goes on, resumed by ana: `the cause was found`
              Stopped by bob from hh:mm: `servers do not come back`
        ");
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// Status and homes begin with it, and so does the card of a request that waits for people.
#[tokio::test]
async fn everybody_sees_that_everything_is_stopped() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        ana.opens_home().await.transcript();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        thread.transcript();
        let stop = ana.mentions(&noc, "@wrasse stop everything").await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(stop.transcript(), @"
        ana   @wrasse stop everything
        bot   (only ana) 🛑 Everything is stopped. Nothing starts that changes a server.
              1 server waits, of 1 request: req-0001.
              ~ to go on: `/fleet resume everything because …`, by another person, or by ana from hh:mm
        ");
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              🛑 Everything is stopped by ana since hh:mm, no reason given
              `edge-lax-01` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        ");
        assert_snapshot!(ana.home(), @"
        🛑 Everything is stopped by ana since hh:mm, no reason given
        Waiting for you · nothing
        Yours
        🙋 req-0001 reboot 1 server in lax · needs approval · 1 of sre · hh:mm · card <link>
        Fleet · 3 of 3 in service · 1 open request
        🙋 req-0001 reboot 1 server in lax · needs approval · 1 of sre · ana
        Answers you got
        hh:mm · 🛑 Everything is stopped, nothing starts that changes a server
        [[New request]] [My requests]
        ~ as of hh:mm
        ");
        let status = bob.types(&noc, "/fleet status").await;
        assert_snapshot!(status.transcript(), @"
        bob   /fleet status
        bot   (only bob) 🛑 Everything is stopped by ana since hh:mm, no reason given
              Health by the load balancers: oldest look hh:mm · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              3 of 3 in service in 1 pool
              🙋 req-0001 reboot 1 server in lax · needs approval · 1 of sre · ana
              ~ of 3 servers: drain, reboot and undrain 3
        ");
        stage.channel("#incidents").transcript();

        let on = bob.types(&noc, "/fleet resume everything because it was a false alarm").await;
        on.transcript();
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-01` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        ");
        assert!(!ana.home().contains("Everything is stopped by"), "{}", ana.home());
        stage.channel("#incidents").transcript();
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// A server that was drained and not restarted goes back into rotation.
#[tokio::test]
async fn a_drained_server_is_returned() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        stage.bot_dies_after(drain_begun, Calls::Land).await;
        stage.bot_stays_down_after_crash();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        let stop = bob.types(&noc, "/fleet stop everything because traffic is surging").await;
        stage.bot_wakes().await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              ✋ halted · waits for a person
              ▱▱▱▱▱▱▱▱▱▱  0 of 2 · 1 waiting
              • everything is stopped by bob since hh:mm: `traffic is surging`
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        bob   /fleet stop everything because traffic is surging
        bot   (only bob) 🛑 Everything is stopped. Nothing starts that changes a server.
              1 server waits, of 1 request: req-0001. 1 server at work goes to a safe point: req-0001.
              ~ to go on: `/fleet resume everything because …`, by another person, or by bob from hh:mm
        ");
        stop.transcript();
        stage.channel("#incidents").transcript();
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
        stage.fleet().serves("edge-lax-[01-03]", true);
    })
    .await;
}

/// Past the restart there is no way back: it is proved to its end and returned, and nothing follows it.
#[tokio::test]
async fn a_server_that_reboots_is_proved_to_its_end() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        thread.transcript();
        let stop = bob.types(&noc, "/fleet stop everything because traffic is surging").await;
        assert_snapshot!(stop.transcript(), @"
        bob   /fleet stop everything because traffic is surging
        bot   (only bob) 🛑 Everything is stopped. Nothing starts that changes a server.
              1 server waits, of 1 request: req-0001. 1 server at work goes to a safe point: req-0001.
              ~ to go on: `/fleet resume everything because …`, by another person, or by bob from hh:mm
        ");
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ✋ halted · waits for a person
              ▰▰▰▰▰▱▱▱▱▱  1 of 2 · 1 waiting
              • everything is stopped by bob since hh:mm: `traffic is surging`
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().rebooted("edge-lax-02", times(0));
        stage.fleet().serves("edge-lax-[01-06]", true);

        let on = ana.types(&noc, "/fleet resume everything because traffic is back").await;
        on.transcript();
        stage.clock().advance(minutes(1)).await;
        assert!(thread.since_last_look().contains("2 of 2 rebooted"));
        stage.channel("#incidents").transcript();
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

/// Giving capacity back is the safe direction: it goes on.
#[tokio::test]
async fn what_was_drained_may_be_returned_by_hand() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let drained = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        stage.clock().advance(seconds(30)).await;
        drained.transcript();
        stage.fleet().serves("edge-lax-01", false);
        let stop = bob.types(&noc, "/fleet stop everything because traffic is surging").await;
        stop.transcript();
        stage.channel("#incidents").transcript();
        let back = ana.types(&noc, "/fleet undrain edge-lax-01").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(back.transcript(), @"
        ana   /fleet undrain edge-lax-01
        bot   (only ana) Understood: undrain 1 server in lax
              `edge-lax-01`
              ~ req-0002 · … · card <link>
        bot   Undrain 1 server in lax · req-0002
              ✅ done · hh:mm
              `edge-lax-01`
              1 of 1 put into production
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0002: edge-lax-01 put into production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

/// Whoever stopped everything may go on alone after ten minutes.
#[tokio::test]
async fn ten_minutes_later_the_same_person_may_resume() {
    story(async |stage| {
        let Cast { noc, bob, .. } = cast(stage, "edge-lax-[01-03]");
        let twice = bob.types(&noc, "/fleet stop everything because servers do not come back").await;
        twice.transcript();
        let twice = bob.types(&noc, "/fleet stop everything because servers do not come back").await;
        assert_snapshot!(twice.transcript(), @"
        bob   /fleet stop everything because servers do not come back
        bot   (only bob) 🛑 Everything is stopped by bob since hh:mm: `servers do not come back`
              It was stopped before you asked. Nothing has changed.
              ~ to go on: `/fleet resume everything because …`, by another person, or by bob from hh:mm
        ");
        let silent = bob.types(&noc, "/fleet resume everything").await;
        assert_snapshot!(silent.transcript(), @"
        bob   /fleet resume everything
        bot   (only bob) Reason is missing
              ```
              resume everything
                                ^
              ```
              Add because … at the end. Nothing has started.
        ");
        stage.clock().advance(minutes(10)).await;
        let on = bob.types(&noc, "/fleet resume everything because nobody else is awake").await;
        assert_snapshot!(on.transcript(), @"
        bob   /fleet resume everything because nobody else is awake
        bot   (only bob) ✅ Everything goes on. It was stopped by bob at hh:mm.
              No request was waiting.
        ");
        let again = bob.types(&noc, "/fleet resume everything because nobody else is awake").await;
        assert_snapshot!(again.transcript(), @"
        bob   /fleet resume everything because nobody else is awake
        bot   (only bob) Nothing is stopped as a whole. Nothing has changed.
              To see what waits, and why: `/fleet status`
        ");
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// A member who was seen once may stop everything while nobody can be looked up; somebody never seen may not.
#[tokio::test]
async fn a_silent_directory_does_not_keep_a_known_member_from_stopping() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        ana.types(&noc, "/fleet status").await.transcript();
        stage.directory_goes_down();
        let unseen = bob.types(&noc, "/fleet stop everything because servers do not come back").await;
        assert_snapshot!(unseen.transcript(), @"
        bob   /fleet stop everything because servers do not come back
        bot   (only bob) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        ");
        let seen = ana.types(&noc, "/fleet stop everything because servers do not come back").await;
        assert_snapshot!(seen.transcript(), @"
        ana   /fleet stop everything because servers do not come back
        bot   (only ana) 🛑 Everything is stopped. Nothing starts that changes a server.
              No request waits now.
              ~ to go on: `/fleet resume everything because …`, by another person, or by ana from hh:mm
        ");
        let on = ana.types(&noc, "/fleet resume everything because it was a mistake").await;
        assert_snapshot!(on.transcript(), @"
        ana   /fleet resume everything because it was a mistake
        bot   (only ana) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        ");
        stage.directory_comes_back();
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// However late it comes, it counts: it is the safe direction.
#[tokio::test]
async fn a_stop_that_comes_late_counts() {
    story(async |stage| {
        let Cast { noc, bob, .. } = cast(stage, "edge-lax-[01-03]");
        let late = bob.types_late(&noc, minutes(10), "/fleet stop everything because servers do not come back").await;
        assert!(late.transcript().contains("Everything is stopped"));
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// Guests may not, and where nobody may ask for work nobody may stop it.
#[tokio::test]
async fn neither_guests_nor_a_channel_without_work() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let gus = stage.person("gus").with_standing(Standing::Guest);
        let guest = gus.types(&noc, "/fleet stop everything because I can").await;
        assert_snapshot!(guest.transcript(), @"
        gus   /fleet stop everything because I can
        bot   (only gus) Guests cannot run anything here. Nothing has started.
        ");
        let lounge = stage.channel("#lounge");
        let elsewhere = ana.types(&lounge, "/fleet stop everything because I can").await;
        assert_snapshot!(elsewhere.transcript(), @"
        ana   /fleet stop everything because I can
        bot   (only ana) 🚫 Everything cannot be stopped or resumed in #lounge
              No policy lets anybody ask for work here. Nothing has changed.
              Send it in a channel where work is asked for, or in a shell: `wrasse stop-everything`
        ");
        let planned = ana.types(&noc, "/fleet plan stop everything").await;
        assert_snapshot!(planned.transcript(), @"
        ana   /fleet plan stop everything
        bot   (only ana) Plan: stop everything · nothing is done yet
              Nothing would start that changes a server.
              No request would wait now.
              ~ to do it: `/fleet stop everything`
        ");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(seconds(30)).await;
        assert!(thread.transcript().contains("✅ done"));
    })
    .await;
}
