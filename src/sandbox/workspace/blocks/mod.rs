//! Whether a layout may be shown: the limits and shapes that Slack enforces, with its own wording. Showing it is absent.

mod elements;

use crate::sandbox::workspace::model::{list, text};
use elements::{ACCESSORIES, ACTIONS, INPUTS};
use serde_json::Value;

/// Where a layout is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// In a message.
    Message,
    /// In a modal.
    Modal,
    /// On a home tab.
    Home,
}

/// Collects what is wrong, each with a pointer to its place.
struct Faults {
    found: Vec<String>,
}

impl Faults {
    fn add(&mut self, at: &str, what: &str) {
        self.found.push(format!("[ERROR] {what} [json-pointer:{at}]"));
    }

    /// A text of bounded length; absent texts count as empty.
    fn length(&mut self, at: &str, words: &str, longest: usize) {
        let length = words.chars().count();
        if length > longest {
            self.add(at, &format!("must be less than {} characters", longest + 1));
        }
    }

    fn required_words(&mut self, at: &str, owner: &Value, key: &str, longest: usize) {
        let words = text(owner, key);
        if words.is_empty() {
            self.add(at, &format!("missing required field: {key}"));
        }
        self.length(&format!("{at}/{key}"), words, longest);
    }

    fn at_most(&mut self, at: &str, count: usize, most: usize) {
        if count > most {
            self.add(at, &format!("no more than {most} items allowed"));
        }
    }

    /// A text object under a key: `plain_text` or, if allowed, `mrkdwn`.
    fn words(&mut self, at: &str, owner: &Value, key: &str, rule: Words) {
        let Some(object) = owner.get(key).filter(|object| !object.is_null()) else {
            if rule.is_required {
                self.add(at, &format!("missing required field: {key}"));
            }
            return;
        };
        self.text_object(&format!("{at}/{key}"), object, rule);
    }

    fn text_object(&mut self, at: &str, object: &Value, rule: Words) {
        let kind = text(object, "type");
        if kind != "plain_text" && (kind != "mrkdwn" || rule.is_plain_only) {
            self.add(&format!("{at}/type"), &format!("unsupported type: {kind}"));
            return;
        }
        if text(object, "text").is_empty() {
            self.add(&format!("{at}/text"), "must be more than 0 characters");
        }
        self.length(&format!("{at}/text"), text(object, "text"), rule.longest);
    }
}

/// What a text object may be.
#[derive(Clone, Copy)]
struct Words {
    longest: usize,
    is_plain_only: bool,
    is_required: bool,
}

const fn plain(longest: usize) -> Words {
    Words { longest, is_plain_only: true, is_required: true }
}

const fn any(longest: usize) -> Words {
    Words { longest, is_plain_only: false, is_required: true }
}

impl Words {
    const fn optional(self) -> Self {
        Self { is_required: false, ..self }
    }
}

/// Checks a layout.
///
/// # Errors
/// Every fault, with a pointer to its place.
pub fn check(blocks: &[Value], surface: Surface) -> Result<(), Vec<String>> {
    let mut faults = Faults { found: Vec::new() };
    check_layout(&mut faults, "/blocks", blocks, surface);
    if faults.found.is_empty() { Ok(()) } else { Err(faults.found) }
}

