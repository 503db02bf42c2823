//! How runs finish: what counts as a failure, and towards which breakers it counts.
//!
//! Deliberately absent: runs that were left out, waited, or were turned back by a cancel. They say nothing of the command.

use crate::domain::breaker::BreakerScope;
use crate::domain::command::{CommandName, CommandSpec, Impact, StepSpec};
use crate::domain::ids::RunId;
use crate::domain::plan::{PlannedServer, Subject};
use crate::domain::server::{ServerId, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::run::{FailureKind, RunEvent, RunOutcome};

/// How a run counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FinishedAs {
    /// It did what was asked.
    Succeeded,
    /// It failed, whether or not its server was put back.
    Failed,
    /// A person had to be asked what became of it.
    Unknown,
}

impl FinishedAs {
    /// Every way to count.
    pub const ALL: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Unknown];

    /// The word in rows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it counts as a failure.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Unknown)
    }

    /// How that event makes its run count, after its last failure; `None` says nothing of the command.
    #[must_use]
    pub const fn of(event: &RunEvent, failure: Option<FailureKind>) -> Option<Self> {
        match event {
            // It was not safe to go on: that is other policies' word.
            RunEvent::Ended { outcome: RunOutcome::FailedAndReturned, .. }
                if matches!(failure, Some(FailureKind::GateClosed)) =>
            {
                None
            }
            RunEvent::PersonAsked { .. } => Some(Self::Unknown),
            RunEvent::Ended { outcome: RunOutcome::Done, .. } => Some(Self::Succeeded),
            RunEvent::Ended { outcome: RunOutcome::Failed | RunOutcome::FailedAndReturned, .. } => Some(Self::Failed),
            RunEvent::Ended {
                outcome: RunOutcome::Returned | RunOutcome::NotStarted | RunOutcome::LeftOut | RunOutcome::PutOff,
                ..
            }
            | RunEvent::Planned { .. }
            | RunEvent::Replanned { .. }
            | RunEvent::Admitted(_)
            | RunEvent::WasSilent { .. }
            | RunEvent::StepBegun { .. }
            | RunEvent::ActAnswered { .. }
            | RunEvent::StepSucceeded { .. }
            | RunEvent::StepFailed(_)
            | RunEvent::PersonAnswered { .. }
            | RunEvent::ReturnBegun { .. } => None,
        }
    }
}

/// A run that is over, or whose outcome a person was asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FinishedRun {
    /// The run.
    pub run: RunId,
    /// Its command.
    pub command: CommandName,
    /// The site that it worked at, if at one.
    pub site: Option<SiteName>,
    /// The server that it worked on, if on one.
    pub server: Option<FinishedServer>,
    /// The version that it was about, if about one.
    pub version: Option<String>,
    /// How it counts.
    pub finished_as: FinishedAs,
    /// Since when.
    pub at: Timestamp,
}

/// The server of a finished run, as it was planned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FinishedServer {
    /// The id.
    pub id: ServerId,
    /// The name.
    pub name: ServerName,
    /// The type.
    pub server_type: ServerType,
}

/// What a run counts towards: the same for one that is over and one that would start.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// The command.
    pub command: &'a CommandName,
    /// The site, if at one.
    pub site: Option<&'a SiteName>,
    /// The type of its server, if on one.
    pub server_type: Option<&'a ServerType>,
    /// The version, if about one.
    pub version: Option<&'a str>,
}

impl<'a> Counted<'a> {
    /// What work of that command on that subject counts towards; `None` of a command that no breaker watches.
    #[must_use]
    pub fn of(spec: &'a CommandSpec, subject: &'a Subject, version: Option<&'a str>) -> Option<Self> {
        match subject {
            Subject::Server(server) => Self::of_server(spec, server, version),
            Subject::Site(_) | Subject::Nothing => {
                let command = &spec.name;
                is_watched(spec).then_some(Self { command, site: subject.site(), server_type: None, version })
            }
        }
    }

    /// The same of a server.
    #[must_use]
    pub fn of_server(spec: &'a CommandSpec, server: &'a PlannedServer, version: Option<&'a str>) -> Option<Self> {
        let (site, server_type) = (Some(&server.site), Some(&server.server_type));
        is_watched(spec).then_some(Self { command: &spec.name, site, server_type, version })
    }

    /// Every scope that it lies in, the narrow ones first.
    #[must_use]
    pub fn scopes(self) -> Vec<BreakerScope> {
        let command = || self.command.clone();
        let site = self.site.map(|site| BreakerScope::Site { command: command(), site: site.clone() });
        let version = self.server_type.zip(self.version).map(|(server_type, version)| BreakerScope::Version {
            command: command(),
            server_type: server_type.clone(),
            version: version.to_owned(),
        });
        site.into_iter().chain(version).chain([BreakerScope::Command { command: command() }]).collect()
    }
}

/// Looking is not held up, and neither is the safe direction: a command that only gives capacity back.
fn is_watched(spec: &CommandSpec) -> bool {
    let gives_back = |step: &StepSpec| matches!(step, StepSpec::Undrain { .. } | StepSpec::RestoreState { .. });
    let harmless = |step: &StepSpec| gives_back(step) || matches!(step, StepSpec::Check { .. } | StepSpec::Gate(_));
    let only_gives_back = spec.steps.iter().any(gives_back) && spec.steps.iter().all(harmless);
    spec.impact != Impact::ReadOnly && !only_gives_back
}
