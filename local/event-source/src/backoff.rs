//! Pauses after failures.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// Pause after one failure; every further failure in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Longest pause, so that a function that has recovered soon gets events again.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: AtomicU32,
}

impl Backoff {
    pub(crate) fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        // After four thousand million failures in a row the count wraps, which causes one short pause.
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits by the number of failures in a row; without any, it does not wait.
    pub(crate) async fn pause(&self) {
        let failures = self.failures.load(Ordering::Relaxed);
        if failures > 0 {
            tokio::time::sleep(pause_after(failures)).await;
        }
    }
}

fn pause_after(failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures - 1);
    FIRST_PAUSE.saturating_mul(factor).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        let pauses = [1, 2, 3, 7, 8, 40, u32::MAX].map(|failures| pause_after(failures).as_millis());
        assert_eq!(pauses, [100, 200, 400, 6400, 10_000, 10_000, 10_000]);
    }
}
