//! `policies/admission.yaml`: the numbers that admission uses, each with a safe default. Calendars have a file of their own.

use super::absorbing::absorptions;
use super::breakers::{CohortRule, FailureRules, FailureShare, SERVER_FAILURES_KEPT_FOR, SERVER_RUNS_MAX, ServerRule};
use super::file_override::override_rules;
use super::infrastructure::InfrastructureFile;
use super::siblings::SoakFile;
use super::traffic::TrafficFile;
use super::written::{Spot, Written};
use super::{QueueRules, Rules, WiderFloors};
use crate::domain::time::{duration_of, exact};
use crate::workflow::request::PolicyName;
use crate::yaml;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

/// The most finished runs of one scope that a breaker looks at, so that the end of a run stays cheap.
const RUNS_LOOKED_AT_MAX: u32 = 1_000;

/// No multiple below says that here is more wrong than elsewhere, and none above would ever be reached.
const COHORT_TIMES: RangeInclusive<u32> = 2..=100;

/// Fewer runs say nothing of how many usually fail; more no command has.
const COHORT_RUNS: RangeInclusive<u32> = 20..=1_000_000;

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
    #[serde(default)]
    soak: SoakFile,
    #[serde(default)]
    infrastructure: InfrastructureFile,
    #[serde(default)]
    failure_rate: FailureRate,
    #[serde(default)]
    queue: Queue,
    #[serde(default)]
    observe: Vec<String>,
    /// Read with its places, by `file_override`.
    #[serde(default, rename = "override")]
    _overrides: IgnoredAny,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Capacity {
    out_max: Option<String>,
    type_in_site_out_max: Option<String>,
    site_out_max: Option<String>,
    metro_out_max: Option<String>,
    /// Read with its places, by `absorbing`.
    #[serde(default, rename = "absorbed-by")]
    _absorbed_by: IgnoredAny,
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
    rate: Option<String>,
    type_in_site: Option<String>,
    rack: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FailureRate {
    in_a_row: Option<u32>,
    #[serde(default)]
    share: Share,
    #[serde(default)]
    cohort: Cohort,
    #[serde(default)]
    command: Share,
    #[serde(default)]
    server: OneServer,
    cool_down: Option<String>,
    soak: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Queue {
    ageing: Option<String>,
    starve_after: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Cohort {
    times: Option<String>,
    failures: Option<u32>,
    runs: Option<u32>,
    within: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct OneServer {
    failures: Option<u32>,
    within: Option<String>,
    cool_down: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Share {
    failures: Option<u32>,
    above: Option<String>,
    of_last: Option<u32>,
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
    let given = yaml::values::<AdmissionFile>(text);
    let given = given.map_err(|no| AdmissionFileFault::at(file, text, &no.span, no.what))?;
    let written = Written::new(file, text);
    let read = Read { written };
    Ok(Rules {
        pool_out_max_percent: read.percent(&given.capacity.out_max, "capacity.out-max", usual.pool_out_max_percent)?,
        wider_floors: read.wider_floors(&given.capacity)?,
        absorbed_by: absorptions(file, text)?,
        health_age_max: {
            let (least, example) = (Duration::from_secs(10), "2m");
            let given = (&given.health.age_max, "health.age-max");
            read.duration(given, usual.health_age_max, (least, example))?
        },
        unknown_max_percent: read.percent(
            &given.health.unknown_max,
            "health.unknown-max",
            usual.unknown_max_percent,
        )?,
        fleet_concurrency: given.concurrency.fleet.unwrap_or(usual.fleet_concurrency),
        traffic: given.traffic.rules(written)?,
        soak: given.soak.rules(written)?,
        infrastructure: given.infrastructure.rules(written)?,
        starts_per_minute: {
            let takes = "1 start a minute or more, or none";
            read.or_none((&given.concurrency.rate, "concurrency.rate"), usual.starts_per_minute, (1..=u32::MAX, takes))?
        },
        command_concurrency: given.concurrency.command.unwrap_or(usual.command_concurrency),
        type_in_site_percent: read.percent(
            &given.concurrency.type_in_site,
            "concurrency.type-in-site",
            usual.type_in_site_percent,
        )?,
        rack_concurrency: given.concurrency.rack.unwrap_or(usual.rack_concurrency),
        overrides: override_rules(file, text)?,
        failure_rate: read.failure_rate(&given.failure_rate, &usual.failure_rate)?,
        queue: read.queue(&given.queue, usual.queue)?,
        calendars: usual.calendars,
        observed: read.observed(&given.observe)?,
    })
}

/// Reads values, and says where one is that cannot be.
#[derive(Clone, Copy)]
struct Read<'a> {
    written: Written<'a>,
}

impl Read<'_> {
    fn fault<T>(
        self,
        key: &str,
        given: impl std::fmt::Display,
        takes: impl std::fmt::Display,
    ) -> Result<T, AdmissionFileFault> {
        Err(self.written.not_taken(key, given, takes))
    }

    /// A number within those bounds, or `none`.
    fn or_none(
        self,
        (given, key): (&Option<String>, &str),
        usual: Option<u32>,
        (bounds, takes): (RangeInclusive<u32>, &str),
    ) -> Result<Option<u32>, AdmissionFileFault> {
        match given.as_deref().map(str::trim) {
            None => Ok(usual),
            Some("none") => Ok(None),
            Some(text) => match text.parse().ok().filter(|number| bounds.contains(number)) {
                Some(number) => Ok(Some(number)),
                None => self.fault(key, text, takes),
            },
        }
    }

    fn percent(self, given: &Option<String>, key: &str, usual: u8) -> Result<u8, AdmissionFileFault> {
        let Some(text) = given else { return Ok(usual) };
        match text.trim_end_matches('%').trim().parse::<u8>() {
            Ok(percent) if percent <= 100 => Ok(percent),
            Ok(_) | Err(_) => self.fault(key, text, "a percentage such as 10%"),
        }
    }

    fn wider_floors(self, given: &Capacity) -> Result<WiderFloors, AdmissionFileFault> {
        let most = |given: &Option<String>, key: &str| match given.as_deref().map(str::trim) {
            None | Some("none") => Ok(None),
            Some(text) => match self.percent(given, key, 100) {
                Ok(percent) => Ok(Some(percent)),
                Err(_) => self.fault(key, text, "a percentage such as 10%, or none"),
            },
        };
        Ok(WiderFloors {
            type_in_site: most(&given.type_in_site_out_max, "capacity.type-in-site-out-max")?,
            site: most(&given.site_out_max, "capacity.site-out-max")?,
            metro: most(&given.metro_out_max, "capacity.metro-out-max")?,
        })
    }

    fn duration(
        self,
        (given, key): (&Option<String>, &str),
        usual: Duration,
        (least, example): (Duration, &str),
    ) -> Result<Duration, AdmissionFileFault> {
        let Some(text) = given else { return Ok(usual) };
        match duration_of(text) {
            Some(duration) if duration >= least => Ok(duration),
            Some(_) | None => {
                self.fault(key, text, format_args!("a duration of at least {}, such as {example}", exact(least)))
            }
        }
    }

    fn failure_rate(self, given: &FailureRate, usual: &FailureRules) -> Result<FailureRules, AdmissionFileFault> {
        let in_a_row = given.in_a_row.unwrap_or(usual.in_a_row);
        if !(1..=RUNS_LOOKED_AT_MAX).contains(&in_a_row) {
            let takes = format_args!("1 to {RUNS_LOOKED_AT_MAX} failures");
            return self.fault("failure-rate.in-a-row", in_a_row, takes);
        }
        let minute = Duration::from_secs(60);
        let share = self.share(&given.share, "failure-rate.share", usual.share)?;
        Ok(FailureRules {
            in_a_row,
            cohort: self.cohort(&given.cohort, usual.cohort.unwrap_or_default(), share)?,
            server: self.server(&given.server, usual.server)?,
            share,
            command: self.share(&given.command, "failure-rate.command", usual.command)?,
            cool_down: {
                let given = (&given.cool_down, "failure-rate.cool-down");
                self.duration(given, usual.cool_down, (minute, "30m"))?
            },
            soak: self.duration((&given.soak, "failure-rate.soak"), usual.soak, (minute, "10m"))?,
        })
    }

    fn cohort(
        self,
        given: &Cohort,
        usual: CohortRule,
        share: FailureShare,
    ) -> Result<Option<CohortRule>, AdmissionFileFault> {
        let takes = "2 to 100 times as many as elsewhere, or none";
        let times = (&given.times, "failure-rate.cohort.times");
        let Some(times) = self.or_none(times, Some(usual.times), (COHORT_TIMES, takes))? else { return Ok(None) };
        let failures_min = given.failures.unwrap_or(usual.failures_min.min(share.of_last));
        if !(1..=share.of_last).contains(&failures_min) {
            let takes = format_args!("1 to {} failures, as many as there are runs in `share.of-last`", share.of_last);
            return self.fault("failure-rate.cohort.failures", failures_min, takes);
        }
        let runs_min = given.runs.unwrap_or(usual.runs_min);
        if !COHORT_RUNS.contains(&runs_min) {
            return self.fault("failure-rate.cohort.runs", runs_min, "20 to 1000000 finished runs elsewhere");
        }
        let (within, day) = ((&given.within, "failure-rate.cohort.within"), Duration::from_secs(24 * 3600));
        let within = self.duration(within, usual.within, (day, "30d"))?;
        Ok(Some(CohortRule { times, failures_min, runs_min, within }))
    }

    fn server(self, given: &OneServer, usual: ServerRule) -> Result<ServerRule, AdmissionFileFault> {
        let failures_min = given.failures.unwrap_or(usual.failures_min);
        if !(1..=SERVER_RUNS_MAX).contains(&failures_min) {
            let takes = format_args!("1 to {SERVER_RUNS_MAX} failures");
            return self.fault("failure-rate.server.failures", failures_min, takes);
        }
        let minute = Duration::from_secs(60);
        let within = (&given.within, "failure-rate.server.within");
        let within = self.duration(within, usual.within, (minute, "24h"))?;
        let key = "failure-rate.server.cool-down";
        let cool_down = self.duration((&given.cool_down, key), usual.cool_down, (minute, "6h"))?;
        if cool_down > SERVER_FAILURES_KEPT_FOR {
            return self.fault(key, exact(cool_down), format_args!("{} at most", exact(SERVER_FAILURES_KEPT_FOR)));
        }
        Ok(ServerRule { failures_min, within, cool_down })
    }

    fn observed(self, given: &[String]) -> Result<Vec<PolicyName>, AdmissionFileFault> {
        let can_be = || PolicyName::ALL.into_iter().filter(|policy| policy.can_be_observed());
        let mut observed = Vec::new();
        for (place, word) in given.iter().enumerate() {
            let Some(policy) = can_be().find(|policy| policy.word() == word) else {
                let takes = can_be().map(PolicyName::word).collect::<Vec<_>>().join(", ");
                let what = format!("observe is `{word}`; it takes some of {takes}");
                return Err(self.written.fault(&[Spot::Value(format!("observe.{place}"))], what));
            };
            observed.push(policy);
        }
        observed.sort();
        observed.dedup();
        Ok(observed)
    }

    fn queue(self, given: &Queue, usual: QueueRules) -> Result<QueueRules, AdmissionFileFault> {
        let minute = Duration::from_secs(60);
        let ageing = self.duration((&given.ageing, "queue.ageing"), usual.ageing, (minute, "1h"))?;
        let starve_after = (&given.starve_after, "queue.starve-after");
        Ok(QueueRules { ageing, starve_after: self.duration(starve_after, usual.starve_after, (minute, "2h"))? })
    }

    /// A share that could never be exceeded would be a breaker that never opens.
    fn share(self, given: &Share, key: &str, usual: FailureShare) -> Result<FailureShare, AdmissionFileFault> {
        let of_last = given.of_last.unwrap_or(usual.of_last);
        if !(1..=RUNS_LOOKED_AT_MAX).contains(&of_last) {
            return self.fault(&format!("{key}.of-last"), of_last, format_args!("1 to {RUNS_LOOKED_AT_MAX} runs"));
        }
        let failures_min = given.failures.unwrap_or(usual.failures_min.min(of_last));
        if !(1..=of_last).contains(&failures_min) {
            let takes = format_args!("1 to {of_last} failures, as many as there are runs in `of-last`");
            return self.fault(&format!("{key}.failures"), failures_min, takes);
        }
        let above_percent = self.percent(&given.above, &format!("{key}.above"), usual.above_percent)?;
        if above_percent == 100 {
            return self.fault(&format!("{key}.above"), "100%", "less than 100%, because more than all cannot fail");
        }
        Ok(FailureShare { failures_min, above_percent, of_last })
    }
}
