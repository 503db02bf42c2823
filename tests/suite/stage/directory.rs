//! The people, groups and channels of the stage, as a chat's directory would tell of them.

use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use wrasse::domain::identity::{AutomationName, GroupName, PersonId, Profile, Standing};
use wrasse::domain::place::{ChannelFacts, ChannelId, ChannelName, Membership, Reach};
use wrasse::ports::Directory;
use wrasse::ports::directory::DirectoryFault;

/// The workspace that everybody but strangers belongs to.
const TEAM: &str = "T0WRASSE";

/// Whether the directory answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    Answers,
    Down,
}

struct Town {
    people: BTreeMap<PersonId, Profile>,
    channels: BTreeMap<ChannelId, ChannelFacts>,
    /// Everybody is in every channel but those that they left.
    left: BTreeSet<(PersonId, ChannelId)>,
    service: Service,
}

/// The directory.
pub(crate) struct StageDirectory(Mutex<Town>);

impl StageDirectory {
    pub(super) fn new() -> Self {
        let town = Town {
            people: BTreeMap::new(),
            channels: BTreeMap::new(),
            left: BTreeSet::new(),
            service: Service::Answers,
        };
        Self(Mutex::new(town))
    }

    /// The id of a person of that name, who becomes known as a member.
    pub(super) fn add_person(&self, name: &str) -> PersonId {
        let id = PersonId::new(TEAM, format!("U0{}", name.to_uppercase()));
        let profile = Profile {
            id: id.clone(),
            name: name.to_owned(),
            standing: Standing::Member,
            groups: Vec::new(),
            zone: None,
        };
        self.0.lock().unwrap().people.entry(id.clone()).or_insert(profile);
        id
    }

    /// The id of an automation of that name, which may type lines here: what makes one act is not the stage's.
    pub(super) fn add_automation(&self, name: &AutomationName) -> PersonId {
        let profile = Profile { standing: Standing::Member, ..Profile::automation(name) };
        let id = profile.id.clone();
        self.0.lock().unwrap().people.insert(id.clone(), profile);
        id
    }

    /// Somebody of another workspace, as a shared channel shows them.
    pub(super) fn add_stranger(&self, id: &PersonId, name: &str, group: GroupName) {
        let (name, standing, groups) = (name.to_owned(), Standing::Stranger, vec![group]);
        let profile = Profile { id: id.clone(), name, standing, groups, zone: None };
        self.0.lock().unwrap().people.insert(id.clone(), profile);
    }

    pub(super) fn change(&self, id: &PersonId, change: impl FnOnce(&mut Profile)) {
        change(self.0.lock().unwrap().people.get_mut(id).unwrap());
    }

    pub(super) fn forget(&self, id: &PersonId) {
        self.0.lock().unwrap().people.remove(id);
    }

    pub(super) fn add_channel(&self, name: &str) -> ChannelId {
        let id = ChannelId::new(format!("C0{}", name.to_uppercase()));
        let facts = ChannelFacts {
            id: id.clone(),
            name: Some(ChannelName::new(name)),
            bot: Membership::Inside,
            reach: Reach::OwnWorkspace,
        };
        self.0.lock().unwrap().channels.entry(id.clone()).or_insert(facts);
        id
    }

    /// The direct conversation of a person with the bot.
    pub(super) fn add_direct(&self, name: &str) -> ChannelId {
        let id = ChannelId::new(format!("D0{}", name.to_uppercase()));
        let facts = ChannelFacts { id: id.clone(), name: None, bot: Membership::Inside, reach: Reach::Direct };
        self.0.lock().unwrap().channels.entry(id.clone()).or_insert(facts);
        id
    }

    pub(super) fn change_channel(&self, id: &ChannelId, change: impl FnOnce(&mut ChannelFacts)) {
        change(self.0.lock().unwrap().channels.get_mut(id).unwrap());
    }

    pub(super) fn forget_channel(&self, id: &ChannelId) {
        self.0.lock().unwrap().channels.remove(id);
    }

    pub(super) fn leave(&self, person: &PersonId, channel: &ChannelId) {
        self.0.lock().unwrap().left.insert((person.clone(), channel.clone()));
    }

    pub(super) fn goes_down(&self) {
        self.0.lock().unwrap().service = Service::Down;
    }

    pub(super) fn comes_back(&self) {
        self.0.lock().unwrap().service = Service::Answers;
    }

    pub(super) fn groups(&self) -> Vec<GroupName> {
        let town = self.0.lock().unwrap();
        let mut groups: Vec<GroupName> = town.people.values().flat_map(|person| person.groups.clone()).collect();
        groups.extend(["noc", "sre", "incident-commander"].map(GroupName::new));
        groups.sort();
        groups.dedup();
        groups
    }

    /// Every person's user id with the name to show for it.
    pub(super) fn names(&self) -> Vec<(String, String)> {
        let town = self.0.lock().unwrap();
        town.people.values().map(|person| (person.id.user.to_string(), person.name.clone())).collect()
    }

    fn open(&self) -> Result<std::sync::MutexGuard<'_, Town>, DirectoryFault> {
        let town = self.0.lock().unwrap();
        match town.service {
            Service::Answers => Ok(town),
            Service::Down => Err(DirectoryFault::Unavailable("no answer".to_owned())),
        }
    }
}

#[async_trait]
impl Directory for StageDirectory {
    async fn person(&self, id: &PersonId) -> Result<Profile, DirectoryFault> {
        self.open()?.people.get(id).cloned().ok_or_else(|| DirectoryFault::Unknown(id.to_string()))
    }

    async fn channel(&self, id: &ChannelId) -> Result<ChannelFacts, DirectoryFault> {
        self.open()?.channels.get(id).cloned().ok_or_else(|| DirectoryFault::Unknown(id.to_string()))
    }

    async fn channels_of(&self, person: &PersonId) -> Result<Vec<ChannelId>, DirectoryFault> {
        let town = self.open()?;
        let is_in = |id: &&ChannelId| !town.left.contains(&(person.clone(), (*id).clone()));
        Ok(town.channels.keys().filter(is_in).cloned().collect())
    }

    async fn members(&self, group: &GroupName) -> Result<Vec<Profile>, DirectoryFault> {
        let town = self.open()?;
        let mut members: Vec<Profile> = town.people.values().filter(|person| person.is_in(group)).cloned().collect();
        members.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(members)
    }

    async fn groups(&self) -> Result<Vec<GroupName>, DirectoryFault> {
        drop(self.open()?);
        Ok(Self::groups(self))
    }
}
