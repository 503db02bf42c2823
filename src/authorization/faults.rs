//! What is wrong with policy files: every fault of every file, with file, line and caret.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, NamedSource, SourceSpan};
use std::sync::Arc;

/// One thing wrong with one policy file.
#[derive(Clone, Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct PolicyFault {
    message: String,
    #[help]
    help: Option<String>,
    file: String,
    line: Option<usize>,
    #[source_code]
    text: NamedSource<Arc<str>>,
    #[label]
    at: Option<SourceSpan>,
}

impl PolicyFault {
    pub(super) fn new(file: &str, text: &str, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            file: file.to_owned(),
            line: None,
            text: NamedSource::new(file, Arc::from(text)),
            at: None,
        }
    }

    /// Points at `length` bytes from `offset`.
    pub(super) fn at(mut self, offset: usize, length: usize) -> Self {
        self.line = Some(line_at(self.text.inner(), offset));
        self.at = Some(SourceSpan::from((offset, length)));
        self
    }

    pub(super) fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// Takes over what Cedar says about that file.
    pub(super) fn from_cedar(file: &str, text: &str, said: &dyn Diagnostic) -> Self {
        let fault = Self::new(file, text, said.to_string()).with_help(said.help().map(|help| help.to_string()));
        match said.labels().and_then(|mut labels| labels.next()) {
            Some(label) => fault.at(label.offset(), label.len()),
            None => fault,
        }
    }

    /// The bytes it points at.
    pub(super) fn place(&self) -> Option<(usize, usize)> {
        self.at.map(|span| (span.offset(), span.len()))
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, counted from 1, when the fault has a place in the file.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What would be right, when that is known.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

/// Every fault of every file; at least one.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", one_a_line(.0))]
pub struct PolicyFaults(Vec<PolicyFault>);

impl PolicyFaults {
    /// Sorted by file and line, each said once (Cedar repeats some for every command).
    pub(super) fn new(mut faults: Vec<PolicyFault>) -> Self {
        let key = |fault: &PolicyFault| (fault.file.clone(), fault.line, fault.message.clone());
        faults.sort_by_key(key);
        faults.dedup_by_key(|fault| key(fault));
        Self(faults)
    }

    /// The faults, sorted by file and line.
    #[must_use]
    pub fn faults(&self) -> &[PolicyFault] {
        &self.0
    }

    /// All of them with the lines they stand in and a caret, without colour.
    #[must_use]
    pub fn render(&self) -> String {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
        let mut page = String::new();
        for fault in &self.0 {
            if handler.render_report(&mut page, fault).is_err() {
                page.push_str(&one_a_line(std::slice::from_ref(fault)));
            }
            page.push('\n');
        }
        page
    }
}

fn one_a_line(faults: &[PolicyFault]) -> String {
    let lines = faults.iter().map(|fault| {
        let place = fault.line.map_or_else(|| fault.file.clone(), |line| format!("{}:{line}", fault.file));
        let help = fault.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
        format!("{place}: {}{help}", fault.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The line of that byte, counted from 1.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
