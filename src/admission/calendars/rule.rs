//! When a calendar's times are: the stretches of a cron, or of dates, by the clocks of a zone.
//!
//! A stretch that would begin while the clocks skip an hour begins at the next instant that they show; one that begins in
//! an hour that they show twice begins once, the first time. A length is real time, however the clocks are set meanwhile.
//! Deliberately absent: what a calendar is about, and how its file is read.

use crate::domain::time::Timestamp;
use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use std::time::Duration;

/// Clocks are set back by less.
const SET_BACK_MAX: TimeDelta = TimeDelta::hours(4);
/// Clocks skip less.
const SKIPPED_MAX_MINUTES: u32 = 25 * 60;
/// The most beginnings of one cron that one question goes through.
const BEGINNINGS_MAX: usize = 5_000;
/// The most stretches without a gap that are told as one, on either side.
const JOINED_MAX: usize = 62;
/// The beginnings that a cron's shortest period is looked for in.
const PERIODS_MAX: usize = 1_000;

/// A stretch of time, without its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

/// The clocks of that zone cannot be followed so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CannotTell;

/// A cron of five fields: minute, hour, day, month, day of the week.
#[derive(Clone)]
pub struct Cron {
    text: String,
    read: croner::Cron,
}

impl Cron {
    /// Of its text; one that never comes is none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of_text(text: &str) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let read = parser.parse(text).map_err(|fault| match fault {
            CronError::InvalidPattern(why) | CronError::IllegalCharacters(why) | CronError::ComponentError(why) => why,
            CronError::EmptyPattern
            | CronError::InvalidDate
            | CronError::InvalidTime
            | CronError::TimeSearchLimitExceeded => fault.to_string(),
        })?;
        let cron = Self { text: text.to_owned(), read };
        match cron.next(epoch()) {
            Ok(Some(_)) => Ok(cron),
            Ok(None) | Err(CannotTell) => Err("there is no such day".to_owned()),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The shortest time between two beginnings, by the clocks.
    pub(super) fn period_min(&self) -> Duration {
        let mut last = epoch();
        let mut shortest = Duration::MAX;
        for number in 0..PERIODS_MAX {
            let Ok(Some(next)) = self.next(last) else { break };
            if number > 0 {
                shortest = shortest.min(next.signed_duration_since(last).to_std().unwrap_or(Duration::ZERO));
            }
            last = next;
        }
        shortest
    }

    /// The first beginning after that time on the clocks.
    fn next(&self, after: NaiveDateTime) -> Result<Option<NaiveDateTime>, CannotTell> {
        found(&self.read.find_next_occurrence(&after.and_utc(), false))
    }

    /// The last beginning before that time on the clocks.
    fn last(&self, before: NaiveDateTime) -> Result<Option<NaiveDateTime>, CannotTell> {
        found(&self.read.find_previous_occurrence(&before.and_utc(), false))
    }
}

/// Clocks on a wall are followed as if they were those of UTC, which skips and repeats nothing.
fn found(occurrence: &Result<DateTime<Utc>, CronError>) -> Result<Option<NaiveDateTime>, CannotTell> {
    match occurrence {
        Ok(at) => Ok(Some(at.naive_utc())),
        Err(CronError::TimeSearchLimitExceeded | CronError::InvalidDate) => Ok(None),
        Err(_) => Err(CannotTell),
    }
}

/// Where crons are looked at from when no time was named; a leap year follows.
fn epoch() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2023, 12, 31).unwrap_or_default().into()
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Cron {}

impl std::fmt::Debug for Cron {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}", self.text)
    }
}

/// A time on the clocks of whichever zone: `2026-12-23 18:00`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Shown(NaiveDateTime);

impl Shown {
    /// Of `2026-12-23`, which is its beginning, `2026-12-23 18:00` or `2026-12-23T18:00`.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let of_day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(NaiveDateTime::from);
        let of_time = |format| NaiveDateTime::parse_from_str(text, format).ok();
        of_day().or_else(|| of_time("%Y-%m-%d %H:%M")).or_else(|| of_time("%Y-%m-%dT%H:%M")).map(Self)
    }

    /// As [`Self::of_text`] reads it.
    #[must_use]
    pub fn text(self) -> String {
        self.0.format("%Y-%m-%d %H:%M").to_string()
    }

    /// The beginning of its day, and of the next one.
    #[must_use]
    pub(super) fn day(self) -> (Self, Self) {
        let day = self.0.date();
        (Self(day.into()), Self(day.succ_opt().unwrap_or(day).into()))
    }

    /// Whether the day begins then.
    pub(super) fn is_day(self) -> bool {
        self.0.time().num_seconds_from_midnight() == 0
    }
}

/// When the times of a calendar are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Whenever the clocks show one of these, for so long.
    Cron {
        /// When a stretch begins.
        at: Vec<Cron>,
        /// How long each lasts.
        lasts: Duration,
        /// The days on which none begins, each as its beginning.
        except: Vec<Shown>,
    },
    /// From a time on the clocks to another; in order, and none into the next.
    Dates(Vec<(Shown, Shown)>),
}

