//! The keys of one mapping: taken one by one, typed; what nobody took is an unknown key.

use super::fault::{CatalogFault, Source};
use super::node::{Content, Node};
use crate::domain::time::duration_of;
use crate::fleet::nearest;
use std::ops::Range;
use std::time::Duration;

/// The keys that were not taken yet.
pub(super) struct Fields<'a> {
    source: &'a Source,
    /// Where the mapping stands, for keys that are missing.
    span: Range<usize>,
    entries: Vec<(&'a str, Range<usize>, &'a Node)>,
    known: Vec<&'static str>,
}

/// Faults are collected here, so that all are reported.
pub(super) type Faults = Vec<CatalogFault>;

impl<'a> Fields<'a> {
    /// The keys of a mapping; anything else is a fault.
    pub(super) fn of(node: &'a Node, span: Range<usize>, source: &'a Source, faults: &mut Faults) -> Option<Self> {
        let Content::Map(map) = &node.content else {
            let what = format!("keys with values belong here, not {}", node.kind());
            faults.push(source.fault(span, what, "write `key: value` lines below, or { key: value }"));
            return None;
        };
        let mut entries = Vec::new();
        for (key, value) in map {
            match key.word() {
                Some(word) => entries.push((word, key.span.clone(), value)),
                None => faults.push(source.fault(key.span.clone(), "a key must be a word", "write a word and a colon")),
            }
        }
        Some(Self { source, span, entries, known: Vec::new() })
    }

    pub(super) fn source(&self) -> &'a Source {
        self.source
    }

    /// Where the mapping stands.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value of a key, if it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.push(key);
        let index = self.entries.iter().position(|(word, _, _)| *word == key)?;
        Some(self.entries.remove(index).2)
    }

    /// The value of a key that must be there.
    pub(super) fn need(&mut self, key: &'static str, faults: &mut Faults) -> Option<&'a Node> {
        let found = self.take(key);
        if found.is_none() {
            faults.push(self.source.fault(self.span(), format!("`{key}` is missing"), format!("add `{key}: …`")));
        }
        found
    }

    /// Whether both are there; they stay.
    pub(super) fn need_both(&mut self, one: &'static str, other: &'static str, faults: &mut Faults) -> bool {
        let missing = [one, other].into_iter().filter(|key| !self.has(key)).collect::<Vec<_>>();
        missing.iter().for_each(|key| _ = self.need(key, faults));
        missing.is_empty()
    }

    pub(super) fn need_word(&mut self, key: &'static str, faults: &mut Faults) -> Option<&'a str> {
        let node = self.need(key, faults)?;
        word(node, self.source, faults)
    }

    /// A number in a range; `None` if it is absent or at fault.
    pub(super) fn number(&mut self, key: &'static str, range: Range<u64>, faults: &mut Faults) -> Option<u64> {
        let node = self.take(key)?;
        let read = word(node, self.source, faults)?.parse::<u64>().ok().filter(|number| range.contains(number));
        if read.is_none() {
            let what = format!("`{key}` takes a whole number from {} to {}", range.start, range.end - 1);
            faults.push(self.source.fault(node.span.clone(), what, format!("write `{key}: {}`", range.start.max(1))));
        }
        read
    }

    pub(super) fn small(&mut self, key: &'static str, range: Range<u32>, faults: &mut Faults) -> Option<u32> {
        let wide = u64::from(range.start)..u64::from(range.end);
        self.number(key, wide, faults).and_then(|number| u32::try_from(number).ok())
    }

    pub(super) fn need_small(&mut self, key: &'static str, range: Range<u32>, faults: &mut Faults) -> Option<u32> {
        if self.has(key) { self.small(key, range, faults) } else { self.need(key, faults).and(None) }
    }

    /// A duration; `None` if it is absent or at fault.
    pub(super) fn duration(&mut self, key: &'static str, faults: &mut Faults) -> Option<Duration> {
        let node = self.take(key)?;
        let read = duration_of(word(node, self.source, faults)?);
        if read.is_none() {
            let what = format!("`{key}` takes a length of time");
            faults.push(self.source.fault(node.span.clone(), what, "write 90s, 5m or 2h"));
        }
        read
    }

    /// `true` or `false`; `false` if it is absent.
    pub(super) fn flag(&mut self, key: &'static str, faults: &mut Faults) -> bool {
        let Some(node) = self.take(key) else { return false };
        match node.word() {
            Some("true") => true,
            Some("false") => false,
            Some(_) | None => {
                faults.push(self.source.fault(node.span.clone(), format!("`{key}` takes true or false"), "write true"));
                false
            }
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(word, _, _)| *word == key)
    }

    /// Every key that is left, with its place; used where keys are names.
    pub(super) fn rest(&mut self) -> Vec<(&'a str, Range<usize>, &'a Node)> {
        std::mem::take(&mut self.entries)
    }

    /// Refuses what nobody took.
    pub(super) fn end(self, faults: &mut Faults) {
        for (word, span, _) in self.entries {
            let instead = match nearest(word, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", self.known.join(", ")),
            };
            faults.push(self.source.fault(span, format!("there is no key `{word}` here"), instead));
        }
    }
}

pub(super) fn word<'a>(node: &'a Node, source: &Source, faults: &mut Faults) -> Option<&'a str> {
    let word = node.word();
    if word.is_none() {
        faults.push(source.fault(
            node.span.clone(),
            format!("a word belongs here, not {}", node.kind()),
            "write a word",
        ));
    }
    word
}

/// The items of a list that must have at least one.
pub(super) fn list<'a>(node: &'a Node, source: &Source, faults: &mut Faults) -> &'a [Node] {
    match &node.content {
        Content::List(items) if !items.is_empty() => items,
        Content::List(_) | Content::Empty | Content::Word(_) | Content::Map(_) => {
            let what = format!("a list with at least one item belongs here, not {}", node.kind());
            faults.push(source.fault(node.span.clone(), what, "write [one, two], or one `- item` a line"));
            &[]
        }
    }
}

/// The items of a list, each one of these words.
pub(super) fn one_of<T: Copy>(node: &Node, words: &[(&str, T)], source: &Source, faults: &mut Faults) -> Option<T> {
    let written = word(node, source, faults)?;
    let found = words.iter().find(|(word, _)| *word == written).map(|(_, value)| *value);
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let instead = match nearest(written, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", known.join(", ")),
        };
        faults.push(source.fault(node.span.clone(), format!("`{written}` is not known here"), instead));
    }
    found
}
