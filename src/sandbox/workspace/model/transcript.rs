//! A conversation as text, as tests, documents and terminals show it. One renderer, so that they cannot differ.

use super::nouns::Message;
use super::{Act, Model, list, text};
use crate::sandbox::workspace::settings::BOT_USER;
use serde_json::Value;

/// Columns of the name before each line.
const NAME_COLUMNS: usize = 6;

/// Which part of which conversation, and who looks.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The channel, by id.
    pub channel: String,
    /// Only this thread.
    pub thread_ts: Option<String>,
    /// Who looks, by id; nobody in particular sees everything.
    pub viewer: Option<String>,
}

impl Look {
    fn shows(&self, message: &Message) -> bool {
        let is_for_them = match (&message.only_for, &self.viewer) {
            (Some(only), Some(viewer)) => only == viewer,
            (Some(_) | None, _) => true,
        };
        let is_here = match &self.thread_ts {
            Some(thread) => message.ts == *thread || message.thread_ts.as_ref() == Some(thread),
            None => !message.is_reply() || message.is_broadcast,
        };
        is_for_them && is_here
    }

    fn shows_act(&self, act: &Act) -> bool {
        act.channel == self.channel
            && match &self.thread_ts {
                Some(thread) => act.thread_ts.as_ref() == Some(thread) || act.on.as_ref() == Some(thread),
                None => act.thread_ts.is_none(),
            }
    }
}

impl Model {
    /// The messages that this look shows, oldest first, as the page draws them.
    #[must_use]
    pub fn messages_seen(&self, look: &Look) -> Vec<Value> {
        let Some(channel) = self.channels.get(&look.channel) else { return Vec::new() };
        channel
            .messages
            .values()
            .filter(|message| look.shows(message))
            .map(|message| self.page_message(channel, message))
            .collect()
    }

    /// The conversation as text.
    #[must_use]
    pub fn transcript(&self, look: &Look) -> String {
        let Some(channel) = self.channels.get(&look.channel) else { return String::new() };
        let mut lines: Vec<(&str, String)> = Vec::new();
        for message in channel.messages.values().filter(|message| look.shows(message)) {
            lines.push((&message.ts, self.message_lines(message)));
        }
        for act in self.acts.iter().filter(|act| look.shows_act(act)) {
            let name = self.people.get(&act.user).map_or(act.user.as_str(), |person| person.name.as_str());
            lines.push((&act.ts, with_name(name, &[act.text.clone()])));
        }
        lines.sort_by(|one, other| one.0.cmp(other.0));
        lines.into_iter().map(|(_, line)| line).collect()
    }

    fn message_lines(&self, message: &Message) -> String {
        let own = self.people.get(&message.user).map_or(message.user.as_str(), |person| person.name.as_str());
        let name = match (message.user == BOT_USER, message.edited.is_some()) {
            (true, true) => "bot ~".to_owned(),
            (true, false) => "bot".to_owned(),
            (false, true) => format!("{own} ~"),
            (false, false) => own.to_owned(),
        };
        let mut lines = if message.blocks.is_empty() {
            self.plain(&message.text).lines().map(str::to_owned).collect()
        } else {
            self.block_lines(&message.blocks)
        };
        if let Some(only) = &message.only_for {
            let reader = self.people.get(only).map_or(only.as_str(), |person| person.name.as_str());
            let first = lines.first().cloned().unwrap_or_default();
            if let Some(line) = lines.first_mut() {
                *line = format!("(only {reader}) {first}");
            }
        }
        with_name(&name, &lines)
    }

