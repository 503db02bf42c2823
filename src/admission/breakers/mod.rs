//! Failure rates: when too many runs of a command fail, nothing more of the same starts until a person says so.
//!
//! What is counted is the record of finished runs since the breaker was last closed. A run counts once: as failed, as
//! succeeded, or, when a person had to be asked, as not known, which counts as a failure whatever the person says later.

mod at_work;
mod finished;
mod opening;
mod server;

pub use at_work::at_work;
pub use finished::{Counted, FinishedAs, FinishedRun, FinishedServer};
pub(super) use opening::SERVER_RUNS_MAX;
pub use opening::{CohortRule, FailureRules, FailureShare, Opening, ScopeRecord, ServerRule, Tally, opens};
pub use server::{SERVER_FAILURES_KEPT_FOR, ServerFailure};
pub(super) use server::{keeps_automations_off, rest_together, rests_with};

use super::{Known, soaking};
use crate::domain::breaker::BreakerScope;
use crate::domain::identity::PersonId;
use crate::domain::ids::{RunId, Version};
use crate::domain::plan::PlannedServer;
use crate::domain::server::{ServerId, ServerName};
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, BrokenUntil};

/// How many failed runs a breaker names.
const EXAMPLES_MAX: usize = 5;

/// What a run that has just finished, the newest of the record, changes: the open breaker of its scope, or opens one.
#[must_use]
pub fn after_run(open: Option<&Breaker>, record: ScopeRecord<'_>, rules: &FailureRules) -> Option<Breaker> {
    match open {
        Some(breaker) => breaker.after(record.newest_first.first()?, rules),
        None => Some(Breaker::opened(record, opens(record, rules)?, rules)),
    }
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
    /// What had failed of the same command elsewhere, if it opened because that was so much less.
    pub elsewhere: Option<Tally>,
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
    /// The canary has succeeded, but its server does not serve now, or has an alert of its own.
    CanaryUnwell,
    /// The canary has passed: a person may close it.
    MayClose,
    /// It is closed.
    Closed,
}

impl Breaker {
    /// A breaker that opens with the newest of these runs.
    fn opened(record: ScopeRecord<'_>, opening: Opening, rules: &FailureRules) -> Self {
        let opened_at = record.newest_first.first().map_or_else(Timestamp::default, |run| run.at);
        let failed = record.newest_first.iter().filter(|run| run.finished_as.is_failure());
        Self {
            scope: record.scope.clone(),
            opened_at,
            version: Version(1),
            failures: opening.tally.failures,
            of: opening.tally.of,
            elsewhere: opening.elsewhere,
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
            // Nothing shows that a server is mended but a look at it, and people are not kept from that.
            _ if self.scope.server().is_some() => BreakerStanding::MayClose,
            None if known.now < self.canary_from => BreakerStanding::CoolingDown(self.canary_from),
            None => BreakerStanding::MayTry,
            Some(Canary { succeeded_at: None, run, .. }) => BreakerStanding::Trying(run.clone()),
            Some(Canary { succeeded_at: Some(at), .. }) if known.now < at.plus(rules.soak) => {
                BreakerStanding::Soaking(at.plus(rules.soak))
            }
            Some(Canary { server: Some((server, _)), .. }) if soaking::is_unwell(server, known) => {
                BreakerStanding::CanaryUnwell
            }
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

/// The open breakers over some work that keep off everybody, the widest first.
fn over<'a>(work: Counted<'_>, known: Known<'a>) -> impl Iterator<Item = &'a Breaker> {
    let shared = work.scopes().into_iter().filter(|scope| scope.server().is_none());
    shared.filter_map(move |scope| known.ledger.breakers.get(&scope))
}

/// What failures keep some work from starting now, the widest reason first.
#[must_use]
pub fn broken(work: Option<Counted<'_>>, known: Known<'_>) -> Vec<Blocker> {
    let Some(work) = work else { return Vec::new() };
    over(work, known).filter_map(|breaker| blocker(breaker, known)).chain(server::keeps_off(work, known)).collect()
}

/// The breakers that some work, if it may start, is the canary of: none that is only observed lets a second one try.
#[must_use]
pub fn canary_of(work: Option<Counted<'_>>, known: Known<'_>) -> Vec<BreakerScope> {
    let all = work.into_iter().flat_map(|work| over(work, known));
    all.filter(|breaker| breaker.standing(known) == BreakerStanding::MayTry)
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
