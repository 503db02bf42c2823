//! A policy file in YAML as a tree that knows its places, so that one reading finds every fault and not only the first.

use super::faults::PolicyFault;
use super::known::nearest;
use super::load::PolicyFile;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use std::fmt::{Display, Formatter};
use std::ops::Range;

/// One value of the file.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Content {
    Empty,
    Word(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    pub(super) fn word(&self) -> Option<&str> {
        match &self.content {
            Content::Word(word) => Some(word),
            Content::Empty | Content::List(_) | Content::Map(_) => None,
        }
    }

    /// What it is, for a fault's sentence.
    const fn kind(&self) -> &'static str {
        match self.content {
            Content::Empty => "nothing",
            Content::Word(_) => "a word",
            Content::List(_) => "a list",
            Content::Map(_) => "keys with values",
        }
    }
}

/// A word and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Word<'n> {
    pub(super) text: &'n str,
    pub(super) span: &'n Range<usize>,
}

/// The values of a map whose keys were checked.
pub(super) struct Keys<'n>(Vec<(Word<'n>, &'n Node)>);

impl<'n> Keys<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.0.iter().find(|(word, _)| word.text == key).map(|(_, value)| *value)
    }

    /// The key itself, to point at.
    pub(super) fn key(&self, key: &str) -> Option<Word<'n>> {
        self.0.iter().find(|(word, _)| word.text == key).map(|(word, _)| *word)
    }
}

/// One file while it is read, and what is wrong with it so far.
pub(super) struct Sheet<'a> {
    pub(super) file: &'a PolicyFile,
    pub(super) faults: Vec<PolicyFault>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(file: &'a PolicyFile) -> Self {
        Self { file, faults: Vec::new() }
    }

    /// The tree of the file; `None` with a fault when it is no YAML.
    pub(super) fn tree(&mut self) -> Option<Node> {
        let text = &self.file.text;
        // Of a large reuse of anchors or a deep nesting the reader itself makes a fault.
        let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        let read: Result<Spanned<Raw>, _> = serde_saphyr::from_str_with_options(text, options);
        match read {
            Ok(raw) => Some(node(text, raw)),
            // A file of comments alone says nothing, and that is no fault.
            Err(_) if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) => {
                Some(Node { content: Content::Empty, span: 0..0 })
            }
            Err(cause) => {
                let span = cause.location().map_or(0..0, |location| place(text, &location));
                let what = cause.render_with_formatter(&serde_saphyr::UserMessageFormatter);
                // The text ends with the place, which the drawing shows already.
                let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what).to_owned();
                let help = if text.get(span.start..).is_some_and(|rest| rest.starts_with('@')) {
                    "YAML keeps `@` for itself: write it in quotes, \"@U0ANA\""
                } else {
                    "correct the YAML; everything else in this file is read after that"
                };
                self.fault(&span, what, help);
                None
            }
        }
    }

    pub(super) fn fault(&mut self, span: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        let help = Some(help.into()).filter(|help| !help.is_empty());
        let fault = PolicyFault::new(&self.file.name, &self.file.text, message.into());
        self.faults.push(fault.at(span.start, span.len()).with_help(help));
    }

    /// The values of a map that may have these keys and no others.
    pub(super) fn keys<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Keys<'n>> {
        let Content::Map(entries) = &node.content else {
            let message = format!("{what} is {}, and takes keys with values", node.kind());
            self.fault(&node.span, message, format!("the keys are {}", known.join(", ")));
            return None;
        };
        let mut found = Vec::new();
        for (key, value) in entries {
            match key.word() {
                Some(text) if known.contains(&text) => found.push((Word { text, span: &key.span }, value)),
                other => {
                    let text = other.unwrap_or_default();
                    let help = did_you_mean(text, known.iter().copied())
                        .unwrap_or_else(|| format!("the keys are {}", known.join(", ")));
                    self.fault(&key.span, format!("{what} has no key `{text}`"), help);
                }
            }
        }
        Some(Keys(found))
    }

    /// A list of anything.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.content {
            Content::List(items) => items,
            Content::Empty => &[],
            Content::Word(_) | Content::Map(_) => {
                let message = format!("{what} is {}, and takes a list", node.kind());
                self.fault(&node.span, message, "begin each item with `- `");
                &[]
            }
        }
    }

    /// One word, or a list of words; at least one.
    pub(super) fn words<'n>(&mut self, node: &'n Node, what: &str) -> Vec<Word<'n>> {
        let items = match &node.content {
            Content::Word(text) => return vec![Word { text, span: &node.span }],
            Content::List(items) if !items.is_empty() => items,
            Content::List(_) | Content::Empty | Content::Map(_) => {
                let said = if matches!(node.content, Content::List(_)) { "an empty list" } else { node.kind() };
                let message = format!("{what} is {said}, and takes a word or a list of words");
                self.fault(&node.span, message, format!("leave {what} out, or say at least one word"));
                return Vec::new();
            }
        };
        let mut words = Vec::new();
        for item in items {
            match item.word() {
                Some(text) => words.push(Word { text, span: &item.span }),
                None => self.fault(&item.span, format!("{what} has {} in its list", item.kind()), "it takes words"),
            }
        }
        words
    }

    /// One word with something in it.
    pub(super) fn word<'n>(&mut self, node: &'n Node, what: &str) -> Option<Word<'n>> {
        match node.word().filter(|text| !text.trim().is_empty()) {
            Some(text) => Some(Word { text, span: &node.span }),
            None => {
                self.fault(&node.span, format!("{what} is {}, and takes words", node.kind()), "");
                None
            }
        }
    }

    /// A whole number from `least` up.
    pub(super) fn number(&mut self, node: &Node, what: &str, least: u32) -> Option<u32> {
        let number = node.word().and_then(|word| word.parse::<u32>().ok()).filter(|number| *number >= least);
        if number.is_none() {
            let said = node.word().map_or_else(|| node.kind().to_owned(), |word| format!("`{word}`"));
            self.fault(&node.span, format!("{what} is {said}"), format!("it takes a whole number from {least} up"));
        }
        number
    }
}

