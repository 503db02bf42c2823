//! What waits, and which servers are out of production: on one look at the store, the same for the chat and for a shell.
//!
//! Only reads. Deliberately absent: the words, and the controls behind the buttons.

use crate::admission::{self, Declarer, Explained, OutWhy, Outside, Place, SetBy};
use crate::catalog::Catalog;
use crate::conversation::{OutGroup, QueuedView, RequestView};
use crate::domain::command::{CommandSpec, StepSpec, Targets};
use crate::domain::ids::RequestId;
use crate::domain::server::{ProductionState, Server, ServerId, ServerName, ServerType};
use crate::domain::time::Timestamp;
use crate::fleet;
use crate::ports::store::Store;
use crate::ports::{Rulebook, StoreFault};
use crate::workflow::request::{Request, RequestStage};
use crate::workflow::run::{Run, RunStage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A request that has something to start.
#[derive(Clone, Debug)]
pub struct Queued {
    /// The request.
    pub request: Request,
    /// Its runs, by number.
    pub runs: Vec<Run>,
    /// Why it does not start now.
    pub explained: Explained,
    /// Where it stands; `None` of one that waits for people or for its time.
    pub place: Option<Place>,
    /// Later requests that began before it, with when.
    pub overtaken_by: Vec<(RequestId, Timestamp)>,
    /// When that was looked at.
    pub now: Timestamp,
}

impl Queued {
    /// As messages look at it.
    #[must_use]
    pub fn view(&self) -> QueuedView<'_> {
        let Self { request, runs, explained, place, overtaken_by, now } = self;
        let view = RequestView { request, runs, impacts: &[], now: *now };
        QueuedView { view, explained, place: place.as_ref(), overtaken_by }
    }
}

