//! What a line would do: everything in one private answer.

use super::{Story, at, command, name, out, pool, shown};
use crate::admission::{Outlook, PoolImpact, Rehearsal, WiderCount, WiderImpact};
use crate::authorization::{AuthorizationRecord, Could, Refusal, RefusalKind};
use crate::conversation::{OutlookView, PreviewView, preview};
use crate::domain::command::CommandSpec;
use crate::domain::identity::GroupName;
use crate::domain::intent::{Moment, ZoneName};
use crate::domain::place::{ChannelId, ChannelName};
use crate::domain::plan::{Plan, Subject};
use crate::domain::server::{MetroName, PoolName, ProductionState, ServerType, SiteName};
use crate::workflow::request::{Blocker, CapacityScope, TrafficScope};
use insta::assert_snapshot;
use std::collections::BTreeMap;

/// A plan is read at leisure: it may be as long as the review form.
const PLAN: super::Budget = super::Budget(23, 6, 0);

struct Look {
    plan: Plan,
    spec: std::sync::Arc<CommandSpec>,
    line: &'static str,
    states: BTreeMap<ProductionState, usize>,
    outlook: Outlook,
    nearest: Option<&'static str>,
    impacts: Vec<PoolImpact>,
    wider: Vec<WiderImpact>,
    kind: RefusalKind,
    could: Could,
}

impl Look {
    fn of(story: Story, line: &'static str) -> Self {
        let request = story.request();
        let servers = request.plan.servers().count();
        Self {
            line,
            states: BTreeMap::from([(ProductionState::Production, servers)]),
            outlook: Outlook {
                first: Rehearsal { start: vec![name(1)], ..Rehearsal::default() },
                ..Outlook::default()
            },
            nearest: None,
            impacts: story.impacts,
            wider: Vec::new(),
            plan: request.plan,
            spec: request.spec,
            kind: RefusalKind::NothingAllowed,
            could: Could::default(),
        }
    }

    fn seen(&self) -> String {
        let refusal = Refusal {
            kind: self.kind.clone(),
            person: super::person("U0ANA"),
            channel: ChannelId::new("C0NOC"),
            channel_name: Some(ChannelName::new("noc")),
            command: self.spec.name.clone(),
            server_count: self.plan.servers().count(),
            first_refused: Vec::new(),
            refused_count: 0,
            refused_sites: Vec::new(),
            could: self.could.clone(),
            nearest: None,
            record: AuthorizationRecord::default(),
        };
        let view = PreviewView {
            plan: &self.plan,
            spec: &self.spec,
            line: self.line,
            states: &self.states,
            allowed: Err(&refusal),
            channel_name: "noc",
            need: None,
            outlook: OutlookView { outlook: &self.outlook, nearest: self.nearest },
            impacts: &self.impacts,
            wider: &self.wider,
            same: None,
            owners: &BTreeMap::from([
                (GroupName::new("noc"), vec!["lax".to_owned()]),
                (GroupName::new("sre"), vec!["reboot".to_owned(), "edge-cache".to_owned()]),
            ]),
        };
        shown(&preview(view), PLAN)
    }
}

