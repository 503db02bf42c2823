//! Forms as Slack's modal views.
//!
//! A field's key is both its block id and its action id: the first keeps what was typed when the view is updated,
//! the second brings the value back.

use super::blocks::{actions, context, numbered, plain, sections};
use super::mrkdwn::{Surroundings, cut};
use crate::conversation::message::{Form, FormBlock, Piece};
use serde_json::{Value, json};

const TITLE_MAX_CHARS: usize = 24;
const LABEL_MAX_CHARS: usize = 2_000;
const OPTION_MAX_CHARS: usize = 75;
const HINT_MAX_CHARS: usize = 150;
const VIEW_BLOCKS_MAX: usize = 100;
const SELECT_OPTIONS_MAX: usize = 100;
const INITIAL_MAX_CHARS: usize = 3_000;

/// A form as a modal view.
pub(super) fn view(form: &Form, around: &Surroundings) -> Value {
    let mut blocks: Vec<Value> = form.blocks.iter().flat_map(|block| view_blocks(block, around)).collect();
    blocks.truncate(VIEW_BLOCKS_MAX);
    let mut out = json!({
        "type": "modal",
        "callback_id": "wrasse.form",
        "title": plain(&form.title, TITLE_MAX_CHARS),
        "close": plain(&form.close, TITLE_MAX_CHARS),
        "private_metadata": form.handle.as_ref().map_or("", |handle| handle.as_str()),
        "blocks": numbered(blocks, &around.salt),
    });
    // Slack refuses a view that has fields to fill in and nothing that sends them.
    let submit = form.submit.clone().or_else(|| has_fields(form).then(|| "Send".to_owned()));
    if let (Some(fields), Some(submit)) = (out.as_object_mut(), submit) {
        fields.insert("submit".to_owned(), plain(&submit, TITLE_MAX_CHARS));
    }
    out
}

fn has_fields(form: &Form) -> bool {
    form.blocks
        .iter()
        .any(|block| matches!(block, FormBlock::Choice { .. } | FormBlock::Input { .. } | FormBlock::Select { .. }))
}

fn view_blocks(block: &FormBlock, around: &Surroundings) -> Vec<Value> {
    match block {
        FormBlock::Warning(text) => {
            let sign = Piece::Text("⚠ ".to_owned());
            sections(&[std::slice::from_ref(&sign), text.as_slice()].concat(), around)
        }
        FormBlock::Section(text) => sections(text, around),
        FormBlock::Context(text) => context(text, around),
        FormBlock::Actions(buttons) => actions(buttons),
        FormBlock::Choice { key, label, options } => {
            let options: Vec<Value> = options.iter().map(option).collect();
            let element = json!({"type": "radio_buttons", "action_id": key, "options": options});
            vec![json!({"type": "input", "block_id": key, "label": plain(label, LABEL_MAX_CHARS), "element": element})]
        }
        FormBlock::Select { key, label, options, initial, optional } => {
            let mut element = json!({
                "type": "static_select",
                "action_id": key,
                "options": options.iter().take(SELECT_OPTIONS_MAX).map(option).collect::<Vec<_>>(),
            });
            let chosen = options.iter().find(|(value, _)| initial.as_ref() == Some(value));
            if let (Some(fields), Some(chosen)) = (element.as_object_mut(), chosen) {
                fields.insert("initial_option".to_owned(), option(chosen));
            }
            let label = plain(label, LABEL_MAX_CHARS);
            vec![json!({"type": "input", "block_id": key, "label": label, "optional": optional, "element": element})]
        }
        FormBlock::Input { key, label, hint, initial, optional } => {
            let mut element = json!({"type": "plain_text_input", "action_id": key});
            if let (Some(fields), false) = (element.as_object_mut(), hint.is_empty()) {
                fields.insert("placeholder".to_owned(), plain(hint, HINT_MAX_CHARS));
            }
            if let (Some(fields), Some(text)) = (element.as_object_mut(), initial) {
                fields.insert("initial_value".to_owned(), json!(cut(text, INITIAL_MAX_CHARS)));
            }
            let label = plain(label, LABEL_MAX_CHARS);
            vec![json!({"type": "input", "block_id": key, "label": label, "optional": optional, "element": element})]
        }
    }
}

fn option((value, text): &(String, String)) -> Value {
    json!({"text": plain(text, OPTION_MAX_CHARS), "value": value})
}
