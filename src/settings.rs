//! The environment, read once: every fault is reported together, and secrets cannot be printed.

use crate::domain::place::ChannelId;
use crate::domain::time::duration_of;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What `serve` needs to know, from the environment.
#[derive(Debug)]
pub struct Settings {
    /// The app-level token, which opens sockets.
    pub app_token: SecretString,
    /// The bot token, which does everything else.
    pub bot_token: SecretString,
    /// Another Web API than Slack's own, e.g. a sandbox's.
    pub api_base: Option<String>,
    /// How many sockets are held open.
    pub sockets: u8,
    /// The database file.
    pub database: PathBuf,
    /// The folder of command files.
    pub commands: PathBuf,
    /// The folder of policy files.
    pub policies: PathBuf,
    /// The inventory file.
    pub inventory: PathBuf,
    /// Where trouble is told.
    pub incidents: Option<ChannelId>,
    /// Where changed files that cannot be used are told.
    pub admins: Option<ChannelId>,
    /// Where traffic is looked up; `None` does not look at it.
    pub prometheus: Option<PrometheusSettings>,
    /// Where firing alerts are read; `None` does not read them.
    pub alerts: Option<AlertmanagerSettings>,
    /// How long nobody may take over what a request left out before its owners are called; `None` calls nobody.
    pub owners_called_after: Option<Duration>,
    /// How long a request may need whoever asked for it before they are told in person; `None` tells nobody so.
    pub requester_told_after: Option<Duration>,
    /// What takes alerts; `None` pages nobody.
    pub alertmanager: Option<AlertmanagerSettings>,
}

/// A Prometheus server.
#[derive(Debug)]
pub struct PrometheusSettings {
    /// Its address, without `/api/v1`.
    pub url: String,
    /// The bearer token that it wants, if it does.
    pub token: Option<SecretString>,
}

/// An Alertmanager.
#[derive(Debug)]
pub struct AlertmanagerSettings {
    /// Its address, without `/api/v2`.
    pub url: String,
    /// The bearer token that it wants, if it does.
    pub token: Option<SecretString>,
}

/// One thing that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingFault {
    /// A setting that must be given is not.
    #[error("{name} is not set. {meaning}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it is for.
        meaning: &'static str,
    },
    /// The file of a secret cannot be read.
    #[error("{name}_FILE names {path}, which cannot be read: {why}")]
    UnreadableFile {
        /// The variable.
        name: &'static str,
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A value is not one that the setting takes.
    #[error("{name} is `{value}`; it takes {takes}")]
    Value {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it takes.
        takes: &'static str,
    },
}

/// Everything that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFaults(pub Vec<SettingFault>);

impl std::fmt::Display for SettingFaults {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(formatter, "the environment is not complete (see .env.example):")?;
        self.0.iter().try_for_each(|fault| writeln!(formatter, "  {fault}"))
    }
}

impl std::error::Error for SettingFaults {}

