//! Overrides: one policy that the waiting servers of one request may pass, each once, until a time.
//!
//! Deliberately absent: who may ask for one and when somebody else must agree, which admission's rules say.

use super::IllegalTransition;
use super::policy::PolicyName;
use super::request::{Request, RequestStage};
use crate::domain::identity::{Actor, GroupName};
use crate::domain::ids::{Fingerprint, RunId};
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;

/// What somebody asked to override.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OverrideAsked {
    /// The policy.
    pub policy: PolicyName,
    /// The servers that were waiting then: the frozen list, and nothing beside it.
    pub servers: Vec<Passing>,
    /// Who.
    pub by: Actor,
    /// Their name.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// Until when servers may pass, and a second person may agree.
    pub until: Timestamp,
    /// Why.
    pub why: String,
    /// The groups whose members could ask for it, and may agree to it.
    pub groups: Vec<GroupName>,
    /// Why a second person must agree, if one must.
    pub second: Option<SecondCause>,
    /// The plan of the request then; another plan ends it.
    pub plan: Fingerprint,
    /// The account where it was asked in a shell: it is theirs only as the bot's own files say so.
    pub account: Option<String>,
}

/// A server that may pass.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passing {
    /// The run that works on it.
    pub run: RunId,
    /// Its name.
    pub server: ServerName,
}

/// Why a second person must agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecondCause {
    /// More servers than one person may decide on alone, counted over the time that an override lasts.
    ManyServers {
        /// How many one person may.
        alone_max: u32,
    },
    /// The command interrupts servers that are in production.
    InterruptsProduction,
    /// The command cannot be undone.
    Destructive,
    /// It was asked for in a shell, which goes by what was last known of whoever asks.
    Shell,
}

/// An override as its events made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Override {
    /// Counted from 1 within its request.
    pub number: u32,
    /// What was asked.
    pub asked: OverrideAsked,
    /// Who agreed, if somebody had to and did.
    pub seconded: Option<Seconded>,
    /// The runs that have passed by it.
    pub used: Vec<RunId>,
    /// When it ended, and how.
    pub ended: Option<(Timestamp, OverrideEnd)>,
}

/// A second person's agreement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seconded {
    /// Who.
    pub by: Actor,
    /// Their name.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// Why, if they said.
    pub why: String,
    /// What they saw: the override's fingerprint.
    pub seen: Fingerprint,
    /// All that the form showed them, as text.
    pub shown: String,
}

/// How an override ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OverrideEnd {
    /// Every server of it has passed.
    UsedUp,
    /// Its time was over.
    Expired,
    /// The second person said no.
    Refused {
        /// Their name.
        name: String,
        /// Why.
        why: String,
    },
    /// It holds no longer; why, as a sentence without its full stop.
    Voided {
        /// Why.
        why: String,
    },
    /// None of its servers waits any more.
    NothingWaits,
    /// Its request starts nothing more.
    RequestOver,
}

/// Something that happened to an override.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OverrideEvent {
    /// It was asked for; without a second person to wait for it is in force.
    Asked(OverrideAsked),
    /// A second person agreed: it is in force.
    Seconded {
        /// Which.
        number: u32,
        /// Who, and what they saw.
        second: Seconded,
    },
    /// A second person said no.
    Refused {
        /// Which.
        number: u32,
        /// Who.
        by: Actor,
        /// Their name.
        name: String,
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
    /// Its time was over.
    Expired {
        /// Which.
        number: u32,
        /// When that was noticed.
        at: Timestamp,
    },
    /// It holds no longer.
    Voided {
        /// Which.
        number: u32,
        /// When.
        at: Timestamp,
        /// Why, as a sentence without its full stop.
        why: String,
    },
    /// Servers have passed by it.
    Used {
        /// Which.
        number: u32,
        /// When.
        at: Timestamp,
        /// Their runs.
        runs: Vec<RunId>,
    },
    /// None of its servers waits any more.
    Closed {
        /// Which.
        number: u32,
        /// When.
        at: Timestamp,
    },
}

impl OverrideAsked {
    /// What a second person agrees to: the policy, the servers, who, why, and until when, on that plan.
    #[must_use]
    pub fn hash(&self) -> Fingerprint {
        let servers = self.servers.iter().map(|passing| format!("{} {}", passing.run, passing.server));
        let servers = servers.collect::<Vec<_>>().join("\n");
        let (policy, by, until) = (self.policy.word(), &self.by, self.until.millis());
        Fingerprint::of(format!("override {policy}\n{by}\n{until}\n{}\n{servers}\n{}", self.plan, self.why).as_bytes())
    }
}

impl Override {
    /// Whether it waits for a second person.
    #[must_use]
    pub fn needs_second(&self) -> bool {
        self.ended.is_none() && self.asked.second.is_some() && self.seconded.is_none()
    }

    /// Whether servers may pass by it then.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.ended.is_none() && !self.needs_second() && now < self.asked.until
    }

    /// Whether it is for that run, which has not passed by it yet.
    #[must_use]
    pub fn covers(&self, run: &RunId) -> bool {
        self.asked.servers.iter().any(|passing| passing.run == *run) && !self.used.contains(run)
    }

    /// The servers that have not passed by it.
    pub fn unused(&self) -> impl Iterator<Item = &ServerName> {
        let unused = self.asked.servers.iter().filter(|passing| !self.used.contains(&passing.run));
        unused.map(|passing| &passing.server)
    }
}

