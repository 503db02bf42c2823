//! The notice in the incident channel: servers that are out of production because of a request.
//!
//! Deliberately absent: who takes it; nobody is named before somebody did.

use super::card::control;
use super::direct::{open_thread, row};
use super::message::{Block, Button, Confirm, Message, Rich, Style};
use super::progress::failure_phrase;
use super::view::{RequestView, names_of, subject_name};
use super::words::{Prose, quoted, servers, summary};
use crate::admission::PoolImpact;
use crate::domain::server::ServerName;
use crate::domain::time::Timestamp;
use crate::fleet::folded;
use crate::workflow::request::{ControlVerb, OutServer};
use crate::workflow::run::{Run, RunOutcome, RunStage};
use std::collections::{BTreeMap, BTreeSet};

/// The notice; begins with ✅ and the time once no server is out any more.
#[must_use]
pub fn incident(view: RequestView<'_>, thread_link: Option<&str>) -> Message {
    let out = view.runs.iter().filter(|run| is_out(view, run)).collect::<Vec<_>>();
    let sites = sites_of(view, &out);
    let context = Block::Context(record(view, &out));
    if out.is_empty() {
        let line = format!("{sites}: no server is out of production for {}", view.request.id());
        let prose = Prose::new().text("✅ ").time(view.now).text(" · ").bold(line.as_str());
        return Message {
            summary: summary(format!("✅ {line}")), blocks: vec![Block::Section(prose.done()), context]
        };
    }
    let headline = format!("{} of {sites} out of production", servers(out.len()));
    let mut prose = Prose::new().text("✗ ").bold(headline.as_str());
    for line in out_lines(view, &out) {
        prose = prose.line().rich(line);
    }
    if let Some(taken) = taken_over(view, &out) {
        prose = prose.line().rich(taken);
    }
    if let Some(pools) = pool_line(view, &out) {
        prose = prose.line().text(pools);
    }
    let mut blocks = vec![Block::Section(prose.done()), context];
    blocks.extend(row(take_over(view, &out).into_iter().chain(thread_link.map(open_thread))));
    let (names, verb) = (names_of(out.iter().copied()), view.request.spec.name.as_str());
    Message { summary: summary(format!("✗ {sites}: {names} out of production after a {verb}")), blocks }
}

/// The button of whoever takes them over, as long as one of them is nobody's.
fn take_over(view: RequestView<'_>, out: &[&Run]) -> Option<Button> {
    let taken =
        not_serving(view).filter(|server| server.said_by.is_some()).map(|server| &server.name).collect::<BTreeSet<_>>();
    let is_nobodys = |run: &&&Run| {
        let has_failed = matches!(run.stage, RunStage::Ended { outcome: RunOutcome::Failed, .. });
        has_failed && run.server_name().is_some_and(|name| !taken.contains(name))
    };
    let nobodys = out.iter().filter(is_nobodys).count();
    if nobodys == 0 {
        return None;
    }
    let confirm = Confirm {
        title: format!("Take over {}?", servers(nobodys)),
        text: format!(
            "You say that what {} left out is in repair, by you. Its pool is counted without it.",
            view.request.id()
        ),
        yes: "I take it".to_owned(),
        no: "Leave it".to_owned(),
        style: Style::Primary,
    };
    Some(control(view.request, ControlVerb::TakeOver, "I take it")?.asking(confirm).primary())
}

/// One more server is out than was told before: what became of it, and how many there are by now.
#[must_use]
pub fn incident_worse(view: RequestView<'_>, run: &Run) -> Message {
    let out = view.runs.iter().filter(|run| is_out(view, run)).collect::<Vec<_>>();
    let (id, sites) = (view.request.id(), sites_of(view, &out));
    if !out.iter().any(|other| other.id == run.id) {
        let line = format!("{id}: {} is back", subject_name(view.request, run));
        return Message::of_text(summary(format!("✅ {line}")), Prose::new().text("✅ ").text(line).done());
    }
    let headline = format!("Worse: {} of {sites} out of production now", servers(out.len()));
    let prose = Prose::new().text("✗ ").bold(headline.as_str());
    let prose = out_lines(view, &[run]).into_iter().fold(prose, |prose, line| prose.line().rich(line));
    let prose = pool_line(view, &out).into_iter().fold(prose, |prose, pools| prose.line().text(pools));
    Message::of_text(summary(format!("✗ {id}: {headline}")), prose.done())
}

/// Nobody has taken over what is out: those who own the command are called, each request once.
#[must_use]
pub fn unclaimed(view: RequestView<'_>) -> Message {
    let out = view.runs.iter().filter(|run| is_out(view, run)).collect::<Vec<_>>();
    let id = view.request.id();
    if out.is_empty() {
        let line = format!("✅ {id} has left nothing out any more");
        return Message::of_text(summary(line.as_str()), Prose::new().text(line).done());
    }
    let left = out.iter().filter(|run| run.subject.server().is_some()).count();
    let what = if left == 0 { id.to_string() } else { format!("{} of {}", servers(left), sites_of(view, &out)) };
    let waits = if left > 1 { "wait" } else { "waits" };
    let prose = Prose::new().group(&view.request.spec.owner).text(format!(" {what} {waits} for somebody"));
    let prose = match since(&out) {
        Some(since) => prose.text(" since ").time(since),
        None => prose,
    };
    let prose = prose.text(", and nobody has taken over.");
    let asks = out.iter().any(|run| matches!(run.stage, RunStage::NeedsPerson { .. }));
    let prose = if asks { prose.text(format!(" The buttons to answer are in the thread of {id}.")) } else { prose };
    Message::of_text(summary(format!("{what} {waits} for somebody, nobody has taken over ({id})")), prose.done())
}

