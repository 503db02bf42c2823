//! What is known of each server, by its id: a copy costs next to nothing, and what changes in one costs little, however large
//! the fleet and whoever else still holds what was known before.
//!
//! Deliberately absent: any order; whoever needs one sorts.

use crate::domain::server::ServerId;
use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Among so many maps the servers are spread; where something changes, one of them is copied.
const SHARDS: usize = 256;

/// A hash that takes ids by the word: they are short, and come from the inventory, so nobody chooses them to collide.
#[derive(Clone, Default)]
struct ByWord(u64);

impl ByWord {
    fn mix(&mut self, word: u64) {
        let mixed = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

impl Hasher for ByWord {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        let rest = rest.iter().rfold(bytes.len() as u64, |word, byte| (word << 8) | u64::from(*byte));
        self.mix(rest);
    }

    fn write_u8(&mut self, end: u8) {
        self.0 = self.0.wrapping_add(end.into());
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Shard<T> = Arc<HashMap<ServerId, T, BuildHasherDefault<ByWord>>>;

/// One value a server at most.
#[derive(Clone, PartialEq, Eq)]
pub struct ByServer<T> {
    shards: Vec<Shard<T>>,
}

impl<T> Default for ByServer<T> {
    fn default() -> Self {
        Self { shards: vec![Shard::default(); SHARDS] }
    }
}

impl<T: Debug> Debug for ByServer<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

fn shard(server: &ServerId) -> usize {
    let mut hash = ByWord::default();
    hash.write(server.as_str().as_bytes());
    // A shard itself goes by the lowest and the highest bits, so these are taken from between.
    usize::from(hash.finish().to_le_bytes().get(4).copied().unwrap_or(0)) % SHARDS
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
