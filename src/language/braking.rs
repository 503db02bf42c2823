//! Lines that stop things, and lines that let them go on.
//!
//! A stop is read whatever else is missing: whoever is in a hurry gets it. Deliberately absent: who may, and what is stopped.

use super::clock::{WrittenZone, read_time, read_wait};
use super::line::{Cursor, because_like, ends_servers};
use super::normalise::begins_reason;
use super::start::zone_of;
use super::zone::{about_time, moment_of};
use super::{Vocabulary, quotes};
use crate::domain::braking::{BlacklistLevel, Braked, Braking, Kept};
use crate::domain::command::CommandName;
use crate::domain::ids::RequestId;
use crate::domain::intent::{BuiltInVerb, Moment, ParameterName, Selector, Span, Spanned, ZoneName};
use crate::domain::limits::BRAKE_LASTS_MAX;
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};
use crate::fleet::{nearest, parse_selector};

/// What an absolute entry of the blacklist says.
const ABSOLUTE: &str = "--absolute";

/// What a stop says by which nothing is given back either.
const HARD: &str = "--hard";

/// What is said behind that verb, if it is one that stops things or lets them go on.
pub(super) fn read(
    cursor: &Cursor<'_>,
    verb: BuiltInVerb,
    place: usize,
    vocabulary: &Vocabulary,
) -> Option<Result<Braking, Misunderstanding>> {
    match verb {
        BuiltInVerb::StopEverything => {
            let (word, after) = cursor.word(place);
            let place = if word.value.eq_ignore_ascii_case("now") { after } else { place };
            let (word, after) = cursor.word(place);
            let hard = is_hard(word.value) || word.value.eq_ignore_ascii_case("hard");
            let place = if hard { after } else { place };
            let (word, _) = cursor.word(place);
            if word.value.starts_with("--") {
                let kind = Kind::Unexpected { expected: Expected::ReasonOrEnd };
                return Some(Err(cursor.told(word.span, kind).perhaps_suggesting(Some(HARD.to_owned()))));
            }
            Some(reason(cursor, place).map(|because| stop(because, hard)))
        }
        BuiltInVerb::ResumeEverything => Some(reason_given(cursor, place).map(|because| Braking::Resume { because })),
        BuiltInVerb::Freeze => Some(freeze(cursor, place, vocabulary)),
        BuiltInVerb::Thaw => Some(thaw(cursor, place)),
        BuiltInVerb::Hold => Some(hold(cursor, place)),
        BuiltInVerb::Release => Some(release(cursor, place)),
        BuiltInVerb::Blacklist => Some(blacklist(cursor, place, vocabulary)),
        BuiltInVerb::Unblacklist => Some(unblacklist(cursor, place, vocabulary)),
        BuiltInVerb::Help
        | BuiltInVerb::Status
        | BuiltInVerb::Cancel
        | BuiltInVerb::Plan
        | BuiltInVerb::CanI
        | BuiltInVerb::WhoCan
        | BuiltInVerb::Why
        | BuiltInVerb::Queue
        | BuiltInVerb::Out
        | BuiltInVerb::Override
        | BuiltInVerb::CloseBreaker
        | BuiltInVerb::Retry
        | BuiltInVerb::State => None,
    }
}

fn is_hard(word: &str) -> bool {
    word.eq_ignore_ascii_case(HARD)
}

/// A reason that ends with how it is stopped means that, and not a reason.
fn stop(because: Option<String>, hard: bool) -> Braking {
    let last = because.as_deref().and_then(|because| because.rsplit_once(char::is_whitespace));
    match last.filter(|(_, word)| is_hard(word)) {
        Some((before, _)) => Braking::Stop { because: Some(before.trim_end().to_owned()), hard: true },
        None => Braking::Stop { because, hard },
    }
}

fn freeze(cursor: &Cursor<'_>, place: usize, vocabulary: &Vocabulary) -> Result<Braking, Misunderstanding> {
    let (on, place) = braked(cursor, place)?;
    let (until, place) = until(cursor, place, vocabulary)?;
    Ok(Braking::Freeze { on, until, because: reason_given(cursor, place)? })
}

fn thaw(cursor: &Cursor<'_>, place: usize) -> Result<Braking, Misunderstanding> {
    let (on, place) = braked(cursor, place)?;
    cursor.expect_end(place)?;
    Ok(Braking::Thaw { on })
}

fn hold(cursor: &Cursor<'_>, place: usize) -> Result<Braking, Misunderstanding> {
    let (on, place) = kept(cursor, place)?;
    Ok(Braking::Hold { on, because: reason_given(cursor, place)? })
}

fn release(cursor: &Cursor<'_>, place: usize) -> Result<Braking, Misunderstanding> {
    let (on, place) = kept(cursor, place)?;
    cursor.expect_end(place)?;
    Ok(Braking::Release { on })
}

fn blacklist(cursor: &Cursor<'_>, place: usize, vocabulary: &Vocabulary) -> Result<Braking, Misunderstanding> {
    let (on, place) = braked(cursor, place)?;
    let (command, place) = command(cursor, place, vocabulary)?;
    let (before, place) = level(cursor, place);
    let (until, place) = until(cursor, place, vocabulary)?;
    let (behind, place) = level(cursor, place);
    let because = reason_given(cursor, place)?;
    Ok(Braking::Blacklist { on, command, until, level: before.max(behind), because })
}

fn unblacklist(cursor: &Cursor<'_>, place: usize, vocabulary: &Vocabulary) -> Result<Braking, Misunderstanding> {
    let (on, place) = braked(cursor, place)?;
    let (command, place) = command(cursor, place, vocabulary)?;
    cursor.expect_end(place)?;
    Ok(Braking::Unblacklist { on, command })
}

