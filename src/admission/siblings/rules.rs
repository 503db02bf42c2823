//! By which metrics the servers of a wave are compared with their siblings, and how `policies/admission.yaml` writes it under
//! `soak:`.

use crate::admission::file::AdmissionFileFault;
use crate::admission::written::{Spot, Written};
use crate::domain::time::{duration_of, exact};
use serde::Deserialize;
use std::fmt::{Display, Formatter};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Each costs two queries a look.
const COMPARISONS_MAX: usize = 8;
/// It is read in the middle of a sentence.
const NAME_LENGTH_MAX: usize = 30;
/// With a single sibling nobody could say which of the two is the odd one.
const SIBLINGS: RangeInclusive<u32> = 2..=100;
const ABOVE_PERCENT: RangeInclusive<u32> = 101..=10_000;
const BELOW_PERCENT: RangeInclusive<u32> = 1..=99;
const FLOOR_MAX: f64 = 1e9;
const MILLION: f64 = 1e6;

/// How servers of a finished wave are compared with their siblings while they are watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SoakRules {
    /// By what, in the order in which it is told.
    pub compare: Vec<Comparison>,
    /// With fewer siblings nothing is compared.
    pub siblings_min: u32,
    /// How far the queries look back at most: what was measured sooner after a run is of the work itself.
    pub over: Duration,
    /// An older measurement counts as not known.
    pub age_max: Duration,
    /// How often the metrics are asked while somebody is watched.
    pub look_every: Duration,
}

/// One thing by which servers are compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// What is measured, as people read it.
    pub name: String,
    /// What each server has: one sample a server, with the label `server`.
    pub query: String,
    /// When that was measured, in seconds since the epoch: one sample a server.
    pub seen: String,
    /// Which way is bad, and how far.
    pub bad: Bad,
    /// What is too little to be judged.
    pub floor: Floor,
}

/// Which way is bad, and from which share of what siblings have on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bad {
    /// Above that percentage.
    Above(u32),
    /// Below that percentage.
    Below(u32),
}

/// Where more is bad, a server with less harms nobody; where less is bad, siblings with less prove nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Floor {
    /// In millionths of what is measured.
    pub millionths: u64,
    /// Whether it is written as a percentage: then what is measured is a share, and is told as one.
    pub is_share: bool,
}

/// `errors above 300% from 1%`; without what is asked.
impl Display for Comparison {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        let (word, percent) = match self.bad {
            Bad::Above(percent) => ("above", percent),
            Bad::Below(percent) => ("below", percent),
        };
        let floor = if self.floor.is_share { self.floor.value() * 100.0 } else { self.floor.value() };
        let sign = if self.floor.is_share { "%" } else { "" };
        write!(out, "{} {word} {percent}% from {floor}{sign}", self.name)
    }
}

impl Floor {
    pub(super) fn value(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "it is at most 1e15, which is exact in it")]
        let millionths = self.millionths as f64;
        millionths / MILLION
    }
}

impl Default for SoakRules {
    fn default() -> Self {
        Self {
            compare: Vec::new(),
            siblings_min: 3,
            over: Duration::from_secs(120),
            age_max: Duration::from_secs(90),
            look_every: Duration::from_secs(15),
        }
    }
}

/// `soak:` as written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::admission) struct SoakFile {
    #[serde(default)]
    compare: Vec<ComparisonFile>,
    siblings: Option<u32>,
    over: Option<String>,
    age_max: Option<String>,
    look_every: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ComparisonFile {
    name: Option<String>,
    query: Option<String>,
    seen: Option<String>,
    above: Option<String>,
    below: Option<String>,
    floor: Option<String>,
}

impl SoakFile {
    /// The same, each value within its bounds.
    pub(in crate::admission) fn rules(self, written: Written<'_>) -> Result<SoakRules, AdmissionFileFault> {
        let (usual, read) = (SoakRules::default(), Read { written });
        let siblings_min = self.siblings.unwrap_or(usual.siblings_min);
        if !SIBLINGS.contains(&siblings_min) {
            let takes = format!("{} to {} siblings", SIBLINGS.start(), SIBLINGS.end());
            return Err(written.not_taken("soak.siblings", siblings_min, takes));
        }
        let rules = SoakRules {
            compare: read.comparisons(&self.compare)?,
            siblings_min,
            over: read.length(self.over.as_deref(), "over", usual.over, ("1s", "30m"))?,
            age_max: read.length(self.age_max.as_deref(), "age-max", usual.age_max, ("5s", "10m"))?,
            look_every: read.length(self.look_every.as_deref(), "look-every", usual.look_every, ("1s", "5m"))?,
        };
        if rules.look_every * 2 > rules.age_max {
            let takes = format!("at most half of age-max, {}", exact(rules.age_max / 2));
            let keys = ["soak.look-every", "soak.age-max"];
            return Err(written.not_taken_at(&keys, exact(rules.look_every), takes));
        }
        Ok(rules)
    }
}

