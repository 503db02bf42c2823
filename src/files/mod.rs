//! Reads the files that say what may be done: commands, policies and the inventory, with every fault of all of them.
//!
//! Policies are checked against the commands and the servers, so their faults are found once those two are whole: what
//! they would say before only follows from the others. Deliberately absent: when a changed set comes into force.

mod standby;
#[cfg(test)]
mod tests;

use crate::adapters::drivers::RealDrivers;
use crate::adapters::inventory::{self, Endpoints, InventoryFaults};
use crate::admission::calendars::{Surroundings, calendars};
use crate::admission::{
    AdmissionFileFault, Calendars, Rules, admission_rules, check_absorbed_by, check_override_groups,
};
use crate::admission::{infrastructure, traffic};
use crate::authorization::{Channels, Known, Mentioned, Policies, PolicyFaults, PolicyFile};
use crate::catalog::{self, Catalog};
use crate::conversation::{self, FileFault};
use crate::domain::identity::{GroupName, PersonId, UserId};
use crate::domain::ids::Fingerprint;
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use crate::ports::directory::DirectoryFault;
use crate::ports::rulebook::{FileFaults, Reading};
use crate::ports::{Clock, Directory, Rulebook, RulebookSource};
use anyhow::{Context, anyhow};
use async_trait::async_trait;
use miette::{GraphicalReportHandler, GraphicalTheme};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The file of calendars.
const CALENDARS: &str = "calendars.yaml";

/// Where the files are.
#[derive(Clone)]
pub(crate) struct Files {
    /// The folder of command files.
    pub(crate) commands: PathBuf,
    /// The folder of policy files.
    pub(crate) policies: PathBuf,
    /// The inventory file.
    pub(crate) inventory: PathBuf,
}

/// What the workspace says of those whom policies name.
#[derive(Clone)]
pub(crate) struct Workspace {
    /// Every user group.
    pub(crate) groups: Vec<GroupName>,
    /// Those of the people named by policies who exist; `None` where nobody was asked.
    pub(crate) people: Option<BTreeSet<UserId>>,
}

/// The contents of the command and policy files.
struct Texts {
    commands: Vec<(String, String)>,
    channels: String,
    policies: Vec<PolicyFile>,
    admission: Option<String>,
    calendars: Option<String>,
}

/// Files as they were read, without a fault.
pub(crate) struct Whole {
    pub(crate) rulebook: Rulebook,
    pub(crate) endpoints: Arc<Endpoints>,
}

