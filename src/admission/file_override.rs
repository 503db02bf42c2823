//! The part `override:` of `policies/admission.yaml`: who may let servers pass a policy, for how long, how many alone.

use super::file::AdmissionFileFault;
use super::overriding::{OVERRIDE_ALONE_MAX, OVERRIDE_LIFE_MAX, OverrideRules};
use crate::domain::identity::GroupName;
use crate::domain::time::{duration_of, exact};
use crate::yaml::{self, Content, Node};
use std::collections::BTreeSet;
use std::time::Duration;

const LIFE_MIN: Duration = Duration::from_secs(60);

/// Reads that part; what it leaves out keeps its default.
pub(super) fn override_rules(file: &str, text: &str) -> Result<OverrideRules, AdmissionFileFault> {
    let mut rules = OverrideRules::default();
    let Some(part) = part(file, text)? else { return Ok(rules) };
    let fault = |node: &Node, what: String| AdmissionFileFault::at(file, text, &node.span, what);
    let entries = match &part.content {
        Content::Empty => return Ok(rules),
        Content::Map(entries) => entries,
        Content::Word(_) | Content::List(_) => {
            return Err(fault(&part, format!("override is {}; it takes by, for and alone-up-to", part.kind())));
        }
    };
    for (key, value) in entries {
        match key.word() {
            Some("by") => rules.by = groups(value).map_err(|(node, what)| fault(node, what))?,
            Some("for") => {
                let life = value.word().and_then(duration_of);
                rules.life = life.filter(|life| (LIFE_MIN..=OVERRIDE_LIFE_MAX).contains(life)).ok_or_else(|| {
                    let (min, max) = (exact(LIFE_MIN), exact(OVERRIDE_LIFE_MAX));
                    fault(value, format!("override.for takes a duration from {min} to {max}, such as 30m"))
                })?;
            }
            Some("alone-up-to") => {
                let alone = value.word().and_then(|word| word.parse::<u32>().ok());
                rules.alone_max = alone.filter(|alone| *alone <= OVERRIDE_ALONE_MAX).ok_or_else(|| {
                    let what = format!("override.alone-up-to takes a number from 0 to {OVERRIDE_ALONE_MAX}");
                    fault(value, what)
                })?;
            }
            _ => {
                let written = key.word().unwrap_or("this");
                return Err(fault(key, format!("override has no {written}; it takes by, for and alone-up-to")));
            }
        }
    }
    Ok(rules)
}

/// Checks that there are the groups which that part names.
///
/// # Errors
/// The first group that is neither a user group of the workspace nor one of our own.
pub fn check_override_groups(file: &str, text: &str, known: &BTreeSet<GroupName>) -> Result<(), AdmissionFileFault> {
    let Some(Node { content: Content::Map(entries), .. }) = part(file, text)? else { return Ok(()) };
    let named = entries.iter().find(|(key, _)| key.word() == Some("by"));
    let Some((_, Node { content: Content::List(items), .. })) = named else { return Ok(()) };
    for item in items {
        let Some(word) = item.word() else { continue };
        if known.iter().all(|group| group.as_str() != word) {
            let near = crate::fleet::nearest(word, known.iter().map(GroupName::as_str));
            let what = match near {
                Some(near) => format!("there is no group {word}; did you mean {near}?"),
                None => format!("there is no group {word}; name a user group, or one of groups.yaml"),
            };
            return Err(AdmissionFileFault::at(file, text, &item.span, what));
        }
    }
    Ok(())
}

fn groups(value: &Node) -> Result<Vec<GroupName>, (&Node, String)> {
    let what = "override.by takes a list of groups, such as [incident-commander]".to_owned();
    let items = match &value.content {
        Content::Empty => return Ok(Vec::new()),
        Content::List(items) => items,
        Content::Word(_) | Content::Map(_) => return Err((value, what)),
    };
    let mut groups = Vec::new();
    for item in items {
        let word = item.word().filter(|word| !word.is_empty()).ok_or_else(|| (item, what.clone()))?;
        groups.push(GroupName::new(word));
    }
    groups.sort();
    groups.dedup();
    Ok(groups)
}

/// What stands behind `override:`.
fn part(file: &str, text: &str) -> Result<Option<Node>, AdmissionFileFault> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let whole = yaml::read(text).map_err(|no| AdmissionFileFault::at(file, text, &no.span, no.what))?;
    let Content::Map(entries) = whole.content else { return Ok(None) };
    Ok(entries.into_iter().find(|(key, _)| key.word() == Some("override")).map(|(_, value)| value))
}
