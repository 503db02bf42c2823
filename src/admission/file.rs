//! `policies/admission.yaml`: the numbers that admission uses, each with a safe default.

use super::Rules;
use super::traffic::TrafficFile;
use serde::Deserialize;
use std::time::Duration;

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AdmissionFile {
    #[serde(default)]
    capacity: Capacity,
    #[serde(default)]
    health: Health,
    #[serde(default)]
    concurrency: Concurrency,
    #[serde(default)]
    traffic: TrafficFile,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Capacity {
    out_max: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Health {
    age_max: Option<String>,
    unknown_max: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Concurrency {
    fleet: Option<u32>,
}

/// Why the file does not say what admission needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AdmissionFileFault(String);

impl AdmissionFileFault {
    pub(super) fn new(what: String) -> Self {
        Self(what)
    }
}

/// Reads the numbers of admission; what the file leaves out keeps its default.
///
/// # Errors
/// Unknown keys, or values that are not what they should be; with line and column.
pub fn admission_rules(file: &str, text: &str) -> Result<Rules, AdmissionFileFault> {
    let usual = Rules::default();
    if text.trim().is_empty() {
        return Ok(usual);
    }
    let read = serde_saphyr::from_str::<AdmissionFile>(text);
    let read = read.map_err(|fault| AdmissionFileFault(format!("{file}: {fault}")))?;
    let percent = |given: Option<String>, key: &str, usual: u8| match given {
        None => Ok(usual),
        Some(text) => match text.trim_end_matches('%').trim().parse::<u8>() {
            Ok(percent) if percent <= 100 => Ok(percent),
            Ok(_) | Err(_) => {
                Err(AdmissionFileFault(format!("{file}: {key} is `{text}`; it takes a percentage such as 10%")))
            }
        },
    };
    let health_age_max = match read.health.age_max {
        None => usual.health_age_max,
        Some(text) => match crate::domain::time::duration_of(&text) {
            Some(duration) if duration >= Duration::from_secs(10) => duration,
            Some(_) | None => {
                let fault =
                    format!("{file}: health.age-max is `{text}`; it takes a duration of at least 10s, such as 2m");
                return Err(AdmissionFileFault(fault));
            }
        },
    };
    Ok(Rules {
        pool_out_max_percent: percent(read.capacity.out_max, "capacity.out-max", usual.pool_out_max_percent)?,
        health_age_max,
        unknown_max_percent: percent(read.health.unknown_max, "health.unknown-max", usual.unknown_max_percent)?,
        fleet_concurrency: read.concurrency.fleet.unwrap_or(usual.fleet_concurrency),
        traffic: read.traffic.rules(file)?,
    })
}
