//! Faults of command files: what is wrong, where, and what to write instead; drawn with the lines around.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use std::fmt::{Display, Formatter};
use std::ops::Range;
use std::sync::Arc;

/// One fault of one file.
#[derive(Clone, Debug)]
pub struct CatalogFault {
    /// The file's name.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub instead: String,
    span: Range<usize>,
    source: Arc<NamedSource<String>>,
}

impl Display for CatalogFault {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl std::error::Error for CatalogFault {}

impl Diagnostic for CatalogFault {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(&self.instead))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source.as_ref())
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::at(self.span.clone(), "here"))))
    }
}

/// Every fault of every file, in the order of the files and their lines.
#[derive(Clone, Debug)]
pub struct CatalogFaults {
    faults: Vec<CatalogFault>,
}

impl CatalogFaults {
    pub(super) fn new(mut faults: Vec<CatalogFault>) -> Self {
        faults
            .sort_by(|left, right| (&left.file, left.line, left.column).cmp(&(&right.file, right.line, right.column)));
        Self { faults }
    }

    /// The faults, at least one.
    #[must_use]
    pub fn faults(&self) -> &[CatalogFault] {
        &self.faults
    }
}

impl Display for CatalogFaults {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
        for fault in &self.faults {
            handler.render_report(formatter, fault)?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogFaults {}

/// One file while it is read.
#[derive(Clone, Debug)]
pub(super) struct Source {
    named: Arc<NamedSource<String>>,
}

impl Source {
    pub(super) fn new(name: &str, text: &str) -> Self {
        Self { named: Arc::new(NamedSource::new(name, text.to_owned())) }
    }

    pub(super) fn name(&self) -> &str {
        self.named.name()
    }

    pub(super) fn text(&self) -> &str {
        self.named.inner()
    }

    pub(super) fn fault(
        &self,
        span: Range<usize>,
        what: impl Into<String>,
        instead: impl Into<String>,
    ) -> CatalogFault {
        let before = self.text().get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |place| place + 1);
        CatalogFault {
            file: self.name().to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            what: what.into(),
            instead: instead.into(),
            span,
            source: Arc::clone(&self.named),
        }
    }
}
