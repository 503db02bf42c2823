//! Freezes and the blacklist: what they cover waits, or is left out, until they are over or ended; each with its "no".

use super::{Cast, cast};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;

/// The answer tells what it stops; it goes off by the clock, to the second, and what waited starts by itself.
#[tokio::test]
async fn a_frozen_site_waits_until_it_is_over() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        stage.fleet().has("edge-fra-[01-03]");
        let noc = noc.lets("sre", "freeze");
        stage.fleet().holds_boots();
        let working = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        working.transcript();
        let freeze = bob.types(&noc, "/fleet freeze site=lax for 5m because a live match").await;
        assert_snapshot!(freeze.transcript(), @"
        bob   /fleet freeze site=lax for 5m because a live match
        bot   (only bob) `site=lax` (6 servers) is frozen until hh:mm.
              1 server waits for it, of 1 request: req-0001. 1 server at work goes to its end: req-0001.
              ~ to end it sooner: `/fleet thaw site=lax`
        ");
        let waiting = ana.types(&noc, "/fleet drain edge-lax-03 because fan noise").await;
        assert_snapshot!(waiting.transcript(), @"
        ana   /fleet drain edge-lax-03 because fan noise
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-03` · reason: `fan noise`
              ~ req-0002 · … · card <link>
        bot   Drain 1 server in lax · req-0002
              ⏳ queued, 2nd of 2 in lax at hh:mm · starts by itself
              • `site=lax` frozen by bob until hh:mm: `a live match`
              • edge-lax has 5 of 6 in service, floor 5
                1 out: `edge-lax-01` (drained, req-0001)
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let elsewhere = ana.types(&noc, "/fleet drain edge-fra-01 because fan noise").await;
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(2)).await;
        assert!(elsewhere.since_last_look().contains("1 of 1 drained"));
        // What was under way went to its end; what had not begun waits.
        assert_snapshot!(working.since_last_look(), @"
        bot ~ Reboot 2 servers in lax · req-0001
              ✋ halted · goes on by itself
              ▰▰▰▰▰▱▱▱▱▱  1 of 2 · 1 waiting
              • `site=lax` frozen by bob until hh:mm: `a live match`
              ~ @ana · as of hh:mm
              [Details] [!Cancel!]
        bot ~ Drain 1 server in lax · req-0002
              ⏳ queued, 2nd of 2 in lax at hh:mm · starts by itself
              • `site=lax` frozen by bob until hh:mm: `a live match`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        stage.fleet().rebooted("edge-lax-02", times(0));
        stage.clock().advance(minutes(3)).await;
        assert!(waiting.since_last_look().contains("1 of 1 drained"));
        stage.clock().advance(minutes(1)).await;
        working.since_last_look();
        stage.fleet().rebooted("edge-lax-[01-02]", times(1));
    })
    .await;
}

#[tokio::test]
async fn a_freeze_is_thawed_as_it_was_said() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "freeze");
        bob.types(&noc, "/fleet freeze site=lax until tomorrow 02:00 UTC because a live match").await.transcript();
        let waiting = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        waiting.transcript();
        stage.kills_bot().await;
        let other = bob.types(&noc, "/fleet thaw everything").await;
        assert_snapshot!(other.transcript(), @"
        bob   /fleet thaw everything
        bot   (only bob) `everything` is not frozen, as far as it was said so. Nothing has changed.
              `/fleet thaw site=lax` frozen by bob: `a live match`
        ");
        stage.fleet().rebooted("edge-lax-01", times(0));
        let thaw = bob.types(&noc, "/fleet thaw site=lax").await;
        stage.clock().advance(minutes(1)).await;
        assert_snapshot!(thaw.transcript(), @"
        bob   /fleet thaw site=lax
        bot   (only bob) `site=lax` is not frozen any more. What waited starts by itself when it is safe.
        bot > ▶️ Started at hh:mm, after some time.
        bot > ✅ req-0001: edge-lax-01 rebooted and back in production
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        waiting.since_last_look();
        stage.fleet().rebooted("edge-lax-01", times(1));
    })
    .await;
}

/// Whoever opens their home sees what is frozen, until when and why, and by whom.
#[tokio::test]
async fn a_home_tells_what_is_frozen() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let noc = noc.lets("sre", "freeze");
        bob.types(&noc, "/fleet freeze site=lax for 5m because a live match").await.transcript();
        ana.opens_home().await;
        assert_snapshot!(ana.home(), @"
        Waiting for you · nothing
        Yours · nothing yet
        Fleet · 3 of 3 in service · no request is open
        ❄ `site=lax` frozen by bob until hh:mm: `a live match`
        [[New request]] [My requests]
        ~ as of hh:mm
        ");
        stage.clock().advance(minutes(6)).await;
        ana.opens_home().await;
        assert!(!ana.home().contains("frozen"), "{}", ana.home());
        noc.transcript();
    })
    .await;
}

/// Who may is said by the channel's policies; and a freeze without an end, or a long one, is none.
#[tokio::test]
async fn who_may_not_and_what_is_no_freeze() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets_up_to("sre", "freeze", 3);
        let thread = ana.types(&noc, "/fleet freeze site=lax for 5m because a live match").await;
        assert_snapshot!(thread.transcript(), @"
        ana   /fleet freeze site=lax for 5m because a live match
        bot   (only ana) 🚫 freeze is not allowed in #noc
              Nothing has started.
              Members of sre may, at most 3 at once.
        ");
        let large = bob.types(&noc, "/fleet freeze everything for 5m because a live match").await;
        assert_snapshot!(large.transcript(), @"
        bob   /fleet freeze everything for 5m because a live match
        bot   (only bob) 🚫 freeze of more than 3 servers is not allowed in #noc
              Policy noc-sre-freeze: `sre may freeze in #noc`
              You asked for 6. Nothing has started.
        ");
        let endless = bob.types(&noc, "/fleet freeze edge-lax-01 because a live match").await;
        assert_snapshot!(endless.transcript(), @"
        bob   /fleet freeze edge-lax-01 because a live match
        bot   (only bob) This part of the line fits nothing
              ```
              freeze edge-lax-01 because a li…
                                 ^^^^^^^
              ```
              Expected here: when it is over: until hh:mm, or for 2h. Nothing has started.
        ");
        let long = bob.types(&noc, "/fleet freeze edge-lax-01 for 31d because a live match").await;
        assert_snapshot!(long.transcript(), @"
        bob   /fleet freeze edge-lax-01 for 31d because a live match
        bot   (only bob) This would last too long
              ```
              freeze edge-lax-01 for 31d beca…
                                     ^^^
              ```
              It may last 30 days, and can be said again before it is over. Nothing has started.
        ");
        let nothing = bob.types(&noc, "/fleet freeze site=lxa for 5m because a live match").await;
        assert_snapshot!(nothing.transcript(), @"
        bob   /fleet freeze site=lxa for 5m because a live match
        bot   (only bob) No server has the site lxa
              ```
              freeze site=lxa for 5m because …
                          ^^^ did you mean lax?
              ```
              Nothing has started.
              To send instead: `freeze site=lax for 5m because a live match`
        ");
        let done = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        stage.clock().advance(seconds(30)).await;
        assert!(done.transcript().contains("1 of 1 drained"));
    })
    .await;
}

/// One level waits, the other leaves out.
#[tokio::test]
async fn what_is_on_the_blacklist_waits_or_is_left_out() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-20]");
        let noc = noc.lets("sre", "blacklist");
        let block = bob.types(&noc, "/fleet blacklist edge-lax-01 reboot for 2m because its fans fail").await;
        assert_snapshot!(block.transcript(), @"
        bob   /fleet blacklist edge-lax-01 reboot for 2m because its fans fail
        bot   (only bob) `reboot on edge-lax-01` (1 server) is on the blacklist until hh:mm.
              No request waits for it now.
              ~ to end it sooner: `/fleet unblacklist edge-lax-01 reboot`
        ");
        let firm = bob.types(&noc, "/fleet blacklist edge-lax-02 for 1d --absolute because it is evidence").await;
        assert_snapshot!(firm.transcript(), @"
        bob   /fleet blacklist edge-lax-02 for 1d --absolute because it is evidence
        bot   (only bob) `edge-lax-02` (1 server) is on the blacklist until hh:mm.
              No request waits for it now. What it covers is left out.
              ~ to end it sooner: `/fleet unblacklist edge-lax-02`
        ");
        let waiting = ana.types(&noc, "/fleet reboot edge-lax-01 because kernel update").await;
        assert_snapshot!(waiting.transcript(), @"
        ana   /fleet reboot edge-lax-01 because kernel update
        bot   (only ana) Understood: reboot 1 server in lax
              `edge-lax-01` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 1 server in lax · req-0001
              ⏳ queued · starts by itself
              • `reboot on edge-lax-01` blacklisted by bob until hh:mm: `its fans fail`
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        ");
        let out = ana.types(&noc, "/fleet drain edge-lax-02 because fan noise").await;
        stage.clock().advance(seconds(20)).await;
        assert_snapshot!(out.transcript(), @"
        ana   /fleet drain edge-lax-02 because fan noise
        bot   (only ana) Understood: drain 1 server in lax
              `edge-lax-02` · reason: `fan noise`
              ~ req-0002 · … · card <link>
        bot   Drain 1 server in lax · req-0002
              ❌ failed · hh:mm
              `edge-lax-02` · `fan noise`
              0 of 1 drained · 1 left out
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ❌ req-0002: none of 1 drained, 1 left out
              – `edge-lax-02` left out: not as planned any more, or on the blacklist
              ~ some time · asked by @ana · plan 0000
              [[Retry 1]]
        ");
        let other = ana.types(&noc, "/fleet drain edge-lax-01 because fan noise").await;
        stage.clock().advance(minutes(3)).await;
        let told = other.transcript();
        assert!(told.contains("1 of 1 drained"), "another command is not covered:\n{told}");
        waiting.since_last_look();
        let off = bob.types(&noc, "/fleet unblacklist edge-lax-02").await;
        assert_snapshot!(off.transcript(), @"
        bob   /fleet unblacklist edge-lax-02
        bot   (only bob) `edge-lax-02` is not on the blacklist any more. What waited starts by itself when it is safe.
        ");
        let refused = ana.types(&noc, "/fleet blacklist edge-lax-03 for 1d because I say so").await;
        assert_snapshot!(refused.transcript(), @"
        ana   /fleet blacklist edge-lax-03 for 1d because I say so
        bot   (only ana) 🚫 blacklist is not allowed in #noc
              Nothing has started.
              In #noc, sre may.
        ");
        stage.clock().advance(minutes(2)).await;
        waiting.since_last_look();
    })
    .await;
}

/// What lets things go on can be looked at as well: whose it is and why, and what would go on; and nothing is let go.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "each kind of brake on the same request")]
async fn what_would_go_on_is_looked_at_before() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "freeze").lets("sre", "blacklist").lets("sre", "hold");
        let first = bob.types(&noc, "/fleet freeze site=lax for 5m because a live match").await;
        let reboot = ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await;
        bob.types(&noc, "/fleet blacklist edge-lax-[01-03] reboot for 7d because it hangs").await;
        bob.types(&noc, "/fleet hold edge-lax-[01,03] because I change their disks").await;
        ana.types(&noc, "/fleet hold req-2222 because traffic is high").await;
        first.transcript();
        let look = bob.types(&noc, "/fleet plan thaw site=lax").await;
        assert_snapshot!(look.transcript(), @"
        bob   /fleet plan thaw site=lax
        bot   (only bob) Plan · nothing is done yet
              `site=lax` is frozen by bob since hh:mm until hh:mm: `a live match`
              2 servers that wait for it would go on when nothing else keeps them, of 1 request: req-0001.
              ~ to end it: `/fleet thaw site=lax`
        ");
        let look = bob.types(&noc, "/fleet plan unblacklist edge-lax-[01-03] reboot").await;
        assert_snapshot!(look.transcript(), @"
        bob   /fleet plan unblacklist edge-lax-[01-03] reboot
        bot   (only bob) Plan · nothing is done yet
              `reboot on edge-lax-[01-03]` is on the blacklist by bob since hh:mm until hh:mm: `it hangs`
              2 servers that wait for it would go on when nothing else keeps them, of 1 request: req-0001.
              ~ to end it: `/fleet unblacklist edge-lax-[01-03] reboot`
        ");
        let look = bob.types(&noc, "/fleet plan release edge-lax-[01-03]").await;
        assert_snapshot!(look.transcript(), @"
        bob   /fleet plan release edge-lax-[01-03]
        bot   (only bob) Plan · nothing is done yet
              `edge-lax-[01,03]` are held by bob since hh:mm: `I change their disks`
              1 server that waits for it would go on when nothing else keeps it, of 1 request: req-0001.
              ~ to end it: `/fleet release edge-lax-[01-03]`
        ");
        let look = ana.types(&noc, "/fleet plan release req-2222").await;
        assert_snapshot!(look.transcript(), @"
        ana   /fleet plan release req-0001
        bot   (only ana) Plan · nothing is done yet
              `req-0001` is held by ana since hh:mm: `traffic is high`
              2 servers that wait for it would go on when nothing else keeps them, of 1 request: req-0001.
              ~ to end it: `/fleet release req-0001`
        ");
        // What is not there, and what is not theirs, is told as by the line itself.
        let look = bob.types(&noc, "/fleet plan thaw edge-lax-05").await;
        assert_snapshot!(look.transcript(), @"
        bob   /fleet plan thaw edge-lax-05
        bot   (only bob) `edge-lax-05` is not frozen, as far as it was said so. Nothing has changed.
              `/fleet thaw site=lax` frozen by bob: `a live match`
        ");
        let look = ana.types(&noc, "/fleet plan thaw site=lax").await;
        assert_snapshot!(look.transcript(), @"
        ana   /fleet plan thaw site=lax
        bot   (only ana) 🚫 freeze is not allowed in #noc
              Nothing has started.
              In #noc, sre may.
        ");
        let look = bob.types(&noc, "/fleet plan resume everything because the cause was found").await;
        assert_snapshot!(look.transcript(), @"
        bob   /fleet plan resume everything because the cause was found
        bot   (only bob) Nothing is stopped as a whole. Nothing has changed.
              To see what waits, and why: `/fleet status`
        ");
        bob.types(&noc, "/fleet stop everything because servers do not come back").await.transcript();
        let look = ana.types(&noc, "/fleet plan resume everything because the cause was found").await;
        assert_snapshot!(look.transcript(), @"
        ana   /fleet plan resume everything because the cause was found
        bot   (only ana) Plan: resume everything · nothing is done yet
              🛑 Everything is stopped by bob since hh:mm: `servers do not come back`
              2 servers would start when it is safe, of 1 request: req-0001.
              ~ to do it: `/fleet resume everything because the cause was found`
        ");
        ana.types(&noc, "/fleet resume everything because the cause was found").await.transcript();
        stage.clock().advance(seconds(60)).await;
        assert_snapshot!(reboot.since_last_look(), @"");
        stage.fleet().rebooted("edge-lax-[01-02]", times(0));
        ana.types(&noc, "/fleet cancel req-2222").await.transcript();
        stage.clock().advance(minutes(6)).await;
        first.transcript();
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// Whoever looks before sees what it would stop, by request; and nothing is stopped.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "each kind of brake on the same two requests")]
async fn a_freeze_is_looked_at_before() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let noc = noc.lets("sre", "freeze").lets("sre", "blacklist").lets("sre", "hold");
        stage.fleet().holds_boots();
        ana.types(&noc, "/fleet reboot edge-lax-[01-02] because kernel update").await.transcript();
        ana.types(&noc, "/fleet reboot edge-lax-[03-04] because fan noise").await.transcript();
        let look = bob.types(&noc, "/fleet plan freeze site=lax for 5m because a live match").await;
        assert_snapshot!(look.transcript(), @"
        bob   /fleet plan freeze site=lax for 5m because a live match
        bot   (only bob) Plan · nothing is done yet
              `site=lax` (6 servers) would be frozen until hh:mm.
              3 servers would wait for it, of 2 requests: req-0001 (1), req-0002 (2). 1 server at work would go to its end: req-0001.
              ~ to do it: `/fleet freeze site=lax for 5m because a live match`
        ");
        let blacklist = bob.types(&noc, "/fleet plan blacklist edge-lax-[01-03] reboot for 7d because it hangs").await;
        assert_snapshot!(blacklist.transcript(), @"
        bob   /fleet plan blacklist edge-lax-[01-03] reboot for 7d because it hangs
        bot   (only bob) Plan · nothing is done yet
              `reboot on edge-lax-[01-03]` (3 servers) would be on the blacklist until hh:mm.
              2 servers would wait for it, of 2 requests: req-0001 (1), req-0002 (1). 1 server at work would go to its end: req-0001.
              ~ to do it: `/fleet blacklist edge-lax-[01-03] reboot for 7d because it hangs`
        ");
        let hold = bob.types(&noc, "/fleet plan hold edge-lax-[01,03] because I change their disks").await;
        assert_snapshot!(hold.transcript(), @"
        bob   /fleet plan hold edge-lax-[01,03] because I change their disks
        bot   (only bob) Plan · nothing is done yet
              `edge-lax-[01,03]` would be held: no work on them would start, and what runs there would neither change nor return them.
              1 server would wait for it, of 1 request: req-0002. 1 server at work would stay as it is: req-0001.
              ~ to do it: `/fleet hold edge-lax-[01,03] because I change their disks`
        ");
        let pause = ana.types(&noc, "/fleet plan hold req-2222 because traffic is high").await;
        assert_snapshot!(pause.transcript(), @"
        ana   /fleet plan hold req-0001 because traffic is high
        bot   (only ana) Plan · nothing is done yet
              req-0001 would be held: it would start no more, and what it began would go on.
              1 not started · 1 at work
              ~ to do it: `/fleet hold req-0001 because traffic is high`
        ");
        let stop = ana.types(&noc, "/fleet plan stop everything").await;
        assert_snapshot!(stop.transcript(), @"
        ana   /fleet plan stop everything
        bot   (only ana) Plan: stop everything · nothing is done yet
              Nothing would start that changes a server.
              3 servers would wait, of 2 requests: req-0001 (1), req-0002 (2). 1 server at work would go to a safe point: req-0001.
              ~ to do it: `/fleet stop everything`
        ");
        let nothing = bob.types(&noc, "/fleet plan freeze name=~06$ for 5m because a live match").await;
        assert_snapshot!(nothing.transcript(), @"
        bob   /fleet plan freeze name=~06$ for 5m because a live match
        bot   (only bob) Plan · nothing is done yet
              `name=~06$` (1 server) would be frozen until hh:mm.
              No request would wait for it now.
              ~ to do it: `/fleet freeze name=~06$ for 5m because a live match`
        ");
        let refused = ana.types(&noc, "/fleet plan freeze site=lax for 5m because a live match").await;
        assert_snapshot!(refused.transcript(), @"
        ana   /fleet plan freeze site=lax for 5m because a live match
        bot   (only ana) 🚫 freeze is not allowed in #noc
              Nothing has started.
              In #noc, sre may.
        ");
        let held = bob.types(&noc, "/fleet hold edge-lax-[01,03] because I change their disks").await;
        assert_snapshot!(held.transcript(), @"
        bob   /fleet hold edge-lax-[01,03] because I change their disks
        bot   (only bob) `edge-lax-[01,03]` are held: no work on them starts, and what runs there neither changes nor returns them.
              1 server waits for it, of 1 request: req-0002. 1 server at work stays as it is: req-0001.
              ~ to let them go: `/fleet release edge-lax-[01,03]`
        ");
        bob.types(&noc, "/fleet release edge-lax-[01,03]").await.transcript();
        stage.fleet().finishes("edge-lax-01");
        stage.fleet().lets_boot();
        stage.clock().advance(minutes(6)).await;
        noc.transcript();
        stage.fleet().rebooted("edge-lax-[01-04]", times(1));
    })
    .await;
}

/// Whoever says less than what stands already takes nothing away by it.
#[tokio::test]
async fn a_longer_or_firmer_word_of_somebody_else_stays() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-03]");
        let noc = ["noc", "sre"].into_iter().fold(noc, |noc, group| noc.lets(group, "freeze").lets(group, "blacklist"));
        bob.types(&noc, "/fleet freeze site=lax for 2d because a live match").await.transcript();
        let shorter = ana.types(&noc, "/fleet freeze site=lax for 5m because a cable").await;
        assert_snapshot!(shorter.transcript(), @"
        ana   /fleet freeze site=lax for 5m because a cable
        bot   (only ana) `site=lax` is frozen already, by bob until hh:mm: `a live match`. Nothing has changed.
              To put less in its place, first: `/fleet thaw site=lax`
        ");
        bob.types(&noc, "/fleet blacklist edge-lax-03 reboot for 1h --absolute because its BMC hangs")
            .await
            .transcript();
        let weaker = ana.types(&noc, "/fleet blacklist edge-lax-03 reboot for 1h because it is loud").await;
        assert_snapshot!(weaker.transcript(), @"
        ana   /fleet blacklist edge-lax-03 reboot for 1h because it is loud
        bot   (only ana) `reboot on edge-lax-03` is on the blacklist already, absolutely, by bob until hh:mm: `its BMC hangs`. Nothing has changed.
              To put less in its place, first: `/fleet unblacklist edge-lax-03 reboot`
        ");
        let longer = ana.types(&noc, "/fleet freeze site=lax for 3d because the final").await.transcript();
        assert!(longer.contains("is frozen until"), "{longer}");
    })
    .await;
}
