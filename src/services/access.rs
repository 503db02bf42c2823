//! Asking for access: a button under a refusal, and the one message that it posts for those who own the policy
//! that is nearest, or else the command.
//!
//! Each message that was posted leaves a used control behind, under a handle made from the person, the hour and a
//! number: that is how a repetition and the fourth within an hour are seen, also when two presses come at once.

use super::intake::Outcome;
use super::lines;
use super::messages;
use super::presses::Press;
use super::records;
use super::safety::Safety;
use super::undone::left_undone;
use super::verdict::{Exact, Verdict};
use super::world::World;
use crate::authorization::{Refusal, RefusalKind};
use crate::conversation;
use crate::domain::identity::{GroupName, PersonId};
use crate::domain::ids::Handle;
use crate::domain::intent::{BuiltInVerb, Intent, Planned};
use crate::domain::limits::PRIVATE_CONTROL_LIFE;
use crate::domain::place::{ChannelFacts, Origin, Reach};
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::authorizations::Occasion;
use crate::ports::store::{Bound, Control, ControlAction, Write};
use std::time::Duration;

/// At most so many messages are posted for one person within an hour.
const ASKED_MAX: usize = 3;
/// The time in which they are counted.
const COUNTED_OVER: Duration = Duration::from_secs(3600);

/// Whether somebody could lift that refusal by changing policies, and would read of it in that channel: a conversation
/// with the bot is read by nobody else, and a shared channel by strangers.
pub(super) const fn can_be_asked_for(refusal: &Refusal, channel: &ChannelFacts) -> bool {
    let is_read_by_us_alone = match channel.reach {
        Reach::OwnWorkspace | Reach::Private => true,
        Reach::Shared | Reach::Direct => false,
    };
    let can_be_lifted = match &refusal.kind {
        RefusalKind::NoPolicy
        | RefusalKind::Forbidden { .. }
        | RefusalKind::TooMany { .. }
        | RefusalKind::NothingAllowed => true,
        RefusalKind::Standing(_)
        | RefusalKind::Ceiling { .. }
        | RefusalKind::WrongSubjects
        | RefusalKind::EvaluationFault(_) => false,
    };
    is_read_by_us_alone && can_be_lifted
}

/// A button that asks for what that line was refused.
pub(super) fn offered(world: &World, origin: &Origin, line: &str) -> Control {
    let bound = bound(origin, world.now());
    let action = ControlAction::Access(line.to_owned());
    Control { handle: world.ids.handle(), action, bound: Some(bound), used_at: None }
}

fn bound(origin: &Origin, now: Timestamp) -> Bound {
    Bound { person: origin.person.id().clone(), channel: origin.channel.clone(), until: now.plus(PRIVATE_CONTROL_LIFE) }
}

/// The button was pressed, in its time. What was refused is looked at again: it may be allowed by now.
pub(super) async fn ask(world: &World, press: &Press<'_>, handle: &Handle, line: &str) -> Result<Outcome, StoreFault> {
    let speaker = match lines::speaker(world, press.origin).await {
        Ok(speaker) => speaker,
        Err(reply) => return Ok(reply.outcome(&press.envelope.key, press.origin)),
    };
    let now = world.now();
    let asked = format!("{} {line}", BuiltInVerb::CanI.word());
    let Ok(Intent::CanI(Planned::Work(work))) = speaker.understand(&asked, now) else {
        return Ok(press.answered(conversation::old_button(None), "rejected: the line means nothing by now"));
    };
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), work.selector.as_ref()).await?;
    let asking = speaker.asking(world.now(), &ledger, &undone, &asked);
    let exact = match asking.verdict(&work) {
        Ok(Verdict::Exact(exact)) => exact,
        Ok(Verdict::General { .. }) | Err(_) => {
            return Ok(press.answered(conversation::old_button(None), "rejected: the line means nothing by now"));
        }
    };
    match &exact.allowed {
        Ok(_) => Ok(press.answered(conversation::access_needless(line), "answered: allowed by now")),
        Err(refusal) if can_be_asked_for(refusal, &speaker.channel) => {
            let owner = speaker.rulebook.policies.owner_to_ask(refusal).unwrap_or(&exact.spec.owner);
            post(world, press, handle, (&exact, refusal, owner)).await
        }
        Err(_) => Ok(press.answered(exact.told(&Safety::default()), "refused: nothing to ask for")),
    }
}

/// Posts the message, unless it was posted before or there were too many.
async fn post(
    world: &World,
    press: &Press<'_>,
    handle: &Handle,
    (exact, refusal, owner): (&Exact, &Refusal, &GroupName),
) -> Result<Outcome, StoreFault> {
    let at = world.now();
    let (person, line) = (&press.origin.person, exact.line.as_str());
    let Asked { lately, free } = asked_lately(world, person, at).await?;
    let is_same = |(control, _): &&(Control, Timestamp)| {
        let there = control.bound.as_ref().is_some_and(|bound| bound.channel == press.origin.channel);
        there && matches!(&control.action, ControlAction::Access(asked) if asked == line)
    };
    if let Some((_, asked_at)) = lately.iter().find(is_same) {
        return Ok(press.answered(conversation::access_asked_before(*asked_at), "answered: asked before"));
    }
    let oldest = lately.iter().map(|(_, asked_at)| *asked_at).min();
    let token = match free.filter(|_| lately.len() < ASKED_MAX) {
        Some(token) => token,
        None => {
            let again_at = oldest.unwrap_or(at).plus(COUNTED_OVER);
            let told = conversation::asks_too_often(lately.len(), again_at);
            return Ok(press.answered(told, "refused: access is asked for too often"));
        }
    };
    let (place, sites) = (exact.channel_name.as_str(), exact.subjects.sites());
    let message = conversation::access_asked(refusal, (&exact.spec, owner), (line, sites), place);
    let told = conversation::access_told(owner, place, at);
    let mut outcome = press.answered(told, format!("asked {owner} for access"));
    let action = ControlAction::Access(line.to_owned());
    let posted = Control { handle: token.clone(), action, bound: Some(bound(press.origin, at)), used_at: None };
    outcome.writes.extend([
        records::kept(world, Occasion::Press, None, refusal.record.clone()),
        Write::Control(posted),
        Write::ControlUsed { handle: token.clone(), at },
        Write::ControlUsed { handle: handle.clone(), at },
        messages::access_asked(&token, &press.origin.channel, message),
    ]);
    Ok(outcome)
}

/// What one person asked for within the last hour, and the next handle of this hour that is free.
struct Asked {
    lately: Vec<(Control, Timestamp)>,
    free: Option<Handle>,
}

async fn asked_lately(world: &World, person: &PersonId, now: Timestamp) -> Result<Asked, StoreFault> {
    let (mut lately, mut free) = (Vec::new(), None);
    for begin in [now.minus(COUNTED_OVER), now] {
        free = None;
        for number in 0..ASKED_MAX {
            let handle = token(person, begin, number);
            match world.store.control(&handle).await? {
                Some(control) => {
                    let used_at = control.used_at.filter(|at| now.since(*at) < COUNTED_OVER);
                    lately.extend(used_at.map(|at| (control, at)));
                }
                None => free = free.or(Some(handle)),
            }
        }
    }
    Ok(Asked { lately, free })
}

/// One of the handles of a person's hour.
fn token(person: &PersonId, at: Timestamp, number: usize) -> Handle {
    let hour = at.seconds() / i64::try_from(COUNTED_OVER.as_secs()).unwrap_or(i64::MAX);
    messages::derived(&format!("access {person} {hour} {number}"))
}
