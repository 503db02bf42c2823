//! One request's work on one subject, as its journal made it.

use super::{Admission, IllegalTransition};
use crate::domain::command::{Output, PowerPath};
use crate::domain::effect::{Begun, BootId};
use crate::domain::ids::{Epoch, RunId, Version};
use crate::domain::intent::Value;
use crate::domain::plan::Subject;
use crate::domain::server::{ProductionState, ServerName};
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;

pub use super::event::RunEvent;
pub use super::outcome::{Answer, RunOutcome};

/// A run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The id.
    pub id: RunId,
    /// What it works on.
    pub subject: Subject,
    /// The wave it belongs to, counted from 0.
    pub wave: u32,
    /// Where it stands.
    pub stage: RunStage,
    /// The production state found when it was admitted; the one to go back to.
    pub found: ProductionState,
    /// The state that the run has brought the server to so far.
    pub state: ProductionState,
    /// That it was admitted, once it was.
    admission: Option<Admission>,
    /// Steps that succeeded, each with what proved it.
    pub proofs: Vec<Proof>,
    /// The last thing that went wrong, kept for texts after the run has ended.
    pub failure: Option<Failure>,
    /// When a person was last asked about an outcome.
    pub asked_at: Option<Timestamp>,
    /// The last time the server's SSH stayed silent before anything was sent.
    pub silent_since: Option<Timestamp>,
    /// When it was last told that it is safe: at its admission, at a gate, or asked again before a step.
    pub safe_at: Option<Timestamp>,
    /// Since when it stands still because a person keeps its server.
    pub kept_since: Option<Timestamp>,
    /// Since when it stands still because what it would send may not be sent.
    pub stood_since: Option<Timestamp>,
    /// When it last went on after it had stood still.
    pub went_on_at: Option<Timestamp>,
    /// When something last came of it.
    pub moved_at: Option<Timestamp>,
    /// How many events made it.
    pub version: Version,
    /// How often it was claimed.
    pub epoch: Epoch,
}

/// A step that succeeded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// The step's place in the definition, counted from 0.
    pub step: usize,
    /// When.
    pub at: Timestamp,
    /// What proved it, in words.
    pub note: String,
    /// What it tells the steps after it.
    pub outputs: BTreeMap<Output, Value>,
}

/// Why a run did not do what was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The step.
    pub step: usize,
    /// When.
    pub at: Timestamp,
    /// What kind of failure.
    pub kind: FailureKind,
    /// What was found, in words.
    pub note: String,
}

/// The kinds of failure that people are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailureKind {
    /// The server did not come back after its reboot.
    DidNotComeBack,
    /// The reboot provably did not happen.
    DidNotReboot,
    /// A check on the server did not hold.
    CheckFailed,
    /// The server could not be taken out of or put back into rotation.
    BalancerFailed,
    /// It was not safe any more to go on.
    GateClosed,
    /// Nothing could be sent.
    CouldNotSend,
    /// The other side refused.
    Refused,
    /// Another machine than the one meant answered: nothing was sent to it.
    OtherMachine,
}

/// Where a run stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunStage {
    /// Not admitted yet.
    Waiting,
    /// Admitted; the next step has not begun.
    Ready {
        /// The step.
        step: usize,
    },
    /// The intent of a step is durable; it may or may not have been carried out.
    Acting {
        /// The step.
        step: usize,
        /// What was intended.
        intent: StepIntent,
        /// What the other side answered, once it did.
        answer: Option<Begun>,
    },
    /// The outcome of a step cannot be verified: a person must say.
    NeedsPerson {
        /// The step.
        step: usize,
        /// What was intended.
        intent: StepIntent,
        /// Since when.
        at: Timestamp,
        /// The evidence, in words.
        why: String,
    },
    /// On the way back to the state that was found.
    Returning {
        /// Since when.
        at: Timestamp,
        /// How it will have ended.
        outcome: RunOutcome,
    },
    /// Over.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        outcome: RunOutcome,
    },
}

/// What a step intends, durable before anything is sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepIntent {
    /// 1 the first time.
    pub attempt: u32,
    /// When it was stored.
    pub at: Timestamp,
    /// How a restart is sent; `None` for other steps.
    pub way: Option<PowerPath>,
    /// The boot id before, for a restart, if the server told.
    pub boot_before: Option<BootId>,
    /// The server's own clock must be before this when a reboot command arrives.
    pub not_after: Option<Timestamp>,
    /// Until when the step may take.
    pub until: Timestamp,
}

