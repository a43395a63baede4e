//! A bounded map that drops its oldest entries.

use std::collections::HashMap;
use std::hash::Hash;

/// Two halves instead of a list in order of use: when the younger half is full, it replaces the older one, which is
/// dropped. So recent entries stay, at the price of a map.
#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    capacity: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V: Copy> Generations<K, V> {
    /// Creates an empty map for at most `capacity` entries.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, young: HashMap::new(), old: HashMap::new() }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }

    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.capacity / 2 && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_its_capacity_and_keeps_young_entries() {
        let mut map = Generations::new(100);
        for n in 0..200 {
            map.put(n, n);
        }
        assert!(map.young.len() + map.old.len() <= 100);
        assert_eq!((map.get(&199), map.get(&0)), (Some(199), None));
    }
}
