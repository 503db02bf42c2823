//! What people read when a line was not understood: what is wrong, where, and what to type instead.
//!
//! Deliberately absent: markup and escaping, which are the chat adapter's, and buttons, which need a stored control.

use crate::domain::command::{ParameterSpec, ValueKind};
use crate::domain::intent::{Attribute, BuiltInVerb, Span, ZoneName};
use crate::domain::limits::{BRAKE_LASTS_MAX, LINE_LENGTH_MAX_CHARS, QUOTED_LENGTH_MAX_CHARS, START_AHEAD_MAX};
use crate::domain::misunderstanding::{Expected, Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::server::{ProductionState, SiteName};
use crate::domain::time::{DURATION_MAX, DURATION_MIN, exact};
use crate::language::{hidden_name, written_moment};
use crate::workflow::request::PolicyName;
use std::time::Duration;

mod missing;
#[cfg(test)]
mod tests;

pub use missing::{Gap, gaps, to_fill_in};

/// The widest quoted piece of a line: more would wrap on a phone, and the caret would slip.
pub const EXCERPT_WIDTH_MAX_CHARS: usize = 32;

/// A misunderstanding in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// What is wrong, in one line.
    pub headline: String,
    /// What to type instead, in one sentence. A `did you mean` also stands behind the caret of the excerpts.
    pub hint: String,
    /// The place: a piece of the line and the caret line; empty if there is no line to show.
    pub excerpt: String,
    /// The whole line and the caret line; empty if there is no line to show.
    pub full_excerpt: String,
}

/// Puts a misunderstanding into words.
#[must_use]
pub fn describe(told: &Misunderstanding) -> Description {
    let behind_caret = told.suggestion.as_ref().map(|word| format!("did you mean {}?", cut(word)));
    let hint = behind_caret.as_ref().map_or_else(|| hint(told), |question| sentence(question));
    let cells = cells(&told.line, &told.span);
    let (excerpt, full_excerpt) = if told.line.is_empty() {
        (String::new(), String::new())
    } else {
        let window = window(&cells);
        (drawn(&window, behind_caret.as_deref()), drawn(&cells, behind_caret.as_deref()))
    };
    Description { headline: headline(told), hint, excerpt, full_excerpt }
}

/// The same in one line, for what is wrong in a file.
#[must_use]
pub fn in_one_line(told: &Misunderstanding) -> String {
    let place = told.line.get(told.span.clone()).filter(|place| !place.is_empty());
    let place = place.map(|place| format!(" (at `{place}`)")).unwrap_or_default();
    let Description { headline, hint, .. } = describe(told);
    format!("{headline}{place}. {hint}")
}

