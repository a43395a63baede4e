//! How many groups a user is in, and how many of them strangers put them into.
//!
//! Each membership is counted before it begins, in the same transaction, and never counted down: leaving, a first
//! message and friendship make the count too high, never too low. So a count that leaves room is enough to let somebody
//! in, for the price of one item; only one that leaves none is made anew, by the user's rows. Nothing can leak.

use std::time::Duration;

use crate::group;
use crate::time::CLOCK_SKEW_MAX;
use crate::{GroupId, Timestamp};

/// How many memberships a user may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MembershipLimits {
    /// Groups that a user is in.
    pub groups: u64,
    /// Those among them into which somebody put them who is no friend, and where they have not written.
    pub unanswered: u64,
}

impl Default for MembershipLimits {
    /// What clients are told.
    fn default() -> Self {
        Self { groups: 2_000, unanswered: 100 }
    }
}

/// How many memberships a user has at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MembershipCount {
    /// Counts changes of the count: it is replaced only by who has seen it.
    pub version: u64,
    /// See [`MembershipLimits::groups`].
    pub groups: u64,
    /// See [`MembershipLimits::unanswered`].
    pub unanswered: u64,
    /// When the rows were counted and left no room, the first time within a minute; `None` where they never did.
    pub full_at: Option<Timestamp>,
    /// How often that was since then.
    pub recounts: u64,
}

/// Time in which rows that leave no room are counted [`RECOUNTS_MAX`] times at most.
const RECOUNTS_WINDOW: Duration = Duration::from_secs(60);

/// Counts that find no room, until the count is believed: few ask so often by hand.
const RECOUNTS_MAX: u64 = 8;

impl MembershipCount {
    /// The count with one more membership; `None` where it leaves no room for one.
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

    /// The count as it is stored where the rows left no room, so that the next who ask need not count them again.
    #[must_use]
    pub fn found_full(self, now: Timestamp) -> Self {
        let version = self.version + 1;
        match self.window(now) {
            Some(_) => Self { version, recounts: self.recounts + 1, ..self },
            None => Self { version, full_at: Some(now), recounts: 1, ..self },
        }
    }

    /// Whether the rows were counted so often lately, and left no room, that the count is believed for now.
    pub fn was_full_lately(self, now: Timestamp) -> bool {
        self.window(now).is_some() && self.recounts >= RECOUNTS_MAX
    }

    fn window(self, now: Timestamp) -> Option<Timestamp> {
        // A time that lies further ahead was written by a clock that was wrong.
        self.full_at.filter(|at| now < at.plus(RECOUNTS_WINDOW) && *at <= now.plus(CLOCK_SKEW_MAX))
    }
}

/// Whether a group that does not exist may still be made by whoever drew its id.
///
/// An id holds the time at which it was drawn, and the request that drew it has ended after
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
    fn a_count_that_often_left_no_room_is_believed_for_the_rest_of_a_minute() {
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
    fn a_friend_may_add_whom_strangers_have_filled() {
        check(2, 1, false, Some((3, 1)));
        check(2, 9, false, Some((3, 9)));
    }

    #[test]
    fn a_group_is_given_up_when_nobody_can_make_it_any_more() {
        let group = GroupId::new(Ulid::from_parts(1_000_000, 7));
        assert!(may_still_be_made(group, Timestamp::from_ms(0)));
        assert!(may_still_be_made(group, Timestamp::from_ms(1_040_000)));
        assert!(!may_still_be_made(group, Timestamp::from_ms(1_040_001)));
    }
}
