//! Lines that only look: help, and how the fleet stands.

use super::intake::Outcome;
use super::lines::{Line, Speaker};
use super::undone::left_undone;
use super::world::World;
use super::{forms, offers};
use crate::admission::{self, Known, PoolCount};
use crate::catalog::Catalog;
use crate::conversation;
use crate::domain::command::{CommandName, Targets};
use crate::domain::intent::{HelpTopic, Selector, Spanned};
use crate::domain::server::Server;
use crate::fleet::{self, Snapshot};
use crate::ports::StoreFault;
use crate::ports::store::{FormOf, Write};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn help(world: &World, line: Line<'_>, speaker: &Speaker, topic: Option<&HelpTopic>) -> Outcome {
    let (catalog, policies) = (&speaker.rulebook.catalog, &speaker.rulebook.policies);
    let may = speaker.usable();
    let all = catalog.commands().iter().map(Arc::as_ref);
    let usable = all.filter(|spec| may.contains(&spec.name)).collect::<Vec<_>>();
    let place = speaker.channel_name();
    let mut about = None;
    let mut message = match topic {
        None => conversation::help(&usable, place),
        Some(HelpTopic::Command(name)) => match catalog.command(name) {
            Some(spec) => {
                about = Some(name.clone()).filter(|name| may.contains(name));
                let who = policies.groups_for(&speaker.channel, spec);
                conversation::help_command(spec, may.contains(&spec.name), &who, place)
            }
            None => conversation::help(&usable, place),
        },
        Some(HelpTopic::Purpose(purpose)) => conversation::help_purpose(*purpose, &usable, place),
        Some(HelpTopic::Verb(verb)) => conversation::help_verb(*verb, &usable),
        Some(HelpTopic::Servers) => conversation::help_servers(),
        Some(HelpTopic::Times) => conversation::help_times(&usable),
    };
    let mut writes = Vec::new();
    if topic.is_none() && !usable.is_empty() || about.is_some() {
        let typed = about.as_ref().map_or_else(String::new, ToString::to_string);
        let new = forms::offered(world, FormOf { origin: line.origin.clone(), command: about, line: typed });
        let mine = forms::own_offered(world, line.origin);
        message.blocks.push(conversation::request_buttons(&new.handle, &mine.handle));
        writes.extend([Write::Control(new), Write::Control(mine)]);
    }
    let mut outcome = line.answered(message, "answered: help");
    outcome.writes.extend(writes);
    outcome
}

pub(super) async fn status(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    selector: Option<&Spanned<Selector>>,
) -> Result<Outcome, StoreFault> {
    let now = world.now();
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), selector).await?;
    let inventory = &speaker.rulebook.inventory;
    let snapshot = Snapshot { inventory, states: &|server| ledger.state(server), undone: &undone };
    let servers = match selector {
        None => inventory.servers().to_vec(),
        Some(selector) => match fleet::resolve(selector, snapshot, line.text) {
            Ok(servers) => servers,
            Err(told) => return Ok(offers::misunderstood(world, line, speaker, &told).await),
        },
    };
    let traffic = world.traffic.now();
    let counts = pools(&servers, speaker.rulebook.known(&ledger, now));
    let mut open = Vec::new();
    for request in world.store.open_requests().await? {
        let touches = selector.is_none()
            || request.plan.servers().any(|planned| servers.iter().any(|server| server.id == planned.id));
        if touches {
            let runs = world.store.runs(request.id()).await?;
            open.push((request, runs));
        }
    }
    let seen = |server: &Server| ledger.health.get(&server.id).map(|row| row.seen_at);
    let health_oldest = servers.iter().filter(|server| server.pool.is_some()).filter_map(seen).min();
    let coverage = coverage(&speaker.rulebook.catalog, &servers);
    let view = conversation::StatusView {
        pools: &counts,
        coverage: &coverage,
        requests: &open,
        servers: u32::try_from(servers.len()).unwrap_or(u32::MAX),
        inventory_at: inventory.fetched_at(),
        health_oldest,
        traffic: &traffic,
        now,
    };
    Ok(line.answered(conversation::status(&view), "answered: status"))
}

/// How each pool stands in which one of these servers is, by name.
pub(super) fn pools(servers: &[Server], known: Known<'_>) -> Vec<PoolCount> {
    let pools = servers.iter().filter_map(|server| server.pool.as_ref()).collect::<BTreeSet<_>>();
    pools.into_iter().map(|pool| admission::count_pool(pool, known)).collect()
}

/// For how many of the servers each command is there.
fn coverage(catalog: &Catalog, servers: &[Server]) -> Vec<(CommandName, u32)> {
    let counts = catalog.commands().iter().filter_map(|spec| match &spec.targets {
        Targets::Servers { types, .. } => {
            let covered = servers.iter().filter(|server| types.contains(&server.server_type)).count();
            Some((spec.name.clone(), u32::try_from(covered).unwrap_or(u32::MAX)))
        }
        Targets::Sites { .. } | Targets::None => None,
    });
    counts.collect()
}
