//! A finished wave is watched: its servers must be as their runs left them, serve where they are meant to, have no alert
//! of their own and do as well as their siblings, or the next wave does not open.
//!
//! What is seen since a server's run was done proves something, and nothing that was seen before. So a server that is seen
//! not to be well ends the starts of its request, and where too little is known the next wave waits until it is: nothing is
//! lost by waiting, and nobody who is asked would know more. Deliberately absent: how long it is watched, which is `waves`'.

use super::ledger::{Health, LockStanding};
use super::siblings::{Compared, Siblings, Uncompared};
use super::{Known, infrastructure};
use crate::domain::command::Touch;
use crate::domain::plan::PlannedServer;
use crate::domain::server::{ProductionState, Server, ServerId, ServerName};
use crate::domain::time::Timestamp;
use crate::workflow::request::{Ailing, Blocker, PolicyName, Request, RequestStage, SoakLack, Unwell};
use crate::workflow::run::{Run, RunOutcome, RunStage};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many servers that are not well are named.
const AILING_MAX: usize = 5;
/// A look that is no older is new enough, however short a time a server is watched.
const LOOKED_LATELY: Duration = Duration::from_secs(5);

/// How the servers of a finished wave are, by what is known now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Soaked {
    /// All are well, or there is nothing to watch.
    Well,
    /// It is not known of each; why, as far as that is worth telling: that nobody has looked yet, so soon, is not.
    NotKnown(Vec<Blocker>),
    /// Some are seen not to be well.
    Unwell(Unwell),
}

/// How one server is.
enum Found {
    Well,
    NotLookedAtYet,
    Lacks(SoakLack, Option<Timestamp>),
    Ails(String, Timestamp),
}

/// How the wave is whose end the next one waits for; once that has begun, it is not asked any more.
#[must_use]
pub fn soaked(request: &Request, runs: &[Run], known: Known<'_>) -> Soaked {
    if request.spec.only_looks() {
        return Soaked::Well;
    }
    let (mut ailing, mut lacks, mut waits) = (Vec::new(), BTreeMap::<SoakLack, _>::new(), false);
    let (watched, mut siblings) = (watched(runs), Siblings::new(runs, known));
    for (run, server) in &watched {
        match found((request, &mut siblings), run, server, known) {
            Found::Well => {}
            Found::NotLookedAtYet => waits = true,
            Found::Lacks(lack, since) => {
                let (names, oldest): &mut (Vec<ServerName>, Option<Timestamp>) = lacks.entry(lack).or_default();
                names.push(server.name.clone());
                *oldest = [*oldest, since].into_iter().flatten().min();
            }
            Found::Ails(seen, at) => ailing.push(Ailing { name: server.name.clone(), seen, at }),
        }
    }
    if !ailing.is_empty() {
        ailing.sort();
        let (count, of) = (size(ailing.len()), size(watched.len()));
        ailing.truncate(AILING_MAX);
        return Soaked::Unwell(Unwell { servers: ailing, count, of });
    }
    if lacks.is_empty() && !waits {
        return Soaked::Well;
    }
    let blockers = lacks.into_iter().map(|(lacks, (servers, since))| Blocker::Soak { servers, lacks, since });
    Soaked::NotKnown(blockers.collect())
}

/// Whether a wave of it is watched now, so that it matters how its servers do.
#[must_use]
pub fn is_watched(request: &Request, runs: &[Run]) -> bool {
    let goes_on = request.stage == RequestStage::Running && request.halted.is_none();
    goes_on && !request.spec.only_looks() && !watched(runs).is_empty()
}

/// The servers of the wave that is watched which are compared with nobody, because too few of their siblings serve untouched.
#[must_use]
pub fn uncompared(request: &Request, runs: &[Run], known: Known<'_>) -> Vec<Uncompared> {
    if request.spec.only_looks() {
        return Vec::new();
    }
    let watched = watched(runs).into_iter().filter(|(run, _)| is_to_serve(run));
    let servers = watched.filter_map(|(_, server)| known.inventory.by_id(&server.id)).collect::<Vec<_>>();
    Siblings::new(runs, known).uncompared(&servers)
}

