//! Forms in which people fill in a request: opened by a button or a line that lacks something, and sent as a line.
//!
//! What is filled in becomes a line of the same person, at the place where the form was offered, and is read, authorised
//! and planned as if it had been typed there. Deliberately absent: the review form, which is `presses`'.

use super::intake::{Outcome, member};
use super::lines::{self, Line, Reply};
use super::messages;
use super::presses::{Press, Submission};
use super::records::TurnedAway;
use super::world::World;
use crate::conversation::message::{Form, Message};
use crate::conversation::{self, CommandForm, OwnRequest};
use crate::domain::command::{CommandName, CommandSpec};
use crate::domain::identity::{Actor, PersonId};
use crate::domain::ids::Handle;
use crate::domain::limits::PRIVATE_CONTROL_LIFE;
use crate::domain::place::{ChannelId, ChannelName, Membership, Origin, ReplyPath};
use crate::language::Fields;
use crate::ports::StoreFault;
use crate::ports::store::{Bound, Control, ControlAction, FormOf, Write};

/// The most own requests that are shown.
const OWN_MAX: usize = 8;

/// A form that may be opened and sent: by this person, in this channel, for ten minutes.
pub(super) fn offered(world: &World, form: FormOf) -> Control {
    let bound = bound(world, &form.origin);
    Control { handle: world.ids.handle(), action: ControlAction::Form(form), bound: Some(bound), used_at: None }
}

/// A button that shows the person's own requests.
pub(super) fn own_offered(world: &World, origin: &Origin) -> Control {
    let bound = bound(world, origin);
    Control { handle: world.ids.handle(), action: ControlAction::Mine, bound: Some(bound), used_at: None }
}

/// To whoever is answered there, for as long as a private answer's buttons live.
pub(super) fn bound(world: &World, origin: &Origin) -> Bound {
    Bound {
        person: origin.person.id().clone(),
        channel: origin.channel.clone(),
        until: world.now().plus(PRIVATE_CONTROL_LIFE),
    }
}

/// A button that opens a form was pressed.
pub(super) async fn open(world: &World, press: &Press<'_>, form: &FormOf, handle: &Handle) -> Outcome {
    let Some(trigger) = press.trigger.clone() else {
        return press.answered(conversation::unavailable("the form"), "rejected: a press without a trigger");
    };
    match page(world, form, handle, None).await {
        Ok(form) => Outcome {
            writes: vec![messages::open_form(&press.envelope.key, trigger, form)],
            note: "opened a form".to_owned(),
        },
        Err(told) => press.answered(told, "answered: there is no form to open"),
    }
}

/// The form that a home offers: it stands in no channel, so it asks first where the line will be sent.
pub(super) fn anywhere(person: &Actor) -> FormOf {
    FormOf { origin: origin(person, ChannelId::nowhere()), command: None, line: String::new() }
}

fn origin(person: &Actor, channel: ChannelId) -> Origin {
    Origin { person: person.clone(), channel, thread: None, reply: ReplyPath::Private { thread: None } }
}

/// Channels where both the person and the bot are, and where the person may use some command, by name. Whoever is
/// not in a channel cannot type there, so no form does it for them.
async fn channels(world: &World, person: &PersonId) -> Result<Vec<(ChannelId, ChannelName)>, Message> {
    let nobody = |turned: TurnedAway| turned.reply.message().unwrap_or_else(conversation::nowhere_to_ask);
    let profile = member(world, person).await.map_err(nobody)?;
    let unavailable = || conversation::unavailable("the directory of channels");
    let theirs = world.directory.channels_of(person).await.map_err(|_| unavailable())?;
    let rulebook = world.rulebook();
    let mut channels = Vec::new();
    for (id, name) in rulebook.policies.channels().filter(|(id, _)| theirs.contains(id)) {
        // One that the directory cannot tell about just now is left out: nothing is sent where nothing is known.
        let Ok(facts) = world.directory.channel(id).await else { continue };
        let commands = rulebook.catalog.commands().iter().map(AsRef::as_ref);
        if facts.bot == Membership::Inside && !rulebook.policies.commands_for(&profile, &facts, commands).is_empty() {
            channels.push((id.clone(), facts.name.unwrap_or_else(|| name.clone())));
        }
    }
    channels.sort_by(|(_, one), (_, other)| one.cmp(other));
    Ok(channels)
}

