//! What calendars say: why something does not start yet, and which freezes there are and come.
//!
//! Times stand in the reader's own form, and beside it as the clocks of the site show them.

use super::message::Rich;
use super::words::{Prose, first_three, listed, quoted};
use crate::admission::calendars::Planned;
use crate::domain::intent::{Moment, ZoneName};
use crate::domain::server::SiteName;
use crate::domain::time::{Timestamp, spoken};
use crate::language::written_moment;
use crate::workflow::calendar::{CalendarBlock, CalendarSays, TakesBy};
use crate::workflow::request::PolicyName;

/// The most freezes that are told one by one.
const TOLD_MAX: usize = 2;

/// `riga`, `fra, lax, riga + 2 more`
fn place(sites: &[SiteName]) -> String {
    if sites.is_empty() { "everything".to_owned() } else { first_three(&names(sites)) }
}

fn names(sites: &[SiteName]) -> Vec<&str> {
    sites.iter().map(SiteName::as_str).collect()
}

/// `17:00 (2026-01-05 17:00 Europe/Riga)`
fn moment(prose: Prose, at: Timestamp, zone: Option<&ZoneName>) -> Prose {
    let prose = prose.time(at);
    match zone {
        Some(zone) => prose.text(format!(" ({})", written_moment(&Moment { at, zone: zone.clone() }))),
        None => prose,
    }
}

/// Why a calendar keeps something from starting.
pub(super) fn reason(prose: Prose, block: &CalendarBlock) -> Prose {
    let (place, zone) = (place(&block.sites), block.zone.as_ref());
    let prose = match &block.says {
        CalendarSays::Frozen { until, .. } => {
            let prose = prose.text(format!("{place} frozen by the calendar ")).code(block.name.as_str());
            moment(prose.text(" until "), *until, zone)
        }
        CalendarSays::Closed { opens, .. } => {
            let prose = prose.text(format!("{place} outside of the window ")).code(block.name.as_str());
            opening(prose, *opens, zone)
        }
        CalendarSays::Closing { until, takes, by, opens } => {
            let prose = prose.text(format!("{place}: the window ")).code(block.name.as_str());
            let prose = moment(prose.text(" ends "), *until, zone);
            let takes = spoken(*takes);
            let takes = match by {
                TakesBy::Runs(count) => format!(", and 19 in 20 of the last {count} took up to {takes}"),
                TakesBy::TimeOuts => format!(", and a server may take {takes} by its time-outs"),
            };
            opening(prose.text(takes), *opens, zone)
        }
        CalendarSays::Untold => {
            let prose = prose.text(format!("{place}: it cannot be told when the calendar ")).code(block.name.as_str());
            prose.text(" has its times, so nothing starts")
        }
    };
    prose.text(": ").code(&block.why)
}

fn opening(prose: Prose, opens: Option<Timestamp>, zone: Option<&ZoneName>) -> Prose {
    match opens {
        Some(at) => moment(prose.text("; opens "), at, zone),
        None => prose.text("; it does not open again"),
    }
}

/// What would let it start.
pub(super) fn unblocks(block: &CalendarBlock) -> String {
    let owner = quoted(block.owner.as_str());
    let when = match (&block.says, block.over_at()) {
        (CalendarSays::Untold, _) => "goes on when the inventory tells the time zone of the site",
        (CalendarSays::Frozen { .. }, _) => "goes on when that is over",
        (CalendarSays::Closed { .. } | CalendarSays::Closing { .. }, Some(_)) => "goes on when it opens",
        (CalendarSays::Closed { .. } | CalendarSays::Closing { .. }, None) => "goes on when the calendar is changed",
    };
    format!("{when} · {owner} answers for the calendar")
}

/// The same in half a line, without markup.
pub(super) fn short(block: &CalendarBlock) -> String {
    let (place, name) = (place(&block.sites), quoted(block.name.as_str()));
    match &block.says {
        CalendarSays::Frozen { .. } => format!("{place} frozen by the calendar {name}"),
        CalendarSays::Closed { .. } => format!("{place} outside of the window {name}"),
        CalendarSays::Closing { .. } => format!("{place} too late for the window {name}"),
        CalendarSays::Untold => match block.policy() {
            PolicyName::Window => format!("{place} outside of the window {name}, whose times are not known"),
            PolicyName::Freeze
            | PolicyName::Concurrency
            | PolicyName::Capacity
            | PolicyName::Traffic
            | PolicyName::ProductionState
            | PolicyName::Infrastructure
            | PolicyName::FailureRate
            | PolicyName::Stop
            | PolicyName::Hold
            | PolicyName::Blacklist => format!("{place} frozen by the calendar {name}, whose times are not known"),
        },
    }
}

/// The freezes of the calendar, a line each: those that are on, and those that come.
pub(super) fn planned(all: &[Planned], now: Timestamp) -> Option<Rich> {
    if all.is_empty() {
        return None;
    }
    let mut on_first = all.iter().collect::<Vec<_>>();
    on_first.sort_by_key(|one| (!one.is_on(now), one.span.map(|span| span.from)));
    let shown = on_first.iter().take(TOLD_MAX);
    let prose = shown.fold(Prose::new(), |prose, one| in_short(prose.line(), one, now));
    Some(match all.len().saturating_sub(TOLD_MAX) {
        0 => prose.done(),
        hidden => prose.line().text(format!("+ {hidden} more by the calendar")).done(),
    })
}

/// `❄ reboot in riga frozen by the calendar business-hours until 17:00: people are in the halls`
fn in_short(prose: Prose, one: &Planned, now: Timestamp) -> Prose {
    let commands = one.calendar.commands.iter().map(ToString::to_string).collect::<Vec<_>>();
    let what = if commands.is_empty() { String::new() } else { format!("{} in ", listed(&commands, "and")) };
    let place = first_three(&names(&one.sites));
    let (zone, name) = (one.zone.as_ref(), one.calendar.name.as_str());
    let prose = match one.span {
        Some(span) if one.is_on(now) => {
            let prose = prose.text(format!("❄ {what}{place} frozen by the calendar ")).code(name);
            moment(prose.text(" until "), span.until, zone)
        }
        Some(span) => {
            let prose = prose.text(format!("❄ {what}{place} will be frozen by the calendar ")).code(name);
            let prose = moment(prose.text(" from "), span.from, zone);
            moment(prose.text(" until "), span.until, zone)
        }
        None => {
            let prose = prose.text(format!("❄ {what}{place} frozen by the calendar ")).code(name);
            prose.text(", because it cannot be told when its times are")
        }
    };
    prose.text(": ").code(&one.calendar.why)
}
