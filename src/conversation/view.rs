//! A request as messages look at it: what was asked in words, how many servers stand where.
//!
//! Deliberately absent: the state's sign and word, which are `state`'s.

use super::words::{PATTERNS_MAX, Prose, capital, first_three, listed, quoted, servers, size, told};
use crate::admission::PoolImpact;
use crate::domain::command::{CommandSpec, StepSpec};
use crate::domain::consent::{self, Quota};
use crate::domain::place::ReplyPath;
use crate::domain::server::{ProductionState, ServerName, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet::folded;
use crate::workflow::request::Request;
use crate::workflow::run::{Run, RunOutcome, RunStage};
use std::collections::BTreeSet;

/// A request with its runs, what it does to its pools, and the time.
#[derive(Clone, Copy, Debug)]
pub struct RequestView<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its runs, by number; empty before they are planned.
    pub runs: &'a [Run],
    /// What it does to each pool it touches.
    pub impacts: &'a [PoolImpact],
    /// The time.
    pub now: Timestamp,
}

/// How many subjects stand where.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    pub(super) all: usize,
    pub(super) done: usize,
    pub(super) failed: usize,
    pub(super) left_out: usize,
    pub(super) returned: usize,
    pub(super) not_started: usize,
    pub(super) working: usize,
    pub(super) person: usize,
    pub(super) waiting: usize,
}

impl Tally {
    /// Subjects that were not begun and, if it is over or stopping, never will be.
    pub(super) fn untouched(self) -> usize {
        self.waiting + self.not_started
    }

    /// Subjects that a run works on, or whose outcome a person must tell.
    pub(super) fn active(self) -> usize {
        self.working + self.person
    }
}

impl<'a> RequestView<'a> {
    pub(super) fn tally(self) -> Tally {
        let mut tally = Tally { all: self.request.plan.parts().subjects.len(), ..Tally::default() };
        for run in self.runs {
            let place = match &run.stage {
                RunStage::Waiting => continue,
                RunStage::Ready { .. } | RunStage::Acting { .. } | RunStage::Returning { .. } => &mut tally.working,
                RunStage::NeedsPerson { .. } => &mut tally.person,
                RunStage::Ended { outcome, .. } => match outcome {
                    RunOutcome::Done => &mut tally.done,
                    RunOutcome::Failed | RunOutcome::FailedAndReturned => &mut tally.failed,
                    RunOutcome::Returned | RunOutcome::PutOff => &mut tally.returned,
                    RunOutcome::NotStarted => &mut tally.not_started,
                    RunOutcome::LeftOut => &mut tally.left_out,
                },
            };
            *place += 1;
        }
        let begun = tally.done + tally.failed + tally.left_out + tally.returned + tally.not_started + tally.active();
        tally.waiting = tally.all.saturating_sub(begun);
        tally
    }

    /// Runs of that outcome.
    pub(super) fn ended(self, wanted: &'a [RunOutcome]) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().filter(move |run| run.outcome().is_some_and(|outcome| wanted.contains(&outcome)))
    }

    /// The wave at work, counted from 1.
    pub(super) fn wave(self) -> usize {
        let begun = self.runs.iter().filter(|run| run.admission().is_some());
        size(begun.map(|run| run.wave).max().unwrap_or(0)) + 1
    }

    /// When it might first have started.
    pub(super) fn ready_at(self) -> Timestamp {
        self.request.approvals.last().map_or(self.request.accepted_at, |approval| approval.at)
    }

    /// How the runs of a finished wave ended up: `back in production`, if they are.
    pub(super) fn back(self) -> Option<&'static str> {
        let returns = |step: &StepSpec| matches!(step, StepSpec::RestoreState { .. });
        if !self.request.spec.steps.iter().any(returns) {
            return None;
        }
        let from_production = self.runs.iter().all(|run| run.found == ProductionState::Production);
        Some(if from_production { "back in production" } else { "back as found" })
    }
}

/// Whoever asked, and the account where it was in a shell.
pub(super) fn asker(prose: Prose, request: &Request) -> Prose {
    let prose = prose.person(&request.origin.person);
    match &request.origin.reply {
        ReplyPath::Shell { account } => prose.text(format!(" in a shell ({})", quoted(account))),
        ReplyPath::ResponseAddress(_) | ReplyPath::Private { .. } | ReplyPath::Direct | ReplyPath::Nobody => prose,
    }
}

