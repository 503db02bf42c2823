//! A typed line: understood, resolved, authorised, planned, accepted; or answered with what to type instead.

use super::intake::{Outcome, member};
use super::messages;
use super::planning::{Answer, Asking};
use super::undone::left_undone;
use super::world::World;
use crate::admission::{self, Ledger};
use crate::approvals;
use crate::authorization::Authorized;
use crate::catalog::Catalog;
use crate::conversation;
use crate::conversation::message::{Block, Message};
use crate::domain::command::{CommandName, CommandSpec, Impact, Targets};
use crate::domain::identity::Profile;
use crate::domain::ids::{Epoch, Handle, RequestId, Version};
use crate::domain::intent::{HelpTopic, Intent, Planned, Selector, Spanned, WorkIntent};
use crate::domain::limits::{LATE_AFTER, PRIVATE_CONTROL_LIFE};
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::place::{ChannelFacts, ChannelName, Membership, Origin};
use crate::domain::plan::Plan;
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::fleet::{self, Snapshot, Undone};
use crate::language;
use crate::ports::chat::Envelope;
use crate::ports::directory::DirectoryFault;
use crate::ports::store::{Bound, Control, ControlAction, Write};
use crate::ports::{Rulebook, StoreFault};
use crate::workflow::request::{Accepted, ControlVerb, RequestEvent};
use crate::workflow::run::RunEvent;
use std::sync::Arc;

/// A line and where it came from.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) origin: &'a Origin,
    pub(super) text: &'a str,
    /// When it was sent; `None` for one that was just confirmed by a button.
    pub(super) sent_at: Option<Timestamp>,
    /// Whether it is sent by one tap on a button that was offered because it interrupted no server.
    pub(super) is_one_tap: bool,
}

impl Line<'_> {
    fn answered(&self, message: Message, note: impl Into<String>) -> Outcome {
        Outcome::answered(&self.envelope.key, self.origin, message, note)
    }
}

/// Who typed it, and where.
struct Speaker {
    person: Profile,
    channel: ChannelFacts,
    /// What was in force when the line was read: the whole line is answered by it.
    rulebook: Arc<Rulebook>,
}

impl Speaker {
    /// What this person's line means here. What they may use decides only what is suggested instead, and asking the
    /// policies about every command is dear: so they are asked only when something was not understood.
    fn understand(&self, text: &str, now: Timestamp) -> Result<Intent, Misunderstanding> {
        let all = language::Vocabulary::of(self.rulebook.catalog.commands().to_vec());
        let vocabulary = language::Vocabulary { zone: self.person.zone.clone(), now, ..all };
        language::parse(text, &vocabulary).or_else(|_| {
            let commands = vocabulary.commands.iter().map(Arc::as_ref);
            let usable = self.rulebook.policies.commands_for(&self.person, &self.channel, commands);
            language::parse(text, &language::Vocabulary { usable, ..vocabulary.clone() })
        })
    }

    /// Without `#`; empty in a direct conversation, which has no name.
    fn channel_name(&self) -> &str {
        self.channel.name.as_ref().map_or("", ChannelName::as_str)
    }

    fn asking<'a>(&'a self, world: &'a World, ledger: &'a Ledger, undone: &'a Undone, line: Line<'a>) -> Asking<'a> {
        let (rulebook, now) = (self.rulebook.as_ref(), world.now());
        Asking { rulebook, ledger, undone, person: &self.person, channel: &self.channel, line: line.text, now }
    }
}

