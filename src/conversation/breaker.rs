//! Breakers in words: the message in the incident channel, and the answers to whoever closes one.
//!
//! Deliberately absent: when one opens or may be closed; admission says that.

use super::direct::{open_thread, row};
use super::forms::why_button;
use super::message::{Block, Message, Rich};
use super::progress::failure_phrase;
use super::reasons::scope_words;
use super::view::names_of;
use super::words::{PATTERNS_MAX, Prose, capital, clock, first_three, quoted, servers, summary};
use crate::admission::{Breaker, BreakerStanding, Canary, Closing, Tally};
use crate::domain::breaker::BreakerScope;
use crate::domain::command::CommandName;
use crate::domain::identity::GroupName;
use crate::domain::ids::Handle;
use crate::domain::intent::BuiltInVerb;
use crate::domain::server::{ServerName, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet::folded;
use crate::workflow::request::{BrokenUntil, Request};
use crate::workflow::run::{Run, RunStage};
use std::time::Duration;

/// A breaker with what is told of it.
#[derive(Clone, Copy, Debug)]
pub struct BreakerView<'a> {
    /// The breaker.
    pub breaker: &'a Breaker,
    /// The newest runs that failed, each with its request.
    pub failed: &'a [(Request, Run)],
    /// The group that answers for the command; `None` of one that is in no file any more.
    pub owner: Option<&'a GroupName>,
    /// The site that it is about, if about one.
    pub site: Option<&'a SiteName>,
    /// How long a canary is watched.
    pub soak: Duration,
    /// How many more are at work in its scope beside its canary, and may fail too.
    pub at_work: u32,
    /// Whether failures are only observed, so that nothing waits for it.
    pub is_observed: bool,
    /// The thread of the newest request that failed.
    pub thread_link: Option<&'a str>,
    /// The button that closes it.
    pub close: Option<&'a Handle>,
}

/// The message in the incident channel, from the opening of a breaker to its closing.
#[must_use]
pub fn breaker(view: BreakerView<'_>) -> Message {
    let BreakerView { breaker, .. } = view;
    if let Some(closing) = &breaker.closed {
        return closed(view, closing);
    }
    let headline = headline(view);
    let mut prose = Prose::new().text("✗ ").bold(headline.as_str());
    for line in failed_lines(view.failed) {
        prose = prose.line().rich(line);
    }
    for line in standing(view) {
        prose = prose.line().rich(line);
    }
    let mut blocks = vec![Block::Section(prose.done()), Block::Context(how_to_close(view))];
    let close = view.close.map(|handle| why_button("Close it", handle));
    blocks.extend(row(close.into_iter().chain(view.thread_link.map(open_thread))));
    Message { summary: summary(format!("✗ {headline}")), blocks }
}

/// `Reboot in lax stopped: 3 of the last 3 failed`; of one that is only observed not that it has stopped anything.
pub(super) fn headline(view: BreakerView<'_>) -> String {
    let BreakerView { breaker, is_observed, .. } = view;
    let failed = format!("{} of the last {}", breaker.failures, breaker.of);
    match (&breaker.scope, is_observed) {
        (BreakerScope::Server { command, server }, false) => {
            format!("Automations keep off {server}: {failed} times that they asked for {command} it failed")
        }
        (BreakerScope::Server { command, server }, true) => {
            format!("{server}: {failed} times that automations asked for {command} it failed")
        }
        (scope, false) => format!("{} stopped: {failed} failed", capital(&scope_words(scope))),
        (scope, true) => format!("{}: {failed} failed", capital(&scope_words(scope))),
    }
}

