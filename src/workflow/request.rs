//! One accepted intent from card to final reply.

use super::IllegalTransition;
pub use super::absorbed::AbsorbLack;
pub use super::blocker::{
    Blocker, BrokenUntil, CapacityScope, LimitScope, OutServer, SoakLack, TrafficMeasure, TrafficScope, alike,
};
use super::breakglass::{Override, OverrideEvent};
pub use super::consent::{Approval, ApprovalNeed, Escalation, VoidCause};
pub use super::contended::{Contended, Waited};
pub use super::controls::{ControlVerb, Retried};
pub use super::halt::{Ailing, Halt, HaltCause, Unwell};
pub use super::policy::{PolicyName, PolicySet};
pub use super::redundancy::{AlertPlace, OutDomain, RedundantGroup};
pub use super::replanning::{Change, Replanning};
use crate::domain::command::{CommandSpec, Step};
use crate::domain::consent::{Quota, missing, people};
use crate::domain::identity::{Actor, GroupName, PersonId};
use crate::domain::ids::{Handle, RequestId, Version};
use crate::domain::place::{MessageRef, Origin};
use crate::domain::plan::{Plan, PlannedServer};
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A request as its events made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The frozen plan.
    pub plan: Plan,
    /// The definition the plan was made with.
    pub spec: Arc<CommandSpec>,
    /// Its steps, with the plan's values put in.
    pub steps: Vec<Step>,
    /// Who asked, and where.
    pub origin: Origin,
    /// The requester's name, for texts that do not notify.
    pub requester_name: String,
    /// The policies that allowed it, for the record.
    pub allowed_by: Vec<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Whose consent it needs; `None` needs nobody's.
    pub need: Option<ApprovalNeed>,
    /// Who consented, in order.
    pub approvals: Vec<Approval>,
    /// When the approvers were reminded.
    pub reminded_at: Option<Timestamp>,
    /// When another group was asked as well, and which.
    pub escalated: Option<(Timestamp, GroupName)>,
    /// How its plan has changed since it was asked for.
    pub replanning: Option<Replanning>,
    /// The handles of the buttons on its messages.
    pub controls: BTreeMap<ControlVerb, Handle>,
    /// The card, once it is up.
    pub card: Option<MessageRef>,
    /// Where it stands.
    pub stage: RequestStage,
    /// What keeps it from starting more, as last told.
    pub blockers: Vec<Blocker>,
    /// How long it has waited with nothing at work.
    pub waited: Waited,
    /// When that was last looked at and told.
    pub looked_at: Option<Timestamp>,
    /// When its first server started.
    pub started_at: Option<Timestamp>,
    /// Why it starts no more servers by itself.
    pub halted: Option<Halt>,
    /// The policies that some of its servers may pass, in the order in which that was asked.
    pub overrides: Vec<Override>,
    /// The request whose undone work this is, if it was asked for so.
    pub retry_of: Option<RequestId>,
    /// The request that took up what this one left undone.
    pub retried: Option<Retried>,
    /// How many events made it.
    pub version: Version,
}

/// Where a request stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RequestStage {
    /// Accepted; its card is not up yet, and nothing may start without it.
    Announced,
    /// Waits for people.
    NeedsApproval,
    /// May run, waits until it is safe.
    Queued,
    /// At least one server was started.
    Running,
    /// A person ended it; what is in flight goes to a safe point.
    Stopping {
        /// Who asked.
        by: Actor,
        /// Their name.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// Over.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        outcome: RequestOutcome,
    },
}

