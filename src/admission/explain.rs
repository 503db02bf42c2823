//! Why the servers of a request wait: the decision's own reasons, with whom each blocks, who holds it and how old its data is.
//!
//! Deliberately absent: words, and what people must do first; a request that needs consent waits for that.

use super::{
    Candidate, Known, NextWave, Outside, Soaked, Uncompared, Verdict, breakers, floors, infrastructure, next_wave,
    pass, production, reasons, soaked, traffic, uncompared,
};
use crate::domain::breaker::version_of;
use crate::domain::identity::Asker;
use crate::domain::ids::RequestId;
use crate::domain::server::{ServerId, ServerName};
use crate::domain::time::Timestamp;
use crate::workflow::request::{Blocker, CapacityScope, OutServer, Request};
use crate::workflow::run::{Run, RunStage};
use std::collections::{BTreeMap, BTreeSet};

/// Why the servers of a request that have not started do not start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explained {
    /// Whether any of them is due.
    pub turn: Turn,
    /// What blocks those that are due, longest-lasting first.
    pub reasons: Vec<Reason>,
    /// Due servers that nothing blocks: they start at the next look.
    pub free: Vec<ServerName>,
    /// Due servers that will be left out, each with why.
    pub left_out: Vec<(ServerName, String)>,
    /// How many subjects wait for a later wave.
    pub later: u32,
    /// Servers of the wave that is watched which are compared with nobody.
    pub uncompared: Vec<Uncompared>,
}

/// Whether a request has something due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Its next wave may start as soon as it is safe.
    Due,
    /// Its time has not come.
    NotBefore(Timestamp),
    /// The wave before is watched until then.
    Soaking(Timestamp),
    /// The wave before is at work.
    AfterWave,
    /// Nothing is left to start.
    Nothing,
}

/// One thing that blocks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// What, how much, whose.
    pub blocker: Blocker,
    /// The due servers that it blocks.
    pub servers: Vec<ServerName>,
    /// Who holds what is missing, the oldest first.
    pub holders: Vec<Holder>,
    /// The oldest look at what it was measured by; `None` of what is always up to date here.
    pub seen_at: Option<Timestamp>,
}

/// A request that holds what another waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// It.
    pub request: RequestId,
    /// How many servers it holds.
    pub servers: u32,
    /// Since when, the first of them.
    pub since: Timestamp,
}

/// Explains one request on one snapshot.
#[must_use]
pub fn explain(request: &Request, runs: &[Run], known: Known<'_>) -> Explained {
    let waiting = runs.iter().filter(|run| run.stage == RunStage::Waiting).count();
    let mut explained = Explained {
        turn: Turn::Nothing,
        reasons: Vec::new(),
        free: Vec::new(),
        left_out: Vec::new(),
        later: 0,
        uncompared: Vec::new(),
    };
    let due = match next_wave(request, runs, known.now) {
        NextWave::Open(due) => due,
        NextWave::Soaking(until) => {
            explained.uncompared = uncompared(request, runs, known);
            (explained.turn, explained.later) = (Turn::Soaking(until), count(waiting));
            return explained;
        }
        NextWave::AtWork => {
            (explained.turn, explained.later) = (Turn::AfterWave, count(waiting));
            return explained;
        }
        NextWave::Nothing => return explained,
    };
    explained.later = count(waiting.saturating_sub(due.len()));
    explained.turn = match request.plan.parts().not_before.as_ref().filter(|moment| known.now < moment.at) {
        Some(moment) => Turn::NotBefore(moment.at),
        None => Turn::Due,
    };
    // Whoever does not look outside tells of that what was decided last.
    let looks_outside = !known.outside.is_not_asked();
    let known = if looks_outside { known } else { known.with_outside(Outside::LEFT_OUT) };
    let soaked = soaked(request, runs, known);
    if soaked != Soaked::Well {
        return held_by_its_wave(explained, &soaked, (&due, waiting), known);
    }
    let said = pass(candidates(request, &due, known.now), known);
    for (candidate, verdict) in &said {
        match verdict {
            Verdict::Allow(_) => explained.free.push(candidate.server.name.clone()),
            Verdict::Deny(why) => explained.left_out.push((candidate.server.name.clone(), why.clone())),
            Verdict::Wait(_) => {}
        }
    }
    explained.reasons =
        reasons(request, &due, &said, known).into_iter().map(|blocker| reason(blocker, &said, known)).collect();
    if explained.turn == Turn::Due && !looks_outside {
        let told = request.blockers.iter().filter(|blocker| blocker.is_looked_up());
        let told =
            told.map(|blocker| Reason { servers: explained.free.clone(), ..reason(blocker.clone(), &said, known) });
        explained.reasons.extend(told);
        if !explained.reasons.is_empty() {
            explained.free.clear();
        }
    }
    // Whether its people still may is looked up outside, and only for what could start otherwise.
    if explained.turn == Turn::Due && explained.reasons.is_empty() && request.blockers.contains(&Blocker::NoDirectory) {
        let servers = std::mem::take(&mut explained.free);
        explained.reasons =
            vec![Reason { blocker: Blocker::NoDirectory, servers, holders: Vec::new(), seen_at: request.looked_at }];
    }
    explained
}

