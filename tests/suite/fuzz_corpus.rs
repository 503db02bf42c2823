//! The inputs that the fuzzer began with or found, once more, on the stable toolchain: `fuzz/run` does the long run.

#[path = "../../fuzz/bodies.rs"]
mod bodies;

use std::path::Path;

/// Runs a target's body over every kept input.
fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).expect("the inputs are part of the project");
    let mut count = 0;
    for entry in entries {
        let path = entry.expect("entries can be read").path();
        let input = std::fs::read(&path).expect("an input can be read");
        let outcome = std::panic::catch_unwind(|| body(&input));
        assert!(outcome.is_ok(), "{} breaks {target}", path.display());
        count += 1;
    }
    assert!(count >= 5, "only {count} inputs for {target}");
}

#[test]
fn lines() {
    replay("line", bodies::line);
}

#[test]
fn selectors() {
    replay("selector", bodies::selector);
}

#[test]
fn chat_texts() {
    replay("slack_text", bodies::slack_text);
}

#[test]
fn command_files() {
    replay("command_file", bodies::command_file);
}
