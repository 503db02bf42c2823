//! Lines on the command line: what one means, which servers a selector means, what a line would do. All only look.
//!
//! The same grammar, the same files and the same words as in the chat; what is not understood is told on standard
//! error and ends with status 2, which scripts can tell from a failure.

mod decisions;
mod json;
mod looks;
mod looks_json;
mod parse;
mod plan;
mod questions;
mod scene;
mod select;

pub(super) use decisions::words as decided_words;
pub(super) use looks::{Look, Why};
pub(super) use parse::Parse;
pub(super) use plan::Plan;
pub(super) use questions::{CanI, WhoCan};
pub(super) use select::Select;

use super::output;
use crate::conversation::message::Message;
use crate::conversation::{self, plain};
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::time::Timestamp;
use crate::ports::Clock;
use std::process::ExitCode;

/// What a call that was understood by the shell, and not by us, ends with.
pub(super) const NOT_UNDERSTOOD: u8 = 2;

pub(super) fn now() -> Timestamp {
    crate::adapters::clock::SystemClock.now()
}

/// The words of a call as one line: a shell has split it, unless it was quoted.
pub(super) fn line_of(words: &[String]) -> String {
    words.join(" ")
}

/// Tells what was not understood, as JSON on standard output or in words on standard error.
pub(super) fn misunderstood(told: &Misunderstanding, as_json: bool) -> ExitCode {
    if as_json {
        output::say(&json::misunderstanding(told).to_string());
    } else {
        let filling_in = conversation::filling_in(told).map(|message| format!("\n{}", plain::render(&message)));
        output::complain(&format!(
            "{}{}",
            plain::render(&conversation::misunderstood(told)),
            filling_in.unwrap_or_default()
        ));
    }
    ExitCode::from(NOT_UNDERSTOOD)
}

/// Tells in the chat's own words why nothing comes of it.
fn answered(message: &Message, as_json: bool) -> ExitCode {
    let text = plain::render(message);
    if as_json {
        output::say(&serde_json::json!({ "answer": text }).to_string());
    } else {
        output::complain(&text);
    }
    ExitCode::from(NOT_UNDERSTOOD)
}
