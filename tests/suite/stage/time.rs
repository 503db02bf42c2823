//! The stage's clock, which moves only when it is told, and its ids, which count.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use wrasse::domain::ids::{Handle, OperationId, RequestId};
use wrasse::domain::time::Timestamp;
use wrasse::ports::{Clock, Ids};

/// 2026-01-05 14:00 UTC.
const CURTAIN: i64 = 1_767_621_600_000;

/// That many minutes.
pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// That many seconds.
pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The time on the stage.
pub(crate) struct StageClock(AtomicI64);

impl StageClock {
    pub(crate) const fn new() -> Self {
        Self(AtomicI64::new(CURTAIN))
    }

    pub(super) fn set(&self, at: Timestamp) {
        let before = self.0.swap(at.millis(), Ordering::SeqCst);
        assert!(before <= at.millis(), "the clock never goes back");
    }
}

impl Clock for StageClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Ids that count through the alphabet. They outlive the bot, as randomness does.
#[derive(Default)]
pub(crate) struct StageIds {
    requests: AtomicU64,
    others: AtomicU64,
}

impl StageIds {
    /// Every request id that was ever given out.
    pub(super) fn requests(&self) -> Vec<RequestId> {
        (0..self.requests.load(Ordering::SeqCst)).map(numbered).collect()
    }

    fn other(&self) -> u64 {
        self.others.fetch_add(1, Ordering::SeqCst)
    }
}

fn numbered(number: u64) -> RequestId {
    let alphabet = RequestId::ALPHABET;
    let base = alphabet.len() as u64;
    let digit = |place: u32| alphabet[usize::try_from(number / base.pow(place) % base).unwrap()];
    let tail = [digit(3), digit(2), digit(1), digit(0)];
    RequestId::from_tail(std::str::from_utf8(&tail).unwrap()).unwrap()
}

impl Ids for StageIds {
    fn request(&self) -> RequestId {
        numbered(self.requests.fetch_add(1, Ordering::SeqCst))
    }

    fn operation(&self) -> OperationId {
        OperationId::new(format!("operation-{}", self.other()))
    }

    fn handle(&self) -> Handle {
        Handle::new(format!("h_{}", self.other()))
    }
}
