//! A typed line becomes an intent, or a misunderstanding that points at the place.
//!
//! `verb selector [--name value]… [at time | in duration] [because text to the end]`. Deliberately absent: which servers
//! exist (`fleet`), who may do what, and any markup of a chat system.

mod asking;
mod braking;
mod clock;
mod closing;
mod declaring;
mod fields;
mod hidden;
mod line;
mod looking;
mod mentions;
mod normalise;
mod overriding;
mod parameters;
mod print;
mod quotes;
mod start;
#[cfg(test)]
mod tests;
mod values;
mod zone;

pub use asking::asked_about;
pub use fields::Fields;
pub use hidden::hidden_name;
pub use line::{parse, planned};
pub use normalise::normalise;
pub use print::print;
pub use zone::{about_time, moment_at, written_moment};

use crate::domain::command::{CommandName, CommandSpec};
use crate::domain::intent::ZoneName;
use crate::domain::time::Timestamp;
use std::sync::Arc;

/// What the words of one person's line may mean, here and now.
#[derive(Clone, Default, Debug)]
pub struct Vocabulary {
    /// Every command, sorted by name: one that this person may not use is read all the same, and refused later.
    pub commands: Vec<Arc<CommandSpec>>,
    /// The commands that this person may use here; suggestions name no other.
    pub usable: Vec<CommandName>,
    /// The person's own time zone, if it is known.
    pub zone: Option<ZoneName>,
    /// The present moment.
    pub now: Timestamp,
}

impl Vocabulary {
    /// Of someone who may use all of these commands, whose zone is not known, at the beginning of time.
    #[must_use]
    pub fn of(mut commands: Vec<Arc<CommandSpec>>) -> Self {
        commands.sort_by(|one, other| one.name.cmp(&other.name));
        let usable = commands.iter().map(|spec| spec.name.clone()).collect();
        Self { commands, usable, ..Self::default() }
    }

    /// The command of that name.
    #[must_use]
    pub fn command(&self, name: &str) -> Option<&CommandSpec> {
        let found = self.commands.binary_search_by(|spec| spec.name.as_str().cmp(name)).ok()?;
        self.commands.get(found).map(Arc::as_ref)
    }
}
