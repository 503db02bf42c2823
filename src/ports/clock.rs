//! Where "now" comes from.

use crate::domain::time::Timestamp;

/// The only source of time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}
