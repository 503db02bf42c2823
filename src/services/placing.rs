//! Where a message goes: the channel, and the thread that it hangs on.
//!
//! Deliberately absent: what it says, and whether it has arrived, which is the courier's.

use super::messages;
use super::world::World;
use crate::domain::ids::{DeliveryKey, RequestId};
use crate::domain::place::ChannelId;
use crate::ports::StoreFault;
use crate::ports::chat::{PostTo, Shown};
use crate::ports::store::Destination;

/// Where a message is posted; `None` if the card that its thread hangs on never came to be.
pub(super) async fn place(world: &World, to: &Destination) -> Result<Option<PostTo>, StoreFault> {
    Ok(match to {
        Destination::Channel(channel) => Some(PostTo::channel(channel.clone())),
        Destination::Worse { of, channel } => Some(worse(world, of, channel).await?),
        Destination::Card(id) => world
            .store
            .request(id)
            .await?
            .map(|request| PostTo { thread: request.origin.thread, ..PostTo::channel(request.origin.channel) }),
        Destination::Thread(id) => thread(world, id).await?,
        Destination::Incident(id) => {
            let notice = world.store.slot(&messages::incident_key(id)).await?;
            match notice.and_then(|slot| slot.message) {
                Some(at) => Some(PostTo::thread(at.channel, at.ts)),
                None => thread(world, id).await?,
            }
        }
        Destination::Private(_)
        | Destination::FormOpen(_)
        | Destination::FormUpdate(_)
        | Destination::Home(_)
        | Destination::Direct(_) => None,
    })
}

/// Under the message that got worse, and in the channel as well. A message that is itself such a reply carries no thread.
async fn worse(world: &World, of: &DeliveryKey, channel: &ChannelId) -> Result<PostTo, StoreFault> {
    let mut of = of.clone();
    loop {
        let Some(slot) = world.store.slot(&of).await? else { return Ok(PostTo::channel(channel.clone())) };
        match (slot.outgoing.to, slot.message) {
            (Destination::Worse { of: first, .. }, Some(_)) if first != of => of = first,
            (_, Some(at)) => return Ok(PostTo { shown: Shown::InChannelToo, ..PostTo::thread(at.channel, at.ts) }),
            (_, None) => return Ok(PostTo::channel(channel.clone())),
        }
    }
}

/// The thread of a request's card.
async fn thread(world: &World, id: &RequestId) -> Result<Option<PostTo>, StoreFault> {
    Ok(world.store.request(id).await?.and_then(|request| {
        let card = request.card?;
        // A card that is itself a reply cannot carry a thread: the log stays in the thread it was asked in.
        let thread = request.origin.thread.unwrap_or(card.ts);
        Some(PostTo::thread(card.channel, thread))
    }))
}
