//! A suspect reservation: a run has a server, and nothing has come of it for too long. In the incident channel, and for a pager.
//!
//! Deliberately absent: when one is suspect, which admission says.

use super::help::literal;
use super::matters::{Matter, MatterKind};
use super::message::{Block, Message, Rich};
use super::plain::rich as plain;
use super::words::{Prose, capital, quoted, summary};
use crate::admission::{Brake, Lock};
use crate::domain::command::StepSpec;
use crate::domain::server::{ServerName, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::request::Request;
use crate::workflow::run::{Run, RunStage};

/// A reservation that is suspect.
#[derive(Clone, Copy, Debug)]
pub struct SuspectView<'a> {
    /// The server, as it is called.
    pub server: &'a ServerName,
    /// Its site, if the inventory has it.
    pub site: Option<&'a SiteName>,
    /// The reservation.
    pub lock: &'a Lock,
    /// Since when nothing has come of it.
    pub since: Timestamp,
    /// Its request and its run, or why they cannot be read.
    pub found: Result<(&'a Request, &'a Run), &'a str>,
    /// Who keeps the server, if somebody does.
    pub hold: Option<&'a Brake>,
}

/// It is suspect.
#[must_use]
pub fn suspect(view: SuspectView<'_>) -> Message {
    let headline = headline(view);
    let mut prose = Prose::new().text("⚠️ ").bold(headline.as_str());
    for line in known(view) {
        prose = prose.line().rich(line);
    }
    Message {
        summary: summary(format!("⚠️ {headline}")),
        blocks: vec![Block::Section(prose.done()), Block::Context(help(view))],
    }
}

/// Nobody has looked after it: those who own its command are called, where they are known.
#[must_use]
pub fn suspect_unclaimed(view: SuspectView<'_>) -> Message {
    let what = headline(view);
    let prose = match view.found {
        Ok((request, _)) => Prose::new().group(&request.spec.owner).text(" "),
        Err(_) => Prose::new(),
    };
    let prose = prose.text(format!("{what}. Since ")).time(view.since).text(" nobody has looked after it");
    let prose = match view.hold {
        Some(hold) => prose.text(format!("; {} holds it.", quoted(&hold.name))),
        None => prose.text("."),
    };
    Message::of_text(summary(format!("{what}, and nobody has looked after it")), prose.done())
}

/// It is not any more: something has come of its run, or the server is free.
#[must_use]
pub fn suspect_no_more(server: &ServerName, run: &Run, now: Timestamp) -> Message {
    let what = match &run.stage {
        RunStage::Ended { outcome, .. } => outcome.words(),
        RunStage::NeedsPerson { .. } => "a person is asked",
        RunStage::Waiting => "waits to start",
        RunStage::Ready { .. } | RunStage::Acting { .. } | RunStage::Returning { .. } => "goes on",
    };
    let line = format!("{server}: {} {what}", run.id.request);
    let prose = Prose::new().text("✅ ").time(now).text(" · ").bold(line.as_str());
    Message::of_text(summary(format!("✅ {line}")), prose.done())
}

/// The same as a pager is told.
#[must_use]
pub fn suspect_matter(view: SuspectView<'_>) -> Matter {
    let (id, request) = (&view.lock.run, view.found.ok().map(|(request, _)| request));
    let lines = known(view).into_iter().chain([help(view)]).map(|line| capital(&plain(&line)));
    Matter {
        key: MatterKind::ReservationSuspect.key(format_args!("{id}:{}", view.since.millis())),
        kind: MatterKind::ReservationSuspect,
        since: view.since,
        scope: view.server.to_string(),
        site: view.site.cloned(),
        command: Some(view.lock.command.clone()),
        request: Some(id.request.clone()),
        card: request.and_then(|request| request.card.clone()),
        summary: summary(headline(view)),
        description: lines.collect::<Vec<_>>().join("\n"),
    }
}

fn headline(view: SuspectView<'_>) -> String {
    format!("{}: its reservation is suspect, {} shows no progress", view.server, view.lock.run.request)
}

/// What is known of it, a line each.
fn known(view: SuspectView<'_>) -> Vec<Rich> {
    let whose = format!("{} by {} since ", view.lock.command, view.lock.run);
    let first = Prose::new().text(whose).time(view.lock.since).text(", nothing has come of it since ").time(view.since);
    let first = match view.found {
        Ok((request, run)) => first.text(format!(": {}", last(request, run))),
        Err(_) => first,
    };
    let mut lines = vec![first.done()];
    if let Err(why) = view.found {
        let prose = Prose::new().text("What is stored of it cannot be read, so nothing more comes of it: ");
        lines.push(prose.code(quoted(why)).done());
    }
    if let Some(hold) = view.hold {
        let prose = Prose::new().text(format!("Held by {} since ", quoted(&hold.name))).time(hold.since);
        lines.push(prose.text(": ").code(quoted(&hold.why)).done());
    }
    let stays = "Nobody else may work on it, and it counts as out, until that is over or somebody ends it.";
    lines.push(Prose::new().text(stays).done());
    lines
}

/// What the run last did, and what would be next: `drain ✓, next is reboot`.
fn last(request: &Request, run: &Run) -> String {
    let word = |step: usize| request.spec.steps.get(step).map_or("its end", StepSpec::word);
    let before = match run.proofs.last() {
        Some(proof) => format!("{} ✓", word(proof.step)),
        None => "it was admitted".to_owned(),
    };
    match &run.stage {
        RunStage::Ready { step } => format!("{before}, next is {}", word(*step)),
        RunStage::Acting { step, .. } => format!("{before}, {} was begun", word(*step)),
        RunStage::NeedsPerson { step, .. } => format!("{before}, {} was asked about", word(*step)),
        RunStage::Returning { .. } => format!("{before}, it is on its way back"),
        RunStage::Waiting => "it waits to start".to_owned(),
        RunStage::Ended { outcome, .. } => outcome.words().to_owned(),
    }
}

/// The line that helps.
fn help(view: SuspectView<'_>) -> Rich {
    let (server, request) = (view.server, &view.lock.run.request);
    match (view.found, view.hold) {
        // No line of the chat mends what is stored.
        (Err(_), _) => Prose::new().text("whoever runs the bot must look: its log says what it met").done(),
        (Ok(_), Some(_)) => Prose::new().text("to let it go on: ").piece(literal(&format!("release {server}"))).done(),
        (Ok(_), None) => {
            let prose = Prose::new().text("what it waits for: ").piece(literal(&format!("why {server}")));
            prose.text(" · to end it: ").piece(literal(&format!("cancel {request}"))).done()
        }
    }
}
