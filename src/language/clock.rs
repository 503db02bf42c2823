//! Times as people write them: `02:00`, `2am`, `tomorrow 14:30 UTC`, `2026-12-01 02:00 site time`; and waits: `2h 30min`.
//!
//! Deliberately absent: what point in time is meant, which needs a zone and the present moment (`zone`).

use super::line::{Cursor, begins_start};
use super::normalise::begins_reason;
use super::zone;
use crate::domain::intent::{Day, Span, Spanned, WallTime};
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};
use crate::fleet::nearest;
use std::time::Duration;

/// A time as it was written.
pub(super) struct WrittenTime<'a> {
    pub(super) wall: WallTime,
    pub(super) zone: WrittenZone<'a>,
    /// All of it, without a space behind it.
    pub(super) span: Span,
}

/// Whose clock shows it.
pub(super) enum WrittenZone<'a> {
    /// The person's own.
    Own,
    /// The one at the site.
    Site,
    /// That of a zone.
    Named(&'a str),
}

/// The time there, and where the next word begins.
pub(super) fn read_time<'a>(cursor: &Cursor<'a>, place: usize) -> Result<(WrittenTime<'a>, usize), Misunderstanding> {
    let mut reader = Reader { cursor, day: None, end: place, next: place };
    reader.take_day();
    let (hour, minute, is_utc) = reader.take_clock()?;
    reader.take_day();
    let zone = if is_utc { WrittenZone::Named("UTC") } else { reader.take_zone()? };
    reader.take_day();
    let day = reader.day.unwrap_or(Day::Next);
    let wall = WallTime { day, hour, minute };
    Ok((WrittenTime { wall, zone, span: place..reader.end }, reader.next))
}

/// The wait there, and where the next word begins.
pub(super) fn read_wait(cursor: &Cursor<'_>, place: usize) -> Result<(Spanned<Duration>, usize), Misunderstanding> {
    let (mut end, mut next) = (place, place);
    while !ends_phrase(cursor.rest(next)) {
        let (word, after) = cursor.word(next);
        if nearest(word.value, ["because"]).is_some() {
            return Err(not_because(cursor, &word));
        }
        (end, next) = (word.span.end, after);
    }
    let text = cursor.line.get(place..end).unwrap_or_default();
    match wait_of(text) {
        Some(value) => Ok((Spanned { value, span: place..end }, next)),
        None => {
            let minutes = digits(text).map(|number| format!("{number}m"));
            Err(cursor.told(place..end, Kind::NotADelay).perhaps_suggesting(minutes))
        }
    }
}

/// Whether no word of a time can stand there.
fn ends_phrase(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with("--") || begins_reason(rest) || begins_start(rest)
}

fn not_because(cursor: &Cursor<'_>, word: &Spanned<&str>) -> Misunderstanding {
    cursor.told(word.span.clone(), Kind::Unexpected { expected: Expected::Parameter }).suggesting("because")
}

struct Reader<'c, 'a> {
    cursor: &'c Cursor<'a>,
    day: Option<Day>,
    /// Where the last word that was taken ends.
    end: usize,
    next: usize,
}

impl<'a> Reader<'_, 'a> {
    /// The next word, without a comma behind it.
    fn word(&self) -> (Spanned<&'a str>, usize) {
        let (mut word, next) = self.cursor.word(self.next);
        word.value = word.value.trim_end_matches(',');
        (word, next)
    }

    fn take(&mut self, word: &Spanned<&str>, next: usize) {
        (self.end, self.next) = (word.span.end, next);
    }

    fn take_day(&mut self) {
        let (word, next) = self.word();
        if let (None, Some(day)) = (self.day, day_of(word.value)) {
            self.day = Some(day);
            self.take(&word, next);
        }
    }

    /// The hour, the minute, and whether it says itself that it is UTC.
    fn take_clock(&mut self) -> Result<(u8, u8, bool), Misunderstanding> {
        if ends_phrase(self.cursor.rest(self.next)) {
            return Err(self.cursor.told(self.next..self.next, Kind::NotATime));
        }
        let (word, next) = self.word();
        let mut text = word.value;
        if self.day.is_none()
            && let Some((date, clock)) = text.split_once(['T', 't'])
            && let Some(day) = day_of(date)
        {
            self.day = Some(day);
            text = clock;
        }
        let is_utc = text.ends_with(['Z', 'z']);
        let text = text.trim_end_matches(['Z', 'z']);
        self.take(&word, next);
        let (half, after) = self.word();
        if text.len() <= 5
            && let Some(half) = half_of(half.value)
            && let Some((hour, minute)) = clock_of(&format!("{text}{half}"))
        {
            let (written, _) = self.word();
            self.take(&written, after);
            return Ok((hour, minute, is_utc));
        }
        if let Some((hour, minute)) = clock_of(text) {
            return Ok((hour, minute, is_utc));
        }
        let span = word.span.start..word.span.start + word.value.len();
        Err(self.cursor.told(span, Kind::NotATime).perhaps_suggesting(clock_like(text)))
    }

    fn take_zone(&mut self) -> Result<WrittenZone<'a>, Misunderstanding> {
        if ends_phrase(self.cursor.rest(self.next)) {
            return Ok(WrittenZone::Own);
        }
        let (word, next) = self.word();
        let (second, after_second) = self.cursor.word(next);
        let is_time = second.value.trim_end_matches(',').eq_ignore_ascii_case("time");
        if word.value.eq_ignore_ascii_case("site") && is_time {
            self.take(&second, after_second);
            return Ok(WrittenZone::Site);
        }
        if zone::named(word.value).is_some() {
            self.take(&word, next);
            return Ok(WrittenZone::Named(word.value));
        }
        if day_of(word.value).is_some() {
            return Ok(WrittenZone::Own);
        }
        if nearest(word.value, ["because"]).is_some() {
            return Err(not_because(self.cursor, &word));
        }
        if word.value.starts_with('-') {
            let kind = Kind::Unexpected { expected: Expected::Parameter };
            return Err(self.cursor.told(word.span.clone(), kind).suggesting(format!("-{}", word.value)));
        }
        let better = if word.value.eq_ignore_ascii_case("site") {
            Some("site time".to_owned())
        } else {
            zone::like(word.value).map(str::to_owned)
        };
        let end = if is_time { second.span.end } else { word.span.start + word.value.len() };
        let kind = Kind::UnknownZone { zone: word.value.to_owned() };
        Err(self.cursor.told(word.span.start..end, kind).perhaps_suggesting(better))
    }
}

