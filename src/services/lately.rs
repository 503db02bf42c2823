//! For how many servers somebody has overridden something alone within the last hour: many small overrides are one large one.
//!
//! Each that nobody else had to agree to leaves a used control behind, under a handle made from the person, the hour and
//! a number. That outlives its request, and two lines that come at once cannot both take the last place.

use super::messages;
use crate::admission::{OVERRIDE_ALONE_MAX, OVERRIDE_LIFE_MAX};
use crate::domain::identity::PersonId;
use crate::domain::ids::{Handle, RequestId};
use crate::domain::place::Origin;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::{Bound, Control, ControlAction, Store, Write};

/// What one person overrode alone within the last hour.
pub(super) struct Lately {
    /// For how many servers.
    pub(super) servers: usize,
    /// The next place of this hour to count in, if one is free.
    pub(super) free: Option<Handle>,
}

/// Looks that up.
pub(super) async fn alone(store: &dyn Store, person: &PersonId, now: Timestamp) -> Result<Lately, StoreFault> {
    let mut lately = Lately { servers: 0, free: None };
    for begin in [now.minus(OVERRIDE_LIFE_MAX), now] {
        lately.free = None;
        for number in 0..OVERRIDE_ALONE_MAX {
            let handle = place(person, begin, number);
            let Some(control) = store.control(&handle).await? else {
                lately.free = lately.free.or(Some(handle));
                continue;
            };
            let (ControlAction::Override { request, number }, Some(at)) = (&control.action, control.used_at) else {
                continue;
            };
            if now.since(at) < OVERRIDE_LIFE_MAX
                && let Some(request) = store.request(request).await?
                && let Some(one) = request.override_of(*number)
            {
                lately.servers += one.asked.servers.len();
            }
        }
    }
    Ok(lately)
}

/// What counts an override; whoever takes the same place at the same time must look again.
pub(super) fn counted(handle: Handle, request: &RequestId, number: u32, origin: &Origin, at: Timestamp) -> [Write; 2] {
    let action = ControlAction::Override { request: request.clone(), number };
    let bound = Bound { person: origin.person.id().clone(), channel: origin.channel.clone(), until: at };
    let control = Control { handle: handle.clone(), action, bound: Some(bound), used_at: None };
    [Write::Control(control), Write::ControlUsed { handle, at }]
}

/// One of the places of a person's hour.
fn place(person: &PersonId, at: Timestamp, number: u32) -> Handle {
    let hour = at.seconds() / i64::try_from(OVERRIDE_LIFE_MAX.as_secs()).unwrap_or(i64::MAX);
    messages::derived(&format!("override alone {person} {hour} {number}"))
}
