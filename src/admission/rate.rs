//! The rate: on how many servers one command starts within a minute, counted from the starts themselves.
//!
//! A start counts for a minute, however its run has ended. What only looks or gives back takes no place.

use super::counts::Counts;
use super::{Candidate, Known};
use crate::domain::command::{CommandName, Touch};
use crate::domain::time::Timestamp;
use crate::workflow::pace::{Pace, pace};
use crate::workflow::request::Blocker;
use std::collections::BTreeMap;
use std::time::Duration;

/// For how long a start counts.
pub const RATE_OVER: Duration = Duration::from_secs(60);
/// The newest finished starts of the whole fleet that paces are taken from.
pub const PACED_STARTS_MAX: usize = 200;

/// Work began on a server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Start {
    /// When.
    pub at: Timestamp,
    /// By which command.
    pub command: CommandName,
}

/// How long each command took on one server until it was back, of those that were done.
#[must_use]
pub fn paces(done: impl IntoIterator<Item = (CommandName, Duration)>) -> BTreeMap<CommandName, Pace> {
    let mut cases: BTreeMap<CommandName, Vec<Duration>> = BTreeMap::new();
    for (command, took) in done {
        cases.entry(command).or_default().push(took);
    }
    cases.into_iter().filter_map(|(command, cases)| Some((command, pace(cases)?))).collect()
}

/// Why the candidate's command starts on no further server just now.
pub(super) fn blocker(candidate: Candidate<'_>, known: Known<'_>, counts: &Counts) -> Option<Blocker> {
    let (spec, limit) = (candidate.spec, known.rules.starts_per_minute?);
    if spec.only_looks() || spec.touch() == Touch::GivesBack {
        return None;
    }
    // One that lies far ahead was made by a clock that has been set back since.
    let counts_still = |at: &Timestamp| known.now < at.plus(RATE_OVER) && at.counts(known.now, RATE_OVER);
    let mut lately = counts.starts(&spec.name).iter().copied().filter(counts_still).collect::<Vec<_>>();
    let started = u32::try_from(lately.len()).unwrap_or(u32::MAX);
    let over = usize::try_from(started.checked_sub(limit)?).unwrap_or(usize::MAX);
    lately.sort();
    // Once so many no longer count there is room for one.
    let next = lately.get(over)?.plus(RATE_OVER);
    Some(Blocker::Rate { command: spec.name.clone(), started, limit, next })
}
