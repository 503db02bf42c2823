//! Why a request waits, in lines for a card and in half a line for a lock screen.
//!
//! Deliberately absent: which reasons there are; admission says that.

use super::message::Rich;
use super::words::{PATTERNS_MAX, Prose, clock, first_three, quoted, servers, size};
use crate::domain::ids::RequestId;
use crate::domain::server::ServerName;
use crate::fleet::folded;
use crate::workflow::request::{Blocker, OutServer, TrafficMeasure, TrafficScope};
use std::collections::BTreeMap;

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
        Blocker::Concurrency { site, active, limit, holders } => prose
            .text(format!("{site}: {} under work, at most {limit} at once", servers(size(*active))))
            .text(held_by(holders)),
        Blocker::NoDirectory => prose.text(NO_DIRECTORY).text("; waits until it does"),
        Blocker::Capacity { pool, serving, total, floor, out } => {
            let prose = prose.text(format!("{pool} has {serving} of {total} in service, floor {floor}"));
            if roomy && !out.is_empty() { prose.text("\n  ").rich(outs(out)) } else { prose }
        }
        Blocker::HealthUnknown { pool, unknown, total, since } => {
            let prose = prose.text(format!("health of {unknown} of {total} in {pool} unknown"));
            let prose = match since {
                Some(since) => prose.text(" since ").time(*since),
                None => prose.text(", not looked at yet"),
            };
            prose.text("; waits until it is known")
        }
        Blocker::Traffic { scope, measure, percent, limit_percent, seen_at, clear_from } => {
            let prose = prose.text(format!("{} ", traffic(scope)));
            let prose = prose.text(format!("{}, at most {limit_percent} %", measured(*measure, *percent)));
            match clear_from {
                Some(from) if *from > *seen_at => prose.text("; clear from ").time(*from).text(" if it stays so"),
                Some(_) | None => prose.text(", measured ").time(*seen_at),
            }
        }
        Blocker::TrafficUnknown { scope, why, since } => {
            let prose = prose.text(format!("{} unknown", traffic(scope)));
            let prose = match since {
                Some(since) => prose.text(" since ").time(*since),
                None => prose,
            };
            prose.text(format!(" ({}); waits until it is known", quoted(why)))
        }
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

fn measured(measure: TrafficMeasure, percent: u32) -> String {
    match measure {
        TrafficMeasure::LoadAfter => format!("would be {percent} % of what is left"),
        TrafficMeasure::OfUsual => format!("is {percent} % of the usual"),
        TrafficMeasure::OfBefore => format!("is {percent} % of 5 min ago"),
    }
}

fn held_by(holders: &[RequestId]) -> String {
    let holders = holders.iter().map(ToString::to_string).collect::<Vec<_>>();
    if holders.is_empty() { String::new() } else { format!(" ({})", first_three(&holders)) }
}

/// `4 out: edge-lax-[021-024] (drained, req-2mk4)`: the largest group first.
pub(super) fn outs(out: &[OutServer]) -> Rich {
    const GROUPS_MAX: usize = 2;
    let mut groups: BTreeMap<(Option<&RequestId>, &str), Vec<ServerName>> = BTreeMap::new();
    for server in out {
        groups.entry((server.holder.as_ref(), server.why.as_str())).or_default().push(server.name.clone());
    }
    let mut groups = groups.into_iter().collect::<Vec<_>>();
    groups.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    let mut prose = Prose::new().text(format!("{} out: ", out.len()));
    for (place, ((holder, why), names)) in groups.iter().take(GROUPS_MAX).enumerate() {
        let prefix = if place == 0 { "" } else { ", " };
        prose = prose.text(prefix).code(folded(names, 1)).text(format!(" ({}", super::words::quoted(why)));
        prose = match holder {
            Some(holder) => prose.text(format!(", {holder})")),
            None => prose.text(")"),
        };
    }
    let hidden = groups.iter().skip(GROUPS_MAX).map(|(_, names)| names.len()).sum::<usize>();
    if hidden > 0 { prose.text(format!(" + {hidden} more")).done() } else { prose.done() }
}

/// The first reason that is not only this request's own doing.
pub(super) fn foreign<'a>(blockers: &'a [Blocker], own: &RequestId) -> Option<&'a Blocker> {
    blockers.iter().find(|blocker| match blocker {
        Blocker::Locked { holder, .. } => holder != own,
        Blocker::Concurrency { holders, .. } => holders.iter().any(|holder| holder != own),
        Blocker::Capacity { out, .. } => out.iter().any(|out| out.holder.as_ref() != Some(own)),
        Blocker::HealthUnknown { .. }
        | Blocker::Traffic { .. }
        | Blocker::TrafficUnknown { .. }
        | Blocker::NoDirectory => true,
    })
}

/// A reason in half a line, without markup.
pub(super) fn short(blocker: &Blocker) -> String {
    match blocker {
        Blocker::Locked { servers: names, holder, .. } => {
            format!("{} under work for {holder}", servers(names.len()))
        }
        Blocker::Concurrency { site, active, limit, .. } => format!("{site} {active} under work, at most {limit}"),
        Blocker::Capacity { pool, serving, total, floor, .. } => {
            format!("{pool} {serving} of {total} in service, floor {floor}")
        }
        Blocker::NoDirectory => NO_DIRECTORY.to_owned(),
        Blocker::HealthUnknown { pool, since, .. } => match since {
            Some(since) => format!("{pool} health unknown since {}", clock(*since)),
            None => format!("{pool} health unknown"),
        },
        Blocker::Traffic { scope, measure, percent, limit_percent, .. } => {
            format!("{} {}, at most {limit_percent} %", traffic(scope), measured(*measure, *percent))
        }
        Blocker::TrafficUnknown { scope, .. } => format!("{} unknown", traffic(scope)),
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