/// Reads values, and says where one is that cannot be.
#[derive(Clone, Copy)]
struct Read<'a> {
    written: Written<'a>,
}

impl Read<'_> {
    fn length(
        self,
        given: Option<&str>,
        key: &str,
        usual: Duration,
        (least, most): (&str, &str),
    ) -> Result<Duration, AdmissionFileFault> {
        let Some(text) = given else { return Ok(usual) };
        let within = duration_of(text).filter(|length| {
            duration_of(least).is_some_and(|least| *length >= least)
                && duration_of(most).is_some_and(|most| *length <= most)
        });
        let takes = || format!("a length of time from {least} to {most}");
        within.ok_or_else(|| self.written.not_taken(&format!("soak.{key}"), text, takes()))
    }

    fn comparisons(self, given: &[ComparisonFile]) -> Result<Vec<Comparison>, AdmissionFileFault> {
        let mut compare: Vec<Comparison> = Vec::new();
        for (place, entry) in given.iter().enumerate() {
            if place == COMPARISONS_MAX {
                let what =
                    format!("soak.compare has more than {COMPARISONS_MAX} comparisons; each is asked at every look");
                return Err(self.fault(place, "name", what));
            }
            let comparison = self.comparison(place, entry)?;
            if compare.iter().any(|other| other.name == comparison.name) {
                let what = format!("soak.compare names `{}` twice", comparison.name);
                return Err(self.fault(place, "name", what));
            }
            compare.push(comparison);
        }
        Ok(compare)
    }

    /// A fault at that key of a comparison, or at the comparison where it has no such key.
    fn fault(self, place: usize, key: &str, what: String) -> AdmissionFileFault {
        self.written.fault(&[Spot::Value(format!("soak.compare.{place}.{key}"))], what)
    }

    fn not_taken(self, place: usize, (key, given): (&str, &str), takes: &str) -> AdmissionFileFault {
        self.fault(place, key, format!("soak.compare.{key} is `{given}`; it takes {takes}"))
    }

    fn comparison(self, place: usize, entry: &ComparisonFile) -> Result<Comparison, AdmissionFileFault> {
        let text = |key: &str, given: &Option<String>, takes: &str| match given.as_deref().map(str::trim) {
            None => Err(self.fault(place, key, format!("a comparison of soak.compare lacks `{key}`: {takes}"))),
            Some("") => Err(self.not_taken(place, (key, ""), takes)),
            Some(text) => Ok(text.to_owned()),
        };
        let takes = "a word of letters, digits and -, such as errors";
        let name = text("name", &entry.name, takes)?;
        let is_word = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        if !is_word || name.len() > NAME_LENGTH_MAX {
            return Err(self.not_taken(place, ("name", &name), takes));
        }
        let query = text("query", &entry.query, "a query that answers one sample a server, with the label server")?;
        let seen = text("seen", &entry.seen, "a query that answers when that was measured, one sample a server")?;
        let bad = self.bad(place, entry)?;
        let takes = "what is too little to be judged: more than 0, such as 1% of a share, or 5";
        let floor = text("floor", &entry.floor, takes)?;
        let floor = floor_of(&floor).ok_or_else(|| self.not_taken(place, ("floor", &floor), takes))?;
        Ok(Comparison { name, query, seen, bad, floor })
    }

    fn bad(self, place: usize, entry: &ComparisonFile) -> Result<Bad, AdmissionFileFault> {
        let percent = |key: &str, text: &str, bounds: RangeInclusive<u32>| {
            let percent = text.trim_end_matches('%').trim().parse::<u32>().ok().filter(|one| bounds.contains(one));
            let takes = || format!("a percentage of what siblings have, from {}% to {}%", bounds.start(), bounds.end());
            percent.ok_or_else(|| self.not_taken(place, (key, text), &takes()))
        };
        match (&entry.above, &entry.below) {
            (Some(text), None) => percent("above", text, ABOVE_PERCENT).map(Bad::Above),
            (None, Some(text)) => percent("below", text, BELOW_PERCENT).map(Bad::Below),
            (Some(_), Some(_)) => {
                let what = "a comparison of soak.compare has both `above` and `below`; it takes one of them";
                Err(self.fault(place, "below", what.to_owned()))
            }
            (None, None) => {
                let what =
                    "a comparison of soak.compare lacks what is bad: above: 300% of what siblings have, or below: 50%";
                Err(self.fault(place, "above", what.to_owned()))
            }
        }
    }
}

/// `1%`, `0.5`, `20`.
fn floor_of(text: &str) -> Option<Floor> {
    let (number, is_share) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim().parse::<f64>().ok()? / 100.0, true),
        None => (text.parse::<f64>().ok()?, false),
    };
    if !(number > 0.0 && number <= FLOOR_MAX) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive and at most 1e15")]
    let millionths = (number * MILLION).round() as u64;
    (millionths > 0).then_some(Floor { millionths, is_share })
}