impl Request {
    /// The overrides by which that run may pass now.
    pub fn passes<'a>(&'a self, run: &'a RunId, now: Timestamp) -> impl Iterator<Item = &'a Override> {
        let plan = self.plan.hash();
        let fits = move |one: &&Override| one.is_in_force(now) && one.asked.plan == *plan && one.covers(run);
        self.overrides.iter().filter(fits)
    }

    /// The policies that the run has passed by an override when it was admitted then; what asks again on the way honours it. One
    /// that was over by then let an earlier start of it pass, and no later one.
    #[must_use]
    pub fn passed(&self, run: &RunId, admitted_at: Option<Timestamp>) -> Vec<PolicyName> {
        let held = |one: &&Override| {
            let was_open = |at: Timestamp| at < one.asked.until && one.ended.as_ref().is_none_or(|(end, _)| at <= *end);
            one.used.contains(run) && admitted_at.is_some_and(was_open)
        };
        self.overrides.iter().filter(held).map(|one| one.asked.policy).collect()
    }

    /// The override that is not over, of that policy.
    #[must_use]
    pub fn open_override(&self, policy: PolicyName) -> Option<&Override> {
        self.overrides.iter().find(|one| one.ended.is_none() && one.asked.policy == policy)
    }

    /// The override of that number.
    #[must_use]
    pub fn override_of(&self, number: u32) -> Option<&Override> {
        self.overrides.iter().find(|one| one.number == number)
    }

    /// The request after something happened to an override of it.
    pub(super) fn overridden(mut self, event: &OverrideEvent) -> Result<Self, IllegalTransition> {
        let fits = match event {
            OverrideEvent::Asked(asked) => self.asked(asked),
            OverrideEvent::Seconded { number, second } => self.seconded(*number, second),
            OverrideEvent::Used { number, at, runs } => self.used(*number, *at, runs),
            OverrideEvent::Refused { number, by, name, at, why } => {
                let end = OverrideEnd::Refused { name: name.clone(), why: why.clone() };
                let decides = |one: &Override| one.needs_second() && one.asked.by != *by;
                self.end(*number, *at, end, decides)
            }
            OverrideEvent::Expired { number, at } => {
                self.end(*number, *at, OverrideEnd::Expired, |one| *at >= one.asked.until)
            }
            OverrideEvent::Voided { number, at, why } => {
                self.end(*number, *at, OverrideEnd::Voided { why: why.clone() }, |_| true)
            }
            OverrideEvent::Closed { number, at } => self.end(*number, *at, OverrideEnd::NothingWaits, |_| true),
        };
        if !fits {
            let (state, event) = (format!("{:?}, {:?}", self.stage, self.overrides), format!("{event:?}"));
            return Err(IllegalTransition { of: self.id().to_string(), state, event });
        }
        Ok(self)
    }

    fn asked(&mut self, asked: &OverrideAsked) -> bool {
        let may_start = matches!(self.stage, RequestStage::Queued | RequestStage::Running) && self.halted.is_none();
        let is_sound = !asked.servers.is_empty()
            && asked.at < asked.until
            && asked.plan == *self.plan.hash()
            && asked.policy.can_be_overridden();
        if !may_start || !is_sound || self.open_override(asked.policy).is_some() {
            return false;
        }
        let number = u32::try_from(self.overrides.len()).unwrap_or(u32::MAX).saturating_add(1);
        let asked = asked.clone();
        self.overrides.push(Override { number, asked, seconded: None, used: Vec::new(), ended: None });
        true
    }

    /// Counts from somebody else, in time, and only for what they saw.
    fn seconded(&mut self, number: u32, second: &Seconded) -> bool {
        let found = self.overrides.iter_mut().find(|one| one.number == number && one.needs_second());
        let Some(one) = found else { return false };
        let counts = second.by != one.asked.by && second.at < one.asked.until && second.seen == one.asked.hash();
        if counts {
            one.seconded = Some(second.clone());
        }
        counts
    }

    /// Each server once: a run that has passed, or was never in the list, does not fit.
    fn used(&mut self, number: u32, at: Timestamp, runs: &[RunId]) -> bool {
        let plan = self.plan.hash().clone();
        let Some(one) = self.overrides.iter_mut().find(|one| one.number == number) else { return false };
        for run in runs {
            if !one.is_in_force(at) || one.asked.plan != plan || !one.covers(run) {
                return false;
            }
            one.used.push(run.clone());
        }
        if one.unused().next().is_none() {
            one.ended = Some((at, OverrideEnd::UsedUp));
        }
        !runs.is_empty()
    }

    fn end(&mut self, number: u32, at: Timestamp, how: OverrideEnd, may: impl Fn(&Override) -> bool) -> bool {
        let open = self.overrides.iter_mut().find(|one| one.number == number && one.ended.is_none());
        let Some(one) = open.filter(|one| may(one)) else { return false };
        one.ended = Some((at, how));
        true
    }

    /// What starts nothing more needs no override.
    pub(super) fn close_overrides(&mut self) {
        let over_at = match &self.stage {
            RequestStage::Stopping { at, .. } | RequestStage::Ended { at, .. } => Some(*at),
            RequestStage::Announced | RequestStage::NeedsApproval | RequestStage::Queued | RequestStage::Running => {
                self.halted.as_ref().map(|halt| halt.at)
            }
        };
        let Some(at) = over_at else { return };
        for one in self.overrides.iter_mut().filter(|one| one.ended.is_none()) {
            one.ended = Some((at, OverrideEnd::RequestOver));
        }
    }
}