/// Every variable with what it is for; `.env.example` lists the same, and a test compares the two.
pub const VARIABLES: [(&str, &str); 19] = [
    (
        "SLACK_APP_TOKEN",
        "The app-level token, xapp-…, with connections:write; or SLACK_APP_TOKEN_FILE names a file with it.",
    ),
    ("SLACK_BOT_TOKEN", "The bot token, xoxb-…; or SLACK_BOT_TOKEN_FILE names a file with it."),
    ("SLACK_API_BASE", "Another Web API than Slack's own, such as a sandbox's, ending in /api."),
    ("WRASSE_SOCKETS", "How many sockets are held open, 1 to 10; two or more survive the loss of one."),
    ("WRASSE_DATABASE", "The SQLite file; made if it does not exist."),
    ("WRASSE_COMMANDS", "The folder of command files."),
    ("WRASSE_POLICIES", "The folder of policy files."),
    ("WRASSE_INVENTORY", "The inventory file."),
    ("WRASSE_INCIDENT_CHANNEL", "The id of the channel where trouble is told; without it, only threads tell."),
    (
        "WRASSE_ADMIN_CHANNEL",
        "The id of the channel that hears of changed files with faults; without it, the incident channel.",
    ),
    (
        "WRASSE_PROMETHEUS_URL",
        "Where traffic and what servers are compared by is looked up, e.g. http://prometheus:9090; without it, neither stops anything.",
    ),
    (
        "WRASSE_PROMETHEUS_TOKEN",
        "The bearer token that Prometheus wants, if it does; or WRASSE_PROMETHEUS_TOKEN_FILE names a file with it.",
    ),
    (
        "WRASSE_ALERTS_URL",
        "The Alertmanager whose firing alerts are read, e.g. http://alertmanager:9093; without it, alerts stop nothing.",
    ),
    (
        "WRASSE_ALERTS_TOKEN",
        "The bearer token that it wants for reading, if it does; or WRASSE_ALERTS_TOKEN_FILE names a file with it.",
    ),
    (
        "WRASSE_CALL_OWNERS_AFTER",
        "How long nobody may take over a server that was left out, close a breaker, or look after a run that stands still, before the command's owners are mentioned, or never.",
    ),
    (
        "WRASSE_TELL_REQUESTER_AFTER",
        "How long a request may need whoever asked for it before they get a direct message, or never.",
    ),
    (
        "WRASSE_ALERTMANAGER_URL",
        "What pages people while the chat is down, e.g. http://alertmanager:9093; without it, nobody is paged.",
    ),
    (
        "WRASSE_ALERTMANAGER_TOKEN",
        "The bearer token that Alertmanager wants, if it does; or WRASSE_ALERTMANAGER_TOKEN_FILE names a file with it.",
    ),
    ("WRASSE_LOG", "What is logged, e.g. info or wrasse=debug."),
];

impl Settings {
    /// Reads the settings from the process's environment.
    ///
    /// # Errors
    /// Everything that is missing or wrong.
    pub fn from_environment() -> Result<Self, SettingFaults> {
        Self::from_variables(&std::env::vars().collect())
    }

    /// Reads the settings from variables.
    ///
    /// # Errors
    /// Everything that is missing or wrong.
    pub fn from_variables(variables: &BTreeMap<String, String>) -> Result<Self, SettingFaults> {
        let mut faults = Vec::new();
        let text =
            |name: &str| variables.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let path = |name: &str, usual: &str| PathBuf::from(text(name).unwrap_or_else(|| usual.to_owned()));
        let app_token = secret(variables, "SLACK_APP_TOKEN", &mut faults);
        let bot_token = secret(variables, "SLACK_BOT_TOKEN", &mut faults);
        let sockets = text("WRASSE_SOCKETS").unwrap_or_else(|| "2".to_owned());
        let sockets = match sockets.parse::<u8>() {
            Ok(count) if (1..=10).contains(&count) => count,
            Ok(_) | Err(_) => {
                faults.push(SettingFault::Value {
                    name: "WRASSE_SOCKETS",
                    value: sockets,
                    takes: "a number from 1 to 10",
                });
                2
            }
        };
        let prometheus = prometheus(variables, &mut faults);
        let called_after = text("WRASSE_CALL_OWNERS_AFTER").unwrap_or_else(|| "15m".to_owned());
        let owners_called_after = duration_of(&called_after);
        if owners_called_after.is_none() && called_after != "never" {
            faults.push(SettingFault::Value {
                name: "WRASSE_CALL_OWNERS_AFTER",
                value: called_after,
                takes: "a time such as 15m or 1h, or never",
            });
        }
        let told_after = text("WRASSE_TELL_REQUESTER_AFTER").unwrap_or_else(|| "10s".to_owned());
        let requester_told_after = duration_of(&told_after);
        if requester_told_after.is_none() && told_after != "never" {
            faults.push(SettingFault::Value {
                name: "WRASSE_TELL_REQUESTER_AFTER",
                value: told_after,
                takes: "a time such as 10s or 5m, or never",
            });
        }
        let alertmanager = alertmanager(variables, &mut faults);
        let alerts = alerts(variables, &mut faults);
        match (app_token, bot_token) {
            (Some(app_token), Some(bot_token)) if faults.is_empty() => Ok(Self {
                app_token,
                bot_token,
                api_base: text("SLACK_API_BASE"),
                sockets,
                database: path("WRASSE_DATABASE", "wrasse.db"),
                commands: path("WRASSE_COMMANDS", "commands"),
                policies: path("WRASSE_POLICIES", "policies"),
                inventory: path("WRASSE_INVENTORY", "inventory.yaml"),
                incidents: text("WRASSE_INCIDENT_CHANNEL").map(ChannelId::new),
                admins: text("WRASSE_ADMIN_CHANNEL").or_else(|| text("WRASSE_INCIDENT_CHANNEL")).map(ChannelId::new),
                prometheus,
                alerts,
                owners_called_after,
                requester_told_after,
                alertmanager,
            }),
            _ => Err(SettingFaults(faults)),
        }
    }
}

