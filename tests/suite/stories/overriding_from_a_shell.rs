//! Overriding from a shell: asked for in the name of whose account it is, and never in force before somebody in the chat agrees.

use super::Cast;
use super::overriding::cast_with_commander;
use crate::stage::{seconds, story};
use insta::assert_snapshot;
use wrasse::sandbox::fleet::model::Rotation;

/// One account asks, and somebody else agrees in the chat.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the transcript")]
async fn an_override_takes_somebody_else() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-06]");
        let cid = cid.with_account();
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
        They would be asked in its thread.
        ");
        assert_snapshot!(cid.calls("override traffic on req-2222 because customers are affected").await, @"
        req-0001 does not wait for traffic. Nothing has changed.
        It waits for:
        • edge-lax has 5 of 6 in service, floor 5
          1 out: `edge-lax-06` (out of rotation)
        ");
        assert_snapshot!(cid.calls(line).await, @"
        Somebody else must agree before 2 servers of req-0001 may pass capacity, by hh:mm. `edge-lax-[01-02]`
        They were asked in its thread.
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

/// An account that the bot's files give to somebody else: whoever agrees finds it void.
#[tokio::test]
async fn an_override_from_an_account_of_somebody_else_is_void() {
    story(async |stage| {
        let (Cast { noc, ana, .. }, cid) = cast_with_commander(stage, "edge-lax-[01-06]");
        let dee = stage.person("dee").in_group("incident-commander").with_account();
        stage.fleet().rotates("edge-lax-06", Rotation::Maintenance);
        let thread = ana.types(&noc, "/fleet drain edge-lax-[01-02] because fan noise").await;
        cid.types(&noc, "/fleet drain edge-lax-05 because I only look").await;
        thread.transcript();
        // By whatever files he shows it, 1000 is his.
        cid.calls("override capacity on req-2222 because customers are affected").await;
        dee.presses(&thread, "Review").await;
        dee.submits(&thread, "approve", "").await;
        stage.clock().advance(seconds(60)).await;
        assert_snapshot!(thread.since_last_look(), @"
        bot > 🔓 cid (local/1000) asks to override capacity for 2 servers
              `edge-lax-[01-02]` · over since hh:mm: by the files of the bot local/1000 is not the account of whom cid (local/1000) stands for, 0 of 2 passed
              Why: `customers are affected`
              ~ req-0001 by ana · override by cid (local/1000) hh:mm
        dee   presses [Review]
        bot   (form for dee) Override req-0001 [Record]
        dee   submits approve
        bot   (form for dee) == Override ==
              Not recorded: by the files of the bot local/1000 is not the account of whom cid (local/1000) stands for. The override is over.
              [Close]
        bot > 🔓 The override of capacity ended at hh:mm: by the files of the bot local/1000 is not the account of whom cid (local/1000) stands for. `edge-lax-[01-02]` did not pass by it, and wait as before.
        ");
        stage.channel("#incidents").transcript();
        stage.fleet().serves("edge-lax-[01-02]", true);
        ana.types(&noc, "/fleet cancel req-2222").await.transcript();
        thread.transcript();
    })
    .await;
}
