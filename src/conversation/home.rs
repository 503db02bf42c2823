//! A person's home: what waits for them, what is theirs, how the fleet stands, and what they were told in private.
//!
//! Deliberately absent: which buttons stand behind it, and when it is shown anew.

use super::brakes::stopped;
use super::calendars;
use super::card::review_with;
use super::forms::{OwnRequest, own_line, request_buttons};
use super::message::{Block, Message};
use super::restraints::on_in_short;
use super::status;
use super::words::{Prose, counted, quoted, summary};
use crate::admission::Brake;
use crate::admission::calendars::Planned;
use crate::domain::ids::Handle;
use crate::domain::time::Timestamp;
use crate::workflow::request::Request;
use crate::workflow::run::Run;

/// The most requests that are told one by one in each part.
const REQUESTS_MAX: usize = 5;
/// The most freezes and entries of the blacklist that are told one by one.
const FROZEN_MAX: usize = 3;

/// A private answer that a person got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// When; `None` if that was not kept.
    pub at: Option<Timestamp>,
    /// Its one line.
    pub summary: String,
}

/// What a home shows.
#[derive(Clone, Debug)]
pub struct HomeView<'a> {
    /// The stop of everything, if it is on.
    pub stop: Option<&'a Brake>,
    /// What is frozen or on the blacklist now, the oldest first.
    pub frozen: &'a [Brake],
    /// The freezes of the calendar that are on or come within a day.
    pub calendars: &'a [Planned],
    /// Requests on which the person may decide now, each with what opens its review.
    pub waiting: &'a [(Request, Handle)],
    /// The person's own requests: the open ones and the newest.
    pub yours: &'a [OwnRequest],
    /// How many servers serve, and of how many that stand in pools.
    pub serving: (u32, u32),
    /// Every request that is not over, with its runs, in the order they were accepted.
    pub open: &'a [(Request, Vec<Run>)],
    /// The last private answers, newest first.
    pub told: &'a [Told],
    /// What asks for something new.
    pub new: &'a Handle,
    /// What shows all that the person asked for lately.
    pub mine: &'a Handle,
    /// The time.
    pub now: Timestamp,
}

/// The home of a member.
#[must_use]
pub fn home(view: &HomeView<'_>) -> Message {
    let mut blocks = view.stop.map(|stop| Block::Section(stopped(stop))).into_iter().collect::<Vec<_>>();
    blocks.extend(waiting(view));
    blocks.push(Block::Section(yours(view)));
    let (serving, total) = view.serving;
    let fleet = Prose::new().bold("Fleet").text(format!(" · {serving} of {total} in service"));
    blocks.push(Block::Section(open(view, fleet)));
    blocks.extend(frozen(view.frozen).map(Block::Section));
    blocks.extend(calendars::planned(view.calendars, view.now).map(Block::Section));
    if !view.told.is_empty() {
        blocks.push(Block::Section(told(view.told)));
    }
    blocks.push(request_buttons(view.new, view.mine));
    blocks.push(Block::Context(Prose::new().text("as of ").time(view.now).done()));
    let line = format!("{} waiting for you, {} of yours", view.waiting.len(), view.yours.len());
    Message { summary: summary(line), blocks }
}

fn waiting(view: &HomeView<'_>) -> Vec<Block> {
    let head = Prose::new().bold("Waiting for you");
    if view.waiting.is_empty() {
        return vec![Block::Section(head.text(" · nothing").done())];
    }
    let mut blocks = vec![Block::Section(head.text(format!(" · {}", view.waiting.len())).done())];
    for (request, review) in view.waiting.iter().take(REQUESTS_MAX) {
        let line = Prose::new().text(status::told(request, &[], view.now)).dot().time(request.accepted_at);
        blocks.push(Block::Section(line.done()));
        blocks.push(Block::Actions(vec![review_with(review)]));
    }
    if let hidden @ 1.. = view.waiting.len().saturating_sub(REQUESTS_MAX) {
        blocks.push(Block::Context(Prose::new().text(counted(hidden, "more card")).text(" to review").done()));
    }
    blocks
}

fn yours(view: &HomeView<'_>) -> super::message::Rich {
    let prose = Prose::new().bold("Yours");
    if view.yours.is_empty() {
        return prose.text(" · nothing yet").done();
    }
    view.yours.iter().fold(prose, |prose, own| own_line(prose, own, view.now)).done()
}

/// `❄️ site=lax frozen by ana until 18:00: a live match`, a line each.
fn frozen(brakes: &[Brake]) -> Option<super::message::Rich> {
    let (first, others) = brakes.split_first()?;
    let shown = others.iter().take(FROZEN_MAX - 1);
    let prose = shown.fold(on_in_short(Prose::new(), first), |prose, brake| on_in_short(prose.line(), brake));
    Some(match brakes.len().saturating_sub(FROZEN_MAX) {
        0 => prose.done(),
        hidden => prose.line().text(format!("+ {hidden} more")).done(),
    })
}

/// The first in the queue come first: the others wait for them.
fn open(view: &HomeView<'_>, prose: Prose) -> super::message::Rich {
    let count = view.open.len();
    if count == 0 {
        return prose.text(" · no request is open").done();
    }
    let prose = prose.text(format!(" · {}", counted(count, "open request")));
    let lines = view.open.iter().take(REQUESTS_MAX);
    let prose = lines.fold(prose, |prose, (request, runs)| prose.line().text(status::told(request, runs, view.now)));
    match count.saturating_sub(REQUESTS_MAX) {
        0 => prose.done(),
        hidden => prose.line().text(format!("+ {hidden} more")).done(),
    }
}

fn told(told: &[Told]) -> super::message::Rich {
    let line = |prose: Prose, Told { at, summary }: &Told| {
        let prose = prose.line();
        let prose = match at {
            Some(at) => prose.time(*at).text(" · "),
            None => prose,
        };
        prose.text(quoted(summary))
    };
    told.iter().fold(Prose::new().bold("Answers you got"), line).done()
}