impl Rule {
    /// From one time to another, but for some days.
    pub(super) fn dates(from: Shown, until: Shown, except: &[Shown]) -> Self {
        let mut days = except.iter().map(|day| day.day()).collect::<Vec<_>>();
        days.sort();
        let mut spans = Vec::new();
        let mut begin = from;
        for (day, next) in days {
            if begin < day && day < until {
                spans.push((begin, day));
            }
            begin = begin.max(next);
        }
        if begin < until {
            spans.push((begin, until));
        }
        Self::Dates(spans)
    }

    /// The stretch around that moment; stretches without a gap between them are one.
    pub(super) fn around(&self, now: Timestamp, zone: Tz) -> Result<Option<Span>, CannotTell> {
        let Some(begun) = self.begun_by(now, zone)?.filter(|span| now < span.until) else { return Ok(None) };
        let (mut first, mut last) = (begun, begun);
        for _ in 0..JOINED_MAX {
            match self.begun_by(first.from.minus(Duration::from_millis(1)), zone)? {
                Some(before) if before.until >= first.from => first = before,
                Some(_) | None => break,
            }
        }
        for _ in 0..JOINED_MAX {
            match self.next(last.from, zone)? {
                Some(next) if next.from <= last.until => last = next,
                Some(_) | None => break,
            }
        }
        Ok(Some(Span { from: first.from, until: last.until }))
    }

    /// The last stretch that has begun by then.
    pub(super) fn begun_by(&self, at: Timestamp, zone: Tz) -> Result<Option<Span>, CannotTell> {
        match self {
            Self::Cron { at: crons, lasts, except } => {
                let mut latest = None;
                for cron in crons {
                    let mut before = shown(at, zone)?.checked_add_signed(SET_BACK_MAX).ok_or(CannotTell)?;
                    let begun = each(|| {
                        let Some(begin) = cron.last(before)? else { return Ok(Some(None)) };
                        before = begin;
                        let instant = instant(begin, zone)?;
                        Ok((instant <= at && !is_excepted(begin, except)).then_some(Some(instant)))
                    })?;
                    latest = latest.max(begun);
                }
                Ok(latest.map(|from| Span { from, until: from.plus(*lasts) }))
            }
            Self::Dates(spans) => Ok(instants(spans, zone)?.into_iter().rfind(|span| span.from <= at)),
        }
    }

    /// The first stretch that begins after that.
    pub(super) fn next(&self, after: Timestamp, zone: Tz) -> Result<Option<Span>, CannotTell> {
        match self {
            Self::Cron { at: crons, lasts, except } => {
                let mut soonest: Option<Timestamp> = None;
                for cron in crons {
                    let mut from = shown(after, zone)?.checked_sub_signed(TimeDelta::minutes(1)).ok_or(CannotTell)?;
                    let begins = each(|| {
                        let Some(begin) = cron.next(from)? else { return Ok(Some(None)) };
                        from = begin;
                        let instant = instant(begin, zone)?;
                        Ok((instant > after && !is_excepted(begin, except)).then_some(Some(instant)))
                    })?;
                    soonest = soonest.into_iter().chain(begins).min();
                }
                Ok(soonest.map(|from| Span { from, until: from.plus(*lasts) }))
            }
            Self::Dates(spans) => Ok(instants(spans, zone)?.into_iter().find(|span| span.from > after)),
        }
    }
}

/// Goes on until something answers; what takes too many turns cannot be told.
fn each<T>(mut turn: impl FnMut() -> Result<Option<T>, CannotTell>) -> Result<T, CannotTell> {
    for _ in 0..BEGINNINGS_MAX {
        if let Some(answer) = turn()? {
            return Ok(answer);
        }
    }
    Err(CannotTell)
}

fn is_excepted(begin: NaiveDateTime, except: &[Shown]) -> bool {
    except.iter().any(|day| day.0.date() == begin.date())
}

fn instants(spans: &[(Shown, Shown)], zone: Tz) -> Result<Vec<Span>, CannotTell> {
    let span =
        |(from, until): &(Shown, Shown)| Ok(Span { from: instant(from.0, zone)?, until: instant(until.0, zone)? });
    spans.iter().map(span).collect()
}

/// What the clocks show then, to the minute.
fn shown(at: Timestamp, zone: Tz) -> Result<NaiveDateTime, CannotTell> {
    let at = DateTime::from_timestamp_millis(at.millis()).ok_or(CannotTell)?;
    let shown = at.with_timezone(&zone).naive_local();
    shown.with_second(0).and_then(|shown| shown.with_nanosecond(0)).ok_or(CannotTell)
}

/// When the clocks first show it; a time that they skip is the first after it that they show.
fn instant(shown: NaiveDateTime, zone: Tz) -> Result<Timestamp, CannotTell> {
    for minutes in 0..=SKIPPED_MAX_MINUTES {
        let shown = shown.checked_add_signed(TimeDelta::minutes(minutes.into())).ok_or(CannotTell)?;
        match zone.from_local_datetime(&shown) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => {
                return Ok(Timestamp::from_millis(at.timestamp_millis()));
            }
            LocalResult::None => {}
        }
    }
    Err(CannotTell)
}
