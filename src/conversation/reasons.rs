//! Why a request waits, in lines for a card and in half a line for a lock screen.
//!
//! Deliberately absent: which reasons there are; admission says that.

use super::absorbing;
use super::breaker;
use super::calendars;
use super::message::Rich;
use super::production;
use super::redundant;
use super::soaking;
use super::words::{PATTERNS_MAX, Prose, clock, first_three, quoted, servers, size};
use crate::admission::Reason;
use crate::domain::breaker::BreakerScope;
use crate::domain::ids::RequestId;
use crate::domain::intent::BuiltInVerb;
use crate::domain::server::{PoolName, ServerName};
use crate::domain::time::Timestamp;
use crate::fleet::folded;
use crate::workflow::request::{
    Blocker, BrokenUntil, CapacityScope, LimitScope, OutServer, TrafficMeasure, TrafficScope,
};
use std::collections::BTreeMap;

/// The most holders of one reason that are told one by one.
const HOLDERS_MAX: usize = 3;

const NO_DIRECTORY: &str = "the directory of people does not answer";

/// The most reasons that a card names.
pub(super) const REASONS_MAX: usize = 3;

/// The reasons as bullet lines; holders get a line of their own where there is room for it.
pub(super) fn reasons(blockers: &[Blocker]) -> Rich {
    let roomy = blockers.len() < REASONS_MAX;
    let mut prose = Prose::new();
    for blocker in blockers.iter().take(REASONS_MAX) {
        prose = reason(prose.line().text("• "), blocker, roomy);
    }
    match blockers.len().saturating_sub(REASONS_MAX) {
        0 => prose.done(),
        hidden => prose.text(format!(" + {hidden} more")).done(),
    }
}

fn reason(prose: Prose, blocker: &Blocker, roomy: bool) -> Prose {
    match blocker {
        Blocker::Locked { servers: names, holder, since } => {
            let names = folded(names, PATTERNS_MAX);
            prose.code(names).text(format!(" under work for {holder} since ")).time(*since)
        }
        Blocker::Concurrency { scope, active, limit, holders } => prose
            .text(format!("{}: {} under work, at most {limit} at once", place(scope), servers(size(*active))))
            .text(held_by(holders)),
        Blocker::Rate { command, started, limit, next } => {
            let prose = prose.text(format!("{command}: {started} started within the last minute, at most {limit}"));
            prose.text("; next ").time(*next)
        }
        Blocker::Behind { request, since } => {
            prose.text(format!("{request} has waited for the same since ")).time(*since).text(", and goes first")
        }
        Blocker::NoDirectory => prose.text(NO_DIRECTORY).text("; waits until it does"),
        Blocker::Soak { servers: names, lacks, since } => soaking::reason(prose, names, (lacks, *since)),
        Blocker::Capacity { scope, serving, total, floor, out } => {
            let prose = prose.text(format!("{} has {serving} of {total} in service, floor {floor}", counted_in(scope)));
            if roomy && !out.is_empty() { prose.text("\n  ").rich(outs(out)) } else { prose }
        }
        Blocker::NotAbsorbed { pool, lack } => absorbing::reason(prose, pool, lack),
        Blocker::HealthUnknown { scope, unknown, total, since } => {
            health_unknown(prose, scope, (*unknown, *total), *since)
        }
        Blocker::Contradicted { servers: names, meant, serves } => {
            production::contradicted(prose, names, (*meant, *serves, roomy))
        }
        Blocker::Unseen { servers: names, since } => production::unseen(prose, names, *since),
        Blocker::Stopped { by, since, why, hard } => prose
            .text(format!("everything is stopped{} by {} since ", hardly(*hard), quoted(by)))
            .time(*since)
            .text(": ")
            .code(why),
        Blocker::Frozen { scope, by, until, why } => {
            let prose = prose.code(scope).text(format!(" frozen by {}", quoted(by)));
            ends(prose, *until).text(": ").code(why)
        }
        Blocker::Calendar(block) => calendars::reason(prose, block),
        Blocker::Held { servers: names, by, since, why } => {
            let prose = if names.is_empty() { prose } else { prose.code(folded(names, PATTERNS_MAX)).text(" ") };
            prose.text(format!("held by {} since ", quoted(by))).time(*since).text(": ").code(why)
        }
        Blocker::Blacklisted { scope, by, until, why } => {
            let prose = prose.code(scope).text(format!(" blacklisted by {}", quoted(by)));
            ends(prose, *until).text(": ").code(why)
        }
        Blocker::Broken { scope: BreakerScope::Server { command, server }, failures, of, since, examples, until } => {
            breaker::on_server(prose, (command, server), (*failures, *of, *since), (examples, until))
        }
        Blocker::Broken { scope, failures, of, examples, until, .. } => {
            let examples = if roomy { examples.as_slice() } else { &[] };
            broken(prose, (scope, *failures, *of), (examples, until))
        }
        Blocker::Traffic { scope, measure, percent, limit_percent, brought, seen_at, clear_from } => {
            let prose = prose.text(format!("{} ", traffic_with(scope, brought)));
            let prose = prose.text(format!("{}, at most {limit_percent} %", measured(*measure, *percent)));
            clear(prose, *seen_at, *clear_from)
        }
        Blocker::TrafficUnknown { scope, why, since } => unknown(prose, scope, (why, *since)),
        Blocker::Alert { name, place, since } => redundant::alert(prose, name, place).text(" since ").time(*since),
        Blocker::AlertsUnknown { why, since } => redundant::unknown(prose, (why, *since)),
        Blocker::Domain { group, domains, at_once, since } => {
            redundant::reason(prose, group, domains, (*at_once, *since, roomy))
        }
    }
}

