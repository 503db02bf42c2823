//! Consent: the form in which people decide, their word, and taking it back.

use super::forms;
use super::intake::{Outcome, Who, who};
use super::messages;
use super::presses::{Press, Submission, impacts};
use super::rechecks::{self, Look, People};
use super::records::{self, about};
use super::requests::{close_waiting, end};
use super::world::World;
use crate::approvals::{self, Choice, Unfit, Word};
use crate::authorization::AuthorizationRecord;
use crate::conversation::{self, RequestView, ReviewOutcome};
use crate::domain::consent;
use crate::domain::identity::{PersonId, Profile, Standing};
use crate::domain::ids::{Fingerprint, Handle, RequestId};
use crate::domain::place::ChannelId;
use crate::ports::StoreFault;
use crate::ports::authorizations::Occasion;
use crate::ports::store::{Bound, Control, ControlAction, Write};
use crate::workflow::request::{Approval, Request, RequestEvent, RequestOutcome, VoidCause};
use std::collections::BTreeSet;

/// Opens the form in which a person decides, or says why they cannot.
pub(super) async fn review(
    world: &World,
    press: &Press<'_>,
    person: &Profile,
    request: &Request,
) -> Result<Outcome, StoreFault> {
    let now = world.now();
    if let Err(unfit) = approvals::may_decide(request, person, now) {
        if let (Unfit::AlreadyApproved { at }, true) = (&unfit, approvals::may_take_back(request, person)) {
            let control = take_back_offered(world, person, &press.origin.channel, request);
            let told = conversation::agreed_already(*at, &control.handle);
            let mut outcome = press.answered(told, format!("answered: agreed to {} before", request.id()));
            outcome.writes.push(Write::Control(control));
            return Ok(outcome);
        }
        let active = could_decide(world, request, &unfit).await;
        let note = format!("refused: {unfit:?} on {}", request.id());
        let kept = decider(world, request, person, Err(&unfit));
        return Ok(press.answered(conversation::unfit(&unfit, request, &active), note).with([kept]));
    }
    let Some(trigger) = press.trigger.clone() else {
        return Ok(press.answered(conversation::unavailable("the form"), "rejected: a press without a trigger"));
    };
    let handle = world.ids.handle();
    let bound = forms::bound(world, press.origin);
    let (runs, impacts) = (world.store.runs(request.id()).await?, impacts(world, request).await?);
    let view = RequestView { request, runs: &runs, impacts: &impacts, now };
    let form = conversation::review_form(view, &handle);
    let shown = Some(conversation::plain::render_form(&form));
    let action = ControlAction::Review { request: request.id().clone(), plan: request.plan.hash().clone(), shown };
    let writes = vec![
        Write::Control(Control { handle, action, bound: Some(bound), used_at: None }),
        messages::open_form(&press.envelope.key, trigger, form),
    ];
    Ok(Outcome { writes, note: format!("opened the review of {}", request.id()) })
}

/// The names of those who could decide instead, where that helps.
async fn could_decide(world: &World, request: &Request, unfit: &Unfit) -> Vec<String> {
    let (Unfit::IsRequester { from } | Unfit::NotInGroup { from }) = unfit else { return Vec::new() };
    let mut names = BTreeSet::new();
    for group in from {
        let members = world.directory.members(group).await.unwrap_or_default();
        let can = |member: &Profile| member.standing == Standing::Member && member.id != request.origin.person;
        names.extend(members.into_iter().filter(can).map(|member| member.name));
    }
    names.into_iter().collect()
}

