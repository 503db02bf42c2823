//! Requests and runs as state machines: `apply` is the only way a state changes, `decide` says what comes next.
//!
//! Deliberately absent: clocks, stores, drivers. `decide` names what it must see; somebody else looks.

mod absorbed;
mod blocker;
pub mod breakglass;
pub mod calendar;
mod consent;
mod contended;
mod controls;
pub mod decide;
mod errand;
mod event;
mod gate;
mod halt;
mod outcome;
pub mod pace;
mod policy;
mod reboot;
mod redundancy;
mod replanning;
pub mod request;
pub mod run;
mod soak;
mod steps;
#[cfg(test)]
mod tests;
mod trouble;

pub use decide::{Commit, Decision, Input, Orders, Situation, decide};
pub use errand::{Admission, Errand, Right};
pub use request::{Request, RequestEvent};
pub use run::{Run, RunEvent};
pub use trouble::TROUBLE_TOLD_FOR;

/// An event that does not fit the state it met: a bug of ours or a damaged journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot follow while {of} is {state}")]
pub struct IllegalTransition {
    /// Whose state, e.g. `run-2mq9.17`.
    pub of: String,
    /// The state it was in.
    pub state: String,
    /// The event.
    pub event: String,
}
