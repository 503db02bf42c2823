//! Answers about what was stopped in one place: freezes, holds, the blacklist.
//!
//! Deliberately absent: the stop of everything (`brakes`), and the reasons on cards (`reasons`).

use super::brakes::Affected;
use super::help::literal;
use super::message::{Block, Message};
use super::words::{PATTERNS_MAX, Prose, capital, counted, is_are, quoted, servers, summary};
use crate::admission::{BlacklistLevel, Brake, BrakeKind};
use crate::domain::ids::RequestId;
use crate::domain::server::ServerName;
use crate::fleet::folded;
use crate::workflow::request::Request;

/// The most brakes that are told one by one.
const TOLD_MAX: usize = 3;

/// `site=lax`, `reboot on site=lax`, `edge-lax-001`, `req-2mq9`.
fn scope(kind: &BrakeKind) -> String {
    match kind {
        BrakeKind::Stop => "everything".to_owned(),
        BrakeKind::Freeze { on } => on.told().to_owned(),
        BrakeKind::Hold { name, .. } => name.to_string(),
        BrakeKind::Pause { request } => request.to_string(),
        BrakeKind::Blacklist { on, command: Some(command), .. } => format!("{command} on {}", on.told()),
        BrakeKind::Blacklist { on, command: None, .. } => on.told().to_owned(),
    }
}

/// The line that ends it.
fn ending(kind: &BrakeKind) -> String {
    match kind {
        BrakeKind::Stop => "resume everything because …".to_owned(),
        BrakeKind::Freeze { on } => format!("thaw {}", on.told()),
        BrakeKind::Hold { name, .. } => format!("release {name}"),
        BrakeKind::Pause { request } => format!("release {request}"),
        BrakeKind::Blacklist { on, command: Some(command), .. } => format!("unblacklist {} {command}", on.told()),
        BrakeKind::Blacklist { on, command: None, .. } => format!("unblacklist {}", on.told()),
    }
}

const fn deed(kind: &BrakeKind) -> &'static str {
    match kind {
        BrakeKind::Stop => "stopped",
        BrakeKind::Freeze { .. } => "frozen",
        BrakeKind::Hold { .. } | BrakeKind::Pause { .. } => "held",
        BrakeKind::Blacklist { .. } => "on the blacklist",
    }
}

/// Something is frozen or on the blacklist from now on, and what that keeps from starting.
#[must_use]
pub fn brake_took_hold(brake: &Brake, affected: Affected) -> Message {
    let (scope, deed) = (scope(&brake.kind), deed(&brake.kind));
    let mut prose = Prose::new().code(&scope).text(" is ").bold(deed);
    if let Some(until) = brake.until {
        prose = prose.text(" until ").time(until);
    }
    prose = prose.text(".").line();
    prose = match affected.requests {
        0 => prose.text("No request waits for it now."),
        requests => {
            let (waiting, verb) = (affected.waiting, if affected.waiting == 1 { "waits" } else { "wait" });
            prose.text(format!("{} {verb} for it, of {}.", capital(&servers(waiting)), counted(requests, "request")))
        }
    };
    prose = match &brake.kind {
        BrakeKind::Freeze { .. } => prose.text(" What is under way goes to its end."),
        BrakeKind::Blacklist { level: BlacklistLevel::Absolute, .. } => prose.text(" What it covers is left out."),
        BrakeKind::Blacklist { level: BlacklistLevel::Block, .. }
        | BrakeKind::Stop
        | BrakeKind::Hold { .. }
        | BrakeKind::Pause { .. } => prose,
    };
    let context = Prose::new().text("to end it sooner: ").piece(literal(&ending(&brake.kind))).done();
    Message {
        summary: summary(format!("{} is {deed}", quoted(&scope))),
        blocks: vec![Block::Section(prose.done()), Block::Context(context)],
    }
}

/// What is on, in one line: `❄ site=lax frozen by ana until 18:00: a live match`.
pub(super) fn on_in_short(prose: Prose, brake: &Brake) -> Prose {
    let prose = prose.text("❄ ").code(scope(&brake.kind));
    let prose = prose.text(format!(" {} by {}", deed(&brake.kind), quoted(&brake.name)));
    let prose = match brake.until {
        Some(until) => prose.text(" until ").time(until),
        None => prose,
    };
    prose.text(": ").code(&brake.why)
}

/// Somebody has ended it.
#[must_use]
pub fn brake_is_off(kind: &BrakeKind) -> Message {
    let (scope, deed) = (scope(kind), deed(kind));
    let prose = Prose::new()
        .code(&scope)
        .text(format!(" is not {deed} any more. What waited starts by itself when it is safe."));
    Message::of_text(summary(format!("{} is not {deed} any more", quoted(&scope))), prose.done())
}

