//! Whether the monitoring says that something is wrong where a server would be taken out.
//!
//! That no alert fires proves nothing: a monitoring that is dead fires none either. So the watchdog, an alert that always
//! fires, must be among those of a fresh answer, or nothing is known. Deliberately absent: asking.

use crate::admission::capacity;
use crate::admission::counts::Counts;
use crate::admission::infrastructure::rules::AlertRules;
use crate::admission::{Candidate, Known};
use crate::domain::alert::FiringAlert;
use crate::domain::command::CommandSpec;
use crate::domain::plan::PlannedServer;
use crate::domain::server::{PoolName, RackName, Server, ServerName, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::workflow::request::{AlertPlace, Blocker, PolicyName};
use std::collections::{BTreeMap, BTreeSet};

/// The labels that name a server of ours; the second may carry a port and a domain.
const SERVER_LABELS: [&str; 2] = ["server", "instance"];
const RACK_LABEL: &str = "rack";
const POOL_LABEL: &str = "pool";
const SITE_LABEL: &str = "site";

/// What is known of firing alerts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Firing {
    /// Whoever decides has not asked for them: what takes capacity waits.
    NotAsked,
    /// There is nowhere to read them: alerts stop nothing.
    NotConfigured,
    /// The first look has not ended yet: what takes capacity waits.
    Pending,
    /// It is not known whether something is wrong: what takes capacity waits.
    Unknown {
        /// Why.
        why: String,
        /// Since when.
        since: Timestamp,
    },
    /// What the last answer said; the watchdog was among it.
    Seen(SeenAlerts),
}

/// What the last answer said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenAlerts {
    /// When it was asked for.
    pub at: Timestamp,
    /// Every alert that fired, but for our own matters and the watchdog.
    pub alerts: Vec<FiringAlert>,
    /// Why there is no newer answer, if there has been none since.
    pub silent: Option<String>,
}

/// What is known after an answer that was asked for at that time, or after its lack.
#[must_use]
pub fn judged(
    answer: Result<Vec<FiringAlert>, String>,
    asked_at: Timestamp,
    rules: &AlertRules,
    before: &Firing,
) -> Firing {
    let unknown = |why: String| match before {
        Firing::Unknown { since, .. } => Firing::Unknown { why, since: *since },
        Firing::NotAsked | Firing::NotConfigured | Firing::Pending | Firing::Seen(_) => {
            Firing::Unknown { why, since: asked_at }
        }
    };
    match (answer, before) {
        (Ok(alerts), _) if alerts.iter().any(|alert| alert.name() == rules.watchdog) => {
            let tells = |alert: &FiringAlert| alert.name() != rules.watchdog && !alert.is_ours();
            let alerts = alerts.into_iter().filter(tells).collect();
            Firing::Seen(SeenAlerts { at: asked_at, alerts, silent: None })
        }
        (Ok(_), _) => unknown(format!("the watchdog {} does not fire", rules.watchdog)),
        // The last answer counts until it is too old.
        (Err(why), Firing::Seen(seen)) => Firing::Seen(SeenAlerts { silent: Some(why), ..seen.clone() }),
        (Err(why), _) => unknown(why),
    }
}

/// Alerts by the place that they are about: of each name there, since when the first one fires.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::admission) struct Placed(BTreeMap<AlertPlace, BTreeMap<String, Timestamp>>);

impl Placed {
    fn of(seen: &SeenAlerts, known: Known<'_>) -> Self {
        let mut placed = Self::default();
        for alert in &seen.alerts {
            let Some(place) = place(alert, known) else { continue };
            let names = placed.0.entry(place).or_default();
            let since = names.entry(alert.name().to_owned()).or_insert(alert.since);
            *since = (*since).min(alert.since);
        }
        placed
    }

    /// What fires where that server is, the widest place first.
    fn about<'a>(&'a self, server: &'a Server) -> impl Iterator<Item = Blocker> + 'a {
        let each = places(server).into_iter().filter_map(|place| self.0.get_key_value(&place));
        each.flat_map(|(place, names)| {
            let told = |(name, since): (&String, &Timestamp)| Blocker::Alert {
                name: name.clone(),
                place: place.clone(),
                since: *since,
            };
            names.iter().map(told)
        })
    }
}

/// Every place that an alert about this server may name.
fn places(server: &Server) -> Vec<AlertPlace> {
    let (site, rack) = (server.site.clone(), server.rack.clone());
    let mut places = vec![AlertPlace::Everywhere, AlertPlace::Site(site.clone())];
    places.extend(server.pool.clone().map(AlertPlace::Pool));
    places.push(AlertPlace::Rack { site: None, rack: rack.clone() });
    places.push(AlertPlace::Rack { site: Some(site), rack });
    places.push(AlertPlace::Servers(vec![server.name.clone()]));
    places
}