/// What a line comes to.
pub(super) async fn answer(world: &World, line: Line<'_>) -> Result<Outcome, StoreFault> {
    let now = world.now();
    let person = match member(world, &line.envelope.key, line.origin).await {
        Ok(person) => person,
        Err(outcome) => return Ok(outcome),
    };
    if let Some(sent_at) = line.sent_at.filter(|sent_at| now.since(*sent_at) > LATE_AFTER) {
        return Ok(late(world, line, sent_at, now));
    }
    let channel = match world.directory.channel(&line.origin.channel).await {
        Ok(channel) => channel,
        Err(DirectoryFault::Unknown(_)) => {
            let told = conversation::wrong_place(&world.places.bot_name);
            return Ok(line.answered(told, "rejected: a channel that the bot cannot see"));
        }
        Err(DirectoryFault::Unavailable(why)) => {
            tracing::warn!(%why, "the directory does not answer");
            return Ok(line.answered(conversation::unavailable("the directory of channels"), "rejected: no directory"));
        }
    };
    if channel.bot == Membership::Outside {
        let told = conversation::wrong_place(&world.places.bot_name);
        return Ok(line.answered(told, "rejected: the bot is not in this channel"));
    }
    let speaker = Speaker { person, channel, rulebook: world.rulebook() };
    let normal = match language::normalise(line.text) {
        Ok(normal) => normal,
        Err(misunderstanding) => {
            return Ok(line.answered(conversation::misunderstood(&misunderstanding), "answered: a misunderstanding"));
        }
    };
    let line = Line { text: &normal, ..line };
    // The files may have changed since it was offered.
    if line.is_one_tap && interrupts(&speaker.rulebook.catalog, line.text) {
        return Ok(line.answered(conversation::interrupts_by_now(line.text), "refused: interrupts servers by now"));
    }
    match speaker.understand(line.text, now) {
        Err(told) => Ok(misunderstood(world, line, &speaker, &told)),
        Ok(intent) => carry_out(world, line, &speaker, intent).await,
    }
}

/// What was understood, carried out.
async fn carry_out(world: &World, line: Line<'_>, speaker: &Speaker, intent: Intent) -> Result<Outcome, StoreFault> {
    match intent {
        Intent::Help { topic } => Ok(help(line, speaker, topic.as_ref())),
        Intent::Status { selector } => status(world, line, speaker, selector.as_ref()).await,
        Intent::Cancel { request } => super::presses::cancel_line(world, line, &speaker.person, &request).await,
        Intent::Work(work) => work_line(world, line, speaker, &work).await,
        Intent::Plan(Planned::Work(work)) => plan_line(world, line, speaker, &work).await,
        Intent::Plan(Planned::Cancel { request }) => {
            super::presses::cancel_plan(world, line, &speaker.person, &request).await
        }
    }
}

/// Why nothing comes of a line that was read, for whoever sent it.
fn answered(world: &World, line: Line<'_>, speaker: &Speaker, answer: Answer) -> Outcome {
    match answer {
        Answer::Misunderstood(told) => misunderstood(world, line, speaker, &told),
        Answer::Told { message, note } => line.answered(message, note),
    }
}

/// A line that was not understood. What it probably means gets a button, unless one wrong tap could interrupt a server.
fn misunderstood(world: &World, line: Line<'_>, speaker: &Speaker, told: &Misunderstanding) -> Outcome {
    let harmless = |offered: &String| is_harmless(&speaker.rulebook.catalog, offered);
    let mut message = conversation::misunderstood(told);
    let mut offered = Vec::new();
    if let Some(corrected) = told.corrected.as_ref().filter(|line| harmless(line)) {
        let handle = world.ids.handle();
        message.blocks.push(Block::Actions(vec![conversation::use_line(corrected, &handle)]));
        offered.push((handle, corrected));
    } else if let Some(readings) =
        conversation::asked_which(told).filter(|lines| lines.iter().all(|line| harmless(line)))
    {
        let (first, second) = either_or(&world.ids.handle());
        message.blocks.push(Block::Actions(conversation::use_one_of(&first, &second).into()));
        offered.extend([first, second].into_iter().zip(readings));
    }
    let bound = Bound {
        person: line.origin.person.clone(),
        channel: line.origin.channel.clone(),
        until: world.now().plus(PRIVATE_CONTROL_LIFE),
    };
    let mut outcome = line.answered(message, "answered: a misunderstanding");
    outcome.writes.extend(offered.into_iter().map(|(handle, line)| {
        let action = ControlAction::Use(line.clone());
        Write::Control(Control { handle, action, bound: Some(bound.clone()), used_at: None })
    }));
    outcome
}

