//! Whether a message that was posted has reached somebody.

use crate::lease::{HeartbeatPolicy, Lease};
use crate::{Status, Timestamp};

/// What a post that the gateway took proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The user was heard from as often as they should be.
    Here,
    /// Nothing was heard for longer than the usual interval: the socket may be dead. Known at this time at the latest.
    Unsure(Timestamp),
    /// Nobody is there.
    Away,
}

impl HeartbeatPolicy {
    /// What is to be thought of a user to whom a message was posted; `taken` is whether the gateway took any post.
    ///
    /// Who was told to beat rarely, since nobody looked, has to answer a probe.
    pub fn reach(&self, lease: &Lease, taken: bool, now: Timestamp) -> Reach {
        if !taken || self.status(lease, true, now) == Status::Offline {
            return Reach::Away;
        }
        if now.since(lease.heard_at) <= self.interval + self.slack() {
            return Reach::Here;
        }
        let usual_end = lease.heard_at.plus(self.timeout + self.slack());
        Reach::Unsure(self.probed(lease, now).unwrap_or(usual_end).max(now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const POLICY: HeartbeatPolicy =
        HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(1_000_000 + seconds * 1000)
    }

    fn lease(heard: u64, alone_since: Option<u64>) -> Lease {
        Lease { heard_at: at(heard), ends_at: None, alone_since: alone_since.map(at) }
    }

    #[test]
    fn whoever_was_heard_from_within_the_interval_has_it() {
        assert_eq!(POLICY.reach(&lease(0, None), true, at(0)), Reach::Here);
        assert_eq!(POLICY.reach(&lease(0, None), true, at(12)), Reach::Here);
    }

    #[test]
    fn nobody_has_it_where_no_post_was_taken_or_the_lease_is_out() {
        assert_eq!(POLICY.reach(&lease(0, None), false, at(0)), Reach::Away);
        assert_eq!(POLICY.reach(&lease(0, None), true, at(32)), Reach::Away);
        let logged_out = Lease { ends_at: Some(at(1)), ..lease(0, None) };
        assert_eq!(POLICY.reach(&logged_out, true, at(1)), Reach::Away);
    }

    #[test]
    fn a_missing_heartbeat_is_waited_for_until_the_lease_ends() {
        assert_eq!(POLICY.reach(&lease(0, None), true, at(13)), Reach::Unsure(at(32)));
        assert_eq!(POLICY.reach(&lease(0, None), true, at(31)), Reach::Unsure(at(32)));
    }

    #[test]
    fn whoever_was_told_to_beat_rarely_has_to_answer_a_probe() {
        assert_eq!(POLICY.reach(&lease(800, Some(0)), true, at(900)), Reach::Unsure(at(904)));
    }
}
