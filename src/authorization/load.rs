//! Policy files become one checked policy set per channel, or every fault of every file.
//!
//! A set holds the global forbids and one channel's own files. Each permit is bound to its channel through the syntax
//! tree, so that even a set kept under the wrong key could not widen another channel.

use super::accounts::{self, Accounts};
use super::answers::{PolicyName, PolicyNote};
use super::automations;
use super::channels::{Channels, DIRECT};
use super::compile;
use super::entities::{self, Kind};
use super::faults::{PolicyFault, PolicyFaults};
use super::groups::{self, OwnGroups};
use super::known::{Known, nearest};
use super::owners::Owners;
use super::requirements::Requirements;
use super::rules::{Member, member_word};
use super::sets::ChannelSet;
use super::sheet::Sheet;
use super::written::{Reader, Validators, Written};
use crate::domain::command::{CommandName, Impact};
use crate::domain::identity::{AutomationName, GroupName, Profile, UserId};
use crate::domain::ids::Fingerprint;
use crate::domain::place::{ChannelId, ChannelName};
use crate::yaml::{Content, Node};
use cedar_policy::{Effect, Policy, PolicySet, Schema, SchemaFragment, Validator};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// The text of one file under `policies/`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyFile {
    /// Its path, e.g. `channels/noc.yaml`, with or without `policies/` before it.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// Every policy in force, one set per channel.
#[derive(Clone, Debug)]
pub struct Policies {
    pub(super) channels: BTreeMap<ChannelId, ChannelSet>,
    /// For conversations of one person with the bot.
    pub(super) direct: Option<ChannelSet>,
    pub(super) ceilings: Channels,
    pub(super) notes: BTreeMap<PolicyName, PolicyNote>,
    /// Of the permits that require something.
    pub(super) requirements: BTreeMap<PolicyName, Requirements>,
    pub(super) owners: Owners,
    /// The policies themselves, as they are asked.
    pub(super) policies: BTreeMap<PolicyName, Policy>,
    pub(super) groups: OwnGroups,
    pub(super) known: Known,
    pub(super) accounts: Accounts,
    pub(super) version: Fingerprint,
}

/// What a file under `policies/` is for.
enum Place {
    Schema,
    Groups,
    Automations,
    Accounts,
    Global,
    Cedar(ChannelName),
    Rules(ChannelName),
}

impl Policies {
    /// Checks every file and builds the set of each channel.
    ///
    /// # Errors
    /// Every fault of every file: syntax, types, warnings of the validator, unknown names, doubled or missing ids.
    pub fn new(files: &[PolicyFile], channels: &Channels, known: &Known) -> Result<Self, PolicyFaults> {
        let mut faults = Vec::new();
        let validators = validators(files, known, &mut faults);
        let own_groups = own_groups(files, known, &mut faults);
        let mut known = known.clone();
        known.groups.extend(own_groups.names().iter().cloned());
        known.automations.extend(named_automations(files, &mut faults));
        let accounts = owned_accounts(files, &known, &mut faults);
        let direct = ChannelName::new(DIRECT);
        let mut loader = Loader {
            reader: Reader {
                known,
                channels: channels.ids().map(|(name, _)| name).chain([&direct]).collect(),
                validators,
                faults,
                notes: BTreeMap::new(),
            },
            requirements: BTreeMap::new(),
            owners: Owners::default(),
            global: Vec::new(),
            own: BTreeMap::new(),
        };
        files.iter().for_each(|file| loader.file(file));
        let Loader { reader, requirements, owners, global, mut own } = loader;
        if !reader.faults.is_empty() {
            return Err(PolicyFaults::new(reader.faults));
        }
        let named = |policy: &Policy| (PolicyName::new(AsRef::<str>::as_ref(policy.id())), policy.clone());
        let policies = global.iter().chain(own.values().flatten()).map(named).collect();
        let set = |name: &ChannelName, written: Vec<Policy>| ChannelSet::new(name, &written, &global);
        let for_direct = own.remove(&direct).map(|written| set(&direct, written));
        let sets = channels.ids().filter_map(|(name, id)| Some((id.clone(), set(name, own.remove(name)?)))).collect();
        let Reader { known, notes, .. } = reader;
        Ok(Self {
            channels: sets,
            direct: for_direct,
            ceilings: channels.clone(),
            notes,
            requirements,
            owners,
            policies,
            groups: own_groups,
            known,
            accounts,
            version: version(files, channels),
        })
    }