/// Whether a line only looks, or carries out a command that interrupts no server.
fn is_harmless(catalog: &Catalog, line: &str) -> bool {
    match verb_of(line).as_str() {
        "help" | "status" | "plan" => true,
        verb => catalog.command(&CommandName::new(verb)).is_some() && !interrupts(catalog, line),
    }
}

/// Whether a line carries out a command that interrupts servers.
fn interrupts(catalog: &Catalog, line: &str) -> bool {
    catalog.command(&CommandName::new(verb_of(line))).is_some_and(|spec| spec.impact >= Impact::PowerCycle)
}

fn verb_of(line: &str) -> String {
    line.split(' ').next().unwrap_or_default().to_lowercase()
}

/// The handles of two buttons of which one may be used; a press finds the other one by its own.
fn either_or(handle: &Handle) -> (Handle, Handle) {
    (Handle::new(format!("{handle}{EITHER}")), Handle::new(format!("{handle}{OR}")))
}

/// The button beside this one, if it is one of two.
pub(super) fn beside(handle: &Handle) -> Option<Handle> {
    let text = handle.as_str();
    let other = |mine: &str, its: &str| Some(Handle::new(format!("{}{its}", text.strip_suffix(mine)?)));
    other(EITHER, OR).or_else(|| other(OR, EITHER))
}

const EITHER: &str = ".a";
const OR: &str = ".b";

fn late(world: &World, line: Line<'_>, sent_at: Timestamp, now: Timestamp) -> Outcome {
    let bound = Bound {
        person: line.origin.person.clone(),
        channel: line.origin.channel.clone(),
        until: now.plus(PRIVATE_CONTROL_LIFE),
    };
    let (run_now, forget) = either_or(&world.ids.handle());
    let control =
        |handle, action| Write::Control(Control { handle, action, bound: Some(bound.clone()), used_at: None });
    let mut outcome = line.answered(conversation::late(sent_at, &run_now, &forget), "asked again: it came late");
    outcome.writes.push(control(run_now, ControlAction::Line(line.text.to_owned())));
    outcome.writes.push(control(forget, ControlAction::Forget));
    outcome
}

fn help(line: Line<'_>, speaker: &Speaker, topic: Option<&HelpTopic>) -> Outcome {
    let (catalog, policies) = (&speaker.rulebook.catalog, &speaker.rulebook.policies);
    let all = catalog.commands().iter().map(Arc::as_ref);
    let may = policies.commands_for(&speaker.person, &speaker.channel, all.clone());
    let usable = all.filter(|spec| may.contains(&spec.name)).collect::<Vec<_>>();
    let place = speaker.channel_name();
    let message = match topic {
        None => conversation::help(&usable, place),
        Some(HelpTopic::Command(name)) => match catalog.command(name) {
            Some(spec) => {
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
    line.answered(message, "answered: help")
}

async fn status(
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
            Err(told) => return Ok(misunderstood(world, line, speaker, &told)),
        },
    };
    let mut pools = servers.iter().filter_map(|server| server.pool.clone()).collect::<Vec<_>>();
    pools.sort();
    pools.dedup();
    let known = speaker.rulebook.known(&ledger, now);
    let counts = pools.iter().map(|pool| admission::count_pool(pool, known)).collect::<Vec<_>>();
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
        now,
    };
    Ok(line.answered(conversation::status(&view), "answered: status"))
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

async fn work_line(world: &World, line: Line<'_>, speaker: &Speaker, work: &WorkIntent) -> Result<Outcome, StoreFault> {
    let Some(spec) = speaker.rulebook.catalog.command(&work.command).cloned() else {
        return Ok(Outcome::noted("rejected: a command that is not in the catalogue"));
    };
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), work.selector.as_ref()).await?;
    let asking = speaker.asking(world, &ledger, &undone, line);
    let subjects = match asking.subjects(work, &spec) {
        Ok(subjects) => subjects,
        Err(answer) => return Ok(answered(world, line, speaker, answer)),
    };
    let authorized = match asking.authorize(&spec, &subjects) {
        Ok(authorized) => authorized,
        Err(refusal) => {
            let told = conversation::refused(&refusal, &spec, speaker.channel_name(), subjects.count());
            return Ok(line.answered(told, "refused: not allowed"));
        }
    };
    let plan = match asking.draft(&world.ids.request(), work, &spec, &subjects) {
        Ok(plan) => plan,
        Err(answer) => return Ok(answered(world, line, speaker, answer)),
    };
    if let Some(same) = asking.same_request(&plan, &world.store.open_requests().await?) {
        let link = match &same.card {
            Some(card) => world.chat.link_to(card).await,
            None => None,
        };
        let note = format!("answered: the same as {}", same.id());
        return Ok(line.answered(conversation::doubled(same, link.as_deref()), note));
    }
    Ok(accept(world, line, Accepting { speaker, spec, plan, authorized: &authorized }))
}

