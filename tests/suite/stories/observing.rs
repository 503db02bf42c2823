//! Observing: a policy that is only observed holds nothing up, and whoever looks is told so.

use super::{Cast, cast};
use crate::stage::{minutes, story, times};
use insta::assert_snapshot;
use wrasse::domain::ids::RequestId;
use wrasse::sandbox::fleet::model::Fault;
use wrasse::workflow::request::PolicyName;

#[tokio::test]
async fn a_policy_that_is_only_observed_holds_nothing_up() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.only_observes(PolicyName::Capacity);
        stage.fleet().gets("edge-lax-03", Fault::Dead);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(minutes(5)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        let decisions = stage.store().await.decisions(&RequestId::parse("req-2222").unwrap()).await.unwrap();
        let told = decisions.iter().map(|one| one.evidence.as_str()).collect::<Vec<_>>();
        assert_eq!(told, ["edge-lax-01 admitted, though capacity is not met, which is only observed"]);
        let thread = ana.types(&noc, "/fleet status").await;
        let told = thread.transcript();
        assert!(told.contains("👁 capacity is only observed: nothing waits for that"), "{told}");
    })
    .await;
}

/// Too many have failed, and nothing is stopped: neither the message about it nor the page says that it is.
#[tokio::test]
async fn a_breaker_that_is_only_observed_says_that_it_stops_nothing() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-08]");
        stage.has_pager();
        stage.lets_out(50);
        stage.only_observes(PolicyName::FailureRate);
        for name in ["edge-lax-01", "edge-lax-02", "edge-lax-03"] {
            stage.fleet().gets(name, Fault::RefusesReboot);
            let thread = ana.types(&noc, &format!("/fleet reboot {name} because kernel update")).await;
            stage.clock().advance(minutes(3)).await;
            thread.transcript();
        }
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   ✗ Reboot in lax: 3 of the last 3 failed
              `edge-lax-03` did not reboot (req-0003)
              `edge-lax-02` did not reboot (req-0002)
              `edge-lax-01` did not reboot (req-0001)
              Failures are only observed: work of it goes on starting.
              ~ since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
              [Close it] [Open thread]
        ");
        assert_snapshot!(stage.rings(), @"
        critical breaker of reboot site=lax <link>: Reboot in lax: 3 of the last 3 failed
          Failures are only observed: work of it goes on starting.
          Since hh:mm · `close-breaker reboot site=lax because …` closes it once its canary has passed; sre may before
        ");
        let goes = ana.types(&noc, "/fleet reboot edge-lax-04 because kernel update").await;
        stage.clock().advance(minutes(1)).await;
        assert!(goes.transcript().contains("✅ done"), "{}", goes.transcript());
        bob.types(&noc, "/fleet close-breaker reboot site=lax because it was sudo").await.transcript();
        assert_snapshot!(stage.channel("#incidents").since_last_look(), @"
        bot ~ ✅ hh:mm · Reboot in lax is counted anew: closed by bob
              `it was sudo`
              ~ without a canary · it was open since hh:mm
        ");
    })
    .await;
}
