//! Limits on the number of groups of a user, and on those that strangers added the user to.
//!
//! Each membership is counted before it begins, in the same transaction, and never counted down. Leaving a group, a
//! first message and a friendship make the count too high, never too low. So a count with room left admits a
//! membership for the price of reading one item. Only a count without room is made anew, from the user's rows. No
//! membership goes uncounted.

use std::time::Duration;

use crate::group;
use crate::time::CLOCK_SKEW_MAX;
use crate::{GroupId, Timestamp};

/// Limits on a user's memberships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MembershipLimits {
    /// Most groups that a user is in.
    pub groups: u64,
    /// Most of those groups that a user who is no friend added the user to, and where the user has not written.
    pub unanswered: u64,
}

impl Default for MembershipLimits {
    /// The limits that PROTOCOL.md states.
    fn default() -> Self {
        Self { groups: 2_000, unanswered: 100 }
    }
}

/// Upper bound on a user's memberships.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MembershipCount {
    /// Number of the count's version; a writer replaces only the version that it has read.
    pub version: u64,
    /// See [`MembershipLimits::groups`].
    pub groups: u64,
    /// See [`MembershipLimits::unanswered`].
    pub unanswered: u64,
    /// When the rows were first counted within a minute and left no room; `None` if they never did.
    pub full_at: Option<Timestamp>,
    /// Number of such counts since `full_at`.
    pub recounts: u64,
}

/// Time in which rows that leave no room are counted at most [`RECOUNTS_MAX`] times.
const RECOUNTS_WINDOW: Duration = Duration::from_secs(60);

/// Counts that find no room, after which the stored count is used. A person rarely asks so often.
const RECOUNTS_MAX: u64 = 8;

impl MembershipCount {
    /// The count with one more membership; `None` if there is no room for it.
    pub fn joined(self, is_unanswered: bool, limits: MembershipLimits) -> Option<Self> {
        let next = Self {
            version: self.version + 1,
            groups: self.groups + 1,
            unanswered: self.unanswered + u64::from(is_unanswered),
            ..self
        };
        let fits = next.groups <= limits.groups && (!is_unanswered || next.unanswered <= limits.unanswered);
        fits.then_some(next)
    }

    /// The count to store after the rows left no room, so that the next request need not count them again.
    #[must_use]
    pub fn found_full(self, now: Timestamp) -> Self {
        let version = self.version + 1;
        match self.window(now) {
            Some(_) => Self { version, recounts: self.recounts + 1, ..self },
            None => Self { version, full_at: Some(now), recounts: 1, ..self },
        }
    }

    /// Whether the rows left no room so often lately that the stored count is used for now.
    pub fn was_full_lately(self, now: Timestamp) -> bool {
        self.window(now).is_some() && self.recounts >= RECOUNTS_MAX
    }

    fn window(self, now: Timestamp) -> Option<Timestamp> {
        // A wrong clock wrote a time that lies further ahead.
        self.full_at.filter(|at| now < at.plus(RECOUNTS_WINDOW) && *at <= now.plus(CLOCK_SKEW_MAX))
    }
}

/// Whether the request that drew a group's id may still make the group, which does not exist yet.
///
/// An id holds the time at which it was drawn, and the request that drew it ends after at most
/// [`APPEND_DELAY_MAX`](crate::claim::APPEND_DELAY_MAX).
pub fn may_still_be_made(group: GroupId, now: Timestamp) -> bool {
    let drawn_at = Timestamp::from_ms(group.ulid().timestamp_ms());
    now <= drawn_at.plus(group::MAKING_MAX + CLOCK_SKEW_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ulid::Ulid;

    const LIMITS: MembershipLimits = MembershipLimits { groups: 3, unanswered: 1 };

    #[track_caller]
    fn check(groups: u64, unanswered: u64, is_unanswered: bool, expected: Option<(u64, u64)>) {
        let of = |version, groups, unanswered| MembershipCount {
            version,
            groups,
            unanswered,
            ..MembershipCount::default()
        };
        let count = of(7, groups, unanswered);
        let expected = expected.map(|(groups, unanswered)| of(8, groups, unanswered));
        assert_eq!(count.joined(is_unanswered, LIMITS), expected);
    }

    #[test]
    fn a_membership_is_counted_up_to_the_limits() {
        check(0, 0, false, Some((1, 0)));
        check(0, 0, true, Some((1, 1)));
        check(2, 0, true, Some((3, 1)));
        check(3, 0, false, None);
        check(1, 1, true, None);
    }

    #[test]
    fn a_count_that_often_left_no_room_is_used_for_the_rest_of_a_minute() {
        let at = |seconds: u64| Timestamp::from_ms(1_000_000 + 1000 * seconds);
        let count = MembershipCount { version: 7, groups: 3, ..MembershipCount::default() };
        assert!(!count.was_full_lately(at(100)));
        let mut full = count;
        for n in 1..=RECOUNTS_MAX {
            assert!(!full.was_full_lately(at(100 + n)));
            full = full.found_full(at(100 + n));
        }
        assert_eq!((full.version, full.groups), (7 + RECOUNTS_MAX, 3));
        assert_eq!([91, 101, 160, 161].map(|now| full.was_full_lately(at(now))), [true, true, true, false]);
        assert!(!full.was_full_lately(at(80)), "a wrong clock keeps nobody out");
        assert!(!full.found_full(at(161)).was_full_lately(at(161)), "another minute begins");
    }

    #[test]
    fn a_friend_may_add_a_user_whom_strangers_cannot_add_any_more() {
        check(2, 1, false, Some((3, 1)));
        check(2, 9, false, Some((3, 9)));
    }

    #[test]
    fn a_group_is_given_up_once_no_request_can_make_it_any_more() {
        let group = GroupId::new(Ulid::from_parts(1_000_000, 7));
        assert!(may_still_be_made(group, Timestamp::from_ms(0)));
        assert!(may_still_be_made(group, Timestamp::from_ms(1_040_000)));
        assert!(!may_still_be_made(group, Timestamp::from_ms(1_040_001)));
    }
}
