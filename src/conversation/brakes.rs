//! What people have stopped, and that it goes on: answers, the notice to everybody, the line on a card.
//!
//! Deliberately absent: who may, and what exactly is stopped; admission and the workflow say that.

use super::help::literal;
use super::message::{Block, Message, Piece, Rich};
use super::words::{Prose, capital, counted, quoted, servers, summary};
use crate::admission::{Brake, BrakeEnd, RESUME_ALONE_AFTER};
use crate::domain::intent::BuiltInVerb;
use crate::domain::time::{Timestamp, spoken};
use crate::workflow::request::{Blocker, Request};

/// How much a brake stands in the way of, when it is put on or goes off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Affected {
    /// Open requests that it keeps from starting more.
    pub requests: usize,
    /// Their servers that have not started.
    pub waiting: usize,
    /// Servers that are at work.
    pub at_work: usize,
}

/// `🛑 everything is stopped by bob since 14:05: why`.
pub(super) fn stopped(stop: &Brake) -> Rich {
    let prose =
        Prose::new().text("🛑 ").bold("Everything is stopped").text(format!(" by {} since ", quoted(&stop.name)));
    with_why(prose.time(stop.since), &stop.why).done()
}

pub(super) fn with_why(prose: Prose, why: &str) -> Prose {
    if why.is_empty() { prose.text(", no reason given") } else { prose.text(": ").code(why) }
}

/// How it goes on, in one line.
pub(super) fn how_to_resume(stop: &Brake) -> Rich {
    let alone = stop.since.plus(RESUME_ALONE_AFTER);
    Prose::new()
        .text("to go on: ")
        .piece(literal("resume everything because …"))
        .text(format!(", by another person, or by {} from ", quoted(&stop.name)))
        .time(alone)
        .done()
}

/// Everything is stopped from now on; to whoever stopped it.
#[must_use]
pub fn stop_took_hold(stop: &Brake, affected: Affected) -> Message {
    let headline = "Everything is stopped";
    let mut prose = Prose::new().text("🛑 ").bold(headline).text(". Nothing starts that changes a server.").line();
    prose = match (affected.requests, affected.waiting) {
        (0, _) => prose.text("No request was waiting."),
        (requests, waiting) => {
            let verb = if waiting == 1 { "waits" } else { "wait" };
            prose.text(format!("{} {verb}, of {}.", capital(&servers(waiting)), counted(requests, "request")))
        }
    };
    if affected.at_work > 0 {
        let verb = if affected.at_work == 1 { "goes" } else { "go" };
        prose = prose.text(format!(" {} at work {verb} to a safe point.", servers(affected.at_work)));
    }
    Message {
        summary: summary(format!("🛑 {headline}, nothing starts that changes a server")),
        blocks: vec![Block::Section(prose.done()), Block::Context(how_to_resume(stop))],
    }
}

/// The notice to everybody; edited when it is over.
#[must_use]
pub fn stop_notice(stop: &Brake, end: Option<&BrakeEnd>) -> Message {
    let by = quoted(&stop.name);
    if let Some(end) = end {
        let prose = Prose::new().text("✅ ").time(end.at).text(" · ").bold("Everything goes on").text(", resumed by ");
        let prose = prose.text(quoted(&end.name)).text(": ").code(&end.why).line();
        let prose = with_why(prose.text(format!("Stopped by {by} from ")).time(stop.since), &stop.why);
        let line = format!("✅ everything goes on, resumed by {}: {}", quoted(&end.name), quoted(&end.why));
        return Message { summary: summary(line), blocks: vec![Block::Section(prose.done())] };
    }
    let prose = Prose::new().rich(stopped(stop)).line();
    let prose = prose
        .text("Nothing starts that changes a server. What was begun is proved to its end; drained servers return.");
    let reason = if stop.why.is_empty() { String::new() } else { format!(": {}", quoted(&stop.why)) };
    Message {
        summary: summary(format!("🛑 everything is stopped by {by}{reason}")),
        blocks: vec![Block::Section(prose.done()), Block::Context(how_to_resume(stop))],
    }
}

/// A second stop changes nothing.
#[must_use]
pub fn stopped_already(stop: &Brake) -> Message {
    let prose = Prose::new().rich(stopped(stop)).line().text("It was stopped before you asked. Nothing has changed.");
    Message {
        summary: summary(format!("🛑 everything is stopped already, by {}", quoted(&stop.name))),
        blocks: vec![Block::Section(prose.done()), Block::Context(how_to_resume(stop))],
    }
}

/// Everything goes on; to whoever resumed it.
#[must_use]
pub fn go_on(stop: &Brake, affected: Affected) -> Message {
    let headline = "Everything goes on";
    let prose = Prose::new().text("✅ ").bold(headline).text(format!(". It was stopped by {} at ", quoted(&stop.name)));
    let prose = prose.time(stop.since).text(".").line();
    let prose = match affected.requests {
        0 => prose.text("No request was waiting."),
        1 => prose.text("1 request starts by itself when it is safe."),
        more => prose.text(format!("{more} requests start by themselves when it is safe.")),
    };
    Message::of_text(summary(format!("✅ {headline}")), prose.done())
}

/// Nothing is stopped, so nothing can be resumed.
#[must_use]
pub fn not_stopped() -> Message {
    let prose = Prose::new().text("Nothing is stopped as a whole. Nothing has changed.").line();
    let prose = prose.text("To see what waits, and why: ").piece(literal(BuiltInVerb::Status.word()));
    Message::of_text("Nothing is stopped as a whole. Nothing has changed.", prose.done())
}

/// Whoever stopped everything may not resume it alone yet.
#[must_use]
pub fn not_alone_yet(stop: &Brake, from: Timestamp) -> Message {
    let line = "To go on after your own stop takes another person";
    let prose = Prose::new().bold(line).text(", or ").text(spoken(RESUME_ALONE_AFTER));
    let prose = prose.text(": you may from ").time(from).text(". Nothing has changed.").line();
    let prose = prose.text("Stopped by ").text(quoted(&stop.name)).text(" at ").time(stop.since).text(".");
    Message::of_text(summary(format!("{line}. Nothing has changed.")), prose.done())
}

/// In that channel nobody may ask for work, so nobody may stop it or let it go on there.
#[must_use]
pub fn may_not_stop(channel_name: &str) -> Message {
    let place = super::refusal::place(channel_name);
    let headline = format!("Everything cannot be stopped or resumed {place}");
    let prose = Prose::new().text("🚫 ").bold(headline.as_str()).line();
    let prose = prose.text("No policy lets anybody ask for work here. Nothing has changed.").line();
    let prose = prose.text("Send it in a channel where work is asked for, or in a shell: ");
    let prose = prose.piece(Piece::Code("wrasse stop-everything".to_owned()));
    Message::of_text(summary(format!("🚫 refused: {headline}")), prose.done())
}

/// A card says that everything is stopped, unless that stands among its reasons already, or it is over.
#[must_use]
pub fn marked_stopped(mut card: Message, request: &Request, stop: Option<&Brake>) -> Message {
    let is_told = request.blockers.iter().any(|blocker| matches!(blocker, Blocker::Stopped { .. }));
    let Some(stop) = stop.filter(|_| !is_told && !request.is_over() && !request.spec.only_looks()) else { return card };
    if let Some(Block::Section(text)) = card.blocks.first_mut() {
        let marked = Prose::new().rich(std::mem::take(text)).line().rich(stopped(stop));
        *text = marked.done();
    }
    card
}