/// The same where the wave before is not known to be well, so that nothing else is asked.
fn held_by_its_wave(
    explained: Explained,
    soaked: &Soaked,
    (due, waiting): (&[&Run], usize),
    known: Known<'_>,
) -> Explained {
    let blockers = match soaked {
        Soaked::NotKnown(blockers) if blockers.is_empty() => {
            return Explained { turn: Turn::Soaking(known.now), later: count(waiting), ..explained };
        }
        Soaked::NotKnown(blockers) => blockers.as_slice(),
        // Where some are not well it is about to be halted.
        Soaked::Well | Soaked::Unwell(_) => &[],
    };
    let servers = due.iter().filter_map(|run| run.server_name().cloned()).collect::<Vec<_>>();
    let held = |blocker: &Blocker| Reason { servers: servers.clone(), ..reason(blocker.clone(), &[], known) };
    Explained { reasons: blockers.iter().map(held).collect(), ..explained }
}

/// What admission is asked about for runs that are due.
pub fn candidates<'a>(request: &'a Request, due: &'a [&'a Run], now: Timestamp) -> impl Iterator<Item = Candidate<'a>> {
    due.iter().filter_map(move |run| {
        let server = run.subject.server()?;
        let passes = request.passes(&run.id, now).map(|one| one.asked.policy).collect();
        let version = version_of(&request.plan.parts().parameters);
        let asked_by = Asker::of(request.origin.person.id());
        Some(Candidate { run: &run.id, server, spec: &request.spec, version, asked_by, passes })
    })
}

fn count(all: usize) -> u32 {
    u32::try_from(all).unwrap_or(u32::MAX)
}