#[expect(clippy::too_many_lines, reason = "one entry for each kind")]
fn headline(told: &Misunderstanding) -> String {
    match &told.kind {
        Kind::TooLong { .. } => "This line is too long".to_owned(),
        Kind::Empty => "There is nothing in this line".to_owned(),
        Kind::HiddenCharacter { .. } => "There is a hidden character in this line".to_owned(),
        Kind::NotAscii { character } => format!("{character} does not belong in a server name"),
        Kind::UnclosedQuote => "A quoted text has no end".to_owned(),
        Kind::UnknownVerb { verb } => format!("There is no command {} here", cut(verb)),
        Kind::UnknownTopic { topic } => format!("There is no help on {}", cut(topic)),
        Kind::NothingToPlan { verb } if !verb.only_looks() => {
            format!("Only work can be planned, and {} takes hold at once", verb.word())
        }
        Kind::NothingToPlan { verb } => format!("Only work can be planned, and {} only looks", verb.word()),
        Kind::NoPolicySpeaks { verb: BuiltInVerb::Cancel } => "No policy says who may cancel".to_owned(),
        Kind::NoPolicySpeaks { verb: BuiltInVerb::CloseBreaker } => "No policy says who may close a breaker".to_owned(),
        Kind::NoPolicySpeaks { verb: BuiltInVerb::Override } => "No policy says who may override".to_owned(),
        Kind::NoPolicySpeaks { verb } if !verb.only_looks() => format!("{} is not asked about", sentence(verb.word())),
        Kind::NoPolicySpeaks { verb } => format!("Everybody here may send {}", verb.word()),
        Kind::NotARequest { text } => format!("{} is not the id of a request", cut(text)),
        Kind::Unexpected { .. } if told.span.is_empty() => "Something is missing here".to_owned(),
        Kind::Unexpected { .. } => "This part of the line fits nothing".to_owned(),
        Kind::MissingSelector { command } => format!("{} needs to know which servers", sentence(command.as_str())),
        Kind::SelectorNotTaken { command } => format!("{} works on no server", sentence(command.as_str())),
        Kind::UnknownServer { shown } => format!("No server is called {}", cut(shown)),
        Kind::NoNameFits { pattern } => format!("No server's name fits {}", cut(pattern)),
        Kind::UnknownGroup { group } => format!("No group of servers is called {}", cut(group)),
        Kind::UnknownAttribute { word } => format!("Servers have no attribute {}", cut(word)),
        Kind::UnknownValue { attribute, value } => match attribute {
            Attribute::State => format!("There is no state {}", cut(value)),
            Attribute::Site | Attribute::Type | Attribute::Pool | Attribute::Rack => {
                format!("No server has the {} {}", attribute.word(), cut(value))
            }
        },
        Kind::UnknownTag { tag } => format!("No server has a tag {}", cut(tag)),
        Kind::UnknownTagValue { tag } => format!("No server has the tag {}", cut(tag)),
        Kind::BadExpression { .. } => "This regular expression cannot be read".to_owned(),
        Kind::UnknownRequest { request } => format!("There is no request {request}"),
        Kind::NothingUndone { request } => format!("{request} left nothing undone"),
        Kind::EmptyRange => "This range has no number".to_owned(),
        Kind::ReversedRange => "This range ends before it begins".to_owned(),
        Kind::UnclearPadding => "The two ends of this range have different lengths".to_owned(),
        Kind::ZeroStep => "A step of 0 never moves on".to_owned(),
        Kind::NumberTooLong => "This number is longer than any server's".to_owned(),
        Kind::TooManyNames { .. } => "This stands for more names than there can be servers".to_owned(),
        Kind::NeedsParentheses { .. } => "This can be read in two ways".to_owned(),
        Kind::NestedTooDeep => "Too many parentheses inside each other".to_owned(),
        Kind::NothingLeft => "This leaves no server".to_owned(),
        Kind::UnknownParameter { name } => format!("There is no --{} here", cut(name)),
        Kind::DoubleParameter { name } => format!("{} is given twice", sentence(name.as_str())),
        Kind::MissingValue { name } => format!("{} has no value", sentence(name.as_str())),
        Kind::UnfitValue { parameter } => {
            format!("{} does not take this value", sentence(parameter.name.as_str()))
        }
        Kind::MissingParameter { name } | Kind::MissingReason { name } => {
            format!("{} is missing", sentence(name.as_str()))
        }
        Kind::BecauseNotTaken { command } => format!("{} asks for no reason", sentence(command.as_str())),
        Kind::NotATime => "This is not a time".to_owned(),
        Kind::NotADelay => "This is not a length of time".to_owned(),
        Kind::UnknownZone { zone } => format!("There is no time zone {}", cut(zone)),
        Kind::NoOwnZone => "This time needs its zone".to_owned(),
        Kind::SkippedTime { zone, .. } => format!("The clocks of {zone} skip this time"),
        Kind::DoubleTime { zone, .. } => format!("The clocks of {zone} show this time twice"),
        Kind::PastTime { .. } => "This time is over".to_owned(),
        Kind::TooFarAhead => "This is too far ahead".to_owned(),
        Kind::LastsTooLong => "This would last too long".to_owned(),
        Kind::DoubleStart => "The line says twice when to begin".to_owned(),
        Kind::SitesDisagree { .. } => "Site time is not one time here".to_owned(),
        Kind::NoSiteZone { site: Some(site) } => format!("The time zone of {site} is not known"),
        Kind::NoSiteZone { site: None } => "This work is on no site".to_owned(),
        Kind::TimeInReason => "The reason ends in a time".to_owned(),
        Kind::UnknownPolicy { policy } => format!("There is no policy {}", cut(policy)),
        Kind::NeverOverridden { word } => format!("Nobody can override {}", cut(word)),
    }
}

