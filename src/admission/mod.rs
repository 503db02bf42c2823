//! Is it safe now? Policies over what is known of the fleet; each answers for one server, all are asked.
//!
//! Deliberately absent: looking (the watcher's) and reserving (the store's). What is not known well enough waits.

mod absorbing;
mod blacklist;
mod brake;
mod breakers;
mod by_server;
pub mod calendars;
mod capacity;
mod changes;
mod concurrency;
mod counts;
mod declaring;
mod explain;
mod file;
mod file_override;
mod floors;
mod freeze;
mod glances;
mod going_on;
mod holds;
pub mod infrastructure;
mod ledger;
mod likely;
mod merging;
mod never;
mod observing;
mod outs;
mod outside;
mod overriding;
mod overshoot;
mod pass;
mod production;
mod queue;
mod rate;
mod record;
mod rehearsal;
mod replay;
pub mod siblings;
mod soaking;
mod stop;
mod suspect;
#[cfg(test)]
mod tests;
pub mod traffic;
mod waves;
mod wider;
mod without_server;
mod written;

pub use absorbing::{Absorption, absorptions_asked_on, check_absorbed_by};
pub use brake::{BlacklistLevel, Brake, BrakeEnd, BrakeKind, Coverage, standing};
pub use breakers::{
    Breaker, BreakerStanding, Canary, Closing, CohortRule, Counted, FailedRun, FailureRules, FailureShare, FinishedAs,
    FinishedRun, FinishedServer, Opening, SERVER_FAILURES_KEPT_FOR, ScopeRecord, ServerFailure, ServerRule, Tally,
    after_run, at_work, broken, canary_of, opens,
};
pub use by_server::ByServer;
pub use calendars::{Calendar, Calendars};
pub use capacity::{PoolCount, PoolImpact, count_pool, impact};
pub use changes::{Changed, Way, changed, floors_lowered};
pub use declaring::{Objection, StateChange, declare, declared};
pub use explain::{Explained, Holder, Reason, Turn, candidates, explain};
pub use file::{AdmissionFileFault, admission_rules};
pub use file_override::check_override_groups;
pub use floors::WiderFloors;
pub use going_on::{Going, may_go_on};
pub use holds::is_held;
pub use infrastructure::{Firing, InfrastructureRules};
pub use ledger::{Declarer, Health, HealthRow, Ledger, Lock, LockStanding, SetBy, StateRow};
pub use likely::{Paces, RunPace};
pub use merging::merged;
pub use outs::{Out, OutWhy, out};
pub use outside::Outside;
pub use overriding::{OVERRIDE_ALONE_MAX, OVERRIDE_LIFE_MAX, OverrideRules, can_pass, second_needed};
pub use overshoot::{Overshoot, overshoot};
pub use pass::{pass, reasons, reasons_of_servers};
pub use queue::{Place, Precedence, QueueRules, Waiting, in_order, overtakers, place, precedences, waiting};
pub use rate::{PACED_STARTS_MAX, RATE_OVER, Start, paces};
pub use record::{Answered, Decided, Said, Snapshot, decided};
pub use rehearsal::{Outlook, Rehearsal, Sought, outlook, rehearse};
pub use replay::{Change, Difference, Replay};
pub use siblings::{Measures, SoakRules, Uncompared};
pub use soaking::{Soaked, is_watched, soaked, uncompared};
pub use stop::{RESUME_ALONE_AFTER, forbids, may_resume_from, stop_among};
pub use suspect::{SUSPECT_AFTER, moved_at, suspect_from};
pub use traffic::{Traffic, TrafficRules};
pub use waves::{NextWave, next_wave, spread, wave_sizes};
pub use wider::{WiderCount, WiderImpact, count_wider, floors_without_scope, impact_on_wider};
pub use without_server::evaluate_without_server;
pub use written::{Misnomer, Spot};

