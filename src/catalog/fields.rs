//! The keys of one mapping: taken one by one, typed; what nobody took is an unknown key.

use super::fault::{CatalogFault, Source};
use super::keys::{Key, Mapping, Need, Shape};
use crate::domain::time::duration_of;
use crate::fleet::nearest;
use crate::yaml::{Content, Node};
use std::ops::Range;
use std::time::Duration;

/// The keys that were not taken yet.
pub(super) struct Fields<'a> {
    source: &'a Source,
    /// Where the mapping stands, for keys that are missing.
    span: Range<usize>,
    entries: Vec<(&'a str, Range<usize>, &'a Node)>,
    /// The keys that there are.
    known: &'static Mapping,
}

/// Faults are collected here, so that all are reported.
pub(super) type Faults = Vec<CatalogFault>;

impl<'a> Fields<'a> {
    /// The keys of a mapping; anything else is a fault.
    pub(super) fn of(
        node: &'a Node,
        (known, span): (&'static Mapping, Range<usize>),
        source: &'a Source,
        faults: &mut Faults,
    ) -> Option<Self> {
        let entries = entries(node, &span, source, faults)?;
        Some(Self { source, span, entries, known })
    }

    /// The same entries, now that it is known which keys there are.
    pub(super) fn narrowed(self, known: &'static Mapping) -> Self {
        Self { known, ..self }
    }

    pub(super) fn source(&self) -> &'a Source {
        self.source
    }

    /// Where the mapping stands.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value of a key. One that is required and missing is a fault.
    pub(super) fn take(&mut self, key: &Key, faults: &mut Faults) -> Option<&'a Node> {
        debug_assert!(self.knows(key.name), "`{}` is in the table of {}", key.name, self.known.about);
        let found = self.take_out(key.name);
        if found.is_none() && key.need == Need::Required {
            let what = format!("`{}` is missing", key.name);
            faults.push(self.source.fault(self.span(), what, format!("add `{}: …`", key.name)));
        }
        found
    }

    fn take_out(&mut self, name: &str) -> Option<&'a Node> {
        let index = self.entries.iter().position(|(word, _, _)| *word == name)?;
        Some(self.entries.remove(index).2)
    }

    fn knows(&self, name: &str) -> bool {
        self.known.keys.iter().any(|key| key.name == name)
    }

    /// Refuses a key that others of its kind have, in better words than that it is unknown.
    pub(super) fn refuse(&mut self, key: &Key, what: &str, instead: &str, faults: &mut Faults) {
        if self.knows(key.name) {
            return;
        }
        if let Some(node) = self.take_out(key.name) {
            faults.push(self.source.fault(node.span.clone(), what, instead));
        }
    }

    pub(super) fn word(&mut self, key: &Key, faults: &mut Faults) -> Option<&'a str> {
        let node = self.take(key, faults)?;
        word(node, self.source, faults)
    }

    /// The items of a list; empty if it is absent or at fault.
    pub(super) fn list(&mut self, key: &Key, faults: &mut Faults) -> &'a [Node] {
        self.take(key, faults).map_or(&[], |node| list(node, self.source, faults))
    }

    /// One of the words; `None` if it is absent or at fault.
    pub(super) fn one_of<T: Copy>(&mut self, key: &Key, words: &[(&str, T)], faults: &mut Faults) -> Option<T> {
        let node = self.take(key, faults)?;
        one_of(node, words, self.source, faults)
    }

    /// A number within the bounds of the table; `None` if it is absent or at fault.
    pub(super) fn number<N: TryFrom<u64>>(&mut self, key: &Key, faults: &mut Faults) -> Option<N> {
        let node = self.take(key, faults)?;
        number(node, key, self.source, faults)
    }

    /// A duration; `None` if it is absent or at fault.
    pub(super) fn duration(&mut self, key: &Key, faults: &mut Faults) -> Option<Duration> {
        let node = self.take(key, faults)?;
        duration(node, key, self.source, faults)
    }

    /// `true` or `false`; `false` if it is absent.
    pub(super) fn flag(&mut self, key: &Key, faults: &mut Faults) -> bool {
        let Some(node) = self.take(key, faults) else { return false };
        match node.word() {
            Some("true") => true,
            Some("false") => false,
            Some(_) | None => {
                let what = format!("`{}` takes true or false", key.name);
                faults.push(self.source.fault(node.span.clone(), what, "write true"));
                false
            }
        }
    }

    /// The keys below a key; `None` if it is absent or at fault.
    pub(super) fn below(&mut self, key: &Key, span: &Range<usize>, faults: &mut Faults) -> Option<Fields<'a>> {
        let node = self.take(key, faults)?;
        Fields::of(node, (key.shape.mapping()?, span.clone()), self.source, faults)
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.entries.iter().any(|(word, _, _)| *word == key.name)
    }

    /// Forgets what is left, where nothing can be said about it.
    pub(super) fn forget(mut self) {
        self.entries.clear();
    }

    /// Refuses what nobody took.
    pub(super) fn end(self, faults: &mut Faults) {
        for (word, span, _) in self.entries {
            let known = self.known.keys.iter().map(|key| key.name).collect::<Vec<_>>();
            let instead = match nearest(word, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", known.join(", ")),
            };
            faults.push(self.source.fault(span, format!("there is no key `{word}` here"), instead));
        }
    }
}

/// The keys of a mapping with their places and values; used by itself where keys are names.
pub(super) fn entries<'a>(
    node: &'a Node,
    span: &Range<usize>,
    source: &Source,
    faults: &mut Faults,
) -> Option<Vec<(&'a str, Range<usize>, &'a Node)>> {
    let Content::Map(map) = &node.content else {
        let what = format!("keys with values belong here, not {}", node.kind());
        faults.push(source.fault(span.clone(), what, "write `key: value` lines below, or { key: value }"));
        return None;
    };
    let mut entries = Vec::new();
    for (key, value) in map {
        match key.word() {
            Some(word) => entries.push((word, key.span.clone(), value)),
            None => faults.push(source.fault(key.span.clone(), "a key must be a word", "write a word and a colon")),
        }
    }
    Some(entries)
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

/// A number within the bounds of the key.
pub(super) fn number<N: TryFrom<u64>>(node: &Node, key: &Key, source: &Source, faults: &mut Faults) -> Option<N> {
    let (least, most) = key.shape.bounds();
    let read = word(node, source, faults)?.parse::<u64>().ok().filter(|read| (least..=most).contains(read));
    if read.is_none() {
        let what = format!("`{}` takes a whole number from {least} to {most}", key.name);
        let instead = format!("write `{}: {}`", key.name, least.max(1));
        faults.push(source.fault(node.span.clone(), what, instead));
    }
    read.and_then(|read| N::try_from(read).ok())
}

pub(super) fn duration(node: &Node, key: &Key, source: &Source, faults: &mut Faults) -> Option<Duration> {
    let read = duration_of(word(node, source, faults)?);
    if read.is_none() {
        let what = format!("`{}` takes a length of time", key.name);
        let may_be_parameter = matches!(key.shape, Shape::Input(_));
        let instead = if may_be_parameter {
            "write 90s, 5m or 2h, or \"{name}\" of a duration parameter"
        } else {
            "write 90s, 5m or 2h"
        };
        faults.push(source.fault(node.span.clone(), what, instead));
    }
    read
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
