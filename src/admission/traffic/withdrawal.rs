//! Which requests for servers on standby are not needed any more: what they would put into production has not started, and the
//! surge that they were asked for is over.
//!
//! What is not known well enough takes nothing back: a surge that nobody measures may well go on. Deliberately absent: whose
//! requests these are, and ending them.

use super::is_calm_without;
use crate::admission::Known;
use crate::domain::server::{PoolName, ServerId};
use crate::workflow::request::{Request, RequestStage};
use crate::workflow::run::{Run, RunStage};
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of a request that is not needed any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Withdrawal {
    /// Nothing of it has started: it is over.
    Whole,
    /// Some of it has, and goes on to its end; the rest does not start.
    Rest,
}

/// What of a request for servers on standby is not needed any more: what waits, once each pool that it is for, and its site,
/// have been calm for long enough by what they know. `None` where it is needed, or where that is not known.
#[must_use]
pub fn withdrawal(request: &Request, runs: &[Run], known: Known<'_>) -> Option<Withdrawal> {
    let withdrawal = match &request.stage {
        RequestStage::Announced | RequestStage::NeedsApproval | RequestStage::Queued => Withdrawal::Whole,
        RequestStage::Running if request.halted.is_none() => Withdrawal::Rest,
        RequestStage::Running | RequestStage::Stopping { .. } | RequestStage::Ended { .. } => return None,
    };
    let mut waiting: BTreeMap<&PoolName, BTreeSet<ServerId>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.stage == RunStage::Waiting) {
        // Where a server is now in no pool, or in no inventory, nothing says whether it is needed.
        let server = known.inventory.by_id(&run.subject.server()?.id)?;
        waiting.entry(server.pool.as_ref()?).or_default().insert(server.id.clone());
    }
    let is_calm = !waiting.is_empty() && waiting.iter().all(|(pool, servers)| is_calm_without(pool, servers, known));
    is_calm.then_some(withdrawal)
}