use self::counts::Counts;
use self::glances::Glances;
use crate::domain::breaker::BreakerScope;
use crate::domain::command::{CommandSpec, Touch};
use crate::domain::identity::Asker;
use crate::domain::ids::{RequestId, RunId};
use crate::domain::plan::{PlannedServer, Subject};
use crate::domain::server::{ProductionState, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::workflow::request::{Blocker, PolicyName, PolicySet};
use std::time::Duration;

/// What policies go by: the numbers of `policies/admission.yaml`, and the calendars.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// At most this share of a pool may be out at once, rounded down, but one where there are two.
    pub pool_out_max_percent: u8,
    /// The same of wider scopes than a pool.
    pub wider_floors: WiderFloors,
    /// Where what a pool of one carries is taken over; sorted.
    pub absorbed_by: Vec<Absorption>,
    /// A look at a server's health older than this counts as not known.
    pub health_age_max: Duration,
    /// With a larger share of a pool not known, everything in it waits.
    pub unknown_max_percent: u8,
    /// The most servers under work at once in the whole fleet.
    pub fleet_concurrency: u32,
    /// How much traffic is too much.
    pub traffic: TrafficRules,
    /// How servers are compared while their wave is watched.
    pub soak: SoakRules,
    /// What is redundant, and which alerts count.
    pub infrastructure: InfrastructureRules,
    /// When too many have failed.
    pub failure_rate: FailureRules,
    /// The most servers on which one command works at once.
    pub command_concurrency: u32,
    /// The most servers on which one command starts within a minute; `None` is no limit.
    pub starts_per_minute: Option<u32>,
    /// At most this share of the servers of one type in one site may be under work at once, rounded down, but one.
    pub type_in_site_percent: u8,
    /// The most servers of one rack under work at once.
    pub rack_concurrency: u32,
    /// Who may let servers pass one of these policies.
    pub overrides: OverrideRules,
    /// How waiting counts.
    pub queue: QueueRules,
    /// When it may start by the calendar; from `policies/calendars.yaml`.
    pub calendars: Calendars,
    /// The policies that are only observed; sorted.
    pub observed: Vec<PolicyName>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            pool_out_max_percent: 10,
            wider_floors: WiderFloors::default(),
            absorbed_by: Vec::new(),
            health_age_max: Duration::from_secs(120),
            unknown_max_percent: 10,
            fleet_concurrency: 200,
            traffic: TrafficRules::default(),
            soak: SoakRules::default(),
            infrastructure: InfrastructureRules::default(),
            failure_rate: FailureRules::default(),
            command_concurrency: 50,
            starts_per_minute: Some(10),
            type_in_site_percent: 5,
            rack_concurrency: 1,
            overrides: OverrideRules::default(),
            queue: QueueRules::default(),
            calendars: Calendars::default(),
            observed: Vec::new(),
        }
    }
}

/// A server that a run would start on.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The server.
    pub server: &'a PlannedServer,
    /// The command.
    pub spec: &'a CommandSpec,
    /// The version that it is about, if the command takes one.
    pub version: Option<&'a str>,
    /// By whom it was asked for.
    pub asked_by: Asker,
    /// The policies that it may pass by an override.
    pub passes: PolicySet,
}

/// What is known, and what is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Every server.
    pub inventory: &'a Inventory,
    /// Locks, states, health and brakes.
    pub ledger: &'a Ledger,
    /// The numbers.
    pub rules: &'a Rules,
    /// What was looked up outside; whoever admits says so by [`Known::with_outside`].
    pub outside: Outside<'a>,
    /// Those that have waited too long, in order: nothing later takes what they wait for.
    pub before: &'a [Precedence],
    /// The time.
    pub now: Timestamp,
    /// How servers look by this very ledger, as far as a pass has found out; `None` outside of one.
    glances: Option<&'a Glances>,
}

impl<'a> Known<'a> {
    /// That much, where nobody takes precedence.
    #[must_use]
    pub fn new(
        (inventory, rules): (&'a Inventory, &'a Rules),
        ledger: &'a Ledger,
        outside: Outside<'a>,
        now: Timestamp,
    ) -> Self {
        Self { inventory, ledger, rules, outside, before: &[], now, glances: None }
    }

    /// The same by another ledger.
    #[must_use]
    pub fn with_ledger(self, ledger: &'a Ledger) -> Self {
        Self { ledger, glances: None, ..self }
    }

    /// The same with what was looked up outside.
    #[must_use]
    pub fn with_outside(self, outside: Outside<'a>) -> Self {
        Self { outside, ..self }
    }

    /// The same, where those take precedence.
    #[must_use]
    pub fn after(self, before: &'a [Precedence]) -> Self {
        Self { before, ..self }
    }
}

/// What is asked about: a server, a whole site, or nothing; by which request, with which command.
#[derive(Clone, Copy)]
struct Asked<'a> {
    request: &'a RequestId,
    spec: &'a CommandSpec,
    server: Option<&'a PlannedServer>,
    site: Option<&'a SiteName>,
}

