//! Echo, card and approval before anything starts.

use super::{CARD, PRIVATE, REPLY, Story, approval, at, command, name, other_id, out, person, pool};
use crate::admission::Place;
use crate::conversation::message::{Message, Piece};
use crate::conversation::{Beside, approval_ask, card, card_beside, details, echo, started};
use crate::domain::identity::Actor;
use crate::domain::ids::Fingerprint;
use crate::domain::server::{PoolName, SiteName};
use crate::workflow::pace::Pace;
use crate::workflow::request::{Blocker, CapacityScope, ControlVerb, LimitScope, RequestEvent, RequestOutcome};
use insta::assert_snapshot;
use std::time::Duration;

fn at_floor() -> Blocker {
    let count = pool(36, out(21..=24, Some(&other_id()), "drained"));
    Blocker::Capacity {
        scope: CapacityScope::Pool(count.pool),
        serving: 36,
        total: 40,
        floor: 36,
        out: count.out.into(),
    }
}

fn locked() -> Blocker {
    Blocker::Locked { servers: (1..=3).map(name).collect(), holder: other_id(), since: at(13, 52) }
}

fn crowded() -> Blocker {
    Blocker::Concurrency {
        scope: LimitScope::Site(SiteName::new("lax")),
        active: 4,
        limit: 4,
        holders: vec![other_id()],
    }
}

fn unseen(since: Option<crate::domain::time::Timestamp>) -> Blocker {
    Blocker::HealthUnknown { scope: CapacityScope::Pool(PoolName::new("edge-lax")), unknown: 12, total: 40, since }
}

fn denied() -> Story {
    let why = "traffic peak until 16:00".to_owned();
    Story::asked()
        .then(RequestEvent::Denied { by: Actor::recalled(person("U0BOB")), name: "bob".into(), at: at(14, 4), why })
        .now(14, 4)
}