/// What an alert is about: the narrowest of its labels that names something of ours; `None` of one that blocks nothing.
fn place(alert: &FiringAlert, known: Known<'_>) -> Option<AlertPlace> {
    let (rules, inventory) = (&known.rules.infrastructure.alerts, known.inventory);
    if !rules.everywhere.is_empty() && fits(alert, &rules.everywhere) {
        return Some(AlertPlace::Everywhere);
    }
    if !fits(alert, &rules.selector) {
        return None;
    }
    let label = |name: &str| alert.labels.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let server = SERVER_LABELS.iter().filter_map(|name| label(name)).find_map(|text| server_of(text, inventory));
    if let Some(name) = server {
        return Some(AlertPlace::Servers(vec![name]));
    }
    let site = label(SITE_LABEL).map(SiteName::new).filter(|site| inventory.in_site(site).next().is_some());
    let rack = label(RACK_LABEL).map(RackName::new).filter(|rack| {
        let mut there = inventory.in_rack(rack);
        there.any(|server| site.as_ref().is_none_or(|site| server.site == *site))
    });
    if let Some(rack) = rack {
        return Some(AlertPlace::Rack { site, rack });
    }
    let pool = label(POOL_LABEL).map(PoolName::new).filter(|pool| inventory.in_pool(pool).next().is_some());
    pool.map(AlertPlace::Pool).or(site.map(AlertPlace::Site))
}

/// `edge-riga-001`, `edge-riga-001:9100`, `edge-riga-001.example.com:9100`.
fn server_of(text: &str, inventory: &Inventory) -> Option<ServerName> {
    let host = text.split(':').next().unwrap_or(text);
    let label = host.split('.').next().unwrap_or(host);
    let named = |name: &str| inventory.by_name(&ServerName::new(name)).map(|server| server.name.clone());
    named(host).or_else(|| named(label))
}

/// Whether each of those labels has one of its values.
fn fits(alert: &FiringAlert, wanted: &BTreeMap<String, Vec<String>>) -> bool {
    wanted.iter().all(|(label, values)| alert.labels.get(label).is_some_and(|value| values.contains(value)))
}

/// Alerts by name, each with since when it fires; and when they were asked for, if there is somebody to ask.
type OfItself = (Vec<(String, Timestamp)>, Option<Timestamp>);

/// Why it is not known what fires, and since when.
type NotKnown = (String, Option<Timestamp>);

fn unknown((why, since): NotKnown) -> Blocker {
    Blocker::AlertsUnknown { why, since }
}

/// What is known, or why nothing is.
fn seen(known: Known<'_>) -> Result<Option<&SeenAlerts>, NotKnown> {
    let unknown = |why: &str, since| Err((why.to_owned(), since));
    match known.outside.firing {
        Firing::NotConfigured => Ok(None),
        Firing::NotAsked | Firing::Pending => unknown("not looked at yet", None),
        Firing::Unknown { why, since } => unknown(why, Some(*since)),
        Firing::Seen(seen) if !seen.at.counts(known.now, known.rules.infrastructure.alerts.age_max) => {
            unknown(seen.silent.as_deref().unwrap_or("there is no newer answer"), Some(seen.at))
        }
        Firing::Seen(seen) => Ok(Some(seen)),
    }
}

/// Since when an alert about the server itself fires, if a reason is one.
fn about_itself(blocker: &Blocker) -> Option<Timestamp> {
    if let Blocker::Alert { place: AlertPlace::Servers(_), since, .. } = blocker { Some(*since) } else { None }
}

/// The alerts about the server itself, each with since when it fires; and when they were asked for, if they are.
///
/// # Errors
/// They are not known: why, and since when.
pub(in crate::admission) fn of_itself(server: &Server, known: Known<'_>) -> Result<OfItself, NotKnown> {
    let Some(seen) = seen(known)? else { return Ok((Vec::new(), None)) };
    let itself = AlertPlace::Servers(vec![server.name.clone()]);
    // Most alerts do not name it at all, and that is cheaper to see than what each is about.
    let names_it = |alert: &FiringAlert| {
        let mut labels = SERVER_LABELS.iter().filter_map(|label| alert.labels.get(*label));
        labels.any(|value| value.contains(server.name.as_str()))
    };
    let of_it = seen.alerts.iter().filter(|alert| names_it(alert) && place(alert, known).as_ref() == Some(&itself));
    Ok((of_it.map(|alert| (alert.name().to_owned(), alert.since)).collect(), Some(seen.at)))
}

/// Whether an alert about the server itself is known to fire.
pub(in crate::admission) fn is_told_of(server: &Server, known: Known<'_>) -> bool {
    of_itself(server, known).is_ok_and(|(alerts, _)| !alerts.is_empty())
}

