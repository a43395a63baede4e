//! Pauses between the tries of a writer under contention.

use std::time::Duration;

/// Longest first pause.
const FIRST_MAX: Duration = Duration::from_millis(5);

/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Pauses between the tries of one writer: a random part of 5 ms, 10 ms, 20 ms … and at most 200 ms.
///
/// Without random pauses, writers that collided once would collide again.
///
/// Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (full jitter).
#[derive(Clone, Debug)]
pub struct Backoff {
    lost: u32,
    pauses: u32,
    state: u64,
}

impl Backoff {
    /// Starts the pauses from a seed, which must differ from the seed of every other writer.
    pub const fn new(seed: u64) -> Self {
        Self { lost: 0, pauses: 0, state: seed }
    }

    /// The pause after a lost race: none after the first race, since the winner has finished.
    pub fn after_lost_race(&mut self) -> Duration {
        self.lost = self.lost.saturating_add(1);
        if self.lost == 1 { Duration::ZERO } else { self.pause() }
    }

    /// The next pause for another writer that has not finished.
    pub fn pause(&mut self) -> Duration {
        let longest = FIRST_MAX.saturating_mul(1 << self.pauses.min(8)).min(PAUSE_MAX);
        self.pauses = self.pauses.saturating_add(1);
        let drawn = u32::try_from(self.draw() >> 32).unwrap_or(u32::MAX);
        longest.mul_f64(f64::from(drawn) / f64::from(u32::MAX))
    }

    /// SplitMix64.
    const fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lost_race_costs_no_pause_and_later_ones_at_most_twice_the_last_up_to_200_ms() {
        let longest_ms = [0, 5, 10, 20, 40, 80, 160, 200, 200, 200];
        for seed in 0..1_000 {
            let mut backoff = Backoff::new(seed);
            for longest_ms in longest_ms {
                assert!(backoff.after_lost_race() <= Duration::from_millis(longest_ms));
            }
        }
    }

    #[test]
    fn pauses_of_different_writers_spread_over_the_whole_range() {
        let third = |seed| {
            let mut backoff = Backoff::new(seed);
            [(); 9].map(|()| backoff.after_lost_race())[8]
        };
        let tenths: std::collections::BTreeSet<u128> =
            (0..1_000).map(|seed| third(seed).as_millis() / 20).collect();
        assert!((0..10).all(|tenth| tenths.contains(&tenth)), "{tenths:?}");
    }

    #[test]
    fn pauses_of_a_writer_that_never_wins_stay_under_the_cap() {
        let mut backoff = Backoff::new(7);
        let all: Duration = (0..64).map(|_| backoff.after_lost_race()).sum();
        assert!(all < Duration::from_secs(10), "{all:?}");
    }
}