/// The servers that are watched: those that got done in the newest wave before the one that is to open.
fn watched(runs: &[Run]) -> Vec<(&Run, &PlannedServer)> {
    let Some(next) = runs.iter().filter(|run| run.stage == RunStage::Waiting).map(|run| run.wave).min() else {
        return Vec::new();
    };
    let has_begun = |run: &Run| run.stage != RunStage::Waiting && run.outcome() != Some(RunOutcome::LeftOut);
    if runs.iter().any(|run| run.wave == next && has_begun(run)) {
        return Vec::new();
    }
    let done = runs.iter().filter(|run| run.wave < next && run.outcome() == Some(RunOutcome::Done));
    let done = done.filter_map(|run| Some((run, run.subject.server()?))).collect::<Vec<_>>();
    let newest = done.iter().map(|(run, _)| run.wave).max();
    done.into_iter().filter(|(run, _)| Some(run.wave) == newest).collect()
}

fn found<'a>(
    (request, siblings): (&Request, &mut Siblings<'a>),
    run: &Run,
    planned: &PlannedServer,
    known: Known<'a>,
) -> Found {
    // What it took out and left out was not meant to show anything by serving, whatever people do with it next.
    if run.state != ProductionState::Production && run.found == ProductionState::Production {
        return Found::Well;
    }
    let Some(server) = known.inventory.by_id(&planned.id) else { return Found::Lacks(SoakLack::Gone, None) };
    // What was proved last is how its run left it; whatever was seen before may still be of the work itself.
    let Some(since) = run.proofs.last().map(|proof| proof.at).or(ended_at(run)) else { return Found::Well };
    if let Some(by_others) = by_others(run, server, known) {
        return by_others;
    }
    let seen = match server.pool {
        Some(_) if is_to_serve(run) => looked_at(server, since, known),
        Some(_) | None => Found::Well,
    };
    let seen = worst(seen, alerted(request, server, since, known));
    if is_to_serve(run) { worst(seen, compared((request, siblings), server, since)) } else { seen }
}

/// Whether a run left its server in production.
fn is_to_serve(run: &Run) -> bool {
    run.state == ProductionState::Production
}

/// What proves something comes first, then what is not known, and of two alike the first.
fn worst(one: Found, other: Found) -> Found {
    match (&one, &other) {
        (_, Found::Well) | (Found::Ails(..), _) => one,
        (Found::Well, _) | (_, Found::Ails(..)) => other,
        (Found::Lacks(..), _) => one,
        (Found::NotLookedAtYet, _) => other,
    }
}

