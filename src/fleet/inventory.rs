//! One snapshot of the inventory, sorted and indexed by name.

use super::groups::{GroupFault, checked_groups};
use super::unknown::recorded;
use crate::domain::identity::GroupName;
use crate::domain::intent::{Attribute, Selector, Spanned};
use crate::domain::server::{
    MetroName, PoolName, RackName, Server, ServerGroup, ServerId, ServerName, ServerType, SiteFacts, SiteName, TagName,
    TagValue,
};
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Every server that is not retired, at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inventory {
    servers: Vec<Server>,
    by_name: HashMap<ServerName, usize>,
    by_id: HashMap<ServerId, usize>,
    /// Which servers have each value of each attribute that is recorded.
    by_value: BTreeMap<Attribute, BTreeMap<String, Vec<usize>>>,
    by_tag: BTreeMap<TagName, BTreeMap<TagValue, Vec<usize>>>,
    sites: BTreeMap<SiteName, SiteFacts>,
    type_owners: BTreeMap<ServerType, GroupName>,
    groups: BTreeMap<ServerGroup, SavedGroup>,
    fetched_at: Timestamp,
}

/// A selector that was given a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SavedGroup {
    /// As it was written.
    pub text: String,
    /// What it means.
    pub selector: Spanned<Selector>,
}

/// Why records do not make an inventory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InventoryFault {
    /// Two servers share a name.
    #[error("two servers are called {0}")]
    DoubleName(ServerName),
    /// Two servers share an id.
    #[error("two servers have the id {0}")]
    DoubleId(ServerId),
    /// A name is not a lower-case DNS label.
    #[error("`{0}` is not a server name: lower-case letters, digits and dashes, at most 63")]
    NotAName(ServerName),
    /// No server at all; an empty fleet is a broken inventory.
    #[error("the inventory has no server")]
    Empty,
}

impl Inventory {
    /// Checks and indexes the records.
    ///
    /// # Errors
    /// Double names or ids, names that are no DNS labels, no record at all.
    pub fn new(mut servers: Vec<Server>, fetched_at: Timestamp) -> Result<Self, InventoryFault> {
        if servers.is_empty() {
            return Err(InventoryFault::Empty);
        }
        servers.sort_by(|left, right| left.name.cmp(&right.name));
        let mut by_name = HashMap::new();
        let mut by_id = HashMap::new();
        let mut by_value: BTreeMap<Attribute, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
        let mut by_tag: BTreeMap<TagName, BTreeMap<TagValue, Vec<usize>>> = BTreeMap::new();
        for (index, server) in servers.iter().enumerate() {
            if !is_label(server.name.as_str()) {
                return Err(InventoryFault::NotAName(server.name.clone()));
            }
            if by_name.insert(server.name.clone(), index).is_some() {
                return Err(InventoryFault::DoubleName(server.name.clone()));
            }
            if by_id.insert(server.id.clone(), index).is_some() {
                return Err(InventoryFault::DoubleId(server.id.clone()));
            }
            for attribute in Attribute::ALL {
                let Some(value) = recorded(server, attribute) else { continue };
                let values = by_value.entry(attribute).or_default();
                match values.get_mut(value) {
                    Some(having) => having.push(index),
                    None => drop(values.insert(value.to_owned(), vec![index])),
                }
            }
            for (tag, value) in &server.tags {
                by_tag.entry(tag.clone()).or_default().entry(value.clone()).or_default().push(index);
            }
        }
        let (sites, type_owners, groups) = Default::default();
        Ok(Self { servers, by_name, by_id, by_value, by_tag, sites, type_owners, groups, fetched_at })
    }

    /// With what is recorded of sites, and the groups of people that own server types.
    #[must_use]
    pub fn with_places(
        self,
        sites: BTreeMap<SiteName, SiteFacts>,
        type_owners: BTreeMap<ServerType, GroupName>,
    ) -> Self {
        Self { sites, type_owners, ..self }
    }

    /// With saved groups, by the text of their selectors.
    ///
    /// # Errors
    /// Every group whose selector cannot be read, names what does not exist, or leads back to itself.
    pub fn with_groups(mut self, texts: BTreeMap<ServerGroup, String>) -> Result<Self, Vec<GroupFault>> {
        self.groups = checked_groups(&self, texts)?;
        Ok(self)
    }

    /// The saved groups.
    #[must_use]
    pub fn groups(&self) -> &BTreeMap<ServerGroup, SavedGroup> {
        &self.groups
    }