/// `reboot 20 servers in lax`, or `announce`.
pub(super) fn asked(request: &Request) -> String {
    let verb = request.spec.name.as_str();
    match (request.plan.servers().count(), sites(request)) {
        (0, sites) if sites.is_empty() => verb.to_owned(),
        (0, sites) => format!("{verb} {sites}"),
        (count, sites) => format!("{verb} {} in {sites}", servers(count)),
    }
}

/// `Reboot 20 servers in lax`.
pub(super) fn title(request: &Request) -> String {
    capital(&asked(request))
}

/// `20 servers in lax`, or the command's own name.
pub(super) fn subjects(request: &Request) -> String {
    match (request.plan.servers().count(), sites(request)) {
        (0, sites) if sites.is_empty() => request.spec.name.to_string(),
        (0, sites) => sites,
        (count, sites) => format!("{} in {sites}", servers(count)),
    }
}

/// `lax`, `lax and riga`, `4 sites`.
pub(super) fn sites(request: &Request) -> String {
    let of_servers = request.plan.servers().map(|server| server.site.as_str());
    let sites = of_servers.chain(request.plan.sites().map(SiteName::as_str)).collect::<BTreeSet<_>>();
    let sites = sites.into_iter().collect::<Vec<_>>();
    match sites.len() {
        0..=2 => listed(&sites, "and"),
        count => format!("{count} sites"),
    }
}

/// The plan's servers, folded.
pub(super) fn names(request: &Request) -> String {
    folded(&request.plan.servers().map(|server| server.name.clone()).collect::<Vec<_>>(), PATTERNS_MAX)
}

/// The servers of runs, folded.
pub(super) fn names_of<'a>(runs: impl IntoIterator<Item = &'a Run>) -> String {
    folded(&server_names(runs), PATTERNS_MAX)
}

/// The servers of runs.
pub(super) fn server_names<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<ServerName> {
    runs.into_iter().filter_map(Run::server_name).cloned().collect()
}

/// What a run works on, in one word.
pub(super) fn subject_name(request: &Request, run: &Run) -> String {
    let site = run.subject.site().map(ToString::to_string);
    run.server_name().map(ToString::to_string).or(site).unwrap_or_else(|| request.spec.name.to_string())
}

/// The text that was given after `because`.
pub(super) fn because(request: &Request) -> Option<String> {
    let parameter = request.spec.parameters.iter().find(|parameter| parameter.asked_as_because)?;
    Some(quoted(&told(request.plan.parts().parameters.get(&parameter.name)?))).filter(|text| !text.is_empty())
}

/// `drain, reboot, check, return`: what is done, without what only asks again.
pub(super) fn step_words(spec: &CommandSpec) -> String {
    let done = spec.steps.iter().filter(|step| !matches!(step, StepSpec::Gate(_)));
    done.map(StepSpec::word).collect::<Vec<_>>().join(", ")
}

/// What a subject is once the command is done with it: `rebooted`.
pub(super) fn deed(spec: &CommandSpec) -> &'static str {
    let any = |is: fn(&StepSpec) -> bool| spec.steps.iter().any(is);
    if any(|step| matches!(step, StepSpec::Reboot(_))) {
        "rebooted"
    } else if any(|step| matches!(step, StepSpec::Undrain { .. })) {
        "put into production"
    } else if any(|step| matches!(step, StepSpec::Drain { .. })) {
        "drained"
    } else {
        "done"
    }
}

/// The pools of the plan: `edge-lax and origin-lax`, or its sites if it has none.
pub(super) fn pools(request: &Request) -> String {
    let pools = request.plan.servers().filter_map(|server| server.pool.as_ref());
    let pools = pools.map(|pool| pool.as_str()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    if pools.is_empty() { sites(request) } else { first_three(&pools) }
}

/// `bob`, `bob and dee`: who consented.
pub(super) fn approvers(request: &Request) -> Option<String> {
    let people = request.approvals.iter().map(|approval| quoted(&approval.name)).collect::<Vec<_>>();
    (!people.is_empty()).then(|| listed(&people, "and"))
}

/// How many people must still consent.
pub(super) fn more_needed(request: &Request) -> usize {
    size(consent::people(&request.missing()))
}

/// ``1 of `sre` and 2 more of `dba` or `edge-team` ``.
pub(super) fn wanted(mut prose: Prose, quotas: &[Quota], more: &str) -> Prose {
    for (place, quota) in quotas.iter().enumerate() {
        prose = prose.text(if place == 0 { "" } else { " and " }).text(format!("{}{more} of ", quota.count));
        for (place, group) in quota.from.iter().enumerate() {
            prose = prose.text(if place == 0 { "" } else { " or " }).code(group.as_str());
        }
    }
    prose
}
