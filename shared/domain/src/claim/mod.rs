//! Claims: they make a send idempotent.
//!
//! Before a send appends, it records its `client_message_id` in the sender's inbox row. The row remembers the last
//! [`REMEMBERED`] ids and the time of each. Of several sends with one id, exactly one finds it new. A send that finds
//! the id there searches the log back to that time, and renews the claim, before it appends. Every append is
//! conditional on the position after the last one that the search read. So no two appends of one id can both succeed.
//!
//! A send that is refused after its claim releases the claim, unless another send has renewed it, or has claimed the
//! id anew after the first claim was forgotten. So the claims in an inbox row belong to messages, and to attempts of
//! unknown outcome.

mod window;

use std::time::Duration;

pub use window::{AttemptTag, ClaimWindow, Holder, Slot};

use crate::time::{AHEAD_MAX, CLOCK_SKEW_MAX};
use crate::{Message, Timestamp, UserId};

/// A user's last messages of a conversation that can be sent again. Source: PROTOCOL.md, guarantee 2.
pub const MESSAGES_REMEMBERED: usize = 32;

/// Sends of unknown outcome that a client may have in a conversation. Source: PROTOCOL.md, guarantee 2.
pub const UNACKED_MAX: usize = 16;

/// Number of ids that a sender's inbox row remembers.
pub const REMEMBERED: usize = MESSAGES_REMEMBERED + UNACKED_MAX;

/// Most by which a store may round the time of a claim down.
pub const ROUNDING_MAX: Duration = Duration::from_secs(32);

/// Outcome of recording an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The id was new, and this send has recorded it.
    Fresh {
        /// When the claim was made whose place this one took; that claim may have been released. `None` if the place
        /// was free, so that no claim was ever forgotten.
        forgot: Option<Timestamp>,
    },
    /// An earlier send recorded the id at that time; it may or may not have appended since.
    Repeated {
        /// By the clock of the server that recorded the id.
        claimed_at: Timestamp,
    },
    /// The sender has no inbox row for the conversation.
    NotAMember,
}

impl Claim {
    /// Whether this send has recorded the id, and may release it.
    pub const fn is_fresh(self) -> bool {
        matches!(self, Self::Fresh { .. })
    }
}

/// Longest time from the start of a send to its append. The start gives the message its time.
///
/// Source: API Gateway quotas, "Integration timeout" (29 s); no function runs longer.
pub const APPEND_DELAY_MAX: Duration = Duration::from_secs(30);

/// By how much the times of two entries of a log may be in the opposite order: a slow send, and another clock.
pub(crate) const DISORDER_MAX: Duration = APPEND_DELAY_MAX.saturating_add(CLOCK_SKEW_MAX);

/// Age from which a forgotten claim no longer matters to a fresh one: a message under the forgotten id is then older
/// than the part of the log that the fresh claim has to search.
const FORGOTTEN_LONG_AGO: Duration = DISORDER_MAX.saturating_add(DISORDER_MAX).saturating_add(ROUNDING_MAX);

/// Whether a message that was appended after a claim can only lie after `oldest_seen`.
///
/// If true, a search from the newest message backwards stops. Every append of a claimed id follows its claim. Entries
/// after that append were appended later, but may have an earlier time, because of a slow send and of another clock.
pub fn searched_far_enough(oldest_seen: &Message, claimed_at: Timestamp) -> bool {
    lies_before_stretch(oldest_seen.sent_at, claimed_at)
}

/// Whether an entry of this time was appended before a claim, and so before any append of the claiming send.
///
/// The stretch of a claim is the part of a log in which its send can have appended.
pub fn lies_before_stretch(sent_at: Timestamp, claimed_at: Timestamp) -> bool {
    sent_at < claimed_at.minus(DISORDER_MAX)
}

/// Whether an entry of this time was appended after every possible append of the send that made the claim.
pub fn lies_after_stretch(sent_at: Timestamp, claimed_at: Timestamp) -> bool {
    sent_at > claimed_at.plus(ROUNDING_MAX).plus(DISORDER_MAX).plus(CLOCK_SKEW_MAX)
}

/// Whether a message under a freshly claimed id can only lie after the entries that were appended before the claim.
///
/// False where a claim was forgotten a short time ago: the id may have been claimed before that, by a send that was
/// slow to append. The search then goes on until it has read [`MESSAGES_REMEMBERED`] entries of the sender.
pub fn lies_after_known(forgot: Option<Timestamp>, now: Timestamp) -> bool {
    forgot.is_none_or(|forgot| forgot < now.minus(FORGOTTEN_LONG_AGO))
}

/// Shortest retention of messages that expire.
pub const RETENTION_MIN: Duration = Duration::from_secs(24 * 3600);

/// How long before a claim is [`RETENTION_MIN`] old its message may be removed. The message may have an earlier time
/// than the claim, if a slow send appended it and found the claim, and the search for it may have begun a while ago.
const EXPIRED_EARLY_MAX: Duration = DISORDER_MAX.saturating_add(AHEAD_MAX);

