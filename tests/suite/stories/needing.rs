//! Needing whoever asked: what a request needs them for is told to them in person, once, and edited when it is over.

use super::{Cast, cast};
use crate::stage::{Lost, Stage, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Fault;

const LINE: &str = "/fleet reboot edge-lax-01 because kernel update";

/// The command left, its answer was lost, the server is silent and so is its controller.
fn cannot_tell(stage: &Stage, server: &str) {
    for fault in [Fault::HangsInExec, Fault::BmcDead, Fault::WontBoot] {
        stage.fleet().gets(server, fault);
    }
}

#[tokio::test]
async fn a_question_is_asked_in_person_and_can_be_answered_there() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.tells_requesters_after(seconds(10));
        cannot_tell(stage, "edge-lax-01");
        let own = ana.direct();
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(3)).await;
        assert!(thread.transcript().contains("❓ edge-lax-01: rebooted or not?"));
        stage.channel("#incidents").transcript();
        assert_snapshot!(own.transcript(), @"
        bot   ❓ edge-lax-01: rebooted or not?
              Asked at hh:mm over SSH. Known: `it does not answer, and neither does its management controller (the management controller did not answer in time)`
              It stays drained and reserved until somebody says. Nothing is sent to it.
              [[It did reboot]] [It did not] [Look again]
              ~ req-0001: reboot 1 server in lax
              [Open thread]
        ");
        // Nothing is told twice, however long it takes.
        stage.clock().advance(minutes(30)).await;
        assert_snapshot!(own.since_last_look(), @"");
        ana.presses(&own.thread(), "It did not").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(own.since_last_look(), @"
        bot ~ ✗ edge-lax-01: it did not reboot · hh:mm
              Known: `ana said so`
              ~ req-0001: reboot 1 server in lax
              [Open thread]
        ana   presses [It did not], asked: It did not? edge-lax-01 counts as failed. No second reboot is sent to it. [It did not]
        ");
        assert!(thread.since_last_look().contains("✗ edge-lax-01: it did not reboot"));
        stage.channel("#incidents").transcript();
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// A question that is asked anew is another one, and answering in the thread counts in person too.
#[tokio::test]
async fn a_question_asked_anew_is_told_anew() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let noc = noc.lets("sre", "reboot");
        stage.tells_requesters_after(seconds(10));
        cannot_tell(stage, "edge-lax-01");
        let own = ana.direct();
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(3)).await;
        thread.transcript();
        own.transcript();
        bob.presses(&thread, "Look again").await;
        stage.clock().advance(minutes(2)).await;
        let asked_anew = own.since_last_look();
        assert!(asked_anew.contains("bot ~ ▶ edge-lax-01: looking again"), "{asked_anew}");
        assert!(asked_anew.contains("bot   ❓ edge-lax-01: rebooted or not?"), "{asked_anew}");
        bob.presses(&thread, "It did not").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(own.since_last_look(), @"
        bot ~ ✗ edge-lax-01: it did not reboot · hh:mm
              Known: `bob said so`
              ~ req-0001: reboot 1 server in lax
              [Open thread]
        ");
        thread.transcript();
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// Servers that are left out while the rest goes on are one matter, a halt is the next.
#[tokio::test]
async fn what_is_left_out_and_a_halt_are_told_and_end_with_the_request() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-20]");
        stage.lets_out(50);
        // By then the next wave is out, whenever within a few seconds that is looked at.
        stage.tells_requesters_after(seconds(25));
        stage.fleet().never_returns("edge-lax-01");
        let own = ana.direct();
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-09] --wave 100% because kernel update").await;
        stage.fleet().holds_boots();
        stage.clock().advance(minutes(3)).await;
        assert_snapshot!(own.transcript(), @"
        bot   ✗ 1 server of lax out of production
              reboot: `edge-lax-01` did not come back; drained
              edge-lax now 15 of 20, floor 10
              ~ req-0001 by ana · since hh:mm
              [[I take it]] [Open thread]
        ");
        stage.fleet().never_returns("edge-lax-02");
        stage.fleet().finishes("edge-lax-[03-05]");
        stage.clock().advance(minutes(3)).await;
        assert_snapshot!(own.since_last_look(), @"
        bot ~ ✗ 5 servers of lax out of production
              reboot: `edge-lax-[01-02,06-08]` did not come back; drained
              edge-lax now 15 of 20, floor 10
              ~ The request is over; its last reply says what to do with the rest.
              ~ req-0001 by ana · since hh:mm
              [[I take it]] [Open thread]
        bot   ⚠️ req-0001 is over: done, 5 failed · hh:mm
              Its last reply in the thread says what to do with the rest.
              [Open thread]
        ");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(10)).await;
        assert_snapshot!(own.since_last_look(), @"");
        thread.transcript();
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// The last reply mentions them, and so does a card that is new.
#[tokio::test]
async fn nobody_is_told_who_is_mentioned_anyway() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        stage.lets_out(50);
        stage.tells_requesters_after(seconds(10));
        stage.fleet().never_returns("edge-lax-02");
        let own = ana.direct();
        // It is over with its only server.
        ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        stage.clock().advance(minutes(10)).await;
        assert!(
            noc.transcript().contains("none of 1 rebooted, 1 failed · asked by @ana")
                || noc.transcript().contains("❌")
        );
        assert_snapshot!(own.transcript(), @"");
        // In their own conversation its thread tells them.
        let asked = ana.writes("announce because all is well").await;
        stage.clock().advance(minutes(3)).await;
        asked.transcript();
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// A post whose answer was lost is looked for, a bot that was killed tells nobody twice.
#[tokio::test]
async fn a_lost_answer_tells_nobody_twice() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.tells_requesters_after(minutes(5));
        cannot_tell(stage, "edge-lax-01");
        let own = ana.direct();
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(minutes(5)).await;
        thread.transcript();
        assert_snapshot!(own.transcript(), @"");
        stage.chat().loses_next_posts(Lost::Answer, 1);
        stage.clock().advance(minutes(5)).await;
        stage.kills_bot().await;
        stage.clock().advance(minutes(5)).await;
        assert_eq!(own.since_last_look().matches("rebooted or not?").count(), 1);
        stage.channel("#incidents").transcript();
    })
    .await;
}
