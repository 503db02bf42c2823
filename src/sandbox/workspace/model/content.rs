//! What a message may say: arguments of a posting method become checked content. Where it is posted is decided elsewhere.

use super::nouns::Message;
use super::talk::TEXT_MAX_CHARS;
use super::{Model, Now, Refusal, list, text};
use crate::sandbox::workspace::blocks::{self, Surface};
use crate::sandbox::workspace::model::edges::ResponseUrl;
use crate::sandbox::workspace::settings::BOT_USER;
use serde_json::{Value, json};

/// Characters in all blocks together after which a message is refused.
const BLOCK_TEXT_MAX_CHARS: usize = 11_000;
/// Characters of a `markdown_text`.
const MARKDOWN_MAX_CHARS: usize = 12_000;

/// Checks what is to be said.
///
/// # Errors
/// `no_text`, `invalid_blocks`, `invalid_blocks_format`, `msg_blocks_too_long`, `msg_too_long`, `invalid_metadata_format`.
pub fn content_of(arguments: &Value) -> Result<Message, Refusal> {
    let mut words = text(arguments, "text").to_owned();
    let markdown = text(arguments, "markdown_text");
    let mut layout = match arguments.get("blocks").filter(|given| !given.is_null()) {
        Some(Value::Array(given)) => given.clone(),
        Some(_) => return Err(Refusal::new("invalid_blocks_format")),
        None => Vec::new(),
    };
    if !markdown.is_empty() {
        if markdown.chars().count() > MARKDOWN_MAX_CHARS {
            return Err(Refusal::new("msg_too_long"));
        }
        if !words.is_empty() || !layout.is_empty() {
            return Err(Refusal::new("markdown_text_conflict"));
        }
        layout = vec![json!({ "type": "markdown", "text": markdown })];
        words = markdown.to_owned();
    }
    let attachments = list(arguments, "attachments").to_vec();
    if words.is_empty() && layout.is_empty() && attachments.is_empty() {
        return Err(Refusal::new("no_text"));
    }
    blocks::check(&layout, Surface::Message).map_err(|faults| Refusal::with("invalid_blocks", faults))?;
    if blocks::characters(&layout) > BLOCK_TEXT_MAX_CHARS {
        return Err(Refusal::new("msg_blocks_too_long"));
    }
    if words.chars().count() > TEXT_MAX_CHARS {
        words = words.chars().take(TEXT_MAX_CHARS).collect();
    }
    Ok(Message {
        user: BOT_USER.to_owned(),
        text: words,
        blocks: layout,
        attachments,
        metadata: metadata_of(arguments)?,
        ..Message::default()
    })
}

fn metadata_of(arguments: &Value) -> Result<Option<Value>, Refusal> {
    let Some(metadata) = arguments.get("metadata").filter(|given| !given.is_null()) else { return Ok(None) };
    let is_sound =
        !text(metadata, "event_type").is_empty() && metadata.get("event_payload").is_some_and(Value::is_object);
    if is_sound { Ok(Some(metadata.clone())) } else { Err(Refusal::new("invalid_metadata_format")) }
}

impl Model {
    /// Posts what a response URL or an acknowledgement carries. The time stamp of what was posted or replaced.
    ///
    /// # Errors
    /// As [`content_of`].
    pub fn respond(&mut self, place: &ResponseUrl, body: &Value, now: Now) -> Result<Option<String>, Refusal> {
        let is_asked = |key: &str| body.get(key).is_some_and(|given| given == &json!(true) || given == &json!("true"));
        if is_asked("delete_original") {
            if let Some(original) = &place.original {
                self.remove(&place.channel, original, now);
            }
            return Ok(None);
        }
        let mut content = content_of(body)?;
        if is_asked("replace_original")
            && let Some(original) = &place.original
            && self.rewrite(&place.channel, original, content.clone(), now)
        {
            return Ok(Some(original.clone()));
        }
        if text(body, "response_type") != "in_channel" {
            content.only_for = Some(place.user.clone());
        }
        content.thread_ts = Some(text(body, "thread_ts").to_owned()).filter(|thread| !thread.is_empty());
        Ok(self.post(&place.channel, content, now))
    }
}
