//! The files that say what may be done, checked; and where a changed set of them comes from.
//!
//! Deliberately absent: how files are read, and when a changed set comes into force.

use crate::admission::{Known, Ledger, Outside, Rules};
use crate::authorization::{Policies, PolicyFaults};
use crate::catalog::{Catalog, CatalogFaults};
use crate::conversation::FileFault;
use crate::domain::ids::Fingerprint;
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use async_trait::async_trait;

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
    /// Of the files' contents.
    pub files: Fingerprint,
}

impl Rulebook {
    /// What admission looks at, without traffic and alerts: whoever admits adds those, or what takes capacity waits.
    #[must_use]
    pub fn known<'a>(&'a self, ledger: &'a Ledger, now: Timestamp) -> Known<'a> {
        let outside = Outside::NOT_ASKED;
        Known::new((&self.inventory, &self.rules), ledger, outside, now)
    }
}

/// Everything that is wrong with the files, of all files together.
#[derive(Clone, Debug, Default)]
pub struct FileFaults {
    faults: Vec<FileFault>,
    page: String,
}

impl FileFaults {
    /// Adds a fault, with the text block that shows it.
    pub fn add(&mut self, fault: FileFault, block: &str) {
        self.faults.push(fault);
        self.page.push_str(block.trim_end());
        self.page.push('\n');
    }

    /// Adds what is wrong with the command files of that folder.
    pub fn add_commands(&mut self, folder: &str, faults: &CatalogFaults) {
        let each = faults.faults().iter();
        self.faults.extend(each.map(|fault| FileFault {
            place: format!("{folder}/{}:{}", fault.file, fault.line),
            what: fault.what.clone(),
        }));
        self.page.push_str(&faults.to_string());
    }

    /// Adds what is wrong with the policy files of that folder.
    pub fn add_policies(&mut self, folder: &str, faults: &PolicyFaults) {
        let each = faults.faults().iter();
        self.faults.extend(each.map(|fault| {
            let line = fault.line().map(|line| format!(":{line}")).unwrap_or_default();
            FileFault { place: format!("{folder}/{}{line}", fault.file()), what: fault.to_string() }
        }));
        self.page.push_str(&faults.render());
    }

    /// Each with its place.
    #[must_use]
    pub fn faults(&self) -> &[FileFault] {
        &self.faults
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }
}

impl std::fmt::Display for FileFaults {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.page.trim_end())
    }
}

/// What a look at the files found.
pub enum Reading {
    /// They are as they were.
    Unchanged,
    /// Another set, without a fault.
    Fresh(Box<Rulebook>),
    /// A set that cannot be used.
    Faulty {
        /// Of the files' contents.
        files: Fingerprint,
        /// All that is wrong.
        faults: FileFaults,
    },
    /// What is needed to check them did not answer; they are looked at again.
    Unavailable(String),
}

/// Where the files are.
#[async_trait]
pub trait RulebookSource: Send + Sync {
    /// Reads the files, unless their contents are those of `seen`.
    async fn read(&self, seen: Option<&Fingerprint>) -> Reading;

    /// What was read with that fingerprint comes into force: whatever else hangs on it follows.
    fn adopt(&self, files: &Fingerprint);
}
