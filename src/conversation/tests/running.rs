//! Card, replies, questions and notices while servers are worked on.

use super::{
    CARD, INCIDENT, Story, at, begun, done, draining, failure, impact, not_back, out, over, person, pool, proved,
    rebooting, unknown,
};
use crate::conversation::{
    card, details, halted_direct, incident, left_out_direct, question, server_failed, state_word,
};
use crate::domain::identity::Actor;
use crate::domain::ids::Handle;
use crate::domain::server::ProductionState;
use crate::workflow::request::{Blocker, CapacityScope, OutServer, RequestEvent, RequestOutcome};
use crate::workflow::run::{Answer, FailureKind, Run, RunEvent, RunOutcome};
use insta::assert_snapshot;
use std::collections::BTreeMap;

/// Nine are done, four are being worked on.
fn midway() -> Story {
    let story = Story::asked().approved().started().now(14, 33);
    story.runs(1..=9, &done()).runs(10..=12, &rebooting()).runs([13], &draining())
}

/// The twelfth did not come back; the other three of its wave are done.
fn one_lost() -> Story {
    let mut story = Story::asked().approved().started().now(14, 46);
    story.impacts = vec![impact(pool(39, out([12], Some(&super::id()), "drained")), 3)];
    story.runs((1..=11).chain([13]), &done()).runs([12], &not_back())
}

fn in_doubt() -> Story {
    let mut story = midway().now(14, 46);
    story.impacts = vec![impact(pool(36, out(10..=13, Some(&super::id()), "drained")), 0)];
    story.runs[11] = {
        let events = unknown();
        let planned = RunEvent::Planned { subject: story.runs[11].subject.clone(), wave: 3 };
        let journal = std::iter::once(planned).chain(events).collect::<Vec<_>>();
        Run::replay(story.runs[11].id.clone(), story.runs[11].epoch, &journal).unwrap()
    };
    story
}

fn handles() -> BTreeMap<Answer, Handle> {
    Answer::ALL.into_iter().map(|answer| (answer, Handle::new(answer.word()))).collect()
}

