//! One snapshot of the inventory, sorted and indexed by name.

use crate::domain::server::{Server, ServerId, ServerName};
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Every server that is not retired, at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inventory {
    servers: Vec<Server>,
    by_name: BTreeMap<ServerName, usize>,
    by_id: BTreeMap<ServerId, usize>,
    fetched_at: Timestamp,
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
        let mut by_name = BTreeMap::new();
        let mut by_id = BTreeMap::new();
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
        }
        Ok(Self { servers, by_name, by_id, fetched_at })
    }

    /// All servers, sorted by name.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The server of that name.
    #[must_use]
    pub fn by_name(&self, name: &ServerName) -> Option<&Server> {
        self.by_name.get(name).and_then(|index| self.servers.get(*index))
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
