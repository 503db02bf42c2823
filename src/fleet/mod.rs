//! The fleet as selectors and policies see it: the inventory snapshot, selectors, folding.
//!
//! Deliberately absent: addresses and credentials (the inventory adapter's) and anything observed.

mod atoms;
mod covers;
mod expression;
mod fold;
mod groups;
mod inventory;
mod nearest;
mod pattern;
mod print;
mod ranges;
mod resolve;
mod selector;
mod sites;
#[cfg(test)]
mod tests;
mod unknown;

pub use covers::covers;
pub use fold::{fold, folded};
pub use groups::{GroupFault, GroupFaultReason, mentioned_requests};
pub use inventory::{Inventory, InventoryFault, SavedGroup};
pub use nearest::nearest;
pub use pattern::expand;
pub use print::print;
pub use resolve::{Snapshot, Undone, resolve};
pub use selector::{parse_selector, parse_whole_selector};
pub use sites::resolve_sites;