/// Nothing was put on so; what there is of the kind.
#[must_use]
pub fn no_such_brake(kind: &BrakeKind, on: &[&Brake]) -> Message {
    let (scope, deed) = (scope(kind), deed(kind));
    let mut prose =
        Prose::new().code(&scope).text(format!(" is not {deed}, as far as it was said so. Nothing has changed."));
    let alike = |brake: &&&Brake| std::mem::discriminant(&brake.kind) == std::mem::discriminant(kind);
    for brake in on.iter().filter(alike).take(TOLD_MAX) {
        prose = prose.line().piece(literal(&ending(&brake.kind))).text(format!(" {deed} by {}: ", quoted(&brake.name)));
        prose = prose.code(&brake.why);
    }
    Message::of_text(summary(format!("{} is not {deed}. Nothing has changed.", quoted(&scope))), prose.done())
}

/// Servers are held from now on; some were before, by somebody.
#[must_use]
pub fn held(names: &[ServerName], (before, by): (&[ServerName], Option<&Brake>)) -> Message {
    let mut prose = Prose::new();
    if !names.is_empty() {
        let verb = is_are(names.len());
        prose = prose.code(folded(names, PATTERNS_MAX)).text(format!(" {verb} ")).bold("held");
        prose = prose.text(": no work on them starts, and what runs there neither changes nor returns them.");
    }
    if let Some(by) = by {
        prose = prose
            .line()
            .code(folded(before, PATTERNS_MAX))
            .text(format!(" {} held already, by ", is_are(before.len())));
        prose = prose.text(quoted(&by.name)).text(" since ").time(by.since).text(": ").code(&by.why);
    }
    let all = names.iter().chain(before).cloned().collect::<Vec<_>>();
    let release = format!("release {}", folded(&all, PATTERNS_MAX));
    let context = Prose::new().text("to let them go: ").piece(literal(&release)).done();
    Message {
        summary: summary(format!("{} held", servers(names.len()))),
        blocks: vec![Block::Section(prose.done()), Block::Context(context)],
    }
}

/// Servers are let go.
#[must_use]
pub fn released(names: &[ServerName]) -> Message {
    if names.is_empty() {
        let line = "None of these servers is held. Nothing has changed.";
        return Message::of_text(line, Prose::new().text(line).done());
    }
    let prose = Prose::new().code(folded(names, PATTERNS_MAX));
    let prose = prose.text(format!(" {} released. What waited starts by itself when it is safe.", is_are(names.len())));
    Message::of_text(summary(format!("{} released", servers(names.len()))), prose.done())
}

/// A request starts no more until it is released.
#[must_use]
pub fn paused(request: &Request) -> Message {
    let id = request.id();
    let prose =
        Prose::new().text(format!("{id} is ")).bold("held").text(": it starts no more, and what it began goes on.");
    let context = Prose::new().text("to let it go on: ").piece(literal(&format!("release {id}"))).done();
    let blocks = vec![Block::Section(prose.done()), Block::Context(context)];
    Message { summary: summary(format!("{id} is held")), blocks }
}

/// A request that somebody else may hold.
#[must_use]
pub fn may_not_hold(request: &Request) -> Message {
    let (name, verb) = (quoted(&request.requester_name), request.spec.name.as_str());
    let could = format!("{name}, or by somebody who may {verb} the same servers in its channel");
    let line = format!("{} can be held and released by {could}. Nothing has changed.", request.id());
    Message::of_text(summary(&line), Prose::new().text(line).done())
}

/// Somebody holds the request already.
#[must_use]
pub fn paused_already(id: &RequestId, brake: &Brake) -> Message {
    let prose = Prose::new().text(format!("{id} is held already, by {} since ", quoted(&brake.name))).time(brake.since);
    let prose = prose.text(": ").code(&brake.why).text(". Nothing has changed.");
    Message::of_text(summary(format!("{id} is held already. Nothing has changed.")), prose.done())
}

/// The request goes on.
#[must_use]
pub fn unpaused(id: &RequestId) -> Message {
    let line = format!("{id} is released. It goes on by itself when it is safe.");
    Message::of_text(summary(&line), Prose::new().text(line).done())
}

/// Nobody holds the request.
#[must_use]
pub fn not_paused(id: &RequestId) -> Message {
    let line = format!("{id} is not held. Nothing has changed.");
    Message::of_text(summary(&line), Prose::new().text(line).done())
}
