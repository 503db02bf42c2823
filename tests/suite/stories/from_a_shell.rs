//! What lets work start, asked for in a shell: in the name of whose account it is, and never by its word alone.

use super::overriding::cast_with_commander;
use super::{Cast, cast, cast_with_approval};
use crate::stage::{minutes, seconds, story, times};
use insta::assert_snapshot;
use wrasse::domain::identity::Standing;
use wrasse::sandbox::fleet::model::Rotation;

/// The same line as the button's, allowed and approved anew.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn what_failed_is_retried() {
    story(async |stage| {
        let Cast { noc, ana, bob } = cast_with_approval(stage, "edge-lax-[01-06]");
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

/// One account asks, and somebody else agrees in the chat.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn an_override_takes_somebody_else() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-06]");
        let dee = stage.person("dee").in_group("incident-commander");
        stage.fleet().rotates("edge-lax-06", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet drain edge-lax-[01-02] because fan noise").await;
        thread.transcript();
        let line = "override capacity on req-2222 because customers are affected";
        // Nothing is known of somebody who asked for nothing yet.
        assert_snapshot!(cid.calls(line).await, @"
        local/1000 is the account of T0WRASSE/U0CID, and whether they are a member, and of which groups, was not looked up within the last 7 days. Nothing has changed.
        It is whenever they ask for work in the chat, allowed or not, or override something there.
        ");
        cid.types(&noc, "/fleet override traffic on req-2222 because I only look").await;
        cid.types(&noc, "/fleet drain edge-lax-05 because I only look").await;
        assert_snapshot!(ana.calls(line).await, @"Only members of incident-commander may override capacity. Nothing has changed.");
        assert_snapshot!(cid.would_call(line).await, @"
        Plan · nothing is done yet: Somebody else would have to agree before 2 servers of req-0001 may pass capacity. `edge-lax-[01-02]`
        They would be asked in its thread. In a shell of theirs: `wrasse agree req-0001 capacity`
        ");
        assert_snapshot!(cid.calls("override traffic on req-2222 because customers are affected").await, @"
        req-0001 does not wait for traffic. Nothing has changed.
        It waits for:
        • edge-lax has 5 of 6 in service, floor 5
          1 out: `edge-lax-06` (out of rotation)
        ");
        assert_snapshot!(cid.calls(line).await, @"
        Somebody else must agree before 2 servers of req-0001 may pass capacity, by hh:mm. `edge-lax-[01-02]`
        They were asked in its thread. In a shell of theirs: `wrasse agree req-0001 capacity`
        ");
        assert_snapshot!(cid.calls(line).await, @"cid (local/1000) asked to override capacity on req-0001 at hh:mm. It needs a second person: Review in its thread.");
        stage.clock().advance(seconds(60)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Drain 2 servers in lax · req-0001
              ⏳ queued · starts by itself
              • edge-lax has 5 of 6 in service, floor 5
                1 out: `edge-lax-06` (out of rotation)
              🔓 cid (local/1000) asks to override capacity; it needs a second person
              ~ @ana · looked hh:mm, again every 15 s
              [Details] [!Cancel!]
        cid   /fleet override traffic on req-0001 because I only look
        bot   (only cid) req-0001 does not wait for traffic. Nothing has changed.
              It waits for:
              • edge-lax has 5 of 6 in service, floor 5
                1 out: `edge-lax-06` (out of rotation)
        cid   /fleet drain edge-lax-05 because I only look
        bot   (only cid) 🚫 drain is not allowed in #noc
              Nothing has started.
              In #noc, noc may.
              [Ask for access]
        bot > @incident-commander cid (local/1000) asks to override capacity for 2 servers (it was asked in a shell). Somebody else of you must agree by hh:mm.
              Why: `customers are affected`. Nothing passes before.
              [[Review]]
        ");
        cid.presses(&thread, "Review").await;
        stage.fleet().serves("edge-lax-[01-02]", true);
        dee.presses(&thread, "Review").await;
        dee.submits(&thread, "approve", "").await;
        stage.clock().advance(seconds(60)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Drain 2 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-02]` · `fan noise`
              2 of 2 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot ~ 🔓 cid (local/1000) overrides capacity for 2 servers
              `edge-lax-[01-02]` · over: 2 of 2 passed
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid (local/1000) hh:mm · agreed by dee hh:mm
        cid   presses [Review]
        bot   (only cid) You asked for this, so someone else of incident-commander must agree.
        dee   presses [Review]
        bot   (form for dee) Override req-0001 [Record]
        dee   submits approve
        bot   (form for dee) == Override ==
              Recorded: approved. They pass as soon as it is their turn.
              [Close]
        bot > ▶️ Started at hh:mm, after some time. First: `edge-lax-01` (canary).
        bot > ✅ req-0001: all 2 drained
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        assert_snapshot!(stage.channel("#incidents").transcript(), @"
        bot   🔓 cid (local/1000) overrides capacity for 2 servers of lax
              `edge-lax-[01-02]` · over: 2 of 2 passed
              Why: `customers are affected`
              edge-lax now 3 of 6, floor 5
              ~ req-0001 by ana · override by cid (local/1000) hh:mm · agreed by dee hh:mm
              [Open thread]
        ");
        stage.fleet().serves("edge-lax-[01-02]", false);
    })
    .await;
}

/// Two keys, while nobody can be asked in the chat: each account is another person's, who was looked up lately.
#[tokio::test]
async fn two_accounts_override_while_the_chat_is_down() {
    story(async |stage| {
        let (Cast { noc, ana, bob }, cid) = cast_with_commander(stage, "edge-lax-[01-06]");
        let dee = stage.person("dee").in_group("incident-commander");
        stage.fleet().rotates("edge-lax-06", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet drain edge-lax-[01-02] because fan noise").await;
        for person in [&cid, &dee, &bob] {
            person.types(&noc, "/fleet drain edge-lax-05 because I only look").await;
        }
        thread.transcript();
        assert_snapshot!(dee.agrees("req-2222", "capacity", None).await, @"No override of req-0001 waits for a second person. Nothing has changed.");
        cid.calls("override capacity on req-2222 because customers are affected").await;
        assert_snapshot!(cid.agrees("req-2222", "capacity", None).await, @"You asked for this, so someone else of incident-commander must agree.");
        assert_snapshot!(bob.agrees("req-2222", "capacity", None).await, @"Agreeing to this needs incident-commander. Nothing has changed.");
        assert_snapshot!(dee.agrees("req-2222", "traffic", None).await, @"
        What waits for a second person on req-0001 is capacity. Nothing has changed.
        To see it: `wrasse agree req-0001 capacity`
        ");
        assert_snapshot!(dee.agrees("req-2222", "capacity", None).await, @"
        cid (local/1000) asks to override capacity for 2 servers, on drain of req-0001
        `edge-lax-[01-02]`
        Why: `customers are affected`
        • edge-lax has 5 of 6 in service, floor 5
          1 out: `edge-lax-06` (out of rotation)
        Nothing has passed. It can be agreed to until hh:mm.
        ~ to agree: `wrasse agree req-0001 capacity --seen 8e96`
        ");
        assert_snapshot!(dee.agrees("req-2222", "capacity", Some("0000")).await, @"
        What would pass is not what those digits stand for. Nothing was recorded.
        To see it again: `wrasse agree req-0001 capacity`
        ");
        assert_snapshot!(dee.agrees("req-2222", "capacity", Some("")).await, @"
        What would pass is not what those digits stand for. Nothing was recorded.
        To see it again: `wrasse agree req-0001 capacity`
        ");
        stage.fleet().serves("edge-lax-[01-02]", true);
        let shown = dee.agrees("req-2222", "capacity", None).await;
        let (_, digits) = shown.split_once("--seen ").unwrap();
        assert_snapshot!(dee.agrees("req-2222", "capacity", digits.get(..4)).await, @"Recorded: 2 servers of req-0001 may pass capacity, once each, until hh:mm. Everybody is told.");
        stage.clock().advance(minutes(2)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot ~ Drain 2 servers in lax · req-0001
              ✅ done · hh:mm
              `edge-lax-[01-02]` · `fan noise`
              2 of 2 drained
              ~ @ana · hh:mm to hh:mm
              [Details]
        bot > 🔓 cid (local/1000) overrides capacity for 2 servers
              `edge-lax-[01-02]` · over: 2 of 2 passed
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid (local/1000) hh:mm · agreed by dee (local/1000) hh:mm
        bot > ▶️ Started at hh:mm, after some time. First: `edge-lax-01` (canary).
        bot > ✅ req-0001: all 2 drained
              ~ some time, of which some time queued · asked by @ana · plan 0000
        ");
        stage.channel("#incidents").transcript();
        stage.fleet().serves("edge-lax-[01-02]", false);
    })
    .await;
}
