//! Liveness of the recipients of a message.

use crate::lease::{HeartbeatPolicy, Lease, SLACK_MAX};
use crate::{Status, Timestamp};

/// Outcome so far of posting a message to the connections of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostStatus {
    /// The gateway accepted at least one post.
    Taken,
    /// No post was accepted yet, and posts are still to be made.
    Pending,
    /// No post was accepted.
    NotTaken,
}

/// Liveness of a recipient of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The lease was renewed within the usual interval, so the message has reached the user.
    Active,
    /// The lease was not renewed for longer than the usual interval, so the socket may be dead; or the message is not
    /// yet posted. The state is known at this time at the latest.
    Unconfirmed(Timestamp),
    /// No post was accepted, or the lease has run out.
    Offline,
}

impl HeartbeatPolicy {
    /// The liveness of a user for a message that was sent at `sent_at`, by the outcome of its posts.
    ///
    /// A user with a longer interval has to answer a probe. A user whose lease was renewed between the sending and
    /// the post is unconfirmed: a later search for missed messages does not go back to this message
    /// ([`missed_since`](Self::missed_since)).
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

    /// Time from which messages count as missed by a user whose last renewal was at `renewed_at`. The lease is exact
    /// only to the slack.
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

    /// The liveness for a message that was posted when it was sent.
    fn liveness(lease: &Lease, posts: PostStatus, now: Timestamp) -> Liveness {
        POLICY.liveness(lease, posts, now, now)
    }

    #[test]
    fn a_lease_renewed_within_the_interval_is_active() {
        assert_eq!(liveness(&lease(0, None), Taken, at(0)), Liveness::Active);
        assert_eq!(liveness(&lease(0, None), Taken, at(12)), Liveness::Active);
    }

    #[test]
    fn a_user_is_offline_if_no_post_was_accepted_or_the_lease_has_run_out() {
        assert_eq!(liveness(&lease(0, None), NotTaken, at(0)), Liveness::Offline);
        assert_eq!(liveness(&lease(0, None), Taken, at(32)), Liveness::Offline);
        let logged_out = Lease { ends_at: Some(at(1)), ..lease(0, None) };
        assert_eq!(liveness(&logged_out, Taken, at(1)), Liveness::Offline);
    }

    /// A check at the end of the lease decides whether the user is there.
    #[test]
    fn a_pending_post_is_unconfirmed_until_the_lease_ends() {
        assert_eq!(liveness(&lease(0, None), Pending, at(0)), Liveness::Unconfirmed(at(32)));
        assert_eq!(liveness(&lease(0, None), Pending, at(32)), Liveness::Offline);
    }

    #[test]
    fn a_missing_heartbeat_is_waited_for_until_the_lease_ends() {
        assert_eq!(liveness(&lease(0, None), Taken, at(13)), Liveness::Unconfirmed(at(32)));
        assert_eq!(liveness(&lease(0, None), Taken, at(31)), Liveness::Unconfirmed(at(32)));
    }

    #[test]
    fn a_user_with_a_longer_interval_has_to_answer_a_probe() {
        assert_eq!(liveness(&lease(800, Some(0)), Taken, at(900)), Liveness::Unconfirmed(at(904)));
    }

    #[test]
    fn a_heartbeat_between_sending_and_a_late_post_confirms_nothing() {
        let renewed = lease(10, None);
        assert_eq!(POLICY.liveness(&renewed, Taken, at(8), at(11)), Liveness::Active);
        assert_eq!(POLICY.liveness(&renewed, Taken, at(7), at(11)), Liveness::Unconfirmed(at(42)));
    }
}
