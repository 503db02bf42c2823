//! Overrides: what lets a server pass one policy, who may ask for that, and when a second person must agree.
//!
//! An override changes the answer of its own policy, for its own servers, and nothing else: whatever else blocks goes
//! on blocking, and a server that passes is counted by everything that is asked later.

use super::observing::less_observed;
use super::{Admitted, Candidate, Counted, Known, LockStanding, Verdict, absorbing, canary_of, found, state, takes};
use crate::domain::command::{CommandSpec, Impact};
use crate::domain::identity::GroupName;
use crate::domain::plan::PlannedServer;
use crate::domain::server::ProductionState;
use crate::workflow::breakglass::SecondCause;
use crate::workflow::request::{Blocker, PolicyName};
use std::time::Duration;

/// The longest that an override may last.
pub const OVERRIDE_LIFE_MAX: Duration = Duration::from_secs(3600);
/// The most servers for which one person may ever override a policy alone.
pub const OVERRIDE_ALONE_MAX: u32 = 5;

/// Who may override, for how long, and how much alone; from `policies/admission.yaml`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OverrideRules {
    /// The groups whose members may; none means nobody.
    pub by: Vec<GroupName>,
    /// How long an override lasts.
    pub life: Duration,
    /// The most servers for which nobody else must agree.
    pub alone_max: u32,
}

impl Default for OverrideRules {
    fn default() -> Self {
        Self { by: Vec::new(), life: OVERRIDE_LIFE_MAX, alone_max: OVERRIDE_ALONE_MAX }
    }
}

impl OverrideRules {
    /// Whether somebody of these groups may.
    #[must_use]
    pub fn allow(&self, groups: &[GroupName]) -> bool {
        self.by.iter().any(|group| groups.contains(group))
    }
}

/// The answer about a server, less what is only observed, and what it may pass by an override.
pub(super) fn less_passed(said: Verdict, candidate: Candidate<'_>, known: Known<'_>) -> Verdict {
    let blockers = match said {
        Verdict::Wait(blockers) => blockers,
        verdict @ (Verdict::Allow(_) | Verdict::Deny(_)) => return verdict,
    };
    if !can_pass(candidate.server, candidate.spec, known) {
        return Verdict::Wait(blockers);
    }
    let (passes, (observed, blockers)) = (candidate.passes, less_observed(blockers, known.rules));
    let passed_by = |blocker: &Blocker| blocker.overridable().filter(|policy| passes.contains(*policy));
    let (passed, left): (Vec<Blocker>, Vec<Blocker>) =
        blockers.into_iter().partition(|blocker| passed_by(blocker).is_some());
    if !left.is_empty() {
        return Verdict::Wait(left);
    }
    let mut overridden = passed.iter().filter_map(Blocker::overridable).collect::<Vec<_>>();
    overridden.sort();
    overridden.dedup();
    if overridden.contains(&PolicyName::Traffic)
        && !passes.contains(PolicyName::Capacity)
        && let Some(blocker) = absorbing::not_proved(candidate.server, known)
    {
        return Verdict::Wait(vec![blocker]);
    }
    let left_behind = known.ledger.lock(&candidate.server.id).filter(|lock| lock.standing == LockStanding::LeftBehind);
    let takes_over = left_behind.map(|lock| lock.run.clone());
    let (run, found) = (candidate.run.clone(), found(candidate.server, known));
    let takes = takes(candidate.server, known);
    let canary_of = canary_of(Counted::of_candidate(candidate), known);
    Verdict::Allow(Admitted { run, found, takes, takes_over, canary_of, overridden, observed })
}

/// Whether an override can help that server at all: what cannot be undone is never done to one in production by it.
#[must_use]
pub fn can_pass(server: &PlannedServer, spec: &CommandSpec, known: Known<'_>) -> bool {
    spec.impact != Impact::Destructive || state(server, known) != ProductionState::Production
}

/// Why a second person must agree to an override for these servers, if one must; `lately` is for how many others the same
/// person has overridden something alone within the time that an override lasts.
#[must_use]
pub fn second_needed(
    spec: &CommandSpec,
    servers: &[&PlannedServer],
    lately: usize,
    known: Known<'_>,
) -> Option<SecondCause> {
    let in_production = servers.iter().any(|server| state(server, known) == ProductionState::Production);
    let alone_max = known.rules.overrides.alone_max;
    match spec.impact {
        Impact::Destructive => Some(SecondCause::Destructive),
        Impact::PowerCycle if in_production => Some(SecondCause::InterruptsProduction),
        Impact::ReadOnly | Impact::Config | Impact::Drain | Impact::PowerCycle => {
            let count = servers.len() + lately;
            (count > alone_max as usize).then_some(SecondCause::ManyServers { alone_max })
        }
    }
}
