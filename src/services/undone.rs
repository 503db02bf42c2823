//! What requests left undone: the servers behind `failed:req-2mq9`.
//!
//! Deliberately absent: runs that are not over yet. What may still succeed is not undone.

use crate::domain::intent::{Selector, Spanned};
use crate::domain::plan::{PlannedServer, Subject};
use crate::fleet::{Undone, mentioned_requests};
use crate::ports::StoreFault;
use crate::ports::store::Store;
use crate::workflow::run::{Run, RunOutcome, RunStage};

/// What the requests that a selector mentions left undone; a request that does not exist is left out.
///
/// # Errors
/// The store does not answer.
pub async fn left_undone(store: &dyn Store, selector: Option<&Spanned<Selector>>) -> Result<Undone, StoreFault> {
    let mut undone = Undone::new();
    for request in selector.map(|selector| mentioned_requests(&selector.value)).unwrap_or_default() {
        if store.request(&request).await?.is_some() {
            let servers = store.runs(&request).await?.into_iter().filter_map(server_left).collect();
            undone.insert(request, servers);
        }
    }
    Ok(undone)
}

/// Whether a run is over and its work is not done, as far as is known.
pub(super) fn is_left(run: &Run) -> bool {
    match run.stage {
        RunStage::Ended { outcome, .. } => match outcome {
            RunOutcome::Done => false,
            RunOutcome::Failed
            | RunOutcome::FailedAndReturned
            | RunOutcome::Returned
            | RunOutcome::PutOff
            | RunOutcome::NotStarted
            | RunOutcome::LeftOut => true,
        },
        RunStage::Waiting
        | RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::NeedsPerson { .. }
        | RunStage::Returning { .. } => false,
    }
}

fn server_left(run: Run) -> Option<PlannedServer> {
    let is_left = is_left(&run);
    match run.subject {
        Subject::Server(server) if is_left => Some(server),
        Subject::Server(_) | Subject::Site(_) | Subject::Nothing => None,
    }
}
