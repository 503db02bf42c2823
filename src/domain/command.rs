//! A command of the catalogue, checked and resolved: what a file in `commands/` means.

use super::identity::GroupName;
use super::ids::Fingerprint;
use super::intent::{ParameterName, Value};
use super::server::{ProductionState, ServerType};
pub use super::step::{
    GateCheck, HostCheck, HttpCall, HttpMethod, HttpSpec, HttpWith, Input, MissingInput, Output, PowerPath, Reboot,
    RebootSpec, RebootWith, Sent, Step, StepSpec, StepWith, Touch,
};
use super::text_name;
use super::time::{DURATION_MAX, DURATION_MIN};
use std::collections::BTreeMap;
use std::time::Duration;

text_name! {
    /// A command's name: the verb that people type.
    CommandName
}

/// How much harm a command can do, from none to irreversible.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Impact {
    /// Only looks.
    ReadOnly,
    /// Changes something without taking capacity.
    Config,
    /// Takes capacity.
    Drain,
    /// Interrupts the server.
    PowerCycle,
    /// Cannot be undone.
    Destructive,
}

impl Impact {
    /// Every impact class.
    pub const ALL: [Self; 5] = [Self::ReadOnly, Self::Config, Self::Drain, Self::PowerCycle, Self::Destructive];

    /// The word in command files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Config => "config",
            Self::Drain => "drain",
            Self::PowerCycle => "power-cycle",
            Self::Destructive => "destructive",
        }
    }
}

/// How urgent a command is beside what else waits, the most urgent first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Priority {
    /// It makes the fleet safer: what fails is repaired, capacity comes back.
    Safety,
    /// It closes a hole.
    Security,
    /// What is planned.
    #[default]
    Planned,
    /// What has time.
    Bulk,
}

impl Priority {
    /// Each, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Safety, Self::Security, Self::Planned, Self::Bulk];

    /// The word in command files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safety => "safety",
            Self::Security => "security",
            Self::Planned => "planned",
            Self::Bulk => "bulk",
        }
    }
}

/// What a command may be carried out on, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandSpec {
    /// The verb.
    pub name: CommandName,
    /// One line for help.
    pub summary: String,
    /// How much harm it can do.
    pub impact: Impact,
    /// The group that answers for it.
    pub owner: GroupName,
    /// Servers, whole sites, or nothing.
    pub targets: Targets,
    /// Its parameters, in the order of the file.
    pub parameters: Vec<ParameterSpec>,
    /// How many at a time.
    pub waves: WaveRule,
    /// At most this many servers of one site under work by this command at once.
    pub site_concurrency: Option<u32>,
    /// How urgent it is beside what else waits.
    pub priority: Priority,
    /// Whether it is a cure: alerts about a server itself do not keep it from that server.
    pub remediates: bool,
    /// Who must agree, and when.
    pub approvals: Option<ApprovalRule>,
    /// What is done to each subject, in order; at least one.
    pub steps: Vec<StepSpec>,
    /// Lines that a test understands.
    pub examples: Vec<String>,
    /// The fingerprint of the resolved definition.
    pub hash: Fingerprint,
}

/// What `send` calls the site that a run works on.
pub const SITE_INPUT: &str = "site";

/// What a command works on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Targets {
    /// Servers, chosen by a selector.
    Servers {
        /// The types it supports.
        types: Vec<ServerType>,
        /// The states a server may be in when its run starts.
        from: Vec<ProductionState>,
        /// The most servers of one request.
        max: u32,
    },
    /// Whole sites, chosen by name; no server of them is touched.
    Sites {
        /// The most sites of one request.
        max: u32,
    },
    /// Nothing: one run without a server.
    None,
}

/// One parameter of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParameterSpec {
    /// Written after `--`.
    pub name: ParameterName,
    /// What values it takes.
    pub kind: ValueKind,
    /// Used when the line does not give one; `None` and required means the line must.
    pub default: Option<Value>,
    /// Whether a line without it (and without a default) is incomplete.
    pub need: Need,
    /// Asked for as `because …` instead of `--reason …`.
    pub asked_as_because: bool,
}

impl ParameterSpec {
    /// Whether a line without it is incomplete.
    #[must_use]
    pub fn must_be_given(&self) -> bool {
        self.need == Need::Required && self.default.is_none()
    }
}

/// Whether a parameter must be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// The line must give it.
    Required,
    /// It may be left out.
    Optional,
}

/// What values a parameter takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ValueKind {
    /// Any text that is not longer than this.
    Text {
        /// The most characters.
        length_max: u32,
    },
    /// A whole number from `min` to `max`.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A percentage of the request's servers, from `min` to `max`.
    Percentage {
        /// The smallest, at least 1.
        min: u8,
        /// The largest, at most 100.
        max: u8,
    },
    /// `90s`, `5m`, `2h`, from `min` to `max`.
    Duration {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// One of these words.
    Choice(Vec<String>),
    /// `yes` or `no`.
    Boolean,
    /// A point in time, with its zone.
    Time,
    /// One server, by its name.
    Server,
    /// Servers, as a selector says.
    Selector,
    /// A person, `@ana`.
    User,
    /// A channel, `#noc`.
    Channel,
    /// `1.2.3`, perhaps with a `v` before and a suffix behind.
    Version,
    /// An `https` address without credentials.
    Url,
}

/// How long a text may be where the command file does not say.
pub const TEXT_LENGTH_MAX_CHARS: u32 = 500;

