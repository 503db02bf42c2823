//! The fleet as selectors and policies see it: the inventory snapshot, selectors, folding.
//!
//! Deliberately absent: addresses and credentials (the inventory adapter's) and anything observed.

mod inventory;

pub use inventory::{Inventory, InventoryFault};