/// How a request ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RequestOutcome {
    /// Every subject is done.
    Done,
    /// Some subjects are done, some are not.
    DoneWithFailures,
    /// Nothing was achieved.
    Failed,
    /// Ended by a person after or before it started.
    Cancelled {
        /// Their name.
        name: String,
    },
    /// An approver said no.
    Denied {
        /// Their name.
        name: String,
        /// Why.
        why: String,
    },
    /// Nobody approved in time, or it was not safe in time.
    Expired,
    /// Whoever asked may not any more, so nothing started.
    Revoked {
        /// Why, as a sentence.
        why: String,
    },
    /// What had not started was not needed any more.
    NotNeeded {
        /// The name of whoever asked, and took it back.
        name: String,
        /// Why, as a sentence.
        why: String,
    },
    /// The chat would not take the card, so nothing started.
    NoCard {
        /// The chat's word for why.
        why: String,
    },
}

/// Something that happened to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RequestEvent {
    /// It was accepted.
    Accepted(Box<Accepted>),
    /// Its card is up.
    CardPosted {
        /// Where.
        card: MessageRef,
    },
    /// Somebody consented.
    Approved(Approval),
    /// A consent does not count any more; people have until then to decide anew.
    ConsentVoided {
        /// Whose it was.
        by: PersonId,
        /// Their name.
        name: String,
        /// When.
        at: Timestamp,
        /// Why.
        cause: VoidCause,
        /// Until when people may decide now.
        until: Timestamp,
    },
    /// Servers of its plan have changed before anything started: no consent counts any more.
    Replanned {
        /// When.
        at: Timestamp,
        /// Those servers, as they are now.
        servers: Vec<PlannedServer>,
        /// Whose consent the plan needs now.
        need: ApprovalNeed,
    },
    /// The approvers were reminded.
    Reminded {
        /// When.
        at: Timestamp,
    },
    /// Another group may decide as well.
    Escalated {
        /// When.
        at: Timestamp,
    },
    /// Somebody said no; it ended.
    Denied {
        /// Who.
        by: Actor,
        /// Their name.
        name: String,
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
    /// It cannot start more now; these are the reasons.
    Blocked {
        /// When it was looked at.
        at: Timestamp,
        /// The reasons, longest first.
        blockers: Vec<Blocker>,
    },
    /// Beside what is at work it cannot start more now; these are the reasons.
    HeldUp {
        /// When it was looked at.
        at: Timestamp,
        /// The reasons, longest first.
        blockers: Vec<Blocker>,
    },
    /// Its first server started.
    Started {
        /// When.
        at: Timestamp,
    },
    /// What kept it from starting more is gone.
    Unblocked {
        /// When.
        at: Timestamp,
    },
    /// It starts no more servers.
    Halted(Halt),
    /// A person ended it.
    CancelAsked {
        /// Who.
        by: Actor,
        /// Their name.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// It is over.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        outcome: RequestOutcome,
    },
    /// A policy is overridden for some of its servers, or is not any more.
    Override(OverrideEvent),
    /// Somebody asked anew for what it had left undone.
    Retried(Retried),
}

/// What an accepted request begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// The frozen plan.
    pub plan: Plan,
    /// The definition.
    pub spec: Arc<CommandSpec>,
    /// Who asked, and where.
    pub origin: Origin,
    /// Their name.
    pub requester_name: String,
    /// The policies that allowed it.
    pub allowed_by: Vec<String>,
    /// When.
    pub at: Timestamp,
    /// Whose consent it needs.
    pub need: Option<ApprovalNeed>,
    /// The handles of its buttons.
    pub controls: BTreeMap<ControlVerb, Handle>,
    /// The request whose undone work this is, if it was asked for so.
    pub retry_of: Option<RequestId>,
}

