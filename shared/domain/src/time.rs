//! Points in time, passed as arguments.

use std::fmt;
use std::time::Duration;

use crate::claim::APPEND_DELAY_MAX;

/// A point in time. Unit: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Latest time that a client may send: the largest integer that every JSON parser keeps exact.
    pub const MAX_MS: u64 = (1 << 53) - 1;

    /// The time `ms` milliseconds after the Unix epoch.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// Unit: milliseconds since the Unix epoch.
    pub const fn as_ms(self) -> u64 {
        self.0
    }

    /// Unit: whole seconds since the Unix epoch, rounded up, as in DynamoDB's TTL.
    pub const fn as_seconds_up(self) -> u64 {
        self.0.div_ceil(1000)
    }

    /// The time this much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(ms(duration)))
    }

    /// The time this much earlier, but not before the epoch.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(ms(duration)))
    }

    /// Whether a request that began at `now` may read this as a past time. If not, a wrong clock wrote it, and it
    /// proves nothing.
    pub fn may_have_been(self, now: Self) -> bool {
        self <= now.plus(AHEAD_MAX)
    }

    /// The time to show to people and clients: `now` instead of a time that a wrong clock wrote. Clients drop an
    /// event that is older than one they have, so a time far ahead would hide all events until then.
    #[must_use]
    pub fn shown(self, now: Self) -> Self {
        if self.may_have_been(now) { self } else { now }
    }

    /// Time since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How far the time of a write may lie ahead of the start of the request that reads it: by the difference between two
/// clocks, and by the time that the request has been running.
pub const AHEAD_MAX: Duration = CLOCK_SKEW_MAX.saturating_add(APPEND_DELAY_MAX);

/// Largest difference between two servers' clocks for which every guarantee holds.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_a_wrong_clock_is_shown_as_now_and_one_of_another_clock_unchanged() {
        let now = Timestamp::from_ms(1_790_000_000_000);
        for ahead in [Duration::ZERO, CLOCK_SKEW_MAX, AHEAD_MAX] {
            assert_eq!(now.plus(ahead).shown(now), now.plus(ahead));
            assert_eq!(now.minus(ahead).shown(now), now.minus(ahead));
        }
        assert_eq!(now.plus(AHEAD_MAX + Duration::from_millis(1)).shown(now), now);
    }
}