/// What a submitted review comes to.
pub(super) async fn submitted(
    world: &World,
    submission: &Submission<'_>,
    control: Control,
) -> Result<Outcome, StoreFault> {
    let now = world.now();
    let told = |outcome: &ReviewOutcome, note: String| Outcome {
        writes: vec![messages::update_form(
            &submission.envelope.key,
            submission.view.clone(),
            conversation::review_outcome(outcome),
        )],
        note,
    };
    let Control { action: ControlAction::Review { request, plan, shown }, bound: Some(bound), used_at, .. } = control
    else {
        return Ok(Outcome::noted("rejected: a form that we did not open"));
    };
    if bound.person != *submission.person {
        return Ok(not_theirs(world, submission, Some(&request)));
    }
    let Some(request) = world.store.request(&request).await? else {
        return Ok(Outcome::noted("rejected: no such request"));
    };
    let person = match who(world, submission.person).await {
        Who::Is(person) => person,
        nobody @ (Who::NotKnown | Who::NoAnswer(_)) => {
            let verdict = if matches!(nobody, Who::NotKnown) { records::NOBODY } else { records::NO_DIRECTORY };
            let record = about(&request, records::of_nobody(world, verdict, submission.person));
            let note = "rejected: the directory does not answer".into();
            return Ok(told(&ReviewOutcome::Unavailable, note).with([kept(world, &request, record)]));
        }
    };
    if used_at.is_some() || now >= bound.until {
        let unfit = approvals::may_decide(&request, &person, now).err().unwrap_or(Unfit::AlreadyDecided);
        return Ok(told(&ReviewOutcome::Unfit(unfit, request.clone()), "rejected: a form that is used up".into()));
    }
    let Some(choice) = choice_of(submission) else {
        let nothing = &ReviewOutcome::NothingChosen;
        return again(world, submission, &request, nothing, "answered: nothing was chosen").await;
    };
    let mut records = match requester_still_may(world, &request, &choice).await? {
        Ok(records) => records,
        Err((outcome, writes)) => {
            return Ok(told(&outcome, format!("refused: whoever asked for {}", request.id())).with(writes));
        }
    };
    let text = |key: &str| submission.value(key);
    let (why, typed) = (text(conversation::WHY_KEY), text(conversation::COUNT_KEY));
    let (by, shown) = (submission.person, shown.as_deref().unwrap_or_default());
    match approvals::decide(&request, &person, Word { by, choice: &choice, why, seen: &plan, shown, typed }, now) {
        Err(unfit @ (Unfit::NeedsReason | Unfit::WrongCount { .. })) => {
            let missing = &ReviewOutcome::Unfit(unfit, request.clone());
            again(world, submission, &request, missing, "answered: something is missing in the form").await
        }
        Err(unfit) => {
            let note = format!("refused: {unfit:?} on {}", request.id());
            records.push(decider(world, &request, &person, Err(&unfit)));
            Ok(told(&ReviewOutcome::Unfit(unfit, request), note).with(records))
        }
        Ok(event) => {
            let denied = matches!(event, RequestEvent::Denied { .. });
            let take_back = (!denied).then(|| take_back_offered(world, &person, &bound.channel, &request));
            let mut outcome = decided(&request, event, told, &plan, take_back.as_ref());
            records.push(decider(world, &request, &person, Ok(())));
            outcome.writes.extend(records.into_iter().chain(take_back.map(Write::Control)));
            outcome.writes.push(Write::ControlUsed { handle: submission.handle.clone(), at: now });
            if denied {
                outcome.writes.extend(close_waiting(&world.store.runs(request.id()).await?, now));
            }
            Ok(outcome)
        }
    }
}

fn choice_of(submission: &Submission<'_>) -> Option<Choice> {
    match submission.values.get(conversation::DECISION_KEY).map(String::as_str) {
        Some("approve") => Some(Choice::Approve),
        Some("deny") => Some(Choice::Deny),
        Some(_) | None => None,
    }
}

/// Whether this person's decision counts, as it is stored.
fn decider(world: &World, request: &Request, person: &Profile, answer: Result<(), &Unfit>) -> Write {
    let verdict = answer.map_or_else(records::unfit_word, |()| AuthorizationRecord::ALLOWED);
    kept(world, request, about(request, records::of_member(world, verdict, person)))
}

fn kept(world: &World, request: &Request, record: AuthorizationRecord) -> Write {
    records::kept(world, Occasion::Approval, Some(request.id()), record)
}

/// A form that was sent by somebody else than the person it was opened for. They are told nothing.
pub(super) fn not_theirs(world: &World, submission: &Submission<'_>, request: Option<&RequestId>) -> Outcome {
    let record = records::of_nobody(world, records::NOT_THEIRS, submission.person);
    Outcome::noted("rejected: somebody else's form").with([records::kept(world, Occasion::Press, request, record)])
}

/// Nobody's yes helps a request whose requester may not any more: it ends. Each answer comes with what is stored of it.
async fn requester_still_may(
    world: &World,
    request: &Request,
    choice: &Choice,
) -> Result<Result<Vec<Write>, (ReviewOutcome, Vec<Write>)>, StoreFault> {
    if *choice == Choice::Deny {
        return Ok(Ok(Vec::new()));
    }
    let Look { people, records, .. } = rechecks::requester(world, request).await;
    let mut kept: Vec<Write> = records.into_iter().map(|record| kept(world, request, record)).collect();
    Ok(match people {
        People::Hold | People::Gone { .. } => Ok(kept),
        People::Unknown => Err((ReviewOutcome::Unavailable, kept)),
        People::Revoked(why) => {
            let runs = world.store.runs(request.id()).await?;
            let outcome = RequestOutcome::Revoked { why: why.clone() };
            kept.extend(end(request, &runs, outcome, world.now()));
            Err((ReviewOutcome::Revoked(why), kept))
        }
    })
}

/// A button with which somebody takes their consent back, until the first server starts.
fn take_back_offered(world: &World, person: &Profile, channel: &ChannelId, request: &Request) -> Control {
    Control {
        handle: world.ids.handle(),
        action: ControlAction::TakeBack(request.id().clone()),
        bound: Some(Bound {
            person: person.id.clone(),
            channel: channel.clone(),
            until: request.plan.parts().expires_at,
        }),
        used_at: None,
    }
}

