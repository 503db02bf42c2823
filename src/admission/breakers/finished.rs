//! How runs finish: what counts as a failure, and towards which breakers it counts.
//!
//! Deliberately absent: runs that were left out, waited, or were turned back by a cancel. They say nothing of the command.

use crate::admission::Candidate;
use crate::domain::breaker::{BreakerScope, version_of};
use crate::domain::command::{CommandName, CommandSpec, Impact, StepSpec};
use crate::domain::identity::Asker;
use crate::domain::ids::RunId;
use crate::domain::plan::{PlannedServer, Subject};
use crate::domain::server::{ServerId, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::request::Request;
use crate::workflow::run::{FailureKind, Run, RunEvent, RunOutcome};

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
            | RunEvent::StillSafe { .. }
            | RunEvent::Kept { .. }
            | RunEvent::WentOn { .. }
            | RunEvent::StoodStill { .. }
            | RunEvent::MovedOn { .. }
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
    /// By whom it was asked for.
    pub asked_by: Asker,
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
    /// The server, if on one.
    pub server: Option<&'a PlannedServer>,
    /// The version, if about one.
    pub version: Option<&'a str>,
    /// By whom it was asked for.
    pub asked_by: Asker,
    watch: Watch,
}

/// Whose failures stop a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Watch {
    /// Everybody's, wherever they are counted together.
    Everywhere,
    /// Those on one server alone: the command only gives capacity back.
    OnItsServer,
}

impl<'a> Counted<'a> {
    /// What a run of a request counts towards; `None` where it only looks.
    #[must_use]
    pub fn of(request: &'a Request, run: &'a Run) -> Option<Self> {
        let asked_by = Asker::of(request.origin.person.id());
        let counted = Self::without_server(&request.spec, &run.subject, version_of(&request.plan.parts().parameters))?;
        Some(Self { asked_by, server: run.subject.server(), ..counted })
    }

    /// The same of a server that a run would start on.
    #[must_use]
    pub fn of_candidate(candidate: Candidate<'a>) -> Option<Self> {
        let Candidate { server, spec, version, asked_by, .. } = candidate;
        let (command, site, server) = (&spec.name, Some(&server.site), Some(server));
        Some(Self { command, site, server, version, asked_by, watch: watch(spec)? })
    }

    /// The same of a subject, whatever is known of its server.
    #[must_use]
    pub fn without_server(spec: &'a CommandSpec, subject: &'a Subject, version: Option<&'a str>) -> Option<Self> {
        let site = subject.server().map(|server| &server.site).or(subject.site());
        let (command, server, asked_by) = (&spec.name, None, Asker::Person);
        Some(Self { command, site, server, version, asked_by, watch: watch(spec)? })
    }

    /// Every scope that it lies in, the wide ones first.
    #[must_use]
    pub fn scopes(self) -> Vec<BreakerScope> {
        let command = || self.command.clone();
        let version = self.server.zip(self.version).map(|(server, version)| BreakerScope::Version {
            command: command(),
            server_type: server.server_type.clone(),
            version: version.to_owned(),
        });
        let site = self.site.map(|site| BreakerScope::Site { command: command(), site: site.clone() });
        let shared = std::iter::once(BreakerScope::Command { command: command() }).chain(version).chain(site);
        let is_automations = self.asked_by == Asker::Automation;
        let server = self.server.filter(|_| is_automations);
        let server = server.map(|server| BreakerScope::Server { command: command(), server: server.name.clone() });
        shared.filter(|_| self.watch == Watch::Everywhere).chain(server).collect()
    }
}

/// Looking is not held up at all, and where the safe direction fails, a command that only gives capacity back, that keeps
/// automations off that server, and nobody else.
fn watch(spec: &CommandSpec) -> Option<Watch> {
    let gives_back = |step: &StepSpec| matches!(step, StepSpec::Undrain { .. } | StepSpec::RestoreState { .. });
    let harmless = |step: &StepSpec| gives_back(step) || matches!(step, StepSpec::Check { .. } | StepSpec::Gate(_));
    let only_gives_back = spec.steps.iter().any(gives_back) && spec.steps.iter().all(harmless);
    match spec.impact {
        Impact::ReadOnly => None,
        Impact::Config | Impact::Drain | Impact::PowerCycle | Impact::Destructive if only_gives_back => {
            Some(Watch::OnItsServer)
        }
        Impact::Config | Impact::Drain | Impact::PowerCycle | Impact::Destructive => Some(Watch::Everywhere),
    }
}
