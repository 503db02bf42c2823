//! A policy file in YAML while it is read: its words, lists and keys, and what is wrong with them.

use super::faults::PolicyFault;
use super::known::nearest;
use super::load::PolicyFile;
use crate::yaml::{Content, NoYaml, Node};
use std::ops::Range;

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
        match crate::yaml::read(text) {
            Ok(tree) => Some(tree),
            // A file of comments alone says nothing, and that is no fault.
            Err(_) if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) => {
                Some(Node { content: Content::Empty, span: 0..0 })
            }
            Err(NoYaml { span, what }) => {
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
