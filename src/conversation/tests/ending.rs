//! The final reply and the card's last state.

use super::{CARD, REPLY, Story, admitted, begun, command, done, failure, not_back, over};
use crate::conversation::{card, details, final_reply};
use crate::workflow::request::RequestOutcome;
use crate::workflow::run::{FailureKind, RunOutcome};
use insta::assert_snapshot;

fn all_done() -> Story {
    Story::asked().approved().started().runs(1..=20, &done()).ended(RequestOutcome::Done)
}

fn one_failed() -> Story {
    let story = Story::asked().approved().started();
    story.runs((1..=11).chain(13..=20), &done()).runs([12], &not_back()).ended(RequestOutcome::DoneWithFailures)
}

#[test]
fn all_is_well() {
    assert_snapshot!(all_done().see(REPLY, final_reply), @"
    ✅ req-2mq9: all 20 rebooted and back in production
    ----
    ✅ req-2mq9: all 20 rebooted and back in production
    ~ 53 min, of which 20 min queued · asked by @U0ANA · approved by bob 14:04 UTC · plan 9f3a
    ");
    assert_snapshot!(all_done().see(CARD, card), @"
    ✅ req-2mq9 done: reboot 20 servers in lax
    ----
    Reboot 20 servers in lax · req-2mq9
    ✅ done · 14:57 UTC
    `edge-lax-[001-020]` · `kernel update`
    20 of 20 rebooted
    ~ @U0ANA · approved by bob 14:04 UTC · 14:24 UTC to 14:57 UTC
    [Details]
    ");
}

#[test]
fn a_single_server_is_named() {
    let story = Story::of(&command("reboot"), 1, &[1], "memory leak").started().runs([1], &done());
    let story = story.ended(RequestOutcome::Done);
    assert_snapshot!(story.see(REPLY, final_reply), @"
    ✅ req-2mq9: edge-lax-001 rebooted and back in production
    ----
    ✅ req-2mq9: edge-lax-001 rebooted and back in production
    ~ 55 min, of which 22 min queued · asked by @U0ANA · plan 9f3a
    ");
}

#[test]
fn one_of_twenty_failed() {
    assert_snapshot!(one_failed().see(REPLY, final_reply), @"
    ⚠️ req-2mq9: 19 of 20 rebooted, 1 failed
    ----
    ⚠️ req-2mq9: 19 of 20 rebooted, 1 failed
    ✗ `edge-lax-012` did not come back; drained
    ~ 53 min, of which 20 min queued · asked by @U0ANA · approved by bob 14:04 UTC · plan 9f3a
    [[Retry 1]]
    ");
    assert_snapshot!(one_failed().see(CARD, card), @"
    ⚠️ req-2mq9 done, 1 failed: reboot 20 servers in lax, 19 of 20 rebooted · 1 failed
    ----
    Reboot 20 servers in lax · req-2mq9
    ⚠️ done, 1 failed · 14:57 UTC
    `edge-lax-[001-020]` · `kernel update`
    19 of 20 rebooted · 1 failed
    ~ @U0ANA · approved by bob 14:04 UTC · 14:24 UTC to 14:57 UTC
    [Details]
    ");
    assert_snapshot!(one_failed().see(super::DETAILS, details), @"
    ⚠️ req-2mq9 done, 1 failed · 19 of 20 rebooted
    ----
    Reboot 20 servers in lax · req-2mq9
    ⚠️ done, 1 failed · 19 of 20 rebooted · as of 14:57 UTC
    ✗ 1 failed (did not come back): `edge-lax-012`
    ✓ 19 done: `edge-lax-[001-011,013-020]`
    ~ approved by bob 14:04 UTC
    ");
}

#[test]
fn a_rollout_that_stopped_after_failures_says_what_was_not_started() {
    let story = Story::asked().approved().started().runs(1..=5, &done()).runs([6, 7], &not_back()).halted(2);
    let story = story.runs(8..=20, &over(RunOutcome::NotStarted)).ended(RequestOutcome::DoneWithFailures);
    assert_snapshot!(story.see(REPLY, final_reply), @"
    ⚠️ req-2mq9: 5 of 20 rebooted, 2 failed
    ----
    ⚠️ req-2mq9: 5 of 20 rebooted, 2 failed
    ✗ `edge-lax-[006-007]` did not come back; drained
    · `edge-lax-[008-020]` not started: stopped after 2 servers failed, limit 1
    ~ 53 min, of which 20 min queued · asked by @U0ANA · approved by bob 14:04 UTC · plan 9f3a
    [[Retry 15]]
    ");
    assert_snapshot!(story.see(CARD, card), @"
    ⚠️ req-2mq9 done, 2 failed: reboot 20 servers in lax, 5 of 20 rebooted · 2 failed · 13 not started
    ----
    Reboot 20 servers in lax · req-2mq9
    ⚠️ done, 2 failed · 14:57 UTC
    `edge-lax-[001-020]` · `kernel update`
    5 of 20 rebooted · 2 failed · 13 not started
    ~ @U0ANA · approved by bob 14:04 UTC · 14:24 UTC to 14:57 UTC
    [Details]
    ");
}

#[test]
fn the_canary_failed_and_nothing_was_achieved() {
    let story = Story::asked().approved().started().runs([1], &not_back());
    let story = story.runs(2..=20, &over(RunOutcome::NotStarted)).ended(RequestOutcome::Failed);
    assert_snapshot!(story.see(REPLY, final_reply), @"
    ❌ req-2mq9: none of 20 rebooted, 1 failed
    ----
    ❌ req-2mq9: none of 20 rebooted, 1 failed
    ✗ `edge-lax-001` did not come back; drained
    · `edge-lax-[002-020]` not started
    ~ 53 min, of which 20 min queued · asked by @U0ANA · approved by bob 14:04 UTC · plan 9f3a
    [[Retry 20]]
    ");
}

#[test]
fn servers_that_were_not_as_planned_are_left_out() {
    let story = Story::asked().approved().started().runs(1..=18, &done());
    let story = story.runs([19, 20], &over(RunOutcome::LeftOut)).ended(RequestOutcome::DoneWithFailures);
    assert_snapshot!(story.see(REPLY, final_reply), @"
    ⚠️ req-2mq9: 18 of 20 rebooted, 2 left out
    ----
    ⚠️ req-2mq9: 18 of 20 rebooted, 2 left out
    – `edge-lax-[019-020]` left out: not as planned any more, or on the blacklist
    ~ 53 min, of which 20 min queued · asked by @U0ANA · approved by bob 14:04 UTC · plan 9f3a
    [[Retry 2]]
    ");
}

#[test]
fn many_failures_stay_within_the_budget() {
    let check = [
        vec![admitted(), begun(0, None), failure(0, FailureKind::BalancerFailed, "x")],
        over(RunOutcome::FailedAndReturned),
    ];
    let refused = [vec![admitted(), begun(0, None), failure(2, FailureKind::Refused, "x")], over(RunOutcome::Failed)];
    let story = Story::asked().approved().started().runs(1..=4, &not_back());
    let story = story.runs([5, 7], &check.concat()).runs([9], &refused.concat()).halted(7);
    let story = story.runs([10], &over(RunOutcome::LeftOut)).ended(RequestOutcome::Failed);
    assert_snapshot!(story.see(REPLY, final_reply), @"
    ❌ req-2mq9: none of 20 rebooted, 7 failed, 1 left out
    ----
    ❌ req-2mq9: none of 20 rebooted, 7 failed, 1 left out
    ✗ `edge-lax-[001-004]` did not come back; drained + 3 more failed
    – `edge-lax-010` left out: not as planned any more, or on the blacklist
    · `edge-lax-[006,008,011-020]` not started: stopped after 7 servers failed, limit 1
    ~ 53 min, of which 20 min queued · asked by @U0ANA · approved by bob 14:04 UTC · plan 9f3a
    [[Retry 20]]
    ");
}

#[test]
fn a_cancelled_rollout_says_what_was_done_and_what_was_not() {
    let story = Story::asked().approved().started().runs(1..=11, &done()).cancelled(14, 34);
    let story = story.runs([12, 13], &over(RunOutcome::Returned)).runs(14..=20, &over(RunOutcome::NotStarted));
    let story = story.ended(RequestOutcome::Cancelled { name: "ana".into() });
    assert_snapshot!(story.see(REPLY, final_reply), @"
    ⏹️ req-2mq9 cancelled by ana: 11 done, 2 returned, 7 not started
    ----
    ⏹️ req-2mq9 cancelled by ana: 11 done, 2 returned, 7 not started
    · `edge-lax-[014-020]` not started
    ~ 53 min, of which 20 min queued · asked by @U0ANA · approved by bob 14:04 UTC · plan 9f3a
    [Retry 9]
    ");
    assert_snapshot!(story.see(CARD, card), @"
    ⏹️ req-2mq9 cancelled: reboot 20 servers in lax, 11 of 20 rebooted · 2 returned unchanged · 7 not started
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏹️ cancelled by ana · 14:57 UTC
    `edge-lax-[001-020]` · `kernel update`
    11 of 20 rebooted · 2 returned unchanged · 7 not started
    ~ @U0ANA · approved by bob 14:04 UTC · 14:24 UTC to 14:57 UTC
    [Details]
    ");
}

#[test]
fn what_never_started_says_so() {
    let withdrawn = Story::asked().ended(RequestOutcome::Cancelled { name: "ana".into() });
    assert_snapshot!(withdrawn.see(REPLY, final_reply), @"
    ⏹️ req-2mq9 withdrawn by ana, nothing has started
    ----
    ⏹️ req-2mq9 withdrawn by ana, nothing has started
    ~ asked by @U0ANA · plan 9f3a · reboot 20 servers in lax
    ");
    assert_snapshot!(Story::asked().ended(RequestOutcome::Expired).see(REPLY, final_reply), @"
    ⌛ req-2mq9 expired, nothing has started
    ----
    ⌛ req-2mq9 expired, nothing has started
    Not approved by 15:02 UTC. Nothing runs later; send the line again to ask anew.
    ~ asked by @U0ANA · plan 9f3a · reboot 20 servers in lax
    ");
    assert_snapshot!(Story::asked().approved().ended(RequestOutcome::Expired).see(REPLY, final_reply), @"
    ⌛ req-2mq9 expired, nothing has started
    ----
    ⌛ req-2mq9 expired, nothing has started
    It was not safe in time. Send the line again to ask anew.
    ~ asked by @U0ANA · approved by bob 14:04 UTC · plan 9f3a · reboot 20 servers in lax
    ");
    let denied = RequestOutcome::Denied { name: "bob".into(), why: "traffic peak".into() };
    assert_snapshot!(Story::asked().ended(denied).see(REPLY, final_reply), @"
    🚫 req-2mq9 denied by bob
    ----
    🚫 req-2mq9 denied by bob
    Why: `traffic peak`. Nothing has started.
    ~ asked by @U0ANA · plan 9f3a · reboot 20 servers in lax
    ");
    let no_card = RequestOutcome::NoCard { why: "not_in_channel".into() };
    assert_snapshot!(Story::asked().ended(no_card).see(REPLY, final_reply), @"
    ❌ req-2mq9: no card could be posted, nothing has started
    ----
    ❌ req-2mq9: no card could be posted, nothing has started
    The chat says: `not_in_channel`
    ~ asked by @U0ANA · plan 9f3a · reboot 20 servers in lax
    ");
}

#[test]
fn work_without_servers_is_done() {
    let events = [vec![admitted(), begun(0, None)], over(RunOutcome::Done)].concat();
    let story = Story::of(&command("announce"), 0, &[1], "riga is in maintenance").started();
    let story = story.runs([1], &events).ended(RequestOutcome::Done);
    assert_snapshot!(story.see(REPLY, final_reply), @"
    ✅ req-2mq9: announce done
    ----
    ✅ req-2mq9: announce done
    Text: `riga is in maintenance`
    ~ 55 min, of which 22 min queued · asked by @U0ANA · plan 9f3a
    ");
    assert_snapshot!(story.see(CARD, card), @"
    ✅ req-2mq9 done: announce
    ----
    Announce · req-2mq9
    ✅ done · 14:57 UTC
    Text: `riga is in maintenance`
    ~ @U0ANA · 14:24 UTC to 14:57 UTC
    [Details]
    ");
}
