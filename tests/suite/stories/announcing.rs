//! Announcing: work without a server. The same key twice is one effect.

use super::Cast;
use super::crashing::request_step_begun;
use crate::stage::{Calls, Channel, Person, Stage, Thread, minutes, seconds, story, times};
use insta::assert_snapshot;

const URL: &str = "https://status.example.com/api/announcements";

/// ana may announce in #noc; the page answers with that status.
fn cast(stage: &Stage, status: u16) -> (Channel, Person) {
    stage.fleet().has("edge-lax-[01-03]");
    stage.fleet().http_answers(URL, status);
    (stage.channel("#noc").lets("noc", "announce"), stage.person("ana").in_group("noc"))
}

async fn announced(stage: &Stage, (noc, ana): (Channel, Person)) -> Thread {
    let thread = ana.types(&noc, "/fleet announce because riga is in maintenance until 18:00").await;
    stage.clock().advance(seconds(30)).await;
    thread
}

#[tokio::test]
async fn a_line_is_announced() {
    story(async |stage| {
        let thread = announced(stage, cast(stage, 201)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet announce because riga is in maintenance until hh:mm
        bot   (only ana) Understood: announce
              message: `riga is in maintenance until hh:mm`
              ~ req-0001 · … · card <link>
        bot   Announce · req-0001
              ✅ done · hh:mm
              Text: `riga is in maintenance until hh:mm`
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: announce done
              Text: `riga is in maintenance until hh:mm`
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().took_http_effect(times(1));
    })
    .await;
}

/// Killed after the call and before its answer: it is called again with the same key, and posted once.
#[tokio::test]
async fn a_crash_announces_nothing_twice() {
    story(async |stage| {
        let cast = cast(stage, 201);
        stage.bot_dies_after(request_step_begun, Calls::Land).await;
        let thread = announced(stage, cast).await;
        let told = thread.transcript();
        assert!(told.contains("✅ done"), "{told}");
        stage.fleet().took_http_effect(times(1));
    })
    .await;
}

#[tokio::test]
async fn a_page_that_says_no_is_told() {
    story(async |stage| {
        let thread = announced(stage, cast(stage, 403)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet announce because riga is in maintenance until hh:mm
        bot   (only ana) Understood: announce
              message: `riga is in maintenance until hh:mm`
              ~ req-0001 · … · card <link>
        bot   Announce · req-0001
              ❌ failed · hh:mm
              Text: `riga is in maintenance until hh:mm`
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✗ announce refused
              Seen at hh:mm: `it answered 403 instead of 201`
              ▸ http ✗
        bot > ❌ req-0001: announce failed
              Text: `riga is in maintenance until hh:mm`
              ✗ `announce` refused
              ~ some time · asked by @ana · plan 0000
              [[Retry]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        stage.fleet().took_http_effect(times(0));
    })
    .await;
}

/// A page that is down is asked three times; then a person says, or it is asked again with the same key.
#[tokio::test]
async fn a_page_that_is_down_is_asked_about() {
    story(async |stage| {
        let (noc, ana) = cast(stage, 503);
        let thread = announced(stage, (noc, ana.clone())).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet announce because riga is in maintenance until hh:mm
        bot   (only ana) Understood: announce
              message: `riga is in maintenance until hh:mm`
              ~ req-0001 · … · card <link>
        bot   Announce · req-0001
              ❓ needs a person · 1 outcome not known
              What happened? Answer in the thread.
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        bot > ❓ announce: done or not?
              Asked at hh:mm. Known: `no answer to the call: it answered 503 instead of 201`
              It waits until somebody says. Nothing is sent.
              [[It did]] [It did not] [Look again]
        ");
        stage.channel("#incidents").transcript();
        stage.fleet().took_http_effect(times(0));
        stage.fleet().http_answers(URL, 201);
        ana.presses(&thread, "Look again").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Announce · req-0001
              ✅ done · hh:mm
              Text: `riga is in maintenance until hh:mm`
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ announce: settled
        ana   presses [Look again], asked: Look again? The same call is sent once more, with the same key: it cannot count twice. [Look again]
        bot > ✅ req-0001: announce done
              Text: `riga is in maintenance until hh:mm`
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().took_http_effect(times(1));
    })
    .await;
}

#[tokio::test]
async fn an_announcement_that_never_came_has_failed() {
    story(async |stage| {
        let (noc, ana) = cast(stage, 503);
        let thread = announced(stage, (noc, ana.clone())).await;
        thread.transcript();
        ana.presses(&thread, "It did not").await;
        stage.clock().advance(seconds(10)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Announce · req-0001
              ❌ failed · hh:mm
              Text: `riga is in maintenance until hh:mm`
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ ✗ announce: could not be reached · hh:mm
              Known: `ana said so`
        ana   presses [It did not], asked: It did not? announce counts as failed. The call is not sent again. [It did not]
        bot > ❌ req-0001: announce failed
              Text: `riga is in maintenance until hh:mm`
              ✗ `announce` could not be reached
              ~ some time · asked by @ana · plan 0000
              [[Retry]]
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"");
        stage.fleet().took_http_effect(times(0));
    })
    .await;
}

/// Servers do not belong into it.
#[tokio::test]
async fn a_server_in_an_announcement_is_a_misunderstanding() {
    story(async |stage| {
        let (noc, ana) = cast(stage, 201);
        let thread = ana.types(&noc, "/fleet announce edge-lax-01 because riga is back").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet announce edge-lax-01 because riga is back
        bot   (only ana) Announce works on no server
              ```
              announce edge-lax-01 because ri…
                       ^^^^^^^^^^^
              ```
              Leave the servers out. Nothing has started.
              [Edit]
        ");
        stage.fleet().took_http_effect(times(0));
    })
    .await;
}

/// The same command for whole sites: one run each, and the page is told which site.
#[tokio::test]
async fn whole_sites_are_announced_one_by_one() {
    story(async |stage| {
        stage.fleet().has("edge-lax-[01-03]");
        stage.fleet().has("edge-riga-[01-02]");
        stage.fleet().http_answers(URL, 201);
        let (noc, ana) = (stage.channel("#noc").lets("noc", "announce"), stage.person("ana").in_group("noc"));
        stage.changes_command("announce.yaml", "targets: none", "targets: { sites: 2 }");
        stage.changes_command("announce.yaml", "send: [message]", "send: [site, message]");
        stage.changes_command("announce.yaml", "- announce because", "- announce riga because");
        let nowhere = ana.types(&noc, "/fleet announce because all is well").await;
        assert_snapshot!(nowhere.transcript(), @"
        ana   /fleet announce because all is well
        bot   (form for ana) Announce [Send]
        ");
        let unknown = ana.types(&noc, "/fleet announce rigga because all is well").await;
        assert_snapshot!(unknown.transcript(), @"
        ana   /fleet announce rigga because all is well
        bot   (only ana) No server has the site rigga
              ```
              announce rigga because all is w…
                       ^^^^^ did you mean riga?
              ```
              Nothing has started.
              To send instead: `announce riga because all is well`
              [[Use: announce riga because al…]] [Edit]
        ");
        let server = ana.types(&noc, "/fleet announce edge-lax-01 because all is well").await;
        assert_snapshot!(server.transcript(), @"
        ana   /fleet announce edge-lax-01 because all is well
        bot   (only ana) No server has the site edge-lax-01
              ```
              announce edge-lax-01 because al…
                       ^^^^^^^^^^^
              ```
              A site is written as the inventory writes it. Nothing has started.
              [Edit]
        ");
        let thread = ana.types(&noc, "/fleet announce lax,riga because all is well").await;
        stage.clock().advance(seconds(30)).await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet announce lax,riga because all is well
        bot   (only ana) Understood: announce lax and riga
              message: `all is well`
              ~ req-0001 · … · card <link>
        bot   Announce lax and riga · req-0001
              ✅ done · hh:mm
              Text: `all is well`
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✅ req-0001: announce done
              Text: `all is well`
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().took_http_effect(times(2));
    })
    .await;
}

/// A reboot whose last step tells a log how it went.
#[tokio::test]
async fn a_reboot_is_reported_with_what_its_steps_told() {
    story(async |stage| {
        let Cast { noc, ana, .. } = super::cast(stage, "edge-lax-[01-03]");
        stage.fleet().http_answers("https://log.example.com/reboots", 200);
        let report = "  - restore-state\n  - http:\n      method: POST\n      url: \"https://log.example.com/reboots\"\n      \
                      send: [reason, drain.connections-left, reboot.took, check.took]\n      expect: 200\n      timeout: 20s\n";
        stage.changes_command("reboot.yaml", "  - restore-state\n", report);
        let thread = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        stage.clock().advance(minutes(2)).await;
        assert!(thread.transcript().contains("✅ done"), "{}", thread.transcript());
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.fleet().took_http_effect(times(1));
    })
    .await;
}
