//! The numbers of the infrastructure policy, and how `policies/admission.yaml` writes them under `infrastructure:`.

use crate::admission::file::AdmissionFileFault;
use crate::admission::written::{Misnomer, Spot, Written};
use crate::domain::server::TagName;
use crate::domain::time::duration_of;
use crate::fleet::Inventory;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// More domains than anybody would let out at once.
const AT_ONCE_MAX: u32 = 1_000;

/// What is redundant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InfrastructureRules {
    /// The tags that tell failure domains apart.
    pub domains: Vec<DomainRule>,
    /// The most sites of a metro that may have servers out at once.
    pub metro_sites_at_once: u32,
    /// Which alerts keep servers from being taken out.
    pub alerts: AlertRules,
}

/// Which alerts keep servers from being taken out, and what proves that there would be some.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertRules {
    /// Those that have one of these values for each of these labels block where they say that something is wrong.
    pub selector: BTreeMap<String, Vec<String>>,
    /// Those that have one of these values for each of these labels block everywhere; no label is none of them.
    pub everywhere: BTreeMap<String, Vec<String>>,
    /// The name of the alert that always fires.
    pub watchdog: String,
    /// An older answer counts as not known.
    pub age_max: Duration,
    /// How often alerts are looked at.
    pub look_every: Duration,
}

impl Default for AlertRules {
    fn default() -> Self {
        Self {
            selector: BTreeMap::from([("severity".to_owned(), vec!["critical".to_owned()])]),
            everywhere: BTreeMap::new(),
            watchdog: "Watchdog".to_owned(),
            age_max: Duration::from_secs(120),
            look_every: Duration::from_secs(15),
        }
    }
}

impl Default for InfrastructureRules {
    fn default() -> Self {
        Self { domains: Vec::new(), metro_sites_at_once: 1, alerts: AlertRules::default() }
    }
}

/// A tag that tells failure domains apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainRule {
    /// The tag; `rack` is the rack itself.
    pub tag: TagName,
    /// Where its values stand in for each other.
    pub within: Within,
    /// The most of them that may have servers out at once.
    pub at_once: u32,
}

/// Where failure domains stand in for each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Within {
    /// In each site.
    Site,
    /// In each pool.
    Pool,
}

impl Within {
    /// The word of the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Pool => "pool",
        }
    }
}