/// What it stops, how many more may fail all the same, and how its canary does.
pub(super) fn standing(view: BreakerView<'_>) -> Vec<Rich> {
    let breaker = view.breaker;
    let beside = breaker.elsewhere.map(|Tally { failures, of }| {
        Prose::new().text(format!("Elsewhere {failures} of {of} failed, which is far less.")).done()
    });
    let is_on_server = breaker.scope.server().is_some();
    let told = match view.at_work {
        _ if view.is_observed => "Failures are only observed: work of it goes on starting.".to_owned(),
        _ if is_on_server => "Nothing starts on it that an automation asks for; people may work on it.".to_owned(),
        0 => "Nothing more of it starts; nothing else of it is at work.".to_owned(),
        1 => "Nothing more of it starts; 1 more is at work, and may fail too.".to_owned(),
        more => format!("Nothing more of it starts; {more} more are at work, and may fail too."),
    };
    let has_canary = !is_on_server && (breaker.canary.is_some() || !view.is_observed);
    let told = Prose::new().text(told).done();
    beside.into_iter().chain([told]).chain(has_canary.then(|| canary(view))).collect()
}

/// A canary of it has failed, or something else after one had succeeded: what that means now, under the message about it.
#[must_use]
pub fn breaker_worse(breaker: &Breaker) -> Message {
    if breaker.closed.is_some() {
        return said(format!("✅ {}", may_start_again(&breaker.scope)));
    }
    let line = format!("Worse: {} failed again, {} by now", scope_words(&breaker.scope), breaker.failures);
    let prose = Prose::new().text("✗ ").bold(line.as_str()).line();
    let prose = match breaker.examples.first().and_then(|failed| failed.server.as_ref()) {
        Some(server) => prose.code(server.as_str()).text(" failed. "),
        None => prose,
    };
    let prose = prose.text("It stays stopped; another canary may start from ").time(breaker.canary_from);
    Message::of_text(summary(format!("✗ {line}")), prose.text(".").done())
}

/// Nobody has closed it for a while: those who own the command are called, once.
#[must_use]
pub fn breaker_unclaimed(breaker: &Breaker, owner: Option<&GroupName>) -> Message {
    if breaker.closed.is_some() {
        return said(format!("✅ {}", may_start_again(&breaker.scope)));
    }
    let what = scope_words(&breaker.scope);
    let prose = owner.map_or_else(Prose::new, |owner| Prose::new().group(owner).text(" "));
    let prose = prose.text(format!("{} is stopped since ", capital(&what))).time(breaker.opened_at);
    let prose = prose.text(", and nobody has closed its breaker.");
    Message::of_text(summary(format!("{} is stopped, and nobody has closed its breaker", capital(&what))), prose.done())
}

fn closed(view: BreakerView<'_>, closing: &Closing) -> Message {
    let breaker = view.breaker;
    let again = match &breaker.scope {
        scope if view.is_observed => format!("{} is counted anew", capital(&scope_words(scope))),
        scope => may_start_again(scope),
    };
    let line = format!("{again}: closed by {}", quoted(&closing.name));
    let how = match (closing.after_canary, &breaker.canary) {
        _ if breaker.scope.server().is_some() => String::new(),
        (true, Some(Canary { server: Some((_, name)), .. })) => format!("after its canary {name} · "),
        (true, _) => "after its canary · ".to_owned(),
        (false, _) => "without a canary · ".to_owned(),
    };
    let prose = Prose::new().text("✅ ").time(closing.at).text(" · ").bold(line.as_str());
    let prose = prose.line().code(&closing.why);
    let record = Prose::new().text(format!("{how}it was open since ")).time(breaker.opened_at);
    let blocks = vec![Block::Section(prose.done()), Block::Context(record.done())];
    Message { summary: summary(format!("✅ {line}")), blocks }
}

fn may_start_again(scope: &BreakerScope) -> String {
    match scope.server() {
        Some(server) => format!("Automations may work on {server} again"),
        None => format!("{} may start again", capital(&scope_words(scope))),
    }
}

