//! Starts servers when it is safe: explains on a snapshot, decides again under the store's lock.

use super::effects::Effects;
use super::rechecks::{self, Look, People};
use super::requests::{end, halt};
use super::world::World;
use super::{Service, Step, failures, messages, overrides, records, replanning};
use crate::admission::{
    self, Admitted, Candidate, Known, Ledger, NextWave, Precedence, Snapshot, Traffic, Verdict, next_wave,
};
use crate::approvals::{self, Approved};
use crate::authorization::{AuthorizationRecord, Authorized};
use crate::conversation;
use crate::domain::breaker::{BreakerScope, version_of};
use crate::domain::ids::{RequestId, RunId};
use crate::domain::limits::LOOK_AGAIN_EVERY;
use crate::domain::time::Timestamp;
use crate::mandate::{Leave, Proofs};
use crate::ports::authorizations::{Authorization, Occasion, Sought};
use crate::ports::store::{Committed, DecisionRecord, Scope, Write};
use crate::ports::{Rulebook, StoreFault};
use crate::workflow::breakglass::OverrideEvent;
use crate::workflow::request::{
    Blocker, HaltCause, PolicyName, Request, RequestEvent, RequestOutcome, RequestStage, VoidCause, alike,
};
use crate::workflow::run::{Run, RunEvent, RunOutcome};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The most servers decided in one transaction, so that admission never delays an acknowledgement.
const SERVERS_PER_TRANSACTION_MAX: usize = 32;

/// For how long a look at the people of a request counts. Asking for it is a call to the outside, so it is an effect.
const PEOPLE_COUNT_FOR: Duration = Duration::from_secs(2);

/// More answers than the people of one request are given.
const RECORDS_MAX: usize = 1_000;

/// How many requests have their people looked up at once.
const LOOKS_AT_ONCE_MAX: usize = 8;

/// The admitter.
pub struct Admitter {
    world: Arc<World>,
    looks: Effects<RequestId, Look>,
    people: BTreeMap<RequestId, (Timestamp, Look)>,
}

/// What one look at one request came to.
enum Looked {
    Made,
    Again(Timestamp),
    /// Its people are being looked up. Nothing later overtakes it meanwhile.
    Looking,
    Nothing,
}

