//! What becomes of servers on standby when too much comes, and how `policies/admission.yaml` writes it under
//! `traffic.standby`.

use crate::admission::file::AdmissionFileFault;
use crate::admission::written::Written;
use crate::domain::command::CommandName;
use crate::domain::identity::AutomationName;
use crate::domain::place::ChannelName;
use crate::domain::time::duration_of;
use serde::Deserialize;
use std::time::Duration;

/// Who asks for servers on standby to be put into production, with what and where; and when they are not needed any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StandbyRules {
    /// The automation that asks.
    pub automation: AutomationName,
    /// The command that it asks for.
    pub command: CommandName,
    /// The channel in which it asks, by its name in `channels.yaml`.
    pub channel: ChannelName,
    /// How long servers that it has asked for are not asked for again.
    pub again_after: Duration,
    /// Below this load they are not needed …
    pub calm_percent: u32,
    /// … once it has been so for that long.
    pub calm_for: Duration,
}

/// `traffic.standby` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::admission) struct StandbyFile {
    r#as: String,
    with: String,
    r#in: String,
    again_after: Option<String>,
    calm: Option<String>,
    calm_for: Option<String>,
}

impl StandbyFile {
    /// The same, each value within its bounds. It is calm only where there is less than what lets work go on.
    pub(super) fn rules(self, written: Written<'_>, resume_percent: u32) -> Result<StandbyRules, AdmissionFileFault> {
        let read = Read { written };
        let channel = read.name("in", &self.r#in, "a channel of channels.yaml")?;
        Ok(StandbyRules {
            automation: AutomationName::new(read.name("as", &self.r#as, "an automation of automations.yaml")?),
            command: CommandName::new(read.name("with", &self.with, "a command that puts servers into production")?),
            channel: ChannelName::new(channel.trim_start_matches('#')),
            again_after: read.length("again-after", (self.again_after, "30m"), ("1m", "1d"))?,
            calm_percent: read.percent("calm", (self.calm, "50%"), resume_percent)?,
            calm_for: read.length("calm-for", (self.calm_for, "60m"), ("1m", "2h"))?,
        })
    }
}

/// Reads values, and says where one is that cannot be.
#[derive(Clone, Copy)]
struct Read<'a> {
    written: Written<'a>,
}

impl Read<'_> {
    fn fault<T>(self, key: &str, given: &str, takes: impl std::fmt::Display) -> Result<T, AdmissionFileFault> {
        Err(self.written.not_taken(&format!("traffic.standby.{key}"), given, takes))
    }

    fn name<'a>(self, key: &str, given: &'a str, takes: &str) -> Result<&'a str, AdmissionFileFault> {
        if given.trim().is_empty() { self.fault(key, given, takes) } else { Ok(given.trim()) }
    }

    fn length(
        self,
        key: &str,
        (given, usual): (Option<String>, &str),
        (least, most): (&str, &str),
    ) -> Result<Duration, AdmissionFileFault> {
        let text = given.as_deref().unwrap_or(usual);
        let is_within = |length: &Duration| {
            duration_of(least).is_some_and(|least| *length >= least)
                && duration_of(most).is_some_and(|most| *length <= most)
        };
        match duration_of(text).filter(is_within) {
            Some(length) => Ok(length),
            None => self.fault(key, text, format_args!("a length of time from {least} to {most}")),
        }
    }

    fn percent(self, key: &str, (given, usual): (Option<String>, &str), most: u32) -> Result<u32, AdmissionFileFault> {
        let text = given.as_deref().unwrap_or(usual);
        match text.trim_end_matches('%').trim().parse::<u32>() {
            Ok(percent) if (1..=most).contains(&percent) => Ok(percent),
            Ok(_) | Err(_) => {
                let takes = format_args!("a percentage from 1% to that of traffic.resume, {most}%");
                let key = format!("traffic.standby.{key}");
                Err(self.written.not_taken_at(&[&key, "traffic.resume"], text, takes))
            }
        }
    }
}
