//! Servers of a plan that changed before anything started: the plan follows them, and people are asked anew.
//!
//! Deliberately absent: noticing it, and whose consent is needed then; those need the inventory and the policies.

use super::consent::ApprovalNeed;
use super::request::{Request, RequestStage};
use crate::domain::plan::PlannedServer;
use crate::domain::time::Timestamp;

/// A server as people saw it in the plan, and as it is now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// As it was asked for.
    pub before: PlannedServer,
    /// As it is planned now.
    pub after: PlannedServer,
}

/// How a plan has changed since it was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replanning {
    /// When it changed last.
    pub at: Timestamp,
    /// How often it has changed.
    pub times: u32,
    /// Each server that differs from what was asked for, in the plan's order.
    pub changes: Vec<Change>,
    /// The names of those whose consent did not count any more at the last change.
    pub voided: Vec<String>,
}

impl Request {
    /// Whether its plan may still follow its servers: nothing has started, and somebody decides on it.
    #[must_use]
    pub const fn follows_its_servers(&self) -> bool {
        let is_before_start =
            matches!(self.stage, RequestStage::Announced | RequestStage::NeedsApproval | RequestStage::Queued);
        is_before_start && self.need.is_some()
    }

    /// The plan with those servers as they are now; whoever agreed, agreed to another one.
    pub(super) fn replanned(&mut self, at: Timestamp, servers: &[PlannedServer], need: &ApprovalNeed) {
        let mut changes = self.replanning.take().map(|earlier| (earlier.times, earlier.changes));
        let (times, earlier) = changes.take().unwrap_or_default();
        let first_seen = |planned: &PlannedServer| {
            let seen = earlier.iter().find(|change| change.after == *planned);
            seen.map_or_else(|| planned.clone(), |change| change.before.clone())
        };
        let before: Vec<PlannedServer> = self.plan.servers().map(first_seen).collect();
        self.plan = self.plan.with_servers(servers);
        let pairs = before.into_iter().zip(self.plan.servers());
        let changes = pairs.filter(|(before, after)| before != *after);
        let changes = changes.map(|(before, after)| Change { before, after: after.clone() }).collect();
        let voided = self.approvals.drain(..).map(|approval| approval.name).collect();
        self.replanning = Some(Replanning { at, times: times.saturating_add(1), changes, voided });
        self.need = Some(need.clone());
        (self.reminded_at, self.escalated) = (None, None);
        if self.stage == RequestStage::Queued {
            self.stage = RequestStage::NeedsApproval;
            self.blockers.clear();
        }
    }
}
