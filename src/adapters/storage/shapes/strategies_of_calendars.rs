//! Arbitrary calendars, and what they say to a start.

use super::strategies::{length, text, time};
use crate::admission::calendars::{Cron, Rule, Shown};
use crate::admission::{Calendar, Calendars, Coverage};
use crate::domain::calendar::{CalendarKind, CalendarName};
use crate::domain::command::{CommandName, Impact};
use crate::domain::identity::GroupName;
use crate::domain::intent::ZoneName;
use crate::domain::server::SiteName;
use crate::workflow::calendar::{CalendarBlock, CalendarSays, TakesBy};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;

/// Why a calendar keeps something from starting.
pub(super) fn block() -> BoxedStrategy<CalendarBlock> {
    let by = prop_oneof![any::<u32>().prop_map(TakesBy::Runs), Just(TakesBy::TimeOuts)];
    let says = prop_oneof![
        (time(), time()).prop_map(|(since, until)| CalendarSays::Frozen { since, until }),
        (option::of(time()), option::of(time())).prop_map(|(since, opens)| CalendarSays::Closed { since, opens }),
        (time(), length(), by, option::of(time())).prop_map(|(until, takes, by, opens)| CalendarSays::Closing {
            until,
            takes,
            by,
            opens
        }),
        Just(CalendarSays::Untold),
    ];
    let sites = vec(text().prop_map(SiteName::new), 0..3);
    (text(), select(CalendarKind::ALL.to_vec()), sites, option::of(text()), says, text(), text())
        .prop_map(|(name, kind, sites, zone, says, why, owner)| CalendarBlock {
            name: CalendarName::new(name),
            kind,
            sites,
            zone: zone.map(ZoneName::new),
            says,
            why,
            owner: GroupName::new(owner),
        })
        .boxed()
}

fn shown() -> BoxedStrategy<Shown> {
    (2000..2100, 1..13, 1..29, 0..24, 0..60)
        .prop_map(|(year, month, day, hour, minute)| {
            Shown::of_text(&format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")).unwrap()
        })
        .boxed()
}

/// Any calendars.
pub(super) fn calendars() -> BoxedStrategy<Calendars> {
    let cron =
        select(vec!["0 8 * * mon-fri", "*/5 * * * *", "0 0 29 2 *"]).prop_map(|text| Cron::of_text(text).unwrap());
    let rule = prop_oneof![
        (vec(cron, 1..3), length(), vec(shown(), 0..3)).prop_map(|(at, lasts, except)| Rule::Cron {
            at,
            lasts,
            except
        }),
        vec((shown(), shown()), 1..3).prop_map(Rule::Dates),
    ];
    let on = select(vec![None, Some("site=lax"), Some("@canaries")])
        .prop_map(|text| text.map_or_else(Coverage::everything, Coverage::of_text));
    let about = (on, vec(text().prop_map(CommandName::new), 0..3), select(Impact::ALL.to_vec()), option::of(text()));
    let calendar = (text(), select(CalendarKind::ALL.to_vec()), about, rule, text(), text()).prop_map(
        |(name, kind, (on, commands, impact, zone), rule, why, owner)| Calendar {
            name: CalendarName::new(name),
            kind,
            on,
            commands,
            impact,
            rule,
            zone: zone.map(ZoneName::new),
            why,
            owner: GroupName::new(owner),
        },
    );
    vec(calendar, 0..3).prop_map(Calendars::of).boxed()
}