    /// The fingerprint of all policy files.
    #[must_use]
    pub fn version(&self) -> &Fingerprint {
        &self.version
    }

    /// The channels that have policies, with their names in `channels.yaml`, sorted by id.
    pub fn channels(&self) -> impl Iterator<Item = (&ChannelId, &ChannelName)> {
        self.channels.iter().map(|(id, set)| (id, &set.name))
    }

    /// The channel that `channels.yaml` calls so.
    #[must_use]
    pub fn channel_called(&self, name: &ChannelName) -> Option<&ChannelId> {
        self.ceilings.ids().find(|(known, _)| *known == name).map(|(_, id)| id)
    }

    /// The person with the groups of `groups.yaml` beside those of the workspace; doing it twice changes nothing.
    #[must_use]
    pub fn complete(&self, person: Profile) -> Profile {
        self.groups.complete(person)
    }
}

struct Loader<'a> {
    reader: Reader<'a>,
    requirements: BTreeMap<PolicyName, Requirements>,
    owners: Owners,
    global: Vec<Policy>,
    own: BTreeMap<ChannelName, Vec<Policy>>,
}

impl Loader<'_> {
    fn file(&mut self, file: &PolicyFile) {
        match place_of(&file.name) {
            Some(Place::Schema | Place::Groups | Place::Automations | Place::Accounts) => {}
            Some(Place::Global) => self.global(file),
            Some(Place::Cedar(channel)) => {
                self.check_channel(file, &channel);
                let written = self.reader.cedar(file);
                self.check_channels_named(file, &channel, &written);
                for one in written {
                    match compile::bind(&one.policy, &channel) {
                        Ok(policy) => self.own.entry(channel.clone()).or_default().push(policy),
                        Err(cause) => self.reader.faults.push(one.fault(file, cause)),
                    }
                }
                self.own.entry(channel).or_default();
            }
            Some(Place::Rules(channel)) => {
                self.check_channel(file, &channel);
                let (written, owner) = self.reader.rules(file, &channel);
                let owned = written.iter().filter_map(|one| Some((one.note.id.clone(), one.owner.clone()?)));
                self.owners.of_rules.extend(owned);
                self.owners.of_channels.extend(owner.map(|owner| (channel.clone(), owner)));
                let required = written.iter().filter(|one| !one.requires.is_empty());
                self.requirements.extend(required.map(|one| (one.note.id.clone(), one.requires.clone())));
                self.own.entry(channel).or_default().extend(written.into_iter().map(|one| one.policy));
            }
            None => {
                let fault = PolicyFault::new(&file.name, &file.text, "this file would be read by nobody");
                let help = "policies stand in `global.cedar`, `channels/<name>.yaml` or `channels/<name>.cedar`";
                self.reader.faults.push(fault.with_help(Some(help.to_owned())));
            }
        }
    }

    fn global(&mut self, file: &PolicyFile) {
        let written = self.reader.cedar(file);
        for one in written.iter().filter(|one| one.policy.effect() == Effect::Permit) {
            let message = format!("`{}` permits in every channel at once", one.note.id);
            let help = "global.cedar only forbids; write the permit into each channel's own file";
            self.reader.faults.push(one.fault(file, message).with_help(Some(help.to_owned())));
        }
        self.global.extend(written.into_iter().map(|one| one.policy));
    }

    fn check_channel(&mut self, file: &PolicyFile, name: &ChannelName) {
        if !self.reader.channels.contains(name) {
            let names = self.reader.channels.iter().map(|channel| channel.as_str());
            let help = nearest(name.as_str(), names).map(|near| format!("did you mean `{near}`?"));
            let message = format!("channels.yaml has no channel `{name}`");
            self.reader.faults.push(PolicyFault::new(&file.name, &file.text, message).with_help(help));
        }
    }

    fn check_channels_named(&mut self, file: &PolicyFile, name: &ChannelName, written: &[Written]) {
        for one in written {
            for literal in one.policy.entity_literals() {
                let other = literal.id().unescaped();
                if literal.type_name().to_string() == Kind::Channel.word() && other != name.as_str() {
                    let message = format!("`{}` speaks of #{other} in the file of #{name}", one.note.id);
                    self.reader.faults.push(one.fault_at_literal(file, other, message));
                }
            }
        }
    }
}

