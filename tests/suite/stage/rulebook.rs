//! What may be done on the stage: the shipped commands with shorter waits, and policies written for the story.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wrasse::admission::Rules;
use wrasse::authorization::{Known, Policies, PolicyFile};
use wrasse::catalog;
use wrasse::domain::identity::GroupName;
use wrasse::domain::place::{ChannelId, ChannelName};
use wrasse::fleet::Inventory;
use wrasse::services::Rulebook;

/// The shipped waits, and those of the stage: a story that waits an hour shows no more than one that waits a minute.
const SHORTER: [(&str, &str, &str); 4] = [
    ("reboot.yaml", "soak: 5m", "soak: 10s"),
    ("reboot.yaml", "timeout: 15m, grace: 90s", "timeout: 2m, grace: 40s"),
    ("drain.yaml", "soak: 1m", "soak: 10s"),
    ("undrain.yaml", "soak: 30s", "soak: 10s"),
];

/// What the story wrote.
#[derive(Default)]
pub(crate) struct Script {
    /// Cedar text by channel name.
    policies: BTreeMap<String, Vec<String>>,
    channels: BTreeMap<String, ChannelId>,
    /// Replaced texts of command files.
    changes: Vec<(String, String, String)>,
    pub(super) rules: Rules,
}

impl Script {
    pub(super) fn add_channel(&mut self, name: &str, id: ChannelId) {
        self.channels.insert(name.to_owned(), id);
    }

    pub(super) fn lets(&mut self, channel: &str, group: &str, command: &str, condition: &str) {
        let policies = self.policies.entry(channel.to_owned()).or_default();
        policies.push(format!(
            "@id(\"{channel}-{group}-{command}\")\n@reason(\"{group} may {command} in #{channel}\")\n\
             permit (principal in Group::\"{group}\", action == Action::\"{command}\", resource){condition};\n"
        ));
    }

    pub(super) fn forbids(&mut self, channel: &str, command: &str, reason: &str) {
        let policies = self.policies.entry(channel.to_owned()).or_default();
        policies.push(format!(
            "@id(\"{channel}-no-{command}\")\n@reason(\"{reason}\")\n\
             forbid (principal, action == Action::\"{command}\", resource);\n"
        ));
    }

    pub(super) fn change(&mut self, file: &str, from: &str, to: &str) {
        self.changes.push((file.to_owned(), from.to_owned(), to.to_owned()));
    }

    /// Everything together, checked as the shipped files are.
    pub(super) fn rulebook(&self, inventory: &Inventory, groups: Vec<GroupName>) -> Rulebook {
        let mut files = read("commands", "yaml");
        let shorter = SHORTER.map(|(file, from, to)| (file.to_owned(), from.to_owned(), to.to_owned()));
        for (file, from, to) in shorter.iter().chain(&self.changes) {
            let text = &mut files.iter_mut().find(|(name, _)| name == file).unwrap().1;
            assert!(text.contains(from), "{file} does not say {from:?} any more");
            *text = text.replace(from, to);
        }
        let catalog = catalog::load(&files).unwrap_or_else(|faults| panic!("{faults}"));
        let mut policies = vec![policy("schema.cedarschema"), policy("global.cedar")];
        for (channel, texts) in &self.policies {
            policies.push(PolicyFile { name: format!("channels/{channel}.cedar"), text: texts.join("\n") });
        }
        let channels = self.channels.iter().map(|(name, id)| (ChannelName::new(name), id.clone()));
        let channels: Vec<_> = channels.collect();
        let known =
            Known::of(groups, catalog.commands().iter().map(|spec| spec.name.clone()), inventory.servers());
        let policies =
            Policies::new(&policies, &channels, &known).unwrap_or_else(|faults| panic!("{}", faults.render()));
        Rulebook { catalog, policies, rules: self.rules.clone(), inventory: inventory.clone() }
    }
}

/// The same rulebook for the next process.
pub(super) fn copied(rulebook: &Rulebook) -> Rulebook {
    Rulebook {
        catalog: rulebook.catalog.clone(),
        policies: rulebook.policies.clone(),
        rules: rulebook.rules.clone(),
        inventory: rulebook.inventory.clone(),
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn policy(name: &str) -> PolicyFile {
    PolicyFile { name: name.to_owned(), text: std::fs::read_to_string(folder("policies").join(name)).unwrap() }
}

fn read(name: &str, extension: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path());
    let fitting = entries.filter(|path| path.extension().is_some_and(|found| found == extension));
    let mut files: Vec<_> = fitting
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}
