//! How long messages are kept, without ever reusing a position.
//!
//! Where messages expire, a quiet log may lose its every message, and with them
//! the knowledge of its head. So positions are set aside in blocks, on an item
//! that does not expire, before they are used; a log that was emptied goes on
//! after the block.

use std::time::Duration;

use crate::log::Head;
use crate::{Seq, Timestamp};

/// Positions that are set aside at once: one more write per so many messages.
pub const RESERVED_BLOCK: u64 = 64;

/// How long messages are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention(Option<Duration>);

impl Retention {
    /// For ever.
    pub const FOR_EVER: Self = Self(None);

    /// That many days; 0 is for ever.
    pub const fn days(days: u32) -> Self {
        match days {
            0 => Self::FOR_EVER,
            days => Self(Some(Duration::from_secs(days as u64 * 24 * 3600))),
        }
    }

    /// When a message that is sent at `sent_at` expires.
    pub fn expires_at(self, sent_at: Timestamp) -> Option<Timestamp> {
        self.0.map(|kept| sent_at.plus(kept))
    }

    /// Whether a message that was sent at `sent_at` has expired.
    pub fn has_expired(self, sent_at: Timestamp, now: Timestamp) -> bool {
        self.expires_at(sent_at).is_some_and(|expires_at| expires_at <= now)
    }

    /// The last position to set aside before `seq` may be used, if that has to be done.
    pub fn to_reserve(self, head: Head, seq: Seq) -> Option<Seq> {
        self.0?;
        if head.reserved.is_some_and(|reserved| seq <= reserved) {
            return None;
        }
        Some(Seq::new(seq.get().saturating_add(RESERVED_BLOCK - 1)).unwrap_or(Seq::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(n: u64) -> Seq {
        Seq::new(n).unwrap()
    }

    #[test]
    fn nothing_is_reserved_where_nothing_expires() {
        assert_eq!(Retention::days(0).to_reserve(Head::default(), Seq::FIRST), None);
    }

    #[test]
    fn a_block_is_reserved_before_its_first_position_is_used() {
        let retention = Retention::days(1);
        assert_eq!(retention.to_reserve(Head::default(), seq(1)), Some(seq(64)));
        let head = Head { last: Some(seq(63)), reserved: Some(seq(64)) };
        assert_eq!(retention.to_reserve(head, seq(64)), None);
        assert_eq!(retention.to_reserve(head, seq(65)), Some(seq(128)));
    }

    #[test]
    fn a_message_expires_its_days_after_it_was_sent() {
        let sent_at = Timestamp::from_ms(5);
        assert_eq!(Retention::FOR_EVER.expires_at(sent_at), None);
        let two_days = Retention::days(2);
        assert_eq!(two_days.expires_at(sent_at), Some(Timestamp::from_ms(2 * 86_400_000 + 5)));
        assert!(!two_days.has_expired(sent_at, Timestamp::from_ms(2 * 86_400_000 + 4)));
        assert!(two_days.has_expired(sent_at, Timestamp::from_ms(2 * 86_400_000 + 5)));
    }
}
