//! Why something is where it is, on one look at the store: the same for the chat and for a shell.
//!
//! Only reads. Deliberately absent: the words, and any decision; admission's own pass says what blocks.

use crate::admission::{
    self, Brake, Explained, HealthRow, Ledger, LockStanding, Outside, Paces, Place, RunPace, StateRow, Waiting,
};
use crate::conversation::message::Message;
use crate::conversation::{self, RequestView, RunView, SaidBefore, WhyView};
use crate::domain::command::{CommandName, StepSpec};
use crate::domain::effect::BalancerLine;
use crate::domain::ids::{RequestId, RunId};
use crate::domain::server::{Server, SiteName};
use crate::domain::time::Timestamp;
use crate::ports::store::Store;
use crate::ports::{Rulebook, StoreFault};
use crate::workflow::pace::{self, Pace};
use crate::workflow::request::{Request, RequestStage};
use crate::workflow::run::{Run, RunStage};
use std::collections::{BTreeMap, BTreeSet};

/// The most requests of the same command that are looked at as its past.
const PAST_REQUESTS_MAX: usize = 30;
/// The most runs whose steps are compared with.
const PAST_RUNS_MAX: usize = 200;
/// The most that is told of what people said of a server.
const SAID_MAX: usize = 3;

/// A request, and why it is where it is.
#[derive(Clone, Debug)]
pub struct Why {
    /// The request.
    pub request: Request,
    /// Its runs, by number.
    pub runs: Vec<Run>,
    /// What admission says now.
    pub explained: Explained,
    /// Where it stands in the queue, if it waits there.
    pub place: Option<Place>,
    /// Later requests that began before it, with when.
    pub overtaken_by: Vec<(RequestId, Timestamp)>,
    /// Who asked for the other requests that are told of.
    pub names: BTreeMap<RequestId, String>,
    /// How long those before it waited in all.
    pub pace: Option<Pace>,
    /// When all of this was looked at.
    pub now: Timestamp,
}

impl Why {
    /// As messages look at it.
    #[must_use]
    pub fn view(&self) -> WhyView<'_> {
        let Self { request, runs, explained, place, overtaken_by, names, pace, now } = self;
        let view = RequestView { request, runs, impacts: &[], now: *now };
        WhyView { view, explained, place: place.as_ref(), overtaken_by, names, pace: *pace }
    }
}

/// A run that was admitted, with what is known of steps like its own.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its request.
    pub request: Request,
    /// It.
    pub run: Run,
    /// How long the step that it is in took before.
    pub pace: Option<Pace>,
    /// When that was looked at.
    pub now: Timestamp,
}

/// A server that no run works on, and no request waits for.
#[derive(Clone, Debug)]
pub struct Alone {
    /// It.
    pub server: Server,
    /// Its production state, if it was ever set here.
    pub state: Option<StateRow>,
    /// The last look at its health.
    pub health: Option<HealthRow>,
    /// What people said of it, the newest first.
    pub said: Vec<SaidBefore>,
    /// What people put on over it, the stop of everything first.
    pub brakes: Vec<Brake>,
    /// When that was looked at.
    pub now: Timestamp,
}

/// What a question leads to.
#[derive(Clone, Debug)]
pub enum Found {
    /// A request.
    Request(Box<Why>),
    /// A run.
    Run(Box<Ran>),
    /// A server alone.
    Server(Box<Alone>),
}

impl Found {
    /// The request, if it is one that waits for people's consent.
    #[must_use]
    pub fn needs_approval(&self) -> Option<&RequestId> {
        match self {
            Self::Request(why) if why.request.stage == RequestStage::NeedsApproval => Some(why.request.id()),
            Self::Request(_) | Self::Run(_) | Self::Server(_) => None,
        }
    }

    /// What people read, with what the load balancer says of a run's server now, if it was asked.
    #[must_use]
    pub fn told(&self, line: Option<(BalancerLine, Timestamp)>) -> Message {
        match self {
            Self::Request(why) => conversation::why(why.view()),
            Self::Run(ran) => {
                let view = RequestView { request: &ran.request, runs: &[], impacts: &[], now: ran.now };
                conversation::why_run(RunView { view, run: &ran.run, pace: ran.pace, line })
            }
            Self::Server(alone) => {
                let Alone { server, state, health, said, brakes, now } = alone.as_ref();
                conversation::server_alone(server, (state.as_ref(), health.as_ref()), (said, brakes), *now)
            }
        }
    }
}

