//! The second person of an override: the form in which they decide, and what is looked at again before that counts.

use super::forms;
use super::intake::{Outcome, Who, who};
use super::messages;
use super::overrides::{event, notices};
use super::presses::{Press, Submission};
use super::records::{self, about};
use super::world::World;
use crate::authorization::AuthorizationRecord;
use crate::conversation::{self, OverrideUnfit, OverrideWord, RequestView};
use crate::domain::identity::{GroupName, PersonId, Profile, Standing};
use crate::domain::ids::RequestId;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::authorizations::Occasion;
use crate::ports::store::{Control, ControlAction, Write};
use crate::workflow::breakglass::{Override, OverrideEvent, Seconded};
use crate::workflow::request::Request;

/// Whether somebody may agree to that override now.
fn may_second(one: &Override, person: &Profile, groups: &[GroupName], now: Timestamp) -> Result<(), OverrideUnfit> {
    let is_in = groups.iter().any(|group| person.is_in(group));
    if person.standing != Standing::Member || !is_in {
        return Err(OverrideUnfit::NotInGroup(groups.to_vec()));
    }
    if person.id == one.asked.by {
        return Err(OverrideUnfit::IsCommander(groups.to_vec()));
    }
    if !one.needs_second() {
        return Err(OverrideUnfit::Decided);
    }
    if now >= one.asked.until {
        return Err(OverrideUnfit::TooLate(one.asked.until));
    }
    Ok(())
}

/// The word for why somebody may not, in records.
const fn unfit_word(unfit: &OverrideUnfit) -> &'static str {
    match unfit {
        OverrideUnfit::IsCommander(_) => "is-requester",
        OverrideUnfit::NotInGroup(_) => "not-in-group",
        OverrideUnfit::Decided => "decided-before",
        OverrideUnfit::TooLate(_) => "too-late",
        OverrideUnfit::Changed => "plan-changed",
        OverrideUnfit::NothingChosen | OverrideUnfit::NeedsReason => "no-reason",
        OverrideUnfit::Unavailable => records::NO_DIRECTORY,
        OverrideUnfit::Voided(_) => "commander-may-no-more",
    }
}

/// Opens the form in which a second person decides, or says why they cannot.
pub(super) async fn review(
    world: &World,
    press: &Press<'_>,
    person: &Profile,
    (id, number): (&RequestId, u32),
) -> Result<Outcome, StoreFault> {
    let Some(request) = world.store.request(id).await? else {
        return Ok(press.answered(conversation::old_button(None), "rejected: no such request"));
    };
    let Some(one) = request.override_of(number) else {
        return Ok(press.answered(conversation::old_button(None), "rejected: no such override"));
    };
    let (now, rulebook) = (world.now(), world.rulebook());
    if let Err(unfit) = may_second(one, person, &rulebook.rules.overrides.by, now) {
        let note = format!("refused: {unfit:?} on the override of {id}");
        return Ok(press.answered(conversation::override_unfit(&unfit), note));
    }
    let Some(trigger) = press.trigger.clone() else {
        return Ok(press.answered(conversation::unavailable("the form"), "rejected: a press without a trigger"));
    };
    let handle = world.ids.handle();
    let view = RequestView { request: &request, runs: &[], impacts: &[], now };
    let form = conversation::override_form(view, one, &handle, None);
    let shown = conversation::plain::render_form(&form);
    let action = ControlAction::OverrideReview { request: id.clone(), number, seen: one.asked.hash(), shown };
    let bound = Some(forms::bound(world, press.origin));
    let writes = vec![
        Write::Control(Control { handle, action, bound, used_at: None }),
        messages::open_form(&press.envelope.key, trigger, form),
    ];
    Ok(Outcome { writes, note: format!("opened the review of an override of {id}") })
}

/// What the second person's form comes to.
pub(super) async fn submitted(
    world: &World,
    submission: &Submission<'_>,
    control: Control,
) -> Result<Outcome, StoreFault> {
    let now = world.now();
    let unfit = |unfit: &OverrideUnfit| Outcome {
        writes: vec![recorded(submission, Err(unfit))],
        note: format!("refused: {unfit:?} on an override"),
    };
    let Control {
        action: ControlAction::OverrideReview { request, number, seen, shown: text }, bound, used_at, ..
    } = control
    else {
        return Ok(Outcome::noted("rejected: a form that we did not open"));
    };
    let Some(bound) = bound.filter(|bound| bound.person == *submission.person) else {
        return Ok(Outcome::noted("rejected: somebody else's form"));
    };
    let Some(request) = world.store.request(&request).await? else {
        return Ok(Outcome::noted("rejected: no such request"));
    };
    let Some(one) = request.override_of(number) else {
        return Ok(Outcome::noted("rejected: no such override"));
    };
    let person = match who(world, submission.person).await {
        Who::Is(person) => person,
        Who::NotKnown | Who::NoAnswer(_) => return Ok(unfit(&OverrideUnfit::Unavailable)),
    };
    let rulebook = world.rulebook();
    let groups = &rulebook.rules.overrides.by;
    if used_at.is_some() || now >= bound.until {
        return Ok(unfit(&OverrideUnfit::Decided));
    }
    let kept = |verdict: &str| {
        let record = about(&request, records::of_member(world, verdict, &person));
        records::kept(world, Occasion::Override, Some(request.id()), record)
    };
    if let Err(why) = may_second(one, &person, groups, now) {
        return Ok(unfit(&why).with([kept(unfit_word(&why))]));
    }
    if seen != one.asked.hash() {
        return Ok(unfit(&OverrideUnfit::Changed));
    }
    if submission.value(conversation::DECISION_KEY) == "approve"
        && let Some(lost) = commander_lost(world, one, groups).await
    {
        return Ok(match lost {
            Lost::Unknown => unfit(&OverrideUnfit::Unavailable),
            Lost::Gone(why) => voided(world, &request, submission, (number, &why)),
        });
    }
    let allowed = kept(AuthorizationRecord::ALLOWED);
    Ok(decided(world, submission, (&request, one), (&person.name, text), allowed))
}

