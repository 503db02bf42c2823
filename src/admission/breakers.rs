//! Failure rates: when too many runs of a command fail, nothing more of the same starts until a person says so.
//!
//! What is counted is the record of finished runs since the breaker was last closed. A run counts once: as failed, as
//! succeeded, or, when a person had to be asked, as not known, which counts as a failure whatever the person says later.
//! Deliberately absent: runs that were left out, waited, or were turned back by a cancel. They say nothing of the command.

use super::Known;
use super::ledger::Health;
use crate::domain::breaker::BreakerScope;
use crate::domain::command::{CommandName, CommandSpec, Impact, StepSpec};
use crate::domain::identity::PersonId;
use crate::domain::ids::{RunId, Version};
use crate::domain::plan::{PlannedServer, Subject};
use crate::domain::server::{ServerId, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, BrokenUntil};
use crate::workflow::run::{FailureKind, RunEvent, RunOutcome};
use std::time::Duration;

/// How many failed runs a breaker names.
const EXAMPLES_MAX: usize = 5;

/// When breakers open, and what closes them; from `failure-rate` in `policies/admission.yaml`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FailureRules {
    /// Reaching so many failures in a row opens the breaker of a command at a site, or of a version on a type.
    pub in_a_row: u32,
    /// What else opens those two.
    pub share: FailureShare,
    /// What opens the breaker of a command as a whole.
    pub command: FailureShare,
    /// How long after the last failure nothing at all starts.
    pub cool_down: Duration,
    /// How long a canary that succeeded is watched before its breaker may be closed.
    pub soak: Duration,
}

/// A share of the last runs. It takes both: reaching the failures, and exceeding the percentage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FailureShare {
    /// The fewest failures that open.
    pub failures_min: u32,
    /// They must be more than this share of the runs looked at.
    pub above_percent: u8,
    /// How many runs are looked at, the newest first.
    pub of_last: u32,
}

impl Default for FailureRules {
    fn default() -> Self {
        Self {
            in_a_row: 3,
            share: FailureShare { failures_min: 5, above_percent: 10, of_last: 40 },
            command: FailureShare { failures_min: 10, above_percent: 10, of_last: 200 },
            cool_down: Duration::from_secs(30 * 60),
            soak: Duration::from_secs(10 * 60),
        }
    }
}

impl FailureRules {
    /// The share that opens the breaker of that scope.
    #[must_use]
    pub const fn share_of(&self, scope: &BreakerScope) -> FailureShare {
        match scope {
            BreakerScope::Site { .. } | BreakerScope::Version { .. } => self.share,
            BreakerScope::Command { .. } => self.command,
        }
    }

    /// How many of the newest runs of that scope say whether its breaker opens.
    #[must_use]
    pub fn window(&self, scope: &BreakerScope) -> u32 {
        self.share_of(scope).of_last.max(self.in_a_row)
    }
}

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

/// How many of how many have failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tally {
    /// Failures.
    pub failures: u32,
    /// Of so many finished runs.
    pub of: u32,
}

/// Whether these finished runs of a scope, the newest first, open its breaker, and what it is told as.
#[must_use]
pub fn opens(scope: &BreakerScope, newest_first: &[FinishedAs], rules: &FailureRules) -> Option<Tally> {
    let is_narrow = !matches!(scope, BreakerScope::Command { .. });
    let in_a_row = count(newest_first.iter().take_while(|finished| finished.is_failure()));
    if is_narrow && in_a_row >= rules.in_a_row {
        return Some(Tally { failures: in_a_row, of: in_a_row });
    }
    let share = rules.share_of(scope);
    let looked_at = newest_first.iter().take(share.of_last as usize);
    let (failures, of) = (count(looked_at.clone().filter(|finished| finished.is_failure())), count(looked_at));
    let is_above = u64::from(failures) * 100 > u64::from(of) * u64::from(share.above_percent);
    (failures >= share.failures_min && is_above).then_some(Tally { failures, of })
}

fn count<'a>(finished: impl Iterator<Item = &'a FinishedAs>) -> u32 {
    u32::try_from(finished.count()).unwrap_or(u32::MAX)
}

