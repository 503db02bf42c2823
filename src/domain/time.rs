//! Points in time as whole milliseconds. Where "now" comes from is `ports::Clock`'s business.

use std::time::Duration;

/// A point in time: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time and a duration later; saturates instead of overflowing.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis_of(duration)))
    }

    /// This time and a duration earlier; saturates instead of overflowing.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis_of(duration)))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Whether what was seen then still counts: it is not older than that, nor does it lie ahead by more, as where a clock
    /// was set back.
    #[must_use]
    pub fn counts(self, now: Self, age_max: Duration) -> bool {
        now.since(self).max(self.since(now)) <= age_max
    }

    /// `2026-11-25 14:05`, in UTC.
    #[must_use]
    pub fn date_text(self) -> String {
        // Days since 0000-03-01, so that a leap day ends its year; 400 years have 146,097 days.
        let days = self.seconds().div_euclid(86_400) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02} {}", self.clock_text())
    }

    /// `14:05`, in UTC.
    #[must_use]
    pub fn clock_text(self) -> String {
        let minutes = self.seconds().div_euclid(60).rem_euclid(24 * 60);
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

fn millis_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds, for columns and wires that carry `_ms`.
#[must_use]
pub fn millis(duration: Duration) -> i64 {
    millis_of(duration)
}

/// The shortest length of time that people and files can write.
pub const DURATION_MIN: Duration = Duration::from_secs(1);
/// The longest length of time that people and files can write: a year.
pub const DURATION_MAX: Duration = Duration::from_secs(366 * 86_400);

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// From `90s`, `5m`, `2h30m`, `1d`, as people and files write it, the larger unit first; `None` for anything else, for
/// zero and beyond a year.
#[must_use]
pub fn duration_of(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut unit_before = u64::MAX;
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit())?);
        let letter = after.chars().next()?.to_ascii_lowercase();
        let unit = UNITS.iter().find(|(name, unit)| *name == letter && *unit < unit_before)?.1;
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit)?)?;
        unit_before = unit;
        rest = after.get(1..)?;
    }
    let length = Duration::from_secs(total);
    (DURATION_MIN..=DURATION_MAX).contains(&length).then_some(length)
}

/// `2h30m`: every unit that is not zero, so that [`duration_of`] reads it back; below a second `0s`.
#[must_use]
pub fn exact(duration: Duration) -> String {
    let mut seconds = duration.as_secs();
    let mut text = String::new();
    for (name, unit) in UNITS {
        if seconds >= unit {
            text.push_str(&format!("{}{name}", seconds / unit));
            seconds %= unit;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// `45 s`, `20 min`, `3 h`, `2 d`: the largest unit that stays exact enough to read.
#[must_use]
pub fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
