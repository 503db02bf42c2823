//! Short private answers: what was not done and why, and what to do instead.
//!
//! Deliberately absent: refusals by policy and misunderstandings of a line, which have files of their own.

use super::message::{Block, Message, Rich};
use super::refusal::standing_words;
use super::review::decided_shortly;
use super::state::{State, state};
use super::view::RequestView;
use super::words::{Prose, button, capital, clock, counted, listed, quoted, summary};
use crate::domain::command::{CommandSpec, Targets};
use crate::domain::identity::Standing;
use crate::domain::ids::{Handle, RequestId, RunId};
use crate::domain::server::{ServerName, ServerType};
use crate::domain::time::Timestamp;
use crate::fleet::folded;
use crate::workflow::request::{Request, RequestStage, Retried};
use std::collections::BTreeSet;

fn of(text: Rich) -> Message {
    let line = super::plain::line(&text);
    Message::of_text(summary(line), text)
}

fn said(text: impl AsRef<str>) -> Message {
    of(Prose::new().text(text).done())
}

/// The state of a request alone, as far as it can be told without its runs.
fn alone(request: &Request, now: Timestamp) -> (State, String) {
    let view = RequestView { request, runs: &[], impacts: &[], now };
    (state(view), short_word(view))
}

/// How a request stands, in a word without counts.
pub(super) fn short_word(view: RequestView<'_>) -> String {
    let state = state(view);
    if state == State::DoneWithFailures { "done with failures".to_owned() } else { state.word(view.tally()) }
}

/// A cancel of something that is over or stopping already.
#[must_use]
pub fn cancelled_already(request: &Request, now: Timestamp) -> Message {
    let id = request.id();
    let prose = match &request.stage {
        RequestStage::Stopping { name, at, .. } => {
            let prose = Prose::new().text(format!("{id} is stopping already: {} asked at ", quoted(name))).time(*at);
            prose.text(". Nothing new starts.")
        }
        RequestStage::Ended { at, .. } => {
            let (_, word) = alone(request, now);
            Prose::new().text(format!("{id} is over since ")).time(*at).text(format!(": {word}. Nothing has changed."))
        }
        RequestStage::Announced | RequestStage::NeedsApproval | RequestStage::Queued | RequestStage::Running => {
            let (_, word) = alone(request, now);
            Prose::new().text(format!("{id} is {word}. Nothing has changed."))
        }
    };
    of(prose.done())
}

/// No request of that id.
#[must_use]
pub fn no_such_request(id: &RequestId) -> Message {
    said(format!("There is no {id}. The id stands on the request's card, first line. Nothing has changed."))
}

/// A retry of a request that is not over: what is left of it is not known yet.
#[must_use]
pub fn not_over_yet(view: RequestView<'_>) -> Message {
    let (id, state) = (view.request.id(), state(view));
    let word = state.word(view.tally());
    let prose =
        Prose::new().text(format!("{id} is not over: {word}. It can be retried once it is. Nothing has changed."));
    let prose = if state == State::NeedsPerson {
        prose.line().text("First say in its thread what happened.")
    } else if state == State::Stopping {
        prose
    } else {
        prose.line().text("To end it: ").code(format!("cancel {id}"))
    };
    of(prose.done())
}

/// A second retry of a request: what was left then is the new one's.
#[must_use]
pub fn retried_before(id: &RequestId, retried: &Retried) -> Message {
    let anew = &retried.request;
    let prose = Prose::new().text(format!("{id} was retried by {} at ", quoted(&retried.name))).time(retried.at);
    let prose = prose.text(format!(", as {anew}. Nothing has changed.")).line();
    of(prose.text(format!("What {anew} leaves is retried with ")).code(format!("retry {anew}")).done())
}

/// A retry of a request that has done all of it.
#[must_use]
pub fn nothing_left(id: &RequestId) -> Message {
    said(format!("{id} left nothing undone. Nothing has changed."))
}

/// No run of that id.
#[must_use]
pub fn no_such_run(id: &RunId) -> Message {
    let prose =
        Prose::new().text(format!("There is no {id}. Those of its request: ")).code(format!("why {}", id.request));
    of(prose.done())
}

/// A cancel by somebody who may not.
#[must_use]
pub fn may_not_cancel(request: &Request) -> Message {
    let (name, verb) = (quoted(&request.requester_name), request.spec.name.as_str());
    let could = format!("{name}, or somebody who may {verb} the same servers in its channel");
    said(format!("{} can be cancelled by {could}. Nothing has changed.", request.id()))
}

/// A cancel that was noted.
#[must_use]
pub fn cancel_confirmed(request: &Request, is_stopped_hard: bool) -> Message {
    let id = request.id();
    if request.started_at.is_none() {
        return said(format!("{id} is cancelled. Nothing has started, and nothing runs later."));
    }
    let when = if is_stopped_hard { ", once everything is stopped hard no more" } else { "" };
    said(format!(
        "{id} is stopping. Nothing new starts; what is in flight goes to a safe point, drained servers return{when}."
    ))
}

