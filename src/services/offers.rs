//! What is offered with an answer: the line that was probably meant, a form, or to send a late line after all.
//!
//! Deliberately absent: what a tap comes to, which is `presses`', and the forms themselves.

use super::intake::Outcome;
use super::lines::{Line, MISUNDERSTOOD, Speaker};
use super::world::World;
use super::{access, forms};
use crate::catalog::Catalog;
use crate::conversation;
use crate::conversation::message::{Block, Message};
use crate::domain::command::{CommandName, CommandSpec, Impact};
use crate::domain::ids::Handle;
use crate::domain::intent::BuiltInVerb;
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::time::Timestamp;
use crate::ports::store::{Control, ControlAction, FormOf, Write};

/// A line that was not understood. Something missing can be filled in, in a form that opens at once where the chat
/// permits it. A corrected line gets a button, unless one wrong tap could interrupt a server: then the form stands between.
pub(super) async fn misunderstood(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    told: &Misunderstanding,
) -> Outcome {
    let catalog = &speaker.rulebook.catalog;
    let better = told.corrected.as_deref().unwrap_or(line.text);
    let form = command_of(catalog, better).filter(|spec| speaker.may_ever_use(spec)).map(|spec| FormOf {
        origin: line.origin.clone(),
        command: Some(spec.name.clone()),
        line: better.to_owned(),
    });
    if let Some(form) = form.as_ref().filter(|_| told.is_missing())
        && let Some(outcome) = forms::opened_by_line(world, line, form.clone(), &conversation::lacks(told)).await
    {
        return outcome;
    }
    let harmless = |offered: &String| is_harmless(catalog, offered);
    let (mut buttons, mut lines) = (Vec::new(), Vec::new());
    if let Some(corrected) = told.corrected.as_ref().filter(|line| harmless(line)) {
        let handle = world.ids.handle();
        buttons.push(conversation::use_line(corrected, &handle));
        lines.push((handle, corrected));
    } else if let Some(readings) =
        conversation::asked_which(told).filter(|lines| lines.iter().all(|line| harmless(line)))
    {
        let (first, second) = either_or(&world.ids.handle());
        buttons.extend(conversation::use_one_of(&first, &second));
        lines.extend([first, second].into_iter().zip(readings));
    }
    let bound = forms::bound(world, line.origin);
    let control = |(handle, line): (Handle, &String)| {
        let action = ControlAction::Use(line.clone());
        Write::Control(Control { handle, action, bound: Some(bound.clone()), used_at: None })
    };
    let mut writes = lines.into_iter().map(control).collect::<Vec<_>>();
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
    let mut outcome = line.answered(message, MISUNDERSTOOD);
    outcome.writes.extend(writes);
    outcome
}

/// A refusal that somebody could lift, with the button that asks them to.
pub(super) fn refused(world: &World, line: Line<'_>, (mut message, note): (Message, String), asked: &str) -> Outcome {
    let control = access::offered(world, line.origin, asked);
    message.blocks.push(conversation::ask_for_access(&control.handle));
    let mut outcome = line.answered(message, note);
    outcome.writes.push(Write::Control(control));
    outcome
}

/// The catalogue's command that a line names, with or without `plan` before it.
fn command_of<'a>(catalog: &'a Catalog, line: &str) -> Option<&'a CommandSpec> {
    let mut words = line.split(' ').map(str::to_lowercase).filter(|word| !word.is_empty());
    let first = words.next()?;
    let name = if first == "plan" { words.next()? } else { first };
    catalog.command(&CommandName::new(name)).map(AsRef::as_ref)
}

/// Whether a line only looks, or carries out a command that interrupts no server.
fn is_harmless(catalog: &Catalog, line: &str) -> bool {
    match verb_of(line).as_str() {
        verb if BuiltInVerb::of_word(verb).is_some_and(BuiltInVerb::only_looks) => true,
        verb => catalog.command(&CommandName::new(verb)).is_some() && !interrupts(catalog, line),
    }
}

/// Whether a line carries out a command that interrupts servers.
pub(super) fn interrupts(catalog: &Catalog, line: &str) -> bool {
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

/// A line that came late: whether to carry it out is asked.
pub(super) fn late(world: &World, line: Line<'_>, sent_at: Timestamp) -> Outcome {
    let bound = forms::bound(world, line.origin);
    let (run_now, forget) = either_or(&world.ids.handle());
    let control =
        |handle, action| Write::Control(Control { handle, action, bound: Some(bound.clone()), used_at: None });
    let mut outcome = line.answered(conversation::late(sent_at, &run_now, &forget), "asked again: it came late");
    outcome.writes.push(control(run_now, ControlAction::Line(line.text.to_owned())));
    outcome.writes.push(control(forget, ControlAction::Forget));
    outcome
}
