//! Whether a message that was posted has reached somebody.

use crate::lease::{HeartbeatPolicy, Lease, SLACK_MAX};
use crate::{Status, Timestamp};

/// What has become of the posts of a message to the connections of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostStatus {
    /// The gateway took one.
    Taken,
    /// None was taken yet; others are still to be made.
    Pending,
    /// None was taken.
    NotTaken,
}

/// Whether a message has reached a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The user was heard from as often as they should be.
    Active,
    /// Nothing was heard for longer than the usual interval, so that the socket may be dead, or the message is still to be
    /// posted. Known at this time at the latest.
    Unconfirmed(Timestamp),
    /// Nobody is there.
    Offline,
}

impl HeartbeatPolicy {
    /// Whether a message that was sent at `sent_at` has reached a user, by what became of its posts.
    ///
    /// Who was told to beat rarely, since nobody looked, has to answer a probe. Who was heard from between the sending and
    /// the post is not found by whoever looks for what was sent since then ([`missed_since`](Self::missed_since)).
    pub fn liveness(&self, lease: &Lease, posts: PostStatus, sent_at: Timestamp, now: Timestamp) -> Liveness {
        if posts == PostStatus::NotTaken || self.status(lease, true, now) == Status::Offline {
            return Liveness::Offline;
        }
        let is_found_later = sent_at >= Self::missed_since(lease.renewed_at);
        let is_taken = posts == PostStatus::Taken;
        if is_taken && is_found_later && now.since(lease.renewed_at) <= self.interval + self.slack() {
            return Liveness::Active;
        }
        let usual_end = lease.renewed_at.plus(self.timeout + self.slack());
        Liveness::Unconfirmed(self.probed(lease, now).unwrap_or(usual_end).max(now))
    }

    /// From when on messages are missed by somebody who was last heard from then: a lease says so give or take the slack.
    pub fn missed_since(renewed_at: Timestamp) -> Timestamp {
        renewed_at.minus(SLACK_MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::PostStatus::{NotTaken, Pending, Taken};
    use super::*;

    const POLICY: HeartbeatPolicy =
        HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(1_000_000 + seconds * 1000)
    }

    fn lease(renewed: u64, alone_since: Option<u64>) -> Lease {
        Lease { alone_since: alone_since.map(at), ..Lease::begun(at(renewed)) }
    }

    /// Of a message that was posted when it was sent.
    fn liveness(lease: &Lease, posts: PostStatus, now: Timestamp) -> Liveness {
        POLICY.liveness(lease, posts, now, now)
    }

    #[test]
    fn whoever_was_heard_from_within_the_interval_has_it() {
        assert_eq!(liveness(&lease(0, None), Taken, at(0)), Liveness::Active);
        assert_eq!(liveness(&lease(0, None), Taken, at(12)), Liveness::Active);
    }

    #[test]
    fn nobody_has_it_where_no_post_was_taken_or_the_lease_is_out() {
        assert_eq!(liveness(&lease(0, None), NotTaken, at(0)), Liveness::Offline);
        assert_eq!(liveness(&lease(0, None), Taken, at(32)), Liveness::Offline);
        let logged_out = Lease { ends_at: Some(at(1)), ..lease(0, None) };
        assert_eq!(liveness(&logged_out, Taken, at(1)), Liveness::Offline);
    }

    /// Alive or dead: whoever looks when the lease should end knows.
    #[test]
    fn of_a_post_that_is_still_to_be_made_nothing_is_known_before_the_lease_ends() {
        assert_eq!(liveness(&lease(0, None), Pending, at(0)), Liveness::Unconfirmed(at(32)));
        assert_eq!(liveness(&lease(0, None), Pending, at(32)), Liveness::Offline);
    }

    #[test]
    fn a_missing_heartbeat_is_waited_for_until_the_lease_ends() {
        assert_eq!(liveness(&lease(0, None), Taken, at(13)), Liveness::Unconfirmed(at(32)));
        assert_eq!(liveness(&lease(0, None), Taken, at(31)), Liveness::Unconfirmed(at(32)));
    }

    #[test]
    fn whoever_was_told_to_beat_rarely_has_to_answer_a_probe() {
        assert_eq!(liveness(&lease(800, Some(0)), Taken, at(900)), Liveness::Unconfirmed(at(904)));
    }

    #[test]
    fn a_message_that_was_posted_long_after_it_was_sent_proves_nothing_by_a_heartbeat_in_between() {
        let renewed = lease(10, None);
        assert_eq!(POLICY.liveness(&renewed, Taken, at(8), at(11)), Liveness::Active);
        assert_eq!(POLICY.liveness(&renewed, Taken, at(7), at(11)), Liveness::Unconfirmed(at(42)));
    }
}
