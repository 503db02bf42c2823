//! Holds: a person keeps a server from any work, or a request from starting more, until somebody releases it.
//!
//! A held server is not even given back: whoever holds it may have their hands in it. Looking goes on.

use super::brake::{Brake, BrakeKind};
use super::{Asked, Known};
use crate::domain::plan::PlannedServer;
use crate::domain::server::ServerId;
use crate::domain::time::Timestamp;
use crate::workflow::request::Blocker;

pub(super) fn blocker(brake: &Brake, asked: Asked<'_>, _known: Known<'_>) -> Option<Blocker> {
    let servers = match &brake.kind {
        BrakeKind::Hold { server, .. } if !asked.spec.only_looks() => {
            let held = asked.server.filter(|asked| asked.id == *server)?;
            vec![held.name.clone()]
        }
        BrakeKind::Pause { request } if request == asked.request => Vec::new(),
        BrakeKind::Hold { .. }
        | BrakeKind::Pause { .. }
        | BrakeKind::Stop { .. }
        | BrakeKind::Freeze { .. }
        | BrakeKind::Blacklist { .. } => return None,
    };
    Some(Blocker::Held { servers, by: brake.name.clone(), since: brake.since, why: brake.why.clone() })
}

/// Whether a person keeps that server.
#[must_use]
pub fn is_held(server: &PlannedServer, brakes: &[Brake], now: Timestamp) -> bool {
    keeps(&server.id, brakes, now)
}

/// The same, by the server's id.
pub(super) fn keeps(server: &ServerId, brakes: &[Brake], now: Timestamp) -> bool {
    let holds = |brake: &Brake| matches!(&brake.kind, BrakeKind::Hold { server: held, .. } if held == server);
    brakes.iter().any(|brake| brake.is_on(now) && holds(brake))
}
