//! Filling in: what a line lacks is asked for in a form, and what a form makes is a line like any other.

use super::{Cast, cast};
use crate::stage::{minutes, story, times};
use insta::assert_snapshot;

#[tokio::test]
async fn a_slash_command_that_lacks_something_opens_its_form() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 --wave 20%").await;
        assert_snapshot!(ana.form(), @"
        == Reboot ==
        Reason is missing
        Reboot servers, one wave at a time, and put them back into production
        Servers: [edge-lax-01] edge-lax-[001-020], or site=lax & type=edge-cache
        Wave: [20%] a percentage, such as 10%, else 10%
        When: [________] as soon as it is safe; or hh:mm, in 20m, hh:mm site time
        Because: [________] why, for whoever reads it later
        ~ in #noc · impact power-cycle · nothing starts before it was checked
        [Close] [[Send]]
        ");
        ana.fills(&thread, &[("Because", "kernel update at 02:00")]).await;
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 --wave 20%
        bot   (form for ana) Reboot [Send]
        ana   sends the form Because: kernel update at hh:mm
        bot   (form for ana) == Reboot ==
              Sent as req-0001. Its card stands in the channel.
              [Close]
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update at hh:mm`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update at hh:mm`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn a_mention_that_lacks_something_gets_a_button_that_opens_the_form() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.mentions(&noc, "@wrasse drain").await;
        let button = ana.sees_button(&thread, "Fill in").unwrap();
        bob.presses_again(&thread, &button).await;
        ana.presses(&thread, "Fill in").await;
        assert_snapshot!(ana.form(), @"
        == Drain ==
        Take servers out of their load balancer and wait until their connections have ended
        Servers: [________] edge-lax-[001-020], or site=lax & type=edge-cache
        When: [________] as soon as it is safe; or hh:mm, in 20m, hh:mm site time
        Because: [________] why, for whoever reads it later
        ~ in #noc · impact drain · nothing starts before it was checked
        [Close] [[Send]]
        ");
        ana.fills(&thread, &[("Servers", "edge-lax-02"), ("Because", "fan noise"), ("When", "20m")]).await;
        stage.clock().advance(minutes(40)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   @wrasse drain
        bot   (only ana) Drain needs to know which servers
              ```
              drain
                    ^
              ```
              Add servers, such as edge-lax-[001-020] or site=lax. Nothing has started.
              [[Fill in]]
        bob   presses a button seen before
        bot   (only bob) This button was made for somebody else. Nothing has changed. Send your own line.
        ana   presses [Fill in]
        bot   (form for ana) Drain [Send]
        ana   sends the form Servers: edge-lax-02, Because: fan noise, When: 20m
        bot   (form for ana) == Drain ==
              Sent as req-0001. Its card stands in the channel.
              [Close]
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-02` · reason: `fan noise`
              Starts from hh:mm
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-02` · `fan noise`
              1 of 1 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0001: edge-lax-02 drained
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
    })
    .await;
}

#[tokio::test]
async fn a_corrected_line_that_interrupts_servers_is_edited_first() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet rebot edge-lax-[01-02] because kernel update").await;
        ana.presses(&thread, "Edit").await;
        assert_snapshot!(ana.form(), @"
        == Reboot ==
        Reboot servers, one wave at a time, and put them back into production
        Servers: [edge-lax-[01-02]] edge-lax-[001-020], or site=lax & type=edge-cache
        Wave: [________] a percentage, such as 10%, else 10%
        When: [________] as soon as it is safe; or hh:mm, in 20m, hh:mm site time
        Because: [kernel update] why, for whoever reads it later
        ~ in #noc · impact power-cycle · nothing starts before it was checked
        [Close] [[Send]]
        ");
        stage.fleet().rebooted("edge-lax-[01-03]", times(0));
        ana.fills(&thread, &[("Servers", "edge-lax-02")]).await;
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet rebot edge-lax-[01-02] because kernel update
        bot   (only ana) There is no command rebot here
              ```
              rebot edge-lax-[01-02] because …
              ^^^^^ did you mean reboot?
              ```
              Nothing has started.
              To send instead: `reboot edge-lax-[01-02] because kernel update`
              [Edit]
        ana   presses [Edit]
        bot   (form for ana) Reboot [Send]
        ana   sends the form Servers: edge-lax-02
        bot   (form for ana) == Reboot ==
              Sent as req-0001. Its card stands in the channel.
              [Close]
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-02` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-02` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-02 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
    })
    .await;
}

