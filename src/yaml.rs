//! A YAML text as a tree that knows its places, so that one reading finds every fault and not only the first.
//!
//! Deliberately absent: what belongs in which file, and how a fault is drawn.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};
use std::fmt::{Display, Formatter};
use std::ops::Range;

/// One value of a file.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub content: Content,
    /// Where it stands, in bytes; lists and keys are shown by their first line.
    pub span: Range<usize>,
}

/// What a value is. Numbers and truth are words too: what a word means is for its reader.
#[derive(Clone, Debug)]
pub enum Content {
    /// Nothing.
    Empty,
    /// A word, or several.
    Word(String),
    /// A list.
    List(Vec<Node>),
    /// Keys with values, in their order.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The word, if it is one.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match &self.content {
            Content::Word(word) => Some(word),
            Content::Empty | Content::List(_) | Content::Map(_) => None,
        }
    }

    /// What it is, for a fault's sentence.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.content {
            Content::Empty => "nothing",
            Content::Word(_) => "a word",
            Content::List(_) => "a list",
            Content::Map(_) => "keys with values",
        }
    }
}

/// Why a text is no YAML.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoYaml {
    /// Where, in bytes.
    pub span: Range<usize>,
    /// What is wrong there.
    pub what: String,
}

/// The tree of a text. Of a large reuse of anchors or a deep nesting the reader itself makes a fault.
///
/// # Errors
/// The first place that is no YAML.
pub fn read(text: &str) -> Result<Node, NoYaml> {
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    let raw: Spanned<Raw> =
        serde_saphyr::from_str_with_options(text, options).map_err(|fault| no_yaml(text, &fault))?;
    Ok(node(text, raw))
}

/// The values of a text whose shape is a type's.
///
/// # Errors
/// The first place that is no YAML, or has another shape.
pub fn values<T: DeserializeOwned>(text: &str) -> Result<T, NoYaml> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|fault| no_yaml(text, &fault))
}

fn no_yaml(text: &str, fault: &serde_saphyr::Error) -> NoYaml {
    let span = fault.location().map_or(0..0, |location| place(text, &location));
    // The text ends with the place, which the drawing shows already.
    let what = fault.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what).to_owned();
    NoYaml { span, what }
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
