//! Calendars: times at which what changes something does not start, or at which alone it starts.
//!
//! They come from `policies/calendars.yaml` and are worked out anew at each look, so that nothing is stored of them but in
//! what was decided. Work under way goes to its end, looking goes on, and so does giving back what runs of ours took out, and what
//! stands by for a place where too much comes.
//! Every calendar that is about a server has its say: it starts in the windows that are common to all of them.

mod agenda;
mod file;
mod fit;
mod rule;

pub use agenda::{Planned, planned};
pub use file::{Surroundings, calendars};
pub use rule::{Cron, Rule, Shown, Span};

use self::fit::Takes;
use self::rule::CannotTell;
use super::brake::Coverage;
use super::counts::Counts;
use super::{Asked, Known};
use crate::domain::calendar::{CalendarKind, CalendarName};
use crate::domain::command::{CommandName, CommandSpec, Impact};
use crate::domain::identity::GroupName;
use crate::domain::intent::ZoneName;
use crate::domain::server::SiteName;
use crate::domain::time::Timestamp;
use crate::workflow::calendar::{CalendarBlock, CalendarSays};
use crate::workflow::request::Blocker;
use chrono_tz::Tz;
use std::rc::Rc;
use std::sync::Arc;

/// Every calendar, in the order of the file. A copy shares them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Calendars(Arc<Vec<Calendar>>);

impl Calendars {
    /// Those.
    #[must_use]
    pub fn of(calendars: Vec<Calendar>) -> Self {
        Self(Arc::new(calendars))
    }

    /// Each, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Calendar> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Times at which work is kept from starting, or at which alone it starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calendar {
    /// Its name; no other has it.
    pub name: CalendarName,
    /// What it says of its times.
    pub kind: CalendarKind,
    /// Which servers it is about.
    pub on: Coverage,
    /// Which commands; none is every one.
    pub commands: Vec<CommandName>,
    /// The least impact that a command has which it is about.
    pub impact: Impact,
    /// When its times are.
    pub rule: Rule,
    /// Whose clocks it goes by; `None` is those of each site.
    pub zone: Option<ZoneName>,
    /// Why there is such a calendar.
    pub why: String,
    /// The group that answers for it.
    pub owner: GroupName,
}

impl Calendar {
    /// Whether it is about that command at all.
    #[must_use]
    pub fn is_about(&self, spec: &CommandSpec) -> bool {
        let is_named = self.commands.is_empty() || self.commands.contains(&spec.name);
        is_named && spec.impact >= self.impact && !spec.only_looks()
    }

    /// The clocks that it goes by in that site; `None` if they are not known.
    fn clocks(&self, site: Option<&SiteName>, known: Known<'_>) -> Option<(ZoneName, Tz)> {
        let zone = self.zone.clone().or_else(|| known.inventory.site(site?).zone)?;
        let read = zone.as_str().parse().ok()?;
        Some((zone, read))
    }

    /// What keeps that command from starting in that site now, if it covers its servers there.
    fn blocks(&self, site: Option<&SiteName>, spec: &CommandSpec, known: Known<'_>) -> Option<CalendarBlock> {
        let clocks = self.clocks(site, known);
        let says = match &clocks {
            Some((_, zone)) => {
                self.says(*zone, fit::takes(spec, known), known.now).unwrap_or(Some(CalendarSays::Untold))?
            }
            None => CalendarSays::Untold,
        };
        let (name, kind, sites) = (self.name.clone(), self.kind, site.cloned().into_iter().collect());
        let (why, owner, zone) = (self.why.clone(), self.owner.clone(), clocks.map(|(zone, _)| zone));
        Some(CalendarBlock { name, kind, sites, zone, says, why, owner })
    }

    fn says(&self, zone: Tz, takes: Takes, now: Timestamp) -> Result<Option<CalendarSays>, CannotTell> {
        let around = self.rule.around(now, zone)?;
        let opens = |after: Timestamp| Ok(self.rule.next(after, zone)?.map(|span| span.from));
        Ok(match (self.kind, around) {
            (CalendarKind::Freeze, None) => None,
            (CalendarKind::Freeze, Some(Span { from: since, until })) => Some(CalendarSays::Frozen { since, until }),
            (CalendarKind::Window, None) => {
                let since = self.rule.begun_by(now, zone)?.map(|span| span.until);
                Some(CalendarSays::Closed { since, opens: opens(now)? })
            }
            (CalendarKind::Window, Some(span)) => {
                let length = takes.within(span);
                let (until, by) = (span.until, takes.by);
                let closing = CalendarSays::Closing { until, takes: length, by, opens: opens(until)? };
                (now.plus(length) > until).then_some(closing)
            }
        })
    }
}

/// What calendars say to a start; each reason.
pub(super) fn blockers(asked: Asked<'_>, known: Known<'_>, counts: &Counts) -> Vec<Blocker> {
    let calendars = &known.rules.calendars;
    if calendars.is_empty() || asked.gives_back(known) || asked.relieves(known) {
        return Vec::new();
    }
    let blocks = match asked.server.map(|server| &server.site).or(asked.site) {
        Some(site) => counts.calendars(site, &asked.spec.name, || in_site(Some(site), asked.spec, known)),
        None => Rc::new(nowhere(asked.spec, known)),
    };
    // Whom a calendar covers is asked last, because that is asked of each server.
    let covers = |(calendar, _): &&(Calendar, CalendarBlock)| asked.is_covered(&calendar.on, known);
    blocks.iter().filter(covers).map(|(_, block)| Blocker::Calendar(block.clone())).collect()
}

/// The calendars that keep that command from starting in that site now, if they cover its servers there.
fn in_site(site: Option<&SiteName>, spec: &CommandSpec, known: Known<'_>) -> Vec<(Calendar, CalendarBlock)> {
    let about = known.rules.calendars.iter().filter(|calendar| calendar.is_about(spec));
    about.filter_map(|calendar| Some((calendar.clone(), calendar.blocks(site, spec, known)?))).collect()
}

/// Those of work that is on no site: it goes by the clocks of every site at once.
fn nowhere(spec: &CommandSpec, known: Known<'_>) -> Vec<(Calendar, CalendarBlock)> {
    let mut blocks: Vec<(Calendar, CalendarBlock)> = Vec::new();
    for site in known.inventory.distinct(|server| Some(&server.site)) {
        for (calendar, block) in in_site(Some(site), spec, known) {
            if blocks.iter().all(|(other, _)| other.name != calendar.name) {
                blocks.push((calendar, CalendarBlock { sites: Vec::new(), ..block }));
            }
        }
    }
    blocks
}
