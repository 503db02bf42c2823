//! What a line would do, told without doing it: servers, waves, steps, who must agree, and what stands in the way.
//!
//! Deliberately absent: deciding any of it; the answers come in as values. Private.

use super::doubling::{Doubling, would_double};
use super::message::{Block, Message, Rich};
use super::outlook::{OutlookView, told};
use super::progress::stops;
use super::reasons::counted_in;
use super::refusal::refused_shortly;
use super::view::wanted;
use super::words::{PATTERNS_MAX, Prose, counted, first_three, listed, quoted, servers, summary};
use crate::admission::{PoolImpact, WiderImpact};
use crate::authorization::{Authorized, Refusal};
use crate::domain::command::{CommandSpec, GateCheck, HttpMethod, Step};
use crate::domain::identity::GroupName;
use crate::domain::plan::Plan;
use crate::domain::server::ProductionState;
use crate::domain::time::spoken;
use crate::fleet::folded;
use crate::workflow::request::ApprovalNeed;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most waves that are told one by one.
const WAVES_SHOWN_MAX: usize = 12;
/// The most pools that are told one by one.
const POOLS_MAX: usize = 3;
/// The most floors of wider scopes that are told one by one.
const FLOORS_MAX: usize = 3;
/// The most sites that are told one by one.
const SITES_MAX: usize = 6;

/// Everything that is known of a line before anybody asks for it.
#[derive(Clone, Copy, Debug)]
pub struct PreviewView<'a> {
    /// The plan as it would be frozen.
    pub plan: &'a Plan,
    /// The command, with the line's values in it.
    pub spec: &'a CommandSpec,
    /// The line that would do it.
    pub line: &'a str,
    /// How many of the servers are in which production state.
    pub states: &'a BTreeMap<ProductionState, usize>,
    /// Whether this person may, here.
    pub allowed: Result<&'a Authorized, &'a Refusal>,
    /// Where, without `#`.
    pub channel_name: &'a str,
    /// Whose consent it would need.
    pub need: Option<&'a ApprovalNeed>,
    /// What stands in the way now.
    pub outlook: OutlookView<'a>,
    /// What it would do to each pool.
    pub impacts: &'a [PoolImpact],
    /// The same of each wider scope with a floor.
    pub wider: &'a [WiderImpact],
    /// What open requests have of it already.
    pub same: Option<&'a Doubling>,
    /// Who answers for the command, the types and the sites; by group.
    pub owners: &'a BTreeMap<GroupName, Vec<String>>,
}

/// The preview of a line.
#[must_use]
pub fn preview(view: PreviewView<'_>) -> Message {
    let title = title(view);
    let head = Prose::new().bold(format!("Plan: {title}")).text(" · nothing is started").line().rich(subjects(view));
    let mut blocks = vec![Block::Section(head.done())];
    blocks.push(Block::Section(course(view)));
    blocks.push(Block::Section(consent(view)));
    let safety = safety(view);
    if !safety.is_empty() {
        blocks.push(Block::Section(safety));
    }
    if !view.owners.is_empty() {
        blocks.push(Block::Context(owners(view)));
    }
    // A line that would add nothing is none to copy.
    if view.same.is_none() {
        let context = Prose::new().text("to do it: ").piece(super::message::Piece::Code(view.line.replace('`', "'")));
        blocks.push(Block::Context(context.done()));
    }
    Message { summary: summary(format!("Plan: {title}. Nothing is started.")), blocks }
}

/// `sre answer for reboot and edge-cache · noc for lax`.
fn owners(view: PreviewView<'_>) -> Rich {
    let told = view.owners.iter().map(|(group, what)| {
        let what = if what.len() > 3 { first_three(what) } else { listed(what, "and") };
        format!("{group} for {what}")
    });
    Prose::new().text(format!("ask: {}", told.collect::<Vec<_>>().join(" · "))).done()
}

