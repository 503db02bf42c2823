//! The steps of a command: as its file defines them, and as a plan with its values carries them out.

use super::intent::{ParameterName, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// A setting of a step, as a command file gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input<T> {
    /// Written out.
    Literal(T),
    /// The value that this parameter has in a plan.
    Parameter(ParameterName),
}

impl<T> From<T> for Input<T> {
    fn from(value: T) -> Self {
        Self::Literal(value)
    }
}

/// What a step does to what it works on, as whoever stops things tells steps apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Touch {
    /// It only looks: a gate, a check, a call that reads.
    Looks,
    /// It gives capacity back: the way back to production, or to the state that was found.
    GivesBack,
    /// It changes something or takes capacity: a drain, a restart, a call that writes.
    Changes,
}

/// A step as its command file defines it: parameters may stand for its settings.
pub type StepSpec = StepWith<Input<Duration>, Input<u64>>;
/// A step as a plan carries it out: every setting is a value.
pub type Step = StepWith<Duration, u64>;
/// How a reboot is done, as its command file defines it.
pub type RebootSpec = RebootWith<Input<Duration>>;
/// How a reboot is done, as a plan carries it out.
pub type Reboot = RebootWith<Duration>;
/// An HTTP call, as its command file defines it.
pub type HttpSpec = HttpWith<Input<Duration>>;
/// An HTTP call, as a plan carries it out.
pub type HttpCall = HttpWith<Duration>;

/// A plan's values do not have what stands for a setting; command files are checked so that they always do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a step takes its setting from the parameter `{0}`, which has no value of that type")]
pub struct MissingInput(pub ParameterName);

/// One step of a command; `D` is how its lengths of time are given, `C` how its counts are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StepWith<D, C> {
    /// Takes the server out of its load balancer and waits for its connections.
    Drain {
        /// How long connections may take to end.
        timeout: D,
        /// Drained when at most this many are left. A parameter's value is the number that they must be below.
        connections_max: C,
    },
    /// Asks again, before something that cannot be undone, whether it is still safe.
    Gate(Vec<GateCheck>),
    /// Reboots, and proves it by the boot id.
    Reboot(RebootWith<D>),
    /// Looks at the server itself.
    Check {
        /// What must hold.
        checks: Vec<HostCheck>,
        /// How long it may take to become true.
        timeout: D,
    },
    /// Puts the server back into the production state that was found at the start.
    RestoreState {
        /// How long the load balancer may take to show it.
        timeout: D,
    },
    /// Puts the server into production.
    Undrain {
        /// How long the load balancer may take to show it.
        timeout: D,
    },
    /// Calls an HTTP endpoint once; the idempotency key is the run's id.
    Http(HttpWith<D>),
}

/// How a reboot is done and proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RebootWith<D> {
    /// The first way.
    pub via: PowerPath,
    /// The way to take if the first never got to send its command.
    pub otherwise: Option<PowerPath>,
    /// How long the server may take to come back.
    pub timeout: D,
    /// How long the old boot id may still be seen before the command counts as not carried out.
    pub grace: D,
}

/// A way to restart a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PowerPath {
    /// The operating system's own reboot, over SSH.
    Ssh,
    /// The management controller's forced restart.
    Redfish,
}

impl PowerPath {
    /// As people read it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ssh => "SSH",
            Self::Redfish => "Redfish",
        }
    }
}

/// What a gate asks again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum GateCheck {
    /// The load balancer still shows the server as out.
    DrainStillHolds,
    /// The pool is not below its floor.
    Capacity,
}

/// What is looked at on the server after a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HostCheck {
    /// No unit has failed.
    Services,
    /// Every file system of the table is mounted.
    Mounts,
    /// The running kernel is the installed default.
    Kernel,
    /// The clock is synchronised.
    Clock,
}

impl HostCheck {
    /// Every check.
    pub const ALL: [Self; 4] = [Self::Services, Self::Mounts, Self::Kernel, Self::Clock];

    /// The word in command files and messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Mounts => "mounts",
            Self::Kernel => "kernel",
            Self::Clock => "clock",
        }
    }
}

/// An HTTP call of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpWith<D> {
    /// `GET` or `POST`.
    pub method: HttpMethod,
    /// The address, fixed in the file: no text of a person ever becomes part of it.
    pub url: String,
    /// What is sent as a JSON object.
    pub send: Vec<Sent>,
    /// The status that means done.
    pub expect: u16,
    /// How long it may take.
    pub timeout: D,
}

/// The methods an HTTP step may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HttpMethod {
    /// Looks.
    Get,
    /// Changes, with an idempotency key.
    Post,
}

