//! What is known of each server, by its id: a copy costs next to nothing, and what changes in one costs little, however large
//! the fleet and whoever else still holds what was known before.
//!
//! Deliberately absent: any order; whoever needs one sorts.

use crate::domain::server::ServerId;
use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

/// Among so many maps the servers are spread; where something changes, one of them is copied.
const SHARDS: usize = 256;

/// One value a server at most.
#[derive(Clone, PartialEq, Eq)]
pub struct ByServer<T> {
    shards: Vec<Arc<HashMap<ServerId, T>>>,
}

impl<T> Default for ByServer<T> {
    fn default() -> Self {
        let none = Arc::<HashMap<ServerId, T>>::default();
        Self { shards: vec![none; SHARDS] }
    }
}

impl<T: Debug> Debug for ByServer<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// FNV-1a: ids differ in their last characters.
fn shard(server: &ServerId) -> usize {
    let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let hash = server.as_str().as_bytes().iter().fold(0x811c_9dc5, mix);
    // Its lowest bits are good enough to spread by.
    hash as usize % SHARDS
}

impl<T> ByServer<T> {
    /// What is known of one.
    #[must_use]
    pub fn get(&self, server: &ServerId) -> Option<&T> {
        self.shards.get(shard(server))?.get(server)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&ServerId, &T)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    /// All that is known, in no order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.shards.iter().flat_map(|shard| shard.values())
    }
}

impl<T: Clone> ByServer<T> {
    /// Knows it of that server from now on; other copies do not change.
    pub fn insert(&mut self, server: ServerId, value: T) {
        if let Some(shard) = self.shards.get_mut(shard(&server)) {
            Arc::make_mut(shard).insert(server, value);
        }
    }
}

impl<T: Clone> Extend<(ServerId, T)> for ByServer<T> {
    fn extend<I: IntoIterator<Item = (ServerId, T)>>(&mut self, values: I) {
        values.into_iter().for_each(|(server, value)| self.insert(server, value));
    }
}

impl<T: Clone> FromIterator<(ServerId, T)> for ByServer<T> {
    fn from_iter<I: IntoIterator<Item = (ServerId, T)>>(values: I) -> Self {
        let mut known = Self::default();
        known.extend(values);
        known
    }
}