/// A consent is taken back.
pub(super) async fn take_back(
    world: &World,
    press: &Press<'_>,
    person: &Profile,
    id: &RequestId,
    handle: &Handle,
) -> Result<Outcome, StoreFault> {
    let Some(request) = world.store.request(id).await? else {
        return Ok(press.answered(conversation::old_button(None), "rejected: no such request"));
    };
    if !approvals::may_take_back(&request, person) {
        let has_started = request.started_at.is_some() && !request.is_over();
        let told = match has_started {
            true => conversation::too_late_to_take_back(&request),
            false => conversation::old_button(Some(&request)),
        };
        return Ok(press.answered(told, format!("refused: nothing of {id} to take back")));
    }
    let now = world.now();
    let voided = RequestEvent::ConsentVoided {
        by: person.id.clone(),
        name: person.name.clone(),
        at: now,
        cause: VoidCause::TakenBack,
        until: approvals::until_anew(&request, now),
    };
    let mut outcome = press.answered(conversation::taken_back(&request), format!("consent to {id} taken back"));
    let events = vec![voided];
    outcome.writes.push(Write::RequestEvents { id: id.clone(), expected: request.version, events });
    let record = about(&request, records::of_member(world, AuthorizationRecord::ALLOWED, person));
    outcome.writes.push(records::kept(world, Occasion::TakeBack, Some(id), record));
    outcome.writes.push(Write::ControlUsed { handle: handle.clone(), at: now });
    outcome.writes.push(messages::card(id));
    outcome.writes.extend(messages::asks(&request));
    Ok(outcome)
}

/// Shows the form once more, with what is missing.
async fn again(
    world: &World,
    submission: &Submission<'_>,
    request: &Request,
    missing: &ReviewOutcome,
    note: &str,
) -> Result<Outcome, StoreFault> {
    let (runs, impacts) = (world.store.runs(request.id()).await?, impacts(world, request).await?);
    let view = RequestView { request, runs: &runs, impacts: &impacts, now: world.now() };
    let form = conversation::review_again(view, submission.handle, missing);
    let writes = vec![messages::update_form(&submission.envelope.key, submission.view.clone(), form)];
    Ok(Outcome { writes, note: note.to_owned() })
}

fn decided(
    request: &Request,
    event: RequestEvent,
    told: impl Fn(&ReviewOutcome, String) -> Outcome,
    plan: &Fingerprint,
    take_back: Option<&Control>,
) -> Outcome {
    let id = request.id().clone();
    let denied = matches!(event, RequestEvent::Denied { .. });
    let agreed = if let RequestEvent::Approved(approval) = &event { approval.groups.as_deref() } else { None };
    let more_needed = consent::people(&request.missing_with(agreed));
    let take_back = take_back.map(|control| control.handle.clone());
    let shown = if denied { ReviewOutcome::Denied } else { ReviewOutcome::Approved { more_needed, take_back } };
    let mut outcome =
        told(&shown, format!("{} {id}, plan {}", if denied { "denied" } else { "approved" }, plan.short()));
    outcome.writes.push(Write::RequestEvents { id: id.clone(), expected: request.version, events: vec![event] });
    outcome.writes.push(messages::card(&id));
    outcome.writes.extend(messages::asks(request));
    if denied {
        outcome.writes.push(messages::final_reply(&id));
    }
    outcome
}

/// The most approvers of whom Details offers what they saw.
const SHOWN_MAX: usize = 5;

/// Every server of a request and who agreed; what the form showed each of them is one press away.
pub(super) fn details(world: &World, press: &Press<'_>, view: RequestView<'_>) -> Outcome {
    let id = view.request.id();
    let approvals = view.request.approvals.iter().take(SHOWN_MAX);
    let offered: Vec<_> = approvals.map(|approval| (approval, shown_offered(world, press, id, approval))).collect();
    let mut message = conversation::details(view);
    if !offered.is_empty() {
        let buttons: Vec<_> = offered.iter().map(|(approval, control)| (*approval, &control.handle)).collect();
        message.blocks.push(conversation::shown_buttons(&buttons));
    }
    let outcome = press.answered(message, format!("answered: details of {id}"));
    outcome.with(offered.into_iter().map(|(_, control)| Write::Control(control)))
}

fn shown_offered(world: &World, press: &Press<'_>, id: &RequestId, approval: &Approval) -> Control {
    let action = ControlAction::Shown { request: id.clone(), by: approval.by.id().clone() };
    Control { handle: world.ids.handle(), action, bound: Some(forms::bound(world, press.origin)), used_at: None }
}

/// What the form showed to somebody who agreed. A consent that was taken back meanwhile is no part of the record.
pub(super) async fn shown(
    world: &World,
    press: &Press<'_>,
    id: &RequestId,
    by: &PersonId,
) -> Result<Outcome, StoreFault> {
    let request = world.store.request(id).await?;
    let approval = request.as_ref().and_then(|request| request.approvals.iter().find(|approval| approval.by == *by));
    let (Some(request), Some(approval)) = (&request, approval) else {
        return Ok(press.answered(conversation::old_button(None), "answered: that consent does not count any more"));
    };
    let message = conversation::what_was_shown(request, approval);
    let note = format!("answered: what an approver of {id} saw");
    Ok(match &press.trigger {
        Some(trigger) => {
            let form = conversation::shown_form(&message);
            Outcome { writes: vec![messages::open_form(&press.envelope.key, trigger.clone(), form)], note }
        }
        None => press.answered(message, note),
    })
}
