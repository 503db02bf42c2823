//! `policies/admission.yaml`: the numbers that admission uses, each with a safe default.

use super::Rules;
use super::file_override::override_rules;
use super::traffic::TrafficFile;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::ops::Range;
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
    /// Read with its places, by `file_override`.
    #[serde(default, rename = "override")]
    _overrides: IgnoredAny,
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
    command: Option<u32>,
    type_in_site: Option<String>,
    rack: Option<u32>,
}

/// Why the file does not say what admission needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown}")]
pub struct AdmissionFileFault {
    shown: String,
    /// The line, counted from 1, where the fault has a place.
    pub line: Option<usize>,
    /// What is wrong and what it takes instead, without the place.
    pub what: String,
}

impl AdmissionFileFault {
    pub(super) fn of(file: &str, what: String) -> Self {
        Self { shown: format!("{file}: {what}"), line: None, what }
    }

    /// With the place in the file, and the line with a mark under what is wrong.
    pub(super) fn at(file: &str, text: &str, span: &Range<usize>, what: String) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let written = text.lines().nth(line - 1).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let marked = text.get(span.clone()).map_or(1, |marked| marked.chars().count().max(1));
        let mark = format!("{}{}", " ".repeat(column), "^".repeat(marked));
        let shown = format!("{file}:{line}:{}: {what}\n  {written}\n  {mark}", column + 1);
        Self { shown, line: Some(line), what }
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
    let read = read.map_err(|fault| AdmissionFileFault::of(file, fault.to_string()))?;
    let percent = |given: Option<String>, key: &str, usual: u8| match given {
        None => Ok(usual),
        Some(text) => match text.trim_end_matches('%').trim().parse::<u8>() {
            Ok(percent) if percent <= 100 => Ok(percent),
            Ok(_) | Err(_) => {
                Err(AdmissionFileFault::of(file, format!("{key} is `{text}`; it takes a percentage such as 10%")))
            }
        },
    };
    let health_age_max = match read.health.age_max {
        None => usual.health_age_max,
        Some(text) => match crate::domain::time::duration_of(&text) {
            Some(duration) if duration >= Duration::from_secs(10) => duration,
            Some(_) | None => {
                let fault = format!("health.age-max is `{text}`; it takes a duration of at least 10s, such as 2m");
                return Err(AdmissionFileFault::of(file, fault));
            }
        },
    };
    Ok(Rules {
        pool_out_max_percent: percent(read.capacity.out_max, "capacity.out-max", usual.pool_out_max_percent)?,
        health_age_max,
        unknown_max_percent: percent(read.health.unknown_max, "health.unknown-max", usual.unknown_max_percent)?,
        fleet_concurrency: read.concurrency.fleet.unwrap_or(usual.fleet_concurrency),
        traffic: read.traffic.rules(file)?,
        command_concurrency: read.concurrency.command.unwrap_or(usual.command_concurrency),
        type_in_site_percent: percent(
            read.concurrency.type_in_site,
            "concurrency.type-in-site",
            usual.type_in_site_percent,
        )?,
        rack_concurrency: read.concurrency.rack.unwrap_or(usual.rack_concurrency),
        overrides: override_rules(file, text)?,
    })
}
