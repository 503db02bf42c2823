//! Wider floors than a pool's, as people call what has them.

use super::{CARD, Story};
use crate::conversation::{card, short_reason};
use crate::domain::server::{MetroName, ServerType, SiteName};
use crate::workflow::request::{Blocker, CapacityScope};
use insta::assert_snapshot;
use std::sync::Arc;

/// Where too few would serve, or too little is known, is told as people call it.
#[test]
fn a_queued_card_tells_of_wider_scopes_than_a_pool() {
    let (site, server_type) = (SiteName::new("lax"), ServerType::new("edge-cache"));
    let type_in_site = || CapacityScope::TypeInSite(server_type.clone(), site.clone());
    let of_site = || CapacityScope::Site(site.clone());
    let of_metro = || CapacityScope::Metro(MetroName::new("west"));
    let full =
        |scope: CapacityScope| Blocker::Capacity { scope, serving: 36, total: 40, floor: 36, out: Arc::default() };
    let unknown = |scope: CapacityScope| Blocker::HealthUnknown { scope, unknown: 12, total: 40, since: None };
    let queued = |blockers: Vec<Blocker>| Story::asked().approved().blocked(blockers).see(CARD, card);
    assert_snapshot!(queued(vec![full(type_in_site()), full(of_site()), full(of_metro())]), @"
    ⏳ req-2mq9 queued: edge-cache in lax 36 of 40 in service, floor 36, and 2 more reasons
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏳ queued · starts by itself
    • edge-cache in lax has 36 of 40 in service, floor 36
    • site lax has 36 of 40 in service, floor 36
    • metro west has 36 of 40 in service, floor 36
    ~ @U0ANA · approved by bob 14:04 UTC · looked 14:05 UTC, again every 15 s
    [Details] [!Cancel!]
    ");
    assert_snapshot!(queued(vec![unknown(type_in_site()), unknown(of_site()), unknown(of_metro())]), @"
    ⏳ req-2mq9 queued: edge-cache in lax health unknown, and 2 more reasons
    ----
    Reboot 20 servers in lax · req-2mq9
    ⏳ queued · starts by itself
    • health of 12 of 40 edge-cache in lax unknown, not looked at yet; waits until it is known
    • health of 12 of 40 in site lax unknown, not looked at yet; waits until it is known
    • health of 12 of 40 in metro west unknown, not looked at yet; waits until it is known
    ~ @U0ANA · approved by bob 14:04 UTC · looked 14:05 UTC, again every 15 s
    [Details] [!Cancel!]
    ");
    let short = [full(of_site()), full(of_metro()), unknown(type_in_site()), unknown(of_site())];
    assert_snapshot!(short.iter().map(short_reason).collect::<Vec<_>>().join("\n"), @"
    site lax 36 of 40 in service, floor 36
    metro west 36 of 40 in service, floor 36
    edge-cache in lax health unknown
    site lax health unknown
    ");
}
