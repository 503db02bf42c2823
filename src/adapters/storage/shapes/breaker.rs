//! The shape of a breaker.

use super::stored_record;
use crate::admission::{Breaker, Canary, Closing, FailedRun, Tally};

stored_record! { Breaker;
    scope: "scope", opened_at: "opened_at_ms", version: "version", failures: "failures", of: "of",
    elsewhere: "elsewhere" or None, examples: "examples", canary_from: "canary_from_ms", canary: "canary", closed: "closed",
}
stored_record! { Tally; failures: "failures", of: "of" }
stored_record! { FailedRun; run: "run", server: "server" }
stored_record! { Canary; run: "run", server: "server", at: "at_ms", succeeded_at: "succeeded_at_ms" }
stored_record! { Closing; by: "by", name: "name", at: "at_ms", why: "why", after_canary: "after_canary" }
