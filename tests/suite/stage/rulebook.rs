//! What may be done on the stage: the shipped commands with shorter waits, and policies written for the story.

use super::directory::StageDirectory;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use wrasse::admission::calendars::{Surroundings, calendars};
use wrasse::admission::{Rules, SoakRules, admission_rules};
use wrasse::authorization::{Channels, Known, Policies, PolicyFile};
use wrasse::catalog;
use wrasse::conversation::FileFault;
use wrasse::domain::identity::{GroupName, PersonId};
use wrasse::domain::ids::Fingerprint;
use wrasse::domain::intent::ZoneName;
use wrasse::domain::place::{ChannelId, ChannelName};
use wrasse::domain::server::{MetroName, Server, SiteFacts, SiteName};
use wrasse::fleet::Inventory;
use wrasse::ports::rulebook::{FileFaults, Reading};
use wrasse::ports::{Rulebook, RulebookSource};

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
    /// YAML text by channel name.
    rules_of_channels: BTreeMap<String, String>,
    channels: BTreeMap<String, ChannelId>,
    /// Replaced texts of command files.
    changes: Vec<(String, String, String)>,
    pub(super) rules: Rules,
    sites: BTreeMap<SiteName, SiteFacts>,
    /// The text of `automations.yaml`.
    pub(super) automations: String,
    /// Whose the accounts of the bot's host are, the first of them 1000.
    pub(super) accounts: Vec<PersonId>,
    /// The text of `calendars.yaml`.
    pub(super) calendars: String,
    /// The time zones of sites that the inventory tells.
    pub(super) zones: BTreeMap<String, String>,
}

impl Script {
    /// Limits on work at once, and none on starts, that only a story about them reaches: the stage has one rack in each site.
    pub(super) fn new() -> Self {
        let rules =
            Rules { rack_concurrency: 100, type_in_site_percent: 100, starts_per_minute: None, ..Rules::default() };
        Self { rules, ..Self::default() }
    }

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

    pub(super) fn lies_in(&mut self, site: &str, metro: &str) {
        let metro = Some(MetroName::new(metro));
        self.sites.insert(SiteName::new(site), SiteFacts { metro, ..SiteFacts::default() });
    }

    pub(super) fn rules(&mut self, channel: &str, yaml: &str) {
        self.rules_of_channels.insert(channel.to_owned(), yaml.to_owned());
    }

    pub(super) fn change(&mut self, file: &str, from: &str, to: &str) {
        self.changes.push((file.to_owned(), from.to_owned(), to.to_owned()));
    }

    /// The files as they are now.
    pub(super) fn files(&self) -> Files {
        let mut commands = read("commands", "yaml");
        let shorter = SHORTER.map(|(file, from, to)| (file.to_owned(), from.to_owned(), to.to_owned()));
        for (file, from, to) in shorter.iter().chain(&self.changes) {
            let text = &mut commands.iter_mut().find(|(name, _)| name == file).unwrap().1;
            assert!(text.contains(from), "{file} does not say {from:?} any more");
            *text = text.replace(from, to);
        }
        let mut policies = vec![policy("schema.cedarschema"), policy("global.cedar")];
        if !self.automations.is_empty() {
            policies.push(PolicyFile { name: "automations.yaml".to_owned(), text: self.automations.clone() });
        }
        if !self.accounts.is_empty() {
            let lines = (1000..).zip(&self.accounts).map(|(account, owner)| format!("{account}: {owner}\n"));
            policies.push(PolicyFile { name: "accounts.yaml".to_owned(), text: lines.collect() });
        }
        for (channel, texts) in &self.policies {
            policies.push(PolicyFile { name: format!("channels/{channel}.cedar"), text: texts.join("\n") });
        }
        for (channel, text) in &self.rules_of_channels {
            policies.push(PolicyFile { name: format!("channels/{channel}.yaml"), text: text.clone() });
        }
        let channels = self.channels.iter().map(|(name, id)| (ChannelName::new(name), id.clone()));
        Files {
            commands,
            sites: self.sites.clone(),
            policies,
            channels: channels.collect(),
            rules: self.rules.clone(),
            calendars: self.calendars.clone(),
            zones: self.zones.clone(),
            gone: Vec::new(),
            changed: BTreeMap::new(),
        }
    }
}

/// Files as a story wrote them.
#[derive(Clone)]
pub(super) struct Files {
    commands: Vec<(String, String)>,
    policies: Vec<PolicyFile>,
    channels: Channels,
    rules: Rules,
    sites: BTreeMap<SiteName, SiteFacts>,
    calendars: String,
    zones: BTreeMap<String, String>,
    /// Servers that the inventory has lost.
    pub(super) gone: Vec<String>,
    /// Servers of which it says something else by now, by name as the fleet was built.
    pub(super) changed: BTreeMap<String, Server>,
}

