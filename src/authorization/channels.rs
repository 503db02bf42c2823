//! `policies/channels.yaml`: which channel a policy file speaks about, by the workspace's id and never by its name there.

use super::faults::{PolicyFault, PolicyFaults};
use crate::domain::place::{ChannelId, ChannelName};
use serde_saphyr::{Location, Spanned};
use std::collections::BTreeMap;

const FILE: &str = "channels.yaml";

/// The names and ids of `channels.yaml`, sorted by name.
///
/// # Errors
/// What is not a list of `name: id`, doubled names or ids, and ids that are not a channel's.
pub fn parse_channels(text: &str) -> Result<Vec<(ChannelName, ChannelId)>, PolicyFaults> {
    let entries: BTreeMap<String, Spanned<String>> = serde_saphyr::from_str(text).map_err(|cause| {
        let fault = PolicyFault::new(FILE, text, cause.without_snippet().to_string());
        let fault = fault.with_help(Some("each line is `name: id`, e.g. `noc: C0NOC`".to_owned()));
        PolicyFaults::new(vec![match cause.location() {
            Some(location) => pointed(fault, text, &location, 1),
            None => fault,
        }])
    })?;
    let mut faults = Vec::new();
    let mut names_by_id: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, id) in &entries {
        let point =
            |message: String| pointed(PolicyFault::new(FILE, text, message), text, &id.referenced, id.value.len());
        if !is_channel_id(&id.value) {
            let help = "an id has capitals and digits and begins with C or G, e.g. `C0NOC`";
            faults.push(point(format!("`{}` is not a channel's id", id.value)).with_help(Some(help.to_owned())));
        }
        if let Some(other) = names_by_id.insert(&id.value, name) {
            faults.push(point(format!("`{name}` and `{other}` have the same id {}", id.value)));
        }
    }
    if faults.is_empty() {
        let pairs = entries.into_iter();
        Ok(pairs.map(|(name, id)| (ChannelName::new(name), ChannelId::new(id.value))).collect())
    } else {
        Err(PolicyFaults::new(faults))
    }
}

fn is_channel_id(id: &str) -> bool {
    id.starts_with(['C', 'G']) && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn pointed(fault: PolicyFault, text: &str, location: &Location, length: usize) -> PolicyFault {
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let offset = (before + column).min(text.len());
    fault.at(offset, length.min(text.len() - offset))
}