#[tokio::test]
async fn a_form_that_does_not_fit_says_so_and_keeps_what_was_typed() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot").await;
        for wrong in [
            [("Servers", "edge-lxa-01"), ("Because", "kernel update")],
            [("Servers", "edge-lax-01 because I say so"), ("Because", "kernel update")],
            [("Servers", "edge-lax-01"), ("Wave", "200%")],
            [("Wave", "20%"), ("When", "soon")],
            [("When", "now"), ("Because", "…")],
        ] {
            ana.fills(&thread, &wrong).await;
            assert!(ana.form().contains("[[Send]]"), "the form is still open");
        }
        assert_snapshot!(ana.form(), @"
        == Reboot ==
        Reason has no value
        ```
        …e-lax-01 --wave 20% because …
                                       ^
        ```
        Write the value behind it. Nothing has started.
        Reboot servers, one wave at a time, and put them back into production
        Servers: [edge-lax-01] edge-lax-[001-020], or site=lax & type=edge-cache
        Wave: [20%] a percentage, such as 10%, else 10%
        When: [now] as soon as it is safe; or hh:mm, in 20m, hh:mm site time
        Because: […] why, for whoever reads it later
        ~ in #noc · impact power-cycle · nothing starts before it was checked
        [Close] [[Send]]
        ");
        ana.fills(&thread, &[("Because", "kernel \"6.1\" \\ update.")]).await;
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(thread.transcript(), @r#"
        ana   /fleet reboot
        bot   (form for ana) Reboot [Send]
        ana   sends the form Servers: edge-lxa-01, Because: kernel update
        bot   (form for ana) Reboot [Send]
        ana   sends the form Servers: edge-lax-01 because I say so, Because: kernel update
        bot   (form for ana) Reboot [Send]
        ana   sends the form Servers: edge-lax-01, Wave: 200%
        bot   (form for ana) Reboot [Send]
        ana   sends the form Wave: 20%, When: soon
        bot   (form for ana) Reboot [Send]
        ana   sends the form When: now, Because: …
        bot   (form for ana) Reboot [Send]
        ana   sends the form Because: kernel "6.1" \ update.
        bot   (form for ana) == Reboot ==
              Sent as req-0001. Its card stands in the channel.
              [Close]
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel "6.1" \ update.`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel "6.1" \ update.`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        "#);
    })
    .await;
}

