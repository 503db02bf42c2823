//! Whose consent a request needs, and what became of it.

use crate::domain::consent::Quota;
use crate::domain::identity::{Actor, GroupName};
use crate::domain::ids::Fingerprint;
use crate::domain::time::Timestamp;
use std::time::Duration;

/// Whose consent a request needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApprovalNeed {
    /// Each must be met; nobody counts twice.
    pub quotas: Vec<Quota>,
    /// Until when people may decide.
    pub until: Timestamp,
    /// How long they have when they are asked anew.
    pub within: Duration,
    /// When they are reminded, if they are not yet.
    pub remind_at: Option<Timestamp>,
    /// Who may decide as well, if nobody did by then.
    pub escalation: Option<Escalation>,
}

/// Who may decide as well, and from when on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Escalation {
    /// The group.
    pub to: GroupName,
    /// When they are asked.
    pub at: Timestamp,
}

/// One person's consent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approval {
    /// Who.
    pub by: Actor,
    /// Their name.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// The plan that they saw.
    pub plan: Fingerprint,
    /// Why, if they said.
    pub why: String,
    /// The groups that they were in then, as far as they matter; `None` of a consent from before that was recorded,
    /// which counts for every quota.
    pub groups: Option<Vec<GroupName>>,
    /// What the form showed them, as text; `None` likewise.
    pub shown: Option<String>,
}

/// Why a consent does not count any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VoidCause {
    /// The person took it back.
    TakenBack,
    /// The person is no member of the workspace any more.
    LeftWorkspace,
}
