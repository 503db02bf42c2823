//! How the fleet stands: how old the looks are, pools, open requests. Private.
//!
//! Deliberately absent: servers by name; a pool that is short names those that are out.

use super::message::{Block, Message};
use super::reasons::outs;
use super::state::state_word;
use super::view::{RequestView, asked};
use super::words::{Prose, counted, first_three, listed, quoted, summary};
use crate::admission::traffic::oldest_seen;
use crate::admission::{PoolCount, Traffic};
use crate::domain::command::CommandName;
use crate::domain::time::Timestamp;
use crate::workflow::request::Request;
use crate::workflow::run::Run;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The most pools that are told one by one.
const POOLS_MAX: usize = 2;
/// The most groups of commands that cover the same number of servers.
const COVERAGES_MAX: usize = 3;
/// The most requests that are told one by one.
const REQUESTS_MAX: usize = 2;

/// What a status looks at.
#[derive(Clone, Debug)]
pub struct StatusView<'a> {
    /// Every pool that was asked about.
    pub pools: &'a [PoolCount],
    /// Requests that are not over, with their runs.
    pub requests: &'a [(Request, Vec<Run>)],
    /// How many servers were asked about.
    pub servers: u32,
    /// When the inventory was read.
    pub inventory_at: Timestamp,
    /// The oldest look at the health of one of them; `None` if there was none.
    pub health_oldest: Option<Timestamp>,
    /// What is known of traffic.
    pub traffic: &'a Traffic,
    /// For how many of the servers each command is there, sorted by name; commands without servers are not in it.
    pub coverage: &'a [(CommandName, u32)],
    /// The time.
    pub now: Timestamp,
}

/// The status; begins with the sources and their age.
#[must_use]
pub fn status(fleet: &StatusView<'_>) -> Message {
    let prose = Prose::new().text("Health by the load balancers: ");
    let prose = match fleet.health_oldest {
        Some(oldest) => prose.text("oldest look ").time(oldest),
        None => prose.text("not looked at yet"),
    };
    let prose = traffic(prose, fleet.traffic);
    let prose = prose.text(" · requests ").time(fleet.now).text(" · inventory ").time(fleet.inventory_at);
    let (serving, total, short) = totals(fleet);
    let mut pools = Prose::new();
    if total > 0 {
        let all = counted(fleet.pools.len(), "pool");
        pools = pools.bold(format!("{serving} of {total} in service")).text(format!(" in {all}"));
    }
    let outside = fleet.servers.saturating_sub(total);
    if outside > 0 {
        pools = pools.dot().text(format!("{} in no pool", super::words::servers(super::words::size(outside))));
    }
    for pool in short.iter().take(POOLS_MAX) {
        pools = pools.line().text(format!("{} {} of {}, floor {}", pool.pool, pool.serving, pool.total, pool.floor));
        if pool.unknown > 0 {
            pools = pools.text(format!(", {} unknown", pool.unknown));
        }
        if !pool.out.is_empty() {
            pools = pools.text(" · ").rich(outs(&pool.out));
        }
    }
    if short.len() > POOLS_MAX {
        pools = pools.text(format!(" + {}", counted(short.len() - POOLS_MAX, "more pool")));
    }
    let mut blocks = vec![Block::Section(prose.done())];
    if !pools.is_empty() {
        blocks.push(Block::Section(pools.done()));
    }
    blocks.push(Block::Section(requests(fleet)));
    if !fleet.coverage.is_empty() {
        blocks.push(Block::Context(coverage(fleet)));
    }
    let open = counted(fleet.requests.len(), "open request");
    Message { summary: summary(format!("{serving} of {total} in service, {open}")), blocks }
}

fn traffic(prose: Prose, known: &Traffic) -> Prose {
    match (known, oldest_seen(known)) {
        (Traffic::NotConfigured, _) => prose.text(" · traffic is not looked at: no metrics configured"),
        (_, Some(oldest)) => prose.text(" · traffic ").time(oldest),
        (Traffic::NotAsked | Traffic::Pending | Traffic::Silent { .. } | Traffic::Seen(_), None) => {
            prose.text(" · traffic unknown")
        }
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
    let mut short = fleet.pools.iter().filter(|pool| pool.serving < pool.total).collect::<Vec<_>>();
    short.sort_by_key(|pool| i64::from(pool.serving) - i64::from(pool.floor));
    (serving, total, short)
}

fn requests(fleet: &StatusView<'_>) -> super::message::Rich {
    if fleet.requests.is_empty() {
        return Prose::new().text("No request is open").done();
    }
    let mut prose = Prose::new();
    for (request, runs) in fleet.requests.iter().take(REQUESTS_MAX) {
        prose = prose.line().text(told(request, runs, fleet.now));
    }
    match fleet.requests.len().saturating_sub(REQUESTS_MAX) {
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