/// The one schema, with an action per known command, proved to fit what we ask; and the same for two commands.
fn validators(files: &[PolicyFile], known: &Known, faults: &mut Vec<PolicyFault>) -> Option<Validators> {
    let mut schemas = files.iter().filter(|file| matches!(place_of(&file.name), Some(Place::Schema)));
    let Some(file) = schemas.next() else {
        faults.push(PolicyFault::new("schema.cedarschema", "", "the schema is missing"));
        return None;
    };
    for other in schemas {
        let message = format!("{} is a schema already", file.name);
        faults.push(PolicyFault::new(&other.name, &other.text, message));
    }
    let fragment = match SchemaFragment::from_cedarschema_str(&file.text) {
        Ok((fragment, warnings)) => {
            faults.extend(warnings.map(|warning| PolicyFault::from_cedar(&file.name, &file.text, &warning)));
            fragment
        }
        Err(cause) => {
            faults.push(PolicyFault::from_cedar(&file.name, &file.text, &cause));
            return None;
        }
    };
    match entities::with_actions(fragment, known) {
        Ok(schema) => {
            let misfit = misfit(&schema, known);
            faults.extend(misfit.map(|message| PolicyFault::new(&file.name, &file.text, message)));
            let two = Known { commands: [Validators::named(), CommandName::new("other")].into(), ..Known::default() };
            let (fragment, _) = SchemaFragment::from_cedarschema_str(&file.text).ok()?;
            let small = entities::with_actions(fragment, &two).ok()?;
            Some(Validators { whole: Validator::new(schema), small: Validator::new(small) })
        }
        Err(cause) => {
            faults.push(PolicyFault::from_cedar(&file.name, &file.text, cause.as_ref()));
            None
        }
    }
}

/// Asks once as `decide` will: a schema that does not fit is a fault now, not a refusal of every line later.
fn misfit(schema: &Schema, known: &Known) -> Option<String> {
    let command: &CommandName = known.commands.first()?;
    let channel = ChannelName::new("any");
    let askers = [Kind::User.uid("anyone"), Kind::Automation.uid("any")];
    let resources = [entities::no_server(), Kind::Site.uid("any"), Kind::Server.uid("any")];
    let asked = Impact::ALL.into_iter().find_map(|impact| {
        let line = entities::Line { command, impact, channel: &channel, server_count: 0 };
        let pairs = resources.iter().flat_map(|resource| askers.iter().map(move |asker| (asker, resource)));
        pairs.into_iter().find_map(|(asker, resource)| entities::request(&line, asker, resource, Some(schema)).err())
    });
    asked.or_else(|| entities::misfit(schema))
}

fn own_groups(files: &[PolicyFile], known: &Known, faults: &mut Vec<PolicyFault>) -> OwnGroups {
    let mut own = files.iter().filter(|file| matches!(place_of(&file.name), Some(Place::Groups)));
    let Some(file) = own.next() else { return OwnGroups::default() };
    let mut sheet = Sheet::new(file);
    let groups = OwnGroups::read(&mut sheet, known);
    faults.append(&mut sheet.faults);
    groups
}

fn named_automations(files: &[PolicyFile], faults: &mut Vec<PolicyFault>) -> BTreeSet<AutomationName> {
    let mut own = files.iter().filter(|file| matches!(place_of(&file.name), Some(Place::Automations)));
    let Some(file) = own.next() else { return BTreeSet::new() };
    let mut sheet = Sheet::new(file);
    let names = automations::read(&mut sheet);
    faults.append(&mut sheet.faults);
    names
}

fn owned_accounts(files: &[PolicyFile], known: &Known, faults: &mut Vec<PolicyFault>) -> Accounts {
    let Some(file) = files.iter().find(|file| matches!(place_of(&file.name), Some(Place::Accounts))) else {
        return Accounts::new();
    };
    let mut sheet = Sheet::new(file);
    let accounts = accounts::read(&mut sheet, known);
    faults.append(&mut sheet.faults);
    accounts
}

