//! Lacking: where more comes than what serves can well carry, everybody can read what is done about it, and a pager rings where
//! nothing is.

use super::standing_by::{RULES, opens, ten_and_four};
use super::{Cast, cast};
use crate::stage::{Channel, Person, minutes, seconds, story};
use insta::assert_snapshot;
use wrasse::domain::server::ProductionState;
use wrasse::sandbox::fleet::model::MetricsTrouble;

/// What `status` says of too much, as far as it says something.
async fn status(ana: &Person, noc: &Channel) -> String {
    let told = ana.types(noc, "/fleet status site=riga").await.transcript();
    told.lines().map(str::trim).filter(|line| line.contains("relief") || line.contains("something comes")).collect()
}

#[tokio::test]
async fn where_nobody_asks_by_itself_it_rings_until_it_is_calm() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has_in("edge-riga-[11-14]", ProductionState::Standby);
        stage.fleet().is_measured(0.35);
        stage.has_pager();
        let noc = opens(&Cast { noc, ana: ana.clone(), bob }).await;
        assert_snapshot!(status(&ana, &noc).await, @"");
        assert_snapshot!(stage.rings(), @"");
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(status(&ana, &noc).await, @"✋ edge-riga carries 91 % of what serves, relief is 85 %: nothing asks by itself for what stands by there: `edge-riga-[11-14]`");
        assert_snapshot!(stage.rings(), @"
        critical relief of edge-riga: edge-riga carries 91 % of what serves, relief is 85 %
          Nothing asks by itself for what stands by there: `edge-riga-[11-14]`.
          It is over once edge-riga carries what lets work go on. `status site=riga` shows how it stands.
        ");
        // What is not known ends nothing, and neither does a little less.
        stage.fleet().metrics_get(MetricsTrouble::Silent);
        stage.clock().advance(minutes(3)).await;
        assert!(stage.rings().contains("relief of edge-riga"), "{}", stage.rings());
        stage.fleet().metrics_are_well();
        stage.fleet().gets_traffic("riga", 0.55);
        stage.clock().advance(minutes(1)).await;
        assert!(stage.rings().contains("relief of edge-riga"), "{}", stage.rings());
        stage.fleet().gets_traffic("riga", 0.4);
        stage.clock().advance(minutes(6)).await;
        assert_snapshot!(stage.rings(), @"");
        assert_snapshot!(status(&ana, &noc).await, @"");
        stage.fleet().serves("edge-riga-[11-14]", false);
        stage.channel("#incidents").transcript();
        noc.transcript();
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_for_rings_for_nobody() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        stage.has_pager();
        let noc = opens(&cast).await;
        stage.fleet().gets_traffic("riga", 0.8);
        stage.clock().advance(seconds(17)).await;
        assert_snapshot!(status(&cast.ana, &noc).await, @"⚡ edge-riga carries 102 % of what serves, relief is 85 %: req-0001 puts servers there");
        assert_snapshot!(stage.rings(), @"");
        stage.clock().advance(minutes(3)).await;
        assert_snapshot!(status(&cast.ana, &noc).await, @"");
        assert_snapshot!(stage.rings(), @"");
        stage.fleet().serves("edge-riga-[11-14]", true);
        stage.channel("#incidents").transcript();
        noc.transcript();
    })
    .await;
}

/// A request came to nothing, and nothing is left that automations may be sent to.
#[tokio::test]
async fn where_nothing_came_and_nothing_is_left_it_rings() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-riga-[01-10]");
        stage.fleet().has_in("edge-riga-[11-12]", ProductionState::Standby);
        stage.fleet().is_measured(0.35);
        let noc = noc.has_rules(RULES);
        stage.calls_on_standby();
        stage.has_pager();
        let noc = opens(&Cast { noc, ana: ana.clone(), bob }).await;
        stage.fleet().goes_silent("edge-riga-11");
        stage.fleet().goes_silent("edge-riga-12");
        stage.fleet().gets_traffic("riga", 0.75);
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(status(&ana, &noc).await, @"✋ edge-riga carries 90 % of what serves, relief is 85 %: nothing stands by there that could be called on");
        assert_snapshot!(stage.rings(), @"
        warning halt of req-0001 <link>: req-0001 halted: 1 server failed
          Undrain 2 servers in riga, req-0001 by automation:standby.
          Nothing more of it starts; what is at work goes on. What is left takes a new request.
        critical relief of edge-riga: edge-riga carries 90 % of what serves, relief is 85 %
          Nothing stands by there that could be called on.
          It is over once edge-riga carries what lets work go on. `status site=riga` shows how it stands.
        ");
        stage.fleet().serves("edge-riga-[11-12]", false);
        stage.channel("#incidents").transcript();
        noc.transcript();
    })
    .await;
}

/// What a person has ended, what is stopped and what the rules refuse: each is told as what it is.
#[tokio::test]
async fn why_nothing_is_asked_for_is_told() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        stage.has_pager();
        let noc = opens(&cast).await;
        stage.fleet().gets_traffic("riga", 0.9);
        stage.clock().advance(seconds(17)).await;
        cast.ana.types(&noc, "/fleet cancel req-2222").await.transcript();
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(status(&cast.ana, &noc).await, @"✋ edge-riga carries 115 % of what serves, relief is 85 %: what was asked for there failed or was not wanted, and rests for a while");
        assert!(stage.rings().contains("relief of edge-riga"), "{}", stage.rings());
        cast.bob.types(&noc, "/fleet stop everything because it smells of smoke").await.transcript();
        stage.clock().advance(minutes(35)).await;
        assert_snapshot!(status(&cast.ana, &noc).await, @"✋ edge-riga carries 115 % of what serves, relief is 85 %: nothing is asked for while everything is stopped. On standby: `edge-riga-[12-14]`");
        stage.channel("#incidents").transcript();
        noc.transcript();
    })
    .await;
}

/// Whoever would ask cannot: a person must, and somebody tells them.
#[tokio::test]
async fn where_the_automation_cannot_ask_it_rings_with_the_reason() {
    story(async |stage| {
        let cast = ten_and_four(stage);
        stage.calls_on_standby();
        stage.has_pager();
        let noc = opens(&cast).await;
        stage.directory_goes_down();
        stage.fleet().gets_traffic("riga", 0.65);
        stage.clock().advance(minutes(3)).await;
        assert_snapshot!(stage.rings(), @"
        critical relief of edge-riga: edge-riga carries 91 % of what serves, relief is 85 %
          What asks for servers on standby was answered: `it cannot ask in its channel: the bot is not in there, or the directory does not answer`.
          It is over once edge-riga carries what lets work go on. `status site=riga` shows how it stands.
        ");
        stage.fleet().serves("edge-riga-[11-14]", false);
        stage.directory_comes_back();
        stage.channel("#incidents").transcript();
        noc.transcript();
    })
    .await;
}
