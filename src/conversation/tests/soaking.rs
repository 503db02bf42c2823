//! A wave that is watched, and a request that is halted, in the words of cards, threads and the incident channel.

use super::{CARD, INCIDENT, REPLY, Story, at, done, id, impact, name, not_back, other_id, out, pool, rebooting};
use crate::conversation::{card, final_reply, halt_notice, halted_direct, incident_worse, short_reason, wave_waits};
use crate::domain::server::ProductionState;
use crate::workflow::request::{
    Ailing, Blocker, Halt, HaltCause, RequestEvent, RequestOutcome, Retried, SoakLack, Unwell,
};
use insta::assert_snapshot;

const LINK: Option<&str> = Some("https://chat.example/1");

fn ails(number: u32, seen: &str) -> Ailing {
    Ailing { name: name(number), seen: seen.into(), at: at(14, 38) }
}

/// The canary got done, and these of it are not well.
fn halted(servers: Vec<Ailing>, count: u32) -> Story {
    let story = Story::asked().approved().started().now(14, 40).runs([1], &done());
    let cause = HaltCause::Unwell(Unwell { servers, count, of: 4 });
    story.then(RequestEvent::Halted(Halt { at: at(14, 40), cause }))
}

fn lacks(lacks: SoakLack) -> Blocker {
    let since = (lacks != SoakLack::Gone).then(|| at(14, 31));
    Blocker::Soak { servers: vec![name(1)], lacks, since }
}

fn every_lack() -> Vec<Blocker> {
    let all = [
        SoakLack::Look,
        SoakLack::State(ProductionState::Maintenance),
        SoakLack::Work(other_id()),
        SoakLack::Gone,
        SoakLack::Alert("DiskFailing".into()),
        SoakLack::Alerts("no answer".into()),
        SoakLack::Measure { of: "errors".into(), why: "no answer".into() },
    ];
    all.into_iter().map(lacks).collect()
}

