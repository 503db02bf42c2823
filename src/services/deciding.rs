//! One decision about one request: what starts now of what is due, and what is kept of why.

use super::rechecks::People;
use super::world::World;
use super::{failures, messages, overrides};
use crate::admission::{self, Admitted, Candidate, Known, Ledger, Outside, Precedence, Snapshot, Verdict};
use crate::approvals::Approved;
use crate::authorization::Authorized;
use crate::conversation;
use crate::domain::breaker::{BreakerScope, version_of};
use crate::domain::command::Touch;
use crate::domain::ids::RunId;
use crate::domain::time::Timestamp;
use crate::mandate::{Leave, Proofs};
use crate::ports::Rulebook;
use crate::ports::store::{DecisionRecord, Scope, Write};
use crate::workflow::breakglass::OverrideEvent;
use crate::workflow::request::{Blocker, PolicyName, Request, RequestEvent, RequestStage};
use crate::workflow::run::{Run, RunEvent, RunOutcome};
use std::collections::{BTreeMap, BTreeSet};

/// The most servers decided in one transaction, so that admission never delays an acknowledgement.
pub(super) const SERVERS_PER_TRANSACTION_MAX: usize = 32;

/// The runs that pass by overrides, by the override's number.
type Used = BTreeMap<u32, Vec<RunId>>;

/// One decision about one request's due runs; pure over the ledger it is given.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub(super) world: &'a World,
    pub(super) rulebook: &'a Rulebook,
    pub(super) outside: Outside<'a>,
    pub(super) request: &'a Request,
    pub(super) authorized: Option<&'a Authorized>,
    pub(super) approved: &'a Approved,
    pub(super) due: &'a [&'a Run],
    pub(super) runs: &'a [Run],
    pub(super) before: &'a [Precedence],
    pub(super) now: Timestamp,
}