async fn where_to(world: &World, person: &PersonId, handle: &Handle, told: Option<&Message>) -> Result<Form, Message> {
    let channels = channels(world, person).await?;
    if channels.is_empty() {
        return Err(conversation::nowhere_to_ask());
    }
    Ok(conversation::choose_channel(&channels, handle, told))
}

/// The form as it is now: the command's, or the one that asks for a command, or first for a channel.
async fn page(world: &World, form: &FormOf, handle: &Handle, told: Option<&Message>) -> Result<Form, Message> {
    if form.origin.channel.is_nowhere() {
        return where_to(world, &form.origin.person, handle, told).await;
    }
    let Some(command) = &form.command else { return choose(world, &form.origin, handle, told).await };
    let rulebook = world.rulebook();
    let Some(spec) = rulebook.catalog.command(command) else { return Err(conversation::form_of_nothing()) };
    let fields = Fields::of_line(&form.line, spec);
    Ok(shown(world, form, (spec, &fields), handle, told).await)
}

async fn shown(
    world: &World,
    form: &FormOf,
    (spec, fields): (&CommandSpec, &Fields),
    handle: &Handle,
    told: Option<&Message>,
) -> Form {
    // Only for people to see where they are; who may do what there is asked when the form is sent.
    let channel = world.directory.channel(&form.origin.channel).await.ok();
    let channel_name = channel.and_then(|facts| facts.name).unwrap_or_else(|| ChannelName::new(""));
    let channel_name = channel_name.as_str();
    conversation::command_form(CommandForm { spec, fields, is_plan: is_plan(&form.line), handle, channel_name }, told)
}

fn is_plan(line: &str) -> bool {
    line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case("plan"))
}

async fn choose(world: &World, origin: &Origin, handle: &Handle, told: Option<&Message>) -> Result<Form, Message> {
    let speaker = match lines::speaker(world, origin).await {
        Ok(speaker) => speaker,
        Err(reply) => return Err(reply.message().unwrap_or_else(conversation::no_command_here)),
    };
    let may = speaker.usable();
    let specs: Vec<_> =
        may.iter().filter_map(|name| speaker.rulebook.catalog.command(name)).map(AsRef::as_ref).collect();
    if specs.is_empty() {
        return Err(conversation::no_command_here());
    }
    Ok(conversation::choose_command(&specs, handle, told))
}

/// The form that a line opens which lacks something, if the chat permits one.
pub(super) async fn opened_by_line(world: &World, line: Line<'_>, form: FormOf, told: &Message) -> Option<Outcome> {
    let trigger = line.trigger?.clone();
    let control = offered(world, form.clone());
    let page = page(world, &form, &control.handle, Some(told)).await.ok()?;
    let writes = vec![Write::Control(control), messages::open_form(&line.envelope.key, trigger, page)];
    Some(Outcome { writes, note: "opened a form: the line lacks something".to_owned() })
}

