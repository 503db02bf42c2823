//! Command files become checked specifications, or faults with file, line and caret.
//!
//! Deliberately absent: reading folders; the caller hands in the texts.

mod canonical;
mod command;
mod examples;
mod fault;
mod fields;
mod inputs;
mod keys;
mod parameters;
mod rules;
mod schema;
mod steps;
#[cfg(test)]
mod tests;

pub use fault::{CatalogFault, CatalogFaults};
pub use schema::schema;

use crate::domain::command::{CommandName, CommandSpec};
use command::Draft;
use fault::Source;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every command there is, sorted by name.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Catalog {
    commands: Vec<Arc<CommandSpec>>,
}

impl Catalog {
    /// All commands, sorted by name.
    #[must_use]
    pub fn commands(&self) -> &[Arc<CommandSpec>] {
        &self.commands
    }

    /// The command of that name.
    #[must_use]
    pub fn command(&self, name: &CommandName) -> Option<&Arc<CommandSpec>> {
        self.commands.iter().find(|spec| spec.name == *name)
    }
}

/// Reads command files, given as name and text; all of them or none.
///
/// # Errors
/// Every fault of every file.
pub fn load(files: &[(String, String)]) -> Result<Catalog, CatalogFaults> {
    let mut faults = Vec::new();
    let mut drafts: BTreeMap<CommandName, Draft> = BTreeMap::new();
    for (name, text) in files {
        let source = Source::new(name, text);
        let Some(draft) = command::read(&source, &mut faults) else { continue };
        if let Some(first) = drafts.get_mut(&draft.spec.name) {
            first.is_sound = false;
            let what = format!("the command {} is defined in {} already", draft.spec.name, first.source.name());
            faults.push(source.fault(draft.name_span.clone(), what, "give one of them another name"));
            continue;
        }
        drafts.insert(draft.spec.name.clone(), draft);
    }
    let commands: Vec<_> = drafts.keys().map(|name| resolved(name, &drafts, &mut faults)).collect();
    examples::check(&drafts, &commands, &mut faults);
    if faults.is_empty() { Ok(Catalog { commands }) } else { Err(CatalogFaults::new(faults)) }
}

/// The command with reused steps put in, checked as a whole, and its fingerprint.
fn resolved(
    name: &CommandName,
    drafts: &BTreeMap<CommandName, Draft>,
    faults: &mut Vec<CatalogFault>,
) -> Arc<CommandSpec> {
    let draft = drafts.get(name).expect("names come from the drafts themselves");
    let mut spec = draft.spec.clone();
    let placed = steps::put_in(draft, drafts, faults);
    // With parts missing, rules about the whole would only find what follows from that.
    if placed.is_whole {
        rules::check(draft, &placed.steps, faults);
    }
    spec.steps = placed.steps.into_iter().map(|step| step.step).collect();
    spec.hash = canonical::fingerprint(&spec);
    Arc::new(spec)
}
