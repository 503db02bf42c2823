//! The fuzzer's way into `bodies::slack_text`.

#![no_main]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::slack_text(data));
