//! What an inventory file says besides its servers: owners, zones, metros, tags, saved groups.
//!
//! Deliberately absent: whether a group of people exists, which only the chat's directory knows.

use super::faults::Collector;
use super::shape::{Sites, TagBlock, TypeEntry};
use crate::conversation::misunderstanding::in_one_line;
use crate::domain::identity::GroupName;
use crate::domain::intent::ZoneName;
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::server::{
    MetroName, Server, ServerGroup, ServerName, ServerType, SiteFacts, SiteName, TagName, TagValue,
};
use crate::fleet::{self, GroupFaultReason, Inventory, Snapshot, Undone};
use serde_saphyr::{Location, Spanned};
use std::collections::{BTreeMap, BTreeSet};

/// The longest name of a tag, a tag's value or a saved group.
const WORD_LENGTH_MAX_CHARS: usize = 63;

/// Whether a selector could name it.
fn is_word(text: &str) -> bool {
    let fits = (1..=WORD_LENGTH_MAX_CHARS).contains(&text.len());
    fits && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte))
}

const WORD_RULE: &str = "lower-case letters, digits, dashes, dots and underscores, at most 63";

pub(super) fn sites(sites: Sites, faults: &mut Collector) -> BTreeMap<SiteName, SiteFacts> {
    let mut known = BTreeMap::new();
    for (name, entry) in sites.0 {
        if let Some(zone) = entry.zone.as_ref().filter(|zone| zone.value.parse::<chrono_tz::Tz>().is_err()) {
            let words = format!("there is no time zone {}; write it as in Europe/Riga", zone.value);
            faults.add(zone.referenced, words);
        }
        if let Some(metro) = entry.metro.as_ref().filter(|metro| !is_word(&metro.value)) {
            faults.add(metro.referenced, format!("`{}` is no name of a metro: {WORD_RULE}", metro.value));
        }
        let facts = SiteFacts {
            owner: entry.owner.map(|owner| GroupName::new(owner.value)),
            zone: entry.zone.map(|zone| ZoneName::new(zone.value)),
            metro: entry.metro.map(|metro| MetroName::new(metro.value)),
        };
        known.insert(SiteName::new(name), facts);
    }
    known
}

/// A type that no server has is told: the owner of a mistyped one would not be asked.
pub(super) fn type_owners(
    types: BTreeMap<String, Spanned<TypeEntry>>,
    servers: &[Server],
    faults: &mut Collector,
) -> BTreeMap<ServerType, GroupName> {
    let known: BTreeSet<&str> = servers.iter().map(|server| server.server_type.as_str()).collect();
    let mut owners = BTreeMap::new();
    for (name, entry) in types {
        if !known.contains(name.as_str()) {
            faults.add(entry.referenced, format!("no server has the type {name}"));
        }
        owners.insert(ServerType::new(name), GroupName::new(entry.value.owner.value));
    }
    owners
}

/// Tags whose names and values can be written in a selector.
pub(super) fn tags(entries: BTreeMap<String, Spanned<String>>, faults: &mut Collector) -> BTreeMap<TagName, TagValue> {
    let mut tags = BTreeMap::new();
    for (name, value) in entries {
        if !is_word(&name) {
            faults.add(value.referenced, format!("`{name}` is no name of a tag: {WORD_RULE}"));
        }
        if !is_word(&value.value) {
            faults.add(value.referenced, format!("`{}` is no value of a tag: {WORD_RULE}", value.value));
        }
        tags.insert(TagName::new(name), TagValue::new(value.value));
    }
    tags
}

/// Gives each block's tags to its servers. What a server says of itself stands; two blocks may not disagree.
pub(super) fn spread(blocks: Vec<TagBlock>, servers: &mut [Server], inventory: &Inventory, faults: &mut Collector) {
    let mut given: BTreeMap<(ServerName, TagName), TagValue> = BTreeMap::new();
    for block in blocks {
        let at = block.servers.referenced;
        let named: BTreeSet<ServerName> = match selected(&block.servers.value, inventory) {
            Ok(found) => found.into_iter().map(|server| server.name).collect(),
            Err(told) => {
                faults.add(at, in_one_line(&told));
                continue;
            }
        };
        let tags = tags(block.tags, faults);
        for server in servers.iter_mut().filter(|server| named.contains(&server.name)) {
            for (tag, value) in &tags {
                let before = given.insert((server.name.clone(), tag.clone()), value.clone());
                if let Some(before) = before.filter(|before| before != value) {
                    faults
                        .add(at, format!("{} gets tag:{tag}={value} here and tag:{tag}={before} before", server.name));
                    return;
                }
                server.tags.entry(tag.clone()).or_insert_with(|| value.clone());
            }
        }
    }
}

fn selected(text: &str, inventory: &Inventory) -> Result<Vec<Server>, Misunderstanding> {
    let selector = fleet::parse_whole_selector(text)?;
    let snapshot = Snapshot { inventory, states: &|server| server.initial_state, undone: &Undone::new() };
    fleet::resolve(&selector, snapshot, text)
}

/// The inventory with its saved groups, if they are sound.
pub(super) fn grouped(
    inventory: Inventory,
    groups: BTreeMap<String, Spanned<String>>,
    faults: &mut Collector,
) -> Option<Inventory> {
    let places: BTreeMap<String, Location> =
        groups.iter().map(|(name, text)| (name.clone(), text.referenced)).collect();
    for (name, at) in places.iter().filter(|(name, _)| !is_word(name)) {
        faults.add(*at, format!("`{name}` is no name of a group: {WORD_RULE}"));
    }
    let texts = groups.into_iter().map(|(name, text)| (ServerGroup::new(name), text.value)).collect();
    match inventory.with_groups(texts) {
        Ok(inventory) => Some(inventory),
        Err(found) => {
            for fault in found {
                let at = places.get(fault.group.as_str()).copied().unwrap_or(Location::UNKNOWN);
                let what = match fault.reason {
                    GroupFaultReason::Misunderstood(told) => in_one_line(&told),
                    GroupFaultReason::Circle(path) => {
                        let path = path.iter().map(|group| format!("@{group}")).collect::<Vec<_>>();
                        format!("it leads back to itself: {}", path.join(" -> "))
                    }
                    GroupFaultReason::TooDeep(max) => format!("groups stand inside groups more than {max} deep"),
                    GroupFaultReason::DependsOnRequest(request) => {
                        format!("a group cannot depend on {request}; name its servers")
                    }
                };
                faults.add(at, format!("@{}: {what}", fault.group));
            }
            None
        }
    }
}
