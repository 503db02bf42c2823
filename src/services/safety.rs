//! What stands in the way of a line that nobody has sent yet, by the pass that decides: for `plan` and for `can-i` alike.
//!
//! Deliberately absent: any port, and whether anybody may send it.

use super::doubling::OpenRuns;
use super::planning::Asking;
use crate::admission::{self, Outlook, Outside, Paces, Sought};
use crate::conversation::OutlookView;
use crate::domain::breaker::version_of;
use crate::domain::command::CommandSpec;
use crate::domain::identity::Asker;
use crate::domain::ids::RequestId;
use crate::domain::intent::{BuiltInVerb, WorkIntent};
use crate::domain::plan::{PlannedServer, Subject};
use crate::fleet;
use crate::language::asked_about;
use crate::workflow::request::{AlertPlace, Blocker, Request, TrafficScope};

/// What is known around a line beside what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The id of no request.
    pub id: &'a RequestId,
    /// Requests that are not over.
    pub open: &'a [Request],
    /// The runs of those of the same command.
    pub runs: &'a OpenRuns,
    /// How long runs took before.
    pub paces: &'a Paces,
}

/// What stands in the way of a line now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Safety {
    /// What admission says.
    pub outlook: Outlook,
    /// The line with only those servers that nothing stands in the way of, where that is another one.
    pub nearest: Option<String>,
}

impl Safety {
    /// As messages look at it.
    #[must_use]
    pub fn view(&self) -> OutlookView<'_> {
        OutlookView { outlook: &self.outlook, nearest: self.nearest.as_deref() }
    }
}

impl Asking<'_> {
    /// What stands in the way of that line, whose subjects start in this order with a first wave of that size.
    #[must_use]
    pub fn safety(
        self,
        (work, spec): (&WorkIntent, &CommandSpec),
        (subjects, first): (&[Subject], u32),
        around: Around<'_>,
    ) -> Safety {
        let before = admission::precedences(around.open, self.rulebook.rules.queue, self.now);
        let (parameters, run) = (work.values(), around.id.run(1));
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        let (version, asked_by) = (version_of(&parameters), Asker::of(&self.person.id));
        let sought = Sought { subjects, first, spec, version, asked_by, run: &run };
        // Whoever does not look outside tells of that what was told last.
        let looks_outside = !self.outside.is_not_asked();
        let outside = if looks_outside { self.outside } else { Outside::LEFT_OUT };
        let known = self.known().with_outside(outside).after(&before);
        let mut outlook = admission::outlook(sought, known, around.paces);
        if !looks_outside && spec.takes_capacity() {
            outlook.told_last = told_last(subjects, around.open);
        }
        let nearest = self.nearest(work, &outlook);
        Safety { outlook, nearest }
    }

    /// The same line for those servers alone that could start now; where some wait for others, for all that do not.
    fn nearest(self, work: &WorkIntent, outlook: &Outlook) -> Option<String> {
        let could = if outlook.alone.wait.is_empty() { &outlook.together.start } else { &outlook.alone.start };
        let waits = !outlook.first.wait.is_empty() || !outlook.alone.wait.is_empty();
        let is_less = could.len() < outlook.together.start.len() + outlook.together.wait.len();
        let span = &work.selector.as_ref()?.span;
        if !waits || could.is_empty() || !is_less {
            return None;
        }
        let (before, after) = (self.line.get(..span.start)?, self.line.get(span.end..)?);
        Some(asked_for(&format!("{before}{}{after}", fleet::fold(could).join(","))).to_owned())
    }
}

/// The line that a question or a plan is about.
pub(super) fn asked_for(line: &str) -> &str {
    match line.split_once(' ') {
        Some((verb, rest)) if verb.eq_ignore_ascii_case(BuiltInVerb::Plan.word()) => rest,
        Some(_) | None => asked_about(line),
    }
}

/// What was told last of traffic and alerts where they are, by the requests that wait for it.
fn told_last(subjects: &[Subject], open: &[Request]) -> Vec<Blocker> {
    let servers = subjects.iter().filter_map(Subject::server).collect::<Vec<_>>();
    let told = open.iter().flat_map(|request| &request.blockers);
    let told = told.filter(|blocker| blocker.is_looked_up());
    admission::merged(told.filter(|blocker| servers.iter().any(|server| concerns(blocker, server))).cloned().collect())
}

fn concerns(blocker: &Blocker, server: &PlannedServer) -> bool {
    if let Blocker::Alert { place, .. } = blocker {
        return match place {
            AlertPlace::Everywhere => true,
            AlertPlace::Site(site) => server.site == *site,
            AlertPlace::Pool(pool) => server.pool.as_ref() == Some(pool),
            AlertPlace::Rack { site, rack } => {
                server.rack == *rack && site.as_ref().is_none_or(|site| server.site == *site)
            }
            AlertPlace::Servers(names) => names.contains(&server.name),
        };
    }
    let (Blocker::Traffic { scope, .. } | Blocker::TrafficUnknown { scope, .. }) = blocker else {
        return matches!(blocker, Blocker::AlertsUnknown { .. });
    };
    match scope {
        TrafficScope::Pool(pool) => server.pool.as_ref() == Some(pool),
        TrafficScope::Site(site) | TrafficScope::Absorbing { site, .. } => server.site == *site,
    }
}