impl Files {
    /// Reads and checks everything. Without the workspace everybody whom a policy names is taken to exist.
    pub(crate) fn read(&self, people: Option<Workspace>, now: Timestamp) -> Result<Whole, FileFaults> {
        let mut faults = FileFaults::default();
        // Before the texts: a change in between is then seen at the next look.
        let files = self.fingerprint();
        let texts = self.texts(&mut faults);
        let (commands, policies) = (name_of(&self.commands), name_of(&self.policies));
        let catalog = catalog::load(&texts.commands).map_err(|found| faults.add_commands(&commands, &found)).ok();
        let loaded = inventory::load(&self.inventory, now).map_err(|found| add_inventory(&mut faults, &found)).ok();
        let channels = Channels::parse(&texts.channels).map_err(|found| faults.add_policies(&policies, &found)).ok();
        let rules = match &texts.admission {
            None => Some(Rules::default()),
            Some(text) => admission_rules("admission.yaml", text)
                .map_err(|found| add_admission(&mut faults, &policies, "admission.yaml", &found))
                .ok(),
        };
        let (Some(catalog), Some(loaded), Some(channels), Some(mut rules)) = (catalog, loaded, channels, rules) else {
            return Err(faults);
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let strangers = traffic::strangers(&rules.traffic, &loaded.inventory);
        let others = infrastructure::strangers(&rules.infrastructure, &loaded.inventory);
        let admission = texts.admission.as_deref().unwrap_or_default();
        for misnomer in strangers.into_iter().chain(others) {
            let found = misnomer.placed("admission.yaml", admission);
            add_admission(&mut faults, &policies, "admission.yaml", &found);
        }
        if let Some(Err(found)) =
            texts.admission.as_ref().map(|text| check_absorbed_by("admission.yaml", text, &loaded.inventory))
        {
            found.iter().for_each(|fault| add_admission(&mut faults, &policies, "admission.yaml", fault));
        }
        if let Err(found) = loaded.owners.check(&named_groups(&texts.policies, &catalog, people.as_ref())) {
            add_inventory(&mut faults, &found);
        }
        if let Some(text) = &texts.calendars {
            let groups = named_groups(&texts.policies, &catalog, people.as_ref());
            match calendars_of(text, (&catalog, &loaded.inventory), &groups) {
                Ok(calendars) => rules.calendars = calendars,
                Err(found) => {
                    found.iter().for_each(|fault| add_admission(&mut faults, &policies, CALENDARS, fault));
                }
            }
        }
        if let (Some(workspace), Some(text)) = (&people, &texts.admission) {
            let known = named_groups(&texts.policies, &catalog, Some(workspace));
            if let Err(found) = check_override_groups("admission.yaml", text, &known) {
                add_admission(&mut faults, &policies, "admission.yaml", &found);
            }
        }
        match policies_of(&texts.policies, &channels, (&catalog, &loaded.inventory), people) {
            Ok(_) if !faults.is_empty() => Err(faults),
            Ok(checked) => {
                if let Err(misnomer) = standby::check(&rules.traffic, &catalog, &checked) {
                    let found = misnomer.placed("admission.yaml", admission);
                    add_admission(&mut faults, &policies, "admission.yaml", &found);
                    return Err(faults);
                }
                let inventory = loaded.inventory;
                let rulebook = Rulebook { catalog, policies: checked, rules, inventory, files };
                Ok(Whole { rulebook, endpoints: loaded.endpoints })
            }
            Err(found) => {
                faults.add_policies(&policies, &found);
                Err(faults)
            }
        }
    }

    fn texts(&self, faults: &mut FileFaults) -> Texts {
        let mut unread = |what: anyhow::Error, path: &Path| {
            let fault = FileFault { place: name_of(path), what: format!("{what:#}") };
            faults.add(fault, &format!("{what:#}"));
        };
        let commands = folder(&self.commands, "yaml").unwrap_or_else(|fault| {
            unread(fault, &self.commands);
            Vec::new()
        });
        let mut text = |path: PathBuf| {
            read(&path).unwrap_or_else(|fault| {
                unread(fault, &path);
                String::new()
            })
        };
        let channels = text(self.policies.join("channels.yaml"));
        let mut policies = Vec::new();
        for name in ["schema.cedarschema", "global.cedar"] {
            policies.push(PolicyFile { name: name.to_owned(), text: text(self.policies.join(name)) });
        }
        let mut text_if_any = |name: &str| {
            let path = self.policies.join(name);
            path.exists().then(|| text(path))
        };
        let (admission, calendars) = (text_if_any("admission.yaml"), text_if_any("calendars.yaml"));
        for name in ["groups.yaml", "automations.yaml", "accounts.yaml"] {
            let path = self.policies.join(name);
            if path.exists() {
                policies.push(PolicyFile { name: name.to_owned(), text: text(path) });
            }
        }
        let own = self.policies.join("channels");
        match folder(&own, "yaml").and_then(|rules| Ok((rules, folder(&own, "cedar")?))) {
            Ok((rules, cedar)) => policies.extend(
                rules
                    .into_iter()
                    .chain(cedar)
                    .map(|(name, text)| PolicyFile { name: format!("channels/{name}"), text }),
            ),
            Err(fault) => unread(fault, &own),
        }
        Texts { commands, channels, policies, admission, calendars }
    }

    /// The tables of expected answers under the policies; none where there is no such folder.
    pub(crate) fn policy_tests(&self) -> anyhow::Result<Vec<PolicyFile>> {
        let tests = self.policies.join("tests");
        if !tests.exists() {
            return Ok(Vec::new());
        }
        let files = folder(&tests, "yaml")?.into_iter();
        Ok(files.map(|(name, text)| PolicyFile { name: format!("tests/{name}"), text }).collect())
    }

    /// The people whom policies name.
    pub(crate) fn mentioned_people(&self) -> BTreeSet<UserId> {
        Mentioned::in_files(&self.texts(&mut FileFaults::default()).policies).people
    }

    /// Of the contents of all files; what cannot be read counts as what keeps it from being read.
    fn fingerprint(&self) -> Fingerprint {
        let mut all = String::new();
        let mut put = |name: &str, text: anyhow::Result<String>| {
            let text = text.unwrap_or_else(|fault| format!("{fault:#}"));
            all.push_str(&format!("{name} {}\n{text}\n", text.len()));
        };
        let folders = [(&self.commands, "yaml"), (&self.policies, "yaml"), (&self.policies, "cedar")];
        let own = self.policies.join("channels");
        let more = [(&self.policies, "cedarschema"), (&own, "cedar"), (&own, "yaml")];
        for (path, extension) in folders.into_iter().chain(more) {
            match folder(path, extension) {
                Ok(files) => files.into_iter().for_each(|(name, text)| put(&name, Ok(text))),
                Err(fault) => put(extension, Err(fault)),
            }
        }
        put("inventory", read(&self.inventory));
        Fingerprint::of(all.as_bytes())
    }
}

/// What the workspace's directory says of its groups, and of the people whom policies name.
pub(crate) async fn workspace(directory: &dyn Directory, named: BTreeSet<UserId>) -> Result<Workspace, DirectoryFault> {
    let groups = directory.groups().await?;
    let mut people = BTreeSet::new();
    for user in named {
        // The directory looks people up in its own workspace, whatever is said here.
        match directory.person(&PersonId::new("", user.as_str())).await {
            Ok(_) => drop(people.insert(user)),
            Err(DirectoryFault::Unknown(_)) => {}
            Err(fault @ DirectoryFault::Unavailable(_)) => return Err(fault),
        }
    }
    Ok(Workspace { groups, people: Some(people) })
}

/// The command files of a folder.
pub(crate) fn read_catalog(commands: &Path) -> anyhow::Result<Catalog> {
    catalog::load(&folder(commands, "yaml")?).map_err(|faults| anyhow!("{faults}"))
}

/// The inventory of that file.
pub(crate) fn read_inventory(file: &Path, now: Timestamp) -> anyhow::Result<Inventory> {
    Ok(inventory::load(file, now).map_err(|faults| anyhow!("{}", faults.listed()))?.inventory)
}

fn policies_of(
    files: &[PolicyFile],
    channels: &Channels,
    (catalog, inventory): (&Catalog, &Inventory),
    workspace: Option<Workspace>,
) -> Result<Policies, PolicyFaults> {
    let commands = catalog.commands().iter().map(|spec| spec.name.clone());
    let (groups, people) = match workspace {
        Some(workspace) => (workspace.groups, workspace.people),
        None => (Mentioned::in_files(files).groups.into_iter().collect(), None),
    };
    let known = Known::of(groups, commands, inventory.servers());
    let known = match people {
        Some(people) => known.with_people(people),
        None => known,
    };
    Policies::new(files, channels, &known)
}

/// The groups of people that there are: our own, and the workspace's; where no workspace can be asked, those that
/// policies and commands name.
fn named_groups(files: &[PolicyFile], catalog: &Catalog, workspace: Option<&Workspace>) -> BTreeSet<GroupName> {
    let mentioned = Mentioned::in_files(files);
    let mut groups = mentioned.own_groups;
    match workspace {
        Some(workspace) => groups.extend(workspace.groups.iter().cloned()),
        None => {
            let approvers = catalog.commands().iter().filter_map(|spec| Some(spec.approvals.as_ref()?.from.clone()));
            let owners = catalog.commands().iter().map(|spec| spec.owner.clone());
            groups.extend(mentioned.groups.into_iter().chain(owners).chain(approvers));
        }
    }
    groups
}

/// The calendars of that text, over these commands and servers.
pub(crate) fn calendars_of(
    text: &str,
    (catalog, inventory): (&Catalog, &Inventory),
    groups: &BTreeSet<GroupName>,
) -> Result<Calendars, Vec<AdmissionFileFault>> {
    let words = &conversation::misunderstanding::in_one_line;
    calendars(CALENDARS, text, Surroundings { commands: catalog.commands(), inventory, groups, words })
}

fn add_admission(faults: &mut FileFaults, policies: &str, file: &str, found: &AdmissionFileFault) {
    let line = found.line.map_or_else(String::new, |line| format!(":{line}"));
    let fault = FileFault { place: format!("{policies}/{file}{line}"), what: found.what.clone() };
    faults.add(fault, &format!("{policies}/{found}"));
}

fn add_inventory(faults: &mut FileFaults, found: &InventoryFaults) {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
    for fault in &found.faults {
        let mut block = String::new();
        if handler.render_report(&mut block, fault).is_err() {
            block = fault.to_string();
        }
        let place = format!("{}:{}", name_of(Path::new(&fault.file)), fault.line);
        faults.add(FileFault { place, what: fault.message.clone() }, &block);
    }
}

/// The last part of a path: what people call it.
fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The files of a folder with that extension, as name and text, sorted by name.
fn folder(folder: &Path, extension: &str) -> anyhow::Result<Vec<(String, String)>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let fits = path.extension().is_some_and(|found| found == extension);
        if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| fits) {
            files.push((name.to_owned(), read(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

/// The files that the bot serves by, with the drivers that follow the inventory.
pub(crate) struct ServedFiles {
    files: Files,
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
    drivers: Arc<RealDrivers>,
    /// How servers are reached by the set that was read last.
    read_last: Mutex<Option<(Fingerprint, Arc<Endpoints>)>>,
}

impl ServedFiles {
    pub(crate) fn new(
        files: Files,
        directory: Arc<dyn Directory>,
        clock: Arc<dyn Clock>,
        drivers: Arc<RealDrivers>,
    ) -> Self {
        Self { files, directory, clock, drivers, read_last: Mutex::new(None) }
    }
}

#[async_trait]
impl RulebookSource for ServedFiles {
    async fn read(&self, seen: Option<&Fingerprint>) -> Reading {
        let files = self.files.clone();
        let now_read = match tokio::task::spawn_blocking(move || files.fingerprint()).await {
            Ok(now_read) if Some(&now_read) == seen => return Reading::Unchanged,
            Ok(now_read) => now_read,
            Err(fault) => return Reading::Unavailable(fault.to_string()),
        };
        let files = self.files.clone();
        let named = match tokio::task::spawn_blocking(move || files.mentioned_people()).await {
            Ok(named) => named,
            Err(fault) => return Reading::Unavailable(fault.to_string()),
        };
        let workspace = match workspace(self.directory.as_ref(), named).await {
            Ok(workspace) => workspace,
            Err(fault) => return Reading::Unavailable(fault.to_string()),
        };
        let (files, now) = (self.files.clone(), self.clock.now());
        match tokio::task::spawn_blocking(move || files.read(Some(workspace), now)).await {
            Err(fault) => Reading::Unavailable(fault.to_string()),
            Ok(Err(faults)) => Reading::Faulty { files: now_read, faults },
            Ok(Ok(Whole { rulebook, endpoints })) => {
                let read = Some((rulebook.files.clone(), endpoints));
                *self.read_last.lock().unwrap_or_else(PoisonError::into_inner) = read;
                Reading::Fresh(Box::new(rulebook))
            }
        }
    }

    fn adopt(&self, files: &Fingerprint) {
        let read = self.read_last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, endpoints)) = read.as_ref().filter(|(read, _)| read == files) {
            self.drivers.follow(Arc::clone(endpoints));
        }
    }
}
