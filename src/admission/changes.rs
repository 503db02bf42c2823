//! What became of the rules when their files changed, so that nothing becomes looser without a word.
//!
//! Deliberately absent: what was decided by the rules before, which keeps them in its own record.

use super::calendars::Calendar;
use super::floors::{WiderFloors, members, out_max, scopes};
use super::infrastructure::{AlertRules, DomainRule};
use super::traffic::StandbyRules;
use super::{Absorption, CohortRule, FailureShare, InfrastructureRules, Rules, SoakRules, TrafficRules};
use crate::domain::calendar::CalendarName;
use crate::domain::identity::GroupName;
use crate::domain::server::SiteName;
use crate::domain::time::exact;
use crate::fleet::Inventory;
use crate::workflow::request::CapacityScope;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::Duration;

/// One rule that is another now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Changed {
    /// Which, as its file calls it.
    pub what: String,
    /// What it was.
    pub from: String,
    /// What it is.
    pub to: String,
    /// Which way it went.
    pub way: Way,
}

/// Which way a rule went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// More may start than before.
    Looser,
    /// Less may.
    Stricter,
    /// Neither can be said of it.
    Other,
}

/// When a rule is looser than before.
#[derive(Clone, Copy)]
enum LooserIf {
    More,
    Less,
    NotTold,
}

/// A rule as it is told and compared.
struct Rule {
    what: &'static str,
    text: String,
    size: u128,
    looser_if: LooserIf,
}

fn rule(what: &'static str, text: impl Display, size: u128, looser_if: LooserIf) -> Rule {
    Rule { what, text: text.to_string(), size, looser_if }
}

fn percent(what: &'static str, percent: impl Into<u32>, looser_if: LooserIf) -> Rule {
    let percent = percent.into();
    rule(what, format_args!("{percent}%"), percent.into(), looser_if)
}

fn count(what: &'static str, count: u32, looser_if: LooserIf) -> Rule {
    rule(what, count, count.into(), looser_if)
}

fn length(what: &'static str, length: Duration, looser_if: LooserIf) -> Rule {
    rule(what, exact(length), length.as_millis(), looser_if)
}

