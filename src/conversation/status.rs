//! How the fleet stands: how old the looks are, pools, open requests. Private.
//!
//! Deliberately absent: servers by name; a pool that is short names those that are out.

use super::brakes::stopped;
use super::calendars;
use super::message::{Block, Message};
use super::reasons::{counted_in, not_in_total, outs, short};
use super::restraints::standing;
use super::standby;
use super::state::state_word;
use super::view::{RequestView, asked};
use super::words::{Prose, counted, first_three, listed, quoted, summary};
use crate::admission::calendars::Planned;
use crate::admission::traffic::{Lack, oldest_seen};
use crate::admission::{Brake, Firing, Measures, Outside, PoolCount, Traffic, WiderCount};
use crate::domain::command::CommandName;
use crate::domain::server::PoolName;
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, PolicyName, Request};
use crate::workflow::run::Run;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The most brakes that are told one by one.
const BRAKES_MAX: usize = 3;
/// The most pools that are told one by one.
const POOLS_MAX: usize = 2;
/// The most wider scopes than pools that are told one by one; each takes the room of a pool.
const WIDER_MAX: usize = 1;
/// The most groups of commands that cover the same number of servers.
const COVERAGES_MAX: usize = 3;
/// The most sources that do not tell that are told one by one; each takes the room of a request.
const SOURCES_MAX: usize = 1;
/// The most places to which too much comes that are told one by one.
const LACKS_MAX: usize = 2;
/// The most requests that are told one by one.
const REQUESTS_MAX: usize = 2;

/// What a status looks at.
#[derive(Clone, Debug)]
pub struct StatusView<'a> {
    /// The stop of everything, if it is on.
    pub stop: Option<&'a Brake>,
    /// What else people put on over them.
    pub brakes: &'a [Brake],
    /// The freezes of the calendar that are on or come within a day.
    pub calendars: &'a [Planned],
    /// Every pool that was asked about.
    pub pools: &'a [PoolCount],
    /// Every wider scope with a floor that was asked about, the narrowest first.
    pub wider: &'a [WiderCount],
    /// Requests that are not over, with their runs.
    pub requests: &'a [(Request, Vec<Run>)],
    /// How many servers were asked about.
    pub servers: u32,
    /// When the inventory was read.
    pub inventory_at: Timestamp,
    /// What is known of traffic and alerts.
    pub outside: Outside<'a>,
    /// By what servers are compared with their siblings while their wave is watched.
    pub compares: &'a [String],
    /// The policies that are only observed.
    pub observed: &'a [PolicyName],
    /// The oldest look at the health of one of them, and in which pool; `None` if there was none.
    pub health_oldest: Option<(Timestamp, PoolName)>,
    /// When the directory of people last answered; `None` where it was not asked.
    pub people_at: Option<Timestamp>,
    /// Where more comes than the relief, and what is done about it.
    pub lacks: &'a [Lack],
    /// Since when alerts are not taken, and why; `None` where they are.
    pub alerts_silent: Option<(Timestamp, &'a str)>,
    /// For how many of the servers each command is there, sorted by name; commands without servers are not in it.
    pub coverage: &'a [(CommandName, u32)],
    /// The time.
    pub now: Timestamp,
}

/// The status; begins with the sources and their age.
#[must_use]
pub fn status(fleet: &StatusView<'_>) -> Message {
    let prose = Prose::new().text("Health by the load balancers: ");
    let prose = match &fleet.health_oldest {
        Some((oldest, pool)) if fleet.pools.len() > 1 => {
            prose.text("oldest look ").time(*oldest).text(format!(" ({pool})"))
        }
        Some((oldest, _)) => prose.text("oldest look ").time(*oldest),
        None => prose.text("not looked at yet"),
    };
    let prose = firing(traffic(prose, fleet.outside.traffic), fleet.outside.firing);
    let prose = prose.text(" · requests ").time(fleet.now).text(" · inventory ").time(fleet.inventory_at);
    let prose = match fleet.people_at {
        Some(at) => prose.text(" · people ").time(at),
        None => prose,
    };
    let prose = compared(prose, fleet);
    let prose = match fleet.alerts_silent {
        Some((since, why)) => prose.line().text("✋ alerts are not taken since ").time(since).text(": ").code(why),
        None => prose,
    };
    let prose = match fleet.observed {
        [] => prose,
        observed => {
            let names = observed.iter().map(|policy| policy.word()).collect::<Vec<_>>();
            let verb = if names.len() == 1 { "is" } else { "are" };
            prose.line().text(format!("👁 {} {verb} only observed: nothing waits for that", listed(&names, "and")))
        }
    };
    let prose = too_much(prose, fleet.lacks);
    let prose = waits_on_sources(prose, fleet.requests);
    let (serving, total, short) = totals(fleet);
    let pools = in_service(fleet, (serving, total), &short);
    let mut blocks = kept_from_starting(fleet);
    blocks.push(Block::Section(prose.done()));
    if !pools.is_empty() {
        blocks.push(Block::Section(pools.done()));
    }
    blocks.push(Block::Section(requests(fleet)));
    if !fleet.coverage.is_empty() {
        blocks.push(Block::Context(coverage(fleet)));
    }
    let open = counted(fleet.requests.len(), "open request");
    let stopped = if fleet.stop.is_some() { "🛑 everything is stopped · " } else { "" };
    Message { summary: summary(format!("{stopped}{serving} of {total} in service, {open}")), blocks }
}