impl Run {
    /// Rebuilds a run from its whole journal.
    ///
    /// # Errors
    /// The journal does not begin with `Planned`, or an event does not fit.
    pub fn replay(id: RunId, epoch: Epoch, events: &[RunEvent]) -> Result<Self, IllegalTransition> {
        let Some((RunEvent::Planned { subject, wave }, rest)) = events.split_first() else {
            let event = events.first().map_or("nothing".to_owned(), |event| format!("{event:?}"));
            return Err(IllegalTransition { of: id.to_string(), state: "not planned".into(), event });
        };
        let begun = Self {
            id,
            subject: subject.clone(),
            wave: *wave,
            stage: RunStage::Waiting,
            found: ProductionState::Production,
            state: ProductionState::Production,
            admission: None,
            proofs: Vec::new(),
            failure: None,
            asked_at: None,
            silent_since: None,
            safe_at: None,
            kept_since: None,
            stood_since: None,
            went_on_at: None,
            moved_at: None,
            version: Version(1),
            epoch,
        };
        rest.iter().try_fold(begun, |run, event| run.apply(event))
    }

    /// The server's name, if the subject is one.
    #[must_use]
    pub fn server_name(&self) -> Option<&ServerName> {
        self.subject.server().map(|server| &server.name)
    }

    /// That it was admitted, once it was.
    #[must_use]
    pub fn admission(&self) -> Option<Admission> {
        self.admission
    }

    /// When it was admitted.
    #[must_use]
    pub fn admitted_at(&self) -> Option<Timestamp> {
        self.admission.map(Admission::at)
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, RunStage::Ended { .. })
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn outcome(&self) -> Option<RunOutcome> {
        match &self.stage {
            RunStage::Ended { outcome, .. } => Some(*outcome),
            RunStage::Waiting
            | RunStage::Ready { .. }
            | RunStage::Acting { .. }
            | RunStage::NeedsPerson { .. }
            | RunStage::Returning { .. } => None,
        }
    }

    /// Whether it has failed, or nobody can tell: that counts against its request, also where a gate closed. It says nothing of
    /// the command, as breakers have it; but a wave of which nothing got done has proved nothing either.
    #[must_use]
    pub fn counts_as_failed(&self) -> bool {
        match &self.stage {
            RunStage::Ended { outcome, .. } => outcome.is_failure(),
            RunStage::NeedsPerson { .. } => true,
            RunStage::Waiting | RunStage::Ready { .. } | RunStage::Acting { .. } | RunStage::Returning { .. } => false,
        }
    }

