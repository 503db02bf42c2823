//! What goes on while the directory of people does not answer: what only stops or takes back, and the return of one's own
//! capacity. It goes by the last facts known, however old, which are those of the last stored answer about a person.
//!
//! Whoever was no member then, or was never looked at, is refused as everybody else is.

use super::brakes;
use super::intake::Outcome;
use super::lines::{self, Line, Speaker};
use super::presses::{self, Press};
use super::records::{self, TurnedAway};
use super::undone::left_undone;
use super::world::World;
use crate::admission::Ledger;
use crate::authorization::AuthorizationRecord;
use crate::domain::braking::Braking;
use crate::domain::identity::{GroupName, PersonId, Profile, Standing};
use crate::domain::intent::{Intent, WorkIntent};
use crate::domain::limits::LATE_AFTER;
use crate::domain::place::{ChannelFacts, ChannelName, Membership};
use crate::domain::server::ServerId;
use crate::language;
use crate::ports::StoreFault;
use crate::ports::authorizations::{Occasion, Sought};
use crate::ports::store::{ControlAction, Store};
use crate::workflow::request::{ControlVerb, Request};

/// The most own requests that are looked at for what was known of a channel.
const OWN_MAX: usize = 50;

/// Somebody who was a member when they were last looked at.
async fn last_known_member(store: &dyn Store, person: &PersonId) -> Result<Option<Profile>, StoreFault> {
    Ok(store.last_known(person).await?.and_then(|last| member_then(person, last.record)))
}

/// That person as a record has them, if they were a member.
pub(super) fn member_then(person: &PersonId, record: AuthorizationRecord) -> Option<Profile> {
    (record.standing() == Some(Standing::Member)).then(|| Profile {
        id: person.clone(),
        name: record.name,
        standing: Standing::Member,
        groups: record.groups.into_iter().map(GroupName::new).collect(),
        zone: None,
    })
}

/// The channel of a request, as it was when the request was made.
pub(super) async fn last_known_channel(
    store: &dyn Store,
    request: &Request,
) -> Result<Option<ChannelFacts>, StoreFault> {
    let sought = Sought { request: Some(request.id().clone()), since: None, limit: usize::MAX };
    let id = &request.origin.channel;
    let made = store.authorizations(&sought).await?.into_iter().find(|one| one.occasion == Occasion::Line);
    Ok(made.and_then(|one| {
        let reach = one.record.reach()?;
        let name = one.record.channel_name.map(ChannelName::new);
        Some(ChannelFacts { id: id.clone(), name, bot: Membership::Inside, reach })
    }))
}

/// Whoever presses, if what they press goes on without the directory.
pub(super) async fn presser(
    world: &World,
    press: &Press<'_>,
    turned: &TurnedAway,
) -> Result<Option<Profile>, StoreFault> {
    if !turned.is_for_want_of_the_directory() {
        return Ok(None);
    }
    let stops = match world.store.control(press.handle).await?.map(|control| control.action) {
        Some(ControlAction::Request { verb: ControlVerb::Cancel | ControlVerb::Withdraw, .. }) => true,
        Some(ControlAction::TakeBack(_)) => true,
        Some(
            ControlAction::Request {
                verb:
                    ControlVerb::Review
                    | ControlVerb::Details
                    | ControlVerb::Resume
                    | ControlVerb::Retry
                    | ControlVerb::TakeOver,
                ..
            }
            | ControlAction::Answer { .. }
            | ControlAction::Review { .. }
            | ControlAction::Line(_)
            | ControlAction::Use(_)
            | ControlAction::Forget
            | ControlAction::Form(_)
            | ControlAction::AskWhy(_)
            | ControlAction::Why(_)
            | ControlAction::Mine
            | ControlAction::Access(_)
            | ControlAction::Shown { .. }
            | ControlAction::Override { .. }
            | ControlAction::OverrideReview { .. },
        )
        | None => false,
    };
    if stops { last_known_member(world.store.as_ref(), &press.origin.person).await } else { Ok(None) }
}

/// A line of somebody who cannot be looked up.
pub(super) async fn line(world: &World, line: Line<'_>, turned: TurnedAway) -> Result<Outcome, StoreFault> {
    let is_late = line.sent_at.is_some_and(|sent_at| world.now().since(sent_at) > LATE_AFTER);
    if turned.is_for_want_of_the_directory()
        && !is_late
        && let Ok(text) = language::normalise(line.text)
        && let Some(outcome) = goes_on(world, Line { text: &text, ..line }).await?
    {
        return Ok(outcome.with([turned.kept(world, Occasion::Line, line.origin)]));
    }
    Ok(turned.outcome(world, Occasion::Line, (&line.envelope.key, line.origin)))
}

