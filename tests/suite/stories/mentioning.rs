//! Mentioning: in a channel, inside a thread, and in a direct conversation.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{seconds, story, times};
use insta::assert_snapshot;

#[tokio::test]
async fn a_mention_in_a_channel() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let thread = ana.mentions(&noc, "@wrasse reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   @wrasse reboot edge-lax-01 because kernel update
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
    })
    .await;
}

/// The card is then a reply in that thread, and so is everything that follows.
#[tokio::test]
async fn a_mention_in_a_thread_stays_there() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let talk = bob.says_to_people(&noc, "edge-lax-01 drops packets again");
        ana.mentions_in(&talk, "@wrasse reboot edge-lax-01 because it drops packets").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(talk.transcript(), @"
        bob   edge-lax-01 drops packets again
        ana   @wrasse reboot edge-lax-01 because it drops packets
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `it drops packets`
              ~ req-0001 · … · card <link>
        bot > Reboot 1 server in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-01` · `it drops packets`
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

/// The card's own thread is a thread like any other.
#[tokio::test]
async fn a_mention_under_a_card() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().holds_boots();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        thread.transcript();
        ana.mentions_in(&thread, "@wrasse cancel req-2222").await;
        stage.fleet().finishes("edge-lax-01");
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-01` · `kernel update`
              1 of 1 rebooted
              ~ @ana · hh:mm to hh:mm
              [Details]
        ana   @wrasse cancel req-0001
        bot   (only ana) req-0001 is stopping. Nothing new starts; what is in flight goes to a safe point, drained servers return.
        bot > ⏹️ req-0001 cancelled by ana: 1 done
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().serves("edge-lax-01", true);
    })
    .await;
}

#[tokio::test]
async fn a_direct_message_is_answered_in_plain_sight() {
    story(async |stage| {
        let Cast { ana, .. } = cast(stage, "edge-lax-[01-03]");
        let help = ana.writes("help").await;
        assert_snapshot!(help.transcript(), @"
        ana   help
        bot   What you can do here
              See: `/fleet status`
              While it waits: `/fleet why req-2mq9`
              No command may be run by you here.
              ~ in a thread, mention me instead of `/fleet` · more: `/fleet help servers`, `/fleet help times`
        ");
        let typo = ana.writes("statsu").await;
        assert_snapshot!(typo.transcript(), @"
        ana   statsu
        bot   There is no command statsu here
              ```
              statsu
              ^^^^^^ did you mean status?
              ```
              Nothing has started.
              To send instead: `status`
              [[Use: status]]
        ");
    })
    .await;
}

/// Nobody agrees by a word alone: the answer has what is missing, and the button that shows the plan.
#[tokio::test]
async fn a_mention_that_agrees_is_answered_with_review() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        bob.mentions_in(&thread, "@wrasse approve").await;
        bob.presses(&thread, "Review").await;
        assert!(bob.form().contains("Decision: ( ) Approve  ( ) Deny"));
        bob.mentions_in(&thread, "@wrasse deny req-2222 because it is late").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-[01-02] because kernel update
        bot   (only ana) Understood: reboot 2 servers in lax
              `edge-lax-[01-02]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 2 servers in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-[01-02]` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 2 servers in lax need your approval by hh:mm.
              [[Review]]
        bob   @wrasse approve
        bot   (only bob) Reboot 2 servers in lax · req-0001
              🙋 needs approval
              Missing: 1 of `sre`, by hh:mm
              Nothing has started. Without that, nothing will.
              [[Review]]
              ~ asked by ana · as of hh:mm
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   @wrasse deny req-0001 because it is late
        bot   (only bob) This part of the line fits nothing
              ```
              deny req-0001 because it is late
                            ^^^^^^^^^^^^^^^^^^
              ```
              Expected here: the end of the line. Nothing has started.
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}

/// Outside of threads it is what waits for others' consent in that channel; who asked agrees to nothing of their own.
#[tokio::test]
async fn a_word_that_agrees_finds_what_waits_here() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let answered = async |text: &str| bob.types(&noc, text).await.transcript();
        assert_snapshot!(answered("/fleet approve").await, @"
        bob   /fleet approve
        bot   (only bob) Nothing that others asked for waits for consent here.
        ");
        ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        noc.transcript();
        assert_snapshot!(answered("/fleet approve").await, @"
        bob   /fleet approve
        bot   (only bob) Reboot 1 server in lax · req-0001
              🙋 needs approval
              Missing: 1 of `sre`, by hh:mm
              Nothing has started. Without that, nothing will.
              [[Review]]
              ~ asked by ana · as of hh:mm
        ");
        assert_snapshot!(ana.types(&noc, "/fleet approve").await.transcript(), @"
        ana   /fleet approve
        bot   (only ana) Nothing that others asked for waits for consent here.
        ");
        ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        noc.transcript();
        assert_snapshot!(answered("/fleet review").await, @"
        bob   /fleet review
        bot   (only bob) Say which request: `review req-0002` or `review req-0001`
        ");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
    })
    .await;
}
