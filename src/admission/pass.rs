//! One pass over servers that would start together: each is counted before the next is asked about.
//!
//! Whoever decides and whoever explains goes through here, so that what is explained is what was decided.

use super::counts::Counts;
use super::glances::Glances;
use super::rate::Start;
use super::{Admitted, Candidate, Known, Lock, LockStanding, Verdict, evaluate_with, merged, without_server};
use crate::domain::breaker::version_of;
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, Request};
use crate::workflow::run::Run;

impl Admitted {
    /// The lock that this admission puts on the candidate's server.
    #[must_use]
    pub fn lock(&self, candidate: Candidate<'_>, now: Timestamp) -> Lock {
        Lock {
            server: candidate.server.id.clone(),
            run: self.run.clone(),
            command: candidate.spec.name.clone(),
            since: now,
            standing: LockStanding::Working,
            taken_from: self.takes_over.clone(),
        }
    }
}

/// What admission says of each candidate, in order.
#[must_use]
pub fn pass<'a>(
    candidates: impl IntoIterator<Item = Candidate<'a>>,
    known: Known<'_>,
) -> Vec<(Candidate<'a>, Verdict)> {
    let mut ledger = known.ledger.clone();
    let mut counts = Counts::of(&ledger, known.inventory);
    let glances = Glances::new(&ledger, known.inventory);
    let mut said = Vec::new();
    for candidate in candidates {
        let as_it_is = Known { ledger: &ledger, glances: Some(&glances), ..known };
        let verdict = evaluate_with(candidate, as_it_is, &counts);
        if let Verdict::Allow(admitted) = &verdict {
            let lock = admitted.lock(candidate, known.now);
            counts.admitted(&lock, candidate.server, as_it_is);
            ledger.starts.push(Start { at: lock.since, command: lock.command.clone() });
            ledger.locks.insert(candidate.server.id.clone(), lock);
            let record = known.inventory.by_id(&candidate.server.id);
            record
                .and_then(|record| known.inventory.place_of(record))
                .into_iter()
                .for_each(|place| glances.lock(place));
            ledger.try_with(candidate.run, Some(candidate.server), (admitted.canary_of(), known.now));
        }
        said.push((candidate, verdict));
    }
    said
}

/// Everything that makes servers of a pass wait, longest-lasting first.
#[must_use]
pub fn reasons_of_servers(said: &[(Candidate<'_>, Verdict)]) -> Vec<Blocker> {
    let each = said.iter().filter_map(|(_, verdict)| match verdict {
        Verdict::Wait(reasons) => Some(reasons.iter().cloned()),
        Verdict::Allow(_) | Verdict::Deny(_) => None,
    });
    merged(each.flatten().collect())
}

/// Everything that makes runs wait that are due, longest-lasting first: of those without a server only what people have
/// put on.
#[must_use]
pub fn reasons(request: &Request, due: &[&Run], said: &[(Candidate<'_>, Verdict)], known: Known<'_>) -> Vec<Blocker> {
    let version = version_of(&request.plan.parts().parameters);
    let mut all = reasons_of_servers(said);
    for run in due.iter().filter(|run| run.subject.server().is_none()) {
        all.extend(without_server(request.id(), (&run.subject, version), &request.spec, known).unwrap_or_default());
    }
    merged(all)
}
