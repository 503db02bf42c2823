//! Delivering: too fast, answers lost, cards refused, lines that came late. Each message is there once.

use super::{Cast, cast};
use crate::stage::{Lost, minutes, seconds, story, times};
use insta::assert_snapshot;

const LINE: &str = "/fleet reboot edge-lax-01 because kernel update";

#[tokio::test]
async fn a_chat_that_says_slow_down_gets_everything_later() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.chat().says_slow_down(seconds(60));
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(50)).await;
        stage.fleet().rebooted("edge-lax-01", times(0));
        stage.clock().advance(minutes(1)).await;
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
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        assert_eq!(stage.chat().posts(), 2);
    })
    .await;
}

/// The card is there, but nobody heard so: it is found by its key and not posted again.
#[tokio::test]
async fn a_post_whose_answer_was_lost_is_found() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.chat().loses_next_posts(Lost::Answer, 2);
        stage.chat().searches_fail(2);
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(1)).await;
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
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        assert_eq!(stage.chat().posts(), 2);
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// The post never arrived: the search proves it, and it is posted.
#[tokio::test]
async fn a_post_that_was_lost_is_sent_again() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.chat().loses_next_posts(Lost::Message, 2);
        stage.chat().loses_next_edits(Lost::Message, 1);
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(1)).await;
        assert!(thread.transcript().contains("✅ done"));
        assert_eq!(stage.chat().posts(), 2);
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// Without a card nothing starts.
#[tokio::test]
async fn a_card_that_is_refused_starts_nothing() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.chat().refuses_posts("restricted_action");
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · no card could be posted here, so nothing has started
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        assert!(stage.store().await.open_requests().await.unwrap().is_empty());
    })
    .await;
}

/// The directory still thought that it was in.
#[tokio::test]
async fn a_bot_that_was_put_out_starts_nothing() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.chat().puts_bot_out();
        let thread = ana.mentions(&noc, "@wrasse reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   @wrasse reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · no card could be posted here, so nothing has started
        bot   (only ana) I am not in this channel, so I cannot keep a card here. Nothing has started.
              Type `/invite @wrasse` and send the line again.
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// The channel was left after the card: the work is seen through all the same.
#[tokio::test]
async fn a_bot_that_is_put_out_in_the_middle_goes_on() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, LINE).await;
        stage.chat().puts_bot_out();
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(20)).await;
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
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

#[tokio::test]
async fn a_line_that_came_late_is_asked_about_and_runs_once() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types_late(&noc, minutes(19), LINE).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) You sent this at hh:mm, while I was away. Nothing has started.
              [[Run it now]] [Forget it]
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        let run = ana.sees_button(&thread, "Run it now").unwrap();
        bob.presses_again(&thread, &run).await;
        ana.presses_again(&thread, &run).await;
        ana.presses_again(&thread, &run).await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bob   presses a button seen before
        bot   (only bob) This button was made for somebody else. Nothing has changed. Send your own line.
        ana   presses a button seen before
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        ana   presses a button seen before
        bot   (only ana) This button is no longer in use. Nothing has changed.
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

#[tokio::test]
async fn a_line_that_came_late_can_be_forgotten() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.types_late(&noc, minutes(3), LINE).await;
        let run = ana.sees_button(&thread, "Run it now").unwrap();
        ana.presses(&thread, "Forget it").await;
        ana.presses_again(&thread, &run).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) You sent this at hh:mm, while I was away. Nothing has started.
              [[Run it now]] [Forget it]
        ana   presses [Forget it]
        bot   (only ana) Forgotten. Nothing has started.
        ana   presses a button seen before
        bot   (only ana) This button is no longer in use. Nothing has changed.
        ");
        stage.clock().advance(seconds(20)).await;
        thread.since_last_look();
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// Two minutes are not late.
#[tokio::test]
async fn a_line_that_waited_a_minute_is_carried_out() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.bot_sleeps().await;
        let thread = ana.types_late(&noc, minutes(1), LINE).await;
        stage.bot_wakes().await;
        stage.clock().advance(seconds(20)).await;
        assert!(thread.transcript().contains("✅ done"));
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}
