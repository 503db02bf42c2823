//! Answers about what was stopped in one place: freezes, holds, the blacklist.
//!
//! Deliberately absent: the stop of everything (`brakes`), and the reasons on cards (`reasons`).

use super::brakes::{AS_IT_IS, Affected, TO_ITS_END, Tense, at_work, stopped, waits, with_why, would_go_on};
use super::help::literal;
use super::message::{Block, Message, Rich};
use super::words::{PATTERNS_MAX, Prose, is_are, quoted, servers, summary};
use crate::admission::{BlacklistLevel, Brake, BrakeKind};
use crate::domain::ids::RequestId;
use crate::domain::intent::BuiltInVerb;
use crate::domain::server::ServerName;
use crate::fleet::folded;
use crate::workflow::request::Request;
use std::collections::BTreeMap;

/// The most brakes that are told one by one.
const TOLD_MAX: usize = 3;

/// `site=lax`, `reboot on site=lax`, `edge-lax-001`, `req-2mq9`.
fn scope(kind: &BrakeKind) -> String {
    match kind {
        BrakeKind::Stop { .. } => "everything".to_owned(),
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
        BrakeKind::Stop { .. } => "resume everything because …".to_owned(),
        BrakeKind::Freeze { on } => format!("thaw {}", on.told()),
        BrakeKind::Hold { name, .. } => format!("release {name}"),
        BrakeKind::Pause { request } => format!("release {request}"),
        BrakeKind::Blacklist { on, command: Some(command), .. } => format!("unblacklist {} {command}", on.told()),
        BrakeKind::Blacklist { on, command: None, .. } => format!("unblacklist {}", on.told()),
    }
}

const fn deed(kind: &BrakeKind) -> &'static str {
    match kind {
        BrakeKind::Stop { .. } => "stopped",
        BrakeKind::Freeze { .. } => "frozen",
        BrakeKind::Hold { .. } | BrakeKind::Pause { .. } => "held",
        BrakeKind::Blacklist { .. } => "on the blacklist",
    }
}

/// How something is put on: whether it was, what that keeps from starting, and the line that does it.
#[derive(Clone, Copy)]
pub struct PutOn<'a> {
    /// Whether it was done.
    pub tense: Tense,
    /// What it stands in the way of.
    pub affected: &'a Affected,
    /// The line that does it.
    pub line: &'a str,
}

impl PutOn<'_> {
    /// `is`, `would be`.
    const fn is(self, count: usize) -> &'static str {
        match (self.tense, count) {
            (Tense::Would, _) => "would be",
            (Tense::Is, 1) => "is",
            (Tense::Is, _) => "are",
        }
    }

    /// With the line that ends it, or the one that would do it.
    fn message(self, told: &str, prose: Prose, (way, ending): (&str, &str)) -> Message {
        let (prose, context) = match self.tense {
            Tense::Is => (prose, Prose::new().text(way).piece(literal(ending))),
            Tense::Would => (
                Prose::new().bold("Plan").text(" · nothing is done yet").line().rich(prose.done()),
                Prose::new().text("to do it: ").piece(literal(self.line)),
            ),
        };
        Message { summary: summary(told), blocks: vec![Block::Section(prose.done()), Block::Context(context.done())] }
    }
}

