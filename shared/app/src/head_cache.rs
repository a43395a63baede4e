//! Heads of logs that this process has seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use confab_domain::log::Head;
use confab_domain::{ConversationId, Timestamp};

/// Conversations that are remembered at most. Unit: conversations of about 100 bytes each.
const CAPACITY: usize = 10_000;

/// How long a head is remembered after the message at it was sent.
///
/// Where messages expire, a log that lost them all goes on after its reserved
/// block. A head from before that would lead to a position that was skipped. The
/// shortest retention is a day, so a message of the last hour is still there.
const REMEMBERED_FOR: Duration = Duration::from_secs(3600);

/// The last known head of each conversation, kept while a process is warm.
///
/// Only ever a hint that was true once: positions up to a cached head exist, and
/// more may follow. An append at a stale head finds its position taken.
#[derive(Debug, Default)]
pub struct HeadCache {
    heads: Mutex<Generations>,
}

/// Two halves instead of a list in order of use: when the younger is full, the
/// older is dropped. So what was used lately stays, at the price of a map.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<ConversationId, Remembered>,
    old: HashMap<ConversationId, Remembered>,
}

#[derive(Clone, Copy, Debug)]
struct Remembered {
    head: Head,
    sent_at: Timestamp,
}

impl HeadCache {
    /// The head, if it is remembered.
    pub fn get(&self, conversation: ConversationId, now: Timestamp) -> Option<Head> {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heads.young.get(&conversation).or_else(|| heads.old.get(&conversation))?;
        (now.since(known.sent_at) < REMEMBERED_FOR).then_some(known.head)
    }

    /// Remembers the head that a message sent at `sent_at` is at, unless a later one is remembered.
    pub fn put(&self, conversation: ConversationId, head: Head, sent_at: Timestamp) {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heads.young.get(&conversation).or_else(|| heads.old.get(&conversation));
        if known.is_some_and(|known| known.head.last > head.last) {
            return;
        }
        if heads.young.len() >= CAPACITY / 2 && !heads.young.contains_key(&conversation) {
            heads.old = std::mem::take(&mut heads.young);
        }
        heads.young.insert(conversation, Remembered { head, sent_at });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_domain::Seq;

    fn conversation(n: u128) -> ConversationId {
        format!("grp_{n:026}").parse().map_or_else(|_| panic!("{n} makes no id"), ConversationId::Group)
    }

    fn head(n: u64) -> Head {
        Head { last: Seq::new(n), reserved: None }
    }

    const NOW: Timestamp = Timestamp::from_ms(10_000_000);

    #[test]
    fn a_head_never_goes_back() {
        let cache = HeadCache::default();
        cache.put(conversation(1), head(5), NOW);
        cache.put(conversation(1), head(4), NOW);
        assert_eq!(cache.get(conversation(1), NOW), Some(head(5)));
    }

    #[test]
    fn a_head_is_forgotten_long_before_its_message_can_expire() {
        let cache = HeadCache::default();
        cache.put(conversation(1), head(5), NOW);
        assert_eq!(cache.get(conversation(1), NOW.plus(REMEMBERED_FOR)), None);
    }

    #[test]
    fn the_cache_stays_within_its_capacity_and_keeps_what_is_young() {
        let cache = HeadCache::default();
        for n in 0..2 * CAPACITY as u128 {
            cache.put(conversation(n), head(1), NOW);
        }
        let heads = cache.heads.lock().unwrap();
        assert!(heads.young.len() + heads.old.len() <= CAPACITY);
        assert!(heads.young.contains_key(&conversation(2 * CAPACITY as u128 - 1)));
    }
}
