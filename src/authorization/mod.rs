//! May they? A person, a channel, a command and servers in; [`Authorized`] or a [`Refusal`] out.
//!
//! The rules are Cedar policies, one set per channel: the global forbids and that channel's own files. Most of them are
//! written as rules in YAML and compiled; what those cannot say is written in Cedar beside them. Deliberately absent:
//! files and clocks (texts come in as values), capacity and traffic (that is admission), and every sentence a person
//! reads except the `reason` that a policy's author wrote.

mod accounts;
mod answers;
mod automations;
mod channels;
mod compile;
mod decide;
mod entities;
mod faults;
mod groups;
mod inquiry;
mod known;
mod load;
mod nearest;
mod owners;
mod record;
mod requirements;
mod rules;
mod sets;
mod sheet;
mod show;
mod tables;
#[cfg(test)]
mod tests;
mod usable;
mod written;

pub use answers::{Authorized, Could, PolicyName, PolicyNote, Refusal, RefusalKind, WhoCan};
pub use automations::automation_word;
pub use channels::{Ceiling, Channels};
pub use decide::Question;
pub use faults::{PolicyFault, PolicyFaults};
pub use known::{Known, ServerClass, VERB_RIGHTS};
pub use load::{Mentioned, Policies, PolicyFile};
pub use nearest::{Missing, Nearest, ServerKind};
pub use record::{AuthorizationRecord, RecordedClass};
pub use requirements::{Consent, ReasonNeed, Requirements};
pub use tables::{Difference, TestGround, TestReport, run_tables};
