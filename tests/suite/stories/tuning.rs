//! Tuning: a line says how long a step may take, within what its command file allows.

use super::{Cast, cast};
use crate::stage::{Stage, seconds, story};
use insta::assert_snapshot;

/// undrain takes `--patience`, 10 s to 5 min.
fn patient(stage: &Stage) {
    let declared = "parameters:\n  patience: { type: duration, min: 10s, max: 5m, default: 2m }\n";
    stage.changes_command("undrain.yaml", "parameters:\n", declared);
    stage.changes_command("undrain.yaml", "undrain: { timeout: 5m }", "undrain: { timeout: \"{patience}\" }");
}

#[tokio::test]
async fn a_step_takes_as_long_as_the_line_allows() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        patient(stage);
        let drained = ana.types(&noc, "/fleet drain edge-lax-[01-02] because fan noise").await;
        stage.clock().advance(seconds(60)).await;
        assert!(drained.transcript().contains("✅ done"), "{}", drained.transcript());
        stage.fleet().balancers_go_silent();
        let short = ana.types(&noc, "/fleet undrain edge-lax-01 --patience 20s because it is quiet").await;
        ana.types(&noc, "/fleet undrain edge-lax-02 because it is quiet").await;
        stage.clock().advance(seconds(60)).await;
        assert_snapshot!(short.transcript(), @"
        ana   /fleet undrain edge-lax-01 --patience 20s because it is quiet
        bot   (only ana) Understood: undrain 1 server in lax
              `edge-lax-01` · reason: `it is quiet`
              ~ req-0002 · … · card <link>
        bot   Undrain 1 server in lax · req-0002
              ❌ failed · hh:mm
              `edge-lax-01` · `it is quiet`
              0 of 1 put into production · 1 failed
              ~ @ana · hh:mm to hh:mm
              [Details]
        ana   /fleet undrain edge-lax-02 because it is quiet
        bot   (only ana) Understood: undrain 1 server in lax
              `edge-lax-02` · reason: `it is quiet`
              ~ req-0003 · … · card <link>
        bot   Undrain 1 server in lax · req-0003
              ▶️ running
              ▱▱▱▱▱▱▱▱▱▱  0 of 1 · 1 working · 0 waiting
              Now: `edge-lax-02`: 1 returning
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        bot > ✗ edge-lax-01 did not get back into rotation
              Seen at hh:mm: `the load balancer does not answer: the load balancer does not answer`
              It stays drained and reserved.
              ▸ check ✓  undrain ✗
        bot > ❌ req-0002: none of 1 put into production, 1 failed
              ✗ `edge-lax-01` did not get back into rotation; drained
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        let incidents = stage.channel("#incidents").transcript();
        assert!(incidents.contains("undrain: `edge-lax-01` did not get back into rotation"), "{incidents}");
    })
    .await;
}

#[tokio::test]
async fn a_plan_shows_the_time_that_the_line_gives() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        patient(stage);
        for (given, shown) in [(" --patience 20s", "at most 20 s"), ("", "at most 2 min")] {
            let plan = ana.types(&noc, &format!("/fleet plan undrain edge-lax-01{given} because it is quiet")).await;
            let told = plan.transcript();
            assert!(told.contains(&format!("2. undrain: back into the load balancer, {shown}")), "{told}");
        }
        let long = ana.types(&noc, "/fleet undrain edge-lax-01 --patience 6m because it is quiet").await;
        assert_snapshot!(long.transcript(), @"
        ana   /fleet undrain edge-lax-01 --patience 6m because it is quiet
        bot   (only ana) Patience does not take this value
              ```
              …patience 6m because it is quiet
                        ^^
              ```
              It takes a length of time from 10s to 5m. Nothing has started.
              [Edit]
        ");
    })
    .await;
}
