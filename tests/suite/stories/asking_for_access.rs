//! Asking for access to what was refused: once, of those who own the command, where only we read it.

use super::asking::nothing_was_made;
use super::{Cast, cast};
use crate::stage::{minutes, story};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

#[tokio::test]
async fn access_is_asked_for_once_and_of_those_who_own_the_command() {
    story(async |stage| {
        let Cast { ana, .. } = cast(stage, "edge-lax-[01-03]");
        let small = stage.channel("#small").lets_up_to("noc", "reboot", 2);
        let refused =
            ana.types(&small, "/fleet reboot edge-lax-[01-03] because kernel `@here` <!channel> update").await;
        let button = ana.sees_button(&refused, "Ask for access").unwrap();
        ana.presses(&refused, "Ask for access").await;
        ana.presses_again(&refused, &button).await;
        assert_snapshot!(refused.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel `@here` <!channel> update
        bot   (only ana) 🚫 reboot of more than 2 servers is not allowed in #small
              Policy small-noc-reboot: `noc may reboot in #small`
              You asked for 3. Nothing has started.
              In #noc you may.
              [Ask for access]
        ana   presses [Ask for access]
        bot   (only ana) Asked sre in #small at hh:mm. Nothing has started. Send the line again once they have said yes.
        bot   @sre: @ana asks to be allowed to reboot 3 servers in #small
              `reboot edge-lax-[01-03] because kernel '@here' <!channel> update`
              Now: reboot of more than 2 servers is not allowed in #small.
              Policy small-noc-reboot: `noc may reboot in #small`
              Missing: more than 2 servers at once; 3 were asked for.
              Nothing has started.
              ~ written at `channels/small.cedar:1`
        ana   presses a button seen before
        bot   (only ana) This was asked already at hh:mm. Nothing was asked a second time.
        ");
        // The same line, refused anew, is the same question.
        let again = ana.types(&small, "/fleet reboot edge-lax-[01-03] because kernel `@here` <!channel> update").await;
        ana.presses(&again, "Ask for access").await;
        assert_snapshot!(again.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel `@here` <!channel> update
        bot   (only ana) 🚫 reboot of more than 2 servers is not allowed in #small
              Policy small-noc-reboot: `noc may reboot in #small`
              You asked for 3. Nothing has started.
              In #noc you may.
              [Ask for access]
        ana   presses [Ask for access]
        bot   (only ana) This was asked already at hh:mm. Nothing was asked a second time.
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

#[tokio::test]
async fn every_refusal_that_can_be_lifted_says_what_is_missing() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let web = stage.channel("#web").lets("noc", "drain").forbids("reboot", "servers are not rebooted from #web");
        let lobby = stage.channel("#lobby");
        for (person, channel) in [(&bob, &noc), (&ana, &web), (&ana, &lobby)] {
            let refused = person.types(channel, "/fleet can-i reboot edge-lax-01").await;
            person.presses(&refused, "Ask for access").await;
        }
        assert_snapshot!(noc.transcript(), @"
        bob   /fleet can-i reboot edge-lax-01
        bot   (only bob) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        bob   presses [Ask for access]
        bot   (only bob) Asked sre in #noc at hh:mm. Nothing has started. Send the line again once they have said yes.
        bot   @sre: @bob asks to be allowed to reboot 1 server in #noc
              `reboot edge-lax-01`
              Now: reboot is not allowed in #noc.
              Missing: a policy that allows this in #noc; in #noc, members of noc may.
              Nothing has started.
        ");
        assert_snapshot!(web.transcript(), @"
        ana   /fleet can-i reboot edge-lax-01
        bot   (only ana) 🚫 reboot is not allowed in #web
              Policy web-no-reboot: `servers are not rebooted from #web`
              Nothing has started.
              In #noc you may.
              [Ask for access]
        ana   presses [Ask for access]
        bot   (only ana) Asked sre in #web at hh:mm. Nothing has started. Send the line again once they have said yes.
        bot   @sre: @ana asks to be allowed to reboot 1 server in #web
              `reboot edge-lax-01`
              Now: reboot is not allowed in #web.
              Policy web-no-reboot: `servers are not rebooted from #web`
              Missing: an exception from that policy; it is allowed in #noc.
              Nothing has started.
              ~ written at `channels/web.cedar:5`
        ");
        assert_snapshot!(lobby.transcript(), @"
        ana   /fleet can-i reboot edge-lax-01
        bot   (only ana) 🚫 Nothing is allowed in #lobby: it has no policy
              Nothing has started.
              In #noc you may.
              [Ask for access]
        ana   presses [Ask for access]
        bot   (only ana) Asked sre in #lobby at hh:mm. Nothing has started. Send the line again once they have said yes.
        bot   @sre: @ana asks to be allowed to reboot 1 server in #lobby
              `reboot edge-lax-01`
              Now: Nothing is allowed in #lobby: it has no policy.
              Missing: a policy for reboot in #lobby, which has none at all; it is allowed in #noc.
              Nothing has started.
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

#[tokio::test]
async fn access_is_asked_for_three_times_an_hour_at_most() {
    story(async |stage| {
        let Cast { noc, bob, .. } = cast(stage, "edge-lax-[01-03]");
        let cat = stage.person("cat");
        for servers in ["edge-lax-01", "edge-lax-02", "edge-lax-03"] {
            let refused = bob.types(&noc, &format!("/fleet reboot {servers} because x")).await;
            bob.presses(&refused, "Ask for access").await;
            assert!(refused.transcript().contains("@sre: @bob asks"), "{}", refused.transcript());
            stage.clock().advance(minutes(5)).await;
        }
        let fourth = bob.types(&noc, "/fleet reboot edge-lax-[01-02] because x").await;
        bob.presses(&fourth, "Ask for access").await;
        assert_snapshot!(fourth.transcript(), @"
        bob   /fleet reboot edge-lax-[01-02] because x
        bot   (only bob) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        bob   presses [Ask for access]
        bot   (only bob) You asked for access 3 times within an hour. Nobody was asked now: the button works again at hh:mm, under a new refusal.
        ");
        // Somebody else's questions are counted for themselves.
        let others = cat.types(&noc, "/fleet reboot edge-lax-[01-02] because x").await;
        cat.presses(&others, "Ask for access").await;
        assert_snapshot!(others.transcript(), @"
        cat   /fleet reboot edge-lax-[01-02] because x
        bot   (only cat) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        cat   presses [Ask for access]
        bot   (only cat) Asked sre in #noc at hh:mm. Nothing has started. Send the line again once they have said yes.
        bot   @sre: @cat asks to be allowed to reboot 2 servers in #noc
              `reboot edge-lax-[01-02] because x`
              Now: reboot is not allowed in #noc.
              Missing: a policy that allows this in #noc; in #noc, members of noc may.
              Nothing has started.
        ");
        stage.clock().advance(minutes(50)).await;
        let later = bob.types(&noc, "/fleet reboot edge-lax-[01-02] because x").await;
        bob.presses(&later, "Ask for access").await;
        assert_snapshot!(later.transcript(), @"
        bob   /fleet reboot edge-lax-[01-02] because x
        bot   (only bob) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        bob   presses [Ask for access]
        bot   (only bob) Asked sre in #noc at hh:mm. Nothing has started. Send the line again once they have said yes.
        bot   @sre: @bob asks to be allowed to reboot 2 servers in #noc
              `reboot edge-lax-[01-02] because x`
              Now: reboot is not allowed in #noc.
              Missing: a policy that allows this in #noc; in #noc, members of noc may.
              Nothing has started.
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

/// Who may by now asks nobody, and a button is worth something to one person, in one channel, for ten minutes.
#[tokio::test]
async fn a_button_for_access_is_for_the_person_who_was_refused() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let refused = bob.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        let button = bob.sees_button(&refused, "Ask for access").unwrap();
        ana.presses_again(&refused, &button).await;
        let bob = bob.in_group("noc");
        stage.clock().advance(minutes(2)).await;
        bob.presses(&refused, "Ask for access").await;
        bob.leaves_group("noc");
        stage.clock().advance(minutes(10)).await;
        bob.presses_again(&refused, &button).await;
        assert_snapshot!(refused.transcript(), @"
        bob   /fleet reboot edge-lax-01 because kernel update
        bot   (only bob) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        ana   presses a button seen before
        bot   (only ana) This button was made for somebody else. Nothing has changed. Send your own line.
        bob   presses [Ask for access]
        bot   (only bob) You may do this by now, so nobody was asked. Nothing has started.
              To send: `reboot edge-lax-01 because kernel update`
        bob   presses a button seen before
        bot   (only bob) This button is no longer in use. Nothing has changed.
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

/// Guests and strangers are told that they can run nothing, and a bot is told nothing; none of them can ask for more.
#[tokio::test]
async fn nobody_but_members_can_ask_for_access() {
    story(async |stage| {
        let Cast { noc, bob, .. } = cast(stage, "edge-lax-[01-03]");
        let line = "/fleet can-i reboot edge-lax-01";
        for standing in [Standing::Guest, Standing::Stranger, Standing::Deactivated, Standing::Bot] {
            let person = stage.person(&format!("{standing:?}").to_lowercase()).with_standing(standing);
            let thread = person.types(&noc, line).await;
            assert!(person.sees_button(&thread, "Ask for access").is_none(), "{}", thread.transcript());
        }
        // A member who becomes a guest in between loses the button's worth.
        let refused = bob.types(&noc, line).await;
        let button = bob.sees_button(&refused, "Ask for access").unwrap();
        let bob = bob.with_standing(Standing::Guest);
        stage.clock().advance(minutes(2)).await;
        bob.presses_again(&refused, &button).await;
        assert_snapshot!(noc.transcript(), @"
        guest /fleet can-i reboot edge-lax-01
        bot   (only guest) Guests cannot run anything here. Nothing has started.
        stranger /fleet can-i reboot edge-lax-01
        bot   (only stranger) Only people of this workspace can run anything here. Nothing has started.
        deactivated /fleet can-i reboot edge-lax-01
        bot   (only deactivated) This account is switched off. Nothing has started.
        bot   /fleet can-i reboot edge-lax-01
        bob   /fleet can-i reboot edge-lax-01
        bot   (only bob) 🚫 reboot is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        bob   presses a button seen before
        bot   (only bob) Guests cannot run anything here. Nothing has started.
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

/// Nobody else reads a direct conversation, and strangers read a shared channel.
#[tokio::test]
async fn access_is_asked_for_where_only_we_read_it() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let direct = ana.writes("can-i reboot edge-lax-01").await;
        assert_snapshot!(direct.transcript(), @"
        ana   can-i reboot edge-lax-01
        bot   🚫 Nothing runs from a direct conversation
              Nothing has started.
              In #noc you may.
        ");
        let who = ana.writes("who-can reboot").await;
        assert_snapshot!(who.transcript(), @"
        ana   who-can reboot
        bot   Who may reboot servers in a direct conversation
              Nobody. Nothing runs from a direct conversation.
        ");
        noc.is_shared();
        let shared = bob.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(shared.transcript(), @"
        bob   /fleet reboot edge-lax-01 because kernel update
        bot   (only bob) 🚫 People of another workspace read along in #noc, so nothing beyond read-only runs from it
              Nothing has started.
              Send it in a channel of this workspace alone.
        ");
        let asked = bob.types(&noc, "/fleet who-can reboot on edge-lax-01").await;
        assert_snapshot!(asked.transcript(), @"
        bob   /fleet who-can reboot on edge-lax-01
        bot   (only bob) Who may reboot 1 server in #noc
              Nobody. People of another workspace read along in #noc, so nothing beyond read-only runs from it.
        ");
        nothing_was_made(stage).await;
    })
    .await;
}

/// Whoever answers for the policy that stands in the way is asked; where no file says who that is, the command's owner.
#[tokio::test]
async fn the_owner_of_the_policy_is_asked() {
    story(async |stage| {
        let Cast { ana, bob, .. } = cast(stage, "edge-lax-[01-03]");
        stage.person("wen").in_group("web");
        stage.person("ola").in_group("ops");
        let web = stage.channel("#web").has_rules(
            "owner: web
allow:
  - { id: web-small, who: noc, commands: reboot, at-most: 1, reason: one at a time }
  - { id: web-drain, who: noc, commands: drain, at-most: 1, owner: ops, reason: one at a time }
",
        );
        let unowned = stage.channel("#unowned").has_rules(
            "allow:\n  - { id: any-small, who: noc, commands: reboot, at-most: 1, reason: one at a time }\n",
        );
        let mut asked = Vec::new();
        for (person, channel, line) in [
            (&ana, &web, "/fleet can-i reboot edge-lax-[01-02]"),
            (&ana, &web, "/fleet can-i drain edge-lax-[01-02]"),
            (&ana, &web, "/fleet can-i undrain edge-lax-01"),
            (&bob, &web, "/fleet can-i drain edge-lax-01"),
            (&bob, &unowned, "/fleet can-i reboot edge-lax-01"),
        ] {
            let refused = person.types(channel, line).await;
            person.presses(&refused, "Ask for access").await;
            let told = refused.transcript();
            let post = told.lines().find(|line| line.contains("asks to be allowed")).unwrap_or(&told);
            asked.push(post.trim_start_matches("bot   ").to_owned());
        }
        assert_snapshot!(asked.join("\n"), @"
        @web: @ana asks to be allowed to reboot 2 servers in #web
        @ops: @ana asks to be allowed to drain 2 servers in #web
        @web: @ana asks to be allowed to undrain 1 server in #web
        @ops: @bob asks to be allowed to drain 1 server in #web
        @sre: @bob asks to be allowed to reboot 1 server in #unowned
        ");
        nothing_was_made(stage).await;
    })
    .await;
}
