//! Asks what servers have that are compared with their siblings, while a finished wave of a request is watched, and keeps the last
//! answer where whoever decides finds it.
//!
//! While nobody is watched nothing is asked, but what has not answered yet as it is written, so that a query that fails shows before a
//! wave depends on it. Deliberately absent: what an answer is worth, which admission says.

use super::lookout::{Lookout, Looks};
use super::world::World;
use super::{Service, Step};
use crate::admission::is_watched;
use crate::admission::siblings::{Answer, Comparison, Measures, Samples, SoakRules, judged};
use crate::domain::time::Timestamp;
use crate::ports::metrics::MetricsFault;
use crate::ports::{Metrics, StoreFault};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long one query may take.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);

/// The source of metrics, if there is one, and what it said of servers last.
pub type Ruler = Lookout<dyn Metrics, Measures>;

impl Ruler {
    /// One that asks that source; without one, nothing is compared.
    #[must_use]
    pub fn new(source: Option<Arc<dyn Metrics>>) -> Self {
        let first = if source.is_some() { Measures::Asked(BTreeMap::new()) } else { Measures::NotConfigured };
        Self::at(source, first)
    }
}

/// When it was asked, and what came back of each comparison.
type Look = (Timestamp, Vec<(Comparison, Result<Samples, MetricsFault>)>);

/// Asks about servers that are watched.
pub struct Comparing {
    world: Arc<World>,
    looks: Looks<Look>,
}

impl Comparing {
    /// A look-out over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, looks: Looks::new() }
    }

    fn take_in(&self, (asked_at, answered): Look) {
        let (before, rulebook) = (self.world.ruler.now(), self.world.rulebook());
        let mut answers = BTreeMap::new();
        for (of, answer) in answered {
            let earlier = before.answer(&of);
            let answer = answer.map_err(|fault| fault.to_string());
            let next = judged((&of, &rulebook.rules.soak), answer, (&rulebook.inventory, asked_at), earlier);
            tell_doubt(&next, earlier);
            answers.insert(of.name.clone(), next);
        }
        self.world.ruler.keep(Measures::Asked(answers));
        // Waves that are watched are looked at again.
        self.world.changes.send_modify(|count| *count += 1);
    }

    /// Whether it matters now what servers have.
    async fn is_wanted(&self, rules: &SoakRules) -> Result<bool, StoreFault> {
        let known = self.world.ruler.now();
        let answers = |of: &Comparison| known.answer(of).is_some_and(|answer| answer.silent.is_none());
        if !rules.compare.iter().all(answers) {
            return Ok(true);
        }
        for request in self.world.store.open_requests().await? {
            if is_watched(&request, &self.world.store.runs(request.id()).await?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// That a comparison cannot be relied on any more, or can again, is told once in the log.
fn tell_doubt(next: &Answer, before: Option<&Answer>) {
    let was_silent = before.is_some_and(|before| before.silent.is_some());
    let comparison = &next.of.name;
    match &next.silent {
        Some(silence) if !was_silent => tracing::warn!(%comparison, why = silence.why, "servers are not measured"),
        None if was_silent => tracing::info!(%comparison, "servers are measured again"),
        Some(_) | None => {}
    }
}

/// Asks for every comparison by itself: what one lacks says nothing of another. But a source that does not answer is not waited
/// for again in the same look.
async fn look(source: &dyn Metrics, compare: Vec<Comparison>, now: Timestamp) -> Look {
    let (mut answered, mut away) = (Vec::new(), None);
    for comparison in compare {
        let answer = match &away {
            None => samples(source, &comparison, now).await,
            Some(fault) => Err(MetricsFault::clone(fault)),
        };
        if let Err(fault @ MetricsFault::Unavailable(_)) = &answer {
            away = Some(fault.clone());
        }
        answered.push((comparison, answer));
    }
    (now, answered)
}

async fn samples(source: &dyn Metrics, of: &Comparison, now: Timestamp) -> Result<Samples, MetricsFault> {
    let values = source.at(&of.query, now, LOOK_DEADLINE).await?;
    Ok(Samples { values, seen: source.at(&of.seen, now, LOOK_DEADLINE).await? })
}

#[async_trait]
impl Service for Comparing {
    fn name(&self) -> &'static str {
        "comparing"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let Some(source) = self.world.ruler.source() else { return Ok(Step::Idle { next_wake: None }) };
        let now = self.world.now();
        let mut made = false;
        while let Some(look) = self.looks.take() {
            made = true;
            self.take_in(look);
        }
        let rules = self.world.rulebook().rules.soak.clone();
        if rules.compare.is_empty() {
            return Ok(if made { Step::Made } else { Step::Idle { next_wake: None } });
        }
        if self.looks.is_due(now) {
            let every = rules.look_every;
            if self.is_wanted(&rules).await? {
                self.looks.begin((now, every), async move { look(source.as_ref(), rules.compare, now).await });
                made = true;
            } else {
                self.looks.put_off(now, every);
            }
        }
        Ok(self.looks.step(made))
    }

    async fn ended(&mut self) {
        self.looks.ended().await;
    }
}
