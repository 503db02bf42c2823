//! Identifiers that people quote and rows carry: `req-2mq9`, `run-2mq9.17`, handles, hashes.

use super::text_name;
use sha2::{Digest, Sha256};

text_name! {
    /// One store operation, so that a commit of unknown outcome can be asked about again.
    OperationId
}
text_name! {
    /// An opaque value on a button or form: the key of a stored control.
    Handle
}
text_name! {
    /// What makes one message to the outside recognisable as already sent.
    DeliveryKey
}
text_name! {
    /// Something that people put on to stop things: the stop of everything, a freeze, a hold, an entry of the blacklist.
    BrakeId
}
text_name! {
    /// What makes two deliveries of one event the same, e.g. `event:Ev123`, `trigger:123.456`.
    EnvelopeKey
}

/// A request, printed `req-2mq9`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(String);

impl RequestId {
    /// Characters after `req-`: without 0, 1, l, o and i, so that it survives being read aloud.
    pub const ALPHABET: &'static [u8] = b"23456789abcdefghjkmnpqrstuvwxyz";

    /// From the part after `req-`; `None` unless it is 4 to 8 characters of the alphabet.
    #[must_use]
    pub fn from_tail(tail: &str) -> Option<Self> {
        let fits = (4..=8).contains(&tail.len()) && tail.bytes().all(|byte| Self::ALPHABET.contains(&byte));
        fits.then(|| Self(tail.to_owned()))
    }

    /// From `req-2mq9`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.strip_prefix("req-").and_then(Self::from_tail)
    }

    /// The part after `req-`.
    #[must_use]
    pub fn tail(&self) -> &str {
        &self.0
    }

    /// The request's run with that number, counted from 1.
    #[must_use]
    pub fn run(&self, number: u32) -> RunId {
        RunId { request: self.clone(), number }
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "req-{}", self.0)
    }
}

/// A request's work on one subject, printed `run-2mq9.17`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunId {
    /// The request it belongs to.
    pub request: RequestId,
    /// Counted from 1, in the order of the plan.
    pub number: u32,
}

impl RunId {
    /// From `run-2mq9.17`; `None` for anything that it would not be printed as.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (tail, number) = text.strip_prefix("run-")?.split_once('.')?;
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
        let number = number.parse().ok().filter(|_| is_plain)?;
        Some(Self { request: RequestId::from_tail(tail)?, number })
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "run-{}.{}", self.request.tail(), self.number)
    }
}

/// How often a run was claimed; the fence that keeps an old owner from writing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Epoch(pub i64);

/// How many events an aggregate has; the guard against two writers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Version(pub i64);

/// A SHA-256 of a canonical text, kept as lower-case hex.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of those bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// From stored hex; `None` unless it is 64 hex digits.
    #[must_use]
    pub fn from_hex(hex: &str) -> Option<Self> {
        (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| Self(hex.to_ascii_lowercase()))
    }

    /// All 64 hex digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0
    }

    /// The first four digits, as cards show it.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..4).unwrap_or(&self.0)
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.short())
    }
}
