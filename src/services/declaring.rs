//! `state … maintenance|repair|ready|standby because …`: what a technician says of servers, all of them or none.
//!
//! Who may is said by the channel's policies, as of a command `state` that takes capacity: what is in repair lowers a floor.
//! Deliberately absent: what fits, which is admission's, and any act on the servers or their load balancers.

use super::intake::Outcome;
use super::lines::{self, Line, Speaker};
use super::presses::Press;
use super::restraining::{Braker, Came, CameTo, Right, Said};
use super::world::World;
use super::{brakes, messages, queues, records};
use crate::admission::{self, Declarer, Ledger, LockStanding, Objection, PoolCount, StateChange};
use crate::authorization::Authorized;
use crate::conversation::{self, DeclaredView, Misfits, Tense};
use crate::domain::command::{Impact, Targets};
use crate::domain::declaration::{Declaration, Declared};
use crate::domain::ids::RequestId;
use crate::domain::intent::BuiltInVerb;
use crate::domain::limits::DECLARED_MAX_SERVERS;
use crate::domain::place::{ChannelId, Reach};
use crate::domain::server::{PoolName, ProductionState, Server, ServerName};
use crate::ports::StoreFault;
use crate::ports::authorizations::Occasion;
use crate::ports::store::{DeclaredRecord, Write};
use crate::workflow::request::Request;
use crate::workflow::run::{Run, RunStage};
use crate::{fleet, language};
use std::collections::{BTreeMap, BTreeSet};

/// What a member's line comes to.
pub(super) async fn answer(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    declaration: &Declaration,
) -> Result<Outcome, StoreFault> {
    Ok(brakes::answered(line, declare(brakes::braker(world, line, speaker), declaration).await?))
}

/// A press of the button on what a request left out: the same as the line that puts those servers into repair.
pub(super) async fn take_over(world: &World, press: &Press<'_>, request: &Request) -> Result<Outcome, StoreFault> {
    let (ledger, id) = (world.store.ledger().await?, request.id());
    let left =
        ledger.locks.values().filter(|lock| lock.standing == LockStanding::LeftBehind && lock.run.request == *id);
    let inventory = &world.rulebook().inventory;
    let mut names = left.filter_map(|lock| Some(inventory.by_id(&lock.server)?.name.clone())).collect::<Vec<_>>();
    if names.is_empty() {
        return Ok(press.answered(conversation::nothing_to_take_over(id), "answered: nothing is left to take over"));
    }
    names.sort();
    let (state, servers) = (BuiltInVerb::State.word(), fleet::fold(&names).join(","));
    let text = format!("{state} {servers} {} because left out by {id}", Declared::Repair.word());
    lines::answer(world, Line::of(press.envelope, press.origin, &text)).await
}

/// What a line would come to; nothing is done.
pub(super) async fn plan(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    declaration: &Declaration,
) -> Result<Outcome, StoreFault> {
    let text = language::planned(line.text);
    let braker = Braker { tense: Tense::Would, line: text, ..brakes::braker(world, line, speaker) };
    Ok(brakes::answered(line, declare(braker, declaration).await?))
}

/// What such a line comes to, from the chat or a shell.
///
/// # Errors
/// The store does not answer.
pub async fn declare(braker: Braker<'_>, declaration: &Declaration) -> Result<Came, StoreFault> {
    let ledger = braker.store.ledger().await?;
    let servers = match braker.servers(&declaration.servers, &ledger).await? {
        Ok(servers) => servers,
        Err(told) => return Ok(*told),
    };
    if servers.len() > DECLARED_MAX_SERVERS {
        let told = conversation::too_many_declared(servers.len(), DECLARED_MAX_SERVERS);
        return Ok(Came::told(CameTo::Refused, told, "refused: too many servers"));
    }
    let authorized = match braker.authorized(BuiltInVerb::State.word(), Impact::Drain, &servers) {
        Ok(authorized) => authorized,
        Err(told) => return Ok(*told),
    };
    if authorized.as_ref().is_some_and(needs_consent) {
        return Ok(Came::told(CameTo::Refused, conversation::no_consent_to_state(), "refused: it would need consent"));
    }
    match fitting(braker, declaration, &servers, &ledger) {
        Ok(changes) => said(braker, declaration, (&servers, changes, &ledger), authorized).await,
        Err(misfits) => Ok(unfit(braker, declaration, &misfits, servers.len())),
    }
}

