//! Who answers for policies: whoever is asked when somebody wants to be allowed more.
//!
//! A rule names its owner, or its file does for all of its rules; both may be left out.

use super::answers::{PolicyName, Refusal};
use super::known::Known;
use super::load::Policies;
use super::nearest::Missing;
use super::sheet::{Sheet, did_you_mean};
use crate::domain::identity::GroupName;
use crate::domain::place::ChannelName;
use crate::yaml::Node;
use std::collections::BTreeMap;

/// The owners that files name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Owners {
    pub(super) of_rules: BTreeMap<PolicyName, GroupName>,
    pub(super) of_channels: BTreeMap<ChannelName, GroupName>,
}

impl Policies {
    /// Whom to ask to lift a refusal: the owner of the policy that decided, else of the nearest permit of that channel,
    /// else of the channel's file. `None` where none of them names one.
    #[must_use]
    pub fn owner_to_ask(&self, refusal: &Refusal) -> Option<&GroupName> {
        let decided = refusal.policy().map(|note| &note.id);
        // What is allowed elsewhere is no business of whoever answers for that other channel.
        let is_here = |missing: &Missing| !matches!(missing, Missing::Channel(_));
        let nearest =
            refusal.nearest.as_ref().filter(|nearest| is_here(&nearest.missing)).map(|nearest| &nearest.by.id);
        let rule = decided.into_iter().chain(nearest).find_map(|id| self.owners.of_rules.get(id));
        rule.or_else(|| self.owners.of_channels.get(refusal.channel_name.as_ref()?))
    }

    /// Who answers for a policy, if a file names somebody.
    #[must_use]
    pub(super) fn owner_of(&self, policy: &PolicyName) -> Option<&GroupName> {
        self.owners.of_rules.get(policy)
    }
}

/// The value of `owner`: one group.
pub(super) fn read(sheet: &mut Sheet<'_>, known: &Known, node: &Node) -> Option<GroupName> {
    let help = "name the group that is asked for access, e.g. `owner: sre`";
    let word = sheet.word(node, "`owner`")?;
    let group = GroupName::new(word.text);
    if known.groups.contains(&group) {
        return Some(group);
    }
    let near = did_you_mean(word.text, known.groups.iter().map(GroupName::as_str));
    sheet.fault(word.span, format!("`{}` is not a known group", word.text), near.unwrap_or_else(|| help.to_owned()));
    None
}