impl ValueKind {
    /// Text of the usual length.
    pub const TEXT: Self = Self::Text { length_max: TEXT_LENGTH_MAX_CHARS };
    /// Any percentage.
    pub const PERCENTAGE: Self = Self::Percentage { min: 1, max: 100 };
    /// Any length of time that can be written.
    pub const DURATION: Self = Self::Duration { min: DURATION_MIN, max: DURATION_MAX };

    /// Whether the value is of this kind and within its bounds.
    #[must_use]
    pub fn admits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text { length_max }, Value::Text(text)) => text.chars().count() <= *length_max as usize,
            (Self::Integer { min, max }, Value::Integer(number)) => (min..=max).contains(&number),
            (Self::Percentage { min, max }, Value::Percentage(percent)) => (min..=max).contains(&percent),
            (Self::Duration { min, max }, Value::Duration(length)) => (min..=max).contains(&length),
            (Self::Choice(words), Value::Choice(word)) => words.contains(word),
            (Self::Boolean, Value::Boolean(_))
            | (Self::Time, Value::Time(_))
            | (Self::Server, Value::Server(_))
            | (Self::Selector, Value::Selector(_))
            | (Self::User, Value::User(_))
            | (Self::Channel, Value::Channel(_))
            | (Self::Version, Value::Version(_))
            | (Self::Url, Value::Url(_)) => true,
            (
                Self::Text { .. }
                | Self::Integer { .. }
                | Self::Percentage { .. }
                | Self::Duration { .. }
                | Self::Choice(_)
                | Self::Boolean
                | Self::Time
                | Self::Server
                | Self::Selector
                | Self::User
                | Self::Channel
                | Self::Version
                | Self::Url,
                _,
            ) => false,
        }
    }
}

/// Waves: a canary first, then a share at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaveRule {
    /// How many servers the first wave has; 0 is no canary.
    pub canary: u32,
    /// How large each later wave is.
    pub then: WaveSize,
    /// How long a finished wave is watched before the next.
    pub soak: Duration,
    /// No new start once more servers than this have failed.
    pub stop_when_failures_exceed: u32,
}

/// The size of a wave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WaveSize {
    /// That share of the request, rounded up, at least one.
    Percent(u8),
    /// The percentage parameter of that name.
    Parameter(ParameterName),
    /// Everything at once.
    All,
}

/// When a command needs other people's consent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApprovalRule {
    /// Needed when the request has more servers than this.
    pub above: u32,
    /// The group that approvers come from.
    pub from: GroupName,
    /// How many different people.
    pub count: u32,
    /// How long the request waits for them.
    pub within: Duration,
    /// Whose owners must agree beside them, one person each.
    pub owners: Vec<OwnerOf>,
    /// Who may decide as well after a while.
    pub escalation: Option<EscalationRule>,
}

/// What has an owner: a group that answers for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum OwnerOf {
    /// Each type of server that is worked on.
    Type,
    /// Each site that is worked on.
    Site,
}

impl OwnerOf {
    /// Everything that can be asked for.
    pub const ALL: [Self; 2] = [Self::Type, Self::Site];

    /// The word in command files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Site => "site",
        }
    }
}

/// Who may decide as well, if nobody did for so long.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EscalationRule {
    /// The group.
    pub to: GroupName,
    /// How long after the request was made.
    pub after: Duration,
}

impl CommandSpec {
    /// The parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&ParameterSpec> {
        self.parameters.iter().find(|parameter| parameter.name.as_str() == name)
    }

    /// The steps as a plan with these values carries them out.
    ///
    /// # Errors
    /// A parameter that stands for a setting has no value of its type.
    pub fn steps_for(&self, values: &BTreeMap<ParameterName, Value>) -> Result<Vec<Step>, MissingInput> {
        self.steps.iter().map(|step| step.with_values(values)).collect()
    }

    /// Whether it only puts servers back into service.
    #[must_use]
    pub fn returns_capacity(&self) -> bool {
        let only_returns =
            |step: &StepSpec| matches!(step, StepSpec::Undrain { .. } | StepSpec::Check { .. } | StepSpec::Gate(_));
        self.steps.iter().all(only_returns) && self.steps.iter().any(|step| matches!(step, StepSpec::Undrain { .. }))
    }

    /// Whether it puts servers on standby into service, does nothing else, and needs to be told nothing but why.
    #[must_use]
    pub fn relieves(&self) -> bool {
        let takes_standby = match &self.targets {
            Targets::Servers { from, .. } => from.contains(&ProductionState::Standby),
            Targets::Sites { .. } | Targets::None => false,
        };
        let asks = |parameter: &ParameterSpec| parameter.must_be_given() && !parameter.asked_as_because;
        takes_standby && self.returns_capacity() && !self.parameters.iter().any(asks)
    }

    /// Whether it takes servers out of service: by its steps, or as its class says where calls do the work. What only gives
    /// capacity back takes none, whatever its class.
    #[must_use]
    pub fn takes_capacity(&self) -> bool {
        let takes = |step: &StepSpec| matches!(step, StepSpec::Drain { .. } | StepSpec::Reboot(_));
        self.impact >= Impact::Drain && self.touch() == Touch::Changes || self.steps.iter().any(takes)
    }

    /// The furthest that one of its steps goes.
    #[must_use]
    pub fn touch(&self) -> Touch {
        self.steps.iter().map(StepSpec::touch).max().unwrap_or(Touch::Changes)
    }

    /// Whether it changes nothing anywhere, by its class and by its steps.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        self.impact == Impact::ReadOnly && self.touch() == Touch::Looks
    }
}
