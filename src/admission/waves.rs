//! Waves: a canary, then shares of the request; the next one opens when the one before is over and has soaked.

use crate::domain::command::{WaveRule, WaveSize};
use crate::domain::intent::{ParameterName, Value};
use crate::domain::plan::Subject;
use crate::domain::server::{RackName, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::request::Request;
use crate::workflow::run::{Run, RunOutcome, RunStage};
use std::collections::BTreeMap;

/// The order in which subjects are started: site after site, and inside a site one server of each rack in turn, so that a
/// wave does not take a whole rack, and the next of a rack comes late.
#[must_use]
pub fn spread(subjects: Vec<Subject>) -> Vec<Subject> {
    let mut turns: BTreeMap<(Option<SiteName>, Option<RackName>), usize> = BTreeMap::new();
    let placed = subjects.into_iter().map(|subject| {
        let site = subject.server().map(|server| server.site.clone());
        let rack = subject.server().map(|server| server.rack.clone());
        let turn = turns.entry((site.clone(), rack)).or_default();
        *turn += 1;
        (site, *turn, subject)
    });
    let mut placed = placed.collect::<Vec<_>>();
    // Stable: what is alike stays in the order of names.
    placed.sort_by(|(site, turn, _), (other, next, _)| (site, turn).cmp(&(other, next)));
    placed.into_iter().map(|(_, _, subject)| subject).collect()
}

/// How many subjects each wave has.
#[must_use]
pub fn wave_sizes(rule: &WaveRule, parameters: &BTreeMap<ParameterName, Value>, subjects: u32) -> Vec<u32> {
    let percent = match &rule.then {
        WaveSize::Percent(percent) => *percent,
        WaveSize::Parameter(name) => match parameters.get(name) {
            Some(Value::Percentage(percent)) => *percent,
            _ => 100,
        },
        WaveSize::All => 100,
    };
    let canary = rule.canary.min(subjects);
    let mut sizes = Vec::new();
    if canary > 0 {
        sizes.push(canary);
    }
    let share = (subjects * u32::from(percent)).div_ceil(100).max(1);
    let mut left = subjects - canary;
    while left > 0 {
        let size = share.min(left);
        sizes.push(size);
        left -= size;
    }
    sizes
}

/// What may start next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NextWave<'a> {
    /// These runs are due.
    Open(Vec<&'a Run>),
    /// The wave before is watched until then.
    Soaking(Timestamp),
    /// The wave before is still at work, and nothing of it waits to start.
    AtWork,
    /// Nothing is left to start.
    Nothing,
}

/// The runs that may start next, in order.
#[must_use]
pub fn next_wave<'a>(request: &Request, runs: &'a [Run], now: Timestamp) -> NextWave<'a> {
    let Some(wave) = runs.iter().filter(|run| run.stage == RunStage::Waiting).map(|run| run.wave).min() else {
        return NextWave::Nothing;
    };
    let before = runs.iter().filter(|run| run.wave < wave);
    let mut finished = None;
    for run in before {
        match &run.stage {
            RunStage::Ended { at, outcome } if *outcome != RunOutcome::LeftOut => finished = finished.max(Some(*at)),
            RunStage::Ended { .. } => {}
            RunStage::Waiting
            | RunStage::Ready { .. }
            | RunStage::Acting { .. }
            | RunStage::NeedsPerson { .. }
            | RunStage::Returning { .. } => return NextWave::AtWork,
        }
    }
    let begun = runs.iter().any(|run| run.wave == wave && run.stage != RunStage::Waiting);
    let open_at = finished.map(|at| at.plus(request.plan.parts().soak));
    match open_at {
        Some(open_at) if !begun && now < open_at => NextWave::Soaking(open_at),
        _ => NextWave::Open(runs.iter().filter(|run| run.wave == wave && run.stage == RunStage::Waiting).collect()),
    }
}