/// The form, once it is recorded or was not.
fn recorded(submission: &Submission<'_>, outcome: Result<OverrideWord, &OverrideUnfit>) -> Write {
    let form = conversation::override_recorded(outcome);
    messages::update_form(&submission.envelope.key, submission.view.clone(), form)
}

/// What somebody who may decide has chosen.
fn decided(
    world: &World,
    submission: &Submission<'_>,
    (request, one): (&Request, &Override),
    (name, shown): (&str, String),
    kept: Write,
) -> Outcome {
    let (number, now, incidents) = (one.number, world.now(), world.places.incidents.as_ref());
    let (by, name) = (submission.person.clone(), name.to_owned());
    let why = submission.value(conversation::WHY_KEY).trim().to_owned();
    let word = match submission.value(conversation::DECISION_KEY) {
        "approve" => OverrideWord::Agreed,
        "deny" if why.is_empty() => return again(request, one, submission, &OverrideUnfit::NeedsReason, now),
        "deny" => OverrideWord::Refused,
        _ => return again(request, one, submission, &OverrideUnfit::NothingChosen, now),
    };
    let mut writes = vec![recorded(submission, Ok(word)), kept];
    match word {
        OverrideWord::Agreed => {
            let second = Seconded { by, name, at: now, why, seen: one.asked.hash(), shown };
            writes.push(event(request, OverrideEvent::Seconded { number, second }));
            writes.extend(notices(incidents, request.id(), number));
        }
        OverrideWord::Refused => {
            writes.push(event(request, OverrideEvent::Refused { number, by, name, at: now, why }));
            writes.extend(notices(incidents, request.id(), number));
            writes.push(messages::override_ended(request.id(), number));
        }
    }
    writes.push(Write::ControlUsed { handle: submission.handle.clone(), at: now });
    Outcome { writes, note: format!("{word:?}: an override of {}", request.id()) }
}

/// Shows the form once more, with what is missing.
fn again(
    request: &Request,
    one: &Override,
    submission: &Submission<'_>,
    missing: &OverrideUnfit,
    now: Timestamp,
) -> Outcome {
    let view = RequestView { request, runs: &[], impacts: &[], now };
    let form = conversation::override_form(view, one, submission.handle, Some(missing));
    let writes = vec![messages::update_form(&submission.envelope.key, submission.view.clone(), form)];
    Outcome { writes, note: "answered: something is missing in the form".to_owned() }
}

enum Lost {
    Unknown,
    Gone(String),
}

/// Whether whoever asked for it may not any more.
async fn commander_lost(world: &World, one: &Override, groups: &[GroupName]) -> Option<Lost> {
    if let Some(account) = one.asked.account.as_deref().filter(|account| !is_theirs(world, account, &one.asked.by)) {
        let name = &one.asked.name;
        return Some(Lost::Gone(format!(
            "by the files of the bot {account} is not the account of whom {name} stands for"
        )));
    }
    match who(world, &one.asked.by).await {
        Who::Is(person) => may_not_command(one, Some(&person), groups),
        Who::NotKnown => may_not_command(one, None, groups),
        Who::NoAnswer(_) => return Some(Lost::Unknown),
    }
    .map(Lost::Gone)
}

/// Whether the bot's own files say that an account is that person's: a shell may be shown others.
pub(super) fn is_theirs(world: &World, account: &str, person: &PersonId) -> bool {
    let number = account.rsplit('/').next().and_then(|number| number.parse().ok());
    number.is_some_and(|number| world.rulebook().policies.owner_of_account(number) == Some(person))
}

/// Why whoever asked for it, as they are known, may not any more; as a sentence without its full stop.
fn may_not_command(one: &Override, person: Option<&Profile>, groups: &[GroupName]) -> Option<String> {
    let name = &one.asked.name;
    match person.filter(|person| person.standing == Standing::Member) {
        Some(person) if groups.iter().any(|group| person.is_in(group)) => None,
        Some(_) => Some(format!("{name}, who asked for it, may not override any more")),
        None => Some(format!("{name}, who asked for it, is no member of the workspace any more")),
    }
}

fn voided(world: &World, request: &Request, submission: &Submission<'_>, (number, why): (u32, &str)) -> Outcome {
    let (at, why) = (world.now(), why.to_owned());
    let mut writes = vec![recorded(submission, Err(&OverrideUnfit::Voided(why.clone())))];
    writes.push(event(request, OverrideEvent::Voided { number, at, why }));
    writes.extend(notices(world.places.incidents.as_ref(), request.id(), number));
    writes.push(messages::override_ended(request.id(), number));
    Outcome { writes, note: format!("an override of {} is void", request.id()) }
}
