//! The groups of people that an inventory names as owners, with their places in the file.
//!
//! Deliberately absent: which groups of people there are; whoever knows that asks.

use super::faults::{Collector, InventoryFaults};
use super::shape::InventoryFile;
use crate::domain::identity::GroupName;
use crate::fleet::nearest;
use serde_saphyr::Location;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Every owner of a site or a type.
#[derive(Clone, Debug)]
pub struct Owners {
    named: Vec<(GroupName, Location)>,
    /// Empty, of the same file.
    file: Arc<Collector>,
}

impl Owners {
    pub(super) fn of(shape: &InventoryFile, file: &Collector) -> Self {
        let of_sites = shape.sites.0.values().filter_map(|site| site.owner.as_ref());
        let of_types = shape.types.values().map(|entry| &entry.value.owner);
        let named = of_sites.chain(of_types).map(|owner| (GroupName::new(owner.value.as_str()), owner.referenced));
        Self { named: named.collect(), file: Arc::new(file.emptied()) }
    }

    /// The faults of owners that are none of these groups. Whoever is asked for by name must be somebody.
    ///
    /// # Errors
    /// Each such owner, with its place.
    pub fn check(&self, known: &BTreeSet<GroupName>) -> Result<(), InventoryFaults> {
        let mut faults = self.file.emptied();
        for (owner, at) in self.named.iter().filter(|(owner, _)| !known.contains(owner)) {
            let instead = match nearest(owner.as_str(), known.iter().map(GroupName::as_str)) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("there are {}", listed(known)),
            };
            faults.add(*at, format!("no group of people is called {owner}; {instead}"));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults.into_faults()) }
    }
}

/// The first few of them.
fn listed(known: &BTreeSet<GroupName>) -> String {
    const SHOWN_MAX: usize = 6;
    let shown = known.iter().take(SHOWN_MAX).map(GroupName::as_str).collect::<Vec<_>>().join(", ");
    match known.len().saturating_sub(SHOWN_MAX) {
        0 if known.is_empty() => "none".to_owned(),
        0 => shown,
        hidden => format!("{shown} + {hidden} more"),
    }
}
