//! Claims: what makes a send idempotent.
//!
//! Before it appends, a send records its `client_message_id` in the sender's
//! inbox row, which remembers the last [`REMEMBERED`] with the time of each. Of
//! several sends with one id exactly one finds it new. Whoever finds it there
//! looks through the log back to that time before it appends; and every append
//! is conditional on the position after the last one looked at. So no two
//! appends of one id can both succeed.

use crate::time::CLOCK_SKEW_MAX;
use crate::{Message, Timestamp};

/// How many ids a sender's inbox row remembers per conversation.
pub const REMEMBERED: usize = 32;

/// What recording an id came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The id was new and is recorded.
    Fresh,
    /// An earlier send recorded it at that time; it may or may not have appended since.
    Repeated {
        /// By the clock of the server that recorded it.
        claimed_at: Timestamp,
    },
    /// The sender has no inbox row for the conversation.
    NotAMember,
}

/// Whether a message that was appended after a claim could still lie before `oldest_seen`.
///
/// True lets a search from the newest message backwards stop. Any append of a
/// claimed id follows its claim, but the two may be timed by different clocks.
/// A position ahead of `oldest_seen` may moreover be timed later than it, by
/// another clock again: hence twice the largest skew.
pub fn searched_far_enough(oldest_seen: &Message, claimed_at: Timestamp) -> bool {
    oldest_seen.sent_at < claimed_at.minus(CLOCK_SKEW_MAX * 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Attempt;
    use crate::{Content, ConversationId, Kind, Seq, UserId};

    #[track_caller]
    fn check(sent_at_ms: u64, claimed_at_ms: u64, expected: bool) {
        let user = |n: u128| UserId::new(ulid::Ulid(n));
        let message = Message {
            conversation: ConversationId::dm(user(1), user(2)).unwrap(),
            seq: Seq::FIRST,
            sender: user(1),
            client_message_id: "c".parse().unwrap(),
            content: Content::default(),
            kind: Kind::Text,
            sent_at: Timestamp::from_ms(sent_at_ms),
            attempt: Attempt(0),
        };
        assert_eq!(searched_far_enough(&message, Timestamp::from_ms(claimed_at_ms)), expected);
    }

    #[test]
    fn a_search_goes_back_to_the_claim_and_the_clocks_difference() {
        check(100_000, 100_000, false);
        check(80_000, 100_000, false);
        check(79_999, 100_000, true);
    }
}
