//! Cache of the heads of logs.

use std::sync::{Mutex, PoisonError};

use confab_domain::{ConversationId, Seq};

use crate::generations::Generations;

/// Maximum number of remembered conversations. Unit: conversations of about 100 bytes each.
const CAPACITY: usize = 10_000;

/// The last known head of each conversation, kept while a process is warm.
///
/// A remembered head is only a lower bound: all positions up to it are used, and more may be.
#[derive(Debug)]
pub struct HeadCache {
    heads: Mutex<Generations<ConversationId, Seq>>,
}

impl Default for HeadCache {
    fn default() -> Self {
        Self { heads: Mutex::new(Generations::new(CAPACITY)) }
    }
}

impl HeadCache {
    /// Returns the head, if it is remembered.
    pub fn get(&self, conversation: ConversationId) -> Option<Seq> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).get(&conversation)
    }

    /// Remembers a head, unless a later one is remembered.
    pub fn put(&self, conversation: ConversationId, head: Seq) {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        if heads.get(&conversation) <= Some(head) {
            heads.put(conversation, head);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_never_goes_back() {
        let (cache, conversation) = (HeadCache::default(), format!("grp_{:026}", 1).parse().unwrap());
        cache.put(conversation, Seq::new(5).unwrap());
        cache.put(conversation, Seq::new(4).unwrap());
        assert_eq!(cache.get(conversation), Seq::new(5));
    }
}