/// Failed or waiting for a person, and not seen in service again since.
fn is_out(view: RequestView<'_>, run: &Run) -> bool {
    match &run.stage {
        RunStage::NeedsPerson { .. } => true,
        RunStage::Ended { outcome: RunOutcome::Failed, .. } => !serves_again(view.impacts, run),
        RunStage::Waiting
        | RunStage::Ready { .. }
        | RunStage::Acting { .. }
        | RunStage::Returning { .. }
        | RunStage::Ended { .. } => false,
    }
}

fn serves_again(impacts: &[PoolImpact], run: &Run) -> bool {
    let Some(server) = run.subject.server() else { return true };
    let pool = impacts.iter().map(|impact| &impact.now).find(|now| Some(&now.pool) == server.pool.as_ref());
    let is_it = |out: &OutServer| out.name == server.name;
    pool.is_some_and(|now| now.unknown == 0 && !now.out.iter().chain(&now.in_repair).chain(&now.on_standby).any(is_it))
}

/// What does not serve in the pools of a request, for whatever reason.
fn not_serving(view: RequestView<'_>) -> impl Iterator<Item = &OutServer> {
    view.impacts
        .iter()
        .flat_map(|impact| impact.now.out.iter().chain(&impact.now.in_repair).chain(&impact.now.on_standby))
}

/// Who has taken over which of them, by their word: `taken over by bob: edge-lax-012 (repair)`.
fn taken_over(view: RequestView<'_>, out: &[&Run]) -> Option<Rich> {
    let is_left = |server: &&OutServer| out.iter().any(|run| run.server_name() == Some(&server.name));
    let mut taken: BTreeMap<(&str, &str), Vec<ServerName>> = BTreeMap::new();
    for server in not_serving(view).filter(is_left) {
        if let Some(by) = &server.said_by {
            taken.entry((by, &server.why)).or_default().push(server.name.clone());
        }
    }
    let mut taken = taken.into_iter();
    let ((by, why), names) = taken.next()?;
    let prose = Prose::new().text(format!("taken over by {}: ", quoted(by))).code(folded(&names, 1));
    let prose = prose.text(format!(" ({})", quoted(why)));
    match taken.map(|(_, names)| names.len()).sum::<usize>() {
        0 => Some(prose.done()),
        more => Some(prose.text(format!(" + {more} more")).done()),
    }
}

fn sites_of(view: RequestView<'_>, out: &[&Run]) -> String {
    let sites = out.iter().filter_map(|run| run.subject.server()).map(|server| server.site.as_str());
    let sites = sites.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    if sites.is_empty() { super::view::sites(view.request) } else { super::words::listed(&sites, "and") }
}

/// One line for each way of being out, at most two.
pub(super) fn out_lines(view: RequestView<'_>, out: &[&Run]) -> Vec<Rich> {
    const LINES_MAX: usize = 2;
    let verb = view.request.spec.name.as_str();
    let mut groups: BTreeMap<String, Vec<&Run>> = BTreeMap::new();
    for run in out {
        let why = match &run.stage {
            RunStage::NeedsPerson { .. } => "outcome not known, a person must say".to_owned(),
            RunStage::Waiting
            | RunStage::Ready { .. }
            | RunStage::Acting { .. }
            | RunStage::Returning { .. }
            | RunStage::Ended { .. } => {
                format!("{}; {}", failure_phrase(run, &view.request.spec), run.state.word())
            }
        };
        groups.entry(why).or_default().push(run);
    }
    let hidden = groups.values().skip(LINES_MAX).map(Vec::len).sum::<usize>();
    let lines = groups.into_iter().take(LINES_MAX).enumerate().map(|(place, (why, runs))| {
        let prose = Prose::new().text(format!("{verb}: ")).code(names_of(runs)).text(format!(" {why}"));
        let is_last = place + 1 == LINES_MAX && hidden > 0;
        if is_last { prose.text(format!(" + {hidden} more")).done() } else { prose.done() }
    });
    lines.collect()
}

fn pool_line(view: RequestView<'_>, out: &[&Run]) -> Option<String> {
    let pools = out.iter().filter_map(|run| run.subject.server()?.pool.as_ref()).collect::<BTreeSet<_>>();
    let counts = view.impacts.iter().map(|impact| &impact.now).filter(|now| pools.contains(&now.pool));
    let counts = counts.map(|now| format!("{} now {} of {}, floor {}", now.pool, now.serving, now.total, now.floor));
    let counts = counts.collect::<Vec<_>>();
    (!counts.is_empty()).then(|| super::words::first_three(&counts))
}

fn record(view: RequestView<'_>, out: &[&Run]) -> Rich {
    let prose = Prose::new().text(format!("{} by {}", view.request.id(), quoted(&view.request.requester_name)));
    match since(out) {
        Some(since) => prose.text(" · since ").time(since).done(),
        None => prose.done(),
    }
}

/// Since when the first of them is out.
fn since(out: &[&Run]) -> Option<Timestamp> {
    let since = out.iter().filter_map(|run| match &run.stage {
        RunStage::NeedsPerson { at, .. } | RunStage::Ended { at, .. } => Some(*at),
        RunStage::Waiting | RunStage::Ready { .. } | RunStage::Acting { .. } | RunStage::Returning { .. } => None,
    });
    since.min()
}