/// What a run that has just finished changes: the open breaker of that scope, or opens one. The runs are those of the
/// scope since its breaker was last closed, that one first.
#[must_use]
pub fn after_run(
    open: Option<&Breaker>,
    scope: &BreakerScope,
    newest_first: &[FinishedRun],
    rules: &FailureRules,
) -> Option<Breaker> {
    if let Some(breaker) = open {
        return breaker.after(newest_first.first()?, rules);
    }
    let finished = newest_first.iter().map(|run| run.finished_as).collect::<Vec<_>>();
    let tally = opens(scope, &finished, rules)?;
    Some(Breaker::opened(scope.clone(), tally, newest_first, rules))
}

/// A breaker that has opened; a closed one is kept for the record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breaker {
    /// What it is about.
    pub scope: BreakerScope,
    /// When it opened; with the scope, what tells it from others.
    pub opened_at: Timestamp,
    /// How often it was written.
    pub version: Version,
    /// How many runs failed, those after it opened included.
    pub failures: u32,
    /// Of how many.
    pub of: u32,
    /// The newest that failed, the newest first.
    pub examples: Vec<FailedRun>,
    /// No canary starts before this.
    pub canary_from: Timestamp,
    /// The one run that may start while it is open.
    pub canary: Option<Canary>,
    /// By whom it was closed, once it is.
    pub closed: Option<Closing>,
}

/// A run that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FailedRun {
    /// The run.
    pub run: RunId,
    /// Its server, if it has one.
    pub server: Option<ServerName>,
}

/// The run that shows whether it is better by now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Canary {
    /// The run.
    pub run: RunId,
    /// Its server, if it has one.
    pub server: Option<(ServerId, ServerName)>,
    /// When it was admitted.
    pub at: Timestamp,
    /// When it succeeded, if it has.
    pub succeeded_at: Option<Timestamp>,
}

/// A person's word that a command may be used again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Closing {
    /// Who.
    pub by: PersonId,
    /// Their name.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    pub why: String,
    /// Whether a canary had passed.
    pub after_canary: bool,
}

/// How a breaker stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BreakerStanding {
    /// Nothing starts until then.
    CoolingDown(Timestamp),
    /// One canary may start.
    MayTry,
    /// The canary is at work.
    Trying(RunId),
    /// The canary has succeeded, and is watched until then.
    Soaking(Timestamp),
    /// The canary has succeeded, but its server does not serve now.
    CanaryUnwell,
    /// The canary has passed: a person may close it.
    MayClose,
    /// It is closed.
    Closed,
}

impl Breaker {
    /// A breaker that opens with the first of these runs.
    fn opened(scope: BreakerScope, tally: Tally, newest_first: &[FinishedRun], rules: &FailureRules) -> Self {
        let opened_at = newest_first.first().map_or_else(Timestamp::default, |run| run.at);
        let failed = newest_first.iter().filter(|run| run.finished_as.is_failure());
        Self {
            scope,
            opened_at,
            version: Version(1),
            failures: tally.failures,
            of: tally.of,
            examples: failed.take(EXAMPLES_MAX).map(FailedRun::of).collect(),
            canary_from: opened_at.plus(rules.cool_down),
            canary: None,
            closed: None,
        }
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self, known: Known<'_>) -> BreakerStanding {
        let rules = &known.rules.failure_rate;
        match &self.canary {
            _ if self.closed.is_some() => BreakerStanding::Closed,
            None if known.now < self.canary_from => BreakerStanding::CoolingDown(self.canary_from),
            None => BreakerStanding::MayTry,
            Some(Canary { succeeded_at: None, run, .. }) => BreakerStanding::Trying(run.clone()),
            Some(Canary { succeeded_at: Some(at), .. }) if known.now < at.plus(rules.soak) => {
                BreakerStanding::Soaking(at.plus(rules.soak))
            }
            Some(canary) if is_unwell(canary, known) => BreakerStanding::CanaryUnwell,
            Some(_) => BreakerStanding::MayClose,
        }
    }

    /// As it is with that run as its canary.
    #[must_use]
    pub fn trying(&self, run: &RunId, server: Option<&PlannedServer>, at: Timestamp) -> Self {
        let server = server.map(|server| (server.id.clone(), server.name.clone()));
        let canary = Canary { run: run.clone(), server, at, succeeded_at: None };
        Self { canary: Some(canary), ..self.next() }
    }

