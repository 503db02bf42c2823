//! Calm again: what was asked for on a surge and has not started is taken back; and what people have asked for already is not
//! asked for once more.

use super::standing_by::{opens, ten_and_four};
use super::{Cast, cast};
use crate::stage::{minutes, seconds, story};
use insta::assert_snapshot;
use wrasse::domain::server::ProductionState;

/// Whoever puts servers back needs somebody of sre, who has four hours for it.
const WITH_CONSENT: &str = "priority: safety\napprovals: { above: 0, from: sre, count: 1, within: 4h }";

#[tokio::test]
async fn what_still_waits_for_consent_when_it_is_calm_is_taken_back() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        stage.changes_command("undrain.yaml", "priority: safety", WITH_CONSENT);
        let noc = opens(&cast).await;
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(5)).await;
        stage.fleet().gets_traffic("riga", 0.3);
        stage.clock().advance(minutes(55)).await;
        assert_snapshot!(noc.since_last_look(), @"
        bot   Undrain 4 servers in riga · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-riga-[11-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              ~ automation standby · plan 0000 · check, undrain
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 4 servers in riga need your approval by hh:mm.
              [[Review]]
        ");
        stage.channel("#incidents").since_last_look();
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(noc.since_last_look(), @"
        bot ~ Undrain 4 servers in riga · req-0001
              ⏹️ cancelled by automation:standby · hh:mm
              `edge-riga-[11-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              Not needed any more: edge-riga has carried less than 50 % for 60 min · nothing has started
              ~ automation standby · plan 0000
              [Details]
        bot ~ Withdrawn by automation:standby at hh:mm: edge-riga has carried less than 50 % for some time. Nothing has started, and nothing runs later.
        bot > ⏹️ req-0001 withdrawn by automation:standby, nothing has started
              Not needed any more: edge-riga has carried less than 50 % for some time.
              ~ asked by automation standby · plan 0000 · undrain 4 servers in riga
        ");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ⏹️ hh:mm · edge-riga: 4 servers on standby are not needed any more
              `edge-riga-[11-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              edge-riga has carried less than 50 % for 60 min
              ~ req-0001 by automation:standby · cancelled
              [Open thread]
        ");
        let why = cast.ana.types(&noc, "/fleet why req-2222").await;
        assert_snapshot!(why.transcript(), @"
        ana   /fleet why req-0001
        bot   (only ana) Undrain 4 servers in riga · req-0001
              ⏹️ cancelled
              Ended by automation:standby · hh:mm
              `edge-riga-[11-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              Not needed any more: edge-riga has carried less than 50 % for 60 min · nothing has started
              ~ asked by automation:standby · as of hh:mm
        ");
        stage.clock().advance(minutes(60)).await;
        assert_eq!(stage.channel("#incidents").since_last_look(), "", "nothing came that could go");
        // The next surge is another one: nobody has said that nothing is wanted.
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(1)).await;
        let told = noc.since_last_look();
        assert!(told.contains("req-0002") && told.contains("needs approval"), "{told}");
        stage.fleet().serves("edge-riga-[11-14]", false);
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// What has begun goes on to its end; and what came is told of as always.
#[tokio::test]
async fn what_has_begun_stays_and_the_rest_is_taken_back() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        let cast = Cast { noc: cast.noc.lets("noc", "hold"), ..cast };
        let noc = opens(&cast).await;
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(seconds(25)).await;
        cast.ana.types(&noc, "/fleet hold edge-riga-14 because I look at it").await.transcript();
        stage.clock().advance(minutes(5)).await;
        let told = noc.since_last_look();
        assert!(told.contains("3 of 4 · 1 waiting"), "{told}");
        stage.channel("#incidents").since_last_look();
        stage.fleet().gets_traffic("riga", 0.3);
        stage.clock().advance(minutes(55)).await;
        assert_eq!(stage.channel("#incidents").since_last_look(), "");
        noc.since_last_look();
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(noc.since_last_look(), @"
        bot ~ Undrain 4 servers in riga · req-0001
              ⏹️ cancelled by automation:standby · hh:mm
              `edge-riga-[11-14]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              Not needed any more: edge-riga has carried less than 50 % for 60 min
              3 of 4 put into production · 1 not started
              ~ automation standby · hh:mm to hh:mm
              [Details]
        bot > ⏹️ req-0001 cancelled by automation:standby: 3 done, 1 not started
              Not needed any more: edge-riga has carried less than 50 % for some time.
              · `edge-riga-14` not started
              ~ some time · asked by automation standby · plan 0000
              [Retry 1]
        ");
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✅ hh:mm · edge-riga: 3 of 4 servers on standby put into production, the rest is not needed any more
              `edge-riga-[11-13]` · `edge-riga carries 91 % of what serves, relief is 85 %`
              edge-riga has carried less than 50 % for 60 min
              ~ req-0001 by automation:standby · cancelled
              [Open thread]
        bot   edge-riga has carried less than 50 % for 60 min
              Not needed in production any more: `edge-riga-[11-13]`. They were on standby, and nothing takes capacity out by itself.
              To take out: `/fleet drain edge-riga-[11-13] because it is calm again`
              ~ then: `/fleet state edge-riga-[11-13] standby because it is calm again`
        ");
        stage.fleet().serves("edge-riga-[11-13]", true);
        stage.fleet().serves("edge-riga-14", false);
    })
    .await;
}

/// A surge that nobody measures may well go on.
#[tokio::test]
async fn where_traffic_is_not_known_nothing_is_taken_back() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        stage.changes_command("undrain.yaml", "priority: safety", WITH_CONSENT);
        let noc = opens(&cast).await;
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(1)).await;
        stage.fleet().gets_traffic("riga", 0.3);
        stage.clock().advance(minutes(30)).await;
        stage.fleet().metrics_go_stale();
        stage.clock().advance(minutes(60)).await;
        let told = noc.transcript();
        assert!(!told.contains("cancelled") && told.contains("needs approval"), "{told}");
        stage.fleet().metrics_are_well();
        stage.clock().advance(minutes(1)).await;
        let told = noc.since_last_look();
        assert!(told.contains("Not needed any more: edge-riga has carried less than 50 % for 60 min"), "{told}");
        stage.fleet().serves("edge-riga-[11-14]", false);
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// A person can still agree in the last moment: what has started then goes on.
#[tokio::test]
async fn whoever_agrees_before_it_is_calm_gets_what_was_asked_for() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        stage.changes_command("undrain.yaml", "priority: safety", WITH_CONSENT);
        let noc = opens(&cast).await;
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(1)).await;
        stage.fleet().gets_traffic("riga", 0.3);
        stage.clock().advance(minutes(50)).await;
        cast.bob.approves(&noc.thread(), "better have it").await;
        stage.clock().advance(minutes(3)).await;
        let told = noc.since_last_look();
        assert!(told.contains("4 of 4 put into production"), "{told}");
        stage.clock().advance(minutes(20)).await;
        stage.fleet().serves("edge-riga-[11-14]", true);
        let told = stage.channel("#incidents").transcript();
        assert!(told.contains("Not needed in production any more: `edge-riga-[11-14]`"), "{told}");
    })
    .await;
}

