//! Helping: a line that was nearly right can be sent right with one tap, where a wrong tap interrupts nothing.

use super::{Cast, cast};
use crate::stage::{minutes, story};
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
