//! Looking ahead: nobody is taken out just before the hour in which it is missed, as the last four weeks say.

use super::{Cast, cast};
use crate::stage::{Stage, minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::time::Timestamp;

const LINE: &str = "/fleet reboot edge-riga-01 because kernel update";

/// 20:00 of the day of the story.
const EVENING: Timestamp = Timestamp::from_millis(1_767_643_200_000);

/// From 20:00 to 20:40 three servers usually get what two could not carry with headroom.
fn with_an_evening(stage: &Stage, begins_at: &str) -> Cast {
    stage.begins_at(&format!("2026-01-05 {begins_at}"));
    let cast = cast(stage, "edge-riga-[01-03]");
    stage.fleet().has_each_week("riga", (0.4, 0.6), (EVENING, minutes(40)));
    cast
}

#[tokio::test]
async fn a_reboot_waits_before_the_evening_and_starts_by_itself_behind_it() {
    story(async |stage| {
        let Cast { noc, ana, .. } = with_an_evening(stage, "19:40");
        stage.clock().advance(seconds(30)).await;
        let asked = ana.types(&noc, "/fleet can-i reboot edge-riga-01").await;
        assert_snapshot!(asked.transcript(), @"
        ana   /fleet can-i reboot edge-riga-01
        bot   (only ana) ✓ You may reboot 1 server in #noc
              Policy noc-noc-reboot: `noc may reboot in #noc`
              Needs nobody's approval. The line still has to say `because REASON`.
              Nothing has started.
              first wave: would wait, and start by itself
              • edge-riga traffic would soon be 108 % of what is left, by the usual with headroom, at most 100 %; clear from hh:mm if it stays so
              the first about hh:mm
        ");
        let plan = ana.types(&noc, "/fleet plan reboot edge-riga-01 because kernel update").await;
        let told = plan.transcript();
        assert!(told.contains("edge-riga traffic would soon be 108 % of what is left"), "{told}");
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(30)).await;
        ana.types(&noc, "/fleet why").await;
        ana.types(&noc, "/fleet queue").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-riga-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in riga
              `edge-riga-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in riga · req-0001
              ⏳ queued · starts by itself
              • edge-riga traffic would soon be 108 % of what is left, by the usual with headroom, at most 100 %; clear from hh:mm if it stays so
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ana   /fleet why
        bot   (only ana) Reboot 1 server in riga · req-0001
              ⏳ queued
              • edge-riga traffic would soon be 108 % of what is left, by the usual with headroom, at most 100 %; clear from hh:mm if it stays so
                blocks `edge-riga-01`
                looked at hh:mm · goes on then
              ~ asked by ana · looks again at every change, and every 15 s · no estimate yet · as of hh:mm
        ana   /fleet queue
        bot   (only ana) 1 request waits
              1. req-0001 reboot 1 server in riga · ana · since hh:mm
                edge-riga traffic would soon be 108 % of what is left, by the usual with headroom, at most 100 %
              ~ every reason: `why req-0001` · as of hh:mm
        ");
        stage.clock().advance(minutes(30)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in riga · req-0001
              ⏳ queued · starts by itself
              • edge-riga traffic would be 90 % of what is left, at most 70 %, measured hh:mm
              • edge-riga traffic is 100 % of 5 min ago, at most 120 %; clear from hh:mm if it stays so
              • edge-riga traffic would soon be 108 % of what is left, by the usual with headroom, at most 100 %; clear from hh:mm if it stays so
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-riga-01", times(0));
        // At 20:59 what comes has been little for long enough, and the half hour of the evening is not over.
        stage.clock().advance(minutes(47)).await;
        assert!(thread.since_last_look().contains("would soon be"), "it is all that is left to wait for");
        stage.fleet().rebooted("edge-riga-01", times(0));
        stage.clock().advance(minutes(4)).await;
        let told = thread.since_last_look();
        assert!(told.contains("✅ done"), "{told}");
        stage.fleet().rebooted("edge-riga-01", times(1));
    })
    .await;
}

/// The shortest way back of a server that is out is to its end.
#[tokio::test]
async fn what_is_out_by_then_goes_on_to_its_end() {
    story(async |stage| {
        let Cast { noc, ana, .. } = with_an_evening(stage, "18:29");
        stage.clock().advance(seconds(10)).await;
        // It leaves rotation at 18:29, and nobody says before 18:30 that it has: then the evening counts.
        stage.fleet().balancers_go_silent();
        let thread = ana.types(&noc, LINE).await;
        stage.clock().advance(seconds(70)).await;
        stage.fleet().serves("edge-riga-01", false);
        stage.fleet().rebooted("edge-riga-01", times(0));
        stage.fleet().balancers_answer();
        stage.clock().advance(minutes(1)).await;
        assert!(thread.transcript().contains("✅ done"), "it goes on");
        stage.fleet().rebooted("edge-riga-01", times(1));
        let next = ana.types(&noc, "/fleet reboot edge-riga-02 because kernel update").await;
        stage.clock().advance(minutes(1)).await;
        let told = next.transcript();
        assert!(told.contains("edge-riga traffic would soon be 108 % of what is left"), "{told}");
        stage.fleet().rebooted("edge-riga-02", times(0));
        ana.types(&noc, "/fleet cancel req-2223").await;
        stage.clock().advance(minutes(1)).await;
        next.transcript();
    })
    .await;
}