/// `reboot 20 servers in lax`, `announce riga`, `announce`.
fn title(view: PreviewView<'_>) -> String {
    let verb = view.spec.name.as_str();
    let per_site = per_site(view);
    let sites = per_site.keys().copied().collect::<Vec<_>>();
    let sites = if sites.len() > 2 { counted(sites.len(), "site") } else { listed(&sites, "and") };
    match (view.plan.servers().count(), sites.is_empty()) {
        (0, true) => verb.to_owned(),
        (0, false) => format!("{verb} {sites}"),
        (count, _) => format!("{verb} {} in {sites}", servers(count)),
    }
}

fn per_site<'a>(view: PreviewView<'a>) -> BTreeMap<&'a str, usize> {
    let mut sites: BTreeMap<&str, usize> = BTreeMap::new();
    let of_servers = view.plan.servers().map(|server| &server.site);
    for site in of_servers.chain(view.plan.sites()) {
        *sites.entry(site.as_str()).or_default() += 1;
    }
    sites
}

/// The servers folded, and how many of them are where, of which type, in which state.
fn subjects(view: PreviewView<'_>) -> Rich {
    let names = view.plan.servers().map(|server| server.name.clone()).collect::<Vec<_>>();
    if names.is_empty() {
        return Vec::new();
    }
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    view.plan.servers().for_each(|server| *types.entry(server.server_type.as_str()).or_default() += 1);
    let states = view.states.iter().map(|(state, count)| (state.word(), *count)).collect::<BTreeMap<_, _>>();
    let prose = Prose::new().code(folded(&names, PATTERNS_MAX));
    let prose = prose.line().text(format!("sites: {}", counts(&per_site(view))));
    let prose = prose.dot().text(format!("types: {}", counts(&types)));
    prose.dot().text(format!("states: {}", counts(&states))).done()
}