impl<'a> Asked<'a> {
    fn of(request: &'a RequestId, subject: &'a Subject, spec: &'a CommandSpec) -> Self {
        Self { request, spec, server: subject.server(), site: subject.site() }
    }

    /// Whether that covers it; a server that is not in the inventory is told elsewhere.
    fn is_covered(self, on: &Coverage, known: Known<'_>) -> bool {
        match self.server {
            Some(server) => known.inventory.by_id(&server.id).is_some_and(|server| on.covers(server, known)),
            None => on.covers_site(self.site, known),
        }
    }

    /// Whether it only gives back what a run of ours took out: the safe direction, which nothing but a hold stands in.
    fn gives_back(self, known: Known<'_>) -> bool {
        let taken_out = |server: &PlannedServer| {
            let row = known.ledger.states.get(&server.id);
            let was_taken = |state| matches!(state, ProductionState::Drained | ProductionState::Draining);
            // What a person called ready comes back from a repair: that is no return of what a run took, whoever looked since.
            row.is_some_and(|row| row.taken_by.is_some() && was_taken(row.state))
        };
        self.spec.touch() == Touch::GivesBack && self.server.is_some_and(taken_out)
    }

    /// Whether it gives capacity to where more comes than lets work go on: no time of the calendar and no freeze keeps out what
    /// stands by for just that.
    fn relieves(self, known: Known<'_>) -> bool {
        let stands_by = |server: &PlannedServer| state(server, known) == ProductionState::Standby;
        let helps = |server: &PlannedServer| stands_by(server) && traffic::is_wanted(server, known);
        self.spec.touch() == Touch::GivesBack && self.server.is_some_and(helps)
    }
}

/// What people have put on that keeps this from starting; the first reason comes first.
fn brakes(asked: Asked<'_>, known: Known<'_>) -> Vec<Blocker> {
    let mut blockers = stop::blocker(asked, known).into_iter().collect::<Vec<_>>();
    for brake in known.ledger.brakes.iter().filter(|brake| brake.is_on(known.now)) {
        let each = [holds::blocker, blacklist::blocker, freeze::blocker];
        blockers.extend(each.iter().filter_map(|policy| policy(brake, asked, known)));
    }
    blockers
}

/// What people, calendars and open breakers say to work on a subject that is no server: what it waits for. The version is what is
/// put there, if the command puts one.
///
/// # Errors
/// Why it is not carried out at all.
pub fn without_server(
    request: &RequestId,
    (subject, version): (&Subject, Option<&str>),
    spec: &CommandSpec,
    known: Known<'_>,
) -> Result<Vec<Blocker>, String> {
    let asked = Asked::of(request, subject, spec);
    if let Some(why) = blacklist::never(asked, known) {
        return Err(why);
    }
    let mut blockers = brakes(asked, known);
    blockers.extend(calendars::blockers(asked, known, &Counts::default()));
    blockers.extend(breakers::broken(Counted::without_server(spec, subject, version), known));
    Ok(blockers)
}

/// Whether this brake alone would keep that from starting.
#[must_use]
pub fn stands_in_the_way(
    brake: &Brake,
    (request, subject, spec): (&RequestId, &Subject, &CommandSpec),
    known: Known<'_>,
) -> bool {
    let ledger = Ledger { brakes: vec![brake.clone()], states: known.ledger.states.clone(), ..Ledger::default() };
    let known = known.with_ledger(&ledger);
    let asked = Asked::of(request, subject, spec);
    blacklist::never(asked, known).is_some() || !brakes(asked, known).is_empty()
}

/// What admission says about one server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may start.
    Allow(Admitted),
    /// Not now; everything that blocks it.
    Wait(Vec<Blocker>),
    /// Not at all: the server is not what was planned.
    Deny(String),
}

/// Proof that a server may be worked on now. Only this module makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admitted {
    run: RunId,
    found: ProductionState,
    takes: bool,
    takes_over: Option<RunId>,
    canary_of: Vec<BreakerScope>,
    overridden: Vec<PolicyName>,
    observed: Vec<PolicyName>,
}

impl Admitted {
    /// The run that may start.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The production state that the server is in, and goes back to.
    #[must_use]
    pub fn found(&self) -> ProductionState {
        self.found
    }

    /// Whether taking the server out takes a place of its pool: not where it was known not to serve.
    #[must_use]
    pub fn takes(&self) -> bool {
        self.takes
    }

