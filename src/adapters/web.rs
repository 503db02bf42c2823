//! What the HTTP clients of adapters have in common: how they are made, and what went wrong in words.
//!
//! Deliberately absent: what an answer means, and whether a call may be repeated.

use reqwest::{Client, ClientBuilder, redirect};

/// How many characters of foreign words are repeated.
const WORDS_MAX_CHARS: usize = 200;

/// There can be no HTTP client: this machine's TLS settings do not allow one.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made")]
pub struct NoWebClient(#[source] reqwest::Error);

/// A client that goes straight to where it is told: past no proxy, and nowhere else, for a token must not follow.
pub(super) fn client(settled: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Client, NoWebClient> {
    let straight = Client::builder().no_proxy().redirect(redirect::Policy::none()).user_agent("wrasse");
    settled(straight).build().map_err(NoWebClient)
}

/// Why a call got no answer. The fault's own text would tell the whole address, and some are written with a login in them.
pub(super) fn cut_by(fault: &reqwest::Error) -> &'static str {
    if fault.is_builder() {
        "the address is none"
    } else if fault.is_connect() {
        "the address cannot be reached"
    } else {
        "the connection was cut"
    }
}

/// Foreign words on one line, not too many of them.
pub(super) fn brief(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(WORDS_MAX_CHARS).collect()
}
