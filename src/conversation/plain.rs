//! Messages as plain text, for the command line and transcripts.
//!
//! Deliberately absent: colour and width; a terminal wraps by itself.

use super::message::{Block, Button, Form, FormBlock, Message, Piece, Rich, Style};
use super::words::clock;

/// A message as text: one block a paragraph, times in UTC, buttons as `[Label]`.
#[must_use]
pub fn render(message: &Message) -> String {
    message.blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// A form as text.
#[must_use]
pub fn render_form(form: &Form) -> String {
    let mut lines = vec![format!("== {} ==", form.title)];
    lines.extend(form.blocks.iter().map(form_block));
    let submit = form.submit.as_ref().map_or_else(String::new, |submit| format!(" [[{submit}]]"));
    lines.push(format!("[{}]{submit}", form.close));
    lines.join("\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Section(text) => rich(text),
        Block::Context(text) => format!("~ {}", rich(text)),
        Block::Actions(buttons) => row(buttons),
        Block::Steps { steps, .. } => {
            let steps = steps.iter().map(|step| match &step.note {
                Some(note) => format!("{} {} ({note})", step.word, step.mark.sign()),
                None => format!("{} {}", step.word, step.mark.sign()),
            });
            format!("▸ {}", steps.collect::<Vec<_>>().join("  "))
        }
    }
}

fn form_block(block: &FormBlock) -> String {
    match block {
        FormBlock::Warning(text) => format!("⚠ {}", rich(text)),
        FormBlock::Section(text) => rich(text),
        FormBlock::Context(text) => format!("~ {}", rich(text)),
        FormBlock::Actions(buttons) => row(buttons),
        FormBlock::Choice { label, options, .. } => {
            let options = options.iter().map(|(_, text)| format!("( ) {text}")).collect::<Vec<_>>().join("  ");
            format!("{label}: {options}")
        }
        FormBlock::Input { label, hint, initial: None, .. } => format!("{label}: [________] {hint}"),
        FormBlock::Input { label, hint, initial: Some(text), .. } => format!("{label}: [{text}] {hint}"),
        FormBlock::Select { label, options, initial, .. } => {
            let is_chosen = |value: &String| initial.as_ref() == Some(value);
            let chosen = options.iter().find(|(value, _)| is_chosen(value)).map_or("________", |(_, text)| text);
            let all = options.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" | ");
            format!("{label}: [{chosen} ▾] {all}")
        }
    }
}

fn row(buttons: &[Button]) -> String {
    buttons.iter().map(label).collect::<Vec<_>>().join(" ")
}

fn label(button: &Button) -> String {
    match button.style {
        Style::Plain => format!("[{}]", button.label),
        Style::Primary => format!("[[{}]]", button.label),
        Style::Danger => format!("[!{}!]", button.label),
    }
}

/// Running text without markup; literals keep their backticks, which show where people's words end.
pub(super) fn rich(text: &Rich) -> String {
    text.iter().map(piece).collect()
}

fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) | Piece::Bold(text) => text.clone(),
        Piece::Code(text) => format!("`{text}`"),
        Piece::Preformatted(text) => format!("```\n{text}\n```"),
        Piece::Person(person) => format!("@{}", person.user),
        Piece::Group(group) => format!("@{group}"),
        Piece::Time(at) => clock(*at),
        Piece::Link { url, label } => format!("{label} <{url}>"),
    }
}

/// Only the first line, for a lock screen.
pub(super) fn line(text: &Rich) -> String {
    rich(text).lines().next().unwrap_or_default().replace('`', "")
}
