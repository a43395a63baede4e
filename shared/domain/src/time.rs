//! Points in time, always given from outside.

use std::fmt;
use std::time::Duration;

use crate::claim::APPEND_DELAY_MAX;

/// A point in time. Unit: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The latest time that is taken from outside: the largest integer that every JSON parser keeps exact.
    pub const MAX_MS: u64 = (1 << 53) - 1;

    /// The time that many milliseconds after the Unix epoch.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// Unit: milliseconds since the Unix epoch.
    pub const fn as_ms(self) -> u64 {
        self.0
    }

    /// Unit: whole seconds since the Unix epoch, rounded up: what DynamoDB's TTL counts in.
    pub const fn as_seconds_up(self) -> u64 {
        self.0.div_ceil(1000)
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(ms(duration)))
    }

    /// This much earlier, and not before the epoch.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(ms(duration)))
    }

    /// Whether a request that began `now` may read this as a time that has been. Beyond it the clock that wrote it was
    /// wrong, and nothing follows from it.
    pub fn may_have_been(self, now: Self) -> bool {
        self <= now.plus(AHEAD_MAX)
    }

    /// How long after `earlier` this is; zero if it is before.
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

/// How far the time at which something was written may lie ahead of the beginning of the request that reads it: by
/// another clock, and by how long the request has been running.
pub const AHEAD_MAX: Duration = CLOCK_SKEW_MAX.saturating_add(APPEND_DELAY_MAX);

/// Largest difference between two servers' clocks that every guarantee allows for.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(10);