/// `infrastructure:` as written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::admission) struct InfrastructureFile {
    #[serde(default)]
    domains: Vec<DomainEntry>,
    metro_sites_at_once: Option<u32>,
    #[serde(default)]
    alerts: AlertsFile,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AlertsFile {
    selector: Option<BTreeMap<String, Vec<String>>>,
    everywhere: Option<BTreeMap<String, Vec<String>>>,
    watchdog: Option<String>,
    age_max: Option<String>,
    look_every: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DomainEntry {
    tag: String,
    within: Option<String>,
    at_once: Option<u32>,
}

impl InfrastructureFile {
    /// The numbers, each within its bounds.
    pub(in crate::admission) fn rules(self, written: Written<'_>) -> Result<InfrastructureRules, AdmissionFileFault> {
        let usual = InfrastructureRules::default();
        let mut domains: Vec<DomainRule> = Vec::new();
        for (place, entry) in self.domains.iter().enumerate() {
            let rule = domain((written, place), entry)?;
            if domains.iter().any(|other| (&other.tag, other.within) == (&rule.tag, rule.within)) {
                let what = format!("infrastructure.domains names `{}` twice within the same", rule.tag);
                return Err(written.fault(&[tag_of(place)], what));
            }
            domains.push(rule);
        }
        Ok(InfrastructureRules {
            domains,
            metro_sites_at_once: {
                let given = self.metro_sites_at_once.unwrap_or(usual.metro_sites_at_once);
                at_once(written, ("metro-sites-at-once", "metro-sites-at-once"), (given, "sites"))?
            },
            alerts: alerts(written, self.alerts)?,
        })
    }
}

/// Where the tag of that domain is written.
fn tag_of(place: usize) -> Spot {
    Spot::Value(format!("infrastructure.domains.{place}.tag"))
}

fn domain((written, place): (Written<'_>, usize), entry: &DomainEntry) -> Result<DomainRule, AdmissionFileFault> {
    let fault = |key: &str, given: &str, takes: &str| {
        let what = format!("infrastructure.domains.{key} is `{given}`; it takes {takes}");
        Err(written.fault(&[Spot::Value(format!("infrastructure.domains.{place}.{key}"))], what))
    };
    let tag = entry.tag.trim();
    if tag.is_empty() {
        return fault("tag", tag, "the name of a tag, such as feed");
    }
    let within = match entry.within.as_deref() {
        None | Some("site") => Within::Site,
        Some("pool") => Within::Pool,
        Some(other) => return fault("within", other, "site or pool"),
    };
    let at_once = {
        let keys = ("domains.at-once", format!("domains.{place}.at-once"));
        at_once(written, (keys.0, &keys.1), (entry.at_once.unwrap_or(1), "domains"))?
    };
    Ok(DomainRule { tag: TagName::new(tag), within, at_once })
}

fn alerts(written: Written<'_>, given: AlertsFile) -> Result<AlertRules, AdmissionFileFault> {
    let usual = AlertRules::default();
    let fault =
        |key: &str, given: &str, takes: &str| written.not_taken(&format!("infrastructure.alerts.{key}"), given, takes);
    let length = |given: Option<String>, key: &str, usual: Duration, (least, most): (&str, &str)| match given {
        None => Ok(usual),
        Some(text) => {
            let within = duration_of(&text).filter(|length| {
                duration_of(least).is_some_and(|least| *length >= least)
                    && duration_of(most).is_some_and(|most| *length <= most)
            });
            within.ok_or_else(|| fault(key, &text, &format!("a length of time from {least} to {most}")))
        }
    };
    let labels = |key: &str, given: BTreeMap<String, Vec<String>>| match given.iter().find(|(_, all)| all.is_empty()) {
        Some((label, _)) => Err(fault(&format!("{key}.{label}"), "[]", "at least one value")),
        None => Ok(given),
    };
    let rules = AlertRules {
        selector: match given.selector {
            None => usual.selector,
            // An empty choice is never all of them.
            Some(all) if all.is_empty() => return Err(fault("selector", "{}", "at least one label with its values")),
            Some(all) => labels("selector", all)?,
        },
        everywhere: labels("everywhere", given.everywhere.unwrap_or_default())?,
        watchdog: match given.watchdog {
            None => usual.watchdog,
            Some(name) if name.trim().is_empty() => return Err(fault("watchdog", &name, "the name of an alert")),
            Some(name) => name.trim().to_owned(),
        },
        age_max: length(given.age_max, "age-max", usual.age_max, ("5s", "10m"))?,
        look_every: length(given.look_every, "look-every", usual.look_every, ("1s", "5m"))?,
    };
    if rules.look_every * 2 > rules.age_max {
        let (every, half) = (rules.look_every.as_secs(), rules.age_max.as_secs() / 2);
        let keys = ["infrastructure.alerts.look-every", "infrastructure.alerts.age-max"];
        return Err(written.not_taken_at(&keys, format!("{every}s"), format!("at most half of age-max, {half}s")));
    }
    Ok(rules)
}

/// None at once would be a freeze for ever, and there is a freeze for that.
fn at_once(
    written: Written<'_>,
    (key, path): (&str, &str),
    (given, what): (u32, &str),
) -> Result<u32, AdmissionFileFault> {
    if (1..=AT_ONCE_MAX).contains(&given) {
        return Ok(given);
    }
    let what = format!("infrastructure.{key} is `{given}`; it takes 1 to {AT_ONCE_MAX} {what}");
    Err(written.fault(&[Spot::Value(format!("infrastructure.{path}"))], what))
}

/// What the numbers name that no server of the inventory has, each in words: such a rule would protect nothing.
#[must_use]
pub fn strangers(rules: &InfrastructureRules, inventory: &Inventory) -> Vec<Misnomer> {
    let is_known =
        |tag: &TagName| tag.as_str() == "rack" || inventory.servers().iter().any(|one| one.tags.contains_key(tag));
    let unknown = rules.domains.iter().enumerate().filter(|(_, rule)| !is_known(&rule.tag));
    let told = unknown.map(|(place, rule)| Misnomer {
        spot: tag_of(place),
        what: format!("infrastructure.domains names the tag `{}`, and no server has it", rule.tag),
    });
    told.collect()
}
