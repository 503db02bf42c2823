//! The one writer of everything that is printed.

use std::io::Write;

/// Prints a line. A closed pipe is the reader's choice, not a failure.
pub(super) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        tracing::debug!("nobody reads standard output");
    }
}

/// Text that came from people or files, on one line: nothing in it can steer a terminal.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Prints what keeps the program from going on.
pub(super) fn complain(line: &str) {
    let mut out = std::io::stderr().lock();
    if writeln!(out, "wrasse: {line}").is_err() {
        tracing::debug!("nobody reads standard error");
    }
}
