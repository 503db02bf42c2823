//! What whoever asked for a request is told in person, because it needs them; with the way to its thread.
//!
//! Deliberately absent: when, and the words that a thread or the incident channel has already.

use super::card::ended_by;
use super::failure::question;
use super::incident::incident;
use super::message::{Block, Button, Message, Press, Style};
use super::progress::{at_the_worst, failure_lines};
use super::soaking::not_well;
use super::state::state;
use super::view::{RequestView, asked};
use super::words::{Prose, quoted, servers, size, summary};
use crate::domain::ids::Handle;
use crate::workflow::request::HaltCause;
use crate::workflow::run::{Answer, Run};
use std::collections::BTreeMap;

/// The most kinds of failure that are told one by one.
const FAILURES_MAX: usize = 2;

/// A question about one of its runs, with the buttons that answer it; once answered, what was said.
#[must_use]
pub fn question_direct(
    view: RequestView<'_>,
    run: &Run,
    handles: &BTreeMap<Answer, Handle>,
    link: Option<&str>,
) -> Message {
    let mut message = question(view, run, handles);
    let of = Prose::new().text(format!("{}: {}", view.request.id(), asked(view.request)));
    message.blocks.push(Block::Context(of.done()));
    message.blocks.extend(row(link.map(open_thread)));
    message
}

/// It has left servers out of production, and goes on.
#[must_use]
pub fn left_out_direct(view: RequestView<'_>, link: Option<&str>) -> Message {
    let mut message = incident(view, link);
    if view.request.is_over() {
        let over = Prose::new().text("The request is over; its last reply says what to do with the rest.");
        message.blocks.insert(1.min(message.blocks.len()), Block::Context(over.done()));
    }
    message
}

/// It starts no more; once it is over, how it ended.
#[must_use]
pub fn halted_direct(view: RequestView<'_>, link: Option<&str>) -> Message {
    let (request, tally, state) = (view.request, view.tally(), state(view));
    let (id, what) = (request.id(), asked(request));
    if request.is_over() {
        let line = format!("{} {id} is over: {}", state.sign(), state.word(tally));
        let prose = ended_by(Prose::new().bold(line.as_str()), &request.stage);
        let prose = prose.line().text("Its last reply in the thread says what to do with the rest.");
        return with_link(Message::of_text(summary(line), prose.done()), link);
    }
    let line = format!("✋ {id} is halted: {what}");
    let prose = Prose::new().bold(line.as_str()).line();
    let prose = match request.halted.as_ref().map(|halt| (halt.at, &halt.cause)) {
        Some((at, HaltCause::Failures(count))) => {
            let (failed, limit) = (servers(size(*count)), request.spec.waves.stop_when_failures_exceed);
            let worst = at_the_worst(tally).map_or_else(String::new, |worst| format!(", {worst}"));
            prose.text(format!("{failed} failed, limit {limit}{worst} · ")).time(at)
        }
        Some((at, HaltCause::Revoked(why) | HaltCause::NotNeeded(why))) => {
            prose.text(format!("{} · ", quoted(why))).time(at)
        }
        Some((at, HaltCause::Unwell(unwell))) => prose.rich(not_well(view, unwell)).text(" · ").time(at),
        None => prose,
    };
    let prose = failure_lines(view, FAILURES_MAX).into_iter().fold(prose, |prose, line| prose.line().rich(line));
    let prose = prose.line().text("It starts no more by itself. What is at work goes on.");
    with_link(Message::of_text(summary(line), prose.done()), link)
}

fn with_link(mut message: Message, link: Option<&str>) -> Message {
    message.blocks.extend(row(link.map(open_thread)));
    message
}

pub(super) fn open_thread(link: &str) -> Button {
    let press = Press::Open(link.to_owned());
    Button { label: "Open thread".to_owned(), press, style: Style::Plain, confirm: None }
}

/// These buttons in a row, if there is any.
pub(super) fn row(buttons: impl IntoIterator<Item = Button>) -> Option<Block> {
    let buttons = buttons.into_iter().collect::<Vec<_>>();
    (!buttons.is_empty()).then_some(Block::Actions(buttons))
}