fn hint(told: &Misunderstanding) -> String {
    match &told.kind {
        Kind::TooLong { chars } => format!("It has {chars} characters; at most {LINE_LENGTH_MAX_CHARS} are read."),
        Kind::Empty | Kind::UnknownVerb { .. } => "Type help to see what you can do here.".to_owned(),
        Kind::UnknownTopic { .. } => "Type help to see what there is help on.".to_owned(),
        Kind::NothingToPlan { verb } | Kind::NoPolicySpeaks { verb } => as_it_is(*verb),
        Kind::HiddenCharacter { character } => type_anew(*character),
        Kind::NotAscii { .. } => "Names have the letters a to z, digits and dashes. Type it anew.".to_owned(),
        Kind::UnclosedQuote => "Close it with a \" and a space.".to_owned(),
        Kind::NotARequest { .. } => "An id looks like req-2mq9; it stands on the request's card.".to_owned(),
        Kind::Unexpected { expected } => format!("Expected here: {}.", words(*expected)),
        Kind::MissingSelector { .. } => format!("Add {}.", words(Expected::Servers)),
        Kind::SelectorNotTaken { .. } => "Leave the servers out.".to_owned(),
        Kind::UnknownServer { .. } | Kind::NoNameFits { .. } => {
            "Names are those of the inventory, with every digit.".to_owned()
        }
        Kind::UnknownGroup { .. } => "Choose by attribute instead: site=…, type=…, pool=…, rack=…, state=….".to_owned(),
        Kind::UnknownAttribute { .. } => "There are site, type, pool, rack, state, name=~… and tag:…=….".to_owned(),
        Kind::UnknownValue { attribute, .. } => match attribute {
            Attribute::State => format!("There are {}.", ProductionState::ALL.map(ProductionState::word).join(", ")),
            Attribute::Site | Attribute::Type | Attribute::Pool | Attribute::Rack => {
                format!("A {} is written as the inventory writes it.", attribute.word())
            }
        },
        Kind::UnknownTag { .. } | Kind::UnknownTagValue { .. } => {
            "Tags are those of the inventory, as in tag:canary=yes.".to_owned()
        }
        Kind::BadExpression { why } => sentence(&format!("{}.", cut(why))),
        Kind::UnknownRequest { .. } => "The id stands on the request's card.".to_owned(),
        Kind::NothingUndone { .. } => "Name the servers instead.".to_owned(),
        Kind::EmptyRange => "Write the numbers: [001-020,031].".to_owned(),
        Kind::ReversedRange => "Write the smaller number first: [001-020].".to_owned(),
        Kind::UnclearPadding => "Write both with as many digits as the names have: [001-100].".to_owned(),
        Kind::ZeroStep => "Every second one is /2: [001-020/2].".to_owned(),
        Kind::NumberTooLong => "Write it as the server's name has it.".to_owned(),
        Kind::TooManyNames { max } => format!("At most {max} are looked up; choose by attribute instead: site=…."),
        Kind::NeedsParentheses { .. } if !told.readings.is_empty() => "Send the one you mean:".to_owned(),
        Kind::NeedsParentheses { readings } => {
            let [left, right] = readings.as_ref();
            format!("Write {left} or {right}.")
        }
        Kind::NestedTooDeep => "Write it with fewer.".to_owned(),
        Kind::NothingLeft => "Every part is known, but together they match none.".to_owned(),
        Kind::UnknownParameter { .. } => "Type help and the command to see what it takes.".to_owned(),
        Kind::DoubleParameter { .. } => "Give it once.".to_owned(),
        Kind::MissingValue { .. } => "Write the value behind it.".to_owned(),
        Kind::UnfitValue { parameter } => format!("It takes {}.", values(parameter)),
        Kind::MissingParameter { name } => format!("Add --{name} and its value."),
        Kind::MissingReason { .. } => "Add because … at the end.".to_owned(),
        Kind::BecauseNotTaken { .. } => "Leave because … out.".to_owned(),
        Kind::NotATime => "Write it as in 02:00, 2am, tomorrow 02:00 or 2026-12-01 02:00 UTC.".to_owned(),
        Kind::NotADelay => "Write it as in 20m or in 2h30m.".to_owned(),
        Kind::UnknownZone { .. } => "Write a zone as in Europe/Riga, or UTC, or site time.".to_owned(),
        Kind::NoOwnZone => "Add UTC, or a zone as in Europe/Riga.".to_owned(),
        Kind::SkippedTime { .. } | Kind::DoubleTime { .. } | Kind::TimeInReason => "Send the one you mean:".to_owned(),
        Kind::PastTime { moment } => format!("It was {}. Write a later one.", written_moment(moment)),
        Kind::TooFarAhead => format!("Work may begin at most {} from now.", spoken_hours(START_AHEAD_MAX)),
        Kind::LastsTooLong => lasts_at_most(),
        Kind::DoubleStart => "Say it once: at … or in ….".to_owned(),
        Kind::SitesDisagree { sites } => each_zone(sites),
        Kind::NoSiteZone { .. } => "Write the zone instead of site time: at 02:00 UTC.".to_owned(),
        Kind::UnknownPolicy { .. } | Kind::NeverOverridden { .. } => {
            format!("Only {} can be overridden.", overridable())
        }
    }
}

