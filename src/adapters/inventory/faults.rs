//! What is wrong with an inventory file: all of it, each with its place in the file.

use miette::{Diagnostic, NamedSource, SourceSpan};
use std::sync::Arc;
use thiserror::Error;

/// Everything that is wrong with one inventory file.
#[derive(Debug, Error, Diagnostic)]
#[error("{}", self.sentence())]
pub struct InventoryFaults {
    /// Each fault, in the order of the file.
    #[related]
    pub faults: Vec<FileFault>,
}

/// One fault at one place.
#[derive(Debug, Error, Diagnostic)]
#[error("{file}:{line}:{column}: {message}")]
pub struct FileFault {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    #[source_code]
    text: Arc<NamedSource<String>>,
    #[label("here")]
    span: Option<SourceSpan>,
}

impl InventoryFaults {
    /// Every fault on a line of its own.
    #[must_use]
    pub fn listed(&self) -> String {
        self.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    fn sentence(&self) -> String {
        let first = self.faults.first().map(ToString::to_string).unwrap_or_default();
        match self.faults.len() {
            0 | 1 => first,
            count => format!("{first} (and {} more)", count - 1),
        }
    }
}

/// Collects faults of one file.
#[derive(Debug)]
pub(super) struct Collector {
    file: String,
    text: Arc<NamedSource<String>>,
    faults: Vec<FileFault>,
}

impl Collector {
    pub(super) fn new(file: &str, text: &str) -> Self {
        let source = Arc::new(NamedSource::new(file, text.to_owned()).with_language("yaml"));
        Self { file: file.to_owned(), text: source, faults: Vec::new() }
    }

    /// Of the same file, without a fault.
    pub(super) fn emptied(&self) -> Self {
        Self { file: self.file.clone(), text: Arc::clone(&self.text), faults: Vec::new() }
    }

    pub(super) fn add(&mut self, at: serde_saphyr::Location, message: impl Into<String>) {
        let span = at.span();
        let place = span.byte_offset().and_then(|offset| usize::try_from(offset).ok());
        let length = span.byte_len().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        self.faults.push(FileFault {
            file: self.file.clone(),
            line: at.line(),
            column: at.column(),
            message: message.into(),
            text: Arc::clone(&self.text),
            span: place.map(|offset| SourceSpan::new(offset.into(), length)),
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn into_faults(mut self) -> InventoryFaults {
        self.faults.sort_by_key(|fault| (fault.line, fault.column));
        InventoryFaults { faults: self.faults }
    }
}
