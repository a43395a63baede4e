//! Rate limits: a token bucket kept as one number.
//!
//! The number is the time at which the bucket is full again ("theoretical arrival time" of the generic cell rate
//! algorithm). Each try moves the time on by one interval. A try is refused while the time lies further ahead than a
//! burst.

use std::time::Duration;

use crate::time::CLOCK_SKEW_MAX;
use crate::{Refusal, Timestamp};

/// A bucket in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// When the bucket is full again.
    pub full_at: Timestamp,
    /// Latest time of a try; `None` if an earlier version wrote the bucket.
    ///
    /// It reveals a clock that has gone back since, and a clock that is behind.
    pub taken_at: Option<Timestamp>,
}

/// A burst of tries, then one per interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Number of tries that may come together.
    pub burst: u32,
    /// Time after which one more try is allowed.
    pub interval: Duration,
}

impl Rate {
    /// How far ahead of now the bucket's time may lie for one more try.
    pub fn tolerance(&self) -> Duration {
        self.interval * self.burst.saturating_sub(1)
    }

    /// Time that `units` tries cost. Unit: whole milliseconds, rounded up.
    pub fn cost(&self, units: u32) -> Duration {
        let nanoseconds = self.interval.as_nanos().saturating_mul(u128::from(units));
        Duration::from_millis(u64::try_from(nanoseconds.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }

    /// Checks that one more try could be taken from a bucket that is full again at `full_at`.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`] if the bucket is empty.
    pub fn check(&self, full_at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
        let ahead = full_at.since(now);
        if ahead > self.tolerance() {
            return Err(Refusal::RateLimited { retry_after: ahead - self.tolerance() });
        }
        Ok(())
    }

    /// Takes one try from a bucket, and returns the new bucket. A bucket that was never used is full.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`] if the bucket is empty.
    pub fn take(&self, bucket: Option<Bucket>, now: Timestamp) -> Result<Bucket, Refusal> {
        let (full_at, taken_at) = self.known(bucket, now);
        self.check(full_at, taken_at)?;
        Ok(Bucket { full_at: full_at.plus(self.interval), taken_at: Some(taken_at) })
    }

    /// When a bucket is full again, and the time that counts as now.
    fn known(&self, bucket: Option<Bucket>, now: Timestamp) -> (Timestamp, Timestamp) {
        let Some(Bucket { full_at, taken_at }) = bucket else { return (now, now) };
        let whole = self.interval * self.burst;
        match taken_at {
            // The clock went back. The bucket is as full as it was at the last try, whatever time that was.
            Some(taken_at) if !taken_at.may_have_been(now) => {
                (now.plus(full_at.since(taken_at).min(whole)), now)
            }
            // Another clock is ahead, or a later request was faster. The elapsed time is unknown, so nothing has
            // refilled.
            Some(taken_at) if taken_at > now => (full_at.max(taken_at), taken_at),
            // A wrong clock wrote the time, or a process with a slower rate.
            _ if full_at > now.plus(whole + CLOCK_SKEW_MAX) => (now, now),
            _ => (full_at.max(now), now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, interval: Duration::from_millis(100) };

    #[test]
    fn a_burst_passes_and_then_one_per_interval() {
        let now = Timestamp::from_ms(1_000);
        let mut bucket = None;
        for _ in 0..3 {
            bucket = Some(RATE.take(bucket, now).unwrap());
        }
        assert_eq!(
            RATE.take(bucket, now),
            Err(Refusal::RateLimited { retry_after: Duration::from_millis(100) })
        );
        let later = now.plus(Duration::from_millis(100));
        bucket = Some(RATE.take(bucket, later).unwrap());
        assert!(RATE.take(bucket, later).is_err());
    }

    #[test]
    fn an_idle_bucket_is_full_again_and_no_fuller() {
        let bucket = RATE.take(None, Timestamp::from_ms(0)).unwrap();
        let later = Timestamp::from_ms(1_000_000);
        let taken = Bucket { full_at: later.plus(RATE.interval), taken_at: Some(later) };
        assert_eq!(RATE.take(Some(bucket), later), Ok(taken));
    }

    #[test]
    fn a_bucket_has_as_much_in_it_after_the_clock_went_back() {
        for back in [5, 20, 60, 86_400].map(Duration::from_secs) {
            let now = Timestamp::from_ms(1_000);
            let bucket = RATE.take(None, now.plus(back)).unwrap();
            let bucket = RATE.take(Some(bucket), now).unwrap();
            let bucket = RATE.take(Some(bucket), now).unwrap();
            assert_eq!(
                RATE.take(Some(bucket), now),
                Err(Refusal::RateLimited { retry_after: RATE.interval })
            );
            let later = now.plus(back).plus(RATE.interval);
            assert!(RATE.take(Some(bucket), later).is_ok());
        }
    }

    #[test]
    fn a_time_from_an_earlier_version_counts_while_it_is_plausible() {
        let now = Timestamp::from_ms(1_000);
        let kept = |ahead| Some(Bucket { full_at: now.plus(ahead), taken_at: None });
        assert!(RATE.take(kept(RATE.interval * 3), now).is_err());
        assert!(RATE.take(kept(RATE.interval * 2), now).is_ok());
        // Clocks may differ by this much.
        assert!(RATE.take(kept(CLOCK_SKEW_MAX), now).is_err());
        let bucket = RATE.take(kept(Duration::from_secs(24 * 3600)), now).unwrap();
        assert_eq!(bucket, Bucket { full_at: now.plus(RATE.interval), taken_at: Some(now) });
    }

    #[test]
    fn a_cost_is_never_rounded_down_to_nothing() {
        let rate = Rate { burst: 1, interval: Duration::from_micros(300) };
        assert_eq!(rate.cost(1), Duration::from_millis(1));
        assert_eq!(rate.cost(10), Duration::from_millis(3));
        assert_eq!(RATE.cost(3), Duration::from_millis(300));
    }
}

#[cfg(test)]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the times of the tries, no window has more of them than a burst and its refill.
        #[test]
        fn no_window_holds_more_than_a_burst_and_its_refill(
            burst in 1_u32..20,
            interval_ms in 1_u64..1_000,
            pauses_ms in prop::collection::vec(0_u64..2_000, 1..200),
        ) {
            let rate = Rate { burst, interval: Duration::from_millis(interval_ms) };
            let (mut now, mut bucket, mut taken) = (Timestamp::from_ms(1), None, Vec::new());
            for pause_ms in pauses_ms {
                now = now.plus(Duration::from_millis(pause_ms));
                if let Ok(next) = rate.take(bucket, now) {
                    bucket = Some(next);
                    taken.push(now.as_ms());
                }
            }
            for (index, start) in taken.iter().enumerate() {
                for (count, end) in taken[index..].iter().enumerate() {
                    let allowed = u64::from(burst) + (end - start) / interval_ms;
                    prop_assert!((count as u64) < allowed, "{} tries in {} ms", count + 1, end - start);
                }
            }
        }

        /// A refusal names a time at which the next try passes.
        #[test]
        fn the_next_try_passes_after_the_pause_of_a_refusal(burst in 1_u32..5, tries in 1_usize..20) {
            let rate = Rate { burst, interval: Duration::from_millis(250) };
            let (mut now, mut bucket) = (Timestamp::from_ms(1), None);
            for _ in 0..tries {
                match rate.take(bucket, now) {
                    Ok(next) => bucket = Some(next),
                    Err(Refusal::RateLimited { retry_after }) => {
                        now = now.plus(retry_after);
                        bucket = Some(rate.take(bucket, now).expect("the refusal named this time"));
                    }
                    Err(other) => prop_assert!(false, "{other}"),
                }
            }
        }

        /// Whatever clocks show, tries within a burst pass.
        #[test]
        fn a_burst_passes_whatever_clocks_show(
            burst in 1_u32..20,
            tries in prop::collection::vec((0_u64..20_000, 0_u64..100_000_000), 20),
        ) {
            let rate = Rate { burst, interval: Duration::from_secs(60) };
            let (mut time, mut bucket) = (Timestamp::from_ms(200_000_000), None);
            for (pause_ms, behind_ms) in tries.into_iter().take(burst as usize) {
                time = time.plus(Duration::from_millis(pause_ms));
                let now = time.minus(Duration::from_millis(behind_ms));
                bucket = Some(rate.take(bucket, now).expect("it is no more than a burst"));
            }
        }

        /// A flood through processes whose clocks differ gets a burst, the refill, and the refill during the clock
        /// difference.
        #[test]
        fn clocks_that_disagree_let_little_more_through(
            burst in 1_u32..20,
            tries in prop::collection::vec((0_u64..2_000, 0_u64..=10_000), 1..200),
        ) {
            let rate = Rate { burst, interval: Duration::from_secs(1) };
            let begun = Timestamp::from_ms(200_000);
            let (mut time, mut bucket, mut passed) = (begun, None, 0);
            for (pause_ms, behind_ms) in tries {
                time = time.plus(Duration::from_millis(pause_ms));
                if let Ok(taken) = rate.take(bucket, time.minus(Duration::from_millis(behind_ms))) {
                    (bucket, passed) = (Some(taken), passed + 1);
                }
                prop_assert!(passed <= u64::from(burst) + (time.as_ms() - begun.as_ms()) / 1_000 + 10);
            }
        }
    }
}