/// The help for a word that is none of those.
pub(super) fn did_you_mean<'w>(typed: &str, words: impl IntoIterator<Item = &'w str>) -> Option<String> {
    nearest(typed, words).map(|near| format!("did you mean `{near}`?"))
}

fn node(text: &str, raw: Spanned<Raw>) -> Node {
    let span = place(text, &raw.referenced);
    let content = match raw.value {
        Raw::Empty => Content::Empty,
        Raw::Word(word) => Content::Word(word),
        Raw::List(items) => Content::List(items.into_iter().map(|item| node(text, item)).collect()),
        Raw::Map(entries) => {
            Content::Map(entries.into_iter().map(|(key, value)| (node(text, key), node(text, value))).collect())
        }
    };
    Node { content, span }
}

/// The bytes of a place; lists and keys are shown by their first line.
fn place(text: &str, location: &Location) -> Range<usize> {
    let by_line = || {
        let before = text.split_inclusive('\n').take(to_index(location.line().saturating_sub(1)));
        before.map(str::len).sum::<usize>() + to_index(location.column().saturating_sub(1))
    };
    let start = location.span().byte_offset().map_or_else(by_line, to_index).min(text.len());
    let length = location.span().byte_len().map_or(0, to_index);
    let end = (start + length).min(text.len());
    let first_line = text.get(start..end).and_then(|part| part.lines().next()).unwrap_or_default();
    start..start + first_line.trim_end().len()
}

fn to_index<N>(number: N) -> usize
where
    usize: TryFrom<N>,
{
    usize::try_from(number).unwrap_or(0)
}

enum Raw {
    Empty,
    Word(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl RawVisitor {
    #[expect(clippy::unnecessary_wraps, reason = "what a visitor answers")]
    fn word<E>(value: impl Display) -> Result<Raw, E> {
        Ok(Raw::Word(value.to_string()))
    }
}

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Empty)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Empty)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Self::word(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Self::word(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Self::word(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Self::word(value)
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Self::word(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