/// Whether the message of a claim may have expired and been removed, for a send that began at `now`.
pub fn may_have_expired(claimed_at: Timestamp, now: Timestamp) -> bool {
    claimed_at.plus(RETENTION_MIN) <= now.plus(EXPIRED_EARLY_MAX)
}

/// Summary of the entries that a search has read, from the newest one backwards.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    lowest: Option<u64>,
    own: usize,
    has_hole: bool,
}

impl Seen {
    /// Adds the next entry, which is older than those before it.
    pub fn add(&mut self, entry: &Message, sender: UserId) {
        self.has_hole |= self.lowest.is_some_and(|lowest| lowest != entry.seq.get() + 1);
        self.own += usize::from(entry.sender == sender);
        self.lowest = Some(entry.seq.get());
    }

    /// Records that the log has no entry before the last one added.
    pub fn end(&mut self) {
        self.has_hole |= self.lowest != Some(1);
    }

    /// Whether the search has read all of the sender's messages that can be sent again.
    pub const fn has_enough_own(&self) -> bool {
        self.own >= MESSAGES_REMEMBERED
    }

    /// Whether entries may have been removed between the entries that the search read, or before them.
    pub const fn has_hole(&self) -> bool {
        self.has_hole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Attempt;
    use crate::{Content, ConversationId, Kind, Seq};

    fn user(n: u128) -> UserId {
        UserId::new(ulid::Ulid(n))
    }

    fn message(seq: u64, sent_at_ms: u64) -> Message {
        Message {
            conversation: ConversationId::dm(user(1), user(2)).unwrap(),
            seq: Seq::new(seq).unwrap(),
            sender: user(1),
            client_message_id: "c".parse().unwrap(),
            content: Content::default(),
            kind: Kind::Text,
            sent_at: Timestamp::from_ms(sent_at_ms),
            attempt: Attempt(0),
            expires_at: None,
            mark_revision: 0,
        }
    }

    #[track_caller]
    fn check(sent_at_ms: u64, claimed_at_ms: u64, expected: bool) {
        let message = message(1, sent_at_ms);
        assert_eq!(searched_far_enough(&message, Timestamp::from_ms(claimed_at_ms)), expected);
    }

    #[test]
    fn a_search_goes_back_to_the_claim_a_slow_send_and_the_clocks_difference() {
        check(100_000, 100_000, false);
        check(60_000, 100_000, false);
        check(59_999, 100_000, true);
    }

    fn at(n: u64) -> Timestamp {
        Timestamp::from_ms(n)
    }

    #[test]
    fn a_fresh_claim_needs_no_full_search_unless_the_window_was_filled_in_two_minutes() {
        assert!(lies_after_known(None, at(0)));
        assert!(!lies_after_known(Some(at(500_000)), at(500_000)));
        assert!(!lies_after_known(Some(at(388_000)), at(500_000)));
        assert!(lies_after_known(Some(at(387_999)), at(500_000)));
    }

    #[test]
    fn a_hole_and_a_missing_beginning_are_found() {
        let seen = |seqs: &[u64], is_all: bool| {
            let mut seen = Seen::default();
            seqs.iter().for_each(|seq| seen.add(&message(*seq, 1), user(1)));
            if is_all {
                seen.end();
            }
            seen.has_hole()
        };
        assert!(!seen(&[3, 2, 1], true));
        assert!(!seen(&[9, 8], false));
        assert!(seen(&[9, 7], false));
        assert!(seen(&[9, 8], true));
        assert!(seen(&[], true));
    }

    #[test]
    fn the_message_of_a_claim_may_have_expired_after_a_day() {
        let day_ms = 86_400_000;
        assert!(!may_have_expired(at(0), at(day_ms - 80_001)));
        assert!(may_have_expired(at(0), at(day_ms - 80_000)));
    }

    #[test]
    fn a_message_may_be_removed_before_its_claim_is_a_day_old() {
        let claimed_at = at(1_000_000);
        let by_a_slow_send = claimed_at.minus(DISORDER_MAX);
        let removed_at = by_a_slow_send.plus(RETENTION_MIN);
        assert!(may_have_expired(claimed_at, removed_at.minus(AHEAD_MAX)));
    }

    #[test]
    fn the_append_of_a_claiming_send_lies_in_a_stretch_around_the_claim() {
        let claimed_at = at(1_000_000);
        assert!(lies_before_stretch(at(959_999), claimed_at));
        assert!(!lies_before_stretch(at(960_000), claimed_at));
        // The claim was rounded down, the send was slow, and the clock of the next writer was behind.
        assert!(!lies_after_stretch(at(1_082_000), claimed_at));
        assert!(lies_after_stretch(at(1_082_001), claimed_at));
    }
}
