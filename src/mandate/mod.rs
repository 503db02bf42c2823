//! What a driver must be handed to change anything: an act, with the proof that it may be done.
//!
//! Looking needs none. Deliberately absent: deciding what is to be done (workflow), and each of the three answers that
//! a proof rests on (authorization, approvals, admission).

#[cfg(test)]
mod tests;

use crate::admission::Admitted;
use crate::approvals::{self, Approved};
use crate::authorization::Authorized;
use crate::domain::effect::Act;
use crate::domain::ids::{Fingerprint, RunId};
use crate::domain::plan::Subject;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::workflow::run::RunStage;
use crate::workflow::{Admission, Errand, Request, Right, Run, RunEvent};

/// Proof that a run may do what was asked for: somebody may ask for it, those who must have agreed, and it is safe.
///
/// Made at the start from the three proofs, and later from the journal of a run that was let to start by them, so that
/// it outlives a restart. Never from an id:
///
/// ```compile_fail,E0451
/// use wrasse::domain::ids::{Fingerprint, RequestId};
/// let run = RequestId::from_tail("2mq9").unwrap().run(1);
/// let made_up = wrasse::mandate::Leave { run, plan: Fingerprint::of(b"plan") };
/// ```
///
/// Nor can any of the three be made up:
///
/// ```compile_fail,E0451
/// let made_up = wrasse::approvals::Approved { plan: wrasse::domain::ids::Fingerprint::of(b"plan") };
/// ```
///
/// ```compile_fail,E0451
/// use wrasse::domain::{ids::RequestId, server::ProductionState};
/// let run = RequestId::from_tail("2mq9").unwrap().run(1);
/// let found = ProductionState::Production;
/// let (canary_of, overridden, observed) = (Vec::new(), Vec::new(), Vec::new());
/// let (takes, takes_over) = (true, None);
/// let made_up = wrasse::admission::Admitted { run, found, takes, takes_over, canary_of, overridden, observed };
/// ```
///
/// ```compile_fail,E0451
/// fn another(authorized: wrasse::authorization::Authorized, person: wrasse::domain::identity::PersonId) {
///     let made_up = wrasse::authorization::Authorized { person, ..authorized };
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leave {
    run: RunId,
    plan: Fingerprint,
}

/// The three answers that let a run start.
#[derive(Clone, Copy, Debug)]
pub struct Proofs<'a> {
    /// Whoever asked may, there, on these servers, by the policies of now.
    pub authorized: &'a Authorized,
    /// Those who must have agreed to that plan.
    pub approved: &'a Approved,
    /// It is safe now.
    pub admitted: &'a Admitted,
}

impl Leave {
    /// Leave to start, if the three speak of this very run: its asker, channel, command, plan and subject.
    #[must_use]
    pub fn to_start(request: &Request, run: &Run, proofs: Proofs<'_>) -> Option<Self> {
        let Proofs { authorized, approved, admitted } = proofs;
        let is_theirs = *authorized.person() == request.origin.person
            && *authorized.channel() == request.origin.channel
            && *authorized.command() == request.spec.name
            && match &run.subject {
                Subject::Server(server) => authorized.covers(&server.id),
                Subject::Site(site) => authorized.covers_site(site),
                Subject::Nothing => true,
            };
        let is_this_plan = approved.plan() == request.plan.hash();
        let is_this_run = *admitted.run() == run.id && is_of(request, run);
        let leave = || Self { run: run.id.clone(), plan: request.plan.hash().clone() };
        (is_theirs && is_this_plan && is_this_run && run.stage == RunStage::Waiting).then(leave)
    }

    /// The leave of a run that was let to start: its journal says so, and the consent recorded still holds for its plan.
    #[must_use]
    pub fn recalled(request: &Request, run: &Run) -> Option<Self> {
        let approved = approvals::proof(request)?;
        let is_this_plan = approved.plan() == request.plan.hash();
        let is_at_work = run.admission().is_some() && run.is_active();
        let leave = || Self { run: run.id.clone(), plan: request.plan.hash().clone() };
        (is_this_plan && is_at_work && is_of(request, run)).then(leave)
    }

    /// The run that may.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The plan by which it may.
    #[must_use]
    pub fn plan(&self) -> &Fingerprint {
        &self.plan
    }

    /// What the journal notes of it, so that it can be recalled.
    #[must_use]
    pub fn started(&self, admitted: &Admitted, at: Timestamp) -> RunEvent {
        RunEvent::Admitted(Admission::noted(at, admitted.found(), admitted.takes()))
    }
}

/// Whether a run is of that request, and its subject one of the plan's.
fn is_of(request: &Request, run: &Run) -> bool {
    run.id.request == *request.id() && request.plan.parts().subjects.contains(&run.subject)
}

/// An act with the proof that it may be done: all that a driver takes to change anything.
///
/// Nobody can put one together by hand, and no driver takes a bare act:
///
/// ```compile_fail,E0451
/// use wrasse::domain::{effect::Act, server::ServerName};
/// fn made_up(leave: wrasse::mandate::Leave) -> wrasse::mandate::Mandate {
///     let act = Act::RestartOverRedfish(ServerName::new("edge-lax-001"));
///     wrasse::mandate::Mandate { act, ground: wrasse::mandate::Ground::Leave(leave) }
/// }
/// ```
///
/// ```compile_fail,E0308
/// async fn bare(drivers: &dyn wrasse::ports::Drivers, act: &wrasse::domain::effect::Act) {
///     drivers.begin(act, std::time::Duration::from_secs(5)).await;
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mandate {
    act: Act,
    ground: Ground,
}

/// Why something may be done outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ground {
    /// It was asked for, agreed to, and let to start.
    Leave(Leave),
    /// The run gives back what it took out when it was let to start.
    GivingBack(Admission),
}

/// A run decided on something that it may not do: a bug of ours or a damaged journal.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{run} may not do this: {why}")]
pub struct Unfounded {
    /// The run.
    pub run: RunId,
    /// What is missing.
    pub why: &'static str,
}

impl Mandate {
    /// The mandate for what that run of that request decided on.
    ///
    /// # Errors
    /// The run was not let to start, the consent is not there, or the act is about something else than the run.
    pub fn of(errand: &Errand, request: &Request, run: &Run) -> Result<Self, Unfounded> {
        let unfounded = |why| Unfounded { run: run.id.clone(), why };
        if !is_about(errand.act(), run) {
            return Err(unfounded("it is about another server or run"));
        }
        let ground = match errand.right() {
            Right::Asked => Ground::Leave(
                Leave::recalled(request, run).ok_or_else(|| unfounded("it was not let to start with this plan"))?,
            ),
            Right::GivingBack => {
                let admission = run.admission().filter(|_| run.id.request == *request.id());
                Ground::GivingBack(admission.ok_or_else(|| unfounded("it was not let to start"))?)
            }
        };
        Ok(Self { act: errand.act().clone(), ground })
    }

    /// What is to be done.
    #[must_use]
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// Why it may be.
    #[must_use]
    pub fn ground(&self) -> &Ground {
        &self.ground
    }
}

/// Whether an act is about the run's own server, or carries its own key.
fn is_about(act: &Act, run: &Run) -> bool {
    let is_own = |server: &ServerName| run.server_name() == Some(server);
    match act {
        Act::Drain(server) | Act::Undrain(server) | Act::RestartOverRedfish(server) => is_own(server),
        Act::RebootOverSsh { server, .. } => is_own(server),
        Act::Http { key, .. } => *key == run.id,
    }
}
