//! Stories: whole conversations, compared as people see them.
//!
//! One file per theme. Each "yes" stands beside its "no".

mod absorbing;
mod alerting;
mod announcing;
mod approving;
mod asking;
mod asking_for_access;
mod attacking;
mod breaking;
mod calling;
mod calm_again;
mod cancelling;
mod comparing;
mod consenting;
mod crashing;
mod deciding;
mod declaring;
mod delivering;
mod doubling;
mod editing;
mod explaining;
mod failing;
mod filling;
mod freezing;
mod from_a_shell;
mod going_on;
mod helping;
mod helping_from_incidents;
mod holding;
mod home;
mod lacking;
mod leaving_alone;
mod looking_ahead;
mod matrix;
mod mentioning;
mod mistaking;
mod misunderstanding;
mod needing;
mod not_overriding;
mod observing;
mod overriding;
mod overriding_from_a_shell;
mod paging;
mod parking;
mod pressing;
mod previewing;
mod queueing;
mod rebooting;
mod recording;
mod refusing;
mod reloading;
mod replanning;
mod requiring;
mod retrying;
mod scheduling;
mod soaking;
mod spreading;
mod standing_by;
mod stopping;
mod stopping_hard;
mod surging;
mod suspecting;
mod telling;
mod timing;
mod tuning;
mod unknown_outcomes;
mod waiting;
mod without_directory;

use crate::stage::{Channel, Person, Stage};

/// The usual room, whoever asks there, and whoever else decides.
struct Cast {
    noc: Channel,
    ana: Person,
    bob: Person,
}

/// ana of noc may work on servers in #noc; bob is of sre.
fn cast(stage: &Stage, servers: &str) -> Cast {
    stage.fleet().has(servers);
    let noc = stage.channel("#noc").lets("noc", "reboot").lets("noc", "drain").lets("noc", "undrain");
    Cast { noc, ana: stage.person("ana").in_group("noc"), bob: stage.person("bob").in_group("sre") }
}

/// The same, and each reboot needs bob.
fn cast_with_approval(stage: &Stage, servers: &str) -> Cast {
    let Cast { noc, ana, bob } = cast(stage, servers);
    Cast { noc: noc.needing_approvals(1, "sre"), ana, bob }
}
