//! Misunderstanding: what was typed is shown with the place that does not fit, and with the right word if there is one.

use super::{Cast, cast};
use crate::stage::{seconds, story, times};
use insta::assert_snapshot;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn words_that_are_none() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        for line in [
            "/fleet rebot edge-lax-01 because kernel update",
            "/fleet frobnicate edge-lax-01",
            "/fleet",
            "/fleet help rebot",
            "/fleet cancel",
            "/fleet cancel req-oil1",
            "/fleet reboot edge-lax-01 --wafe 20% because kernel update",
            "/fleet reboot edge-lax-01 --wave 120% because kernel update",
            "/fleet reboot edge-lax-01 --wave because kernel update",
            "/fleet reboot edge-lax-01 --wave 10% --wave 20% because kernel update",
            "/fleet reboot edge-lax-01",
            "/fleet reboot",
        ] {
            ana.types(&noc, line).await;
        }
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet rebot edge-lax-01 because kernel update
        bot   (only ana) There is no command rebot here
              ```
              rebot edge-lax-01 because kerne…
              ^^^^^ did you mean reboot?
              ```
              Nothing has started.
              To send instead: `reboot edge-lax-01 because kernel update`
              [Edit]
        ana   /fleet frobnicate edge-lax-01
        bot   (only ana) There is no command frobnicate here
              ```
              frobnicate edge-lax-01
              ^^^^^^^^^^
              ```
              Type help to see what you can do here. Nothing has started.
        ana   /fleet
        bot   (only ana) There is nothing in this line
              Type help to see what you can do here. Nothing has started.
        ana   /fleet help rebot
        bot   (only ana) There is no help on rebot
              ```
              help rebot
                   ^^^^^ did you mean reboot?
              ```
              Nothing has started.
              To send instead: `help reboot`
              [[Use: help reboot]]
        ana   /fleet cancel
        bot   (only ana) Something is missing here
              ```
              cancel
                     ^
              ```
              Expected here: the id of a request, such as req-2mq9. Nothing has started.
        ana   /fleet cancel req-oil1
        bot   (only ana) req-oil1 is not the id of a request
              ```
              cancel req-oil1
                     ^^^^^^^^
              ```
              An id looks like req-2mq9; it stands on the request's card. Nothing has started.
        ana   /fleet reboot edge-lax-01 --wafe 20% because kernel update
        bot   (only ana) There is no --wafe here
              ```
              reboot edge-lax-01 --wafe 20% b…
                                 ^^^^^^ did you mean --wave?
              ```
              Nothing has started.
              To send instead: `reboot edge-lax-01 --wave 20% because kernel update`
              [Edit]
        ana   /fleet reboot edge-lax-01 --wave 120% because kernel update
        bot   (only ana) Wave does not take this value
              ```
              reboot edge-lax-01 --wave 120% …
                                        ^^^^
              ```
              It takes a percentage from 1% to 100%. Nothing has started.
              [Edit]
        ana   /fleet reboot edge-lax-01 --wave because kernel update
        bot   (form for ana) Reboot [Send]
        ana   /fleet reboot edge-lax-01 --wave 10% --wave 20% because kernel update
        bot   (only ana) Wave is given twice
              ```
              …ve 10% --wave 20% because kern…
                      ^^^^^^
              ```
              Give it once. Nothing has started.
              [Edit]
        ana   /fleet reboot edge-lax-01
        bot   (form for ana) Reboot [Send]
        ana   /fleet reboot
        bot   (form for ana) Reboot [Send]
        ");
        stage.fleet().rebooted("edge-lax-[01-03]", times(0));
    })
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn servers_that_are_none() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        for line in [
            "/fleet reboot edge-lxa-01 because kernel update",
            "/fleet reboot edge-lax-[01-09] because kernel update",
            "/fleet reboot site=laxx because kernel update",
            "/fleet reboot sight=lax because kernel update",
            "/fleet reboot edge-lax-[] because kernel update",
            "/fleet reboot edge-lax-[03-01] because kernel update",
            "/fleet reboot edge-lax-[01-03 because kernel update",
            "/fleet reboot edge-lax-01!edge-lax-01 because kernel update",
            "/fleet reboot edge-lax-[000000001-999999999] because kernel update",
        ] {
            ana.types(&noc, line).await;
        }
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet reboot edge-lxa-01 because kernel update
        bot   (only ana) No server is called edge-lxa-01
              ```
              reboot edge-lxa-01 because kern…
                     ^^^^^^^^ did you mean edge-lax?
              ```
              Nothing has started.
              To send instead: `reboot edge-lax-01 because kernel update`
              [Edit]
        ana   /fleet reboot edge-lax-[01-09] because kernel update
        bot   (only ana) No server is called edge-lax-[04-09]
              ```
              reboot edge-lax-[01-09] because…
                     ^^^^^^^^^^^^^^^^ did you mean edge-lax-[01-03]?
              ```
              Nothing has started.
              To send instead: `reboot edge-lax-[01-03] because kernel update`
              [Edit]
        ana   /fleet reboot site=laxx because kernel update
        bot   (only ana) No server has the site laxx
              ```
              reboot site=laxx because kernel…
                          ^^^^ did you mean lax?
              ```
              Nothing has started.
              To send instead: `reboot site=lax because kernel update`
              [Edit]
        ana   /fleet reboot sight=lax because kernel update
        bot   (only ana) Servers have no attribute sight
              ```
              reboot sight=lax because kernel…
                     ^^^^^
              ```
              There are site, type, pool, rack, state, name=~… and tag:…=…. Nothing has started.
              [Edit]
        ana   /fleet reboot edge-lax-[] because kernel update
        bot   (only ana) This range has no number
              ```
              reboot edge-lax-[] because kern…
                              ^^
              ```
              Write the numbers: [001-020,031]. Nothing has started.
              [Edit]
        ana   /fleet reboot edge-lax-[03-01] because kernel update
        bot   (only ana) This range ends before it begins
              ```
              reboot edge-lax-[03-01] because…
                               ^^^^^
              ```
              Write the smaller number first: [001-020]. Nothing has started.
              [Edit]
        ana   /fleet reboot edge-lax-[01-03 because kernel update
        bot   (only ana) This part of the line fits nothing
              ```
              reboot edge-lax-[01-03 because …
                                     ^
              ```
              Expected here: a comma or ]. Nothing has started.
              [Edit]
        ana   /fleet reboot edge-lax-01!edge-lax-01 because kernel update
        bot   (only ana) This leaves no server
              ```
              reboot edge-lax-01!edge-lax-01 …
                     ^^^^^^^^^^^^^^^^^^^^^^^
              ```
              Every part is known, but together they match none. Nothing has started.
              [Edit]
        ana   /fleet reboot edge-lax-[000000001-999999999] because kernel update
        bot   (only ana) This stands for more names than there can be servers
              ```
              reboot edge-lax-[000000001-9999…
                     ^^^^^^^^^^^^^^^^^^^^^^^^^
              ```
              At most 100000 are looked up; choose by attribute instead: site=…. Nothing has started.
              [Edit]
        ");
        stage.fleet().rebooted("edge-lax-[01-03]", times(0));
    })
    .await;
}

