//! What the thread says when a server failed, and when a person must say what happened on it.
//!
//! Deliberately absent: the incident channel's notice and the counts at the end.

use super::help::literal;
use super::message::{Block, Button, Confirm, Message, StepLine, StepMark, Style};
use super::progress::{failure_phrase, others};
use super::view::{RequestView, subject_name};
use super::words::{Prose, button, quoted, summary};
use crate::domain::command::StepSpec;
use crate::domain::ids::Handle;
use crate::domain::server::ProductionState;
use crate::workflow::request::Request;
use crate::workflow::run::{Answer, FailureKind, Run, RunOutcome, RunStage, StepIntent};
use std::collections::BTreeMap;

/// A server failed: what happened, how it stands, what the others do.
#[must_use]
pub fn server_failed(view: RequestView<'_>, run: &Run) -> Message {
    let spec = &view.request.spec;
    let name = subject_name(view.request, run);
    let phrase = failure_phrase(run, spec);
    let mut prose = Prose::new().text("✗ ").bold(format!("{name} {phrase}"));
    if let Some(failure) = &run.failure {
        prose = prose.line().text("Seen at ").time(failure.at).text(": ").code(&failure.note);
    }
    if let Some(standing) = standing(run) {
        prose = prose.line().text(standing);
    }
    if let Some(held) = held_by_itself(run) {
        prose = prose.line().rich(held);
    }
    if let Some(others) = others(view) {
        prose = prose.line().text(others);
    }
    let tally = view.tally();
    let (id, done, all) = (view.request.id(), tally.done, tally.all);
    let steps = Block::Steps { title: name.clone(), steps: steps(view, run) };
    Message {
        summary: summary(format!("✗ {id}: {name} {phrase} ({done} of {all} done)")),
        blocks: vec![Block::Section(prose.done()), steps],
    }
}

/// How the server stands after the failure.
fn standing(run: &Run) -> Option<String> {
    run.server_name()?;
    let found = run.found.word();
    match &run.stage {
        RunStage::Returning { .. } => Some(format!("It goes back to {found}.")),
        RunStage::Ended { outcome, .. } => match outcome {
            RunOutcome::FailedAndReturned | RunOutcome::Returned | RunOutcome::PutOff => {
                Some(format!("It is back in {found}."))
            }
            RunOutcome::Failed => Some(format!("It stays {} and reserved.", run.state.word())),
            RunOutcome::Done => Some(format!("It is done, in {}.", run.state.word())),
            RunOutcome::NotStarted | RunOutcome::LeftOut => None,
        },
        RunStage::Ready { .. } | RunStage::Acting { .. } | RunStage::NeedsPerson { .. } => {
            Some(format!("It stays {} and reserved.", run.state.word()))
        }
        RunStage::Waiting => None,
    }
}

/// What to do about a server in whose name another machine answered: nothing else starts there before that.
fn held_by_itself(run: &Run) -> Option<super::message::Rich> {
    let server = run.server_name()?;
    run.failure.as_ref().filter(|failure| failure.kind == FailureKind::OtherMachine)?;
    let prose = Prose::new().text("No machine was restarted. It is held until the cabling, its ").code("ssh:");
    let prose = prose.text(" and its ").code("bmc:");
    let prose = prose.text(" in the inventory were looked at; then: ").piece(literal(&format!("release {server}")));
    Some(prose.done())
}

pub(super) fn steps(view: RequestView<'_>, run: &Run) -> Vec<StepLine> {
    let spec = &view.request.spec;
    let failed = run.failure.as_ref().map(|failure| failure.step);
    let mark = |step: usize| {
        if run.proofs.iter().any(|proof| proof.step == step) {
            StepMark::Done
        } else if failed == Some(step) {
            StepMark::Failed
        } else if run.step() == Some(step) {
            StepMark::Working
        } else {
            StepMark::Waiting
        }
    };
    // A gate only asks again; it is told when it is what stopped the run.
    let is_told = |(step, spec): &(usize, &StepSpec)| !matches!(spec, StepSpec::Gate(_)) || failed == Some(*step);
    let lines = spec.steps.iter().enumerate().filter(is_told);
    lines.map(|(step, spec)| StepLine { word: spec.word().to_owned(), mark: mark(step), note: None }).collect()
}

/// An outcome that a person must judge; once they have, what they said.
#[must_use]
pub fn question(view: RequestView<'_>, run: &Run, handles: &BTreeMap<Answer, Handle>) -> Message {
    let name = subject_name(view.request, run);
    let RunStage::NeedsPerson { step, intent, why, .. } = &run.stage else {
        return answered(view, run, &name);
    };
    let word = word(view.request, *step);
    let asked = asked(view.request, *step);
    let prose = Prose::new().text("❓ ").bold(format!("{name}: {asked}?")).line();
    let prose = prose.rich(evidence(intent, why));
    let prose = prose.line().text(standing_asked(run));
    let mut blocks = vec![Block::Section(prose.done())];
    let buttons = answer_buttons(view, (&name, *step, word), handles);
    if !buttons.is_empty() {
        blocks.push(Block::Actions(buttons));
    }
    let id = view.request.id();
    Message { summary: summary(format!("❓ {id}: {name} {asked}? A person must say")), blocks }
}