/// `reboot in lax: 3 of the last 5 failed; one canary may start from 14:20`
fn broken(
    prose: Prose,
    (scope, failures, of): (&BreakerScope, u32, u32),
    (examples, until): (&[ServerName], &BrokenUntil),
) -> Prose {
    let prose = prose.text(format!("{}: {failures} of the last {of} failed", scope_words(scope)));
    let prose = match examples {
        names if !names.is_empty() => prose.text(" (").code(folded(names, PATTERNS_MAX)).text(")"),
        _ => prose,
    };
    match until {
        BrokenUntil::CoolDown(at) => prose.text("; one canary may start from ").time(*at),
        BrokenUntil::Canary(run) => prose.text(format!("; waits for its canary, {}", run.request)),
        BrokenUntil::Soak(at) => {
            prose.text("; its canary is watched until ").time(*at).text(", then a person may close it")
        }
        BrokenUntil::Person => {
            let line = format!("{} {scope} because …", BuiltInVerb::CloseBreaker.word());
            prose.text("; its canary has passed, so a person may send ").code(line)
        }
    }
}

/// `health of 12 of 40 in edge-lax unknown since 14:00; waits until it is known`
fn health_unknown(
    prose: Prose,
    scope: &CapacityScope,
    (unknown, total): (u32, u32),
    since: Option<Timestamp>,
) -> Prose {
    let link = if matches!(scope, CapacityScope::TypeInSite(..)) { "" } else { "in " };
    let prose = prose.text(format!("health of {unknown} of {total} {link}{} unknown", counted_in(scope)));
    let prose = match since {
        Some(since) => prose.text(" since ").time(since),
        None => prose.text(", not looked at yet"),
    };
    prose.text("; waits until it is known")
}

/// `edge-lax traffic unknown since 14:00 (no answer)`
fn unknown(prose: Prose, scope: &TrafficScope, (why, since): (&str, Option<Timestamp>)) -> Prose {
    let prose = prose.text(format!("{} unknown", traffic(scope)));
    let prose = match since {
        Some(since) => prose.text(" since ").time(since),
        None => prose,
    };
    prose.text(format!(" ({}); waits until it is known", quoted(why)))
}

