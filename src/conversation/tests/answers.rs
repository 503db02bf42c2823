//! Private answers: refusals, misunderstandings, status and the small ones.

use super::{PRIVATE, Story, at, command, done, id, name, other_id, out, person, pool, rebooting, shown};
use crate::admission::{Outside, WiderCount};
use crate::authorization::{AuthorizationRecord, Ceiling, Could, PolicyName, PolicyNote, Refusal, RefusalKind};
use crate::conversation::{self as say, Overlap, StatusView};
use crate::domain::command::{CommandName, Impact};
use crate::domain::identity::{GroupName, Standing};
use crate::domain::ids::Handle;
use crate::domain::place::{ChannelId, ChannelName, Reach};
use crate::domain::server::{ServerType, SiteName};
use crate::language::{Vocabulary, parse};
use crate::workflow::request::{CapacityScope, Request, RequestOutcome};
use insta::assert_snapshot;
use std::collections::BTreeMap;

pub(super) fn read(message: &crate::conversation::message::Message) -> String {
    shown(message, PRIVATE)
}

pub(super) fn refusal(kind: RefusalKind) -> Refusal {
    Refusal {
        kind,
        person: person("U0ANA"),
        channel: ChannelId::new("C0WEB"),
        channel_name: Some(ChannelName::new("web")),
        command: command("reboot").name.clone(),
        server_count: 20,
        first_refused: Vec::new(),
        refused_count: 20,
        refused_sites: Vec::new(),
        could: Could { channels: vec![ChannelName::new("noc")], groups: Vec::new() },
        nearest: None,
        record: AuthorizationRecord::default(),
    }
}

pub(super) fn note(policy: &str, reason: &str) -> PolicyNote {
    let (file, line) = ("channels/web.cedar".to_owned(), 3);
    PolicyNote { id: PolicyName::new(policy), reason: reason.into(), file, line }
}

fn refused(kind: RefusalKind) -> String {
    read(&say::refused(&refusal(kind), &command("reboot"), "web", 20))
}

