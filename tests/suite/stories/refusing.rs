//! Refusing: the wrong channel, the wrong person, too much, the wrong kind. Nothing ever starts.

use super::{Cast, cast};
use crate::stage::{Stage, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

const LINE: &str = "/fleet reboot edge-lax-01 because kernel update";

async fn nothing_was_made(stage: &Stage) {
    assert!(stage.store().await.open_requests().await.unwrap().is_empty());
    stage.fleet().rebooted("edge-lax-[01-03]", times(0));
}

#[tokio::test]
async fn a_channel_decides_what_may_be_done_in_it() {
    story(async |stage| {
        let Cast { ana, .. } = cast(stage, "edge-lax-[01-03]");
        let web = stage.channel("#web").lets("noc", "drain").forbids("reboot", "servers are not rebooted from #web");
        let lobby = stage.channel("#lobby");
        let small = stage.channel("#small").lets_up_to("noc", "reboot", 2);
        let forbidden = ana.types(&web, LINE).await;
        assert_snapshot!(forbidden.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) 🚫 reboot is not allowed in #web
              Policy web-no-reboot: `servers are not rebooted from #web`
              Nothing has started.
              In #noc or #small you may.
              [Ask for access]
        ");
        let unspoken = ana.types(&lobby, LINE).await;
        assert_snapshot!(unspoken.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) 🚫 Nothing is allowed in #lobby: it has no policy
              Nothing has started.
              In #noc or #small you may.
              [Ask for access]
        ");
        let large = ana.types(&small, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        assert_snapshot!(large.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) 🚫 reboot of more than 2 servers is not allowed in #small
              Policy small-noc-reboot: `noc may reboot in #small`
              You asked for 3. Nothing has started.
              In #noc you may.
              [Ask for access]
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

#[tokio::test]
async fn only_members_of_the_right_group_may_ask() {
    story(async |stage| {
        let Cast { noc, bob, .. } = cast(stage, "edge-lax-[01-03]");
        let gus = stage.person("gus").in_group("noc").with_standing(Standing::Guest);
        let sid = stage.person("sid").in_group("noc").with_standing(Standing::Stranger);
        let old = stage.person("old").in_group("noc").with_standing(Standing::Deactivated);
        let hal = stage.person("hal").in_group("noc").with_standing(Standing::Bot);
        let who = stage.person("who").in_group("noc").unknown();
        for person in [&bob, &gus, &sid, &old, &hal, &who] {
            person.types(&noc, LINE).await;
        }
        assert_snapshot!(noc.transcript(), @"
        bob   /fleet reboot edge-lax-01 because kernel update
        bot   (only bob) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        gus   /fleet reboot edge-lax-01 because kernel update
        bot   (only gus) Guests cannot run anything here. Nothing has started.
        sid   /fleet reboot edge-lax-01 because kernel update
        bot   (only sid) Only people of this workspace can run anything here. Nothing has started.
        old   /fleet reboot edge-lax-01 because kernel update
        bot   (only old) This account is switched off. Nothing has started.
        hal   /fleet reboot edge-lax-01 because kernel update
        who   /fleet reboot edge-lax-01 because kernel update
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

#[tokio::test]
async fn a_shared_channel_and_a_direct_message_have_no_policy() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let direct = ana.writes("reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(direct.transcript(), @"
        ana   reboot edge-lax-01 because kernel update
        bot   🚫 Nothing runs from a direct conversation
              Nothing has started.
              In #noc you may.
        ");
        noc.is_shared();
        let shared = ana.types(&noc, LINE).await;
        assert_snapshot!(shared.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) 🚫 People of another workspace read along in #noc, so nothing beyond read-only runs from it
              Nothing has started.
              In #noc you may.
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

#[tokio::test]
async fn a_command_says_what_it_works_on() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.fleet().has("dns-lax-01");
        stage.changes_command("reboot.yaml", "max: 500", "max: 2");
        ana.types(&noc, "/fleet reboot dns-lax-01 because kernel update").await;
        ana.types(&noc, "/fleet reboot site=lax because kernel update").await;
        ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet reboot dns-lax-01 because kernel update
        bot   (only ana) Reboot does not work on dns: `dns-lax-01` (1 server).
              It works on edge-cache and origin. Nothing has started.
        ana   /fleet reboot site=lax because kernel update
        bot   (only ana) Reboot does not work on dns: `dns-lax-01` (1 server).
              It works on edge-cache and origin. Nothing has started.
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) You asked for 3 servers, at most 2 fit one request. Nothing has started.
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

/// Unknown people may do nothing, and a directory that is silent knows nobody.
#[tokio::test]
async fn without_the_directory_nobody_may() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        stage.directory_goes_down();
        let thread = ana.types(&noc, LINE).await;
        stage.directory_comes_back();
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) The directory of people does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

#[tokio::test]
async fn a_channel_without_the_bot_is_told_how_to_invite() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-03]");
        let den = stage.channel("#den").lets("noc", "reboot");
        den.is_hidden();
        let hidden = ana.types(&den, LINE).await;
        assert_snapshot!(hidden.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) I am not in this channel, so I cannot keep a card here. Nothing has started.
              Type `/invite @wrasse` and send the line again.
        ");
        noc.without_bot();
        let outside = ana.types(&noc, LINE).await;
        assert_snapshot!(outside.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) I am not in this channel, so I cannot keep a card here. Nothing has started.
              Type `/invite @wrasse` and send the line again.
        ");
        nothing_was_made(stage).await;
        noc.invites_bot();
        let inside = ana.types(&noc, LINE).await;
        stage.clock().advance(crate::stage::seconds(20)).await;
        assert_snapshot!(inside.transcript(), @"
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
              ~ some time · asked by @ana · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// What nobody can read is recorded and never acted on.
#[tokio::test]
async fn rubbish_is_settled_without_an_answer() {
    story(async |stage| {
        let Cast { noc, .. } = cast(stage, "edge-lax-[01-03]");
        stage.receives_rubbish("").await;
        stage.receives_rubbish("{\"type\": \"slash_commands\", \"payload\": [[[").await;
        stage.receives_rubbish("\u{0}\u{202e}\u{feff}").await;
        assert_snapshot!(noc.transcript(), @"");
        nothing_was_made(stage).await;
    })
    .await;
}
