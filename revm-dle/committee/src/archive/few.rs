//! Small maps: every chain has several, and at a chain at rest they are empty or of a few entries.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A sorted map in one allocation that is no longer than it must be; an empty one has none. Its bytes are those of a
/// [`BTreeMap`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Few<K, V = ()>(Box<[(K, V)]>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<K: Ord, V> Few<K, V> {
    fn at(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }

    /// Whether it has no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it has an entry of this key.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.at(key).is_ok()
    }

    /// Its entries, by rising keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + ExactSizeIterator {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Its keys, rising.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// Its values, by rising keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// Lets go of all of it.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Changes the entries, which stay in order.
    fn change<T>(&mut self, change: impl FnOnce(&mut Vec<(K, V)>) -> T) -> T {
        let mut entries = std::mem::take(&mut self.0).into_vec();
        let done = change(&mut entries);
        self.0 = entries.into_boxed_slice();
        done
    }

    /// Puts an entry in, in place of the one before.
    pub(super) fn insert(&mut self, key: K, value: V) {
        match self.at(&key) {
            Ok(at) => {
                if let Some(known) = self.0.get_mut(at) {
                    known.1 = value;
                }
            }
            Err(at) => self.change(|entries| entries.insert(at, (key, value))),
        }
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.at(key).ok()?;
        Some(self.change(|entries| entries.remove(at)).1)
    }

    /// Keeps the entries that are wanted.
    pub(super) fn retain(&mut self, keep: impl Fn(&K, &V) -> bool) {
        if self.iter().any(|(key, value)| !keep(key, value)) {
            self.change(|entries| entries.retain(|(key, value)| keep(key, value)));
        }
    }
}

impl<K: Ord, V> From<BTreeMap<K, V>> for Few<K, V> {
    fn from(map: BTreeMap<K, V>) -> Self {
        Self(map.into_iter().collect())
    }
}

impl<K: Serialize + Ord, V: Serialize> Serialize for Few<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for Few<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_is_a_map_and_has_a_maps_bytes() {
        let (mut few, mut map) = (Few::default(), BTreeMap::new());
        for (key, value) in [(5_u64, 1_u64), (3, 2), (9, 3), (5, 4), (1, 5)] {
            few.insert(key, value);
            map.insert(key, value);
        }
        assert_eq!((few.remove(&3), few.remove(&3)), (map.remove(&3), None));
        few.retain(|key, _| *key != 9);
        map.remove(&9);
        assert!(few.iter().eq(map.iter()), "{few:?}");
        assert!(few.contains(&5) && !few.contains(&9));
        let bytes = postcard::to_allocvec(&few).unwrap();
        assert_eq!(bytes, postcard::to_allocvec(&map).unwrap());
        assert_eq!(postcard::from_bytes::<Few<u64, u64>>(&bytes).unwrap(), few);
        few.clear();
        assert!(few.is_empty());
    }

    #[test]
    fn without_values_its_bytes_are_a_sets() {
        let (mut few, set) = (Few::default(), BTreeSet::from([7_u64, 300]));
        set.iter().rev().for_each(|key| few.insert(*key, ()));
        assert_eq!(postcard::to_allocvec(&few).unwrap(), postcard::to_allocvec(&set).unwrap());
    }
}
