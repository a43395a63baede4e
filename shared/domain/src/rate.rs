//! How often somebody may try: a token bucket kept as one number.
//!
//! The number is the time at which the bucket will be full again ("theoretical
//! arrival time" of the generic cell rate algorithm): each try moves it on by
//! one interval, and a try is refused while it lies further ahead than a burst.

use std::time::Duration;

use crate::time::CLOCK_SKEW_MAX;
use crate::{Refusal, Timestamp};

/// A burst of tries, then one per interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tries that may come at once.
    pub burst: u32,
    /// After which one more is allowed.
    pub interval: Duration,
}

impl Rate {
    /// How far ahead of now the bucket's time may lie for one more try.
    pub fn tolerance(&self) -> Duration {
        self.interval * self.burst.saturating_sub(1)
    }

    /// What `units` tries cost. Unit: whole milliseconds, rounded up.
    pub fn cost(&self, units: u32) -> Duration {
        let nanoseconds = self.interval.as_nanos().saturating_mul(u128::from(units));
        Duration::from_millis(u64::try_from(nanoseconds.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }

    /// The latest time at which a bucket from which tries are taken one by one can be full again; a later one was
    /// written by a clock that was wrong.
    pub fn full_by(&self, now: Timestamp) -> Timestamp {
        now.plus(self.interval * self.burst + CLOCK_SKEW_MAX)
    }

    /// Checks that one more try could be taken from a bucket that will be full again at `full_at`.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`] where the bucket is empty.
    pub fn check(&self, full_at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
        let ahead = full_at.since(now);
        if ahead > self.tolerance() {
            return Err(Refusal::RateLimited { retry_after: ahead - self.tolerance() });
        }
        Ok(())
    }

    /// Takes one try from a bucket that will be full again at `full_at`.
    ///
    /// Gives when it will be full again now. A bucket whose time a wrong clock wrote has one try left: whatever it was,
    /// it ends within the time that a whole burst takes.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`] where the bucket is empty.
    pub fn take(&self, full_at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Refusal> {
        let full_at = match full_at {
            Some(full_at) if full_at > self.full_by(now) => now.plus(self.tolerance()),
            full_at => full_at.unwrap_or(now).max(now),
        };
        self.check(full_at, now)?;
        Ok(full_at.plus(self.interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, interval: Duration::from_millis(100) };

    #[test]
    fn a_burst_passes_and_then_one_per_interval() {
        let now = Timestamp::from_ms(1_000);
        let mut full_at = None;
        for _ in 0..3 {
            full_at = Some(RATE.take(full_at, now).unwrap());
        }
        assert_eq!(
            RATE.take(full_at, now),
            Err(Refusal::RateLimited { retry_after: Duration::from_millis(100) })
        );
        let later = now.plus(Duration::from_millis(100));
        full_at = Some(RATE.take(full_at, later).unwrap());
        assert!(RATE.take(full_at, later).is_err());
    }

    #[test]
    fn an_idle_bucket_is_full_again_and_no_fuller() {
        let full_at = RATE.take(None, Timestamp::from_ms(0)).unwrap();
        let later = Timestamp::from_ms(1_000_000);
        assert_eq!(RATE.take(Some(full_at), later), Ok(later.plus(RATE.interval)));
    }

    #[test]
    fn a_time_that_a_wrong_clock_wrote_keeps_nobody_out_for_longer_than_a_burst_takes() {
        let (now, day) = (Timestamp::from_ms(1_000), Duration::from_secs(24 * 3600));
        let full_at = RATE.take(Some(now.plus(day)), now).unwrap();
        assert_eq!(full_at, now.plus(RATE.interval * RATE.burst));
        assert!(RATE.take(Some(full_at), now).is_err());
        assert!(RATE.take(Some(full_at), now.plus(RATE.interval)).is_ok());
        // Clocks may disagree by this much.
        assert!(RATE.take(Some(now.plus(CLOCK_SKEW_MAX)), now).is_err());
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
        /// Whatever the times of the tries, no window holds more than a burst and what came back in it.
        #[test]
        fn no_window_holds_more_than_a_burst_and_its_refill(
            burst in 1_u32..20,
            interval_ms in 1_u64..1_000,
            pauses_ms in prop::collection::vec(0_u64..2_000, 1..200),
        ) {
            let rate = Rate { burst, interval: Duration::from_millis(interval_ms) };
            let (mut now, mut full_at, mut taken) = (Timestamp::from_ms(1), None, Vec::new());
            for pause_ms in pauses_ms {
                now = now.plus(Duration::from_millis(pause_ms));
                if let Ok(next) = rate.take(full_at, now) {
                    full_at = Some(next);
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
        fn who_waits_as_told_is_let_in(burst in 1_u32..5, tries in 1_usize..20) {
            let rate = Rate { burst, interval: Duration::from_millis(250) };
            let (mut now, mut full_at) = (Timestamp::from_ms(1), None);
            for _ in 0..tries {
                match rate.take(full_at, now) {
                    Ok(next) => full_at = Some(next),
                    Err(Refusal::RateLimited { retry_after }) => {
                        now = now.plus(retry_after);
                        full_at = Some(rate.take(full_at, now).expect("it was promised"));
                    }
                    Err(other) => prop_assert!(false, "{other}"),
                }
            }
        }
    }
}
