//! Tells the incident channel of a request that is halted, and how that goes on: one message from the halt to its end.
//!
//! The halt of a retry is told under that of the request that it takes up, and in the channel too: it is the same work,
//! and got worse. Deliberately absent: when a request is halted, and who is told in person.

use super::messages;
use crate::domain::place::ChannelId;
use crate::ports::store::Write;
use crate::workflow::request::{Halt, Request, RequestEvent};

/// What the incident channel is told of these writes about that request, if they halt it or say how its halt goes on.
pub(super) fn told(incidents: Option<&ChannelId>, request: &Request, writes: &[Write]) -> Option<Write> {
    let events = writes.iter().filter_map(|write| {
        if let Write::RequestEvents { id, events, .. } = write {
            Some(events).filter(|_| id == request.id())
        } else {
            None
        }
    });
    let goes_on = |event: &RequestEvent| match event {
        // That the rest is not needed any more is told where it was asked for.
        RequestEvent::Halted(halt) => halt.is_trouble(),
        RequestEvent::CancelAsked { .. } | RequestEvent::Ended { .. } | RequestEvent::Retried(_) => {
            request.halted.as_ref().is_some_and(Halt::is_trouble)
        }
        RequestEvent::Accepted(_)
        | RequestEvent::CardPosted { .. }
        | RequestEvent::Approved(_)
        | RequestEvent::ConsentVoided { .. }
        | RequestEvent::Replanned { .. }
        | RequestEvent::Reminded { .. }
        | RequestEvent::Escalated { .. }
        | RequestEvent::Denied { .. }
        | RequestEvent::Blocked { .. }
        | RequestEvent::HeldUp { .. }
        | RequestEvent::Started { .. }
        | RequestEvent::Unblocked { .. }
        | RequestEvent::Override(_) => false,
    };
    let is_told = events.flatten().any(goes_on);
    let channel = incidents.filter(|_| is_told)?;
    Some(messages::halt(request, channel))
}