/// `; clear from 14:10 if it stays so`, or when it was measured.
fn clear(prose: Prose, seen_at: Timestamp, clear_from: Option<Timestamp>) -> Prose {
    match clear_from {
        Some(from) if from > seen_at => prose.text("; clear from ").time(from).text(" if it stays so"),
        Some(_) | None => prose.text(", measured ").time(seen_at),
    }
}

/// `edge-lax traffic`, or that of the sites which take over.
fn traffic(scope: &TrafficScope) -> String {
    match scope {
        TrafficScope::Pool(pool) => format!("{pool} traffic"),
        TrafficScope::Site(site) => format!("{site} traffic"),
        TrafficScope::Absorbing { site, by } => {
            let by = by.iter().map(ToString::to_string).collect::<Vec<_>>();
            format!("traffic of {}, which would take over from {site},", first_three(&by))
        }
    }
}

/// `edge-fra traffic with that of edge-riga`, where others take over what that carries.
fn traffic_with(scope: &TrafficScope, brought: &[PoolName]) -> String {
    if brought.is_empty() {
        return traffic(scope);
    }
    let from = brought.iter().map(ToString::to_string).collect::<Vec<_>>();
    format!("{} with that of {}", traffic(scope), first_three(&from))
}

fn measured(measure: TrafficMeasure, percent: u32) -> String {
    match measure {
        TrafficMeasure::LoadAfter => format!("would be {percent} % of what is left"),
        TrafficMeasure::OfUsual => format!("is {percent} % of the usual"),
        TrafficMeasure::OfBefore => format!("is {percent} % of 5 min ago"),
        TrafficMeasure::Ahead => format!("would soon be {percent} % of what is left, by the usual with headroom"),
    }
}

/// `, until 18:00`
fn ends(prose: Prose, until: Option<Timestamp>) -> Prose {
    match until {
        Some(until) => prose.text(" until ").time(until),
        None => prose,
    }
}

/// Where servers are counted, in words.
#[must_use]
pub fn counted_in(scope: &CapacityScope) -> String {
    match scope {
        CapacityScope::Pool(pool) => pool.to_string(),
        CapacityScope::TypeInSite(server_type, site) => format!("{server_type} in {site}"),
        CapacityScope::Site(site) => format!("site {site}"),
        CapacityScope::Metro(metro) => format!("metro {metro}"),
    }
}

/// What a limit counts over, in words.
fn place(scope: &LimitScope) -> String {
    match scope {
        LimitScope::Fleet => "the fleet".to_owned(),
        LimitScope::Command(command) => command.to_string(),
        LimitScope::Site(site) => site.to_string(),
        LimitScope::TypeInSite(server_type, site) => format!("{server_type} in {site}"),
        LimitScope::Rack(rack) => format!("rack {rack}"),
    }
}

/// What a breaker is about: `reboot in lax`.
pub(super) fn scope_words(scope: &BreakerScope) -> String {
    match scope {
        BreakerScope::Server { command, server } => format!("{command} on {server} by automations"),
        BreakerScope::Site { command, site } => format!("{command} in {site}"),
        BreakerScope::Version { command, server_type, version } => format!("{command} {version} on {server_type}"),
        BreakerScope::Command { command } => format!("{command} everywhere"),
    }
}

fn held_by(holders: &[RequestId]) -> String {
    let holders = holders.iter().map(ToString::to_string).collect::<Vec<_>>();
    if holders.is_empty() { String::new() } else { format!(" ({})", first_three(&holders)) }
}

