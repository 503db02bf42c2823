//! Infrastructure: of what is redundant, no two parts are out at once.
//!
//! Servers that hang on one feed, switch or router fail together: they are one failure domain, by a tag of the inventory.
//! The domains of a site, or of a pool, stand in for each other, and so do the sites of a metro. A server may be taken out
//! of a domain that has servers out already, and waits while others have. A server that does not serve takes nothing
//! away, and a server without the tag is in no domain. Deliberately absent: who carries what, which is traffic's.

mod domains;
mod rules;

pub use domains::still_redundant;
pub(super) use domains::{DomainCount, blockers, having_a_say, takes};
pub(super) use rules::InfrastructureFile;
pub use rules::{DomainRule, InfrastructureRules, Within, strangers};