/// Something is frozen or on the blacklist from now on, or would be, and what that keeps from starting.
#[must_use]
pub fn brake_took_hold(brake: &Brake, put_on: PutOn<'_>) -> Message {
    let PutOn { tense, affected, .. } = put_on;
    let (scope, deed, is) = (scope(&brake.kind), deed(&brake.kind), put_on.is(1));
    let mut prose = Prose::new().code(&scope).text(format!(" ({}) {is} ", servers(affected.covered))).bold(deed);
    if let Some(until) = brake.until {
        prose = prose.text(" until ").time(until);
    }
    prose = prose.text(".").line().text(waits(affected, tense, " for it"));
    prose = prose.text(at_work(affected, tense, &TO_ITS_END));
    if matches!(&brake.kind, BrakeKind::Blacklist { level: BlacklistLevel::Absolute, .. }) {
        prose = prose.text(" What it covers is left out.");
    }
    let told = format!("{} {is} {deed}", quoted(&scope));
    put_on.message(&told, prose, ("to end it sooner: ", &ending(&brake.kind)))
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

/// What is on, each in a line with the one that ends it: what was held together is one, and at most that many are told.
pub(super) fn standing(brakes: &[Brake], most: usize) -> Rich {
    let told = put_on_together(brakes);
    let mut prose = Prose::new();
    for (brake, names) in told.iter().take(most) {
        prose = one_standing(prose.line(), brake, Some(names.as_slice()).filter(|names| names.len() > 1));
    }
    match told.len().saturating_sub(most) {
        0 => prose.done(),
        hidden => {
            let line = format!("{} SERVERS", BuiltInVerb::Status.word());
            prose.line().text(format!("+ {hidden} more; ")).piece(literal(&line)).text(" tells of those there").done()
        }
    }
}

/// Each brake; of holds that were put on together the first, with the names of all of them.
fn put_on_together(brakes: &[Brake]) -> Vec<(&Brake, Vec<ServerName>)> {
    let mut told: Vec<(&Brake, Vec<ServerName>)> = Vec::new();
    let mut places = BTreeMap::new();
    for brake in brakes {
        match &brake.kind {
            BrakeKind::Hold { name, .. } => {
                let place = *places.entry((brake.since, &brake.name, &brake.why)).or_insert_with(|| {
                    told.push((brake, Vec::new()));
                    told.len() - 1
                });
                told.get_mut(place).into_iter().for_each(|(_, names)| names.push(name.clone()));
            }
            BrakeKind::Stop { .. }
            | BrakeKind::Freeze { .. }
            | BrakeKind::Pause { .. }
            | BrakeKind::Blacklist { .. } => {
                told.push((brake, Vec::new()));
            }
        }
    }
    told
}

/// `` ❄ `site=lax` frozen by ana since 14:05 until 18:00: `a live match` · `/fleet thaw site=lax` ``
fn one_standing(prose: Prose, brake: &Brake, together: Option<&[ServerName]>) -> Prose {
    let (scope, ending) = match together {
        Some(names) => {
            let names = folded(names, PATTERNS_MAX);
            (names.clone(), format!("release {names}"))
        }
        None => (scope(&brake.kind), ending(&brake.kind)),
    };
    let prose = match &brake.kind {
        BrakeKind::Stop { .. } => return prose.rich(stopped(brake)).text(" · ").piece(literal(&ending)),
        BrakeKind::Freeze { .. } | BrakeKind::Hold { .. } | BrakeKind::Pause { .. } | BrakeKind::Blacklist { .. } => {
            prose.text("❄ ").code(scope)
        }
    };
    let prose = prose.text(format!(" {} by {} since ", deed(&brake.kind), quoted(&brake.name))).time(brake.since);
    let prose = match brake.until {
        Some(until) => prose.text(" until ").time(until),
        None => prose,
    };
    with_why(prose, &brake.why).text(" · ").piece(literal(&ending))
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

/// What somebody would end, each with who put it on and why, and what would go on then.
#[must_use]
pub fn brakes_would_be_off(brakes: &[Brake], affected: &Affected, line: &str) -> Message {
    let mut prose = Prose::new().bold("Plan").text(" · nothing is done yet");
    for (brake, together) in put_on_together(brakes).into_iter().take(TOLD_MAX) {
        let names = (together.len() > 1).then(|| folded(&together, PATTERNS_MAX));
        let (is, scope) = (is_are(together.len().max(1)), names.unwrap_or_else(|| scope(&brake.kind)));
        prose = prose.line().code(scope).text(format!(" {is} {} by {} since ", deed(&brake.kind), quoted(&brake.name)));
        prose = prose.time(brake.since);
        if let Some(until) = brake.until {
            prose = prose.text(" until ").time(until);
        }
        prose = with_why(prose, &brake.why);
    }
    let prose = prose.line().text(would_go_on(affected));
    let context = Prose::new().text("to end it: ").piece(literal(line)).done();
    let told = summary("Plan: what would go on");
    Message { summary: told, blocks: vec![Block::Section(prose.done()), Block::Context(context)] }
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
pub fn held(names: &[ServerName], (before, by): (&[ServerName], Option<&Brake>), put_on: PutOn<'_>) -> Message {
    let PutOn { tense, affected, .. } = put_on;
    let mut prose = Prose::new();
    if !names.is_empty() {
        let (is, them) = (put_on.is(names.len()), if names.len() == 1 { "it" } else { "them" });
        prose = prose.code(folded(names, PATTERNS_MAX)).text(format!(" {is} ")).bold("held");
        prose = prose.text(match tense {
            Tense::Is => format!(": no work on {them} starts, and what runs there neither changes nor returns {them}."),
            Tense::Would => {
                format!(": no work on {them} would start, and what runs there would neither change nor return {them}.")
            }
        });
        prose = prose.line().text(waits(affected, tense, " for it"));
        prose = prose.text(at_work(affected, tense, &AS_IT_IS));
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
    let let_go = if all.len() == 1 { "to let it go: " } else { "to let them go: " };
    put_on.message(&format!("{} held", servers(names.len())), prose, (let_go, &release))
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

/// A request starts no more until it is released, or would not.
#[must_use]
pub fn paused(request: &Request, put_on: PutOn<'_>) -> Message {
    let (id, is) = (request.id(), put_on.is(1));
    let starts = match put_on.tense {
        Tense::Is => ": it starts no more, and what it began goes on.",
        Tense::Would => ": it would start no more, and what it began would go on.",
    };
    let mut prose = Prose::new().text(format!("{id} {is} ")).bold("held").text(starts).line();
    let affected = put_on.affected.requests.iter();
    let (waiting, at_work) = affected.fold((0, 0), |(all, busy), one| (all + one.waiting, busy + one.at_work));
    prose = prose.text(format!("{waiting} not started · {at_work} at work"));
    put_on.message(&format!("{id} {is} held"), prose, ("to let it go on: ", &format!("release {id}")))
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

/// The same is put on already, for longer or more firmly.
#[must_use]
pub fn braked_already(brake: &Brake) -> Message {
    let (scope, deed) = (scope(&brake.kind), deed(&brake.kind));
    let is_absolute = matches!(&brake.kind, BrakeKind::Blacklist { level: BlacklistLevel::Absolute, .. });
    let by = format!(" is {deed} already{}, by {}", if is_absolute { ", absolutely" } else { "" }, quoted(&brake.name));
    let prose = Prose::new().code(&scope).text(by);
    let prose = match brake.until {
        Some(until) => prose.text(" until ").time(until),
        None => prose,
    };
    let prose = with_why(prose, &brake.why).text(". Nothing has changed.").line();
    let prose = prose.text("To put less in its place, first: ").piece(literal(&ending(&brake.kind)));
    Message::of_text(summary(format!("{} is {deed} already. Nothing has changed.", quoted(&scope))), prose.done())
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
