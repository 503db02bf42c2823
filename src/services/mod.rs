//! The loops that move work along. Each is a bounded `step()`: read, act outside, commit once.
//!
//! Deliberately absent: wording (conversation's), decisions (the pure modules'), SQL and Slack (adapters').

mod accepting;
mod access;
pub mod admitter;
mod asking_why;
pub mod brakes;
pub mod calling;
pub mod cancelling;
pub mod closing;
pub mod comparing;
pub mod courier;
mod deciding;
pub mod declaring;
pub mod doubling;
mod effects;
pub mod explaining;
mod failures;
mod forms;
mod halting;
pub mod homes;
pub mod intake;
mod lately;
mod lines;
mod lookout;
mod looks;
mod matters;
mod messages;
mod mistaken;
pub mod monitoring;
mod offers;
mod outage;
pub mod overrides;
pub mod paging;
mod placing;
pub mod planning;
mod presses;
mod questions;
pub mod queues;
mod rechecks;
mod records;
mod reliefs;
pub mod reloader;
mod replanning;
pub mod requests;
pub mod restraining;
mod retrying;
mod reviews;
mod rounds;
pub mod runner;
pub mod safety;
mod seconding;
pub mod shell;
pub mod standby;
pub mod standings;
pub mod suspects;
pub mod telling;
pub mod traffic;
pub mod undone;
mod untouched;
pub mod verdict;
pub mod watcher;
mod whys;
mod world;

pub use crate::ports::Rulebook;
pub use comparing::Ruler;
pub use monitoring::Sentry;
pub use paging::{Pager, Silence};
pub use standby::Relief;
pub use traffic::Gauge;
pub use world::{InForce, Places, WakingInbox, World};

use crate::domain::time::Timestamp;
use crate::ports::StoreFault;
use async_trait::async_trait;

/// What one step of a service came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Something was done; there may be more.
    Made,
    /// Nothing to do until something that is under way ends.
    Waiting {
        /// How much is under way.
        in_flight: usize,
        /// When to look again by the clock, even if it has not ended.
        next_wake: Option<Timestamp>,
    },
    /// Nothing to do until something changes, or until that time.
    Idle {
        /// When to look again by the clock.
        next_wake: Option<Timestamp>,
    },
}

/// A loop made of bounded steps. Production repeats them; tests call them.
#[async_trait]
pub trait Service: Send {
    /// Its name in logs.
    fn name(&self) -> &'static str;

    /// One bounded piece of work. Never waits for the outside.
    async fn step(&mut self) -> Result<Step, StoreFault>;

    /// Returns when something that is under way has ended; never returns if nothing is.
    async fn ended(&mut self);
}
