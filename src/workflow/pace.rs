//! How long things took before: what is compared with, and predicted from, what really happened.
//!
//! Deliberately absent: which past is asked for; and any number out of too few cases.

use super::request::Request;
use super::run::{Run, RunOutcome, RunStage};
use crate::domain::time::Timestamp;
use std::time::Duration;

/// With fewer cases nothing is said.
pub const CASES_MIN: usize = 5;

/// How long something took before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// How many cases it is taken from.
    pub cases: usize,
    /// Half of them took at most so long.
    pub half: Duration,
    /// Three of four took at most so long.
    pub three_quarters: Duration,
    /// Nine of ten took at most so long.
    pub nine_tenths: Duration,
    /// Nineteen of twenty took at most so long.
    pub nineteen_in_twenty: Duration,
}

/// The pace of those cases; `None` of fewer than [`CASES_MIN`].
#[must_use]
pub fn pace(mut cases: Vec<Duration>) -> Option<Pace> {
    if cases.len() < CASES_MIN {
        return None;
    }
    cases.sort();
    // The smallest case that so many of a hundred do not exceed.
    let at_most = |percent: usize| cases.get((cases.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Some(Pace {
        cases: cases.len(),
        half: at_most(50)?,
        three_quarters: at_most(75)?,
        nine_tenths: at_most(90)?,
        nineteen_in_twenty: at_most(95)?,
    })
}

/// When a run began that step: at the proof of the one before it, or when it was admitted.
#[must_use]
pub fn step_begun(run: &Run, step: usize) -> Option<Timestamp> {
    let before = run.proofs.iter().filter(|proof| proof.step < step).map(|proof| proof.at).max();
    before.or(run.admitted_at())
}

/// How long that step took in each of these runs that proved it.
pub fn step_times<'a>(runs: impl IntoIterator<Item = &'a Run>, step: usize) -> Vec<Duration> {
    let time = |run: &Run| {
        let proof = run.proofs.iter().find(|proof| proof.step == step)?;
        Some(proof.at.since(step_begun(run, step)?))
    };
    runs.into_iter().filter_map(time).collect()
}

/// How long each of these runs took from its admission that did what was asked.
pub fn run_times<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<Duration> {
    let time = |run: &Run| match &run.stage {
        RunStage::Ended { at, outcome: RunOutcome::Done } => Some(at.since(run.admitted_at()?)),
        RunStage::Ended { .. }
        | RunStage::Waiting
        | RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::NeedsPerson { .. }
        | RunStage::Returning { .. } => None,
    };
    runs.into_iter().filter_map(time).collect()
}

/// From when on a request waited only for its safety: it was agreed to, and its time had come.
#[must_use]
pub fn ready_at(request: &Request) -> Timestamp {
    let agreed = request.approvals.last().map_or(request.accepted_at, |approval| approval.at);
    request.plan.parts().not_before.as_ref().map_or(agreed, |moment| agreed.max(moment.at))
}

/// How long a request that has waited so long is likely to wait in all: by those before it that waited as long.
#[must_use]
pub fn wait_pace<'a>(before: impl IntoIterator<Item = &'a Request>, waited: Duration) -> Option<Pace> {
    let waits = before.into_iter().filter_map(|request| Some(request.started_at?.since(ready_at(request))));
    pace(waits.filter(|wait| *wait >= waited).collect())
}

/// Since when a run is in its stage, as far as its journal tells.
#[must_use]
pub fn stage_since(run: &Run) -> Option<Timestamp> {
    match &run.stage {
        RunStage::Waiting => None,
        RunStage::Ready { step } | RunStage::Acting { step, .. } => step_begun(run, *step),
        RunStage::NeedsPerson { at, .. } | RunStage::Returning { at, .. } | RunStage::Ended { at, .. } => Some(*at),
    }
}
