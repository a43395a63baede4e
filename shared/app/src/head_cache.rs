//! Heads of logs that this process has seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use confab_domain::{ConversationId, Seq};

/// Conversations that are remembered at most. Unit: conversations of about 100 bytes each.
const CAPACITY: usize = 10_000;

/// The last known head of each conversation, kept while a process is warm.
///
/// Only ever a bound: positions up to a remembered head were used before, and
/// more may have been since.
#[derive(Debug, Default)]
pub struct HeadCache {
    heads: Mutex<Generations>,
}

/// Two halves instead of a list in order of use: when the younger is full, the
/// older is dropped. So what was used lately stays, at the price of a map.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<ConversationId, Seq>,
    old: HashMap<ConversationId, Seq>,
}

impl Generations {
    fn get(&self, conversation: ConversationId) -> Option<Seq> {
        self.young.get(&conversation).or_else(|| self.old.get(&conversation)).copied()
    }
}

impl HeadCache {
    /// The head, if it is remembered.
    pub fn get(&self, conversation: ConversationId) -> Option<Seq> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).get(conversation)
    }

    /// Remembers a head, unless a later one is remembered.
    pub fn put(&self, conversation: ConversationId, head: Seq) {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        if heads.get(conversation) > Some(head) {
            return;
        }
        if heads.young.len() >= CAPACITY / 2 && !heads.young.contains_key(&conversation) {
            heads.old = std::mem::take(&mut heads.young);
        }
        heads.young.insert(conversation, head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(n: usize) -> ConversationId {
        format!("grp_{n:026}").parse().unwrap()
    }

    fn seq(n: u64) -> Seq {
        Seq::new(n).unwrap()
    }

    #[test]
    fn a_head_never_goes_back() {
        let cache = HeadCache::default();
        cache.put(conversation(1), seq(5));
        cache.put(conversation(1), seq(4));
        assert_eq!(cache.get(conversation(1)), Some(seq(5)));
    }

    #[test]
    fn the_cache_stays_within_its_capacity_and_keeps_what_is_young() {
        let cache = HeadCache::default();
        for n in 0..2 * CAPACITY {
            cache.put(conversation(n), seq(1));
        }
        let heads = cache.heads.lock().unwrap();
        assert!(heads.young.len() + heads.old.len() <= CAPACITY);
        assert!(heads.young.contains_key(&conversation(2 * CAPACITY - 1)));
    }
}
