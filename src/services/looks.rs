//! Lines that only look: help, how the fleet stands, what waits, what is out.

use super::intake::Outcome;
use super::lines::{Line, Speaker};
use super::queues::{self, Queued};
use super::standings::{Whole, standings};
use super::undone::left_undone;
use super::world::World;
use super::{forms, offers};
use crate::admission::traffic::Lack;
use crate::conversation;
use crate::domain::intent::{HelpTopic, Selector, Spanned};
use crate::domain::server::Server;
use crate::fleet::{self, Snapshot};
use crate::ports::StoreFault;
use crate::ports::store::{Control, ControlAction, FormOf, Write};
use std::sync::Arc;

/// The most buttons that return servers: a phone shows two in a row.
const RETURNS_MAX: usize = 2;

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

/// How the fleet stands, or those servers.
pub(super) async fn status(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    selector: Option<&Spanned<Selector>>,
) -> Result<Outcome, StoreFault> {
    let (servers, whole) = match asked(world, line, speaker, selector).await? {
        Asked::Servers(servers, whole) => (servers, whole),
        Asked::Answered(outcome) => return Ok(outcome),
    };
    let mut standings = standings(world.store.as_ref(), &speaker.rulebook, (&servers, whole), world.now()).await?;
    // Whoever asks was looked up for this very line.
    standings.people_at = Some(world.now());
    standings.outside = world.looked_up();
    let concerns = |lack: &&Lack| servers.iter().any(|server| lack.concerns(server));
    standings.lacks = world.relief.now().iter().filter(concerns).cloned().collect();
    standings.alerts_silent = world.pager.silence().map(|silence| (silence.since, silence.why));
    Ok(line.answered(conversation::status(&standings.view()), "answered: status"))
}

/// What waits to start.
pub(super) async fn queue(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    selector: Option<&Spanned<Selector>>,
) -> Result<Outcome, StoreFault> {
    let (servers, whole) = match asked(world, line, speaker, selector).await? {
        Asked::Servers(servers, whole) => (servers, whole),
        Asked::Answered(outcome) => return Ok(outcome),
    };
    let (now, scope) = (world.now(), Some(servers.as_slice()).filter(|_| whole == Whole::Part));
    let looked_up = world.looked_up();
    let on = (speaker.rulebook.as_ref(), looked_up.outside());
    let queue = queues::queue(world.store.as_ref(), on, scope, now).await?;
    let views = queue.iter().map(Queued::view).collect::<Vec<_>>();
    Ok(line.answered(conversation::queue(&views, now), "answered: the queue"))
}

/// Which servers are out of production; what a run of ours left so can be sent back with a button, which sends a line of
/// whoever presses it: it is authorised then, as if typed.
pub(super) async fn out(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    selector: Option<&Spanned<Selector>>,
) -> Result<Outcome, StoreFault> {
    let servers = match asked(world, line, speaker, selector).await? {
        Asked::Servers(servers, _) => servers,
        Asked::Answered(outcome) => return Ok(outcome),
    };
    let now = world.now();
    let mut groups = queues::outs(world.store.as_ref(), &speaker.rulebook, &servers, now).await?;
    let bound = forms::bound(world, line.origin);
    let mut writes = Vec::new();
    for group in &mut groups {
        let Some(back) = group.line.clone().filter(|_| writes.len() < RETURNS_MAX) else { continue };
        let handle = world.ids.handle();
        group.handle = Some(handle.clone());
        let action = ControlAction::Use(back);
        writes.push(Write::Control(Control { handle, action, bound: Some(bound.clone()), used_at: None }));
    }
    let mut outcome = line.answered(conversation::out(&groups, servers.len(), now), "answered: what is out");
    outcome.writes.extend(writes);
    Ok(outcome)
}

/// Which servers a line asks about.
pub(super) enum Asked {
    Servers(Vec<Server>, Whole),
    Answered(Outcome),
}

/// The servers that a selector means, or every one.
pub(super) async fn asked(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    selector: Option<&Spanned<Selector>>,
) -> Result<Asked, StoreFault> {
    let inventory = &speaker.rulebook.inventory;
    let Some(selector) = selector else { return Ok(Asked::Servers(inventory.servers().to_vec(), Whole::Fleet)) };
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), Some(selector)).await?;
    let snapshot = Snapshot { inventory, states: &|server| ledger.state(server), undone: &undone };
    Ok(match fleet::resolve(selector, snapshot, line.text) {
        Ok(servers) => Asked::Servers(servers, Whole::Part),
        Err(told) => Asked::Answered(offers::misunderstood(world, line, speaker, &told).await),
    })
}
