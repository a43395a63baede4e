//! How long messages are kept, without ever reusing a position.
//!
//! Where messages expire, a quiet log may lose its every message, and with them
//! the knowledge of its head. So each log has a floor, which does not expire. It
//! says where the head was at some time, and how far positions may have been
//! used since: a block of them is set aside before the first is used.
//!
//! A log that was emptied goes on after the block, unless it is certain that
//! nothing of the block was used. Two senders who would judge that differently
//! both have to change the floor first, by compare-and-set; so they agree.

use std::time::Duration;

use crate::claim::APPEND_DELAY_MAX;
use crate::time::CLOCK_SKEW_MAX;
use crate::{Message, Seq, Timestamp};

/// Positions that are set aside at once: one more write per so many messages.
pub const BLOCK: u64 = 64;

/// How long before it expires a message stops to prove that it is the newest.
///
/// What was appended after it may bear an earlier time, by a slow send and by
/// another clock, and so may have been removed before it, by a third clock.
const CERTAIN_UNTIL: Duration =
    APPEND_DELAY_MAX.saturating_add(CLOCK_SKEW_MAX).saturating_add(CLOCK_SKEW_MAX);

/// How long before it expires a message stops to be relied on without the floor:
/// everybody else has to find it certain until the append that relies on it.
const RELIED_ON_UNTIL: Duration =
    CERTAIN_UNTIL.saturating_add(APPEND_DELAY_MAX).saturating_add(CLOCK_SKEW_MAX);

/// What is known of a log beside its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The last position that was used at [`Floor::at`].
    pub head: Option<Seq>,
    /// When that was so.
    pub at: Timestamp,
    /// Positions after `head` and up to this one may have been used since.
    pub upto: Seq,
}