fn type_anew(hidden: char) -> String {
    format!("{}: type this part anew.", hidden_name(hidden).unwrap_or_else(|| "It cannot be seen".to_owned()))
}

fn lasts_at_most() -> String {
    format!("It may last {} days, and can be said again before it is over.", BRAKE_LASTS_MAX.as_secs() / 86_400)
}

fn each_zone(sites: &[(SiteName, ZoneName)]) -> String {
    let each: Vec<String> = sites.iter().map(|(site, zone)| format!("{site} is in {zone}")).collect();
    format!("{}. Write the zone, or one line for each site.", each.join(", "))
}

/// What to do with a verb that is planned or asked about in vain.
fn as_it_is(verb: BuiltInVerb) -> String {
    match verb {
        BuiltInVerb::Cancel => {
            "Whoever asked for a request may cancel it, and whoever may ask for the same.".to_owned()
        }
        BuiltInVerb::CloseBreaker => {
            "Whoever may use its command may, once its canary has passed; the owners of the command may before."
                .to_owned()
        }
        BuiltInVerb::Retry => {
            "It asks for the same anew: whoever may do that here may, and it is planned and approved like any other."
                .to_owned()
        }
        BuiltInVerb::Override => {
            "It tells what it needs, and is refused to whoever may not: policies/admission.yaml says who may."
                .to_owned()
        }
        BuiltInVerb::StopEverything
        | BuiltInVerb::ResumeEverything
        | BuiltInVerb::Freeze
        | BuiltInVerb::Thaw
        | BuiltInVerb::Hold
        | BuiltInVerb::Release
        | BuiltInVerb::Blacklist
        | BuiltInVerb::Unblacklist => {
            "Send it: you are told then whether you may, and what it stands in the way of.".to_owned()
        }
        BuiltInVerb::State => {
            "Send it with plan before it: you are told whether you may, and what it would change.".to_owned()
        }
        BuiltInVerb::Help
        | BuiltInVerb::Status
        | BuiltInVerb::Plan
        | BuiltInVerb::CanI
        | BuiltInVerb::WhoCan
        | BuiltInVerb::Why
        | BuiltInVerb::Queue
        | BuiltInVerb::Out => {
            format!("Send it as it is: {}.", verb.word())
        }
    }
}

/// What belongs at a place, in the words of the grammar.
const fn words(expected: Expected) -> &'static str {
    match expected {
        Expected::Servers => "servers, such as edge-lax-[001-020] or site=lax",
        Expected::Sites => "a site, such as riga or site=riga",
        Expected::AfterServers => "a comma and more servers, --name value, at 02:00, or because …",
        Expected::Parameter => "--name value, at 02:00, or because …",
        Expected::End => "the end of the line",
        Expected::RangeNumber => "a number, as in [001-020]",
        Expected::RangeEnd => "a comma or ]",
        Expected::ClosingParenthesis => ")",
        Expected::Comparison => "=, != or in (…)",
        Expected::NameComparison => "=~ or !~, as in name=~^edge-",
        Expected::AttributeValue => "a value, as in site=lax",
        Expected::Expression => "a regular expression, as in name=~^edge-",
        Expected::TagName => "the name of a tag, as in tag:canary=yes",
        Expected::GroupName => "the name of a group, as in @canaries",
        Expected::RequestId => "the id of a request, such as req-2mq9",
        Expected::Verb => "a line, such as reboot edge-lax-001 because …",
        Expected::Command => "a command, such as reboot",
        Expected::Breaker => {
            "what a breaker is about, such as reboot site=lax or reboot server=edge-lax-007, and because …"
        }
        Expected::ReasonOrEnd => "because …, or the end of the line",
        Expected::Policy => "the policy to override, such as capacity",
        Expected::OnRequest => "on and the id of a request, such as on req-2mq9",
        Expected::Reason => "because and why it cannot wait",
        Expected::Until => "when it is over: until 18:00, or for 2h",
        Expected::Declared => "how they are: maintenance, repair, ready or standby",
    }
}

/// The policies that can be overridden, in a list.
fn overridable() -> String {
    super::words::listed(&PolicyName::OVERRIDABLE.map(PolicyName::word), "and")
}

/// Hours stay hours: a day is not the same length everywhere.
fn spoken_hours(length: Duration) -> String {
    format!("{} h", length.as_secs() / 3600)
}

