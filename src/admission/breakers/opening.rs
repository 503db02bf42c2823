//! When a breaker opens: the numbers, and what they say of finished runs.
//!
//! Deliberately absent: what an open breaker does, and where the record of finished runs comes from.

use super::finished::FinishedRun;
use crate::domain::breaker::BreakerScope;
use std::time::Duration;

/// The most finished runs that are looked at of one command on one server.
pub(in crate::admission) const SERVER_RUNS_MAX: u32 = 100;

/// When breakers open, and what closes them; from `failure-rate` in `policies/admission.yaml`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FailureRules {
    /// Reaching so many failures in a row opens the breaker of a command at a site, or of a version on a type.
    pub in_a_row: u32,
    /// What else opens those two.
    pub share: FailureShare,
    /// What opens them where the same command fails much less elsewhere; `None` compares nothing.
    pub cohort: Option<CohortRule>,
    /// What opens the breaker of a command as a whole.
    pub command: FailureShare,
    /// What keeps automations off a server.
    pub server: ServerRule,
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

/// How much more than elsewhere may fail, of the runs that `share` looks at. It takes all three: reaching the failures,
/// exceeding the multiple, and enough runs elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CohortRule {
    /// Their share must be more than so many times the one elsewhere.
    pub times: u32,
    /// The fewest failures that open.
    pub failures_min: u32,
    /// The fewest finished runs elsewhere that say how many usually fail.
    pub runs_min: u32,
    /// How far back runs elsewhere are looked at.
    pub within: Duration,
}

/// What failures on one server keep off it: automations, and nobody else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServerRule {
    /// So many failed runs of a command that automations asked for open its breaker on that server.
    pub failures_min: u32,
    /// Within this time.
    pub within: Duration,
    /// How long automations wait after any failed run on a server.
    pub cool_down: Duration,
}

impl Default for FailureRules {
    fn default() -> Self {
        Self {
            in_a_row: 3,
            share: FailureShare { failures_min: 5, above_percent: 10, of_last: 40 },
            cohort: Some(CohortRule::default()),
            command: FailureShare { failures_min: 10, above_percent: 10, of_last: 200 },
            server: ServerRule::default(),
            cool_down: Duration::from_secs(30 * 60),
            soak: Duration::from_secs(10 * 60),
        }
    }
}

impl Default for CohortRule {
    fn default() -> Self {
        Self { times: 3, failures_min: 3, runs_min: 100, within: Duration::from_secs(30 * 24 * 3600) }
    }
}

impl Default for ServerRule {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self { failures_min: 3, within: hours(24), cool_down: hours(6) }
    }
}

/// How many of how many have failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Failures.
    pub failures: u32,
    /// Of so many finished runs.
    pub of: u32,
}

/// What is known of a scope when a run of it has finished.
#[derive(Clone, Copy, Debug)]
pub struct ScopeRecord<'a> {
    /// The scope.
    pub scope: &'a BreakerScope,
    /// Its finished runs since its breaker was last closed, the newest first.
    pub newest_first: &'a [FinishedRun],
    /// The finished runs of the command outside of it; `None` where they were not asked about.
    pub elsewhere: Option<Tally>,
}

/// Why a breaker opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    /// What has failed.
    pub tally: Tally,
    /// What failed elsewhere, if it opens because that is so much less.
    pub elsewhere: Option<Tally>,
}

impl FailureRules {
    /// How many of the newest runs of that scope say whether its breaker opens.
    #[must_use]
    pub fn window(&self, scope: &BreakerScope) -> u32 {
        match scope {
            BreakerScope::Server { .. } => SERVER_RUNS_MAX,
            BreakerScope::Site { .. } | BreakerScope::Version { .. } => self.share.of_last.max(self.in_a_row),
            BreakerScope::Command { .. } => self.command.of_last,
        }
    }

