//! Whether whoever asked, and whoever agreed, still may: looked at again before anything starts.
//!
//! Deliberately absent: whether it is safe, which is admission's. Groups of approvers counted when they decided; only
//! that they are still members counts later, so that a group that takes turns does not void what it agreed to.

use super::intake::{Who, who};
use super::outage;
use super::records::{self, about, there};
use super::replanning;
use super::seconding::is_theirs;
use super::world::World;
use crate::authorization::{AuthorizationRecord, Authorized, Question};
use crate::domain::consent::Quota;
use crate::domain::identity::{AutomationName, PersonId, Profile, Standing};
use crate::domain::place::{ChannelFacts, ReplyPath};
use crate::domain::server::{Server, SiteName};
use crate::ports::directory::DirectoryFault;
use crate::workflow::request::{Approval, Request};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a look at the people of a request came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum People {
    /// All as it was.
    Hold,
    /// The directory does not answer.
    Unknown,
    /// Whoever asked may not any more; why, as a sentence without its full stop.
    Revoked(String),
    /// Somebody who agreed is no member any more.
    Gone {
        /// Who.
        by: PersonId,
        /// Their name.
        name: String,
    },
}

/// What a look came to, with each answer that was given in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Look {
    pub(super) people: People,
    pub(super) records: Vec<AuthorizationRecord>,
    /// The permission of whoever asked, where they still have one.
    pub(super) authorized: Option<Arc<Authorized>>,
}

impl Look {
    fn of(people: People, record: AuthorizationRecord) -> Self {
        Self { people, records: vec![record], authorized: None }
    }
}

/// Looks at everybody again.
pub(super) async fn people(world: &World, request: &Request) -> Look {
    let mut look = requester(world, request).await;
    if look.people != People::Hold {
        return look;
    }
    for approval in &request.approvals {
        let (people, record) = match who(world, &approval.by).await {
            Who::Is(person) if person.standing == Standing::Member => continue,
            Who::Is(person) => (gone(approval), records::of_member(world, records::STANDING, &person)),
            Who::NotKnown => (gone(approval), records::of_nobody(world, records::NOBODY, &approval.by)),
            Who::NoAnswer(_) => (People::Unknown, records::of_nobody(world, records::NO_DIRECTORY, &approval.by)),
        };
        look.people = people;
        look.records.push(about(request, record));
        break;
    }
    look
}

fn gone(approval: &Approval) -> People {
    People::Gone { by: approval.by.id().clone(), name: approval.name.clone() }
}

/// Looks at whoever asked: still a member, and still allowed to ask for this there.
pub(super) async fn requester(world: &World, request: &Request) -> Look {
    let (person, channel) = match asker(world, request).await {
        Ok(known) => known,
        Err(look) if look.people == People::Unknown => return unknown(world, request, look).await,
        Err(look) => return look,
    };
    let May { record, authorized } = may(world, &person, &channel, request);
    let people = match (record.is_allowed(), unlike(world, request, (&person, &channel), authorized.as_deref())) {
        (false, _) => People::Revoked(may_not(request, &channel)),
        (true, Some(why)) => People::Revoked(why),
        (true, None) => People::Hold,
    };
    Look { authorized, ..Look::of(people, record) }
}

/// What the bot's own files say otherwise of a request that was asked for in a shell, which may have been shown others; as a
/// sentence without its full stop. Once it has begun it goes on as it was.
fn unlike(
    world: &World,
    request: &Request,
    (person, channel): (&Profile, &ChannelFacts),
    authorized: Option<&Authorized>,
) -> Option<String> {
    let ReplyPath::Shell { account } = &request.origin.reply else { return None };
    if request.started_at.is_some() {
        return None;
    }
    let (name, rulebook) = (&request.requester_name, world.rulebook());
    if !is_theirs(world, account, &request.origin.person) {
        return Some(format!("by the files of the bot {account}, which asked, is not the account of {name}"));
    }
    if rulebook.catalog.command(&request.spec.name).is_none_or(|spec| spec.hash != request.spec.hash) {
        let again = "ask again once both have the same files";
        return Some(format!("it was asked for with another {} than the bot has; {again}", request.spec.name));
    }
    let needed = replanning::needed(&rulebook, request, (person, channel), authorized?, world.now());
    let needed = needed.iter().flat_map(|need| &need.quotas).collect::<Vec<_>>();
    let asked = request.need.as_ref().map_or(0, |need| need.quotas.len());
    let is_asked = asked >= needed.len() && needed.iter().all(|quota| asks(request, quota));
    (!is_asked).then(|| "it was asked for where others had to agree than the bot's files say".to_owned())
}

/// Whether a request asks for that consent, or for more of it; whoever it was passed on to may have given it too.
fn asks(request: &Request, quota: &Quota) -> bool {
    let passed_on = request.escalated.as_ref().map(|(_, to)| to.clone());
    let from = quota.from.iter().cloned().chain(passed_on).collect::<BTreeSet<_>>();
    let quotas = request.need.iter().flat_map(|need| &need.quotas);
    quotas.into_iter().any(|asked| asked.count >= quota.count && asked.from.iter().all(|group| from.contains(group)))
}