/// What comes anyway is not asked for once more, and what is still missed with it is.
#[tokio::test]
async fn what_a_person_puts_into_production_is_counted() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has_in("edge-riga-[11-18]", ProductionState::Standby);
        stage.fleet().is_measured(0.35);
        let noc = noc.has_rules(super::standing_by::RULES);
        stage.calls_on_standby();
        let noc = opens(&Cast { noc, ana: ana.clone(), bob }).await;
        ana.types(&noc, "/fleet undrain edge-riga-[11-14] because a match begins").await;
        // 9.5 come to ten; with four more that is 68 %.
        stage.fleet().gets_traffic("riga", 0.53);
        stage.clock().advance(minutes(3)).await;
        let told = noc.transcript();
        assert!(told.contains("4 of 4 put into production"), "{told}");
        assert!(!told.contains("req-0002"), "{told}");
        assert_eq!(stage.channel("#incidents").since_last_look(), "");
        // 13 come, for 14 to carry.
        stage.fleet().gets_traffic("riga", 0.72);
        stage.clock().advance(minutes(3)).await;
        let told = noc.since_last_look();
        assert!(told.contains("req-0002") && told.contains("4 of 4 put into production"), "{told}");
        stage.fleet().serves("edge-riga-[11-18]", true);
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// What waits for a person may wait for long, and somebody must carry it meanwhile.
#[tokio::test]
async fn what_waits_for_a_person_silences_nothing() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has_in("edge-riga-[11-18]", ProductionState::Standby);
        stage.fleet().is_measured(0.35);
        let noc = noc.has_rules(super::standing_by::RULES).lets("noc", "hold");
        stage.calls_on_standby();
        let noc = opens(&Cast { noc, ana: ana.clone(), bob }).await;
        ana.types(&noc, "/fleet hold edge-riga-[11-14] because I look at them").await.transcript();
        ana.types(&noc, "/fleet undrain edge-riga-[11-14] because a match begins").await;
        stage.fleet().gets_traffic("riga", 0.53);
        stage.clock().advance(minutes(3)).await;
        let told = noc.transcript();
        assert!(told.contains("req-0002") && told.contains("edge-riga-[15-18]"), "{told}");
        assert!(told.contains("4 of 4 put into production"), "{told}");
        ana.types(&noc, "/fleet cancel req-2222").await;
        stage.fleet().serves("edge-riga-[11-14]", false);
        stage.fleet().serves("edge-riga-[15-18]", true);
        stage.channel("#incidents").transcript();
        noc.transcript();
    })
    .await;
}

/// A request of its own whose servers somebody keeps is not waited for without end: others are asked for.
#[tokio::test]
async fn a_request_that_hangs_keeps_no_others_away_for_long() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has_in("edge-riga-[11-18]", ProductionState::Standby);
        stage.fleet().is_measured(0.35);
        let noc = noc.has_rules(super::standing_by::RULES).lets("noc", "hold");
        stage.calls_on_standby();
        let noc = opens(&Cast { noc, ana: ana.clone(), bob }).await;
        // 9.5 come to ten: five are asked for, and all but the first are kept back.
        stage.fleet().gets_traffic("riga", 0.53);
        stage.clock().advance(seconds(12)).await;
        ana.types(&noc, "/fleet hold edge-riga-[12-15] because I look at them").await.transcript();
        stage.clock().advance(minutes(20)).await;
        let told = noc.transcript();
        assert!(!told.contains("req-0002"), "{told}");
        stage.clock().advance(minutes(20)).await;
        let told = noc.transcript();
        assert!(told.contains("req-0002"), "{told}");
        stage.channel("#incidents").transcript();
    })
    .await;
}
