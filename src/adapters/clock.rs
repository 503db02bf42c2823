//! The machine's own clock.

use crate::domain::time::Timestamp;
use crate::ports::Clock;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// How far the machine's clock may be set back for ours to wait for it. Beyond that what was told before was wrong, and going on
/// with it would be too: calendars and whoever reads the times go by the machine's clock. Nothing that waits for a time to come
/// would wake then, so whoever serves ends, and is started again.
const WAITS_FOR_MAX: Duration = Duration::from_secs(60);

/// The same for a process that lives long. Where the machine's clock is set back a little, it does not go back, but on at half
/// the speed until both agree, so that nothing that was counted is forgotten. Set back far, it is followed at once.
#[derive(Debug, Default)]
pub struct SteadyClock {
    last: Mutex<Steady>,
}

/// What was told last.
#[derive(Clone, Copy, Debug, Default)]
struct Steady {
    told: Timestamp,
    /// What was told when the machine's clock was first seen behind that, and when that was by the clock that nobody sets.
    behind_since: Option<(Timestamp, Instant)>,
    /// By how much it was set back, if that was too far to wait.
    set_back: Option<Duration>,
}

impl Steady {
    /// What is told now, by the machine's clock and by the one that nobody sets.
    fn after(self, wall: Timestamp, instant: Instant) -> Self {
        let back = self.told.since(wall);
        if wall >= self.told || back > WAITS_FOR_MAX {
            let set_back = self.set_back.or((back > WAITS_FOR_MAX).then_some(back));
            return Self { told: wall, behind_since: None, set_back };
        }
        let (from, since) = self.behind_since.unwrap_or((self.told, instant));
        let told = from.plus(instant.saturating_duration_since(since) / 2).max(self.told);
        Self { told, behind_since: Some((from, since)), ..self }
    }
}

impl SteadyClock {
    /// By how much it was set back, if ever so far that times to come do not hold any more.
    #[must_use]
    pub fn set_back(&self) -> Option<Duration> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).set_back
    }
}

impl Clock for SteadyClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "beside the wall clock, which people may set, stands one that they cannot"
    )]
    fn now(&self) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let wall = SystemClock.now();
        let next = last.after(wall, Instant::now());
        if next.told < last.told {
            let by = last.told.since(wall);
            tracing::warn!(?by, "the machine's clock was set back far");
        } else if next.behind_since.is_some() && last.behind_since.is_none() {
            let by = next.told.since(wall);
            tracing::warn!(?by, "the machine's clock was set back; time goes at half the speed until both agree");
        }
        *last = next;
        next.told
    }
}

/// A little more than how long it is until then, so that the clock has passed that moment when it is looked at.
#[must_use]
pub fn until(at: Timestamp, clock: &dyn Clock) -> Duration {
    at.since(clock.now()) + Duration::from_millis(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any moment does")]
    fn time_does_not_go_back_by_a_little_and_meets_the_wall_clock_again() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let noon = Timestamp::from_millis(43_200_000);
        let mut clock = Steady::default().after(noon, start);
        assert_eq!(clock.told, noon);
        // The machine's clock is set back by 59 s, and asked every 700 ms.
        let mut before = clock.told;
        for step in 1..200_u32 {
            let passed = step * Duration::from_millis(700);
            clock = clock.after(noon.minus(59 * second).plus(passed), start + passed);
            assert!(clock.told >= before, "{step}: it went back");
            before = clock.told;
            if passed < 115 * second {
                assert_eq!(clock.told.since(noon), (passed - Duration::from_millis(700)) / 2, "{step}");
            } else if passed > 120 * second {
                assert_eq!((clock.told, clock.behind_since), (noon.minus(59 * second).plus(passed), None), "{step}");
            }
        }
        let ahead = clock.told.plus(3_600 * second);
        assert_eq!(clock.after(ahead, start).told, ahead, "forward it is followed at once");
        assert_eq!(clock.after(ahead, start).set_back, None);
        let hour_back = clock.after(clock.told.minus(3_600 * second), start);
        assert_eq!((hour_back.told, hour_back.set_back), (clock.told.minus(3_600 * second), Some(3_600 * second)));
    }
}