/// One reason with all that is known of it: whom it blocks, who holds what is missing, how old that knowledge is, and what
/// would unblock it.
pub(super) fn in_full(prose: Prose, reason: &Reason, names: &BTreeMap<RequestId, String>) -> Prose {
    let mut prose = self::reason(prose.line().text("• "), &reason.blocker, true);
    let is_locked = matches!(reason.blocker, Blocker::Locked { .. });
    if !is_locked && !reason.servers.is_empty() {
        prose = prose.text("\n  blocks ").code(folded(&reason.servers, PATTERNS_MAX));
    }
    // A lock has one holder, whom its own line names.
    let holders = if is_locked { &[][..] } else { reason.holders.as_slice() };
    for holder in holders.iter().take(HOLDERS_MAX) {
        let held = format!("\n  {} held by {} since ", servers(size(holder.servers)), named(&holder.request, names));
        prose = prose.text(held).time(holder.since);
    }
    if let hidden @ 1.. = holders.len().saturating_sub(HOLDERS_MAX) {
        prose = prose.text(format!(" + {hidden} more"));
    }
    prose = prose.text("\n  ");
    // Its own line says when what is too much was measured.
    let is_told = matches!(reason.blocker, Blocker::Traffic { clear_from: None, .. });
    if let Some(seen_at) = reason.seen_at.filter(|_| !is_told) {
        prose = prose.text("looked at ").time(seen_at).text(" · ");
    }
    prose.text(unblocks(&reason.blocker, names))
}

/// `req-2mk4 (carol)`, if it is known who asked for it.
pub(super) fn named(request: &RequestId, names: &BTreeMap<RequestId, String>) -> String {
    names.get(request).map_or_else(|| request.to_string(), |name| format!("{request} ({})", quoted(name)))
}

/// What would unblock it.
fn unblocks(blocker: &Blocker, names: &BTreeMap<RequestId, String>) -> String {
    match blocker {
        Blocker::Locked { servers, holder, .. } => {
            let them = if servers.len() == 1 { "it" } else { "them" };
            format!("goes on when {} is done with {them}", named(holder, names))
        }
        Blocker::Rate { .. } => "goes on then".to_owned(),
        Blocker::Concurrency { .. } => "goes on when one of them is done".to_owned(),
        Blocker::Capacity { total: 1, serving: 1, .. } => {
            "it is the only one there: goes on when there are more, or by an override of capacity".to_owned()
        }
        Blocker::Capacity { total, floor, .. } if floor == total => {
            "none of them may be out: goes on when the rule changes, or by an override of capacity".to_owned()
        }
        Blocker::Capacity { scope, serving, floor, .. } => {
            let there = counted_in(scope);
            match floor.saturating_add(1).saturating_sub(*serving) {
                0 | 1 => format!("goes on when one more of {there} serves"),
                more => format!("goes on when {more} more of {there} serve"),
            }
        }
        Blocker::NotAbsorbed { pool, lack } => absorbing::unblocks(pool, lack),
        Blocker::HealthUnknown { .. } => "goes on when the load balancer tells of them again".to_owned(),
        Blocker::Contradicted { servers: names, serves, .. } => production::unblocks(names, *serves),
        Blocker::Unseen { .. } => "goes on when the load balancer tells of them again".to_owned(),
        Blocker::NoDirectory => "goes on when it answers".to_owned(),
        Blocker::Soak { lacks, .. } => soaking::unblocks(lacks).to_owned(),
        Blocker::Behind { request, .. } => format!("goes on when {} has got what it waits for", named(request, names)),
        Blocker::Stopped { .. } => "goes on when somebody sends: resume everything because …".to_owned(),
        Blocker::Frozen { scope, .. } => format!("goes on when that is over, or somebody sends: thaw {scope}"),
        Blocker::Calendar(block) => calendars::unblocks(block),
        Blocker::Held { .. } => "goes on when somebody releases it".to_owned(),
        Blocker::Blacklisted { .. } => "goes on when that is over, or somebody takes it off the blacklist".to_owned(),
        Blocker::Traffic { clear_from: Some(_), .. } => "goes on then".to_owned(),
        Blocker::Traffic { measure: TrafficMeasure::LoadAfter, .. } => {
            "goes on when less has come, or more has served, for long enough".to_owned()
        }
        Blocker::Traffic { measure: TrafficMeasure::Ahead, .. } => {
            "goes on when less usually comes in the hours ahead, or more serves".to_owned()
        }
        Blocker::Traffic { .. } => "goes on when less has come for long enough".to_owned(),
        Blocker::TrafficUnknown { .. } => "goes on when the metrics tell of it again".to_owned(),
        Blocker::Domain { .. } => "goes on when they are back".to_owned(),
        Blocker::Alert { .. } => "goes on when it is over, or silenced where it is raised".to_owned(),
        Blocker::AlertsUnknown { .. } => "goes on when the monitoring tells of them again".to_owned(),
        Blocker::Broken { scope: BreakerScope::Server { .. }, examples, until: BrokenUntil::CoolDown(_), .. }
            if examples.len() > 1 =>
        {
            "each goes on when its own time is over; what a person asks for need not wait".to_owned()
        }
        Blocker::Broken { scope: BreakerScope::Server { .. }, until: BrokenUntil::CoolDown(_), .. } => {
            "goes on then; what a person asks for need not wait".to_owned()
        }
        Blocker::Broken { scope: BreakerScope::Server { .. }, .. } => {
            "goes on when a person has closed it; what a person asks for need not wait".to_owned()
        }
        Blocker::Broken { until, .. } => match until {
            BrokenUntil::CoolDown(_) | BrokenUntil::Canary(_) | BrokenUntil::Soak(_) => {
                "goes on when its canary has passed and a person has closed it".to_owned()
            }
            BrokenUntil::Person => "goes on when a person has closed it".to_owned(),
        },
    }
}

