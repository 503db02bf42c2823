//! When a breaker opens: the numbers, and what they say of finished runs.

use super::finished::FinishedAs;
use crate::domain::breaker::BreakerScope;
use std::time::Duration;

/// When breakers open, and what closes them; from `failure-rate` in `policies/admission.yaml`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FailureRules {
    /// Reaching so many failures in a row opens the breaker of a command at a site, or of a version on a type.
    pub in_a_row: u32,
    /// What else opens those two.
    pub share: FailureShare,
    /// What opens the breaker of a command as a whole.
    pub command: FailureShare,
    /// How long after the last failure nothing at all starts.
    pub cool_down: Duration,
    /// How long a canary that succeeded is watched before its breaker may be closed.
    pub soak: Duration,
}

/// A share of the last runs. It takes both: reaching the failures, and exceeding the percentage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FailureShare {
    /// The fewest failures that open.
    pub failures_min: u32,
    /// They must be more than this share of the runs looked at.
    pub above_percent: u8,
    /// How many runs are looked at, the newest first.
    pub of_last: u32,
}

impl Default for FailureRules {
    fn default() -> Self {
        Self {
            in_a_row: 3,
            share: FailureShare { failures_min: 5, above_percent: 10, of_last: 40 },
            command: FailureShare { failures_min: 10, above_percent: 10, of_last: 200 },
            cool_down: Duration::from_secs(30 * 60),
            soak: Duration::from_secs(10 * 60),
        }
    }
}

impl FailureRules {
    /// The share that opens the breaker of that scope.
    #[must_use]
    pub const fn share_of(&self, scope: &BreakerScope) -> FailureShare {
        match scope {
            BreakerScope::Site { .. } | BreakerScope::Version { .. } => self.share,
            BreakerScope::Command { .. } => self.command,
        }
    }

    /// How many of the newest runs of that scope say whether its breaker opens.
    #[must_use]
    pub fn window(&self, scope: &BreakerScope) -> u32 {
        self.share_of(scope).of_last.max(self.in_a_row)
    }
}

/// How many of how many have failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tally {
    /// Failures.
    pub failures: u32,
    /// Of so many finished runs.
    pub of: u32,
}

/// Whether these finished runs of a scope, the newest first, open its breaker, and what it is told as.
#[must_use]
pub fn opens(scope: &BreakerScope, newest_first: &[FinishedAs], rules: &FailureRules) -> Option<Tally> {
    let is_narrow = !matches!(scope, BreakerScope::Command { .. });
    let in_a_row = count(newest_first.iter().take_while(|finished| finished.is_failure()));
    if is_narrow && in_a_row >= rules.in_a_row {
        return Some(Tally { failures: in_a_row, of: in_a_row });
    }
    let share = rules.share_of(scope);
    let looked_at = newest_first.iter().take(share.of_last as usize);
    let (failures, of) = (count(looked_at.clone().filter(|finished| finished.is_failure())), count(looked_at));
    let is_above = u64::from(failures) * 100 > u64::from(of) * u64::from(share.above_percent);
    (failures >= share.failures_min && is_above).then_some(Tally { failures, of })
}

fn count<'a>(finished: impl Iterator<Item = &'a FinishedAs>) -> u32 {
    u32::try_from(finished.count()).unwrap_or(u32::MAX)
}