    /// The rule that needs to know what has failed elsewhere: only where enough has failed here, and nothing else opens.
    #[must_use]
    pub fn compares(&self, record: ScopeRecord<'_>) -> Option<CohortRule> {
        let rule = self.cohort.filter(|_| is_narrow(record.scope) && has_just_failed(record))?;
        let is_asked = tally(record, self.share.of_last).failures >= rule.failures_min && opens(record, self).is_none();
        is_asked.then_some(rule)
    }
}

/// Whether a scope is a part of its command's work that others can be compared with.
const fn is_narrow(scope: &BreakerScope) -> bool {
    match scope {
        BreakerScope::Site { .. } | BreakerScope::Version { .. } => true,
        BreakerScope::Server { .. } | BreakerScope::Command { .. } => false,
    }
}

/// Whether the finished runs of a scope open its breaker, and why.
#[must_use]
pub fn opens(record: ScopeRecord<'_>, rules: &FailureRules) -> Option<Opening> {
    let alone = |tally| Opening { tally, elsewhere: None };
    match record.scope {
        BreakerScope::Server { .. } => lately(record, rules.server).map(alone),
        BreakerScope::Command { .. } => by_share(record, rules.command).map(alone),
        BreakerScope::Site { .. } | BreakerScope::Version { .. } => {
            let by_itself = in_a_row(record, rules.in_a_row).or_else(|| by_share(record, rules.share));
            by_itself.map(alone).or_else(|| beside_others(record, rules))
        }
    }
}

fn in_a_row(record: ScopeRecord<'_>, min: u32) -> Option<Tally> {
    let failures = count(record.newest_first.iter().take_while(|run| run.finished_as.is_failure()));
    (failures >= min).then_some(Tally { failures, of: failures })
}

fn by_share(record: ScopeRecord<'_>, share: FailureShare) -> Option<Tally> {
    let Tally { failures, of } = tally(record, share.of_last);
    let is_above = u64::from(failures) * 100 > u64::from(of) * u64::from(share.above_percent);
    (failures >= share.failures_min && is_above).then_some(Tally { failures, of })
}

/// Nobody understands a breaker that opens when something has gone well, because more has elsewhere.
fn has_just_failed(record: ScopeRecord<'_>) -> bool {
    record.newest_first.first().is_some_and(|run| run.finished_as.is_failure())
}

/// Those of the same runs that `share` looks at, compared with the rest of the command. Too few of the rest say nothing.
fn beside_others(record: ScopeRecord<'_>, rules: &FailureRules) -> Option<Opening> {
    let (rule, elsewhere) = rules.cohort.zip(record.elsewhere)?;
    let here = tally(record, rules.share.of_last);
    // failures / of > times * failures / of, without a fraction.
    let crosswise = |one: u32, other: u32| u128::from(one) * u128::from(other);
    let limit = crosswise(elsewhere.failures, here.of) * u128::from(rule.times);
    let is_above = crosswise(here.failures, elsewhere.of) > limit;
    let is_enough = here.failures >= rule.failures_min && elsewhere.of >= rule.runs_min;
    (is_enough && is_above && has_just_failed(record)).then_some(Opening { tally: here, elsewhere: Some(elsewhere) })
}

/// Those of one server within the time before the newest.
fn lately(record: ScopeRecord<'_>, rule: ServerRule) -> Option<Tally> {
    let newest = record.newest_first.first()?.at;
    let within = || record.newest_first.iter().filter(|run| newest.since(run.at) < rule.within);
    let failures = count(within().filter(|run| run.finished_as.is_failure()));
    (failures >= rule.failures_min).then_some(Tally { failures, of: count(within()) })
}

fn tally(record: ScopeRecord<'_>, of_last: u32) -> Tally {
    let looked_at = record.newest_first.iter().take(of_last as usize);
    Tally { failures: count(looked_at.clone().filter(|run| run.finished_as.is_failure())), of: count(looked_at) }
}

fn count<'a>(finished: impl Iterator<Item = &'a FinishedRun>) -> u32 {
    u32::try_from(finished.count()).unwrap_or(u32::MAX)
}
