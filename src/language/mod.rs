//! A typed line becomes an intent, or a misunderstanding that points at the place.
//!
//! `verb selector [--name value]… [because text to the end]`. Deliberately absent: which servers exist (`fleet`),
//! who may do what, and any markup of a chat system.

mod hidden;
mod line;
mod normalise;
mod parameters;
#[cfg(test)]
mod tests;
mod values;

pub use hidden::hidden_name;
pub use line::parse;
pub use normalise::normalise;

use crate::domain::command::CommandSpec;
use std::sync::Arc;

/// The commands that this person may use here; suggestions come from no other.
#[derive(Clone, Default, Debug)]
pub struct Vocabulary {
    /// Sorted by name.
    pub commands: Vec<Arc<CommandSpec>>,
}
