//! Decisions of admission, and how they are asked for.
//!
//! Whether somebody may is kept elsewhere ([`Authorization`](super::authorizations::Authorization)).

use super::store::DecisionRecord;
use crate::admission::{Answered, Decided};
use crate::domain::ids::RequestId;
use crate::domain::server::{ServerName, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::request::PolicyName;

/// How many beyond those that are shown are counted one by one.
pub const MORE_COUNTED_MAX: usize = 1_000;

/// Which of them are sought; `None` seeks all. What is said of servers must hold of one and the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SoughtDecisions {
    /// About that request.
    pub request: Option<RequestId>,
    /// That asked about that server.
    pub server: Option<ServerName>,
    /// That asked about a server of that site.
    pub site: Option<SiteName>,
    /// Where that policy made a server wait.
    pub policy: Option<PolicyName>,
    /// Where that was the answer.
    pub answered: Option<Answered>,
    /// Made then or later.
    pub since: Option<Timestamp>,
    /// Made then or before.
    pub until: Option<Timestamp>,
    /// At most so many, the newest.
    pub limit: usize,
}

/// Those that were found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FoundDecisions {
    /// The newest, the oldest of them first.
    pub records: Vec<DecisionRecord>,
    /// How many older ones fit too; at [`MORE_COUNTED_MAX`] there may be more.
    pub more: usize,
}

impl SoughtDecisions {
    /// Every decision, as far as so many.
    #[must_use]
    pub const fn newest(limit: usize) -> Self {
        Self { request: None, server: None, site: None, policy: None, answered: None, since: None, until: None, limit }
    }

    /// Whether that is what was said of a server that is sought.
    #[must_use]
    pub fn is_about(&self, one: &Decided) -> bool {
        self.server.as_ref().is_none_or(|server| *server == one.server.name)
            && self.site.as_ref().is_none_or(|site| *site == one.server.site)
            && self.answered.is_none_or(|answered| answered == one.said.answered())
            && self.policy.is_none_or(|policy| one.said.made_wait_by().contains(&policy))
    }

    /// Whether that decision is sought.
    #[must_use]
    pub fn fits(&self, record: &DecisionRecord) -> bool {
        let asks_of_servers = self.server.is_some() || self.site.is_some() || self.policy.is_some();
        let says = if asks_of_servers || !record.decided.is_empty() {
            record.decided.iter().any(|one| self.is_about(one))
        } else {
            self.answered.is_none_or(|answered| record.first_word() == answered.word())
        };
        says && self.request.as_ref().is_none_or(|request| *request == record.request)
            && self.since.is_none_or(|since| since <= record.at)
            && self.until.is_none_or(|until| record.at <= until)
    }
}

impl FoundDecisions {
    /// Takes the next older one; false once enough are counted.
    pub fn take(&mut self, record: DecisionRecord, limit: usize) -> bool {
        if self.records.len() < limit {
            self.records.push(record);
        } else {
            self.more += 1;
        }
        self.more < MORE_COUNTED_MAX
    }

    /// In the order in which they were made.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.records.reverse();
        self
    }
}

impl DecisionRecord {
    /// The answer without what it adds, e.g. that an override was used.
    #[must_use]
    pub fn first_word(&self) -> &str {
        self.verdict.split(' ').next().unwrap_or_default()
    }
}