fn reason(blocker: Blocker, said: &[(Candidate<'_>, Verdict)], known: Known<'_>) -> Reason {
    let is_blocked = |verdict: &Verdict| match verdict {
        Verdict::Wait(reasons) => reasons.iter().any(|own| is_part_of(own, &blocker)),
        Verdict::Allow(_) | Verdict::Deny(_) => false,
    };
    let blocked = said.iter().filter(|(_, verdict)| is_blocked(verdict));
    Reason {
        servers: blocked.map(|(candidate, _)| candidate.server.name.clone()).collect(),
        holders: holders(&blocker, known),
        seen_at: seen_at(&blocker, known),
        blocker,
    }
}

/// Whether a server's own reason went into a merged one: locks of one holder are told together.
fn is_part_of(own: &Blocker, merged: &Blocker) -> bool {
    match (own, merged) {
        (Blocker::Locked { holder, .. }, Blocker::Locked { holder: same, .. }) => holder == same,
        (Blocker::Calendar(own), Blocker::Calendar(merged)) => own.is_same(merged),
        (own, merged) => {
            own == merged
                || traffic::is_same(own, merged)
                || infrastructure::is_told_by(own, merged)
                || production::is_told_by(own, merged)
                || breakers::rests_with(own, merged)
        }
    }
}

/// Who holds what a reason is about, with what the ledger knows of them.
fn holders(blocker: &Blocker, known: Known<'_>) -> Vec<Holder> {
    let named: BTreeSet<&RequestId> = if let Some(out) = out_of(blocker) {
        out.filter_map(|out| out.holder.as_ref()).collect()
    } else if let Blocker::Concurrency { holders, .. } = blocker {
        holders.iter().collect()
    } else if let Blocker::Locked { holder: request, .. } | Blocker::Behind { request, .. } = blocker {
        BTreeSet::from([request])
    } else {
        BTreeSet::new()
    };
    if named.is_empty() {
        return Vec::new();
    }
    let ledger = known.ledger;
    let mut held: BTreeMap<&RequestId, BTreeMap<&ServerId, Timestamp>> = BTreeMap::new();
    let mut note = |request, server, since: Timestamp| {
        if named.contains(request) {
            let first = held.entry(request).or_default().entry(server).or_insert(since);
            *first = (*first).min(since);
        }
    };
    match out_of(blocker) {
        // Of servers that are out only those count, by their locks and by who has set their states.
        Some(out) => {
            for server in out.filter_map(|out| known.inventory.by_name(&out.name)) {
                if let Some(lock) = ledger.lock(&server.id) {
                    note(&lock.run.request, &server.id, lock.since);
                }
                if let Some((run, since)) =
                    ledger.states.get(&server.id).and_then(|row| Some((row.by.run()?, row.since)))
                {
                    note(&run.request, &server.id, since);
                }
            }
        }
        None => ledger.locks.values().for_each(|lock| note(&lock.run.request, &lock.server, lock.since)),
    }
    let holders = held.into_iter().filter_map(|(request, servers)| {
        let since = servers.values().copied().min()?;
        Some(Holder { request: request.clone(), servers: count(servers.len()), since })
    });
    let mut holders = holders.collect::<Vec<_>>();
    holders.sort_by_key(|holder| holder.since);
    holders
}

/// The servers whose being out is what blocks, if it is that.
fn out_of(blocker: &Blocker) -> Option<Box<dyn Iterator<Item = &OutServer> + '_>> {
    match blocker {
        Blocker::Capacity { out, .. } => Some(Box::new(out.iter())),
        Blocker::Domain { domains, .. } => Some(Box::new(domains.iter().flat_map(|domain| &domain.out))),
        Blocker::Locked { .. }
        | Blocker::Concurrency { .. }
        | Blocker::Rate { .. }
        | Blocker::Calendar(_)
        | Blocker::NotAbsorbed { .. }
        | Blocker::HealthUnknown { .. }
        | Blocker::Contradicted { .. }
        | Blocker::Unseen { .. }
        | Blocker::Traffic { .. }
        | Blocker::TrafficUnknown { .. }
        | Blocker::Alert { .. }
        | Blocker::AlertsUnknown { .. }
        | Blocker::NoDirectory
        | Blocker::Stopped { .. }
        | Blocker::Frozen { .. }
        | Blocker::Held { .. }
        | Blocker::Blacklisted { .. }
        | Blocker::Broken { .. }
        | Blocker::Soak { .. }
        | Blocker::Behind { .. } => None,
    }
}

/// The oldest look at what a reason was measured by.
fn seen_at(blocker: &Blocker, known: Known<'_>) -> Option<Timestamp> {
    if let Blocker::Traffic { seen_at, .. } = blocker {
        return Some(*seen_at);
    }
    counted_in(blocker).and_then(|scope| oldest_look(scope, known))
}

/// Where the health was asked for that a reason was measured by.
const fn counted_in(blocker: &Blocker) -> Option<&CapacityScope> {
    match blocker {
        Blocker::Capacity { scope, .. } | Blocker::HealthUnknown { scope, .. } => Some(scope),
        Blocker::Locked { .. }
        | Blocker::Concurrency { .. }
        | Blocker::Rate { .. }
        | Blocker::NotAbsorbed { .. }
        | Blocker::Traffic { .. }
        | Blocker::TrafficUnknown { .. }
        | Blocker::Contradicted { .. }
        | Blocker::Unseen { .. }
        | Blocker::Alert { .. }
        | Blocker::AlertsUnknown { .. }
        | Blocker::Domain { .. }
        | Blocker::NoDirectory
        | Blocker::Stopped { .. }
        | Blocker::Frozen { .. }
        | Blocker::Calendar(_)
        | Blocker::Held { .. }
        | Blocker::Blacklisted { .. }
        | Blocker::Broken { .. }
        | Blocker::Soak { .. }
        | Blocker::Behind { .. } => None,
    }
}

/// The oldest look at the health of a server of that scope.
fn oldest_look(scope: &CapacityScope, known: Known<'_>) -> Option<Timestamp> {
    let members = floors::members(scope, known.inventory);
    members.filter_map(|server| known.ledger.health.get(&server.id)).map(|row| row.seen_at).min()
}
