//! Whose consent a request needs, and whether a press gives it: bound to a plan, never from the requester.
//!
//! Deliberately absent: who may press at all in that channel (authorization) and how it is shown (conversation).

#[cfg(test)]
mod tests;

use crate::domain::command::{CommandSpec, Impact};
use crate::domain::consent::{self, Quota};
use crate::domain::identity::{Actor, GroupName, Profile, Standing};
use crate::domain::ids::Fingerprint;
use crate::domain::time::Timestamp;
use crate::workflow::request::{Approval, ApprovalNeed, Escalation, Request, RequestEvent, RequestStage};
use std::collections::BTreeSet;
use std::time::Duration;

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

/// How long people have where only a channel's policy asks for them.
const WITHIN: Duration = Duration::from_secs(3600);

/// What is asked beside the command's own rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// What the policies that allow it require.
    pub by_policies: &'a [Quota],
    /// The groups that own what the command's rule names.
    pub owners: &'a [GroupName],
}

/// Whose consent that many subjects need: what the command and the policies ask for, together. Of two that ask the
/// same group the larger number counts.
#[must_use]
pub fn need(spec: &CommandSpec, subjects: usize, asked: Asked<'_>, now: Timestamp) -> Option<ApprovalNeed> {
    let rule = spec.approvals.as_ref().filter(|rule| subjects > rule.above as usize);
    let own = rule.map(|rule| Quota::of(rule.from.clone(), rule.count));
    let owners = asked.owners.iter().filter(|_| rule.is_some()).map(|group| Quota::of(group.clone(), 1));
    let mut quotas: Vec<Quota> = Vec::new();
    for quota in own.into_iter().chain(asked.by_policies.iter().cloned()).chain(owners) {
        match quotas.iter_mut().find(|other| other.from == quota.from) {
            Some(other) => other.count = other.count.max(quota.count),
            None => quotas.push(quota),
        }
    }
    if quotas.is_empty() {
        return None;
    }
    let within = spec.approvals.as_ref().map_or(WITHIN, |rule| rule.within);
    let escalation = rule.and_then(|rule| rule.escalation.as_ref());
    let escalation = escalation.map(|rule| Escalation { to: rule.to.clone(), at: now.plus(rule.after) });
    let until = now.plus(within);
    Some(ApprovalNeed { quotas, until, within, remind_at: Some(now.plus(within / 2)), escalation })
}

/// The time to decide anew, from now on.
#[must_use]
pub fn until_anew(request: &Request, now: Timestamp) -> Timestamp {
    let within = request.need.as_ref().map_or(WITHIN, |need| need.within);
    now.plus(within).min(request.plan.parts().expires_at)
}

/// Re-checks what is recorded: enough different people, none the requester, all for the plan as it is.
#[must_use]
pub fn proof(request: &Request) -> Option<Approved> {
    let plan = request.plan.hash();
    let until = request.need.as_ref().map(|need| need.until);
    let is_in_time = |approval: &Approval| until.is_some_and(|until| approval.at < until);
    let is_sound =
        |approval: &Approval| is_in_time(approval) && approval.plan == *plan && approval.by != request.origin.person;
    let people = request.approvals.iter().map(|approval| &approval.by).collect::<BTreeSet<_>>();
    let is_distinct = people.len() == request.approvals.len();
    let is_enough = request.approvals.iter().all(is_sound) && is_distinct && request.is_approved();
    is_enough.then(|| Approved { plan: plan.clone() })
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
        from: Vec<GroupName>,
    },
    /// They are in none of the groups of which somebody is still missing.
    NotInGroup {
        /// Who could.
        from: Vec<GroupName>,
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
    /// The number that was typed is not that of the subjects.
    WrongCount {
        /// How many there are.
        count: usize,
    },
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
        return Err(Unfit::IsRequester { from: named(&need.quotas) });
    }
    if let Some(earlier) = request.approvals.iter().find(|approval| approval.by == person.id) {
        return Err(Unfit::AlreadyApproved { at: earlier.at });
    }
    if !request.helped_by(&person.groups) {
        return Err(Unfit::NotInGroup { from: named(&request.missing()) });
    }
    if now >= need.until {
        return Err(Unfit::TooLate { until: need.until });
    }
    Ok(())
}

fn named(quotas: &[Quota]) -> Vec<GroupName> {
    consent::groups(quotas).into_iter().cloned().collect()
}

/// What a person's decision does to the request.
///
/// # Errors
/// Why it does not count.
pub fn decide(request: &Request, person: &Profile, word: Word<'_>, now: Timestamp) -> Result<RequestEvent, Unfit> {
    // Facts about somebody else say nothing about whoever acts.
    if *word.by != person.id {
        return Err(Unfit::NotAMember);
    }
    may_decide(request, person, now)?;
    if word.seen != request.plan.hash() {
        return Err(Unfit::PlanChanged);
    }
    let why = word.why.trim().to_owned();
    let count = request.plan.parts().subjects.len();
    match word.choice {
        Choice::Approve if types_count(request) && word.typed.trim().parse() != Ok(count) => {
            Err(Unfit::WrongCount { count })
        }
        Choice::Approve => {
            let asked = request.need.as_ref().map_or_else(Vec::new, |need| named(&need.quotas));
            Ok(RequestEvent::Approved(Approval {
                by: word.by.clone(),
                name: person.name.clone(),
                at: now,
                plan: word.seen.clone(),
                why,
                groups: Some(asked.into_iter().filter(|group| person.is_in(group)).collect()),
                shown: Some(word.shown.to_owned()),
            }))
        }
        Choice::Deny if why.is_empty() => Err(Unfit::NeedsReason),
        Choice::Deny => Ok(RequestEvent::Denied { by: word.by.clone(), name: person.name.clone(), at: now, why }),
    }
}

/// What a person said, about which plan.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    /// Who said it.
    pub by: &'a Actor,
    /// Yes or no.
    pub choice: &'a Choice,
    /// Why; a no needs it.
    pub why: &'a str,
    /// The plan that the form showed.
    pub seen: &'a Fingerprint,
    /// All that the form showed, as text.
    pub shown: &'a str,
    /// How many subjects there are, as typed; only asked for what cannot be undone.
    pub typed: &'a str,
}

/// Whether an approver must type how many subjects there are.
#[must_use]
pub fn types_count(request: &Request) -> bool {
    request.spec.impact == Impact::Destructive
}

/// Whether this person may take their consent back: until the first server starts.
#[must_use]
pub fn may_take_back(request: &Request, person: &Profile) -> bool {
    let before_start =
        matches!(request.stage, RequestStage::Announced | RequestStage::NeedsApproval | RequestStage::Queued);
    before_start && request.approvals.iter().any(|approval| approval.by == person.id)
}
