//! Looks at what pools carry, often enough to count as fresh, and keeps the last answer where whoever decides finds it.
//!
//! What is needed of the past is in the metrics' own history. Deliberately absent: what an answer is worth, which admission says.

use super::lookout::{Lookout, Looks};
use super::world::World;
use super::{Service, Step};
use crate::admission::TrafficRules;
use crate::admission::traffic::{Answers, Snapshot, Traffic, Usual, judged, looked_back, same_hours, usual};
use crate::domain::time::Timestamp;
use crate::ports::metrics::MetricsFault;
use crate::ports::{Metrics, StoreFault};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// How long one query may take.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);

/// The source of metrics, if there is one, and what it said last.
pub type Gauge = Lookout<dyn Metrics, Traffic>;

impl Gauge {
    /// A gauge of that source; without one, traffic stops nothing.
    #[must_use]
    pub fn new(source: Option<Arc<dyn Metrics>>) -> Self {
        let first = if source.is_some() { Traffic::Pending } else { Traffic::NotConfigured };
        Self::at(source, first)
    }
}

type Look = Result<(Answers, Arc<Usual>), MetricsFault>;

/// Looks at traffic.
pub struct TrafficWatch {
    world: Arc<World>,
    looks: Looks<Look>,
    usual: Option<Arc<Usual>>,
}

impl TrafficWatch {
    /// A look-out over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, looks: Looks::new(), usual: None }
    }

    async fn take_in(&mut self, look: Look) -> Result<(), StoreFault> {
        let (world, now) = (&self.world, self.world.now());
        let before = world.traffic.now();
        let next = match look {
            Ok((answers, usual)) => {
                let (rulebook, ledger) = (world.rulebook(), world.store.ledger().await?);
                let earlier = if let Traffic::Seen(earlier) = before.as_ref() { Some(earlier) } else { None };
                let snapshot = judged(&answers, &usual, rulebook.known(&ledger, now), earlier);
                self.usual = Some(usual);
                tell_doubts(&snapshot, earlier);
                Traffic::Seen(snapshot)
            }
            Err(fault) => {
                let why = fault.to_string();
                tracing::warn!(%why, "traffic is not known");
                match before.as_ref() {
                    Traffic::Seen(snapshot) => Traffic::Seen(Snapshot { silent: Some(why), ..snapshot.clone() }),
                    Traffic::Silent { since, .. } => Traffic::Silent { why, since: *since },
                    Traffic::NotAsked | Traffic::NotConfigured | Traffic::LeftOut | Traffic::Pending => {
                        Traffic::Silent { why, since: now }
                    }
                }
            }
        };
        world.traffic.keep(next);
        // Servers that wait, and those that are missed, are looked at again.
        world.changes.send_modify(|count| *count += 1);
        Ok(())
    }
}

/// A pool that cannot be relied on any more, or again, is told once in the log.
fn tell_doubts(snapshot: &Snapshot, earlier: Option<&Snapshot>) {
    for (pool, measured) in &snapshot.pools {
        let was_known = earlier.is_none_or(|earlier| earlier.pools.get(pool).is_none_or(Result::is_ok));
        match measured {
            Err(doubt) if was_known => tracing::warn!(%pool, why = doubt.why, "its traffic is not known"),
            Ok(_) if !was_known => tracing::info!(%pool, "its traffic is known again"),
            Ok(_) | Err(_) => {}
        }
    }
}

/// Asks for everything that is needed to judge; one answer that is missing makes the whole look worth nothing. Of what is usual the
/// last answer counts for a while: what comes now must be known for servers to be put back, too.
async fn look(source: &dyn Metrics, rules: &TrafficRules, last: Option<Arc<Usual>>, now: Timestamp) -> Look {
    let at = |query| source.at(query, now, LOOK_DEADLINE);
    let answers = Answers {
        traffic: at(&rules.query).await?,
        seen: at(&rules.seen).await?,
        up: at(&rules.up).await?,
        before: source.over(&rules.query, looked_back(rules, now), LOOK_DEADLINE).await?,
    };
    let last = last.filter(|last| last.still_counts(rules, now));
    let usual_now = match last.clone().filter(|last| last.counts(rules, now)) {
        Some(last) => last,
        None => history(source, rules, now).await.or_else(|fault| last.ok_or(fault))?,
    };
    Ok((answers, usual_now))
}

async fn history(source: &dyn Metrics, rules: &TrafficRules, now: Timestamp) -> Result<Arc<Usual>, MetricsFault> {
    let mut weeks = Vec::new();
    for span in same_hours(rules, now) {
        weeks.push(source.over(&rules.query, span, LOOK_DEADLINE).await?);
    }
    Ok(Arc::new(usual(&weeks, rules, now)))
}

#[async_trait]
impl Service for TrafficWatch {
    fn name(&self) -> &'static str {
        "traffic"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let Some(source) = self.world.traffic.source() else { return Ok(Step::Idle { next_wake: None }) };
        let now = self.world.now();
        let mut made = false;
        while let Some(look) = self.looks.take() {
            made = true;
            self.take_in(look).await?;
        }
        if self.looks.is_due(now) {
            let rules = self.world.rulebook().rules.traffic.clone();
            let usual = self.usual.clone();
            let every = rules.look_every;
            self.looks.begin((now, every), async move { look(source.as_ref(), &rules, usual, now).await });
            made = true;
        }
        Ok(self.looks.step(made))
    }

    async fn ended(&mut self) {
        self.looks.ended().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::admission_rules;
    use crate::domain::measure::{Sample, Series, Span};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Answers what comes now and came a moment ago, and nothing of earlier weeks.
    struct NoHistory(AtomicUsize);

    #[async_trait]
    impl Metrics for NoHistory {
        async fn at(&self, _: &str, _: Timestamp, _: Duration) -> Result<Vec<Sample>, MetricsFault> {
            Ok(Vec::new())
        }

        async fn over(&self, _: &str, _: Span, _: Duration) -> Result<Vec<Series>, MetricsFault> {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(Vec::new()),
                _ => Err(MetricsFault::Unavailable("no answer in time".to_owned())),
            }
        }
    }

    /// What comes now must be known for servers to be put back, also while nobody answers what is usual.
    #[tokio::test]
    async fn what_was_usual_counts_while_nobody_answers_what_is() {
        let rules = admission_rules("admission.yaml", "").expect("defaults").traffic;
        let start = Timestamp::from_millis(1_764_511_500_000);
        let last = Arc::new(usual(&[], &rules, start));
        for (minutes, last, is_known) in [(30, Some(&last), true), (61, Some(&last), false), (30, None, false)] {
            let now = start.plus(Duration::from_secs(minutes * 60));
            let found = look(&NoHistory(AtomicUsize::new(0)), &rules, last.cloned(), now).await;
            assert_eq!(found.is_ok(), is_known, "after {minutes} minutes, {}", last.is_some());
        }
    }
}
