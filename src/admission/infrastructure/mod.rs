//! Infrastructure: of what is redundant, no two parts are out at once, and nothing is taken out where an alert fires.
//!
//! Servers that hang on one feed, switch or router fail together: they are one failure domain, by a tag of the inventory.
//! The domains of a site, or of a pool, stand in for each other, and so do the sites of a metro. A server may be taken out
//! of a domain that has servers out already, and waits while others have. A server that does not serve takes nothing
//! away, and a server without the tag is in no domain. Deliberately absent: who carries what, which is traffic's.

mod alerts;
mod domains;
mod rules;

pub use alerts::{Firing, SeenAlerts, judged, still_quiet};
pub(super) use alerts::{Placed, is_told_by, of_itself, told_together};
pub use domains::still_redundant;
pub(super) use domains::{DomainCount, takes};
pub(super) use rules::InfrastructureFile;
pub use rules::{AlertRules, DomainRule, InfrastructureRules, Within, strangers};

use super::counts::Counts;
use super::{Candidate, Known};
use crate::domain::server::Server;
use crate::workflow::request::Blocker;

/// Everything about infrastructure that keeps this server from being taken out now.
pub(super) fn blockers(candidate: Candidate<'_>, known: Known<'_>, counts: &Counts) -> Vec<Blocker> {
    let mut blockers = domains::blockers(candidate.server, known, counts);
    blockers.extend(alerts::blockers(candidate, known, counts));
    blockers
}

/// Whether the monitoring is known to say that something is wrong with that very server.
pub(super) fn is_told_of(server: &Server, known: Known<'_>) -> bool {
    alerts::is_told_of(server, known)
}

/// What can have a say about these servers: the servers that are out in their groups, and the alerts about them, with a server of
/// each place that those name.
pub(super) fn having_a_say<'a>(servers: &[&'a Server], known: Known<'a>) -> (Vec<&'a Server>, Firing) {
    let firing = alerts::having_a_say(servers.iter().copied(), known);
    let mut out = domains::having_a_say(servers.iter().copied(), known);
    out.extend(alerts::named_by(&firing, known.inventory));
    (out, firing)
}