#[test]
fn a_card_says_what_is_not_known_of_the_wave_before() {
    let waits = |blockers| Story::asked().approved().started().now(14, 45).runs([1], &done()).blocked(blockers);
    assert_snapshot!(waits(vec![lacks(SoakLack::Look)]).see(CARD, card), @"
    ✋ req-2mq9 halted: 1 server of the wave before not seen in the load balancer
    ----
    Reboot 20 servers in lax · req-2mq9
    ✋ halted · goes on by itself
    ▱▱▱▱▱▱▱▱▱▱  1 of 20 · 19 waiting
    • `edge-lax-001` of the wave before not seen in the load balancer since 14:31 UTC
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:45 UTC
    [Details] [!Cancel!]
    ");
    assert_snapshot!(waits(vec![lacks(SoakLack::Look)]).see(REPLY, wave_waits), @"
    ✋ req-2mq9: Its next wave waits: it is not known whether the one before is well.
    ----
    ✋ Its next wave waits: it is not known whether the one before is well.
    • `edge-lax-001` of the wave before not seen in the load balancer since 14:31 UTC
    It goes on by itself once that is known and well. To end it, press Cancel; `retry req-2mq9` then asks for what is left.
    ");
    let known = waits(vec![lacks(SoakLack::Look)]).then(RequestEvent::Unblocked { at: at(14, 46) });
    assert_snapshot!(known.see(REPLY, wave_waits), @"
    req-2mq9: What its next wave waited for is known.
    ----
    What its next wave waited for is known.
    ");
}

#[test]
fn each_lack_has_its_words() {
    let story = |lack| Story::asked().approved().started().now(14, 45).runs([1], &done()).blocked(vec![lack]);
    let told = every_lack().into_iter().map(|lack| {
        let full = story(lack.clone()).see(REPLY, wave_waits);
        let full = full.lines().find(|line| line.starts_with('•')).expect("it is told").to_owned();
        format!("{full}\n  {}", short_reason(&lack))
    });
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @"
    • `edge-lax-001` of the wave before not seen in the load balancer since 14:31 UTC
      1 server of the wave before not seen in the load balancer
    • `edge-lax-001` of the wave before is in maintenance by others since 14:31 UTC
      1 server of the wave before is in maintenance by others
    • `edge-lax-001` of the wave before under work for req-2mk4 since 14:31 UTC
      1 server of the wave before under work for req-2mk4
    • `edge-lax-001` of the wave before is not in the inventory any more
      1 server of the wave before is not in the inventory any more
    • alert `DiskFailing` about `edge-lax-001` of the wave before since 14:31 UTC
      alert DiskFailing about 1 server of the wave before
    • alerts about `edge-lax-001` of the wave before unknown since 14:31 UTC (no answer)
      alerts about 1 server of the wave before unknown
    • `errors` of `edge-lax-001` of the wave before unknown since 14:31 UTC (no answer)
      errors of 1 server of the wave before unknown
    ");
}

#[test]
fn a_halt_for_a_server_that_is_not_well_names_it_and_what_was_seen() {
    let story = halted(vec![ails(1, "does not answer")], 1);
    assert_snapshot!(story.see(CARD, card), @"
    ✋ req-2mq9 halted: reboot 20 servers in lax, 1 of 20 rebooted
    ----
    Reboot 20 servers in lax · req-2mq9
    ✋ halted · edge-lax-001 does not answer since 14:38 UTC
    ▱▱▱▱▱▱▱▱▱▱  1 of 20 · 19 not started
    Watching wave 1 until 14:41 UTC
    ~ @U0ANA · approved by bob 14:04 UTC · as of 14:40 UTC
    [Details] [!Cancel!]
    ");
    assert_snapshot!(story.see(INCIDENT, |view| halt_notice(view, LINK)), @"
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    ----
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    Halted: 1 of the 4 in wave 1 not well after the work: `edge-lax-001` does not answer since 14:38 UTC.
    1 of 20 rebooted, 19 not started.
    Nothing more of it starts. Once it is over, to go on with what is left: `retry req-2mq9`
    ~ req-2mq9 by ana · halted 14:40 UTC
    [Open thread]
    ");
    assert_snapshot!(story.see(REPLY, |view| halted_direct(view, None)), @"
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    ----
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    1 of the 4 in wave 1 not well after the work: `edge-lax-001` does not answer since 14:38 UTC · 14:40 UTC
    It starts no more by itself. What is at work goes on.
    ");
    let over = halted(vec![ails(1, "does not answer")], 1).ended(RequestOutcome::DoneWithFailures);
    assert_snapshot!(over.see(CARD, card), @"
    ⚠️ req-2mq9 done, 19 not started: reboot 20 servers in lax, 1 of 20 rebooted · 19 not started
    ----
    Reboot 20 servers in lax · req-2mq9
    ⚠️ done, 19 not started · 14:57 UTC
    `edge-lax-[001-020]` · `kernel update`
    1 of 20 rebooted · 19 not started
    ✋ halted: `edge-lax-001` does not answer since 14:38 UTC
    ~ @U0ANA · approved by bob 14:04 UTC · 14:24 UTC to 14:57 UTC
    [Details]
    ");
    assert_snapshot!(over.see(REPLY, final_reply), @"
    ⚠️ req-2mq9: 1 of 20 rebooted
    ----
    ⚠️ req-2mq9: 1 of 20 rebooted
    · `edge-lax-[002-020]` not started: `edge-lax-001` does not answer since 14:38 UTC
    ~ 53 min, of which 20 min queued · asked by @U0ANA · approved by bob 14:04 UTC · plan 9f3a
    [[Retry 19]]
    ");
    assert_snapshot!(over.see(INCIDENT, |view| halt_notice(view, LINK)), @"
    ⚠️ req-2mq9 is over: done, 19 not started
    ----
    ⚠️ req-2mq9 is over: done, 19 not started · 14:57 UTC
    Halted: 1 of the 4 in wave 1 not well after the work: `edge-lax-001` does not answer since 14:38 UTC.
    1 of 20 rebooted, 19 not started.
    To go on with what is left: `retry req-2mq9`
    ~ req-2mq9 by ana · halted 14:40 UTC
    [[Retry 19]] [Open thread]
    ");
    let (request, by, name) = (other_id(), super::person("U0BOB"), "bob".to_owned());
    let retried = over.then(RequestEvent::Retried(Retried { request, by, name, at: at(15, 2) }));
    assert_snapshot!(retried.see(INCIDENT, |view| halt_notice(view, LINK)), @"
    ✅ req-2mq9 is over: done, 19 not started
    ----
    ✅ 15:02 UTC · req-2mq9 is over: done, 19 not started · 14:57 UTC
    Halted: 1 of the 4 in wave 1 not well after the work: `edge-lax-001` does not answer since 14:38 UTC.
    1 of 20 rebooted, 19 not started.
    Retried by bob at 15:02 UTC, as req-2mk4.
    ~ req-2mq9 by ana · halted 14:40 UTC
    ");
}

#[test]
fn of_many_that_are_not_well_two_are_named() {
    let all = (1..=3).map(|number| ails(number, "alert DiskFailing")).collect();
    assert_snapshot!(halted(all, 4).see(INCIDENT, |view| halt_notice(view, LINK)), @"
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    ----
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    Halted: 4 of the 4 in wave 1 not well after the work: `edge-lax-001` alert DiskFailing since 14:38 UTC, `edge-lax-002` alert DiskFailing since 14:38 UTC + 2 more.
    1 of 20 rebooted, 19 not started.
    Nothing more of it starts. Once it is over, to go on with what is left: `retry req-2mq9`
    ~ req-2mq9 by ana · halted 14:40 UTC
    [Open thread]
    ");
}

#[test]
fn any_halt_is_told_in_the_incident_channel() {
    let at_work =
        || Story::asked().approved().started().now(14, 40).runs([1, 2], &not_back()).runs([3, 4], &rebooting());
    assert_snapshot!(at_work().halted(2).see(INCIDENT, |view| halt_notice(view, LINK)), @"
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    ----
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    Halted: 2 servers failed, limit 1, at most 4 of 20 with those at work.
    0 of 20 rebooted, 16 not started; 2 at work finish.
    Nothing more of it starts. Once it is over, to go on with what is left: `retry req-2mq9`
    ~ req-2mq9 by ana · halted 14:40 UTC
    [Open thread]
    ");
    assert_snapshot!(at_work().halted(2).cancelled(14, 44).see(INCIDENT, |view| halt_notice(view, LINK)), @"
    🛑 req-2mq9 is halted: reboot 20 servers in lax
    ----
    🛑 req-2mq9 is halted: reboot 20 servers in lax
    Halted: 2 servers failed, limit 1, at most 4 of 20 with those at work.
    0 of 20 rebooted, 16 not started; 2 at work finish.
    Nothing more of it starts. Once it is over, to go on with what is left: `retry req-2mq9`
    ~ req-2mq9 by ana · halted 14:40 UTC
    [Open thread]
    ");
    let revoked = Halt { at: at(14, 40), cause: HaltCause::Revoked("ana is not of noc any more".into()) };
    let revoked = at_work().then(RequestEvent::Halted(revoked));
    assert_snapshot!(revoked.see(INCIDENT, |view| halt_notice(view, LINK)), @"
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    ----
    ✋ req-2mq9 is halted: reboot 20 servers in lax
    Halted: ana is not of noc any more.
    0 of 20 rebooted, 16 not started; 2 at work finish.
    Nothing more of it starts. Once it is over, to go on with what is left: `retry req-2mq9`
    ~ req-2mq9 by ana · halted 14:40 UTC
    [Open thread]
    ");
}

#[test]
fn one_more_server_that_is_out_is_told_as_worse() {
    let mut story = Story::asked().approved().started().now(14, 50).runs([2, 3], &not_back());
    story.impacts = vec![impact(pool(38, out(2..=3, Some(&id()), "drained")), 1)];
    assert_snapshot!(story.see_run(3, incident_worse), @"
    ✗ req-2mq9: Worse: 2 servers of lax out of production now
    ----
    ✗ Worse: 2 servers of lax out of production now
    reboot: `edge-lax-003` did not come back; drained
    edge-lax now 38 of 40, floor 36
    ");
    story.impacts = vec![impact(pool(40, Vec::new()), 1)];
    assert!(story.see_run(3, incident_worse).contains("edge-lax-003 is back"), "nothing is worse by then");
}