impl Admitter {
    /// An admitter over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world, looks: Effects::new(), people: BTreeMap::new() }
    }

    /// What is known of the people of a request just now; where nothing is, a look at them is begun, whose end is a
    /// reason for the next step.
    fn people_of(&mut self, request: &Request, now: Timestamp) -> Option<Look> {
        let id = request.id();
        let fresh = self.people.get(id).filter(|(at, _)| now.since(*at) < PEOPLE_COUNT_FOR);
        if let Some((_, look)) = fresh {
            return Some(look.clone());
        }
        if !self.looks.has(id) && self.looks.in_flight() < LOOKS_AT_ONCE_MAX {
            let (world, request) = (Arc::clone(&self.world), request.clone());
            self.looks.start(id.clone(), async move { rechecks::people(&world, &request).await });
        }
        None
    }

    async fn look(
        &mut self,
        request: &Request,
        before: &[Precedence],
        is_behind: bool,
        now: Timestamp,
    ) -> Result<Looked, StoreFault> {
        if !matches!(request.stage, RequestStage::Queued | RequestStage::Running) || request.halted.is_some() {
            return Ok(Looked::Nothing);
        }
        // Its plan follows the servers first, and people decide anew.
        if !replanning::drifted(request, &self.world.rulebook().inventory).is_empty() {
            return Ok(Looked::Nothing);
        }
        let Some(approved) = approvals::proof(request) else { return Ok(Looked::Nothing) };
        let runs = self.world.store.runs(request.id()).await?;
        if let Some(moment) = request.plan.parts().not_before.as_ref().filter(|moment| now < moment.at) {
            return Ok(Looked::Again(moment.at));
        }
        let due = match next_wave(request, &runs, now) {
            NextWave::Open(due) => due,
            NextWave::Soaking(until) => return Ok(Looked::Again(until)),
            NextWave::AtWork | NextWave::Nothing => return Ok(Looked::Nothing),
        };
        let Some(look) = self.people_of(request, now) else { return Ok(Looked::Looking) };
        if is_behind {
            return Ok(Looked::Nothing);
        }
        let traffic = self.world.traffic.now();
        if *traffic == Traffic::Pending && request.spec.takes_capacity() {
            return Ok(Looked::Looking);
        }
        let ledger = self.world.store.ledger().await?;
        let rulebook = self.world.rulebook();
        let authorized = look.authorized.as_deref();
        let (world, approved) = (&*self.world, &approved);
        let pass = Pass {
            world,
            rulebook: &rulebook,
            traffic: &traffic,
            request,
            authorized,
            approved,
            due: &due,
            before,
            now,
        };
        if let Some(mut writes) = unfit(request, &runs, &look.people, now) {
            writes.extend(self.rechecked(request, &look).await?);
            writes.extend(overrides::told(&self.world, request));
            let committed = self.world.commit(writes).await?;
            return Ok(if committed == Committed::Stale { Looked::Again(now) } else { Looked::Made });
        }
        // What people have put on ends at its own time.
        let again = ledger.next_brake_over(now).into_iter().chain([now.plus(LOOK_AGAIN_EVERY)]).min().unwrap_or(now);
        let said = pass.verdicts(&ledger);
        // In a pass none depends on a later one, so what was said of the first can be asked again.
        let kept = said.get(..said.len().min(SERVERS_PER_TRANSACTION_MAX)).unwrap_or_default();
        if !pass.makes_something(&ledger, &said, &look.people) {
            let blockers = admission::reasons(request, &due, &said, pass.known(&ledger));
            return self.explain(&pass, (&ledger, kept), (&runs, &look), (blockers, again)).await;
        }
        if matches!(look.people, People::Unknown) {
            let blockers = vec![Blocker::NoDirectory];
            return self.explain(&pass, (&ledger, kept), (&runs, &look), (blockers, again)).await;
        }
        let first = pass.first_to_decide(&said);
        let pass = Pass { due: &first, ..pass };
        let (scopes, rechecked) = (pass.scopes(), self.rechecked(request, &look).await?);
        let decide = |ledger: &Ledger| {
            // What was measured must still count at the moment of the decision itself.
            let writes = Pass { now: self.world.now(), ..pass }.decide(ledger);
            // Where nothing starts, nothing is written.
            let also = if writes.is_empty() { &[] } else { rechecked.as_slice() };
            [writes.as_slice(), also].concat()
        };
        let committed = self.world.reserve(&scopes, &decide).await?;
        Ok(if committed == Committed::Stale { Looked::Again(now) } else { Looked::Made })
    }

    /// The answers of a look that are stored with what follows from it: those that differ from the last one about the
    /// same person, or were given by other policies.
    async fn rechecked(&self, request: &Request, look: &Look) -> Result<Vec<Write>, StoreFault> {
        let sought = Sought { request: Some(request.id().clone()), since: None, limit: RECORDS_MAX };
        let before = self.world.store.authorizations(&sought).await?;
        let of_start = || before.iter().rev().filter(|one| one.occasion == Occasion::Start);
        let is_news = |record: &&AuthorizationRecord| {
            let is_same_person =
                |one: &&Authorization| (&one.record.team, &one.record.user) == (&record.team, &record.user);
            of_start().find(is_same_person).is_none_or(|Authorization { record: last, .. }| {
                last.verdict != record.verdict || last.policies_version != record.policies_version
            })
        };
        let news = look.records.iter().filter(is_news).cloned();
        Ok(news.map(|record| records::kept(&self.world, Occasion::Start, Some(request.id()), record)).collect())
    }

    /// Nothing may start: the reasons are stored and shown if they differ from those shown.
    async fn explain(
        &self,
        pass: &Pass<'_>,
        on: (&Ledger, &[(Candidate<'_>, Verdict)]),
        (runs, look): (&[Run], &Look),
        (blockers, again): (Vec<Blocker>, Timestamp),
    ) -> Result<Looked, StoreFault> {
        let again = Looked::Again(again);
        // While servers of the request are at work, waiting for them is no news; that people have stopped it is.
        let at_work = runs.iter().any(Run::is_active);
        let shown = blockers.into_iter().filter(|blocker| !at_work || blocker.is_brake()).collect::<Vec<_>>();
        if alike(&shown, &pass.request.blockers) {
            return Ok(again);
        }
        let id = pass.request.id();
        let evidence = format!("{shown:?}");
        let event = if shown.is_empty() {
            RequestEvent::Unblocked { at: pass.now }
        } else {
            RequestEvent::Blocked { at: pass.now, blockers: shown }
        };
        let (expected, events) = (pass.request.version, vec![event]);
        let mut writes = vec![Write::RequestEvents { id: id.clone(), expected, events }];
        writes.extend(pass.record("wait", evidence, on));
        writes.push(messages::card(id));
        writes.extend(self.rechecked(pass.request, look).await?);
        self.world.commit(writes).await?;
        Ok(Looked::Made)
    }
}

/// What follows when somebody of a request may not any more: it ends, starts no more, or asks for consent again.
fn unfit(request: &Request, runs: &[Run], people: &People, now: Timestamp) -> Option<Vec<Write>> {
    let has_started = request.stage == RequestStage::Running;
    match people {
        People::Hold | People::Unknown => None,
        People::Revoked(why) if has_started => Some(halt(request, runs, HaltCause::Revoked(why.clone()), now)),
        People::Revoked(why) => Some(end(request, runs, RequestOutcome::Revoked { why: why.clone() }, now)),
        People::Gone { name, .. } if has_started => {
            let why = format!("{name}, who approved, is no member of the workspace any more");
            Some(halt(request, runs, HaltCause::Revoked(why), now))
        }
        People::Gone { by, name } => {
            let (by, name, cause) = (by.clone(), name.clone(), VoidCause::LeftWorkspace);
            let until = approvals::until_anew(request, now);
            let voided = RequestEvent::ConsentVoided { by, name, at: now, cause, until };
            let id = request.id();
            let events = vec![voided];
            let mut writes = vec![Write::RequestEvents { id: id.clone(), expected: request.version, events }];
            writes.push(messages::card(id));
            writes.extend(messages::asks(request));
            Some(writes)
        }
    }
}

/// The runs that pass by overrides, by the override's number.
type Used = BTreeMap<u32, Vec<RunId>>;

/// One decision about one request's due runs; pure over the ledger it is given.
#[derive(Clone, Copy)]
struct Pass<'a> {
    world: &'a World,
    rulebook: &'a Rulebook,
    traffic: &'a Traffic,
    request: &'a Request,
    authorized: Option<&'a Authorized>,
    approved: &'a Approved,
    due: &'a [&'a Run],
    before: &'a [Precedence],
    now: Timestamp,
}