impl Files {
    /// Everything together, checked as the shipped files are.
    fn rulebook(&self, inventory: &Inventory, groups: Vec<GroupName>) -> Result<Rulebook, FileFaults> {
        let mut faults = FileFaults::default();
        let Ok(catalog) = catalog::load(&self.commands).map_err(|found| faults.add_commands("commands", &found)) else {
            return Err(faults);
        };
        let left = inventory.servers().iter().filter(|server| !self.gone.contains(&server.name.to_string()));
        let left = left.map(|server| self.changed.get(&server.name.to_string()).unwrap_or(server).clone());
        let inventory = Inventory::new(left.collect(), inventory.fetched_at()).unwrap();
        let mut sites = self.sites.clone();
        for (site, zone) in &self.zones {
            sites.entry(SiteName::new(site)).or_default().zone = Some(ZoneName::new(zone));
        }
        let inventory = inventory.with_places(sites, BTreeMap::new());
        let words = &wrasse::conversation::misunderstanding::in_one_line;
        let people = groups.iter().cloned().collect();
        let surroundings = Surroundings { commands: catalog.commands(), inventory: &inventory, groups: &people, words };
        let rules = match calendars("calendars.yaml", &self.calendars, surroundings) {
            Ok(calendars) => Rules { calendars, ..self.rules.clone() },
            Err(found) => {
                for fault in found {
                    let line = fault.line.map_or_else(String::new, |line| format!(":{line}"));
                    let place = format!("policies/calendars.yaml{line}");
                    faults.add(FileFault { place, what: fault.what.clone() }, &fault.to_string());
                }
                return Err(faults);
            }
        };
        let known = Known::of(groups, catalog.commands().iter().map(|spec| spec.name.clone()), inventory.servers());
        match Policies::new(&self.policies, &self.channels, &known) {
            Ok(policies) => Ok(Rulebook { catalog, policies, rules, inventory, files: self.fingerprint() }),
            Err(found) => {
                faults.add_policies("policies", &found);
                Err(faults)
            }
        }
    }

    /// The texts of those files; the inventory stays.
    pub(super) fn take_texts(&mut self, other: Self) {
        let (gone, changed) = (std::mem::take(&mut self.gone), std::mem::take(&mut self.changed));
        *self = Self { gone, changed, ..other };
    }

    fn fingerprint(&self) -> Fingerprint {
        let policies = self.policies.iter().map(|file| (&file.name, &file.text)).collect::<Vec<_>>();
        let inventory = (&self.gone, &self.changed);
        let rules = (&self.rules, &self.calendars, &self.zones);
        Fingerprint::of(format!("{:?}{policies:?}{inventory:?}{rules:?}", self.commands).as_bytes())
    }
}

/// The folder of files on the stage, which outlives the bot.
pub(super) struct StageSource {
    inventory: Inventory,
    directory: Arc<StageDirectory>,
    files: Mutex<Files>,
    /// What a process starts with. One that dies while the files have faults could not start again by itself: on the
    /// stage it starts with what was in force, so that a story reads the same where every commit is a crash.
    good: Mutex<Rulebook>,
    read_last: Mutex<Option<Rulebook>>,
}

impl StageSource {
    pub(super) fn new(files: Files, inventory: Inventory, directory: Arc<StageDirectory>) -> Self {
        let good = files.rulebook(&inventory, directory.groups()).unwrap_or_else(|faults| panic!("{faults}"));
        Self { inventory, directory, files: Mutex::new(files), good: Mutex::new(good), read_last: Mutex::default() }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Files)) {
        change(&mut self.files.lock().unwrap());
    }

    /// The next process starts with the files as they are.
    pub(super) fn is_read_at_the_start(&self) {
        let files = self.files.lock().unwrap().clone();
        let read = files.rulebook(&self.inventory, self.directory.groups());
        *self.good.lock().unwrap() = read.unwrap_or_else(|faults| panic!("{faults}"));
    }

    /// What somebody reads who is shown these files.
    pub(super) fn shown(&self, files: &Files) -> Rulebook {
        files.rulebook(&self.inventory, self.directory.groups()).unwrap_or_else(|faults| panic!("{faults}"))
    }

    pub(super) fn start(&self) -> Rulebook {
        copied(&self.good.lock().unwrap())
    }
}

#[async_trait]
impl RulebookSource for StageSource {
    async fn read(&self, seen: Option<&Fingerprint>) -> Reading {
        let files = self.files.lock().unwrap().clone();
        if Some(&files.fingerprint()) == seen {
            return Reading::Unchanged;
        }
        match files.rulebook(&self.inventory, self.directory.groups()) {
            Ok(rulebook) => {
                *self.read_last.lock().unwrap() = Some(copied(&rulebook));
                Reading::Fresh(Box::new(rulebook))
            }
            Err(faults) => Reading::Faulty { files: files.fingerprint(), faults },
        }
    }

    fn adopt(&self, files: &Fingerprint) {
        let read = self.read_last.lock().unwrap().take().filter(|read| read.files == *files);
        *self.good.lock().unwrap() = read.expect("what comes into force was read last");
    }
}

/// What the example of the shipped file says, once the marks are taken off its lines.
pub(super) fn example_of_comparisons() -> SoakRules {
    let shipped = policy("admission.yaml").text;
    let (before, rest) = shipped.split_once("  # compare:\n").unwrap();
    let (example, after) = rest.split_once("  compare: []\n").unwrap();
    let example = example.lines().map(|line| format!("  {}\n", line.strip_prefix("  # ").unwrap()));
    let text = format!("{before}  compare:\n{}{after}", example.collect::<String>());
    admission_rules("admission.yaml", &text).unwrap_or_else(|fault| panic!("{fault}")).soak
}

/// The same rulebook for the next process.
fn copied(rulebook: &Rulebook) -> Rulebook {
    Rulebook {
        catalog: rulebook.catalog.clone(),
        policies: rulebook.policies.clone(),
        rules: rulebook.rules.clone(),
        inventory: rulebook.inventory.clone(),
        files: rulebook.files.clone(),
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