/// How many serve, and the pools and wider scopes that have servers out, those nearest to their floors first.
fn in_service(fleet: &StatusView<'_>, (serving, total): (u32, u32), short: &[&PoolCount]) -> Prose {
    let mut pools = Prose::new();
    if total > 0 {
        let all = counted(fleet.pools.len(), "pool");
        pools = pools.bold(format!("{serving} of {total} in service")).text(format!(" in {all}"));
    }
    let apart = fleet.pools.iter().map(|pool| pool.in_repair.len() + pool.on_standby.len()).sum::<usize>();
    let outside = fleet.servers.saturating_sub(total).saturating_sub(u32::try_from(apart).unwrap_or(u32::MAX));
    if outside > 0 {
        pools = pools.dot().text(format!("{} in no pool", super::words::servers(super::words::size(outside))));
    }
    let crowded = fleet.wider.iter().filter(|one| one.serving < one.total).collect::<Vec<_>>();
    let shown = POOLS_MAX - crowded.len().min(WIDER_MAX);
    for pool in short.iter().take(shown) {
        pools = pools.line().text(format!("{} {} of {}, floor {}", pool.pool, pool.serving, pool.total, pool.floor));
        if pool.unknown > 0 {
            pools = pools.text(format!(", {} unknown", pool.unknown));
        }
        if !pool.out.is_empty() {
            pools = pools.text(" · ").rich(outs(&pool.out));
        }
        let apart = pool.in_repair.iter().chain(&pool.on_standby).cloned().collect::<Vec<_>>();
        if !apart.is_empty() {
            pools = pools.text(" · ").rich(not_in_total(&apart));
        }
    }
    if short.len() > shown {
        pools = pools.text(format!(" + {}", counted(short.len() - shown, "more pool")));
    }
    short_of_wider(pools, crowded)
}

/// Wider scopes with a floor that have servers out, those nearest to it first; who is out is told of the pools.
fn short_of_wider(mut prose: Prose, mut short: Vec<&WiderCount>) -> Prose {
    short.sort_by_key(|one| i64::from(one.serving) - i64::from(one.floor));
    for one in short.iter().take(WIDER_MAX) {
        let place = counted_in(&one.scope);
        prose = prose.line().text(format!("{place} {} of {}, floor {}", one.serving, one.total, one.floor));
        if one.unknown > 0 {
            prose = prose.text(format!(", {} unknown", one.unknown));
        }
    }
    match short.len().saturating_sub(WIDER_MAX) {
        0 => prose,
        hidden => prose.text(format!(" + {}", counted(hidden, "more floor"))),
    }
}

/// What keeps work from starting, whoever asks for it: the stop, what else people put on, and the calendar.
fn kept_from_starting(fleet: &StatusView<'_>) -> Vec<Block> {
    let stop = fleet.stop.map(stopped);
    let brakes = Some(standing(fleet.brakes, BRAKES_MAX)).filter(|told| !told.is_empty());
    let calendars = calendars::planned(fleet.calendars, fleet.now);
    stop.into_iter().chain(brakes).chain(calendars).map(Block::Section).collect()
}

/// Where too much comes, those first about which nothing is done.
fn too_much(mut prose: Prose, lacks: &[Lack]) -> Prose {
    let mut lacks = lacks.iter().collect::<Vec<_>>();
    lacks.sort_by_key(|lack| !lack.needs_person());
    for lack in lacks.iter().take(LACKS_MAX) {
        prose = prose.line().rich(standby::lack(lack));
    }
    match lacks.len().saturating_sub(LACKS_MAX) {
        0 => prose,
        hidden => prose.text(format!(" + {hidden} more")),
    }
}

/// Who waits because a source does not tell: `edge-lax: 3 of 3 not known since 13:58; req-2mq9 waits for that`.
fn waits_on_sources(mut prose: Prose, requests: &[(Request, Vec<Run>)]) -> Prose {
    let mut waiting: BTreeMap<&Blocker, Vec<String>> = BTreeMap::new();
    for (request, _) in requests {
        for blocker in request.blockers.iter().filter(|blocker| is_of_source(blocker)) {
            waiting.entry(blocker).or_default().push(request.id().to_string());
        }
    }
    for (blocker, requests) in waiting.iter().take(SOURCES_MAX) {
        let waits = if requests.len() == 1 { "waits" } else { "wait" };
        prose = prose.line().text(format!("✋ {}; {} {waits} for that", short(blocker), first_three(requests)));
    }
    match waiting.len().saturating_sub(SOURCES_MAX) {
        0 => prose,
        hidden => prose.text(format!(" + {hidden} more")),
    }
}

