//! Examples are promises: each must be a line of its own command, read as people's lines are.

use super::command::Draft;
use super::fault::CatalogFault;
use crate::domain::command::{CommandName, CommandSpec};
use crate::domain::intent::Intent;
use crate::domain::misunderstanding::Misunderstanding;
use crate::language::{self, Vocabulary};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Reports every example that is not understood, or that means another command.
pub(super) fn check(
    drafts: &BTreeMap<CommandName, Draft>,
    commands: &[Arc<CommandSpec>],
    faults: &mut Vec<CatalogFault>,
) {
    let vocabulary = Vocabulary::of(commands.to_vec());
    // A file with a fault of its own lacks what its examples speak of.
    for draft in drafts.values().filter(|draft| draft.is_sound) {
        for (example, span) in draft.spec.examples.iter().zip(&draft.example_spans) {
            let (place, what, instead) = match language::parse(example, &vocabulary) {
                Ok(Intent::Work(work)) if work.command == draft.spec.name => continue,
                Ok(_) => {
                    let what = format!("this is no line of {}", draft.spec.name);
                    (span.clone(), what, format!("begin it with `{}`", draft.spec.name))
                }
                Err(told) => {
                    let instead = told.corrected.as_ref().map_or_else(
                        || "write a line that means this command; `wrasse parse` tells why one does not".to_owned(),
                        |line| format!("did you mean `{line}`?"),
                    );
                    let place = placed(draft, example, span, &told);
                    (place, "this example would not be understood".to_owned(), instead)
                }
            };
            faults.push(draft.source.fault(place, what, instead));
        }
    }
}

/// The place inside the example, where the file writes it as it is read; else the whole of it.
fn placed(draft: &Draft, example: &str, span: &Range<usize>, told: &Misunderstanding) -> Range<usize> {
    let written = draft.source.text().get(span.clone()).unwrap_or_default();
    match written.find(example) {
        Some(offset) if told.line == example && !told.span.is_empty() => {
            span.start + offset + told.span.start..span.start + offset + told.span.end
        }
        Some(_) | None => span.clone(),
    }
}
