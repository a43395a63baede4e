//! Time of the services.

use std::time::Duration;

use tokio::time::Instant;

/// A moment, or a span between two. Unit: milliseconds; a moment since the Unix epoch.
pub(crate) type Ms = u64;

/// Epoch time that passes with tokio's clock.
///
/// Stored times thus keep their meaning after a restart, and a test that pauses tokio's clock pauses the services too.
/// After a suspension of the machine this time is behind the wall clock until the next start.
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

    /// Current time, rounded down; never decreases.
    pub(crate) fn now(&self) -> Ms {
        let elapsed = u64::try_from(self.origin.elapsed().as_millis());
        self.origin_ms.saturating_add(elapsed.unwrap_or(u64::MAX))
    }

    /// Instant at which [`now`](Self::now) will be `at`; a moment before the start gives the start.
    pub(crate) fn instant(&self, at: Ms) -> Instant {
        self.origin + Duration::from_millis(at.saturating_sub(self.origin_ms))
    }
}