/// `lax 20, riga 4`; the largest first.
fn counts(of: &BTreeMap<&str, usize>) -> String {
    let mut all = of.iter().collect::<Vec<_>>();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let shown = all.iter().take(SITES_MAX).map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>();
    let hidden = all.len().saturating_sub(SITES_MAX);
    let more = if hidden > 0 { format!(" + {hidden} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Waves, what each step does, and when it may begin.
fn course(view: PreviewView<'_>) -> Rich {
    let parts = view.plan.parts();
    let mut prose = Prose::new();
    if let Some(moment) = &parts.not_before {
        prose = prose.text("starts from ").time(moment.at).text(format!(" ({})", quoted(moment.zone.as_str())));
    }
    if parts.subjects.len() > 1 {
        let waves = parts.waves.iter().take(WAVES_SHOWN_MAX).map(ToString::to_string).collect::<Vec<_>>();
        let more = if parts.waves.len() > WAVES_SHOWN_MAX { " · …" } else { "" };
        prose = prose.line().text(format!("waves: {}{more}", waves.join(" · ")));
        if parts.waves.len() > 1 && parts.soak > Duration::ZERO {
            prose = prose.text(format!(", watched for {} after each", spoken(parts.soak)));
        }
        prose = prose.text(format!("; {}", stops(view.plan, view.spec)));
    }
    let steps = view.spec.steps_for(&parts.parameters);
    let steps = steps.expect("a line gives every parameter that a step needs, checked when the command was loaded");
    for (step, number) in steps.iter().zip(1_usize..) {
        prose = prose.line().text(format!("{number}. {}", step_does(step)));
    }
    prose.done()
}

/// What a step will do, in half a line.
fn step_does(step: &Step) -> String {
    match step {
        Step::Drain { timeout, connections_max } => {
            let left = connections_max.saturating_add(1);
            format!(
                "drain: out of the load balancer until fewer than {left} connections are left, {}",
                within(*timeout)
            )
        }
        Step::Gate(checks) => {
            let words = checks.iter().map(|check| match check {
                GateCheck::DrainStillHolds => "the drain still holds",
                GateCheck::Capacity => "its pool has enough without it",
            });
            format!("gate: asks again whether {}", listed(&words.collect::<Vec<_>>(), "and"))
        }
        Step::Reboot(reboot) => {
            let other = reboot.otherwise.map_or_else(String::new, |way| format!(", else {}", way.word()));
            let way = reboot.via.word();
            format!("reboot over {way}{other}; proved by a new boot id, {}; cannot be undone", within(reboot.timeout))
        }
        Step::Check { checks, timeout } => {
            let words = checks.iter().map(|check| check.word()).collect::<Vec<_>>();
            format!("check {}, {}", listed(&words, "and"), within(*timeout))
        }
        Step::RestoreState { timeout } => format!("return: back to the state it had, {}", within(*timeout)),
        Step::Undrain { timeout } => format!("undrain: back into the load balancer, {}", within(*timeout)),
        Step::Http(http) => {
            let method = match http.method {
                HttpMethod::Get => "GET",
                HttpMethod::Post => "POST",
            };
            format!("http: {method} {}, expects {}, {}", quoted(&http.url), http.expect, within(http.timeout))
        }
    }
}

fn within(timeout: Duration) -> String {
    format!("at most {}", spoken(timeout))
}

/// Whether this person may, and who else must agree.
fn consent(view: PreviewView<'_>) -> Rich {
    match view.allowed {
        Err(refusal) => refused_shortly(refusal, view.spec, view.channel_name),
        Ok(authorized) => {
            let policies = authorized.allowed_by().iter().map(|note| note.id.as_str()).collect::<Vec<_>>();
            let by = if policies.is_empty() { String::new() } else { format!(" by {}", listed(&policies, "and")) };
            let prose = Prose::new().text(format!("✓ you may{by}"));
            match view.need {
                Some(need) => wanted(prose.text(" · 🙋 needs approval: "), &need.quotas, "").done(),
                None => prose.text(" · needs nobody's approval").done(),
            }
        }
    }
}

/// What stands in the way now.
fn safety(view: PreviewView<'_>) -> Rich {
    let mut prose = Prose::new();
    if view.spec.takes_capacity() {
        for impact in view.impacts.iter().take(POOLS_MAX) {
            prose = prose.line().text(pool_line(impact));
        }
        let hidden = view.impacts.len().saturating_sub(POOLS_MAX);
        if hidden > 0 {
            prose = prose.text(format!(" + {}", counted(hidden, "more pool")));
        }
        for impact in view.wider.iter().take(FLOORS_MAX) {
            prose = prose.line().text(wider_line(impact));
        }
        let hidden = view.wider.len().saturating_sub(FLOORS_MAX);
        if hidden > 0 {
            prose = prose.text(format!(" + {}", counted(hidden, "more floor")));
        }
    }
    prose = prose.line().rich(told(view.outlook));
    match view.same {
        Some(doubling) => prose.line().rich(would_double(doubling)).done(),
        None => prose.done(),
    }
}

fn pool_line(impact: &PoolImpact) -> String {
    let PoolImpact { now, out_at_once, lowest } = impact;
    let counts = (now.serving, now.unknown, now.total, now.floor);
    floor_line(now.pool.as_str(), counts, (*out_at_once, *lowest))
}

fn wider_line(impact: &WiderImpact) -> String {
    let WiderImpact { now, out_at_once, lowest } = impact;
    let counts = (now.serving, now.unknown, now.total, now.floor);
    floor_line(&counted_in(&now.scope), counts, (*out_at_once, *lowest))
}

fn floor_line(
    place: &str,
    (serving, unknown, total, floor): (u32, u32, u32, u32),
    (out_at_once, lowest): (u32, u32),
) -> String {
    if unknown > 0 && out_at_once == 0 {
        return format!("{place}: health of {unknown} of {total} not known");
    }
    format!("{place}: {serving} → {lowest} of {total} at the lowest, at most {out_at_once} out at once, floor {floor}")
}