#[test]
fn a_refusal_names_the_policy_its_sentence_and_where_it_may_be_done() {
    let by = vec![note("web-no-reboots", "servers are not rebooted from #web")];
    assert_snapshot!(refused(RefusalKind::Forbidden { by }), @"
    🚫 refused: reboot is not allowed in #web
    ----
    🚫 reboot is not allowed in #web
    Policy web-no-reboots: `servers are not rebooted from #web`
    Nothing has started.
    In #noc you may, with one approval of sre.
    ");
    let by = note("web-small", "web team drains its own, up to 10");
    assert_snapshot!(refused(RefusalKind::TooMany { at_most: 10, by }), @"
    🚫 refused: reboot of more than 10 servers is not allowed in #web
    ----
    🚫 reboot of more than 10 servers is not allowed in #web
    Policy web-small: `web team drains its own, up to 10`
    You asked for 20. Nothing has started.
    In #noc you may, with one approval of sre.
    ");
}

#[test]
fn every_refusal_has_words() {
    let kinds = [
        RefusalKind::Standing(Standing::Guest),
        RefusalKind::Standing(Standing::Stranger),
        RefusalKind::Standing(Standing::Deactivated),
        RefusalKind::Standing(Standing::Bot),
        RefusalKind::Ceiling { reach: Reach::Shared, at_most: Ceiling::Nothing },
        RefusalKind::Ceiling { reach: Reach::Shared, at_most: Ceiling::UpTo(Impact::ReadOnly) },
        RefusalKind::Ceiling { reach: Reach::Direct, at_most: Ceiling::Nothing },
        RefusalKind::Ceiling { reach: Reach::Direct, at_most: Ceiling::UpTo(Impact::ReadOnly) },
        RefusalKind::Ceiling { reach: Reach::Private, at_most: Ceiling::UpTo(Impact::Config) },
        RefusalKind::NoPolicy,
        RefusalKind::WrongSubjects,
        RefusalKind::NothingAllowed,
        RefusalKind::EvaluationFault("secret detail".into()),
    ];
    let told = kinds.map(|kind| refused(kind).lines().nth(2).unwrap_or_default().to_owned());
    assert_snapshot!(told.join("\n"), @"
    🚫 Guests cannot run anything here
    🚫 Only people of this workspace can run anything here
    🚫 This account is switched off
    🚫 Bots cannot run anything by a message
    🚫 People of another workspace read along in #web, so nothing runs from it
    🚫 People of another workspace read along in #web, so nothing beyond read-only runs from it
    🚫 Nothing runs from a direct conversation
    🚫 Nothing beyond read-only runs from a direct conversation
    🚫 Nothing beyond config runs in #web
    🚫 Nothing is allowed in #web: it has no policy
    🚫 reboot does not fit these servers
    🚫 reboot is not allowed in #web
    🚫 The policy for reboot in #web could not be read to its end
    ");
}

#[test]
fn a_refusal_of_some_servers_names_the_first() {
    let mut some = refusal(RefusalKind::NothingAllowed);
    some.first_refused = vec![name(3), name(4), name(5)];
    some.refused_count = 7;
    some.could =
        Could { channels: Vec::new(), groups: vec![GroupName::new("incident-commander"), GroupName::new("sre")] };
    assert_snapshot!(read(&say::refused(&some, &command("reboot"), "#web", 20)), @"
    🚫 refused: reboot is not allowed in #web
    ----
    🚫 reboot is not allowed in #web
    7 of 20 are in the way, first `edge-lax-[003-005]`. Nothing has started.
    In #web, incident-commander or sre may.
    ");
}

#[test]
fn what_a_policy_could_not_say_is_for_the_log_only() {
    let mut fault = refusal(RefusalKind::EvaluationFault("secret detail".into()));
    fault.could = Could::default();
    let text = read(&say::refused(&fault, &command("reboot"), "web", 20));
    assert!(!text.contains("secret detail"));
    assert_snapshot!(text, @"
    🚫 refused: The policy for reboot in #web could not be read to its end
    ----
    🚫 The policy for reboot in #web could not be read to its end
    Nothing has started.
    Tell sre, who own this command.
    ");
}

#[test]
fn a_misunderstanding_points_at_the_place_and_has_no_button() {
    let vocabulary = Vocabulary::of(vec![command("reboot"), command("drain")]);
    let told = |line: &str| read(&say::misunderstood(&parse(line, &vocabulary).unwrap_err()));
    assert_snapshot!(told("rebot edge-lax-[001-020] because kernel update"), @"
    Not understood: There is no command rebot here. Nothing has started.
    ----
    There is no command rebot here
    ```
    rebot edge-lax-[001-020] becaus…
    ^^^^^ did you mean reboot?
    ```
    Nothing has started.
    To send instead: `reboot edge-lax-[001-020] because kernel update`
    ");
    assert_snapshot!(told("reboot edge-lax-[001-020]"), @"
    Not understood: Reason is missing. Nothing has started.
    ----
    Reason is missing
    ```
    reboot edge-lax-[001-020]
                              ^
    ```
    Add because … at the end. Nothing has started.
    ");
    assert_snapshot!(told("reboot edge-lax-[020-001] because kernel update"), @"
    Not understood: This range ends before it begins. Nothing has started.
    ----
    This range ends before it begins
    ```
    reboot edge-lax-[020-001] becau…
                     ^^^^^^^
    ```
    Write the smaller number first: [001-020]. Nothing has started.
    ");
    assert_snapshot!(told(&"x".repeat(100_000)), @"
    Not understood: This line is too long. Nothing has started.
    ----
    This line is too long
    It has 100000 characters; at most 4000 are read. Nothing has started.
    ");
}

#[test]
fn times_that_are_not_clear_are_asked_about() {
    let zone = Some(crate::domain::intent::ZoneName::new("Europe/Riga"));
    let now = crate::domain::time::Timestamp::from_millis(1_795_600_800_000);
    let vocabulary = Vocabulary { zone, now, ..Vocabulary::of(vec![command("reboot")]) };
    let told = |line: &str| read(&say::misunderstood(&parse(line, &vocabulary).unwrap_err()));
    assert_snapshot!(told("reboot edge-lax-001 because kernel update at 02:00"), @r#"
    Not understood: The reason ends in a time. Nothing has started.
    ----
    The reason ends in a time
    ```
    … because kernel update at 02:00
                            ^^^^^^^^
    ```
    Send the one you mean:
    `reboot edge-lax-001 at 02:00 because kernel update`
    `reboot edge-lax-001 because "kernel update at 02:00"`
    Nothing has started.
    "#);
    assert_snapshot!(told("reboot edge-lax-001 at 26.11. 02:00 because kernel"), @"
    Not understood: This is not a time. Nothing has started.
    ----
    This is not a time
    ```
    reboot edge-lax-001 at 26.11 02…
                           ^^^^^
    ```
    Write it as in 02:00, 2am, tomorrow 02:00 or 2026-12-01 02:00 UTC. Nothing has started.
    ");
    assert_snapshot!(told("reboot edge-lax-001 at today 02:00 because kernel"), @"
    Not understood: This time is over. Nothing has started.
    ----
    This time is over
    ```
    …001 at today 02:00 because ker…
            ^^^^^^^^^^^
    ```
    It was 2026-11-25 02:00 Europe/Riga. Write a later one. Nothing has started.
    ");
    assert_snapshot!(told("reboot edge-lax-001 at 02:00 EET because kernel"), @"
    Not understood: There is no time zone EET. Nothing has started.
    ----
    There is no time zone EET
    ```
    …001 at 02:00 EET because kernel
                  ^^^
    ```
    Write a zone as in Europe/Riga, or UTC, or site time. Nothing has started.
    ");
    assert_snapshot!(told("reboot edge-lax-001 in 2 days because kernel"), @"
    Not understood: This is too far ahead. Nothing has started.
    ----
    This is too far ahead
    ```
    reboot edge-lax-001 in 2 days b…
                           ^^^^^^
    ```
    Work may begin at most 24 h from now. Nothing has started.
    ");
}

#[test]
fn a_time_that_the_clocks_show_twice_is_asked_about() {
    let zone = Some(crate::domain::intent::ZoneName::new("Europe/Riga"));
    let now = crate::domain::time::Timestamp::from_millis(1_792_872_000_000);
    let vocabulary = Vocabulary { zone, now, ..Vocabulary::of(vec![command("reboot")]) };
    let told = |line: &str| read(&say::misunderstood(&parse(line, &vocabulary).unwrap_err()));
    assert_snapshot!(told("reboot edge-lax-001 at 03:30 because kernel"), @"
    Not understood: The clocks of Europe/Riga show this time twice. Nothing has started.
    ----
    The clocks of Europe/Riga show this time twice
    ```
    reboot edge-lax-001 at 03:30 be…
                           ^^^^^
    ```
    Send the one you mean:
    `reboot edge-lax-001 at 2026-10-25 00:30 UTC because kernel`
    `reboot edge-lax-001 at 2026-10-25 01:30 UTC because kernel`
    Nothing has started.
    ");
}

/// Three commands for that many servers, and one that is for 6.
fn covering(count: u32) -> Vec<(CommandName, u32)> {
    let all = [("drain", count), ("inspect", 6), ("reboot", count), ("undrain", count)];
    all.map(|(name, count)| (CommandName::new(name), count)).to_vec()
}

#[test]
fn status_begins_with_its_sources_and_their_age() {
    let running = Story::asked().approved().started().runs(1..=9, &done()).runs(10..=13, &rebooting());
    let waiting = Story::asked();
    let requests = [(running.request(), running.runs.clone()), (waiting.request(), waiting.runs.clone())];
    let mut full = pool(40, Vec::new());
    full.pool = crate::domain::server::PoolName::new("edge-riga");
    let mut view = StatusView {
        calendars: &[],
        stop: None,
        brakes: &[],
        pools: &[full.clone(), pool(36, out(10..=13, Some(&id()), "drained"))],
        wider: &[],
        requests: &requests,
        servers: 86,
        coverage: &covering(80),
        inventory_at: at(13, 0),
        health_oldest: Some((at(14, 32), crate::domain::server::PoolName::new("edge-lax"))),
        people_at: Some(at(14, 33)),
        outside: Outside::NOT_CONFIGURED,
        compares: &[],
        observed: &[],
        lacks: &[],
        alerts_silent: None,
        now: at(14, 33),
    };
    assert_snapshot!(read(&say::status(&view)), @"
    76 of 80 in service, 2 open requests
    ----
    Health by the load balancers: oldest look 14:32 UTC (edge-lax) · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests 14:33 UTC · inventory 13:00 UTC · people 14:33 UTC
    76 of 80 in service in 2 pools · 6 servers in no pool
    edge-lax 36 of 40, floor 36 · 4 out: `edge-lax-[010-013]` (drained, req-2mq9)
    ▶️ req-2mq9 reboot 20 servers in lax · running · 9 of 20 rebooted · ana
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana
    ~ of 86 servers: drain, reboot and undrain 80 · inspect 6
    ");
    let full = [full];
    view = StatusView {
        calendars: &[],
        pools: &full,
        requests: &[],
        servers: 40,
        coverage: &[],
        health_oldest: None,
        people_at: None,
        alerts_silent: Some((at(14, 20), "the address cannot be reached")),
        observed: &[crate::workflow::request::PolicyName::Capacity, crate::workflow::request::PolicyName::Traffic],
        ..view
    };
    assert_snapshot!(read(&say::status(&view)), @"
    40 of 40 in service, 0 open requests
    ----
    Health by the load balancers: not looked at yet · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests 14:33 UTC · inventory 13:00 UTC
    ✋ alerts are not taken since 14:20 UTC: `the address cannot be reached`
    👁 capacity and traffic are only observed: nothing waits for that
    40 of 40 in service in 1 pool
    No request is open
    ");
}

#[test]
fn status_of_much_stays_within_the_budget() {
    let waiting = Story::asked();
    let requests = vec![(waiting.request(), waiting.runs.clone()); 9];
    let mut short = pool(36, out(21..=24, Some(&other_id()), "drained"));
    short.unknown = 2;
    let scope = CapacityScope::Site(SiteName::new("lax"));
    let crowded = WiderCount { scope, total: 240, serving: 216, unknown: 2, floor: 216 };
    let view = StatusView {
        calendars: &[],
        stop: None,
        brakes: &[],
        pools: &vec![short; 6],
        wider: &vec![crowded; 5],
        requests: &requests,
        servers: 240,
        coverage: &covering(240),
        inventory_at: at(13, 0),
        health_oldest: Some((at(14, 32), crate::domain::server::PoolName::new("edge-lax"))),
        people_at: Some(at(14, 33)),
        outside: Outside::NOT_CONFIGURED,
        compares: &[],
        observed: &[],
        lacks: &[],
        alerts_silent: None,
        now: at(14, 33),
    };
    assert_snapshot!(read(&say::status(&view)), @"
    216 of 240 in service, 9 open requests
    ----
    Health by the load balancers: oldest look 14:32 UTC (edge-lax) · traffic is not looked at: no metrics configured · alerts are not read: no monitoring configured · requests 14:33 UTC · inventory 13:00 UTC · people 14:33 UTC
    216 of 240 in service in 6 pools
    edge-lax 36 of 40, floor 36, 2 unknown · 4 out: `edge-lax-[021-024]` (drained, req-2mk4) + 5 more pools
    site lax 216 of 240, floor 216, 2 unknown + 4 more floors
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana
    🙋 req-2mq9 reboot 20 servers in lax · needs approval · 1 of sre · ana + 7 more
    ~ of 240 servers: drain, reboot and undrain 240 · inspect 6
    ");
}

#[test]
fn cancels_are_answered() {
    let waiting = Story::asked().request();
    let running = Story::asked().approved().started();
    let stopping = Story::asked().approved().started().cancelled(14, 34).request();
    let ended = Story::asked().approved().started().runs(1..=20, &done()).ended(RequestOutcome::Done).request();
    let told = [
        say::cancel_confirmed(&waiting, false),
        say::cancel_confirmed(&running.request(), false),
        say::cancel_planned(&running.request()),
        say::cancelled_already(&stopping, at(14, 35)),
        say::cancelled_already(&ended, at(15, 0)),
        say::no_such_request(&other_id()),
        say::may_not_cancel(&waiting),
    ];
    assert_snapshot!(lines(&told), @"
    req-2mq9 is cancelled. Nothing has started, and nothing runs later.
    req-2mq9 is stopping. Nothing new starts; what is in flight goes to a safe point, drained servers return.
    req-2mq9 would stop: nothing new starts; what is in flight goes to a safe point, drained servers return.
    To do it: `cancel req-2mq9`
    req-2mq9 is stopping already: ana asked at 14:34 UTC. Nothing new starts.
    req-2mq9 is over since 14:57 UTC: done. Nothing has changed.
    There is no req-2mk4. The id stands on the request's card, first line. Nothing has changed.
    req-2mq9 can be cancelled by ana, or somebody who may reboot the same servers in its channel. Nothing has changed.
    ");
}

/// The blocks of many small answers, one below the other.
/// A request that has all that somebody asks for.
fn doubling(request: &Request) -> Overlap {
    let servers = request.plan.servers().map(|server| server.name.clone()).collect();
    let (runs, now) = (Vec::new(), request.accepted_at);
    Overlap { request: request.clone(), runs, now, servers, other: BTreeMap::new() }
}

fn lines(messages: &[crate::conversation::message::Message]) -> String {
    let told = messages.iter().map(|message| read(message).split_once("----\n").unwrap_or_default().1.to_owned());
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn small_answers_say_what_did_not_happen_and_what_to_do() {
    let waiting = Story::asked().request();
    let approved = Story::asked().approved().request();
    let single = Story::of(&command("reboot"), 1, &[1], "x").request();
    let none = Story::of(&command("announce"), 0, &[1], "x").request();
    let cancelled = Story::asked().ended(RequestOutcome::Cancelled { name: "ana".into() }).request();
    let kinds = [(name(1), ServerType::new("dns")), (name(2), ServerType::new("dns"))];
    let told = [
        say::wrong_place("wrasse"),
        say::edited(),
        say::late(at(13, 41), &Handle::new("h1"), &Handle::new("h2")),
        say::old_button(None),
        say::old_button(Some(&approved)),
        say::old_button(Some(&cancelled)),
        say::old_button(Some(&single)),
        say::pressed_before(),
        say::not_a_member(Standing::Guest),
        say::doubled(&doubling(&waiting), Some("https://chat.example/card")),
        say::doubled(&doubling(&single), None),
        say::doubled(&doubling(&none), None),
        say::too_many(900, "server", 500),
        say::wrong_type(&command("reboot"), &kinds),
        say::unavailable("the directory"),
        say::forgotten(),
        say::not_for_you(),
    ];
    assert_snapshot!(lines(&told), @"
    I am not in this channel, so I cannot keep a card here. Nothing has started.
    Type `/invite @wrasse` and send the line again.
    I do not act on edited messages. Nothing has started. Send it as a new one.
    You sent this at 13:41 UTC, while I was away. Nothing has started.
    [[Run it now]] [Forget it]
    This button is no longer in use. Nothing has changed.
    The card of req-2mq9 is from 14:02 UTC and was decided then: approved by bob at 14:04 UTC. Nothing has changed.
    The card of req-2mq9 is from 14:02 UTC. It is over: cancelled at 14:57 UTC. Nothing has changed.
    The card of req-2mq9 is from 14:02 UTC. It is queued. Nothing has changed.
    This was pressed before. Nothing happened a second time.
    Guests cannot run anything here. Nothing has started.
    These 20 servers are already in req-2mq9 (needs approval). Nothing was added. Its card <https://chat.example/card>
    This server is already in req-2mq9 (queued). Nothing was added.
    The same announce is already in req-2mq9 (queued). Nothing was added.
    You asked for 900 servers, at most 500 fit one request. Nothing has started.
    Reboot does not work on dns: `edge-lax-[001-002]` (2 servers).
    It works on edge-cache and origin. Nothing has started.
    The directory does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute.
    Forgotten. Nothing has started.
    This button was made for somebody else. Nothing has changed. Send your own line.
    ");
}