/// The values a parameter takes, for a sentence that begins with "It takes".
fn values(parameter: &ParameterSpec) -> String {
    match &parameter.kind {
        ValueKind::Text { length_max } => format!("text of at most {length_max} characters"),
        ValueKind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        ValueKind::Percentage { min, max } => format!("a percentage from {min}% to {max}%"),
        ValueKind::Duration { min, max } => length_of_time(*min, *max),
        ValueKind::Choice(words) => format!("one of {}", words.join(", ")),
        ValueKind::Boolean => "yes or no".to_owned(),
        ValueKind::Time => "a time, such as 02:00 UTC".to_owned(),
        ValueKind::Server => "one server, such as edge-lax-001".to_owned(),
        ValueKind::Selector => "servers, such as edge-lax-[001-020]".to_owned(),
        ValueKind::User => "a person, such as @ana".to_owned(),
        ValueKind::Channel => "a channel, such as #noc".to_owned(),
        ValueKind::Version => "a version, such as 1.2.3".to_owned(),
        ValueKind::Url => "an address that begins with https:// and has no password".to_owned(),
    }
}

/// A length of time within bounds; those that everything has are not worth a word.
fn length_of_time(min: Duration, max: Duration) -> String {
    match (min > DURATION_MIN, max < DURATION_MAX) {
        (false, false) => "a length of time, such as 90s, 5m or 2h".to_owned(),
        (true, false) => format!("a length of time, at least {}", exact(min)),
        (false, true) => format!("a length of time, at most {}", exact(max)),
        (true, true) => format!("a length of time from {} to {}", exact(min), exact(max)),
    }
}

/// With a capital first letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTED_LENGTH_MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// One character of an excerpt.
#[derive(Clone, Copy)]
struct Cell {
    letter: char,
    is_marked: bool,
}

/// The line as it can be seen: a hidden character stands there by its number. An empty place gets a blank of its own
/// at the end of the line.
fn cells(line: &str, span: &Span) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (place, letter) in line.char_indices() {
        let is_marked = span.contains(&place) || (span.is_empty() && place == span.start);
        if hidden_name(letter).is_some() {
            let shown = format!("<U+{:04X}>", u32::from(letter));
            cells.extend(shown.chars().map(|letter| Cell { letter, is_marked }));
        } else {
            cells.push(Cell { letter, is_marked });
        }
    }
    if span.start >= line.len() {
        if !line.ends_with(' ') {
            cells.push(Cell { letter: ' ', is_marked: false });
        }
        cells.push(Cell { letter: ' ', is_marked: true });
    }
    cells
}

/// At most [`EXCERPT_WIDTH_MAX_CHARS`] around the first marked one, with `…` where something was cut off.
fn window(cells: &[Cell]) -> Vec<Cell> {
    const BEFORE_MAX_CHARS: usize = 8;
    if cells.len() <= EXCERPT_WIDTH_MAX_CHARS {
        return cells.to_vec();
    }
    let first = cells.iter().position(|cell| cell.is_marked).unwrap_or(0);
    let marked = cells.iter().filter(|cell| cell.is_marked).count();
    let start = if first + marked < EXCERPT_WIDTH_MAX_CHARS {
        0
    } else {
        let most = EXCERPT_WIDTH_MAX_CHARS.saturating_sub(marked + 2).clamp(BEFORE_MAX_CHARS, EXCERPT_WIDTH_MAX_CHARS);
        first.saturating_sub(most.min(BEFORE_MAX_CHARS)).min(cells.len() - EXCERPT_WIDTH_MAX_CHARS)
    };
    let mut window: Vec<Cell> = cells.iter().skip(start).take(EXCERPT_WIDTH_MAX_CHARS).copied().collect();
    let is_cut_after = start + window.len() < cells.len();
    if start > 0
        && let Some(cell) = window.first_mut()
    {
        cell.letter = '…';
    }
    if is_cut_after && let Some(cell) = window.last_mut() {
        cell.letter = '…';
    }
    window
}

/// The cells and, under them, carets with what was probably meant.
fn drawn(cells: &[Cell], behind_caret: Option<&str>) -> String {
    let text: String = cells.iter().map(|cell| cell.letter).collect();
    let carets: String = cells.iter().map(|cell| if cell.is_marked { '^' } else { ' ' }).collect();
    let behind = behind_caret.map_or_else(String::new, |question| format!(" {question}"));
    format!("{}\n{}{behind}", text.trim_end(), carets.trim_end())
}