    /// As it is after a run of its scope has ended or was asked about, if that changes it.
    fn after(&self, run: &FinishedRun, rules: &FailureRules) -> Option<Self> {
        let is_canary = self.canary.as_ref().is_some_and(|canary| canary.run == run.run);
        if run.finished_as.is_failure() {
            // Whatever a canary has shown before, it is not over.
            let canary = self.canary.clone().filter(|canary| canary.succeeded_at.is_none() && !is_canary);
            let examples = std::iter::once(FailedRun::of(run)).chain(self.examples.iter().cloned());
            return Some(Self {
                failures: self.failures.saturating_add(1),
                of: self.of.saturating_add(1),
                examples: examples.take(EXAMPLES_MAX).collect(),
                canary_from: run.at.plus(rules.cool_down),
                canary,
                ..self.next()
            });
        }
        let canary = self.canary.clone().filter(|_| is_canary)?;
        Some(Self { canary: Some(Canary { succeeded_at: Some(run.at), ..canary }), ..self.next() })
    }

    /// As it is after that run was turned back, if it was its canary: another one may try.
    #[must_use]
    pub fn without_canary(&self, run: &RunId) -> Option<Self> {
        let is_canary = self.canary.as_ref().is_some_and(|canary| canary.run == *run);
        is_canary.then(|| Self { canary: None, ..self.next() })
    }

    /// Closed.
    #[must_use]
    pub fn closed(&self, closing: Closing) -> Self {
        Self { closed: Some(closing), ..self.next() }
    }

    fn next(&self) -> Self {
        Self { version: Version(self.version.0 + 1), ..self.clone() }
    }
}

impl FailedRun {
    fn of(run: &FinishedRun) -> Self {
        Self { run: run.run.clone(), server: run.server.as_ref().map(|server| server.name.clone()) }
    }
}

/// Whether a canary's server is known and does not serve; one that nothing watches has only its own checks.
fn is_unwell(canary: &Canary, known: Known<'_>) -> bool {
    let health = canary.server.as_ref().and_then(|(id, _)| known.ledger.health.get(id));
    health.is_some_and(|row| row.health != Health::Serving)
}

/// The open breakers over some work.
fn over<'a>(work: Option<Counted<'_>>, known: Known<'a>) -> impl Iterator<Item = &'a Breaker> {
    let scopes = work.map(Counted::scopes).unwrap_or_default();
    scopes.into_iter().filter_map(move |scope| known.ledger.breakers.get(&scope))
}

/// The breakers that keep some work from starting now.
#[must_use]
pub fn broken(work: Option<Counted<'_>>, known: Known<'_>) -> Vec<Blocker> {
    over(work, known).filter_map(|breaker| blocker(breaker, known)).collect()
}

/// The breakers that some work, if it may start, is the canary of: none that is only observed lets a second one try.
#[must_use]
pub fn canary_of(work: Option<Counted<'_>>, known: Known<'_>) -> Vec<BreakerScope> {
    over(work, known)
        .filter(|breaker| breaker.standing(known) == BreakerStanding::MayTry)
        .map(|breaker| breaker.scope.clone())
        .collect()
}

fn blocker(breaker: &Breaker, known: Known<'_>) -> Option<Blocker> {
    let until = match breaker.standing(known) {
        BreakerStanding::MayTry | BreakerStanding::Closed => return None,
        BreakerStanding::CoolingDown(at) => BrokenUntil::CoolDown(at),
        BreakerStanding::Trying(run) => BrokenUntil::Canary(run),
        BreakerStanding::Soaking(at) => BrokenUntil::Soak(at),
        BreakerStanding::CanaryUnwell | BreakerStanding::MayClose => BrokenUntil::Person,
    };
    Some(Blocker::Broken {
        scope: breaker.scope.clone(),
        failures: breaker.failures,
        of: breaker.of,
        since: breaker.opened_at,
        examples: breaker.examples.iter().filter_map(|failed| failed.server.clone()).collect(),
        until,
    })
}
