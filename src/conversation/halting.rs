//! A halted request in the incident channel: one message from the halt to its end, and to whoever takes up what it left.
//!
//! Deliberately absent: servers that are out of production because of it, which are a matter of their own (`incident`).

use super::card::{ended_by, retried};
use super::direct::{open_thread, row};
use super::ending::retry_button;
use super::message::{Block, Message, Rich};
use super::progress::at_the_worst;
use super::soaking::not_well;
use super::state::state;
use super::view::{RequestView, asked, deed};
use super::words::{Prose, counted, quoted, servers, size, summary};
use crate::domain::intent::BuiltInVerb;
use crate::workflow::request::{Halt, HaltCause};

/// It starts nothing more; once it is over, how it ended and what is left.
#[must_use]
pub fn halt_notice(view: RequestView<'_>, link: Option<&str>) -> Message {
    let (request, id) = (view.request, view.request.id());
    let line = headline(view);
    let prose = match &request.retried {
        Some(retried) => Prose::new().text("✅ ").time(retried.at).text(" · "),
        None => Prose::new().text(format!("{} ", state(view).sign())),
    };
    let prose = prose.bold(line.as_str());
    let prose = if request.is_over() { ended_by(prose, &request.stage) } else { prose };
    let prose = request.halted.iter().fold(prose, |prose, halt| prose.line().rich(why(view, halt)));
    let prose = prose.line().rich(standing(view));
    let mut context = Prose::new().text(format!("{id} by {}", quoted(&request.requester_name)));
    if let Some(halt) = &request.halted {
        context = context.text(" · halted ").time(halt.at);
    }
    let mut blocks = vec![Block::Section(prose.done()), Block::Context(context.done())];
    let is_settled = request.retried.is_some();
    let buttons = retry_button(view).into_iter().chain(link.map(open_thread));
    blocks.extend(row(buttons).filter(|_| !is_settled));
    let sign = if is_settled { "✅" } else { state(view).sign() };
    Message { summary: summary(format!("{sign} {line}")), blocks }
}

fn headline(view: RequestView<'_>) -> String {
    let (request, id) = (view.request, view.request.id());
    match request.is_over() {
        true => format!("{id} is over: {}", state(view).word(view.tally())),
        false => format!("{id} is halted: {}", asked(request)),
    }
}

fn why(view: RequestView<'_>, halt: &Halt) -> Rich {
    match &halt.cause {
        HaltCause::Failures(count) => {
            let limit = view.request.spec.waves.stop_when_failures_exceed;
            let has_servers = view.request.plan.servers().next().is_some();
            let failed = if has_servers { servers(size(*count)) } else { counted(size(*count), "run") };
            let worst = at_the_worst(view.tally()).filter(|_| !view.request.is_over());
            let worst = worst.map_or_else(String::new, |worst| format!(", {worst}"));
            Prose::new().text(format!("Halted: {failed} failed, limit {limit}{worst}.")).done()
        }
        HaltCause::Revoked(why) | HaltCause::NotNeeded(why) => {
            Prose::new().text(format!("Halted: {}.", quoted(why))).done()
        }
        HaltCause::Unwell(of) => Prose::new().text("Halted: ").rich(not_well(view, of)).text(".").done(),
    }
}

/// What goes on, what is left, and the line that takes it up.
fn standing(view: RequestView<'_>) -> Rich {
    let (request, tally) = (view.request, view.tally());
    let done = format!("{} of {} {}, {} not started", tally.done, tally.all, deed(&request.spec), tally.untouched());
    let prose = match tally.active() {
        0 => Prose::new().text(format!("{done}.")),
        1 => Prose::new().text(format!("{done}; 1 at work finishes.")),
        more => Prose::new().text(format!("{done}; {more} at work finish.")),
    };
    if let Some(line) = retried(request) {
        return prose.line().rich(line).text(".").done();
    }
    let retry = format!("{} {}", BuiltInVerb::Retry.word(), request.id());
    match request.is_over() {
        true => prose.line().text("To go on with what is left: ").code(retry).done(),
        false => prose
            .line()
            .text("Nothing more of it starts. Once it is over, to go on with what is left: ")
            .code(retry)
            .done(),
    }
}
