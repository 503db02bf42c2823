//! What a line means, before anything is looked up: the verb, its subjects, its values, its time.
//!
//! Deliberately absent: whether it may be done and what it would do, which is `preview`'s.

use super::message::{Block, Message};
use super::words::{Prose, quoted, summary, told};
use crate::domain::asked::WhyOf;
use crate::domain::braking::Braking;
use crate::domain::command::{CommandSpec, Targets};
use crate::domain::declaration::Declaration;
use crate::domain::intent::{Intent, Planned, Selector, Spanned, Start, WorkIntent};
use crate::domain::time::spoken;
use crate::fleet;
use crate::language::{Vocabulary, print, written_moment};

/// The meaning of a line, one row for each thing that it says; `spec` is the command of a line that names one.
#[must_use]
pub fn meaning(intent: &Intent, spec: Option<&CommandSpec>) -> Message {
    let (headline, rows) = headline_and_rows(intent, spec);
    let mut prose = Prose::new().bold(headline.as_str());
    for (name, value) in rows {
        prose = prose.line().text(format!("{name}: ")).code(value);
    }
    Message { summary: summary(headline), blocks: vec![Block::Section(prose.done())] }
}

fn headline_and_rows(intent: &Intent, spec: Option<&CommandSpec>) -> (String, Vec<(String, String)>) {
    match intent {
        Intent::Work(work) => (work.command.to_string(), work_rows(work, spec)),
        Intent::Plan(Planned::Work(work)) => (format!("plan {}: only looks", work.command), work_rows(work, spec)),
        Intent::Plan(Planned::Brake(braking)) | Intent::CanI(Planned::Brake(braking)) => {
            let (headline, rows) = braking_rows(braking);
            (format!("plan {headline}: only looks"), rows)
        }
        Intent::Plan(Planned::Declare(declaration)) | Intent::CanI(Planned::Declare(declaration)) => {
            let (headline, rows) = declaration_rows(declaration);
            (format!("plan {headline}: only looks"), rows)
        }
        Intent::Plan(Planned::Cancel { request }) => (format!("plan cancel {request}: only looks"), Vec::new()),
        Intent::CanI(Planned::Work(work)) => (format!("can-i {}: only looks", work.command), work_rows(work, spec)),
        Intent::CanI(Planned::Cancel { request }) => (format!("can-i cancel {request}: only looks"), Vec::new()),
        Intent::WhoCan { command, selector } => {
            let on = selector.as_ref().map(|selector| (noun(spec).to_owned(), fleet::print(&selector.value)));
            (format!("who-can {command}: only looks"), on.into_iter().collect())
        }
        Intent::Help { topic: None } => ("help".to_owned(), Vec::new()),
        Intent::Help { topic: Some(topic) } => (format!("help {topic}"), Vec::new()),
        Intent::Status { selector: None } => ("status of the whole fleet".to_owned(), Vec::new()),
        Intent::Status { selector: Some(selector) } => {
            ("status".to_owned(), vec![("servers".to_owned(), fleet::print(&selector.value))])
        }
        Intent::Cancel { request } => (format!("cancel {request}"), Vec::new()),
        Intent::Retry { request } => (format!("retry {request}"), Vec::new()),
        Intent::Queue(selector) => ("queue: only looks".to_owned(), servers_row(selector.as_ref())),
        Intent::Out(selector) => ("out: only looks".to_owned(), servers_row(selector.as_ref())),
        Intent::Why(WhyOf::Here) => ("why, of the request in this thread: only looks".to_owned(), Vec::new()),
        Intent::Why(WhyOf::Consent) => ("what waits for consent here: only looks".to_owned(), Vec::new()),
        Intent::Why(WhyOf::Request(request)) => (format!("why {request}: only looks"), Vec::new()),
        Intent::Why(WhyOf::Run(run)) => (format!("why {run}: only looks"), Vec::new()),
        Intent::Why(WhyOf::Server(selector)) => {
            ("why: only looks".to_owned(), vec![("server".to_owned(), fleet::print(&selector.value))])
        }
        Intent::Brake(braking) => braking_rows(braking),
        Intent::Declare(declaration) => declaration_rows(declaration),
        Intent::Override { policy, request, why } => {
            (format!("override {} on {request}", quoted(&policy.value)), vec![("reason".to_owned(), quoted(why))])
        }
        Intent::CloseBreaker { scope, why } => {
            (format!("close-breaker {scope}"), vec![("reason".to_owned(), quoted(why))])
        }
    }
}

fn braking_rows(braking: &Braking) -> (String, Vec<(String, String)>) {
    let line = print(&Intent::Brake(braking.clone()), &Vocabulary::default());
    match line.split_once(" because ") {
        Some((what, why)) => (what.to_owned(), vec![("reason".to_owned(), quoted(why))]),
        None => (line, Vec::new()),
    }
}

fn declaration_rows(declaration: &Declaration) -> (String, Vec<(String, String)>) {
    let rows = vec![
        ("servers".to_owned(), fleet::print(&declaration.servers.value)),
        ("reason".to_owned(), quoted(&declaration.because)),
    ];
    (format!("state {}", declaration.declared.word()), rows)
}

fn servers_row(selector: Option<&Spanned<Selector>>) -> Vec<(String, String)> {
    selector.map(|selector| ("servers".to_owned(), fleet::print(&selector.value))).into_iter().collect()
}

fn work_rows(work: &WorkIntent, spec: Option<&CommandSpec>) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    if let Some(spec) = spec {
        rows.push(("impact".to_owned(), spec.impact.word().to_owned()));
        rows.push(("owner".to_owned(), spec.owner.to_string()));
    }
    if let Some(selector) = &work.selector {
        rows.push((noun(spec).to_owned(), fleet::print(&selector.value)));
    }
    for (name, value) in &work.parameters {
        rows.push((name.to_string(), quoted(&told(&value.value))));
    }
    if let Some(start) = &work.start {
        rows.push(("starts".to_owned(), start_words(&start.value)));
    }
    rows
}

/// What a command works on.
fn noun(spec: Option<&CommandSpec>) -> &'static str {
    match spec.map(|spec| &spec.targets) {
        Some(Targets::None) | None => "subjects",
        Some(Targets::Servers { .. }) => "servers",
        Some(Targets::Sites { .. }) => "sites",
    }
}

fn start_words(start: &Start) -> String {
    match start {
        Start::After(wait) => format!("{} after it is sent", spoken(*wait)),
        Start::At(moment) => written_moment(moment),
        Start::AtSiteTime(wall) => format!("{:02}:{:02} by the clocks of the site", wall.hour, wall.minute),
    }
}
