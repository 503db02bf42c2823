//! The blacklist: a command, or every command, is not carried out on some servers, until the entry is over.
//!
//! It counts for what only looks too. What it covers waits; what it covers absolutely is left out, and nobody overrides that.

use super::brake::{BlacklistLevel, Brake, BrakeKind};
use super::{Asked, Known};
use crate::domain::command::CommandSpec;
use crate::domain::server::Server;
use crate::workflow::request::Blocker;

/// The scope in words and the level of an entry that covers what is asked about.
fn entry(brake: &Brake, asked: Asked<'_>, known: Known<'_>) -> Option<(String, BlacklistLevel)> {
    let BrakeKind::Blacklist { on, command, level } = &brake.kind else { return None };
    let is_it = command.as_ref().is_none_or(|command| *command == asked.spec.name) && asked.is_covered(on, known);
    let scope = command.as_ref().map_or_else(|| on.told().to_owned(), |command| format!("{command} on {}", on.told()));
    is_it.then_some((scope, *level))
}

/// Whether an entry of any level keeps that command from that server.
pub(super) fn covers(server: &Server, spec: &CommandSpec, known: Known<'_>) -> bool {
    let is_kept = |brake: &Brake| match &brake.kind {
        BrakeKind::Blacklist { on, command, .. } => {
            command.as_ref().is_none_or(|command| *command == spec.name) && on.covers(server, known)
        }
        BrakeKind::Stop { .. } | BrakeKind::Freeze { .. } | BrakeKind::Hold { .. } | BrakeKind::Pause { .. } => false,
    };
    known.ledger.brakes.iter().any(|brake| brake.is_on(known.now) && is_kept(brake))
}

/// Why it is not carried out at all.
pub(super) fn never(asked: Asked<'_>, known: Known<'_>) -> Option<String> {
    known.ledger.brakes.iter().filter(|brake| brake.is_on(known.now)).find_map(|brake| {
        let (scope, level) = entry(brake, asked, known)?;
        let told = || format!("{scope} is on the blacklist, put there by {}: {}", brake.name, brake.why);
        (level == BlacklistLevel::Absolute).then(told)
    })
}

pub(super) fn blocker(brake: &Brake, asked: Asked<'_>, known: Known<'_>) -> Option<Blocker> {
    let (scope, level) = entry(brake, asked, known)?;
    let (by, until, why) = (brake.name.clone(), brake.until, brake.why.clone());
    (level == BlacklistLevel::Block).then_some(Blocker::Blacklisted { scope, by, until, why })
}
