//! Where servers are listed, with the addresses and credential names that drivers need.
//!
//! Deliberately absent: anything observed of a server. What the services may know is [`crate::fleet::Inventory`];
//! addresses and secrets stay in [`Endpoints`], which only drivers take.

mod endpoints;
mod faults;
mod file;
mod identity;
mod labels;
mod owners;
mod shape;
#[cfg(test)]
mod tests;

pub use endpoints::{BalancerEndpoint, BasicCredential, BmcEndpoint, Endpoints, ServerEndpoints, SshEndpoint};
pub use faults::{FileFault, InventoryFaults};
pub use file::{Loaded, load};
pub use identity::{BmcIdentity, NotProven, SaidIdentity};
pub use owners::Owners;