/// Checks a whole view of that type.
///
/// # Errors
/// Every fault, with a pointer to its place.
pub fn check_view(view: &Value, kind: &str) -> Result<(), Vec<String>> {
    let mut faults = Faults { found: Vec::new() };
    if text(view, "type") != kind {
        faults.add("/view/type", &format!("must be {kind}"));
    }
    if !view.get("blocks").is_some_and(Value::is_array) {
        faults.add("/view", "missing required field: blocks");
    }
    let layout = list(view, "blocks");
    let surface = if kind == "home" { Surface::Home } else { Surface::Modal };
    check_layout(&mut faults, "/view/blocks", layout, surface);
    if surface == Surface::Modal {
        faults.words("/view", view, "title", plain(24));
        faults.words("/view", view, "submit", plain(24).optional());
        faults.words("/view", view, "close", plain(24).optional());
        let has_input = layout.iter().any(|block| text(block, "type") == "input");
        if has_input && view.get("submit").is_none_or(Value::is_null) {
            faults.add("/view", "a submit is required when an input block is present");
        }
    }
    faults.length("/view/private_metadata", text(view, "private_metadata"), 3000);
    faults.length("/view/callback_id", text(view, "callback_id"), 255);
    faults.length("/view/external_id", text(view, "external_id"), 255);
    if faults.found.is_empty() { Ok(()) } else { Err(faults.found) }
}

/// Characters of all texts of a layout.
#[must_use]
pub fn characters(blocks: &[Value]) -> usize {
    fn count(value: &Value) -> usize {
        if let Some(object) = value.as_object() {
            let own = object.get("text").and_then(Value::as_str).map_or(0, |words| words.chars().count());
            return own + object.values().filter(|inner| !inner.is_string()).map(count).sum::<usize>();
        }
        value.as_array().map_or(0, |many| many.iter().map(count).sum())
    }
    blocks.iter().map(count).sum()
}

fn check_layout(faults: &mut Faults, at: &str, blocks: &[Value], surface: Surface) {
    let most = if surface == Surface::Message { 50 } else { 100 };
    faults.at_most(at, blocks.len(), most);
    let mut ids: Vec<&str> = blocks.iter().map(|block| text(block, "block_id")).filter(|id| !id.is_empty()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair.first() == pair.last()) {
        faults.add(at, "block_id must be unique");
    }
    let count = |kind: &str| blocks.iter().filter(|block| text(block, "type") == kind).count();
    if count("table") > 1 {
        faults.add(at, "only_one_table_allowed");
    }
    if count("plan") > 0 && count("task_card") > 0 {
        faults.add(at, "plan and task_card blocks cannot be used together");
    }
    for (number, block) in blocks.iter().enumerate() {
        check_block(faults, &format!("{at}/{number}"), block, surface);
    }
}

fn check_block(faults: &mut Faults, at: &str, block: &Value, surface: Surface) {
    if !block.is_object() {
        faults.add(at, "must be an object");
        return;
    }
    faults.length(&format!("{at}/block_id"), text(block, "block_id"), 255);
    let is_message = surface == Surface::Message;
    match text(block, "type") {
        "section" => check_section(faults, at, block),
        "actions" => elements::check_row(faults, at, block, &ACTIONS),
        "context" => check_context(faults, at, block),
        "input" => check_input(faults, at, block),
        "header" => faults.words(at, block, "text", plain(150)),
        "divider" | "file" | "video" => {}
        "image" => check_image(faults, at, block),
        "rich_text" => {
            if !block.get("elements").is_some_and(Value::is_array) {
                faults.add(at, "missing required field: elements");
            }
        }
        "markdown" if is_message => faults.required_words(at, block, "text", 12_000),
        "plan" if is_message => check_plan(faults, at, block),
        "task_card" if is_message => check_task(faults, at, block),
        "table" if is_message => check_table(faults, at, block),
        "data_table" if is_message => check_rows(faults, at, block),
        "card" | "carousel" | "container" | "context_actions" if is_message => {}
        "alert" if surface == Surface::Modal => check_alert(faults, at, block),
        other => faults.add(&format!("{at}/type"), &format!("unsupported type: {other}")),
    }
}

fn check_section(faults: &mut Faults, at: &str, block: &Value) {
    let fields = list(block, "fields");
    if fields.is_empty() {
        faults.words(at, block, "text", any(3000));
    } else {
        faults.words(at, block, "text", any(3000).optional());
    }
    faults.at_most(&format!("{at}/fields"), fields.len(), 10);
    for (number, field) in fields.iter().enumerate() {
        faults.text_object(&format!("{at}/fields/{number}"), field, any(2000));
    }
    if let Some(accessory) = block.get("accessory") {
        elements::check_one(faults, &format!("{at}/accessory"), accessory, &ACCESSORIES);
    }
}

