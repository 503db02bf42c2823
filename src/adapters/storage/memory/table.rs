//! A table in memory whose changes can be taken back until they are settled.

use std::collections::BTreeMap;

/// Rows by key, with what they were before the operation under way.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    before: Vec<(K, Option<V>)>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), before: Vec::new() }
    }
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key)
    }

    pub(super) fn rows(&self) -> &BTreeMap<K, V> {
        &self.rows
    }

    pub(super) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.rows.values()
    }

    /// The number of the next row of a table that only grows, counted from 1.
    pub(super) fn next_sequence(&self) -> i64 {
        i64::try_from(self.rows.len()).unwrap_or(i64::MAX).saturating_add(1)
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        let before = self.rows.insert(key.clone(), value);
        self.before.push((key, before));
    }

    pub(super) fn remove(&mut self, key: &K) {
        if let Some(before) = self.rows.remove(key) {
            self.before.push((key.clone(), Some(before)));
        }
    }

    /// Changes a row; tells whether there is one.
    pub(super) fn change(&mut self, key: &K, change: impl FnOnce(&mut V)) -> bool {
        let Some(row) = self.rows.get(key) else { return false };
        let mut row = row.clone();
        change(&mut row);
        self.put(key.clone(), row);
        true
    }

    /// What was changed stays.
    pub(super) fn settle(&mut self) {
        self.before.clear();
    }

    /// What was changed is taken back, the last change first.
    pub(super) fn take_back(&mut self) {
        while let Some((key, before)) = self.before.pop() {
            match before {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }
}
