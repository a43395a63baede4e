//! Retention of messages.

use std::time::Duration;

use crate::Timestamp;
use crate::claim::DISORDER_MAX;

/// How long messages are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention(Option<Duration>);

impl Retention {
    /// Messages are kept for ever.
    pub const FOR_EVER: Self = Self(None);

    /// Nothing is known: entries under it may be removed at any time.
    pub const UNKNOWN: Self = Self(Some(Duration::ZERO));

    /// Retention of that many days; 0 is for ever.
    pub const fn days(days: u32) -> Self {
        match days {
            0 => Self::FOR_EVER,
            days => Self(Some(Duration::from_secs(days as u64 * 24 * 3600))),
        }
    }

    /// The retention of [`Retention::as_seconds`]; 0 is [`Retention::UNKNOWN`].
    pub const fn from_seconds(seconds: Option<u64>) -> Self {
        match seconds {
            None => Self::FOR_EVER,
            Some(seconds) => Self(Some(Duration::from_secs(seconds))),
        }
    }

    /// Unit: seconds; `None` is for ever.
    pub const fn as_seconds(self) -> Option<u64> {
        match self.0 {
            None => None,
            Some(kept) => Some(kept.as_secs()),
        }
    }

    /// Whether messages expire.
    pub const fn is_limited(self) -> bool {
        self.0.is_some()
    }

    /// The shorter of two.
    #[must_use]
    pub fn shorter(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(two)) => Self(Some(one.min(two))),
            (one, two) => Self(one.or(two)),
        }
    }

    /// When a message sent at `sent_at` expires. Whole seconds, rounded up, as in DynamoDB's TTL.
    pub fn expires_at(self, sent_at: Timestamp) -> Option<Timestamp> {
        self.0.map(|kept| Timestamp::from_ms(sent_at.plus(kept).as_seconds_up().saturating_mul(1000)))
    }

    /// Whether an entry written at `time` under this retention remains at `now` and for `duration` after.
    pub(crate) fn keeps(self, time: Timestamp, now: Timestamp, duration: Duration) -> bool {
        self.0.is_none_or(|kept| now.plus(duration) < time.plus(kept))
    }

    /// Whether a message is hidden: its own expiry is past, or the expiry that it would have today.
    ///
    /// Its own expiry counts, since the message may be removed at any moment from then on. Today's counts, so that an
    /// operator who lowers the retention hides older messages immediately.
    pub fn hides(self, sent_at: Timestamp, expires_at: Option<Timestamp>, now: Timestamp) -> bool {
        let is_due = |expires_at: Option<Timestamp>| expires_at.is_some_and(|expires_at| expires_at <= now);
        is_due(expires_at) || is_due(self.expires_at(sent_at))
    }

    /// Whether today's setting hides an entry of this time and each entry before it in its log, whose times may be
    /// later by at most [`DISORDER_MAX`].
    pub fn hides_all_through(self, sent_at: Timestamp, now: Timestamp) -> bool {
        self.hides(sent_at.plus(DISORDER_MAX), None, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;

    #[test]
    fn a_message_expires_its_retention_after_it_was_sent_in_whole_seconds() {
        let sent_at = Timestamp::from_ms(5);
        assert_eq!(Retention::FOR_EVER.expires_at(sent_at), None);
        assert_eq!(Retention::days(2).expires_at(sent_at), Some(Timestamp::from_ms(2 * DAY_MS + 1000)));
    }

    #[test]
    fn the_shorter_of_two_is_found_also_where_one_is_for_ever() {
        let (one, two) = (Retention::days(1), Retention::days(2));
        assert_eq!(one.shorter(two), one);
        assert_eq!(Retention::FOR_EVER.shorter(two), two);
        assert_eq!(two.shorter(Retention::FOR_EVER), two);
        assert_eq!(Retention::FOR_EVER.shorter(Retention::FOR_EVER), Retention::FOR_EVER);
    }

    #[test]
    fn seconds_read_back() {
        for retention in [Retention::FOR_EVER, Retention::UNKNOWN, Retention::days(7)] {
            assert_eq!(Retention::from_seconds(retention.as_seconds()), retention);
        }
    }

    /// Checks a message of time 0 that was written under one retention and is read under another.
    #[track_caller]
    fn check_hidden(written: Retention, today: Retention, now_ms: u64, expected: bool) {
        let sent_at = Timestamp::from_ms(0);
        let expires_at = written.expires_at(sent_at);
        assert_eq!(today.hides(sent_at, expires_at, Timestamp::from_ms(now_ms)), expected);
    }

    #[test]
    fn a_message_is_hidden_from_its_own_expiry_on_whatever_the_setting_of_today() {
        for today in [Retention::days(1), Retention::days(30), Retention::FOR_EVER] {
            check_hidden(Retention::days(1), today, DAY_MS - 1, false);
            check_hidden(Retention::days(1), today, DAY_MS, true);
        }
    }

    #[test]
    fn a_lower_setting_hides_immediately() {
        for written in [Retention::days(30), Retention::FOR_EVER] {
            check_hidden(written, Retention::days(1), DAY_MS - 1, false);
            check_hidden(written, Retention::days(1), DAY_MS, true);
        }
    }

    #[test]
    fn an_entry_hides_all_before_it_only_after_the_largest_disorder_of_times() {
        let (sent_at, later) = (Timestamp::from_ms(0), Timestamp::from_ms(40_000));
        for now_ms in [DAY_MS, DAY_MS + 39_999] {
            let now = Timestamp::from_ms(now_ms);
            assert!(Retention::days(1).hides(sent_at, None, now));
            assert!(!Retention::days(1).hides(later, None, now), "one before it may be shown");
            assert!(!Retention::days(1).hides_all_through(sent_at, now));
        }
        assert!(Retention::days(1).hides_all_through(sent_at, Timestamp::from_ms(DAY_MS + 40_000)));
        assert!(!Retention::FOR_EVER.hides_all_through(sent_at, Timestamp::from_ms(DAY_MS * 1_000)));
    }
}
