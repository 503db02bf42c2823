//! Whether what the metrics answered counts: each pool is known by positive, fresh evidence, or it is not known and why.
//!
//! An empty answer, a part of an answer and a value that is none look like little traffic, so they are never taken
//! for it. Deliberately absent: asking, and what follows from what is known.

use super::TrafficRules;
use crate::admission::ledger::Health;
use crate::admission::{Known, Ledger};
use crate::domain::measure::{Sample, Series, Span, median};
use crate::domain::server::{PoolName, ProductionState, Server};
use crate::domain::time::{Timestamp, millis};
use crate::fleet::Inventory;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The label that says which pool a value is of.
const POOL_LABEL: &str = "pool";
/// A steep rise is seen over this time.
pub(super) const RISE_OVER: Duration = Duration::from_secs(300);
/// How many times `clear-for` is looked back, to see whether there was too much traffic.
const LOOK_BACK_TIMES: u32 = 12;
/// How many moments of `clear-for` are looked at.
const MOMENTS_PER_CLEAR: u32 = 20;
/// How finely it is looked back at most, and at least.
const EVERY_MIN: Duration = Duration::from_secs(1);
const EVERY_MAX: Duration = Duration::from_secs(30);
/// How many weeks make a usual one.
const WEEKS: u32 = 4;
const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// The hour of a week: half before, half after.
const HALF_HOUR: Duration = Duration::from_secs(1800);
const HISTORY_EVERY: Duration = Duration::from_secs(300);
/// A week of which fewer moments are known does not count.
const MOMENTS_OF_WEEK_MIN: usize = 7;

/// What is known of traffic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Traffic {
    /// Whoever decides has not asked for it: what takes capacity waits.
    NotAsked,
    /// There is no source of metrics: traffic stops nothing.
    NotConfigured,
    /// Whoever tells, and does not decide, does not look: nothing is said of it.
    LeftOut,
    /// The first look has not ended yet: what takes capacity waits.
    Pending,
    /// The source has not answered yet since the start.
    Silent {
        /// What it does instead.
        why: String,
        /// Since when.
        since: Timestamp,
    },
    /// What the last answer said.
    Seen(Snapshot),
}

/// What the last answer said of each pool.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// Every pool that is looked at.
    pub pools: BTreeMap<PoolName, Result<Measured, Doubt>>,
    /// Why there is no newer answer, if the source has been silent since.
    pub silent: Option<String>,
}

/// A pool whose traffic is known.
#[derive(Clone, PartialEq, Debug)]
pub struct Measured {
    /// What it carries, in units.
    pub units: f64,
    /// When the oldest part of that was measured.
    pub seen_at: Timestamp,
    /// What it carried before, oldest first.
    pub before: Vec<(Timestamp, f64)>,
    /// What it usually carries at this hour of the week; `None` with less than four weeks of history.
    pub usual: Option<f64>,
}

/// What counts was found to be an amount, and an amount equals itself.
impl Eq for Measured {}

/// Why the traffic of a pool is not known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doubt {
    /// In words.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

/// What the metrics answered in one look.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answers {
    /// What pools carry.
    pub traffic: Vec<Sample>,
    /// When that was measured.
    pub seen: Vec<Sample>,
    /// How many servers are measured.
    pub up: Vec<Sample>,
    /// What pools carried before.
    pub before: Vec<Series>,
}

/// What pools usually carry at an hour of the week.
#[derive(Clone, PartialEq, Debug)]
pub struct Usual {
    /// The hour around this moment.
    pub at: Timestamp,
    pools: BTreeMap<PoolName, f64>,
}