/// What the line changes, if every server fits; else those that do not.
fn fitting<'a>(
    braker: Braker<'_>,
    declaration: &Declaration,
    servers: &'a [Server],
    ledger: &Ledger,
) -> Result<Vec<StateChange>, Vec<(&'a Server, Objection)>> {
    let (id, name) = (braker.by.actor.id().clone(), braker.by.name.to_owned());
    let by = Declarer { id, name, why: declaration.because.clone() };
    let known = braker.rulebook.known(ledger, braker.now);
    let (mut changes, mut misfits) = (Vec::new(), Vec::new());
    for server in servers {
        match admission::declare(server, declaration.declared, &by, known) {
            Ok(change) => changes.push(change),
            Err(objection) => misfits.push((server, objection)),
        }
    }
    if misfits.is_empty() { Ok(changes) } else { Err(misfits) }
}

/// All of them fit: it is written, or told.
async fn said(
    braker: Braker<'_>,
    declaration: &Declaration,
    (servers, changes, ledger): (&[Server], Vec<StateChange>, &Ledger),
    authorized: Option<Authorized>,
) -> Result<Came, StoreFault> {
    let Declaration { declared, because, .. } = declaration;
    let members = servers.iter().collect::<Vec<_>>();
    let pools = pools(braker, &members, (ledger, &admission::declared(ledger, &changes)));
    let back = match declared {
        Declared::Ready | Declared::Standby => {
            queues::way_back(&braker.rulebook.catalog, &members, (declared.state(), because))
        }
        Declared::Maintenance | Declared::Repair => None,
    };
    let names = servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
    let taken_from = changes.iter().filter_map(|change| change.takes_over.as_ref()).map(|run| run.request.clone());
    let taken_from = taken_from.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    let is_seen = |server: &&&Server| *declared == Declared::Ready && ledger.is_contradicted(server);
    let seen_serving = members.iter().filter(is_seen).map(|server| server.name.clone()).collect::<Vec<_>>();
    let view = DeclaredView {
        declared: *declared,
        because,
        names: &names,
        tense: braker.tense,
        line: braker.line,
        pools: &pools,
        taken_from: &taken_from,
        left_out_of: &left_out_of(braker, declared.state(), servers).await?,
        seen_serving: &seen_serving,
        back: back.as_deref(),
    };
    let told = conversation::declared(view);
    if braker.tense == Tense::Would {
        return Ok(Came::told(CameTo::Done, told, "answered: a plan"));
    }
    let mut writes = written(servers, changes, &pools);
    writes.extend(notices(braker, view));
    if let (Some(authorized), Right::OfTheChannel(Said { world, .. })) = (authorized, braker.right) {
        writes.push(records::kept(world, Occasion::Line, None, authorized.record().clone()));
    }
    Ok(Came::done(told, writes, format!("said {} of {} servers", declared.word(), names.len())))
}

/// Each pool of them, before and after, by name.
fn pools(braker: Braker<'_>, servers: &[&Server], (before, after): (&Ledger, &Ledger)) -> Vec<(PoolCount, PoolCount)> {
    let pools = servers.iter().filter_map(|server| server.pool.as_ref()).collect::<BTreeSet<_>>();
    let count =
        |pool: &PoolName, ledger: &Ledger| admission::count_pool(pool, braker.rulebook.known(ledger, braker.now));
    pools.into_iter().map(|pool| (count(pool, before), count(pool, after))).collect()
}

/// Whether somebody would have to agree: there is nothing that they could agree to before it takes hold.
fn needs_consent(authorized: &Authorized) -> bool {
    let requirements = authorized.requirements();
    requirements.approval.is_some() || !requirements.quorums.is_empty()
}

/// Each server's change, with what becomes of its pool.
fn written(servers: &[Server], changes: Vec<StateChange>, pools: &[(PoolCount, PoolCount)]) -> Vec<Write> {
    let told = pools.iter().map(|pool| (&pool.1.pool, conversation::pool_change(pool))).collect::<BTreeMap<_, _>>();
    let each = servers.iter().zip(changes).map(|(server, change)| {
        let evidence = server.pool.as_ref().and_then(|pool| told.get(pool)).cloned().unwrap_or_default();
        Write::Declared(Box::new(DeclaredRecord { change, evidence }))
    });
    each.collect()
}

