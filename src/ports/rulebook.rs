//! The files that say what may be done, checked.
//!
//! Deliberately absent: how files are read, and what a file looks like.

use crate::admission::{Known, Ledger, Rules};
use crate::authorization::Policies;
use crate::catalog::Catalog;
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;

/// The files that say what may be done: read together, replaced together.
pub struct Rulebook {
    /// The commands.
    pub catalog: Catalog,
    /// Who may use them where.
    pub policies: Policies,
    /// The numbers of admission.
    pub rules: Rules,
    /// The servers.
    pub inventory: Inventory,
}

impl Rulebook {
    /// What admission looks at.
    #[must_use]
    pub fn known<'a>(&'a self, ledger: &'a Ledger, now: Timestamp) -> Known<'a> {
        Known { inventory: &self.inventory, ledger, rules: &self.rules, now }
    }
}