/// The while that is looked back on, to see what was too much.
#[must_use]
pub fn looked_back(rules: &TrafficRules, now: Timestamp) -> Span {
    let every = (rules.clear_for / MOMENTS_PER_CLEAR).clamp(EVERY_MIN, EVERY_MAX);
    // The same moments at every look, so that what is told of them stays the same.
    let to = now.minus(Duration::from_millis(u64::try_from(now.millis() % millis(every).max(1)).unwrap_or(0)));
    let calm_for = rules.standby.as_ref().map_or(Duration::ZERO, |standby| standby.calm_for + every);
    let back = (rules.clear_for * LOOK_BACK_TIMES).max(rules.clear_for + RISE_OVER).max(calm_for).min(every * 10_000);
    Span { from: to.minus(back), to, every }
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

/// A number of something: not less than none, and not without end.
fn is_amount(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

/// What counts of those answers, pool by pool. `before` is the last snapshot: it says since when a doubt holds.
#[must_use]
pub fn judged(answers: &Answers, usual: &Usual, known: Known<'_>, before: Option<&Snapshot>) -> Snapshot {
    let judge = Judge { answers, usual, known };
    let pools = pools_looked_at(known.inventory, &known.rules.traffic).into_iter().map(|pool| {
        let measured = judge.pool(&pool).map_err(|why| {
            let earlier = before.and_then(|before| before.pools.get(&pool)).and_then(|pool| pool.as_ref().err());
            Doubt { why, since: earlier.map_or(known.now, |doubt| doubt.since) }
        });
        (pool, measured)
    });
    Snapshot { pools: pools.collect(), silent: None }
}

/// The pools in which a server can carry something.
fn pools_looked_at(inventory: &Inventory, rules: &TrafficRules) -> BTreeSet<PoolName> {
    let carries = |server: &&Server| rules.units(server) != Ok(0);
    inventory.servers().iter().filter(carries).filter_map(|server| server.pool.clone()).collect()
}

struct Judge<'a> {
    answers: &'a Answers,
    usual: &'a Usual,
    known: Known<'a>,
}

impl Judge<'_> {
    fn pool(&self, pool: &PoolName) -> Result<Measured, String> {
        let (rules, now) = (&self.known.rules.traffic, self.known.now);
        let units = one(&self.answers.traffic, pool, "its traffic")?;
        let seen = one(&self.answers.seen, pool, "when its traffic was measured")?;
        #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
        let seen_at = Timestamp::from_millis((seen * 1000.0) as i64);
        if seen_at > now.plus(rules.age_max) {
            return Err("its clock is ahead of ours".to_owned());
        }
        if now.since(seen_at) > rules.age_max {
            return Err(format!("the newest measurement is from {}", seen_at.clock_text()));
        }
        let expected = self.expected(pool);
        let up = if expected == 0 { 0.0 } else { one(&self.answers.up, pool, "how many of its servers are measured")? };
        if up * 100.0 < f64::from(expected) * f64::from(rules.coverage_min_percent) {
            return Err(format!("{up:.0} of {expected} servers are measured"));
        }
        let mut series = self.answers.before.iter().filter(|series| is_of(&series.labels, pool));
        let before = match (series.next(), series.next()) {
            (None, _) => Vec::new(),
            (Some(series), None) => series.points.clone(),
            (Some(_), Some(_)) => return Err("several histories instead of one".to_owned()),
        };
        if !before.iter().all(|(_, value)| is_amount(*value)) {
            return Err("a value of the last minutes is no amount".to_owned());
        }
        if !before.is_sorted_by(|(earlier, _), (later, _)| earlier < later) {
            return Err("the values of the last minutes are not in order".to_owned());
        }
        Ok(Measured { units, seen_at, before, usual: self.usual.pools.get(pool).copied() })
    }

    /// The servers that ought to be measured: all but those that may be off, under work, known not to answer, or at rest
    /// where nobody serves from. What its load balancer sees in service all the same ought to be.
    ///
    /// How many are measured is one number a pool, which does not say which servers it counts: of those that are left out
    /// here the ones that are on count there. So as many of the others as are left out and on may be missing unnoticed.
    /// Counting them against the number would make every pool with a server in repair not known, which is off indeed.
    fn expected(&self, pool: &PoolName) -> u32 {
        let ledger: &Ledger = self.known.ledger;
        let is_at_rest = |server: &Server| match ledger.state(server) {
            ProductionState::Standby | ProductionState::Maintenance | ProductionState::Repair => {
                !ledger.is_contradicted(server)
            }
            ProductionState::Production
            | ProductionState::Draining
            | ProductionState::Drained
            | ProductionState::Undraining => false,
        };
        let may_be_off = |server: &Server| {
            let is_locked = ledger.lock(&server.id).is_some();
            let failing = ledger.health.get(&server.id).is_some_and(|row| row.health == Health::Failing);
            is_locked || failing || is_at_rest(server)
        };
        let members = self.known.inventory.in_pool(pool);
        u32::try_from(members.filter(|server| !may_be_off(server)).count()).unwrap_or(u32::MAX)
    }
}

fn is_of(labels: &BTreeMap<String, String>, pool: &PoolName) -> bool {
    labels.get(POOL_LABEL).is_some_and(|label| label == pool.as_str())
}

/// The one value of a pool.
fn one(samples: &[Sample], pool: &PoolName, what: &str) -> Result<f64, String> {
    let mut of_pool = samples.iter().filter(|sample| is_of(&sample.labels, pool));
    match (of_pool.next(), of_pool.next()) {
        (Some(sample), None) if is_amount(sample.value) => Ok(sample.value),
        (Some(sample), None) => Err(format!("{what} is {}, which is no amount", sample.value)),
        (None, _) => Err(format!("the metrics do not say {what}")),
        (Some(_), Some(_)) => Err(format!("the metrics say {what} more than once")),
    }
}
