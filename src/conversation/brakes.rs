//! What people have stopped, and that it goes on: answers, the notice to everybody, the line on a card.
//!
//! Deliberately absent: who may, and what exactly is stopped; admission and the workflow say that.

use super::direct::row;
use super::forms::why_button;
use super::help::literal;
use super::message::{Block, Message, Piece, Rich};
use super::words::{Prose, capital, counted, quoted, servers, summary};
use crate::admission::{Brake, BrakeEnd, BrakeKind, RESUME_ALONE_AFTER};
use crate::domain::ids::{Handle, RequestId};
use crate::domain::intent::BuiltInVerb;
use crate::domain::time::{Timestamp, spoken};
use crate::workflow::request::{Blocker, Request};

/// How much a brake stands in the way of, when it is put on or goes off.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Affected {
    /// How many servers it covers.
    pub covered: usize,
    /// The open requests of which it keeps something from starting, or covers something at work, the oldest first.
    pub requests: Vec<AffectedRequest>,
}

/// One request of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AffectedRequest {
    /// It.
    pub id: RequestId,
    /// How much of it has not started and is kept from it.
    pub waiting: usize,
    /// How many of its servers are at work there.
    pub at_work: usize,
}

impl Affected {
    /// How much is kept from starting, and of how many requests.
    fn waits(&self) -> (usize, usize) {
        let waiting = self.requests.iter().map(|one| one.waiting).filter(|waiting| *waiting > 0);
        waiting.fold((0, 0), |(all, requests), waiting| (all + waiting, requests + 1))
    }

    fn at_work(&self) -> usize {
        self.requests.iter().map(|one| one.at_work).sum()
    }
}

/// Whether something was done, or is only looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tense {
    /// It was done.
    Is,
    /// It would be.
    Would,
}

/// The most requests that are told one by one.
const REQUESTS_MAX: usize = 3;

/// `req-2mq9 (3), req-2mk4 (1)`; the count alone says as much where there is one.
fn which(affected: &Affected, count: fn(&AffectedRequest) -> usize) -> String {
    let touched = affected.requests.iter().filter(|one| count(one) > 0).collect::<Vec<_>>();
    if let [one] = touched.as_slice() {
        return one.id.to_string();
    }
    let told = touched.iter().take(REQUESTS_MAX).map(|one| format!("{} ({})", one.id, count(one)));
    let hidden = touched.len().saturating_sub(REQUESTS_MAX);
    told.chain((hidden > 0).then(|| format!("+ {hidden} more"))).collect::<Vec<_>>().join(", ")
}

/// What waits by a brake, or would: `3 servers wait for it, of 2 requests: req-2mq9 (2), req-2mk4 (1).`
pub(super) fn waits(affected: &Affected, tense: Tense, for_it: &str) -> String {
    let (waiting, requests) = affected.waits();
    let verb = match (tense, waiting) {
        (Tense::Would, _) => "would wait",
        (Tense::Is, 1) => "waits",
        (Tense::Is, _) => "wait",
    };
    if requests == 0 {
        let verb = if tense == Tense::Would { "would wait" } else { "waits" };
        return format!("No request {verb}{for_it} now.");
    }
    let (servers, of) = (capital(&servers(waiting)), counted(requests, "request"));
    format!("{servers} {verb}{for_it}, of {of}: {}.", which(affected, |one| one.waiting))
}

/// What a brake keeps from starting, and would not any more: `3 servers that wait for it would go on when nothing else keeps
/// them, of 2 requests: req-2mq9 (2), req-2mk4 (1).`
pub(super) fn would_go_on(affected: &Affected) -> String {
    let (waiting, requests) = affected.waits();
    if requests == 0 {
        return "No request waits for it now.".to_owned();
    }
    let (verb, them) = if waiting == 1 { ("waits", "it") } else { ("wait", "them") };
    let (servers, of) = (capital(&servers(waiting)), counted(requests, "request"));
    let which = which(affected, |one| one.waiting);
    format!("{servers} that {verb} for it would go on when nothing else keeps {them}, of {of}: {which}.")
}

/// What becomes of what is at work: of one, and of more.
pub(super) struct Fate {
    verb: &'static str,
    rest: (&'static str, &'static str),
}

/// It ends where it may be left.
const TO_A_SAFE_POINT: Fate = Fate { verb: "go", rest: ("to a safe point", "to a safe point") };
/// It ends by itself.
pub(super) const TO_ITS_END: Fate = Fate { verb: "go", rest: ("to its end", "to their end") };
/// It is neither changed nor returned.
pub(super) const AS_IT_IS: Fate = Fate { verb: "stay", rest: ("as it is", "as they are") };

/// What is at work where a brake covers, and becomes of it: ` 2 servers at work go to their end: req-2mq9.`
pub(super) fn at_work(affected: &Affected, tense: Tense, fate: &Fate) -> String {
    let (count, verb) = (affected.at_work(), fate.verb);
    let becomes = match (tense, count) {
        (_, 0) => return String::new(),
        (Tense::Would, _) => format!("would {verb}"),
        (Tense::Is, 1) if verb == "go" => "goes".to_owned(),
        (Tense::Is, 1) => format!("{verb}s"),
        (Tense::Is, _) => verb.to_owned(),
    };
    let rest = if count == 1 { fate.rest.0 } else { fate.rest.1 };
    format!(" {} at work {becomes} {rest}: {}.", capital(&servers(count)), which(affected, |one| one.at_work))
}

