//! What pools usually carry at an hour of the week, by the last four weeks.
//!
//! Deliberately absent: asking for them.

use super::evidence::{POOL_LABEL, is_amount};
use crate::domain::measure::{Series, Span};
use crate::domain::server::PoolName;
use crate::domain::time::Timestamp;
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

/// What pools usually carry at an hour of the week.
#[derive(Clone, PartialEq, Debug)]
pub struct Usual {
    /// The hour around this moment.
    pub at: Timestamp,
    pub(super) pools: BTreeMap<PoolName, f64>,
}

/// The same hour of each of the last four weeks.
#[must_use]
pub fn same_hour(now: Timestamp) -> Vec<Span> {
    let spans = (1..=WEEKS).map(|weeks| {
        let then = now.minus(WEEK * weeks);
        Span { from: then.minus(HALF_HOUR), to: then.plus(HALF_HOUR), every: HISTORY_EVERY }
    });
    spans.collect()
}

/// The median over those hours, for pools of which every week is known well enough.
#[must_use]
pub fn usual(weeks: &[Vec<Series>], at: Timestamp) -> Usual {
    let mut values: BTreeMap<PoolName, Vec<f64>> = BTreeMap::new();
    let mut known: BTreeMap<PoolName, u32> = BTreeMap::new();
    for series in weeks.iter().flatten() {
        let Some(pool) = series.labels.get(POOL_LABEL).map(PoolName::new) else { continue };
        let good = series.points.iter().map(|(_, value)| *value).filter(|value| is_amount(*value)).collect::<Vec<_>>();
        if good.len() >= MOMENTS_OF_WEEK_MIN {
            *known.entry(pool.clone()).or_default() += 1;
            values.entry(pool).or_default().extend(good);
        }
    }
    values.retain(|pool, _| known.get(pool) == Some(&WEEKS));
    let pools = values.into_iter().filter_map(|(pool, values)| Some((pool, median(values)?)));
    Usual { at, pools: pools.collect() }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(*values.get(middle - 1)?, upper)) }
}