/// A selector there, and where the next word begins.
pub(super) fn selected(cursor: &Cursor<'_>, place: usize) -> Result<(Spanned<Selector>, usize), Misunderstanding> {
    if ends_servers(cursor.rest(place)) || begins_end(cursor, place) {
        return Err(cursor.told(place..place, Kind::Unexpected { expected: Expected::Servers }));
    }
    let (selector, end) = parse_selector(cursor.line, place)?;
    let next = cursor.past_spaces(end);
    if next == end && !cursor.rest(end).is_empty() {
        let (word, _) = cursor.word(end);
        return Err(cursor.told(word.span, Kind::Unexpected { expected: Expected::Servers }));
    }
    Ok((selector, next))
}

fn braked(cursor: &Cursor<'_>, place: usize) -> Result<(Braked, usize), Misunderstanding> {
    let (word, after) = cursor.word(place);
    if word.value.eq_ignore_ascii_case("everything") {
        return Ok((Braked::Everything, after));
    }
    let (selector, next) = selected(cursor, place)?;
    Ok((Braked::Selected(selector), next))
}

fn kept(cursor: &Cursor<'_>, place: usize) -> Result<(Kept, usize), Misunderstanding> {
    let (word, after) = cursor.word(place);
    if let Some(request) = RequestId::parse(&word.value.to_lowercase()) {
        return Ok((Kept::Request(request), after));
    }
    let (selector, next) = selected(cursor, place)?;
    Ok((Kept::Servers(selector), next))
}

/// Whether it is said there when something is over.
fn begins_end(cursor: &Cursor<'_>, place: usize) -> bool {
    let (word, _) = cursor.word(place);
    word.value.eq_ignore_ascii_case("until") || word.value.eq_ignore_ascii_case("for")
}

fn command(
    cursor: &Cursor<'_>,
    place: usize,
    vocabulary: &Vocabulary,
) -> Result<(Option<CommandName>, usize), Misunderstanding> {
    let rest = cursor.rest(place);
    if rest.is_empty() || rest.starts_with("--") || begins_reason(rest) || begins_end(cursor, place) {
        return Ok((None, place));
    }
    let (word, after) = cursor.word(place);
    if let Some(spec) = vocabulary.command(&word.value.to_lowercase()) {
        return Ok((Some(spec.name.clone()), after));
    }
    let names = vocabulary.usable.iter().map(CommandName::as_str);
    let near = nearest(word.value, names.chain(["until", "for", "because"])).map(str::to_owned);
    let kind = Kind::UnknownVerb { verb: word.value.to_owned() };
    Err(cursor.told(word.span, kind).perhaps_suggesting(near))
}

fn level(cursor: &Cursor<'_>, place: usize) -> (BlacklistLevel, usize) {
    let (word, after) = cursor.word(place);
    if word.value.eq_ignore_ascii_case(ABSOLUTE) {
        (BlacklistLevel::Absolute, after)
    } else {
        (BlacklistLevel::Block, place)
    }
}

/// `until 18:00`, `for 2h`: when it is over; one that never is would be forgotten.
fn until(cursor: &Cursor<'_>, place: usize, vocabulary: &Vocabulary) -> Result<(Moment, usize), Misunderstanding> {
    let (word, after) = cursor.word(place);
    let now = vocabulary.now;
    let (moment, span, next): (Moment, Span, usize) = if word.value.eq_ignore_ascii_case("for") {
        let (wait, next) = read_wait(cursor, after)?;
        let zone = vocabulary.zone.clone().unwrap_or_else(|| ZoneName::new("UTC"));
        (Moment { at: now.plus(wait.value), zone }, wait.span, next)
    } else if word.value.eq_ignore_ascii_case("until") {
        let (written, next) = read_time(cursor, after)?;
        if matches!(written.zone, WrittenZone::Site) {
            return Err(cursor.told(written.span, Kind::NoSiteZone { site: None }));
        }
        let zone = zone_of(cursor, &written, vocabulary)?;
        let moment = moment_of(written.wall, &zone, now);
        let moment = moment.map_err(|kind| about_time(cursor.told(written.span.clone(), kind)))?;
        (moment, written.span, next)
    } else {
        let span = if word.value.is_empty() { cursor.end() } else { word.span };
        return Err(cursor.told(span, Kind::Unexpected { expected: Expected::Until }));
    };
    if moment.at <= now {
        return Err(cursor.told(span, Kind::PastTime { moment: Box::new(moment) }));
    }
    if moment.at > now.plus(BRAKE_LASTS_MAX) {
        return Err(cursor.told(span, Kind::LastsTooLong));
    }
    Ok((moment, next))
}

/// The text behind `because`, to the end of the line; a time at its end is a part of it.
fn reason(cursor: &Cursor<'_>, place: usize) -> Result<Option<String>, Misunderstanding> {
    let rest = cursor.rest(place);
    if rest.is_empty() {
        return Ok(None);
    }
    let (word, after) = cursor.word(place);
    if !begins_reason(rest) {
        let better = because_like(word.value).map(str::to_owned);
        let kind = Kind::Unexpected { expected: Expected::ReasonOrEnd };
        return Err(cursor.told(word.span, kind).perhaps_suggesting(better));
    }
    let written = cursor.rest(after);
    let quoted = quotes::inside(written);
    let text = quoted.as_deref().unwrap_or(written).trim();
    // `because …` copied from the help says nothing yet.
    Ok(Some(text.to_owned()).filter(|text| text.chars().any(char::is_alphanumeric)))
}

pub(super) fn reason_given(cursor: &Cursor<'_>, place: usize) -> Result<String, Misunderstanding> {
    reason(cursor, place)?
        .ok_or_else(|| cursor.told(cursor.end(), Kind::MissingReason { name: ParameterName::new("reason") }))
}
