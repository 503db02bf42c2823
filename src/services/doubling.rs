//! Work that is asked for again: what of it open requests have already.
//!
//! The same work is the same command with the same parameters on the same server; neither the reason nor whoever asked has a
//! say in it. Whoever asks was allowed to before this is asked, so nobody attaches to what they may not ask for themselves.
//! Deliberately absent: other commands on the same server, which wait for its lock.

use super::planning::{Asking, identity};
use super::safety::asked_for;
use crate::conversation::{Doubling, Overlap};
use crate::domain::command::{CommandName, CommandSpec};
use crate::domain::identity::Asker;
use crate::domain::ids::RequestId;
use crate::domain::intent::{Moment, ParameterName, Value, WorkIntent};
use crate::domain::limits::COPIED_LENGTH_MAX_CHARS;
use crate::domain::plan::{Plan, Subject};
use crate::domain::time::Timestamp;
use crate::fleet;
use crate::ports::StoreFault;
use crate::ports::store::Store;
use crate::workflow::request::{Request, RequestStage};
use crate::workflow::run::{Run, RunStage};
use std::collections::{BTreeMap, BTreeSet};

/// The runs of open requests, by request.
pub type OpenRuns = BTreeMap<RequestId, Vec<Run>>;

/// The runs of the open requests of that command.
///
/// # Errors
/// The store does not answer.
pub async fn open_runs(store: &dyn Store, open: &[Request], command: &CommandName) -> Result<OpenRuns, StoreFault> {
    runs_of(store, open.iter().filter(|request| request.plan.parts().command == *command).collect()).await
}

/// The runs of the open requests of that plan's command that work on something of it.
pub(super) async fn runs_touching(store: &dyn Store, open: &[Request], plan: &Plan) -> Result<OpenRuns, StoreFault> {
    let subjects = plan.parts().subjects.iter().map(identity).collect::<BTreeSet<_>>();
    let touches = |request: &&Request| {
        let parts = request.plan.parts();
        parts.command == plan.parts().command && parts.subjects.iter().any(|one| subjects.contains(&identity(one)))
    };
    runs_of(store, open.iter().filter(touches).collect()).await
}

async fn runs_of(store: &dyn Store, open: Vec<&Request>) -> Result<OpenRuns, StoreFault> {
    let mut runs = OpenRuns::new();
    for request in open {
        runs.insert(request.id().clone(), store.runs(request.id()).await?);
    }
    Ok(runs)
}