impl HttpMethod {
    /// What a call does to what it works on.
    #[must_use]
    pub const fn touch(self) -> Touch {
        match self {
            Self::Get => Touch::Looks,
            Self::Post => Touch::Changes,
        }
    }
}

impl<D, C> StepWith<D, C> {
    /// The step's word on cards and in the plan.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Drain { .. } => "drain",
            Self::Gate(_) => "gate",
            Self::Reboot(_) => "reboot",
            Self::Check { .. } => "check",
            Self::RestoreState { .. } => "return",
            Self::Undrain { .. } => "undrain",
            Self::Http(_) => "http",
        }
    }

    /// What it does to what it works on.
    #[must_use]
    pub fn touch(&self) -> Touch {
        match self {
            Self::Gate(_) | Self::Check { .. } => Touch::Looks,
            Self::RestoreState { .. } | Self::Undrain { .. } => Touch::GivesBack,
            Self::Drain { .. } | Self::Reboot(_) => Touch::Changes,
            Self::Http(http) => http.method.touch(),
        }
    }

    /// Whether a step of this kind tells it.
    #[must_use]
    pub fn tells(&self, output: Output) -> bool {
        self.word() == output.told_by()
    }
}

/// What a step tells the steps after it, once it has succeeded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Output {
    /// How many connections a drained server had left: a whole number.
    ConnectionsLeft,
    /// How long a server took to be back after its restart was sent: a length of time.
    RebootTook,
    /// How long checks took to become true: a length of time.
    CheckTook,
    /// The status that a call was answered with: a whole number.
    HttpStatus,
}

impl Output {
    /// Every output.
    pub const ALL: [Self; 4] = [Self::ConnectionsLeft, Self::RebootTook, Self::CheckTook, Self::HttpStatus];

    /// The word in command files, and the name under which it is sent.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ConnectionsLeft => "drain.connections-left",
            Self::RebootTook => "reboot.took",
            Self::CheckTook => "check.took",
            Self::HttpStatus => "http.status",
        }
    }

    /// The word of the steps that tell it.
    #[must_use]
    pub const fn told_by(self) -> &'static str {
        match self {
            Self::ConnectionsLeft => "drain",
            Self::RebootTook => "reboot",
            Self::CheckTook => "check",
            Self::HttpStatus => "http",
        }
    }
}

/// One member of what a call sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// A parameter of the plan, or the site.
    Parameter(ParameterName),
    /// What the last step before that has it told; left out if that step did not tell.
    Output(Output),
}

type Values = BTreeMap<ParameterName, Value>;

impl StepSpec {
    /// The step with its parameters' values put in.
    ///
    /// # Errors
    /// One of them has no value of its type.
    pub fn with_values(&self, values: &Values) -> Result<Step, MissingInput> {
        Ok(match self {
            Self::Drain { timeout, connections_max } => {
                Step::Drain { timeout: length(timeout, values)?, connections_max: below(connections_max, values)? }
            }
            Self::Gate(checks) => Step::Gate(checks.clone()),
            Self::Reboot(spec) => Step::Reboot(Reboot {
                via: spec.via,
                otherwise: spec.otherwise,
                timeout: length(&spec.timeout, values)?,
                grace: length(&spec.grace, values)?,
            }),
            Self::Check { checks, timeout } => {
                Step::Check { checks: checks.clone(), timeout: length(timeout, values)? }
            }
            Self::RestoreState { timeout } => Step::RestoreState { timeout: length(timeout, values)? },
            Self::Undrain { timeout } => Step::Undrain { timeout: length(timeout, values)? },
            Self::Http(spec) => Step::Http(HttpCall {
                method: spec.method,
                url: spec.url.clone(),
                send: spec.send.clone(),
                expect: spec.expect,
                timeout: length(&spec.timeout, values)?,
            }),
        })
    }
}

fn length(input: &Input<Duration>, values: &Values) -> Result<Duration, MissingInput> {
    match input {
        Input::Literal(length) => Ok(*length),
        Input::Parameter(name) => match values.get(name) {
            Some(Value::Duration(length)) => Ok(*length),
            Some(_) | None => Err(MissingInput(name.clone())),
        },
    }
}

/// The most that are fewer than a parameter's value.
fn below(input: &Input<u64>, values: &Values) -> Result<u64, MissingInput> {
    match input {
        Input::Literal(most) => Ok(*most),
        Input::Parameter(name) => match values.get(name) {
            Some(Value::Integer(below)) => u64::try_from(*below)
                .ok()
                .and_then(|below| below.checked_sub(1))
                .ok_or_else(|| MissingInput(name.clone())),
            Some(_) | None => Err(MissingInput(name.clone())),
        },
    }
}