/// What a line would do, without doing it.
async fn plan_line(world: &World, line: Line<'_>, speaker: &Speaker, work: &WorkIntent) -> Result<Outcome, StoreFault> {
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), work.selector.as_ref()).await?;
    let open = world.store.open_requests().await?;
    Ok(match speaker.asking(world, &ledger, &undone, line).preview(&world.ids.request(), work, &open) {
        Ok(preview) => line.answered(conversation::preview(preview.view()), "answered: a plan"),
        Err(answer) => answered(world, line, speaker, answer),
    })
}

struct Accepting<'a> {
    speaker: &'a Speaker,
    spec: Arc<CommandSpec>,
    plan: Plan,
    authorized: &'a Authorized,
}

/// Writes the request with its runs, controls and first messages: one commit.
fn accept(world: &World, line: Line<'_>, accepting: Accepting<'_>) -> Outcome {
    let Accepting { speaker, spec, plan, authorized } = accepting;
    let now = world.now();
    let id = plan.parts().request.clone();
    let controls = ControlVerb::ALL.map(|verb| (verb, world.ids.handle()));
    let mut writes = Vec::new();
    for (number, subject) in (1..).zip(plan.parts().subjects.clone()) {
        let wave = u32::try_from(plan.wave_of(number)).unwrap_or(u32::MAX);
        writes.push(Write::RunEvents {
            id: id.run(number),
            expected: Version(0),
            epoch: Epoch::default(),
            events: vec![RunEvent::Planned { subject, wave }],
            wake_at: None,
        });
    }
    for (verb, handle) in &controls {
        let action = ControlAction::Request { request: id.clone(), verb: *verb };
        writes.push(Write::Control(Control { handle: handle.clone(), action, bound: None, used_at: None }));
    }
    let accepted = Accepted {
        need: approvals::need(&spec, plan.parts().subjects.len(), now),
        plan,
        spec,
        origin: line.origin.clone(),
        requester_name: speaker.person.name.clone(),
        allowed_by: authorized.allowed_by().iter().map(|note| note.id.to_string()).collect(),
        at: now,
        controls: controls.into_iter().collect(),
    };
    writes.insert(0, request_made(&id, accepted));
    writes.push(messages::card(&id));
    writes.push(messages::echo(&id, line.origin));
    Outcome { writes, note: format!("accepted: {id}") }
}

fn request_made(id: &RequestId, accepted: Accepted) -> Write {
    Write::RequestEvents {
        id: id.clone(),
        expected: Version(0),
        events: vec![RequestEvent::Accepted(Box::new(accepted))],
    }
}