/// What a submitted form comes to.
pub(super) async fn submitted(
    world: &World,
    submission: &Submission<'_>,
    control: &Control,
    form: &FormOf,
) -> Result<Outcome, StoreFault> {
    let title = form.command.as_ref().map_or("New request", CommandName::as_str);
    let shows = |form: Form, note: &str| Outcome {
        writes: vec![messages::update_form(&submission.envelope.key, submission.view.clone(), form)],
        note: note.to_owned(),
    };
    let says = |message: &Message, note: &str| shows(conversation::form_answer(title, message), note);
    if control.used_at.is_some() {
        return Ok(says(&conversation::form_sent_before(), "rejected: a form that was sent before"));
    }
    let rulebook = world.rulebook();
    if form.origin.channel.is_nowhere() {
        return Ok(channel_chosen(world, submission, form).await);
    }
    let Some(command) = &form.command else { return next_page(world, submission, form).await };
    let Some(spec) = rulebook.catalog.command(command) else {
        return Ok(says(&conversation::form_of_nothing(), "rejected: a form of no command"));
    };
    let fields = conversation::fields_of(submission.values, spec);
    let made = fields.line(spec);
    let made = made.map(|line| if is_plan(&form.line) { format!("plan {line}") } else { line });
    let is_late = control.bound.as_ref().is_none_or(|bound| world.now() >= bound.until);
    if is_late {
        let told = conversation::form_too_late(made.as_deref().ok());
        return Ok(says(&told, "rejected: a form that was open for too long"));
    }
    let reply = match &made {
        Err(told) => Reply::Misunderstood(Box::new(told.clone())),
        Ok(text) => lines::from_form(world, Line::of(submission.envelope, &form.origin, text)).await?,
    };
    let (message, note, also) = match reply {
        Reply::Said { message, note, also } | Reply::Refused { message, note, also, .. } => (message, note, also),
        Reply::Misunderstood(told) => (conversation::misunderstood(&told), lines::MISUNDERSTOOD.to_owned(), Vec::new()),
        Reply::Silent { note, also } => return Ok(Outcome { writes: also, note }),
        Reply::Accepted { id, mut writes, note } => {
            let page = conversation::form_answer(title, &conversation::form_sent(&id));
            writes.insert(0, messages::form_sent(&id, &form.origin, submission.view.clone(), page));
            writes.push(Write::ControlUsed { handle: submission.handle.clone(), at: world.now() });
            return Ok(Outcome { writes, note });
        }
    };
    let page = shown(world, form, (spec, &fields), submission.handle, Some(&message)).await;
    Ok(shows(page, &note).with(also))
}

/// The command was chosen: its form takes the place of the question.
async fn next_page(world: &World, submission: &Submission<'_>, form: &FormOf) -> Result<Outcome, StoreFault> {
    let chosen = submission.values.get(conversation::COMMAND_KEY).map(CommandName::new);
    let form =
        FormOf { line: chosen.as_ref().map_or_else(String::new, ToString::to_string), command: chosen, ..form.clone() };
    Ok(turned(world, submission, &form).await)
}

/// The channel was chosen: from now on the form is one that was offered there.
async fn channel_chosen(world: &World, submission: &Submission<'_>, form: &FormOf) -> Outcome {
    let chosen = submission.values.get(conversation::CHANNEL_KEY).map(ChannelId::new);
    let channels = channels(world, submission.person).await;
    match channels.map(|channels| chosen.filter(|chosen| channels.iter().any(|(id, _)| id == chosen))) {
        Ok(Some(channel)) => {
            let form = FormOf { origin: origin(submission.person, channel), ..form.clone() };
            turned(world, submission, &form).await
        }
        Ok(None) => answered_there(submission, &conversation::no_command_here(), "rejected: no channel for them"),
        Err(told) => answered_there(submission, &told, "answered: there is no channel to choose"),
    }
}

fn answered_there(submission: &Submission<'_>, told: &Message, note: &str) -> Outcome {
    let page = conversation::form_answer("New request", told);
    let writes = vec![messages::update_form(&submission.envelope.key, submission.view.clone(), page)];
    Outcome { writes, note: note.to_owned() }
}

/// The next page takes the place of the one that was sent.
async fn turned(world: &World, submission: &Submission<'_>, form: &FormOf) -> Outcome {
    let control = offered(world, form.clone());
    let page = page(world, form, &control.handle, None).await;
    let page = page.unwrap_or_else(|told| conversation::form_answer("New request", &told));
    let writes =
        vec![Write::Control(control), messages::update_form(&submission.envelope.key, submission.view.clone(), page)];
    Outcome { writes, note: "opened a form".to_owned() }
}

/// The person's own requests.
pub(super) async fn own(world: &World, press: &Press<'_>) -> Result<Outcome, StoreFault> {
    let mut own = Vec::new();
    for request in world.store.requests_of(&press.origin.person, OWN_MAX).await? {
        let runs = world.store.runs(request.id()).await?;
        let link = match &request.card {
            Some(card) => world.chat.link_to(card).await,
            None => None,
        };
        own.push(OwnRequest { request, runs, link });
    }
    Ok(press.answered(conversation::own_requests(&own, world.now()), "answered: own requests"))
}
