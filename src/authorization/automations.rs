//! `automations.yaml`: what may act without a person, each by its name and with a sentence that says what it is for.
//!
//! Deliberately absent: what makes one act. A permit counts for an automation only where it names it: `who: everyone` is
//! about people, no group holds an automation, and it approves nothing.

use super::load::Policies;
use super::rules::{Member, member_word};
use super::sheet::{Sheet, did_you_mean};
use crate::domain::identity::AutomationName;
use crate::yaml::Content;
use std::collections::BTreeSet;

/// The file's name under `policies/`.
pub(super) const FILE: &str = "automations.yaml";

/// The names of the file; what is wrong with it is noted on the sheet.
pub(super) fn read(sheet: &mut Sheet<'_>) -> BTreeSet<AutomationName> {
    let mut names = BTreeSet::new();
    let Some(tree) = sheet.tree() else { return names };
    let entries = match &tree.content {
        Content::Map(entries) => entries,
        Content::Empty => return names,
        Content::Word(_) | Content::List(_) => {
            let help = "each line is a name and what it is for, e.g. `nightly-canary: reboots one server each night`";
            sheet.fault(&tree.span, "automations.yaml takes names with their sentences", help);
            return names;
        }
    };
    for (key, value) in entries {
        let text = key.word().unwrap_or_default();
        if !is_name(text) {
            let help = "write it in small letters, digits and `-`, and the sentence behind `:`";
            sheet.fault(&key.span, format!("`{text}` is no name of an automation"), help);
        } else if value.word().is_none_or(|sentence| sentence.trim().is_empty()) {
            sheet.fault(
                &key.span,
                format!("`{text}` does not say what it is for"),
                "say it in one sentence behind `:`",
            );
        } else {
            names.insert(AutomationName::new(text));
        }
    }
    names
}

fn is_name(text: &str) -> bool {
    let is_small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.starts_with(|letter: char| letter.is_ascii_lowercase()) && text.bytes().all(is_small)
}

impl Policies {
    /// Whether `automations.yaml` names it.
    ///
    /// # Errors
    /// That it does not, with what to write instead.
    pub fn check_automation(&self, name: &AutomationName) -> Result<(), String> {
        let names = &self.known.automations;
        if names.contains(name) {
            return Ok(());
        }
        let help = did_you_mean(name.as_str(), names.iter().map(AutomationName::as_str))
            .unwrap_or_else(|| format!("name it in automations.yaml: `{name}: what it is for`"));
        Err(format!("`{name}` is not a known automation: {help}"))
    }
}

/// The automation that `automation:NAME` means.
#[must_use]
pub fn automation_word(text: &str) -> Option<AutomationName> {
    match member_word(text) {
        Member::Automation(name) => Some(name),
        Member::Group(_) | Member::Person(_) => None,
    }
}
