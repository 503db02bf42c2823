//! May they? A person, a channel, a command and servers in; [`Authorized`] or a [`Refusal`] out.
//!
//! The rules are Cedar policies, one set per channel: the global forbids and that channel's own file. Deliberately
//! absent: files and clocks (texts come in as values), capacity and traffic (that is admission), and every sentence a
//! person reads except the `@reason` that a policy's author wrote.

mod answers;
mod channels;
mod decide;
mod entities;
mod faults;
mod known;
mod load;
#[cfg(test)]
mod tests;

pub use answers::{Authorized, Could, PolicyName, PolicyNote, Refusal, RefusalKind};
pub use channels::parse_channels;
pub use decide::Question;
pub use faults::{PolicyFault, PolicyFaults};
pub use known::{Known, ServerClass};
pub use load::{Policies, PolicyFile, mentioned_groups};
