//! What pools usually carry, by the last four weeks: at this hour of the week, and in the hours ahead.
//!
//! Weeks are absolute, of seven times 24 hours, as the metrics count them. Where clocks change, what people do at an hour of theirs
//! comes for some weeks an hour beside its history: an hour earlier once they are put forward, an hour later once they are put
//! back. Deliberately absent: asking for it, and what follows.

use super::TrafficRules;
use super::evidence::{POOL_LABEL, is_amount};
use crate::domain::measure::{Series, Span, median};
use crate::domain::server::PoolName;
use crate::domain::time::{Timestamp, millis};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many weeks make a usual one.
const WEEKS: u32 = 4;
const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// The hour of a week: half before, half after.
const HALF_HOUR: Duration = Duration::from_secs(1800);
const HISTORY_EVERY: Duration = Duration::from_secs(300);
/// A week of which fewer moments are known does not count.
const MOMENTS_OF_WEEK_MIN: usize = 7;
/// From one moment ahead to the next. They are whole half hours, so that what is told of them stays the same at every look.
pub(super) const AHEAD_EVERY: Duration = HALF_HOUR;
/// So much further than it counts it is looked ahead, to tell when what is too much will be over.
const TOLD_AHEAD: Duration = Duration::from_secs(6 * 3600);
/// How long what is usual is relied on before it is asked for again.
const USUAL_FOR: Duration = Duration::from_secs(600);
/// How long it counts where nobody answers what is usual.
const USUAL_STILL_FOR: Duration = Duration::from_secs(3600);

/// What pools usually carry at an hour of the week, and in the hours ahead.
#[derive(Clone, PartialEq, Debug)]
pub struct Usual {
    /// The hour around this moment.
    at: Timestamp,
    /// How far ahead it was asked for.
    ahead: Option<Duration>,
    pools: BTreeMap<PoolName, OfPool>,
}

/// What one pool usually carries.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct OfPool {
    /// At this hour, if each of the weeks is known well enough.
    pub(super) now: Option<f64>,
    /// In the hour around each moment ahead of which that holds, oldest first.
    pub(super) ahead: Vec<(Timestamp, f64)>,
}

impl Usual {
    /// Whether it need not be asked for again yet.
    #[must_use]
    pub fn counts(&self, rules: &TrafficRules, now: Timestamp) -> bool {
        now.since(self.at) < USUAL_FOR && self.ahead == rules.ahead
    }

    /// Whether it counts still, where nobody answers what is usual.
    #[must_use]
    pub fn still_counts(&self, rules: &TrafficRules, now: Timestamp) -> bool {
        now.since(self.at) < USUAL_STILL_FOR && self.ahead == rules.ahead
    }

    pub(super) fn of(&self, pool: &PoolName) -> Option<&OfPool> {
        self.pools.get(pool)
    }
}

/// The last moment that is a whole number of those lengths of time.
pub(super) fn whole(at: Timestamp, every: Duration) -> Timestamp {
    let over = at.millis().rem_euclid(millis(every).max(1));
    at.minus(Duration::from_millis(u64::try_from(over).unwrap_or(0)))
}

/// The moments ahead: from the one that is going on to beyond as far as counts.
fn moments_ahead(rules: &TrafficRules, now: Timestamp) -> Vec<Timestamp> {
    let Some(ahead) = rules.ahead else { return Vec::new() };
    let (first, until) = (whole(now, AHEAD_EVERY), now.plus(ahead + TOLD_AHEAD + AHEAD_EVERY));
    let each = std::iter::successors(Some(first), |moment| Some(moment.plus(AHEAD_EVERY)));
    each.take_while(|moment| *moment < until).collect()
}

/// The same hour of each of the last four weeks with those that followed it, the last week first: one query a week tells both.
#[must_use]
pub fn same_hours(rules: &TrafficRules, now: Timestamp) -> Vec<Span> {
    let ahead = moments_ahead(rules, now);
    let from = ahead.first().copied().unwrap_or(now).minus(HALF_HOUR);
    let to = ahead.last().copied().unwrap_or(now).plus(HALF_HOUR);
    let spans = (1..=WEEKS).map(|weeks| {
        let (from, to) = (from.minus(WEEK * weeks), to.minus(WEEK * weeks));
        Span { from, to, every: HISTORY_EVERY }
    });
    spans.collect()
}

/// The median over those hours, for pools of which every week is known well enough; the last week first.
#[must_use]
pub fn usual(weeks: &[Vec<Series>], rules: &TrafficRules, at: Timestamp) -> Usual {
    let ahead = moments_ahead(rules, at);
    let pools = histories(weeks).into_iter().map(|(pool, weeks)| {
        let each = ahead.iter().filter_map(|moment| Some((*moment, around(&weeks, *moment)?)));
        (pool, OfPool { now: around(&weeks, at), ahead: each.collect() })
    });
    Usual { at, ahead: rules.ahead, pools: pools.collect() }
}

/// What a pool carried in each of the weeks. A week with none, with several or with one that is not in order is not known.
fn histories(weeks: &[Vec<Series>]) -> BTreeMap<PoolName, Vec<&[(Timestamp, f64)]>> {
    let mut found: BTreeMap<PoolName, Vec<(u32, &Series)>> = BTreeMap::new();
    for (week, answered) in (1..).zip(weeks) {
        for series in answered {
            if let Some(pool) = series.labels.get(POOL_LABEL) {
                found.entry(PoolName::new(pool)).or_default().push((week, series));
            }
        }
    }
    let whole = found.into_iter().filter(|(_, of_pool)| {
        let is_in_order = |series: &Series| series.points.is_sorted_by(|(one, _), (next, _)| one < next);
        of_pool.iter().map(|(week, _)| *week).eq(1..=WEEKS) && of_pool.iter().all(|(_, series)| is_in_order(series))
    });
    whole
        .map(|(pool, of_pool)| (pool, of_pool.into_iter().map(|(_, series)| series.points.as_slice()).collect()))
        .collect()
}

/// The median of the hour around that moment, over all weeks.
fn around(weeks: &[&[(Timestamp, f64)]], at: Timestamp) -> Option<f64> {
    let mut values = Vec::new();
    for (week, points) in (1..).zip(weeks) {
        let then = at.minus(WEEK * week);
        let from = points.partition_point(|(moment, _)| *moment < then.minus(HALF_HOUR));
        let to = points.partition_point(|(moment, _)| *moment <= then.plus(HALF_HOUR));
        let hour = points.get(from..to)?.iter().map(|(_, value)| *value).filter(|value| is_amount(*value));
        let before = values.len();
        values.extend(hour);
        if values.len() - before < MOMENTS_OF_WEEK_MIN {
            return None;
        }
    }
    median(values)
}