/// Whether somebody waits not for what is known, but until it is.
const fn is_of_source(blocker: &Blocker) -> bool {
    matches!(
        blocker,
        Blocker::HealthUnknown { .. }
            | Blocker::Unseen { .. }
            | Blocker::TrafficUnknown { .. }
            | Blocker::AlertsUnknown { .. }
            | Blocker::NoDirectory
            | Blocker::Soak { .. }
    )
}

fn traffic(prose: Prose, known: &Traffic) -> Prose {
    match (known, oldest_seen(known)) {
        (Traffic::NotConfigured, _) => prose.text(" · traffic is not looked at: no metrics configured"),
        (_, Some(oldest)) => prose.text(" · traffic ").time(oldest),
        // A shell does not look at it.
        (Traffic::NotAsked | Traffic::LeftOut, None) => prose,
        (Traffic::Pending | Traffic::Silent { .. } | Traffic::Seen(_), None) => prose.text(" · traffic unknown"),
    }
}

fn firing(prose: Prose, known: &Firing) -> Prose {
    match known {
        Firing::NotConfigured => prose.text(" · alerts are not read: no monitoring configured"),
        Firing::Seen(seen) => prose.text(" · alerts ").time(seen.at),
        // A shell does not look at them.
        Firing::NotAsked => prose,
        Firing::Pending | Firing::Unknown { .. } => prose.text(" · alerts unknown"),
    }
}

/// What of the metrics by which servers are compared does not answer; that they do is no news, as they are asked only at times.
fn compared(prose: Prose, fleet: &StatusView<'_>) -> Prose {
    let measures = fleet.outside.measures;
    if *measures == Measures::NotConfigured && !fleet.compares.is_empty() {
        let names = listed(fleet.compares, "and");
        return prose.line().text(format!("✋ nothing is compared by {names} after a wave: no metrics configured"));
    }
    let silent = measures.silent().filter(|(name, _)| fleet.compares.iter().any(|one| one == name)).collect::<Vec<_>>();
    let prose = silent.iter().take(SOURCES_MAX).fold(prose, |prose, (name, silence)| {
        let prose = prose.line().text("✋ ").code(*name).text(" of servers unknown since ").time(silence.since);
        prose.text(": ").code(&silence.why)
    });
    match silent.len().saturating_sub(SOURCES_MAX) {
        0 => prose,
        hidden => prose.text(format!(" + {hidden} more")),
    }
}

/// `of 86 servers: drain, reboot and undrain 80 · wipe 6`; what covers most comes first.
fn coverage(fleet: &StatusView<'_>) -> super::message::Rich {
    let mut alike: BTreeMap<Reverse<u32>, Vec<&str>> = BTreeMap::new();
    for (command, count) in fleet.coverage {
        alike.entry(Reverse(*count)).or_default().push(command.as_str());
    }
    let told = alike.iter().take(COVERAGES_MAX).map(|(Reverse(count), commands)| {
        let commands = if commands.len() > 3 { first_three(commands) } else { listed(commands, "and") };
        format!("{commands} {count}")
    });
    let told = told.collect::<Vec<_>>().join(" · ");
    Prose::new().text(format!("of {}: {told}", super::words::servers(super::words::size(fleet.servers)))).done()
}

fn totals<'a>(fleet: &'a StatusView<'_>) -> (u32, u32, Vec<&'a PoolCount>) {
    let serving = fleet.pools.iter().map(|pool| pool.serving).sum();
    let total = fleet.pools.iter().map(|pool| pool.total).sum();
    let is_short =
        |pool: &&PoolCount| pool.serving < pool.total || !pool.in_repair.is_empty() || !pool.on_standby.is_empty();
    let mut short = fleet.pools.iter().filter(is_short).collect::<Vec<_>>();
    short.sort_by_key(|pool| i64::from(pool.serving) - i64::from(pool.floor));
    (serving, total, short)
}

fn requests(fleet: &StatusView<'_>) -> super::message::Rich {
    if fleet.requests.is_empty() {
        return Prose::new().text("No request is open").done();
    }
    let mut prose = Prose::new();
    let is_silent = fleet.requests.iter().any(|(request, _)| request.blockers.iter().any(is_of_source));
    let shown = REQUESTS_MAX - if is_silent { SOURCES_MAX } else { 0 };
    for (request, runs) in fleet.requests.iter().take(shown) {
        prose = prose.line().text(told(request, runs, fleet.now));
    }
    match fleet.requests.len().saturating_sub(shown) {
        0 => prose.done(),
        hidden => prose.text(format!(" + {hidden} more")).done(),
    }
}

/// An open request in one line: `▶️ req-2mq9 reboot 20 servers in lax · running · ana`.
pub(super) fn told(request: &Request, runs: &[Run], now: Timestamp) -> String {
    let (sign, word) = state_word(RequestView { request, runs, impacts: &[], now });
    let by = quoted(&request.requester_name);
    format!("{sign} {} {} · {word} · {by}", request.id(), asked(request))
}
