//! Time as the services count it.

use std::time::Duration;

use tokio::time::Instant;

/// A moment, or a span between two. Unit: milliseconds; a moment since the Unix epoch.
pub(crate) type Ms = u64;

/// Epoch time that passes with tokio's clock.
///
/// So what is stored means the same after a restart, and a test that pauses
/// tokio's clock has stopped the services too. A machine that was suspended
/// leaves it behind the wall clock until the next start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    origin: Instant,
    origin_ms: Ms,
}

impl Timeline {
    /// Starts now, at the moment that the caller's clock shows.
    pub(crate) fn starting_at(epoch_ms: Ms) -> Self {
        Self { origin: Instant::now(), origin_ms: epoch_ms }
    }

    /// Never decreases; rounded down.
    pub(crate) fn now(&self) -> Ms {
        let elapsed = u64::try_from(self.origin.elapsed().as_millis());
        self.origin_ms.saturating_add(elapsed.unwrap_or(u64::MAX))
    }

    /// When [`now`](Self::now) will be `at`; moments before the start are the start.
    pub(crate) fn instant(&self, at: Ms) -> Instant {
        self.origin + Duration::from_millis(at.saturating_sub(self.origin_ms))
    }
}
