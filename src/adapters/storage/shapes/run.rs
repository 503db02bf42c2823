//! The shapes of a run's journal.

use super::{Json, Members, Misfit, Stored, stored_record, stored_variants, stored_words};
use crate::domain::effect::Begun;
use crate::workflow::Admission;
use crate::workflow::run::{Answer, Failure, FailureKind, RunEvent, RunOutcome, StepIntent};
use serde_json::Value;
use std::collections::BTreeMap;

stored_variants! { RunEvent;
    "planned" => Planned { subject: "subject", wave: "wave" },
    "replanned" => Replanned { server: "server" },
    "admitted" => Admitted[admission],
    "was-silent" => WasSilent { at: "at_ms" },
    "still-safe" => StillSafe { at: "at_ms" },
    "kept" => Kept { at: "at_ms" },
    "went-on" => WentOn { at: "at_ms" },
    "stood-still" => StoodStill { at: "at_ms", parks: "parks" },
    "moved-on" => MovedOn { at: "at_ms" },
    "step-begun" => StepBegun { step: "step", intent: "intent" },
    "act-answered" => ActAnswered { answer: "answer" },
    "step-succeeded" => StepSucceeded {
        step: "step", at: "at_ms", state: "state", note: "note", outputs: "outputs" or BTreeMap::new(),
    },
    "step-failed" => StepFailed(failure),
    "person-asked" => PersonAsked { at: "at_ms", why: "why" },
    "person-answered" => PersonAnswered {
        by: "by", name: "name", at: "at_ms", answer: "answer", until: "until_ms",
    },
    "return-begun" => ReturnBegun { at: "at_ms", outcome: "outcome" },
    "ended" => Ended { at: "at_ms", outcome: "outcome" },
}
/// Only who was let to start has one, so it is made anew where the journal says so.
impl Stored for Admission {
    fn store(&self, json: &mut Json) {
        json.object().with("at_ms", &self.at()).with("found", &self.found()).with("takes", &self.takes()).end();
    }

    fn restore(value: &Value) -> Result<Self, Misfit> {
        let members = Members::of(value)?;
        // Those of before this was noted are asked about.
        let takes = members.read_or("takes", true)?;
        Ok(Self::noted(members.read("at_ms")?, members.read("found")?, takes))
    }
}
stored_record! { StepIntent;
    attempt: "attempt", at: "at_ms", way: "way", boot_before: "boot_before", not_after: "not_after_ms",
    until: "until_ms",
}
stored_variants! { Begun;
    "sent" => Sent,
    "never-sent" => NeverSent(why),
    "unknown" => Unknown(why),
    "refused" => Refused(why),
    "other-machine" => OtherMachine(why),
}
stored_record! { Failure; step: "step", at: "at_ms", kind: "kind", note: "note" }
stored_words! { FailureKind;
    "did-not-come-back" => DidNotComeBack, "did-not-reboot" => DidNotReboot, "check-failed" => CheckFailed,
    "balancer-failed" => BalancerFailed, "gate-closed" => GateClosed, "could-not-send" => CouldNotSend,
    "refused" => Refused, "other-machine" => OtherMachine,
}
stored_words! { RunOutcome;
    "done" => Done, "failed" => Failed, "failed-and-returned" => FailedAndReturned, "returned" => Returned,
    "not-started" => NotStarted, "left-out" => LeftOut, "put-off" => PutOff,
}
stored_words! { Answer; "run.did" => Did, "run.did-not" => DidNot, "run.look-again" => LookAgain }