fn place_of(path: &str) -> Option<Place> {
    let path = path.strip_prefix("policies/").unwrap_or(path);
    let Some(file) = path.strip_prefix("channels/") else {
        return match path {
            "global.cedar" => Some(Place::Global),
            "schema.cedarschema" => Some(Place::Schema),
            groups::FILE => Some(Place::Groups),
            automations::FILE => Some(Place::Automations),
            accounts::FILE => Some(Place::Accounts),
            _ => None,
        };
    };
    let (name, extension) = file.rsplit_once('.')?;
    match extension {
        _ if name.is_empty() || name.contains('/') => None,
        "cedar" => Some(Place::Cedar(ChannelName::new(name))),
        "yaml" => Some(Place::Rules(ChannelName::new(name))),
        _ => None,
    }
}

/// The groups and people that these files name, for who reads them without the directory at hand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mentioned {
    /// Groups that must be the workspace's: those of `groups.yaml` are left out.
    pub groups: BTreeSet<GroupName>,
    /// People.
    pub people: BTreeSet<UserId>,
    /// The groups that `groups.yaml` makes.
    pub own_groups: BTreeSet<GroupName>,
}

impl Mentioned {
    /// What these files name; of a file that cannot be read, nothing.
    #[must_use]
    pub fn in_files(files: &[PolicyFile]) -> Self {
        let mut own: BTreeSet<GroupName> = BTreeSet::new();
        let mut found = Self::default();
        for file in files {
            match place_of(&file.name) {
                Some(Place::Groups) => {
                    let Some(tree) = Sheet::new(file).tree() else { continue };
                    let (names, members) = groups::mentioned(&tree);
                    own.extend(names);
                    members.into_iter().for_each(|word| found.add(word.text));
                }
                Some(Place::Accounts) => {
                    let Some(tree) = Sheet::new(file).tree() else { continue };
                    accounts::mentioned(&tree).into_iter().for_each(|user| found.add(user));
                }
                Some(Place::Rules(_)) => {
                    let Some(tree) = Sheet::new(file).tree() else { continue };
                    found.add_members_below(&tree);
                }
                Some(Place::Global | Place::Cedar(_)) => {
                    let Ok(set) = PolicySet::from_str(&file.text) else { continue };
                    for literal in set.policies().flat_map(Policy::entity_literals) {
                        let id: &str = literal.id().unescaped();
                        match literal.type_name().to_string().as_str() {
                            "Group" => drop(found.groups.insert(GroupName::new(id))),
                            "Account" => drop(found.people.insert(UserId::new(id))),
                            _ => {}
                        }
                    }
                }
                Some(Place::Schema | Place::Automations) | None => {}
            }
        }
        found.groups.retain(|group| !own.contains(group));
        found.own_groups = own;
        found
    }

    /// Whatever stands under `who`, `from` or `owner`.
    fn add_members_below(&mut self, node: &Node) {
        match &node.content {
            Content::List(items) => items.iter().for_each(|item| self.add_members_below(item)),
            Content::Map(entries) => {
                for (key, value) in entries {
                    if matches!(key.word(), Some("who" | "from" | "owner")) {
                        groups::words_of(value).into_iter().for_each(|word| self.add(word.text));
                    } else {
                        self.add_members_below(value);
                    }
                }
            }
            Content::Empty | Content::Word(_) => {}
        }
    }

    fn add(&mut self, word: &str) {
        match member_word(word) {
            Member::Person(person) => drop(self.people.insert(person)),
            Member::Group(_) if word == "everyone" || word.starts_with('@') => {}
            Member::Group(group) => drop(self.groups.insert(group)),
            Member::Automation(_) => {}
        }
    }
}

/// The same for the same files in any order.
fn version(files: &[PolicyFile], channels: &Channels) -> Fingerprint {
    let mut parts: Vec<String> =
        files.iter().map(|file| format!("{}\n{}\n{}", file.name, file.text.len(), file.text)).collect();
    parts.sort();
    parts.push(format!("{channels:?}"));
    Fingerprint::of(parts.concat().as_bytes())
}
