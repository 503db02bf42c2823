//! How wider scopes than pools stand where they have a floor, and what a plan does to them, for people to read.
//!
//! Deliberately absent: what keeps a server in, which `capacity` says of each scope alike.

use super::capacity::{self, Count};
use super::floors::scopes;
use super::{Known, Rules};
use crate::domain::plan::Plan;
use crate::domain::server::{Server, SiteName};
use crate::fleet::Inventory;
use crate::workflow::request::CapacityScope;
use std::collections::{BTreeMap, BTreeSet};

/// How a wider scope than a pool stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WiderCount {
    /// Which.
    pub scope: CapacityScope,
    /// Servers in it, without those in repair and on standby.
    pub total: u32,
    /// Servers that serve now.
    pub serving: u32,
    /// Servers whose health is not known well enough.
    pub unknown: u32,
    /// The least that must serve.
    pub floor: u32,
}

/// What a plan does to a wider scope than a pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WiderImpact {
    /// The scope as it is now.
    pub now: WiderCount,
    /// The most servers of the plan that are out of it at once.
    pub out_at_once: u32,
    /// The fewest that serve while it runs.
    pub lowest: u32,
}

/// How each wider scope with a floor stands in which one of these servers counts, the narrowest first.
#[must_use]
pub fn count_wider<'a>(servers: impl IntoIterator<Item = &'a Server>, known: Known<'_>) -> Vec<WiderCount> {
    // Without such a floor no server of a large fleet is asked where it counts.
    if known.rules.wider_floors == super::WiderFloors::default() {
        return Vec::new();
    }
    let scopes = servers.into_iter().flat_map(|server| wider(server, known)).collect::<BTreeSet<_>>();
    scopes.into_iter().map(|scope| counted(scope, known)).collect()
}

/// What a plan would do to each wider scope with a floor that it touches, the narrowest first.
#[must_use]
pub fn impact_on_wider(plan: &Plan, site_concurrency: Option<u32>, known: Known<'_>) -> Vec<WiderImpact> {
    let mut planned: BTreeMap<CapacityScope, BTreeMap<&SiteName, u32>> = BTreeMap::new();
    for record in plan.servers().filter_map(|server| known.inventory.by_id(&server.id)) {
        for scope in wider(record, known) {
            *planned.entry(scope).or_default().entry(&record.site).or_default() += 1;
        }
    }
    let widest = plan.parts().waves.iter().copied().max().unwrap_or(1);
    let impacts = planned.into_iter().map(|(scope, sites)| {
        let now = counted(scope, known);
        let at_once = sites.values().map(|servers| (*servers).min(site_concurrency.unwrap_or(u32::MAX))).sum::<u32>();
        let out_at_once = at_once.min(widest).min(now.serving.saturating_sub(now.floor));
        WiderImpact { lowest: now.serving.saturating_sub(out_at_once), out_at_once, now }
    });
    impacts.collect()
}

fn wider(server: &Server, known: Known<'_>) -> impl Iterator<Item = CapacityScope> {
    let scopes = scopes(server, (known.inventory, known.rules)).into_iter();
    scopes.filter(|scope| !matches!(scope, CapacityScope::Pool(_)))
}

fn counted(scope: CapacityScope, known: Known<'_>) -> WiderCount {
    let Count { total, serving, unknown, floor, .. } = capacity::count(&scope, known);
    WiderCount { scope, total, serving, unknown, floor }
}

/// What of a floor that is switched on counts nothing, each in words: nobody meant that, and nothing is wrong with it either.
#[must_use]
pub fn floors_without_scope(rules: &Rules, inventory: &Inventory) -> Vec<String> {
    if rules.wider_floors.metro.is_none() {
        return Vec::new();
    }
    let sites = inventory.distinct(|server| server.pool.as_ref().map(|_| &server.site));
    let alone = sites.into_iter().filter(|site| inventory.metro(site).is_none());
    alone
        .map(|site| format!("capacity.metro-out-max holds nothing in {site}: the inventory says no metro of it"))
        .collect()
}