/// What others read of it: in the channel where it was said, and in the notices about what was left behind.
fn notices(braker: Braker<'_>, view: DeclaredView<'_>) -> Vec<Write> {
    let incidents = braker.incidents;
    let left_behind = view.taken_from.iter().filter_map(|id| incidents.map(|channel| messages::incident(id, channel)));
    let notice = told_where(braker).map(|channel| {
        let message = conversation::declared_notice(view, braker.by.name);
        messages::declared(&braker.ids.handle(), channel, message)
    });
    left_behind.chain(notice).collect()
}

/// Where everybody reads it; a shell, and a conversation with the bot alone, tell it where trouble is told.
fn told_where(braker: Braker<'_>) -> Option<&ChannelId> {
    match braker.right {
        Right::OfTheChannel(Said { speaker, .. }) if speaker.channel.reach != Reach::Direct => {
            Some(&speaker.channel.id)
        }
        Right::OfTheChannel(_) | Right::OfTheFile => braker.incidents,
    }
}

/// Nothing is changed; what to type first, where a command helps.
fn unfit(braker: Braker<'_>, declaration: &Declaration, misfits: &[(&Server, Objection)], of: usize) -> Came {
    let mut groups: Vec<(Objection, Vec<&Server>)> = Vec::new();
    for (server, objection) in misfits {
        match groups.iter_mut().find(|(first, _)| is_alike(first, objection)) {
            Some((_, members)) => members.push(server),
            None => groups.push((objection.clone(), vec![server])),
        }
    }
    let catalog = &braker.rulebook.catalog;
    let group = |(objection, members): (Objection, Vec<&Server>)| {
        let why = declaration.because.as_str();
        let line = match &objection {
            // What is meant to be out and serves waits for a hand at its load balancer: no command takes it out.
            Objection::Serves { state, .. } if *state != ProductionState::Production => None,
            Objection::Serves { state, .. } | Objection::NotSeen { state, .. } => {
                queues::way_out(catalog, &members, (*state, why))
            }
            Objection::NotOut(state) => queues::way_back(catalog, &members, (*state, why)),
            Objection::UnderWork(run) => Some(format!("{} {run}", BuiltInVerb::Why.word())),
            Objection::NotDrained(ProductionState::Production) => {
                queues::way_out(catalog, &members, (ProductionState::Production, why))
            }
            Objection::LeftBehind(_) => queues::way_back(catalog, &members, (ProductionState::Drained, why)),
            Objection::NotDrained(_) | Objection::Already { .. } | Objection::NoPool => None,
        };
        Misfits {
            objection,
            names: members.iter().map(|server| server.name.clone()).collect::<Vec<ServerName>>(),
            line,
        }
    };
    let misfits = groups.into_iter().map(group).collect::<Vec<_>>();
    let is_said = |group: &Misfits| matches!(group.objection, Objection::Already { .. });
    let all_said = misfits.iter().all(is_said) && misfits.iter().map(|group| group.names.len()).sum::<usize>() == of;
    let to = if all_said { CameTo::Done } else { CameTo::Refused };
    let told = conversation::not_declared(declaration.declared, &misfits, of);
    Came::told(to, told, if all_said { "answered: said before" } else { "refused: servers do not fit" })
}

/// Whether both are told in one line.
fn is_alike(one: &Objection, other: &Objection) -> bool {
    match (one, other) {
        (Objection::Serves { state: one, .. }, Objection::Serves { state: other, .. })
        | (Objection::NotSeen { state: one, .. }, Objection::NotSeen { state: other, .. }) => one == other,
        (one, other) => one == other,
    }
}

/// The open requests of which a run that waits is on one of these, and will be left out of it.
async fn left_out_of(
    braker: Braker<'_>,
    state: ProductionState,
    servers: &[Server],
) -> Result<Vec<RequestId>, StoreFault> {
    let mut left_out = Vec::new();
    for request in braker.store.open_requests().await? {
        let takes = match &request.spec.targets {
            Targets::Servers { from, .. } => from.contains(&state),
            Targets::Sites { .. } | Targets::None => true,
        };
        let is_one =
            |run: &Run| run.subject.server().is_some_and(|planned| servers.iter().any(|one| one.id == planned.id));
        if !takes && request.plan.servers().any(|planned| servers.iter().any(|one| one.id == planned.id)) {
            let runs = braker.store.runs(request.id()).await?;
            let waits = runs.iter().any(|run| run.stage == RunStage::Waiting && is_one(run));
            left_out.extend(waits.then(|| request.id().clone()));
        }
    }
    Ok(left_out)
}