/// `today`, `tomorrow`, `2026-12-01`.
fn day_of(word: &str) -> Option<Day> {
    if word.eq_ignore_ascii_case("today") {
        return Some(Day::Today);
    }
    if word.eq_ignore_ascii_case("tomorrow") {
        return Some(Day::Tomorrow);
    }
    let mut parts = word.split('-').map(|part| (part.len(), digits(part)));
    let (Some((4, Some(year))), Some((2, Some(month))), Some((2, Some(day))), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    let day = Day::On { year: i32::try_from(year).ok()?, month, day };
    zone::is_of_calendar(day).then_some(day)
}

/// `am` or `pm`, from a word of its own.
fn half_of(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "am" | "a.m" | "a.m." => Some("am"),
        "pm" | "p.m" | "p.m." => Some("pm"),
        _ => None,
    }
}

/// `02:00`, `14h30`, `14h`, `2am`, `2:30pm`.
fn clock_of(text: &str) -> Option<(u8, u8)> {
    let lower = text.to_ascii_lowercase();
    let (clock, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(0)),
        (None, Some(clock)) => (clock, Some(12)),
        (None, None) => (lower.as_str(), None),
    };
    let (hour, minute) = match clock.split_once([':', 'h']) {
        Some((hour, "")) if clock.ends_with('h') => (hour, "00"),
        Some(parts) => parts,
        None if half.is_some() => (clock, "00"),
        None => return None,
    };
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 {
        return None;
    }
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let hour = match half {
        Some(half) => (1..=12).contains(&hour).then_some(hour % 12 + half)?,
        None => hour,
    };
    (hour < 24 && minute < 60).then_some((u8::try_from(hour).ok()?, u8::try_from(minute).ok()?))
}

/// The time that `2`, `02.00`, `0200` or `noon` probably is.
fn clock_like(text: &str) -> Option<String> {
    let digits_only: String = text.chars().filter(char::is_ascii_digit).collect();
    let rest_is_plain = text.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | ',' | ';' | '-'));
    let (hour, minute) = match (text.to_ascii_lowercase().as_str(), digits_only.len()) {
        ("noon", _) => (12, 0),
        ("midnight", _) => (0, 0),
        (_, 1 | 2) if rest_is_plain => (digits(&digits_only)?, 0),
        (_, 3 | 4) if rest_is_plain => {
            let number = digits(&digits_only)?;
            (number / 100, number % 100)
        }
        _ => return None,
    };
    (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

fn digits(text: &str) -> Option<u32> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// `20m`, `2h30m`, `20 min`, `2 hours and 30 minutes`, `an hour`.
fn wait_of(text: &str) -> Option<Duration> {
    let lower = text.to_lowercase();
    let words = lower.split(' ').map(|word| word.trim_end_matches(','));
    let together: String =
        words.filter(|word| *word != "and").map(|word| if matches!(word, "a" | "an") { "1" } else { word }).collect();
    let mut rest = together.as_str();
    let mut total: u64 = 0;
    let mut unit_before = u64::MAX;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit())?);
        let unit_end = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let unit = match unit {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            "d" | "day" | "days" => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        if unit >= unit_before {
            return None;
        }
        unit_before = unit;
        rest = after;
    }
    (total > 0).then(|| Duration::from_secs(total))
}
