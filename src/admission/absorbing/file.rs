//! `capacity.absorbed-by` of `policies/admission.yaml`: who takes over what pools of one carry.

use super::Absorption;
use crate::admission::AdmissionFileFault;
use crate::domain::server::{ServerType, SiteName};
use crate::fleet::{Inventory, nearest};
use crate::yaml::{self, Content, Node};
use std::collections::BTreeSet;

const TAKES: &str = "capacity.absorbed-by takes a list such as [{ type: edge-cache, site: riga, by: [fra] }]";

/// An entry with the places of its words.
struct Entry {
    node: Node,
    server_type: (String, Node),
    site: (String, Node),
    by: Vec<(String, Node)>,
}

/// Reads that part, sorted; none where it is left out.
pub(in crate::admission) fn absorptions(file: &str, text: &str) -> Result<Vec<Absorption>, AdmissionFileFault> {
    let mut read: Vec<Absorption> = Vec::new();
    for entry in entries(file, text)? {
        let fault = |node: &Node, what: String| Err(AdmissionFileFault::at(file, text, &node.span, what));
        let (server_type, site) = (ServerType::new(&entry.server_type.0), SiteName::new(&entry.site.0));
        if read.iter().any(|other| (&other.server_type, &other.site) == (&server_type, &site)) {
            return fault(
                &entry.node,
                format!("capacity.absorbed-by says twice who takes over {server_type} in {site}"),
            );
        }
        let mut by: Vec<SiteName> = Vec::new();
        for (word, node) in &entry.by {
            let other = SiteName::new(word);
            if other == site || by.contains(&other) {
                let why = if other == site { "cannot take over from itself" } else { "is named twice" };
                return fault(node, format!("{other} {why} in capacity.absorbed-by"));
            }
            by.push(other);
        }
        read.push(Absorption { server_type, site, by });
    }
    read.sort();
    Ok(read)
}

/// Checks that the sites which that part names have servers of the type that serve somebody.
///
/// # Errors
/// Everything that it names and that is not in the inventory.
pub fn check_absorbed_by(file: &str, text: &str, inventory: &Inventory) -> Result<(), Vec<AdmissionFileFault>> {
    let mut faults = Vec::new();
    for entry in entries(file, text).map_err(|fault| vec![fault])? {
        let mut fault = |node: &Node, what: String| faults.push(AdmissionFileFault::at(file, text, &node.span, what));
        let (word, node) = &entry.server_type;
        let types = inventory.distinct(|server| Some(server.server_type.as_str()));
        if !types.contains(word.as_str()) {
            fault(node, format!("the inventory has no server of type `{word}`{}", meant(word, &types)));
            continue;
        }
        let sites = inventory.distinct(|server| Some(server.site.as_str()));
        let serves = |site: &str| {
            let site = SiteName::new(site);
            inventory.in_site(&site).any(|server| server.pool.is_some() && server.server_type.as_str() == word)
        };
        for (site, node) in std::iter::once(&entry.site).chain(&entry.by) {
            if !sites.contains(site.as_str()) {
                fault(node, format!("the inventory has no site `{site}`{}", meant(site, &sites)));
            } else if !serves(site) {
                fault(node, format!("the inventory has no server of type `{word}` with a pool in {site}"));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn meant(word: &str, known: &BTreeSet<&str>) -> String {
    nearest(word, known.iter().copied()).map_or_else(String::new, |near| format!(": did you mean `{near}`?"))
}

fn entries(file: &str, text: &str) -> Result<Vec<Entry>, AdmissionFileFault> {
    let fault = |node: &Node| AdmissionFileFault::at(file, text, &node.span, TAKES.to_owned());
    let Some(part) = part(file, text)? else { return Ok(Vec::new()) };
    match part.content {
        Content::Empty => Ok(Vec::new()),
        Content::List(items) => items.into_iter().map(|item| entry(item).map_err(|node| fault(&node))).collect(),
        Content::Word(_) | Content::Map(_) => Err(fault(&part)),
    }
}

/// One entry, or where it is not one.
fn entry(node: Node) -> Result<Entry, Node> {
    let Content::Map(pairs) = &node.content else { return Err(node) };
    let (mut server_type, mut site, mut by) = (None, None, None);
    for (key, value) in pairs {
        match key.word() {
            Some("type") => server_type = Some(named(value)?),
            Some("site") => site = Some(named(value)?),
            Some("by") => match &value.content {
                Content::List(items) if !items.is_empty() => {
                    by = Some(items.iter().map(named).collect::<Result<_, _>>()?)
                }
                Content::List(_) | Content::Empty | Content::Word(_) | Content::Map(_) => return Err(value.clone()),
            },
            Some(_) | None => return Err(key.clone()),
        }
    }
    match (server_type, site, by) {
        (Some(server_type), Some(site), Some(by)) => Ok(Entry { server_type, site, by, node }),
        _ => Err(node),
    }
}

fn named(node: &Node) -> Result<(String, Node), Node> {
    let word = node.word().map(str::trim).filter(|word| !word.is_empty());
    word.map(|word| (word.to_owned(), node.clone())).ok_or_else(|| node.clone())
}

/// What stands behind `capacity.absorbed-by`.
fn part(file: &str, text: &str) -> Result<Option<Node>, AdmissionFileFault> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let whole = yaml::read(text).map_err(|no| AdmissionFileFault::at(file, text, &no.span, no.what))?;
    Ok(within(whole, "capacity").and_then(|capacity| within(capacity, "absorbed-by")))
}

fn within(node: Node, key: &str) -> Option<Node> {
    let Content::Map(entries) = node.content else { return None };
    entries.into_iter().find(|(name, _)| name.word() == Some(key)).map(|(_, value)| value)
}