/// Where a log goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footing {
    /// The last position that may have been used.
    pub head: Option<Seq>,
    /// What the floor has to be before the next position is used; `None` if it will do as it is.
    pub floor: Option<Floor>,
}

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

    /// Whether logs need a floor.
    pub const fn is_limited(self) -> bool {
        self.0.is_some()
    }

    /// When a message that is sent at `sent_at` expires.
    pub fn expires_at(self, sent_at: Timestamp) -> Option<Timestamp> {
        self.0.map(|kept| sent_at.plus(kept))
    }

    /// Whether a message that was sent at `sent_at` has expired.
    pub fn has_expired(self, sent_at: Timestamp, now: Timestamp) -> bool {
        self.expires_at(sent_at).is_some_and(|expires_at| expires_at <= now)
    }

    /// Whether all that was sent from `time` on is there, and will be for `duration`.
    fn keeps(self, time: Timestamp, now: Timestamp, duration: Duration) -> bool {
        !self.has_expired(time, now.plus(duration))
    }

    /// Whether something may have followed the newest message that is left, and have been removed before it, or be until
    /// the end of what begins `now`.
    pub fn may_hide_newer(self, newest: Option<&Message>, now: Timestamp) -> bool {
        newest.is_none_or(|newest| !self.keeps(newest.sent_at, now, RELIED_ON_UNTIL))
    }

    /// Where a log goes on after its newest message, which may have expired, or after its floor.
    pub fn footing(self, newest: Option<&Message>, floor: Option<Floor>, now: Timestamp) -> Footing {
        let newest_seq = newest.map(|newest| newest.seq);
        if !self.is_limited() {
            return Footing { head: newest_seq.or(floor.map(|floor| floor.upto)), floor: None };
        }
        let newest_keeps = |until| newest.is_some_and(|newest| self.keeps(newest.sent_at, now, until));
        let floor_keeps = |until| floor.is_some_and(|floor| self.keeps(floor.at, now, until));
        let head = match floor {
            Some(floor) if !newest_keeps(CERTAIN_UNTIL) && !floor_keeps(CERTAIN_UNTIL) => Some(floor.upto),
            _ => newest_seq.max(floor.and_then(|floor| floor.head)),
        };
        let set_aside = floor.is_some_and(|floor| head < Some(floor.upto));
        let certain = newest_seq == head && newest_keeps(RELIED_ON_UNTIL)
            || floor.is_some_and(|floor| floor.head == head) && floor_keeps(RELIED_ON_UNTIL);
        if set_aside && certain {
            return Footing { head, floor: None };
        }
        let block_end = Seq::new(head.map_or(0, Seq::get) + BLOCK).unwrap_or(Seq::MAX);
        let upto = floor.map_or(block_end, |floor| if set_aside { floor.upto } else { block_end });
        Footing { head, floor: Some(Floor { head, at: now, upto }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Attempt;
    use crate::{Content, ConversationId, Kind, UserId};

    const DAY_MS: u64 = 86_400_000;
    const ONE_DAY: Retention = Retention::days(1);

    fn seq(n: u64) -> Seq {
        Seq::new(n).unwrap()
    }

    fn floor(head: u64, at_ms: u64, upto: u64) -> Floor {
        Floor { head: Seq::new(head), at: Timestamp::from_ms(at_ms), upto: seq(upto) }
    }

    fn sent(n: u64, sent_at_ms: u64) -> Message {
        let user = |n: u128| UserId::new(ulid::Ulid(n));
        Message {
            conversation: ConversationId::dm(user(1), user(2)).unwrap(),
            seq: seq(n),
            sender: user(1),
            client_message_id: "c".parse().unwrap(),
            content: Content::default(),
            kind: Kind::Text,
            sent_at: Timestamp::from_ms(sent_at_ms),
            attempt: Attempt(0),
        }
    }

    #[track_caller]
    fn check(
        newest: Option<(u64, u64)>,
        floor: Option<Floor>,
        now_ms: u64,
        head: u64,
        expected: Option<Floor>,
    ) {
        let newest = newest.map(|(n, sent_at_ms)| sent(n, sent_at_ms));
        let footing = ONE_DAY.footing(newest.as_ref(), floor, Timestamp::from_ms(now_ms));
        assert_eq!(footing, Footing { head: Seq::new(head), floor: expected });
    }

    #[test]
    fn no_floor_is_needed_where_nothing_expires() {
        let footing = Retention::FOR_EVER.footing(Some(&sent(7, 0)), None, Timestamp::from_ms(u64::MAX / 2));
        assert_eq!(footing, Footing { head: Some(seq(7)), floor: None });
    }

    #[test]
    fn a_log_that_was_emptied_goes_on_after_its_block_also_where_nothing_expires_any_more() {
        let footing = Retention::FOR_EVER.footing(None, Some(floor(0, 5, 64)), Timestamp::from_ms(6));
        assert_eq!(footing, Footing { head: Some(seq(64)), floor: None });
    }

    #[test]
    fn a_block_is_set_aside_before_its_first_position_is_used() {
        check(None, None, 5, 0, Some(floor(0, 5, 64)));
        check(None, Some(floor(0, 5, 64)), 6, 0, None);
        check(Some((63, 5)), Some(floor(0, 5, 64)), 6, 63, None);
        check(Some((64, 5)), Some(floor(0, 5, 64)), 6, 64, Some(floor(64, 6, 128)));
    }

    #[test]
    fn a_log_that_was_emptied_goes_on_after_its_block() {
        check(None, Some(floor(0, 5, 64)), 5 + DAY_MS, 64, Some(floor(64, 5 + DAY_MS, 128)));
        check(None, Some(floor(64, 5 + DAY_MS, 128)), 6 + DAY_MS, 64, None);
    }

    #[test]
    fn a_block_of_which_nothing_was_used_is_not_skipped() {
        check(None, Some(floor(0, 5, 64)), DAY_MS - 100_000, 0, None);
        check(None, Some(floor(0, 5, 64)), DAY_MS - 70_000, 0, Some(floor(0, DAY_MS - 70_000, 64)));
    }

    #[test]
    fn a_newest_message_that_may_vanish_is_written_down_first() {
        let newest = Some((7, 5));
        check(newest, Some(floor(0, 5, 64)), DAY_MS - 100_000, 7, None);
        check(newest, Some(floor(0, 5, 64)), DAY_MS - 70_000, 7, Some(floor(7, DAY_MS - 70_000, 64)));
        check(newest, Some(floor(7, DAY_MS - 70_000, 64)), DAY_MS, 7, None);
    }

    /// DynamoDB removes expired items in no particular order.
    #[test]
    fn an_expired_message_may_not_have_been_the_newest() {
        check(Some((7, 5)), Some(floor(0, 5, 64)), DAY_MS, 64, Some(floor(64, DAY_MS, 128)));
    }

    #[test]
    fn who_comes_late_goes_on_where_another_has_jumped_to() {
        check(Some((7, 5)), Some(floor(64, DAY_MS + 5, 128)), DAY_MS + 6, 64, None);
    }

    #[test]
    fn a_message_expires_its_days_after_it_was_sent() {
        let sent_at = Timestamp::from_ms(5);
        assert_eq!(Retention::FOR_EVER.expires_at(sent_at), None);
        let two_days = Retention::days(2);
        assert_eq!(two_days.expires_at(sent_at), Some(Timestamp::from_ms(2 * DAY_MS + 5)));
        assert!(!two_days.has_expired(sent_at, Timestamp::from_ms(2 * DAY_MS + 4)));
        assert!(two_days.has_expired(sent_at, Timestamp::from_ms(2 * DAY_MS + 5)));
    }
}
