//! Ending a request: what is written, wherever it is asked, and the whole of it where a shell asks.
//!
//! Deliberately absent: who may in a channel, which is asked there; whoever may write the database file may.

use super::restraining::{Braker, Came, CameTo};
use super::{brakes, halting, messages, overrides};
use crate::conversation::{self, Tense};
use crate::domain::identity::Actor;
use crate::domain::ids::RequestId;
use crate::domain::place::ChannelId;
use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use crate::ports::store::Write;
use crate::workflow::request::{Request, RequestEvent, RequestStage};

/// Whether there is nothing left to cancel.
pub(super) fn is_over(request: &Request) -> bool {
    request.is_over() || matches!(request.stage, RequestStage::Stopping { .. })
}

/// What is written of a request that somebody ends.
pub(super) fn asked(
    request: &Request,
    (by, name): (&Actor, &str),
    incidents: Option<&ChannelId>,
    at: Timestamp,
) -> Vec<Write> {
    let id = request.id();
    let events = vec![RequestEvent::CancelAsked { by: by.clone(), name: name.to_owned(), at }];
    let asked = Write::RequestEvents { id: id.clone(), expected: request.version, events };
    let mut writes = vec![asked, messages::card(id)];
    writes.extend(halting::told(incidents, request, &writes));
    writes.extend(overrides::told(incidents, request));
    writes
}

/// What `cancel` comes to in a shell.
///
/// # Errors
/// The store does not answer.
pub async fn cancel(braker: Braker<'_>, id: &RequestId) -> Result<Came, StoreFault> {
    let Some(request) = braker.store.request(id).await? else {
        return Ok(Came::told(CameTo::Refused, conversation::no_such_request(id), "answered: no such request"));
    };
    if is_over(&request) {
        let told = conversation::cancelled_already(&request, braker.now);
        return Ok(Came::told(CameTo::Done, told, format!("answered: {id} is over or stopping")));
    }
    if braker.tense == Tense::Would {
        return Ok(Came::told(CameTo::Done, conversation::cancel_planned(&request), "answered: a plan"));
    }
    let writes = asked(&request, (braker.by.actor, braker.by.name), braker.incidents, braker.now);
    let told = conversation::cancel_confirmed(&request, brakes::is_stopped_hard(braker.store).await?);
    Ok(Came::done(told, writes, format!("cancel of {id} asked")))
}