fn check_context(faults: &mut Faults, at: &str, block: &Value) {
    let parts = list(block, "elements");
    if parts.is_empty() {
        faults.add(&format!("{at}/elements"), "must provide at least 1 item");
    }
    faults.at_most(&format!("{at}/elements"), parts.len(), 10);
    for (number, part) in parts.iter().enumerate() {
        let here = format!("{at}/elements/{number}");
        if text(part, "type") == "image" {
            check_image(faults, &here, part);
        } else {
            faults.text_object(&here, part, any(3000));
        }
    }
}

fn check_input(faults: &mut Faults, at: &str, block: &Value) {
    faults.words(at, block, "label", plain(2000));
    faults.words(at, block, "hint", plain(2000).optional());
    match block.get("element") {
        Some(element) => elements::check_one(faults, &format!("{at}/element"), element, &INPUTS),
        None => faults.add(at, "missing required field: element"),
    }
}

fn check_image(faults: &mut Faults, at: &str, block: &Value) {
    faults.required_words(at, block, "alt_text", 2000);
    if text(block, "image_url").is_empty() && block.get("slack_file").is_none() {
        faults.add(at, "missing required field: image_url");
    }
    faults.length(&format!("{at}/image_url"), text(block, "image_url"), 3000);
}

fn check_plan(faults: &mut Faults, at: &str, block: &Value) {
    faults.required_words(at, block, "title", 256);
    let tasks = list(block, "tasks");
    faults.at_most(&format!("{at}/tasks"), tasks.len(), 50);
    for (number, task) in tasks.iter().enumerate() {
        check_task(faults, &format!("{at}/tasks/{number}"), task);
    }
}

fn check_task(faults: &mut Faults, at: &str, task: &Value) {
    faults.required_words(at, task, "task_id", 255);
    faults.required_words(at, task, "title", 256);
    let status = text(task, "status");
    if !matches!(status, "" | "pending" | "in_progress" | "complete" | "error") {
        faults.add(&format!("{at}/status"), &format!("invalid status: {status}"));
    }
    for key in ["details", "output"] {
        if let Some(part) = task.get(key).filter(|part| !part.is_null())
            && text(part, "type") != "rich_text"
        {
            faults.add(&format!("{at}/{key}"), "must be a rich_text block");
        }
    }
}

fn check_table(faults: &mut Faults, at: &str, block: &Value) {
    check_rows(faults, at, block);
    faults.at_most(&format!("{at}/column_settings"), list(block, "column_settings").len(), 20);
}

fn check_rows(faults: &mut Faults, at: &str, block: &Value) {
    let rows = list(block, "rows");
    if rows.is_empty() {
        faults.add(&format!("{at}/rows"), "must provide at least 1 item");
    }
    faults.at_most(&format!("{at}/rows"), rows.len(), 100);
    for (number, row) in rows.iter().enumerate() {
        let cells = row.as_array().map(Vec::as_slice).unwrap_or_default();
        faults.at_most(&format!("{at}/rows/{number}"), cells.len(), 20);
        for (column, cell) in cells.iter().enumerate() {
            if !matches!(text(cell, "type"), "raw_text" | "raw_number" | "rich_text") {
                let kind = text(cell, "type");
                faults.add(&format!("{at}/rows/{number}/{column}/type"), &format!("unsupported type: {kind}"));
            }
        }
    }
}

fn check_alert(faults: &mut Faults, at: &str, block: &Value) {
    faults.words(at, block, "text", any(3000));
    let level = text(block, "level");
    if !matches!(level, "" | "default" | "info" | "warning" | "error" | "success") {
        faults.add(&format!("{at}/level"), &format!("invalid level: {level}"));
    }
}
