//! An override on the card, in the thread and in the incident channel, within the room that they have.

use super::{CARD, INCIDENT, REPLY, Story, at, id, name, other_id, out, person, pool};
use crate::conversation::{Beside, Mentions, card_beside, overridden, override_incident};
use crate::domain::identity::Actor;
use crate::domain::identity::GroupName;
use crate::domain::ids::Handle;
use crate::domain::server::SiteName;
use crate::workflow::breakglass::{OverrideAsked, OverrideEvent, Passing, SecondCause};
use crate::workflow::request::{Blocker, CapacityScope, LimitScope, PolicyName, RequestEvent};
use insta::assert_snapshot;

fn commanders() -> Vec<GroupName> {
    vec![GroupName::new("incident-commander")]
}

/// Everything that can be in the way at once.
fn waiting() -> Story {
    let count = pool(36, out(21..=24, Some(&other_id()), "drained"));
    let floor = Blocker::Capacity {
        scope: CapacityScope::Pool(count.pool),
        serving: 36,
        total: 40,
        floor: 36,
        out: count.out.into(),
    };
    let locked = Blocker::Locked { servers: (1..=3).map(name).collect(), holder: other_id(), since: at(13, 52) };
    let (scope, holders) = (LimitScope::Site(SiteName::new("lax")), vec![other_id()]);
    let crowded = Blocker::Concurrency { scope, active: 4, limit: 4, holders };
    Story::asked().approved().blocked(vec![floor, locked, crowded])
}

fn overriding(second: Option<SecondCause>) -> Story {
    let story = waiting();
    let plan = story.request().plan.hash().clone();
    let servers = (1..=20).map(|number| Passing { run: id().run(number), server: name(number) });
    let asked = OverrideAsked {
        policy: PolicyName::Capacity,
        servers: servers.collect(),
        by: Actor::recalled(person("U0CID")),
        name: "cid".into(),
        at: at(14, 6),
        until: at(15, 6),
        why: "customers are affected".into(),
        groups: commanders(),
        second,
        plan,
        account: None,
    };
    story.then(RequestEvent::Override(OverrideEvent::Asked(asked))).now(14, 6)
}

#[test]
fn a_card_names_who_could_override_what_is_in_the_way() {
    assert_snapshot!(waiting().see(CARD, |view| card_beside(view, Beside { commanders: &commanders(), ..Beside::default() })), @"
    ⏳ req-2mq9 queued: edge-lax 36 of 40 in service, floor 36, and 2 more reasons
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏳ queued · starts by itself
    • edge-lax has 36 of 40 in service, floor 36
    • `edge-lax-[001-003]` under work for req-2mk4 since 13:52 UTC
    • lax: 4 servers under work, at most 4 at once (req-2mk4)
    incident-commander can override concurrency and capacity
    ~ @U0ANA · approved by bob 14:04 UTC · looked 14:05 UTC, again every 15 s
    [Details] [!Cancel!]
    ");
    let without = waiting().see(CARD, |view| card_beside(view, Beside::default()));
    assert!(!without.contains("override"), "{without}");
    assert_snapshot!(overriding(None).see(CARD, |view| card_beside(view, Beside { commanders: &commanders(), ..Beside::default() })), @"
    ⏳ req-2mq9 queued: edge-lax 36 of 40 in service, floor 36, and 2 more reasons
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏳ queued · starts by itself
    • edge-lax has 36 of 40 in service, floor 36
    • `edge-lax-[001-003]` under work for req-2mk4 since 13:52 UTC
    • lax: 4 servers under work, at most 4 at once (req-2mk4)
    🔓 capacity overridden by cid until 15:06 UTC, 0 of 20 passed
    ~ @U0ANA · approved by bob 14:04 UTC · looked 14:05 UTC, again every 15 s
    [Details] [!Cancel!]
    ");
}

#[test]
fn a_thread_calls_the_group_where_no_other_channel_tells_it() {
    let see = |second, mentions| {
        let handle = Handle::new("h_1");
        overriding(second).see(REPLY, |view| overridden(view, &view.request.overrides[0], &handle, mentions))
    };
    assert_snapshot!(see(None, Mentions::Groups), @"
    🔓 req-2mq9: cid overrides capacity for 20 servers
    ----
    @incident-commander 🔓 cid overrides capacity for 20 servers
    `edge-lax-[001-020]` pass it once each, until 15:06 UTC · 0 of 20 passed
    Why: `customers are affected`
    ~ req-2mq9 by ana · override by cid 14:06 UTC
    ");
    assert!(!see(None, Mentions::Nobody).contains("@incident-commander"));
    assert_snapshot!(see(Some(SecondCause::ManyServers { alone_max: 5 }), Mentions::Nobody), @"
    🔓 req-2mq9 needs a second person: cid asks to override capacity for 20 servers
    ----
    @incident-commander cid asks to override capacity for 20 servers (more than 5 servers). Somebody else of you must agree by 15:06 UTC.
    Why: `customers are affected`. Nothing passes before.
    [[Review]]
    ");
}

#[test]
fn the_incident_channel_is_told_of_it() {
    let told = overriding(None).see(INCIDENT, |view| {
        override_incident(view, &view.request.overrides[0], &Handle::new("h_review"), Some("https://chat.example/card"))
    });
    assert_snapshot!(told, @"
    🔓 req-2mq9: cid overrides capacity for 20 servers of lax
    ----
    🔓 cid overrides capacity for 20 servers of lax
    `edge-lax-[001-020]` pass it once each, until 15:06 UTC · 0 of 20 passed
    Why: `customers are affected`
    edge-lax now 40 of 40, floor 36
    ~ req-2mq9 by ana · override by cid 14:06 UTC
    [Open thread]
    ");
}