#[test]
fn a_running_card_counts() {
    assert_snapshot!(midway().see(CARD, card), @"
    ▶️ req-2mq9 running: reboot 20 servers in lax, 9 of 20 rebooted
    ----
    Reboot 20 servers in lax · req-2mq9
    ▶️ running · wave 4 of 6
    ▰▰▰▰▱▱▱▱▱▱  9 of 20 · 4 working · 7 waiting
    Now: `edge-lax-[010-013]`: 3 rebooting, 1 draining
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:33 UTC
    [Details] [!Cancel!]
    ");
}

#[test]
fn a_running_card_says_that_it_watches_a_wave() {
    let story = Story::asked().approved().started().now(14, 37).runs([1], &done());
    assert_snapshot!(story.see(CARD, card), @"
    ▶️ req-2mq9 running: reboot 20 servers in lax, 1 of 20 rebooted
    ----
    Reboot 20 servers in lax · req-2mq9
    ▶️ running · wave 1 of 6
    ▱▱▱▱▱▱▱▱▱▱  1 of 20 · 19 waiting
    Watching wave 1 until 14:41 UTC
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:37 UTC
    [Details] [!Cancel!]
    ");
}

#[test]
fn a_cancel_asks_first_and_says_what_it_does() {
    let story = midway();
    let request = story.request();
    let view = super::RequestView { request: &request, runs: &story.runs, impacts: &story.impacts, now: story.now };
    let message = card(view);
    let cancel = super::buttons_of(&message).into_iter().find(|button| button.label == "Cancel").unwrap().clone();
    let confirm = cancel.confirm.unwrap();
    assert_eq!(confirm.title, "Cancel req-2mq9?");
    assert_eq!(confirm.text, "4 servers go to a safe point and return. 7 are not started. 9 are done.");
    assert_eq!((confirm.yes.as_str(), confirm.no.as_str()), ("Cancel it", "Keep running"));
}

#[test]
fn a_failed_server_is_counted_beside_the_state() {
    assert_snapshot!(one_lost().see(CARD, card), @"
    ▶️ req-2mq9 running: reboot 20 servers in lax, 12 of 20 rebooted · 1 failed
    ----
    Reboot 20 servers in lax · req-2mq9
    ▶️ running · wave 4 of 6 · 1 failed
    ▰▰▰▰▰▰▱▱▱▱  12 of 20 · 7 waiting
    Watching wave 4 until 14:51 UTC
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:46 UTC
    [Details] [!Cancel!]
    ");
}

#[test]
fn the_thread_tells_a_server_that_did_not_come_back() {
    assert_snapshot!(one_lost().see_run(12, server_failed), @"
    ✗ req-2mq9: edge-lax-012 did not come back (12 of 20 done)
    ----
    ✗ edge-lax-012 did not come back
    Seen at 14:46 UTC: `No answer for 15 min; Redfish says power on`
    It stays drained and reserved.
    The other 7 go on; one more failure stops them.
    ▸ drain ✓  reboot ✗  check ·  return ·
    ");
}

#[test]
fn the_thread_tells_that_the_second_failure_stops_the_rest() {
    let story = one_lost().runs([14], &not_back()).runs(15..=17, &rebooting()).halted(2);
    assert_snapshot!(story.see_run(14, server_failed), @"
    ✗ req-2mq9: edge-lax-014 did not come back (12 of 20 done)
    ----
    ✗ edge-lax-014 did not come back
    Seen at 14:46 UTC: `No answer for 15 min; Redfish says power on`
    It stays drained and reserved.
    3 at work finish; 3 not started: it stops after more than 1 failed.
    ▸ drain ✓  reboot ✗  check ·  return ·
    ");
    assert_snapshot!(story.see(CARD, card), @"
    ✋ req-2mq9 halted: reboot 20 servers in lax, 12 of 20 rebooted · 2 failed
    ----
    Reboot 20 servers in lax · req-2mq9
    ✋ halted · 2 failed, limit 1, at most 5 of 20 with those at work
    ▰▰▰▰▰▰▱▱▱▱  12 of 20 · 3 finish · 3 not started
    Now: `edge-lax-[015-017]`: 3 rebooting
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:46 UTC
    [Details] [!Cancel!]
    ");
}

#[test]
fn whoever_asked_is_told_of_a_halt_and_of_its_end() {
    let link = Some("https://chat.example/card");
    let story = one_lost().runs([14], &not_back()).runs(15..=17, &rebooting()).halted(2);
    assert_snapshot!(story.see(INCIDENT, |view| halted_direct(view, link)), @"
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    ----
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    2 servers failed, limit 1, at most 5 of 20 with those at work · 14:40 UTC
    ✗ `edge-lax-[012,014]` did not come back; drained
    It starts no more by itself. What is at work goes on.
    [Open thread]
    ");
    assert_snapshot!(story.see(INCIDENT, |view| left_out_direct(view, None)), @"
    ✗ lax: edge-lax-012 out of production after a reboot
    ----
    ✗ 1 server of lax out of production
    reboot: `edge-lax-012` did not come back; drained
    edge-lax now 39 of 40, floor 36
    ~ req-2mq9 by ana · since 14:46 UTC
    [[I take it]]
    ");
    let ended = RequestEvent::Ended { at: at(14, 55), outcome: RequestOutcome::DoneWithFailures };
    let story = one_lost().runs([14], &not_back()).halted(2).then(ended);
    assert_snapshot!(story.see(INCIDENT, |view| halted_direct(view, link)), @"
    ⚠️ req-2mq9 is over: done, 2 failed
    ----
    ⚠️ req-2mq9 is over: done, 2 failed · 14:55 UTC
    Its last reply in the thread says what to do with the rest.
    [Open thread]
    ");
}

#[test]
fn a_server_that_was_never_touched_is_told_as_returned() {
    let gate = [
        super::admitted(),
        begun(0, None),
        proved(0, ProductionState::Drained, "out"),
        failure(1, FailureKind::GateClosed, "edge-lax has 35 of 40 in service, floor 36"),
        RunEvent::ReturnBegun { at: at(14, 46), outcome: RunOutcome::FailedAndReturned },
    ];
    let story = Story::asked().approved().started().now(14, 46).runs([1], &gate);
    assert_snapshot!(story.see_run(1, server_failed), @"
    ✗ req-2mq9: edge-lax-001 stopped, not safe to go on (0 of 20 done)
    ----
    ✗ edge-lax-001 stopped, not safe to go on
    Seen at 14:46 UTC: `edge-lax has 35 of 40 in service, floor 36`
    It goes back to production.
    The other 20 go on; 2 more failures stop them.
    ▸ drain ✓  gate ✗  reboot ·  check ·  return ·
    ");
    let story = story.runs([1], &over(RunOutcome::FailedAndReturned));
    assert_snapshot!(story.see_run(1, server_failed), @"
    ✗ req-2mq9: edge-lax-001 stopped, not safe to go on (0 of 20 done)
    ----
    ✗ edge-lax-001 stopped, not safe to go on
    Seen at 14:46 UTC: `edge-lax has 35 of 40 in service, floor 36`
    It is back in production.
    The other 19 go on; one more failure stops them.
    ▸ drain ✓  gate ✗  reboot ·  check ·  return ·
    ");
}

#[test]
fn every_kind_of_failure_has_words() {
    let kinds = [
        (2, FailureKind::DidNotReboot),
        (3, FailureKind::CheckFailed),
        (0, FailureKind::BalancerFailed),
        (4, FailureKind::BalancerFailed),
        (1, FailureKind::GateClosed),
        (2, FailureKind::CouldNotSend),
        (2, FailureKind::Refused),
    ];
    let first_lines = kinds.map(|(step, kind)| {
        let events = [rebooting(), vec![failure(step, kind, "found")], over(RunOutcome::Failed)].concat();
        let text = Story::asked().approved().started().runs([1], &events).see_run(1, server_failed);
        text.lines().nth(2).unwrap_or_default().to_owned()
    });
    assert_snapshot!(first_lines.join("\n"), @"
    ✗ edge-lax-001 did not reboot
    ✗ edge-lax-001 did not pass the checks
    ✗ edge-lax-001 did not get out of rotation
    ✗ edge-lax-001 did not get back into rotation
    ✗ edge-lax-001 stopped, not safe to go on
    ✗ edge-lax-001 could not be reached
    ✗ edge-lax-001 refused
    ");
}

#[test]
fn a_person_must_say_what_cannot_be_known() {
    let story = in_doubt();
    assert_snapshot!(story.see(CARD, card), @"
    ❓ req-2mq9 needs a person: reboot 20 servers in lax, 9 of 20 rebooted
    ----
    Reboot 20 servers in lax · req-2mq9
    ❓ needs a person · 1 outcome not known
    ▰▰▰▰▱▱▱▱▱▱  9 of 20 · 3 working · 7 waiting
    `edge-lax-012`: what happened? Answer in the thread.
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:46 UTC
    [Details] [!Cancel!]
    ");
    assert_snapshot!(story.see_run(12, |view, run| question(view, run, &handles())), @"
    ❓ req-2mq9: edge-lax-012 rebooted or not? A person must say
    ----
    ❓ edge-lax-012: rebooted or not?
    Asked at 14:31 UTC over SSH. Known: `the answer to the restart was lost, and it has not answered for 15 min; power on`
    It stays drained and reserved until somebody says. Nothing is sent to it.
    [[It did reboot]] [It did not] [Look again]
    ");
}

#[test]
fn each_answer_says_what_happens_next() {
    let story = in_doubt();
    let request = story.request();
    let view = super::RequestView { request: &request, runs: &story.runs, impacts: &story.impacts, now: story.now };
    let message = question(view, &story.runs[11], &handles());
    let told = super::buttons_of(&message).into_iter().map(|button| {
        let confirm = button.confirm.as_ref().unwrap();
        format!("{} | {} | {} | {}", confirm.title, confirm.text, confirm.yes, confirm.no)
    });
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @"
    It did reboot? | edge-lax-012 goes on with: check, return. | It did reboot | Not yet
    It did not? | edge-lax-012 counts as failed. No second reboot is sent to it. | It did not | Not yet
    Look again? | edge-lax-012 is looked at once more. Nothing is sent to it. | Look again | Not yet
    ");
}

#[test]
fn an_answered_question_keeps_no_button() {
    let answered = |answer| RunEvent::PersonAnswered {
        by: Actor::recalled(person("U0BOB")),
        name: "bob".into(),
        at: at(14, 50),
        answer,
        until: at(15, 5),
    };
    let did = [answered(Answer::Did), proved(2, ProductionState::Drained, "bob says that it did")];
    let story = in_doubt().runs([12], &did);
    assert_snapshot!(story.see_run(12, |view, run| question(view, run, &handles())), @"
    req-2mq9: ✓ edge-lax-012: it did reboot · 14:33 UTC
    ----
    ✓ edge-lax-012: it did reboot · 14:33 UTC
    Known: `bob says that it did`
    ");
    let did_not = [
        answered(Answer::DidNot),
        failure(2, FailureKind::DidNotReboot, "bob says that it did not"),
        RunEvent::Ended { at: at(14, 50), outcome: RunOutcome::Failed },
    ];
    let story = in_doubt().runs([12], &did_not);
    assert_snapshot!(story.see_run(12, |view, run| question(view, run, &handles())), @"
    req-2mq9: ✗ edge-lax-012: it did not reboot · 14:46 UTC
    ----
    ✗ edge-lax-012: it did not reboot · 14:46 UTC
    Known: `bob says that it did not`
    ");
    let story = in_doubt().runs([12], &[answered(Answer::LookAgain)]);
    assert_snapshot!(story.see_run(12, |view, run| question(view, run, &handles())), @"
    req-2mq9: ▶ edge-lax-012: looking again
    ----
    ▶ edge-lax-012: looking again
    Nothing is sent to it. You are asked anew at 15:05 UTC if it stays unknown.
    ");
}

#[test]
fn a_stopping_card_has_nothing_left_to_press_but_details() {
    let story = midway().cancelled(14, 34);
    assert_snapshot!(story.see(CARD, card), @"
    🛑 req-2mq9 stopping: reboot 20 servers in lax, 9 of 20 rebooted
    ----
    Reboot 20 servers in lax · req-2mq9
    🛑 stopping · cancelled by ana 14:34 UTC
    ▰▰▰▰▱▱▱▱▱▱  9 of 20 · 4 go to a safe point · 7 not started
    Now: `edge-lax-[010-013]`: 3 rebooting, 1 draining
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:34 UTC
    [Details]
    ");
}

#[test]
fn a_policy_that_keeps_the_rest_halts_the_card() {
    let count = pool(36, out(31..=34, None, "does not answer"));
    let blocker = Blocker::Capacity {
        scope: CapacityScope::Pool(count.pool),
        serving: 36,
        total: 40,
        floor: 36,
        out: count.out.into(),
    };
    let story = Story::asked().approved().started().now(14, 45).runs(1..=9, &done());
    let story = story.then(RequestEvent::Blocked { at: at(14, 45), blockers: vec![blocker] });
    assert_snapshot!(story.see(CARD, card), @"
    ✋ req-2mq9 halted: edge-lax 36 of 40 in service, floor 36
    ----
    Reboot 20 servers in lax · req-2mq9
    ✋ halted · goes on by itself
    ▰▰▰▰▱▱▱▱▱▱  9 of 20 · 11 waiting
    • edge-lax has 36 of 40 in service, floor 36
      4 out: `edge-lax-[031-034]` (does not answer)
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:45 UTC
    [Details] [!Cancel!]
    ");
}

#[test]
fn a_running_card_tells_what_somebody_else_keeps_from_it() {
    let blocked = |out: Vec<OutServer>| {
        let blocker = Blocker::Capacity {
            scope: CapacityScope::Pool(pool(36, Vec::new()).pool),
            serving: 36,
            total: 40,
            floor: 36,
            out: out.into(),
        };
        midway().then(RequestEvent::Blocked { at: at(14, 33), blockers: vec![blocker] }).see(CARD, card)
    };
    assert!(!blocked(out(10..=13, Some(&super::id()), "drained")).contains("Next waits"));
    assert_snapshot!(blocked(out(21..=22, Some(&super::other_id()), "drained")), @"
    ▶️ req-2mq9 running: reboot 20 servers in lax, 9 of 20 rebooted
    ----
    Reboot 20 servers in lax · req-2mq9
    ▶️ running · wave 4 of 6
    ▰▰▰▰▱▱▱▱▱▱  9 of 20 · 4 working · 7 waiting
    Now: `edge-lax-[010-013]`: 3 rebooting, 1 draining
    Next waits: edge-lax 36 of 40 in service, floor 36
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:33 UTC
    [Details] [!Cancel!]
    ");
}

/// As many as a card has room for, beside the bar and what is at work.
#[test]
fn a_running_card_tells_at_most_three_reasons() {
    let unknown = |why: &str| Blocker::AlertsUnknown { why: why.into(), since: None };
    let stopped = Blocker::Stopped { by: "dee".into(), since: at(14, 30), why: "power".into(), hard: false };
    let blockers = vec![stopped, unknown("no answer"), Blocker::NoDirectory, unknown("no watchdog")];
    assert_snapshot!(midway().then(RequestEvent::HeldUp { at: at(14, 33), blockers }).see(CARD, card), @"
    ▶️ req-2mq9 running: reboot 20 servers in lax, 9 of 20 rebooted
    ----
    Reboot 20 servers in lax · req-2mq9
    ▶️ running · wave 4 of 6
    ▰▰▰▰▱▱▱▱▱▱  9 of 20 · 4 working · 7 waiting
    Now: `edge-lax-[010-013]`: 3 rebooting, 1 draining
    Next waits: everything is stopped by dee since 14:30 UTC
    • alerts unknown · the directory of people does not answer + 1 more
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:33 UTC
    [Details] [!Cancel!]
    ");
}

#[test]
fn details_fold_every_server_by_its_state() {
    assert_snapshot!(in_doubt().runs([14], &over(RunOutcome::LeftOut)).see(super::DETAILS, details), @"
    ❓ req-2mq9 needs a person · 9 of 20 rebooted
    ----
    Reboot 20 servers in lax · req-2mq9
    ❓ needs a person · 9 of 20 rebooted · as of 14:46 UTC
    ? 1 of unknown outcome: `edge-lax-012`
    ▶ 3 working (2 rebooting, 1 draining): `edge-lax-[010-011,013]`
    ✓ 9 done: `edge-lax-[001-009]`
    – 1 left out or returned unchanged: `edge-lax-014`
    · 6 waiting: `edge-lax-[015-020]`
    ~ approved by bob 14:04 UTC
    ");
}

#[test]
fn the_incident_channel_hears_of_a_server_that_is_out() {
    let link = Some("https://chat.example/thread");
    assert_snapshot!(one_lost().see(INCIDENT, |view| incident(view, link)), @"
    ✗ lax: edge-lax-012 out of production after a reboot
    ----
    ✗ 1 server of lax out of production
    reboot: `edge-lax-012` did not come back; drained
    edge-lax now 39 of 40, floor 36
    ~ req-2mq9 by ana · since 14:46 UTC
    [[I take it]] [Open thread]
    ");
}

#[test]
fn the_incident_channel_hears_of_an_unknown_outcome() {
    let story = in_doubt().runs([14], &not_back());
    let mut story = Story { now: at(14, 47), ..story };
    story.impacts = vec![impact(pool(36, out(10..=14, Some(&super::id()), "drained")), 0)];
    assert_snapshot!(story.see(INCIDENT, |view| incident(view, None)), @"
    ✗ lax: edge-lax-[012,014] out of production after a reboot
    ----
    ✗ 2 servers of lax out of production
    reboot: `edge-lax-014` did not come back; drained
    reboot: `edge-lax-012` outcome not known, a person must say
    edge-lax now 36 of 40, floor 36
    ~ req-2mq9 by ana · since 14:46 UTC
    [[I take it]]
    ");
}

#[test]
fn the_incident_ends_when_no_server_is_out_any_more() {
    let mut story = one_lost().now(15, 10);
    story.impacts = vec![impact(pool(40, Vec::new()), 4)];
    assert_snapshot!(story.see(INCIDENT, |view| incident(view, Some("https://chat.example/thread"))), @"
    ✅ lax: no server is out of production for req-2mq9
    ----
    ✅ 15:10 UTC · lax: no server is out of production for req-2mq9
    ~ req-2mq9 by ana
    ");
}

#[test]
fn a_pool_that_is_not_known_ends_no_incident() {
    let mut story = one_lost();
    story.impacts[0].now.out.clear();
    story.impacts[0].now.unknown = 1;
    let text = story.see(INCIDENT, |view| incident(view, None));
    assert!(text.contains("out of production"), "{text}");
    assert!(!text.contains('✅'), "{text}");
}

#[test]
fn the_command_line_has_one_sign_and_word_for_every_state() {
    let words = |story: &Story| {
        let request = story.request();
        let view = super::RequestView { request: &request, runs: &story.runs, impacts: &[], now: story.now };
        let (sign, word) = state_word(view);
        format!("{sign} {word}")
    };
    let two_lost = one_lost().runs([14], &not_back()).halted(2);
    let told = [
        words(&Story::asked()),
        words(&Story::asked().approved()),
        words(&midway()),
        words(&one_lost()),
        words(&two_lost),
        words(&in_doubt()),
        words(&midway().cancelled(14, 34)),
        words(&in_doubt().cancelled(14, 47)),
    ];
    assert_snapshot!(told.join("\n"), @"
    🙋 needs approval · 1 of sre
    ⏳ queued
    ▶️ running · 9 of 20 rebooted
    ▶️ running · 12 of 20 rebooted · 1 failed
    ✋ halted · 12 of 20 rebooted · 2 failed
    ❓ needs a person · 9 of 20 rebooted
    🛑 stopping · 9 of 20 rebooted
    ❓ needs a person · 9 of 20 rebooted
    ");
}
