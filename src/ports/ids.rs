//! Where fresh identifiers come from.

use crate::domain::ids::{Handle, OperationId, RequestId};

/// The only source of randomness.
pub trait Ids: Send + Sync {
    /// A fresh request id; a collision is found out by the store.
    fn request(&self) -> RequestId;
    /// A fresh operation id.
    fn operation(&self) -> OperationId;
    /// A fresh, unguessable handle.
    fn handle(&self) -> Handle;
}
