//! Number of tries under contention, and the pause before each try.

use std::time::Duration;

use crate::Backoff;

/// The tries of one writer. A loop gets its next try only from [`Attempts::next_pause`], so it always waits between
/// tries.
#[derive(Clone, Debug)]
pub struct Attempts {
    left: u32,
    has_begun: bool,
    /// Whether the contention may last, so that the second try waits too.
    waits: bool,
    backoff: Backoff,
}

impl Attempts {
    /// Tries after a lost race. The second try follows without a pause, since the winner has finished.
    pub const fn racing(max: u32, seed: u64) -> Self {
        Self { left: max, has_begun: false, waits: false, backoff: Backoff::new(seed) }
    }

    /// Tries that wait for something to end: another transaction, or throttling of a table.
    pub const fn waiting(max: u32, seed: u64) -> Self {
        Self { waits: true, ..Self::racing(max, seed) }
    }

    /// The pause before the next try, the first one included; `None` after the last try.
    pub fn next_pause(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        Some(match (std::mem::replace(&mut self.has_begun, true), self.waits) {
            (false, _) => Duration::ZERO,
            (true, false) => self.backoff.after_lost_race(),
            (true, true) => self.backoff.pause(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest pause before each try, over the seeds of 1,000 writers.
    fn longest(attempts: impl Fn(u64) -> Attempts) -> Vec<Duration> {
        let of = |seed| {
            let mut attempts = attempts(seed);
            std::iter::from_fn(move || attempts.next_pause()).collect::<Vec<_>>()
        };
        let mut longest = of(0);
        for seed in 1..1_000 {
            let pauses = of(seed);
            assert_eq!(pauses.len(), longest.len());
            longest = longest.into_iter().zip(pauses).map(|(one, other)| one.max(other)).collect();
        }
        longest
    }

    #[track_caller]
    fn check(attempts: impl Fn(u64) -> Attempts, expected_ms: &[u64]) {
        let longest = longest(attempts);
        assert_eq!(longest.len(), expected_ms.len());
        for (longest, expected) in longest.into_iter().zip(expected_ms) {
            let expected = Duration::from_millis(*expected);
            assert!(longest <= expected && longest >= expected * 9 / 10, "{longest:?} of {expected:?}");
        }
    }

    #[test]
    fn each_try_of_a_race_after_the_second_follows_a_pause_that_grows() {
        check(|seed| Attempts::racing(9, seed), &[0, 0, 5, 10, 20, 40, 80, 160, 200]);
    }

    #[test]
    fn each_waiting_try_but_the_first_follows_a_pause_that_grows() {
        check(|seed| Attempts::waiting(8, seed), &[0, 5, 10, 20, 40, 80, 160, 200]);
    }
}
