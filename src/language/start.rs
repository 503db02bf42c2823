//! When work may begin: `at …` and `in …`; and a reason that ends in such a time, which is asked about.

use super::clock::{WrittenTime, WrittenZone, read_time, read_wait};
use super::line::{Cursor, begins_start};
use super::zone::{about_time, moment_at, name_of, named};
use super::{Vocabulary, quotes};
use crate::domain::intent::{Moment, Spanned, Start, ZoneName};
use crate::domain::limits::START_AHEAD_MAX;
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};

/// The start that begins there, and where the next word begins.
pub(super) fn read(
    cursor: &Cursor<'_>,
    place: usize,
    vocabulary: &Vocabulary,
) -> Result<(Spanned<Start>, usize), Misunderstanding> {
    let (word, after) = cursor.word(place);
    if word.value.eq_ignore_ascii_case("in") {
        let (wait, next) = read_wait(cursor, after).map_err(|told| at_instead(cursor, place, after, told))?;
        if wait.value > START_AHEAD_MAX {
            return Err(cursor.told(wait.span, Kind::TooFarAhead));
        }
        return Ok((Spanned { value: Start::After(wait.value), span: place..wait.span.end }, next));
    }
    let (written, next) = read_time(cursor, after).map_err(|told| in_instead(cursor, place, after, told))?;
    let span = place..written.span.end;
    let value = match &written.zone {
        WrittenZone::Site => Start::AtSiteTime(written.wall),
        WrittenZone::Own | WrittenZone::Named(_) => Start::At(moment(cursor, &written, vocabulary)?),
    };
    Ok((Spanned { value, span }, next))
}

fn moment(cursor: &Cursor<'_>, written: &WrittenTime<'_>, vocabulary: &Vocabulary) -> Result<Moment, Misunderstanding> {
    let zone = zone_of(cursor, written, vocabulary)?;
    moment_at(written.wall, &zone, vocabulary.now).map_err(|kind| about_time(cursor.told(written.span.clone(), kind)))
}

/// The zone that was written, or the person's own.
pub(super) fn zone_of(
    cursor: &Cursor<'_>,
    written: &WrittenTime<'_>,
    vocabulary: &Vocabulary,
) -> Result<ZoneName, Misunderstanding> {
    match &written.zone {
        WrittenZone::Named(word) => {
            let unknown = || cursor.told(written.span.clone(), Kind::UnknownZone { zone: (*word).to_owned() });
            named(word).map(name_of).ok_or_else(unknown)
        }
        WrittenZone::Own | WrittenZone::Site => vocabulary.zone.clone().ok_or_else(|| {
            let text = cursor.line.get(written.span.clone()).unwrap_or_default().trim_end_matches(',');
            cursor.told(written.span.clone(), Kind::NoOwnZone).suggesting(format!("{text} UTC"))
        }),
    }
}

/// `in 02:00` means `at 02:00`.
fn at_instead(cursor: &Cursor<'_>, place: usize, after: usize, told: Misunderstanding) -> Misunderstanding {
    match read_time(cursor, after) {
        Ok(_) if told.kind == Kind::NotADelay => cursor.told(place..place + "in".len(), told.kind).suggesting("at"),
        _ => told,
    }
}

/// `at 20m` means `in 20m`.
fn in_instead(cursor: &Cursor<'_>, place: usize, after: usize, told: Misunderstanding) -> Misunderstanding {
    match read_wait(cursor, after) {
        Ok(_) if told.kind == Kind::NotATime => cursor.told(place..place + "at".len(), told.kind).suggesting("in"),
        _ => told,
    }
}

/// Asks about a reason that ends in a time, with both lines that it may mean.
pub(super) fn ask_about_reason(cursor: &Cursor<'_>, because_at: usize, text_at: usize) -> Result<(), Misunderstanding> {
    let reason = cursor.rest(text_at);
    let Some(time_at) = time_at_end(reason) else { return Ok(()) };
    let (kept, time) = reason.split_at(time_at);
    let (kept, day) = without_day(kept.trim_end_matches([' ', ',', ';']), time);
    let time = time.split_once(' ').map_or_else(String::new, |(at, rest)| format!("{at} {day}{rest}"));
    if !kept.chars().any(char::is_alphanumeric) {
        return Ok(());
    }
    let head = cursor.line.get(..because_at).unwrap_or_default();
    let readings = vec![format!("{head}{time} because {kept}"), format!("{head}because {}", quotes::quoted(reason))];
    let span = text_at + time_at..cursor.line.len();
    Err(cursor.told(span, Kind::TimeInReason).asking_which(readings))
}

/// `tomorrow at 02:00` says the day before the time, which a line says behind `at`.
fn without_day<'a>(kept: &'a str, time: &str) -> (&'a str, &'static str) {
    let is_at = time.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("at"));
    for day in ["tomorrow ", "today "] {
        let before = kept.len().checked_sub(day.len() - 1).filter(|_| is_at && !time.contains(day.trim_end()));
        if let Some((before, word)) = before.and_then(|place| kept.split_at_checked(place))
            && word.eq_ignore_ascii_case(day.trim_end())
            && (before.is_empty() || before.ends_with(' '))
        {
            return (before.trim_end_matches([' ', ',', ';']), day);
        }
    }
    (kept, "")
}

/// Where the time begins that the text ends in.
pub(super) fn time_at_end(text: &str) -> Option<usize> {
    let cursor = Cursor { line: text };
    let mut place = 0;
    while place < text.len() {
        let (word, next) = cursor.word(place);
        if begins_start(word.value) {
            let end = if word.value.eq_ignore_ascii_case("in") {
                read_wait(&cursor, next).map(|(_, end)| end)
            } else {
                read_time(&cursor, next).map(|(_, end)| end)
            };
            if end == Ok(text.len()) {
                return Some(place);
            }
        }
        place = next;
    }
    None
}