/// Characters that nobody sees may not change what a line means.
#[tokio::test]
async fn characters_that_nobody_sees() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        for line in [
            "/fleet reboot edge-lax-\u{7}01 because kernel update",
            "/fleet reboot edge-lax-01 because \u{202e}etadpu lenrek",
            "/fleet reboot edge-lax-\u{200b}01 because kernel update",
        ] {
            ana.types(&noc, line).await;
        }
        assert_snapshot!(noc.transcript(), @r#"
        ana   /fleet reboot edge-lax-\u{7}01 because kernel update
        bot   (only ana) There is a hidden character in this line
              ```
              reboot edge-lax-<U+0007>01 beca…
                              ^^^^^^^^
              ```
              U+0007 control character: type this part anew. Nothing has started.
        ana   /fleet reboot edge-lax-01 because \u{202e}etadpu lenrek
        bot   (only ana) There is a hidden character in this line
              ```
              …1 because <U+202E>etadpu lenrek
                         ^^^^^^^^
              ```
              U+202E text direction mark: type this part anew. Nothing has started.
        ana   /fleet reboot edge-lax-\u{200b}01 because kernel update
        bot   (only ana) There is a hidden character in this line
              ```
              reboot edge-lax-<U+200B>01 beca…
                              ^^^^^^^^
              ```
              U+200B zero-width space: type this part anew. Nothing has started.
              To send instead: `reboot edge-lax-01 because kernel update`
        "#);
        stage.fleet().rebooted("edge-lax-[01-03]", times(0));
    })
    .await;
}

#[tokio::test]
async fn a_line_of_a_hundred_thousand_characters() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let line = format!("/fleet reboot edge-lax-01 because {}", "very ".repeat(20_000));
        let thread = ana.types(&noc, &line).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because very v…
        bot   (only ana) This line is too long
              It has 100027 characters; at most 4000 are read. Nothing has started.
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// What a phone or another program makes of a line means what was typed.
#[tokio::test]
async fn curly_quotes_and_long_dashes_are_understood() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread =
            ana.types(&noc, "/fleet  Reboot\u{a0}edge-lax-01 —wave 20% because \u{201c}kernel\u{201d} update").await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(thread.transcript(), @r#"
        ana   /fleet  Reboot\u{a0}edge-lax-01 —wave 20% because “kernel” update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `“kernel” update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `“kernel” update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        "#);
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}