    pub(super) fn replace_groups(&mut self, groups: BTreeMap<ServerGroup, SavedGroup>) {
        self.groups = groups;
    }

    /// What is recorded of a site; nothing of one that the source does not describe.
    #[must_use]
    pub fn site(&self, site: &SiteName) -> SiteFacts {
        self.sites.get(site).cloned().unwrap_or_default()
    }

    /// The metro that a site lies in.
    #[must_use]
    pub fn metro(&self, site: &SiteName) -> Option<&MetroName> {
        self.sites.get(site)?.metro.as_ref()
    }

    /// The servers of every site of a metro.
    pub fn in_metro<'a>(&'a self, metro: &MetroName) -> impl Iterator<Item = &'a Server> {
        let sites = self.sites.iter().filter(move |(_, facts)| facts.metro.as_ref() == Some(metro));
        sites.flat_map(|(site, _)| self.in_site(site))
    }

    /// The group of people that owns a server type.
    #[must_use]
    pub fn type_owner(&self, server_type: &ServerType) -> Option<&GroupName> {
        self.type_owners.get(server_type)
    }

    /// Every recorded value of an attribute, with the places of the servers that have it.
    pub(super) fn values(&self, attribute: Attribute) -> impl Iterator<Item = (&str, &[usize])> {
        let values = self.by_value.get(&attribute).into_iter().flatten();
        values.map(|(value, having)| (value.as_str(), having.as_slice()))
    }

    /// The places of the servers that have that value.
    pub(super) fn having(&self, attribute: Attribute, value: &str) -> Option<&[usize]> {
        self.by_value.get(&attribute)?.get(value).map(Vec::as_slice)
    }

    /// Every tag with its values, and the places of the servers that have them.
    pub(super) fn tags(&self) -> &BTreeMap<TagName, BTreeMap<TagValue, Vec<usize>>> {
        &self.by_tag
    }

    /// Whether any server has that tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.by_tag.contains_key(tag)
    }

    /// All servers, sorted by name.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The servers of a pool, sorted by name, without a search.
    pub fn in_pool(&self, pool: &PoolName) -> impl Iterator<Item = &Server> {
        self.with(Attribute::Pool, pool.as_str())
    }

    /// The servers of a site, sorted by name, without a search.
    pub fn in_site(&self, site: &SiteName) -> impl Iterator<Item = &Server> {
        self.with(Attribute::Site, site.as_str())
    }

    /// The servers of a rack, sorted by name, without a search; racks of different sites may have the same name.
    pub fn in_rack(&self, rack: &RackName) -> impl Iterator<Item = &Server> {
        self.with(Attribute::Rack, rack.as_str())
    }

    /// How many servers a pool has.
    #[must_use]
    pub fn size_of_pool(&self, pool: &PoolName) -> usize {
        self.having(Attribute::Pool, pool.as_str()).map_or(0, <[usize]>::len)
    }

    /// Where that very record stands in [`Self::servers`], without a look at what it says; `None` of a copy.
    #[must_use]
    pub fn place_of(&self, record: &Server) -> Option<usize> {
        let from_the_first = std::ptr::from_ref(record).addr().checked_sub(self.servers.as_ptr().addr())?;
        Some(from_the_first / size_of::<Server>()).filter(|place| *place < self.servers.len())
    }

    fn with(&self, attribute: Attribute, value: &str) -> impl Iterator<Item = &Server> {
        let places = self.having(attribute, value).unwrap_or_default();
        places.iter().filter_map(|place| self.servers.get(*place))
    }

    /// The server of that name.
    #[must_use]
    pub fn by_name(&self, name: &ServerName) -> Option<&Server> {
        self.by_name.get(name).and_then(|index| self.servers.get(*index))
    }

    /// Where a server of that name stands in [`Self::servers`].
    pub(super) fn place(&self, name: &ServerName) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The server of that id.
    #[must_use]
    pub fn by_id(&self, id: &ServerId) -> Option<&Server> {
        self.by_id.get(id).and_then(|index| self.servers.get(*index))
    }

    /// When the source was read.
    #[must_use]
    pub fn fetched_at(&self) -> Timestamp {
        self.fetched_at
    }

    /// Every distinct value of something, e.g. of sites, sorted.
    pub fn distinct<'a, T: Ord>(&'a self, of: impl Fn(&'a Server) -> Option<T>) -> BTreeSet<T> {
        self.servers.iter().filter_map(of).collect()
    }
}

fn is_label(name: &str) -> bool {
    let fits = (1..=63).contains(&name.len()) && !name.starts_with('-') && !name.ends_with('-');
    fits && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