/// What failed, in which request; the newest first.
fn failed_lines(failed: &[(Request, Run)]) -> Vec<Rich> {
    const LINES_MAX: usize = 3;
    let mut groups: Vec<(String, Vec<&Run>)> = Vec::new();
    for (request, run) in failed {
        let phrase = match &run.stage {
            RunStage::NeedsPerson { .. } => "outcome not known",
            RunStage::Waiting
            | RunStage::Ready { .. }
            | RunStage::Acting { .. }
            | RunStage::Returning { .. }
            | RunStage::Ended { .. } => failure_phrase(run, &request.spec),
        };
        let why = format!("{phrase} ({})", request.id());
        match groups.iter_mut().find(|(same, _)| *same == why) {
            Some((_, runs)) => runs.push(run),
            None => groups.push((why, vec![run])),
        }
    }
    let lines = groups.into_iter().take(LINES_MAX).map(|(why, runs)| {
        let names = names_of(runs);
        if names.is_empty() {
            Prose::new().text(why).done()
        } else {
            Prose::new().code(names).text(format!(" {why}")).done()
        }
    });
    lines.collect()
}

fn canary(view: BreakerView<'_>) -> Rich {
    let Some(canary) = &view.breaker.canary else {
        return Prose::new().text("One canary may start from ").time(view.breaker.canary_from).text(".").done();
    };
    let prose = Prose::new().text("Its canary ");
    let prose = match &canary.server {
        Some((_, name)) => prose.code(name.as_str()),
        None => prose.text(canary.run.request.to_string()),
    };
    match canary.succeeded_at {
        None => prose.text(format!(" ({}) is at work since ", canary.run.request)).time(canary.at).text(".").done(),
        Some(at) => prose
            .text(" has succeeded and is watched until ")
            .time(at.plus(view.soak))
            .text("; then a person may close it.")
            .done(),
    }
}

pub(super) fn how_to_close(view: BreakerView<'_>) -> Rich {
    let line = format!("{} {} because …", BuiltInVerb::CloseBreaker.word(), view.breaker.scope);
    let prose = Prose::new().text("since ").time(view.breaker.opened_at).text(" · ").code(line);
    match view.owner {
        _ if view.breaker.scope.server().is_some() => prose.text(" closes it once the server is mended").done(),
        Some(owner) => prose.text(format!(" closes it once its canary has passed; {owner} may before")).done(),
        None => prose.text(" closes it once its canary has passed").done(),
    }
}

/// Somebody closed it.
#[must_use]
pub fn breaker_closed(scope: &BreakerScope, after_canary: bool) -> Message {
    let how = if after_canary || scope.server().is_some() { "" } else { ", without a canary" };
    said(format!("{}{how}. Failures are counted anew.", may_start_again(scope)))
}

/// There is no open breaker of that scope; these are open.
#[must_use]
pub fn no_such_breaker<'a>(scope: &BreakerScope, open: impl Iterator<Item = &'a BreakerScope>) -> Message {
    let prose = Prose::new().text(format!("Nothing stops {}: its breaker is not open.", scope_words(scope)));
    let open = open.map(ToString::to_string).collect::<Vec<_>>();
    if open.is_empty() {
        return of(prose.text(" No breaker is. Nothing has changed."));
    }
    let prose = prose.text(format!(" Open are: {}. Nothing has changed.", first_three(&open)));
    of(prose)
}

/// There is no open breaker of that server: only the wait after one failure, which ends by itself or with a success.
#[must_use]
pub fn only_cooling_down(scope: &BreakerScope, until: Timestamp) -> Message {
    let server = scope.server().map_or_else(|| scope_words(scope), ToString::to_string);
    let prose = Prose::new().text(format!("There is no breaker to close: automations leave {server} alone until "));
    let prose = prose.time(until);
    let command = scope.command();
    of(prose.text(format!(
        " because {command} failed there. People need not wait, and a {command} of theirs there that goes well ends it. \
         Nothing has changed."
    )))
}

