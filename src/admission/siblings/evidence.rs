//! Whether what the metrics answered about single servers counts: each is known by exactly one value that is an amount, and by
//! when it was measured, or it is not known and why.
//!
//! Deliberately absent: asking, and what follows from what is known.

use super::rules::{Comparison, SoakRules};
use crate::domain::measure::Sample;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use std::collections::BTreeMap;
use std::time::Duration;

/// The label that says which server a value is of.
const SERVER_LABEL: &str = "server";

/// What is known of the metrics by which servers are compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Measures {
    /// Whoever decides has not asked for it: the next wave waits.
    NotAsked,
    /// There is no source of metrics: nothing is compared.
    NotConfigured,
    /// What the last look said of each comparison, by its name; of one that is not in it nobody has asked yet.
    Asked(BTreeMap<String, Answer>),
}

/// What the metrics said last of one comparison.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What was asked; with other queries under the same name it says nothing.
    pub of: Comparison,
    /// Each server that was spoken of: what it has, or why that is not known.
    pub servers: BTreeMap<ServerName, Result<Measured, String>>,
    /// Why there is no newer answer, if the source has been silent since.
    pub silent: Option<Silence>,
}

/// That there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Silence {
    /// What comes instead.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

/// What a server has, and what it had when it was measured before: one measurement alone may be noise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measured {
    /// The newest measurement.
    pub newest: Point,
    /// The one before.
    pub before: Option<Point>,
}

/// One measurement.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point {
    /// What was measured.
    pub value: f64,
    /// When.
    pub seen_at: Timestamp,
}

/// What counts was found to be an amount, and an amount equals itself.
impl Eq for Point {}

/// What the metrics answered to both queries of a comparison.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Samples {
    /// What each server has.
    pub values: Vec<Sample>,
    /// When that was measured.
    pub seen: Vec<Sample>,
}

impl Measures {
    /// The last answer to that comparison, as it is asked now.
    #[must_use]
    pub fn answer(&self, of: &Comparison) -> Option<&Answer> {
        match self {
            Self::NotAsked | Self::NotConfigured => None,
            Self::Asked(answers) => answers.get(&of.name).filter(|answer| answer.is_of(of)),
        }
    }

    /// The comparisons of which the last look got no answer, each with since when and why.
    pub fn silent(&self) -> impl Iterator<Item = (&str, &Silence)> {
        let answers = match self {
            Self::NotAsked | Self::NotConfigured => None,
            Self::Asked(answers) => Some(answers),
        };
        let each = answers.into_iter().flatten();
        each.filter_map(|(name, answer)| Some((name.as_str(), answer.silent.as_ref()?)))
    }
}

impl Answer {
    /// Whether it answers what is asked now.
    fn is_of(&self, of: &Comparison) -> bool {
        (&self.of.query, &self.of.seen) == (&of.query, &of.seen)
    }
}

/// What is known of a comparison after an answer to a question of that moment, or after its lack. `before` is the last one.
#[must_use]
pub fn judged(
    (of, rules): (&Comparison, &SoakRules),
    answer: Result<Samples, String>,
    (inventory, asked_at): (&Inventory, Timestamp),
    before: Option<&Answer>,
) -> Answer {
    let before = before.filter(|before| before.is_of(of));
    let earlier = before.map(|before| &before.servers);
    let told = answer.and_then(|samples| {
        let judge = Judge { age_max: rules.age_max, asked_at };
        let (values, seen) = (by_server(&samples.values), by_server(&samples.seen));
        let servers = inventory.servers().iter().map(|server| &server.name).filter_map(|name| {
            let (values, seen) = (values.get(name.as_str()), seen.get(name.as_str()));
            let spoken_of = values.is_some() || seen.is_some();
            let had = earlier.and_then(|servers| servers.get(name)?.as_ref().ok());
            spoken_of.then(|| (name.clone(), judge.server(values, seen, had)))
        });
        let servers = servers.collect::<BTreeMap<_, _>>();
        // As of a metric whose name is misspelt, or whose label is another.
        let of_nobody = servers.is_empty() && !inventory.servers().is_empty();
        if of_nobody { Err("it says nothing of any server of the inventory".to_owned()) } else { Ok(servers) }
    });
    match told {
        Ok(servers) => Answer { of: of.clone(), servers, silent: None },
        // The last answer counts until it is too old.
        Err(why) => {
            let since = before.and_then(|before| before.silent.as_ref()).map_or(asked_at, |silence| silence.since);
            let servers = earlier.cloned().unwrap_or_default();
            Answer { of: of.clone(), servers, silent: Some(Silence { why, since }) }
        }
    }
}

fn by_server(samples: &[Sample]) -> BTreeMap<&str, Vec<f64>> {
    let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for sample in samples {
        if let Some(name) = sample.labels.get(SERVER_LABEL) {
            values.entry(name.as_str()).or_default().push(sample.value);
        }
    }
    values
}

struct Judge {
    age_max: Duration,
    asked_at: Timestamp,
}

impl Judge {
    fn server(
        &self,
        values: Option<&Vec<f64>>,
        seen: Option<&Vec<f64>>,
        had: Option<&Measured>,
    ) -> Result<Measured, String> {
        let value = one(values, "it")?;
        let seen = one(seen, "when it was measured")?;
        #[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
        let seen_at = Timestamp::from_millis((seen * 1000.0) as i64);
        if seen_at > self.asked_at.plus(self.age_max) {
            return Err("its clock is ahead of ours".to_owned());
        }
        // Nothing is measured later than it is asked for, whatever that clock says.
        let seen_at = seen_at.min(self.asked_at);
        let before = had.and_then(|had| if had.newest.seen_at < seen_at { Some(had.newest) } else { had.before });
        let before = before.filter(|before| before.seen_at < seen_at);
        Ok(Measured { newest: Point { value, seen_at }, before })
    }
}

/// The one value of a server, if it is an amount: not less than none, and not without end.
fn one(values: Option<&Vec<f64>>, what: &str) -> Result<f64, String> {
    match values.map(Vec::as_slice) {
        Some([value]) if value.is_finite() && *value >= 0.0 => Ok(*value),
        Some([value]) => Err(format!("{what} is {value}, which is no amount")),
        None | Some([]) => Err(format!("the metrics do not say {what}")),
        Some([_, _, ..]) => Err(format!("the metrics say {what} more than once")),
    }
}
