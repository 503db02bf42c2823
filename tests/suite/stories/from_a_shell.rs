//! What lets work start, asked for in a shell: in the name of whose account it is, and never by its word alone.

use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;

/// The same line as the button's, allowed and approved anew.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn what_failed_is_retried() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-06]");
        let ana = ana.with_account();
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-02");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        bob.approves(&thread, "").await;
        stage.clock().advance(minutes(4)).await;
        thread.transcript();
        stage.fleet().repairs("edge-lax-02");
        assert_snapshot!(ana.would_call("retry req-2222").await, @"
        Plan · nothing is done yet: reboot 1 server in lax
        `edge-lax-02` · `kernel update`
        Its card would come in #noc. It would wait for 1 of `sre`.
        Before anything starts, the bot looks up again whether you may.
        To do it: `wrasse retry req-0001`
        ");
        assert_snapshot!(thread.since_last_look(), @"");
        // Whoever may not reboot may not do so again in a shell either.
        assert_snapshot!(bob.calls("retry req-2222").await, @"
        🚫 reboot is not allowed in #noc
        Nothing has started.
        In #noc, noc may.
        ");
        assert_snapshot!(ana.calls("retry req-2222").await, @"
        req-0002 is asked for: reboot 1 server in lax
        `edge-lax-02` · `kernel update`
        Its card comes in #noc. It waits for 1 of `sre`.
        Before anything starts, the bot looks up again whether you may.
        ");
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              ⚠️ done, 1 failed · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              2 of 3 rebooted · 1 failed
              Retried by ana at hh:mm, as req-0002
              ~ @ana · approved by bob hh:mm · hh:mm to hh:mm
              [Details]
        bot > Approved by bob at hh:mm (plan 0000)
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✗ edge-lax-02 did not come back
              Seen at hh:mm: `No answer for 2 min; Redfish says power on`
              It stays drained and reserved.
              The other 1 goes on; one more failure stops it.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ⚠️ req-0001: 2 of 3 rebooted, 1 failed
              ✗ `edge-lax-02` did not come back; drained
              Retried by ana at hh:mm, as req-0002
              ~ some time · asked by @ana · approved by bob hh:mm · plan 0000
        bot   Reboot 1 server in lax · req-0002
              🙋 needs approval · 1 of `sre`, by hh:mm
              `edge-lax-02` · `kernel update`
              At most 1 out at once: 4 of 6 stay, floor 3
              ~ @ana in a shell (local/1000) · retry of req-0001 · plan 0000 · drain, reboot, check, return
              [[Review]] [Details] [!Withdraw!]
        bot > @sre 1 server in lax needs your approval by hh:mm.
              [[Review]]
        ");
        // The account is hers, so her own word agrees to nothing.
        ana.presses(&thread, "Review").await;
        bob.presses(&thread, "Review").await;
        bob.submits(&thread, "approve", "").await;
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              ⚠️ done, 1 failed · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              2 of 3 rebooted · 1 failed
              Retried by ana at hh:mm, as req-0002
              ~ @ana · approved by bob hh:mm · hh:mm to hh:mm
              [Details]
        bot > Approved by bob at hh:mm (plan 0000)
        bob   presses [Review]
        bot   (form for bob) Review req-0001 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✗ edge-lax-02 did not come back
              Seen at hh:mm: `No answer for 2 min; Redfish says power on`
              It stays drained and reserved.
              The other 1 goes on; one more failure stops it.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ⚠️ req-0001: 2 of 3 rebooted, 1 failed
              ✗ `edge-lax-02` did not come back; drained
              Retried by ana at hh:mm, as req-0002
              ~ some time · asked by @ana · approved by bob hh:mm · plan 0000
        bot   Reboot 1 server in lax · req-0002
              ✅ done · hh:mm
              `edge-lax-02` · `kernel update`
              1 of 1 rebooted
              ~ @ana in a shell (local/1000) · retry of req-0001 · approved by bob hh:mm · hh:mm to hh:mm
              [Details]
        bot > Approved by bob at hh:mm (plan 0000)
        ana   presses [Review]
        bot   (only ana) You asked for this, so someone else of sre must decide. bob is active now.
        bob   presses [Review]
        bot   (form for bob) Review req-0002 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Recorded: approved. It starts when it is safe.
              ~ Until it starts you can take that back.
              [!Take it back!]
              [Close]
        bot > ✅ req-0002: edge-lax-02 rebooted and back as found
              ~ some time · asked by @ana in a shell (local/1000) · approved by bob hh:mm · plan 0000
        ");
        stage.fleet().rebooted("edge-lax-02", times(2));
        stage.fleet().rebooted("edge-lax-01", times(1));
        stage.channel("#incidents").transcript();
        assert_snapshot!(ana.calls("retry req-2222").await, @"
        req-0001 was retried by ana at hh:mm, as req-0002. Nothing has changed.
        What req-0002 leaves is retried with `retry req-0002`
        ");
        assert_snapshot!(ana.calls("retry req-9999").await, @"There is no req-9999. The id stands on the request's card, first line. Nothing has changed.");
    })
    .await;
}

/// A shell goes by what was last known; the bot looks again before anything starts.
#[tokio::test]
async fn whoever_may_no_more_starts_nothing() {
    story(async |stage| {
        let Cast { noc, ana, .. } = cast(stage, "edge-lax-[01-06]");
        let ana = ana.with_account();
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-02");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-[01-03] because kernel update").await;
        stage.clock().advance(minutes(4)).await;
        thread.transcript();
        stage.fleet().repairs("edge-lax-02");
        let ana = ana.with_standing(Standing::Deactivated);
        assert_snapshot!(ana.calls("retry req-2222").await, @"
        req-0002 is asked for: reboot 1 server in lax
        `edge-lax-02` · `kernel update`
        Its card comes in #noc. Nobody has to agree; it waits only until it is safe.
        Before anything starts, the bot looks up again whether you may.
        ");
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(noc.transcript(), @"
        ana   /fleet reboot edge-lax-[01-03] because kernel update
        bot   (only ana) Understood: reboot 3 servers in lax
              `edge-lax-[01-03]` · reason: `kernel update`
              ~ req-0001 · … · card <link>
        bot   Reboot 3 servers in lax · req-0001
              ⚠️ done, 1 failed · hh:mm
              `edge-lax-[01-03]` · `kernel update`
              2 of 3 rebooted · 1 failed
              Retried by ana at hh:mm, as req-0002
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > ✗ edge-lax-02 did not come back
              Seen at hh:mm: `No answer for 2 min; Redfish says power on`
              It stays drained and reserved.
              The other 1 goes on; one more failure stops it.
              ▸ drain ✓  reboot ✗  check ·  return ·
        bot > ⚠️ req-0001: 2 of 3 rebooted, 1 failed
              ✗ `edge-lax-02` did not come back; drained
              Retried by ana at hh:mm, as req-0002
              ~ some time · asked by @ana · plan 0000
        bot   Reboot 1 server in lax · req-0002
              🚫 refused · hh:mm
              `edge-lax-02` · `kernel update`
              ana, who asked, is no member of the workspace any more · nothing has started
              ~ @ana in a shell (local/1000) · retry of req-0001 · plan 0000
              [Details]
        bot > 🚫 req-0002 is over before it started
              ana, who asked, is no member of the workspace any more. Nothing has started.
              ~ asked by @ana in a shell (local/1000) · plan 0000 · reboot 1 server in lax
        ");
        stage.fleet().rebooted("edge-lax-02", times(1));
        stage.channel("#incidents").transcript();
        // By now it is stored that she is no member.
        assert_snapshot!(ana.calls("retry req-2223").await, @"
        local/1000 is the account of T0WRASSE/U0ANA, and whether they are a member, and of which groups, was not looked up within the last 7 days. Nothing has changed.
        It is whenever they ask for work in the chat, allowed or not, or override something there.
        ");
    })
    .await;
}

/// Whoever a request was passed on to may agree, and that is as the bot's files say.
#[tokio::test]
async fn what_is_passed_on_starts() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-06]");
        let (ana, lena) = (ana.with_account(), stage.person("lena").in_group("lead"));
        let (rule, passed_on) =
            ("from: sre, count: 1, within: 5m", "from: sre, count: 1, within: 6m, escalate: { to: lead, after: 4m }");
        stage.changes_command("reboot.yaml", rule, passed_on);
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-02");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-02 because kernel update").await;
        bob.approves(&thread, "").await;
        stage.clock().advance(minutes(4)).await;
        stage.fleet().repairs("edge-lax-02");
        ana.calls("retry req-2222").await;
        stage.clock().advance(minutes(5)).await;
        lena.presses(&thread, "Review").await;
        lena.submits(&thread, "approve", "").await;
        stage.clock().advance(minutes(3)).await;
        assert!(thread.transcript().contains("1 of 1 rebooted"), "{}", thread.transcript());
        stage.fleet().rebooted("edge-lax-02", times(2));
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// A shell may be shown other files than the bot's: what these let start the bot looks at by its own.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "each kind of other file after the same failure")]
async fn other_files_start_nothing() {
    story(async |stage| {
        let Cast { ana, bob, .. } = cast(stage, "edge-lax-[01-06]");
        let ana = ana.with_account();
        let rule =
            |needs: &str| format!("allow:\n- {{ id: ops, who: noc, commands: reboot, reason: noc reboots{needs} }}\n");
        let ops = stage.channel("#ops").has_rules(&rule(", requires: { approval: { from: sre, count: 1 } }"));
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-02");
        let thread = ana.types(&ops, "/fleet reboot edge-lax-02 because kernel update").await;
        bob.approves(&thread, "").await;
        stage.clock().advance(minutes(4)).await;
        thread.transcript();
        stage.fleet().repairs("edge-lax-02");
        // By these nobody has to agree.
        let ops = ops.has_rules(&rule(""));
        let asked = ana.calls("retry req-2222").await;
        assert!(asked.contains("Nobody has to agree"), "{asked}");
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0001
              ❌ failed · hh:mm
              `edge-lax-02` · `kernel update`
              0 of 1 rebooted · 1 failed
              Retried by ana at hh:mm, as req-0002
              ~ @ana · approved by bob hh:mm · hh:mm to hh:mm
              [Details]
        bot ~ ❌ req-0001: none of 1 rebooted, 1 failed
              ✗ `edge-lax-02` did not come back; drained
              Retried by ana at hh:mm, as req-0002
              ~ some time · asked by @ana · approved by bob hh:mm · plan 0000
        bot   Reboot 1 server in lax · req-0002
              🚫 refused · hh:mm
              `edge-lax-02` · `kernel update`
              it was asked for where others had to agree than the bot's files say · nothing has started
              ~ @ana in a shell (local/1000) · retry of req-0001 · plan 0000
              [Details]
        bot > 🚫 req-0002 is over before it started
              it was asked for where others had to agree than the bot's files say. Nothing has started.
              ~ asked by @ana in a shell (local/1000) · plan 0000 · reboot 1 server in lax
        ");
        let ops = ops.has_rules(&rule(", requires: { approval: { from: sre, count: 1 } }"));
        // By these the command is another.
        stage.changes_command("reboot.yaml", "timeout: 2m, grace: 40s", "timeout: 3m, grace: 40s");
        ana.calls("retry req-2223").await;
        thread.transcript();
        bob.approves(&thread, "").await;
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0003
              🚫 refused · hh:mm
              `edge-lax-02` · `kernel update`
              it was asked for with another reboot than the bot has; ask again once both have the same files · nothing has started
              ~ @ana in a shell (local/1000) · retry of req-0002 · plan 0000
              [Details]
        bot ~ it was asked for with another reboot than the bot has; ask again once both have the same files. Nothing has started, and nothing runs later.
        bob   presses [Review]
        bot   (form for bob) Review req-0003 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Not recorded: it was asked for with another reboot than the bot has; ask again once both have the same files. The request is over, and nothing has started.
              [Close]
        bot > 🚫 req-0003 is over before it started
              it was asked for with another reboot than the bot has; ask again once both have the same files. Nothing has started.
              ~ asked by @ana in a shell (local/1000) · plan 0000 · reboot 1 server in lax
        ");
        stage.changes_command("reboot.yaml", "timeout: 3m, grace: 40s", "timeout: 2m, grace: 40s");
        // By these the account of somebody else is hers.
        let eve = stage.person("eve").in_group("noc");
        eve.types(&ops, "/fleet reboot edge-lax-03 in 30m because I only look").await;
        thread.transcript();
        eve.calls("retry req-2224").await;
        bob.approves(&thread, "").await;
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Reboot 1 server in lax · req-0003
              🚫 refused · hh:mm
              `edge-lax-02` · `kernel update`
              it was asked for with another reboot than the bot has; ask again once both have the same files · nothing has started
              Retried by eve at hh:mm, as req-0005
              ~ @ana in a shell (local/1000) · retry of req-0002 · plan 0000
              [Details]
        bot ~ 🚫 req-0003 is over before it started
              it was asked for with another reboot than the bot has; ask again once both have the same files. Nothing has started.
              Retried by eve at hh:mm, as req-0005
              ~ asked by @ana in a shell (local/1000) · plan 0000 · reboot 1 server in lax
        bot   Reboot 1 server in lax · req-0005
              🚫 refused · hh:mm
              `edge-lax-02` · `kernel update`
              by the files of the bot local/1000, which asked, is not the account of eve · nothing has started
              ~ @eve in a shell (local/1000) · retry of req-0003 · plan 0000
              [Details]
        bot > by the files of the bot local/1000, which asked, is not the account of eve. Nothing has started, and nothing runs later.
        bob   presses [Review]
        bot   (form for bob) Review req-0005 [Record]
        bob   submits approve
        bot   (form for bob) == Review ==
              Not recorded: by the files of the bot local/1000, which asked, is not the account of eve. The request is over, and nothing has started.
              [Close]
        bot > 🚫 req-0005 is over before it started
              by the files of the bot local/1000, which asked, is not the account of eve. Nothing has started.
              ~ asked by @eve in a shell (local/1000) · plan 0000 · reboot 1 server in lax
        ");
        eve.types(&ops, "/fleet cancel req-2225").await;
        thread.transcript();
        stage.fleet().rebooted("edge-lax-02", times(1));
        stage.channel("#incidents").transcript();
    })
    .await;
}

/// Nobody renews by a shell what is known of them, allowed or refused.
#[tokio::test]
async fn a_shell_is_no_news_of_whoever_calls() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast(stage, "edge-lax-[01-06]");
        let (ana, bob) = (ana.with_account(), bob.with_account());
        stage.lets_out(50);
        stage.fleet().never_returns("edge-lax-02");
        let thread = ana.types(&noc, "/fleet reboot edge-lax-02 in 1m because kernel update").await;
        bob.types(&noc, "/fleet reboot edge-lax-03 because I only look").await;
        stage.clock().advance(minutes(8)).await;
        thread.transcript();
        let (anas, bobs) = (ana.known_at().await, bob.known_at().await);
        assert!(bob.calls("retry req-2222").await.contains("not allowed"));
        assert_eq!(bob.known_at().await, bobs);
        let waits = ana.would_call("retry req-2222").await;
        assert!(waits.contains("nothing is done yet"), "{waits}");
        stage.directory_goes_down();
        ana.calls("retry req-2222").await;
        assert_eq!(ana.known_at().await, anas, "until the bot has looked her up");
        stage.directory_comes_back();
        stage.clock().advance(minutes(3)).await;
        assert!(ana.known_at().await > anas);
        noc.transcript();
        stage.channel("#incidents").transcript();
    })
    .await;
}
