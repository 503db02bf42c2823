//! A typed line: understood, resolved, authorised, planned, accepted; or answered with what to type instead.

use super::forms;
use super::intake::{Outcome, member};
use super::messages;
use super::planning::Asking;
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
use crate::domain::ids::{EnvelopeKey, Epoch, Handle, RequestId, Version};
use crate::domain::intent::{Intent, Selector, Spanned, WorkIntent};
use crate::domain::limits::{LATE_AFTER, PRIVATE_CONTROL_LIFE};
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::place::{ChannelFacts, ChannelName, Membership, Origin};
use crate::domain::plan::Plan;
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::fleet::{self, Snapshot, Undone};
use crate::language;
use crate::ports::chat::{Envelope, TriggerId};
use crate::ports::directory::DirectoryFault;
use crate::ports::store::{Bound, Control, ControlAction, FormOf, Write};
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
    /// Permission to open a form, if the surface gives one.
    pub(super) trigger: Option<&'a TriggerId>,
}

/// What a line comes to, before it is known where that is shown.
pub(super) enum Reply {
    /// Words for whoever asked.
    Said { message: Message, note: String },
    /// A request: what makes it, its card and its echo.
    Accepted { id: RequestId, writes: Vec<Write>, note: String },
    /// Nothing is said to whoever asked.
    Silent { note: String },
}

impl Reply {
    pub(super) fn said(message: Message, note: impl Into<String>) -> Self {
        Self::Said { message, note: note.into() }
    }

    pub(super) fn silent(note: impl Into<String>) -> Self {
        Self::Silent { note: note.into() }
    }

    /// The words, if there are any.
    pub(super) fn message(self) -> Option<Message> {
        match self {
            Self::Said { message, .. } => Some(message),
            Self::Accepted { .. } | Self::Silent { .. } => None,
        }
    }

    /// Answered privately, where it was asked.
    pub(super) fn outcome(self, envelope: &EnvelopeKey, origin: &Origin) -> Outcome {
        match self {
            Self::Said { message, note } => Outcome::answered(envelope, origin, message, note),
            Self::Accepted { writes, note, .. } => Outcome { writes, note },
            Self::Silent { note } => Outcome::noted(note),
        }
    }
}

impl Line<'_> {
    fn answered(&self, message: Message, note: impl Into<String>) -> Outcome {
        Outcome::answered(&self.envelope.key, self.origin, message, note)
    }

    fn outcome(&self, reply: Reply) -> Outcome {
        reply.outcome(&self.envelope.key, self.origin)
    }
}

/// Who typed it, and where.
pub(super) struct Speaker {
    person: Profile,
    channel: ChannelFacts,
    /// What was in force when the line was read: the whole line is answered by it.
    pub(super) rulebook: Arc<Rulebook>,
}

impl Speaker {
    /// What this person's line means here. What they may use decides only what is suggested instead, and asking the
    /// policies about every command is dear: so they are asked only when something was not understood.
    fn understand(&self, text: &str, now: Timestamp) -> Result<Intent, Misunderstanding> {
        let all = language::Vocabulary::of(self.rulebook.catalog.commands().to_vec());
        let vocabulary = language::Vocabulary { zone: self.person.zone.clone(), now, ..all };
        language::parse(text, &vocabulary)
            .or_else(|_| language::parse(text, &language::Vocabulary { usable: self.usable(), ..vocabulary.clone() }))
    }

