//! Why infrastructure makes a request wait: which other parts of what is redundant have servers out, and where alerts fire.
//!
//! Deliberately absent: which parts there are, and which alerts count; admission says that.

use super::reasons::outs;
use super::words::{PATTERNS_MAX, Prose, first_three, listed, quoted, servers};
use crate::domain::time::Timestamp;
use crate::fleet::folded;
use crate::workflow::request::{AlertPlace, OutDomain, OutServer, RedundantGroup};

/// `feed b of riga has servers out since 14:02, and at most 1 feed may at once`, and which, where there is room.
pub(super) fn reason(
    prose: Prose,
    group: &RedundantGroup,
    domains: &[OutDomain],
    (at_once, since, roomy): (u32, Option<Timestamp>, bool),
) -> Prose {
    let prose = prose.text(which(group, domains));
    let prose = match since {
        Some(since) => prose.text(" since ").time(since),
        None => prose,
    };
    let part = part(group);
    let parts = if at_once == 1 { format!("1 {part}") } else { format!("{at_once} {part}s") };
    let prose = prose.text(format!(", and at most {parts} may at once"));
    let out = domains.iter().flat_map(|domain| domain.out.iter().cloned()).collect::<Vec<OutServer>>();
    if roomy && !out.is_empty() { prose.text("\n  ").rich(outs(&out)) } else { prose }
}

/// `feed b of riga has servers out`
pub(super) fn short(group: &RedundantGroup, domains: &[OutDomain]) -> String {
    which(group, domains)
}

fn which(group: &RedundantGroup, domains: &[OutDomain]) -> String {
    let names = domains.iter().map(|domain| domain.name.as_str()).collect::<Vec<_>>();
    let has = if names.len() == 1 { "has" } else { "have" };
    let names = if names.len() > 3 { first_three(&names) } else { listed(&names, "and") };
    match group {
        RedundantGroup::OfSite { tag, site } => format!("{tag} {names} of {site} {has} servers out"),
        RedundantGroup::OfPool { tag, pool } => format!("{tag} {names} of {pool} {has} servers out"),
        RedundantGroup::OfMetro(metro) => format!("{names} of metro {metro} {has} servers out"),
    }
}

/// What the parts of a group are called.
fn part(group: &RedundantGroup) -> &str {
    match group {
        RedundantGroup::OfSite { tag, .. } | RedundantGroup::OfPool { tag, .. } => tag.as_str(),
        RedundantGroup::OfMetro(_) => "site",
    }
}

/// `alert FeedDown in riga`
pub(super) fn alert(prose: Prose, name: &str, place: &AlertPlace) -> Prose {
    let prose = prose.text("alert ").code(quoted(name));
    match place {
        AlertPlace::Servers(names) => prose.text(" on ").code(folded(names, PATTERNS_MAX)),
        AlertPlace::Everywhere | AlertPlace::Site(_) | AlertPlace::Pool(_) | AlertPlace::Rack { .. } => {
            prose.text(format!(" {}", where_it_is(place)))
        }
    }
}

/// The same without markup.
pub(super) fn alert_in_short(name: &str, place: &AlertPlace) -> String {
    format!("alert {} {}", quoted(name), where_it_is(place))
}

fn where_it_is(place: &AlertPlace) -> String {
    match place {
        AlertPlace::Everywhere => "for the whole fleet".to_owned(),
        AlertPlace::Site(site) => format!("in {site}"),
        AlertPlace::Pool(pool) => format!("in pool {pool}"),
        AlertPlace::Rack { site: Some(site), rack } => format!("in rack {rack} of {site}"),
        AlertPlace::Rack { site: None, rack } => format!("in rack {rack}"),
        AlertPlace::Servers(names) => format!("on {}", servers(names.len())),
    }
}

/// `alerts unknown since 14:00 (no answer); waits until they are known`
pub(super) fn unknown(prose: Prose, (why, since): (&str, Option<Timestamp>)) -> Prose {
    let prose = prose.text("alerts unknown");
    let prose = match since {
        Some(since) => prose.text(" since ").time(since),
        None => prose,
    };
    prose.text(format!(" ({}); waits until they are known", quoted(why)))
}