/// Looks at a run; what it still waits for, its request waits for.
///
/// # Errors
/// The store does not answer.
pub async fn of_run(
    store: &dyn Store,
    on: (&Rulebook, Outside<'_>),
    id: &RunId,
    now: Timestamp,
) -> Result<Option<Found>, StoreFault> {
    let (Some(request), Some(run)) = (store.request(&id.request).await?, store.run(id).await?) else {
        return Ok(None);
    };
    if run.stage == RunStage::Waiting && !request.is_over() {
        return Ok(Some(Found::Request(Box::new(why(store, on, request, now).await?))));
    }
    let pace = step_pace(store, &request, &run).await?;
    Ok(Some(Found::Run(Box::new(Ran { request, run, pace, now }))))
}

/// Looks at a server: at the run that has it, else at the first request that waits for it.
///
/// # Errors
/// The store does not answer.
pub async fn of_server(
    store: &dyn Store,
    on: (&Rulebook, Outside<'_>),
    server: &Server,
    now: Timestamp,
) -> Result<Found, StoreFault> {
    let ledger = store.ledger().await?;
    if let Some(lock) = ledger.lock(&server.id)
        && let Some(found) = of_run(store, on, &lock.run, now).await?
    {
        return Ok(found);
    }
    for request in store.open_requests().await? {
        let is_planned = request.plan.servers().any(|planned| planned.id == server.id);
        let runs = if is_planned { store.runs(request.id()).await? } else { Vec::new() };
        let is_its = |run: &&Run| run.subject.server().is_some_and(|planned| planned.id == server.id);
        if runs.iter().filter(is_its).any(|run| !run.is_over()) {
            return Ok(Found::Request(Box::new(why(store, on, request, now).await?)));
        }
    }
    let (state, health) = (ledger.states.get(&server.id).cloned(), ledger.health.get(&server.id).cloned());
    let said = store.declarations(&server.id, SAID_MAX).await?.into_iter().map(|record| record.change.row);
    let said = said.filter_map(|row| {
        let by = row.by.person()?;
        Some(SaidBefore { state: row.state, name: by.name.clone(), at: row.since, why: by.why.clone() })
    });
    let said = said.collect();
    let over = admission::standing(std::slice::from_ref(server), &BTreeSet::new(), on.0.known(&ledger, now));
    let brakes = ledger.stop().into_iter().chain(over).cloned().collect();
    Ok(Found::Server(Box::new(Alone { server: server.clone(), state, health, said, brakes, now })))
}

/// Looks at a request.
///
/// # Errors
/// The store does not answer.
pub async fn why(
    store: &dyn Store,
    (rulebook, outside): (&Rulebook, Outside<'_>),
    request: Request,
    now: Timestamp,
) -> Result<Why, StoreFault> {
    let runs = store.runs(request.id()).await?;
    let ledger = store.ledger().await?;
    let open = if request.is_over() { Vec::new() } else { store.open_requests().await? };
    let before = admission::precedences(&open, rulebook.rules.queue, now);
    let explained =
        admission::explain(&request, &runs, rulebook.known(&ledger, now).with_outside(outside).after(&before));
    let place = place(store, rulebook, (&request, &open), now).await?;
    let holders = explained.reasons.iter().flat_map(|reason| reason.holders.iter().map(|holder| &holder.request));
    let overtaken_by = admission::overtakers(&request, &open, rulebook.rules.queue, now);
    let others = holders.chain(place.iter().flat_map(|place| place.ahead.iter()));
    let others = others.chain(overtaken_by.iter().map(|(id, _)| id)).collect::<BTreeSet<_>>();
    let mut names = BTreeMap::new();
    for id in others {
        if let Some(other) = store.request(id).await? {
            names.insert(id.clone(), other.requester_name);
        }
    }
    let pace = wait_pace(store, &request, now).await?;
    Ok(Why { request, runs, explained, place, overtaken_by, names, pace, now })
}

/// How a request waits: where it stands, and how long those before it waited in all. `None` of one that does not wait in
/// the queue.
///
/// # Errors
/// The store does not answer.
pub(super) async fn wait(
    store: &dyn Store,
    rulebook: &Rulebook,
    request: &Request,
    now: Timestamp,
) -> Result<(Option<Place>, Option<Pace>), StoreFault> {
    if request.stage != RequestStage::Queued {
        return Ok((None, None));
    }
    let open = store.open_requests().await?;
    let place = place(store, rulebook, (request, &open), now).await?;
    Ok((place, wait_pace(store, request, now).await?))
}

/// Where a request stands among those that want the same sites, in the order in which they are looked at.
async fn place(
    store: &dyn Store,
    rulebook: &Rulebook,
    (request, open): (&Request, &[Request]),
    now: Timestamp,
) -> Result<Option<Place>, StoreFault> {
    let (own, mut queue) = (sites(request), Vec::<Waiting>::new());
    for other in admission::in_order(open, rulebook.rules.queue, now) {
        // What works elsewhere cannot be before it, however many requests that are.
        if other.id() == request.id() || !sites(other).is_disjoint(&own) {
            let runs = store.runs(other.id()).await?;
            queue.extend(admission::waiting(other, &runs, now));
        }
    }
    Ok(admission::place(request.id(), &queue))
}

/// How long those before a queued request waited in all, of those that waited as long as it has.
async fn wait_pace(store: &dyn Store, request: &Request, now: Timestamp) -> Result<Option<Pace>, StoreFault> {
    match request.stage {
        RequestStage::Queued => {
            let past = past(store, request).await?;
            Ok(pace::wait_pace(&past, now.since(pace::ready_at(request))))
        }
        RequestStage::Announced
        | RequestStage::NeedsApproval
        | RequestStage::Running
        | RequestStage::Stopping { .. }
        | RequestStage::Ended { .. } => Ok(None),
    }
}

fn sites(request: &Request) -> BTreeSet<&SiteName> {
    request.plan.servers().map(|server| &server.site).chain(request.plan.sites()).collect()
}

/// The requests of the same command before this one, where a site of it is one of theirs.
async fn past(store: &dyn Store, request: &Request) -> Result<Vec<Request>, StoreFault> {
    let own = sites(request);
    let mut past = store.requests_with(&request.spec.name, PAST_REQUESTS_MAX).await?;
    past.retain(|other| other.id() != request.id() && (own.is_empty() || !sites(other).is_disjoint(&own)));
    Ok(past)
}

/// How long runs took before, of that command and of those at work.
///
/// # Errors
/// The store does not answer.
pub async fn run_paces(store: &dyn Store, ledger: &Ledger, own: &CommandName) -> Result<Paces, StoreFault> {
    let at_work = ledger.locks.values().filter(|lock| lock.standing == LockStanding::Working);
    let commands = at_work.map(|lock| &lock.command).chain([own]).collect::<BTreeSet<_>>();
    let mut paces = Paces::new();
    for command in commands {
        let (mut times, mut gives_back) = (Vec::new(), true);
        for request in store.requests_with(command, PAST_REQUESTS_MAX).await? {
            let puts_back = |step: &StepSpec| matches!(step, StepSpec::RestoreState { .. } | StepSpec::Undrain { .. });
            gives_back &= request.spec.steps.iter().any(puts_back);
            if times.len() < PAST_RUNS_MAX {
                times.extend(pace::run_times(&store.runs(request.id()).await?));
            }
        }
        if let Some(pace) = pace::pace(times) {
            paces.insert(command.clone(), RunPace { half: pace.half, gives_back });
        }
    }
    Ok(paces)
}

/// How long the step that a run is in took before, in runs of the same command.
async fn step_pace(store: &dyn Store, request: &Request, run: &Run) -> Result<Option<Pace>, StoreFault> {
    let Some(step) = run.step() else { return Ok(None) };
    let Some(word) = request.spec.steps.get(step).map(StepSpec::word) else { return Ok(None) };
    let mut times = Vec::new();
    for other in store.requests_with(&request.spec.name, PAST_REQUESTS_MAX).await? {
        // A step of another definition at the same place may be another step.
        if other.spec.steps.get(step).is_some_and(|other| other.word() == word) && times.len() < PAST_RUNS_MAX {
            let runs = store.runs(other.id()).await?;
            times.extend(pace::step_times(runs.iter().filter(|other| other.id != run.id), step));
        }
    }
    Ok(pace::pace(times))
}