fn share([failures, above, of_last]: [&'static str; 3], share: FailureShare) -> [Rule; 3] {
    [
        count(failures, share.failures_min, LooserIf::More),
        percent(above, share.above_percent, LooserIf::More),
        count(of_last, share.of_last, LooserIf::NotTold),
    ]
}

/// Everything but the calendars, in the order of the file.
fn all(rules: &Rules) -> Vec<Rule> {
    use LooserIf::{Less, More, NotTold};
    // Every field is named, so that none is forgotten.
    let Rules {
        pool_out_max_percent,
        wider_floors,
        absorbed_by,
        health_age_max,
        unknown_max_percent,
        fleet_concurrency,
        traffic: of_traffic,
        infrastructure: of_infrastructure,
        failure_rate: failures,
        command_concurrency,
        starts_per_minute: rate,
        type_in_site_percent,
        rack_concurrency,
        overrides,
        queue,
        observed,
        soak: of_soak,
        calendars: _,
    } = rules;
    let rate_text = rate.map_or_else(|| "none".to_owned(), |rate| rate.to_string());
    let mut all = vec![
        percent("capacity.out-max", *pool_out_max_percent, More),
        length("health.age-max", *health_age_max, More),
        percent("health.unknown-max", *unknown_max_percent, More),
        count("concurrency.fleet", *fleet_concurrency, More),
        count("concurrency.command", *command_concurrency, More),
        rule("concurrency.rate", rate_text, rate.map_or(u128::MAX, u128::from), More),
        percent("concurrency.type-in-site", *type_in_site_percent, More),
        count("concurrency.rack", *rack_concurrency, More),
    ];
    all.splice(1..1, wider(*wider_floors).into_iter().chain([absorbing(absorbed_by)]));
    all.extend(traffic(of_traffic));
    all.extend(infrastructure(of_infrastructure));
    all.push(length("queue.ageing", queue.ageing, NotTold));
    all.push(length("queue.starve-after", queue.starve_after, NotTold));
    all.push(count("failure-rate.in-a-row", failures.in_a_row, More));
    let of_share = ["failure-rate.share.failures", "failure-rate.share.above", "failure-rate.share.of-last"];
    all.extend(share(of_share, failures.share));
    all.extend(cohort(failures.cohort));
    let of_command = ["failure-rate.command.failures", "failure-rate.command.above", "failure-rate.command.of-last"];
    all.extend(share(of_command, failures.command));
    all.push(count("failure-rate.server.failures", failures.server.failures_min, More));
    all.push(length("failure-rate.server.within", failures.server.within, Less));
    all.push(length("failure-rate.server.cool-down", failures.server.cool_down, Less));
    all.push(length("failure-rate.cool-down", failures.cool_down, Less));
    all.push(length("failure-rate.soak", failures.soak, Less));
    all.extend(soak(of_soak));
    let by = overrides.by.iter().map(GroupName::as_str).collect::<Vec<_>>().join(", ");
    all.push(rule("override.by", if by.is_empty() { "nobody" } else { &by }, overrides.by.len() as u128, More));
    all.push(length("override.for", overrides.life, More));
    let observe = observed.iter().map(|policy| policy.word()).collect::<Vec<_>>().join(", ");
    all.push(rule("observe", if observe.is_empty() { "nothing" } else { &observe }, observed.len() as u128, More));
    all.push(count("override.alone-up-to", overrides.alone_max, More));
    all
}

/// Without the rule everything about it is `none`.
fn cohort(cohort: Option<CohortRule>) -> [Rule; 4] {
    use LooserIf::{More, NotTold};
    let of = |what, number: Option<u32>, looser_if| {
        let text = number.map_or_else(|| "none".to_owned(), |number| number.to_string());
        rule(what, text, number.map_or(u128::MAX, u128::from), looser_if)
    };
    [
        of("failure-rate.cohort.times", cohort.map(|rule| rule.times), More),
        of("failure-rate.cohort.failures", cohort.map(|rule| rule.failures_min), More),
        of("failure-rate.cohort.runs", cohort.map(|rule| rule.runs_min), More),
        match cohort {
            Some(CohortRule { within, .. }) => length("failure-rate.cohort.within", within, NotTold),
            None => rule("failure-rate.cohort.within", "none", 0, NotTold),
        },
    ]
}

/// Without a number nothing there is limited.
fn wider(floors: WiderFloors) -> [Rule; 3] {
    let WiderFloors { type_in_site, site, metro } = floors;
    let each = [
        ("capacity.type-in-site-out-max", type_in_site),
        ("capacity.site-out-max", site),
        ("capacity.metro-out-max", metro),
    ];
    each.map(|(what, most)| match most {
        Some(most) => percent(what, most, LooserIf::More),
        None => rule(what, "none", u128::MAX, LooserIf::More),
    })
}

/// Whoever takes over lets more be taken out.
fn absorbing(absorbed_by: &[Absorption]) -> Rule {
    let each = absorbed_by.iter().map(|Absorption { server_type, site, by }| {
        let by = by.iter().map(SiteName::as_str).collect::<Vec<_>>().join(" and ");
        format!("{server_type} in {site} by {by}")
    });
    let told = each.collect::<Vec<_>>().join(", ");
    let told = if told.is_empty() { "nobody" } else { &told };
    rule("capacity.absorbed-by", told, absorbed_by.len() as u128, LooserIf::More)
}

fn traffic(rules: &TrafficRules) -> Vec<Rule> {
    use LooserIf::{Less, More, NotTold};
    vec![
        rule("traffic.query", &rules.query, 0, NotTold),
        rule("traffic.seen", &rules.seen, 0, NotTold),
        rule("traffic.up", &rules.up, 0, NotTold),
        rule("traffic.capacity", format_args!("{:?}", rules.capacity), 0, NotTold),
        rule("traffic.absorbed-by", format_args!("{:?}", rules.absorbed_by), 0, NotTold),
        percent("traffic.load-max", rules.load_max_percent, More),
        percent("traffic.resume", rules.resume_percent, More),
        percent("traffic.relief", rules.relief_percent, More),
        rule("traffic.standby", standby(rules.standby.as_ref()), 0, NotTold),
        percent("traffic.surge", rules.surge_percent, More),
        percent("traffic.rise", rules.rise_percent, More),
        match rules.ahead {
            Some(ahead) => length("traffic.ahead", ahead, Less),
            None => rule("traffic.ahead", "none", 0, Less),
        },
        percent("traffic.headroom", rules.headroom_percent, Less),
        percent("traffic.judged-from", rules.judged_from_percent, More),
        length("traffic.clear-for", rules.clear_for, Less),
        length("traffic.age-max", rules.age_max, More),
        percent("traffic.coverage-min", rules.coverage_min_percent, Less),
        length("traffic.look-every", rules.look_every, NotTold),
    ]
}

fn soak(rules: &SoakRules) -> Vec<Rule> {
    use LooserIf::{Less, More, NotTold};
    let SoakRules { compare, siblings_min, over, age_max, look_every } = rules;
    let told = compare.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let queries = compare.iter().map(|one| format!("{}: {}; {}", one.name, one.query, one.seen));
    let queries = queries.collect::<Vec<_>>().join(", ");
    let or_nothing = |told: &str| if told.is_empty() { "nothing".to_owned() } else { told.to_owned() };
    vec![
        rule("soak.compare", or_nothing(&told), compare.len() as u128, Less),
        rule("soak.queries", or_nothing(&queries), 0, NotTold),
        count("soak.siblings", *siblings_min, More),
        length("soak.over", *over, Less),
        length("soak.age-max", *age_max, More),
        length("soak.look-every", *look_every, NotTold),
    ]
}

fn standby(rules: Option<&StandbyRules>) -> String {
    let Some(StandbyRules { automation, command, channel, again_after, calm_percent, calm_for }) = rules else {
        return "only told".to_owned();
    };
    let (again_after, calm_for) = (exact(*again_after), exact(*calm_for));
    let asks = format!("{command} by {automation} in #{channel}, again after {again_after}");
    format!("{asks}, calm below {calm_percent}% for {calm_for}")
}

fn infrastructure(rules: &InfrastructureRules) -> Vec<Rule> {
    use LooserIf::{Less, More, NotTold};
    let InfrastructureRules { domains, metro_sites_at_once, alerts } = rules;
    let AlertRules { selector, everywhere, watchdog, age_max, look_every } = alerts;
    let domain = |rule: &DomainRule| format!("{} within {} at once {}", rule.tag, rule.within.word(), rule.at_once);
    let told = domains.iter().map(domain).collect::<Vec<_>>().join(", ");
    let told = if told.is_empty() { "none" } else { &told };
    vec![
        rule("infrastructure.domains", told, domains.len() as u128, Less),
        count("infrastructure.metro-sites-at-once", *metro_sites_at_once, More),
        rule("infrastructure.alerts.selector", format_args!("{selector:?}"), 0, NotTold),
        rule("infrastructure.alerts.everywhere", format_args!("{everywhere:?}"), 0, NotTold),
        rule("infrastructure.alerts.watchdog", watchdog, 0, NotTold),
        length("infrastructure.alerts.age-max", *age_max, More),
        length("infrastructure.alerts.look-every", *look_every, NotTold),
    ]
}

/// Every rule that is another now: numbers in the order of their file, then calendars by name.
#[must_use]
pub fn changed(before: &Rules, now: &Rules) -> Vec<Changed> {
    let numbers = all(before).into_iter().zip(all(now)).filter(|(before, now)| before.text != now.text);
    let numbers = numbers.map(|(before, now)| {
        let is_more = now.size > before.size;
        let way = match now.looser_if {
            LooserIf::NotTold => Way::Other,
            LooserIf::More | LooserIf::Less if now.size == before.size => Way::Other,
            LooserIf::More => {
                if is_more {
                    Way::Looser
                } else {
                    Way::Stricter
                }
            }
            LooserIf::Less => {
                if is_more {
                    Way::Stricter
                } else {
                    Way::Looser
                }
            }
        };
        Changed { what: now.what.to_owned(), from: before.text, to: now.text, way }
    });
    numbers.chain(calendars(before, now)).collect()
}

/// Every pool, and every wider scope that has a floor, of which fewer have to serve by another inventory; growing asks for more,
/// and needs no word.
#[must_use]
pub fn floors_lowered(before: &Inventory, now: &Inventory, rules: &Rules) -> Vec<Changed> {
    let counted = before.servers().iter().flat_map(|server| scopes(server, (before, rules))).collect::<BTreeSet<_>>();
    let lowered = counted.into_iter().filter_map(|scope| {
        let total = |inventory: &Inventory| u32::try_from(members(&scope, inventory).count()).unwrap_or(u32::MAX);
        let least = |total: u32| total - out_max(&scope, total, rules).min(total);
        let (was, is) = (total(before), total(now));
        let told = |total: u32| format!("at least {} of {total}", least(total));
        let to = if is == 0 { "gone".to_owned() } else { told(is) };
        let what = match &scope {
            CapacityScope::Pool(pool) => format!("pool {pool}"),
            CapacityScope::TypeInSite(server_type, site) => format!("{server_type} in {site}"),
            CapacityScope::Site(site) => format!("site {site}"),
            CapacityScope::Metro(metro) => format!("metro {metro}"),
        };
        (least(is) < least(was)).then(|| Changed { what, from: told(was), to, way: Way::Looser })
    });
    lowered.collect()
}

/// Each calendar keeps something from starting, so one that is gone is looser; of one that changed neither can be said.
fn calendars(before: &Rules, now: &Rules) -> Vec<Changed> {
    let named = |rules: &Rules| -> BTreeMap<CalendarName, Calendar> {
        rules.calendars.iter().map(|calendar| (calendar.name.clone(), calendar.clone())).collect()
    };
    let (before, now) = (named(before), named(now));
    let names = before.keys().chain(now.keys().filter(|name| !before.contains_key(*name)));
    let changed = names.filter_map(|name| {
        let kind = |calendar: &Calendar| calendar.kind.word().to_owned();
        let (from, to, way) = match (before.get(name), now.get(name)) {
            (Some(before), None) => (kind(before), "gone".to_owned(), Way::Looser),
            (None, Some(now)) => ("none".to_owned(), kind(now), Way::Stricter),
            (Some(before), Some(now)) if before != now => (kind(before), "changed".to_owned(), Way::Other),
            (Some(_) | None, Some(_) | None) => return None,
        };
        Some(Changed { what: format!("calendar {name}"), from, to, way })
    });
    changed.collect()
}