/// Somebody may not close it, or not yet; `may` says whether they could once its canary has passed.
#[must_use]
pub fn may_not_close(
    scope: &BreakerScope,
    (standing, may): (&BreakerStanding, bool),
    owner: Option<&GroupName>,
) -> Message {
    let name = capital(&scope_words(scope));
    let owners = owner.map_or_else(|| "nobody".to_owned(), ToString::to_string);
    if !may && let Some(server) = scope.server() {
        let could = format!("whoever may {} here, and by {owners}", scope.command());
        return said(format!("Automations can be let work on {server} again by {could}. Nothing has changed."));
    }
    if !may {
        let could = format!("whoever may {} here, once its canary has passed, and {owners} before", scope.command());
        return said(format!("{name} can be let start again by {could}. Nothing has changed."));
    }
    let prose = Prose::new().text(format!("{name} stays stopped: "));
    let prose = match standing {
        BreakerStanding::CoolingDown(at) => prose.text("one canary may start from ").time(*at),
        BreakerStanding::MayTry => prose.text("no canary has started yet; the next request sends one"),
        BreakerStanding::Trying(run) => prose.text(format!("its canary is at work in {}", run.request)),
        BreakerStanding::Soaking(at) => prose.text("its canary is watched until ").time(*at),
        BreakerStanding::CanaryUnwell => {
            prose.text("the server of its canary does not serve, or an alert about it fires")
        }
        BreakerStanding::MayClose | BreakerStanding::Closed => prose.text("it has changed meanwhile"),
    };
    let prose = prose.text(format!(". You may close it once its canary has passed; {owners} may before."));
    of(prose.text(" Nothing has changed."))
}

/// Why automations wait for a server: what has failed on it, and until when.
pub(super) fn on_server(
    prose: Prose,
    (command, server): (&CommandName, &ServerName),
    (failures, of, since): (u32, u32, Timestamp),
    (names, until): (&[ServerName], &BrokenUntil),
) -> Prose {
    match until {
        BrokenUntil::CoolDown(at) if names.len() > 1 => resting(prose, names, *at),
        BrokenUntil::CoolDown(at) => {
            let prose = prose.code(server.as_str()).text(format!(": {command} failed ")).time(since);
            prose.text("; automations wait until ").time(*at)
        }
        BrokenUntil::Canary(_) | BrokenUntil::Soak(_) | BrokenUntil::Person => {
            let told = format!(": {failures} of the last {of} times that automations asked for {command} it failed");
            let scope = BreakerScope::Server { command: command.clone(), server: server.clone() };
            let line = format!("{} {scope} because …", BuiltInVerb::CloseBreaker.word());
            let prose = prose.code(server.as_str()).text(told);
            prose.text("; once it is mended a person may send ").code(line)
        }
    }
}

/// `14 servers rest after a failure, the first until 14:20: edge-lax-[001-014]`: what automations wait for, on servers of one request.
fn resting(prose: Prose, names: &[ServerName], first_until: Timestamp) -> Prose {
    let count = servers(names.len());
    let prose = prose.text(format!("{count} rest after a failure, the first until ")).time(first_until);
    prose.text(": ").code(folded(names, PATTERNS_MAX))
}

/// The same in half a line.
pub(super) fn resting_in_short(names: &[ServerName], first_until: Timestamp) -> String {
    format!("{} rest after a failure, the first until {}", servers(names.len()), clock(first_until))
}

/// The same in half a line.
pub(super) fn on_server_in_short(server: &ServerName, (failures, of): (u32, u32), until: &BrokenUntil) -> String {
    match until {
        BrokenUntil::CoolDown(at) => format!("{server} failed, automations wait until {}", clock(*at)),
        BrokenUntil::Canary(_) | BrokenUntil::Soak(_) | BrokenUntil::Person => {
            format!("automations keep off {server}, {failures} of the last {of} failed")
        }
    }
}

fn said(text: String) -> Message {
    of(Prose::new().text(text))
}

fn of(prose: Prose) -> Message {
    let text = prose.done();
    Message::of_text(summary(super::plain::line(&text)), text)
}
