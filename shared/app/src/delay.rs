//! Delays of queue messages.

use std::time::Duration;

/// Longest delay of a queue message.
///
/// Source: Amazon SQS quotas, "Message delay" (15 minutes).
pub const DELAY_MAX: Duration = Duration::from_secs(900);

/// Rounds `wait` up to a delay that a queue takes: whole seconds, and at most [`DELAY_MAX`].
pub(crate) fn at_least(wait: Duration) -> Duration {
    let seconds = wait.as_millis().div_ceil(1000);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)).min(DELAY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_seconds_and_never_longer_than_a_queue_takes() {
        for (wait_ms, seconds) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (900_000, 900), (u64::MAX, 900)] {
            assert_eq!(at_least(Duration::from_millis(wait_ms)), Duration::from_secs(seconds), "{wait_ms}");
        }
    }
}
