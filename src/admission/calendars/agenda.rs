//! Which freezes of the calendar are on, and which come soon.
//!
//! Deliberately absent: windows, which whoever waits for one is told of.

use super::rule::CannotTell;
use super::{Calendar, Span};
use crate::admission::Known;
use crate::domain::calendar::CalendarKind;
use crate::domain::intent::ZoneName;
use crate::domain::server::{Server, SiteName};
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How far ahead freezes are told.
const AHEAD_MAX: Duration = Duration::from_secs(24 * 3600);

/// A freeze of the calendar that is on, or comes soon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    /// The calendar.
    pub calendar: Calendar,
    /// Where it is about servers, sorted.
    pub sites: Vec<SiteName>,
    /// Whose clocks it goes by; `None` if that is not known, so that it counts as being on.
    pub zone: Option<ZoneName>,
    /// When; `None` if it cannot be told.
    pub span: Option<Span>,
}

impl Planned {
    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.span.is_none_or(|span| span.from <= now)
    }
}

/// The freezes over any of these servers: those that are on, and what begins within a day; each in the order of the file.
#[must_use]
pub fn planned(servers: &[Server], known: Known<'_>) -> Vec<Planned> {
    let mut all = Vec::new();
    for calendar in known.rules.calendars.iter().filter(|calendar| calendar.kind == CalendarKind::Freeze) {
        let covered = servers.iter().filter(|server| calendar.on.covers(server, known));
        let sites = covered.map(|server| &server.site).collect::<BTreeSet<_>>();
        let mut alike: BTreeMap<Option<ZoneName>, Vec<SiteName>> = BTreeMap::new();
        for site in sites {
            alike.entry(calendar.clocks(Some(site), known).map(|(zone, _)| zone)).or_default().push(site.clone());
        }
        for (zone, sites) in alike {
            let span = match when(calendar, sites.first(), known) {
                Ok(None) => continue,
                Ok(span) => span,
                Err(CannotTell) => None,
            };
            all.push(Planned { calendar: calendar.clone(), sites, zone, span });
        }
    }
    all
}

/// When it is on, or is next if that is soon.
fn when(calendar: &Calendar, site: Option<&SiteName>, known: Known<'_>) -> Result<Option<Span>, CannotTell> {
    let (_, zone) = calendar.clocks(site, known).ok_or(CannotTell)?;
    if let Some(span) = calendar.rule.around(known.now, zone)? {
        return Ok(Some(span));
    }
    Ok(calendar.rule.next(known.now, zone)?.filter(|next| next.from <= known.now.plus(AHEAD_MAX)))
}