/// `2 not in the total: edge-lax-[021-022] (repair, says bob)`.
pub(super) fn not_in_total(apart: &[OutServer]) -> Rich {
    grouped(apart, "not in the total")
}

/// `4 out: edge-lax-[021-024] (drained, req-2mk4)`: the largest group first.
pub(super) fn outs(out: &[OutServer]) -> Rich {
    grouped(out, "out")
}

fn grouped(out: &[OutServer], what: &str) -> Rich {
    const GROUPS_MAX: usize = 2;
    let mut groups = BTreeMap::<_, Vec<ServerName>>::new();
    for server in out {
        let key = (server.holder.as_ref(), server.said_by.as_deref(), server.why.as_str());
        groups.entry(key).or_default().push(server.name.clone());
    }
    let mut groups = groups.into_iter().collect::<Vec<_>>();
    groups.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    let mut prose = Prose::new().text(format!("{} {what}: ", out.len()));
    for (place, ((holder, said_by, why), names)) in groups.iter().take(GROUPS_MAX).enumerate() {
        let prefix = if place == 0 { "" } else { ", " };
        prose = prose.text(prefix).code(folded(names, 1)).text(format!(" ({}", super::words::quoted(why)));
        prose = match (holder, said_by) {
            (Some(holder), _) => prose.text(format!(", {holder})")),
            (None, Some(by)) => prose.text(format!(", says {})", super::words::quoted(by))),
            (None, None) => prose.text(")"),
        };
    }
    let hidden = groups.iter().skip(GROUPS_MAX).map(|(_, names)| names.len()).sum::<usize>();
    if hidden > 0 { prose.text(format!(" + {hidden} more")).done() } else { prose.done() }
}

/// What else than its own work keeps a request from starting more, in half a line each.
pub(super) fn next_waits(blockers: &[Blocker], own: &RequestId) -> Rich {
    let of_others = blockers.iter().filter(|blocker| !blocker.is_own_doing(own)).map(short).collect::<Vec<_>>();
    let Some((first, others)) = of_others.split_first() else { return Rich::new() };
    let prose = Prose::new().text(format!("Next waits: {first}"));
    if others.is_empty() {
        return prose.done();
    }
    // What is at work takes a line as well, so the rest share one.
    let told = others.iter().take(REASONS_MAX - 1).map(String::as_str).collect::<Vec<_>>().join(" · ");
    let prose = prose.line().text(format!("• {told}"));
    match of_others.len().saturating_sub(REASONS_MAX) {
        0 => prose.done(),
        hidden => prose.text(format!(" + {hidden} more")).done(),
    }
}

