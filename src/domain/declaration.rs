//! The typed meaning of a line that says how servers are: `state edge-lax-007 repair because PSU dead`.

use super::intent::{Selector, Spanned};
use super::server::ProductionState;

/// What a person says of servers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Declaration {
    /// Which servers, as they are when it is said.
    pub servers: Spanned<Selector>,
    /// How they are.
    pub declared: Declared,
    /// Why; never empty.
    pub because: String,
}

/// How somebody says that servers are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Declared {
    /// People work on them.
    Maintenance,
    /// They are broken, and somebody has taken them on.
    Repair,
    /// That is done: they may be put back, after their checks.
    Ready,
    /// They are well, and kept out until too much comes.
    Standby,
}

impl Declared {
    /// Every word, in the order people read them.
    pub const ALL: [Self; 4] = [Self::Maintenance, Self::Repair, Self::Ready, Self::Standby];

    /// The word people write.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::Repair => "repair",
            Self::Ready => "ready",
            Self::Standby => "standby",
        }
    }

    /// What the word says, in any case.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|declared| declared.word().eq_ignore_ascii_case(word))
    }

    /// The production state that it comes to. Nobody's word puts a server into production: what is ready is still out.
    #[must_use]
    pub const fn state(self) -> ProductionState {
        match self {
            Self::Maintenance => ProductionState::Maintenance,
            Self::Repair => ProductionState::Repair,
            Self::Ready => ProductionState::Drained,
            Self::Standby => ProductionState::Standby,
        }
    }
}
