//! Messages as Slack's blocks: sections, context and buttons, each within Slack's sizes.
//!
//! Only the base blocks are used, which every client shows and which can be edited; a list of steps is drawn as a
//! section. Forms are `views`' business, text is `mrkdwn`'s.

use super::mrkdwn::{Surroundings, chunks, cut, length, plain_text};
use super::text::escaped;
use crate::conversation::message::{Block, Button, Confirm, Message, Piece, Press, StepLine, Style};
use crate::domain::ids::DeliveryKey;
use serde_json::{Value, json};

/// Marks our messages, so that one of unknown outcome can be found again.
pub(super) const METADATA_KIND: &str = "wrasse_delivery";

const SECTION_MAX_CHARS: usize = 2_900;
const CONTEXT_MAX_CHARS: usize = 1_900;
/// Slack refuses a message somewhere between 9,600 and 11,300 characters of block text.
const BLOCK_TEXT_MAX_CHARS: usize = 8_900;
const BLOCKS_MAX: usize = 50;
const BUTTONS_PER_BLOCK_MAX: usize = 25;
const SUMMARY_MAX_CHARS: usize = 2_000;
const BUTTON_LABEL_MAX_CHARS: usize = 75;

/// A message as the fields that every way of sending it shares.
pub(super) fn content(message: &Message, around: &Surroundings) -> Value {
    json!({
        "text": escaped(&cut(&message.summary, SUMMARY_MAX_CHARS)),
        "blocks": blocks(&message.blocks, around),
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// The same message in the plainest form, for when Slack refuses its blocks: nothing is lost but the buttons.
pub(super) fn plain_content(message: &Message) -> Value {
    let mut lines: Vec<String> = Vec::new();
    for block in &message.blocks {
        match block {
            Block::Section(text) | Block::Context(text) => lines.push(plain_text(text)),
            Block::Actions(_) => {}
            Block::Steps { title, steps } => lines.push(plain_text(&step_pieces(title, steps))),
        }
    }
    let text = if lines.is_empty() { message.summary.clone() } else { lines.join("\n") };
    json!({
        "text": escaped(&cut(&message.summary, SUMMARY_MAX_CHARS)),
        "blocks": [{"type": "section", "text": {"type": "plain_text", "text": cut(&text, SECTION_MAX_CHARS)}}],
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// What makes a message recognisable as this delivery.
pub(super) fn metadata(key: &DeliveryKey) -> Value {
    json!({"event_type": METADATA_KIND, "event_payload": {"key": key.as_str()}})
}

/// A section, or several where the text is too long for one.
pub(super) fn sections(text: &[Piece], around: &Surroundings) -> Vec<Value> {
    let section = |text: String| json!({"type": "section", "expand": true, "text": mrkdwn(&text)});
    chunks(text, SECTION_MAX_CHARS, around).into_iter().map(section).collect()
}

/// Small grey text.
pub(super) fn context(text: &[Piece], around: &Surroundings) -> Vec<Value> {
    let context = |text: String| json!({"type": "context", "elements": [mrkdwn(&text)]});
    chunks(text, CONTEXT_MAX_CHARS, around).into_iter().map(context).collect()
}

/// Rows of buttons.
pub(super) fn actions(buttons: &[Button]) -> Vec<Value> {
    let row = |row: &[Button]| {
        let elements: Vec<Value> = row.iter().enumerate().map(|(at, one)| button(one, &action_id(row, at))).collect();
        json!({"type": "actions", "elements": elements})
    };
    buttons.chunks(BUTTONS_PER_BLOCK_MAX).map(row).collect()
}

/// Gives each block an id that no earlier rendering used.
pub(super) fn numbered(mut blocks: Vec<Value>, salt: &str) -> Vec<Value> {
    for (at, block) in blocks.iter_mut().enumerate() {
        if let Some(fields) = block.as_object_mut() {
            fields.entry("block_id").or_insert_with(|| json!(format!("b{at}.{salt}")));
        }
    }
    blocks
}

/// Text without markup, for titles, labels and buttons.
pub(super) fn plain(text: &str, limit: usize) -> Value {
    json!({"type": "plain_text", "text": cut(text, limit)})
}

fn blocks(blocks: &[Block], around: &Surroundings) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for block in blocks {
        out.extend(match block {
            Block::Section(text) => sections(text, around),
            Block::Context(text) => context(text, around),
            Block::Actions(buttons) => actions(buttons),
            Block::Steps { title, steps } => sections(&step_pieces(title, steps), around),
        });
    }
    numbered(within_budget(out), &around.salt)
}

/// Leaves out text that Slack would refuse the whole message for, and says that it did. Buttons always stay.
fn within_budget(blocks: Vec<Value>) -> Vec<Value> {
    let rows = blocks.iter().filter(|block| is_actions(block)).count();
    let mut room = BLOCK_TEXT_MAX_CHARS;
    let mut places = BLOCKS_MAX.saturating_sub(rows + 1);
    let (mut out, mut has_room) = (Vec::new(), true);
    for block in blocks {
        if is_actions(&block) {
            out.push(block);
            continue;
        }
        let size = text_size(&block);
        if has_room && (size > room || places == 0) {
            has_room = false;
            out.push(json!({"type": "context", "elements": [mrkdwn("…")]}));
        }
        if has_room {
            room -= size;
            places -= 1;
            out.push(block);
        }
    }
    out.truncate(BLOCKS_MAX);
    out
}

fn is_actions(block: &Value) -> bool {
    block.get("type").and_then(Value::as_str) == Some("actions")
}

fn text_size(block: &Value) -> usize {
    let paths = ["/text/text", "/elements/0/text"];
    paths.iter().filter_map(|path| block.pointer(path).and_then(Value::as_str)).map(length).sum()
}

fn step_pieces(title: &str, steps: &[StepLine]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if !title.is_empty() {
        pieces.extend([Piece::Bold(title.to_owned()), Piece::Text("\n".to_owned())]);
    }
    let line: Vec<String> = steps.iter().map(|step| format!("{} {}", step.word, step.mark.sign())).collect();
    pieces.push(Piece::Text(format!("▸ {}", line.join("  "))));
    for step in steps {
        if let Some(note) = &step.note {
            pieces.extend([Piece::Text(format!("\n{} ", step.word)), Piece::Code(note.clone())]);
        }
    }
    pieces
}

/// The verb; a second button of the same verb in a row is told apart by its place, as Slack wants them to differ.
fn action_id(row: &[Button], at: usize) -> String {
    let verb_of = |button: &Button| match &button.press {
        Press::Control { verb, .. } => cut(verb, 200),
        Press::Open(_) => "open".to_owned(),
    };
    let verbs: Vec<String> = row.iter().map(verb_of).collect();
    let Some((verb, before)) = verbs.get(..=at).and_then(<[String]>::split_last) else {
        return String::new();
    };
    if before.contains(verb) { format!("{verb}.{at}") } else { verb.clone() }
}

fn button(button: &Button, action_id: &str) -> Value {
    let mut out = json!({
        "type": "button",
        "action_id": action_id,
        "text": plain(&button.label, BUTTON_LABEL_MAX_CHARS),
    });
    if let Some(fields) = out.as_object_mut() {
        match &button.press {
            Press::Control { handle, .. } => fields.insert("value".to_owned(), json!(handle.as_str())),
            Press::Open(url) => fields.insert("url".to_owned(), json!(url)),
        };
        if let Some(style) = style(button.style) {
            fields.insert("style".to_owned(), json!(style));
        }
        if let Some(question) = &button.confirm {
            fields.insert("confirm".to_owned(), confirm(question));
        }
    }
    out
}

fn confirm(question: &Confirm) -> Value {
    let mut out = json!({
        "title": plain(&question.title, 100),
        "text": plain(&question.text, 300),
        "confirm": plain(&question.yes, 30),
        "deny": plain(&question.no, 30),
    });
    if let (Some(fields), Some(style)) = (out.as_object_mut(), style(question.style)) {
        fields.insert("style".to_owned(), json!(style));
    }
    out
}

fn style(style: Style) -> Option<&'static str> {
    match style {
        Style::Plain => None,
        Style::Primary => Some("primary"),
        Style::Danger => Some("danger"),
    }
}

/// Verbatim, so that Slack does not turn server names or `@here` in people's text into links and mentions.
fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}
