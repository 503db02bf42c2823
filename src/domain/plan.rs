//! The frozen plan of a request: what was shown is what runs. Its hash is what approvals bind to.

use super::command::CommandName;
use super::identity::PersonId;
use super::ids::{Fingerprint, RequestId};
use super::intent::{Moment, ParameterName, Value};
use super::place::ChannelId;
use super::server::{PoolName, RackName, ServerId, ServerName, ServerType, SiteName};
use super::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// A server as the plan froze it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedServer {
    /// The id.
    pub id: ServerId,
    /// The name.
    pub name: ServerName,
    /// The type.
    pub server_type: ServerType,
    /// The site.
    pub site: SiteName,
    /// The rack.
    pub rack: RackName,
    /// The pool.
    pub pool: Option<PoolName>,
}

/// What a run works on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// One server.
    Server(PlannedServer),
    /// A whole site, without its servers: no lock and no capacity.
    Site(SiteName),
    /// Nothing: general work without a server.
    Nothing,
}

impl Subject {
    /// The server, if it is one.
    #[must_use]
    pub fn server(&self) -> Option<&PlannedServer> {
        match self {
            Self::Server(server) => Some(server),
            Self::Site(_) | Self::Nothing => None,
        }
    }

    /// The site, if it is one.
    #[must_use]
    pub fn site(&self) -> Option<&SiteName> {
        match self {
            Self::Site(site) => Some(site),
            Self::Server(_) | Self::Nothing => None,
        }
    }
}

/// Everything a plan is made of; [`Plan::new`] checks and freezes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanParts {
    /// The request.
    pub request: RequestId,
    /// The command.
    pub command: CommandName,
    /// The fingerprint of the command's definition.
    pub definition: Fingerprint,
    /// Parameters with their values.
    pub parameters: BTreeMap<ParameterName, Value>,
    /// The subjects, in run order: run number n is the n-th, counted from 1.
    pub subjects: Vec<Subject>,
    /// How many subjects each wave has; they add up to all.
    pub waves: Vec<u32>,
    /// How long a finished wave is watched before the next.
    pub soak: Duration,
    /// Who asked.
    pub requester: PersonId,
    /// Where.
    pub channel: ChannelId,
    /// Nothing starts before this; `None` is as soon as it is safe.
    pub not_before: Option<Moment>,
    /// Nothing starts after this.
    pub expires_at: Timestamp,
}

/// A frozen plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    parts: PlanParts,
    hash: Fingerprint,
}

/// Why parts do not make a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// There is nothing to work on.
    #[error("a plan needs at least one subject")]
    Empty,
    /// The waves do not add up to the subjects.
    #[error("waves hold {waves} subjects, the plan has {subjects}")]
    WavesDoNotAddUp {
        /// How many the waves hold.
        waves: usize,
        /// How many there are.
        subjects: usize,
    },
}

impl Plan {
    /// Freezes the parts.
    ///
    /// # Errors
    /// No subject, an empty wave, or waves that do not add up to the subjects.
    pub fn new(parts: PlanParts) -> Result<Self, PlanFault> {
        if parts.subjects.is_empty() {
            return Err(PlanFault::Empty);
        }
        let waves = parts.waves.iter().map(|size| *size as usize).sum::<usize>();
        if waves != parts.subjects.len() || parts.waves.contains(&0) {
            return Err(PlanFault::WavesDoNotAddUp { waves, subjects: parts.subjects.len() });
        }
        let hash = Fingerprint::of(canonical(&parts).as_bytes());
        Ok(Self { parts, hash })
    }

    /// The plan with these servers as they are now, each in the place that its id has; the hash follows them.
    #[must_use]
    pub fn with_servers(&self, now: &[PlannedServer]) -> Self {
        let mut parts = self.parts.clone();
        for subject in &mut parts.subjects {
            let known = |planned: &PlannedServer| now.iter().find(|server| server.id == planned.id);
            if let Some(server) = subject.server().and_then(known) {
                *subject = Subject::Server(server.clone());
            }
        }
        let hash = Fingerprint::of(canonical(&parts).as_bytes());
        Self { parts, hash }
    }

    /// What the plan is made of.
    #[must_use]
    pub fn parts(&self) -> &PlanParts {
        &self.parts
    }

    /// What approvals bind to.
    #[must_use]
    pub fn hash(&self) -> &Fingerprint {
        &self.hash
    }

    /// The servers, in run order.
    pub fn servers(&self) -> impl Iterator<Item = &PlannedServer> {
        self.parts.subjects.iter().filter_map(Subject::server)
    }

    /// The whole sites, in run order.
    pub fn sites(&self) -> impl Iterator<Item = &SiteName> {
        self.parts.subjects.iter().filter_map(Subject::site)
    }

    /// The wave of a run number, counted from 0.
    #[must_use]
    pub fn wave_of(&self, run_number: u32) -> usize {
        let mut before = 0;
        for (wave, size) in self.parts.waves.iter().enumerate() {
            before += size;
            if run_number <= before {
                return wave;
            }
        }
        self.parts.waves.len().saturating_sub(1)
    }

    /// The reason that was given, if the command takes one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self.parts.parameters.get(&ParameterName::new("reason")) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// A value with its kind, so that values of two kinds never look alike. The first five are spelled as in plans that are
/// stored already.
fn value_text(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("Text({text:?})"),
        Value::Integer(number) => format!("Integer({number})"),
        Value::Percentage(percent) => format!("Percentage({percent})"),
        Value::Duration(length) => format!("Duration({length:?})"),
        Value::Choice(word) => format!("Choice({word:?})"),
        Value::Boolean(_) => format!("boolean {value}"),
        Value::Time(moment) => format!("time {} {}", moment.at.millis(), moment.zone),
        Value::Server(_) => format!("server {value}"),
        Value::Selector(_) => format!("selector {value}"),
        Value::User(_) => format!("user {value}"),
        Value::Channel(_) => format!("channel {value}"),
        Value::Version(_) => format!("version {value}"),
        Value::Url(_) => format!("url {value}"),
    }
}

/// One text that differs whenever anything covered by the hash differs. Every value is length-prefixed, so that
/// no text can pretend to be the next field.
fn canonical(parts: &PlanParts) -> String {
    let mut text = String::from("wrasse plan 1\n");
    let mut field = |name: &str, value: &str| {
        writeln!(text, "{name} {}:{value}", value.len()).expect("writing to a String cannot fail");
    };
    field("request", parts.request.tail());
    field("command", parts.command.as_str());
    field("definition", parts.definition.hex());
    for (name, value) in &parts.parameters {
        field("parameter", name.as_str());
        field("value", &value_text(value));
    }
    for subject in &parts.subjects {
        match subject {
            Subject::Server(server) => {
                field("server", server.id.as_str());
                field("name", server.name.as_str());
                field("type", server.server_type.as_str());
                field("site", server.site.as_str());
                field("rack", server.rack.as_str());
                match &server.pool {
                    Some(pool) => field("pool", pool.as_str()),
                    None => field("no pool", ""),
                }
            }
            Subject::Site(site) => field("whole site", site.as_str()),
            Subject::Nothing => field("nothing", ""),
        }
    }
    for wave in &parts.waves {
        field("wave", &wave.to_string());
    }
    field("soak", &super::time::millis(parts.soak).to_string());
    field("team", parts.requester.team.as_str());
    field("requester", parts.requester.user.as_str());
    field("channel", parts.channel.as_str());
    if let Some(moment) = &parts.not_before {
        field("not before", &moment.at.millis().to_string());
    }
    field("expires", &parts.expires_at.millis().to_string());
    text
}
