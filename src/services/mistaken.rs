//! A server in whose name another machine answered is held: what the inventory says of it must be looked at first.
//!
//! Deliberately absent: telling one machine from another, which drivers do, and letting go of it, which a person does.

use super::world::World;
use crate::admission::{Brake, BrakeKind};
use crate::domain::identity::{AutomationName, Profile};
use crate::domain::ids::BrakeId;
use crate::domain::time::Timestamp;
use crate::ports::store::Write;
use crate::workflow::run::{FailureKind, Run, RunEvent};

/// Under which name the bot itself holds a server.
const ITSELF: &str = "wrasse";

/// The hold, where these events say so: in the commit that fails the run, so that nothing else starts there in between.
pub(super) fn hold(world: &World, run: &Run, events: &[RunEvent], now: Timestamp) -> Option<Write> {
    let server = run.subject.server()?;
    let why = events.iter().find_map(|event| match event {
        RunEvent::StepFailed(failure) if failure.kind == FailureKind::OtherMachine => Some(&failure.note),
        RunEvent::StepFailed(_)
        | RunEvent::Planned { .. }
        | RunEvent::Replanned { .. }
        | RunEvent::Admitted(_)
        | RunEvent::WasSilent { .. }
        | RunEvent::StillSafe { .. }
        | RunEvent::Kept { .. }
        | RunEvent::WentOn { .. }
        | RunEvent::StoodStill { .. }
        | RunEvent::MovedOn { .. }
        | RunEvent::StepBegun { .. }
        | RunEvent::ActAnswered { .. }
        | RunEvent::StepSucceeded { .. }
        | RunEvent::PersonAsked { .. }
        | RunEvent::PersonAnswered { .. }
        | RunEvent::ReturnBegun { .. }
        | RunEvent::Ended { .. } => None,
    })?;
    Some(Write::BrakeOn(Brake {
        id: BrakeId::new(world.ids.handle().as_str()),
        kind: BrakeKind::Hold { server: server.id.clone(), name: server.name.clone() },
        by: Profile::automation(&AutomationName::new(ITSELF)).id,
        name: ITSELF.to_owned(),
        since: now,
        why: why.clone(),
        until: None,
    }))
}
