//! How many more may still fail when a breaker opens: what is at work in its scope by then.

use super::{Breaker, Counted};
use crate::workflow::request::Request;
use crate::workflow::run::Run;

/// How many runs of a request are at work in the scope of a breaker, and have not counted yet. Its canary is told apart.
#[must_use]
pub fn at_work(breaker: &Breaker, request: &Request, runs: &[Run]) -> u32 {
    let is_canary = |run: &Run| breaker.canary.as_ref().is_some_and(|canary| canary.run == run.id);
    let lies_in = |run: &Run| Counted::of(request, run).is_some_and(|work| work.scopes().contains(&breaker.scope));
    // Whoever was asked about has counted as failed.
    let may_fail = |run: &&Run| run.is_active() && run.asked_at.is_none() && !is_canary(run) && lies_in(run);
    u32::try_from(runs.iter().filter(may_fail).count()).unwrap_or(u32::MAX)
}
