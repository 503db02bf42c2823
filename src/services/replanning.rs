//! Plans that follow their servers: what the inventory says of a planned server has changed before anything started, so
//! that people are asked anew, with the difference.
//!
//! Deliberately absent: requests that nobody decides on, and those that have started. There a changed server is left
//! out by admission, and told.

use super::messages;
use super::planning::{Asking, Subjects, planned};
use super::rechecks::{self, Look, People};
use super::requests::end;
use super::world::World;
use crate::admission::{Ledger, Outside};
use crate::authorization::{AuthorizationRecord, Authorized};
use crate::domain::command::Targets;
use crate::domain::identity::Profile;
use crate::domain::place::ChannelFacts;
use crate::domain::plan::{PlannedServer, Subject};
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::fleet::{Inventory, Undone};
use crate::ports::Rulebook;
use crate::ports::store::Write;
use crate::workflow::request::{ApprovalNeed, Request, RequestEvent, RequestOutcome};
use crate::workflow::run::{Run, RunEvent, RunStage};

/// The servers of a plan that are not what people decide on, as they are now. One that is gone, or of a type that the
/// command does not support, stays in the plan as it was, and admission leaves it out.
pub(super) fn drifted(request: &Request, inventory: &Inventory) -> Vec<PlannedServer> {
    let Targets::Servers { types, .. } = &request.spec.targets else { return Vec::new() };
    if !request.follows_its_servers() {
        return Vec::new();
    }
    let now = request.plan.servers().filter_map(|before| {
        let record = inventory.by_id(&before.id).filter(|record| types.contains(&record.server_type))?;
        let Subject::Server(now) = planned(record) else { return None };
        (now != *before).then_some(now)
    });
    now.collect()
}

/// What a look at whoever asked came to, with each answer that was given in it.
pub(super) struct Found {
    /// Whose consent is needed.
    pub(super) need: Need,
    /// For the record.
    pub(super) records: Vec<AuthorizationRecord>,
}

/// What the plan needs as it would be now.
pub(super) enum Need {
    /// They may ask for it, and it needs this consent.
    Of(ApprovalNeed),
    /// They may not; why, as a sentence without its full stop.
    Revoked(String),
    /// The directory does not answer.
    Unknown,
}

/// Whose consent the plan needs with its servers as they are now.
pub(super) async fn need(world: &World, request: &Request) -> Found {
    let (person, channel) = match rechecks::asker(world, request).await {
        Ok(known) => known,
        Err(Look { people: People::Revoked(why), records, .. }) => return Found { need: Need::Revoked(why), records },
        Err(Look { people: People::Hold | People::Unknown | People::Gone { .. }, records, .. }) => {
            return Found { need: Need::Unknown, records };
        }
    };
    let rulebook = world.rulebook();
    // As in the plan: what is gone from the inventory is left out.
    let records: Vec<Server> =
        request.plan.servers().filter_map(|server| rulebook.inventory.by_id(&server.id).cloned()).collect();
    let subjects = Subjects::Servers(records);
    let (ledger, undone) = (Ledger::default(), Undone::default());
    let asking = Asking {
        rulebook: &rulebook,
        ledger: &ledger,
        outside: Outside::NOT_ASKED,
        undone: &undone,
        person: &person,
        channel: &channel,
        line: "",
        now: world.now(),
    };
    match asking.authorize(&request.spec, &subjects) {
        Err(refusal) => {
            Found { need: Need::Revoked(rechecks::may_not(request, &channel)), records: vec![refusal.record] }
        }
        Ok(authorized) => {
            let now = asking.need(&request.spec, &subjects, Some(&authorized));
            // Somebody was asked before, so somebody is asked again, whatever the policies say by now.
            let anew = || {
                let need = request.need.clone()?;
                let until = crate::approvals::until_anew(request, asking.now);
                Some(ApprovalNeed { until, remind_at: None, ..need })
            };
            let need = now.or_else(anew).map_or(Need::Unknown, Need::Of);
            Found { need, records: vec![authorized.record().clone()] }
        }
    }
}

/// Whose consent what a request does needs by these files, for whoever may ask for it.
pub(super) fn needed(
    rulebook: &Rulebook,
    request: &Request,
    (person, channel): (&Profile, &ChannelFacts),
    authorized: &Authorized,
    now: Timestamp,
) -> Option<ApprovalNeed> {
    let records = request.plan.servers().filter_map(|server| rulebook.inventory.by_id(&server.id).cloned());
    let records = records.collect::<Vec<Server>>();
    let sites = request.plan.sites().cloned().collect::<Vec<_>>();
    let subjects = match (records.is_empty(), sites.is_empty()) {
        (false, _) => Subjects::Servers(records),
        (true, false) => Subjects::Sites(sites),
        (true, true) => Subjects::Nothing,
    };
    let (ledger, undone) = (Ledger::default(), Undone::default());
    let outside = Outside::NOT_ASKED;
    let asking = Asking { rulebook, ledger: &ledger, outside, undone: &undone, person, channel, line: "", now };
    asking.need(&request.spec, &subjects, Some(authorized))
}

/// What follows for the request.
pub(super) fn followed(
    request: &Request,
    runs: &[Run],
    servers: Vec<PlannedServer>,
    need: Need,
    now: Timestamp,
) -> Vec<Write> {
    let need = match need {
        Need::Unknown => return Vec::new(),
        Need::Revoked(why) => return end(request, runs, RequestOutcome::Revoked { why }, now),
        Need::Of(need) => need,
    };
    let id = request.id();
    let of =
        |run: &Run| servers.iter().find(|server| run.subject.server().is_some_and(|planned| planned.id == server.id));
    let waiting = runs.iter().filter(|run| run.stage == RunStage::Waiting);
    let of_runs = waiting.filter_map(|run| {
        let events = vec![RunEvent::Replanned { server: of(run)?.clone() }];
        Some(Write::RunEvents { id: run.id.clone(), expected: run.version, epoch: run.epoch, events, wake_at: None })
    });
    let mut writes: Vec<Write> = of_runs.collect();
    writes.extend(messages::asks(request));
    let nth = request.replanning.as_ref().map_or(1, |earlier| earlier.times.saturating_add(1));
    let events = vec![RequestEvent::Replanned { at: now, servers, need }];
    writes.insert(0, Write::RequestEvents { id: id.clone(), expected: request.version, events });
    writes.push(messages::card(id));
    writes.push(messages::replanned(id, nth));
    writes
}