/// Everything that has something to start, in the order of looking, and then what waits for people or for its time;
/// with servers, only what is still to start on one of them.
///
/// # Errors
/// The store does not answer.
pub async fn queue(
    store: &dyn Store,
    (rulebook, outside): (&Rulebook, Outside<'_>),
    servers: Option<&[Server]>,
    now: Timestamp,
) -> Result<Vec<Queued>, StoreFault> {
    let ledger = store.ledger().await?;
    let asked = servers.map(|servers| servers.iter().map(|server| &server.id).collect::<BTreeSet<_>>());
    let (mut order, mut open) = (Vec::new(), Vec::new());
    let requests = store.open_requests().await?;
    let before = admission::precedences(&requests, rulebook.rules.queue, now);
    for request in admission::in_order(&requests, rulebook.rules.queue, now) {
        let runs = store.runs(request.id()).await?;
        order.extend(admission::waiting(request, &runs, now));
        open.push((request.clone(), runs));
    }
    let mut queue = Vec::new();
    for (request, runs) in open {
        let is_asked = |id: &ServerId| asked.as_ref().is_none_or(|asked| asked.contains(id));
        let left = runs.iter().filter(|run| run.stage == RunStage::Waiting);
        let mut left = left.map(|run| run.subject.server());
        let touches = left.any(|server| server.map_or(asked.is_none(), |server| is_asked(&server.id)));
        let may_start = request.halted.is_none() && !matches!(request.stage, RequestStage::Stopping { .. });
        if touches && may_start {
            let explained =
                admission::explain(&request, &runs, rulebook.known(&ledger, now).with_outside(outside).after(&before));
            let place = admission::place(request.id(), &order);
            let overtaken_by = admission::overtakers(&request, &requests, rulebook.rules.queue, now);
            queue.push(Queued { request, runs, explained, place, overtaken_by, now });
        }
    }
    // In the order of looking; whoever waits for people or for the clock is not in it yet.
    let position = |queued: &Queued| order.iter().position(|one| one.request == *queued.request.id());
    queue.sort_by_key(|queued| position(queued).unwrap_or(usize::MAX));
    Ok(queue)
}

/// The servers that are out of production, folded by how they are, those that a run of ours left first.
///
/// # Errors
/// The store does not answer.
pub async fn outs(
    store: &dyn Store,
    rulebook: &Rulebook,
    servers: &[Server],
    now: Timestamp,
) -> Result<Vec<OutGroup>, StoreFault> {
    let ledger = store.ledger().await?;
    let known = rulebook.known(&ledger, now);
    let mut groups: BTreeMap<_, (admission::Out, Vec<&Server>)> = BTreeMap::new();
    for server in servers {
        let Some(out) = admission::out(server, known) else { continue };
        let key = (out.why, whose(&out), out.state);
        let (first, members) = groups.entry(key).or_insert_with(|| (out.clone(), Vec::new()));
        first.since = first.since.into_iter().chain(out.since).min();
        members.push(server);
    }
    let mut told = Vec::new();
    for (out, members) in groups.into_values() {
        let request = match out.by.as_ref().and_then(SetBy::run) {
            Some(run) => store.request(&run.request).await?,
            None => None,
        };
        let line = match out.why {
            OutWhy::LeftBehind | OutWhy::State | OutWhy::Contradicted if out.by.is_some() => {
                way_back(&rulebook.catalog, &members, (out.state, "it was out of production"))
            }
            OutWhy::LeftBehind
            | OutWhy::State
            | OutWhy::Contradicted
            | OutWhy::UnderWork
            | OutWhy::Failing
            | OutWhy::OutOfRotation => None,
        };
        let servers = members.iter().map(|server| server.name.clone()).collect::<Vec<ServerName>>();
        let name = request.map(|request| request.requester_name);
        told.push(OutGroup { out, servers, name, line, handle: None });
    }
    Ok(told)
}

/// Whose it is that servers are out: those of one request are told together, and those of one person for one reason.
fn whose(out: &admission::Out) -> Option<Result<RequestId, Declarer>> {
    out.by.as_ref().map(|by| match by {
        SetBy::Run(run) => Ok(run.request.clone()),
        SetBy::Person(declarer) => Err(declarer.clone()),
    })
}

/// The line that would put these back into production from that state: of a command that does nothing else, and needs to be
/// told nothing but why.
pub(super) fn way_back(
    catalog: &Catalog,
    servers: &[&Server],
    (state, why): (ProductionState, &str),
) -> Option<String> {
    way(catalog, servers, (state, why), |step| matches!(step, StepSpec::Undrain { .. }))
}

/// The line that would take these out of service, likewise.
pub(super) fn way_out(catalog: &Catalog, servers: &[&Server], (state, why): (ProductionState, &str)) -> Option<String> {
    way(catalog, servers, (state, why), |step| matches!(step, StepSpec::Drain { .. }))
}

/// A line with a command whose steps do that, and beside it only look.
fn way(
    catalog: &Catalog,
    servers: &[&Server],
    (state, why): (ProductionState, &str),
    does: fn(&StepSpec) -> bool,
) -> Option<String> {
    let types = servers.iter().map(|server| &server.server_type).collect::<BTreeSet<_>>();
    let is_way = |spec: &&Arc<CommandSpec>| takes(spec, &types, state, servers.len()) && only_does(spec, does);
    let spec = catalog.commands().iter().find(is_way)?;
    let names = servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
    let asks_why = spec.parameters.iter().any(|parameter| parameter.asked_as_because);
    let because = if asks_why { format!(" because {why}") } else { String::new() };
    Some(format!("{} {}{because}", spec.name, fleet::fold(&names).join(",")))
}

fn takes(spec: &CommandSpec, types: &BTreeSet<&ServerType>, state: ProductionState, count: usize) -> bool {
    let Targets::Servers { types: taken, from, max } = &spec.targets else { return false };
    types.iter().all(|one| taken.contains(one))
        && from.contains(&state)
        && u32::try_from(count).is_ok_and(|count| count <= *max)
}

fn only_does(spec: &CommandSpec, does: fn(&StepSpec) -> bool) -> bool {
    let is_gentle = |step: &StepSpec| does(step) || matches!(step, StepSpec::Check { .. } | StepSpec::Gate(_));
    spec.steps.iter().any(does)
        && spec.steps.iter().all(is_gentle)
        && spec.parameters.iter().all(|parameter| parameter.asked_as_because || !parameter.must_be_given())
}
