//! Clocks on the wall and points in time: which moment a wall time is in a zone, and back.
//!
//! A time that the clocks skip or show twice is asked about, never guessed. Deliberately absent: how times are written
//! (`clock`), and where "now" comes from.

use crate::domain::intent::{Day, Moment, WallTime, ZoneName};
use crate::domain::limits::START_AHEAD_MAX;
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::time::Timestamp;
use crate::fleet::nearest;
use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

/// When work begins that is to begin when the clocks of the zone show this.
///
/// # Errors
/// A zone that is not known, a time that the clocks skip or show twice, one that is over, and one too far ahead.
pub fn moment_at(wall: WallTime, zone: &ZoneName, now: Timestamp) -> Result<Moment, Kind> {
    let moment = moment_of(wall, zone, now)?;
    if moment.at <= now {
        return Err(Kind::PastTime { moment: Box::new(moment) });
    }
    if moment.at > now.plus(START_AHEAD_MAX) {
        return Err(Kind::TooFarAhead);
    }
    Ok(moment)
}

/// The same, however far ahead or behind.
pub(super) fn moment_of(wall: WallTime, zone: &ZoneName, now: Timestamp) -> Result<Moment, Kind> {
    let unknown = || Kind::UnknownZone { zone: zone.to_string() };
    let zone = named(zone.as_str()).or_else(|| zone.as_str().parse().ok()).ok_or_else(unknown)?;
    let today = local(now, zone).ok_or(Kind::NotATime)?.date();
    let day = match wall.day {
        Day::Next => return next(wall, today, zone, now),
        Day::Today => Some(today),
        Day::Tomorrow => today.checked_add_days(Days::new(1)),
        Day::On { year, month, day } => NaiveDate::from_ymd_opt(year, month.into(), day.into()),
    };
    let shown = day.and_then(|day| day.and_hms_opt(wall.hour.into(), wall.minute.into(), 0)).ok_or(Kind::NotATime)?;
    moment_shown(shown, zone)
}

/// The next time that the clocks show it: today, or tomorrow if all that it may mean today is over.
fn next(wall: WallTime, today: NaiveDate, zone: Tz, now: Timestamp) -> Result<Moment, Kind> {
    let tomorrow = today.checked_add_days(Days::new(1));
    let mut answer = Err(Kind::NotATime);
    for day in std::iter::once(today).chain(tomorrow) {
        let shown = day.and_hms_opt(wall.hour.into(), wall.minute.into(), 0).ok_or(Kind::NotATime)?;
        answer = moment_shown(shown, zone);
        let last = match &answer {
            Ok(moment) => moment.at,
            Err(Kind::SkippedTime { readings, .. } | Kind::DoubleTime { readings, .. }) => {
                readings.iter().map(|reading| reading.at).max().unwrap_or_default()
            }
            Err(_) => return answer,
        };
        if last > now {
            break;
        }
    }
    answer
}

fn moment_shown(shown: NaiveDateTime, zone: Tz) -> Result<Moment, Kind> {
    let moment =
        |at: DateTime<Utc>, zone: Tz| Moment { at: Timestamp::from_millis(at.timestamp_millis()), zone: name_of(zone) };
    match zone.from_local_datetime(&shown) {
        LocalResult::Single(at) => Ok(moment(at.to_utc(), zone)),
        LocalResult::Ambiguous(first, second) => Err(Kind::DoubleTime {
            zone: name_of(zone),
            readings: Box::new([moment(first.to_utc(), Tz::UTC), moment(second.to_utc(), Tz::UTC)]),
        }),
        LocalResult::None => {
            let by = |shift: TimeDelta| {
                let offset = zone.offset_from_utc_datetime(&(shown.checked_add_signed(shift)?)).fix();
                shown.checked_sub_offset(offset).map(|at| moment(at.and_utc(), Tz::UTC))
            };
            let (before, after) = (by(TimeDelta::days(-1)), by(TimeDelta::days(1)));
            let (Some(before), Some(after)) = (before, after) else { return Err(Kind::NotATime) };
            let readings = Box::new([before, after]);
            Err(Kind::SkippedTime { zone: name_of(zone), readings })
        }
    }
}

/// What is told of a time that stands at this place: with the whole lines that it may mean, if that is the question.
#[must_use]
pub fn about_time(mut told: Misunderstanding) -> Misunderstanding {
    if let Kind::SkippedTime { readings, .. } | Kind::DoubleTime { readings, .. } = &told.kind {
        let line = |moment: &Moment| {
            let (before, after) = (told.line.get(..told.span.start)?, told.line.get(told.span.end..)?);
            Some(format!("{before}{}{after}", written_moment(moment)))
        };
        told.readings = readings.iter().filter_map(line).collect();
    }
    told
}

/// `2026-12-01 02:00 Europe/Riga`.
#[must_use]
pub fn written_moment(moment: &Moment) -> String {
    let zone = named(moment.zone.as_str()).or_else(|| moment.zone.as_str().parse().ok());
    let shown = zone.and_then(|zone| local(moment.at, zone)).map(|shown| (shown, moment.zone.to_string()));
    let utc = || local(moment.at, Tz::UTC).map(|shown| (shown, "UTC".to_owned()));
    shown.or_else(utc).map_or_else(String::new, |(shown, zone)| format!("{} {zone}", shown.format("%Y-%m-%d %H:%M")))
}

fn local(at: Timestamp, zone: Tz) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_millis(at.millis()).map(|at| at.with_timezone(&zone).naive_local())
}

/// Whether there is such a day.
pub(super) fn is_of_calendar(day: Day) -> bool {
    match day {
        Day::Next | Day::Today | Day::Tomorrow => true,
        Day::On { year, month, day } => NaiveDate::from_ymd_opt(year, month.into(), day.into()).is_some(),
    }
}

/// The zone that a line may name so: `Europe/Riga` in any case, or UTC. Short names such as CST mean several.
pub(super) fn named(word: &str) -> Option<Tz> {
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    if ["utc", "gmt", "z", "etc/utc", "etc/gmt"].into_iter().any(is) {
        return Some(Tz::UTC);
    }
    if !word.contains('/') {
        return None;
    }
    word.parse().ok().or_else(|| TZ_VARIANTS.into_iter().find(|zone| is(zone.name())))
}

/// The name by which a zone is kept.
pub(super) fn name_of(zone: Tz) -> ZoneName {
    ZoneName::new(zone.name())
}

/// The zone of a city, or the one whose name is near.
pub(super) fn like(word: &str) -> Option<&'static str> {
    let city = |zone: &Tz| zone.name().rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(word));
    let of_city = TZ_VARIANTS.iter().filter(|zone| zone.name().contains('/')).find(|zone| city(zone));
    match of_city {
        Some(zone) => Some(zone.name()),
        None if word.eq_ignore_ascii_case("zulu") => Some("UTC"),
        None => {
            let is_offered = |zone: &&Tz| zone.name().contains('/') || **zone == Tz::UTC;
            let names: Vec<String> =
                TZ_VARIANTS.iter().filter(is_offered).map(|zone| zone.name().to_ascii_lowercase()).collect();
            let near = nearest(word, names.iter().map(String::as_str))?;
            TZ_VARIANTS.iter().map(|zone| zone.name()).find(|name| name.eq_ignore_ascii_case(near))
        }
    }
}