    /// A layout as lines of text.
    #[must_use]
    pub fn block_lines(&self, blocks: &[Value]) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for block in blocks {
            let words = block.get("text").map(|words| words.as_str().unwrap_or_else(|| text(words, "text")));
            match text(block, "type") {
                "actions" => {
                    let buttons: Vec<String> = list(block, "elements").iter().map(caption_of).collect();
                    append_controls(&mut lines, &buttons.join(" "));
                }
                "context" => {
                    let parts: Vec<String> =
                        list(block, "elements").iter().map(|part| self.plain(text(part, "text"))).collect();
                    lines.push(format!("~ {}", parts.join(" ")));
                }
                "divider" => lines.push("---".to_owned()),
                "image" => lines.push(format!("(picture: {})", text(block, "alt_text"))),
                "plan" => {
                    lines.push(format!("▸ {}", text(block, "title")));
                    lines.extend(list(block, "tasks").iter().map(task_line));
                }
                "task_card" => lines.push(task_line(block)),
                "table" | "data_table" => {
                    for row in list(block, "rows") {
                        let cells = row.as_array().map(Vec::as_slice).unwrap_or_default();
                        let cells: Vec<&str> = cells.iter().map(|cell| text(cell, "text")).collect();
                        lines.push(cells.join(" | "));
                    }
                }
                "input" => {
                    let label = block.get("label").map(|label| text(label, "text")).unwrap_or_default();
                    lines.push(format!("{label} [____]"));
                }
                "rich_text" => lines.extend(rich_words(block).lines().map(|line| self.plain(line))),
                _ => {
                    lines.extend(self.plain(words.unwrap_or_default()).lines().map(str::to_owned));
                    lines.extend(list(block, "fields").iter().map(|field| self.plain(text(field, "text"))));
                    if let Some(accessory) = block.get("accessory") {
                        append_controls(&mut lines, &caption_of(accessory));
                    }
                }
            }
        }
        lines
    }

    /// Text without marks and entities, as it reads.
    #[must_use]
    pub fn plain(&self, words: &str) -> String {
        let mut plain = String::with_capacity(words.len());
        let mut rest = words;
        while let Some((before, after)) = rest.split_once('<') {
            plain.push_str(&without_marks(before));
            let (inside, tail) = after.split_once('>').unwrap_or((after, ""));
            plain.push_str(&self.entity_words(inside));
            rest = tail;
        }
        plain.push_str(&without_marks(rest));
        plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    fn entity_words(&self, inside: &str) -> String {
        let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
        if let Some(id) = target.strip_prefix('@') {
            return format!("@{}", self.people.get(id).map_or(id, |person| person.name.as_str()));
        }
        if let Some(id) = target.strip_prefix('#') {
            return format!("#{}", self.channels.get(id).map_or(id, |channel| channel.name.as_str()));
        }
        if let Some(id) = target.strip_prefix("!subteam^") {
            return format!("@{}", self.groups.get(id).map_or(id, |group| group.handle.as_str()));
        }
        if label.is_empty() { target.trim_start_matches('!').to_owned() } else { label.to_owned() }
    }
}

/// Bold and code marks are dropped where they stand around words; a star between letters stays.
fn without_marks(words: &str) -> String {
    let letters: Vec<char> = words.chars().collect();
    let is_edge = |at: Option<&char>| at.is_none_or(|letter| !letter.is_alphanumeric());
    let kept = letters.iter().enumerate().filter(|(at, letter)| match letter {
        '`' => false,
        '*' => {
            let before = at.checked_sub(1).and_then(|at| letters.get(at));
            !(is_edge(before) || is_edge(letters.get(at + 1)))
        }
        _ => true,
    });
    kept.map(|(_, letter)| *letter).collect()
}

fn with_name(name: &str, lines: &[String]) -> String {
    let mut shown = String::new();
    for (at, line) in lines.iter().enumerate() {
        let margin = if at == 0 { name } else { "" };
        let padding = NAME_COLUMNS.saturating_sub(margin.chars().count()).max(1);
        let row = format!("{margin}{}{line}", " ".repeat(padding));
        shown.push_str(row.trim_end());
        shown.push('\n');
    }
    shown
}

/// Controls stand behind the last line, as they stand under it on a screen.
fn append_controls(lines: &mut Vec<String>, controls: &str) {
    match lines.last_mut() {
        Some(line) => *line = format!("{line}   {controls}"),
        None => lines.push(controls.to_owned()),
    }
}

fn caption_of(element: &Value) -> String {
    let own = element.get("text").or_else(|| element.get("placeholder")).map(|words| text(words, "text"));
    match text(element, "type") {
        "image" => format!("(picture: {})", text(element, "alt_text")),
        other => format!("[{}]", own.filter(|words| !words.is_empty()).unwrap_or(other)),
    }
}

fn task_line(task: &Value) -> String {
    let sign = match text(task, "status") {
        "complete" => "✓",
        "in_progress" => "▶",
        "error" => "✗",
        _ => "·",
    };
    format!("{sign} {}", text(task, "title"))
}

fn rich_words(block: &Value) -> String {
    let own = text(block, "text").to_owned();
    let inner: Vec<String> = list(block, "elements").iter().map(rich_words).collect();
    let gap = if text(block, "type") == "rich_text" { "\n" } else { "" };
    format!("{own}{}", inner.join(gap))
}
