//! The numbers of the traffic policy, and how `policies/admission.yaml` writes them under `traffic:`.

use super::standby_file::{StandbyFile, StandbyRules};
use super::usual::AHEAD_EVERY;
use crate::admission::file::AdmissionFileFault;
use crate::admission::written::Written;
use crate::domain::server::{Server, ServerType, SiteName};
use crate::domain::time::duration_of;
use crate::fleet::Inventory;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The tag of a server that says its capacity, where it differs from that of its type.
const CAPACITY_TAG: &str = "capacity";
/// What a server behind a load balancer can carry where nothing else is said.
const USUAL_UNITS: u32 = 1;
/// The most units that a server can be said to carry.
const UNITS_MAX: u32 = 1_000_000;
/// The furthest that it is looked ahead: behind half a day every fleet has had its peak.
const AHEAD_MAX: Duration = Duration::from_secs(12 * 3600);

/// What traffic is measured by, and how much of it is too much.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrafficRules {
    /// What each pool carries now, in units of capacity: one sample a pool, with the label `pool`.
    pub query: String,
    /// When the oldest part of that was measured, in seconds since the epoch: one sample a pool.
    pub seen: String,
    /// How many servers of each pool are measured: one sample a pool.
    pub up: String,
    /// What a server of a type can carry, in units; 1 for types that are not named, and 0 is not looked at.
    pub capacity: BTreeMap<ServerType, u32>,
    /// The sites that take over what a site cannot carry.
    pub absorbed_by: BTreeMap<SiteName, Vec<SiteName>>,
    /// The most load, in percent of the capacity that is left, at which a server may still be taken out.
    pub load_max_percent: u32,
    /// Once there was more, the load at which servers may be taken out again.
    pub resume_percent: u32,
    /// Above this load, servers that runs have taken out are put back where that is still possible.
    pub relief_percent: u32,
    /// What becomes of servers on standby above that load; `None` only tells of them.
    pub standby: Option<StandbyRules>,
    /// More than this share of the usual traffic of the hour is a surge.
    pub surge_percent: u32,
    /// More than this share of what it was five minutes ago is a steep rise.
    pub rise_percent: u32,
    /// How far ahead what usually comes must be carried as well; `None` is not at all.
    pub ahead: Option<Duration>,
    /// So much more than what usually comes ahead, in percent of it, must be carried.
    pub headroom_percent: u32,
    /// Surges and rises below this load do no harm.
    pub judged_from_percent: u32,
    /// For how long all must be well before a server may be taken out again.
    pub clear_for: Duration,
    /// An older measurement counts as not known.
    pub age_max: Duration,
    /// At least this share of the servers that may serve must be measured.
    pub coverage_min_percent: u32,
    /// How often traffic is looked at.
    pub look_every: Duration,
}

impl Default for TrafficRules {
    fn default() -> Self {
        Self {
            query: "sum by (pool) (fleet_traffic)".to_owned(),
            seen: "min by (pool) (timestamp(fleet_traffic))".to_owned(),
            up: "count by (pool) (up{job=\"fleet\"} == 1)".to_owned(),
            capacity: BTreeMap::new(),
            absorbed_by: BTreeMap::new(),
            load_max_percent: 70,
            resume_percent: 65,
            relief_percent: 85,
            standby: None,
            surge_percent: 130,
            rise_percent: 120,
            ahead: Some(Duration::from_secs(3600)),
            headroom_percent: 20,
            judged_from_percent: 40,
            clear_for: Duration::from_secs(600),
            age_max: Duration::from_secs(90),
            coverage_min_percent: 90,
            look_every: Duration::from_secs(15),
        }
    }
}

impl TrafficRules {
    /// What a server can carry: its tag `capacity`, else what is said of its type.
    ///
    /// # Errors
    /// Its tag, if it says no number.
    pub(in crate::admission) fn units(&self, server: &Server) -> Result<u32, String> {
        match server.tags.get(CAPACITY_TAG) {
            Some(tag) => match tag.as_str().parse::<u32>() {
                Ok(units) if units <= UNITS_MAX => Ok(units),
                Ok(_) | Err(_) => Err(format!("the tag {CAPACITY_TAG} of {} is no number of units", server.name)),
            },
            None => Ok(self.units_of_type(&server.server_type)),
        }
    }

    fn units_of_type(&self, server_type: &ServerType) -> u32 {
        self.capacity.get(server_type).copied().unwrap_or(USUAL_UNITS)
    }

    /// The same for one server of the inventory after the other: where none has the tag, none is looked through for it.
    pub(super) fn units_of<'a>(&'a self, inventory: &Inventory) -> impl Fn(&Server) -> Result<u32, String> + 'a {
        let is_said = inventory.has_tag(CAPACITY_TAG);
        move |server| if is_said { self.units(server) } else { Ok(self.units_of_type(&server.server_type)) }
    }
}

/// `traffic:` as written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::admission) struct TrafficFile {
    query: Option<String>,
    seen: Option<String>,
    up: Option<String>,
    #[serde(default)]
    capacity: BTreeMap<String, u32>,
    #[serde(default)]
    absorbed_by: BTreeMap<String, Vec<String>>,
    load_max: Option<String>,
    resume: Option<String>,
    relief: Option<String>,
    standby: Option<StandbyFile>,
    surge: Option<String>,
    rise: Option<String>,
    ahead: Option<String>,
    headroom: Option<String>,
    judged_from: Option<String>,
    clear_for: Option<String>,
    age_max: Option<String>,
    coverage_min: Option<String>,
    look_every: Option<String>,
}