fn word(request: &Request, step: usize) -> &'static str {
    request.spec.steps.get(step).map_or("work", StepSpec::word)
}

/// What a person must say of that step: `rebooted or not`.
pub(super) fn asked(request: &Request, step: usize) -> String {
    match word(request, step) {
        "reboot" => "rebooted or not".to_owned(),
        "http" => "done or not".to_owned(),
        word => format!("{word} done or not"),
    }
}

/// How a run stands that waits for a person's word.
pub(super) fn standing_asked(run: &Run) -> String {
    if run.server_name().is_some() {
        format!("It stays {} and reserved until somebody says. Nothing is sent to it.", run.state.word())
    } else {
        "It waits until somebody says. Nothing is sent.".to_owned()
    }
}

pub(super) fn evidence(intent: &StepIntent, why: &str) -> super::message::Rich {
    let prose = Prose::new().text("Asked at ").time(intent.at);
    let prose = match intent.way {
        Some(way) => prose.text(format!(" over {}", way.word())),
        None => prose,
    };
    prose.text(". Known: ").code(why).done()
}

fn answer_buttons(
    view: RequestView<'_>,
    (name, step, word): (&str, usize, &str),
    handles: &BTreeMap<Answer, Handle>,
) -> Vec<Button> {
    let rest = view.request.spec.steps.iter().skip(step + 1);
    let rest = rest.filter(|step| !matches!(step, StepSpec::Gate(_))).map(StepSpec::word).collect::<Vec<_>>();
    let goes_on = if rest.is_empty() { "nothing more".to_owned() } else { rest.join(", ") };
    let made = Answer::ALL.into_iter().filter_map(|answer| {
        let handle = handles.get(&answer)?;
        let (label, text, style) = match answer {
            Answer::Did => (did_label(word), format!("{name} goes on with: {goes_on}."), Style::Primary),
            Answer::DidNot => (
                "It did not".to_owned(),
                if word == "http" {
                    format!("{name} counts as failed. The call is not sent again.")
                } else {
                    format!("{name} counts as failed. No second {word} is sent to it.")
                },
                Style::Plain,
            ),
            Answer::LookAgain => (
                "Look again".to_owned(),
                if word == "http" {
                    "The same call is sent once more, with the same key: it cannot count twice.".to_owned()
                } else {
                    format!("{name} is looked at once more. Nothing is sent to it.")
                },
                Style::Plain,
            ),
        };
        let confirm = Confirm {
            title: format!("{label}?"),
            text,
            yes: label.clone(),
            no: "Not yet".to_owned(),
            style: Style::Plain,
        };
        Some(Button { style, ..button(label, answer.word(), handle).asking(confirm) })
    });
    made.collect()
}

/// `It did reboot`; a call has no verb of its own.
fn did_label(word: &str) -> String {
    if word == "http" { "It did".to_owned() } else { format!("It did {word}") }
}

/// What the journal says after the answer; the run no longer waits for a person.
fn answered(view: RequestView<'_>, run: &Run, name: &str) -> Message {
    let restart = view.request.spec.steps.iter().position(|step| matches!(step, StepSpec::Reboot(_)));
    let proof = run.proofs.iter().find(|proof| Some(proof.step) == restart);
    let id = view.request.id();
    let prose = match (proof, &run.failure, &run.stage) {
        (Some(proof), _, _) => {
            let prose = Prose::new().text("✓ ").bold(format!("{name}: it did reboot")).text(" · ").time(proof.at);
            prose.line().text("Known: ").code(&proof.note)
        }
        (None, Some(failure), _) => {
            let said = match failure.kind {
                FailureKind::DidNotReboot => "it did not reboot",
                FailureKind::DidNotComeBack
                | FailureKind::CheckFailed
                | FailureKind::BalancerFailed
                | FailureKind::GateClosed
                | FailureKind::CouldNotSend
                | FailureKind::Refused
                | FailureKind::OtherMachine => failure_phrase(run, &view.request.spec),
            };
            let prose = Prose::new().text("✗ ").bold(format!("{name}: {said}")).text(" · ").time(failure.at);
            prose.line().text("Known: ").code(quoted(&failure.note))
        }
        (None, None, RunStage::Acting { intent, .. }) => {
            let prose = Prose::new().text("▶ ").bold(format!("{name}: looking again"));
            let sent =
                if run.server_name().is_some() { "Nothing is sent to it." } else { "The same call is sent once more." };
            prose.line().text(format!("{sent} You are asked anew at ")).time(intent.until).text(" if it stays unknown.")
        }
        (None, None, stage) => {
            let over = matches!(stage, RunStage::Ended { .. });
            let words = if over { "settled" } else { "goes on" };
            let state = if run.state == ProductionState::Production { "in production" } else { run.state.word() };
            let prose = Prose::new().bold(format!("{name}: {words}"));
            if run.server_name().is_some() { prose.text(format!(", {state}")) } else { prose }
        }
    };
    let prose = prose.done();
    let first = super::plain::line(&prose);
    Message::of_text(summary(format!("{id}: {first}")), prose)
}