impl Asking<'_> {
    /// What open requests have of that line already; `None` if none of them has anything.
    #[must_use]
    pub fn doubling(
        self,
        (work, spec): (&WorkIntent, &CommandSpec),
        plan: &Plan,
        (open, runs): (&[Request], &OpenRuns),
    ) -> Option<Doubling> {
        let asked = plan.parts();
        if asked.subjects == [Subject::Nothing] {
            return None;
        }
        let subjects = asked.subjects.iter().map(identity).collect::<BTreeSet<_>>();
        let is_on_servers = asked.subjects.iter().all(|subject| subject.server().is_some());
        let mut overlaps = Vec::new();
        for request in open.iter().filter(|request| request.plan.parts().command == asked.command) {
            let parts = request.plan.parts();
            let other = differing(spec, (&asked.parameters, &parts.parameters), is_on_servers);
            // The same work at another time is other work; work with other parameters is in its way whenever it begins.
            let is_then = begins(asked.not_before.as_ref(), self.now) == begins(parts.not_before.as_ref(), self.now);
            if other.is_empty() && !is_then {
                continue;
            }
            let its = runs.get(request.id()).map_or([].as_slice(), Vec::as_slice);
            let is_same_line =
                other.is_empty() && parts.subjects.iter().map(identity).collect::<BTreeSet<_>>() == subjects;
            let is_in_the_way = is_same_line || is_then && is_on_its_way(request) && !spec.returns_capacity();
            let counts = |run: &&Run| self.counts((spec, request), run, is_in_the_way);
            let shared = its.iter().filter(counts).map(|run| identity(&run.subject));
            let shared = shared.filter(|subject| subjects.contains(subject)).collect::<BTreeSet<_>>();
            let is_whole = other.is_empty() && shared == subjects;
            // Work without a server takes no lock: only all of it, done the same way, is the same.
            if !is_whole && (!is_on_servers || shared.is_empty()) {
                continue;
            }
            let servers = plan.servers().filter(|server| shared.contains(&(Some(&server.id), None)));
            let servers = servers.map(|server| server.name.clone()).collect();
            let overlap = Overlap { request: request.clone(), runs: its.to_vec(), now: self.now, servers, other };
            if is_whole {
                return Some(Doubling::Whole(Box::new(overlap)));
            }
            overlaps.push(overlap);
        }
        if overlaps.is_empty() {
            return None;
        }
        let rest = self.without(work, plan, &overlaps);
        Some(Doubling::Partly { overlaps, rest })
    }

    /// Whether a run of an open request does work that need not, or must not, be asked for again. One that is at work does; one
    /// that waits, only where it is in the way.
    ///
    /// What an automation asked for and has not begun is in no person's way: failures may keep it off a server, and a person's
    /// line they do not. Neither is what has not begun in the way of an automation that gives capacity back: it may wait for
    /// people, and that is never kept.
    fn counts(self, (spec, request): (&CommandSpec, &Request), run: &Run, is_in_the_way: bool) -> bool {
        if run.stage != RunStage::Waiting {
            return !run.is_over();
        }
        let is_stopping = matches!(request.stage, RequestStage::Stopping { .. });
        is_in_the_way
            && !is_stopping
            && match Asker::of(&self.person.id) {
                Asker::Person => Asker::of(request.origin.person.id()) == Asker::Person,
                Asker::Automation => !spec.returns_capacity(),
            }
    }

    /// The same line for those servers that no open request has.
    fn without(self, work: &WorkIntent, plan: &Plan, overlaps: &[Overlap]) -> Option<String> {
        let taken = overlaps.iter().flat_map(|overlap| &overlap.servers).collect::<BTreeSet<_>>();
        let rest = plan.servers().map(|server| &server.name).filter(|name| !taken.contains(name));
        let rest = rest.cloned().collect::<Vec<_>>();
        let span = &work.selector.as_ref()?.span;
        if rest.is_empty() {
            return None;
        }
        let (before, after) = (self.line.get(..span.start)?, self.line.get(span.end..)?);
        let line = asked_for(&format!("{before}{}{after}", fleet::fold(&rest).join(","))).to_owned();
        (line.chars().count() <= COPIED_LENGTH_MAX_CHARS).then_some(line)
    }
}

/// Whether what a request has not begun begins as soon as it is safe. What waits for people may wait for long, and one urgent
/// server of it must not.
const fn is_on_its_way(request: &Request) -> bool {
    match request.stage {
        RequestStage::Queued | RequestStage::Running => true,
        RequestStage::Announced
        | RequestStage::NeedsApproval
        | RequestStage::Stopping { .. }
        | RequestStage::Ended { .. } => false,
    }
}

/// When work may begin; `None` is as soon as it is safe.
fn begins(not_before: Option<&Moment>, now: Timestamp) -> Option<Timestamp> {
    not_before.map(|moment| moment.at).filter(|at| *at > now)
}

/// The parameters that are not as asked, with what they are there. The reason says nothing of what is done on a server; without
/// one it may be all that is done.
fn differing(
    spec: &CommandSpec,
    (asked, there): (&BTreeMap<ParameterName, Value>, &BTreeMap<ParameterName, Value>),
    is_on_servers: bool,
) -> BTreeMap<ParameterName, Option<Value>> {
    let is_reason = |name: &ParameterName| spec.parameters.iter().any(|one| one.asked_as_because && one.name == *name);
    let names = asked.keys().chain(there.keys()).filter(|name| !is_on_servers || !is_reason(name));
    let differing = names.filter(|name| asked.get(*name) != there.get(*name));
    differing.map(|name| (name.clone(), there.get(name).cloned())).collect()
}