/// The alerts that keep this server from being taken out now, or that they are not known.
pub(in crate::admission) fn blockers(candidate: Candidate<'_>, known: Known<'_>, counts: &Counts) -> Vec<Blocker> {
    // A server that does not serve takes nothing away: the cure is never blocked by the disease.
    let record = known.inventory.by_id(&candidate.server.id).filter(|record| !capacity::is_out(record, known));
    let Some(record) = record else { return Vec::new() };
    match seen(known) {
        Ok(None) => Vec::new(),
        Ok(Some(seen)) => {
            let placed = counts.alerts(|| Placed::of(seen, known));
            placed.about(record).filter(|one| !candidate.spec.remediates || about_itself(one).is_none()).collect()
        }
        Err(lack) => vec![unknown(lack)],
    }
}

/// Whether a run that takes, or has taken, its server out may go on as far as alerts are concerned. One about the server
/// itself that fires since the run has it may well be the run's own doing. A run that has passed this policy by an override
/// may.
///
/// # Errors
/// Why not now.
pub fn still_quiet(
    (server, spec): (&PlannedServer, &CommandSpec),
    known: Known<'_>,
    passed: &[PolicyName],
) -> Result<(), Vec<Blocker>> {
    let Some(record) = known.inventory.by_id(&server.id) else { return Ok(()) };
    if passed.contains(&PolicyName::Infrastructure) {
        return Ok(());
    }
    let begun = known.ledger.lock(&server.id).map(|lock| lock.since);
    let tells = |one: &Blocker| {
        about_itself(one).is_none_or(|since| !spec.remediates && begun.is_none_or(|begun| since < begun))
    };
    let blockers = match seen(known) {
        Ok(None) => return Ok(()),
        Ok(Some(seen)) => Placed::of(seen, known).about(record).filter(tells).collect::<Vec<_>>(),
        Err(lack) => vec![unknown(lack)],
    };
    if blockers.is_empty() { Ok(()) } else { Err(blockers) }
}

/// What of the alerts has a say about these servers.
pub(in crate::admission) fn having_a_say<'a>(
    servers: impl IntoIterator<Item = &'a Server>,
    known: Known<'_>,
) -> Firing {
    let Firing::Seen(seen) = known.outside.firing else { return known.outside.firing.clone() };
    let named = servers.into_iter().flat_map(places).collect::<BTreeSet<_>>();
    let tells = |alert: &&FiringAlert| place(alert, known).is_some_and(|place| named.contains(&place));
    let alerts = seen.alerts.iter().filter(tells).cloned().collect();
    Firing::Seen(SeenAlerts { at: seen.at, alerts, silent: seen.silent.clone() })
}

/// A server of each place of ours that these alerts name: what an alert is about goes by which of its labels name something, also
/// where that is asked again of a part of the inventory.
pub(in crate::admission) fn named_by<'a>(firing: &Firing, inventory: &'a Inventory) -> Vec<&'a Server> {
    let Firing::Seen(seen) = firing else { return Vec::new() };
    let mut named = Vec::new();
    for alert in &seen.alerts {
        let label = |name: &str| alert.labels.get(name).map(|value| value.trim());
        let servers = SERVER_LABELS.iter().filter_map(|name| label(name)).filter_map(|text| server_of(text, inventory));
        named.extend(servers.filter_map(|name| inventory.by_name(&name)));
        let site = label(SITE_LABEL).map(SiteName::new);
        let rack = label(RACK_LABEL).map(RackName::new);
        let pool = label(POOL_LABEL).map(PoolName::new);
        let is_there = |server: &&Server| site.as_ref().is_some_and(|site| server.site == *site);
        named.extend(site.iter().filter_map(|site| inventory.in_site(site).next()));
        named.extend(rack.iter().filter_map(|rack| inventory.in_rack(rack).find(is_there)));
        named.extend(rack.iter().filter_map(|rack| inventory.in_rack(rack).next()));
        named.extend(pool.iter().filter_map(|pool| inventory.in_pool(pool).next()));
    }
    named
}

/// Tells one alert about several servers together; whether it was one.
pub(in crate::admission) fn told_together(earlier: &mut Blocker, later: &Blocker) -> bool {
    let Blocker::Alert { name: other, place: AlertPlace::Servers(more), since: from } = later else { return false };
    let Blocker::Alert { name, place: AlertPlace::Servers(servers), since } = earlier else { return false };
    if name != other {
        return false;
    }
    let new = more.iter().filter(|server| !servers.contains(server)).cloned().collect::<Vec<_>>();
    servers.extend(new);
    *since = (*since).min(*from);
    true
}

/// Whether a server's own reason went into one that tells an alert about several servers.
pub(in crate::admission) fn is_told_by(own: &Blocker, merged: &Blocker) -> bool {
    let Blocker::Alert { name, place: AlertPlace::Servers(servers), .. } = own else { return false };
    let Blocker::Alert { name: other, place: AlertPlace::Servers(all), .. } = merged else { return false };
    name == other && servers.iter().all(|server| all.contains(server))
}