/// Whoever asked, and where, if both are still there.
///
/// # Errors
/// What keeps them from being known.
pub(super) async fn asker(world: &World, request: &Request) -> Result<(Profile, ChannelFacts), Look> {
    let (id, name) = (&request.origin.person, &request.requester_name);
    if let Some(automation) = id.automation() {
        return of_automation(world, request, &automation).await;
    }
    let left = || People::Revoked(format!("{name}, who asked, is no member of the workspace any more"));
    let (people, record) = match who(world, id).await {
        Who::Is(person) if person.standing == Standing::Member => {
            match world.directory.channel(&request.origin.channel).await {
                Ok(channel) => return Ok((person, channel)),
                Err(DirectoryFault::Unknown(_)) => {
                    let people = People::Revoked("the channel where it was asked is not there any more".to_owned());
                    (people, records::of_member(world, records::NOT_HERE, &person))
                }
                Err(DirectoryFault::Unavailable(_)) => {
                    (People::Unknown, records::of_member(world, records::NO_DIRECTORY, &person))
                }
            }
        }
        Who::Is(person) => (left(), records::of_member(world, records::STANDING, &person)),
        Who::NotKnown => (left(), records::of_nobody(world, records::NOBODY, id)),
        Who::NoAnswer(_) => (People::Unknown, records::of_nobody(world, records::NO_DIRECTORY, id)),
    };
    Err(Look::of(people, about(request, record)))
}

/// An automation that asked, if the files still name it. Nobody has to be looked up for it, and what only gives capacity back
/// goes by its channel as last known.
async fn of_automation(
    world: &World,
    request: &Request,
    name: &AutomationName,
) -> Result<(Profile, ChannelFacts), Look> {
    let person = Profile::automation(name);
    let refused =
        |people: People, verdict: &str| Look::of(people, about(request, records::of_member(world, verdict, &person)));
    if world.rulebook().policies.check_automation(name).is_err() {
        let gone = format!("{}, who asked, is not named in automations.yaml any more", request.requester_name);
        return Err(refused(People::Revoked(gone), records::NOBODY));
    }
    match world.directory.channel(&request.origin.channel).await {
        Ok(channel) => Ok((person, channel)),
        Err(DirectoryFault::Unknown(_)) => {
            let gone = "the channel where it was asked is not there any more".to_owned();
            Err(refused(People::Revoked(gone), records::NOT_HERE))
        }
        Err(DirectoryFault::Unavailable(_)) if request.spec.returns_capacity() => {
            match outage::last_known_channel(world.store.as_ref(), request).await {
                Ok(Some(channel)) => Ok((person, channel)),
                Ok(None) | Err(_) => Err(refused(People::Unknown, records::NO_DIRECTORY)),
            }
        }
        Err(DirectoryFault::Unavailable(_)) => Err(refused(People::Unknown, records::NO_DIRECTORY)),
    }
}

/// Why whoever asked may not any more, as a sentence without its full stop.
pub(super) fn may_not(request: &Request, channel: &ChannelFacts) -> String {
    let (name, verb) = (&request.requester_name, request.spec.name.as_str());
    let place = channel.name.as_ref().map_or_else(|| "there".to_owned(), |name| format!("in #{name}"));
    format!("{name}, who asked, may not {verb} these {place} any more")
}

/// Nobody can be looked up: nothing starts but the return of what the person's own requests took out.
async fn unknown(world: &World, request: &Request, look: Look) -> Look {
    // A store that does not answer either leaves it unknown.
    if let Ok(Some((person, channel))) = outage::returner(world, request).await {
        let May { record, authorized } = may(world, &person, &channel, request);
        if let Some(why) = unlike(world, request, (&person, &channel), authorized.as_deref()) {
            return Look::of(People::Revoked(why), record);
        }
        if record.is_allowed() {
            return Look { authorized, ..Look::of(People::Hold, record) };
        }
    }
    look
}

/// An answer, and the permission that it came with.
pub(super) struct May {
    pub(super) record: AuthorizationRecord,
    pub(super) authorized: Option<Arc<Authorized>>,
}

/// Whether a person may ask for what a request does, in that channel, by the policies of now.
pub(super) fn may(world: &World, person: &Profile, channel: &ChannelFacts, request: &Request) -> May {
    let rulebook = world.rulebook();
    let record = |id| rulebook.inventory.by_id(id).cloned();
    let servers: Vec<Server> = request.plan.servers().filter_map(|planned| record(&planned.id)).collect();
    if servers.is_empty() && request.plan.servers().next().is_some() {
        // Not one of them is in the inventory any more: admission leaves them out.
        let record = records::of_member(world, AuthorizationRecord::ALLOWED, person);
        return May { record: there(channel, about(request, record)), authorized: None };
    }
    let sites: Vec<SiteName> = request.plan.sites().cloned().collect();
    let question = Question { person, channel, command: &request.spec, servers: &servers, sites: &sites };
    match rulebook.policies.decide_shortly(&question) {
        Ok(authorized) => May { record: authorized.record().clone(), authorized: Some(Arc::new(authorized)) },
        Err(refusal) => May { record: refusal.record, authorized: None },
    }
}