    /// The commands that this person may use here, sorted.
    pub(super) fn usable(&self) -> Vec<CommandName> {
        let commands = self.rulebook.catalog.commands().iter().map(Arc::as_ref);
        self.rulebook.policies.commands_for(&self.person, &self.channel, commands)
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
    let person = match member(world, &line.origin.person).await {
        Ok(person) => person,
        Err(reply) => return Ok(line.outcome(reply)),
    };
    if let Some(sent_at) = line.sent_at.filter(|sent_at| now.since(*sent_at) > LATE_AFTER) {
        return Ok(late(world, line, sent_at, now));
    }
    let speaker = match speaking(world, person, line.origin).await {
        Ok(speaker) => speaker,
        Err(reply) => return Ok(line.outcome(reply)),
    };
    let normal = match language::normalise(line.text) {
        Ok(normal) => normal,
        Err(misunderstanding) => {
            return Ok(line.answered(conversation::misunderstood(&misunderstanding), "answered: a misunderstanding"));
        }
    };
    let line = Line { text: &normal, ..line };
    match speaker.understand(line.text, now) {
        Err(told) => Ok(misunderstood(world, line, &speaker, &told).await),
        Ok(intent) => carry_out(world, line, &speaker, intent).await,
    }
}

/// What a line comes to that a form has made; the form shows it.
pub(super) async fn from_form(world: &World, line: Line<'_>) -> Result<Reply, StoreFault> {
    let speaker = match speaker(world, line.origin).await {
        Ok(speaker) => speaker,
        Err(reply) => return Ok(reply),
    };
    let understood =
        language::normalise(line.text).and_then(|text| Ok((speaker.understand(&text, world.now())?, text)));
    let (intent, text) = match understood {
        Ok(understood) => understood,
        Err(told) => return Ok(Reply::said(conversation::misunderstood(&told), "answered: a misunderstanding")),
    };
    let line = Line { text: &text, ..line };
    match intent {
        Intent::Work(work) => work_line(world, line, &speaker, &work).await,
        Intent::Plan(inner) => match *inner {
            Intent::Work(work) => plan_line(world, line, &speaker, &work).await,
            Intent::Help { .. } | Intent::Status { .. } | Intent::Cancel { .. } | Intent::Plan(_) => {
                Ok(Reply::silent("rejected: a form of no command"))
            }
        },
        Intent::Help { .. } | Intent::Status { .. } | Intent::Cancel { .. } => {
            Ok(Reply::silent("rejected: a form of no command"))
        }
    }
}

/// Whoever speaks there, or why nothing is done for them.
pub(super) async fn speaker(world: &World, origin: &Origin) -> Result<Speaker, Reply> {
    speaking(world, member(world, &origin.person).await?, origin).await
}

async fn speaking(world: &World, person: Profile, origin: &Origin) -> Result<Speaker, Reply> {
    let wrong_place = |note: &str| Reply::said(conversation::wrong_place(&world.places.bot_name), note);
    let channel = match world.directory.channel(&origin.channel).await {
        Ok(channel) => channel,
        Err(DirectoryFault::Unknown(_)) => return Err(wrong_place("rejected: a channel that the bot cannot see")),
        Err(DirectoryFault::Unavailable(why)) => {
            tracing::warn!(%why, "the directory does not answer");
            let told = conversation::unavailable("the directory of channels");
            return Err(Reply::said(told, "rejected: no directory"));
        }
    };
    if channel.bot == Membership::Outside {
        return Err(wrong_place("rejected: the bot is not in this channel"));
    }
    Ok(Speaker { person, channel, rulebook: world.rulebook() })
}

/// What was understood, carried out.
async fn carry_out(world: &World, line: Line<'_>, speaker: &Speaker, intent: Intent) -> Result<Outcome, StoreFault> {
    match intent {
        Intent::Help { topic } => Ok(help(world, line, speaker, topic.as_ref())),
        Intent::Status { selector } => status(world, line, speaker, selector.as_ref()).await,
        Intent::Cancel { request } => super::presses::cancel_line(world, line, &speaker.person, &request).await,
        Intent::Work(work) => Ok(line.outcome(work_line(world, line, speaker, &work).await?)),
        Intent::Plan(inner) => match *inner {
            Intent::Work(work) => Ok(line.outcome(plan_line(world, line, speaker, &work).await?)),
            Intent::Cancel { request } => super::presses::cancel_plan(world, line, &speaker.person, &request).await,
            // What only looks is its own plan.
            Intent::Help { topic } => Ok(help(world, line, speaker, topic.as_ref())),
            Intent::Status { selector } => status(world, line, speaker, selector.as_ref()).await,
            Intent::Plan(_) => Ok(Outcome::noted("rejected: a plan of a plan")),
        },
    }
}

/// A line that was not understood. Something missing can be filled in, in a form that opens at once where the chat
/// permits it. A corrected line gets a button, unless one wrong tap could interrupt a server: then the form stands between.
async fn misunderstood(world: &World, line: Line<'_>, speaker: &Speaker, told: &Misunderstanding) -> Outcome {
    const NOTE: &str = "answered: a misunderstanding";
    let catalog = &speaker.rulebook.catalog;
    let better = told.corrected.as_deref().unwrap_or(line.text);
    let form = command_of(catalog, better).filter(|name| speaker.usable().contains(name)).map(|command| FormOf {
        origin: line.origin.clone(),
        command: Some(command),
        line: better.to_owned(),
    });
    if let Some(form) = form.as_ref().filter(|_| told.is_missing())
        && let Some(outcome) = forms::opened_by_line(world, line, form.clone(), &conversation::lacks(told)).await
    {
        return outcome;
    }
    let (mut buttons, mut writes) = (Vec::new(), Vec::new());
    if let Some(corrected) = told.corrected.as_ref().filter(|line| is_harmless(catalog, line)) {
        let handle = world.ids.handle();
        buttons.push(conversation::use_line(corrected, &handle));
        let bound = Bound {
            person: line.origin.person.clone(),
            channel: line.origin.channel.clone(),
            until: world.now().plus(PRIVATE_CONTROL_LIFE),
        };
        let action = ControlAction::Line(corrected.clone());
        writes.push(Write::Control(Control { handle, action, bound: Some(bound), used_at: None }));
    }
    if let Some(form) = form {
        let control = forms::offered(world, form);
        buttons.push(match told.is_missing() {
            true => conversation::fill_in(&control.handle),
            false => conversation::edit(&control.handle),
        });
        writes.push(Write::Control(control));
    }
    let mut message = conversation::misunderstood(told);
    if !buttons.is_empty() {
        message.blocks.push(Block::Actions(buttons));
    }
    let mut outcome = line.answered(message, NOTE);
    outcome.writes.extend(writes);
    outcome
}

/// The catalogue's command that a line names, with or without `plan` before it.
fn command_of(catalog: &Catalog, line: &str) -> Option<CommandName> {
    let mut words = line.split(' ').map(str::to_lowercase).filter(|word| !word.is_empty());
    let first = words.next()?;
    let name = if first == "plan" { words.next()? } else { first };
    catalog.command(&CommandName::new(name)).map(|spec| spec.name.clone())
}

/// Whether a line only looks, or carries out a command that interrupts no server.
fn is_harmless(catalog: &Catalog, line: &str) -> bool {
    let verb = line.split(' ').next().unwrap_or_default().to_lowercase();
    match verb.as_str() {
        "help" | "status" | "plan" => true,
        _ => catalog.command(&CommandName::new(verb)).is_some_and(|spec| spec.impact < Impact::PowerCycle),
    }
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

fn help(world: &World, line: Line<'_>, speaker: &Speaker, topic: Option<&CommandName>) -> Outcome {
    let catalog = &speaker.rulebook.catalog;
    let may = speaker.usable();
    let mut message = match topic.and_then(|name| catalog.command(name)) {
        Some(spec) => {
            let who = speaker.rulebook.policies.groups_for(&speaker.channel, spec);
            conversation::help_command(spec, may.contains(&spec.name), &who, speaker.channel_name())
        }
        None => {
            let specs = catalog.commands().iter().map(Arc::as_ref).filter(|spec| may.contains(&spec.name));
            conversation::help(&specs.collect::<Vec<_>>(), speaker.channel_name())
        }
    };
    let about = topic.filter(|name| may.contains(name)).cloned();
    let mine = forms::own_offered(world, line.origin);
    let mut writes = Vec::new();
    if !may.is_empty() && (topic.is_none() || about.is_some()) {
        let typed = about.as_ref().map_or_else(String::new, ToString::to_string);
        let new = forms::offered(world, FormOf { origin: line.origin.clone(), command: about, line: typed });
        message.blocks.push(conversation::request_buttons(&new.handle, &mine.handle));
        writes.extend([Write::Control(new), Write::Control(mine)]);
    }
    let mut outcome = line.answered(message, "answered: help");
    outcome.writes.extend(writes);
    outcome
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
            Err(misunderstanding) => {
                return Ok(
                    line.answered(conversation::misunderstood(&misunderstanding), "answered: a misunderstanding")
                );
            }
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

async fn work_line(world: &World, line: Line<'_>, speaker: &Speaker, work: &WorkIntent) -> Result<Reply, StoreFault> {
    let Some(spec) = speaker.rulebook.catalog.command(&work.command).cloned() else {
        return Ok(Reply::silent("rejected: a command that is not in the catalogue"));
    };
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), work.selector.as_ref()).await?;
    let asking = speaker.asking(world, &ledger, &undone, line);
    let subjects = match asking.subjects(work, &spec) {
        Ok(subjects) => subjects,
        Err(answer) => return Ok(Reply::said(answer.message, answer.note)),
    };
    let authorized = match asking.authorize(&spec, &subjects) {
        Ok(authorized) => authorized,
        Err(refusal) => {
            let told = conversation::refused(&refusal, &spec, speaker.channel_name(), subjects.count());
            return Ok(Reply::said(told, "refused: not allowed"));
        }
    };
    let plan = match asking.draft(&world.ids.request(), work, &spec, &subjects) {
        Ok(plan) => plan,
        Err(answer) => return Ok(Reply::said(answer.message, answer.note)),
    };
    if let Some(same) = asking.same_request(&plan, &world.store.open_requests().await?) {
        let link = match &same.card {
            Some(card) => world.chat.link_to(card).await,
            None => None,
        };
        let note = format!("answered: the same as {}", same.id());
        return Ok(Reply::said(conversation::doubled(same, link.as_deref()), note));
    }
    Ok(accept(world, line, Accepting { speaker, spec, plan, authorized: &authorized }))
}

/// What a line would do, without doing it.
async fn plan_line(world: &World, line: Line<'_>, speaker: &Speaker, work: &WorkIntent) -> Result<Reply, StoreFault> {
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), work.selector.as_ref()).await?;
    let open = world.store.open_requests().await?;
    Ok(match speaker.asking(world, &ledger, &undone, line).preview(&world.ids.request(), work, &open) {
        Ok(preview) => Reply::said(conversation::preview(preview.view()), "answered: a plan"),
        Err(answer) => Reply::said(answer.message, answer.note),
    })
}

struct Accepting<'a> {
    speaker: &'a Speaker,
    spec: Arc<CommandSpec>,
    plan: Plan,
    authorized: &'a Authorized,
}

/// Writes the request with its runs, controls and first messages: one commit.
fn accept(world: &World, line: Line<'_>, accepting: Accepting<'_>) -> Reply {
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
    Reply::Accepted { writes, note: format!("accepted: {id}"), id }
}

fn request_made(id: &RequestId, accepted: Accepted) -> Write {
    Write::RequestEvents {
        id: id.clone(),
        expected: Version(0),
        events: vec![RequestEvent::Accepted(Box::new(accepted))],
    }
}