    /// Whether it was admitted and is not over.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !matches!(self.stage, RunStage::Waiting | RunStage::Ended { .. })
    }

    /// The step it is at, if it is at one.
    #[must_use]
    pub fn step(&self) -> Option<usize> {
        match &self.stage {
            RunStage::Ready { step } | RunStage::Acting { step, .. } | RunStage::NeedsPerson { step, .. } => {
                Some(*step)
            }
            RunStage::Waiting | RunStage::Returning { .. } | RunStage::Ended { .. } => None,
        }
    }

    /// Where it stands once it has ended like that: put off, it waits as if it had never been admitted.
    /// Where it stands once it has ended like that: put off, it waits as if it had never been admitted.
    fn ended(&mut self, at: Timestamp, outcome: RunOutcome) -> RunStage {
        if matches!(outcome, RunOutcome::Returned | RunOutcome::FailedAndReturned | RunOutcome::PutOff) {
            self.state = self.found;
        }
        if outcome != RunOutcome::PutOff {
            return RunStage::Ended { at, outcome };
        }
        (self.admission, self.failure) = (None, None);
        (self.silent_since, self.safe_at, self.kept_since, self.asked_at) = (None, None, None, None);
        self.went_on_at = None;
        self.proofs.clear();
        RunStage::Waiting
    }

    fn admitted(&mut self, admission: Admission) -> RunStage {
        (self.admission, self.found, self.state) = (Some(admission), admission.found(), admission.found());
        self.safe_at = Some(admission.at());
        RunStage::Ready { step: 0 }
    }

    /// The run after that event; the only way a run changes.
    ///
    /// # Errors
    /// The event does not fit the stage.
    pub fn apply(mut self, event: &RunEvent) -> Result<Self, IllegalTransition> {
        use RunStage as Stage;
        if self.takes_in_standing(event) {
            return Ok(self.later(event));
        }
        let before = std::mem::discriminant(&self.stage);
        self.stage = match (event, self.stage.clone()) {
            (RunEvent::Admitted(admission), Stage::Waiting) => self.admitted(*admission),
            (RunEvent::Replanned { server }, Stage::Waiting)
                if self.subject.server().is_some_and(|planned| planned.id == server.id) =>
            {
                self.subject = Subject::Server(server.clone());
                Stage::Waiting
            }
            (RunEvent::WasSilent { at }, stage @ Stage::Ready { .. }) => {
                self.silent_since = Some(*at);
                stage
            }
            (RunEvent::StillSafe { at }, stage @ (Stage::Ready { .. } | Stage::Acting { .. })) => {
                self.safe_at = Some(*at);
                stage
            }
            (RunEvent::StepBegun { step, intent }, Stage::Ready { step: at }) if at == *step => {
                Stage::Acting { step: *step, intent: intent.clone(), answer: None }
            }
            (RunEvent::StepBegun { step, intent }, Stage::Acting { step: at, intent: earlier, .. })
                if at == *step && intent.attempt == earlier.attempt + 1 =>
            {
                Stage::Acting { step: *step, intent: intent.clone(), answer: None }
            }
            (RunEvent::ActAnswered { answer }, Stage::Acting { step, intent, .. }) => {
                Stage::Acting { step, intent, answer: Some(answer.clone()) }
            }
            (RunEvent::ActAnswered { .. }, stage @ Stage::Returning { .. }) => stage,
            (
                RunEvent::StepSucceeded { step, at, state, note, outputs },
                Stage::Ready { step: here } | Stage::Acting { step: here, .. } | Stage::NeedsPerson { step: here, .. },
            ) if here == *step => {
                self.state = *state;
                let (note, outputs) = (note.clone(), outputs.clone());
                self.proofs.push(Proof { step: *step, at: *at, note, outputs });
                Stage::Ready { step: step + 1 }
            }
            (
                RunEvent::StepFailed(failure),
                stage @ (Stage::Ready { .. }
                | Stage::Acting { .. }
                | Stage::NeedsPerson { .. }
                | Stage::Returning { .. }),
            ) => {
                self.failure = Some(failure.clone());
                stage
            }
            (RunEvent::PersonAsked { at, why }, Stage::Acting { step, intent, .. }) => {
                self.asked_at = Some(*at);
                Stage::NeedsPerson { step, intent, at: *at, why: why.clone() }
            }
            (RunEvent::PersonAnswered { answer, until, .. }, stage @ Stage::NeedsPerson { .. }) => {
                answered(stage, *answer, *until)
            }
            (RunEvent::ReturnBegun { at, outcome }, Stage::Ready { .. } | Stage::Acting { .. }) => {
                (self.state, self.kept_since) = (ProductionState::Undraining, None);
                Stage::Returning { at: *at, outcome: *outcome }
            }
            (RunEvent::Ended { at, outcome }, stage) if may_end(&stage, *outcome) => self.ended(*at, *outcome),
            (event, stage) => return Err(illegal(&self.id, &stage, event)),
        };
        // Wherever it has got to, it has not stood still there.
        self.stood_since = self.stood_since.filter(|_| std::mem::discriminant(&self.stage) == before);
        Ok(self.later(event))
    }

    fn later(mut self, event: &RunEvent) -> Self {
        (self.version, self.moved_at) = (Version(self.version.0 + 1), event.at().or(self.moved_at));
        self
    }
}

/// Only work that was admitted is put off.
fn may_end(stage: &RunStage, outcome: RunOutcome) -> bool {
    match stage {
        RunStage::Ended { .. } => false,
        RunStage::Waiting => outcome != RunOutcome::PutOff,
        RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::NeedsPerson { .. }
        | RunStage::Returning { .. } => true,
    }
}

/// A further look is like an intent found after a crash: a restart is looked for, a keyed call is made again.
fn answered(stage: RunStage, answer: Answer, until: Timestamp) -> RunStage {
    match (answer, stage) {
        (Answer::LookAgain, RunStage::NeedsPerson { step, intent, .. }) => {
            RunStage::Acting { step, intent: StepIntent { until, ..intent }, answer: None }
        }
        (Answer::LookAgain | Answer::Did | Answer::DidNot, stage) => stage,
    }
}

fn illegal(run: &RunId, stage: &RunStage, event: &RunEvent) -> IllegalTransition {
    IllegalTransition { of: run.to_string(), state: format!("{stage:?}"), event: format!("{event:?}") }
}