    /// The failed run whose lock on the server is taken over.
    #[must_use]
    pub fn takes_over(&self) -> Option<&RunId> {
        self.takes_over.as_ref()
    }

    /// The open breakers that the run is the canary of.
    #[must_use]
    pub fn canary_of(&self) -> &[BreakerScope] {
        &self.canary_of
    }

    /// The policies that would have made it wait, and that it passes by an override; sorted.
    #[must_use]
    pub fn overridden(&self) -> &[PolicyName] {
        &self.overridden
    }

    /// The policies that would have made it wait, and are only observed; sorted.
    #[must_use]
    pub fn observed(&self) -> &[PolicyName] {
        &self.observed
    }
}

/// Asks every policy about one server; the worst answer wins, every reason is told, and what is only observed or may be passed
/// by an override is passed.
#[must_use]
pub fn evaluate(candidate: Candidate<'_>, known: Known<'_>) -> Verdict {
    evaluate_with(candidate, known, &Counts::of(known.ledger, known.inventory))
}

/// The same, with what was counted before of the same ledger.
fn evaluate_with(candidate: Candidate<'_>, known: Known<'_>, counts: &Counts) -> Verdict {
    let said = overriding::less_passed(every_policy(candidate, known, counts), candidate, known);
    production::told(said)
}

fn every_policy(candidate: Candidate<'_>, known: Known<'_>, counts: &Counts) -> Verdict {
    let server = candidate.server;
    if let Some(why) = never::why(server, candidate.spec, known) {
        return Verdict::Deny(why);
    }
    let asked = Asked { request: &candidate.run.request, spec: candidate.spec, server: Some(server), site: None };
    if let Some(why) = blacklist::never(asked, known) {
        return Verdict::Deny(why);
    }
    let mut blockers = brakes(asked, known);
    blockers.extend(calendars::blockers(asked, known, counts));
    let lock = known.ledger.lock(&server.id);
    let takes_over = match lock {
        Some(lock) if lock.standing.is_a_runs() => {
            blockers.push(Blocker::Locked {
                servers: vec![server.name.clone()],
                holder: lock.run.request.clone(),
                since: lock.since,
            });
            None
        }
        // A person's new request takes a server over from a run that failed on it; that is recorded.
        Some(lock) => Some(lock.run.clone()),
        None => None,
    };
    blockers.extend(concurrency::blockers(candidate, known, counts));
    blockers.extend(rate::blocker(candidate, known, counts));
    blockers.extend(queue::turns(candidate, known));
    if candidate.spec.takes_capacity() {
        blockers.extend(capacity::blockers(server, known, counts));
        blockers.extend(production::blocker(server, known));
        blockers.extend(traffic::blockers(server, known, counts));
        blockers.extend(infrastructure::blockers(candidate, known, counts));
    }
    let work = Counted::of_candidate(candidate);
    blockers.extend(breakers::broken(work, known));
    if blockers.is_empty() {
        let canary_of = breakers::canary_of(work, known);
        let (found, takes) = (found(server, known), takes(server, known));
        let run = candidate.run.clone();
        Verdict::Allow(Admitted {
            run,
            found,
            takes,
            takes_over,
            canary_of,
            overridden: Vec::new(),
            observed: Vec::new(),
        })
    } else {
        Verdict::Wait(blockers)
    }
}

/// A planned server's production state now.
fn state(server: &PlannedServer, known: Known<'_>) -> ProductionState {
    known.inventory.by_id(&server.id).map_or(ProductionState::Maintenance, |record| known.ledger.state(record))
}

/// The state that a run on it would find, and go back to.
fn found(server: &PlannedServer, known: Known<'_>) -> ProductionState {
    let left_behind = known.ledger.lock(&server.id).is_some_and(|lock| lock.standing == LockStanding::LeftBehind);
    settled(state(server, known), left_behind)
}

/// Whether it may serve, so that work which takes it out takes a place of its pool.
fn takes(server: &PlannedServer, known: Known<'_>) -> bool {
    !known.inventory.by_id(&server.id).is_some_and(|record| capacity::is_out(record, known))
}

/// A failed run may leave a server half-way; it counts as out until somebody takes it over.
fn settled(state: ProductionState, left_behind: bool) -> ProductionState {
    let is_half_way = matches!(state, ProductionState::Draining | ProductionState::Undraining);
    if is_half_way && left_behind { ProductionState::Drained } else { state }
}