/// How it does beside its siblings. What gives capacity back waits for no metrics.
fn compared((request, siblings): (&Request, &mut Siblings<'_>), server: &Server, since: Timestamp) -> Found {
    let waits = request.spec.touch() != Touch::GivesBack;
    match siblings.compare(server, since) {
        Compared::Ails(seen, at) => Found::Ails(seen, at),
        Compared::NotYet if waits => Found::NotLookedAtYet,
        Compared::Lacks(of, why, since) if waits => Found::Lacks(SoakLack::Measure { of, why }, since),
        Compared::Alike | Compared::NotYet | Compared::Lacks(..) => Found::Well,
    }
}

fn ended_at(run: &Run) -> Option<Timestamp> {
    match &run.stage {
        RunStage::Ended { at, .. } => Some(*at),
        RunStage::Waiting
        | RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::NeedsPerson { .. }
        | RunStage::Returning { .. } => None,
    }
}

/// What others have done to a server since: then how it would be by itself is not known, but where it is known to be broken.
fn by_others(run: &Run, server: &Server, known: Known<'_>) -> Option<Found> {
    if let Some(lock) = known.ledger.lock(&server.id).filter(|lock| lock.run != run.id) {
        return Some(match lock.standing {
            LockStanding::Working | LockStanding::Parked => {
                Found::Lacks(SoakLack::Work(lock.run.request.clone()), Some(lock.since))
            }
            LockStanding::LeftBehind => Found::Ails("left behind by a run that failed".to_owned(), lock.since),
        });
    }
    let (state, row) = (known.ledger.state(server), known.ledger.states.get(&server.id));
    let since = row.map(|row| row.since);
    match state {
        state if state == run.state => None,
        ProductionState::Repair => {
            let by = known.ledger.declarer(server).map_or_else(String::new, |by| format!(", says {}", by.name));
            Some(Found::Ails(format!("in repair{by}"), since.unwrap_or(known.now)))
        }
        // What a run left out, and somebody has put somewhere else since, was not meant to show anything by serving.
        _ if run.state != ProductionState::Production => None,
        ProductionState::Production
        | ProductionState::Draining
        | ProductionState::Drained
        | ProductionState::Undraining
        | ProductionState::Standby
        | ProductionState::Maintenance => Some(Found::Lacks(SoakLack::State(state), since)),
    }
}

/// Whether a server that is meant to serve is seen to, by a look since then that counts.
fn looked_at(server: &Server, since: Timestamp, known: Known<'_>) -> Found {
    if let Some((health, at)) = seen_unwell(&server.id, Some(since), known) {
        return Found::Ails(health.words().to_owned(), at);
    }
    let look = known.ledger.health.get(&server.id).map(|row| row.seen_at);
    let age_max = known.rules.health_age_max;
    match look {
        Some(at) if at > since && at.counts(known.now, age_max.min(lately(since, known))) => Found::Well,
        Some(_) if known.now.since(since) < age_max => Found::NotLookedAtYet,
        look => Found::Lacks(SoakLack::Look, look),
    }
}

/// How old the last look may be: through most of the time since then it must have been watched.
fn lately(since: Timestamp, known: Known<'_>) -> Duration {
    known.now.since(since) / 2 + LOOKED_LATELY
}

/// Whether an alert about the server itself fires. One that fires since before its run was done may be that run's own doing,
/// or what the run should cure: that proves nothing, and must be over all the same.
fn alerted(request: &Request, server: &Server, since: Timestamp, known: Known<'_>) -> Found {
    if known.rules.observes(PolicyName::Infrastructure) {
        return Found::Well;
    }
    let is_asked_lately = |at: Timestamp| at > since && at.counts(known.now, lately(since, known));
    match infrastructure::of_itself(server, known) {
        Ok((alerts, asked_at)) => match alerts.into_iter().max_by_key(|(_, at)| *at) {
            Some((name, at)) if at > since => Found::Ails(format!("alert {name}"), at),
            Some((name, at)) => Found::Lacks(SoakLack::Alert(name), Some(at)),
            None if request.spec.takes_capacity() && asked_at.is_some_and(|at| !is_asked_lately(at)) => {
                Found::NotLookedAtYet
            }
            None => Found::Well,
        },
        // What gives capacity back waits for no monitoring.
        Err(_) if !request.spec.takes_capacity() => Found::Well,
        Err((why, since)) => Found::Lacks(SoakLack::Alerts(why), since),
    }
}

/// What a server was last seen as, if it did not serve then, and when; of looks since then.
pub(super) fn seen_unwell(
    server: &ServerId,
    since: Option<Timestamp>,
    known: Known<'_>,
) -> Option<(Health, Timestamp)> {
    let row = known.ledger.health.get(server)?;
    let is_later = since.is_none_or(|since| row.seen_at > since);
    (row.health != Health::Serving && is_later).then_some((row.health, row.seen_at))
}

/// Whether a server is seen not to serve, or has an alert of its own; one that nothing watches has only its own checks.
pub(super) fn is_unwell(server: &ServerId, known: Known<'_>) -> bool {
    let is_told_of = || {
        let record = known.inventory.by_id(server).filter(|_| !known.rules.observes(PolicyName::Infrastructure));
        record.is_some_and(|record| infrastructure::is_told_of(record, known))
    };
    seen_unwell(server, None, known).is_some() || is_told_of()
}

fn size(all: usize) -> u32 {
    u32::try_from(all).unwrap_or(u32::MAX)
}
