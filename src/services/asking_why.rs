//! Buttons of lines that need a reason: a form asks for it, and the line is that person's own, said where the button stands.
//!
//! Whether they may is asked when the line is read, as if it had been typed there. Deliberately absent: what the lines do.

use super::forms;
use super::intake::Outcome;
use super::lines::{self, Line};
use super::messages;
use super::presses::{Press, Submission};
use super::world::World;
use crate::conversation;
use crate::domain::breaker::BreakerScope;
use crate::domain::ids::{BrakeId, Handle};
use crate::domain::place::{Origin, ReplyPath};
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::{Content, Control, ControlAction, FormOf, Notice, Write};

/// The handle of the button that asks why, on the notice about a stop; derived like a question's.
pub(super) fn resume_handle(stop: &BrakeId) -> Handle {
    messages::derived(&format!("why stop {stop}"))
}

/// The same on the notice about a breaker.
pub(super) fn close_handle(scope: &BreakerScope, opened_at: Timestamp) -> Handle {
    messages::derived(&format!("why breaker {scope} {}", opened_at.millis()))
}

/// A button that asks why before that line is said.
pub(super) fn asks_why(handle: Handle, line: &str) -> Write {
    let action = ControlAction::AskWhy(line.to_owned());
    Write::Control(Control { handle, action, bound: None, used_at: None })
}

/// The button was pressed, on the message that it was made for.
pub(super) async fn open(world: &World, press: &Press<'_>, line: &str) -> Result<Outcome, StoreFault> {
    let old = || press.answered(conversation::old_button(None), "rejected: not on the message that it was made for");
    let Some(at) = press.at else { return Ok(old()) };
    let slot = world.store.slot_at(at).await?;
    let is_its = slot.is_some_and(|slot| match &slot.outgoing.content {
        Content::Live(Notice::Stop(stop)) => resume_handle(stop) == *press.handle,
        Content::Live(Notice::Breaker { scope, opened_at }) => close_handle(scope, *opened_at) == *press.handle,
        Content::Live(_) | Content::Fixed(_) | Content::Form(_) => false,
    });
    if !is_its {
        return Ok(old());
    }
    let Some(trigger) = press.trigger.clone() else {
        return Ok(press.answered(conversation::unavailable("the form"), "rejected: a press without a trigger"));
    };
    let reply = ReplyPath::Private { thread: None };
    let origin = Origin { thread: None, reply, ..press.origin.clone() };
    let (handle, bound) = (world.ids.handle(), forms::bound(world, &origin));
    let form = conversation::why_form(line, &handle);
    let action = ControlAction::Why(FormOf { origin, command: None, line: line.to_owned() });
    let writes = vec![
        Write::Control(Control { handle, action, bound: Some(bound), used_at: None }),
        messages::open_form(&press.envelope.key, trigger, form),
    ];
    Ok(Outcome { writes, note: format!("opened a form that asks why: {line}") })
}

/// The reason came: the line is read.
pub(super) async fn submitted(
    world: &World,
    submission: &Submission<'_>,
    control: &Control,
    form: &FormOf,
) -> Result<Outcome, StoreFault> {
    let shows = |message, note: &str| Outcome {
        writes: vec![messages::update_form(
            &submission.envelope.key,
            submission.view.clone(),
            conversation::form_answer(conversation::WHY_TITLE, &message),
        )],
        note: note.to_owned(),
    };
    let why = submission.value(conversation::WHY_KEY).split_whitespace().collect::<Vec<_>>().join(" ");
    let text = format!("{} because {why}", form.line);
    if control.used_at.is_some() {
        return Ok(shows(conversation::form_sent_before(), "rejected: a form that was sent before"));
    }
    if control.bound.as_ref().is_none_or(|bound| world.now() >= bound.until) {
        return Ok(shows(conversation::form_too_late(Some(&text)), "rejected: a form that was open for too long"));
    }
    let outcome = lines::answer(world, Line::of(submission.envelope, &form.origin, &text)).await?;
    let used = Write::ControlUsed { handle: submission.handle.clone(), at: world.now() };
    let Outcome { writes, note } = shows(conversation::line_sent(&text), &outcome.note);
    Ok(Outcome { writes: outcome.writes, note }.with(writes).with([used]))
}
