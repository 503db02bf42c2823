//! Helping: a line that was nearly right can be sent right with one tap, where a wrong tap interrupts nothing.

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;

#[tokio::test]
async fn a_corrected_line_is_sent_with_one_tap_by_its_person_once() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet hlep reboot").await;
        let button = ana.sees_button(&thread, "Use: help reboot").expect("the corrected line has a button");
        assert!(bob.sees_button(&thread, "Use: help reboot").is_none());
        bob.presses_again(&thread, &button).await;
        ana.presses(&thread, "Use: help reboot").await;
        ana.presses_again(&thread, &button).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet hlep reboot
        bot   (only ana) There is no command hlep here
              ```
              hlep reboot
              ^^^^ did you mean help?
              ```
              Nothing has started.
              To send instead: `help reboot`
              [[Use: help reboot]]
        bob   presses a button seen before
        bot   (only bob) This button was made for somebody else. Nothing has changed. Send your own line.
        ana   presses [Use: help reboot]
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
        ana   presses a button seen before
        bot   (only ana) This button is no longer in use. Nothing has changed.
        ");
    })
    .await;
}

#[tokio::test]
async fn the_button_of_a_corrected_line_ends_after_ten_minutes() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet darin edge-lax-01 because fan noise").await;
        stage.clock().advance(minutes(11)).await;
        ana.presses(&thread, "Use: drain edge-lax-01 becaus…").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet darin edge-lax-01 because fan noise
        bot   (only ana) There is no command darin here
              ```
              darin edge-lax-01 because fan n…
              ^^^^^ did you mean drain?
              ```
              Nothing has started.
              To send instead: `drain edge-lax-01 because fan noise`
              [[Use: drain edge-lax-01 becaus…]] [Edit]
        ana   presses [Use: drain edge-lax-01 becaus…]
        bot   (only ana) This button is no longer in use. Nothing has changed.
        ");
    })
    .await;
}

#[tokio::test]
async fn no_single_tap_reboots_anything() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet rebot edge-lax-01 because kernel update").await;
        assert!(ana.sees_button(&thread, "Use: reboot edge-lax-01 becau…").is_none());
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet rebot edge-lax-01 because kernel update
        bot   (only ana) There is no command rebot here
              ```
              rebot edge-lax-01 because kerne…
              ^^^^^ did you mean reboot?
              ```
              Nothing has started.
              To send instead: `reboot edge-lax-01 because kernel update`
              [Edit]
        ");
    })
    .await;
}

/// What is found while servers are looked up is answered in the same way as what is found in the words.
#[tokio::test]
async fn servers_that_are_none_are_corrected_with_one_tap() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let looked = ana.types(&noc, "/fleet status site=laxx").await;
        ana.presses(&looked, "Use: status site=lax").await;
        assert_snapshot!(looked.transcript(), @"
        ana   /fleet status site=laxx
        bot   (only ana) No server has the site laxx
              ```
              status site=laxx
                          ^^^^ did you mean lax?
              ```
              Nothing has started.
              To send instead: `status site=lax`
              [[Use: status site=lax]]
        ana   presses [Use: status site=lax]
        bot   (only ana) Health by the load balancers: oldest look hh:mm · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              3 of 3 in service in 1 pool
              No request is open
              ~ of 3 servers: drain, reboot and undrain 3
        ");
        let planned = ana.types(&noc, "/fleet plan reboot edge-lxa-01 because kernel update").await;
        assert!(planned.transcript().contains("[[Use: plan reboot edge-lax-01…]]"));
        let rebooted = ana.types(&noc, "/fleet reboot edge-lxa-01 because kernel update").await;
        assert_snapshot!(rebooted.transcript(), @"
        ana   /fleet reboot edge-lxa-01 because kernel update
        bot   (only ana) No server is called edge-lxa-01
              ```
              reboot edge-lxa-01 because kern…
                     ^^^^^^^^ did you mean edge-lax?
              ```
              Nothing has started.
              To send instead: `reboot edge-lax-01 because kernel update`
              [Edit]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

#[tokio::test]
async fn of_two_lines_that_may_be_meant_one_is_sent() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let looked = ana.types(&noc, "/fleet status edge-lax-01,edge-lax-02&site=lax").await;
        let first = ana.sees_button(&looked, "Use the first").expect("each reading has a button");
        ana.presses(&looked, "Use the second").await;
        ana.presses_again(&looked, &first).await;
        assert_snapshot!(looked.transcript(), @"
        ana   /fleet status edge-lax-01,edge-lax-02&site=lax
        bot   (only ana) This can be read in two ways
              ```
              status edge-lax-01,edge-lax-02&…
                                            ^
              ```
              Send the one you mean:
              `status (edge-lax-01,edge-lax-02) & site=lax`
              `status edge-lax-01,(edge-lax-02 & site=lax)`
              Nothing has started.
              [Use the first] [Use the second]
        ana   presses [Use the second]
        bot   (only ana) Health by the load balancers: oldest look hh:mm · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests hh:mm · inventory hh:mm · people hh:mm
              3 of 3 in service in 1 pool
              No request is open
              ~ of 2 servers: drain, reboot and undrain 2
        ana   presses a button seen before
        bot   (only ana) This button is no longer in use. Nothing has changed.
        ");
        let drained = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise at 02:00").await;
        ana.presses(&drained, "Use the second").await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(drained.transcript(), @r#"
        ana   /fleet drain edge-lax-01 because fan noise at hh:mm
        bot   (only ana) The reason ends in a time
              ```
              …x-01 because fan noise at hh:mm
                                      ^^^^^^^^
              ```
              Send the one you mean:
              `drain edge-lax-01 at hh:mm because fan noise`
              `drain edge-lax-01 because "fan noise at hh:mm"`
              Nothing has started.
              [Use the first] [Use the second] [Edit]
        ana   presses [Use the second]
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-01` · reason: `fan noise at hh:mm`
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `fan noise at hh:mm`
              1 of 1 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 drained
              ~ some time · asked by @ana · plan 0000
        "#);
        let rebooted = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update at 02:00").await;
        assert!(!rebooted.transcript().contains("[Use"));
    })
    .await;
}

#[tokio::test]
async fn a_command_that_interrupts_by_now_is_not_sent_by_one_tap() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet darin edge-lax-01 because fan noise").await;
        stage.edits_command("drain.yaml", "impact: drain", "impact: power-cycle").await;
        thread.since_last_look();
        ana.presses(&thread, "Use: drain edge-lax-01 becaus…").await;
        assert_snapshot!(thread.since_last_look(), @"
        ana   presses [Use: drain edge-lax-01 becaus…]
        bot   (only ana) What this line does interrupts servers by now, so one tap does not send it. Nothing has started.
              To send instead: `drain edge-lax-01 because fan noise`
        ");
    })
    .await;
}
