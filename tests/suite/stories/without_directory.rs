//! Without the directory of people: what changes is refused or waits; what stops, takes back or returns one's own
//! capacity goes on with the last facts known.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

const LATER: &str = "/fleet reboot edge-lax-01 in 20m because kernel update";

#[tokio::test]
async fn a_request_is_cancelled_by_line_and_by_button() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        let nia = stage.person("nia").in_group("noc");
        let first = ana.types(&noc, LATER).await;
        let second = nia.types(&noc, "/fleet reboot edge-lax-02 in 20m because kernel update").await;
        first.transcript();
        stage.directory_goes_down();
        ana.presses_on(&first, "Cancel", "req-2222").await;
        // Somebody who may ask for the same may cancel it, as far as is known.
        ana.types(&noc, "/fleet cancel req-2223").await;
        ana.types(&noc, LATER).await;
        assert_snapshot!(first.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-01` · `kernel update`
              Nothing has started, and nothing runs later
              ~ @ana · plan 0000
              [Details]
        bot ~ Reboot 1 server in lax · req-0002
              ⏹️ cancelled by ana · hh:mm
              `edge-lax-02` · `kernel update`
              Nothing has started, and nothing runs later
              ~ @nia · plan 0000
              [Details]
        ana   presses [Cancel], asked: Cancel req-0001? Nothing has started, and nothing will. [Cancel it]
        bot   (only ana) req-0001 is cancelled. Nothing has started, and nothing runs later.
        bot > ⏹️ req-0001 cancelled by ana, nothing has started
              ~ asked by @ana · plan 0000 · reboot 1 server in lax
        ana   /fleet cancel req-0002
        bot   (only ana) req-0002 is cancelled. Nothing has started, and nothing runs later.
        bot > ⏹️ req-0002 cancelled by ana, nothing has started
              ~ asked by @nia · plan 0000 · reboot 1 server in lax
        ana   /fleet reboot edge-lax-01 in 20m because kernel update
        bot   (only ana) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        ");
        stage.clock().advance(minutes(30)).await;
        stage.directory_comes_back();
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
        first.transcript();
        second.transcript();
    })
    .await;
}

/// By the policies, and by what was last known of the person; letting things go on waits for the directory.
#[tokio::test]
async fn a_site_is_frozen_and_a_server_held_but_nothing_let_go() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("noc", "freeze").lets("noc", "hold");
        let thread = ana.types(&noc, LATER).await;
        thread.transcript();
        stage.directory_goes_down();
        let frozen = ana.types(&noc, "/fleet freeze site=lax for 2h because a live match").await;
        ana.types(&noc, "/fleet hold edge-lax-02 because I change its disk").await;
        ana.types(&noc, "/fleet thaw site=lax").await;
        bob.types(&noc, "/fleet freeze site=lax for 2h because I was never seen").await;
        assert_snapshot!(frozen.transcript(), @"
        ana   /fleet freeze site=lax for 2h because a live match
        bot   (only ana) `site=lax` (6 servers) is frozen until hh:mm.
              1 server waits for it, of 1 request: req-0001.
              ~ to end it sooner: `/fleet thaw site=lax`
        ana   /fleet hold edge-lax-02 because I change its disk
        bot   (only ana) `edge-lax-02` is held: no work on it starts, and what runs there neither changes nor returns it.
              No request waits for it now.
              ~ to let it go: `/fleet release edge-lax-02`
        ana   /fleet thaw site=lax
        bot   (only ana) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        bob   /fleet freeze site=lax for 2h because I was never seen
        bot   (only bob) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        ");
        stage.directory_comes_back();
        stage.clock().advance(minutes(30)).await;
        stage.fleet().rebooted("edge-lax-01", times(0));
        thread.transcript();
    })
    .await;
}

#[tokio::test]
async fn whoever_was_no_member_or_was_never_seen_cancels_nothing() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let gus = stage.person("gus").in_group("noc");
        let new = stage.person("new").in_group("noc");
        let thread = gus.types(&noc, LATER).await;
        let gus = gus.with_standing(Standing::Guest);
        gus.types(&noc, "/fleet status").await;
        thread.transcript();
        stage.directory_goes_down();
        gus.presses(&thread, "Cancel").await;
        new.presses(&thread, "Cancel").await;
        new.types(&noc, "/fleet cancel req-2222").await;
        assert_snapshot!(thread.since_last_look(), @"
        gus   presses [Cancel], asked: Cancel req-0001? Nothing has started, and nothing will. [Cancel it]
        bot   (only gus) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        new   presses [Cancel], asked: Cancel req-0001? Nothing has started, and nothing will. [Cancel it]
        bot   (only new) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        new   /fleet cancel req-0001
        bot   (only new) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        ");
        stage.directory_comes_back();
        let _member = gus.with_standing(Standing::Member);
        ana.types(&noc, "/fleet cancel req-2222").await;
        stage.clock().advance(seconds(10)).await;
        thread.transcript();
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

#[tokio::test]
async fn a_consent_is_taken_back() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-03]");
        let thread = ana.types(&noc, LATER).await;
        bob.approves(&thread, "").await;
        thread.transcript();
        stage.directory_goes_down();
        bob.presses(&thread, "Take it back").await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-01` · `kernel update`
              At most 1 out at once: 2 of 3 stay, floor 2
              Starts from hh:mm
              ~ @ana · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot ~ @sre 1 server in lax needs your approval by hh:mm.
              [[Review]]
        bob   presses [Take it back]
        bot   (form for bob) == Answer ==
              Your approval of req-0001 is taken back. It starts only when others agree.
              [Close]
        bot > @sre 1 server in lax still waits for your decision. At hh:mm it ends, and nothing starts.
              [[Review]]
        ");
        stage.clock().advance(minutes(30)).await;
        stage.directory_comes_back();
        thread.transcript();
        stage.fleet().rebooted("edge-lax-01", times(0));
    })
    .await;
}

/// Whoever took servers out puts them back; nobody puts others' back, and nothing else begins.
#[tokio::test]
async fn own_servers_are_put_back() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        let nia = stage.person("nia").in_group("noc");
        stage.lets_out(50);
        ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        nia.types(&noc, "/fleet drain edge-lax-02 because fan noise").await;
        stage.clock().advance(minutes(1)).await;
        stage.fleet().serves("edge-lax-[01-02]", false);
        noc.transcript();
        stage.directory_goes_down();
        let others = ana.types(&noc, "/fleet undrain edge-lax-02").await;
        ana.types(&noc, "/fleet undrain edge-lax-[01-02]").await;
        ana.types(&noc, "/fleet drain edge-lax-03 because fan noise").await;
        ana.types(&noc, "/fleet undrain edge-lax-01").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(others.transcript(), @"
        ana   /fleet undrain edge-lax-02
        bot   (only ana) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        ana   /fleet undrain edge-lax-[01-02]
        bot   (only ana) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        ana   /fleet drain edge-lax-03 because fan noise
        bot   (only ana) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        ana   /fleet undrain edge-lax-01
        bot   (only ana) Understood: undrain 1 server in lax
              `edge-lax-01`
              ~ req-0003 · … · card <link>
        bot   Undrain 1 server in lax · req-0003
              ✅ done · hh:mm
              `edge-lax-01`
              1 of 1 put into production
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0003: edge-lax-01 put into production
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().serves("edge-lax-01", true);
        stage.fleet().serves("edge-lax-02", false);
        stage.directory_comes_back();
    })
    .await;
}