async fn goes_on(world: &World, line: Line<'_>) -> Result<Option<Outcome>, StoreFault> {
    let Some(person) = last_known_member(world.store.as_ref(), &line.origin.person).await? else { return Ok(None) };
    let vocabulary = language::Vocabulary::of(world.rulebook().catalog.commands().to_vec());
    let vocabulary = language::Vocabulary { now: world.now(), ..vocabulary };
    match language::parse(line.text, &vocabulary) {
        Ok(Intent::Cancel { request }) => presses::cancel_line(world, line, &person, &request).await.map(Some),
        Ok(Intent::Work(work)) => own_return(world, line, person, &work).await,
        Ok(Intent::Brake(braking)) if braking.only_stops() => puts_on(world, line, person, &braking).await,
        Ok(
            Intent::Plan(_)
            | Intent::CanI(_)
            | Intent::WhoCan { .. }
            | Intent::Help { .. }
            | Intent::Status { .. }
            | Intent::Why(_)
            | Intent::Queue(_)
            | Intent::Out(_)
            | Intent::Brake(_)
            | Intent::Declare(_)
            | Intent::Override { .. }
            | Intent::CloseBreaker { .. }
            | Intent::Retry { .. },
        )
        | Err(_) => Ok(None),
    }
}

/// Whoever speaks, in a channel in which they asked for something before.
async fn speaker_before(world: &World, line: Line<'_>, person: Profile) -> Result<Option<Speaker>, StoreFault> {
    let own = world.store.requests_of(&person.id, OWN_MAX).await?;
    let Some(before) = own.iter().find(|request| request.origin.channel == line.origin.channel) else {
        return Ok(None);
    };
    let channel = last_known_channel(world.store.as_ref(), before).await?;
    Ok(channel.map(|channel| Speaker::known_before(person, channel, world.rulebook())))
}

/// Something is frozen, held or put on the blacklist, by the policies and by what was last known of the person.
async fn puts_on(
    world: &World,
    line: Line<'_>,
    person: Profile,
    braking: &Braking,
) -> Result<Option<Outcome>, StoreFault> {
    match speaker_before(world, line, person).await? {
        Some(speaker) => brakes::answer(world, line, &speaker, braking).await.map(Some),
        None => Ok(None),
    }
}

/// Servers that this person's own requests took out are put back, from a channel in which they asked for something before.
async fn own_return(
    world: &World,
    line: Line<'_>,
    person: Profile,
    work: &WorkIntent,
) -> Result<Option<Outcome>, StoreFault> {
    let rulebook = world.rulebook();
    let Some(spec) = rulebook.catalog.command(&work.command).filter(|spec| spec.returns_capacity()) else {
        return Ok(None);
    };
    let Some(speaker) = speaker_before(world, line, person).await? else { return Ok(None) };
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), work.selector.as_ref()).await?;
    let Ok(subjects) = speaker.asking(world.now(), &ledger, &undone, line.text).subjects(work, spec) else {
        return Ok(None);
    };
    let servers: Vec<ServerId> = subjects.servers().iter().map(|server| server.id.clone()).collect();
    if !took_out(world, &ledger, &line.origin.person, &servers).await? {
        return Ok(None);
    }
    let reply = lines::work_line(world, line, &speaker, work).await?;
    Ok(Some(reply.outcome(&line.envelope.key, line.origin)))
}

/// Whether that person's requests brought every one of these servers, at least one, to where it is.
async fn took_out(world: &World, ledger: &Ledger, person: &PersonId, servers: &[ServerId]) -> Result<bool, StoreFault> {
    for server in servers {
        let Some(row) = ledger.states.get(server) else { return Ok(false) };
        let Some(run) = &row.taken_by else { return Ok(false) };
        let request = world.store.request(&run.request).await?;
        if request.is_none_or(|request| request.origin.person != *person) {
            return Ok(false);
        }
    }
    Ok(!servers.is_empty())
}

/// Whoever asked and where, as last known, if the request returns what their own requests took out.
pub(super) async fn returner(world: &World, request: &Request) -> Result<Option<(Profile, ChannelFacts)>, StoreFault> {
    let person = &request.origin.person;
    if !request.spec.returns_capacity() {
        return Ok(None);
    }
    let ledger = world.store.ledger().await?;
    let servers: Vec<ServerId> = request.plan.servers().map(|server| server.id.clone()).collect();
    if !took_out(world, &ledger, person, &servers).await? {
        return Ok(None);
    }
    let member = last_known_member(world.store.as_ref(), person).await?;
    Ok(member.zip(last_known_channel(world.store.as_ref(), request).await?))
}

/// The answer that somebody may end a request, asked where the directory does not tell of its channel.
pub(super) async fn may_without_directory(
    world: &World,
    person: &Profile,
    request: &Request,
) -> Result<AuthorizationRecord, StoreFault> {
    Ok(match last_known_channel(world.store.as_ref(), request).await? {
        Some(channel) => super::rechecks::may(world, person, &channel, request).record,
        None => records::about(request, records::of_member(world, records::NO_DIRECTORY, person)),
    })
}
