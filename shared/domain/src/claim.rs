//! Claims: what makes a send idempotent.
//!
//! Before it appends, a send records its `client_message_id` in the sender's
//! inbox row, which remembers the last [`REMEMBERED`] with the time of each. Of
//! several sends with one id exactly one finds it new. Whoever finds it there
//! looks through the log back to that time before it appends; and every append
//! is conditional on the position after the last one looked at. So no two
//! appends of one id can both succeed.

use std::time::Duration;

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

/// Longest time from the start of a send, which gives a message its time, to its append.
///
/// Source: API Gateway quotas, "Integration timeout" (29 s); no function runs longer.
pub const APPEND_DELAY_MAX: Duration = Duration::from_secs(30);

/// Whether a message that was appended after a claim can only lie after `oldest_seen`.
///
/// True lets a search from the newest message backwards stop. Every append of a
/// claimed id follows its claim. What lies after it in the log was appended later
/// still, but may bear an earlier time: by a slow send, and by another clock.
pub fn searched_far_enough(oldest_seen: &Message, claimed_at: Timestamp) -> bool {
    oldest_seen.sent_at < claimed_at.minus(APPEND_DELAY_MAX + CLOCK_SKEW_MAX)
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
            expires_at: None,
            mark_revision: 0,
        };
        assert_eq!(searched_far_enough(&message, Timestamp::from_ms(claimed_at_ms)), expected);
    }

    #[test]
    fn a_search_goes_back_to_the_claim_a_slow_send_and_the_clocks_difference() {
        check(100_000, 100_000, false);
        check(60_000, 100_000, false);
        check(59_999, 100_000, true);
    }
}
