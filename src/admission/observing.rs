//! Policies that are only observed: what they would make wait starts all the same, and is counted.
//!
//! Deliberately absent: locks, and what people have put on, which nobody can only observe.

use super::Rules;
use crate::workflow::request::{Blocker, PolicyName};

impl Rules {
    /// Whether that policy is only observed.
    #[must_use]
    pub fn observes(&self, policy: PolicyName) -> bool {
        self.observed.contains(&policy)
    }

    /// The policies that do not hold up a run which has passed these by an override: they, and those that are only observed.
    #[must_use]
    pub fn not_asked(&self, passed: &[PolicyName]) -> Vec<PolicyName> {
        let mut policies = [passed, &self.observed].concat();
        policies.sort();
        policies.dedup();
        policies
    }
}

/// The policies that would have made it wait, each once; and what does.
pub(super) fn less_observed(blockers: Vec<Blocker>, rules: &Rules) -> (Vec<PolicyName>, Vec<Blocker>) {
    let is_observed = |blocker: &Blocker| blocker.observable().is_some_and(|policy| rules.observes(policy));
    let (observed, left): (Vec<Blocker>, Vec<Blocker>) = blockers.into_iter().partition(is_observed);
    let mut policies = observed.iter().filter_map(Blocker::observable).collect::<Vec<_>>();
    policies.sort();
    policies.dedup();
    (policies, left)
}