#[tokio::test]
async fn a_form_shows_a_refusal_and_can_be_sent_once() {
    story(async |stage| {
        stage.fleet().has("edge-lax-[01-03]");
        let noc = stage.channel("#noc").lets_up_to("noc", "drain", 1);
        let ana = stage.person("ana").in_group("noc");
        let eve = stage.person("eve").in_group("noc");
        let thread = ana.types(&noc, "/fleet drain edge-lax-[01-02]").await;
        ana.fills(&thread, &[("Because", "fan noise")]).await;
        assert_snapshot!(ana.form(), @"
        == Drain ==
        🚫 drain of more than 1 server is not allowed in #noc
        Policy noc-noc-drain: `noc may drain in #noc`
        You asked for 2. Nothing has started.
        Take servers out of their load balancer and wait until their connections have ended
        Servers: [edge-lax-[01-02]] edge-lax-[001-020], or site=lax & type=edge-cache
        When: [________] as soon as it is safe; or hh:mm, in 20m, hh:mm site time
        Because: [fan noise] why, for whoever reads it later
        ~ in #noc · impact drain · nothing starts before it was checked
        [Close] [[Send]]
        ");
        eve.fills_form_of(&ana, &thread, &[("Servers", "edge-lax-03"), ("Because", "mine")]).await;
        ana.fills(&thread, &[("Servers", "edge-lax-01")]).await;
        ana.fills_form_of(&ana, &thread, &[("Servers", "edge-lax-02"), ("Because", "again")]).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet drain edge-lax-[01-02]
        bot   (form for ana) Drain [Send]
        ana   sends the form Because: fan noise
        bot   (form for ana) Drain [Send]
        eve   sends the form Servers: edge-lax-03, Because: mine
        ana   sends the form Servers: edge-lax-01
        bot   (form for ana) == Drain ==
              Sent as req-0001. Its card stands in the channel.
              [Close]
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-01` · reason: `fan noise`
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `fan noise`
              1 of 1 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 drained
              ~ some time · asked by @ana · plan 0000
        ana   sends the form Servers: edge-lax-02, Because: again
        bot   (form for ana) == Drain ==
              This form was sent before. Nothing happened a second time.
              [Close]
        ");
    })
    .await;
}

#[tokio::test]
async fn a_form_that_was_open_for_long_gives_the_line_back() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet drain edge-lax-01").await;
        stage.clock().advance(minutes(11)).await;
        ana.fills(&thread, &[("Because", "fan noise")]).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet drain edge-lax-01
        bot   (form for ana) Drain [Send]
        ana   sends the form Because: fan noise
        bot   (form for ana) == Drain ==
              This form was open for too long. Nothing has started.
              To send instead: `drain edge-lax-01 because fan noise`
              [Close]
        ");
    })
    .await;
}

#[tokio::test]
async fn a_form_that_cannot_be_opened_in_time_leaves_a_button() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.chat().takes_too_long_for_forms();
        let thread = ana.types(&noc, "/fleet drain edge-lax-01").await;
        ana.presses(&thread, "Fill in").await;
        ana.fills(&thread, &[("Because", "fan noise")]).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet drain edge-lax-01
        bot   (only ana) The form could not be opened in time. Nothing has changed.
              [[Fill in]]
        ana   presses [Fill in]
        bot   (form for ana) Drain [Send]
        ana   sends the form Because: fan noise
        bot   (form for ana) == Drain ==
              Sent as req-0001. Its card stands in the channel.
              [Close]
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-01` · reason: `fan noise`
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `fan noise`
              1 of 1 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 drained
              ~ some time · asked by @ana · plan 0000
        ");
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_lacks_something_is_shown_in_its_form() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet plan reboot edge-lax-[01-03]").await;
        ana.fills(&thread, &[("Because", "kernel update")]).await;
        assert_snapshot!(ana.form(), @"
        == Plan: reboot ==
        Plan: reboot 3 servers in lax · nothing is started
        `edge-lax-[01-03]`
        sites: lax 3 · types: edge-cache 3 · states: production 3
        waves: 1 · 1 · 1, watched for 10 s after each; stops starting when more than 1 failed: nothing else is at work then, so at most 2 of 3 may fail
        1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
        2. gate: asks again whether the drain still holds and its pool has enough without it
        3. reboot over SSH, else Redfish; proved by a new boot id, at most 2 min; cannot be undone
        4. check services, mounts, kernel and clock, at most 2 min
        5. return: back to the state it had, at most 5 min
        ✓ you may by noc-noc-reboot · needs nobody's approval
        edge-lax: 3 → 2 of 3 at the lowest, at most 1 out at once, floor 2
        first wave: could start now
        ~ ask: sre for reboot
        ~ to do it: `reboot edge-lax-[01-03] because kernel update`
        Reboot servers, one wave at a time, and put them back into production
        Servers: [edge-lax-[01-03]] edge-lax-[001-020], or site=lax & type=edge-cache
        Wave: [________] a percentage, such as 10%, else 10%
        When: [________] as soon as it is safe; or hh:mm, in 20m, hh:mm site time
        Because: [kernel update] why, for whoever reads it later
        ~ in #noc · impact power-cycle · nothing starts before it was checked
        [Close] [[Show]]
        ");
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet plan reboot edge-lax-[01-03]
        bot   (form for ana) Plan: reboot [Show]
        ana   sends the form Because: kernel update
        bot   (form for ana) Plan: reboot [Show]
        ");
        assert!(stage.store().await.open_requests().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn a_request_can_be_made_without_typing_a_line() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet help").await;
        ana.presses(&thread, "My requests").await;
        ana.presses(&thread, "New request").await;
        assert_snapshot!(ana.form(), @"
        == New request ==
        What: [________ ▾] Drain: Take servers out of their load balancer and wait until their connec… | Reboot: Reboot servers, one wave at a time, and put them back into product… | Undrain: Put servers that are out back into their load balancer
        [Close] [[Next]]
        ");
        ana.fills(&thread, &[]).await;
        ana.fills(&thread, &[("What", "drain")]).await;
        assert_snapshot!(ana.form(), @"
        == Drain ==
        Take servers out of their load balancer and wait until their connections have ended
        Servers: [________] edge-lax-[001-020], or site=lax & type=edge-cache
        When: [________] as soon as it is safe; or hh:mm, in 20m, hh:mm site time
        Because: [________] why, for whoever reads it later
        ~ in #noc · impact drain · nothing starts before it was checked
        [Close] [[Send]]
        ");
        ana.fills(&thread, &[("Servers", "edge-lax-01"), ("Because", "fan noise")]).await;
        stage.clock().advance(minutes(5)).await;
        ana.presses(&thread, "My requests").await;
        // bob may do nothing here, and is offered no form.
        let of_bob = bob.types(&noc, "/fleet help").await;
        assert!(bob.sees_button(&of_bob, "New request").is_none());
        let of_bob = bob.types(&noc, "/fleet drain edge-lax-01").await;
        assert!(bob.sees_button(&of_bob, "Fill in").is_none());
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet help
        bot   (only ana) What you can do in #noc
              See: `/fleet status`
              `/fleet plan reboot edge-lax-[001-020] because kernel update`
              While it waits: `/fleet why req-2mq9`
              Take out and put back: `/fleet drain edge-lax-001 because fan noise`
              `/fleet undrain edge-lax-001`
              Restart: `/fleet reboot edge-lax-[001-020] because kernel update`
              Stop: `/fleet cancel req-2mq9`
              ~ in a thread, mention me instead of `/fleet` · more: `/fleet help reboot`, `/fleet help servers`, `/fleet help times`
              [[New request]] [My requests]
        ana   presses [My requests]
        bot   (only ana) You have not asked for anything yet. Type help to see what you can do here.
        ana   presses [New request]
        bot   (form for ana) New request [Next]
        ana   sends the form
        bot   (form for ana) New request [Next]
        ana   sends the form What: drain
        bot   (form for ana) Drain [Send]
        ana   sends the form Servers: edge-lax-01, Because: fan noise
        bot   (form for ana) == Drain ==
              Sent as req-0001. Its card stands in the channel.
              [Close]
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-01` · reason: `fan noise`
              ~ req-0001 · … · card <link>
        bot   Drain 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `fan noise`
              1 of 1 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 drained
              ~ some time · asked by @ana · plan 0000
        ana   presses [My requests]
        bot   (only ana) Your newest requests
              ✅ req-0001 drain 1 server in lax · done · hh:mm · card <link>
        bob   /fleet help
        bot   (only bob) What you can do in #noc
              See: `/fleet status`
              While it waits: `/fleet why req-2mq9`
              No command may be run by you here.
              ~ in a thread, mention me instead of `/fleet` · more: `/fleet help servers`, `/fleet help times`
        bob   /fleet drain edge-lax-01
        bot   (only bob) Reason is missing
              ```
              drain edge-lax-01
                                ^
              ```
              Add because … at the end. Nothing has started.
        ");
    })
    .await;
}