impl Request {
    /// The id.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.plan.parts().request
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, RequestStage::Ended { .. })
    }

    /// Whether people have consented as needed.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        self.missing().is_empty()
    }

    /// The consent that is still missing.
    #[must_use]
    pub fn missing(&self) -> Vec<Quota> {
        self.missing_with(None)
    }

    /// Whether less would be missing if somebody of these groups agreed too.
    #[must_use]
    pub fn helped_by(&self, groups: &[GroupName]) -> bool {
        people(&self.missing_with(Some(groups))) < people(&self.missing())
    }

    /// What would be missing if somebody of these groups agreed too.
    #[must_use]
    pub fn missing_with(&self, other: Option<&[GroupName]>) -> Vec<Quota> {
        let Some(need) = &self.need else { return Vec::new() };
        let all: Vec<GroupName> = need.quotas.iter().flat_map(|quota| quota.from.iter().cloned()).collect();
        let given = self.approvals.iter().map(|approval| approval.groups.as_deref().unwrap_or(&all));
        missing(&need.quotas, &given.chain(other).collect::<Vec<_>>())
    }

    /// Rebuilds a request from its whole history.
    ///
    /// # Errors
    /// The history does not begin with `Accepted`, or an event does not fit.
    pub fn replay(events: &[RequestEvent]) -> Result<Self, IllegalTransition> {
        let Some((RequestEvent::Accepted(accepted), rest)) = events.split_first() else {
            let event = events.first().map_or("nothing".to_owned(), |event| format!("{event:?}"));
            return Err(IllegalTransition { of: "a request".into(), state: "not accepted".into(), event });
        };
        let begun = Self::accepted(accepted.as_ref().clone())?;
        rest.iter().try_fold(begun, |request, event| request.apply(event))
    }

    fn accepted(accepted: Accepted) -> Result<Self, IllegalTransition> {
        let parts = accepted.plan.parts();
        let steps = accepted.spec.steps_for(&parts.parameters).map_err(|missing| IllegalTransition {
            of: parts.request.to_string(),
            state: "not accepted".into(),
            event: format!("a plan ({missing})"),
        })?;
        Ok(Self {
            steps,
            plan: accepted.plan,
            spec: accepted.spec,
            origin: accepted.origin,
            requester_name: accepted.requester_name,
            allowed_by: accepted.allowed_by,
            accepted_at: accepted.at,
            need: accepted.need,
            approvals: Vec::new(),
            reminded_at: None,
            escalated: None,
            replanning: None,
            controls: accepted.controls,
            card: None,
            stage: RequestStage::Announced,
            blockers: Vec::new(),
            waited: Waited::default(),
            looked_at: None,
            started_at: None,
            halted: None,
            overrides: Vec::new(),
            retry_of: accepted.retry_of,
            retried: None,
            version: Version(1),
        })
    }

    /// The request after that event; the only way a request changes.
    ///
    /// # Errors
    /// The event does not fit the stage.
    pub fn apply(mut self, event: &RequestEvent) -> Result<Self, IllegalTransition> {
        use RequestStage as Stage;
        match (event, &self.stage) {
            (RequestEvent::CardPosted { card }, Stage::Announced) => {
                self.card = Some(card.clone());
                self.stage = if self.is_approved() { Stage::Queued } else { Stage::NeedsApproval };
            }
            (RequestEvent::CardPosted { card }, _) if self.card.is_none() => self.card = Some(card.clone()),
            // A card can be pressed before its place is stored; nothing is queued until it is.
            (RequestEvent::Approved(approval), stage @ (Stage::Announced | Stage::NeedsApproval))
                if self.counts(approval) =>
            {
                let has_card = *stage == Stage::NeedsApproval;
                self.approvals.push(approval.clone());
                if has_card && self.is_approved() {
                    self.stage = Stage::Queued;
                }
            }
            (
                RequestEvent::ConsentVoided { by, at, until, .. },
                Stage::Announced | Stage::NeedsApproval | Stage::Queued,
            ) if self.need.is_some() => self.consent_voided(by, *at, *until),
            (RequestEvent::Replanned { at, servers, need }, _) if self.follows_its_servers() => {
                self.replanned(*at, servers, need);
            }
            (RequestEvent::Reminded { at }, Stage::NeedsApproval) => {
                self.reminded_at = Some(*at);
                if let Some(need) = &mut self.need {
                    need.remind_at = None;
                }
            }
            (RequestEvent::Escalated { at }, Stage::NeedsApproval) => self.passed_on(*at),
            (RequestEvent::Denied { name, at, why, .. }, Stage::Announced | Stage::NeedsApproval)
                if self.need.is_some() =>
            {
                let outcome = RequestOutcome::Denied { name: name.clone(), why: why.clone() };
                self.stage = Stage::Ended { at: *at, outcome };
            }
            (RequestEvent::Blocked { at, blockers }, Stage::Queued | Stage::Running) => {
                self.blocked(*at, blockers);
            }
            (RequestEvent::HeldUp { at, blockers }, Stage::Running) => self.held_up(*at, blockers),
            (RequestEvent::Unblocked { at }, Stage::Queued | Stage::Running) => self.held_up(*at, &[]),
            (RequestEvent::Started { at }, Stage::Queued) => {
                self.stage = Stage::Running;
                self.started_at = Some(*at);
                self.unblocked();
            }
            (RequestEvent::Halted(halt), Stage::Running) => self.halted = Some(halt.clone()),
            (RequestEvent::CancelAsked { by, name, at }, stage)
                if !matches!(stage, Stage::Ended { .. } | Stage::Stopping { .. }) =>
            {
                self.stage = Stage::Stopping { by: by.clone(), name: name.clone(), at: *at };
            }
            (RequestEvent::Ended { at, outcome }, stage) if !matches!(stage, Stage::Ended { .. }) => {
                self.stage = Stage::Ended { at: *at, outcome: outcome.clone() };
                self.blockers.clear();
            }
            (RequestEvent::Retried(retried), _) => self = self.taken_up(retried)?,
            (RequestEvent::Override(event), _) => self = self.overridden(event)?,
            (event, stage) => {
                let (state, event) = (format!("{stage:?}"), format!("{event:?}"));
                return Err(IllegalTransition { of: self.id().to_string(), state, event });
            }
        }
        self.close_overrides();
        self.version = Version(self.version.0 + 1);
        Ok(self)
    }

    fn unblocked(&mut self) {
        self.blockers.clear();
        self.waited = Waited::default();
    }

    /// It waits for these.
    fn blocked(&mut self, at: Timestamp, blockers: &[Blocker]) {
        self.blockers = blockers.to_vec();
        self.waited.told(at, blockers);
        self.looked_at = Some(at);
    }

    /// It does not wait, and these keep it from starting more.
    fn held_up(&mut self, at: Timestamp, blockers: &[Blocker]) {
        self.unblocked();
        self.blockers = blockers.to_vec();
        self.looked_at = Some(at);
    }

    fn consent_voided(&mut self, by: &PersonId, at: Timestamp, until: Timestamp) {
        self.approvals.retain(|approval| approval.by != *by);
        if let Some(need) = &mut self.need {
            need.until = until;
            // An edited message notifies nobody, so the approvers are told anew.
            need.remind_at = self.reminded_at.is_none().then_some(at);
        }
        if self.stage == RequestStage::Queued && !self.is_approved() {
            self.stage = RequestStage::NeedsApproval;
            self.unblocked();
        }
    }

    /// From now on another group may decide as well, for every quota.
    fn passed_on(&mut self, at: Timestamp) {
        let Some(need) = &mut self.need else { return };
        let Some(Escalation { to, .. }) = need.escalation.take() else { return };
        for quota in &mut need.quotas {
            quota.from.push(to.clone());
            quota.from.sort();
            quota.from.dedup();
        }
        self.escalated = Some((at, to));
    }

    /// A consent counts from somebody else, once, in time, where it helps, and only for the plan as it is.
    fn counts(&self, approval: &Approval) -> bool {
        let helps = approval.groups.as_deref().is_none_or(|groups| self.helped_by(groups));
        helps
            && self.need.as_ref().is_some_and(|need| approval.at < need.until)
            && approval.by != self.origin.person
            && approval.plan == *self.plan.hash()
            && self.approvals.iter().all(|earlier| earlier.by != approval.by)
    }
}