/// A reason in half a line, without markup.
#[must_use]
pub fn short(blocker: &Blocker) -> String {
    match blocker {
        Blocker::Locked { servers: names, holder, .. } => {
            format!("{} under work for {holder}", servers(names.len()))
        }
        Blocker::Concurrency { scope, active, limit, .. } => {
            format!("{} {active} under work, at most {limit}", place(scope))
        }
        Blocker::Capacity { scope, serving, total, floor, .. } => {
            format!("{} {serving} of {total} in service, floor {floor}", counted_in(scope))
        }
        Blocker::NotAbsorbed { pool, lack } => absorbing::short(pool, lack),
        Blocker::Rate { command, started, limit, .. } => {
            format!("{command} {started} started within a minute, at most {limit}")
        }
        Blocker::NoDirectory => NO_DIRECTORY.to_owned(),
        Blocker::Soak { servers: names, lacks, .. } => soaking::short(names, lacks),
        Blocker::Behind { request, .. } => format!("{request} waited longer and goes first"),
        Blocker::Contradicted { servers: names, meant, serves } => production::short(names, *meant, *serves),
        Blocker::Unseen { servers: names, .. } => format!("{} not seen in the load balancer", servers(names.len())),
        Blocker::HealthUnknown { scope, since, .. } => match since {
            Some(since) => format!("{} health unknown since {}", counted_in(scope), clock(*since)),
            None => format!("{} health unknown", counted_in(scope)),
        },
        Blocker::Traffic { scope, measure, percent, limit_percent, brought, .. } => {
            format!("{} {}, at most {limit_percent} %", traffic_with(scope, brought), measured(*measure, *percent))
        }
        Blocker::TrafficUnknown { scope, .. } => format!("{} unknown", traffic(scope)),
        Blocker::Domain { group, domains, .. } => redundant::short(group, domains),
        Blocker::Alert { name, place, .. } => redundant::alert_in_short(name, place),
        Blocker::AlertsUnknown { .. } => "alerts unknown".to_owned(),
        Blocker::Frozen { scope, by, .. } => format!("{} frozen by {}", quoted(scope), quoted(by)),
        Blocker::Calendar(block) => calendars::short(block),
        Blocker::Held { servers: names, by, .. } if names.is_empty() => format!("held by {}", quoted(by)),
        Blocker::Held { servers: names, by, .. } => format!("{} held by {}", servers(names.len()), quoted(by)),
        Blocker::Blacklisted { scope, by, .. } => format!("{} blacklisted by {}", quoted(scope), quoted(by)),
        Blocker::Stopped { by, since, hard, .. } => {
            format!("everything is stopped{} by {} since {}", hardly(*hard), quoted(by), clock(*since))
        }
        Blocker::Broken { scope: BreakerScope::Server { .. }, examples, until: BrokenUntil::CoolDown(at), .. }
            if examples.len() > 1 =>
        {
            breaker::resting_in_short(examples, *at)
        }
        Blocker::Broken { scope: BreakerScope::Server { server, .. }, failures, of, until, .. } => {
            breaker::on_server_in_short(server, (*failures, *of), until)
        }
        Blocker::Broken { scope, failures, of, .. } => {
            format!("{} stopped, {failures} of the last {of} failed", scope_words(scope))
        }
    }
}

/// The first reason and how many more there are.
pub(super) fn shortly(blockers: &[Blocker]) -> Option<String> {
    let first = short(blockers.first()?);
    Some(match blockers.len() - 1 {
        0 => first,
        1 => format!("{first}, and 1 more reason"),
        more => format!("{first}, and {more} more reasons"),
    })
}

/// How firmly, where it says so.
const fn hardly(hard: bool) -> &'static str {
    if hard { " hard" } else { "" }
}
