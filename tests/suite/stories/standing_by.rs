//! Standing by: where more comes than what serves can carry, servers on standby are put into production, by a request that
//! everybody can see.

use super::{Cast, cast};
use crate::stage::{Channel, Stage, minutes, seconds, story};
use insta::assert_snapshot;
use wrasse::domain::server::ProductionState;

/// What the shipped rules of #noc say.
pub(super) const RULES: &str = "allow:\n- { id: noc-standby, who: automation:standby, commands: undrain, reason: r }\n";

/// Ten servers of riga serve and four stand by; half of what they could carry together comes.
pub(super) fn ten_and_four(stage: &Stage) -> Cast {
    let Cast { noc, ana, bob } = cast(stage, "edge-riga-[01-10]");
    stage.fleet().has_in("edge-riga-[11-14]", ProductionState::Standby);
    stage.fleet().is_measured(0.35);
    Cast { noc: noc.has_rules(RULES), ana, bob }
}

/// The line by which the bot has looked around.
pub(super) async fn opens(cast: &Cast) -> Channel {
    cast.ana.types(&cast.noc, "/fleet status").await.transcript();
    cast.noc.transcript();
    cast.noc.clone()
}

#[tokio::test]
async fn a_surge_calls_on_what_stands_by_and_calm_says_that_it_can_go() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        let noc = opens(&cast).await;
        stage.fleet().serves("edge-riga-[11-14]", false);
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(seconds(25)).await;
        assert_snapshot!(noc.since_last_look(), @"
        bot   Undrain 4 servers in riga · req-0001
              ▶️ running · wave 2 of 3
              ▰▰▰▰▰▰▰▱▱▱  3 of 4 · 1 waiting
              Watching wave 2 until hh:mm
              ~ automation standby · as of hh:mm
              [Details] [!Cancel!]
        ");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ⚡ edge-riga: 4 servers on standby are asked for
              `edge-riga-[11-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              ~ req-0001 by automation:standby
              [Open thread]
        ");
        stage.clock().advance(minutes(2)).await;
        stage.fleet().serves("edge-riga-[11-14]", true);
        assert_snapshot!(noc.since_last_look(), @"
        bot ~ Undrain 4 servers in riga · req-0001
              ✅ done · hh:mm
              `edge-riga-[11-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              4 of 4 put into production
              ~ automation standby · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: all 4 put into production
              ~ some time · asked by automation standby · plan 0000
        ");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✅ hh:mm · edge-riga: 4 servers on standby put into production
              `edge-riga-[11-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              ~ req-0001 by automation:standby · done
              [Open thread]
        ");
        // Nothing more is asked for, and while it is not calm for an hour nothing is said.
        stage.fleet().gets_traffic("riga", 0.3);
        stage.clock().advance(minutes(55)).await;
        assert_eq!(stage.channel("#incidents").since_last_look(), "");
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   edge-riga has carried less than 50 % for 60 min
              Not needed in production any more: `edge-riga-[11-14]`. They were on standby, and nothing takes capacity out by itself.
              To take out: `/fleet drain edge-riga-[11-14] because it is calm again`
              ~ then: `/fleet state edge-riga-[11-14] standby because it is calm again`
        ");
        stage.clock().advance(minutes(90)).await;
        assert_eq!(stage.channel("#incidents").since_last_look(), "", "it is said once");
        stage.fleet().serves("edge-riga-[01-14]", true);
        let why = cast.ana.types(&noc, "/fleet why edge-riga-11").await;
        assert_snapshot!(why.transcript(), @"
        ana   /fleet why edge-riga-11
        bot   (only ana) edge-riga-11: production, by run-0001.1 since hh:mm
              Its load balancer: in service, hh:mm
              Nothing is under work on it, and no request waits for it
              ~ as of hh:mm
        ");
    })
    .await;
}

/// What failed is not tried again at once, and what is left is asked for.
#[tokio::test]
async fn a_server_that_does_not_come_is_not_asked_for_again_and_others_are() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        let noc = opens(&cast).await;
        stage.fleet().goes_silent("edge-riga-11");
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(4)).await;
        assert_snapshot!(noc.since_last_look(), @"
        bot   Undrain 4 servers in riga · req-0001
              ❌ failed · hh:mm
              `edge-riga-[11-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              0 of 4 put into production · 1 failed · 3 not started
              ~ automation standby · hh:mm to hh:mm
              [Details]
        bot > ✗ edge-riga-11 did not pass the checks
              Seen at hh:mm: `it does not answer: SSH did not answer`
              It is back in standby.
              3 not started: it stops after more than 0 failed.
              ▸ check ✗  undrain ·
        bot > ❌ req-0001: none of 4 put into production, 1 failed
              ✗ `edge-riga-11` did not pass the checks; back in standby
              · `edge-riga-[12-14]` not started: stopped after 1 server failed, limit 0
              ~ some time · asked by automation standby · plan 0000
              [[Retry 4]]
        bot   Undrain 3 servers in riga · req-0002
              ✅ done · hh:mm
              `edge-riga-[12-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              3 of 3 put into production
              ~ automation standby · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0002: all 3 put into production
              ~ some time · asked by automation standby · plan 0000
        ");
        stage.fleet().serves("edge-riga-11", false);
        stage.fleet().serves("edge-riga-[12-14]", true);
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ✗ hh:mm · edge-riga: none of 4 servers on standby put into production
              `edge-riga-[11-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              ~ req-0001 by automation:standby · failed
              [Open thread]
        bot   ❌ req-0001 is over: failed · hh:mm
              Halted: 1 server failed, limit 0.
              0 of 4 put into production, 3 not started.
              To go on with what is left: `retry req-0001`
              ~ req-0001 by automation:standby · halted hh:mm
              [[Retry 4]] [Open thread]
        bot   ✅ hh:mm · edge-riga: 3 servers on standby put into production
              `edge-riga-[12-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              ~ req-0002 by automation:standby · done
              [Open thread]
        ");
    })
    .await;
}

/// Where nothing comes, it is soon enough left to people.
#[tokio::test]
async fn a_pool_where_nothing_comes_is_left_to_people_after_three_requests() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        let noc = opens(&cast).await;
        for name in ["edge-riga-11", "edge-riga-12", "edge-riga-13", "edge-riga-14"] {
            stage.fleet().goes_silent(name);
        }
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(25)).await;
        let told = noc.since_last_look();
        assert_eq!(told.matches("❌ req-").count(), 3, "{told}");
        assert!(told.contains("❌ req-0003: none of 2 put into production"), "{told}");
        stage.clock().advance(minutes(15)).await;
        let told = noc.since_last_look();
        assert!(told.contains("req-0004"), "what has rested is tried again: {told}");
        stage.fleet().serves("edge-riga-[11-14]", false);
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// The request is durable, so a process that dies right after asking asks for nothing twice.
#[tokio::test]
async fn a_restart_asks_for_nothing_twice() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        let noc = opens(&cast).await;
        stage.fleet().gets_traffic("riga", 0.65);
        for _ in 0..4 {
            stage.clock().advance(seconds(8)).await;
            stage.kills_bot().await;
        }
        stage.clock().advance(minutes(3)).await;
        let told = noc.since_last_look();
        assert!(told.contains("4 of 4 put into production"), "{told}");
        assert_eq!(told.matches("Undrain").count(), 1, "{told}");
        stage.kills_bot().await;
        stage.clock().advance(minutes(40)).await;
        assert_eq!(noc.since_last_look(), "");
        stage.fleet().serves("edge-riga-[01-14]", true);
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// Whoever has no automation reads which servers stand by, and the line to copy.
#[tokio::test]
async fn without_an_automation_it_is_told_who_stands_by() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has_in("edge-riga-[11-14]", ProductionState::Standby);
        stage.fleet().is_measured(0.35);
        let noc = opens(&Cast { noc, ana, bob }).await;
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(30)).await;
        assert_eq!(noc.since_last_look(), "");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ⚡ edge-riga carries 91 % of what serves, relief is 85 %
              4 servers stand by there: `edge-riga-[11-14]`
              Nothing asks for them by itself: `/fleet undrain edge-riga-[11-14] because edge-riga carries 91 % of what serves, relief is 85 %`
        ");
        stage.fleet().serves("edge-riga-[11-14]", false);
        stage.clock().advance(minutes(110)).await;
        let again = stage.channel("#incidents").since_last_look();
        assert_eq!(again.matches("riga-[11-14]`\n").count(), 2, "as long as it lasts, once an hour: {again}");
    })
    .await;
}

/// Nothing begins by itself while everything is stopped; once it goes on, it does.
#[tokio::test]
async fn under_a_stop_nothing_is_asked_for() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        let noc = opens(&cast).await;
        cast.ana.types(&noc, "/fleet stop everything because it smells of smoke").await.transcript();
        stage.channel("#incidents").transcript();
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(5)).await;
        assert_eq!(noc.since_last_look(), "");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ⚡ edge-riga carries 91 % of what serves, relief is 85 %
              4 servers stand by there: `edge-riga-[11-14]`
              Everything is stopped by ana: they are asked for once it goes on, if they are missed then.
        ");
        stage.fleet().serves("edge-riga-[11-14]", false);
        cast.bob.types(&noc, "/fleet resume everything because it was toast").await.transcript();
        stage.clock().advance(minutes(3)).await;
        let told = noc.since_last_look();
        assert!(told.contains("4 of 4 put into production"), "{told}");
        stage.fleet().serves("edge-riga-[11-14]", true);
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// An automation may what its rules say, and a person's no is a no.
#[tokio::test]
async fn an_automation_asks_as_everybody_does() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has_in("edge-riga-[11-14]", ProductionState::Standby);
        stage.fleet().is_measured(0.35);
        stage.calls_on_standby();
        let noc = opens(&Cast { noc, ana, bob }).await;
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(5)).await;
        assert_eq!(noc.since_last_look(), "");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot   ⚡ edge-riga carries 91 % of what serves, relief is 85 %
              4 servers stand by there: `edge-riga-[11-14]`
              What asks for them was answered: `🚫 refused: undrain is not allowed in #noc`
              A person can: `/fleet undrain edge-riga-[11-14] because edge-riga carries 91 % of what serves, relief is 85 %`
        ");
        stage.fleet().serves("edge-riga-[11-14]", false);
    })
    .await;
}

