//! What may not be known of a wave that is watched.

use crate::domain::ids::RequestId;
use crate::domain::server::ProductionState;

/// Why it is not known whether servers of a finished wave are well.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SoakLack {
    /// No look at them since their runs were done counts.
    Look,
    /// Somebody else's doing has brought them into that state since.
    State(ProductionState),
    /// Another request works on them.
    Work(RequestId),
    /// They are not in the inventory any more.
    Gone,
    /// An alert about them, of that name, fires since before their runs were done.
    Alert(String),
    /// What the monitoring says is not known; why.
    Alerts(String),
    /// How they do beside their siblings is not known.
    Measure {
        /// By which comparison.
        of: String,
        /// Why.
        why: String,
    },
}
