//! Servers that are not what they are meant to be, or that nothing tells of, as reasons to wait.

use super::declaring::is_in;
use super::words::{PATTERNS_MAX, Prose, servers};
use crate::domain::server::{ProductionState, ServerName};
use crate::domain::time::Timestamp;
use crate::fleet::folded;

/// `edge-lax-03 is meant to be in production, and is out of rotation, by no run`; with what a person can send.
pub(super) fn contradicted(
    prose: Prose,
    names: &[ServerName],
    (meant, serves, roomy): (ProductionState, bool, bool),
) -> Prose {
    let (are, them) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
    let prose = prose.code(folded(names, PATTERNS_MAX)).text(format!(" {are} meant to be {}, and ", is_in(meant)));
    let prose = prose.text(if serves { "in service at its load balancer" } else { "out of rotation, by no run" });
    if !roomy {
        return prose;
    }
    let (what, line) = way_on(names, meant, serves);
    let prose = prose.text(format!("; to let {them} {what}, send ")).code(line);
    if serves { prose.text(", or take it out there") } else { prose }
}

/// What a person can let them do, and the line for it.
fn way_on(names: &[ServerName], meant: ProductionState, serves: bool) -> (&'static str, String) {
    let them = folded(names, PATTERNS_MAX);
    match meant {
        _ if !serves => ("stay out", format!("state {them} maintenance because …")),
        ProductionState::Maintenance | ProductionState::Repair => {
            ("go on serving", format!("state {them} ready because …"))
        }
        ProductionState::Production
        | ProductionState::Draining
        | ProductionState::Drained
        | ProductionState::Undraining
        | ProductionState::Standby => ("go on serving", format!("undrain {them}")),
    }
}

/// `edge-lax-03 not seen in the load balancer since 14:00`
pub(super) fn unseen(prose: Prose, names: &[ServerName], since: Option<Timestamp>) -> Prose {
    let prose = prose.code(folded(names, PATTERNS_MAX)).text(" not seen in the load balancer");
    match since {
        Some(since) => prose.text(" since ").time(since),
        None => prose.text(" yet"),
    }
}

/// What would unblock it; what a person can send is part of the reason.
pub(super) fn unblocks(names: &[ServerName], serves: bool) -> String {
    let they = if names.len() == 1 { "it" } else { "each" };
    format!("goes on when {they} {}", if serves { "is out of rotation" } else { "serves" })
}

/// The same in half a line, without markup.
pub(super) fn short(names: &[ServerName], meant: ProductionState, serves: bool) -> String {
    let but = if serves { "in service" } else { "out of rotation" };
    format!("{} meant to be {}, but {but}", servers(names.len()), is_in(meant))
}
