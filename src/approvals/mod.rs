//! Whose consent a request needs, and whether a press gives it: bound to a plan, never from the requester.
//!
//! Deliberately absent: who may press at all in that channel (authorization) and how it is shown (conversation).

#[cfg(test)]
mod tests;

use crate::domain::command::CommandSpec;
use crate::domain::identity::{GroupName, Profile, Standing};
use crate::domain::ids::Fingerprint;
use crate::domain::time::Timestamp;
use crate::workflow::request::{Approval, ApprovalNeed, Request, RequestEvent, RequestStage};

/// Proof that a request has the consent it needs, or needs none. Only this module makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approved {
    plan: Fingerprint,
}

impl Approved {
    /// The plan that was consented to.
    #[must_use]
    pub fn plan(&self) -> &Fingerprint {
        &self.plan
    }
}

/// Whose consent that many servers need for that command.
#[must_use]
pub fn need(spec: &CommandSpec, servers: usize, now: Timestamp) -> Option<ApprovalNeed> {
    let rule = spec.approvals.as_ref()?;
    (servers > rule.above as usize).then(|| ApprovalNeed {
        from: rule.from.clone(),
        count: rule.count,
        until: now.plus(rule.within),
    })
}

/// Re-checks what is recorded: enough different people, none the requester, all for the plan as it is.
#[must_use]
pub fn proof(request: &Request) -> Option<Approved> {
    let plan = request.plan.hash();
    let approved = || Approved { plan: plan.clone() };
    let Some(need) = &request.need else { return Some(approved()) };
    let mut people = Vec::new();
    for approval in &request.approvals {
        let is_fresh = approval.at < need.until && !people.contains(&&approval.by);
        if is_fresh && approval.plan == *plan && approval.by != request.origin.person {
            people.push(&approval.by);
        }
    }
    (people.len() >= need.count as usize).then(approved)
}

/// What an approver decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Choice {
    /// Yes.
    Approve,
    /// No.
    Deny,
}

/// Why a person's word does not count now. Each is an answer, not a failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// They asked for it themselves.
    IsRequester {
        /// Who could.
        from: GroupName,
    },
    /// They are not in the group.
    NotInGroup {
        /// Who could.
        from: GroupName,
    },
    /// They are a guest, a stranger, deactivated, or a bot.
    NotAMember,
    /// They have already consented.
    AlreadyApproved {
        /// When.
        at: Timestamp,
    },
    /// It was decided before.
    AlreadyDecided,
    /// The time to decide is over.
    TooLate {
        /// Since when.
        until: Timestamp,
    },
    /// They saw another plan than the one that would run.
    PlanChanged,
    /// A no needs a reason.
    NeedsReason,
}

/// Whether this person may decide on this request now.
///
/// # Errors
/// Why not.
pub fn may_decide(request: &Request, person: &Profile, now: Timestamp) -> Result<(), Unfit> {
    let Some(need) = &request.need else { return Err(Unfit::AlreadyDecided) };
    if person.standing != Standing::Member {
        return Err(Unfit::NotAMember);
    }
    if request.stage != RequestStage::NeedsApproval && request.stage != RequestStage::Announced {
        return Err(Unfit::AlreadyDecided);
    }
    if person.id == request.origin.person {
        return Err(Unfit::IsRequester { from: need.from.clone() });
    }
    if !person.is_in(&need.from) {
        return Err(Unfit::NotInGroup { from: need.from.clone() });
    }
    if now >= need.until {
        return Err(Unfit::TooLate { until: need.until });
    }
    if let Some(earlier) = request.approvals.iter().find(|approval| approval.by == person.id) {
        return Err(Unfit::AlreadyApproved { at: earlier.at });
    }
    Ok(())
}

/// What a person's decision does to the request.
///
/// # Errors
/// Why it does not count.
pub fn decide(request: &Request, person: &Profile, word: Word<'_>, now: Timestamp) -> Result<RequestEvent, Unfit> {
    may_decide(request, person, now)?;
    if word.seen != request.plan.hash() {
        return Err(Unfit::PlanChanged);
    }
    let why = word.why.trim().to_owned();
    match word.choice {
        Choice::Approve => Ok(RequestEvent::Approved(Approval {
            by: person.id.clone(),
            name: person.name.clone(),
            at: now,
            plan: word.seen.clone(),
            why,
        })),
        Choice::Deny if why.is_empty() => Err(Unfit::NeedsReason),
        Choice::Deny => Ok(RequestEvent::Denied { by: person.id.clone(), name: person.name.clone(), at: now, why }),
    }
}

/// What a person said, about which plan.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    /// Yes or no.
    pub choice: &'a Choice,
    /// Why; a no needs it.
    pub why: &'a str,
    /// The plan that the form showed.
    pub seen: &'a Fingerprint,
}