impl Pass<'_> {
    fn scopes(&self) -> Vec<Scope> {
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

    fn known<'a>(&'a self, ledger: &'a Ledger) -> Known<'a> {
        self.rulebook.known(ledger, self.now).with_traffic(self.traffic).after(self.before)
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
    fn decide(&self, ledger: &Ledger) -> Vec<Write> {
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
                        evidence.push(match run.subject.site() {
                            Some(site) => format!("{site} as a whole"),
                            None => format!("{} without a server", run.id),
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
                    evidence.push(format!("{} admitted{over}{by}", server.name));
                }
            }
        }
        if !writes.is_empty() {
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
            writes.extend(overrides::told(self.world, self.request));
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
    }

    /// The decision with what it was made on, so that it can be asked again.
    fn record(
        &self,
        verdict: &str,
        evidence: String,
        (ledger, said): (&Ledger, &[(Candidate<'_>, Verdict)]),
    ) -> Vec<Write> {
        let servers = said.iter().map(|(candidate, _)| candidate.server);
        // Traffic has a say only where capacity is taken.
        let traffic = if self.request.spec.takes_capacity() { self.traffic } else { &Traffic::NotAsked };
        let known = self.known(ledger).with_traffic(traffic);
        let snapshot = Snapshot::of(servers, known, &self.rulebook.files);
        let record = DecisionRecord {
            request: self.request.id().clone(),
            at: self.now,
            verdict: verdict.to_owned(),
            evidence,
            decided: admission::decided(said),
            snapshot: Some(snapshot.id()).filter(|_| !said.is_empty()),
        };
        // Where no server was asked about there is nothing that it was decided on.
        let snapshot = Some(Write::Snapshot(Box::new(snapshot))).filter(|_| !said.is_empty());
        snapshot.into_iter().chain([Write::Decision(record)]).collect()
    }

    /// The runs that one transaction decides, after all that are due were asked about: whoever waits holds up nobody else.
    fn first_to_decide(&self, said: &[(Candidate<'_>, Verdict)]) -> Vec<&Run> {
        let waits = said.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Wait(_)));
        let waiting = waits.map(|(candidate, _)| candidate.run).collect::<BTreeSet<_>>();
        let others = self.due.iter().copied().filter(|run| !waiting.contains(&run.id));
        others.take(SERVERS_PER_TRANSACTION_MAX).collect()
    }

    /// What admission says of each server that is due, in order; runs without a server are not asked about.
    fn verdicts(&self, ledger: &Ledger) -> Vec<(Candidate<'_>, Verdict)> {
        admission::pass(admission::candidates(self.request, self.due, self.now), self.known(ledger))
    }

    /// Whether anything follows from those verdicts: something starts, or would if its people were known, or is left out
    /// for good.
    fn makes_something(&self, ledger: &Ledger, said: &[(Candidate<'_>, Verdict)], people: &People) -> bool {
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

/// The word of a pass that made something: `deny` if it started nothing and only left servers out.
fn verdict_word(said: &[(Candidate<'_>, Verdict)]) -> &'static str {
    let has = |is: fn(&Verdict) -> bool| said.iter().any(|(_, verdict)| is(verdict));
    let denies = has(|verdict| matches!(verdict, Verdict::Deny(_)));
    let allows = has(|verdict| matches!(verdict, Verdict::Allow(_)));
    if denies && !allows { "deny" } else { "allow" }
}

#[async_trait]
impl Service for Admitter {
    fn name(&self) -> &'static str {
        "admitter"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let now = self.world.now();
        while let Some((id, look)) = self.looks.take() {
            self.people.insert(id, (now, look));
        }
        let (mut next_wake, mut is_behind): (Option<Timestamp>, bool) = (None, false);
        let open = self.world.store.open_requests().await?;
        self.people.retain(|id, _| open.iter().any(|request| request.id() == id));
        let rules = self.world.rulebook().rules.queue;
        let before = admission::precedences(&open, rules, now);
        for request in admission::in_order(&open, rules, now) {
            match self.look(request, &before, is_behind, now).await? {
                Looked::Looking => is_behind = true,
                Looked::Made => return Ok(Step::Made),
                Looked::Again(at) => next_wake = Some(next_wake.map_or(at, |earlier| earlier.min(at))),
                Looked::Nothing => {}
            }
        }
        Ok(match self.looks.in_flight() {
            0 => Step::Idle { next_wake },
            in_flight => Step::Waiting { in_flight, next_wake },
        })
    }

    async fn ended(&mut self) {
        self.looks.wait().await;
    }
}