/// What `WRASSE_LOG` asks for, whatever else may be missing.
#[must_use]
pub fn log_filter() -> String {
    std::env::vars().find(|(name, _)| name == "WRASSE_LOG").map_or_else(|| "info".to_owned(), |(_, value)| value)
}

/// Another service's address, and the token that it wants, if either is given.
fn service(
    variables: &BTreeMap<String, String>,
    (url, takes): (&'static str, &'static str),
    token: &'static str,
    faults: &mut Vec<SettingFault>,
) -> Option<(String, Option<SecretString>)> {
    let given = |name: &str| variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let has_token = given(token).is_some() || given(&format!("{token}_FILE")).is_some();
    let token = if has_token { secret(variables, token, faults) } else { None };
    let address = given(url)?;
    if !address.starts_with("http://") && !address.starts_with("https://") {
        faults.push(SettingFault::Value { name: url, value: address.to_owned(), takes });
    }
    Some((address.to_owned(), token))
}

/// Where traffic is looked up, if anywhere.
fn prometheus(variables: &BTreeMap<String, String>, faults: &mut Vec<SettingFault>) -> Option<PrometheusSettings> {
    let takes = "an address that begins with http:// or https://, such as http://prometheus:9090";
    let url = ("WRASSE_PROMETHEUS_URL", takes);
    let (url, token) = service(variables, url, "WRASSE_PROMETHEUS_TOKEN", faults)?;
    Some(PrometheusSettings { url, token })
}

/// Where firing alerts are read, if anywhere.
fn alerts(variables: &BTreeMap<String, String>, faults: &mut Vec<SettingFault>) -> Option<AlertmanagerSettings> {
    let takes = "an address that begins with http:// or https://, such as http://alertmanager:9093";
    let (url, token) = service(variables, ("WRASSE_ALERTS_URL", takes), "WRASSE_ALERTS_TOKEN", faults)?;
    Some(AlertmanagerSettings { url, token })
}

/// What takes alerts, if anything does.
fn alertmanager(variables: &BTreeMap<String, String>, faults: &mut Vec<SettingFault>) -> Option<AlertmanagerSettings> {
    let takes = "an address that begins with http:// or https://, such as http://alertmanager:9093";
    let url = ("WRASSE_ALERTMANAGER_URL", takes);
    let (url, token) = service(variables, url, "WRASSE_ALERTMANAGER_TOKEN", faults)?;
    Some(AlertmanagerSettings { url, token })
}

/// A secret from its variable, or from the file that `…_FILE` names.
fn secret(
    variables: &BTreeMap<String, String>,
    name: &'static str,
    faults: &mut Vec<SettingFault>,
) -> Option<SecretString> {
    let given = |name: &str| variables.get(name).map(String::as_str).filter(|value| !value.trim().is_empty());
    if let Some(value) = given(name) {
        return Some(SecretString::from(value.trim().to_owned()));
    }
    let Some(path) = given(&format!("{name}_FILE")) else {
        let meaning = VARIABLES.iter().find(|(variable, _)| *variable == name).map_or("", |(_, meaning)| meaning);
        faults.push(SettingFault::Missing { name, meaning });
        return None;
    };
    match std::fs::read_to_string(path) {
        Ok(text) => Some(SecretString::from(text.trim().to_owned())),
        Err(fault) => {
            faults.push(SettingFault::UnreadableFile { name, path: path.to_owned(), why: fault.to_string() });
            None
        }
    }
}
