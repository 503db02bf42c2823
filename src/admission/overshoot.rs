//! How many may fail at the worst although a request stops starting: its limit, one more, and what is at work by then.
//!
//! From the plan and the command alone, so that it is the same for whoever agrees and for whoever watches. Policies may let
//! fewer work at once, never more. Deliberately absent: the words.

use crate::domain::command::CommandSpec;
use crate::domain::plan::{Plan, Subject};
use crate::domain::server::SiteName;
use std::collections::BTreeMap;

/// What failures may come to before the last start has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overshoot {
    /// Nothing more starts once more than this have failed.
    pub limit: u32,
    /// How many may still be at work by then.
    pub at_work: u32,
    /// How many may have failed at the worst.
    pub failed_max: u32,
    /// Of how many.
    pub of: u32,
}

/// The worst case of a plan; `None` of one too small for its limit to ever be exceeded.
///
/// The wave counts in which the limit is exceeded: the waves before are over by then, and those after have not begun.
#[must_use]
pub fn overshoot(plan: &Plan, spec: &CommandSpec) -> Option<Overshoot> {
    let parts = plan.parts();
    let (limit, of) = (spec.waves.stop_when_failures_exceed, count(parts.subjects.len()));
    let exceeded = limit.saturating_add(1);
    let (mut begun, mut worst) = (0_usize, None::<Overshoot>);
    for size in &parts.waves {
        let first = begun;
        begun = begun.saturating_add(usize::try_from(*size).unwrap_or(usize::MAX)).min(parts.subjects.len());
        let so_far = count(begun);
        let wave = parts.subjects.get(first..begun).unwrap_or_default();
        if so_far < exceeded {
            continue;
        }
        // The place of the one that failed last may have been taken in the same moment; there may be nobody to take it.
        let others = so_far.saturating_sub(exceeded).min(size.saturating_sub(1));
        let at_work = at_once(wave, spec.site_concurrency).min(others);
        let case = Overshoot { limit, at_work, failed_max: exceeded.saturating_add(at_work), of };
        if worst.is_none_or(|worst| worst.failed_max < case.failed_max) {
            worst = Some(case);
        }
    }
    worst
}

/// The most subjects of a wave that are at work at once.
fn at_once(wave: &[Subject], site_concurrency: Option<u32>) -> u32 {
    let Some(most) = site_concurrency else { return count(wave.len()) };
    let mut sites: BTreeMap<Option<&SiteName>, u32> = BTreeMap::new();
    for subject in wave {
        let site = subject.server().map(|server| &server.site).or(subject.site());
        *sites.entry(site).or_default() += 1;
    }
    sites.values().map(|planned| most.min(*planned)).sum()
}

fn count(all: usize) -> u32 {
    u32::try_from(all).unwrap_or(u32::MAX)
}
