//! Whether whoever asked, and whoever agreed, still may: looked at again before anything starts.
//!
//! Deliberately absent: whether it is safe, which is admission's. Groups of approvers counted when they decided; only
//! that they are still members counts later, so that a group that takes turns does not void what it agreed to.

use super::intake::{Who, who};
use super::world::World;
use crate::authorization::Question;
use crate::domain::identity::{PersonId, Profile, Standing};
use crate::domain::place::ChannelFacts;
use crate::domain::server::{Server, SiteName};
use crate::ports::directory::DirectoryFault;
use crate::workflow::request::Request;

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

/// Looks at everybody again.
pub(super) async fn people(world: &World, request: &Request) -> People {
    match requester(world, request).await {
        People::Hold => {}
        other @ (People::Unknown | People::Revoked(_) | People::Gone { .. }) => return other,
    }
    for approval in &request.approvals {
        match who(world, &approval.by).await {
            Who::Is(person) if person.standing == Standing::Member => {}
            Who::Is(_) | Who::NotKnown => return People::Gone { by: approval.by.clone(), name: approval.name.clone() },
            Who::NoAnswer(_) => return People::Unknown,
        }
    }
    People::Hold
}

/// Looks at whoever asked: still a member, and still allowed to ask for this there.
pub(super) async fn requester(world: &World, request: &Request) -> People {
    match asker(world, request).await {
        Ok((person, channel)) if may(world, &person, &channel, request) => People::Hold,
        Ok((_, channel)) => People::Revoked(may_not(request, &channel)),
        Err(people) => people,
    }
}

/// Whoever asked, and where, if both are still there.
///
/// # Errors
/// What keeps them from being known.
pub(super) async fn asker(world: &World, request: &Request) -> Result<(Profile, ChannelFacts), People> {
    let name = &request.requester_name;
    let person = match who(world, &request.origin.person).await {
        Who::Is(person) if person.standing == Standing::Member => person,
        Who::Is(_) | Who::NotKnown => {
            return Err(People::Revoked(format!("{name}, who asked, is no member of the workspace any more")));
        }
        Who::NoAnswer(_) => return Err(People::Unknown),
    };
    let channel = match world.directory.channel(&request.origin.channel).await {
        Ok(channel) => channel,
        Err(DirectoryFault::Unknown(_)) => {
            return Err(People::Revoked("the channel where it was asked is not there any more".to_owned()));
        }
        Err(DirectoryFault::Unavailable(_)) => return Err(People::Unknown),
    };
    Ok((person, channel))
}

/// Why whoever asked may not any more, as a sentence without its full stop.
pub(super) fn may_not(request: &Request, channel: &ChannelFacts) -> String {
    let (name, verb) = (&request.requester_name, request.spec.name.as_str());
    let place = channel.name.as_ref().map_or_else(|| "there".to_owned(), |name| format!("in #{name}"));
    format!("{name}, who asked, may not {verb} these {place} any more")
}

/// Whether a person may ask for what a request does, in that channel, by the policies of now.
pub(super) fn may(world: &World, person: &Profile, channel: &ChannelFacts, request: &Request) -> bool {
    let rulebook = world.rulebook();
    let record = |id| rulebook.inventory.by_id(id).cloned();
    let servers: Vec<Server> = request.plan.servers().filter_map(|planned| record(&planned.id)).collect();
    if servers.is_empty() && request.plan.servers().next().is_some() {
        // Not one of them is in the inventory any more: admission leaves them out.
        return true;
    }
    let sites: Vec<SiteName> = request.plan.sites().cloned().collect();
    let question = Question { person, channel, command: &request.spec, servers: &servers, sites: &sites };
    rulebook.policies.decide_shortly(&question).is_ok()
}