/// `🛑 everything is stopped by bob since 14:05: why`.
pub(super) fn stopped(stop: &Brake) -> Rich {
    let prose = Prose::new().text("🛑 ").bold(stopped_words(stop)).text(format!(" by {} since ", quoted(&stop.name)));
    with_why(prose.time(stop.since), &stop.why).done()
}

/// How firmly.
fn stopped_words(stop: &Brake) -> &'static str {
    if is_hard(stop) { "Everything is stopped hard" } else { "Everything is stopped" }
}

pub(super) fn is_hard(stop: &Brake) -> bool {
    stop.kind == BrakeKind::HARD_STOP
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

/// What a hard stop says besides.
const STANDS_STILL: &str =
    "Nothing is given back either: what is out stays as it is. What is being sent just now may still arrive.";

/// Everything is stopped from now on; to whoever stopped it.
#[must_use]
pub fn stop_took_hold(stop: &Brake, affected: &Affected) -> Message {
    let (headline, hard) = (stopped_words(stop), is_hard(stop));
    let prose = Prose::new().text("🛑 ").bold(headline).text(". Nothing starts that changes a server.").line();
    let prose = if hard { prose.text(STANDS_STILL).line() } else { prose };
    let prose = stopped_by_it(prose, affected, (Tense::Is, hard));
    Message {
        summary: summary(format!("🛑 {headline}, nothing starts that changes a server")),
        blocks: vec![Block::Section(prose.done()), Block::Context(how_to_resume(stop))],
    }
}

/// What a stop of everything keeps from starting, and what becomes of the rest.
fn stopped_by_it(prose: Prose, affected: &Affected, (tense, hard): (Tense, bool)) -> Prose {
    let prose = prose.text(waits(affected, tense, ""));
    prose.text(at_work(affected, tense, if hard { &AS_IT_IS } else { &TO_A_SAFE_POINT }))
}

/// What a stop of everything would do; nothing is done.
#[must_use]
pub fn stop_would(affected: &Affected, line: &str, hard: bool) -> Message {
    let headline = "Plan: stop everything";
    let prose = Prose::new().bold(headline).text(" · nothing is done yet").line();
    let prose = prose.text("Nothing would start that changes a server.").line();
    let prose = if hard { prose.text("Nothing would be given back either.").line() } else { prose };
    let prose = stopped_by_it(prose, affected, (Tense::Would, hard));
    let context = Prose::new().text("to do it: ").piece(literal(line)).done();
    Message { summary: summary(headline), blocks: vec![Block::Section(prose.done()), Block::Context(context)] }
}

/// The notice to everybody; edited when it is over.
#[must_use]
pub fn stop_notice(stop: &Brake, end: Option<&BrakeEnd>, (resume, hard): (Option<&Handle>, bool)) -> Message {
    let by = quoted(&stop.name);
    if let Some(end) = end {
        let prose = Prose::new().text("✅ ").time(end.at).text(" · ").bold("Everything goes on").text(", resumed by ");
        let prose = prose.text(quoted(&end.name)).text(": ").code(&end.why).line();
        let prose = with_why(prose.text(format!("Stopped by {by} from ")).time(stop.since), &stop.why);
        let line = format!("✅ everything goes on, resumed by {}: {}", quoted(&end.name), quoted(&end.why));
        return Message { summary: summary(line), blocks: vec![Block::Section(prose.done())] };
    }
    let prose = Prose::new().rich(stopped(stop)).line();
    let rest = match hard {
        false => "What was begun is proved to its end; drained servers return.",
        true => STANDS_STILL,
    };
    let prose = prose.text(format!("Nothing starts that changes a server. {rest}"));
    let reason = if stop.why.is_empty() { String::new() } else { format!(": {}", quoted(&stop.why)) };
    let mut blocks = vec![Block::Section(prose.done()), Block::Context(how_to_resume(stop))];
    blocks.extend(row(resume.map(|handle| why_button("Let it go on", handle))));
    Message { summary: summary(format!("🛑 {} by {by}{reason}", stopped_words(stop).to_lowercase())), blocks }
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
pub fn go_on(stop: &Brake, affected: &Affected) -> Message {
    let headline = "Everything goes on";
    let prose = Prose::new().text("✅ ").bold(headline).text(format!(". It was stopped by {} at ", quoted(&stop.name)));
    let prose = prose.time(stop.since).text(".").line();
    let prose = match affected.waits().1 {
        0 => prose.text("No request was waiting."),
        1 => prose.text("1 request starts by itself when it is safe."),
        more => prose.text(format!("{more} requests start by themselves when it is safe.")),
    };
    Message::of_text(summary(format!("✅ {headline}")), prose.done())
}

/// Everything would go on.
#[must_use]
pub fn resume_would(stop: &Brake, affected: &Affected, line: &str) -> Message {
    let headline = "Plan: resume everything";
    let prose = Prose::new().bold(headline).text(" · nothing is done yet").line().rich(stopped(stop)).line();
    let prose = match affected.waits() {
        (_, 0) => prose.text("No request waits for it now."),
        (waiting, requests) => {
            let (servers, of) = (capital(&servers(waiting)), counted(requests, "request"));
            let which = which(affected, |one| one.waiting);
            prose.text(format!("{servers} would start when it is safe, of {of}: {which}."))
        }
    };
    let context = Prose::new().text("to do it: ").piece(literal(line)).done();
    Message { summary: summary(headline), blocks: vec![Block::Section(prose.done()), Block::Context(context)] }
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