impl Pass<'_> {
    pub(super) fn scopes(&self) -> Vec<Scope> {
        let mut scopes = BTreeSet::from([Scope::new("fleet")]);
        for server in self.due.iter().filter_map(|run| run.subject.server()) {
            scopes.insert(Scope::new(format!("server:{}", server.id)));
            scopes.insert(Scope::new(format!("site:{}", server.site)));
            if let Some(pool) = &server.pool {
                scopes.insert(Scope::new(format!("pool:{pool}")));
            }
        }
        scopes.into_iter().collect()
    }

    pub(super) fn known<'a>(&'a self, ledger: &'a Ledger) -> Known<'a> {
        self.rulebook.known(ledger, self.now).with_outside(self.outside).after(self.before)
    }

    fn version(&self) -> Option<&str> {
        version_of(&self.request.plan.parts().parameters)
    }

    /// The run is the canary of these breakers.
    fn tries(&self, ledger: &mut Ledger, run: &Run, scopes: &[BreakerScope]) -> Vec<Write> {
        let incidents = self.world.places.incidents.as_ref();
        let trying = ledger.try_with(&run.id, run.subject.server(), (scopes, self.now));
        trying.into_iter().flat_map(|breaker| failures::written(incidents, breaker)).collect()
    }

    /// What starts now, each server counted before the next is asked about; empty if nothing can.
    pub(super) fn decide(&self, ledger: &Ledger) -> Vec<Write> {
        let said = self.verdicts(ledger);
        let mut verdicts = said.iter();
        let (mut writes, mut evidence, mut used) = (Vec::new(), Vec::new(), Used::default());
        // The breakers as they are once the runs before have become their canaries.
        let mut trying = ledger.clone();
        for run in self.due {
            let Some(server) = run.subject.server() else {
                match self.without_server(run, &trying) {
                    Verdict::Wait(_) => {}
                    Verdict::Deny(why) => {
                        writes.push(self.left_out(run));
                        evidence.push(format!("{} left out: {why}", run.id));
                    }
                    Verdict::Allow(admitted) => {
                        let Some(started) = self.started(run, &admitted) else { continue };
                        writes.extend(self.tries(&mut trying, run, admitted.canary_of()));
                        writes.push(self.run_events(run, vec![started], true));
                        let despite = despite(admitted.observed());
                        evidence.push(match run.subject.site() {
                            Some(site) => format!("{site} as a whole{despite}"),
                            None => format!("{} without a server{despite}", run.id),
                        });
                    }
                }
                continue;
            };
            let Some((candidate, verdict)) = verdicts.next() else { continue };
            match verdict {
                Verdict::Wait(_) => {}
                Verdict::Deny(why) => {
                    writes.push(self.left_out(run));
                    evidence.push(format!("{} left out: {why}", server.name));
                }
                Verdict::Allow(admitted) => {
                    let Some(started) = self.started(run, admitted) else { continue };
                    writes.push(Write::Lock(admitted.lock(*candidate, self.now)));
                    writes.extend(self.tries(&mut trying, run, admitted.canary_of()));
                    writes.extend(self.taken_over(admitted.takes_over()));
                    writes.push(self.run_events(run, vec![started], true));
                    let over = admitted.takes_over().map_or(String::new(), |run| format!(", taken over from {run}"));
                    let by = self.overridden(run, admitted.overridden(), &mut used);
                    let despite = despite(admitted.observed());
                    evidence.push(format!("{} admitted{over}{by}{despite}", server.name));
                }
            }
        }
        if !writes.is_empty() {
            let uncompared = admission::uncompared(self.request, self.runs, self.known(ledger));
            evidence.extend(uncompared.iter().map(conversation::uncompared_evidence));
            if ledger.stop().is_some() {
                evidence.push("everything is stopped, and this only looks or gives capacity back".to_owned());
            }
            self.tell(&mut writes, (evidence.join("; "), used), (ledger, &said));
        }
        writes
    }

    /// Notes that a run passed by overrides; in words for the record.
    fn overridden(&self, run: &Run, policies: &[PolicyName], used: &mut Used) -> String {
        let by = self.request.passes(&run.id, self.now).filter(|one| policies.contains(&one.asked.policy));
        let mut words = String::new();
        for one in by {
            used.entry(one.number).or_default().push(run.id.clone());
            words.push_str(&format!(", {}", conversation::override_evidence(one)));
        }
        words
    }

    fn without_server(&self, run: &Run, ledger: &Ledger) -> Verdict {
        let subject = (&run.subject, self.version());
        admission::evaluate_without_server(&run.id, subject, &self.request.spec, self.known(ledger))
    }

    /// That a run starts, if all three answers are there and speak of it.
    fn started(&self, run: &Run, admitted: &Admitted) -> Option<RunEvent> {
        let proofs = Proofs { authorized: self.authorized?, approved: self.approved, admitted };
        Leave::to_start(self.request, run, proofs).map(|leave| leave.started(admitted, self.now))
    }

    fn left_out(&self, run: &Run) -> Write {
        let left_out = RunEvent::Ended { at: self.now, outcome: RunOutcome::LeftOut };
        self.run_events(run, vec![left_out], false)
    }

    /// The notice about the server's failure is edited: somebody works on it now.
    fn taken_over(&self, from: Option<&RunId>) -> Option<Write> {
        let channel = self.world.places.incidents.as_ref()?;
        Some(messages::incident(&from?.request, channel))
    }

    fn run_events(&self, run: &Run, events: Vec<RunEvent>, starts: bool) -> Write {
        let wake_at = starts.then_some(self.now);
        Write::RunEvents { id: run.id.clone(), expected: run.version, epoch: run.epoch, events, wake_at }
    }

    fn tell(
        &self,
        writes: &mut Vec<Write>,
        (evidence, used): (String, Used),
        on: (&Ledger, &[(Candidate<'_>, Verdict)]),
    ) {
        let id = self.request.id();
        let first = self.request.stage == RequestStage::Queued;
        let was_due = self.request.plan.parts().not_before.is_some();
        let waited = first && (was_due || !self.request.blockers.is_empty());
        let mut events = Vec::new();
        if first {
            events.push(RequestEvent::Started { at: self.now });
        } else if !self.request.blockers.is_empty() {
            events.push(RequestEvent::Unblocked { at: self.now });
        }
        let verdict = if used.is_empty() { verdict_word(on.1) } else { "allow (overridden)" };
        if !used.is_empty() {
            writes.extend(overrides::told(self.world.places.incidents.as_ref(), self.request));
        }
        let at = self.now;
        let passed = |(number, runs)| RequestEvent::Override(OverrideEvent::Used { number, at, runs });
        events.extend(used.into_iter().map(passed));
        if !events.is_empty() {
            writes.push(Write::RequestEvents { id: id.clone(), expected: self.request.version, events });
        }
        writes.extend(self.record(verdict, evidence, on));
        writes.push(messages::card(id));
        if waited {
            writes.push(messages::started(id));
        }
        writes.extend(self.wave_waits(false));
    }

    /// What is told of a wave that waits for the one before: once it was, it is drawn again at each change.
    pub(super) fn wave_waits(&self, is_told: bool) -> Option<Write> {
        let was_told = self.request.blockers.iter().any(|blocker| matches!(blocker, Blocker::Soak { .. }));
        let next = self.due.first().filter(|_| is_told || was_told);
        next.map(|run| messages::wave_waits(self.request.id(), run.wave))
    }

    /// The decision with what it was made on, so that it can be asked again.
    pub(super) fn record(
        &self,
        verdict: &str,
        evidence: String,
        (ledger, said): (&Ledger, &[(Candidate<'_>, Verdict)]),
    ) -> Vec<Write> {
        // The outside has a say only where capacity is taken, or given where much comes.
        let has_a_say = self.request.spec.takes_capacity() || self.request.spec.touch() == Touch::GivesBack;
        let outside = if has_a_say { self.outside } else { Outside::NOT_ASKED };
        let known = self.known(ledger).with_outside(outside);
        // Where no server was asked about there is nothing that it was decided on.
        let made_on = (!said.is_empty()).then(|| {
            let servers = said.iter().map(|(candidate, _)| candidate.server);
            let snapshot = Snapshot::of(servers, known, &self.rulebook.files);
            (snapshot.id(), Box::new(snapshot))
        });
        let record = DecisionRecord {
            request: self.request.id().clone(),
            at: self.now,
            verdict: verdict.to_owned(),
            evidence,
            decided: admission::decided(said),
            snapshot: made_on.as_ref().map(|(id, _)| id.clone()),
        };
        let snapshot = made_on.map(|(id, snapshot)| Write::Snapshot { id, snapshot });
        snapshot.into_iter().chain([Write::Decision(record)]).collect()
    }

    /// The runs that one transaction decides, after all that are due were asked about: whoever waits holds up nobody else.
    pub(super) fn first_to_decide(&self, said: &[(Candidate<'_>, Verdict)]) -> Vec<&Run> {
        let waits = said.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Wait(_)));
        let waiting = waits.map(|(candidate, _)| candidate.run).collect::<BTreeSet<_>>();
        let others = self.due.iter().copied().filter(|run| !waiting.contains(&run.id));
        others.take(SERVERS_PER_TRANSACTION_MAX).collect()
    }

    /// What admission says of each server that is due, in order; runs without a server are not asked about.
    pub(super) fn verdicts(&self, ledger: &Ledger) -> Vec<(Candidate<'_>, Verdict)> {
        admission::pass(admission::candidates(self.request, self.due, self.now), self.known(ledger))
    }

    /// Whether anything follows from those verdicts: something starts, or would if its people were known, or is left out
    /// for good.
    pub(super) fn makes_something(&self, ledger: &Ledger, said: &[(Candidate<'_>, Verdict)], people: &People) -> bool {
        let (of_servers, others) = self.due.iter().partition::<Vec<&Run>, _>(|run| run.subject.server().is_some());
        let makes = |run: &Run, verdict: &Verdict| match verdict {
            Verdict::Allow(admitted) => *people == People::Unknown || self.started(run, admitted).is_some(),
            Verdict::Deny(_) => true,
            Verdict::Wait(_) => false,
        };
        of_servers.into_iter().zip(said).any(|(run, (_, verdict))| makes(run, verdict))
            || others.into_iter().any(|run| makes(run, &self.without_server(run, ledger)))
    }
}

/// What would have made it wait, if it were not only observed; for the record.
fn despite(observed: &[PolicyName]) -> String {
    let each = observed.iter().map(|policy| format!(", though {} is not met, which is only observed", policy.word()));
    each.collect()
}

/// The word of a pass that made something: `deny` if it started nothing and only left servers out.
fn verdict_word(said: &[(Candidate<'_>, Verdict)]) -> &'static str {
    let has = |is: fn(&Verdict) -> bool| said.iter().any(|(_, verdict)| is(verdict));
    let denies = has(|verdict| matches!(verdict, Verdict::Deny(_)));
    let allows = has(|verdict| matches!(verdict, Verdict::Allow(_)));
    if denies && !allows { "deny" } else { "allow" }
}
