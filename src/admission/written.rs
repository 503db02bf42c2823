//! A file of admission's with its text, so that what is wrong with a value is told with its line.
//!
//! Places are looked up only once something is wrong: the file is read again as a tree, and the key is followed there.
//! Deliberately absent: what is wrong, which whoever reads the values says.

use super::file::AdmissionFileFault;
use crate::yaml::{self, Content, Node};
use std::fmt::Display;
use std::ops::Range;

/// A file and what it says.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    file: &'a str,
    text: &'a str,
}

/// Where in a file, by its keys: `traffic.absorbed-by.lax.0`, with the places of lists counted from 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Spot {
    /// What stands behind that key.
    Value(String),
    /// The key itself.
    Key(String),
}

/// Something that a file names and that is not there, or does not fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misnomer {
    /// Where.
    pub spot: Spot,
    /// What is wrong, and what to write instead.
    pub what: String,
}

impl Misnomer {
    /// With its line in that text.
    #[must_use]
    pub fn placed(self, file: &str, text: &str) -> AdmissionFileFault {
        Written { file, text }.fault(&[self.spot], self.what)
    }
}

impl<'a> Written<'a> {
    pub(super) const fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text }
    }

    /// What a key has is not what it takes.
    pub(super) fn not_taken(self, key: &str, given: impl Display, takes: impl Display) -> AdmissionFileFault {
        self.not_taken_at(&[key], given, takes)
    }

    /// The same, for the first key, which may have its default: then it is shown where another one does not fit it.
    pub(super) fn not_taken_at(self, keys: &[&str], given: impl Display, takes: impl Display) -> AdmissionFileFault {
        let spots = keys.iter().map(|key| Spot::Value((*key).to_owned())).collect::<Vec<_>>();
        let key = keys.first().copied().unwrap_or_default();
        self.fault(&spots, format!("{key} is `{given}`; it takes {takes}"))
    }

    /// A fault at the first of these places that is written, or else at the nearest key around the first one.
    pub(super) fn fault(self, spots: &[Spot], what: String) -> AdmissionFileFault {
        let Ok(whole) = yaml::read(self.text) else { return AdmissionFileFault::of(self.file, what) };
        let found = spots.iter().map(|spot| find(&whole, spot)).collect::<Vec<_>>();
        let exact = found.iter().find_map(|found| found.exact.clone());
        match exact.or_else(|| found.into_iter().next().and_then(|found| found.nearest)) {
            Some(span) => AdmissionFileFault::at(self.file, self.text, &span, what),
            None => AdmissionFileFault::of(self.file, what),
        }
    }
}

#[derive(Default)]
struct Found {
    exact: Option<Range<usize>>,
    nearest: Option<Range<usize>>,
}

fn find(whole: &Node, spot: &Spot) -> Found {
    let (mut rest, is_key) = match spot {
        Spot::Value(path) => (path.as_str(), false),
        Spot::Key(path) => (path.as_str(), true),
    };
    let (mut node, mut found) = (whole, Found::default());
    while let Some((key, value, left)) = step(node, rest) {
        found.nearest = Some(key.clone());
        if left.is_empty() {
            // A value of several lines, or none, is shown by its key.
            let is_shown = !is_key && !value.span.is_empty();
            found.exact = Some(if is_shown { value.span.clone() } else { key });
            break;
        }
        (node, rest) = (value, left);
    }
    found
}

/// The next part of a path: where its key is, what stands behind it, and what is left of the path. Names may have dots.
fn step<'a>(node: &'a Node, path: &'a str) -> Option<(Range<usize>, &'a Node, &'a str)> {
    let left_after = |word: &str| match path.strip_prefix(word) {
        Some("") => Some(""),
        Some(left) => left.strip_prefix('.'),
        None => None,
    };
    match &node.content {
        Content::Map(entries) => {
            let begins = entries.iter().filter_map(|(key, value)| Some((key, value, left_after(key.word()?)?)));
            // The longest name: one may begin as another does.
            let (key, value, left) = begins.min_by_key(|(_, _, left)| left.len())?;
            Some((key.span.clone(), value, left))
        }
        Content::List(items) => {
            let (index, left) = path.split_once('.').unwrap_or((path, ""));
            let item = items.get(index.parse::<usize>().ok()?)?;
            Some((item.span.clone(), item, left))
        }
        Content::Empty | Content::Word(_) => None,
    }
}
