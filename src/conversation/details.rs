//! Every server of a request with its sign, and who agreed, for the one person who asked.
//!
//! Deliberately absent: the buttons of the request; the card has them.

use super::message::{Block, Message};
use super::progress::{activities, failure_phrase};
use super::state::state_word;
use super::view::{RequestView, server_names, title};
use super::words::{Prose, summary};
use crate::fleet::folded;
use crate::workflow::run::{Run, RunOutcome, RunStage};
use std::collections::BTreeMap;

/// Enough for every server of a request of usual size; a message still has a limit.
const DETAIL_PATTERNS_MAX: usize = 24;

/// Every server with its sign, folded by state, and who agreed when and why.
#[must_use]
pub fn details(view: RequestView<'_>) -> Message {
    let (sign, word) = state_word(view);
    let id = view.request.id();
    let head = Prose::new().bold(title(view.request)).text(format!(" · {id}\n{sign} {word} · as of ")).time(view.now);
    let mut blocks = vec![Block::Section(head.done())];
    let mut prose = Prose::new();
    for (sign, words, runs) in groups(view) {
        let names = folded(&server_names(runs.iter().copied()), DETAIL_PATTERNS_MAX);
        prose = prose.line().text(format!("{sign} {} {words}", runs.len()));
        if !names.is_empty() {
            prose = prose.text(": ").piece(super::message::Piece::Code(names));
        }
    }
    if !prose.is_empty() {
        blocks.push(Block::Section(prose.done()));
    }
    let consents = super::consents::line(view.request);
    if !consents.is_empty() {
        blocks.push(Block::Context(consents));
    }
    Message { summary: summary(format!("{sign} {id} {word}")), blocks }
}

/// The signs in the order in which people act on them; at most six groups.
pub(super) fn groups<'a>(view: RequestView<'a>) -> Vec<(&'static str, String, Vec<&'a Run>)> {
    let spec = &view.request.spec;
    let mut signs: BTreeMap<usize, Vec<&Run>> = BTreeMap::new();
    for run in view.runs {
        let place = match &run.stage {
            RunStage::NeedsPerson { .. } => 0,
            RunStage::Ended { outcome: RunOutcome::Failed | RunOutcome::FailedAndReturned, .. } => 1,
            RunStage::Ready { .. } | RunStage::Acting { .. } | RunStage::Returning { .. } => 2,
            RunStage::Ended { outcome: RunOutcome::Done, .. } => 3,
            RunStage::Ended { outcome: RunOutcome::LeftOut | RunOutcome::Returned | RunOutcome::PutOff, .. } => 4,
            RunStage::Waiting | RunStage::Ended { outcome: RunOutcome::NotStarted, .. } => 5,
        };
        signs.entry(place).or_default().push(run);
    }
    let told = signs.into_iter().map(|(place, runs)| match place {
        0 => ("?", "of unknown outcome".to_owned(), runs),
        1 => {
            let phrases = runs.iter().map(|run| failure_phrase(run, spec));
            let phrases = phrases.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>();
            ("✗", format!("failed ({})", super::words::first_three(&phrases)), runs)
        }
        2 => ("▶", format!("working ({})", activities(runs.iter().copied(), spec)), runs),
        3 => ("✓", "done".to_owned(), runs),
        4 => ("–", "left out or returned unchanged".to_owned(), runs),
        _ if view.request.is_over() => ("·", "not started".to_owned(), runs),
        _ => ("·", "waiting".to_owned(), runs),
    });
    told.collect()
}
