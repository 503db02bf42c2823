//! The policies in force as Cedar, for whoever wants to see what a rule became.

use super::load::Policies;
use super::sets::ChannelSet;
use crate::domain::place::ChannelName;
use cedar_policy::Effect;

impl Policies {
    /// What that channel's own files say, as Cedar; `None` where it has no policies.
    #[must_use]
    pub fn shown(&self, channel: &ChannelName) -> Option<String> {
        let mut all = self.channels.values().chain(&self.direct);
        all.find(|set| set.name == *channel).map(|set| self.page(set))
    }

    /// The names of what [`Policies::shown`] knows, sorted; conversations with the bot go by `direct`.
    #[must_use]
    pub fn shown_channels(&self) -> Vec<&ChannelName> {
        let mut names: Vec<_> = self.channels.values().chain(&self.direct).map(|set| &set.name).collect();
        names.sort();
        names
    }

    fn page(&self, set: &ChannelSet) -> String {
        let owner = self.owners.of_channels.get(&set.name).map_or_else(String::new, |owner| format!(", owner {owner}"));
        let mut page = format!("// #{}{owner}\n", set.name);
        for id in &set.own {
            let (Some(policy), Some(note)) = (self.policies.get(id), self.notes.get(id)) else { continue };
            page.push_str(&format!("\n// {}:{}", note.file, note.line));
            if let Some(owner) = self.owner_of(id) {
                page.push_str(&format!(", owner {owner}"));
            }
            if self.requirements.contains_key(id) {
                page.push_str(", with requirements that Cedar does not see");
            }
            page.push('\n');
            page.push_str(policy.to_cedar().unwrap_or_default().trim_end());
            page.push('\n');
        }
        if set.own.iter().all(|id| self.policies.get(id).is_none_or(|policy| policy.effect() == Effect::Forbid)) {
            page.push_str("\n// Nothing is allowed here.\n");
        }
        page
    }
}
