//! What comes to the simulated fleet: a curve for each site, and what its metrics make of it.
//!
//! The past is worked out and never stored, so that there are four weeks of it at the start. A curve that is changed
//! changes nothing before.

use crate::domain::server::{ServerName, SiteName};
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;
use std::time::Duration;

const DAY_MS: f64 = 86_400_000.0;
const HOUR_MS: f64 = 3_600_000.0;
/// How often servers are measured.
pub const MEASURED_EVERY: Duration = Duration::from_secs(15);
/// For how long the last measurement is still answered.
const ANSWERED_FOR: Duration = Duration::from_secs(300);

/// The share of requests that fail at a server, where nothing else is said.
const USUAL_ERRORS: f64 = 0.002;

/// How much comes to a site, as a share of what its servers could carry together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Curve {
    /// Always the same.
    Level(f64),
    /// Least at night and most at the peak hour, in UTC.
    Day {
        /// The least.
        low: f64,
        /// The most.
        high: f64,
        /// When that is, in hours after midnight.
        peak_hour: f64,
    },
}

impl Curve {
    fn at(self, at: Timestamp) -> f64 {
        match self {
            Self::Level(level) => level,
            Self::Day { low, high, peak_hour } => {
                #[expect(clippy::cast_precision_loss, reason = "a simulated curve need not be exact")]
                let since_peak = at.millis() as f64 - peak_hour * HOUR_MS;
                let wave = f64::midpoint((since_peak / DAY_MS * TAU).cos(), 1.0);
                low + (high - low) * wave
            }
        }
    }
}

/// The evening of each standard site, in hours UTC.
fn usual_curve(site: &SiteName) -> Curve {
    let peak_hour = match site.as_str() {
        "lax" => 4.0,
        "riga" => 18.0,
        "sin" => 12.0,
        "gru" => 23.0,
        "nrt" => 11.0,
        _ => 19.0,
    };
    Curve::Day { low: 0.2, high: 0.5, peak_hour }
}

/// What is wrong with the metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricsTrouble {
    /// Nothing is measured any more since then.
    Stale(Timestamp),
    /// Nobody answers.
    Silent,
    /// Answers come with a warning.
    Doubtful,
    /// Values are no numbers.
    NoNumbers,
}

/// What comes, and what the metrics tell of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TrafficModel {
    curves: BTreeMap<SiteName, Vec<(Timestamp, Curve)>>,
    trouble: Option<MetricsTrouble>,
    missing: BTreeSet<SiteName>,
    begins: Option<Timestamp>,
    errors: BTreeMap<ServerName, Vec<(Timestamp, f64)>>,
}

impl TrafficModel {
    /// From then on that comes to the site.
    pub fn set(&mut self, site: &SiteName, curve: Curve, from: Timestamp) {
        self.curves.entry(site.clone()).or_default().push((from, curve));
    }

    /// That comes to the site, and always did.
    pub fn set_always(&mut self, site: &SiteName, curve: Curve) {
        self.curves.insert(site.clone(), vec![(Timestamp::default(), curve)]);
    }

    /// From then on that share of a server's requests fails.
    pub fn set_errors(&mut self, server: &ServerName, share: f64, from: Timestamp) {
        self.errors.entry(server.clone()).or_default().push((from, share));
    }

    /// The share of a server's requests that fails at that time.
    #[must_use]
    pub fn errors(&self, server: &ServerName, at: Timestamp) -> f64 {
        let changes = self.errors.get(server).map(Vec::as_slice).unwrap_or_default();
        changes.iter().rev().find(|(from, _)| *from <= at).map_or(USUAL_ERRORS, |(_, share)| *share)
    }

    /// The metrics have that trouble, or none.
    pub fn set_trouble(&mut self, trouble: Option<MetricsTrouble>) {
        self.trouble = trouble;
    }

    /// The metrics know nothing of those sites.
    pub fn set_missing(&mut self, sites: BTreeSet<SiteName>) {
        self.missing = sites;
    }

    /// The metrics know nothing of the time before.
    pub fn begin_history(&mut self, at: Timestamp) {
        self.begins = Some(at);
    }

    /// What is wrong with the metrics.
    #[must_use]
    pub fn trouble(&self) -> Option<MetricsTrouble> {
        self.trouble
    }

    /// The share of its capacity that comes to a site at that time.
    #[must_use]
    pub fn share(&self, site: &SiteName, at: Timestamp) -> f64 {
        let changes = self.curves.get(site).map(Vec::as_slice).unwrap_or_default();
        let changed = changes.iter().rev().find(|(from, _)| *from <= at);
        changed.map_or_else(|| usual_curve(site), |(_, curve)| *curve).at(at)
    }

    /// The share that the metrics tell at that time, and when it was measured; nothing where they know nothing.
    #[must_use]
    pub fn told(&self, site: &SiteName, at: Timestamp) -> Option<(f64, Timestamp)> {
        if self.missing.contains(site) {
            return None;
        }
        let last = at.minus(Duration::from_millis(
            u64::try_from(at.millis().rem_euclid(crate::domain::time::millis(MEASURED_EVERY))).unwrap_or_default(),
        ));
        let measured = match self.trouble {
            Some(MetricsTrouble::Stale(since)) => last.min(since),
            Some(MetricsTrouble::Silent | MetricsTrouble::Doubtful | MetricsTrouble::NoNumbers) | None => last,
        };
        if at.since(measured) > ANSWERED_FOR || self.begins.is_some_and(|begins| measured < begins) {
            return None;
        }
        let is_number = self.trouble != Some(MetricsTrouble::NoNumbers);
        Some((if is_number { self.share(site, at.min(measured.plus(MEASURED_EVERY))) } else { f64::NAN }, measured))
    }
}