#[test]
fn the_echo_says_what_was_understood() {
    assert_snapshot!(Story::asked().see(PRIVATE, |view| echo(view, None)), @"
    req-2mq9 understood: reboot 20 servers in lax
    ----
    Understood: reboot 20 servers in lax
    `edge-lax-[001-020]` · reason: `kernel update`
    ~ req-2mq9 · nothing has started
    ");
}

#[test]
fn the_echo_links_to_the_card_once_it_is_up() {
    let link = Some("https://chat.example/card");
    assert_snapshot!(Story::asked().see(PRIVATE, |view| echo(view, link)), @"
    req-2mq9 understood: reboot 20 servers in lax
    ----
    Understood: reboot 20 servers in lax
    `edge-lax-[001-020]` · reason: `kernel update`
    ~ req-2mq9 · nothing has started · card <https://chat.example/card>
    ");
}

#[test]
fn the_echo_of_work_without_servers_names_the_text() {
    let story = Story::of(&command("announce"), 0, &[1], "riga is in maintenance");
    assert_snapshot!(story.see(PRIVATE, |view| echo(view, None)), @"
    req-2mq9 understood: announce
    ----
    Understood: announce
    message: `riga is in maintenance`
    ~ req-2mq9 · nothing has started
    ");
}

#[test]
fn the_echo_never_says_nothing_started_after_a_start() {
    let text = Story::asked().approved().started().see(PRIVATE, |view| echo(view, None));
    assert!(!text.contains("nothing has started"), "{text}");
}

#[test]
fn a_card_waits_for_approval() {
    assert_snapshot!(Story::asked().see(CARD, card), @"
    🙋 req-2mq9 needs approval: reboot 20 servers in lax (ana)
    ----
    Reboot 20 servers in lax · req-2mq9
    🙋 needs approval · 1 of `sre`, by 15:02 UTC
    `edge-lax-[001-020]` · `kernel update`
    At most 4 out at once: 36 of 40 stay, floor 36
    ~ @U0ANA · plan 9f3a · drain, reboot, check, return
    [[Review]] [Details] [!Withdraw!]
    ");
}

#[test]
fn a_card_reads_the_same_before_it_is_up() {
    let mut story = Story::asked();
    let posted = story.see(CARD, card);
    story.events.truncate(1);
    assert_eq!(story.see(CARD, card), posted);
}

#[test]
fn a_card_tells_several_pools() {
    let mut story = Story::asked();
    let mut second = story.impacts[0].clone();
    second.now.pool = PoolName::new("origin-lax");
    second.out_at_once = 0;
    second.now.serving = 36;
    story.impacts.extend([second.clone(), second]);
    assert_snapshot!(story.see(CARD, card), @"
    🙋 req-2mq9 needs approval: reboot 20 servers in lax (ana)
    ----
    Reboot 20 servers in lax · req-2mq9
    🙋 needs approval · 1 of `sre`, by 15:02 UTC
    `edge-lax-[001-020]` · `kernel update`
    edge-lax: at most 4 out, 36 of 40 stay, floor 36
    origin-lax is at its floor now: 36 of 40, floor 36 + 1 more pool
    ~ @U0ANA · plan 9f3a · drain, reboot, check, return
    [[Review]] [Details] [!Withdraw!]
    ");
}

#[test]
fn a_card_asks_before_it_is_withdrawn() {
    let request = Story::asked().request();
    let view = super::RequestView { request: &request, runs: &[], impacts: &[], now: at(14, 2) };
    let message = card(view);
    let buttons = super::buttons_of(&message);
    let withdraw = buttons.iter().find(|button| button.label == "Withdraw").unwrap();
    let confirm = withdraw.confirm.as_ref().unwrap();
    assert_eq!(confirm.title, "Withdraw req-2mq9?");
    assert_eq!(confirm.text, "Nothing has started, and nothing will.");
}

#[test]
fn a_card_without_a_stored_control_has_no_such_button() {
    let mut request = Story::asked().request();
    request.controls.remove(&ControlVerb::Withdraw);
    let view = super::RequestView { request: &request, runs: &[], impacts: &[], now: at(14, 2) };
    let message = card(view);
    assert_eq!(super::buttons_of(&message).len(), 2);
}

#[test]
fn the_text_of_a_person_stays_one_harmless_piece() {
    let nasty = "`a\u{202e}b`\n• ✅ done\n<!channel> ".to_owned() + &"x".repeat(300);
    let story = Story::of(&command("reboot"), 20, &[20], &nasty);
    let request = story.request();
    let view = super::RequestView { request: &request, runs: &story.runs, impacts: &story.impacts, now: story.now };
    let of = |message: &Message| format!("{:?}", message.blocks);
    for message in [card(view), echo(view, None)] {
        super::shown(&message, CARD);
        assert!(!of(&message).contains("\\n•") && !of(&message).contains('\u{202e}'), "{message:?}");
        let mut texts = Vec::new();
        for block in &message.blocks {
            if let crate::conversation::message::Block::Section(text) = block {
                texts.extend(text);
            }
        }
        let codes = texts.into_iter().filter_map(|piece| if let Piece::Code(text) = piece { Some(text) } else { None });
        assert!(codes.clone().any(|code| code.starts_with("'ab' • ✅ done <!channel>")), "{message:?}");
        assert!(codes.clone().all(|code| code.chars().count() <= 120 && !code.contains('`')));
    }
}

#[test]
fn the_thread_asks_the_approvers() {
    assert_snapshot!(Story::asked().see(REPLY, approval_ask), @"
    🙋 req-2mq9 needs approval of sre: reboot 20 servers in lax
    ----
    @sre 20 servers in lax need your approval by 15:02 UTC.
    [[Review]]
    ");
}

#[test]
fn the_ask_keeps_no_button_after_the_approval() {
    assert_snapshot!(Story::asked().approved().see(REPLY, approval_ask), @"
    ⏳ req-2mq9: Approved by bob at 14:04 UTC (plan 9f3a)
    ----
    Approved by bob at 14:04 UTC (plan 9f3a)
    ");
}

#[test]
fn the_ask_names_who_still_must_agree() {
    let mut story = Story::asked();
    if let Some(RequestEvent::Accepted(accepted)) = story.events.first_mut() {
        accepted.need.as_mut().unwrap().quotas[0].count = 2;
    }
    assert_snapshot!(story.see(REPLY, approval_ask), @"
    🙋 req-2mq9 needs approval of sre: reboot 20 servers in lax
    ----
    @sre 20 servers in lax need approval from 2 of you by 15:02 UTC.
    [[Review]]
    ");
    let story = story.approved();
    assert_snapshot!(story.see(REPLY, approval_ask), @"
    🙋 req-2mq9 needs approval of sre: reboot 20 servers in lax
    ----
    @sre 20 servers in lax need your approval by 15:02 UTC. So far: bob.
    [[Review]]
    ");
    assert_snapshot!(story.see(CARD, card), @"
    🙋 req-2mq9 needs approval: reboot 20 servers in lax (ana)
    ----
    Reboot 20 servers in lax · req-2mq9
    🙋 needs approval · 1 more of `sre`, by 15:02 UTC
    `edge-lax-[001-020]` · `kernel update`
    At most 4 out at once: 36 of 40 stay, floor 36
    ~ @U0ANA · plan 9f3a · drain, reboot, check, return
    [[Review]] [Details] [!Withdraw!]
    ");
    let plan: Fingerprint = story.request().plan.hash().clone();
    assert_snapshot!(story.then(approval("U0DEE", "dee", plan)).see(REPLY, approval_ask), @"
    ⏳ req-2mq9: Approved by bob at 14:04 UTC and dee at 14:04 UTC (plan 9f3a)
    ----
    Approved by bob at 14:04 UTC and dee at 14:04 UTC (plan 9f3a)
    ");
}

#[test]
fn the_ask_says_that_it_was_denied() {
    assert_snapshot!(denied().see(REPLY, approval_ask), @"
    🚫 req-2mq9: Denied by bob at 14:04 UTC: traffic peak until 16:00. Nothing has started.
    ----
    Denied by bob at 14:04 UTC: `traffic peak until 16:00`. Nothing has started.
    ");
}

#[test]
fn the_ask_says_that_time_ran_out() {
    let story = Story::asked().ended(RequestOutcome::Expired);
    assert_snapshot!(story.see(REPLY, approval_ask), @"
    ⌛ req-2mq9: Not approved by 15:02 UTC. Nothing has started, and nothing runs later.
    ----
    Not approved by 15:02 UTC. Nothing has started, and nothing runs later.
    ");
}

#[test]
fn the_ask_says_that_it_was_withdrawn() {
    let story = Story::asked().ended(RequestOutcome::Cancelled { name: "ana".into() });
    assert_snapshot!(story.see(REPLY, approval_ask), @"
    ⏹️ req-2mq9: Withdrawn by ana at 14:57 UTC. Nothing has started, and nothing runs later.
    ----
    Withdrawn by ana at 14:57 UTC. Nothing has started, and nothing runs later.
    ");
}

#[test]
fn a_denied_card_says_why() {
    assert_snapshot!(denied().see(CARD, card), @"
    🚫 req-2mq9 refused: reboot 20 servers in lax, nothing has started
    ----
    Reboot 20 servers in lax · req-2mq9
    🚫 refused by bob · 14:04 UTC
    `edge-lax-[001-020]` · `kernel update`
    Why: `traffic peak until 16:00` · nothing has started
    ~ @U0ANA · plan 9f3a
    [Details]
    ");
}

#[test]
fn a_withdrawn_card_says_that_nothing_started() {
    let story = Story::asked().ended(RequestOutcome::Cancelled { name: "ana".into() });
    assert_snapshot!(story.see(CARD, card), @"
    ⏹️ req-2mq9 cancelled: reboot 20 servers in lax, nothing has started
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏹️ cancelled by ana · 14:57 UTC
    `edge-lax-[001-020]` · `kernel update`
    Nothing has started, and nothing runs later
    ~ @U0ANA · plan 9f3a
    [Details]
    ");
}

#[test]
fn an_expired_card_says_that_nothing_runs_later() {
    assert_snapshot!(Story::asked().ended(RequestOutcome::Expired).see(CARD, card), @"
    ⌛ req-2mq9 expired: reboot 20 servers in lax, nothing has started
    ----
    Reboot 20 servers in lax · req-2mq9
    ⌛ expired · 14:57 UTC
    `edge-lax-[001-020]` · `kernel update`
    Nothing has started, and nothing runs later
    ~ @U0ANA · plan 9f3a
    [Details]
    ");
}

#[test]
fn a_queued_card_starts_by_itself() {
    assert_snapshot!(Story::asked().approved().see(CARD, card), @"
    ⏳ req-2mq9 queued: reboot 20 servers in lax
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏳ queued · starts by itself
    `edge-lax-[001-020]` · `kernel update`
    ~ @U0ANA · approved by bob 14:04 UTC · plan 9f3a
    [Details] [!Cancel!]
    ");
}

/// A day's freeze is longer than what a request waits for at most.
#[test]
fn a_queued_card_says_that_it_expires_before_it_may_start() {
    let frozen = |hour: i64| Blocker::Frozen {
        scope: "site=lax".into(),
        by: "bob".into(),
        until: Some(at(hour, 30)),
        why: "a live match".into(),
    };
    let state = |hour: i64| {
        let card = Story::asked().approved().blocked(vec![frozen(hour)]).see(CARD, card);
        card.lines().find(|line| line.starts_with("⏳ queued")).map(str::to_owned).unwrap()
    };
    assert_eq!(state(22), "⏳ queued · starts by itself", "it expires at 23:00");
    assert_eq!(state(23), "⏳ queued · expires 23:00 UTC, before it may start; to ask again with a time: `at …`");
}

#[test]
fn a_queued_card_names_the_floor_and_who_is_out() {
    assert_snapshot!(Story::asked().approved().blocked(vec![at_floor()]).see(CARD, card), @"
    ⏳ req-2mq9 queued: edge-lax 36 of 40 in service, floor 36
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏳ queued · starts by itself
    • edge-lax has 36 of 40 in service, floor 36
      4 out: `edge-lax-[021-024]` (drained, req-2mk4)
    ~ @U0ANA · approved by bob 14:04 UTC · looked 14:05 UTC, again every 15 s
    [Details] [!Cancel!]
    ");
}

#[test]
fn a_queued_card_tells_its_place_and_when_it_is_likely_to_start() {
    let place = Place { position: 2, of: 3, ahead: vec![other_id()] };
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let pace = Pace {
        cases: 5,
        half: minutes(20),
        three_quarters: minutes(30),
        nine_tenths: minutes(45),
        nineteen_in_twenty: minutes(50),
    };
    let story = Story::asked().approved().blocked(vec![at_floor()]).now(14, 5);
    let beside = Beside { place: Some(&place), pace: Some(pace), ..Beside::default() };
    assert_snapshot!(story.see(CARD, |view| card_beside(view, beside)), @"
    ⏳ req-2mq9 queued: edge-lax 36 of 40 in service, floor 36
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏳ queued, 2nd of 3 in lax at 14:05 UTC · starts by itself
    • edge-lax has 36 of 40 in service, floor 36
      4 out: `edge-lax-[021-024]` (drained, req-2mk4)
    ~ @U0ANA · approved by bob 14:04 UTC · likely start 14:24 UTC, by 14:49 UTC · looked 14:05 UTC, again every 15 s
    [Details] [!Cancel!]
    ");
    // Alone it has no place to tell, and once it runs neither counts any more.
    let alone = Place { position: 1, of: 1, ahead: Vec::new() };
    let beside = Beside { place: Some(&alone), ..Beside::default() };
    assert_eq!(story.see(CARD, |view| card_beside(view, beside)), story.see(CARD, card));
}

#[test]
fn a_queued_card_names_at_most_three_reasons() {
    let story = Story::asked().approved();
    assert_snapshot!(story.blocked(vec![at_floor(), unseen(Some(at(13, 58))), locked(), crowded()]).see(CARD, card), @"
    ⏳ req-2mq9 queued: edge-lax 36 of 40 in service, floor 36, and 3 more reasons
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏳ queued · starts by itself
    • edge-lax has 36 of 40 in service, floor 36
    • health of 12 of 40 in edge-lax unknown since 13:58 UTC; waits until it is known
    • `edge-lax-[001-003]` under work for req-2mk4 since 13:52 UTC + 1 more
    ~ @U0ANA · approved by bob 14:04 UTC · looked 14:05 UTC, again every 15 s
    [Details] [!Cancel!]
    ");
}

#[test]
fn a_queued_card_says_what_is_not_known() {
    let story = Story::asked().approved();
    assert_snapshot!(story.blocked(vec![unseen(None), crowded()]).see(CARD, card), @"
    ⏳ req-2mq9 queued: edge-lax health unknown, and 1 more reason
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏳ queued · starts by itself
    • health of 12 of 40 in edge-lax unknown, not looked at yet; waits until it is known
    • lax: 4 servers under work, at most 4 at once (req-2mk4)
    ~ @U0ANA · approved by bob 14:04 UTC · looked 14:05 UTC, again every 15 s
    [Details] [!Cancel!]
    ");
}

#[test]
fn servers_that_are_out_for_several_reasons_are_grouped() {
    let mut servers = out(21..=22, Some(&other_id()), "drained");
    servers.extend(out([23], None, "does not answer"));
    servers.extend(out([24], None, "maintenance"));
    let blocker = Blocker::Capacity {
        scope: CapacityScope::Pool(PoolName::new("edge-lax")),
        serving: 36,
        total: 40,
        floor: 36,
        out: servers.into(),
    };
    assert_snapshot!(Story::asked().approved().blocked(vec![blocker]).see(CARD, card), @"
    ⏳ req-2mq9 queued: edge-lax 36 of 40 in service, floor 36
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏳ queued · starts by itself
    • edge-lax has 36 of 40 in service, floor 36
      4 out: `edge-lax-[021-022]` (drained, req-2mk4), `edge-lax-023` (does not answer) + 1 more
    ~ @U0ANA · approved by bob 14:04 UTC · looked 14:05 UTC, again every 15 s
    [Details] [!Cancel!]
    ");
}

#[test]
fn the_thread_says_that_it_started_after_waiting() {
    assert_snapshot!(Story::asked().approved().started().see(REPLY, started), @"
    ▶️ req-2mq9 started: reboot 20 servers in lax
    ----
    ▶️ Started at 14:24 UTC, after 20 min. First: `edge-lax-001` (canary).
    ");
}

#[test]
fn work_without_servers_starts_without_a_canary() {
    let story = Story::of(&command("announce"), 0, &[1], "riga is in maintenance").started();
    assert_snapshot!(story.see(REPLY, started), @"
    ▶️ req-2mq9 started: announce
    ----
    ▶️ Started at 14:24 UTC, after 22 min.
    ");
    assert_snapshot!(story.see(CARD, card), @"
    ▶️ req-2mq9 running: announce
    ----
    Announce · req-2mq9
    ▶️ running
    Text: `riga is in maintenance`
    ~ @U0ANA · as of 14:02 UTC
    [Details] [!Cancel!]
    ");
}

#[test]
fn details_before_the_start_list_every_server() {
    assert_snapshot!(Story::asked().see(PRIVATE, details), @"
    🙋 req-2mq9 needs approval · 1 of sre
    ----
    Reboot 20 servers in lax · req-2mq9
    🙋 needs approval · 1 of sre · as of 14:02 UTC
    · 20 waiting: `edge-lax-[001-020]`
    ");
}