#[tokio::test]
async fn what_a_person_cancels_is_not_asked_for_again_at_once() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        let noc = opens(&cast).await;
        stage.fleet().gets_traffic("riga", 0.9);
        stage.clock().advance(seconds(20)).await;
        let told = noc.since_last_look();
        assert!(told.contains("req-0001"), "{told}");
        cast.ana.types(&noc, "/fleet cancel req-2222").await.transcript();
        stage.clock().advance(minutes(20)).await;
        let told = noc.since_last_look();
        assert!(told.contains("cancelled by ana"), "{told}");
        assert!(!told.contains("req-0002"), "{told}");
        stage.clock().advance(minutes(15)).await;
        let told = noc.since_last_look();
        assert!(told.contains("req-0002"), "{told}");
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// What a technician has drained and called so stands by as what the inventory calls so.
#[tokio::test]
async fn what_a_technician_puts_on_standby_is_called_on() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-riga-[01-10]");
        let noc = noc.has_rules(RULES).lets("sre", "state");
        stage.fleet().is_measured(0.3);
        stage.calls_on_standby();
        let early = bob.types(&noc, "/fleet state edge-riga-10 standby because it is a reserve").await;
        assert_snapshot!(early.transcript(), @"
        bob   /fleet state edge-riga-10 standby because it is a reserve
        bot   (only bob) 🚫 Nothing has changed
              • `edge-riga-10` in production: only what is drained can stand by; drain it first: `/fleet drain edge-riga-10 because it is a reserve`
        ");
        ana.types(&noc, "/fleet drain edge-riga-10 because it is a reserve").await;
        stage.clock().advance(seconds(30)).await;
        noc.transcript();
        let said = bob.types(&noc, "/fleet state edge-riga-10 standby because it is a reserve").await;
        assert_snapshot!(said.transcript(), @"
        bob   /fleet state edge-riga-10 standby because it is a reserve
        bot   (only bob) `edge-riga-10` is on standby: out of service, and there for when too much comes.
              edge-riga: 9 of 9 in service, floor 9 → 8
              ~ to put back, after checks: `/fleet undrain edge-riga-10 because it is a reserve`
        bot   edge-riga-10: on standby, says bob: `it is a reserve`
              edge-riga: 9 of 9 in service, floor 9 → 8
        ");
        let again = bob.types(&noc, "/fleet state edge-riga-10 standby because it is a reserve").await;
        assert_snapshot!(again.transcript(), @"
        bob   /fleet state edge-riga-10 standby because it is a reserve
        bot   (only bob) 🚫 Nothing has changed
              • `edge-riga-10` on standby already, says bob since hh:mm: `it is a reserve`
        ");
        let out = ana.types(&noc, "/fleet out").await;
        assert_snapshot!(out.transcript(), @"
        ana   /fleet out
        bot   (only ana) 1 of 10 servers out of production
              1. `edge-riga-10` standby since hh:mm · says bob: `it is a reserve`
              [Return 1.]
              ~ more of one: `why edge-riga-10` · as of hh:mm
        ");
        noc.transcript();
        stage.fleet().gets_traffic("riga", 0.8);
        stage.clock().advance(minutes(2)).await;
        let told = noc.since_last_look();
        assert!(told.contains("1 of 1 put into production"), "{told}");
        stage.fleet().serves("edge-riga-10", true);
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// A freeze is on changes, and a server on standby is there for just that moment.
#[tokio::test]
async fn a_freeze_does_not_keep_out_what_is_missed() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        let cast = Cast { noc: cast.noc.lets("noc", "freeze"), ..cast };
        let noc = opens(&cast).await;
        cast.ana.types(&noc, "/fleet freeze site=riga for 2h because a live match").await.transcript();
        stage.channel("#incidents").transcript();
        let waits = cast.ana.types(&noc, "/fleet undrain edge-riga-14 because I want to").await;
        assert!(waits.transcript().contains("frozen"), "{}", waits.transcript());
        cast.ana.types(&noc, "/fleet cancel req-2222").await.transcript();
        noc.transcript();
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(3)).await;
        let told = noc.since_last_look();
        assert!(told.contains("4 of 4 put into production"), "{told}");
        stage.fleet().serves("edge-riga-[11-14]", true);
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// Without the directory nothing new is asked for; what was asked for goes on.
#[tokio::test]
async fn without_the_directory_nothing_is_asked_for_and_what_was_goes_on() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        let noc = opens(&cast).await;
        stage.directory_goes_down();
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(3)).await;
        assert_eq!(noc.since_last_look(), "");
        stage.fleet().serves("edge-riga-[11-14]", false);
        stage.directory_comes_back();
        // It is tried again within the minute.
        for _ in 0..25 {
            if !noc.transcript().contains("Undrain 4 servers in riga") {
                stage.clock().advance(seconds(3)).await;
            }
        }
        assert!(noc.transcript().contains("running"), "{}", noc.transcript());
        stage.directory_goes_down();
        stage.clock().advance(minutes(2)).await;
        let told = noc.since_last_look();
        assert!(told.contains("4 of 4 put into production"), "{told}");
        stage.fleet().serves("edge-riga-[11-14]", true);
        stage.directory_comes_back();
        stage.channel("#incidents").transcript();
    })
    .await;
}