/// What a cancel would do.
#[must_use]
pub fn cancel_planned(request: &Request) -> Message {
    let id = request.id();
    let prose = match request.started_at {
        None => {
            Prose::new().text(format!("{id} would be cancelled: nothing has started, and nothing would run later."))
        }
        Some(_) => Prose::new().text(format!(
            "{id} would stop: nothing new starts; what is in flight goes to a safe point, drained servers return."
        )),
    };
    of(prose.line().text("To do it: ").code(format!("cancel {id}")).done())
}

/// The bot is not in this channel.
#[must_use]
pub fn wrong_place(bot_name: &str) -> Message {
    let bot = quoted(bot_name);
    let prose =
        Prose::new().text("I am not in this channel, so I cannot keep a card here. Nothing has started.").line();
    of(prose
        .text("Type ")
        .code(format!("/invite @{}", bot.trim_start_matches('@')))
        .text(" and send the line again.")
        .done())
}

/// A message was edited into a line.
#[must_use]
pub fn edited() -> Message {
    said("I do not act on edited messages. Nothing has started. Send it as a new one.")
}

/// A line that arrived long after it was sent.
#[must_use]
pub fn late(sent_at: Timestamp, run_now: &Handle, forget: &Handle) -> Message {
    let text = Prose::new().text("You sent this at ").time(sent_at).text(", while I was away. Nothing has started.");
    let buttons = vec![button("Run it now", "line.run", run_now).primary(), button("Forget it", "line.forget", forget)];
    let line = format!("You sent a line at {}, while I was away. Nothing has started.", clock(sent_at));
    Message { summary: summary(line), blocks: vec![Block::Section(text.done()), Block::Actions(buttons)] }
}

/// A button whose time is over.
#[must_use]
pub fn old_button(request: Option<&Request>) -> Message {
    let Some(request) = request else {
        return said("This button is no longer in use. Nothing has changed.");
    };
    let prose = Prose::new().text(format!("The card of {} is from ", request.id())).time(request.accepted_at);
    let decided = decided_shortly(request).filter(|_| request.need.is_some());
    let prose = match (&request.stage, decided) {
        (RequestStage::Ended { at, .. }, _) => {
            let (_, word) = alone(request, *at);
            prose.text(format!(". It is over: {word} at ")).time(*at).text(".")
        }
        (_, Some(decided)) => prose.text(format!(" and was decided then: {decided}.")),
        (_, None) => {
            let (_, word) = alone(request, request.accepted_at);
            prose.text(format!(". It is {word}."))
        }
    };
    of(prose.text(" Nothing has changed.").done())
}

/// The same button was pressed before.
#[must_use]
pub fn pressed_before() -> Message {
    said("This was pressed before. Nothing happened a second time.")
}

/// Guests, strangers, bots and accounts that are switched off.
#[must_use]
pub fn not_a_member(standing: Standing) -> Message {
    said(format!("{}. Nothing has started.", standing_words(standing)))
}

/// More servers or sites than the command takes at once; `noun` is one of them.
#[must_use]
pub fn too_many(asked: usize, noun: &str, max: u32) -> Message {
    said(format!("You asked for {}, at most {max} fit one request. Nothing has started.", counted(asked, noun)))
}

/// A policy requires a reason for a command that takes none: refused, since nobody could give it.
#[must_use]
pub fn no_reason_possible(command: &CommandSpec) -> Message {
    let (verb, owner) = (&command.name, &command.owner);
    said(format!(
        "A policy requires a reason here, and {verb} takes none. Nothing has started. Tell {owner}, who own it."
    ))
}

/// Servers of a type that the command does not support.
#[must_use]
pub fn wrong_type(command: &CommandSpec, servers: &[(ServerName, ServerType)]) -> Message {
    let verb = command.name.as_str();
    let names = servers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let found = servers.iter().map(|(_, kind)| kind.as_str()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    let prose = Prose::new().text(format!("{} does not work on {}: ", capital(verb), listed(&found, "or")));
    let prose = prose
        .code(folded(&names, super::words::PATTERNS_MAX))
        .text(format!(" ({}).", super::words::servers(names.len())));
    let prose = match &command.targets {
        Targets::Servers { types, .. } => {
            let types = types.iter().map(ServerType::as_str).collect::<Vec<_>>();
            prose.line().text(format!("It works on {}. Nothing has started.", listed(&types, "and")))
        }
        Targets::Sites { .. } | Targets::None => prose.line().text("It takes no servers. Nothing has started."),
    };
    of(prose.done())
}

/// Something we must ask does not answer, e.g. `the directory`.
#[must_use]
pub fn unavailable(what: &str) -> Message {
    let what = capital(&quoted(what));
    said(format!(
        "{what} does not answer, so I cannot check who may do this. Nothing has started. Send it again in a minute."
    ))
}

/// A late line that was dropped on request.
#[must_use]
pub fn forgotten() -> Message {
    said("Forgotten. Nothing has started.")
}

/// A private button pressed by somebody else, or elsewhere.
#[must_use]
pub fn not_for_you() -> Message {
    said("This button was made for somebody else. Nothing has changed. Send your own line.")
}