impl TrafficFile {
    /// The numbers, each within its bounds and fitting the others.
    pub(in crate::admission) fn rules(self, written: Written<'_>) -> Result<TrafficRules, AdmissionFileFault> {
        let usual = TrafficRules::default();
        let fault =
            |key: &str, given: &str, takes: &str| Err(written.not_taken(&format!("traffic.{key}"), given, takes));
        let percent = |given: Option<String>, key: &str, usual: u32, bounds: (u32, u32)| match given {
            None => Ok(usual),
            Some(text) => match text.trim_end_matches('%').trim().parse::<u32>() {
                Ok(percent) if (bounds.0..=bounds.1).contains(&percent) => Ok(percent),
                Ok(_) | Err(_) => {
                    fault(key, &text, &format!("a percentage from {}% to {}%", bounds.0, bounds.1)).map(|(): ()| 0)
                }
            },
        };
        let length = |given: Option<String>, key: &str, usual: Duration, bounds: (&str, &str)| match given {
            None => Ok(usual),
            Some(text) => {
                let within = duration_of(&text).filter(|length| {
                    duration_of(bounds.0).is_some_and(|least| *length >= least)
                        && duration_of(bounds.1).is_some_and(|most| *length <= most)
                });
                match within {
                    Some(length) => Ok(length),
                    None => fault(key, &text, &format!("a length of time from {} to {}", bounds.0, bounds.1))
                        .map(|(): ()| Duration::ZERO),
                }
            }
        };
        let query = |given: Option<String>, key: &str, usual: String| match given {
            None => Ok(usual),
            Some(text) if text.trim().is_empty() => fault(key, &text, "a query").map(|(): ()| String::new()),
            Some(text) => Ok(text.trim().to_owned()),
        };
        if let Some((name, units)) = self.capacity.iter().find(|(_, units)| **units > UNITS_MAX) {
            fault(&format!("capacity.{name}"), &units.to_string(), &format!("units from 0 to {UNITS_MAX}"))?;
        }
        let sites =
            |(site, by): (String, Vec<String>)| (SiteName::new(site), by.into_iter().map(SiteName::new).collect());
        let mut rules = TrafficRules {
            query: query(self.query, "query", usual.query)?,
            seen: query(self.seen, "seen", usual.seen)?,
            up: query(self.up, "up", usual.up)?,
            capacity: self.capacity.into_iter().map(|(name, units)| (ServerType::new(name), units)).collect(),
            absorbed_by: self.absorbed_by.into_iter().map(sites).collect(),
            load_max_percent: percent(self.load_max, "load-max", usual.load_max_percent, (1, 100))?,
            resume_percent: percent(self.resume, "resume", usual.resume_percent, (1, 100))?,
            relief_percent: percent(self.relief, "relief", usual.relief_percent, (1, 1000))?,
            standby: None,
            surge_percent: percent(self.surge, "surge", usual.surge_percent, (101, 1000))?,
            rise_percent: percent(self.rise, "rise", usual.rise_percent, (101, 1000))?,
            ahead: ahead(self.ahead.as_deref(), usual.ahead, written)?,
            headroom_percent: percent(self.headroom, "headroom", usual.headroom_percent, (0, 500))?,
            judged_from_percent: percent(self.judged_from, "judged-from", usual.judged_from_percent, (0, 100))?,
            clear_for: length(self.clear_for, "clear-for", usual.clear_for, ("1s", "1d"))?,
            age_max: length(self.age_max, "age-max", usual.age_max, ("5s", "10m"))?,
            coverage_min_percent: percent(self.coverage_min, "coverage-min", usual.coverage_min_percent, (1, 100))?,
            look_every: length(self.look_every, "look-every", usual.look_every, ("1s", "5m"))?,
        };
        fit_each_other(&rules, written)?;
        rules.standby = self.standby.map(|standby| standby.rules(written, rules.resume_percent)).transpose()?;
        Ok(rules)
    }
}

/// How far it is looked ahead: in half hours, so not less than one.
fn ahead(
    given: Option<&str>,
    usual: Option<Duration>,
    written: Written<'_>,
) -> Result<Option<Duration>, AdmissionFileFault> {
    match given.map(str::trim) {
        None => Ok(usual),
        Some("none") => Ok(None),
        Some(text) => match duration_of(text).filter(|length| (AHEAD_EVERY..=AHEAD_MAX).contains(length)) {
            Some(length) => Ok(Some(length)),
            None => Err(written.not_taken("traffic.ahead", text, "a length of time from 30m to 12h, or none")),
        },
    }
}

/// Numbers that do not fit may be a default and what is written beside it.
fn fit_each_other(rules: &TrafficRules, written: Written<'_>) -> Result<(), AdmissionFileFault> {
    let (most, resume, relief) = (rules.load_max_percent, rules.resume_percent, rules.relief_percent);
    let load_max = "traffic.load-max";
    if resume > most {
        let takes = format!("at most load-max, {most}%");
        return Err(written.not_taken_at(&["traffic.resume", load_max], format!("{resume}%"), takes));
    }
    if relief < most {
        let takes = format!("at least load-max, {most}%");
        return Err(written.not_taken_at(&["traffic.relief", load_max], format!("{relief}%"), takes));
    }
    if rules.look_every * 2 > rules.age_max {
        let (every, half) = (rules.look_every.as_secs(), rules.age_max.as_secs() / 2);
        let takes = format!("at most half of age-max, {half}s");
        return Err(written.not_taken_at(&["traffic.look-every", "traffic.age-max"], format!("{every}s"), takes));
    }
    Ok(())
}
