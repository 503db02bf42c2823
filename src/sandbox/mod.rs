//! The other side of every wire: a chat workspace and a fleet, each a pure model with faces.

pub mod fleet;
pub mod page;
pub mod workspace;