#[test]
fn a_plan_tells_servers_waves_steps_and_what_is_in_the_way() {
    let mut look = Look::of(Story::asked(), "reboot edge-lax-[001-020] --wave 20% because kernel update");
    look.states = BTreeMap::from([(ProductionState::Production, 19), (ProductionState::Maintenance, 1)]);
    look.outlook.left_out = vec![(name(7), "it is in maintenance".to_owned())];
    look.could = Could { channels: vec![ChannelName::new("sre")], groups: vec![GroupName::new("sre")] };
    assert_snapshot!(look.seen(), @"
    Plan: reboot 20 servers in lax. Nothing is started.
    ----
    Plan: reboot 20 servers in lax · nothing is started
    `edge-lax-[001-020]`
    sites: lax 20 · types: edge-cache 20 · states: production 19, maintenance 1
    waves: 1 · 4 · 4 · 4 · 4 · 3, watched for 5 min after each; stops starting when more than 1 failed: up to 3 are at work then, so at most 5 of 20 may fail
    1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
    2. gate: asks again whether the drain still holds and its pool has enough without it
    3. reboot over SSH, else Redfish; proved by a new boot id, at most 15 min; cannot be undone
    4. check services, mounts, kernel and clock, at most 2 min
    5. return: back to the state it had, at most 5 min
    🚫 would be refused: reboot is not allowed in #noc
    In #sre you may, with one approval of sre. In #noc, sre may.
    edge-lax: 40 → 36 of 40 at the lowest, at most 4 out at once, floor 36
    first wave: could start now
    – 1 server left out as things are: `edge-lax-007` (it is in maintenance)
    ~ ask: noc for lax · sre for reboot and edge-cache
    ~ to do it: `reboot edge-lax-[001-020] --wave 20% because kernel update`
    ");
}

#[test]
fn a_first_wave_that_would_wait_says_why() {
    let mut look = Look::of(Story::asked(), "reboot edge-lax-[001-020] because kernel update");
    let four = out(21..=24, Some(&super::other_id()), "drained");
    look.outlook.first = Rehearsal {
        start: Vec::new(),
        wait: vec![name(1)],
        blockers: vec![Blocker::Capacity {
            scope: CapacityScope::Pool(pool(36, Vec::new()).pool),
            serving: 36,
            total: 40,
            floor: 36,
            out: four.into(),
        }],
    };
    assert_snapshot!(look.seen(), @"
    Plan: reboot 20 servers in lax. Nothing is started.
    ----
    Plan: reboot 20 servers in lax · nothing is started
    `edge-lax-[001-020]`
    sites: lax 20 · types: edge-cache 20 · states: production 20
    waves: 1 · 4 · 4 · 4 · 4 · 3, watched for 5 min after each; stops starting when more than 1 failed: up to 3 are at work then, so at most 5 of 20 may fail
    1. drain: out of the load balancer until fewer than 5 connections are left, at most 10 min
    2. gate: asks again whether the drain still holds and its pool has enough without it
    3. reboot over SSH, else Redfish; proved by a new boot id, at most 15 min; cannot be undone
    4. check services, mounts, kernel and clock, at most 2 min
    5. return: back to the state it had, at most 5 min
    🚫 would be refused: reboot is not allowed in #noc
    edge-lax: 40 → 36 of 40 at the lowest, at most 4 out at once, floor 36
    first wave: would wait, and start by itself
    • edge-lax has 36 of 40 in service, floor 36
      4 out: `edge-lax-[021-024]` (drained, req-2mk4)
    ~ ask: noc for lax · sre for reboot and edge-cache
    ~ to do it: `reboot edge-lax-[001-020] because kernel update`
    ");
}

/// Floors of wider scopes are told after the pools, as far as they fit.
#[test]
fn a_plan_tells_of_wider_floors() {
    let mut look = Look::of(Story::asked(), "reboot edge-lax-[001-020] because kernel update");
    let now = |scope| WiderCount { scope, total: 80, serving: 74, unknown: 0, floor: 72 };
    let impact = |scope| WiderImpact { now: now(scope), out_at_once: 2, lowest: 72 };
    let (site, server_type) = (SiteName::new("lax"), ServerType::new("edge-cache"));
    let scopes = [
        CapacityScope::TypeInSite(server_type.clone(), site.clone()),
        CapacityScope::TypeInSite(server_type, SiteName::new("sfo")),
        CapacityScope::Site(site),
        CapacityScope::Metro(MetroName::new("west")),
    ];
    look.wider = scopes.map(impact).to_vec();
    look.wider[2].now.unknown = 6;
    (look.wider[2].out_at_once, look.wider[2].lowest) = (0, 74);
    let seen = look.seen();
    let told = seen.lines().skip_while(|line| !line.contains("edge-lax: ")).take(4).collect::<Vec<_>>().join("\n");
    assert_snapshot!(told, @"
    edge-lax: 40 → 36 of 40 at the lowest, at most 4 out at once, floor 36
    edge-cache in lax: 74 → 72 of 80 at the lowest, at most 2 out at once, floor 72
    edge-cache in sfo: 74 → 72 of 80 at the lowest, at most 2 out at once, floor 72
    site lax: health of 6 of 80 not known + 1 more floor
    ");
}

#[test]
fn work_on_sites_and_on_nothing_has_no_servers_to_tell() {
    let story = Story::of(&command("announce"), 0, &[1], "all is well");
    let mut look = Look::of(story, "announce because all is well");
    look.states.clear();
    look.outlook.first = Rehearsal::default();
    assert_snapshot!(look.seen(), @"
    Plan: announce. Nothing is started.
    ----
    Plan: announce · nothing is started
    1. http: POST https://status.example.com/api/announcements, expects 201, at most 20 s
    🚫 would be refused: announce is not allowed in #noc
    ~ ask: noc for lax · sre for reboot and edge-cache
    ~ to do it: `announce because all is well`
    ");
    let mut parts = look.plan.parts().clone();
    parts.subjects = ["lax", "riga"].map(|site| Subject::Site(SiteName::new(site))).to_vec();
    parts.waves = vec![1, 1];
    parts.not_before = Some(Moment { at: at(22, 0), zone: ZoneName::new("Europe/Riga") });
    look.plan = Plan::new(parts).unwrap();
    assert_snapshot!(look.seen(), @"
    Plan: announce lax and riga. Nothing is started.
    ----
    Plan: announce lax and riga · nothing is started
    starts from 22:00 UTC (Europe/Riga)
    waves: 1 · 1, watched for 5 min after each; stops starting when more than 0 failed: nothing else is at work then, so at most 1 of 2 may fail
    1. http: POST https://status.example.com/api/announcements, expects 201, at most 20 s
    🚫 would be refused: announce is not allowed in #noc
    ~ ask: noc for lax · sre for reboot and edge-cache
    ~ to do it: `announce because all is well`
    ");
}

/// Some of what was asked for could start: told with the line for it.
#[test]
fn what_could_start_instead_is_told() {
    let mut look = Look::of(Story::asked(), "reboot edge-lax-[007-009] because kernel update");
    let held = Blocker::Held { servers: vec![name(9)], by: "dee".to_owned(), since: at(13, 0), why: "disk".to_owned() };
    look.outlook.first = Rehearsal { start: Vec::new(), wait: vec![name(9)], blockers: vec![held.clone()] };
    look.outlook.alone = Rehearsal { start: vec![name(7), name(8)], ..look.outlook.first.clone() };
    look.outlook.together = look.outlook.alone.clone();
    look.nearest = Some("reboot edge-lax-[007-008] because kernel update");
    let told = |look: &Look| {
        let seen = look.seen();
        let lines = seen.lines().skip_while(|line| !line.starts_with("edge-lax: ")).skip(1);
        lines.take_while(|line| !line.starts_with('~')).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(told(&look), @"
    first wave: would wait, and start by itself
    • `edge-lax-009` held by dee since 13:00 UTC: `disk`
    could start now: 2 of 3 (`edge-lax-[007-008]`), 1 waits
    without what waits: `reboot edge-lax-[007-008] because kernel update`
    ");
    look.outlook.about = Some(at(14, 20));
    assert!(told(&look).contains("(`edge-lax-[007-008]`), the 3rd about 14:20 UTC"), "{}", told(&look));

    // It stands in a later wave.
    look.outlook.first = Rehearsal { start: vec![name(7)], ..Rehearsal::default() };
    look.outlook.told_last = vec![Blocker::TrafficUnknown {
        scope: TrafficScope::Pool(PoolName::new("edge-lax")),
        why: "no answer".to_owned(),
        since: Some(at(13, 58)),
    }];
    assert_snapshot!(told(&look), @"
    first wave: could start now
    later waves: 1 server would wait as things are: `edge-lax-009`
    • `edge-lax-009` held by dee since 13:00 UTC: `disk`
    could start now: 2 of 3 (`edge-lax-[007-008]`), the 3rd about 14:20 UTC
    without what waits: `reboot edge-lax-[007-008] because kernel update`
    told last, and not looked at now:
    • edge-lax traffic unknown since 13:58 UTC (no answer); waits until it is known
    ");

    // Nothing of it could.
    look.outlook.told_last.clear();
    look.outlook.first = Rehearsal { start: Vec::new(), wait: vec![name(7), name(8)], blockers: vec![held] };
    look.outlook.together = look.outlook.first.clone();
    look.outlook.alone = look.outlook.first.clone();
    look.nearest = None;
    assert_snapshot!(told(&look), @"
    first wave: would wait, and start by itself
    • `edge-lax-009` held by dee since 13:00 UTC: `disk`
    the first about 14:20 UTC
    ");
    look.outlook.denied = Some("blacklisted by dee".to_owned());
    look.outlook.first = Rehearsal::default();
    look.outlook.alone = Rehearsal::default();
    assert_snapshot!(told(&look), @"– nothing of it would be carried out: `blacklisted by dee`");
    // It works on no servers.
    look.outlook.denied = None;
    let frozen =
        Blocker::Frozen { scope: "site=lax".to_owned(), by: "dee".to_owned(), until: None, why: "disk".to_owned() };
    look.outlook.first.blockers = vec![frozen];
    assert_snapshot!(told(&look), @"
    it would wait, and start by itself
    • `site=lax` frozen by dee: `disk`
    ");
}
